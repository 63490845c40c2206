//! `runner report REPORT_DIR…`: redraw the charts from the CSV files.

use gradtape_experiment::text::printable;

use super::record::warn_of_remains;
use crate::args::Report;
use crate::failure::Failure;
use crate::interruption;
use crate::terminal::{output, progress};
use crate::threads;

pub fn report(options: &Report) -> Result<(), Failure> {
    let control = interruption::control()?;
    threads::start(None, usize::MAX)?;
    for folder in &options.folders {
        let name = folder.display().to_string();
        let left = progress::show_step(&name, "drawing charts", false, || {
            gradtape_report::redraw(folder, &control)
        })?;
        warn_of_remains(left.as_deref());
        output::results(&format!("redrawn: {}\n", printable(folder.display())));
    }
    Ok(())
}
