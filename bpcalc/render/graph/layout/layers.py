"""picture -> ranks of boxes, bends of arrows, and the order in which they stand beside each other.

Every box gets a rank, and every arrow a bend in each level that it passes. Boxes of rank r stand in
level 2r, and the labels of the arrows that leave them downward in level 2r + 1: a bend there is as
wide as the label of its arrow, and the room for the label is as certain as that for a box.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bpcalc.render.graph.layout.ordering import ordered
from bpcalc.render.graph.layout.positions import Extent
from bpcalc.render.graph.layout.sizes import BESIDE, Size, box_text, label_lines, label_size
from bpcalc.render.graph.picture import Arrow, Box, Picture

_BESIDE_BOX = 12
_BESIDE_BEND = 7
"""The gap on either side, px."""

_BENDS = 40_000
"""Bends of all arrows at most; beyond that the longest arrows have two, and lead across boxes."""


def ranks(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> dict[str, int]:
    """The rank of each box from 0 at the top: as far down as its consumers allow.

    That is the longest way to the output; a leaf, like any input, stands just above the first of
    its consumers.
    """
    consumers: dict[str, list[str]] = {box.id: [] for box in boxes}
    for arrow in arrows:
        consumers[arrow.tail].append(arrow.head)
    to_end: dict[str, int] = {}
    for box in reversed(boxes):  # consumers come after their inputs
        to_end[box.id] = max((to_end[head] + 1 for head in consumers[box.id]), default=0)
    last = max(to_end.values(), default=0)
    return {box.id: last - to_end[box.id] for box in boxes}


class Layers:
    """The points of a picture: its boxes by their index, and after them the bends of its arrows."""

    def __init__(self, picture: Picture) -> None:
        self.index = {box.id: index for index, box in enumerate(picture.boxes)}
        self.ends = [(self.index[arrow.tail], self.index[arrow.head]) for arrow in picture.arrows]
        """Tail and head of every arrow."""
        self.boxes: list[Size] = [box_text(box).size for box in picture.boxes]
        self.labels: list[Size] = [label_size(label_lines(arrow)) for arrow in picture.arrows]
        rank = ranks(picture.boxes, picture.arrows)
        self.level = [2 * rank[box.id] for box in picture.boxes]
        """Of every point, from 0 at the top."""
        halves = [width / 2 + _BESIDE_BOX for width, _ in self.boxes]
        self.extents = [Extent(half, half) for half in halves]
        self.heights = [height for _, height in self.boxes]
        self.above: list[list[int]] = [[] for _ in self.boxes]
        """What each point is linked to in the level above it."""
        self.below: list[list[int]] = [[] for _ in self.boxes]
        longest = self._longest()
        self.bends = [self._bends(at, longest) for at in range(len(self.ends))]
        """Of every arrow, from its tail to its head."""
        self.order: list[list[int]] = ordered(self._start(), self.above, self.below)
        """The points of each level from left to right."""

    def label_bend(self, arrow: int) -> int:
        """The bend beside which the label of an arrow stands."""
        bends = self.bends[arrow]
        return bends[_labelled([self.level[bend] for bend in bends])]

    def _longest(self) -> int:
        """How many levels an arrow may pass that has all its bends."""
        left = _BENDS
        lengths = sorted(self.level[head] - self.level[tail] for tail, head in self.ends)
        for length in lengths:
            left -= length
            if left < 0:
                return length - 2
        return max(lengths, default=0)

    def _bends(self, arrow: int, longest: int) -> list[int]:
        """New bends for an arrow, one a level, linked to each other and to its ends."""
        tail, head = self.ends[arrow]
        levels = list(range(self.level[tail] + 1, self.level[head]))
        if len(levels) > max(longest, 2):
            levels = [levels[0], levels[-1]]
        at = _labelled(levels)
        bends = [
            self._bend(level, self.labels[arrow] if level == levels[at] else Size(0, 0))
            for level in levels
        ]
        chain = [tail, *bends, head]
        for upper, lower in pairwise(chain):
            if self.level[lower] == self.level[upper] + 1:
                self.below[upper].append(lower)
                self.above[lower].append(upper)
        return bends

    def _bend(self, level: int, label: Size) -> int:
        right = BESIDE + label.width if label.width else 0
        self.extents.append(Extent(_BESIDE_BEND, _BESIDE_BEND + right))
        self.heights.append(label.height)
        self.level.append(level)
        self.above.append([])
        self.below.append([])
        return len(self.level) - 1

    def _start(self) -> list[list[int]]:
        """The points of each level as a depth-first walk up from the output meets them."""
        levels: list[list[int]] = [[] for _ in range(max(self.level, default=-1) + 1)]
        met = [False] * len(self.level)
        waiting = [point for point in range(len(self.level)) if not self.below[point]]
        while waiting:
            point = waiting.pop()
            if not met[point]:
                met[point] = True
                levels[self.level[point]].append(point)
                waiting.extend(reversed(self.above[point]))
        return levels


def _labelled(levels: Sequence[int]) -> int:
    """At which of the levels that an arrow passes its label stands: in the middle."""
    between = [at for at, level in enumerate(levels) if level % 2]
    return between[len(between) // 2]
