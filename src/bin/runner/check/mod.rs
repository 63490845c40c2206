//! `runner check FILE…`: run again and compare.

mod files;
mod github;
mod junit;
mod last;
mod markdown;
mod outcome;
mod stream;
mod verdict;

use std::fs;
use std::path::Path;

use gradtape_chart::Style;
use gradtape_experiment::batch::Control;
use gradtape_experiment::number::Number;
use gradtape_experiment::plan::Tolerance;
use gradtape_report::experiment::{Check, Checked};
use gradtape_report::{ReportError, report_name};

use crate::args::{self, CheckFormat};
use crate::failure::{Failure, WrongExperiment, together};
use crate::output;
use crate::progress;
use crate::run::{record, record_some, task};
use crate::source::{self, Experiment};
use crate::threads;
use files::Files;
use junit::{Document, Suite};
use last::LastFailed;
use outcome::{Kind, Outcome};
use verdict::Verdict;

pub use last::FOLDER;

pub fn check(options: &args::Check) -> Result<(), Failure> {
    let files = Files::new(options)?;
    let mut loaded = source::load_each(&options.experiments)?;
    if !options.work.keep_going {
        all_right(&mut loaded)?;
    }
    let mut last = LastFailed::read(&options.out);
    let mut outcomes = Vec::new();
    for (path, experiment) in loaded {
        let kind = match experiment {
            Ok(experiment) => Kind::Waiting(prepared(experiment, options)),
            Err(wrong) => Kind::Failed(wrong.into()),
        };
        outcomes.push(Outcome::new(path, kind));
    }
    if options.only_failed {
        outcomes = last.only_failed(outcomes);
    }
    let control = progress::interruptible()?;
    let waiting = outcomes.iter().filter_map(Outcome::waiting);
    threads::start(options.work.threads, threads::useful(waiting))?;
    let mut document = files.junit.as_ref().map(|_| Document::new());
    if options.format == CheckFormat::Json {
        output::results(&stream::begin());
    }
    let mut failed = false;
    for outcome in &mut outcomes {
        if failed && options.fail_fast {
            outcome.skip();
        } else {
            outcome.settle(|experiment| check_one(experiment, options, &control, &mut document))?;
        }
        failed |= outcome.code() != 0;
        tell(outcome, options);
        if let (Some(document), Kind::Failed(failure)) = (&mut document, &outcome.kind) {
            document.add_failure(&outcome.file, &failure.text());
        }
        last.update(outcome);
        if !options.work.keep_going
            && let Kind::Failed(_) = outcome.kind
        {
            break;
        }
    }
    last.write();
    if let Some(file) = &files.markdown {
        file.write(&markdown::summary(&outcomes))?;
    }
    if let (Some(file), Some(document)) = (&files.junit, document) {
        file.write(&document.text())?;
    }
    end(outcomes, options)
}

/// Fails with the errors of all files, if there are any.
fn all_right(loaded: &mut Vec<source::Loaded>) -> Result<(), Failure> {
    let is_wrong = |one: &mut source::Loaded| one.1.is_err();
    let wrong = loaded.extract_if(.., is_wrong);
    let wrong: Vec<WrongExperiment> = wrong.filter_map(|(_, result)| result.err()).collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Failure::Experiments(wrong))
    }
}

fn refused(path: &Path, source: std::io::Error) -> ReportError {
    ReportError::Write {
        path: path.to_owned(),
        source,
    }
}

/// The experiment with the options of the command line for its check.
fn prepared(mut experiment: Experiment, options: &args::Check) -> Experiment {
    let given = options.tolerance;
    let tolerance = Tolerance {
        ulps: given.ulps,
        abs: given.abs.map(Number::from),
        rel: given.rel.map(Number::from),
    };
    let check = &mut experiment.plan.check;
    if !tolerance.is_exact() {
        check.default = tolerance;
    }
    check.trajectory |= options.trajectory;
    experiment
}

/// Prints the outcome of a file.
fn tell(outcome: &Outcome, options: &args::Check) {
    match options.format {
        CheckFormat::Text => {
            // A failure that ends the command is printed at its end.
            if let (Kind::Failed(failure), true) = (&outcome.kind, options.work.keep_going) {
                failure.print();
            }
            output::results(&outcome.render(options));
        }
        CheckFormat::Json => output::results(&stream::experiment(outcome)),
    }
    if github::is_here() && outcome.code() != 0 && options.format == CheckFormat::Text {
        github::annotate(outcome);
    }
}

/// Prints the summary of all files.
fn end(mut outcomes: Vec<Outcome>, options: &args::Check) -> Result<(), Failure> {
    let code = together(outcomes.iter().map(Outcome::code));
    match options.format {
        CheckFormat::Json => output::results(&stream::summary(&outcomes, code)),
        CheckFormat::Text => output::results(&outcome::summary(&outcomes)),
    }
    let mut kinds = outcomes.drain(..).map(|one| one.kind);
    let broken = kinds.find_map(|kind| match kind {
        Kind::Failed(failure) => Some(failure),
        _ => None,
    });
    match broken {
        _ if code == 0 => Ok(()),
        Some(failure) if !options.work.keep_going => Err(failure),
        _ => Err(Failure::Told(code)),
    }
}

fn check_one(
    experiment: &Experiment,
    options: &args::Check,
    control: &Control,
    document: &mut Option<Document>,
) -> Result<Verdict, Failure> {
    let Experiment {
        file,
        plan,
        numbers,
        ..
    } = experiment;
    let mut verdict = Verdict::default();
    let folder = options.out.join(report_name(file));
    let check = Check::open(plan, &folder)?;
    verdict.is_unrecorded = !check.is_recorded();
    let mut suite = document
        .as_ref()
        .map(|_| Suite::new(file, check.is_recorded()));
    let prints = options.format == CheckFormat::Json;
    let mut take = |checked: Checked| {
        verdict.add(&checked, experiment);
        if let Some(suite) = &mut suite {
            suite.add(&checked);
        }
        if prints {
            output::results(&stream::checked(file, &checked));
        }
    };
    progress::busy(file, "computing derivatives", options.quiet, || {
        check.derivatives(control, &mut take)
    })?;
    progress::watch(task(experiment), control, options.quiet, || {
        check.runs(numbers, control, &mut take)
    })?;
    if let Some(charts) = &options.show_charts {
        verdict.charts = draw(&check, experiment, &verdict, charts, control)?;
    }
    if options.accept {
        renew(&check, experiment, &mut verdict, options, control)?;
    }
    if let (Some(document), Some(suite)) = (document, suite) {
        document.add(suite.finish(plan, verdict.is_renewed));
    }
    Ok(verdict)
}

/// Maximum number of changed runs with a chart.
const DRAWN: usize = 20;

/// Draws the first of the changed runs into a directory, and returns their number.
fn draw(
    check: &Check<'_>,
    experiment: &Experiment,
    verdict: &Verdict,
    folder: &Path,
    control: &Control,
) -> Result<usize, Failure> {
    let moved = &verdict.runs[..verdict.runs.len().min(DRAWN)];
    if moved.is_empty() {
        return Ok(0);
    }
    fs::create_dir_all(folder).map_err(|source| refused(folder, source))?;
    let name = report_name(&experiment.file);
    let overlays = check.overlays(moved, control)?;
    for overlay in &overlays {
        let figures = [
            ("", Some(&overlay.both)),
            ("-apart", overlay.apart.as_ref()),
        ];
        for (ending, figure) in figures {
            let Some(figure) = figure else { continue };
            let drawing = figure.draw(&Style::default());
            let chart = format!("{name}-run-{}{ending}", overlay.run);
            let png = gradtape_chart::to_png(&drawing.svg).map_err(|error| ReportError::Draw {
                chart: chart.clone(),
                what: error.to_string(),
            })?;
            for (ending, bytes) in [("svg", drawing.svg.as_bytes()), ("png", &png)] {
                let path = folder.join(format!("{chart}.{ending}"));
                fs::write(&path, bytes).map_err(|source| refused(&path, source))?;
            }
        }
    }
    Ok(overlays.len())
}

/// Updates the recorded report for the selected runs, unless an expectation fails.
fn renew(
    check: &Check<'_>,
    experiment: &Experiment,
    verdict: &mut Verdict,
    options: &args::Check,
    control: &Control,
) -> Result<(), Failure> {
    if !verdict.is_acceptable() {
        return Ok(());
    }
    let is_whole = experiment.numbers.len() as u64 == experiment.plan.runs();
    if is_whole || !check.is_recorded() {
        record(experiment, &options.out, control)?;
    } else if !check.is_of_the_same_text() {
        verdict.refusal = Some("the file has changed since it was recorded; omit --filter");
        return Ok(());
    } else if verdict.is_more_than_runs {
        verdict.refusal = Some("there are differences outside the selected runs");
        return Ok(());
    } else {
        let folder = options.out.join(report_name(&experiment.file));
        if !record_some(experiment, &folder, control)? {
            verdict.refusal = Some("the recorded report was replaced during the check");
            return Ok(());
        }
    }
    verdict.is_renewed = true;
    Ok(())
}
