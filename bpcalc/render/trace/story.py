"""What a trace tells, chapter by chapter, for every format alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from bpcalc.engine.array_shapes import shape
from bpcalc.errors import printable
from bpcalc.ops.describe import called, meaning
from bpcalc.ops.terms import Term
from bpcalc.render.rows import right_number, verdict
from bpcalc.render.trace.lines import Line, line, node_name, output_name
from bpcalc.steps import (
    MOST_PATHS,
    EdgeStep,
    Part,
    PathStep,
    SumStep,
    ValueStep,
    backward_steps,
    forward_steps,
    paths,
    whole,
)

if TYPE_CHECKING:
    from bpcalc.graph import Graph
    from bpcalc.ops.op import Op
    from bpcalc.render.sentences import Sentences
    from bpcalc.render.trace.lines import Notation
    from bpcalc.results import Result

_LONGEST_SOURCE = 24
"""Lines of the formula that a title shows."""

_MOST_VALUES = 40

_NAMED = re.compile(r"[^=<>!(]+(\([^()]*\))?\s*=(?!=)")
"""The beginning of `z = ...` and of `f(x, y) = ...`."""


class Story(NamedTuple):
    """What is to be told, and in which language."""

    result: Result
    words: Sentences
    part: Part
    node: int | None = None
    """The node whose gradient alone is asked for."""
    note: str = ""
    """Which part of the calculation this is, where it is not the whole."""


class Chapter(NamedTuple):
    """A heading, sentences, and equations."""

    key: str
    """functions, forward, paths, backward or gradient."""
    heading: str
    remarks: Sequence[str]
    lines: Iterable[Line]


def story(result: Result, words: Sentences) -> Story:
    """The whole calculation."""
    return Story(result, words, whole(result.graph))


def source(graph: Graph) -> list[str]:
    """The formula as typed, not more than fits on a page; an expression with its name before it."""
    lines = [printable(text) for text in graph.source.strip().split("\n")]
    if len(lines) > _LONGEST_SOURCE:
        lines[_LONGEST_SOURCE:] = ["…"]
    if len(lines) == 1 and ";" not in lines[0] and not _NAMED.match(lines[0]):
        return [f"{output_name(graph)} = {lines[0]}"]
    return lines


def values(story: Story, notation: Notation) -> list[Line]:
    """The values of the variables, as equations."""
    graph = story.result.graph
    return [
        Line(None, notation.label(index), [notation.number(story.result.values[index])])
        for index in list(graph.variables.values())[:_MOST_VALUES]
    ]


def chapters(story: Story, notation: Notation) -> Iterator[Chapter]:
    """The chapters in order; the equations are made while one reads."""
    words, result = story.words, story.result
    functions = list(_functions(story, notation))
    if functions:
        yield Chapter("functions", words.functions, [], functions)
    forward = (_value(step, notation) for step in forward_steps(result, story.part))
    yield Chapter("forward", words.forward, [], forward)
    if story.node is not None:
        yield from _paths(story, notation)
    nets = frozenset(_net_inputs(story))
    slope = notation.slope(notation.plain(notation.objective), notation.plain("z"))
    delta = [words.delta.format(slope=notation.inline(slope))] if nets else []
    yield Chapter("backward", words.backward, delta, _backward(story, notation, nets))
    yield Chapter("gradient", words.gradient, [], list(_gradient(story, notation)))


def ending(story: Story) -> str:
    """What SymPy says; or that it was not asked."""
    graph = story.result.graph
    said = verdict(story.result, words=story.words, name=lambda index: node_name(graph, index))
    return said or story.words.not_checked


def _value(step: ValueStep, notation: Notation) -> Line:
    told = line(step, notation)
    return _with(told, _wrong(notation, step.node, "value"))


def _wrong(notation: Notation, index: int, which: str) -> str:
    """What the check says instead of a value or a gradient, where it disagrees."""
    check = notation.result.check
    if check is None or check.nodes[index].ok is not False:
        return ""
    found = notation.result.values if which == "value" else notation.result.gradients
    right = getattr(check.nodes[index], which)
    if not right_number(found[index], right, notation.digits):
        return ""
    return notation.words.wrong.format(right=notation.inline(notation.number(right)))


def _with(told: Line, remark: str) -> Line:
    """A line with one more remark."""
    return told._replace(remark=", ".join(filter(None, (told.remark, remark))))


def _functions(story: Story, notation: Notation) -> Iterator[Line]:
    """What a pocket calculator has no key for: sigmoid(x) = 1/(1 + exp(-x))."""
    graph = story.result.graph
    used: dict[str, tuple[Op, list[Term]]] = {}
    for index, op, inputs in graph.operations:
        if op.name not in used and (index in story.part.forward or index in story.part.backward):
            shapes = [shape(story.result.values[i]) for i in inputs]
            used[op.name] = op, [Term(n, shape=s) for n, s in zip(op.parameters, shapes)]
    for op, names in used.values():
        if op.text or (op.shape is not None and op.family != "losses"):
            continue  # it is written with a sign, or every reader of matrices knows it
        formula = meaning(op, None if op.variadic else names)
        if formula is not None:
            sides = [notation.formula(formula, notation.label)]
            yield Line(None, notation.formula(called(op), notation.label), sides)


def _paths(story: Story, notation: Notation) -> Iterator[Chapter]:
    assert story.node is not None
    words = story.words
    found = paths(story.result, story.node)
    if found is None:
        output, node = notation.plain(notation.output), notation.label(story.node)
        names = {"node": notation.inline(node), "output": notation.inline(output)}
        many = words.many_paths.format(most=MOST_PATHS, **names)
        yield Chapter("paths", words.along_paths, [many], [])
    elif found:
        lines = [line(step, notation) for step in found]
        yield Chapter("paths", words.along_paths, [], _together(lines, notation))


def _together(lines: list[Line], notation: Notation) -> list[Line]:
    """The paths; and where there are several, what they come to."""
    if len(lines) == 1:
        return lines
    names = [notation.words.path.format(place=place + 1) for place in range(len(lines))]
    told = [a._replace(through=name, part=True) for a, name in zip(lines, names)]
    parts = [(a.sides[-1], name) for a, name in zip(lines, names)]
    step = lines[0].step
    assert isinstance(step, PathStep)
    gradient = notation.result.gradients[step.nodes[-1]]
    sides = [notation.summands(parts), notation.number(gradient)]
    return [*told, Line(None, lines[0].left, sides)]


def _backward(story: Story, notation: Notation, nets: frozenset[int]) -> Iterator[Line]:
    for step in backward_steps(story.result, story.part, notation.digits):
        told = line(step, notation)
        if isinstance(step, SumStep) or (isinstance(step, EdgeStep) and step.alone):
            node = step.node if isinstance(step, SumStep) else step.edge.input
            if node in nets:
                told = _with(told, notation.inline(notation.plain("δ")))
            told = _with(told, _wrong(notation, node, "gradient"))
        yield told


def _net_inputs(story: Story) -> Iterator[int]:
    """The nodes that an activation function gets; their gradients are the neurons' deltas."""
    graph = story.result.graph
    for _, op, inputs in graph.operations:
        if op.family == "activations" or op.name == "tanh":
            index = inputs[0]
            if index >= len(graph.leaves) and index in story.part.backward:
                yield index


def _gradient(story: Story, notation: Notation) -> Iterator[Line]:
    result = story.result
    yield Line(None, notation.plain(notation.output), [notation.number(result.value)])
    derivatives = result.check.derivatives if result.check is not None else {}
    asked = [result.graph.index(name) for name in result.wrt]
    for index in asked if story.node is None else [story.node]:
        sides = [notation.number(result.gradients[index])]
        derivative = derivatives.get(result.graph.name(index) or "")
        remark = _wrong(notation, index, "gradient")
        # What is wrong, or was chosen at a kink, does not equal it.
        certain = result.check is not None and result.check.nodes[index].ok is True
        if derivative is not None and certain and result.from_one:
            if derivative.readable:
                sides.append(notation.symbolic(derivative))
            else:
                remark = notation.words.too_long
        yield Line(None, notation.gradient(index), sides, remark=remark)
