"""A block of CSV or TSV -> its records as they stand, with the computed cells behind them."""

from __future__ import annotations

from itertools import chain

from bpcalc.rows.computing import Computed, Computing, Numbers
from bpcalc.rows.plan import Block, Done, Plan, Transform
from bpcalc.rows.spelling import spelled, spelled_in_full, spelled_or_nan
from bpcalc.rows.tables import Rows, rows


def transform(computing: Computing) -> Transform:
    """What is done to every block."""
    plan = computing.plan

    def transformed(block: Block) -> Done:
        found = rows(plan, block)
        computed = computing(found)
        text = written(plan, found, computed)
        return Done(text.encode("latin-1"), len(found.records), len(computed.bad), computed.first)

    return transformed


def written(plan: Plan, rows: Rows, computed: Computed) -> str:
    """The records with their new cells, or these alone."""
    if not rows.records:
        return ""
    columns = cells(computed.results, len(plan.names), bool(computed.bad))
    if not plan.only:
        columns = [rows.records, *columns]
    lines = map(plan.separator.join, zip(*columns))
    if isinstance(rows.ends, str):
        return rows.ends.join(lines) + rows.ends
    return "".join(chain.from_iterable(zip(lines, rows.ends)))


def cells(results: list[Numbers], width: int, bad: bool) -> list[list[str]]:
    """The text of the computed cells, column by column."""
    spell = spelled_or_nan if bad else spelled
    texts = spell(chain.from_iterable(results))
    return [texts[position::width] for position in range(width)]


def delimited_row(plan: Plan, numbers: Numbers) -> bytes:
    """One record of computed cells."""
    return f"{plan.separator.join(spelled_in_full(numbers))}\n".encode()
