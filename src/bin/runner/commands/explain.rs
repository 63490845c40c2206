//! `runner explain [CODE]`: what a message of exit code 2 means, and what to do.

use gradtape_experiment::mistake::{Code, suggestion};

use crate::args::Explain;
use crate::failure::Failure;
use crate::terminal::{BAD, FAINT, GOOD, STRONG, output, text};

pub fn explain(options: &Explain) -> Result<(), Failure> {
    let Some(typed) = &options.code else {
        output::results(&list());
        return Ok(());
    };
    // Copied from a message, or alone.
    let name = typed
        .trim_start_matches("error")
        .trim_matches(['[', ']', ':', ' ']);
    let code = Code::named(name).ok_or_else(|| {
        let names = Code::all().map(Code::name);
        let advice = suggestion(name, "available codes", names.collect::<Vec<_>>());
        Failure::Usage(format!("unknown code `{name}`; {advice}"))
    })?;
    output::results(&page(code));
    Ok(())
}

/// All codes, a line each.
fn list() -> String {
    let width = Code::all().map(|code| code.name().len()).max().unwrap_or(0);
    let lines = Code::all().map(|code| {
        let (name, title) = (code.name(), code.title());
        format!("  {STRONG}{name:width$}{STRONG:#}  {FAINT}{title}{FAINT:#}\n")
    });
    let lines: String = lines.collect();
    lines + &format!("\n{FAINT}`runner explain CODE` explains a code{FAINT:#}\n")
}

/// The explanation of a code.
fn page(code: Code) -> String {
    let (name, title) = (code.name(), code.title());
    let mut text = format!("{STRONG}{name}{STRONG:#}  {FAINT}{title}{FAINT:#}\n\n");
    text.push_str(&text::wrap(code.about(), 2, 2));
    if let Some((wrong, right)) = code.example() {
        text.push_str(&format!(
            "\n  {BAD}wrong{BAD:#}  {wrong}\n  {GOOD}right{GOOD:#}  {right}\n"
        ));
    }
    text
}
