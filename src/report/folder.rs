//! The folder of a report: written beside its place, then put there in one step.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::error::ReportError;
use super::json;

/// The rows of all recorded epochs.
pub const TRAJECTORIES: &str = "trajectories.csv";
/// A row for each run.
pub const RUNS: &str = "runs.csv";
/// The same results for programs, and the experiment itself.
pub const REPORT: &str = "report.json";

/// A report on its way: files are written to a folder beside the report's
/// place, which is removed again unless they are [published](Self::publish).
#[derive(Debug)]
pub(super) struct Staging {
    folder: TempDir,
    target: PathBuf,
}

impl Staging {
    /// A folder for the report `out/name`.
    ///
    /// # Errors
    ///
    /// If it cannot be made, or if `out/name` exists and is not a report.
    pub(super) fn new(out: &Path, name: &str) -> Result<Self, ReportError> {
        let target = out.join(name);
        check_target(&target)?;
        fs::create_dir_all(out).map_err(ReportError::write(out))?;
        let mut builder = tempfile::Builder::new();
        let prefix = format!(".{name}.");
        builder.prefix(&prefix).suffix(".tmp");
        // As any other new folder: what others may do is for the umask to say.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let folder = builder.tempdir_in(out).map_err(ReportError::write(out))?;
        Ok(Staging { folder, target })
    }

    /// The place of a file until the report is published.
    #[must_use]
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// The folder that files are written to.
    #[must_use]
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Puts the report in its place, instead of an older one. Files there that
    /// are not the older report's are kept.
    ///
    /// # Errors
    ///
    /// If the file system refuses; the older report is then still there.
    pub(super) fn publish(self) -> Result<PathBuf, ReportError> {
        let target = &self.target;
        let refused = |source| ReportError::Write {
            path: target.clone(),
            source,
        };
        // Nobody else may have put something there meanwhile.
        check_target(target)?;
        if !target.exists() {
            fs::rename(self.folder.path(), target).map_err(refused)?;
            return Ok(self.target);
        }
        exchange(self.folder.path(), target).map_err(refused)?;
        let old = self.folder.path();
        let ours: HashSet<String> = json::files(&old.join(REPORT)).into_iter().collect();
        for entry in fs::read_dir(old).map_err(refused)? {
            let name = entry.map_err(refused)?.file_name();
            let is_ours = name.to_str().is_some_and(|name| ours.contains(name));
            if !is_ours && !target.join(&name).exists() {
                fs::rename(old.join(&name), target.join(&name)).map_err(refused)?;
            }
        }
        // Dropping the folder removes what is left of the older report.
        Ok(self.target)
    }
}

/// A report may go where nothing is, into an empty folder, or in place of a
/// report; anything else is somebody's.
fn check_target(target: &Path) -> Result<(), ReportError> {
    match fs::read_dir(target) {
        Ok(mut entries) => {
            if entries.next().is_none() || target.join(REPORT).is_file() {
                Ok(())
            } else {
                Err(ReportError::NotAReport {
                    path: target.to_owned(),
                })
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(ReportError::NotAReport {
                path: target.to_owned(),
            })
        }
        Err(error) => Err(ReportError::write(target)(error)),
    }
}

/// Exchanges two folders, in one step where the system can.
fn exchange(new: &Path, old: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        // Some file systems cannot; the way below is left for them.
        if renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    let aside = new.with_extension("old");
    fs::rename(old, &aside)?;
    if let Err(error) = fs::rename(new, old) {
        fs::rename(&aside, old)?;
        return Err(error);
    }
    fs::rename(&aside, new)
}
