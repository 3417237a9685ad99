"""Pictures that the tests of several formats draw."""

from __future__ import annotations

from typing import Any

from render.examples import Example

import bpcalc
from bpcalc.render.graph.picture import Arrow, Box, Picture, picture

HOSTILE = [
    "<script>alert(1)</script>",
    '"',
    "\\",
    "\\N \\G",
    "%",
    '%%{init: {"theme": "dark"}}%%',
    "&amp; &",
    "}",
    "-->",
    "]",
    "]]>",
    "a\nb",
    "style: #quot; x;",
    "`code` **bold** 1. one",
    "\x00\x1b[31m\u202e\ud800\ufffe",
]


def of(formula: str, *, selected: str = "", whole: bool = False, **values: Any) -> Picture:
    """The picture of a formula, with numbers if there are values."""
    if not values:
        return picture(bpcalc.parse(formula))
    result = bpcalc.grad(formula, values, check=False)
    chosen = result.graph.index(selected) if selected else None
    return picture(result.graph, result, selected=chosen, whole=whole)


def a1() -> Picture:
    return of("x**2*y + y + 2", x=3, y=4)


def drawn(example: Example, *, check: bool = False) -> Picture:
    """The picture of a worked example."""
    result = example.result(check=check)
    return picture(result.graph, result)


def hostile(text: str) -> Picture:
    """A picture with the same text wherever a formula could bring it."""
    group = Box("n2", "y", text, "group", "1", "2", right=text, members=(0, 1))
    boxes = [Box("n1", text, "", "variable", "1", "2"), group]
    return Picture(text, boxes, [Arrow("n1", "n2", 0, "1 × 2 = 2")], [text])


def collapsed(comment: str) -> Picture:
    """A picture in which a comment stands inside of a collapsed statement."""
    terms = " + ".join(f"x*数{i}" for i in range(40))
    text = f"y = (x  # {comment}\n + {terms})\nz = y*λ′\nz"
    names = bpcalc.parse(text).variables
    return of(text, **dict.fromkeys(names, 1.5))
