//! Functions of any number of variables.

use super::Trait::{
    Convex, LowerOutside, Multimodal, MultimodalFrom, Separable, Smooth, Unbounded,
};
use super::{Dimension, Function, Gradient, NOTHING, Pattern, minimum};

/// The indices of the coordinates, from 1.
const I: (&str, &str) = ("i", "range(1, length(x) + 1)");

/// The minimiser of Michalewicz's function, which is a sum over coordinates: each
/// coordinate minimises its own term. Found on a grid and by Newton's method with 60
/// digits.
const MICHALEWICZ: Pattern = &[
    "2.2029055201726093", "1.5707963267948966", "1.2849915705529245", "1.9230584698663629",
    "1.7204697725658413", "1.5707963267948966", "1.454413971362379", "1.7560865209450263",
    "1.6557174168210291", "1.5707963267948966",
];

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "sphere",
        formula: "sum(x^2)",
        domain: &[("-5.12", "5.12")],
        start: &["1"],
        minima: &[minimum(&["0"], "0")],
        traits: &[Convex, Smooth, Separable],
        about: "The easiest function: the gradient points straight away from the minimum.",
        source: "K. A. De Jong, 1975",
        ..NOTHING
    },
    Function {
        name: "sum_squares",
        aliases: &["axis_parallel_hyper_ellipsoid"],
        formula: "sum(i*x^2)",
        definitions: &[I],
        domain: &[("-10", "10")],
        start: &["1"],
        minima: &[minimum(&["0"], "0")],
        traits: &[Convex, Smooth, Separable],
        about: "A bowl with curvatures 2, 4, ..., 2*n: mildly ill-conditioned.",
        source: "after M. Jamil and X.-S. Yang, 2013",
        ..NOTHING
    },
    Function {
        name: "schwefel_1_2",
        aliases: &["rotated_hyper_ellipsoid"],
        formula: "sum(cumsum(x)^2)",
        domain: &[("-65.536", "65.536")],
        start: &["1"],
        minima: &[minimum(&["0"], "0")],
        traits: &[Convex, Smooth],
        about: "A bowl whose axes are not those of the variables; its condition number grows with the square of n.",
        source: "H.-P. Schwefel, 1981",
        ..NOTHING
    },
    Function {
        name: "ellipsoid",
        dimension: Dimension::AtLeast(2),
        formula: "sum(c*x^2)",
        definitions: &[("c", "10^(6*range(length(x))/(length(x) - 1))")],
        domain: &[("-5", "5")],
        start: &["1"],
        minima: &[minimum(&["0"], "0")],
        traits: &[Convex, Smooth, Separable],
        about: "Curvatures that differ by a factor of up to a million: the steepest direction limits the learning rate, \
                the flattest one converges slowly.",
        source: "N. Hansen and A. Ostermeier, 2001",
        ..NOTHING
    },
    Function {
        name: "cigar",
        aliases: &["bent_cigar"],
        dimension: Dimension::AtLeast(2),
        formula: "x[0]^2 + 1e6*sum(x[1:]^2)",
        domain: &[("-5", "5")],
        start: &["1"],
        minima: &[minimum(&["0"], "0")],
        traits: &[Convex, Smooth, Separable],
        about: "One direction is a million times as flat as all others.",
        source: "N. Hansen and A. Ostermeier, 2001",
        ..NOTHING
    },
    Function {
        name: "discus",
        aliases: &["tablet"],
        dimension: Dimension::AtLeast(2),
        formula: "1e6*x[0]^2 + sum(x[1:]^2)",
        domain: &[("-5", "5")],
        start: &["1"],
        minima: &[minimum(&["0"], "0")],
        traits: &[Convex, Smooth, Separable],
        about: "One direction is a million times as steep as all others.",
        source: "N. Hansen and A. Ostermeier, 2001",
        ..NOTHING
    },
    Function {
        name: "different_powers",
        dimension: Dimension::AtLeast(2),
        formula: "sqrt(sum(abs(x)^p))",
        definitions: &[("p", "2 + 4*range(length(x))/(length(x) - 1)")],
        domain: &[("-5", "5")],
        start: &["1"],
        minima: &[minimum(&["0"], "0")
            .gradient(Gradient::Undefined)
            .note("a kink in the first coordinate")],
        traits: &[Convex],
        about: "The nearer the minimum, the more the curvatures differ: no fixed scaling helps.",
        source: "N. Hansen, S. Finck, R. Ros and A. Auger, 2009",
        ..NOTHING
    },
    Function {
        name: "rosenbrock",
        dimension: Dimension::AtLeast(2),
        formula: "sum(100*(x[1:] - x[:-1]^2)^2 + (1 - x[:-1])^2)",
        domain: &[("-2.048", "2.048")],
        start: &["-1.2", "1"],
        minima: &[
            minimum(&["1"], "0"),
            minimum(
                &[
                    "-0.7756592265653526", "0.6130933654850435", "0.38206284633839316",
                    "0.1459720185521946",
                ],
                "3.701428610430017",
            )
            .precision(1e-12)
            .only(4)
            .local(),
            minimum(
                &[
                    "-0.9620510206947501", "0.93573939597671", "0.8807136041943205",
                    "0.7778776758544064", "0.6050936785926528",
                ],
                "3.930839434133028",
            )
            .precision(1e-12)
            .only(5)
            .local(),
            minimum(
                &[
                    "-0.9865749795709937", "0.9833982288361818", "0.9721066700530919",
                    "0.947437436826436", "0.8986511848517297", "0.8075739520354176",
                ],
                "3.973940500930295",
            )
            .precision(1e-12)
            .only(6)
            .local(),
            minimum(
                &[
                    "-0.9917225725614055", "0.9935553935033713", "0.9921733215946921",
                    "0.986898762690314", "0.975164756608873", "0.9514319827049926",
                    "0.9052228177139535",
                ],
                "3.983600536424854",
            )
            .precision(1e-12)
            .only(7)
            .local(),
            minimum(
                &[
                    "-0.9929093902018321", "0.9959047633788944", "0.9968442242481032",
                    "0.9961994846405652", "0.9936496475608952", "0.9879297349416162",
                    "0.9762427338433783", "0.9530498753819932",
                ],
                "3.98588776959949",
            )
            .precision(1e-12)
            .only(8)
            .local(),
            minimum(
                &[
                    "-0.9931939156853743", "0.9964684177771245", "0.9979665001554117",
                    "0.9984406551041647", "0.998129647673235", "0.9968775445578142",
                    "0.9940575159343396", "0.9882676683025245", "0.9766729842121088",
                ],
                "3.9864428232478137",
            )
            .precision(1e-12)
            .only(9)
            .local(),
            minimum(
                &[
                    "-0.9932633728563689", "0.9966060394434352", "0.9982406113911125",
                    "0.9989884337678007", "0.999226153439665", "0.9990736481633443",
                    "0.9984541774029088", "0.9970562516630377", "0.9941793752280661",
                    "0.9883926301288679",
                ],
                "3.986579112347138",
            )
            .precision(1e-12)
            .only(10)
            .local(),
        ],
        traits: &[Smooth, MultimodalFrom(4)],
        about: "A narrow curved valley whose floor falls slowly: reaching it is quick, following it is slow. From \
                n = 4 there is a local minimum near (-1, 1, ..., 1).",
        source: "H. H. Rosenbrock, 1960; start of J. J. Moré, B. S. Garbow and K. E. Hillstrom, 1981; \
                 local minima: S. Kok and C. Sandrock, 2009",
        ..NOTHING
    },
    Function {
        name: "rastrigin",
        formula: "10*length(x) + sum(x^2 - 10*cos(2*pi*x))",
        domain: &[("-5.12", "5.12")],
        start: &["-2", "3.5"],
        minima: &[minimum(&["0"], "0")],
        traits: &[Smooth, Separable, Multimodal],
        about: "A bowl with a wave of amplitude 10 in each coordinate: 11 minima per coordinate, 11^n in all.",
        source: "L. A. Rastrigin, 1974; H. Mühlenbein, M. Schomisch and J. Born, 1991",
        ..NOTHING
    },
    Function {
        name: "ackley",
        formula: "-20*exp(-0.2*sqrt(mean(x^2))) - exp(mean(cos(2*pi*x))) + 20 + e",
        domain: &[("-32.768", "32.768")],
        start: &["2", "-3"],
        minima: &[minimum(&["0"], "0")
            .gradient(Gradient::Undefined)
            .note("a conical tip")],
        traits: &[Multimodal],
        about: "An almost flat plain with small waves around a funnel; a descent stops in the first wave.",
        source: "D. H. Ackley, 1987",
        ..NOTHING
    },
    Function {
        name: "griewank",
        formula: "1 + sum(x^2)/4000 - prod(cos(x/sqrt(i)))",
        definitions: &[I],
        domain: &[("-600", "600")],
        view: &[("-12", "12")],
        start: &["5"],
        minima: &[minimum(&["0"], "0")],
        traits: &[Smooth, Multimodal],
        about: "A wide bowl with thousands of small waves, which fade as n grows.",
        source: "A. O. Griewank, 1981",
        ..NOTHING
    },
    Function {
        name: "schwefel",
        aliases: &["schwefel_2_26"],
        formula: "418.9828872724338*length(x) - sum(x*sin(sqrt(abs(x))))",
        domain: &[("-500", "500")],
        start: &["400"],
        minima: &[minimum(&["420.96874635998205"], "0").precision(1e-11)],
        traits: &[Separable, Multimodal, Unbounded],
        about: "The best minimum lies in a corner, far from the second best. The tape gives no gradient where a \
                coordinate is 0: the square root has none there.",
        source: "H.-P. Schwefel, 1981",
        ..NOTHING
    },
    Function {
        name: "levy",
        dimension: Dimension::AtLeast(2),
        formula: "sin(pi*w[0])^2 + sum((w[:-1] - 1)^2*(1 + 10*sin(pi*w[:-1] + 1)^2)) \
                  + (w[-1] - 1)^2*(1 + sin(2*pi*w[-1])^2)",
        definitions: &[("w", "1 + (x - 1)/4")],
        domain: &[("-10", "10")],
        start: &["-5", "5"],
        minima: &[minimum(&["1"], "0")],
        traits: &[Smooth, Separable, Multimodal],
        about: "Waves on a bowl that grow with the distance from the minimum.",
        source: "A. V. Levy and A. Montalvo, 1985",
        ..NOTHING
    },
    Function {
        name: "zakharov",
        formula: "sum(x^2) + s^2 + s^4",
        definitions: &[I, ("s", "sum(0.5*i*x)")],
        domain: &[("-5", "10")],
        start: &["1"],
        minima: &[minimum(&["0"], "0")],
        traits: &[Convex, Smooth],
        about: "A flat bowl in which one direction rises with the fourth power: the learning rate that the \
                start allows is far too small later.",
        source: "V. Zakharov; after M. Jamil and X.-S. Yang, 2013",
        ..NOTHING
    },
    Function {
        name: "dixon_price",
        dimension: Dimension::AtLeast(2),
        formula: "(x[0] - 1)^2 + sum(range(2, length(x) + 1)*(2*x[1:]^2 - x[:-1])^2)",
        domain: &[("-10", "10")],
        view: &[("-2", "2")],
        start: &["1"],
        minima: &[
            minimum(&["2^(2/2^i - 1)"], "0"),
            minimum(&["2^(2/2^i - 1)*where(i == n, -1, 1)"], "0"),
        ],
        traits: &[Smooth, Multimodal],
        about: "A chain of parabolas that tie each coordinate to the next; the sign of the last one is free.",
        source: "L. C. W. Dixon and R. C. Price, 1989",
        ..NOTHING
    },
    Function {
        name: "trid",
        dimension: Dimension::AtLeast(2),
        formula: "sum((x - 1)^2) - sum(x[1:]*x[:-1])",
        domain: &[("-n^2", "n^2")],
        start: &["0"],
        minima: &[minimum(&["i*(n + 1 - i)"], "-n*(n + 4)*(n - 1)/6")],
        traits: &[Convex, Smooth],
        about: "A bowl with a tridiagonal Hessian whose minimum moves away from the start as n grows, and whose \
                condition number grows with the square of n.",
        source: "A. Neumaier; E. P. Adorio and U. P. Diliman, 2005",
        ..NOTHING
    },
    Function {
        name: "styblinski_tang",
        formula: "sum(x^4 - 16*x^2 + 5*x)/2",
        domain: &[("-5", "5")],
        start: &["0"],
        minima: &[
            minimum(&["-2.903534027771177"], "-39.16616570377141*n").precision(1e-12),
            minimum(&["2.746802770990837"], "-25.02944665528394*n")
                .precision(1e-12)
                .local()
                .note("every mix of the coordinates of the two is a local minimum"),
        ],
        traits: &[Smooth, Separable, Multimodal],
        about: "Two minima per coordinate, 2^n in all; from 0, a descent finds the best one.",
        source: "M. A. Styblinski and T.-S. Tang, 1990",
        ..NOTHING
    },
    Function {
        name: "michalewicz",
        formula: "-sum(sin(x)*sin(i*x^2/pi)^20)",
        definitions: &[I],
        domain: &[("0", "pi")],
        start: &["2", "1.5"],
        minima: &[
            minimum(MICHALEWICZ, "-0.8013034100985525").only(1),
            minimum(MICHALEWICZ, "-1.8013034100985525").only(2),
            minimum(MICHALEWICZ, "-2.7603946799945587").only(3),
            minimum(MICHALEWICZ, "-3.698857098466642").only(4),
            minimum(MICHALEWICZ, "-4.687658179088146").only(5),
            minimum(MICHALEWICZ, "-5.687658179088146").only(6),
            minimum(MICHALEWICZ, "-6.680885314444028").only(7),
            minimum(MICHALEWICZ, "-7.663757350716239").only(8),
            minimum(MICHALEWICZ, "-8.66015171564134").only(9),
            minimum(MICHALEWICZ, "-9.66015171564134").only(10),
        ],
        traits: &[Smooth, Separable, MultimodalFrom(2), LowerOutside],
        about: "Steep narrow valleys in a plain where the gradient almost vanishes; n! minima.",
        source: "Z. Michalewicz, 1992",
        ..NOTHING
    },
    Function {
        name: "salomon",
        formula: "1 - cos(2*pi*r) + 0.1*r",
        definitions: &[("r", "norm(x)")],
        domain: &[("-100", "100")],
        view: &[("-4", "4")],
        start: &["3", "2"],
        minima: &[minimum(&["0"], "0")
            .gradient(Gradient::Undefined)
            .note("a conical tip")],
        traits: &[Multimodal],
        about: "Rings around the minimum at every integer distance; each ring traps a descent.",
        source: "R. Salomon, 1996",
        ..NOTHING
    },
    Function {
        name: "alpine_1",
        formula: "sum(abs(x*sin(x) + 0.1*x))",
        domain: &[("-10", "10")],
        start: &["5"],
        minima: &[minimum(&["0"], "0")
            .gradient(Gradient::Undefined)
            .note("a kink, where the tape gives 0; so are the other zeros of x*sin(x) + 0.1*x")],
        traits: &[Separable, Multimodal],
        about: "Every minimum is a kink: with a fixed learning rate, a descent oscillates across it.",
        source: "after S. Rahnamayan, H. R. Tizhoosh and M. M. A. Salama, 2007",
        ..NOTHING
    },
    Function {
        name: "qing",
        formula: "sum((x^2 - i)^2)",
        definitions: &[I],
        domain: &[("-500", "500")],
        view: &[("-3", "3")],
        start: &["1"],
        minima: &[
            minimum(&["sqrt(i)"], "0")
                .precision(1e-12)
                .note("every choice of signs gives another minimum"),
            minimum(&["-sqrt(i)"], "0").precision(1e-12),
        ],
        traits: &[Smooth, Separable, Multimodal],
        about: "2^n minima of the same value; at the border of the domain the gradient is half a billion.",
        source: "A. Qing, 2006",
        ..NOTHING
    },
];
