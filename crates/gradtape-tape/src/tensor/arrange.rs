//! Operations that only move elements: broadcasting, transposing, slicing,
//! gathering, joining. Nothing is computed, except that scattered elements for the
//! same place are added.

use smallvec::SmallVec;

use super::make::room;
use super::operation::Stretch;
use super::{Result, Shape};
use crate::error::Caller;

/// Copies elements into `shape`, axis by axis with the given steps through
/// `elements`, from `start` on.
pub(crate) fn strided<T: Copy>(
    operation: &'static str,
    elements: &[T],
    shape: &Shape,
    start: usize,
    steps: &[isize],
    at: Caller,
) -> Result<Vec<T>> {
    let mut result = room(operation, shape, at)?;
    each_row(shape, start, steps, |place, length, step| match step {
        0 => result.extend(std::iter::repeat_n(elements[place], length)),
        1 => result.extend_from_slice(&elements[place..place + length]),
        _ => result.extend((0..length).map(|index| elements[moved(place, index, step)])),
    });
    Ok(result)
}

/// The reverse of [`strided`]: puts `elements` of shape `shape` into `target`.
pub(crate) fn place<T: Copy>(
    target: &mut [T],
    elements: &[T],
    shape: &Shape,
    start: usize,
    steps: &[isize],
) {
    let mut elements = elements.iter();
    each_row(shape, start, steps, |place, length, step| {
        for (index, element) in elements.by_ref().take(length).enumerate() {
            target[moved(place, index, step)] = *element;
        }
    });
}

fn moved(place: usize, index: usize, step: isize) -> usize {
    place.wrapping_add_signed(step.wrapping_mul(index.cast_signed()))
}

/// Calls with the place, the length and the step of each row along the last
/// axis.
pub fn each_row(
    shape: &Shape,
    start: usize,
    steps: &[isize],
    mut visit: impl FnMut(usize, usize, isize),
) {
    if shape.contains(&0) {
        return;
    }
    let (Some((length, outer)), Some((step, outer_steps))) =
        (shape.split_last(), steps.split_last())
    else {
        return visit(start, 1, 1);
    };
    let mut counters: SmallVec<[usize; 4]> = SmallVec::from_elem(0, outer.len());
    let mut place = start;
    loop {
        visit(place, *length, *step);
        let mut axis = outer.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            counters[axis] += 1;
            place = place.wrapping_add_signed(outer_steps[axis]);
            if counters[axis] < outer[axis] {
                break;
            }
            counters[axis] = 0;
            place = moved(place, outer[axis], outer_steps[axis].wrapping_neg());
        }
    }
}

/// Where a slice starts within a tensor of this shape, and its steps.
pub fn slice_steps(shape: &Shape, stretches: &[Stretch]) -> (usize, SmallVec<[isize; 4]>) {
    let (mut start, mut distance) = (0_usize, 1_usize);
    let mut steps: SmallVec<[isize; 4]> = SmallVec::new();
    for (length, stretch) in shape.iter().zip(stretches).rev() {
        // If an axis has length 0, the others may have any length.
        start = stretch.start.wrapping_mul(distance).wrapping_add(start);
        steps.push(stretch.step.wrapping_mul(distance.cast_signed()));
        distance = distance.wrapping_mul(*length);
    }
    steps.reverse();
    (start, steps)
}

/// A matrix written column by column, in tiles that stay in the cache.
pub fn transposed<T: Copy>(elements: &[T], rows: usize, columns: usize, to: &mut Vec<T>) {
    const TILE: usize = 32;
    let Some(first) = elements.first() else {
        return;
    };
    let start = to.len();
    to.resize(start + rows * columns, *first);
    let target = &mut to[start..];
    for row in (0..rows).step_by(TILE) {
        for column in (0..columns).step_by(TILE) {
            for j in column..columns.min(column + TILE) {
                for i in row..rows.min(row + TILE) {
                    target[j * rows + i] = elements[i * columns + j];
                }
            }
        }
    }
}

/// The slices of `elements` along an axis that `indices` name, which were
/// checked. `(outer, length, inner)` is the shape around the axis.
pub(crate) fn gathered<T: Copy>(
    elements: &[T],
    (outer, length, inner): (usize, usize, usize),
    indices: &[usize],
    result: &mut Vec<T>,
) {
    for block in 0..outer {
        for index in indices {
            let start = (block * length + index) * inner;
            result.extend_from_slice(&elements[start..start + inner]);
        }
    }
}

/// The reverse of [`gathered`]: adds each slice where it was taken from, in the
/// order of the indices.
pub(crate) fn scattered<T: Copy>(
    target: &mut [T],
    (outer, length, inner): (usize, usize, usize),
    indices: &[usize],
    elements: &[T],
    add: impl Fn(T, T) -> T,
) {
    for block in 0..outer {
        for (number, index) in indices.iter().enumerate() {
            let from = (block * indices.len() + number) * inner;
            let to = (block * length + index) * inner;
            for offset in 0..inner {
                target[to + offset] = add(target[to + offset], elements[from + offset]);
            }
        }
    }
}
