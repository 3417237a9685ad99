"""`bpcalc export`: source code of a function that returns value and gradient."""

from __future__ import annotations

import os
from collections.abc import Iterator

import click

from bpcalc.cli.arguments import FormulaCommand, option_names
from bpcalc.cli.calculation import graph_and_values
from bpcalc.cli.options import formula_options
from bpcalc.cli.writing import told, written
from bpcalc.errors import RequestError, did_you_mean, printable
from bpcalc.exporting import LANGUAGES, Exported, exported
from bpcalc.graph import Graph

EXTENSIONS = {
    ".py": "python",
    ".c": "c",
    ".h": "c",
    ".js": "js",
    ".mjs": "js",
    ".sql": "sql",
    ".tex": "latex",
}
"""Which language a file's name asks for."""

EXAMPLES = """\
  bpcalc export "x**2*y + y + 2" --to c
  bpcalc export "z = w*x + b; sigmoid(z)" --to sql --name observations
  bpcalc export -f loss.bp --wrt w,b --delta 1.5 -o loss.js"""


@click.command(cls=FormulaCommand, examples=EXAMPLES, add_help_option=False)
@formula_options
@click.option("--wrt", metavar="x,y", help="Differentiate only by these, in this order.")
@click.option(
    "--to",
    type=click.Choice(LANGUAGES),
    metavar="LANGUAGE",
    help=f"{', '.join(LANGUAGES[:-1])} or {LANGUAGES[-1]}; else as FILE is called, or python.",
)
@click.option("--name", metavar="NAME", help="What the function is called (f); in SQL the table.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["source", "json"]),
    metavar="FORM",
    help="source, or json: the source with its name and parameters.",
)
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, whole or not at all.")
@click.help_option("-h", "--help", help="Show this text.")
@click.pass_context
def export(
    ctx: click.Context,
    formulas: list[str],
    assignments: list[tuple[str, str]],
    file: str | None,
    vars_: str | None,
    set_: None,
    wrt: str | None,
    to: str | None,
    name: str | None,
    format_: str | None,
    output: str | None,
) -> int:
    """Usage: bpcalc export FORMULA [--NAME VALUE ...] [OPTIONS].

    Source code of a function that returns the value of FORMULA and its gradient.
    Variables without a value are its parameters; the others are constants in it.
    """
    graph, values = graph_and_values(formulas, file, vars_, assignments, _given_options(ctx))
    form = format_ or ("json" if _extension(output) == ".json" else "source")
    found = exported(graph, values, _language(to, output), name, wrt)
    for warning in graph.warnings:
        told(f"warning: {printable(warning)}")
    written(_json(graph, found) if form == "json" else found.source, output)
    return 0


def _given_options(ctx: click.Context) -> set[str]:
    """The names of the options in use: a variable of that name could have been meant by them.

    Others may be the names of parameters, which have no value.
    """
    used = {
        spelling[2:]
        for parameter in ctx.command.get_params(ctx)
        if ctx.params.get(parameter.name or "") is not None
        for spelling in parameter.opts
        if spelling.startswith("--")
    }
    return used & option_names(ctx.command, ctx)


def _extension(output: str | None) -> str:
    return os.path.splitext(output or "")[1].lower()  # noqa: PTH122


def _language(to: str | None, output: str | None) -> str:
    """The language that was asked for: by --to, or else by what the file is called.

    Raises:
        RequestError: the file's extension is that of no language.
    """
    extension = _extension(output)
    if to is not None or extension in ("", ".json"):
        return to or LANGUAGES[0]
    if extension not in EXTENSIONS:
        raise RequestError(
            f"no language is written to a file *{printable(extension, 20)}",
            hint=did_you_mean(extension, list(EXTENSIONS))
            or f"the endings are {', '.join(EXTENSIONS)}; --to LANGUAGE writes to any file",
        )
    return EXTENSIONS[extension]


def _json(graph: Graph, found: Exported) -> Iterator[str]:
    from bpcalc.render.json_text import data_as_json

    return data_as_json({"bpcalc": 1, "formula": graph.source, **found._asdict()})
