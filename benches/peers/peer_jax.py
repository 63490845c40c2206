"""JAX: one run written down, `vmap` over all runs, the epochs in a compiled loop."""

import os
import time

begin = time.perf_counter()
os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import jax.numpy as jnp
import numpy as np

import work
from work import BETA1, BETA2, EPOCHS, EPSILON

jax.config.update("jax_enable_x64", True)
imported = time.perf_counter() - begin


@jax.jit
def descend_parabola(w, rate):
    def step(w, _):
        w = w - rate * jax.grad(lambda w: w**2)(w)
        return w, w

    _, rest = jax.lax.scan(step, w, length=EPOCHS["parabola"])
    return jnp.concatenate([w[None], rest])


def parabola():
    return np.asarray(descend_parabola(jnp.float32(1), jnp.float32(0.01)))


def rosenbrock_loss(p):
    x, y = p
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


@jax.jit
@jax.vmap
def descend_rosenbrock(rate, x, y):
    def step(_, p):
        return tuple(p - rate * g for p, g in zip(p, jax.grad(rosenbrock_loss)(p)))

    # Four epochs a turn is the fastest of 1, 2, 4 and 8.
    return rosenbrock_loss(jax.lax.fori_loop(0, EPOCHS["rosenbrock"], step, (x, y), unroll=4))


def rosenbrock():
    return np.asarray(descend_rosenbrock(*work.rosenbrock()))


def adam(loss, rate, start, epochs):
    """The loss after `epochs` updates; `start` is a tree of arrays."""
    tree = jax.tree_util.tree_map

    def step(i, state):
        p, m, v = state
        g = jax.grad(loss)(p)
        t = i + 1.0
        m = tree(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, g)
        v = tree(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, g)
        scale1, scale2 = 1 / (1 - BETA1**t), 1 / (1 - BETA2**t)
        p = tree(lambda p, m, v: p - rate * (m * scale1) / (jnp.sqrt(v * scale2) + EPSILON), p, m, v)
        return p, m, v

    zero = tree(jnp.zeros_like, start)
    return loss(jax.lax.fori_loop(0, epochs, step, (start, zero, zero))[0])


def rosenbrock100_loss(x):
    return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


# Runs as columns, which is faster than as rows.
descend_rosenbrock100 = jax.jit(
    jax.vmap(lambda rate, x: adam(rosenbrock100_loss, rate, x, EPOCHS["rosenbrock100"]), in_axes=(0, 1))
)


def rosenbrock100():
    rate, start = work.rosenbrock100()
    return np.asarray(descend_rosenbrock100(rate, np.ascontiguousarray(start.T)))


def ackley_loss(p):
    x, y = p
    radius = jnp.sqrt((x * x + y * y) / 2)
    return -20 * jnp.exp(-0.2 * radius) - jnp.exp((jnp.cos(2 * np.pi * x) + jnp.cos(2 * np.pi * y)) / 2) + 20 + np.e


descend_ackley = jax.jit(jax.vmap(lambda rate, x, y: adam(ackley_loss, rate, (x, y), EPOCHS["ackley"])))


def ackley():
    return np.asarray(descend_ackley(*work.ackley()))


def cross_entropy(w, x, y):
    # Four times as fast as `jax.nn.softplus(z) - y * z`, with the same values.
    z = x @ w
    positive = z >= 0
    return jnp.mean(jnp.where(positive, z, 0) - y * z + jnp.log1p(jnp.exp(jnp.where(positive, -z, z))))


@jax.jit
def descend_logistic(x, y, rates):
    def run(rate):
        start = jnp.zeros(x.shape[1])
        w = jax.lax.fori_loop(0, EPOCHS["logistic"], lambda _, w: w - rate * jax.grad(cross_entropy)(w, x, y), start)
        return cross_entropy(w, x, y)

    return jax.vmap(run)(rates)


def logistic():
    return np.asarray(descend_logistic(*work.logistic()))


work.main({f.__name__: f for f in (parabola, rosenbrock, rosenbrock100, ackley, logistic)}, imported)
