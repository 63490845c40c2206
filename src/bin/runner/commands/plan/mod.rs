//! `runner plan FILE…`: list the runs and derivatives and count the work, without running
//! anything.

mod estimate;

use gradtape_experiment::number::{Value, counted, grouped};
use gradtape_experiment::plan::{Objective, Plan};
use gradtape_experiment::text::printable;
use gradtape_report::{derivative_plan_object, objective_object, plan_line, plan_object};

use super::contents::{classes, contents};
use crate::args::{self, PlanFormat};
use crate::experiment::{self, Experiment};
use crate::failure::Failure;
use crate::interruption;
use crate::terminal::{Cell, FAINT, STRONG, Table, output, progress, text};
use crate::threads;
use estimate::Estimate;

/// The number of rows that share column widths, so that a list of any length can be printed as
/// it comes.
const ROWS_AT_ONCE: usize = 1000;

pub fn plan(options: &args::Plan) -> Result<(), Failure> {
    let experiments = experiment::load(&options.experiments)?;
    if options.format == PlanFormat::Csv && (experiments.len() > 1 || options.gradient) {
        let what = "`--format csv` accepts a single file and no `--gradient`";
        return Err(Failure::Usage(what.to_owned()));
    }
    let mut interruption = None;
    if options.estimate {
        interruption = Some(interruption::control()?);
        threads::start(None, experiment::useful_threads(&experiments))?;
    }
    for experiment in while_read(&experiments) {
        let estimate = interruption.as_ref().map(|interruption| {
            let what = "computing a sample of the runs";
            progress::show_step(&experiment.file, what, false, || {
                estimate::estimate(experiment, interruption)
            })
        });
        let estimate = estimate.transpose()?;
        match options.format {
            PlanFormat::Text => print_table(experiment, options.gradient, estimate),
            PlanFormat::Json => print_objects(experiment, options.gradient, estimate),
            PlanFormat::Csv => print_csv(experiment),
        }
    }
    Ok(())
}

/// The items until the reader of the results has ended.
fn while_read<I: IntoIterator>(items: I) -> impl Iterator<Item = I::Item> {
    items.into_iter().take_while(|_| output::has_reader())
}

fn print_table(experiment: &Experiment, gradient: bool, estimate: Option<Estimate>) {
    let (plan, numbers) = (&experiment.plan, &experiment.numbers);
    let (epochs, rows) = (experiment.run_epochs(), experiment.rows());
    let mut contents = contents(plan, numbers.len() as u128);
    if plan.runs.count() > 0 {
        contents.push_str(&format!(
            ", {}, {} in trajectories.csv",
            counted(epochs, "epoch"),
            counted(rows, "row"),
        ));
    }
    output::results(&format!(
        "{STRONG}{}{STRONG:#}  {FAINT}{}: {contents}{FAINT:#}\n",
        printable(&plan.title),
        printable(&experiment.file),
    ));
    output::results(&classes(plan));
    if let Some(estimate) = estimate {
        output::results(&format!("  {}\n", in_words(estimate, numbers.len())));
    }
    output::results("\n");
    if gradient {
        plan.objectives.iter().for_each(print_gradient);
    }
    if plan.runs.count() > 0 {
        print_runs(plan, numbers);
    }
    if !plan.derivatives.is_empty() {
        print_derivatives(plan);
    }
}

/// The estimate in a line.
fn in_words(estimate: Estimate, runs: usize) -> String {
    let time = match estimate.seconds {
        seconds if seconds < 1.0 => "less than a second".to_owned(),
        seconds => format!("about {}", progress::short_duration(seconds)),
    };
    let bytes = match estimate.bytes {
        Some(bytes) => format!("about {}", in_bytes(bytes)),
        None => "size unknown: the sample did not finish in time".to_owned(),
    };
    let part = match estimate.runs {
        part if part == runs => "all runs".to_owned(),
        part => format!("{} of {}", grouped(part as u128), counted(runs, "run")),
    };
    format!("time {time}, report {bytes}  {FAINT}measured on this machine with {part}{FAINT:#}")
}

/// A number of bytes with two or three digits.
fn in_bytes(bytes: f64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB")];
    let fitting = units.into_iter().find(|(unit, _)| bytes >= *unit);
    let (unit, name) = fitting.unwrap_or((1e3, "kB"));
    let digits = usize::from(bytes / unit < 10.0);
    format!("{:.digits$} {name}", bytes / unit)
}

/// The formula of an objective as it was understood, and its gradient.
fn print_gradient(objective: &Objective) {
    let function = &objective.function;
    let mut text = format!("  {STRONG}{}{STRONG:#}\n", printable(&objective.name));
    let mut add = |name: &str, formula: &str| {
        let definition = printable(format!("{name} = {formula}"));
        text.push_str(&text::wrap(&definition, 4, 8));
    };
    for (name, formula) in function.definitions() {
        add(name, &formula.to_string());
    }
    add("f", &function.formula().to_string());
    match function.gradient_text() {
        Some(gradient) => {
            for (name, formula) in &gradient.names {
                add(name, formula);
            }
            for (name, formula) in &gradient.derivatives {
                add(&format!("df/d{name}"), formula);
            }
        }
        None => {
            let what = "    the gradient is too long to show";
            text.push_str(&format!("{FAINT}{what}{FAINT:#}\n"));
        }
    }
    output::results(&(text + "\n"));
}

/// The runs with their numbers, labels and varying settings. Settings that are the same in all
/// runs are listed once; those of a single objective or optimizer are implied by its name.
fn print_runs(plan: &Plan, numbers: &[u64]) {
    let names = plan.columns().iter().enumerate();
    let same = names.filter_map(|(place, name)| {
        let value = plan.constant(place)?;
        Some(format!("{name} {}", value.short()))
    });
    let same: Vec<String> = same.collect();
    if !same.is_empty() {
        let same = format!("same in all runs: {}", same.join(", "));
        let same = text::wrap(&printable(same), 2, 4);
        output::results(&format!("{FAINT}{same}{FAINT:#}\n"));
    }
    let names = plan.columns().iter().enumerate();
    let varying = names.filter(|(_, name)| plan.varies(name));
    let varying: Vec<(usize, &String)> = varying.collect();
    let first = plan.run(0).settings;
    let mut heads = vec![("run", true), ("label", false)];
    heads.extend(varying.iter().map(|(place, name)| {
        let setting = first[*place].as_ref();
        (
            name.as_str(),
            setting.is_none_or(|value| value.number().is_some()),
        )
    }));
    for numbers in while_read(numbers.chunks(ROWS_AT_ONCE)) {
        let mut table = Table::new(&heads);
        for number in numbers {
            let run = plan.run(*number);
            let mut row = vec![Cell::new(number.to_string()), Cell::new(plan.label(&run))];
            row.extend(varying.iter().map(|(place, _)| {
                let setting = run.settings[*place].as_ref();
                Cell::new(setting.map_or_else(String::new, Value::short))
            }));
            table.push(row);
        }
        output::results(&table.render());
    }
    output::results("\n");
}

fn print_derivatives(plan: &Plan) {
    let heads = [
        ("derivative", false),
        ("formula", false),
        ("points", true),
        ("order", true),
        ("columns", false),
    ];
    let mut table = Table::new(&heads);
    for derivative in &plan.derivatives {
        let points = u128::from(derivative.points) * plan.arithmetics().len() as u128;
        table.push(vec![
            Cell::new(&*derivative.name),
            Cell::new(&*derivative.formula),
            Cell::new(grouped(points)),
            Cell::new(derivative.order.to_string()),
            Cell::new(derivative.columns.join(", ")),
        ]);
    }
    output::results(&(table.render() + "\n"));
}

fn print_objects(experiment: &Experiment, gradient: bool, estimate: Option<Estimate>) {
    let plan = &experiment.plan;
    let print = |object: &str| output::results(&experiment.line(object));
    if let Some(estimate) = estimate {
        let bytes = estimate
            .bytes
            .map_or("null".to_owned(), |bytes| format!("{bytes:.0}"));
        print(&format!(
            "{{\"estimate\":{{\"seconds\":{:.3},\"bytes\":{bytes},\"computed_runs\":{}}}}}",
            estimate.seconds, estimate.runs
        ));
    }
    if gradient {
        for objective in &plan.objectives {
            print(&objective_object(objective));
        }
    }
    for number in while_read(&experiment.numbers) {
        let run = plan.run(*number);
        print(&plan_object(plan, &run));
    }
    for derivative in &plan.derivatives {
        print(&derivative_plan_object(derivative));
    }
}

fn print_csv(experiment: &Experiment) {
    let (plan, numbers) = (&experiment.plan, &experiment.numbers);
    output::results(&plan_line(plan, None));
    for numbers in while_read(numbers.chunks(ROWS_AT_ONCE)) {
        let line = |number: &u64| plan_line(plan, Some(&plan.run(*number)));
        output::results(&numbers.iter().map(line).collect::<String>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_short() {
        let shown = [512.0, 2_345.0, 15_000.0, 106e6, 2.5e9, 3e15].map(in_bytes);
        assert_eq!(
            shown,
            ["0.5 kB", "2.3 kB", "15 kB", "106 MB", "2.5 GB", "3000 TB"]
        );
    }
}
