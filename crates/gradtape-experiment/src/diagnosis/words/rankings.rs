//! Rankings with the names of settings, for tables and sentences.

use super::parts::{brief, rounded, title};
use crate::diagnosis::facts::ranking::{
    Rank, SettingComparison, SettingRanking, SettingRuns, TestMethod,
};
use crate::plan::{Objective, Plan};

/// The settings of an objective, the best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// The place of the objective in the plan.
    pub objective: usize,
    /// Its name, with its dimension where others have the same name.
    pub title: String,
    /// The best [`MAX_SETTINGS`](super::super::MAX_SETTINGS), and the best one of each optimizer.
    pub settings: Vec<RankedSetting>,
    /// The number of all settings.
    pub of: u64,
    /// The name of the test that compares them; `None` without a comparison.
    pub test: Option<&'static str>,
}

/// A setting with the results of its runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedSetting {
    /// The values that distinguish it from other settings of its objective.
    pub label: String,
    /// The place of its optimizer in the plan.
    pub optimizer: usize,
    /// Its first run.
    pub first_run: u64,
    /// Number of runs.
    pub runs: u64,
    /// The smallest loss, the quartiles and the largest loss; a diverged run counts as infinite.
    pub losses: [f64; 5],
    /// The number of runs with the status `converged`.
    pub converged: u64,
    /// The number of runs that reached the known minimum; `None` if none is known.
    pub reached: Option<u64>,
    /// The number of runs that diverged.
    pub diverged: u64,
    /// The comparison with the best setting.
    pub comparison: SettingComparison,
}

impl Rank {
    /// The name of the loss that ranks the runs of an objective.
    #[must_use]
    pub fn quantity(objective: &Objective) -> &'static str {
        match objective.has_validation() {
            true => "validation loss",
            false => "loss",
        }
    }
}

impl SettingComparison {
    /// The text for tables and sentences; empty for the best setting.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            SettingComparison::Best => String::new(),
            SettingComparison::Differs(p) if *p < 1e-4 => "p < 0.0001".to_owned(),
            SettingComparison::Differs(p) => format!("p = {}", rounded(*p, 1)),
            SettingComparison::NoDifference(_) => "no difference at 5 %".to_owned(),
            SettingComparison::TooFew => "too few repetitions to tell".to_owned(),
            SettingComparison::NotRandom => "all repetitions are the same".to_owned(),
        }
    }
}

impl Ranking {
    pub(crate) fn new(plan: &Plan, ranking: &SettingRanking) -> Self {
        let is_known = plan.objectives[ranking.objective].has_known_minimum();
        let setting = |(one, comparison): &(SettingRuns, SettingComparison)| RankedSetting {
            label: label(plan, one, &ranking.settings),
            optimizer: one.optimizer,
            first_run: one.first_run,
            runs: one.members.losses.len() as u64,
            losses: one.quartiles,
            converged: one.members.converged,
            reached: is_known.then_some(one.members.reached),
            diverged: one.members.diverged,
            comparison: *comparison,
        };
        Ranking {
            objective: ranking.objective,
            title: title(plan, ranking.objective),
            settings: ranking.settings.iter().map(setting).collect(),
            of: ranking.of,
            test: ranking.method.map(TestMethod::name),
        }
    }
}

impl TestMethod {
    fn name(self) -> &'static str {
        match self {
            TestMethod::SignedRank => "Wilcoxon's signed-rank test",
            TestMethod::RankSum => "the Mann–Whitney test",
            TestMethod::Both => {
                "Wilcoxon's signed-rank test where repetitions share their starting points, else \
                 the Mann–Whitney test"
            }
        }
    }
}

/// The label of a setting, with its first run if others have the same label.
fn label(plan: &Plan, setting: &SettingRuns, all: &[(SettingRuns, SettingComparison)]) -> String {
    let name = |setting: &SettingRuns| {
        let left_out = ["objective", "dimension", "repetition"];
        let run = plan.run(setting.first_run);
        let label = plan.label_by(&run, |column| !left_out.contains(&&*plan.columns()[column]));
        if label == plan.objectives[run.objective].name {
            return brief(&plan.optimizers[run.optimizer].name);
        }
        brief(&label)
    };
    let own = name(setting);
    let mut others = all
        .iter()
        .map(|(one, _)| one)
        .filter(|one| one.first_run != setting.first_run);
    match others.any(|other| name(other) == own) {
        true => format!("{own} (from run {})", setting.first_run),
        false => own,
    }
}
