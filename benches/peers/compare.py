#!/usr/bin/env python3
"""Times gradtape next to NumPy, JAX, PyTorch and TensorFlow on the same work, on one core.

    benches/peers/compare.py                         everything, about 20 minutes
    benches/peers/compare.py --peers jax numpy       only these peers
    benches/peers/compare.py --workloads rosenbrock  only this workload
    benches/peers/compare.py --save                  update results.md and results.json here

Needs cargo, and Python from 3.11 on with pip. The peers are installed into target/peers. README.md
defines the work.
"""

import argparse
import csv
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = ROOT / "target" / "peers"
PYTHON = TARGET / "venv" / "bin" / "python"

# The experiment of each workload. `parabola` writes trajectory, charts and page; the others write
# the table of runs.
WORKLOADS = {
    "parabola": ROOT / "experiments" / "parabola.toml",
    "rosenbrock": ROOT / "benches" / "workloads" / "w2.toml",
    "rosenbrock100": ROOT / "benches" / "workloads" / "w3.toml",
    "ackley": ROOT / "benches" / "workloads" / "w4.toml",
    "logistic": HERE / "logistic.toml",
}
# Ackley's workload runs in both precisions; the peers compute f64.
SETTINGS = {"ackley": ["--set", "precision=f64"]}

PEERS = {
    "numpy": ("NumPy, gradient by hand", "peer_numpy.py", "numpy"),
    "jax": ("JAX", "peer_jax.py", "jax"),
    "torch": ("PyTorch", "peer_torch.py", "torch"),
    "torch_compile": ("torch.compile", "peer_torch.py", "torch"),
    "tensorflow": ("TensorFlow", "peer_tensorflow.py", "tensorflow-cpu"),
}

# The exit code where the peers could not be installed.
NOT_INSTALLED = 3

# What each workload ends with, and the allowed relative difference: the peers do not sum or fuse
# alike, and a descent along a curved valley multiplies what is rounded differently.
EXPECTED = {
    "rosenbrock": ({"finite": 4024, "median": 0.0507877377}, 1e-7),
    "rosenbrock100": ({"finite": 256, "median": 98.452165232909, "last": 84.990323177391}, 1e-6),
    "ackley": ({"finite": 4096, "median": 8.38743152437}, 1e-7),
    "logistic": ({"finite": 64, "first": 0.45467766934124, "last": 0.25076477626874}, 1e-9),
}


def install(peers):
    """Creates the environment of the peers, once; returns their packages."""
    wanted = {"matplotlib", "numpy"} | {PEERS[peer][2] for peer in peers}
    lines = (HERE / "requirements.txt").read_text().splitlines()
    packages = [line for line in lines if line.split("==")[0] in wanted]
    try:
        if not PYTHON.exists():
            subprocess.run([sys.executable, "-m", "venv", TARGET / "venv"], check=True)
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", *packages], check=True)
    except subprocess.CalledProcessError as error:
        print(f"the peers could not be installed: {error}", file=sys.stderr)
        sys.exit(NOT_INSTALLED)
    return packages


def build():
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=ROOT, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    return Path(target) / "release" / "runner"


def losses_of(runs):
    """What `of_losses` in work.py computes, from runs.csv; the loss of a diverged run there is the last finite one."""
    with open(runs, newline="") as file:
        rows = list(csv.DictReader(file))
    finite = [float(row["loss"]) for row in rows if row["status"] != "diverged"]
    first, last = float(rows[0]["loss"]), float(rows[-1]["loss"])
    return {"finite": len(finite), "median": statistics.median(finite), "first": first, "last": last}


def last_of(trajectories):
    with open(trajectories, newline="") as file:
        for row in csv.DictReader(file):
            pass
    return {"last": float(row["w0"])}


def command(tool, workload, runner, again, epochs):
    """The command line of a tool, and what it adds to the environment."""
    if tool == "gradtape":
        charts = [] if workload == "parabola" else ["--no-charts"]
        file = TARGET / "work" / WORKLOADS[workload].name
        settings = SETTINGS.get(workload, []) + ([] if epochs is None else ["--set", f"epochs={epochs}"])
        # Without --replace a run with --set writes DIR/NAME just the same.
        return [runner, file, "--quiet", *charts, *settings, "--out", TARGET / "work" / "reports"], {}
    compiled = {"PEERS_COMPILE": "1"} if tool == "torch_compile" else {}
    return [PYTHON, HERE / PEERS[tool][1], workload, "--directory", TARGET / "work", "--again", str(again)], compiled


def run(tool, workload, runner, core, again=0, epochs=None):
    """Runs a tool once as a process; returns its wall time, peak memory and output."""
    arguments, additions = command(tool, workload, runner, again, epochs)
    # Not every library sizes its pool by the processors that the process may use.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", **additions}
    pin = (lambda: os.sched_setaffinity(0, {core})) if core is not None else None
    log = TARGET / "work" / f"{tool}.log"
    with open(log, "w") as errors, open(log.with_suffix(".out"), "w") as output:
        begin = time.perf_counter()
        process = subprocess.Popen(arguments, stdout=output, stderr=errors, env=environment, preexec_fn=pin)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{tool} failed on {workload}:\n{log.read_text()}")
    memory = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return seconds, memory, log.with_suffix(".out").read_text()


def values_of(tool, workload, output):
    if tool != "gradtape":
        return json.loads(output.strip().splitlines()[-1])["values"]
    report = TARGET / "work" / "reports" / WORKLOADS[workload].stem
    return last_of(report / "trajectories.csv") if workload == "parabola" else losses_of(report / "runs.csv")


def check(tool, workload, values):
    expected, tolerance = EXPECTED.get(workload, ({}, 0))
    for name, value in expected.items():
        # Also where a value is not a number.
        if not abs(values[name] - value) <= tolerance * abs(value):
            sys.exit(f"{tool} ends {workload} with {name} = {values[name]}, expected {value} within {tolerance} (relative)")


def computing(tool, workload, runner, core, seconds):
    """Seconds without start and compilation; `None` where the rest is output."""
    if tool != "gradtape":
        _, _, output = run(tool, workload, runner, core, again=3)
        return round(min(json.loads(output.strip().splitlines()[-1])["again"]), 4)
    if workload == "parabola":
        return None
    start = min(run(tool, workload, runner, core, epochs=1)[0] for _ in seconds)
    return round(min(seconds) - start, 4)


def machine():
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            lines = dict(line.split(":", 1) for line in file if ":" in line)
        fields = {name.strip(): value.strip() for name, value in lines.items()}
        model = fields.get("model name", model)
        vectors = [flag for flag in ("avx512f", "avx2") if flag in fields.get("flags", "").split()]
        model += f", {vectors[0]}" if vectors else ""
    except OSError:
        pass
    return {"processor": model, "system": f"{platform.system()} {platform.machine()}", "python": platform.python_version()}


def digits(value):
    if value < 0.0005:
        return "<0.001"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def table(result):
    """The figures as Markdown."""
    tools = {"gradtape": "gradtape"} | {peer: PEERS[peer][0] for peer in PEERS}
    tools = {tool: name for tool, name in tools.items() if any(tool in row for row in result["workloads"].values())}
    lines = ["| seconds | " + " | ".join(tools.values()) + " |", "|---|" + "---:|" * len(tools)]
    for workload, row in result["workloads"].items():
        cells = []
        for tool in tools:
            if tool not in row:
                cells.append("")
                continue
            again = row[tool]["computing"]
            again = "" if again is None else f" ({digits(again)})"
            cells.append(digits(row[tool]["median"]) + again)
        lines.append(f"| {workload} | " + " | ".join(cells) + " |")
    memory = [max(row[tool]["memory"] for row in result["workloads"].values() if tool in row) for tool in tools]
    lines.append("| peak memory, MB | " + " | ".join(f"{value:.0f}" for value in memory) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=5, help="whole processes of each tool [default: 5]")
    parser.add_argument("--runner", type=Path, help="the command to measure [default: build it for release]")
    parser.add_argument("--save", action="store_true", help="update the committed results.md and results.json")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if options.runner and not options.runner.is_file():
        parser.error(f"--runner: {options.runner} is not a file")
    if not options.runner and not shutil.which("cargo"):
        parser.error("cargo not found: install Rust, or name the command with --runner")
    peers = list(options.peers)
    if "torch_compile" in peers and not (shutil.which("g++") or shutil.which("clang++")):
        print("skipped: torch_compile needs a C++ compiler", file=sys.stderr)
        peers.remove("torch_compile")

    packages = install(peers)
    runner = options.runner.resolve() if options.runner else build()
    core = None
    if hasattr(os, "sched_setaffinity"):
        core = max(os.sched_getaffinity(0))
    else:
        print("this system cannot pin a process to a core: times are of all cores", file=sys.stderr)

    shutil.rmtree(TARGET / "work", ignore_errors=True)
    (TARGET / "work").mkdir(parents=True)
    for workload in options.workloads:
        shutil.copy(WORKLOADS[workload], TARGET / "work")
    subprocess.run([PYTHON, HERE / "work.py", TARGET / "work" / "logistic.csv"], check=True)

    result = {
        "machine": machine(),
        "cores": 1 if core is not None else os.cpu_count(),
        "rounds": options.rounds,
        "packages": packages,
        "workloads": {},
    }
    for workload in options.workloads:
        # torch.compile has nothing to gain on one number: there it is PyTorch.
        tools = ["gradtape", *(peer for peer in peers if (peer, workload) != ("torch_compile", "parabola"))]
        seconds = {tool: [] for tool in tools}
        memory, values = {}, {}
        # The first round fills caches: of files, of compiled Python, of torch.compile.
        for turn in range(options.rounds + 1):
            for tool in tools:
                wall, peak, output = run(tool, workload, runner, core)
                if turn:
                    seconds[tool].append(wall)
                memory[tool] = max(peak, memory.get(tool, 0))
                values[tool] = values_of(tool, workload, output)
                check(tool, workload, values[tool])
                print(f"{workload:<14} {tool:<14} round {turn}  {wall:8.3f} s  {peak:6.0f} MB", file=sys.stderr)
        row = result["workloads"][workload] = {}
        for tool in tools:
            row[tool] = {
                "median": round(statistics.median(seconds[tool]), 4),
                "min": round(min(seconds[tool]), 4),
                "max": round(max(seconds[tool]), 4),
                "computing": computing(tool, workload, runner, core, seconds[tool]),
                "memory": round(memory[tool], 1),
                "values": values[tool],
            }

    text = f"{table(result)}\n\n{result['machine']['processor']}, {result['machine']['system']}; {', '.join(packages)}.\n"
    print(text, end="")
    for directory in [TARGET] + ([HERE] if options.save else []):
        (directory / "results.md").write_text(text)
        (directory / "results.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"\nas JSON, with smallest and largest times: {TARGET / 'results.json'}")


if __name__ == "__main__":
    main()
