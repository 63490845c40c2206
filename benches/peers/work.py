"""The work that every tool does: inputs, sizes, and the values that show that it was done.

Each peer_*.py maps the names of the workloads to functions without arguments and passes them to
`main`, which runs one of them and prints times and values as JSON.

    python work.py CSV     writes the data of the workload `logistic`
"""

import argparse
import json
import os
import sys
import time

import numpy as np

EPOCHS = {"parabola": 10_000, "rosenbrock": 10_000, "rosenbrock100": 1_000, "ackley": 1_000, "logistic": 1_000}

# Adam as PyTorch and optax define it.
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def log_range(first, last, count):
    """`count` values of equal ratios, both ends included."""
    return np.array([first * (last / first) ** (i / (count - 1)) for i in range(count)])


def _grid(rates, xs, ys):
    """Learning rate, x and y of each run: every combination, y varying fastest."""
    return tuple(axis.ravel().copy() for axis in np.meshgrid(rates, xs, ys, indexing="ij"))


def rosenbrock():
    return _grid(log_range(1e-5, 2e-3, 64), np.linspace(-2, 2, 8), np.linspace(-1, 3, 8))


def rosenbrock100():
    start = np.tile([-1.2, 1.0], 50)
    return log_range(1e-3, 1e-1, 256), np.tile(start, (256, 1))


def ackley():
    return _grid(log_range(1e-3, 1e-1, 64), np.linspace(-4, 4, 8), np.linspace(-4, 4, 8))


def _uniform(count, seed):
    """Numbers in [0, 1) of the generator SplitMix64 (Steele, Lea and Flood, 2014)."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)) * 2.0**-53


def logistic():
    """2,000 rows of 20 columns, a label for each row, 64 learning rates."""
    rows, columns = 2000, 20
    x, weights, labels = np.split(_uniform(rows * columns + columns + rows, 5), [rows * columns, rows * columns + columns])
    x = (2 * x - 1).reshape(rows, columns)
    probability = 1 / (1 + np.exp(-(x @ (6 * weights - 3))))
    return x, (labels < probability).astype(float), log_range(1e-2, 10, 64)


def trajectory(w, directory):
    """What a script writes of the descent of w²: every epoch as CSV and a chart."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    loss = w * w
    with open(os.path.join(directory, "trajectory.csv"), "w") as file:
        file.write("epoch,w0,loss\n")
        file.writelines(map("{},{},{}\n".format, range(len(w)), w.astype("U"), loss.astype("U")))
    figure = Figure(figsize=(12, 8), dpi=100)
    axes = figure.add_subplot()
    axes.plot(w)
    axes.set(title="w0 over epochs", xlabel="epoch", ylabel="w0")
    axes.grid(alpha=0.3)
    figure.savefig(os.path.join(directory, "w0_over_epoch.png"))
    return {"last": float(w[-1])}


def of_losses(loss):
    """The values that show that all runs were computed."""
    loss = np.asarray(loss, dtype=float)
    finite = loss[np.isfinite(loss)]
    return {"finite": len(finite), "median": float(np.median(finite)), "first": float(loss[0]), "last": float(loss[-1])}


def main(workloads, imported):
    """Runs the workload that the command line names; `imported` is the time of the imports."""
    parser = argparse.ArgumentParser()
    parser.add_argument("workload", choices=workloads)
    parser.add_argument("--directory", default=".", help="where the files of `parabola` go")
    parser.add_argument("--again", type=int, default=0, help="further calls, without compilation")
    options = parser.parse_args()

    # The sizes are chosen so that some runs overflow.
    np.seterr(all="ignore")
    work = workloads[options.workload]
    seconds = []
    for _ in range(1 + options.again):
        begin = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - begin)
    values = trajectory(result, options.directory) if options.workload == "parabola" else of_losses(result)
    print(json.dumps({"import": imported, "first": seconds[0], "again": seconds[1:], "values": values}))


if __name__ == "__main__":
    x, y, _ = logistic()
    with open(sys.argv[1], "w") as file:
        file.write(",".join([f"x{i}" for i in range(x.shape[1])] + ["y"]) + "\n")
        for row, label in zip(x, y):
            file.write(",".join(repr(float(value)) for value in [*row, label]) + "\n")
