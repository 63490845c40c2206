//! The fields of contours that need data, which a report does not have: without these files its
//! charts could not be drawn again.

use super::{PartMaker, ReportFile, Setup, Totals};
use crate::figures::{self, Field, Frame};
use crate::rows::{self, RowReader};
use crate::{CsvFiles, ReportError};
use gradtape_experiment::number::{Precision, Scalar};
use gradtape_experiment::plan::Plan;
use gradtape_experiment::plan::charts::{Chart, Fields};

const COLUMNS: [&str; 4] = ["panel", "x", "y", "loss"];

/// The files.
pub(crate) struct FieldsCsv;

fn file(chart: &Chart) -> String {
    format!("{}.csv", chart.file)
}

/// The charts with such a file, with their places.
fn charts(plan: &Plan) -> impl Iterator<Item = (usize, &Chart)> {
    let charts = plan.charts.iter().enumerate();
    charts.filter(|(_, chart)| chart.needs.fields == Fields::Stored)
}

impl ReportFile for FieldsCsv {
    type Part = ();

    fn names(plan: &Plan) -> Vec<String> {
        charts(plan).map(|(_, chart)| file(chart)).collect()
    }

    fn create(_: &Setup<'_>) -> Result<Self, ReportError> {
        Ok(FieldsCsv)
    }

    fn parts(&self) -> PartMaker<()> {
        Box::new(|| ())
    }

    fn finish(self, totals: &mut Totals<'_>) -> Result<(), ReportError> {
        let plan = totals.plan;
        for (place, chart) in charts(plan) {
            let frames = figures::frames(plan, place, totals.charts);
            // The data are available while an experiment runs.
            let fields = frames.iter().filter_map(|frame| frame.field(plan));
            let fields: Vec<Field> = fields.collect();
            let path = totals.folder.join(file(chart));
            rows::write(&path, &COLUMNS, |writer, digits| {
                for (panel, (frame, field)) in frames.iter().zip(&fields).enumerate() {
                    for ([x, y], value) in frame.points().zip(field) {
                        writer.write_field(digits.whole(panel as u64))?;
                        for number in [x, y, *value] {
                            writer.write_field(digits.scalar(Scalar::F64(number)))?;
                        }
                        writer.write_record(None::<&[u8]>)?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// The fields of a chart: computed, or read from the files of the report if they need data.
pub(super) fn fields(
    plan: &Plan,
    place: usize,
    frames: &[Frame],
    files: &CsvFiles,
) -> Result<Vec<Field>, ReportError> {
    let chart = &plan.charts[place];
    if chart.needs.fields == Fields::Stored {
        return read(files, &file(chart), frames);
    }
    let fields = frames.iter().filter_map(|frame| frame.field(plan));
    Ok(fields.collect())
}

/// Reads the fields of these frames.
fn read(files: &CsvFiles, file: &str, frames: &[Frame]) -> Result<Vec<Field>, ReportError> {
    let mut rows = RowReader::open(files, file, COLUMNS)?;
    let mut fields = Vec::new();
    for (panel, frame) in frames.iter().enumerate() {
        let mut field = Vec::new();
        for [x, y] in frame.points() {
            if !rows.advance()? {
                return Err(rows.damaged_file("the file ends too early"));
            }
            let number = |place| rows.scalar(place, Precision::F64).map(Scalar::to_f64);
            #[expect(clippy::cast_precision_loss, reason = "a few panels")]
            let expected = [panel as f64, x, y];
            for (place, expected) in expected.into_iter().enumerate() {
                if number(place)?.to_bits() != expected.to_bits() {
                    let (name, found) = (COLUMNS[place], rows.text(place));
                    let what = format!("column `{name}` is {found}, expected {expected}");
                    return Err(rows.damaged(what));
                }
            }
            field.push(number(3)?);
        }
        fields.push(field);
    }
    Ok(fields)
}
