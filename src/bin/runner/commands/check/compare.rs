//! The comparison of one experiment with its expectations and its recorded report.

use std::fs;
use std::path::Path;

use gradtape_chart::{Figure, Style};
use gradtape_experiment::batch::Control;
use gradtape_report::experiment::{Check, Checked};
use gradtape_report::{ReportError, report_name};

use super::comparison::{Comparison, Update};
use super::reporter::Reporter;
use crate::args;
use crate::commands::record::{record, record_some};
use crate::experiment::Experiment;
use crate::failure::Failure;
use crate::terminal::progress;

/// Runs an experiment again, compares it, and does what the command line asks for after that.
pub fn compare(
    experiment: &Experiment,
    options: &args::Check,
    control: &Control,
    reporters: &mut [Box<dyn Reporter + '_>],
) -> Result<Comparison, Failure> {
    let file = &experiment.file;
    let folder = options.out.join(report_name(file));
    let check = Check::open(&experiment.plan, &folder)?;
    let mut comparison = Comparison::new(check.is_recorded());
    let mut take = |checked: Checked| {
        comparison.add(&checked, experiment);
        for reporter in reporters.iter_mut() {
            reporter.add(file, &checked);
        }
    };
    progress::show_step(file, "computing derivatives", options.quiet, || {
        check.derivatives(control, &mut take)
    })?;
    progress::show_runs(experiment.task(), control, options.quiet, || {
        check.runs(&experiment.numbers, control, &mut take)
    })?;
    if let Some(folder) = &options.show_charts {
        comparison.charts = draw(&check, file, &comparison.runs, folder, control)?;
    }
    if options.accept && comparison.is_acceptable() {
        comparison.update = update(&check, experiment, &comparison, &options.out, control)?;
    }
    Ok(comparison)
}

/// Maximum number of runs with a chart.
const MAX_CHARTS: usize = 20;

/// Draws the first of the runs that differ, next to their recorded versions, into a directory,
/// and returns their number.
fn draw(
    check: &Check<'_>,
    file: &str,
    runs: &[u64],
    folder: &Path,
    control: &Control,
) -> Result<usize, Failure> {
    let runs = &runs[..runs.len().min(MAX_CHARTS)];
    if runs.is_empty() {
        return Ok(0);
    }
    fs::create_dir_all(folder).map_err(|source| Failure::of_writing(folder, source))?;
    let name = report_name(file);
    let overlays = check.overlays(runs, control)?;
    for overlay in &overlays {
        let chart = format!("{name}-run-{}", overlay.run);
        write_chart(&overlay.both, &chart, folder)?;
        if let Some(figure) = &overlay.apart {
            write_chart(figure, &format!("{chart}-apart"), folder)?;
        }
    }
    Ok(overlays.len())
}

/// Writes a chart as SVG and as PNG.
fn write_chart(figure: &Figure, chart: &str, folder: &Path) -> Result<(), Failure> {
    let svg = figure.draw(&Style::default()).svg;
    let png = gradtape_chart::to_png(&svg).map_err(|error| ReportError::Draw {
        chart: chart.to_owned(),
        what: error.to_string(),
    })?;
    for (ending, bytes) in [("svg", svg.as_bytes()), ("png", &png)] {
        let path = folder.join(format!("{chart}.{ending}"));
        fs::write(&path, bytes).map_err(|source| Failure::of_writing(&path, source))?;
    }
    Ok(())
}

/// Updates the recorded report for the selected runs.
fn update(
    check: &Check<'_>,
    experiment: &Experiment,
    comparison: &Comparison,
    out: &Path,
    control: &Control,
) -> Result<Update, Failure> {
    if experiment.is_whole() || comparison.is_unrecorded {
        record(experiment, out, control)?;
        return Ok(Update::Done);
    }
    if !check.is_of_the_same_text() {
        let why = "the file has changed since it was recorded; omit --filter";
        return Ok(Update::Refused(why));
    }
    if comparison.is_more_than_runs {
        let why = "there are differences outside the selected runs";
        return Ok(Update::Refused(why));
    }
    let folder = out.join(report_name(&experiment.file));
    Ok(match record_some(experiment, &folder, control)? {
        true => Update::Done,
        false => Update::Refused("the recorded report was replaced during the check"),
    })
}
