//! Schedules that rise and fall, with the momentum moving the opposite way.

use super::warmup::{WARMUP, WARMUP_FACTOR, WARMUP_START};
use super::{
    ArrayExt, Convention, Course, Curve, DefaultValue, Description, Domain, EPOCHS, Rate, Setting,
    floor,
};
use Convention::{Optax, PyTorch};
use DefaultValue::{Absent, Name, Number, Switch};

const ANNEAL: Setting = Setting::new("anneal", Domain::Choice(&["cosine", "linear"]))
    .all(Name("cosine"))
    .about(
        "half a cosine wave or a straight line (anneal_strategy; optax: \
         cosine_onecycle, linear_onecycle)",
    );

pub(crate) const PCT_START: Setting = Setting::new("pct_start", Domain::Unit)
    .all(Number(0.3))
    .about("a, the share of the epochs before the peak");

const PCT_FINAL: Setting = Setting::new("pct_final", Domain::Unit)
    .by(&[(Optax, Number(0.85))])
    .about("b, the share of the epochs before the return to the first learning rate; linear only");

const DIV_FACTOR: Setting = Setting::new("div_factor", Domain::Positive)
    .all(Number(25.0))
    .about("d, the ratio of the peak to the first learning rate");

const FINAL_DIV_FACTOR: Setting = Setting::new("final_div_factor", Domain::Positive)
    .all(Number(1e4))
    .about("D, the ratio of the first learning rate to the last");

const THREE_PHASE: Setting = Setting::new("three_phase", Domain::Switch)
    .by(&[(PyTorch, Switch(false))])
    .about("fall to the first learning rate as fast as it rose, then to the last");

pub(crate) const CYCLE_MOMENTUM: Setting = Setting::new("cycle_momentum", Domain::Switch)
    .by(&[(PyTorch, Switch(true))])
    .about("move the momentum the opposite way");

const BASE_MOMENTUM: Setting = Setting::new("base_momentum", Domain::Share)
    .by(&[(PyTorch, Number(0.85))])
    .about("the momentum at the peak of the learning rate");

const MAX_MOMENTUM: Setting = Setting::new("max_momentum", Domain::Share)
    .by(&[(PyTorch, Number(0.95))])
    .about("the momentum at the start and at the end");
use gradtape_tape::{Array, Op};

/// A rise to the learning rate, then a long fall.
pub(super) struct OneCycle;

impl Curve for OneCycle {
    const DESCRIPTION: &'static Description = &Description {
        name: "one_cycle",
        title: "one cycle",
        about: "Rises from a fraction of the learning rate to the learning rate, the peak, and then falls far below the start. In PyTorch's convention the momentum (β₁ of Adam and its variants) moves the opposite way and replaces the momentum of the optimizer.",
        conventions: &[PyTorch, Optax],
        settings: &[
            EPOCHS.about(
                "T, the number of epochs of the cycle (total_steps, transition_steps); \
                 in PyTorch no run can be longer",
            ),
            ANNEAL,
            PCT_START,
            PCT_FINAL,
            DIV_FACTOR,
            FINAL_DIV_FACTOR,
            THREE_PHASE,
            CYCLE_MOMENTUM,
            BASE_MOMENTUM,
            MAX_MOMENTUM,
            WARMUP,
            WARMUP_FACTOR,
            WARMUP_START,
        ],
        rules: &[
            (
                &[PyTorch],
                "\
up to      a·T − 1: η/d → η        three phases: a·T − 1: η/d → η
           T − 1:   η → η/(d·D)                  2a·T − 2: η → η/d
                                                 T − 1: η/d → η/(d·D)
cosine     from u to v: v + (u − v)/2·(1 + cos(π·p)), p is the passed share of the phase
linear     from u to v: u + (v − u)·p",
            ),
            (
                &[Optax],
                "\
cosine     η/d at 0, η at ⌊a·T⌋, η/(d·D) at T
linear     η/d at 0, η at ⌊a·T⌋, η/d at ⌊b·T⌋, η/(d·D) at T
           between them as in PyTorch, then the last learning rate",
            ),
        ],
        sources: &[
            "Smith and Topin, Super-convergence: very fast training of neural networks using large learning rates, 2018",
            "torch.optim.lr_scheduler.OneCycleLR",
            "optax.cosine_onecycle_schedule, optax.linear_onecycle_schedule",
        ],
    };

    const STARTS_ELSEWHERE: bool = true;

    fn record<'g>(course: &Course<'_, 'g>) -> Rate<'g> {
        match course.convention() {
            Optax => one_cycle_of_optax(course).into(),
            _ => one_cycle_of_pytorch(course),
        }
    }
}

/// The value after a share of the phase from one number to another.
fn between<'g>(
    course: &Course<'_, 'g>,
    from: Array<'g>,
    to: Array<'g>,
    share: Array<'g>,
) -> Array<'g> {
    if course.is(ANNEAL, "linear") {
        return (to - from) * share + from;
    }
    let one = course.constant(1.0);
    to + (from - to) / course.constant(2.0) * (course.cosine(share, one) + one)
}

/// A phase of the cycle: its last epoch, and the first and last learning rate and momentum.
struct Phase<'g> {
    end: Array<'g>,
    rate: [Array<'g>; 2],
    momentum: [Array<'g>; 2],
}

fn one_cycle_of_pytorch<'g>(course: &Course<'_, 'g>) -> Rate<'g> {
    let (peak, length) = (course.learning_rate, course.epochs());
    let (one, two) = (course.constant(1.0), course.constant(2.0));
    let first = peak / course.number(DIV_FACTOR);
    let last = first / course.number(FINAL_DIV_FACTOR);
    let [low, high] = [BASE_MOMENTUM, MAX_MOMENTUM].map(|one| course.number(one));
    let share = course.number(PCT_START);
    let up = Phase {
        end: share * length - one,
        rate: [first, peak],
        momentum: [high, low],
    };
    let end = length - one;
    let phases = if course.has(THREE_PHASE) {
        let down = Phase {
            end: two * share * length - two,
            rate: [peak, first],
            momentum: [low, high],
        };
        let out = Phase {
            end,
            rate: [first, last],
            momentum: [high, high],
        };
        vec![up, down, out]
    } else {
        let down = Phase {
            end,
            rate: [peak, last],
            momentum: [low, high],
        };
        vec![up, down]
    };
    let mut start = course.constant(0.0);
    let mut parts = Vec::new();
    for phase in &phases {
        let share = (course.epoch - start) / (phase.end - start);
        let both = [phase.rate, phase.momentum];
        let both = both.map(|[from, to]| between(course, from, to, share));
        let is_over = phase.end.is_below(course.epoch);
        parts.push((is_over, both));
        start = phase.end;
    }
    // The last phase continues after its end.
    let later = parts.into_iter().rev();
    let both = later.reduce(|(_, behind), (is_over, both)| {
        let [rate, momentum] = [0, 1].map(|of| is_over.choose(behind[of], both[of]));
        (is_over, [rate, momentum])
    });
    let [rate, momentum] = both.map_or([peak, high], |(_, both)| both);
    Rate {
        learning_rate: rate,
        momentum: course.has(CYCLE_MOMENTUM).then_some(momentum),
        memory: Vec::new(),
    }
}

fn one_cycle_of_optax<'g>(course: &Course<'_, 'g>) -> Array<'g> {
    let (peak, length) = (course.learning_rate, course.epochs());
    let one = course.constant(1.0);
    let (high, far) = (course.number(DIV_FACTOR), course.number(FINAL_DIV_FACTOR));
    let at = |share: Setting| floor(course.number(share) * length);
    let first = peak / high;
    let (start, end) = (at(PCT_START), floor(length));
    // Where each piece ends, and the factor on the learning rate up to there.
    let pieces = if course.is(ANNEAL, "linear") {
        vec![(start, high), (at(PCT_FINAL), one / high), (end, one / far)]
    } else {
        vec![(start, high), (end, one / (high * far))]
    };
    let mut from = (course.constant(0.0), first);
    let mut parts = Vec::new();
    for (end, factor) in pieces {
        let to = (end, from.1 * factor);
        let width = (to.0 - from.0).greater(one);
        let share = (course.epoch - from.0) / width;
        parts.push((end, between(course, from.1, to.1, share)));
        from = to;
    }
    let later = parts.into_iter().rev();
    later.fold(from.1, |behind, (end, rate)| {
        course.epoch.is_below(end).choose(rate, behind)
    })
}

const MAX_LEARNING_RATE: Setting = Setting::new("max_learning_rate", Domain::Positive)
    .about("M, the maximum learning rate (max_lr; the learning rate of the optimizer is base_lr)");

const STEP_SIZE_UP: Setting = Setting::new("step_size_up", Domain::Count)
    .all(Number(2000.0))
    .about("u, the number of epochs of the rising phase");

const STEP_SIZE_DOWN: Setting = Setting::new("step_size_down", Domain::Count)
    .all(Absent)
    .about("d, the number of epochs of the falling phase; by default the same as step_size_up");

const MODE: Setting = Setting::new(
    "mode",
    Domain::Choice(&["triangular", "triangular2", "exp_range"]),
)
.all(Name("triangular"))
.about("whether the peaks stay the same, are halved each time, or fall by γ in each epoch");

const GAMMA: Setting = Setting::new("gamma", Domain::Positive)
    .all(Number(1.0))
    .about("γ, the factor of exp_range");

/// Repeated rise and fall.
pub(super) struct Cyclic;

impl Curve for Cyclic {
    const DESCRIPTION: &'static Description = &Description {
        name: "cyclic",
        title: "cycles",
        about: "Rises and falls repeatedly between the learning rate, the minimum, and a maximum; the momentum (β₁ of Adam and its variants) moves the opposite way and replaces the momentum of the optimizer.",
        conventions: &[PyTorch],
        settings: &[
            MAX_LEARNING_RATE,
            STEP_SIZE_UP,
            STEP_SIZE_DOWN,
            MODE,
            GAMMA,
            CYCLE_MOMENTUM,
            BASE_MOMENTUM
                .all(Number(0.8))
                .about("m, the momentum at the peak of the learning rate"),
            MAX_MOMENTUM
                .all(Number(0.9))
                .about("M̂, the momentum at the lowest learning rate"),
            WARMUP,
            WARMUP_FACTOR,
            WARMUP_START,
        ],
        rules: &[(
            &[PyTorch],
            "\
η + (M − η)·f·s
c = ⌊1 + k/(u + d)⌋, q = 1 + k/(u + d) − c, r = u/(u + d)
f          q/r for q ≤ r, else (q − 1)/(r − 1)
s          1, with triangular2 1/2^(c − 1), with exp_range γ^k
momentum   M̂ − (M̂ − m)·f·s",
        )],
        sources: &[
            "Smith, Cyclical learning rates for training neural networks, 2017",
            "torch.optim.lr_scheduler.CyclicLR",
        ],
    };

    fn record<'g>(course: &Course<'_, 'g>) -> Rate<'g> {
        let (rate, one) = (course.learning_rate, course.constant(1.0));
        let up = course.number(STEP_SIZE_UP);
        let down = course.optional(STEP_SIZE_DOWN).unwrap_or(up);
        let whole = up + down;
        let ratio = up / whole;
        let passed = one + course.epoch / whole;
        let cycle = floor(passed);
        let share = passed - cycle;
        let rises = Array::apply(Op::LessEqual, &[share, ratio]);
        let height = rises.choose(share / ratio, (share - one) / (ratio - one));
        let scale = if course.is(MODE, "triangular2") {
            Some(one / course.constant(2.0).power(cycle - one))
        } else if course.is(MODE, "exp_range") {
            Some(course.number(GAMMA).power(course.epoch))
        } else {
            None
        };
        let scaled = |span: Array<'g>| {
            let height = span * height;
            scale.map_or(height, |scale| height * scale)
        };
        let momentum = course.has(CYCLE_MOMENTUM).then(|| {
            let [low, high] = [BASE_MOMENTUM, MAX_MOMENTUM].map(|one| course.number(one));
            high - scaled(high - low)
        });
        Rate {
            learning_rate: rate + scaled(course.number(MAX_LEARNING_RATE) - rate),
            momentum,
            memory: Vec::new(),
        }
    }
}
