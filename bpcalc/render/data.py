"""result -> the JSON of the contract, as dicts and lists, and as text (strict, RFC 8259)."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bpcalc.calculator import Edge, Result
    from bpcalc.checks.check import NodeCheck
    from bpcalc.graph import Node

SCHEMA = 1
"""The version of the JSON."""


def _edges(result: Result) -> list[dict[str, Any]]:
    return [_edge(edge) for edge in result.each_edge()]


def _nodes(result: Result) -> list[dict[str, Any]]:
    return [_node(result, node) for node in result.nodes]


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
    "value": lambda result: result.value,
    "gradient": lambda result: result.gradient,
    "output": lambda result: result.nodes[result.graph.output].id,
    "nodes": _nodes,
    "edges": _edges,
    "check": _verdict,
    "warnings": _warnings,
}
"""What stands under each key of the JSON, in its order; `check` only where one was made."""


def _node(result: Result, node: Node) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": node.id,
        "name": node.name,
        "op": node.op,
        "expr": node.expr,
        "inputs": [f"n{i + 1}" for i in result.graph.inputs(node.index)],
        "value": result.values[node.index],
        "gradient": result.gradients[node.index],
    }
    if result.check is not None:
        data["check"] = _check(result.check.nodes[node.index])
    return data


def _check(check: NodeCheck) -> dict[str, Any]:
    return {
        "value": check.value,
        "gradient": check.gradient,
        "error": check.error,
        "ok": check.ok,
    }


def _edge(edge: Edge) -> dict[str, Any]:
    data = {
        "from": f"n{edge.consumer + 1}",
        "to": f"n{edge.input + 1}",
        "arg": edge.arg,
        "local": edge.local,
        "upstream": edge.upstream,
        "gradient": edge.gradient,
    }
    if edge.local is None:  # nothing flows here, and no local derivative was computed
        del data["local"]
    return data


def as_json(result: Result) -> Iterator[str]:
    """The JSON text of a result, in pieces: a line per key, per node and per edge."""
    entries: dict[str, Iterator[dict[str, Any]]] = {
        "nodes": (_node(result, node) for node in result.nodes),
        "edges": (_edge(edge) for edge in result.each_edge()),
    }
    separator = "{\n"
    for key in result.keys():  # noqa: SIM118  (a result is no dict)
        yield f"{separator}  {_text(key)}: "
        yield from _listed(entries[key]) if key in entries else [_text(result[key])]
        separator = ",\n"
    yield "\n}\n"


def data_as_json(data: dict[str, Any]) -> Iterator[str]:
    """JSON text of anything else, a line per key and per entry of a list of objects."""
    separator = "{\n"
    for key, value in data.items():
        yield f"{separator}  {_text(key)}: "
        objects = isinstance(value, list) and value and isinstance(value[0], dict)
        yield from _listed(iter(value)) if objects else [_text(value)]
        separator = ",\n"
    yield "\n}\n"


def _listed(entries: Iterator[dict[str, Any]]) -> Iterator[str]:
    separator = "[\n    "
    for entry in entries:
        yield separator + _text(entry)
        separator = ",\n    "
    yield "[]" if separator[0] == "[" else "\n  ]"


def _text(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(strict(value), ensure_ascii=False, allow_nan=False)


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
