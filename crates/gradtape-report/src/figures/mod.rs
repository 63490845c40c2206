//! The figures of a report, made from a plan and the data collected of its runs. One file
//! for each kind of chart; [`data`] has the data.

mod band;
mod colours;
mod contour;
mod curve;
mod data;
mod heatmap;
mod histogram;
mod levels;
mod line;
mod profile;
mod scale;
mod sweep;
mod thinning;

use colours::{colours, panels};
use gradtape_chart::{Axis, Figure, Line, Panel};
use gradtape_experiment::derivative::Table;
use gradtape_experiment::number::{counted, grouped, short};
use gradtape_experiment::plan::{ChartKind, Plan, Quantity, quantity_label};
use scale::{extent, fitted, hidden};

pub(super) use contour::{Field, Frame, MAX_FRAMES, frames, growing};
pub(super) use curve::curve;
pub(super) use data::{ChartData, ChartRecorder};

pub use levels::GapLevels;

/// The figure of chart number `place` of the plan; for a contour the `fields` of its
/// [`frames`].
pub(super) fn figure(plan: &Plan, place: usize, data: &ChartData, fields: &[Field]) -> Figure {
    let mut figure = match &plan.charts[place].kind {
        ChartKind::Line(chart) => line::figure(plan, place, chart, data),
        ChartKind::Sweep(chart) => sweep::figure(plan, place, chart, data),
        ChartKind::Heatmap(chart) => heatmap::figure(plan, place, chart, data),
        ChartKind::Contour(_) => contour::figure(plan, place, data, fields),
        ChartKind::Profile(chart) => profile::figure(plan, place, chart, data),
        ChartKind::Histogram(chart) => histogram::figure(plan, place, chart, data),
    };
    let (runs, of) = (data.runs(place).len(), data.run_count(place));
    if runs < of {
        let said = format!("{} of {} runs", grouped(runs as u128), grouped(of as u128));
        say(&mut figure.subtitle, &said);
    }
    figure
}

/// The figure to show where there is room for only one, in few dots: the first simple one of
/// runs, else of a derivative.
pub(super) fn main_figure(plan: &Plan, data: &ChartData, tables: &[Table]) -> Option<Figure> {
    let is_simple = |place: &usize| plan.charts[*place].needs.is_simple;
    let place = (0..plan.charts.len()).find(is_simple);
    place
        .map(|place| figure(plan, place, data, &[]))
        .or_else(|| tables.iter().find_map(|table| curve(plan, table)))
}

/// A figure of lines.
fn of_series(
    plan: &Plan,
    place: usize,
    [x_name, y_name]: [&str; 2],
    mut series: Vec<colours::Series>,
    mut subtitle: Option<String>,
) -> Figure {
    let chart = &plan.charts[place];
    let key = colours(plan, chart, &mut series);
    let panels = panels(chart, series);
    let lines: Vec<&Line> = panels.iter().flat_map(Panel::lines).collect();
    let x_scale = fitted(chart.x_scale, values(&lines, 0));
    let y_scale = fitted(chart.y_scale, values(&lines, 1));
    let description = description(x_name, y_name, &lines);
    // The start of a run needs no mention: an axis of epochs begins where it can.
    let x_hidden = (!is_count(x_name))
        .then(|| hidden(x_scale, &lines, 0))
        .flatten();
    for said in [hidden(y_scale, &lines, 1), x_hidden].into_iter().flatten() {
        say(&mut subtitle, &said);
    }
    Figure {
        title: chart.title.clone(),
        subtitle,
        x: Axis::new(quantity_label(x_name), x_scale),
        y: Axis::new(quantity_label(y_name), y_scale),
        description,
        panels,
        key,
    }
}

/// Whether an axis of this quantity is one of time.
fn is_count(x: &str) -> bool {
    ["epoch", "evaluations"].contains(&x)
}

/// Adds something to a subtitle.
fn say(subtitle: &mut Option<String>, said: &str) {
    match subtitle {
        Some(text) => {
            text.push_str("; ");
            text.push_str(said);
        }
        None => *subtitle = Some(said.to_owned()),
    }
}

/// The coordinates of the points of some lines.
fn values<'l>(lines: &'l [&'l Line], dimension: usize) -> impl Iterator<Item = f64> + Clone + 'l {
    let points = lines.iter().flat_map(|line| &line.points);
    points.map(move |point| point[dimension])
}

/// The chart in words, for those who do not see it.
fn description(x: &str, y: &str, lines: &[&Line]) -> String {
    let count = match lines.len() {
        1 => "one line".to_owned(),
        count => format!("{} lines", grouped(count as u128)),
    };
    let (least, greatest) = extent(values(lines, 1));
    let mut text = format!("{} over {}: {count}", quantity_label(y), quantity_label(x));
    if least <= greatest {
        text.push_str(&format!(
            ", values from {} to {}",
            short(least),
            short(greatest)
        ));
    }
    let is_count = is_count(x);
    let [x, y] = [x, y].map(quantity_label);
    match lowest(lines) {
        // Points of a sweep are final values, wherever they stand.
        Some((_, at)) if lines.iter().any(|line| line.dots) => {
            text.push_str(&format!("; the smallest is at {x} {}", short(at[0])));
        }
        Some((line, at)) if lines.len() > 1 && !line.name.is_empty() => {
            text.push_str(&format!(
                "; the smallest final {y} is {} ({})",
                short(at[1]),
                line.name
            ));
        }
        _ => {}
    }
    let diverged = lines
        .iter()
        .map(|line| usize::from(line.diverged.is_some()) + line.off_scale.len())
        .sum::<usize>();
    if diverged > 0 {
        let is_median = |line: &&Line| line.diverged.is_some() && line.run.is_none();
        let what = ["run", "median"][usize::from(lines.iter().any(is_median))];
        text.push_str(&format!("; {} diverged", counted(diverged, what)));
        let (first, last) = extent(lines.iter().filter_map(|line| Some(line.diverged?[0])));
        if is_count && first == last {
            text.push_str(&format!(" at {x} {}", short(first)));
        } else if is_count && first < last {
            text.push_str(&format!(" at {x} {} to {}", short(first), short(last)));
        }
    }
    text
}

/// The smallest end of a line, or for points that no line joins the smallest point.
fn lowest<'l>(lines: &[&'l Line]) -> Option<(&'l Line, [f64; 2])> {
    let ends = lines.iter().filter(|line| line.diverged.is_none());
    let ends = ends.flat_map(|line| {
        let from = if line.dots {
            0
        } else {
            line.points.len().saturating_sub(1)
        };
        let points = line.points.get(from..).unwrap_or_default();
        points.iter().map(move |point| (*line, *point))
    });
    let finite = ends.filter(|(_, point)| point[1].is_finite());
    finite.min_by(|(_, a), (_, b)| a[1].total_cmp(&b[1]))
}

/// The style of the charts of a plan.
pub(super) fn style(plan: &Plan) -> gradtape_chart::Style {
    use gradtape_chart::{Font, Style, Theme};
    use gradtape_experiment::plan;
    Style {
        width: plan.style.width,
        height: plan.style.height,
        theme: match plan.style.theme {
            plan::Theme::Light => Theme::Light,
            plan::Theme::Dark => Theme::Dark,
        },
        font: match plan.style.font {
            plan::Font::Sans => Font::Sans,
            plan::Font::Serif => Font::Serif,
            plan::Font::Mono => Font::Mono,
        },
        text_size: plan.style.text_size,
    }
}

/// The label of a final value: that of a state says that it is the last one.
fn final_label(name: &str) -> String {
    let label = quantity_label(name);
    match Quantity::named(name).is_some_and(Quantity::is_of_state) {
        true => format!("final {label}"),
        false => label,
    }
}
