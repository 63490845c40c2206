//! A chart on a page: its picture, and what a script needs to answer a reader who points
//! at it.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

use super::super::chart::{Colour, Drawing, DrawnLine, Figure, Line, Mark, Scale, Style};
use super::policy::{file_address, png_address};

/// The bytes that all pictures of a page may take, and that one may at most.
const PICTURES: usize = 560_000;
const PICTURE: usize = 150_000;

/// The same for the values that are shown at the cursor.
const VALUES: usize = 200_000;
const VALUES_OF_ONE: usize = 60_000;

/// Values that span this ratio can be read on a logarithmic axis.
const LOG_RATIO: f64 = 10.0;

/// A chart on a page.
#[derive(Debug)]
pub struct ChartView {
    title: String,
    description: String,
    /// The name of its files, without extension.
    file: String,
    /// The labels of both axes.
    axes: [String; 2],
    lines: Vec<LineView>,
    /// The chart as it was asked for, and maybe with the other vertical axis.
    pictures: Vec<Picture>,
}

/// What is told of a line.
#[derive(Debug)]
struct LineView {
    name: String,
    run: Option<u64>,
    /// The entry of the legend that it belongs to.
    entry: Option<usize>,
    /// Whether its points are values of their own, and not joined.
    has_dots: bool,
}

#[derive(Debug)]
struct Picture {
    image: Image,
    /// Width and height in pixels.
    size: [u32; 2],
    /// How its vertical axis is divided.
    scale: &'static str,
    /// For each panel its frame, its axes and its lines, as attributes.
    panels: Vec<Area>,
}

#[derive(Debug)]
enum Image {
    /// The inside of an SVG, and the attributes of its root.
    Svg { root: String, inside: String },
    /// The address of a PNG.
    Png(String),
}

#[derive(Debug)]
struct Area {
    frame: String,
    axes: [String; 2],
    /// The number of a line and its points.
    lines: Vec<(usize, String)>,
}

impl ChartView {
    /// The view of a chart with the files `file`, one of `count` on its page. `png` is its
    /// picture for the case that the drawing is too large for a page.
    pub fn new(figure: &Figure, style: &Style, file: &str, png: &[u8], count: usize) -> ChartView {
        let other = other_scale(figure).map(|other| other.draw(style));
        let drawings = [Some(figure.draw(style)), other];
        ChartView::of(
            figure,
            drawings.into_iter().flatten(),
            style,
            file,
            png,
            count,
        )
    }

    /// The same of drawings that are there: the one that was asked for, and maybe one with
    /// the other vertical axis.
    fn of(
        figure: &Figure,
        drawings: impl Iterator<Item = Drawing>,
        style: &Style,
        file: &str,
        png: &[u8],
        count: usize,
    ) -> ChartView {
        let share = |all: usize, one: usize| one.min(all / count.max(1));
        let mut room = share(PICTURES, PICTURE);
        let values = share(VALUES, VALUES_OF_ONE) / 2;
        let size = [style.width, style.height];
        let scales = match figure.y.scale {
            Scale::Log => ["log", "linear"],
            Scale::Linear | Scale::SymLog(_) => ["linear", "log"],
        };
        let mut pictures = Vec::new();
        for (drawing, scale) in drawings.zip(scales) {
            let length = drawing.svg.len();
            let is_first = pictures.is_empty();
            let image = if length <= room {
                // Names of parts are those of their picture.
                let prefix = format!("{}-{scale}-", file_address(file).replace('%', "_"));
                inline(&drawing.svg, &prefix)
            } else if is_first {
                let address = png_address(png);
                if address.len() < length {
                    Image::Png(address)
                } else {
                    inline(&drawing.svg, "")
                }
            } else {
                break;
            };
            room = room.saturating_sub(length);
            pictures.push(Picture::new(image, &drawing, size, scale, values));
        }
        ChartView {
            title: figure.title.clone(),
            description: figure.description.clone(),
            file: file.to_owned(),
            axes: [figure.x.label.clone(), figure.y.label.clone()],
            lines: figure.lines().map(LineView::new).collect(),
            pictures,
        }
    }

    /// The chart with its heading and the links to its files.
    pub(super) fn markup(&self, place: usize) -> Markup {
        let files = ["svg", "png"].map(|extension| format!("{}.{extension}", self.file));
        html! {
            figure class="chart" id=(format!("chart-{place}")) {
                div class="plot" data-x=(self.axes[0]) data-y=(self.axes[1]) {
                    @for (number, picture) in self.pictures.iter().enumerate() {
                        (picture.markup(&self.title, &self.description, number == 0))
                    }
                    template {
                        @for line in &self.lines { (line.markup()) }
                    }
                }
                figcaption {
                    span class="caption" dir="auto" { (self.description) }
                    " "
                    span class="links" {
                        @for (file, name) in files.iter().zip(["SVG", "PNG"]) {
                            a href=(file_address(file)) { (name) } " "
                        }
                    }
                }
            }
        }
    }
}

impl LineView {
    fn new(line: &Line) -> LineView {
        LineView {
            name: line.name.clone(),
            run: line.run,
            entry: match line.colour {
                Colour::Category(entry) => Some(entry),
                Colour::Value(_) => None,
            },
            has_dots: line.dots,
        }
    }

    fn markup(&self) -> Markup {
        html! {
            i data-name=(self.name) data-run=[self.run] data-entry=[self.entry]
                data-dots[self.has_dots] {}
        }
    }
}

impl Picture {
    fn new(
        image: Image,
        drawing: &Drawing,
        size: [u32; 2],
        scale: &'static str,
        room: usize,
    ) -> Picture {
        let corners = drawing.panels.iter().flat_map(|panel| &panel.lines);
        let corners: usize = corners.map(|line| line.points.len()).sum();
        // A corner takes about so many letters.
        let stride = (14 * corners).div_ceil(room.max(1)).max(1);
        let areas = drawing.panels.iter().map(|panel| Area {
            frame: panel.frame.map(compact).join(" "),
            axes: panel.axes.map(|axis| {
                let [low, high] = [axis.low, axis.high].map(|end| format!("{end:e}"));
                match axis.scale {
                    Scale::Linear => format!("linear {low} {high}"),
                    Scale::Log => format!("log {low} {high}"),
                    Scale::SymLog(threshold) => format!("symlog {low} {high} {threshold:e}"),
                }
            }),
            lines: panel
                .lines
                .iter()
                .map(|line| (line.line, corners_text(line, stride)))
                .collect(),
        });
        Picture {
            image,
            size,
            scale,
            panels: areas.collect(),
        }
    }

    fn markup(&self, title: &str, description: &str, is_shown: bool) -> Markup {
        let [width, height] = self.size;
        let size = format!("{width} {height}");
        let words = format!("{title}. {description}");
        html! {
            div class="picture" data-scale=(self.scale) data-size=(size) hidden[!is_shown] {
                @match &self.image {
                    Image::Svg { root, inside } => {
                        (PreEscaped(format!("<svg{root} ")))
                        (PreEscaped(format!("role=\"img\" aria-label=\"{}\">", html! { (words) }.into_string())))
                        (PreEscaped(inside))
                        (PreEscaped("</svg>"))
                    }
                    Image::Png(address) => {
                        img src=(address) width=(width) height=(height) alt=(words);
                    }
                }
                template {
                    @for area in &self.panels {
                        p data-frame=(area.frame) data-x=(area.axes[0]) data-y=(area.axes[1]) {
                            @for (line, points) in &area.lines {
                                i data-line=(line) data-points=(points) {}
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The figure with its vertical axis divided the other way, where both ways show the data:
/// no value is negative, and the positive ones differ enough.
fn other_scale(figure: &Figure) -> Option<Figure> {
    let only_lines = figure
        .panels
        .iter()
        .all(|panel| panel.marks.iter().all(|mark| matches!(mark, Mark::Line(_))));
    if !only_lines || figure.lines().any(|line| line.path) || !figure.y.names.is_empty() {
        return None;
    }
    let values = figure
        .lines()
        .flat_map(|line| &line.points)
        .map(|point| point[1]);
    let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|value| value.is_finite()) {
        if value < 0.0 {
            return None;
        }
        if value > 0.0 {
            least = least.min(value);
            greatest = greatest.max(value);
        }
    }
    if least > greatest || greatest / least < LOG_RATIO {
        return None;
    }
    let scale = match figure.y.scale {
        Scale::Linear => Scale::Log,
        Scale::Log => Scale::Linear,
        Scale::SymLog(_) => return None,
    };
    let mut other = figure.clone();
    other.y.scale = scale;
    other.y.range = None;
    Some(other)
}

/// An SVG as an element of a page: without what only a file needs, with names of its own.
/// The title and the description go into an attribute, since a browser would show the
/// title wherever a reader points.
fn inline(svg: &str, prefix: &str) -> Image {
    let start = svg.find("<svg").map_or(0, |at| at + "<svg".len());
    let body = svg.get(start..).unwrap_or_default();
    let (root, inside) = body.split_once('>').unwrap_or_default();
    let mut root = root.to_owned();
    for name in ["xmlns", "width", "height", "role"] {
        root = without_attribute(&root, name);
    }
    let mut inside = inside.trim_end();
    inside = inside.strip_suffix("</svg>").unwrap_or(inside);
    for element in ["title", "desc"] {
        let text = inside.trim_start();
        let close = format!("</{element}>");
        if let Some((_, after)) = text
            .starts_with(&format!("<{element}>"))
            .then(|| text.split_once(&close))
            .flatten()
        {
            inside = after;
        }
    }
    Image::Svg {
        root,
        inside: renamed(inside.trim_start(), prefix),
    }
}

fn without_attribute(root: &str, name: &str) -> String {
    let open = format!(" {name}=\"");
    let Some((before, rest)) = root.split_once(&open) else {
        return root.to_owned();
    };
    let after = rest.split_once('"').map_or("", |(_, after)| after);
    format!("{before}{after}")
}

/// The elements with `prefix` before every name, so that those of two charts on one page
/// are not the same.
fn renamed(elements: &str, prefix: &str) -> String {
    if !elements.contains(" id=\"") {
        return elements.to_owned();
    }
    let mut renamed = String::with_capacity(elements.len());
    for piece in elements.split_inclusive('>') {
        // The text before a tag stays as it is.
        let (text, tag) = piece.split_at(piece.find('<').unwrap_or(piece.len()));
        renamed.push_str(text);
        let tag = tag
            .replace(" id=\"", &format!(" id=\"{prefix}"))
            .replace("url(#", &format!("url(#{prefix}"))
            .replace("href=\"#", &format!("href=\"#{prefix}"));
        renamed.push_str(&tag);
    }
    renamed
}

/// The corners of a line as text, one of `stride` of them: `x y` each, a gap as `-`.
fn corners_text(line: &DrawnLine, stride: usize) -> String {
    let mut text = String::new();
    let last = line.points.len().saturating_sub(1);
    for (place, [x, y]) in line.points.iter().copied().enumerate() {
        let is_gap = x.is_nan() || y.is_nan();
        if !(is_gap || place % stride == 0 || place == last) {
            continue;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        // Writing to a string cannot fail.
        if is_gap {
            text.push('-');
        } else {
            write!(text, "{} {}", compact(x), compact(y)).ok();
        }
    }
    text
}

/// A number in few letters: whole ones with all digits, others with six.
fn compact(value: f64) -> String {
    if value.abs() < 1e15 && value == libm::trunc(value) {
        return format!("{value}");
    }
    let text = format!("{value:.5e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    match exponent {
        "0" => digits.to_owned(),
        // Rounded again from the text, so that no digit is made up.
        "-1" | "-2" | "1" | "2" | "3" | "4" => match text.parse::<f64>() {
            Ok(rounded) => format!("{rounded}"),
            Err(_) => text,
        },
        _ => format!("{digits}e{exponent}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_few_letters() {
        for (value, text) in [
            (0.0, "0"),
            (-3.0, "-3"),
            (1_234_567.0, "1234567"),
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333"),
            (-0.012_345_678, "-0.0123457"),
            (0.001, "1e-3"),
            (12_345.678_9, "12345.7"),
            (5.803_526e-37, "5.80353e-37"),
            (1e300, "1e300"),
        ] {
            assert_eq!(compact(value), text);
        }
    }

    #[test]
    fn names_inside_a_drawing_become_its_own() {
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"3\" height=\"2\" \
                   viewBox=\"0 0 3 2\" role=\"img\">\n<title>a id=\"b\"</title>\n<desc>c</desc>\n\
                   <clipPath id=\"p\"/><g clip-path=\"url(#p)\"><text>x id=\"y\"</text></g>\n</svg>\n";
        let Image::Svg { root, inside } = inline(svg, "one-") else {
            panic!("it is an SVG");
        };
        assert_eq!(root, " viewBox=\"0 0 3 2\"");
        assert_eq!(
            inside.trim_end(),
            "<clipPath id=\"one-p\"/><g clip-path=\"url(#one-p)\"><text>x id=\"y\"</text></g>"
        );
    }

    #[test]
    fn corners_are_thinned_but_for_gaps_and_the_last() {
        let line = DrawnLine {
            line: 0,
            points: vec![
                [0.0, 1.0],
                [1.0, 0.5],
                [f64::NAN, f64::NAN],
                [2.0, 0.25],
                [3.0, 1e-9],
            ],
        };
        assert_eq!(corners_text(&line, 1), "0 1 1 0.5 - 2 0.25 3 1e-9");
        assert_eq!(corners_text(&line, 3), "0 1 - 2 0.25 3 1e-9");
    }
}
