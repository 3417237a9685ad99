"""steps -> Markdown: headings, and a list with an equation in each item.

The equations are the terminal's, as code: they read the same rendered and unrendered, break at any
width, and nothing in them is markup. (GitHub's $...$ reads `_`, `*` and `<` of a name first.)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bpcalc.render.numbers import DIGITS
from bpcalc.render.trace.story import Story, chapters, ending, source, values
from bpcalc.render.trace.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpcalc.render.sentences import Sentences
    from bpcalc.render.trace.lines import Line
    from bpcalc.results import Edge, Result


class Markdown(Text):
    """Mathematics as in the terminal; within a sentence it is code."""

    def __init__(self, result: Result, words: Sentences, digits: int) -> None:
        super().__init__(result, words, digits, unicode=True)

    def inline(self, mathematics: str) -> str:
        return code_span(mathematics)

    def summand(self, edge: Edge) -> str:
        return self.through_node(edge, self.label(edge.consumer))  # the sum is code as a whole


def trace_markdown(story: Story, digits: int = DIGITS) -> Iterator[str]:
    """The whole trace, a line at a time."""
    notation = Markdown(story.result, story.words, digits)
    yield code_block(source(story.result.graph))
    given = [code_span(f"{left} = {sides[0]}") for _, left, sides, *_ in values(story, notation)]
    if given:
        yield f"\n{story.words.at} {', '.join(given)}\n"
    if story.note:
        yield f"\n{escaped(story.note)}\n"
    for chapter in chapters(story, notation):
        yield f"\n## {chapter.heading}\n\n"
        yield from (f"{remark}\n\n" for remark in chapter.remarks)
        yield from (f"- {_equation(line)}\n" for line in chapter.lines)
    yield f"\n{ending(story)}\n"


def _equation(line: Line) -> str:
    sides = " = ".join(line.sides)
    if line.part:
        told = code_span(sides) if sides else line.remark
        return f"{code_span(line.left)} {line.through}: {told}"
    remark = f" ({line.remark})" if line.remark else ""
    return code_span(f"{line.left} = {sides}") + remark


def code_block(lines: list[str]) -> str:
    """Lines as they are, between fences that are longer than any in them."""
    fence = "`" * max(3, 1 + _longest_run(lines))
    return "".join(f"{line}\n" for line in [fence, *lines, fence])


def code_span(text: str) -> str:
    """Text on one line as it is."""
    fence = "`" * (1 + _longest_run([text]))
    room = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{fence}{room}{text}{room}{fence}"


def _longest_run(lines: list[str]) -> int:
    """Of backticks."""
    return max((len(run) for line in lines for run in re.findall("`+", line)), default=0)


def escaped(text: str) -> str:
    """Text outside of code, with nothing in it that would be markup."""
    return re.sub(r"([\\`*_\[\]<>&$~|#])", r"\\\1", text)
