//! A picture in at most 256 colours.
//!
//! A chart has few colours, and their blends where edges are smoothed. One byte a
//! pixel instead of three makes the file a third as large and as quick to write.

use super::colour::Rgb;

/// Most colours of a palette.
const MOST: usize = 256;

/// Most different colours that are looked at. Pictures of more, such as of
/// hundreds of transparent lines, are better off without a palette.
const MOST_DISTINCT: usize = 16_384;

/// Number of pixels from which a colour is a surface, not the blend at an edge, and
/// is changed by hardly anything.
const SURFACE: u32 = 80;

/// By how much each channel of a rare colour may change, of 255: at most so little
/// that nobody sees it on the few pixels of a smoothed edge.
const TOLERANCES: [u8; 6] = [0, 3, 5, 8, 11, 15];

/// Slots of the table of colours: a power of two, and so many that few collide.
const SLOTS: usize = 4 * MOST_DISTINCT;

/// A colour and the number of its pixels.
type Counted = (Rgb, u32);

/// A picture with a palette.
pub(super) struct Indexed {
    /// The colours, from dark to bright.
    pub(super) palette: Vec<Rgb>,
    /// For each pixel the place of its colour in the palette.
    pub(super) indices: Vec<u8>,
}

/// The picture with a palette, or `None` if 256 colours are not enough. If there are
/// more, the rare ones are replaced by the nearest frequent ones.
pub(super) fn indexed(pixels: impl Iterator<Item = Rgb>) -> Option<Indexed> {
    let (distinct, numbers) = distinct(pixels)?;
    let palette = TOLERANCES
        .into_iter()
        .find_map(|tolerance| chosen(&distinct, tolerance))?;
    let nearest = |&(colour, _): &Counted| {
        let by_distance = (0..palette.len()).min_by_key(|&index| distance(palette[index], colour));
        by_distance.unwrap_or(0) as u8
    };
    let places: Vec<u8> = distinct.iter().map(nearest).collect();
    Some(Indexed {
        indices: numbers
            .into_iter()
            .map(|number| places[usize::from(number)])
            .collect(),
        palette,
    })
}

/// The different colours in the order of their first pixel with the number of their
/// pixels, and for each pixel the number of its colour.
fn distinct(pixels: impl Iterator<Item = Rgb>) -> Option<(Vec<Counted>, Vec<u16>)> {
    let mut found: Vec<Counted> = Vec::new();
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
                        0 if found.len() == MOST_DISTINCT => return None,
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

/// The most frequent colours such that each other one is at most `tolerance` from
/// one of them; `None` if that takes more than a palette holds.
fn chosen(distinct: &[Counted], tolerance: u8) -> Option<Vec<Rgb>> {
    if tolerance == 0 && MOST < distinct.len() {
        return None;
    }
    let mut by_count = distinct.to_vec();
    // Of two equally frequent ones the darker goes first: one result, not two.
    by_count.sort_by_key(|&(colour, count)| (std::cmp::Reverse(count), colour));
    let mut palette: Vec<Rgb> = Vec::new();
    for (colour, count) in by_count {
        let tolerance = if count < SURFACE {
            tolerance
        } else {
            tolerance.min(4)
        };
        let near = |&known: &Rgb| (0..3).all(|i| known[i].abs_diff(colour[i]) <= tolerance);
        if !palette.iter().any(near) {
            if palette.len() == MOST {
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
        let Indexed { palette, indices } = indexed(greys(256)).unwrap();
        let back: Vec<Rgb> = indices
            .iter()
            .map(|&index| palette[usize::from(index)])
            .collect();
        assert_eq!(back, greys(256).collect::<Vec<_>>());
    }

    #[test]
    fn more_colours_change_by_no_more_than_can_be_seen() {
        let Indexed { palette, indices } = indexed(greys(1500)).unwrap();
        assert!(palette.len() <= MOST);
        let tolerance = TOLERANCES[TOLERANCES.len() - 1];
        for (colour, index) in greys(1500).zip(indices) {
            let found = palette[usize::from(index)];
            // Nearest by distance may be off by a little more in one channel.
            assert!(distance(colour, found) <= 3 * u32::from(tolerance).pow(2));
        }
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
