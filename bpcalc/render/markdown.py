"""result -> a Markdown table, and the gradient as a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpcalc.render.numbers import DIGITS, rounded
from bpcalc.render.rows import Row, Style, rows, slopes, verdict

if TYPE_CHECKING:
    from bpcalc.results import Result


def markdown(result: Result, digits: int = DIGITS) -> str:
    """The nodes as a table, then value, gradient and SymPy's verdict."""
    checked = result.check is not None
    head = ["node", "formula", "value", "gradient", "upstream × local"]
    lines = [_line([*head, *(["SymPy"] if checked else [])])]
    lines.append(_line(["---", "---", "---:", "---:", "---", *(["---"] if checked else [])]))
    for row in rows(result, Style(digits)):
        shares = "<br>".join(row.shares)
        value, gradient = (
            _number(row.value, row.right_value),
            _number(row.gradient, row.right_gradient),
        )
        cells = [row.id, code(row.formula), value, gradient, shares]
        lines.append(_line([*cells, *([_mark(row)] if checked else [])]))
    lines += ["", f"- value {rounded(result.value, digits)}"]
    for slope in slopes(result, digits):
        symbolic = f" = {code(slope.symbolic)}" if slope.symbolic else ""
        lines.append(f"- {code(f'∂/∂{slope.name}')} {slope.value}{symbolic}")
    if checked:
        lines += ["", verdict(result)]
    return "\n".join(lines) + "\n"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def code(text: str) -> str:
    """Text that Markdown shows as it is."""
    return f"`{text.replace('|', '¦')}`"


def _number(found: str, right: str) -> str:
    """A number or an array, on one line; under one that is wrong, the right one."""
    found, right = " ".join(found.split()), " ".join(right.split())
    return f"~~{found}~~<br>**{right}**" if right else found


def _mark(row: Row) -> str:
    if row.ok is None:
        return "–"
    if row.ok:
        return "✓"
    return "**wrong**<br>right" if row.right_value or row.right_gradient else "**wrong**"
