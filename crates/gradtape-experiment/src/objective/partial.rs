//! A function with all its partial derivatives up to an order.

use std::collections::HashMap;
use std::fmt::Write as _;

use gradtape_tape::{Array, Graph};

/// A partial derivative: the variables of differentiation, as indices into a list,
/// in ascending order. The order of differentiation does not matter, so each
/// derivative occurs once. The function itself is the derivative of order 0.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::objective::Partial;
///
/// let names = ["x".to_owned(), "b".to_owned()];
/// let all = Partial::up_to(2, 2);
/// let shown: Vec<String> = all.iter().map(|partial| partial.name(&names)).collect();
/// assert_eq!(shown, ["f", "df/dx", "df/db", "d^2f/dx^2", "d^2f/dx db", "d^2f/db^2"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Partial(Vec<usize>);

impl Partial {
    /// The number of derivatives up to `order` for this number of variables, including
    /// the function itself: (variables + order)! / (variables! order!). `None` if it
    /// exceeds `u64`.
    #[must_use]
    pub fn count(variables: usize, order: usize) -> Option<u64> {
        let variables = u64::try_from(variables).ok()?;
        let order = u64::try_from(order).ok()?;
        // Each step is a binomial coefficient, so no division leaves a remainder.
        (1..=order).try_fold(1_u64, |count, step| {
            Some(count.checked_mul(variables.checked_add(step)?)? / step)
        })
    }

    /// All derivatives up to `order` for this number of variables: the function, then
    /// order by order, with those by earlier variables first in each order.
    #[must_use]
    pub fn up_to(variables: usize, order: usize) -> Vec<Partial> {
        let mut all = vec![Partial(Vec::new())];
        let mut last = 0..1;
        for _ in 0..order {
            let begin = all.len();
            for place in last {
                let from = all[place].0.last().copied().unwrap_or(0);
                for variable in from..variables {
                    let mut by = all[place].0.clone();
                    by.push(variable);
                    all.push(Partial(by));
                }
            }
            last = begin..all.len();
        }
        all
    }

    /// The order of the derivative.
    #[must_use]
    pub fn order(&self) -> usize {
        self.0.len()
    }

    /// The name of the derivative, for these names of variables. Powers are written
    /// with `^`, since a name can end in a digit, and factors with a space, since a name
    /// can begin with any letter.
    #[must_use]
    pub fn name(&self, variables: &[String]) -> String {
        let mut text = match self.order() {
            0 => return "f".to_owned(),
            1 => "df/".to_owned(),
            order => format!("d^{order}f/"),
        };
        for (place, same) in self.0.chunk_by(|a, b| a == b).enumerate() {
            let blank = if place == 0 { "" } else { " " };
            let name = same.first().and_then(|variable| variables.get(*variable));
            let name = name.map_or("", String::as_str);
            // Writing to a string cannot fail.
            let _ = match same.len() {
                1 => write!(text, "{blank}d{name}"),
                power => write!(text, "{blank}d{name}^{power}"),
            };
        }
        text
    }

    /// Records derivatives of `function` by elements of variables, in the order of
    /// `partials`, which is that of [`Partial::up_to`]. `None` if the graph exceeds
    /// `limit` nodes or operations. This is checked after each pass; a pass adds a small
    /// multiple of the existing nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    /// use gradtape_engine::Program;
    /// use gradtape_experiment::objective::Partial;
    ///
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let (x, y) = (graph.input([]), graph.input([]));
    /// let partials = Partial::up_to(2, 2);
    /// let by = [(x, 0), (y, 0)];
    /// let values = Partial::trace(&graph, x * x * y, &by, &partials, 1000).expect("few nodes");
    /// assert_eq!(Program::new(&graph, &values).evaluate(&[3.0, 5.0]), [45.0, 30.0, 9.0, 10.0, 6.0, 0.0]);
    /// ```
    pub fn trace<'g>(
        graph: &'g Graph,
        function: Array<'g>,
        by: &[(Array<'g>, usize)],
        partials: &[Partial],
        limit: usize,
    ) -> Option<Vec<Array<'g>>> {
        let fits = || graph.len() <= limit && graph.operations() <= limit as u64;
        // By an element and all later ones in one pass.
        let gradient = |target, from: usize| {
            let elements = &by[from..];
            let mut variables: Vec<Array<'g>> = elements.iter().map(|(of, _)| *of).collect();
            variables.dedup_by_key(|variable| variable.node());
            let gradient = graph.gradient(target, &variables);
            let mut place = 0;
            let element = |(of, element): &(Array<'g>, usize)| {
                place += usize::from(variables[place].node() != of.node());
                let whole = gradient[place];
                match whole.shape().elements() {
                    Some(1) => whole.reshape([]),
                    count => whole.reshape([count.unwrap_or(0)]).index(0, *element),
                }
            };
            let derivatives: Vec<_> = elements.iter().map(element).collect();
            fits().then_some(derivatives)
        };
        let mut known: HashMap<&[usize], Array<'g>> = HashMap::new();
        let mut gradients: HashMap<&[usize], Vec<Array<'g>>> = HashMap::new();
        let mut values = Vec::with_capacity(partials.len());
        for Partial(by) in partials {
            let value = match by.split_last() {
                None => function,
                Some((variable, rest)) => {
                    let from = rest.last().copied().unwrap_or(0);
                    if !gradients.contains_key(rest) {
                        gradients.insert(rest, gradient(known.get(rest).copied()?, from)?);
                    }
                    *gradients.get(rest)?.get(variable - from)?
                }
            };
            known.insert(by, value);
            values.push(value);
        }
        fits().then_some(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_derivative_is_there_once_under_a_name_of_its_own() {
        // Names that would be ambiguous if powers and factors were not separated.
        let names = ["x", "x2", "dx", "y"].map(str::to_owned);
        for variables in 0..=4 {
            for order in 0..=4 {
                let all = Partial::up_to(variables, order);
                assert_eq!(Some(all.len() as u64), Partial::count(variables, order));
                let shown: HashSet<String> = all.iter().map(|one| one.name(&names)).collect();
                assert_eq!(shown.len(), all.len());
                assert!(
                    all.windows(2)
                        .all(|pair| pair[0].order() <= pair[1].order())
                );
            }
        }
        assert_eq!(Partial(vec![0, 0, 3]).name(&names), "d^3f/dx^2 dy");
    }

    #[test]
    fn a_count_beyond_all_bounds_is_none() {
        assert_eq!(Partial::count(10, 4), Some(1001));
        assert_eq!(Partial::count(usize::MAX, 4), None);
    }
}
