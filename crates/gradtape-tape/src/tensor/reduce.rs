//! Reductions along an axis, and cumulative sums.
//!
//! A sum has the same order on every machine and for every layout. Fewer than eight
//! elements are added from the left. Up to 256 elements, each of eight partial sums
//! takes every eighth element; they are combined as
//! ((0+1)+(2+3))+((4+5)+(6+7)). Longer sums are split at the multiple of 256 nearest
//! above the middle, and the sums of both parts are added. So the error grows only
//! with the logarithm of the length, and the processor can add eight elements at a
//! time.

/// The number of partial results.
const LANES: usize = 8;
/// The maximum length that is not split.
pub const BLOCK: usize = 256;

/// Where a longer sequence is split.
pub fn middle(length: usize) -> usize {
    (length / 2).next_multiple_of(BLOCK)
}

/// The reduction of a sequence by an operation; `empty` if there are no elements.
#[inline]
pub fn reduced<T: Copy>(x: &[T], empty: T, operation: impl Fn(T, T) -> T + Copy) -> T {
    if x.len() > BLOCK {
        let (head, tail) = x.split_at(middle(x.len()));
        let head = reduced(head, empty, operation);
        return operation(head, reduced(tail, empty, operation));
    }
    let Some((first, rest)) = x.split_first_chunk::<LANES>() else {
        return x.iter().copied().reduce(operation).unwrap_or(empty);
    };
    let mut lanes = *first;
    let mut chunks = rest.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = operation(*lane, *x);
        }
    }
    for (lane, x) in lanes.iter_mut().zip(chunks.remainder()) {
        *lane = operation(*lane, *x);
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    operation(
        operation(operation(a, b), operation(c, d)),
        operation(operation(e, f), operation(g, h)),
    )
}

/// [`reduced`] for each column of rows of length `inner`, in the same order.
fn reduced_rows<T: Copy>(
    x: &[T],
    inner: usize,
    empty: T,
    operation: impl Fn(T, T) -> T + Copy,
    result: &mut Vec<T>,
) {
    let length = x.len() / inner;
    let combine = |into: &mut [T], from: &[T]| {
        for (into, from) in into.iter_mut().zip(from) {
            *into = operation(*into, *from);
        }
    };
    let start = result.len();
    if length > BLOCK {
        let (head, tail) = x.split_at(middle(length) * inner);
        reduced_rows(head, inner, empty, operation, result);
        reduced_rows(tail, inner, empty, operation, result);
        let (head, tail) = result[start..].split_at_mut(inner);
        combine(head, tail);
        result.truncate(start + inner);
        return;
    }
    let lanes = if length < LANES { 1 } else { LANES };
    if length == 0 {
        result.resize(start + inner, empty);
        return;
    }
    let (first, rest) = x.split_at(lanes * inner);
    result.extend_from_slice(first);
    for rows in rest.chunks(lanes * inner) {
        combine(&mut result[start..], rows);
    }
    let mut distance = 1;
    while distance < lanes {
        for lane in (0..lanes).step_by(2 * distance) {
            let pair = &mut result[start + lane * inner..];
            let (into, from) = pair.split_at_mut(distance * inner);
            combine(&mut into[..inner], &from[..inner]);
        }
        distance *= 2;
    }
    result.truncate(start + inner);
}

/// The reduction along the middle one of three axes.
pub(crate) fn along<T: Copy>(
    x: &[T],
    (outer, length, inner): (usize, usize, usize),
    empty: T,
    operation: impl Fn(T, T) -> T + Copy,
    result: &mut Vec<T>,
) {
    if inner == 0 {
        return;
    }
    for block in 0..outer {
        let rows = &x[block * length * inner..][..length * inner];
        if inner == 1 {
            result.push(reduced(rows, empty, operation));
        } else {
            reduced_rows(rows, inner, empty, operation, result);
        }
    }
}

/// The index of the first element along the middle axis that none `beats`.
pub(crate) fn position<T: Copy>(
    x: &[T],
    (outer, length, inner): (usize, usize, usize),
    beats: impl Fn(T, T) -> bool,
    result: &mut Vec<i64>,
) {
    for block in 0..outer {
        for offset in 0..inner {
            let element = |index: usize| x[(block * length + index) * inner + offset];
            let best = (1..length).fold(0, |best, index| {
                if beats(element(index), element(best)) {
                    index
                } else {
                    best
                }
            });
            result.push(best.cast_signed() as i64);
        }
    }
}

/// Replaces each element by the sum of the elements up to it along the middle axis, or,
/// if reversed, from it to the end.
pub(crate) fn accumulate<T: Copy>(
    x: &mut [T],
    (outer, length, inner): (usize, usize, usize),
    is_reverse: bool,
    add: impl Fn(T, T) -> T,
) {
    for block in 0..outer {
        let rows = &mut x[block * length * inner..][..length * inner];
        for index in 1..length {
            let (from, to) = if is_reverse {
                (length - index, length - index - 1)
            } else {
                (index - 1, index)
            };
            for offset in 0..inner {
                rows[to * inner + offset] =
                    add(rows[from * inner + offset], rows[to * inner + offset]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers whose sum depends on the order.
    fn numbers(count: usize) -> Vec<f32> {
        (0..count)
            .map(|index| ((index * 7919) % 1000) as f32 * 0.1 - 31.7)
            .collect()
    }

    #[test]
    fn a_sum_has_the_same_order_for_every_layout() {
        for count in [0, 1, 5, 7, 8, 9, 63, 255, 256, 257, 1000, 5000] {
            let x = numbers(count);
            let expected = reduced(&x, 0.0, |a, b| a + b);
            let rows: Vec<f32> = x.iter().flat_map(|x| [*x, 0.0, 2.0 * *x]).collect();
            let mut sums = Vec::new();
            reduced_rows(&rows, 3, 0.0, |a, b| a + b, &mut sums);
            assert_eq!(sums, [expected, 0.0, 2.0 * expected], "{count}");
        }
    }

    #[test]
    fn a_short_sum_is_taken_from_the_left() {
        let x = [1e8_f32, 1.0, -1e8, 1.0];
        assert_eq!(reduced(&x, 0.0, |a, b| a + b), 1.0);
    }

    #[test]
    fn a_long_sum_is_cut_at_a_multiple_of_the_block() {
        let x: Vec<f32> = numbers(1000).iter().map(|x| x * x * x / 3.0).collect();
        let sum = |x: &[f32]| reduced(x, 0.0, |a, b| a + b);
        let cut_at = |place: usize| sum(&x[..place]) + sum(&x[place..]);
        assert_eq!(sum(&x), cut_at(512));
        assert_ne!(sum(&x), cut_at(500), "the order must matter here");
    }

    #[test]
    fn a_long_sum_is_accurate() {
        let x = vec![0.1_f32; 1_000_000];
        assert!((reduced(&x, 0.0, |a, b| a + b) - 100_000.0).abs() < 0.1);
    }
}
