//! The numbers of a diagnosis.

/// The numbers behind the diagnosis of a run: `None` where a number is not known or not reliable.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The loss after four fifths of a run that could continue.
    pub earlier_loss: Option<f64>,
    /// The smallest loss of the last epochs, up to 65, of a run whose loss is not lowest at
    /// the end.
    pub tail_low: Option<f64>,
    /// The largest of these.
    pub tail_high: Option<f64>,
    /// The decrease of the loss that the quadratic model at the end predicts, each direction
    /// counted with its magnitude.
    pub model_decrease: Option<f64>,
    /// The distance to the stationary point of the model.
    pub model_distance: Option<f64>,
    /// The factor per epoch by which the norm of the gradient changed.
    pub measured_rate: Option<f64>,
    /// The first and the last epoch of that measurement.
    pub measured_over: Option<(u64, u64)>,
    /// The factor that theory predicts: the largest over all directions.
    pub predicted_rate: Option<f64>,
    /// The learning rate below which the method is stable there.
    pub stability_bound: Option<f64>,
    /// The learning rate that would be fastest there.
    pub best_rate: Option<f64>,
    /// The smallest eigenvalue of the Hessian.
    pub least_curvature: Option<f64>,
    /// The largest eigenvalue.
    pub greatest_curvature: Option<f64>,
    /// The condition number: the largest eigenvalue over the smallest, if that is positive.
    pub condition: Option<f64>,
    /// The epoch of this Hessian: the last one, or that of the smallest loss of a diverged run.
    pub curvature_epoch: Option<u64>,
    /// How the precision ended the descent.
    pub floor: Option<Floor>,
    /// The epoch from which it did.
    pub floor_epoch: Option<u64>,
    /// The recorded epoch from which the loss is exactly zero.
    pub zero_loss_from: Option<u64>,
    /// The recorded epoch from which divergence was inevitable.
    pub certain_from: Option<u64>,
    /// The number of consecutive recorded epochs, up to the last change, in which a parameter
    /// changed direction.
    pub turns: Option<u64>,
}

/// A fact in the form that files have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fact {
    /// A number.
    Number(f64),
    /// An epoch or a count.
    Whole(u64),
    /// A word.
    Word(&'static str),
}

impl Facts {
    /// The columns of `diagnosis.csv` that hold facts, in order.
    pub const COLUMNS: [&'static str; 20] = [
        "earlier_loss", "tail_low", "tail_high", "measured_rate", "measured_from", "measured_to",
        "predicted_rate", "stability_bound", "best_rate", "model_decrease", "model_distance",
        "least_curvature", "greatest_curvature", "condition", "curvature_epoch", "floor",
        "floor_epoch", "zero_loss_from", "certain_from", "turns",
    ];

    /// The facts in the order of their columns.
    #[must_use]
    pub fn values(&self) -> [Option<Fact>; 20] {
        let number = |value: Option<f64>| value.map(Fact::Number);
        let whole = |value: Option<u64>| value.map(Fact::Whole);
        [
            number(self.earlier_loss),
            number(self.tail_low),
            number(self.tail_high),
            number(self.measured_rate),
            whole(self.measured_over.map(|(from, _)| from)),
            whole(self.measured_over.map(|(_, to)| to)),
            number(self.predicted_rate),
            number(self.stability_bound),
            number(self.best_rate),
            number(self.model_decrease),
            number(self.model_distance),
            number(self.least_curvature),
            number(self.greatest_curvature),
            number(self.condition),
            whole(self.curvature_epoch),
            self.floor.map(|floor| Fact::Word(floor.name())),
            whole(self.floor_epoch),
            whole(self.zero_loss_from),
            whole(self.certain_from),
            whole(self.turns),
        ]
    }

    /// Parses facts from the text of each column; an empty text is a fact that is not known.
    ///
    /// # Errors
    ///
    /// The name of the first column whose text is invalid.
    pub fn parse<'t>(text: impl Fn(&str) -> &'t str) -> Result<Facts, &'static str> {
        let number = |column: &'static str| match text(column) {
            "" => Ok(None),
            text => text.parse::<f64>().map(Some).map_err(|_| column),
        };
        let whole = |column: &'static str| match text(column) {
            "" => Ok(None),
            text => text.parse::<u64>().map(Some).map_err(|_| column),
        };
        Ok(Facts {
            earlier_loss: number("earlier_loss")?,
            tail_low: number("tail_low")?,
            tail_high: number("tail_high")?,
            measured_rate: number("measured_rate")?,
            measured_over: match (whole("measured_from")?, whole("measured_to")?) {
                (Some(from), Some(to)) => Some((from, to)),
                (None, None) => None,
                _ => return Err("measured_to"),
            },
            predicted_rate: number("predicted_rate")?,
            stability_bound: number("stability_bound")?,
            best_rate: number("best_rate")?,
            model_decrease: number("model_decrease")?,
            model_distance: number("model_distance")?,
            least_curvature: number("least_curvature")?,
            greatest_curvature: number("greatest_curvature")?,
            condition: number("condition")?,
            curvature_epoch: whole("curvature_epoch")?,
            floor: match text("floor") {
                "" => None,
                name => Some(Floor::named(name).ok_or("floor")?),
            },
            floor_epoch: whole("floor_epoch")?,
            zero_loss_from: whole("zero_loss_from")?,
            certain_from: whole("certain_from")?,
            turns: whole("turns")?,
        })
    }

    /// Whether the column holds epochs or counts.
    #[must_use]
    pub fn is_count(column: &str) -> bool {
        let all = [
            "measured_from", "measured_to", "curvature_epoch", "floor_epoch", "zero_loss_from",
            "certain_from", "turns",
        ];
        all.contains(&column)
    }

    /// Whether the column depends on the quadratic model at the end, which not every run has.
    #[must_use]
    pub fn is_of_the_model(column: &str) -> bool {
        let all = [
            "predicted_rate", "stability_bound", "best_rate", "model_decrease", "model_distance",
            "least_curvature", "greatest_curvature", "condition", "curvature_epoch",
        ];
        all.contains(&column)
    }
}

/// How the precision ends a descent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Floor {
    /// The gradient is exactly zero.
    ZeroGradient,
    /// The step is below the smallest normal number and is flushed to zero.
    Flushed,
    /// The step is below half of the smallest subnormal number.
    Underflow,
    /// The step is below half of the spacing of numbers at the parameters.
    Rounding,
    /// The loss is exactly zero, or the same in the last tenth of the epochs where the
    /// gradient is small, while parameters still move.
    Loss,
}

impl Floor {
    /// All variants.
    pub const ALL: &'static [Floor] = &[
        Floor::ZeroGradient,
        Floor::Flushed,
        Floor::Underflow,
        Floor::Rounding,
        Floor::Loss,
    ];

    /// The floor with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Floor> {
        let mut all = Floor::ALL.iter().copied();
        all.find(|floor| floor.name() == name)
    }

    /// The name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Floor::ZeroGradient => "gradient is zero",
            Floor::Flushed => "step is flushed",
            Floor::Underflow => "step underflows",
            Floor::Rounding => "step is rounded away",
            Floor::Loss => "loss does not change",
        }
    }
}
