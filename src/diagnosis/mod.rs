//! Why runs ended as they did: sentences from what was recorded, and from theory.
//!
//! A [`DiagnosisRecorder`] looks at the rows of runs while they go by, and keeps as much of
//! each whatever its length. From that, the result and the plan it draws a [`Verdict`]; all
//! verdicts together make the [`Diagnosis`] of the experiment. Rows that were read back from
//! a report give the same verdicts as those that were just computed, so only what a report
//! records is looked at: a trajectory of every hundredth epoch allows for statements about
//! these.
//!
//! A statement is made only where its numbers support it:
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
//! - Curvature is computed in `f64` for objectives of up to [`GREATEST_CURVED`] variables
//!   without data, for the first [`CURVED_RUNS`] runs of a batch and for the best.
//! - The curvature is compared with the descent only where the gradient has become small,
//!   below a thousandth of the greatest, or where both rates agree within 2 %.
//! - A *floor* is where the precision ends a descent: [`Floor`] says which and how it is
//!   told.
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
//!     tallies.extend(recorder.finish());
//!     Ok::<(), Cancelled>(())
//! })?;
//! let diagnosis = tallies.diagnosis(&plan, &diagnoser);
//! let facts = &diagnosis.verdicts[0].facts;
//! assert!((facts.measured_rate.unwrap() - 0.98).abs() < 1e-9);
//! assert_eq!(facts.predicted_rate, Some(0.98));
//! assert_eq!((facts.stability_bound, facts.best_rate), (Some(1.0), Some(0.5)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod curvature;
mod eigenvalues;
mod facts;
mod fit;
mod history;
mod sentence;
mod summary;
mod theory;
mod verdict;
mod words;

use std::sync::Arc;

use crate::autodiff::Subnormals;
use crate::batch::{Outcome, Recorder, Row, RunResult};
use crate::number::{Number, Precision};
use crate::plan::{Plan, Run};
use curvature::Curvatures;
use history::History;
use theory::Theory;

pub use curvature::GREATEST_CURVED;
pub use facts::{Behaviour, Facts, Floor};
pub use summary::Tallies;

/// The curvature at the end of so many runs of a batch is computed, the first ones, and
/// that of the best.
pub const CURVED_RUNS: usize = 200;

/// So many verdicts are kept, the first ones; a report has the others in `diagnosis.csv`.
pub const KEPT_VERDICTS: usize = 1_000;

/// What became of an experiment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnosis {
    /// The paragraph about all runs, sentence by sentence.
    pub summary: Vec<String>,
    /// What is too much for the paragraph, objective by objective.
    pub details: Vec<Detail>,
    /// The first [`KEPT_VERDICTS`] runs.
    pub verdicts: Vec<Verdict>,
}

/// What became of the runs of an objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// Its name, with its dimension where others have the same name.
    pub objective: String,
    /// How far which optimizer came, and where its runs begin to diverge.
    pub sentences: Vec<String>,
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The number of the run in its plan.
    pub run: u64,
    /// What tells it apart.
    pub label: String,
    /// The same as the facts in one or several plain sentences.
    pub sentence: String,
    /// What is known.
    pub facts: Facts,
}

/// What all recorders of a batch share: the runs that are looked at more closely, and the
/// programs of second derivatives.
#[derive(Debug)]
pub struct Diagnoser {
    curvatures: Curvatures,
    /// The last of the runs whose curvature is computed, and that are kept.
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
            last_kept: last_of(KEPT_VERDICTS),
        }
    }

    fn keeps(&self, run: u64) -> bool {
        self.last_kept.is_some_and(|last| run <= last)
    }

    fn curves(&self, run: u64) -> bool {
        self.last_curved.is_some_and(|last| run <= last)
    }
}

/// What a verdict needs to know of a [`Run`].
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
    is_search: bool,
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
            is_search: run.recipe.rule.method().needs().is_some(),
        }
    }
}

/// Looks at the recorded epochs of runs, one run after the other.
#[derive(Debug)]
pub struct DiagnosisRecorder<'p> {
    plan: &'p Plan,
    diagnoser: Arc<Diagnoser>,
    subject: Option<Subject>,
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
            subject: None,
            history: History::default(),
            tallies: Tallies::default(),
        }
    }

    /// The verdict about the run whose rows were recorded last, which is counted too;
    /// `None` if that is another one.
    pub fn conclude(&mut self, result: &RunResult) -> Option<Verdict> {
        let subject = self
            .subject
            .take_if(|subject| subject.number == result.number)?;
        let verdict = verdict::verdict(self.plan, &self.diagnoser, &subject, &self.history, result);
        let is_kept = self.diagnoser.keeps(subject.number);
        self.tallies.add(subject, result, &verdict, is_kept);
        Some(verdict)
    }

    /// All verdicts so far.
    #[must_use]
    pub fn finish(self) -> Tallies {
        self.tallies
    }
}

impl Recorder for DiagnosisRecorder<'_> {
    fn begin(&mut self, run: &Run) {
        self.subject = Some(Subject::new(self.plan, run));
        let recorded = &self.plan.record.parameters;
        let variables = self.plan.objectives[run.objective].function.parameters();
        let variables = variables.iter().enumerate();
        let places = variables.filter(|(_, name)| recorded.contains(name));
        self.history.begin(places.map(|(place, _)| place));
    }

    fn record(&mut self, row: &Row<'_>) {
        self.history.record(row);
    }

    fn end(&mut self, run: Run, outcome: Outcome) -> Option<(Run, Outcome)> {
        let result = RunResult::new(self.plan, run.clone(), &outcome);
        self.conclude(&result);
        Some((run, outcome))
    }
}
