//! `runner plan FILE…`: list the runs and count the work, run nothing.

use gradtape::number::Value;
use gradtape::plan::Plan;

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
            Format::Text => print_table(experiment),
            Format::Json => print_objects(experiment),
        }
    }
    Ok(())
}

fn print_table(experiment: &Experiment) {
    let Experiment {
        file,
        plan,
        numbers,
        ..
    } = experiment;
    let rows: u128 = numbers
        .iter()
        .map(|number| u128::from(plan.record.rows(plan.run(*number).epochs)))
        .sum();
    let epochs: u128 = numbers
        .iter()
        .map(|number| u128::from(plan.run(*number).epochs))
        .sum();
    output::results(&format!(
        "{STRONG}{}{STRONG:#}  {FAINT}{file}: {}, {}, {} in trajectories.csv{FAINT:#}\n\n",
        plan.title,
        output::counted(numbers.len() as u128, "run"),
        output::counted(epochs, "epoch"),
        output::counted(rows, "row"),
    ));
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

fn print_objects(experiment: &Experiment) {
    let plan = &experiment.plan;
    for number in &experiment.numbers {
        let run = plan.run(*number);
        output::results(&(gradtape::report::plan_object(plan, &run) + "\n"));
    }
}
