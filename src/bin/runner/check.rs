//! `runner check FILE…`: run again and compare.

use gradtape::baseline::{self, Deviation, Recorded};
use gradtape::batch::{self, Control, RunResult};
use gradtape::derivative;
use gradtape::number::{Number, grouped};
use gradtape::plan::Tolerance;
use gradtape::report::{ReportError, report_name};

use crate::args::Check;
use crate::failure::Failure;
use crate::output::{self, BAD, FAINT, GOOD, STRONG};
use crate::progress;
use crate::run::{record, task, use_threads};
use crate::source::{self, Experiment};

/// More deviations of one experiment than this are counted, not printed.
const SHOWN: usize = 100;

pub fn check(options: &Check) -> Result<(), Failure> {
    let mut experiments = source::load(&options.experiments)?;
    for experiment in &mut experiments {
        let default = &mut experiment.plan.check.default;
        *default = tolerance(options).unwrap_or(*default);
    }
    use_threads(&options.work)?;
    let control = progress::interruptible();
    let mut failed = 0_u128;
    for experiment in &experiments {
        let mut verdict = check_one(experiment, options, &control)?;
        if options.accept && verdict.is_acceptable() {
            record(experiment, &options.out, &control)?;
            verdict.is_renewed = true;
        }
        if !(verdict.is_good() || verdict.is_renewed) {
            failed += 1;
        }
        output::results(&verdict.render(experiment, options));
    }
    if failed > 0 {
        let all = output::counted(experiments.len() as u128, "experiment");
        output::results(&format!(
            "{BAD}{} of {all} failed{BAD:#}\n",
            grouped(failed)
        ));
        return Err(Failure::CheckFailed);
    }
    Ok(())
}

/// The tolerance of the command line, if it has one.
fn tolerance(options: &Check) -> Option<Tolerance> {
    let given = options.tolerance;
    let tolerance = Tolerance {
        ulps: given.ulps,
        abs: given.abs.map(Number::from),
        rel: given.rel.map(Number::from),
    };
    (!tolerance.is_exact()).then_some(tolerance)
}

/// What the check of one experiment found.
#[derive(Default)]
struct Verdict {
    deviations: Vec<Deviation>,
    /// How many there are, those beyond the list included.
    count: u128,
    /// How many of them are about what the file expects.
    unexpected: u128,
    /// There is no recorded report.
    is_unrecorded: bool,
    /// The recorded report was replaced by a new one.
    is_renewed: bool,
}

impl Verdict {
    fn add(&mut self, deviations: impl IntoIterator<Item = Deviation>) {
        for deviation in deviations {
            self.count += 1;
            if self.deviations.len() < SHOWN {
                self.deviations.push(deviation);
            }
        }
    }

    /// Adds those of expectations.
    fn add_unexpected(&mut self, deviations: Vec<Deviation>) {
        self.unexpected += deviations.len() as u128;
        self.add(deviations);
    }

    /// Whether only the recorded report is not as it should be.
    fn is_acceptable(&self) -> bool {
        !self.is_good() && self.unexpected == 0
    }

    fn is_good(&self) -> bool {
        self.count == 0 && !self.is_unrecorded
    }

    fn render(&self, experiment: &Experiment, options: &Check) -> String {
        let name = format!("{STRONG}{}{STRONG:#}", experiment.file);
        let runs = output::contents(&experiment.plan, experiment.numbers.len() as u128);
        if self.is_good() {
            if options.quiet {
                return String::new();
            }
            return format!("{GOOD}ok{GOOD:#}      {name}  {FAINT}{runs}{FAINT:#}\n");
        }
        let (word, colour) = match (self.is_renewed, self.is_unrecorded) {
            (false, _) => ("failed ", BAD),
            (true, false) => ("renewed", GOOD),
            (true, true) => ("new    ", GOOD),
        };
        let mut text = format!("{colour}{word}{colour:#} {name}  {FAINT}{runs}{FAINT:#}\n");
        if self.is_unrecorded && !self.is_renewed {
            let file = &experiment.file;
            text.push_str(&format!(
                "  there is no recorded report: `runner {file}` records one\n"
            ));
        }
        for deviation in &self.deviations {
            text.push_str(&format!("  {deviation}\n"));
        }
        if let Some(more) = self
            .count
            .checked_sub(SHOWN as u128)
            .filter(|more| *more > 0)
        {
            text.push_str(&format!("  … and {} more deviations\n", grouped(more)));
        }
        if self.unexpected > 0 && options.accept {
            text.push_str("  not renewed: the file expects other values\n");
        }
        text
    }
}

fn check_one(
    experiment: &Experiment,
    options: &Check,
    control: &Control,
) -> Result<Verdict, Failure> {
    let Experiment {
        file,
        plan,
        numbers,
        ..
    } = experiment;
    let mut verdict = Verdict::default();
    let folder = options.out.join(report_name(file));
    let recorded_plan = baseline::recorded_plan(&folder)?;
    let mut recorded = None;
    if let Some(recorded_plan) = &recorded_plan {
        verdict.add(baseline::changed_data(recorded_plan, plan));
    }
    match &recorded_plan {
        None => verdict.is_unrecorded = true,
        Some(recorded_plan) => {
            recorded = Some(Recorded::open(&folder, recorded_plan, plan, numbers)?);
        }
    }
    let tables = progress::busy(file, "computing derivatives", options.quiet, || {
        let places = 0..plan.derivatives.len();
        places
            .map(|place| derivative::table(plan, place, control))
            .collect::<Result<Vec<_>, _>>()
    });
    let tables = tables.map_err(ReportError::from)?;
    for table in &tables {
        verdict.add_unexpected(baseline::unexpected_values(plan, table));
    }
    if let Some(recorded_plan) = &recorded_plan {
        verdict.add(baseline::compare_tables(
            &folder,
            recorded_plan,
            plan,
            &tables,
        )?);
    }
    progress::watch(task(experiment), control, options.quiet, || {
        batch::run(
            plan,
            numbers,
            || (),
            control,
            |outcomes, ()| {
                for (run, outcome) in outcomes {
                    let result = RunResult::new(plan, run, &outcome);
                    verdict.add_unexpected(baseline::unexpected(plan, &result));
                    if let Some(recorded) = &mut recorded {
                        verdict.add(recorded.compare(&result)?);
                    }
                }
                Ok::<(), ReportError>(())
            },
        )
    })?;
    if let Some(recorded) = recorded {
        verdict.add(recorded.rest()?);
    }
    Ok(verdict)
}
