"""result -> the JSON of the contract as text (strict, RFC 8259), in pieces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from bpcalc.results import edge_data, node_data, strict

if TYPE_CHECKING:
    from bpcalc.results import Result


def as_json(result: Result) -> Iterator[str]:
    """The JSON text of a result, in pieces: a line per key, per node and per edge."""
    lists: dict[str, Iterator[dict[str, Any]]] = {
        "nodes": (node_data(result, node) for node in result.nodes),
        "edges": (edge_data(edge) for edge in result.each_edge()),
    }
    keys = result.keys()
    yield from entries_as_json((key, lists[key] if key in lists else result[key]) for key in keys)


def data_as_json(data: dict[str, Any]) -> Iterator[str]:
    """JSON text of anything else, a line per key and per entry of a list of objects."""
    yield from entries_as_json(data.items())


def entries_as_json(entries: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """JSON text of an object, a line per key; a list of objects, or an iterator, a line per entry.

    What an iterator gives is written before the next is asked for.
    """
    separator = "{\n"
    for key, value in entries:
        yield f"{separator}  {_text(key)}: "
        objects = isinstance(value, list) and value and isinstance(value[0], dict)
        listed = objects or isinstance(value, Iterator)
        yield from _listed(iter(value)) if listed else [_text(value)]
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
