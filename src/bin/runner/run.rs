//! `runner FILE…`: run, write reports, print results.

use std::path::Path;

use gradtape_experiment::batch::{self, Control, RunResult};
use gradtape_experiment::derivative::{self, Table as Values};
use gradtape_experiment::text::printable;
use gradtape_report::{
    Finished, Published, ReportError, Staging, Stored, Writer, derivative_object, read_derivative,
    run_object,
};

use crate::args::{Format, Plot, Run};
use crate::failure::{Failure, together};
use crate::json;
use crate::output::{self, BAD, GOOD, NOTABLE, STRONG};
use crate::progress::{self, Task};
use crate::source::{self, Experiment};
use crate::summary::{Selection, Summary};
use crate::table;
use crate::threads;

pub fn run(options: &Run) -> Result<(), Failure> {
    let control = progress::interruptible()?;
    run_all(options, &control, |experiments| {
        threads::start(options.work.threads, threads::useful(experiments))
    })
}

/// Runs all experiments until they are done or `control` cancels them; `start` starts the
/// threads for them.
pub fn run_all(
    options: &Run,
    control: &Control,
    start: impl FnOnce(&[Experiment]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let keep_going = options.work.keep_going;
    // Failures are reported as they occur, and all outcomes at the end.
    let mut ends = Vec::new();
    let mut experiments = Vec::new();
    if keep_going {
        for (path, loaded) in source::load_each(&options.experiments)? {
            match loaded {
                Ok(experiment) => experiments.push(experiment),
                Err(wrong) => ends.push(End::told(&path.display().to_string(), wrong.into())?),
            }
        }
    } else {
        experiments = source::load(&options.experiments)?;
    }
    start(&experiments)?;
    // Every directory is created before the first run, so that a bad one fails at once; in a
    // fixed order, so that no two commands wait for each other.
    let mut begun = Vec::new();
    let mut places: Vec<usize> = (0..experiments.len()).collect();
    places.sort_by_key(|place| &experiments[*place].file);
    for place in places {
        let experiment = &experiments[place];
        let Experiment {
            file,
            source,
            plan,
            numbers,
        } = experiment;
        let waiting = "waiting for another process to finish the report";
        let staging = progress::busy(file, waiting, options.quiet, || {
            Staging::of(plan, &options.report(file))
        });
        // Selecting the runs of a chart among millions takes time.
        let writer = staging.and_then(|staging| {
            progress::busy(file, "preparing charts", options.quiet, || {
                Writer::in_place(plan, file, source, numbers, staging)
            })
        });
        match writer {
            Ok(writer) => begun.push((place, writer)),
            Err(error) if keep_going => ends.push(End::told(file, error.into())?),
            Err(error) => return Err(error.into()),
        }
    }
    // A writer does not check the control.
    control.check().map_err(ReportError::from)?;
    let printing = Printing {
        quiet: options.quiet,
        format: options.format,
        plot: options.plot,
        charts: !options.no_charts,
    };
    begun.sort_by_key(|(place, _)| *place);
    for (place, writer) in begun {
        let experiment = &experiments[place];
        match run_one(experiment, writer, printing, control) {
            Ok(()) => {
                if let (Some(spared), false) = (options.spared(&experiment.file), options.quiet) {
                    let spared = printable(spared.display());
                    output::message(&format!(
                        "{NOTABLE}note{NOTABLE:#}: {spared} is unchanged; --replace replaces it\n"
                    ));
                }
                ends.push(End::good(experiment));
            }
            Err(failure) if keep_going => ends.push(End::told(&experiment.file, failure)?),
            Err(failure) => return Err(failure),
        }
    }
    match together(ends.iter().map(|end| end.code)) {
        0 => Ok(()),
        code => {
            let lines: Vec<String> = ends.iter().map(End::line).collect();
            output::message(&lines.concat());
            Err(Failure::Told(code))
        }
    }
}

/// The outcome of one of several experiments.
struct End {
    name: String,
    code: u8,
}

impl End {
    fn good(experiment: &Experiment) -> End {
        End {
            name: experiment.file.clone(),
            code: 0,
        }
    }

    /// Prints a failure that does not keep the others from running; `Err` with an
    /// interruption, which does.
    fn told(name: &str, failure: Failure) -> Result<End, Failure> {
        if failure.is_interruption() {
            return Err(failure);
        }
        failure.print();
        Ok(End {
            name: name.to_string(),
            code: failure.code(),
        })
    }

    fn line(&self) -> String {
        let (word, colour) = match self.code {
            0 => ("done", GOOD),
            3 => ("error", BAD),
            _ => ("invalid", BAD),
        };
        format!(
            "{colour}{word:7}{colour:#} {STRONG}{}{STRONG:#}\n",
            printable(&self.name)
        )
    }
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

/// The number of runs read from a report at once.
const RUNS_PER_READ: usize = 512;

/// Updates the selected runs of a report of the same experiment text; all other runs and the
/// tables of derivatives stay as recorded. False if the report has another text by now.
pub fn record_some(
    experiment: &Experiment,
    folder: &Path,
    control: &Control,
) -> Result<bool, Failure> {
    let Experiment {
        file,
        source,
        plan,
        numbers: chosen,
    } = experiment;
    // Before the report is read, so that nothing recorded by another process is lost.
    let staging = Staging::of(plan, folder)?;
    let recorded = Published::open(folder)?;
    if recorded.plan.hash != plan.hash {
        return Ok(false);
    }
    let files = &recorded.files;
    let is_chosen = |number: &u64| chosen.binary_search(number).is_ok();
    let mut all = Stored::numbers(files, plan)?;
    all.extend(chosen);
    all.sort_unstable();
    all.dedup();
    let mut stored = Stored::open(files, plan)?;
    let mut writer = Writer::in_place(plan, file, source, &all, staging)?;
    // Runs are written in order, so recorded ones alternate with computed ones.
    for numbers in all.chunk_by(|one, next| is_chosen(one) == is_chosen(next)) {
        if numbers.first().is_some_and(is_chosen) {
            let recorders = writer.recorders(&|_| ());
            batch::run(plan, numbers, recorders, control, |_, recorded| {
                writer.add(recorded).map(|_| ())
            })?;
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
fn finish(writer: Writer<'_>, charts: bool, control: &Control) -> Result<Finished, ReportError> {
    let finished = writer.finish(charts, control)?;
    warn_of(finished.left.as_deref());
    Ok(finished)
}

/// Warns about a previous report that could not be removed.
pub fn warn_of(left: Option<&Path>) {
    if let Some(left) = left {
        output::warning(&format!(
            "the previous report could not be removed (it may belong to another user); it is at {}",
            printable(left.display())
        ));
    }
}

/// What is printed and drawn in addition to the report.
#[derive(Clone, Copy)]
struct Printing {
    quiet: bool,
    format: Format,
    plot: Plot,
    charts: bool,
}

/// The work of an experiment, to show its progress.
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
    let Experiment {
        file,
        plan,
        numbers,
        ..
    } = experiment;
    let mut summary = Summary::new(plan, numbers.len());
    let selection = Selection::new(plan, numbers.len());
    progress::watch(task(experiment), control, options.quiet, || {
        match (options.quiet, options.format) {
            (true, _) => compute(experiment, &mut writer, control, &|_| (), |_| ()),
            (false, Format::Json) => compute(
                experiment,
                &mut writer,
                control,
                &|result| json::line(file, &run_object(plan, result)),
                |lines| output::results(&lines.concat()),
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
        let table = progress::busy(file, &what, options.quiet, || {
            derivative::table(plan, place, control)
        });
        let table = table.map_err(ReportError::from)?;
        match (options.quiet, options.format) {
            (true, _) => {}
            (false, Format::Json) => output::results(&lines(experiment, &table)),
            (false, Format::Text) => summary.add_table(&table),
        }
        writer.add_table(table)?;
    }
    let what = if options.charts {
        "drawing charts"
    } else {
        "writing the report"
    };
    let finished = progress::busy(file, what, options.quiet, || {
        finish(writer, options.charts, control)
    })?;
    if !options.quiet && options.format == Format::Text {
        summary.diagnosis.clone_from(&finished.diagnosis);
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

/// A line of JSON for each point of a derivative.
fn lines(experiment: &Experiment, table: &Values) -> String {
    let derivative = &experiment.plan.derivatives[table.derivative];
    let objects = table
        .rows
        .iter()
        .map(|row| derivative_object(derivative, row));
    objects
        .map(|object| json::line(&experiment.file, &object))
        .collect()
}
