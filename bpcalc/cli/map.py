"""`bpcalc map`: one row in, one row out: value and gradient for each row of a table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click

from bpcalc.bindings import Quantity
from bpcalc.cli.arguments import FormulaCommand, option_names
from bpcalc.cli.calculation import all_values
from bpcalc.cli.map_request import (
    AnyTables,
    Options,
    formula_and_tables,
    planned_rows,
    refuse_other_ending,
    refuse_senseless,
    refuse_terminal,
)
from bpcalc.cli.map_rows import columnar, mapped_rows, reduced_rows, shared_out
from bpcalc.cli.options import formula_options
from bpcalc.cli.writing import told
from bpcalc.errors import printable
from bpcalc.formula import parse
from bpcalc.graph import Graph
from bpcalc.rows import reducing
from bpcalc.rows.computing import Computing
from bpcalc.rows.formats import COLUMNAR, KINDS, extension, kind_by_names
from bpcalc.rows.mapping import opened_tables
from bpcalc.rows.sources import size, unseen

EXAMPLES = """\
  bpcalc map "x**2*y + y + 2" points.csv > gradients.csv
  zcat data.csv.gz | bpcalc map "half_sse(w*x + b, t)" --w 2 --b 0.5 --wrt w,b
  bpcalc map -f loss.bp a.jsonl b.jsonl --vars weights.json --reduce mean"""


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
    bpcalc[fast] computes large tables sooner, and maps *.parquet and *.arrow too.
    """
    text, tables = formula_and_tables(formulas, file)
    json = format_ == "json" or extension(output or "") == ".json"
    asked = Options(input, wrt, only, prefix, strict, reduce, json, get, output, color, cluster)
    values = all_values(vars_, assignments)
    graph = parse(text, values)
    refuse_senseless(asked, tables)
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
    refuse_other_ending(asked, tables.kind)
    refuse_terminal(asked, tables.kind)
    graph, plan = planned_rows(graph, tables, values, asked, options)
    for warning in graph.warnings:
        told(f"warning: {printable(warning)}")
    computing = Computing(graph, plan)
    if asked.cluster is not None:
        return shared_out(graph, tables, plan, asked, asked.cluster)
    if asked.reduce is not None:
        return reduced_rows(graph, tables, plan, computing, asked)
    if tables.kind in COLUMNAR and not asked.json:
        return columnar(graph, tables, computing, asked)
    return mapped_rows(graph, tables, plan, computing, asked)
