"""Start-up: whole processes, from the shell's point of view, beside `import click` and the rest.

    python benchmarks/startup.py [--repeats 15]

A command that cannot run here is named with the reason.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from common import MeasurementError, interleaved, machine, table

GRAD = ["grad", "x**2*y+y+2", "--x", "3", "--y", "4"]
MODULE = ["-m", "bpcalc"]
PLAIN = ["--no-check", "--format", "json"]

SYMPY_SCRIPT = """
import sympy

x, y = sympy.symbols("x y")
formula = sympy.sympify("x**2*y+y+2")
point = {x: 3, y: 4}
print("value", formula.evalf(subs=point))
for variable in (x, y):
    derivative = sympy.diff(formula, variable)
    print(variable, derivative, derivative.evalf(subs=point))
"""

CASADI_SCRIPT = """
import casadi

x, y = casadi.SX.sym("x"), casadi.SX.sym("y")
formula = x**2 * y + y + 2
gradient = casadi.gradient(formula, casadi.vertcat(x, y))
print(*casadi.Function("f", [x, y], [formula, gradient])(3, 4))
"""

# pip compiles what it installs. A source tree is compiled in the warm-up, unless this forbids it,
# and then every run compiles, half as long again (measured).
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

CLICK, SYMPY = "import click", "import sympy"


def commands() -> dict[str, list[str]]:
    """What is run, by the name it has in the table."""
    python, script = sys.executable, console_script()
    imports = ("click", "sympy", "casadi", "jax", "torch")
    return {
        "python -c pass": [python, "-c", "pass"],
        **{f"import {name}": [python, "-c", f"import {name}"] for name in imports},
        "SymPy script: diff, evalf": [python, "-c", SYMPY_SCRIPT],
        "CasADi script: gradient": [python, "-c", CASADI_SCRIPT],
        "bpcalc grad ... --no-check --format json": [script, *GRAD, *PLAIN],
        "python -m bpcalc grad ... --no-check --format json": [python, *MODULE, *GRAD, *PLAIN],
        "bpcalc grad ...": [script, *GRAD],
        "python -m bpcalc grad ...": [python, *MODULE, *GRAD],
    }


def console_script() -> str:
    """The `bpcalc` that belongs to this Python, or else the first on the PATH; empty if none."""
    beside = Path(sys.executable).with_name("bpcalc")
    return str(beside) if beside.exists() else shutil.which("bpcalc") or ""


def job(command: list[str]) -> Callable[[], float]:
    """A function that runs the command and returns its milliseconds; run once, as a warm-up.

    Raises:
        MeasurementError: the command is missing, or it fails.
    """
    if not command[0]:
        raise MeasurementError("no console script; pip install bpcalc")
    warm_up = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    if warm_up.returncode:
        said = warm_up.stderr.strip().splitlines() or ["nothing on standard error"]
        raise MeasurementError(f"exit code {warm_up.returncode}: {said[-1][:160]}")
    return partial(milliseconds, command)


def milliseconds(command: list[str]) -> float:
    """Wall time of one run, its output discarded.

    Raises:
        MeasurementError: it fails.
    """
    nowhere = subprocess.DEVNULL
    start = time.perf_counter()
    code = subprocess.run(command, stdout=nowhere, stderr=nowhere, env=ENVIRONMENT).returncode
    taken = time.perf_counter() - start
    if code:
        raise MeasurementError(f"exit code {code} after a warm-up that went well")
    return taken * 1000


def prepared() -> tuple[dict[str, Callable[[], float]], dict[str, str]]:
    """The jobs that can run here, and why the others cannot."""
    jobs: dict[str, Callable[[], float]] = {}
    failures: dict[str, str] = {}
    for name, command in commands().items():
        try:
            jobs[name] = job(command)
        except MeasurementError as why:
            failures[name] = str(why)
    return jobs, failures


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=15, help="runs of each command")
    repeats = options.parse_args().repeats
    jobs, failures = prepared()
    times, stopped = interleaved(jobs, repeats)
    failures |= stopped
    medians = {k: statistics.median(found) for k, found in times.items() if k not in stopped}
    rows = [row(name, medians) for name in sorted(medians, key=medians.__getitem__)]
    print(f"{machine()}; median of {repeats} runs, interleaved\n")
    print(table(["process", "ms", f"/ {CLICK}", f"/ {SYMPY}"], rows))
    for name, why in failures.items():
        print(f"{name}: not measured, {why}")


def row(name: str, medians: dict[str, float]) -> list[str]:
    """A name, its time, and its ratios to the two yardsticks (`-` where one is missing)."""
    yardsticks = (medians.get(CLICK), medians.get(SYMPY))
    ratios = [f"{medians[name] / unit:.2f}" if unit else "-" for unit in yardsticks]
    return [name, f"{medians[name]:.0f}", *ratios]


if __name__ == "__main__":
    main()
