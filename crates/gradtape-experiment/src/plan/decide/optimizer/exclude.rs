//! Combinations that are excluded.

use std::collections::BTreeSet;

use super::super::Decider;
use super::Variant;
use crate::mistake::{Code, suggestion};
use crate::number::Value;
use crate::plan::MAX_RUNS;
use crate::plan::grid::Grid;
use crate::spec;

/// What `exclude` of a table has matched in its combinations so far.
#[derive(Debug, Default)]
pub(super) struct Exclusion {
    /// The settings that some combination of methods, conventions and schedules has.
    names: BTreeSet<String>,
    /// For each entry, whether it excluded anything.
    hits: Vec<bool>,
    /// Whether some combination remains.
    leaves_any: bool,
}

/// What can be excluded in addition to settings.
const METHOD: &str = "method";
const CONVENTION: &str = "convention";

impl Decider<'_> {
    /// The grid without the excluded combinations; `None` if none remain.
    pub(super) fn without(
        written: &spec::Optimizer,
        variant: Variant<'_>,
        grid: Grid,
        exclusion: &mut Exclusion,
    ) -> Option<Grid> {
        if written.exclude.is_empty() {
            return Some(grid);
        }
        exclusion.hits.resize(written.exclude.len(), false);
        let names = grid.series().map(|(name, _)| name.to_owned());
        exclusion.names.extend(names);
        // That many are rejected as too many runs.
        if grid.count().is_none_or(|count| count > MAX_RUNS) {
            exclusion.leaves_any = true;
            exclusion.hits.fill(true);
            return Some(grid);
        }
        let name = |name: &str| Some(Value::Name(name.to_owned()));
        let left = grid.without(|point| {
            let mut is_excluded = false;
            for (filter, hit) in written.exclude.iter().zip(&mut exclusion.hits) {
                let holds = filter.value.holds(&mut |key| match key.value.as_str() {
                    METHOD => name(variant.method.name()),
                    CONVENTION => name(variant.convention.name()),
                    key => {
                        let mut settings = point.iter();
                        let found = settings.find(|(name, _)| *name == key);
                        found.map(|(_, value)| value.clone())
                    }
                });
                *hit |= holds;
                is_excluded |= holds;
            }
            is_excluded
        });
        exclusion.leaves_any |= left.is_some();
        left
    }

    /// Reports errors in `exclude` of a table whose combinations are all decided.
    pub(super) fn judge(&mut self, written: &spec::Optimizer, exclusion: &Exclusion) {
        let known = || {
            let names = exclusion.names.iter().map(String::as_str);
            names.chain([METHOD, CONVENTION])
        };
        let before = self.mistakes.len();
        for filter in &written.exclude {
            for setting in filter.value.settings() {
                if !known().any(|name| name == setting.value) {
                    let message = format!("unknown setting `{}` in `exclude`", setting.value);
                    let label = suggestion(&setting.value, "available settings", known());
                    self.mistake(Code::UnknownName, &setting.span, message, label);
                }
            }
        }
        if self.mistakes.len() > before {
            return;
        }
        let entries = written.exclude.iter().zip(&exclusion.hits);
        for (filter, hit) in entries {
            if !hit {
                let label = "no combination of this table has these settings";
                let message = "`exclude` matches no combination";
                self.mistake(Code::NoRun, &filter.span, message, label);
            }
        }
        if let (Some(first), false) = (written.exclude.first(), exclusion.leaves_any) {
            let label = "at least one combination must remain";
            let message = "`exclude` matches every combination";
            self.mistake(Code::NoRun, &first.span, message, label);
        }
    }
}
