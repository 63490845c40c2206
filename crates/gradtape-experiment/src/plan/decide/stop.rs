//! The rules that end runs early.

use super::Decider;
use crate::mistake::{At, Code};
use crate::number::Number;
use crate::plan::{Objective, Stop};
use crate::spec::{self, FileTable};

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
        #[expect(clippy::cast_precision_loss, reason = "integers are below 2^53")]
        let number = |limit: &At<u64>| Number::from(limit.value as f64);
        let integers = written.values_of();
        let integers = integers.map(|(key, limit)| (key, number(limit)));
        let numbers = written.values_of::<At<Number>>();
        let numbers = numbers.map(|(key, limit)| (key, limit.value));
        let limits = integers
            .chain(numbers)
            .filter(|(key, _)| *key != "min_delta");
        Stop {
            limits: limits.collect(),
            min_delta: written.min_delta.as_ref().map(|delta| delta.value),
        }
    }
}
