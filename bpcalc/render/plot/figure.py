"""The panels in one figure, and its bytes, the same every time."""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING, Any

from bpcalc.errors import printable
from bpcalc.render.plot.axes import cut, short
from bpcalc.render.plot.loss import draw_loss, draw_metric, name_steps
from bpcalc.render.plot.scenery import draw_scene
from bpcalc.render.plot.style import QUIET, SMALL, styled
from bpcalc.render.plot.thinned import thinned

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bpcalc.descent.outcome import Outcome
    from bpcalc.descent.scene import Scene

_DOTS = 200
"""Per inch of a PNG."""

_PAD = 6
"""Around the panels: pt."""
_SUMMARY = 28
"""Where the line below the title stands: pt from above."""

_LONG = 400
"""Characters of a formula that are looked at."""

_TITLE = 78
"""Cells of the longest title, with two panels; with one two thirds of it."""


def drawn(found: Outcome, scene: Scene | None, form: str) -> bytes:
    """The picture, as `svg` or `png`."""
    with styled(found.formula + "".join(found.values)):
        figure = _figure(found, scene)
        stream = io.BytesIO()
        about: dict[str, Any] = {"Software": None} if form == "png" else _ANONYMOUS
        figure.savefig(stream, format=form, dpi=_DOTS, metadata=about)
    data = stream.getvalue()
    return data if form == "png" else _spoken(data.decode(), found).encode()


_FONTS = re.compile(r"font-family: [^;\"]*")
_FAMILY = "font-family: 'DejaVu Sans', Verdana, sans-serif"
"""Instead of Matplotlib's long list: Verdana has the same widths."""

_ANONYMOUS = {"Date": None, "Creator": None, "Format": None, "Type": None}


def _figure(found: Outcome, scene: Scene | None) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    held = found.held if found.held is not None and found.held.values else None
    size = (9.6 if scene is not None else 6.4, 5.4 if held is not None else 4.4)
    figure = Figure(figsize=size, layout="constrained")
    figure.get_layout_engine().set(w_pad=_PAD / 72, h_pad=_PAD / 72)
    FigureCanvasAgg(figure)
    left, right = _halves(figure, scene)
    if scene is not None:
        draw_scene(left.subplots(), scene)
    if held is None:
        axes = right.subplots()
        draw_loss(axes, found)
        name_steps(axes, found)
    else:
        above, below = right.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        draw_loss(above, found)
        draw_metric(below, held, found.samples.batches if found.samples is not None else 1)
        name_steps(below, found, above=above)
        above.tick_params(labelbottom=False)
    _name(figure, found, wide=scene is not None)
    return figure


def _halves(figure: Figure, scene: Scene | None) -> tuple[Any, Any]:
    """Where the way is drawn, and where the loss."""
    if scene is None:
        return None, figure
    left, right = figure.subfigures(1, 2, width_ratios=(7, 8))
    return left, right


def _name(figure: Figure, found: Outcome, wide: bool) -> None:
    width = _TITLE if wide else _TITLE * 2 // 3
    figure.suptitle(f"{shortened(found.formula, width)}\n", fontsize=12, linespacing=1.1)
    y = 1 - _SUMMARY / 72 / figure.get_figheight()
    figure.text(0.5, y, _summary(found), ha="center", va="center", fontsize=SMALL, color=QUIET)


def shortened(formula: str, width: int) -> str:
    """The formula in one line; of a long one the beginning."""
    lines = [line.partition("#")[0].strip().rstrip(";") for line in formula.splitlines()]
    return cut(printable("; ".join(line for line in lines if line), _LONG), width)


def _summary(found: Outcome) -> str:
    """How it was descended, and to where."""
    said = [f"{found.method}, rate {found.rate:g}"]
    if found.schedule != "constant":
        said.append(found.schedule)
    said.append(f"{found.steps:,} steps" if found.steps != 1 else "1 step")
    start, end = found.loss
    if start is not None and end is not None:
        said.append(f"loss {short(start)} → {short(end)}")
    elif found.stopped == "diverged":
        said.append("left the finite numbers")
    return ", ".join(said)


def _spoken(svg: str, found: Outcome) -> str:
    """Without the frame of an XML file, which names a server; with a name for those who listen."""
    text = re.sub(r"^.*?(?=<svg )", "", svg, count=1, flags=re.DOTALL)
    text = thinned(_FONTS.sub(_FAMILY, text))
    label = escape(f"Descent on {shortened(found.formula, 200)}: {_summary(found)}")
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
