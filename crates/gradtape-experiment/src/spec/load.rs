//! Reads experiment files from disk.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::mistake::nearest;
use crate::text::printable;

/// Maximum length of an experiment file in bytes.
pub const MAX_LENGTH: u64 = 16 << 20;

/// Reason why an experiment file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file does not exist.
    #[error("failed to read {}: there is no such file{}", printable(path.display()), did_you_mean(suggestion.as_ref()))]
    Missing {
        /// The file.
        path: PathBuf,
        /// A file with a similar name.
        suggestion: Option<PathBuf>,
    },
    /// It is a directory.
    #[error("failed to read {}: it is a directory, expected an experiment file", printable(path.display()))]
    Folder {
        /// The directory.
        path: PathBuf,
    },
    /// It is not UTF-8.
    #[error("failed to read {}: line {line} is not UTF-8", printable(path.display()))]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The first line that is not UTF-8, from 1.
        line: usize,
    },
    /// It is too long for an experiment file.
    #[error("failed to read {}: it is longer than {MAX_LENGTH} bytes", printable(path.display()))]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused to read it.
    #[error("failed to read {}: {source}", printable(path.display()))]
    Refused {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

fn did_you_mean(suggestion: Option<&PathBuf>) -> String {
    suggestion.map_or_else(String::new, |path| {
        format!("; did you mean {}?", printable(path.display()))
    })
}

/// Reads the text of an experiment file.
///
/// # Errors
///
/// If it cannot be read, is longer than 16 MiB, or is not UTF-8.
pub fn load(path: &Path) -> Result<String, LoadError> {
    let path_buf = || path.to_owned();
    let refused = |source: io::Error| LoadError::Refused {
        path: path.to_owned(),
        source,
    };
    if path.is_dir() {
        return Err(LoadError::Folder { path: path_buf() });
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(LoadError::Missing {
                path: path_buf(),
                suggestion: similar(path),
            });
        }
        Err(error) => return Err(refused(error)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_LENGTH + 1)
        .read_to_end(&mut bytes)
        .map_err(refused)?;
    if bytes.len() as u64 > MAX_LENGTH {
        return Err(LoadError::TooLong { path: path_buf() });
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
        LoadError::NotUtf8 {
            path: path_buf(),
            line,
        }
    })
}

/// The file in the same directory with the nearest name.
fn similar(path: &Path) -> Option<PathBuf> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let entries = fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let names: Vec<String> = names.filter(|name| name.ends_with(".toml")).collect();
    let name = nearest(
        path.file_name()?.to_str()?,
        names.iter().map(String::as_str),
    )?;
    Some(folder.map_or_else(|| PathBuf::from(name), |folder| folder.join(name)))
}
