//! Printing of tensors.

use std::fmt;

use super::{Data, Tensor};

/// Longer axes are shown by their first and last elements.
const SHOWN: usize = 8;
/// With more axes than this the elements are not shown, so that no shape
/// exhausts the stack.
const MAX_DEPTH: usize = 32;

impl fmt::Display for Tensor {
    /// The elements in nested brackets; for a long axis only the first and last three.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let element = |formatter: &mut fmt::Formatter<'_>, index: usize| match self.data() {
            // Rust's debug form has an exponent where the number is long without.
            Data::F32(x) => write!(formatter, "{:?}", x[index]),
            Data::F64(x) => write!(formatter, "{:?}", x[index]),
            Data::I64(x) => write!(formatter, "{}", x[index]),
            Data::Bool(x) => write!(formatter, "{}", x[index]),
        };
        if self.rank() > MAX_DEPTH {
            return write!(formatter, "[… {} axes]", self.rank());
        }
        nested(formatter, &element, self.shape(), 0, self.len())
    }
}

fn nested(
    formatter: &mut fmt::Formatter<'_>,
    element: &dyn Fn(&mut fmt::Formatter<'_>, usize) -> fmt::Result,
    shape: &[usize],
    start: usize,
    count: usize,
) -> fmt::Result {
    let [length, inner @ ..] = shape else {
        return element(formatter, start);
    };
    let step = count.checked_div(*length).unwrap_or(0);
    formatter.write_str("[")?;
    let is_long = *length > SHOWN;
    let (head, tail) = if is_long {
        (0..3, length - 3..*length)
    } else {
        (0..*length, 0..0)
    };
    for index in head.chain(tail) {
        if is_long && index == length - 3 {
            formatter.write_str(", …")?;
        }
        if index > 0 {
            formatter.write_str(", ")?;
        }
        nested(formatter, element, inner, start + index * step, step)?;
    }
    formatter.write_str("]")
}

impl fmt::Debug for Tensor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Tensor({self}, {}", self.dtype())?;
        if self.rank() > 0 {
            write!(formatter, ", shape {}", self.shape())?;
        }
        formatter.write_str(")")
    }
}
