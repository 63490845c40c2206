//! Tensors: dense arrays of any rank whose operations a tape can record.

pub(crate) mod arrange;
pub(crate) mod data;
mod dense;
mod elementwise;
mod float;
mod make;
mod matmul;
pub(crate) mod operation;
mod operator;
pub(crate) mod reduce;
mod rule;
mod shape;
mod show;
mod structure;

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use data::{DType, Element};
pub use float::with_subnormals;
pub use operator::Operand;
pub use shape::{Axes, Shape};
pub use structure::Span;

pub(crate) use data::{Data, Storage};
pub(super) use dense::Dense;
pub(crate) use operation::{Custom, Operation};
pub(crate) use rule::{DenseNumber, IncomingAdjoint, moved};

use super::error::{Caller, Error, Result};
use super::tape::{active, described};

/// A dense array of any rank with elements of one type, computed at once.
///
/// A tensor is immutable; a copy is a reference to the same elements. Each
/// operation makes a new tensor and is recorded by every
/// [`GradientTape`](crate::GradientTape) that is recording on this thread.
/// A tape identifies a tensor by its identity, not its value: a copy
/// ([`Clone`]) is the same tensor, [`Tensor::identity`] is another one.
///
/// The last axis of the elements varies fastest. Two tensors are equal (`==`) if
/// their types, shapes and elements are equal; a NaN is never equal.
///
/// # Examples
///
/// ```
/// use gradtape_tape::Tensor;
///
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// let y = 2.0 * &x + Tensor::from([10.0, 20.0]);
/// assert_eq!(y, Tensor::from([[12.0, 24.0], [16.0, 28.0]]));
/// assert_eq!(y.sum()?.item::<f64>()?, 80.0);
/// # Ok::<(), gradtape_tape::Error>(())
/// ```
#[derive(Clone)]
pub struct Tensor(Arc<Inner>);

struct Inner {
    id: Id,
    shape: Shape,
    data: Data,
    origin: Origin,
}

/// The identity of a tensor or variable. Later ones have larger numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(u64);

impl Id {
    /// A new identity.
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Only uniqueness matters between threads; within one the numbers
        // ascend in any case.
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The origin of a tensor, for the explanation of a missing gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Origin {
    pub kind: OriginKind,
    pub at: Caller,
    /// The number of the thread.
    pub thread: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum OriginKind {
    /// From numbers.
    Given,
    /// By the operation of this name.
    Computed(&'static str),
    /// The value of this variable.
    Read(Id),
}

impl Tensor {
    fn from_parts(shape: Shape, data: Data, kind: OriginKind, at: Caller) -> Self {
        debug_assert_eq!(shape.elements(), Some(data.len()));
        let thread = active::thread();
        Self(Arc::new(Inner {
            id: Id::next(),
            shape,
            data,
            origin: Origin { kind, at, thread },
        }))
    }

    /// A new tensor with the same elements, which belongs to `variable`.
    pub(crate) fn read(&self, variable: Id, at: Caller) -> Self {
        let data = self.data().clone();
        Self::from_parts(self.0.shape.clone(), data, OriginKind::Read(variable), at)
    }

    pub(crate) fn id(&self) -> Id {
        self.0.id
    }

    pub(crate) fn origin(&self) -> Origin {
        self.0.origin
    }

    pub(crate) fn data(&self) -> &Data {
        &self.0.data
    }

    /// The result of an operation, which every active tape records.
    pub(crate) fn apply(operation: Operation, operands: &[&Tensor], at: Caller) -> Result<Self> {
        let (shape, data) = operation.evaluate(operands, at)?;
        let result = Self::from_parts(shape, data, OriginKind::Computed(operation.name()), at);
        active::record(operation, operands, &result);
        Ok(result)
    }

    /// The result of an operation with a user-defined derivative, computed by `value`,
    /// which no tape records.
    pub(crate) fn custom(
        operands: &[&Tensor],
        value: impl FnOnce() -> Result<Tensor>,
        rule: Custom,
        at: Caller,
    ) -> Result<Self> {
        let operation = Operation::Custom(Some(Arc::new(rule)));
        let (value, outside) = active::suspended(operands, value);
        let value = value?;
        if let Some(used) = outside {
            return Err(Error::NotAnOperand {
                used: described(&used.leaf),
                line: used.at,
                at,
            });
        }
        let (shape, data) = (value.shape().clone(), value.data().clone());
        let result = Self::from_parts(shape, data, OriginKind::Computed(operation.name()), at);
        active::record(operation, operands, &result);
        Ok(result)
    }

    /// The lengths of the axes; empty for a scalar.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.0.shape
    }

    /// The number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.0.shape.len()
    }

    /// The number of elements: 1 for a scalar, 0 if an axis has length 0.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.data.len()
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of the elements.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.0.data.dtype()
    }

    /// Whether both are the same tensor for a tape.
    #[must_use]
    pub fn is(&self, other: &Tensor) -> bool {
        self.id() == other.id()
    }

    /// The elements, in memory order.
    ///
    /// # Errors
    ///
    /// [`Error::Type`] if their type is not `T`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::Tensor;
    ///
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.as_slice::<f64>()?, [1.0, 2.0, 3.0, 4.0]);
    /// assert!(x.as_slice::<f32>().is_err());
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn as_slice<T: Element>(&self) -> Result<&[T]> {
        let error = Error::Type {
            operation: "as_slice",
            dtype: self.dtype(),
            expected: T::DTYPE.name(),
            at: Location::caller(),
        };
        T::from_data(self.data()).ok_or(error)
    }

    /// A copy of the elements, in memory order.
    ///
    /// # Errors
    ///
    /// [`Error::Type`] if their type is not `T`.
    #[track_caller]
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        self.as_slice().map(<[T]>::to_vec)
    }

    /// The only element.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if there is not exactly one, [`Error::Type`] if its type is not
    /// `T`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::Tensor;
    ///
    /// assert_eq!(Tensor::from(2.5).item::<f64>()?, 2.5);
    /// assert_eq!(Tensor::from([[2.5_f32]]).item::<f32>()?, 2.5);
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn item<T: Element>(&self) -> Result<T> {
        match self.as_slice()? {
            [one] => Ok(*one),
            _ => Err(Error::Shape {
                operation: "item",
                shape: self.shape().clone(),
                expected: "a single element".to_owned(),
                at: Location::caller(),
            }),
        }
    }
}

impl PartialEq for Tensor {
    fn eq(&self, other: &Self) -> bool {
        self.0.shape == other.0.shape && self.0.data == other.0.data
    }
}
