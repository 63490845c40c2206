//! Several figures as the frames of an animated GIF. The only file that knows `gif`.

use std::borrow::Cow;

use gif::{DisposalMethod, Encoder, Repeat};
use rayon::prelude::*;

use super::palette::{self, IndexedImage};
use super::raster::{DrawError, pixels};
use crate::measure::colour::Rgb;
use crate::model::{Figure, Style};

/// Duration of a frame, and of the last one, in hundredths of a second.
const DELAYS: [u16; 2] = [8, 200];

/// Maximum width of an animation; more detail would not be noticed.
const MAX_WIDTH: u32 = 800;

/// Draws figures that differ only in what they show as an animated GIF that repeats endlessly.
/// It is at most 800 pixels wide; a wider style is scaled down, text included.
///
/// # Errors
///
/// If there is not enough memory for the frames.
///
/// ```
/// use gradtape_chart::{Axis, Colour, Figure, Key, Line, Panel, Scale, Style};
///
/// let figure = |end: f64| Figure {
///     title: "a path".to_owned(),
///     subtitle: None,
///     x: Axis { range: Some([0.0, 1.0]), ..Axis::new("x", Scale::Linear) },
///     y: Axis { range: Some([0.0, 1.0]), ..Axis::new("y", Scale::Linear) },
///     panels: vec![Panel::of_lines(vec![Line::new(
///         vec![[0.0, 0.0], [end, end]],
///         Colour::Category(0),
///     )])],
///     key: Key::None,
///     description: String::new(),
/// };
/// let gif = gradtape_chart::animate(&[figure(0.5), figure(1.0)], &Style::default())?;
/// assert!(gif.starts_with(b"GIF89a"));
/// # Ok::<(), gradtape_chart::DrawError>(())
/// ```
pub fn animate(figures: &[Figure], style: &Style) -> Result<Vec<u8>, DrawError> {
    let style = smaller(style);
    let size = style.width as usize * style.height as usize;
    let pictures = figures
        .par_iter()
        .map(|figure| pixels(&figure.draw(&style).svg))
        .collect::<Result<Vec<Vec<Rgb>>, DrawError>>()?;
    // One palette for all frames, so that nothing flickers that does not change.
    let IndexedImage {
        mut palette,
        indices,
    } = palette::reduced(&pictures);
    let [width, height] = [style.width, style.height].map(|side| side.min(u16::MAX.into()) as u16);
    // What has not changed is not drawn again: a run of the same index takes hardly any room.
    let unchanged = palette.len().min(255) as u8;
    palette.push([0; 3]);
    let mut gif = Vec::new();
    let mut encoder = Encoder::new(&mut gif, width, height, palette.as_flattened())?;
    encoder.set_repeat(Repeat::Infinite)?;
    let mut before: Option<&[u8]> = None;
    let pictures = indices.chunks_exact(size.max(1));
    let last = pictures.len().saturating_sub(1);
    for (number, picture) in pictures.enumerate() {
        let area = match before {
            Some(before) => changed(before, picture, style.width as usize),
            None => [0, 0, style.width as usize, style.height as usize],
        };
        let [left, top, right, bottom] = area;
        let rows = (top..bottom).map(|row| row * style.width as usize);
        let places = rows.flat_map(|row| row + left..row + right);
        let part = places.map(|place| match before {
            Some(before) if before[place] == picture[place] => unchanged,
            _ => picture[place],
        });
        let side = |pixels: usize| pixels.min(u16::MAX.into()) as u16;
        encoder.write_frame(&gif::Frame {
            delay: DELAYS[usize::from(number == last)],
            dispose: DisposalMethod::Keep,
            left: side(left),
            top: side(top),
            width: side(right - left),
            height: side(bottom - top),
            buffer: Cow::Owned(part.collect()),
            transparent: before.map(|_| unchanged),
            ..gif::Frame::default()
        })?;
        before = Some(picture);
    }
    drop(encoder);
    Ok(gif)
}

/// The style of the frames: the same except for the size.
fn smaller(style: &Style) -> Style {
    let width = style.width.clamp(1, MAX_WIDTH);
    let share = f64::from(width) / f64::from(style.width.max(1));
    Style {
        width,
        height: ((f64::from(style.height) * share + 0.5) as u32).max(1),
        text_size: style.text_size * share,
        ..*style
    }
}

/// The left, top, right and bottom edge of what differs; one pixel if nothing does.
fn changed(before: &[u8], after: &[u8], width: usize) -> [usize; 4] {
    let mut area: Option<[usize; 4]> = None;
    let rows = before.chunks_exact(width).zip(after.chunks_exact(width));
    for (row, (before, after)) in rows.enumerate() {
        let mut columns = before.iter().zip(after);
        let Some(first) = columns.clone().position(|(one, other)| one != other) else {
            continue;
        };
        let last = columns.rposition(|(one, other)| one != other);
        let last = last.unwrap_or(first);
        let [left, top, right, _] = area.unwrap_or([first, row, 0, 0]);
        area = Some([left.min(first), top, right.max(last + 1), row + 1]);
    }
    area.unwrap_or([0, 0, 1, 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Axis, Colour, Key, Line, Panel, Scale, Theme};

    fn figure(end: f64) -> Figure {
        let axis = |label: &str| Axis {
            range: Some([0.0, 1.0]),
            ..Axis::new(label, Scale::Linear)
        };
        let line = Line::new(vec![[0.0, 0.0], [end, end]], Colour::Category(0));
        Figure {
            title: "path".to_owned(),
            subtitle: None,
            x: axis("x"),
            y: axis("y"),
            panels: vec![Panel::of_lines(vec![line])],
            key: Key::None,
            description: String::new(),
        }
    }

    /// The frames of a GIF, as a viewer puts them together.
    fn seen(gif: &[u8]) -> (Vec<Vec<u8>>, Vec<u16>) {
        let mut decoder = gif::DecodeOptions::new().read_info(gif).unwrap();
        let width = usize::from(decoder.width());
        let mut screen = vec![0; width * usize::from(decoder.height())];
        let (mut pictures, mut delays) = (Vec::new(), Vec::new());
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            let wide = usize::from(frame.width);
            for (row, line) in frame.buffer.chunks_exact(wide).enumerate() {
                let from = (usize::from(frame.top) + row) * width + usize::from(frame.left);
                for (pixel, index) in screen[from..from + wide].iter_mut().zip(line) {
                    if Some(*index) != frame.transparent {
                        *pixel = *index;
                    }
                }
            }
            pictures.push(screen.clone());
            delays.push(frame.delay);
        }
        (pictures, delays)
    }

    #[test]
    fn each_picture_is_what_its_figure_shows() {
        let figures = [figure(0.2), figure(0.2), figure(0.9)];
        let style = Style {
            width: 1000,
            height: 500,
            theme: Theme::Dark,
            ..Style::default()
        };
        let gif = animate(&figures, &style).unwrap();
        let (pictures, delays) = seen(&gif);
        assert_eq!(delays, [8, 8, 200]);
        assert_eq!(pictures[0].len(), 800 * 400);
        assert_eq!(pictures[0], pictures[1]);
        let differing = pictures[0].iter().zip(&pictures[2]).filter(|(a, b)| a != b);
        assert!(differing.count() > 1000);
        // The other frames are small parts.
        let alone = animate(&figures[..1], &style).unwrap();
        assert!(gif.len() < alone.len() * 2, "{} {}", gif.len(), alone.len());
        assert_eq!(gif, animate(&figures, &style).unwrap());
    }
}
