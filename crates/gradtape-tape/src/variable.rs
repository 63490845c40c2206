//! Variables: values that can be assigned and are watched automatically.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::Op;
use super::error::{Caller, Error, Result};
use super::tape::active;
use super::tensor::{DType, Id, Operation, Shape, Tensor};

/// A value that can be assigned, with a fixed shape and type: a parameter to be
/// optimised.
///
/// A tape watches a trainable variable automatically as soon as its value is read
/// on the tape's thread, by an operator or by [`Variable::value`]. A later
/// assignment does not change values already read. A copy ([`Clone`]) is the same
/// variable.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{GradientTape, Tensor, Variable};
///
/// let w = Variable::new(3.0).named("w");
/// let tape = GradientTape::new();
/// let loss = tape.record(|| &w * &w)?;
/// let gradient = tape.connected_gradient(&loss, &w)?;
/// w.assign_sub(0.1 * &gradient)?;
/// assert_eq!(w.value(), Tensor::from(3.0 - 0.1 * 6.0));
/// # Ok::<(), gradtape_tape::Error>(())
/// ```
#[derive(Clone)]
pub struct Variable(Arc<Inner>);

struct Inner {
    id: Id,
    name: OnceLock<String>,
    is_trainable: bool,
    shape: Shape,
    dtype: DType,
    created: Caller,
    value: RwLock<Tensor>,
}

impl Variable {
    /// A trainable variable.
    #[track_caller]
    pub fn new(value: impl Into<Tensor>) -> Self {
        Self::with(value.into(), true, Location::caller())
    }

    /// A variable that a tape watches only on request: a counter, a step size, a
    /// frozen weight.
    #[track_caller]
    pub fn untrainable(value: impl Into<Tensor>) -> Self {
        Self::with(value.into(), false, Location::caller())
    }

    fn with(value: Tensor, is_trainable: bool, created: Caller) -> Self {
        Self(Arc::new(Inner {
            id: Id::next(),
            name: OnceLock::new(),
            is_trainable,
            shape: value.shape().clone(),
            dtype: value.dtype(),
            created,
            value: RwLock::new(value),
        }))
    }

    /// Names the variable, for explanations; the first name stays.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        // Only the first name counts: copies of the variable may exist.
        let _ = self.0.name.set(name.into());
        self
    }

    /// The name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name.get().map(String::as_str)
    }

    /// Whether tapes watch it automatically.
    #[must_use]
    pub fn is_trainable(&self) -> bool {
        self.0.is_trainable
    }

    /// The shape of its values.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.0.shape
    }

    /// The type of its values.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.0.dtype
    }

    /// Whether both are the same variable.
    #[must_use]
    pub fn is(&self, other: &Variable) -> bool {
        self.0.id == other.0.id
    }

    pub(crate) fn id(&self) -> Id {
        self.0.id
    }

    /// The current value. A tape that is recording connects the tensor to the
    /// variable.
    #[must_use]
    #[track_caller]
    pub fn value(&self) -> Tensor {
        self.read_at(Location::caller())
    }

    pub(crate) fn read_at(&self, at: Caller) -> Tensor {
        let value = self.current().read(self.id(), at);
        active::read(self, &value);
        value
    }

    /// The value, not recorded by any tape.
    fn current(&self) -> Tensor {
        // Writing cannot panic half-way, so a poisoned lock holds a whole value.
        let value = self.0.value.read();
        value.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Assigns a new value, and returns a read of it. Gradients do not pass through
    /// an assignment to the inputs of the new value.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] or [`Error::MixedTypes`] if the shape or type differs; the
    /// variable keeps its value.
    #[track_caller]
    pub fn assign(&self, value: impl Into<Tensor>) -> Result<Tensor> {
        // Before the lock is taken: the value may be read from this variable.
        let value = value.into();
        self.update("assign", Location::caller(), |_| Ok(value))
    }

    /// Adds to the value.
    ///
    /// # Errors
    ///
    /// Those of [`Variable::assign`].
    #[track_caller]
    pub fn assign_add(&self, change: impl Into<Tensor>) -> Result<Tensor> {
        self.change("assign_add", Op::Add, &change.into(), Location::caller())
    }

    /// Subtracts from the value.
    ///
    /// # Errors
    ///
    /// Those of [`Variable::assign`].
    #[track_caller]
    pub fn assign_sub(&self, change: impl Into<Tensor>) -> Result<Tensor> {
        self.change("assign_sub", Op::Sub, &change.into(), Location::caller())
    }

    fn change(
        &self,
        operation: &'static str,
        op: Op,
        change: &Tensor,
        at: Caller,
    ) -> Result<Tensor> {
        self.update(operation, at, |value| {
            Tensor::apply(Operation::Elementwise(op), &[value, change], at)
        })
    }

    fn update(
        &self,
        operation: &'static str,
        at: Caller,
        value: impl FnOnce(&Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        // Locked from the old value to the new one, so that no update of
        // another thread is lost.
        let mut place = self.0.value.write().unwrap_or_else(PoisonError::into_inner);
        let value = value(&place)?;
        value.expect_shape(operation, self.shape(), at)?;
        if value.dtype() != self.dtype() {
            return Err(Error::MixedTypes {
                operation,
                left: self.dtype(),
                right: value.dtype(),
                at,
            });
        }
        *place = value.clone();
        drop(place);
        active::assigned(self, &value, at);
        Ok(self.read_at(at))
    }
}

impl From<&Tensor> for Tensor {
    fn from(tensor: &Tensor) -> Self {
        tensor.clone()
    }
}

impl From<&Variable> for Tensor {
    #[track_caller]
    fn from(variable: &Variable) -> Self {
        variable.value()
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name().unwrap_or("unnamed");
        write!(formatter, "Variable({name}, {:?})", self.current())
    }
}

/// The name of a variable in an explanation.
impl fmt::Display for Variable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(formatter, "variable `{name}`"),
            None => write!(formatter, "the variable made at {}", self.0.created),
        }
    }
}
