//! Lists one after another, and their counts.

/// The sum of counts; `None` if one is too large to be known, or the sum is.
pub(super) fn checked_sum(mut counts: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    counts.try_fold(0_u64, |sum, count| sum.checked_add(count?))
}

/// `index` as a row and a column of a table with this number of columns.
pub(super) fn split(index: u64, columns: u64) -> (u64, u64) {
    (index / columns.max(1), index % columns.max(1))
}

/// Concatenated lists, by the number of entries up to the end of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends(Vec<u64>);

impl Ends {
    /// Counts saturate at the largest number: a plan with that many runs is rejected.
    pub(super) fn new(lengths: impl Iterator<Item = Option<u64>>) -> Ends {
        let mut end = 0_u64;
        let ends = lengths.map(|length| {
            end = end.saturating_add(length.unwrap_or(u64::MAX));
            end
        });
        Ends(ends.collect())
    }

    /// The entries of all lists.
    pub(super) fn sum(&self) -> u64 {
        self.0.last().copied().unwrap_or(0)
    }

    /// The entries of the lists before this one.
    pub(super) fn begin(&self, list: usize) -> u64 {
        list.checked_sub(1).map_or(0, |before| self.0[before])
    }

    /// The list of the entry `index`, and its place in that list.
    pub(super) fn locate(&self, index: u64) -> (usize, u64) {
        let list = self.0.partition_point(|end| *end <= index);
        (list, index - self.begin(list))
    }
}
