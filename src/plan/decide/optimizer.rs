//! How it is minimised.

use std::collections::HashSet;

use super::{Decider, named};
use crate::mistake::{Mistake, Span, suggestion};
use crate::number::Value;
use crate::optimizer::{Convention, Method};
use crate::plan::grid::{Grid, Series};
use crate::plan::{GREATEST_RUNS, Optimizer};
use crate::spec::{self, Spec};

/// The settings of all methods that a file names.
pub(super) fn settings(spec: &Spec) -> HashSet<&'static str> {
    let names = spec.optimizers.iter().filter_map(|one| one.method.as_ref());
    let methods = names.filter_map(|name| Method::named(&name.value));
    let settings = methods.flat_map(|method| method.description().settings);
    settings.map(|setting| setting.name).collect()
}

impl Decider<'_> {
    pub(super) fn optimizers(&mut self, spec: &Spec) -> Vec<Optimizer> {
        self.distinct_names(
            spec.optimizers.iter().filter_map(|one| one.name.as_ref()),
            "optimizer",
        );
        let mut optimizers = Vec::new();
        for (place, written) in spec.optimizers.iter().enumerate() {
            let same = spec.optimizers.iter().filter(|other| {
                other.name.is_none()
                    && other.method.as_ref().map(|method| &method.value)
                        == written.method.as_ref().map(|method| &method.value)
            });
            let number = (same.count() > 1).then_some(place + 1);
            optimizers.extend(self.optimizer(written, number));
        }
        optimizers
    }

    fn optimizer(&mut self, written: &spec::Optimizer, number: Option<usize>) -> Option<Optimizer> {
        let method_name = written.method.as_ref()?;
        let Some(method) = Method::named(&method_name.value) else {
            let message = format!("unknown method `{}`", method_name.value);
            let known = Method::ALL.iter().map(|method| method.name());
            let label = suggestion(&method_name.value, "the methods are", known);
            self.mistake(&method_name.span, message, label);
            return None;
        };
        let convention = method.convention();
        let own = || {
            method
                .description()
                .settings_of(convention)
                .map(|(own, _)| own)
        };
        let before = self.mistakes.len();
        for (name, setting) in &written.settings {
            match own().find(|known| known.name == name.value) {
                Some(known) => {
                    let expected = format!("expected {}", known.domain.description());
                    self.domain(known.name, setting, &expected, |value| {
                        known.domain.contains(value)
                    });
                }
                None => {
                    let known = own().map(|setting| setting.name);
                    let known = known.chain(spec::OPTIMIZER.keys.iter().map(|key| key.name));
                    let message =
                        format!("unknown setting `{}` of `{}`", name.value, method.name());
                    let label = suggestion(&name.value, "the settings are", known);
                    self.mistake(&name.span, message, label);
                }
            }
        }
        let settings = self.settings(written, method, convention);
        let is_given = |name: &str| settings.iter().any(|(given, ..)| given == name);
        // One that was misread is told already, but a run could not be made without.
        let are_complete = own().all(|one| is_given(one.name));
        if self.mistakes.len() > before || !are_complete {
            return None;
        }
        let grid = self.grid(settings, &written.zip);
        self.nesterov(written, &grid);
        let default = match number {
            Some(number) => format!("{} {number}", method.name()),
            None => method.name().to_owned(),
        };
        let name = written
            .name
            .as_ref()
            .map_or(default, |name| name.value.clone());
        Some(Optimizer {
            name,
            method,
            convention,
            schedule: None,
            clip: None,
            settings: grid,
        })
    }

    /// The settings as written, then those that have a default.
    fn settings(
        &mut self,
        written: &spec::Optimizer,
        method: Method,
        convention: Convention,
    ) -> Vec<(String, Series, Span)> {
        let mut settings = named(&written.settings);
        for (setting, default) in method.description().settings_of(convention) {
            let name = setting.name;
            if settings.iter().any(|(given, ..)| given == name) {
                continue;
            }
            match default.value() {
                Some(default) => {
                    let series = Series::List(vec![default]);
                    settings.push((name.to_owned(), series, 0..0));
                }
                // Misread or misspelt, it was told; that it is missing follows.
                None if written
                    .keys
                    .iter()
                    .any(|key| key == name || crate::mistake::nearest(key, [name]).is_some()) => {}
                None => {
                    let message = format!("`{}` has no `{name}`", method.name());
                    let mistake = Mistake::new(written.span.clone(), message, "");
                    let help = format!("`{name}`: {}", setting.description);
                    self.mistakes.push(mistake.help(help));
                }
            }
        }
        settings
    }

    /// Nesterov's form looks ahead along the momentum, so it needs some.
    fn nesterov(&mut self, written: &spec::Optimizer, grid: &Grid) {
        let Some((name, _)) = written
            .settings
            .iter()
            .find(|(name, _)| name.value == "nesterov")
        else {
            return;
        };
        let count = grid.count().unwrap_or(0).min(GREATEST_RUNS);
        let without = (0..count).any(|index| {
            let point: Vec<(&str, Value)> = grid.point(index).collect();
            let is = |key: &str, value: &Value| {
                point.iter().any(|(name, of)| *name == key && of == value)
            };
            let zero = point.iter().any(|(name, value)| {
                *name == "momentum" && value.number().is_some_and(|number| number.wide() == 0.0)
            });
            is("nesterov", &Value::Switch(true)) && zero
        });
        if without {
            let message = "`nesterov` needs a momentum above 0";
            self.mistake(&name.span, message, "it is combined with a momentum of 0");
        }
    }
}
