//! Final values against those of the recorded report.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::deviation::{Apart, Demand, Deviation, Subject, digits};
use super::matching::Matching;
use super::report::RecordedReport;
use super::states::RecordedTrajectories;
use crate::{ConclusionReader, RUNS, ReportError, State};
use gradtape_experiment::batch::RunResult;
use gradtape_experiment::diagnosis::{CURVED_RUNS, Conclusion, Fact, Facts};
use gradtape_experiment::number::{Scalar, Value};
use gradtape_experiment::plan::{Plan, Quantity, Tolerance};

/// The recorded runs that results are compared with, one by one.
#[derive(Debug)]
pub struct RecordedRuns<'p> {
    report: &'p RecordedReport,
    /// `None` if the report has no runs.
    reader: Option<ConclusionReader<'p>>,
    /// `None` if only the ends of runs are compared.
    trajectories: Option<RecordedTrajectories<'p>>,
    comparison: Comparison<'p>,
    matching: Matching,
    /// Whether all runs of the plan are compared, so that other recorded runs are missing.
    is_whole: bool,
    /// The number of runs read.
    count: u64,
    /// The recorded run that was read last, if it comes later.
    next: Option<Conclusion>,
    /// Runs that were read and correspond to a current run that comes later.
    waiting: HashMap<u64, Conclusion>,
}

impl<'p> RecordedRuns<'p> {
    pub(super) fn open(
        report: &'p RecordedReport,
        plan: &'p Plan,
        numbers: &[u64],
    ) -> Result<Self, ReportError> {
        let recorded = report.plan();
        let has_runs = recorded.runs.count() > 0;
        let reader = if has_runs {
            Some(ConclusionReader::open(report.files(), recorded)?)
        } else {
            None
        };
        let trajectories = if has_runs && plan.check.trajectory {
            Some(RecordedTrajectories::open(report, plan)?)
        } else {
            None
        };
        let is_whole = numbers.len() as u64 == plan.runs.count();
        let is_recorded_whole = report.run_count() == Some(recorded.runs.count());
        let mut opened = RecordedRuns {
            report,
            reader,
            trajectories,
            comparison: Comparison::new(recorded, plan, is_whole && is_recorded_whole),
            matching: Matching::new(recorded, plan, numbers),
            is_whole,
            count: 0,
            next: None,
            waiting: HashMap::new(),
        };
        opened.advance()?;
        Ok(opened)
    }

    /// Reads the next recorded run.
    fn advance(&mut self) -> Result<(), ReportError> {
        self.next = match &mut self.reader {
            Some(reader) => reader.next()?,
            None => None,
        };
        self.count += u64::from(self.next.is_some());
        Ok(())
    }

    /// The deviations of a result from the recorded one with the same settings, and the skipped
    /// recorded runs that are no longer in the experiment. Results come in the order of their
    /// numbers. `states` are those that a [`StateRecorder`](super::StateRecorder) has of the run; they are
    /// compared if [`Check::trajectory`](gradtape_experiment::plan::Check::trajectory) is set.
    ///
    /// # Errors
    ///
    /// If the report is damaged.
    pub fn compare(
        &mut self,
        now: &Conclusion,
        states: &[State],
    ) -> Result<Vec<Deviation>, ReportError> {
        let compared = self.compare_run(now, states);
        compared.map_err(|error| self.report.explain(error))
    }

    fn compare_run(
        &mut self,
        concluded: &Conclusion,
        states: &[State],
    ) -> Result<Vec<Deviation>, ReportError> {
        let mut deviations = Vec::new();
        let now = &concluded.result;
        let recorded = match self.matching.recorded(now.number) {
            Some(number) => self.take(number, &mut deviations)?,
            None => None,
        };
        match recorded {
            Some(recorded) => {
                self.comparison.tell(&recorded, concluded, &mut deviations);
                if let Some(trajectories) = &mut self.trajectories {
                    let first = trajectories.first_difference(&recorded.result, now, states)?;
                    deviations.extend(first);
                }
            }
            None => {
                let other = self.comparison.instead(now);
                let wanted = format!("is not in the recorded report{other}");
                deviations.push(moved(now, "run", wanted, String::new(), None));
            }
        }
        Ok(deviations)
    }

    /// The recorded run of this number, if the file has it.
    fn take(
        &mut self,
        number: u64,
        deviations: &mut Vec<Deviation>,
    ) -> Result<Option<Conclusion>, ReportError> {
        if let Some(recorded) = self.waiting.remove(&number) {
            return Ok(Some(recorded));
        }
        while let Some(recorded) = self.next.take_if(|next| next.result.number <= number) {
            self.advance()?;
            if recorded.result.number == number {
                return Ok(Some(recorded));
            }
            self.pass(recorded, deviations);
        }
        Ok(None)
    }

    /// Skips a recorded run that is not the one looked for.
    fn pass(&mut self, concluded: Conclusion, deviations: &mut Vec<Deviation>) {
        let recorded = &concluded.result;
        if self.matching.awaits(recorded.number) {
            self.waiting.insert(recorded.number, concluded);
        } else if self.is_whole {
            let wanted = "is no longer in the experiment".to_owned();
            let gone = Deviation {
                subject: Subject::RecordedRun {
                    number: recorded.number,
                    label: recorded.label.clone(),
                },
                ..moved(recorded, "run", wanted, String::new(), None)
            };
            deviations.push(gone);
        }
    }

    /// The recorded runs after those that were compared, which are no longer in the experiment.
    /// Those before were reported by [`compare`](Self::compare).
    ///
    /// # Errors
    ///
    /// If the report is damaged, or does not have the recorded number of runs.
    pub fn rest(mut self) -> Result<Vec<Deviation>, ReportError> {
        let rest = self.read_rest();
        rest.map_err(|error| self.report.explain(error))
    }

    fn read_rest(&mut self) -> Result<Vec<Deviation>, ReportError> {
        let mut deviations = Vec::new();
        while let Some(recorded) = self.next.take() {
            self.advance()?;
            self.pass(recorded, &mut deviations);
        }
        let expected = self.report.run_count().filter(|_| self.reader.is_some());
        match expected.filter(|expected| *expected != self.count) {
            None => Ok(deviations),
            Some(expected) => {
                let found = self.count;
                let noun = if found == 1 { "run" } else { "runs" };
                let what = format!("it has {found} {noun}, but {expected} were recorded");
                let path = self.report.files().path(RUNS);
                Err(ReportError::Damaged { path, what })
            }
        }
    }
}

/// Maximum number of differing settings of two runs in a message.
const MAX_SETTINGS: usize = 2;

/// The comparison of two corresponding runs.
#[derive(Debug)]
struct Comparison<'p> {
    recorded: &'p Plan,
    plan: &'p Plan,
    /// The quantities other than parameters, with their tolerances.
    quantities: Vec<(&'static str, Tolerance)>,
    /// The parameters of both: the name, the tolerance, and the place in each plan. There can be
    /// thousands, so they are not looked up in each run.
    parameters: Vec<(&'p str, Tolerance, [Option<usize>; 2])>,
    /// Whether settings are in the same columns.
    has_same_columns: bool,
    /// Whether no difference is allowed.
    is_exact: bool,
    /// Whether all runs of both plans are compared.
    are_whole: bool,
}

impl<'p> Comparison<'p> {
    fn new(recorded: &'p Plan, plan: &'p Plan, are_whole: bool) -> Self {
        // A quantity that only one of the two experiments has did not change.
        let before: Vec<Quantity> = Quantity::of(recorded).collect();
        // Without line-search and second-order methods the evaluations follow from the epochs.
        let either = |quantity: &Quantity| {
            let mut columns = Quantity::in_runs(recorded).chain(Quantity::in_runs(plan));
            columns.any(|column| column == *quantity)
        };
        let is_compared = |quantity: &Quantity| before.contains(quantity) && either(quantity);
        let quantities = Quantity::of(plan).filter(is_compared);
        let quantities = quantities.map(|one| (one.name(), plan.check.tolerance(one.name())));
        let places = |plan: &'p Plan| -> HashMap<&'p str, usize> {
            let names = plan.parameters().iter().map(String::as_str);
            names.enumerate().map(|(at, name)| (name, at)).collect()
        };
        let (before, after) = (places(recorded), places(plan));
        let gone = recorded.parameters().iter().map(String::as_str);
        let gone = gone.filter(|name| !after.contains_key(name));
        let names = plan.parameters().iter().map(String::as_str).chain(gone);
        let parameters = names.map(|name| {
            let places = [&before, &after].map(|places| places.get(name).copied());
            (name, plan.check.tolerance(name), places)
        });
        Comparison {
            recorded,
            plan,
            quantities: quantities.collect(),
            parameters: parameters.collect(),
            has_same_columns: recorded.columns() == plan.columns(),
            is_exact: plan.check.allows_nothing(),
            are_whole,
        }
    }

    /// The settings of the recorded run of the same number that differ from those of a run that
    /// is not recorded; empty if there are many.
    fn instead(&self, now: &RunResult) -> String {
        let Comparison { recorded, plan, .. } = self;
        if now.number >= recorded.runs.count() {
            return String::new();
        }
        let before = recorded.run(now.number);
        let named = |plan: &'p Plan, settings: &[Option<Value>]| -> BTreeMap<&'p str, String> {
            let names = plan.columns().iter().map(String::as_str);
            let settings = names.zip(settings);
            settings
                .filter_map(|(name, value)| Some((name, value.as_ref()?.to_string())))
                .collect()
        };
        let (before, after) = (
            named(recorded, &before.settings),
            named(plan, &now.settings),
        );
        let none = "none".to_owned();
        let names: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
        let differing = names.into_iter().filter_map(|name| {
            let of =
                |settings: &BTreeMap<&str, String>| settings.get(name).unwrap_or(&none).clone();
            let (before, after) = (of(&before), of(&after));
            (before != after).then(|| format!("{name} {before}, not {after}"))
        });
        let differing: Vec<String> = differing.collect();
        match differing.len() {
            1..=MAX_SETTINGS => {
                format!(", whose run {} has {}", now.number, differing.join(" and "))
            }
            _ => String::new(),
        }
    }

    /// Adds what changed of a run. Sentences are not compared.
    fn tell(&self, before: &Conclusion, after: &Conclusion, deviations: &mut Vec<Deviation>) {
        let numbers = [before.result.number, after.result.number];
        let first = numbers.iter().all(|number| *number < CURVED_RUNS as u64);
        let has_model = self.are_whole && first;
        let (recorded, now) = (&before.result, &after.result);
        let deviations = std::cell::RefCell::new(deviations);
        let words = |name: &str, before: String, after: String| {
            if before != after {
                let wanted = format!("recorded {before}");
                let deviation = moved(now, name, wanted, after, None);
                deviations.borrow_mut().push(deviation);
            }
        };
        let text = |value: &Option<Value>| {
            let value = value.as_ref();
            value.map_or("none".to_owned(), ToString::to_string)
        };
        if self.has_same_columns {
            let settings = recorded.settings.iter().zip(&now.settings);
            for (name, (before, after)) in self.plan.columns().iter().zip(settings) {
                words(name, text(before), text(after));
            }
        }
        let status = |result: &RunResult| match &*result.stopped_by {
            "" => result.status.name().to_owned(),
            by => format!("{} by {by}", result.status.name()),
        };
        words("status", status(recorded), status(now));
        let outcome = |result: &RunResult| match result.period {
            None => result.outcome.name().to_owned(),
            Some(period) => format!("{} with period {period}", result.outcome.name()),
        };
        words("outcome", outcome(recorded), outcome(now));
        let numbers = |name: &str, tolerance: &Tolerance, values| {
            let difference = difference(now, name, tolerance, values);
            deviations.borrow_mut().extend(difference);
        };
        for (name, tolerance) in &self.quantities {
            let of = |result: &RunResult| result.quantity(self.plan, name);
            numbers(name, tolerance, (of(recorded), of(now)));
        }
        for (prefix, before_all, after_all) in [
            ("", &recorded.parameters, &now.parameters),
            ("best.", &recorded.best_parameters, &now.best_parameters),
        ] {
            for (name, tolerance, [before, after]) in &self.parameters {
                let of = |values: &[Option<Scalar>], place: Option<usize>| {
                    place.and_then(|place| *values.get(place)?)
                };
                let values = (of(before_all, *before), of(after_all, *after));
                numbers(&format!("{prefix}{name}"), tolerance, values);
            }
        }
        let epoch = Some(self.plan.check.tolerance("status_epoch"));
        let epochs = [recorded, now].map(|result| Some(Fact::Whole(result.status_epoch)));
        let epochs = [("status_epoch", epochs, epoch)].into_iter();
        let facts = before.diagnosis.facts.values().into_iter();
        let facts = Facts::COLUMNS
            .into_iter()
            .zip(facts.zip(after.diagnosis.facts.values()))
            .map(|(name, (before, after))| {
                // Which runs have a model depends on which are selected.
                let is_known = before.is_some() && after.is_some();
                let is_compared = is_known || has_model || !Facts::is_of_the_model(name);
                // Values that are pure rounding change by any factor once others may change.
                let is_rounding = ["model_decrease", "model_distance"].contains(&name);
                let is_compared = is_compared && (self.is_exact || !is_rounding);
                let tolerance = is_compared.then(|| self.plan.check.tolerance(name));
                (name, [before, after], tolerance)
            });
        for (name, [before, after], tolerance) in epochs.chain(facts) {
            let Some(tolerance) = tolerance else { continue };
            if let [Some(Fact::Word(_)), _] | [_, Some(Fact::Word(_))] = [before, after] {
                let word = |fact: Option<Fact>| match fact {
                    Some(Fact::Word(word)) => word.to_owned(),
                    _ => "none".to_owned(),
                };
                words(name, word(before), word(after));
                continue;
            }
            #[expect(clippy::cast_precision_loss, reason = "epochs are below 2^53")]
            let number = |fact: Option<Fact>| match fact? {
                Fact::Number(number) => Some(Scalar::F64(number)),
                Fact::Whole(whole) => Some(Scalar::F64(whole as f64)),
                Fact::Word(_) => Some(Scalar::F64(f64::NAN)),
            };
            numbers(name, &tolerance, (number(before), number(after)));
        }
    }
}

/// The deviation of a quantity of a run, if its recorded and its current value differ by more
/// than the tolerance, or if only one of the two exists.
pub(super) fn difference(
    now: &RunResult,
    name: &str,
    tolerance: &Tolerance,
    (before, after): (Option<Scalar>, Option<Scalar>),
) -> Option<Deviation> {
    let apart = before.zip(after);
    let holds = match apart {
        Some((before, after)) => is_within(tolerance, before, after),
        None => before.is_none() && after.is_none(),
    };
    if holds {
        return None;
    }
    let shown =
        |value: Option<Scalar>| value.map_or("none".to_owned(), |value| digits(name, value));
    let wanted = format!("recorded {}{}", shown(before), tolerance.within());
    let apart = apart.map(|(wanted, found)| Apart::of(name, wanted, found));
    Some(moved(now, name, wanted, shown(after), apart))
}

/// A deviation of a run from the recorded report.
fn moved(
    result: &RunResult,
    quantity: &str,
    wanted: String,
    found: String,
    apart: Option<Apart>,
) -> Deviation {
    Deviation {
        subject: Subject::of_run(result),
        demand: Demand::Recorded,
        quantity: quantity.to_owned(),
        epoch: None,
        wanted,
        found,
        apart,
    }
}

/// Whether a value is within the tolerance of the recorded one.
pub(super) fn is_within(tolerance: &Tolerance, recorded: Scalar, now: Scalar) -> bool {
    // As text where nothing is allowed, since two NaN are the same and two zeros are not.
    recorded.is_same(now)
        || recorded.to_string() == now.to_string()
        || !tolerance.is_exact() && tolerance.allows(recorded, now)
}
