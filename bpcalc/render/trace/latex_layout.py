r"""Equations of LaTeX -> rows of align*, broken where a page is too narrow for them.

How wide a formula will be is estimated, in digits: TeX itself breaks no displayed line.
"""

from __future__ import annotations

import re
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PAGE = 86
"""Digits that fit between the margins: 16 cm, at 5 pt each, less some room for an error."""

BOX = 60
"""How wide a box of filled text is."""

_WIDEST_LEFT = 30

_BOX = re.compile(r"\\parbox.*", re.DOTALL)
_UNSEEN = re.compile(r"\\(left|right|text|mathrm|operatorname|begin|end)\b")
_WORDS = re.compile(r"\\text\{[^{}]*")
_SIGN = re.compile(r" ([-+=<>]|\\[lgn]e) ")
_OTHER_COMMAND = re.compile(r"\\(?!(frac|underbrace)\b)([A-Za-z]+|.)")
_GROUP = r"\{([^{}]*)\}"
_SCRIPT = re.compile(rf"[_^]{_GROUP}")
_FRACTION = re.compile(rf"\\frac{_GROUP}{_GROUP}")
_UNDERBRACE = re.compile(rf"\\underbrace{_GROUP}_{_GROUP}")
_PLAIN_GROUP = re.compile(rf"(?<!underbrace)(?<!frac)(?<![}}_^]){_GROUP}")


def width(latex: str) -> int:
    """About how many digits wide it will be; a letter is a digit, a command is two."""
    latex = _WORDS.sub(lambda m: m[0].replace(" ", "0"), latex)
    text = _SIGN.sub("000", _UNSEEN.sub("", _BOX.sub("0" * BOX, latex)))
    text = _OTHER_COMMAND.sub("00", text).replace(" ", "").replace("$", "")
    before = ""
    while text != before:
        before = text
        text = _UNDERBRACE.sub(lambda m: "0" * max(len(m[1]), ceil(0.8 * len(m[2]))), text)
        text = _FRACTION.sub(lambda m: "0" * max(len(m[1]), len(m[2])) + "0", text)
        text = _SCRIPT.sub(lambda m: "0" * ceil(0.8 * len(m[1])), text)
        text = _PLAIN_GROUP.sub(r"\1", text)
    return len(text)


def aligned(equations: Sequence[tuple[str, str, Sequence[str]]]) -> Iterator[str]:
    """One align* of equations (left, what is between, sides), a row at a time.

    Sides go side by side as far as they fit, then below each other.
    """
    lefts = [width(left) for left, *_ in equations if width(left) <= _WIDEST_LEFT]
    room = PAGE - max(lefts, default=0)
    rows = [row for equation in equations for row in _rows(*equation, room)]
    yield "\\begin{align*}\n"
    for place, row in enumerate(rows):
        yield row + (r" \\" if place < len(rows) - 1 else "") + "\n"
    yield "\\end{align*}\n"


def _rows(left: str, between: str, sides: Sequence[str], room: int) -> Iterator[str]:
    joined = [f"{'=' if place else between} {side}".strip() for place, side in enumerate(sides)]
    if width(left) > _WIDEST_LEFT:
        yield f"& {left}"
        left = ""
    yield from (
        f"{left if not place else ''} &{row}" for place, row in enumerate(_filled(joined, room))
    )


def _filled(sides: Iterable[str], room: int) -> list[str]:
    """The sides in as few rows as they fit into; one that is too long is broken at its signs."""
    rows: list[str] = []
    for side in sides:
        pieces = [side] if width(side) <= room else list(_pieces(side))
        for place, piece in enumerate(pieces):
            if rows and width(rows[-1]) + 1 + width(piece) <= room:
                rows[-1] += f" {piece}"
            else:
                rows.append(rf"\quad {{}} {piece}" if place else piece)
    return rows


_TOKEN = re.compile(r"\\left\b|\\begin\b|\\right\b|\\end\b| \\cdot | [-+] |, |\\quad |\\.|[{}]")


def _pieces(side: str) -> Iterator[str]:
    """A side in parts, each but the first with the sign or behind the comma where it is broken."""
    depth = start = 0
    for token in _TOKEN.finditer(side):
        found = token[0]
        if found in ("{", r"\left", r"\begin"):
            depth += 1
        elif found in ("}", r"\right", r"\end"):
            depth -= 1
        elif not depth and found[-1] == " ":
            cut = token.end() if found == ", " else token.start() + (found[0] == " ")
            yield side[start:cut].strip()
            start = cut
    yield side[start:]
