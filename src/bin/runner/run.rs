//! `runner FILE…`: run, write reports, print results.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use gradtape::batch::{self, Cancelled, Control, RunResult};
use gradtape::derivative::{self, Table as Values};
use gradtape::number::{Scalar, grouped, short};
use gradtape::plan::Plan;
use gradtape::report::{ReportError, Writer, derivative_file, derivative_object, run_object};

use crate::args::{Format, Run, Work};
use crate::failure::Failure;
use crate::output::{self, BAD, FAINT, GOOD, NOTABLE, STRONG};
use crate::progress::{self, Task};
use crate::source::{self, Experiment};
use crate::table::{self, Cell, Table};

/// More rows than this are in `runs.csv`, not on the terminal.
const ROWS: usize = 30;

/// More parameters than this are in `runs.csv`, not on the terminal.
const PARAMETERS: usize = 4;

/// More columns of a derivative than this are in its file, not on the terminal.
const COLUMNS: usize = 8;

pub fn run(options: &Run) -> Result<(), Failure> {
    let experiments = source::load(&options.experiments)?;
    use_threads(&options.work)?;
    // Every folder is made before the first run, so that a bad one fails at once.
    let control = progress::interruptible();
    let mut writers = Vec::new();
    for Experiment {
        file,
        source,
        plan,
        numbers,
    } in &experiments
    {
        // Which of millions of runs a chart draws takes its time.
        let writer = progress::busy(file, "preparing charts", options.quiet, || {
            Writer::new(plan, file, source, numbers, &options.out)
        });
        writers.push(writer?);
    }
    // A writer does not look at the control.
    if control.is_cancelled() {
        return Err(ReportError::from(Cancelled).into());
    }
    for (experiment, writer) in experiments.iter().zip(writers) {
        run_one(experiment, writer, options, &control)?;
    }
    Ok(())
}

/// Lets rayon work on as many threads as were asked for.
pub fn use_threads(work: &Work) -> Result<(), Failure> {
    let Some(threads) = work.threads else {
        return Ok(());
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads));
    pool.build_global()
        .map_err(|error| Failure::Usage(format!("failed to start {threads} threads: {error}")))
}

/// The work of an experiment, for showing how far it has come.
pub fn task(experiment: &Experiment) -> Task<'_> {
    Task {
        name: &experiment.file,
        runs: experiment.numbers.len() as u64,
        epochs: u64::try_from(experiment.run_epochs()).unwrap_or(u64::MAX),
    }
}

fn run_one(
    experiment: &Experiment,
    mut writer: Writer<'_>,
    options: &Run,
    control: &Control,
) -> Result<(), Failure> {
    let Experiment { plan, numbers, .. } = experiment;
    let mut summary = Summary::new(plan);
    progress::watch(task(experiment), control, options.quiet, || {
        match (options.quiet, options.format) {
            (true, _) => compute(experiment, &mut writer, control, &|_| (), |_| ()),
            (false, Format::Json) => compute(
                experiment,
                &mut writer,
                control,
                &|result| run_object(plan, result) + "\n",
                |objects| output::results(&objects.concat()),
            ),
            (false, Format::Text) => {
                let shown = &numbers[..numbers.len().min(ROWS)];
                let look = |result: &RunResult| Seen::new(result, shown);
                compute(experiment, &mut writer, control, &look, |seen| {
                    seen.into_iter().for_each(|seen| summary.add(seen));
                })
            }
        }
    })?;
    for place in 0..plan.derivatives.len() {
        let what = format!(
            "computing {}",
            table::one_line(&plan.derivatives[place].name)
        );
        let table = progress::busy(&experiment.file, &what, options.quiet, || {
            derivative::table(plan, place, control)
        });
        let table = table.map_err(ReportError::from)?;
        match (options.quiet, options.format) {
            (true, _) => {}
            (false, Format::Json) => output::results(&objects(plan, &table)),
            (false, Format::Text) => summary.tables.push_str(&render_values(plan, &table)),
        }
        writer.add_table(table)?;
    }
    let what = if options.no_charts {
        "writing the report"
    } else {
        "drawing charts"
    };
    let finished = progress::busy(&experiment.file, what, options.quiet, || {
        writer.finish(!options.no_charts, control)
    })?;
    if !options.quiet && options.format == Format::Text {
        output::results(&summary.render(&finished.folder));
    }
    Ok(())
}

/// Computes the runs of an experiment and passes what `look` makes of their
/// results to `take`, in order.
fn compute<L: Send>(
    experiment: &Experiment,
    writer: &mut Writer<'_>,
    control: &Control,
    look: &(dyn Fn(&RunResult) -> L + Sync),
    mut take: impl FnMut(Vec<L>),
) -> Result<(), ReportError> {
    let Experiment { plan, numbers, .. } = experiment;
    let recorders = writer.recorders(look);
    batch::run(plan, numbers, recorders, control, |_, recorded| {
        take(writer.add(recorded)?);
        Ok(())
    })
}

fn objects(plan: &Plan, table: &Values) -> String {
    let derivative = &plan.derivatives[table.derivative];
    let lines = table.rows.iter();
    lines
        .map(|row| derivative_object(derivative, row) + "\n")
        .collect()
}

/// The table of a derivative: its first rows and columns.
fn render_values(plan: &Plan, values: &Values) -> String {
    let derivative = &plan.derivatives[values.derivative];
    let has_arithmetics = plan.arithmetics().len() > 1;
    let shown = derivative.columns.len().min(COLUMNS);
    let mut heads = Vec::new();
    if has_arithmetics {
        heads.push(("arithmetic", false));
    }
    let names = derivative
        .variables()
        .iter()
        .chain(&derivative.columns[..shown]);
    heads.extend(names.map(|name| (name.as_str(), true)));
    let mut table = Table::new(&heads);
    for row in values.rows.iter().take(ROWS) {
        let mut cells = Vec::new();
        if has_arithmetics {
            cells.push(Cell::new(row.arithmetic.to_string()));
        }
        let numbers = row.at.iter().chain(&row.values[..shown]);
        cells.extend(numbers.map(|number| Cell::new(number.short())));
        table.push(cells);
    }
    let name = table::one_line(&derivative.name);
    let mut text = format!("  {name}");
    if derivative.formula.trim() != derivative.name {
        let formula = table::one_line(derivative.formula.trim());
        text.push_str(&format!("  {FAINT}f = {formula}{FAINT:#}"));
    }
    text.push_str(&format!("\n\n{}", table.render()));
    let more = [
        (values.rows.len().saturating_sub(ROWS), "row"),
        (derivative.columns.len() - shown, "column"),
    ];
    let more = more.into_iter().filter(|(count, _)| *count > 0);
    let more: Vec<String> = more
        .map(|(count, noun)| output::counted(count as u128, &format!("more {noun}")))
        .collect();
    if !more.is_empty() {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  {FAINT}… and {} in {}{FAINT:#}",
            more.join(", "),
            derivative_file(plan, values.derivative)
        );
    }
    text.push('\n');
    text
}

/// What the summary needs of a run.
struct Seen {
    number: u64,
    status: Cow<'static, str>,
    /// The loss, if the run arrived anywhere.
    loss: Option<Scalar>,
    /// The whole result, if it has a row on the terminal.
    shown: Option<Box<RunResult>>,
}

impl Seen {
    fn new(result: &RunResult, shown: &[u64]) -> Self {
        let is_good = !result.is_diverged() && result.loss.to_f64().is_finite();
        Seen {
            number: result.number,
            status: result.status.clone(),
            loss: is_good.then_some(result.loss),
            shown: shown
                .contains(&result.number)
                .then(|| Box::new(result.clone())),
        }
    }
}

/// The results as they are printed: some rows, and what they add up to.
struct Summary<'p> {
    plan: &'p Plan,
    shown: Vec<RunResult>,
    runs: u128,
    statuses: Vec<(Cow<'static, str>, u128)>,
    best: Option<(u64, Scalar)>,
    /// The tables of the derivatives, rendered.
    tables: String,
}

impl<'p> Summary<'p> {
    fn new(plan: &'p Plan) -> Self {
        Summary {
            plan,
            shown: Vec::new(),
            runs: 0,
            statuses: Vec::new(),
            best: None,
            tables: String::new(),
        }
    }

    fn add(&mut self, seen: Seen) {
        self.runs += 1;
        let known = self.statuses.iter_mut();
        match known.into_iter().find(|(status, _)| *status == seen.status) {
            Some((_, count)) => *count += 1,
            None => self.statuses.push((seen.status, 1)),
        }
        if let Some(loss) = seen.loss {
            let is_better = |(_, best): (u64, Scalar)| loss.to_f64() < best.to_f64();
            if self.best.is_none_or(is_better) {
                self.best = Some((seen.number, loss));
            }
        }
        self.shown.extend(seen.shown.map(|shown| *shown));
    }

    fn render(&self, folder: &Path) -> String {
        let plan = self.plan;
        let mut contents = output::contents(plan, self.runs);
        if plan.runs() > 0 {
            let epochs = output::counted(u128::from(plan.greatest_epochs()), "epoch");
            contents.push_str(&format!(", up to {epochs}"));
        }
        let title = &plan.title;
        let mut text = format!("{STRONG}{title}{STRONG:#}  {FAINT}{contents}{FAINT:#}\n\n");
        if plan.runs() > 0 {
            self.render_runs(&mut text);
        }
        text.push_str(&self.tables);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  report in {}", folder.display());
        text
    }

    fn render_runs(&self, text: &mut String) {
        text.push_str(&self.table());
        // Writing to a string cannot fail.
        if let Some(more) = self
            .runs
            .checked_sub(self.shown.len() as u128)
            .filter(|more| *more > 0)
        {
            let _ = writeln!(
                text,
                "  {FAINT}… and {} more in runs.csv{FAINT:#}",
                grouped(more)
            );
        }
        text.push('\n');
        if self.runs > 1 {
            let counts = self.statuses.iter().map(|(status, count)| {
                let style = status_style(status);
                format!("{style}{status} {}{style:#}", grouped(*count))
            });
            let _ = writeln!(text, "  {}", counts.collect::<Vec<_>>().join(", "));
            if let Some((number, loss)) = self.best {
                let label = self.plan.label(&self.plan.run(number));
                let _ = writeln!(
                    text,
                    "  least loss {} in run {number} ({label})",
                    loss.short()
                );
            }
        }
        if self.runs > 1 && !self.tables.is_empty() {
            text.push('\n');
        }
    }

    fn table(&self) -> String {
        let plan = self.plan;
        let has_labels = self.runs > 1;
        let parameters = plan.parameters();
        let shown = if parameters.len() > PARAMETERS {
            &[]
        } else {
            parameters
        };
        let mut heads = vec![("run", true)];
        if has_labels {
            heads.push(("settings", false));
        }
        heads.extend([
            ("result", false),
            ("why", false),
            ("epochs", true),
            ("loss", true),
        ]);
        if plan.has_gap() {
            heads.push(("gap", true));
        }
        heads.extend(shown.iter().map(|name| (name.as_str(), true)));
        let mut table = Table::new(&heads);
        let number = |value: Option<Scalar>| {
            Cell::new(value.map_or_else(String::new, |value| short(value.to_f64())))
        };
        for result in &self.shown {
            let mut row = vec![Cell::new(result.number.to_string())];
            if has_labels {
                row.push(Cell::new(&*result.label));
            }
            row.push(Cell::styled(&*result.status, status_style(&result.status)));
            // That the epochs were spent says all there is to say.
            let is_told = result.status == "epochs spent";
            row.push(Cell::styled(
                if is_told { "" } else { &*result.reason },
                FAINT,
            ));
            row.push(Cell::new(grouped(u128::from(result.epochs_run))));
            row.push(number(Some(result.loss)));
            if plan.has_gap() {
                row.push(number(result.gap));
            }
            row.extend(
                result
                    .parameters
                    .iter()
                    .take(shown.len())
                    .map(|value| number(*value)),
            );
            table.push(row);
        }
        table.render()
    }
}

fn status_style(status: &str) -> anstyle::Style {
    match status {
        "converged" | "fixed point" => GOOD,
        "diverged" => BAD,
        _ => NOTABLE,
    }
}
