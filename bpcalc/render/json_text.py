"""result -> the JSON of the contract as text (strict, RFC 8259), in pieces."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from bpcalc.results import edge_data, node_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpcalc.results import Result


def as_json(result: Result) -> Iterator[str]:
    """The JSON text of a result, in pieces: a line per key, per node and per edge."""
    entries: dict[str, Iterator[dict[str, Any]]] = {
        "nodes": (node_data(result, node) for node in result.nodes),
        "edges": (edge_data(edge) for edge in result.each_edge()),
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
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        text = json.dumps(strict(value), ensure_ascii=False, allow_nan=False)
    if text.isprintable():
        return text
    # JSON may hold U+009B as it is, and a terminal would obey it.
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


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
