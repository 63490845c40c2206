//! When runs end early.

use super::Decider;
use crate::mistake::{At, Code, Mistake};
use crate::number::{Number, grouped};
use crate::plan::{Objective, Stop};
use crate::spec;

/// The epochs without an improvement are counted in the precision of the run, exactly up
/// to here.
const GREATEST_PATIENCE: u64 = 1 << 24;

impl Decider<'_> {
    pub(super) fn stop(&mut self, written: &spec::Stop, objectives: &[Objective]) -> Stop {
        self.limits(written);
        if let Some(gap) = &written.gap_below
            && !objectives.is_empty()
            && objectives
                .iter()
                .all(|objective| objective.minimum.is_none())
        {
            let message = "`gap_below` needs a known minimum";
            let label = "no objective has one";
            let mistake = Mistake::new(Code::Conflict, gap.span.clone(), message, label);
            let help = "give an objective `minimum = { value = 0 }`, or use `loss_below`";
            self.mistakes.push(mistake.help(help));
        }
        let patience = written.patience.as_ref();
        if let Some(patience) = patience
            && !(1..=GREATEST_PATIENCE).contains(&patience.value)
        {
            let message = format!("`patience` cannot be {}", patience.value);
            let greatest = grouped(u128::from(GREATEST_PATIENCE));
            let label = format!("expected a number of epochs from 1 to {greatest}");
            self.mistake(Code::WrongValue, &patience.span, message, label);
        }
        if let Some(delta) = &written.min_delta {
            if patience.is_none() {
                let message = "`min_delta` needs `patience`";
                let label = "without it no run ends for want of an improvement";
                self.mistake(Code::Conflict, &delta.span, message, label);
            }
            self.is_length(
                "min_delta",
                delta,
                |number| number >= 0.0,
                "expected 0 or above",
            );
        }
        let value = |rule: &Option<At<Number>>| rule.as_ref().map(|rule| rule.value);
        Stop {
            loss_below: value(&written.loss_below),
            gradient_norm_below: value(&written.gradient_norm_below),
            step_below: value(&written.step_below),
            loss_above: value(&written.loss_above),
            gap_below: value(&written.gap_below),
            patience: patience.map(|patience| patience.value),
            min_delta: value(&written.min_delta),
        }
    }

    /// Checks the numbers that a quantity is compared with.
    fn limits(&mut self, written: &spec::Stop) {
        let lengths = [
            ("gradient_norm_below", &written.gradient_norm_below),
            ("step_below", &written.step_below),
        ];
        for (name, rule) in lengths {
            if let Some(rule) = rule {
                let expected = "expected a number above 0: a length is never below 0";
                self.is_length(name, rule, |number| number > 0.0, expected);
            }
        }
        if let Some(gap) = &written.gap_below {
            let expected = "expected a number above 0: no loss is below the minimum";
            self.is_length("gap_below", gap, |number| number > 0.0, expected);
        }
        for (name, rule) in [
            ("loss_below", &written.loss_below),
            ("loss_above", &written.loss_above),
        ] {
            if let Some(rule) = rule.as_ref().filter(|rule| rule.value.wide().is_nan()) {
                self.mistake(
                    Code::WrongValue,
                    &rule.span,
                    format!("`{name}` cannot be nan"),
                    "expected a number",
                );
            }
        }
    }

    fn is_length(
        &mut self,
        name: &str,
        rule: &At<Number>,
        is_right: fn(f64) -> bool,
        expected: &str,
    ) {
        if !is_right(rule.value.wide()) {
            let written = self.source.get(rule.span.clone()).unwrap_or("this");
            let message = format!("`{name}` cannot be {written}");
            self.mistake(Code::WrongValue, &rule.span, message, expected);
        }
    }
}
