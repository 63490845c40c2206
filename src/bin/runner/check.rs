//! `runner check FILE…`: run again and compare.

use gradtape::baseline::{self, Deviation, Recorded};
use gradtape::batch::{self, Control, RunResult};
use gradtape::derivative;
use gradtape::number::grouped;
use gradtape::report::{ReportError, report_name};

use crate::args::Check;
use crate::failure::Failure;
use crate::output::{self, BAD, FAINT, GOOD, STRONG};
use crate::progress;
use crate::run::{task, use_threads};
use crate::source::{self, Experiment};

/// More deviations of one experiment than this are counted, not printed.
const SHOWN: usize = 100;

pub fn check(options: &Check) -> Result<(), Failure> {
    let experiments = source::load(&options.experiments)?;
    use_threads(&options.work)?;
    let control = progress::interruptible();
    let mut failed = 0_u128;
    for experiment in &experiments {
        let verdict = check_one(experiment, options, &control)?;
        if !verdict.is_good() {
            failed += 1;
        }
        output::results(&verdict.render(experiment, options.quiet));
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

/// What the check of one experiment found.
#[derive(Default)]
struct Verdict {
    deviations: Vec<Deviation>,
    /// How many there are, those beyond the list included.
    count: u128,
    /// There is no recorded report.
    is_unrecorded: bool,
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

    fn is_good(&self) -> bool {
        self.count == 0 && !self.is_unrecorded
    }

    fn render(&self, experiment: &Experiment, is_quiet: bool) -> String {
        let name = format!("{STRONG}{}{STRONG:#}", experiment.file);
        let runs = output::contents(&experiment.plan, experiment.numbers.len() as u128);
        if self.is_good() {
            if is_quiet {
                return String::new();
            }
            return format!("{GOOD}ok{GOOD:#}      {name}  {FAINT}{runs}{FAINT:#}\n");
        }
        let mut text = format!("{BAD}failed{BAD:#}  {name}  {FAINT}{runs}{FAINT:#}\n");
        if self.is_unrecorded {
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
        Some(recorded_plan) => match baseline::is_comparable(recorded_plan, plan) {
            Some(deviation) => verdict.add([deviation]),
            None if recorded_plan.runs() == 0 => {}
            None => recorded = Some(Recorded::open(&folder, recorded_plan)?),
        },
    }
    let tables = progress::busy(file, "computing derivatives", options.quiet, || {
        let places = 0..plan.derivatives.len();
        places
            .map(|place| derivative::table(plan, place, control))
            .collect::<Result<Vec<_>, _>>()
    });
    let tables = tables.map_err(ReportError::from)?;
    for table in &tables {
        verdict.add(baseline::unexpected_values(plan, table));
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
                    verdict.add(baseline::unexpected(plan, &result));
                    if let Some(recorded) = &mut recorded {
                        verdict.add(recorded.compare(plan, &result)?);
                    }
                }
                Ok::<(), ReportError>(())
            },
        )
    })?;
    // With a filter the others were not run.
    if let (Some(recorded), true) = (recorded, options.experiments.filter.is_empty()) {
        verdict.add(recorded.rest()?);
    }
    Ok(verdict)
}
