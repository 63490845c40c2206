//! The check of an experiment file as an assertion in a test.

use std::path::Path;

use super::check::check;
use crate::baseline::Deviation;
use crate::{ReportError, report_name};
use gradtape_experiment::mistake::Mistakes;
use gradtape_experiment::plan::Plan;
use gradtape_experiment::spec::{self, LoadError};
use gradtape_experiment::text::printable;

/// Why an experiment could not be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The experiment file could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It has errors.
    #[error("{0}")]
    Mistakes(#[from] Mistakes),
    /// The recorded report is damaged.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// The deviations of the experiment file `path` from its expectations and from its recorded
/// report, which is in the directory of `reports` that is named after the file.
///
/// # Errors
///
/// If the file cannot be read or has errors, or if the report is damaged.
///
/// # Examples
///
/// ```
/// use gradtape_report::experiment::check_file;
///
/// let deviations = check_file("../../experiments/tape.toml".as_ref(), "../../reports".as_ref())?;
/// assert!(deviations.is_empty());
/// # Ok::<(), gradtape_report::experiment::CheckError>(())
/// ```
pub fn check_file(path: &Path, reports: &Path) -> Result<Vec<Deviation>, CheckError> {
    let source = spec::load(path)?;
    let shown = path.display().to_string();
    let plan = Plan::new(&shown, &source)?;
    Ok(check(&plan, &reports.join(report_name(&shown)))?)
}

/// Maximum number of deviations in a message.
const MAX_DEVIATIONS: usize = 20;

/// Panics unless an experiment meets the expectations of its file and matches its recorded
/// report within the tolerances of `[check]`: `runner check` for a test. The report is in the
/// directory `reports` where the test runs; for `cargo test` that is the root of the package.
///
/// # Panics
///
/// If there are deviations, listed one per line; if there is no recorded report; if the file or
/// the report cannot be read.
///
/// # Examples
///
/// ```standalone_crate
/// # std::env::set_current_dir("../..")?;
/// gradtape_report::assert_experiment("experiments/parabola.toml");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// ```should_panic
/// // The file has an error.
/// gradtape_report::assert_experiment("../../tests/mistakes/epochs_is_missing.toml");
/// ```
#[track_caller]
#[expect(clippy::panic, reason = "it is an assertion")]
pub fn assert_experiment(path: impl AsRef<Path>) {
    let path = path.as_ref();
    let shown = printable(path.display());
    match check_file(path, Path::new("reports")) {
        Err(error) => panic!("{shown} could not be checked\n{error}"),
        Ok(deviations) if deviations.is_empty() => {}
        Ok(deviations) => {
            let lines = deviations.iter().take(MAX_DEVIATIONS);
            let lines: String = lines.map(|one| format!("  {one}\n")).collect();
            let more = match deviations.len().saturating_sub(MAX_DEVIATIONS) {
                0 => String::new(),
                more => format!("  … and {more} more\n"),
            };
            panic!(
                "{shown} failed its check\n{lines}{more}`runner {shown}` records the new values \
                 for review"
            );
        }
    }
}
