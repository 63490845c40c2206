//! The distribution of a final quantity.
//!
//! The bins are as wide as Freedman and Diaconis propose ("On the histogram as a density
//! estimator", Zeitschrift für Wahrscheinlichkeitstheorie 57, 1981): twice the distance
//! between the quartiles divided by the cube root of the number of values, taken of the
//! logarithms where the axis is logarithmic. There are 5 to 60 bins, which are then widened
//! to a round number and begin at a multiple of it.

use super::ChartData;
use super::colours::{Series, colours, faceted};
use super::final_label;
use super::say;
use super::scale::fitted;
use gradtape_chart::{Axis, Bars, Colour, Figure, Line, Mark, Panel, Scale};
use gradtape_experiment::number::{counted, quantile, short, sorted};
use gradtape_experiment::plan::Plan;
use gradtape_experiment::plan::charts::HistogramChart;

const MIN_BINS: f64 = 5.0;
const MAX_BINS: f64 = 60.0;

pub(super) fn figure(
    plan: &Plan,
    place: usize,
    HistogramChart { x: name }: &HistogramChart,
    data: &ChartData,
) -> Figure {
    let chart = &plan.charts[place];
    let runs = data.runs(place);
    let mut diverged = 0;
    let finals: Vec<(u64, f64)> = runs
        .iter()
        .filter_map(|run| {
            let ending = data.ending(place, *run)?;
            let value = ending.value.filter(|value| value.is_finite());
            match value.filter(|_| !ending.is_diverged) {
                Some(value) => Some((*run, value)),
                None => {
                    diverged += 1;
                    None
                }
            }
        })
        .collect();
    let values = || finals.iter().map(|(_, value)| *value);
    let scale = fitted(chart.x_scale, values());
    let shown: Vec<(u64, f64)> = match scale {
        Scale::Log => finals.iter().copied().filter(|one| one.1 > 0.0).collect(),
        _ => finals.clone(),
    };
    let mut subtitle = None;
    say(&mut subtitle, &counted(shown.len(), "run"));
    if diverged > 0 {
        let said = format!("without {}", counted(diverged, "diverged run"));
        say(&mut subtitle, &said);
    }
    let hidden = finals.len() - shown.len();
    if hidden > 0 {
        let said = format!("without {} not above 0", counted(hidden, "value"));
        say(&mut subtitle, &said);
    }
    let edges = edges(&sorted(shown.iter().map(|one| one.1)), scale);
    let mut series = grouped(plan, place, &shown);
    let key = colours(plan, chart, &mut series);
    let panels = faceted(chart.facet, series, |one| &one.settings);
    let panels = panels.into_iter().map(|(name, series)| {
        let mut bars: Vec<Bars> = Vec::new();
        for one in series {
            let values = one.line.points.iter().map(|point| point[0]);
            let counts = counts(&edges, values);
            match bars.iter_mut().find(|bars| bars.colour == one.line.colour) {
                Some(bars) => {
                    let both = bars.counts.iter_mut().zip(counts);
                    both.for_each(|(sum, count)| *sum += count);
                }
                None => bars.push(Bars {
                    edges: edges.clone(),
                    counts,
                    colour: one.line.colour,
                }),
            }
        }
        let marks = bars.into_iter().map(Mark::Bars).collect();
        Panel { name, marks }
    });
    let label = final_label(name);
    let mut y = Axis::new("runs", Scale::Linear);
    y.range = Some([0.0, 1.0]);
    Figure {
        title: chart.title.clone(),
        subtitle,
        description: description(&label, &sorted(values()), diverged),
        x: Axis::new(label, scale),
        y,
        panels: panels.collect(),
        key,
    }
}

/// The runs that share a colour and a panel, with their values as the `x` of points.
fn grouped(plan: &Plan, place: usize, values: &[(u64, f64)]) -> Vec<Series> {
    let chart = &plan.charts[place];
    // By default all runs of a panel are one group.
    let kept: Vec<usize> = chart.group_by.into_iter().chain(chart.facet).collect();
    let mut all: Vec<Series> = Vec::new();
    for (run, value) in values {
        let mut settings = plan.run(*run).settings;
        for (column, setting) in settings.iter_mut().enumerate() {
            if !kept.contains(&column) {
                *setting = None;
            }
        }
        let found = all.iter_mut().find(|one| one.settings == settings);
        match found {
            Some(one) => one.line.points.push([*value, 0.0]),
            None => {
                let line = Line::new(vec![[*value, 0.0]], Colour::Category(0));
                all.push(Series::new(line, String::new(), settings));
            }
        }
    }
    all
}

/// The edges of bins for values that are sorted and fit the scale.
fn edges(values: &[f64], scale: Scale) -> Vec<f64> {
    let coordinate = |value: f64| match scale {
        Scale::Log => libm::log10(value),
        _ => value,
    };
    let (Some(least), Some(greatest)) = (values.first(), values.last()) else {
        return vec![0.0, 1.0];
    };
    let (low, high) = (coordinate(*least), coordinate(*greatest));
    let span = high - low;
    if !span.is_finite() || span <= low.abs().max(high.abs()) * 1e-12 {
        return one_bar(*least, *greatest, scale);
    }
    let places: Vec<f64> = values.iter().map(|value| coordinate(*value)).collect();
    let quartiles = quantile(&places, 0.75) - quantile(&places, 0.25);
    #[expect(clippy::cast_precision_loss, reason = "a count of values in memory")]
    let width =
        (2.0 * quartiles / libm::cbrt(values.len() as f64)).clamp(span / MAX_BINS, span / MIN_BINS);
    let width = round_width(width, span);
    let first = libm::floor(low / width);
    let count = libm::floor(high / width) - first + 1.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and some more than the most"
    )]
    let count = count.clamp(1.0, MAX_BINS + 2.0) as u32;
    let edges = (0..=count).map(|edge| {
        let place = (first + f64::from(edge)) * width;
        match scale {
            Scale::Log => libm::pow(10.0, place),
            _ => place,
        }
    });
    let mut edges: Vec<f64> = edges.collect();
    // What rounding took from the ends.
    if let Some(first) = edges.first_mut() {
        *first = first.min(*least);
    }
    if let Some(last) = edges.last_mut() {
        *last = last.max(*greatest);
    }
    edges.dedup();
    edges
}

/// A bar around values that are all nearly the same, or too far apart for a difference.
fn one_bar(least: f64, greatest: f64, scale: Scale) -> Vec<f64> {
    match scale {
        Scale::Log => vec![least * 0.9, greatest * 1.1],
        _ => {
            let around = (least.abs().max(greatest.abs()) * 0.05).max(f64::MIN_POSITIVE);
            vec![least - around, greatest + around]
        }
    }
}

/// The smallest of 1, 2, 2.5, 5, 10, … that is not below a width, unless the bins would be
/// too few.
fn round_width(width: f64, span: f64) -> f64 {
    let power = libm::pow(10.0, libm::floor(libm::log10(width)));
    let round = [1.0, 2.0, 2.5, 5.0, 10.0].map(|digit| digit * power);
    let wide = round.into_iter().find(|round| *round >= width);
    let narrow = round.into_iter().rev().find(|round| *round <= width);
    let wide = wide.filter(|wide| span / wide >= MIN_BINS - 1.0);
    wide.or(narrow)
        .filter(|width| width.is_normal())
        .unwrap_or(width)
}

/// The number of values in each bin, from its lower edge to below its upper edge; the last
/// bin includes its upper edge.
fn counts(edges: &[f64], values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut counts = vec![0.0; edges.len().saturating_sub(1)];
    let Some(last) = counts.len().checked_sub(1) else {
        return counts;
    };
    for value in values {
        let above = edges.partition_point(|edge| *edge <= value);
        counts[above.saturating_sub(1).min(last)] += 1.0;
    }
    counts
}

/// The chart in words.
fn description(label: &str, values: &[f64], diverged: usize) -> String {
    let mut text = format!(
        "distribution of the {label} of {}",
        counted(values.len(), "run")
    );
    if let (Some(least), Some(greatest)) = (values.first(), values.last()) {
        text.push_str(&format!(
            ": from {} to {}, median {}",
            short(*least),
            short(*greatest),
            short(quantile(values, 0.5))
        ));
    }
    if diverged > 0 {
        text.push_str(&format!("; {} diverged", counted(diverged, "run")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_round_and_hold_every_value() {
        let values: Vec<f64> = (0..1000).map(|place| f64::from(place) * 0.01).collect();
        let edges = edges(&values, Scale::Linear);
        // 2 · 5 / 10 = 1 wide.
        assert_eq!(
            edges,
            [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
        );
        let counts = counts(&edges, values.iter().copied());
        assert!(counts.iter().all(|count| (*count - 100.0).abs() <= 1.0));
        assert_eq!(counts.iter().sum::<f64>(), 1000.0);
    }

    #[test]
    fn bins_of_ratios_are_even_in_the_logarithm() {
        let values: Vec<f64> = (0..512)
            .map(|place| libm::exp2(f64::from(place) / 16.0))
            .collect();
        let edges = edges(&values, Scale::Log);
        let ratios: Vec<f64> = edges.windows(2).map(|pair| pair[1] / pair[0]).collect();
        let inner = &ratios[1..ratios.len() - 1];
        assert!(
            inner
                .iter()
                .all(|ratio| (ratio / inner[0] - 1.0).abs() < 1e-9),
            "{ratios:?}"
        );
        assert_eq!(
            counts(&edges, values.iter().copied()).iter().sum::<f64>(),
            512.0
        );
    }

    #[test]
    fn outliers_do_not_make_thousands_of_bins() {
        let mut values: Vec<f64> = (0..999)
            .map(|place| 1.0 + f64::from(place) * 1e-6)
            .collect();
        values.push(1e6);
        let edges = edges(&values, Scale::Linear);
        assert!((5..=63).contains(&(edges.len() - 1)), "{}", edges.len());
    }

    #[test]
    fn equal_values_are_one_bar() {
        for (value, scale) in [
            (0.0, Scale::Linear),
            (3.0, Scale::Log),
            (-2.0, Scale::Linear),
        ] {
            let edges = edges(&[value; 9], scale);
            assert_eq!(counts(&edges, [value; 9].into_iter()), [9.0]);
            assert!(edges[0] < edges[1]);
        }
    }
}
