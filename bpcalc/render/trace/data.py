"""steps -> JSON: each step with its formula, its numbers and the equation as text.

`formula`, `rule` and `numbers` are text of the language: bpcalc computes them again. Only what has
no name there is written otherwise: a gradient in the rule of an operation on arrays as ∂f/∂node,
and the functions that such rules alone use. Numbers are in their shortest form that reads back to
the same float64; `text` is the line that a trace in the terminal has, rounded as asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bpcalc.graph.text import expression
from bpcalc.ops import TABLE
from bpcalc.ops.terms import Term, text
from bpcalc.ops.terms import node as term_node
from bpcalc.render.json_text import entries_as_json
from bpcalc.render.numbers import DIGITS, shortest
from bpcalc.render.trace.lines import node_name, objective_name
from bpcalc.render.trace.story import Story, chapters
from bpcalc.render.trace.text import Text, one_line
from bpcalc.results import as_lists, edge_data
from bpcalc.steps import EdgeStep, NothingStep, PathStep, StartStep, SumStep, ValueStep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bpcalc.results import Edge, Result
    from bpcalc.steps import Step

_LEFT_OUT = ("nodes", "edges")
"""What the steps tell in place of grad's lists."""


def trace_json(story: Story, digits: int = DIGITS) -> Iterator[str]:
    """The JSON text of a trace, in pieces: a line per step."""
    yield from entries_as_json(_entries(story, digits))


def trace_data(story: Story, digits: int = DIGITS) -> dict[str, Any]:
    """The same as Python's dicts and lists."""
    entries = _entries(story, digits)
    return {key: list(value) if key == "steps" else value for key, value in entries}


def _entries(story: Story, digits: int) -> Iterator[tuple[str, Any]]:
    result = story.result
    for key in result.keys():  # noqa: SIM118  (a result is no dict)
        if key not in _LEFT_OUT:
            yield key, result[key]
        if key == "output":
            yield "steps", _steps(story, digits)


def _steps(story: Story, digits: int) -> Iterator[dict[str, Any]]:
    """Every step, in telling order."""
    notation = Text(story.result, story.words, digits, unicode=True)
    for chapter in chapters(story, notation):
        for line in chapter.lines:
            if line.step is not None:
                yield {**_step(line.step, story.result), "text": one_line(line)}


def _step(step: Step, result: Result) -> dict[str, Any]:
    match step:
        case ValueStep():
            return _value(step, result)
        case StartStep():
            return {"step": "start", "node": _id(step.node), "gradient": as_lists(step.gradient)}
        case EdgeStep():
            return _edge(step, result)
        case SumStep():
            terms = [_share(edge) for edge in step.edges]
            gradient = as_lists(step.gradient)
            return {"step": "sum", "node": _id(step.node), "terms": terms, "gradient": gradient}
        case NothingStep():
            consumer = None if step.edge is None else _id(step.edge.consumer)
            return {"step": "nothing", "node": _id(step.node), "from": consumer}
        case PathStep():
            nodes = [_id(index) for index in step.nodes]
            factors, gradient = list(step.factors), step.product
            told = {"nodes": nodes, "upstream": result.seed, "factors": factors}
            return {"step": "path", **told, "gradient": gradient}


def _value(step: ValueStep, result: Result) -> dict[str, Any]:
    node = result.nodes[step.node]
    numbers = _numbers(term_node(step.node) if step.formula is None else step.formula, result)
    return {
        "step": "value",
        "node": node.id,
        "name": node.name,
        "op": node.op,
        "formula": expression(result.graph, step.node),
        "numbers": numbers,
        "value": as_lists(step.value),
    }


def _edge(step: EdgeStep, result: Result) -> dict[str, Any]:
    data = edge_data(step.edge)
    rule = _of_vectors(step.rule)
    return {
        "step": "edge",
        **{key: data[key] for key in ("from", "to", "arg", "upstream")},
        "rule": text(rule, _label(result)),
        "numbers": _numbers(rule, result),
        **{key: data[key] for key in ("local", "gradient") if key in data},
    }


def _of_vectors(rule: Term) -> Term:
    """A rule with δ @ xᵀ as `outer(δ, x)`: on paper vectors are columns, in the language not."""
    args = tuple(map(_of_vectors, rule.args))
    if rule.op is not None and rule.op.key == "matmul" and all(len(arg.shape) == 1 for arg in args):
        turned = args[1]
        if turned.op is not None and turned.op.key == "transpose":
            return Term(op=TABLE["outer"], args=(args[0], turned.args[0]), shape=rule.shape)
    return Term(op=rule.op, args=args, shape=rule.shape) if rule.op is not None else rule


def _label(result: Result) -> Callable[[int], str]:
    """How a rule calls a node; the gradient of a node as ∂f/∂node."""
    graph, of = result.graph, objective_name(result)
    return lambda i: graph.label(i) if i >= 0 else f"∂{of}/∂{node_name(graph, ~i)}"


def _share(edge: Edge) -> dict[str, Any]:
    data = edge_data(edge)
    return {key: data[key] for key in ("from", "arg", "gradient")}


def _numbers(formula: Term, result: Result) -> str:
    """A formula with the values put in."""

    def number(index: int) -> str:
        found = result.gradients[~index] if index < 0 else result.values[index]
        return shortest(found).removesuffix(".0")

    return text(formula, number)


def _id(index: int) -> str:
    return f"n{index + 1}"
