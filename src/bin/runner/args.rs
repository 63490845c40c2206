//! What can be typed on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// What the help says at its end.
const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    a check failed
  2    the command line or an experiment file is wrong; nothing was run
  3    a file could not be read or written
  130  interrupted";

#[derive(Debug, Parser)]
#[command(
    name = "runner",
    version,
    about = "Runs the gradient descents that experiment files describe, and writes reports",
    after_help = EXIT_CODES,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    override_usage = "runner [OPTIONS] FILE...\n       runner <COMMAND> [OPTIONS] FILE..."
)]
struct Line {
    #[command(subcommand)]
    command: Option<Subcommands>,
    #[command(flatten)]
    run: Run,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Colours::Auto, global = true, value_name = "WHEN")]
    color: Colours,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Run again and compare with the expectations and the recorded report
    Check(Check),
    /// List the runs and derivatives and count the work, run nothing
    Plan(Plan),
    /// Draw the charts of reports again from their CSV files
    Report(Report),
    /// Print the results of reports again
    Show(Show),
    /// Run again whenever an experiment file is saved
    Watch(Run),
    /// List the test functions, or show one of them
    Functions(Functions),
    /// List the methods and schedules, or show one of them
    Methods(Methods),
}

/// Options of a plain `runner FILE…` and of `runner watch`.
#[derive(Debug, Args)]
pub struct Run {
    #[command(flatten)]
    pub experiments: Experiments,
    #[command(flatten)]
    pub work: Work,
    /// The folder of the reports
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub out: PathBuf,
    /// Write no charts
    #[arg(long)]
    pub no_charts: bool,
    /// Print no results
    #[arg(long, short)]
    pub quiet: bool,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// When the main chart is printed too
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Plot::Auto)]
    pub plot: Plot,
}

/// Options of `runner check`.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    pub experiments: Experiments,
    #[command(flatten)]
    pub work: Work,
    /// The folder of the recorded reports
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub out: PathBuf,
    #[command(flatten)]
    pub tolerance: Tolerance,
    /// Renew the recorded reports that deviate or are missing, unless an expectation fails
    #[arg(long, conflicts_with = "filter")]
    pub accept: bool,
    /// Write what was found as Markdown, such as to "$GITHUB_STEP_SUMMARY"
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Print deviations only
    #[arg(long, short)]
    pub quiet: bool,
}

/// How far values may be from the recorded ones, in place of the default of the file.
#[derive(Args, Clone, Copy, Debug)]
pub struct Tolerance {
    /// Representable numbers that a value may be from the recorded one
    #[arg(long, value_name = "N")]
    pub ulps: Option<u64>,
    /// How much a value may be from the recorded one
    #[arg(long, value_name = "X", value_parser = distance)]
    pub abs: Option<f64>,
    /// How much a value may be from the recorded one, as a share of it
    #[arg(long, value_name = "X", value_parser = distance)]
    pub rel: Option<f64>,
}

fn distance(text: &str) -> Result<f64, String> {
    let distance = text.parse().ok();
    let distance = distance.filter(|distance: &f64| *distance >= 0.0);
    distance.ok_or_else(|| "expected a number, 0 or above".to_owned())
}

/// Options of `runner plan`.
#[derive(Debug, Args)]
pub struct Plan {
    #[command(flatten)]
    pub experiments: Experiments,
    /// Show each objective as a formula, with its gradient
    #[arg(long)]
    pub gradient: bool,
    /// How the runs are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Options of `runner report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Folders of reports
    #[arg(required = true, value_name = "REPORT_DIR")]
    pub folders: Vec<PathBuf>,
}

/// Options of `runner show`.
#[derive(Debug, Args)]
pub struct Show {
    /// Folders of reports
    #[arg(required = true, value_name = "REPORT_DIR")]
    pub folders: Vec<PathBuf>,
    /// When the main chart is printed too
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Plot::Auto)]
    pub plot: Plot,
}

/// Options of `runner functions`.
#[derive(Debug, Args)]
pub struct Functions {
    /// The function to show; all are listed if it is left out
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// How many variables it has
    #[arg(long, value_name = "N", requires = "name")]
    pub dimension: Option<usize>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Options of `runner methods`.
#[derive(Debug, Args)]
pub struct Methods {
    /// The method or schedule to show; all are listed if it is left out
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Which experiments, and which of their runs.
#[derive(Debug, Args)]
pub struct Experiments {
    /// Experiment files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Only the runs with this setting; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub filter: Vec<String>,
}

/// How runs are computed.
#[derive(Debug, Args)]
pub struct Work {
    /// How many threads work; as many as there are cores if left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// An aligned table
    Text,
    /// A JSON object a line for each run, point of a derivative, function or method
    Json,
}

/// When to print the main chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Plot {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colours {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The command line, read.
#[derive(Debug)]
pub struct Arguments(Line);

/// What is to be done.
#[derive(Debug)]
pub enum Command<'a> {
    Run(&'a Run),
    Check(&'a Check),
    Plan(&'a Plan),
    Report(&'a Report),
    Show(&'a Show),
    Watch(&'a Run),
    Functions(&'a Functions),
    Methods(&'a Methods),
}

impl Arguments {
    /// Reads the command line; help, version and usage errors end the process
    /// here, the latter with exit code 2.
    pub fn from_command_line() -> Self {
        Arguments(Line::parse())
    }

    pub fn colours(&self) -> Colours {
        self.0.color
    }

    pub fn command(&self) -> Command<'_> {
        match &self.0.command {
            Some(Subcommands::Check(options)) => Command::Check(options),
            Some(Subcommands::Plan(options)) => Command::Plan(options),
            Some(Subcommands::Report(options)) => Command::Report(options),
            Some(Subcommands::Show(options)) => Command::Show(options),
            Some(Subcommands::Watch(options)) => Command::Watch(options),
            Some(Subcommands::Functions(options)) => Command::Functions(options),
            Some(Subcommands::Methods(options)) => Command::Methods(options),
            None => Command::Run(&self.0.run),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Line::command().debug_assert();
    }
}
