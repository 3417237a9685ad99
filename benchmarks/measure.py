"""One tool on one formula: the time of each phase, and the peak memory of this process.

    python benchmarks/measure.py TOOL FILE PASSES    prints a `Measured` as JSON

FILE.txt and FILE.ops are the formula. Each measurement is a process of its own, so that no tool's
memory or failure touches another's.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
from typing import NamedTuple

from tools import TOOLS, Clock, Result, Run


class Measured(NamedTuple):
    """What one process found."""

    seconds: dict[str, float]
    """By phase."""
    kibibytes: int
    """Peak memory beyond what the imports and the formula take."""
    result: Result


def measured(run: Run, passes: int) -> Measured:
    """The median time of each phase over some passes, and the memory of them all."""
    before = peak()
    found = []
    for _ in range(passes):
        clock = Clock()
        result = run(clock)
        found.append(clock.seconds)
    phases = {phase: statistics.median(one[phase] for one in found) for phase in found[0]}
    return Measured(phases, peak() - before, result)


def peak() -> int:
    """The most memory that this process has had, in KiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // 1024 if sys.platform == "darwin" else most


def main() -> None:
    """Print the measurement as JSON; a failure by its kind, with exit code 1."""
    name, file, passes = sys.argv[1:]
    try:
        print(json.dumps(measured(TOOLS[name](file), int(passes))))
    except ImportError as why:
        sys.exit(f"not installed ({why.name})" if why.name else str(why))
    except (RecursionError, MemoryError, SyntaxError) as why:
        sys.exit(f"{type(why).__name__}: {why}")


if __name__ == "__main__":
    main()
