"""picture -> DOT, the language of Graphviz.

In every box the value stands above a line and the gradient below it. All text of the formula stands
in HTML-like labels and goes through `_escaped`; ids are n1, n2, ...
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from bpcalc.errors import printable
from bpcalc.render.colours import BACKWARD, FORWARD
from bpcalc.render.graph.picture import Arrow, Box, Picture

_FORWARD, _BACKWARD = FORWARD[0], BACKWARD[0]  # a picture for paper has a white ground
_WRONG = "#b00020"

_LONGEST = 60
"""Characters of a heading."""

_SHARE = 15
"""Characters of a product on one line."""

_TITLE = 12, 90
"""Lines of a title, and characters of each."""

# The size is a limit in inches: a PNG of 10,000 by 10,000 pixels takes 400 MB.
_HEAD = f"""\
digraph bpcalc {{
  rankdir=TB; size="100,100"; labelloc=t; labeljust=l; fontname="monospace"; fontsize=12
  node [shape=box, fontname="monospace", fontsize=12, color="#555555", style=filled,
        fillcolor="#ffffff", margin="0.08,0.04"]
  edge [fontname="monospace", fontsize=10, color="#555555", fontcolor="{_BACKWARD}", arrowsize=0.7]
"""

_MANY = 1500
"""Levels that all arrows cross together, from which on Graphviz searches too long.

Measured, with and without the settings below: 60 additions of one x (1,829 levels) 1.5 s and 0.1 s,
120 (7,259) minutes and 0.4 s; a network of 1,961 nodes (4,552) 5.7 s and 1.3 s.
"""

_FAST = "  splines=line; nslimit=0.2; nslimit1=0.2; mclimit=0.1\n"
"""Straight arrows, and less search for the best layout."""

_KINDS = {
    "variable": {"style": '"rounded,filled"'},
    "constant": {"color": '"#bbbbbb"'},
    "operation": {"fillcolor": '"#f0f2f5"'},
    "group": {"fillcolor": '"#f0f2f5"', "shape": "folder"},
    "outside": {"style": "dashed"},
}
"""Shapes; a group looks as if there were more in it."""


def dot(picture: Picture) -> str:
    """A directed graph, whose arrows lead from an input to what is computed from it."""
    return "".join(_parts(picture))


def _parts(picture: Picture) -> Iterator[str]:
    yield _HEAD
    if _levels_crossed(picture) > _MANY:
        yield _FAST
    yield f"  label=<{''.join(_caption(picture))}>\n"
    for box in picture.boxes:
        yield f"  {box.id} [{_attributes(_of_box(box))}]\n"
    for arrow in picture.arrows:
        yield f"  {arrow.tail} -> {arrow.head} [{_attributes(_of_arrow(arrow))}]\n"
    yield "}\n"


def _levels_crossed(picture: Picture) -> int:
    """The lengths of all arrows, if every box is as close to the output as it can be."""
    level = dict.fromkeys((box.id for box in picture.boxes), 0)
    inputs: dict[str, list[str]] = {}
    for arrow in picture.arrows:
        inputs.setdefault(arrow.head, []).append(arrow.tail)
    for box in reversed(picture.boxes):
        for tail in inputs.get(box.id, ()):
            level[tail] = max(level[tail], level[box.id] + 1)
    return sum(level[arrow.tail] - level[arrow.head] for arrow in picture.arrows)


def _attributes(given: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in given.items())


def _escaped(text: str) -> str:
    r"""Text for an HTML-like label.

    These are read as XML, which has no control characters, and then once more for `\N` and `\G`,
    which stand for names.
    """
    return escape(printable(text, len(text))).replace("\\", "\\\\")


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _coloured(text: str, colour: str) -> str:
    return f'<FONT COLOR="{colour}">{text}</FONT>'


def _caption(picture: Picture) -> Iterator[str]:
    """The formula, what stands where, and the notes."""
    most, length = _TITLE
    lines = picture.title.splitlines()
    shown = lines[:most] + ["…"] * (len(lines) > most)
    yield from (f'{_escaped(_cut(line, length))}<BR ALIGN="LEFT"/>' for line in shown)
    if any(box.value for box in picture.boxes):
        value, gradient = _coloured("value", _FORWARD), _coloured("gradient", _BACKWARD)
        share = _coloured("upstream × local = share", _BACKWARD)
        yield f"above the line the {value}, below it the {gradient}; at an arrow {share}"
        yield '<BR ALIGN="LEFT"/>'
    yield from (f'{_escaped(note)}<BR ALIGN="LEFT"/>' for note in picture.notes)
    yield '<BR ALIGN="LEFT"/>'


def _of_box(box: Box) -> dict[str, str]:
    """The attributes of a box: the output has a double outline, a selected box a bold one."""
    found = dict(_KINDS[box.kind])
    if box.output:
        found["peripheries"] = "2"
    if box.selected:
        found["penwidth"] = "2.5"
    if box.right:
        found["color"] = f'"{_WRONG}"'
    table = f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(_rows(box))}</TABLE>'
    return {**found, "label": f"<{table}>"}


def _rows(box: Box) -> Iterator[str]:
    yield _row(f"<B>{_escaped(_cut(box.heading, _LONGEST))}</B>")
    if box.value:
        yield _row(_coloured(_escaped(box.value), _FORWARD))
        yield "<HR/>"
        yield _row(_coloured(f"<I>{_escaped(box.gradient)}</I>", _BACKWARD))
    if box.right:
        yield "<HR/>"
        yield _row(_coloured(f"<B>WRONG, right: {_escaped(box.right)}</B>", _WRONG))


def _row(text: str) -> str:
    return f"<TR><TD>{text}</TD></TR>"


def _of_arrow(arrow: Arrow) -> dict[str, str]:
    found = {}
    if not arrow.flows:
        found["style"] = "dashed"
    if arrow.selected:
        found["penwidth"] = "2.5"
    share = arrow.share if arrow.flows else "nothing flows"
    if len(share) > _SHARE:
        share = share.replace(" = ", "\n= ")
    if share:
        lines = (f'&#160;{_escaped(line)}<BR ALIGN="LEFT"/>' for line in share.split("\n"))
        found["label"] = f"<{''.join(lines)}>"
    return found
