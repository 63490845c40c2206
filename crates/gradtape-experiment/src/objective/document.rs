//! The language as a Markdown chapter.

use std::fmt::Write as _;

use super::{CONSTANTS, FUNCTIONS, GRAMMAR, MAX_DEPTH, MAX_SIZE};
use crate::number::grouped;

/// The formula language as a Markdown chapter, generated from the grammar and the
/// table of functions.
#[must_use]
pub fn documentation() -> String {
    let constants: Vec<String> = CONSTANTS
        .iter()
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    let mut text = format!(
        "\
## Formulas

A formula such as `(1 - x)^2 + 100*(y - x^2)^2` gives one number. It consists of numbers, names, and vectors and matrices of these.
A name is a variable, a constant, a definition or a column of data; {constants} are predefined.

- `-x^2` is −(x²) and `2^3^2` is 2⁹, as in mathematics and in Python; `**` is the same as `^`, and `1_000` the same as `1000`.
- `[1, x, 3]` is a vector, `[[1, 2], [3, 4]]` a matrix, row by row; elements can be formulas. Empty arrays and arrays with three axes are not supported.
- `x[0]` is the first element, `x[-1]` the last; `M[i]` is a row of a matrix, `M[i, j]` an element, `M[:, j]` a column. `x[1:]` omits the first element, `x[:-1]` the last; `x[::2]` takes every second element, `x[::-1]` reverses the order, `M[1:, :2]` takes some rows and columns. As in Python, a bound beyond an end means that end.
- An index, a bound of a slice and an argument of `range` must be an integer known before evaluation: a number, `length(x)`, or arithmetic of these.
- Operators and functions apply element by element. Arrays of the same shape combine, a number with anything, and a vector with each row of a matrix whose rows have its length. Other shapes are incompatible.
- `A @ B` is the matrix product; `M @ v` and `v @ M` take the vector as a column or a row; `v @ w` is the sum of the products. `@` has the precedence of `*`.
- `sum`, `prod`, `mean`, `var`, `std`, `norm`, `min`, `max`, `argmin`, `argmax`, `logsumexp` and `softmax` take all elements of a vector or matrix, or go along one axis of a matrix: `sum(M, axis=0)` is the vector of column sums, `sum(M, axis=1)` that of row sums.
- An optional argument can be given by name: `std(x, ddof=1)`, `elu(x, alpha=2)`.
- The derivative of `x^y` by y is taken as 0 where x is not positive; that of `x^0` by x is 0 everywhere.
- NaN in an argument gives NaN, in the value and in the derivatives; `min`, `max` and `clamp` do not hide it.
- A branch of `where` that is not taken contributes nothing to a derivative, of any order: `where(x > 0, sqrt(x), x)` has the derivative 1 at −1 and at 0. The same holds for the smaller argument of `max`. Where derivatives of several elements are added, a missing one counts as 0: where a number or row is used for many elements, in products with `@`, and in `cumsum`. A computed zero is not dropped: the derivative of `0*sqrt(x)` at 0 is NaN.
- `<`, `<=`, `>`, `>=`, `==`, `!=` compare, `and`, `or`, `not` combine comparisons; the result can only be used in `where`.

The grammar, loosest binding first: `{{ }}` repeats, `[ ]` is optional, `|` separates alternatives. Whitespace may stand between tokens, not within. A formula has at most {depth} levels of nesting and {size} tokens:

```text
{grammar}
```

| function | value | derivative |
|---|---|---|
",
        constants = constants.join(", "),
        depth = MAX_DEPTH,
        size = grouped(MAX_SIZE as u128),
        grammar = GRAMMAR.trim(),
    );
    for function in FUNCTIONS {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| `{}({})` | {} | {} |",
            function.name, function.arguments, function.description, function.derivative
        );
    }
    text.push_str(
        "\nThe third column gives the derivative where none exists, or where it is not that of the \
         formula next to it. Where it is empty, the function is smooth wherever it is finite.\n\n",
    );
    text
}
