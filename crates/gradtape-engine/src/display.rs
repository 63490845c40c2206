//! Programs as text.

use std::fmt;

use super::program::{
    Action, ArrayProgram, ElementPlace, Fill, Loop, Program, Transposition, When,
};
use super::slot::{Slot, SlotCopy};
use gradtape_tape::Real;
use gradtape_tape::internal::graph::Node;
use gradtape_tape::internal::{Extreme, Reduction};

impl<T: Real> fmt::Display for Program<T> {
    /// Inputs, constants, one instruction a line, outputs.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(staged) = &self.staged {
            writeln!(formatter, "in      s0..{}", self.inputs)?;
            write!(formatter, "{staged}")?;
            write!(formatter, "out    ")?;
            // Consecutive elements are one stretch.
            for stretch in self.outputs.chunk_by(|x, y| x.index() + 1 == y.index()) {
                match stretch {
                    [one] => write!(formatter, " {one}")?,
                    [first, .., last] => write!(formatter, " {first}..{}", last.index() + 1)?,
                    [] => {}
                }
            }
            return writeln!(formatter);
        }
        write!(formatter, "in     ")?;
        for input in 0..self.inputs {
            write!(formatter, " s{input}")?;
        }
        writeln!(formatter)?;
        for (index, value) in self.constants.iter().enumerate() {
            writeln!(formatter, "const   s{} = {value:?}", self.inputs + index)?;
        }
        for instruction in &self.instructions {
            writeln!(formatter, "{instruction}")?;
        }
        for SlotCopy { from, to } in &self.copies {
            writeln!(formatter, "{to} = copy {from}")?;
        }
        write!(formatter, "out    ")?;
        for output in &self.outputs {
            write!(formatter, " {output}")?;
        }
        writeln!(formatter)
    }
}
impl<T: Real> fmt::Display for ElementPlace<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ElementPlace::Slot(slot) => write!(formatter, "s{slot}"),
            ElementPlace::Data(values, 0) => write!(formatter, "data of {}", values.len()),
            ElementPlace::Data(values, start) => {
                write!(formatter, "data of {}[{start}..]", values.len())
            }
        }
    }
}

impl<T: Real> fmt::Display for ArrayProgram<T> {
    /// One instruction per line; the body of a loop is indented.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for action in &self.all {
            match action {
                Action::Loop(it) => write!(formatter, "{it}")?,
                Action::Product(product) => {
                    for turn in &product.before {
                        write!(formatter, "{turn}")?;
                    }
                    writeln!(
                        formatter,
                        "s{}.. = {} ({}x{}) @ {} ({}x{})",
                        product.to,
                        product.weights,
                        product.rows,
                        product.inner,
                        product.wide,
                        product.inner,
                        product.columns
                    )?;
                    if let Some(turn) = &product.after {
                        write!(formatter, "{turn}")?;
                    }
                }
                Action::Plain(node, operands, to) => {
                    let name = match &node.node {
                        Node::Apply(operation, _) => operation.name(),
                        _ => "pieces",
                    };
                    write!(formatter, "s{to}.. {} = {name}", node.shape)?;
                    for (place, shape) in operands {
                        write!(formatter, " {place} {shape}")?;
                    }
                    writeln!(formatter)?;
                }
                Action::Copy { from, to, count } => {
                    writeln!(formatter, "s{to}.. = copy {from}, {count} numbers")?;
                }
                Action::Fill { value, to, count } => {
                    writeln!(formatter, "s{to}.. = {value:?}, {count} numbers")?;
                }
            }
        }
        Ok(())
    }
}

impl<T: Real> fmt::Display for Transposition<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Transposition {
            from,
            rows,
            columns,
            to,
        } = self;
        writeln!(formatter, "s{to}.. = transpose {from} ({rows}x{columns})")
    }
}

impl<T: Real> fmt::Display for Loop<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "for each of {}:", self.length)?;
        for (_, fill) in &self.fills {
            if let Fill::Number(place) = fill {
                writeln!(formatter, "  uniform {place}")?;
            }
        }
        for load in &self.loads {
            let input = Slot::at(load.input);
            let stream = &load.stream;
            write!(
                formatter,
                "  {input} = {} {}..",
                way(load.when),
                stream.from
            )?;
            if stream.first > 0 || stream.count < self.length {
                let end = stream.first + stream.count;
                write!(
                    formatter,
                    " for {}..{end}, else {:?}",
                    stream.first, stream.pad
                )?;
            }
            writeln!(formatter)?;
        }
        let body = self.body.to_string();
        for line in body.lines().filter(|line| !line.starts_with("out")) {
            writeln!(formatter, "  {line}")?;
        }
        for store in &self.stores {
            let input = Slot::at(store.input);
            writeln!(formatter, "  s{}.. {} {input}", store.to, way(store.when))?;
        }
        for total in &self.totals {
            let name = match total.kind {
                Reduction::Sum => "sum",
                Reduction::Extreme(Extreme::Max) => "max",
                Reduction::Extreme(Extreme::Min) => "min",
            };
            let output = self.body.outputs[total.output];
            writeln!(formatter, "  s{} = {name} of {output}", total.result)?;
        }
        Ok(())
    }
}

fn way(when: When) -> &'static str {
    match when {
        When::Always => "copy",
        When::AtTheEdge | When::Never => "at",
    }
}
