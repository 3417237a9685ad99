"""story -> the interactive page: the picture of the graph, and beside it the steps, one by one.

One HTML file that asks for no other. Picture and steps are there without any script; page.js
lights up the part of the picture that a step is about, and opens boxes that are several nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from bpcalc.render.graph.inlined import WHOLE, described, framed, island, reachable, templates
from bpcalc.render.graph.picture import Picture, insides, picture
from bpcalc.render.graph.style import STYLE
from bpcalc.render.numbers import DIGITS
from bpcalc.render.trace.document import (
    CLOSING,
    direction,
    equation,
    formula,
    known,
    opening,
    resource,
    sentence,
    task,
    verdict,
)
from bpcalc.render.trace.lines import output_name
from bpcalc.render.trace.mathml import MathML
from bpcalc.render.trace.story import Chapter, Story, chapters, source
from bpcalc.steps import EdgeStep, NothingStep, Part, StartStep, Step, SumStep, ValueStep

if TYPE_CHECKING:
    from bpcalc.graph import Graph
    from bpcalc.render.sentences import Sentences
    from bpcalc.render.trace.lines import Line
    from bpcalc.results import Result

MOST_STEPS = 2000
"""Steps of the longest page: so many equations a browser lays out in a second."""

MOST_RESULTS = 200

_PACKAGE = "bpcalc.render.graph"


def page(story: Story, digits: int = DIGITS, selected: int | None = None) -> Iterator[str]:
    """The page of a calculation; the ways from the selected node to the output are emphasised."""
    graph, words = story.result.graph, story.words
    notation = MathML(story.result, words, digits)
    told, note = _fitting(story)
    told_chapters = {chapter.key: chapter for chapter in chapters(told, notation)}
    yield opening(words.derivation.format(output=notation.output), words, _style())
    yield from task(story, notation)
    yield '<div class="stage">\n'
    yield from _player(words)
    yield from _drawing(graph, story.result, words, digits, selected)
    yield from _steps(told_chapters, words, note)
    yield "</div>\n"
    yield from _results(told_chapters["gradient"], words)
    yield from verdict(story)
    yield _script()
    yield CLOSING


def structure_page(graph: Graph, words: Sentences, selected: int | None = None) -> Iterator[str]:
    """The page of a graph without values: picture and details, and no steps."""
    yield opening(words.picture, words, _style())
    yield formula(source(graph))
    yield '<div class="stage">\n'
    yield from _drawing(graph, None, words, DIGITS, selected)
    yield "</div>\n"
    yield _script()
    yield CLOSING


def _style() -> str:
    return f"{STYLE}\n{resource(_PACKAGE, 'page.css')}"


def _script() -> str:
    return f'<script type="module">\n{resource(_PACKAGE, "page.js")}</script>\n'


# The picture


def _drawing(
    graph: Graph, result: Result | None, words: Sentences, digits: int, selected: int | None
) -> Iterator[str]:
    """The picture with what belongs to it: its insides, its keys, the details of a box."""
    whole = picture(graph, result, selected=selected, digits=digits)
    parts = insides(graph, result, selected=selected, digits=digits, most=len(graph))
    inside = reachable(whole, parts)
    yield f'<section class="drawing" aria-label="{words.picture}">\n'
    yield f'<nav class="trail" aria-label="{words.whole_picture}" hidden></nav>\n'
    yield _tools(words)
    yield f'<div class="holder" tabindex="-1">{framed(whole, WHOLE)}</div>\n'
    yield from (f'<p class="key">{key}</p>\n' for key in _keys(graph, whole, words))
    yield "</section>\n"
    yield f'<section class="details" hidden><h2>{words.details}</h2><div></div></section>\n'
    yield from templates(inside)
    pictures = {WHOLE: whole, **inside}
    yield island(
        {
            "words": _spoken(words),
            "pictures": {key: described(part) for key, part in pictures.items()},
        }
    )


def _tools(words: Sentences) -> str:
    buttons = [
        ("larger", words.larger, "+"),
        ("smaller", words.smaller, "−"),
        ("fit", words.fit, words.fit),
        ("theme", words.light_or_dark, "◐"),
    ]
    return f'<div class="tools" hidden>{"".join(_button(*button) for button in buttons)}</div>\n'


def _button(key: str, words: str, sign: str) -> str:
    return f'<button type="button" id="{key}" title="{words}" aria-label="{words}">{sign}</button>'


def _keys(graph: Graph, whole: Picture, words: Sentences) -> Iterator[str]:
    """What one has to know about the picture."""
    if any(box.value for box in whole.boxes):
        yield words.picture_key
    if any(box.kind == "group" for box in whole.boxes):
        yield words.group_key
    hidden = len(graph) - sum(len(box.members) for box in whole.boxes)
    if hidden:
        numbers = {"hidden": f"{hidden:,}", "count": f"{len(graph):,}"}
        yield words.left_out.format(output=escape(output_name(graph)), **numbers)


_SPOKEN = """
step begin pause play given_value computed_value start_of_gradients share whole_gradient
sum_of_shares no_gradient whole_picture details_hint look_inside formula value gradient not_yet
says_check inputs consumers nothing_through
"""
"""What the script says: fields of the catalogue."""


def _spoken(words: Sentences) -> dict[str, Any]:
    return {name: getattr(words, name) for name in _SPOKEN.split()}


# The steps


def _fitting(story: Story) -> tuple[Story, str]:
    """What of a story fits on a page, the nodes nearest to the output; and a note that says so."""
    graph, (forward, backward) = story.result.graph, story.part
    lines = [0] * len(graph)
    for _, _, inputs in graph.operations:
        for index in inputs:
            lines[index] += 1
    left = MOST_STEPS
    first = graph.output + 1
    while first > 0:
        first -= 1
        left -= (first in forward) + (first in backward) * (lines[first] + (lines[first] > 1))
        if left < 0:
            break
    else:
        return story, ""
    kept = range(first + 1, graph.output + 1)
    part = Part(*(frozenset(index for index in kept if index in told) for told in story.part))
    numbers = {"first": first + 2, "last": graph.output + 1, "count": len(graph)}
    return story._replace(part=part), story.words.few_steps.format(**numbers)


_MOVES = [
    ("first", "«", ""),
    ("back", "‹", ""),
    ("play", "", ""),
    ("next", "", "›"),
    ("last", "", "»"),
]
"""The buttons, with a sign before or after the word."""


def _player(words: Sentences) -> Iterator[str]:
    """Buttons, and the step of the moment: for the script, which takes `hidden` away."""
    yield f'<section class="player" aria-label="{words.steps}" hidden>\n<div class="buttons">'
    for key, before, after in _MOVES:
        signs = [f'<i aria-hidden="true">{sign}</i>' if sign else "" for sign in (before, after)]
        yield f'<button type="button" id="{key}">{signs[0]}<span>{getattr(words, key)}</span>'
        yield f"{signs[1]}</button>"
    yield f'</div>\n<input type="range" id="place" min="0" value="0" aria-label="{words.steps}">\n'
    yield '<div class="now" aria-live="polite" aria-atomic="true"></div>\n</section>\n'


def _steps(told: dict[str, Chapter], words: Sentences, note: str) -> Iterator[str]:
    """The chapters of the trace but for the last one; their steps are numbered through."""
    yield f'<section class="steps" tabindex="-1" aria-label="{words.steps}">\n'
    if note:
        yield f'<p class="note">{sentence(note)}</p>\n'
    place = 0
    for key, chapter in told.items():
        if key == "gradient":
            continue
        yield f"<h2>{sentence(chapter.heading)}</h2>\n"
        yield from (f"<p>{sentence(remark)}</p>\n" for remark in chapter.remarks)
        yield '<ol class="lines">\n'
        for line in chapter.lines:
            stepped = key in ("forward", "backward")
            place += stepped
            yield _step(line, place) if stepped else f"<li>{equation(line)}</li>\n"
        yield "</ol>\n"
    yield "</section>\n"


def _step(line: Line, place: int) -> str:
    assert line.step is not None
    data = {**_about(line.step), "pass": direction(line.step), "says": _says(line.step)}
    written = "".join(f' data-{key}="{value}"' for key, value in data.items())
    number = f'<a class="number" href="#step-{place}">{place}</a>'
    return f'<li class="step" id="step-{place}"{written}>{number}{equation(line)}</li>\n'


def _about(step: Step) -> dict[str, Any]:
    """The node or edge that a step is about, and what is known after it."""
    about: dict[str, Any] = {}
    found = known(step)
    if found is not None:
        about = {"knows": found[0], "node": f"n{found[1] + 1}"}
    if isinstance(step, (EdgeStep, NothingStep)) and step.edge is not None:
        edge = step.edge
        about |= {"tail": f"n{edge.input + 1}", "head": f"n{edge.consumer + 1}", "arg": edge.arg}
    return about


def _says(step: Step) -> str:
    """Which sentence of the catalogue says what kind of step it is."""
    match step:
        case ValueStep():
            return "computed_value" if step.formula is not None else "given_value"
        case StartStep():
            return "start_of_gradients"
        case EdgeStep():
            return "whole_gradient" if step.alone else "share"
        case SumStep():
            return "sum_of_shares"
        case _:
            return "no_gradient"


def _results(chapter: Chapter, words: Sentences) -> Iterator[str]:
    """The gradient."""
    lines = list(chapter.lines)
    yield f'<section id="gradient"><h2>{sentence(chapter.heading)}</h2>\n<ol class="lines">\n'
    yield from (f"<li>{equation(line)}</li>\n" for line in lines[: MOST_RESULTS + 1])
    yield "</ol>\n"
    if len(lines) > MOST_RESULTS + 1:
        numbers = {"most": MOST_RESULTS, "count": len(lines) - 1}
        yield f"<p>{sentence(words.few_results.format(**numbers))}</p>\n"
    yield "</section>\n"
