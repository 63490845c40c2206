"""PyTorch: all runs at once, automatic differentiation at each epoch, Adam by hand since its own
takes one learning rate. With PEERS_COMPILE=1 some epochs together are compiled by torch.compile.
"""

import os
import time

begin = time.perf_counter()
import numpy as np
import torch
import torch.nn.functional as F

import work
from work import BETA1, BETA2, EPOCHS, EPSILON

torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
imported = time.perf_counter() - begin

COMPILED = os.environ.get("PEERS_COMPILE") == "1"


def parabola():
    w = torch.tensor(1.0, requires_grad=True)
    states = torch.empty(EPOCHS["parabola"] + 1)
    states[0] = w.detach()
    for epoch in range(1, len(states)):
        (gradient,) = torch.autograd.grad(w**2, w)
        with torch.no_grad():
            w -= 0.01 * gradient
            states[epoch] = w
    return states.numpy()


def descend(loss, update, state, epochs, together):
    """Applies `update(state, gradient of the sum of losses)` at each epoch; returns the losses."""
    if COMPILED:
        gradient = torch.func.grad(lambda x: loss(x).sum())

        def several(state):
            for _ in range(together):
                state = update(state, gradient(state[0]))
            return state

        compiled = torch.compile(several, fullgraph=True)
        with torch.no_grad():
            for _ in range(epochs // together):
                state = compiled(state)
            return loss(state[0]).numpy()
    for _ in range(epochs):
        x = state[0].detach().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(x).sum(), x)
        with torch.no_grad():
            state = update((x.detach(), *state[1:]), gradient)
    return loss(state[0]).numpy()


def plain(rate):
    return lambda state, gradient: (state[0] - rate * gradient,)


def adam(rate):
    def update(state, gradient):
        x, m, v, power1, power2 = state
        power1, power2 = power1 * BETA1, power2 * BETA2
        m = BETA1 * m + (1 - BETA1) * gradient
        v = BETA2 * v + (1 - BETA2) * gradient * gradient
        x = x - rate * (m / (1 - power1)) / (torch.sqrt(v / (1 - power2)) + EPSILON)
        return x, m, v, power1, power2

    return update


def adam_state(start):
    one = torch.ones((), dtype=start.dtype)
    return start, torch.zeros_like(start), torch.zeros_like(start), one, one


def rosenbrock():
    rate, x, y = map(torch.from_numpy, work.rosenbrock())

    def loss(p):
        return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2

    return descend(loss, plain(rate), (torch.stack([x, y]),), EPOCHS["rosenbrock"], 10)


def rosenbrock100():
    rate, start = map(torch.from_numpy, work.rosenbrock100())

    def loss(x):
        return (100 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1 - x[:, :-1]) ** 2).sum(1)

    return descend(loss, adam(rate[:, None]), adam_state(start), EPOCHS["rosenbrock100"], 1)


def ackley():
    rate, x, y = map(torch.from_numpy, work.ackley())

    def loss(p):
        radius = torch.sqrt((p * p).sum(0) / 2)
        return -20 * torch.exp(-0.2 * radius) - torch.exp(torch.cos(2 * np.pi * p).sum(0) / 2) + 20 + np.e

    return descend(loss, adam(rate), adam_state(torch.stack([x, y])), EPOCHS["ackley"], 4)


def logistic():
    x, y, rate = map(torch.from_numpy, work.logistic())
    labels = y[:, None].expand(-1, len(rate)).contiguous()

    def loss(w):
        return F.binary_cross_entropy_with_logits(x @ w, labels, reduction="none").mean(0)

    start = torch.zeros(x.shape[1], len(rate), dtype=x.dtype)
    return descend(loss, plain(rate), (start,), EPOCHS["logistic"], 1)


work.main({f.__name__: f for f in (parabola, rosenbrock, rosenbrock100, ackley, logistic)}, imported)
