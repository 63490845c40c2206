//! Nonlinear conjugate gradients. An epoch is one line search.

use super::hager_zhang::Approximate;
use super::line::{C1, C2, SearchLine, Wolfe};
use super::number::{Float, are_same, dot, minus, negative, norm, plus};
use super::{Needs, Next, Point, Problem, Rest, Search, SearchMethod, Settings};
use crate::optimizer::{Convention, DefaultValue, Description, Domain, Setting};

/// Nonlinear conjugate gradients.
pub(in crate::optimizer) struct Method;

/// The words of `beta`, in the order of [`Beta`].
const BETAS: &[&str] = &["polak_ribiere", "fletcher_reeves", "hager_zhang"];

const BETA: Setting = Setting::new("beta", Domain::Choice(BETAS))
    .all(DefaultValue::Name("polak_ribiere"))
    .about("the formula of β, the weight of the last direction");

const RESTART: Setting = Setting::new("restart", Domain::NotNegative)
    .all(DefaultValue::Number(0.1))
    .about(
        "ν, the minimum overlap of two gradients that discards the last \
         direction; 0 for never",
    );

static DESCRIPTION: Description = Description {
    name: "conjugate_gradient",
    title: "nonlinear conjugate gradients",
    about: "Combines each direction with the last one, so that a line search does not undo it. An epoch is one line search.",
    conventions: &[Convention::Textbook],
    settings: &[BETA, C1, C2.all(DefaultValue::Number(0.1)), RESTART],
    rules: &[(
        &[Convention::Textbook],
        "\
d ← −g + β·d;  first d ← −g.  y = g − g₀
polak_ribiere     β = max(0, g·y / g₀·g₀)
fletcher_reeves   β = g·g / g₀·g₀
hager_zhang       β = max((y − 2·d·(y·y)/(d·y))·g / d·y, −1/(‖d‖·min(0.01, ‖g₀‖)))
x ← x + α·d, first α = α₀·(g₀·d₀)/(g·d), and min(1, 1/‖g‖) where there was no previous α
  strong Wolfe conditions  f(x + α·d) ≤ f(x) + c₁·α·g·d,  |g(x + α·d)·d| ≤ c₂·|g·d|
  hager_zhang has its own line search: the first α with g(x + α·d)·d ≥ c₂·g·d, or
    f(x + α·d) ≤ f(x) + 1e-6·|f(x)| and (2·c₁ − 1)·g·d ≥ g(x + α·d)·d ≥ c₂·g·d
d ← −g again where d would not descend; where |g·g₀| ≥ ν·g·g (not hager_zhang); after n
  line searches for n parameters (fletcher_reeves); where no α is found",
    )],
    sources: &[
        "Fletcher and Reeves, Function minimization by conjugate gradients, 1964",
        "Polak and Ribière, Note sur la convergence de méthodes de directions conjuguées, 1969",
        "Powell, Restart procedures for the conjugate gradient method, 1977",
        "Hager and Zhang, A new conjugate gradient method with guaranteed descent and an efficient line search, 2005",
        "Nocedal and Wright, Numerical Optimization, 2nd edition 2006, section 5.2",
    ],
};

impl SearchMethod for Method {
    const DESCRIPTION: &'static Description = &DESCRIPTION;
    const NEEDS: Needs = Needs::Gradient;

    fn search<F: Float>(settings: &Settings<'_>) -> Box<dyn Search<F>> {
        let beta = if settings.rule.is(BETA, "fletcher_reeves") {
            Beta::FletcherReeves
        } else if settings.rule.is(BETA, "hager_zhang") {
            Beta::HagerZhang
        } else {
            Beta::PolakRibiere
        };
        let wolfe = Wolfe::of(settings);
        Box::new(ConjugateGradient::new(
            beta,
            wolfe,
            settings.number(RESTART),
        ))
    }
}

/// How the directions are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beta {
    PolakRibiere,
    FletcherReeves,
    HagerZhang,
}

pub(super) struct ConjugateGradient<F> {
    beta: Beta,
    wolfe: Wolfe<F>,
    /// ν: the allowed overlap of gradients; 0 for any.
    restart: F,
    last: Option<Last<F>>,
}

/// The last line search.
struct Last<F> {
    direction: Vec<F>,
    step: F,
    /// The gradient where it began, and the slope.
    gradient: Vec<F>,
    slope: F,
    /// The number of line searches since the direction was −g.
    count: usize,
}

impl<F: Float> ConjugateGradient<F> {
    pub(super) fn new(beta: Beta, wolfe: Wolfe<F>, restart: F) -> Self {
        ConjugateGradient {
            beta,
            wolfe,
            restart,
            last: None,
        }
    }

    /// The next direction as a combination with the last one, if it descends.
    fn conjugate(&self, gradient: &[F]) -> Option<Vec<F>> {
        let last = self.last.as_ref()?;
        let square = dot(gradient, gradient);
        let overlap = dot(gradient, &last.gradient).abs();
        let overlaps = self.restart > F::ZERO && overlap >= self.restart * square;
        let begins_anew = match self.beta {
            Beta::FletcherReeves => overlaps || last.count >= gradient.len(),
            Beta::PolakRibiere => overlaps,
            Beta::HagerZhang => false,
        };
        if begins_anew {
            return None;
        }
        let before = dot(&last.gradient, &last.gradient);
        let change = minus(gradient, &last.gradient);
        let beta = match self.beta {
            Beta::FletcherReeves => square / before,
            Beta::PolakRibiere => F::ZERO.max(dot(gradient, &change) / before),
            Beta::HagerZhang => {
                let [two, least] = [2.0, 0.01].map(F::rounded);
                let along = dot(&last.direction, &change);
                let turned = two * (dot(&change, &change) / along);
                let combined = plus(&change, -turned, &last.direction);
                let bound = norm(&last.direction) * least.min(norm(&last.gradient));
                (dot(&combined, gradient) / along).max(-(F::ONE / bound))
            }
        };
        let direction = plus(&negative(gradient), beta, &last.direction);
        let goes_down = dot(gradient, &direction) < F::ZERO;
        let is_finite = direction.iter().all(|entry| entry.is_finite());
        (goes_down && is_finite).then_some(direction)
    }
}

impl<F: Float> Search<F> for ConjugateGradient<F> {
    fn epoch(&mut self, problem: &mut dyn Problem<F>, point: &mut Point<F>) -> Next {
        loop {
            let conjugate = self.conjugate(&point.gradient);
            let is_steepest = conjugate.is_none();
            let direction = conjugate.unwrap_or_else(|| negative(&point.gradient));
            let slope = dot(&point.gradient, &direction);
            if !(slope < F::ZERO) {
                return Next::Stays(Rest::NoDescent);
            }
            // The first step changes the loss as much, to first order, as the last one did.
            let like_last = self
                .last
                .as_ref()
                .map(|last| last.step * (last.slope / slope));
            let first = like_last
                .filter(|step| *step > F::ZERO && step.is_finite())
                .unwrap_or_else(|| F::ONE.min(F::ONE / norm(&point.gradient)));
            let mut line = SearchLine {
                problem,
                from: point,
                direction: &direction,
                slope,
            };
            let Wolfe {
                decrease,
                curvature,
            } = self.wolfe;
            let found = match self.beta {
                Beta::HagerZhang => {
                    let conditions = Approximate {
                        decrease,
                        curvature,
                    };
                    conditions.search(&mut line, first)
                }
                _ => self.wolfe.search(&mut line, first),
            };
            let moved = found.filter(|found| !are_same(&found.point.x, &point.x));
            if let Some(found) = moved {
                let count = match &self.last {
                    Some(last) if !is_steepest => last.count + 1,
                    _ => 1,
                };
                self.last = Some(Last {
                    direction,
                    step: found.step,
                    gradient: std::mem::take(&mut point.gradient),
                    slope,
                    count,
                });
                *point = found.point;
                return Next::Continues;
            }
            if is_steepest && like_last.is_none() {
                return Next::Stays(Rest::after(point, first, &direction, slope));
            }
            self.last = None;
        }
    }
}
