//! Programs as values: a straight line of instructions, or a list of loops over arrays.

use std::sync::Arc;

use super::instruction::Instruction;
use super::slot::{Slot, SlotCopy};
use gradtape_tape::internal::Reduction;
use gradtape_tape::internal::graph::ShapedNode;
use gradtape_tape::{Shape, Subnormals};

/// The operations that some results of a graph need, in an order that needs few
/// slots: a slot is used again when the number in it is no longer needed.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{Graph, Precision, Subnormals};
/// use gradtape_engine::Program;
///
/// // One epoch of gradient descent on w² at the learning rate 0.01.
/// let graph = Graph::new(Precision::F64, Subnormals::Keep);
/// let (w, rate) = (graph.input([]), graph.input([]));
/// let loss = w.powi(2);
/// let gradient = graph.gradient(loss, &[w])[0];
/// let program = Program::new(&graph, &[loss, w - rate * gradient]);
/// assert_eq!(program.to_string(), "\
/// in      s0 s1
/// s2 = mul s0 s0
/// s3 = mul (mul s0 2.0) s1
/// s3 = sub s0 s3
/// out     s2 s3
/// ");
/// assert_eq!(program.evaluate(&[1.0, 0.01]), [1.0, 0.98]);
/// ```
#[derive(Clone, Debug)]
pub struct Program<T> {
    pub(super) subnormals: Subnormals,
    pub(super) inputs: usize,
    /// Those that are not written into an instruction. Their slots follow those
    /// of the inputs and are never written again.
    pub(super) constants: Vec<T>,
    pub(super) instructions: Vec<Instruction<T>>,
    /// Those that are needed without the rare outputs.
    pub(super) usual: Vec<Instruction<T>>,
    /// The copies after the operations, in order.
    pub(super) copies: Vec<SlotCopy>,
    pub(super) outputs: Vec<Slot>,
    /// The number of inputs that an epoch replaces.
    pub(super) state: usize,
    pub(super) slots: usize,
    /// The instructions, if they are on arrays; then there are no others.
    pub(super) staged: Option<Arc<ArrayProgram<T>>>,
}

impl<T> Program<T> {
    /// The number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The number of slots that a run of the program needs.
    #[must_use]
    #[doc(hidden)]
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// The number of instructions; 0 if it loops over arrays.
    #[must_use]
    #[doc(hidden)]
    pub fn instructions(&self) -> usize {
        self.instructions.len()
    }

    /// Whether it loops over arrays, so that a [`Block`](super::Block) has one
    /// lane.
    #[must_use]
    #[doc(hidden)]
    pub fn is_staged(&self) -> bool {
        self.staged.is_some()
    }
}

/// A program as a list of instructions on arrays.
#[derive(Debug)]
pub(super) struct ArrayProgram<T> {
    /// What is computed: the definition.
    pub(super) nodes: Arc<[ShapedNode<T>]>,
    pub(super) outputs: Arc<[usize]>,
    pub(super) next: Arc<[usize]>,
    /// The instructions, and those that are usually needed.
    pub(super) all: Vec<Action<T>>,
    pub(super) usual: Vec<Action<T>>,
    /// The number of operations on numbers in an epoch.
    pub(super) operations: u64,
}

/// Where consecutive elements are read.
#[derive(Clone, Debug)]
pub(super) enum ElementPlace<T> {
    /// From this slot on.
    Slot(usize),
    /// From this number on.
    Data(Arc<[T]>, usize),
}

/// An instruction.
#[derive(Clone, Debug)]
pub(super) enum Action<T> {
    Loop(Box<Loop<T>>),
    Product(MatrixProduct<T>),
    /// The definition of a node, with its operands and where the result goes.
    Plain(Box<ShapedNode<T>>, Vec<(ElementPlace<T>, Shape)>, usize),
    /// Elements that are copied.
    Copy {
        from: ElementPlace<T>,
        to: usize,
        count: usize,
    },
    /// A number in every element.
    Fill {
        value: T,
        to: usize,
        count: usize,
    },
}

/// Elementwise operations on arrays of the same length, tile by tile, and reductions of
/// their results.
#[derive(Clone, Debug)]
pub(super) struct Loop<T> {
    pub(super) length: usize,
    /// The elements that are computed together.
    pub(super) tile_length: usize,
    /// What is computed of each element.
    pub(super) body: Program<T>,
    /// The instructions, with rows in the place of slots.
    pub(super) tile: TileRows<T>,
    /// The same for a last tile that ends within a vector, where what lies behind
    /// must not be overwritten.
    pub(super) edge: Option<TileRows<T>>,
    /// Numbers that are the same for all elements, each in a row that nothing else
    /// is written to, by its first slot: it is filled when the number changes.
    pub(super) fills: Vec<(usize, Fill<T>)>,
    /// Elements after stretches that are read where they lie, but are too short.
    pub(super) pads: Vec<Pad<T>>,
    pub(super) loads: Vec<Load<T>>,
    pub(super) stores: Vec<Store>,
    pub(super) totals: Vec<Total>,
}

#[derive(Clone, Debug)]
pub(super) struct TileRows<T> {
    pub(super) instructions: Vec<Instruction<T>>,
    pub(super) copies: Vec<SlotCopy>,
}

#[derive(Clone, Debug)]
pub(super) enum Fill<T> {
    Constant(T),
    Number(ElementPlace<T>),
}

/// A stretch of elements that a loop reads in order. Element `first` of the loop is the first
/// one; before it and after the last are those of `pad`.
#[derive(Clone, Debug)]
pub(super) struct ElementStream<T> {
    pub(super) from: ElementPlace<T>,
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) pad: T,
}

/// A stream that is copied to a row, tile by tile.
#[derive(Clone, Debug)]
pub(super) struct Load<T> {
    /// The input of the body.
    pub(super) input: usize,
    pub(super) row: usize,
    pub(super) stream: ElementStream<T>,
    pub(super) when: When,
}

/// A range of slots, and the value that they have to hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pad<T> {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) value: T,
}

/// A row that is copied to a stretch of elements.
#[derive(Clone, Debug)]
pub(super) struct Store {
    /// The input of the body that it replaces.
    pub(super) input: usize,
    pub(super) row: usize,
    pub(super) to: usize,
    pub(super) when: When,
}

/// For which tiles something is copied; otherwise it is read or written where it
/// lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum When {
    Always,
    AtTheEdge,
    /// Only for readers of the listing.
    Never,
}

/// A reduction of a row: a number for each tile, which are put together as a sum
/// is defined.
#[derive(Clone, Debug)]
pub(super) struct Total {
    pub(super) kind: Reduction,
    /// The output of the body.
    pub(super) output: usize,
    /// The first slot of the row, and where it moves with the tile if it does.
    pub(super) row: usize,
    pub(super) edge_row: usize,
    pub(super) partial: usize,
    pub(super) result: usize,
}

/// `to[i][j] = Σ weights[i][l] · wide[l][j]`, from the left.
#[derive(Clone, Debug)]
pub(super) struct MatrixProduct<T> {
    /// The matrices that are transposed before.
    pub(super) before: Vec<Transposition<T>>,
    pub(super) rows: usize,
    pub(super) inner: usize,
    pub(super) columns: usize,
    pub(super) weights: ElementPlace<T>,
    pub(super) wide: ElementPlace<T>,
    /// From one row of the wide matrix to the next.
    pub(super) stride: usize,
    pub(super) to: usize,
    /// The result, if it is transposed after.
    pub(super) after: Option<Transposition<T>>,
}

/// A matrix whose rows become columns.
#[derive(Clone, Debug)]
pub(super) struct Transposition<T> {
    pub(super) from: ElementPlace<T>,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) to: usize,
}

impl<T> ElementPlace<T> {
    /// The elements from here on.
    #[inline]
    pub(super) fn within<'a>(&'a self, memory: &'a [T]) -> &'a [T] {
        match self {
            ElementPlace::Slot(slot) => &memory[*slot..],
            ElementPlace::Data(values, start) => &values[*start..],
        }
    }

    /// The place of the element after `start` others.
    pub(super) fn after(&self, start: usize) -> Self {
        match self {
            ElementPlace::Slot(slot) => ElementPlace::Slot(slot + start),
            ElementPlace::Data(values, first) => {
                ElementPlace::Data(Arc::clone(values), first + start)
            }
        }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (ElementPlace::Slot(one), ElementPlace::Slot(other)) => one == other,
            (ElementPlace::Data(one, i), ElementPlace::Data(other, j)) => {
                Arc::ptr_eq(one, other) && i == j
            }
            _ => false,
        }
    }
}
