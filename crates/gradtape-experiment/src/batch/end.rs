//! How a run ended.

use super::closing::Closing;
use super::quantities::Quantities;
use super::state::{Best, State};
use super::stop_reason::StopReason;
use crate::number::Scalar;
use crate::plan::Quantity;
use gradtape_tape::Real;

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// Why it ended.
    pub reason: StopReason,
    /// The motion towards its end, if it made all of its epochs, or stopped by a rule for
    /// convergence before it arrived.
    pub closing: Option<Closing>,
    /// The final quantities: those of the last epoch, or after divergence of the last one in
    /// which everything was finite. What depends on known minima, [`RunResult`](super::RunResult) adds.
    pub quantities: Quantities,
    /// The final parameters, in the order of [`parameters`].
    ///
    /// [`parameters`]: crate::objective::Objective::parameters
    pub parameters: Vec<Scalar>,
    /// The parameters in the epoch with the smallest loss.
    pub best_parameters: Vec<Scalar>,
}

impl End {
    /// The number of epochs after which the last states repeat, if they do.
    #[must_use]
    pub fn period(&self) -> Option<u64> {
        self.closing.as_ref()?.tail.as_ref()?.period
    }

    /// The end of a run in its last state, which is also the best one unless there is another.
    pub(super) fn new<T: Real>(
        reason: StopReason,
        closing: Option<Closing>,
        last: &State<T>,
        best: Option<&Best<T>>,
    ) -> Self {
        let (loss, epoch, parameters) = match best {
            Some(best) => (best.loss, best.epoch, &best.parameters),
            None => (last.loss(), last.epoch, &last.parameters),
        };
        let mut quantities = Quantities::default();
        quantities.set_outputs(&last.outputs);
        quantities.set_counts(last.epoch, last.counts);
        quantities.set_count(Quantity::EpochsRun, last.epoch);
        quantities.set(Quantity::BestLoss, Scalar::new(loss));
        quantities.set_count(Quantity::BestEpoch, epoch);
        let scalars = |numbers: &Vec<T>| numbers.iter().map(|x| Scalar::new(*x)).collect();
        End {
            reason,
            closing,
            quantities: quantities.at_end(),
            parameters: scalars(&last.parameters),
            best_parameters: scalars(parameters),
        }
    }
}
