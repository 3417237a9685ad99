"""What rounding explains in a calculation with arrays, element by element.

Computed with the exact values, on the graph of numbers. Every operation adds a few units in the
last place and passes on what came with its inputs; on the way back, derivatives are off too, since
they are taken at rounded values. An operation that mixes elements (a product by BLAS, an inverse)
is accurate in relation to its largest element only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

import mpmath
from mpmath import mpf

from bpcalc.checks.expansion import Expansion
from bpcalc.checks.reference import COARSE, COPY, FIXED_COPY, applied, folded
from bpcalc.checks.symbolic import MpNumber
from bpcalc.graph import Graph
from bpcalc.ops.op import Op

_UNITS = 8 * mpf(2) ** -53
"""What one operation adds: libraries are off by a unit or two."""

_BESIDE = 64 * mpf(2) ** -53
"""What an operation that mixes elements adds, of the largest one."""


class Bounds(NamedTuple):
    """How far each scalar node's value and gradient may be off."""

    values: list[MpNumber]
    gradients: list[MpNumber]


def rounding_bounds(
    graph: Graph,
    expansion: Expansion,
    values: Sequence[MpNumber | None],
    gradients: Sequence[MpNumber | None],
) -> Bounds:
    """The bounds for an array graph that was expanded, from the exact values and gradients."""
    with mpmath.workdps(COARSE):
        exact = [mpf(0) if x is None else x for x in values]
        slopes = [mpf(0) if x is None else abs(x) for x in gradients]
        partials = [
            _slopes(op, [exact[i] for i in inputs]) for _, op, inputs in expansion.graph.operations
        ]
        bounds = _forwards(graph, expansion, exact, partials)
        return Bounds(bounds, _backwards(graph, expansion, exact, bounds, slopes, partials))


Partials: TypeAlias = "Sequence[Sequence[MpNumber]]"
"""For each operation its derivatives at the exact values."""


def _forwards(
    graph: Graph, expansion: Expansion, exact: Sequence[MpNumber], partials: Partials
) -> list[MpNumber]:
    leaves = len(expansion.graph.leaves)
    bounds = [abs(x) * _UNITS for x in exact[:leaves]]
    ends = _ends(graph, expansion)
    for index, op, inputs in expansion.graph.operations:
        bound = mpf(0) if op in (COPY, FIXED_COPY) else abs(exact[index]) * _UNITS
        for slope, i in zip(partials[index - leaves], inputs):
            bound += abs(slope) * bounds[i]
        bounds.append(bound)
        if index in ends:
            _raise(bounds, expansion.places[ends[index]].flat, exact)
    return bounds


def _backwards(
    graph: Graph,
    expansion: Expansion,
    exact: Sequence[MpNumber],
    of_values: Sequence[MpNumber],
    slopes: Sequence[MpNumber],
    partials: Partials,
) -> list[MpNumber]:
    """From the output back; `slopes` are the magnitudes of the exact gradients."""
    bounds = [mpf(0)] * len(expansion.graph)
    begins = {expansion.owners.index(owner): owner for owner in _mixing(graph, expansion)}
    ops, inputs = expansion.graph.columns
    for index in range(len(bounds) - 1, len(expansion.graph.leaves) - 1, -1):
        place = index - len(expansion.graph.leaves)
        op, indices = ops[place], inputs[place]
        here = beside = partials[place]
        if op.key not in _LINEAR and op not in (COPY, FIXED_COPY) and slopes[index]:
            beside = _slopes(op, [exact[i] + of_values[i] for i in indices])
        for i, slope, other in zip(indices, here, beside):
            off = abs(other - slope) + _UNITS * abs(slope)
            bounds[i] += abs(slope) * bounds[index] + off * slopes[index]
        if index in begins:
            for node in graph.inputs(begins[index]):
                _raise(bounds, expansion.places[node].flat, slopes)
    return bounds


_LINEAR = {"add", "sub", "neg"}


def _slopes(op: Op, args: list[MpNumber]) -> list[MpNumber]:
    found = (folded if op.variadic else applied)(op, args)[1:]
    return [mpf(0) if slope is None else slope for slope in found]


def _mixing(graph: Graph, expansion: Expansion) -> list[int]:
    """The nodes of the array graph that compute with several elements."""
    made = dict.fromkeys(expansion.owners)
    return [i for i, op, _ in graph.operations if op.shape is not None and i in made]


def _ends(graph: Graph, expansion: Expansion) -> dict[int, int]:
    """The last scalar node of each array node that mixes elements."""
    last = {owner: scalar for scalar, owner in enumerate(expansion.owners)}
    return {last[owner]: owner for owner in _mixing(graph, expansion)}


def _raise(bounds: list[MpNumber], places: Iterable[int], sizes: Sequence[MpNumber]) -> None:
    """Let each of these elements be off by a little of the largest of them."""
    listed = list(places)
    most = _BESIDE * max(abs(sizes[k]) for k in listed)
    for k in listed:
        bounds[k] = max(bounds[k], most)
