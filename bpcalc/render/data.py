"""result -> the JSON of the contract, as dicts and lists, and as text (strict, RFC 8259)."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bpcalc.calculator import Edge, Result
    from bpcalc.checks.check import NodeCheck
    from bpcalc.graph import Node

SCHEMA = 1
"""The version of the JSON."""


def as_data(result: Result) -> dict[str, Any]:
    """Everything about a result, under the names of the contract."""
    data: dict[str, Any] = {
        "bpcalc": SCHEMA,
        "formula": result.formula,
        "value": result.value,
        "gradient": result.gradient,
        "output": f"n{result.graph.output + 1}",
        "nodes": [_node(result, node) for node in result.nodes],
        "edges": [_edge(edge) for edge in result.edges],
    }
    if result.check is not None:
        data["check"] = {
            "method": result.check.method,
            "ok": result.check.ok,
            "max_error": result.check.max_error,
        }
    data["warnings"] = list(result.warnings)
    if result.failure is not None:
        data["warnings"].insert(0, result.failure.message)
    return data


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


def as_json(data: dict[str, Any]) -> str:
    """The data as JSON text: a line per key, and a line per entry of a list of objects."""
    return "{\n" + ",\n".join(f"  {_text(k)}: {_lines(v)}" for k, v in data.items()) + "\n}\n"


def _lines(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(f"    {_text(entry)}" for entry in value) + "\n  ]"
    return _text(value)


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
