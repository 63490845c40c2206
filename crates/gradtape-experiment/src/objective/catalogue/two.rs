//! Functions of two variables.

use super::Trait::{Convex, Multimodal, Separable, Smooth, Unbounded};
use super::{Dimension, Function, Gradient, NOTHING, minimum};

/// A row with only the number of variables.
const TWO: Function = Function {
    dimension: Dimension::Fixed(2),
    ..NOTHING
};

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "levy13",
        aliases: &["levy_n13"],
        formula: "sin(3*pi*x)^2 + (x - 1)^2*(1 + sin(3*pi*y)^2) + (y - 1)^2*(1 + sin(2*pi*y)^2)",
        domain: &[("-10", "10")],
        view: &[("-4", "6")],
        start: &["-5", "5"],
        minima: &[minimum(&["1", "1"], "0")],
        traits: &[Smooth, Multimodal],
        about: "A bowl with hundreds of small waves; each wave traps a descent.",
        source: "A. V. Levy and A. Montalvo, 1985",
        ..TWO
    },
    Function {
        name: "booth",
        formula: "(x + 2*y - 7)^2 + (2*x + y - 5)^2",
        domain: &[("-10", "10")],
        start: &["0", "0"],
        minima: &[minimum(&["1", "3"], "0")],
        traits: &[Convex, Smooth],
        about: "Least squares for two linear equations: a bowl nine times as steep in one direction.",
        source: "after M. Jamil and X.-S. Yang, 2013",
        ..TWO
    },
    Function {
        name: "beale",
        formula: "(1.5 - x + x*y)^2 + (2.25 - x + x*y^2)^2 + (2.625 - x + x*y^3)^2",
        domain: &[("-4.5", "4.5")],
        start: &["1", "1"],
        minima: &[minimum(&["3", "0.5"], "0")],
        traits: &[Smooth],
        about: "A flat valley between walls that rise with the eighth power; hard from (1, 4).",
        source: "E. M. L. Beale, 1958; start of J. J. Moré, B. S. Garbow and K. E. Hillstrom, 1981",
        ..TWO
    },
    Function {
        name: "himmelblau",
        formula: "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
        domain: &[("-5", "5")],
        start: &["0", "0"],
        minima: &[
            minimum(&["3", "2"], "0"),
            minimum(&["-2.805118086952745", "3.131312518250573"], "0"),
            minimum(&["-3.779310253377747", "-3.2831859912861696"], "0"),
            minimum(&["3.5844283403304917", "-1.8481265269644036"], "0"),
        ],
        traits: &[Smooth, Multimodal],
        about: "Four minima of the same value: the start decides which one is found.",
        source: "D. M. Himmelblau, 1972",
        ..TWO
    },
    Function {
        name: "matyas",
        formula: "0.26*(x^2 + y^2) - 0.48*x*y",
        domain: &[("-10", "10")],
        start: &["5", "-5"],
        minima: &[minimum(&["0", "0"], "0")],
        traits: &[Convex, Smooth],
        about: "A long valley along the diagonal: 25 times as steep across as along.",
        source: "after M. Jamil and X.-S. Yang, 2013",
        ..TWO
    },
    Function {
        name: "goldstein_price",
        formula: "a*b",
        definitions: &[
            (
                "a",
                "1 + (x + y + 1)^2*(19 - 14*x + 3*x^2 - 14*y + 6*x*y + 3*y^2)",
            ),
            (
                "b",
                "30 + (2*x - 3*y)^2*(18 - 32*x + 12*x^2 + 48*y - 36*x*y + 27*y^2)",
            ),
        ],
        domain: &[("-2", "2")],
        start: &["-0.5", "-0.5"],
        minima: &[
            minimum(&["0", "-1"], "3"),
            minimum(&["-0.6", "-0.4"], "30").precision(1e-12).local(),
            minimum(&["1.8", "0.2"], "84").precision(1e-11).local(),
            minimum(&["1.2", "0.8"], "840").precision(1e-10).local(),
        ],
        traits: &[Smooth, Multimodal],
        about: "Values from 3 to a million within a small square: no single learning rate suits all of it.",
        source: "A. A. Goldstein and J. F. Price, 1971",
        ..TWO
    },
    Function {
        name: "three_hump_camel",
        formula: "2*x^2 - 1.05*x^4 + x^6/6 + x*y + y^2",
        domain: &[("-5", "5")],
        start: &["2", "2"],
        minima: &[
            minimum(&["0", "0"], "0"),
            minimum(
                &["1.747552345830289", "-0.8737761729151445"],
                "0.2986384422368594",
            )
            .local(),
            minimum(
                &["-1.747552345830289", "0.8737761729151445"],
                "0.2986384422368594",
            )
            .local(),
        ],
        traits: &[Smooth, Multimodal],
        about: "The best minimum lies between two others, which are reached first from outside.",
        source: "F. H. Branin, 1972",
        ..TWO
    },
    Function {
        name: "six_hump_camel",
        formula: "(4 - 2.1*x^2 + x^4/3)*x^2 + x*y + (4*y^2 - 4)*y^2",
        domain: &[("-3", "3"), ("-2", "2")],
        start: &["0.5", "0.5"],
        minima: &[
            minimum(
                &["0.08984201310031806", "-0.7126564030207396"],
                "-1.0316284534898774",
            ),
            minimum(
                &["-0.08984201310031806", "0.7126564030207396"],
                "-1.0316284534898774",
            ),
            minimum(
                &["1.703606714969981", "-0.7960835686726251"],
                "-0.2154638243837184",
            )
            .local(),
            minimum(
                &["-1.703606714969981", "0.7960835686726251"],
                "-0.2154638243837184",
            )
            .local(),
            minimum(
                &["1.6071047529201974", "0.5686514548841314"],
                "2.1042503103112577",
            )
            .local(),
            minimum(
                &["-1.6071047529201974", "-0.5686514548841314"],
                "2.1042503103112577",
            )
            .local(),
        ],
        traits: &[Smooth, Multimodal],
        about: "Six minima in three pairs; the best two lie near the middle.",
        source: "F. H. Branin, 1972; L. C. W. Dixon and G. P. Szegö, 1978",
        ..TWO
    },
    Function {
        name: "branin",
        aliases: &["branin_hoo"],
        formula: "(y - 5.1*x^2/(4*pi^2) + 5*x/pi - 6)^2 + 10*(1 - 1/(8*pi))*cos(x) + 10",
        domain: &[("-5", "10"), ("0", "15")],
        start: &["2.5", "7.5"],
        minima: &[
            minimum(&["-pi", "12.275"], "5/(4*pi)"),
            minimum(&["pi", "2.275"], "5/(4*pi)"),
            minimum(&["3*pi", "2.475"], "5/(4*pi)"),
        ],
        traits: &[Smooth, Multimodal],
        about: "Three minima of the same value along a curved valley.",
        source: "F. H. Branin, 1972; L. C. W. Dixon and G. P. Szegö, 1978",
        ..TWO
    },
    Function {
        name: "mccormick",
        formula: "sin(x + y) + (x - y)^2 - 1.5*x + 2.5*y + 1",
        domain: &[("-1.5", "4"), ("-3", "4")],
        start: &["0", "0"],
        minima: &[
            minimum(&["1/2 - pi/3", "-1/2 - pi/3"], "-sqrt(3)/2 - pi/3"),
            minimum(&["1/2 + 2*pi/3", "-1/2 + 2*pi/3"], "2*pi/3 - sqrt(3)/2").local(),
        ],
        traits: &[Smooth, Multimodal, Unbounded],
        about: "A wavy valley that falls along the diagonal; outside the domain each wave is lower than the last.",
        source: "G. P. McCormick; F. A. Lootsma, 1972",
        ..TWO
    },
    Function {
        name: "easom",
        formula: "-cos(x)*cos(y)*exp(-(x - pi)^2 - (y - pi)^2)",
        domain: &[("-100", "100")],
        view: &[("-2", "8")],
        start: &["2.5", "2.5"],
        minima: &[minimum(&["pi", "pi"], "-1")],
        traits: &[Smooth, Multimodal],
        about: "A single narrow hole in a plain: five units away the gradient is 1e-10, thirty units away it underflows to 0.",
        source: "E. E. Easom, 1990",
        ..TWO
    },
    Function {
        name: "cross_in_tray",
        formula: "-1e-4*(abs(sin(x)*sin(y)*exp(abs(100 - sqrt(x^2 + y^2)/pi))) + 1)^0.1",
        domain: &[("-10", "10")],
        start: &["1", "1"],
        minima: &[
            minimum(
                &["1.3494066171539107", "1.3494066171539107"],
                "-2.062611870822738",
            ),
            minimum(
                &["1.3494066171539107", "-1.3494066171539107"],
                "-2.062611870822738",
            ),
            minimum(
                &["-1.3494066171539107", "1.3494066171539107"],
                "-2.062611870822738",
            ),
            minimum(
                &["-1.3494066171539107", "-1.3494066171539107"],
                "-2.062611870822738",
            ),
        ],
        traits: &[Multimodal, Unbounded],
        about: "Rows of wells with a raised cross between them, whose edges are kinks; intermediate numbers near 10^43.",
        source: "S. K. Mishra, 2006",
        ..TWO
    },
    Function {
        name: "eggholder",
        formula: "-(y + 47)*sin(sqrt(abs(y + x/2 + 47))) - x*sin(sqrt(abs(x - (y + 47))))",
        domain: &[("-512", "512")],
        start: &["0", "0"],
        minima: &[minimum(&["512", "404.2318051137578"], "-959.6406627208509")
            .precision(1e-12)
            .gradient(Gradient::Outward)
            .note("on the border of the domain")],
        traits: &[Multimodal, Unbounded],
        about: "Long steep waves with kinks; the minimum lies on the border, so descents leave the domain there.",
        source: "D. Whitley, S. Rana, J. Dzubera and K. E. Mathias, 1996",
        ..TWO
    },
    Function {
        name: "holder_table",
        formula: "-abs(sin(x)*cos(y)*exp(abs(1 - sqrt(x^2 + y^2)/pi)))",
        domain: &[("-10", "10")],
        start: &["8", "9"],
        minima: &[
            minimum(
                &["8.055023475736563", "9.664590019241272"],
                "-19.208502567886736",
            )
            .precision(1e-13),
            minimum(
                &["8.055023475736563", "-9.664590019241272"],
                "-19.208502567886736",
            )
            .precision(1e-13),
            minimum(
                &["-8.055023475736563", "9.664590019241272"],
                "-19.208502567886736",
            )
            .precision(1e-13),
            minimum(
                &["-8.055023475736563", "-9.664590019241272"],
                "-19.208502567886736",
            )
            .precision(1e-13),
        ],
        traits: &[Multimodal, Unbounded],
        about: "Wells that grow deeper outwards, with kinks between them: a table with four legs.",
        source: "S. K. Mishra, 2006",
        ..TWO
    },
    Function {
        name: "drop_wave",
        formula: "-(1 + cos(12*r))/(0.5*r^2 + 2)",
        definitions: &[("r", "sqrt(x^2 + y^2)")],
        domain: &[("-5.12", "5.12")],
        start: &["1", "1"],
        minima: &[minimum(&["0", "0"], "-1")
            .gradient(Gradient::Undefined)
            .note("the gradient is 0, but that of the square root at 0 is not defined")],
        traits: &[Multimodal],
        about: "Rings around the minimum; each ring traps every descent from outside.",
        source: "M. Molga and C. Smutnicki, 2005",
        ..TWO
    },
    Function {
        name: "schaffer_n2",
        aliases: &["schaffer_2"],
        formula: "0.5 + (sin(x^2 - y^2)^2 - 0.5)/(1 + 0.001*(x^2 + y^2))^2",
        domain: &[("-100", "100")],
        view: &[("-6", "6")],
        start: &["1", "2"],
        minima: &[minimum(&["0", "0"], "0")],
        traits: &[Smooth, Multimodal],
        about: "Waves between 0 and 1 that become narrower outwards: the gradient says little about the minimum.",
        source: "J. D. Schaffer, R. A. Caruana, L. J. Eshelman and R. Das, 1989; S. K. Mishra, 2007",
        ..TWO
    },
    Function {
        name: "schaffer_n4",
        aliases: &["schaffer_4"],
        formula: "0.5 + (cos(sin(abs(x^2 - y^2)))^2 - 0.5)/(1 + 0.001*(x^2 + y^2))^2",
        domain: &[("-100", "100")],
        view: &[("-6", "6")],
        start: &["0.5", "1"],
        minima: &[
            minimum(&["0", "1.2531318314637332"], "0.29257863203598056"),
            minimum(&["0", "-1.2531318314637332"], "0.29257863203598056"),
            minimum(&["1.2531318314637332", "0"], "0.29257863203598056"),
            minimum(&["-1.2531318314637332", "0"], "0.29257863203598056"),
        ],
        traits: &[Smooth, Multimodal],
        about: "Like schaffer_n2, with four minima; along their valleys the value hardly changes.",
        source: "J. D. Schaffer, R. A. Caruana, L. J. Eshelman and R. Das, 1989; S. K. Mishra, 2007",
        ..TWO
    },
    Function {
        name: "bukin_n6",
        aliases: &["bukin_6"],
        formula: "100*sqrt(abs(y - 0.01*x^2)) + 0.01*abs(x + 10)",
        domain: &[("-15", "-5"), ("-3", "3")],
        start: &["-7", "1"],
        minima: &[minimum(&["-10", "1"], "0")
            .gradient(Gradient::Undefined)
            .note("a kink across, and an infinite slope along the edge")],
        traits: &[],
        about: "A curved edge with infinite slopes on both sides, along which the value hardly falls: descents \
                jump back and forth across it.",
        source: "A. D. Bukin, 1997",
        ..TWO
    },
    Function {
        name: "bohachevsky_1",
        aliases: &["bohachevsky"],
        formula: "x^2 + 2*y^2 - 0.3*cos(3*pi*x) - 0.4*cos(4*pi*y) + 0.7",
        domain: &[("-100", "100")],
        view: &[("-2", "2")],
        start: &["1", "1"],
        minima: &[minimum(&["0", "0"], "0")],
        traits: &[Smooth, Separable, Multimodal],
        about: "A bowl with small waves that matter only near the bottom.",
        source: "I. O. Bohachevsky, M. E. Johnson and M. L. Stein, 1986",
        ..TWO
    },
    Function {
        name: "freudenstein_roth",
        formula: "(-13 + x + ((5 - y)*y - 2)*y)^2 + (-29 + x + ((y + 1)*y - 14)*y)^2",
        domain: &[("-10", "10")],
        view: &[("-2", "14")],
        start: &["0.5", "-2"],
        minima: &[
            minimum(&["5", "4"], "0"),
            minimum(
                &["(53 - 4*sqrt(22))/3", "(2 - sqrt(22))/3"],
                "48.98425367924002",
            )
            .precision(1e-12)
            .local()
            .note("outside the domain"),
        ],
        traits: &[Smooth],
        about: "A local minimum just outside the domain attracts almost every descent.",
        source: "F. Freudenstein and B. Roth, 1963; start of J. J. Moré, B. S. Garbow and K. E. Hillstrom, 1981",
        ..TWO
    },
    Function {
        name: "powell_badly_scaled",
        formula: "(1e4*x*y - 1)^2 + (exp(-x) + exp(-y) - 1.0001)^2",
        view: &[("-1e-5", "3e-5"), ("0", "12")],
        start: &["0", "1"],
        minima: &[minimum(
            &["1.0981593296998053e-5", "9.106146739866624"],
            "0",
        )],
        traits: &[Smooth],
        about: "The minimum lies near 1e-5 in x and near 9 in y, and the curvatures differ by 18 orders of \
                magnitude: no single learning rate suits both.",
        source: "M. J. D. Powell, 1970; start of J. J. Moré, B. S. Garbow and K. E. Hillstrom, 1981",
        ..TWO
    },
    Function {
        name: "brown_badly_scaled",
        formula: "(x - 1e6)^2 + (y - 2e-6)^2 + (x*y - 2)^2",
        view: &[("0", "2e6"), ("-4e-6", "8e-6")],
        start: &["1", "1"],
        minima: &[minimum(&["1e6", "2e-6"], "0")],
        traits: &[Smooth],
        about: "The minimum lies at a million in x and two millionths in y.",
        source: "K. M. Brown; J. J. Moré, B. S. Garbow and K. E. Hillstrom, 1981",
        ..TWO
    },
    Function {
        name: "saddle",
        formula: "x^2 - y^2",
        view: &[("-2", "2")],
        start: &["1", "1e-6"],
        traits: &[Smooth, Separable, Unbounded],
        about: "No minimum: a descent approaches the saddle, lingers, and then escapes, which tests the handling \
                of divergence.",
        source: "elementary",
        ..TWO
    },
    Function {
        name: "monkey_saddle",
        formula: "x^3 - 3*x*y^2",
        view: &[("-2", "2")],
        start: &["0.5", "0.5"],
        traits: &[Smooth, Unbounded],
        about: "No minimum, and at the saddle the curvature vanishes too: three valleys lead down from it.",
        source: "D. Hilbert and S. Cohn-Vossen, 1932",
        ..TWO
    },
];
