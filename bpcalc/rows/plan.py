"""header + formula + options -> which column feeds which variable, and the header that comes out.

A transform turns blocks of whole records into blocks of records, by such a plan. There is one for
CSV and TSV and one for JSON lines in plain Python; others may take their place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from bpcalc.ops.op import Value


class Plan(NamedTuple):
    """What is done to every row."""

    columns: tuple[str, ...]
    """The input's columns, by their decoded names."""
    used: tuple[tuple[str, int], ...]
    """(variable, position of its column), in the formula's order."""
    fixed: Mapping[str, Value]
    """The variables that options bind; a value is an array only in a formula of arrays."""
    wrt: tuple[str, ...]
    """By what is differentiated, in the order of the output."""
    only: bool
    """Whether the input's columns are left out."""
    separator: str
    """Between cells: a comma or a tab."""
    header: bytes
    """The output's first line, with its line end."""


class Block(NamedTuple):
    """Whole records of one file; only a file's last block may lack its last line end."""

    data: bytes
    line: int
    """The number, in its file, of the first record's line; the header has number 1."""
    file: str
    """The file as the user called it."""


class Trouble(NamedTuple):
    """Why a row cannot be computed."""

    line: int
    why: str


class Done(NamedTuple):
    """What came of a block."""

    data: bytes
    """The records that come out."""
    rows: int
    bad: int
    """How many of the rows could not be computed."""
    first: Trouble | None
    """The first of these."""


Transform: TypeAlias = Callable[[Block], Done]
