"""JSON lines: a block -> its objects as they stand, with the computed members at their end.

The first object says which members there are, as a header does. A line that is no object has
nothing to stand beside: what comes out for it are the computed members alone. Lines are read as
UTF-8; bytes that are none come out as they went in.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from json import JSONDecoder
from math import isfinite, nan
from typing import Any

from bpcalc.errors import RequestError, printable
from bpcalc.rows.computing import Computed, Computing, Numbers
from bpcalc.rows.delimited import cells
from bpcalc.rows.plan import Block, Done, Plan, Transform, refuse_clash
from bpcalc.rows.sources import shown
from bpcalc.rows.spelling import INFINITY, NAN, spelled_in_full
from bpcalc.rows.tables import Rows

_ERRORS = "surrogateescape"


class Repeated(dict[str, Any]):
    """An object in which a name stands twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.names = {name for name in self if names.count(name) > 1}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Repeated(pairs)


def _integer(text: str) -> float:
    return float(text)  # int() reads up to 4300 digits


_decode = JSONDecoder(object_pairs_hook=_object, parse_int=_integer).decode


def members(data: bytes) -> tuple[str, ...] | None:
    """The names in the first line that is an object; None where there is none."""
    for line in data.decode("utf-8", _ERRORS).split("\n"):
        found = _parsed(line)
        if isinstance(found, dict):
            return tuple(found)
    return None


def _parsed(line: str) -> Any:
    """What a line says; a text that tells what is wrong where it is no object."""
    try:
        found = _decode(line)
    except RecursionError:
        return "it is nested too deeply"
    except ValueError as why:
        column = getattr(why, "colno", None)
        return f"it is not JSON: see column {column}" if column else "it is not JSON"
    return found if isinstance(found, dict) else "it is no JSON object"


def rows(plan: Plan, block: Block, taken: Sequence[str] = ()) -> tuple[Rows, list[bool]]:
    """The rows of a block, and for each whether it is an object with members.

    They end before one that has a name which is `taken`, or which an option binds.
    """
    records: list[str] = []
    lines: list[int] = []
    full: list[bool] = []
    columns: list[list[float]] = [[] for _ in plan.used]
    bad: dict[int, str] = {}
    error = None
    keys = [(name, plan.columns[position]) for name, position in plan.used]
    refused = {*taken, *plan.fixed}
    number = block.line - 1
    for number, line in enumerate(block.data.decode("utf-8", _ERRORS).split("\n"), block.line):
        if not line or line.isspace():
            continue
        found = _parsed(line)
        row = len(records)
        if isinstance(found, str):
            bad[row] = found
            found = {}
            line = "{}"
            numbers = [nan] * len(keys)
        else:
            if not refused.isdisjoint(found):
                error = _clash(plan, found, taken, f"{shown(block.file)}, line {number:,}")
                break
            numbers = [_number(name, found, key, row, bad) for name, key in keys]
        for column, value in zip(columns, numbers):
            column.append(value)
        records.append(line)
        lines.append(number)
        full.append(bool(found))
    return Rows(records, "\n", lines, columns, bad, error), full


def _clash(plan: Plan, found: dict[str, Any], taken: Sequence[str], place: str) -> RequestError:
    """What is wrong with an object that has a name which is another's."""
    try:
        refuse_clash(found, taken, f"{place}: the object already has a member")
    except RequestError as error:
        return error
    name = next(name for name in plan.fixed if name in found)
    return RequestError(
        f"{place}: {printable(name, 60)} has two values: a member, and one of an option"
    )


def _number(name: str, found: dict[str, Any], key: str, row: int, bad: dict[int, str]) -> float:
    value = found.get(key)
    if type(value) is float and isfinite(value) and type(found) is dict:
        return value
    if isinstance(found, Repeated) and key in found.names:
        why = "there twice"
    elif key not in found:
        why = "missing"
    elif type(value) is float:
        if isfinite(value):
            return value
        why = "beyond the range of float64, or not finite"
    elif isinstance(value, str):
        why = f"{printable(json.dumps(value, ensure_ascii=False), 40)}, text and not a number"
    else:
        kinds = {bool: "true or false", type(None): "null", list: "a list"}
        why = f"{kinds.get(type(value), 'an object')}, not a number"
    bad.setdefault(row, f"{name} is {why}")
    return nan


def transform(computing: Computing) -> Transform:
    """What is done to every block."""
    plan = computing.plan
    taken = () if plan.only else plan.names

    def transformed(block: Block) -> Done:
        found, full = rows(plan, block, taken)
        computed = computing(found)
        data = written(plan, found, full, computed).encode("utf-8", _ERRORS)
        return Done(data, len(found.records), len(computed.bad), computed.first, found.error)

    return transformed


def written(plan: Plan, rows: Rows, full: Sequence[bool], computed: Computed) -> str:
    """The objects with their new members, or these alone."""
    keys = _keys(plan)
    lines = []
    columns = cells(computed.results, len(plan.names), bool(computed.bad))
    for record, comma, texts in zip(rows.records, full, zip(*columns)):
        added = "".join(map(str.__add__, keys, map(json_number, texts)))
        if plan.only:
            lines.append(f"{{{added}}}\n")
            continue
        brace = record.rindex("}")
        before = record[:brace].rstrip(" \t\r")
        lines.append(f"{before}{', ' if comma else ''}{added}{record[brace:]}\n")
    return "".join(lines)


def json_row(plan: Plan, numbers: Numbers) -> bytes:
    """One object of computed members."""
    texts = map(json_number, spelled_in_full(numbers))
    return f"{{{''.join(map(str.__add__, _keys(plan), texts))}}}\n".encode()


def _keys(plan: Plan) -> list[str]:
    """What stands before each number."""
    first, *others = plan.names
    return [f"{_json(first)}: ", *[f", {_json(name)}: " for name in others]]


def json_number(text: str) -> str:
    """Strict JSON has no NaN, and nothing infinite: there they are texts."""
    return f'"{text}"' if text in (NAN, INFINITY, f"-{INFINITY}") else text


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
