"""A file with a line per step: step, epoch, value, the length of the gradient, small variables.

A line says how many steps had been taken, and what the loss was there; with mini-batches it is
that of the next batch. The loss of all data ends the file.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, TextIO

from bpcalc.errors import RequestError, printable
from bpcalc.results import strict

KINDS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}
SMALL = 24
"""Elements of the largest variable that is written."""

_FIRST = ["step", "epoch", "value", "gradient"]


class History:
    """The file, while lines are added."""

    def __init__(
        self, path: str, learnt: Mapping[str, Any], metric: bool, step: int | None = None
    ) -> None:
        """Begin the file; or, if `step` says where an earlier run is resumed, go on from there."""
        self.shown = printable(path, 80)
        kind = KINDS.get(os.path.splitext(path)[1].lower())  # noqa: PTH122
        if kind is None:
            raise RequestError(
                f"--history writes .csv and .jsonl, and not {self.shown}",
                hint="the file's ending says which: a table, or an object per line",
            )
        self.is_table = kind == "csv"
        self.names = [name for name, value in learnt.items() if getattr(value, "size", 1) <= SMALL]
        self.metric = metric
        if self.is_table:
            self._refuse_clash()
        self._stream = self._opened(path, learnt, step)

    def _refuse_clash(self) -> None:
        for name in self.names:
            if name in (*_FIRST, "metric"):
                raise RequestError(
                    f"--history: the table has a column {name} of its own",
                    hint="a .jsonl has the variables in an object of their own",
                )

    def _opened(self, path: str, learnt: Mapping[str, Any], step: int | None) -> TextIO:
        head = self._head(learnt) if self.is_table else ""
        try:
            if step is None or not os.path.exists(path):  # noqa: PTH110
                return _begun(path, head)
            os.truncate(path, self._kept(path, head, step))
            return open(path, "a", encoding="utf-8", newline="")  # noqa: PTH123
        except (OSError, ValueError) as why:
            raise self._unwritable(why) from None

    def _kept(self, path: str, head: str, step: int) -> int:
        """How many bytes an earlier run wrote before this step."""
        with open(path, "rb") as stream:  # noqa: PTH123
            if stream.readline(len(head.encode()) or 0) != head.encode():
                raise RequestError(
                    f"{self.shown} has other columns than this run's history",
                    hint="--history with another file",
                )
            size = stream.tell()
            for line in stream:
                if not line.endswith(b"\n") or not _before(line, step, self.is_table):
                    break
                size += len(line)
        return size

    def _head(self, learnt: Mapping[str, Any]) -> str:
        columns = [column for name in self.names for column in _columns(name, learnt[name])]
        return _line([*_FIRST, *(["metric"] if self.metric else []), *columns])

    def row(
        self,
        step: int,
        epoch: int,
        value: float,
        norm: float,
        metric: float | None,
        learnt: Mapping[str, Any],
    ) -> None:
        """Add a line."""
        numbers = [step, epoch, value, norm]
        if self.is_table:
            measured = [metric] if self.metric else []
            text = _line([*numbers, *measured, *self._flat(learnt)])
        else:
            told: dict[str, Any] = dict(zip(_FIRST, numbers))
            if metric is not None:
                told["metric"] = metric
            told["values"] = {name: _plain(learnt[name]) for name in self.names}
            text = json.dumps(strict(told), ensure_ascii=False, allow_nan=False) + "\n"
        try:
            self._stream.write(text)
        except OSError as why:
            raise self._unwritable(why) from None

    def _flat(self, learnt: Mapping[str, Any]) -> list[float]:
        found: list[float] = []
        for name in self.names:
            value = learnt[name]
            found += [value] if isinstance(value, float) else value.ravel().tolist()
        return found

    def flush(self) -> None:
        """Let the file have all lines."""
        try:
            self._stream.flush()
        except OSError as why:
            raise self._unwritable(why) from None

    def close(self) -> None:
        """End the file."""
        try:
            self._stream.close()
        except OSError as why:
            raise self._unwritable(why) from None

    def _unwritable(self, why: Exception) -> RequestError:
        return RequestError(
            f"{self.shown} cannot be written: {getattr(why, 'strerror', None) or why}"
        )


def _begun(path: str, head: str) -> TextIO:
    stream = open(path, "w", encoding="utf-8", newline="")  # noqa: PTH123, SIM115
    try:
        stream.write(head)
        stream.flush()
    except OSError:
        with suppress(OSError):
            stream.close()
        raise
    return stream


def _before(line: bytes, step: int, is_table: bool) -> bool:
    """Whether a line is that of an earlier step."""
    try:
        found = line.partition(b",")[0] if is_table else json.loads(line)["step"]
        return int(found) < step
    except (ValueError, KeyError, TypeError):
        return False


def _columns(name: str, value: Any) -> list[str]:
    """`w`, or `w[0]`, `w[1]`, ..., or `W[0,0]`, `W[0,1]`, ..."""
    shape = getattr(value, "shape", ())
    if not shape:
        return [name]
    return [
        f"{name}[{','.join(map(str, place))}]" for place in itertools.product(*map(range, shape))
    ]


def _line(cells: Sequence[Any]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(cells)
    return stream.getvalue()


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value
