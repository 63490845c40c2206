//! The experiment file as written.
//!
//! Reading checks the form: known keys, types and required keys. The meaning of the
//! values, and whether they are compatible, is decided by the [plan](crate::plan).

mod condition;
mod fields;
mod format;
mod load;
mod overrides;
mod reader;
mod text;

use crate::mistake::{At, Mistake, Span};
use crate::number::{Number, Value};

pub use condition::{Condition, Relation, Test, Wanted};
pub use format::{
    BOUND, CHART, CHART_KINDS, CLIP, DATA, DERIVATIVE, DERIVATIVE_EXPECT, DRAW, EXPECT, EXPERIMENT,
    FORMATS, MAX_LISTED, MAX_ORDER, MAX_VARIABLES, MINIMUM, OBJECTIVE, OF_DESCENTS, OPTIMIZER,
    POINTS_BOUND, RANGE, RECORD, SCHEDULE, STOP, STYLE, TRANSFORM,
};
pub use format::{Format, Key, Kind, Need, documentation};
pub use load::{LoadError, MAX_LENGTH, load};
pub use overrides::with_settings;
pub use text::place_in_text;

/// An experiment file. A part that is missing or was misread is `None` or absent; the
/// mistakes returned with it give the reason.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// `title`.
    pub title: Option<At<String>>,
    /// `description`.
    pub description: Option<At<String>>,
    /// `epochs`.
    pub epochs: Option<Setting>,
    /// `precision`.
    pub precision: Option<Setting>,
    /// `subnormals`.
    pub subnormals: Option<Setting>,
    /// `zip`.
    pub zip: Groups,
    /// `seed`.
    pub seed: Option<At<u64>>,
    /// `repetitions`.
    pub repetitions: Option<At<u64>>,
    /// `[[objective]]`.
    pub objectives: Vec<Objective>,
    /// `[[optimizer]]`.
    pub optimizers: Vec<Optimizer>,
    /// `[stop]`.
    pub stop: Stop,
    /// `[record]`.
    pub record: Record,
    /// `[[chart]]`.
    pub charts: Vec<Chart>,
    /// `[style]`.
    pub style: Style,
    /// `[[expect]]`.
    pub expectations: Vec<Expectation>,
    /// `[check]`.
    pub check: Check,
    /// `[[derivative]]`.
    pub derivatives: Vec<Derivative>,
    /// Names of free keys whose value was misread, such as a variable's: the file has
    /// them, but no map does.
    pub misread: Vec<String>,
}

/// One value, several, or a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The values.
    pub values: Values,
    /// The place of the whole value.
    pub span: Span,
}

/// The values of a [`Setting`].
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// One value, not in a list.
    One(At<Value>),
    /// A list, not empty.
    List(Vec<At<Value>>),
    /// Evenly spaced numbers.
    Range(Range),
}

/// Evenly spaced numbers from one to another, both included.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// The first number.
    pub from: At<Number>,
    /// The last number.
    pub to: At<Number>,
    /// The number of values.
    pub count: At<u64>,
    /// Whether ratios are equal instead of differences.
    pub log: bool,
}

/// Names with their values, in the order of the file.
pub type Map<T> = Vec<(At<String>, T)>;

/// Groups of names whose lists are zipped.
pub type Groups = Vec<Vec<At<String>>>;

/// One number or several.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// The numbers.
    pub list: Vec<At<Number>>,
    /// Whether they were written as a list.
    pub is_list: bool,
    /// The place of the whole value.
    pub span: Span,
}

/// One name or several.
#[derive(Clone, Debug, PartialEq)]
pub struct Names {
    /// The names.
    pub list: Vec<At<String>>,
    /// Whether they were written as a list.
    pub is_list: bool,
    /// The place of the whole value.
    pub span: Span,
}

/// `[[objective]]`.
#[derive(Clone, Debug)]
pub struct Objective {
    /// The head of the table.
    pub span: Span,
    /// `name`.
    pub name: Option<At<String>>,
    /// `formula`.
    pub formula: Option<At<String>>,
    /// `function`.
    pub function: Option<Names>,
    /// `dimension`.
    pub dimension: Option<Setting>,
    /// `start`: one table, or a list of tables, each with its place.
    pub starts: Vec<At<Map<Start>>>,
    /// Whether the file has a `start` that could be read, at least in part.
    pub has_start: bool,
    /// `define`.
    pub define: Map<At<String>>,
    /// `constants`.
    pub constants: Map<Setting>,
    /// `minimum`.
    pub minimum: Option<Minimum>,
    /// `transform`.
    pub transform: Option<Transform>,
    /// `data`.
    pub data: Option<Data>,
    /// `bounds`.
    pub bounds: Map<Numbers>,
    /// `zip`.
    pub zip: Groups,
    /// All keys, including those whose value was misread.
    pub keys: Vec<String>,
}

/// The start of one variable.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// A number or a range.
    Setting(Setting),
    /// A vector or a matrix, element by element or row by row.
    Array(At<Vec<Start>>),
    /// Numbers that are random, or one that is repeated.
    Draw(Draw),
}

impl Start {
    /// The place of the whole value.
    #[must_use]
    pub fn span(&self) -> &Span {
        match self {
            Start::Setting(setting) => &setting.span,
            Start::Array(array) => &array.span,
            Start::Draw(draw) => &draw.span,
        }
    }
}

/// A start that is random or repeats one number.
#[derive(Clone, Debug, PartialEq)]
pub struct Draw {
    /// `uniform`.
    pub uniform: Option<Numbers>,
    /// `normal`.
    pub normal: Option<Numbers>,
    /// `value`.
    pub value: Option<At<Number>>,
    /// `length`.
    pub length: Option<At<u64>>,
    /// `shape`.
    pub shape: Option<At<Vec<At<u64>>>>,
    /// The place of the whole value.
    pub span: Span,
    /// All keys, including those whose value was misread.
    pub keys: Vec<String>,
}

/// `minimum`.
#[derive(Clone, Debug)]
pub struct Minimum {
    /// `value`.
    pub value: At<Number>,
    /// `at`.
    pub at: Map<Numbers>,
}

/// `transform`.
#[derive(Clone, Debug)]
pub struct Transform {
    /// `shift`.
    pub shift: Option<Numbers>,
    /// `rotate`.
    pub rotate: Option<At<u64>>,
    /// `scale`.
    pub scale: Option<Numbers>,
    /// The place of the whole value.
    pub span: Span,
}

/// `data`.
#[derive(Clone, Debug)]
pub struct Data {
    /// `file`.
    pub file: At<String>,
    /// `columns`.
    pub columns: Map<Names>,
    /// `classes`.
    pub classes: Vec<At<String>>,
    /// `standardize`.
    pub standardize: Vec<At<String>>,
    /// `batch_size`.
    pub batch_size: Option<At<u64>>,
    /// `validation`.
    pub validation: Option<At<Number>>,
    /// The place of the whole value.
    pub span: Span,
}

/// `[[optimizer]]`.
#[derive(Clone, Debug)]
pub struct Optimizer {
    /// The head of the table.
    pub span: Span,
    /// `name`.
    pub name: Option<At<String>>,
    /// `method`.
    pub method: Option<Names>,
    /// `convention`.
    pub convention: Option<Names>,
    /// `schedule`: one table, or a list of tables.
    pub schedules: Vec<Schedule>,
    /// Whether the file has `schedule`, misread or not.
    pub has_schedule: bool,
    /// `clip`.
    pub clip: Option<Clip>,
    /// `zip`.
    pub zip: Groups,
    /// `exclude`.
    pub exclude: Vec<At<Filter>>,
    /// Every other key.
    pub settings: Map<Setting>,
    /// All keys, including those whose value was misread.
    pub keys: Vec<String>,
}

/// `schedule`.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The place of the whole value.
    pub span: Span,
    /// `kind`.
    pub kind: Option<At<String>>,
    /// `convention`.
    pub convention: Option<At<String>>,
    /// Every other key.
    pub settings: Map<Setting>,
    /// All keys, including those whose value was misread.
    pub keys: Vec<String>,
}

/// `clip`.
#[derive(Clone, Debug)]
pub struct Clip {
    /// The place of the whole value.
    pub span: Span,
    /// Those of `value`, `norm` and `global_norm` that the file has.
    pub limits: Vec<(&'static str, Setting)>,
    /// All keys, including those whose value was misread.
    pub keys: Vec<String>,
}

/// `[stop]`.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// The rules that the file has, with their limits.
    pub rules: Vec<(&'static str, At<Number>)>,
    /// `min_delta`.
    pub min_delta: Option<At<Number>>,
    /// All keys, including those whose value was misread.
    pub keys: Vec<String>,
}

/// `[record]`.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// `every`.
    pub every: Option<At<u64>>,
    /// `points`.
    pub points: Option<At<u64>>,
    /// `spacing`.
    pub spacing: Option<At<String>>,
    /// `parameters`.
    pub parameters: Option<Selection>,
    /// All keys, including those whose value was misread.
    pub keys: Vec<String>,
}

/// All, none, or some by name.
#[derive(Clone, Debug, PartialEq)]
pub enum Selection {
    /// `"all"`.
    All,
    /// `"none"`.
    None,
    /// A list of names.
    Some(Vec<At<String>>),
}

/// A filter: a condition on the settings of a run.
pub type Filter = Condition<At<String>>;

/// `[[chart]]`.
#[derive(Clone, Debug)]
pub struct Chart {
    /// The head of the table.
    pub span: Span,
    /// `kind`.
    pub kind: Option<At<String>>,
    /// `y`.
    pub y: Option<At<String>>,
    /// `x`.
    pub x: Option<At<String>>,
    /// `value`.
    pub value: Option<At<String>>,
    /// `x_scale`.
    pub x_scale: Option<At<String>>,
    /// `y_scale`.
    pub y_scale: Option<At<String>>,
    /// `value_scale`.
    pub value_scale: Option<At<String>>,
    /// `band`.
    pub band: Option<At<String>>,
    /// `objective`.
    pub objective: Option<Names>,
    /// `animate`.
    pub animate: Option<At<bool>>,
    /// `profile`.
    pub profile: Option<At<String>>,
    /// `tolerance`.
    pub tolerance: Option<At<Number>>,
    /// `targets`.
    pub targets: Option<Numbers>,
    /// `title`.
    pub title: Option<At<String>>,
    /// `file`.
    pub file: Option<At<String>>,
    /// `runs`.
    pub runs: Option<At<Filter>>,
    /// `group_by`.
    pub group_by: Option<At<String>>,
    /// `facet`.
    pub facet: Option<At<String>>,
    /// All keys, including those whose value was misread.
    pub keys: Vec<String>,
}

impl Chart {
    /// The place of the value of a key, if it was read.
    #[must_use]
    pub fn place_of(&self, key: &str) -> Option<&Span> {
        fn of<T>(value: &Option<At<T>>) -> Option<&Span> {
            value.as_ref().map(|value| &value.span)
        }
        match key {
            "kind" => of(&self.kind),
            "y" => of(&self.y),
            "x" => of(&self.x),
            "value" => of(&self.value),
            "x_scale" => of(&self.x_scale),
            "y_scale" => of(&self.y_scale),
            "value_scale" => of(&self.value_scale),
            "band" => of(&self.band),
            "objective" => self.objective.as_ref().map(|names| &names.span),
            "animate" => of(&self.animate),
            "profile" => of(&self.profile),
            "tolerance" => of(&self.tolerance),
            "targets" => self.targets.as_ref().map(|numbers| &numbers.span),
            "title" => of(&self.title),
            "file" => of(&self.file),
            "runs" => of(&self.runs),
            "group_by" => of(&self.group_by),
            "facet" => of(&self.facet),
            _ => None,
        }
    }
}

/// `[style]`.
#[derive(Clone, Debug, Default)]
pub struct Style {
    /// `theme`.
    pub theme: Option<At<String>>,
    /// `width`.
    pub width: Option<At<u64>>,
    /// `height`.
    pub height: Option<At<u64>>,
    /// `font`.
    pub font: Option<At<String>>,
    /// `text_size`.
    pub text_size: Option<At<Number>>,
}

/// `[[expect]]`.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The head of the table.
    pub span: Span,
    /// `runs`.
    pub runs: Option<At<Filter>>,
    /// `status`.
    pub status: Option<At<String>>,
    /// `outcome`.
    pub outcome: Option<At<String>>,
    /// Quantities with their conditions.
    pub bounds: Map<Bound<Numbers>>,
    /// Whether the table has nothing but `runs`.
    pub is_empty: bool,
}

/// `[check]`.
#[derive(Clone, Debug, Default)]
pub struct Check {
    /// `default`.
    pub default: Option<Tolerance>,
    /// `trajectory`.
    pub trajectory: Option<At<bool>>,
    /// Quantities with their tolerances.
    pub quantities: Map<Tolerance>,
}

/// Allowed difference of a value.
#[derive(Clone, Debug)]
pub struct Tolerance {
    /// The place of the whole value.
    pub span: Span,
    /// `ulps`.
    pub ulps: Option<At<u64>>,
    /// `abs`.
    pub abs: Option<At<Number>>,
    /// `rel`.
    pub rel: Option<At<Number>>,
}

/// Condition on a quantity: in numbers for a final one, in settings for one at points.
#[derive(Clone, Debug)]
pub struct Bound<V> {
    /// The place of the whole value.
    pub span: Span,
    /// `equals`.
    pub equals: Option<V>,
    /// `ulps`, `abs` and `rel`.
    pub tolerance: Tolerance,
    /// `below`.
    pub below: Option<V>,
    /// `above`.
    pub above: Option<V>,
    /// All keys, including those whose value was misread.
    pub keys: Vec<String>,
}

/// `[[derivative]]`.
#[derive(Clone, Debug)]
pub struct Derivative {
    /// The head of the table.
    pub span: Span,
    /// `name`.
    pub name: Option<At<String>>,
    /// `formula`.
    pub formula: Option<At<String>>,
    /// `at`.
    pub at: Option<Map<Setting>>,
    /// `with_respect_to`.
    pub with_respect_to: Option<At<Vec<At<String>>>>,
    /// `order`.
    pub order: Option<At<u64>>,
    /// `define`.
    pub define: Map<At<String>>,
    /// `constants`.
    pub constants: Map<At<Number>>,
    /// `expect`: columns with their conditions.
    pub bounds: Map<Bound<Setting>>,
    /// The place of an empty `expect`.
    pub empty_expect: Option<Span>,
    /// All keys, including those whose value was misread.
    pub keys: Vec<String>,
}

impl Spec {
    /// Reads the text of an experiment file as far as possible, and reports every error
    /// of form.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_experiment::spec::Spec;
    ///
    /// let (spec, mistakes) = Spec::read("epochs = 3\ntitel = 'w'");
    /// assert!(spec.epochs.is_some());
    /// let messages: Vec<&str> = mistakes.iter().map(|mistake| &*mistake.message).collect();
    /// assert_eq!(messages[0], "unknown key `titel`");
    /// assert_eq!(messages[1], "the experiment has no `[[objective]]`");
    /// ```
    #[must_use]
    pub fn read(source: &str) -> (Spec, Vec<Mistake>) {
        reader::read(source)
    }
}
