//! A quantity over another: a line for each run, or for all repetitions of a run.

use super::band::{Repetition, is_better_smaller, summary};
use super::colours::{Series, column, labels};
use super::{ChartData, of_series};
use gradtape_chart::{Colour, Figure, Line};
use gradtape_experiment::number::counted;
use gradtape_experiment::plan::charts::LineChart;
use gradtape_experiment::plan::{Band, Chart, Plan};

pub(super) fn figure(plan: &Plan, place: usize, chart: &LineChart, data: &ChartData) -> Figure {
    let (series, said) = match chart.band {
        Band::None => (run_lines(plan, place, &chart.x, data), None),
        _ => {
            let (series, said) = medians(plan, place, chart, data);
            (series, Some(said))
        }
    };
    of_series(plan, place, [&chart.x, &chart.y], series, said)
}

/// A line for all repetitions of a run, and what the subtitle says of them.
fn medians(
    plan: &Plan,
    place: usize,
    LineChart { x, y, band }: &LineChart,
    data: &ChartData,
) -> (Vec<Series>, String) {
    let runs = data.runs(place);
    let repetitions = plan.repetitions().max(1);
    let groups = runs.chunk_by(|a, b| a / repetitions == b / repetitions);
    let repetition = column(plan, "repetition");
    let label = labels(plan, &plan.charts[place], runs, repetition);
    let series = groups.filter_map(|group| {
        let points = group.iter().filter_map(|run| {
            let points = data.points(place, *run)?;
            let ending = data.ending(place, *run)?;
            Some((points, ending.diverged_at(x)))
        });
        let points: Vec<Repetition<'_>> = points.collect();
        let found = summary(&points, *band, is_better_smaller(y));
        let mut run = plan.run(*group.first()?);
        if let Some(column) = repetition {
            run.settings[column] = None;
        }
        let of_all = plan.label_by(&run, |_| true);
        let label = label
            .as_ref()
            .map_or_else(|| of_all.clone(), |label| label(&run));
        let mut line = Line::new(found.median, Colour::Category(0));
        line.diverged = found.diverged;
        line.name = format!("{of_all}, median of {}", points.len());
        let mut series = Series::new(line, label, run.settings);
        if points.len() > 1 {
            series.band = found.band;
        }
        Some(series)
    });
    let series = series.collect();
    let said = said(*band, repetitions, data.diverged(place), y);
    (series, said)
}

/// A line for each run.
fn run_lines(plan: &Plan, place: usize, x: &str, data: &ChartData) -> Vec<Series> {
    let chart: &Chart = &plan.charts[place];
    let runs = data.runs(place);
    let label = labels(plan, chart, runs, None);
    let series = runs.iter().filter_map(|run| {
        let points = data.points(place, *run)?;
        let ending = data.ending(place, *run)?;
        let mut line = Line::new(points.to_vec(), Colour::Category(0));
        if ending.is_diverged {
            let last = points.last().copied();
            line.diverged = match ending.diverged_at(x) {
                // The first state that is not finite has no point.
                Some(at) if last.is_none_or(|last| last[0] != at) => Some([at, f64::NAN]),
                _ => last,
            };
        }
        line.name.clone_from(&ending.label);
        line.run = Some(*run);
        let run = plan.run(*run);
        let label = match &label {
            Some(label) => label(&run),
            None => ending.label.clone(),
        };
        Some(Series::new(line, label, run.settings))
    });
    series.collect()
}

/// The meaning of a line and the area around it.
pub(super) fn said(band: Band, repetitions: u64, diverged: usize, y: &str) -> String {
    let area = match band {
        Band::Range => "range",
        Band::Quartiles | Band::None => "quartiles",
    };
    let mut said = format!("median and {area} of {repetitions} repetitions");
    let runs = counted(diverged, "diverged run");
    match (diverged, is_better_smaller(y)) {
        (0, _) => {}
        (1, true) => said.push_str(&format!("; {runs} counts as infinite")),
        (_, true) => said.push_str(&format!("; {runs} count as infinite")),
        (_, false) => said.push_str(&format!("; without {runs}")),
    }
    said
}
