"""Arrays: value and gradient of a Gaussian mixture and of a network, beside other tools.

    python benchmarks/arrays.py [--problems mixture-1000 network] [--rounds 15] [--tools bpcalc]

Every tool is a process of its own, started once; they take turns, a few passes each. What each
found is compared with NumPy by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from array_tools import TOOLS
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
    "median ms",
    "/ by hand",
    "least ms",
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

    def __init__(self, tool: str, problem: str, given: argparse.Namespace) -> None:
        command = [sys.executable, str(HERE / "array_tools.py"), tool, problem, str(given.seed)]
        threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), str(given.threads))
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env={**os.environ, **threads}
        )

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
    parser.add_argument("--threads", type=int, default=2, help="of NumPy and PyTorch")
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    how = f"threads {given.threads}; {given.rounds} turns, interleaved; seed {given.seed}"
    print(f"{machine()}, {how}")
    for problem in given.problems:
        print(f"\n{problem}\n", flush=True)
        print(report(problem, given), flush=True)


def report(problem: str, given: argparse.Namespace) -> str:
    """The table of one problem, and a line for each tool that failed."""
    workers = {name: Worker(name, problem, given) for name in given.tools}
    answers = {name: partial(worker.asked, "result") for name, worker in workers.items()}
    found, failures = interleaved(answers, 1)
    able = {name: workers[name] for name in found if name not in failures}
    jobs = {name: partial(worker.turn, PASSES[problem]) for name, worker in able.items()}
    turns, stopped = interleaved(jobs, given.rounds)
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
    """Value and gradient by a tool: its times, its ratios, and how far its result is off.

    The gradient is compared with the value by the least times: on a busy machine the others hold
    slices of time that went to somebody else, 4 ms each.
    """
    median_, least = times(turns)
    by_hand = times(hand) if hand else None
    return [
        name,
        f"{median_ * 1000:.3g}",
        f"{median_ / by_hand[0]:.2f}" if by_hand else "-",
        f"{least * 1000:.3g}",
        f"{least / by_hand[1]:.2f}" if by_hand else "-",
        f"{least / min(seconds for turn in turns for seconds in turn.value):.2f}",
        agrees(got, expected) if expected and name != HAND else "",
    ]


def times(turns: list[Timed]) -> tuple[float, float]:
    """Median and least seconds of value and gradient."""
    found = [seconds for turn in turns for seconds in turn.gradient]
    return median(found), min(found)


def agrees(got: list[list[float]], expected: list[list[float]]) -> str:
    """The largest relative deviation, of the value or of a gradient as a vector, as in `3e-14`."""
    worst = max(map(deviation, got, expected))
    return f"{worst:.0e}" if worst <= TOLERANCE else f"{worst:.0e}, DIFFERS"


def deviation(got: list[float], expected: list[float]) -> float:
    """The largest difference, relative to the largest number."""
    return max(abs(a - b) for a, b in zip(got, expected, strict=True)) / max(map(abs, expected))


if __name__ == "__main__":
    main()
