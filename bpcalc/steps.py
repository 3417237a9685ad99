"""result -> the calculation as the steps that a person takes on paper.

Forward, one step per node, from the variables to the output. Backward, node by node from the
output: one step per edge that leads to the node, its share by the chain rule; and where several
edges meet, their sum. Text, LaTeX, HTML, JSON and the interactive page all tell these steps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from bpcalc.ops.op import MATH_RAISES, Op, Value
from bpcalc.engine.array_shapes import shape
from bpcalc.ops.terms import Term, node, said, term
from bpcalc.results import Edge

if TYPE_CHECKING:
    from bpcalc.graph import Graph
    from bpcalc.results import Result

MOST_PATHS = 8
"""More paths than these from a node to the output are not told one by one."""


class ValueStep(NamedTuple):
    """Forward: what a node is computed from, and its value."""

    node: int
    formula: Term | None
    """Its operation on its inputs; None for a leaf."""
    value: Value


class StartStep(NamedTuple):
    """Backward: the gradient of the output itself, from which the pass starts."""

    node: int
    gradient: Value


class EdgeStep(NamedTuple):
    """Backward: what one consumer brings to a node, upstream gradient times local derivative."""

    edge: Edge
    rule: Term
    """The local derivative, as a formula of the consumer's inputs and value; of an operation that
    mixes elements the vector-Jacobian product, which has the upstream gradient in it."""
    alone: bool
    """Whether it is the node's whole gradient."""


class SumStep(NamedTuple):
    """Backward: the gradient of a node at which several edges meet."""

    node: int
    edges: Sequence[Edge]
    gradient: Value


class NothingStep(NamedTuple):
    """Backward: no gradient comes to a node, or none along one edge."""

    node: int
    edge: Edge | None
    """The edge along which nothing flows; None where there is none at all."""


class PathStep(NamedTuple):
    """The chain rule along one path from the output to a node: the product of its factors."""

    nodes: Sequence[int]
    """From the output to the node; only the named ones, where there are any between."""
    factors: Sequence[Value]
    """The derivative of each of these nodes by the next one, along this path."""
    product: Value


BackwardStep: TypeAlias = "StartStep | EdgeStep | SumStep | NothingStep"
Step: TypeAlias = "ValueStep | BackwardStep | PathStep"


class Part(NamedTuple):
    """Which nodes are told."""

    forward: Collection[int]
    backward: Collection[int]


def whole(graph: Graph) -> Part:
    """Every node."""
    return Part(range(len(graph)), range(len(graph)))


def between(first: int, last: int) -> Part:
    """The nodes from one to another."""
    return Part(range(first, last + 1), range(first, last + 1))


def towards(graph: Graph, nodes: Sequence[int]) -> Part:
    """What it takes to find the gradients of these nodes: the nodes between them and the output."""
    ways = set(nodes)
    needed = set(nodes)
    for index, _, inputs in graph.operations:
        if any(given in ways for given in inputs):
            ways.add(index)
            needed.update((index, *inputs))
    return Part(needed, ways)


def forward_steps(result: Result, part: Part) -> Iterator[ValueStep]:
    """The forward pass, in evaluation order."""
    graph = result.graph
    for index in range(graph.output + 1):
        if index in part.forward:
            yield ValueStep(index, _formula(result, index), result.values[index])


def _formula(result: Result, index: int) -> Term | None:
    graph = result.graph
    if index < len(graph.leaves):
        return None
    inputs = graph.inputs(index)
    return Term(op=graph.op(index), args=tuple(_node(result, given) for given in inputs))


def _node(result: Result, index: int) -> Term:
    """The term of a node, with the shape of its value."""
    return node(index, shape(result.values[index]))


def backward_steps(result: Result, part: Part, digits: int = 17) -> Iterator[BackwardStep]:
    """The backward pass, node by node from the output.

    All consumers of a node have larger numbers, so when the pass over the edges has come to a
    node, the node's own edges are complete: the steps stream, like the edges.
    `digits` is how many the reader sees: a textbook's rule is told where it holds to these.
    """
    graph = result.graph
    waiting: dict[int, list[Edge]] = {}
    edges = result.each_edge()
    ahead = next(edges, None)
    for index in range(graph.output, -1, -1):
        while ahead is not None and ahead.consumer > index:
            if ahead.input in part.backward:
                waiting.setdefault(ahead.input, []).append(ahead)
            ahead = next(edges, None)
        if index == graph.output:
            yield StartStep(index, result.gradients[index])
        elif index in part.backward:
            yield from _arriving(result, index, waiting.pop(index, []), digits)


def _arriving(result: Result, index: int, edges: list[Edge], digits: int) -> Iterator[BackwardStep]:
    """The steps that find the gradient of one node."""
    edges.sort(key=lambda edge: (edge.consumer, edge.arg))
    flowing = [edge for edge in edges if edge.flows]
    if not flowing:
        yield NothingStep(index, None)
        return
    for edge in edges:
        if not edge.flows:
            yield NothingStep(index, edge)
        else:
            rule = local_rule(result, edge, digits)
            yield EdgeStep(edge, rule, len(flowing) == 1)
    if len(flowing) > 1:
        yield SumStep(index, flowing, result.gradients[index])


def local_rule(result: Result, edge: Edge, digits: int = 17) -> Term:
    """The local derivative of an edge as a formula of the nodes it is computed from.

    The textbook's form of it, where that gives the same number to a reader of so many digits;
    else the accurate one that was computed.
    """
    op = result.graph.op(edge.consumer)
    rule = op.rule.func if isinstance(op.rule, partial) else op.rule
    if op.textbook is not None and (op.shape is not None or _as_good(op, result, edge, digits)):
        rule = op.textbook
    terms = [_node(result, i) for i in (edge.consumer, *result.graph.inputs(edge.consumer))]
    if op.shape is not None:
        terms.insert(0, node(~edge.consumer, shape(edge.upstream)))
    found = rule(*terms, **op.options)
    return said(term(found[edge.arg] if isinstance(found, tuple) else found))


def _as_good(op: Op, result: Result, edge: Edge, digits: int) -> bool:
    """Whether the textbook's rule, put to the rounded values, gives the local derivative."""
    assert op.textbook is not None
    local: Value = edge.local
    indices = (edge.consumer, *result.graph.inputs(edge.consumer))
    if any(shape(result.values[i]) for i in indices):
        return True  # whether the last digits hold is not to be seen in arrays
    try:
        shown = [float(f"{result.values[i]:.{digits}g}") for i in indices]
        found = op.textbook(*shown, **op.options)
        found = found[edge.arg] if isinstance(found, tuple) else found
        return bool(abs(found - local) <= 10.0 ** (2 - digits) * abs(local))
    except (*MATH_RAISES, TypeError):  # a number that Python makes complex is a TypeError later
        return False


# Paths


def paths(result: Result, index: int) -> list[PathStep] | None:
    """The paths by which the gradient comes from the output to a node; none if one edge is all,
    or where there are arrays, whose derivatives by each other are no numbers.

    None where there are more than MOST_PATHS.
    """
    graph = result.graph
    if any(shape(value) for value in result.values):
        return []
    edges: dict[int, list[Edge]] = {}
    ways = towards(graph, [index]).backward
    for edge in result.each_edge():
        if edge.flows and edge.input in ways:
            edges.setdefault(edge.consumer, []).append(edge)
    if _path_count(graph, edges, index) > MOST_PATHS:
        return None
    found = [_path(graph, path) for path in _each_path(graph.output, index, edges)]
    if len(found) == 1 and len(found[0].factors) < 2:
        return []
    return [step._replace(product=step.product * result.seed) for step in found]


def _path_count(graph: Graph, edges: dict[int, list[Edge]], index: int) -> int:
    counts = {graph.output: 1}
    for consumer in range(graph.output, index, -1):
        for edge in edges.get(consumer, ()):
            here = counts.get(consumer, 0)
            counts[edge.input] = min(counts.get(edge.input, 0) + here, MOST_PATHS + 1)
    return counts.get(index, 0)


def _each_path(output: int, index: int, edges: dict[int, list[Edge]]) -> Iterator[tuple[Edge, ...]]:
    """The paths from the output to a node, without recursion: they may be 100,000 edges long."""
    path: list[Edge] = []
    stack = [iter(edges.get(output, ()))]
    while stack:
        edge = next(stack[-1], None)
        if edge is None:
            stack.pop()
            if path:
                path.pop()
            continue
        path.append(edge)
        if edge.input == index:
            yield tuple(path)
            path.pop()
        else:
            stack.append(iter(edges.get(edge.input, ())))


def _path(graph: Graph, edges: Sequence[Edge]) -> PathStep:
    """One path; the factors between named nodes are put together, as on paper."""
    named = any(edge.consumer in graph.names for edge in edges[1:])
    nodes = [edges[0].consumer]
    factors: list[Value] = []
    factor: Value = 1.0
    product: Value = 1.0
    for place, edge in enumerate(edges):
        factor = factor * edge.local
        product = product * edge.local
        if not named or edge.input in graph.names or place == len(edges) - 1:
            nodes.append(edge.input)
            factors.append(factor)
            factor = 1.0
    return PathStep(nodes, factors, product)
