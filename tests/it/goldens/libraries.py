#!/usr/bin/env python3
"""The descents and learning rates of PyTorch, Keras and optax in the *.json next to this file.

A file lists its cases: an optimizer in the words of an experiment, an objective, and the epochs
of interest. This script computes the numbers of each case with the library itself. To add a
case, write it with empty lists of numbers and run the script; cases that agree stay as they are.

    python3 -m venv target/goldens
    target/goldens/bin/pip install torch==2.15.0 keras==3.15.1 jax==0.10.2 optax==0.2.8
    target/goldens/bin/python tests/it/goldens/libraries.py pytorch keras   # writes these
    target/goldens/bin/python tests/it/goldens/libraries.py --check         # compares all

Everything runs on the processor: Keras on its torch backend, JAX without `jit`, in 64 bits for
f64 only. optax's Adafactor computes its decay in the precision of the run. PyTorch and Keras
take a minute, optax ten, as JAX compiles each operation anew.

With the versions above the cases reproduce bit for bit, except for one of PyTorch, five of Keras
and two in `reference`, whose last digits depend on the kernels for a processor: they differ by
1.2e-13 at most. `--check` fails beyond BOUNDS.
"""

import argparse
import functools
import inspect
import itertools
import json
import math
import os
import sys
import tomllib
import types
from pathlib import Path

# Linear algebra with the same rounding on every processor.
os.environ["MKL_CBWR"] = "COMPATIBLE"

HERE = Path(__file__).parent

# Differences that another processor explains.
BOUNDS = {"f64": 1e-9, "f32": 1e-4}

OBJECTIVES = {
    "rosenbrock": lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
    "parabola": lambda x: x**2,
    "vector": lambda x: (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum(),
    "number": lambda x: (x - 3) ** 2 + x**4,
}


def matrix(array):
    """The objective of a matrix and a vector, for the arrays that `array` makes of lists."""

    def value(m, b):
        rest = m @ array([1.0, -2.0, 0.5], m.dtype) - b
        return (rest**2).sum() + (m**4).sum() + 0.5 * ((b - 1) ** 2).sum()

    return value


def pop_all(settings, names):
    """The settings under the names that a library has for them."""
    return {names.get(name, name): settings.pop(name) for name in list(settings)}


def pair(settings, function, parameter, names):
    """Joins settings that a library takes as a tuple, with its defaults."""
    if any(name in settings for name in names):
        default = inspect.signature(function).parameters[parameter].default
        values = zip(names, default)
        settings[parameter] = tuple(float(settings.pop(name, value)) for name, value in values)


class PyTorch:
    METHODS = {
        "sgd": "SGD", "adagrad": "Adagrad", "rmsprop": "RMSprop", "adadelta": "Adadelta",
        "rprop": "Rprop", "asgd": "ASGD", "adam": "Adam", "adamw": "AdamW", "nadam": "NAdam",
        "radam": "RAdam", "adamax": "Adamax", "adafactor": "Adafactor",
    }
    NAMES = {
        "learning_rate": "lr", "epsilon": "eps", "learning_rate_decay": "lr_decay",
        "initial_accumulator": "initial_accumulator_value", "clip_threshold": "d",
    }

    def __init__(self):
        import torch

        self.torch = torch
        self.objectives = OBJECTIVES | {
            "matrix": matrix(lambda values, dtype: torch.tensor(values, dtype=dtype))
        }
        self.versions = {"torch": torch.__version__}

    def schedule(self, optimizer, rate, kind, epochs=None, warmup=None, warmup_factor=None, **given):
        schedules = self.torch.optim.lr_scheduler
        if warmup is not None:
            first = schedules.LinearLR(optimizer, warmup_factor, total_iters=warmup)
            rest = self.schedule(optimizer, rate, kind, epochs, **given)
            return schedules.SequentialLR(optimizer, [first, rest], [warmup])
        if kind == "formula":
            names = {"sqrt": math.sqrt, "learning_rate": 1.0}
            code = given["formula"]
            return schedules.LambdaLR(optimizer, lambda epoch: eval(code, names | {"epoch": epoch}))
        names = {
            "decay_rate": "gamma", "end": "eta_min", "first_epochs": "T_0", "t_mul": "T_mult",
            "anneal": "anneal_strategy", "max_learning_rate": "max_lr",
            "min_learning_rate": "min_lr", "epsilon": "eps",
        }
        given = pop_all(given, names)
        if given.get("anneal_strategy") == "cosine":
            given["anneal_strategy"] = "cos"
        length = {"cosine": "T_max", "one_cycle": "total_steps"}.get(kind, "total_iters")
        if epochs is not None:
            given[length] = epochs
        if kind == "one_cycle":
            given["max_lr"] = rate
        if kind == "cyclic":
            given["base_lr"] = rate
        name = {
            "step": "StepLR", "multi_step": "MultiStepLR", "exponential": "ExponentialLR",
            "constant": "ConstantLR", "linear": "LinearLR", "polynomial": "PolynomialLR",
            "cosine": "CosineAnnealingLR", "cosine_restarts": "CosineAnnealingWarmRestarts",
            "one_cycle": "OneCycleLR", "cyclic": "CyclicLR", "plateau": "ReduceLROnPlateau",
        }[kind]
        return getattr(schedules, name)(optimizer, **given)

    def clip(self, parameters, kind, limit):
        clips = self.torch.nn.utils
        if kind == "value":
            clips.clip_grad_value_(parameters, limit)
        elif kind == "norm":
            for parameter in parameters:
                clips.clip_grad_norm_(parameter, limit)
        else:
            clips.clip_grad_norm_(parameters, limit)

    def descend(self, objective, start, precision, method, clip=None, schedule=None, **given):
        """The learning rate and the parameters of epoch after epoch."""
        torch = self.torch
        dtype = {"f32": torch.float32, "f64": torch.float64}[precision]
        # Also of the state that some methods have next to the parameters.
        torch.set_default_dtype(dtype)
        parameters = [torch.tensor(x, dtype=dtype, requires_grad=True) for x in start]
        optimizer = getattr(torch.optim, self.METHODS[method])
        rate = given.get("learning_rate")
        pair(given, optimizer, "betas", ["beta1", "beta2"])
        pair(given, optimizer, "etas", ["eta_minus", "eta_plus"])
        pair(given, optimizer, "step_sizes", ["min_step_size", "max_step_size"])
        pair(given, optimizer, "eps", ["epsilon1", "epsilon2"])
        names = self.NAMES | ({"rho": "alpha"} if method == "rmsprop" else {})
        optimizer = optimizer(parameters, **pop_all(given, names))
        schedule = schedule and self.schedule(optimizer, rate, **schedule)
        while True:
            rate = optimizer.param_groups[0]["lr"]
            optimizer.zero_grad()
            loss = self.objectives[objective](*parameters)
            loss.backward()
            for kind, limit in (clip or {}).items():
                self.clip(parameters, kind, limit)
            optimizer.step()
            if isinstance(schedule, torch.optim.lr_scheduler.ReduceLROnPlateau):
                schedule.step(loss.item())
            elif schedule is not None:
                schedule.step()
            yield float(rate), [parameter.detach().numpy() for parameter in parameters]


class Keras:
    METHODS = {
        "sgd": "SGD", "adagrad": "Adagrad", "rmsprop": "RMSprop", "adadelta": "Adadelta",
        "ftrl": "Ftrl", "adam": "Adam", "adamw": "AdamW", "nadam": "Nadam", "adamax": "Adamax",
        "lion": "Lion", "adafactor": "Adafactor", "lamb": "Lamb",
        "schedule_free_adamw": "ScheduleFreeAdamW",
    }
    NAMES = {
        "beta1": "beta_1", "beta2": "beta_2", "initial_accumulator": "initial_accumulator_value",
        "l1": "l1_regularization_strength", "l2": "l2_regularization_strength",
        "l2_shrinkage": "l2_shrinkage_regularization_strength", "epsilon1": "epsilon_1",
        "epsilon2": "epsilon_2", "beta2_decay": "beta_2_decay",
    }
    CLIPS = {"value": "clipvalue", "norm": "clipnorm", "global_norm": "global_clipnorm"}

    def __init__(self):
        os.environ["KERAS_BACKEND"] = "torch"
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        import keras
        import torch

        self.keras = keras
        self.objectives = OBJECTIVES | {
            "matrix": matrix(lambda values, dtype: torch.tensor(values, dtype=dtype))
        }
        self.versions = {
            "keras": keras.__version__,
            "backend": f"torch {torch.__version__}",
        }

    def schedule(self, rate, kind, epochs=None, warmup=None, warmup_start=None, **given):
        names = {
            "end": "end_learning_rate", "first_epochs": "first_decay_steps",
        }
        given = pop_all(given, names)
        if epochs is not None:
            given["decay_steps"] = epochs
        if warmup is not None:
            given |= {"warmup_steps": warmup, "warmup_target": rate}
            rate = float(warmup_start)
        name = {
            "exponential": "ExponentialDecay", "inverse_time": "InverseTimeDecay",
            "piecewise": "PiecewiseConstantDecay", "polynomial": "PolynomialDecay",
            "cosine": "CosineDecay", "cosine_restarts": "CosineDecayRestarts",
        }[kind]
        if kind != "piecewise":
            given["initial_learning_rate"] = rate
        return getattr(self.keras.optimizers.schedules, name)(**given)

    def plateau(self, optimizer, kind, **given):
        """The callback, with the part of a model that it reads."""
        names = {"threshold": "min_delta", "min_learning_rate": "min_lr"}
        callback = self.keras.callbacks.ReduceLROnPlateau("loss", **pop_all(given, names))
        callback.set_model(types.SimpleNamespace(optimizer=optimizer, metrics=[]))
        callback.on_train_begin()
        return callback

    def descend(self, objective, start, precision, method, clip=None, schedule=None, **given):
        keras = self.keras
        # Also of the optimizer's own variables.
        keras.config.set_floatx({"f32": "float32", "f64": "float64"}[precision])
        variables = [keras.Variable(x, dtype=keras.config.floatx()) for x in start]
        optimizer = getattr(keras.optimizers, self.METHODS[method])
        schedule = dict(schedule or {})
        is_plateau = schedule.get("kind") == "plateau"
        if schedule and not is_plateau:
            given["learning_rate"] = self.schedule(given["learning_rate"], **schedule)
        given |= {self.CLIPS[kind]: float(limit) for kind, limit in (clip or {}).items()}
        if isinstance(given.get("learning_rate"), int):
            given["learning_rate"] = float(given["learning_rate"])
        optimizer = optimizer(**pop_all(given, self.NAMES))
        plateau = self.plateau(optimizer, **schedule) if is_plateau else None
        for epoch in itertools.count():
            rate = keras.ops.convert_to_numpy(optimizer.learning_rate)
            tensors = [variable.value for variable in variables]
            for tensor in tensors:
                tensor.grad = None
            loss = self.objectives[objective](*tensors)
            loss.backward()
            optimizer.apply([tensor.grad for tensor in tensors], variables)
            if plateau is not None:
                plateau.on_epoch_end(epoch, {"loss": loss.item()})
            parameters = [keras.ops.convert_to_numpy(variable) for variable in variables]
            yield float(rate), parameters


class Optax:
    NAMES = {
        "beta1": "b1", "beta2": "b2", "epsilon": "eps", "epsilon_root": "eps_root",
        "initial_d": "estim_lr0", "d_coefficient": "estim_lr_coef",
    }
    NAMES_OF = {
        "adagrad": {"initial_accumulator": "initial_accumulator_value"},
        "rmsprop": {
            "rho": "decay", "initial_accumulator": "initial_scale", "epsilon_in_sqrt": "eps_in_sqrt",
        },
        "adan": {"beta3": "b3"},
        "adafactor": {
            "epsilon1": "eps", "clip_threshold": "clipping_threshold",
            "weight_decay": "weight_decay_rate",
        },
    }

    def __init__(self, count="int32"):
        import jax
        import optax
        import optax.contrib

        jax.config.update("jax_platforms", "cpu")
        self.jax, self.optax, self.count = jax, optax, count
        self.objectives = OBJECTIVES | {
            "matrix": matrix(lambda values, dtype: jax.numpy.array(values, dtype=dtype))
        }
        self.versions = {"optax": optax.__version__, "jax": jax.__version__}

    def schedule(self, rate, kind, epochs=None, warmup=None, warmup_start=None, **given):
        optax = self.optax
        names = {"end": "end_value", "begin": "transition_begin"}
        if kind == "exponential":
            names["decay_steps"] = "transition_steps"
        given = pop_all(given, names)
        if kind == "piecewise":
            given = {"boundaries_and_scales": dict(zip(given["boundaries"], given["scales"]))}
        anneal = given.pop("anneal", None)
        if epochs is not None:
            given["decay_steps" if kind == "cosine" else "transition_steps"] = epochs
        if warmup is not None:
            given |= {"init_value": warmup_start, "peak_value": rate, "warmup_steps": warmup}
            if "alpha" in given:
                given["end_value"] = given.pop("alpha") * rate
            name = {
                "constant": "warmup_constant_schedule", "cosine": "warmup_cosine_decay_schedule",
                "exponential": "warmup_exponential_decay_schedule",
            }[kind]
        else:
            given["peak_value" if kind == "one_cycle" else "init_value"] = rate
            name = {
                "polynomial": "polynomial_schedule", "linear": "linear_schedule",
                "piecewise": "piecewise_constant_schedule", "exponential": "exponential_decay",
                "cosine": "cosine_decay_schedule", "one_cycle": f"{anneal}_onecycle_schedule",
            }[kind]
        return getattr(optax, name)(**given)

    def decay_in(self, dtype):
        """Lets Adafactor compute its decay in the type of the run instead of always in f32."""
        home = self.optax._src.alias.factorized
        decay = lambda i, exponent: 1.0 - self.jax.numpy.array(i + 1, dtype) ** (-exponent)
        whole = self.optax.scale_by_factored_rms
        home.scale_by_factored_rms = functools.partial(whole, decay_rate_fn=decay)

    def clip(self, gradient, kind, limit):
        optax = self.optax
        clip = optax.clip(limit) if kind == "value" else optax.clip_by_global_norm(limit)
        parts = [[part] for part in gradient] if kind == "norm" else [gradient]
        return [part for some in parts for part in clip.update(some, clip.init(some))[0]]

    def descend(self, objective, start, precision, method, clip=None, schedule=None, **given):
        jax, optax = self.jax, self.optax
        jax.config.update("jax_enable_x64", precision == "f64")
        dtype = {"f32": jax.numpy.float32, "f64": jax.numpy.float64}[precision]
        parameters = [jax.numpy.array(x, dtype=dtype) for x in start]
        schedule = dict(schedule or {})
        plateau = None
        if schedule.get("kind") == "plateau":
            del schedule["kind"]
            plateau = optax.contrib.reduce_on_plateau(**pop_all(schedule, {"threshold": "rtol"}))
        elif schedule:
            schedule = given["learning_rate"] = self.schedule(given["learning_rate"], **schedule)
        if method == "adam" and given.pop("amsgrad", False):
            method = "amsgrad"
        given = pop_all(given, self.NAMES | self.NAMES_OF.get(method, {}))
        if method == "adafactor":
            given["dtype_momentum"] = dtype
            self.decay_in(dtype)
        if method == "prodigy" and ("b1" in given or "b2" in given):
            given["betas"] = given.pop("b1", 0.9), given.pop("b2", 0.999)
        home = optax if hasattr(optax, method) else optax.contrib
        rate = given.get("learning_rate")
        optimizer = getattr(home, method)(**given)
        if plateau is not None:
            optimizer = optax.chain(optimizer, plateau)
        optimizer = optax.with_extra_args_support(optimizer)
        state = optimizer.init(parameters)
        evaluate = jax.value_and_grad(lambda parameters: self.objectives[objective](*parameters))
        for epoch in itertools.count():
            loss, gradient = evaluate(parameters)
            for kind, limit in (clip or {}).items():
                gradient = self.clip(gradient, kind, limit)
            updates, state = optimizer.update(gradient, state, parameters, value=loss)
            parameters = optax.apply_updates(parameters, updates)
            used = rate
            if plateau is not None:
                used = rate * state[-1].scale
            elif schedule:
                used = rate(jax.numpy.asarray(epoch, self.count))
            yield used and float(used), [self.jax.device_get(array) for array in parameters]


class Reference(Optax):
    """Trajectories and schedules of optax from another hand: counts in 64 bits."""

    def __init__(self):
        super().__init__("int64")


class Number(str):
    """A number as a file writes it."""


def flat(arrays):
    """All entries, as the shortest text that their own type reads back."""
    texts = [str(entry).removesuffix(".0") for array in arrays for entry in array.flatten()]
    return [text if text.lstrip("-") in ("inf", "nan") else Number(text) for text in texts]


def run(library, objectives, case):
    """The case with its numbers."""
    given = tomllib.loads(case["optimizer"])
    del given["convention"]
    start = tomllib.loads(objectives[case["objective"]])["start"].values()
    start = json.loads(json.dumps(list(start)), parse_int=float)
    descent = library.descend(case["objective"], start, case.get("precision", "f64"), **given)
    if "rates" not in case:
        epochs = range(1, 1 + max(int(epoch) for epoch in case["epochs"]))
        after = {str(epoch): flat(arrays) for epoch, (_, arrays) in zip(epochs, descent)}
        return case | {"epochs": {epoch: after[epoch] for epoch in case["epochs"]}}
    rates = []
    for _, (rate, arrays) in zip(range(int(case["epochs"])), descent):
        rates.append(Number(str(rate).removesuffix(".0")))
    if "at" in case:
        rates = [rates[int(at)] for at in case["at"]]
    return case | {"rates": rates} | ({"final": flat(arrays)} if "final" in case else {})


def difference(found, expected):
    """The largest relative difference; small entries count relative to the largest one."""
    if len(found) != len(expected):
        return math.inf
    pairs = [(float(a), float(b)) for a, b in zip(found, expected)]
    least = 1e-3 * max((abs(b) for _, b in pairs), default=0)
    same = lambda a, b: a == b or (math.isnan(a) and math.isnan(b))
    apart = [0.0 if same(a, b) else abs(a - b) / max(abs(b), least) for a, b in pairs]
    return max((math.inf if math.isnan(it) else it for it in apart), default=0.0)


def compare(case, found):
    """The largest difference from the committed numbers of a case."""
    lists = lambda case: [
        *(case["epochs"].values() if "rates" not in case else [case["rates"]]),
        case.get("final", []),
    ]
    return max(map(difference, lists(found), lists(case)))


def text_of(file):
    """The layout of the committed files."""

    def dump(value):
        if isinstance(value, Number):
            return value
        if isinstance(value, dict):
            return "{" + ", ".join(f"{dump(key)}: {dump(it)}" for key, it in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(dump, value)) + "]"
        return json.dumps(value)

    def row(case):
        results = "epochs" if "rates" not in case else "rates"
        rows = [dump({key: it for key, it in case.items() if key not in (results, "at", "final")})[:-1]]
        rows += [f'"{key}": {dump(case[key])}' for key in (results, "at", "final") if key in case]
        return "  " + ",\n   ".join(rows) + "}"

    objectives = ",\n".join(f"  {dump(it[0])}: {dump(it[1])}" for it in file["objectives"].items())
    parts = [f' "versions": {dump(file["versions"])}', f' "objectives": {{\n{objectives}\n }}']
    for part in ("descents", "rates"):
        parts.append(f' "{part}": [\n' + ",\n".join(map(row, file[part])) + "\n ]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main():
    files = {"pytorch": PyTorch, "keras": Keras, "optax": Optax, "reference": Reference}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("file", nargs="*", choices=[*files, []], help="default: all files")
    arguments = parser.parse_args()
    is_wrong = False
    for name in arguments.file or files:
        path = HERE / f"{name}.json"
        file = json.loads(path.read_text(), parse_float=Number, parse_int=Number)
        library = files[name]()
        for package, version in library.versions.items():
            if file["versions"].get(package, version) != version:
                print(f"{name}: {package} {version}, recorded with {file['versions'][package]}")
        same, total, largest = 0, 0, 0.0
        for part in ("descents", "rates"):
            for place, case in enumerate(file[part]):
                found = run(library, file["objectives"], case)
                apart = compare(case, found)
                total += 1
                same += found == case
                if apart > BOUNDS[case.get("precision", "f64")]:
                    print(f"{name}: {apart:.1e} apart\n{case['optimizer']}\n")
                    file[part][place] = found
                    is_wrong = True
                else:
                    largest = max(largest, apart)
        print(f"{name}: {same} of {total} cases bit for bit, the others at most {largest:.1e} apart")
        if not arguments.check:
            file["versions"] = library.versions
            path.write_text(text_of(file))
    sys.exit(is_wrong and arguments.check)


if __name__ == "__main__":
    main()
