"""`--format json`: the computed numbers of all rows, or of their reduction, as one document."""

from __future__ import annotations

import json
from typing import Any

from bpcalc.rows.computing import Computed, Computing, Numbers
from bpcalc.rows.delimited import cells
from bpcalc.rows.formats import Way
from bpcalc.rows.json_lines import json_number
from bpcalc.rows.plan import Block, Done, Plan, Transform
from bpcalc.rows.reducing import Partial
from bpcalc.rows.tables import Rows


def head(formula: str) -> bytes:
    """What stands before the first row."""
    text = json.dumps(formula, ensure_ascii=False)
    return f'{{\n  "bpcalc": 1,\n  "formula": {text},\n  "rows": ['.encode()


def tail(rows: int, bad: int) -> bytes:
    """What stands behind the last row."""
    end = "\n  " if rows else ""
    return f'{end}],\n  "count": {rows},\n  "bad": {bad}\n}}\n'.encode()


def transform(way: Way, computing: Computing, several: bool) -> Transform:
    """Blocks -> a line for each row: its place in the table, its value, its gradient."""
    begun = False

    def transformed(block: Block) -> Done:
        nonlocal begun
        found = way.rows(block)
        computed = computing(found)
        place = f'"file": {json.dumps(block.file, ensure_ascii=False)}, ' if several else ""
        text = ",".join(_lines(computing.plan, found, computed, place))
        if text and begun:
            text = "," + text
        begun = begun or bool(text)
        data = text.encode("utf-8", "backslashreplace")
        return Done(data, len(found.records), len(computed.bad), computed.first)

    return transformed


def _lines(plan: Plan, rows: Rows, computed: Computed, place: str) -> list[str]:
    keys = [f"{json.dumps(name, ensure_ascii=False)}: " for name in plan.wrt]
    columns = cells(computed.results, len(plan.names), bool(computed.bad))
    lines = []
    for line, (value, *gradient) in zip(rows.lines, zip(*columns)):
        members = ", ".join(map(str.__add__, keys, map(json_number, gradient)))
        lines.append(
            f'\n    {{{place}"line": {line}, "value": {json_number(value)}, '
            f'"gradient": {{{members}}}}}'
        )
    return lines


def reduced(formula: str, how: str, plan: Plan, found: Partial, numbers: Numbers) -> dict[str, Any]:
    """What is known of all rows together, as data."""
    value, *gradient = numbers
    return {
        "bpcalc": 1,
        "formula": formula,
        "reduce": how,
        "count": found.rows,
        "bad": found.bad,
        "value": value,
        "gradient": dict(zip(plan.wrt, gradient)),
    }
