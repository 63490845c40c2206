//! Which runs go to the engine together.
//!
//! The runs of a plan form chunks, by their numbers. A chunk is a function of the plan alone,
//! never of threads, vectors or machine, so that what is stored of one can be used anywhere.
//! Threads share its runs in pieces, which do not change any result.

use crate::plan::{Objective, Plan};
use gradtape_engine::WIDTH;

/// The number of operations of a chunk: about a second of work.
const OPERATIONS: u64 = 4_000_000_000;

/// The smallest and the largest number of runs of a chunk: enough to fill the lanes of an
/// engine and to be shared by threads, and few enough to be stored at once.
const RUNS: std::ops::RangeInclusive<u64> = 16 * WIDTH as u64..=1 << 16;

/// The number of runs of each chunk of a plan but the last: run number n belongs to chunk
/// n / `runs_per_chunk`.
pub(super) fn runs_per_chunk(plan: &Plan) -> u64 {
    let epochs = plan.greatest_epochs().max(1);
    let operations = plan.objectives.iter().map(operations_per_epoch).max();
    // By the longest run: a run's chunk follows from its number alone only if all chunks have the
    // same number of runs.
    let per_run = epochs.saturating_mul(operations.unwrap_or(1)).max(1);
    (OPERATIONS / per_run).clamp(*RUNS.start(), *RUNS.end())
}

/// About the number of operations of an epoch. Recording the epoch would give the exact
/// number, but the size of a chunk must not wait for that.
fn operations_per_epoch(objective: &Objective) -> u64 {
    /// Of value and gradient, for each operation of the value.
    const GRADIENT: usize = 4;
    /// Of the update and the watch, for each parameter.
    const UPDATE: usize = 16;
    let function = &objective.function;
    let value = function.size() + function.elements();
    let data = objective.data.as_ref();
    let data = data.map_or(0, |data| {
        data.arrays.iter().map(|it| it.training.len()).sum()
    });
    let parameters = function.parameters().len();
    (GRADIENT * (value + data) + UPDATE * parameters) as u64
}

/// The runs with these numbers, ascending, in the pieces that this number of threads takes.
pub(super) fn pieces<'n>(
    plan: &Plan,
    numbers: &'n [u64],
    records: bool,
    threads: usize,
) -> Vec<&'n [u64]> {
    let runs = runs_per_chunk(plan);
    let chunks = numbers.chunk_by(|one, next| one / runs == next / runs);
    let most = most_runs_per_piece(plan, numbers.len(), records, threads);
    let each = chunks.flat_map(|chunk| {
        // Pieces of the same size rather than a small one at the end.
        let count = chunk.len().div_ceil(most);
        chunk.chunks(chunk.len().div_ceil(count))
    });
    each.collect()
}

/// Enough runs to fill the lanes of a block, or for some ten thousand epochs,
/// so that handing a piece over costs little; but not too many runs or rows,
/// which are all stored until the piece is done, and enough pieces for all
/// threads.
fn most_runs_per_piece(plan: &Plan, all: usize, records: bool, threads: usize) -> usize {
    const RUNS: std::ops::RangeInclusive<u64> = 512..=1024;
    const EPOCHS: u64 = 20_000;
    const NUMBERS: u64 = 200_000;
    let epochs = plan.greatest_epochs();
    let by_epochs = (EPOCHS / epochs.max(1)).clamp(*RUNS.start(), *RUNS.end());
    let by_rows = if records {
        let objectives = plan.objectives.iter();
        let parameters = objectives.map(|objective| objective.function.parameters().len());
        let columns = 4 + parameters.max().unwrap_or(0) as u64;
        // A result is as long as some rows.
        let rows = plan.record.rows(epochs).saturating_add(4);
        NUMBERS / columns.saturating_mul(rows)
    } else {
        u64::MAX
    };
    // Four pieces for each thread even out what runs cost. Fewer are better if they
    // fill vectors and instructions then, unless some runs are longer than others.
    let are_alike = plan.run_epochs() == u128::from(epochs) * u128::from(plan.runs.count());
    let lanes = if are_alike { 8 * WIDTH } else { WIDTH };
    let by_threads = (all / (4 * threads)).max(lanes.min(all.div_ceil(threads)));
    let most = usize::try_from(by_epochs.min(by_rows)).unwrap_or(usize::MAX);
    most.min(by_threads).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(epochs: u64, formula: &str, rates: u64) -> Plan {
        let text = format!(
            "epochs = {epochs}\n\
             objective = [{{ formula = \"{formula}\", start = {{ x = 1 }} }}]\n\
             optimizer = [{{ method = \"sgd\", learning_rate = \
             {{ from = 0.1, to = 0.2, count = {rates} }} }}]"
        );
        Plan::new("chunks.toml", &text).expect("it is well formed")
    }

    #[test]
    fn chunks_do_not_depend_on_the_number_of_threads() {
        let plan = plan(1_000_000, "x^2", 1_000);
        let runs = runs_per_chunk(&plan);
        assert_eq!(runs, *RUNS.start());
        let numbers: Vec<u64> = (0..plan.runs.count()).collect();
        for threads in [1, 2, 3, 16] {
            let pieces = pieces(&plan, &numbers, false, threads);
            let is_inside = |piece: &&[u64]| piece[0] / runs == piece[piece.len() - 1] / runs;
            assert!(pieces.iter().all(is_inside), "no piece is of two chunks");
            assert!(pieces.len() >= threads, "every thread has work");
            assert_eq!(pieces.concat(), numbers);
        }
    }

    #[test]
    fn a_chunk_is_about_a_second_of_work() {
        let short = plan(1, "x^2", 2);
        assert_eq!(runs_per_chunk(&short), *RUNS.end());
        let middle = plan(1_000, "sum(cos(range(1000)*x))", 2);
        let runs = runs_per_chunk(&middle);
        assert!(runs < *RUNS.end() && runs >= *RUNS.start(), "{runs}");
    }
}
