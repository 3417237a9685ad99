"""`bpcalc grad`: value and gradient of every node, with a SymPy check of each."""

from __future__ import annotations

from collections.abc import Iterable

import click

from bpcalc.bindings import bound, matched, quantity
from bpcalc.calculator import calculated
from bpcalc.cli.arguments import FormulaCommand, option_names
from bpcalc.cli.reading import formula_text, table_of_values
from bpcalc.cli.writing import told, value_at, written
from bpcalc.errors import RequestError, printable
from bpcalc.formula import parse
from bpcalc.graph import Graph
from bpcalc.ops.constants import Constant
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
@click.option(
    "-f", "--file", metavar="FILE", help="Read the formula from FILE (-: standard input)."
)
@click.option("--vars", "vars_", metavar="FILE", help="Values of variables, a JSON or TOML table.")
@click.option("--set", "set_", metavar="NAME=VALUE", help="Like --NAME VALUE, for every name.")
@click.option("--wrt", metavar="x,y", help="Differentiate only by these, in this order.")
@click.option("--upstream", metavar="V", default="1", help="Start the backward pass from V, not 1.")
@click.option("--no-check", is_flag=True, help="Leave out SymPy's check (which takes 0.3 s).")
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default="table",
    metavar="FORM",
    help="table (the default), json, csv, tsv, markdown or latex.",
)
@click.option(
    "--get", metavar="PATH", help="One value of the JSON as text: gradient.x, nodes.n4.value."
)
@click.option(
    "--digits",
    type=click.IntRange(1, 17),
    default=9,
    metavar="N",
    help="Significant digits for people (9).",
)
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, whole or not at all.")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    metavar="WHEN",
    help="always, never, or auto: only on a terminal.",
)
@click.help_option("-h", "--help", help="Show this text.")
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
    format_: str,
    get: str | None,
    digits: int,
    output: str | None,
    color: str,
) -> int:
    """Usage: bpcalc grad FORMULA [--NAME VALUE ...] [OPTIONS].

    Value and gradient of every node of FORMULA, with a SymPy check of each.
    """
    text = formula_text(formulas, file)
    values = all_values(vars_, assignments)
    graph = parse(text, values)
    refuse_option_names(graph, values, option_names(grad, ctx))
    if get is None:
        _refuse_endless_table(graph, format_)
    seed = quantity("upstream", upstream)
    result = calculated(graph, matched(graph, values), wrt, seed, not no_check)
    if get is not None:
        written(_for(output, value_at(result, get)) + "\n", output)
    else:
        written(_rendered(result, format_, digits, color, output), output)
    for warning in result.warnings:
        told(f"warning: {printable(warning)}")
    if result.failure is not None:
        told(result.failure.drawn())
    return 0 if result.ok else 1


def all_values(path: str | None, assignments: list[tuple[str, str]]) -> dict[str, Constant]:
    """The values of a file and of the command line, which wins.

    Raises:
        RequestError: a name is given twice on the command line, or a value is no number.
    """
    seen: set[str] = set()
    for name, _ in assignments:
        if name in seen:
            raise RequestError(f"{name} has two values")
        seen.add(name)
    table = table_of_values(path) if path is not None else {}
    return bound({**table, **dict(assignments)})


def refuse_option_names(graph: Graph, values: dict[str, Constant], options: set[str]) -> None:
    """A variable named like an option needs --set, so that a new option changes no old command.

    Raises:
        RequestError: such a variable has no value from --set or --vars.
    """
    for name, index in graph.variables.items():
        if name in options and name not in values:
            raise RequestError(
                f"the variable {name} is named like the option --{name}",
                source=graph.source,
                span=graph.span(index),
                hint=f"give it its value with --set {name}=1.5",
            )


def _refuse_endless_table(graph: Graph, format_: str) -> None:
    """Nobody reads a table of a million rows, and it would take minutes to lay out."""
    if len(graph) > MAX_ROWS and format_ in ("table", "markdown", "latex"):
        raise RequestError(
            f"a {format_} of {len(graph):,} rows is longer than {MAX_ROWS:,}",
            hint="--format csv and json have no limit, --get gradient prints the gradient alone",
        )


def _for(output: str | None, text: str) -> str:
    """The text as it is, but without control characters for a terminal."""
    from bpcalc.cli.look import is_terminal

    if not is_terminal(output):
        return text
    return "\n".join(printable(line, len(line)) for line in text.split("\n"))


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
