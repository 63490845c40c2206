//! The page of a report, opened in a browser.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::browser::Browser;
use crate::runner::{folder, runner, succeeded};

/// Twelve runs, some of them diverging, with a line chart and a sweep chart.
const TWELVE: &str = r#"
title = "Twelve runs"
description = "Two methods at six learning rates."
epochs = 40
[[objective]]
formula = "w^2"
start = { w = 1 }
minimum = { value = 0 }
[[optimizer]]
name = "plain"
method = "sgd"
learning_rate = [0.01, 0.1, 0.4, 0.6, 0.9, 1.6]
[[optimizer]]
name = "heavy"
method = "sgd"
learning_rate = [0.01, 0.1, 0.4, 0.6, 0.9, 1.6]
momentum = 0.5
[stop]
loss_above = 1e6
[[chart]]
y = "loss"
y_scale = "log"
group_by = "optimizer"
[[chart]]
kind = "sweep"
y = "loss"
y_scale = "log"
group_by = "optimizer"
"#;

/// A report in a temporary directory, and its page.
fn page(experiment: &str) -> (TempDir, PathBuf) {
    let at = folder(&[("one.toml", experiment)]);
    succeeded(runner(at.path()).arg("one.toml"));
    let page = at.path().join("reports/one/index.html");
    (at, page)
}

/// The numbers of the runs in the table, in the order of the screen.
fn runs(browser: &mut Browser) -> Vec<u64> {
    let rows = "[...document.querySelectorAll('#runs-table tbody')]
        .filter(body => body.offsetHeight > 0).map(body => Number(body.id.slice(4)))";
    serde_json::from_value(browser.value(rows)).unwrap()
}

#[test]
fn a_page_opens_without_a_complaint_and_loads_nothing() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (_at, page) = page(TWELVE);
    browser.open(&page);
    browser.assert_no_complaint();
    let requests = browser.events("Network.requestWillBeSent");
    let addresses: Vec<&str> = requests
        .iter()
        .map(|request| request["request"]["url"].as_str().unwrap())
        .filter(|address| !address.starts_with("data:"))
        .collect();
    assert_eq!(addresses, [format!("file://{}", page.display())]);
    assert_eq!(browser.text("document.title"), "Twelve runs");
    // The policy holds: no image from elsewhere is even requested.
    let refused = "new Promise(resolve => {
        document.addEventListener('securitypolicyviolation', event => resolve(event.violatedDirective));
        const image = document.createElement('img');
        image.src = 'http://127.0.0.1:9/a.png';
        document.body.append(image);
    })";
    assert_eq!(browser.text(refused), "img-src");
}

#[test]
fn every_file_of_a_report_is_linked_and_there() {
    let (_at, page) = page(TWELVE);
    let text = fs::read_to_string(&page).unwrap();
    let report = page.parent().unwrap();
    for name in crate::runner::names(report) {
        let link = format!("href=\"{name}\"");
        assert!(name == "index.html" || text.contains(&link), "{name}");
    }
    for link in text.split("href=\"").skip(1) {
        let link = link.split('"').next().unwrap();
        let is_file = !link.starts_with('#') && !link.starts_with("data:");
        assert!(!is_file || report.join(link).is_file(), "{link}");
    }
}

#[test]
fn a_page_is_read_without_a_script() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (_at, page) = page(TWELVE);
    browser.call(
        "Emulation.setScriptExecutionDisabled",
        serde_json::json!({ "value": true }),
    );
    browser.open(&page);
    // Expressions evaluated by the protocol still run.
    assert_eq!(runs(&mut browser).len(), 12);
    assert!(browser.holds("document.querySelector('.tools').hidden"));
    assert!(!browser.holds("Boolean(document.querySelector('th button, .switch'))"));
    let pictures = "[...document.querySelectorAll('.plot')].every(plot =>
        [...plot.querySelectorAll('.picture')].filter(one => one.offsetHeight > 100).length === 1)";
    assert!(browser.holds(pictures));
}

#[test]
fn the_table_is_sorted_by_mouse_and_keyboard() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (_at, page) = page(TWELVE);
    browser.open(&page);
    let sorted = |browser: &mut Browser, name: &str| {
        browser.text(&format!(
            "document.querySelector('th[data-name={name}]').getAttribute('aria-sort')"
        ))
    };
    assert_eq!(runs(&mut browser), (0..12).collect::<Vec<_>>());
    assert_eq!(sorted(&mut browser, "run"), "ascending");
    browser.click("th[data-name=loss] button");
    assert_eq!(sorted(&mut browser, "loss"), "ascending");
    assert_eq!(sorted(&mut browser, "run"), "none");
    let ascending = losses(&mut browser);
    assert_eq!(ascending.len(), 12);
    assert!(ascending.is_sorted(), "{ascending:?}");
    browser.press("Enter");
    assert_eq!(sorted(&mut browser, "loss"), "descending");
    let descending = losses(&mut browser);
    assert!(descending.is_sorted_by(|a, b| a >= b), "{descending:?}");
    browser.click("th[data-name=optimizer] button");
    assert_eq!(runs(&mut browser)[0], 6 + 5, "sorts are stable");
    browser.assert_no_complaint();
}

/// The losses in the order of the screen, with all digits.
fn losses(browser: &mut Browser) -> Vec<f64> {
    let cells = "(() => {
        const column = [...document.querySelectorAll('thead th')].findIndex(th => th.dataset.name === 'loss');
        return [...document.querySelectorAll('#runs-table tbody')].map(body => body.rows[0].cells[column])
            .map(cell => Number(cell.title || cell.textContent)); })()";
    serde_json::from_value(browser.value(cells)).unwrap()
}

#[test]
fn numbers_that_are_not_finite_are_last_in_both_directions() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    // The first loss of the second start is infinite.
    let starts = TWELVE.replace("{ w = 1 }", "[{ w = 1 }, { w = 1e200 }]");
    let (_at, page) = page(&starts);
    browser.open(&page);
    let last = "(() => {
        const column = [...document.querySelectorAll('thead th')].findIndex(th => th.dataset.name === 'loss');
        return document.querySelector('#runs-table tbody:last-of-type').rows[0].cells[column].textContent; })()";
    for _ in 0..2 {
        browser.click("th[data-name=loss] button");
        assert_eq!(browser.text(last), "inf");
    }
}

#[test]
fn the_table_is_filtered_by_words_columns_and_comparisons() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (_at, page) = page(TWELVE);
    browser.open(&page);
    for (filter, expected) in [
        ("", "12 of 12 runs"),
        ("heavy", "6 of 12 runs"),
        ("HEAVY status:diverged", "1 of 12 runs"),
        ("optimizer:plain learning_rate<0.5", "3 of 12 runs"),
        ("learning_rate>=0.9 learning_rate!=1.6", "2 of 12 runs"),
        ("status:\"epoch limit\"", "10 of 12 runs"),
        ("run=3", "1 of 12 runs"),
        ("nothing like it", "0 of 12 runs"),
        ("loss<", "12 of 12 runs"),
    ] {
        browser.write("#filter", filter);
        let count = browser.text("document.querySelector('#count').value");
        assert_eq!(count, expected, "{filter}");
        let shown = runs(&mut browser).len();
        assert!(expected.starts_with(&format!("{shown} ")), "{filter}");
    }
    browser.write("#filter", "loss<much");
    assert!(browser.holds("document.querySelector('#filter').ariaInvalid === 'true'"));
    browser.assert_no_complaint();
}

/// A title, a description and names that are nasty in every way possible for a label.
const NASTY: &str = r#"
title = "<script>window.harmed = 1</script> \"quotes\" & 'more' \n 😀 \u202Bשלום\u202C TITLE"
description = "<img src=x onerror='window.harmed = 2'> </style></script><!-- \n\n second"
epochs = 5
[[objective]]
name = "<b>LONG"
formula = "w^2"
start = { w = 1 }
[[optimizer]]
name = "مرحبا </template></svg><script>window.harmed = 3</script>"
method = "sgd"
learning_rate = 0.1
[[optimizer]]
name = "\"onmouseover=\"window.harmed=4 x=\""
method = "adam"
learning_rate = 0.1
[[chart]]
y = "loss"
title = "]]></text></svg><script>window.harmed = 5</script>"
group_by = "optimizer"
"#;

#[test]
fn labels_are_text_whatever_they_contain() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let long = "w".repeat(500);
    // The name of an objective may have 200 characters.
    let nasty = NASTY.replace("LONG", &long[..190]).replace("TITLE", &long);
    let (_at, page) = page(&nasty);
    for width in [375, 1280] {
        browser.resize(width, 800);
        browser.open(&page);
        browser.assert_no_complaint();
        assert!(browser.holds("window.harmed === undefined"));
        assert_eq!(browser.number("document.scripts.length"), 1.0);
        let title = browser.text("document.querySelector('h1').textContent");
        assert!(title.starts_with("<script>window.harmed") && title.ends_with(&long));
        assert_eq!(browser.number("document.images.length"), 0.0);
        assert!(browser.holds(FITS), "{width} pixels");
    }
}

/// Whether nothing sticks out of the window.
const FITS: &str = "document.documentElement.scrollWidth <= window.innerWidth";

#[test]
fn a_page_fits_a_phone_and_its_tables_scroll_by_themselves() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (_at, page) = page(TWELVE);
    browser.resize(375, 700);
    browser.open(&page);
    assert_eq!(browser.number("window.innerWidth"), 375.0);
    assert!(browser.holds(FITS));
    let region = "document.querySelector('#runs .scroll')";
    assert!(browser.holds(&format!("{region}.scrollWidth > {region}.clientWidth")));
    assert!(browser.holds(&format!(
        "{region}.tabIndex === 0 && {region}.role === 'region'"
    )));
    // A picture is so large that its text is readable, and scrolls by itself too.
    let chart = "document.querySelector('.plot')";
    let right = browser.number(&format!("{chart}.getBoundingClientRect().right"));
    assert!(right <= 375.0, "{right}");
    assert!(browser.holds(&format!("{chart}.scrollWidth > {chart}.clientWidth")));
    let letters = "Math.min(...[...document.querySelectorAll('.picture:not([hidden]) svg text')]
        .map(text => [Number(text.getAttribute('font-size')), text.getScreenCTM()])
        .map(([size, { a, b }]) => size * Math.hypot(a, b)))";
    let least = browser.number(letters);
    assert!(least >= 8.0, "{least}");
}

/// The smallest contrast of a text with its background, as WCAG 2.2 defines it, and the element.
/// The tests of charts cover drawings.
const MIN_CONTRAST: &str = r"(() => {
    const parse = text => text.match(/[\d.]+/g).map(Number);
    const linear = c => c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4;
    const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    const behind = element => {
        for (let at = element; at; at = at.parentElement) {
            const [r, g, b, a = 1] = parse(getComputedStyle(at).backgroundColor);
            if (a === 1) return [r, g, b];
        }
        return [255, 255, 255];
    };
    let least = [21, ''];
    for (const element of document.body.querySelectorAll('*:not(svg *, script, template)')) {
        const has_text = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        if (!has_text || element.closest('svg') || element.offsetHeight === 0) continue;
        const pair = [parse(getComputedStyle(element).color), behind(element)].map(luminance);
        const contrast = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
        if (contrast < least[0]) least = [contrast, element.outerHTML.slice(0, 80)];
    }
    return least;
})()";

#[test]
fn light_and_dark_follow_the_preference_and_have_contrast() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (_at, page) = page(TWELVE);
    browser.open(&page);
    let (mut backgrounds, mut drawn) = (Vec::new(), Vec::new());
    for scheme in ["light", "dark"] {
        browser.prefer("prefers-color-scheme", scheme);
        backgrounds
            .push(browser.text("getComputedStyle(document.documentElement).backgroundColor"));
        let least = browser.value(MIN_CONTRAST);
        assert!(least[0].as_f64().unwrap() >= 4.5, "{scheme}: {least}");
        // The drawing too: its background, its text, the first line.
        for part in ["rect", "text", "[data-line] polyline"] {
            let style =
                format!("getComputedStyle(document.querySelector('.picture > svg {part}'))");
            let property = if part.contains("line") {
                "stroke"
            } else {
                "fill"
            };
            drawn.push(browser.text(&format!("{style}.{property}")));
        }
    }
    assert_eq!(backgrounds, ["rgb(255, 255, 255)", "rgb(15, 19, 24)"]);
    let (light, dark) = drawn.split_at(3);
    assert_eq!(
        (&*light[0], &*dark[0]),
        ("rgb(255, 255, 255)", "rgb(22, 27, 34)")
    );
    for (light, dark) in light.iter().zip(dark) {
        assert_ne!(light, dark);
    }
}

#[test]
fn a_page_has_headings_in_order_and_landmarks() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (_at, page) = page(TWELVE);
    browser.open(&page);
    assert_eq!(browser.text("document.documentElement.lang"), "en");
    let levels = "[...document.querySelectorAll('h1, h2, h3')].map(h => Number(h.tagName[1]))";
    let levels: Vec<u64> = serde_json::from_value(browser.value(levels)).unwrap();
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    assert_eq!(levels[0], 1);
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1));
    for landmark in ["header", "nav[aria-label]", "main"] {
        let count = format!("document.querySelectorAll('body > {landmark}').length");
        assert_eq!(browser.number(&count), 1.0, "{landmark}");
    }
    let unnamed = "[...document.querySelectorAll('svg[role], img')].filter(one =>
        !(one.ariaLabel || one.alt || '').includes('loss')).length";
    assert_eq!(browser.number(unnamed), 0.0);
    // The first tab stop skips to the results.
    browser.press("Tab");
    assert_eq!(
        browser.text("document.activeElement.textContent"),
        "Skip to the results"
    );
    assert!(browser.number("document.activeElement.getBoundingClientRect().left") >= 0.0);
}

#[test]
fn a_page_is_printed_without_its_controls() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (_at, page) = page(TWELVE);
    browser.open(&page);
    browser.prefer("prefers-color-scheme", "dark");
    browser.call(
        "Emulation.setEmulatedMedia",
        serde_json::json!({ "media": "print" }),
    );
    for hidden in ["nav", ".tools", ".switch"] {
        let display = format!("getComputedStyle(document.querySelector('{hidden}')).display");
        assert_eq!(browser.text(&display), "none");
    }
    let background = "getComputedStyle(document.documentElement).backgroundColor";
    assert_eq!(browser.text(background), "rgb(255, 255, 255)");
    let cut = "[...document.querySelectorAll('.scroll')].filter(one => one.scrollHeight > one.clientHeight + 1).length";
    assert_eq!(browser.number(cut), 0.0);
    let pdf = browser.call("Page.printToPDF", serde_json::json!({}));
    assert!(pdf["data"].as_str().unwrap().len() > 10_000);
}

/// A hundred runs of two objectives with charts.
const HUNDRED: &str = r#"
epochs = 300
[[objective]]
formula = "w^2 + 3*sin(w)^2"
start = { w = 3 }
[[objective]]
formula = "w^4 + v^2 - w*v"
start = { w = 2, v = 1 }
[[optimizer]]
name = "heavy"
method = "sgd"
learning_rate = { from = 1e-3, to = 0.2, count = 50, scale = "log" }
momentum = 0.9
[[chart]]
y = "loss"
[[chart]]
y = "gradient_norm"
[[chart]]
y = "w"
[[chart]]
kind = "sweep"
y = "loss"
"#;

#[test]
fn a_page_of_a_hundred_runs_and_four_charts_is_below_a_megabyte() {
    let (_at, page) = page(HUNDRED);
    let text = fs::read_to_string(&page).unwrap();
    assert_eq!(text.matches("<tbody id=\"run-").count(), 100);
    assert_eq!(text.matches("<figure").count(), 4);
    assert!(text.len() < 1_000_000, "{} bytes", text.len());
}

#[test]
fn a_page_has_the_first_thousand_runs_and_the_best_of_each_objective() {
    let many = HUNDRED
        .replace("epochs = 300", "epochs = 20")
        .replace("count = 50", "count = 800");
    let at = folder(&[("one.toml", &many)]);
    succeeded(runner(at.path()).args(["one.toml", "--no-charts"]));
    let text = fs::read_to_string(at.path().join("reports/one/index.html")).unwrap();
    assert_eq!(text.matches("<figure").count(), 0);
    assert!(text.contains("1,001 of 1,600 runs"));
    let rows = text.split("<tbody id=\"run-").skip(1);
    let best: Vec<u64> = rows
        .clone()
        .filter(|row| row.split_once('>').unwrap().0.contains("best"))
        .map(|row| row.split('"').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(rows.count(), 1_001);
    assert!(
        best.len() == 2 && best[0] < 800 && best[1] >= 1_000,
        "{best:?}"
    );
}

/// The lines of the tooltip.
fn tip(browser: &mut Browser) -> Vec<String> {
    // The text of a hidden tooltip has no lines, so both are queried in one step.
    let shown = "(tip => tip.getClientRects().length > 0 ? tip.innerText : null)(
        document.querySelector('.tip'))";
    for _ in 0..500 {
        if let Some(text) = browser.value(shown).as_str() {
            return text.lines().map(str::to_owned).collect();
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("no tooltip is shown");
}

/// The number after a name in a line of the tooltip.
fn number_of(lines: &[String], name: &str) -> f64 {
    let line = lines.iter().find_map(|line| line.strip_prefix(name));
    let text = line.unwrap_or_else(|| panic!("{name} in {lines:?}"));
    text.trim().replace(',', "").parse().unwrap()
}

#[test]
fn a_line_that_is_pointed_at_tells_its_run_and_its_value() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (_at, page) = page(TWELVE);
    browser.open(&page);
    assert!(browser.holds("document.querySelector('.tip').hidden"));
    let [x, y] = browser.middle(".picture");
    browser.point([x - 100.0, y]);
    assert!(browser.holds("!document.querySelector('.tip').hidden"));
    let lines = tip(&mut browser);
    // `run 3: plain, learning_rate=0.6`
    let (run, label) = lines[0].split_once(": ").unwrap();
    let run = run.strip_prefix("run ").unwrap();
    assert!(label.contains("learning_rate="), "{label}");
    let lit = "[...document.querySelectorAll('tbody.lit')].map(body => body.id).join()";
    assert_eq!(browser.text(lit), format!("run-{run}"));
    let (epoch, loss) = (number_of(&lines, "epoch"), number_of(&lines, "loss"));
    let rows = fs::read_to_string(page.with_file_name("trajectories.csv")).unwrap();
    let row = rows
        .lines()
        .find(|row| row.starts_with(&format!("{run},{epoch},")))
        .unwrap();
    let expected: f64 = row.split(',').nth(3).unwrap().parse().unwrap();
    // Read off a line of few corners, to a fraction of a pixel.
    assert!((loss / expected - 1.0).abs() < 0.2, "{lines:?}: {row}");
    browser.point([x, 0.0]);
    assert!(browser.holds("document.querySelector('.tip').hidden"));
    assert_eq!(browser.text(lit), "");
    browser.assert_no_complaint();
}

#[test]
fn a_line_that_leaves_the_frame_tells_whole_epochs_and_its_divergence() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (_at, page) = page(
        r#"
epochs = 25
[[objective]]
formula = "w^2"
start = { w = 1 }
[[optimizer]]
method = "sgd"
learning_rate = [0.1, 0.4, 1.2]
[stop]
loss_above = 1e3
[[chart]]
y = "w"
"#,
    );
    browser.open(&page);
    browser.value("document.querySelector('.plot').focus()");
    browser.press("ArrowUp");
    browser.press("ArrowUp");
    // It leaves the frame before epoch 1, so its last visible epoch is its start.
    let first = tip(&mut browser);
    assert_eq!(
        [number_of(&first, "epoch"), number_of(&first, "w")],
        [0.0, 1.0]
    );
    browser.press("ArrowRight");
    let last = tip(&mut browser);
    assert!(last[0].contains("1.2"), "{last:?}");
    // (1 - 2 * 1.2)^11
    let expected = -40.495_651_696_639_98;
    assert_eq!(number_of(&last, "epoch"), 11.0);
    assert!((number_of(&last, "w") - expected).abs() < 1e-3, "{last:?}");
    browser.press("ArrowLeft");
    assert_eq!(tip(&mut browser), first);
    // The same by pointing.
    let cross = "(() => {
        const dot = document.querySelector('.over .dot').getBoundingClientRect();
        return [dot.x + dot.width / 2, dot.y + dot.height / 2];
    })()";
    browser.press("End");
    browser.middle(".picture");
    let place: [f64; 2] = serde_json::from_value(browser.value(cross)).unwrap();
    browser.press("Escape");
    browser.point(place);
    assert_eq!(tip(&mut browser), last);
    browser.assert_no_complaint();
}

#[test]
fn lines_are_read_with_the_keyboard() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (_at, page) = page(TWELVE);
    browser.open(&page);
    browser.value("document.querySelector('.plot').focus()");
    browser.press("ArrowRight");
    let first = tip(&mut browser);
    assert_eq!(number_of(&first, "epoch"), 0.0);
    assert_eq!(number_of(&first, "loss"), 1.0);
    browser.press("ArrowRight");
    assert!(number_of(&tip(&mut browser), "epoch") >= 1.0);
    browser.press("ArrowDown");
    let second = tip(&mut browser);
    assert_ne!(first[0], second[0], "another line");
    browser.press("End");
    let last = tip(&mut browser);
    assert_eq!(number_of(&last, "epoch"), 40.0);
    let said = browser.text("document.querySelector('.said').textContent");
    assert!(said.contains(&last[0]), "{said}");
    browser.press("Escape");
    assert!(browser.holds("document.querySelector('.tip').hidden"));
    browser.assert_no_complaint();
}

#[test]
fn lines_are_hidden_from_the_legend() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (_at, page) = page(TWELVE);
    browser.open(&page);
    let shown = "[...document.querySelectorAll('.picture:not([hidden]) svg')][0]
        .querySelectorAll('g[data-line]:not(.off)').length";
    let pressed = "document.querySelector('[data-entry]').getAttribute('aria-pressed')";
    let before = browser.number(shown);
    browser.click("[data-entry]");
    assert_eq!(browser.text(pressed), "false");
    let after = browser.number(shown);
    assert!(after < before, "{after} of {before}");
    let hidden = "getComputedStyle(document.querySelector('g.off[data-line]')).display";
    assert_eq!(browser.text(hidden), "none");
    browser.value("document.querySelector('[data-entry]').focus()");
    browser.press("Enter");
    assert_eq!(browser.text(pressed), "true");
    assert_eq!(browser.number(shown), before);
    browser.assert_no_complaint();
}

#[test]
fn the_vertical_axis_is_switched() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (_at, page) = page(TWELVE);
    browser.open(&page);
    let scale = "[...document.querySelectorAll('.plot')[0].querySelectorAll('.picture')]
        .filter(one => one.offsetHeight > 0).map(one => one.dataset.scale).join()";
    let pressed =
        "[...document.querySelectorAll('.switch')[0].querySelectorAll('[aria-pressed=true]')]
        .map(one => one.textContent).join()";
    assert_eq!(browser.text(scale), "log");
    browser.click(".switch button");
    assert_eq!(browser.text(scale), "linear");
    assert_eq!(browser.text(pressed), "linear");
    browser.click(".switch button:last-child");
    assert_eq!(browser.text(scale), "log");
    assert_eq!(browser.text(pressed), "log");
    browser.assert_no_complaint();
}

#[test]
fn what_is_read_lies_on_the_line_on_every_scale() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    for scale in ["linear", "log", "symlog"] {
        // w oscillates around 0 and shrinks from 1 to 1e-6; a log axis shows the loss instead.
        let experiment = format!(
            "epochs = 60
            [[objective]]
            formula = \"w^2\"
            start = {{ w = 1 }}
            [[optimizer]]
            method = \"sgd\"
            learning_rate = 0.9
            [[chart]]
            y = \"{}\"
            y_scale = \"{scale}\"",
            if scale == "log" { "loss" } else { "w" }
        );
        let (_at, page) = page(&experiment);
        browser.open(&page);
        browser.value("document.querySelector('.plot').focus()");
        let on_the_line = "(() => {
            const shown = [...document.querySelectorAll('.picture')].find(one => !one.hidden);
            const dot = shown.querySelector('.dot');
            const at = new DOMPoint(...['cx', 'cy'].map(name => Number(dot.getAttribute(name))));
            const { x, y } = at.matrixTransform(dot.getScreenCTM());
            // A line ends at its last point, which may therefore not be in the stroke.
            const around = [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]];
            return [...shown.querySelectorAll('g[data-line] polyline, g[data-line] path')]
                .some(line => around.some(([right, down]) => line.isPointInStroke(
                    new DOMPoint(x + right, y + down).matrixTransform(line.getScreenCTM().inverse()))));
        })()";
        for epoch in 0..30 {
            browser.press("ArrowRight");
            assert!(browser.holds(on_the_line), "{scale}, corner {epoch}");
        }
        browser.assert_no_complaint();
    }
}
