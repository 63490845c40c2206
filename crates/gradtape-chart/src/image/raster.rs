//! From SVG to PNG, or to pixels. The only file that knows `resvg` and `png`.

use resvg::tiny_skia::{Color, Pixmap, PremultipliedColorU8, Transform};
use resvg::usvg;

use super::{glyphs, palette};
use crate::measure::colour::Rgb;

/// The reason why a chart could not be converted to an image.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// The text is not an SVG.
    #[error("cannot read the SVG: {0}")]
    Svg(#[from] usvg::Error),
    /// There is not enough memory for the image.
    #[error("not enough memory for an image of this size")]
    Memory,
    /// The pixels cannot be written as PNG.
    #[error("cannot write the PNG: {0}")]
    Png(#[from] png::EncodingError),
    /// The frames cannot be written as GIF.
    #[error("cannot write the GIF: {0}")]
    Gif(#[from] gif::EncodingError),
}

/// Draws an SVG as a PNG of the same size, on a white background.
///
/// The image has a palette where 256 colours are enough to the eye. Only text as
/// [`Figure::draw`](crate::Figure::draw) writes it is drawn, from left to right: letters of
/// Arabic are not joined, and Hebrew is not reversed, as they are in a viewer of the SVG.
///
/// # Errors
///
/// If the text is not an SVG. What [`Figure::draw`](crate::Figure::draw)
/// returns always is.
///
/// ```
/// assert!(gradtape_chart::to_png("<svg").is_err());
/// let png = gradtape_chart::to_png("<svg xmlns='http://www.w3.org/2000/svg' width='3' height='2'/>")?;
/// assert!(png.starts_with(b"\x89PNG"));
/// # Ok::<(), gradtape_chart::DrawError>(())
/// ```
pub fn to_png(svg: &str) -> Result<Vec<u8>, DrawError> {
    let picture = picture(svg)?;
    encoded(picture.pixels(), picture.width(), picture.height())
}

/// The pixels of an SVG, row by row.
pub(crate) fn pixels(svg: &str) -> Result<Vec<Rgb>, DrawError> {
    Ok(picture(svg)?.pixels().iter().map(rgb).collect())
}

fn rgb(pixel: &PremultipliedColorU8) -> Rgb {
    [pixel.red(), pixel.green(), pixel.blue()]
}

fn picture(svg: &str) -> Result<Pixmap, DrawError> {
    let tree = usvg::Tree::from_str(&glyphs::with_paths(svg), &usvg::Options::default())?;
    let size = tree.size().to_int_size();
    let (width, height) = (size.width(), size.height());
    let mut picture = Pixmap::new(width, height).ok_or(DrawError::Memory)?;
    picture.fill(Color::WHITE);
    resvg::render(&tree, Transform::identity(), &mut picture.as_mut());
    Ok(picture)
}

/// Writes pixels, which are opaque, as PNG.
///
/// The fast settings of the encoder are the right ones here. With a palette and the
/// Paeth filter they make files nearly as small as the thorough ones do, in a
/// tenth of the time.
fn encoded(pixels: &[PremultipliedColorU8], width: u32, height: u32) -> Result<Vec<u8>, DrawError> {
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, width, height);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let data = match palette::indexed(pixels.iter().map(rgb)) {
        Some(indexed) => {
            encoder.set_color(png::ColorType::Indexed);
            encoder.set_palette(indexed.palette.as_flattened().to_vec());
            encoder.set_filter(png::Filter::Paeth);
            indexed.indices
        }
        None => {
            encoder.set_color(png::ColorType::Rgb);
            encoder.set_filter(png::Filter::Adaptive);
            pixels.iter().flat_map(rgb).collect()
        }
    };
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&data)?;
    writer.finish()?;
    Ok(png)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size, the bytes and the palette of a PNG.
    fn decoded(png: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut data = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut data).unwrap();
        data.truncate(info.buffer_size());
        (info.width, info.height, data)
    }

    fn check(body: &str, expected: [u8; 3]) {
        let svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='1200' height='800'>{body}</svg>"
        );
        let (width, height, data) = decoded(&to_png(&svg).unwrap());
        assert_eq!((width, height), (1200, 800));
        assert_eq!(data.len(), 1200 * 800 * 3);
        assert_eq!(data[..3], [255, 255, 255]);
        let middle = 3 * (400 * 1200 + 600);
        assert_eq!(data[middle..middle + 3], expected);
    }

    #[test]
    fn a_png_has_the_size_and_the_colours_of_the_drawing() {
        check("", [255, 255, 255]);
        check(
            "<circle cx='600' cy='400' r='50' fill='#0072b2'/>",
            [0x00, 0x72, 0xb2],
        );
    }

    #[test]
    fn text_is_drawn_with_the_font_of_the_program() {
        let text = "<text x=\"100\" y=\"100\" dy=\"0.76em\" text-anchor=\"middle\" \
                    font-size=\"20\" fill=\"#000000\">10⁻³⁵</text>";
        let svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='1200' height='800'>\n{text}\n</svg>"
        );
        let (.., data) = decoded(&to_png(&svg).unwrap());
        assert!(data.iter().filter(|&&channel| channel < 100).count() > 100);
    }

    #[test]
    fn text_that_is_not_an_svg_is_an_error() {
        for text in [
            "",
            "<svg",
            "<p>",
            "<svg xmlns='http://www.w3.org/2000/svg' width='0'/>",
        ] {
            assert!(matches!(to_png(text), Err(DrawError::Svg(_))), "{text}");
        }
    }
}
