//! The elements that an index or a slice takes of an axis.

use super::shape::{PartContext, described};
use super::{Index, PartId};
use crate::mistake::{Code, Mistake};
use gradtape_tape::Shape;

/// What is taken of one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::objective) enum Pick {
    /// One place; the axis disappears.
    At(usize),
    /// `count` places from `start` on, `step` from one to the next.
    Stretch {
        start: usize,
        step: isize,
        count: usize,
    },
}

impl Pick {
    /// The length of the axis that stays.
    pub(in crate::objective) fn length(&self) -> Option<usize> {
        match self {
            Pick::At(_) => None,
            Pick::Stretch { count, .. } => Some(*count),
        }
    }
}

/// The number of integers from `start` in steps of `step` before `end`; `None` if the
/// step is 0.
pub(super) fn progression(start: i64, end: i64, step: i64) -> Option<u64> {
    let distance = i128::from(end) - i128::from(start);
    let step = i128::from(step);
    if step == 0 {
        return None;
    }
    if distance.signum() != step.signum() {
        return Some(0);
    }
    let steps = (distance.abs() + step.abs() - 1) / step.abs();
    u64::try_from(steps).ok()
}

/// What the indices of `of` take of its axes; `None` if an error in one of them was
/// reported.
pub(super) fn picked(
    looking: &PartContext<'_>,
    id: PartId,
    of: PartId,
    shape: &Shape,
    indices: &[Index],
) -> Result<Option<Vec<Pick>>, Mistake> {
    let quoted = looking.quoted(of, "this");
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
        return Err(Mistake::new(Code::Shape, looking.span(id), message, label));
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
            if looking.try_of(*bound).is_none() {
                return Ok(None);
            }
            *whole = Some(looking.whole(*bound, "an index")?);
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
                    let mistake = Mistake::new(Code::Shape, looking.span(*part), message, label);
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
                    let step =
                        bounds[2].map_or_else(|| looking.span(id), |step| looking.span(step));
                    let label = "expected a nonzero integer";
                    return Err(Mistake::new(Code::Shape, step, message, label));
                };
                if stretch.length() == Some(0) {
                    let message = "this slice is empty";
                    let mistake = Mistake::new(Code::Shape, looking.span(id), message, what);
                    return Err(mistake.help("a vector has at least one element"));
                }
                stretch
            }
        });
    }
    Ok(Some(picks))
}

/// A place that may be counted from the end, from the start; below 0 if it lies
/// before that.
fn from_end(at: i64, length: usize) -> Option<i64> {
    match at < 0 {
        true => at.checked_add(i64::try_from(length).ok()?),
        false => Some(at),
    }
}

/// A slice of an axis as in Python: bounds beyond the ends are moved to them.
/// `None` if the step is 0.
fn stretch(wholes: [Option<i64>; 3], length: usize) -> Option<Pick> {
    let [start, stop, step] = wholes;
    let step = step.unwrap_or(1);
    let end = i64::try_from(length).ok()?;
    // Forwards, bounds are from 0 to the length; backwards, each one lower.
    let (low, high) = match step > 0 {
        true => (0, end),
        false => (-1, end - 1),
    };
    let bound = |given: Option<i64>, default: i64| match given {
        Some(at) => from_end(at, length).map_or(default, |at| at.clamp(low, high)),
        None => default,
    };
    let (start, stop) = match step > 0 {
        true => (bound(start, low), bound(stop, high)),
        false => (bound(start, high), bound(stop, low)),
    };
    let count = usize::try_from(progression(start, stop, step)?).ok()?;
    let start = usize::try_from(start).unwrap_or(0);
    Some(Pick::Stretch {
        start,
        // A step that is never taken may be of any length.
        step: if count > 1 {
            isize::try_from(step).ok()?
        } else {
            1
        },
        count,
    })
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
