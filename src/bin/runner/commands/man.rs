//! `runner man [COMMAND]`: the manual page.

use gradtape_experiment::mistake::suggestion;

use crate::args::Man;
use crate::failure::Failure;
use crate::terminal::output;

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
