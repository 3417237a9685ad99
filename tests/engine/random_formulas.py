"""Formulas that Hypothesis makes up from the table of operations, and the truth about them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import mpmath
import sympy
from hypothesis import strategies as st

from bpcalc.checks import symbolic
from bpcalc.graph import Graph
from bpcalc.graph.text import applied
from bpcalc.ops import TABLE, Op

NAMES = ("x", "y", "z")

numbers = st.floats(-3, 3).map(lambda number: round(number, 3))
constants = st.sampled_from(["0.5", "2", "-1.25", "pi"])
points = st.fixed_dictionaries(dict.fromkeys(NAMES, numbers))
"""A value for every name that the formulas have."""


ELEMENTWISE = [op for op in TABLE.values() if op.shape is None]
SLOPING = [op for op in ELEMENTWISE if not op.switch and op.family != "rounding"]
"""The operations through which a gradient flows."""


@st.composite
def formulas(draw: st.DrawFn, most: int = 8) -> str:
    """Statements that each apply one operation to what stands above them, the last two at once."""
    known: list[str] = []
    statements = []
    for number in range(1, draw(st.integers(2, most)) + 1):
        op = draw(st.sampled_from(SLOPING if draw(st.integers(0, 4)) else ELEMENTWISE))
        count = 3 if op.variadic else op.arity
        pool = st.sampled_from([*NAMES, *known[-2:], *known[-1:], draw(constants)])
        inputs = draw(st.lists(pool, min_size=count, max_size=count))
        statements.append(f"t{number} = {applied(op, inputs)}")
        known.append(f"t{number}")
    return "; ".join([*statements, f"t{number} + t{number - 1}*t{number}"])


def exact_value(graph: Graph, variables: dict[str, mpmath.mpf]) -> mpmath.mpf:
    """The value of the output by mpmath, from the operations' meanings."""
    values = [
        variables[leaf.name] if leaf.constant is None else mpmath.mpf(leaf.constant)
        for leaf in graph.leaves
    ]
    for _, op, inputs in graph.operations:
        function = _by_mpmath(op, len(inputs))
        values.append(mpmath.mpmathify(function(*[values[i] for i in inputs])))
    return values[graph.output]


@cache
def _by_mpmath(op: Op, inputs: int) -> Callable[..., mpmath.mpf]:
    symbols = sympy.symbols(f"x:{inputs}", real=True, seq=True)
    return sympy.lambdify(symbols, symbolic.number(op(*symbols)), "mpmath")
