"""Tables and arrays -> the data variables: arrays whose first axis counts the rows.

A table (CSV, TSV, JSON lines) binds variables by its columns' names; `--columns x=p0..p63,t=digit`
makes a matrix of several columns, or calls one otherwise. An .npz binds them by its arrays' names,
and `x=train.npy,t=labels.npy` by those that stand there.
"""

from __future__ import annotations

import os
import re
from array import array as buffer
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from bpcalc.array_values import kind_of
from bpcalc.errors import RequestError, did_you_mean, printable
from bpcalc.formula.tokens import is_name, normal
from bpcalc.rows import json_lines
from bpcalc.rows.formats import EXTENSIONS, KINDS, SEPARATORS
from bpcalc.rows.mapping import Tables, opened_tables
from bpcalc.rows.plan import Plan
from bpcalc.rows.sources import shown as shown_name
from bpcalc.rows.tables import rows as rows_of

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

_CHECKED_AT_ONCE = 1 << 18
"""Elements: what is checked goes through memory a second time."""
_CODES = {"float64": "d", "float32": "f"}


class Data(NamedTuple):
    """Data that is known by name, and read when it is known which names are needed."""

    shown: str
    names: tuple[str, ...]
    """The variables that it could bind."""
    demanded: tuple[str, ...]
    """Those that it was asked to bind."""
    read: Callable[[Sequence[str], str], dict[str, Array]]
    """(names, dtype) -> their arrays."""


def data(
    text: str,
    columns: str | None,
    read_array: Callable[[str, str], Any],
    option: str = "--data",
) -> Data:
    """What `--data` or `--validate` names; `read_array(name, path)` reads an array of any kind.

    Raises:
        RequestError: it cannot be read.
    """
    named = pairs(text)
    ending = os.path.splitext(text)[1].lower()  # noqa: PTH122
    if columns is not None and (named or ending == ".npz"):
        raise RequestError(
            f"--columns is for tables, and {option} {printable(text, 80)} holds arrays",
            hint="--data and --validate are both tables, or neither is",
        )
    if named:
        return _of_pairs(named, read_array, option)
    if ending == ".npy":
        raise RequestError(
            f"{printable(text, 80)} is an array without a name",
            hint=f"{option} x={printable(text, 60)} says which variable it is",
        )
    if ending == ".npz":
        return _of_npz(text)
    if ending and EXTENSIONS.get(ending) not in KINDS:
        raise RequestError(
            f"{option} reads .csv, .tsv, .jsonl and .npz, and not {printable(text, 80)}",
            hint="x=a.npy,t=b.npy are arrays; a table may come through a pipe, as -",
        )
    return _of_table(text, _groups(columns) if columns is not None else {})


# x=a.npy,t=b.npy


def pairs(text: str) -> list[tuple[str, str]]:
    """Of `x=a.npy,t=b.npy` (name, path) of each; none where the text is a path."""
    found = []
    for part in re.split(r",(?=\s*[^\W\d]\w*\s*=)", text):
        name, equals, path = part.partition("=")
        if not equals or not is_name(name.strip()):
            return []
        found.append((normal(name.strip()), path.strip()))
    return found


def _of_pairs(
    named: list[tuple[str, str]], read_array: Callable[[str, str], Any], option: str
) -> Data:
    names = [name for name, _ in named]
    _refuse_twice(names)
    paths = dict(named)

    def read(wanted: Sequence[str], dtype: str) -> dict[str, Array]:
        return _checked({n: _cast(n, read_array(n, paths[n]), dtype) for n in wanted}, option)

    return Data(option, tuple(names), tuple(names), read)


def _refuse_twice(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise RequestError(f"{printable(name, 60)} is bound twice by the data")


# .npz


def _of_npz(path: str) -> Data:
    import zipfile

    import numpy

    shown = printable(path, 80)
    try:
        with zipfile.ZipFile(path) as file:
            members = [name for name in file.namelist() if name.endswith(".npy")]
    except (OSError, ValueError, zipfile.BadZipFile) as why:
        said = getattr(why, "strerror", None)
        raise RequestError(
            f"{shown} cannot be read: {said}" if said else f"{shown} is no .npz file",
            hint="" if said else "it is written with numpy.savez(file, x=..., t=...)",
        ) from None
    known = {normal(name[:-4]): name[:-4] for name in members if is_name(name[:-4])}

    def read(wanted: Sequence[str], dtype: str) -> dict[str, Array]:
        found = {}
        try:
            with numpy.load(path, allow_pickle=False) as file:
                for name in wanted:
                    found[name] = _cast(f"{name} of {shown}", file[known[name]], dtype)
        except (RequestError, MemoryError):
            raise
        except Exception:  # what NumPy and zipfile say of a damaged file is of many kinds
            raise RequestError(
                f"{shown} has a damaged array, or one of objects, which are not read"
            ) from None
        return _checked(found, shown)

    return Data(shown, tuple(known), (), read)


def _cast(shown: str, found: Any, dtype: str) -> Array:
    import numpy

    found = numpy.asarray(found)
    if found.dtype.kind not in "fiub":
        raise RequestError(f"the array {shown} has to hold numbers, and not {kind_of(found.dtype)}")
    with numpy.errstate(all="ignore"):
        return numpy.ascontiguousarray(found, dtype)


def _checked(arrays: dict[str, Array], shown: str) -> dict[str, Array]:
    """All have a first axis, of the same length, and hold finite numbers."""
    rows: dict[str, int] = {}
    for name, found in arrays.items():
        if not found.shape or not found.size:
            raise RequestError(
                f"{shown}: {name} has the shape {found.shape}, and needs a row for each sample"
            )
        _refuse_not_finite(name, found, shown)
        rows[name] = len(found)
    if len(set(rows.values())) > 1:
        told = ", ".join(f"{name} has {count:,}" for name, count in rows.items())
        raise RequestError(f"{shown}: the variables differ in their rows: {told}")
    return arrays


def _refuse_not_finite(name: str, found: Array, shown: str) -> None:
    import numpy

    rows = max(1, _CHECKED_AT_ONCE * len(found) // found.size)
    for begin in range(0, len(found), rows):
        part = found[begin : begin + rows]
        finite = numpy.isfinite(part)
        if not finite.all():
            place = numpy.unravel_index(int(finite.argmin()), part.shape)
            where = ", ".join(map(str, (begin + int(place[0]), *map(int, place[1:]))))
            raise RequestError(
                f"{shown}: {name}[{where}] is {part[place]}, and has to be a finite number of "
                f"{found.dtype}",
                hint="rows without a value have to be left out, or filled in, before",
            )


# Tables


def _groups(text: str) -> dict[str, list[str]]:
    """`x=a,b,t=c` -> the columns of each variable."""
    found: dict[str, list[str]] = {}
    for part in re.split(r",(?=\s*[^\W\d]\w*\s*=)", text):
        name, equals, listed = part.partition("=")
        columns = [column.strip() for column in listed.split(",")]
        if not equals or not is_name(name.strip()) or "" in columns:
            raise RequestError(
                f"--columns: {printable(part, 60) or 'nothing'} names no columns of a variable",
                hint="as in x=height,weight,t=age or x=p0..p63",
            )
        if normal(name.strip()) in found:
            raise RequestError(f"--columns: {printable(name, 60)} has its columns twice")
        found[normal(name.strip())] = columns
    return found


def _of_table(path: str, groups: Mapping[str, list[str]]) -> Data:
    shown = shown_name(path)
    context = opened_tables([path], None)
    tables = context.__enter__()  # open until it is read: it may be a pipe
    header = [normal(name) for name in tables.columns or ()]
    if not header:
        raise RequestError(f"{shown} has no rows")
    known = {name: _positions(name, columns, header, shown) for name, columns in groups.items()}
    for name in header:
        if name in groups and groups[name] != [name]:
            raise RequestError(
                f"{shown} has a column {printable(name, 60)}, and --columns makes another",
                hint="call the variable of the formula otherwise",
            )
    names = (*known, *(name for name in dict.fromkeys(header) if name not in known))

    def read(wanted: Sequence[str], dtype: str) -> dict[str, Array]:
        places = {n: known[n] if n in known else [_position(n, header, shown)] for n in wanted}
        vectors = {n for n in wanted if n not in known or _is_one(groups[n])}
        try:
            return _checked(_read(tables, places, vectors, dtype), shown)
        finally:
            context.__exit__(None, None, None)

    return Data(shown, names, tuple(known), read)


def _is_one(columns: Sequence[str]) -> bool:
    return len(columns) == 1 and ".." not in columns[0]


def _positions(name: str, columns: Sequence[str], header: Sequence[str], shown: str) -> list[int]:
    """Where the columns of a variable stand; `p0..p63` are all from the one to the other."""
    found: list[int] = []
    for column in columns:
        first, dots, last = column.partition("..")
        if not dots or column in header:
            found.append(_position(column, header, shown))
            continue
        begin, end = (_position(c.strip(), header, shown) for c in (first, last))
        if begin > end:
            raise RequestError(f"--columns: {printable(last, 40)} stands before {first}")
        found += range(begin, end + 1)
    if len(set(found)) < len(found):
        raise RequestError(f"--columns: {printable(name, 60)} has a column twice")
    return found


def _position(column: str, header: Sequence[str], shown: str) -> int:
    column = normal(column)
    if header.count(column) > 1:
        raise RequestError(
            f"{shown} has {header.count(column)} columns {printable(column, 60)}",
            hint="a column that the formula uses has a name of its own",
        )
    if column not in header:
        listed = ", ".join(printable(name, 30) for name in header[:10])
        raise RequestError(
            f"{shown} has no column {printable(column, 60)}",
            hint=did_you_mean(column, list(header)) or f"its columns: {listed}",
        )
    return header.index(column)


def _read(
    tables: Tables, places: Mapping[str, Sequence[int]], vectors: set[str], dtype: str
) -> dict[str, Array]:
    """The numbers of the columns, block by block into one growing buffer per variable."""
    import numpy

    columns = tuple(tables.columns or ())
    used = tuple((columns[place], place) for part in places.values() for place in part)
    separator = SEPARATORS[tables.kind]
    plan = Plan(columns, used, {}, (), True, separator, b"", ())
    buffers = {name: buffer(_CODES[dtype]) for name in places}
    rows = 0
    for block in tables.blocks():
        found = rows_of(plan, block) if separator else json_lines.rows(plan, block)[0]
        if found.bad:
            first = min(found.bad)
            raise RequestError(
                f"{tables.first.shown}, line {found.lines[first]:,}: {found.bad[first]}",
                hint="rows without a value have to be left out, or filled in, before",
            )
        rows += len(found.records)
        numbers = iter(found.columns)
        for name, part in places.items():
            matrix = _cast(name, [next(numbers) for _ in part], dtype)
            buffers[name].frombytes(numpy.ascontiguousarray(matrix.T).tobytes())
    if not rows:
        raise RequestError(f"{tables.first.shown} has a header, and no rows below it")
    return {
        name: numpy.frombuffer(buffers[name], dtype).reshape(
            rows if name in vectors else (rows, len(part))
        )
        for name, part in places.items()
    }
