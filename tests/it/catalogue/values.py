#!/usr/bin/env python3
"""The values and gradients of the test functions in values.txt.

The formulas are written here a second time, independently of the catalogue in Rust. They are
evaluated with numbers that have a gradient, in 60 decimal digits, at points that are exact in
f64; each result is rounded once. Constants, also pi and e, are the f64 of both catalogues. To
add a point, write `name: point = 0 | 0` and run the script. With mpmath 1.4.1 all lines reproduce
bit for bit.

    python3 -m venv target/mpmath
    target/mpmath/bin/pip install mpmath==1.4.1
    target/mpmath/bin/python tests/it/catalogue/values.py           # writes values.txt
    target/mpmath/bin/python tests/it/catalogue/values.py --check   # fails if it would change
"""

import sys
from itertools import accumulate
from math import e, pi
from pathlib import Path

from mpmath import mp, mpf

mp.dps = 60
FILE = Path(__file__).with_name("values.txt")


class Dual:
    """A number and its derivatives by all coordinates."""

    def __init__(self, value, slopes):
        self.value, self.slopes = value, slopes

    def chain(self, value, slope):
        """A function of this number."""
        return Dual(value, [slope * it for it in self.slopes])

    def __add__(self, other):
        if isinstance(other, Dual):
            return Dual(
                self.value + other.value, [a + b for a, b in zip(self.slopes, other.slopes)]
            )
        return self.chain(self.value + mpf(other), 1)

    def __mul__(self, other):
        if isinstance(other, Dual):
            slopes = zip(self.slopes, other.slopes)
            return Dual(
                self.value * other.value, [a * other.value + b * self.value for a, b in slopes]
            )
        return self.chain(self.value * mpf(other), mpf(other))

    def __pow__(self, power):
        return self.chain(self.value ** mpf(power), power * self.value ** (mpf(power) - 1))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, other):
        return self * (other**-1 if isinstance(other, Dual) else 1 / mpf(other))

    def __rtruediv__(self, other):
        return self**-1 * other

    __radd__, __rmul__ = __add__, __mul__


def sin(x):
    return x.chain(mp.sin(x.value), mp.cos(x.value))


def cos(x):
    return x.chain(mp.cos(x.value), -mp.sin(x.value))


def exp(x):
    return x.chain(mp.exp(x.value), mp.exp(x.value))


def sqrt(x):
    return x.chain(mp.sqrt(x.value), 1 / (2 * mp.sqrt(x.value)))


def magnitude(x):
    return x.chain(abs(x.value), mp.sign(x.value))


def norm(x):
    return sqrt(sum(a**2 for a in x))


def mean(x):
    return sum(x) / len(x)


def product(x):
    *_, last = accumulate(x, lambda a, b: a * b)
    return last


def hartmann(a, p):
    weights = [1, 1.2, 3, 3.2]
    return lambda x: -sum(
        weight * exp(-sum(scale * (it - 1e-4 * at) ** 2 for scale, it, at in zip(row, x, centre)))
        for weight, row, centre in zip(weights, a, p)
    )


def powell_singular(x):
    return sum(
        (a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4
        for a, b, c, d in zip(x[0::4], x[1::4], x[2::4], x[3::4])
    )


def levy(x):
    w = [1 + (it - 1) / 4 for it in x]
    inner = sum((it - 1) ** 2 * (1 + 10 * sin(pi * it + 1) ** 2) for it in w[:-1])
    last = (w[-1] - 1) ** 2 * (1 + sin(2 * pi * w[-1]) ** 2)
    return sin(pi * w[0]) ** 2 + inner + last


def zakharov(x):
    s = sum(0.5 * i * it for i, it in numbered(x))
    return sum(it**2 for it in x) + s**2 + s**4


def numbered(x):
    return enumerate(x, 1)


def share(x, i):
    """From 0 for the first coordinate to 1 for the last."""
    return mpf(i - 1) / (len(x) - 1)


# Of one list of coordinates.
OF_MANY = {
    "hartmann_3": hartmann(
        [[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]],
        [[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]],
    ),
    "hartmann_6": hartmann(
        [
            [10, 3, 17, 3.5, 1.7, 8],
            [0.05, 10, 17, 0.1, 8, 14],
            [3, 3.5, 1.7, 10, 17, 8],
            [17, 8, 0.05, 10, 0.1, 14],
        ],
        [
            [1312, 1696, 5569, 124, 8283, 5886],
            [2329, 4135, 8307, 3736, 1004, 9991],
            [2348, 1451, 3522, 2883, 3047, 6650],
            [4047, 8828, 8732, 5743, 1091, 381],
        ],
    ),
    "powell_singular": powell_singular,
    "sphere": lambda x: sum(it**2 for it in x),
    "sum_squares": lambda x: sum(i * it**2 for i, it in numbered(x)),
    "schwefel_1_2": lambda x: sum(it**2 for it in accumulate(x)),
    "ellipsoid": lambda x: sum(10 ** (6 * share(x, i)) * it**2 for i, it in numbered(x)),
    "cigar": lambda x: x[0] ** 2 + 1e6 * sum(it**2 for it in x[1:]),
    "discus": lambda x: 1e6 * x[0] ** 2 + sum(it**2 for it in x[1:]),
    "different_powers": lambda x: sqrt(
        sum(magnitude(it) ** (2 + 4 * share(x, i)) for i, it in numbered(x))
    ),
    "rosenbrock": lambda x: sum(
        100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:])
    ),
    "rastrigin": lambda x: 10 * len(x) + sum(it**2 - 10 * cos(2 * pi * it) for it in x),
    "ackley": lambda x: (
        -20 * exp(-0.2 * sqrt(mean([it**2 for it in x])))
        - exp(mean([cos(2 * pi * it) for it in x]))
        + (20 + mpf(e))
    ),
    "griewank": lambda x: (
        1
        + sum(it**2 for it in x) / 4000
        - product([cos(it / mp.sqrt(i)) for i, it in numbered(x)])
    ),
    "schwefel": lambda x: (
        mpf(418.9828872724338) * len(x) - sum(it * sin(sqrt(magnitude(it))) for it in x)
    ),
    "levy": levy,
    "zakharov": zakharov,
    "dixon_price": lambda x: (x[0] - 1) ** 2
    + sum(i * (2 * b**2 - a) ** 2 for (i, b), a in zip(list(numbered(x))[1:], x)),
    "trid": lambda x: sum((it - 1) ** 2 for it in x) - sum(a * b for a, b in zip(x, x[1:])),
    "styblinski_tang": lambda x: 0.5 * sum(it**4 - 16 * it**2 + 5 * it for it in x),
    "michalewicz": lambda x: -sum(sin(it) * sin(i * it**2 / pi) ** 20 for i, it in numbered(x)),
    "salomon": lambda x: 1 - cos(2 * pi * norm(x)) + 0.1 * norm(x),
    "alpine_1": lambda x: sum(magnitude(it * sin(it) + 0.1 * it) for it in x),
    "qing": lambda x: sum((it**2 - i) ** 2 for i, it in numbered(x)),
}

# Of one, two or four coordinates.
OF_FEW = {
    "parabola": lambda x: x**2,
    "tf_core_guide": lambda x: 2 * x**4 + 3 * x**3 + 2,
    "gramacy_lee": lambda x: sin(10 * pi * x) / (2 * x) + (x - 1) ** 4,
    "forrester": lambda x: (6 * x - 2) ** 2 * sin(12 * x - 4),
    "levy13": lambda x, y: (
        sin(3 * pi * x) ** 2
        + (x - 1) ** 2 * (1 + sin(3 * pi * y) ** 2)
        + (y - 1) ** 2 * (1 + sin(2 * pi * y) ** 2)
    ),
    "booth": lambda x, y: (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2,
    "beale": lambda x, y: (
        (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2
    ),
    "himmelblau": lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
    "matyas": lambda x, y: 0.26 * (x**2 + y**2) - 0.48 * (x * y),
    "goldstein_price": lambda x, y: (
        1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * (x * y) + 3 * y**2)
    )
    * (
        30
        + (2 * x - 3 * y) ** 2
        * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * (x * y) + 27 * y**2)
    ),
    "three_hump_camel": lambda x, y: 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2,
    "six_hump_camel": lambda x, y: (
        (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (4 * y**2 - 4) * y**2
    ),
    "branin": lambda x, y: (
        (y - 5.1 / (4 * pi**2) * x**2 + 5 / pi * x - 6) ** 2 + 10 * (1 - 1 / (8 * pi)) * cos(x) + 10
    ),
    "mccormick": lambda x, y: sin(x + y) + (x - y) ** 2 - 1.5 * x + 2.5 * y + 1,
    "easom": lambda x, y: -cos(x) * cos(y) * exp(-((x - pi) ** 2) - (y - pi) ** 2),
    "cross_in_tray": lambda x, y: (
        -1e-4
        * (magnitude(sin(x) * sin(y) * exp(magnitude(100 - norm([x, y]) / pi))) + 1) ** 0.1
    ),
    "eggholder": lambda x, y: (
        -(y + 47) * sin(sqrt(magnitude(y + x / 2 + 47)))
        - x * sin(sqrt(magnitude(x - (y + 47))))
    ),
    "holder_table": lambda x, y: -magnitude(
        sin(x) * cos(y) * exp(magnitude(1 - norm([x, y]) / pi))
    ),
    "drop_wave": lambda x, y: (
        -(1 + cos(12 * norm([x, y]))) / (0.5 * (x**2 + y**2) + 2)
    ),
    "schaffer_n2": lambda x, y: (
        0.5 + (sin(x**2 - y**2) ** 2 - 0.5) / (1 + 0.001 * (x**2 + y**2)) ** 2
    ),
    "schaffer_n4": lambda x, y: (
        0.5
        + (cos(sin(magnitude(x**2 - y**2))) ** 2 - 0.5) / (1 + 0.001 * (x**2 + y**2)) ** 2
    ),
    "bukin_n6": lambda x, y: (
        100 * sqrt(magnitude(y - 0.01 * x**2)) + 0.01 * magnitude(x + 10)
    ),
    "bohachevsky_1": lambda x, y: (
        x**2 + 2 * y**2 - 0.3 * cos(3 * pi * x) - 0.4 * cos(4 * pi * y) + 0.7
    ),
    "freudenstein_roth": lambda x, y: (
        (-13 + x + ((5 - y) * y - 2) * y) ** 2 + (-29 + x + ((y + 1) * y - 14) * y) ** 2
    ),
    "powell_badly_scaled": lambda x, y: (
        (1e4 * (x * y) - 1) ** 2 + (exp(-x) + exp(-y) - 1.0001) ** 2
    ),
    "brown_badly_scaled": lambda x, y: (
        (x - 1e6) ** 2 + (y - 2e-6) ** 2 + (x * y - 2) ** 2
    ),
    "saddle": lambda x, y: x**2 - y**2,
    "monkey_saddle": lambda x, y: x**3 - 3 * (x * y**2),
    "colville": lambda a, b, c, d: (
        100 * (a**2 - b) ** 2
        + (a - 1) ** 2
        + (c - 1) ** 2
        + 90 * (c**2 - d) ** 2
        + 10.1 * ((b - 1) ** 2 + (d - 1) ** 2)
        + 19.8 * ((b - 1) * (d - 1))
    ),
}


def text(number):
    """The nearest f64 as a file writes it."""
    return repr(float(number)).removesuffix(".0")


def row(line):
    """The same line with the value and the gradient of its point."""
    if line.startswith("#"):
        return line
    name, rest = line.split(": ")
    point = rest.split(" = ")[0]
    numbers = [mpf(float(it)) for it in point.split()]
    slopes = [[mpf(i == j) for j in range(len(numbers))] for i in range(len(numbers))]
    x = [Dual(*it) for it in zip(numbers, slopes)]
    found = OF_MANY[name](x) if name in OF_MANY else OF_FEW[name](*x)
    return f"{name}: {point} = {text(found.value)} | {' '.join(map(text, found.slopes))}"


def main():
    lines = FILE.read_text().splitlines()
    made = [row(line) for line in lines]
    changed = [(old, new) for old, new in zip(lines, made) if old != new]
    for old, new in changed:
        print(f"- {old}\n+ {new}")
    print(f"{FILE.name}: {len(lines) - len(changed)} of {len(lines)} lines as committed")
    if "--check" in sys.argv:
        sys.exit(bool(changed))
    FILE.write_text("\n".join(made) + "\n")


main()
