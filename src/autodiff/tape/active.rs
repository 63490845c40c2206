//! The tapes that are recording on each thread.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Shared;
use crate::autodiff::error::Caller;
use crate::autodiff::tensor::{Operation, Tensor};
use crate::autodiff::variable::Variable;

thread_local! {
    static ACTIVE: RefCell<Vec<Arc<Shared>>> = const { RefCell::new(Vec::new()) };
    static THREAD: u32 = {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
}

/// The number of this thread.
pub(crate) fn thread() -> u32 {
    THREAD.with(|number| *number)
}

/// Calls with each tape that records on this thread. What is called runs no
/// code of a user, so it cannot come back here.
fn each(mut call: impl FnMut(&Shared)) {
    // At the end of a thread, when its tapes are gone, nothing is recorded.
    let _ = ACTIVE.try_with(|active| {
        for tape in active.borrow().iter() {
            call(tape);
        }
    });
}

pub(super) fn enter(tape: &Arc<Shared>) {
    let _ = ACTIVE.try_with(|active| active.borrow_mut().push(Arc::clone(tape)));
}

pub(super) fn leave(tape: &Arc<Shared>) {
    // Dropped after the list is free again.
    let _left = ACTIVE.try_with(|active| {
        let mut active = active.borrow_mut();
        let place = active.iter().position(|other| Arc::ptr_eq(other, tape));
        place.map(|place| active.remove(place))
    });
}

/// Runs `compute` with no tape recording on this thread, but those that it
/// enters itself.
pub(crate) fn suspended<R>(compute: impl FnOnce() -> R) -> R {
    struct Restore(Vec<Arc<Shared>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let tapes = std::mem::take(&mut self.0);
            let _ = ACTIVE.try_with(|active| {
                // Without those that were left in the meantime.
                let still = tapes.into_iter().filter(|tape| tape.lock().is_entered());
                active.borrow_mut().splice(0..0, still);
            });
        }
    }
    let tapes = ACTIVE.try_with(|active| std::mem::take(&mut *active.borrow_mut()));
    let _restore = Restore(tapes.unwrap_or_default());
    compute()
}

/// Records an operation on every active tape.
#[inline]
pub(crate) fn record(operation: Operation, operands: &[&Tensor], result: &Tensor) {
    each(|tape| tape.lock().push(&operation, operands, result));
    drop(operation);
}

/// Records that the value of a variable was read.
pub(crate) fn read(variable: &Variable, value: &Tensor) {
    each(|tape| tape.lock().read(variable, value));
}

/// Records that a variable has another value.
pub(crate) fn assigned(variable: &Variable, value: &Tensor, at: Caller) {
    each(|tape| tape.lock().assigned(variable, value, at));
}
