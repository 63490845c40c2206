//! Objectives that are test functions.

use super::Decider;
use super::start::customary;
use super::zip::{ZipTarget, zip_of};
use crate::mistake::{At, Code, nearest, suggestion};
use crate::number::Value;
use crate::objective::catalogue::{self, Instance, MinimumKind};
use crate::plan::ends::Ends;
use crate::plan::grid::{Grid, Series};
use crate::plan::{Bounds, MAX_OBJECTIVES, Objective};
use crate::spec::{self, Values};

/// A function of the catalogue with its number of variables, or the formula of the file.
pub(super) enum Source<'a> {
    Formula,
    Catalogue(&'a At<String>, Instance, Option<u64>),
}

impl Decider<'_> {
    /// The functions of a table; none if it is invalid.
    pub(super) fn sources<'w>(&mut self, written: &'w spec::Objective) -> Vec<Source<'w>> {
        let has = |key: &str| written.keys.iter().any(|known| known == key);
        let Some(names) = &written.function else {
            if !has("formula") && !has("function") {
                let message = "`[[objective]]` has no `formula` and no `function`";
                let help = "give a formula with a `start`, or the name of a test function; \
                            `runner functions` lists them";
                self.advise(Code::MissingKey, &written.span, message, "", help);
            }
            if let Some(dimension) = &written.dimension {
                let message = "`dimension` needs a `function`";
                let label = "the variables of a formula have the lengths of their starts";
                self.mistake(Code::Conflict, &dimension.span, message, label);
            }
            return vec![Source::Formula];
        };
        for (key, span) in [
            ("formula", written.formula.as_ref().map(|text| &text.span)),
            ("define", written.define.first().map(|(name, _)| &name.span)),
            (
                "constants",
                written.constants.first().map(|(name, _)| &name.span),
            ),
            ("data", written.data.as_ref().map(|data| &data.span)),
        ] {
            if let Some(span) = span {
                let message = format!("`function` and `{key}` cannot be combined");
                let label = "a test function has its own formula";
                self.mistake(Code::Conflict, span, message, label);
            }
        }
        for key in zip_of(written, ZipTarget::Constants).iter().flatten() {
            let message = format!("`zip` names `{}`, which is not given here", key.value);
            let label = "a test function has no constants; its starts are named `start.…`";
            self.mistake(Code::UnknownName, &key.span, message, label);
        }
        if let (Some(name), true) = (&written.name, names.list.len() > 1) {
            let message = "several functions cannot share a name";
            let label = "remove it, as each has its own, or use one table for each";
            self.mistake(Code::Conflict, &name.span, message, label);
        }
        let dimensions = self.dimensions(written);
        let mut sources = Vec::new();
        for name in &names.list {
            let Some(function) = catalogue::Function::named(&name.value) else {
                let message = format!("unknown test function `{}`", name.value);
                let (label, help) = match nearest(&name.value, catalogue::names()) {
                    Some(near) => (format!("did you mean `{near}`?"), ""),
                    None => {
                        let label = "no function has this name".to_owned();
                        (label, "`runner functions` lists them")
                    }
                };
                self.advise(Code::UnknownName, &name.span, message, label, help);
                continue;
            };
            for dimension in &dimensions {
                let dimension = dimension.or_else(|| started_dimension(written));
                let count = dimension.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
                match function.instance(count) {
                    Ok(instance) => {
                        let shown = dimension.filter(|_| written.dimension.is_some());
                        sources.push(Source::Catalogue(name, instance, shown));
                    }
                    Err(error) => {
                        let place = written.dimension.as_ref().map(|one| &one.span);
                        let start = written.start.iter().flatten().next();
                        let start = start.map(|start| &start.span);
                        let span = place.or(start).unwrap_or(&name.span);
                        let label = format!("expected {}", error.expected);
                        self.mistake(Code::WrongValue, span, error.to_string(), label);
                    }
                }
            }
        }
        sources
    }

    /// The dimensions that the file gives; `None` for one that it does not give.
    fn dimensions(&mut self, written: &spec::Objective) -> Vec<Option<u64>> {
        let Some(setting) = &written.dimension else {
            return vec![None];
        };
        if let Values::Range(range) = &setting.values
            && range.count.value > MAX_OBJECTIVES as u64
        {
            let message = "each dimension is a separate objective";
            let label = format!("expected at most {MAX_OBJECTIVES}");
            self.mistake(Code::TooLarge, &range.count.span, message, label);
            return Vec::new();
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "every value was checked to be a small integer"
        )]
        let whole = |value: Value| value.number().map(|n| n.wide().round_ties_even() as u64);
        Series::new(setting).iter().map(whole).collect()
    }

    pub(super) fn catalogue_objective(
        &mut self,
        written: &spec::Objective,
        name: &At<String>,
        instance: &Instance,
        dimension: Option<u64>,
        place: usize,
    ) -> Option<Objective> {
        let names = instance.variables.iter().map(|(name, _)| name.clone());
        let variables: Vec<String> = names.collect();
        let known = written.start.iter().flatten();
        let known = known.flat_map(|start| &start.value);
        let before = self.mistakes.len();
        for (given, _) in known {
            if !variables.contains(&given.value) {
                let message = format!("`{}` has no variable `{}`", name.value, given.value);
                let known = variables.iter().map(String::as_str);
                let label = suggestion(&given.value, "available variables", known);
                self.mistake(Code::UnknownName, &given.span, message, label);
            }
        }
        if self.mistakes.len() > before {
            return None;
        }
        let starts = if let Some(starts) = &written.start {
            self.starts(starts, &variables, Some(&instance.variables))?
        } else {
            let mut rest = &instance.start[..];
            let each = instance.variables.iter().map(|(_, shape)| {
                let (own, others) = rest.split_at(shape.elements().unwrap_or(0).min(rest.len()));
                rest = others;
                customary(shape, own)
            });
            vec![each.collect()]
        };
        if let Some(minimum) = &written.minimum {
            self.minimum(minimum, &variables);
        }
        let function = instance.objective();
        let known = instance.minima.first();
        let minimum_at = match &written.minimum {
            Some(minimum) => self.minimum_at(minimum, &function),
            None => known.map(|known| known.at.clone()),
        };
        let others = instance.minima.iter().skip(1);
        let others =
            others.filter(|one| one.kind == MinimumKind::Global && written.minimum.is_none());
        let other_minima = others.map(|one| one.at.clone()).collect();
        let mut objective = Objective {
            name: written
                .name
                .as_ref()
                .map_or_else(|| name.value.clone(), |name| name.value.clone()),
            formula: instance.function.formula.to_owned(),
            minimum: match &written.minimum {
                Some(minimum) => minimum.value.as_ref().map(|value| value.value),
                None => known.map(|known| known.value.into()),
            },
            minimum_at,
            other_minima,
            bounds: vec![Bounds::none(); function.parameters().len()],
            dimension,
            data: None,
            table: place,
            constants: Grid::default(),
            start_ends: Ends::default(),
            starts: Vec::new(),
            function,
        };
        self.finish(written, &mut objective, starts)?;
        Some(objective)
    }
}

/// The number of variables of a test function with one vector, from the first start.
fn started_dimension(written: &spec::Objective) -> Option<u64> {
    let [(_, start), ..] = &written.start.as_ref()?.first()?.value[..] else {
        return None;
    };
    match start {
        spec::Start::Array(array) => Some(array.value.len() as u64),
        spec::Start::Draw(draw) => draw.length.as_ref().map(|length| length.value),
        spec::Start::Setting(_) => None,
    }
}
