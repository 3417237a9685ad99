"""result -> CSV or TSV: one line per node, numbers in their shortest form."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from bpcalc.render.numbers import shortest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpcalc.results import Result


def delimited(result: Result, delimiter: str) -> Iterator[str]:
    """The nodes with their values, gradients and references, a line at a time."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    for cells in _table(result):
        writer.writerow(cells)
        yield stream.getvalue()
        stream.seek(0)
        stream.truncate()


def _table(result: Result) -> Iterator[list[str]]:
    head = ["id", "name", "op", "expr", "inputs", "value", "gradient"]
    checked = ["check_value", "check_gradient", "error", "ok"] if result.check is not None else []
    yield [*head, *checked]
    for node in result.nodes:
        inputs = " ".join(f"n{i + 1}" for i in result.graph.inputs(node.index))
        value, gradient = result.values[node.index], result.gradients[node.index]
        cells = [node.id, node.name or "", node.op, node.expr, inputs]
        cells += [shortest(value), shortest(gradient)]
        if result.check is not None:
            said = result.check.nodes[node.index]
            ok = "" if said.ok is None else str(said.ok).lower()
            cells += [shortest(said.value), shortest(said.gradient), shortest(said.error), ok]
        yield cells
