"""Text of a block -> its rows: the records as they stand, and the numbers in their used cells.

Records become columns of numbers by calls that each do a whole block at once (a third of the time
of a loop over rows); a block in which something is odd is gone through row by row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite, nan
from typing import NamedTuple

from bpcalc.errors import RequestError, printable
from bpcalc.rows.plan import Block, Plan
from bpcalc.rows.records import content, fields, record_pattern


class Rows(NamedTuple):
    """The rows of a block."""

    records: list[str]
    """Without their line ends; bytes as characters (Latin-1) in CSV and TSV, where those that
    are too short have been filled up."""
    ends: str | list[str]
    """The line ends: one for all, or one for each."""
    lines: Sequence[int]
    """The number of each one's first line."""
    columns: list[list[float]]
    """The numbers in the used columns."""
    bad: dict[int, str]
    """Why a row lacks a number; NaN stands in its place."""
    error: RequestError | None = None
    """Why the rows end before the block does."""


def rows(plan: Plan, block: Block) -> Rows:
    """The rows of a block of CSV or TSV."""
    text = block.data.decode("latin-1")
    return _at_once(plan, text, block.line) or _one_by_one(plan, text, block.line)


def _at_once(plan: Plan, text: str, line: int) -> Rows | None:
    """The rows of a block without quotation marks, all of the same width; else None."""
    end = _line_end(text)
    if '"' in text or end is None or text.startswith(end) or end * 2 in text:
        return None
    records = text.split(end)
    records.pop()
    cells = _cells(text, end, len(records), len(plan.columns), plan.separator)
    if cells is None:
        return None
    width = len(plan.columns)
    odd = _may_have_odd_numbers(text)
    bad: dict[int, str] = {}
    columns = [_numbers(name, cells[position::width], odd, bad) for name, position in plan.used]
    return Rows(records, end, range(line, line + len(records)), columns, bad)


def _cells(text: str, end: str, count: int, width: int, separator: str) -> list[str] | None:
    """The cells of so many records, one after the other; None where a record has more or fewer.

    The line end before a record stays in its first cell, where `float` takes it for a space: so
    all records are as wide as they should be if all line ends are in cells of the first column.
    """
    cells = text.replace(end, separator + end).split(separator)
    cells.pop()
    in_first = "".join(cells[::width]).count("\n")
    return cells if len(cells) == count * width and in_first == count - 1 else None


def _line_end(text: str) -> str | None:
    """The line end that all records have."""
    if "\r" not in text:
        return "\n"
    ends = text.count("\r\n")
    return "\r\n" if ends == text.count("\n") == text.count("\r") else None


def _one_by_one(plan: Plan, text: str, line: int) -> Rows:
    """The rows of a block in which there is something odd.

    An empty line is no row, unless there is one column: then it is a row with an empty cell. A
    row that is too short gets empty cells, so that what is added stands under its names.
    """
    width = len(plan.columns)
    separator = plan.separator
    records: list[str] = []
    ends: list[str] = []
    lines: list[int] = []
    columns: list[list[str]] = [[] for _ in plan.used]
    bad: dict[int, str] = {}
    for whole in record_pattern(separator).findall(text):
        end = "\r\n" if whole[-2:] == "\r\n" else "\n"
        record = whole[: -len(end)]
        if record or width == 1:
            cells = fields(record, separator)
            if len(cells) != width:
                bad[len(records)] = _ragged(plan, len(cells), width)
                record += separator * (width - len(cells))
                cells = ["0"] * width
            for column, (_, position) in zip(columns, plan.used):
                column.append(content(cells[position]))
            records.append(record)
            ends.append(end)
            lines.append(line)
        line += whole.count("\n")
    odd = _may_have_odd_numbers(text)
    found = [_numbers(name, cells, odd, bad) for (name, _), cells in zip(plan.used, columns)]
    return Rows(records, ends, lines, found, bad)


def _ragged(plan: Plan, count: int, width: int) -> str:
    why = f"it has {count} field{'s' * (count != 1)}, and the header has {width}"
    if count > width and not plan.only:
        return f"{why}: all are kept, so NaN stands behind them and not under the new names"
    return why


# Numbers

_NUMBER = re.compile(
    r"[ \t\r\n\v\f]*+[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?[ \t\r\n\v\f]*+"
)
_SPACE = " \t\r\n\v\f"

_ODD = ("_", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\xa0")
"""What float() takes for a part of a number, or for a space around it, and tables do not."""


def _may_have_odd_numbers(text: str) -> bool:
    return any(sign in text for sign in _ODD)


def _numbers(name: str, cells: list[str], odd: bool, bad: dict[int, str]) -> list[float]:
    """The numbers in the cells of a column; NaN where there is none, and `bad` says why."""
    if odd and not _may_have_odd_numbers("".join(cells)):
        odd = False
    if not odd:
        try:
            found = list(map(float, cells))
        except ValueError:
            pass
        else:
            if isfinite(sum(found)):
                return found
    return [_number(name, row, cell, bad) for row, cell in enumerate(cells)]


def _number(name: str, row: int, cell: str, bad: dict[int, str]) -> float:
    if _NUMBER.fullmatch(cell):
        number = float(cell)
        if isfinite(number):
            return number
        why = f"{_quoted(cell)}, beyond the range of float64"
    elif not cell.strip(_SPACE):
        why = "empty"
    elif cell.strip(_SPACE).lower().lstrip("+-") in ("nan", "inf", "infinity"):
        why = f"{_quoted(cell)}, not a finite number"
    else:
        why = f"{_quoted(cell)}, not a number"
    bad.setdefault(row, f"{name} is {why}")
    return nan


def _quoted(cell: str) -> str:
    """A cell in a message."""
    text = cell.strip(_SPACE).encode("latin-1").decode("utf-8", "replace")
    return f"'{printable(text, 40)}'"
