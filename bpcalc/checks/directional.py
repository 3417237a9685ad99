"""The check of larger arrays: derivatives of the whole formula along a few random directions.

Along each, the formula's own values a tiny step ahead and behind, to 110 digits, give the slope
that the gradient has to predict. It reads no derivative at all; but it judges the gradient of the
variables as a whole, and no single node.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import mpmath
import numpy
from mpmath import mpf

from bpcalc.checks import float_differences
from bpcalc.checks.check import DOUBTFUL, WRONG, Check, NodeCheck, digits_that_hold, relative_error
from bpcalc.checks.exact_arrays import Exact, TooCostly, computed, cost, exact_leaves
from bpcalc.checks.reference import COMPUTING_FAILS
from bpcalc.checks.symbolic import MpNumber
from bpcalc.graph import Graph
from bpcalc.ops.op import Value

DIRECTIONS = 4
"""So many directions at most; fewer where each takes long."""

DIGITS = 110
STEP = 30
"""The step is 10**-STEP: what it leaves out is of the order 10**-60, what cancels 10**-80."""

MOST = 3_000_000
"""So many additions of such numbers take some four seconds (measured: 0.9 to 1.5 us each)."""

_SEED = 20

_ROUNDING = 64 * 2.0**-52

_LEAST_SHARE = 1e-6
"""No variable's change is smaller beside another's: that one's gradient may be a mere residue."""

_RESIDUE = 2.0**-46
"""What rounding leaves of a gradient that is 0, in relation to the largest one on its way."""

_STRICT = 1e-9
"""A slope may be off by this in relation to its terms; one wrong element of many is not more."""

_KINK = 1e-15
"""The slopes ahead and behind differ by less where the formula is smooth."""


class Directions(NamedTuple):
    """What was found along some directions."""

    errors: list[float]
    """For each how far the slope is from the predicted one, in relation to what that sums."""
    kinks: int
    """How many have other slopes ahead than behind."""


def check(
    graph: Graph,
    variables: Mapping[str, Value],
    values: Sequence[Value],
    gradients: Sequence[Value],
    seed: Value,
) -> Check:
    """Check the value of the output and the gradients of the variables."""
    shapes = [numpy.shape(value) for value in values]
    try:
        passes = MOST // max(1, cost(graph, shapes, MOST // 3))
    except TooCostly:
        return float_differences.check(graph, variables, gradients, seed)
    count = min(DIRECTIONS, (passes - 1) // 2)
    with mpmath.workdps(DIGITS):
        try:
            checking = _Checking(graph, variables, values, gradients, seed)
            return checking.verdict(count)
        except COMPUTING_FAILS:
            return _nothing(graph, "not checked: the formula has no real value here")


def _nothing(graph: Graph, why: str) -> Check:
    nodes = [NodeCheck(None, None, None, None)] * len(graph)
    return Check(None, None, nodes, {}, [why], "directional")


class _Checking:
    """One check, with what all its parts look at."""

    def __init__(
        self,
        graph: Graph,
        variables: Mapping[str, Value],
        values: Sequence[Value],
        gradients: Sequence[Value],
        seed: Value,
    ) -> None:
        self.graph = graph
        self.seed = seed
        self.value = values[graph.output]
        self.leaves = exact_leaves(graph, variables)
        self.variables = list(graph.variables.values())
        self.gradients = {i: numpy.asarray(gradients[i], dtype=float) for i in self.variables}
        self.largest = max(_largest(g) for g in gradients)
        """The largest gradient of any node: beside it others may be mere residues of rounding."""
        self.summed = max(_summed(value) for value in values)
        """The largest sum of magnitudes that a node holds."""
        self.limit = max(WRONG / sum(g.size for g in self.gradients.values() or ()), _STRICT)
        self.here = computed(graph, self.leaves)
        self.warnings: list[str] = []

    def verdict(self, count: int) -> Check:
        value_error = self._value_error()
        found = self._along(count)
        self._say(value_error, found, count)
        worst = max([value_error, *found.errors], key=lambda e: math.inf if e != e else e)
        off = any(not error <= self.limit for error in found.errors)
        wrong = off or not value_error <= WRONG
        ok = False if wrong else None if found.kinks else True
        nothing = NodeCheck(None, None, None, None)
        return Check(ok, worst, [nothing] * len(self.graph), {}, self.warnings, "directional")

    def _value_error(self) -> float:
        """The relative error of the output; of an array in relation to its largest element."""
        truth, found = numpy.asarray(self.here, dtype=object), numpy.asarray(self.value)
        if any(mpmath.isnan(x) for x in truth.flat):
            raise ValueError("the value is no real number")
        pairs = list(zip(truth.flat, found.flat))
        if not numpy.isfinite(found).all():
            return math.inf
        size = max(abs(x) for x in truth.flat)
        off = max(abs(x - float(y)) for x, y in pairs)
        if not off or (off <= _RESIDUE * self.summed and size <= _RESIDUE * self.summed):
            return 0.0  # it is right, or everything cancels
        if off <= _ROUNDING * (self._terms() + float(size)) and off > DOUBTFUL * size:
            return 0.0  # a sum that cancels
        if truth.ndim == 0:
            return relative_error(float(found), self.here) or 0.0
        return float(off / size) if size else math.inf

    def _terms(self) -> float:
        """The size of what the output is the sum of, to first order."""
        return float(
            sum(
                numpy.sum(numpy.abs(self.gradients[i] * numpy.asarray(self.leaves[i], dtype=float)))
                for i in self.variables
            )
        )

    def _along(self, count: int) -> Directions:
        dice = numpy.random.default_rng(_SEED)
        found = Directions([], 0)
        here = self._differentiated(self.here)
        for _ in range(count if self.variables else 0):
            direction = self._direction(dice)
            ahead, behind = self._moved(direction)
            forward, backward = (ahead - here) * mpf(10) ** STEP, (here - behind) * mpf(10) ** STEP
            terms = numpy.concatenate(
                [(self.gradients[i] * direction[i]).ravel() for i in self.variables]
            )
            size = float(numpy.sum(numpy.abs(terms)))
            floor = _RESIDUE * self.largest * self._length(direction)
            if abs(forward - backward) > _KINK * max(abs(forward), abs(backward), size, floor):
                found = found._replace(kinks=found.kinks + 1)
                continue
            off = (
                abs((forward + backward) / 2 - math.fsum(terms)) if size < math.inf else mpmath.inf
            )
            found.errors.append(0.0 if off <= floor else _ratio(off, size))
        return found

    def _length(self, direction: Mapping[int, Value]) -> float:
        """How far a direction leads."""
        return math.sqrt(sum(float(numpy.sum(change**2)) for change in direction.values()))

    def _direction(self, dice: numpy.random.Generator) -> dict[int, Value]:
        """A random change of every variable, larger for those of small gradients.

        So each variable has a like share in the slope, and none hides behind another.
        """
        sizes = {i: float(numpy.sqrt(numpy.mean(g**2))) for i, g in self.gradients.items()}
        least = min((s for s in sizes.values() if 0 < s < math.inf), default=1.0)
        found = {}
        for i, size in sizes.items():
            share = max(least / size, _LEAST_SHARE) if 0 < size < math.inf else 1.0
            amounts = dice.uniform(0.5, 1.5, self.gradients[i].shape)
            signs = dice.choice([-1.0, 1.0], self.gradients[i].shape)
            found[i] = numpy.asarray(share * amounts * signs)
        return found

    def _moved(self, direction: Mapping[int, Value]) -> tuple[MpNumber, MpNumber]:
        """What is differentiated, a step ahead along a direction, and a step behind."""
        ahead, behind = list(self.leaves), list(self.leaves)
        for i, change in direction.items():
            step = mpf(10) ** -STEP * (change.astype(object) if change.shape else float(change))
            ahead[i], behind[i] = ahead[i] + step, behind[i] - step
        return tuple(self._differentiated(computed(self.graph, x)) for x in (ahead, behind))

    def _differentiated(self, output: Exact) -> MpNumber:
        """The sum of seed * output, a number."""
        pairs = zip(numpy.asarray(output, dtype=object).flat, numpy.asarray(self.seed).flat)
        return mpmath.fsum(x * float(s) for x, s in pairs)

    def _say(self, value_error: float, found: Directions, count: int) -> None:
        along = f"{count} random direction{'s' if count > 1 else ''}"
        self.warnings.append(
            f"too large to check node by node: checked are the value and the derivatives along "
            f"{along} in all variables"
        )
        if value_error > DOUBTFUL:
            self.warnings.append(f"{_digits(value_error)} of the value survived the rounding")
        worst = max(found.errors, default=0.0)
        if worst > DOUBTFUL:
            self.warnings.append(
                f"along a random direction {_digits(worst)} of the derivative "
                f"{'holds' if worst > 0.05 else 'hold'}"
            )
        if found.kinks:
            self.warnings.append(
                f"along {found.kinks} of them the slope ahead is another than behind: "
                "the formula has a kink here, and its gradient is a convention"
            )


def _largest(gradient: Value) -> float:
    """The largest finite element."""
    found = numpy.abs(numpy.asarray(gradient, dtype=float))
    return float(numpy.max(found, initial=0.0, where=numpy.isfinite(found)))


def _summed(value: Value) -> float:
    """The sum of the magnitudes of the finite elements."""
    found = numpy.abs(numpy.asarray(value, dtype=float))
    return float(numpy.sum(found, initial=0.0, where=numpy.isfinite(found)))


def _ratio(off: MpNumber, size: float) -> float:
    """The error of a sum in relation to the size of its terms."""
    if off == 0:
        return 0.0
    return float(off / size) if 0 < size < math.inf else math.inf


def _digits(error: float) -> str:
    return "no digit" if error > 0.5 else digits_that_hold(error)
