//! Error codes with their explanations.

use std::fmt;

/// Code of an error. Its [name](Code::name) is stable across versions; the wording of
/// messages is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The file is not TOML.
    Syntax,
    /// A table has an unknown key.
    UnknownKey,
    /// A table lacks a required key.
    MissingKey,
    /// A value has the wrong type.
    WrongType,
    /// A value is not allowed for its key.
    WrongValue,
    /// A name is unknown.
    UnknownName,
    /// A name is already in use.
    NameTaken,
    /// Two keys conflict, or one has no effect without another.
    Conflict,
    /// A formula cannot be read.
    Formula,
    /// Vectors and matrices of a formula have incompatible shapes.
    Shape,
    /// Lists that must match have different lengths.
    Lengths,
    /// The start of a variable is invalid.
    Start,
    /// The experiment is too large to compute.
    TooLarge,
    /// A condition that selects runs cannot be read.
    Condition,
    /// A condition matches no run or no combination.
    NoRun,
    /// An expectation has no condition.
    Expectation,
    /// A method or schedule cannot be used this way.
    Method,
    /// A chart cannot be plotted as specified.
    Chart,
    /// The data of an objective cannot be used.
    Data,
    /// `--set` cannot be applied.
    Set,
    /// The command line is invalid, or names something that does not exist.
    Usage,
    /// An experiment file cannot be read.
    File,
}

/// Explanation of a code.
struct Explanation {
    code: Code,
    name: &'static str,
    title: &'static str,
    about: &'static str,
    /// Lines of an experiment with such an error, and without it; empty if a file alone cannot
    /// show it. The other lines are those of [`Code::BASE`].
    wrong: &'static str,
    right: &'static str,
}

const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: Code::Syntax,
        name: "syntax",
        title: "the file is not TOML",
        about: "An experiment is a TOML file (https://toml.io). Strings are written in quotes, \
            tables in brackets or braces, and each key is given once. Other errors of the file \
            are reported once it is valid TOML.",
        wrong: "epochs =",
        right: "epochs = 10",
    },
    Explanation {
        code: Code::UnknownKey,
        name: "unknown-key",
        title: "a table has an unknown key",
        about: "Every key is checked, so that a misspelt key is not silently ignored. \
            experiments/README.md lists the keys of each table; an editor that supports JSON \
            Schema completes them (`runner schema`).",
        wrong: "titel = \"a parabola\"",
        right: "title = \"a parabola\"",
    },
    Explanation {
        code: Code::MissingKey,
        name: "missing-key",
        title: "a table lacks a required key",
        about: "Descents need `epochs`, an `[[objective]]` and an `[[optimizer]]`; a formula \
            needs a start for its variables; a method needs the settings that have no default. \
            `runner methods NAME` lists these settings.",
        wrong: "optimizer = [{ learning_rate = 0.1 }]",
        right: "optimizer = [{ method = \"sgd\", learning_rate = 0.1 }]",
    },
    Explanation {
        code: Code::WrongType,
        name: "wrong-type",
        title: "a value has the wrong type",
        about: "Numbers are written without quotes, strings with quotes. Tables that may \
            repeat, such as `[[chart]]`, have double brackets.",
        wrong: "title = 3",
        right: "title = \"3\"",
    },
    Explanation {
        code: Code::WrongValue,
        name: "wrong-value",
        title: "a value is not allowed for its key",
        about: "A number is out of range or not finite, or a string is not one of the allowed \
            values. The message says what is expected.",
        wrong: "epochs = 0",
        right: "epochs = 10",
    },
    Explanation {
        code: Code::UnknownName,
        name: "unknown-name",
        title: "a name is unknown",
        about: "No method, test function, variable, setting, quantity or column has this \
            name. The message suggests the nearest known name. `runner methods` and `runner \
            functions` list the methods and test functions; the names of a formula are those in \
            `start`, `constants`, `define` and `data`.",
        wrong: "optimizer = [{ method = \"sdg\", learning_rate = 0.1 }]",
        right: "optimizer = [{ method = \"sgd\", learning_rate = 0.1 }]",
    },
    Explanation {
        code: Code::NameTaken,
        name: "name-taken",
        title: "a name is already in use",
        about: "Names distinguish objectives, optimizers, charts and derivatives, and the \
            variables of a formula. A variable cannot have the name of a function such as `sin` \
            or of a column of the report such as `loss`.",
        wrong: "objective = [{ formula = \"loss^2\", start = { loss = 1 } }]",
        right: "objective = [{ formula = \"w^2\", start = { w = 1 } }]",
    },
    Explanation {
        code: Code::Conflict,
        name: "conflict",
        title: "two keys conflict, or one has no effect without another",
        about: "Two keys specify the same choice, or a key modifies something that is not \
            enabled. Remove one of the keys, or add the one that is needed.",
        wrong: "record = { every = 2, points = 100 }",
        right: "record = { points = 100 }",
    },
    Explanation {
        code: Code::Formula,
        name: "formula",
        title: "a formula cannot be read",
        about: "Formulas are written as in Python: `+ - * / ^` (or `**`), comparisons inside \
            `where(condition, a, b)`, vectors as `[1, 2]` with indices from 0. \
            experiments/README.md describes the language and all functions.",
        wrong: "objective = [{ formula = \"w^2 +\", start = { w = 1 } }]",
        right: "objective = [{ formula = \"w^2 + 1\", start = { w = 1 } }]",
    },
    Explanation {
        code: Code::Shape,
        name: "shape",
        title: "vectors and matrices of a formula have incompatible shapes",
        about: "Element-wise operations need arrays of the same shape, or a number and an \
            array; `X @ w` needs as many columns on the left as rows on the right; an index must \
            be within its axis; and an objective must be one number, such as a sum.",
        wrong: "objective = [{ formula = \"sum(v + w)\", start = { v = [1, 2], w = [1, 2, 3] } }]",
        right: "objective = [{ formula = \"sum(v + w)\", start = { v = [1, 2], w = [1, 2] } }]",
    },
    Explanation {
        code: Code::Lengths,
        name: "lengths",
        title: "lists that must match have different lengths",
        about: "`zip` pairs lists element by element, one value of each for a run; the points \
            of a derivative take one value of each list in `at`; all rows of a matrix have the \
            same length.",
        wrong: "optimizer = [{ method = \"sgd\", learning_rate = [0.1, 0.2], momentum = [0.5, 0.7, 0.9], zip = [\"learning_rate\", \"momentum\"] }]",
        right: "optimizer = [{ method = \"sgd\", learning_rate = [0.1, 0.2], momentum = [0.5, 0.9], zip = [\"learning_rate\", \"momentum\"] }]",
    },
    Explanation {
        code: Code::Start,
        name: "start",
        title: "the start of a variable is invalid",
        about: "A variable starts from a number, a range of numbers (one run for each), a \
            generated start such as `{ normal = [0, 1] }`, or an array of those.",
        wrong: "objective = [{ formula = \"w^2\", start = { w = { uniform = [1, 0] } } }]",
        right: "objective = [{ formula = \"w^2\", start = { w = { uniform = [0, 1] } } }]",
    },
    Explanation {
        code: Code::TooLarge,
        name: "too-large",
        title: "the experiment is too large to compute",
        about: "The size of an experiment is limited, so that nothing runs out of memory or \
            time halfway. experiments/README.md lists the limits. `runner plan` counts the runs \
            of a file; `[record]` sets the number of rows that are written.",
        wrong: "optimizer = [{ method = \"sgd\", learning_rate = { from = 0.1, to = 1, count = 20_000_000 } }]",
        right: "optimizer = [{ method = \"sgd\", learning_rate = { from = 0.1, to = 1, count = 20 } }]",
    },
    Explanation {
        code: Code::Condition,
        name: "condition",
        title: "a condition that selects runs cannot be read",
        about: "A condition compares settings with values: `=`, `!=`, `<`, `<=`, `>`, `>=`; \
            several values separated by commas match any of them. Comparisons are combined with \
            `and`, `or` and `not`, or `&`, `|` and `!`. `*` and `?` make a value a pattern, and a pattern alone is matched with labels: \
            `learning_rate < 0.1 and method = adam*`, `run < 10`, `*momentum*`.",
        wrong: "expect = [{ runs = \"learning_rate <\", loss = { below = 1 } }]",
        right: "expect = [{ runs = \"learning_rate < 1\", loss = { below = 1 } }]",
    },
    Explanation {
        code: Code::NoRun,
        name: "no-run",
        title: "a condition matches no run or no combination",
        about: "An expectation that matches no run can never fail, and a chart of no runs is \
            empty, so this is an error. `runner plan` lists the runs with their settings.",
        wrong: "expect = [{ runs = { learning_rate = 0.5 }, loss = { below = 1 } }]",
        right: "expect = [{ runs = { learning_rate = 0.1 }, loss = { below = 1 } }]",
    },
    Explanation {
        code: Code::Expectation,
        name: "expectation",
        title: "an expectation has no condition",
        about: "Add a status, an outcome, or a quantity with `equals`, `below` or `above`.",
        wrong: "expect = [{ loss = {} }]",
        right: "expect = [{ loss = { below = 1 } }]",
    },
    Explanation {
        code: Code::Method,
        name: "method",
        title: "a method or schedule cannot be used this way",
        about: "Some settings need others; line-search and second-order methods do not support \
            batches, bounds or schedules; a method for sums of squares needs such a loss. \
            `runner methods NAME` shows the rule.",
        wrong: "optimizer = [{ method = \"sgd\", learning_rate = 0.1, nesterov = true }]",
        right: "optimizer = [{ method = \"sgd\", learning_rate = 0.1, nesterov = true, momentum = 0.9 }]",
    },
    Explanation {
        code: Code::Chart,
        name: "chart",
        title: "a chart cannot be plotted as specified",
        about: "Each kind of chart has its own keys and needs values to show: a contour chart \
            needs two parameters, a sweep a setting with several values, a logarithmic axis \
            values above zero. Without a `[[chart]]` the report has the charts that fit the \
            experiment.",
        wrong: "chart = [{ kind = \"contour\" }]",
        right: "chart = [{ y = \"loss\" }]",
    },
    Explanation {
        code: Code::Data,
        name: "data",
        title: "the data of an objective cannot be used",
        about: "`data` gives the path of a CSV file with a header, relative to the directory of \
            the experiment, and the names of its columns. Every cell of a column is a finite \
            number, or every cell is the name of a class. The message shows the line and the \
            column.",
        wrong: "",
        right: "",
    },
    Explanation {
        code: Code::Set,
        name: "set",
        title: "`--set` cannot be applied",
        about: "Its form is KEY=VALUE. The key is that of the file, with dots: `epochs=100`, \
            `stop.loss_below=1e-9`, `optimizer.learning_rate=[0.1,0.2]` for all optimizers, \
            `optimizer.0.learning_rate=0.1` for the first. The value is written as in the file; \
            a name needs no quotes. The resulting experiment is checked like a file.",
        wrong: "",
        right: "",
    },
    Explanation {
        code: Code::Usage,
        name: "usage",
        title: "the command line is invalid, or names something that does not exist",
        about: "`runner --help` and `runner COMMAND --help` list the commands and options.",
        wrong: "",
        right: "",
    },
    Explanation {
        code: Code::File,
        name: "file",
        title: "an experiment file cannot be read",
        about: "It does not exist, is a directory, is not UTF-8 text, or is longer than an \
            experiment can be.",
        wrong: "",
        right: "",
    },
];

impl Code {
    /// Lines of a complete experiment. The lines of an example are added to them, or replace
    /// those with the same key.
    pub const BASE: [&str; 3] = [
        "epochs = 10",
        "objective = [{ formula = \"w^2\", start = { w = 1 } }]",
        "optimizer = [{ method = \"sgd\", learning_rate = 0.1 }]",
    ];

    /// All codes.
    pub fn all() -> impl Iterator<Item = Code> {
        EXPLANATIONS.iter().map(|one| one.code)
    }

    /// The code with this name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_experiment::mistake::Code;
    ///
    /// assert_eq!(Code::named("unknown-key"), Some(Code::UnknownKey));
    /// assert_eq!(Code::UnknownKey.to_string(), "unknown-key");
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<Code> {
        Code::all().find(|code| code.name() == name)
    }

    fn explanation(self) -> &'static Explanation {
        let mut explanations = EXPLANATIONS.iter();
        let found = explanations.find(|one| one.code == self);
        found.expect("every code has an explanation, as a test verifies")
    }

    /// The name, such as `unknown-key`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.explanation().name
    }

    /// Meaning in one line.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.explanation().title
    }

    /// Meaning and remedy in a few sentences.
    #[must_use]
    pub fn about(self) -> &'static str {
        self.explanation().about
    }

    /// Lines of an experiment with such an error, and without it; `None` if a file alone
    /// cannot show it.
    #[must_use]
    pub fn example(self) -> Option<(&'static str, &'static str)> {
        let Explanation { wrong, right, .. } = self.explanation();
        (!wrong.is_empty()).then_some((wrong, right))
    }
}

/// The name.
impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
