//! What tells the lines of a figure apart, and the key that says so.

use crate::number::Value;
use crate::plan::{Chart, Plan, quantity_label};
use crate::report::chart::{Colour, Key, Line, Scale};

/// Up to so many lines each has a colour of its own and a place in the legend.
pub(super) const LEGEND: usize = 12;

/// A range of colours is divided by ratios from this one on.
const LOG_COLOURS_FROM: f64 = 50.0;

/// A line with what its colour can depend on.
pub(super) struct Series {
    pub(super) line: Line,
    /// What the legend says; lines of the same label have the same colour.
    pub(super) label: String,
    /// The settings of the run, or of the first of several.
    pub(super) settings: Vec<Option<Value>>,
}

/// Gives each line its colour, and says what the colours mean.
pub(super) fn colours(plan: &Plan, chart: &Chart, series: &mut [Series]) -> Key {
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
