//! `runner report REPORT_DIR…`: draw the charts again from the CSV files.

use crate::args::Report;
use crate::failure::Failure;
use crate::output;

pub fn redraw(options: &Report) -> Result<(), Failure> {
    for folder in &options.folders {
        gradtape::report::redraw(folder)?;
        output::results(&format!("drawn again: {}\n", folder.display()));
    }
    Ok(())
}
