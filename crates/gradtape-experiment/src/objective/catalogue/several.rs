//! Functions of three or more variables whose number is restricted.

use super::Trait::{Convex, Multimodal, Smooth};
use super::{Dimension, Function, NOTHING, minimum};

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "powell_singular",
        aliases: &["powell"],
        dimension: Dimension::MultipleOf(4),
        formula: "sum((x[::4] + 10*x[1::4])^2 + 5*(x[2::4] - x[3::4])^2 \
                  + (x[1::4] - 2*x[2::4])^4 + 10*(x[::4] - x[3::4])^4)",
        domain: &[("-4", "5")],
        start: &["3", "-1", "0", "1"],
        minima: &[minimum(&["0"], "0")],
        traits: &[Convex, Smooth],
        about: "Convex, but two of the four curvatures vanish at the minimum, so a descent gains its last digits \
                extremely slowly.",
        source: "M. J. D. Powell, 1962; start of J. J. Moré, B. S. Garbow and K. E. Hillstrom, 1981",
        ..NOTHING
    },
    Function {
        name: "colville",
        aliases: &["wood"],
        dimension: Dimension::Fixed(4),
        formula: "100*(x[0]^2 - x[1])^2 + (x[0] - 1)^2 + (x[2] - 1)^2 + 90*(x[2]^2 - x[3])^2 \
                  + 10.1*((x[1] - 1)^2 + (x[3] - 1)^2) + 19.8*(x[1] - 1)*(x[3] - 1)",
        domain: &[("-10", "10")],
        start: &["-3", "-1", "-3", "-1"],
        minima: &[minimum(&["1"], "0")],
        traits: &[Smooth],
        about: "Two coupled Rosenbrock valleys; the path from the start passes a saddle near (-1, 1, -1, 1) where \
                the gradient almost vanishes.",
        source: "A. R. Colville, 1968; start of J. J. Moré, B. S. Garbow and K. E. Hillstrom, 1981",
        ..NOTHING
    },
    Function {
        name: "hartmann_3",
        dimension: Dimension::Fixed(3),
        formula: "-dot([1, 1.2, 3, 3.2], exp(-sum(A*(x - P)^2, axis=1)))",
        definitions: &[
            (
                "A",
                "[[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]]",
            ),
            (
                "P",
                "1e-4*[[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]]",
            ),
        ],
        domain: &[("0", "1")],
        start: &["0.5"],
        minima: &[
            minimum(
                &[
                    "0.11458887665506896", "0.5556488946169301", "0.8525469846866774",
                ],
                "-3.8627797873326625",
            ),
            minimum(
                &[
                    "0.10933747837181026", "0.8605242257018717", "0.5641231666105352",
                ],
                "-3.0897641343826483",
            )
            .local(),
            minimum(
                &[
                    "0.36872272706931863", "0.11756162882466427", "0.2675737430151714",
                ],
                "-1.0008168635606354",
            )
            .local(),
        ],
        traits: &[Smooth, Multimodal],
        about: "Four wells of different depth and width; flat elsewhere.",
        source: "J. K. Hartman, 1973; L. C. W. Dixon and G. P. Szegö, 1978",
        ..NOTHING
    },
    Function {
        name: "hartmann_6",
        dimension: Dimension::Fixed(6),
        formula: "-dot([1, 1.2, 3, 3.2], exp(-sum(A*(x - P)^2, axis=1)))",
        definitions: &[
            (
                "A",
                "[[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], \
                 [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]",
            ),
            (
                "P",
                "1e-4*[[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991], \
                 [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]]",
            ),
        ],
        domain: &[("0", "1")],
        start: &["0.5"],
        minima: &[
            minimum(
                &[
                    "0.20168951100670543", "0.15001069182345797", "0.476873974221897",
                    "0.2753324304940561", "0.3116516166001133", "0.6573005340656204",
                ],
                "-3.3223680114155147",
            ),
            minimum(
                &[
                    "0.4046531277061713", "0.8824449239723832", "0.8461015704781809",
                    "0.5739896924303658", "0.13892660366724388", "0.03849589247823727",
                ],
                "-3.203161918396231",
            )
            .local(),
        ],
        traits: &[Smooth, Multimodal],
        about: "Two minima of almost the same value, far from each other, with a flat plain around them.",
        source: "J. K. Hartman, 1973; L. C. W. Dixon and G. P. Szegö, 1978",
        ..NOTHING
    },
];
