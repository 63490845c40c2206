//! Reads `trajectories.csv` from beginning to end, or run by run in any order.

use std::collections::HashMap;

use super::TrajectoryRows;
use crate::file::Rows;
use crate::rows::{Position, RowReader};
use crate::{CsvFiles, ReportError, TRAJECTORIES};
use gradtape_experiment::batch::{Quantities, Row};
use gradtape_experiment::number::{Precision, Scalar};
use gradtape_experiment::plan::{Plan, Quantity, Run};

fn open(files: &CsvFiles, plan: &Plan) -> Result<RowReader, ReportError> {
    RowReader::open(files, TRAJECTORIES, TrajectoryRows::columns(plan))
}

/// The number of the run of a row, which must be in a plan with this number of runs.
fn run(rows: &RowReader, runs: u64) -> Result<u64, ReportError> {
    let number = rows.whole(0)?;
    if number < runs {
        return Ok(number);
    }
    Err(rows.damaged(format!("run {number}, but the experiment has {runs}")))
}

/// Reads `trajectories.csv` and passes its rows to `record` run by run.
pub(crate) fn read_trajectories(
    files: &CsvFiles,
    plan: &Plan,
    mut begin: impl FnMut(&Run),
    mut record: impl FnMut(&Row<'_>),
) -> Result<(), ReportError> {
    let mut rows = open(files, plan)?;
    let head = rows.columns().len() - plan.record.parameters.len();
    let mut current: Option<(Run, Vec<Option<usize>>)> = None;
    while rows.advance()? {
        let number = run(&rows, plan.runs.count())?;
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
            rows.set(&mut quantities, quantity, place, precision)?;
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
        let quantities =
            Quantity::in_trajectories(plan).map(|quantity| row.quantities.get(quantity));
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
    TrajectoryRows::columns(plan).into_iter().skip(2)
}

/// Reads the rows of single runs out of `trajectories.csv`, in any order.
#[derive(Debug)]
pub struct TrajectoryReader {
    rows: RowReader,
    /// The number of runs of the plan.
    runs: u64,
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
    pub fn open(files: &CsvFiles, plan: &Plan) -> Result<TrajectoryReader, ReportError> {
        let mut rows = open(files, plan)?;
        let mut begins = HashMap::new();
        let mut last = None;
        while rows.advance()? {
            let number = run(&rows, plan.runs.count())?;
            if last == Some(number) {
                continue;
            }
            last = Some(number);
            if begins.insert(number, rows.position()).is_some() {
                return Err(rows.damaged(format!("the rows of run {number} are not consecutive")));
            }
        }
        Ok(TrajectoryReader {
            rows,
            runs: plan.runs.count(),
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
            rows.seek(begin)?;
            is_row = rows.advance()?;
        }
        let mut states = Vec::new();
        while is_row {
            let run = run(rows, self.runs)?;
            if run != number {
                self.ahead = Some(run);
                break;
            }
            let places = 2..rows.columns().len();
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
