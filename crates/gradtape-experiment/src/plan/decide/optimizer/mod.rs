//! The optimizers of a plan.

mod check;
mod clip;
mod exclude;
mod name;
mod schedule;
mod settings;

use std::collections::HashSet;
use std::sync::Arc;

use exclude::Exclusion;
use settings::Settings;

use super::Decider;
use crate::mistake::{At, Code, Mistake, suggestion};
use crate::optimizer::{Convention, Description, Method};
use crate::plan::grid::Grid;
use crate::plan::{MAX_OBJECTIVES, Optimizer};
use crate::spec::{self, Groups, Spec};

/// The settings of all methods that a file names.
pub(super) fn settings(spec: &Spec) -> HashSet<&'static str> {
    let names = spec.optimizer.iter().filter_map(|one| one.method.as_ref());
    let names = names.flat_map(|names| &names.list);
    let methods = names.filter_map(|name| Method::named(&name.value));
    let settings = methods.flat_map(|method| method.description().settings);
    settings.map(|setting| setting.name).collect()
}

/// One of the combinations of a table: its method, its convention, its schedule.
#[derive(Clone, Copy, Debug)]
struct Variant<'w> {
    method: Method,
    convention: Convention,
    /// Where the convention is written, unless it is the default of the method.
    convention_at: Option<&'w At<String>>,
    schedule: Option<&'w spec::Schedule>,
}

/// An optimizer with its origin in the file.
pub(super) struct OptimizerVariant<'w> {
    pub(super) optimizer: Optimizer,
    variant: Variant<'w>,
    /// The place of its table.
    table: usize,
}

impl Decider<'_> {
    pub(super) fn optimizers<'w>(&mut self, spec: &'w Spec) -> Vec<OptimizerVariant<'w>> {
        self.distinct_names(
            spec.optimizer.iter().filter_map(|one| one.name.as_ref()),
            "optimizer",
        );
        let mut decided = Vec::new();
        for (table, written) in spec.optimizer.iter().enumerate() {
            let before = self.mistakes.len();
            let variants = self.variants(written);
            if decided.len() + variants.len() > MAX_OBJECTIVES {
                let message = "the methods, conventions and schedules give too many optimizers";
                let label = format!("expected at most {MAX_OBJECTIVES} in total");
                self.mistake(Code::TooLarge, &written.span, message, label);
                break;
            }
            let mut exclusion = Exclusion::default();
            for variant in &variants {
                let optimizer = self.optimizer(written, *variant, &variants, &mut exclusion);
                decided.extend(optimizer.map(|optimizer| OptimizerVariant {
                    optimizer,
                    variant: *variant,
                    table,
                }));
            }
            // An error of several combinations is reported once.
            self.once_each(before);
            // With a wrong setting, what `exclude` would have matched is unknown.
            if self.mistakes.len() == before {
                self.judge(written, &exclusion);
            }
        }
        name::name(&spec.optimizer, &mut decided);
        decided
    }

    /// Removes duplicate errors among those after the first `first`.
    pub(in crate::plan::decide) fn once_each(&mut self, first: usize) {
        let mut told: Vec<Mistake> = Vec::new();
        for mistake in self.mistakes.drain(first..) {
            if !told.contains(&mistake) {
                told.push(mistake);
            }
        }
        self.mistakes.extend(told);
    }

    /// All combinations of a table, the schedules varying fastest.
    fn variants<'w>(&mut self, written: &'w spec::Optimizer) -> Vec<Variant<'w>> {
        let methods = self.methods(written);
        let conventions = self.conventions(written);
        let schedules: Vec<_> = if written.keys.has("schedule") {
            written.schedule.iter().map(Some).collect()
        } else {
            vec![None]
        };
        let mut variants = Vec::new();
        for method in methods {
            for chosen in &conventions {
                let convention_at = chosen.map(|(_, at)| at);
                let convention = chosen.map_or(method.convention(), |(convention, _)| convention);
                if let Some(at) = convention_at.filter(|_| !method.description().has(convention)) {
                    self.no_convention(at, convention, method.description());
                    continue;
                }
                variants.extend(schedules.iter().map(|schedule| Variant {
                    method,
                    convention,
                    convention_at,
                    schedule: *schedule,
                }));
            }
        }
        variants
    }

    fn methods(&mut self, written: &spec::Optimizer) -> Vec<Method> {
        let mut methods = Vec::new();
        for name in written.method.iter().flat_map(|names| &names.list) {
            match Method::named(&name.value) {
                Some(method) if methods.contains(&method) => self.named_twice("method", name),
                Some(method) => methods.push(method),
                None => {
                    let message = format!("unknown method `{}`", name.value);
                    let known = Method::ALL.iter().map(|method| method.name());
                    let label = suggestion(&name.value, "available methods", known);
                    self.mistake(Code::UnknownName, &name.span, message, label);
                }
            }
        }
        methods
    }

    /// The conventions that are given; `None` stands for the default of each method.
    fn conventions<'w>(
        &mut self,
        written: &'w spec::Optimizer,
    ) -> Vec<Option<(Convention, &'w At<String>)>> {
        let Some(names) = &written.convention else {
            let is_misread = written.keys.has("convention");
            return if is_misread { Vec::new() } else { vec![None] };
        };
        let mut conventions: Vec<Option<(Convention, &At<String>)>> = Vec::new();
        for name in &names.list {
            let Some(convention) = self.convention(name) else {
                continue;
            };
            let mut known = conventions.iter().flatten();
            if known.any(|(known, _)| *known == convention) {
                self.named_twice("convention", name);
            } else {
                conventions.push(Some((convention, name)));
            }
        }
        conventions
    }

    fn convention(&mut self, name: &At<String>) -> Option<Convention> {
        let convention = Convention::named(&name.value);
        if convention.is_none() {
            let message = format!("unknown convention `{}`", name.value);
            let known = Convention::ALL.iter().map(|convention| convention.name());
            let label = suggestion(&name.value, "available conventions", known);
            self.mistake(Code::UnknownName, &name.span, message, label);
        }
        convention
    }

    fn named_twice(&mut self, key: &str, name: &At<String>) {
        let message = format!("`{key}` names `{}` twice", name.value);
        self.mistake(Code::NameTaken, &name.span, message, "duplicate");
    }

    /// Reports a convention that does not have a method or schedule.
    fn no_convention(&mut self, at: &At<String>, convention: Convention, of: &Description) {
        let message = format!("{} has no `{}`", convention.name(), of.name);
        let those = of.conventions.iter();
        let those: Vec<String> = those.map(|one| format!("\"{}\"", one.name())).collect();
        let label = format!("expected {}", those.join(" or "));
        self.mistake(Code::UnknownName, &at.span, message, label);
    }

    fn optimizer(
        &mut self,
        written: &spec::Optimizer,
        variant: Variant<'_>,
        all: &[Variant<'_>],
        exclusion: &mut Exclusion,
    ) -> Option<Optimizer> {
        let before = self.mistakes.len();
        let schedule = match variant.schedule {
            Some(schedule) => Some(self.schedule(schedule, variant)?),
            None => None,
        };
        let outline = schedule.as_ref().map(|(outline, _)| outline);
        // Not left at its first error: clipping is checked too.
        let own = self.method_settings(written, variant, all, outline);
        let clip = match &written.clip {
            Some(clip) => Some(self.clip(clip)?),
            None => None,
        };
        let mut settings = own?;
        if self.mistakes.len() > before {
            return None;
        }
        let (outline, of_schedule) = schedule.unzip();
        let (clip, of_clip) = clip.unzip();
        settings.extend(of_schedule.into_iter().flatten());
        settings.extend(of_clip);
        let grid = self.grid_of(written, settings);
        Some(Optimizer {
            name: String::new(),
            method: variant.method,
            convention: variant.convention,
            schedule: outline.map(Arc::new),
            clip,
            settings: Self::without(written, variant, grid, exclusion)?,
        })
    }

    /// The grid of the settings of a combination. It takes the names in `zip` that the
    /// combination has, and those that none has, which are errors.
    fn grid_of(&mut self, written: &spec::Optimizer, settings: Settings) -> Grid {
        let is_written = |key: &str| {
            let own = |settings: &spec::Map<_>, key: &str| -> bool {
                settings
                    .iter()
                    .any(|(name, _): &(At<String>, spec::Setting)| name.value == key)
            };
            match key.strip_prefix("schedule.") {
                Some(key) => written.schedule.iter().any(|one| own(&one.settings, key)),
                None => own(&written.settings, key),
            }
        };
        let counts = |key: &&At<String>| {
            let is_here = settings.iter().any(|(name, ..)| *name == key.value);
            is_here || !is_written(&key.value)
        };
        let groups = written.zip.iter();
        let groups = groups.map(|group| group.iter().filter(counts).cloned().collect());
        let groups: Groups = groups.collect();
        self.grid(settings, &groups)
    }
}
