"""The pictures of a page: SVG to put into HTML, and what its script has to know about them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any

from bpcalc.errors import printable
from bpcalc.render.graph.picture import Arrow, Box, Picture
from bpcalc.render.graph.shapes import numbers
from bpcalc.render.graph.svg import drawing

WHOLE = "whole"
"""The key of the picture of the whole graph; that of a group's inside is the group's box."""

_MARGIN = 14

_LONGEST = 300
"""Characters of a formula that the details of a box show."""


def reachable(whole: Picture, insides: Mapping[str, Picture]) -> dict[str, Picture]:
    """The insides that a reader can come to: of the groups that are drawn, and again of theirs.

    Where a picture has been cut, most are of boxes that it does not show.
    """
    found: dict[str, Picture] = {}
    waiting = [whole]
    for shown in waiting:
        for box in shown.boxes:
            if box.kind == "group" and box.id in insides and box.id not in found:
                found[box.id] = insides[box.id]
                waiting.append(insides[box.id])
    return found


def framed(picture: Picture, key: str) -> str:
    """A picture as an <svg> whose boxes a reader can go to one by one."""
    drawn = drawing(picture, prefix=f"{key}-")
    width, height = drawn.width + 2 * _MARGIN, drawn.height + 2 * _MARGIN
    return (
        f'<svg class="bpcalc-graph" data-picture="{key}" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="{numbers(-_MARGIN, -_MARGIN, width, height)}" role="group" '
        f'aria-label="{escape(printable(picture.title, _LONGEST))}">\n{drawn.body}\n</svg>\n'
    )


def templates(insides: Mapping[str, Picture]) -> Iterator[str]:
    """The insides of groups, which the browser does not draw before they are opened."""
    for key, picture in insides.items():
        yield f'<template id="inside-{key}">{framed(picture, key)}</template>\n'


def island(data: Mapping[str, Any]) -> str:
    """Data for the script, as JSON that no text in it can end."""
    text = json.dumps(data, separators=(",", ":"))  # ASCII only
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f'<script type="application/json" id="data">{text}</script>\n'


def described(picture: Picture) -> dict[str, Any]:
    """Boxes and arrows as data."""
    return {
        "title": printable(picture.title, _LONGEST),
        "boxes": [_box(box) for box in picture.boxes],
        "arrows": [_arrow(arrow) for arrow in picture.arrows],
    }


def _box(box: Box) -> dict[str, Any]:
    return {
        "id": box.id,
        "name": printable(box.name, _LONGEST),
        "formula": printable(box.formula, _LONGEST),
        "kind": box.kind,
        "value": box.value,
        "gradient": box.gradient,
        "right": box.right,
        "members": _ranges(box.members),
    }


def _arrow(arrow: Arrow) -> dict[str, Any]:
    return {
        "tail": arrow.tail,
        "head": arrow.head,
        "arg": arrow.arg,
        "share": arrow.share,
        "flows": arrow.flows,
    }


def _ranges(members: Sequence[int]) -> list[list[int]]:
    """The numbers of nodes, from 1, as [first, last] of each run without a gap."""
    if not members:
        return []
    ends = [place for place, (a, b) in enumerate(pairwise(members)) if b > a + 1]
    starts = [0, *(place + 1 for place in ends)]
    stops = [*ends, len(members) - 1]
    return [[members[a] + 1, members[b] + 1] for a, b in zip(starts, stops)]
