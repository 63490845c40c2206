//! Jacobians: the derivative of every element of a target.

use std::panic::Location;

use super::{GradientTape, UnconnectedGradients, leaves};
use crate::error::{Error, Result};
use crate::nest::{Nest, Single};
use crate::tensor::{Dense, Shape, Tensor};

impl GradientTape {
    /// The derivatives of each element of `target` with respect to each element of
    /// each source: tensors whose shape is that of the target followed by that of
    /// the source. `None` for sources that are not connected.
    ///
    /// Takes one pass over the recording for each element of the target. A tape that
    /// is not persistent is used up.
    ///
    /// # Errors
    ///
    /// Those of [`GradientTape::gradient`], and [`Error::Memory`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{GradientTape, Tensor, Variable};
    ///
    /// let x = Variable::new([1.0, 2.0]);
    /// let tape = GradientTape::new();
    /// let y = tape.record(|| &x * &x)?;
    /// assert_eq!(tape.jacobian(&y, &x)?, Some(Tensor::from([[2.0, 0.0], [0.0, 4.0]])));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    ///
    /// The Hessian is the Jacobian of a gradient that an outer tape recorded:
    ///
    /// ```
    /// use gradtape_tape::{GradientTape, Tensor, Variable};
    ///
    /// let x = Variable::new([1.0, 2.0]);
    /// let (outer, inner) = (GradientTape::new(), GradientTape::new());
    /// let gradient = outer.record(|| {
    ///     let y = inner.record(|| x.value().powi(4)?.sum())??;
    ///     inner.connected_gradient(&y, &x)
    /// })??;
    /// let hessian = outer.jacobian(&gradient, &x)?;
    /// assert_eq!(hessian, Some(Tensor::from([[12.0, 0.0], [0.0, 48.0]])));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn jacobian<S: Nest>(
        &self,
        target: impl Single,
        sources: S,
    ) -> Result<S::Of<Option<Tensor>>> {
        self.jacobian_with(target, sources, UnconnectedGradients::None)
    }

    /// [`GradientTape::jacobian`], on request with zeros for sources that are not
    /// connected.
    ///
    /// # Errors
    ///
    /// Those of [`GradientTape::jacobian`].
    #[track_caller]
    pub fn jacobian_with<S: Nest>(
        &self,
        target: impl Single,
        sources: S,
        unconnected_gradients: UnconnectedGradients,
    ) -> Result<S::Of<Option<Tensor>>> {
        let at = Location::caller();
        let (target, leaves) = (target.leaf(), leaves(&sources));
        let shape = target.shape().clone();
        let count = shape.elements().unwrap_or(0);
        let rows = self.differentiate(
            "jacobian",
            std::slice::from_ref(&target),
            &leaves,
            at,
            |pass| {
                let row = |index| {
                    let seed = Tensor::unit(&shape, count, index, target.dtype(), at)?;
                    pass.backward(std::slice::from_ref(&seed), at)
                };
                // Without any element, one pass finds what is connected.
                (0..count.max(1)).map(row).collect::<Result<Vec<_>>>()
            },
        )?;
        let results = leaves.iter().enumerate().map(|(number, source)| {
            let shape = shape.followed_by(source.shape());
            let parts: Option<Vec<&Tensor>> = rows.iter().map(|row| row[number].as_ref()).collect();
            match parts {
                Some(_) if count == 0 => Tensor::constant(0.0, source.dtype(), shape, at).map(Some),
                Some(parts) => Tensor::stacked(&parts, 0, at)?
                    .reshaped(&shape, at)
                    .map(Some),
                None if unconnected_gradients == UnconnectedGradients::Zero => {
                    Tensor::constant(0.0, source.dtype(), shape, at).map(Some)
                }
                None => Ok(None),
            }
        });
        let results: Vec<Option<Tensor>> = results.collect::<Result<_>>()?;
        Ok(sources.rebuild(&mut results.into_iter()))
    }

    /// The Jacobian of each part of `target` along its first axis (a row of a
    /// batch) with respect to the same part of `source`: for shapes [b, y…] and
    /// [b, x…] a tensor of shape [b, y…, x…]. It is correct only if each row of the
    /// target depends only on the same row of the source. `None` if they are not
    /// connected.
    ///
    /// Takes one pass for each element of a row, for any number of rows. A tape that
    /// is not persistent is used up.
    ///
    /// # Errors
    ///
    /// Those of [`GradientTape::gradient`]; [`Error::Shape`] if either has fewer than
    /// two axes, or if the first axes differ in length.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{GradientTape, Tensor, Variable};
    ///
    /// let x = Variable::new([[1.0, 2.0], [3.0, 4.0]]);
    /// let tape = GradientTape::new();
    /// let y = tape.record(|| &x * &x)?;
    /// let jacobian = tape.batch_jacobian(&y, &x)?;
    /// let expected = Tensor::from([[[2.0, 0.0], [0.0, 4.0]], [[6.0, 0.0], [0.0, 8.0]]]);
    /// assert_eq!(jacobian, Some(expected));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn batch_jacobian(
        &self,
        target: impl Single,
        source: impl Single,
    ) -> Result<Option<Tensor>> {
        self.batch_jacobian_with(target, source, UnconnectedGradients::None)
    }

    /// [`GradientTape::batch_jacobian`], on request with zeros if target and source are
    /// not connected.
    ///
    /// # Errors
    ///
    /// Those of [`GradientTape::batch_jacobian`].
    #[track_caller]
    pub fn batch_jacobian_with(
        &self,
        target: impl Single,
        source: impl Single,
        unconnected_gradients: UnconnectedGradients,
    ) -> Result<Option<Tensor>> {
        let (operation, at) = ("batch_jacobian", Location::caller());
        let (target, source) = (target.leaf(), source.leaf());
        for shape in [target.shape(), source.shape()] {
            if shape.len() < 2 {
                return Err(Error::Shape {
                    operation,
                    shape: shape.clone(),
                    expected: "at least two axes, the first for the batch".to_owned(),
                    at,
                });
            }
        }
        let batch = target.shape()[0];
        if source.shape()[0] != batch {
            return Err(Error::Shape {
                operation,
                shape: source.shape().clone(),
                expected: format!("a first axis of length {batch}, as in {}", target.shape()),
                at,
            });
        }
        let row = Shape::from(&target.shape()[1..]);
        let shape = target.shape().followed_by(&source.shape()[1..]);
        let count = row.elements().unwrap_or(0);
        let columns = self.differentiate(
            operation,
            std::slice::from_ref(&target),
            std::slice::from_ref(&source),
            at,
            |pass| {
                let column = |index| {
                    let seed = Tensor::unit(target.shape(), count, index, target.dtype(), at)?;
                    Ok(pass.backward(std::slice::from_ref(&seed), at)?.remove(0))
                };
                // Without any element, one pass finds whether they are connected.
                (0..count.max(1)).map(column).collect::<Result<Vec<_>>>()
            },
        )?;
        let parts: Option<Vec<&Tensor>> = columns.iter().map(Option::as_ref).collect();
        match parts {
            Some(_) if count == 0 => Tensor::constant(0.0, source.dtype(), shape, at).map(Some),
            Some(parts) => Tensor::stacked(&parts, 1, at)?
                .reshaped(&shape, at)
                .map(Some),
            None if unconnected_gradients == UnconnectedGradients::Zero => {
                Tensor::constant(0.0, source.dtype(), shape, at).map(Some)
            }
            None => Ok(None),
        }
    }
}
