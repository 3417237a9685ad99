"""x coordinates -> the same with straighter arrows: bends that follow each other come on one line.

The positions of points (positions.py) are means, and means make arrows lean a little. Here each run
of bends gets as few vertical lines as there is room for between what stands beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import fsum, inf
from typing import NamedTuple

from bpcalc.render.graph.layout.positions import Extent

_CLOSE = 1e-6
"""Below this, px, room is none: points that touch each other stay as they are."""


class Span(NamedTuple):
    """From where to where something may stand, px; empty if it begins after its end."""

    least: float = -inf
    most: float = inf

    def both(self, other: Span) -> Span:
        """What is in both."""
        return Span(max(self.least, other.least), min(self.most, other.most))

    @property
    def is_empty(self) -> bool:
        return self.least > self.most + _CLOSE

    def __contains__(self, place: object) -> bool:
        return isinstance(place, float) and self.least <= place <= self.most

    def moved(self, by: float) -> Span:
        """The same further to the right."""
        return Span(self.least + by, self.most + by)

    def nearest(self, place: float) -> float:
        """The place in it that is nearest to another."""
        return min(max(place, self.least), self.most)


class Goal(NamedTuple):
    """Where a line would go, and where in there rather."""

    span: Span
    best: float


Goals = Callable[[bool, bool], Sequence[Goal]]
"""What a line wants, the dearest first; asked whether it holds the run's first and last point."""


class Straightener:
    """Moves runs of points within the room that the others leave."""

    def __init__(
        self, order: Sequence[Sequence[int]], extents: Sequence[Extent], x: list[float]
    ) -> None:
        self.extents = extents
        self.x = x
        self.beside = {
            point: (left, right)
            for rank in order
            for left, point, right in zip([None, *rank], rank, [*rank[1:], None])
        }

    def straighten(self, run: Sequence[int], goals: Goals) -> None:
        """Put a run on as few vertical lines as there is room for."""
        for line, free in self._lines(run):
            wanted = goals(line[0] == run[0], line[-1] == run[-1])
            mean = Goal(Span(), fsum(self.x[point] for point in line) / len(line))
            for span, best in [*wanted, mean]:
                reached = free.both(span)
                if not reached.is_empty:
                    self._move(line, reached.nearest(best))
                    break

    def _move(self, line: Sequence[int], place: float) -> None:
        for point in line:
            self.x[point] = place

    def _lines(self, run: Sequence[int]) -> Iterator[tuple[list[int], Span]]:
        """Pieces of a run, each as long as one place is free for all of it, and what is free."""
        line: list[int] = []
        free = Span()
        for point in run:
            room = self._room(point)
            if line and free.both(room).is_empty:
                yield line, free
                line, free = [], Span()
            line.append(point)
            free = free.both(room)
        yield line, free

    def _room(self, point: int) -> Span:
        """Where a point may stand between those beside it."""
        left, right = self.beside[point]
        x, extents, (to_left, to_right) = self.x, self.extents, self.extents[point]
        return Span(
            -inf if left is None else x[left] + extents[left].right + to_left,
            inf if right is None else x[right] - extents[right].left - to_right,
        )
