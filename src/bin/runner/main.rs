//! The command `runner`: from experiment files to reports.
//!
//! Each subcommand is a file or directory of `commands`. What they print goes through `terminal`,
//! which knows none of them. The files next to this one are what the subcommands share.

mod args;
mod commands;
mod exit;
mod experiment;
mod failure;
mod interruption;
mod monitor;
mod terminal;
mod threads;

use std::process::ExitCode;

use args::{Arguments, Command};
use commands::{
    check, completions, explain, functions, init, man, methods, plan, report, run, schema, show,
    watch,
};
use exit::Exit;
use failure::Failure;

fn main() -> ExitCode {
    let exit = match Arguments::from_command_line().and_then(work) {
        Ok(()) => Exit::Success,
        Err(failure) => {
            failure.print();
            failure.exit()
        }
    };
    ExitCode::from(exit.code())
}

fn work(arguments: Arguments) -> Result<(), Failure> {
    terminal::choose_colours(arguments.color.into());
    match arguments.command() {
        Command::Run(options) => run::run(&options),
        Command::Check(options) => check::check(&options),
        Command::Plan(options) => plan::plan(&options),
        Command::Report(options) => report::report(&options),
        Command::Show(options) => show::show(&options),
        Command::Watch(options) => watch::watch(&options),
        Command::Functions(options) => functions::functions(&options),
        Command::Methods(options) => methods::methods(&options),
        Command::Init(options) => init::init(&options),
        Command::Explain(options) => explain::explain(&options),
        Command::Schema => schema::schema(),
        Command::Completions(options) => completions::completions(&options),
        Command::Man(options) => man::man(&options),
    }
}
