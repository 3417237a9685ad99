"""result -> a picture and an HTML table, for notebooks."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

from bpcalc.render.graph.picture import picture
from bpcalc.render.graph.svg import svg
from bpcalc.render.numbers import DIGITS, rounded
from bpcalc.render.rows import Style, rows, slopes, verdict

if TYPE_CHECKING:
    from bpcalc.results import Result


def notebook(result: Result) -> str:
    """The picture of the graph, if it fits a page, and the table.

    The picture is an image of its own, so that its styles stay inside.
    """
    drawn = picture(result.graph, result)
    if drawn.notes:
        return table(result)
    data = b64encode(svg(drawn).encode()).decode()
    image = f"<img alt='{escape(drawn.title)}' src='data:image/svg+xml;base64,{data}' />"
    return f"{image}\n{table(result)}"


def table(result: Result, digits: int = DIGITS) -> str:
    """The nodes as a table, then value, gradient and SymPy's verdict."""
    checked = result.check is not None
    head = ["node", "formula", "value", "gradient", "upstream × local"]
    lines = ["<table>", _row("th", [*head, *(["SymPy"] if checked else [])])]
    for row in rows(result, Style(digits)):
        right = "\nright" if row.right_value or row.right_gradient else ""
        mark = "–" if row.ok is None else "✓" if row.ok else f"wrong{right}"
        value = f"{row.value}\n{row.right_value}".strip()
        gradient = f"{row.gradient}\n{row.right_gradient}".strip()
        cells = [row.id, row.formula, value, gradient, "\n".join(row.shares)]
        lines.append(_row("td", [*cells, *([mark] if checked else [])]))
    lines.append("</table>")
    said = [f"value {rounded(result.value, digits)}"]
    for slope in slopes(result, digits):
        symbolic = f" = {slope.symbolic}" if slope.symbolic else ""
        said.append(f"∂/∂{slope.name} {slope.value}{symbolic}")
    said += [verdict(result), *result.warnings]
    lines += [f"<div>{escape(line)}</div>" for line in said if line]
    if result.failure is not None:
        lines.append(f"<pre>{escape(result.failure.drawn())}</pre>")
    return "\n".join(lines) + "\n"


def _row(tag: str, cells: list[str]) -> str:
    inner = "".join(
        f"<{tag} style='text-align:left'>{escape(cell).replace(chr(10), '<br>')}</{tag}>"
        for cell in cells
    )
    return f"<tr>{inner}</tr>"
