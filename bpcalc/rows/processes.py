"""Blocks -> what comes of them, in their order, computed by several processes.

Each worker is a copy of this process (`fork`), so that nothing has to be told to it but blocks. It
has one block at a time, in turn; what it fails at is computed here again, and so says here what is
wrong. A worker ends when its pipe does: with this process, however that ends.
"""

from __future__ import annotations

import os
import signal
import struct
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import BinaryIO

from bpcalc.rows.plan import Block, Done, Transform, Trouble

WORTH = 1 << 22
"""Bytes of a table for which workers are started: a second of work."""

_MOST = 8
"""Workers; reading and writing keep one process busy from about here on."""

_JOB = struct.Struct("!QQQ")
"""Of a block: its line, the length of its file's name and of its data."""

_REPLY = struct.Struct("!?QQQQQ")
"""Whether it was computed; rows, bad ones, the first's line, lengths of its why and the data."""


def workers() -> int:
    """How many processes are worth it on this machine; 0 where they cannot be had."""
    if not hasattr(os, "fork") or not hasattr(os, "sched_getaffinity"):
        return 0
    cores = len(os.sched_getaffinity(0))
    return min(cores, _MOST) if cores > 1 else 0


def on_processes(
    blocks: Iterator[Block], transform: Transform, count: int
) -> Generator[tuple[Block, Done]]:
    """Every block with what came of it. Whoever does not want all of it closes the iterator."""
    crew: list[_Worker] = []
    try:
        for _ in range(count):
            crew.append(_Worker(transform, crew))
        busy: deque[tuple[_Worker, Block]] = deque()
        idle = deque(crew)
        for block in blocks:
            worker = idle.popleft()
            worker.send(block)
            busy.append((worker, block))
            if not idle:
                yield _taken(busy, idle, transform)
        while busy:
            yield _taken(busy, idle, transform)
    finally:
        for worker in crew:
            worker.end()


def _taken(
    busy: deque[tuple[_Worker, Block]], idle: deque[_Worker], transform: Transform
) -> tuple[Block, Done]:
    """The first block that has been given away, with what came of it; its worker is idle again."""
    worker, block = busy.popleft()
    idle.append(worker)
    done = worker.received()
    return block, transform(block) if done is None else done


class _Worker:
    """Another process, that computes one block after the other."""

    def __init__(self, transform: Transform, others: list[_Worker]) -> None:
        jobs, jobs_in = os.pipe()
        replies, replies_in = os.pipe()
        self.process = os.fork()
        if not self.process:
            try:
                for other in others:  # whose pipes end with the first process alone
                    other.jobs.close()
                    other.replies.close()
                os.close(jobs_in)
                os.close(replies)
                _serve(open(jobs, "rb"), open(replies_in, "wb"), transform)  # noqa: PTH123, SIM115
            finally:
                os._exit(0)
        os.close(jobs)
        os.close(replies_in)
        self.jobs: BinaryIO = open(jobs_in, "wb")  # noqa: PTH123, SIM115
        self.replies: BinaryIO = open(replies, "rb")  # noqa: PTH123, SIM115

    def send(self, block: Block) -> None:
        """Give it a block, if it is still there."""
        name = os.fsencode(block.file)
        with suppress(OSError):  # then no reply will come
            self.jobs.write(_JOB.pack(block.line, len(name), len(block.data)) + name)
            self.jobs.write(block.data)
            self.jobs.flush()

    def received(self) -> Done | None:
        """What came of its block; None where it failed."""
        head = self.replies.read(_REPLY.size)
        if len(head) < _REPLY.size:
            return None
        computed, rows, bad, line, why_length, length = _REPLY.unpack(head)
        why, data = self.replies.read(why_length), self.replies.read(length)
        if not computed or len(data) < length:
            return None
        first = Trouble(line, why.decode()) if bad else None
        return Done(data, rows, bad, first)

    def end(self) -> None:
        """Let it go."""
        self.replies.close()
        with suppress(OSError):
            self.jobs.close()
        os.waitpid(self.process, 0)


def _serve(jobs: BinaryIO, replies: BinaryIO, transform: Transform) -> None:
    """What a worker does until there are no more blocks. Ctrl-C is the first process's matter."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while head := jobs.read(_JOB.size):
        line, name_length, length = _JOB.unpack(head)
        name = os.fsdecode(jobs.read(name_length))
        replies.write(_reply(transform, Block(jobs.read(length), line, name)))
        replies.flush()


def _reply(transform: Transform, block: Block) -> bytes:
    try:
        data, rows, bad, first, error = transform(block)
        if error is not None:
            raise error
    except Exception:  # it is raised again where somebody hears it
        return _REPLY.pack(False, 0, 0, 0, 0, 0)
    why = b"" if first is None else first.why.encode("utf-8", "replace")
    line = 0 if first is None else first.line
    return _REPLY.pack(True, rows, bad, line, len(why), len(data)) + why + data
