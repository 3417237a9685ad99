"""graph or result -> boxes and arrows, which every format of `bpcalc graph` draws.

Up to a size that a person can read, a box is a node. Above it a named statement is one box, and
so is each call of a function of the formula; what is inside such a box is a picture of its own.
What is too much even so is cut: the boxes nearest to the output stay.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from bpcalc.engine.array_shapes import shape
from bpcalc.graph.text import expression
from bpcalc.render.numbers import DIGITS, rounded
from bpcalc.render.rows import right_number
from bpcalc.results import Edge

if TYPE_CHECKING:
    from bpcalc.graph import Graph
    from bpcalc.ops.op import Value
    from bpcalc.results import Result

READABLE = 60
"""Nodes of the largest picture in which every node is a box."""

MOST = 150
"""Boxes of the largest picture; --whole has no limit."""

_EXCERPT = 36
_BRIEF = 3
"""Elements of the longest vector that stands in a box in full."""


class Box(NamedTuple):
    """A node, or several that are drawn as one."""

    id: str
    """Of its node, `n5`; of several, of the last of them, whose value it has."""
    name: str
    """`x`, `net_h1`, `n5`; of a constant its number."""
    formula: str
    """What it computes, `n4*y`; empty for a leaf."""
    kind: str
    """variable, constant, operation, group (several nodes), or outside (in the picture of a
    group's inside: an operation that belongs to another part of the formula)."""
    value: str = ""
    gradient: str = ""
    """The numbers, rounded; empty in a graph without values."""
    output: bool = False
    selected: bool = False
    """Whether it lies on a way from the selected node to the output."""
    right: str = ""
    """What the check says instead where it disagrees: `value 1, gradient 0.5`."""
    members: tuple[int, ...] = ()
    """The nodes drawn as this box."""
    uses: int = 0
    """In a picture that was cut: how often it is used in the whole."""
    cut: int = 0
    """How many of its inputs were left out."""

    @property
    def heading(self) -> str:
        """`n5 = n4*y`, or for a leaf its name."""
        heading = f"{self.name} = {self.formula}" if self.formula else self.name
        return f"{heading} …" if self.cut else heading


class Arrow(NamedTuple):
    """A use of a node, from the input to its consumer: the way of values; gradients go back."""

    tail: str
    head: str
    arg: int | None = None
    """Which input of the head it is, from 0; None for several edges drawn as one."""
    share: str = ""
    """What the edge brings to the tail's gradient: `1 × 4 = 4`; of several edges their sum."""
    flows: bool = True
    """False where no gradient flows."""
    selected: bool = False


class Picture(NamedTuple):
    """What is drawn: boxes in the order of their nodes, and arrows."""

    title: str
    boxes: Sequence[Box]
    arrows: Sequence[Arrow]
    notes: Sequence[str] = ()


class Region(NamedTuple):
    """A part of the graph that may be one box: the operations from `first` to `last`."""

    name: str
    first: int
    last: int
    statement: bool
    """Whether it is a named statement; else it is a call of a function."""


def picture(
    graph: Graph,
    result: Result | None = None,
    *,
    selected: int | None = None,
    digits: int = DIGITS,
    whole: bool = False,
) -> Picture:
    """The picture of a whole graph, with values and gradients where there is a result.

    `selected` is a node whose ways to the output are to be seen. `whole` draws every node.
    """
    return _Drawing(graph, result, selected, digits, whole).of(Region("", 0, len(graph) - 1, True))


def insides(
    graph: Graph,
    result: Result | None = None,
    *,
    selected: int | None = None,
    digits: int = DIGITS,
    most: int = 400,
) -> dict[str, Picture]:
    """For every box of the picture that is several nodes, by its id: the picture of its inside.

    At most `most` of them, the outer ones first.
    """
    drawing = _Drawing(graph, result, selected, digits, False)
    found: dict[str, Picture] = {}
    waiting = deque(drawing.parts(Region("", 0, len(graph) - 1, True)))
    while waiting and len(found) < most:
        region = waiting.popleft()
        found[f"n{region.last + 1}"] = drawing.of(region)
        waiting.extend(drawing.parts(region))
    return found


def statements(graph: Graph) -> Iterator[Region]:
    """The named statements, in order."""
    first = len(graph.leaves)
    for root in sorted(graph.names):
        yield Region(graph.names[root], first, root, True)
        first = root + 1


def regions(graph: Graph) -> list[Region]:
    """The named statements, and the calls of the formula's functions."""
    calls = [Region(call.function, call.first, call.last, False) for call in graph.calls]
    return [*statements(graph), *calls]


class _Drawing:
    def __init__(
        self, graph: Graph, result: Result | None, selected: int | None, digits: int, whole: bool
    ) -> None:
        self.graph = graph
        self.result = result
        self.digits = digits
        self.whole = whole
        self.edges: dict[int, list[Edge]] = {}
        """The edges by their consumer, where there are values."""
        for edge in result.each_edge() if result is not None else ():
            self.edges.setdefault(edge.consumer, []).append(edge)
        self.groups: set[int] = set()
        """The main nodes of the boxes that are several nodes, in the picture being made."""
        self.uses = Counter(e.input for edges in self.edges.values() for e in edges if e.flows)
        self.selected = _ways(graph, selected) if selected is not None else frozenset()
        self.calls = sorted(graph.calls, key=lambda call: (call.first, -call.last))
        self.starts = [call.first for call in self.calls]

    def of(self, region: Region) -> Picture:
        """The picture of a region, or of the whole graph."""
        top = region.last - region.first + 1 == len(self.graph)
        parts = self.parts(region)
        nodes, home = self._boxes_of(region, parts)
        self.groups = {part.last for part in parts}
        boxes = {index: self._box(index, nodes[index], parts) for index in sorted(nodes)}
        for index, box in boxes.items():
            if box.kind == "operation" and not region.first <= index <= region.last:
                boxes[index] = box._replace(kind="outside")
        arrows = list(self._arrows(region, home))
        notes = []
        if parts:
            notes.append(
                f"{self._count(region):,} nodes are too many to read: named statements and "
                "functions are one box each (--whole draws every node)"
            )
        kept = self._nearest(region.last if not top else self.graph.output, boxes, arrows)
        if len(kept) < len(boxes):
            notes.append(
                f"{len(boxes) - len(kept):,} of {len(boxes):,} boxes left out, the farthest from "
                f"{boxes[max(kept)].name} (--node shows another part, --whole all)"
            )
            for tail, head, _ in arrows:
                boxes[tail] = boxes[tail]._replace(uses=boxes[tail].uses + 1)
                if head in kept and tail not in kept:
                    boxes[head] = boxes[head]._replace(cut=boxes[head].cut + 1)
            arrows = [a for a in arrows if a[0] in kept and a[1] in kept]
        return Picture(
            self.graph.source.strip() if top else boxes[region.last].heading,
            [boxes[index] for index in sorted(kept)],
            [self._arrow(*arrow) for arrow in arrows],
            notes,
        )

    # Regions

    def _count(self, region: Region) -> int:
        return region.last - region.first + 1

    def parts(self, region: Region) -> list[Region]:
        """The parts of a region that are one box each; none where it can be read as it is."""
        if self.whole or self._count(region) <= READABLE:
            return []
        if self._count(region) < len(self.graph):
            inner = list(self._calls_in(region.first, region.last))
        else:
            inner = list(self._statements())
        return [part for part in inner if part.last > part.first]

    def _statements(self) -> Iterator[Region]:
        """The named statements; and of the last one, which is the output, its calls."""
        first = len(self.graph.leaves)
        for region in statements(self.graph):
            if region.last < self.graph.output:
                yield region
                first = region.last + 1
        yield from self._calls_in(first, self.graph.output)

    def _calls_in(self, first: int, last: int) -> Iterator[Region]:
        """The outermost calls in a range of operations that do not fill it."""
        at = bisect_left(self.starts, first)
        while at < len(self.calls) and self.calls[at].last <= last:
            call = self.calls[at]
            if (call.first, call.last) == (first, last):
                at += 1
                continue
            yield Region(call.function, call.first, call.last, False)
            at = max(at + 1, bisect_left(self.starts, call.last + 1))

    # Boxes

    def _boxes_of(
        self, region: Region, parts: Sequence[Region]
    ) -> tuple[dict[int, list[int]], dict[int, int]]:
        """The nodes of each box by its main node, and the box of each node."""
        home: dict[int, int] = {}
        for part in parts:
            home.update(dict.fromkeys(range(part.first, part.last + 1), part.last))
        operations = range(max(region.first, len(self.graph.leaves)), region.last + 1)
        uses: dict[int, set[int]] = {}
        for index in operations:
            home.setdefault(index, index)
            for given in self.graph.inputs(index):
                if given not in operations:
                    uses.setdefault(given, set()).add(home[index])
        if not operations:  # the formula is a leaf
            uses[self.graph.output] = set()
        groups = {part.last for part in parts}
        for index, users in uses.items():
            hidden = len(users) == 1 and users <= groups and self._is_constant(index)
            home[index] = min(users) if hidden else index
        nodes: dict[int, list[int]] = {}
        for index in sorted(home):
            nodes.setdefault(home[index], []).append(index)
        return nodes, home

    def _is_constant(self, index: int) -> bool:
        leaves = self.graph.leaves
        return index < len(leaves) and leaves[index].constant is not None

    def _box(self, index: int, members: list[int], parts: Sequence[Region]) -> Box:
        graph = self.graph
        leaf = index < len(graph.leaves)
        part = next((part for part in parts if part.last == index), None)
        name = graph.name(index) or (graph.label(index) if leaf else f"n{index + 1}")
        if leaf:
            formula = ""
            kind = "constant" if self._is_constant(index) else "variable"
        elif part is None:
            formula, kind = expression(graph, index), "operation"
        else:
            formula, kind = self._excerpt(part), "group"
        box = Box(
            f"n{index + 1}",
            name,
            formula,
            kind,
            output=index == graph.output,
            selected=index in self.selected,
            members=tuple(members),
        )
        if self.result is None:
            return box
        return box._replace(
            value=self._number(self.result.values[index]),
            gradient=self._number(self.result.gradients[index]),
            right=self._right(index),
        )

    def _excerpt(self, part: Region) -> str:
        """What a statement says, as far as there is room; of a call its function."""
        if not part.statement:
            return f"{part.name}(…)"
        span = self.graph.span(part.last)
        text = " ".join(self.graph.source[slice(*span)].split()) if span else "…"
        return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"

    def _number(self, value: Value) -> str:
        """A number; a short vector; of another array its shape."""
        if not shape(value):
            return rounded(value, self.digits)
        if value.ndim == 1 and value.size <= _BRIEF:
            return rounded(value, min(self.digits, 4))
        return f"shape {'×'.join(map(str, value.shape))}"

    def _right(self, index: int) -> str:
        """The numbers of the check, where it disagrees."""
        result = self.result
        if result is None or result.check is None or result.check.nodes[index].ok is not False:
            return ""
        check = result.check
        said = check.nodes[index]
        right = {
            "value": right_number(result.values[index], said.value, self.digits),
            "gradient": right_number(result.gradients[index], said.gradient, self.digits),
        }
        return ", ".join(f"{of} {number}" for of, number in right.items() if number)

    # Arrows

    def _arrows(
        self, region: Region, home: dict[int, int]
    ) -> Iterator[tuple[int, int, list[Edge]]]:
        """(tail, head, edges) of what leads from one box to another, in the order of the heads.

        Several uses of a node by another are several arrows; into a box of several nodes they
        are one.
        """
        merged: dict[tuple[int, int], list[Edge]] = {}
        for consumer in range(max(region.first, len(self.graph.leaves)), region.last + 1):
            head = home[consumer]
            single = head == consumer and home.get(consumer - 1) != head
            for edge in self._edges_of(consumer):
                tail = home[edge.input]
                if single:
                    yield tail, head, [edge]
                elif tail != head:
                    merged.setdefault((tail, head), []).append(edge)
            if head == consumer:
                for (tail, _), edges in merged.items():
                    yield tail, head, edges
                merged.clear()

    def _edges_of(self, consumer: int) -> Iterable[Edge]:
        if self.result is not None:
            return self.edges.get(consumer, ())
        bare = enumerate(self.graph.inputs(consumer))
        return (Edge(consumer, index, arg, None, 0.0, 0.0) for arg, index in bare)

    def _arrow(self, tail: int, head: int, edges: list[Edge]) -> Arrow:
        share, flows = "", True
        if self.result is not None:
            flows = any(edge.flows for edge in edges)
            if len(edges) > 1 or head in self.groups:  # where it arrives is not to be seen
                share = self._number(sum(edge.gradient for edge in edges))
            elif flows:
                share = self._product(edges[0])
        arg = edges[0].arg if len(edges) == 1 else None
        ids = f"n{tail + 1}", f"n{head + 1}"
        return Arrow(*ids, arg, share, flows, tail in self.selected)

    def _product(self, edge: Edge) -> str:
        if edge.local is None or any(map(shape, (edge.upstream, edge.local, edge.gradient))):
            alone = self.uses[edge.input] < 2  # then it is the gradient, which stands in the box
            return "" if alone else self._number(edge.gradient)
        numbers: tuple[Value, ...] = (edge.upstream, edge.local, edge.gradient)
        upstream, local, share = (rounded(number, self.digits) for number in numbers)
        return f"{upstream} × {local} = {share}"

    # What is too much

    def _nearest(
        self, start: int, boxes: dict[int, Box], arrows: list[tuple[int, int, list[Edge]]]
    ) -> set[int]:
        """The boxes to draw: all, or those to which the fewest arrows lead from the output."""
        if self.whole or len(boxes) <= MOST:
            return set(boxes)
        neighbours: dict[int, list[int]] = {}
        for tail, head, _ in arrows:
            neighbours.setdefault(head, []).append(tail)
        found = dict.fromkeys(index for index in boxes if boxes[index].selected)
        found = dict.fromkeys([start, *list(found)[: MOST - 1]])
        waiting = deque(found)
        while waiting and len(found) < MOST:
            for index in neighbours.get(waiting.popleft(), []):
                if index not in found and len(found) < MOST:
                    found[index] = None
                    waiting.append(index)
        return set(found)


def _ways(graph: Graph, node: int) -> frozenset[int]:
    """The nodes on the ways from a node to the output, both included."""
    found = {node}
    for index, _, inputs in graph.operations:
        if any(given in found for given in inputs):
            found.add(index)
    return frozenset(found)
