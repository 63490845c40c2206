//! The scale of axes, where the data decide.

use gradtape_chart::{Line, Scale};
use gradtape_experiment::number::counted;
use gradtape_experiment::plan;

/// Values that differ by this factor have a logarithmic axis.
const LOG_FROM: f64 = 1e3;

/// Share of the largest value that is so small that a symlog axis is linear there.
const MIN_SHARE: f64 = 1e-8;

/// The scale for these values.
pub(super) fn fitted(wanted: plan::Scale, values: impl Iterator<Item = f64> + Clone) -> Scale {
    match wanted {
        plan::Scale::Linear => Scale::Linear,
        plan::Scale::Log => Scale::Log,
        plan::Scale::SymLog => Scale::SymLog(threshold(values)),
        plan::Scale::Fitting => {
            let (least, greatest) = extent(values.clone());
            let (least_positive, _) = extent(values.filter(|value| *value > 0.0));
            let is_log = least >= 0.0 && greatest / least_positive >= LOG_FROM;
            if is_log { Scale::Log } else { Scale::Linear }
        }
    }
}

/// The magnitude below which a symlog axis is linear: a power of ten that is not above the
/// smallest magnitude, unless that is negligible compared to the largest.
fn threshold(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let magnitudes = values.map(f64::abs).filter(|value| *value > 0.0);
    let (least, greatest) = extent(magnitudes);
    if least > greatest {
        return 1.0;
    }
    let least = least.max(greatest * MIN_SHARE);
    let power = libm::pow(10.0, libm::floor(libm::log10(least)));
    // The smallest powers of ten are 0.
    if power.is_normal() {
        power
    } else {
        f64::MIN_POSITIVE
    }
}

/// The smallest and the largest finite value; ∞ and −∞ if there is none.
pub(super) fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.filter(|value| value.is_finite()).fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(least, greatest), value| (least.min(value), greatest.max(value)),
    )
}

/// What a logarithmic axis cannot show of some lines, in words.
pub(super) fn hidden(scale: Scale, lines: &[&Line], dimension: usize) -> Option<String> {
    if scale != Scale::Log {
        return None;
    }
    let (mut whole, mut points) = (0, 0);
    for line in lines {
        let finite = line.points.iter().map(|point| point[dimension]);
        let finite = finite.filter(|value| value.is_finite());
        let all = finite.clone().count();
        let hidden = finite.filter(|value| *value <= 0.0).count();
        if hidden > 0 && hidden == all {
            whole += 1;
        } else {
            points += hidden;
        }
    }
    let verb = |count: usize| if count == 1 { "is" } else { "are" };
    match (whole, points) {
        (0, 0) => None,
        (0, _) => Some(format!(
            "{} not above 0 {} not shown",
            counted(points, "point"),
            verb(points)
        )),
        (_, 0) => Some(format!(
            "{} nowhere above 0 {} not shown",
            counted(whole, "line"),
            verb(whole)
        )),
        _ => Some(format!(
            "{} nowhere above 0 and {} are not shown",
            counted(whole, "line"),
            counted(points, "other point")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradtape_chart::Colour;

    #[test]
    fn a_symlog_axis_is_linear_below_the_least_value_that_matters() {
        let of = |values: &[f64]| threshold(values.iter().copied());
        assert_eq!(of(&[-3.0, 0.0, 0.02]), 0.01);
        assert_eq!(of(&[1e-300, 5.0]), 1e-8);
        assert_eq!(of(&[0.0]), 1.0);
        assert!(of(&[5e-324]) > 0.0);
    }

    #[test]
    fn what_a_log_axis_hides_is_counted() {
        let line = |values: &[f64]| {
            let points = values.iter().map(|value| [0.0, *value]).collect();
            Line::new(points, Colour::Category(0))
        };
        let lines = [line(&[1.0, 0.0, -1.0]), line(&[0.0]), line(&[2.0])];
        let lines: Vec<&Line> = lines.iter().collect();
        let said = |lines: &[&Line]| hidden(Scale::Log, lines, 1);
        assert_eq!(
            said(&lines).as_deref(),
            Some("1 line nowhere above 0 and 2 other points are not shown")
        );
        assert_eq!(
            said(&lines[1..]).as_deref(),
            Some("1 line nowhere above 0 is not shown")
        );
        assert_eq!(said(&lines[2..]), None);
        assert_eq!(hidden(Scale::Linear, &lines, 1), None);
    }
}
