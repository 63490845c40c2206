//! A backward or forward pass over a recording.

use smallvec::SmallVec;

use crate::Op;
use crate::adjoint::Adjoint;
use crate::error::{Caller, Result};
use crate::nest::Leaf;
use crate::tensor::{Dense, DenseNumber, Id, IncomingAdjoint, Operation, Shape, Tensor};

use super::recording::{Entry, KnownOperand, Recording, Saved};

/// The operations that lead from sources to targets, with all that their
/// derivatives need. It does not depend on the tape, so a derivative may be
/// recorded on the tape that it is taken from.
pub(super) struct Pass {
    /// The entries of the recording: those that lead there, or all of them if
    /// they were taken from it.
    pub entries: Vec<Entry>,
    /// In chronological order.
    steps: Vec<PassStep>,
    targets: SmallVec<[Place; 4]>,
    /// Where the derivative of each source arrives.
    sources: SmallVec<[Place; 4]>,
    /// The shape of each source.
    shapes: SmallVec<[Shape; 4]>,
    /// The number of places.
    places: usize,
}

/// The derivatives of each source or target. Most lists are short, and short lists
/// need no allocation.
pub(super) type Derivatives = SmallVec<[Option<Tensor>; 4]>;

/// The number of an intermediate value.
type Place = usize;

struct PassStep {
    /// The number in the list of entries.
    entry: usize,
    /// Where each operand's derivative belongs, if it needs one.
    operands: SmallVec<[Option<Place>; 3]>,
    result: Place,
    /// Whether the result is a source, whose derivative is stored.
    is_source: bool,
}

/// The entries that lead from sources to targets.
pub(super) struct Reach {
    /// For each entry whether its result depends on a source.
    pub depends: SmallVec<[bool; 16]>,
    /// For each entry whether a target depends on its result, over an operand
    /// that depends on a source.
    pub counts: SmallVec<[bool; 16]>,
}

impl Reach {
    pub fn new(recording: &Recording, targets: &[Id], sources: &[Id]) -> Self {
        let entries = &recording.entries;
        let numbers = targets.iter().filter_map(|id| recording.producer(*id));
        let count = numbers.clone().max().map_or(0, |last| last as usize + 1);
        let mut depends: SmallVec<[bool; 16]> = SmallVec::from_elem(false, count);
        let passes = |known: &KnownOperand, depends: &[bool]| {
            known.is_tracked
                && known.producer.map_or_else(
                    || sources.binary_search(&known.id).is_ok(),
                    |number| depends[number as usize],
                )
        };
        for (number, entry) in entries[..count].iter().enumerate() {
            depends[number] = sources.binary_search(&entry.result).is_ok()
                || (entry.is_tracked && flowing(entry).any(|known| passes(known, &depends)));
        }
        let mut counts: SmallVec<[bool; 16]> = SmallVec::from_elem(false, count);
        for number in numbers {
            counts[number as usize] = true;
        }
        for (number, entry) in entries[..count].iter().enumerate().rev() {
            counts[number] &= entry.is_tracked;
            if !counts[number] {
                continue;
            }
            let used = flowing(entry).filter(|known| passes(known, &depends));
            let mut is_used = false;
            for known in used {
                is_used = true;
                if let Some(producer) = known.producer {
                    counts[producer as usize] = true;
                }
            }
            counts[number] = is_used;
        }
        Self { depends, counts }
    }
}

/// The operands that a derivative passes to.
fn flowing(entry: &Entry) -> impl Iterator<Item = &KnownOperand> {
    let operands = entry.operands.iter().enumerate();
    let passes = |(index, known): &(usize, &KnownOperand)| {
        known.is_tracked && entry.operation.is_differentiable(*index)
    };
    operands.filter(passes).map(|(_, known)| known)
}

impl Pass {
    /// Prepares a pass. The entries of a tape that is not persistent are moved out
    /// and must be returned; those of a persistent one are copied.
    pub fn new(recording: &mut Recording, targets: &[Leaf], sources: &[Leaf]) -> Self {
        let is_persistent = recording.options.persistent;
        let target_ids: SmallVec<[Id; 4]> = targets.iter().map(Leaf::id).collect();
        let mut source_ids: SmallVec<[Id; 4]> = sources.iter().map(Leaf::id).collect();
        source_ids.sort_unstable();
        source_ids.dedup();
        let reach = Reach::new(recording, &target_ids, &source_ids);
        let is_source = |id: Id| source_ids.binary_search(&id).ok();
        // Sources have the first places, results of steps the next ones; a
        // target that is neither has the last one, which is never used.
        let count = reach.counts.iter().filter(|counts| **counts).count();
        let nowhere = source_ids.len() + count;
        let mut places: SmallVec<[Place; 16]> = SmallVec::from_elem(nowhere, reach.counts.len());
        let mut steps = Vec::with_capacity(count);
        let mut entries = Vec::new();
        let mut next = source_ids.len();
        for (number, counts) in reach.counts.iter().enumerate() {
            let entry = &recording.entries[number];
            let source = is_source(entry.result);
            if let Some(place) = source {
                places[number] = place;
            }
            if !*counts {
                continue;
            }
            if source.is_none() {
                places[number] = next;
                next += 1;
            }
            let place = |(index, known): (usize, &KnownOperand)| {
                if !known.is_tracked || !entry.operation.is_differentiable(index) {
                    return None;
                }
                match known.producer {
                    Some(producer) => {
                        let producer = producer as usize;
                        reach.depends[producer].then(|| places[producer])
                    }
                    None => is_source(known.id),
                }
            };
            steps.push(PassStep {
                entry: if is_persistent { steps.len() } else { number },
                operands: entry.operands.iter().enumerate().map(place).collect(),
                result: places[number],
                is_source: source.is_some(),
            });
            if is_persistent {
                entries.push(entry.clone());
            }
        }
        let target = |leaf: &Leaf| match (is_source(leaf.id()), recording.producer(leaf.id())) {
            // No derivative, not even with respect to itself.
            _ if !leaf.dtype().is_float() => nowhere,
            (Some(place), _) => place,
            (None, Some(number)) => places[number as usize],
            (None, None) => nowhere,
        };
        let targets = targets.iter().map(target).collect();
        if !is_persistent {
            entries = std::mem::take(&mut recording.entries);
        }
        Self {
            entries,
            targets,
            shapes: sources.iter().map(|leaf| leaf.shape().clone()).collect(),
            sources: sources
                .iter()
                .map(|leaf| is_source(leaf.id()).unwrap_or(nowhere))
                .collect(),
            steps,
            places: nowhere + 1,
        }
    }

    /// The operation and the tensors of a step; present for every tracked entry.
    fn entry(&self, step: &PassStep) -> Option<(&Operation, &Saved)> {
        let entry = &self.entries[step.entry];
        Some((&entry.operation, entry.saved.as_ref()?))
    }

    /// The derivatives of the targets, weighted by `seeds`, with respect to
    /// each source.
    pub fn backward(&self, seeds: &[Tensor], at: Caller) -> Result<Derivatives> {
        let mut derivatives: SmallVec<[Option<IncomingAdjoint<'_, Tensor>>; 16]> =
            SmallVec::from_elem(None, self.places);
        for (place, seed) in self.targets.iter().zip(seeds) {
            if *place + 1 < self.places {
                let seed = Adjoint::everywhere(DenseNumber::new(seed.clone(), at));
                meet(&mut derivatives[*place], seed);
            }
        }
        for step in self.steps.iter().rev() {
            let place = &mut derivatives[step.result];
            let incoming = if step.is_source {
                place.clone()
            } else {
                place.take()
            };
            let Some(incoming) = incoming else {
                continue;
            };
            let Some((operation, Saved { operands, result })) = self.entry(step) else {
                continue;
            };
            let place = |index: usize| step.operands.get(index).copied().flatten();
            let is_wanted = |index: usize| place(index).is_some();
            operation.backward(operands, result, incoming, is_wanted, at, |index, term| {
                if let Some(place) = place(index) {
                    meet(&mut derivatives[place], term);
                }
            })?;
        }
        let whole = self.sources.iter().zip(&self.shapes).map(|(place, shape)| {
            let derivative = derivatives[*place].clone();
            let derivative = derivative.map(|it| it.whole().into_dense());
            derivative.map(|it| it.stretched(shape, at)).transpose()
        });
        whole.collect()
    }

    /// The derivatives of each target when the sources move along `tangents`.
    pub fn forward(&self, tangents: &[Tensor], at: Caller) -> Result<Derivatives> {
        let mut derivatives: SmallVec<[_; 16]> = SmallVec::from_elem(None, self.places);
        for (place, tangent) in self.sources.iter().zip(tangents) {
            if *place + 1 < self.places && tangent.dtype().is_float() {
                add(&mut derivatives[*place], tangent.clone(), at)?;
            }
        }
        for step in &self.steps {
            let Some((operation, Saved { operands, result })) = self.entry(step) else {
                continue;
            };
            let tangents: SmallVec<[Option<Tensor>; 3]> = step
                .operands
                .iter()
                .map(|place| derivatives[(*place)?].clone())
                .collect();
            if tangents.iter().any(Option::is_some) {
                let derivative = operation.forward(operands, result, &tangents, at)?;
                add(&mut derivatives[step.result], derivative, at)?;
            }
        }
        Ok(self
            .targets
            .iter()
            .map(|place| derivatives[*place].clone())
            .collect())
    }
}

/// Adds the contribution of another use to a derivative that may still be absent.
fn meet<'d>(sum: &mut Option<IncomingAdjoint<'d, Tensor>>, term: IncomingAdjoint<'d, Tensor>) {
    match sum.take() {
        Some(begun) => *sum = Some(begun.plus(term)),
        None => *sum = Some(term),
    }
}

/// Adds to a derivative that may still be absent.
fn add(sum: &mut Option<Tensor>, term: Tensor, at: Caller) -> Result<()> {
    *sum = Some(match sum.take() {
        Some(sum) => Tensor::apply(Operation::Elementwise(Op::Add), &[&sum, &term], at)?,
        None => term,
    });
    Ok(())
}
