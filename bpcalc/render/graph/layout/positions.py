"""points in order -> x coordinates: each as near to its neighbours as the room in its rank allows.

Rank by rank, every point wants to be at the mean of what it is linked to, and keeps its distance
from those beside it. What is nearest to all wishes of one rank (least squares) is an isotonic
regression, which pooling adjacent violators finds exactly: Ayer, Brunk, Ewing, Reid and Silverman,
"An empirical distribution function for sampling with incomplete information" (1955). Sweeps down,
up and again carry that through the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import fsum  # the same on every Python, unlike sum since 3.12
from typing import NamedTuple

_SWEEPS = 60
_WORK = 300_000
"""Points that all sweeps together visit at most, about a second's worth."""

_FIXED = 1e-3
"""The weight of a point's wish to stay, where it has no neighbour on the side that counts."""


class Wish(NamedTuple):
    """Where a link wants a point: at the `other` point's x + `delta`."""

    other: int
    delta: float
    weight: float


class Extent(NamedTuple):
    """The room that a point takes to the left and to the right of its x, px, gaps included."""

    left: float
    right: float


def positions(
    order: Sequence[Sequence[int]],
    extents: Sequence[Extent],
    above: Sequence[Sequence[Wish]],
    below: Sequence[Sequence[Wish]],
) -> list[float]:
    """The x of every point."""
    x = [0.0] * len(extents)
    distances = [_distances(rank, extents) for rank in order]
    for rank, apart in zip(order, distances):
        for point, place in zip(rank, kept_apart([0.0] * len(rank), [1.0] * len(rank), apart)):
            x[point] = place
    sweeps = min(_SWEEPS, max(4, _WORK // (len(x) + 1)))
    for sweep in range(sweeps):
        down = sweep % 2 == 0
        sides = (above, below) if sweep > sweeps // 2 else (above,) if down else (below,)
        for at in range(len(order)) if down else range(len(order) - 1, -1, -1):
            _move(order[at], distances[at], sides, x)
    return x


def _distances(rank: Sequence[int], extents: Sequence[Extent]) -> list[float]:
    """From each point of a rank to the next, at least."""
    return [extents[a].right + extents[b].left for a, b in pairwise(rank)]


def _move(
    rank: Sequence[int],
    distances: Sequence[float],
    sides: Sequence[Sequence[Sequence[Wish]]],
    x: list[float],
) -> None:
    """Move the points of a rank to the mean of their wishes."""
    wanted, weights = [], []
    for point in rank:
        wishes = [wish for side in sides for wish in side[point]]
        weight = fsum(wish.weight for wish in wishes) or _FIXED
        mean = fsum((x[wish.other] + wish.delta) * wish.weight for wish in wishes) / weight
        wanted.append(mean if wishes else x[point])
        weights.append(weight)
    for point, place in zip(rank, kept_apart(wanted, weights, distances)):
        x[point] = place


def kept_apart(
    wanted: Sequence[float], weights: Sequence[float], distances: Sequence[float]
) -> list[float]:
    """The places nearest to the wanted ones (weighted squares) that keep the distances."""
    offsets = [0.0, *accumulate(distances)]
    pools: list[tuple[float, float, int]] = []  # (mean, weight, how many points)
    for want, weight, offset in zip(wanted, weights, offsets):
        pool = want - offset, weight, 1
        while pools and pools[-1][0] > pool[0]:
            before, (mean, total, many) = pools.pop(), pool
            both = before[1] + total
            pool = (before[0] * before[1] + mean * total) / both, both, before[2] + many
        pools.append(pool)
    means = [mean for mean, _, many in pools for _ in range(many)]
    return [mean + offset for mean, offset in zip(means, offsets)]
