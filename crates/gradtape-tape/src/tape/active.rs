//! The tapes that are recording on each thread.

use std::cell::RefCell;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Shared;
use crate::error::Caller;
use crate::nest::Leaf;
use crate::tensor::{Id, Operation, Tensor};
use crate::variable::Variable;

/// The state of a thread.
struct Active {
    tapes: Vec<Arc<Shared>>,
    /// Within [`suspended`], what is used there.
    outside: Option<Outside>,
}

/// The tensors and variables that a suspended computation uses from outside, except its
/// arguments.
struct Outside {
    /// Tensors made within it have larger numbers.
    begin: Id,
    given: Vec<Id>,
    used: Vec<Use>,
}

/// A tensor or variable from outside, and the line that used it.
pub(crate) struct Use {
    pub(crate) leaf: Leaf,
    pub(crate) at: Caller,
}

impl Outside {
    fn note(&mut self, leaf: &Leaf, at: Caller) {
        let id = leaf.id();
        let is_known = self.given.contains(&id) || self.used.iter().any(|it| it.leaf.id() == id);
        if id < self.begin && !is_known {
            let leaf = leaf.clone();
            self.used.push(Use { leaf, at });
        }
    }
}

thread_local! {
    static ACTIVE: RefCell<Active> = const {
        RefCell::new(Active { tapes: Vec::new(), outside: None })
    };
    static THREAD: u32 = {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
}

/// The number of this thread.
pub(crate) fn thread() -> u32 {
    THREAD.with(|number| *number)
}

/// Calls with each tape that records on this thread. `call` runs no user code, so it
/// cannot re-enter here.
fn each(active: &Active, mut call: impl FnMut(&Shared)) {
    for tape in &active.tapes {
        call(tape);
    }
}

/// Nothing is recorded at the end of a thread, when its tapes are gone.
fn with<R>(act: impl FnOnce(&mut Active) -> R) -> Option<R> {
    ACTIVE.try_with(|active| act(&mut active.borrow_mut())).ok()
}

pub(super) fn enter(tape: &Arc<Shared>) {
    with(|active| active.tapes.push(Arc::clone(tape)));
}

pub(super) fn leave(tape: &Arc<Shared>) {
    // Dropped after the list is released.
    let _left = with(|active| {
        let tapes = &mut active.tapes;
        let place = tapes.iter().position(|other| Arc::ptr_eq(other, tape));
        place.map(|place| tapes.remove(place))
    });
}

/// Runs `compute`, which receives the tensors `given`, with no tape recording on this
/// thread except those that it enters itself. Returns its result, and the first tensor or
/// variable that it used from outside, other than its arguments, and that a tape would
/// have tracked.
pub(crate) fn suspended<R>(given: &[&Tensor], compute: impl FnOnce() -> R) -> (R, Option<Use>) {
    /// Restores the previous state, however `compute` ends.
    struct Restore(Option<Active>);
    impl Restore {
        fn restore(&mut self) -> Option<Use> {
            let Active { tapes, outside } = self.0.take()?;
            // Without those that were left in the meantime, which are dropped when
            // the list is released.
            let (still, _left): (Vec<_>, Vec<_>) =
                tapes.into_iter().partition(|tape| tape.lock().is_entered());
            let used = with(|active| {
                active.tapes.splice(0..0, still);
                let within = mem::replace(&mut active.outside, outside);
                let used = within.map_or(Vec::new(), |within| within.used);
                if let Some(outside) = &mut active.outside {
                    used.iter().for_each(|it| outside.note(&it.leaf, it.at));
                }
                used
            });
            let is_noted = |used: &Use| {
                let noted = with(|active| {
                    let mut tapes = active.tapes.iter();
                    tapes.any(|tape| tape.lock().would_track(&used.leaf))
                });
                noted == Some(true)
            };
            used?.into_iter().find(is_noted)
        }
    }
    impl Drop for Restore {
        fn drop(&mut self) {
            self.restore();
        }
    }
    let within = Active {
        tapes: Vec::new(),
        outside: Some(Outside {
            begin: Id::next(),
            given: given.iter().map(|tensor| tensor.id()).collect(),
            used: Vec::new(),
        }),
    };
    let mut restore = Restore(with(|active| mem::replace(active, within)));
    let result = compute();
    (result, restore.restore())
}

/// Records an operation on every active tape.
#[inline]
pub(crate) fn record(operation: Operation, operands: &[&Tensor], result: &Tensor) {
    with(|active| {
        each(active, |tape| {
            tape.lock().push(&operation, operands, result);
        });
        if let Some(outside) = &mut active.outside {
            let at = result.origin().at;
            for operand in operands {
                outside.note(&Leaf::Tensor((*operand).clone()), at);
            }
        }
    });
    drop(operation);
}

/// Records that the value of a variable was read.
pub(crate) fn read(variable: &Variable, value: &Tensor) {
    with(|active| {
        each(active, |tape| tape.lock().read(variable, value));
        if let Some(outside) = &mut active.outside {
            outside.note(&Leaf::Variable(variable.clone()), value.origin().at);
        }
    });
}

/// Records that a variable was assigned.
pub(crate) fn assigned(variable: &Variable, value: &Tensor, at: Caller) {
    with(|active| each(active, |tape| tape.lock().assigned(variable, value, at)));
}
