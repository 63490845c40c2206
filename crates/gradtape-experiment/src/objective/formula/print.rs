//! Formulas as text.

use std::fmt::{self, Formatter, Write as _};

use super::{Formula, Index, PartId, PartKind};
use crate::language::{ATOM_LEVEL, NOT_LEVEL, Operator, SIGN_LEVEL};
use crate::number::{Number, Scalar};

impl Formula {
    /// How tightly a sub-formula binds as it is printed.
    fn level(&self, id: PartId) -> u8 {
        match &self.parts[id.0].kind {
            PartKind::Negative(_) => SIGN_LEVEL,
            PartKind::Not(_) => NOT_LEVEL,
            PartKind::Binary(operator, ..) => operator.level(),
            _ => ATOM_LEVEL,
        }
    }

    /// Writes a sub-formula where only what binds at `level` or more tightly needs
    /// no parentheses.
    fn write(&self, id: PartId, level: u8, to: &mut Formatter<'_>) -> fmt::Result {
        if self.level(id) < level {
            to.write_char('(')?;
            self.write_bare(id, to)?;
            return to.write_char(')');
        }
        self.write_bare(id, to)
    }

    fn write_bare(&self, id: PartId, to: &mut Formatter<'_>) -> fmt::Result {
        match &self.parts[id.0].kind {
            PartKind::Number(number) => self.write_number(*number, id, to),
            PartKind::Name(name) => to.write_str(name),
            PartKind::Negative(x) => {
                to.write_char('-')?;
                self.write(*x, SIGN_LEVEL, to)
            }
            PartKind::Not(x) => {
                to.write_str("not ")?;
                self.write(*x, NOT_LEVEL, to)
            }
            PartKind::Binary(Operator::Power, x, y) => {
                self.write(*x, ATOM_LEVEL, to)?;
                to.write_char('^')?;
                self.write(*y, SIGN_LEVEL, to)
            }
            PartKind::Binary(..) => self.write_chain(id, to),
            PartKind::Call(function, arguments, axis) => {
                write!(to, "{}(", function.name)?;
                let named = usize::from(function.is_named(arguments.len()));
                let (plain, named) = arguments.split_at(arguments.len() - named);
                self.write_list(plain, to)?;
                for argument in named {
                    let option = function.option(plain.len()).unwrap_or_default();
                    write!(to, ", {option}=")?;
                    self.write(*argument, 0, to)?;
                }
                if let Some(axis) = axis {
                    write!(to, ", axis={axis}")?;
                }
                to.write_char(')')
            }
            PartKind::List(elements) => {
                to.write_char('[')?;
                self.write_list(elements, to)?;
                to.write_char(']')
            }
            PartKind::Index(..) => self.write_indexed(id, to),
        }
    }

    /// Operators of one level from the left: a loop, since a sum can have many
    /// terms.
    fn write_chain(&self, id: PartId, to: &mut Formatter<'_>) -> fmt::Result {
        let mut links = Vec::new();
        let mut first = (id, 0);
        while let PartKind::Binary(operator, x, y) = &self.parts[first.0.0].kind {
            if *operator == Operator::Power || operator.level() < first.1 {
                break;
            }
            links.push((*operator, *y));
            // Comparisons are not chained.
            first = (*x, operator.level() + u8::from(operator.is_comparison()));
        }
        self.write(first.0, first.1, to)?;
        for (operator, y) in links.into_iter().rev() {
            match operator {
                Operator::Mul | Operator::Div => to.write_str(operator.symbol())?,
                _ => write!(to, " {} ", operator.symbol())?,
            }
            self.write(y, operator.level() + 1, to)?;
        }
        Ok(())
    }

    /// Indices behind one another: a loop, since there is no bound on them.
    fn write_indexed(&self, id: PartId, to: &mut Formatter<'_>) -> fmt::Result {
        let mut links = Vec::new();
        let mut of = id;
        while let PartKind::Index(inner, indices) = &self.parts[of.0].kind {
            links.push(indices);
            of = *inner;
        }
        self.write(of, ATOM_LEVEL, to)?;
        for indices in links.into_iter().rev() {
            to.write_char('[')?;
            for (place, index) in indices.iter().enumerate() {
                to.write_str(if place == 0 { "" } else { ", " })?;
                self.write_index(index, to)?;
            }
            to.write_char(']')?;
        }
        Ok(())
    }

    fn write_list(&self, list: &[PartId], to: &mut Formatter<'_>) -> fmt::Result {
        for (place, part) in list.iter().enumerate() {
            to.write_str(if place == 0 { "" } else { ", " })?;
            self.write(*part, 0, to)?;
        }
        Ok(())
    }

    fn write_index(&self, index: &Index, to: &mut Formatter<'_>) -> fmt::Result {
        match index {
            Index::At(part) => self.write(*part, 0, to),
            Index::Slice([start, stop, step]) => {
                for (place, bound) in [start, stop].into_iter().enumerate() {
                    to.write_str(if place == 0 { "" } else { ":" })?;
                    if let Some(bound) = bound {
                        self.write(*bound, 0, to)?;
                    }
                }
                if let Some(step) = step {
                    to.write_char(':')?;
                    self.write(*step, 0, to)?;
                }
                Ok(())
            }
        }
    }

    fn write_number(&self, number: Number, id: PartId, to: &mut Formatter<'_>) -> fmt::Result {
        let shortest = shortest(number.wide());
        // Digits beyond the shortest can matter in `f32`.
        if shortest.parse() == Ok(number) {
            return to.write_str(&shortest);
        }
        match self.text.get(self.parts[id.0].span.clone()) {
            Some(written) if !written.is_empty() => to.write_str(&written.replace('_', "")),
            _ => to.write_str(&shortest),
        }
    }
}

/// The shortest digits of a number, without a `.0` after an integer.
pub(in crate::objective) fn shortest(number: f64) -> String {
    let text = Scalar::F64(number).to_string().replace("e+", "e");
    match text.strip_suffix(".0") {
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.write(self.root(), 0, formatter)
    }
}
