"""What the tests of this folder share: the operations, points to try them at, and the truth."""

from __future__ import annotations

import itertools
import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import mpmath
import sympy

from bpcalc.checks.symbolic import number
from bpcalc.engine import forward, gradients
from bpcalc.formula import parse
from bpcalc.graph import Building, Graph
from bpcalc.ops import TABLE, Op

Expression = sympy.Basic
Number = float | mpmath.mpf

VARIANTS = [
    variant
    for op in TABLE.values()
    if op.shape is None
    for variant in [op, *[op.with_options({k: v + 1}) for k, v in op.options.items()]]
]
"""Every operation; those with options also with each of them one larger."""

KINKS = [(op, kink) for op in TABLE.values() if op.shape is None for kink in op.kinks]
"""Every place where a derivative is a choice."""

SMALLEST, LARGEST = sys.float_info.min, sys.float_info.max

MAGNITUDES = [
    *(1e-300, 1e-200, 1e-100, 1e-30, 1e-16, 1e-12, 1e-8, 1e-5, 1e-3, 0.1, 0.3, 0.49, 0.51, 0.7),
    *(0.99, 1.3, 2.2, 3.7, 5.1, 8.2, 10.7, 20.3, 26.1, 30.4, 40.6, 100.3, 170.2, 300.7, 700.1),
    *(800.9, 1e4 + 0.3, 1e6 + 0.3, 1e9 + 0.25, 1e15 + 0.5, 1e16, 1e100, 1e154, 1e200, 1e300),
]
"""Where functions grow, saturate, underflow and overflow."""

WHOLE = [-5.0, -2.0, -1.0, 0.0, 1.0, 2.0]
"""Where poles, kinks, jumps and the bounds of domains lie."""

NEAR_WHOLE = [n + sign * d for n in WHOLE for d in (1e-14, 1e-10, 1e-5) for sign in (-1, 1)]


def name(op: Op) -> str:
    """The operation's name in the list of tests."""
    return op.name + "".join(f" {k}={v:g}" for k, v in op.options.items())


def inputs(op: Op) -> int:
    """How many inputs it is tried with."""
    return 3 if op.variadic else op.arity


def extreme_points(op: Op) -> Iterator[tuple[float, ...]]:
    """Points inside the domain, from 1e-300 to 1e300, near its bounds and near whole numbers."""
    count = inputs(op)
    if count == 1:
        bounds = [b for b in (op.domain.low, op.domain.high) if math.isfinite(b)]
        near = [math.nextafter(b, towards) for b in bounds for towards in (-math.inf, math.inf)]
        line = [*(s * m for m in MAGNITUDES for s in (1, -1)), *NEAR_WHOLE, *near]
    else:
        spread = (1e-300, 1e-12, 0.7, 3.7, 40.6, 1e300) if count == 3 else MAGNITUDES[::4]
        line = [s * m for m in spread for s in (1, -1)]
    return (args for args in itertools.product(line, repeat=count) if is_inside(op, args))


def is_inside(op: Op, args: tuple[float, ...]) -> bool:
    """Whether the operation has a value and one slope there."""
    return op.domain.contains(*args, **op.options) and not is_on_kink(op, args)


def is_on_kink(op: Op, args: tuple[float, ...]) -> bool:
    return any(kink.at(*args, **op.options) for kink in op.kinks)


@cache
def graph_of(op: Op) -> Graph:
    """The graph of this one operation, on variables of its own."""
    building = Building()
    leaves = tuple(building.leaf(f"x{k}") for k in range(inputs(op)))
    return building.finished(building.apply(op, leaves))


def value_and_slopes(op: Op, args: tuple[float, ...]) -> list[float]:
    """[value, derivative by each input], as the engine finds them from forward and rule."""
    graph = graph_of(op)
    values = forward(graph, {f"x{k}": arg for k, arg in enumerate(args)})
    return [values[-1], *gradients(graph, values)[: len(args)]]


@cache
def meaning(op: Op) -> tuple[list[Expression], Expression]:
    """SymPy's symbols for the inputs, and the textbook formula of them."""
    symbols = sympy.symbols(f"x:{inputs(op)}", real=True, seq=True)
    return list(symbols), number(op(*symbols))


def slope(expression: Expression, symbol: Expression) -> Expression:
    """SymPy's derivative between jumps; at a jump it has Dirac's delta, or says Derivative."""
    found = sympy.diff(expression, symbol)
    unknown = (sympy.DiracDelta, sympy.Derivative, sympy.Subs)
    found = found.replace(lambda e: isinstance(e, unknown), lambda _: sympy.Integer(0))
    return found.replace(sympy.Heaviside, lambda x, *_: number(x > 0))


@cache
def derivatives(op: Op) -> list[Expression]:
    """The derivatives of the meaning by each input."""
    symbols, textbook = meaning(op)
    return [slope(textbook, symbol) for symbol in symbols]


@cache
def by_mpmath(op: Op) -> Callable[..., list[mpmath.mpf]]:
    """The meaning and its derivatives as a function of mpmath's numbers."""
    symbols, textbook = meaning(op)
    return sympy.lambdify(symbols, [textbook, *derivatives(op)], "mpmath", cse=True)


def truth(op: Op, args: Sequence[Number]) -> list[mpmath.mpf]:
    """[value, derivative by each input] of the meaning, to 30 digits and more."""
    before: list[mpmath.mpf] = []
    for digits in (60, 120, 800):  # e^x - 1 at 1e-300 is 0 to less than 300 digits
        with mpmath.workdps(digits):
            now = [mpmath.mpmathify(result) for result in by_mpmath(op)(*map(mpmath.mpf, args))]
            if before and all(_agree(a, b) for a, b in zip(before, now)):
                break
        before = now
    return now


def _agree(a: mpmath.mpf, b: mpmath.mpf) -> bool:
    return b != 0 and abs(a - b) <= abs(b) * mpmath.mpf(10) ** -30


def at_the_example(example: str) -> tuple[Op, tuple[float, ...], list[float]]:
    """The operation of a kink's example with its options, its inputs and the slopes returned."""
    graph = parse(example)
    values = forward(graph, {})
    args = tuple(values[index] for index in graph.inputs(graph.output))
    op = graph.op(graph.output)
    return op, args, value_and_slopes(op, args)[1:]


def slopes_beside(op: Op, args: tuple[float, ...], sign: int) -> list[float]:
    """The slopes of the meaning a little to one side, along the first input."""
    with mpmath.workdps(60):
        moved = (mpmath.mpf(args[0]) + sign * mpmath.mpf(10) ** -25, *args[1:])
        return [float(local) for local in truth(op, moved)[1:]]


def convention(words: str, op: Op, args: tuple[float, ...]) -> list[float | None]:
    """The slopes that the words of a kink promise at its example; None where they are silent."""
    words = re.split(r";| \(", words)[0]
    if words == "the slope on either side":
        left, right = slopes_beside(op, args, -1), slopes_beside(op, args, 1)
        return [x if math.isclose(x, y, abs_tol=1e-12) else math.nan for x, y in zip(left, right)]
    if words in op.options:
        return [op.options[words]]
    value = op(*args)
    known: dict[str, list[float | None]] = {
        "half to each": [0.5, 0.5],
        "equal shares": [(arg == value) / max(1, args.count(value)) for arg in args],
        "1 to x, nothing to the bound": [1, 0, 0],
        "half to x, half to the bound": [0.5, 0, 0.5],
        "0 with respect to the exponent": [None, 0],
        "0 with respect to the condition": [0, None, None],
    }
    return known[words] if words in known else [float(words)] * len(args)
