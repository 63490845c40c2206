//! L-BFGS (Liu and Nocedal 1989): a quasi-Newton method that approximates the Hessian from the
//! last pairs of steps and changes of the gradient.
//!
//! Two conventions: [`pytorch`] follows `torch.optim.LBFGS` exactly, with several
//! iterations per epoch; [`textbook`] is one iteration per epoch, after Nocedal and Wright.

pub(super) mod pytorch;
pub(super) mod textbook;

use std::collections::VecDeque;

use super::line::{C1, C2, Wolfe};
use super::number::{Float, add, dot};
use super::{Needs, Search, SearchMethod, Settings};
use crate::optimizer::{Convention, DefaultValue, Description, Domain, LEARNING_RATE, Setting};
use Convention::{PyTorch, Textbook};
use DefaultValue::{Name, Number};

/// L-BFGS in both conventions.
pub(in crate::optimizer) struct Lbfgs;

/// The words of `line_search`, in the order of [`Rule::choice`](crate::optimizer::Rule::choice).
const LINE_SEARCHES: &[&str] = &["none", "strong_wolfe"];

const MAX_ITER: Setting = Setting::new("max_iter", Domain::Count)
    .by(&[(PyTorch, Number(20.0))])
    .about("the maximum number of iterations in an epoch");

const MAX_EVAL: Setting = Setting::new("max_eval", Domain::Whole)
    .by(&[(PyTorch, Number(0.0))])
    .about("the number of evaluations that ends an epoch; 0 for ⌊5/4·max_iter⌋");

const TOLERANCE_GRAD: Setting = Setting::new("tolerance_grad", Domain::NotNegative)
    .by(&[(PyTorch, Number(1e-7))])
    .about("an epoch ends where no entry of the gradient is larger than this");

const TOLERANCE_CHANGE: Setting = Setting::new("tolerance_change", Domain::NotNegative)
    .by(&[(PyTorch, Number(1e-9))])
    .about("an epoch ends at a smaller change of the loss or of all parameters");

const HISTORY_SIZE: Setting = Setting::new("history_size", Domain::Count)
    .by(&[(PyTorch, Number(100.0)), (Textbook, Number(10.0))])
    .about("m, the number of remembered steps");

const LINE_SEARCH: Setting = Setting::new("line_search", Domain::Choice(LINE_SEARCHES))
    .by(&[(PyTorch, Name("none"))])
    .about("how the length of a step along a direction is found");

static DESCRIPTION: Description = Description {
    name: "lbfgs",
    title: "L-BFGS",
    about: "A quasi-Newton method that approximates the Hessian from the last steps and the changes of the gradient along them. An epoch is one call of PyTorch's `step(closure)`, with several iterations, or one iteration of the textbook.",
    conventions: &[PyTorch, Textbook],
    settings: &[
        LEARNING_RATE
            .by(&[(PyTorch, Number(1.0))])
            .about("η, the first step that a line search tries, or the step without one"),
        MAX_ITER,
        MAX_EVAL,
        TOLERANCE_GRAD,
        TOLERANCE_CHANGE,
        HISTORY_SIZE,
        LINE_SEARCH,
        C1.by(&[(Textbook, Number(1e-4))]),
        C2.by(&[(Textbook, Number(0.9))]),
    ],
    rules: &[
        (
            &[PyTorch],
            "\
up to max_iter times
  y ← g − g₀;  s ← t·d;  if y·s > 1e-10: remember (s, y), H₀ ← y·s / y·y
  d ← −H·g by two loops over the pairs, from H₀·I;  first d ← −g
  t ← η;  first t ← η·min(1, 1/Σ|g|)
  none          x ← x + t·d
  strong_wolfe  t from a cubic line search, c₁ = 1e-4, c₂ = 0.9;  x ← x + t·d
until max|g| ≤ tolerance_grad, g·d > −tolerance_change, max|t·d| ≤ tolerance_change,
  |f − f₀| < tolerance_change or max_eval evaluations",
        ),
        (
            &[Textbook],
            "\
d ← −H·g by two loops over the last m pairs, from (y·s / y·y)·I;  first d ← −g
α from a line search for the strong Wolfe conditions, first α = 1 (min(1, 1/‖g‖) for −g)
  f(x + α·d) ≤ f(x) + c₁·α·g·d,  |g(x + α·d)·d| ≤ c₂·|g·d|
x ← x + α·d;  if y·s > 0: remember (s, y)
where no α is found, the pairs are forgotten",
        ),
    ],
    sources: &[
        "Liu and Nocedal, On the limited memory BFGS method for large scale optimization, 1989",
        "Nocedal and Wright, Numerical Optimization, 2nd edition 2006, algorithms 3.5, 3.6, 7.4 and 7.5",
        "torch.optim.LBFGS, PyTorch 2.15",
    ],
};

impl SearchMethod for Lbfgs {
    const DESCRIPTION: &'static Description = &DESCRIPTION;
    const NEEDS: Needs = Needs::Gradient;

    fn search<F: Float>(settings: &Settings<'_>) -> Box<dyn Search<F>> {
        let history_size = settings.whole(HISTORY_SIZE);
        if settings.rule.convention() == Textbook {
            let wolfe = Wolfe::of(settings);
            return Box::new(textbook::Lbfgs::new(history_size, wolfe));
        }
        let max_iter = settings.whole(MAX_ITER);
        Box::new(pytorch::Lbfgs::new(pytorch::Settings {
            learning_rate: settings.number(LEARNING_RATE),
            max_iter,
            max_eval: match settings.whole(MAX_EVAL) {
                0 => max_iter.saturating_mul(5) / 4,
                given => given,
            },
            tolerance_grad: settings.number(TOLERANCE_GRAD),
            tolerance_change: settings.number(TOLERANCE_CHANGE),
            history_size,
            line_search: settings.rule.is(LINE_SEARCH, "strong_wolfe"),
        }))
    }
}

/// The pairs that are remembered, the oldest first.
#[derive(Clone, Debug)]
struct History<F> {
    pairs: VecDeque<Pair<F>>,
    most: usize,
    /// The initial inverse Hessian is this multiple of the identity.
    scale: F,
}

#[derive(Clone, Debug)]
struct Pair<F> {
    /// The step s.
    step: Vec<F>,
    /// The change y of the gradient along it.
    change: Vec<F>,
    /// 1/(y·s).
    inverse: F,
}

impl<F: Float> History<F> {
    fn new(most: usize) -> Self {
        History {
            pairs: VecDeque::new(),
            most,
            scale: F::ONE,
        }
    }

    /// Remembers a pair with y·s = `product`, which is above 0.
    fn push(&mut self, step: Vec<F>, change: Vec<F>, product: F) {
        if self.pairs.len() == self.most {
            self.pairs.pop_front();
        }
        self.scale = product / dot(&change, &change);
        self.pairs.push_back(Pair {
            step,
            change,
            inverse: F::ONE / product,
        });
    }

    /// −H·g, for the approximate inverse Hessian H, by two loops over the pairs.
    fn direction(&self, gradient: &[F]) -> Vec<F> {
        let mut direction: Vec<F> = gradient.iter().map(|entry| -*entry).collect();
        let mut shares = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let share = dot(&pair.step, &direction) * pair.inverse;
            add(&mut direction, -share, &pair.change);
            shares.push(share);
        }
        for entry in &mut direction {
            *entry = *entry * self.scale;
        }
        for (pair, share) in self.pairs.iter().zip(shares.into_iter().rev()) {
            let back = dot(&pair.change, &direction) * pair.inverse;
            add(&mut direction, share - back, &pair.step);
        }
        direction
    }
}
