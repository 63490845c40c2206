//! What determines the bits of a run.

use std::fmt;

use sha2::{Digest, Sha256};

use super::epoch::{self, Inputs, watched_minimum};
use super::minibatch;
use super::stop::Limits;
use crate::number::Precision;
use crate::plan::{DataRows, Plan, Run, Stop};
use gradtape_tape::{Array, Graph, Real, Subnormals};

/// The number of the arithmetic: of the elementary functions, the order of sums, and what
/// flushing means. It grows whenever the same recorded graph gives other bits.
pub const DEFINITION: u32 = 1;

/// The hash of all that determines the bits of a run: two runs with the same one are the
/// same in every epoch, wherever and by whatever they are computed.
///
/// It is made of the recorded graph of an epoch with its data, the initial state and the
/// numbers of the rule, the number of epochs, the rules of `[stop]`, the precision, the
/// treatment of subnormal numbers, the part of the seed that a run draws from, and
/// [`DEFINITION`]. Neither the number of the run, names, what is recorded, the engine nor
/// the lowered program are part of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Determination([u8; 32]);

impl fmt::Display for Determination {
    /// As hexadecimal digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Determination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The determination of a run of a plan.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::batch::determination;
/// use gradtape_experiment::plan::Plan;
///
/// let plan = Plan::new(
///     "parabola.toml",
///     r#"
///     epochs = 10
///     objective = [{ name = "parabola", formula = "w^2", start = { w = 1 } }]
///     optimizer = [{ method = "sgd", learning_rate = [0.1, 0.2] }]
///     "#,
/// )?;
/// let of = |number| determination(&plan, &plan.run(number));
/// assert_ne!(of(0), of(1), "the learning rates differ");
/// assert_eq!(of(0), of(0));
/// # Ok::<(), gradtape_experiment::mistake::Mistakes>(())
/// ```
#[must_use]
pub fn determination(plan: &Plan, run: &Run) -> Determination {
    let mut hash = Parts(Sha256::new());
    hash.number(u64::from(DEFINITION));
    hash.word(run.precision.name());
    hash.number(u64::from(run.subnormals == Subnormals::Flush));
    hash.number(run.epochs);
    if run.recipe.rule.method().needs().is_some() {
        hash.search(plan, run);
    } else {
        hash.descent(plan, run);
    }
    match run.precision {
        Precision::F32 => hash.numbers::<f32>(plan, run),
        Precision::F64 => hash.numbers::<f64>(plan, run),
    }
    Determination(hash.0.finalize().into())
}

/// Parts of a determination, each with its length or of a fixed length, so that different
/// parts never give the same bytes.
struct Parts(Sha256);

impl Parts {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    fn word(&mut self, word: &str) {
        self.number(word.len() as u64);
        self.0.update(word);
    }

    /// The rules that can end a run, in its precision.
    fn stop<T: Real>(&mut self, stop: &Stop) {
        for rule in Limits::<T>::new(stop).iter() {
            self.word(rule.ends.name());
            self.number(rule.limit.bits());
        }
        let gain = stop.min_delta.map(|gain| gain.to::<T>().bits());
        self.number(gain.unwrap_or(0));
    }

    /// The nodes that `wanted` need.
    fn graph(&mut self, graph: &Graph, wanted: &[Array<'_>]) {
        graph.describe(wanted, &mut |bytes| self.0.update(bytes));
    }

    /// The epoch of an update rule.
    fn descent(&mut self, plan: &Plan, run: &Run) {
        let graph = Graph::new(run.precision, run.subnormals);
        let traced = Inputs::new(plan, run, &graph).record(plan, run);
        let further: Vec<Array<'_>> = traced.further.iter().map(|(_, array)| *array).collect();
        let wanted = [
            &[traced.loss][..],
            &traced.gradient,
            &traced.free_gradient,
            &traced.update.parameters,
            &traced.update.memory,
            &further,
        ];
        self.graph(&graph, &wanted.concat());
        let data = plan.objectives[run.objective].data.as_ref();
        let Some(data) = data.filter(|data| data.batch_size < data.training.len()) else {
            return;
        };
        // The order of the rows in each epoch.
        for number in [plan.seed(), run.objective as u64, run.repetition] {
            self.number(number);
        }
        for rows in minibatch::sizes(data) {
            let graph = Graph::new(run.precision, run.subnormals);
            let next = minibatch::update(plan, run, &graph, data, rows);
            self.graph(&graph, &next);
        }
    }

    /// The objective and the settings of a line-search or second-order method, which are not
    /// recorded.
    fn search(&mut self, plan: &Plan, run: &Run) {
        let objective = &plan.objectives[run.objective];
        let graph = Graph::new(run.precision, run.subnormals);
        let (loss, x) = objective.loss_of_inputs(&graph, DataRows::Training);
        self.graph(&graph, &[&[loss], &graph.gradient(loss, &x)[..]].concat());
        self.number(u64::from(objective.has_validation()));
        if objective.has_validation() {
            let graph = graph.alike();
            let (loss, _) = objective.loss_of_inputs(&graph, DataRows::Validation);
            self.graph(&graph, &[loss]);
        }
        let minimum = watched_minimum(plan, run);
        self.number(minimum.map_or(0, |minimum| minimum.rounded(run.precision).to_bits()));
        let rule = run.recipe.rule;
        self.word(rule.method().name());
        self.word(rule.convention().name());
        for (name, form) in rule.forms() {
            self.word(name);
            self.number(form);
        }
    }

    /// The inputs in epoch 0: the state, the constants and the numbers of the rule; and the
    /// rules of `[stop]`.
    fn numbers<T: Real>(&mut self, plan: &Plan, run: &Run) {
        self.stop::<T>(&plan.stop);
        let mut inputs: Vec<T> = Vec::new();
        epoch::start(plan, run, &mut inputs);
        self.number(inputs.len() as u64);
        for input in inputs {
            self.number(input.bits());
        }
    }
}
