//! Choosing runs by their settings.

use super::{Plan, Run};
use crate::mistake::{At, Mistake, nearest};
use crate::number::{Number, Value};
use crate::spec;

/// Chooses the runs whose settings have one of the values given for each; the
/// empty filter chooses all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Columns of the plan with the values of which one must match.
    conditions: Vec<(usize, Vec<Value>)>,
}

impl Filter {
    /// Whether it chooses every run.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Whether the filter chooses a run.
    #[must_use]
    pub fn chooses(&self, run: &Run) -> bool {
        self.chooses_settings(&run.settings)
    }

    /// Whether the filter chooses a run with these settings, in the order of
    /// [`Plan::columns`].
    #[must_use]
    pub fn chooses_settings(&self, settings: &[Option<Value>]) -> bool {
        self.conditions
            .iter()
            .all(|(column, values)| match settings.get(*column) {
                Some(Some(setting)) => values.iter().any(|value| value.matches(setting)),
                _ => false,
            })
    }

    /// Whether the filter chooses run number `number` of the plan that it was made
    /// for. Only the settings that it names are looked at, so millions of runs can be
    /// asked.
    #[must_use]
    pub fn chooses_number(&self, plan: &Plan, number: u64) -> bool {
        self.conditions.iter().all(|(column, values)| {
            let setting = plan.setting(number, *column);
            setting.is_some_and(|setting| values.iter().any(|value| value.matches(&setting)))
        })
    }

    /// The filter that a command line writes as `KEY=VALUE`, several of one key
    /// meaning any of them.
    ///
    /// # Errors
    ///
    /// A sentence about what is wrong.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape::plan::{Filter, Plan};
    ///
    /// let plan = Plan::new("example.toml", r#"
    ///     epochs = 1
    ///     objective = [{ formula = "w^2", start = { w = 1 } }]
    ///     optimizer = [{ method = "sgd", learning_rate = [0.1, 0.2] }]
    /// "#)?;
    /// let filter = Filter::parse(&plan, &["learning_rate=0.2".to_owned()]).expect("one run has it");
    /// assert!(filter.chooses(&plan.run(1)) && !filter.chooses(&plan.run(0)));
    /// # Ok::<(), gradtape::mistake::Mistakes>(())
    /// ```
    pub fn parse(plan: &Plan, texts: &[String]) -> Result<Filter, String> {
        let mut conditions: Vec<(usize, Vec<Value>)> = Vec::new();
        for text in texts {
            let Some((key, value)) = text.split_once('=') else {
                return Err(format!("`--filter {text}` is not of the form KEY=VALUE"));
            };
            let column = column(plan, key.trim())
                .map_err(|label| format!("`--filter {text}`: unknown setting `{key}`, {label}"))?;
            let value = value_of(value.trim());
            match conditions.iter_mut().find(|(known, _)| *known == column) {
                Some((_, values)) => values.push(value),
                None => conditions.push((column, vec![value])),
            }
        }
        let filter = Filter { conditions };
        if !filter.chooses_any(plan) {
            return Err(format!(
                "no run matches `--filter {}`",
                texts.join(" --filter ")
            ));
        }
        Ok(filter)
    }

    /// The filter that an experiment file writes as `runs = { … }`.
    pub(super) fn decide(
        plan: &Plan,
        written: Option<&At<spec::Filter>>,
        mistakes: &mut Vec<Mistake>,
    ) -> Filter {
        let Some(written) = written else {
            return Filter::default();
        };
        let mut conditions = Vec::new();
        let before = mistakes.len();
        for (key, values) in &written.value {
            match column(plan, &key.value) {
                Ok(column) => {
                    let values = values.iter().map(|value| value.value.clone()).collect();
                    conditions.push((column, values));
                }
                Err(label) => {
                    let message = format!("unknown setting `{}` in a filter", key.value);
                    mistakes.push(Mistake::new(key.span.clone(), message, label));
                }
            }
        }
        let filter = Filter { conditions };
        if mistakes.len() == before && !filter.chooses_any(plan) {
            let mistake = Mistake::new(
                written.span.clone(),
                "the filter matches no run",
                "no run has these settings",
            );
            mistakes.push(mistake.help("`runner plan` lists the runs with their settings"));
        }
        filter
    }

    /// Whether any run is chosen. The three factors of a plan are independent,
    /// so each is looked at alone, not every combination.
    fn chooses_any(&self, plan: &Plan) -> bool {
        if plan.runs() == 0 {
            return false;
        }
        let any_of = |count: u64, stride: u64, first: u64, keys: &dyn Fn(&str) -> bool| {
            let part = Filter {
                conditions: self
                    .conditions
                    .iter()
                    .filter(|(column, _)| keys(&plan.columns()[*column]))
                    .cloned()
                    .collect(),
            };
            part.conditions.is_empty()
                || (0..count).any(|index| part.chooses_number(plan, first + index * stride))
        };
        let numerics = |key: &str| matches!(key, "precision" | "subnormals" | "epochs");
        let numeric_count = plan.numerics.count().unwrap_or(1).max(1);
        let block = plan.runs() / numeric_count;
        let choices: u64 = plan
            .optimizers
            .iter()
            .filter_map(|one| one.settings.count())
            .sum();
        // Repetitions are the fastest to vary, so they go with the optimizer.
        let choices = choices.saturating_mul(plan.repetitions);
        let in_optimizer = |key: &str| {
            let of_all = ["optimizer", "method", "convention", "repetition"];
            of_all.contains(&key)
                || ["schedule", "schedule.convention"].contains(&key)
                || plan
                    .optimizers
                    .iter()
                    .any(|one| one.settings.series().any(|(name, _)| name == key))
        };
        any_of(numeric_count, block, 0, &numerics)
            && any_of(choices, 1, 0, &in_optimizer)
            && any_of(block / choices.max(1), choices, 0, &|key| {
                !numerics(key) && !in_optimizer(key)
            })
    }
}

/// The column with this name, or what to say to a wrong one.
pub(super) fn column(plan: &Plan, key: &str) -> Result<usize, String> {
    let found = plan.columns().iter().position(|column| column == key);
    found.ok_or_else(
        || match nearest(key, plan.columns().iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let columns: Vec<String> = plan
                    .columns()
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect();
                format!("the settings are {}", columns.join(", "))
            }
        },
    )
}

/// A value as somebody types it on a command line.
fn value_of(text: &str) -> Value {
    match (text, text.parse::<Number>()) {
        ("true", _) => Value::Switch(true),
        ("false", _) => Value::Switch(false),
        (_, Ok(number)) => Value::Number(number),
        (_, Err(_)) => Value::Name(text.to_owned()),
    }
}
