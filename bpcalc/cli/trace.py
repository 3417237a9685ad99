"""`bpcalc trace`: the calculation told step by step, as one does it on paper."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from bpcalc.cli.arguments import FormulaCommand, option_names
from bpcalc.cli.calculation import ended, graph_and_values, node_called, result_of
from bpcalc.cli.look import language, look
from bpcalc.cli.options import (
    calculation_options,
    format_for,
    formula_options,
    language_option,
    output_options,
)
from bpcalc.cli.writing import value_at, without_controls, written
from bpcalc.errors import RequestError
from bpcalc.render.sentences import LANGUAGES, Sentences
from bpcalc.render.trace.lines import node_name, output_name
from bpcalc.render.trace.story import Story
from bpcalc.steps import Part, between, towards, whole

if TYPE_CHECKING:
    from bpcalc.graph import Graph

FORMATS = ("table", "json", "markdown", "latex", "html")

EXAMPLES = """\
  bpcalc trace "x**2*y + y + 2" --x 3 --y 4
  bpcalc trace "z = w*x + b; sigmoid(z)" --w 2 --x -1 --b 0.5 --node w
  bpcalc trace -f network.bp --vars network.toml -o network.html
  bpcalc trace "x*sigmoid(x)" --x 2 --digits 4 --lang zh"""


@click.command(cls=FormulaCommand, examples=EXAMPLES, add_help_option=False)
@formula_options
@click.option("--wrt", metavar="x,y", help="Tell only what leads to the derivatives by these.")
@click.option("--node", metavar="NAME", help="Tell only how the gradient of this node comes about.")
@click.option("--from", "first", metavar="NODE", help="Tell the nodes from this one on ...")
@click.option("--to", "last", metavar="NODE", help="... up to this one: n10, or a name.")
@calculation_options
@language_option
@click.option("--get", metavar="PATH", help="One value of the JSON as text: steps.0.text.")
@output_options(FORMATS)
@click.pass_context
def trace(
    ctx: click.Context,
    formulas: list[str],
    assignments: list[tuple[str, str]],
    file: str | None,
    vars_: str | None,
    set_: None,
    wrt: str | None,
    node: str | None,
    first: str | None,
    last: str | None,
    upstream: str,
    no_check: bool,
    lang: str | None,
    format_: str | None,
    get: str | None,
    digits: int,
    output: str | None,
    color: str,
) -> int:
    """Usage: bpcalc trace FORMULA [--NAME VALUE ...] [OPTIONS].

    The calculation step by step: each node's value, then each edge's chain-rule
    product with the numbers put in, then the sums where paths meet.
    """
    names = option_names(trace, ctx)
    graph, values = graph_and_values(formulas, file, vars_, assignments, names)
    form = format_for(format_, output, FORMATS) if get is None else "json"
    words = LANGUAGES[language(lang, output)]
    index = node_called(graph, node, "--node") if node is not None else None
    limits = _limits(graph, first, last)
    if (node is not None) + (limits is not None) + (wrt is not None) > 1:
        raise RequestError("--node, --wrt, and --from with --to exclude each other")
    result = result_of(graph, values, wrt, upstream, not no_check)
    narrowed = result.wrt if wrt is not None else None
    part = _part(graph, index, limits, narrowed)
    notes = (words.rounded.format(digits=digits), _note(graph, words, index, limits, narrowed))
    told = Story(result, words, part, index, " ".join(filter(None, notes)))
    if get is not None:
        from bpcalc.render.trace.data import trace_data

        found = value_at(trace_data(told, digits), get)
        written(without_controls(found, output) + "\n", output)
    else:
        written(_rendered(told, form, digits, color, output), output)
    return ended(result)


def _limits(graph: Graph, first: str | None, last: str | None) -> tuple[int, int] | None:
    """The first and the last node that are told, where not all are."""
    if first is None and last is None:
        return None
    begin = node_called(graph, first, "--from") if first is not None else 0
    end = node_called(graph, last, "--to") if last is not None else graph.output
    if begin > end:
        raise RequestError(
            f"--from n{begin + 1} comes after --to n{end + 1}",
            hint="the nodes are numbered from the variables to the output",
        )
    return begin, end


def _part(
    graph: Graph,
    index: int | None,
    limits: tuple[int, int] | None,
    wrt: Iterable[str] | None,
) -> Part:
    """Which nodes are told."""
    if index is not None:
        return towards(graph, [index])
    if limits is not None:
        return between(*limits)
    if wrt is not None:
        return towards(graph, [graph.index(name) for name in wrt])
    return whole(graph)


def _note(
    graph: Graph,
    words: Sentences,
    index: int | None,
    limits: tuple[int, int] | None,
    wrt: Iterable[str] | None,
) -> str:
    """What is told, where that is not the whole calculation."""
    if limits is not None:
        ids = {"first": f"n{limits[0] + 1}", "last": f"n{limits[1] + 1}"}
        return words.part.format(**ids, count=len(graph))
    if index is None and wrt is None:
        return ""
    output = output_name(graph)
    names = wrt if index is None else [node_name(graph, index)]
    return words.only.format(names=", ".join(f"∂{output}/∂{name}" for name in names or ()))


def _rendered(
    story: Story, form: str, digits: int, color: str, output: str | None
) -> Iterable[str]:
    """The story in the form that was asked for."""
    if form == "json":
        from bpcalc.render.trace.data import trace_json

        return trace_json(story, digits)
    if form == "markdown":
        from bpcalc.render.trace.markdown import trace_markdown

        return trace_markdown(story, digits)
    if form == "latex":
        from bpcalc.render.trace.latex import trace_latex

        return trace_latex(story, digits)
    if form == "html":
        from bpcalc.render.trace.html import trace_html

        return trace_html(story, digits)
    from bpcalc.render.trace.text import trace_text

    return trace_text(story, look(color, output), digits)
