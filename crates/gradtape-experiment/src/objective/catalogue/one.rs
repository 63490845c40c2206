//! Functions of one variable.

use super::Trait::{Convex, LowerOutside, Multimodal, Smooth, Unbounded};
use super::{Dimension, Function, NOTHING, minimum};

pub(super) static FUNCTIONS: &[Function] = &[
    #[cfg(test)]
    Function {
        name: "function_of_a_test",
        dimension: Dimension::Fixed(1),
        formula: "row_of_a_test(x)^2",
        start: &["1"],
        ..NOTHING
    },
    Function {
        name: "parabola",
        dimension: Dimension::Fixed(1),
        formula: "x^2",
        view: &[("-2", "2")],
        start: &["1"],
        minima: &[minimum(&["0"], "0")],
        traits: &[Convex, Smooth],
        about: "The simplest function with a minimum: gradient descent multiplies x by 1 - 2*learning_rate in each epoch.",
        source: "elementary",
        ..NOTHING
    },
    Function {
        name: "tf_core_guide",
        dimension: Dimension::Fixed(1),
        formula: "2*x^4 + 3*x^3 + 2",
        domain: &[("-2", "2")],
        start: &["2"],
        minima: &[minimum(&["-9/8"], "0.93212890625")],
        traits: &[Smooth],
        about: "A flat inflection at 0 lies between the start and the minimum: plain gradient descent slows down \
                there more and more; momentum carries it across.",
        source: "TensorFlow, guide to optimizers with the Core APIs, 2022",
        ..NOTHING
    },
    Function {
        name: "gramacy_lee",
        dimension: Dimension::Fixed(1),
        formula: "sin(10*pi*x)/(2*x) + (x - 1)^4",
        domain: &[("0.5", "2.5")],
        start: &["1"],
        minima: &[minimum(&["0.5485634445276052"], "-0.8690111349894998")],
        traits: &[Smooth, Multimodal, LowerOutside],
        about: "Waves on a flat bowl that grow towards 0: ten minima, the best one next to the border of the domain.",
        source: "R. B. Gramacy and H. K. H. Lee, 2012",
        ..NOTHING
    },
    Function {
        name: "forrester",
        dimension: Dimension::Fixed(1),
        formula: "(6*x - 2)^2*sin(12*x - 4)",
        domain: &[("0", "1")],
        start: &["0.5"],
        minima: &[
            minimum(&["0.7572487578418559"], "-6.020740055767083"),
            minimum(&["0.14258918932471631"], "-0.9863254063210814").local(),
        ],
        traits: &[Smooth, Multimodal, Unbounded],
        about: "A shallow minimum and a deep one, with a flat inflection between them.",
        source: "A. I. J. Forrester, A. Sobester and A. J. Keane, 2008",
        ..NOTHING
    },
];
