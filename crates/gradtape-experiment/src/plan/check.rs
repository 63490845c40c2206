//! The allowed differences from recorded values.

use std::collections::HashMap;

use super::expectations::{self, Tolerance};
use super::{Derivative, Quantity, Runs};
use crate::mistake::Mistake;
use crate::spec::{self, Spec};

/// The allowed differences of final values and of derivatives from the recorded report. By
/// default they must be the same.
#[derive(Clone, Debug, Default)]
pub struct Check {
    /// The default tolerance of a quantity.
    pub default: Tolerance,
    /// Whether all recorded epochs of a run are compared, not only its end.
    pub trajectory: bool,
    /// By the names of quantities; vectors by their elements.
    quantities: HashMap<String, Tolerance>,
}

impl Check {
    /// The tolerance of a quantity, by its name: a parameter, `loss`, `df/dx`, …
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_experiment::plan::Plan;
    ///
    /// let plan = Plan::new("example.toml", r#"
    ///     epochs = 1
    ///     objective = [{ formula = "w^2", start = { w = 1 } }]
    ///     optimizer = [{ method = "sgd", learning_rate = 0.1 }]
    ///     check = { default = { ulps = 4 }, loss = { rel = 1e-6 } }
    /// "#)?;
    /// assert_eq!(plan.check.tolerance("w").ulps, Some(4));
    /// assert_eq!(plan.check.tolerance("loss").to_string(), "rel 1e-6");
    /// # Ok::<(), gradtape_experiment::mistake::Mistakes>(())
    /// ```
    #[must_use]
    pub fn tolerance(&self, quantity: &str) -> Tolerance {
        let own = self.quantities.get(quantity);
        own.copied().unwrap_or(self.default)
    }

    /// Whether every value must be the recorded one.
    #[must_use]
    pub fn allows_nothing(&self) -> bool {
        self.default.allows_nothing() && self.quantities.values().all(Tolerance::allows_nothing)
    }
}

pub(super) fn decide(
    runs: &Runs,
    derivatives: &[Derivative],
    spec: &Spec,
    mistakes: &mut Vec<Mistake>,
) -> Check {
    let written = &spec.check;
    let default = written.default.as_ref();
    let default = default.map(tolerance);
    let vectors = runs.vectors();
    let columns = derivatives.iter().flat_map(|one| &one.columns);
    let names = || {
        let parameters = runs.parameters.iter().map(String::as_str);
        let vectors = vectors.iter().map(|(name, _)| name.as_ref());
        Quantity::of(runs)
            .map(|quantity| -> &str { quantity.name() })
            .filter(|_| runs.count() > 0)
            .chain(parameters)
            .chain(vectors)
            .chain(columns.clone().map(String::as_str))
    };
    let mut quantities = HashMap::new();
    for (quantity, tolerance) in &written.quantities {
        let name = quantity.value.as_str();
        if !names().any(|known| known == name) {
            mistakes.push(expectations::unknown_quantity(quantity, names()));
            continue;
        }
        let tolerance = self::tolerance(tolerance);
        let elements = vectors.iter().find(|(vector, _)| *vector == name);
        match elements {
            Some((_, elements)) => {
                quantities.extend(elements.iter().map(|one| (one.clone(), tolerance)));
            }
            None => {
                quantities.insert(quantity.value.clone(), tolerance);
            }
        }
    }
    Check {
        default: default.unwrap_or_default(),
        trajectory: written
            .trajectory
            .as_ref()
            .is_some_and(|trajectory| trajectory.value),
        quantities,
    }
}

fn tolerance(written: &spec::Tolerance) -> Tolerance {
    expectations::distances(&written.ulps, &written.abs, &written.rel)
}
