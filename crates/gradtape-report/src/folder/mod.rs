//! The directory of a report, and the temporary directories next to it during a replacement.
//!
//! Next to a report `reports/exp` there may be directories with names that begin with a dot:
//!
//! | directory | content |
//! |---|---|
//! | `.exp.tmp` | a lock of the process that writes the report, and the files so far |
//! | `.exp.tmp-new` | a complete report: the next one before the exchange, the previous one after it |
//! | `.exp.tmp-old` | the previous report, if the system cannot exchange directories; without its list `report.json` a part of it |
//!
//! The last two exist only briefly, and only while the first one does. If a process is killed at
//! any time, the next process that takes the lock finds a complete report in one of these places,
//! and [`Location::mend`] moves everything to where it belongs.
//!
//! Files are removed one by one, and only those that a report lists. Everything else in its
//! directory belongs to the user and moves to the new report; no subdirectory is entered.

mod lock;
mod staging;
mod system;

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::ReportError;
use super::json;

pub(super) use lock::MAX_WAIT;
pub use lock::remove_unfinished;
pub use staging::Staging;

/// The file with a row for each recorded epoch.
pub const TRAJECTORIES: &str = "trajectories.csv";
/// The file with a row for each run.
pub const RUNS: &str = "runs.csv";
/// The page that shows the report.
pub const PAGE: &str = "index.html";
/// The diagnosis of each run, with its numbers.
pub const DIAGNOSIS: &str = "diagnosis.csv";
/// The results for programs, and the experiment itself.
pub const REPORT: &str = "report.json";

/// Maximum number of consecutive links; more are taken for a cycle.
const MAX_LINKS: usize = 40;

/// The place of a report.
#[derive(Debug)]
pub(super) struct Location {
    /// The path given by the user.
    pub(super) shown: PathBuf,
    /// The directory itself, if that path is a link.
    target: PathBuf,
}

impl Location {
    /// The place with this path, which need not exist.
    pub(super) fn new(path: &Path) -> Result<Location, ReportError> {
        // Without any `.` or a slash at the end.
        let named: PathBuf = path.components().collect();
        let target = followed(&named).map_err(ReportError::write(path))?;
        // `.` and `..` have no name for an exchange.
        let target = match target.file_name() {
            Some(_) => target,
            None => fs::canonicalize(&target).map_err(ReportError::read(path))?,
        };
        Ok(Location {
            shown: path.to_owned(),
            target,
        })
    }

    fn parent(&self) -> &Path {
        let parent = self.target.parent().unwrap_or(Path::new(""));
        if parent.as_os_str().is_empty() {
            Path::new(".")
        } else {
            parent
        }
    }

    fn sibling(&self, ending: &str) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(self.target.file_name().unwrap_or(OsStr::new("report")));
        name.push(".tmp");
        name.push(ending);
        self.parent().join(name)
    }

    fn work(&self) -> PathBuf {
        self.sibling("")
    }

    fn new_sibling(&self) -> PathBuf {
        self.sibling("-new")
    }

    fn old_sibling(&self) -> PathBuf {
        self.sibling("-old")
    }

    /// The existing ones of these two.
    fn siblings(&self) -> impl Iterator<Item = PathBuf> {
        let both = [self.old_sibling(), self.new_sibling()];
        both.into_iter().filter(|path| is_there(path))
    }

    /// Fails unless a report with these files may take this place: if nothing exists there, in an
    /// empty directory, or instead of a report whose directory contains no obstacle.
    fn check(&self, files: &HashSet<String>) -> Result<(), ReportError> {
        let refused = ReportError::write(&self.shown);
        let foreign = match self.foreign(files) {
            Ok(foreign) => foreign,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(self.not_a_report());
            }
            Err(error) => return Err(refused(error)),
        };
        if !is_empty(&self.target) && !is_report(&self.target) {
            return Err(self.not_a_report());
        }
        if system::is_mount_point(&self.target) {
            return Err(self.immovable("", "is a mount point, and a report replaces its directory"));
        }
        if !system::may_replace(&self.target, !foreign.is_empty()) {
            return Err(refused(io::ErrorKind::PermissionDenied.into()));
        }
        for name in &foreign {
            let path = self.target.join(name);
            if name.to_str().is_some_and(|name| files.contains(name)) {
                let why = "is not a file of the recorded report, and the new one has a file of \
                           that name";
                return Err(self.immovable(name, why));
            }
            if system::is_mount_point(&path) {
                let why = "is a mount point, which cannot move to the new report";
                return Err(self.immovable(name, why));
            }
            if !system::may_move(&path) {
                let why = "is a read-only directory, which cannot move to the new report";
                return Err(self.immovable(name, why));
            }
        }
        Ok(())
    }

    fn not_a_report(&self) -> ReportError {
        ReportError::NotAReport {
            path: self.shown.clone(),
        }
    }

    fn immovable(&self, name: impl AsRef<Path>, why: &'static str) -> ReportError {
        let name = name.as_ref();
        let path = match name.as_os_str().is_empty() {
            true => self.shown.clone(),
            false => self.shown.join(name),
        };
        ReportError::Immovable { path, why }
    }

    /// The entries of the report's directory that are not files of the report. A report that
    /// cannot be read, for example after a merge conflict, is assumed to have the files of the
    /// new one.
    fn foreign(&self, files: &HashSet<String>) -> io::Result<Vec<OsString>> {
        let listed = listed(&self.target)?;
        let listed = listed.as_ref().unwrap_or(files);
        let entries = fs::read_dir(&self.target)?.collect::<io::Result<Vec<_>>>()?;
        let foreign = entries.into_iter().filter(|entry| !is_of(listed, entry));
        Ok(foreign.map(|entry| entry.file_name()).collect())
    }

    /// Restores the previous report after an incomplete replacement.
    fn restore(&self) -> io::Result<()> {
        let old = self.old_sibling();
        if !is_directory(&old) {
            return Ok(());
        }
        if !is_there(&old.join(REPORT)) {
            move_files(&old, &self.target)?;
            return fs::remove_dir(old);
        }
        if is_empty(&self.target) {
            fs::remove_dir(&self.target)?;
        }
        if !is_there(&self.target) {
            fs::rename(old, &self.target)?;
        }
        Ok(())
    }

    /// Completes or undoes the replacement that a killed process had begun; the caller has taken
    /// over its lock. Returns the directory that could not be removed.
    fn mend(&self) -> io::Result<Option<PathBuf>> {
        self.restore()?;
        if !is_there(&self.target) && is_directory(&self.new_sibling()) {
            fs::rename(self.new_sibling(), &self.target)?;
        }
        let mut left = None;
        for sibling in self.siblings() {
            if self.settle(&sibling).is_err() {
                // Perhaps another user's: the files stay, under another name.
                let aside = free(self.parent(), self.sibling("-left").file_name());
                fs::rename(&sibling, &aside)?;
                left = Some(aside);
            }
        }
        Ok(left)
    }

    /// Removes a report that is no longer needed. The user's own files in its directory move to
    /// the report in place.
    fn settle(&self, sibling: &Path) -> io::Result<()> {
        // Nothing is removed through a link.
        if !is_directory(sibling) {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let listed = match listed(sibling)? {
            Some(listed) => listed,
            // A damaged list is assumed to be that of the other report.
            None if is_there(&sibling.join(REPORT)) => listed(&self.target)?.unwrap_or_default(),
            None => HashSet::new(),
        };
        let entries = fs::read_dir(sibling)?.collect::<io::Result<Vec<_>>>()?;
        let (mut ours, foreign): (Vec<DirEntry>, Vec<DirEntry>) =
            entries.into_iter().partition(|entry| is_of(&listed, entry));
        let moved = foreign.iter().map(|entry| {
            let name = entry.file_name();
            fs::rename(entry.path(), free(&self.target, Some(&name)))
        });
        // All are tried before the first error is returned.
        let moved: Vec<io::Result<()>> = moved.collect();
        moved.into_iter().collect::<io::Result<()>>()?;
        // The list itself goes last, in case this is interrupted.
        ours.sort_by_key(|entry| entry.file_name() == REPORT);
        for entry in ours {
            fs::remove_file(entry.path())?;
        }
        fs::remove_dir(sibling)
    }

    /// Whether a process is replacing the report, or was killed while it did.
    pub(super) fn is_being_replaced(&self) -> bool {
        let exists = |path: PathBuf| fs::symlink_metadata(path).is_ok();
        exists(self.work()) && (exists(self.new_sibling()) || exists(self.old_sibling()))
    }

    /// Makes a report complete for a reader if a process was killed while it replaced it.
    pub(super) fn mend_for_reading(&self) {
        /// Time enough for the two renames of a process that cannot exchange directories.
        const ATTEMPTS: usize = 100;
        for _ in 0..ATTEMPTS {
            if !self.is_being_replaced() {
                return;
            }
            match lock::Lock::attempt(self.work()) {
                // The next writer reports the problem.
                Err(_) => return,
                Ok(Some(lock)) => {
                    if lock.is_taken_over && self.mend().is_err() {
                        lock.leave();
                    }
                    return;
                }
                Ok(None) => {}
            }
            if is_there(&self.target) && !is_there(&self.old_sibling()) {
                return;
            }
            std::thread::sleep(lock::BETWEEN_ATTEMPTS);
        }
    }
}

/// Moves all files of a directory to another one, the list of a report last: where the list is,
/// the report is complete.
fn move_files(from: &Path, to: &Path) -> io::Result<()> {
    let mut entries = fs::read_dir(from)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(|entry| entry.file_name() == REPORT);
    let moved = |entry: DirEntry| fs::rename(entry.path(), to.join(entry.file_name()));
    entries.into_iter().try_for_each(moved)
}

/// Whether something has this name, even a broken link; true if that cannot be determined.
fn is_there(path: &Path) -> bool {
    let seen = fs::symlink_metadata(path);
    let none = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
    !seen.is_err_and(|error| none.contains(&error.kind()))
}

/// The target of all links, which need not exist.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut followed = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&followed) {
            Ok(to) => followed = followed.parent().unwrap_or(Path::new("")).join(to),
            Err(_) => return Ok(followed),
        }
    }
    Err(io::Error::other("its links form a cycle"))
}

/// The files that the report in a directory lists; `None` without a list, or for a damaged one.
fn listed(directory: &Path) -> io::Result<Option<HashSet<String>>> {
    match json::head_of(&directory.join(REPORT)) {
        Ok(head) => Ok(Some(head.files.into_iter().collect())),
        Err(ReportError::Read { source, .. }) if source.kind() != io::ErrorKind::NotFound => {
            Err(source)
        }
        Err(_) => Ok(None),
    }
}

/// Whether an entry is one of the listed files.
fn is_of(listed: &HashSet<String>, entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let is_listed = name.to_str().is_some_and(|name| listed.contains(name));
    // No report has subdirectories.
    is_listed && !entry.file_type().is_ok_and(|kind| kind.is_dir())
}

/// Whether a path is a directory itself, not a link to one.
fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|seen| seen.is_dir())
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none())
}

/// Whether a directory holds a report, perhaps a damaged one, and not just a file of its name.
fn is_report(directory: &Path) -> bool {
    let Ok(file) = fs::File::open(directory.join(REPORT)) else {
        return false;
    };
    let mut begin = Vec::new();
    let read = file.take(4096).read_to_end(&mut begin);
    let key = b"\"gradtape\"";
    read.is_ok() && begin.windows(key.len()).any(|part| part == key)
}

/// An unused path in a directory: with the name, or with a number added to it.
fn free(directory: &Path, name: Option<&OsStr>) -> PathBuf {
    let path = directory.join(name.unwrap_or(OsStr::new("file")));
    let numbered = (1_u64..).map(|number| {
        let mut path = path.clone().into_os_string();
        path.push(format!(".{number}"));
        PathBuf::from(path)
    });
    let mut paths = std::iter::once(path.clone()).chain(numbered);
    paths.find(|path| !is_there(path)).unwrap_or(path)
}
