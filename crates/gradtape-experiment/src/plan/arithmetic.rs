//! How numbers are rounded.

use std::fmt;

use super::runs::value_of;
use crate::number::{Precision, Value};
use gradtape_tape::Subnormals;

/// How numbers are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arithmetic {
    /// The precision of every operation.
    pub precision: Precision,
    /// Whether subnormal numbers are kept or flushed to 0.
    pub subnormals: Subnormals,
}

impl Arithmetic {
    /// The setting `subnormals`.
    #[must_use]
    pub fn subnormals_name(self) -> &'static str {
        match self.subnormals {
            Subnormals::Keep => "keep",
            Subnormals::Flush => "flush",
        }
    }

    pub(super) fn new(values: &[(&str, Value)]) -> Self {
        let is = |name: &str, wanted: &str| matches!(value_of(values, name), Value::Name(value) if value == wanted);
        Arithmetic {
            precision: if is("precision", "f32") {
                Precision::F32
            } else {
                Precision::F64
            },
            subnormals: if is("subnormals", "flush") {
                Subnormals::Flush
            } else {
                Subnormals::Keep
            },
        }
    }
}

impl fmt::Display for Arithmetic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.precision.name())?;
        match self.subnormals {
            Subnormals::Keep => Ok(()),
            Subnormals::Flush => formatter.write_str(" flushed"),
        }
    }
}
