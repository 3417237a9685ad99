"""Ctrl-C ends a stream between two writes, so that what was written is whole lines."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Interrupts:
    """What Ctrl-C does while rows are read and written: the second time it ends a write, too."""

    def __init__(self) -> None:
        self.writing = False
        self.waiting = False

    def __call__(self, *_: Any) -> None:
        if self.writing and not self.waiting:
            self.waiting = True
            return
        raise KeyboardInterrupt

    def whole(self, write: Callable[[bytes], object]) -> Callable[[bytes], None]:
        """`write`, at the end of which a Ctrl-C counts that came within."""

        def written(data: bytes) -> None:
            self.writing = True
            try:
                write(data)
            finally:
                self.writing = False
            if self.waiting:
                raise KeyboardInterrupt

        return written


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """For as long as rows are mapped; where Ctrl-C means something else it keeps its meaning."""
    ours = Interrupts()
    before = signal.getsignal(signal.SIGINT)
    try:
        if before is signal.default_int_handler:
            signal.signal(signal.SIGINT, ours)
    except ValueError:  # not in the main thread
        pass
    try:
        yield ours
    finally:
        if signal.getsignal(signal.SIGINT) is ours:
            signal.signal(signal.SIGINT, before)
