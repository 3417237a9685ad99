"""What rounding alone explains: how far it may move values, and gradients on rounded values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import mpmath
from mpmath import mpf

from bpcalc.checks.reference import COARSE, applied, folded, gathered
from bpcalc.checks.symbolic import MpNumber
from bpcalc.graph import Graph

Sized: TypeAlias = "tuple[MpNumber, MpNumber] | None"
"""A result, and the size of what it is the sum of."""


def rounding_bounds(graph: Graph, values: Sequence[float]) -> list[MpNumber]:
    """How far rounding alone may have moved each of the engine's values, to first order.

    Every operation adds a few units in the last place, and passes on what came with its inputs
    (Higham, "Accuracy and Stability of Numerical Algorithms", section 3.8).
    """
    bounds: list[MpNumber] = []
    with mpmath.workdps(COARSE):
        given, partials = _at(graph, values)
        for index, value in enumerate(given):
            bound = abs(value or mpf(0)) * 4 * _UNIT
            if index >= len(graph.leaves):
                for i, slope in zip(graph.inputs(index), partials[index - len(graph.leaves)]):
                    bound += abs(slope or mpf(0)) * bounds[i]
            bounds.append(bound)
    return bounds


def gradients_at(graph: Graph, values: Sequence[float], seed: MpNumber) -> list[Sized]:
    """The gradients that exact derivatives give on the engine's own, rounded values.

    With each, the size of what it is the sum of.
    """
    with mpmath.workdps(COARSE):
        _, partials = _at(graph, values)
        sizes = [[None if p is None else abs(p) for p in row] for row in partials]
        pairs = zip(gathered(graph, partials, seed), gathered(graph, sizes, abs(seed)))
        return [None if g is None or s is None else (g, s) for g, s in pairs]


_UNIT = mpf(2) ** -53


def _at(
    graph: Graph, values: Sequence[float]
) -> tuple[list[MpNumber | None], list[list[MpNumber | None]]]:
    """The engine's values as they are, and every operation's derivatives there."""
    given = [mpf(v) if v - v == 0 else None for v in values]
    partials = []
    for _, op, inputs in graph.operations:
        arguments = [given[i] for i in inputs]
        partials.append((folded if op.variadic else applied)(op, arguments)[1:])
    return given, partials
