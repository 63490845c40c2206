//! A final quantity over two settings, as the colours of cells.
//!
//! The settings stand in the order of their numbers. Numbers at even steps, or at even
//! ratios, have an axis of numbers; others, whose cells would be of very unequal sizes, are
//! named one by one, as names are.

use std::collections::{HashMap, HashSet};

use super::ChartData;
use super::band::is_better_smaller;
use super::colours::{LOG_COLOURS_FROM, faceted};
use super::final_label;
use super::say;
use super::scale::extent;
use gradtape_chart::{Axis, Cells, Figure, Key, Mark, Panel, Scale};
use gradtape_experiment::number::{Number, Value, counted, quantile, short, sorted};
use gradtape_experiment::plan::charts::HeatmapChart;
use gradtape_experiment::plan::{self, Plan, quantity_label};

/// A logarithmic range of colours begins at no less than this share of the largest value, so
/// that one value near 0 does not make all others look the same.
const MIN_SHARE: f64 = 1e-15;

/// How far steps can differ and still be even: settings are rounded numbers.
const EVEN: f64 = 0.01;

/// A run in the plane of the two settings.
struct PlaneRun {
    at: [Value; 2],
    /// Not finite if the run diverged.
    value: f64,
    settings: Vec<Option<Value>>,
}

pub(super) fn figure(
    plan: &Plan,
    place: usize,
    heatmap: &HeatmapChart,
    data: &ChartData,
) -> Figure {
    let HeatmapChart {
        x,
        y,
        ref value,
        value_scale,
    } = *heatmap;
    let chart = &plan.charts[place];
    let runs = data.runs(place).iter();
    let placed = runs.filter_map(|run| {
        let ending = data.ending(place, *run)?;
        let mut settings = plan.run(*run).settings;
        let at = [x, y].map(|column| settings.get(column).cloned().flatten());
        let [Some(x), Some(y)] = at else { return None };
        let value = ending.value.filter(|_| !ending.is_diverged);
        // Of the settings only that of the panels is still needed.
        let kept = chart.facet;
        for (column, setting) in settings.iter_mut().enumerate() {
            if Some(column) != kept {
                *setting = None;
            }
        }
        Some(PlaneRun {
            at: [x, y],
            value: value.unwrap_or(f64::INFINITY),
            settings,
        })
    });
    let placed: Vec<PlaneRun> = placed.collect();
    let [x_axis, y_axis] =
        [(0, x, chart.x_scale), (1, y, chart.y_scale)].map(|(side, column, wanted)| {
            let values = each_once(placed.iter().map(|one| &one.at[side]));
            Side::new(plan, column, values, wanted)
        });
    let runs = placed.len();
    let panels: Vec<(String, Cells, usize)> = faceted(chart.facet, placed, |one| &one.settings)
        .into_iter()
        .map(|(name, placed)| {
            let (cells, most) = cells(&x_axis, &y_axis, &placed, is_better_smaller(value));
            (name, cells, most)
        })
        .collect();
    let most = panels.iter().map(|(_, _, most)| *most).max().unwrap_or(0);
    let names: Vec<String> = panels.iter().map(|(name, ..)| name.clone()).collect();
    let mut all: Vec<Cells> = panels.into_iter().map(|(_, cells, _)| cells).collect();
    let mut subtitle = None;
    if most > 1 {
        let said = format!("median of up to {}", counted(most, "run"));
        say(&mut subtitle, &said);
    }
    let description = description(value, &x_axis, &y_axis, &names, &all, runs);
    let key = colour(value, value_scale, &mut all, &mut subtitle);
    let panels = names.into_iter().zip(all).map(|(name, cells)| Panel {
        name,
        marks: vec![Mark::Cells(cells)],
    });
    Figure {
        title: chart.title.clone(),
        subtitle,
        panels: panels.collect(),
        x: x_axis.axis,
        y: y_axis.axis,
        key,
        description,
    }
}

/// One of the two settings.
struct Side {
    axis: Axis,
    values: Vec<Value>,
    /// The position of each value on the axis.
    middles: Vec<f64>,
}

impl Side {
    fn new(plan: &Plan, column: usize, mut values: Vec<Value>, wanted: plan::Scale) -> Side {
        let name = &plan.columns()[column];
        let numbers: Option<Vec<f64>> = values
            .iter()
            .map(|value| value.number().map(Number::wide))
            .collect();
        let numbers = numbers.map(|mut numbers| {
            values.sort_by(|a, b| number(a).total_cmp(&number(b)));
            numbers.sort_by(f64::total_cmp);
            numbers
        });
        let scale = match (&numbers, wanted) {
            (None, _) => None,
            (Some(_), plan::Scale::Linear) => Some(Scale::Linear),
            (Some(numbers), plan::Scale::Log) if numbers.iter().all(|one| *one > 0.0) => {
                Some(Scale::Log)
            }
            (Some(numbers), plan::Scale::SymLog) => {
                Some(super::fitted(plan::Scale::SymLog, numbers.iter().copied()))
            }
            (Some(numbers), _) => even(numbers),
        };
        let mut axis = Axis::new(quantity_label(name), scale.unwrap_or(Scale::Linear));
        let middles = match (scale, numbers) {
            (Some(_), Some(numbers)) => numbers,
            _ => {
                axis.names = values.iter().map(Value::short).collect();
                #[expect(clippy::cast_precision_loss, reason = "a few places")]
                let places = (0..values.len()).map(|place| place as f64).collect();
                places
            }
        };
        Side {
            axis,
            values,
            middles,
        }
    }
}

fn number(value: &Value) -> f64 {
    value.number().map_or(f64::NAN, Number::wide)
}

/// The scale on which sorted numbers have even steps, if there is one.
fn even(numbers: &[f64]) -> Option<Scale> {
    let is_even = |numbers: &[f64]| {
        let steps = numbers.windows(2).map(|pair| pair[1] - pair[0]);
        let (least, greatest) = extent(steps);
        least > 0.0 && greatest.is_finite() && greatest - least <= EVEN * greatest
    };
    if is_even(numbers) {
        return Some(Scale::Linear);
    }
    let logs: Option<Vec<f64>> = numbers
        .iter()
        .map(|number| (*number > 0.0).then(|| libm::log10(*number)))
        .collect();
    logs.filter(|logs| is_even(logs)).map(|_| Scale::Log)
}

/// The different values, in order.
fn each_once<'v>(values: impl Iterator<Item = &'v Value>) -> Vec<Value> {
    let mut told = HashSet::new();
    let different = values.filter(|value| told.insert(value.to_string()));
    different.cloned().collect()
}

/// The medians of the cells, and the number of runs in the fullest one.
fn cells(x: &Side, y: &Side, placed: &[PlaneRun], can_be_best: bool) -> (Cells, usize) {
    let mut values: Vec<Vec<f64>> = vec![Vec::new(); x.values.len() * y.values.len()];
    let places = |side: &Side| -> HashMap<String, usize> {
        let values = side.values.iter().map(Value::to_string);
        values.zip(0..).collect()
    };
    let (columns, rows) = (places(x), places(y));
    for one in placed {
        let column = columns.get(&one.at[0].to_string());
        let row = rows.get(&one.at[1].to_string());
        if let (Some(column), Some(row)) = (column, row) {
            values[row * x.values.len() + column].push(one.value);
        }
    }
    let most = values.iter().map(Vec::len).max().unwrap_or(0);
    let values: Vec<Option<f64>> = values
        .into_iter()
        .map(|values| (!values.is_empty()).then(|| quantile(&sorted(values), 0.5)))
        .collect();
    let marked = can_be_best.then(|| best(&values)).flatten();
    let cells = Cells {
        x: x.middles.clone(),
        y: y.middles.clone(),
        values,
        marked,
    };
    (cells, most)
}

/// The place of the smallest finite value.
fn best(values: &[Option<f64>]) -> Option<usize> {
    let finite = values.iter().enumerate();
    let finite =
        finite.filter_map(|(place, value)| Some((place, value.filter(|v| v.is_finite())?)));
    let best = finite.min_by(|(_, a), (_, b)| a.total_cmp(b));
    best.map(|(place, _)| place)
}

/// The colours of all cells. Values below the range have the lowest colour.
fn colour(
    value: &str,
    wanted: plan::Scale,
    all: &mut [Cells],
    subtitle: &mut Option<String>,
) -> Key {
    let values: Vec<f64> = all
        .iter()
        .flat_map(|cells| &cells.values)
        .flatten()
        .copied()
        .filter(|value| value.is_finite())
        .collect();
    let (least, greatest) = extent(values.iter().copied());
    let title = final_label(value);
    if least > greatest {
        return Key::None;
    }
    let positive = values.iter().copied().filter(|value| *value > 0.0);
    let (least_positive, _) = extent(positive);
    let scale = match wanted {
        plan::Scale::Linear => Scale::Linear,
        plan::Scale::SymLog => super::fitted(wanted, values.iter().copied()),
        plan::Scale::Log => Scale::Log,
        plan::Scale::Fitting => {
            if least >= 0.0 && greatest / least_positive >= LOG_COLOURS_FROM {
                Scale::Log
            } else {
                Scale::Linear
            }
        }
    };
    let mut from = least;
    if scale == Scale::Log {
        from = least_positive.max(greatest * MIN_SHARE);
        if from > greatest {
            // Nothing is above 0.
            return Key::None;
        }
        let mut lifted = 0;
        let cells = all.iter_mut().flat_map(|cells| &mut cells.values);
        for value in cells.flatten().filter(|value| **value < from) {
            *value = from;
            lifted += 1;
        }
        if lifted > 0 {
            let cells = counted(lifted, "cell");
            let verb = if lifted == 1 { "has" } else { "share" };
            say(
                subtitle,
                &format!("{cells} below {} {verb} the lowest colour", short(from)),
            );
        }
    }
    Key::ColourBar {
        title,
        from,
        to: greatest,
        scale,
    }
}

/// The chart in words.
fn description(
    value: &str,
    x: &Side,
    y: &Side,
    names: &[String],
    all: &[Cells],
    runs: usize,
) -> String {
    let mut text = format!(
        "{} of {} over {} values of {} and {} of {}",
        quantity_label(value),
        counted(runs, "run"),
        x.values.len(),
        x.axis.label,
        y.values.len(),
        y.axis.label
    );
    let values = all.iter().flat_map(|cells| &cells.values).flatten();
    let (least, greatest) = extent(values.clone().copied());
    if least <= greatest {
        text.push_str(&format!(", from {} to {}", short(least), short(greatest)));
    }
    for (name, cells) in names.iter().zip(all) {
        let Some(place) = cells.marked else { continue };
        let (column, row) = (place % x.values.len(), place / x.values.len());
        let least = cells.values.get(place).copied().flatten();
        text.push_str(&format!(
            "; the smallest{} is {} at {} {} and {} {}",
            if name.is_empty() {
                String::new()
            } else {
                format!(" of {name}")
            },
            short(least.unwrap_or(f64::NAN)),
            x.axis.label,
            x.values[column].short(),
            y.axis.label,
            y.values[row].short()
        ));
    }
    let diverged = values.filter(|value| !value.is_finite()).count();
    if diverged > 0 {
        text.push_str(&format!("; {} diverged", counted(diverged, "cell")));
    }
    text
}
