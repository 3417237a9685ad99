"""The plot in an HTML file that needs no other: the picture, and below it the table."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from bpcalc.render.descent import said, summary
from bpcalc.render.numbers import DIGITS
from bpcalc.render.plot.figure import drawn
from bpcalc.render.sentences import LANGUAGES
from bpcalc.render.trace.document import CLOSING, formula, opening

if TYPE_CHECKING:
    from bpcalc.descent.outcome import Outcome
    from bpcalc.descent.scene import Scene

_STYLE = """
.plot{margin:1rem 0}
.plot svg{display:block;width:100%;height:auto;padding:.5rem;background:#fff;border-radius:.4rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;margin:.6rem 0;font-variant-numeric:tabular-nums}
th,td{padding:.25rem 1.4rem .25rem 0;text-align:left;vertical-align:top}
thead th{border-bottom:1px solid var(--line)}
th{font-weight:600}
.values td{text-align:right;overflow-wrap:anywhere}
.values thead th+th{text-align:right}
pre{overflow-x:auto}
.wrong{color:var(--wrong)}
"""


def page(found: Outcome, scene: Scene | None, digits: int = DIGITS) -> Iterator[str]:
    """The page."""
    yield opening("Gradient descent", LANGUAGES["en"], _STYLE)
    yield formula(found.formula.splitlines())
    yield f'<figure class="plot">\n{drawn(found, scene, "svg").decode()}</figure>\n'
    yield from _values(found, digits)
    yield from _summary(found, digits)
    for warning in found.warnings:
        yield f"<p>{escape(warning)}</p>\n"
    if found.failure is not None:
        yield f'<pre class="wrong">{escape(found.failure.drawn())}</pre>\n'
    yield CLOSING


def _values(found: Outcome, digits: int) -> Iterator[str]:
    """A row for each variable that was learnt."""
    yield '<div class="scroll"><table class="values">\n'
    yield "<thead><tr><th>variable</th><th>start</th><th>end</th></tr></thead>\n"
    for name, end in found.values.items():
        cells = (said(found.start[name], digits), said(end, digits))
        numbers = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        yield f'<tr><th scope="row">{escape(name)}</th>{numbers}</tr>\n'
    yield "</table></div>\n"


def _summary(found: Outcome, digits: int) -> Iterator[str]:
    yield '<div class="scroll"><table>\n'
    for name, text in summary(found, digits):
        yield f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>\n'
    yield "</table></div>\n"
