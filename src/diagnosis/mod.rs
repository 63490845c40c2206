//! What runs came to, and why: from how they ended, from what was recorded, and from theory.
//!
//! A [`DiagnosisRecorder`] looks at the rows of runs while they go by, and keeps as much of
//! each whatever its length. From that and the end of a run follow its
//! [outcome](crate::ending::Outcome) and its [`RunDiagnosis`]; all runs together make the
//! [`Diagnosis`] of the experiment. What a report has of a run is taken over as it is.
//!
//! The outcome does not depend on what is recorded; sentences about a trajectory of every
//! hundredth epoch are about these. A statement is made only where its numbers support it:
//!
//! - A *measured rate* is the slope of a straight line through the logarithms of the norm of
//!   the gradient, over the last half of the epochs before the precision's floor (or their
//!   last quarter, or the peaks of a gradient that swings). It is told if the spread about
//!   the line is below a tenth of its fall and both halves of it fall alike: within 15 %, or
//!   3 % where the gradient falls by less than e³.
//! - The *predicted rate* is that of gradient descent, plain or with momentum, at one
//!   learning rate, on a quadratic function with the eigenvalues of the Hessian where the
//!   run ended: for plain descent the greatest |1 − η·λ|. A diverged run is judged by the
//!   Hessian where its loss was least.
//! - Curvature is computed in `f64` for objectives of up to [`MAX_MODELLED`](crate::batch::MAX_MODELLED) variables
//!   without data. It is among the facts of the first [`CURVED_RUNS`] runs of a batch.
//! - The curvature is compared with the descent only near a stationary point (of the
//!   quadratic model, no farther than a known minimum that counts as reached), or where both
//!   rates agree within 2 %.
//! - A *floor* is where the precision ends a descent: [`Floor`] says which.
//! - An escape was *certain* from the epoch on from which the gradient grew in every
//!   recorded epoch.
//!
//! # Examples
//!
//! ```
//! use std::sync::Arc;
//! use gradtape::batch::{self, Cancelled, Control};
//! use gradtape::diagnosis::{Diagnoser, DiagnosisRecorder, Tallies};
//! use gradtape::plan::Plan;
//!
//! let plan = Plan::new("example.toml", r#"
//!     epochs = 100
//!     objective = [{ formula = "w^2", start = { w = 1 } }]
//!     optimizer = [{ method = "sgd", learning_rate = 0.01 }]
//! "#)?;
//! let diagnoser = Arc::new(Diagnoser::new(&plan, &[0]));
//! let mut tallies = Tallies::default();
//! let recorder = || DiagnosisRecorder::new(&plan, Arc::clone(&diagnoser));
//! batch::run(&plan, &[0], recorder, &Control::default(), |_, recorder| {
//!     tallies.extend(&plan, recorder.finish());
//!     Ok::<(), Cancelled>(())
//! })?;
//! let diagnosis = tallies.diagnosis(&plan, &diagnoser);
//! let facts = &diagnosis.runs[0].facts;
//! assert!((facts.measured_rate.unwrap() - 0.98).abs() < 1e-9);
//! assert_eq!(facts.predicted_rate, Some(0.98));
//! assert_eq!((facts.stability_bound, facts.best_rate), (Some(1.0), Some(0.5)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod conclude;
mod curvature;
mod eigenvalues;
mod facts;
mod fit;
mod history;
mod outcome;
mod rank_tests;
mod ranking;
mod sentence;
mod summary;
mod theory;
mod words;

use std::sync::Arc;

use crate::autodiff::Subnormals;
use crate::batch::{End, Recorder, Row, RunResult};
use crate::number::{Number, Precision};
use crate::plan::{Plan, Run};
use conclude::Ended;
use curvature::{Curvatures, Model};
use history::History;
use theory::Theory;

pub use facts::{Fact, Facts, Floor};
pub use ranking::{Comparison, LEVEL, MAX_SETTINGS, Rank, RankedSetting, Ranking};
pub use summary::Tallies;

/// The facts about curvature are there for so many runs of a batch, the first ones.
pub const CURVED_RUNS: usize = 200;

/// So many diagnoses of runs are kept in memory, the first ones; a report has the others in
/// `diagnosis.csv`.
pub const KEPT_RUNS: usize = 1_000;

/// The diagnosis of an experiment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnosis {
    /// The paragraph about all runs, sentence by sentence.
    pub summary: Vec<String>,
    /// What is too much for the paragraph, objective by objective.
    pub details: Vec<Detail>,
    /// The settings of each objective by their rank, if there are repetitions.
    pub rankings: Vec<Ranking>,
    /// The best run of each objective that has one which did not diverge, if there are no
    /// repetitions: the objective by its place in the plan, and the number of the run.
    pub best: Vec<(usize, u64)>,
    /// The first [`KEPT_RUNS`] runs.
    pub runs: Vec<RunDiagnosis>,
}

/// The diagnosis of the runs of an objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// Its name, with its dimension where others have the same name.
    pub objective: String,
    /// How far which optimizer came, and where its runs begin to diverge.
    pub sentences: Vec<String>,
}

/// The diagnosis of a run. What it came to is in its [result](RunResult::outcome).
#[derive(Clone, Debug, PartialEq)]
pub struct RunDiagnosis {
    /// The number of the run in its plan.
    pub run: u64,
    /// What tells it apart.
    pub label: String,
    /// The facts in plain sentences.
    pub sentence: String,
    /// What is known.
    pub facts: Facts,
}

/// A run that ended, with its diagnosis.
#[derive(Clone, Debug, PartialEq)]
pub struct Concluded {
    /// Its result.
    pub result: RunResult,
    /// Its diagnosis.
    pub diagnosis: RunDiagnosis,
}

/// What all recorders of a batch share: the runs that are looked at more closely, and the
/// programs of second derivatives.
#[derive(Debug)]
pub struct Diagnoser {
    curvatures: Curvatures,
    /// The last of the runs whose facts include curvature, and that are kept.
    last_curved: Option<u64>,
    last_kept: Option<u64>,
}

impl Diagnoser {
    /// That of the runs `numbers` of a plan, which are in order.
    #[must_use]
    pub fn new(plan: &Plan, numbers: &[u64]) -> Self {
        let last_of = |count: usize| numbers[..count.min(numbers.len())].last().copied();
        Diagnoser {
            curvatures: Curvatures::new(plan),
            last_curved: last_of(CURVED_RUNS),
            last_kept: last_of(KEPT_RUNS),
        }
    }

    fn keeps(&self, run: u64) -> bool {
        self.last_kept.is_some_and(|last| run <= last)
    }

    fn curves(&self, run: u64) -> bool {
        self.last_curved.is_some_and(|last| run <= last)
    }

    /// The quadratic model of the objective of a run at a point.
    fn model(&self, plan: &Plan, subject: &Subject, point: &[f64]) -> Option<Model> {
        self.curvatures
            .at(plan, subject.objective, &subject.constants, point)
    }

    /// The same where a run ended, or where the loss of one that diverged was lowest.
    fn model_of(&self, plan: &Plan, subject: &Subject, result: &RunResult) -> Option<Model> {
        let values = if result.is_diverged() {
            &result.best_parameters
        } else {
            &result.parameters
        };
        // Results have a place for each parameter of the plan.
        let size = plan.objectives[subject.objective]
            .function
            .parameters()
            .len();
        let mut point = vec![f64::NAN; size];
        for (place, value) in plan.places(subject.objective).iter().zip(values) {
            if let (Some(place), Some(value)) = (place, value) {
                point[*place] = value.to_f64();
            }
        }
        self.model(plan, subject, &point)
    }
}

/// What a diagnosis needs to know of a [`Run`].
#[derive(Clone, Debug)]
struct Subject {
    number: u64,
    objective: usize,
    optimizer: usize,
    precision: Precision,
    subnormals: Subnormals,
    constants: Vec<Number>,
    learning_rate: Option<f64>,
    theory: Option<Theory>,
    is_scheduled: bool,
}

impl Subject {
    fn new(plan: &Plan, run: &Run) -> Self {
        let rate = run.learning_rate;
        Subject {
            number: run.number,
            objective: run.objective,
            optimizer: run.optimizer,
            precision: run.precision,
            subnormals: run.subnormals,
            constants: run.constants.clone(),
            learning_rate: rate.map(|rate| rate.scalar(run.precision).to_f64()),
            theory: Theory::of(plan, run),
            is_scheduled: run.recipe.schedule.is_some(),
        }
    }
}

/// Looks at the recorded epochs of runs, one run after the other.
#[derive(Debug)]
pub struct DiagnosisRecorder<'p> {
    plan: &'p Plan,
    diagnoser: Arc<Diagnoser>,
    history: History,
    tallies: Tallies,
}

impl<'p> DiagnosisRecorder<'p> {
    /// One that has seen no run yet.
    #[must_use]
    pub fn new(plan: &'p Plan, diagnoser: Arc<Diagnoser>) -> Self {
        DiagnosisRecorder {
            plan,
            diagnoser,
            history: History::default(),
            tallies: Tallies::default(),
        }
    }

    /// The result and the diagnosis of the run whose rows were recorded last, which counts
    /// among all from now on.
    pub fn conclude(&mut self, run: Run, end: &End) -> Concluded {
        let subject = Subject::new(self.plan, &run);
        let ended = Ended {
            plan: self.plan,
            subject: &subject,
            history: &self.history,
            end,
        };
        let concluded = conclude::conclude(&self.diagnoser, &ended, run);
        self.add(subject, &concluded);
        concluded
    }

    /// Counts a run that was concluded before, as a report has it.
    pub fn recall(&mut self, concluded: &Concluded) {
        let run = self.plan.run(concluded.result.number);
        self.add(Subject::new(self.plan, &run), concluded);
    }

    fn add(&mut self, subject: Subject, concluded: &Concluded) {
        let is_kept = self.diagnoser.keeps(subject.number);
        self.tallies.add(self.plan, subject, concluded, is_kept);
    }

    /// All diagnoses so far.
    #[must_use]
    pub fn finish(self) -> Tallies {
        self.tallies
    }
}

impl Recorder for DiagnosisRecorder<'_> {
    fn begin(&mut self, run: &Run) {
        let recorded = &self.plan.record.parameters;
        let variables = self.plan.objectives[run.objective].function.parameters();
        let variables = variables.iter().enumerate();
        let places = variables.filter(|(_, name)| recorded.contains(name));
        self.history.begin(places.map(|(place, _)| place));
    }

    fn record(&mut self, row: &Row<'_>) {
        self.history.record(row);
    }

    fn end(&mut self, run: Run, end: End) -> Option<(Run, End)> {
        self.conclude(run.clone(), &end);
        Some((run, end))
    }
}
