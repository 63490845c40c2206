//! `runner report REPORT_DIR…`: draw the charts again from the CSV files.

use crate::args::Report;
use crate::failure::Failure;
use crate::output;
use crate::progress;

pub fn redraw(options: &Report) -> Result<(), Failure> {
    let control = progress::interruptible();
    for folder in &options.folders {
        let name = folder.display().to_string();
        progress::busy(&name, "drawing charts", false, || {
            gradtape::report::redraw(folder, &control)
        })?;
        output::results(&format!("drawn again: {}\n", folder.display()));
    }
    Ok(())
}
