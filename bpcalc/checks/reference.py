"""Values and gradients anew, to 50 digits, from the numbers as typed and from SymPy's derivatives.

The numbers are others than the engine's (mpmath's, not floats), and so are the derivatives (SymPy's
of the textbook meaning, not the rules) and the order; the graph, and where an operation declares
its kinks and what `where` chose, are the same. Each node gathers its
gradient from its consumers, and one sweep in the forward direction with a random tangent at every
node has to arrive at the same sum.

How many digits a calculation loses on its way is not known beforehand. So it runs twice, with more
digits the second time, and a number counts when the two runs agree. Where they do not, or where
terms that are not 0 cancelled to 0, a third run has so many digits that nothing within the range
of float64 can hide below them; what even a fourth does not settle is None.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import mpmath
from mpmath import mpf

from bpcalc.checks.symbolic import MpNumber, TooLarge, compiled, separately
from bpcalc.engine.diagnosis import sitting
from bpcalc.formula import parse
from bpcalc.graph import Graph
from bpcalc.ops.constants import Constant
from bpcalc.ops.op import TABLE, Op

DIGITS = 50
"""What is guaranteed of every number that is returned."""

COARSE, FINE, FINEST, BEYOND = 70, 110, 750, 1500
"""Working digits of the runs. Two float64 numbers lie at most 10**633 apart."""

LAST = FINEST, BEYOND

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


COPY = TABLE["power"].with_options({"exponent": 1.0})
"""The value of another node once more, so that it has a gradient of its own."""

FIXED_COPY = TABLE["power"].with_options({"exponent": 1.0})
"""The same of a constant or a switch: it does not move gradually, so comparing it is no kink."""
FIXED_COPY.switch = True


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


def reference(
    graph: Graph, variables: Mapping[str, Constant], seed: Constant, last: tuple[int, ...] = LAST
) -> Reference:
    """Reference values and gradients of every node.

    `last` are the working digits of the runs that settle what two do not.
    """
    with mpmath.workdps(COARSE):
        coarse = _run(graph, variables, seed)
    with mpmath.workdps(FINE):
        fine = _run(graph, variables, seed)
        settled = _all_agree(coarse, fine) and not _cancelled(graph, fine)
    for digits in last:
        if settled:
            break
        with mpmath.workdps(digits):
            coarse, fine = fine, _run(graph, variables, seed)
            settled = _all_agree(coarse, fine)
    if not settled:
        fine = _settled(coarse, fine)
    with mpmath.workdps(FINE):
        consistent = _forward_sweep_agrees(graph, fine)
    return Reference(fine.values, fine.gradients, consistent, fine.kinks)


def within_float64(found: Reference) -> Reference:
    """Without the numbers that float64 cannot hold."""

    def kept(numbers: Iterable[MpNumber | None]) -> list[MpNumber | None]:
        return [n if n is None or abs(n) <= LARGEST else None for n in numbers]

    return found._replace(values=kept(found.values), gradients=kept(found.gradients))


LARGEST = mpf(2) ** 1024 * (1 - mpf(2) ** -53)


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


def _settled(coarse: Run, fine: Run) -> Run:
    """The numbers on which two runs agree; what goes on shrinking as digits are added is 0."""
    limit, shrinks = mpf(10) ** -DIGITS, mpf(10) ** -100
    largest = max(abs(x) for x in [*fine.values, *fine.gradients, mpf(0)] if x is not None)

    def settled(a: MpNumber | None, b: MpNumber | None) -> MpNumber | None:
        if a is None or b is None or abs(b - a) <= abs(b) * limit:
            return b
        before = abs(a) if a else largest  # terms may cancel to exactly 0 with fewer digits
        return mpf(0) if abs(b) <= before * shrinks else None

    return fine._replace(
        values=[settled(a, b) for a, b in zip(coarse.values, fine.values)],
        gradients=[settled(a, b) for a, b in zip(coarse.gradients, fine.gradients)],
    )


def _run(graph: Graph, variables: Mapping[str, Constant], seed: Constant) -> Run:
    """Values and SymPy's local derivatives forward, then gradients, gathered from the consumers."""
    pass_ = forward(graph, {name: number(value) for name, value in variables.items()})
    for index in pass_.kinks:
        if not graph.op(index).switch:  # whose derivative is 0 on either side
            pass_.partials[index - len(graph.leaves)] = [None] * len(graph.inputs(index))
    gradients = gathered(graph, pass_.partials, number(seed))
    return Run(pass_.values, gradients, pass_.partials, pass_.kinks)


class Forward(NamedTuple):
    """What a pass from the inputs to the output finds."""

    values: list[MpNumber | None]
    partials: list[list[MpNumber | None]]
    """For every operation the derivative by each input."""
    kinks: dict[int, bool]
    """The nodes that sit where their derivative does not exist, and whether their value jumps."""


def forward(graph: Graph, variables: Mapping[str, MpNumber]) -> Forward:
    """The value of every node, its local derivatives, and where it sits on a kink."""
    values: list[MpNumber | None] = []
    for leaf in graph.leaves:
        known: Any = leaf.constant  # a number: graphs with arrays are expanded before
        values.append(variables[leaf.name or ""] if known is None else number(known))
    sizes = [mpf(0) if value is None else abs(value) for value in values]
    partials: list[list[MpNumber | None]] = []
    kinks: dict[int, bool] = {}
    one = mpf(1)
    for index, op, inputs in graph.operations:
        args = [values[i] for i in inputs]
        if op is COPY or op is FIXED_COPY:
            values.append(args[0])
            partials.append([one])
            sizes.append(sizes[inputs[0]])
            continue
        if op.kinks and None not in args:
            args = _snapped(args, [sizes[i] for i in inputs])
            for kink in sitting(graph, index, args):
                kinks[index] = kinks.get(index, False) or kink.jump
        fold = folded if op.variadic else applied
        value, *slopes = fold(op, args)
        values.append(value)
        partials.append(slopes)
        moved = [abs(s) * sizes[i] for s, i in zip(slopes, inputs) if s is not None]
        sizes.append(max([mpf(0) if value is None else abs(value), *moved]))
    return Forward(values, partials, kinks)


def _snapped(args: list[MpNumber], sizes: list[MpNumber]) -> list[MpNumber]:
    """Whole numbers and equal ones made exactly so, where only the working digits part them.

    sin(pi) is 1e-70 here, and 3*0.1 differs from 0.3 in the last bit; `sizes` are those of the
    numbers that each was computed from.
    """
    limit = mpf(10) ** (20 - mpmath.mp.dps)
    found: list[MpNumber] = []
    for arg, size in zip(args, sizes):
        whole = mpmath.nint(arg)
        snapped = whole if abs(arg - whole) <= limit * size else arg
        if found and abs(snapped - found[0]) <= limit * max(size, sizes[0]):
            snapped = found[0]
        found.append(snapped)
    return found


def folded(op: Op, args: list[MpNumber | None]) -> list[MpNumber | None]:
    """A variadic op as the op of two inputs, over and over: max(max(a, b), c)."""
    value = args[0]
    steps: list[tuple[MpNumber, MpNumber]] = []
    for arg in args[1:]:
        value, by_value, by_arg = applied(op, [value, arg])
        if value is None or by_value is None or by_arg is None:
            return [None] * (len(args) + 1)
        steps.append((by_value, by_arg))
    slopes, onward = [], mpf(1)
    for by_value, by_arg in reversed(steps):
        slopes.append(onward * by_arg)
        onward *= by_value
    return [value, onward, *reversed(slopes)]


def applied(op: Op, args: list[MpNumber | None]) -> list[MpNumber | None]:
    """[value, derivative by each input]; None where an input or the result is no real number."""
    nothing: list[MpNumber | None] = [None] * (len(args) + 1)
    if op.used is not None and args[0] is not None:
        # What was not chosen may be undefined; any number does in its place.
        used = op.used(*[0 if arg is None else arg for arg in args])
        args = [mpf(0) if arg is None and not u else arg for arg, u in zip(args, used)]
    if None in args:
        return nothing
    options = [number(_typed(value)) for value in op.options.values()]
    try:
        results = [real(result) for result in compiled(TABLE[op.name])(*args, *options)]
    except COMPUTING_FAILS:
        results = _one_by_one(op, args)
    return nothing if results[0] is None else results  # no value, so no slope


def _typed(option: float) -> Constant:
    return option if isinstance(option, Constant) else Constant(option, repr(option))


def _one_by_one(op: Op, args: list[MpNumber | None]) -> list[MpNumber | None]:
    """Value and derivatives where one of them cannot be computed: the others still count."""
    results: list[MpNumber | None] = []
    try:
        functions = separately(op)
    except COMPUTING_FAILS:
        return [None] * (len(args) + 1)
    for function in functions:
        try:
            results.append(real(function(*args)))
        except COMPUTING_FAILS:
            results.append(None)
    return results


def real(result: MpNumber) -> MpNumber | None:
    """A finite real number of a size that can be followed, else None."""
    result = mpmath.mpmathify(result)
    if not isinstance(result, mpf):
        return None
    _, mantissa, exponent, bits = result._mpf_  # mpmath's isfinite and mag take six times as long
    if not mantissa:
        return None if exponent else result  # infinite or NaN; or 0
    if abs(exponent + bits) > MAX_BITS:
        return None if exponent + bits > 0 else mpf(0)
    return result


def gathered(
    graph: Graph, partials: Sequence[Sequence[MpNumber | None]], seed: MpNumber
) -> list[MpNumber | None]:
    """Each node's gradient: over its consumers, their gradient times their derivative by it.

    Where an operation is flat beside its kinks (relu below 0, what `where` did not choose),
    nothing flows, and what lies before it may be undefined. Any other 0 is a number: 0 times an
    undefined slope is undefined.
    """
    leaves = len(graph.leaves)
    consumers = graph.consumers()
    gradients: list[MpNumber | None] = [mpf(0)] * len(graph)
    reached = [False] * len(graph)
    reached[graph.output] = True
    for index in range(len(graph) - 1, -1, -1):
        total: MpNumber | None = seed if index == graph.output else mpf(0)
        for consumer, arg in consumers[index]:
            upstream, slope = gradients[consumer], partials[consumer - leaves][arg]
            op = graph.op(consumer)
            flat = slope == 0 and (op.kinks or op.switch or op.used)
            if not reached[consumer] or flat:
                continue
            reached[index] = True
            if upstream is None or slope is None or total is None:
                total = None
            else:
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
        value = forward(graph, {}).values[graph.output]
        return mpf(float(constant)) if value is None else value


_NAMED: dict[str, Callable[[], MpNumber]] = {
    "pi": lambda: mpmath.pi,
    "e": lambda: mpmath.e,
    "tau": lambda: 2 * mpmath.pi,
}
