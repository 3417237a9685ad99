"""`bpcalc map` on bytes, in this process."""

from __future__ import annotations

import contextlib
import io
import sys
from typing import NamedTuple

from bpcalc.cli import main


class Mapped(NamedTuple):
    """What came of a table."""

    code: int
    out: bytes
    err: str


def mapped(table: bytes, *words: str) -> Mapped:
    """`bpcalc map WORDS` of a table on standard input."""
    streams = [io.TextIOWrapper(io.BytesIO(data), "utf-8") for data in (table, b"", b"")]
    before = sys.stdin
    sys.stdin, out, err = streams
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["map", *words])
    finally:
        sys.stdin = before
    return Mapped(code, _written(out), _written(err).decode())


def _written(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue()
