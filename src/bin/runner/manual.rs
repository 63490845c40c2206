//! The schema, completions and manual pages of the command.

use gradtape_experiment::mistake::suggestion;
use gradtape_experiment::schema::json_schema;

use crate::args::{Completions, Man};
use crate::failure::Failure;
use crate::output;

/// `runner schema`: the JSON Schema of experiment files.
#[expect(clippy::unnecessary_wraps, reason = "as all commands")]
pub fn schema() -> Result<(), Failure> {
    output::results(&json_schema());
    Ok(())
}

/// `runner completions SHELL`.
#[expect(clippy::unnecessary_wraps, reason = "as all commands")]
pub fn completions(options: &Completions) -> Result<(), Failure> {
    output::results(&String::from_utf8_lossy(&options.script()));
    Ok(())
}

/// `runner man [COMMAND]`.
pub fn man(options: &Man) -> Result<(), Failure> {
    let page = options.page().map_err(|commands| {
        let name = options.command.as_deref().unwrap_or_default();
        let commands = commands.iter().map(String::as_str);
        let advice = suggestion(name, "available commands", commands);
        Failure::Usage(format!("unknown command `{name}`; {advice}"))
    })?;
    output::results(&String::from_utf8_lossy(&page));
    Ok(())
}
