//! From collected points to the figures that are drawn.

use super::chart::{Axis, Colour, Figure, Key, Line, Panel, Scale};
use super::series::{Drawn, Endings, Lines};
use crate::number::{Value, short};
use crate::plan::{self, Chart, ChartKind, Plan, Run, quantity_label};

/// Up to so many lines each has a colour of its own and a place in the legend.
const LEGEND: usize = 12;

/// A range of colours is divided by ratios from this one on.
const LOG_COLOURS_FROM: f64 = 50.0;

/// The figure of chart number `place` of the plan.
pub(super) fn figure(
    plan: &Plan,
    place: usize,
    drawn: &Drawn,
    lines: &Lines,
    endings: &Endings,
) -> Figure {
    let chart = &plan.charts[place];
    let runs = &drawn.chart(place).runs;
    let (x_name, mut series) = match &chart.kind {
        ChartKind::Line { x } => (x.as_str(), line_series(plan, place, runs, lines, endings)),
        ChartKind::Sweep { x } => (
            plan.columns()[*x].as_str(),
            sweep_series(plan, place, *x, runs, endings),
        ),
    };
    let key = colours(plan, chart, &mut series);
    let lines: Vec<Line> = series.into_iter().map(|series| series.line).collect();
    let of = drawn.chart(place).of;
    let subtitle =
        (runs.len() < of).then(|| format!("every {}th of {of} runs", of.div_ceil(runs.len())));
    Figure {
        title: chart.title.clone(),
        subtitle,
        x: Axis::new(quantity_label(x_name), scale(chart.x_scale, &lines, 0)),
        y: Axis::new(quantity_label(&chart.y), scale(chart.y_scale, &lines, 1)),
        description: description(chart, x_name, &lines),
        panels: vec![Panel::of_lines(lines)],
        key,
    }
}

/// A line with what its colour can depend on.
struct Series {
    line: Line,
    /// What the legend says; lines of the same label have the same colour.
    label: String,
    /// The settings of the run, or of the first of several.
    settings: Vec<Option<Value>>,
}

fn line_series(
    plan: &Plan,
    place: usize,
    runs: &[u64],
    lines: &Lines,
    endings: &Endings,
) -> Vec<Series> {
    // A legend names what varies among its lines, which may be less than what varies
    // among all runs.
    let few: Vec<Run> = match runs.len() {
        2..=LEGEND => runs.iter().map(|run| plan.run(*run)).collect(),
        _ => Vec::new(),
    };
    let differs = |column: usize| {
        few.iter()
            .any(|run| run.settings[column] != few[0].settings[column])
    };
    let series = runs.iter().filter_map(|run| {
        let points = lines.get(&(place, *run))?;
        let ending = endings.get(place, *run)?;
        let mut line = Line::new(points.clone(), Colour::Category(0));
        line.diverged = ending.is_diverged;
        line.name.clone_from(&ending.label);
        line.run = Some(*run);
        let run = plan.run(*run);
        let label = if few.is_empty() {
            ending.label.clone()
        } else {
            plan.label_by(&run, differs)
        };
        Some(Series {
            line,
            label,
            settings: run.settings,
        })
    });
    series.collect()
}

/// A line for all runs that differ in nothing but the swept setting.
fn sweep_series(
    plan: &Plan,
    place: usize,
    x: usize,
    runs: &[u64],
    endings: &Endings,
) -> Vec<Series> {
    let mut all: Vec<(Vec<Option<Value>>, Series)> = Vec::new();
    let mut known: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for run in runs {
        let mut settings = plan.run(*run).settings;
        let at = settings
            .get_mut(x)
            .and_then(Option::take)
            .and_then(|value| value.number());
        let (Some(at), Some(ending)) = (at, endings.get(place, *run)) else {
            continue;
        };
        let others = format!("{settings:?}");
        let group = *known.entry(others).or_insert_with(|| {
            let label = label_without(plan, &settings, x);
            let mut line = Line::new(Vec::new(), Colour::Category(0));
            line.dots = true;
            line.name.clone_from(&label);
            let series = Series {
                line,
                label,
                settings: settings.clone(),
            };
            all.push((settings.clone(), series));
            all.len() - 1
        });
        let line = &mut all[group].1.line;
        match ending.y.filter(|y| y.is_finite() && !ending.is_diverged) {
            Some(y) => line.points.push([at.wide(), y]),
            None => line.off_scale.push(at.wide()),
        }
    }
    for (_, series) in &mut all {
        series.line.points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    }
    all.into_iter().map(|(_, series)| series).collect()
}

/// The settings that vary, but for the swept one.
fn label_without(plan: &Plan, settings: &[Option<Value>], x: usize) -> String {
    let parts =
        plan.columns()
            .iter()
            .zip(settings)
            .enumerate()
            .filter_map(|(place, (name, value))| {
                let value = value.as_ref().filter(|_| place != x && plan.varies(name))?;
                Some(match value {
                    Value::Name(name) => name.clone(),
                    _ => format!("{}={}", name.trim_start_matches("start."), value.short()),
                })
            });
    parts.collect::<Vec<_>>().join(", ")
}

/// Gives each line its colour, and says what the colours mean.
fn colours(plan: &Plan, chart: &Chart, series: &mut [Series]) -> Key {
    let group_by = match (chart.group_by, series.len()) {
        (Some(column), _) => Some(column),
        (None, 0..=1) => return Key::None,
        // A single setting is named once, above its values.
        (None, ..=LEGEND) => match differing(plan, series).as_slice() {
            [only] => Some(*only),
            _ => None,
        },
        (None, _) => main_setting(plan, series),
    };
    if let Some(column) = group_by {
        let numbers: Vec<Option<f64>> = series
            .iter()
            .map(|one| Some(one.settings.get(column)?.as_ref()?.number()?.wide()))
            .collect();
        for one in &mut *series {
            let value = one.settings.get(column).and_then(Option::as_ref);
            one.label = value.map_or("none".to_owned(), Value::short);
        }
        let numbers: Option<Vec<f64>> = numbers.into_iter().collect();
        if let (Some(numbers), true) = (numbers, distinct_labels(series).len() > LEGEND) {
            return colour_bar(plan, &plan.columns()[column], &numbers, series);
        }
    }
    let entries = distinct_labels(series);
    for one in &mut *series {
        let category = entries.iter().position(|entry| *entry == one.label);
        one.line.colour = Colour::Category(category.unwrap_or(0));
    }
    if entries.len() < 2 {
        return Key::None;
    }
    let title = group_by.map(|column| quantity_label(&plan.columns()[column]));
    // More would only repeat colours.
    let entries = entries.into_iter().take(LEGEND).collect();
    Key::Legend { title, entries }
}

fn colour_bar(plan: &Plan, name: &str, numbers: &[f64], series: &mut [Series]) -> Key {
    let from = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let to = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for (one, number) in series.iter_mut().zip(numbers) {
        one.line.colour = Colour::Value(*number);
    }
    let is_log = from > 0.0 && (plan.is_log_range(name) || to / from >= LOG_COLOURS_FROM);
    let scale = if is_log { Scale::Log } else { Scale::Linear };
    Key::ColourBar {
        title: quantity_label(name),
        from,
        to,
        scale,
    }
}

fn distinct_labels(series: &[Series]) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for one in series {
        if !labels.contains(&one.label) {
            labels.push(one.label.clone());
        }
    }
    labels
}

/// The settings in which some lines differ.
fn differing(plan: &Plan, series: &[Series]) -> Vec<usize> {
    let first = series.first().map(|one| &one.settings);
    let of = |settings: &Vec<Option<Value>>, column: usize| settings.get(column).cloned();
    let differs = |column: &usize| {
        let first = first.and_then(|settings| of(settings, *column));
        series.iter().any(|one| of(&one.settings, *column) != first)
    };
    (0..plan.columns().len()).filter(differs).collect()
}

/// The setting that tells many lines apart: the first number that differs
/// between them, the learning rate before all others, or else the first name.
fn main_setting(plan: &Plan, series: &[Series]) -> Option<usize> {
    let first = &series.first()?.settings;
    let is_number = |column: &usize| {
        let value = first.get(*column).and_then(Option::as_ref);
        value.is_some_and(|value| value.number().is_some())
    };
    let varying = differing(plan, series);
    let rate = varying
        .iter()
        .find(|column| plan.columns()[**column] == "learning_rate");
    let number = varying.iter().find(|column| is_number(column));
    rate.or(number).or(varying.first()).copied()
}

fn scale(wanted: plan::Scale, lines: &[Line], dimension: usize) -> Scale {
    match wanted {
        plan::Scale::Linear => Scale::Linear,
        plan::Scale::Log => Scale::Log,
        plan::Scale::Fitting => {
            let (least, _) = extent(lines, dimension, |_| true);
            let (least_positive, greatest) = extent(lines, dimension, |value| value > 0.0);
            let is_log = least >= 0.0 && greatest / least_positive >= 1e3;
            if is_log { Scale::Log } else { Scale::Linear }
        }
    }
}

/// The least and the greatest finite value among those that count.
fn extent(lines: &[Line], dimension: usize, counts: impl Fn(f64) -> bool) -> (f64, f64) {
    let points = lines.iter().flat_map(|line| &line.points);
    let values = points
        .map(|point| point[dimension])
        .filter(|value| value.is_finite() && counts(*value));
    values.fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(least, greatest), value| (least.min(value), greatest.max(value)),
    )
}

/// The chart in words, for those who do not see it.
fn description(chart: &Chart, x: &str, lines: &[Line]) -> String {
    let count = match lines.len() {
        1 => "one line".to_owned(),
        count => format!("{count} lines"),
    };
    let (least, greatest) = extent(lines, 1, |_| true);
    let diverged = lines
        .iter()
        .map(|line| usize::from(line.diverged) + line.off_scale.len())
        .sum::<usize>();
    let mut text = format!(
        "{} over {}: {count}",
        quantity_label(&chart.y),
        quantity_label(x)
    );
    if least <= greatest {
        text.push_str(&format!(
            ", values from {} to {}",
            short(least),
            short(greatest)
        ));
    }
    match diverged {
        0 => {}
        1 => text.push_str("; 1 run diverged"),
        _ => text.push_str(&format!("; {diverged} runs diverged")),
    }
    text
}
