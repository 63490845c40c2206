//! `runner FILE…`: run, write reports, print results.

use std::path::Path;

use gradtape::batch::{self, Cancelled, Control, RunResult};
use gradtape::derivative::{self, Table as Values};
use gradtape::plan::Plan;
use gradtape::report::{ReportError, Writer, derivative_object, run_object};

use crate::args::{Format, Plot, Run, Work};
use crate::failure::Failure;
use crate::output;
use crate::progress::{self, Task};
use crate::source::{self, Experiment};
use crate::summary::{Selection, Summary};
use crate::table;

pub fn run(options: &Run) -> Result<(), Failure> {
    use_threads(&options.work)?;
    run_all(options, &progress::interruptible())
}

/// Runs all experiments until they are done or `control` cancels them.
pub fn run_all(options: &Run, control: &Control) -> Result<(), Failure> {
    let experiments = source::load(&options.experiments)?;
    // Every folder is made before the first run, so that a bad one fails at once.
    let mut writers = Vec::new();
    for Experiment {
        file,
        source,
        plan,
        numbers,
    } in &experiments
    {
        // Which of millions of runs a chart draws takes its time.
        let writer = progress::busy(file, "preparing charts", options.quiet, || {
            Writer::new(plan, file, source, numbers, &options.out)
        });
        writers.push(writer?);
    }
    // A writer does not look at the control.
    if control.is_cancelled() {
        return Err(ReportError::from(Cancelled).into());
    }
    let printing = Printing {
        quiet: options.quiet,
        format: options.format,
        plot: options.plot,
        charts: !options.no_charts,
    };
    for (experiment, writer) in experiments.iter().zip(writers) {
        run_one(experiment, writer, printing, control)?;
    }
    Ok(())
}

/// Runs an experiment for its report alone, and prints nothing.
pub fn record(experiment: &Experiment, out: &Path, control: &Control) -> Result<(), Failure> {
    let Experiment {
        file,
        source,
        plan,
        numbers,
    } = experiment;
    let printing = Printing {
        quiet: true,
        format: Format::Text,
        plot: Plot::Never,
        charts: true,
    };
    let writer = Writer::new(plan, file, source, numbers, out)?;
    run_one(experiment, writer, printing, control)
}

/// What is printed and drawn beside the report.
#[derive(Clone, Copy)]
struct Printing {
    quiet: bool,
    format: Format,
    plot: Plot,
    charts: bool,
}

/// Lets rayon work on as many threads as were asked for.
pub fn use_threads(work: &Work) -> Result<(), Failure> {
    let Some(threads) = work.threads else {
        return Ok(());
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads));
    pool.build_global()
        .map_err(|error| Failure::Usage(format!("failed to start {threads} threads: {error}")))
}

/// The work of an experiment, for showing how far it has come.
pub fn task(experiment: &Experiment) -> Task<'_> {
    Task {
        name: &experiment.file,
        runs: experiment.numbers.len() as u64,
        epochs: u64::try_from(experiment.run_epochs()).unwrap_or(u64::MAX),
    }
}

fn run_one(
    experiment: &Experiment,
    mut writer: Writer<'_>,
    options: Printing,
    control: &Control,
) -> Result<(), Failure> {
    let Experiment { plan, numbers, .. } = experiment;
    let mut summary = Summary::new(plan, numbers.len());
    let selection = Selection::new(plan, numbers.len());
    progress::watch(task(experiment), control, options.quiet, || {
        match (options.quiet, options.format) {
            (true, _) => compute(experiment, &mut writer, control, &|_| (), |_| ()),
            (false, Format::Json) => compute(
                experiment,
                &mut writer,
                control,
                &|result| run_object(plan, result) + "\n",
                |objects| output::results(&objects.concat()),
            ),
            (false, Format::Text) => {
                let look = |result: &RunResult| selection.look(result);
                compute(experiment, &mut writer, control, &look, |seen| {
                    seen.into_iter().for_each(|seen| summary.add(seen));
                })
            }
        }
    })?;
    for place in 0..plan.derivatives.len() {
        let what = format!(
            "computing {}",
            table::one_line(&plan.derivatives[place].name)
        );
        let table = progress::busy(&experiment.file, &what, options.quiet, || {
            derivative::table(plan, place, control)
        });
        let table = table.map_err(ReportError::from)?;
        match (options.quiet, options.format) {
            (true, _) => {}
            (false, Format::Json) => output::results(&objects(plan, &table)),
            (false, Format::Text) => summary.add_table(&table),
        }
        writer.add_table(table)?;
    }
    let what = if options.charts {
        "drawing charts"
    } else {
        "writing the report"
    };
    let finished = progress::busy(&experiment.file, what, options.quiet, || {
        writer.finish(options.charts, control)
    })?;
    if !options.quiet && options.format == Format::Text {
        summary.diagnosis.clone_from(&finished.diagnosis.summary);
        summary.plot = options.plot.of(|| finished.main_chart(plan));
        output::results(&summary.render(&finished.folder));
    }
    Ok(())
}

/// Computes the runs of an experiment and passes what `look` makes of their
/// results to `take`, in order.
fn compute<L: Send>(
    experiment: &Experiment,
    writer: &mut Writer<'_>,
    control: &Control,
    look: &(dyn Fn(&RunResult) -> L + Sync),
    mut take: impl FnMut(Vec<L>),
) -> Result<(), ReportError> {
    let Experiment { plan, numbers, .. } = experiment;
    let recorders = writer.recorders(look);
    batch::run(plan, numbers, recorders, control, |_, recorded| {
        take(writer.add(recorded)?);
        Ok(())
    })
}

fn objects(plan: &Plan, table: &Values) -> String {
    let derivative = &plan.derivatives[table.derivative];
    let lines = table.rows.iter();
    lines
        .map(|row| derivative_object(derivative, row) + "\n")
        .collect()
}
