//! The kinds of mistakes, each with a stable code and what to do about it.

use std::fmt;

/// What kind of mistake it is. The [name](Code::name) stays what it is from version to
/// version, whatever the words of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The file is not TOML.
    Syntax,
    /// A table has a key that it cannot have.
    UnknownKey,
    /// A table lacks a key that it needs.
    MissingKey,
    /// A key holds another kind of value than it can.
    WrongType,
    /// A value is not one of those that its key can have.
    WrongValue,
    /// A name stands for nothing.
    UnknownName,
    /// A name stands for something else already.
    NameTaken,
    /// Two keys do not go together, or one means nothing without another.
    Conflict,
    /// A formula cannot be read.
    Formula,
    /// Vectors and matrices of a formula do not fit together.
    Shape,
    /// Lists that go together have different lengths.
    Lengths,
    /// A start of a variable makes no sense.
    Start,
    /// The experiment is larger than what can be computed.
    TooLarge,
    /// A condition that chooses runs cannot be read.
    Condition,
    /// A condition chooses no run, or no combination.
    NoRun,
    /// An expectation demands nothing.
    Expectation,
    /// A method or schedule cannot do what it is asked to.
    Method,
    /// A chart cannot show what it is asked to.
    Chart,
    /// The data of an objective cannot be used.
    Data,
    /// `--set` leads nowhere.
    Set,
    /// The command line cannot be read, or asks for something that is not there.
    Usage,
    /// An experiment file cannot be read.
    File,
}

/// What is told of a code.
struct Explanation {
    code: Code,
    name: &'static str,
    title: &'static str,
    about: &'static str,
    /// Lines of an experiment with such a mistake, and without it; empty if a file cannot show
    /// it. The other lines are those of [`Code::BASE`].
    wrong: &'static str,
    right: &'static str,
}

const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: Code::Syntax,
        name: "syntax",
        title: "the file is not TOML",
        about: "An experiment is a TOML file (https://toml.io). Text stands in quotes, tables \
            in brackets or braces, and each key is given once. What else may be wrong with the \
            file is told once it can be read.",
        wrong: "epochs =",
        right: "epochs = 10",
    },
    Explanation {
        code: Code::UnknownKey,
        name: "unknown-key",
        title: "a table has a key that it cannot have",
        about: "Every key is checked, so that a misspelt one is not silently without effect. \
            experiments/README.md lists the keys of each table; an editor that knows JSON \
            Schema completes them (`runner schema`).",
        wrong: "titel = \"a parabola\"",
        right: "title = \"a parabola\"",
    },
    Explanation {
        code: Code::MissingKey,
        name: "missing-key",
        title: "a table lacks a key that it needs",
        about: "Descents need `epochs`, an `[[objective]]` and an `[[optimizer]]`; a formula \
            needs a start for its variables; a method needs the settings that have no default. \
            `runner methods NAME` tells which these are.",
        wrong: "optimizer = [{ learning_rate = 0.1 }]",
        right: "optimizer = [{ method = \"sgd\", learning_rate = 0.1 }]",
    },
    Explanation {
        code: Code::WrongType,
        name: "wrong-type",
        title: "a key holds another kind of value than it can",
        about: "Numbers stand without quotes and text with them. Tables that can be given \
            several times, such as `[[chart]]`, have double brackets.",
        wrong: "title = 3",
        right: "title = \"3\"",
    },
    Explanation {
        code: Code::WrongValue,
        name: "wrong-value",
        title: "a value is not one of those that its key can have",
        about: "A number is beyond its limits or not finite, or a word is not among those that \
            are possible. The message says what is.",
        wrong: "epochs = 0",
        right: "epochs = 10",
    },
    Explanation {
        code: Code::UnknownName,
        name: "unknown-name",
        title: "a name stands for nothing",
        about: "A method, test function, variable, setting, quantity or column of this name is \
            not there. Names are told with the nearest right one. `runner methods` and `runner \
            functions` list those of the library; variables of a formula are those of `start`, \
            `constants`, `define` and `data`.",
        wrong: "optimizer = [{ method = \"sdg\", learning_rate = 0.1 }]",
        right: "optimizer = [{ method = \"sgd\", learning_rate = 0.1 }]",
    },
    Explanation {
        code: Code::NameTaken,
        name: "name-taken",
        title: "a name stands for something else already",
        about: "Objectives, optimizers, charts and derivatives are told apart by their names, \
            and a formula by those of its variables, which cannot be functions such as `sin` or \
            columns of the report such as `loss`.",
        wrong: "objective = [{ formula = \"loss^2\", start = { loss = 1 } }]",
        right: "objective = [{ formula = \"w^2\", start = { w = 1 } }]",
    },
    Explanation {
        code: Code::Conflict,
        name: "conflict",
        title: "two keys do not go together, or one means nothing without another",
        about: "Each key would say how the same thing is done, or changes something that is \
            not asked for. Leave one of them out, or add what it needs.",
        wrong: "record = { every = 2, points = 100 }",
        right: "record = { points = 100 }",
    },
    Explanation {
        code: Code::Formula,
        name: "formula",
        title: "a formula cannot be read",
        about: "Formulas are written as in Python: `+ - * / ^` (or `**`), comparisons inside \
            `where(condition, a, b)`, vectors as `[1, 2]` with indices from 0. \
            experiments/README.md has the language, with all functions.",
        wrong: "objective = [{ formula = \"w^2 +\", start = { w = 1 } }]",
        right: "objective = [{ formula = \"w^2 + 1\", start = { w = 1 } }]",
    },
    Explanation {
        code: Code::Shape,
        name: "shape",
        title: "vectors and matrices of a formula do not fit together",
        about: "Operations element by element need arrays of one shape, or a number beside an \
            array; `X @ w` needs as many columns on the left as rows on the right; an index \
            lies within its axis; and what is minimised is one number, such as a sum.",
        wrong: "objective = [{ formula = \"sum(v + w)\", start = { v = [1, 2], w = [1, 2, 3] } }]",
        right: "objective = [{ formula = \"sum(v + w)\", start = { v = [1, 2], w = [1, 2] } }]",
    },
    Explanation {
        code: Code::Lengths,
        name: "lengths",
        title: "lists that go together have different lengths",
        about: "`zip` moves lists together, one value of each for a run; the points of a \
            derivative take one value of each list of `at`; all rows of a matrix are alike.",
        wrong: "optimizer = [{ method = \"sgd\", learning_rate = [0.1, 0.2], momentum = [0.5, 0.7, 0.9], zip = [\"learning_rate\", \"momentum\"] }]",
        right: "optimizer = [{ method = \"sgd\", learning_rate = [0.1, 0.2], momentum = [0.5, 0.9], zip = [\"learning_rate\", \"momentum\"] }]",
    },
    Explanation {
        code: Code::Start,
        name: "start",
        title: "a start of a variable makes no sense",
        about: "A variable starts from a number, a range of numbers (a run for each), a draw, or \
            an array of such.",
        wrong: "objective = [{ formula = \"w^2\", start = { w = { uniform = [1, 0] } } }]",
        right: "objective = [{ formula = \"w^2\", start = { w = { uniform = [0, 1] } } }]",
    },
    Explanation {
        code: Code::TooLarge,
        name: "too-large",
        title: "the experiment is larger than what can be computed",
        about: "What a file can ask for has limits, so that nothing runs out of memory or time \
            halfway. experiments/README.md lists them. `runner plan` counts the runs of a file; \
            `[record]` decides how many rows are written.",
        wrong: "optimizer = [{ method = \"sgd\", learning_rate = { from = 0.1, to = 1, count = 20_000_000 } }]",
        right: "optimizer = [{ method = \"sgd\", learning_rate = { from = 0.1, to = 1, count = 20 } }]",
    },
    Explanation {
        code: Code::Condition,
        name: "condition",
        title: "a condition that chooses runs cannot be read",
        about: "A condition compares settings with values: `=`, `!=`, `<`, `<=`, `>`, `>=`; \
            several values with commas mean any of them. `&` is and, `|` is or, `!` is not. \
            `*` and `?` make a pattern of a value, and a pattern alone is one of labels: \
            `learning_rate < 0.1 & method = adam*`, `run < 10`, `*momentum*`.",
        wrong: "expect = [{ runs = \"learning_rate <\", loss = { below = 1 } }]",
        right: "expect = [{ runs = \"learning_rate < 1\", loss = { below = 1 } }]",
    },
    Explanation {
        code: Code::NoRun,
        name: "no-run",
        title: "a condition chooses no run, or no combination",
        about: "What is demanded of no run would never fail, and a chart of no run is empty, so \
            this is taken for a mistake. `runner plan` lists the runs with their settings.",
        wrong: "expect = [{ runs = { learning_rate = 0.5 }, loss = { below = 1 } }]",
        right: "expect = [{ runs = { learning_rate = 0.1 }, loss = { below = 1 } }]",
    },
    Explanation {
        code: Code::Expectation,
        name: "expectation",
        title: "an expectation demands nothing",
        about: "Name a status, or a quantity with `equals`, `below` or `above`.",
        wrong: "expect = [{ loss = {} }]",
        right: "expect = [{ loss = { below = 1 } }]",
    },
    Explanation {
        code: Code::Method,
        name: "method",
        title: "a method or schedule cannot do what it is asked to",
        about: "Some settings need others, a search takes no batches, bounds or schedules, a \
            method for sums of squares needs such a loss. `runner methods NAME` has the rule.",
        wrong: "optimizer = [{ method = \"sgd\", learning_rate = 0.1, nesterov = true }]",
        right: "optimizer = [{ method = \"sgd\", learning_rate = 0.1, nesterov = true, momentum = 0.9 }]",
    },
    Explanation {
        code: Code::Chart,
        name: "chart",
        title: "a chart cannot show what it is asked to",
        about: "Each kind of chart has its keys and needs something to show: a contour two \
            parameters, a sweep a setting with several values, a logarithmic axis values above \
            zero. Without any `[[chart]]` those are drawn that fit the experiment.",
        wrong: "chart = [{ kind = \"contour\" }]",
        right: "chart = [{ y = \"loss\" }]",
    },
    Explanation {
        code: Code::Data,
        name: "data",
        title: "the data of an objective cannot be used",
        about: "`data` names a CSV file with a header, from the folder of the experiment on, and \
            its columns by their names. Every cell has a finite number, or every cell of the \
            column a name. The message has the line and the column.",
        wrong: "",
        right: "",
    },
    Explanation {
        code: Code::Set,
        name: "set",
        title: "`--set` leads nowhere",
        about: "It is written as KEY=VALUE. The key is that of the file, with dots: `epochs=100`, \
            `stop.loss_below=1e-9`, `optimizer.learning_rate=[0.1,0.2]` for all optimizers, \
            `optimizer.0.learning_rate=0.1` for the first. The value is written as in the file; \
            a name needs no quotes. What is set is checked like the file.",
        wrong: "",
        right: "",
    },
    Explanation {
        code: Code::Usage,
        name: "usage",
        title: "the command line cannot be read, or asks for something that is not there",
        about: "`runner --help` and `runner COMMAND --help` list what can be asked for.",
        wrong: "",
        right: "",
    },
    Explanation {
        code: Code::File,
        name: "file",
        title: "an experiment file cannot be read",
        about: "It is not there, is a folder, is not text in UTF-8, or is longer than an \
            experiment can be.",
        wrong: "",
        right: "",
    },
];

impl Code {
    /// Lines of a whole experiment, to which the lines of an example are added or in which
    /// they replace those of the same key.
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
    /// use gradtape::mistake::Code;
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
        found.expect("every code is explained, as a test makes sure")
    }

    /// The name, such as `unknown-key`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.explanation().name
    }

    /// What it means, in a line.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.explanation().title
    }

    /// What it means and what to do, in some sentences.
    #[must_use]
    pub fn about(self) -> &'static str {
        self.explanation().about
    }

    /// Lines of an experiment with such a mistake, and the same without; `None` if a file
    /// alone cannot show it.
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
