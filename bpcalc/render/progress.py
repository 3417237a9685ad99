"""A bar on standard error for what takes a while: reading a table, descending.

rich is imported when the bar shows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

READING_PATIENCE, DESCENT_PATIENCE = 0.5, 1.0
"""Seconds before a bar appears: what is done until then needs none."""

_BETWEEN = 0.1
"""Seconds between two looks of the bar."""


@contextmanager
def progress(total: int, color: str = "auto") -> Iterator[Callable[[int], None]]:
    """What is told how many bytes have been read, of so many."""
    bar = _Bar(total, color, READING_PATIENCE, _of_bytes)
    read = 0

    def advance(count: int) -> None:
        nonlocal read
        read += count
        bar.show(min(read, total))

    try:
        yield advance
    finally:
        bar.close()


def _of_bytes(rich: Any) -> list[Any]:
    return [rich.DownloadColumn(), rich.TransferSpeedColumn()]


@contextmanager
def descent_progress(steps: int, color: str = "auto") -> Iterator[Callable[[int, float], None]]:
    """What is told (steps done, loss)."""
    bar = _Bar(steps, color, DESCENT_PATIENCE, _of_steps)
    first: int | None = None

    def show(step: int, loss: float) -> None:
        nonlocal first
        if first is None:  # more than 0 in a run that was resumed
            first = step
        rate = (step - first) / max(monotonic() - bar.begun, 1e-9)
        bar.show(step, loss=f"{loss:.4g}", rate=f"{rate:,.0f}")

    try:
        yield show
    finally:
        bar.close()


def _of_steps(rich: Any) -> list[Any]:
    return [
        rich.TextColumn("loss {task.fields[loss]}"),
        rich.TextColumn("{task.fields[rate]} steps/s"),
    ]


class _Bar:
    """A bar that appears after a while, and shows no more often than the eye can follow."""

    def __init__(
        self, total: int, color: str, patience: float, columns: Callable[[Any], list[Any]]
    ) -> None:
        self.total = total
        self.color = color
        self.columns = columns
        self.begun = monotonic()
        self._next = self.begun + patience
        self._bar: Any = None
        self._task: Any = None

    def show(self, completed: int, **fields: str) -> None:
        now = monotonic()
        if now < self._next:
            return
        self._next = now + _BETWEEN
        if self._bar is None:
            self._open(completed, fields)
        self._bar.update(self._task, completed=completed, **fields)
        self._bar.refresh()

    def _open(self, completed: int, fields: dict[str, str]) -> None:
        from rich import progress as rich
        from rich.console import Console

        colours: dict[str, Any] = {"always": {"force_terminal": True}, "never": {"no_color": True}}
        self._bar = rich.Progress(
            rich.BarColumn(),
            rich.TaskProgressColumn(),
            *self.columns(rich),
            rich.TimeRemainingColumn(),
            console=Console(file=sys.stderr, **colours.get(self.color, {})),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("", total=self.total, completed=completed, **fields)
        self._bar.tasks[0].start_time = self.begun
        self._bar.start()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
