//! Objectives: from the text of a formula to a node of a graph.

mod formula;
mod function;
mod partial;

use std::collections::{HashMap, HashSet};

use crate::autodiff::{Graph, Real, Var};
use crate::mistake::{Mistake, Span, nearest};

pub use formula::{Formula, GREATEST_DEPTH, GREATEST_SIZE, is_name, is_reserved_name};
pub use function::{Arity, CONSTANTS, FUNCTIONS, Function};
pub use partial::Partial;

/// A function of some variables that can be recorded in a graph: a formula,
/// the parts of it that have a name, and its free numbers.
///
/// # Examples
///
/// ```
/// use gradtape::autodiff::{Graph, Subnormals};
/// use gradtape::engine::Program;
/// use gradtape::objective::{Formula, Objective};
///
/// let parse = |text| Formula::parse(text).expect("well formed");
/// let objective = Objective::new(
///     parse("a*r^2"),
///     vec![("r".to_owned(), parse("sqrt(x^2 + y^2)"))],
///     vec!["x".to_owned(), "y".to_owned()],
///     vec!["a".to_owned()],
/// )
/// .expect("every name has a value");
/// let graph = Graph::<f64>::new(Subnormals::Keep);
/// let [x, y, a] = [graph.input(), graph.input(), graph.input()];
/// let loss = objective.trace(&graph, &[x, y], &[a]);
/// assert_eq!(Program::new(&graph, &[loss]).evaluate(&[3.0, 4.0, 2.0]), [50.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Objective {
    formula: Formula,
    /// Each uses only those before it.
    definitions: Vec<(String, Formula)>,
    variables: Vec<String>,
    constants: Vec<String>,
}

/// A mistake in one of the texts of an objective.
#[derive(Clone, Debug, PartialEq)]
pub struct FormulaMistake {
    /// The definition that it is in, by its place in the list; `None` if it is
    /// in the formula itself.
    pub definition: Option<usize>,
    /// The mistake, with places counted from the start of that text.
    pub mistake: Mistake,
    /// The right name that was suggested, if one was.
    pub suggested: Option<String>,
    /// The name without a value that the mistake is about, if it is about one.
    /// Where it could get a value is for the caller to say.
    pub valueless: Option<String>,
}

impl Objective {
    /// Puts the parts together.
    ///
    /// # Errors
    ///
    /// Names without a value, definitions that need themselves, and a formula
    /// that does not depend on any variable.
    pub fn new(
        formula: Formula,
        definitions: Vec<(String, Formula)>,
        variables: Vec<String>,
        constants: Vec<String>,
    ) -> Result<Self, Vec<FormulaMistake>> {
        let mut mistakes = Vec::new();
        let names = variables
            .iter()
            .chain(&constants)
            .chain(definitions.iter().map(|(name, _)| name))
            .map(String::as_str)
            .chain(CONSTANTS.iter().map(|(name, _)| *name));
        let known: HashSet<&str> = names.clone().collect();
        let texts = definitions
            .iter()
            .enumerate()
            .map(|(index, (_, text))| (Some(index), text));
        for (definition, text) in texts.chain([(None, &formula)]) {
            let mut told = HashSet::new();
            for (name, span) in text.names() {
                if known.contains(name) || !told.insert(name) {
                    continue;
                }
                let suggested = if mistakes.len() < SUGGESTIONS {
                    nearest(name, names.clone())
                } else {
                    None
                };
                let mistake = match suggested {
                    Some(near) => {
                        let label = format!("did you mean `{near}`?");
                        Mistake::new(span.clone(), format!("unknown variable `{name}`"), label)
                    }
                    None => {
                        let message = format!("`{name}` has no value");
                        Mistake::new(span.clone(), message, "")
                    }
                };
                let suggested = suggested.map(str::to_owned);
                mistakes.push(FormulaMistake {
                    definition,
                    mistake,
                    valueless: Some(name.to_owned()),
                    suggested,
                });
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let definitions = ordered(definitions)?;
        Ok(Objective {
            formula,
            definitions,
            variables,
            constants,
        })
    }

    /// The variables, in the order of [`Objective::new`].
    #[must_use]
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The free numbers, in the order of [`Objective::new`].
    #[must_use]
    pub fn constants(&self) -> &[String] {
        &self.constants
    }

    /// The names that the formula needs, directly or through definitions.
    #[must_use]
    pub fn used_names(&self) -> HashSet<&str> {
        let mut used: HashSet<&str> = self.formula.names().map(|(name, _)| name).collect();
        for (name, text) in self.definitions.iter().rev() {
            if used.contains(name.as_str()) {
                used.extend(text.names().map(|(name, _)| name));
            }
        }
        used
    }

    /// How many numbers, names, operators and functions the formula and its
    /// definitions have: about as many operations are recorded for the value.
    #[must_use]
    pub fn size(&self) -> usize {
        let definitions = self.definitions.iter().map(|(_, text)| text.size());
        self.formula.size() + definitions.sum::<usize>()
    }

    /// Records the value for the given variables and constants, in the order of
    /// [`Objective::new`].
    ///
    /// # Panics
    ///
    /// If there are fewer variables or constants than names.
    pub fn trace<'g, T: Real>(
        &self,
        graph: &'g Graph<T>,
        variables: &[Var<'g, T>],
        constants: &[Var<'g, T>],
    ) -> Var<'g, T> {
        assert_eq!(
            variables.len(),
            self.variables.len(),
            "one value for each variable"
        );
        assert_eq!(
            constants.len(),
            self.constants.len(),
            "one value for each constant"
        );
        let names = self
            .variables
            .iter()
            .chain(&self.constants)
            .map(String::as_str);
        let mut values: HashMap<&str, Var<'g, T>> = names
            .zip(variables.iter().chain(constants).copied())
            .collect();
        for (name, text) in &self.definitions {
            let value = text.trace(graph, &values);
            values.insert(name, value);
        }
        self.formula.trace(graph, &values)
    }

    /// Records the function and its derivatives in an empty graph, whose inputs
    /// become the variables and then the constants. The derivatives are by the
    /// variables at the places `with_respect_to`, in the order of `partials`;
    /// `None` if the graph becomes larger than `limit`, as for [`Partial::trace`].
    #[must_use]
    pub fn derivatives<'g, T: Real>(
        &self,
        graph: &'g Graph<T>,
        with_respect_to: &[usize],
        partials: &[Partial],
        limit: usize,
    ) -> Option<Vec<Var<'g, T>>> {
        let inputs = |count: usize| (0..count).map(|_| graph.input()).collect::<Vec<_>>();
        let variables = inputs(self.variables.len());
        let constants = inputs(self.constants.len());
        let function = self.trace(graph, &variables, &constants);
        let by = with_respect_to.iter();
        let by: Option<Vec<Var<'g, T>>> = by.map(|place| variables.get(*place).copied()).collect();
        Partial::trace(graph, function, &by?, partials, limit)
    }
}

/// So many wrong names are compared with all right ones; more would take time and
/// are not read.
const SUGGESTIONS: usize = 100;

/// The definitions, each after those that it uses.
fn ordered(
    definitions: Vec<(String, Formula)>,
) -> Result<Vec<(String, Formula)>, Vec<FormulaMistake>> {
    let places: HashMap<&str, usize> = definitions
        .iter()
        .enumerate()
        .map(|(place, (name, _))| (name.as_str(), place))
        .collect();
    // Which definitions use each one, and how many each waits for.
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); definitions.len()];
    let mut missing: Vec<usize> = vec![0; definitions.len()];
    for (place, (_, text)) in definitions.iter().enumerate() {
        for (name, _) in text.names() {
            if let Some(used) = places.get(name) {
                users[*used].push(place);
                missing[place] += 1;
            }
        }
    }
    let mut level: Vec<usize> = vec![0; definitions.len()];
    let ready = (0..definitions.len()).filter(|place| missing[*place] == 0);
    let mut order: Vec<usize> = ready.collect();
    let mut next = 0;
    while let Some(place) = order.get(next).copied() {
        next += 1;
        for user in &users[place] {
            missing[*user] -= 1;
            level[*user] = level[*user].max(level[place] + 1);
            if missing[*user] == 0 {
                order.push(*user);
            }
        }
    }
    if let Some(blocked) = (0..definitions.len()).find(|place| missing[*place] > 0) {
        let (name, text) = &definitions[blocked];
        let waits = |(used, _): &(&str, &Span)| places.get(used).is_some_and(|at| missing[*at] > 0);
        let place = text.names().find(waits);
        let (used, span) = place.expect("a blocked definition uses one that waits");
        return Err(vec![FormulaMistake {
            definition: Some(blocked),
            mistake: Mistake::new(
                span.clone(),
                format!("the definition of `{name}` needs itself"),
                format!("`{used}` is not defined without it"),
            ),
            suggested: None,
            valueless: None,
        }]);
    }
    // The order decides in which order derivatives are added up, and so their last
    // bits: by the number of steps that a definition stands above the variables,
    // then by the place in the file.
    order.sort_by_key(|place| (level[*place], *place));
    let mut definitions: Vec<_> = definitions.into_iter().map(Some).collect();
    let ordered = order.into_iter().map(|place| definitions[place].take());
    Ok(ordered.flatten().collect())
}
