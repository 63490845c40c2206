//! Selection of runs by their settings.

use super::{Run, Runs};
use crate::mistake::{At, Code, Mistake, Mistakes, nearest};
use crate::number::Value;
use crate::spec::{self, Condition, Relation};

/// Selects the runs whose settings meet some conditions; the empty filter selects all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The conditions, which must all hold.
    conditions: Vec<Condition<Key>>,
}

/// The subject of a condition.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Key {
    /// A column of the plan.
    Column(usize),
    /// The number of the run.
    Number,
    /// Its label.
    Label,
}

/// The names of the keys that are not settings.
const NUMBER: &str = "run";
const LABEL: &str = "label";

impl Filter {
    /// Whether the filter is empty, and so selects every run.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Whether the filter selects a run of the plan that it was made for.
    #[must_use]
    pub fn chooses(&self, runs: &Runs, run: &Run) -> bool {
        let mut value = |key: &Key| match key {
            Key::Column(column) => run.settings.get(*column).cloned().flatten(),
            Key::Number => Some(Value::Whole(run.number)),
            Key::Label => Some(Value::Name(runs.label(run))),
        };
        let mut conditions = self.conditions.iter();
        conditions.all(|condition| condition.holds(&mut value))
    }

    /// Whether the filter selects run number `number` of the plan that it was made for.
    /// Only the settings that it names are looked up, so it is fast enough for millions
    /// of runs.
    #[must_use]
    pub fn chooses_number(&self, runs: &Runs, number: u64) -> bool {
        let mut conditions = self.conditions.iter();
        conditions.all(|condition| holds(condition, runs, number))
    }

    /// The filter of a command line: conditions in the
    /// [condition language](spec::Condition), which must all hold. Several conditions that
    /// only compare the same setting for equality accept any of their values. `origin` names
    /// the source of the texts in messages.
    ///
    /// # Errors
    ///
    /// If a text is not a valid condition, or if no run matches.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_experiment::plan::{Filter, Plan};
    ///
    /// let plan = Plan::new("example.toml", r#"
    ///     epochs = 1
    ///     objective = [{ formula = "w^2", start = { w = 1 } }]
    ///     optimizer = [{ method = ["sgd", "adam"], learning_rate = [0.1, 0.2, 0.3] }]
    /// "#)?;
    /// let chosen = |texts: &[&str]| {
    ///     let texts: Vec<String> = texts.iter().map(|text| text.to_string()).collect();
    ///     let filter = Filter::parse(&plan, "--filter", &texts).expect("some run matches");
    ///     (0..plan.runs.count()).filter(|run| filter.chooses_number(&plan, *run)).collect::<Vec<_>>()
    /// };
    /// assert_eq!(chosen(&["learning_rate > 0.1 & method = adam"]), [4, 5]);
    /// assert_eq!(chosen(&["learning_rate=0.1", "learning_rate=0.3", "run<3"]), [0, 2]);
    /// assert_eq!(chosen(&["*adam*"]), [3, 4, 5]);
    /// # Ok::<(), gradtape_experiment::mistake::Mistakes>(())
    /// ```
    pub fn parse(runs: &Runs, origin: &str, texts: &[String]) -> Result<Filter, Mistakes> {
        let mut conditions = Vec::new();
        for text in texts {
            let wrong = |list| Mistakes::new(origin, text, list);
            let condition = Condition::parse(text).map_err(|mistake| wrong(vec![mistake]))?;
            let mut mistakes = Vec::new();
            let condition = named(runs, &condition, &mut mistakes);
            add(condition.ok_or_else(|| wrong(mistakes))?, &mut conditions);
        }
        let filter = Filter::new(conditions);
        if filter.chooses_any(runs) {
            return Ok(filter);
        }
        let all = texts.join("\n");
        let help = "`runner plan` lists the runs with their settings";
        let mistake = Mistake::new(Code::NoRun, 0..all.len(), "no run matches", "");
        Err(Mistakes::new(origin, &all, vec![mistake.help(help)]))
    }

    fn new(conditions: Vec<Condition<Key>>) -> Filter {
        let each = conditions
            .into_iter()
            .flat_map(|condition| match condition {
                Condition::All(all) => all,
                one => vec![one],
            });
        Filter {
            conditions: each.collect(),
        }
    }

    /// The filter of `runs = …` in an experiment file.
    pub(super) fn decide(
        runs: &Runs,
        written: Option<&At<spec::Filter>>,
        mistakes: &mut Vec<Mistake>,
    ) -> Filter {
        let Some(written) = written else {
            return Filter::default();
        };
        let before = mistakes.len();
        let condition = named(runs, &written.value, mistakes);
        let filter = Filter::new(condition.into_iter().collect());
        if mistakes.len() == before && !filter.chooses_any(runs) {
            let mistake = Mistake::new(
                Code::NoRun,
                written.span.clone(),
                "the filter matches no run",
                "no run has these settings",
            );
            mistakes.push(mistake.help("`runner plan` lists the runs with their settings"));
        }
        filter
    }

    /// Whether any run matches. The three factors of a plan are independent, so conditions on
    /// one of them are tested alone, not in every combination.
    fn chooses_any(&self, runs: &Runs) -> bool {
        if runs.count() == 0 {
            return false;
        }
        let of_factor = |factor: Option<Factor>| {
            let conditions = self.conditions.iter();
            conditions.filter(move |condition| Factor::of(condition, runs) == factor)
        };
        if of_factor(None).next().is_some() {
            return (0..runs.count()).any(|number| self.chooses_number(runs, number));
        }
        let numerics = runs.numerics.count().unwrap_or(1).max(1);
        let block = runs.count() / numerics;
        let choices = runs.optimizers.iter();
        let choices: u64 = choices.filter_map(|one| one.settings.count()).sum();
        // Repetitions vary fastest, so they belong to the optimizer.
        let choices = choices.saturating_mul(runs.repetitions).max(1);
        let factors = [
            (Factor::Numerics, numerics, block),
            (Factor::Optimizer, choices, 1),
            (Factor::Objective, block / choices, choices),
        ];
        factors.into_iter().all(|(factor, count, stride)| {
            let of_factor = || of_factor(Some(factor));
            of_factor().next().is_none()
                || (0..count).any(|index| of_factor().all(|one| holds(one, runs, index * stride)))
        })
    }
}

/// The part of a plan that a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Factor {
    Numerics,
    Objective,
    Optimizer,
}

impl Factor {
    /// The one that a condition is about; `None` if it is about several, or about a run as a
    /// whole.
    fn of(condition: &Condition<Key>, runs: &Runs) -> Option<Factor> {
        let mut factors = condition.settings().into_iter().map(|key| match key {
            Key::Column(column) => Some(Factor::of_column(*column, runs)),
            Key::Number | Key::Label => None,
        });
        let first = factors.next()??;
        factors.all(|one| one == Some(first)).then_some(first)
    }

    fn of_column(column: usize, runs: &Runs) -> Factor {
        let of_all = ["optimizer", "method", "convention", "repetition"];
        let of_schedule = ["schedule", "schedule.convention"];
        match runs.columns()[column].as_str() {
            "precision" | "subnormals" | "epochs" => Factor::Numerics,
            key if of_all.contains(&key) || of_schedule.contains(&key) => Factor::Optimizer,
            key => {
                let has = |one: &super::Optimizer| {
                    let mut settings = one.settings.series();
                    settings.any(|(name, _)| name == key)
                };
                if runs.optimizers.iter().any(has) {
                    Factor::Optimizer
                } else {
                    Factor::Objective
                }
            }
        }
    }
}

fn holds(condition: &Condition<Key>, runs: &Runs, number: u64) -> bool {
    condition.holds(&mut |key| match key {
        Key::Column(column) => runs.setting(number, *column),
        Key::Number => Some(Value::Whole(number)),
        Key::Label => Some(Value::Name(runs.label(&runs.run(number)))),
    })
}

/// Adds a condition; one that only tests a setting for equality widens another one of the
/// same setting.
fn add(condition: Condition<Key>, conditions: &mut Vec<Condition<Key>>) {
    if let Condition::Test(test) = &condition
        && test.relation == Relation::Equal
    {
        for known in conditions.iter_mut() {
            if let Condition::Test(known) = known
                && known.relation == Relation::Equal
                && known.setting == test.setting
            {
                known.values.extend(test.values.iter().cloned());
                return;
            }
        }
    }
    conditions.push(condition);
}

/// The condition on the columns of a plan; a setting that the plan does not have is an error.
fn named(
    runs: &Runs,
    condition: &Condition<At<String>>,
    mistakes: &mut Vec<Mistake>,
) -> Option<Condition<Key>> {
    condition.named(
        &mut |setting| match (column(runs, &setting.value), &*setting.value) {
            (Ok(column), _) => Some(Key::Column(column)),
            (Err(_), NUMBER) => Some(Key::Number),
            (Err(_), LABEL) => Some(Key::Label),
            (Err(label), name) => {
                // Runs are selected before they are computed.
                let label = match ["status", "outcome"].contains(&name) {
                    true => "known only after a run has ended".to_owned(),
                    false => label,
                };
                let message = format!("unknown setting `{name}` in a filter");
                mistakes.push(Mistake::new(
                    Code::UnknownName,
                    setting.span.clone(),
                    message,
                    label,
                ));
                None
            }
        },
    )
}

/// The column with this name, or the label for an unknown name.
pub(super) fn column(runs: &Runs, key: &str) -> Result<usize, String> {
    let found = runs.columns().iter().position(|column| column == key);
    found.ok_or_else(
        || match nearest(key, runs.columns().iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let columns: Vec<String> = runs
                    .columns()
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect();
                format!("available settings: {}", columns.join(", "))
            }
        },
    )
}
