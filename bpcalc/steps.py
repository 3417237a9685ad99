"""result -> the calculation as the steps that a person takes on paper.

Forward, one step per node, from the variables to the output. Backward, node by node from the
output: one step per edge that leads to the node, its share by the chain rule; and where several
edges meet, their sum. Text, LaTeX, HTML, JSON and the interactive page all tell these steps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from bpcalc.engine.array_shapes import shape
from bpcalc.ops.op import MATH_RAISES, Op, Value
from bpcalc.ops.terms import Term, node, said, term
from bpcalc.results import Edge

if TYPE_CHECKING:
    from bpcalc.graph import Graph
    from bpcalc.results import Result

MOST_PATHS, MOST_FACTORS = 8, 40
"""More paths than these from a node to the output, or longer ones, are not told one by one."""


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
    """The derivative of each of these nodes by the next one, not by way of others of them."""
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
        return _as_good_for_arrays(op, [result.values[i] for i in indices], edge, digits)
    try:
        shown = [float(f"{result.values[i]:.{digits}g}") for i in indices]
        found = op.textbook(*shown, **op.options)
        found = found[edge.arg] if isinstance(found, tuple) else found
        return bool(abs(found - local) <= 10.0 ** (2 - digits) * abs(local))
    except (*MATH_RAISES, TypeError):  # a number that Python makes complex is a TypeError later
        return False


_SEEN = 100
"""Elements of an array of which one may see that they do not fit each other."""


def _as_good_for_arrays(op: Op, values: Sequence[Value], edge: Edge, digits: int) -> bool:
    """The same for arrays: whether the last digits hold is not to be seen, but that 1 - 1 is 0."""
    import numpy

    assert op.textbook is not None
    local: Value = edge.local
    if any(numpy.size(value) > _SEEN for value in values):
        return True
    shown = [
        numpy.reshape(
            [float(f"{number:.{digits}g}") for number in numpy.ravel(value)], shape(value)
        )
        for value in values
    ]
    with numpy.errstate(all="ignore"):
        found = op.textbook(*shown, **op.options)
        found = found[edge.arg] if isinstance(found, tuple) else found
        return bool(numpy.all(abs(found - local) <= 1e-3 * abs(local)))


# Paths


def paths(result: Result, index: int) -> list[PathStep] | None:
    """The paths by which the gradient comes from the output to a node; none if one edge is all,
    or where there are arrays, whose derivatives by each other are no numbers.

    A path leads from one named node to the next, as on paper; its factors are the derivatives of
    each statement by the names in it, so that what branches and meets again within a statement is
    one factor. Without names it leads from node to node.

    None where there are more than MOST_PATHS, or one has more than MOST_FACTORS.
    """
    graph = result.graph
    if any(shape(value) for value in result.values):
        return []
    ways = set(towards(graph, [index]).backward)
    stops = {i for i in graph.names if i in ways} - {index, graph.output}
    slopes = _slopes(result, ways, (stops or ways) | {index, graph.output})
    if _path_count(graph, slopes, index) > MOST_PATHS:
        return None
    found = list(_each_path(graph.output, index, slopes))
    if max(map(len, found), default=0) > MOST_FACTORS + 1:
        return None
    if len(found) == 1 and len(found[0]) == 2:
        return []
    return [_path(result, path, slopes) for path in found]


Slopes: TypeAlias = dict[int, dict[int, Value]]
"""For each node at which paths stop: the nodes at which they stop next, and the derivatives."""


def _slopes(result: Result, ways: Collection[int], stops: Collection[int]) -> Slopes:
    """The derivative of each stop by the stops behind it, in between by the chain rule."""
    arrived: Slopes = {index: {} for index in stops}
    through: dict[int, dict[int, Value]] = {}
    """For the nodes between: by stop, the derivative of the stop by the node."""
    for edge in result.each_edge():
        if not edge.flows or edge.input not in ways or edge.consumer not in ways:
            continue
        sources = {edge.consumer: 1.0} if edge.consumer in arrived else through[edge.consumer]
        for source, slope in sources.items():
            here = arrived[source] if edge.input in arrived else through.setdefault(edge.input, {})
            key = edge.input if edge.input in arrived else source
            local: Value = edge.local
            here[key] = here.get(key, 0.0) + slope * local
    return arrived


def _path_count(graph: Graph, slopes: Slopes, index: int) -> int:
    counts = {graph.output: 1}
    for stop in sorted(slopes, reverse=True):
        for following in slopes[stop]:
            more = counts.get(following, 0) + counts.get(stop, 0)
            counts[following] = min(more, MOST_PATHS + 1)
    return counts.get(index, 0)


def _each_path(output: int, index: int, slopes: Slopes) -> Iterator[tuple[int, ...]]:
    """The stops of each path from the output to a node, without recursion: paths may be long."""
    path = [output]
    stack = [iter(slopes.get(output, ()))]
    while stack:
        following = next(stack[-1], None)
        if following is None:
            stack.pop()
            path.pop()
        elif following == index:
            yield (*path, index)
        else:
            path.append(following)
            stack.append(iter(slopes.get(following, ())))


def _path(result: Result, path: Sequence[int], slopes: Slopes) -> PathStep:
    factors = [slopes[a][b] for a, b in pairwise(path)]
    product = result.seed
    for factor in factors:
        product = product * factor
    return PathStep(path, factors, product)
