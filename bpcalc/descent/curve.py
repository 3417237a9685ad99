"""The loss of every step, thinned out as they become many: what a picture of a run needs."""

from __future__ import annotations

MOST = 2048
"""Points that are kept: twenty for a column of the terminal's picture."""


class Curve:
    """(step, loss) at even distances."""

    def __init__(self) -> None:
        self.points: list[tuple[int, float]] = []
        self.last: tuple[int, float] | None = None
        self._every = 1
        self._next = 0

    def add(self, step: int, value: float) -> None:
        """The loss after so many steps."""
        self.last = (step, value)
        if step < self._next:
            return
        self.points.append((step, value))
        self._next = step + self._every
        if len(self.points) == MOST:
            del self.points[1::2]
            self._every *= 2
            self._next = self.points[-1][0] + self._every

    def cut(self, step: int, value: float) -> None:
        """Go back to this step, where the loss was `value`."""
        self.points = [point for point in self.points if point[0] <= step]
        self.last = (step, value)
        self._next = self.points[-1][0] + self._every if self.points else 0

    def all(self) -> list[tuple[int, float]]:
        """The points, the last one always among them."""
        if self.last is None or (self.points and self.points[-1] == self.last):
            return list(self.points)
        return [*self.points, self.last]
