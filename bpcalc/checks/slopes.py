"""The slopes on either side of a kink, from the values of the formula a tiny step away."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import mpmath
from mpmath import mpf

from bpcalc.checks.reference import FINEST, forward, number
from bpcalc.checks.symbolic import MpNumber
from bpcalc.graph import Graph
from bpcalc.ops.constants import Constant

JUMPS = "jumps"
"""Said of a side on which the value does not come near as the step shrinks."""


def one_sided_slopes(
    graph: Graph, variables: Mapping[str, Constant], name: str
) -> tuple[MpNumber | str | None, MpNumber | str | None]:
    """The derivative of the output by a variable from the left and from the right.

    None where the formula has no finite slope on that side, `JUMPS` where it jumps.
    """
    with mpmath.workdps(FINEST):
        exact = {n: number(value) for n, value in variables.items()}
        here = forward(graph, exact).values[graph.output]
        step = min(abs(exact[name]) or mpf(1), mpf(1)) * mpf(10) ** -200

        def moved(distance: MpNumber) -> MpNumber | None:
            there = forward(graph, {**exact, name: exact[name] + distance}).values[graph.output]
            return None if here is None or there is None else there - here

        return _slope(moved, -step), _slope(moved, step)


def _slope(moved: Callable[[MpNumber], MpNumber | None], step: MpNumber) -> MpNumber | str | None:
    """How far the output moves per step, if it moves in proportion to the step."""
    far, near = moved(step), moved(step / 1024)
    if far is None or near is None:
        return None
    if abs(near) > abs(far) / 2 and near:
        return JUMPS
    if (
        abs(far - 1024 * near) > abs(far) * mpf(10) ** -20
        and abs(far) > abs(step) * mpf(10) ** -100
    ):
        return None
    return near * 1024 / step
