//! `runner check FILE…`: run again and compare.
//!
//! Candidates of the command line become verdicts, which reporters print and write.

mod compare;
mod comparison;
mod files;
mod github;
mod junit;
mod last;
mod markdown;
mod reporter;
mod stream;
mod text;
mod verdict;

use std::path::PathBuf;

use gradtape_experiment::batch::Control;
use gradtape_experiment::number::Number;
use gradtape_experiment::plan::Tolerance;

use crate::args::{Check, CheckFormat};
use crate::exit::Exit;
use crate::experiment::{self, Candidate, Experiment};
use crate::failure::Failure;
use crate::interruption;
use crate::threads;
use compare::compare;
use files::Destination;
use junit::Junit;
use last::LastFailed;
use markdown::Markdown;
use reporter::Reporter;
use stream::Stream;
use text::Text;
use verdict::{Basis, Verdict};

pub fn check(options: &Check) -> Result<(), Failure> {
    let mut reporters = file_reporters(options)?;
    let last = LastFailed::read(&options.out);
    let candidates = select(options, &last)?;
    let control = interruption::control()?;
    let valid = candidates
        .iter()
        .filter_map(|(_, result)| result.as_ref().ok());
    threads::start(options.work.threads, experiment::useful_threads(valid))?;
    // Files are written before the last line is printed.
    reporters.insert(0, Box::new(last));
    reporters.push(match options.format {
        CheckFormat::Text => Box::new(Text(options)),
        CheckFormat::Json => Box::new(Stream::begin()),
    });
    let verdicts = judge(candidates, options, &control, &mut reporters)?;
    for reporter in &mut reporters {
        reporter.finish(&verdicts)?;
    }
    end(verdicts, options)
}

/// The reporters that write a file; an error if a file cannot be written.
fn file_reporters<'o>(options: &Check) -> Result<Vec<Box<dyn Reporter + 'o>>, Failure> {
    let destination = |path: &Option<PathBuf>, format| {
        let path = path.as_ref();
        path.map(|path| Destination::new(path, format, &options.experiments.files))
            .transpose()
    };
    let junit = destination(&options.junit, &junit::FORMAT)?;
    let markdown = destination(&options.markdown, &markdown::FORMAT)?;
    if let (Some(junit), Some(markdown)) = (&junit, &markdown) {
        junit.keep_apart(markdown)?;
    }
    let mut reporters: Vec<Box<dyn Reporter>> = Vec::new();
    if let Some(file) = markdown {
        reporters.push(Box::new(Markdown(file)));
    }
    if let Some(file) = junit {
        reporters.push(Box::new(Junit::new(file)));
    }
    Ok(reporters)
}

/// The experiments to check, with the tolerances of the command line.
fn select(options: &Check, last: &LastFailed) -> Result<Vec<Candidate>, Failure> {
    let mut candidates = experiment::load_each(&options.experiments, options.work.keep_going)?;
    for experiment in candidates
        .iter_mut()
        .filter_map(|(_, result)| result.as_mut().ok())
    {
        set_tolerance(experiment, options);
    }
    if options.only_failed {
        last.reduce(&mut candidates);
    }
    Ok(candidates)
}

fn set_tolerance(experiment: &mut Experiment, options: &Check) {
    let tolerance = Tolerance {
        ulps: options.tolerance.ulps,
        abs: options.tolerance.abs.map(Number::from),
        rel: options.tolerance.rel.map(Number::from),
    };
    let check = &mut experiment.plan.check;
    if !tolerance.is_exact() {
        check.default = tolerance;
    }
    check.trajectory |= options.trajectory;
}

/// Checks one experiment after the other. Only an interruption is an error here.
fn judge(
    candidates: Vec<Candidate>,
    options: &Check,
    control: &Control,
    reporters: &mut [Box<dyn Reporter + '_>],
) -> Result<Vec<Verdict>, Failure> {
    let mut verdicts = Vec::new();
    let mut has_failed = false;
    let mut candidates = candidates.into_iter();
    for (path, result) in candidates.by_ref() {
        let basis = match result {
            _ if has_failed && options.fail_fast => Basis::Nothing,
            Err(wrong) => Basis::Failure(wrong.into()),
            Ok(experiment) => match compare(&experiment, options, control, reporters) {
                Ok(comparison) => Basis::Comparison(experiment.into(), comparison),
                Err(failure) if failure.is_interruption() => return Err(failure),
                Err(failure) => Basis::Failure(failure),
            },
        };
        let is_failure = matches!(basis, Basis::Failure(_));
        let verdict = Verdict::new(path, basis);
        for reporter in reporters.iter_mut() {
            reporter.conclude(&verdict);
        }
        has_failed |= verdict.is_failed();
        verdicts.push(verdict);
        if is_failure && !options.work.keep_going {
            break;
        }
    }
    // The files after a failure that ends the check only count.
    verdicts.extend(candidates.map(|(path, _)| Verdict::new(path, Basis::Nothing)));
    Ok(verdicts)
}

/// The end of the command: a failure that ended the check is still to be printed.
fn end(verdicts: Vec<Verdict>, options: &Check) -> Result<(), Failure> {
    let exit = Exit::of_all(verdicts.iter().map(Verdict::exit));
    let mut bases = verdicts.into_iter().map(|verdict| verdict.basis);
    let failure = bases.find_map(|basis| match basis {
        Basis::Failure(failure) => Some(failure),
        _ => None,
    });
    match (exit, failure) {
        (Exit::Success, _) => Ok(()),
        (_, Some(failure)) if !options.work.keep_going => Err(failure),
        _ => Err(Failure::Exit(exit)),
    }
}
