//! How a run that makes all of its epochs moves towards its end, as the engine sees it:
//! whatever `[record]` asks for.

use std::collections::VecDeque;

/// The longest period that is looked for.
pub const MAX_PERIOD: u64 = 64;

/// Number of last states that are looked at: enough for three of the longest periods.
pub(super) const TAIL: u64 = 3 * MAX_PERIOD + 2;

/// Number of parameters that are compared, the first ones: a run that repeats itself does so
/// in each.
pub(super) const WATCHED: usize = 8;

/// States are the same again if they differ by less than this share of the spread of those
/// compared: a descent that swings without a period hardly ever comes back as near for whole
/// periods in a row.
const SAME: f64 = 1e-3;

/// At least this many of the last states are looked at, if there are as many.
const MIN_COMPARED: usize = 4;

/// Motion within so many units in the last place is rounding.
const ROUNDING: f64 = 64.0;

/// The losses of a run at three times, and its last states.
#[derive(Clone, Debug, PartialEq)]
pub struct Closing {
    /// Number of epochs that a mean is over: a 64th of all, at least 1 and at most 16.
    pub length: u64,
    /// The mean loss of some epochs from the middle on.
    pub half: f64,
    /// The same from four fifths of the epochs on.
    pub fifth: f64,
    /// The same of the last ones.
    pub last: f64,
    /// The last states; `None` where the loss is lowest at the end and still falls, since
    /// nothing swings there.
    pub tail: Option<Tail>,
}

/// The last states of a run, at most 194.
#[derive(Clone, Debug, PartialEq)]
pub struct Tail {
    /// After how many epochs they repeat, from 2 up to [`MAX_PERIOD`].
    pub period: Option<u64>,
    /// The smallest and the largest loss of the last half.
    pub losses: [f64; 2],
    /// The largest loss of each quarter, in order.
    pub maxima: [f64; 4],
    /// The mean loss of each quarter.
    pub means: [f64; 4],
    /// The standard deviation of the loss in the last quarter, of few states the last four.
    pub deviation: f64,
    /// Whether each loss among them, which are three or more, is larger than the one before.
    pub is_rising: bool,
    /// The spread of the loss there, as a share of its magnitude.
    pub loss_motion: f64,
    /// The same of the parameter that moves most.
    pub motion: f64,
}

/// The epochs whose losses are averaged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    starts: [u64; 3],
    length: u64,
}

impl Windows {
    /// Those of a run with this number of epochs.
    pub(super) fn new(epochs: u64) -> Self {
        let length = (epochs / 64).clamp(1, 16);
        Windows {
            starts: [
                epochs / 2,
                epochs / 5 * 4 + epochs % 5 * 4 / 5,
                epochs + 1 - length,
            ],
            length,
        }
    }

    /// The first epoch of a window that is not before `epoch`.
    pub(super) fn next(&self, epoch: u64) -> u64 {
        let ends = self.starts.map(|start| start + self.length);
        let next = self.starts.iter().zip(ends);
        let next = next.filter(|(_, end)| epoch < *end);
        next.map(|(start, _)| (*start).max(epoch))
            .min()
            .unwrap_or(u64::MAX)
    }

    /// Adds the loss of an epoch to the sums of the windows that it is in.
    pub(super) fn add(&self, sums: &mut [f64; 3], epoch: u64, loss: f64) {
        for (sum, start) in sums.iter_mut().zip(self.starts) {
            if (start..start + self.length).contains(&epoch) {
                *sum += loss;
            }
        }
    }

    /// The closing of a run with these sums whose smallest loss is in epoch `best`, except
    /// for its tail; and whether it needs one.
    pub(super) fn closing(&self, sums: [f64; 3], epochs: u64, best: u64) -> (Closing, bool) {
        #[expect(clippy::cast_precision_loss, reason = "it is at most 16")]
        let [half, fifth, last] = sums.map(|sum| sum / self.length as f64);
        let falls = best == epochs && last < fifth;
        let closing = Closing {
            length: self.length,
            half,
            fifth,
            last,
            tail: None,
        };
        (closing, !falls)
    }
}

/// The first epoch of the tail of a run.
pub(super) fn tail_start(epochs: u64) -> u64 {
    (epochs + 1).saturating_sub(TAIL)
}

/// Collects the closing of a run whose epochs are seen one by one.
#[derive(Debug)]
pub(super) struct Collector {
    epochs: u64,
    windows: Windows,
    sums: [f64; 3],
    /// The loss and some parameters of the last epochs.
    tail: VecDeque<Vec<f64>>,
    /// The epoch that was seen first.
    first: Option<u64>,
}

impl Collector {
    pub(super) fn new(epochs: u64) -> Self {
        Collector {
            epochs,
            windows: Windows::new(epochs),
            sums: [0.0; 3],
            tail: VecDeque::new(),
            first: None,
        }
    }

    /// The first epoch that it needs which is not before `epoch`.
    pub(super) fn next(&self, epoch: u64) -> u64 {
        self.windows
            .next(epoch)
            .min(tail_start(self.epochs).max(epoch))
    }

    /// Takes the next epoch: the loss and the parameters.
    pub(super) fn look(&mut self, epoch: u64, loss: f64, parameters: impl Iterator<Item = f64>) {
        self.first.get_or_insert(epoch);
        if self.next(epoch) != epoch {
            return;
        }
        self.windows.add(&mut self.sums, epoch, loss);
        if epoch >= tail_start(self.epochs) {
            let state = [loss].into_iter().chain(parameters.take(WATCHED));
            self.tail.push_back(state.collect());
        }
    }

    /// What was collected of a run whose smallest loss is in epoch `best`; `None` if not all
    /// that it needs was seen.
    pub(super) fn finish(mut self, best: u64, epsilon: f64) -> Option<Closing> {
        let needed = self.windows.starts[0].min(tail_start(self.epochs));
        if self.first.is_none_or(|first| first > needed) {
            return None;
        }
        let (mut closing, needs_tail) = self.windows.closing(self.sums, self.epochs, best);
        if needs_tail {
            closing.tail = Tail::of(self.tail.make_contiguous(), epsilon);
        }
        Some(closing)
    }
}

#[cfg(test)]
impl Closing {
    /// That of a run in `f64` with these losses, each with a parameter.
    pub(crate) fn of_history(history: &[(f64, f64)]) -> Closing {
        let epochs = history.len() as u64 - 1;
        let mut collector = Collector::new(epochs);
        let mut best = 0;
        for (epoch, (loss, x)) in history.iter().enumerate() {
            collector.look(epoch as u64, *loss, [*x].into_iter());
            if *loss < history[best].0 {
                best = epoch;
            }
        }
        let closing = collector.finish(best as u64, f64::EPSILON);
        closing.expect("it has seen all")
    }
}

impl Tail {
    /// The tail of these states, each a loss and some parameters, in numbers with this
    /// spacing at 1.
    pub(super) fn of(states: &[Vec<f64>], epsilon: f64) -> Option<Tail> {
        let count = states.len();
        if count == 0 {
            return None;
        }
        let loss = |states: &[Vec<f64>]| states.iter().map(|state| state[0]).collect::<Vec<_>>();
        // One state is in each at least.
        let quarters = [0, 1, 2, 3].map(|place| {
            let (from, to) = (count * place / 4, count * (place + 1) / 4);
            loss(&states[from..to.max(from + 1)])
        });
        // Of few states the last ones, so that there is something to compare.
        let last = &states[(count * 3 / 4).min(count.saturating_sub(MIN_COMPARED))..];
        let losses = loss(last);
        let [(_, loss_motion)] = motions(last, 0..1)[..] else {
            return None;
        };
        let motion = motions(last, 1..last[0].len()).into_iter();
        let motion = motion.fold(0.0, |most: f64, (_, motion)| most.max(motion));
        #[expect(clippy::cast_precision_loss, reason = "there are at most TAIL")]
        let length = losses.len() as f64;
        // Relative to one of them, so that large losses that hardly differ keep digits.
        let mean = mean_above(losses[0], &losses);
        let squares = losses.iter().map(|loss| loss - losses[0] - mean);
        let squares = squares.map(|one| one * one).sum::<f64>();
        let half = loss(&states[count / 2..]).into_iter();
        Some(Tail {
            period: (2..=MAX_PERIOD).find(|period| repeats(states, *period, epsilon)),
            losses: [
                half.clone().fold(f64::INFINITY, f64::min),
                half.fold(f64::NEG_INFINITY, f64::max),
            ],
            maxima: quarters
                .each_ref()
                .map(|part| part.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
            means: quarters.map(|part| part[0] + mean_above(part[0], &part)),
            deviation: (squares / length).sqrt(),
            is_rising: losses.len() >= 3 && losses.is_sorted_by(|one, next| one < next),
            loss_motion,
            motion,
        })
    }
}

/// By how much the mean of some losses is above one of them.
fn mean_above(one: f64, losses: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "there are at most TAIL")]
    let count = losses.len() as f64;
    losses.iter().map(|loss| loss - one).sum::<f64>() / count
}

/// Of some numbers of each state the spread, and that as a share of the largest magnitude.
fn motions(states: &[Vec<f64>], places: std::ops::Range<usize>) -> Vec<(f64, f64)> {
    let motion = |place: usize| {
        let values = states.iter().map(|state| state[place]);
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let greatest = values.fold(f64::NEG_INFINITY, f64::max);
        let (spread, size) = (greatest - least, greatest.abs().max(least.abs()));
        (spread, if spread == 0.0 { 0.0 } else { spread / size })
    };
    places.map(motion).collect()
}

/// Whether each of the states of the last two periods is that of a period before, and the
/// parameters move by more than rounding meanwhile.
fn repeats(states: &[Vec<f64>], period: u64, epsilon: f64) -> bool {
    let period = usize::try_from(period).unwrap_or(usize::MAX);
    // Of short periods some more, as chance is often right for a few.
    let compared = (2 * period).max(16);
    let Some(first) = states.len().checked_sub(compared + period) else {
        return false;
    };
    let states = &states[first..];
    let motions = motions(states, 1..states[0].len());
    let moves = motions
        .iter()
        .any(|(_, motion)| *motion > ROUNDING * epsilon);
    let mut pairs = states.iter().zip(&states[period..]);
    moves
        && pairs.all(|(before, now)| {
            let values = before.iter().zip(now).skip(1).zip(&motions);
            let mut apart = values.map(|((before, now), (spread, _))| (now - before, spread));
            apart.all(|(apart, spread)| apart.abs() <= SAME * spread)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The period and the motion of states made from an epoch.
    fn tail(state: impl Fn(u64) -> Vec<f64>) -> Tail {
        let states: Vec<_> = (0..TAIL).map(state).collect();
        Tail::of(&states, f64::EPSILON).expect("there are states")
    }

    #[test]
    fn cycles_have_their_period_and_other_motion_has_none() {
        for period in 2..=MAX_PERIOD {
            let found = tail(|epoch| {
                let phase = (epoch % period * 7 + 3) % 101;
                vec![1.0, phase as f64, (phase * phase) as f64]
            });
            assert_eq!(found.period, Some(period));
        }
        // Near a cycle, and nearer each time.
        let near = |epoch: u64| {
            vec![
                1.0,
                if epoch % 2 == 0 { 1.0 } else { -1.0 } + libm::pow(0.9, epoch as f64),
            ]
        };
        assert_eq!(tail(near).period, Some(2));
        let rotation = |epoch: u64| {
            let angle = 2.399_963_229_728_653 * epoch as f64;
            vec![1.0, libm::cos(angle), libm::sin(angle)]
        };
        assert_eq!(tail(rotation).period, None);
        let drift = |epoch: u64| vec![1.0, 3.0 + 1e-3 * epoch as f64];
        assert_eq!(tail(drift).period, None);
        let chaos = |epoch: u64| {
            let x = (0..epoch).fold(0.3, |x: f64, _| 3.99 * x * (1.0 - x));
            vec![x, x]
        };
        assert_eq!(tail(chaos).period, None);
        assert_eq!(tail(|epoch| vec![1.0, (epoch % 65) as f64]).period, None);
    }

    #[test]
    fn a_run_that_came_to_rest_has_no_cycle() {
        let rests = |epoch: u64| vec![1.0, libm::pow(0.9, epoch.min(120) as f64)];
        assert_eq!((tail(rests).period, tail(rests).motion), (None, 0.0));
        let nears = |epoch: u64| vec![1.0, libm::pow(0.8, epoch as f64)];
        assert_eq!(tail(nears).period, None);
    }

    #[test]
    fn motion_in_the_last_place_is_no_cycle() {
        let jitter = |epoch: u64| vec![2.0, 3.0 + (epoch % 2) as f64 * 1e-15];
        assert_eq!(tail(jitter).period, None);
        assert_eq!(tail(|_| vec![2.0, 3.0]).period, None);
        assert_eq!(tail(|_| vec![2.0, 0.0]).motion, 0.0);
    }

    #[test]
    fn windows_lie_within_a_run_of_any_length() {
        for epochs in 1..3000 {
            let windows = Windows::new(epochs);
            let mut sums = [0.0; 3];
            let mut epoch = windows.next(0);
            while epoch <= epochs {
                windows.add(&mut sums, epoch, 1.0);
                epoch = windows.next(epoch + 1);
            }
            assert_eq!(sums, [windows.length as f64; 3], "{epochs}");
            let mut seen = Collector::new(epochs);
            (0..=epochs).for_each(|epoch| seen.look(epoch, 1.0, [2.0].into_iter()));
            assert_eq!(seen.sums, sums);
            assert_eq!(seen.tail.len() as u64, TAIL.min(epochs + 1));
        }
    }
}
