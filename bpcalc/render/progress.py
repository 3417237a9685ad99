"""How much of a table has been read: a bar on standard error, for what takes a while."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

PATIENCE = 0.5
"""Seconds before a bar appears: what is done until then needs none."""

_BETWEEN = 0.1


@contextmanager
def progress(total: int, color: str = "auto") -> Iterator[Callable[[int], None]]:
    """What is told how many bytes have been read, of so many; rich is imported when it shows."""
    bar = _Bar(total, color)
    try:
        yield bar.advance
    finally:
        bar.close()


class _Bar:
    def __init__(self, total: int, color: str) -> None:
        self.total = total
        self.color = color
        self.read = 0
        self.begun = monotonic()
        self.shown_at = self.begun + PATIENCE - _BETWEEN
        self.bar: Any = None
        self.task: Any = None

    def advance(self, count: int) -> None:
        self.read += count
        now = monotonic()
        if now < self.shown_at + _BETWEEN:
            return
        self.shown_at = now
        if self.bar is None:
            self._open()
        self.bar.update(self.task, completed=min(self.read, self.total))
        self.bar.refresh()

    def _open(self) -> None:
        from rich import progress as rich
        from rich.console import Console

        colours: dict[str, Any] = {"always": {"force_terminal": True}, "never": {"no_color": True}}
        self.bar = rich.Progress(
            rich.BarColumn(),
            rich.TaskProgressColumn(),
            rich.DownloadColumn(),
            rich.TransferSpeedColumn(),
            rich.TimeRemainingColumn(),
            console=Console(file=sys.stderr, **colours.get(self.color, {})),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self.bar.start()
        self.task = self.bar.add_task("", total=self.total, start=True)
        task = self.bar.tasks[0]
        task.start_time = self.begun

    def close(self) -> None:
        if self.bar is not None:
            self.bar.stop()
