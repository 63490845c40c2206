//! Checks that the settings of an optimizer are compatible, also with the rest of the file.

use super::{Decider, OptimizerVariant};
use crate::mistake::{Code, Span};
use crate::number::{Number, Value, grouped};
use crate::optimizer::schedule::{
    ATOL, CYCLE_MOMENTUM, EPOCHS, PCT_START, ScheduleKind, THRESHOLD, WARMUP,
};
use crate::optimizer::search::{C1, C2};
use crate::optimizer::{Convention, DAMPENING, MOMENTUM, NESTEROV, Setting};
use crate::plan::Objective;
use crate::plan::grid::Grid;
use crate::plan::runs::whole;
use crate::spec::{self, Spec};

/// The largest number that `f32` can count to.
const MAX_COUNT_F32: u64 = 1 << 24;

/// A number of a combination.
fn number(value: Option<&Value>) -> Option<f64> {
    value.and_then(Value::number).map(Number::wide)
}

/// Whether a switch is on.
fn is_on(value: Option<&Value>) -> bool {
    value == Some(&Value::Switch(true))
}

/// The name of a setting of a schedule among those of an optimizer.
fn of_schedule(setting: Setting) -> String {
    format!("schedule.{}", setting.name)
}

/// The place of a setting of a method, or of its table.
fn place(written: &spec::Optimizer, setting: Setting) -> &Span {
    let mut settings = written.settings.iter();
    let found = settings.find(|(key, _)| key.value == setting.name);
    found.map_or(&written.span, |(key, _)| &key.span)
}

/// The place of a setting of a schedule, or of its kind.
fn place_in(written: &spec::Schedule, setting: Setting) -> &Span {
    let mut settings = written.settings.iter();
    let found = settings.find(|(key, _)| key.value == setting.name);
    found.map_or(place_of_kind(written), |(key, _)| &key.span)
}

fn place_of_kind(written: &spec::Schedule) -> &Span {
    let kind = written.kind.as_ref();
    kind.map_or(&written.span, |kind| &kind.span)
}

impl Decider<'_> {
    /// Checks that settings are compatible.
    pub(in crate::plan::decide) fn check_optimizers(
        &mut self,
        spec: &Spec,
        numerics: &Grid,
        objectives: &[Objective],
        decided: &[OptimizerVariant<'_>],
    ) {
        let before = self.mistakes.len();
        for one in decided {
            let written = &spec.optimizer[one.table];
            self.nesterov(written, one);
            self.search(written, one);
            if let (Some(schedule), Some(outline)) = (one.variant.schedule, &one.optimizer.schedule)
            {
                self.momentum(schedule, one);
                self.lengths(schedule, numerics, one);
                match outline.kind {
                    ScheduleKind::OneCycle => self.one_cycle(schedule, numerics, one),
                    ScheduleKind::Plateau => self.plateau(schedule, objectives, one),
                    _ => {}
                }
            }
            self.counts(spec, numerics, one);
        }
        self.once_each(before);
    }

    /// Nesterov's form looks ahead along the momentum, so it needs some.
    fn nesterov(&mut self, written: &spec::Optimizer, one: &OptimizerVariant<'_>) {
        let grid = &one.optimizer.settings;
        let names = [NESTEROV, MOMENTUM].map(|one| one.name);
        let without = grid.any(&names, |[nesterov, momentum]| {
            is_on(nesterov) && number(momentum) == Some(0.0)
        });
        if without {
            let message = "`nesterov` needs a momentum above 0";
            let label = "it is combined with a momentum of 0";
            self.mistake(Code::Method, place(written, NESTEROV), message, label);
        }
        let names = [NESTEROV, DAMPENING].map(|one| one.name);
        let damped = grid.any(&names, |[nesterov, dampening]| {
            is_on(nesterov) && number(dampening).is_some_and(|one| one != 0.0)
        });
        if damped {
            let message = "`nesterov` and `dampening` conflict";
            let place = place(written, DAMPENING);
            self.mistake(Code::Method, place, message, "expected 0, as in PyTorch");
        }
    }

    /// A line-search or second-order method sets its own step length.
    fn search(&mut self, written: &spec::Optimizer, one: &OptimizerVariant<'_>) {
        if one.variant.method.needs().is_none() {
            return;
        }
        let method = one.variant.method.name();
        let schedule = one.variant.schedule.map(|schedule| &schedule.span);
        let clip = written.clip.as_ref().map(|clip| &clip.span);
        for (key, span) in [("schedule", schedule), ("clip", clip)] {
            if let Some(span) = span {
                let message = format!("`{method}` cannot have a `{key}`");
                let label = format!("`{method}` sets its own step length");
                self.mistake(Code::Method, span, message, label);
            }
        }
        let grid = &one.optimizer.settings;
        let crosses = grid.any(&[C1.name, C2.name], |[least, most]| {
            let both = number(least).zip(number(most));
            both.is_some_and(|(least, most)| least >= most)
        });
        if crosses {
            let message = "`c1` must be below `c2`";
            let label = "otherwise no step may meet both conditions of a line search";
            self.mistake(Code::Method, place(written, C1), message, label);
        }
    }

    /// A schedule that cycles the momentum needs one.
    fn momentum(&mut self, schedule: &spec::Schedule, one: &OptimizerVariant<'_>) {
        let Some(outline) = &one.optimizer.schedule else {
            return;
        };
        let kind = outline.kind.name();
        let grid = &one.optimizer.settings;
        let cycles = of_schedule(CYCLE_MOMENTUM);
        let place = place_in(schedule, CYCLE_MOMENTUM);
        let help = "`cycle_momentum = false` leaves the momentum unchanged";
        match outline.momentum {
            None if grid.any(&[cycles.as_str()], |[cycles]| is_on(cycles)) => {
                let method = one.variant.method.name();
                let message = format!("`{kind}` changes the momentum, but `{method}` has none");
                self.advise(Code::Method, place, message, "", help);
            }
            Some(momentum)
                if grid.any(&[cycles.as_str(), momentum], |[cycles, momentum]| {
                    is_on(cycles) && number(momentum) == Some(0.0)
                }) =>
            {
                let message = format!("`{kind}` changes the momentum, but `{momentum}` is 0");
                let label = format!("expected a `{momentum}` above 0");
                self.advise(Code::Method, place, message, label, help);
            }
            _ => {}
        }
    }

    /// A warm-up must leave epochs for the rest of a schedule that has a length.
    fn lengths(&mut self, schedule: &spec::Schedule, numerics: &Grid, one: &OptimizerVariant<'_>) {
        let Some(outline) = &one.optimizer.schedule else {
            return;
        };
        let settings = outline.kind.description().settings_of(outline.convention);
        let mut settings = settings.map(|(setting, _)| *setting);
        let includes =
            outline.kind == ScheduleKind::Cosine && outline.convention == Convention::Optax;
        let fewest = epochs(numerics).min();
        let names = [WARMUP, EPOCHS].map(of_schedule);
        let grid = &one.optimizer.settings;
        let leaves_none = settings.any(|one| one == EPOCHS)
            && grid.any(&names, |[warmup, epochs]| {
                let Some(warmup) = number(warmup).filter(|one| *one > 0.0) else {
                    return false;
                };
                match (number(epochs), fewest) {
                    (Some(epochs), _) => includes && warmup >= epochs,
                    (None, Some(fewest)) => warmup >= fewest as f64,
                    _ => false,
                }
            });
        if leaves_none {
            let kind = outline.kind.name();
            let message = format!("the warm-up leaves no epochs for `{kind}`");
            let label = "expected fewer epochs of warm-up, or a longer schedule";
            self.mistake(Code::Method, place_in(schedule, WARMUP), message, label);
        }
    }

    /// PyTorch's cycle cannot continue past its end, and needs a rising phase.
    fn one_cycle(
        &mut self,
        schedule: &spec::Schedule,
        numerics: &Grid,
        one: &OptimizerVariant<'_>,
    ) {
        let Some(outline) = &one.optimizer.schedule else {
            return;
        };
        if outline.convention != Convention::PyTorch {
            return;
        }
        let grid = &one.optimizer.settings;
        let warmup = |value: Option<&Value>| number(value).unwrap_or(0.0);
        let most = epochs(numerics).max().unwrap_or(0);
        let names = [EPOCHS, WARMUP].map(of_schedule);
        let ends = grid.any(&names, |[length, before]| {
            number(length).is_some_and(|length| length + warmup(before) < most as f64)
        });
        if ends {
            let message = format!(
                "the cycle is shorter than the {} epochs of a run",
                grouped(u128::from(most))
            );
            let label = "PyTorch does not continue past the end of the cycle";
            let help = "omit `epochs` to use those of the run";
            let place = place_in(schedule, EPOCHS);
            self.advise(Code::Method, place, message, label, help);
        }
        let names = [EPOCHS, WARMUP, PCT_START].map(of_schedule);
        let has_no_start = grid.any(&names, |[length, before, share]| {
            let share = number(share).unwrap_or(0.0);
            let is_one = |length: f64| share * length == 1.0;
            match number(length) {
                Some(length) => is_one(length),
                None => epochs(numerics).any(|epochs| is_one(epochs as f64 - warmup(before))),
            }
        });
        if has_no_start {
            let message = "the rising phase of the cycle has no length";
            let label = "`pct_start` times the epochs is 1, so PyTorch divides 0 by 0";
            self.mistake(Code::Method, place_in(schedule, PCT_START), message, label);
        }
    }

    /// The requirements of optax for a plateau.
    fn plateau(
        &mut self,
        schedule: &spec::Schedule,
        objectives: &[Objective],
        one: &OptimizerVariant<'_>,
    ) {
        let convention = one
            .optimizer
            .schedule
            .as_ref()
            .map(|outline| outline.convention);
        if convention != Some(Convention::Optax) {
            return;
        }
        let grid = &one.optimizer.settings;
        let names = [THRESHOLD, ATOL].map(of_schedule);
        let has_none = grid.any(&names, |both| {
            both.iter().all(|one| number(*one) == Some(0.0))
        });
        if has_none {
            let message = "`threshold` and `atol` are both 0";
            let label = "optax requires one of them to be above 0";
            self.mistake(Code::Method, place_in(schedule, THRESHOLD), message, label);
        }
        let is_beyond = grid.any(&[of_schedule(THRESHOLD)], |[share]| {
            number(share) > Some(1.0)
        });
        if is_beyond {
            let message = "the `threshold` of optax is a fraction of the loss";
            let label = "expected at most 1";
            self.mistake(Code::Method, place_in(schedule, THRESHOLD), message, label);
        }
        let has_batches = objectives.iter().any(|objective| {
            let data = objective.data.as_ref();
            data.is_some_and(|data| data.batch_size < data.training.len())
        });
        if has_batches {
            let message = "optax's `plateau` uses the loss before the update";
            let label = "with batches, the loss of the epoch is not yet known";
            let help =
                "`convention = \"pytorch\"` in the schedule uses the losses of earlier epochs";
            self.advise(Code::Method, place_of_kind(schedule), message, label, help);
        }
    }

    /// Epochs are counted in the precision of a run.
    fn counts(&mut self, spec: &Spec, numerics: &Grid, one: &OptimizerVariant<'_>) {
        let is_beyond = numerics.any(&["precision", "epochs"], |[precision, epochs]| {
            precision == Some(&Value::Name("f32".to_owned()))
                && number(epochs) > Some(MAX_COUNT_F32 as f64)
        });
        if !is_beyond {
            return;
        }
        let first: Vec<(&str, Value)> = one.optimizer.settings.point(0).collect();
        if !one.optimizer.recipe(&first).has_count() {
            return;
        }
        let greatest = grouped(u128::from(MAX_COUNT_F32));
        let name = &one.optimizer.name;
        let message = format!("`{name}` counts epochs, and `f32` counts to {greatest} at most");
        let span = spec
            .epochs
            .as_ref()
            .map_or(0..0, |epochs| epochs.span.clone());
        let label = "expected fewer epochs";
        let help = "use `precision = \"f64\"` for more epochs";
        self.advise(Code::Method, &span, message, label, help);
    }
}

/// The numbers of epochs of all runs.
fn epochs(numerics: &Grid) -> impl Iterator<Item = u64> {
    let series = numerics.series().filter(|(name, _)| *name == "epochs");
    let values = series.flat_map(|(_, series)| series.iter());
    values.filter_map(|value| whole(&value))
}
