//! Settings of methods and schedules, by their descriptions.

use super::{Decider, Variant};
use crate::mistake::{At, Code, Span, nearest, suggestion};
use crate::optimizer::schedule::Outline;
use crate::optimizer::{Convention, DefaultValue, Description, LEARNING_RATE};
use crate::plan::decide::named;
use crate::plan::grid::Series;
use crate::spec::{self, FileTable, Format, Keys, Map};

/// Settings with their values and their places in the file.
pub(super) type Settings = Vec<(String, Series, Span)>;

/// The names of some settings in libraries or earlier versions.
const WORDS: &[(&str, &str)] = &[
    ("T_0", "first_epochs"),
    ("T_max", "epochs"),
    ("T_mult", "t_mul"),
    ("alpha", "rho"),
    ("anneal_strategy", "anneal"),
    ("b1", "beta1"),
    ("b2", "beta2"),
    ("b3", "beta3"),
    ("base_lr", "learning_rate"),
    ("betas", "beta1"),
    ("boundaries_and_scales", "boundaries"),
    ("damping", "radius"),
    ("decay", "rho"),
    ("decay_steps", "epochs"),
    ("end_learning_rate", "end"),
    ("end_value", "end"),
    ("eps", "epsilon"),
    ("eps_root", "epsilon_root"),
    ("eta_min", "end"),
    ("first_decay_steps", "first_epochs"),
    ("gamma", "decay_rate"),
    ("init_value", "learning_rate"),
    ("initial_accumulator_value", "initial_accumulator"),
    ("initial_learning_rate", "learning_rate"),
    ("lr", "learning_rate"),
    ("lr_decay", "learning_rate_decay"),
    ("max_lr", "max_learning_rate"),
    ("min_delta", "threshold"),
    ("min_lr", "min_learning_rate"),
    ("peak_value", "learning_rate"),
    ("rtol", "threshold"),
    ("start_factor", "warmup_factor"),
    ("total_iters", "epochs"),
    ("total_steps", "epochs"),
    ("transition_begin", "begin"),
    ("transition_steps", "epochs"),
    ("transition_steps", "decay_steps"),
    ("warmup_steps", "warmup"),
    ("wd", "weight_decay"),
];

/// "did you mean `…`?", also by the names in libraries; or the list of names.
pub(super) fn suggested<'a>(
    typed: &str,
    what: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    let mut words = WORDS.iter().filter(|(word, _)| *word == typed);
    let ours = words.find(|(_, ours)| known.clone().into_iter().any(|one| one == *ours));
    match ours {
        Some((_, ours)) => format!("did you mean `{ours}`?"),
        None => suggestion(typed, what, known),
    }
}

/// A method or a schedule whose settings a table gives.
#[derive(Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) description: &'static Description,
    pub(super) convention: Convention,
    /// The table.
    pub(super) span: &'a Span,
    pub(super) keys: &'a Keys,
    pub(super) format: &'static Format,
}

impl Decider<'_> {
    /// The settings of a method as written, then those that have a default; `None` if one
    /// is missing.
    pub(super) fn method_settings(
        &mut self,
        written: &spec::Optimizer,
        variant: Variant<'_>,
        all: &[Variant<'_>],
        schedule: Option<&Outline>,
    ) -> Option<Settings> {
        let of = Of {
            description: variant.method.description(),
            convention: variant.convention,
            span: &written.span,
            keys: &written.keys,
            format: spec::Optimizer::FORMAT,
        };
        let is_of_another = |name: &str| {
            let mut settings = all.iter().flat_map(|one| {
                let description = one.method.description();
                description.settings_of(one.convention)
            });
            settings.any(|(setting, _)| setting.name == name)
        };
        let mut own = Map::new();
        for (name, setting) in &written.settings {
            if self.is_known(of, name, is_of_another) {
                own.push((name.clone(), setting.clone()));
            }
        }
        for (name, setting) in &own {
            self.check_domain(of, name, setting);
        }
        let mut settings = named(&own);
        // A schedule that gives the learning rates replaces the optimizer's own.
        let needs_rate = !schedule.is_some_and(Outline::gives_rates);
        let is_needed = |name: &str| needs_rate || name != LEARNING_RATE.name;
        self.add_defaults(of, &mut settings, is_needed)
            .then_some(settings)
    }

    /// Whether a key is a setting; reports it if not, unless it `is_of_another`.
    pub(super) fn is_known(
        &mut self,
        of: Of<'_>,
        name: &At<String>,
        is_of_another: impl Fn(&str) -> bool,
    ) -> bool {
        let own = of.description.settings_of(of.convention);
        let own = own.map(|(setting, _)| setting.name);
        if own.clone().any(|known| known == name.value) {
            return true;
        }
        if is_of_another(&name.value) {
            return false;
        }
        let title = of.description.name;
        let mut settings = of.description.settings.iter();
        let elsewhere = settings.find(|setting| setting.name == name.value);
        if let Some(setting) = elsewhere {
            let conventions = of.description.conventions.iter();
            let having = conventions.filter(|one| setting.default(**one).is_some());
            let having: Vec<&str> = having.map(|one| one.name()).collect();
            let convention = of.convention.name();
            let message = format!("`{title}` of {convention} has no `{}`", name.value);
            let label = format!("a setting of {} only", having.join(" and "));
            let known: Vec<String> = own.map(|name| format!("`{name}`")).collect();
            let help = format!("settings of {convention}: {}", known.join(", "));
            self.advise(Code::UnknownName, &name.span, message, label, help);
            return false;
        }
        let known = own.chain(of.format.keys.iter().map(|key| key.name));
        let message = format!("unknown setting `{}` of `{title}`", name.value);
        let label = suggested(&name.value, "available settings", known);
        self.mistake(Code::UnknownName, &name.span, message, label);
        false
    }

    pub(super) fn check_domain(
        &mut self,
        of: Of<'_>,
        name: &At<String>,
        setting: &spec::Setting,
    ) -> Option<()> {
        let mut settings = of.description.settings.iter();
        let known = settings.find(|known| known.name == name.value)?;
        self.domain(known.name, setting, known.domain)
    }

    /// Adds the settings that have a default; false if one is missing.
    pub(super) fn add_defaults(
        &mut self,
        of: Of<'_>,
        settings: &mut Settings,
        is_needed: impl Fn(&str) -> bool,
    ) -> bool {
        let mut is_complete = true;
        for (setting, default) in of.description.settings_of(of.convention) {
            let name = setting.name;
            if settings.iter().any(|(given, ..)| given == name) || !is_needed(name) {
                continue;
            }
            if let Some(default) = default.value() {
                settings.push((name.to_owned(), Series::List(vec![default]), 0..0));
            } else if default == DefaultValue::Required {
                // A run needs it.
                is_complete = false;
                self.missing(of, name, setting.description);
            }
        }
        is_complete
    }

    fn missing(&mut self, of: Of<'_>, name: &str, description: &str) {
        // If it was misread or misspelt, that is already reported.
        let is_told = |key: &str| {
            let is_word = WORDS.contains(&(key, name));
            key == name || is_word || nearest(key, [name]).is_some()
        };
        if !of.keys.iter().any(is_told) {
            let message = format!("`{}` has no `{name}`", of.description.name);
            let help = format!("`{name}`: {description}");
            self.advise(Code::MissingKey, of.span, message, "", help);
        }
    }
}
