//! The tables of an objective.

use super::MAX_VARIABLES;
use crate::number::Domain;
use crate::spec::format::{KeyRule, tables};

tables! {
    /// `[[objective]]`.
    Objective, "[[objective]]",
    "A function to minimise and where the descents start: a formula of some \
        variables, or test functions by name.",
    [KeyRule::OneOf(&["formula", "function"]), KeyRule::Requires("formula", "start")] {
        name: Text, optional,
            "Label in tables and charts. Default: the formula or the name of the function.";
        formula: Text, optional,
            "The function to minimise, such as `\"(1 - x)^2 + 100*(y - x^2)^2\"`.";
        function: OneOrMoreNames, optional,
            "A test function instead of a formula, such as `\"rosenbrock\"`. Each value of a list becomes a separate objective. `runner functions` lists the test functions.";
        dimension: Setting(Domain::WholeBetween(1, MAX_VARIABLES as u64)), optional,
            "Number of variables, for a test function that does not fix it. Default: 2 for most functions. Each value of a list becomes a separate objective.";
        start: Starts, optional,
            "Initial value of each variable; each table of a list is a separate start. Required for a formula; a test function has a standard start.";
        define: Map(Text), optional or_empty,
            "Names for parts of the formula, each defined by a formula.";
        constants: Map(Setting(Domain::Finite)), optional or_empty,
            "Numbers of the formula that are not optimised; lists and ranges are swept. A fixed vector is written in `define` instead.";
        minimum: Table(Minimum), optional,
            "Known minimum, used for the gap between it and the loss. Test functions include theirs.";
        transform: Table(Transform), optional, "Shifts, rotates and scales the function.";
        bounds: Map(Numbers(Domain::Number)), optional or_empty,
            "Lower and upper bound of each variable, such as `{ x = [0, 1], y = [0, inf] }`, the same for all elements of a vector. Updates are projected onto the bounds, and `gradient_norm` then counts only free directions.";
        data: Table(Data), optional,
            "Columns of a CSV file as vectors and matrices of the formula.";
        zip: Groups, optional or_empty,
            "Constants whose lists are paired element by element (zipped) instead of combined, such as `[\"a\", \"b\"]`, or starts, such as `[\"start.x\", \"start.y\"]`. A list of lists zips several groups.";
    }

    /// A start that is random or repeats one number.
    Draw, "a generated start",
    "A start that is random or repeats one number, such as \
        `{ normal = [0, 0.1], length = 20 }` or `{ value = 0, shape = [4, 16] }`. Random numbers \
        come from `seed`; they are new in each repetition and the same for every optimizer.",
    [KeyRule::OneOf(&["uniform", "normal", "value"]), KeyRule::NotBoth("length", "shape")] {
        uniform: Numbers(Domain::Finite), optional,
            "Smallest and largest number of a uniform distribution.";
        normal: Numbers(Domain::Finite), optional,
            "Mean and standard deviation of a normal distribution.";
        value: Number(Domain::Finite), optional, "The same number for all elements.";
        length: Integer(Domain::Count), optional,
            "Number of elements of the vector. Default: a single number.";
        shape: Integers(Domain::Count), optional,
            "Numbers of rows and columns of a matrix, instead of `length`.";
    }

    /// `transform` of an objective.
    Transform, "transform",
    "Replaces f(x) by f(m + s·R(x − m − d)), so that a method cannot profit from a \
        minimum at 0 or from variables that are the axes of the function. m is the known minimum \
        (the origin if there is none): it moves by d and keeps its value.",
    [] {
        shift: OneOrMoreNumbers(Domain::Finite), optional,
            "d: one number for all variables, or a list with one for each. Default: 0.";
        rotate: Integer(Domain::Whole), optional,
            "R: a random rotation generated from this seed. Default: no rotation.";
        scale: OneOrMoreNumbers(Domain::Positive), optional,
            "s: one factor above 0, or a list with one for each axis. Default: 1.";
    }

    /// `data` of an objective.
    Data, "data",
    "Columns of a CSV file with a header. Each cell is a number such as `5`, \
        `-0.5` or `1e3`; text is read only in columns listed in `classes`. A missing value or \
        another notation (`2,100`, `21%`, `$2.1`) is an error.",
    [] {
        file: Text, required, "Path of the file, relative to the directory of the experiment file.";
        columns: Map(OneOrMoreNames), required or_empty,
            "For each name of the formula, a column (a vector) or a list of columns (a matrix with one row for each row of the file).";
        classes: Names, optional or_empty,
            "Names of `columns` whose cells are text. Each distinct text is a class and becomes an integer, from 0 in order of first appearance, for `one_hot` or as a label. `runner` and `runner plan` show the number of classes.";
        standardize: Names, optional or_empty,
            "Names of `columns` to standardize: each of their columns is shifted to mean 0 and scaled to standard deviation 1, both computed from the training rows.";
        batch_size: Integer(Domain::Count), optional,
            "Number of rows of each update. An epoch is one pass over the training rows in an order shuffled from `seed`; its last batch may be smaller. Default: one update per epoch, on all rows.";
        validation: Number(Domain::Positive), optional,
            "Rows held out from training: a share if below 1, otherwise a number of rows. `validation_loss` is the loss on them. They are selected at random from `seed`.";
    }

    /// `minimum` of an objective.
    Minimum, "minimum",
    "The known minimum of an objective.",
    [] {
        value: Number(Domain::Finite), required,
            "Loss at the minimum; `gap` is the loss minus this.";
        at: Map(OneOrMoreNumbers(Domain::Finite)), optional or_empty, "Variables at the minimum.";
    }
}
