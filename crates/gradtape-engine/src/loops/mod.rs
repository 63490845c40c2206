//! Programs that loop over arrays, for one run at a time.
//!
//! Where a straight line would become too long, an array is a contiguous stretch
//! of slots, and an instruction works on whole arrays. Chains of elementwise
//! operations of the same length form one [`Loop`], whose body is an ordinary
//! program; the elements are its lanes. Products of matrices have separate
//! loops, everything else follows the definition ([`Action::Plain`]). Neither the
//! choice of the instructions nor where the numbers lie changes a bit.

mod body;
mod epoch;
mod layout;
mod product;
mod rows;
mod values;

use std::sync::Arc;

use super::program::{Action, ArrayProgram, Program};
use super::slot::{Slot, WIDTH};
use gradtape_tape::internal::graph::{self, ShapedNode};
use gradtape_tape::{Array, Graph, Real};

pub(super) use epoch::Machine;
use values::ArrayValues;

/// The program of [`Program::epoch`] as loops over arrays.
pub(super) fn program<T: Real>(
    graph: &Graph,
    outputs: &[Array<'_>],
    next: &[Array<'_>],
) -> Program<T> {
    let nodes: Arc<[ShapedNode<T>]> = graph.nodes().into();
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
    let operations = (0..needed.len())
        .filter(|node| needed[*node])
        .map(|node| graph::operations(&nodes, node))
        .fold(0, u64::saturating_add);
    program.slots = slots;
    program.staged = Some(Arc::new(ArrayProgram {
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
    nodes: &[ShapedNode<T>],
    outputs: &[usize],
    next: &[usize],
    often: usize,
    program: &Program<T>,
) -> (Vec<Action<T>>, usize) {
    let values = ArrayValues::new(nodes, &outputs[..often], next, program.subnormals);
    layout::actions(&values, outputs, next, often, program)
}

impl<T: Real> ArrayProgram<T> {
    /// The same program with epochs that compute only the outputs before number `often`
    /// unless all are requested; and its number of slots.
    pub(super) fn with_rare_outputs(&self, often: usize, program: &Program<T>) -> (Self, usize) {
        let length = |node: &usize| graph::elements(&self.nodes[*node].shape);
        // Whole arrays.
        let mut count = 0;
        let is_usual = |output: &&usize| {
            let is_needed = count < often;
            count += length(output);
            is_needed
        };
        let arrays = self.outputs.iter().take_while(is_usual).count();
        let (usual, slots) = actions(&self.nodes, &self.outputs, &self.next, arrays, program);
        let staged = ArrayProgram {
            nodes: Arc::clone(&self.nodes),
            outputs: Arc::clone(&self.outputs),
            next: Arc::clone(&self.next),
            all: self.all.clone(),
            usual,
            operations: self.operations,
        };
        (staged, slots)
    }
}
