//! Computing the runs and derivatives of an experiment into its report.

use std::path::Path;

use gradtape_experiment::batch::{self, Control, RunResult};
use gradtape_experiment::derivative;
use gradtape_experiment::plan::Plan;
use gradtape_experiment::text::printable;
use gradtape_report::{
    Publication, Report, ReportError, Staging, StoredRuns, Writer, read_derivative,
};

use crate::experiment::Experiment;
use crate::failure::Failure;
use crate::terminal::output;

/// Computes runs of an experiment and passes what `look` makes of their results to `take`, in
/// order.
pub fn compute<L: Send>(
    experiment: &Experiment,
    numbers: &[u64],
    writer: &mut Writer<'_>,
    control: &Control,
    look: &(dyn Fn(&RunResult) -> L + Sync),
    mut take: impl FnMut(Vec<L>),
) -> Result<(), ReportError> {
    let recorders = writer.recorders(look);
    batch::run(
        &experiment.plan,
        numbers,
        recorders,
        control,
        |_, recorded| {
            take(writer.add(recorded)?);
            Ok(())
        },
    )
}

/// Runs an experiment for its report alone, and prints nothing.
pub fn record(experiment: &Experiment, out: &Path, control: &Control) -> Result<(), ReportError> {
    let (file, plan, numbers) = (&experiment.file, &experiment.plan, &experiment.numbers);
    let mut writer = Writer::new(plan, file, &experiment.source, numbers, out)?;
    compute(experiment, numbers, &mut writer, control, &|_| (), |_| ())?;
    compute_tables(plan, &mut writer, control)?;
    finish(writer, true, control).map(drop)
}

/// Computes the tables of the derivatives.
pub fn compute_tables(
    plan: &Plan,
    writer: &mut Writer<'_>,
    control: &Control,
) -> Result<(), ReportError> {
    for place in 0..plan.derivatives.len() {
        writer.add_table(derivative::table(plan, place, control)?)?;
    }
    Ok(())
}

/// The number of runs read from a report at once.
const RUNS_PER_READ: usize = 512;

/// Updates the selected runs of a report of the same experiment text; all other runs and the
/// tables of derivatives stay as recorded. False if the report has another text by now.
pub fn record_some(
    experiment: &Experiment,
    folder: &Path,
    control: &Control,
) -> Result<bool, Failure> {
    let (file, plan) = (&experiment.file, &experiment.plan);
    // Before the report is read, so that nothing recorded by another process is lost.
    let staging = Staging::of(plan, folder)?;
    let recorded = Report::open(folder)?;
    if recorded.plan.hash != plan.hash {
        return Ok(false);
    }
    let files = &recorded.files;
    let is_chosen = |number: &u64| experiment.has_run(*number);
    let mut all = StoredRuns::numbers(files, plan)?;
    all.extend(&experiment.numbers);
    all.sort_unstable();
    all.dedup();
    let mut stored = StoredRuns::open(files, plan)?;
    let mut writer = Writer::in_place(plan, file, &experiment.source, &all, staging)?;
    // Runs are written in order, so recorded ones alternate with computed ones.
    for numbers in all.chunk_by(|one, next| is_chosen(one) == is_chosen(next)) {
        if numbers.first().is_some_and(is_chosen) {
            compute(experiment, numbers, &mut writer, control, &|_| (), |_| ())?;
            continue;
        }
        for numbers in numbers.chunks(RUNS_PER_READ) {
            let mut recorded = writer.recorders(&|_| ())();
            for number in numbers {
                stored.replay(*number, &mut recorded)?;
            }
            writer.add(recorded)?;
        }
    }
    for place in 0..plan.derivatives.len() {
        writer.add_table(read_derivative(files, plan, place)?)?;
    }
    finish(writer, true, control)?;
    Ok(true)
}

/// Moves a report into place, and warns if the previous one could not be removed.
pub fn finish(
    writer: Writer<'_>,
    charts: bool,
    control: &Control,
) -> Result<Publication, ReportError> {
    let finished = writer.finish(charts, control)?;
    warn_of_remains(finished.left.as_deref());
    Ok(finished)
}

/// Warns about a previous report that could not be removed.
pub fn warn_of_remains(left: Option<&Path>) {
    if let Some(left) = left {
        output::warning(&format!(
            "the previous report could not be removed (it may belong to another user); it is at {}",
            printable(left.display())
        ));
    }
}
