//! The tables of derivatives, one file for each.

use std::path::Path;

use super::{PartMaker, ReportFile, Setup, Totals};
use crate::rows::{self, RowReader};
use crate::{CsvFiles, ReportError};
use gradtape_experiment::derivative::{Row, Table};
use gradtape_experiment::number::Scalar;
use gradtape_experiment::plan::{Arithmetic, Plan};

/// The file name of the table of a derivative, by its place in the plan.
#[must_use]
pub fn derivative_file(plan: &Plan, place: usize) -> String {
    format!("{}.csv", plan.derivatives[place].file)
}

/// The columns of a derivative's table, in order, including the arithmetic if there are several.
pub(crate) fn derivative_columns(plan: &Plan, place: usize) -> Vec<&str> {
    let derivative = &plan.derivatives[place];
    let arithmetic = ["precision", "subnormals"].iter().copied();
    let names = derivative.variables().iter().chain(&derivative.columns);
    arithmetic
        .filter(|_| plan.arithmetics().len() > 1)
        .chain(names.map(String::as_str))
        .collect()
}

/// The files.
pub(crate) struct DerivativesCsv;

impl ReportFile for DerivativesCsv {
    type Part = ();

    fn names(plan: &Plan) -> Vec<String> {
        let places = 0..plan.derivatives.len();
        places.map(|place| derivative_file(plan, place)).collect()
    }

    fn create(_: &Setup<'_>) -> Result<Self, ReportError> {
        Ok(DerivativesCsv)
    }

    fn parts(&self) -> PartMaker<()> {
        Box::new(|| ())
    }

    fn add_table(&mut self, plan: &Plan, folder: &Path, table: &Table) -> Result<(), ReportError> {
        let path = folder.join(derivative_file(plan, table.derivative));
        let columns = derivative_columns(plan, table.derivative);
        let has_arithmetic = plan.arithmetics().len() > 1;
        rows::write(&path, &columns, |writer, digits| {
            for row in &table.rows {
                if has_arithmetic {
                    writer.write_field(row.arithmetic.precision.name())?;
                    writer.write_field(row.arithmetic.subnormals_name())?;
                }
                for scalar in row.at.iter().chain(&row.values) {
                    writer.write_field(digits.scalar(*scalar))?;
                }
                writer.write_record(None::<&[u8]>)?;
            }
            Ok(())
        })
    }

    fn finish(self, _: &mut Totals<'_>) -> Result<(), ReportError> {
        Ok(())
    }
}

/// Reads the table of derivative number `place` of the plan.
///
/// # Errors
///
/// If it cannot be read, or has other columns or rows, with the line.
pub fn read_derivative(files: &CsvFiles, plan: &Plan, place: usize) -> Result<Table, ReportError> {
    let derivative = &plan.derivatives[place];
    let columns = derivative_columns(plan, place);
    let mut reader = RowReader::open(files, &derivative_file(plan, place), columns)?;
    let arithmetics = plan.arithmetics();
    let expected = arithmetics
        .iter()
        .flat_map(|arithmetic| (0..derivative.points).map(move |point| (*arithmetic, point)));
    let mut rows = Vec::new();
    for (arithmetic, point) in expected {
        if !reader.advance()? {
            let rows_expected = arithmetics.len() as u64 * derivative.points;
            let what = format!("it has {} of {rows_expected} rows", rows.len());
            return Err(reader.damaged_file(what));
        }
        let mut at = numbers(&reader, arithmetic)?;
        let values = at.split_off(derivative.variables().len());
        rows.push(Row {
            point,
            arithmetic,
            at,
            values,
        });
    }
    if reader.advance()? {
        return Err(reader.damaged("more rows than expected"));
    }
    Ok(Table {
        derivative: place,
        rows,
    })
}

/// The numbers of a row: the point, then the values.
fn numbers(reader: &RowReader, arithmetic: Arithmetic) -> Result<Vec<Scalar>, ReportError> {
    let mut numbers = Vec::with_capacity(reader.columns().len());
    for (place, name) in reader.columns().iter().enumerate() {
        let word = match name.as_str() {
            "precision" => arithmetic.precision.name(),
            "subnormals" => arithmetic.subnormals_name(),
            _ => {
                numbers.push(reader.scalar(place, arithmetic.precision)?);
                continue;
            }
        };
        let found = reader.text(place);
        if found != word {
            return Err(reader.damaged(format!(
                "column `{name}`: expected `{word}`, found `{found}`"
            )));
        }
    }
    Ok(numbers)
}
