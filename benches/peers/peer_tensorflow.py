"""TensorFlow: the eager gradient tape of its tutorial for the parabola, else `tf.function` with XLA
around the loop over the epochs, all runs at once.
"""

import os
import time

begin = time.perf_counter()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf

import work
from work import BETA1, BETA2, EPOCHS, EPSILON

imported = time.perf_counter() - begin


def parabola():
    w = tf.Variable(1.0)
    states = np.empty(EPOCHS["parabola"] + 1, np.float32)
    states[0] = w.numpy()
    for epoch in range(1, len(states)):
        with tf.GradientTape() as tape:
            loss = w**2
        w.assign_sub(0.01 * tape.gradient(loss, w))
        states[epoch] = w.numpy()
    return states


def gradient(loss, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(loss(x))
    return tape.gradient(total, x)


def plain(loss, rate, start, epochs):
    @tf.function(jit_compile=True)
    def run(x):
        for _ in tf.range(epochs):
            x = x - rate * gradient(loss, x)
        return loss(x)

    return run(tf.constant(start)).numpy()


def adam(loss, rate, start, epochs):
    @tf.function(jit_compile=True)
    def run(x):
        m, v = tf.zeros_like(x), tf.zeros_like(x)
        power1, power2 = tf.ones((), x.dtype), tf.ones((), x.dtype)
        for _ in tf.range(epochs):
            g = gradient(loss, x)
            power1, power2 = power1 * BETA1, power2 * BETA2
            m = BETA1 * m + (1 - BETA1) * g
            v = BETA2 * v + (1 - BETA2) * g * g
            x = x - rate * (m / (1 - power1)) / (tf.sqrt(v / (1 - power2)) + EPSILON)
        return loss(x)

    return run(tf.constant(start)).numpy()


def rosenbrock():
    rate, x, y = work.rosenbrock()

    def loss(p):
        return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2

    return plain(loss, rate, np.stack([x, y]), EPOCHS["rosenbrock"])


def rosenbrock100():
    rate, start = work.rosenbrock100()

    def loss(x):
        return tf.reduce_sum(100 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1 - x[:, :-1]) ** 2, 1)

    return adam(loss, rate[:, None], start, EPOCHS["rosenbrock100"])


def ackley():
    rate, x, y = work.ackley()

    def loss(p):
        radius = tf.sqrt((p[0] * p[0] + p[1] * p[1]) / 2)
        waves = tf.cos(2 * np.pi * p[0]) + tf.cos(2 * np.pi * p[1])
        return -20 * tf.exp(-0.2 * radius) - tf.exp(waves / 2) + 20 + np.e

    return adam(loss, rate, np.stack([x, y]), EPOCHS["ackley"])


def logistic():
    x, y, rate = work.logistic()
    labels = np.repeat(y[:, None], len(rate), axis=1)

    def loss(w):
        z = tf.matmul(x, w)
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=z), 0)

    return plain(loss, rate, np.zeros((x.shape[1], len(rate))), EPOCHS["logistic"])


work.main({f.__name__: f for f in (parabola, rosenbrock, rosenbrock100, ackley, logistic)}, imported)
