//! From one `[[chart]]` to a [`Chart`].

use super::{Band, Chart, KINDS, Record, Runs};
use crate::mistake::{At, Code, Mistake, Span, suggestion};
use crate::number::{Number, Value};
use crate::plan::filter::column;
use crate::plan::{Filter, Quantity};
use crate::spec;
use crate::text::series;

/// Maximum number of panels: more are too small to read.
const MAX_PANELS: usize = 36;

pub(super) struct ChartDecider<'a> {
    pub(super) runs: &'a Runs,
    pub(super) record: &'a Record,
    pub(super) written: &'a spec::Chart,
    /// Whether the runs are all that the file describes. For a file with errors it is unknown
    /// what does not vary.
    pub(super) is_whole: bool,
    pub(super) mistakes: &'a mut Vec<Mistake>,
}

impl ChartDecider<'_> {
    pub(super) fn chart(mut self) -> Option<Chart> {
        let before = self.mistakes.len();
        let written = self.written;
        let name = match &written.kind {
            Some(kind) => kind.value.as_str(),
            // The reader has reported a misread kind.
            None if written.keys.iter().any(|key| key == "kind") => return None,
            None => KINDS[0].0,
        };
        let (_, decide) = KINDS.iter().find(|(known, _)| *known == name)?;
        self.own_keys(name);
        let (mut chart, shown) = decide(&mut self);
        chart.runs = Filter::decide(self.runs, written.runs.as_ref(), self.mistakes);
        chart.facet = self.facet(&shown);
        chart.file = self.file(chart.file);
        if let Some(title) = &written.title {
            chart.title.clone_from(&title.value);
        }
        (self.mistakes.len() == before).then_some(chart)
    }

    pub(super) fn mistake(
        &mut self,
        code: Code,
        span: &Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: &str,
    ) {
        let mistake = Mistake::new(code, span.clone(), message, label);
        self.mistakes.push(if help.is_empty() {
            mistake
        } else {
            mistake.help(help)
        });
    }

    /// Reports something that the plan does not have, unless it may be missing because of
    /// another error.
    pub(super) fn missing(
        &mut self,
        code: Code,
        span: &Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: &str,
    ) {
        if self.is_whole {
            self.mistake(code, span, message, label, help);
        }
    }

    /// Reports a setting with one value; methods and conventions vary only as optimizers.
    pub(super) fn does_not_vary(&mut self, name: &str, span: &Span, message: String, help: &str) {
        let values = column(self.runs, name).map_or(0, |place| self.runs.values(place, 2).len());
        if values > 1 {
            let message = format!("runs differ in `{name}` only through their optimizers");
            let label = "expected `optimizer`, which has a value for each method and convention";
            self.missing(Code::Chart, span, message, label, "");
        } else {
            let label = "it has only one value in this experiment";
            self.missing(Code::Chart, span, message, label, help);
        }
    }

    /// The place of a key, or else of the chart.
    pub(super) fn place_of(&self, key: &str) -> Span {
        let place = self.written.keys.place_of(key);
        place.unwrap_or(&self.written.span).clone()
    }

    /// Reports keys that only other kinds have.
    fn own_keys(&mut self, kind: &str) {
        let Some((_, own)) = spec::CHART_KINDS.iter().find(|(name, _)| *name == kind) else {
            return;
        };
        for key in self.written.keys.iter() {
            let owners: Vec<String> = spec::CHART_KINDS
                .iter()
                .filter(|(_, keys)| keys.contains(&key))
                .map(|(name, _)| format!("`{name}`"))
                .collect();
            if owners.is_empty() || own.contains(&key) {
                continue;
            }
            let Some(place) = self.written.keys.place_of(key) else {
                continue;
            };
            let message = format!("a chart of kind `{kind}` has no `{key}`");
            let verb = if owners.len() == 1 { "has" } else { "have" };
            let label = format!("only {} {verb} it", series(&owners, "and"));
            let own: Vec<String> = own.iter().map(|key| format!("`{key}`")).collect();
            let help = format!("remove it; `{kind}` has {}", own.join(", "));
            self.mistake(Code::Chart, place, message, label, &help);
        }
    }

    /// How repetitions are combined: by default with quartiles, where there are any and they
    /// `can` be.
    pub(super) fn band(&mut self, can: bool) -> Band {
        let repeated = self.runs.repetitions() > 1;
        let Some(written) = &self.written.band else {
            return if repeated && can {
                Band::Quartiles
            } else {
                Band::None
            };
        };
        let band = match written.value.as_str() {
            "none" => return Band::None,
            "range" => Band::Range,
            _ => Band::Quartiles,
        };
        if !repeated {
            let message = "a band needs repetitions";
            let label = "each combination is run once";
            let help = "give `repetitions` at the top of the file, or remove `band`";
            self.mistake(Code::Chart, &written.span, message, label, help);
        }
        band
    }

    pub(super) fn final_quantity(&mut self, written: Option<&At<String>>) {
        let known: Vec<&str> = Quantity::of(self.runs).map(Quantity::name).collect();
        self.quantity(written, &known, &self.runs.parameters);
    }

    /// Reports a quantity that is neither known nor one of these parameters.
    pub(super) fn quantity(
        &mut self,
        written: Option<&At<String>>,
        known: &[&str],
        parameters: &[String],
    ) {
        let Some(written) = written else { return };
        let parameters = parameters.iter().map(String::as_str);
        let names = parameters.chain(known.iter().copied());
        if names.clone().any(|name| name == written.value) {
            return;
        }
        let (message, label, help) = if self.runs.parameters.contains(&written.value) {
            let message = format!("`{}` is not recorded", written.value);
            (message, "`record.parameters` excludes it".to_owned(), "")
        } else if written.value == "gap" {
            let message = "`gap` needs a known minimum".to_owned();
            let help = "give the objective `minimum = { value = … }`";
            (message, "no objective has one".to_owned(), help)
        } else {
            let message = format!("unknown quantity `{}`", written.value);
            let label = suggestion(&written.value, "available quantities", names);
            (message, label, "")
        };
        self.mistake(Code::UnknownName, &written.span, message, label, help);
    }

    /// The column of the setting with this name.
    pub(super) fn setting(&mut self, name: &str, span: &Span) -> Option<usize> {
        match column(self.runs, name) {
            Ok(place) => Some(place),
            Err(label) => {
                self.mistake(
                    Code::UnknownName,
                    span,
                    format!("unknown setting `{name}`"),
                    label,
                    "",
                );
                None
            }
        }
    }

    pub(super) fn group(&mut self) -> Option<usize> {
        let written = self.written.group_by.as_ref()?;
        self.setting(&written.value, &written.span)
    }

    fn facet(&mut self, shown: &[usize]) -> Option<usize> {
        let written = self.written.facet.as_ref()?;
        let place = self.setting(&written.value, &written.span)?;
        let name = &written.value;
        if shown.contains(&place) {
            let message = format!("`facet` cannot be `{name}`");
            let label = "the chart already shows it";
            let help = "choose another setting that varies, or remove `facet`";
            self.mistake(Code::Chart, &written.span, message, label, help);
        } else if !self.runs.varies(name) {
            let message = format!("panels for `{name}` need several values");
            self.does_not_vary(name, &written.span, message, "");
        } else if self.runs.values(place, MAX_PANELS + 1).len() > MAX_PANELS {
            let message = format!("`{name}` has too many values for panels");
            let label = format!("expected at most {MAX_PANELS}");
            let help =
                "select some of them with `runs = { … }` in several charts, or use `group_by`";
            // With a filter there may be fewer.
            if self.written.runs.is_none() {
                self.mistake(Code::TooLarge, &written.span, message, label, help);
            }
        }
        Some(place)
    }

    /// Reports a logarithmic axis over a setting with a value that is not above 0.
    pub(super) fn log_of_setting(
        &mut self,
        key: &str,
        written: Option<&At<String>>,
        column: usize,
    ) {
        let Some(written) = written.filter(|scale| scale.value == "log") else {
            return;
        };
        let values = self.runs.values(column, 1_000);
        let wrong = values.iter().filter_map(Value::number);
        let mut wrong = wrong.map(Number::wide).filter(|number| *number <= 0.0);
        if let Some(wrong) = wrong.next() {
            let name = &self.runs.columns()[column];
            let message = format!("a log axis cannot show `{name} = {wrong}`");
            let label = "expected values above 0";
            let help = format!("set `{key} = \"symlog\"` or `\"linear\"`");
            self.mistake(Code::Chart, &written.span, message, label, &help);
        }
    }

    /// Reports a logarithmic axis over a loss whose minimum is known to be below 0, for every
    /// objective.
    pub(super) fn log_of_quantity(&mut self, key: &str, written: Option<&At<String>>, name: &str) {
        let Some(written) = written.filter(|scale| scale.value == "log") else {
            return;
        };
        let minima: Option<Vec<_>> = self
            .runs
            .objectives
            .iter()
            .map(|one| Some((one.minimum?.wide(), &one.name)))
            .collect();
        let Some([(minimum, objective), rest @ ..]) = minima.as_deref() else {
            return;
        };
        let are_negative = *minimum < 0.0 && rest.iter().all(|(minimum, _)| *minimum < 0.0);
        if !["loss", "best_loss"].contains(&name) || !are_negative {
            return;
        }
        let message = format!("a log axis cannot show `{name}` below 0");
        let label = format!(
            "the minimum of `{objective}` is {}",
            crate::number::short(*minimum)
        );
        let axis = key.trim_end_matches("_scale");
        let help = format!("set `{axis} = \"gap\"`, or `{key} = \"symlog\"`");
        self.mistake(Code::Chart, &written.span, message, label, &help);
    }

    /// The name of the files: letters, digits, `-`, `_` and `.`, so that it is
    /// the same file on every system.
    fn file(&mut self, default: String) -> String {
        let Some(file) = &self.written.file else {
            return default;
        };
        let name = &file.value;
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        let taken = ["report", "index", "runs", "trajectories", "diagnosis"];
        let is_taken = taken.contains(&name.as_str());
        if name.is_empty()
            || name.len() > 100
            || name.starts_with('.')
            || !name.chars().all(is_plain)
        {
            let message = format!(
                "`{}` cannot be the file name of a chart",
                name.escape_debug()
            );
            let label = "expected letters, digits, `-`, `_` and `.`, without a directory";
            self.mistake(Code::WrongValue, &file.span, message, label, "");
        } else if is_taken {
            let message = format!("`{name}` is already a file of the report");
            self.mistake(
                Code::NameTaken,
                &file.span,
                message,
                "choose another name",
                "",
            );
        }
        name.clone()
    }
}

/// What was written, or the default.
pub(super) fn text<'w>(written: Option<&'w At<String>>, default: &'w str) -> &'w str {
    written.map_or(default, |written| written.value.as_str())
}
