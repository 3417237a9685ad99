"""`@W.npy`, `@data.csv`, `@data.csv:column`, `@data.json` -> the value of a variable.

The ending says how a file is read; another one is refused before the file is opened. Nothing in a
file is executed, and no error quotes more of it than the cell that is wrong.
"""

from __future__ import annotations

import os
import re
import stat
from array import array as doubles
from collections.abc import Iterable, Iterator, Sequence
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

    rows = _rows(text, shown)
    line, first = next(rows, (0, []))
    if not line:
        raise RequestError(f"{shown} is empty")
    headed = not all(map(_is_number, first))
    wanted = None if column is None else _column(column, first, headed, shown)
    width = len(first)
    # float() takes 2024_01 for a number; names in a header may have underscores
    underscored = text.count("_") > "".join(first).count("_")
    numbers, lines = doubles("d"), doubles("q")
    if not headed:
        rows = _with_first((line, first), rows)
    for number, row in rows:
        if len(row) != width:
            raise _ragged(shown, (number, len(row)), (line, width))
        cells = row if wanted is None else row[wanted : wanted + 1]
        try:
            numbers.extend(map(float, cells))
        except ValueError:
            raise _bad_cell(shown, number, wanted or 0, cells) from None
        lines.append(number)
        if underscored and "_" in "".join(cells):
            raise _bad_cell(shown, number, wanted or 0, cells)
    if not lines:
        raise RequestError(f"{shown} has a header, and no numbers below it")
    found = numpy.frombuffer(numbers, dtype=float)
    across = 1 if wanted is not None else width
    finite = numpy.isfinite(found)
    if not finite.all():
        place = int(finite.argmin())
        raise _not_finite(
            shown, lines[place // across], (wanted or 0) + place % across, found[place]
        )
    return found if across == 1 else found.reshape(-1, width)


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


def _with_first(
    first: tuple[int, list[str]], rest: Iterable[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    yield first
    yield from rest


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


def _ragged(shown: str, here: tuple[int, int], first: tuple[int, int]) -> RequestError:
    said = f"{here[1]} {'cell' if here[1] == 1 else 'cells'}"
    return RequestError(
        f"{shown}, line {here[0]}: the row has {said}, and line {first[0]} has {first[1]}"
    )


def _bad_cell(shown: str, line: int, before: int, cells: Sequence[str]) -> RequestError:
    """The first cell of a row that is no number, after so many other columns."""
    position, cell = next((k, cell) for k, cell in enumerate(cells) if not _is_number(cell))
    place = f"{shown}, line {line}, column {before + position + 1}"
    if not cell.strip():
        return RequestError(
            f"{place}: the cell is empty",
            hint="rows without a value have to be left out, or filled in, before",
        )
    hint = ""
    if ";" in cell or "\t" in cell:
        hint = "columns are separated by commas, and the decimal sign is a point"
    return RequestError(f"{place}: {printable(cell.strip(), 40)} is not a number", hint=hint)


def _not_finite(shown: str, line: int, position: int, number: float) -> RequestError:
    place = f"{shown}, line {line}, column {position + 1}"
    if number != number:
        return RequestError(
            f"{place}: NaN is not a finite number",
            hint="rows without a value have to be left out, or filled in, before",
        )
    return RequestError(f"{place}: the number is infinite, or outside the range of float64")


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
