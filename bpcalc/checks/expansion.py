"""A graph of arrays -> a graph of numbers, in which every element is a node of its own.

Each operation's meaning runs on arrays of `Ref`s instead of numbers: an elementwise one becomes one
node per element, a structural one the sums and products that it stands for. The reference of
scalar formulas then has an opinion on every element, and no vector-Jacobian rule was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy

from bpcalc.checks.reference import COPY, FIXED_COPY
from bpcalc.graph import Graph
from bpcalc.graph.graph import Building
from bpcalc.ops.arrays import ConstantArray
from bpcalc.ops.constants import Constant
from bpcalc.ops.op import OPERATORS, TABLE, Op, Value, register_kind

MAX_NODES = 20_000
"""So many scalar nodes are checked in a few seconds; up to a minute where terms cancel to 0."""

Refs: TypeAlias = "numpy.ndarray[Any, Any]"
"""An array of Refs."""

Place: TypeAlias = "tuple[int, ...]"
"""The indices of an element."""

Places: TypeAlias = "numpy.ndarray[Any, Any]"
"""An array of the indices of scalar nodes."""


class TooManyNodes(Exception):  # noqa: N818  (it is raised to say how a formula is, and always caught)
    """The graph of numbers would have more nodes than can be checked."""


class Expansion(NamedTuple):
    """The graph of numbers that stands for a graph of arrays."""

    graph: Graph
    variables: Mapping[str, Constant]
    """The value of each element, by names like `W[0, 1]`."""
    seed: Constant
    places: Sequence[Places]
    """For every node of the array graph, which scalar nodes its elements are."""
    owners: Sequence[int]
    """For every scalar node in which node of the array graph it arose; -1 for none."""


class Ref:
    """A node of the graph of numbers under construction; a leaf has a negative place."""

    __slots__ = ("place", "tape")

    def __init__(self, tape: Tape, place: int) -> None:
        self.tape = tape
        self.place = place

    def __bool__(self) -> bool:
        raise TypeError("a node is neither true nor false; where() decides by its value")

    def __add__(self, other: Value) -> Ref:
        return self.tape.apply(TABLE["add"], (self, other))

    def __radd__(self, other: Value) -> Ref:
        return self.tape.apply(TABLE["add"], (other, self))

    def __sub__(self, other: Value) -> Ref:
        return self.tape.apply(TABLE["sub"], (self, other))

    def __rsub__(self, other: Value) -> Ref:
        return self.tape.apply(TABLE["sub"], (other, self))

    def __mul__(self, other: Value) -> Ref:
        return self.tape.apply(TABLE["mul"], (self, other))

    def __rmul__(self, other: Value) -> Ref:
        return self.tape.apply(TABLE["mul"], (other, self))

    def __truediv__(self, other: Value) -> Ref:
        return self.tape.apply(TABLE["div"], (self, other))

    def __rtruediv__(self, other: Value) -> Ref:
        return self.tape.apply(TABLE["div"], (other, self))

    def __pow__(self, other: Value) -> Ref:
        if isinstance(other, Ref):
            return self.tape.apply(TABLE["pow"], (self, other))
        return self.tape.apply(TABLE["power"].with_options({"exponent": other}), (self,))

    def __neg__(self) -> Ref:
        return self.tape.apply(OPERATORS["unary -"], (self,))


def _applied(op: Op, args: tuple[Value, ...]) -> Value:
    """An operation with a Ref among its inputs; beside it there may be arrays."""
    if op.shape is not None:  # [a, b] takes numbers as they are
        return op.of_objects(args if op.variadic else tuple(map(_as_array, args)))
    if any(getattr(arg, "shape", ()) for arg in args):
        return op.of_objects(args)
    tape = next(arg.tape for arg in args if isinstance(arg, Ref))
    return tape.apply(op, args)


def _as_array(value: Value) -> Value:
    return numpy.asarray(value, dtype=object) if isinstance(value, Ref) else value


register_kind(Ref, _applied)


class Tape:
    """The graph of numbers under construction; leaves may still come after operations."""

    def __init__(self) -> None:
        self.leaves: list[tuple[str | None, Constant | None]] = []
        self.ops: list[Op] = []
        self.inputs: list[tuple[int, ...]] = []
        self.owners: list[int] = []
        """The array node in which each operation arose."""
        self.owner = -1
        self.used: set[int] = set()
        """What has been an input since the current array node began."""
        self._numbers: dict[str, Ref] = {}

    def leaf(self, name: str | None, constant: Constant | None = None) -> Ref:
        """A variable or a constant of its own."""
        self._refuse_more()
        self.leaves.append((name, constant))
        return Ref(self, -len(self.leaves))

    def apply(self, op: Op, args: tuple[Value, ...]) -> Ref:
        """An operation on nodes and numbers."""
        self._refuse_more()
        places = tuple(self.ref(arg).place for arg in args)
        self.used.update(places)
        self.ops.append(op)
        self.inputs.append(places)
        self.owners.append(self.owner)
        return Ref(self, len(self.ops) - 1)

    def ref(self, value: Value) -> Ref:
        """A node stays what it is; a number becomes a constant, one for equal ones."""
        if isinstance(value, Ref):
            return value
        known = constant(value)
        if known.text not in self._numbers:
            self._numbers[known.text] = self.leaf(None, known)
        return self._numbers[known.text]

    def copy(self, ref: Ref) -> Ref:
        """A node with the same value and a gradient of its own."""
        place = ref.place
        fixed = self.leaves[-1 - place][1] is not None if place < 0 else self.ops[place].switch
        return self.apply(FIXED_COPY if fixed else COPY, (ref,))

    def _refuse_more(self) -> None:
        if len(self.ops) + len(self.leaves) >= MAX_NODES:
            raise TooManyNodes

    def index(self, place: int) -> int:
        """The index in the finished graph."""
        return -1 - place if place < 0 else len(self.leaves) + place

    def finished(self, output: Ref) -> Graph:
        """The graph."""
        building = Building()
        for name, known in self.leaves:
            building.leaf(name, known)
        building.ops = self.ops
        building.inputs = [tuple(map(self.index, places)) for places in self.inputs]
        return building.finished(self.index(output.place))


def expanded(graph: Graph, variables: Mapping[str, Value], seed: Value) -> Expansion:
    """The graph of numbers that a graph of arrays with these variables stands for.

    The derivative of its output is that of sum(seed * output).

    Raises:
        TooManyNodes: it would be too large to check.
    """
    tape = Tape()
    known: dict[str, Constant] = {}
    nodes: list[Value] = []
    for leaf in graph.leaves:
        if leaf.constant is None:
            name = leaf.name or ""
            nodes.append(_variable(tape, name, variables[name], known))
        elif isinstance(leaf.constant, ConstantArray):
            nodes.append(_each(lambda x: tape.leaf(None, constant(x)), leaf.constant.array))
        else:
            nodes.append(tape.leaf(None, leaf.constant))
    for index, op, inputs in graph.operations:
        tape.owner, tape.used = index, set()
        first = len(tape.ops)
        nodes.append(_own(tape, op(*[nodes[i] for i in inputs]), first))
    tape.owner = -1
    output, start = _summed(tape, nodes[graph.output], seed)
    whole = tape.finished(output)
    owners = [-1] * len(tape.leaves) + tape.owners
    return Expansion(whole, known, start, [_places(tape, node) for node in nodes], owners)


def constant(value: Value) -> Constant:
    """The decimal that a float64 stands for: the shortest that reads back to it."""
    if isinstance(value, Constant):
        return value
    number = float(value)
    whole = number == int(number) and abs(number) < 1e15 if number - number == 0 else False
    return Constant(number, str(int(number)) if whole else repr(number))


def element_name(name: str, place: tuple[int, ...]) -> str:
    """`W[0, 1]`."""
    return f"{name}[{', '.join(map(str, place))}]" if place else name


def _variable(tape: Tape, name: str, value: Value, known: dict[str, Constant]) -> Value:
    if isinstance(value, Constant):
        known[name] = value
        return tape.leaf(name)
    found = numpy.empty(numpy.shape(value), dtype=object)
    for place, x in numpy.ndenumerate(value):
        element = element_name(name, place)
        known[element] = constant(x)
        found[place] = tape.leaf(element)
    return found


def _each(function: Any, array: Value) -> Refs:
    """An array of what a function gives for each element."""
    found = numpy.empty(numpy.shape(array), dtype=object)
    for place, x in numpy.ndenumerate(array):
        found[place] = function(x)
    return found


def _own(tape: Tape, found: Value, first: int) -> Value:
    """The elements of a node as nodes of its own: an element that only moved is copied.

    So is one that other elements of the same node were computed from: its gradient is to be that
    of the array's element, without what flows within the operation.
    """
    inner = set(tape.used)
    taken: set[int] = set()

    def own(element: Value) -> Ref:
        if not isinstance(element, Ref):
            return tape.leaf(None, constant(element))
        fresh = element.place >= first and element.place not in inner | taken
        result = element if fresh else tape.copy(element)
        taken.add(result.place)
        return result

    return _each(own, found) if numpy.shape(found) else own(found)


def _summed(tape: Tape, output: Value, seed: Value) -> tuple[Ref, Constant]:
    """The number that is differentiated, and the seed for it."""
    if not numpy.shape(output):
        return output, seed
    total: Value = None
    for ref, factor in zip(output.flat, numpy.asarray(seed).flat):
        term = tape.ref(factor) * ref
        total = term if total is None else total + term
    return total, Constant(1.0, "1")


def _places(tape: Tape, node: Value) -> Places:
    flat = [tape.index(ref.place) for ref in numpy.asarray(node, dtype=object).flat]
    return numpy.array(flat, dtype=int).reshape(numpy.shape(node))
