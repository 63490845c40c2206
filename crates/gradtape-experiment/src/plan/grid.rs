//! All combinations of some lists, numbered but not stored.

use std::sync::Arc;

use crate::number::{Number, Value};
use crate::spec::{self, Values};

/// The values of one setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Series {
    /// A list, not empty.
    List(Vec<Value>),
    /// Evenly spaced numbers.
    Range(Range),
}

/// Evenly spaced numbers from one to another, both included and exact.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// The first number.
    pub from: Number,
    /// The last number.
    pub to: Number,
    /// The number of values, at least 2.
    pub count: u64,
    /// Whether ratios are equal instead of differences.
    pub log: bool,
}

impl Range {
    /// Number `index`, counted from 0: with t = index / (count − 1) it is
    /// from + (to − from)·t, or from·(to / from)ᵗ for equal ratios, in `f64`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a count is below 2^53")]
    pub fn get(&self, index: u64) -> Number {
        if index == 0 {
            return self.from;
        }
        if index + 1 >= self.count {
            return self.to;
        }
        let share = index as f64 / (self.count - 1) as f64;
        let (from, to) = (self.from.wide(), self.to.wide());
        let value = if !self.log {
            from + (to - from) * share
        } else if (to / from).is_normal() {
            from * libm::pow(to / from, share)
        } else {
            // The ratio of the ends is out of range.
            let (from_log, to_log) = (libm::log(from.abs()), libm::log(to.abs()));
            libm::exp(from_log + (to_log - from_log) * share).copysign(from)
        };
        Number::from(value)
    }
}

impl Series {
    /// The series that a file describes.
    #[must_use]
    pub fn new(setting: &spec::Setting) -> Self {
        match &setting.values {
            Values::One(value) => Series::List(vec![value.value.clone()]),
            Values::List(values) => {
                Series::List(values.iter().map(|value| value.value.clone()).collect())
            }
            Values::Range(range) => Series::Range(Range {
                from: range.from.value,
                to: range.to.value,
                count: range.count.value,
                log: range.log,
            }),
        }
    }

    /// The number of values.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Series::List(values) => values.len() as u64,
            Series::Range(range) => range.count,
        }
    }

    /// Whether there are no values, which is never the case.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Value number `index`, counted from 0.
    ///
    /// # Panics
    ///
    /// If there is no value with this number.
    #[must_use]
    pub fn get(&self, index: u64) -> Value {
        match self {
            Series::List(values) => {
                let index = usize::try_from(index).expect("the index of a list in memory");
                values[index].clone()
            }
            Series::Range(range) => Value::Number(range.get(index)),
        }
    }

    /// All values.
    pub fn iter(&self) -> impl Iterator<Item = Value> + '_ {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Whether two of the values differ.
    #[must_use]
    pub fn varies(&self) -> bool {
        match self {
            Series::List(values) => values.windows(2).any(|pair| pair[0] != pair[1]),
            Series::Range(range) => range.from != range.to,
        }
    }
}

/// One dimension of a [`Grid`]: zipped settings, usually only one.
#[derive(Clone, Debug)]
pub struct Axis {
    /// The settings by name; all series have the same length.
    pub series: Vec<(String, Series)>,
}

impl Axis {
    fn len(&self) -> u64 {
        self.series.first().map_or(1, |(_, series)| series.len())
    }
}

/// All combinations of some settings, the last varying fastest.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::number::Value;
/// use gradtape_experiment::plan::{Axis, Grid, Series};
///
/// let list = |names: &[&str]| {
///     Series::List(names.iter().map(|name| Value::Name((*name).to_owned())).collect())
/// };
/// let axis = |name: &str, series| Axis { series: vec![(name.to_owned(), series)] };
/// let grid = Grid::new(vec![axis("a", list(&["x", "y"])), axis("b", list(&["1", "2", "3"]))]);
/// assert_eq!(grid.count(), Some(6));
/// let point = grid.point(4);
/// assert_eq!(point.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(), ["a=y", "b=2"]);
/// ```
#[derive(Clone, Debug)]
pub struct Grid {
    axes: Vec<Axis>,
    /// The product of their lengths.
    product: Option<u64>,
    /// The remaining combinations, if some are excluded.
    left: Option<Arc<[u64]>>,
}

impl Default for Grid {
    /// No settings, which is one combination.
    fn default() -> Self {
        Grid::new(Vec::new())
    }
}

impl Grid {
    /// The grid of these axes.
    #[must_use]
    pub fn new(axes: Vec<Axis>) -> Self {
        let mut lengths = axes.iter().map(Axis::len);
        let product = lengths.try_fold(1_u64, u64::checked_mul);
        Grid {
            axes,
            product,
            left: None,
        }
    }

    /// The grid without the combinations for which `leaves_out` holds; `None` if none remain.
    /// It stores a list of the remaining ones.
    pub(super) fn without(
        mut self,
        mut leaves_out: impl FnMut(&[(&str, Value)]) -> bool,
    ) -> Option<Grid> {
        let count = self.count().unwrap_or(0);
        let left = (0..count).filter(|index| {
            let point: Vec<(&str, Value)> = self.point(*index).collect();
            !leaves_out(&point)
        });
        let left: Arc<[u64]> = left.collect();
        if left.is_empty() {
            return None;
        }
        if left.len() as u64 != count {
            self.left = Some(left);
        }
        Some(self)
    }

    /// The number of combinations, `None` if it exceeds a `u64`.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        match &self.left {
            Some(left) => Some(left.len() as u64),
            None => self.product,
        }
    }

    /// The settings with their series.
    pub fn series(&self) -> impl Iterator<Item = (&str, &Series)> {
        let series = self.axes.iter().flat_map(|axis| &axis.series);
        series.map(|(name, series)| (name.as_str(), series))
    }

    /// The distinct joint values of the settings `names`, in the order of the
    /// combinations. They are found axis by axis, so the other settings can have any
    /// number of combinations.
    #[must_use]
    pub fn distinct(&self, names: &[&str]) -> Vec<Vec<(&str, Value)>> {
        let mut all: Vec<Vec<(&str, Value)>> = vec![Vec::new()];
        for axis in &self.axes {
            let chosen = axis.series.iter();
            let chosen = chosen.filter(|(name, _)| names.contains(&name.as_str()));
            let chosen: Vec<_> = chosen.collect();
            if chosen.is_empty() {
                continue;
            }
            let mut different: Vec<Vec<(&str, Value)>> = Vec::new();
            for place in 0..axis.len() {
                let values = chosen.iter();
                let values = values.map(|(name, series)| (name.as_str(), series.get(place)));
                let values: Vec<_> = values.collect();
                if !different.contains(&values) {
                    different.push(values);
                }
            }
            all = all
                .iter()
                .flat_map(|first| different.iter().map(|rest| [&**first, &**rest].concat()))
                .collect();
        }
        all
    }

    /// Whether any joint values of the settings `names` pass a test, which gets them in this
    /// order. It stops at the first, and at the number of runs that a plan can have.
    pub(super) fn any<const N: usize>(
        &self,
        names: &[impl AsRef<str>; N],
        test: impl Fn([Option<&Value>; N]) -> bool,
    ) -> bool {
        let names = names.each_ref().map(AsRef::as_ref);
        let axes = self.axes.iter().filter_map(|axis| {
            let series = axis.series.iter();
            let chosen = series.filter(|(name, _)| names.contains(&name.as_str()));
            let chosen: Vec<_> = chosen.collect();
            (!chosen.is_empty()).then(|| (chosen, axis.len()))
        });
        let axes: Vec<_> = axes.collect();
        let count = axes
            .iter()
            .fold(1_u64, |count, (_, length)| count.saturating_mul(*length));
        (0..count.min(super::MAX_RUNS)).any(|index| {
            let mut rest = index;
            let mut point = Vec::new();
            for (series, length) in &axes {
                let place = rest % length;
                rest /= length;
                point.extend(series.iter().map(|(name, of)| (name, of.get(place))));
            }
            test(names.map(|name| {
                let found = point.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value)
            }))
        })
    }

    /// Combination number `index`, counted from 0.
    pub fn point(&self, index: u64) -> impl Iterator<Item = (&str, Value)> {
        let mut stride = self.product.unwrap_or(u64::MAX);
        let index = match &self.left {
            Some(left) => left[usize::try_from(index).expect("the index of a list in memory")],
            None => index,
        };
        self.axes.iter().flat_map(move |axis| {
            stride /= axis.len().max(1);
            let place = index / stride.max(1) % axis.len().max(1);
            let series = axis.series.iter();
            series.map(move |(name, series)| (name.as_str(), series.get(place)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: f64, to: f64, count: u64, log: bool) -> Vec<f64> {
        let range = Range {
            from: from.into(),
            to: to.into(),
            count,
            log,
        };
        (0..count).map(|index| range.get(index).wide()).collect()
    }

    #[test]
    fn a_range_has_exact_ends_and_even_steps() {
        assert_eq!(range(-2.0, 2.0, 5, false), [-2.0, -1.0, 0.0, 1.0, 2.0]);
        assert_eq!(range(1.0, 0.0, 3, false), [1.0, 0.5, 0.0]);
        let log = range(1e-3, 1.0, 4, true);
        assert_eq!((log[0], log[3]), (1e-3, 1.0));
        assert!((log[1] / 1e-2 - 1.0).abs() < 1e-12);
        assert_eq!(range(-100.0, -1.0, 3, true)[1], -10.0);
    }

    #[test]
    fn a_log_range_over_all_numbers_stays_finite() {
        let values = range(1e-300, 1e300, 3, true);
        assert!((values[1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn zipped_settings_move_together() {
        let whole =
            |values: &[u64]| Series::List(values.iter().map(|v| Value::Whole(*v)).collect());
        let together = Axis {
            series: vec![
                ("a".to_owned(), whole(&[1, 2])),
                ("b".to_owned(), whole(&[3, 4])),
            ],
        };
        let alone = Axis {
            series: vec![("c".to_owned(), whole(&[5, 6, 7]))],
        };
        let grid = Grid::new(vec![together, alone]);
        assert_eq!(grid.count(), Some(6));
        let point: Vec<String> = grid.point(3).map(|(_, value)| value.to_string()).collect();
        assert_eq!(point, ["2", "4", "5"]);
    }

    #[test]
    fn combinations_that_are_left_out_have_no_number() {
        let whole =
            |values: &[u64]| Series::List(values.iter().map(|v| Value::Whole(*v)).collect());
        let axis = |name: &str, series| Axis {
            series: vec![(name.to_owned(), series)],
        };
        let grid = || {
            Grid::new(vec![
                axis("a", whole(&[1, 2])),
                axis("b", whole(&[3, 4, 5])),
            ])
        };
        let is_four = |point: &[(&str, Value)]| point[1].1 == Value::Whole(4);
        let left = grid().without(is_four).unwrap();
        let shown = |index: u64| {
            let values = left.point(index).map(|(_, value)| value.to_string());
            values.collect::<String>()
        };
        assert_eq!(left.count(), Some(4));
        assert_eq!([0, 1, 2, 3].map(shown), ["13", "15", "23", "25"]);
        assert!(grid().without(|_| true).is_none());
        assert_eq!(grid().without(|_| false).unwrap().count(), Some(6));
    }

    #[test]
    fn different_values_are_told_once() {
        let names = |names: &[&str]| {
            Series::List(
                names
                    .iter()
                    .map(|name| Value::Name((*name).to_owned()))
                    .collect(),
            )
        };
        let axis = |name: &str, series| Axis {
            series: vec![(name.to_owned(), series)],
        };
        let grid = Grid::new(vec![
            axis("a", names(&["x", "y", "x"])),
            axis("b", names(&["1", "2", "3"])),
            axis("c", names(&["z", "z", "w"])),
        ]);
        let shown = |point: Vec<(&str, Value)>| {
            let values = point.iter().map(|(_, value)| value.to_string());
            values.collect::<String>()
        };
        let found = grid.distinct(&["a", "c"]).into_iter().map(shown);
        assert_eq!(found.collect::<Vec<_>>(), ["xz", "xw", "yz", "yw"]);
        assert_eq!(grid.distinct(&[]), [[]]);
    }
}
