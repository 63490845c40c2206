//! What `[[objective]]` and `[[derivative]]` share: a formula, the names in it,
//! and where each of them gets its value.

use std::collections::{HashMap, HashSet};

use super::Decider;
use crate::data::Dataset;
use crate::mistake::{At, Code, Mistake};
use crate::number::{counted, grouped, short};
use crate::objective::{self, Formula, FormulaMistake, Inputs};
use crate::plan::{MAX_OPERATIONS, MAX_VARIABLES};
use crate::spec::{Map, place_in_text};
use crate::text::each_once;
use gradtape_tape::Shape;

/// A formula up to this length is its own label.
const MAX_FORMULA_NAME_LENGTH: usize = 40;

/// A function as written in a table of the file.
pub(super) struct FormulaText<'a> {
    /// `formula`.
    pub(super) formula: Option<&'a At<String>>,
    /// `define`.
    pub(super) define: &'a Map<At<String>>,
    /// The names in `constants`.
    pub(super) constants: Vec<&'a At<String>>,
    /// The key that gives the variables: `start` or `at`.
    pub(super) table: &'static str,
    /// The names there; a list of starts repeats them.
    pub(super) variables: Vec<&'a At<String>>,
    /// The shape of each distinct one, in order.
    pub(super) shapes: Vec<Shape>,
    /// The names that `data` gives, with their shapes.
    pub(super) data: Vec<(&'a At<String>, Shape)>,
    /// Whether the key is there. Without it every variable would be unknown.
    pub(super) has_variables: bool,
    /// Whether a column of the report has this name already.
    pub(super) is_column: &'a dyn Fn(&str) -> bool,
    /// The kind of that report.
    pub(super) report: &'static str,
    /// What cannot be done with a formula without variables.
    pub(super) deed: &'static str,
}

impl Decider<'_> {
    /// The function; `None` after reporting its errors.
    pub(super) fn function(&mut self, written: &FormulaText<'_>) -> Option<objective::Objective> {
        let before = self.mistakes.len();
        if !self.are_few(written) {
            return None;
        }
        self.names_of(written);
        // The meaning of a formula with an invalid name is unknown.
        if self.mistakes.len() > before {
            return None;
        }
        let formula = written.formula?;
        // All texts are parsed before any is used, so that each is checked in one go.
        let parsed = self.formula(formula);
        let definitions: Vec<_> = written
            .define
            .iter()
            .map(|(name, text)| Some((name.value.clone(), self.formula(text)?)))
            .collect();
        let (parsed, definitions) = (
            parsed?,
            definitions.into_iter().collect::<Option<Vec<_>>>()?,
        );
        let is_constant = |name: &str| objective::CONSTANTS.iter().any(|(known, _)| *known == name);
        if parsed.names().all(|(name, _)| is_constant(name)) {
            self.no_variable(formula, written);
            return None;
        }
        if !written.has_variables {
            return None;
        }
        let variables = written.variables.iter().map(|name| name.value.as_str());
        let constants = written.constants.iter().map(|name| name.value.clone());
        let data = written.data.iter();
        let inputs = Inputs {
            variables: each_once(variables)
                .into_iter()
                .zip(written.shapes.iter().cloned())
                .collect(),
            constants: constants.collect(),
            data: data
                .map(|(name, shape)| (name.value.clone(), shape.clone()))
                .collect(),
        };
        match objective::Objective::new(parsed, definitions, inputs) {
            Ok(function) if function.variables().is_empty() => {
                self.no_variable(formula, written);
                None
            }
            Ok(function) => {
                let used = function.used_names().into_iter().map(str::to_owned);
                self.unused(written, &used.collect());
                self.is_short(&function, formula).then_some(function)
            }
            Err(mistakes) => {
                let suggested = self.formula_mistakes(written, mistakes);
                // Unused names are reported along with a misspelt name, not because of it.
                let texts = written
                    .define
                    .iter()
                    .map(|(_, text)| text)
                    .chain([formula])
                    .filter_map(|text| Formula::parse(&text.value).ok());
                let named = texts.flat_map(|text| {
                    let names = text.names().map(|(name, _)| name.to_owned());
                    names.collect::<Vec<_>>()
                });
                let used = named.chain(suggested).collect();
                self.unused(written, &used);
                None
            }
        }
    }

    /// Reports a formula that fits all rows of the data, but not the smaller number of a batch
    /// or of validation.
    pub(super) fn fits_parts(
        &mut self,
        written: &FormulaText<'_>,
        function: &objective::Objective,
        data: &Dataset,
    ) -> Option<()> {
        for (rows, part) in data.parts() {
            let Err(mut mistakes) = function.fits(&data.shapes(rows)) else {
                continue;
            };
            for FormulaMistake { mistake, .. } in &mut mistakes {
                let rows = counted(rows, "row");
                mistake.help = format!("this applies to {part}, which has {rows}");
            }
            self.formula_mistakes(written, mistakes);
            return None;
        }
        Some(())
    }

    /// Reports numbers of the data that are not classes where `one_hot` expects classes.
    pub(super) fn fits_classes(
        &mut self,
        written: &FormulaText<'_>,
        function: &objective::Objective,
        data: &Dataset,
    ) -> Option<()> {
        let is_wrong = |place: usize, classes: usize| {
            let array = data.arrays.get(place)?;
            #[expect(clippy::cast_precision_loss, reason = "far fewer classes than 2^53")]
            let is_class = |x: &f64| *x == x.floor() && (0.0..classes as f64).contains(x);
            let mut values = array.training.iter().chain(&*array.validation);
            let other = values.find(|x| !is_class(x))?;
            let (name, other) = (&array.name, short(*other));
            let message = format!(
                "`{name}` has the value {other}, which is not a class of \
                 `one_hot({name}, {classes})`"
            );
            Some(message)
        };
        let fits = function.one_hot_fits(is_wrong);
        fits.map_err(|mistakes| self.formula_mistakes(written, mistakes))
            .ok()
    }

    /// Reports too many variables and constants, before anything else is done with them,
    /// since their number is only bounded by the length of the file.
    fn are_few(&mut self, written: &FormulaText<'_>) -> bool {
        let names = written.variables.iter().chain(&written.constants);
        let names: HashSet<&str> = names.map(|name| name.value.as_str()).collect();
        if names.len() <= MAX_VARIABLES {
            return true;
        }
        let what = if written.constants.is_empty() {
            "variables"
        } else {
            "variables and constants"
        };
        let message = format!("{} {what} are too many", grouped(names.len() as u128));
        let first = written.variables.iter().chain(&written.constants).next();
        if let Some(first) = first {
            let label = format!("expected at most {}", grouped(MAX_VARIABLES as u128));
            self.mistake(Code::TooLarge, &first.span, message, label);
        }
        false
    }

    /// Reports texts that alone have more operations than allowed with the derivatives.
    fn is_short(&mut self, function: &objective::Objective, formula: &At<String>) -> bool {
        let size = function.size();
        if size <= MAX_OPERATIONS {
            return true;
        }
        // A single text is bounded by itself, so there are definitions.
        let message = format!(
            "the formula and its definitions have {} numbers, names and symbols",
            grouped(size as u128)
        );
        let label = format!("expected at most {}", grouped(MAX_OPERATIONS as u128));
        self.mistake(Code::TooLarge, &formula.span, message, label);
        false
    }

    fn no_variable(&mut self, formula: &At<String>, written: &FormulaText<'_>) {
        let message = "the formula has no variable";
        let label = format!("nothing here can be {}", written.deed);
        self.mistake(Code::Formula, &formula.span, message, label);
    }

    /// Checks that each name has one meaning.
    fn names_of(&mut self, written: &FormulaText<'_>) {
        let mut given: HashMap<&str, &str> = HashMap::new();
        let mut told = HashSet::new();
        let variables = written.variables.iter().copied();
        let variables = variables.filter(|name| told.insert(name.value.as_str()));
        let variables: Vec<&At<String>> = variables.collect();
        let names = variables
            .into_iter()
            .map(|name| (written.table, name))
            .chain(written.define.iter().map(|(name, _)| ("define", name)))
            .chain(written.constants.iter().map(|name| ("constants", *name)))
            .chain(written.data.iter().map(|(name, _)| ("data", *name)));
        for (table, name) in names {
            if !objective::is_name(&name.value) {
                let message = format!("`{}` cannot be a name in a formula", name.value);
                let label = "expected letters, digits and `_`, starting with a letter";
                self.mistake(Code::WrongValue, &name.span, message, label);
            } else if objective::is_reserved_name(&name.value) {
                let message = format!("`{}` already has a meaning in a formula", name.value);
                self.mistake(Code::NameTaken, &name.span, message, "choose another name");
            } else if table != "define" && (written.is_column)(&name.value) {
                let message = format!("`{}` is a column of the {}", name.value, written.report);
                self.mistake(Code::NameTaken, &name.span, message, "choose another name");
            } else if let Some(other) = given.get(name.value.as_str()) {
                let message = format!(
                    "`{}` is given twice, in `{other}` and in `{table}`",
                    name.value
                );
                let label = "a name can have only one meaning";
                self.mistake(Code::NameTaken, &name.span, message, label);
            }
            given.entry(&name.value).or_insert(table);
        }
    }

    fn formula(&mut self, text: &At<String>) -> Option<Formula> {
        match Formula::parse(&text.value) {
            Ok(formula) => Some(formula),
            Err(mistakes) => {
                for mistake in mistakes {
                    self.in_text(text, mistake);
                }
                None
            }
        }
    }

    /// Reports an error in a text at its place in the file.
    fn in_text(&mut self, text: &At<String>, mut mistake: Mistake) {
        let part = mistake.span.take().unwrap_or(0..text.value.len());
        let span = if text.value.is_empty() {
            text.span.clone()
        } else {
            place_in_text(self.source, &text.span, part)
        };
        self.mistakes.push(Mistake {
            span: Some(span),
            ..mistake
        });
    }

    /// Reports the errors of a formula; returns the suggested names.
    fn formula_mistakes(
        &mut self,
        written: &FormulaText<'_>,
        mistakes: Vec<FormulaMistake>,
    ) -> Vec<String> {
        let mut suggested = Vec::new();
        for FormulaMistake {
            definition,
            mut mistake,
            valueless,
            suggested: name,
        } in mistakes
        {
            let is_misread = |name: &String| self.misread.contains(name);
            if valueless.as_ref().is_some_and(is_misread) {
                continue;
            }
            let has_suggestion = name.is_some();
            suggested.extend(name);
            if let Some(name) = valueless.filter(|_| !has_suggestion) {
                let table = written.table;
                let what = match table {
                    "start" => "its initial value",
                    _ => "its values",
                };
                mistake.label = format!("not in `{table}`, `define` or `constants`");
                mistake.help = format!(
                    "give a variable {what} in `{table} = {{ {name} = … }}`, \
                     or a constant its value in `constants = {{ {name} = … }}`"
                );
            }
            let is_vector = |(_, shape): &(&At<String>, &Shape)| !shape.is_empty();
            let mut shaped = written.variables.iter().copied().zip(&written.shapes);
            let vector = shaped.find(is_vector).map(|(name, _)| &name.value);
            let is_loss = mistake.label == "a loss must be a single number";
            if let (true, "start", Some(name)) = (is_loss, written.table, vector) {
                mistake.help = format!(
                    "{}; for several starts of a single number write a list of tables: \
                     start = [{{ {name} = 1 }}, {{ {name} = 2 }}]",
                    mistake.help
                );
            }
            let text = match definition {
                Some(place) => written.define.get(place).map(|(_, text)| text),
                None => written.formula,
            };
            if let Some(text) = text {
                self.in_text(text, mistake);
            }
        }
        suggested
    }

    /// Reports names that are given but not used.
    fn unused(&mut self, written: &FormulaText<'_>, used: &HashSet<String>) {
        let mut told = HashSet::new();
        let variables = written.variables.iter().map(|name| (written.table, *name));
        let constants = written.constants.iter().map(|name| ("constants", *name));
        let data = written.data.iter().map(|(name, _)| ("columns", *name));
        for (table, name) in variables.chain(constants).chain(data) {
            if !used.contains(&name.value) && told.insert(&name.value) {
                let message = format!("`{}` is not used in the formula", name.value);
                let label = format!("remove it from `{table}`, or use it");
                self.mistake(Code::UnknownName, &name.span, message, label);
            }
        }
    }
}

/// The label of objective or derivative number `place` of `of` if it has no name: a
/// short formula is its own label.
pub(super) fn default_name(formula: &str, what: &str, place: usize, of: usize) -> String {
    if formula.chars().count() <= MAX_FORMULA_NAME_LENGTH && !formula.contains('\n') {
        formula.trim().to_owned()
    } else if of == 1 {
        what.to_owned()
    } else {
        format!("{what} {}", place + 1)
    }
}
