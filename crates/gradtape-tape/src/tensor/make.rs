//! Construction of tensors.

use std::panic::Location;

use super::data::sealed::Sealed as _;
use super::{DType, Data, Element, Error, OriginKind, Result, Shape, Storage, Tensor};
use crate::Real;
use crate::error::Caller;

/// An empty vector with capacity for the elements of a result.
pub(super) fn room<T>(operation: &'static str, shape: &Shape, at: Caller) -> Result<Vec<T>> {
    let error = || Error::Memory {
        operation,
        shape: shape.clone(),
        at,
    };
    let mut elements = Vec::new();
    let count = shape.elements().ok_or_else(error)?;
    elements.try_reserve_exact(count).map_err(|_| error())?;
    Ok(elements)
}

/// `value`, rounded to the type.
fn number(value: f64, dtype: DType) -> Data {
    match dtype {
        DType::F32 => Data::F32(Storage::One([f32::from_f64(value)])),
        DType::F64 => Data::F64(Storage::One([value])),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "only integers are passed here"
        )]
        DType::I64 => Data::I64(Storage::One([value as i64])),
        DType::Bool => Data::Bool(Storage::One([value != 0.0])),
    }
}

fn repeated<T: Element>(
    operation: &'static str,
    value: T,
    shape: &Shape,
    at: Caller,
) -> Result<Data> {
    let mut elements = room(operation, shape, at)?;
    // `room` has counted them.
    elements.resize(shape.elements().unwrap_or(0), value);
    Ok(T::into_data(elements.into()))
}

impl Tensor {
    /// A tensor with these elements, in memory order.
    ///
    /// # Errors
    ///
    /// [`Error::Elements`] if their number does not match the shape.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::Tensor;
    ///
    /// let x = Tensor::new(vec![1_i64, 2, 3, 4, 5, 6], [2, 3])?;
    /// assert_eq!(x, Tensor::from([[1, 2, 3], [4, 5, 6]]));
    /// assert!(Tensor::new(vec![1.0, 2.0], [3]).is_err());
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn new<T: Element>(elements: Vec<T>, shape: impl Into<Shape>) -> Result<Self> {
        let (shape, at) = (shape.into(), Location::caller());
        if shape.elements() != Some(elements.len()) {
            return Err(Error::Elements {
                operation: "new",
                elements: elements.len(),
                shape,
                at,
            });
        }
        let data = T::into_data(elements.into());
        Ok(Self::from_parts(shape, data, OriginKind::Given, at))
    }

    /// A tensor with `value` in every element.
    ///
    /// # Errors
    ///
    /// [`Error::Memory`] if it does not fit in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::Tensor;
    ///
    /// assert_eq!(Tensor::full(0.5, [2])?, Tensor::from([0.5, 0.5]));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn full<T: Element>(value: T, shape: impl Into<Shape>) -> Result<Self> {
        let (shape, at) = (shape.into(), Location::caller());
        let data = repeated("full", value, &shape, at)?;
        Ok(Self::from_parts(shape, data, OriginKind::Given, at))
    }

    /// A tensor of zeros.
    ///
    /// # Errors
    ///
    /// [`Error::Memory`] if it does not fit in memory.
    #[track_caller]
    pub fn zeros(dtype: DType, shape: impl Into<Shape>) -> Result<Self> {
        Self::constant(0.0, dtype, shape.into(), Location::caller())
    }

    /// A tensor of ones.
    ///
    /// # Errors
    ///
    /// [`Error::Memory`] if it does not fit in memory.
    #[track_caller]
    pub fn ones(dtype: DType, shape: impl Into<Shape>) -> Result<Self> {
        Self::constant(1.0, dtype, shape.into(), Location::caller())
    }

    /// A tensor with `value`, which is exact in every type, in every element.
    pub(crate) fn constant(value: f64, dtype: DType, shape: Shape, at: Caller) -> Result<Self> {
        let one = number(value, dtype);
        let data = if shape.is_empty() {
            one
        } else {
            match one {
                Data::F32(x) => repeated("full", x[0], &shape, at)?,
                Data::F64(x) => repeated("full", x[0], &shape, at)?,
                Data::I64(x) => repeated("full", x[0], &shape, at)?,
                Data::Bool(x) => repeated("full", x[0], &shape, at)?,
            }
        };
        Ok(Self::from_parts(shape, data, OriginKind::Given, at))
    }

    /// 1 at element `index` of every `period` elements, 0 elsewhere.
    pub(crate) fn unit(
        shape: &Shape,
        period: usize,
        index: usize,
        dtype: DType,
        at: Caller,
    ) -> Result<Self> {
        let zeros = Self::constant(0.0, dtype, shape.clone(), at)?;
        macro_rules! with_ones {
            ($elements:ident, $variant:ident, $one:expr) => {{
                let mut elements = $elements.to_vec();
                let places = elements.iter_mut().skip(index).step_by(period.max(1));
                places.for_each(|place| *place = $one);
                Data::$variant(elements.into())
            }};
        }
        let data = match zeros.data() {
            Data::F32(x) => with_ones!(x, F32, 1.0),
            Data::F64(x) => with_ones!(x, F64, 1.0),
            Data::I64(x) => with_ones!(x, I64, 1),
            Data::Bool(x) => with_ones!(x, Bool, true),
        };
        Ok(Self::from_parts(shape.clone(), data, OriginKind::Given, at))
    }

    /// An integer as a scalar.
    pub(crate) fn whole(value: i64, at: Caller) -> Self {
        let data = Data::I64(Storage::One([value]));
        Self::from_parts(Shape::scalar(), data, OriginKind::Given, at)
    }

    /// `value` as a scalar of this type, rounded to it.
    pub(crate) fn scalar(value: f64, dtype: DType, at: Caller) -> Self {
        Self::from_parts(Shape::scalar(), number(value, dtype), OriginKind::Given, at)
    }

    /// The integers from 0 to `count` − 1.
    ///
    /// # Errors
    ///
    /// [`Error::Memory`] if they do not fit in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::Tensor;
    ///
    /// assert_eq!(Tensor::range(3)?, Tensor::from([0, 1, 2]));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn range(count: usize) -> Result<Self> {
        let (shape, at) = (Shape::from([count]), Location::caller());
        let mut elements = room("range", &shape, at)?;
        elements.extend((0_i64..).take(count));
        let data = i64::into_data(elements.into());
        Ok(Self::from_parts(shape, data, OriginKind::Given, at))
    }

    /// The square matrix with ones on its diagonal.
    ///
    /// # Errors
    ///
    /// [`Error::Type`] for booleans, [`Error::Memory`] if it does not fit in memory.
    #[track_caller]
    pub fn eye(dtype: DType, size: usize) -> Result<Self> {
        let at = Location::caller();
        let column = Self::range(size)?.reshape([size, 1])?;
        column.equals(&Self::range(size)?)?.cast_at(dtype, at)
    }
}

macro_rules! from_numbers {
    ($($type:ty),+) => {$(
        impl From<$type> for Tensor {
            #[track_caller]
            fn from(value: $type) -> Self {
                let data = <$type>::into_data(Storage::One([value]));
                Self::from_parts(Shape::scalar(), data, OriginKind::Given, Location::caller())
            }
        }
        impl From<&[$type]> for Tensor {
            #[track_caller]
            fn from(values: &[$type]) -> Self {
                let (shape, data) = (Shape::from([values.len()]), <$type>::into_data(values.into()));
                Self::from_parts(shape, data, OriginKind::Given, Location::caller())
            }
        }
        impl From<Vec<$type>> for Tensor {
            #[track_caller]
            fn from(values: Vec<$type>) -> Self {
                let (shape, data) = (Shape::from([values.len()]), <$type>::into_data(values.into()));
                Self::from_parts(shape, data, OriginKind::Given, Location::caller())
            }
        }
        impl<const A: usize> From<[$type; A]> for Tensor {
            #[track_caller]
            fn from(values: [$type; A]) -> Self {
                let data = <$type>::into_data(values[..].into());
                Self::from_parts(Shape::from([A]), data, OriginKind::Given, Location::caller())
            }
        }
        impl<const A: usize, const B: usize> From<[[$type; B]; A]> for Tensor {
            #[track_caller]
            fn from(values: [[$type; B]; A]) -> Self {
                let data = <$type>::into_data(values.as_flattened().into());
                Self::from_parts(Shape::from([A, B]), data, OriginKind::Given, Location::caller())
            }
        }
        impl<const A: usize, const B: usize, const C: usize> From<[[[$type; C]; B]; A]> for Tensor {
            #[track_caller]
            fn from(values: [[[$type; C]; B]; A]) -> Self {
                let flat = values.as_flattened().as_flattened();
                let data = <$type>::into_data(flat.into());
                let shape = Shape::from([A, B, C]);
                Self::from_parts(shape, data, OriginKind::Given, Location::caller())
            }
        }
    )+};
}
from_numbers!(f32, f64, i64, bool);
