//! Objectives: from the text of a formula to a node of a graph.
//!
//! A [`Formula`] is parsed text. An [`Objective`] also has the shapes of all names, so
//! every shape in it is known and compatible. It is recorded in a [`Graph`], where a sum over
//! a thousand elements is one operation.

pub mod catalogue;
mod cause;
mod document;
mod formula;
mod function;
mod gradient;
mod partial;
mod transform;

use std::collections::{HashMap, HashSet};

use formula::{Checker, FormulaTypes, Type, described};

use crate::mistake::{Code, Mistake, Span, nearest};
use gradtape_tape::{Array, Graph, Shape};

#[doc(hidden)]
pub use self::{
    formula::{GRAMMAR, MAX_DEPTH, MAX_ELEMENTS, MAX_ELEMENTS_TOGETHER, is_reserved_name},
    function::{Arity, CONSTANTS, FUNCTIONS, Function},
    gradient::GradientText,
    partial::Partial,
    transform::{MAX_ROTATION, Transform, WrongTransform},
};
pub use crate::language::{MAX_SIZE, is_name};
#[doc(hidden)]
pub use cause::Cause;
pub(crate) use cause::Explainer;
#[doc(hidden)]
pub use document::documentation;
pub use formula::Formula;

/// A function of variables that can be recorded in a graph: a formula with its
/// named parts (definitions) and its constants.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{Graph, Precision, Subnormals};
/// use gradtape_engine::Program;
/// use gradtape_experiment::objective::{Formula, Inputs, Objective};
///
/// let parse = |text| Formula::parse(text).expect("well formed");
/// let inputs = Inputs {
///     constants: vec!["a".to_owned()],
///     ..Inputs::numbers(["x", "y"])
/// };
/// let definition = ("r".to_owned(), parse("sqrt(x^2 + y^2)"));
/// let objective = Objective::new(parse("a*r^2"), vec![definition], inputs)
///     .expect("every name has a value");
/// let graph = Graph::new(Precision::F64, Subnormals::Keep);
/// let [x, y, a] = [graph.input([]), graph.input([]), graph.input([])];
/// let loss = objective.trace(&graph, &[x, y], &[a], &[]);
/// assert_eq!(Program::new(&graph, &[loss]).evaluate(&[3.0, 4.0, 2.0]), [50.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Objective {
    formula: Formula,
    /// Each uses only those before it.
    definitions: Vec<Definition>,
    inputs: Inputs,
    parameters: Vec<String>,
    has_arrays: bool,
    transform: Option<Transform>,
    elements: usize,
}

/// A named part of an objective.
#[derive(Clone, Debug)]
struct Definition {
    name: String,
    formula: Formula,
    /// Its index in the given list.
    place: usize,
}

/// The names that receive values, with the shapes of these values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs {
    /// The optimised variables.
    pub variables: Vec<(String, Shape)>,
    /// Numbers that are set and not optimised.
    pub constants: Vec<String>,
    /// Fixed arrays, with their shapes for all rows; arrays with fewer rows can
    /// replace them.
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

/// An error in one of the formulas of an objective.
#[derive(Clone, Debug, PartialEq)]
pub struct FormulaMistake {
    /// The index of the definition with the error; `None` for the formula itself.
    pub definition: Option<usize>,
    /// The error, with positions relative to the start of that text.
    pub mistake: Mistake,
    /// The suggested name, if any.
    pub suggested: Option<String>,
    /// The name without a value, if that is the error. The caller explains where to
    /// give it one.
    pub valueless: Option<String>,
}

impl Objective {
    /// Combines the parts into an objective.
    ///
    /// # Errors
    ///
    /// Names without a value, circular definitions, incompatible shapes, and a
    /// formula that gives more than one number.
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
                        Mistake::new(
                            Code::UnknownName,
                            span.clone(),
                            format!("unknown variable `{name}`"),
                            label,
                        )
                    }
                    None => {
                        let message = format!("`{name}` has no value");
                        Mistake::new(Code::UnknownName, span.clone(), message, "")
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
        let mut objective = Objective {
            formula,
            definitions,
            parameters: parameters.collect(),
            inputs,
            has_arrays: false,
            transform: None,
            elements: 0,
        };
        let variables = shapes(&objective.inputs.variables);
        let found = objective.shaped(&variables, &shapes(&objective.inputs.data))?;
        objective.elements = found.iter().map(FormulaTypes::elements).sum();
        objective.has_arrays = found.iter().any(FormulaTypes::has_arrays)
            || objective.inputs.variables.iter().any(is_array)
            || objective.inputs.data.iter().any(is_array);
        Ok(objective)
    }

    /// Checks that all data passed to `one_hot` are valid classes, since any other number
    /// would silently give a row of zeros. `is_wrong` describes what is wrong with an
    /// array, given its index and the number of classes.
    ///
    /// # Errors
    ///
    /// The descriptions that `is_wrong` returns.
    pub(crate) fn one_hot_fits(
        &self,
        is_wrong: impl Fn(usize, usize) -> Option<String>,
    ) -> Result<(), Vec<FormulaMistake>> {
        let shaped = self.shaped(&shapes(&self.inputs.variables), &shapes(&self.inputs.data))?;
        let definitions = self.definitions.iter();
        let texts = definitions.map(|one| (Some(one.place), &one.formula));
        let texts = texts.chain([(None, &self.formula)]).zip(&shaped);
        let mut mistakes = Vec::new();
        for ((definition, text), shaped) in texts {
            for (name, classes, span) in text.one_hots(shaped) {
                let mut data = self.inputs.data.iter();
                let place = data.position(|(known, _)| known == name);
                let wrong = place.and_then(|place| is_wrong(place, classes));
                mistakes.extend(wrong.map(|message| FormulaMistake {
                    definition,
                    mistake: Mistake::new(
                        Code::Data,
                        span.clone(),
                        message,
                        match classes {
                            1 => "expected 0 in all rows".to_owned(),
                            _ => format!("expected integers from 0 to {}", classes - 1),
                        },
                    ),
                    suggested: None,
                    valueless: None,
                }));
            }
        }
        if mistakes.is_empty() {
            Ok(())
        } else {
            Err(mistakes)
        }
    }

    /// The shapes of all sub-formulas: those of the definitions, then those of the
    /// formula.
    fn shaped(
        &self,
        variables: &[Shape],
        data: &[Shape],
    ) -> Result<Vec<FormulaTypes>, Vec<FormulaMistake>> {
        let mut types: HashMap<&str, Type> = HashMap::new();
        let unknown = |shape: &Shape| Type {
            shape: shape.clone(),
            known: None,
        };
        let inputs = self.inputs.variables.iter().zip(variables);
        for ((name, _), shape) in inputs.chain(self.inputs.data.iter().zip(data)) {
            types.insert(name, unknown(shape));
        }
        for name in &self.inputs.constants {
            types.insert(name, unknown(&Shape::scalar()));
        }
        let mut checker = Checker::new();
        let (mut found, mut mistakes) = (Vec::new(), Vec::new());
        let definitions = self.definitions.iter();
        let texts = definitions.map(|one| (Some(one.place), one.name.as_str(), &one.formula));
        for (definition, name, text) in texts.chain([(None, "", &self.formula)]) {
            match checker.check(text, &types) {
                Ok(shaped) => {
                    types.insert(name, shaped.whole().clone());
                    found.push(shaped);
                }
                Err(list) => {
                    let told = list.into_iter().map(|mistake| FormulaMistake {
                        definition,
                        mistake,
                        suggested: None,
                        valueless: None,
                    });
                    mistakes.extend(told);
                }
            }
        }
        let shape = found.last().map(|shaped| &shaped.whole().shape);
        if let Some(shape) = shape.filter(|shape| mistakes.is_empty() && !shape.is_empty()) {
            let message = format!("the formula gives {}", described(shape));
            let mistake = Mistake::new(
                Code::Shape,
                self.formula.span(),
                message,
                "a loss must be a single number",
            );
            mistakes.push(FormulaMistake {
                definition: None,
                mistake: mistake.help("add the elements with `sum(…)` or take their `mean(…)`"),
                suggested: None,
                valueless: None,
            });
        }
        if mistakes.is_empty() {
            Ok(found)
        } else {
            Err(mistakes)
        }
    }

    /// The formula itself.
    #[must_use]
    pub fn formula(&self) -> &Formula {
        &self.formula
    }

    /// The definitions, each before those that use it.
    pub fn definitions(&self) -> impl Iterator<Item = (&str, &Formula)> {
        let definitions = self.definitions.iter();
        definitions.map(|one| (one.name.as_str(), &one.formula))
    }

    /// The variables with their shapes, in the order of [`Objective::new`].
    #[must_use]
    pub fn variables(&self) -> &[(String, Shape)] {
        &self.inputs.variables
    }

    /// The names of the elements of all variables: `x` for a number, `x[0]`, `x[1]`,
    /// … for a vector, `W[0,0]`, `W[0,1]`, … for a matrix, row by row.
    #[must_use]
    pub fn parameters(&self) -> &[String] {
        &self.parameters
    }

    /// The constants, in the order of [`Objective::new`].
    #[must_use]
    pub fn constants(&self) -> &[String] {
        &self.inputs.constants
    }

    /// Records the value for the given parameters and constants, in the order of
    /// [`Objective::parameters`] and [`Objective::constants`]: the same as
    /// [`Objective::trace`], with vectors and matrices element by element.
    ///
    /// # Panics
    ///
    /// If the number of parameters or constants is wrong, or if there is data.
    pub fn trace_elements<'g>(
        &self,
        graph: &'g Graph,
        parameters: &[Array<'g>],
        constants: &[Array<'g>],
    ) -> Array<'g> {
        let (found, expected) = (parameters.len(), self.parameters.len());
        assert_eq!(found, expected, "one value for each parameter");
        assert!(self.data().is_empty(), "data stays in arrays");
        if !self.has_arrays {
            return self.trace(graph, parameters, constants, &[]);
        }
        let arrays = graph.alike();
        let (variables, numbers) = self.inputs_of(&arrays);
        let value = self.trace(&arrays, &variables, &numbers, &[]);
        arrays.unroll(graph, &[parameters, constants].concat(), &[value])[0][0]
    }

    /// The operation that recorded the nodes with this label in a [`Graph`], and
    /// the name of its definition, if it is in one.
    fn labelled(&self, label: u32) -> Option<(formula::Operation<'_>, Option<&str>)> {
        let definitions = self.definitions.iter();
        let texts = definitions.map(|one| (Some(one.name.as_str()), &one.formula));
        let mut first = 1;
        for (name, formula) in texts.chain([(None, &self.formula)]) {
            let place = label.checked_sub(first)?;
            if place < formula.labels() {
                return Some((formula.operation(place as usize)?, name));
            }
            first += formula.labels();
        }
        None
    }

    /// New inputs of a graph for the variables and the constants.
    #[doc(hidden)]
    pub fn inputs_of<'g>(&self, graph: &'g Graph) -> (Vec<Array<'g>>, Vec<Array<'g>>) {
        let variables = self.inputs.variables.iter();
        let variables = variables.map(|(_, shape)| graph.input(shape));
        (variables.collect(), graph.numbers(self.constants().len()))
    }
}

#[doc(hidden)]
impl Objective {
    /// The same function with its coordinates, those of [`Objective::parameters`],
    /// transformed first.
    ///
    /// # Panics
    ///
    /// If the transform has a different number of coordinates.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    /// use gradtape_engine::Program;
    /// use gradtape_experiment::objective::{Formula, Inputs, Objective, Transform};
    ///
    /// let formula = Formula::parse("(x - 1)^2 + 100*y^2").expect("well formed");
    /// let objective = Objective::new(formula, vec![], Inputs::numbers(["x", "y"]));
    /// let transform = Transform::new(&[1.0, 0.0], &[2.0, 5.0], Some(1), &[])?;
    /// let turned = objective.expect("both have a value").with_transform(transform);
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let [x, y] = [graph.input([]), graph.input([])];
    /// let loss = turned.trace(&graph, &[x, y], &[], &[]);
    /// assert_eq!(Program::new(&graph, &[loss]).evaluate(&[3.0, 5.0]), [0.0]);
    /// # Ok::<(), gradtape_experiment::objective::WrongTransform>(())
    /// ```
    #[must_use]
    pub fn with_transform(mut self, transform: Transform) -> Self {
        let (found, expected) = (transform.dimension(), self.parameters.len());
        assert_eq!(found, expected, "one coordinate for each parameter");
        self.transform = Some(transform);
        self
    }

    /// The transform given to [`Objective::with_transform`].
    #[must_use]
    pub fn transform(&self) -> Option<&Transform> {
        self.transform.as_ref()
    }

    /// Whether data of other shapes, such as some of the rows, can replace the
    /// declared data.
    ///
    /// # Errors
    ///
    /// The shapes that would be incompatible.
    pub fn fits(&self, data: &[Shape]) -> Result<(), Vec<FormulaMistake>> {
        self.shaped(&shapes(&self.inputs.variables), data)
            .map(|_| ())
    }

    /// The data arrays with their shapes, in the order of [`Objective::new`].
    #[must_use]
    pub fn data(&self) -> &[(String, Shape)] {
        &self.inputs.data
    }

    /// Whether anything in it is a vector or a matrix, and not only numbers.
    #[must_use]
    pub fn has_arrays(&self) -> bool {
        self.has_arrays
    }

    /// The total number of elements of all vectors and matrices that are computed,
    /// without variables and data: at most [`MAX_ELEMENTS_TOGETHER`].
    #[must_use]
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// The names that the formula uses, directly or through definitions.
    #[must_use]
    pub fn used_names(&self) -> HashSet<&str> {
        let mut used: HashSet<&str> = self.formula.names().map(|(name, _)| name).collect();
        for definition in self.definitions.iter().rev() {
            if used.contains(definition.name.as_str()) {
                used.extend(definition.formula.names().map(|(name, _)| name));
            }
        }
        used
    }

    /// The number of numbers, names, operators and functions in the formula and its
    /// definitions: about the number of operations recorded for the value.
    #[must_use]
    pub fn size(&self) -> usize {
        let definitions = self.definitions.iter().map(|one| one.formula.size());
        self.formula.size() + definitions.sum::<usize>()
    }

    /// Records the value for the given variables, constants and data, in the order
    /// of [`Objective::variables`], [`Objective::constants`] and
    /// [`Objective::data`].
    ///
    /// # Panics
    ///
    /// If their numbers are wrong, or if their shapes are neither the declared ones
    /// nor [compatible](Objective::fits).
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Shape, Subnormals};
    /// use gradtape_engine::Program;
    /// use gradtape_experiment::objective::{Formula, Inputs, Objective};
    ///
    /// let formula = Formula::parse("mean((X @ w - y)^2)").expect("well formed");
    /// let shaped = |name: &str, shape: &[usize]| (name.to_owned(), Shape::from(shape));
    /// let inputs = Inputs {
    ///     variables: vec![shaped("w", &[2])],
    ///     data: vec![shaped("X", &[3, 2]), shaped("y", &[3])],
    ///     ..Inputs::default()
    /// };
    /// let objective = Objective::new(formula, vec![], inputs).expect("the shapes fit");
    /// assert_eq!(objective.parameters(), ["w[0]", "w[1]"]);
    ///
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let w = graph.input([2]);
    /// let rows = graph.data([1, 2], [3.0, 5.0].into());
    /// let y = graph.data([1], [12.0].into());
    /// let loss = objective.trace(&graph, &[w], &[], &[rows, y]);
    /// assert_eq!(Program::new(&graph, &[loss]).evaluate(&[1.0, 2.0]), [1.0]);
    /// ```
    pub fn trace<'g>(
        &self,
        graph: &'g Graph,
        variables: &[Array<'g>],
        constants: &[Array<'g>],
        data: &[Array<'g>],
    ) -> Array<'g> {
        let counts = [variables.len(), constants.len(), data.len()];
        let expected = [
            self.variables().len(),
            self.constants().len(),
            self.data().len(),
        ];
        assert_eq!(counts, expected, "one value for each name");
        let changed = self.transform.as_ref();
        let changed = changed.map(|one| one.trace(graph, variables));
        let variables = changed.as_deref().unwrap_or(variables);
        let shapes = |arrays: &[Array<'g>]| -> Vec<Shape> {
            arrays.iter().map(|array| array.shape()).collect()
        };
        let mut found = Vec::new();
        if self.has_arrays {
            let shaped = self.shaped(&shapes(variables), &shapes(data));
            found = shaped.expect("the shapes fit, as documented");
        }
        let mut found = found.iter();
        let names = self.inputs.variables.iter().map(|(name, _)| name);
        let names = names.chain(self.constants());
        let names = names.chain(self.inputs.data.iter().map(|(name, _)| name));
        let all = variables.iter().chain(constants).chain(data).copied();
        let mut values: HashMap<&str, Array<'g>> = names.map(String::as_str).zip(all).collect();
        let mut label = 1;
        for Definition { name, formula, .. } in &self.definitions {
            let value = formula.record(found.next(), graph, &values, label);
            label += formula.labels();
            values.insert(name, value);
        }
        self.formula.record(found.next(), graph, &values, label)
    }

    /// Records the function and its derivatives in an empty graph, whose inputs
    /// become the variables and then the constants. `with_respect_to` holds the
    /// indices of the parameters of differentiation; the derivatives are in the order
    /// of `partials`. `None` if the graph exceeds `limit` operations, as for
    /// [`Partial::trace`], or an index is not that of a parameter.
    ///
    /// Arrays are differentiated as arrays, since at a tie the derivative of a largest
    /// element is shared.
    #[must_use]
    pub fn derivatives<'g>(
        &self,
        graph: &'g Graph,
        with_respect_to: &[usize],
        partials: &[Partial],
        limit: usize,
    ) -> Option<Vec<Array<'g>>> {
        let (variables, constants) = self.inputs_of(graph);
        let function = self.trace(graph, &variables, &constants, &[]);
        // Each parameter as a variable, and the index of its element.
        let places = variables.iter().flat_map(|variable| {
            let elements = variable.shape().elements().unwrap_or(0);
            (0..elements).map(move |element| (*variable, element))
        });
        let places: Vec<(Array<'g>, usize)> = places.collect();
        let by = with_respect_to.iter();
        let by: Option<Vec<_>> = by.map(|place| places.get(*place).copied()).collect();
        Partial::trace(graph, function, &by?, partials, limit)
    }
}

fn shapes(named: &[(String, Shape)]) -> Vec<Shape> {
    named.iter().map(|(_, shape)| shape.clone()).collect()
}

fn is_array((_, shape): &(String, Shape)) -> bool {
    !shape.is_empty()
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

/// Maximum number of wrong names that are compared with all known ones; more would
/// take time and are not read.
const SUGGESTIONS: usize = 100;

/// The definitions, each after those that it uses.
fn ordered(definitions: Vec<(String, Formula)>) -> Result<Vec<Definition>, Vec<FormulaMistake>> {
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
                Code::Formula,
                span.clone(),
                format!("the definition of `{name}` is circular"),
                format!("`{used}` leads into a cycle"),
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
    let ordered = order.into_iter().filter_map(|place| {
        let (name, formula) = definitions[place].take()?;
        Some(Definition {
            name,
            formula,
            place,
        })
    });
    Ok(ordered.collect())
}
