//! Shifts, rotations and scalings of a function, so that no optimizer benefits from a
//! minimum at a round number or from valleys along the axes.

use std::fmt;

use crate::number::{counted, grouped};
use crate::random::{Purpose, Stream};
use gradtape_tape::{Array, Graph, Number as _};

/// A change of coordinates `x ↦ m + s·R·(x − m − shift)`, which makes a function
/// `g(x) = f(m + s·R·(x − m − shift))` of a function `f`.
///
/// `m` is the centre, a minimiser of `f`; `R` is a rotation, and `s` one positive number
/// or one for each axis. The values of minima stay, and a minimiser `x*` of `f` becomes
/// the minimiser `m + shift + Rᵀ((x* − m)/s)` of `g`: the centre itself moves by `shift`.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::objective::Transform;
///
/// let centre = [1.0, 1.0];
/// let transform = Transform::new(&centre, &[0.5, -2.0], Some(42), &[1.0, 10.0])?;
/// assert_eq!(transform.apply(&[1.5, -1.0]), centre);
/// assert_eq!(transform.inverse(&centre), [1.5, -1.0]);
/// # Ok::<(), gradtape_experiment::objective::WrongTransform>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Transform {
    centre: Vec<f64>,
    /// The point that is mapped to the centre: `m + shift`.
    origin: Vec<f64>,
    /// The rotation matrix row by row, if there is one.
    rotation: Option<Vec<f64>>,
    /// A number for each axis; empty without scaling.
    scale: Vec<f64>,
}

/// An error in the numbers of a [`Transform`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WrongTransform {
    /// The shift does not have one number for each coordinate.
    ShiftLength {
        /// The number of coordinates.
        expected: usize,
        /// The number of numbers found.
        found: usize,
    },
    /// The scale has neither one number nor one for each coordinate.
    ScaleLength {
        /// The number of coordinates.
        expected: usize,
        /// The number of numbers found.
        found: usize,
    },
    /// A number of the shift is not finite.
    Shift {
        /// Its index.
        place: usize,
    },
    /// A number of the scale is not positive and finite.
    Scale {
        /// Its index.
        place: usize,
    },
    /// There are too many coordinates for a rotation.
    Rotation {
        /// The number of coordinates.
        dimension: usize,
    },
}

impl fmt::Display for WrongTransform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = |count: usize| counted(count, "number");
        match *self {
            WrongTransform::ShiftLength { expected, found } => {
                let (expected, found) = (numbers(expected), numbers(found));
                write!(formatter, "the shift has {found}, expected {expected}")
            }
            WrongTransform::ScaleLength { expected, found } => {
                let (expected, found) = (numbers(expected), numbers(found));
                write!(formatter, "the scale has {found}, expected 1 or {expected}")
            }
            WrongTransform::Shift { .. } => write!(formatter, "a shift must be finite"),
            WrongTransform::Scale { .. } => {
                write!(formatter, "a scale must be finite and greater than 0")
            }
            WrongTransform::Rotation { dimension } => {
                let most = grouped(MAX_ROTATION as u128);
                let dimension = grouped(dimension as u128);
                write!(
                    formatter,
                    "at most {most} variables can be rotated, not {dimension}"
                )
            }
        }
    }
}

impl std::error::Error for WrongTransform {}

/// Maximum number of coordinates of a rotation: it has a number for each pair of
/// coordinates, and finding it takes a step for each three.
pub const MAX_ROTATION: usize = 1_000;

impl Transform {
    /// A change of as many coordinates as `centre` has. Without numbers in `shift`,
    /// without a seed in `rotation` or without numbers in `scale`, that step is omitted.
    /// One number in `scale` applies to all axes. Scaling comes after the rotation.
    ///
    /// # Errors
    ///
    /// Too many, too few, or invalid numbers.
    pub fn new(
        centre: &[f64],
        shift: &[f64],
        rotation: Option<u64>,
        scale: &[f64],
    ) -> Result<Self, WrongTransform> {
        let dimension = centre.len();
        let wrong_length = |found: usize| found != 0 && found != dimension;
        if wrong_length(shift.len()) {
            return Err(WrongTransform::ShiftLength {
                expected: dimension,
                found: shift.len(),
            });
        }
        if wrong_length(scale.len()) && scale.len() != 1 {
            return Err(WrongTransform::ScaleLength {
                expected: dimension,
                found: scale.len(),
            });
        }
        if let Some(place) = shift.iter().position(|number| !number.is_finite()) {
            return Err(WrongTransform::Shift { place });
        }
        let is_scale = |number: &f64| number.is_finite() && *number > 0.0;
        if let Some(place) = scale.iter().position(|number| !is_scale(number)) {
            return Err(WrongTransform::Scale { place });
        }
        if rotation.is_some() && dimension > MAX_ROTATION {
            return Err(WrongTransform::Rotation { dimension });
        }
        let shift = shift.iter().copied().chain(std::iter::repeat(0.0));
        Ok(Transform {
            centre: centre.to_vec(),
            origin: centre
                .iter()
                .zip(shift)
                .map(|(m, shift)| m + shift)
                .collect(),
            rotation: rotation.map(|seed| random_rotation(seed, dimension)),
            scale: scale
                .iter()
                .copied()
                .cycle()
                .take(if scale.is_empty() { 0 } else { dimension })
                .collect(),
        })
    }

    /// The number of coordinates.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.centre.len()
    }

    /// The rotation matrix row by row, if there is one.
    #[must_use]
    pub fn rotation(&self) -> Option<&[f64]> {
        self.rotation.as_deref()
    }

    /// The point at which the function is evaluated for `x`.
    ///
    /// # Panics
    ///
    /// If `x` does not have as many coordinates as the centre.
    #[must_use]
    pub fn apply(&self, x: &[f64]) -> Vec<f64> {
        assert_eq!(x.len(), self.dimension(), "a number for each coordinate");
        let offset: Vec<f64> = x
            .iter()
            .zip(&self.origin)
            .map(|(x, origin)| x - origin)
            .collect();
        let turned = match &self.rotation {
            None => offset,
            Some(rows) => rows
                .chunks_exact(x.len())
                .map(|row| product(row, &offset))
                .collect(),
        };
        let stretched = turned
            .into_iter()
            .enumerate()
            .map(|(place, number)| self.scale.get(place).map_or(number, |scale| scale * number));
        stretched
            .zip(&self.centre)
            .map(|(number, m)| m + number)
            .collect()
    }

    /// The point that [`Transform::apply`] maps to `y`, such as the new place of a minimiser.
    ///
    /// # Panics
    ///
    /// If `y` does not have as many coordinates as the centre.
    #[must_use]
    pub fn inverse(&self, y: &[f64]) -> Vec<f64> {
        assert_eq!(y.len(), self.dimension(), "a number for each coordinate");
        let offset = y
            .iter()
            .zip(&self.centre)
            .enumerate()
            .map(|(place, (y, m))| {
                let offset = y - m;
                self.scale.get(place).map_or(offset, |scale| offset / scale)
            });
        let offset: Vec<f64> = offset.collect();
        let turned = match &self.rotation {
            None => offset,
            Some(rows) => {
                let mut turned = vec![0.0; y.len()];
                for (row, offset) in rows.chunks_exact(y.len()).zip(&offset) {
                    for (turned, entry) in turned.iter_mut().zip(row) {
                        *turned += entry * offset;
                    }
                }
                turned
            }
        };
        turned
            .into_iter()
            .zip(&self.origin)
            .map(|(number, origin)| origin + number)
            .collect()
    }

    /// Records [`Transform::apply`] for variables whose elements, one after the other,
    /// are the coordinates. For a single vector or matrix, the number of recorded
    /// operations does not grow with that of coordinates.
    ///
    /// # Panics
    ///
    /// If there are not as many elements as coordinates of the centre.
    pub fn trace<'g>(&self, graph: &'g Graph, variables: &[Array<'g>]) -> Vec<Array<'g>> {
        if variables.iter().all(|variable| variable.shape().is_empty()) {
            self.trace_numbers(variables)
        } else {
            self.trace_arrays(graph, variables)
        }
    }

    /// Number by number: the derivative of each is the sum of its terms in another order
    /// than that of a product of matrices.
    fn trace_numbers<'g>(&self, parameters: &[Array<'g>]) -> Vec<Array<'g>> {
        assert_eq!(
            parameters.len(),
            self.dimension(),
            "a parameter for each coordinate"
        );
        let offset = parameters.iter().zip(&self.origin);
        let offset = offset.map(|(x, origin)| *x - x.constant(*origin));
        let offset: Vec<Array<'g>> = offset.collect();
        let turned = match &self.rotation {
            None => offset,
            Some(rows) => {
                let product = |row: &[f64]| {
                    let terms = row
                        .iter()
                        .zip(&offset)
                        .map(|(entry, x)| x.constant(*entry) * *x);
                    let sum = terms.reduce(|sum, term| sum + term);
                    sum.expect("a rotation has a column")
                };
                rows.chunks_exact(parameters.len()).map(product).collect()
            }
        };
        let stretched = turned.into_iter().enumerate().map(|(place, x)| {
            self.scale
                .get(place)
                .map_or(x, |scale| x.constant(*scale) * x)
        });
        stretched
            .zip(&self.centre)
            .map(|(x, m)| x.constant(*m) + x)
            .collect()
    }

    fn trace_arrays<'g>(&self, graph: &'g Graph, variables: &[Array<'g>]) -> Vec<Array<'g>> {
        let data = |shape: &[usize], numbers: &[f64]| graph.data(shape, numbers.into());
        let n = self.dimension();
        let offset = vector(variables) - data(&[n], &self.origin);
        let turned = match &self.rotation {
            None => offset,
            Some(rows) => data(&[n, n], rows).matmul(offset),
        };
        let stretched = match &self.scale[..] {
            [] => turned,
            scale => data(&[n], scale) * turned,
        };
        let changed = data(&[n], &self.centre) + stretched;
        let mut place = 0;
        let parts = variables.iter().map(|variable| {
            let shape = variable.shape();
            let count = elements(*variable);
            let part = changed.slice(0, place, 1, count).reshape(shape);
            place += count;
            part
        });
        parts.collect()
    }
}

fn elements(array: Array<'_>) -> usize {
    array.shape().iter().product()
}

/// The elements of all arrays, one after the other.
fn vector<'g>(arrays: &[Array<'g>]) -> Array<'g> {
    if let [array] = arrays {
        return array.reshape([elements(*array)]);
    }
    let each = arrays.iter().flat_map(|array| {
        let count = elements(*array);
        let flat = array.reshape([count]);
        (0..count).map(move |place| flat.index(0, place))
    });
    Array::stack(&each.collect::<Vec<_>>())
}

/// The sum of the products from the left.
fn product(row: &[f64], x: &[f64]) -> f64 {
    let terms = row.iter().zip(x).map(|(entry, x)| entry * x);
    terms.reduce(|sum, term| sum + term).unwrap_or(0.0)
}

/// A uniformly distributed random rotation, row by row: the orthogonal factor of a
/// matrix of normal numbers, without making that matrix (G. W. Stewart, *The efficient
/// generation of random orthogonal matrices*, 1980).
///
/// The first column is a vector of normal numbers scaled to length 1, which points in
/// every direction with the same probability. A reflection takes the first axis there;
/// the images of the other axes are rotated in one dimension less, by a rotation found
/// in the same way. The sign of the last coordinate makes the result a rotation and not
/// a reflection.
fn random_rotation(seed: u64, dimension: usize) -> Vec<f64> {
    let mut stream = Stream::new(seed, Purpose::Rotation, [dimension as u64, 0, 0]);
    let n = dimension;
    let mut rotation = vec![0.0; n * n];
    (0..n).for_each(|place| rotation[place * n + place] = 1.0);
    let mut is_reflection = false;
    // From the last two coordinates to all of them.
    for first in (0..n.saturating_sub(1)).rev() {
        let mut u: Vec<f64> = (first..n).map(|_| stream.normal()).collect();
        let length = product(&u, &u).sqrt();
        // Adding with the same sign cancels nothing. The reflection takes
        // the axis to −sign·u, so its column changes sign where that is negative.
        let is_negative = u[0] < 0.0;
        u[0] += if is_negative { -length } else { length };
        let half = product(&u, &u) / 2.0;
        if half == 0.0 {
            continue;
        }
        // The axis has nothing but itself so far. Where it is reversed, the
        // determinant changes its sign twice, else once.
        rotation[first * n + first] = if is_negative { 1.0 } else { -1.0 };
        is_reflection ^= is_negative;
        // R − u (uᵀR)/half, with rows and columns from `first` on.
        let mut products = vec![0.0; n - first];
        for (u, row) in u.iter().zip(rotation[first * n..].chunks_exact(n)) {
            for (sum, entry) in products.iter_mut().zip(&row[first..]) {
                *sum += u * entry;
            }
        }
        for (u, row) in u.iter().zip(rotation[first * n..].chunks_exact_mut(n)) {
            let factor = u / half;
            for (entry, product) in row[first..].iter_mut().zip(&products) {
                *entry -= factor * product;
            }
        }
    }
    if is_reflection {
        // The last axis is reversed before anything else is done to it.
        for row in rotation.chunks_exact_mut(n) {
            row[n - 1] = -row[n - 1];
        }
    }
    rotation
}
