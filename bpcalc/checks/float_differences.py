"""The check of arrays that are too large for many digits: differences in float64.

Along a few random directions the formula's values at four points give the slope, by Richardson's
extrapolation of two central differences; how far the two are apart says what the slope is worth.
It reads no derivative. It sees a wrong gradient of the variables as a whole; lost digits it
cannot see, since it loses digits itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy

from bpcalc.checks.check import Check, NodeCheck
from bpcalc.engine import forward
from bpcalc.graph import Graph
from bpcalc.ops.op import Value

METHOD = "differences"

DIRECTIONS = 4
STEP = 2e-6
"""Of the longer difference; the shorter one has half of it. Few of thousands of relus switch."""

_SEED = 20
_OFF, _SURE = 1e-8, 100
"""A slope is wrong that is off by more than this in relation to its terms, and by so many times
what the differences are uncertain by."""

_BLURRED = 1e-6
"""Differences that are more uncertain cannot say that a slope is right."""


def check(
    graph: Graph,
    variables: Mapping[str, Value],
    gradients: Sequence[Value],
    seed: Value,
) -> Check:
    """Check the gradients of the variables, all of them together."""
    dice = numpy.random.default_rng(_SEED)
    moving = _moving(graph, variables, gradients)
    found = [_along(graph, variables, moving, gradients, seed, dice) for _ in range(DIRECTIONS)]
    ok: bool | None = True
    if any(error > max(_OFF, _SURE * own) for error, own in found):
        ok = False
    elif not all(own < _BLURRED for _, own in found):
        ok = None
    own = max(own for _, own in found)
    warnings = [
        f"too large to check node by node: checked are the derivatives along {DIRECTIONS} random "
        f"directions in all variables, by differences in float64 (uncertain by {own:.0e})"
    ]
    still = [name for name in variables if name not in moving]
    if still:
        warnings.append(f"not moved, and so not checked: {', '.join(still)}")
    if ok is None:
        warnings.append("the differences are too blurred to say whether the gradient is right")
    nothing = NodeCheck(None, None, None, None)
    worst = max(error for error, _ in found) if ok is not None else None
    return Check(ok, worst, [nothing] * len(graph), {}, warnings, METHOD)


def _moving(graph: Graph, variables: Mapping[str, Value], gradients: Sequence[Value]) -> list[str]:
    """The variables to move: all, but for those that must be whole numbers, as class indices."""
    nudged = {name: numpy.asarray(value, dtype=float) + STEP for name, value in variables.items()}
    names = list(variables)
    if numpy.isfinite(_value(graph, nudged)).all():
        return names
    return [name for name in names if numpy.any(gradients[graph.variables[name]])]


def _along(
    graph: Graph,
    variables: Mapping[str, Value],
    moving: Sequence[str],
    gradients: Sequence[Value],
    seed: Value,
    dice: numpy.random.Generator,
) -> tuple[float, float]:
    """The error of the predicted slope along a direction, and the uncertainty of the differences.

    Both are in relation to the sum of the magnitudes of the predicted slope's terms.
    """
    here = {name: numpy.asarray(value, dtype=float) for name, value in variables.items()}
    direction = {name: dice.uniform(-1.0, 1.0, here[name].shape) for name in moving}

    def slope(step: float) -> float:
        ahead, behind = (_output(graph, here, direction, h, seed) for h in (step, -step))
        return (ahead - behind) / (2 * step)

    wide, narrow = slope(STEP), slope(STEP / 2)
    best = (4 * narrow - wide) / 3
    terms = [
        numpy.asarray(gradients[graph.variables[name]]) * change
        for name, change in direction.items()
    ]
    size = sum(float(numpy.sum(numpy.abs(term))) for term in terms)
    if not 0 < size < math.inf or not math.isfinite(best):
        return math.inf, math.inf
    predicted = math.fsum(float(numpy.sum(term)) for term in terms)
    return abs(best - predicted) / size, abs(best - narrow) / size


def _output(
    graph: Graph,
    here: Mapping[str, Value],
    direction: Mapping[str, Value],
    step: float,
    seed: Value,
) -> float:
    """What is differentiated, a step along the direction: the sum of seed times output."""
    moved = {name: here[name] + step * change for name, change in direction.items()}
    return float(numpy.sum(numpy.asarray(seed) * _value(graph, {**here, **moved})))


def _value(graph: Graph, variables: Mapping[str, Value]) -> Value:
    """The value of the output."""
    plain = {name: v if v.shape else float(v) for name, v in variables.items()}
    return forward(graph, plain)[graph.output]
