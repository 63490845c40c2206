//! The rules that end runs early.

use super::Decider;
use crate::mistake::Code;
use crate::plan::{Objective, Stop};
use crate::spec;

impl Decider<'_> {
    pub(super) fn stop(&mut self, written: &spec::Stop, objectives: &[Objective]) -> Stop {
        let gap = written.rules.iter().find(|(key, _)| *key == "gap_below");
        if let Some((_, gap)) = gap
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
        let limits = written.rules.iter().map(|(key, limit)| (*key, limit.value));
        Stop {
            limits: limits.collect(),
            min_delta: written.min_delta.as_ref().map(|delta| delta.value),
        }
    }
}
