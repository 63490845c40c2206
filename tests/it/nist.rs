//! The nonlinear regressions of NIST, with certified results.

use std::iter::repeat_n;

use gradtape_experiment::batch::End;
use gradtape_experiment::plan::{Plan, Quantity};

use crate::close::close;
use crate::runs::runs;

const TEXT: &str = include_str!("nist.toml");

/// A run with the certified sum of squares and the certified parameters.
struct Regression {
    name: String,
    outcome: End,
    sum: f64,
    parameters: Vec<f64>,
}

/// The runs of the experiment with its optimizers replaced, after an edit of its text.
fn regressions(optimizer: &str, edit: impl FnOnce(&str) -> String) -> Vec<Regression> {
    let (text, _) = TEXT.split_once("[[optimizer]]").unwrap();
    let text = edit(text) + "\n[[optimizer]]\n" + optimizer;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/nist.toml");
    let plan = Plan::new(path, &text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let both = |objective| repeat_n(objective, 2);
    let objectives = plan.objectives.iter().flat_map(both);
    let runs = runs(&plan).into_iter().zip(objectives);
    let runs = runs.map(|((outcome, _), objective)| Regression {
        name: objective.name.clone(),
        outcome,
        sum: objective.minimum.unwrap().wide(),
        parameters: objective.minimum_at.clone().unwrap(),
    });
    let runs: Vec<Regression> = runs.collect();
    assert_eq!(runs.len(), 54);
    runs
}

impl Regression {
    fn is_close(&self, tolerance: f64) -> bool {
        (self.outcome.quantities.loss().to_f64() - self.sum).abs() <= tolerance * self.sum
    }

    /// Whether the sum of squares is the certified one to 1e-6. The residuals of Lanczos1 are
    /// the rounding errors of its data, and their sum, 1e-25, is mostly those of the
    /// computation: four digits of each parameter are enough as well.
    fn is_reached(&self) -> bool {
        let mut parameters = self.outcome.parameters.iter().zip(&self.parameters);
        self.is_close(1e-6)
            || parameters.all(|(found, exact)| close(found.to_f64(), *exact, 1e-4, 0.0))
    }
}

/// The number of runs that reach the certified minimum, and the median of their evaluations.
fn reached(optimizer: &str) -> (usize, u64) {
    let runs = regressions(optimizer, str::to_owned);
    let reached = runs.iter().filter(|run| run.is_reached());
    let mut evaluations: Vec<u64> = reached
        .map(|run| run.outcome.quantities.count(Quantity::Evaluations))
        .collect();
    evaluations.sort_unstable();
    (evaluations.len(), evaluations[evaluations.len() / 2])
}

#[test]
fn newton_reaches_the_certified_minima() {
    // All but MGH10 from the first start, where the loss is 1e7 times the certified one.
    let (count, evaluations) = reached("method = 'newton'");
    assert_eq!(count, 53);
    assert!(evaluations <= 20, "{evaluations}");
}

#[test]
fn levenberg_marquardt_reaches_every_certified_minimum() {
    let (count, evaluations) = reached("method = 'levenberg_marquardt'");
    assert_eq!(count, 54);
    // The median of MINPACK's `lmder` at the same tolerance.
    assert!(evaluations <= 12, "{evaluations}");
}

#[test]
fn levenberg_marquardt_comes_close_in_single_precision() {
    let single = |text: &str| text.replace("epochs =", "precision = 'f32'\nepochs =");
    let found = regressions("method = 'levenberg_marquardt'", single);
    // The sums are recomputed in double precision, as rounding changes some of them by more
    // than 0.1 % in single precision: two runs for each line of starts.
    let mut found = found.iter().map(|run| {
        let entries = run.outcome.parameters.iter().zip(1..);
        let entries: Vec<_> = entries
            .map(|(x, place)| format!("b{place} = {x}"))
            .collect();
        format!("{{ {} }}", entries.join(", "))
    });
    let mut moved = |line: &str| match line.strip_prefix("start = ") {
        Some(_) => format!(
            "start = [{}, {}]",
            found.next().unwrap(),
            found.next().unwrap()
        ),
        None => line.replace("epochs = 2000", "epochs = 1"),
    };
    let at = |text: &str| text.lines().map(&mut moved).collect::<Vec<_>>().join("\n");
    let ends = regressions("method = 'sgd'\nlearning_rate = 1e-300", at);
    let far = ends.iter().filter(|run| !run.is_close(1e-3));
    let far: Vec<&str> = far.map(|run| &*run.name).collect();
    assert_eq!(
        far,
        ["MGH17", "Lanczos1", "Lanczos1", "Bennett5", "Bennett5"]
    );
}
