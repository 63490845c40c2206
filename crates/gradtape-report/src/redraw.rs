//! Makes the charts and the page of a published report again.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::file::{self, IndexHtml, Pictures, ReportFile, Totals};
use crate::{REPORT, Report, ReportError, Staging, content};
use gradtape_experiment::batch::Control;

/// Recreates the charts and the page of the report in `folder` from its CSV files.
///
/// Returns the directory of a previous report that could not be removed completely.
///
/// # Errors
///
/// If a file is missing or damaged, with its line, or if the job was cancelled; the report then
/// remains unchanged.
pub fn redraw(folder: &Path, control: &Control) -> Result<Option<PathBuf>, ReportError> {
    // The plan is needed before the lock, which checks its list of files.
    let Report { plan, .. } = Report::open(folder)?;
    let staging = Staging::of(&plan, folder)?;
    // Under the lock no other process replaces it.
    let Report { head, plan, files } = Report::open(folder)?;
    let content = content::read(&files, &plan).map_err(|error| head.explain(error))?;
    staging.write(|staged| {
        let mut totals = Totals {
            plan: &plan,
            head: &head,
            folder: staged,
            control,
            diagnosis: &content.diagnosis,
            tables: &content.tables,
            charts: &content.charts,
            published: Some(&files),
            has_charts: true,
            views: Vec::new(),
        };
        Pictures.finish(&mut totals)?;
        let results = content.results.iter();
        let numbers: Vec<u64> = results.clone().map(|result| result.number).collect();
        let mut page = IndexHtml::new(&plan, &numbers);
        results.for_each(|result| page.add(&plan, result));
        page.finish(&mut totals)?;
        control.check()?;
        let names = file::names(&plan);
        let is_made = |file: &String| !is_data(file) && names.contains(file);
        // A list may come from anyone: paths to other directories are ignored.
        let is_name = |file: &String| Path::new(file).file_name() == Some(OsStr::new(file));
        let mut others = head
            .files
            .iter()
            .filter(|file| is_name(file) && !is_made(file))
            .map(|file| (folder.join(file), staged.join(file)));
        others.try_for_each(|(old, new)| take_over(&old, &new))
    })?;
    Ok(staging.publish()?.left)
}

/// Whether a file of a report holds data from which the others are made.
pub(crate) fn is_data(file: &str) -> bool {
    file == REPORT || file.ends_with(".csv")
}

/// Copies a file of a report to the next one.
fn take_over(old: &Path, new: &Path) -> Result<(), ReportError> {
    // The same file under a second name, where the file system has that.
    match fs::hard_link(old, new) {
        // Another version of this crate may list files that no longer exist.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) if old.is_dir() => Ok(()),
        Err(_) => fs::copy(old, new)
            .map(drop)
            .map_err(ReportError::write(new)),
        Ok(()) => Ok(()),
    }
}
