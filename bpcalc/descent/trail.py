"""The way of a descent through its one or two numbers, thinned out as the steps become many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Point: TypeAlias = tuple[float, ...]

FIRST = 256
"""Steps that are kept, one and all: most of the way is made in them."""

MOST = 2048


class Trail:
    """The points of the way, those after the first steps at even distances."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.last: Point | None = None
        self._every = 1
        self._left = 0

    def add(self, values: Mapping[str, Any]) -> None:
        """Where the run stands now."""
        self.last = flat(values)
        if self._left:
            self._left -= 1
            return
        self.points.append(self.last)
        self._left = self._every - 1
        if len(self.points) == MOST:
            del self.points[FIRST + 1 :: 2]
            self._every *= 2
            self._left = self._every - 1

    def all(self) -> list[Point]:
        """The points, the last one always among them."""
        if self.last is None or self.points[-1] == self.last:
            return list(self.points)
        return [*self.points, self.last]


def flat(values: Mapping[str, Any]) -> Point:
    """All numbers of the values, one variable after the other."""
    found: list[float] = []
    for value in values.values():
        found += value.ravel().tolist() if getattr(value, "shape", ()) else [float(value)]
    return tuple(found)


def labels(values: Mapping[str, Any]) -> list[str]:
    """What these numbers are called: `w`, `x[0]`, `x[1]`, `W[0, 1]`."""
    from itertools import product

    return [
        f"{name}[{', '.join(map(str, place))}]" if place else name
        for name, value in values.items()
        for place in product(*map(range, getattr(value, "shape", ())))
    ]


def size(values: Mapping[str, Any]) -> int:
    """How many numbers they are."""
    return sum(getattr(value, "size", 1) for value in values.values())
