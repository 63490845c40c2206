//! The colours that distinguish the lines of a figure, and their key.

use std::collections::HashSet;

use gradtape_chart::{Band, Colour, Key, Line, Mark, Panel, Scale};
use gradtape_experiment::number::Value;
use gradtape_experiment::plan::{Chart, Plan, Run, quantity_label};

/// Up to this number of lines, each has its own colour and legend entry.
pub(super) const MAX_LEGEND_ENTRIES: usize = 12;

/// A range of colours is logarithmic if its ends have at least this ratio.
pub(super) const LOG_COLOURS_FROM: f64 = 50.0;

/// A line with what its colour and its panel can depend on.
pub(super) struct Series {
    pub(super) line: Line,
    /// The area around it: `[x, low, high]`.
    pub(super) band: Vec<[f64; 3]>,
    /// The legend entry; lines with the same label have the same colour.
    pub(super) label: String,
    /// The settings of the run, or of the first of several.
    pub(super) settings: Vec<Option<Value>>,
}

impl Series {
    /// A line without an area.
    pub(super) fn new(line: Line, label: String, settings: Vec<Option<Value>>) -> Self {
        Series {
            line,
            band: Vec::new(),
            label,
            settings,
        }
    }
}

/// The legend entries of runs: the settings that vary among these, which may be fewer than
/// those that vary among all, except the setting of panels and `without`. `None` if the runs
/// are too many for a legend.
pub(super) fn labels<'p>(
    plan: &'p Plan,
    chart: &Chart,
    runs: &[u64],
    without: Option<usize>,
) -> Option<impl Fn(&Run) -> String + use<'p>> {
    // Each panel can have as many lines as a legend has entries.
    const MAX_PANELS: usize = 36;
    let most = MAX_LEGEND_ENTRIES * if chart.facet.is_some() { MAX_PANELS } else { 1 };
    if runs.len() > most.saturating_mul(usize::try_from(plan.repetitions()).unwrap_or(1)) {
        return None;
    }
    let runs: Vec<Run> = runs.iter().map(|run| plan.run(*run)).collect();
    let differs = |column: usize| {
        let mut settings = runs.iter().map(|run| &run.settings[column]);
        settings.any(|setting| *setting != runs[0].settings[column])
    };
    let counts: Vec<bool> = (0..plan.columns().len())
        .map(|column| ![chart.facet, without].contains(&Some(column)) && differs(column))
        .collect();
    Some(move |run: &Run| plan.label_by(run, |column| counts[column]))
}

/// The place of the setting with this name.
pub(super) fn column(plan: &Plan, name: &str) -> Option<usize> {
    plan.columns().iter().position(|known| known == name)
}

/// Sets the colour of each line, and returns the key of the colours.
pub(super) fn colours(plan: &Plan, chart: &Chart, series: &mut [Series]) -> Key {
    let labels = distinct_labels(series, MAX_LEGEND_ENTRIES + 1).len();
    let group_by = match (chart.group_by, labels) {
        (Some(column), _) => Some(column),
        (None, 0..=1) => return Key::None,
        // A single setting is named once, above its values.
        (None, ..=MAX_LEGEND_ENTRIES) => match differing(plan, chart, series).as_slice() {
            [only] => Some(*only),
            _ => None,
        },
        (None, _) => main_setting(plan, chart, series),
    };
    if let Some(column) = group_by {
        let numbers: Vec<Option<f64>> = series
            .iter()
            .map(|one| Some(one.settings.get(column)?.as_ref()?.number()?.wide()))
            .collect();
        for one in &mut *series {
            one.label = shown(&one.settings, column);
        }
        let numbers: Option<Vec<f64>> = numbers.into_iter().collect();
        let is_long = distinct_labels(series, MAX_LEGEND_ENTRIES + 1).len() > MAX_LEGEND_ENTRIES;
        if let (Some(numbers), true) = (numbers, is_long) {
            for (one, number) in series.iter_mut().zip(&numbers) {
                one.line.colour = Colour::Value(*number);
            }
            let name = &plan.columns()[column];
            return colour_bar(quantity_label(name), &numbers, plan.is_log_range(name));
        }
    }
    let entries = distinct_labels(series, usize::MAX);
    let places: std::collections::HashMap<&str, usize> = entries
        .iter()
        .enumerate()
        .map(|(place, entry)| (entry.as_str(), place))
        .collect();
    for one in &mut *series {
        let category = places.get(one.label.as_str()).copied().unwrap_or(0);
        one.line.colour = Colour::Category(category);
    }
    if entries.len() < 2 {
        return Key::None;
    }
    let title = group_by.map(|column| quantity_label(&plan.columns()[column]));
    // More would only repeat colours.
    let entries = entries.into_iter().take(MAX_LEGEND_ENTRIES).collect();
    Key::Legend { title, entries }
}

/// A setting in the words of a legend or a panel.
pub(super) fn shown(settings: &[Option<Value>], column: usize) -> String {
    let value = settings.get(column).and_then(Option::as_ref);
    value.map_or("none".to_owned(), Value::short)
}

/// A scale of colours for these values.
pub(super) fn colour_bar(title: String, values: &[f64], is_log_range: bool) -> Key {
    let from = values.iter().copied().fold(f64::INFINITY, f64::min);
    let to = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let is_log = from > 0.0 && (is_log_range || to / from >= LOG_COLOURS_FROM);
    let scale = if is_log { Scale::Log } else { Scale::Linear };
    Key::ColourBar {
        title,
        from,
        to,
        scale,
    }
}

/// The different labels in order, no more than `most`.
fn distinct_labels(series: &[Series], most: usize) -> Vec<String> {
    let mut told = HashSet::new();
    let labels = series.iter().map(|one| one.label.as_str());
    let different = labels.filter(|label| told.insert(*label)).take(most);
    different.map(str::to_owned).collect()
}

/// The settings in which some lines of a panel can differ.
fn differing(plan: &Plan, chart: &Chart, series: &[Series]) -> Vec<usize> {
    let first = series.first().map(|one| &one.settings);
    let of = |settings: &Vec<Option<Value>>, column: usize| settings.get(column).cloned();
    let differs = |column: &usize| {
        let first = first.and_then(|settings| of(settings, *column));
        Some(*column) != chart.facet && series.iter().any(|one| of(&one.settings, *column) != first)
    };
    (0..plan.columns().len()).filter(differs).collect()
}

/// The setting that distinguishes many lines: the first number that differs
/// between them, the learning rate before all others, or else the first name.
fn main_setting(plan: &Plan, chart: &Chart, series: &[Series]) -> Option<usize> {
    let first = &series.first()?.settings;
    let is_number = |column: &usize| {
        let value = first.get(*column).and_then(Option::as_ref);
        value.is_some_and(|value| value.number().is_some())
    };
    let varying = differing(plan, chart, series);
    let rate = varying
        .iter()
        .find(|column| plan.columns()[**column] == "learning_rate");
    let number = varying.iter().find(|column| is_number(column));
    rate.or(number).or(varying.first()).copied()
}

/// Divides `all` by a setting: a panel for each value, in the order of first appearance.
pub(super) fn faceted<T>(
    facet: Option<usize>,
    all: Vec<T>,
    settings: impl Fn(&T) -> &[Option<Value>],
) -> Vec<(String, Vec<T>)> {
    let Some(column) = facet else {
        return vec![(String::new(), all)];
    };
    let mut panels: Vec<(String, Vec<T>)> = Vec::new();
    for one in all {
        let name = shown(settings(&one), column);
        match panels.iter_mut().find(|(known, _)| *known == name) {
            Some((_, panel)) => panel.push(one),
            None => panels.push((name, vec![one])),
        }
    }
    panels
}

/// The panels of some lines: all areas below all lines.
pub(super) fn panels(chart: &Chart, series: Vec<Series>) -> Vec<Panel> {
    let divided = faceted(chart.facet, series, |one| &one.settings);
    let panel = |(name, series): (String, Vec<Series>)| {
        let bands = series
            .iter()
            .enumerate()
            .filter(|(_, one)| !one.band.is_empty())
            .map(|(line, one)| {
                Mark::Band(Band {
                    points: one.band.clone(),
                    colour: one.line.colour,
                    line,
                })
            });
        let mut marks: Vec<Mark> = bands.collect();
        marks.extend(series.into_iter().map(|one| Mark::Line(one.line)));
        Panel { name, marks }
    };
    divided.into_iter().map(panel).collect()
}
