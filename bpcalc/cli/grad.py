"""`bpcalc grad`: value and gradient of every node, with a SymPy check of each."""

from __future__ import annotations

from collections.abc import Iterable

import click

from bpcalc.cli.arguments import FormulaCommand, option_names
from bpcalc.cli.calculation import ended, graph_and_values, result_of
from bpcalc.cli.options import calculation_options, format_for, formula_options, output_options
from bpcalc.cli.writing import value_at, without_controls, written
from bpcalc.errors import RequestError
from bpcalc.graph import Graph
from bpcalc.results import Result

FORMATS = ("table", "json", "csv", "tsv", "markdown", "latex")

MAX_ROWS = 10_000
"""The longest table for people."""

EXAMPLES = """\
  bpcalc grad "x**2*y + y + 2" --x 3 --y 4
  bpcalc grad "z = w*x + b; sigmoid(z)" --w 2 --x -1 --b 0.5 --wrt w,b
  bpcalc grad "sin(x)^2" --x pi/4 --get gradient.x
  echo "log(x - w)" | bpcalc grad - --vars values.json --format json"""


@click.command(cls=FormulaCommand, examples=EXAMPLES, add_help_option=False)
@formula_options
@click.option("--wrt", metavar="x,y", help="Differentiate only by these, in this order.")
@calculation_options
@click.option(
    "--get", metavar="PATH", help="One value of the JSON as text: gradient.x, nodes.n4.value."
)
@output_options(FORMATS)
@click.pass_context
def grad(
    ctx: click.Context,
    formulas: list[str],
    assignments: list[tuple[str, str]],
    file: str | None,
    vars_: str | None,
    set_: None,
    wrt: str | None,
    upstream: str,
    no_check: bool,
    format_: str | None,
    get: str | None,
    digits: int,
    output: str | None,
    color: str,
) -> int:
    """Usage: bpcalc grad FORMULA [--NAME VALUE ...] [OPTIONS].

    Value and gradient of every node of FORMULA, with a SymPy check of each.
    """
    names = option_names(grad, ctx)
    graph, values = graph_and_values(formulas, file, vars_, assignments, names)
    form = format_for(format_, output, FORMATS) if get is None else "json"
    _refuse_endless_table(graph, form)
    result = result_of(graph, values, wrt, upstream, not no_check)
    if get is not None:
        written(without_controls(value_at(result, get), output) + "\n", output)
    else:
        written(_rendered(result, form, digits, color, output), output)
    return ended(result)


def _refuse_endless_table(graph: Graph, format_: str) -> None:
    """Nobody reads a table of a million rows, and it would take minutes to lay out."""
    if len(graph) > MAX_ROWS and format_ in ("table", "markdown", "latex"):
        raise RequestError(
            f"a {format_} of {len(graph):,} rows is longer than {MAX_ROWS:,}",
            hint="--format csv and json have no limit, --get gradient prints the gradient alone",
        )


def _rendered(
    result: Result, format_: str, digits: int, color: str, output: str | None
) -> Iterable[str]:
    """The result in the form that was asked for."""
    if format_ == "json":
        from bpcalc.render.json_text import as_json

        return as_json(result)
    if format_ in ("csv", "tsv"):
        from bpcalc.render.delimited import delimited

        return delimited(result, "," if format_ == "csv" else "\t")
    if format_ == "markdown":
        from bpcalc.render.markdown import markdown

        return markdown(result, digits)
    if format_ == "latex":
        from bpcalc.render.latex import latex_table

        return latex_table(result, digits)
    from bpcalc.cli.look import look
    from bpcalc.render.table import table

    return table(result, look(color, output), digits)
