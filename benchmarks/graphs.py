"""Graphs: text -> graph -> values -> gradients, once, per operation and beside other tools.

    python benchmarks/graphs.py [--all] [--sizes 1000 100000] [--repeats 3] [--tools bpcalc PyTorch]

Every measurement is a process of its own; what each tool found is compared with bpcalc's result.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from common import MeasurementError, interleaved, machine, table
from formulas import SHAPES
from measure import Measured
from tools import TOOLS

HERE = Path(__file__).parent
SEED = 20261121
SIZES = (1_000, 100_000, 1_000_000)
LARGEST_FOR_PEERS = 100_000
ENOUGH = 20_000
"""Operations that a process computes at least, over several passes, lest the clock decide."""
TIMEOUT = 600
PHASES = ("parse", "forward", "backward")
TOLERANCE = 1e-9
HEADER = ["tool", *PHASES, "µs per operation", "/ bpcalc", "KiB per operation", "agrees to"]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="operations")
    parser.add_argument("--shapes", nargs="+", default=SHAPES, choices=SHAPES)
    parser.add_argument("--tools", nargs="+", default=list(TOOLS), choices=list(TOOLS))
    parser.add_argument("--repeats", type=int, default=3, help="processes per measurement")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--all", action="store_true", help="every size for the peers too")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    print(f"{machine()}; median of {given.repeats} processes, interleaved; seed {given.seed}")
    with tempfile.TemporaryDirectory() as folder:
        for shape in given.shapes:
            for size in given.sizes:
                file = str(Path(folder) / f"{shape}-{size}")
                make(shape, size, given.seed, file)
                peers = given.all or size <= LARGEST_FOR_PEERS
                tools = [name for name in given.tools if peers or name == "bpcalc"]
                print(f"\n{shape}, {size:,} operations\n", flush=True)
                print(report(tools, file, size, given.repeats), flush=True)


def make(shape: str, size: int, seed: int, file: str) -> None:
    """Write the formula, in another process: children inherit the peak memory of this one."""
    command = [sys.executable, str(HERE / "formulas.py"), shape, str(size), str(seed), file]
    subprocess.run(command, check=True)


def report(tools: Sequence[str], file: str, size: int, repeats: int) -> str:
    """The table of one formula, and a line for each tool that failed."""
    jobs: dict[str, Callable[[], Measured]] = {
        name: partial(measured_apart, name, file, max(1, ENOUGH // size)) for name in tools
    }
    results, failures = interleaved(jobs, repeats)
    ours = results.get("bpcalc") or None
    rows = [row(name, found, ours, size) for name, found in results.items() if found]
    lines = [f"{name}: not measured, {why}" for name, why in failures.items()]
    return "\n".join([table(HEADER, rows), *lines])


def measured_apart(name: str, file: str, passes: int) -> Measured:
    """What a tool does in a process of its own.

    Raises:
        MeasurementError: it did not end well.
    """
    command = [sys.executable, str(HERE / "measure.py"), name, file, str(passes)]
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise MeasurementError(f"no result within {TIMEOUT} s") from None
    if process.returncode < 0:
        raise MeasurementError(f"ended by signal {-process.returncode}")
    if process.returncode:
        raise MeasurementError(process.stderr.strip().splitlines()[-1][:100])
    return Measured(*json.loads(process.stdout))


def row(name: str, found: list[Measured], ours: list[Measured] | None, size: int) -> list[str]:
    """The medians of a tool, per operation, and its ratio to bpcalc."""
    micros = [median(one.seconds.get(phase, 0) for one in found) / size * 1e6 for phase in PHASES]
    total = total_seconds(found) / size * 1e6
    ratio = f"{total_seconds(found) / total_seconds(ours):.1f}" if ours else "-"
    memory = median(one.kibibytes for one in found) / size
    # Below that, the first touch of a library's own code outweighs the graph.
    kibibytes = f"{memory:.2f}" if size >= LARGEST_FOR_PEERS else "-"
    agreement = "" if ours is None or name == "bpcalc" else agrees(found[0], ours[0])
    phases = [f"{phase:.2f}" if phase else "-" for phase in micros]
    return [name, *phases, f"{total:.2f}", ratio, kibibytes, agreement]


def total_seconds(found: list[Measured]) -> float:
    return float(median(sum(one.seconds.values()) for one in found))


def agrees(theirs: Measured, ours: Measured) -> str:
    """The relative deviation of the value, or of the gradient vector if larger, as in `3e-14`."""
    if not theirs.result:
        return "-"
    worst = max(
        deviation(theirs.result[:1], ours.result[:1]), deviation(theirs.result[1:], ours.result[1:])
    )
    return f"{worst:.0e}" if worst <= TOLERANCE else f"{worst:.0e}, DIFFERS"


def deviation(theirs: list[float], ours: list[float]) -> float:
    """The largest difference, relative to the largest number."""
    largest: float = max(map(abs, ours))
    return max(abs(a - b) for a, b in zip(theirs, ours, strict=True)) / largest


if __name__ == "__main__":
    main()
