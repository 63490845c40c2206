//! Reads `trajectories.csv` from beginning to end, or run by run in any order.

use std::collections::HashMap;
use std::path::PathBuf;

use ::csv::{ByteRecord, Position};

use super::{Files, open, trajectory_columns, unreadable};
use crate::{ReportError, TRAJECTORIES};
use gradtape_experiment::batch::{Quantities, Row};
use gradtape_experiment::number::{Precision, Scalar};
use gradtape_experiment::plan::{Plan, Quantity, Run};

/// Reads the rows of the file; errors have the line.
#[derive(Debug)]
struct Rows {
    path: PathBuf,
    reader: super::Rows,
    columns: Vec<String>,
    /// The number of runs of the plan.
    runs: u64,
    fields: ByteRecord,
}

impl Rows {
    fn open(files: &Files, plan: &Plan) -> Result<Rows, ReportError> {
        let path = files.path(TRAJECTORIES);
        let expected: Vec<&str> = trajectory_columns(plan).collect();
        let reader = open(files, TRAJECTORIES, &expected)?;
        Ok(Rows {
            path,
            reader,
            columns: expected.into_iter().map(str::to_owned).collect(),
            runs: plan.runs(),
            fields: ByteRecord::new(),
        })
    }

    /// Advances to the next row; `false` at the end.
    fn advance(&mut self) -> Result<bool, ReportError> {
        let read = self.reader.read_byte_record(&mut self.fields);
        let read = read.map_err(unreadable(&self.path))?;
        if read && self.fields.len() != self.columns.len() {
            let (found, expected) = (self.fields.len(), self.columns.len());
            return Err(self.damaged(&format!("{found} columns, expected {expected}")));
        }
        Ok(read)
    }

    fn damaged(&self, what: &str) -> ReportError {
        let line = self.fields.position().map_or(0, Position::line);
        ReportError::damaged(&self.path, format!("line {line}: {what}"))
    }

    fn text(&self, place: usize) -> &str {
        let bytes = self.fields.get(place).unwrap_or(b"");
        std::str::from_utf8(bytes).unwrap_or("(not UTF-8)")
    }

    fn wrong(&self, place: usize) -> ReportError {
        let (name, found) = (&self.columns[place], self.text(place));
        self.damaged(&format!(
            "column `{name}`: expected a number, found `{found}`"
        ))
    }

    fn whole(&self, place: usize) -> Result<u64, ReportError> {
        self.text(place).parse().map_err(|_| self.wrong(place))
    }

    fn scalar(&self, place: usize, precision: Precision) -> Result<Scalar, ReportError> {
        let scalar = Scalar::parse(self.text(place), precision);
        scalar.map_err(|_| self.wrong(place))
    }

    fn optional(&self, place: usize, precision: Precision) -> Result<Option<Scalar>, ReportError> {
        match self.text(place) {
            "" => Ok(None),
            _ => self.scalar(place, precision).map(Some),
        }
    }

    /// The number of the run of this row, which must be in the plan.
    fn run(&self) -> Result<u64, ReportError> {
        let number = self.whole(0)?;
        if number < self.runs {
            return Ok(number);
        }
        Err(self.damaged(&format!(
            "run {number}, but the experiment has {}",
            self.runs
        )))
    }
}

/// Reads `trajectories.csv` and passes its rows to `record` run by run.
pub(crate) fn read_trajectories(
    files: &Files,
    plan: &Plan,
    mut begin: impl FnMut(&Run),
    mut record: impl FnMut(&Row<'_>),
) -> Result<(), ReportError> {
    let mut rows = Rows::open(files, plan)?;
    let head = rows.columns.len() - plan.record.parameters.len();
    let mut current: Option<(Run, Vec<Option<usize>>)> = None;
    while rows.advance()? {
        let number = rows.run()?;
        let epoch = rows.whole(1)?;
        if current.as_ref().is_none_or(|(run, _)| run.number != number) {
            let run = plan.run(number);
            let variables = plan.objectives[run.objective].function.parameters();
            let recorded = &plan.record.parameters;
            let place = |name: &String| recorded.iter().position(|known| known == name);
            let places = variables.iter().map(place).collect();
            begin(&run);
            current = Some((run, places));
        }
        let Some((run, places)) = &current else {
            continue;
        };
        let precision = run.precision;
        let mut parameters = Vec::with_capacity(places.len());
        for place in places {
            parameters.push(match place {
                Some(place) => rows.scalar(head + place, precision)?,
                None => Scalar::F64(f64::NAN),
            });
        }
        let mut quantities = Quantities::of_rule(epoch);
        for (place, quantity) in (2..).zip(Quantity::in_trajectories(plan)) {
            if quantity.is_count() {
                quantities.set_count(quantity, rows.whole(place)?);
            } else if quantity.is_of_every_run() {
                quantities.set(quantity, rows.scalar(place, precision)?);
            } else {
                quantities.set(quantity, rows.optional(place, precision)?);
            }
        }
        record(&Row {
            epoch,
            quantities: &quantities,
            parameters: &|place| parameters[place],
        });
    }
    Ok(())
}

/// The state of a run at a recorded epoch: a row of `trajectories.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The number of updates so far.
    pub epoch: u64,
    /// The value in each of [`state_columns`]; `None` if the cell is empty.
    pub values: Vec<Option<Scalar>>,
}

impl State {
    /// The state in a row; `places` are the places of the recorded parameters among the run's
    /// variables.
    #[must_use]
    pub fn new(plan: &Plan, row: &Row<'_>, places: &[Option<usize>]) -> State {
        let quantities = Quantity::in_trajectories(plan);
        let quantities = quantities.map(|quantity| row.quantities.get(quantity));
        let parameters = places.iter().map(|place| place.map(row.parameters));
        State {
            epoch: row.epoch,
            values: quantities.chain(parameters).collect(),
        }
    }

    /// The value at a place among [`state_columns`].
    #[must_use]
    pub fn value(&self, place: usize) -> Option<Scalar> {
        self.values.get(place).copied().flatten()
    }

    /// The states of two runs at the epochs that both have, in order.
    pub fn at_equal_epochs<'s>(
        one: &'s [State],
        other: &'s [State],
    ) -> impl Iterator<Item = (&'s State, &'s State)> {
        let mut one = one.iter().peekable();
        other.iter().filter_map(move |other| {
            while one.next_if(|one| one.epoch < other.epoch).is_some() {}
            let one = one.next_if(|one| one.epoch == other.epoch)?;
            Some((one, other))
        })
    }
}

/// The names of the values of a [`State`], in order.
pub fn state_columns(plan: &Plan) -> impl Iterator<Item = &str> {
    trajectory_columns(plan).skip(2)
}

/// Reads the rows of single runs out of `trajectories.csv`, in any order.
#[derive(Debug)]
pub struct TrajectoryReader {
    rows: Rows,
    /// The position of the first row of each run.
    begins: HashMap<u64, Position>,
    /// The run whose first row was read last, if any: usually it is read next, and seeking back
    /// would read a whole buffer again.
    ahead: Option<u64>,
}

impl TrajectoryReader {
    /// Opens the file in a report of this plan, and scans it once.
    ///
    /// # Errors
    ///
    /// If it cannot be read or is damaged.
    pub fn open(files: &Files, plan: &Plan) -> Result<TrajectoryReader, ReportError> {
        let mut rows = Rows::open(files, plan)?;
        let mut begins = HashMap::new();
        let mut last = None;
        while rows.advance()? {
            let number = rows.run()?;
            if last == Some(number) {
                continue;
            }
            last = Some(number);
            let begin = rows
                .fields
                .position()
                .cloned()
                .unwrap_or_else(Position::new);
            if begins.insert(number, begin).is_some() {
                return Err(rows.damaged(&format!("the rows of run {number} are not consecutive")));
            }
        }
        Ok(TrajectoryReader {
            rows,
            begins,
            ahead: None,
        })
    }

    /// Reads the recorded states of a run in the order of their epochs, none if the file has none.
    ///
    /// # Errors
    ///
    /// If one of its rows is damaged.
    pub fn states(&mut self, number: u64, precision: Precision) -> Result<Vec<State>, ReportError> {
        let rows = &mut self.rows;
        let Some(begin) = self.begins.get(&number) else {
            return Ok(Vec::new());
        };
        let mut is_row = true;
        if self.ahead.take() != Some(number) {
            let sought = rows.reader.seek(begin.clone());
            sought.map_err(unreadable(&rows.path))?;
            is_row = rows.advance()?;
        }
        let mut states = Vec::new();
        while is_row {
            let run = rows.run()?;
            if run != number {
                self.ahead = Some(run);
                break;
            }
            let places = 2..rows.columns.len();
            let values = places.map(|place| rows.optional(place, precision));
            states.push(State {
                epoch: rows.whole(1)?,
                values: values.collect::<Result<_, _>>()?,
            });
            is_row = rows.advance()?;
        }
        Ok(states)
    }
}
