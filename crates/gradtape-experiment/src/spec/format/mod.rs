//! Description of the experiment file: every table, every key and its possible values.
//!
//! This is the only description of the format: the reader checks files against
//! it, and [`documentation`] renders it as `experiments/README.md`.

mod chart;

use std::fmt::Write as _;

use crate::ending::{Outcome, Status};
use crate::number::{Domain, MAX_INTEGER};

pub use chart::{CHART, CHART_KINDS, STYLE};

/// A table of the experiment file.
#[derive(Debug)]
pub struct Format {
    /// The table as it is written, such as `[[chart]]`.
    pub name: &'static str,
    /// Purpose of the table.
    pub description: &'static str,
    /// Its keys, in the order of the documentation.
    pub keys: &'static [Key],
    /// Description of all other keys; `None` if no other keys are allowed.
    pub others: Option<&'static Key>,
}

/// A key of a table.
#[derive(Debug)]
pub struct Key {
    /// The key; for [`Format::others`], a noun for the keys.
    pub name: &'static str,
    /// Type of the value.
    pub kind: Kind,
    /// Whether the key is required.
    pub need: Need,
    /// Meaning and default.
    pub description: &'static str,
}

/// Whether a key is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Optional.
    Optional,
    /// Required.
    Required,
    /// Required unless the file describes no descents.
    ForDescents,
}

/// Type of the value of a key.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A string.
    Text,
    /// An integer.
    Whole(Domain),
    /// A number.
    Number(Domain),
    /// A boolean.
    Switch,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// One value, a list of values, or a range of numbers.
    Setting(Domain),
    /// A list of names.
    Names,
    /// One name, or a list of names.
    OneOrMoreNames,
    /// A list of names, or a list of lists of names.
    Groups,
    /// A list of numbers.
    Numbers(Domain),
    /// One number, or a list of numbers.
    OneOrMoreNumbers(Domain),
    /// One integer, or a list of integers.
    Wholes(Domain),
    /// `"all"`, `"none"` or a list of names.
    Selection,
    /// A table of names, each with a value of this type.
    Map(&'static Kind),
    /// A table of starts, or a list of those.
    Starts,
    /// The start of one variable: a number, a range, a generated start, or an array of
    /// those.
    Start,
    /// A table of settings with the values to select, or a condition as a string.
    Filter,
    /// One filter, or a list of filters.
    Filters,
    /// A table.
    Table(&'static Format),
    /// A table that may repeat.
    Tables(&'static Format),
    /// A table, or a list of those.
    OneOrMoreTables(&'static Format),
}

impl Kind {
    /// The expected type, to complete "expected …".
    #[must_use]
    pub fn description(self) -> String {
        match self {
            Kind::Text => "a string".to_owned(),
            Kind::Whole(domain) | Kind::Number(domain) => domain.description(),
            Kind::Switch => Domain::Switch.description(),
            Kind::Choice(choices) => Domain::Choice(choices).description(),
            Kind::Setting(Domain::Any) => "a value, a list of values or a range".to_owned(),
            Kind::Setting(words @ Domain::Choice(_)) => {
                format!("{}, or a list of those", words.description())
            }
            Kind::Setting(domain) => {
                format!("{}; or a list or range of those", domain.description())
            }
            Kind::Names => "a list of strings".to_owned(),
            Kind::Groups => "a list of strings, or a list of lists of strings".to_owned(),
            Kind::OneOrMoreNames => "a string or a list of strings".to_owned(),
            Kind::Numbers(_) => "a list of numbers".to_owned(),
            Kind::OneOrMoreNumbers(_) => "a number or a list of numbers".to_owned(),
            Kind::Wholes(_) => "an integer or a list of two integers".to_owned(),
            Kind::Start => "a number, a range, a generated start, or an array of those".to_owned(),
            Kind::Selection => "\"all\", \"none\" or a list of strings".to_owned(),
            Kind::Map(kind) => format!("a table of names, each with {}", kind.description()),
            Kind::Table(Format {
                keys: [],
                others: Some(others),
                ..
            }) => format!("a table of names, each with {}", others.kind.description()),
            Kind::Starts => "a table such as { x = 1.0 }, or a list of those".to_owned(),
            Kind::Filter => "a table such as { learning_rate = 0.1 }, or a string such as \
                 \"learning_rate < 0.1\""
                .to_owned(),
            Kind::Filters => "a table such as { learning_rate = 0.1 }, a string such as \
                 \"learning_rate < 0.1\", or a list of those"
                .to_owned(),
            Kind::Table(format) => {
                let keys: Vec<String> = format
                    .keys
                    .iter()
                    .map(|key| format!("`{}`", key.name))
                    .collect();
                format!("a table with keys {}", keys.join(", "))
            }
            Kind::Tables(format) => format!("one or more `{}` tables", format.name),
            Kind::OneOrMoreTables(format) => {
                let shown = format.keys.first().map_or("", |key| key.name);
                format!("a table such as {{ {shown} = … }}, or a list of those")
            }
        }
    }
}

const fn optional(name: &'static str, kind: Kind, description: &'static str) -> Key {
    Key {
        name,
        kind,
        need: Need::Optional,
        description,
    }
}

const fn required(name: &'static str, kind: Kind, description: &'static str) -> Key {
    Key {
        name,
        kind,
        need: Need::Required,
        description,
    }
}

const fn for_descents(name: &'static str, kind: Kind, description: &'static str) -> Key {
    Key {
        name,
        kind,
        need: Need::ForDescents,
        description,
    }
}

const SCALES: &[&str] = &["linear", "log"];

/// Maximum order of a derivative.
pub const MAX_ORDER: u64 = 4;

/// Maximum `patience`: epochs without an improvement are counted in the precision of the
/// run, which is exact up to this number.
const MAX_PATIENCE: u64 = 1 << 24;

/// Maximum number of recorded epochs that are not evenly spaced, since these are listed in
/// memory; all different `epochs` of a plan count together.
pub const MAX_LISTED: u64 = 10_000_000;

/// Maximum number of variables and constants of all objectives of a file together, each
/// name counted once, and of one derivative.
pub const MAX_VARIABLES: usize = 10_000;

/// The whole file.
pub static EXPERIMENT: Format = Format {
    name: "the experiment",
    description: "An experiment file expands to every combination of its lists and ranges: \
        precision, subnormals and epochs × objective × constants × start × optimizer × its \
        settings × repetition. Runs are numbered from 0 in this order, the last factor varying \
        fastest and lists in the order of the file. A file can also have tables of derivatives, \
        with or without descents.",
    keys: &[
        optional(
            "title",
            Kind::Text,
            "Title of the report. Default: the file name.",
        ),
        optional(
            "description",
            Kind::Text,
            "Description of the experiment, shown in the report.",
        ),
        for_descents(
            "epochs",
            Kind::Setting(Domain::Count),
            "Number of epochs of each run. An epoch is one update, or with `batch_size` one pass over the training rows.",
        ),
        optional(
            "precision",
            Kind::Setting(Domain::Choice(&["f64", "f32"])),
            "`\"f64\"` (default) or `\"f32\"`; constants, settings and every operation are rounded to it.",
        ),
        optional(
            "subnormals",
            Kind::Setting(Domain::Choice(&["keep", "flush"])),
            "`\"keep\"` (default), or `\"flush\"` to flush results below the smallest normal number to zero, as TensorFlow does.",
        ),
        optional(
            "zip",
            Kind::Groups,
            "Lists among `epochs`, `precision` and `subnormals` that are paired element by element (zipped) instead of combined; they must have the same length.",
        ),
        optional(
            "seed",
            Kind::Whole(Domain::Whole),
            "Seed of all random numbers of the file: starts, splits and orders of rows. Default: 0.",
        ),
        optional(
            "repetitions",
            Kind::Whole(Domain::Count),
            "Number of times each combination runs, each time with new random numbers, which are the same for every optimizer. Default: 1.",
        ),
        for_descents(
            "objective",
            Kind::Tables(&OBJECTIVE),
            "Functions to minimise.",
        ),
        for_descents(
            "optimizer",
            Kind::Tables(&OPTIMIZER),
            "Methods that minimise the objectives, with their settings.",
        ),
        optional(
            "stop",
            Kind::Table(&STOP),
            "Rules that end a run before its last epoch.",
        ),
        optional(
            "record",
            Kind::Table(&RECORD),
            "Epochs and parameters to record.",
        ),
        optional(
            "chart",
            Kind::Tables(&CHART),
            "Charts of the report. Default: those that fit the experiment.",
        ),
        optional("style", Kind::Table(&STYLE), "Appearance of the charts."),
        optional(
            "expect",
            Kind::Tables(&EXPECT),
            "Conditions on the final values, tested by `runner check`.",
        ),
        optional(
            "check",
            Kind::Table(&CHECK),
            "Allowed differences from the recorded values.",
        ),
        optional(
            "derivative",
            Kind::Tables(&DERIVATIVE),
            "Values and derivatives at points, without a descent.",
        ),
    ],
    others: None,
};

/// The keys of the file that concern descents. A file that has a `[[derivative]]` and none
/// of these keys describes no descents.
pub const OF_DESCENTS: &[&str] = &[
    "epochs", "objective", "optimizer", "stop", "record", "chart", "expect",
];

/// `[[objective]]`.
pub static OBJECTIVE: Format = Format {
    name: "[[objective]]",
    description: "A function to minimise and where the descents start: a formula of some \
        variables, or test functions by name.",
    keys: &[
        optional(
            "name",
            Kind::Text,
            "Label in tables and charts. Default: the formula or the name of the function.",
        ),
        optional(
            "formula",
            Kind::Text,
            "The function to minimise, such as `\"(1 - x)^2 + 100*(y - x^2)^2\"`.",
        ),
        optional(
            "function",
            Kind::OneOrMoreNames,
            "A test function instead of a formula, such as `\"rosenbrock\"`. Each value of a list becomes a separate objective. `runner functions` lists the test functions.",
        ),
        optional(
            "dimension",
            Kind::Setting(Domain::WholeBetween(1, MAX_VARIABLES as u64)),
            "Number of variables, for a test function that does not fix it. Default: 2 for most functions. Each value of a list becomes a separate objective.",
        ),
        optional(
            "start",
            Kind::Starts,
            "Initial value of each variable; each table of a list is a separate start. Required for a formula; a test function has a standard start.",
        ),
        optional(
            "define",
            Kind::Map(&Kind::Text),
            "Names for parts of the formula, each defined by a formula.",
        ),
        optional(
            "constants",
            Kind::Map(&Kind::Setting(Domain::Finite)),
            "Numbers of the formula that are not optimised; lists and ranges are swept. A fixed vector is written in `define` instead.",
        ),
        optional(
            "minimum",
            Kind::Table(&MINIMUM),
            "Known minimum, used for the gap between it and the loss. Test functions include theirs.",
        ),
        optional(
            "transform",
            Kind::Table(&TRANSFORM),
            "Shifts, rotates and scales the function.",
        ),
        optional(
            "bounds",
            Kind::Map(&Kind::Numbers(Domain::Number)),
            "Lower and upper bound of each variable, such as `{ x = [0, 1], y = [0, inf] }`, the same for all elements of a vector. Updates are projected onto the bounds, and `gradient_norm` then counts only free directions.",
        ),
        optional(
            "data",
            Kind::Table(&DATA),
            "Columns of a CSV file as vectors and matrices of the formula.",
        ),
        optional(
            "zip",
            Kind::Groups,
            "Constants whose lists are paired element by element (zipped) instead of combined, such as `[\"a\", \"b\"]`, or starts, such as `[\"start.x\", \"start.y\"]`. A list of lists zips several groups.",
        ),
    ],
    others: None,
};

/// A start that is random or repeats one number.
pub static DRAW: Format = Format {
    name: "a generated start",
    description: "A start that is random or repeats one number, such as \
        `{ normal = [0, 0.1], length = 20 }` or `{ value = 0, shape = [4, 16] }`. Random numbers \
        come from `seed`; they are new in each repetition and the same for every optimizer.",
    keys: &[
        optional(
            "uniform",
            Kind::Numbers(Domain::Finite),
            "Smallest and largest number of a uniform distribution.",
        ),
        optional(
            "normal",
            Kind::Numbers(Domain::Finite),
            "Mean and standard deviation of a normal distribution.",
        ),
        optional(
            "value",
            Kind::Number(Domain::Finite),
            "The same number for all elements.",
        ),
        optional(
            "length",
            Kind::Whole(Domain::Count),
            "Number of elements of the vector. Default: a single number.",
        ),
        optional(
            "shape",
            Kind::Wholes(Domain::Count),
            "Numbers of rows and columns of a matrix, instead of `length`.",
        ),
    ],
    others: None,
};

/// `transform` of an objective.
pub static TRANSFORM: Format = Format {
    name: "transform",
    description: "Replaces f(x) by f(m + s·R(x − m − d)), so that a method cannot profit from a \
        minimum at 0 or from variables that are the axes of the function. m is the known minimum \
        (the origin if there is none): it moves by d and keeps its value.",
    keys: &[
        optional(
            "shift",
            Kind::OneOrMoreNumbers(Domain::Finite),
            "d: one number for all variables, or a list with one for each. Default: 0.",
        ),
        optional(
            "rotate",
            Kind::Whole(Domain::Whole),
            "R: a random rotation generated from this seed. Default: no rotation.",
        ),
        optional(
            "scale",
            Kind::OneOrMoreNumbers(Domain::Positive),
            "s: one factor above 0, or a list with one for each axis. Default: 1.",
        ),
    ],
    others: None,
};

/// `data` of an objective.
pub static DATA: Format = Format {
    name: "data",
    description: "Columns of a CSV file with a header. Each cell is a number such as `5`, \
        `-0.5` or `1e3`; text is read only in columns listed in `classes`. A missing value or \
        another notation (`2,100`, `21%`, `$2.1`) is an error.",
    keys: &[
        required(
            "file",
            Kind::Text,
            "Path of the file, relative to the directory of the experiment file.",
        ),
        required(
            "columns",
            Kind::Map(&Kind::OneOrMoreNames),
            "For each name of the formula, a column (a vector) or a list of columns (a matrix with one row for each row of the file).",
        ),
        optional(
            "classes",
            Kind::Names,
            "Names of `columns` whose cells are text. Each distinct text is a class and becomes an integer, from 0 in order of first appearance, for `one_hot` or as a label. `runner` and `runner plan` show the number of classes.",
        ),
        optional(
            "standardize",
            Kind::Names,
            "Names of `columns` to standardize: each of their columns is shifted to mean 0 and scaled to standard deviation 1, both computed from the training rows.",
        ),
        optional(
            "batch_size",
            Kind::Whole(Domain::Count),
            "Number of rows of each update. An epoch is one pass over the training rows in an order shuffled from `seed`; its last batch may be smaller. Default: one update per epoch, on all rows.",
        ),
        optional(
            "validation",
            Kind::Number(Domain::Positive),
            "Rows held out from training: a share if below 1, otherwise a number of rows. `validation_loss` is the loss on them. They are selected at random from `seed`.",
        ),
    ],
    others: None,
};

/// `minimum` of an objective.
pub static MINIMUM: Format = Format {
    name: "minimum",
    description: "The known minimum of an objective.",
    keys: &[
        required(
            "value",
            Kind::Number(Domain::Finite),
            "Loss at the minimum; `gap` is the loss minus this.",
        ),
        optional(
            "at",
            Kind::Map(&Kind::OneOrMoreNumbers(Domain::Finite)),
            "Variables at the minimum.",
        ),
    ],
    others: None,
};

/// `[[optimizer]]`.
pub static OPTIMIZER: Format = Format {
    name: "[[optimizer]]",
    description: "A method with its settings. Each combination of the methods, conventions and \
        schedules of a table becomes a separate optimizer; a setting applies to those that have \
        it.",
    keys: &[
        optional(
            "name",
            Kind::Text,
            "Label in tables and charts, followed by what varies within the table. Default: the method.",
        ),
        required(
            "method",
            Kind::OneOrMoreNames,
            "Update rule, such as `\"adam\"`, or a list of update rules. `runner methods` lists all of them.",
        ),
        optional(
            "convention",
            Kind::OneOrMoreNames,
            "Source of the exact rule and defaults: `\"pytorch\"`, `\"keras\"`, `\"optax\"` or `\"textbook\"`, or a list of these. Default: the first of these that has the method.",
        ),
        optional(
            "schedule",
            Kind::OneOrMoreTables(&SCHEDULE),
            "Change of the learning rate from epoch to epoch; each table of a list is a separate schedule. Default: a constant learning rate.",
        ),
        optional(
            "clip",
            Kind::Table(&CLIP),
            "Limit of the gradient, applied before anything else uses it.",
        ),
        optional(
            "zip",
            Kind::Groups,
            "Settings whose lists are paired element by element (zipped) instead of combined; they must have the same length. A list of lists zips several independent groups. Settings of a schedule are named `schedule.NAME`, the limit of `clip` is named `clip.NAME`.",
        ),
        optional(
            "exclude",
            Kind::Filters,
            "Combinations to omit, by `method`, `convention`, the settings of this table, and those of schedules and clipping under the names used in `zip`.",
        ),
    ],
    others: Some(&Key {
        name: "a setting of the method",
        kind: Kind::Setting(Domain::Any),
        need: Need::Optional,
        description: "One value, a list or a range.",
    }),
};

/// `schedule` of an optimizer.
pub static SCHEDULE: Format = Format {
    name: "schedule",
    description: "Change of the learning rate: the learning rate of epoch k leads from the state \
        of epoch k to that of epoch k + 1. In tables and filters the settings have the prefix \
        `schedule.`.",
    keys: &[
        required(
            "kind",
            Kind::Text,
            "Shape of the schedule, such as `\"cosine\"`. `runner methods` lists all shapes; `runner methods cosine` shows one with its settings.",
        ),
        optional(
            "convention",
            Kind::Text,
            "Source of the exact rule and defaults. Default: the convention of the optimizer if given, otherwise the first that has this kind.",
        ),
    ],
    others: Some(&Key {
        name: "a setting of the schedule",
        kind: Kind::Setting(Domain::Any),
        need: Need::Optional,
        description: "One value, a list or a range. Every kind can have `warmup`: the number of epochs in which the learning rate rises from a lower one before the rest begins. `milestones`, `boundaries`, `values` and `scales` are one list for all runs; `formula` is a string.",
    }),
};

/// `clip` of an optimizer.
pub static CLIP: Format = Format {
    name: "clip",
    description: "Clipping of the gradient: one of these keys, by the rule of the optimizer's convention.",
    keys: &[
        optional(
            "value",
            Kind::Setting(Domain::Positive),
            "Maximum magnitude of each entry of the gradient; larger entries are cut off.",
        ),
        optional(
            "norm",
            Kind::Setting(Domain::Positive),
            "Maximum Euclidean norm of the gradient of each variable; larger ones are scaled down.",
        ),
        optional(
            "global_norm",
            Kind::Setting(Domain::Positive),
            "Maximum Euclidean norm of the whole gradient; a larger one is scaled down.",
        ),
    ],
    others: None,
};

/// A range of numbers.
pub static RANGE: Format = Format {
    name: "a range",
    description: "Evenly spaced numbers instead of a list, such as \
        `{ from = 1e-4, to = 1.0, count = 25, scale = \"log\" }`. Both ends are included and exact.",
    keys: &[
        required("from", Kind::Number(Domain::Finite), "The first number."),
        required("to", Kind::Number(Domain::Finite), "The last number."),
        required(
            "count",
            Kind::Whole(Domain::WholeBetween(2, MAX_INTEGER)),
            "Number of values.",
        ),
        optional(
            "scale",
            Kind::Choice(SCALES),
            "`\"linear\"` (default) for equal differences, `\"log\"` for equal ratios.",
        ),
    ],
    others: None,
};

/// `[stop]`.
pub static STOP: Format = Format {
    name: "[stop]",
    description: "Rules that end a run early, tested at every epoch. Each is off by default. A \
        value that is not finite always ends a run.",
    keys: &[
        optional(
            "loss_below",
            Kind::Number(Domain::Number),
            "Converged when the loss is below this.",
        ),
        optional(
            "gradient_norm_below",
            Kind::Number(Domain::Positive),
            "Converged when the Euclidean norm of the gradient is below this.",
        ),
        optional(
            "step_below",
            Kind::Number(Domain::Positive),
            "Converged when the Euclidean length of the last update is below this.",
        ),
        optional(
            "loss_above",
            Kind::Number(Domain::Number),
            "Diverged when the loss is above this.",
        ),
        optional(
            "gap_below",
            Kind::Number(Domain::Positive),
            "Converged when the loss is less than this above the known minimum; no effect on an objective without one.",
        ),
        optional(
            "patience",
            Kind::Whole(Domain::WholeBetween(1, MAX_PATIENCE)),
            "Converged when the loss has not improved for this many epochs.",
        ),
        optional(
            "min_delta",
            Kind::Number(Domain::NotNegative),
            "With `patience`: the loss has improved if it is more than this below the last improved loss. Default: 0.",
        ),
    ],
    others: None,
};

/// `[record]`.
pub static RECORD: Format = Format {
    name: "[record]",
    description: "Contents of `trajectories.csv`. The first and the last epoch of a run are always recorded.",
    keys: &[
        optional(
            "every",
            Kind::Whole(Domain::WholeBetween(1, MAX_LISTED)),
            "Number of epochs between recorded epochs. Default: every epoch in runs of at most 10,000 epochs, 1,000 points in longer runs.",
        ),
        optional(
            "points",
            Kind::Whole(Domain::WholeBetween(2, MAX_LISTED)),
            "Number of recorded epochs, instead of `every`.",
        ),
        optional(
            "spacing",
            Kind::Choice(SCALES),
            "Spacing of `points`: `\"linear\"` (default) or `\"log\"`.",
        ),
        optional(
            "parameters",
            Kind::Selection,
            "Parameters that have a column. Default: all if there are at most 16, otherwise none.",
        ),
    ],
    others: None,
};

/// `[[expect]]`.
pub static EXPECT: Format = Format {
    name: "[[expect]]",
    description: "Conditions on the final values.",
    keys: &[
        optional(
            "runs",
            Kind::Filter,
            "Only runs matching this condition. Default: all runs.",
        ),
        optional(
            "status",
            Kind::Choice(Status::NAMES),
            "Why the run stopped.",
        ),
        optional(
            "outcome",
            Kind::Choice(Outcome::NAMES),
            "Outcome of the run.",
        ),
    ],
    others: Some(&Key {
        name: "a quantity",
        kind: Kind::Table(&BOUND),
        need: Need::Optional,
        description: "A parameter, `loss`, `gradient_norm`, `gap`, `distance` (from the nearest known minimiser), `validation_loss` or `epochs_run`. The elements of a vector are tested one by one, such as `\"x[0]\"`, or all by the name of the vector.",
    }),
};

const ULPS: Key = optional(
    "ulps",
    Kind::Whole(Domain::Whole),
    "Allowed difference in units in the last place (ULPs).",
);
const ABS: Key = optional(
    "abs",
    Kind::Number(Domain::Distance),
    "Allowed absolute difference.",
);
const REL: Key = optional(
    "rel",
    Kind::Number(Domain::Distance),
    "Allowed difference as a share of the value.",
);

/// `[check]`.
pub static CHECK: Format = Format {
    name: "[check]",
    description: "Differences from the recorded report that `runner check` allows. By default \
        values must be the same to the last bit.",
    keys: &[
        optional(
            "default",
            Kind::Table(&TOLERANCE),
            "Tolerance of every quantity without one; `--ulps`, `--abs` and `--rel` replace it.",
        ),
        optional(
            "trajectory",
            Kind::Switch,
            "`true` compares all recorded epochs, not only the end of each run, and reports the first that deviates, like `--trajectory`. Default: `false`.",
        ),
    ],
    others: Some(&Key {
        name: "a quantity",
        kind: Kind::Table(&TOLERANCE),
        need: Need::Optional,
        description: "A final quantity as in `[[expect]]`, a vector by its name, or a column of a derivative, such as `loss = { rel = 1e-9 }`.",
    }),
};

/// Allowed difference of a value.
pub static TOLERANCE: Format = Format {
    name: "a tolerance",
    description: "Allowed difference of a value. If several are given, the loosest applies; if none is given, the value must be the same.",
    keys: &[ULPS, ABS, REL],
    others: None,
};

/// Condition on a quantity.
pub static BOUND: Format = Format {
    name: "a bound",
    description: "Condition on a final quantity. Numbers are read in the run's precision. If \
        several tolerances are given, the loosest applies; if none is given, the value must be \
        equal.",
    keys: &[
        optional(
            "equals",
            Kind::OneOrMoreNumbers(Domain::Float),
            "The expected value; for a vector one value for all elements, or a list with one for each.",
        ),
        ULPS,
        ABS,
        REL,
        optional(
            "below",
            Kind::OneOrMoreNumbers(Domain::Float),
            "The quantity must be below this.",
        ),
        optional(
            "above",
            Kind::OneOrMoreNumbers(Domain::Float),
            "The quantity must be above this.",
        ),
    ],
    others: None,
};

/// `[[derivative]]`.
pub static DERIVATIVE: Format = Format {
    name: "[[derivative]]",
    description: "A table of a formula and its derivatives at some points: `f`, then `df/dx`, \
        `d^2f/dx^2`, `d^2f/dx dy`, … up to the order, each derivative once. Each precision and \
        each value of `subnormals` has its own rows. If exactly one variable takes several \
        values, there is a chart over it.",
    keys: &[
        optional(
            "name",
            Kind::Text,
            "Label, from which the files `derivative_….csv`, `.png` and `.svg` are named. Default: the formula; for the files, the number of the table, from 1.",
        ),
        required(
            "formula",
            Kind::Text,
            "The function f, such as `\"x^2 + b\"`.",
        ),
        required(
            "at",
            Kind::Map(&Kind::Setting(Domain::Finite)),
            "The points: for each variable a number, a list or a range. Lists and ranges must have the same length and are paired element by element; a single number applies to every point.",
        ),
        optional(
            "with_respect_to",
            Kind::Names,
            "Variables to differentiate by. Default: all of `at`.",
        ),
        optional(
            "order",
            Kind::Whole(Domain::WholeBetween(1, MAX_ORDER)),
            "Maximum order: all derivatives up to it are computed, including mixed ones. Default: 1.",
        ),
        optional(
            "define",
            Kind::Map(&Kind::Text),
            "Names for parts of the formula, each defined by a formula.",
        ),
        optional(
            "constants",
            Kind::Map(&Kind::Number(Domain::Finite)),
            "Numbers of the formula that are not variables. To vary one, add it to `at` and omit it from `with_respect_to`.",
        ),
        optional(
            "expect",
            Kind::Table(&DERIVATIVE_EXPECT),
            "Conditions on the values, tested by `runner check`.",
        ),
    ],
    others: None,
};

/// `expect` of a derivative.
pub static DERIVATIVE_EXPECT: Format = Format {
    name: "expect of a derivative",
    description: "Conditions on the values, such as `expect = { \"df/dx\" = { equals = [-2, 0, 2] } }`.",
    keys: &[],
    others: Some(&Key {
        name: "a column",
        kind: Kind::Table(&POINTS_BOUND),
        need: Need::Optional,
        description: "`f`, `df/dx` or another derivative of the table.",
    }),
};

/// Condition on a column of a derivative.
pub static POINTS_BOUND: Format = Format {
    name: "a bound at points",
    description: "A bound for a column of a derivative: a single value applies to every point, a \
        list or range has one value for each point.",
    keys: &[
        optional(
            "equals",
            Kind::Setting(Domain::Float),
            "The expected values.",
        ),
        ULPS,
        ABS,
        REL,
        optional(
            "below",
            Kind::Setting(Domain::Float),
            "The column must be below these.",
        ),
        optional(
            "above",
            Kind::Setting(Domain::Float),
            "The column must be above these.",
        ),
    ],
    others: None,
};

/// All tables, in the order of the documentation.
pub static FORMATS: &[&Format] = &[
    &EXPERIMENT, &OBJECTIVE, &DRAW, &MINIMUM, &TRANSFORM, &DATA, &OPTIMIZER, &SCHEDULE, &CLIP,
    &RANGE, &STOP, &RECORD, &CHART, &STYLE, &EXPECT, &BOUND, &CHECK, &TOLERANCE, &DERIVATIVE,
    &DERIVATIVE_EXPECT, &POINTS_BOUND,
];

/// The format as a Markdown chapter.
#[must_use]
pub fn documentation() -> String {
    let mut text = String::new();
    for format in FORMATS {
        let title = match format.name {
            "the experiment" => "The file".to_owned(),
            name if name.starts_with('[') => format!("`{name}`"),
            name => {
                let mut letters = name.chars();
                letters.next().map_or(String::new(), |first| {
                    first.to_uppercase().collect::<String>() + letters.as_str()
                })
            }
        };
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "## {title}\n\n{}\n\n| key | value | meaning |\n|---|---|---|\n",
            format.description
        );
        for key in format.keys.iter().chain(format.others) {
            let name = match format.others {
                Some(others) if std::ptr::eq(others, key) => key.name.to_owned(),
                _ => format!("`{}`", key.name),
            };
            let required = match key.need {
                Need::Optional => "",
                Need::Required => ", required",
                Need::ForDescents => ", required for descents",
            };
            let kind = key.kind.description().replace('|', "\\|");
            let _ = writeln!(text, "| {name} | {kind}{required} | {} |", key.description);
        }
        text.push('\n');
    }
    text
}
