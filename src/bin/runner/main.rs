//! The command `runner`: from experiment files to reports.

mod args;
mod check;
mod dots;
mod escape;
mod estimate;
mod explain;
mod failure;
mod functions;
mod init;
mod json;
mod manual;
mod methods;
mod output;
mod picture;
mod plan;
mod plot;
mod progress;
mod redraw;
mod run;
mod search;
mod show;
mod source;
mod summary;
mod table;
mod threads;
mod values;
mod watch;

use std::process::ExitCode;

use args::{Arguments, Command};
use failure::Failure;

fn main() -> ExitCode {
    let arguments = match Arguments::from_command_line() {
        Ok(arguments) => arguments,
        Err(ended) => return ended,
    };
    output::choose_colours(arguments.colours());
    match work(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.exit_code()
        }
    }
}

fn work(arguments: &Arguments) -> Result<(), Failure> {
    match arguments.command() {
        Command::Run(options) => run::run(options),
        Command::Check(options) => check::check(options),
        Command::Plan(options) => plan::plan(options),
        Command::Report(options) => redraw::redraw(options),
        Command::Show(options) => show::show(options),
        Command::Watch(options) => watch::watch(options),
        Command::Functions(options) => functions::functions(options),
        Command::Methods(options) => methods::methods(options),
        Command::Init(options) => init::init(options),
        Command::Explain(options) => explain::explain(options),
        Command::Schema => manual::schema(),
        Command::Completions(options) => manual::completions(options),
        Command::Man(options) => manual::man(options),
    }
}
