//! A chart on a page: its picture, and the data for the script that shows values at the cursor.

use maud::{Markup, PreEscaped, html};

use super::policy::{file_address, png_address};
use super::values::{self, Area};
use gradtape_chart::{Colour, Drawing, Figure, Line, Mark, Scale, Style, Theme};

/// Maximum number of bytes of all pictures on a page, and of one picture.
const MAX_PICTURE_BYTES: usize = 560_000;
const MAX_BYTES_OF_ONE: usize = 150_000;

/// A drawing larger than this multiple of the room is embedded unchanged or as a PNG, whichever is
/// smaller. Other drawings are made again for the page, in a smaller size.
const LARGE: usize = 2;

/// Maximum number of characters for the values at the cursor, on a page and of one chart.
const MAX_VALUE_CHARACTERS: usize = 280_000;
const MAX_CHARACTERS_OF_ONE: usize = 80_000;

/// The size of a drawing on a page, in pixels: about that of a column of charts, and not
/// much wider than a phone.
const WIDTH: u32 = 800;
const HEIGHT: u32 = 540;

/// Maximum width in pixels of drawings that are shown side by side.
const MAX_NARROW_WIDTH: u32 = 900;

/// Values that span this ratio can be read on a logarithmic axis.
const LOG_RATIO: f64 = 10.0;

/// A chart on a page.
#[derive(Debug)]
pub struct ChartView {
    title: String,
    description: String,
    /// The name of its files, without extension.
    file: String,
    /// Whether one of them is an animated GIF.
    is_animated: bool,
    /// The labels of both axes.
    axes: [String; 2],
    lines: Vec<LineView>,
    /// The chart as defined, and perhaps with the other scale of the vertical axis.
    pictures: Vec<Picture>,
}

/// The data about a line.
#[derive(Debug)]
struct LineView {
    name: String,
    run: Option<u64>,
    /// The entry of the legend that it belongs to.
    entry: Option<usize>,
    /// Whether its points are separate values that are not joined.
    has_dots: bool,
}

#[derive(Debug)]
struct Picture {
    image: Image,
    /// Width and height in pixels.
    size: [u32; 2],
    /// The scale of its vertical axis.
    scale: &'static str,
    /// The frame, axes and lines of each panel, as attributes.
    panels: Vec<Area>,
}

#[derive(Debug)]
enum Image {
    /// The content of an SVG, and the attributes of its root.
    Svg { root: String, inside: String },
    /// The address of a PNG.
    Png(String),
}

impl ChartView {
    /// The view of a chart with the files `file`, one of `count` charts on its page: its drawing,
    /// and a PNG of it in case the drawing is too large for a page.
    pub fn new(
        figure: &Figure,
        style: &Style,
        file: &str,
        (drawing, png): (&Drawing, &[u8]),
        count: usize,
    ) -> ChartView {
        let share = |all: usize, one: usize| one.min(all / count.max(1));
        let [room, values] = [
            share(MAX_PICTURE_BYTES, MAX_BYTES_OF_ONE),
            share(MAX_VALUE_CHARACTERS, MAX_CHARACTERS_OF_ONE),
        ];
        let lines: Vec<LineView> = figure.lines().map(LineView::new).collect();
        let has_dots = |line: usize| lines.get(line).is_some_and(|line| line.has_dots);
        let picture = |image: Image, drawing: &Drawing, scale, values| {
            let panels = values::areas(&drawing.panels, has_dots, values);
            Picture::new(image, drawing, scale, panels)
        };
        let scales = match figure.y.scale {
            Scale::Log => ["log", "linear"],
            Scale::Linear | Scale::SymLog(_) => ["linear", "log"],
        };
        let mut pictures = Vec::new();
        if drawing.svg.len() > LARGE * room {
            let address = png_address(png);
            let image = if address.len() < drawing.svg.len() {
                Image::Png(address)
            } else {
                inline(&drawing.svg, "")
            };
            pictures.push(picture(image, drawing, scales[0], values));
        } else {
            // The text of a picture that is scaled down would be too small.
            let style = Style {
                width: WIDTH,
                height: HEIGHT,
                theme: Theme::Light,
                ..*style
            };
            let drawing = figure.draw(&style);
            let other = other_scale(figure).map(|other| other.draw(&style));
            let other = other.filter(|other| drawing.svg.len() + other.svg.len() <= room);
            // Names of elements must be unique to their picture.
            let prefix = file_address(file).replace('%', "_");
            let values = values / (1 + usize::from(other.is_some()));
            for (drawing, scale) in [Some(drawing), other].into_iter().flatten().zip(scales) {
                let image = inline(&drawing.svg, &format!("{prefix}-{scale}-"));
                pictures.push(picture(image, &drawing, scale, values));
            }
        }
        ChartView {
            title: figure.title.clone(),
            description: figure.description.clone(),
            file: file.to_owned(),
            is_animated: false,
            axes: [figure.x.label.clone(), figure.y.label.clone()],
            lines,
            pictures,
        }
    }

    /// Whether a drawing has an element with this attribute.
    pub(super) fn has(&self, attribute: &str) -> bool {
        let mut pictures = self.pictures.iter();
        pictures.any(|picture| match &picture.image {
            Image::Svg { inside, .. } => inside.contains(attribute),
            Image::Png(_) => false,
        })
    }

    /// Adds a link to an animated GIF. The page does not show it: motion distracts readers, and
    /// some cannot tolerate it.
    pub fn with_animation(mut self) -> ChartView {
        self.is_animated = true;
        self
    }

    /// Whether its text can be read in half the width of a page.
    pub(super) fn is_narrow(&self) -> bool {
        let widths = self.pictures.iter().map(|picture| picture.size[0]);
        widths.max().is_none_or(|width| width <= MAX_NARROW_WIDTH)
    }

    /// The chart with its heading and the links to its files.
    pub(super) fn markup(&self, place: usize) -> Markup {
        let files = [("svg", "SVG"), ("png", "PNG"), ("gif", "GIF")]
            .into_iter()
            .filter(|(extension, _)| self.is_animated || *extension != "gif")
            .map(|(extension, name)| (format!("{}.{extension}", self.file), name));
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
                        @for (file, name) in files {
                            a href=(file_address(&file)) { (name) } " "
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
    fn new(image: Image, drawing: &Drawing, scale: &'static str, panels: Vec<Area>) -> Picture {
        Picture {
            image,
            size: ["width", "height"].map(|side| length(&drawing.svg, side)),
            scale,
            panels,
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
                        p data-frame=(area.frame) data-x=(area.axes[0]) data-y=(area.axes[1])
                            data-sampled[area.is_sampled] {
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

/// The figure with the other scale of its vertical axis, if both scales show the data: no value is
/// negative, and the positive ones differ enough.
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

/// A length of the root of an SVG, in pixels.
fn length(svg: &str, side: &str) -> u32 {
    let (root, _) = svg.split_once('>').unwrap_or_default();
    let value = root.split_once(&format!(" {side}=\""));
    let digits = value.and_then(|(_, rest)| rest.split('"').next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(1)
}

/// An SVG as an element of a page: without the parts that only a file needs, and with unique
/// names. The title and the description go into an attribute, since a browser would show the
/// title at the cursor.
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

/// The elements with `prefix` before every name, so that two charts on a page share no names.
fn renamed(elements: &str, prefix: &str) -> String {
    if !elements.contains(" id=\"") {
        return elements.to_owned();
    }
    let mut renamed = String::with_capacity(elements.len());
    for piece in elements.split_inclusive('>') {
        // The text before a tag stays unchanged.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_inside_a_drawing_become_its_own() {
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"3\" height=\"2\" \
                   viewBox=\"0 0 3 2\" role=\"img\">\n<title>a id=\"b\"</title>\n<desc>c</desc>\n\
                   <clipPath id=\"p\"/><g clip-path=\"url(#p)\"><text>x id=\"y\"</text></g>\n</svg>\n";
        assert_eq!([length(svg, "width"), length(svg, "height")], [3, 2]);
        let Image::Svg { root, inside } = inline(svg, "one-") else {
            panic!("it is an SVG");
        };
        assert_eq!(root, " viewBox=\"0 0 3 2\"");
        assert_eq!(
            inside.trim_end(),
            "<clipPath id=\"one-p\"/><g clip-path=\"url(#one-p)\"><text>x id=\"y\"</text></g>"
        );
    }
}
