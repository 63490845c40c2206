//! `runner plan FILE…`: list the runs and derivatives and count the work, run
//! nothing.

use gradtape::number::{Value, grouped};
use gradtape::plan::{Objective, Plan};

use crate::args::{self, Format};
use crate::failure::Failure;
use crate::output::{self, FAINT, STRONG};
use crate::source::{self, Experiment};
use crate::table::{Cell, Table};

/// So many rows share their column widths, so that a list of any length can be
/// printed as it comes.
const ROWS_AT_ONCE: usize = 1000;

pub fn plan(options: &args::Plan) -> Result<(), Failure> {
    for experiment in &source::load(&options.experiments)? {
        match options.format {
            Format::Text => print_table(experiment, options.gradient),
            Format::Json => print_objects(experiment, options.gradient),
        }
    }
    Ok(())
}

fn print_table(experiment: &Experiment, gradient: bool) {
    let Experiment {
        file,
        plan,
        numbers,
        ..
    } = experiment;
    let (epochs, rows) = (experiment.run_epochs(), experiment.rows());
    let mut contents = output::contents(plan, numbers.len() as u128);
    if plan.runs() > 0 {
        contents.push_str(&format!(
            ", {}, {} in trajectories.csv",
            output::counted(epochs, "epoch"),
            output::counted(rows, "row"),
        ));
    }
    output::results(&format!(
        "{STRONG}{}{STRONG:#}  {FAINT}{file}: {contents}{FAINT:#}\n\n",
        plan.title,
    ));
    if gradient {
        plan.objectives.iter().for_each(print_gradient);
    }
    if plan.runs() > 0 {
        print_runs(plan, numbers);
    }
    if !plan.derivatives.is_empty() {
        print_derivatives(plan);
    }
}

/// The formula of an objective as it was understood, and its gradient.
fn print_gradient(objective: &Objective) {
    let function = &objective.function;
    let mut text = format!("  {STRONG}{}{STRONG:#}\n", objective.name);
    let mut add = |name: &str, formula: &str| {
        text.push_str(&output::wrapped(&format!("{name} = {formula}"), 4, 8));
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
            let what = "    the gradient is too long to be read";
            text.push_str(&format!("{FAINT}{what}{FAINT:#}\n"));
        }
    }
    output::results(&(text + "\n"));
}

fn print_runs(plan: &Plan, numbers: &[u64]) {
    let columns = listed_columns(plan);
    let heads: Vec<(&str, bool)> = std::iter::once(("run", true))
        .chain(
            columns
                .iter()
                .map(|(_, name, is_number)| (*name, *is_number)),
        )
        .collect();
    for numbers in numbers.chunks(ROWS_AT_ONCE) {
        let mut table = Table::new(&heads);
        for number in numbers {
            let run = plan.run(*number);
            let mut row = vec![Cell::new(number.to_string())];
            row.extend(columns.iter().map(|(place, ..)| {
                Cell::new(
                    run.settings[*place]
                        .as_ref()
                        .map_or_else(String::new, Value::short),
                )
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

/// The settings that some run has, with their names and whether they are
/// numbers.
fn listed_columns(plan: &Plan) -> Vec<(usize, &str, bool)> {
    let first = plan.run(0).settings;
    let columns = plan.columns().iter().enumerate().map(|(place, name)| {
        let is_number = first[place]
            .as_ref()
            .is_none_or(|value| value.number().is_some());
        (place, name.as_str(), is_number)
    });
    columns.collect()
}

fn print_objects(experiment: &Experiment, gradient: bool) {
    let plan = &experiment.plan;
    if gradient {
        for objective in &plan.objectives {
            output::results(&(gradtape::report::objective_object(objective) + "\n"));
        }
    }
    for number in &experiment.numbers {
        let run = plan.run(*number);
        output::results(&(gradtape::report::plan_object(plan, &run) + "\n"));
    }
    for derivative in &plan.derivatives {
        output::results(&(gradtape::report::derivative_plan_object(derivative) + "\n"));
    }
}
