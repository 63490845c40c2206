//! The language as a chapter of Markdown.

use std::fmt::Write as _;

use super::{CONSTANTS, FUNCTIONS, GRAMMAR, GREATEST_DEPTH, GREATEST_SIZE};
use crate::number::grouped;

/// The formula language as a chapter of Markdown, made from the grammar and the
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

A formula such as `(1 - x)^2 + 100*(y - x^2)^2` is one number, made of numbers, of names, and of vectors and matrices of them.
A name is a variable, a constant, a definition or a column of data; {constants} are known everywhere.

- `-x^2` is −(x²) and `2^3^2` is 2⁹, as in mathematics and in Python; `**` is another way to write `^`, and `1_000` of `1000`.
- `[1, x, 3]` is a vector, `[[1, 2], [3, 4]]` a matrix, row by row; its elements can be formulas. There is no empty one, and none of three axes.
- `x[0]` is the first element, `x[-1]` the last; `M[i]` is a row of a matrix, `M[i, j]` an element, `M[:, j]` a column. `x[1:]` leaves out the first element, `x[:-1]` the last, `x[::2]` takes every second, `x[::-1]` all backwards, `M[1:, :2]` part of the rows and of the columns: as in Python, where bounds beyond an end mean the end.
- An index, a bound, and an argument of `range` is a whole number that is known before anything is evaluated: a number, `length(x)`, or arithmetic of these.
- Operators and functions go element by element. A number goes with anything, a vector with another one of its length, or with each row of a matrix whose rows have its length. Other shapes do not fit.
- `A @ B` is the product of matrices, `M @ v` and `v @ M` that with a vector as a column or row, `v @ w` the sum of the products. `@` binds as `*` does.
- `sum`, `prod`, `mean`, `var`, `std`, `norm`, `min`, `max`, `argmin`, `argmax`, `logsumexp` and `softmax` take all elements of a vector or matrix together; those of a matrix can go along an axis: `sum(M, axis=0)` is the vector of the sums of the columns, `sum(M, axis=1)` that of the rows.
- An argument that can be left out may be given by its name: `std(x, ddof=1)`, `elu(x, alpha=2)`.
- The derivative of `x^y` by y counts as 0 where x is not positive; that of `x^0` by x is 0 everywhere.
- NaN in an argument gives NaN, in the value and in the derivatives; `min`, `max` and `clamp` do not hide it.
- A branch of `where` that is not taken contributes nothing to a derivative, of any order: `where(x > 0, sqrt(x), x)` has the derivative 1 at −1 and at 0. So does the smaller argument of `max`. Where derivatives of several elements are added, what is absent becomes 0: where a number or row is used for many elements, in products with `@`, and in `cumsum`. A zero that is computed stays one: the derivative of `0*sqrt(x)` at 0 is NaN.
- `<`, `<=`, `>`, `>=`, `==`, `!=` compare, `and`, `or`, `not` combine comparisons; the result is for `where` alone.

The grammar, loosest binding first; `{{ }}` repeats, `[ ]` is optional, `|` separates alternatives. Blanks may stand between words, not within. At most {depth} levels are nested, and a formula has at most {size} words:

```text
{grammar}
```

| function | is | derivative |
|---|---|---|
",
        constants = constants.join(", "),
        depth = GREATEST_DEPTH,
        size = grouped(GREATEST_SIZE as u128),
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
        "\nThe third column tells what a derivative is where there is none, or where it is not the \
         one of the formula beside it; an empty one is smooth wherever it is finite.\n\n",
    );
    text
}
