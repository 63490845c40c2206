//! An image in at most 256 colours.
//!
//! A chart has few colours, and their blends where edges are smoothed. One byte a
//! pixel instead of three makes the file a third as large and as quick to write.

use crate::measure::colour::Rgb;

/// Maximum number of colours of a palette.
const MAX_COLOURS: usize = 256;

/// Maximum number of different colours to consider. An image with more, for example
/// of hundreds of transparent lines, is better off without a palette.
const MAX_DISTINCT: usize = 16_384;

/// Minimum number of pixels of a colour that is a surface, not the blend at an edge,
/// and must hardly change.
const SURFACE: u32 = 80;

/// Allowed changes in each channel of a rare colour, of 255: even the largest is
/// invisible on the few pixels of a smoothed edge.
const TOLERANCES: [u8; 6] = [0, 3, 5, 8, 11, 15];

/// Slots of the table of colours: a power of two, large enough that few collide.
const SLOTS: usize = 4 * MAX_DISTINCT;

/// A colour and the number of its pixels.
type ColourCount = (Rgb, u32);

/// An image with a palette.
pub(crate) struct IndexedImage {
    /// The colours, from dark to bright.
    pub(crate) palette: Vec<Rgb>,
    /// For each pixel the index of its colour in the palette.
    pub(crate) indices: Vec<u8>,
}

/// The image with a palette, or `None` if 256 colours are not enough. If there are
/// more, the rare ones are replaced by the nearest frequent ones.
pub(crate) fn indexed(pixels: impl Iterator<Item = Rgb>) -> Option<IndexedImage> {
    let (distinct, numbers) = distinct(pixels)?;
    let palette = TOLERANCES.into_iter().find_map(|tolerance| {
        chosen(
            &distinct,
            MAX_COLOURS,
            SURFACE,
            [tolerance.min(4), tolerance],
        )
    })?;
    Some(placed(palette, &distinct, &numbers))
}

/// Several images with one palette of up to 255 colours, so that an index is left for
/// what is transparent. Colours change as little as that allows, those of surfaces less
/// than others.
pub(crate) fn reduced(pictures: &[Vec<Rgb>]) -> IndexedImage {
    let most = MAX_COLOURS - 1;
    let mut levels = 256;
    let (distinct, numbers) = loop {
        let pixels = pictures.iter().flatten();
        let found = distinct(pixels.map(|colour| levelled(*colour, levels)));
        // Sixteen levels of three channels are few enough.
        match found {
            Some(found) => break found,
            None => levels /= 2,
        }
    };
    // The blend at an edge that never moves is in every image.
    let surface = SURFACE.saturating_mul(u32::try_from(pictures.len()).unwrap_or(u32::MAX));
    let mut tolerance: u8 = 0;
    // With the largest tolerance a palette holds any colours: the loop ends.
    let palette = loop {
        match chosen(&distinct, most, surface, [tolerance / 4, tolerance]) {
            Some(palette) => break palette,
            None => tolerance = tolerance.saturating_add(tolerance / 4 + 1),
        }
    };
    placed(palette, &distinct, &numbers)
}

/// The colour with each channel rounded to one of `levels` levels.
fn levelled(colour: Rgb, levels: u32) -> Rgb {
    let steps = levels - 1;
    colour.map(|value| {
        let level = (u32::from(value) * steps + 127) / 255;
        (level * 255 / steps) as u8
    })
}

/// The pixels with a palette that was chosen for their colours.
fn placed(palette: Vec<Rgb>, distinct: &[ColourCount], numbers: &[u16]) -> IndexedImage {
    let nearest = |&(colour, _): &ColourCount| {
        let by_distance = (0..palette.len()).min_by_key(|&index| distance(palette[index], colour));
        by_distance.unwrap_or(0) as u8
    };
    let places: Vec<u8> = distinct.iter().map(nearest).collect();
    IndexedImage {
        indices: numbers
            .iter()
            .map(|number| places[usize::from(*number)])
            .collect(),
        palette,
    }
}

/// The different colours in the order of their first pixel with the number of their
/// pixels, and for each pixel the number of its colour.
fn distinct(pixels: impl Iterator<Item = Rgb>) -> Option<(Vec<ColourCount>, Vec<u16>)> {
    let mut found: Vec<ColourCount> = Vec::new();
    let mut numbers = Vec::with_capacity(pixels.size_hint().0);
    // Numbers of colours plus one, where a colour's hash points to; 0 is empty.
    let mut slots = vec![0u16; SLOTS];
    let mut last: Option<(Rgb, u16)> = None;
    for colour in pixels {
        let number = match last {
            // Most pixels are of the same colour as the one before.
            Some((before, number)) if before == colour => number,
            _ => {
                let [r, g, b] = colour.map(u32::from);
                let hash = (r << 16 | g << 8 | b).wrapping_mul(0x9e37_79b1);
                let mut slot = (hash >> 15) as usize % SLOTS;
                loop {
                    match slots[slot] {
                        0 if found.len() == MAX_DISTINCT => return None,
                        0 => {
                            found.push((colour, 0));
                            slots[slot] = found.len() as u16;
                        }
                        taken if found[usize::from(taken) - 1].0 == colour => break taken - 1,
                        _ => slot = (slot + 1) % SLOTS,
                    }
                }
            }
        };
        last = Some((colour, number));
        found[usize::from(number)].1 += 1;
        numbers.push(number);
    }
    Some((found, numbers))
}

/// The most frequent colours such that each other one is near one of them: within the first
/// tolerance if it has `surface` pixels, else within the second. `None` if that takes more
/// than `most`.
fn chosen(
    distinct: &[ColourCount],
    most: usize,
    surface: u32,
    [of_surfaces, of_others]: [u8; 2],
) -> Option<Vec<Rgb>> {
    if of_others == 0 && most < distinct.len() {
        return None;
    }
    let mut by_count = distinct.to_vec();
    // Of two equally frequent ones the darker goes first: one result, not two.
    by_count.sort_by_key(|&(colour, count)| (std::cmp::Reverse(count), colour));
    let mut palette: Vec<Rgb> = Vec::new();
    for (colour, count) in by_count {
        let tolerance = if count < surface {
            of_others
        } else {
            of_surfaces
        };
        let near = |&known: &Rgb| (0..3).all(|i| known[i].abs_diff(colour[i]) <= tolerance);
        if !palette.iter().any(near) {
            if palette.len() == most {
                return None;
            }
            palette.push(colour);
        }
    }
    // Neighbours in the palette look alike, which the filter of a PNG profits from.
    palette.sort_by_key(|&[r, g, b]| (u32::from(r) * 2 + u32::from(g) * 5 + u32::from(b), r, b));
    Some(palette)
}

/// Square of the distance of two colours.
fn distance(a: Rgb, b: Rgb) -> u32 {
    (0..3).map(|i| u32::from(a[i].abs_diff(b[i])).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greys(count: u32) -> impl Iterator<Item = Rgb> {
        (0..count).map(|i| [(i % 256) as u8, (i / 256) as u8 * 40, 0])
    }

    #[test]
    fn up_to_256_colours_are_exact() {
        let IndexedImage { palette, indices } = indexed(greys(256)).unwrap();
        let back: Vec<Rgb> = indices
            .iter()
            .map(|&index| palette[usize::from(index)])
            .collect();
        assert_eq!(back, greys(256).collect::<Vec<_>>());
    }

    #[test]
    fn more_colours_change_by_no_more_than_can_be_seen() {
        let IndexedImage { palette, indices } = indexed(greys(1500)).unwrap();
        assert!(palette.len() <= MAX_COLOURS);
        let tolerance = TOLERANCES[TOLERANCES.len() - 1];
        for (colour, index) in greys(1500).zip(indices) {
            let found = palette[usize::from(index)];
            // Nearest by distance may be off by a little more in one channel.
            assert!(distance(colour, found) <= 3 * u32::from(tolerance).pow(2));
        }
    }

    #[test]
    fn pictures_with_one_palette_keep_the_colours_of_their_surfaces() {
        // A hundred surfaces, and the blends of each with the next.
        let surfaces: Vec<Rgb> = (0..100).map(|k| [200, k, 255 - k]).collect();
        let blends = (0..6000u32).map(|k| [(k % 199) as u8, (k % 251) as u8, (k % 127) as u8]);
        let mut pixels: Vec<Rgb> = blends.collect();
        pixels.extend(surfaces.iter().flat_map(|colour| [*colour; 400]));
        let IndexedImage { palette, indices } =
            reduced(&[pixels.clone(), Vec::new(), Vec::new(), Vec::new()]);
        assert!(palette.len() < MAX_COLOURS);
        let of = |place: usize| palette[usize::from(indices[place])];
        for (place, colour) in pixels.iter().enumerate().skip(6000) {
            assert!(distance(of(place), *colour) <= 3 * 9 * 9, "{colour:?}");
        }
        for (place, colour) in pixels.iter().enumerate().take(6000) {
            assert!(distance(of(place), *colour) <= 3 * 40 * 40, "{colour:?}");
        }
        assert_eq!(reduced(&[vec![[1, 2, 3]; 9]]).palette, [[1, 2, 3]]);
    }

    #[test]
    fn more_colours_than_can_be_counted_still_have_a_palette() {
        let wild: Vec<Rgb> = (0..40_000u32)
            .map(|k| [(k % 251) as u8, (k / 157) as u8, (k * 7 % 256) as u8])
            .collect();
        let IndexedImage { palette, indices } = reduced(std::slice::from_ref(&wild));
        assert!(
            palette.len() > 100 && palette.len() < MAX_COLOURS,
            "{}",
            palette.len()
        );
        for (colour, index) in wild.iter().zip(&indices) {
            let found = palette[usize::from(*index)];
            assert!(
                distance(*colour, found) <= 3 * 64 * 64,
                "{colour:?} {found:?}"
            );
        }
        assert_eq!(
            [0, 255].map(|end| levelled([end; 3], 16)),
            [[0; 3], [255; 3]]
        );
    }

    #[test]
    fn a_picture_of_all_sorts_of_colours_has_no_palette() {
        let many = (0..20_000u32).map(|i| [(i % 256) as u8, (i / 256) as u8, (i * 7 % 256) as u8]);
        assert!(indexed(many).is_none());
        let wild = (0..4000u32).map(|i| {
            [
                (i % 16) as u8 * 16,
                (i / 16 % 16) as u8 * 16,
                (i / 256) as u8 * 16,
            ]
        });
        assert!(indexed(wild).is_none());
    }
}
