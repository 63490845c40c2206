//! What the table says that functions are like.

use gradtape_experiment::objective::catalogue::Trait;

use super::{Tested, all, is_within};
use crate::random::Random;

/// The functions for the tests of traits: more variables show nothing new.
fn few() -> impl Iterator<Item = Tested> {
    all().filter(|function| function.instance.dimension <= 6)
}

impl Tested {
    fn has(&self, wanted: Trait) -> bool {
        self.instance.function.has(wanted, self.instance.dimension)
    }

    /// A point of the domain: anywhere, in the part that pictures show, or near the
    /// start.
    fn drawn(&self, random: &mut Random) -> Vec<f64> {
        let instance = &self.instance;
        let part = random.below(3);
        let places = 0..instance.dimension;
        let point = places.map(|place| {
            let (low, high) = instance.domain[place];
            let (from, to) = match part {
                0 if low.is_finite() => (low, high),
                1 => (instance.start[place] - 2.0, instance.start[place] + 2.0),
                _ => instance.view[place],
            };
            random.between(from, to).clamp(low, high)
        });
        point.collect()
    }
}

/// No point half way is above the straight line if a function is convex; some is if
/// it is not. The tolerance covers roundings of the three values.
#[test]
fn convex_functions_lie_below_their_chords() {
    for function in few() {
        let mut random = Random(7);
        let mut is_convex = true;
        for _ in 0..2000 {
            let (a, mut b) = (function.drawn(&mut random), function.drawn(&mut random));
            // Between far points of a steep function all looks convex.
            let nearer = [1.0, 0.1, 0.01][random.below(3)];
            b.iter_mut()
                .zip(&a)
                .for_each(|(b, a)| *b = a + nearer * (*b - a));
            let middle: Vec<f64> = a.iter().zip(&b).map(|(a, b)| (a + b) / 2.0).collect();
            let [a, b, middle] = [a, b, middle].map(|at| function.value(&at));
            let rounding = 1e-12 * (a.abs() + b.abs() + middle.abs());
            is_convex &= middle <= a / 2.0 + b / 2.0 + rounding;
        }
        let name = function.instance.function.name;
        assert_eq!(is_convex, function.has(Trait::Convex), "{name}");
    }
}

/// Changing two coordinates of a sum of functions of one each changes the value by
/// the sum of what either change does; of another function it does not somewhere.
#[test]
fn separable_functions_are_sums() {
    for function in few().filter(|function| function.instance.dimension > 1) {
        let mut random = Random(8);
        let mut is_sum = true;
        for _ in 0..500 {
            let (a, b) = (function.drawn(&mut random), function.drawn(&mut random));
            let (first, second) = (random.below(a.len()), random.below(a.len()));
            if first == second {
                continue;
            }
            let value = |places: &[usize]| {
                let mut at = a.clone();
                places.iter().for_each(|place| at[*place] = b[*place]);
                function.value(&at)
            };
            let values = [
                value(&[]),
                value(&[first]),
                value(&[second]),
                value(&[first, second]),
            ];
            let mixed = values[0] - values[1] - values[2] + values[3];
            let size: f64 = values.iter().map(|value| value.abs()).sum();
            is_sum &= mixed.abs() <= 1e-12 * size;
        }
        let name = function.instance.function.name;
        assert_eq!(is_sum, function.has(Trait::Separable), "{name}");
    }
}

/// At points where square roots, magnitudes and quotients have their edges.
#[test]
fn smooth_functions_have_a_gradient_everywhere() {
    const EDGES: [f64; 7] = [0.0, -0.0, 1.0, -1.0, 2.0, -10.0, 0.5];
    for function in few().filter(|function| function.has(Trait::Smooth)) {
        let mut random = Random(9);
        for _ in 0..500 {
            let at = vec![0.0; function.instance.dimension];
            let at: Vec<f64> = at
                .iter()
                .map(|_| EDGES[random.below(EDGES.len())])
                .collect();
            if is_within(&at, &function.instance.domain) {
                let gradient = function.gradient(&at);
                assert!(
                    gradient.iter().all(|slope| slope.is_finite()),
                    "{} {at:?}",
                    function.instance.function.name
                );
            }
        }
    }
}

/// A function with two known minima in its domain is multimodal and not convex. Of
/// one that is said to be multimodal there are two, or a grid shows two.
#[test]
fn multimodal_functions_have_two_minima() {
    for function in few() {
        let instance = &function.instance;
        let name = instance.function.name;
        let inside = instance
            .minima
            .iter()
            .filter(|minimum| is_within(&minimum.at, &instance.domain));
        let known = inside.count();
        let is_multimodal = function.has(Trait::Multimodal);
        assert!(!(is_multimodal && function.has(Trait::Convex)), "{name}");
        if known > 1 {
            assert!(is_multimodal, "{name}");
        } else if is_multimodal {
            assert!(minima_of_grid(&function) > 1, "{name}");
        }
    }
}

/// How many points of a grid in the first two coordinates are below all neighbours;
/// the other coordinates are those of the best minimum.
fn minima_of_grid(function: &Tested) -> usize {
    const COUNT: usize = 201;
    let instance = &function.instance;
    let point = |places: [usize; 2]| {
        let mut at = instance.minima[0].at.clone();
        for ((x, (low, high)), place) in at.iter_mut().zip(&instance.view).zip(places) {
            *x = low + (high - low) * place as f64 / (COUNT - 1) as f64;
        }
        function.value(&at)
    };
    let rows = if instance.dimension == 1 { 1 } else { COUNT };
    let values: Vec<Vec<f64>> = (0..rows)
        .map(|y| (0..COUNT).map(|x| point([x, y])).collect())
        .collect();
    let at = |x: usize, y: usize| values.get(y).and_then(|row| row.get(x)).copied();
    let is_lowest = |x: usize, y: usize| {
        let near = |i: usize| [i.wrapping_sub(1), i, i + 1];
        let mut neighbours = near(y).into_iter().flat_map(|v| near(x).map(|u| (u, v)));
        neighbours
            .all(|(u, v)| (u, v) == (x, y) || at(u, v).is_none_or(|other| other > values[y][x]))
    };
    let all = (0..rows).flat_map(|y| (0..COUNT).map(move |x| (x, y)));
    all.filter(|(x, y)| is_lowest(*x, *y)).count()
}

/// Along some rays from the start, far beyond the domain, and coordinate by
/// coordinate near the start. What falls without bound is a thousand below the
/// minimum somewhere there.
#[test]
fn values_below_the_minimum_are_told() {
    let usual = |function: &Tested| {
        let instance = &function.instance;
        instance.dimension == instance.function.dimension.usual()
    };
    for function in few().filter(usual) {
        let instance = &function.instance;
        let least = instance.minima.first();
        let bound = least.map_or(0.0, |minimum| minimum.value - minimum.precision);
        let mut random = Random(10);
        let mut lowest = f64::INFINITY;
        for ray in 0..40 {
            let direction = |place: usize, random: &mut Random| match ray {
                0 => 1.0,
                1 => -1.0,
                ray if ray < 10 => {
                    f64::from(u8::from(ray % instance.dimension == place))
                        * if ray < 6 { 1.0 } else { -1.0 }
                }
                _ => random.between(-1.0, 1.0),
            };
            let direction: Vec<f64> = (0..instance.dimension)
                .map(|place| direction(place, &mut random))
                .collect();
            for step in 0..200 {
                let length = 1.1_f64.powi(step) - 1.0;
                if length > 1e5 {
                    break;
                }
                let at = instance
                    .start
                    .iter()
                    .zip(&direction)
                    .map(|(x, d)| x + length * d);
                let value = function.value(&at.collect::<Vec<_>>());
                if !value.is_nan() {
                    lowest = lowest.min(value);
                }
            }
        }
        let mut at = instance.start.clone();
        for place in (0..instance.dimension).chain(0..instance.dimension) {
            let mut best = at.clone();
            for _ in 0..2000 {
                at[place] = instance.start[place] + random.between(-10.0, 10.0);
                if function.value(&at) < function.value(&best) {
                    best.clone_from(&at);
                }
            }
            at = best;
        }
        lowest = lowest.min(function.value(&at));
        let name = instance.function.name;
        let (is_unbounded, is_lower) = (
            function.has(Trait::Unbounded),
            function.has(Trait::LowerOutside),
        );
        assert_eq!(lowest < bound - 1e3, is_unbounded, "{name}: {lowest}");
        assert_eq!(lowest < bound, is_unbounded || is_lower, "{name}: {lowest}");
    }
}
