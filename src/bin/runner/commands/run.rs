//! `runner FILE…`: run, write reports, print results.

use gradtape_experiment::batch::{Control, RunResult};
use gradtape_experiment::derivative;
use gradtape_experiment::text::printable;
use gradtape_report::{ReportError, Staging, Writer, derivative_object, run_object};

use super::record::{compute, finish};
use super::summary::{Selection, Summary};
use crate::args::{Format, Run};
use crate::exit::Exit;
use crate::experiment::{self, Experiment};
use crate::failure::Failure;
use crate::interruption;
use crate::terminal::{BAD, GOOD, NOTABLE, STRONG, output, plot, progress, text};
use crate::threads;

pub fn run(options: &Run) -> Result<(), Failure> {
    let control = interruption::control()?;
    run_all(options, &control, |experiments| {
        threads::start(
            options.work.threads,
            experiment::useful_threads(experiments),
        )
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
    let list = Vec::new();
    let mut ends = Ends { keep_going, list };
    let mut experiments = Vec::new();
    for (path, result) in experiment::load_each(&options.experiments, keep_going)? {
        let file = path.display().to_string();
        experiments.extend(ends.value(&file, result.map_err(Failure::from))?);
    }
    start(&experiments)?;
    let writers = begin_reports(&experiments, options, &mut ends)?;
    // A writer does not check the control.
    control.check().map_err(ReportError::from)?;
    for (place, writer) in writers {
        let experiment = &experiments[place];
        let result = run_one(experiment, writer, options, control);
        if ends.value(&experiment.file, result)?.is_some() {
            ends.add(&experiment.file, Exit::Success);
            tell_of_spared(options, experiment);
        }
    }
    ends.conclude()
}

/// A writer for the report of each experiment, with the place of the experiment in the list.
///
/// Every directory is created before the first run, so that a bad one fails at once; in a fixed
/// order, so that no two commands wait for each other.
fn begin_reports<'e>(
    experiments: &'e [Experiment],
    options: &Run,
    ends: &mut Ends,
) -> Result<Vec<(usize, Writer<'e>)>, Failure> {
    let mut places: Vec<usize> = (0..experiments.len()).collect();
    places.sort_by_key(|place| &experiments[*place].file);
    let mut writers = Vec::new();
    for place in places {
        let experiment = &experiments[place];
        let writer = begin_report(experiment, options).map_err(Failure::from);
        let writer = ends.value(&experiment.file, writer)?;
        writers.extend(writer.map(|writer| (place, writer)));
    }
    writers.sort_by_key(|(place, _)| *place);
    Ok(writers)
}

fn begin_report<'e>(experiment: &'e Experiment, options: &Run) -> Result<Writer<'e>, ReportError> {
    let (file, plan) = (&experiment.file, &experiment.plan);
    let waiting = "waiting for another process to finish the report";
    let staging = progress::show_step(file, waiting, options.quiet, || {
        Staging::of(plan, &options.report(file))
    })?;
    // Selecting the runs of a chart among millions takes time.
    progress::show_step(file, "preparing charts", options.quiet, || {
        Writer::in_place(plan, file, &experiment.source, &experiment.numbers, staging)
    })
}

/// Says that a recorded report is unchanged, as only some runs were run.
fn tell_of_spared(options: &Run, experiment: &Experiment) {
    if let (Some(spared), false) = (options.spared(&experiment.file), options.quiet) {
        let spared = printable(spared.display());
        output::message(&format!(
            "{NOTABLE}note{NOTABLE:#}: {spared} is unchanged; --replace replaces it\n"
        ));
    }
}

/// The exit code of each experiment so far. With `--keep-going`, failures are printed as they
/// occur, and all experiments are listed at the end.
struct Ends {
    keep_going: bool,
    list: Vec<(String, Exit)>,
}

impl Ends {
    fn add(&mut self, file: &str, exit: Exit) {
        self.list.push((file.to_owned(), exit));
    }

    /// The value of a result; `None` after a failure that does not keep the other experiments
    /// from running, and `Err` after another one.
    fn value<T>(&mut self, file: &str, result: Result<T, Failure>) -> Result<Option<T>, Failure> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(failure) if self.keep_going && !failure.is_interruption() => {
                failure.print();
                self.add(file, failure.exit());
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Lists the experiments if one has failed.
    fn conclude(&self) -> Result<(), Failure> {
        match Exit::of_all(self.list.iter().map(|(_, exit)| *exit)) {
            Exit::Success => Ok(()),
            exit => {
                let lines = self.list.iter().map(|(file, exit)| line(file, *exit));
                output::message(&lines.collect::<String>());
                Err(Failure::Exit(exit))
            }
        }
    }
}

/// A line with the end of an experiment.
fn line(file: &str, exit: Exit) -> String {
    let (word, colour) = match exit {
        Exit::Success => ("done", GOOD),
        Exit::Refused => ("error", BAD),
        _ => ("invalid", BAD),
    };
    let file = printable(file);
    format!("{colour}{word:7}{colour:#} {STRONG}{file}{STRONG:#}\n")
}

/// Runs an experiment, and prints its results: JSON as they come, a table at the end.
fn run_one(
    experiment: &Experiment,
    mut writer: Writer<'_>,
    options: &Run,
    control: &Control,
) -> Result<(), Failure> {
    let Experiment { file, plan, .. } = experiment;
    let mut summary = Summary::new(plan, experiment.numbers.len());
    progress::show_runs(experiment.task(), control, options.quiet, || {
        compute_runs(experiment, &mut writer, &mut summary, options, control)
    })?;
    for (place, derivative) in plan.derivatives.iter().enumerate() {
        let what = format!("computing {}", text::name(&derivative.name));
        let table = progress::show_step(file, &what, options.quiet, || {
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
    let what = match options.no_charts {
        false => "drawing charts",
        true => "writing the report",
    };
    let finished = progress::show_step(file, what, options.quiet, || {
        finish(writer, !options.no_charts, control)
    })?;
    if !options.quiet && options.format == Format::Text {
        summary.diagnosis.clone_from(&finished.diagnosis);
        if options.plot.is_wanted()
            && let Some(figure) = finished.main_chart(plan)
        {
            summary.plot = plot::of_figure(&figure);
        }
        output::results(&summary.render(&finished.folder));
    }
    Ok(())
}

fn compute_runs(
    experiment: &Experiment,
    writer: &mut Writer<'_>,
    summary: &mut Summary<'_>,
    options: &Run,
    control: &Control,
) -> Result<(), ReportError> {
    let (plan, numbers) = (&experiment.plan, &experiment.numbers);
    match (options.quiet, options.format) {
        (true, _) => compute(experiment, numbers, writer, control, &|_| (), |_| ()),
        (false, Format::Json) => {
            let line = |result: &RunResult| experiment.line(&run_object(plan, result));
            compute(experiment, numbers, writer, control, &line, |lines| {
                output::results(&lines.concat());
            })
        }
        (false, Format::Text) => {
            let selection = Selection::new(plan, numbers.len());
            let extract = |result: &RunResult| selection.extract(result);
            compute(experiment, numbers, writer, control, &extract, |extracts| {
                for extract in extracts {
                    summary.add(extract);
                }
            })
        }
    }
}

/// A line of JSON for each point of a derivative.
fn lines(experiment: &Experiment, table: &derivative::Table) -> String {
    let derivative = &experiment.plan.derivatives[table.derivative];
    let rows = table.rows.iter();
    rows.map(|row| experiment.line(&derivative_object(derivative, row)))
        .collect()
}
