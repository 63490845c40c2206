//! `runner completions SHELL`: a script that completes the command line.

use crate::args::Completions;
use crate::failure::Failure;
use crate::terminal::output;

#[expect(clippy::unnecessary_wraps, reason = "as all commands")]
pub fn completions(options: &Completions) -> Result<(), Failure> {
    output::results(&String::from_utf8_lossy(&options.script()));
    Ok(())
}
