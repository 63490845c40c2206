//! `runner init [NAME]`: a commented experiment to start from.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use gradtape_experiment::text::printable;

use crate::args::Init;
use crate::failure::Failure;
use crate::terminal::{STRONG, output};

/// The experiment, with a placeholder for its title.
const TEMPLATE: &str = include_str!("init.toml");

pub fn init(options: &Init) -> Result<(), Failure> {
    let path = file(&options.name)?;
    let refused = |source| Failure::of_writing(&path, source);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(refused)?;
    }
    // Never an existing file.
    let created = OpenOptions::new().write(true).create_new(true).open(&path);
    let mut created = match created {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Failure::Usage(format!(
                "{} already exists; choose another name",
                path.display()
            )));
        }
        created => created.map_err(refused)?,
    };
    let text = TEMPLATE.replace("TITLE", &title(&path));
    if let Err(error) = created.write_all(text.as_bytes()) {
        // A partial file would be in the way of the next attempt.
        let _ = fs::remove_file(&path);
        return Err(refused(error));
    }
    let path = printable(path.display());
    output::results(&format!(
        "created {STRONG}{path}{STRONG:#}\n\nnext:\n  runner {path}\n  runner check {path}\n"
    ));
    Ok(())
}

/// The file of an experiment with this name, which may include the extension and a directory.
fn file(name: &Path) -> Result<PathBuf, Failure> {
    let is_file = name
        .extension()
        .is_some_and(|extension| extension == "toml");
    match name.file_name() {
        Some(_) if is_file => Ok(name.to_owned()),
        Some(last) => {
            let mut last = last.to_owned();
            last.push(".toml");
            Ok(name.with_file_name(last))
        }
        None => Err(Failure::Usage(format!(
            "`{}` is not a file name",
            name.display()
        ))),
    }
}

/// The name of a file as a title, safe within a TOML string.
fn title(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_special = |c: char| c.is_control() || ['\\', '"'].contains(&c);
    stem.replace(is_special, "").replace(['_', '-'], " ")
}
