//! Programs that loop over arrays, for one run at a time.
//!
//! Where a straight line would become too long, an array is a contiguous stretch
//! of slots, and an instruction works on whole arrays. Chains of elementwise
//! operations of the same length form one [`Loop`], whose body is an ordinary
//! program; the elements are its lanes. Products of matrices have separate
//! loops, everything else follows the definition ([`Action::Plain`]). Neither the
//! choice of the instructions nor where the numbers lie changes a bit.

mod body;
mod display;
mod layout;
mod product;
mod run;
mod values;

use std::sync::Arc;

use super::instruction::Instruction;
use super::program::{Copied, Program, Slot};
use gradtape_tape::internal::BLOCK;
use gradtape_tape::internal::Reduction;
use gradtape_tape::internal::graph::{self, Shaped};
use gradtape_tape::{Array, Graph, Real};

use super::block::WIDTH;
use product::Product;
pub(super) use run::Run;
use values::Values;

/// The maximum number of elements that are computed together. The elements of a
/// tile are a multiple of those of one partial sum.
const MAX_TILE: usize = 4 * BLOCK;

/// The bytes that the rows of a loop may take, so that they stay in the fastest
/// cache.
const CACHE: usize = 32 << 10;

/// A program as a list of instructions on arrays.
#[derive(Debug)]
pub(super) struct Staged<T> {
    /// What is computed: the definition.
    nodes: Arc<[Shaped<T>]>,
    outputs: Arc<[usize]>,
    next: Arc<[usize]>,
    /// The instructions, and those that are usually needed.
    all: Vec<Action<T>>,
    usual: Vec<Action<T>>,
    /// The number of operations on numbers in an epoch.
    operations: u64,
}

/// Where consecutive elements are read.
#[derive(Clone, Debug)]
enum Place<T> {
    /// From this slot on.
    Slot(usize),
    /// From this number on.
    Data(Arc<[T]>, usize),
}

/// An instruction.
#[derive(Clone, Debug)]
enum Action<T> {
    Loop(Box<Loop<T>>),
    Product(Product<T>),
    /// The definition of a node, with its operands and where the result goes.
    Plain(Box<Shaped<T>>, Vec<(Place<T>, gradtape_tape::Shape)>, usize),
    /// Elements that are copied.
    Copy {
        from: Place<T>,
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
struct Loop<T> {
    length: usize,
    /// The elements that are computed together.
    tile_length: usize,
    /// What is computed of each element.
    body: Program<T>,
    /// The instructions, with rows in the place of slots.
    tile: Rows<T>,
    /// The same for a last tile that ends within a vector, where what lies behind
    /// must not be overwritten.
    edge: Option<Rows<T>>,
    /// Numbers that are the same for all elements, each in a row that nothing else
    /// is written to, by its first slot: it is filled when the number changes.
    fills: Vec<(usize, Fill<T>)>,
    /// Elements after stretches that are read where they lie, but are too short.
    pads: Vec<Pad<T>>,
    loads: Vec<Load<T>>,
    stores: Vec<Store>,
    totals: Vec<Total>,
}

#[derive(Clone, Debug)]
struct Rows<T> {
    instructions: Vec<Instruction<T>>,
    copies: Vec<Copied>,
}

#[derive(Clone, Debug)]
enum Fill<T> {
    Constant(T),
    Number(Place<T>),
}

/// A stretch of elements that is copied to a row, tile by tile. Element `first` of
/// the loop is the first one; before it and after the last are those of `pad`.
#[derive(Clone, Debug)]
struct Load<T> {
    /// The input of the body.
    input: usize,
    row: usize,
    from: Place<T>,
    first: usize,
    count: usize,
    pad: T,
    when: When,
}

/// A range of slots, and the value that they have to hold.
#[derive(Clone, Copy, Debug)]
struct Pad<T> {
    from: usize,
    to: usize,
    value: T,
}

/// A row that is copied to a stretch of elements.
#[derive(Clone, Debug)]
struct Store {
    /// The input of the body that it replaces.
    input: usize,
    row: usize,
    to: usize,
    when: When,
}

/// For which tiles something is copied; otherwise it is read or written where it
/// lies.
#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    Always,
    AtTheEdge,
    /// Only for readers of the listing.
    Never,
}

/// A reduction of a row: a number for each tile, which are put together as a sum
/// is defined.
#[derive(Clone, Debug)]
struct Total {
    kind: Reduction,
    /// The output of the body.
    output: usize,
    /// The first slot of the row, and where it moves with the tile if it does.
    row: usize,
    edge_row: usize,
    partial: usize,
    result: usize,
}

/// The program of [`Program::epoch`] as loops over arrays.
pub(super) fn program<T: Real>(
    graph: &Graph,
    outputs: &[Array<'_>],
    next: &[Array<'_>],
) -> Program<T> {
    let nodes: Arc<[Shaped<T>]> = graph.nodes().into();
    let index = |arrays: &[Array<'_>]| arrays.iter().map(|array| array.node()).collect();
    let (outputs, next): (Arc<[usize]>, Arc<[usize]>) = (index(outputs), index(next));
    let length = |node: &usize| graph::elements(&nodes[*node].shape);
    let state = next.iter().map(length).sum::<usize>();
    assert!(
        state <= graph.inputs(),
        "an input for each number of the state"
    );
    let mut program = Program {
        subnormals: graph.subnormals(),
        inputs: graph.inputs(),
        constants: Vec::new(),
        instructions: Vec::new(),
        usual: Vec::new(),
        copies: Vec::new(),
        outputs: Vec::new(),
        state,
        slots: 0,
        staged: None,
    };
    let mut slot = graph.inputs().next_multiple_of(WIDTH);
    for output in &*outputs {
        let count = length(output);
        program.outputs.extend((slot..slot + count).map(Slot::at));
        slot += count.next_multiple_of(WIDTH);
    }
    program.slots = slot;
    let (all, slots) = actions(&nodes, &outputs, &next, outputs.len(), &program);
    let needed = graph::needed(&nodes, outputs.iter().chain(&*next).copied());
    let operations = (0..needed.len()).filter(|node| needed[*node]);
    let operations = operations
        .map(|node| graph::operations(&nodes, node))
        .fold(0, u64::saturating_add);
    program.slots = slots;
    program.staged = Some(Arc::new(Staged {
        nodes,
        outputs,
        next,
        usual: all.clone(),
        all,
        operations,
    }));
    program
}

/// The instructions that compute the first `often` outputs and the next state, and
/// the resulting number of slots of the program. They work in new slots, so that rows
/// preserve their contents whatever else is run.
fn actions<T: Real>(
    nodes: &[Shaped<T>],
    outputs: &[usize],
    next: &[usize],
    often: usize,
    program: &Program<T>,
) -> (Vec<Action<T>>, usize) {
    let values = Values::new(nodes, &outputs[..often], next, program.subnormals);
    layout::actions(&values, outputs, next, often, program)
}

impl<T: Real> Staged<T> {
    /// The same program with epochs that compute only the outputs before number `often`
    /// unless all are requested; and its number of slots.
    pub(super) fn with_rare_outputs(&self, often: usize, program: &Program<T>) -> (Self, usize) {
        let length = |node: &usize| graph::elements(&self.nodes[*node].shape);
        // Whole arrays.
        let mut count = 0;
        let arrays = self.outputs.iter().take_while(|output| {
            let is_needed = count < often;
            count += length(output);
            is_needed
        });
        let arrays = arrays.count();
        let (usual, slots) = actions(&self.nodes, &self.outputs, &self.next, arrays, program);
        let staged = Staged {
            nodes: Arc::clone(&self.nodes),
            outputs: Arc::clone(&self.outputs),
            next: Arc::clone(&self.next),
            all: self.all.clone(),
            usual,
            operations: self.operations,
        };
        (staged, slots)
    }

    /// The number of operations on numbers in an epoch.
    pub(super) fn operations(&self) -> u64 {
        self.operations
    }

    /// The outputs and the next state by the definition, node by node.
    pub(super) fn evaluate(&self, inputs: &[T], program: &Program<T>) -> (Vec<T>, Vec<T>) {
        let wanted: Vec<usize> = self.outputs.iter().chain(&*self.next).copied().collect();
        let numbers = graph::Numbers(program.subnormals);
        let mut values = graph::evaluate(&self.nodes, &numbers, inputs, &wanted);
        let next = values.split_off(self.outputs.len());
        (values.concat(), next.concat())
    }
}
