"""graph or result -> the JSON of `bpcalc graph`: as of `bpcalc grad`, and the parts of the formula.

Without values there is no value, gradient or check in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bpcalc.render.graph.picture import regions
from bpcalc.render.json_text import data_as_json
from bpcalc.results import SCHEMA

if TYPE_CHECKING:
    from bpcalc.graph import Graph, Node
    from bpcalc.results import Result


def graph_data(graph: Graph, result: Result | None) -> dict[str, Any]:
    """The JSON as Python's dicts and lists."""
    data = result.to_dict() if result is not None else _bare(graph)
    warnings = data.pop("warnings")
    return {**data, "groups": _groups(graph), "warnings": warnings}


def graph_json(graph: Graph, result: Result | None) -> Iterator[str]:
    """The JSON as text, in pieces."""
    return data_as_json(graph_data(graph, result))


def _bare(graph: Graph) -> dict[str, Any]:
    return {
        "bpcalc": SCHEMA,
        "formula": graph.source,
        "output": graph.nodes[graph.output].id,
        "nodes": [_node(node) for node in graph.nodes],
        "edges": [
            {"from": f"n{consumer + 1}", "to": f"n{index + 1}", "arg": arg}
            for consumer, _, inputs in graph.operations
            for arg, index in enumerate(inputs)
        ],
        "warnings": list(graph.warnings),
    }


def _node(node: Node) -> dict[str, Any]:
    return {
        "id": node.id,
        "name": node.name,
        "op": node.op,
        "expr": node.expr,
        "inputs": [given.id for given in node.inputs],
    }


def _groups(graph: Graph) -> list[dict[str, Any]]:
    """The named statements and the calls of functions: from which node to which."""
    return [
        {
            "name": region.name,
            "kind": "statement" if region.statement else "function",
            "first": f"n{region.first + 1}",
            "output": f"n{region.last + 1}",
        }
        for region in regions(graph)
    ]
