//! The shapes of sub-formulas, and what is known of them before any evaluation.

use std::collections::HashMap;

use super::pick::Pick;
use super::{Formula, MAX_ELEMENTS, MAX_ELEMENTS_TOGETHER, PartId, PartKind, named_number};
use crate::language::Operator;
use crate::mistake::{Code, Mistake, Span};
use crate::number::grouped;
use gradtape_tape::{Array, Graph, Precision, Shape, Subnormals};

/// What a name stands for, or what a sub-formula gives.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::objective) struct Type {
    /// The lengths of its axes; none of a number.
    pub(in crate::objective) shape: Shape,
    /// The number that it is, where only numbers of the text and lengths decide.
    pub(in crate::objective) known: Option<f64>,
}

/// What was found of a sub-formula.
#[derive(Clone, Debug)]
pub(super) struct PartType {
    pub(super) of: Type,
    pub(super) detail: Detail,
}

/// The numbers that an operation needs in addition to its operands.
#[derive(Clone, Debug)]
pub(super) enum Detail {
    None,
    /// What is taken of each axis.
    Picks(Vec<Pick>),
    /// `count` numbers from `start` on, `step` from one to the next.
    Range {
        start: i64,
        step: i64,
        count: usize,
    },
    /// The number of classes of `one_hot`.
    Classes(usize),
    /// What a sum of squares is divided by.
    Divisor(usize),
    /// The place of the operand in a longer first axis, with zeros between its elements
    /// and around them.
    Place {
        start: usize,
        step: usize,
        length: usize,
    },
}

/// What was found of each sub-formula, in their order.
#[derive(Clone, Debug)]
pub(in crate::objective) struct FormulaTypes {
    pub(super) parts: Vec<PartType>,
    /// Elements of all vectors and matrices except named ones.
    elements: usize,
}

impl FormulaTypes {
    /// What the whole formula gives.
    pub(in crate::objective) fn whole(&self) -> &Type {
        let last = self.parts.last();
        &last.expect("a formula has at least one sub-formula").of
    }

    pub(in crate::objective) fn elements(&self) -> usize {
        self.elements
    }

    /// Whether any sub-formula is a vector or a matrix.
    pub(in crate::objective) fn has_arrays(&self) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| !part.of.shape.is_empty())
    }
}

/// Finds shapes: the formulas of one objective, one after the other.
pub(in crate::objective) struct Checker {
    /// Numbers that are known are computed as constants of a graph.
    graph: Graph,
    /// Elements of all vectors and matrices so far.
    elements: usize,
}

impl Checker {
    pub(in crate::objective) fn new() -> Self {
        Checker {
            graph: Graph::new(Precision::F64, Subnormals::Keep),
            elements: 0,
        }
    }

    /// The shapes of all sub-formulas, or the incompatible ones as errors.
    ///
    /// Each of [`Formula::names`] is in `names`, or is a named number.
    pub(in crate::objective) fn check(
        &mut self,
        formula: &Formula,
        names: &HashMap<&str, Type>,
    ) -> Result<FormulaTypes, Vec<Mistake>> {
        let mut found: Vec<Option<PartType>> = Vec::with_capacity(formula.parts.len());
        let mut mistakes = Vec::new();
        let before = self.elements;
        for place in 0..formula.parts.len() {
            let looking = PartContext {
                formula,
                names,
                found: &found,
                graph: &self.graph,
            };
            // Errors in an operand were reported.
            let result = looking.part(PartId(place));
            let result = result.and_then(|part| match part {
                Some(part) => self.counted(part, formula, PartId(place)).map(Some),
                None => Ok(None),
            });
            found.push(result.unwrap_or_else(|mistake| {
                mistakes.push(mistake);
                None
            }));
        }
        let parts: Option<Vec<PartType>> = found.into_iter().collect();
        match parts {
            Some(parts) if mistakes.is_empty() => Ok(FormulaTypes {
                parts,
                elements: self.elements - before,
            }),
            _ => Err(mistakes),
        }
    }

    /// The part, if there is room for its elements.
    fn counted(
        &mut self,
        part: PartType,
        formula: &Formula,
        id: PartId,
    ) -> Result<PartType, Mistake> {
        let is_new = !matches!(formula.parts[id.0].kind, PartKind::Name(_));
        if part.of.shape.is_empty() || !is_new {
            return Ok(part);
        }
        let span = formula.parts[id.0].span.clone();
        let count = part.of.shape.elements().unwrap_or(usize::MAX);
        if count > MAX_ELEMENTS {
            let message = format!("{} is too large", described(&part.of.shape));
            let label = at_most_elements();
            return Err(Mistake::new(Code::TooLarge, span, message, label));
        }
        let before = self.elements;
        self.elements = before.saturating_add(count);
        if self.elements > MAX_ELEMENTS_TOGETHER && before <= MAX_ELEMENTS_TOGETHER {
            let most = grouped(MAX_ELEMENTS_TOGETHER as u128);
            let message = "the vectors and matrices of the formula are too large in total";
            let label = format!("this brings the total above {most} elements");
            return Err(Mistake::new(Code::TooLarge, span, message, label));
        }
        Ok(part)
    }
}

fn at_most_elements() -> String {
    let most = grouped(MAX_ELEMENTS as u128);
    format!("expected at most {most} elements")
}

/// A shape in words.
pub(in crate::objective) fn described(shape: &Shape) -> String {
    match shape[..] {
        [] => "a number".to_owned(),
        [length] => format!("a vector of length {}", grouped(length as u128)),
        [rows, columns] => format!("a {rows}×{columns} matrix"),
        _ => format!("an array of shape {shape}"),
    }
}

/// The shape of two combined operands: a number combines with anything, a vector with
/// the rows of a matrix.
fn together(x: &Shape, y: &Shape) -> Option<Shape> {
    match (&x[..], &y[..]) {
        (x_lengths, y_lengths) if x_lengths == y_lengths => Some(x.clone()),
        ([], _) => Some(y.clone()),
        (_, []) => Some(x.clone()),
        ([length], [_, columns]) if length == columns => Some(y.clone()),
        ([_, columns], [length]) if length == columns => Some(x.clone()),
        _ => None,
    }
}

/// One sub-formula and what was found of those before it.
pub(super) struct PartContext<'a> {
    pub(super) formula: &'a Formula,
    names: &'a HashMap<&'a str, Type>,
    found: &'a [Option<PartType>],
    graph: &'a Graph,
}

impl PartContext<'_> {
    /// What is found of a part; `None` if an operand is wrong.
    fn part(&self, id: PartId) -> Result<Option<PartType>, Mistake> {
        let kind = &self.formula.parts[id.0].kind;
        let has_all = |parts: &[PartId]| parts.iter().all(|part| self.found[part.0].is_some());
        Ok(match kind {
            PartKind::Number(number) => Some(known(number.wide())),
            PartKind::Name(name) => match self.names.get(name.as_str()) {
                Some(of) => Some(plain(of.clone())),
                None => named_number(name).map(|number| known(number.wide())),
            },
            PartKind::Negative(x) | PartKind::Not(x) if !has_all(&[*x]) => None,
            PartKind::Negative(x) | PartKind::Not(x) => {
                let of = self.of(*x);
                let known = of.known.map(|x| match kind {
                    PartKind::Not(_) => 1.0 - x,
                    _ => -x,
                });
                let shape = of.shape.clone();
                Some(plain(Type { shape, known }))
            }
            PartKind::Binary(_, x, y) if !has_all(&[*x, *y]) => None,
            PartKind::Binary(Operator::MatMul, x, y) => Some(self.product(id, *x, *y)?),
            PartKind::Binary(operator, x, y) => {
                let name = format!("`{}`", operator.symbol());
                let value = |of: &[Array<'_>]| operator.of(of[0], of[1]).value();
                Some(self.elementwise(id, &name, &[*x, *y], value)?)
            }
            PartKind::Call(_, arguments, _) if !has_all(arguments) => None,
            PartKind::Call(function, arguments, axis) => {
                Some(self.call(id, function, arguments, *axis)?)
            }
            PartKind::List(elements) if !has_all(elements) => None,
            PartKind::List(elements) => Some(self.list(id, elements)?),
            PartKind::Index(of, _) if !has_all(&[*of]) => None,
            PartKind::Index(of, indices) => {
                let shape = &self.of(*of).shape;
                let Some(picks) = self.picks(id, *of, shape, indices)? else {
                    return Ok(None);
                };
                let lengths = picks.iter().filter_map(Pick::length);
                let rest = shape.iter().skip(picks.len()).copied();
                let shape = lengths.chain(rest).collect();
                Some(PartType {
                    of: Type { shape, known: None },
                    detail: Detail::Picks(picks),
                })
            }
        })
    }

    /// What was found of an operand, which is right.
    pub(super) fn of(&self, id: PartId) -> &Type {
        let found = self.found[id.0].as_ref();
        &found.expect("operands were looked at before").of
    }

    /// The same, `None` if it is wrong.
    pub(super) fn try_of(&self, id: PartId) -> Option<&Type> {
        self.found[id.0].as_ref().map(|found| &found.of)
    }

    pub(super) fn span(&self, id: PartId) -> Span {
        self.formula.parts[id.0].span.clone()
    }

    /// The text of a part between backticks if it is short; otherwise `other`.
    pub(super) fn quoted(&self, id: PartId, other: &str) -> String {
        const MAX_QUOTED: usize = 30;
        let text = self.formula.text.get(self.span(id)).unwrap_or("");
        let is_short =
            !text.is_empty() && text.chars().count() <= MAX_QUOTED && !text.contains('\n');
        match is_short {
            true => format!("`{text}`"),
            false => other.to_owned(),
        }
    }

    /// "`x[1:]` is a vector of length 9, `y` a vector of length 10".
    pub(super) fn both(&self, x: PartId, y: PartId, names: [&str; 2]) -> String {
        let (left, right) = (self.quoted(x, names[0]), self.quoted(y, names[1]));
        let (x, y) = (&self.of(x).shape, &self.of(y).shape);
        format!("{left} is {}, {right} {}", described(x), described(y))
    }

    /// An operation on each element.
    pub(super) fn elementwise(
        &self,
        id: PartId,
        name: &str,
        operands: &[PartId],
        value: impl Fn(&[Array<'_>]) -> Option<f64>,
    ) -> Result<PartType, Mistake> {
        let mut shape = self.of(operands[0]).shape.clone();
        // The operand that the shape comes from.
        let mut from = operands[0];
        for operand in &operands[1..] {
            let other = &self.of(*operand).shape;
            let Some(both) = together(&shape, other) else {
                let names = match operands.len() {
                    2 => ["the left operand", "the right operand"],
                    _ => ["one operand", "another"],
                };
                let message = match &self.formula.parts[id.0].kind {
                    PartKind::Call(..) => {
                        format!("the arguments of {name} have incompatible shapes")
                    }
                    _ => format!("the operands of {name} have incompatible shapes"),
                };
                let label = self.both(from, *operand, names);
                let mistake = Mistake::new(Code::Shape, self.span(id), message, label);
                return Err(mistake.help(match (&shape[..], &other[..]) {
                    ([length], [rows, columns]) | ([rows, columns], [length]) if length == rows => {
                        format!(
                            "a vector combines with the rows of a matrix, here of length \
                             {columns}; for the columns, transpose the matrix first"
                        )
                    }
                    _ => String::new(),
                }));
            };
            if both != shape {
                from = *operand;
            }
            shape = both;
        }
        let known = operands.iter().map(|operand| {
            let known = self.of(*operand).known?;
            Some(self.graph.constant(known))
        });
        let known: Option<Vec<Array<'_>>> = known.collect();
        let known = known.and_then(|operands| value(&operands));
        Ok(plain(Type { shape, known }))
    }

    fn product(&self, id: PartId, x: PartId, y: PartId) -> Result<PartType, Mistake> {
        let names = ["the left operand", "the right operand"];
        let shape = match (&self.of(x).shape[..], &self.of(y).shape[..]) {
            ([], _) | (_, []) => {
                let message = "`@` multiplies vectors and matrices, found a number";
                let label = self.both(x, y, names);
                let mistake = Mistake::new(Code::Shape, self.span(id), message, label);
                return Err(mistake.help("write a product with a number as `*`"));
            }
            ([k], [l]) if k == l => Shape::scalar(),
            ([m, k], [l]) if k == l => Shape::from([*m]),
            ([k], [l, n]) if k == l => Shape::from([*n]),
            ([m, k], [l, n]) if k == l => Shape::from([*m, *n]),
            ([.., k], [l, ..]) => {
                let message = "the operands of `@` have incompatible shapes";
                let label = self.both(x, y, names);
                let mistake = Mistake::new(Code::Shape, self.span(id), message, label);
                return Err(mistake.help(format!(
                    "the rows on the left, of length {k}, must be as long as the columns on the \
                     right, of length {l}"
                )));
            }
        };
        Ok(plain(Type { shape, known: None }))
    }

    fn list(&self, id: PartId, elements: &[PartId]) -> Result<PartType, Mistake> {
        let first = &self.of(elements[0]).shape;
        for element in elements {
            if self.of(*element).shape != *first {
                let is_matrix = first.len() == 1 && self.of(*element).shape.len() == 1;
                let message = match is_matrix {
                    true => "the rows of this matrix have different lengths",
                    false => "the elements of this vector have different shapes",
                };
                let label = self.both(elements[0], *element, ["the first one", "another one"]);
                return Err(Mistake::new(Code::Lengths, self.span(id), message, label));
            }
        }
        if first.len() > 1 {
            let message = "a list of matrices has three axes";
            let label = format!(
                "{} is {}",
                self.quoted(elements[0], "the first element"),
                described(first)
            );
            let mistake = Mistake::new(Code::Shape, self.span(id), message, label);
            return Err(mistake.help("only numbers, vectors and matrices are supported"));
        }
        let lengths = [elements.len()].into_iter().chain(first.iter().copied());
        let shape = lengths.collect();
        Ok(plain(Type { shape, known: None }))
    }

    /// The value of a part that must be an integer.
    pub(super) fn whole(&self, id: PartId, what: &str) -> Result<i64, Mistake> {
        /// Larger integers are not exact.
        const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
        let of = self.of(id);
        let quoted = self.quoted(id, "this");
        if !of.shape.is_empty() {
            let message = format!("{what} must be a single integer");
            let label = format!("{quoted} is {}", described(&of.shape));
            return Err(Mistake::new(Code::Shape, self.span(id), message, label));
        }
        let Some(value) = of.known else {
            let message = format!("{what} must be known before the formula is evaluated");
            let label = format!("{quoted} can change");
            let mistake = Mistake::new(Code::Shape, self.span(id), message, label);
            return Err(mistake.help(
                "numbers, `length(x)` and arithmetic of these are known; variables and numbers of \
                 `constants` are not",
            ));
        };
        if value.floor() == value && value.abs() <= MAX_EXACT {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "an integer within 2^53 fits an i64"
            )]
            return Ok(value as i64);
        }
        let message = format!("{what} must be an integer");
        let shown = super::print::shortest(value);
        let label = match quoted == format!("`{shown}`") {
            true => "expected an integer such as `0`, `-1` or `length(x) - 1`".to_owned(),
            false => format!("{quoted} is {shown}"),
        };
        Err(Mistake::new(Code::Shape, self.span(id), message, label))
    }
}

impl PartType {
    /// A value that is known when it is computed.
    pub(super) fn new(shape: Shape, detail: Detail) -> Self {
        PartType {
            of: Type { shape, known: None },
            detail,
        }
    }
}

pub(super) fn plain(of: Type) -> PartType {
    PartType {
        of,
        detail: Detail::None,
    }
}

pub(super) fn known(value: f64) -> PartType {
    plain(Type {
        shape: Shape::scalar(),
        known: Some(value),
    })
}
