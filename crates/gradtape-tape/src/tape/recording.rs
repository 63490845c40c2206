//! The recording of a tape.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::error::{Caller, Error, Result};
use crate::nest::Leaf;
use crate::tensor::{Custom, Id, Operation, Origin, OriginKind, Tensor};
use crate::variable::Variable;

use super::{TapeOptions, active};

/// The state of a tape and everything it has recorded.
///
/// Entries are in chronological order, so their results have ascending numbers,
/// and the entry of a tensor is found by binary search.
#[derive(Debug)]
pub(super) struct Recording {
    pub options: TapeOptions,
    pub phase: Phase,
    pub entries: Vec<Entry>,
    /// In ascending order of their numbers.
    pub watches: SmallVec<[Watch; 2]>,
    /// The watched variables, for their owner.
    pub variables: SmallVec<[Variable; 2]>,
    pub assignments: Vec<Assignment>,
    /// Operands whose computation this tape did not record; ascending.
    pub unseen: Vec<(Id, Origin)>,
    /// Tensors made since have larger numbers.
    pub begin: Id,
    /// The thread that it records on, or last recorded on.
    pub thread: u32,
    /// Nothing is recorded while a derivative is taken that uses the tape up.
    pub is_suspended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Phase {
    NeverEntered,
    Recording {
        /// Where it was entered.
        entered: Caller,
        /// The number of [`Pause`](super::Pause)s.
        pauses: u32,
    },
    Left,
    /// Used up by a call; `entered` if its scope has not ended.
    Consumed {
        used: Caller,
        entered: Option<Caller>,
    },
}

/// A recorded operation.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub operation: Operation,
    pub operands: SmallVec<[KnownOperand; 3]>,
    pub result: Id,
    pub at: Caller,
    /// Whether the result can have a derivative at all.
    pub is_float: bool,
    /// Whether recording was stopped.
    pub is_paused: bool,
    /// Whether the result descends from something watched.
    pub is_tracked: bool,
    /// The tensors, if it is tracked and the tape is not used up.
    pub saved: Option<Saved>,
}

#[derive(Clone, Debug)]
pub(super) struct Saved {
    pub operands: SmallVec<[Tensor; 3]>,
    pub result: Tensor,
}

/// An operand, as it was known when it was used.
#[derive(Clone, Copy, Debug)]
pub(super) struct KnownOperand {
    pub id: Id,
    /// The number of the entry that it is the result of.
    pub producer: Option<u32>,
    /// Whether it was watched, or descended from something watched.
    pub is_tracked: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    pub id: Id,
    pub at: Caller,
}

/// A variable was given a value.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    pub variable: Variable,
    pub value: KnownOperand,
    /// The number of entries before.
    pub position: usize,
    pub at: Caller,
}

impl Recording {
    pub fn new(options: TapeOptions) -> Self {
        Self {
            options,
            phase: Phase::NeverEntered,
            entries: Vec::new(),
            watches: SmallVec::new(),
            variables: SmallVec::new(),
            assignments: Vec::new(),
            unseen: Vec::new(),
            begin: Id::next(),
            thread: active::thread(),
            is_suspended: false,
        }
    }

    /// Clears everything but the phase, and returns the rest. It must be dropped after
    /// the lock is released: it may run user code.
    #[must_use]
    pub fn clear(&mut self) -> Self {
        let fresh = Self {
            phase: self.phase,
            is_suspended: self.is_suspended,
            ..Self::new(self.options)
        };
        std::mem::replace(self, fresh)
    }

    /// Whether a scope of the tape has not ended.
    pub fn is_entered(&self) -> bool {
        match self.phase {
            Phase::Recording { .. } => true,
            Phase::Consumed { entered, .. } => entered.is_some(),
            Phase::NeverEntered | Phase::Left => false,
        }
    }

    /// Whether operations are recorded, and as constants.
    fn mode(&self) -> Option<bool> {
        match self.phase {
            Phase::Recording { pauses, .. } if !self.is_suspended => Some(pauses > 0),
            _ => None,
        }
    }

    /// An error unless the tape was entered and is not used up.
    pub fn expect_usable(&self, method: &'static str, at: Caller) -> Result<()> {
        match self.phase {
            Phase::NeverEntered => Err(Error::NeverEntered { method, at }),
            Phase::Consumed { used, .. } => Err(Error::Consumed { method, used, at }),
            Phase::Recording { .. } | Phase::Left => Ok(()),
        }
    }

    /// The number of the entry whose result this is.
    pub fn producer(&self, id: Id) -> Option<u32> {
        // Most operands are recent: the search widens from the end.
        let count = self.entries.len();
        let mut width = 8;
        let mut low = count.saturating_sub(width);
        while low > 0 && self.entries[low].result > id {
            width *= 4;
            low = count.saturating_sub(width);
        }
        let found = self.entries[low..].binary_search_by_key(&id, |entry| entry.result);
        found.ok().and_then(|place| u32::try_from(low + place).ok())
    }

    pub fn watch_of(&self, id: Id) -> Option<&Watch> {
        let place = self.watches.binary_search_by_key(&id, |watch| watch.id);
        place.ok().map(|place| &self.watches[place])
    }

    /// A tensor as it is known now.
    pub fn known(&self, id: Id) -> KnownOperand {
        let producer = self.producer(id);
        let produced = producer.is_some_and(|number| self.entries[number as usize].is_tracked);
        KnownOperand {
            id,
            producer,
            is_tracked: produced || self.watch_of(id).is_some(),
        }
    }

    /// Whether a derivative would pass to this leaf if it were used now.
    pub fn would_track(&self, leaf: &Leaf) -> bool {
        let is_tracked = match leaf {
            Leaf::Tensor(tensor) => self.known(tensor.id()).is_tracked,
            Leaf::Variable(variable) => {
                let by_itself = variable.is_trainable() && self.options.watch_accessed_variables;
                by_itself || self.watch_of(variable.id()).is_some()
            }
        };
        self.mode() == Some(false) && leaf.dtype().is_float() && is_tracked
    }

    pub fn watch(&mut self, leaf: &Leaf, at: Caller) {
        let id = leaf.id();
        if let Err(place) = self.watches.binary_search_by_key(&id, |watch| watch.id) {
            self.watches.insert(place, Watch { id, at });
            if let Leaf::Variable(variable) = leaf {
                self.variables.push(variable.clone());
            }
        }
    }

    pub fn push(&mut self, operation: &Operation, operands: &[&Tensor], result: &Tensor) {
        let Some(is_paused) = self.mode() else {
            return;
        };
        let is_float = result.dtype().is_float();
        let known: SmallVec<[KnownOperand; 3]> = operands
            .iter()
            .map(|tensor| self.known(tensor.id()))
            .collect();
        let passes = |(index, known): (usize, &KnownOperand)| {
            known.is_tracked
                && operands[index].dtype().is_float()
                && operation.is_differentiable(index)
        };
        let is_tracked = is_float && !is_paused && known.iter().enumerate().any(passes);
        if !is_tracked && !self.options.explanations {
            return;
        }
        for (known, tensor) in known.iter().zip(operands) {
            if known.producer.is_none() {
                self.note_unseen(tensor);
            }
        }
        self.entries.push(Entry {
            operation: operation.clone(),
            operands: known,
            result: result.id(),
            at: result.origin().at,
            is_float,
            is_paused,
            is_tracked,
            saved: is_tracked.then(|| Saved {
                operands: operands.iter().map(|tensor| (*tensor).clone()).collect(),
                result: result.clone(),
            }),
        });
    }

    /// Notes an operand that was computed elsewhere.
    fn note_unseen(&mut self, tensor: &Tensor) {
        if tensor.origin().kind == OriginKind::Given {
            return;
        }
        let id = tensor.id();
        if let Err(place) = self.unseen.binary_search_by_key(&id, |(id, _)| *id) {
            self.unseen.insert(place, (id, tensor.origin()));
        }
    }

    pub fn read(&mut self, variable: &Variable, value: &Tensor) {
        let Some(is_paused) = self.mode() else {
            return;
        };
        let at = value.origin().at;
        if !is_paused && variable.is_trainable() && self.options.watch_accessed_variables {
            self.watch(&Leaf::Variable(variable.clone()), at);
        }
        let is_watched = self.watch_of(variable.id()).is_some();
        let is_float = value.dtype().is_float();
        let is_tracked = is_watched && is_float && !is_paused;
        if !is_tracked && !self.options.explanations {
            return;
        }
        self.entries.push(Entry {
            operation: Operation::Read,
            operands: SmallVec::from_slice(&[KnownOperand {
                id: variable.id(),
                producer: None,
                is_tracked: is_watched,
            }]),
            result: value.id(),
            at,
            is_float,
            is_paused,
            is_tracked,
            saved: is_tracked.then(|| Saved {
                operands: SmallVec::from_elem(value.clone(), 1),
                result: value.clone(),
            }),
        });
    }

    pub fn assigned(&mut self, variable: &Variable, value: &Tensor, at: Caller) {
        if self.mode().is_none() || !self.options.explanations {
            return;
        }
        self.assignments.push(Assignment {
            variable: variable.clone(),
            value: self.known(value.id()),
            position: self.entries.len(),
            at,
        });
    }

    /// Releases all tensors; gradients can still be explained. The user-defined rules
    /// that are returned must be dropped after the lock is released.
    #[must_use]
    pub fn consume(&mut self, used: Caller) -> Vec<Arc<Custom>> {
        let entered = match self.phase {
            Phase::Recording { entered, .. } => Some(entered),
            Phase::Consumed { entered, .. } => entered,
            Phase::NeverEntered | Phase::Left => None,
        };
        self.phase = Phase::Consumed { used, entered };
        let mut rules = Vec::new();
        for entry in &mut self.entries {
            entry.saved = None;
            if let Operation::Custom(rule) = &mut entry.operation {
                rules.extend(rule.take());
            }
        }
        rules
    }
}
