//! The quantities of a run: the table that files, charts, filters and checks follow.

use super::Runs;

macro_rules! quantities {
    ($($variant:ident $name:literal $label:literal $kind:ident $best:ident $presence:ident
        $places:ident;)+) => {
        /// A quantity of a run, at its epochs or at its end, other than its parameters.
        ///
        /// # Examples
        ///
        /// ```
        /// use gradtape_experiment::plan::Quantity;
        ///
        /// let epochs = Quantity::named("epochs_run").ok_or("unknown")?;
        /// assert!(epochs.is_count());
        /// assert!(Quantity::named("w").is_none());
        /// # Ok::<(), &str>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Quantity {
            $(#[doc = concat!("The ", $label, ".")] $variant),+
        }

        impl Quantity {
            /// All quantities, in the order in which files have them.
            pub const ALL: &'static [Quantity] = &[$(Quantity::$variant),+];

            const fn description(self) -> Description {
                match self {
                    $(Quantity::$variant => Description {
                        name: $name,
                        label: $label,
                        kind: QuantityKind::$kind,
                        best: Best::$best,
                        presence: Presence::$presence,
                        places: Places::$places,
                    }),+
                }
            }
        }
    };
}

/// A row of the table.
struct Description {
    name: &'static str,
    label: &'static str,
    kind: QuantityKind,
    best: Best,
    presence: Presence,
    places: Places,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum QuantityKind {
    /// An integer.
    Count,
    /// A number.
    Number,
    /// A number that describes a state, so that its final value is one of several.
    State,
}

/// Which of two values is the better one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Best {
    Smaller,
    Neither,
}

/// Which runs have it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Always,
    /// Those of methods with a learning rate; every file has the column.
    Rates,
    /// Those with rows for validation.
    Validation,
    /// Those with a known minimum.
    Gap,
    /// Those with a known minimiser.
    Distance,
    /// In files where a method evaluates more than once an epoch.
    Searches,
}

/// Where it is found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Places {
    /// In rows of `trajectories.csv`.
    Epochs,
    /// In those of `runs.csv`.
    End,
    Both,
}

quantities! {
    LearningRate "learning_rate" "learning rate" Number Neither Rates Epochs;
    EpochsRun "epochs_run" "epochs run" Count Smaller Always End;
    Loss "loss" "loss" State Smaller Always Both;
    GradientNorm "gradient_norm" "gradient norm" State Smaller Always Both;
    ValidationLoss "validation_loss" "validation loss" State Smaller Validation Both;
    Gap "gap" "gap" State Smaller Gap End;
    Distance "distance" "distance" Number Smaller Distance End;
    BestLoss "best_loss" "best loss" Number Smaller Always End;
    BestEpoch "best_epoch" "best epoch" Count Neither Always End;
    Evaluations "evaluations" "evaluations" Count Smaller Searches Both;
    GradientEvaluations "gradient_evaluations" "gradient evaluations" Count Smaller Searches End;
    HessianProducts "hessian_products" "Hessian products" Count Smaller Searches End;
}

impl Quantity {
    /// The number of different quantities.
    pub const COUNT: usize = Quantity::ALL.len();

    /// Its name in files and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.description().name
    }

    /// Its name in sentences and charts.
    #[must_use]
    pub const fn label(self) -> &'static str {
        self.description().label
    }

    /// The quantity with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Quantity> {
        let mut all = Quantity::ALL.iter().copied();
        all.find(|quantity| quantity.name() == name)
    }

    /// The final quantities that the runs of a plan have.
    pub fn of(runs: &Runs) -> impl Iterator<Item = Quantity> + Clone {
        let presences = Presences::new(runs);
        Quantity::finals().filter(move |one| presences.can_name(*one))
    }

    /// Those that runs of a plan have in every epoch.
    pub fn recorded(runs: &Runs) -> impl Iterator<Item = Quantity> + Clone {
        let presences = Presences::new(runs);
        Quantity::of_epochs().filter(move |one| presences.can_name(*one))
    }

    /// Those with a column in `runs.csv`, in this order.
    pub fn in_runs(runs: &Runs) -> impl Iterator<Item = Quantity> + Clone {
        let presences = Presences::new(runs);
        Quantity::finals().filter(move |one| presences.has(*one))
    }

    /// Those with a column in `trajectories.csv`, in this order: evaluations count epochs more
    /// precisely, and so come first.
    pub fn in_trajectories(runs: &Runs) -> impl Iterator<Item = Quantity> + Clone {
        let presences = Presences::new(runs);
        let recorded = Quantity::of_epochs().filter(move |one| presences.has(*one));
        let counts = recorded.clone().filter(|one| one.is_count());
        counts.chain(recorded.filter(|one| !one.is_count()))
    }

    fn finals() -> impl Iterator<Item = Quantity> + Clone {
        let all = Quantity::ALL.iter().copied();
        all.filter(|one| one.is_final())
    }

    fn of_epochs() -> impl Iterator<Item = Quantity> + Clone {
        let all = Quantity::ALL.iter().copied();
        all.filter(|one| one.description().places != Places::End)
    }

    /// Whether it is a count, and so an integer.
    #[must_use]
    pub fn is_count(self) -> bool {
        self.description().kind == QuantityKind::Count
    }

    /// Whether a run has it at its end.
    pub(crate) fn is_final(self) -> bool {
        self.description().places != Places::Epochs
    }

    /// Whether every run has it.
    #[must_use]
    pub fn is_of_every_run(self) -> bool {
        self.description().presence == Presence::Always
    }

    /// Whether it describes a state, so that its final value is one of several.
    #[must_use]
    pub fn is_of_state(self) -> bool {
        self.description().kind == QuantityKind::State
    }

    /// Whether a smaller value is better: true of all but the epoch of the best loss and the
    /// learning rate.
    #[must_use]
    pub fn is_better_smaller(self) -> bool {
        self.description().best == Best::Smaller
    }
}

/// Which quantities the runs of a plan have.
#[derive(Clone, Copy)]
struct Presences {
    validation: bool,
    gap: bool,
    distance: bool,
    searches: bool,
}

impl Presences {
    fn new(runs: &Runs) -> Self {
        Presences {
            validation: runs.has_validation(),
            gap: runs.has_gap(),
            distance: runs.has_distance(),
            searches: runs.has_searches(),
        }
    }

    fn has(self, quantity: Quantity) -> bool {
        match quantity.description().presence {
            Presence::Always | Presence::Rates => true,
            Presence::Validation => self.validation,
            Presence::Gap => self.gap,
            Presence::Distance => self.distance,
            Presence::Searches => self.searches,
        }
    }

    /// Whether a file can name the quantity: also counts of evaluations that are those of
    /// epochs.
    fn can_name(self, quantity: Quantity) -> bool {
        self.has(quantity) || quantity.description().presence == Presence::Searches
    }
}
