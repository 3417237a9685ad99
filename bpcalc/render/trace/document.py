"""The frame of an HTML file that needs no other file, and what a trace and the page both say in it.

Only here and in `mathml` does text become HTML: every text of a formula passes `escape`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from bpcalc.render.graph.style import COLOURS
from bpcalc.render.trace.mathml import math
from bpcalc.render.trace.story import Story, ending, source, values
from bpcalc.steps import EdgeStep, NothingStep, StartStep, SumStep, ValueStep

if TYPE_CHECKING:
    from bpcalc.render.sentences import Sentences
    from bpcalc.render.trace.lines import Line, Notation
    from bpcalc.results import Result
    from bpcalc.steps import Step

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""Nothing is loaded from anywhere, whatever a formula says."""


def resource(package: str, name: str) -> str:
    """The text of a file of the package."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


def opening(title: str, words: Sentences, style: str = "") -> str:
    """Everything up to the heading of the page; `style` comes after the rules of all pages."""
    rules = f"{_colours()}\n{resource('bpcalc.render.trace', 'document.css')}{style}"
    return f"""\
<!doctype html>
<html lang="{escape(words.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{rules}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
"""


CLOSING = "</main>\n</body>\n</html>\n"


def _colours() -> str:
    """The colours of pictures as variables; `data-theme` decides against the system's choice."""
    light, dark = (
        "".join(f"--{name}:{pair[which]};" for name, pair in COLOURS.items()) for which in (0, 1)
    )
    return (
        f":root{{color-scheme:light dark;{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
        f":root[data-theme=light]{{color-scheme:light}}\n"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
        f"@media print{{:root:root{{color-scheme:light;{light}}}}}"
    )


def sentence(words: str) -> str:
    """A sentence of the catalogue, in which `commands` become code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", words)


def task(story: Story, notation: Notation) -> Iterator[str]:
    """The formula as typed, and the values of its variables."""
    yield formula(source(story.result.graph))
    given = [
        f"<li>{math(f'{line.left} = {line.sides[0]}')}</li>" for line in values(story, notation)
    ]
    if given:
        yield f'<div class="given">{story.words.at} <ul>{"".join(given)}</ul></div>\n'
    if story.note:
        yield f"<p>{escape(story.note)}</p>\n"


def formula(lines: Sequence[str]) -> str:
    """The lines of a formula as typed."""
    return f'<pre class="formula"><code>{escape(chr(10).join(lines))}</code></pre>\n'


def equation(line: Line) -> str:
    """A line as HTML, one piece per side, so that it breaks between them."""
    left = math(line.left)
    first = " = "
    if line.part and line.through:
        left, first = f"{left} {line.through}:", ""
    pieces = [f'<span class="left">{left}</span>']
    for place, side in enumerate(line.sides):
        last = " result" if place == len(line.sides) - 1 else ""
        sign = "=" if place else first
        pieces.append(f'<span class="side{last}">{math(sign + side)}</span>')
    if line.remark:
        pieces.append(f'<span class="remark">{_remark(line)}</span>')
    return f'<span class="equation {direction(line.step)}">{" ".join(pieces)}</span>'


def _remark(line: Line) -> str:
    return f"({line.remark})" if line.sides else line.remark


def direction(step: Step | None) -> str:
    """Which pass a step belongs to, as a class of its colour."""
    return "forward" if isinstance(step, ValueStep) else "backward" if step is not None else "plain"


def known(step: Step | None) -> tuple[str, int] | None:
    """What is known after a step that was not before: the value or the gradient of a node."""
    match step:
        case ValueStep():
            return "value", step.node
        case StartStep() | SumStep() | NothingStep(edge=None):
            return "gradient", step.node
        case EdgeStep(alone=True):
            return "gradient", step.edge.input
        case _:
            return None


def verdict(story: Story) -> Iterator[str]:
    """What the check says, and the warnings."""
    words, result = story.words, story.result
    kind = "" if result.ok else " wrong"
    yield f'<section id="check"><h2>{words.check}</h2>\n<p class="verdict{kind}">'
    yield f"{escape(ending(story))}</p></section>\n"
    warnings = _warnings(result)
    if warnings:
        listed = "".join(f"<li>{escape(warning)}</li>" for warning in warnings)
        yield f'<section id="warnings"><h2>{words.warnings}</h2>\n<ul>{listed}</ul></section>\n'


def _warnings(result: Result) -> list[str]:
    found: list[str] = result["warnings"]
    return found
