//! The facts of a verdict.

/// What a verdict rests on: `None` where nothing is known or the numbers do not support it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// How the run behaved towards its end.
    pub behaviour: Behaviour,
    /// By what factor the norm of the gradient changed an epoch.
    pub measured_rate: Option<f64>,
    /// The first and the last epoch that it was measured over.
    pub measured_over: Option<(u64, u64)>,
    /// What theory says for it: the greatest factor over all directions.
    pub predicted_rate: Option<f64>,
    /// Below which learning rate the method is stable there.
    pub stability_bound: Option<f64>,
    /// The learning rate that would be fastest there.
    pub best_rate: Option<f64>,
    /// The least eigenvalue of the Hessian.
    pub least_curvature: Option<f64>,
    /// The greatest.
    pub greatest_curvature: Option<f64>,
    /// The greatest over the least, where that is positive.
    pub condition: Option<f64>,
    /// The epoch in which these were computed: the last, or that of the least loss of a
    /// run that diverged.
    pub curvature_epoch: Option<u64>,
    /// Where the precision ended the descent.
    pub floor: Option<Floor>,
    /// From which epoch on.
    pub floor_epoch: Option<u64>,
    /// From which recorded epoch on the loss is exactly zero.
    pub zero_loss_from: Option<u64>,
    /// From which recorded epoch on a run that diverged had to.
    pub certain_from: Option<u64>,
    /// In how many recorded epochs in a row, up to the last change, a parameter turned back.
    pub turns: Option<u64>,
}

/// How a run behaved towards its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Behaviour {
    /// None of the others.
    #[default]
    Undecided,
    /// A rule of `[stop]` said that it arrived.
    Converged,
    /// The precision allows for nothing more.
    AtFloor,
    /// The gradient still shrank by one factor an epoch.
    Shrinking,
    /// The gradient is small, and the curvature positive in all directions.
    NearMinimum,
    /// A parameter jumps to and fro, and the gradient does not shrink.
    Oscillating,
    /// The loss hardly falls though the gradient is not small.
    OnPlateau,
    /// The gradient is small and the curvature negative in some direction.
    AtSaddle,
    /// The gradient neither shrinks nor grows.
    Wandering,
    /// Nothing that is recorded changes any more, at the learning rate of a schedule.
    Halted,
    /// The gradient grows, though the run did not diverge before its end.
    Growing,
    /// The run diverged.
    Diverged,
}

impl Behaviour {
    /// The word in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Behaviour::Undecided => "undecided",
            Behaviour::Converged => "converged",
            Behaviour::AtFloor => "at floor",
            Behaviour::Shrinking => "shrinking",
            Behaviour::NearMinimum => "near minimum",
            Behaviour::Oscillating => "oscillating",
            Behaviour::OnPlateau => "on plateau",
            Behaviour::AtSaddle => "at saddle",
            Behaviour::Wandering => "wandering",
            Behaviour::Halted => "halted",
            Behaviour::Growing => "growing",
            Behaviour::Diverged => "diverged",
        }
    }
}

/// How the precision ends a descent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Floor {
    /// The gradient is exactly zero: nothing could be better.
    ZeroGradient,
    /// The step is below the least normal number and flushed to zero.
    Flushed,
    /// The step is below half of the least subnormal number.
    Underflow,
    /// The step is below half of the spacing of numbers at the parameters.
    Rounding,
    /// A search finds no better point.
    NoBetterPoint,
    /// The loss is exactly zero, or the same in the last tenth of the epochs where the
    /// gradient is small, while parameters still move.
    Loss,
    /// The gradient is what rounding of the parameters makes of it.
    Gradient,
}

impl Floor {
    /// The word in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Floor::ZeroGradient => "gradient is zero",
            Floor::Flushed => "step is flushed",
            Floor::Underflow => "step underflows",
            Floor::Rounding => "step is rounded away",
            Floor::NoBetterPoint => "no better point",
            Floor::Loss => "loss does not change",
            Floor::Gradient => "gradient is rounding",
        }
    }
}
