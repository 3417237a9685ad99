"""`--format json`: the computed numbers of all rows, or of their reduction, as one document."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bpcalc.rows.computing import Computed, Computing, Numbers
from bpcalc.rows.delimited import cells
from bpcalc.rows.formats import Way
from bpcalc.rows.json_lines import json_number
from bpcalc.rows.plan import Block, Done, Plan, Transform
from bpcalc.rows.reducing import Partial
from bpcalc.rows.tables import Rows


class Document:
    """A document while its rows are written, of which any number come at a time."""

    def __init__(self, formula: str, write: Callable[[bytes], object]) -> None:
        self.write = write
        self.count = 0
        text = json.dumps(formula, ensure_ascii=False)
        write(f'{{\n  "bpcalc": 1,\n  "formula": {text},\n  "rows": ['.encode())

    def rows(self, lines: bytes) -> None:
        """Write lines of rows."""
        if lines:
            self.write(b"," + lines if self.count else lines)
            self.count += lines.count(b"\n")

    def end(self, bad: int) -> None:
        """Write what stands behind the rows."""
        space = "\n  " if self.count else ""
        self.write(f'{space}],\n  "count": {self.count},\n  "bad": {bad}\n}}\n'.encode())


def transform(way: Way, computing: Computing, several: bool) -> Transform:
    """Blocks -> a line for each row: its place in the table, its value, its gradient."""

    def transformed(block: Block) -> Done:
        found = way.rows(block)
        computed = computing(found)
        place = f'"file": {json.dumps(block.file)}, ' if several else ""
        data = ",".join(_lines(computing.plan, found, computed, place)).encode()
        return Done(data, len(found.records), len(computed.bad), computed.first, found.error)

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
