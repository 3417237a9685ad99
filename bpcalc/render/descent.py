"""outcome of a descent -> the table for the terminal, with a small curve of the loss."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from bpcalc.render.loss_curve import loss_curve
from bpcalc.render.numbers import DIGITS, is_large, rounded
from bpcalc.render.table import drawn, new_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from bpcalc.descent.outcome import Outcome
    from bpcalc.ops.op import Value
    from bpcalc.render.look import Look

_CURVE_WIDTH = 80


def descent_table(found: Outcome, look: Look, digits: int = DIGITS) -> str:
    """The whole output of `bpcalc descend`: values, loss, how far it went, and the curve."""
    parts: list[RenderableType] = [_values(found, look, digits)]
    large = [name for name, value in found.values.items() if is_large(value)]
    if large:
        parts.append(Text(f" all numbers: --get values.{large[0]}, or --format json"))
    parts.append(_summary(found, look, digits))
    width = min(look.width or _CURVE_WIDTH, _CURVE_WIDTH)
    in_batches = found.samples is not None and found.samples.batches > 1
    curve = loss_curve(found.curve, width, look.unicode, means=in_batches)
    parts += [Text(line, no_wrap=True) for line in curve]
    return drawn(parts, look)


def _values(found: Outcome, look: Look, digits: int) -> Table:
    """A row for each variable that was learnt."""
    table = new_table(look)
    arrays = any(hasattr(value, "shape") for value in found.values.values())
    table.add_column("variable", no_wrap=True)
    if arrays:
        table.add_column("shape", no_wrap=True)
    for name in ("start", "end"):
        table.add_column(name, justify="right", overflow="fold", no_wrap=look.width is None)
    for name, end in found.values.items():
        start = Text(said(found.start[name], digits))
        shape = [Text(str(getattr(end, "shape", "")))] if arrays else []
        table.add_row(Text(name), *shape, start, Text(said(end, digits), "bold"))
    return table


def said(value: Value, digits: int) -> str:
    """A number, some of them, or how long a large array is as a vector."""
    if not is_large(value):
        return rounded(value, digits)
    return f"norm {rounded(sqrt(float((value * value).sum())), digits)}"


def _summary(found: Outcome, look: Look, digits: int) -> Table:
    """The loss, how far it went, and why it stopped."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in summary(found, digits, "→" if look.unicode else "->"):
        grid.add_row(Text(f" {name}"), Text(text, style="bold" if name == "loss" else ""))
    return grid


def summary(found: Outcome, digits: int = DIGITS, arrow: str = "→") -> Iterator[tuple[str, str]]:
    """What there is to say beside the values, and what that is called."""
    start, end = (None if loss is None else rounded(loss, digits) for loss in found.loss)
    if found.steps == 0 or start is None:
        yield "loss", end or start or "not finite"
    elif end is None:
        yield "loss", f"{start} at the start, {_last(found, digits)} in the last step"
    else:
        yield "loss", f"{start} {arrow} {end}"
    if found.norm is not None:
        yield "gradient", f"{rounded(found.norm, digits)} long"
    yield from _progress(found, digits)
    yield "stopped", found.why


def _last(found: Outcome, digits: int) -> str:
    return rounded(found.curve[-1][1], digits)


def _progress(found: Outcome, digits: int) -> Iterator[tuple[str, str]]:
    held, samples = found.held, found.samples
    if held is not None and held.values:
        epoch, value = held.values[-1]
        best = ""
        if held.patience is not None and held.best.value is not None and held.best.epoch != epoch:
            number = rounded(held.best.value, digits)
            best = f"; the best was {number} after epoch {held.best.epoch}"
        what = "metric" if held.metric is not None else "held out"
        yield what, f"{rounded(value, digits)} on {held.rows:,} held-out rows{best}"
    yield "steps", f"{found.steps:,} of {_method(found)}"
    if samples is not None:
        batches = f"of {samples.batches:,} batches of {samples.batch:,}, "
        if samples.batches == 1:
            batches = f"of {samples.rows:,} rows, "
        order = f"; order by seed {found.seed}" if samples.shuffled else ""
        yield "epochs", f"{found.epochs:,} {batches}{samples.seen:,} samples seen{order}"


def _method(found: Outcome) -> str:
    options = "".join(f", {name} {value:g}" for name, value in found.options.items())
    schedule = f", {found.schedule}" if found.schedule != "constant" else ""
    return f"{found.method}, rate {found.rate:g}{schedule}{options}"
