"""Values and gradients anew, to 50 digits, from the numbers as typed and from SymPy's derivatives.

Everything here is independent of the engine: other numbers (mpmath's, not floats), other
derivatives (SymPy's of the textbook meaning, not the rules), another order: each node gathers its
gradient from its consumers, and one sweep in the forward direction with a random tangent at every
node has to arrive at the same sum.

How many digits a calculation loses on its way is not known beforehand. So it runs twice, with more
digits the second time, and a number counts when the two runs agree. Where they do not, or where
terms that are not 0 cancelled to 0, a third run has so many digits that nothing within the range
of float64 can hide below them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import mpmath
import sympy
from mpmath import mpf

from bpcalc.checks.symbolic import MODULES, Expression, MpNumber, TooLarge, compiled, separately
from bpcalc.engine.diagnosis import sitting
from bpcalc.formula import parse
from bpcalc.graph import Graph
from bpcalc.ops.constants import Constant
from bpcalc.ops.op import Op

DIGITS = 50
"""What is guaranteed of every number that is returned."""

COARSE, FINE, FINEST = 70, 110, 750
"""Working digits of the runs. Two float64 numbers lie at most 10**633 apart."""

MAX_BITS = 4096
"""Numbers beyond 2**4096 are not followed: float64 ends at 2**1024."""

COMPUTING_FAILS = (
    ValueError,
    ZeroDivisionError,
    OverflowError,
    TypeError,
    AttributeError,
    TooLarge,
)


Sized: TypeAlias = "tuple[MpNumber, MpNumber] | None"
"""A result, and the size of what it is the sum of."""


Function: TypeAlias = Callable[..., list[MpNumber]]
"""(inputs) -> [value, derivative by each input]."""


class Reference(NamedTuple):
    """Reference values and gradients by node; None where there is no real number."""

    values: list[MpNumber | None]
    gradients: list[MpNumber | None]
    consistent: bool
    """Whether the forward sweep arrived at the same gradients."""
    kinks: dict[int, bool]
    """The nodes at which the derivative does not exist, and whether the value jumps there."""


class Run(NamedTuple):
    """One calculation with a fixed number of digits."""

    values: list[MpNumber | None]
    gradients: list[MpNumber | None]
    partials: list[list[MpNumber | None]]
    kinks: dict[int, bool]


def reference(graph: Graph, variables: Mapping[str, Constant], seed: Constant) -> Reference:
    """Reference values and gradients of every node."""
    with mpmath.workdps(COARSE):
        coarse = _run(graph, variables, seed)
    with mpmath.workdps(FINE):
        fine = _run(graph, variables, seed)
        settled = _all_agree(coarse, fine) and not _cancelled(graph, fine)
    if not settled:
        with mpmath.workdps(FINEST):
            coarse, fine = fine, _run(graph, variables, seed)
            fine = _zero_where_vanishing(coarse, fine)
    with mpmath.workdps(FINE):
        consistent = _forward_sweep_agrees(graph, fine)
    return Reference(fine.values, fine.gradients, consistent, fine.kinks)


def within_float64(found: Reference) -> Reference:
    """Without the numbers that float64 cannot hold."""

    def kept(numbers: Iterable[MpNumber | None]) -> list[MpNumber | None]:
        return [n if n is None or abs(n) <= _LARGEST else None for n in numbers]

    return found._replace(values=kept(found.values), gradients=kept(found.gradients))


_LARGEST = mpf(2) ** 1024 * (1 - mpf(2) ** -53)


def _all_agree(coarse: Run, fine: Run) -> bool:
    limit = mpf(10) ** -DIGITS
    pairs = [*zip(coarse.values, fine.values), *zip(coarse.gradients, fine.gradients)]
    return all(
        a is b or (a is not None and b is not None and abs(b - a) <= abs(b) * limit)
        for a, b in pairs
    )


def _cancelled(graph: Graph, run: Run) -> bool:
    """Whether a 0 came about from numbers that are not 0: it may be one that needs more digits."""
    leaves = len(graph.leaves)
    for index, op, inputs in graph.operations:
        if op.kinks or op.switch or op.used:
            continue  # relu(-3) is 0, and so is its slope, with no digit lost
        if run.values[index] == 0 and all(run.values[i] != 0 for i in inputs):
            return True
        if run.gradients[index] == 0:
            continue
        for i, slope in zip(inputs, run.partials[index - leaves]):
            others = [run.values[k] for k in inputs if k != i]
            if (slope == 0 or run.gradients[i] == 0) and 0 not in others:
                return True
    return False


def _zero_where_vanishing(coarse: Run, fine: Run) -> Run:
    """What goes on shrinking as digits are added is 0."""
    shrinks = mpf(10) ** -30

    def settled(pairs: Iterable[tuple[MpNumber | None, MpNumber | None]]) -> list[MpNumber | None]:
        return [mpf(0) if a and b and abs(b) <= abs(a) * shrinks else b for a, b in pairs]

    return fine._replace(
        values=settled(zip(coarse.values, fine.values)),
        gradients=settled(zip(coarse.gradients, fine.gradients)),
    )


def _run(graph: Graph, variables: Mapping[str, Constant], seed: Constant) -> Run:
    """Values and SymPy's local derivatives forward, then gradients, gathered from the consumers."""
    values, partials = forward(graph, {name: number(value) for name, value in variables.items()})
    kinks = _kinks(graph, values)
    for index in kinks:
        if not graph.op(index).switch:  # whose derivative is 0 on either side
            partials[index - len(graph.leaves)] = [None] * len(graph.inputs(index))
    return Run(values, _gathered(graph, partials, number(seed)), partials, kinks)


def _kinks(graph: Graph, values: Sequence[MpNumber | None]) -> dict[int, bool]:
    """The nodes that sit where their derivative does not exist, and whether their value jumps."""
    limit = mpf(10) ** -DIGITS
    # sin(pi) is 1e-70 here: at a kink, so much is 0.
    near = [mpf(0) if value is not None and abs(value) <= limit else value for value in values]
    found: dict[int, bool] = {}
    for index, kink in sitting(graph, near):
        found[index] = found.get(index, False) or kink.jump
    return found


def forward(
    graph: Graph, variables: Mapping[str, MpNumber]
) -> tuple[list[MpNumber | None], list[list[MpNumber | None]]]:
    """The value of every node, and for every operation the derivative by each input."""
    values: list[MpNumber | None] = []
    partials: list[list[MpNumber | None]] = []
    for leaf in graph.leaves:
        known = leaf.constant
        values.append(variables[leaf.name or ""] if known is None else number(known))
    functions: dict[int, Function | None] = {}
    for _, op, inputs in graph.operations:
        if id(op) not in functions:
            functions[id(op)] = _function(op)
        args = [values[i] for i in inputs]
        fold = _folded if op.variadic else _applied
        value, *slopes = fold(op, functions[id(op)], args)
        values.append(value)
        partials.append(slopes)
    return values, partials


def _folded(
    op: Op, function: Function | None, args: list[MpNumber | None]
) -> list[MpNumber | None]:
    """A variadic op as the op of two inputs, over and over: max(max(a, b), c)."""
    value, slopes = args[0], [mpf(1)]
    for arg in args[1:]:
        value, by_value, by_arg = _applied(op, function, [value, arg])
        if value is None or by_value is None or by_arg is None:
            return [None] * (len(args) + 1)
        slopes = [slope * by_value for slope in slopes] + [by_arg]
    return [value, *slopes]


def _function(op: Op) -> Function | None:
    try:
        return compiled(op)
    except COMPUTING_FAILS:
        return None


def _applied(
    op: Op, function: Function | None, args: list[MpNumber | None]
) -> list[MpNumber | None]:
    """[value, derivative by each input]; None where an input or the result is no real number."""
    nothing: list[MpNumber | None] = [None] * (len(args) + 1)
    if op.used is not None and args[0] is not None:
        # What was not chosen may be undefined; any number does in its place.
        used = op.used(*[0 if arg is None else arg for arg in args])
        args = [mpf(0) if arg is None and not u else arg for arg, u in zip(args, used)]
    if function is None or None in args:
        return nothing
    try:
        results = [real(result) for result in function(*args)]
    except COMPUTING_FAILS:
        results = _one_by_one(op, args)
    return nothing if results[0] is None else results  # no value, so no slope


def _one_by_one(op: Op, args: list[MpNumber | None]) -> list[MpNumber | None]:
    """Value and derivatives where one of them cannot be computed: the others still count."""
    results: list[MpNumber | None] = []
    for function in separately(op):
        try:
            results.append(real(function(*args)))
        except COMPUTING_FAILS:
            results.append(None)
    return results


def real(result: MpNumber) -> MpNumber | None:
    """A finite real number of a size that can be followed, else None."""
    result = mpmath.mpmathify(result)
    if not isinstance(result, mpf) or not mpmath.isfinite(result):
        return None
    if result and abs(mpmath.mag(result)) > MAX_BITS:
        return None if result > 1 or result < -1 else mpf(0)
    return result


def _gathered(
    graph: Graph, partials: Sequence[Sequence[MpNumber | None]], seed: MpNumber
) -> list[MpNumber | None]:
    """Each node's gradient: over its consumers, their gradient times their derivative by it."""
    leaves = len(graph.leaves)
    consumers = graph.consumers()
    gradients: list[MpNumber | None] = [mpf(0)] * len(graph)
    for index in range(len(graph) - 1, -1, -1):
        total: MpNumber | None = seed if index == graph.output else mpf(0)
        for consumer, arg in consumers[index]:
            upstream, slope = gradients[consumer], partials[consumer - leaves][arg]
            if upstream == 0 or slope == 0:  # nothing flows, even where the other is undefined
                continue
            if upstream is None or slope is None or total is None:
                total = None
                break
            total += upstream * slope
        gradients[index] = total
    return gradients


def _forward_sweep_agrees(graph: Graph, run: Run) -> bool:
    """Move every node by a random amount: the output must move by the sum of gradient * amount."""
    dice = random.Random(0)
    leaves = len(graph.leaves)
    tangents: list[MpNumber] = []
    expected = size = mpf(0)
    for index, gradient in enumerate(run.gradients):
        amount = mpf(dice.randint(1, 1000)) / 1000
        if gradient is None:
            return True  # an undefined derivative lies on a path: nothing to compare
        expected += gradient * amount
        size += abs(gradient * amount)
        if index >= leaves:
            for i, slope in zip(graph.inputs(index), run.partials[index - leaves]):
                if slope is not None:
                    amount += slope * tangents[i]
        tangents.append(amount if gradient else mpf(0))
    seed = run.gradients[graph.output]
    return bool(abs(tangents[graph.output] * seed - expected) <= size * mpf(10) ** -20)


_numbers: dict[tuple[str, int], MpNumber] = {}


def number(constant: Constant) -> MpNumber:
    """A number as typed, to the digits of the moment: the decimal, or what the text computes to."""
    key = constant.text, mpmath.mp.prec
    if key not in _numbers:
        if len(_numbers) > 10_000:
            _numbers.clear()
        _numbers[key] = _number(constant)
    return _numbers[key]


def _number(constant: Constant) -> MpNumber:
    text = constant.text
    if text in _NAMED:
        return +_NAMED[text]()
    try:
        return mpf(text)
    except ValueError:
        graph = parse(text)
        value = forward(graph, {})[0][graph.output]
        return mpf(float(constant)) if value is None else value


_NAMED: dict[str, Callable[[], MpNumber]] = {
    "pi": lambda: mpmath.pi,
    "e": lambda: mpmath.e,
    "tau": lambda: 2 * mpmath.pi,
}


def one_sided_slopes(
    graph: Graph, variables: Mapping[str, Constant], name: str
) -> tuple[MpNumber | None, MpNumber | None]:
    """The derivative of the output by a variable from the left and from the right, to 20 digits."""
    with mpmath.workdps(FINE):
        exact = {n: number(value) for n, value in variables.items()}
        here = forward(graph, exact)[0][graph.output]
        step = max(mpf(1), abs(exact[name])) * mpf(10) ** -30
        slopes: list[MpNumber | None] = []
        for sign in (-1, 1):
            there = forward(graph, {**exact, name: exact[name] + sign * step})[0][graph.output]
            if here is None or there is None:
                slopes.append(None)
            else:
                slopes.append((there - here) / (sign * step))
        return slopes[0], slopes[1]


def at_values(
    graph: Graph, values: Sequence[float], seed: MpNumber
) -> tuple[list[Sized], list[Sized]]:
    """Every operation and every sum of contributions by itself, on the engine's own values.

    For each node two pairs (result, size of what was summed): of its value, and of its gradient.
    """
    with mpmath.workdps(COARSE):
        given = [mpf(v) if v - v == 0 else None for v in values]
        results: list[Sized] = [None if v is None else (v, abs(v)) for v in given]
        partials: list[list[MpNumber | None]] = []
        for index, op, inputs in graph.operations:
            arguments = [given[i] for i in inputs]
            fold = _folded if op.variadic else _applied
            value, *slopes = fold(op, _function(op), arguments)
            partials.append(slopes)
            moved = [
                abs(s * a) for s, a in zip(slopes, arguments) if s is not None and a is not None
            ]
            results[index] = None if value is None else (value, abs(value) + sum(moved))
        gradients = _gathered(graph, partials, seed)
        sizes = _gathered(
            graph, [[None if p is None else abs(p) for p in row] for row in partials], abs(seed)
        )
        pairs = [None if g is None or s is None else (g, s) for g, s in zip(gradients, sizes)]
        return results, pairs


def evaluated(
    expressions: Sequence[Expression], variables: Mapping[str, Constant]
) -> list[float | None]:
    """The expressions at these values, to 50 digits, as floats; None where there is no real number.

    The code that SymPy generates for it names its slots v0, v1, ...: no text of the formula.
    """
    slots = {
        sympy.Symbol(name, real=True): sympy.Symbol(f"v{k}", real=True)
        for k, name in enumerate(variables)
    }
    found: list[float | None] = []
    with mpmath.workdps(2 * DIGITS):
        arguments = [number(value) for value in variables.values()]
        for expression in expressions:
            try:
                function = sympy.lambdify(list(slots.values()), expression.xreplace(slots), MODULES)
                result = real(function(*arguments))
                found.append(None if result is None else float(result))
            except (*COMPUTING_FAILS, RecursionError, SyntaxError, NameError, MemoryError):
                found.append(None)
    return found
