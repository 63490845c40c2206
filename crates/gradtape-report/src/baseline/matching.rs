//! The recorded run that each current run corresponds to.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use gradtape_experiment::number::Value;
use gradtape_experiment::plan::Plan;

/// The recorded run that each current run corresponds to.
///
/// If the text of the experiment is the same, runs correspond by their numbers. If it was
/// changed, runs with the same settings correspond, wherever they are: a learning rate that is
/// added to a list leaves all others as they were.
#[derive(Debug)]
pub(super) enum Matching {
    Numbers,
    Settings {
        /// The number of the recorded run for each current run that has one.
        recorded: HashMap<u64, u64>,
        /// Those recorded runs.
        known: HashSet<u64>,
    },
}

impl Matching {
    /// The matching of the runs `numbers` of `now`.
    pub(super) fn new(recorded: &Plan, now: &Plan, numbers: &[u64]) -> Self {
        if recorded.hash == now.hash {
            return Matching::Numbers;
        }
        let keys = SettingKeys::new(recorded);
        // A file may have a run twice: then the first corresponds to the first.
        let mut by_key: HashMap<[u64; 2], VecDeque<u64>> = HashMap::new();
        for number in 0..recorded.runs.count() {
            by_key.entry(keys.of(number)).or_default().push_back(number);
        }
        let keys = SettingKeys::new(now);
        let mut pairs = HashMap::new();
        for number in numbers {
            let found = by_key.get_mut(&keys.of(*number));
            if let Some(recorded) = found.and_then(VecDeque::pop_front) {
                pairs.insert(*number, recorded);
            }
        }
        Matching::Settings {
            known: pairs.values().copied().collect(),
            recorded: pairs,
        }
    }

    /// The recorded run of a current run.
    pub(super) fn recorded(&self, number: u64) -> Option<u64> {
        match self {
            Matching::Numbers => Some(number),
            Matching::Settings { recorded, .. } => recorded.get(&number).copied(),
        }
    }

    /// Whether a skipped recorded run corresponds to a current run that comes later.
    pub(super) fn awaits(&self, recorded: u64) -> bool {
        match self {
            Matching::Numbers => false,
            Matching::Settings { known, .. } => known.contains(&recorded),
        }
    }
}

/// Keys for the settings of runs, whatever the order of the columns.
struct SettingKeys<'p> {
    plan: &'p Plan,
    /// The columns in the order of their names.
    order: Vec<usize>,
}

impl<'p> SettingKeys<'p> {
    fn new(plan: &'p Plan) -> Self {
        let columns = plan.columns();
        let mut order: Vec<usize> = (0..columns.len()).collect();
        order.sort_by_key(|column| &columns[*column]);
        SettingKeys { plan, order }
    }

    /// 128 bits of two hashes, which no two of millions of runs share by chance.
    fn of(&self, number: u64) -> [u64; 2] {
        let run = self.plan.run(number);
        let columns = self.plan.columns();
        let mut hashers = [0_u8, 1].map(|salt| {
            let mut hasher = DefaultHasher::new();
            salt.hash(&mut hasher);
            hasher
        });
        for column in &self.order {
            let name = &columns[*column];
            let Some(value) = run.settings.get(*column).and_then(Option::as_ref) else {
                continue;
            };
            // A run that is not repeated does not have this setting.
            if name == "repetition" && *value == Value::Whole(0) {
                continue;
            }
            let setting = (name, value.to_string());
            for hasher in &mut hashers {
                setting.hash(hasher);
            }
        }
        hashers.map(|hasher| hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(rates: &str, more: &str) -> Plan {
        let source = format!(
            "epochs = 1
            objective = [{{ formula = 'w^2', start = {{ w = 1 }} }}]
            {more}
            [[optimizer]]
            method = 'sgd'
            learning_rate = {rates}"
        );
        Plan::new("test.toml", &source).unwrap()
    }

    fn matched(recorded: &Plan, now: &Plan) -> Vec<Option<u64>> {
        let numbers: Vec<u64> = (0..now.runs.count()).collect();
        let matching = Matching::new(recorded, now, &numbers);
        numbers.iter().map(|one| matching.recorded(*one)).collect()
    }

    #[test]
    fn runs_are_found_by_their_settings() {
        let recorded = plan("[0.1, 0.2, 0.3]", "");
        let now = plan("[0.3, 0.15, 0.1]", "");
        assert_eq!(matched(&recorded, &now), [Some(2), None, Some(0)]);
        let numbers: Vec<u64> = (0..3).collect();
        let matching = Matching::new(&recorded, &now, &numbers);
        assert!(matching.awaits(0) && matching.awaits(2) && !matching.awaits(1));
        let same = plan("[0.1, 0.2, 0.3]", "# a remark");
        assert_eq!(matched(&recorded, &same), [Some(0), Some(1), Some(2)]);
    }

    #[test]
    fn what_is_written_twice_is_found_twice() {
        let recorded = plan("[0.1, 0.1]", "");
        let now = plan("[0.1, 0.1, 0.1]", "");
        assert_eq!(matched(&recorded, &now), [Some(0), Some(1), None]);
    }

    #[test]
    fn the_first_repetition_is_the_run_that_was_not_repeated() {
        let drawn = |more: &str| {
            let source = format!(
                "epochs = 1
                {more}
                objective = [{{ formula = 'w^2', start = {{ w = {{ uniform = [0, 1] }} }} }}]
                optimizer = [{{ method = 'sgd', learning_rate = 0.1 }}]"
            );
            Plan::new("test.toml", &source).unwrap()
        };
        let (recorded, now) = (drawn(""), drawn("repetitions = 3"));
        assert_eq!(matched(&recorded, &now), [Some(0), None, None]);
    }
}
