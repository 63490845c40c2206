#!/usr/bin/env python3
"""The coefficients of the polynomials in this directory, and its constants of several parts.

    python3 -m venv target/mpmath
    target/mpmath/bin/pip install mpmath==1.4.1
    target/mpmath/bin/python crates/gradtape-tape/src/math/coefficients.py --check
    target/mpmath/bin/python crates/gradtape-tape/src/math/coefficients.py SIN COS

With names it finds polynomials of the same degrees with Remez' algorithm and prints them as Rust
has them, highest power first. `--check` reads the constants from the Rust files and fails if

- the largest error of a polynomial, relative to what POLYNOMIALS says, is not the number in the
  comment above it: the power of two to one digit, give or take one tenth;
- a part of a constant is not what the parts before it leave, rounded once.

With mpmath 1.4.1 the constants reproduce bit for bit, and so do the errors. The coefficients do
not: they come from an iteration that ended when the extrema were nearly equal, on a grid that was
not recorded. A converged one differs from them by 1e-3 to 1e-7 in the highest power and by 1e-10
or less in the lowest. The largest errors of the short polynomials are within 0.12 bits of the
smallest possible; those of the long ones are dominated by the rounding of their coefficients.
"""

import re
import struct
import sys
from pathlib import Path

from mpmath import mp, mpf, sqrt

mp.dps = 70
HERE = Path(__file__).parent

# As near to 0 as functions are evaluated whose terms cancel there.
TINY = mpf(10) ** -15


def of_square(function):
    """A function of x as a function of x²."""
    return lambda z: function(sqrt(z))


def of_tail(function):
    """A function of x as a function of 1/x²."""
    return lambda z: function(1 / sqrt(z))


def between(low, high, variable):
    """The interval of a variable that falls or rises with x."""
    return sorted([variable(mpf(low)), variable(mpf(high))])


ln_2, root_of_2 = mp.log(2), sqrt(2)
digamma_root = mp.findroot(mp.digamma, 1.46)
lgamma_x = lambda t: mpf("1.3") * (1 + t) / (1 - t)
digamma_x = lambda t: mpf("1.5") * (1 + t) / (1 - t)
erfcx_x = lambda v: 1 / (v + mpf(1) / 4) - 3
tail_x = lambda v: 1 / (v + mpf(3) / 32) - 4


def lgamma_centre(t):
    x = lgamma_x(t)
    return mp.loggamma(x) / ((x - 1) * (x - 2))


def digamma_centre(t):
    x = digamma_x(t)
    return mp.digamma(x) / (x - digamma_root)


def tail(v):
    t = tail_x(v)
    return mp.erfc(t / root_of_2) / 2 * mp.exp(t**2 / 2) * (t + 4)


def stirling(x):
    half = mpf(1) / 2
    return (mp.loggamma(x) - (x - half) * mp.log(x) + x - half * mp.log(2 * mp.pi)) * x


# Name: file, function of the polynomial's variable, its interval, the factor from the error of
# the polynomial to the relative error of the whole (near 0 relative to the leading term), and the
# constants that hold the lowest powers of the long polynomial.
POLYNOMIALS = {
    "SIN": (
        "angle", of_square(lambda r: (mp.sin(r) - r) / r**3), (0, (mp.pi / 4) ** 2),
        lambda z: z, [],
    ),
    "COS": (
        "angle", of_square(lambda r: (mp.cos(r) - 1 + r**2 / 2) / r**4), (0, (mp.pi / 4) ** 2),
        lambda z: z**2, [],
    ),
    "ASIN": (
        "angle", of_square(lambda x: (mp.asin(x) - x) / x**3), (0, mpf(1) / 4), lambda z: z, [],
    ),
    "ATAN": (
        "angle", of_square(lambda u: (mp.atan(u) - u) / u**3), (0, (root_of_2 - 1) ** 2),
        lambda z: z, [],
    ),
    "EXP": (
        "exponential", lambda r: (mp.exp(r) - 1 - r) / r**2, (-ln_2 / 2, ln_2 / 2), abs, [],
    ),
    "SINH": (
        "exponential", of_square(lambda r: (mp.sinh(r) - r) / r**3), (0, (ln_2 / 2) ** 2),
        lambda z: z, [],
    ),
    "COSH": (
        "exponential", of_square(lambda r: (mp.cosh(r) - 1 - r**2 / 2) / r**4),
        (0, (ln_2 / 2) ** 2), lambda z: z**2, [],
    ),
    "LN": (
        "logarithm", of_square(lambda s: (2 * mp.atanh(s) - 2 * s) / s**3),
        (0, (3 - 2 * root_of_2) ** 2), lambda z: z / 2, [],
    ),
    "LN_FROM_FIFTH": (
        "power", of_square(lambda s: (2 * mp.atanh(s) - 2 * s - 2 * s**3 / 3) / s**5),
        (0, (3 - 2 * root_of_2) ** 2), lambda z: z**2 / 2, [],
    ),
    "INVERSE_CBRT": ("power", lambda m: 1 / mp.cbrt(m), (1, 2), mp.cbrt, []),
    "ERF": (
        "erf", of_square(lambda x: mp.erf(x) / x - 1), (0, 1),
        of_square(lambda x: x / mp.erf(x)), [],
    ),
    "ERFCX": (
        "erf", lambda v: mp.erfc(erfcx_x(v)) * mp.exp(erfcx_x(v) ** 2),
        between(1, 6, lambda x: 1 / (x + 3) - mpf(1) / 4),
        lambda v: mp.exp(-(erfcx_x(v) ** 2)), [],
    ),
    "TAIL": (
        "erfc", tail, between(0, 39, lambda t: 1 / (t + 4) - mpf(3) / 32), lambda v: 1 / tail(v),
        ["TAIL_SQUARE", "TAIL_LINEAR", "TAIL_CONSTANT"],
    ),
    "LGAMMA_CENTRE": (
        "gamma", lgamma_centre,
        between(0.75, 2.25, lambda x: (x - mpf("1.3")) / (x + mpf("1.3"))),
        lambda t: 1 / lgamma_centre(t), ["LGAMMA_CENTRE_CONSTANT"],
    ),
    "STIRLING": (
        "gamma", of_tail(stirling), (0, mpf(16) / 81), of_tail(lambda x: 1 / x / mp.loggamma(x)),
        ["STIRLING_CONSTANT"],
    ),
    "SINC": (
        "gamma", of_square(lambda x: (mp.sincpi(x) - 1) / x**2), (0, mpf(1) / 4),
        of_square(lambda x: x**2 / mp.sincpi(x)), ["SINC_CONSTANT"],
    ),
    "DIGAMMA_CENTRE": (
        "gamma", digamma_centre,
        between(1, 2.25, lambda x: (x - mpf("1.5")) / (x + mpf("1.5"))),
        lambda t: 1 / digamma_centre(t), ["DIGAMMA_CENTRE_CONSTANT"],
    ),
    "DIGAMMA_TAIL": (
        "gamma", of_tail(lambda x: (mp.log(x) - 1 / (2 * x) - mp.digamma(x)) * x**2),
        (0, mpf(16) / 81), of_tail(lambda x: x**-2 / mp.digamma(x)), [],
    ),
    "COTANGENT": (
        "gamma",
        of_square(lambda x: (1 / x - 2 * x / (1 - x**2) - mp.pi * mp.cot(mp.pi * x)) / x),
        (0, mpf(1) / 4), sqrt, ["COTANGENT_CONSTANT"],
    ),
    # Of t up to 20; beyond, the factor is below 2⁻⁸⁶.
    "KERNEL": (
        "polygamma", of_square(lambda t: (1 / mp.expm1(t) - 1 / t + mpf(1) / 2) / t), (0, 400),
        of_square(lambda t: mp.exp(-3 * t)), [],
    ),
}

# File, name and exact value of the constants that are sums of parts.
SUMS = [
    ("mod", "LN_2", ln_2),
    ("angle", "QUARTER_TURN", mp.pi / 2),
    ("angle", "PI", mp.pi),
    ("angle", "HALF_PI", mp.pi / 2),
    ("logarithm", "LOG2_E", 1 / ln_2),
    ("logarithm", "LOG10_E", 1 / mp.log(10)),
    ("logarithm", "LOG10_2", mp.log10(2)),
    ("log_add_exp", "LN_2", ln_2),
    ("log_add_exp", "LN_2_NEAREST", ln_2),
    ("erfc", "ROOT_OF_2", root_of_2),
    ("gamma", "HALF_LN_2_PI", mp.log(2 * mp.pi) / 2),
    ("gamma", "ROOT", digamma_root),
    ("power", "TWO_THIRDS", mpf(2) / 3),
]

# File, name and exact values of the lists of numbers.
LISTS = [
    ("log_add_exp", "SHORT_FACTORIALS", [1 / mp.factorial(n) for n in range(10, 4, -1)]),
    ("log_add_exp", "FACTORIALS", [1 / mp.factorial(n) for n in range(13, 6, -1)]),
    ("log_add_exp", "FIRST_FACTORIALS", [1 / mp.factorial(n) for n in range(6, 0, -1)]),
]


def constant(file, name):
    """The value of a Rust constant, and the comments in it."""
    text = (HERE / f"{file}.rs").read_text()
    text = re.search(rf"^const {name}: .*? =(.*?);$", text, re.M | re.S)[1].strip()
    comments = re.findall(r"//(.*)", text)
    text = re.sub(r"//.*", "", text)
    text = re.sub(r"(?<=\d)_(?=\d)|(?<=[\da-f])_(?=[\da-f])", "", text)
    text = text.replace("f64::from_bits", "bits").replace("Double::new", "")
    text = re.sub(r"std::f64::consts::(\w+)", r"\1", text)
    text = re.sub(r"Series \{(.*)\}", r"dict(\1)", text, flags=re.S)
    text = text.replace("short:", "short=").replace("long:", "long=")
    names = {
        "bits": lambda bits: struct.unpack("d", struct.pack("Q", bits))[0],
        "PI": float(mp.pi),
        "FRAC_PI_2": float(mp.pi / 2),
        "SQRT_2": float(root_of_2),
        "LN_2": float(ln_2),
    }
    return eval(text, names), comments


def polynomials(name):
    """The committed polynomials, their numbers of coefficients, and their errors as stated."""
    file, *_, lowest = POLYNOMIALS[name]
    value, comments = constant(file, name)
    value = value if isinstance(value, dict) else {"long": value}
    stated = [float(comment.split("^")[1]) for comment in comments]
    for (length, coefficients), error in zip(value.items(), stated, strict=True):
        coefficients = [mpf(it) for it in coefficients]
        if length == "long":
            coefficients += [mpf(sum(map(mpf, constant(file, it)[0]))) for it in lowest]
        yield length, coefficients, error


def scale(low, high, count):
    """Points of an interval, dense at its ends."""
    angles = (mp.pi * i / (count - 1) for i in range(count))
    points = [(low + high) / 2 - (high - low) / 2 * mp.cos(angle) for angle in angles]
    return [x if abs(x) > TINY else TINY for x in points]


def largest_error(name, coefficients):
    """As a power of two."""
    _, function, interval, factor, _ = POLYNOMIALS[name]
    points = scale(*interval, 400)
    errors = (factor(x) * (mp.polyval(coefficients, x) - function(x)) for x in points)
    return float(mp.log(max(map(abs, errors)), 2))


def remez(name, count):
    """The polynomial whose largest error is smallest."""
    _, function, interval, factor, _ = POLYNOMIALS[name]
    points = scale(*interval, 40 * count)
    values, factors = [function(x) for x in points], [factor(x) for x in points]
    # Alternating extrema; at first those of a Chebyshev polynomial inside the interval.
    extrema = [round((i + 0.5) / (count + 1) * (len(points) - 1)) for i in range(count + 1)]
    for _ in range(20):
        system = mp.matrix(count + 1, count + 1)
        for row, at in enumerate(extrema):
            for power in range(count):
                system[row, power] = points[at] ** power
            system[row, count] = (-1) ** row / factors[at]
        solution = mp.lu_solve(system, mp.matrix([values[at] for at in extrema]))
        coefficients = list(solution[:count])[::-1]
        errors = [
            it * (mp.polyval(coefficients, x) - value)
            for it, x, value in zip(factors, points, values)
        ]
        before = extrema
        extrema = []
        for at, error in enumerate(errors):
            if extrema and error * errors[extrema[-1]] > 0:
                if abs(error) > abs(errors[extrema[-1]]):
                    extrema[-1] = at
            else:
                extrema.append(at)
        while len(extrema) > count + 1:
            extrema.pop(0 if abs(errors[extrema[0]]) < abs(errors[extrema[-1]]) else -1)
        if extrema == before:
            break
    return coefficients


def check():
    wrong = 0
    for name in POLYNOMIALS:
        for length, coefficients, stated in polynomials(name):
            error = largest_error(name, coefficients)
            is_wrong = abs(error - stated) > 0.1
            wrong += is_wrong
            print(
                f"{name:14} {length:5} {len(coefficients):2} coefficients: error 2^{error:.2f},"
                f" stated 2^{stated}{' WRONG' if is_wrong else ''}"
            )
    sums = [(file, name, exact, constant(file, name)[0]) for file, name, exact in SUMS]
    for file, name, values in LISTS:
        for exact, found in zip(values, constant(file, name)[0], strict=True):
            sums.append((file, name, exact, found))
    for file, name, exact, parts in sums:
        *first, last = parts if isinstance(parts, (list, tuple)) else [parts]
        expected = float(exact - sum(map(mpf, first)))
        if last != expected:
            wrong += 1
            print(f"{name} in {file}.rs: ends with {last!r}, not {expected!r}")
    print(f"{len(sums)} constants of parts compared; {wrong} wrong")
    return wrong > 0


def main():
    if sys.argv[1:] == ["--check"]:
        sys.exit(check())
    if not sys.argv[1:]:
        sys.exit(__doc__)
    for name in sys.argv[1:]:
        for length, committed, _ in polynomials(name):
            found = remez(name, len(committed))
            rounded = [mpf(float(it)) for it in found]
            if length == "long":
                # The lowest powers have two parts.
                for at in range(len(found) - len(POLYNOMIALS[name][-1]), len(found)):
                    rounded[at] += float(found[at] - rounded[at])
            print(
                f"{name} {length}: error 2^{largest_error(name, found):.2f}, rounded"
                f" 2^{largest_error(name, rounded):.2f}, committed"
                f" 2^{largest_error(name, committed):.2f}"
            )
            for coefficient, other in zip(found, committed):
                print(f"    {float(coefficient)!r},  // committed {float(other)!r}")


main()
