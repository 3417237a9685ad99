"""Arrays: value and gradient of a Gaussian mixture and of a network, beside other tools.

    python benchmarks/arrays.py [--problems mixture-1000 network] [--rounds 15] [--tools bpcalc]

Every tool is a process of its own, started once; they take turns, a few passes each. What each
found is compared with NumPy by hand.
"""

from __future__ import annotations

import argparse
from functools import partial
from statistics import median
from typing import Any, NamedTuple

from array_tools import TOOLS
from common import interleaved, machine, not_measured, table
from workers import Worker

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


def turn(worker: Worker, passes: int) -> Timed:
    return Timed(worker.asked("value", passes), worker.asked("gradient", passes))


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
    workers = {
        name: Worker("array_tools.py", name, problem, given.seed, threads=given.threads)
        for name in given.tools
    }
    answers = {name: partial(worker.asked, "result", 1) for name, worker in workers.items()}
    found, failures = interleaved(answers, 1)
    able = {name: workers[name] for name in found if name not in failures}
    jobs = {name: partial(turn, worker, PASSES[problem]) for name, worker in able.items()}
    turns, stopped = interleaved(jobs, given.rounds)
    for worker in workers.values():
        worker.end()
    failures |= stopped
    measured = [name for name in jobs if name not in stopped]
    hand = turns.get(HAND)
    expected = found[HAND][0] if hand else None
    rows = [row(name, turns[name], hand, found[name][0], expected) for name in measured]
    return "\n".join([table(HEADER, rows), *not_measured(failures)])


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
