//! A function of the catalogue with a fixed number of variables.

use std::fmt;

use super::{Dimension, Function, Gradient, KnownMinimum, MAX_DIMENSION, MinimumKind, Trait};
use crate::number::grouped;
use crate::objective::{Formula, Inputs, Objective};
use gradtape_engine::Program;
use gradtape_tape::{Graph, Precision, Shape, Subnormals};

/// A function of the catalogue with a fixed number of variables: everything that
/// depends on it is evaluated.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The function.
    pub function: &'static Function,
    /// The number of coordinates.
    pub dimension: usize,
    /// The names and shapes of the variables; their elements, one after the other,
    /// are the coordinates of all points here.
    pub variables: Vec<(String, Shape)>,
    /// The standard starting point.
    pub start: Vec<f64>,
    /// The interval of each coordinate; the ends may be infinite.
    pub domain: Vec<(f64, f64)>,
    /// The plotted intervals, all finite.
    pub view: Vec<(f64, f64)>,
    /// The minima that are known for this dimension, the best first.
    pub minima: Vec<Minimum>,
}

/// A minimum at a point.
#[derive(Clone, Debug)]
pub struct Minimum {
    /// Where it is.
    pub at: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// The possible error of the value.
    pub precision: f64,
    /// Whether there is a lower value somewhere in the domain.
    pub kind: MinimumKind,
    /// The gradient there.
    pub gradient: Gradient,
    /// A remark; may be empty.
    pub note: &'static str,
}

/// A number of variables that a function cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongDimension {
    /// The name of the function.
    pub function: &'static str,
    /// The requested number.
    pub asked: usize,
    /// The possible numbers.
    pub expected: Dimension,
}

impl fmt::Display for WrongDimension {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = grouped(self.asked as u128);
        if self.asked > MAX_DIMENSION {
            let most = grouped(MAX_DIMENSION as u128);
            return write!(
                formatter,
                "a function has at most {most} variables, not {asked}"
            );
        }
        let WrongDimension {
            function, expected, ..
        } = self;
        write!(formatter, "{function} has {expected}, not {asked}")
    }
}

impl std::error::Error for WrongDimension {}

impl Function {
    /// The function with `dimension` variables, or with its default number of them.
    ///
    /// # Errors
    ///
    /// If it cannot have this number of variables.
    pub fn instance(&'static self, dimension: Option<usize>) -> Result<Instance, WrongDimension> {
        let dimension = dimension.unwrap_or(self.dimension.usual());
        if !self.dimension.allows(dimension) {
            return Err(WrongDimension {
                function: self.name,
                asked: dimension,
                expected: self.dimension,
            });
        }
        let variables = match self.dimension {
            Dimension::Fixed(1) => vec![("x".to_owned(), Shape::scalar())],
            Dimension::Fixed(2) => ["x", "y"]
                .map(|name| (name.to_owned(), Shape::scalar()))
                .into(),
            _ => vec![("x".to_owned(), Shape::from([dimension]))],
        };
        let domain = intervals(self.domain, dimension)
            .unwrap_or_else(|| vec![(f64::NEG_INFINITY, f64::INFINITY); dimension]);
        let minima = self.minima.iter();
        let minima = minima.filter(|minimum| minimum.only.is_none_or(|only| only == dimension));
        Ok(Instance {
            function: self,
            dimension,
            variables,
            start: coordinates(self.start, dimension),
            view: intervals(self.view, dimension).unwrap_or_else(|| domain.clone()),
            domain,
            minima: minima.map(|minimum| minimum.located(dimension)).collect(),
        })
    }
}

impl Instance {
    /// The function as an objective.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    /// use gradtape_engine::Program;
    /// use gradtape_experiment::objective::catalogue::Function;
    ///
    /// let booth = Function::named("booth").expect("it is in the catalogue");
    /// let objective = booth.instance(None)?.objective();
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let [x, y] = [graph.input([]), graph.input([])];
    /// let loss = objective.trace(&graph, &[x, y], &[], &[]);
    /// assert_eq!(Program::new(&graph, &[loss]).evaluate(&[1.0, 3.0]), [0.0]);
    /// # Ok::<(), gradtape_experiment::objective::catalogue::WrongDimension>(())
    /// ```
    #[must_use]
    pub fn objective(&self) -> Objective {
        const TESTED: &str = "a test makes an objective of every row of the table";
        let definitions = self.function.definitions.iter();
        let definitions = definitions.map(|(name, text)| {
            let formula = Formula::parse(text).expect(TESTED);
            ((*name).to_owned(), formula)
        });
        let inputs = Inputs {
            variables: self.variables.clone(),
            ..Inputs::default()
        };
        let formula = Formula::parse(self.function.formula).expect(TESTED);
        Objective::new(formula, definitions.collect(), inputs).expect(TESTED)
    }

    /// The traits of the function with this number of variables.
    pub fn traits(&self) -> impl Iterator<Item = Trait> {
        const ALL: [Trait; 6] = [
            Trait::Convex,
            Trait::Smooth,
            Trait::Separable,
            Trait::Multimodal,
            Trait::LowerOutside,
            Trait::Unbounded,
        ];
        let has = |wanted: &Trait| self.function.has(*wanted, self.dimension);
        ALL.into_iter().filter(has)
    }
}

impl KnownMinimum {
    fn located(&self, dimension: usize) -> Minimum {
        Minimum {
            at: coordinates(self.at, dimension),
            value: Text::new(self.value).number(1, dimension),
            precision: self.precision,
            kind: self.kind,
            gradient: self.gradient,
            note: self.note,
        }
    }
}

/// The first `dimension` coordinates, repeated from the first if there are fewer.
fn coordinates(pattern: &[&str], dimension: usize) -> Vec<f64> {
    let texts: Vec<Text> = pattern.iter().map(|text| Text::new(text)).collect();
    let texts = texts.iter().cycle().zip(1..=dimension);
    texts.map(|(text, i)| text.number(i, dimension)).collect()
}

/// The same of intervals; `None` if there are none.
fn intervals(pattern: &[(&str, &str)], dimension: usize) -> Option<Vec<(f64, f64)>> {
    if pattern.is_empty() {
        return None;
    }
    let (low, high): (Vec<&str>, Vec<&str>) = pattern.iter().copied().unzip();
    let (low, high) = (coordinates(&low, dimension), coordinates(&high, dimension));
    Some(low.into_iter().zip(high).collect())
}

/// A number of the table, or a formula of `i` and `n`.
enum Text {
    Number(f64),
    Formula(Program<f64>),
}

impl Text {
    fn new(text: &str) -> Self {
        if let Ok(number) = text.parse() {
            return Text::Number(number);
        }
        let formula = Formula::parse(text).expect("a test reads every formula of the table");
        let graph = Graph::new(Precision::F64, Subnormals::Keep);
        let (i, n) = (graph.input([]), graph.input([]));
        let value = formula.trace(&graph, &[("i", i), ("n", n)].into());
        Text::Formula(Program::new(&graph, &[value]))
    }

    #[expect(clippy::cast_precision_loss, reason = "no dimension is near 2^53")]
    fn number(&self, i: usize, n: usize) -> f64 {
        match self {
            Text::Number(number) => *number,
            Text::Formula(program) => program.evaluate(&[i as f64, n as f64])[0],
        }
    }
}
