//! The main chart of an experiment as text, for terminals.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use gradtape_chart::{AxisRange, Colour, Figure, Key, PanelArea, Tick};
use gradtape_experiment::number::{grouped, short};

use super::dots::{self, ACROSS, DOWN, Dots, Paint};
use super::output::{BAD, FAINT, STRONG};
use super::text;

/// Height of the panel in lines.
const LINES: usize = 12;

/// Minimum and maximum width of the panel in characters.
const MIN_COLUMNS: usize = 16;
const MAX_COLUMNS: usize = 72;

/// Width of a chart that does not go to a terminal.
const DEFAULT_WIDTH: usize = 80;

/// Maximum number of names in a legend; longer legends are omitted.
const MAX_NAMES: usize = 8;

/// Where a run diverged.
const CROSS: char = '×';

/// Colours of categories. Every terminal has them and keeps them readable on its background,
/// which is unknown here.
const CATEGORIES: [AnsiColor; 12] = [
    AnsiColor::Blue,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Cyan,
    AnsiColor::Red,
    AnsiColor::BrightBlue,
    AnsiColor::BrightYellow,
    AnsiColor::BrightGreen,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightCyan,
    AnsiColor::BrightRed,
];

/// The figure as text, with a line end; empty if there is nothing to show.
pub fn of_figure(figure: &Figure) -> String {
    let room = text::room().unwrap_or(DEFAULT_WIDTH);
    plot(figure, Paint::of_terminal(), room).unwrap_or_default()
}

/// The first panel of the figure as text, at most `room` columns wide where that is enough;
/// `None` if there is nothing to show.
fn plot(figure: &Figure, paint: Paint, room: usize) -> Option<String> {
    let drawing = figure.draw(&gradtape_chart::Style::default());
    let panel = drawing.panels.first()?;
    let canvas = Canvas::new(figure, panel, paint, room);
    let mut text = format!("  {STRONG}{}{STRONG:#}\n", text::name(&figure.title));
    let name = figure.panels.first().map_or("", |panel| &panel.name);
    if !name.is_empty() {
        let others = drawing.panels.len() - 1;
        let more = match others {
            0 => String::new(),
            _ => format!("; {} more on the page", grouped(others as u128)),
        };
        text.push_str(&format!("  {FAINT}{}{more}{FAINT:#}\n", text::name(name)));
    }
    text.push_str(&canvas.render(figure, panel));
    text.push_str(&canvas.legend());
    text.push_str(&key(figure, paint, room));
    Some(text)
}

/// The canvas of a panel.
struct Canvas {
    dots: Dots,
    /// The style of each character, row by row.
    styles: Vec<Style>,
    /// Characters in place of dots: where lines leave the panel, and where runs diverged.
    signs: Vec<Option<(char, Style)>>,
    /// Characters left of the panel.
    margin: usize,
    columns: usize,
}

impl Canvas {
    fn new(figure: &Figure, panel: &PanelArea, paint: Paint, room: usize) -> Self {
        let labels = panel.ticks[1].iter().map(|tick| tick.label.width());
        let margin = 2 + labels.max().unwrap_or(0);
        // The rule takes two columns, and the last label may stand out by half.
        let columns = room
            .saturating_sub(margin + 6)
            .clamp(MIN_COLUMNS, MAX_COLUMNS);
        let mut canvas = Canvas {
            dots: Dots::new(columns, LINES),
            styles: vec![Style::new(); columns * LINES],
            signs: vec![None; columns * LINES],
            margin,
            columns,
        };
        for (line, area) in figure.panels[0].lines().zip(&panel.lines) {
            let style = style_of(line.colour, &figure.key, paint);
            let places: Vec<Option<[f64; 2]>> = area
                .points
                .iter()
                .map(|point| canvas.place(panel, *point))
                .collect();
            for pair in places.windows(2) {
                if let [Some(from), Some(to)] = pair {
                    canvas.stroke(*from, *to, style);
                }
            }
            // A value alone is a dot.
            for place in places.iter().flatten() {
                canvas.set(*place, style);
            }
            if let Some(exit) = area.exit {
                canvas.sign(panel, exit, arrow(panel, exit), style);
            }
            let upper = line.off_scale.iter().map(|x| [*x, f64::INFINITY]);
            for cross in area.cross.into_iter().chain(upper) {
                canvas.sign(panel, cross, CROSS, BAD);
            }
        }
        canvas
    }

    /// Where a point is, in dots from the upper left corner.
    fn place(&self, panel: &PanelArea, [x, y]: [f64; 2]) -> Option<[f64; 2]> {
        let [across, down] = self.dots.size().map(|dots| (dots - 1) as f64);
        let x = panel.axes[0].share(x)?;
        // What an axis cannot show lies beyond one of its ends.
        let y = match panel.axes[1].share(y) {
            None if y.is_nan() => return None,
            None => f64::from(u8::from(y > 0.0)),
            Some(y) => y,
        };
        Some([x.clamp(0.0, 1.0) * across, (1.0 - y.clamp(0.0, 1.0)) * down])
    }

    fn stroke(&mut self, from: [f64; 2], to: [f64; 2], style: Style) {
        let [across, down] = [to[0] - from[0], to[1] - from[1]];
        let steps = across.abs().max(down.abs()).ceil().max(1.0);
        for step in 0..=steps as usize {
            let part = step as f64 / steps;
            self.set([from[0] + across * part, from[1] + down * part], style);
        }
    }

    fn set(&mut self, [x, y]: [f64; 2], style: Style) {
        let [column, row] = [x.round() as usize, y.round() as usize];
        self.dots.set(column, row);
        self.styles[row / DOWN * self.columns + column / ACROSS] = style;
    }

    fn sign(&mut self, panel: &PanelArea, at: [f64; 2], letter: char, style: Style) {
        if let Some([x, y]) = self.place(panel, at) {
            let [column, row] = [x.round() as usize / ACROSS, y.round() as usize / DOWN];
            self.signs[row * self.columns + column] = Some((letter, style));
        }
    }

    fn render(&self, figure: &Figure, panel: &PanelArea) -> String {
        let mut text = String::new();
        let labels = left_labels(&panel.ticks[1]);
        let margin = self.margin;
        for (line, label) in labels.iter().enumerate() {
            let rule = if label.is_empty() { '│' } else { '┤' };
            let fill = margin - label.width();
            text.push_str(&format!("{:fill$}{FAINT}{label} {rule}{FAINT:#}", ""));
            text.push_str(&dots::row((0..self.columns).map(|column| {
                let place = line * self.columns + column;
                let dots = || (self.dots.letter(column, line), self.styles[place]);
                match self.signs[place].unwrap_or_else(dots) {
                    (' ', _) => (' ', Style::new()),
                    styled => styled,
                }
            })));
            text.push('\n');
        }
        let (rule, labels) = self.bottom_axis(&panel.ticks[0]);
        text.push_str(&format!("{:margin$} {FAINT}└{rule}{FAINT:#}\n", ""));
        let labels = labels.trim_end();
        text.push_str(&format!("{:margin$}  {FAINT}{labels}{FAINT:#}\n", ""));
        let label = text::name(&figure.x.label);
        let fill = margin + 2 + self.columns.saturating_sub(label.width()) / 2;
        if !label.is_empty() {
            text.push_str(&format!("{:fill$}{FAINT}{label}{FAINT:#}\n", ""));
        }
        text
    }

    /// The meaning of the signs that occur.
    fn legend(&self) -> String {
        let signs = || self.signs.iter().flatten().map(|sign| sign.0);
        let mut text = String::new();
        if signs().any(|letter| letter == CROSS) {
            text.push_str(&format!("  {BAD}{CROSS}{BAD:#} diverged"));
        }
        if let Some(arrow) = signs().find(|letter| *letter != CROSS) {
            text.push_str(&format!("  {arrow} leaves the frame"));
        }
        let end = if text.is_empty() { "" } else { "\n" };
        text + end
    }

    /// The rule below the panel and the labels below it.
    fn bottom_axis(&self, ticks: &[Tick]) -> (String, String) {
        let column = |tick: &Tick| (tick.at * (self.columns - 1) as f64).round() as usize;
        let from = |tick: &Tick| column(tick).saturating_sub(tick.label.width() / 2);
        let labelled = thin_out(ticks, |one, next| {
            from(one) + one.label.width() + 2 <= from(next)
        });
        let mut rule = vec!['─'; self.columns];
        let mut labels = String::new();
        for tick in labelled {
            if let Some(letter) = rule.get_mut(column(tick)) {
                *letter = '┬';
            }
            labels.push_str(&" ".repeat(from(tick).saturating_sub(labels.width())));
            labels.push_str(&tick.label);
        }
        (rule.into_iter().collect(), labels)
    }
}

/// The arrow out of the panel at a place on its edge.
fn arrow(panel: &PanelArea, exit: [f64; 2]) -> char {
    let shares = [0, 1].map(|side| panel.axes[side].share(exit[side]).unwrap_or(0.5));
    let [[left, right], [below, above]] = shares.map(|share| [share, 1.0 - share]);
    let ends = [(above, '▲'), (below, '▼'), (left, '◀'), (right, '▶')];
    let nearest = ends.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
    nearest.map_or(' ', |(_, arrow)| arrow)
}

/// The label of each line of the panel, if it has one, with an empty line between two labels.
fn left_labels(ticks: &[Tick]) -> Vec<String> {
    let line = |tick: &Tick| ((1.0 - tick.at) * (LINES - 1) as f64).round() as usize;
    let mut labels = vec![String::new(); LINES];
    for tick in thin_out(ticks, |lower, upper| line(upper) + 2 <= line(lower)) {
        if let Some(label) = labels.get_mut(line(tick)) {
            label.clone_from(&tick.label);
        }
    }
    labels
}

/// Every tick, or every second or third one and so on, so that neighbours have room.
fn thin_out(ticks: &[Tick], has_room: impl Fn(&Tick, &Tick) -> bool) -> Vec<&Tick> {
    let every = |step: usize| -> Vec<&Tick> { ticks.iter().step_by(step).collect() };
    let mut steps = (1..=ticks.len()).map(every);
    let fits = |thinned: &Vec<&Tick>| thinned.windows(2).all(|pair| has_room(pair[0], pair[1]));
    steps.find(fits).unwrap_or_default()
}

/// The style of a line.
fn style_of(colour: Colour, key: &Key, paint: Paint) -> Style {
    match colour {
        _ if paint == Paint::Plain => Style::new(),
        Colour::Category(place) => CATEGORIES[place % CATEGORIES.len()].on_default(),
        Colour::Value(value) => {
            let share = match key {
                Key::ColourBar {
                    from, to, scale, ..
                } => AxisRange {
                    low: *from,
                    high: *to,
                    scale: *scale,
                }
                .share(value),
                _ => Some(value),
            };
            dots::gradation(share.unwrap_or(0.5), paint)
        }
    }
}

/// The meaning of the colours, if there are any.
fn key(figure: &Figure, paint: Paint, room: usize) -> String {
    if paint == Paint::Plain {
        return String::new();
    }
    match &figure.key {
        Key::Legend { entries, .. } if entries.len() <= MAX_NAMES => {
            let mut text = String::new();
            let mut wide = 0;
            for (place, name) in entries.iter().enumerate() {
                let name = text::name(name);
                let style = style_of(Colour::Category(place), &figure.key, paint);
                let needed = 5 + name.width();
                if wide + needed > room {
                    text.push('\n');
                    wide = 0;
                }
                text.push_str(&format!("  {style}━━{style:#} {name}"));
                wide += needed;
            }
            text + "\n"
        }
        Key::ColourBar {
            title, from, to, ..
        } => {
            let swatches: String = (0..16)
                .map(|step| {
                    let style = dots::gradation(f64::from(step) / 15.0, paint);
                    format!("{style}█{style:#}")
                })
                .collect();
            format!(
                "  {} {} {swatches} {}\n",
                text::name(title),
                short(*from),
                short(*to)
            )
        }
        _ => String::new(),
    }
}
