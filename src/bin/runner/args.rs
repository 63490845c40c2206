//! What can be typed on the command line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use gradtape::mistake::Code;
use gradtape::report::{REPORT, report_name};
use gradtape::text::printable;

use crate::output;

/// What the help says at its end.
const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    a check failed
  2    the command line or an experiment file is wrong; nothing was run;
       the code in brackets behind \"error\" is explained by `runner explain`
  3    a file could not be read or written, or a thread not started
  130  interrupted

With --keep-going 2 is the code if any experiment file was wrong, else 3, else 1.";

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
    /// Write a commented experiment file to begin with
    Init(Init),
    /// Explain the code of a message, such as unknown-key
    Explain(Explain),
    /// Print the JSON Schema of experiment files, for editors
    Schema,
    /// Print what makes a shell complete this command
    Completions(Completions),
    /// Print the manual page of this command, or of one of its commands
    Man(Man),
}

/// Options of a plain `runner FILE…` and of `runner watch`.
#[derive(Debug, Args)]
pub struct Run {
    #[command(flatten)]
    pub experiments: Experiments,
    #[command(flatten)]
    pub work: Work,
    /// Directory of the reports [default: reports]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace the recorded report with one of --filter or --set, which otherwise goes to
    /// reports/NAME@partial or to --out
    #[arg(long)]
    pub replace: bool,
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

impl Run {
    /// The directory of an experiment's report.
    pub fn report(&self, file: &str) -> PathBuf {
        let name = match self.is_apart() {
            true => format!("{}@partial", report_name(file)),
            false => report_name(file),
        };
        self.reports().join(name)
    }

    /// That of the recorded report, if there is one and this command leaves it as it is.
    pub fn spared(&self, file: &str) -> Option<PathBuf> {
        let recorded = self.reports().join(report_name(file));
        Some(recorded).filter(|recorded| self.is_apart() && recorded.join(REPORT).is_file())
    }

    fn reports(&self) -> &Path {
        self.out.as_deref().unwrap_or(Path::new("reports"))
    }

    /// Reports of some runs, or of other settings, are not what `runner check` compares with.
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
    /// The folder of the recorded reports
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub out: PathBuf,
    #[command(flatten)]
    pub tolerance: Tolerance,
    /// Compare all recorded epochs, not only how runs end
    #[arg(long)]
    pub trajectory: bool,
    /// Renew the recorded reports that deviate or are missing, unless an expectation fails;
    /// with --filter only the runs that it chooses
    #[arg(long, conflicts_with_all = ["only_failed", "set"])]
    pub accept: bool,
    /// Draw the runs that deviate beside what was recorded of them
    #[arg(long, value_name = "DIR")]
    pub show_charts: Option<PathBuf>,
    /// Only what failed when it was checked last
    #[arg(long)]
    pub only_failed: bool,
    /// End at the first experiment whose check fails
    #[arg(long, conflicts_with = "keep_going")]
    pub fail_fast: bool,
    /// Write what was found as JUnit, a test case for each run and expectation
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write what was found as Markdown, such as to "$GITHUB_STEP_SUMMARY"
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Print deviations only
    #[arg(long, short)]
    pub quiet: bool,
    /// How the findings are printed
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
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
    /// Compute a part of the runs to tell how long all take and how much they write
    #[arg(long)]
    pub estimate: bool,
    /// How the runs are printed
    #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
    pub format: PlanFormat,
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
    /// Only those about these words: names, formulas, properties, sources
    #[arg(long, value_name = "WORDS", conflicts_with = "name")]
    pub search: Option<String>,
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
    /// Only those about these words: names, settings, rules, sources
    #[arg(long, value_name = "WORDS", conflicts_with = "name")]
    pub search: Option<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Options of `runner init`.
#[derive(Debug, Args)]
pub struct Init {
    /// The name of the file, with or without its ending
    #[arg(value_name = "NAME", default_value = "experiment")]
    pub name: PathBuf,
}

/// Options of `runner explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The code; all are listed if it is left out
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

/// Options of `runner completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// Options of `runner man`.
#[derive(Debug, Args)]
pub struct Man {
    /// The command whose page is meant
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// Which experiments, and which of their runs.
#[derive(Debug, Args)]
pub struct Experiments {
    /// Experiment files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Only the runs of which this holds, such as "learning_rate<0.1 & method=adam"
    #[arg(long, value_name = "CONDITION")]
    pub filter: Vec<String>,
    /// Set a key of the files to another value, such as optimizer.learning_rate=[0.1,0.2]
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl Experiments {
    /// Whether other runs are chosen than those of the files.
    fn is_partial(&self) -> bool {
        !(self.filter.is_empty() && self.set.is_empty())
    }
}

/// How runs are computed.
#[derive(Debug, Args)]
pub struct Work {
    /// How many threads work; as many as there are cores if left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Go on with the other experiments where one is wrong or its report cannot be used
    #[arg(long)]
    pub keep_going: bool,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// An aligned table
    Text,
    /// A JSON object a line for each run, point of a derivative, function or method
    Json,
}

/// How a plan is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// An aligned table
    Text,
    /// A JSON object a line for each run and derivative
    Json,
    /// The runs as CSV, with all their settings
    Csv,
}

/// How the findings of a check are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// A line for each experiment and for what deviates
    Text,
    /// A JSON object a line for each run and derivative, as they are checked
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
    Init(&'a Init),
    Explain(&'a Explain),
    Schema,
    Completions(&'a Completions),
    Man(&'a Man),
}

impl Arguments {
    /// Reads the command line; help, version and usage errors end the process
    /// here, the latter with exit code 2.
    /// What is asked for; `Err` with the exit code if all was said already: what is wrong with
    /// the command line, or its help.
    pub fn from_command_line() -> Result<Self, ExitCode> {
        Line::try_parse().map(Arguments).map_err(|error| {
            // An error quotes arguments, so it is made again of printable ones.
            let arguments = std::env::args_os();
            let arguments = arguments.map(|one| printable(one.to_string_lossy()));
            let error = Line::try_parse_from(arguments).err().unwrap_or(error);
            let text = error.render().ansi().to_string();
            match text.split_once("error:") {
                Some((_, told)) if error.use_stderr() => {
                    // The word was coloured; what follows is not.
                    let told = told.trim_start_matches("\u{1b}[0m").trim();
                    output::coded_error(Code::Usage, told);
                }
                _ if error.use_stderr() => output::message(&text),
                _ => output::results(&text),
            }
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        })
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
            Some(Subcommands::Init(options)) => Command::Init(options),
            Some(Subcommands::Explain(options)) => Command::Explain(options),
            Some(Subcommands::Schema) => Command::Schema,
            Some(Subcommands::Completions(options)) => Command::Completions(options),
            Some(Subcommands::Man(options)) => Command::Man(options),
            None => Command::Run(&self.0.run),
        }
    }
}

impl Completions {
    /// What the shell reads to complete this command.
    pub fn script(&self) -> Vec<u8> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Line::command(), "runner", &mut script);
        script
    }
}

impl Man {
    /// The page in the language of `man`; `Err` with the names of the commands if there is no
    /// such one.
    pub fn page(&self) -> Result<Vec<u8>, Vec<String>> {
        let mut command = Line::command();
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
        written.expect("memory takes what is written to it");
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Line::command().debug_assert();
    }
}
