#!/usr/bin/env python3
"""The values and derivatives of elementary functions in mpmath.csv and slopes.csv.

A row of mpmath.csv is a function, two operands and the nearest f64; the order of `polygamma` is
a column of its own. A row of slopes.csv is a function, a number, and the nearest first and second
derivative. Computed in 400 digits, as `log_add_exp` loses up to 270 near its zeros. To add a row,
write it with zeros and run the script. With mpmath 1.4.1 all rows reproduce bit for bit.

    python3 -m venv target/mpmath
    target/mpmath/bin/pip install mpmath==1.4.1
    target/mpmath/bin/python tests/it/goldens/values.py           # writes both files
    target/mpmath/bin/python tests/it/goldens/values.py --check   # fails if they would change
"""

import sys
from pathlib import Path

from mpmath import mp, mpf

HERE = Path(__file__).parent


def sigmoid_slopes(x):
    value = 1 / (1 + mp.exp(-x))
    rest = 1 / (1 + mp.exp(x))
    return value * rest, value * rest * (rest - value)


def tanh_slopes(x):
    slope = mp.sech(x) ** 2
    return slope, -2 * mp.tanh(x) * slope


def log_slopes(base):
    return lambda x: (1 / (x * mp.log(base)), -1 / (x**2 * mp.log(base)))


def asin_slopes(x):
    root = mp.sqrt((1 - x) * (1 + x))
    return 1 / root, x / root**3


def erf_slopes(x):
    slope = 2 / mp.sqrt(mp.pi) * mp.exp(-(x**2))
    return slope, -2 * x * slope


VALUES = {
    "gelu": lambda order, x, y: x * mp.ncdf(x),
    "silu": lambda order, x, y: x / (1 + mp.exp(-x)),
    "elu": lambda order, x, y: x if x > 0 else y * mp.expm1(x),
    "log_add_exp": lambda order, x, y: mp.log(mp.exp(x) + mp.exp(y)),
    "digamma": lambda order, x, y: mp.digamma(x),
    "polygamma": lambda order, x, y: mp.polygamma(order, x),
}

SLOPES = {
    "asin": asin_slopes,
    "acos": lambda x: tuple(-it for it in asin_slopes(x)),
    "atan": lambda x: (1 / (1 + x**2), -2 * x / (1 + x**2) ** 2),
    "asinh": lambda x: (1 / mp.sqrt(1 + x**2), -x / mp.sqrt(1 + x**2) ** 3),
    "acosh": lambda x: (1 / mp.sqrt(x**2 - 1), -x / mp.sqrt(x**2 - 1) ** 3),
    "atanh": lambda x: (1 / (1 - x**2), 2 * x / (1 - x**2) ** 2),
    "tanh": tanh_slopes,
    "sigmoid": sigmoid_slopes,
    "softplus": lambda x: (1 / (1 + mp.exp(-x)), sigmoid_slopes(x)[0]),
    "log2": log_slopes(2),
    "log10": log_slopes(10),
    "erf": erf_slopes,
}


def value_row(name, order, x, y, _):
    value = VALUES[name](int(order), mpf(float(x)), mpf(float(y)))
    return [name, order, x, y, repr(float(value))]


def slope_row(name, x, *_):
    return [name, x, *(repr(float(it)) for it in SLOPES[name](mpf(float(x))))]


def main():
    mp.dps = 400
    is_changed = False
    for name, row in [("mpmath.csv", value_row), ("slopes.csv", slope_row)]:
        header, *lines = (HERE / name).read_text().splitlines()
        made = [",".join(row(*line.split(","))) for line in lines]
        changed = [(old, new) for old, new in zip(lines, made) if old != new]
        is_changed |= bool(changed)
        for old, new in changed:
            print(f"- {old}\n+ {new}")
        print(f"{name}: {len(lines) - len(changed)} of {len(lines)} rows as committed")
        if "--check" not in sys.argv:
            (HERE / name).write_text("\n".join([header, *made]) + "\n")
    sys.exit(is_changed and "--check" in sys.argv)


main()
