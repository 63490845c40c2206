//! The bounds of the variables of an objective.

use super::Decider;
use crate::mistake::{At, Code, Span, first_line, suggestion};
use crate::number::{Number, Scalar};
use crate::plan::grid::Series;
use crate::plan::start::StartPart;
use crate::plan::{Bounds, Objective};
use crate::spec;

impl Decider<'_> {
    /// Adds the bounds of an objective whose starts are known.
    pub(super) fn bounds(&mut self, written: &spec::Objective, objective: &mut Objective) {
        let before = self.mistakes.len();
        for (name, numbers) in &written.bounds {
            let variables = objective.function.variables();
            let known = variables.iter().map(|(known, _)| known.as_str());
            let Some(place) = known.clone().position(|known| known == name.value) else {
                let message = format!("`bounds` names `{}`, which is not a variable", name.value);
                let label = suggestion(&name.value, "available variables", known);
                self.mistake(Code::UnknownName, &name.span, message, label);
                continue;
            };
            let counts = variables
                .iter()
                .map(|(_, shape)| shape.elements().unwrap_or(0));
            let first: usize = counts.clone().take(place).sum();
            let count = counts.clone().nth(place).unwrap_or(0);
            if let Some(bounds) = self.interval(name, numbers) {
                objective.bounds[first..first + count].fill(bounds);
            }
        }
        if self.mistakes.len() > before {
            return;
        }
        for (name, numbers) in &written.bounds {
            if let Some(start) = outside(objective, &name.value) {
                let message = format!("the start of `{}` is outside its bounds", name.value);
                let label = format!("a run starts at {}", Scalar::F64(start.wide()).short());
                self.mistake(Code::WrongValue, &numbers.span, message, label);
            }
        }
    }

    /// The two ends of an interval.
    fn interval(&mut self, name: &At<String>, written: &spec::Numbers) -> Option<Bounds> {
        let [least, greatest] = &written.list[..] else {
            let message = format!("`bounds` of `{}` are not two numbers", name.value);
            let label = "expected the smallest and the largest value, for example [0, 1]";
            self.mistake(Code::WrongValue, &written.span, message, label);
            return None;
        };
        let told = |span: &Span| first_line(self.source.get(span.clone()).unwrap_or("this"));
        let (low, high) = (least.value.wide(), greatest.value.wide());
        if low < high {
            return Some(Bounds {
                least: least.value,
                greatest: greatest.value,
            });
        }
        let message = format!(
            "`{}` cannot be between {} and {}",
            name.value,
            told(&least.span),
            told(&greatest.span)
        );
        let label = "expected the smallest value, then a larger one";
        let help = "use `-inf` or `inf` for a side without a bound";
        self.advise(Code::WrongValue, &written.span, message, label, help);
        None
    }
}

/// A start of a variable that the file gives outside its bounds. Random ones are moved to
/// the nearest bound instead, as they can have any value.
fn outside(objective: &Objective, name: &str) -> Option<Number> {
    let variables = objective.function.variables();
    let place = variables.iter().position(|(known, _)| known == name)?;
    let counts = variables
        .iter()
        .map(|(_, shape)| shape.elements().unwrap_or(0));
    let first: usize = counts.take(place).sum();
    let is_outside = |parameter: usize, number: Number| {
        let bounds = objective.bounds[parameter];
        let (low, high) = (bounds.least.wide(), bounds.greatest.wide());
        !(low..=high).contains(&number.wide())
    };
    for start in &objective.starts {
        let settings = start.parts[..place].iter().map(|part| match part {
            StartPart::Settings(count) => *count,
            _ => 0,
        });
        match &start.parts[place] {
            StartPart::Settings(count) => {
                let series = start.grid.series().skip(settings.sum()).take(*count);
                for (element, (_, series)) in series.enumerate() {
                    // A range is monotonic between its ends.
                    let places = match series {
                        Series::Range(range) => vec![0, range.count - 1],
                        Series::List(_) => (0..series.len()).collect(),
                    };
                    let numbers = places.into_iter().map(|place| series.get(place).number());
                    let mut all = numbers.flatten();
                    let found = all.find(|number| is_outside(first + element, *number));
                    if found.is_some() {
                        return found;
                    }
                }
            }
            StartPart::Fixed(numbers) => {
                let mut numbers = numbers.iter().enumerate();
                let found = numbers.find(|(element, number)| is_outside(first + element, **number));
                if let Some((_, number)) = found {
                    return Some(*number);
                }
            }
            StartPart::Drawn(..) => {}
        }
    }
    None
}
