"""A tool in a process of its own, which waits to be asked, and the loop in which it answers.

The script reads lines of words and answers each with a line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from common import MeasurementError

HERE = Path(__file__).parent

T = TypeVar("T")

PAUSE = 0.3
"""Seconds between two turns: OpenMP's threads spin for a while after their work, on a core that the
next tool needs."""


class Worker:
    """A script of this folder that has been started with a tool's name and what it needs."""

    def __init__(self, script: str, *words: object, threads: int = 2) -> None:
        command = [sys.executable, str(HERE / script), *map(str, words)]
        kinds = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
            env={**os.environ, **dict.fromkeys(kinds, str(threads))},
        )

    def asked(self, *words: object) -> Any:
        """Its answer.

        Raises:
            MeasurementError: it has ended.
        """
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stderr
        try:
            print(*words, file=self.process.stdin, flush=True)
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            said = self.process.stderr.read().strip().splitlines() or ["ended without a word"]
            raise MeasurementError(said[-1][:100])
        return json.loads(answer)

    def end(self) -> None:
        self.process.communicate()


PAUSES = 5
"""At most, while others keep the machine busy."""

BUSY = 0.1
"""The part of all cores' time."""


def after_a_pause(job: Callable[[], T]) -> Callable[[], T]:
    """The job, when the tool before has come to rest; and others, if they do so soon."""

    def run() -> T:
        for _ in range(PAUSES):
            idle, total = jiffies()
            time.sleep(PAUSE)
            idle, total = (after - before for after, before in zip(jiffies(), (idle, total)))
            if idle >= (1 - BUSY) * total:
                break
        return job()

    return run


def jiffies() -> tuple[int, int]:
    """Idle and all of the time of all cores, where the system tells."""
    try:
        numbers = [int(word) for word in Path("/proc/stat").read_text().split()[1:9]]
    except OSError:
        return 0, 0
    return numbers[3] + numbers[4], sum(numbers)


def answer(answers: dict[str, Callable[..., Any]]) -> None:
    """Answer each line of standard input: its first word says what is asked for."""
    for line in sys.stdin:
        what, *words = line.split()
        print(json.dumps(answers[what](*words)), flush=True)


def missing(why: ImportError) -> NoReturn:
    """End, since a tool is not there."""
    sys.exit(f"not installed ({why.name})" if why.name else str(why))


def seconds(run: Callable[[], Any], passes: int, keep: bool = False) -> list[float]:
    """Of each pass; the first, which brings data into the caches, is not among them.

    A result is dropped before the next call, which may use its memory again; with `keep` none is.
    """
    found: list[float] = []
    kept: list[Any] = []
    for _ in range(passes + 1):
        start = time.perf_counter()
        result = run()
        found.append(time.perf_counter() - start)
        if keep:
            kept.append(result)
        del result
    return found[1:]
