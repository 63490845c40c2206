//! The numbers of many lanes as rows of vectors.

use std::cell::Cell;

use super::slot::MOVING;

/// The numbers of a block as rows of vectors. A row may be read and written in
/// one instruction: a vector is read as a whole before its result is written.
#[derive(Clone, Copy)]
pub(super) struct RowVectors<'a, T, const N: usize> {
    numbers: &'a [Cell<[T; N]>],
    /// The number of vectors of a row.
    stride: usize,
    /// The number of vectors with a lane in use.
    active: usize,
    /// The number of vectors by which moving rows have moved.
    moved: usize,
}

impl<'a, T, const N: usize> RowVectors<'a, T, N> {
    /// Rows of `stride` vectors; the first `active` are in use.
    pub(super) fn new(numbers: &'a mut [T], stride: usize, active: usize, moved: usize) -> Self {
        let (vectors, _) = numbers.as_chunks_mut::<N>();
        RowVectors {
            numbers: Cell::from_mut(vectors).as_slice_of_cells(),
            stride,
            active,
            moved,
        }
    }

    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> &'a [Cell<[T; N]>] {
        // Tiles are in whole vectors, so a single run skips the test.
        let from = if N > 1 && row >= MOVING {
            row - MOVING + self.moved
        } else {
            row * self.stride
        };
        &self.numbers[from..from + self.active]
    }
}
