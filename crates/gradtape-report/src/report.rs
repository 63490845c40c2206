//! A published report, opened for reading.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::ReportError;
use crate::file::{self, derivative_file};
use crate::folder::{Location, REPORT};
use crate::json::{self, Head};
use crate::redraw::is_data;
use gradtape_experiment::plan::Plan;

/// An open published report: everything read through it belongs to the same report, even if
/// another one replaces it meanwhile.
///
/// # Examples
///
/// ```
/// use gradtape_report::Report;
///
/// let report = Report::open("../../reports/parabola".as_ref())?;
/// assert_eq!(report.head.file, "parabola.toml");
/// assert_eq!(report.plan.runs.count(), 1);
/// # Ok::<(), gradtape_report::ReportError>(())
/// ```
#[derive(Debug)]
pub struct Report {
    /// The head of its `report.json`.
    pub head: Head,
    /// The plan of its experiment.
    pub plan: Plan,
    /// Its other files.
    pub files: CsvFiles,
}

impl Report {
    /// Opens the report in `folder`.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or if this version does not understand it.
    pub fn open(folder: &Path) -> Result<Report, ReportError> {
        let place = Location::new(folder)?;
        let mut opened = Err(ReportError::read(folder)(io::ErrorKind::NotFound.into()));
        let mut waits = 0;
        // Again as long as the report was replaced while it was opened.
        for _ in 0..MAX_ATTEMPTS {
            place.mend_for_reading();
            let before = Identity::of(folder);
            opened = Report::attempt(folder);
            if before == Identity::of(folder) {
                // Without an exchange it is missing for a moment.
                let is_away = opened.is_err() && place.is_being_replaced();
                if !is_away || waits == MAX_WAITS {
                    break;
                }
                waits += 1;
            }
        }
        opened
    }

    /// Opens the report in `folder`; `None` if there is none.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or if this version does not understand it.
    pub fn find(folder: &Path) -> Result<Option<Report>, ReportError> {
        match Report::open(folder) {
            Err(ReportError::Read { path, source })
                if path == folder.join(REPORT) && source.kind() == io::ErrorKind::NotFound =>
            {
                Ok(None)
            }
            opened => opened.map(Some),
        }
    }

    fn attempt(folder: &Path) -> Result<Report, ReportError> {
        let path = folder.join(REPORT);
        let head = json::head_of(&path)?;
        let plan = match Plan::of_report(&head.file, &head.experiment, &head.data) {
            Ok(plan) if plan.hash == head.sha256 => plan,
            Ok(_) => {
                let what = "its experiment is not the one it was made from";
                return Err(ReportError::damaged(&path, what));
            }
            Err(mistakes) => {
                return Err(head.explain(ReportError::Damaged {
                    path,
                    what: format!("its experiment has errors\n\n{mistakes}"),
                }));
            }
        };
        let files = CsvFiles::open(folder, &plan);
        Ok(Report { head, plan, files })
    }
}

/// Maximum number of consecutive replacements while a report is opened.
const MAX_ATTEMPTS: usize = 100;

/// Maximum number of consecutive attempts that find a report missing during a replacement.
const MAX_WAITS: usize = 5;

/// The directory at a path. While this exists, no other directory can get its number.
#[derive(Debug)]
struct Identity(Option<(File, [u64; 2])>);

impl Identity {
    #[cfg(unix)]
    fn of(path: &Path) -> Identity {
        use std::os::unix::fs::MetadataExt;
        let directory = File::open(path).ok();
        Identity(directory.and_then(|directory| {
            let seen = directory.metadata().ok()?;
            Some((directory, [seen.dev(), seen.ino()]))
        }))
    }

    /// On other systems an open directory cannot be renamed.
    #[cfg(not(unix))]
    fn of(_: &Path) -> Identity {
        Identity(None)
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Identity) -> bool {
        let number = |one: &Identity| one.0.as_ref().map(|(_, number)| *number);
        number(self) == number(other)
    }
}

/// The CSV files of a report. Each read of a file starts at its beginning.
#[derive(Clone, Debug)]
pub struct CsvFiles {
    folder: PathBuf,
    opened: Arc<BTreeMap<String, io::Result<Arc<Source>>>>,
}

/// The content of a file. Tables of derivatives are read at once: there may be more of them than
/// a process can have files open, and together they are small.
#[derive(Debug)]
enum Source {
    File(File),
    Bytes(Vec<u8>),
}

impl CsvFiles {
    /// Opens the files of a plan's report in `folder`. An error with a file is returned when it is
    /// read.
    pub(super) fn open(folder: &Path, plan: &Plan) -> CsvFiles {
        let tables = (0..plan.derivatives.len()).map(|place| derivative_file(plan, place));
        let tables: std::collections::HashSet<String> = tables.collect();
        let data = file::names(plan).into_iter();
        let data = data.filter(|file| is_data(file) && file != REPORT);
        let opened = data.map(|file| {
            let path = folder.join(&file);
            let content = match tables.contains(&file) {
                true => fs::read(&path).map(Source::Bytes),
                false => File::open(&path).map(Source::File),
            };
            (file, content.map(Arc::new))
        });
        CsvFiles {
            folder: folder.to_owned(),
            opened: Arc::new(opened.collect()),
        }
    }

    /// The path of a file, for messages.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// The content of a file, from its beginning.
    pub(super) fn read(&self, file: &str) -> Result<Cursor, ReportError> {
        let refused = match self.opened.get(file) {
            Some(Ok(content)) => {
                return Ok(Cursor {
                    content: Arc::clone(content),
                    at: 0,
                });
            }
            Some(Err(error)) => match error.raw_os_error() {
                Some(code) => io::Error::from_raw_os_error(code),
                None => error.kind().into(),
            },
            None => io::ErrorKind::NotFound.into(),
        };
        Err(ReportError::read(&self.path(file))(refused))
    }
}

/// A position in the content of a file.
#[derive(Debug)]
pub(super) struct Cursor {
    content: Arc<Source>,
    at: u64,
}

impl Cursor {
    fn len(&self) -> io::Result<u64> {
        match &*self.content {
            Source::File(file) => Ok(file.metadata()?.len()),
            Source::Bytes(bytes) => Ok(bytes.len() as u64),
        }
    }
}

impl Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &*self.content {
            #[cfg(unix)]
            Source::File(file) => std::os::unix::fs::FileExt::read_at(file, buffer, self.at)?,
            #[cfg(windows)]
            Source::File(file) => std::os::windows::fs::FileExt::seek_read(file, buffer, self.at)?,
            Source::Bytes(bytes) => {
                let at = usize::try_from(self.at).unwrap_or(usize::MAX);
                let mut rest = bytes.get(at..).unwrap_or_default();
                rest.read(buffer)?
            }
        };
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Cursor {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(offset) => self.len()?.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
