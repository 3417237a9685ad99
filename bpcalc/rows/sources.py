"""Files and standard input -> blocks of whole records.

What there is to read is passed on at once, as far as its records are whole: a slow pipe gives row
after row, a file blocks of `BLOCK` bytes.
"""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bpcalc.errors import RequestError, printable
from bpcalc.rows.plan import Block
from bpcalc.rows.records import whole_records

BLOCK = 1 << 17
"""Bytes read at a time: 32 KB to 1 MB take the same time, 4 MB a tenth more."""

LONGEST = 1 << 24
"""Bytes of the longest record: a file without line ends is refused before it fills the memory."""

STANDARD_INPUT = "-"

_PACKED = {
    b"\x1f\x8b": ("is packed with gzip", "gzip -dc {} | bpcalc map FORMULA -"),
    b"PK\x03\x04": ("is a zip archive", "unzip -p {} | bpcalc map FORMULA -"),
    b"BZh": ("is packed with bzip2", "bzip2 -dc {} | bpcalc map FORMULA -"),
    b"\xfd7zXZ": ("is packed with xz", "xz -dc {} | bpcalc map FORMULA -"),
    b"\x28\xb5\x2f\xfd": ("is packed with zstd", "zstd -dc {} | bpcalc map FORMULA -"),
    b"PAR1": ("is a Parquet file", "call it *.parquet"),
    b"ARROW1": ("is an Arrow file", "call it *.arrow"),
}
_UTF_16 = ("is UTF-16 text", "iconv -f UTF-16 -t UTF-8 {} | bpcalc map FORMULA -")
"""What files begin with that are no text: what to say, and what to do."""
_NO_TEXT = ("is no text", "a table is text: CSV, TSV or JSON lines")

BOM = b"\xef\xbb\xbf"


class Source:
    """One table, while it is read from its beginning to its end."""

    def __init__(self, stream: Any, name: str, advance: Callable[[int], object]) -> None:
        self.name = name
        """The file as the user called it."""
        self.shown = shown(name)
        self.stream = stream
        self.pieces = _pieces(stream, self.shown, advance)
        self.pending = b""
        self.line = 1
        self.bom = False
        self._begin()

    def _begin(self) -> None:
        """Look at the first bytes: as many as the longest sign of a file that is no text."""
        for piece in self.pieces:
            self.pending += piece
            if len(self.pending) >= 6 or b"\n" in self.pending:
                break
        found = next(
            (said for sign, said in _PACKED.items() if self.pending.startswith(sign)), None
        )
        if self.pending.startswith((b"\xff\xfe", b"\xfe\xff")):
            found = _UTF_16 if _is_utf16(self.pending) else _NO_TEXT
        if found is not None:
            what, hint = found
            named = "FILE" if self.name == STANDARD_INPUT else self.shown
            raise RequestError(f"{self.shown} {what}", hint=hint.format(named))
        self.bom = self.pending.startswith(BOM)
        if self.bom:
            self.pending = self.pending[3:]

    @property
    def position(self) -> int:
        """Where in its file the first byte stands that has not been passed on."""
        return int(self.stream.tell()) - len(self.pending)

    @property
    def empty(self) -> bool:
        """Whether there is nothing left to read."""
        if not self.pending:
            self.pending = next(self.pieces, b"")
        return not self.pending

    def first_line(self) -> bytes:
        """The first line, or as much of it as fits into a record; it stays to be read."""
        while b"\n" not in self.pending and len(self.pending) <= LONGEST:
            piece = next(self.pieces, b"")
            if not piece:
                break
            self.pending += piece
        return self.pending.partition(b"\n")[0]

    def header(self, separator: str) -> bytes:
        """The first record, with its line end if it has one; it has been read then."""
        while True:
            end = whole_records(self.pending, separator, 1)
            if end:
                break
            piece = next(self.pieces, b"")
            if not piece:
                end = len(self.pending)
                self._refuse_open_quote(self.pending + b"\n", separator)
                break
            self.pending += piece
            self._refuse_long(self.pending)
        head, self.pending = self.pending[:end], self.pending[end:]
        self.line += head.count(b"\n")
        return head

    def blocks(self, separator: str, line_end: bytes = b"\n") -> Iterator[Block]:
        """The rest, in blocks; a last line without an end gets one.

        `separator` is empty where quotation marks mean nothing, and every line is a record.
        """
        piece, rest = self.pending, b""
        self.pending = b""
        quote_is_open = False
        while True:
            data = rest + piece
            if not separator or b'"' not in data:
                end = data.rfind(b"\n", len(rest)) + 1
            elif quote_is_open and b'"' not in piece:
                end = 0
            else:
                end = whole_records(data, separator)
                quote_is_open = whole_records(data[end:] + b"\n", separator) == 0
            if end:
                yield self._block(data[:end])
            rest = data[end:]
            self._refuse_long(rest)
            piece = next(self.pieces, b"")
            if not piece:
                break
        if rest:
            rest += line_end
            self._refuse_open_quote(rest, separator)
            yield self._block(rest)

    def _block(self, data: bytes) -> Block:
        block = Block(data, self.line, self.name)
        self.line += data.count(b"\n")
        return block

    def _refuse_long(self, data: bytes) -> None:
        if len(data) > LONGEST:
            quoted = b'"' in data
            raise RequestError(
                f"{self.shown}, line {self.line:,}: the line is longer than {LONGEST >> 20} MB",
                hint="a quotation mark may be open" if quoted else "a table has one row per line",
            )

    def _refuse_open_quote(self, data: bytes, separator: str) -> None:
        if separator and b'"' in data and whole_records(data, separator) < len(data):
            line = self.line + data.count(b"\n", 0, whole_records(data, separator))
            raise RequestError(
                f"{self.shown}, line {line:,}: a quotation mark is open until the end of the file"
            )


def _is_utf16(data: bytes) -> bool:
    """Whether it may be what its first two bytes say: other data has unused characters."""
    text = data[:200].decode("utf-16", "replace")
    return all(sign.isspace() or (sign.isprintable() and sign != "\ufffd") for sign in text[:-1])


def shown(name: str) -> str:
    """How messages call a file."""
    return "standard input" if name == STANDARD_INPUT else printable(name, 80)


def size(name: str) -> int | None:
    """How many bytes a regular file has; None for a pipe, and for what is not there."""
    try:
        status = os.fstat(sys.stdin.fileno()) if name == STANDARD_INPUT else os.stat(name)  # noqa: PTH116
    except (AttributeError, OSError, ValueError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def unseen(count: int) -> None:
    """Nobody looks at how much has been read."""


@contextmanager
def opened(name: str, advance: Callable[[int], object] = unseen) -> Iterator[Source]:
    """A table, to be read. `advance` is told how many bytes have been.

    Raises:
        RequestError: it cannot be read, or it is no text.
    """
    if name == STANDARD_INPUT:
        if sys.stdin is None:
            raise RequestError("standard input is closed")
        yield Source(_unbuffered(sys.stdin), name, advance)
        return
    try:
        stream = open(name, "rb", buffering=0)  # noqa: PTH123, SIM115  (closed below)
    except (OSError, ValueError) as why:  # a path with a NUL is a ValueError
        raise _unreadable(shown(name), why) from None
    with stream:
        yield Source(stream, name, advance)


def _unbuffered(stream: Any) -> Any:
    """The stream of bytes below a stream of text."""
    binary = getattr(stream, "buffer", stream)
    return getattr(binary, "raw", binary)


def _pieces(stream: Any, shown: str, advance: Callable[[int], object]) -> Iterator[bytes]:
    """What the stream brings, as soon as it does."""
    try:
        while True:
            piece = stream.read(BLOCK)
            if piece is None:  # somebody has made the terminal or pipe non-blocking
                select.select([stream], [], [])
                continue
            if not piece:
                return
            advance(len(piece))
            yield piece
    except (OSError, ValueError) as why:
        raise _unreadable(shown, why) from None


def _unreadable(shown: str, why: Exception) -> RequestError:
    return RequestError(f"{shown} cannot be read: {getattr(why, 'strerror', None) or why}")
