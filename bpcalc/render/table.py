"""result -> the table for the terminal, by Rich."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bpcalc.render.look import Look
from bpcalc.render.numbers import DIGITS, rounded
from bpcalc.render.rows import Row, Style, filled, rows, slopes, verdict

if TYPE_CHECKING:
    from rich.console import RenderableType

    from bpcalc.results import Result


def table(result: Result, look: Look = Look(), digits: int = DIGITS) -> str:  # noqa: B008
    """The whole output of `bpcalc grad`: the nodes, the gradient, what SymPy says."""
    nodes, look = _nodes(result, look, digits)
    parts: list[RenderableType] = [nodes, _summary(result, look, digits)]
    said = verdict(result)
    if said:
        good = result.check is not None and result.check.ok
        wrong = result.check is not None and result.check.ok is False
        parts.append(Text(said, style="green" if good else "bold red" if wrong else "yellow"))
    return drawn(parts, look)


def drawn(parts: list[RenderableType], look: Look) -> str:
    """Rich's output as text, without trailing blanks."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=look.width or 1_000_000,
        force_terminal=look.colour,
        color_system="standard" if look.colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for part in parts:
        console.print(part, soft_wrap=look.width is None and isinstance(part, Text))
    lines = stream.getvalue().splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def new_table(look: Look) -> Table:
    """An empty table in the house style."""
    return Table(
        box=box.ROUNDED if look.unicode else box.ASCII,
        header_style="bold",
        border_style="dim",
        pad_edge=True,
    )


def _nodes(result: Result, look: Look, digits: int) -> tuple[Table, Look]:
    """The nodes, in short form where the terminal is too narrow for every product in full.

    Where it is too narrow even for that, the table is as wide as it has to be: better broken by
    the terminal than cut.
    """
    times = "×" if look.unicode else "*"
    full = _filled(result, look, Style(digits, times))
    if look.width is None:
        return full, look
    ruler = Console(width=100_000, file=io.StringIO())
    if ruler.measure(full).maximum <= look.width:
        return full, look
    short = _filled(result, look, Style(digits, times, short=True))
    if ruler.measure(short).minimum <= look.width:
        return short, look
    unlimited = look._replace(width=None)
    return _filled(result, unlimited, Style(digits, times)), unlimited


def _filled(result: Result, look: Look, style: Style) -> Table:
    checked = result.check is not None
    wrap = look.width is not None
    shown = rows(result, style)
    found = new_table(look)
    found.pad_edge = not style.short  # two columns more for numbers
    found.add_column("node", no_wrap=True)
    formulas = max(len(row.formula) for row in shown)
    found.add_column("formula", overflow="fold", no_wrap=not wrap, min_width=min(formulas, 4))
    found.add_column("value", justify="right", no_wrap=True)  # no number is ever broken
    found.add_column("gradient", justify="right", no_wrap=True)
    upstream = "consumer" if style.short else "upstream"
    longest = max(
        (len(word) for row in shown for line in row.shares for word in line.split()), default=0
    )
    found.add_column(f"{upstream} {style.times} local", no_wrap=not wrap, min_width=longest)
    if checked:
        found.add_column("SymPy", no_wrap=True)
    for row in shown:
        cells = [
            Text(row.id),
            Text(row.formula, style="bold" if " = " in row.formula else ""),
            _number(row.value, row.right_value, ""),
            _number(row.gradient, row.right_gradient, "magenta"),
            Text("\n".join(row.shares)),
        ]
        found.add_row(*cells, *([_mark(row, look)] if checked else []))
    return found


def _number(found: str, right: str, style: str) -> Text:
    """A number; under one that is wrong, the right one."""
    if not right:
        return Text(found, style=style)
    return Text.assemble((found, "strike red"), "\n", (right, "bold green"))


def _mark(row: Row, look: Look) -> Text:
    if row.ok is None:
        return Text("-" if not look.unicode else "–", style="yellow")
    if not row.ok:
        return Text(
            "WRONG\nright" if row.right_value or row.right_gradient else "WRONG", "bold red"
        )
    return Text("✓" if look.unicode else "ok", style="green")


def _summary(result: Result, look: Look, digits: int) -> Table:
    """The value and the gradient, with SymPy's formulas."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(" value"), Text(filled(rounded(result.value, digits)), "bold"), "")
    d = "∂" if look.unicode else "d"
    for slope in slopes(result, digits):
        symbolic = Text(f"= {slope.symbolic}" if slope.symbolic else "", style="dim")
        grid.add_row(
            Text(f" {d}/{d}{slope.name}"), Text(filled(slope.value), "bold magenta"), symbolic
        )
    return grid
