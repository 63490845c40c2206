"""NumPy: gradients by hand, all runs at once, arrays reused from epoch to epoch."""

import time

begin = time.perf_counter()
import numpy as np

import work
from work import BETA1, BETA2, EPOCHS, EPSILON

imported = time.perf_counter() - begin


def parabola():
    w = np.empty(EPOCHS["parabola"] + 1, np.float32)
    value, rate, two = np.float32(1), np.float32(0.01), np.float32(2)
    w[0] = value
    for epoch in range(1, len(w)):
        value = value - rate * (two * value)
        w[epoch] = value
    return w


def rosenbrock():
    rate, x, y = work.rosenbrock()
    valley, step, scratch = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    rate2, rate200, rate400 = 2 * rate, 200 * rate, 400 * rate
    for _ in range(EPOCHS["rosenbrock"]):
        np.multiply(x, x, out=valley)
        np.subtract(y, valley, out=valley)
        np.multiply(x, valley, out=step)
        step *= rate400
        np.subtract(1, x, out=scratch)
        scratch *= rate2
        step += scratch
        x += step
        valley *= rate200
        y -= valley
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


class Adam:
    """The update for arrays of one shape, without allocations."""

    def __init__(self, rate, shape):
        self.rate, self.epoch = rate, 0
        self.m, self.v, self.scratch = np.zeros(shape), np.zeros(shape), np.empty(shape)

    def update(self, x, gradient):
        self.epoch += 1
        m, v, scratch = self.m, self.v, self.scratch
        np.subtract(gradient, m, out=scratch)
        scratch *= 1 - BETA1
        m += scratch
        np.multiply(gradient, gradient, out=scratch)
        scratch -= v
        scratch *= 1 - BETA2
        v += scratch
        np.divide(v, 1 - BETA2**self.epoch, out=scratch)
        np.sqrt(scratch, out=scratch)
        scratch += EPSILON
        np.divide(m, scratch, out=scratch)
        scratch *= self.rate / (1 - BETA1**self.epoch)
        x -= scratch


def rosenbrock100():
    # Runs are columns: the neighbours of a variable are whole rows.
    rate, start = work.rosenbrock100()
    x = np.ascontiguousarray(start.T)
    adam, gradient = Adam(rate, x.shape), np.zeros_like(x)
    valley, scratch = np.empty_like(x[1:]), np.empty_like(x[1:])
    left, right = x[:-1], x[1:]
    for _ in range(EPOCHS["rosenbrock100"]):
        np.multiply(left, left, out=valley)
        np.subtract(right, valley, out=valley)
        valley *= 200
        np.multiply(valley, left, out=scratch)
        scratch *= -2
        gradient[:-1] = scratch
        gradient[-1] = 0
        np.subtract(left, 1, out=scratch)
        scratch *= 2
        gradient[:-1] += scratch
        gradient[1:] += valley
        adam.update(x, gradient)
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum(axis=0)


def ackley():
    rate, x, y = work.ackley()
    p = np.stack([x, y])
    adam, gradient, scratch, cosine = Adam(rate, p.shape), np.empty_like(p), np.empty_like(p), np.empty_like(p)
    radius, factor = np.empty_like(x), np.empty_like(x)
    for _ in range(EPOCHS["ackley"]):
        np.multiply(p, p, out=scratch)
        np.add(scratch[0], scratch[1], out=radius)
        radius *= 0.5
        np.sqrt(radius, out=radius)
        np.multiply(radius, -0.2, out=factor)
        np.exp(factor, out=factor)
        factor *= 2
        factor /= radius
        np.multiply(p, factor, out=gradient)
        np.multiply(p, 2 * np.pi, out=scratch)
        np.cos(scratch, out=cosine)
        np.sin(scratch, out=scratch)
        np.add(cosine[0], cosine[1], out=factor)
        factor *= 0.5
        np.exp(factor, out=factor)
        factor *= np.pi
        scratch *= factor
        gradient += scratch
        adam.update(p, gradient)
    radius = np.sqrt((p * p).sum(axis=0) / 2)
    return -20 * np.exp(-0.2 * radius) - np.exp(np.cos(2 * np.pi * p).sum(axis=0) / 2) + 20 + np.e


def logistic():
    # Runs are columns, so that one product of matrices serves all.
    x, y, rate = work.logistic()
    transposed, labels = np.ascontiguousarray(x.T), np.repeat(y[:, None], len(rate), axis=1)
    w, residual, gradient = np.zeros((20, len(rate))), np.empty((2000, len(rate))), np.empty((20, len(rate)))
    step = rate / len(x)
    for _ in range(EPOCHS["logistic"]):
        np.matmul(x, w, out=residual)
        np.negative(residual, out=residual)
        np.exp(residual, out=residual)
        residual += 1
        np.reciprocal(residual, out=residual)
        residual -= labels
        np.matmul(transposed, residual, out=gradient)
        gradient *= step
        w -= gradient
    z = x @ w
    return (np.logaddexp(0, z) - labels * z).mean(axis=0)


work.main({f.__name__: f for f in (parabola, rosenbrock, rosenbrock100, ackley, logistic)}, imported)
