"""layers -> the x of every point, and the places at the sides of boxes where arrows end.

First boxes and bends come near to what they are linked to (positions.py); then arrows become
straight (straight.py); then their ends move along the sides of the boxes until they meet them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bpcalc.render.graph.layout.layers import Layers
from bpcalc.render.graph.layout.positions import Wish, kept_apart, positions
from bpcalc.render.graph.layout.straight import Goal, Goals, Span, Straightener

_APART, _NEAR = 22, 14
"""Between the ends of two arrows at the same side of a box, px: usually, and at least."""

_CORNER = 11
"""From the corner of a box to the end of an arrow at least, px."""

_FROM_LEAF, _FROM_OPERATION, _SOLE = 1, 2, 8
"""How much an arrow pulls: one from a leaf, from an operation, and one that is the only one at both
of its ends. So operations stand below each other, and leaves beside them."""

_BETWEEN_BENDS = 4
"""How much more a link pulls that has no box at its ends."""

_WITHIN, _BEYOND = 99, 1
"""How much an arrow may insist on its end where its bend is within the side of the box, or not."""


class Columns:
    """Where everything stands from left to right, px."""

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        self._pulls = {
            bend: self._pull(arrow) for arrow, bends in enumerate(layers.bends) for bend in bends
        }
        self._ports = self._even_ports()
        self.x: list[float] = positions(
            layers.order,
            layers.extents,
            [self._wishes(point, others) for point, others in enumerate(layers.above)],
            [self._wishes(point, others) for point, others in enumerate(layers.below)],
        )
        """Of every point; of a box, of its middle."""
        straightener = Straightener(layers.order, layers.extents, self.x)
        for chain in self._chains():
            straightener.straighten(chain, lambda first, last: [])
        for arrow, bends in enumerate(layers.bends):
            straightener.straighten(bends, self._goals(arrow))
        self._ports = self._near_ports()

    def ends(self, arrow: int) -> tuple[float, float]:
        """The x at which an arrow leaves its tail, and that at which it meets its head."""
        tail, head = self._layers.ends[arrow]
        first, last = self._layers.bends[arrow][0], self._layers.bends[arrow][-1]
        return self.x[tail] + self._ports[tail, first], self.x[head] + self._ports[head, last]

    def aside(self, upper: int, lower: int) -> float:
        """How far to the side a link leads."""
        return abs(self.x[upper] - self.x[lower] + self._offset(upper, lower))

    def _offset(self, point: int, other: int) -> float:
        """How far a link is from the middle of `point`, less how far from that of `other`."""
        return self._ports.get((point, other), 0) - self._ports.get((other, point), 0)

    # Where arrows end

    def _even_ports(self) -> dict[tuple[int, int], float]:
        """For a box and the next bend of an arrow: where it ends, from the middle of the box."""
        ports = {}
        for box, side in self._sides():
            apart = self._apart(box, side, _APART)
            for at, bend in enumerate(side):
                ports[box, bend] = (at - (len(side) - 1) / 2) * apart
        return ports

    def _near_ports(self) -> dict[tuple[int, int], float]:
        """The same, but at the bends where these are within the side of the box."""
        ports = {}
        for box, side in self._sides():
            whole, apart = self._side(box), self._apart(box, side, _NEAR)
            bends = [self.x[bend] - self.x[box] for bend in side]
            within = [place in whole for place in bends]
            wanted = [
                place if inside else self._ports[box, bend]
                for bend, place, inside in zip(side, bends, within)
            ]
            pulls = [_WITHIN if inside else _BEYOND for inside in within]
            places = kept_apart(wanted, pulls, [apart] * (len(side) - 1))
            for at, (bend, place) in enumerate(zip(side, places)):
                rest = len(side) - 1 - at
                free = Span(whole.least + at * apart, whole.most - rest * apart)
                ports[box, bend] = free.nearest(place)
        return ports

    def _sides(self) -> Iterator[tuple[int, list[int]]]:
        """The upper and lower sides of boxes at which arrows end: the next bends in order."""
        layers = self._layers
        place = {point: at for level in layers.order for at, point in enumerate(level)}
        for box in range(len(layers.boxes)):
            for side in layers.above[box], layers.below[box]:
                if side:
                    yield box, sorted(side, key=place.__getitem__)

    def _side(self, box: int) -> Span:
        """The part of a side at which arrows may end, from the middle of the box."""
        half = self._layers.boxes[box].width / 2 - _CORNER
        return Span(-half, half)

    def _apart(self, box: int, side: Sequence[int], most: float) -> float:
        """How far the ends of arrows at a side are from each other."""
        whole = self._side(box)
        return min(most, (whole.most - whole.least) / max(1, len(side) - 1))

    # What pulls where

    def _wishes(self, point: int, others: Sequence[int]) -> list[Wish]:
        """Where a point would be straight above or below those that it is linked to."""
        boxes = len(self._layers.boxes)
        return [
            Wish(
                other,
                -self._offset(point, other),
                self._pulls[max(point, other)]
                * (_BETWEEN_BENDS if min(point, other) >= boxes else 1),
            )
            for other in others
        ]

    def _pull(self, arrow: int) -> float:
        """How much an arrow pulls at its ends."""
        if self._is_sole(arrow):
            return _SOLE
        tail, _ = self._layers.ends[arrow]
        return _FROM_OPERATION if self._layers.above[tail] else _FROM_LEAF

    def _is_sole(self, arrow: int) -> bool:
        """Whether its tail has no other consumer, and its head no other input."""
        tail, head = self._layers.ends[arrow]
        return len(self._layers.below[tail]) == len(self._layers.above[head]) == 1

    # What should be straight

    def _chains(self) -> list[list[int]]:
        """Boxes that only one arrow after another connects, with the bends between them."""
        layers = self._layers
        following = {
            tail: [*layers.bends[arrow], head]
            for arrow, (tail, head) in enumerate(layers.ends)
            if self._is_sole(arrow)
        }
        inner = {points[-1] for points in following.values()}
        chains = []
        for start in following:
            if start not in inner:
                chain = [start]
                while chain[-1] in following:
                    chain += following[chain[-1]]
                chains.append(chain)
        return chains

    def _goals(self, arrow: int) -> Goals:
        """Lines straight into both boxes, or into one: rather that at which it is more alone."""
        tail, head = self._layers.ends[arrow]
        places = zip((tail, head), self.ends(arrow))
        above, below = (Goal(self._side(box).moved(self.x[box]), end) for box, end in places)
        both = Goal(above.span.both(below.span), (above.best + below.best) / 2)
        alone = len(self._layers.below[tail]) <= len(self._layers.above[head])

        def goals(first: bool, last: bool) -> list[Goal]:
            if first and last:
                return [both, above, below] if alone else [both, below, above]
            return [above] * first + [below] * last

        return goals
