//! Outcomes of runs and the reasons for them, from the ends of the runs, the recorded rows and
//! theory.
//!
//! A [`DiagnosisRecorder`] reads the rows of runs as they are computed, in memory that does not
//! depend on the length of a run. These rows and the end of a run give its
//! [outcome](crate::ending::Outcome) and its [`RunDiagnosis`]; all runs together give the
//! [`Diagnosis`] of the experiment. Diagnoses stored in a report are reused unchanged.
//!
//! The outcome does not depend on which epochs are recorded; sentences about a trajectory refer
//! to the recorded epochs only. A statement is made only if its numbers support it:
//!
//! - A *measured rate* is the slope of a straight line through the logarithms of the norm of
//!   the gradient, over the last half of the epochs before the precision's floor (or their
//!   last quarter, or the peaks of an oscillating gradient). It is reported if the spread about
//!   the line is below a tenth of its fall and the slopes of both halves agree: within 15 %, or
//!   3 % where the gradient falls by less than e³.
//! - The *predicted rate* is that of gradient descent, plain or with momentum, at one
//!   learning rate, on a quadratic function with the eigenvalues of the Hessian where the
//!   run ended: for plain descent the largest |1 − η·λ|. For a diverged run the Hessian at its
//!   smallest loss is used.
//! - Curvature is computed in `f64` for objectives without data that have up to
//!   [`MAX_MODELLED`](crate::batch::MAX_MODELLED) variables. It is among the facts of the first
//!   [`CURVED_RUNS`] runs.
//! - The curvature is compared with the descent only near a stationary point (that of the
//!   quadratic model, within the distance at which a known minimum counts as reached), or where
//!   both rates agree within 2 %.
//! - A *floor* is where the precision ends a descent: [`Floor`] lists the cases.
//! - Divergence was *certain* from the first epoch after which the gradient grew in every
//!   recorded epoch.
//!
//! # Examples
//!
//! ```
//! use std::sync::Arc;
//! use gradtape_experiment::batch::{self, Cancelled, Control};
//! use gradtape_experiment::diagnosis::{Diagnoser, DiagnosisRecorder, Tallies};
//! use gradtape_experiment::plan::Plan;
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

use crate::batch::{End, Recorder, Row, RunResult};
use crate::number::{Number, Precision};
use crate::plan::{Plan, Run};
use conclude::Ended;
use curvature::{Curvatures, Model};
use gradtape_tape::Subnormals;
use history::History;
use theory::Theory;

pub use facts::{Fact, Facts, Floor};
pub use ranking::{Comparison, LEVEL, MAX_SETTINGS, Rank, RankedSetting, Ranking};
pub use summary::Tallies;

/// Maximum number of runs with facts about curvature; the first runs have them.
pub const CURVED_RUNS: usize = 200;

/// Maximum number of run diagnoses kept in memory, the first ones; `diagnosis.csv` of a report
/// has all.
pub const MAX_SUMMARY_RUNS: usize = 1_000;

/// The diagnosis of an experiment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnosis {
    /// The paragraph about all runs, sentence by sentence.
    pub summary: Vec<String>,
    /// Further sentences, by objective.
    pub details: Vec<Detail>,
    /// The settings of each objective by their rank, if there are repetitions.
    pub rankings: Vec<Ranking>,
    /// The best run of each objective, if there are no repetitions: the place of the objective in
    /// the plan, and the number of the run. Objectives on which every run diverged are omitted.
    pub best: Vec<(usize, u64)>,
    /// The first [`MAX_SUMMARY_RUNS`] runs.
    pub runs: Vec<RunDiagnosis>,
}

/// The diagnosis of the runs of an objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// Its name, with its dimension where others have the same name.
    pub objective: String,
    /// The best run, and the learning rates at which runs begin to diverge.
    pub sentences: Vec<String>,
}

/// The diagnosis of a run. Its outcome is in its [result](RunResult::outcome).
#[derive(Clone, Debug, PartialEq)]
pub struct RunDiagnosis {
    /// The number of the run in its plan.
    pub run: u64,
    /// The settings that distinguish it from other runs.
    pub label: String,
    /// The facts in plain sentences.
    pub sentence: String,
    /// The numbers behind the sentences.
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

/// State that all recorders of a job share: the range of the runs examined more closely, and the
/// programs for second derivatives.
#[derive(Debug)]
pub struct Diagnoser {
    curvatures: Curvatures,
    /// The last run whose facts include curvature, and the last run that is kept.
    last_curved: Option<u64>,
    last_kept: Option<u64>,
}

impl Diagnoser {
    /// A diagnoser for the runs `numbers` of a plan, in ascending order.
    #[must_use]
    pub fn new(plan: &Plan, numbers: &[u64]) -> Self {
        let last_of = |count: usize| numbers[..count.min(numbers.len())].last().copied();
        Diagnoser {
            curvatures: Curvatures::new(plan),
            last_curved: last_of(CURVED_RUNS),
            last_kept: last_of(MAX_SUMMARY_RUNS),
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

    /// The model at the end of a run, or at the smallest loss of a diverged run.
    fn model_of(&self, plan: &Plan, subject: &Subject, result: &RunResult) -> Option<Model> {
        let values = if result.is_diverged() {
            &result.best_parameters
        } else {
            &result.parameters
        };
        // Results have an entry for each parameter of the plan.
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

/// The parts of a [`Run`] that a diagnosis needs.
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

/// Diagnoses runs from their recorded epochs, one run after the other.
#[derive(Debug)]
pub struct DiagnosisRecorder<'p> {
    plan: &'p Plan,
    diagnoser: Arc<Diagnoser>,
    history: History,
    tallies: Tallies,
}

impl<'p> DiagnosisRecorder<'p> {
    /// A recorder without runs.
    #[must_use]
    pub fn new(plan: &'p Plan, diagnoser: Arc<Diagnoser>) -> Self {
        DiagnosisRecorder {
            plan,
            diagnoser,
            history: History::default(),
            tallies: Tallies::default(),
        }
    }

    /// Returns the result and the diagnosis of the run whose rows were recorded last, and adds
    /// the run to the totals.
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

    /// Adds a run that was diagnosed before, as read from a report.
    pub fn recall(&mut self, concluded: &Concluded) {
        let run = self.plan.run(concluded.result.number);
        self.add(Subject::new(self.plan, &run), concluded);
    }

    fn add(&mut self, subject: Subject, concluded: &Concluded) {
        let is_kept = self.diagnoser.keeps(subject.number);
        self.tallies.add(self.plan, subject, concluded, is_kept);
    }

    /// The totals of all diagnoses so far.
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
