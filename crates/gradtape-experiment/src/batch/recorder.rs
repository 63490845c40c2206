//! What a job passes on: the rows and the ends of its runs.

use std::fmt;

use super::end::End;
use super::quantities::Quantities;
use crate::number::Scalar;
use crate::plan::Run;

/// The state of a run after `epoch` updates.
pub struct Row<'a> {
    /// The number of updates so far.
    pub epoch: u64,
    /// The quantities at this epoch; the evaluations include that of this state.
    pub quantities: &'a Quantities,
    /// The parameter with this place among those of the objective.
    pub parameters: &'a dyn Fn(usize) -> Scalar,
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Row (epoch {}, loss {})",
            self.epoch,
            self.quantities.loss()
        )
    }
}

/// Takes the recorded epochs of one run, or of several one after the other.
pub trait Recorder {
    /// Whether it looks at rows at all. If not, none are stored for it.
    const LOOKS: bool = true;

    /// Called before the first row of each run.
    fn begin(&mut self, run: &Run);
    /// Called for each recorded epoch, in order.
    fn record(&mut self, row: &Row<'_>);
    /// Called when the run has ended. A returned value is delivered along with the
    /// recorder; one that takes all that it needs here, on the thread that
    /// computed the run, returns `None`.
    fn end(&mut self, run: Run, end: End) -> Option<(Run, End)> {
        Some((run, end))
    }
}

/// A recorder for final values only.
impl Recorder for () {
    const LOOKS: bool = false;

    fn begin(&mut self, _: &Run) {}
    fn record(&mut self, _: &Row<'_>) {}
}
