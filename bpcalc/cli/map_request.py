"""What a command line of `map` asks for, and what of that makes no sense."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from bpcalc.bindings import Quantity
from bpcalc.cli.look import is_terminal
from bpcalc.cli.reading import formula_text
from bpcalc.errors import RequestError, printable
from bpcalc.formula import parse
from bpcalc.graph import Graph
from bpcalc.ops.constants import NAMED
from bpcalc.rows.formats import COLUMNAR, EXTENSIONS, ONE, extension
from bpcalc.rows.mapping import Tables
from bpcalc.rows.plan import Plan, planned
from bpcalc.rows.sources import STANDARD_INPUT, shown

if TYPE_CHECKING:
    from bpcalc.rows.polars_tables import ColumnarTables

AnyTables: TypeAlias = "Tables | ColumnarTables"


class Options(NamedTuple):
    """What the options ask for, beside the formula and its values."""

    input: str | None
    wrt: str | None
    only: bool
    prefix: str
    strict: bool
    reduce: str | None
    json: bool
    get: str | None
    output: str | None
    color: str
    cluster: str | None


def formula_and_tables(words: list[str], file: str | None) -> tuple[str, list[str]]:
    """The formula is the first word, unless -f gives it; the others are tables."""
    count = 0 if file is not None else 1
    tables = words[count:] or [STANDARD_INPUT]
    if tables.count(STANDARD_INPUT) + [*words[:count], file].count(STANDARD_INPUT) > 1:
        raise RequestError(
            "standard input is to be read twice",
            hint="the formula from -f FILE, or the tables from files",
        )
    if count > len(words):
        raise RequestError(
            "a formula is needed, and a table or standard input",
            hint='bpcalc map "x**2*y + y + 2" points.csv; -f FILE reads a formula',
        )
    if count and extension(words[0]) in (*EXTENSIONS, *COLUMNAR):
        raise RequestError(
            f"the formula comes first, and {printable(words[0], 60)} is called like a table",
            hint='bpcalc map "x**2*y + y + 2" points.csv',
        )
    return formula_text(words[:count], file), tables


def refuse_senseless(asked: Options, tables: Sequence[str]) -> None:
    """Options that do not go together, and an output that is an input."""
    if asked.get is not None and asked.reduce is None:
        raise RequestError(
            "--get prints one value, and there is one for each row",
            hint="--reduce mean --get value; or --only for the computed columns alone",
        )
    if any(not sign.isprintable() for sign in asked.prefix):
        raise RequestError("--prefix has a control character in it")
    for table in tables:
        if _is_written_to(table, asked.output):
            raise RequestError(
                f"{shown(table)} is the output as well as an input",
                hint="write to another file, and rename it afterwards",
            )


def _is_written_to(table: str, output: str | None) -> bool:
    try:
        ours = os.stat(table) if table != STANDARD_INPUT else os.fstat(sys.stdin.fileno())  # noqa: PTH116
        to_stdout = output in (None, "-")
        theirs = os.fstat(sys.stdout.fileno()) if to_stdout else os.stat(output or "")  # noqa: PTH116
    except (AttributeError, OSError, ValueError):
        return False
    return os.path.samestat(ours, theirs) and _is_regular(ours)


def _is_regular(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode)


def refuse_other_ending(asked: Options, kind: str) -> None:
    """`-o out.tsv` of a CSV would be a CSV all the same."""
    ending = extension(asked.output or "")
    if not asked.json and EXTENSIONS.get(ending, kind) != kind:
        raise RequestError(
            f"the output has the input's format, {kind}, and not that of *{ending}",
            hint=f"-o with a name that ends in .{kind}",
        )


def refuse_terminal(asked: Options, kind: str) -> None:
    """Bytes that are no text are not shown."""
    as_text = asked.json or asked.get is not None
    if kind in COLUMNAR and not as_text and is_terminal(asked.output):
        other = ", or --format json" if asked.reduce is not None else ""
        raise RequestError(
            f"{ONE[kind]} is no text for a terminal",
            hint=f"-o FILE.{kind}, or > FILE.{kind}{other}",
        )


def planned_rows(
    graph: Graph,
    tables: AnyTables,
    values: dict[str, Quantity],
    asked: Options,
    options: set[str],
) -> tuple[Graph, Plan]:
    """What is done to every row, and the graph, in which a column `e` is no constant."""
    columns = tables.columns
    if columns is None:  # no line is there that could tell
        columns = [name for name in graph.variables if name not in values]
    if not NAMED.keys().isdisjoint(columns):
        graph = parse(graph.source, {**dict.fromkeys(columns, 1.0), **values})
    only = asked.only or asked.json or asked.reduce is not None
    plan = planned(
        graph, columns, values, asked.wrt, prefix=asked.prefix, only=only, options=options
    )
    return graph, tables.planned(plan)
