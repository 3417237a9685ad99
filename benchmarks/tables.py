"""Tables: `bpcalc map` as a whole process, CSV to CSV, beside what one would use instead.

    python benchmarks/tables.py [--rows 1000000] [--large 10000000] [--rounds 5] [--cases a b]

Tools take turns; those that need more than three seconds take every second one. All rows of an
output are counted, and some compared as numbers, before its time is printed. Memory is that of a
run of its own, all processes of a tool together.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

from common import MeasurementError, interleaved, load, machine, not_measured, table
from table_tools import CASES
from table_tools import TOOLS as OF_PYTHON
from workers import after_a_pause

SEED = 20261121
HERE = Path(__file__).parent
FAST, PLAIN, LOOP = "bpcalc map, bpcalc[fast]", "bpcalc map, embedded", "csv and math"
OTHERS = ("Miller", "mawk")
TOOLS = [FAST, PLAIN, *OF_PYTHON, *OTHERS]
BPCALC = {
    FAST: [sys.executable, "-m", "bpcalc"],
    PLAIN: [
        sys.executable,
        "-c",
        "import sys; sys.modules['polars'] = None; from bpcalc.cli import script; script()",
    ],
}
SLOW = 3.0
"""Seconds."""
STRIDE = 997
"""Every so many rows are compared."""
TOLERANCE = 1e-9
PATIENCE = 2.0
"""Seconds that a slow pipe waits for an answer."""


class Spent(NamedTuple):
    """By one run."""

    seconds: float
    kibibytes: int


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--tools", nargs="+", default=TOOLS, choices=TOOLS)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--large", type=int, default=10_000_000, help="for memory; 0: not")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each tool")
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    print(f"{machine()}, {given.rounds} turns, interleaved; seed {given.seed}; {load()}")
    with tempfile.TemporaryDirectory() as folder:
        for case in given.cases:
            print(f"\n({case}) {CASES[case].formula}, {given.rows:,} rows\n", flush=True)
            source = Path(folder, f"{case}.csv")
            generated(source, CASES[case].columns, given.rows, given.seed)
            print(report(case, source, given), flush=True)
        if given.large:
            print(f"\nMemory, ({given.cases[0]})\n", flush=True)
            print(memory(given.cases[0], Path(folder), given), flush=True)
    print("\nOne row of (a) on a pipe that stays open\n", flush=True)
    print(pipes(given), flush=True)


def generated(path: Path, columns: Sequence[str], rows: int, seed: int) -> None:
    """A table of normal numbers, of some 17 digits each."""
    draw = random.Random(seed).gauss
    with path.open("w") as file:
        file.write(",".join(columns) + "\n")
        for _ in range(rows):
            file.write(",".join([repr(draw(0, 2)) for _ in columns]) + "\n")


# Whole processes


def command(tool: str, case: str, source: Path, target: Path) -> list[str]:
    """What is run; its standard output is the target, unless it writes there itself.

    Raises:
        MeasurementError: it is not here.
    """
    given = CASES[case]
    if tool in BPCALC:
        if tool == FAST and find_spec("polars") is None:
            raise MeasurementError("not installed (polars)")
        return [*BPCALC[tool], "map", given.formula, str(source)]
    if tool in OF_PYTHON:
        return [sys.executable, str(HERE / "table_tools.py"), tool, case, str(source), str(target)]
    name, *options = {"Miller": MILLER, "mawk": MAWK}[tool]
    if shutil.which(name) is None:
        raise MeasurementError(f"not installed ({name})")
    text = {"Miller": given.miller, "mawk": awk(case)}[tool]
    return [name, *options, text, str(source)]


MILLER = ["mlr", "--icsv", "--ocsv", "put"]
EACH_RECORD = ["--records-per-batch", "1", "--fflush"]
MAWK = ["mawk", "-F,", "-vOFS=,", "-vOFMT=%.17g", "-vCONVFMT=%.17g"]


def awk(case: str) -> str:
    header = "".join(f', "{name}"' for name in CASES[case].new)
    return f"NR == 1 {{ print $0{header}; next }} {CASES[case].awk}"


def spent(tool: str, case: str, source: Path, target: Path, what: str = "time") -> Spent:
    """One run, in which time or memory is looked at.

    Raises:
        MeasurementError: it fails.
    """
    wanted = command(tool, case, source, target)
    nothing = os.devnull if tool in OF_PYTHON else str(target)
    launched = [sys.executable, str(HERE / "spent.py"), what, nothing, *wanted]
    found = json.loads(subprocess.run(launched, capture_output=True, check=True).stdout)
    if found["code"]:
        said = (found["said"].splitlines() or ["nothing on standard error"])[-1]
        raise MeasurementError(f"exit code {found['code']}: {said[:100]}")
    return Spent(found["seconds"], found["kibibytes"])


def report(case: str, source: Path, given: argparse.Namespace) -> str:
    """The table of one formula, and a line for each tool that failed."""
    folder = source.parent
    by_hand = folder / "expected.csv"
    OF_PYTHON[LOOP](case, str(source), str(by_hand))
    targets = {tool: folder / f"out{place}.csv" for place, tool in enumerate(given.tools)}
    warm_ups = {
        tool: partial(checked, tool, case, source, target, by_hand)
        for tool, target in targets.items()
    }
    first, failures = interleaved(warm_ups, 1)
    able = [tool for tool in first if tool not in failures]
    runs: dict[str, list[Spent]] = {tool: [] for tool in able}
    for number in range(given.rounds):
        jobs = {
            tool: after_a_pause(partial(spent, tool, case, source, targets[tool]))
            for tool in able
            if number % 2 == 0 or first[tool][0].seconds < SLOW
        }
        found, stopped = interleaved(jobs, 1)
        failures |= stopped
        for tool in found:
            runs[tool] += found[tool]
    same = same_bytes(targets, able)
    for target in (*targets.values(), by_hand):
        target.unlink(missing_ok=True)
    rows = [row(tool, runs, first[tool][0]) for tool in able if runs[tool]]
    header = ["tool", "median s", "least s", "/ bpcalc[fast]", "/ csv and math", "MB at most"]
    return "\n".join([table(header, rows), *same, *not_measured(failures)])


def row(tool: str, runs: dict[str, list[Spent]], first: Spent) -> list[str]:
    """The ratios are those of the least times."""
    times = {name: [run.seconds for run in found] for name, found in runs.items() if found}
    ratios = [
        f"{min(times[tool]) / min(times[unit]):.2f}" if unit in times else "-"
        for unit in (FAST, LOOP)
    ]
    both = [f"{kind(times[tool]):.2f}" for kind in (median, min)]
    return [tool, *both, *ratios, megabytes(first)]


def megabytes(run: Spent) -> str:
    return f"{run.kibibytes * 1024 / 1e6:.0f}"


def checked(tool: str, case: str, source: Path, target: Path, expected: Path) -> Spent:
    """One run, for its memory, and its output compared.

    Raises:
        MeasurementError: it fails, or its numbers differ.
    """
    found = spent(tool, case, source, target, "memory")
    with target.open() as got, expected.open() as wanted:
        pairs = zip(islice(got, 0, None, STRIDE), islice(wanted, 0, None, STRIDE))
        next(pairs)
        worst = max((deviation(a, b) for a, b in pairs), default=0.0)
    if worst > TOLERANCE:
        raise MeasurementError(f"its numbers differ by {worst:.0e}")
    if lines(target) != lines(expected):
        raise MeasurementError(f"it has {lines(target):,} lines in place of {lines(expected):,}")
    return found


def deviation(got: str, wanted: str) -> float:
    pairs = list(zip(map(float, got.split(",")), map(float, wanted.split(",")), strict=True))
    return max(abs(a - b) / max(1.0, abs(b)) for a, b in pairs)


def lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def same_bytes(targets: dict[str, Path], able: Sequence[str]) -> list[str]:
    """Whether both ways of bpcalc write the same."""
    if FAST not in able or PLAIN not in able:
        return []
    same = targets[FAST].read_bytes() == targets[PLAIN].read_bytes()
    return [f"The outputs of both ways of bpcalc {'are the same bytes' if same else 'DIFFER'}."]


# Memory of a table that is ten times as long


def memory(case: str, folder: Path, given: argparse.Namespace) -> str:
    """The most memory of bpcalc for a short and a long table, the same rows again and again."""
    short, long = folder / f"{case}.csv", folder / "long.csv"
    header, rows = short.read_bytes().split(b"\n", 1)
    with long.open("wb") as file:
        file.write(header + b"\n")
        for _ in range(given.large // given.rows):
            file.write(rows)
    tools = [tool for tool in given.tools if tool in BPCALC]
    jobs = {
        (tool, path): partial(spent, tool, case, path, folder / "long-out.csv", "memory")
        for tool in tools
        for path in (short, long)
    }
    found, failures = interleaved(jobs, 1)  # type: ignore[type-var]
    rows_of = [
        [
            tool,
            *(megabytes(found[tool, path][0]) for path in (short, long)),
            f"{found[tool, long][0].seconds:.2f}",
        ]
        for tool in tools
        if (tool, short) not in failures and (tool, long) not in failures
    ]
    count = f"{given.rows * (given.large // given.rows):,}"
    head = ["tool", f"MB, {given.rows:,} rows", f"MB, {count} rows", f"s, {count} rows"]
    reasons = {f"{tool}, {path.stem}": why for (tool, path), why in failures.items()}
    return "\n".join([table(head, rows_of), *not_measured(reasons)])


# A slow pipe


def pipes(given: argparse.Namespace) -> str:
    """When the row comes out, and when the next one does that is written afterwards."""
    ways = {tool: [*BPCALC[tool], "map", CASES["a"].formula] for tool in BPCALC}
    ways["Miller"] = [*MILLER, CASES["a"].miller]
    ways["Miller, one record a batch"] = ["mlr", *EACH_RECORD, *ways["Miller"][1:]]
    ways["mawk"] = [*MAWK, awk("a")]
    ways["mawk, interactive"] = ["mawk", "-W", "interactive", *ways["mawk"][1:]]
    wanted = [name for name in ways if name.split(",")[0] in {t.split(",")[0] for t in given.tools}]
    jobs = {name: partial(answers, ways[name]) for name in wanted}
    found, failures = interleaved(jobs, min(3, given.rounds))
    rows = []
    for name in wanted:
        if name not in failures:
            first, second = zip(*found[name])
            rows.append([name, milliseconds(first), milliseconds(second)])
    header = ["tool", "first row, ms after the start", "second row, ms after it was sent"]
    return "\n".join([table(header, rows), *not_measured(failures)])


def milliseconds(found: Sequence[float | None]) -> str:
    return f"{median(f for f in found if f) * 1000:.1f}" if all(found) else "at the end"


def answers(command: list[str]) -> tuple[float | None, float | None]:
    """Seconds to the first row from the start, and to the second from when it was sent.

    None where nothing comes in time.
    """
    if shutil.which(command[0]) is None:
        raise MeasurementError(f"not installed ({command[0]})")
    start = time.perf_counter()
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
    assert process.stdin
    try:
        process.stdin.write(b"x,y\n3,4\n")
        process.stdin.flush()
        first = came(process, 2, start)
        sent = time.perf_counter()
        process.stdin.write(b"1,2\n")
        process.stdin.flush()
        second = came(process, 1, sent) if first else None
    finally:
        process.communicate()
    return first, second


def came(process: subprocess.Popen[bytes], lines: int, since: float) -> float | None:
    """Seconds until so many lines have come."""
    assert process.stdout
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while lines > 0:
            left = since + PATIENCE - time.perf_counter()
            if left <= 0 or not selector.select(left):
                return None
            read = os.read(process.stdout.fileno(), 1 << 16)
            if not read:
                return None
            lines -= read.count(b"\n")
    return time.perf_counter() - since


if __name__ == "__main__":
    main()
