"""The verdict on a calculation: engine against reference, node by node, and what it lost where."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bpcalc.checks.reference import number, reference, within_float64
from bpcalc.checks.rounding import Sized, gradients_at, rounding_bounds
from bpcalc.checks.second_opinion import evaluated
from bpcalc.checks.slopes import JUMPS, one_sided_slopes
from bpcalc.checks.symbolic import (
    READABLE_SIZE,
    Expression,
    MpNumber,
    TooLarge,
    formula_derivatives,
    size,
)
from bpcalc.engine.diagnosis import counting, expression_text, is_finite
from bpcalc.graph import Graph
from bpcalc.graph.text import latex_name
from bpcalc.ops.constants import Constant
from bpcalc.ops.op import Value

WRONG = 1e-6
"""A relative error above this is a disagreement."""

DOUBTFUL = 1e-9
"""One above this earns a warning that says how many digits hold."""

MAX_NODES = 20_000
"""Beyond this a check takes more than some ten seconds, and is not made."""

_READABLE_DERIVATIVES = 1000
"""Nodes times variables, up to which the derivatives of the whole formula are worth their time."""

_EVALUATED = 2000
"""A derivative of the whole formula up to this size is evaluated as a second opinion."""

_LARGE_RESIDUE = 1e-9
"""What rounding leaves of a 0 is said from here on."""

_TINY = 2.0**-1070
"""Below the normal range of float64 relative errors mean nothing."""


class NodeCheck(NamedTuple):
    """The reference for one node; None where there is none."""

    value: Value
    """A float, or an array of them, with NaN for an element that has no reference."""
    gradient: Value
    error: float | None
    """The larger relative error of the two; of arrays that of the worst element."""
    ok: bool | None


class Derivative(NamedTuple):
    """SymPy's symbolic derivative of the whole formula by one variable."""

    expression: Expression
    value: float | None
    """What it evaluates to at the values of the variables."""

    @property
    def readable(self) -> bool:
        """Whether it is short enough to print."""
        return size(self.expression, READABLE_SIZE + 1) <= READABLE_SIZE

    @property
    def text(self) -> str:
        """As SymPy writes it."""
        return str(self.expression)

    @property
    def latex(self) -> str:
        """As LaTeX."""
        import sympy

        names = {symbol: latex_name(symbol.name) for symbol in self.expression.free_symbols}
        return str(sympy.latex(self.expression, symbol_names=names))


class Check(NamedTuple):
    """What SymPy says of a calculation."""

    ok: bool | None
    max_error: float | None
    nodes: Sequence[NodeCheck]
    derivatives: Mapping[str, Derivative]
    warnings: Sequence[str]
    method: str = "sympy"


def check(
    graph: Graph,
    variables: Mapping[str, Constant],
    values: Sequence[Value],
    gradients: Sequence[Value],
    seed: Constant,
    wrt: Sequence[str] | None = None,
) -> Check:
    """Check every value and gradient that the engine found."""
    if len(graph) > MAX_NODES:
        nothing = NodeCheck(None, None, None, None)
        why = f"not checked: {len(graph):,} nodes would take too long (the most is {MAX_NODES:,})"
        return Check(None, None, [nothing] * len(graph), {}, [why])
    return _Checking(graph, variables, values, gradients, seed).verdict(wrt)


class _Checking:
    """One check, with what all its parts look at."""

    def __init__(
        self,
        graph: Graph,
        variables: Mapping[str, Constant],
        values: Sequence[Value],
        gradients: Sequence[Value],
        seed: Constant,
    ) -> None:
        self.graph = graph
        self.variables = variables
        self.values = values
        self.gradients = gradients
        self.seed = seed
        self.warnings: list[str] = []
        self.truth = within_float64(reference(graph, variables, seed))
        self.counts = counting(graph, values)
        self.kinks = {i: jump for i, jump in self.truth.kinks.items() if self.counts[i]}
        """Where the exact calculation sits on a kink; the rounded one may have missed it."""
        self.large_residue = False
        self._bounds: list[MpNumber] | None = None
        self._local: list[Sized] | None = None

    def verdict(self, wrt: Sequence[str] | None) -> Check:
        value_errors = [self._value_error(index) for index in range(len(self.graph))]
        gradient_errors = [self._gradient_error(index) for index in range(len(self.graph))]
        nodes = [
            self._node(index, value_errors[index], gradient_errors[index])
            for index in range(len(self.graph))
        ]
        self._say_what_was_lost(value_errors, gradient_errors)
        if self.kinks:
            nodes = self._with_kinks(nodes)
        self._say_what_is_unchecked(nodes)
        derivatives = self._derivatives(wrt if wrt is not None else list(self.graph.variables))
        nodes = self._with_second_opinion(nodes, derivatives)
        if not self.truth.consistent:
            self.warnings.append("the check contradicts itself: trust neither it nor the gradients")
        errors = [node.error for node in nodes if node.error is not None]
        return Check(
            self._overall(nodes), max(errors, default=None), nodes, derivatives, self.warnings
        )

    def _overall(self, nodes: Sequence[NodeCheck]) -> bool | None:
        """False where any node is wrong; None where a node that counts could not be checked."""
        if any(node.ok is False for node in nodes) or not self.truth.consistent:
            return False
        unchecked = any(node.ok is None and counts for node, counts in zip(nodes, self.counts))
        return None if unchecked else True

    # Errors

    def _value_error(self, index: int) -> float | None:
        """The relative error of a node's value; None where there is nothing to compare."""
        truth, found = self.truth.values[index], self.values[index]
        error = relative_error(found, truth)
        if error == math.inf and truth == 0 and found - found == 0:
            # sin(pi) is 1.2e-16: rounding the inputs explains it, and counts as no error.
            if self._bounds is None:
                self._bounds = rounding_bounds(self.graph, self.values)
            if abs(found) <= self._bounds[index]:
                return self._left_by_rounding(index, found)
        return error

    def _gradient_error(self, index: int) -> float | None:
        """The relative error of a node's gradient; None where there is nothing to compare."""
        truth, found = self.truth.gradients[index], self.gradients[index]
        error = relative_error(found, truth)
        if error == math.inf and truth == 0 and found - found == 0:
            if self._local is None:
                seed = number(self.seed)
                self._local = gradients_at(self.graph, self.values, seed)
            again = self._local[index]
            if again is not None and abs(found - again[0]) <= 8 * 2.0**-52 * again[1]:
                return self._left_by_rounding(index, found)
        return error

    def _left_by_rounding(self, index: int, found: Value) -> float:
        """No error; said where it is large."""
        if abs(found) > _LARGE_RESIDUE and not self.large_residue:
            self.large_residue = True
            text = expression_text(self.graph, index)
            self.warnings.append(
                f"n{index + 1} = {text}: {float(found):.9g} is left by rounding, the right one is 0"
            )
        return 0.0

    def _node(self, index: int, of_value: float | None, of_gradient: float | None) -> NodeCheck:
        value, gradient = self.truth.values[index], self.truth.gradients[index]
        error = None if of_value is None or of_gradient is None else max(of_value, of_gradient)
        ok = None if error is None else error <= WRONG
        if error is None and max(of_value or 0.0, of_gradient or 0.0) > WRONG:
            ok = False
        return NodeCheck(_float(value), _float(gradient), error, ok)

    # Sentences

    def _say_what_was_lost(
        self, value_errors: Sequence[float | None], gradient_errors: Sequence[float | None]
    ) -> None:
        """Name the first node on the way that lost digits, of values or else of gradients."""
        forwards = range(len(self.graph))
        for errors, found, of, order in (
            (value_errors, self.values, "value", forwards),
            (gradient_errors, self.gradients, "gradient", reversed(forwards)),
        ):
            # What is not finite is an error of its own, and not told here.
            lossy = [
                i
                for i in order
                if (errors[i] or 0) > DOUBTFUL and self.counts[i] and is_finite(found[i])
            ]
            if not lossy:
                continue
            first = lossy[0]
            worst = max(lossy, key=lambda i: errors[i] or 0.0)
            self.warnings.append(self._lost(of, first, errors[first] or 0.0))
            if worst != first and (errors[worst] or 0.0) > 10 * (errors[first] or 0.0):
                self.warnings.append(self._lost(of, worst, errors[worst] or 0.0, verb="has"))
            return

    def _lost(self, of: str, index: int, error: float, verb: str = "") -> str:
        truth = (self.truth.values if of == "value" else self.truth.gradients)[index]
        found = (self.values if of == "value" else self.gradients)[index]
        digits = "no digit" if error > 0.5 else digits_that_hold(error)
        label = f"n{index + 1}"
        text = expression_text(self.graph, index)
        name = f"{label} = {text}" if text != label else label
        return (
            f"{digits} of the {of} of {name} {verb or 'survived'}"
            f"{' right' if verb else ' the rounding'}: computed {float(found)!r}, "
            f"the right one is {_float(truth)!r}"
        )

    def _say_what_is_unchecked(self, nodes: Sequence[NodeCheck]) -> None:
        skipped = [
            f"n{i + 1}" for i, node in enumerate(nodes) if node.ok is None and not self.counts[i]
        ]
        if skipped:
            self.warnings.append(f"not checked, since where chose otherwise: {listed(skipped)}")
        unchecked = [i for i, node in enumerate(nodes) if node.ok is None and self.counts[i]]
        if unchecked and not self.kinks:
            self.warnings.append(
                f"{len(unchecked)} of {len(nodes)} nodes not checked: {self._why(unchecked)}"
            )

    def _why(self, unchecked: Sequence[int]) -> str:
        """Where the reference ends: at a value, or else on the way back at a derivative."""
        for index in unchecked:
            if self.truth.values[index] is None:
                text = expression_text(self.graph, index)
                return f"n{index + 1} = {text} has no real value within the range of float64"
        index = unchecked[-1]
        return f"a derivative on the way to n{index + 1} does not exist"

    # Kinks

    def _with_kinks(self, nodes: list[NodeCheck]) -> list[NodeCheck]:
        """Decide, where the derivative is a convention, what the whole formula's slopes say."""
        if len(self.graph) * len(self.graph.variables) > MAX_NODES:
            self.warnings.append("too large to say what the slopes on either side of the kinks are")
            return nodes
        for name, index in self.graph.variables.items():
            if nodes[index].ok is not None and not any(self.kinks.values()):
                continue
            left, right = one_sided_slopes(self.graph, self.variables, name)
            if JUMPS in (left, right):
                self.warnings.append(f"the formula jumps at this {name}: it has no slope by {name}")
                nodes[index] = nodes[index]._replace(gradient=None, error=None, ok=None)
            elif left is None or right is None:
                self.warnings.append(
                    f"at this kink the formula has no slope by {name} on one side or both: "
                    "the gradient is a convention"
                )
                nodes[index] = nodes[index]._replace(gradient=None, error=None, ok=None)
            else:
                seed = number(self.seed)
                nodes[index] = self._decided(name, index, nodes[index], left * seed, right * seed)
        return nodes

    def _decided(
        self, name: str, index: int, node: NodeCheck, left: MpNumber, right: MpNumber
    ) -> NodeCheck:
        """The verdict on a gradient by the slopes on either side."""
        found = float(self.gradients[index])
        left, right = without_residue(left, right)
        truth = slope_between(left, right)
        if truth is None:
            self.warnings.append(
                f"the slope by {name} is {float(left):.9g} from the left and {float(right):.9g} "
                f"from the right: {found:.9g} is a convention"
            )
            return node._replace(gradient=None, error=None, ok=None)
        error = relative_error(found, truth) or 0.0
        if error > WRONG:
            self.warnings.append(
                f"the slope by {name} is {float(truth):.9g} from both sides; the conventions at "
                f"the kinks gave {found:.9g}, which is wrong"
            )
        return node._replace(gradient=float(truth), error=error, ok=error <= WRONG)

    # The whole formula

    def _derivatives(self, wrt: Sequence[str]) -> dict[str, Derivative]:
        """SymPy's derivative of the formula as one expression, where a person could read it."""
        names = [name for name in wrt if name in self.graph.variables]
        if len(names) * len(self.graph) > _READABLE_DERIVATIVES:
            return {}
        try:
            found = formula_derivatives(self.graph, names)
        except TooLarge:
            return {}
        except Exception as why:  # SymPy fails in many ways
            self.warnings.append(f"no second opinion: SymPy failed with {type(why).__name__}")
            return {}
        small = {n: e for n, e in found.items() if size(e, _EVALUATED) < _EVALUATED}
        at: list[float | None] = [None] * len(small)
        if None not in self.truth.values:  # else it might compute 9**9**9**9
            at = evaluated(list(small.values()), self.variables)
        return {name: Derivative(e, value) for (name, e), value in zip(small.items(), at)}

    def _with_second_opinion(
        self, nodes: list[NodeCheck], derivatives: Mapping[str, Derivative]
    ) -> list[NodeCheck]:
        """SymPy's derivative of the whole formula has to give the reference's gradient."""
        if self.kinks:
            return nodes  # there it picks a branch
        seed = float(self.seed)
        for name, derivative in derivatives.items():
            index = self.graph.variables[name]
            truth = nodes[index].gradient
            if derivative.value is None or truth is None or not math.isfinite(derivative.value):
                continue
            said = derivative.value * seed
            if abs(said - truth) > WRONG * max(abs(truth), abs(said)):
                self.warnings.append(
                    f"SymPy's derivative of the whole formula by {name} gives {said!r}, "
                    f"its derivatives node by node {truth!r}"
                )
                nodes[index] = nodes[index]._replace(ok=False)
        return nodes


def without_residue(left: MpNumber, right: MpNumber) -> tuple[MpNumber, MpNumber]:
    """Two slopes, 0 for one that is nothing beside the other."""
    size = max(abs(left), abs(right))
    residue = size * 1e-20
    return (0 if abs(left) <= residue else left), (0 if abs(right) <= residue else right)


def slope_between(left: MpNumber, right: MpNumber) -> MpNumber | None:
    """The slope that those on either side agree on; None where they differ."""
    size = max(abs(left), abs(right))
    if size <= 1e-150:
        return 0
    return (left + right) / 2 if abs(left - right) <= 1e-12 * size else None


def relative_error(found: Value, truth: MpNumber | None) -> float | None:
    """How far a number is from the reference; None where there is none."""
    if truth is None:
        return None
    if found - found != 0:
        return math.inf
    difference = abs(found - truth)
    if difference <= _TINY:
        return 0.0
    if truth == 0:
        return math.inf
    error = float(difference / abs(truth))
    return 0.0 if error < 2.0**-54 else error


def digits_that_hold(error: float) -> str:
    """`only 3 digits`."""
    digits = max(1, math.floor(-math.log10(error)))
    return f"only {digits} digit{'s' if digits > 1 else ''}"


def _float(number: MpNumber | None) -> float | None:
    return None if number is None else float(number)


def listed(names: Sequence[str]) -> str:
    """The first twelve, and how many more there are."""
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
