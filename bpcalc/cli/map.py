"""`bpcalc map`: one row in, one row out: value and gradient for each row of a table."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import click

from bpcalc.bindings import Quantity
from bpcalc.cli.arguments import FormulaCommand, option_names
from bpcalc.cli.calculation import all_values
from bpcalc.cli.interrupts import interrupts
from bpcalc.cli.options import formula_options
from bpcalc.cli.reading import formula_text
from bpcalc.cli.writing import stream_to, told, value_at
from bpcalc.errors import CalculationError, RequestError, printable
from bpcalc.formula import parse
from bpcalc.graph import Graph
from bpcalc.ops.constants import NAMED
from bpcalc.rows import json_document, processes, reducing
from bpcalc.rows.computing import Computing
from bpcalc.rows.delimited import delimited_row
from bpcalc.rows.fast import WORTH, fast
from bpcalc.rows.formats import COLUMNAR, EXTENSIONS, KINDS, Way, extension, kind_by_names, way
from bpcalc.rows.json_lines import json_row
from bpcalc.rows.mapping import (
    Count,
    Result,
    Tables,
    mapped,
    opened_tables,
    results,
    strictly,
    summed,
)
from bpcalc.rows.parallel import in_order
from bpcalc.rows.plan import Plan, planned
from bpcalc.rows.sources import STANDARD_INPUT, shown, size, unseen

EXAMPLES = """\
  bpcalc map "x**2*y + y + 2" points.csv > gradients.csv
  zcat data.csv.gz | bpcalc map "half_sse(w*x + b, t)" --w 2 --b 0.5 --wrt w,b
  bpcalc map -f loss.bp a.jsonl b.jsonl --vars weights.json --reduce mean"""


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


@click.command(cls=FormulaCommand, examples=EXAMPLES, add_help_option=False)
@formula_options
@click.option(
    "--input", type=click.Choice(KINDS), metavar="KIND", help="What is read: csv, tsv or jsonl."
)
@click.option("--wrt", metavar="x,y", help="Differentiate only by these, in this order.")
@click.option("--only", is_flag=True, help="Leave out the input's columns.")
@click.option("--prefix", metavar="P", default="", help="Name the new columns Pvalue, Pd_x.")
@click.option("--strict", is_flag=True, help="Stop at the first row that cannot be computed.")
@click.option(
    "--reduce",
    type=click.Choice(reducing.REDUCTIONS),
    metavar="HOW",
    help="One row: the mean or sum over all.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["json"]),
    metavar="FORM",
    help="json: the numbers alone; else as the input.",
)
@click.option("--get", metavar="PATH", help="With --reduce, one value as text: gradient.x.")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, whole or not at all.")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    metavar="WHEN",
    help="Of the progress bar: always, never, or auto.",
)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Compute on Dask's workers, at tcp://HOST:PORT; local: on processes of this machine.",
)
@click.help_option("-h", "--help", help="Show this text.")
@click.pass_context
def map(
    ctx: click.Context,
    formulas: list[str],
    assignments: list[tuple[str, str]],
    file: str | None,
    vars_: str | None,
    set_: None,
    input: str | None,
    wrt: str | None,
    only: bool,
    prefix: str,
    strict: bool,
    reduce: str | None,
    format_: str | None,
    get: str | None,
    output: str | None,
    color: str,
    cluster: str | None,
) -> int:
    """Usage: bpcalc map FORMULA [FILE ...] [--NAME VALUE ...] [OPTIONS].

    Value and gradient of FORMULA for each row of a table, as a stream: CSV or TSV
    with a header, or JSON lines. Columns bind variables by name, options the rest.
    """
    text, tables = _formula_and_tables(formulas, file)
    json = format_ == "json" or extension(output or "") == ".json"
    asked = Options(input, wrt, only, prefix, strict, reduce, json, get, output, color, cluster)
    values = all_values(vars_, assignments)
    graph = parse(text, values)
    _refuse_senseless(asked, tables)
    kind = asked.input or kind_by_names(tables)
    if cluster is not None:
        from bpcalc.rows.shared import refuse_unsuited

        refuse_unsuited(kind, json, reduced=reduce is not None)
    if kind in COLUMNAR:
        from bpcalc.rows.polars_tables import ColumnarTables

        columnar = ColumnarTables(tables, kind)
        return _run(graph, columnar, values, asked, option_names(map, ctx))
    with _progress(tables, asked) as advance, opened_tables(tables, kind, advance) as found:
        return _run(graph, found, values, asked, option_names(map, ctx))


def _formula_and_tables(words: list[str], file: str | None) -> tuple[str, list[str]]:
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


def _refuse_senseless(asked: Options, tables: Sequence[str]) -> None:
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
    import stat

    return stat.S_ISREG(status.st_mode)


@contextmanager
def _progress(tables: Sequence[str], asked: Options) -> Iterator[Callable[[int], object]]:
    """A bar where somebody sees it, and where it is known how much there is to read."""
    sizes = [size(table) for table in tables]
    total = sum(found or 0 for found in sizes)
    rows_are_shown = asked.output in (None, "-") and sys.stdout is not None and sys.stdout.isatty()
    if rows_are_shown or None in sizes or sys.stderr is None or not sys.stderr.isatty():
        yield unseen
        return
    from bpcalc.render.progress import progress

    with progress(total, asked.color) as advance:
        yield advance


def _run(
    graph: Graph,
    tables: AnyTables,
    values: dict[str, Quantity],
    asked: Options,
    options: set[str],
) -> int:
    """Map or reduce the rows; the exit code."""
    _refuse_other_ending(asked, tables.kind)
    graph, plan = _planned(graph, tables, values, asked, options)
    for warning in graph.warnings:
        told(f"warning: {printable(warning)}")
    computing = Computing(graph, plan)
    if asked.cluster is not None:
        return _shared_out(graph, tables, plan, asked, asked.cluster)
    if asked.reduce is not None:
        return _reduced(graph, tables, plan, computing, asked)
    if tables.kind in COLUMNAR and not asked.json:
        return _columnar(graph, tables, computing, asked)
    return _mapped(graph, tables, plan, computing, asked)


def _planned(
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


def _refuse_other_ending(asked: Options, kind: str) -> None:
    """`-o out.tsv` of a CSV would be a CSV all the same."""
    ending = extension(asked.output or "")
    if not asked.json and EXTENSIONS.get(ending, kind) != kind:
        raise RequestError(
            f"the output has the input's format, {kind}, and not that of *{ending}",
            hint=f"-o with a name that ends in .{kind}",
        )


def _columnar(graph: Graph, tables: AnyTables, computing: Computing, asked: Options) -> int:
    """Map tables of Parquet or Arrow; the exit code."""
    from bpcalc.rows.polars_tables import ColumnarTables, written

    assert isinstance(tables, ColumnarTables)
    if asked.output in (None, "-") and sys.stdout is not None and sys.stdout.isatty():
        raise RequestError(
            f"a {tables.kind} file is no text for a terminal",
            hint=f"-o FILE.{tables.kind}, or > FILE.{tables.kind}",
        )
    with interrupts():
        count = _examined(graph, tables, computing, asked.strict)
        with stream_to(asked.output) as write:
            written(graph, tables, computing, write)
    return _ended(count, tables, "NaN")


def _examined(graph: Graph, tables: AnyTables, computing: Computing, strict: bool) -> Count:
    """How many rows of tables of Parquet or Arrow cannot be computed.

    Raises:
        CalculationError: there is such a row, and `strict` refuses that.
    """
    from bpcalc.rows.polars_tables import ColumnarTables, examined

    assert isinstance(tables, ColumnarTables)
    count = examined(graph, tables, computing)
    if strict and count.first is not None:
        file, (row, why) = count.first
        raise CalculationError(f"{shown(file)}, row {row:,}: {why}")
    return count


def _mapped(
    graph: Graph, tables: AnyTables, plan: Plan, computing: Computing, asked: Options
) -> int:
    found = way(tables.kind, computing)
    with interrupts() as interrupted, stream_to(asked.output) as plainly:
        write = interrupted.whole(plainly)
        if asked.json:
            count = _as_document(graph, tables, computing, found, asked, write)
        else:
            if plan.header:
                write(plan.header)
            count = _written(graph, tables, computing, found, asked, write)
    return _ended(count, tables, "NaN")


def _as_document(
    graph: Graph,
    tables: AnyTables,
    computing: Computing,
    way: Way,
    asked: Options,
    write: Callable[[bytes], object],
) -> Count:
    """The rows as one JSON document; --strict ends it before the row at which it stops."""
    lines = json_document.transform(way, computing, len(tables.names) > 1)
    document = json_document.Document(graph.source, write)
    found = way._replace(transform=lines)
    try:
        count = _written(graph, tables, computing, found, asked, document.rows)
    except CalculationError:
        document.end(0)
        raise
    document.end(count.bad)
    return count


def _written(
    graph: Graph,
    tables: AnyTables,
    computing: Computing,
    way: Way,
    asked: Options,
    write: Callable[[bytes], object],
) -> Count:
    """Write what comes of the rows."""
    with closing(_results(graph, tables, computing, way, asked)) as found:
        wanted = strictly(found, way, computing, write) if asked.strict else found
        return mapped(wanted, write)


def _results(
    graph: Graph, tables: AnyTables, computing: Computing, way: Way, asked: Options
) -> Generator[Result]:
    """What comes of the blocks: by Polars on threads, by processes, or one by one."""
    blocks = tables.blocks()
    sizes = [size(name) for name in tables.names]
    expected = 0 if None in sizes else sum(found or 0 for found in sizes)
    if tables.kind in ("csv", "tsv") and not asked.json:
        transform = fast(graph, computing.plan, way.transform, expected)
        if transform is not None:
            return in_order(blocks, transform, patient=expected >= WORTH)
    count = 0 if expected < processes.WORTH else processes.workers()
    if count:
        return processes.on_processes(blocks, way.transform, count)
    return results(blocks, way.transform)


def _reduced(
    graph: Graph, tables: AnyTables, plan: Plan, computing: Computing, asked: Options
) -> int:
    assert asked.reduce is not None
    with interrupts():
        strict = asked.strict and tables.kind not in COLUMNAR
        if asked.strict and not strict:
            _examined(graph, tables, computing, strict=True)
        found = summed(tables.blocks(), way(tables.kind, computing), computing, strict)
    return _written_reduction(graph, tables, plan, asked, found)


def _shared_out(graph: Graph, tables: AnyTables, plan: Plan, asked: Options, address: str) -> int:
    """Map or reduce the rows on a cluster's workers; the exit code."""
    from bpcalc.rows.shared import shared

    with interrupts() as interrupted, shared(address, graph, tables, plan) as rows:
        if asked.reduce is None:
            with stream_to(asked.output) as plainly:
                count = rows.written(asked.strict, interrupted.whole(plainly))
        else:
            found = rows.summed(asked.strict)
    if asked.reduce is None:
        return _ended(count, tables, "NaN")
    return _written_reduction(graph, tables, plan, asked, found)


def _written_reduction(
    graph: Graph, tables: AnyTables, plan: Plan, asked: Options, found: reducing.Partial
) -> int:
    """Write the one row; the exit code."""
    assert asked.reduce is not None
    numbers = reducing.reduced(asked.reduce, found)
    data = json_document.reduced(graph.source, asked.reduce, plan, found, numbers)
    with stream_to(asked.output) as write:
        if asked.get is not None:
            write(value_at(data, asked.get).encode() + b"\n")
        elif asked.json:
            from bpcalc.render.json_text import data_as_json

            write("".join(data_as_json(data)).encode())
        elif tables.kind in COLUMNAR:
            from bpcalc.rows.polars_tables import one_row

            write(one_row(plan, numbers, tables.kind))
        elif tables.kind == "jsonl":
            write(json_row(plan, numbers))
        else:
            write(plan.header + delimited_row(plan, numbers))
    code = _ended(Count(found.rows, found.bad, found.first), tables, "left out")
    if found.rows == found.bad and asked.reduce == "mean":
        raise CalculationError("there is no row to take the mean of")
    if not all(number - number == 0 for number in numbers):
        raise CalculationError("the sum of the rows overflows: it is beyond 1.797e308")
    return code


def _ended(count: Count, tables: AnyTables, what: str) -> int:
    """Say how many rows could not be computed; the exit code."""
    if count.first is None:
        return 0
    file, (line, why) = count.first
    place = f"{'row' if tables.kind in COLUMNAR else 'line'} {line:,}"
    if len(tables.names) > 1:
        place = f"{shown(file)}, {place}"
    rows = f"{count.bad:,} of {count.rows:,} row{'s' * (count.rows != 1)}"
    first = f"the first is {place}: {printable(why, 300)}"
    told(f"warning: {rows} could not be computed ({what}); {first}")
    return 1
