"""The rows of `map`: mapped, reduced or shared out, written, and counted. All return exit codes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing

from bpcalc.cli.interrupts import interrupts
from bpcalc.cli.map_request import AnyTables, Options
from bpcalc.cli.writing import stream_to, told, value_at
from bpcalc.errors import CalculationError, printable
from bpcalc.graph import Graph
from bpcalc.rows import json_document, processes, reducing
from bpcalc.rows.computing import Computing
from bpcalc.rows.delimited import delimited_row
from bpcalc.rows.fast import WORTH, fast
from bpcalc.rows.formats import COLUMNAR, Way, way
from bpcalc.rows.json_lines import json_row
from bpcalc.rows.mapping import Count, Result, mapped, partially, results, strictly, summed
from bpcalc.rows.parallel import in_order
from bpcalc.rows.plan import Plan
from bpcalc.rows.sources import shown, size


def columnar(graph: Graph, tables: AnyTables, computing: Computing, asked: Options) -> int:
    """Map tables of Parquet or Arrow; the exit code."""
    from bpcalc.rows.polars_tables import ColumnarTables, written

    assert isinstance(tables, ColumnarTables)
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


def mapped_rows(
    graph: Graph, tables: AnyTables, plan: Plan, computing: Computing, asked: Options
) -> int:
    """Write what comes of every row."""
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


def reduced_rows(
    graph: Graph, tables: AnyTables, plan: Plan, computing: Computing, asked: Options
) -> int:
    """Write the mean or the sum of all rows."""
    assert asked.reduce is not None
    with interrupts():
        found = _summed(graph, tables, computing, asked.strict)
    return _written_reduction(graph, tables, plan, asked, found)


def _summed(
    graph: Graph, tables: AnyTables, computing: Computing, strict: bool
) -> reducing.Partial:
    """What is known of all rows together: by Polars where it is installed, or in plain Python."""
    if tables.kind in COLUMNAR:
        from bpcalc.rows import polars_tables

        assert isinstance(tables, polars_tables.ColumnarTables)
        if strict:
            _examined(graph, tables, computing, strict)
        return polars_tables.summed(graph, tables, computing)
    found = way(tables.kind, computing)
    quick = None
    if tables.kind in ("csv", "tsv") and not strict:
        quick = fast(graph, computing.plan, found.transform)
    if quick is None:
        return summed(tables.blocks(), found, computing, strict)
    known = quick.partially(partially(found, computing))
    total = reducing.nothing(len(computing.plan.names))
    with closing(in_order(tables.blocks(), known, patient=True)) as partials:
        for _, partial in partials:
            total = reducing.merged(total, partial)
    return total


def shared_out(graph: Graph, tables: AnyTables, plan: Plan, asked: Options, address: str) -> int:
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
