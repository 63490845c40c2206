//! `runner report REPORT_DIR…`: redraw the charts from the CSV files.

use gradtape_experiment::text::printable;

use crate::args::Report;
use crate::failure::Failure;
use crate::output;
use crate::progress;
use crate::run;
use crate::threads;

pub fn redraw(options: &Report) -> Result<(), Failure> {
    let control = progress::interruptible()?;
    threads::start(None, usize::MAX)?;
    for folder in &options.folders {
        let name = folder.display().to_string();
        let left = progress::busy(&name, "drawing charts", false, || {
            gradtape_report::redraw(folder, &control)
        })?;
        run::warn_of(left.as_deref());
        output::results(&format!("redrawn: {}\n", printable(folder.display())));
    }
    Ok(())
}
