"""picture -> the lines of trees: the output on top, under a node what it is computed from.

A line under another one is an edge. What has a name, or is used more than once, is drawn once, as a
tree of its own, and only its name stands where it is used; so it is with what lies too deep. Trees
come in the order of the backward pass, each after all of its uses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from bpcalc.errors import cells, printable
from bpcalc.render.graph.picture import Arrow, Box, Picture

_DEEPEST = 10
"""Levels under the top of a tree, even where there is room for more."""

_LEVELS = 3
"""Levels that there has to be room for."""

_SHORTEST = 24
"""Cells of a name or a heading that there has to be room for."""


class Signs(NamedTuple):
    """What the trees are drawn with."""

    branch: str
    last: str
    """Before the last input of a node."""
    through: str
    """Further down, where more inputs of a node above are to come."""
    below: str
    """After the name of a node that has a tree further down."""
    more: str
    """For what is cut."""
    legend: str
    """What `below` means, if it is not a word."""

    def narrow(self) -> Signs:
        """The same with one column less for each level."""
        branch, last, through = (f"{sign[0]} " for sign in self[:3])
        return self._replace(branch=branch, last=last, through=through)


UNICODE = Signs("├─ ", "└─ ", "│  ", " ↓", "…", "↓ further down")
ASCII = Signs("+- ", "`- ", "|  ", " (below)", "...", "")


class Line(NamedTuple):
    """A node where it is drawn or used; without a box a warning, or the gap between two trees."""

    guides: str
    text: str
    marks: str = ""
    """Which use it is, and whether the node is drawn further down."""
    box: Box | None = None
    arrow: Arrow | None = None
    """The edge to the node above; None at the top of a tree."""


class Forest:
    """The trees of a picture."""

    def __init__(self, picture: Picture, signs: Signs) -> None:
        self.signs = signs
        self.boxes = picture.boxes
        self.place = {box.id: place for place, box in enumerate(picture.boxes)}
        self.inputs: dict[str, list[Arrow]] = {box.id: [] for box in picture.boxes}
        for arrow in picture.arrows:
            self.inputs[arrow.head].append(arrow)
        self.uses = Counter(arrow.tail for arrow in picture.arrows)
        self.tops = {box.id for box in picture.boxes if self._is_top(box)}

    def box(self, id: str) -> Box:
        """The box with this id."""
        return self.boxes[self.place[id]]

    def _is_top(self, box: Box) -> bool:
        shared = box.name != box.id or self.uses[box.id] > 1
        return not self.uses[box.id] or (shared and bool(self.inputs[box.id]))

    # Text

    def _text(self, box: Box, below: bool) -> str:
        """The heading; of a box that is drawn further down its name."""
        text = box.name if below else box.heading
        return printable(text, len(text)).replace("…", self.signs.more)

    def _marks(self, box: Box, use: int, below: bool) -> str:
        uses = max(self.uses[box.id], box.uses)
        shared = f" (use {use} of {uses})" if use and uses > 1 else ""
        return shared + self.signs.below if below else shared

    # Room

    def room_needed(self) -> int:
        """Cells for guides and text, if trees are to be a few levels deep."""
        indent = len(self.signs.branch)
        levels: dict[str, int] = {}
        widest = len(self.signs.legend)
        for box in reversed(self.boxes):
            level = 0 if box.id in self.tops else levels[box.id]
            for arrow in self.inputs[box.id]:
                levels[arrow.tail] = min(level + 1, _LEVELS)
            if level < _LEVELS:
                widest = max(widest, indent * level + self._width(box))
        return widest

    def _width(self, box: Box) -> int:
        """Cells of a box and its inputs, if these are not drawn here."""
        inputs = (self._width_of_use(self.box(arrow.tail)) for arrow in self.inputs[box.id])
        heading = min(cells(self._text(box, below=False)), _SHORTEST)
        return max(heading, len(self.signs.branch) + max(inputs, default=0))

    def _width_of_use(self, box: Box) -> int:
        below = bool(self.inputs[box.id])
        width = cells(self._text(box, below))
        shortest = width if box.kind == "constant" else min(width, _SHORTEST)
        return shortest + len(self._marks(box, self.uses[box.id], below))

    # Lines

    def lines(self, room: int | None) -> Iterator[Line]:
        """All trees, as deep as there is room; None is room enough."""
        self._room = room
        self._seen: Counter[str] = Counter()
        self._waiting = [-self.place[id] for id in self.tops]
        heapify(self._waiting)
        gap: tuple[Line, ...] = ()
        while self._waiting:
            yield from gap
            yield from self._tree(self.boxes[-heappop(self._waiting)])
            gap = (Line("", ""),)

    def _tree(self, top: Box) -> Iterator[Line]:
        """One tree; what is broken off joins the tops that wait."""
        branch, last, through = self.signs[:3]
        stack: list[tuple[Box, Arrow | None, int, str, str]] = [(top, None, 0, "", "")]
        while stack:
            box, arrow, level, guides, under = stack.pop()
            inputs = self.inputs[box.id]
            below = bool(inputs) and level > 0 and not self._opens(box, level)
            if below:
                if box.id not in self.tops:
                    heappush(self._waiting, -self.place[box.id])
                inputs = []
            yield self._line(guides, box, arrow, below)
            if box.right and not below and self._seen[box.id] < 2:
                yield Line(under + (through if inputs else ""), f"WRONG, right: {box.right}")
            signs = [(branch, through)] * (len(inputs) - 1) + [(last, " " * len(last))]
            for given, (own, further) in reversed([*zip(inputs, signs)]):
                stack.append((self.box(given.tail), given, level + 1, under + own, under + further))

    def _opens(self, box: Box, level: int) -> bool:
        """Whether a box that is used here is also drawn here."""
        if box.id in self.tops or level == _DEEPEST:
            return False
        indent = len(self.signs.branch) * level
        return self._room is None or indent + self._width(box) <= self._room

    def _line(self, guides: str, box: Box, arrow: Arrow | None, below: bool) -> Line:
        if arrow is not None:
            self._seen[box.id] += 1
        marks = self._marks(box, self._seen[box.id] if arrow is not None else 0, below)
        text = self._text(box, below)
        if self._room is not None and box.kind != "constant":  # a number is never cut
            text = self._cut(text, self._room - len(guides) - len(marks))
        return Line(guides, text, marks, box, arrow)

    def _cut(self, text: str, room: int) -> str:
        if cells(text) <= room:
            return text
        room = max(room - len(self.signs.more), 1)
        text = text[:room]
        while cells(text) > room:
            text = text[:-1]
        return text + self.signs.more
