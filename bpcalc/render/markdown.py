"""result -> a Markdown table, and the gradient as a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpcalc.render.numbers import DIGITS, rounded
from bpcalc.render.rows import Style, rows, slopes, verdict

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
        cells = [row.id, code(row.formula), row.value, row.gradient, shares]
        lines.append(_line([*cells, *([_mark(row.ok)] if checked else [])]))
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


def _mark(ok: bool | None) -> str:
    return "–" if ok is None else "✓" if ok else "**wrong**"
