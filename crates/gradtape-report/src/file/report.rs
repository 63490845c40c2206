//! `report.json`: the results for programs, and their experiment. It has one line for each field
//! of the head, then for each run, each point of a derivative and each sentence about all runs.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::{FilePart, PartMaker, ReportFile, Setup, Totals};
use crate::buffer::{BufferPool, TextBuffer};
use crate::json::{self, Point};
use crate::{REPORT, ReportError};
use gradtape_experiment::batch::RunResult;
use gradtape_experiment::diagnosis::{Conclusion, RankedSetting, Ranking, SettingComparison};
use gradtape_experiment::number::{Digits, Scalar, Value};
use gradtape_experiment::plan::{Plan, Quantity};

/// The separators before the first object of a list, and before the others.
const FIRST: &str = "\n    ";
const NEXT: &str = ",\n    ";

/// The file.
pub(crate) struct ReportJson {
    path: PathBuf,
    file: BufWriter<File>,
    is_first: bool,
    pool: Arc<BufferPool>,
    keys: Arc<ObjectKeys>,
}

impl ReportFile for ReportJson {
    type Part = RunObjects;

    fn names(_: &Plan) -> Vec<String> {
        vec![REPORT.to_owned()]
    }

    fn create(setup: &Setup<'_>) -> Result<Self, ReportError> {
        let path = setup.folder.join(REPORT);
        let file = File::create(&path).map_err(ReportError::write(&path))?;
        let mut report = ReportJson {
            path,
            file: BufWriter::with_capacity(1 << 16, file),
            is_first: true,
            pool: Arc::clone(setup.pool),
            keys: Arc::new(ObjectKeys::new(setup.plan)),
        };
        report.write(|file| {
            let text = serde_json::to_string_pretty(setup.head)?;
            let text = text.strip_suffix("\n}").unwrap_or(&text);
            write!(file, "{text},\n{}", json::RUNS)
        })?;
        Ok(report)
    }

    fn parts(&self) -> PartMaker<RunObjects> {
        let (pool, keys) = (Arc::clone(&self.pool), Arc::clone(&self.keys));
        Box::new(move || RunObjects {
            text: TextBuffer::new(&pool),
            keys: Arc::clone(&keys),
            digits: Digits::default(),
        })
    }

    fn append(&mut self, part: RunObjects) -> Result<(), ReportError> {
        if part.text.is_empty() {
            return Ok(());
        }
        let separator = if self.is_first { FIRST } else { NEXT };
        self.is_first = false;
        self.write(|file| {
            file.write_all(separator.as_bytes())?;
            part.text.append_to(file)
        })
    }

    fn finish(mut self, totals: &mut Totals<'_>) -> Result<(), ReportError> {
        let Totals {
            plan,
            diagnosis,
            tables,
            ..
        } = *totals;
        self.write(|file| {
            file.write_all(b"\n  ]")?;
            if !plan.derivatives.is_empty() {
                let points = tables.iter().flat_map(|table| {
                    let derivative = &plan.derivatives[table.derivative];
                    let rows = table.rows.iter();
                    rows.map(move |row| Point { derivative, row })
                });
                write_list(file, "derivatives", points)?;
            }
            if plan.runs.count() > 0 {
                write_list(file, "diagnosis", &diagnosis.summary)?;
            }
            if !diagnosis.rankings.is_empty() {
                let settings = diagnosis.rankings.iter().flat_map(|ranking| {
                    let settings = ranking.settings.iter();
                    settings.map(move |setting| setting_object(ranking, setting))
                });
                write_list(file, "settings", settings)?;
            }
            file.write_all(b"\n}\n")?;
            file.flush()
        })
    }
}

impl ReportJson {
    fn write(
        &mut self,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), ReportError> {
        write(&mut self.file).map_err(ReportError::write(&self.path))
    }
}

/// The objects of some runs.
pub(crate) struct RunObjects {
    text: TextBuffer,
    keys: Arc<ObjectKeys>,
    digits: Digits,
}

impl FilePart for RunObjects {
    fn conclude(&mut self, _: &Plan, run: &Conclusion) {
        let separator = if self.text.is_empty() { "" } else { NEXT };
        let bytes = self.text.end();
        bytes.extend_from_slice(separator.as_bytes());
        self.keys.push(bytes, &mut self.digits, &run.result);
    }
}

/// Writes a field whose value is a list, an entry a line.
fn write_list(
    file: &mut BufWriter<File>,
    name: &str,
    entries: impl IntoIterator<Item = impl Serialize>,
) -> io::Result<()> {
    write!(file, ",\n  \"{name}\": [")?;
    let mut separator = FIRST;
    for entry in entries {
        file.write_all(separator.as_bytes())?;
        serde_json::to_writer(&mut *file, &entry)?;
        separator = NEXT;
    }
    file.write_all(b"\n  ]")
}

/// A run as a JSON object on one line, as in the `runs` of `report.json`.
///
/// Numbers that are not finite are `null`, since JSON cannot represent them; the status indicates
/// their cause.
#[must_use]
pub fn run_object(plan: &Plan, result: &RunResult) -> String {
    let mut bytes = Vec::new();
    ObjectKeys::new(plan).push(&mut bytes, &mut Digits::default(), result);
    String::from_utf8(bytes).expect("it was put together from UTF-8")
}

/// A setting of an objective with the losses of its runs; infinite losses are `null`.
fn setting_object(ranking: &Ranking, setting: &RankedSetting) -> serde_json::Value {
    let [best, lower, median, upper, worst] = setting.losses;
    let (comparison, p) = match setting.comparison {
        SettingComparison::Best => ("best", None),
        SettingComparison::Differs(p) => ("differs", Some(p)),
        SettingComparison::NoDifference(p) => ("no difference", Some(p)),
        SettingComparison::TooFew => ("too few repetitions", None),
        SettingComparison::NotRandom => ("not random", None),
    };
    serde_json::json!({
        "objective": ranking.title,
        "setting": setting.label,
        "first_run": setting.first_run,
        "runs": setting.runs,
        "median": median,
        "lower_quartile": lower,
        "upper_quartile": upper,
        "best": best,
        "worst": worst,
        "converged": setting.converged,
        "reached": setting.reached,
        "diverged": setting.diverged,
        "comparison": comparison,
        "p": p,
    })
}

/// The names of the quantities, settings and parameters as keys of an object.
struct ObjectKeys {
    /// The final quantities that are written.
    quantities: Vec<Quantity>,
    settings: Vec<Vec<u8>>,
    parameters: Vec<Vec<u8>>,
}

impl ObjectKeys {
    fn new(plan: &Plan) -> Self {
        let key = |name: &String| {
            let mut key = Vec::new();
            push_text(&mut key, name);
            key.push(b':');
            key
        };
        ObjectKeys {
            quantities: Quantity::in_runs(plan).collect(),
            settings: plan.columns().iter().map(key).collect(),
            parameters: plan.parameters().iter().map(key).collect(),
        }
    }

    /// Appends the object of a run. There can be millions of them, and most of
    /// their text is keys, so it is put together here.
    fn push(&self, bytes: &mut Vec<u8>, digits: &mut Digits, result: &RunResult) {
        bytes.extend_from_slice(b"{\"run\":");
        bytes.extend_from_slice(digits.whole(result.number).as_bytes());
        bytes.extend_from_slice(b",\"label\":");
        push_text(bytes, &result.label);
        bytes.extend_from_slice(b",\"settings\":");
        push_entries(
            bytes,
            &self.settings,
            &result.settings,
            |bytes, setting| match setting {
                Value::Name(name) => push_text(bytes, name),
                Value::Number(number) => push_number(bytes, digits, Scalar::F64(number.wide())),
                other => bytes.extend_from_slice(digits.value(other).as_bytes()),
            },
        );
        bytes.extend_from_slice(b",\"outcome\":");
        push_text(bytes, result.outcome.name());
        if let Some(period) = result.period {
            bytes.extend_from_slice(b",\"period\":");
            bytes.extend_from_slice(digits.whole(period).as_bytes());
        }
        bytes.extend_from_slice(b",\"status\":");
        push_text(bytes, result.status.name());
        if !result.stopped_by.is_empty() {
            bytes.extend_from_slice(b",\"stopped_by\":");
            push_text(bytes, &result.stopped_by);
        }
        bytes.extend_from_slice(b",\"status_epoch\":");
        bytes.extend_from_slice(digits.whole(result.status_epoch).as_bytes());
        bytes.extend_from_slice(b",\"reason\":");
        push_text(bytes, &result.reason);
        for quantity in &self.quantities {
            let Some(value) = result.quantities.get(*quantity) else {
                continue;
            };
            bytes.extend_from_slice(b",\"");
            bytes.extend_from_slice(quantity.name().as_bytes());
            bytes.extend_from_slice(b"\":");
            if quantity.is_count() {
                bytes.extend_from_slice(digits.whole(value.to_count()).as_bytes());
            } else {
                push_number(bytes, digits, value);
            }
        }
        for (key, parameters) in [
            (&b",\"parameters\":"[..], &result.parameters),
            (b",\"best_parameters\":", &result.best_parameters),
        ] {
            bytes.extend_from_slice(key);
            push_entries(bytes, &self.parameters, parameters, |bytes, value| {
                push_number(bytes, digits, *value);
            });
        }
        bytes.push(b'}');
    }
}

/// Appends an object of the values that exist.
fn push_entries<T>(
    bytes: &mut Vec<u8>,
    keys: &[Vec<u8>],
    values: &[Option<T>],
    mut push: impl FnMut(&mut Vec<u8>, &T),
) {
    bytes.push(b'{');
    let mut separator: &[u8] = b"";
    for (key, value) in keys.iter().zip(values) {
        if let Some(value) = value {
            bytes.extend_from_slice(separator);
            bytes.extend_from_slice(key);
            push(bytes, value);
            separator = b",";
        }
    }
    bytes.push(b'}');
}

fn push_number(bytes: &mut Vec<u8>, digits: &mut Digits, number: Scalar) {
    let is_finite = number.to_f64().is_finite();
    let text = if is_finite {
        digits.scalar(number)
    } else {
        "null"
    };
    bytes.extend_from_slice(text.as_bytes());
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        bytes.push(b'"');
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(b'"');
    } else {
        serde_json::to_writer(bytes, text).expect("text can be JSON, and memory takes it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Entries;
    use gradtape_experiment::batch::{End, Quantities, StopReason};
    use gradtape_experiment::ending::Outcome;

    const SOURCE: &str = r#"
        epochs = 1
        precision = ["f32", "f64"]
        objective = [{ name = "a \"quoted\" \\ name\u0007 – ü", formula = "x^2 + y^2", start = { x = -0.5, y = 1 } }]
        optimizer = [{ method = "sgd", learning_rate = [0.1, 1e-300], nesterov = true, momentum = 0.5 }]
    "#;

    #[test]
    fn numbers_and_texts_are_as_serde_writes_them() {
        let mut digits = Digits::default();
        for number in [
            0.0,
            -0.0,
            1.0,
            0.1,
            1e-5,
            1e15,
            1e16,
            1e17,
            f64::MAX,
            5e-324,
            f64::NAN,
        ] {
            #[expect(clippy::cast_possible_truncation, reason = "any f32 will do")]
            for scalar in [Scalar::F64(number), Scalar::F32(number as f32)] {
                let mut bytes = Vec::new();
                push_number(&mut bytes, &mut digits, scalar);
                assert_eq!(
                    String::from_utf8(bytes).unwrap(),
                    serde_json::to_string(&scalar).unwrap()
                );
            }
        }
        let all: String = ('\0'..'\u{100}').collect();
        for text in ["", "plain", "ü – 平", "\u{7f}", "\"", "\\", "a\nb", &all] {
            let mut bytes = Vec::new();
            push_text(&mut bytes, text);
            assert_eq!(
                String::from_utf8(bytes).unwrap(),
                serde_json::to_string(text).unwrap()
            );
        }
    }

    #[test]
    fn the_object_of_a_run_reads_back() {
        let plan = Plan::new("test.toml", SOURCE).unwrap();
        let run = plan.run(3);
        let (label, settings) = (plan.label(&run), run.settings.clone());
        let mut quantities = Quantities::of_rule(1);
        for (quantity, number) in [
            (Quantity::EpochsRun, 1.0),
            (Quantity::Loss, f64::INFINITY),
            (Quantity::GradientNorm, 1e-7),
            (Quantity::BestLoss, 0.5),
            (Quantity::BestEpoch, 0.0),
        ] {
            quantities.set(quantity, Scalar::F64(number));
        }
        let end = End {
            reason: StopReason::EpochLimit,
            closing: None,
            quantities,
            parameters: vec![Scalar::F64(-0.25), Scalar::F64(f64::NAN)],
            best_parameters: vec![Scalar::F64(0.5), Scalar::F64(0.25)],
        };
        let object = run_object(&plan, &RunResult::new(&plan, run, &end, Outcome::Wandering));
        let object: serde_json::Value = serde_json::from_str(&object).unwrap();
        let settings = Entries(plan.columns(), &settings);
        let expected = serde_json::json!({
            "run": 3,
            "label": label,
            "settings": settings,
            "outcome": "wandering",
            "status": "epoch limit",
            "status_epoch": 1,
            "reason": "reached the epoch limit",
            "epochs_run": 1,
            "loss": null,
            "gradient_norm": 1e-7,
            "best_loss": 0.5,
            "best_epoch": 0,
            "parameters": { "x": -0.25, "y": null },
            "best_parameters": { "x": 0.5, "y": 0.25 },
        });
        assert_eq!(object, expected);
    }
}
