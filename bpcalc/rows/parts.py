"""Tables -> parts of them, which others may compute: where the records of each begin and end.

A part has the records that begin in a range of bytes. Who cuts a file into ranges does not read it:
where a range begins inside of a record, the next line is taken for its first record. That is wrong
where a line ends inside of quotation marks; so whoever computes a part says where its records began
and ended, and a part that began elsewhere than the one before it ended is computed again.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from bpcalc.errors import BpcalcError, RequestError
from bpcalc.rows.formats import SEPARATORS
from bpcalc.rows.headers import refuse_other_columns
from bpcalc.rows.mapping import Tables
from bpcalc.rows.plan import Block
from bpcalc.rows.records import whole_records
from bpcalc.rows.sources import STANDARD_INPUT, Source, opened, shown, size, unseen


class Part(NamedTuple):
    """Some records of one file."""

    file: str
    """As the user called it."""
    path: str
    """Where others find it."""
    start: int
    stop: int
    """The records begin in these bytes: the last may end behind `stop`."""
    line: int | None
    """The number of the line at `start`, where a record begins; None where neither is known."""
    data: bytes | None = None
    """The records, where nobody else can read them."""


def parts(tables: Tables, length: int) -> Iterator[Part]:
    """Parts of the tables, in order; each of about `length` bytes, unless a file is shorter.

    Raises:
        RequestError: a table cannot be read, or has other columns than the first.
    """
    yield from _parts_of(tables, tables.first, length)
    for name in tables.names[1:]:
        with opened(name) as source:
            if tables.header is not None:
                refuse_other_columns(source, tables.header, tables.first.shown)
            yield from _parts_of(tables, source, length)


def whole_files(names: Sequence[str]) -> Iterator[Part]:
    """A part for each file of rows that are no lines."""
    for name in names:
        yield Part(name, os.path.abspath(name), 0, size(name) or 0, 1)  # noqa: PTH100


def _parts_of(tables: Tables, source: Source, length: int) -> Iterator[Part]:
    total = size(source.name)
    if total is None or source.name == STANDARD_INPUT:
        for block in larger(source.blocks(SEPARATORS[tables.kind], line_end(tables)), length):
            yield Part(block.file, "", 0, len(block.data), block.line, block.data)
        return
    path = os.path.abspath(source.name)  # noqa: PTH100
    line: int | None = source.line
    for start in range(source.position, total, length):
        yield Part(source.name, path, start, min(start + length, total), line)
        line = None


def line_end(tables: Tables) -> bytes:
    """What a last line gets that has no end."""
    return b"\n" if tables.header is None else tables.header.end


def larger(blocks: Iterator[Block], length: int) -> Iterator[Block]:
    """Blocks of one file, joined to such of about this many bytes.

    An error is raised behind what stands before it.
    """
    first = error = None
    pieces: list[bytes] = []
    count = 0
    try:
        for block in blocks:
            first = first or block
            pieces.append(block.data)
            count += len(block.data)
            if count >= length:
                yield first._replace(data=b"".join(pieces))
                first, pieces, count = None, [], 0
    except BpcalcError as why:
        error = why
    if first is not None:
        yield first._replace(data=b"".join(pieces))
    if error is not None:
        raise error


# To read a part


class PartReader:
    """The records of a part, and where they begin and end."""

    def __init__(self, part: Part, separator: str, end: bytes) -> None:
        self.part = part
        self.separator = separator
        self.line_end = end
        self.begin = part.start
        """Where the first record begins."""
        self.end = part.start
        """Where the last one ends that has been read; without records, where the part does."""
        self.line = part.line or 0
        """The number of the line at `end`; counted from 0 where that of the first is not known."""

    def blocks(self) -> Iterator[Block]:
        """The records.

        Raises:
            RequestError: the file cannot be read here, or a record has no end.
        """
        part = self.part
        if part.data is not None:
            yield self._passed(Block(part.data, self.line, part.file))
            return
        with _opened(part) as stream:
            if part.line is None:
                self.begin = self.end = _first_line(stream, part)
            if self.begin < part.stop:
                yield from self._blocks_of(stream)

    def _blocks_of(self, stream: Any) -> Iterator[Block]:
        stream.seek(self.begin)
        source = _Middle(_Range(stream, self.begin, self.part.stop), self.part.file, unseen)
        source.line = self.line
        for block in source.blocks(self.separator, self.line_end):
            if self.end + len(block.data) > self.part.stop:
                block = block._replace(data=self._first_record(block.data))
            yield self._passed(block)
            if self.end >= self.part.stop:
                return

    def _first_record(self, data: bytes) -> bytes:
        """The one that begins in the part; those behind it are another's."""
        if self.separator:
            return data[: whole_records(data, self.separator, 1)]
        return data[: data.index(b"\n") + 1]

    def _passed(self, block: Block) -> Block:
        self.end += len(block.data)
        self.line += block.data.count(b"\n")
        return block


def _opened(part: Part) -> Any:
    try:
        return open(part.path, "rb", buffering=0)  # noqa: PTH123  (the caller closes it)
    except OSError as why:
        raise RequestError(
            f"{shown(part.file)} cannot be read by a worker on {socket.gethostname()}: "
            f"{why.strerror}",
            hint=f"the workers read the files themselves: each needs {shown(part.path)}",
        ) from None


def _first_line(stream: Any, part: Part) -> int:
    """Where the first line begins of those that begin in the part; its stop where none does."""
    at = part.start - 1
    stream.seek(at)
    while at < part.stop - 1:
        piece = stream.read(min(1 << 16, part.stop - 1 - at))
        if not piece:
            break
        found = piece.find(b"\n")
        if found >= 0:
            return at + int(found) + 1
        at += len(piece)
    return part.stop


class _Range:
    """A file from one place on; what is read at once ends at another, or lies behind it."""

    def __init__(self, stream: Any, start: int, stop: int) -> None:
        self.stream = stream
        self.rest = stop - start

    def read(self, count: int) -> bytes:
        if self.rest > 0:
            count = min(count, self.rest)
        data: bytes = self.stream.read(count)
        self.rest -= len(data)
        return data


class _Middle(Source):
    """A table from some line on: what it begins with says nothing about its format."""

    def _begin(self) -> None:
        pass
