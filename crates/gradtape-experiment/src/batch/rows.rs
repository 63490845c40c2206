//! The rows of the trajectory of a run.

use super::quantities::{Counts, Quantities};
use super::recorder::Row;
use crate::number::Scalar;
use crate::plan::{Plan, RecordedEpochs, Run};

/// Passes the recorded epochs of one run on.
pub(super) struct Rows<'r> {
    recorded_epochs: RecordedEpochs,
    /// Those of the last row, with the learning rate of all epochs unless a schedule changes
    /// it.
    quantities: Quantities,
    epochs: u64,
    /// The epoch of the next row; `None` after the last one, or if nothing looks at rows.
    next: Option<u64>,
    /// The epoch of the last row.
    last: Option<u64>,
    /// Takes the rows, if anything looks at them.
    record: Option<&'r mut dyn FnMut(&Row<'_>)>,
}

impl<'r> Rows<'r> {
    pub(super) fn new(plan: &Plan, run: &Run, record: Option<&'r mut dyn FnMut(&Row<'_>)>) -> Self {
        Rows {
            recorded_epochs: plan.record.recorded(run.epochs),
            quantities: Quantities::of_run(run),
            epochs: run.epochs,
            next: record.is_some().then_some(0),
            last: None,
            record,
        }
    }

    /// Whether anything looks at rows.
    pub(super) fn are_recorded(&self) -> bool {
        self.record.is_some()
    }

    /// The epoch of the next row of a run that makes all epochs: a recorded epoch or the last
    /// one.
    #[inline]
    pub(super) fn next(&self) -> Option<u64> {
        self.next
    }

    /// The epoch of the last row.
    pub(super) fn last(&self) -> Option<u64> {
        self.last
    }

    /// Passes on the row of an epoch; `set` sets what the epoch gives.
    pub(super) fn write(
        &mut self,
        epoch: u64,
        counts: Option<Counts>,
        set: impl FnOnce(&mut Quantities),
        parameters: &dyn Fn(usize) -> Scalar,
    ) {
        let Some(record) = &mut self.record else {
            return;
        };
        self.last = Some(epoch);
        let is_over = epoch >= self.epochs;
        self.next = (!is_over).then(|| self.recorded_epochs.next(epoch + 1).min(self.epochs));
        self.quantities.set_counts(epoch, counts);
        // The learning rate of all epochs stays where the epoch gives none.
        set(&mut self.quantities);
        record(&Row {
            epoch,
            quantities: &self.quantities,
            parameters,
        });
    }
}
