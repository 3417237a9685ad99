"""ranks of points and the links between them -> the order in each rank, with few crossings.

Barycentre sweeps as in Sugiyama, Tagawa and Toda, "Methods for visual understanding of
hierarchical system structures" (1981), with the exchange of neighbours of Gansner, Koutsofios,
North and Vo, "A technique for drawing directed graphs" (1993). The start is the order in which a
depth-first walk from the output meets the points: it draws a tree without a crossing, and the
inputs of an operation from left to right as the formula names them.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from itertools import pairwise

Links = Sequence[Sequence[int]]
"""For each point, those it is linked to in the rank above, or in the rank below."""

_SWEEPS = 24
_PATIENCE = 6
"""Sweeps without a better order after which no more are made."""

_SMALL = 3_000
"""Points of the largest picture in which neighbours are exchanged, and that is begun anew."""

_WORK = 200_000
"""Points that all sweeps over a larger picture visit at most, about a second's worth."""


def ordered(ranks: Sequence[Sequence[int]], above: Links, below: Links) -> list[list[int]]:
    """The points of each rank from left to right; `ranks` are their order to start from."""
    best = [list(rank) for rank in ranks]
    fewest = crossings(best, below)
    small = sum(map(len, best)) <= _SMALL
    mirrored = [rank[::-1] for rank in best]
    starts = [(best, 0), (best, 1), (mirrored, 0), (mirrored, 1)] if small else [(best, 0)]
    for start, first in starts:
        waited = 0
        for order in _swept(start, first, above, below):
            found = crossings(order, below) if fewest else 0
            waited = 0 if found < fewest else waited + 1
            if found < fewest:
                best, fewest = [rank[:] for rank in order], found
            if not fewest or waited == _PATIENCE:
                break
    return best if _keeps_sides(best, ranks) else [rank[::-1] for rank in best]


def _keeps_sides(order: Sequence[Sequence[int]], start: Sequence[Sequence[int]]) -> bool:
    """Whether most of what stood to the left still does: a mirrored order has no more crossings."""
    place = {point: at for rank in order for at, point in enumerate(rank)}
    moves = [place[right] - place[left] for rank in start for left, right in pairwise(rank)]
    return sum(move < 0 for move in moves) <= len(moves) / 2


def _swept(
    start: Sequence[Sequence[int]], first: int, above: Links, below: Links
) -> Iterator[list[list[int]]]:
    """The order after each sweep; the first is downwards for 0 and upwards for 1."""
    order = [list(rank) for rank in start]
    size = sum(map(len, order))
    for sweep in range(first, first + min(_SWEEPS, _WORK // (size + 1))):
        upwards, mirrored = sweep % 2 == 1, sweep % 4 >= 2
        _sweep(order, below if upwards else above, upwards, mirrored)
        if size <= _SMALL:
            _exchange(order, above, below)
        yield order


def crossings(order: Sequence[Sequence[int]], below: Links) -> int:
    """How many pairs of links cross."""
    return sum(_crossings_between(upper, _places(lower), below) for upper, lower in pairwise(order))


def _crossings_between(upper: Sequence[int], places: dict[int, int], below: Links) -> int:
    """Between two ranks: links from further left that end further right, for each link."""
    count, ends = 0, list[int]()
    for point in upper:
        new = sorted(places[neighbour] for neighbour in below[point])
        count += sum(len(ends) - bisect_right(ends, end) for end in new)
        for end in new:
            insort(ends, end)
    return count


def _places(rank: Sequence[int]) -> dict[int, int]:
    return {point: place for place, point in enumerate(rank)}


def _sweep(order: list[list[int]], before: Links, upwards: bool, mirrored: bool) -> None:
    """Order every rank by the mean place of each point's neighbours in the rank before it.

    A point without neighbours there keeps its place. Of points with the same mean the left one
    stays to the left, or comes to the right where `mirrored`: that leads out of dead ends.
    """
    ranks = range(len(order) - 2, -1, -1) if upwards else range(1, len(order))
    for at in ranks:
        places = _places(order[at + 1 if upwards else at - 1])
        means = {
            point: sum(places[other] for other in before[point]) / len(before[point])
            for point in (reversed(order[at]) if mirrored else order[at])
            if before[point]
        }
        moved = iter(sorted(means, key=means.__getitem__))
        order[at] = [next(moved) if point in means else point for point in order[at]]


def _exchange(order: list[list[int]], above: Links, below: Links) -> None:
    """Exchange neighbours in a rank for as long as that takes crossings away."""
    for _ in range(_PATIENCE):
        gains = [_exchanged_in(at, order, above, below) for at in range(len(order))]
        if not sum(gains):
            return


def _exchanged_in(at: int, order: list[list[int]], above: Links, below: Links) -> int:
    """Go once through a rank and exchange neighbours; how many crossings that took away."""
    rank, total = order[at], 0
    beside = [
        _neighbour_places(order, at - 1, above, rank),
        _neighbour_places(order, at + 1, below, rank),
    ]
    for i in range(len(rank) - 1):
        a, b = rank[i], rank[i + 1]
        gain = sum(_inversions(of[a], of[b]) - _inversions(of[b], of[a]) for of in beside)
        if gain > 0:
            rank[i], rank[i + 1] = b, a
            total += gain
    return total


def _neighbour_places(
    order: Sequence[Sequence[int]], at: int, links: Links, points: Sequence[int]
) -> dict[int, list[int]]:
    """The places of each point's neighbours in another rank, if there is that rank."""
    if not 0 <= at < len(order):
        return {point: [] for point in points}
    places = _places(order[at])
    return {point: [places[other] for other in links[point]] for point in points}


def _inversions(left: Sequence[int], right: Sequence[int]) -> int:
    return sum(a > b for a in left for b in right)
