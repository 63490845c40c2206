//! The motion of a run towards its end, as the engine sees it: independent of `[record]`.

use std::collections::VecDeque;

/// The longest period that is looked for.
pub const MAX_PERIOD: u64 = 64;

/// Maximum number of variables for which a diagnosis makes a quadratic model at the end of a
/// run: the time for it grows with the third power of their number.
pub const MAX_MODELLED: usize = 30;

/// A run is looked at in this many steps of equal length.
const STEPS: u64 = 64;

/// Number of last states that are looked at: enough for two of the longest periods.
pub(super) const TAIL: u64 = 2 * MAX_PERIOD + 2;

/// Number of parameters that are compared one by one, the first ones.
const WATCHED: usize = 8;

/// States are the same again if they differ by less than this share of the spread of those
/// compared: a descent that swings without a period hardly ever comes back as near for
/// consecutive whole periods.
const SAME: f64 = 1e-3;

/// And by less than this after as many periods as there are: else it drifts.
const SAME_AFTER_ALL: f64 = 1e-2;

/// At least this many states are compared, as chance is often right for a few.
const MIN_COMPARED: usize = 16;

/// A mean of a few losses that is lower than the one before by this many standard deviations
/// of a loss is lower by more than noise.
const NOISE: f64 = 2.0;

/// Motion of no more than this share, in numbers with this spacing at 1, is rounding: 64 units
/// in the last place, or the rest of a swing that rounding keeps from dying out.
#[must_use]
pub fn rounding_motion(epsilon: f64) -> f64 {
    (64.0 * epsilon).max(1e-12)
}

/// The losses during a run, and its last states.
#[derive(Clone, Debug, PartialEq)]
pub struct Closing {
    /// The losses at evenly spaced epochs, the first and the last among them: 65, or all of
    /// a shorter run.
    pub losses: Vec<f64>,
    /// The last states; `None` where the loss clearly falls.
    pub tail: Option<Tail>,
}

/// The last states of a run, at most 130.
#[derive(Clone, Debug, PartialEq)]
pub struct Tail {
    /// The number of epochs after which they repeat, from 2 to [`MAX_PERIOD`].
    pub period: Option<u64>,
    /// The smallest and the largest loss of the last half.
    pub losses: [f64; 2],
    /// The mean loss of each quarter.
    pub means: [f64; 4],
    /// The standard deviation of the loss in the last quarter, at least the last four states.
    pub deviation: f64,
    /// The spread of the loss there, as a share of its magnitude.
    pub loss_motion: f64,
    /// The same for the parameter that moves most.
    pub motion: f64,
}

/// The epochs at which the loss of a run is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    epochs: u64,
}

impl Steps {
    pub(super) fn new(epochs: u64) -> Self {
        Steps { epochs }
    }

    /// The first of them that is not before `epoch`.
    pub(super) fn next(self, epoch: u64) -> u64 {
        let steps = u128::from(STEPS.min(self.epochs).max(1));
        let (epoch, epochs) = (u128::from(epoch), u128::from(self.epochs));
        let step = (epoch * steps).div_ceil(epochs.max(1));
        // The step before may have been rounded down to the same epoch.
        let found = [step.saturating_sub(1), step]
            .map(|step| step * epochs / steps)
            .into_iter()
            .find(|found| *found >= epoch);
        let found = found.unwrap_or_else(|| (step + 1) * epochs / steps);
        u64::try_from(found).unwrap_or(u64::MAX)
    }

    /// Whether a run with these losses there, whose smallest one is in epoch `best`, needs a
    /// tail: unless it only falls, or has its smallest loss in the last eighth and falls by
    /// more than noise.
    pub(super) fn needs_tail(self, losses: &[f64], best: u64) -> bool {
        if best == self.epochs && losses.is_sorted_by(|one, next| one > next) {
            return false;
        }
        let half = &losses[losses.len() / 2..];
        if half.len() < 16 || best < self.epochs - self.epochs / 8 {
            return true;
        }
        let parts = quarters(half);
        let means = parts.map(mean);
        let noise = NOISE * deviation(parts[3]);
        let falls = means.is_sorted_by(|one, next| one > next) && means[2] - means[3] > noise;
        !falls
    }

    /// The first epoch of the tail.
    pub(super) fn tail_start(self) -> u64 {
        (self.epochs + 1).saturating_sub(TAIL)
    }
}

/// Appends a state: the loss and what is compared of the parameters, the first ones, and of
/// all others a sum with weights that hardly ever cancel.
pub(super) fn push_state(states: &mut Vec<f64>, loss: f64, parameters: impl Iterator<Item = f64>) {
    states.push(loss);
    let mut rest = None;
    for (place, x) in parameters.enumerate() {
        if place < WATCHED {
            states.push(x);
        } else {
            #[expect(clippy::cast_precision_loss, reason = "it is below 1024")]
            let weight = 1.0 + (place.wrapping_mul(619) % 1024) as f64;
            *rest.get_or_insert(0.0) += weight * x;
        }
    }
    states.extend(rest);
}

/// The length of a state with this number of parameters.
pub(super) fn state_width(parameters: usize) -> usize {
    1 + parameters.min(WATCHED + 1)
}

/// Collects the closing of a run whose epochs are seen one by one.
#[derive(Debug)]
pub(super) struct Collector {
    steps: Steps,
    /// The losses at the steps.
    losses: Vec<f64>,
    /// The losses at the multiples of `stride`, for a run that ends early.
    spread: Vec<f64>,
    stride: u64,
    tail: VecDeque<Vec<f64>>,
    /// The epoch from which states are stored: the first, if a run may end early.
    tail_start: u64,
    /// The epochs that were seen first and last.
    seen: Option<(u64, u64)>,
}

impl Collector {
    /// The collector of a run with this number of epochs, which may end early.
    pub(super) fn new(epochs: u64, may_end_early: bool) -> Self {
        let steps = Steps::new(epochs);
        Collector {
            steps,
            tail_start: match may_end_early {
                true => 0,
                false => steps.tail_start(),
            },
            losses: Vec::new(),
            spread: Vec::new(),
            stride: 1,
            tail: VecDeque::new(),
            seen: None,
        }
    }

    /// The first epoch that a run which makes all epochs needs and that is not before
    /// `epoch`.
    pub(super) fn next(&self, epoch: u64) -> u64 {
        let tail = self.steps.tail_start().max(epoch);
        self.steps.next(epoch).min(tail)
    }

    /// Takes the next epoch: the loss and the parameters.
    pub(super) fn look(&mut self, epoch: u64, loss: f64, parameters: impl Iterator<Item = f64>) {
        let first = self.seen.map_or(epoch, |(first, _)| first);
        self.seen = Some((first, epoch));
        if self.steps.next(epoch) == epoch {
            self.losses.push(loss);
        }
        if epoch.is_multiple_of(self.stride) {
            self.spread.push(loss);
            if self.spread.len() as u64 > 4 * STEPS {
                let mut place = 0;
                self.spread.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                self.stride *= 2;
            }
        }
        if epoch < self.tail_start {
            return;
        }
        let oldest = (self.tail.len() as u64 == TAIL).then(|| self.tail.pop_front());
        let mut state = oldest.flatten().unwrap_or_default();
        state.clear();
        push_state(&mut state, loss, parameters);
        self.tail.push_back(state);
    }

    /// The closing of a run that made all epochs, and whose smallest loss is in epoch
    /// `best`; `None` if not all that it needs was seen.
    pub(super) fn finish(self, best: u64, epsilon: f64) -> Option<Closing> {
        let (first, _) = self.seen?;
        let needs_tail = self.steps.needs_tail(&self.losses, best);
        (first == 0).then(|| Closing {
            tail: needs_tail.then(|| Tail::of(&rows(&self.tail), epsilon)),
            losses: self.losses,
        })
    }

    /// The same for a run that ended early.
    pub(super) fn finish_early(self, best: u64, epsilon: f64) -> Option<Closing> {
        let (first, last) = self.seen?;
        let steps = Steps::new(last);
        let mut losses = Vec::new();
        let mut epoch = 0;
        while epoch < last {
            let place = usize::try_from(epoch / self.stride).unwrap_or(usize::MAX);
            losses.extend(self.spread.get(place));
            epoch = steps.next(epoch + 1);
        }
        let tail = rows(&self.tail);
        losses.extend(tail.last().map(|state| state[0]));
        (first == 0).then(|| Closing {
            tail: steps
                .needs_tail(&losses, best)
                .then(|| Tail::of(&tail, epsilon)),
            losses,
        })
    }
}

fn rows(states: &VecDeque<Vec<f64>>) -> Vec<&[f64]> {
    states.iter().map(Vec::as_slice).collect()
}

#[cfg(test)]
impl Closing {
    /// The closing of a run in `f64` with these losses, each with a parameter.
    pub(crate) fn of_history(history: &[(f64, f64)]) -> Closing {
        let epochs = history.len() as u64 - 1;
        let mut collector = Collector::new(epochs, false);
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
    /// The tail of these states, as [`push_state`] makes them, in numbers with this spacing at
    /// 1; there is at least one.
    pub(super) fn of(states: &[&[f64]], epsilon: f64) -> Tail {
        let count = states.len();
        let losses = |states: &[&[f64]]| states.iter().map(|state| state[0]).collect::<Vec<_>>();
        // Of few states the last ones, so that there is something to compare.
        let last = &states[(count * 3 / 4).min(count.saturating_sub(4))..];
        let motions = motions_of_ends(states);
        let of_last = motions_of(&motions, last);
        let (loss, parameters) = of_last.split_first().unwrap_or((&(0.0, 0.0), &[]));
        let motion = parameters.iter().map(|(_, motion)| *motion);
        let half = losses(&states[count / 2..]).into_iter();
        Tail {
            period: period(states, &motions, epsilon),
            losses: [
                half.clone().fold(f64::INFINITY, f64::min),
                half.fold(f64::NEG_INFINITY, f64::max),
            ],
            // Each has at least one state.
            means: [0, 1, 2, 3].map(|place| {
                let (from, to) = (count * place / 4, count * (place + 1) / 4);
                mean(&losses(&states[from..to.max(from + 1)]))
            }),
            deviation: deviation(&losses(last)),
            loss_motion: loss.1,
            motion: motion.fold(0.0, f64::max),
        }
    }
}

/// The quarters of some losses, as even as integers allow.
#[must_use]
pub fn quarters(losses: &[f64]) -> [&[f64]; 4] {
    let count = losses.len();
    [0, 1, 2, 3].map(|place| &losses[count * place / 4..count * (place + 1) / 4])
}

/// The mean of at least one number.
#[must_use]
pub fn mean(numbers: &[f64]) -> f64 {
    // Relative to the first, so that large numbers that hardly differ keep digits.
    let first = numbers.first().copied().unwrap_or(f64::NAN);
    #[expect(clippy::cast_precision_loss, reason = "there are few")]
    let count = numbers.len() as f64;
    first + numbers.iter().map(|one| one - first).sum::<f64>() / count
}

/// The standard deviation of some numbers.
#[must_use]
pub fn deviation(numbers: &[f64]) -> f64 {
    let mean = mean(numbers);
    let squares: Vec<f64> = numbers
        .iter()
        .map(|one| (one - mean) * (one - mean))
        .collect();
    self::mean(&squares).sqrt()
}

/// The number of epochs after which states repeat, if they do.
fn period(states: &[&[f64]], motions: &[(f64, f64)], epsilon: f64) -> Option<u64> {
    (2..=MAX_PERIOD).find(|period| {
        let period = usize::try_from(*period).unwrap_or(usize::MAX);
        repeats(states, motions, period, epsilon)
    })
}

/// For each number, its spread in the last state, in the last two, and so on, and this spread
/// as a share of the largest magnitude: one after the other.
fn motions_of_ends(states: &[&[f64]]) -> Vec<(f64, f64)> {
    let width = states.first().map_or(0, |state| state.len());
    let mut ends = vec![[f64::INFINITY, f64::NEG_INFINITY]; width];
    let mut all = Vec::with_capacity(width * states.len());
    for state in states.iter().rev() {
        for ([least, greatest], value) in ends.iter_mut().zip(*state) {
            *least = least.min(*value);
            *greatest = greatest.max(*value);
        }
        let motion = ends.iter().map(|[least, greatest]| {
            let (spread, size) = (greatest - least, greatest.abs().max(least.abs()));
            (spread, if spread == 0.0 { 0.0 } else { spread / size })
        });
        all.extend(motion);
    }
    all
}

/// Those of all of the last states, at least one.
fn motions_of<'m>(motions: &'m [(f64, f64)], last: &[&[f64]]) -> &'m [(f64, f64)] {
    let width = last[0].len();
    &motions[width * (last.len() - 1)..][..width]
}

/// Whether each of the states of the last period equals that of a period before, and that of
/// as many periods before as there are, while parameters move by more than rounding.
fn repeats(states: &[&[f64]], motions: &[(f64, f64)], period: usize, epsilon: f64) -> bool {
    let same = |lag: usize, compared: usize, tolerance: f64| {
        let Some(first) = states.len().checked_sub(lag + compared) else {
            return false;
        };
        let states = &states[first..];
        let motions = motions_of(motions, states);
        // The loss follows, and may repeat where they do not.
        let mut moves = motions.iter().skip(1);
        let moves = moves.any(|(_, motion)| *motion > rounding_motion(epsilon));
        let mut pairs = states.iter().zip(&states[lag..]);
        moves
            && pairs.all(|(before, now)| {
                let mut values = before.iter().zip(*now).zip(motions).skip(1);
                values
                    .all(|((before, now), (spread, _))| (now - before).abs() <= tolerance * spread)
            })
    };
    // To the last bit, two pairs are proof enough.
    let compared = period.max(MIN_COMPARED);
    // Within the last half, as a run may have come near its cycle before.
    let all = (states.len() / 2).saturating_sub(compared) / period * period;
    let all = all.max(period);
    same(period, period.max(2), 0.0)
        || same(period, compared, SAME) && same(all, compared, SAME_AFTER_ALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tail of states made from an epoch.
    fn tail(state: impl Fn(u64) -> Vec<f64>) -> Tail {
        let states: VecDeque<_> = (0..TAIL).map(state).collect();
        Tail::of(&rows(&states), f64::EPSILON)
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
        let sign = |epoch: u64| if epoch.is_multiple_of(2) { 1.0 } else { -1.0 };
        let near = |epoch: u64| vec![1.0, sign(epoch) + libm::pow(0.9, epoch as f64)];
        assert_eq!(tail(near).period, Some(2));
        // Two steps forward and one back.
        let drifts = |epoch: u64| vec![1.0, sign(epoch) + 6e-4 * epoch as f64];
        assert_eq!(tail(drifts).period, None);
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
    fn few_states_repeat_if_they_do_so_to_the_last_bit() {
        let of = |states: &[f64]| {
            let states = states.iter().map(|x| vec![1.0, *x]);
            Tail::of(&rows(&states.collect()), f64::EPSILON).period
        };
        assert_eq!(of(&[1.0, -1.0, 1.0, -1.0]), Some(2));
        assert_eq!(of(&[5.0, 1.0, -1.0, 1.0, -1.0]), Some(2));
        assert_eq!(of(&[1.0, 2.0, 3.0, 1.0, 2.0, 3.0]), Some(3));
        assert_eq!(of(&[1.0, -1.0, 1.0]), None);
        assert_eq!(of(&[1.0, -1.0, 1.1, -1.1]), None);
        assert_eq!(of(&[1.0, 1.0, 1.0, 1.0]), None);
    }

    #[test]
    fn a_run_that_came_to_rest_has_no_cycle() {
        let rests = |epoch: u64| vec![1.0, libm::pow(0.9, epoch.min(60) as f64)];
        assert_eq!((tail(rests).period, tail(rests).motion), (None, 0.0));
        let nears = |epoch: u64| vec![1.0, libm::pow(0.8, epoch as f64)];
        assert_eq!(tail(nears).period, None);
        let jitter = |epoch: u64| vec![2.0, 3.0 + (epoch % 3) as f64 * 1e-15];
        assert!(tail(jitter).motion < 1e-15);
        assert_eq!(tail(|_| vec![2.0, 0.0]).motion, 0.0);
    }

    #[test]
    fn every_parameter_counts() {
        let moving = |place: usize| {
            let of = move |epoch: u64| {
                let x = (0..20).map(|k| match k == place {
                    true => (epoch % 2) as f64,
                    false => 1.0,
                });
                let mut state = Vec::new();
                push_state(&mut state, 0.0, x);
                assert_eq!(state.len(), state_width(20));
                state
            };
            tail(of)
        };
        for place in 0..20 {
            assert_eq!(moving(place).period, Some(2), "{place}");
        }
    }

    #[test]
    fn the_losses_of_a_run_of_any_length_are_evenly_spaced() {
        for epochs in 1..3000_u64 {
            let mut seen = Collector::new(epochs, false);
            (0..=epochs).for_each(|epoch| seen.look(epoch, epoch as f64, [2.0].into_iter()));
            let expected = STEPS.min(epochs) + 1;
            assert_eq!(seen.losses.len() as u64, expected, "{epochs}");
            assert_eq!(
                (seen.losses[0], seen.losses.last()),
                (0.0, Some(&(epochs as f64)))
            );
            let widths: Vec<f64> = seen.losses.windows(2).map(|two| two[1] - two[0]).collect();
            let least = widths.iter().copied().fold(f64::INFINITY, f64::min);
            assert!(widths.iter().all(|width| *width <= least + 1.0), "{epochs}");
            assert_eq!(seen.tail.len() as u64, TAIL.min(epochs + 1));
            // What ended early has as many, a little less evenly.
            let mut early = Collector::new(100_000, true);
            (0..=epochs).for_each(|epoch| early.look(epoch, epoch as f64, [2.0].into_iter()));
            let early = early.finish_early(0, f64::EPSILON).unwrap();
            assert_eq!(early.losses.len() as u64, expected);
            assert!(early.losses.is_sorted());
        }
    }
}
