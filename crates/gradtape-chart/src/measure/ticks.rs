//! The positions of the labels and grid lines of an axis.

use super::axis_span::AxisSpan;
use super::labels::{self, Decimal};
use crate::model::{Scale, Tick};

/// Number of labels aimed at on a linear axis.
const WANTED: i32 = 5;

/// Maximum number of labels on a logarithmic axis.
const MAX_LABELS: usize = 9;

/// Steps between labelled decades.
const DECADE_STEPS: [i32; 8] = [1, 2, 5, 10, 20, 50, 100, 200];

/// The labelled grid lines of an axis, and the fainter ones between them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Ticks {
    pub(crate) major: Vec<Tick>,
    /// Shares of the axis.
    pub(crate) minor: Vec<f64>,
}

impl Ticks {
    /// Labelled grid lines without others between them.
    fn of(major: Vec<Tick>) -> Self {
        let minor = Vec::new();
        Ticks { major, minor }
    }

    /// Removes ticks above a share of the axis, where the axis has no values, as
    /// long as two labels remain.
    pub(crate) fn keep_below(&mut self, share: f64) {
        let below = self.major.iter().filter(|tick| tick.at <= share).count();
        if 2 <= below {
            self.major.truncate(below);
            self.minor.retain(|&at| at <= share);
        }
    }
}

/// Selects the ticks of an axis. `extent` gives the share of the axis that a label
/// covers, its distance to the next one included; labels never overlap, unless
/// a single one is wider than the axis.
pub(crate) fn ticks(span: &AxisSpan, extent: impl Fn(&str) -> f64) -> Ticks {
    match span.scale {
        Scale::Linear => linear(span, &extent),
        Scale::Log => logarithmic(span, &extent),
        Scale::SymLog(threshold) => symmetric(span, threshold, &extent),
    }
}

/// Ticks at names in place of numbers, all of them or every second and so on.
pub(crate) fn named(span: &AxisSpan, names: &[String], extent: impl Fn(&str) -> f64) -> Ticks {
    let tick = |(place, label): (usize, &String)| Tick {
        at: span.share_of_inner(span.inner(place as f64)),
        label: label.clone(),
    };
    let every = |step: usize| names.iter().enumerate().step_by(step).map(tick).collect();
    let major = (1..=names.len())
        .map(every)
        .find(|major: &Vec<Tick>| fit(major, &extent));
    Ticks::of(major.unwrap_or_default())
}

/// Zero, and powers of ten on both sides, as many decades apart as needed.
fn symmetric(span: &AxisSpan, threshold: f64, extent: &impl Fn(&str) -> f64) -> Ticks {
    // What is nearer to zero than the threshold has no labels.
    let first = libm::ceil(libm::log10(threshold) - 1e-9) as i32;
    let reaches = |end: f64| {
        let decades = end.abs() - 1.0 + libm::log10(threshold);
        libm::floor(decades + 1e-9) as i32
    };
    let side = |is_there: bool, end: f64| is_there.then(|| reaches(end));
    let (up, down) = (
        side(span.high > 1.0, span.high),
        side(span.low < -1.0, span.low),
    );
    let powers = |reach: Option<i32>, step: i32| {
        let end = reach.unwrap_or(first - 1);
        (first..=end).filter(move |power| (power - first).rem_euclid(step) == 0)
    };
    let tick = |power: i32, sign: f64| {
        let inner = sign * (1.0 + f64::from(power) - libm::log10(threshold));
        let minus = if sign < 0.0 { "−" } else { "" };
        Tick {
            at: span.share_of_inner(inner),
            label: format!("{minus}{}", labels::power_of_ten(1, power)),
        }
    };
    for step in DECADE_STEPS {
        let mut major: Vec<Tick> = powers(down, step).map(|power| tick(power, -1.0)).collect();
        major.reverse();
        if span.low <= 0.0 && 0.0 <= span.high {
            major.push(Tick {
                at: span.share_of_inner(0.0),
                label: "0".to_owned(),
            });
        }
        major.extend(powers(up, step).map(|power| tick(power, 1.0)));
        major.retain(|tick| (0.0..=1.0).contains(&tick.at));
        if 2 * MAX_LABELS < major.len() || !fit(&major, extent) {
            continue;
        }
        if major.len() >= 2 {
            return Ticks::of(major);
        }
        break;
    }
    within_threshold(span, threshold, extent)
}

/// Ticks of an axis that shows only its linear part, or one side between two powers of ten:
/// round numbers at equal steps.
fn within_threshold(span: &AxisSpan, threshold: f64, extent: &impl Fn(&str) -> f64) -> Ticks {
    let ends = [span.value(0.0), span.value(1.0)];
    let Some(plain) = AxisSpan::covering(Scale::Linear, ends.into_iter()) else {
        return Ticks::default();
    };
    let place = |tick: &Tick| {
        let value = plain.value(tick.at);
        let is_zero = value.abs() < 1e-12 * threshold;
        span.share(if is_zero { 0.0 } else { value })
            .unwrap_or(tick.at)
    };
    // Where the labels are not at equal distances they may need more room.
    for stretch in [1.0, 2.0, 4.0, 8.0] {
        let mut ticks = linear(&plain, &|label| stretch * extent(label));
        for tick in &mut ticks.major {
            tick.at = place(tick);
        }
        if fit(&ticks.major, extent) {
            ticks.minor.clear();
            return ticks;
        }
    }
    Ticks::default()
}

/// Multiples of one round number: `count` of them, from `first` × the number.
#[derive(Debug, Clone, Copy)]
struct Multiples {
    /// The round number: 1, 2, 5 or 25 at some power of ten.
    step: Decimal,
    first: i128,
    count: i32,
}

impl Multiples {
    fn numbers(self) -> Vec<Decimal> {
        (0..i128::from(self.count))
            .map(|index| Decimal {
                mantissa: (self.first + index) * self.step.mantissa,
                ..self.step
            })
            .collect()
    }
}

/// All round steps that give a reasonable number of multiples from `low` to
/// `high`, the best first. The ends are in units of 2^-`shift`, which keeps ranges
/// at the ends of what an `f64` can hold within reach.
fn candidates(low: f64, high: f64, shift: i32) -> Vec<(Multiples, f64)> {
    let width = high - low;
    let width_log10 = libm::log10(width) - f64::from(shift) * std::f64::consts::LOG10_2;
    if !width_log10.is_finite() {
        return Vec::new();
    }
    let top = libm::floor(width_log10) as i32;
    let mut found = Vec::new();
    for exponent in top - 2..=top + 1 {
        for mantissa in [1, 2, 25, 5] {
            let exponent = exponent - i32::from(mantissa == 25);
            let step = Decimal { mantissa, exponent };
            let inner = inner_value(step, shift);
            // A hair of tolerance, so that an end that is itself a multiple counts.
            let slack = 1e-9 * width / inner;
            let first = libm::ceil(low / inner - slack);
            let last = libm::floor(high / inner + slack);
            let count = last - first + 1.0;
            if (1.0..=10.0).contains(&count) && inner > 0.0 {
                let multiples = Multiples {
                    step,
                    first: first as i128,
                    count: count as i32,
                };
                found.push((multiples, inner));
            }
        }
    }
    // The sort is stable: of two equally good steps the smaller number goes first.
    found.sort_by_key(|(multiples, _)| (multiples.count - WANTED).abs());
    found
}

/// The number times 2^`shift`. WildNumbers below the smallest normal `f64` take a
/// detour, because they would lose digits.
fn inner_value(number: Decimal, shift: i32) -> f64 {
    let read = |exponent: i32| {
        format!("{}e{exponent}", number.mantissa)
            .parse()
            .unwrap_or(0.0)
    };
    if number.exponent < -280 {
        let raised: f64 = read(number.exponent + 200);
        libm::scalbn(raised * 1e-200 * libm::scalbn(1.0, 600), shift - 600)
    } else {
        let value: f64 = read(number.exponent);
        libm::scalbn(value, shift)
    }
}

fn linear(span: &AxisSpan, extent: &impl Fn(&str) -> f64) -> Ticks {
    let share = |factor: f64, inner: f64| span.share_of_inner(factor * inner);
    for (multiples, inner) in candidates(span.low, span.high, span.shift) {
        let labels = labels::labels(&multiples.numbers());
        let first = multiples.first as f64;
        let at = |index: usize| share(first + index as f64, inner);
        let major: Vec<_> = labels
            .into_iter()
            .enumerate()
            .map(|(index, label)| Tick {
                at: at(index),
                label,
            })
            .collect();
        if fit(&major, extent) {
            let minor = (-1..multiples.count)
                .map(|index| share(first + f64::from(index) + 0.5, inner))
                .filter(|at| (0.0..=1.0).contains(at))
                .collect();
            return Ticks { major, minor };
        }
    }
    Ticks::default()
}

fn logarithmic(span: &AxisSpan, extent: &impl Fn(&str) -> f64) -> Ticks {
    if span.high - span.low < 2.0 {
        let within = within_decades(span, &[1, 2, 5], extent)
            .or_else(|| within_decades(span, &[1, 3], extent));
        if let Some(major) = within {
            let minor = fractions_of_decades(span, &[2, 3, 4, 5, 6, 7, 8, 9]);
            return Ticks { major, minor };
        }
        if let Some(major) = round_numbers(span, extent) {
            return Ticks::of(major);
        }
    }
    decades(span, extent)
}

/// Labels at powers of ten, as many decades apart as needed.
fn decades(span: &AxisSpan, extent: &impl Fn(&str) -> f64) -> Ticks {
    let [bottom, top] = whole_decades(span);
    let plain = bottom >= -4 && top <= 4;
    for step in DECADE_STEPS {
        let major: Vec<_> = multiples_of(step, bottom, top)
            .map(|power| log_tick(span, 1, power, plain))
            .collect();
        if MAX_LABELS < major.len() || !fit(&major, extent) {
            continue;
        }
        let minor = match step {
            1 if top - bottom <= 2 => fractions_of_decades(span, &[2, 3, 4, 5, 6, 7, 8, 9]),
            1 if top - bottom <= 4 => fractions_of_decades(span, &[2, 5]),
            1 => Vec::new(),
            2 | 5 => decade_lines(span, 1, 0),
            _ => decade_lines(span, step, step / 2),
        };
        return Ticks { major, minor };
    }
    Ticks::default()
}

/// Labels at the given multiples of powers of ten, or `None` if they are fewer
/// than three or too many for the axis.
fn within_decades(
    span: &AxisSpan,
    fronts: &[u8],
    extent: &impl Fn(&str) -> f64,
) -> Option<Vec<Tick>> {
    let [bottom, top] = [libm::floor(span.low) as i32, libm::floor(span.high) as i32];
    let plain = bottom >= -4 && top <= 4;
    let major: Vec<_> = (bottom..=top)
        .flat_map(|power| fronts.iter().map(move |&front| (front, power)))
        .map(|(front, power)| log_tick(span, front, power, plain))
        .filter(|tick| (0.0..=1.0).contains(&tick.at))
        .collect();
    (3 <= major.len() && major.len() <= MAX_LABELS && fit(&major, extent)).then_some(major)
}

/// Labels at round numbers in equal steps, for a part of a decade.
fn round_numbers(span: &AxisSpan, extent: &impl Fn(&str) -> f64) -> Option<Vec<Tick>> {
    // Brought near 1, so that no power of ten can overflow.
    let base = libm::floor(span.low);
    let low = libm::pow(10.0, span.low - base);
    let high = libm::pow(10.0, span.high - base);
    candidates(low, high, 0)
        .into_iter()
        .find_map(|(multiples, inner)| {
            let numbers: Vec<_> = multiples
                .numbers()
                .into_iter()
                .map(|number| Decimal {
                    exponent: number.exponent + base as i32,
                    ..number
                })
                .collect();
            let major: Vec<_> = labels::labels(&numbers)
                .into_iter()
                .enumerate()
                .map(|(index, label)| {
                    let value = (multiples.first as f64 + index as f64) * inner;
                    Tick {
                        at: span.share_of_inner(base + libm::log10(value)),
                        label,
                    }
                })
                .collect();
            fit(&major, extent).then_some(major)
        })
}

fn log_tick(span: &AxisSpan, front: u8, power: i32, plain: bool) -> Tick {
    // As on a linear axis, either all labels or none separate thousands.
    let separated = span.high >= 4.0;
    let label = if plain {
        let number = Decimal {
            mantissa: i128::from(front),
            exponent: power,
        };
        labels::plain(number, separated)
    } else {
        labels::power_of_ten(front, power)
    };
    Tick {
        at: span.share_of_inner(f64::from(power) + libm::log10(f64::from(front))),
        label,
    }
}

/// Faint lines at the given multiples of the powers of ten.
fn fractions_of_decades(span: &AxisSpan, fronts: &[u8]) -> Vec<f64> {
    (libm::floor(span.low) as i32..=libm::floor(span.high) as i32)
        .flat_map(|power| fronts.iter().map(move |&front| (power, front)))
        .map(|(power, front)| f64::from(power) + libm::log10(f64::from(front)))
        .map(|inner| span.share_of_inner(inner))
        .filter(|at| (0.0..=1.0).contains(at))
        .collect()
}

/// Faint lines at every `step`-th power of ten, moved by `offset` powers.
fn decade_lines(span: &AxisSpan, step: i32, offset: i32) -> Vec<f64> {
    let [bottom, top] = whole_decades(span);
    multiples_of(step, bottom - offset, top - offset)
        .map(|power| span.share_of_inner(f64::from(power + offset)))
        .collect()
}

/// The powers of ten at or next to the ends of the axis, inside it.
fn whole_decades(span: &AxisSpan) -> [i32; 2] {
    [libm::ceil(span.low) as i32, libm::floor(span.high) as i32]
}

fn multiples_of(step: i32, bottom: i32, top: i32) -> impl Iterator<Item = i32> {
    (bottom..=top).filter(move |power| power.rem_euclid(step) == 0)
}

/// Whether each label keeps clear of the next one.
fn fit(ticks: &[Tick], extent: &impl Fn(&str) -> f64) -> bool {
    ticks.windows(2).all(|pair| {
        let needed = f64::midpoint(extent(&pair[0].label), extent(&pair[1].label));
        needed <= pair[1].at - pair[0].at
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A label on a horizontal axis of 900 pixels.
    fn extent(label: &str) -> f64 {
        (label.chars().count() as f64 * 11.0 + 16.0) / 900.0
    }

    fn span(scale: Scale, ends: [f64; 2]) -> AxisSpan {
        AxisSpan::covering(scale, ends.into_iter())
            .unwrap()
            .with_margin(0.03)
    }

    fn labels(scale: Scale, ends: [f64; 2]) -> Vec<String> {
        let ticks = ticks(&span(scale, ends), extent);
        ticks.major.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn linear_labels_are_round_numbers() {
        let check = |low, high, expected: &str| {
            assert_eq!(labels(Scale::Linear, [low, high]).join(" "), expected);
        };
        check(0.0, 1.0, "0.00 0.25 0.50 0.75 1.00");
        check(0.0, 10_000.0, "0 2,500 5,000 7,500 10,000");
        check(0.0, 60.0, "0 20 40 60");
        check(-1.0, 1.0, "−1.0 −0.5 0.0 0.5 1.0");
        check(0.0, 0.3, "0.0 0.1 0.2 0.3");
        check(0.0, 0.7, "0.0 0.2 0.4 0.6");
        check(0.0, 1e6, "0 250,000 500,000 750,000 1,000,000");
        check(0.0, 3e-5, "0 1×10⁻⁵ 2×10⁻⁵ 3×10⁻⁵");
        check(0.0, 1e300, "0 0.25×10³⁰⁰ 0.50×10³⁰⁰ 0.75×10³⁰⁰ 1.00×10³⁰⁰");
        check(-1.7e308, 1.7e308, "−1×10³⁰⁸ 0 1×10³⁰⁸");
        check(7.0, 7.0, "6.50 6.75 7.00 7.25 7.50");
        check(0.0, 0.0, "−0.4 −0.2 0.0 0.2 0.4");
    }

    #[test]
    fn an_offset_axis_has_distinct_labels() {
        let found = labels(Scale::Linear, [1.000_000_01, 1.000_000_05]);
        assert_eq!(
            found.join(" "),
            "1.00000001 1.00000002 1.00000003 1.00000004 1.00000005"
        );
    }

    #[test]
    fn logarithmic_labels_are_powers_of_ten() {
        let check = |low, high, expected: &str| {
            assert_eq!(labels(Scale::Log, [low, high]).join(" "), expected);
        };
        check(1e-88, 1.0, "10⁻⁸⁰ 10⁻⁶⁰ 10⁻⁴⁰ 10⁻²⁰ 10⁰");
        check(
            5e-324,
            1.7e308,
            "10⁻³⁰⁰ 10⁻²⁰⁰ 10⁻¹⁰⁰ 10⁰ 10¹⁰⁰ 10²⁰⁰ 10³⁰⁰",
        );
        check(1e-3, 1.0, "0.001 0.01 0.1 1");
        check(1e-3, 1e4, "0.001 0.01 0.1 1 10 100 1,000 10,000");
        check(1e-6, 1.0, "10⁻⁶ 10⁻⁵ 10⁻⁴ 10⁻³ 10⁻² 10⁻¹ 10⁰");
        check(1.0, 50.0, "1 2 5 10 20 50");
        check(2e-9, 5e-8, "2×10⁻⁹ 5×10⁻⁹ 10⁻⁸ 2×10⁻⁸ 5×10⁻⁸");
        check(3.1, 3.4, "3.1 3.2 3.3 3.4");
        check(3.1e-40, 3.4e-40, "3.1×10⁻⁴⁰ 3.2×10⁻⁴⁰ 3.3×10⁻⁴⁰ 3.4×10⁻⁴⁰");
        check(3.5e-44, 3.5e-44, "2×10⁻⁴⁴ 5×10⁻⁴⁴ 10⁻⁴³");
    }

    #[test]
    fn steps_below_the_smallest_number_are_labelled() {
        assert!(3 <= labels(Scale::Linear, [0.0, 1e-320]).len());
        assert!(3 <= labels(Scale::Linear, [1e-320, 2e-320]).len());
    }

    /// A small generator of numbers that look random and are the same everywhere.
    struct WildNumbers(u64);

    impl WildNumbers {
        /// A number of either sign, of any magnitude.
        fn wild(&mut self) -> f64 {
            loop {
                self.0 ^= self.0 << 13;
                self.0 ^= self.0 >> 7;
                self.0 ^= self.0 << 17;
                let number = f64::from_bits(self.0);
                if number.is_finite() {
                    return number;
                }
            }
        }

        /// A number from 0 to 1.
        fn tame(&mut self) -> f64 {
            self.wild();
            (self.0 >> 11) as f64 / 2f64.powi(53)
        }
    }

    #[test]
    fn labels_are_enough_distinct_and_apart_on_any_range() {
        let mut numbers = WildNumbers(42);
        for round in 0..20_000 {
            let ends = match round % 4 {
                0 => [numbers.wild(), numbers.wild()],
                1 => [numbers.tame(), numbers.tame()],
                2 => {
                    let offset = numbers.tame() * 1000.0;
                    [offset, offset + numbers.tame() * 1e-9]
                }
                _ => [0.0, numbers.wild()],
            };
            let scale = if round % 8 < 4 {
                Scale::Linear
            } else {
                Scale::Log
            };
            let ends = match scale {
                Scale::Linear => ends,
                Scale::Log => ends.map(|end| end.abs().max(5e-324)),
                Scale::SymLog(_) => continue,
            };
            let found = ticks(&span(scale, ends), extent);
            let count = found.major.len();
            let least = if labels_are_long(&found) { 1 } else { 2 };
            assert!((least..=MAX_LABELS).contains(&count), "{ends:?}: {found:?}");
            for tick in &found.major {
                assert!(
                    (-1e-6..=1.000_001).contains(&tick.at),
                    "{ends:?}: {found:?}"
                );
                assert!(tick.label != "-0" && tick.label != "−0", "{ends:?}");
            }
            for pair in found.major.windows(2) {
                assert_ne!(pair[0].label, pair[1].label, "{ends:?}");
                let gap = pair[1].at - pair[0].at;
                assert!(extent(&pair[0].label) / 2.0 + extent(&pair[1].label) / 2.0 <= gap);
            }
        }
    }

    fn labels_are_long(ticks: &Ticks) -> bool {
        ticks
            .major
            .iter()
            .any(|tick| tick.label.chars().count() > 14)
    }
}
