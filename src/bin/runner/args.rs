//! The command line.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use gradtape_experiment::text::printable;
use gradtape_report::{REPORT, report_name};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::{self, output};

/// The end of the help text.
const EXIT_CODES: &str = "\
Exit codes:
  0    success
  1    a check failed
  2    invalid command line or experiment file; nothing was run;
       `runner explain` explains the code in brackets after \"error\"
  3    a file could not be read or written, or a thread could not be started
  130  interrupted

With --keep-going, 2 takes precedence over 3, and 3 over 1.";

#[derive(Debug, Parser)]
#[command(
    name = "runner",
    version,
    about = "Run gradient-descent experiments and write reports",
    after_help = EXIT_CODES,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    override_usage = "runner [OPTIONS] FILE...\n       runner <COMMAND> [OPTIONS] FILE..."
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Colours::Auto, global = true, value_name = "WHEN")]
    pub color: Colours,
}

/// The command to execute.
#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(skip)]
    Run(Run),
    /// Run again and compare with the expectations and the recorded reports
    Check(Check),
    /// List the runs and derivatives and count the work, without running anything
    Plan(Plan),
    /// Redraw the charts of reports from their CSV files
    Report(Report),
    /// Print the results stored in reports
    Show(Show),
    /// Run again whenever an experiment file or its data changes
    Watch(Run),
    /// List the test functions, or show one
    Functions(Functions),
    /// List the methods and schedules, or show one
    Methods(Methods),
    /// Write a commented experiment file to start from
    Init(Init),
    /// Explain an error code, such as unknown-key
    Explain(Explain),
    /// Print the JSON Schema of experiment files for editors
    Schema,
    /// Generate shell completions
    Completions(Completions),
    /// Print the manual page of this command or of a subcommand
    Man(Man),
}

/// Options of a plain `runner FILE…` and of `runner watch`.
#[derive(Debug, Args)]
pub struct Run {
    #[command(flatten)]
    pub experiments: Experiments,
    #[command(flatten)]
    pub work: Work,
    /// Directory for the reports [default: reports]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace the recorded report even with --filter or --set, which by default write to
    /// reports/NAME@partial or to --out
    #[arg(long)]
    pub replace: bool,
    /// Do not write charts
    #[arg(long)]
    pub no_charts: bool,
    /// Do not print results
    #[arg(long, short)]
    pub quiet: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// When to also print the main chart
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Plot::Auto)]
    pub plot: Plot,
}

impl Run {
    /// The directory of an experiment's report.
    pub fn report(&self, file: &str) -> PathBuf {
        let name = match self.is_apart() {
            true => format!("{}@partial", report_name(file)),
            false => report_name(file),
        };
        self.reports().join(name)
    }

    /// The directory of the recorded report, if there is one and it is not replaced.
    pub fn spared(&self, file: &str) -> Option<PathBuf> {
        let recorded = self.reports().join(report_name(file));
        Some(recorded).filter(|recorded| self.is_apart() && recorded.join(REPORT).is_file())
    }

    fn reports(&self) -> &Path {
        self.out.as_deref().unwrap_or(Path::new("reports"))
    }

    /// Whether the report has only some runs or other settings, so that `runner check` cannot
    /// compare with it.
    fn is_apart(&self) -> bool {
        self.experiments.is_partial() && self.out.is_none() && !self.replace
    }
}

/// Options of `runner check`.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    pub experiments: Experiments,
    #[command(flatten)]
    pub work: Work,
    /// Directory of the recorded reports
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub out: PathBuf,
    #[command(flatten)]
    pub tolerance: Tolerance,
    /// Compare all recorded epochs, not only final values
    #[arg(long)]
    pub trajectory: bool,
    /// Update recorded reports that differ or are missing, unless an expectation fails; with
    /// --filter only the selected runs
    #[arg(long, conflicts_with_all = ["only_failed", "set"])]
    pub accept: bool,
    /// Plot each run that differs next to its recorded version
    #[arg(long, value_name = "DIR")]
    pub show_charts: Option<PathBuf>,
    /// Re-check only what failed last time
    #[arg(long)]
    pub only_failed: bool,
    /// Stop after the first failing experiment
    #[arg(long, conflicts_with = "keep_going")]
    pub fail_fast: bool,
    /// Write the results as JUnit XML, with a test case for each run and expectation
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write a summary as Markdown, for example to "$GITHUB_STEP_SUMMARY"
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Print only deviations
    #[arg(long, short)]
    pub quiet: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
}

/// Tolerance for recorded values, in place of the default of the file.
#[derive(Args, Clone, Copy, Debug)]
pub struct Tolerance {
    /// Allowed difference in units in the last place (ULPs)
    #[arg(long, value_name = "N")]
    pub ulps: Option<u64>,
    /// Allowed absolute difference
    #[arg(long, value_name = "X", value_parser = distance)]
    pub abs: Option<f64>,
    /// Allowed difference relative to the recorded value
    #[arg(long, value_name = "X", value_parser = distance)]
    pub rel: Option<f64>,
}

fn distance(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(distance) if distance >= 0.0 => Ok(distance),
        _ => Err("expected a number, at least 0".to_owned()),
    }
}

/// Options of `runner plan`.
#[derive(Debug, Args)]
pub struct Plan {
    #[command(flatten)]
    pub experiments: Experiments,
    /// Show each objective as a formula with its gradient
    #[arg(long)]
    pub gradient: bool,
    /// Compute a sample of the runs to estimate the total time and report size
    #[arg(long)]
    pub estimate: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
    pub format: PlanFormat,
}

/// Options of `runner report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Report directories
    #[arg(required = true, value_name = "REPORT_DIR")]
    pub folders: Vec<PathBuf>,
}

/// Options of `runner show`.
#[derive(Debug, Args)]
pub struct Show {
    /// Report directories
    #[arg(required = true, value_name = "REPORT_DIR")]
    pub folders: Vec<PathBuf>,
    /// When to also print the main chart
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Plot::Auto)]
    pub plot: Plot,
}

/// Options of `runner functions`.
#[derive(Debug, Args)]
pub struct Functions {
    /// Function to show [default: list all]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Number of variables
    #[arg(long, value_name = "N", requires = "name")]
    pub dimension: Option<usize>,
    /// Only entries matching these words (names, formulas, properties, sources)
    #[arg(long, value_name = "WORDS", conflicts_with = "name")]
    pub search: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Options of `runner methods`.
#[derive(Debug, Args)]
pub struct Methods {
    /// Method or schedule to show [default: list all]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Only entries matching these words (names, descriptions, settings, sources)
    #[arg(long, value_name = "WORDS", conflicts_with = "name")]
    pub search: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Options of `runner init`.
#[derive(Debug, Args)]
pub struct Init {
    /// File name, with or without the extension .toml
    #[arg(value_name = "NAME", default_value = "experiment")]
    pub name: PathBuf,
}

/// Options of `runner explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// Error code [default: list all]
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

/// Options of `runner completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// Shell to generate completions for
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// Options of `runner man`.
#[derive(Debug, Args)]
pub struct Man {
    /// Subcommand [default: runner itself]
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// Experiments, and a selection of their runs.
#[derive(Debug, Args)]
pub struct Experiments {
    /// Experiment files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Only runs matching this condition, such as "learning_rate<0.1 and method=adam"
    #[arg(long, value_name = "CONDITION")]
    pub filter: Vec<String>,
    /// Override a key of the files, such as optimizer.learning_rate=[0.1,0.2]
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl Experiments {
    /// Whether the runs are not those of the files.
    fn is_partial(&self) -> bool {
        !(self.filter.is_empty() && self.set.is_empty())
    }
}

/// How runs are computed.
#[derive(Debug, Args)]
pub struct Work {
    /// Number of worker threads [default: number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Continue with the remaining experiments after an error
    #[arg(long)]
    pub keep_going: bool,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// An aligned table
    Text,
    /// JSON Lines: one object per run, point of a derivative, function or method
    Json,
}

/// How a plan is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// An aligned table
    Text,
    /// JSON Lines: one object per run and derivative
    Json,
    /// The runs as CSV, with all settings
    Csv,
}

/// How the results of a check are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// One line per experiment and deviation
    Text,
    /// JSON Lines: one object per run and derivative, printed as each is checked
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

impl Arguments {
    /// Parses the command line. Prints the help or the version if that is asked for; `Err` then
    /// has the exit code of success.
    pub fn from_command_line() -> Result<Self, Failure> {
        Arguments::try_parse().map_err(|error| {
            if !error.use_stderr() {
                output::results(&error.render().ansi().to_string());
                return Failure::Exit(Exit::Success);
            }
            // Errors quote arguments, so the error is made again from printable ones.
            let arguments = std::env::args_os();
            let arguments = arguments.map(|one| printable(one.to_string_lossy()));
            let error = Arguments::try_parse_from(arguments).err().unwrap_or(error);
            let text = error.render().ansi().to_string();
            let text = text.split_once("error:").map_or(&*text, |(_, text)| text);
            // The word was coloured; what follows is not.
            Failure::CommandLine(text.trim_start_matches("\u{1b}[0m").trim().to_owned())
        })
    }

    /// The command; without a subcommand the files are run.
    pub fn command(self) -> Command {
        self.command.unwrap_or(Command::Run(self.run))
    }
}

impl Plot {
    /// Whether the chart is printed.
    pub fn is_wanted(self) -> bool {
        match self {
            Plot::Auto => output::is_terminal(),
            Plot::Always => true,
            Plot::Never => false,
        }
    }
}

impl From<Colours> for terminal::ColorChoice {
    fn from(colours: Colours) -> Self {
        match colours {
            Colours::Auto => terminal::ColorChoice::Auto,
            Colours::Always => terminal::ColorChoice::Always,
            Colours::Never => terminal::ColorChoice::Never,
        }
    }
}

impl Completions {
    /// The completion script of the shell.
    pub fn script(&self) -> Vec<u8> {
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut <Arguments as CommandFactory>::command(),
            "runner",
            &mut script,
        );
        script
    }
}

impl Man {
    /// The page in the language of `man`; `Err` with the names of all commands if this one does
    /// not exist.
    pub fn page(&self) -> Result<Vec<u8>, Vec<String>> {
        let mut command = <Arguments as CommandFactory>::command();
        command.build();
        let page = match &self.command {
            None => command,
            Some(name) => {
                let found = command.find_subcommand(name).cloned();
                found.ok_or_else(|| {
                    let names = command.get_subcommands().map(clap::Command::get_name);
                    names.map(str::to_owned).collect::<Vec<_>>()
                })?
            }
        };
        let mut text = Vec::new();
        let written = clap_mangen::Man::new(page).render(&mut text);
        written.expect("writing to memory cannot fail");
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Arguments as CommandFactory>::command().debug_assert();
    }
}
