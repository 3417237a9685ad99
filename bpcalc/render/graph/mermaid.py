"""picture -> a flowchart of Mermaid, which GitHub, GitLab and many editors draw inside of Markdown.

All text of the formula goes through `_escaped`. Mermaid reads its text with regular expressions
before it parses it (comments, directives, styles), so that inside of quotes, too, everything but
letters and a few harmless signs is an entity code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from bpcalc.errors import printable
from bpcalc.render.colours import BACKWARD, FORWARD
from bpcalc.render.graph.picture import Arrow, Box, Picture

_HARMLESS = frozenset(" _.,()+-*/^=×…")

_LONGEST = 60
"""Characters of a heading."""

_TITLE = 200
"""Characters."""

_SHAPES = {
    "variable": ('(["', '"])'),
    "constant": ('["', '"]'),
    "operation": ('["', '"]'),
    "group": ('[["', '"]]'),
    "outside": ('["', '"]'),
}

_CLASSES = (
    f"  classDef variable fill:#ffffff,stroke:{FORWARD[0]},color:#1b1b1b",
    "  classDef constant fill:#ffffff,stroke:#bbbbbb,color:#1b1b1b",
    "  classDef operation fill:#f0f2f5,stroke:#555555,color:#1b1b1b",
    "  classDef group fill:#f0f2f5,stroke:#555555,color:#1b1b1b",
    "  classDef outside fill:#ffffff,stroke:#555555,color:#1b1b1b,stroke-dasharray:3 3",
    "  classDef output stroke-width:4px",
    f"  classDef selected stroke:{BACKWARD[0]},stroke-width:4px",
    "  classDef wrong stroke:#b00020,color:#b00020,stroke-width:3px",
)


def mermaid(picture: Picture) -> str:
    """The flowchart; arrows lead from an input to what is computed from it."""
    return "".join(f"{line}\n" for line in _lines(picture))


def _lines(picture: Picture) -> Iterator[str]:
    yield "---"
    yield f"title: {json.dumps(_title(picture), ensure_ascii=False)}"  # JSON is YAML as well
    yield "---"
    yield "flowchart TB"
    for box in picture.boxes:
        opening, closing = _SHAPES[box.kind]
        yield f"  {box.id}{opening}{'<br/>'.join(_rows(box))}{closing}:::{box.kind}"
    yield from (f"  {arrow.tail} {_way(arrow)} {arrow.head}" for arrow in picture.arrows)
    yield from _CLASSES
    if picture.arrows:
        yield f"  linkStyle default color:{BACKWARD[0]}"
    marks = {"output": "output", "selected": "selected", "wrong": "right"}
    for name, field in marks.items():
        ids = [box.id for box in picture.boxes if getattr(box, field)]
        if ids:
            yield f"  class {','.join(ids)} {name}"


def _title(picture: Picture) -> str:
    """The formula without its comments above, and the notes; nothing that would be a directive."""
    lines = [line.strip() for line in picture.title.splitlines()]
    formula = " ⏎ ".join(line for line in lines if line and line[0] != "#")
    text = " - ".join([_cut(formula, _TITLE), *picture.notes])
    return printable(text, len(text)).replace("%%", "% %")


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _escaped(text: str) -> str:
    """Text for a quoted label; an entity code is the number of a character."""
    return "".join(
        character if character.isalnum() or character in _HARMLESS else f"#{ord(character)};"
        for character in printable(text, len(text))
    )


def _rows(box: Box) -> Iterator[str]:
    yield _escaped(_cut(box.heading, _LONGEST))
    if box.value:
        yield f"value {_escaped(box.value)}"
        yield f"gradient {_escaped(box.gradient)}"
    if box.right:
        yield f"WRONG, right#58; {_escaped(box.right)}"


def _way(arrow: Arrow) -> str:
    """The arrow with its label: dotted where nothing flows, thick where it is selected."""
    line = "-.->" if not arrow.flows else "==>" if arrow.selected else "-->"
    share = arrow.share if arrow.flows else "nothing flows"
    return f'{line}|"{_escaped(share)}"|' if share else line
