//! `report.json`: the results for programs, and their experiment.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use super::error::ReportError;
use super::text::{Stock, Text};
use gradtape_experiment::batch::RunResult;
use gradtape_experiment::derivative::{Row, Table};
use gradtape_experiment::diagnosis::{Diagnosis, RankedSetting, Ranking, SettingComparison};
use gradtape_experiment::number::{Digits, Scalar, Value};
use gradtape_experiment::objective::catalogue::{
    Dimension, Gradient, Instance, Minimum, MinimumKind,
};
use gradtape_experiment::optimizer::{Convention, DefaultValue, Description};
use gradtape_experiment::plan::{Derivative, Objective, Plan, Quantity, RecordedData, Run};
use gradtape_experiment::text::printable;

/// The description of a report: the beginning of `report.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    /// The version of this crate.
    pub gradtape: String,
    /// The name of the experiment file, without its directory.
    pub file: String,
    /// The title.
    pub title: String,
    /// The description of the experiment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The SHA-256 of the experiment file.
    pub sha256: String,
    /// The number of runs; `None` in reports of the first versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_count: Option<u64>,
    /// The text of the experiment file.
    pub experiment: String,
    /// The data of all objectives with data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<RecordedData>,
    /// The files of the report.
    pub files: Vec<String>,
}

impl Head {
    /// Adds advice to an error, and its probable cause if another version of this crate, whose
    /// files may have other columns, wrote the report.
    #[must_use]
    pub fn explain(&self, error: ReportError) -> ReportError {
        let now = env!("CARGO_PKG_VERSION");
        match error {
            ReportError::Damaged { path, what } => {
                let what = what.trim_end();
                let version = match self.gradtape == now {
                    true => String::new(),
                    false => format!(
                        "gradtape {} wrote this report, this is gradtape {now}: ",
                        printable(&self.gradtape)
                    ),
                };
                let file = printable(&self.file);
                let help = format!("{version}`runner {file}` records it again");
                let what = format!("{what}\n\n{help}");
                ReportError::Damaged { path, what }
            }
            error => error,
        }
    }
}

/// The beginning of the line after the head: unique, since strings have no line ends here.
const RUNS: &str = "  \"runs\": [";

/// The separators before the first object of a list, and before the others.
const FIRST: &str = "\n    ";
const NEXT: &str = ",\n    ";

/// The objects of some runs, formatted on the threads that compute them.
pub(super) struct ObjectText {
    text: Text,
    keys: Arc<Keys>,
    digits: Digits,
}

impl ObjectText {
    pub(super) fn new(stock: &Arc<Stock>, keys: &Arc<Keys>) -> Self {
        ObjectText {
            text: Text::new(stock),
            keys: Arc::clone(keys),
            digits: Digits::default(),
        }
    }

    pub(super) fn add(&mut self, result: &RunResult) {
        let separator = if self.text.is_empty() { "" } else { NEXT };
        let bytes = self.text.end();
        bytes.extend_from_slice(separator.as_bytes());
        self.keys.push(bytes, &mut self.digits, result);
    }
}

/// Writes `report.json`: one line for each field of the head, then for each run, each point of
/// a derivative and each sentence about all runs.
pub(super) struct ReportFile {
    path: PathBuf,
    file: BufWriter<File>,
    is_first: bool,
}

impl ReportFile {
    pub(super) fn create(path: PathBuf, head: &Head) -> Result<Self, ReportError> {
        let file = File::create(&path).map_err(ReportError::write(&path))?;
        let mut report = ReportFile {
            path,
            file: BufWriter::with_capacity(1 << 16, file),
            is_first: true,
        };
        report.check(|file| {
            let text = serde_json::to_string_pretty(head)?;
            let text = text.strip_suffix("\n}").unwrap_or(&text);
            write!(file, "{text},\n{RUNS}")
        })?;
        Ok(report)
    }

    /// Appends some runs.
    pub(super) fn append(&mut self, text: ObjectText) -> Result<(), ReportError> {
        if text.text.is_empty() {
            return Ok(());
        }
        let separator = if self.is_first { FIRST } else { NEXT };
        self.is_first = false;
        self.check(|file| {
            file.write_all(separator.as_bytes())?;
            text.text.append_to(file)
        })
    }

    /// Writes everything after the runs.
    pub(super) fn finish(
        mut self,
        plan: &Plan,
        tables: &[Table],
        diagnosis: &Diagnosis,
    ) -> Result<(), ReportError> {
        self.check(|file| {
            file.write_all(b"\n  ]")?;
            if !plan.derivatives.is_empty() {
                let points = tables.iter().flat_map(|table| {
                    let derivative = &plan.derivatives[table.derivative];
                    let rows = table.rows.iter();
                    rows.map(move |row| Point { derivative, row })
                });
                write_list(file, "derivatives", points)?;
            }
            if plan.runs() > 0 {
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

    fn check(
        &mut self,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), ReportError> {
        write(&mut self.file).map_err(ReportError::write(&self.path))
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
    Keys::new(plan).push(&mut bytes, &mut Digits::default(), result);
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

/// A planned run as a JSON object on one line: its number, label and settings.
#[must_use]
pub fn plan_object(plan: &Plan, run: &Run) -> String {
    serde_json::json!({
        "run": run.number,
        "label": plan.label(run),
        "settings": serde_json::to_value(Entries(plan.columns(), &run.settings)).unwrap_or_default(),
    })
    .to_string()
}

/// An objective as a JSON object on one line: its parsed formula, the named parts of it, and
/// its gradient as formulas, `null` if these are too long to read.
#[must_use]
pub fn objective_object(objective: &Objective) -> String {
    let function = &objective.function;
    let definitions = function.definitions();
    let definitions: Vec<_> = definitions
        .map(|(name, text)| (name, text.to_string()))
        .collect();
    let gradient = function.gradient_text().map(|text| {
        serde_json::json!({
            "names": serde_json::to_value(Pairs(&text.names)).unwrap_or_default(),
            "derivatives": serde_json::to_value(Pairs(&text.derivatives)).unwrap_or_default(),
        })
    });
    serde_json::json!({
        "objective": objective.name,
        "define": serde_json::to_value(Pairs(&definitions)).unwrap_or_default(),
        "formula": function.formula().to_string(),
        "gradient": gradient,
    })
    .to_string()
}

/// Names with texts as an object, in their order.
struct Pairs<'a, S>(&'a [(S, String)]);

impl<S: AsRef<str>> Serialize for Pairs<'_, S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.collect_map(self.0.iter().map(|(name, text)| (name.as_ref(), text)))
    }
}

/// A row of a derivative as a JSON object on one line, as in the `derivatives` of `report.json`.
#[must_use]
pub fn derivative_object(derivative: &Derivative, row: &Row) -> String {
    serde_json::to_string(&Point { derivative, row }).unwrap_or_default()
}

/// A planned derivative as a JSON object on one line.
#[must_use]
pub fn derivative_plan_object(derivative: &Derivative) -> String {
    let variables = derivative.variables();
    let by = derivative.with_respect_to.iter();
    let by: Vec<&String> = by.filter_map(|place| variables.get(*place)).collect();
    serde_json::json!({
        "derivative": derivative.name,
        "formula": derivative.formula,
        "points": derivative.points,
        "with_respect_to": by,
        "order": derivative.order,
        "columns": derivative.columns,
    })
    .to_string()
}

/// A test function with its points for a number of variables as a JSON object on one line. An
/// infinite end of the domain is `null`, since JSON has no infinity.
#[must_use]
pub fn function_object(instance: &Instance) -> String {
    let function = instance.function;
    let minimum = |minimum: &Minimum| {
        serde_json::json!({
            "at": minimum.at,
            "value": minimum.value,
            "precision": minimum.precision,
            "is_global": minimum.kind == MinimumKind::Global,
            "is_gradient_zero": minimum.gradient == Gradient::Zero,
            "note": minimum.note,
        })
    };
    let (all, least, multiple_of) = match function.dimension {
        Dimension::Fixed(dimension) => (Some(dimension), None, None),
        Dimension::AtLeast(least) => (None, Some(least), None),
        Dimension::MultipleOf(number) => (None, None, Some(number)),
    };
    serde_json::json!({
        "function": function.name,
        "aliases": function.aliases,
        "dimension": instance.dimension,
        "dimensions": { "only": all, "at_least": least, "multiple_of": multiple_of },
        "formula": function.formula,
        "definitions": function.definitions,
        "domain": instance.domain,
        "start": instance.start,
        "minima": instance.minima.iter().map(minimum).collect::<Vec<_>>(),
        "traits": instance.traits().map(|one| one.to_string()).collect::<Vec<_>>(),
        "about": function.about,
        "source": function.source,
    })
    .to_string()
}

/// A method or a schedule as a JSON object on one line, with its group.
#[must_use]
pub fn method_object(of: &Description, group: &str) -> String {
    let names = |conventions: &[Convention]| -> Vec<&'static str> {
        conventions.iter().map(|one| one.name()).collect()
    };
    let default = |value: DefaultValue| match value {
        DefaultValue::Number(number) => serde_json::json!(number),
        DefaultValue::Switch(on) => serde_json::json!(on),
        DefaultValue::Name(name) => serde_json::json!(name),
        DefaultValue::RunEpochs => serde_json::json!("epochs of the run"),
        DefaultValue::Required | DefaultValue::Absent => serde_json::Value::Null,
    };
    let settings = of.settings.iter().map(|setting| {
        let conventions = of.conventions.iter().filter_map(|convention| {
            let value = setting.default(*convention)?;
            let is_required = value == DefaultValue::Required;
            let of = serde_json::json!({ "default": default(value), "is_required": is_required });
            Some((convention.name().to_owned(), of))
        });
        serde_json::json!({
            "setting": setting.name,
            "expected": setting.domain.description(),
            "description": setting.description,
            "conventions": conventions.collect::<serde_json::Map<_, _>>(),
        })
    });
    let rules = of.rules.iter().map(|(conventions, rule)| {
        serde_json::json!({ "conventions": names(conventions), "rule": rule })
    });
    serde_json::json!({
        "name": of.name,
        "group": group,
        "title": of.title,
        "about": of.about,
        "conventions": names(of.conventions),
        "rules": rules.collect::<Vec<_>>(),
        "settings": settings.collect::<Vec<_>>(),
        "sources": of.sources,
    })
    .to_string()
}

/// A row of a derivative with the names of its columns.
struct Point<'a> {
    derivative: &'a Derivative,
    row: &'a Row,
}

impl Serialize for Point<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Point { derivative, row } = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("derivative", &derivative.name)?;
        map.serialize_entry("point", &row.point)?;
        map.serialize_entry("precision", row.arithmetic.precision.name())?;
        map.serialize_entry("subnormals", row.arithmetic.subnormals_name())?;
        map.serialize_entry("at", &Columns(derivative.variables(), &row.at))?;
        map.serialize_entry("values", &Columns(&derivative.columns, &row.values))?;
        map.end()
    }
}

/// Names with their values.
struct Columns<'a>(&'a [String], &'a [Scalar]);

impl Serialize for Columns<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().zip(self.1))
    }
}

/// The names of the quantities, settings and parameters as keys of an object.
pub(super) struct Keys {
    /// The final quantities that are written.
    quantities: Vec<Quantity>,
    settings: Vec<Vec<u8>>,
    parameters: Vec<Vec<u8>>,
}

impl Keys {
    pub(super) fn new(plan: &Plan) -> Self {
        let key = |name: &String| {
            let mut key = Vec::new();
            push_text(&mut key, name);
            key.push(b':');
            key
        };
        Keys {
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

/// Names with the values that exist.
struct Entries<'a, T>(&'a [String], &'a [Option<T>]);

impl<T: Serialize> Serialize for Entries<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.0.iter().zip(self.1);
        serializer.collect_map(entries.filter_map(|(name, value)| Some((name, value.as_ref()?))))
    }
}

/// The head of the report in a file.
pub(super) fn head_of(path: &Path) -> Result<Head, ReportError> {
    head(path, File::open(path).map_err(ReportError::read(path))?)
}

/// The head of a report, read from `input`, which has the name `path`.
///
/// Its runs are not read: there can be millions.
pub(super) fn head(path: &Path, input: impl Read) -> Result<Head, ReportError> {
    let mut lines = BufReader::new(input);
    let mut text = Vec::new();
    loop {
        let begin = text.len();
        let read = lines.read_until(b'\n', &mut text);
        if read.map_err(ReportError::read(path))? == 0 {
            break;
        }
        if text[begin..].starts_with(RUNS.as_bytes()) {
            text.truncate(begin);
            text.truncate(text.trim_ascii_end().len().saturating_sub(1));
            text.push(b'}');
            break;
        }
    }
    serde_json::from_slice(&text).map_err(|error| ReportError::damaged(path, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
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
