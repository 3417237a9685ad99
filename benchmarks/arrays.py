"""Arrays: value and gradient of a Gaussian mixture and of a network, beside other tools.

    python benchmarks/arrays.py [--problems mixture-1000 network] [--rounds 15] [--tools bpcalc]

Every tool is a process of its own, started once; they take turns, a few passes each. What each
found is compared with NumPy by hand.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from array_tools import THREADS, TOOLS
from common import MeasurementError, interleaved, machine, table

HERE = Path(__file__).parent
SEED = 20261121
PROBLEMS = ("mixture-1000", "mixture-10000", "network")
HAND = "NumPy by hand"
PASSES = {"mixture-1000": 10, "mixture-10000": 2, "network": 30}
"""In a turn."""
TOLERANCE = 1e-8
HEADER = [
    "tool",
    "value ms",
    "with gradient ms",
    "least",
    "/ by hand",
    "gradient / value",
    "agrees to",
]


class Timed(NamedTuple):
    """A turn of a tool, in seconds of each pass."""

    value: list[float]
    gradient: list[float]


class Worker:
    """One tool on one problem, in a process that waits."""

    def __init__(self, tool: str, problem: str, seed: int) -> None:
        command = [sys.executable, str(HERE / "array_tools.py"), tool, problem, str(seed)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def asked(self, what: str, passes: int = 1) -> Any:
        """Its answer.

        Raises:
            MeasurementError: it has ended.
        """
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stderr
        try:
            print(what, passes, file=self.process.stdin, flush=True)
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            said = self.process.stderr.read().strip().splitlines() or ["ended without a word"]
            raise MeasurementError(said[-1][:100])
        return json.loads(answer)

    def turn(self, passes: int) -> Timed:
        return Timed(self.asked("value", passes), self.asked("gradient", passes))

    def end(self) -> None:
        self.process.communicate()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="+", default=PROBLEMS, choices=PROBLEMS)
    parser.add_argument("--tools", nargs="+", default=list(TOOLS), choices=list(TOOLS))
    parser.add_argument("--rounds", type=int, default=15, help="turns of each tool")
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    print(f"{machine()}, {THREADS} threads; {given.rounds} turns, interleaved; seed {given.seed}")
    for problem in given.problems:
        print(f"\n{problem}\n", flush=True)
        print(report(given.tools, problem, given.seed, given.rounds), flush=True)


def report(tools: Sequence[str], problem: str, seed: int, rounds: int) -> str:
    """The table of one problem, and a line for each tool that failed."""
    workers = {name: Worker(name, problem, seed) for name in tools}
    found, failures = interleaved({k: lambda w=w: w.asked("result") for k, w in workers.items()}, 1)
    jobs = {k: lambda w=workers[k]: w.turn(PASSES[problem]) for k in found if k not in failures}
    turns, stopped = interleaved(jobs, rounds)
    for worker in workers.values():
        worker.end()
    failures |= stopped
    measured = [name for name in jobs if name not in stopped]
    hand = turns.get(HAND)
    expected = found[HAND][0] if hand else None
    rows = [row(name, turns[name], hand, found[name][0], expected) for name in measured]
    return "\n".join(
        [table(HEADER, rows), *(f"{k}: not measured, {v}" for k, v in failures.items())]
    )


def row(
    name: str, turns: list[Timed], hand: list[Timed] | None, got: Any, expected: Any
) -> list[str]:
    """The medians of a tool in milliseconds, its ratios, and how far its result is off."""
    value = median(seconds for turn in turns for seconds in turn.value)
    both = median(seconds for turn in turns for seconds in turn.gradient)
    least = min(seconds for turn in turns for seconds in turn.gradient)
    ratio = f"{both / median(s for turn in hand for s in turn.gradient):.2f}" if hand else "-"
    return [
        name,
        f"{value * 1000:.3g}",
        f"{both * 1000:.3g}",
        f"{least * 1000:.3g}",
        ratio,
        f"{both / value:.2f}",
        agrees(got, expected) if expected and name != HAND else "",
    ]


def agrees(got: list[list[float]], expected: list[list[float]]) -> str:
    """The largest relative deviation, of the value or of a gradient as a vector, as in `3e-14`."""
    worst = max(map(deviation, got, expected))
    return f"{worst:.0e}" if worst <= TOLERANCE else f"{worst:.0e}, DIFFERS"


def deviation(got: list[float], expected: list[float]) -> float:
    """The largest difference, relative to the largest number."""
    return max(abs(a - b) for a, b in zip(got, expected, strict=True)) / max(map(abs, expected))


if __name__ == "__main__":
    main()
