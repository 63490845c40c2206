//! The treatment of subnormal numbers on this thread.

use std::cell::Cell;

use super::super::Subnormals;

thread_local! {
    static SUBNORMALS: Cell<Subnormals> = const { Cell::new(Subnormals::Keep) };
}

/// The current treatment of subnormal results on this thread.
pub(super) fn subnormals() -> Subnormals {
    SUBNORMALS.get()
}

/// Runs `compute`; tensor operations on this thread treat subnormal numbers as
/// `subnormals` says until it returns or panics. Elsewhere they are kept, as
/// IEEE 754 requires; TensorFlow flushes them.
///
/// # Examples
///
/// ```
/// use gradtape_tape::Subnormals;
/// use gradtape_tape::{Tensor, with_subnormals};
///
/// let tiny = Tensor::from(f32::MIN_POSITIVE);
/// assert_eq!((0.5 * &tiny).item::<f32>()?, 5.877472e-39);
/// let flushed = with_subnormals(Subnormals::Flush, || 0.5 * &tiny);
/// assert_eq!(flushed.item::<f32>()?, 0.0);
/// # Ok::<(), gradtape_tape::Error>(())
/// ```
pub fn with_subnormals<R>(subnormals: Subnormals, compute: impl FnOnce() -> R) -> R {
    struct Restore(Subnormals);
    impl Drop for Restore {
        fn drop(&mut self) {
            SUBNORMALS.set(self.0);
        }
    }
    let _restore = Restore(SUBNORMALS.replace(subnormals));
    compute()
}
