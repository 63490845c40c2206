//! Charts of changed runs next to their recorded versions.

use super::check::Check;
use crate::baseline::StateRecorder;
use crate::{ReportError, State, state_columns};
use gradtape_chart::{Axis, Colour, Figure, Key, Line, Panel, Scale};
use gradtape_experiment::batch::{self, Cancelled, Control};

/// The recorded and the current path of a run.
#[derive(Clone, Debug)]
pub struct Overlay {
    /// The number of the run.
    pub run: u64,
    /// A quantity over the epochs, as recorded and now: the loss if it changed, otherwise the
    /// first recorded quantity that did, otherwise the loss.
    pub both: Figure,
    /// The difference of the two; `None` if there is none.
    pub apart: Option<Figure>,
}

/// The quantity that is shown if it changed, or if none did.
const LOSS: &str = "loss";

/// Maximum number of points of a line that are marked; more would run together.
const MAX_MARKED: usize = 60;

/// Values that differ by more than this are drawn over a logarithmic axis.
const WIDE: f64 = 100.0;

impl Check<'_> {
    /// Draws the runs `numbers` next to their recorded versions; a run that was not recorded has
    /// no entry.
    ///
    /// # Errors
    ///
    /// If the report is damaged, or the work was cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_experiment::batch::Control;
    /// use gradtape_report::experiment::Check;
    /// use gradtape_experiment::plan::Plan;
    ///
    /// let source = std::fs::read_to_string("../../experiments/learning_rates.toml")?;
    /// let plan = Plan::new("learning_rates.toml", &source)?;
    /// let check = Check::open(&plan, "../../reports/learning_rates".as_ref())?;
    /// let overlays = check.overlays(&[3], &Control::default())?;
    /// assert_eq!(overlays[0].both.title, "loss as recorded and now");
    /// assert!(overlays[0].apart.is_none(), "it has not moved");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn overlays(
        &self,
        numbers: &[u64],
        control: &Control,
    ) -> Result<Vec<Overlay>, ReportError> {
        let plan = self.plan;
        let Some(recorded) = self.recorded.as_ref().filter(|_| plan.runs.count() > 0) else {
            return Ok(Vec::new());
        };
        let known = recorded.counterparts(plan, numbers).into_iter();
        let known = numbers.iter().copied().zip(known);
        let pairs: Vec<(u64, u64)> = known.filter_map(|(now, old)| Some((now, old?))).collect();
        let numbers: Vec<u64> = pairs.iter().map(|(now, _)| *now).collect();
        let mut states = Vec::new();
        let trace = || StateRecorder::new(plan);
        batch::run(plan, &numbers, trace, control, |_, trace| {
            states.extend(trace.into_runs());
            Ok::<(), Cancelled>(())
        })?;
        let mut reader = recorded.trajectories()?;
        // Only quantities that both have can be drawn together.
        let before: Vec<&str> = state_columns(recorded.plan()).collect();
        let columns = state_columns(plan).enumerate().filter_map(|(now, name)| {
            let old = before.iter().position(|known| *known == name)?;
            Some(Quantity { name, old, now })
        });
        let columns: Vec<Quantity<'_>> = columns.collect();
        let mut overlays = Vec::new();
        for ((number, old), now) in pairs.into_iter().zip(states) {
            let run = plan.run(number);
            let old = reader.states(old, run.precision)?;
            let Some(column) = moved(&columns, &old, &now) else {
                continue;
            };
            let label = format!("run {number} ({})", plan.label(&run));
            overlays.push(Overlay {
                run: number,
                both: both(column, &label, &old, &now),
                apart: apart(column, &label, &old, &now),
            });
        }
        Ok(overlays)
    }
}

/// A recorded quantity, and where the states of both reports have it.
#[derive(Clone, Copy)]
struct Quantity<'p> {
    name: &'p str,
    old: usize,
    now: usize,
}

impl Quantity<'_> {
    /// Its values over the epochs.
    fn points(states: &[State], place: usize) -> Vec<[f64; 2]> {
        let points = states
            .iter()
            .filter_map(|state| Some([epoch(state), state.value(place)?.to_f64()]));
        points.collect()
    }

    /// The difference of the two, in the epochs that both have.
    fn distances(self, old: &[State], now: &[State]) -> Vec<[f64; 2]> {
        let pairs = State::at_equal_epochs(old, now);
        let distances = pairs.filter_map(|(before, after)| {
            let distance = after.value(self.now)?.to_f64() - before.value(self.old)?.to_f64();
            Some([epoch(after), distance.abs()])
        });
        distances.collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "epochs are below 2^53")]
fn epoch(state: &State) -> f64 {
    state.epoch as f64
}

/// The column to draw.
fn moved<'c, 'p>(
    columns: &'c [Quantity<'p>],
    old: &[State],
    now: &[State],
) -> Option<Quantity<'p>> {
    let has_moved = |column: &&'c Quantity<'p>| {
        let distances = column.distances(old, now);
        // NaN is far away from everything.
        distances.iter().any(|[_, distance]| *distance != 0.0)
    };
    let loss = columns.iter().find(|column| column.name == LOSS);
    let moved = loss.into_iter().chain(columns).find(has_moved);
    moved.or(loss).copied()
}

fn both(column: Quantity<'_>, label: &str, old: &[State], now: &[State]) -> Figure {
    let lines: Vec<Line> = [(old, column.old), (now, column.now)]
        .into_iter()
        .enumerate()
        .map(|(place, (states, of))| {
            Line::new(Quantity::points(states, of), Colour::Category(place))
        })
        .collect();
    Figure {
        title: format!("{} as recorded and now", column.name),
        subtitle: Some(label.to_owned()),
        x: Axis::new("epoch", Scale::Linear),
        y: Axis::new(column.name, scale(&lines)),
        panels: vec![Panel::of_lines(lines)],
        key: Key::Legend {
            title: None,
            entries: vec!["recorded".to_owned(), "now".to_owned()],
        },
        description: format!("{} of {label} by epoch, recorded and now", column.name),
    }
}

fn apart(column: Quantity<'_>, label: &str, old: &[State], now: &[State]) -> Option<Figure> {
    let mut line = Line::new(column.distances(old, now), Colour::Category(0));
    if line.points.iter().all(|[_, distance]| *distance == 0.0) {
        return None;
    }
    line.dots = line.points.len() <= MAX_MARKED;
    let last = line.points.last().map_or(0.0, |[epoch, _]| *epoch);
    Some(Figure {
        title: format!("{}: difference from the recorded run", column.name),
        subtitle: Some(label.to_owned()),
        // A logarithmic axis omits zero differences, but the epochs stay in range.
        x: Axis {
            range: Some([0.0, last]),
            ..Axis::new("epoch", Scale::Linear)
        },
        y: Axis::new("|now − recorded|", Scale::Log),
        panels: vec![Panel::of_lines(vec![line])],
        key: Key::None,
        description: format!(
            "difference of {} of {label} from the recorded run",
            column.name
        ),
    })
}

/// Logarithmic where values are above zero and far apart.
fn scale(lines: &[Line]) -> Scale {
    let values = lines.iter().flat_map(|line| &line.points);
    let values = values
        .map(|point| point[1])
        .filter(|value| value.is_finite());
    let (least, greatest) = values.fold((f64::INFINITY, 0.0_f64), |(least, greatest), value| {
        (least.min(value), greatest.max(value))
    });
    if least > 0.0 && greatest / least > WIDE {
        Scale::Log
    } else {
        Scale::Linear
    }
}
