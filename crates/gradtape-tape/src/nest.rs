//! Sources and targets in any structure.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};

use smallvec::SmallVec;

use super::tensor::{DType, Id, Shape, Tensor};
use super::variable::Variable;

/// Tensors and variables in a structure: a single one, a tuple, an array, a
/// slice, a vector, a map, or any nesting of these. Results for them have the
/// same structure.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{GradientTape, Variable};
///
/// let (x, b) = (Variable::new(20.0), Variable::new(10.0));
/// let tape = GradientTape::persistent();
/// let y = tape.record(|| &x * &x + &b * &b)?;
/// let (dy_dx, dy_db) = tape.gradient(&y, (&x, &b))?;
/// let both = tape.gradient(&y, [&x, &b])?;
/// assert_eq!(both, [dy_dx, dy_db]);
/// # Ok::<(), gradtape_tape::Error>(())
/// ```
pub trait Nest {
    /// The same structure with a `T` in place of each tensor and variable.
    type Of<T>;

    /// Adds every tensor and variable in order.
    #[doc(hidden)]
    fn leaves(&self, to: &mut Leaves);

    /// The same structure, with a value for each leaf in the same order.
    #[doc(hidden)]
    fn rebuild<T>(&self, values: &mut dyn Iterator<Item = T>) -> Self::Of<T>;
}

/// A single tensor or variable.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum Leaf {
    Tensor(Tensor),
    Variable(Variable),
}

impl Leaf {
    pub(crate) fn id(&self) -> Id {
        match self {
            Leaf::Tensor(tensor) => tensor.id(),
            Leaf::Variable(variable) => variable.id(),
        }
    }

    pub(crate) fn shape(&self) -> &Shape {
        match self {
            Leaf::Tensor(tensor) => tensor.shape(),
            Leaf::Variable(variable) => variable.shape(),
        }
    }

    pub(crate) fn dtype(&self) -> DType {
        match self {
            Leaf::Tensor(tensor) => tensor.dtype(),
            Leaf::Variable(variable) => variable.dtype(),
        }
    }
}

/// The leaves of a structure, few in most cases.
#[doc(hidden)]
pub type Leaves = SmallVec<[Leaf; 4]>;

/// A single tensor or variable, where a structure is not allowed.
pub trait Single: Nest {
    /// The tensor or variable.
    #[doc(hidden)]
    fn leaf(&self) -> Leaf;
}

macro_rules! single {
    ($($type:ident),+) => {$(
        impl Nest for $type {
            type Of<T> = T;
            fn leaves(&self, to: &mut Leaves) {
                to.push(self.leaf());
            }
            fn rebuild<T>(&self, values: &mut dyn Iterator<Item = T>) -> T {
                values.next().expect("a value for each leaf")
            }
        }
        impl Single for $type {
            fn leaf(&self) -> Leaf {
                Leaf::$type(self.clone())
            }
        }
    )+};
}
single!(Tensor, Variable);

impl<N: Nest + ?Sized> Nest for &N {
    type Of<T> = N::Of<T>;
    fn leaves(&self, to: &mut Leaves) {
        (**self).leaves(to);
    }
    fn rebuild<T>(&self, values: &mut dyn Iterator<Item = T>) -> Self::Of<T> {
        (**self).rebuild(values)
    }
}

impl<S: Single + ?Sized> Single for &S {
    fn leaf(&self) -> Leaf {
        (**self).leaf()
    }
}

impl<N: Nest, const COUNT: usize> Nest for [N; COUNT] {
    type Of<T> = [N::Of<T>; COUNT];
    fn leaves(&self, to: &mut Leaves) {
        self.iter().for_each(|nest| nest.leaves(to));
    }
    fn rebuild<T>(&self, values: &mut dyn Iterator<Item = T>) -> Self::Of<T> {
        std::array::from_fn(|index| self[index].rebuild(values))
    }
}

impl<N: Nest> Nest for [N] {
    type Of<T> = Vec<N::Of<T>>;
    fn leaves(&self, to: &mut Leaves) {
        self.iter().for_each(|nest| nest.leaves(to));
    }
    fn rebuild<T>(&self, values: &mut dyn Iterator<Item = T>) -> Self::Of<T> {
        self.iter().map(|nest| nest.rebuild(values)).collect()
    }
}

impl<N: Nest> Nest for Vec<N> {
    type Of<T> = Vec<N::Of<T>>;
    fn leaves(&self, to: &mut Leaves) {
        self.as_slice().leaves(to);
    }
    fn rebuild<T>(&self, values: &mut dyn Iterator<Item = T>) -> Self::Of<T> {
        self.as_slice().rebuild(values)
    }
}

impl<K: Ord + Clone, N: Nest> Nest for BTreeMap<K, N> {
    type Of<T> = BTreeMap<K, N::Of<T>>;
    fn leaves(&self, to: &mut Leaves) {
        self.values().for_each(|nest| nest.leaves(to));
    }
    fn rebuild<T>(&self, values: &mut dyn Iterator<Item = T>) -> Self::Of<T> {
        let entries = self.iter();
        entries
            .map(|(key, nest)| (key.clone(), nest.rebuild(values)))
            .collect()
    }
}

impl<K: Eq + Hash + Clone, N: Nest, S: BuildHasher> Nest for HashMap<K, N, S> {
    type Of<T> = HashMap<K, N::Of<T>>;
    fn leaves(&self, to: &mut Leaves) {
        self.values().for_each(|nest| nest.leaves(to));
    }
    // A map that is not changed is walked through in the same order again.
    fn rebuild<T>(&self, values: &mut dyn Iterator<Item = T>) -> Self::Of<T> {
        let entries = self.iter();
        entries
            .map(|(key, nest)| (key.clone(), nest.rebuild(values)))
            .collect()
    }
}

macro_rules! tuple {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Nest),*> Nest for ($($name,)*) {
            type Of<T> = ($($name::Of<T>,)*);
            #[allow(unused_variables, reason = "the empty tuple has no leaf")]
            fn leaves(&self, to: &mut Leaves) {
                $(self.$index.leaves(to);)*
            }
            #[allow(unused_variables, clippy::unused_unit, reason = "the empty tuple has no leaf")]
            fn rebuild<T>(&self, values: &mut dyn Iterator<Item = T>) -> Self::Of<T> {
                ($(self.$index.rebuild(values),)*)
            }
        }
    };
}
tuple!();
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
