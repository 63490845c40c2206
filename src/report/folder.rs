//! The folder of a report: written beside its place, then put there in one step.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use super::error::ReportError;
use super::json;

/// The rows of all recorded epochs.
pub const TRAJECTORIES: &str = "trajectories.csv";
/// A row for each run.
pub const RUNS: &str = "runs.csv";
/// The page that shows all of it.
pub const PAGE: &str = "index.html";
/// What became of each run, and what that rests on.
pub const DIAGNOSIS: &str = "diagnosis.csv";
/// The same results for programs, and the experiment itself.
pub const REPORT: &str = "report.json";

/// The temporary folders of this process. Held while files are put in their places.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Holds back [`remove_unfinished`] as long as it lives.
pub(super) fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // A set of paths cannot be left half changed, so poison is harmless.
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes what unfinished reports of this process have left on the disk, for one who
/// has to end the process at once. A report that is just being put in its place is
/// waited for.
pub fn remove_unfinished() {
    for folder in &*unfinished() {
        // Other threads may still add a file: then the first attempt fails.
        let mut attempts = (0..3).map(|_| fs::remove_dir_all(folder));
        let _ = attempts.find(Result::is_ok);
    }
}

/// A folder that is removed when it is dropped, or by [`remove_unfinished`].
#[derive(Debug)]
pub(super) struct Temporary(TempDir);

impl Temporary {
    /// A new folder in `parent`, hidden by the dot that `prefix` begins with.
    pub(super) fn new(parent: &Path, prefix: &str) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(prefix).suffix(".tmp");
        // As any other new folder: what others may do is for the umask to say.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let mut unfinished = unfinished();
        let folder = builder.tempdir_in(parent)?;
        unfinished.insert(folder.path().to_owned());
        Ok(Temporary(folder))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        unfinished().remove(self.0.path());
    }
}

/// A report on its way: files are written to a folder beside the report's
/// place, which is removed again unless they are [published](Self::publish).
#[derive(Debug)]
pub(super) struct Staging {
    folder: Temporary,
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
        let folder = Temporary::new(out, &format!(".{name}.")).map_err(ReportError::write(out))?;
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
        let guard = unfinished();
        // Nobody else may have put something there meanwhile.
        check_target(target)?;
        if !target.exists() {
            fs::rename(self.folder.path(), target).map_err(refused)?;
            drop(guard);
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
        drop(guard);
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
