//! Adam with averages of rows and columns instead of all squares.

use super::prelude::*;
use gradtape_tape::{Array, Shape};

/// Adam with averages of rows and columns instead of all squares.
pub(super) struct Adafactor;

const BETA2_DECAY: Setting = Setting::new("beta2_decay", Domain::NotPositive)
    .by(&[(PyTorch, Number(-0.8)), (Keras, Number(-0.8))])
    .about("κ, the exponent of t in the weight of the newest squares");

const DECAY_RATE: Setting = Setting::new("decay_rate", Domain::NotNegative)
    .by(&[(Optax, Number(0.8))])
    .about("κ, the exponent in the weight t⁻ᵏ of the newest squares, with k = κ");

const DECAY_OFFSET: Setting = Setting::new("decay_offset", Domain::Whole)
    .by(&[(Optax, Number(0.0))])
    .about("o, the number of epochs by which the weight lags");

const EPSILON1: Setting = Setting::new("epsilon1", Domain::NotNegative)
    .by(&[
        (PyTorch, Number(0.0)),
        (Optax, Number(1e-30)),
        (Keras, Number(1e-30)),
    ])
    .about("ε₁, keeps the denominator from 0; in PyTorch 0 stands for the machine epsilon");

const EPSILON2: Setting = Setting::new("epsilon2", Domain::NotNegative)
    .by(&[(PyTorch, Number(1e-3)), (Keras, Number(1e-3))])
    .about("ε₂, the minimum size of a variable for relative steps");

const CLIP_THRESHOLD: Setting = Setting::new("clip_threshold", Domain::Positive)
    .all(Number(1.0))
    .about("d, the maximum root mean square of a direction");

const RELATIVE_STEP: Setting = Setting::new("relative_step", Domain::Switch)
    .by(&[(Keras, Switch(true))])
    .about("has no effect; in Keras η is at most 1/√t with it or without");

const MULTIPLY_BY_PARAMETER_SCALE: Setting =
    Setting::new("multiply_by_parameter_scale", Domain::Switch)
        .by(&[(Optax, Switch(true))])
        .about("make steps relative to the size of the variable");

const MOMENTUM: Setting = Setting::new("momentum", Domain::Share)
    .by(&[(Optax, Number(0.0))])
    .about("μ, the decay rate of an average of steps");

const FACTORED: Setting = Setting::new("factored", Domain::Switch)
    .by(&[(Optax, Switch(true))])
    .about("remember only rows and columns of large matrices");

const MIN_DIM_SIZE_TO_FACTOR: Setting = Setting::new("min_dim_size_to_factor", Domain::Whole)
    .by(&[(Optax, Number(128.0))])
    .about("the minimum number of rows and of columns of a large matrix");

/// The minimum size of a variable for relative steps in optax.
const MIN_SIZE: f64 = 1e-3;

impl UpdateRule for Adafactor {
    const DESCRIPTION: &'static Description = &Description {
        name: "adafactor",
        title: "Adafactor",
        about: "Divides by the root of an average of squares that forgets more and more slowly; for a matrix only the averages of its rows and columns are remembered. Steps are bounded and relative to the size of each variable (a number, a vector or a matrix).",
        conventions: &[PyTorch, Optax, Keras],
        settings: &[
            LEARNING_RATE
                .by(&[
                    (PyTorch, Number(1e-2)),
                    (Optax, Number(1.0)),
                    (Keras, Number(1e-3)),
                ])
                .about("η, the step length as a share of the variable"),
            BETA2_DECAY,
            DECAY_RATE,
            DECAY_OFFSET,
            EPSILON1,
            EPSILON2,
            CLIP_THRESHOLD,
            RELATIVE_STEP,
            MULTIPLY_BY_PARAMETER_SCALE,
            MOMENTUM,
            FACTORED,
            MIN_DIM_SIZE_TO_FACTOR,
            WEIGHT_DECAY.by(&[
                (PyTorch, Number(0.0)),
                (Optax, Number(0.0)),
                (Keras, Number(0.0)),
            ]),
        ],
        rules: &[
            (
                &[PyTorch],
                "\
w = tᵏ with k = κ,  α = max(ε₂, ‖x‖/√n)·min(η, 1/√t)
x ← x·(1 − η·λ)
number, vector   V ← V + w·(g² − V)
matrix           R ← R + w·(mean of g² in each row − R),  C of columns likewise
                 V = R·C/max(mean R, ε₁)
u = g/√max(V, ε₁²)
x ← x − α/max(1, ‖u‖/(√n·d))·u",
            ),
            (
                &[Optax],
                "\
w = (t − o)⁻ᵏ with k = κ
small matrix     V ← (1 − w)·V + w·(g² + ε₁);  a number or vector likewise
large matrix     R ← (1 − w)·R + w·mean of (g² + ε₁) in each row,  C of columns likewise
                 V = R·C/mean R; with more rows than columns V = R·C/mean C
u = g/√V,  u ← u/max(1, rms u/d)·η
relative         u ← u·max(rms x, 10⁻³)
momentum         u ← e ← (1 − μ)·u + μ·e
x ← x − (u + λ·x)",
            ),
            (
                &[Keras],
                "\
x ← x − x·λ·η
w = tᵏ with k = κ,  α = max(ε₂, rms x)·min(η, 1/√t)
number, vector   V ← (1 − w)·V + w·(g² + ε₁)
matrix           R ← (1 − w)·R + w·mean of (g² + ε₁) in each row,  C of columns likewise
                 V = R·C/mean R
u = g/√V
x ← x − α·u/max(1, rms u/d)",
            ),
        ],
        sources: &[
            "Shazeer, Stern, Adafactor: adaptive learning rates with sublinear memory cost, arXiv:1804.04235, 2018",
        ],
    };

    fn memory(rule: Rule) -> Memory {
        let slot = |shape| Slot {
            shape,
            initial: Initial::Number(0.0),
        };
        let mut slots = vec![slot(SlotShape::Rows), slot(SlotShape::Columns)];
        if rule.convention() == Optax {
            // The size of a large matrix is a number, which cannot shape the memory.
            if !rule.has(FACTORED) {
                slots.clear();
            }
            slots.push(slot(SlotShape::Same));
            if rule.has(MOMENTUM) {
                slots.push(slot(SlotShape::Same));
            }
        }
        Memory {
            slots,
            scalars: Vec::new(),
        }
    }

    fn counts(_: Rule) -> bool {
        true
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        match epoch.rule.convention() {
            PyTorch => pytorch(epoch),
            Keras => keras(epoch),
            Optax | Textbook => optax(epoch),
        }
    }
}

fn pytorch<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
    let (count, rate) = (epoch.updates(), epoch.learning_rate);
    let one = epoch.constant(1.0);
    let newest = count.power(epoch.number(BETA2_DECAY));
    let bounded = rate.smaller(one / count.root());
    let least = epoch.optional(EPSILON1);
    let least = least.unwrap_or_else(|| rate.machine_epsilon());
    let decay = Decay::of(epoch);
    epoch.each(|e| {
        let [rows, columns] = e.memory;
        let root = e.x.count().root();
        let size = epoch.number(EPSILON2).greater(e.x.norm() / root);
        let (x, g) = decay.before(e.x, e.g);
        let next = |old: Array<'g>, new: Array<'g>| old + newest * (new - old);
        let (squares, rows, columns) = if is_matrix(g) {
            let mean = |axis| {
                let norm = g.square().sum(Some(axis)).root();
                norm.square() / g.constant(g.shape()[axis] as f64)
            };
            let (rows, columns) = (next(rows, mean(1)), next(columns, mean(0)));
            let squares = column(rows) * columns / least.greater(rows.mean(None));
            (squares, rows, columns)
        } else {
            let squares = next(rows, g.square());
            (squares, squares, columns)
        };
        let direction = one / (least * least).greater(squares).root() * g;
        let length = one.greater(direction.norm() / (root * epoch.number(CLIP_THRESHOLD)));
        (x - size * bounded / length * direction, [rows, columns])
    })
}

fn keras<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
    let (count, rate) = (epoch.updates(), epoch.learning_rate);
    let one = epoch.constant(1.0);
    let kept = one - count.power(epoch.number(BETA2_DECAY));
    let bounded = rate.smaller(one / count.root());
    let decay = Decay::of(epoch);
    epoch.each(|e| {
        let [rows, columns] = e.memory;
        let (x, g) = decay.before(e.x, e.g);
        let size = epoch.number(EPSILON2).greater(mean_root(x));
        let new = g.square() + epoch.number(EPSILON1);
        let next = |old: Array<'g>, new: Array<'g>| kept * old + (one - kept) * new;
        let (squares, rows, columns) = if is_matrix(g) {
            let rows = next(rows, new.mean(Some(1)));
            let columns = next(columns, new.mean(Some(0)));
            (column(rows / rows.mean(None)) * columns, rows, columns)
        } else {
            let squares = next(rows, new);
            (squares, squares, columns)
        };
        let direction = clipped(epoch, g / squares.root());
        (x - size * bounded * direction, [rows, columns])
    })
}

fn optax<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
    let one = epoch.constant(1.0);
    let count = epoch.updates() - epoch.number(DECAY_OFFSET);
    let kept = one - count.power(-epoch.number(DECAY_RATE));
    let decay = Decay::of(epoch);
    let next = |old: Array<'g>, new: Array<'g>| kept * old + (one - kept) * new;
    let inverse_root = |squares: Array<'g>| one / squares.root();
    epoch.each_listed(|x, g, memory| {
        let new = g.square() + epoch.number(EPSILON1);
        let (factors, whole) = memory.split_at(if epoch.has(FACTORED) { 2 } else { 0 });
        let squares = next(whole[0], new);
        let mut direction = g * inverse_root(squares);
        let mut after = factors.to_vec();
        if let ([rows, columns], [height, width]) = (factors, &g.shape()[..]) {
            let rows = next(*rows, new.mean(Some(1)));
            let columns = next(*columns, new.mean(Some(0)));
            // The averages along the longer side are scaled to the mean 1.
            let factored = if height > width {
                let columns = inverse_root(columns / columns.mean(None));
                g * columns * column(inverse_root(rows))
            } else {
                let rows = column(inverse_root(rows / rows.mean(None)));
                g * rows * inverse_root(columns)
            };
            let shorter = g.constant(*height.min(width) as f64);
            let is_small = shorter.is_below(epoch.number(MIN_DIM_SIZE_TO_FACTOR));
            direction = is_small.choose(direction, factored);
            after = vec![rows, columns];
        }
        after.push(squares);
        direction = clipped(epoch, direction) * epoch.learning_rate;
        if epoch.has(MULTIPLY_BY_PARAMETER_SCALE) {
            direction = direction * epoch.constant(MIN_SIZE).greater(mean_root(x));
        }
        if let [_, average] = whole {
            let momentum = epoch.number(MOMENTUM);
            direction = (one - momentum) * direction + momentum * *average;
            after.push(direction);
        }
        (x - decay.direction(direction, x), after)
    })
}

fn is_matrix<'g>(x: Array<'g>) -> bool {
    x.shape().len() == 2
}

/// A vector as a matrix of one column.
fn column<'g>(x: Array<'g>) -> Array<'g> {
    let rows = x.shape()[0];
    x.reshape(Shape::from([rows, 1]))
}

/// The root of the mean square.
fn mean_root<'g>(x: Array<'g>) -> Array<'g> {
    x.square().mean(None).root()
}

/// A direction with a bounded mean square.
fn clipped<'g>(epoch: &Epoch<'_, 'g>, direction: Array<'g>) -> Array<'g> {
    let excess = mean_root(direction) / epoch.number(CLIP_THRESHOLD);
    direction / epoch.constant(1.0).greater(excess)
}
