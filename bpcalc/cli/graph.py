"""`bpcalc graph`: the computation graph as a picture, or as an interactive page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bpcalc.cli.arguments import FormulaCommand, option_names
from bpcalc.cli.calculation import ended, graph_and_values, node_called, result_of
from bpcalc.cli.look import is_terminal, language, look
from bpcalc.cli.options import (
    calculation_options,
    format_for,
    formula_options,
    language_option,
    output_options,
)
from bpcalc.cli.writing import told, value_at, without_controls, written
from bpcalc.errors import RequestError, printable
from bpcalc.render.graph.picture import picture
from bpcalc.render.sentences import LANGUAGES
from bpcalc.render.trace.story import story

if TYPE_CHECKING:
    from bpcalc.cli.writing import Pieces
    from bpcalc.graph import Graph
    from bpcalc.render.graph.picture import Picture
    from bpcalc.render.sentences import Sentences
    from bpcalc.results import Result

FORMATS = ("table", "json", "dot", "mermaid", "svg", "png", "pdf", "html")
"""`table` is the graph as text; `png` and `pdf` are Graphviz's."""

EXAMPLES = """\
  bpcalc graph "x**2*y + y + 2" --x 3 --y 4
  bpcalc graph "x**2*y + y + 2" --x 3 --y 4 --open
  bpcalc graph -f network.bp --vars network.toml --node w1 -o network.svg
  bpcalc graph "f(x, y) = x^2*y + y + 2" --format dot | dot -Tpng > f.png"""


@click.command(cls=FormulaCommand, examples=EXAMPLES, add_help_option=False)
@formula_options
@click.option("--node", metavar="NAME", help="Light the ways from this node to the output.")
@click.option("--whole", is_flag=True, help="Draw every node, however many there are.")
@click.option("--open", "open_", is_flag=True, help="Open the interactive page in the browser.")
@calculation_options
@language_option
@click.option("--get", metavar="PATH", help="One value of the JSON as text: nodes.n4.value.")
@output_options(FORMATS)
@click.pass_context
def graph(
    ctx: click.Context,
    formulas: list[str],
    assignments: list[tuple[str, str]],
    file: str | None,
    vars_: str | None,
    set_: None,
    node: str | None,
    whole: bool,
    open_: bool,
    upstream: str,
    no_check: bool,
    lang: str | None,
    format_: str | None,
    get: str | None,
    digits: int,
    output: str | None,
    color: str,
) -> int:
    """Usage: bpcalc graph FORMULA [--NAME VALUE ...] [OPTIONS].

    The computation graph: as text, as SVG, PNG or PDF, for Graphviz (dot) and
    Mermaid, or as a page on which one steps through the calculation (html).
    Without values for the variables, the graph alone.
    """
    names = option_names(globals()["graph"], ctx)
    parsed, values = graph_and_values(formulas, file, vars_, assignments, names)
    asked = "html" if open_ and output is None and format_ is None else format_
    form = format_for(asked, output, FORMATS)
    if open_ and form != "html":
        raise RequestError(f"--open shows the page, and not {form}", hint="leave --format out")
    words = LANGUAGES[language(lang, output)]
    selected = node_called(parsed, node, "--node") if node is not None else None
    result = None
    if values or not parsed.variables:
        result = result_of(parsed, values, None, upstream, not no_check)
    if get is not None:
        from bpcalc.render.graph.data import graph_data

        found = value_at(graph_data(parsed, result), get)
        written(without_controls(found, output) + "\n", output)
    elif form == "html":
        output = _page_path(output) if open_ else output
        written(_page(parsed, result, words, digits, selected), output)
    elif form == "json":
        from bpcalc.render.graph.data import graph_json

        written(graph_json(parsed, result), output)
    else:
        drawn = picture(parsed, result, selected=selected, digits=digits, whole=whole)
        written(_rendered(drawn, form, color, output), output)
        for note in drawn.notes:
            told(f"note: {note}")
    if open_:
        _open(output)
    return _warned(parsed) if result is None else ended(result)


def _rendered(picture: Picture, form: str, color: str, output: str | None) -> Pieces:
    """The picture in the form that was asked for."""
    if form == "svg":
        from bpcalc.render.graph.svg import svg

        return svg(picture)
    if form == "mermaid":
        from bpcalc.render.graph.mermaid import mermaid

        return mermaid(picture)
    if form == "table":
        from bpcalc.render.graph.tree import tree

        return tree(picture, look(color, output))
    from bpcalc.render.graph.dot import dot

    text = dot(picture)
    if form == "dot":
        return text
    if is_terminal(output):
        raise RequestError(f"a {form} is nothing for a terminal", hint=f"-o graph.{form}")
    from bpcalc.render.graph.graphviz import drawn

    return drawn(text, form)


def _page(
    graph: Graph, result: Result | None, words: Sentences, digits: int, selected: int | None
) -> Pieces:
    from bpcalc.render.graph.page import page, structure_page

    if result is None:
        return structure_page(graph, words, selected)
    return page(story(result, words), digits, selected)


def _page_path(output: str | None) -> str:
    """Where the page is written that is to be opened: where it was asked for, or aside."""
    import tempfile

    if output not in (None, "-"):
        return str(output)
    return str(Path(tempfile.mkdtemp(prefix="bpcalc-")) / "graph.html")


def _open(path: str | None) -> None:
    import webbrowser

    assert path is not None
    page = Path(path).resolve()
    if not webbrowser.open(page.as_uri()):
        told(f"note: no browser could be opened; the page is {page}")


def _warned(graph: Graph) -> int:
    """The warnings of a graph without values; the exit code."""
    for warning in graph.warnings:
        told(f"warning: {printable(warning)}")
    return 0
