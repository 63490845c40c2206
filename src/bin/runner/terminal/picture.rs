//! Plots of functions for the terminal: a curve, or level lines.
//!
//! A plot is [`COLUMNS`] characters wide and [`LINES`] high. Without colours every
//! character is a pattern of 2 × 4 dots (Braille); with colours it is an upper and a
//! lower half block, each with the colour of its value. The plot depends only on
//! the values, not on the terminal.

use anstyle::{Color, RgbColor, Style};

use gradtape_experiment::number::short;
use gradtape_report::GapLevels;

use super::dots::{self, ACROSS, DOWN, Dots, Paint, gradation};
use super::output::{FAINT, NOTABLE, STRONG};

/// The size of a plot without its axes.
pub const COLUMNS: usize = 64;
pub const LINES: usize = 22;

/// The approximate number of level lines.
const LEVELS: usize = 9;

/// An axis of a plot.
#[derive(Clone, Debug)]
pub struct Axis {
    pub name: String,
    pub from: f64,
    pub to: f64,
}

/// A point that is marked by a character.
#[derive(Clone, Debug)]
pub struct Mark {
    pub at: [f64; 2],
    pub letter: char,
}

impl Axis {
    /// The middle of one of `count` equal parts.
    fn middle(&self, part: usize, count: usize) -> f64 {
        self.from + (self.to - self.from) * (part as f64 + 0.5) / count as f64
    }

    /// The one of `count` equal parts that a value lies in, if any.
    fn part(&self, value: f64, count: usize) -> Option<usize> {
        let share = (value - self.from) / (self.to - self.from);
        let part = (share * count as f64).floor();
        // The far end belongs to the last part.
        let part = if share == 1.0 { part - 1.0 } else { part };
        (part >= 0.0 && part < count as f64).then_some(part as usize)
    }
}

/// The curve of a function of one variable, with the name of its value.
pub fn curve(x: &Axis, name: &str, marks: &[f64], paint: Paint, f: impl Fn(f64) -> f64) -> String {
    let (width, height) = (COLUMNS * ACROSS, LINES * DOWN);
    let values: Vec<f64> = (0..width)
        .map(|column| f(x.middle(column, width)))
        .collect();
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let y = Axis {
        name: name.to_owned(),
        from: finite().fold(f64::INFINITY, f64::min),
        to: finite().fold(f64::NEG_INFINITY, f64::max),
    };
    let mut dots = Dots::new(COLUMNS, LINES);
    let row = |value: f64| y.part(value, height).map(|part| height - 1 - part);
    for (column, value) in values.iter().enumerate() {
        let Some(here) = row(*value) else { continue };
        // From halfway to the previous dot to halfway to the next one.
        let half_way = |other: Option<&f64>| {
            let other = other.and_then(|value| row(*value)).unwrap_or(here);
            (here + other).div_ceil(2)
        };
        let before = half_way(column.checked_sub(1).and_then(|before| values.get(before)));
        let behind = half_way(values.get(column + 1));
        let (low, high) = (here.min(before).min(behind), here.max(before).max(behind));
        (low..=high).for_each(|row| dots.set(column, row));
    }
    let marks: Vec<Mark> = marks
        .iter()
        .map(|x| Mark {
            at: [*x, f(*x)],
            letter: '*',
        })
        .collect();
    let style = if paint == Paint::Plain {
        Style::new()
    } else {
        gradation(0.6, paint)
    };
    let ground = |column: usize, line: usize| (dots.letter(column, line), style);
    frame(x, &y, &marks, ground)
}

/// The level lines of a function of two variables above its smallest known value
/// `floor`, or above the smallest value in the plot.
pub fn levels(
    x: &Axis,
    y: &Axis,
    marks: &[Mark],
    floor: Option<f64>,
    paint: Paint,
    f: impl Fn(f64, f64) -> f64,
) -> String {
    // One more column and line, which the lines at the far ends need.
    let (width, height) = (COLUMNS * ACROSS, LINES * DOWN);
    let mut values = Vec::with_capacity((width + 1) * (height + 1));
    for row in 0..=height {
        // Down the screen means down the axis.
        let y = y.from + y.to - y.middle(row, height);
        values.extend((0..=width).map(|column| f(x.middle(column, width), y)));
    }
    let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let floor = floor.map_or(smallest, |floor| floor.min(smallest));
    let gaps: Vec<f64> = values.iter().map(|value| value - floor).collect();
    let ladder = GapLevels::new(&gaps, LEVELS);
    let rungs: Vec<usize> = gaps.iter().map(|gap| ladder.count_below(*gap)).collect();
    let rung = |column: usize, row: usize| rungs[row * (width + 1) + column];
    let picture = if paint == Paint::Plain {
        let mut dots = Dots::new(COLUMNS, LINES);
        for row in 0..height {
            for column in 0..width {
                let here = rung(column, row);
                if here != rung(column + 1, row) || here != rung(column, row + 1) {
                    dots.set(column, row);
                }
            }
        }
        frame(x, y, marks, |column, line| {
            (dots.letter(column, line), Style::new())
        })
    } else {
        let half = |column: usize, row: usize| {
            let here = rung(column * ACROSS, row * DOWN / 2);
            gradation(here as f64 / ladder.levels().len().max(1) as f64, paint)
        };
        frame(x, y, marks, |column, line| {
            let (upper, lower) = (half(column, 2 * line), half(column, 2 * line + 1));
            ('▀', upper.bg_color(lower.get_fg_color()))
        })
    };
    picture + &key(&ladder, paint)
}

/// The line that lists the levels.
fn key(ladder: &GapLevels, paint: Paint) -> String {
    let levels = ladder.levels();
    if levels.is_empty() {
        return String::new();
    }
    let count = levels.len();
    let levels = levels.iter().enumerate().map(|(rung, level)| {
        if paint == Paint::Plain {
            return short(*level);
        }
        let swatch = gradation(rung as f64 / count as f64, paint);
        format!("{swatch}██{swatch:#} {}", short(*level))
    });
    let levels: Vec<String> = levels.collect();
    let top = match paint {
        Paint::Plain => String::new(),
        _ => {
            let swatch = gradation(1.0, paint);
            format!(" {swatch}██{swatch:#}")
        }
    };
    format!(
        "{:MARGIN$} {FAINT}f - min:{FAINT:#} {}{top}\n",
        "",
        levels.join(" ")
    )
}

/// Characters left of the plot, for the labels of the vertical axis.
const MARGIN: usize = 10;

/// The canvas between its axes, with the marks on it.
fn frame(
    x: &Axis,
    y: &Axis,
    marks: &[Mark],
    ground: impl Fn(usize, usize) -> (char, Style),
) -> String {
    let mut marked = vec![None; COLUMNS * LINES];
    for mark in marks {
        let column = x.part(mark.at[0], COLUMNS);
        let line = y.part(mark.at[1], LINES).map(|part| LINES - 1 - part);
        if let (Some(column), Some(line)) = (column, line) {
            marked[line * COLUMNS + column] = Some(mark.letter);
        }
    }
    let mut text = String::new();
    for line in 0..LINES {
        text.push_str(&margin(y, line));
        text.push_str(&dots::row((0..COLUMNS).map(|column| {
            let (letter, style) = ground(column, line);
            match (marked[line * COLUMNS + column], style.get_bg_color()) {
                (None, _) => (letter, style),
                // The mark keeps the colour behind it, where there is one.
                (Some(mark), Some(behind)) => {
                    let style = STRONG.fg_color(Some(WHITE));
                    (mark, style.bg_color(Some(behind)))
                }
                (Some(mark), None) => (mark, NOTABLE | STRONG.get_effects()),
            }
        })));
        text.push('\n');
    }
    let blanks = " ".repeat(MARGIN + 1);
    text.push_str(&format!(
        "{blanks}{FAINT}└{}{FAINT:#}\n",
        "─".repeat(COLUMNS)
    ));
    let (from, to) = (short(x.from), short(x.to));
    let room = COLUMNS.saturating_sub(from.len() + to.len());
    text.push_str(&format!("{blanks} {from}{:^room$}{to}\n", x.name));
    text
}

/// The part of a line left of the plot: a label of the vertical axis, and the axis.
fn margin(y: &Axis, line: usize) -> String {
    let (label, tick) = match line {
        0 => (short(y.to), '┤'),
        _ if line == LINES / 2 => (y.name.clone(), '│'),
        _ if line == LINES - 1 => (short(y.from), '┤'),
        _ => (String::new(), '│'),
    };
    format!("{label:>MARGIN$} {FAINT}{tick}{FAINT:#}")
}

const WHITE: Color = Color::Rgb(RgbColor(255, 255, 255));
