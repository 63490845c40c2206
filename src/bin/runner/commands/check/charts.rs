//! Charts of the runs that differ, next to their recorded versions.

use std::fs;
use std::path::Path;

use gradtape_chart::{Figure, Style};
use gradtape_experiment::batch::Control;
use gradtape_report::experiment::Check;
use gradtape_report::{ReportError, report_name};

use crate::failure::Failure;

/// Maximum number of runs with a chart.
const MAX_CHARTS: usize = 20;

/// Draws the first of the runs into a directory, and returns their number.
pub fn draw(
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
        write(&overlay.both, &chart, folder)?;
        if let Some(figure) = &overlay.apart {
            write(figure, &format!("{chart}-apart"), folder)?;
        }
    }
    Ok(overlays.len())
}

/// Writes a chart as SVG and as PNG.
fn write(figure: &Figure, chart: &str, folder: &Path) -> Result<(), Failure> {
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
