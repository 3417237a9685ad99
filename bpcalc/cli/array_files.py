"""`@W.npy`, `@data.csv`, `@data.csv:column`, `@data.json` -> the value of a variable.

The ending says how a file is read; another one is refused before the file is opened. Nothing in a
file is executed, and no error quotes more of it than the cell that is wrong.
"""

from __future__ import annotations

import os
import re
import stat
from array import array as doubles
from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, BinaryIO

from bpcalc.array_values import kind_of, refuse_more_than_memory
from bpcalc.bindings import Quantity, quantity
from bpcalc.cli.reading import at_most, complaint, decoded, opened
from bpcalc.errors import RequestError, printable
from bpcalc.ops.arrays import MAX_DIMENSIONS

if TYPE_CHECKING:
    import numpy

    from bpcalc.array_values import Array

ENDINGS = (".npy", ".csv", ".json")

MAX_TEXT = 1 << 28
"""Bytes of a .csv or .json; what is read from it takes several times as much memory."""

MAX_PIPED = 1 << 30
"""Bytes of an .npy that comes through a pipe; a file's size is known before it is read."""

_ROWS_AT_ONCE = 256
"""More than 700 lists at a time, and Python looks for garbage among all that there is."""

_HINTS = {
    ".gz": "unpack it first",
    ".zip": "unpack it first",
    ".npz": "it holds several arrays: write one of them with numpy.save",
    ".pkl": "a pickle could execute code: write the array with numpy.save",
    ".pickle": "a pickle could execute code: write the array with numpy.save",
    ".tsv": "write it with commas, as a .csv",
    ".toml": "a table of values is read by --vars",
}
_PACKED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}


def from_file(name: str, text: str) -> Quantity:
    """The value of a variable, from the file that `@FILE` or `@FILE.csv:COLUMN` names.

    Raises:
        RequestError: the file cannot be read, or holds something else than finite numbers.
    """
    try:
        found = _content(*place_of(text))
    except RequestError as error:
        error.message = f"the value of {name}: {error.message}"
        raise
    return quantity(name, found)


def _content(path: str, column: str | None) -> Any:
    """What a file holds: an array, or nested lists that should be one."""
    shown = printable(path, 80)
    kind = _ending(path)
    with opened(path, shown) as stream:
        if kind == ".npy":
            return _npy(stream, shown)
        data = at_most(stream, MAX_TEXT, shown)
    _refuse_packed(data, shown)
    text = decoded(data, shown)
    return _csv(text, shown, column) if kind == ".csv" else _json(text, shown)


def place_of(text: str) -> tuple[str, str | None]:
    """`@a:b.csv:column` as path and column: only `.csv:` divides them, and only the last.

    Raises:
        RequestError: it names no file of which an array can be read.
    """
    path = text.removeprefix("@")
    column = None
    divided = re.fullmatch(r"(.*\.csv):(.*)", path, re.IGNORECASE | re.DOTALL)
    if divided and _ending(path) not in ENDINGS:
        path, column = divided[1], divided[2].strip()
        if not column:
            raise RequestError(f"{printable(text, 80)} names no column behind the colon")
    ending = _ending(path)
    if path in ("", "-"):
        raise RequestError(
            f"{text} names no file",
            hint="a value comes from a file: @W.npy, @data.csv, @data.csv:column, @data.json",
        )
    if ending not in ENDINGS:
        raise RequestError(
            f"values are read from .npy, .csv and .json, and not from {printable(path, 80)}",
            hint="only of a .csv one column can be named"
            if re.search(r"\.(npy|json):", path, re.IGNORECASE)
            else _HINTS.get(ending, ""),
        )
    return path, column


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()  # noqa: PTH122  (pathlib costs 8 ms of start-up)


def _refuse_packed(data: bytes, shown: str) -> None:
    for magic, packer in _PACKED.items():
        if data.startswith(magic):
            raise RequestError(f"{shown} is packed with {packer}", hint="unpack it first")


# .npy


def npy_array(path: str) -> Array:
    """The array of an .npy file, in the type that it has there.

    Raises:
        RequestError: it cannot be read, or holds something else than numbers.
    """
    shown = printable(path, 80)
    with opened(path, shown) as stream:
        return _npy(stream, shown)


def _npy(stream: BinaryIO, shown: str) -> Array:
    """The array of an .npy file; its size is compared with the file's before it is read."""
    import numpy

    shape, in_columns, dtype = _header(stream, shown)
    if dtype.kind not in "fiu":
        pickled = ": they are pickled, and nothing of them is read" if dtype.hasobject else ""
        raise RequestError(
            f"{shown} holds {kind_of(dtype)}, and has to hold numbers{pickled}",
            hint="write it with numpy.save(file, array.astype(float))",
        )
    needed = dtype.itemsize * prod(shape)
    if not needed:
        raise RequestError(f"{shown} holds an empty array: its shape is {shape}")
    _refuse_more_than_there_is(stream, shape, needed, shown)
    refuse_more_than_memory(shown, shape, dtype.itemsize + 8)
    data = numpy.empty(needed, dtype=numpy.uint8)
    if _read_into(stream, data.data) < needed:
        raise _truncated(shown, shape)
    return data.view(dtype).reshape(shape, order="F" if in_columns else "C")


def _header(stream: BinaryIO, shown: str) -> tuple[tuple[int, ...], bool, numpy.dtype[Any]]:
    """Shape, whether columns come first, and dtype."""
    import warnings

    from numpy.lib import format as npy

    magic = stream.read(npy.MAGIC_LEN)
    _refuse_packed(magic, shown)
    if magic[:-2] != npy.MAGIC_PREFIX:
        pickled = " but a pickle, which could execute code" if magic[:1] == b"\x80" else ""
        raise RequestError(
            f"{shown} is no .npy file{pickled}", hint="write it with numpy.save(file, array)"
        )
    if magic[-2] not in (1, 2, 3):
        raise RequestError(f"{shown} is an .npy file of the unknown version {magic[-2]}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers that Python 2 wrote
            if magic[-2] == 1:
                shape, in_columns, dtype = npy.read_array_header_1_0(stream)
            else:  # version 3 differs in the names of fields
                shape, in_columns, dtype = npy.read_array_header_2_0(stream)
        _refuse_no_shape(shape)
    except OSError:
        raise
    except Exception:  # what NumPy and Python say of a damaged header is of many kinds
        raise RequestError(f"{shown} has a damaged .npy header") from None
    return shape, in_columns, dtype


def _refuse_no_shape(shape: tuple[int, ...]) -> None:
    if len(shape) > MAX_DIMENSIONS or any(type(n) is not int or n < 0 for n in shape):
        raise ValueError


def _refuse_more_than_there_is(
    stream: BinaryIO, shape: tuple[int, ...], needed: int, shown: str
) -> None:
    status = os.fstat(stream.fileno())
    if stat.S_ISREG(status.st_mode):
        if needed > status.st_size - stream.tell():
            raise _truncated(shown, shape)
    elif needed > MAX_PIPED:
        raise RequestError(f"{shown} promises more than {MAX_PIPED:,} bytes, and is no file")


def _truncated(shown: str, shape: tuple[int, ...]) -> RequestError:
    return RequestError(
        f"{shown} promises {prod(shape):,} elements in the shape {shape}, and ends before them"
    )


def _read_into(stream: BinaryIO, view: memoryview) -> int:
    """Fill the view; how many bytes there were."""
    filled = 0
    while filled < len(view):
        count = stream.readinto(view[filled:])  # type: ignore[attr-defined]
        if not count:
            break
        filled += count
    return filled


# .csv


def _csv(text: str, shown: str, column: str | None) -> Array:
    """The numbers of a table: one column is a vector, several are a matrix."""
    import numpy

    line, first = next(_rows(text, shown), (0, []))
    if not line:
        raise RequestError(f"{shown} is empty")
    headed = not all(map(_is_number, first))
    wanted = None if column is None else _column(column, first, headed, shown)
    found = _at_once(text, len(first), headed, wanted)
    if found is None:
        found = numpy.array(_row_by_row(text, headed, wanted, shown))
    return found if len(first) == 1 or wanted is not None else found.reshape(-1, len(first))


def _at_once(text: str, width: int, headed: bool, wanted: int | None) -> Array | None:
    """The numbers of a table, many rows at a time; None where something is odd."""
    import csv
    import io
    from itertools import chain, islice
    from operator import itemgetter

    import numpy

    numbers = doubles("d")
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    try:
        names = "".join(next(reader)) if headed else ""
        if text.count("_") > names.count("_"):  # float() takes 2024_01 for a number
            return None
        while block := list(islice(reader, _ROWS_AT_ONCE)):
            if {*map(len, block)} != {width}:
                return None
            cells = chain.from_iterable(block) if wanted is None else map(itemgetter(wanted), block)
            numbers.extend(map(float, cells))
    except (csv.Error, ValueError):
        return None
    found = numpy.frombuffer(numbers, dtype=float) if numbers else None
    return found if found is not None and numpy.isfinite(found).all() else None


def _row_by_row(text: str, headed: bool, wanted: int | None, shown: str) -> list[float]:
    """The numbers of a table, with a message for all that can be wrong with one."""
    from itertools import chain

    rows = _rows(text, shown)
    top, first = next(rows)
    found: list[float] = []
    for line, row in rows if headed else chain([(top, first)], rows):
        if len(row) != len(first):
            raise RequestError(
                f"{shown}, line {line}: the row has {len(row)} cell{'s' * (len(row) != 1)}, "
                f"and line {top} has {len(first)}"
            )
        for position, cell in enumerate(row):
            if wanted in (None, position):
                found.append(_number(cell, f"{shown}, line {line}, column {position + 1}"))
    if not found:
        raise RequestError(f"{shown} has a header, and no numbers below it")
    return found


def _number(cell: str, place: str) -> float:
    """The number in a cell.

    Raises:
        RequestError: there is none.
    """
    missing = "rows without a value have to be left out, or filled in, before"
    if not cell.strip():
        raise RequestError(f"{place}: the cell is empty", hint=missing)
    if not _is_number(cell):
        other = ";" in cell or "\t" in cell
        raise RequestError(
            f"{place}: {printable(cell.strip(), 40)} is not a number",
            hint="columns are separated by commas, the decimal sign is a point" if other else "",
        )
    number = float(cell)
    if number != number:
        raise RequestError(f"{place}: NaN is not a finite number", hint=missing)
    if number - number != 0:
        raise RequestError(f"{place}: the number is infinite, or outside the range of float64")
    return number


def _rows(text: str, shown: str) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of every row; only the end may have empty lines."""
    import csv
    import io

    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    empty = 0
    try:
        for row in reader:
            if not row or (len(row) == 1 and not row[0].strip()):
                empty = empty or reader.line_num
                continue
            if empty:
                raise RequestError(f"{shown}, line {empty}: the line is empty")
            yield reader.line_num, row
    except csv.Error as why:
        raise RequestError(f"{shown}, line {reader.line_num}: {why}") from None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def _column(column: str, first: Sequence[str], headed: bool, shown: str) -> int:
    """The position of a column that is called by its name, or by its number if there are none."""
    if headed:
        names = [name.strip() for name in first]
        if names.count(column) > 1:
            raise RequestError(f"{shown} has several columns of the name {printable(column, 60)}")
        if column in names:
            return names.index(column)
        raise RequestError(
            f"{shown} has no column {printable(column, 60)}",
            hint=f"the names of its {len(names)} columns are in its first line",
        )
    if column.isascii() and column.isdigit() and len(column) < 10 and int(column) < len(first):
        return int(column)
    raise RequestError(
        f"{shown} has no column {printable(column, 60)}",
        hint=f"it has no header: its columns are 0 to {len(first) - 1}",
    )


# .json


def _json(text: str, shown: str) -> Any:
    """Nested lists of numbers, or a number."""
    import json

    try:
        found = json.loads(text, object_pairs_hook=_no_table, parse_constant=float)
    except RecursionError:
        raise RequestError(f"{shown} is nested too deeply") from None
    except RequestError as error:
        error.message = f"{shown}: {error.message}"
        raise
    except ValueError as why:
        raise RequestError(f"{shown}: {complaint(why, 'JSON')}") from None
    if isinstance(found, bool) or not isinstance(found, (int, float, list)):
        raise RequestError(f"{shown} has to hold numbers: nested lists of them, or one")
    return found


def _no_table(_: object) -> None:
    raise RequestError(
        "a value is nested lists of numbers, and not a table",
        hint="a table of values by name is read by --vars",
    )
