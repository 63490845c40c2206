//! `runner check FILE…`: run again and compare.

mod github;
mod markdown;
mod verdict;

use std::fs::{self, OpenOptions};
use std::path::Path;

use gradtape::baseline::{self, Recorded};
use gradtape::batch::{self, Control, RunResult};
use gradtape::derivative;
use gradtape::number::{Number, grouped};
use gradtape::plan::Tolerance;
use gradtape::report::{ReportError, report_name};

use crate::args::Check;
use crate::failure::Failure;
use crate::output::{self, BAD};
use crate::progress;
use crate::run::{record, task, use_threads};
use crate::source::{self, Experiment};
use verdict::Verdict;

pub fn check(options: &Check) -> Result<(), Failure> {
    let mut experiments = source::load(&options.experiments)?;
    if let Some(tolerance) = tolerance(options) {
        for experiment in &mut experiments {
            experiment.plan.check.default = tolerance;
        }
    }
    let refused = |path: &Path, source| ReportError::Write {
        path: path.to_owned(),
        source,
    };
    if let Some(path) = &options.markdown {
        // That it cannot be written should be known before anything is run.
        let opened = OpenOptions::new().append(true).create(true).open(path);
        opened.map_err(|source| refused(path, source))?;
    }
    use_threads(&options.work)?;
    let control = progress::interruptible();
    let mut failed = 0_u128;
    let mut verdicts = Vec::new();
    for (experiment, path) in experiments.iter().zip(&options.experiments.files) {
        let mut verdict = check_one(experiment, options, &control)?;
        if options.accept && verdict.is_acceptable() {
            record(experiment, &options.out, &control)?;
            verdict.is_renewed = true;
        }
        output::results(&verdict.render(experiment, options));
        if verdict.is_failed() {
            failed += 1;
            if github::is_here() {
                output::results(&github::annotation(path, experiment, &verdict));
            }
        }
        verdicts.push(verdict);
    }
    if let Some(path) = &options.markdown {
        let text = markdown::summary(experiments.iter().zip(&verdicts));
        fs::write(path, text).map_err(|source| refused(path, source))?;
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
    match &recorded_plan {
        None => verdict.is_unrecorded = true,
        Some(recorded_plan) => {
            verdict.add(baseline::changed_data(recorded_plan, plan));
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
