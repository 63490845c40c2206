//! From the table of a derivative to its figure.

use gradtape_chart::{Axis, Colour, Figure, Key, Line, Panel, Scale};
use gradtape_experiment::derivative::{Row, Table};
use gradtape_experiment::number::{Scalar, short};
use gradtape_experiment::plan::{self, Curve, Derivative, Plan};
use gradtape_experiment::text::one_line;

/// Maximum number of points of a line that are marked; more would run together.
const MAX_MARKED: usize = 60;

/// The figure of a derivative, if it has one.
pub(crate) fn curve(plan: &Plan, table: &Table) -> Option<Figure> {
    let derivative = &plan.derivatives[table.derivative];
    let curve = derivative.chart?;
    let arithmetic = *plan.arithmetics().first()?;
    let mut lines = Vec::new();
    let mut entries = Vec::new();
    for column in 0..curve.columns {
        let rows = table.rows.iter().filter(|row| row.arithmetic == arithmetic);
        let mut points: Vec<[f64; 2]> = rows
            .filter_map(|row| Some([of(&row.at, curve.x)?, of(&row.values, column)?]))
            .collect();
        // In the order of the axis, not of the file.
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let mut line = Line::new(points, Colour::Category(column));
        line.dots = line.points.len() <= MAX_MARKED;
        lines.push(line);
        entries.push(label(derivative, curve, column));
    }
    let x = &derivative.variables()[curve.x];
    Some(Figure {
        title: derivative.name.clone(),
        subtitle: subtitle(plan, derivative, curve, table.rows.first()),
        x: Axis::new(
            x.clone(),
            match curve.x_scale {
                plan::Scale::Log => Scale::Log,
                plan::Scale::Linear | plan::Scale::SymLog | plan::Scale::Fitting => Scale::Linear,
            },
        ),
        y: Axis::new("value".to_owned(), Scale::Linear),
        description: description(derivative, x, &lines, &entries),
        panels: vec![Panel::of_lines(lines)],
        key: Key::Legend {
            title: None,
            entries,
        },
    })
}

fn of(numbers: &[Scalar], place: usize) -> Option<f64> {
    numbers.get(place).map(|number| number.to_f64())
}

/// A column in the words of a legend: with primes where the function is
/// differentiated by the variable on the axis alone, else as in the table.
fn label(derivative: &Derivative, curve: Curve, column: usize) -> String {
    const PRIMES: [&str; 5] = ["f", "f′", "f″", "f‴", "f⁽⁴⁾"];
    match PRIMES.get(column) {
        // Then the columns are the orders.
        Some(primes) if derivative.with_respect_to == [curve.x] => (*primes).to_owned(),
        _ => derivative.columns[column].clone(),
    }
}

/// What the lines do not say: the formula, the variables that do not vary, and
/// whether there are other arithmetics or more columns.
fn subtitle(
    plan: &Plan,
    derivative: &Derivative,
    curve: Curve,
    row: Option<&Row>,
) -> Option<String> {
    let mut parts = Vec::new();
    if derivative.formula.trim() != derivative.name {
        parts.push(format!("f = {}", one_line(&derivative.formula)));
    }
    let variables = derivative.variables().iter().enumerate();
    for (place, name) in variables.filter(|(place, _)| *place != curve.x) {
        if let Some(value) = row.and_then(|row| row.at.get(place)) {
            parts.push(format!("{name} = {}", value.short()));
        }
    }
    if let [first, _, ..] = plan.arithmetics() {
        parts.push(format!("in {first}"));
    }
    if curve.order < derivative.order {
        parts.push(format!(
            "up to order {} of {}",
            curve.order, derivative.order
        ));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The chart in words, for those who do not see it.
fn description(derivative: &Derivative, x: &str, lines: &[Line], entries: &[String]) -> String {
    let formula = one_line(&derivative.formula);
    let mut text = format!("{formula} and its derivatives over {x}");
    for (line, entry) in lines.iter().zip(entries) {
        let values = line.points.iter().map(|point| point[1]);
        let finite = values.filter(|value| value.is_finite());
        let (least, greatest) = finite.fold(
            (f64::INFINITY, f64::NEG_INFINITY),
            |(least, greatest), value| (least.min(value), greatest.max(value)),
        );
        if least <= greatest {
            text.push_str(&format!(
                "; {entry} from {} to {}",
                short(least),
                short(greatest)
            ));
        }
    }
    text
}
