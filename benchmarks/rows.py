"""Rows: value and gradient of formulas over columns in memory, beside other tools.

    python benchmarks/rows.py [--problems neuron] [--rows 1000000] [--rounds 7] [--tools bpcalc]

Every tool is a process of its own, started once; they take turns with a pause between them, a few
passes each after one that is not measured. Only tools whose results agree are timed. The first
call is measured in fresh processes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from common import MeasurementError, interleaved, load, machine, not_measured, table
from row_problems import PROBLEMS, problem
from row_tools import TOOLS
from workers import Worker, after_a_pause

SEED = 20261121
HAND, OURS = "NumPy by hand", "bpcalc"
BESIDE_SCIPY = "bpcalc, SciPy imported"
OF_OURS = ("bpcalc, out=", BESIDE_SCIPY)
TIMED = [name for name in TOOLS if name != BESIDE_SCIPY]
MEASURED = [name for name in PROBLEMS if name != "random"]
ROWS = [1_000_000, 10_000]
ROWS_OF_FIRST = 10_000
PASSES = 5_000_000
"""Rows of a turn, all passes together; at most 100 passes."""
TOLERANCE = 1e-9
HEADER = [
    "tool",
    "median ms",
    "/ bpcalc",
    "least ms",
    "/ bpcalc",
    "M rows/s",
    "gradient / value",
    "agrees to",
]


class Timed(NamedTuple):
    """A turn of a tool, in seconds of each pass."""

    value: list[float]
    gradient: list[float]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="+", default=MEASURED, choices=MEASURED)
    parser.add_argument("--tools", nargs="+", default=TIMED, choices=TIMED)
    parser.add_argument("--rows", nargs="+", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=7, help="turns of each tool")
    parser.add_argument("--first", type=int, default=3, help="first calls of each tool")
    parser.add_argument("--threads", type=int, default=2, help="of PyTorch, Numba and BLAS")
    parser.add_argument("--keep", action="store_true", help="all results of a turn stay in memory")
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    how = f"threads {given.threads}; {given.rounds} turns, interleaved; seed {given.seed}; {load()}"
    print(f"{machine()}, {how}")
    for rows in given.rows:
        for name in given.problems:
            print(f"\n{name}, {rows:,} rows\n", flush=True)
            print(report(name, rows, given), flush=True)
    if given.first:
        print(f"\nFirst call, ms, least of {given.first} fresh processes\n", flush=True)
        print(first_calls(given), flush=True)


# Warm calls


def report(name: str, rows: int, given: argparse.Namespace) -> str:
    """The table of one problem, and a line for each tool that failed."""
    try:
        expected = expectation(name, rows, given.seed)
    except ImportError as why:
        return f"not measured, what is expected is computed with {why.name}"
    workers = {
        tool: Worker("row_tools.py", tool, name, rows, given.seed, threads=given.threads)
        for tool in given.tools
    }
    with tempfile.TemporaryDirectory() as folder:
        checks = {
            tool: partial(checked, worker, expected, Path(folder, "result.npy"))
            for tool, worker in workers.items()
        }
        found, failures = interleaved(checks, 1)
    passes = max(1, min(100, PASSES // rows))
    jobs = {
        tool: after_a_pause(partial(turn, workers[tool], passes, given.keep))
        for tool in found
        if tool not in failures
    }
    turns, stopped = interleaved(jobs, given.rounds)
    for worker in workers.values():
        worker.end()
    failures |= stopped
    measured = {tool: timed for tool, timed in turns.items() if tool not in stopped}
    ours = times(measured[OURS]) if OURS in measured else None
    lines = [row(tool, rows, timed, ours, found[tool][0]) for tool, timed in measured.items()]
    return "\n".join([table(HEADER, lines), *not_measured(failures)])


def expectation(name: str, rows: int, seed: int) -> Any:
    """Value and derivatives by hand, a row of the array each."""
    given = problem(name, rows, seed)
    assert given.by_hand
    return np.stack(given.by_hand(given.columns))


def checked(worker: Worker, expected: Any, file: Path) -> float:
    """How far a tool's results are off, relative to the largest number of each column.

    Raises:
        MeasurementError: too far, or it has none.
    """
    worker.asked("result", file)
    worst = max(map(deviation, np.load(file, mmap_mode="r"), expected))
    if not worst <= TOLERANCE:
        raise MeasurementError(f"its results differ by {worst:.0e}")
    return worst


def deviation(got: Any, expected: Any) -> float:
    return float(np.max(np.abs(got - expected)) / np.max(np.abs(expected)))


def turn(worker: Worker, passes: int, keep: bool) -> Timed:
    words = ["keep"] if keep else []
    return Timed(worker.asked("value", passes, *words), worker.asked("gradient", passes, *words))


def row(
    tool: str, rows: int, turns: list[Timed], ours: tuple[float, float] | None, off: float
) -> list[str]:
    """By the least times also the rate, and value and gradient in units of the value alone."""
    median_, least = times(turns)
    value = min(pass_ for turn in turns for pass_ in turn.value)
    return [
        tool,
        f"{median_ * 1000:.3g}",
        f"{median_ / ours[0]:.2f}" if ours else "-",
        f"{least * 1000:.3g}",
        f"{least / ours[1]:.2f}" if ours else "-",
        f"{rows / least / 1e6:.3g}",
        f"{least / value:.2f}",
        "" if tool == HAND else f"{off:.0e}",
    ]


def times(turns: list[Timed]) -> tuple[float, float]:
    """Median and least seconds of value and gradient."""
    found = [pass_ for turn in turns for pass_ in turn.gradient]
    return median(found), min(found)


# First calls


def first_calls(given: argparse.Namespace) -> str:
    """Milliseconds from the formula to its first value and gradient, imports not counted."""
    names = [*given.problems, "random"]
    tools = [*given.tools, BESIDE_SCIPY] if OURS in given.tools else given.tools
    tools = [tool for tool in tools if tool not in (HAND, "bpcalc, out=")]
    jobs = {(t, p): after_a_pause(partial(first_call, t, p, given)) for p in names for t in tools}
    found, failures = interleaved(jobs, given.first)  # type: ignore[type-var]
    lines = [[tool, *(cell(found, failures, (tool, p)) for p in names)] for tool in tools]
    reasons = {tool: why for (tool, problem), why in failures.items() if problem != "random"}
    header = ["tool", *names[:-1], "random, 100 nodes"]
    return "\n".join([table(header, lines), *not_measured(reasons)])


def first_call(tool: str, name: str, given: argparse.Namespace) -> float:
    worker = Worker("row_tools.py", tool, name, ROWS_OF_FIRST, given.seed, threads=given.threads)
    try:
        return float(worker.asked("first"))
    finally:
        worker.end()


def cell(found: Mapping[Any, list[float]], failures: Mapping[Any, str], key: Any) -> str:
    return "-" if key in failures else f"{min(found[key]) * 1000:.3g}"


if __name__ == "__main__":
    main()
