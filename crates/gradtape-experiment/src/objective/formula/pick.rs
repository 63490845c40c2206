//! The elements that an index or a slice takes of an axis.

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

/// A place that may be counted from the end, from the start; below 0 if it lies
/// before that.
pub(super) fn from_end(at: i64, length: usize) -> Option<i64> {
    match at < 0 {
        true => at.checked_add(i64::try_from(length).ok()?),
        false => Some(at),
    }
}

/// A slice of an axis as in Python: bounds beyond the ends are moved to them.
/// `None` if the step is 0.
pub(super) fn stretch(wholes: [Option<i64>; 3], length: usize) -> Option<Pick> {
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
