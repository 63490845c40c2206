//! An unpublished report.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::lock::{self, Lock, unfinished};
use super::{Location, REPORT, is_there, move_files, system};
use crate::ReportError;
use gradtape_experiment::plan::Plan;

/// An unpublished report: its files are written to a temporary directory next to the report's
/// place, which is removed unless they are published.
///
/// While it exists, no other process writes the same report.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::plan::Plan;
/// use gradtape_report::Staging;
///
/// let plan = Plan::new("example.toml", r#"
///     epochs = 10
///     objective = [{ formula = "w^2", start = { w = 1 } }]
///     optimizer = [{ method = "sgd", learning_rate = 0.1 }]
/// "#)?;
/// let reports = tempfile::tempdir()?;
/// let staging = Staging::of(&plan, &reports.path().join("example"))?;
/// assert!(reports.path().join(".example.tmp").is_dir());
/// // Without a `Writer` that publishes it, everything is removed.
/// drop(staging);
/// assert_eq!(std::fs::read_dir(reports.path())?.count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Staging {
    directory: PathBuf,
    files: HashSet<String>,
    place: Location,
    /// The directory of an earlier process that could not be removed.
    left: Option<PathBuf>,
    // The last field, because it must be dropped last.
    lock: Lock,
}

/// A published report.
#[derive(Debug)]
pub(crate) struct Placement {
    pub(crate) folder: PathBuf,
    /// The directory of a previous report that could not be removed completely.
    pub(crate) left: Option<PathBuf>,
}

impl Staging {
    /// Locks the place of the report of a plan.
    ///
    /// # Errors
    ///
    /// If another process writes the same report for longer than a minute, if the place contains
    /// something that is not a report or cannot move to the new one, or if it cannot be written
    /// to.
    pub fn of(plan: &Plan, path: &Path) -> Result<Self, ReportError> {
        let place = Location::new(path)?;
        make_parent(&place)?;
        let lock = Lock::take(&place)?;
        let mended = match lock.is_taken_over {
            true => place.mend(),
            false => Ok(None),
        };
        let left = match mended {
            Ok(left) => left,
            Err(error) => {
                lock.leave();
                return Err(ReportError::write(&place.shown)(error));
            }
        };
        if let Some(path) = place.siblings().next() {
            return Err(ReportError::write(&path)(lock::in_the_way()));
        }
        let files = crate::file::names(plan).into_iter().collect();
        place.check(&files)?;
        let directory = lock.directory().and_then(|directory| {
            // Users who may not read the previous report may not read the unpublished one either.
            if let Ok(like) = fs::metadata(&place.target) {
                system::keep_rights(&place.work(), &like, 0o700)?;
                system::keep_rights(&directory, &like, 0o700)?;
            }
            Ok(directory)
        });
        Ok(Staging {
            directory: directory.map_err(ReportError::write(&place.work()))?,
            files,
            place,
            left,
            lock,
        })
    }

    /// The temporary directory for the files.
    pub(crate) fn folder(&self) -> &Path {
        &self.directory
    }

    /// Calls a function that writes files to the directory.
    pub(crate) fn write<T>(
        &self,
        write: impl FnOnce(&Path) -> Result<T, ReportError>,
    ) -> Result<T, ReportError> {
        write(&self.directory).map_err(|error| self.named(error))
    }

    /// The error with the final path of a file: the temporary one no longer exists when the user
    /// reads the message.
    pub(crate) fn named(&self, error: ReportError) -> ReportError {
        match error {
            ReportError::Write { path, source } => ReportError::Write {
                path: match path.strip_prefix(&self.directory) {
                    Ok(file) => self.place.shown.join(file),
                    Err(_) => path,
                },
                source,
            },
            error => error,
        }
    }

    /// Moves the report into place and replaces the previous one. Other files in its directory
    /// move to the new report.
    ///
    /// # Errors
    ///
    /// If the file system refuses; the previous report then remains in place, with everything in
    /// its directory.
    pub(crate) fn publish(self) -> Result<Placement, ReportError> {
        let Staging {
            directory,
            files,
            place,
            left,
            lock,
        } = self;
        let refused = |error| ReportError::write(&place.shown)(error);
        sync(&directory).map_err(refused)?;
        let guard = unfinished();
        // Something may have been created there meanwhile.
        place.check(&files)?;
        let sibling = place.new_sibling();
        fs::rename(&directory, &sibling).map_err(refused)?;
        let replaced = replace(&place, &sibling, &files);
        if replaced.is_err() {
            // If this fails too, the next process does it.
            let _ = place.restore();
        }
        // One of the two reports is no longer needed, and it is there now. If there is none in
        // place, both are left for the next process.
        let mut settled = Ok(());
        if replaced.is_ok() || is_there(&place.target) || !is_there(&place.old_sibling()) {
            let mut all = place.siblings();
            settled = all.try_for_each(|sibling| place.settle(&sibling).map_err(|_| sibling));
        }
        drop(guard);
        if place.siblings().next().is_some() {
            lock.leave();
        }
        replaced?;
        Ok(Placement {
            left: settled.err().or(left),
            folder: place.shown,
        })
    }
}

/// Moves the report in the directory `sibling` into place.
fn replace(place: &Location, sibling: &Path, files: &HashSet<String>) -> Result<(), ReportError> {
    let target = &place.target;
    let refused = |error| ReportError::write(&place.shown)(error);
    if is_there(target) {
        for name in place.foreign(files).map_err(refused)? {
            let moved = fs::rename(target.join(&name), sibling.join(&name));
            moved.map_err(ReportError::write(&place.shown.join(&name)))?;
        }
        keep_rights(target, sibling, files).map_err(refused)?;
        exchange(sibling, target, &place.old_sibling()).map_err(refused)?;
    } else {
        fs::rename(sibling, target).map_err(refused)?;
    }
    sync_directory(place.parent());
    Ok(())
}

/// Gives the files of a report the permissions of those that it replaces, and new files those of
/// the report's list.
fn keep_rights(old: &Path, new: &Path, files: &HashSet<String>) -> io::Result<()> {
    let seen = |file: &str| fs::symlink_metadata(old.join(file)).ok();
    let of_file = |file: &str| seen(file).filter(fs::Metadata::is_file);
    let common = of_file(REPORT);
    for file in files {
        let path = new.join(file);
        if let Some(like) = of_file(file).or_else(|| common.clone())
            && is_there(&path)
        {
            system::keep_rights(&path, &like, 0)?;
        }
    }
    system::keep_rights(new, &fs::metadata(old)?, 0)
}

/// Exchanges two directories, in one step where the system can.
fn exchange(new: &Path, target: &Path, old: &Path) -> io::Result<()> {
    // Some file systems cannot, and need the steps below.
    if system::exchange(new, target).is_ok() {
        return Ok(());
    }
    match fs::rename(target, old) {
        // A directory in a lower layer, as in a container image, cannot be renamed.
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            fs::create_dir(old)?;
            move_files(target, old)?;
            fs::remove_dir(target)?;
        }
        renamed => renamed?,
    }
    fs::rename(new, target)
}

/// Creates the parent directory of the report. One behind a link must exist.
fn make_parent(place: &Location) -> Result<(), ReportError> {
    let parent = place.parent();
    let explained = |error: io::Error| {
        let path = if place.shown == place.target {
            parent
        } else {
            &place.shown
        };
        let is_link = fs::symlink_metadata(path).is_ok_and(|seen| seen.is_symlink());
        let error = match fs::read_link(path) {
            Ok(to) if is_link => {
                let to = to.display();
                io::Error::other(format!("it is a link to {to}, which does not exist"))
            }
            _ => error,
        };
        ReportError::write(path)(error)
    };
    if place.shown == place.target {
        fs::create_dir_all(parent).map_err(explained)
    } else {
        fs::metadata(parent).map(drop).map_err(explained)
    }
}

/// Makes the system write all files of a directory to the disk, so that a power failure does not
/// leave empty files in a report. Parallel calls share the cost.
fn sync(directory: &Path) -> io::Result<()> {
    let entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    let synced = entries.par_iter().map(|entry| {
        // Unix syncs files opened for reading, as a file may be read-only; others need writing.
        let file = File::options()
            .read(true)
            .append(cfg!(not(unix)))
            .open(entry.path())?;
        match file.sync_all() {
            // Not every file system supports it.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
            synced => synced,
        }
    });
    synced.collect::<io::Result<()>>()?;
    sync_directory(directory);
    Ok(())
}

/// The same for the names in a directory, if the system supports it.
fn sync_directory(directory: &Path) {
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
}
