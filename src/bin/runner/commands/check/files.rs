//! The files of `--junit` and `--markdown`: what may be replaced, and how.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::terminal::output;

/// The format of a file.
pub struct Format {
    pub option: &'static str,
    pub name: &'static str,
    /// Whether a file that begins with this text is in the format.
    pub is_beginning: fn(&str) -> bool,
    /// The environment variable with a file that other programs write to, too.
    pub shared: Option<&'static str>,
}

impl Format {
    fn refuse(&self, path: &Path, why: &str) -> Failure {
        let (option, path) = (self.option, path.display());
        Failure::Usage(format!("`{option}` cannot write {path}: {why}"))
    }
}

/// A file that a check writes.
pub struct Destination {
    format: &'static Format,
    /// As on the command line.
    path: PathBuf,
    /// Where links lead.
    place: PathBuf,
    is_appended: bool,
}

impl Destination {
    /// The file, if it can be written and nothing else is lost. Changes no file.
    pub fn new(
        path: &Path,
        format: &'static Format,
        experiments: &[PathBuf],
    ) -> Result<Self, Failure> {
        let mut destination = Destination {
            format,
            path: path.to_owned(),
            place: path.to_owned(),
            is_appended: true,
        };
        if is_special(path) {
            return Ok(destination);
        }
        let failed = |source| Failure::of_writing(path, source);
        let place = place(path).map_err(failed)?;
        let is_place = |other: &Path| self::place(other).is_ok_and(|other| other == place);
        let is_toml = path.extension().is_some_and(|ending| ending == "toml");
        if is_toml || experiments.iter().any(|file| is_place(file)) {
            let why = "it is an experiment file; is a file name missing before it?";
            return Err(format.refuse(path, why));
        }
        let shared = format.shared.and_then(std::env::var_os);
        destination.is_appended = shared.is_some_and(|shared| is_place(Path::new(&shared)));
        let text = beginning(&place).map_err(failed)?;
        if !destination.is_appended {
            if !(text.is_empty() || (format.is_beginning)(&text)) {
                let name = format.name;
                let why = format!("it is not {name}; choose another file, or delete it");
                return Err(format.refuse(path, &why));
            }
            // A file that cannot be written is an error before anything is run.
            new_beside(&place).map_err(failed)?;
        }
        destination.place = place;
        Ok(destination)
    }

    /// Fails if another file would be replaced at the same place.
    pub fn keep_apart(&self, other: &Destination) -> Result<(), Failure> {
        if self.place == other.place && !self.is_appended {
            let why = format!("`{}` names the same file", other.format.option);
            return Err(self.format.refuse(&self.path, &why));
        }
        Ok(())
    }

    /// Writes the text, replacing an older one.
    pub fn write(&self, text: &str) -> Result<(), Failure> {
        let written = if self.path == Path::new(STANDARD_OUTPUT) {
            output::results(text);
            Ok(())
        } else if self.is_appended {
            let file = File::options().append(true).create(true).open(&self.path);
            file.and_then(|mut file| file.write_all(text.as_bytes()))
        } else {
            replace(&self.place, text)
        };
        written.map_err(|source| Failure::of_writing(&self.path, source))
    }
}

const STANDARD_OUTPUT: &str = "/dev/stdout";

/// Whether a path is not a regular file: a pipe, a device, or anything that this process has
/// open.
fn is_special(path: &Path) -> bool {
    let open = [STANDARD_OUTPUT, "/dev/stderr", "/dev/fd", "/proc/self/fd"];
    let is_other = |it: fs::Metadata| !it.is_file() && !it.is_dir();
    open.iter().any(|open| path.starts_with(open)) || fs::metadata(path).is_ok_and(is_other)
}

/// The path without links of a file that may not exist yet.
fn place(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path).or_else(|_| {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = fs::canonicalize(folder.unwrap_or(Path::new(".")))?;
        Ok(folder.join(path.file_name().unwrap_or_default()))
    })
}

/// The first characters of a file, which must be writable; none if there is no such file.
fn beginning(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    if path.exists() {
        let file = File::options().read(true).append(true).open(path)?;
        file.take(4096).read_to_end(&mut bytes)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A temporary file next to another one, with the same access rights.
fn new_beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.suffix(".tmp");
    #[cfg(unix)]
    {
        let new = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        let older = fs::symlink_metadata(path).ok();
        let older = older.filter(fs::Metadata::is_file);
        builder.permissions(older.map_or(new, |older| older.permissions()));
    }
    builder.tempfile_in(path.parent().unwrap_or(Path::new(".")))
}

/// Replaces a file in one step: after an error the older one is still there. A link is
/// replaced, not followed.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut file = new_beside(path)?;
    file.write_all(text.as_bytes())?;
    // A file that is mounted, as into a container, cannot be replaced.
    file.persist(path)
        .map(drop)
        .or_else(|_| fs::write(path, text))
}
