//! The gradient tape: recordings and their derivatives.

pub(crate) mod active;
mod explain;
mod jacobian;
mod pass;
mod recording;

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smallvec::SmallVec;

pub(crate) use explain::described;
pub use explain::{Explanation, Reason, Step};

use super::error::{Caller, Error, Result};
use super::nest::{Leaf, Leaves, Nest};
use super::tensor::{Dense, Id, Tensor};
use super::variable::Variable;
use pass::{Derivatives, Pass};
use recording::{Phase, Recording};

/// Records operations on tensors, and differentiates the recording.
///
/// It behaves like TensorFlow's `tf.GradientTape`; a table on the front page of the
/// crate `gradtape` gives the exceptions and their reasons.
///
/// A tape records while it is entered, on the thread that entered it: every
/// operation with an operand that is watched, or that was computed from something
/// watched. [`Variable`]s are watched automatically when they are read,
/// [`Tensor`]s by [`GradientTape::watch`]. A tape gives one set of derivatives and
/// is then used up, unless it is [persistent](GradientTape::persistent).
///
/// # Examples
///
/// ```
/// use gradtape_tape::{GradientTape, Tensor};
///
/// let x = Tensor::from(3.0);
/// let tape = GradientTape::new();
/// let y = tape.record(|| {
///     tape.watch(&x)?;
///     x.powi(2)
/// })??;
/// assert_eq!(tape.gradient(&y, &x)?, Some(Tensor::from(6.0)));
/// # Ok::<(), gradtape_tape::Error>(())
/// ```
pub struct GradientTape(Arc<Shared>);

pub(crate) struct Shared(Mutex<Recording>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Recording> {
        // No user code runs under the lock, so the recording is whole even after a
        // panic elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Options of a tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TapeOptions {
    /// Whether any number of derivatives can be taken. The recording is held until
    /// the tape is dropped. Default: `false`.
    pub persistent: bool,
    /// Whether trainable variables are watched automatically when they are read.
    /// Default: `true`.
    pub watch_accessed_variables: bool,
    /// Whether operations that no derivative passes through are also recorded,
    /// without their values, so that [`GradientTape::explain`] can say why a
    /// gradient is missing. That costs about 150 bytes per operation.
    /// Default: `true`.
    pub explanations: bool,
}

impl Default for TapeOptions {
    fn default() -> Self {
        Self {
            persistent: false,
            watch_accessed_variables: true,
            explanations: true,
        }
    }
}

/// Options of a gradient.
#[derive(Clone, Debug, Default)]
pub struct GradientOptions {
    /// One tensor for each target, of its type and shape (or a scalar), by which the
    /// derivatives are multiplied. The result is the product of this vector and the
    /// Jacobian. `None` (the default) means ones.
    pub output_gradients: Option<Vec<Tensor>>,
    /// The result for a source that is not connected.
    pub unconnected_gradients: UnconnectedGradients,
}

/// The result for a source that is not connected to any target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnconnectedGradients {
    /// `None`.
    #[default]
    None,
    /// Zeros of the source's shape and type.
    Zero,
}

/// A guard: the tape records until it is dropped. It cannot leave its thread.
#[must_use = "the tape stops recording when this is dropped"]
pub struct Scope<'t> {
    tape: &'t GradientTape,
    // A scope ends on the thread where it began.
    thread: PhantomData<*const ()>,
}

/// A guard: the tape records nothing until it is dropped. Results of operations are
/// constants for that tape.
#[must_use = "the tape continues recording when this is dropped"]
pub struct Pause<'t> {
    tape: &'t GradientTape,
    thread: PhantomData<*const ()>,
}

impl GradientTape {
    /// A tape for one set of derivatives.
    #[must_use]
    pub fn new() -> Self {
        Self::with_options(TapeOptions::default())
    }

    /// A tape for any number of derivatives.
    ///
    /// A derivative that is taken while the tape is recording is recorded too, which
    /// allows higher derivatives. If you do not need them, take derivatives after the
    /// scope, which saves time and memory.
    #[must_use]
    pub fn persistent() -> Self {
        Self::with_options(TapeOptions {
            persistent: true,
            ..TapeOptions::default()
        })
    }

    /// A tape with these options.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{GradientTape, TapeOptions, Variable};
    ///
    /// let (x, b) = (Variable::new(20.0), Variable::new(10.0));
    /// let tape = GradientTape::with_options(TapeOptions {
    ///     watch_accessed_variables: false,
    ///     ..TapeOptions::default()
    /// });
    /// let y = tape.record(|| {
    ///     tape.watch(&x)?;
    ///     (&x * &x).try_add(&b * &b)
    /// })??;
    /// let (dy_dx, dy_db) = tape.gradient(&y, (&x, &b))?;
    /// assert_eq!(dy_dx.unwrap().item::<f64>()?, 40.0);
    /// assert_eq!(dy_db, None);
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[must_use]
    pub fn with_options(options: TapeOptions) -> Self {
        Self(Arc::new(Shared(Mutex::new(Recording::new(options)))))
    }

    /// Records until the returned guard is dropped. A tape that was entered before
    /// continues the same recording; a tape that is used up starts a new one, without
    /// its previous watches.
    ///
    /// Scopes of several tapes may overlap in any way.
    ///
    /// # Errors
    ///
    /// [`Error::StillRecording`] if a scope of this tape has not ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{GradientTape, Variable};
    ///
    /// let x = Variable::new(2.0);
    /// let tape = GradientTape::new();
    /// let scope = tape.enter()?;
    /// let y = &x * &x;
    /// assert!(tape.enter().is_err());
    /// drop(scope);
    /// assert_eq!(tape.gradient(&y, &x)?.unwrap().item::<f64>()?, 4.0);
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn enter(&self) -> Result<Scope<'_>> {
        let at = Location::caller();
        let mut recording = self.0.lock();
        let forgotten = match recording.phase {
            Phase::Recording { entered, .. }
            | Phase::Consumed {
                entered: Some(entered),
                ..
            } => return Err(Error::StillRecording { entered, at }),
            Phase::Consumed { .. } => Some(recording.clear()),
            Phase::NeverEntered => {
                recording.begin = Id::next();
                None
            }
            Phase::Left => None,
        };
        recording.thread = active::thread();
        recording.phase = Phase::Recording {
            entered: at,
            pauses: 0,
        };
        drop(recording);
        drop(forgotten);
        active::enter(&self.0);
        Ok(Scope {
            tape: self,
            thread: PhantomData,
        })
    }

    /// Records what `compute` does, and returns its result. If it panics, the
    /// tape stops recording and stays usable.
    ///
    /// # Errors
    ///
    /// [`Error::StillRecording`] if a scope of this tape has not ended.
    #[track_caller]
    pub fn record<R>(&self, compute: impl FnOnce() -> R) -> Result<R> {
        let _scope = self.enter()?;
        Ok(compute())
    }

    /// Watches tensors and variables from now on: operations on them are
    /// recorded. Tensors computed from them before stay constants. Watching twice has
    /// no effect. Integers and booleans can be watched, but have no gradient.
    ///
    /// # Errors
    ///
    /// [`Error::NeverEntered`], [`Error::Consumed`].
    #[track_caller]
    pub fn watch(&self, sources: impl Nest) -> Result<()> {
        let at = Location::caller();
        let leaves = leaves(&sources);
        let mut recording = self.0.lock();
        recording.expect_usable("watch", at)?;
        for leaf in &leaves {
            recording.watch(leaf, at);
        }
        Ok(())
    }

    /// Records nothing until the returned guard is dropped. For this tape, the results
    /// of operations in between are constants.
    ///
    /// # Errors
    ///
    /// [`Error::NeverEntered`], [`Error::Consumed`], and
    /// [`Error::NotRecording`] if the scope has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{GradientTape, Variable};
    ///
    /// let x = Variable::new(3.0);
    /// let tape = GradientTape::new();
    /// let y = tape.record(|| {
    ///     let pause = tape.stop_recording()?;
    ///     let constant = &x * &x;
    ///     drop(pause);
    ///     constant.try_mul(&x)
    /// })??;
    /// assert_eq!(tape.gradient(&y, &x)?.unwrap().item::<f64>()?, 9.0);
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn stop_recording(&self) -> Result<Pause<'_>> {
        let (method, at) = ("stop_recording", Location::caller());
        let mut recording = self.0.lock();
        recording.expect_usable(method, at)?;
        let Phase::Recording { pauses, .. } = &mut recording.phase else {
            return Err(Error::NotRecording { method, at });
        };
        *pauses += 1;
        Ok(Pause {
            tape: self,
            thread: PhantomData,
        })
    }

    /// Clears the recording and all watches, and continues recording.
    ///
    /// # Errors
    ///
    /// [`Error::NeverEntered`], [`Error::Consumed`], and
    /// [`Error::NotRecording`] if the scope has ended.
    #[track_caller]
    pub fn reset(&self) -> Result<()> {
        let (method, at) = ("reset", Location::caller());
        let mut recording = self.0.lock();
        recording.expect_usable(method, at)?;
        if !recording.is_entered() {
            return Err(Error::NotRecording { method, at });
        }
        let thread = recording.thread;
        let forgotten = recording.clear();
        recording.thread = thread;
        drop(recording);
        drop(forgotten);
        Ok(())
    }

    /// The watched variables, in the order in which they were created; also
    /// available after the tape was used up.
    #[must_use]
    pub fn watched_variables(&self) -> Vec<Variable> {
        let mut variables = self.0.lock().variables.clone();
        variables.sort_unstable_by_key(Variable::id);
        variables.into_vec()
    }

    /// The derivatives of the sum of all elements of all `targets` with respect
    /// to `sources`, in the structure of `sources`: tensors of the shape and type
    /// of each source, or `None` where no target is connected to it
    /// ([`GradientTape::explain`] says why).
    ///
    /// A tape that is not persistent stops recording and is used up, unless
    /// the call fails.
    ///
    /// # Errors
    ///
    /// [`Error::NeverEntered`], [`Error::Consumed`], and errors of a
    /// [custom gradient](crate::custom_gradient).
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{GradientTape, Tensor, Variable};
    ///
    /// let x = Variable::new([1.0, 2.0]);
    /// let tape = GradientTape::new();
    /// let y = tape.record(|| x.value().powi(3))??;
    /// assert_eq!(tape.gradient(&y, &x)?, Some(Tensor::from([3.0, 12.0])));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn gradient<S: Nest>(
        &self,
        targets: impl Nest,
        sources: S,
    ) -> Result<S::Of<Option<Tensor>>> {
        self.gradient_with(targets, sources, GradientOptions::default())
    }

    /// [`GradientTape::gradient`] with options: the product of a vector and the
    /// Jacobian, zeros for sources that are not connected.
    ///
    /// # Errors
    ///
    /// Those of [`GradientTape::gradient`]; [`Error::Count`],
    /// [`Error::Shape`] or [`Error::MixedTypes`] if the output gradients do not
    /// match the targets.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{GradientOptions, GradientTape, Tensor, UnconnectedGradients, Variable};
    ///
    /// let (x, z) = (Variable::new([1.0, 2.0]), Variable::new(5.0));
    /// let tape = GradientTape::new();
    /// let y = tape.record(|| &x * &x)?;
    /// let (dx, dz) = tape.gradient_with(&y, (&x, &z), GradientOptions {
    ///     output_gradients: Some(vec![Tensor::from([10.0, 100.0])]),
    ///     unconnected_gradients: UnconnectedGradients::Zero,
    /// })?;
    /// assert_eq!(dx, Some(Tensor::from([20.0, 400.0])));
    /// assert_eq!(dz, Some(Tensor::from(0.0)));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn gradient_with<S: Nest>(
        &self,
        targets: impl Nest,
        sources: S,
        options: GradientOptions,
    ) -> Result<S::Of<Option<Tensor>>> {
        let at = Location::caller();
        let gradients = self.gradients("gradient", &targets, &sources, options, at)?;
        Ok(sources.rebuild(&mut gradients.into_iter()))
    }

    /// [`GradientTape::gradient`] where every source must be connected: tensors
    /// instead of options.
    ///
    /// # Errors
    ///
    /// Those of [`GradientTape::gradient`]; [`Error::Unconnected`] with the
    /// explanation if a source is not connected. In that case too the tape is used up.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Error, GradientTape, Tensor, Variable};
    ///
    /// let (x, c) = (Variable::new(3.0), Tensor::from(2.0));
    /// let tape = GradientTape::persistent();
    /// let y = tape.record(|| &x * &c)?;
    /// assert_eq!(tape.connected_gradient(&y, &x)?, Tensor::from(2.0));
    /// let error = tape.connected_gradient(&y, &c).unwrap_err();
    /// assert!(error.to_string().contains("never watched"), "{error}");
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn connected_gradient<S: Nest>(
        &self,
        targets: impl Nest,
        sources: S,
    ) -> Result<S::Of<Tensor>> {
        let at = Location::caller();
        let options = GradientOptions::default();
        let gradients = self.gradients("connected_gradient", &targets, &sources, options, at)?;
        let (targets, leaves) = (leaves(&targets), leaves(&sources));
        let connected = gradients.into_iter().zip(&leaves).map(|(gradient, leaf)| {
            gradient.ok_or_else(|| {
                let explanation = self.0.lock().explain(&targets, leaf);
                Error::Unconnected(Box::new(explanation))
            })
        });
        let connected: Vec<Tensor> = connected.collect::<Result<_>>()?;
        Ok(sources.rebuild(&mut connected.into_iter()))
    }

    /// The derivative of `target` as each source moves along its tangent, by
    /// forward mode over the recording: the product of the Jacobian and a
    /// vector. Over a recorded gradient it is the product of the Hessian and a
    /// vector. `None` if no source is connected to the target.
    ///
    /// A tape that is not persistent is used up.
    ///
    /// # Errors
    ///
    /// Those of [`GradientTape::gradient`]; [`Error::Count`], [`Error::Shape`]
    /// or [`Error::MixedTypes`] if the tangents do not match the sources;
    /// [`Error::Repeated`] if a source is listed twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{GradientTape, Tensor, Variable};
    ///
    /// let x = Variable::new([1.0, 2.0, 3.0]);
    /// let tape = GradientTape::new();
    /// let y = tape.record(|| &x * &x)?;
    /// let dy = tape.jvp(&y, &x, &Tensor::from([1.0, 0.0, 10.0]))?;
    /// assert_eq!(dy, Some(Tensor::from([2.0, 0.0, 60.0])));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn jvp<T: Nest>(
        &self,
        target: T,
        sources: impl Nest,
        tangents: impl Nest,
    ) -> Result<T::Of<Option<Tensor>>> {
        let (method, at) = ("jvp", Location::caller());
        let (targets, sources) = (leaves(&target), leaves(&sources));
        let tangents = values(&tangents, at);
        expect_like(method, ["tangents", "sources"], &tangents, &sources, at)?;
        for (place, source) in sources.iter().enumerate() {
            if sources[..place]
                .iter()
                .any(|other| other.id() == source.id())
            {
                return Err(Error::Repeated {
                    method,
                    repeated: described(source),
                    at,
                });
            }
        }
        let results = self.differentiate(method, &targets, &sources, at, |pass| {
            pass.forward(&tangents, at)
        })?;
        Ok(target.rebuild(&mut results.into_iter()))
    }

    /// Whether and why each source has a gradient, with the path from the target to
    /// it; see [`Explanation`]. Available at any time, even after the tape was used
    /// up.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{GradientTape, Reason, Tensor};
    ///
    /// let x = Tensor::from(3.0);
    /// let tape = GradientTape::new();
    /// let y = tape.record(|| {
    ///     let y = &x * &x;
    ///     tape.watch(&x)?;
    ///     Ok::<_, gradtape_tape::Error>(y)
    /// })??;
    /// assert_eq!(tape.gradient(&y, &x)?, None);
    /// let explanation = tape.explain(&y, &x);
    /// assert!(matches!(explanation.reason, Some(Reason::WatchedAfterUse { .. })));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    pub fn explain<S: Nest>(&self, targets: impl Nest, sources: S) -> S::Of<Explanation> {
        let (targets, leaves) = (leaves(&targets), leaves(&sources));
        let recording = self.0.lock();
        let explained = leaves.iter().map(|leaf| recording.explain(&targets, leaf));
        let explained: Vec<Explanation> = explained.collect();
        drop(recording);
        sources.rebuild(&mut explained.into_iter())
    }

    /// The gradients, in the order of the sources' leaves.
    fn gradients(
        &self,
        method: &'static str,
        targets: &impl Nest,
        sources: &impl Nest,
        options: GradientOptions,
        at: Caller,
    ) -> Result<Derivatives> {
        let (targets, sources) = (leaves(targets), leaves(sources));
        let seeds = seeds(method, &targets, options.output_gradients, at)?;
        let mut gradients = self.differentiate(method, &targets, &sources, at, |pass| {
            pass.backward(&seeds, at)
        })?;
        if options.unconnected_gradients == UnconnectedGradients::Zero {
            for (gradient, source) in gradients.iter_mut().zip(&sources) {
                if gradient.is_none() {
                    let shape = source.shape().clone();
                    *gradient = Some(Tensor::constant(0.0, source.dtype(), shape, at)?);
                }
            }
        }
        Ok(gradients)
    }

    /// Runs `compute` on the operations that lead from the sources to the targets. A
    /// tape that is not persistent does not record this, and is used up if it
    /// succeeds.
    fn differentiate<R>(
        &self,
        method: &'static str,
        targets: &[Leaf],
        sources: &[Leaf],
        at: Caller,
        compute: impl FnOnce(&Pass) -> Result<R>,
    ) -> Result<R> {
        /// Ends the suspension however `compute` ends.
        struct Resume<'t> {
            tape: &'t Shared,
            pass: Pass,
        }
        impl Drop for Resume<'_> {
            fn drop(&mut self) {
                let mut recording = self.tape.lock();
                recording.is_suspended = false;
                if !recording.options.persistent {
                    recording.entries = std::mem::take(&mut self.pass.entries);
                }
            }
        }
        let mut recording = self.0.lock();
        recording.expect_usable(method, at)?;
        let is_persistent = recording.options.persistent;
        let pass = Pass::new(&mut recording, targets, sources);
        recording.is_suspended = !is_persistent;
        drop(recording);
        let resume = Resume {
            tape: &self.0,
            pass,
        };
        let result = compute(&resume.pass)?;
        drop(resume);
        if !is_persistent {
            let rules = self.0.lock().consume(at);
            drop(rules);
        }
        Ok(result)
    }
}

/// Every tensor and variable of a structure.
fn leaves(nest: &impl Nest) -> Leaves {
    let mut leaves = Leaves::new();
    nest.leaves(&mut leaves);
    leaves
}

/// The values of a structure; variables are read.
fn values(nest: &impl Nest, at: Caller) -> Vec<Tensor> {
    let value = |leaf| match leaf {
        Leaf::Tensor(tensor) => tensor,
        Leaf::Variable(variable) => variable.read_at(at),
    };
    leaves(nest).into_iter().map(value).collect()
}

/// The initial derivative of each target.
fn seeds(
    method: &'static str,
    targets: &[Leaf],
    given: Option<Vec<Tensor>>,
    at: Caller,
) -> Result<SmallVec<[Tensor; 4]>> {
    let Some(given) = given else {
        // A single one stands for all elements.
        let one = |target: &Leaf| Tensor::scalar(1.0, target.dtype(), at);
        return Ok(targets.iter().map(one).collect());
    };
    let stretched = given.iter().zip(targets).map(|(tensor, target)| {
        if tensor.rank() == 0 {
            tensor.stretched(target.shape(), at)
        } else {
            Ok(tensor.clone())
        }
    });
    let mut seeds: SmallVec<[Tensor; 4]> = stretched.collect::<Result<_>>()?;
    seeds.extend(given.into_iter().skip(targets.len()));
    expect_like(method, ["output gradients", "targets"], &seeds, targets, at)?;
    Ok(seeds)
}

/// An error unless there is one tensor for each leaf, of its shape and type.
fn expect_like(
    operation: &'static str,
    [what, whose]: [&'static str; 2],
    given: &[Tensor],
    leaves: &[Leaf],
    at: Caller,
) -> Result<()> {
    if given.len() != leaves.len() {
        return Err(Error::Count {
            operation,
            what,
            given: given.len(),
            whose,
            expected: leaves.len(),
            at,
        });
    }
    for (tensor, leaf) in given.iter().zip(leaves) {
        tensor.expect_shape(operation, leaf.shape(), at)?;
        if tensor.dtype() != leaf.dtype() {
            return Err(Error::MixedTypes {
                operation,
                left: leaf.dtype(),
                right: tensor.dtype(),
                at,
            });
        }
    }
    Ok(())
}

impl Default for GradientTape {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for GradientTape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recording = self.0.lock();
        formatter
            .debug_struct("GradientTape")
            .field("persistent", &recording.options.persistent)
            .field(
                "recording",
                &matches!(recording.phase, Phase::Recording { .. }),
            )
            .field(
                "used_up",
                &matches!(recording.phase, Phase::Consumed { .. }),
            )
            .field("entries", &recording.entries.len())
            .finish_non_exhaustive()
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        active::leave(&self.tape.0);
        let mut recording = self.tape.0.lock();
        recording.phase = match recording.phase {
            Phase::Consumed { used, .. } => Phase::Consumed {
                used,
                entered: None,
            },
            _ => Phase::Left,
        };
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Scope").field(self.tape).finish()
    }
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        let mut recording = self.tape.0.lock();
        let forgotten = match &mut recording.phase {
            Phase::Recording { pauses, .. } => {
                *pauses = pauses.saturating_sub(1);
                None
            }
            // A derivative taken in between used the tape up: it starts a new
            // recording.
            Phase::Consumed {
                entered: Some(entered),
                ..
            } => {
                let entered = *entered;
                let forgotten = recording.clear();
                recording.phase = Phase::Recording { entered, pauses: 0 };
                Some(forgotten)
            }
            Phase::Consumed { .. } | Phase::NeverEntered | Phase::Left => None,
        };
        drop(recording);
        drop(forgotten);
    }
}

impl fmt::Debug for Pause<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Pause").field(self.tape).finish()
    }
}
