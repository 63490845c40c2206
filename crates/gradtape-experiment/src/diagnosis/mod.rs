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

mod facts;
mod words;

use std::sync::Arc;

use crate::batch::{End, Recorder, Row, RunResult};
use crate::plan::{Plan, Run};
use facts::evidence::Evidence;
use facts::history::RunHistory;
use facts::run_setup::RunSetup;
use facts::totals::Totals;

pub use facts::diagnoser::{CURVED_RUNS, Diagnoser, MAX_SUMMARY_RUNS};
pub use facts::ranking::{LEVEL, MAX_SETTINGS, Rank, SettingComparison};
pub use facts::run_facts::{Fact, Facts, Floor};
pub use words::rankings::{RankedSetting, Ranking};
pub use words::summary::ObjectiveDetail;

/// The diagnosis of an experiment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnosis {
    /// The paragraph about all runs, sentence by sentence.
    pub summary: Vec<String>,
    /// Further sentences, by objective.
    pub details: Vec<ObjectiveDetail>,
    /// The settings of each objective by their rank, if there are repetitions.
    pub rankings: Vec<Ranking>,
    /// The best run of each objective, if there are no repetitions: the place of the objective in
    /// the plan, and the number of the run. Objectives on which every run diverged are omitted.
    pub best: Vec<(usize, u64)>,
    /// The first [`MAX_SUMMARY_RUNS`] runs.
    pub runs: Vec<RunDiagnosis>,
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
pub struct Conclusion {
    /// Its result.
    pub result: RunResult,
    /// Its diagnosis.
    pub diagnosis: RunDiagnosis,
}

/// The totals of all diagnoses: counts, the best runs and settings, and the first runs.
#[derive(Clone, Debug, Default)]
pub struct Tallies {
    totals: Totals,
    kept: Vec<RunDiagnosis>,
}

impl Tallies {
    /// Adds the totals of later runs.
    pub fn extend(&mut self, plan: &Plan, later: Tallies) {
        self.totals.extend(plan, later.totals);
        self.kept.extend(later.kept);
    }

    /// The diagnosis of all runs.
    #[must_use]
    pub fn diagnosis(self, plan: &Plan, diagnoser: &Diagnoser) -> Diagnosis {
        let Tallies { mut totals, kept } = self;
        let rankings: Vec<Ranking> = totals
            .take_rankings(plan)
            .iter()
            .map(|ranking| Ranking::new(plan, ranking))
            .collect();
        let (summary, details) = match (&kept[..], totals.runs) {
            ([only], 1) => (vec![only.sentence.clone()], Vec::new()),
            (_, 0) => (Vec::new(), Vec::new()),
            _ => totals.summary(plan, diagnoser, &rankings),
        };
        let best = |objective| {
            let best = totals.bests(objective).first()?.rank.run();
            rankings.is_empty().then_some((objective, best))
        };
        Diagnosis {
            summary,
            details,
            best: totals.objectives().into_iter().filter_map(best).collect(),
            rankings,
            runs: kept,
        }
    }
}

/// Diagnoses runs from their recorded epochs, one run after the other.
#[derive(Debug)]
pub struct DiagnosisRecorder<'p> {
    plan: &'p Plan,
    diagnoser: Arc<Diagnoser>,
    history: RunHistory,
    tallies: Tallies,
}

impl<'p> DiagnosisRecorder<'p> {
    /// A recorder without runs.
    #[must_use]
    pub fn new(plan: &'p Plan, diagnoser: Arc<Diagnoser>) -> Self {
        DiagnosisRecorder {
            plan,
            diagnoser,
            history: RunHistory::default(),
            tallies: Tallies::default(),
        }
    }

    /// Returns the result and the diagnosis of the run whose rows were recorded last, and adds
    /// the run to the totals.
    pub fn conclude(&mut self, run: Run, end: &End) -> Conclusion {
        let setup = RunSetup::new(self.plan, &run);
        let evidence = Evidence::new(
            &self.diagnoser,
            self.plan,
            &setup,
            &self.history,
            (run, end),
        );
        let diagnosis = RunDiagnosis {
            run: evidence.result.number,
            label: evidence.result.label.clone(),
            sentence: words::run::sentence(&evidence),
            facts: evidence.facts,
        };
        let result = evidence.result;
        let concluded = Conclusion { result, diagnosis };
        self.add(setup, &concluded);
        concluded
    }

    /// Adds a run that was diagnosed before, as read from a report.
    pub fn recall(&mut self, concluded: &Conclusion) {
        let run = self.plan.run(concluded.result.number);
        self.add(RunSetup::new(self.plan, &run), concluded);
    }

    fn add(&mut self, setup: RunSetup, concluded: &Conclusion) {
        if self.diagnoser.keeps(setup.number) {
            self.tallies.kept.push(concluded.diagnosis.clone());
        }
        self.tallies.totals.add(self.plan, setup, &concluded.result);
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
        let places = (0..variables.len()).filter(|place| recorded.contains(&variables[*place]));
        self.history.begin(places);
    }

    fn record(&mut self, row: &Row<'_>) {
        self.history.record(row);
    }

    fn end(&mut self, run: Run, end: End) -> Option<(Run, End)> {
        self.conclude(run.clone(), &end);
        Some((run, end))
    }
}
