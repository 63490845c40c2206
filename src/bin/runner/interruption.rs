//! Interruption by the keyboard, or by a request to terminate.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gradtape_experiment::batch::{Cancelled, Control};
use gradtape_report::ReportError;

use crate::failure::Failure;
use crate::threads;

/// Time for the work to end by itself after an interruption.
const PATIENCE: Duration = Duration::from_millis(500);

/// A control that Ctrl-C or a request to terminate cancels.
///
/// Most work checks the control often enough. Other work, such as drawing a large chart, is not
/// waited for: after a moment the temporary files are removed and the process ends.
pub fn control() -> Result<Arc<Control>, Failure> {
    let control = Arc::new(Control::default());
    let handled = Arc::clone(&control);
    let set = ctrlc::set_handler(move || {
        handled.cancel.store(true, Ordering::Relaxed);
        std::thread::sleep(PATIENCE);
        let failure = Failure::from(ReportError::from(Cancelled));
        failure.exit().end(|| failure.print());
    });
    match set {
        // The signals are caught already, so without its thread they would do nothing.
        Err(ctrlc::Error::System(error)) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(threads::refused(&error))
        }
        // Without a handler an interruption ends the process, as everywhere.
        _ => Ok(control),
    }
}
