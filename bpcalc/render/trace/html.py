"""steps -> an HTML file for reading and printing: every equation as MathML, no script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpcalc.render.numbers import DIGITS
from bpcalc.render.trace.document import CLOSING, equation, known, opening, sentence, task, verdict
from bpcalc.render.trace.mathml import MathML
from bpcalc.render.trace.story import Chapter, Story, chapters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpcalc.render.trace.lines import Line


def trace_html(story: Story, digits: int = DIGITS) -> Iterator[str]:
    """The whole trace as one file, a line at a time.

    The value of a node has the anchor `n5`, its gradient `gradient-n5`.
    """
    notation = MathML(story.result, story.words, digits)
    yield opening(story.words.derivation.format(output=notation.output), story.words)
    yield from task(story, notation)
    for chapter in chapters(story, notation):
        yield from _section(chapter)
    yield from verdict(story)
    yield CLOSING


def _section(chapter: Chapter) -> Iterator[str]:
    yield f'<section id="{chapter.key}"><h2>{sentence(chapter.heading)}</h2>\n'
    for remark in chapter.remarks:
        yield f"<p>{sentence(remark)}</p>\n"
    yield '<ol class="lines">\n'
    for line in chapter.lines:
        yield f"<li{_anchor(line)}>{equation(line)}</li>\n"
    yield "</ol></section>\n"


def _anchor(line: Line) -> str:
    found = known(line.step)
    if found is None:
        return ""
    what, node = found
    return f' id="{"gradient-" * (what == "gradient")}n{node + 1}"'
