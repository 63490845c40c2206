//! The rules of `[stop]`, as a table that the loop over epochs, the lanes and the recorded
//! epoch follow.

use super::output::Output;
use crate::number::Number;
use crate::plan::Stop;
use gradtape_tape::Real;

/// A rule of `[stop]` for convergence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `loss_below`.
    LossBelow,
    /// `gradient_norm_below`.
    GradientNormBelow,
    /// `step_below`.
    StepBelow,
    /// `gap_below`.
    GapBelow,
    /// `patience`.
    Patience,
}

impl Rule {
    /// The key in `[stop]`, and the number that it looks at in sentences.
    const fn names(self) -> [&'static str; 2] {
        match self {
            Rule::LossBelow => ["loss_below", "loss"],
            Rule::GradientNormBelow => ["gradient_norm_below", "gradient norm"],
            Rule::StepBelow => ["step_below", "step"],
            Rule::GapBelow => ["gap_below", "gap"],
            Rule::Patience => ["patience", "epochs without improvement"],
        }
    }

    /// The key in `[stop]`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.names()[0]
    }

    /// The number that it looks at, in sentences.
    pub(super) fn quantity(self) -> &'static str {
        self.names()[1]
    }
}

/// A row of the table: what a rule looks at, and when it ends a run.
struct StopRule {
    /// The output of an epoch.
    output: Output,
    ends: Ends,
}

/// When a rule ends a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ends {
    /// Converged when the number is below the limit.
    Below(Rule),
    /// Converged when the number, an integer, has reached the limit.
    From(Rule),
    /// Diverged when the loss is above the limit.
    Above,
}

impl Ends {
    /// The key of the rule in `[stop]`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Ends::Below(rule) | Ends::From(rule) => rule.name(),
            Ends::Above => "loss_above",
        }
    }
}

impl StopRule {
    const fn new(output: Output, ends: Ends) -> Self {
        StopRule { output, ends }
    }

    /// Its limit, if the file has the rule.
    fn limit(&self, stop: &Stop) -> Option<Number> {
        let mut limits = stop.limits.iter();
        let own = limits.find(|(key, _)| *key == self.ends.name());
        own.map(|(_, limit)| *limit)
    }
}

/// In the order in which they are tested.
const RULES: [StopRule; 6] = {
    use Ends::{Above, Below, From};
    [
        StopRule::new(Output::Loss, Below(Rule::LossBelow)),
        StopRule::new(Output::Gap, Below(Rule::GapBelow)),
        StopRule::new(Output::GradientNorm, Below(Rule::GradientNormBelow)),
        StopRule::new(Output::Step, Below(Rule::StepBelow)),
        StopRule::new(Output::Loss, Above),
        StopRule::new(Output::Wait, From(Rule::Patience)),
    ]
};

/// Whether a rule looks at an output.
pub(super) fn is_watched(stop: &Stop, output: Output) -> bool {
    let mut rules = RULES.iter();
    rules.any(|rule| rule.output == output && rule.limit(stop).is_some())
}

/// Whether a rule can end a run as converged.
pub(super) fn may_converge(stop: &Stop) -> bool {
    let mut rules = RULES.iter();
    rules.any(|rule| !matches!(rule.ends, Ends::Above) && rule.limit(stop).is_some())
}

/// The rules of an experiment in the precision of a run.
pub(super) struct Limits<T>(Vec<Limit<T>>);

/// A rule with its limit.
pub(super) struct Limit<T> {
    pub(super) output: Output,
    pub(super) ends: Ends,
    pub(super) limit: T,
}

impl<T: Real> Limits<T> {
    pub(super) fn new(stop: &Stop) -> Self {
        let rules = RULES.iter().filter_map(|rule| {
            Some(Limit {
                output: rule.output,
                ends: rule.ends,
                limit: rule.limit(stop)?.to::<T>(),
            })
        });
        let limits: Vec<Limit<T>> = rules.collect();
        debug_assert_eq!(
            limits.len(),
            stop.limits.len(),
            "a row for each key of `[stop]`"
        );
        Limits(limits)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Limit<T>> {
        self.0.iter()
    }

    /// The first rule that ends a run, with the value that it looks at; `value` gives an
    /// output.
    pub(super) fn test(&self, value: impl Fn(Output) -> Option<T>) -> Option<(&Limit<T>, T)> {
        self.0.iter().find_map(|rule| {
            let value = value(rule.output)?;
            let is_met = match rule.ends {
                Ends::Below(_) => value < rule.limit,
                Ends::From(_) => value >= rule.limit,
                Ends::Above => value > rule.limit,
            };
            is_met.then_some((rule, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::spec::{FileTable, Stop};

    #[test]
    fn every_key_of_the_file_format_has_a_row() {
        let keys = Stop::FORMAT.keys.iter().map(|key| key.name);
        let keys: Vec<&str> = keys.filter(|key| *key != "min_delta").collect();
        assert_eq!(keys.len(), RULES.len());
        for key in keys {
            let plan = Plan::new(
                "stop.toml",
                &format!(
                    "epochs = 1\n\
                     objective = [{{ formula = \"x^2\", start = {{ x = 1 }}, \
                     minimum = {{ value = 0 }} }}]\n\
                     optimizer = [{{ method = \"sgd\", learning_rate = 0.1 }}]\n\
                     stop = {{ {key} = 3 }}"
                ),
            );
            let stop = plan.expect("it is well formed").stop;
            let limits = Limits::<f64>::new(&stop);
            let [limit] = &limits.0[..] else {
                panic!("a limit of {key}");
            };
            assert_eq!((limit.ends.name(), limit.limit), (key, 3.0));
        }
    }
}
