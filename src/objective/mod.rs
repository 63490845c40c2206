//! Objectives: from the text of a formula to a node of a graph.

pub mod catalogue;
mod formula;
mod function;
mod partial;

use std::collections::{HashMap, HashSet};

use crate::autodiff::{Graph, Real, Shape, Var};
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
/// use gradtape::objective::{Formula, Inputs, Objective};
///
/// let parse = |text| Formula::parse(text).expect("well formed");
/// let inputs = Inputs {
///     constants: vec!["a".to_owned()],
///     ..Inputs::numbers(["x", "y"])
/// };
/// let definition = ("r".to_owned(), parse("sqrt(x^2 + y^2)"));
/// let objective = Objective::new(parse("a*r^2"), vec![definition], inputs)
///     .expect("every name has a value");
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
    inputs: Inputs,
    parameters: Vec<String>,
}

/// The names that an objective gets values for, each with the shape of its
/// values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs {
    /// What is optimised.
    pub variables: Vec<(String, Shape)>,
    /// Free numbers that are not.
    pub constants: Vec<String>,
    /// Fixed arrays. Their shapes are those of all rows; an array of fewer rows
    /// can take their place.
    pub data: Vec<(String, Shape)>,
}

impl Inputs {
    /// Variables that are numbers, without constants and data.
    #[must_use]
    pub fn numbers<S: Into<String>>(variables: impl IntoIterator<Item = S>) -> Self {
        let variables = variables.into_iter();
        Inputs {
            variables: variables
                .map(|name| (name.into(), Shape::scalar()))
                .collect(),
            ..Inputs::default()
        }
    }
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
        inputs: Inputs,
    ) -> Result<Self, Vec<FormulaMistake>> {
        let mut mistakes = Vec::new();
        let shaped = inputs.variables.iter().chain(&inputs.data);
        let names = shaped
            .map(|(name, _)| name)
            .chain(&inputs.constants)
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
        let variables = inputs.variables.iter();
        let parameters = variables.flat_map(|(name, shape)| elements(name, shape));
        Ok(Objective {
            formula,
            definitions,
            parameters: parameters.collect(),
            inputs,
        })
    }

    /// The variables with their shapes, in the order of [`Objective::new`].
    #[must_use]
    pub fn variables(&self) -> &[(String, Shape)] {
        &self.inputs.variables
    }

    /// The numbers that the variables consist of: `x` of a number, `x[0]`, `x[1]`,
    /// … of a vector, `W[0,0]`, `W[0,1]`, … of a matrix, row by row.
    #[must_use]
    pub fn parameters(&self) -> &[String] {
        &self.parameters
    }

    /// The free numbers, in the order of [`Objective::new`].
    #[must_use]
    pub fn constants(&self) -> &[String] {
        &self.inputs.constants
    }

    /// The fixed arrays with their shapes, in the order of [`Objective::new`].
    #[must_use]
    pub fn data(&self) -> &[(String, Shape)] {
        &self.inputs.data
    }

    /// Whether anything in it is a vector or a matrix; else it is all numbers.
    #[must_use]
    pub fn has_arrays(&self) -> bool {
        let mut shaped = self.inputs.variables.iter().chain(&self.inputs.data);
        shaped.any(|(_, shape)| !shape.is_empty())
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

    /// Records the value for the given parameters and constants, in the order of
    /// [`Objective::parameters`] and [`Objective::constants`].
    ///
    /// # Panics
    ///
    /// If there are fewer parameters or constants than names, or if there is data.
    pub fn trace<'g, T: Real>(
        &self,
        graph: &'g Graph<T>,
        parameters: &[Var<'g, T>],
        constants: &[Var<'g, T>],
    ) -> Var<'g, T> {
        assert_eq!(
            parameters.len(),
            self.parameters.len(),
            "one value for each parameter"
        );
        assert_eq!(
            constants.len(),
            self.constants().len(),
            "one value for each constant"
        );
        let variables = self.inputs.variables.iter().map(|(name, _)| name);
        let names = variables.chain(self.constants()).map(String::as_str);
        let mut values: HashMap<&str, Var<'g, T>> = names
            .zip(parameters.iter().chain(constants).copied())
            .collect();
        for (name, text) in &self.definitions {
            let value = text.trace(graph, &values);
            values.insert(name, value);
        }
        self.formula.trace(graph, &values)
    }

    /// Records the function and its derivatives in an empty graph, whose inputs
    /// become the parameters and then the constants. The derivatives are by the
    /// parameters at the places `with_respect_to`, in the order of `partials`;
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
        let parameters = inputs(self.parameters.len());
        let constants = inputs(self.constants().len());
        let function = self.trace(graph, &parameters, &constants);
        let by = with_respect_to.iter();
        let by: Option<Vec<Var<'g, T>>> = by.map(|place| parameters.get(*place).copied()).collect();
        Partial::trace(graph, function, &by?, partials, limit)
    }
}

/// The names of the elements of an array, row by row.
fn elements(name: &str, shape: &Shape) -> Vec<String> {
    let mut names = vec![String::new()];
    for (axis, length) in shape.iter().enumerate() {
        let comma = if axis == 0 { "" } else { "," };
        let longer = |before: &String| {
            let before = before.clone();
            (0..*length).map(move |index| format!("{before}{comma}{index}"))
        };
        names = names.iter().flat_map(longer).collect();
    }
    let bracketed = |indices: String| match shape.is_empty() {
        true => name.to_owned(),
        false => format!("{name}[{indices}]"),
    };
    names.into_iter().map(bracketed).collect()
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
