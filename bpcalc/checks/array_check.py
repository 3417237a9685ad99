"""The verdict on a calculation with arrays: every element of every node, or random directions.

Small arrays are expanded into a graph of numbers, and each element gets its 50-digit reference;
for larger ones the derivatives along a few directions are computed (`directional`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy

from bpcalc.checks import directional
from bpcalc.checks.array_rounding import Bounds, rounding_bounds
from bpcalc.checks.check import (
    DOUBTFUL,
    WRONG,
    Check,
    NodeCheck,
    digits_that_hold,
    listed,
    relative_error,
    slope_between,
    without_residue,
)
from bpcalc.checks.expansion import Expansion, Place, TooManyNodes, element_name, expanded
from bpcalc.checks.reference import number, reference, within_float64
from bpcalc.checks.slopes import JUMPS, one_sided_slopes
from bpcalc.checks.symbolic import MpNumber
from bpcalc.engine.diagnosis import counting, expression_text
from bpcalc.graph import Graph
from bpcalc.ops.op import Value

MEANING_FAILS = (TypeError, ValueError, AttributeError, IndexError, NotImplementedError)
"""What an operation raises that cannot be computed with anything but float64."""

_SLOPES_BESIDE_KINKS = 20_000
"""Scalar nodes times elements, up to which the slopes beside kinks are computed."""

_ROUNDING = 64 * 2.0**-52
"""An element may be off by so much of the largest one beside it, where rounding explains it."""

_LAST = (250,)
"""Working digits of the last run. What cancels to less than 1e-100 of its terms is taken for 0: the
engine's rounding is larger, and runs with 750 and 1500 digits would take as long as all others."""

_SAID = 6
"""So many elements are told one by one."""


def check(
    graph: Graph,
    variables: Mapping[str, Value],
    values: Sequence[Value],
    gradients: Sequence[Value],
    seed: Value,
) -> Check:
    """Check every value and gradient that the engine found."""
    try:
        expansion = expanded(graph, variables, seed)
    except TooManyNodes:
        return directional.check(graph, variables, values, gradients, seed)
    except MEANING_FAILS as why:
        return unchecked(graph, f"not checked: an operation has no meaning per element ({why})")
    return _Checking(graph, expansion, values, gradients).verdict()


def unchecked(graph: Graph, why: str) -> Check:
    """No opinion, and the reason."""
    nothing = NodeCheck(None, None, None, None)
    return Check(None, None, [nothing] * len(graph), {}, [why])


class _Side(NamedTuple):
    """The values, or the gradients: what the engine found and what is right."""

    of: str
    found: Sequence[Value]
    truth: list[MpNumber | None]


class _Worst(NamedTuple):
    """The element of a node that is furthest from the reference."""

    of: str
    node: int
    place: Place
    error: float
    found: float
    truth: float


class _Checking:
    """One check, with what all its parts look at."""

    def __init__(
        self,
        graph: Graph,
        expansion: Expansion,
        values: Sequence[Value],
        gradients: Sequence[Value],
    ) -> None:
        self.graph = graph
        self.expansion = expansion
        self.warnings: list[str] = []
        whole = expansion.graph, expansion.variables, expansion.seed
        truth = within_float64(reference(*whole, last=_LAST))
        self.consistent = truth.consistent
        self.counts = counting(expansion.graph, truth.values)
        self.kinks = {i: jump for i, jump in truth.kinks.items() if self._is_kink(i)}
        self.values = _Side("value", values, truth.values)
        self.gradients = _Side("gradient", gradients, truth.gradients)
        self._bounds: Bounds | None = None
        known = [abs(x) for x, counts in zip(truth.gradients, self.counts) if x and counts]
        self._steepest = float(max(known, default=0.0))

    def _is_kink(self, index: int) -> bool:
        """Whether a kink of a scalar node is one of the formula.

        The comparison within huber is none: it does not declare it.
        """
        owner = self.expansion.owners[index]
        return self.counts[index] and (owner < 0 or bool(self.graph.op(owner).kinks))

    def verdict(self) -> Check:
        if self.kinks:
            self._decide_kinks()
        nodes, worst = [], []
        for index in range(len(self.graph)):
            errors = [self._errors(side, index) for side in (self.values, self.gradients)]
            nodes.append(self._node(index, errors))
            worst += [
                self._worst(side, index, found)
                for side, found in zip((self.values, self.gradients), errors)
            ]
        self._say_what_was_lost([found for found in worst if found is not None])
        self._say_what_is_unchecked()
        if not self.consistent:
            self.warnings.append("the check contradicts itself: trust neither it nor the gradients")
        largest = max((node.error for node in nodes if node.error is not None), default=None)
        return Check(self._overall(nodes), largest, nodes, {}, self.warnings)

    def _overall(self, nodes: Sequence[NodeCheck]) -> bool | None:
        if any(node.ok is False for node in nodes) or not self.consistent:
            return False
        return None if any(self._open(index) for index in range(len(nodes))) else True

    # Errors

    def _errors(self, side: _Side, index: int) -> Value:
        """The relative error of each element, NaN where there is no reference."""
        places = self.expansion.places[index]
        found = numpy.broadcast_to(side.found[index], places.shape)
        errors = numpy.full(places.shape, math.nan)
        largest: float | None = None
        for place, scalar in numpy.ndenumerate(places):
            error = relative_error(float(found[place]), side.truth[scalar])
            if error is None:
                continue
            if error > DOUBTFUL:
                if largest is None:
                    largest = self._largest(side, places)
                if self._left_by_rounding(side, scalar, float(found[place]), largest):
                    error = 0.0
            errors[place] = error
        return errors

    @staticmethod
    def _largest(side: _Side, places: Value) -> float:
        """The magnitude of the largest element."""
        return max(abs(float(side.truth[k])) for k in places.flat if side.truth[k] is not None)

    def _left_by_rounding(self, side: _Side, scalar: int, found: float, largest: float) -> bool:
        """Whether what rounding leaves explains an element: one that cancels, beside others.

        It is no error then.
        """
        truth: MpNumber = side.truth[scalar]
        off = abs(found - truth) if found - found == 0 else math.inf
        if side is self.gradients:
            # At an optimum the whole gradient is a residue, beside gradients that are none.
            largest = max(largest, self._steepest)
        if off == math.inf or (truth != 0 and off > _ROUNDING * largest):
            return False
        if self._bounds is None:
            truths = self.values.truth, self.gradients.truth
            self._bounds = rounding_bounds(self.graph, self.expansion, *truths)
        bounds = self._bounds.values if side is self.values else self._bounds.gradients
        return bool(off <= bounds[scalar])

    def _node(self, index: int, errors: Sequence[Value]) -> NodeCheck:
        known = [float(numpy.nanmax(e)) for e in errors if not numpy.isnan(e).all()]
        error = max(known, default=None)
        ok: bool | None = None
        if error is not None and error > WRONG:
            ok = False
        elif error is not None and not self._open(index):
            ok = True
        return NodeCheck(
            self._float64(self.values, index), self._float64(self.gradients, index), error, ok
        )

    def _float64(self, side: _Side, index: int) -> Value:
        """The reference as float64, NaN for an element that has none; None where none has one."""
        places = self.expansion.places[index]
        known = [side.truth[k] for k in places.flat]
        if all(x is None for x in known):
            return None
        if not places.shape:
            return float(known[0])
        return numpy.array([math.nan if x is None else float(x) for x in known]).reshape(
            places.shape
        )

    def _open(self, index: int) -> bool:
        """Whether an element that counts has no reference."""
        return any(self._is_open(k) for k in self.expansion.places[index].flat)

    def _is_open(self, scalar: int) -> bool:
        missing = self.values.truth[scalar] is None or self.gradients.truth[scalar] is None
        return missing and self.counts[scalar]

    # Sentences

    def _worst(self, side: _Side, index: int, errors: Value) -> _Worst | None:
        if numpy.isnan(errors).all():
            return None
        place = numpy.unravel_index(int(numpy.nanargmax(errors)), errors.shape)
        if errors[place] <= DOUBTFUL:
            return None
        scalar = self.expansion.places[index][place]
        found = float(numpy.broadcast_to(side.found[index], errors.shape)[place])
        indices = tuple(int(i) for i in place)
        return _Worst(
            side.of, index, indices, float(errors[place]), found, float(side.truth[scalar])
        )

    def _say_what_was_lost(self, worst: Sequence[_Worst]) -> None:
        """Name the first node on the way that lost digits, of values or else of gradients."""
        for side, first in ((self.values, 0), (self.gradients, -1)):
            lossy = [w for w in worst if w.of == side.of and math.isfinite(w.found)]
            if not lossy:
                continue
            told = lossy[first]
            self.warnings.append(self._lost(told, "survived the rounding"))
            most = max(lossy, key=lambda w: w.error)
            if most.error > 10 * told.error:
                self.warnings.append(self._lost(most, "has right"))
            return

    def _lost(self, worst: _Worst, verb: str) -> str:
        digits = "no digit" if worst.error > 0.5 else digits_that_hold(worst.error)
        return (
            f"{digits} of the {worst.of} of {self._element(worst.node, worst.place)} {verb}: "
            f"computed {worst.found!r}, the right one is {worst.truth!r}"
        )

    def _element(self, index: int, place: Place) -> str:
        """`n5[0, 1] = (W@x)[0, 1]`, or `W[0, 1]`."""
        text = expression_text(self.graph, index)
        label = element_name(f"n{index + 1}", place)
        bracketed = text if text.isidentifier() or not place else f"({text})"
        return f"{label} = {element_name(bracketed, place)}"

    def _say_what_is_unchecked(self) -> None:
        skipped, unknown = [], []
        for index, places in enumerate(self.expansion.places):
            for place, scalar in numpy.ndenumerate(places):
                if self._is_open(scalar):
                    unknown.append((index, place))
                elif not self.counts[scalar] and self.values.truth[scalar] is None:
                    skipped.append(element_name(f"n{index + 1}", place))
        if skipped:
            self.warnings.append(f"not checked, since where chose otherwise: {listed(skipped)}")
        if unknown and not self.kinks:
            total = sum(places.size for places in self.expansion.places)
            self.warnings.append(
                f"{len(unknown)} of {total} elements not checked: {self._why(unknown)}"
            )

    def _why(self, unknown: Sequence[tuple[int, Place]]) -> str:
        """Where the reference ends: at a value, or else on the way back at a derivative."""
        for index, place in unknown:
            if self.values.truth[self.expansion.places[index][place]] is None:
                shown = self._element(index, place)
                return f"{shown} has no real value within the range of float64"
        return f"a derivative on the way to {self._element(*unknown[-1])} does not exist"

    # Kinks

    def _decide_kinks(self) -> None:
        """Decide, where the derivative is a convention, what the whole formula's slopes say."""
        jumps = any(self.kinks.values())
        undecided = [
            (index, place)
            for index in self.graph.variables.values()
            for place, scalar in numpy.ndenumerate(self.expansion.places[index])
            if jumps or self.gradients.truth[scalar] is None
        ]
        if len(undecided) * len(self.expansion.graph) > _SLOPES_BESIDE_KINKS:
            self.warnings.append("too large to say what the slopes on either side of the kinks are")
            return
        said = [self._decided(index, place) for index, place in undecided]
        said = [sentence for sentence in said if sentence]
        self.warnings += said[:_SAID]
        if len(said) > _SAID:
            self.warnings.append(f"the same of {len(said) - _SAID} more elements")

    def _decided(self, index: int, place: Place) -> str:
        """The gradient by the slopes on either side of the kinks, and what there is to say."""
        scalar = self.expansion.places[index][place]
        name = element_name(self.graph.label(index), place)
        sides = one_sided_slopes(self.expansion.graph, self.expansion.variables, name)
        found = float(numpy.asarray(self.gradients.found[index])[place])
        self.gradients.truth[scalar] = None
        if JUMPS in sides:
            return f"the formula jumps at this {name}: it has no slope by {name}"
        if None in sides:
            return (
                f"at this kink the formula has no slope by {name} on one side or both: "
                "the gradient is a convention"
            )
        left, right = without_residue(*(x * number(self.expansion.seed) for x in sides))
        truth = slope_between(left, right)
        if truth is None:
            return (
                f"the slope by {name} is {float(left):.9g} from the left and {float(right):.9g} "
                f"from the right: {found:.9g} is a convention"
            )
        self.gradients.truth[scalar] = truth
        if (relative_error(found, truth) or 0.0) <= WRONG:
            return ""
        return (
            f"the slope by {name} is {float(truth):.9g} from both sides; the conventions at "
            f"the kinks gave {found:.9g}, which is wrong"
        )
