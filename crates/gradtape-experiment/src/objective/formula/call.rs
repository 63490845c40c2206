//! The shapes of the values of functions.

use super::PartId;
use super::pick::progression;
use super::shape::{Detail, PartContext, PartType, described, known};
use crate::mistake::{Code, Mistake};
use crate::objective::function::{Each, Function, Meaning};
use gradtape_tape::{Array, Op, Shape};

/// The number of elements of this shape that become one along an axis, or in total.
pub(super) fn reduced(shape: &Shape, axis: Option<usize>) -> usize {
    let lengths = shape.iter().enumerate();
    let reduced = lengths.filter(|(at, _)| axis.is_none_or(|axis| axis == *at));
    reduced.map(|(_, length)| *length).product()
}

/// An array whose first axis is put into a longer one.
fn placement(shape: &Shape, start: usize, step: usize, length: usize) -> PartType {
    let lengths = [length].into_iter().chain(shape[1..].iter().copied());
    PartType::new(
        lengths.collect(),
        Detail::Place {
            start,
            step,
            length,
        },
    )
}

impl PartContext<'_> {
    pub(super) fn call(
        &self,
        id: PartId,
        function: &Function,
        arguments: &[PartId],
        axis: Option<usize>,
    ) -> Result<PartType, Mistake> {
        let name = format!("`{}`", function.name);
        let x = arguments[0];
        let shape = &self.of(x).shape;
        let unknown = |shape: Shape| PartType::new(shape, Detail::None);
        if let Some(each) = function.meaning.each(arguments.len()) {
            if let (Each::Op(Op::Polygamma), Some(order)) = (each, self.of(x).known)
                && !((0.0..=100.0).contains(&order) && order.fract() == 0.0)
            {
                let message = format!("the order of `polygamma` cannot be {order}");
                let label = "expected an integer from 0 to 100";
                return Err(Mistake::new(Code::Shape, self.span(x), message, label));
            }
            let value = |of: &[Array<'_>]| each.of(of).value();
            return self.elementwise(id, &name, arguments, value);
        }
        Ok(match function.meaning {
            Meaning::Each(_) | Meaning::Extreme(_) | Meaning::Position(_) | Meaning::Reduce(_) => {
                self.reduction(id, &name, arguments, axis)?
            }
            Meaning::Softmax => {
                self.array_needed(&name, x)?;
                self.axis(id, x, axis)?;
                unknown(shape.clone())
            }
            Meaning::Cumsum => {
                self.array_needed(&name, x)?;
                unknown(shape.clone())
            }
            Meaning::Length => {
                self.array_needed(&name, x)?;
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "no length exceeds the maximum number of elements"
                )]
                known(shape[0] as f64)
            }
            Meaning::Dot => self.dot(id, [x, arguments[1]])?,
            Meaning::Transpose => match shape[..] {
                [rows, columns] => unknown(Shape::from([columns, rows])),
                _ => return Err(self.other_needed(&name, "a matrix", x)),
            },
            Meaning::Range => self.range(id, arguments)?,
            Meaning::OneHot => {
                let [rows] = shape[..] else {
                    return Err(self.other_needed(&name, "a vector of integers", x));
                };
                let classes = self.count(arguments[1], "the number of classes", 1)?;
                PartType::new(Shape::from([rows, classes]), Detail::Classes(classes))
            }
            Meaning::Repeat => {
                let count = self.count(arguments[1], "the number of repetitions", 1)?;
                if shape.len() > 1 {
                    return Err(self.other_needed(&name, "a number or a vector", x));
                }
                unknown([count].into_iter().chain(shape.iter().copied()).collect())
            }
            Meaning::Pad => {
                self.array_needed(&name, x)?;
                let what = "the number of zeros";
                let before = self.count(arguments[1], what, 0)?;
                let after = self.count(arguments[2], what, 0)?;
                let length = shape[0].saturating_add(before).saturating_add(after);
                placement(shape, before, 1, length)
            }
            Meaning::Spread => {
                self.array_needed(&name, x)?;
                let step = self.count(arguments[1], "the step", 1)?;
                let length = (shape[0] - 1).saturating_mul(step).saturating_add(1);
                placement(shape, 0, step, length)
            }
        })
    }

    /// A function that makes one number of all along an axis, or in total.
    fn reduction(
        &self,
        id: PartId,
        name: &str,
        arguments: &[PartId],
        axis: Option<usize>,
    ) -> Result<PartType, Mistake> {
        let x = arguments[0];
        self.array_needed(name, x)?;
        let axis = self.axis(id, x, axis)?;
        let shape = &self.of(x).shape;
        let lengths = shape.iter().enumerate();
        let stays = lengths.filter(|(at, _)| axis.is_some_and(|axis| axis != *at));
        let shape_of_result = stays.map(|(_, length)| *length).collect();
        let detail = match arguments.get(1) {
            Some(ddof) => Detail::Divisor(self.divisor(*ddof, reduced(shape, axis))?),
            None => Detail::None,
        };
        Ok(PartType::new(shape_of_result, detail))
    }

    fn dot(&self, id: PartId, [x, y]: [PartId; 2]) -> Result<PartType, Mistake> {
        if let ([k], [l]) = (&self.of(x).shape[..], &self.of(y).shape[..])
            && k == l
        {
            return Ok(PartType::new(Shape::scalar(), Detail::None));
        }
        let message = "`dot` needs two vectors of the same length";
        let label = self.both(x, y, ["the first one", "the second one"]);
        let mistake = Mistake::new(Code::Shape, self.span(id), message, label);
        Err(mistake.help("write a product of matrices as `A @ B`"))
    }

    /// The value of a part that must be an integer, at least `least`.
    fn count(&self, id: PartId, what: &str, least: usize) -> Result<usize, Mistake> {
        let whole = self.whole(id, what)?;
        match usize::try_from(whole) {
            Ok(count) if count >= least => Ok(count),
            _ => {
                let message = format!("{what} cannot be {whole}");
                let label = format!("expected at least {least}");
                Err(Mistake::new(Code::Shape, self.span(id), message, label))
            }
        }
    }

    /// A number of elements minus `ddof`, the value of a part.
    fn divisor(&self, ddof: PartId, elements: usize) -> Result<usize, Mistake> {
        let less = self.count(ddof, "`ddof`", 0)?;
        elements
            .checked_sub(less)
            .filter(|it| *it > 0)
            .ok_or_else(|| {
                let message = format!("`ddof` cannot be {less}");
                let label = format!("expected less than {elements}, the number of elements");
                Mistake::new(Code::Shape, self.span(ddof), message, label)
            })
    }

    fn range(&self, id: PartId, arguments: &[PartId]) -> Result<PartType, Mistake> {
        let names = match arguments.len() {
            1 => ["the end of a range", "", ""],
            _ => [
                "the start of a range", "the end of a range", "the step of a range",
            ],
        };
        let numbers = arguments.iter().zip(names);
        let numbers = numbers.map(|(argument, name)| self.whole(*argument, name));
        let numbers: Vec<i64> = numbers.collect::<Result<_, _>>()?;
        let (start, end, step) = match numbers[..] {
            [end] => (0, end, 1),
            [start, end] => (start, end, 1),
            [start, end, step, ..] => (start, end, step),
            [] => (0, 0, 1),
        };
        let count = match progression(start, end, step) {
            None => {
                let message = "the step of a range cannot be 0";
                let label = "expected a nonzero integer";
                return Err(Mistake::new(
                    Code::Shape,
                    self.span(arguments[2]),
                    message,
                    label,
                ));
            }
            Some(0) => {
                let message = "this range is empty";
                let label = match numbers.len() {
                    1 => format!("there is no integer from 0 up to, but not including, {end}"),
                    _ => format!("there is no integer from {start} to {end} in steps of {step}"),
                };
                let mistake = Mistake::new(Code::Shape, self.span(id), message, label);
                return Err(mistake.help("the end is not included, as in Python"));
            }
            Some(count) => usize::try_from(count).unwrap_or(usize::MAX),
        };
        Ok(PartType::new(
            Shape::from([count]),
            Detail::Range { start, step, count },
        ))
    }

    /// The given axis, if the part has it.
    fn axis(&self, id: PartId, of: PartId, axis: Option<usize>) -> Result<Option<usize>, Mistake> {
        let shape = &self.of(of).shape;
        match axis {
            Some(axis) if axis >= shape.len() => {
                let message = format!("axis {axis} is out of range");
                let quoted = self.quoted(of, "this");
                let label = format!("{quoted} is {}: expected `axis=0`", described(shape));
                Err(Mistake::new(Code::Shape, self.span(id), message, label))
            }
            _ => Ok(axis),
        }
    }

    fn array_needed(&self, name: &str, of: PartId) -> Result<(), Mistake> {
        if self.of(of).shape.is_empty() {
            return Err(self.other_needed(name, "a vector or a matrix", of));
        }
        Ok(())
    }

    fn other_needed(&self, name: &str, expected: &str, of: PartId) -> Mistake {
        let found = described(&self.of(of).shape);
        let message = format!("{name} needs {expected}, found {found}");
        let label = format!("{} is {found}", self.quoted(of, "this"));
        Mistake::new(Code::Shape, self.span(of), message, label)
    }
}
