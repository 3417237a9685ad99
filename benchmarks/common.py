"""What the benchmarks share: fair repeats, and a table that is also Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


class MeasurementError(Exception):
    """A job cannot be measured; the message is a few words that say why."""


def interleaved(
    jobs: Mapping[str, Callable[[], T]], repeats: int
) -> tuple[dict[str, list[T]], dict[str, str]]:
    """The results of every job, and why some have none.

    The jobs run A B C A B C ..., so that a slow moment of the machine meets all of them.
    """
    results: dict[str, list[T]] = {name: [] for name in jobs}
    failures: dict[str, str] = {}
    for _ in range(repeats):
        for name, job in jobs.items():
            if name in failures:
                continue
            try:
                results[name].append(job())
            except MeasurementError as why:
                failures[name] = str(why)
    return results, failures


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(row, widths) for row in (header, rule, *rows))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (cell.rjust(width) for cell, width in zip(row, widths))
    return f"| {' | '.join((first.strip().ljust(widths[0]), *rest))} |"


def machine() -> str:
    """The class of machine, as in `2 cores, Linux x86_64, CPython 3.11`."""
    version = ".".join(platform.python_version_tuple()[:2])
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores, {system}, {platform.python_implementation()} {version}"


def load() -> str:
    """How busy the machine has been in the last minute, as in `load 0.4`."""
    return f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"


def not_measured(failures: Mapping[str, str]) -> list[str]:
    """A line for each job that has no result."""
    return [f"{name}: not measured, {why}" for name, why in failures.items()]
