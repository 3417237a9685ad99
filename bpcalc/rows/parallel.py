"""Blocks -> what comes of them, in their order, computed on threads while the next are read.

What has been read goes to the first worker that is free, as much of it as there is: from a slow
pipe row by row, from a file in large blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from threading import Condition, Thread
from typing import Generic, TypeVar

from bpcalc.rows.plan import Block

T = TypeVar("T")

LARGEST = 3 << 20
"""Bytes that a worker is given at once: the larger, the less Polars' start of a query matters."""

WORKERS = 2
"""While one waits for Python or for the other's last rows, the other computes."""

_MOST_JOBS = 3
"""Blocks that are computed, or wait to be written."""


class _Job(Generic[T]):
    """A block, and what came of it."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.done: T | None = None
        self.error: BaseException | None = None

    @property
    def finished(self) -> bool:
        return self.done is not None or self.error is not None


def in_order(
    blocks: Iterator[Block], transform: Callable[[Block], T], patient: bool = False
) -> Generator[tuple[Block, T]]:
    """Every block, or several joined to one, with what came of it.

    `patient` workers wait for the largest blocks: a file keeps nobody waiting. Whoever does not
    want all of the results closes the iterator.
    """
    line = _Line(blocks, transform, LARGEST if patient else 1)
    try:
        line.start()
        while (job := line.next()) is not None:
            if job.error is not None:
                raise job.error
            assert job.done is not None
            yield job.block, job.done
    finally:
        line.stop()


class _Line(Generic[T]):
    """One reads, some compute, and the caller takes what is finished; all know this state."""

    def __init__(
        self, blocks: Iterator[Block], transform: Callable[[Block], T], least: int
    ) -> None:
        self.blocks = blocks
        self.transform = transform
        self.least = least
        """Bytes for which a worker begins, before the end."""
        self.changed = Condition()
        self.read: deque[Block] = deque()
        self.size = 0
        self.jobs: deque[_Job[T]] = deque()
        self.error: BaseException | None = None
        """What ended the reading, if it was not the end of the input."""
        self.ended = False
        self.stopped = False
        # the reader may wait for a terminal for ever; workers are waited for, since a library's
        # thread must not outlive Python
        self.reader = Thread(target=self._reading, daemon=True)
        self.workers = [Thread(target=self._working, daemon=True) for _ in range(WORKERS)]

    def start(self) -> None:
        for thread in (self.reader, *self.workers):
            thread.start()

    def stop(self) -> None:
        """Let everybody finish what is begun."""
        with self.changed:
            self.stopped = True
            self.changed.notify_all()
        for worker in self.workers:
            if worker.ident is not None:
                worker.join()

    def next(self) -> _Job[T] | None:
        """The first block that has not been taken, when it is finished; None after the last."""
        with self.changed:
            self.changed.wait_for(self._has_next)
            if self.jobs:
                job = self.jobs.popleft()
                self.changed.notify_all()
                return job
            if self.error is not None:
                raise self.error
            return None

    def _has_next(self) -> bool:
        return self.jobs[0].finished if self.jobs else self.ended and not self.read

    def _reading(self) -> None:
        try:
            for block in self.blocks:
                with self.changed:
                    self.changed.wait_for(lambda: self.size < LARGEST or self.stopped)
                    if self.stopped:
                        return
                    self.read.append(block)
                    self.size += len(block.data)
                    self.changed.notify_all()
        except BaseException as error:  # told to the caller, when it gets there
            self.error = error
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _working(self) -> None:
        while (job := self._begun()) is not None:
            try:
                job.done = self.transform(job.block)
            except BaseException as error:
                job.error = error
            with self.changed:
                self.changed.notify_all()

    def _begun(self) -> _Job[T] | None:
        """The next job; None when there will be no more."""
        with self.changed:
            self.changed.wait_for(self._may_begin)
            if self.stopped or not self.read:
                return None
            job = _Job[T](self._joined())
            self.jobs.append(job)
            self.changed.notify_all()
            return job

    def _may_begin(self) -> bool:
        if self.stopped or self.ended:
            return self.stopped or not self.read or len(self.jobs) < _MOST_JOBS
        return self.size >= self.least and len(self.jobs) < _MOST_JOBS

    def _joined(self) -> Block:
        """What has been read of one file, up to the largest size."""
        first = self.read.popleft()
        pieces, size = [first.data], len(first.data)
        while self.read and self.read[0].file == first.file and size < LARGEST:
            pieces.append(self.read.popleft().data)
            size += len(pieces[-1])
        self.size -= size
        return first._replace(data=b"".join(pieces))
