//! The experiment file described: every table, every key, what it can hold.
//!
//! This is the one description of the format. The reader checks files against
//! it, and [`documentation`] prints it as `experiments/README.md`.

mod chart;

use std::fmt::Write as _;

use crate::ending::{Outcome, Status};
use crate::number::{Domain, GREATEST_WHOLE};

pub use chart::{CHART, CHART_KINDS, STYLE};

/// A table of the experiment file.
#[derive(Debug)]
pub struct Format {
    /// How the table is written, such as `[[chart]]`.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Its keys, in the order of the documentation.
    pub keys: &'static [Key],
    /// What any other key can hold; `None` if there is no other key.
    pub others: Option<&'static Key>,
}

/// A key of a table.
#[derive(Debug)]
pub struct Key {
    /// The key, or for [`Format::others`] what the keys are.
    pub name: &'static str,
    /// What it can hold.
    pub kind: Kind,
    /// Whether the table is wrong without it.
    pub need: Need,
    /// What it means, with the default.
    pub description: &'static str,
}

/// Whether a table is wrong without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It can be left out.
    Optional,
    /// It cannot.
    Required,
    /// It can be left out by a file that describes no descents.
    ForDescents,
}

/// What a key can hold.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text in quotes.
    Text,
    /// A whole number.
    Whole(Domain),
    /// A number.
    Number(Domain),
    /// `true` or `false`.
    Switch,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// One value, a list of values, or a range of numbers.
    Setting(Domain),
    /// A list of names.
    Names,
    /// One name, or a list of names.
    OneOrMoreNames,
    /// A list of names, or a list of such lists.
    Groups,
    /// A list of numbers.
    Numbers(Domain),
    /// One number, or a list of numbers.
    OneOrMoreNumbers(Domain),
    /// One whole number, or a list of them.
    Wholes(Domain),
    /// `"all"`, `"none"` or a list of names.
    Selection,
    /// A table from names to what is given.
    Map(&'static Kind),
    /// A table of starts, or a list of such tables.
    Starts,
    /// The start of one variable: a number, a range or a draw, or an array of such.
    Start,
    /// A table from settings to the values that are chosen, or a condition as text.
    Filter,
    /// One such, or a list of them.
    Filters,
    /// A table.
    Table(&'static Format),
    /// A table that can be given several times.
    Tables(&'static Format),
    /// A table, or a list of such tables.
    OneOrMoreTables(&'static Format),
}

impl Kind {
    /// What is expected, to complete "expected …".
    #[must_use]
    pub fn description(self) -> String {
        match self {
            Kind::Text => "text in quotes".to_owned(),
            Kind::Whole(domain) | Kind::Number(domain) => domain.description(),
            Kind::Switch => Domain::Switch.description(),
            Kind::Choice(choices) => Domain::Choice(choices).description(),
            Kind::Setting(Domain::Any) => "a value, a list of values or a range".to_owned(),
            Kind::Setting(words @ Domain::Choice(_)) => {
                format!("{}, or a list of such", words.description())
            }
            Kind::Setting(domain) => {
                format!("{}; a list or a range of such", domain.description())
            }
            Kind::Names => "a list of names in quotes".to_owned(),
            Kind::Groups => "a list of names in quotes, or a list of such lists".to_owned(),
            Kind::OneOrMoreNames => "a name in quotes or a list of names".to_owned(),
            Kind::Numbers(_) => "a list of numbers".to_owned(),
            Kind::OneOrMoreNumbers(_) => "a number or a list of numbers".to_owned(),
            Kind::Wholes(_) => "a whole number or a list of two".to_owned(),
            Kind::Start => "a number, a range, a draw, or an array of such".to_owned(),
            Kind::Selection => "\"all\", \"none\" or a list of names in quotes".to_owned(),
            Kind::Map(kind) => format!("a table from names to {}", kind.description()),
            Kind::Table(Format {
                keys: [],
                others: Some(others),
                ..
            }) => format!("a table from names to {}", others.kind.description()),
            Kind::Starts => "a table such as { x = 1.0 }, or a list of such tables".to_owned(),
            Kind::Filter => {
                "a table such as { learning_rate = 0.1 }, or text such as \"learning_rate < 0.1\""
                    .to_owned()
            }
            Kind::Filters => {
                "a table such as { learning_rate = 0.1 }, or text such as \"learning_rate < 0.1\", \
                 or a list of such"
                    .to_owned()
            }
            Kind::Table(format) => {
                let keys: Vec<String> = format
                    .keys
                    .iter()
                    .map(|key| format!("`{}`", key.name))
                    .collect();
                format!("a table of {}", keys.join(", "))
            }
            Kind::Tables(format) => format!("tables that begin with `{}`", format.name),
            Kind::OneOrMoreTables(format) => {
                let shown = format.keys.first().map_or("", |key| key.name);
                format!("a table such as {{ {shown} = … }}, or a list of such tables")
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

/// The greatest order of a derivative.
pub const GREATEST_ORDER: u64 = 4;

/// The epochs without an improvement are counted in the precision of the run, exactly up
/// to here.
const GREATEST_PATIENCE: u64 = 1 << 24;

/// Recorded epochs that are not evenly spaced are listed in memory, for all
/// numbers of epochs of a plan at most so many together.
pub const GREATEST_LISTED: u64 = 10_000_000;

/// All objectives of a file have at most so many variables and constants
/// together, each name counted once; a derivative has at most so many too.
pub const GREATEST_VARIABLES: usize = 10_000;

/// The whole file.
pub static EXPERIMENT: Format = Format {
    name: "the experiment",
    description: "An experiment file describes every combination of its lists and ranges: \
        precision, subnormals and epochs × objective × constants × start × optimizer × its \
        settings × repetition, in the order of the file, the last varying fastest. That order \
        numbers the runs from 0. Beside the descents, or without any, it can have tables of derivatives.",
    keys: &[
        optional(
            "title",
            Kind::Text,
            "The title of the report; the file's name if left out.",
        ),
        optional(
            "description",
            Kind::Text,
            "What the experiment is about, for its report.",
        ),
        for_descents(
            "epochs",
            Kind::Setting(Domain::Count),
            "How many updates each run makes.",
        ),
        optional(
            "precision",
            Kind::Setting(Domain::Choice(&["f64", "f32"])),
            "`\"f64\"` (default) or `\"f32\"`: constants, settings and every operation are rounded to it.",
        ),
        optional(
            "subnormals",
            Kind::Setting(Domain::Choice(&["keep", "flush"])),
            "`\"keep\"` (default), or `\"flush\"` to make results below the smallest normal number zero, as TensorFlow does.",
        ),
        optional(
            "zip",
            Kind::Groups,
            "Lists among `epochs`, `precision` and `subnormals` that move together instead of being combined; they have equal lengths.",
        ),
        optional(
            "seed",
            Kind::Whole(Domain::Whole),
            "What all random numbers of the file come from: starts, splits and orders of rows. Default: 0.",
        ),
        optional(
            "repetitions",
            Kind::Whole(Domain::Count),
            "How often each combination is run, each time with new random numbers; the same ones for every optimizer. Default: 1.",
        ),
        for_descents("objective", Kind::Tables(&OBJECTIVE), "What is minimised."),
        for_descents(
            "optimizer",
            Kind::Tables(&OPTIMIZER),
            "How it is minimised.",
        ),
        optional(
            "stop",
            Kind::Table(&STOP),
            "When a run ends before its last epoch.",
        ),
        optional(
            "record",
            Kind::Table(&RECORD),
            "Which epochs and parameters are kept.",
        ),
        optional(
            "chart",
            Kind::Tables(&CHART),
            "What is drawn; a useful choice if left out.",
        ),
        optional("style", Kind::Table(&STYLE), "How charts look."),
        optional(
            "expect",
            Kind::Tables(&EXPECT),
            "What `runner check` demands of the final values.",
        ),
        optional(
            "check",
            Kind::Table(&CHECK),
            "How far values may be from the recorded ones.",
        ),
        optional(
            "derivative",
            Kind::Tables(&DERIVATIVE),
            "Values and derivatives at points, without any descent.",
        ),
    ],
    others: None,
};

/// The keys of the file that say something about descents. With none of them a
/// file that has a `[[derivative]]` describes no descents.
pub const OF_DESCENTS: &[&str] = &[
    "epochs", "objective", "optimizer", "stop", "record", "chart", "expect",
];

/// `[[objective]]`.
pub static OBJECTIVE: Format = Format {
    name: "[[objective]]",
    description: "What is minimised, and where the descents start: a formula of some variables, or \
        test functions by their names.",
    keys: &[
        optional(
            "name",
            Kind::Text,
            "Its label in tables and charts; the formula or the function if left out.",
        ),
        optional(
            "formula",
            Kind::Text,
            "The function to minimise, such as `\"(1 - x)^2 + 100*(y - x^2)^2\"`.",
        ),
        optional(
            "function",
            Kind::OneOrMoreNames,
            "A test function in place of a formula, such as `\"rosenbrock\"`; of a list each is an objective of its own. `runner functions` lists them.",
        ),
        optional(
            "dimension",
            Kind::Setting(Domain::WholeBetween(1, GREATEST_VARIABLES as u64)),
            "How many variables the test function has, where that is free. Default: mostly 2. Of a list each is an objective of its own.",
        ),
        optional(
            "start",
            Kind::Starts,
            "The first value of each variable, or a list of such tables. A formula needs it; a test function has a customary one.",
        ),
        optional(
            "define",
            Kind::Map(&Kind::Text),
            "Names for parts of the formula, each a formula itself.",
        ),
        optional(
            "constants",
            Kind::Map(&Kind::Setting(Domain::Finite)),
            "Numbers of the formula that are not optimised; lists and ranges are swept. For a fixed vector write it in `define`.",
        ),
        optional(
            "minimum",
            Kind::Table(&MINIMUM),
            "The known minimum, for the gap between it and what was reached. A test function knows its own.",
        ),
        optional(
            "transform",
            Kind::Table(&TRANSFORM),
            "Shifts, rotates and scales the function.",
        ),
        optional(
            "bounds",
            Kind::Map(&Kind::Numbers(Domain::Number)),
            "Between what variables are kept, such as `{ x = [0, 1], y = [0, inf] }`, all elements of a vector alike: what an update leads to is moved to the nearest point within. `gradient_norm` then counts only directions that are free.",
        ),
        optional(
            "data",
            Kind::Table(&DATA),
            "Columns of a CSV file as vectors and matrices of the formula.",
        ),
        optional(
            "zip",
            Kind::Groups,
            "Constants whose lists move together instead of being combined, such as `[\"a\", \"b\"]`, or starts, such as `[\"start.x\", \"start.y\"]`; a list of such lists for several.",
        ),
    ],
    others: None,
};

/// A start that is not written out.
pub static DRAW: Format = Format {
    name: "a draw",
    description: "A start that is drawn or repeated, such as `{ normal = [0, 0.1], length = 20 }` \
        or `{ value = 0, shape = [4, 16] }`. Draws come from `seed`; they are taken anew in each \
        repetition, and are the same for every optimizer.",
    keys: &[
        optional(
            "uniform",
            Kind::Numbers(Domain::Finite),
            "The least and the greatest number, between which all are equally likely.",
        ),
        optional(
            "normal",
            Kind::Numbers(Domain::Finite),
            "The mean and the standard deviation.",
        ),
        optional(
            "value",
            Kind::Number(Domain::Finite),
            "The same number for all elements.",
        ),
        optional(
            "length",
            Kind::Whole(Domain::Count),
            "How many elements the vector has; a single number without.",
        ),
        optional(
            "shape",
            Kind::Wholes(Domain::Count),
            "In place of `length` the rows and columns of a matrix.",
        ),
    ],
    others: None,
};

/// `transform` of an objective.
pub static TRANSFORM: Format = Format {
    name: "transform",
    description: "In place of f(x) the function f(m + s·R(x − m − d)), so that a method cannot \
        profit from a minimum at 0 or from axes that are those of the function. m is the known \
        minimum (the origin if there is none): it moves by d and keeps its value.",
    keys: &[
        optional(
            "shift",
            Kind::OneOrMoreNumbers(Domain::Finite),
            "d: one number for every variable, or one for all of them. Default: 0.",
        ),
        optional(
            "rotate",
            Kind::Whole(Domain::Whole),
            "R: a random rotation from this seed. Default: none.",
        ),
        optional(
            "scale",
            Kind::OneOrMoreNumbers(Domain::Positive),
            "s: a factor above 0, or one for each axis. Default: 1.",
        ),
    ],
    others: None,
};

/// `data` of an objective.
pub static DATA: Format = Format {
    name: "data",
    description: "Columns of a CSV file with a header. Each cell is a number such as `5`, \
        `-0.5` or `1e3`; text is read only where `classes` lists the column. A cell that is \
        missing or in another notation (`2,100`, `21%`, `$2.1`) is an error.",
    keys: &[
        required(
            "file",
            Kind::Text,
            "The file, from the folder of the experiment file on.",
        ),
        required(
            "columns",
            Kind::Map(&Kind::OneOrMoreNames),
            "For each name of the formula a column, which is a vector, or a list of columns, which is a matrix with a row for each row of the file.",
        ),
        optional(
            "classes",
            Kind::Names,
            "Names of `columns` whose cells are text that names classes. Each class becomes an integer, from 0 in order of first appearance, for `one_hot` or as a label; every different text is a class. `runner` and `runner plan` list their number.",
        ),
        optional(
            "standardize",
            Kind::Names,
            "Names of `columns` of which each column is shifted to mean 0 and scaled to standard deviation 1, both taken over the training rows.",
        ),
        optional(
            "batch_size",
            Kind::Whole(Domain::Count),
            "An epoch goes once over the training rows in an order shuffled from `seed`, and makes an update for each so many rows; the last ones may be fewer. Default: one update an epoch, on all rows.",
        ),
        optional(
            "validation",
            Kind::Number(Domain::Positive),
            "The share of the rows, or from 1 on their number, that is left out of training; `validation_loss` is the loss on them. The rows are chosen by `seed`.",
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
            "The value there; `gap` is the loss minus this.",
        ),
        optional(
            "at",
            Kind::Map(&Kind::OneOrMoreNumbers(Domain::Finite)),
            "The variables there.",
        ),
    ],
    others: None,
};

/// `[[optimizer]]`.
pub static OPTIMIZER: Format = Format {
    name: "[[optimizer]]",
    description: "A method with its settings. Each combination of the methods, conventions and \
        schedules of a table is an optimizer of its own; a setting holds for those that have it.",
    keys: &[
        optional(
            "name",
            Kind::Text,
            "Its label in tables and charts; the method if left out. What varies within the table stands behind it.",
        ),
        required(
            "method",
            Kind::OneOrMoreNames,
            "The update rule, such as `\"adam\"`, or a list of them. `runner methods` lists them.",
        ),
        optional(
            "convention",
            Kind::OneOrMoreNames,
            "Whose exact rule and defaults are meant: `\"pytorch\"`, `\"keras\"`, `\"optax\"` or `\"textbook\"`, or a list of them. Default: the first of these that has the method.",
        ),
        optional(
            "schedule",
            Kind::OneOrMoreTables(&SCHEDULE),
            "How the learning rate changes from epoch to epoch, or a list of such tables. Default: it does not.",
        ),
        optional(
            "clip",
            Kind::Table(&CLIP),
            "What a gradient is limited to before anything else reads it.",
        ),
        optional(
            "zip",
            Kind::Groups,
            "Settings whose lists move together instead of being combined; they have equal lengths. In a list of lists each of these moves by itself. Those of a schedule are `schedule.NAME`, the limit of `clip` is `clip.NAME`.",
        ),
        optional(
            "exclude",
            Kind::Filters,
            "Combinations that are left out, by `method`, `convention`, the settings of this table, and with the names of `zip` those of schedules and clipping.",
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
    description: "How the learning rate changes: the rate of epoch k leads from the state of \
        epoch k to that of epoch k + 1. In tables and filters its settings have `schedule.` in \
        front.",
    keys: &[
        required(
            "kind",
            Kind::Text,
            "Its shape, such as `\"cosine\"`. `runner methods` lists them, `runner methods cosine` shows one with its settings.",
        ),
        optional(
            "convention",
            Kind::Text,
            "Whose exact rule and defaults are meant. Default: the convention of the optimizer, as far as it is given; else the first that has this kind.",
        ),
    ],
    others: Some(&Key {
        name: "a setting of the schedule",
        kind: Kind::Setting(Domain::Any),
        need: Need::Optional,
        description: "One value, a list or a range. Every kind can have `warmup`: so many epochs in which the rate rises from a lower one, before the rest begins. `milestones`, `boundaries`, `values` and `scales` are one list for all runs, `formula` is a text.",
    }),
};

/// `clip` of an optimizer.
pub static CLIP: Format = Format {
    name: "clip",
    description: "How a gradient is made shorter: one of these, by the rule of the optimizer's convention.",
    keys: &[
        optional(
            "value",
            Kind::Setting(Domain::Positive),
            "Each entry of the gradient is cut off at this magnitude.",
        ),
        optional(
            "norm",
            Kind::Setting(Domain::Positive),
            "The gradient of each variable is scaled down to this Euclidean norm.",
        ),
        optional(
            "global_norm",
            Kind::Setting(Domain::Positive),
            "The whole gradient is scaled down to this Euclidean norm.",
        ),
    ],
    others: None,
};

/// A range of numbers.
pub static RANGE: Format = Format {
    name: "a range",
    description: "Evenly spaced numbers in place of a list, such as \
        `{ from = 1e-4, to = 1.0, count = 25, scale = \"log\" }`. Both ends are included and exact.",
    keys: &[
        required("from", Kind::Number(Domain::Finite), "The first number."),
        required("to", Kind::Number(Domain::Finite), "The last number."),
        required(
            "count",
            Kind::Whole(Domain::WholeBetween(2, GREATEST_WHOLE)),
            "How many numbers.",
        ),
        optional(
            "scale",
            Kind::Choice(SCALES),
            "`\"linear\"` (default): equal differences; `\"log\"`: equal ratios.",
        ),
    ],
    others: None,
};

/// `[stop]`.
pub static STOP: Format = Format {
    name: "[stop]",
    description: "Rules that end a run early, tested at every epoch. Each is off unless given. A \
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
            "Converged when the loss is less than this above the known minimum; an objective without one goes on.",
        ),
        optional(
            "patience",
            Kind::Whole(Domain::WholeBetween(1, GREATEST_PATIENCE)),
            "Converged when the loss did not improve in so many epochs.",
        ),
        optional(
            "min_delta",
            Kind::Number(Domain::NotNegative),
            "With `patience`: what counts as an improvement is a loss that is less than the last improved one by more than this. Default: 0.",
        ),
    ],
    others: None,
};

/// `[record]`.
pub static RECORD: Format = Format {
    name: "[record]",
    description: "What goes into `trajectories.csv`. The first and the last epoch of a run always do.",
    keys: &[
        optional(
            "every",
            Kind::Whole(Domain::WholeBetween(1, GREATEST_LISTED)),
            "Every so many epochs. Default: every epoch up to 10,000 epochs, 1,000 points beyond.",
        ),
        optional(
            "points",
            Kind::Whole(Domain::WholeBetween(2, GREATEST_LISTED)),
            "So many epochs, in place of `every`.",
        ),
        optional(
            "spacing",
            Kind::Choice(SCALES),
            "How `points` are spaced: `\"linear\"` (default) or `\"log\"`.",
        ),
        optional(
            "parameters",
            Kind::Selection,
            "Which parameters have a column. Default: all up to 16, none beyond.",
        ),
    ],
    others: None,
};

/// `[[expect]]`.
pub static EXPECT: Format = Format {
    name: "[[expect]]",
    description: "What must hold of the final values.",
    keys: &[
        optional("runs", Kind::Filter, "Only these runs; all if left out."),
        optional(
            "status",
            Kind::Choice(Status::NAMES),
            "Why the run stopped.",
        ),
        optional(
            "outcome",
            Kind::Choice(Outcome::NAMES),
            "What the run came to.",
        ),
    ],
    others: Some(&Key {
        name: "a quantity",
        kind: Kind::Table(&BOUND),
        need: Need::Optional,
        description: "A parameter, `loss`, `gradient_norm`, `gap`, `distance` (from the nearest known minimiser), `validation_loss` or `epochs_run`. The elements of a vector are demanded one by one, such as `\"x[0]\"`, or all by its name.",
    }),
};

const ULPS: Key = optional(
    "ulps",
    Kind::Whole(Domain::Whole),
    "How many representable numbers it may be away.",
);
const ABS: Key = optional(
    "abs",
    Kind::Number(Domain::Distance),
    "How much it may be away.",
);
const REL: Key = optional(
    "rel",
    Kind::Number(Domain::Distance),
    "How much it may be away, as a share of the value.",
);

/// `[check]`.
pub static CHECK: Format = Format {
    name: "[check]",
    description: "How far values may be from those of the recorded report before `runner check` \
        fails. Without it they are the same, to the last bit.",
    keys: &[
        optional(
            "default",
            Kind::Table(&TOLERANCE),
            "For every quantity that has none of its own; `--ulps`, `--abs` and `--rel` take its place.",
        ),
        optional(
            "trajectory",
            Kind::Switch,
            "`true`: all recorded epochs are compared, not only the end of each run, and the first that deviates is told. As `--trajectory`. Default: `false`.",
        ),
    ],
    others: Some(&Key {
        name: "a quantity",
        kind: Kind::Table(&TOLERANCE),
        need: Need::Optional,
        description: "A final quantity as in an expectation, a vector by its name, or a column of a derivative, such as `loss = { rel = 1e-9 }`.",
    }),
};

/// How far a value may be away.
pub static TOLERANCE: Format = Format {
    name: "a tolerance",
    description: "How far a value may be away. Of several the loosest decides; with none it is the same.",
    keys: &[ULPS, ABS, REL],
    others: None,
};

/// What is demanded of a quantity.
pub static BOUND: Format = Format {
    name: "a bound",
    description: "What must hold of a final quantity. Numbers are read in the run's precision; of \
        several tolerances the loosest decides; with none the value must be equal.",
    keys: &[
        optional(
            "equals",
            Kind::OneOrMoreNumbers(Domain::Float),
            "The value; for a vector one for all elements, or a list of one for each.",
        ),
        ULPS,
        ABS,
        REL,
        optional(
            "below",
            Kind::OneOrMoreNumbers(Domain::Float),
            "The quantity is below this.",
        ),
        optional(
            "above",
            Kind::OneOrMoreNumbers(Domain::Float),
            "The quantity is above this.",
        ),
    ],
    others: None,
};

/// `[[derivative]]`.
pub static DERIVATIVE: Format = Format {
    name: "[[derivative]]",
    description: "A table of a formula and its derivatives at some points: `f`, then `df/dx`, \
        `d^2f/dx^2`, `d^2f/dx dy`, … up to the order, each derivative once. Of several precisions \
        or subnormals each has its rows. Where exactly one variable takes several values, there \
        is a chart over it.",
    keys: &[
        optional(
            "name",
            Kind::Text,
            "Its label, from which the files `derivative_….csv`, `.png` and `.svg` have their name. Default: the formula; for the files its number, from 1.",
        ),
        required(
            "formula",
            Kind::Text,
            "The function f, such as `\"x^2 + b\"`.",
        ),
        required(
            "at",
            Kind::Map(&Kind::Setting(Domain::Finite)),
            "The points: for each variable a number, or a list or range. Lists and ranges have equal lengths and go together; a single number holds for every point.",
        ),
        optional(
            "with_respect_to",
            Kind::Names,
            "The variables to differentiate by. Default: all of `at`.",
        ),
        optional(
            "order",
            Kind::Whole(Domain::WholeBetween(1, GREATEST_ORDER)),
            "How often: all derivatives up to this order, mixed ones included. Default: 1.",
        ),
        optional(
            "define",
            Kind::Map(&Kind::Text),
            "Names for parts of the formula, each a formula itself.",
        ),
        optional(
            "constants",
            Kind::Map(&Kind::Number(Domain::Finite)),
            "Numbers of the formula that are no variables. To vary one, give it in `at` and leave it out of `with_respect_to`.",
        ),
        optional(
            "expect",
            Kind::Table(&DERIVATIVE_EXPECT),
            "What `runner check` demands of the values.",
        ),
    ],
    others: None,
};

/// `expect` of a derivative.
pub static DERIVATIVE_EXPECT: Format = Format {
    name: "expect of a derivative",
    description: "What must hold of the values, such as `expect = { \"df/dx\" = { equals = [-2, 0, 2] } }`.",
    keys: &[],
    others: Some(&Key {
        name: "a column",
        kind: Kind::Table(&POINTS_BOUND),
        need: Need::Optional,
        description: "`f`, `df/dx` or another derivative of the table.",
    }),
};

/// What is demanded of a column of a derivative.
pub static POINTS_BOUND: Format = Format {
    name: "a bound at points",
    description: "As a bound, for a column of a derivative: one value holds at every point, a list \
        or range has one for each.",
    keys: &[
        optional("equals", Kind::Setting(Domain::Float), "The values."),
        ULPS,
        ABS,
        REL,
        optional(
            "below",
            Kind::Setting(Domain::Float),
            "The column is below these.",
        ),
        optional(
            "above",
            Kind::Setting(Domain::Float),
            "The column is above these.",
        ),
    ],
    others: None,
};

/// Every table, in the order of the documentation.
pub static FORMATS: &[&Format] = &[
    &EXPERIMENT, &OBJECTIVE, &DRAW, &MINIMUM, &TRANSFORM, &DATA, &OPTIMIZER, &SCHEDULE, &CLIP,
    &RANGE, &STOP, &RECORD, &CHART, &STYLE, &EXPECT, &BOUND, &CHECK, &TOLERANCE, &DERIVATIVE,
    &DERIVATIVE_EXPECT, &POINTS_BOUND,
];

/// The format as a chapter of Markdown.
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
            "## {title}\n\n{}\n\n| key | holds | meaning |\n|---|---|---|\n",
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
