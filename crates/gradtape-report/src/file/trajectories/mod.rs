//! `trajectories.csv`: a row for each recorded epoch. Most of the bytes of most reports.

mod reader;

use std::io;
use std::sync::Arc;

use super::{FilePart, Rows};
use crate::TRAJECTORIES;
use crate::buffer::{BufferPool, TextBuffer};
use gradtape_experiment::batch::Row;
use gradtape_experiment::number::{Digits, Scalar};
use gradtape_experiment::plan::{Plan, Quantity, Run};

pub(crate) use reader::read_trajectories;
pub use reader::{State, TrajectoryReader, state_columns};

/// The rows of some runs, formatted while these are computed.
///
/// A cell here is a number or empty. Numbers never need quotes, so rows are put
/// together without `csv::Writer`, which would look at every byte.
pub(crate) struct TrajectoryRows {
    text: TextBuffer,
    digits: Digits,
    /// Whether there is a column for the evaluations.
    has_searches: bool,
    /// The number of the run, and a comma.
    run: Vec<u8>,
    /// The cells after the count of epochs, and their text, each with its comma in front. Up to
    /// the first cell that changes, a row has the text of the row before: most runs have a
    /// constant learning rate, and a run at a fixed point has the same numbers in every epoch.
    cells: Vec<Cell>,
    rest: RowEnd,
}

/// A cell of the previous row.
struct Cell {
    content: CellContent,
    value: Option<Scalar>,
    /// The end of its text.
    end: usize,
}

/// What a cell shows.
enum CellContent {
    Quantity(Quantity),
    /// The recorded parameter with this place among the run's variables, if it has it.
    Parameter(Option<usize>),
}

impl Rows for TrajectoryRows {
    const FILE: &str = TRAJECTORIES;

    fn columns(plan: &Plan) -> Vec<&str> {
        let quantities = Quantity::in_trajectories(plan).map(|one| -> &str { one.name() });
        let parameters = plan.record.parameters.iter().map(String::as_str);
        let head = ["run", "epoch"].into_iter().chain(quantities);
        head.chain(parameters).collect()
    }

    fn new(pool: &Arc<BufferPool>) -> Self {
        TrajectoryRows {
            text: TextBuffer::new(pool),
            digits: Digits::default(),
            has_searches: false,
            run: Vec::new(),
            cells: Vec::new(),
            rest: RowEnd::default(),
        }
    }

    fn into_text(self) -> io::Result<TextBuffer> {
        Ok(self.text)
    }
}

impl FilePart for TrajectoryRows {
    fn begin(&mut self, plan: &Plan, run: &Run) {
        self.run.clear();
        self.run
            .extend_from_slice(self.digits.whole(run.number).as_bytes());
        self.run.push(b',');
        self.has_searches = plan.has_searches();
        let variables = plan.objectives[run.objective].function.parameters();
        let place = |name: &String| variables.iter().position(|variable| variable == name);
        let quantities = Quantity::in_trajectories(plan)
            .filter(|one| !one.is_count())
            .map(CellContent::Quantity);
        let parameters = plan.record.parameters.iter().map(place);
        let contents = quantities.chain(parameters.map(CellContent::Parameter));
        // The row before the first one has only empty cells.
        let cells = contents.zip(1..).map(|(content, end)| Cell {
            content,
            value: None,
            end,
        });
        self.cells.clear();
        self.cells.extend(cells);
        self.rest.make_room(self.cells.len());
        self.cells.iter().for_each(|_| self.rest.put(b","));
    }

    fn record(&mut self, row: &Row<'_>) {
        let (mut start, mut has_changed) = (0, false);
        for cell in &mut self.cells {
            let value = match cell.content {
                CellContent::Quantity(quantity) => row.quantities.get(quantity),
                CellContent::Parameter(place) => place.map(|place| (row.parameters)(place)),
            };
            if has_changed || !is_same(value, cell.value) {
                if !has_changed {
                    self.rest.truncate(start);
                    has_changed = true;
                }
                self.rest.put(b",");
                if let Some(value) = value {
                    self.rest.put(self.digits.scalar(value).as_bytes());
                }
                cell.value = value;
                cell.end = self.rest.end;
            }
            start = cell.end;
        }
        let line = self.text.end();
        line.extend_from_slice(&self.run);
        line.extend_from_slice(self.digits.whole(row.epoch).as_bytes());
        if self.has_searches {
            line.push(b',');
            let evaluations = row.quantities.count(Quantity::Evaluations);
            line.extend_from_slice(self.digits.whole(evaluations).as_bytes());
        }
        line.extend_from_slice(self.rest.bytes());
        line.push(b'\n');
    }
}

/// The end of a row, put together from many short cells: faster than in a
/// `Vec`, where each would be a call of `memcpy` and a look at the capacity.
#[derive(Default)]
struct RowEnd {
    room: Vec<u8>,
    end: usize,
}

impl RowEnd {
    /// A cell with its separator: a number has at most 24 characters.
    const CELL: usize = 32;

    fn make_room(&mut self, cells: usize) {
        self.room.resize(cells * RowEnd::CELL, 0);
        self.end = 0;
    }

    fn truncate(&mut self, end: usize) {
        self.end = end;
    }

    #[inline]
    fn put(&mut self, cell: &[u8]) {
        /// Of a known size, both are single instructions; they overlap.
        fn both_ends<const SIZE: usize>(room: &mut [u8], cell: &[u8]) {
            room[..SIZE].copy_from_slice(&cell[..SIZE]);
            let from = cell.len() - SIZE;
            room[from..from + SIZE].copy_from_slice(&cell[from..]);
        }
        let room = &mut self.room[self.end..];
        match cell.len() {
            1 => room[0] = cell[0],
            8..16 => both_ends::<8>(room, cell),
            16..=32 => both_ends::<16>(room, cell),
            length => room[..length].copy_from_slice(cell),
        }
        self.end += cell.len();
    }

    fn bytes(&self) -> &[u8] {
        &self.room[..self.end]
    }
}

/// Whether two values have the same text.
fn is_same(one: Option<Scalar>, other: Option<Scalar>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.is_same(other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{ReportFile, RowFile};
    use crate::rows;
    use gradtape_experiment::batch::Quantities;

    const SOURCE: &str = r#"
        epochs = 1
        precision = ["f32", "f64"]
        [[objective]]
        formula = "x^2 + y^2"
        start = { x = 1, y = 1 }
        [[objective]]
        formula = "z^2"
        start = { z = 1 }
        [[optimizer]]
        method = "sgd"
        learning_rate = [0.1, 1e-300]
    "#;

    /// Numbers of every form, each with itself and with its neighbour.
    fn nasty() -> Vec<f64> {
        let mut numbers = vec![0.0, -0.0, 1.0, -1.5, 0.1, 1e-5, 1e15, 1e16, 1e17, 1e22];
        numbers.extend([f64::MAX, f64::MIN_POSITIVE, 5e-324, -2.5e-320]);
        numbers.extend([f64::INFINITY, f64::NEG_INFINITY, f64::NAN]);
        numbers.iter().flat_map(|number| [*number; 2]).collect()
    }

    #[test]
    fn rows_are_as_the_csv_crate_writes_them_and_read_back() {
        let plan = Plan::new("test.toml", SOURCE).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut file =
            super::super::tests::created::<RowFile<TrajectoryRows>>(&plan, folder.path());
        let mut text = file.parts()();
        let columns = TrajectoryRows::columns(&plan);
        let mut expected = rows::line(&columns).unwrap();
        for run in (0..plan.runs.count()).map(|number| plan.run(number)) {
            text.begin(&plan, &run);
            let scalar = |value: f64| match run.precision {
                gradtape_experiment::number::Precision::F32 => Scalar::F32(value as f32),
                gradtape_experiment::number::Precision::F64 => Scalar::F64(value),
            };
            let numbers = nasty();
            for (epoch, &loss) in numbers.iter().enumerate() {
                let parameter = |place| scalar(numbers[(epoch / 4 + place) % numbers.len()]);
                let mut quantities = Quantities::default();
                quantities.set(Quantity::LearningRate, scalar(numbers[epoch / 8]));
                quantities.set(Quantity::Loss, scalar(loss));
                quantities.set(Quantity::GradientNorm, scalar(-loss));
                let row = Row {
                    epoch: epoch as u64 * 1_000_003,
                    quantities: &quantities,
                    parameters: &parameter,
                };
                text.record(&row);
                let variables = plan.objectives[run.objective].function.parameters();
                let mut fields = vec![run.number.to_string(), row.epoch.to_string()];
                fields.extend(
                    [
                        row.quantities
                            .get(Quantity::LearningRate)
                            .expect("sgd has one"),
                        row.quantities.loss(),
                        row.quantities.gradient_norm(),
                    ]
                    .map(|x| x.to_string()),
                );
                fields.extend(plan.record.parameters.iter().map(|name| {
                    let place = variables.iter().position(|variable| variable == name);
                    place.map_or_else(String::new, |place| parameter(place).to_string())
                }));
                let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
                expected.extend(rows::line(&fields).unwrap());
            }
        }
        file.append(text).unwrap();
        drop(file);
        let bytes = std::fs::read(folder.path().join(TRAJECTORIES)).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            String::from_utf8_lossy(&expected)
        );
        let mut rows = 0;
        let files = crate::CsvFiles::open(folder.path(), &plan);
        read_trajectories(&files, &plan, |_| (), |_| rows += 1).unwrap();
        assert_eq!(rows, plan.runs.count() * nasty().len() as u64);
    }
}
