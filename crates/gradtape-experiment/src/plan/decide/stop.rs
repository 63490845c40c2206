//! The rules that end runs early.

use super::Decider;
use crate::mistake::{At, Code};
use crate::number::Number;
use crate::plan::{Objective, Stop};
use crate::spec;

impl Decider<'_> {
    pub(super) fn stop(&mut self, written: &spec::Stop, objectives: &[Objective]) -> Stop {
        if let Some(gap) = &written.gap_below
            && !objectives.is_empty()
            && objectives
                .iter()
                .all(|objective| objective.minimum.is_none())
        {
            let message = "`gap_below` needs a known minimum";
            let label = "no objective has one";
            let help = "give an objective `minimum = { value = 0 }`, or use `loss_below`";
            self.advise(Code::Conflict, &gap.span, message, label, help);
        }
        let has_patience = written.keys.iter().any(|key| key == "patience");
        if let (Some(delta), false) = (&written.min_delta, has_patience) {
            let message = "`min_delta` needs `patience`";
            let label = "it has no effect without `patience`";
            self.mistake(Code::Conflict, &delta.span, message, label);
        }
        let value = |rule: &Option<At<Number>>| rule.as_ref().map(|rule| rule.value);
        Stop {
            loss_below: value(&written.loss_below),
            gradient_norm_below: value(&written.gradient_norm_below),
            step_below: value(&written.step_below),
            loss_above: value(&written.loss_above),
            gap_below: value(&written.gap_below),
            patience: written.patience.as_ref().map(|patience| patience.value),
            min_delta: value(&written.min_delta),
        }
    }
}
