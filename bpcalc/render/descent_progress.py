"""How far a descent is: a bar with the loss on standard error, for what takes a while."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

PATIENCE = 1.0
"""Seconds before a bar appears."""


@contextmanager
def descent_progress(steps: int, color: str = "auto") -> Iterator[Callable[[int, float], None]]:
    """What is told (steps done, loss), ten times a second; rich is imported when it shows."""
    bar = _Bar(steps, color)
    try:
        yield bar.show
    finally:
        bar.close()


class _Bar:
    def __init__(self, steps: int, color: str) -> None:
        self.steps = steps
        self.color = color
        self.begun = monotonic()
        self.first: int | None = None
        self.bar: Any = None
        self.task: Any = None

    def show(self, step: int, loss: float) -> None:
        if self.first is None:
            self.first = step
        opens = self.bar is None
        if opens:
            if monotonic() < self.begun + PATIENCE:
                return
            self._open()
        rate = (step - self.first) / (monotonic() - self.begun)
        self.bar.update(self.task, completed=step, loss=f"{loss:.4g}", rate=f"{rate:,.0f}")
        if opens:
            self.bar.start()
        self.bar.refresh()

    def _open(self) -> None:
        from rich import progress as rich
        from rich.console import Console

        colours: dict[str, Any] = {"always": {"force_terminal": True}, "never": {"no_color": True}}
        self.bar = rich.Progress(
            rich.BarColumn(),
            rich.TaskProgressColumn(),
            rich.TextColumn("loss {task.fields[loss]}"),
            rich.TextColumn("{task.fields[rate]} steps/s"),
            rich.TimeRemainingColumn(),
            console=Console(file=sys.stderr, **colours.get(self.color, {})),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self.task = self.bar.add_task("", total=self.steps, loss="", rate="", completed=self.first)
        self.bar.tasks[0].start_time = self.begun

    def close(self) -> None:
        if self.bar is not None:
            self.bar.stop()
