"""The computation graph: what is computed from what. Immutable, numbered, no values inside.

Nodes are numbered as the textbooks do: leaves first, in order of appearance, then operations in
evaluation order, so that every input has a smaller number than its consumer. The graph holds
columns (a list of ops, a list of inputs, ...) rather than objects: a million nodes are a few
lists, and values and gradients are lists beside them, indexed by node number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, overload

if TYPE_CHECKING:
    from bpcalc.errors import Span
    from bpcalc.ops.arrays import ConstantArray
    from bpcalc.ops.constants import Constant
    from bpcalc.ops.op import Op


class Leaf(NamedTuple):
    """A variable, or a constant: then `constant` is its value."""

    name: str | None
    constant: Constant | ConstantArray | None


class Call(NamedTuple):
    """A call of a function of the formula, written out: the nodes from `first` to `last`."""

    function: str
    first: int
    last: int
    """The node whose value the call has."""


class Node:
    """One node, as a view for reading; `index` counts from 0, `id` from n1."""

    __slots__ = ("graph", "index")

    def __init__(self, graph: Graph, index: int) -> None:
        self.graph = graph
        self.index = index

    @property
    def id(self) -> str:
        return f"n{self.index + 1}"

    @property
    def name(self) -> str | None:
        """The variable's or the statement's name; of a named constant its name; else None."""
        return self.graph.name(self.index)

    @property
    def label(self) -> str:
        """How messages and formulas call it: its name, its number, or else its id."""
        return self.graph.label(self.index)

    @property
    def op(self) -> str:
        """The operation's name; of a leaf `variable` or `constant`."""
        if self.index < len(self.graph.leaves):
            return "variable" if self.graph.leaves[self.index].constant is None else "constant"
        return self.graph.op(self.index).name

    @property
    def inputs(self) -> tuple[Node, ...]:
        """What it is computed from."""
        return tuple(Node(self.graph, i) for i in self.graph.inputs(self.index))

    @property
    def expr(self) -> str:
        """Its own operation as formula text, with the inputs by name or id: `n4*y`."""
        from bpcalc.graph.text import expression

        return expression(self.graph, self.index)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and (self.graph, self.index) == (other.graph, other.index)

    def __hash__(self) -> int:
        return hash((id(self.graph), self.index))

    def __repr__(self) -> str:
        return f"<{self.id} = {self.expr}>"


class Nodes(Sequence[Node]):
    """The nodes of a graph, made one by one as they are looked at."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def __len__(self) -> int:
        return len(self._graph)

    @overload
    def __getitem__(self, key: int) -> Node: ...
    @overload
    def __getitem__(self, key: slice) -> list[Node]: ...
    def __getitem__(self, key: int | slice) -> Node | list[Node]:
        if isinstance(key, slice):
            return [Node(self._graph, index) for index in range(len(self))[key]]
        return Node(self._graph, range(len(self))[key])


class Graph:
    """A formula's nodes and edges, from `bpcalc.parse`, or node by node from `Building`."""

    __slots__ = (
        "_first",
        "_indices",
        "_inputs",
        "_last",
        "_names",
        "_ops",
        "_spans",
        "_spans_of",
        "_variables",
        "calls",
        "leaves",
        "lengths",
        "output",
        "source",
        "structural",
        "unused",
        "warnings",
    )

    leaves: Sequence[Leaf]
    structural: bool
    """Whether a leaf is an array, or an operation changes shapes, so that arrays may arise."""
    calls: Sequence[Call]
    """The calls of the formula's own functions, inner ones before outer ones."""
    lengths: Mapping[int, int]
    """By node: the length of its first axis for which the graph was built (`scan`)."""
    output: int
    """The index of the node whose value the formula has."""
    source: str
    """The text of the formula."""
    unused: frozenset[str]
    """Variables that stand only in statements which the output does not need."""
    warnings: tuple[str, ...]
    _ops: Sequence[Op]
    _inputs: Sequence[tuple[int, ...]]
    _names: Mapping[int, str]
    _indices: Mapping[str, int]
    _variables: Mapping[str, int]
    _first: Sequence[int]
    _last: Sequence[int]
    _spans: Sequence[Span] | None
    _spans_of: Callable[[str], Sequence[Span]]

    def __len__(self) -> int:
        return len(self.leaves) + len(self._ops)

    @property
    def nodes(self) -> Sequence[Node]:
        """All nodes in order; `graph.nodes[0].id` is n1."""
        return Nodes(self)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __getitem__(self, key: int | str) -> Node:
        """A node by its index, its id (`n4`) or its name."""
        if isinstance(key, str):
            return Node(self, self.index(key))
        return Node(self, range(len(self))[key])  # an IndexError where there is none

    def index(self, key: str) -> int:
        """The index of the node with this name or id.

        Raises:
            KeyError: there is none.
        """
        if key in self._indices:
            return self._indices[key]
        number = key[1:] if key[:1] == "n" and key.isascii() and key[1:].isdigit() else ""
        if 0 < len(number) < 12 and 1 <= int(number) <= len(self):
            return int(number) - 1
        raise KeyError(key)

    @property
    def operations(self) -> Iterator[tuple[int, Op, tuple[int, ...]]]:
        """(index, op, indices of the inputs) of every operation, in evaluation order."""
        return zip(range(len(self.leaves), len(self)), self._ops, self._inputs)

    @property
    def columns(self) -> tuple[Sequence[Op], Sequence[tuple[int, ...]]]:
        """The operations and their inputs as two lists; entry k is node `len(leaves) + k`."""
        return self._ops, self._inputs

    @property
    def variables(self) -> dict[str, int]:
        """The index of each variable, in order of appearance."""
        return dict(self._variables)

    @property
    def names(self) -> Mapping[int, str]:
        """The names of the operations that a statement named."""
        return self._names

    @property
    def by_name(self) -> Mapping[str, int]:
        """The index of everything that has a name: variables, constants, statements."""
        return self._indices

    def op(self, index: int) -> Op:
        """The operation of a node that is not a leaf."""
        return self._ops[index - len(self.leaves)]

    def inputs(self, index: int) -> tuple[int, ...]:
        """The indices of a node's inputs; none for a leaf."""
        return () if index < len(self.leaves) else self._inputs[index - len(self.leaves)]

    def name(self, index: int) -> str | None:
        if index < len(self.leaves):
            return self.leaves[index].name
        return self._names.get(index)

    def label(self, index: int) -> str:
        """How a node is called: its name, its number if it is a constant, or else its id."""
        name = self.name(index)
        if name is not None:
            return name
        if index < len(self.leaves):
            return str(self.leaves[index].constant)
        return f"n{index + 1}"

    def span(self, index: int) -> Span | None:
        """Where the node stands in `source`, as (start, end) offsets."""
        if not self._first:
            return None
        if self._spans is None:
            self._spans = self._spans_of(self.source)
        return self._spans[self._first[index]][0], self._spans[self._last[index]][1]

    def consumers(self) -> list[list[tuple[int, int]]]:
        """For each node, who uses it: (consumer, which of its inputs), one entry per use."""
        uses: list[list[tuple[int, int]]] = [[] for _ in range(len(self))]
        for consumer, _, inputs in self.operations:
            for arg, index in enumerate(inputs):
                uses[index].append((consumer, arg))
        return uses

    def _repr_svg_(self) -> str:
        """The picture, for notebooks."""
        from bpcalc.render.graph.picture import picture
        from bpcalc.render.graph.svg import svg

        return svg(picture(self))

    def __repr__(self) -> str:
        return f"<Graph of {len(self)} nodes, {' '.join(self.variables) or 'no variables'}>"


class Building:
    """A graph under construction: leaves first, then operations, then `finished`."""

    def __init__(
        self, source: str = "", spans_of: Callable[[str], Sequence[Span]] = lambda _: ()
    ) -> None:
        self.source = source
        self.spans_of = spans_of
        """Where each token of a text stands; asked only when a span is."""
        self.leaves: list[Leaf] = []
        self.ops: list[Op] = []
        self.inputs: list[tuple[int, ...]] = []
        self.names: dict[int, str] = {}
        self.calls: list[Call] = []
        self.lengths: dict[int, int] = {}
        self.aliases: dict[str, int] = {}
        """Names of statements that only rename: the node they stand for."""
        self.first: Sequence[int] = ()
        self.last: Sequence[int] = ()

    def leaf(self, name: str | None, constant: Constant | ConstantArray | None = None) -> int:
        """Add a variable or a constant; its index. All leaves come before the first operation."""
        self.leaves.append(Leaf(name, constant))
        return len(self.leaves) - 1

    def apply(self, op: Op, inputs: tuple[int, ...]) -> int:
        """Add an operation; its index."""
        self.ops.append(op)
        self.inputs.append(inputs)
        return self.count - 1

    @property
    def count(self) -> int:
        """How many nodes there are so far."""
        return len(self.leaves) + len(self.ops)

    def called(self, function: str, first: int) -> None:
        """Note that the nodes from `first` on are a call of a function, if there are any."""
        if first < self.count:
            self.calls.append(Call(function, first, self.count - 1))

    def finished(
        self,
        output: int,
        *,
        unused: frozenset[str] = frozenset(),
        warnings: tuple[str, ...] = (),
    ) -> Graph:
        """The graph, from now on unchanging."""
        graph = Graph.__new__(Graph)
        graph.source = self.source
        graph.leaves = tuple(self.leaves)
        graph.calls = self.calls
        graph.lengths = self.lengths
        graph.structural = any(op.shape is not None for op in dict.fromkeys(self.ops)) or any(
            hasattr(leaf.constant, "array") for leaf in self.leaves
        )
        graph._ops = self.ops
        graph._inputs = self.inputs
        graph._names = self.names
        graph._variables = {
            leaf.name: index
            for index, leaf in enumerate(self.leaves)
            if leaf.constant is None and leaf.name is not None
        }
        constants = {leaf.name: i for i, leaf in enumerate(self.leaves) if leaf.name is not None}
        named = {name: index for index, name in self.names.items()}
        graph._indices = {**self.aliases, **named, **constants}
        graph._first = self.first
        graph._last = self.last
        graph.output = output
        graph._spans = None
        graph._spans_of = self.spans_of
        graph.unused = unused
        graph.warnings = warnings
        return graph
