"""scan(f, h0, xs): a recurrence, written out when the graph is built.

Step t is the node xs[t] and whatever f(h, x) computes from it and the last state; the states are
stacked in the end. The states of `h = scan(f, h0, xs)` are called h[0], h[1], ..., as the elements
of the result are in a formula; no other name has brackets in it. A scan without a name is `scan`,
the second one `scan.2`; within step 3 of another it is `h[3].scan`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from bpcalc.formula.tree import Statement
from bpcalc.graph import Building
from bpcalc.ops.op import Shape
from bpcalc.ops.shapes import of_result, of_value

MAX_STEPS = 10_000


class Scan:
    """A recurrence that is being written out."""

    __slots__ = ("function", "node", "starts", "states", "steps", "tree_node", "xs")

    def __init__(self, function: Statement, xs: int, steps: int, tree_node: int) -> None:
        self.function = function
        self.xs = xs
        self.steps = steps
        self.tree_node = tree_node
        """The call of scan in the tree."""
        self.starts: list[int] = []
        """The first node of each step so far."""
        self.states: list[int] = []
        """The node of the state after each step so far."""
        self.node = -1
        """The node of the result, once it is there."""


def state_names(scans: Sequence[Scan], names: Mapping[int, str]) -> Iterator[tuple[str, int]]:
    """The name and the node of every state; `names` are those of the statements."""
    known = dict(names)
    unnamed = {"scan": int("scan" in known.values())}
    around: list[tuple[Scan, str]] = []
    for scan in sorted(scans, key=lambda scan: scan.starts[0]):
        while around and around[-1][0].node < scan.starts[0]:
            around.pop()
        name = known.get(scan.node)
        if name is None:
            name = _own_name(scan, around, unnamed)
        for t, state in enumerate(scan.states):
            known.setdefault(state, f"{name}[{t}]")
            yield f"{name}[{t}]", state
        around.append((scan, name))


def _own_name(scan: Scan, around: Sequence[tuple[Scan, str]], unnamed: dict[str, int]) -> str:
    """The name of a scan that no statement named."""
    name = "scan"
    if around:
        outer, outer_name = around[-1]
        name = f"{outer_name}[{bisect_right(outer.starts, scan.starts[0]) - 1}].scan"
    unnamed[name] = unnamed.get(name, 0) + 1
    return name if unnamed[name] == 1 else f"{name}.{unnamed[name]}"


class NoValue(Exception):  # noqa: N818  (says what is missing, and is always caught)
    """A shape hangs on a variable that has no value yet."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class NoShape(Exception):  # noqa: N818
    """The inputs of a node do not fit each other."""

    def __init__(self, node: int, why: str) -> None:
        super().__init__(why)
        self.node = node


class Shapes:
    """The shapes of the nodes of a graph under construction, found when they are asked for."""

    def __init__(self, building: Building, bound: Collection[str]) -> None:
        self.building = building
        self.values: Mapping[str, Any] = bound if isinstance(bound, Mapping) else {}
        self.known: dict[int, Shape] = {}

    def of(self, node: int) -> Shape:
        """The shape of a node.

        Raises:
            NoValue: it hangs on a variable without a value.
            NoShape: the inputs of an operation do not fit each other.
        """
        leaves = len(self.building.leaves)
        waiting = [node]
        while waiting:
            index = waiting[-1]
            inputs = () if index < leaves else self.building.inputs[index - leaves]
            missing = [i for i in inputs if i not in self.known]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            if index not in self.known:
                self.known[index] = self._found(index, inputs)
        return self.known[node]

    def _found(self, index: int, inputs: Sequence[int]) -> Shape:
        leaves = self.building.leaves
        if index < len(leaves):
            name, constant = leaves[index]
            if constant is None and name not in self.values:
                raise NoValue(name or "")
            return of_value(self.values[name or ""] if constant is None else constant)
        try:
            op = self.building.ops[index - len(leaves)]
            return of_result(op, [self.known[i] for i in inputs])
        except ValueError as why:
            raise NoShape(index, str(why)) from None
