//! Results against the expectations of the file and the recorded report, as they come.

use std::path::Path;
use std::sync::Arc;

use super::recorder::ResultRecorder;
use crate::baseline::{
    Demand, Deviation, RecordedReport, RecordedRuns, StateRecorder, Subject, unexpected,
    unexpected_values,
};
use crate::{ReportError, State};
use gradtape_experiment::batch::{self, Control};
use gradtape_experiment::derivative;
use gradtape_experiment::diagnosis::{Conclusion, Diagnoser};
use gradtape_experiment::plan::Plan;

/// The check of an experiment against its expectations and its recorded report.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::batch::Control;
/// use gradtape_report::experiment::Check;
/// use gradtape_experiment::plan::Plan;
///
/// let source = std::fs::read_to_string("../../experiments/parabola.toml")?;
/// let plan = Plan::new("parabola.toml", &source)?;
/// let check = Check::open(&plan, "../../reports/parabola".as_ref())?;
/// assert!(check.is_recorded());
/// let mut checked = Vec::new();
/// check.runs(&[0], &Control::default(), |one| checked.push(one))?;
/// assert_eq!(checked[0].subject.to_string(), "run 0 (w0^2)");
/// assert!(checked[0].deviations.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Check<'p> {
    pub(super) plan: &'p Plan,
    pub(super) recorded: Option<RecordedReport>,
}

/// A checked run or table, and its deviations.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// What was checked: a run, the table of a derivative, the report as a whole, or a
    /// recorded run or table that is no longer in the experiment.
    pub subject: Subject,
    /// The deviations; none if the check passed.
    pub deviations: Vec<Deviation>,
}

impl<'p> Check<'p> {
    /// Opens the recorded report in `folder`, if there is one.
    ///
    /// # Errors
    ///
    /// If it is damaged.
    pub fn open(plan: &'p Plan, folder: &Path) -> Result<Self, ReportError> {
        let recorded = RecordedReport::open(folder)?;
        Ok(Check { plan, recorded })
    }

    /// Whether there is a recorded report.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.recorded.is_some()
    }

    /// Whether the recorded report was made from the same text.
    #[must_use]
    #[doc(hidden)]
    pub fn is_of_the_same_text(&self) -> bool {
        let recorded = self.recorded.as_ref();
        recorded.is_some_and(|recorded| recorded.plan().hash == self.plan.hash)
    }

    /// Checks the report as a whole, and the tables of derivatives.
    ///
    /// # Errors
    ///
    /// If the report is damaged, or the check was cancelled.
    pub fn derivatives(
        &self,
        control: &Control,
        mut each: impl FnMut(Checked),
    ) -> Result<(), ReportError> {
        let plan = self.plan;
        if let Some(recorded) = &self.recorded {
            let changed = recorded.changed_data(plan);
            if !changed.is_empty() {
                each(Checked {
                    subject: Subject::Report,
                    deviations: changed,
                });
            }
        }
        for (place, derivative) in plan.derivatives.iter().enumerate() {
            let table = derivative::table(plan, place, control)?;
            let mut deviations = unexpected_values(plan, &table);
            if let Some(recorded) = &self.recorded {
                deviations.extend(recorded.compare_table(plan, &table)?);
            }
            let subject = Subject::Table {
                derivative: derivative.name.clone(),
            };
            each(Checked {
                subject,
                deviations,
            });
        }
        let gone = self.recorded.iter();
        gone.flat_map(|recorded| recorded.tables_gone(plan))
            .for_each(|deviation| each(Checked::gone(deviation)));
        Ok(())
    }

    /// Computes the runs `numbers` and checks each, in their order; then reports the recorded
    /// runs that are no longer in the experiment.
    ///
    /// # Errors
    ///
    /// If the report is damaged, or the check was cancelled.
    pub fn runs(
        &self,
        numbers: &[u64],
        control: &Control,
        mut each: impl FnMut(Checked),
    ) -> Result<(), ReportError> {
        let plan = self.plan;
        let recorded = self.recorded.as_ref();
        let recorded = recorded.map(|one| one.runs(plan, numbers)).transpose()?;
        let mut comparison = Reference { plan, recorded };
        let diagnoser = Arc::new(Diagnoser::new(plan, numbers));
        let has_trace = plan.check.trajectory && comparison.recorded.is_some();
        let recorder = || ResultRecorder::new(plan, &diagnoser, has_trace);
        batch::run(plan, numbers, recorder, control, |_, taken| {
            let states = taken.trace.map_or_else(Vec::new, StateRecorder::into_runs);
            let states = states.into_iter().chain(std::iter::repeat(Vec::new()));
            for (concluded, states) in taken.runs.iter().zip(states) {
                comparison.tell(concluded, &states, &mut each)?;
            }
            Ok::<(), ReportError>(())
        })?;
        if let Some(recorded) = comparison.recorded {
            let gone = recorded.rest()?;
            gone.into_iter().for_each(|one| each(Checked::gone(one)));
        }
        Ok(())
    }
}

impl Checked {
    /// A recorded run or table that is no longer in the experiment.
    fn gone(deviation: Deviation) -> Checked {
        Checked {
            subject: deviation.subject.clone(),
            deviations: vec![deviation],
        }
    }
}

/// What results are compared with.
struct Reference<'p> {
    plan: &'p Plan,
    recorded: Option<RecordedRuns<'p>>,
}

impl Reference<'_> {
    fn tell(
        &mut self,
        concluded: &Conclusion,
        states: &[State],
        each: &mut impl FnMut(Checked),
    ) -> Result<(), ReportError> {
        let result = &concluded.result;
        let subject = Subject::of_run(result);
        let mut deviations = unexpected(self.plan, result);
        if let Some(recorded) = &mut self.recorded {
            for deviation in recorded.compare(concluded, states)? {
                if deviation.subject == subject {
                    deviations.push(deviation);
                } else {
                    // A run that was passed over on the way to this one.
                    each(Checked::gone(deviation));
                }
            }
        }
        each(Checked {
            subject,
            deviations,
        });
        Ok(())
    }
}

/// All deviations of the values of a plan from its expectations and from the recorded report
/// in `folder`. A missing report is a deviation, too.
///
/// # Errors
///
/// If the report is damaged.
///
/// # Examples
///
/// ```
/// use gradtape_report::experiment;
/// use gradtape_experiment::plan::Plan;
///
/// // Another learning rate than the recorded one.
/// let source = std::fs::read_to_string("../../experiments/parabola.toml")?.replace("0.01", "0.02");
/// let plan = Plan::new("parabola.toml", &source)?;
/// let deviations = experiment::check(&plan, "../../reports/parabola".as_ref())?;
/// assert_eq!(
///     deviations[1].to_string(),
///     "run 0 (w0^2): run is not in the recorded report, whose run 0 has learning_rate 0.01, not 0.02"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check(plan: &Plan, folder: &Path) -> Result<Vec<Deviation>, ReportError> {
    let check = Check::open(plan, folder)?;
    let mut deviations = Vec::new();
    if !check.is_recorded() {
        deviations.push(Deviation {
            subject: Subject::Report,
            demand: Demand::Recorded,
            quantity: folder.display().to_string(),
            epoch: None,
            wanted: "has no recorded report".to_owned(),
            found: String::new(),
            apart: None,
        });
    }
    let control = Control::default();
    check.derivatives(&control, |one| deviations.extend(one.deviations))?;
    let numbers: Vec<u64> = (0..plan.runs.count()).collect();
    check.runs(&numbers, &control, |one| deviations.extend(one.deviations))?;
    Ok(deviations)
}
