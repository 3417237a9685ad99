"""header + formula + options -> which column feeds which variable, and the header that comes out.

A transform turns blocks of whole records into blocks of records, by such a plan. There is one for
CSV and TSV and one for JSON lines in plain Python; others may take their place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from bpcalc.bindings import Quantity, matched
from bpcalc.engine.array_shapes import shape
from bpcalc.errors import BpcalcError, RequestError, did_you_mean, printable
from bpcalc.formula.tokens import normal
from bpcalc.graph import Graph
from bpcalc.ops.constants import Constant
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
    """The output's first line, with its line end; in JSON lines a byte order mark at most."""
    names: tuple[str, ...]
    """What the computed columns are called: the value first, then the gradient's."""


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
    error: BpcalcError | None = None
    """Why there is no more to come, if the block could not be read to its end."""


Transform: TypeAlias = Callable[[Block], Done]


def planned(
    graph: Graph,
    columns: Sequence[str],
    values: Mapping[str, Quantity],
    wrt: str | None,
    *,
    prefix: str = "",
    only: bool = False,
    options: Collection[str] = (),
) -> Plan:
    """What is done to every row of a table with these columns; its header is still to be made.

    `options` are names that have to be bound by --set.

    Raises:
        RequestError: a variable has no value or two, or names clash.
    """
    used = _used(graph, columns, values)
    _refuse_missing(graph, columns, values, [name for name, _ in used], options)
    matched(graph, {**dict.fromkeys([name for name, _ in used], Constant(1.0, "1")), **values})
    fixed: dict[str, Value] = {
        name: value if shape(value) else float(value)
        for name, value in values.items()
        if name in graph.variables
    }
    names = _wrt(graph, wrt, fixed)
    made = (f"{prefix}value", *[f"{prefix}d_{name}" for name in names])
    if not only:
        refuse_clash(columns, made, "the table already has a column")
    return Plan(tuple(columns), tuple(used), fixed, tuple(names), only, "", b"", made)


def _used(
    graph: Graph, columns: Sequence[str], values: Mapping[str, Quantity]
) -> list[tuple[str, int]]:
    """The variables that columns bind, and the positions of these."""
    positions: dict[str, list[int]] = {}
    for position, column in enumerate(columns):
        positions.setdefault(normal(column), []).append(position)
    found = []
    for name in graph.variables:
        at = positions.get(name, [])
        if len(at) > 1:
            raise RequestError(
                f"the table has {len(at)} columns {printable(name, 60)}: "
                f"{', '.join(str(position + 1) for position in at[:8])}, counted from 1",
                hint="a column that the formula uses has a name of its own",
            )
        if at and name in values:
            raise RequestError(
                f"{printable(name, 60)} has two values: a column of the table, and {values[name]}",
                hint="leave the option out, or call the variable of the formula otherwise",
            )
        if at:
            found.append((name, at[0]))
    return found


def _refuse_missing(
    graph: Graph,
    columns: Sequence[str],
    values: Mapping[str, Quantity],
    used: Collection[str],
    options: Collection[str],
) -> None:
    missing = [name for name in graph.variables if name not in values and name not in used]
    if not missing:
        return
    name = missing[0]
    others = f" (so do {len(missing) - 1} more)" if len(missing) > 1 else ""
    option = f"--{name} 1.5" if name.isascii() and name not in options else f"--set {name}=1.5"
    raise RequestError(
        f"{printable(name, 60)} has neither a column nor a value{others}",
        source=graph.source,
        span=graph.span(graph.variables[name]),
        values=[f"the columns are {_listed(columns)}"],
        hint=did_you_mean(name, [normal(column) for column in columns])
        or _separated_otherwise(columns)
        or f"give it a value, as in {option}; the first line of a table names its columns",
    )


def _separated_otherwise(columns: Sequence[str]) -> str:
    """A hint where the header looks like one of another format."""
    if len(columns) == 1:
        for sign, remedy in (("\t", "--input tsv"), (",", "--input csv"), (";", "tr ';' ','")):
            if sign in columns[0]:
                named = "a tab" if sign == "\t" else f"'{sign}'"
                return f"the header has {named} in it, where columns may end: {remedy}"
    return ""


def _listed(names: Sequence[str]) -> str:
    shown = [printable(name, 40) or "''" for name in names[:12]]
    return (", ".join(shown) + (", ..." if len(names) > 12 else "")) or "none"


def _wrt(graph: Graph, wrt: str | None, fixed: Mapping[str, Value]) -> list[str]:
    """The variables by which to differentiate; all where none are given."""
    known = list(graph.variables)
    names = known if wrt is None else [normal(name.strip()) for name in wrt.split(",")]
    for name in names:
        if name not in graph.variables:
            raise _no_variable(graph, name)
        if name in fixed and shape(fixed[name]):
            others = [n for n in known if n not in fixed or not shape(fixed[n])]
            raise RequestError(
                f"{printable(name, 60)} is an array, and a cell holds one number",
                hint=f"--wrt {','.join(others[:8]) or 'x'} leaves it out",
            )
    return list(dict.fromkeys(names))


def _no_variable(graph: Graph, name: str) -> RequestError:
    if name in graph.unused:
        return RequestError(f"the output does not depend on {printable(name, 60)}")
    if name in graph.by_name:
        return RequestError(f"--wrt: {printable(name, 60)} is no variable: the formula computes it")
    return RequestError(
        f"there is no variable {printable(name, 60)} to differentiate by"
        if name
        else "the list of variables to differentiate by has an empty name",
        hint=did_you_mean(name, list(graph.variables))
        or f"the formula has {_listed(list(graph.variables))}",
    )


def refuse_clash(columns: Collection[str], made: Sequence[str], what: str) -> None:
    """A table has every name once.

    Raises:
        RequestError: a computed column is called as one that passes through.
    """
    for name in made:
        if name in columns:
            raise RequestError(
                f"{what} {printable(name, 60)}",
                hint=f"--prefix bp_ calls the new one bp_{printable(name, 60)}; "
                "--only leaves out the old ones",
            )
