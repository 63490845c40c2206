//! The lock of a report: the directory in which the next one is written.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Location, is_directory, is_empty, is_there, system};
use crate::ReportError;

/// The time between two attempts to take a lock.
pub(super) const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(20);

/// Maximum time that a writer waits for another one of the same report.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(60);

const LOCK: &str = "lock";
const IGNORE: &str = ".gitignore";
/// The directory with the files so far.
const FILES: &str = "new";

/// The locks of this process. Its mutex is held while a report is moved into place.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Delays [`remove_unfinished`] until the guard is dropped.
pub(super) fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // A set of paths cannot be left half changed, so poison is harmless.
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the temporary files of all unfinished reports of this process, for a process that must
/// exit immediately. Waits for a report that is just being moved into place.
pub fn remove_unfinished() {
    for work in &*unfinished() {
        // The first attempt fails if another thread adds a file meanwhile.
        let mut attempts = (0..3).map(|_| remove(work));
        let _ = attempts.find(Result::is_ok);
    }
}

/// The right to write a report, until it is dropped or the process ends in any way.
#[derive(Debug)]
pub(super) struct Lock {
    work: PathBuf,
    /// Whether a killed process held it before, and may have left a report to repair.
    pub(super) is_taken_over: bool,
    /// Whether the directory stays, for the next process to repair the report.
    is_left: bool,
    /// Locked through the system, which unlocks it when the process ends.
    _file: File,
}

impl Lock {
    /// Takes the lock of a report, waiting up to [`MAX_WAIT`] for another process.
    pub(super) fn take(place: &Location) -> Result<Lock, ReportError> {
        let work = place.work();
        // Attempts are counted because nothing here reads a clock.
        let attempts = MAX_WAIT.as_millis() / BETWEEN_ATTEMPTS.as_millis();
        for _ in 0..attempts {
            let taken = Lock::attempt(work.clone());
            if let Some(lock) = taken.map_err(ReportError::write(&work))? {
                return Ok(lock);
            }
            std::thread::sleep(BETWEEN_ATTEMPTS);
        }
        Err(ReportError::Busy {
            path: place.shown.clone(),
            holder: holder(&work),
            lock: work.join(LOCK),
        })
    }

    /// Takes the lock unless another process holds it.
    pub(super) fn attempt(work: PathBuf) -> io::Result<Option<Lock>> {
        let mut is_made = true;
        match fs::create_dir(&work) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                check(&work)?;
                is_made = false;
            }
            made => made?,
        }
        let path = work.join(LOCK);
        let mut is_taken_over = false;
        let opened = match system::open(&path, true) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                is_taken_over = true;
                system::open(&path, false)
            }
            opened => opened,
        };
        let mut file = match opened {
            Ok(file) => file,
            // The process that held it has just removed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                if is_made {
                    let _ = fs::remove_dir(&work);
                }
                return Err(error);
            }
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            // Some file systems have no locks: there the existence of the file is the lock.
            Err(TryLockError::Error(_)) if !is_taken_over => {}
            Err(TryLockError::Error(_)) => return Ok(None),
        }
        // The previous holder removes the file at the end, and this may be the removed one.
        if !system::is_at(&file, &path) {
            return Ok(None);
        }
        unfinished().insert(work.clone());
        let written = file
            .set_len(0)
            .and_then(|()| write!(file, "{}", system::this_process()))
            .and_then(|()| hide(&work));
        let lock = Lock {
            work,
            is_taken_over,
            is_left: is_taken_over && written.is_err(),
            _file: file,
        };
        written.map(|()| Some(lock))
    }

    /// Creates an empty directory for files that are not visible before they are finished.
    pub(super) fn directory(&self) -> io::Result<PathBuf> {
        let directory = self.work.join(FILES);
        remove_files(&directory)?;
        fs::create_dir(&directory)?;
        Ok(directory)
    }

    /// Releases the lock, and leaves its directory as a sign that the report needs repair.
    pub(super) fn leave(mut self) {
        self.is_left = true;
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let mut unfinished = unfinished();
        if !self.is_left {
            let _ = remove(&self.work);
        }
        unfinished.remove(&self.work);
    }
}

/// Fails if something else has the name of the directory.
fn check(work: &Path) -> io::Result<()> {
    // Others may create and remove it meanwhile, so one check is not enough.
    for _ in 0..10 {
        let is_ours = is_directory(work) && (is_there(&work.join(LOCK)) || is_empty(work));
        if is_ours || !is_there(work) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(in_the_way())
}

/// Makes version control ignore the directory.
fn hide(work: &Path) -> io::Result<()> {
    match system::open(&work.join(IGNORE), true) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made?.write_all(b"*\n"),
    }
}

/// The error that something else has a name needed to replace a report.
pub(super) fn in_the_way() -> io::Error {
    io::Error::other("it exists and is not the temporary directory of a report: rename it")
}

/// The holder of the lock, for messages.
fn holder(work: &Path) -> String {
    let mut text = String::new();
    let file = File::open(work.join(LOCK));
    let read = file.and_then(|file| file.take(200).read_to_string(&mut text));
    match read {
        Ok(_) if !text.is_empty() => text,
        _ => "another process".to_owned(),
    }
}

/// Removes the directory of a lock with the files so far.
fn remove(work: &Path) -> io::Result<()> {
    remove_files(&work.join(FILES))?;
    // The lock goes last: without it any process may take the directory.
    for file in [IGNORE, LOCK] {
        match fs::remove_file(work.join(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::remove_dir(work)
}

/// Removes a directory with its files, if it exists; a link itself, not its target.
fn remove_files(directory: &Path) -> io::Result<()> {
    if !is_directory(directory) {
        return match fs::remove_file(directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    }
    for entry in fs::read_dir(directory)? {
        fs::remove_file(entry?.path())?;
    }
    fs::remove_dir(directory)
}
