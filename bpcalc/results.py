"""What a calculation found, and the same as the JSON of the contract."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from bpcalc.engine.backward import NOTHING, backward, zero_like
from bpcalc.errors import CalculationError
from bpcalc.graph import Graph, Node
from bpcalc.ops.domain import Kink
from bpcalc.ops.op import Value

if TYPE_CHECKING:
    from bpcalc.checks.check import Check, NodeCheck

SCHEMA = 1
"""The version of the JSON."""


class Edge(NamedTuple):
    """One use of a node, and what it brings to the node's gradient."""

    consumer: int
    input: int
    arg: int
    """Which input of the consumer it is, from 0."""
    local: Value | None
    """The local derivative; None where nothing flows, and where it would be a full Jacobian."""
    upstream: Value
    gradient: Value
    """upstream * local; of an operation that mixes elements its vector-Jacobian product."""
    flows: bool = True
    """False where nothing flows: what `where` did not choose, a comparison, a step."""


class Result:
    """What `grad` found: everything that the JSON holds, under the same names."""

    def __init__(
        self,
        graph: Graph,
        values: Sequence[Value],
        gradients: Sequence[Value],
        seed: Value,
        wrt: Sequence[str],
    ) -> None:
        self.graph: Graph = graph
        self.values = values
        """The value of every node, by index."""
        self.gradients = gradients
        """The gradient of the output with respect to every node, by index."""
        self.seed = seed
        """The gradient from which the backward pass started."""
        self.wrt = tuple(wrt)
        self.check: Check | None = None
        self.kinks: Sequence[tuple[int, Kink]] = ()
        self.failure: CalculationError | None = None
        """Why a result is not finite, if so."""
        self.warnings: list[str] = list(graph.warnings)

    @property
    def from_one(self) -> bool:
        """Whether the backward pass started from 1, as it does unless asked otherwise."""
        return not hasattr(self.seed, "shape") and self.seed == 1

    @property
    def formula(self) -> str:
        return self.graph.source

    @property
    def value(self) -> Value:
        """The value of the formula."""
        return self.values[self.graph.output]

    @property
    def gradient(self) -> dict[str, Value]:
        """The derivative of the output by each variable, in order of appearance."""
        return {name: self.gradients[self.graph.index(name)] for name in self.wrt}

    @property
    def ok(self) -> bool:
        """Whether everything is finite and no check disagrees."""
        return self.failure is None and not (self.check is not None and self.check.ok is False)

    @property
    def nodes(self) -> Sequence[Node]:
        return self.graph.nodes

    @property
    def edges(self) -> list[Edge]:
        """Every edge, in the order in which the backward pass takes them."""
        return list(self.each_edge())

    def each_edge(self) -> Iterator[Edge]:
        """The edges one by one, from a backward pass of their own: a million need no memory."""
        contributions = backward(self.graph, self.values, [], self.seed)
        told = next(contributions, None)
        for consumer in range(len(self.graph) - 1, len(self.graph.leaves) - 1, -1):
            for arg, target in enumerate(self.graph.inputs(consumer)):
                if told is None or told[:3] != (consumer, target, arg):
                    nothing = zero_like(self.values[target])
                    yield Edge(consumer, target, arg, None, 0.0, nothing, False)
                    continue
                _, _, _, local, upstream, gradient = told
                flows = gradient is not NOTHING
                local = None if local is None else 1.0 * local  # the literals of the rules are int
                gradient = 1.0 * gradient if flows else zero_like(self.values[target])
                yield Edge(consumer, target, arg, local, upstream, gradient, flows)
                told = next(contributions, None)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of the contract as Python's dicts and lists."""
        return {key: self[key] for key in self.keys()}

    def __getitem__(self, key: str) -> Any:
        """What stands under this key of the JSON.

        Raises:
            KeyError: the JSON has no such key.
        """
        if key not in self.keys():
            raise KeyError(key)
        return PARTS[key](self)

    def keys(self) -> Collection[str]:
        """The keys of the JSON, so that `dict(result)` works."""
        return [key for key in PARTS if key != "check" or self.check is not None]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __repr__(self) -> str:
        slopes = ", ".join(f"{name}: {value!r}" for name, value in self.gradient.items())
        return f"<Result value {self.value!r}, gradient {{{slopes}}}>"

    def _repr_html_(self) -> str:
        """The picture and the table, for notebooks; the table alone where the graph is large."""
        from bpcalc.render.html import notebook

        return notebook(self)

    def _repr_svg_(self) -> str:
        """The picture, for what shows no HTML."""
        from bpcalc.render.graph.picture import picture
        from bpcalc.render.graph.svg import svg

        return svg(picture(self.graph, self))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


def _edges(result: Result) -> list[dict[str, Any]]:
    return [edge_data(edge) for edge in result.each_edge()]


def _nodes(result: Result) -> list[dict[str, Any]]:
    return [node_data(result, node) for node in result.nodes]


def _verdict(result: Result) -> dict[str, Any] | None:
    check = result.check
    if check is None:
        return None
    return {"method": check.method, "ok": check.ok, "max_error": check.max_error}


def _warnings(result: Result) -> list[str]:
    """The warnings, and before them what failed."""
    failed = [result.failure.message] if result.failure is not None else []
    return [*failed, *result.warnings]


PARTS: dict[str, Callable[[Result], Any]] = {
    "bpcalc": lambda _: SCHEMA,
    "formula": lambda result: result.formula,
    "value": lambda result: as_lists(result.value),
    "gradient": lambda result: {name: as_lists(g) for name, g in result.gradient.items()},
    "output": lambda result: result.nodes[result.graph.output].id,
    "nodes": _nodes,
    "edges": _edges,
    "check": _verdict,
    "warnings": _warnings,
}
"""What stands under each key of the JSON, in its order; `check` only where one was made."""


def node_data(result: Result, node: Node) -> dict[str, Any]:
    """A node as the JSON has it."""
    data: dict[str, Any] = {
        "id": node.id,
        "name": node.name,
        "op": node.op,
        "expr": node.expr,
        "inputs": [f"n{i + 1}" for i in result.graph.inputs(node.index)],
        "value": as_lists(result.values[node.index]),
        "gradient": as_lists(result.gradients[node.index]),
    }
    if result.check is not None:
        data["check"] = _check(result.check.nodes[node.index])
    return data


def _check(check: NodeCheck) -> dict[str, Any]:
    return {
        "value": as_lists(check.value),
        "gradient": as_lists(check.gradient),
        "error": check.error,
        "ok": check.ok,
    }


def edge_data(edge: Edge) -> dict[str, Any]:
    """An edge as the JSON has it."""
    data = {
        "from": f"n{edge.consumer + 1}",
        "to": f"n{edge.input + 1}",
        "arg": edge.arg,
        "local": as_lists(edge.local),
        "upstream": as_lists(edge.upstream),
        "gradient": as_lists(edge.gradient),
    }
    if edge.local is None:  # it would be a full Jacobian; or nothing flows, and none was computed
        del data["local"]
    return data


def as_lists(value: Value) -> Value:
    """An array as nested lists; a number as it is."""
    return value.tolist() if hasattr(value, "tolist") else value


def strict(value: Any) -> Any:
    """The same with every number that JSON lacks as one of three strings."""
    if isinstance(value, float):
        if value != value:
            return "NaN"
        return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, dict):
        return {key: strict(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict(entry) for entry in value]
    return value
