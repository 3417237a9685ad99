"""The rules as textbooks print them are the same derivatives; they are only shown."""

from __future__ import annotations

import mpmath
import pytest
import sympy
from every_op import VARIANTS, derivatives, meaning, name
from hypothesis import given
from test_every_op import exact, few_examples, largest_difference, moderate_points

from bpcalc.ops import Op

TEXTBOOK = [op for op in VARIANTS if op.textbook is not None]
every_textbook_rule = pytest.mark.parametrize("op", TEXTBOOK, ids=name)


def all_of(found: object) -> tuple[object, ...]:
    return found if isinstance(found, tuple) else (found,)


@every_textbook_rule
def test_it_gives_what_the_rule_gives(op: Op) -> None:
    @few_examples
    @given(moderate_points(op))
    def agrees(args: tuple[float, ...]) -> None:
        value = op(*args)
        shown = all_of(op.textbook(value, *args, **op.options))
        # 1 - y**2 keeps 11 digits of tanh's slope at 6, the end of the points
        assert shown == pytest.approx(all_of(op.rule(value, *args)), rel=1e-9, abs=1e-14)

    agrees()


@every_textbook_rule
def test_sympy_proves_it(op: Op) -> None:
    symbols, output = meaning(op)
    shown = all_of(op.textbook(output, *symbols, **op.options))
    for local, derivative in zip(shown, derivatives(op), strict=True):
        one, other = exact(sympy.sympify(local)), exact(derivative)
        if not (one - other).has(sympy.Piecewise, sympy.Abs) and sympy.simplify(one - other) == 0:
            continue
        with mpmath.workdps(60):  # where simplify cannot tell, 45 digits do
            assert largest_difference(op, symbols, one, other) < mpmath.mpf(10) ** -45
