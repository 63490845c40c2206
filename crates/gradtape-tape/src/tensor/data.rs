//! The elements of a tensor: their types and their storage.

use std::fmt;
use std::sync::Arc;

/// The type of a tensor's elements. Operations never mix types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DType {
    /// 32-bit floating point.
    F32,
    /// 64-bit floating point.
    F64,
    /// 64-bit integers: indices, counts. They have no gradient.
    I64,
    /// Booleans: conditions. They have no gradient.
    Bool,
}

impl DType {
    /// Whether derivatives exist with respect to elements of this type.
    #[must_use]
    pub fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::F64)
    }

    /// The name of the Rust type, such as `"f32"`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            DType::F32 => "f32",
            DType::F64 => "f64",
            DType::I64 => "i64",
            DType::Bool => "bool",
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A Rust type that a tensor can hold: `f32`, `f64`, `i64` or `bool`.
pub trait Element: sealed::Sealed + Copy + PartialEq + fmt::Debug + Send + Sync + 'static {
    /// The name of this type at run time.
    const DTYPE: DType;
}

pub(crate) mod sealed {
    use super::{Data, Storage};

    /// Conversion between a Rust type and the variant of [`Data`] that holds it.
    pub trait Sealed: Sized {
        fn into_data(storage: Storage<Self>) -> Data;
        fn from_data(data: &Data) -> Option<&[Self]>;
    }
}

macro_rules! element {
    ($($type:ident $variant:ident),+) => {
        $(
            impl Element for $type {
                const DTYPE: DType = DType::$variant;
            }
            impl sealed::Sealed for $type {
                fn into_data(storage: Storage<Self>) -> Data {
                    Data::$variant(storage)
                }
                fn from_data(data: &Data) -> Option<&[Self]> {
                    match data {
                        Data::$variant(storage) => Some(storage),
                        _ => None,
                    }
                }
            }
        )+
    };
}
element!(f32 F32, f64 F64, i64 I64, bool Bool);

/// The elements in memory order: the last axis varies fastest.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    F32(Storage<f32>),
    F64(Storage<f64>),
    I64(Storage<i64>),
    Bool(Storage<bool>),
}

impl Data {
    pub(crate) fn dtype(&self) -> DType {
        match self {
            Data::F32(_) => DType::F32,
            Data::F64(_) => DType::F64,
            Data::I64(_) => DType::I64,
            Data::Bool(_) => DType::Bool,
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Data::F32(x) => x.len(),
            Data::F64(x) => x.len(),
            Data::I64(x) => x.len(),
            Data::Bool(x) => x.len(),
        }
    }
}

/// Elements in shared, immutable memory.
#[derive(Clone, Debug)]
pub enum Storage<T> {
    /// A single element needs no allocation.
    One([T; 1]),
    Many(Arc<Vec<T>>),
}

impl<T: PartialEq> PartialEq for Storage<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T> std::ops::Deref for Storage<T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Storage::One(one) => one,
            Storage::Many(many) => many,
        }
    }
}

impl<T: Copy> From<Vec<T>> for Storage<T> {
    fn from(elements: Vec<T>) -> Self {
        match elements[..] {
            [one] => Storage::One([one]),
            _ => Storage::Many(Arc::new(elements)),
        }
    }
}

impl<T: Copy> From<&[T]> for Storage<T> {
    fn from(elements: &[T]) -> Self {
        match *elements {
            [one] => Storage::One([one]),
            _ => Storage::Many(Arc::new(elements.to_vec())),
        }
    }
}

/// Applies one expression to elements of any type; the result has the same type.
macro_rules! map_data {
    ($data:expr, |$x:ident| $body:expr) => {
        match $data {
            $crate::tensor::data::Data::F32($x) => $crate::tensor::data::Data::F32($body.into()),
            $crate::tensor::data::Data::F64($x) => $crate::tensor::data::Data::F64($body.into()),
            $crate::tensor::data::Data::I64($x) => $crate::tensor::data::Data::I64($body.into()),
            $crate::tensor::data::Data::Bool($x) => $crate::tensor::data::Data::Bool($body.into()),
        }
    };
}
pub(crate) use map_data;
