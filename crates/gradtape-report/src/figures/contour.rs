//! An objective of two parameters as level lines, and the paths of the runs over it.

use super::colours::{Series, colours, labels, shown};
use super::levels::GapLevels;
use super::scale::extent;
use super::{ChartData, say};
use gradtape_chart::{Axis, Colour, Figure, Landmark, Levels, Line, Mark, Panel, Scale};
use gradtape_experiment::landscape;
use gradtape_experiment::number::{Number, counted, short};
use gradtape_experiment::plan::charts::Fields;
use gradtape_experiment::plan::{Objective, Plan, Run};

/// The points of a grid across and up: so fine that no corner of a level line is visible.
const GRID: [usize; 2] = [168, 112];

/// The coarsest grid, for objectives that are expensive to evaluate.
const COARSEST: [usize; 2] = [60, 40];

/// Approximate number of operations spent on a field.
const OPERATIONS: usize = 400_000_000;

/// Approximate number of level lines.
const LEVELS: usize = 12;

/// More panels than this are too small to be read.
const MAX_PANELS: usize = 36;

/// Margin around everything that must be visible, as a share of it.
const MARGIN: f64 = 0.08;

/// The loss at the points of a grid, row by row.
pub(crate) type Field = Vec<f64>;

/// A function of two parameters on a grid.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    objective: usize,
    constants: Vec<Number>,
    /// The columns of the grid.
    x: Vec<f64>,
    /// Its rows.
    y: Vec<f64>,
}

impl Frame {
    /// The points of its grid, row by row.
    pub(crate) fn points(&self) -> impl Iterator<Item = [f64; 2]> + '_ {
        let rows = self.y.iter();
        rows.flat_map(|y| self.x.iter().map(move |x| [*x, *y]))
    }

    /// Its field; `None` if that needs data that are missing.
    pub(crate) fn field(&self, plan: &Plan) -> Option<Field> {
        landscape::values(plan, self.objective, &self.constants, &self.x, &self.y)
    }
}

/// The functions whose fields chart number `place` shows. They share one
/// piece of the plane, which holds the paths of all runs that did not diverge, all starts and
/// for each objective the known minimum that is nearest to a start.
pub(crate) fn frames(plan: &Plan, place: usize, data: &ChartData) -> Vec<Frame> {
    if plan.charts[place].needs.fields == Fields::None {
        return Vec::new();
    }
    let mut frames: Vec<Frame> = Vec::new();
    let mut corners: Vec<[f64; 2]> = Vec::new();
    for run in runs(plan, place, data) {
        let points = data.points(place, run.number).unwrap_or_default();
        let ending = data.ending(place, run.number);
        if ending.is_some_and(|ending| !ending.is_diverged) {
            corners.extend(points);
        }
        corners.extend(points.first());
        let is_known =
            |frame: &Frame| frame.objective == run.objective && frame.constants == run.constants;
        if frames.iter().any(is_known) || frames.len() == MAX_PANELS {
            continue;
        }
        let start = points.first().copied().unwrap_or_default();
        corners.extend(nearest(&plan.objectives[run.objective], start));
        frames.push(Frame {
            objective: run.objective,
            constants: run.constants,
            x: Vec::new(),
            y: Vec::new(),
        });
    }
    let [x, y] = piece(&corners);
    for frame in &mut frames {
        let [columns, rows] = size(&plan.objectives[frame.objective]);
        frame.x = evenly(x, columns);
        frame.y = evenly(y, rows);
    }
    frames
}

/// The runs that are drawn.
fn runs(plan: &Plan, place: usize, data: &ChartData) -> impl Iterator<Item = Run> {
    data.runs(place).iter().map(|run| plan.run(*run))
}

/// The known minimum that is nearest to a point.
fn nearest(objective: &Objective, point: [f64; 2]) -> Option<[f64; 2]> {
    let square = |at: &[f64; 2]| {
        let [x, y] = [at[0] - point[0], at[1] - point[1]];
        x * x + y * y
    };
    minima(objective).min_by(|a, b| square(a).total_cmp(&square(b)))
}

/// All known places of the minimum.
fn minima(objective: &Objective) -> impl Iterator<Item = [f64; 2]> {
    let all = objective.minimisers();
    all.filter_map(|at| match at {
        [x, y] if x.is_finite() && y.is_finite() => Some([*x, *y]),
        _ => None,
    })
}

/// The ranges of the two axes that show all these points.
fn piece(points: &[[f64; 2]]) -> [[f64; 2]; 2] {
    let spans = [0, 1].map(|side| {
        let (least, greatest) = extent(points.iter().map(|point| point[side]));
        if least <= greatest {
            [least, greatest]
        } else {
            [0.0, 0.0]
        }
    });
    let lengths = spans.map(|[least, greatest]| greatest - least);
    let longest = lengths[0].max(lengths[1]);
    let mut shown = spans;
    for (side, length) in shown.iter_mut().zip(lengths) {
        let size = side[0].abs().max(side[1].abs());
        // A path along one axis needs some width too.
        let margin = if length > longest * 1e-6 && length > size * 1e-12 {
            length * MARGIN
        } else if longest > size * 1e-12 {
            longest / 2.0
        } else {
            size.max(1.0)
        };
        let wide = [side[0] - margin, side[1] + margin];
        if wide.iter().all(|end| end.is_finite()) && (wide[1] - wide[0]).is_finite() {
            *side = wide;
        }
    }
    shown
}

/// Columns and rows of a grid that is not too expensive.
fn size(objective: &Objective) -> [usize; 2] {
    let function = &objective.function;
    let cost = function.size().max(function.elements()).max(1);
    // A finer grid for every fourth part of the work.
    let points = OPERATIONS / cost;
    let [columns, rows] = GRID;
    if points >= columns * rows {
        return GRID;
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a small count"
    )]
    let part = |side: usize| {
        let share = (points as f64 / (columns * rows) as f64).sqrt();
        (side as f64 * share) as usize
    };
    [part(columns).max(COARSEST[0]), part(rows).max(COARSEST[1])]
}

/// `count` evenly spaced numbers from one to another, both included.
fn evenly([from, to]: [f64; 2], count: usize) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let share = |place: usize| place as f64 / (count - 1) as f64;
    (0..count)
        .map(|place| from * (1.0 - share(place)) + to * share(place))
        .collect()
}

pub(super) fn figure(plan: &Plan, place: usize, data: &ChartData, fields: &[Field]) -> Figure {
    let chart = &plan.charts[place];
    let frames = frames(plan, place, data);
    let paths = paths(plan, place, data, &frames);
    let mut series: Vec<Series> = Vec::new();
    let mut places = Vec::new();
    for RunPath { series: one, frame } in paths {
        series.push(one);
        places.push(frame);
    }
    let key = colours(plan, chart, &mut series);
    let mut panels: Vec<(usize, String, Vec<Line>)> = Vec::new();
    for (one, frame) in series.into_iter().zip(places) {
        let facet = chart.facet.map(|column| shown(&one.settings, column));
        let name = name(plan, &frames, frame, facet.as_deref());
        match panels
            .iter_mut()
            .find(|(known, title, _)| *known == frame && *title == name)
        {
            Some((.., lines)) => lines.push(one.line),
            None => panels.push((frame, name, vec![one.line])),
        }
    }
    let diverged = data.diverged(place);
    let mut subtitle = (diverged > 0).then(|| format!("{} diverged", counted(diverged, "run")));
    if panels.len() > MAX_PANELS {
        let said = format!("the first {MAX_PANELS} of {} panels", panels.len());
        say(&mut subtitle, &said);
        panels.truncate(MAX_PANELS);
    }
    let (x, y) = frames.first().map_or(([0.0, 1.0], [0.0, 1.0]), |frame| {
        let ends = |grid: &[f64]| [grid[0], grid[grid.len() - 1]];
        (ends(&frame.x), ends(&frame.y))
    });
    let panels = panels.into_iter().map(|(frame, name, lines)| {
        let (shown, values) = (&frames[frame], fields.get(frame));
        let objective = &plan.objectives[shown.objective];
        let mut marks = Vec::new();
        if let Some(values) = values {
            marks.push(Mark::Levels(levels(objective, shown, values)));
        }
        let is_seen = |at: &[f64; 2]| {
            let within = |value: f64, [low, high]: [f64; 2]| low <= value && value <= high;
            within(at[0], x) && within(at[1], y)
        };
        let minima = minima(objective).filter(is_seen);
        marks.extend(lines.into_iter().map(Mark::Line));
        marks.extend(minima.map(|at| {
            Mark::Landmark(Landmark {
                at,
                name: "minimum".to_owned(),
            })
        }));
        Panel { name, marks }
    });
    let panels: Vec<Panel> = panels.collect();
    let [x_label, y_label] = axis_labels(plan, &frames);
    let axis = |label: String, range: [f64; 2]| {
        let mut axis = Axis::new(label, Scale::Linear);
        axis.range = Some(range);
        axis
    };
    Figure {
        title: chart.title.clone(),
        subtitle,
        description: description(plan, place, data, &frames, (x, y)),
        x: axis(x_label, x),
        y: axis(y_label, y),
        panels,
        key,
    }
}

/// Number of frames of an animation after the first.
pub(crate) const MAX_FRAMES: usize = 48;

/// The frames of an animation of growing paths: each shows the same share of every path,
/// counted in recorded points.
pub(crate) fn growing(figure: &Figure) -> Vec<Figure> {
    let shown = |picture: usize| {
        let mut figure = figure.clone();
        let marks = figure.panels.iter_mut().flat_map(|panel| &mut panel.marks);
        for mark in marks {
            if let Mark::Line(line) = mark {
                let count = (line.points.len() * picture).div_ceil(MAX_FRAMES);
                line.shown = Some(count.max(1));
            }
        }
        figure
    };
    (0..=MAX_FRAMES).map(shown).collect()
}

/// The path of a run, and the index of its function among the frames.
struct RunPath {
    series: Series,
    frame: usize,
}

fn paths(plan: &Plan, place: usize, data: &ChartData, frames: &[Frame]) -> Vec<RunPath> {
    let chart = &plan.charts[place];
    let drawn = data.runs(place);
    let label = labels(
        plan,
        chart,
        drawn,
        super::colours::column(plan, "objective"),
    );
    let paths = runs(plan, place, data).filter_map(|run| {
        let points = data.points(place, run.number)?;
        let ending = data.ending(place, run.number)?;
        let mut frames = frames.iter();
        let frame = frames.position(|frame| {
            frame.objective == run.objective && frame.constants == run.constants
        })?;
        let mut line = Line::new(points.to_vec(), Colour::Category(0));
        line.path = true;
        line.diverged = points.last().copied().filter(|_| ending.is_diverged);
        line.name.clone_from(&ending.label);
        line.run = Some(run.number);
        let label = match &label {
            Some(label) => label(&run),
            None => ending.label.clone(),
        };
        let series = Series::new(line, label, run.settings);
        Some(RunPath { series, frame })
    });
    paths.collect()
}

/// What distinguishes a panel: its objective, its constants, its facet.
fn name(plan: &Plan, frames: &[Frame], frame: usize, facet: Option<&str>) -> String {
    let shown = &frames[frame];
    let objective = &plan.objectives[shown.objective];
    let mut parts = Vec::new();
    if frames
        .iter()
        .any(|other| other.objective != shown.objective)
    {
        parts.push(objective.name.clone());
    }
    let names = objective.function.constants().iter();
    for (place, name) in names.enumerate() {
        let of = |frame: &Frame| frame.constants.get(place).map(|number| number.wide());
        let mut twins = frames.iter();
        if twins.any(|other| other.objective == shown.objective && of(other) != of(shown)) {
            let value = of(shown).map_or(String::new(), short);
            parts.push(format!("{name} = {value}"));
        }
    }
    if let Some(facet) = facet.filter(|facet| !parts.iter().any(|part| part == facet)) {
        parts.push(facet.to_owned());
    }
    parts.join(", ")
}

/// The names of the parameters, if all objectives have the same ones.
fn axis_labels(plan: &Plan, frames: &[Frame]) -> [String; 2] {
    let of = |frame: &Frame, side: usize| {
        let names = plan.objectives[frame.objective].function.parameters();
        names.get(side).cloned().unwrap_or_default()
    };
    [(0, "first parameter"), (1, "second parameter")].map(|(side, both)| match frames {
        [first, rest @ ..] if rest.iter().all(|other| of(other, side) == of(first, side)) => {
            of(first, side)
        }
        _ => both.to_owned(),
    })
}

/// The level lines: above the known minimum, or above the smallest value of the field if that
/// is smaller.
fn levels(objective: &Objective, frame: &Frame, values: &[f64]) -> Levels {
    let (least, _) = extent(values.iter().copied());
    let floor = objective
        .minimum
        .map_or(least, |known| known.wide().min(least));
    let gaps: Vec<f64> = values.iter().map(|value| value - floor).collect();
    let above = GapLevels::new(&gaps, LEVELS);
    let mut levels: Vec<f64> = above.levels().iter().map(|gap| floor + gap).collect();
    // Far from 0 small gaps are lost.
    levels.retain(|level| *level > floor && level.is_finite());
    levels.dedup();
    Levels {
        x: frame.x.clone(),
        y: frame.y.clone(),
        values: values.to_vec(),
        levels,
    }
}

/// The chart in words.
fn description(
    plan: &Plan,
    place: usize,
    data: &ChartData,
    frames: &[Frame],
    (x, y): ([f64; 2], [f64; 2]),
) -> String {
    let mut objectives: Vec<&str> = Vec::new();
    for frame in frames {
        let name = plan.objectives[frame.objective].name.as_str();
        if !objectives.contains(&name) {
            objectives.push(name);
        }
    }
    let [x_label, y_label] = axis_labels(plan, frames);
    let runs = data.runs(place);
    let mut text = format!(
        "level lines of {} over {x_label} from {} to {} and {y_label} from {} to {}, \
         with the paths of {}",
        objectives.join(", "),
        short(x[0]),
        short(x[1]),
        short(y[0]),
        short(y[1]),
        counted(runs.len(), "run")
    );
    let ends = runs.iter().filter_map(|run| {
        let ending = data.ending(place, *run)?;
        let end = data.points(place, *run)?.last()?;
        let loss = ending
            .value
            .filter(|loss| loss.is_finite() && !ending.is_diverged)?;
        Some((loss, ending, end))
    });
    if let Some((loss, ending, [x, y])) = ends.min_by(|a, b| a.0.total_cmp(&b.0)) {
        text.push_str(&format!(
            "; the smallest final loss is {} at ({}, {})",
            short(loss),
            short(*x),
            short(*y)
        ));
        if runs.len() > 1 {
            text.push_str(&format!(" ({})", ending.label));
        }
    }
    let diverged = data.diverged(place);
    if diverged > 0 {
        text.push_str(&format!("; {} diverged", counted(diverged, "run")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_the_plane_holds_all_points_and_has_a_width() {
        let [x, y] = piece(&[[0.0, 1.0], [2.0, 5.0]]);
        assert_eq!(x, [-0.16, 2.16]);
        assert_eq!(y, [1.0 - 0.32, 5.32]);
        // A path along one axis.
        let [x, y] = piece(&[[3.0, 1.0], [3.0, 5.0]]);
        assert_eq!(
            (x, y),
            ([1.0, 5.0], [1.0 - 4.0 * MARGIN, 5.0 + 4.0 * MARGIN])
        );
        for points in [&[][..], &[[7.0, 7.0]], &[[f64::NAN, 1e308], [1.0, -1e308]]] {
            for [low, high] in piece(points) {
                assert!(low <= high && low.is_finite() && high.is_finite());
            }
        }
    }
}
