//! What the indices of a part take, and their errors.

use super::pick::{Pick, from_end, stretch};
use super::shape::{PartContext, described};
use super::{Index, PartId};
use crate::mistake::{Code, Mistake};
use gradtape_tape::Shape;

impl PartContext<'_> {
    /// What the indices of `of` take of its axes; `None` if an error in one of them was
    /// reported.
    pub(super) fn picks(
        &self,
        id: PartId,
        of: PartId,
        shape: &Shape,
        indices: &[Index],
    ) -> Result<Option<Vec<Pick>>, Mistake> {
        let quoted = self.quoted(of, "this");
        if indices.len() > shape.len() {
            let found = described(shape);
            let (message, label) = match shape.len() {
                0 => {
                    let label = format!("{quoted} is a number");
                    ("a number has no elements", label)
                }
                _ => {
                    let label = format!("{quoted} is {found}, found {} indices", indices.len());
                    ("a vector takes one index", label)
                }
            };
            return Err(Mistake::new(Code::Shape, self.span(id), message, label));
        }
        let mut picks = Vec::with_capacity(indices.len());
        for (axis, index) in indices.iter().enumerate() {
            let bounds: &[Option<PartId>] = match index {
                Index::At(part) => &[Some(*part)],
                Index::Slice(bounds) => bounds,
            };
            let mut wholes = [None; 3];
            for (whole, bound) in wholes.iter_mut().zip(bounds) {
                let Some(bound) = bound else {
                    continue;
                };
                if self.try_of(*bound).is_none() {
                    return Ok(None);
                }
                *whole = Some(self.whole(*bound, "an index")?);
            }
            let length = shape[axis];
            let what = match (shape.len(), axis) {
                (1, _) => format!("{quoted} is {}", described(shape)),
                (_, 0) => format!("{quoted} has {length} rows"),
                _ => format!("{quoted} has {length} columns"),
            };
            picks.push(match index {
                Index::At(part) => {
                    let at = wholes[0].unwrap_or(0);
                    let place = from_end(at, length).and_then(|at| usize::try_from(at).ok());
                    let Some(place) = place.filter(|place| *place < length) else {
                        let message = format!("index {at} is out of range");
                        let label = format!("{what}: expected an index from 0 to {}", length - 1);
                        let mistake = Mistake::new(Code::Shape, self.span(*part), message, label);
                        let help = match at < 0 {
                            true => format!("negative indices go from -1 to -{length}"),
                            false => String::new(),
                        };
                        return Err(mistake.help(help));
                    };
                    Pick::At(place)
                }
                Index::Slice(bounds) => {
                    let Some(stretch) = stretch(wholes, length) else {
                        let message = "the step of a slice cannot be 0";
                        let step = bounds[2].map_or_else(|| self.span(id), |step| self.span(step));
                        let label = "expected a nonzero integer";
                        return Err(Mistake::new(Code::Shape, step, message, label));
                    };
                    if stretch.length() == Some(0) {
                        let message = "this slice is empty";
                        let mistake = Mistake::new(Code::Shape, self.span(id), message, what);
                        return Err(mistake.help("a vector has at least one element"));
                    }
                    stretch
                }
            });
        }
        Ok(Some(picks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_those_of_python() {
        // What Python gives for list(range(5))[…], found with CPython.
        let cases: &[([Option<i64>; 3], &[usize])] = &[
            ([None, None, None], &[0, 1, 2, 3, 4]),
            ([Some(1), None, None], &[1, 2, 3, 4]),
            ([None, Some(-1), None], &[0, 1, 2, 3]),
            ([Some(-2), None, None], &[3, 4]),
            ([None, None, Some(2)], &[0, 2, 4]),
            ([None, None, Some(-1)], &[4, 3, 2, 1, 0]),
            ([Some(3), Some(0), Some(-2)], &[3, 1]),
            ([Some(-100), Some(100), None], &[0, 1, 2, 3, 4]),
            ([Some(100), Some(-100), Some(-1)], &[4, 3, 2, 1, 0]),
            ([Some(3), Some(1), None], &[]),
            ([Some(1), Some(3), Some(-1)], &[]),
            ([Some(9), None, None], &[]),
            ([None, Some(-9), None], &[]),
            ([Some(4), Some(-7), Some(-3)], &[4, 1]),
            ([Some(1), Some(2), Some(1 << 53)], &[1]),
        ];
        for (bounds, expected) in cases {
            let Some(Pick::Stretch { start, step, count }) = stretch(*bounds, 5) else {
                panic!("{bounds:?}");
            };
            let places =
                (0..count).map(|at| start.wrapping_add_signed(step.wrapping_mul(at.cast_signed())));
            assert_eq!(places.collect::<Vec<_>>(), *expected, "{bounds:?}");
        }
        assert_eq!(stretch([None, None, Some(0)], 5), None);
    }
}
