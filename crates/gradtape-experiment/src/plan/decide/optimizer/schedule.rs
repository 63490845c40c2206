//! The learning rate schedules of a plan.

use super::settings::{Of, Settings};
use super::{Decider, Variant};
use crate::mistake::{At, Code, suggestion};
use crate::number::{Domain, Number, Value, counted};
use crate::optimizer::schedule::{
    BOUNDARIES, Outline, RateFormula, SCALES, ScheduleKind, VALUES, WARMUP,
};
use crate::optimizer::{BETA1, Convention, LEARNING_RATE, MOMENTUM, Setting};
use crate::plan::grid::Series;
use crate::spec::{self, FileTable, Map, Values, place_in_text};

impl Decider<'_> {
    /// A schedule, and its settings with `schedule.` in front.
    pub(super) fn schedule(
        &mut self,
        written: &spec::Schedule,
        variant: Variant<'_>,
    ) -> Option<(Outline, Settings)> {
        let name = written.kind.as_ref()?;
        let Some(kind) = ScheduleKind::named(&name.value) else {
            let message = format!("unknown schedule `{}`", name.value);
            let known = ScheduleKind::ALL.iter().map(|kind| kind.name());
            let label = suggestion(&name.value, "available schedules", known);
            self.mistake(Code::UnknownName, &name.span, message, label);
            return None;
        };
        let method = variant.method.description();
        let has = |wanted: Setting| {
            let mut settings = method.settings_of(variant.convention);
            settings.any(|(setting, _)| *setting == wanted)
        };
        if !has(LEARNING_RATE) {
            let message = format!("`{}` has no learning rate to change", method.name);
            self.mistake(Code::Method, &name.span, message, "expected no schedule");
            return None;
        }
        let of = Of {
            description: kind.description(),
            convention: self.schedule_convention(written, kind, variant)?,
            span: &written.span,
            keys: &written.keys,
            format: spec::Schedule::FORMAT,
        };
        let mut outline = Outline {
            kind,
            convention: of.convention,
            lists: Vec::new(),
            formula: None,
            momentum: [BETA1, MOMENTUM]
                .into_iter()
                .find(|one| has(*one))
                .map(|one| one.name),
        };
        let before = self.mistakes.len();
        let mut settings = Settings::new();
        for (name, setting) in &written.settings {
            if self.is_known(of, name, |_| false) {
                self.schedule_setting(of, name, setting, &mut outline, &mut settings);
            }
        }
        let warms_up = written.keys.has(WARMUP.name);
        let is_needed = |name: &str| warms_up || !name.starts_with("warmup_");
        let is_complete = self.add_defaults(of, &mut settings, is_needed);
        if !warms_up {
            self.no_warmup(&written.settings);
        }
        if kind == ScheduleKind::Piecewise {
            self.pieces(written, &outline);
        }
        if !is_complete || self.mistakes.len() > before {
            return None;
        }
        for (name, ..) in &mut settings {
            name.insert_str(0, "schedule.");
        }
        Some((outline, settings))
    }

    /// The convention of the schedule, or else of the optimizer, or else the first one that
    /// the schedule has.
    fn schedule_convention(
        &mut self,
        written: &spec::Schedule,
        kind: ScheduleKind,
        variant: Variant<'_>,
    ) -> Option<Convention> {
        let description = kind.description();
        if let Some(name) = &written.convention {
            let convention = self.convention(name)?;
            if !description.has(convention) {
                self.no_convention(name, convention, description);
                return None;
            }
            return Some(convention);
        }
        if description.has(variant.convention) {
            return Some(variant.convention);
        }
        if variant.convention_at.is_none() {
            return Some(description.conventions[0]);
        }
        let name = written.kind.as_ref()?;
        let convention = variant.convention.name();
        let message = format!("{convention} has no schedule `{}`", description.name);
        let those = description.conventions.iter();
        let those: Vec<String> = those.map(|one| format!("\"{}\"", one.name())).collect();
        let help = format!(
            "set `convention = {}` in the schedule",
            those.join("` or `")
        );
        let label = "a schedule of another convention";
        self.advise(Code::UnknownName, &name.span, message, label, help);
        None
    }

    fn schedule_setting(
        &mut self,
        of: Of<'_>,
        name: &At<String>,
        setting: &spec::Setting,
        outline: &mut Outline,
        settings: &mut Settings,
    ) {
        let own = of.description.settings.iter();
        let Some(known) = own.into_iter().find(|known| known.name == name.value) else {
            return;
        };
        let series = match known.domain {
            Domain::Formula => self.rate_formula(setting).map(|formula| {
                let text = Value::Name(formula.text().to_owned());
                outline.formula = Some(formula);
                Series::List(vec![text])
            }),
            Domain::Epochs | Domain::Rates => {
                self.listed(known.name, known.domain, setting).map(|list| {
                    let shown: Vec<String> =
                        list.iter().map(|one| one.wide().to_string()).collect();
                    outline.lists.push((known.name, list));
                    Series::List(vec![Value::Name(format!("[{}]", shown.join(", ")))])
                })
            }
            _ => self
                .check_domain(of, name, setting)
                .map(|()| Series::new(setting)),
        };
        settings.extend(series.map(|series| (name.value.clone(), series, setting.span.clone())));
    }

    /// A setting that is a list of numbers.
    fn listed(
        &mut self,
        name: &str,
        domain: Domain,
        setting: &spec::Setting,
    ) -> Option<Vec<Number>> {
        let each = match domain {
            Domain::Epochs => Domain::Count,
            _ => Domain::NotNegative,
        };
        self.domain(name, setting, each)?;
        let numbers = Series::new(setting);
        let numbers: Vec<Number> = numbers.iter().filter_map(|value| value.number()).collect();
        if domain == Domain::Epochs {
            let falls = numbers
                .windows(2)
                .position(|pair| pair[1].wide() <= pair[0].wide());
            if let Some(place) = falls {
                let at = match &setting.values {
                    Values::List(values) => &values[place + 1].span,
                    _ => &setting.span,
                };
                let message = format!("`{name}` must increase");
                let label = format!("expected a number above {}", numbers[place].wide());
                self.mistake(Code::WrongValue, at, message, label);
                return None;
            }
            if numbers
                .iter()
                .any(|number| !each.contains(&Value::Number(*number)))
            {
                let message = format!("`{name}` has a value that is not an integer");
                let label = format!("expected {}", domain.description());
                self.mistake(Code::WrongValue, &setting.span, message, label);
                return None;
            }
        }
        Some(numbers)
    }

    fn rate_formula(&mut self, setting: &spec::Setting) -> Option<RateFormula> {
        let Values::One(At {
            value: Value::Name(text),
            span,
        }) = &setting.values
        else {
            let expected = "expected a string, for example \"0.1/sqrt(1 + epoch)\"";
            self.cannot_be("formula", &setting.span, expected);
            return None;
        };
        let mistakes = match RateFormula::parse(text) {
            Ok(formula) => return Some(formula),
            Err(mistakes) => mistakes,
        };
        for wrong in mistakes {
            let mut mistake = wrong.mistake;
            let part = mistake.span.take().unwrap_or(0..text.len());
            let place = if text.is_empty() {
                span.clone()
            } else {
                place_in_text(self.source, span, part)
            };
            if wrong.valueless.is_some() && wrong.suggested.is_none() {
                "expected `epoch`, `epochs` or `learning_rate`".clone_into(&mut mistake.label);
            }
            mistake.span = Some(place);
            self.mistakes.push(mistake);
        }
        None
    }

    /// Reports a warm-up without a length.
    fn no_warmup(&mut self, settings: &Map<spec::Setting>) {
        let detail = settings
            .iter()
            .find(|(name, _)| name.value.starts_with("warmup_"));
        if let Some((name, _)) = detail {
            let message = format!("`{}` needs `warmup`", name.value);
            let label = "it has no effect without `warmup`";
            self.mistake(Code::Conflict, &name.span, message, label);
        }
    }

    /// Checks that the lists of a piecewise schedule match.
    fn pieces(&mut self, written: &spec::Schedule, outline: &Outline) {
        let boundaries = outline.list(BOUNDARIES).len();
        let lists = [
            (VALUES, boundaries + 1, "one more than the boundaries"),
            (SCALES, boundaries, "one for each boundary"),
        ];
        let is_list = |key: &str| lists.iter().any(|(list, ..)| list.name == key);
        let given = written.settings.iter();
        match given.filter(|(key, _)| is_list(&key.value)).count() {
            1 => {}
            0 if written.keys.iter().any(is_list) => return,
            0 => {
                let message = "`piecewise` has no `values`";
                let help = "`values`: the learning rates, one more than the number of boundaries";
                self.advise(Code::MissingKey, &written.span, message, "", help);
                return;
            }
            _ => {
                let message = "`piecewise` has both `values` and `scales`";
                let label = "expected one of them";
                self.mistake(Code::Conflict, &written.span, message, label);
                return;
            }
        }
        for (list, expected, what) in lists {
            let mut settings = written.settings.iter();
            let found = settings.find(|(key, _)| key.value == list.name);
            let given = outline.list(list).len();
            if let Some((name, setting)) = found
                && (boundaries > 0 && given > 0 && given != expected)
            {
                let given = counted(given, "number");
                let message = format!(
                    "`{}` has {given}, `boundaries` has {boundaries}",
                    name.value
                );
                let label = format!("expected {expected}, {what}");
                self.mistake(Code::Lengths, &setting.span, message, label);
            }
        }
    }
}
