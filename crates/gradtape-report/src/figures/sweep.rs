//! A final quantity over a setting: a point for each run, or for all repetitions of a run.

use std::collections::HashMap;

use super::band::edges;
use super::colours::{Series, column};
use super::line::said;
use super::{ChartData, of_series};
use gradtape_chart::{Colour, Figure, Line};
use gradtape_experiment::number::{Value, quantile, sorted};
use gradtape_experiment::plan::charts::SweepChart;
use gradtape_experiment::plan::{Band, Plan};

/// A line for all runs that differ only in the swept setting, and in their repetition if
/// repetitions are combined.
pub(super) fn figure(plan: &Plan, place: usize, chart: &SweepChart, data: &ChartData) -> Figure {
    let SweepChart { x, y, band } = chart;
    let (x, band) = (*x, *band);
    let repetition = match band {
        Band::None => None,
        _ => column(plan, "repetition"),
    };
    let mut all: Vec<(Series, Vec<[f64; 2]>)> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for run in data.runs(place) {
        let mut settings = plan.run(*run).settings;
        let at = settings
            .get_mut(x)
            .and_then(Option::take)
            .and_then(|value| value.number());
        let (Some(at), Some(ending)) = (at, data.ending(place, *run)) else {
            continue;
        };
        if let Some(column) = repetition {
            settings[column] = None;
        }
        let others = format!("{settings:?}");
        let group = *known.entry(others).or_insert_with(|| {
            let label = label_without(plan, &settings, [Some(x), plan.charts[place].facet]);
            let mut line = Line::new(Vec::new(), Colour::Category(0));
            line.dots = true;
            line.name = label_without(plan, &settings, [Some(x), None]);
            all.push((Series::new(line, label, settings.clone()), Vec::new()));
            all.len() - 1
        });
        let value = ending.value.filter(|_| !ending.is_diverged);
        all[group].1.push([at.wide(), value.unwrap_or(f64::NAN)]);
    }
    let series = all.into_iter().map(|(mut series, mut points)| {
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
        if band == Band::None {
            // Each run by itself, also where several have the same setting.
            let (finite, others) = points.into_iter().partition(|point| point[1].is_finite());
            series.line.points = finite;
            series.line.off_scale = others.into_iter().map(|point: [f64; 2]| point[0]).collect();
            return series;
        }
        for group in points.chunk_by(|a, b| a[0] == b[0]) {
            let x = group[0][0];
            let values = sorted(group.iter().map(|point| point[1]));
            let median = quantile(&values, 0.5);
            if median.is_finite() {
                let [low, high] = edges(&values, band);
                series.line.points.push([x, median]);
                series.band.push([x, low, high]);
            } else {
                series.line.off_scale.push(x);
            }
        }
        series
    });
    let series = series.collect();
    let said =
        (band != Band::None).then(|| said(band, plan.repetitions(), data.diverged(place), y));
    of_series(plan, place, [&plan.columns()[x], y], series, said)
}

/// The settings that vary, except some.
fn label_without(plan: &Plan, settings: &[Option<Value>], without: [Option<usize>; 2]) -> String {
    let settings = plan.columns().iter().zip(settings).enumerate();
    let parts = settings.filter_map(|(place, (name, value))| {
        let counts = !without.contains(&Some(place)) && plan.varies(name);
        let value = value.as_ref().filter(|_| counts)?;
        Some(match value {
            Value::Name(name) => name.clone(),
            _ => format!("{}={}", name.trim_start_matches("start."), value.short()),
        })
    });
    parts.collect::<Vec<_>>().join(", ")
}
