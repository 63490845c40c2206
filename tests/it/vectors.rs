//! A function gives the same bits to one number and to many side by side, whatever
//! instruction set computes them.

use gradtape_engine::{Block, Compiled, Features, Program};
use gradtape_tape::{Graph, Number, Op, Real, Subnormals};

use crate::random::Random;

const LANES: usize = 256;

/// Any number, or one of a size that functions are used with.
fn number<T: Real>(random: &mut Random) -> T {
    let signed = random.between(-1.0, 1.0);
    match random.below(6) {
        0 => T::from_f64(f64::from_bits(random.next())),
        // Any f32, also the subnormal ones.
        1 => T::from_f64(f64::from(f32::from_bits(random.next() as u32))),
        2 => random.number(),
        3 => T::from_f64(1.0 + signed / 64.0),
        4 => T::from_f64(signed * 800.0),
        _ => T::from_f64(signed * 3.0),
    }
}

/// Equal bits, or both NaN: the payload of a NaN is unspecified.
fn same<T: Real>(a: T, b: T) -> bool {
    a.bits() == b.bits() || (a.to_f64().is_nan() && b.to_f64().is_nan())
}

fn every_instruction_set_gives_the_same_bits<T: Compiled>() {
    let mut random = Random(11);
    for subnormals in [Subnormals::Keep, Subnormals::Flush] {
        for op in Op::ALL {
            let graph = Graph::new(T::PRECISION, subnormals);
            let operands: Vec<_> = graph.numbers(op.arity());
            let value = Number::apply(*op, &operands.iter().collect::<Vec<_>>());
            let program = Program::epoch(&graph, &[value], &operands);
            for _ in 0..16 {
                let inputs: Vec<Vec<T>> = (0..LANES)
                    .map(|_| (0..op.arity()).map(|_| number(&mut random)).collect())
                    .collect();
                for features in Features::available() {
                    let engine = Compiled::engine_with(program.clone(), features);
                    let mut lanes = Block::new(engine.program(), LANES);
                    for (lane, inputs) in inputs.iter().enumerate() {
                        lanes.load(lane, inputs);
                    }
                    engine.advance(&mut lanes, 1, true);
                    for (lane, inputs) in inputs.iter().enumerate() {
                        let alone = program.evaluate(inputs)[0];
                        let beside = lanes.output(0, lane);
                        assert!(
                            same(alone, beside),
                            "{op:?} of {inputs:?}, {features:?}, {subnormals:?}: \
                             {beside:?} is not {alone:?}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_function_of_f32_has_the_same_bits_in_every_vector() {
    every_instruction_set_gives_the_same_bits::<f32>();
}

#[test]
fn a_function_of_f64_has_the_same_bits_in_every_vector() {
    every_instruction_set_gives_the_same_bits::<f64>();
}
