//! A headless Chromium, controlled by the Chrome DevTools Protocol over two pipes.
//!
//! <https://chromedevtools.github.io/devtools-protocol/>: messages are JSON objects that
//! end with a zero byte; commands and their answers have the same number, events have none.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Maximum time for an answer, even on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// A browser with one page.
pub struct Browser {
    child: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    /// The events, in order.
    events: Vec<Value>,
    sent: u64,
    session: Option<String>,
    /// Its profile, removed at the end.
    _profile: TempDir,
}

/// The Chromium of this machine.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let places = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.into_iter().find(|place| place.is_file())
}

impl Browser {
    /// Starts a browser; `None` if there is none, with a note on standard error.
    pub fn start() -> Option<Browser> {
        let Some(program) = chromium().filter(|_| cfg!(unix)) else {
            crate::runner::skipped("no Chromium on the PATH, so no page was opened");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        // The browser reads commands from descriptor 3 and answers on 4, which `Command`
        // cannot set: the shell redirects its own standard input and output to them.
        let script = r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;
        let mut child = Command::new("sh")
            // It leaves files there when it is killed.
            .env("TMPDIR", profile.path())
            .args(["-c", script, "sh"])
            .arg(program)
            .args([
                "--headless",
                "--remote-debugging-pipe",
                // It opens only the generated page, and root has no sandbox.
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--window-size=1280,900",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            while answers
                .read_until(0, &mut bytes)
                .is_ok_and(|count| count > 0)
            {
                bytes.pop();
                let message = serde_json::from_slice(&bytes).unwrap();
                if sender.send(message).is_err() {
                    break;
                }
                bytes.clear();
            }
        });
        let mut browser = Browser {
            child,
            commands,
            messages,
            events: Vec::new(),
            sent: 0,
            session: None,
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let session = browser.call(
            "Target.attachToTarget",
            json!({ "targetId": target["targetId"], "flatten": true }),
        );
        browser.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Sends a command and returns its result.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "every call makes them for it"
    )]
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.commands.write_all(&bytes).unwrap();
        self.commands.flush().unwrap();
        loop {
            let answer = self.messages.recv_timeout(PATIENCE).unwrap();
            if answer["id"] == self.sent {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    /// Opens a file and waits until it is loaded.
    pub fn open(&mut self, file: &Path) {
        self.events.clear();
        let address = format!("file://{}", file.display());
        self.call("Page.navigate", json!({ "url": address }));
        let is_loaded = |event: &Value| event["method"] == "Page.loadEventFired";
        while !self.events.iter().any(is_loaded) {
            let event = self.messages.recv_timeout(PATIENCE).unwrap();
            self.events.push(event);
        }
    }

    /// The parameters of all events of this name since the page was opened.
    pub fn events(&self, method: &str) -> Vec<&Value> {
        let events = self.events.iter();
        let chosen = events.filter(|event| event["method"] == method);
        chosen.map(|event| &event["params"]).collect()
    }

    /// Fails if the page complained: an exception, a console message, or a refusal by its policy.
    pub fn assert_no_complaint(&mut self) {
        // A round trip, so that all earlier messages have arrived.
        self.value("0");
        for method in [
            "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded",
        ] {
            let complaints = self.events(method);
            assert!(complaints.is_empty(), "{method}: {complaints:?}");
        }
    }

    /// The value of an expression in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
        });
        let answer = self.call("Runtime.evaluate", parameters);
        let error = &answer["exceptionDetails"];
        assert!(error.is_null(), "{expression}: {error}");
        answer["result"]["value"].clone()
    }

    /// The text of an expression in the page.
    pub fn text(&mut self, expression: &str) -> String {
        let value = self.value(expression);
        let text = value.as_str();
        text.unwrap_or_else(|| panic!("{expression} is {value}"))
            .to_owned()
    }

    /// The number of an expression in the page.
    pub fn number(&mut self, expression: &str) -> f64 {
        let value = self.value(expression);
        let number = value.as_f64();
        number.unwrap_or_else(|| panic!("{expression} is {value}"))
    }

    /// Whether an expression of the page holds.
    pub fn holds(&mut self, expression: &str) -> bool {
        self.value(expression) == json!(true)
    }

    /// The position of the middle of an element in the window, after scrolling it into view.
    pub fn middle(&mut self, selector: &str) -> [f64; 2] {
        // Until a frame is drawn, the pointer meets what was there before the scrolling; the
        // second callback comes after the first frame.
        let of = format!(
            "(async () => {{ const element = document.querySelector({});
                element.scrollIntoView({{ block: 'center', behavior: 'instant' }});
                const frame = () => new Promise(requestAnimationFrame);
                await frame(); await frame();
                const box = element.getBoundingClientRect();
                return [box.x + box.width / 2, box.y + box.height / 2]; }})()",
            json!(selector)
        );
        let place = self.value(&of);
        [0, 1].map(|side| place[side].as_f64().unwrap())
    }

    /// Moves the pointer.
    pub fn point(&mut self, [x, y]: [f64; 2]) {
        let event = json!({ "type": "mouseMoved", "x": x, "y": y });
        self.call("Input.dispatchMouseEvent", event);
    }

    /// Clicks on the middle of an element.
    pub fn click(&mut self, selector: &str) {
        let [x, y] = self.middle(selector);
        self.point([x, y]);
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Presses a named key.
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            " " => (32, " "),
            "Tab" => (9, ""),
            "Escape" => (27, ""),
            "End" => (35, ""),
            "Home" => (36, ""),
            "ArrowLeft" => (37, ""),
            "ArrowUp" => (38, ""),
            "ArrowRight" => (39, ""),
            "ArrowDown" => (40, ""),
            _ => panic!("no code for {key}"),
        };
        for kind in ["keyDown", "keyUp"] {
            let event = json!({
                "type": kind, "key": key, "windowsVirtualKeyCode": code, "text": text,
            });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Replaces the text in a field.
    pub fn write(&mut self, selector: &str, text: &str) {
        let select = format!("document.querySelector({}).select()", json!(selector));
        self.value(&select);
        if text.is_empty() {
            let event = json!({ "type": "keyDown", "key": "Delete", "windowsVirtualKeyCode": 46 });
            self.call("Input.dispatchKeyEvent", event);
        } else {
            self.call("Input.insertText", json!({ "text": text }));
        }
    }

    /// Sets the size of the window.
    pub fn resize(&mut self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// Sets a media feature such as `prefers-color-scheme`.
    pub fn prefer(&mut self, feature: &str, value: &str) {
        let features = json!({ "features": [{ "name": feature, "value": value }] });
        self.call("Emulation.setEmulatedMedia", features);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // When it closes, its other processes end too, and then its files can be removed.
        // It may have ended already; the failing test has reported why.
        let close = br#"{"id":0,"method":"Browser.close"}"#;
        let asked = self.commands.write_all(close);
        let asked = asked.and_then(|()| self.commands.write_all(&[0]));
        let deadline = Instant::now() + Duration::from_secs(10);
        while asked.is_ok() && Instant::now() < deadline {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
