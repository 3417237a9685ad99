"""Engine, check and mpmath's own numerical differentiation agree on random formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import mpmath
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mpf

import bpcalc


class Term(NamedTuple):
    """A formula's text, and a function of x and y that computes the same, written anew here."""

    text: str
    at: Callable[[mpf, mpf], mpf]


def _leaf(text: str) -> Term:
    if text in "xy":
        return Term(text, lambda x, y: x if text == "x" else y)
    return Term(text, lambda x, y: mpf(text))


def _sigmoid(z: mpf) -> mpf:
    return 1 / (1 + mpmath.exp(-z))


UNARY: dict[str, Callable[[mpf], mpf]] = {
    "sin({})": mpmath.sin,
    "cos({})": mpmath.cos,
    "tanh({})": mpmath.tanh,
    "atan({})": mpmath.atan,
    "asinh({})": mpmath.asinh,
    "erf({})": mpmath.erf,
    "σ({})": _sigmoid,
    "softplus({})": lambda z: mpmath.log(1 + mpmath.exp(z)),
    "silu({})": lambda z: z * _sigmoid(z),
    "gelu({})": lambda z: z * mpmath.ncdf(z),
    "exp(sin({}))": lambda z: mpmath.exp(mpmath.sin(z)),
    "sqrt(1 + {}^2)": lambda z: mpmath.sqrt(1 + z * z),
    "log(2 + cos({}))": lambda z: mpmath.log(2 + mpmath.cos(z)),
    "log1p({}²)": lambda z: mpmath.log(1 + z * z),
    "lgamma(3/2 + sin({}))": lambda z: mpmath.log(mpmath.gamma(mpf(3) / 2 + mpmath.sin(z))),
    "(-{})": lambda z: -z,
    "({})**3": lambda z: z**3,
    "1/(1 + ({})^4)": lambda z: 1 / (1 + z**4),
    "expm1(cos({}))": lambda z: mpmath.exp(mpmath.cos(z)) - 1,
    "(1.5 + sin({}))^-2.5": lambda z: (mpf("1.5") + mpmath.sin(z)) ** mpf("-2.5"),
}
BINARY: dict[str, Callable[[mpf, mpf], mpf]] = {
    "({} + {})": lambda a, b: a + b,
    "({} - {})": lambda a, b: a - b,
    "{}*{}": lambda a, b: a * b,
    "({})/(2 + sin({}))": lambda a, b: a / (2 + mpmath.sin(b)),
    "atan2({}, 2 + cos({}))": lambda a, b: mpmath.atan2(a, 2 + mpmath.cos(b)),
    "hypot(1, {} - {})": lambda a, b: mpmath.hypot(1, a - b),
    "(1.25 + cos({}))^sin({})": lambda a, b: (mpf("1.25") + mpmath.cos(a)) ** mpmath.sin(b),
    "where(1 < 2, {}, 1/({} - 0))": lambda a, b: a,
}


def unary(form: str, a: Term) -> Term:
    return Term(form.format(f"({a.text})"), lambda x, y: UNARY[form](a.at(x, y)))


def binary(form: str, a: Term, b: Term) -> Term:
    return Term(
        form.format(f"({a.text})", f"({b.text})"), lambda x, y: BINARY[form](a.at(x, y), b.at(x, y))
    )


DECIMAL = st.integers(-3000, 3000).map(lambda k: str(k / 1000))
TERMS = st.recursive(
    st.sampled_from(["x", "y", "x", "y", "0.1", "2", "1e-3"]).map(_leaf),
    lambda inner: st.one_of(
        st.builds(unary, st.sampled_from(list(UNARY)), inner),
        st.builds(binary, st.sampled_from(list(BINARY)), inner, inner),
    ),
    max_leaves=8,
)


def close(found: float, truth: mpf) -> bool:
    return abs(mpf(found) - truth) <= abs(truth) * mpf(10) ** -14 + mpf(10) ** -25


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(TERMS, DECIMAL, DECIMAL)
def test_the_reference_is_what_mpmath_finds_by_differences(term: Term, x: str, y: str) -> None:
    result = bpcalc.grad(f"{term.text} + 0*x + 0*y", x=x, y=y)
    said = result.check.nodes
    with mpmath.workdps(80):
        at = mpf(x), mpf(y)
        assert close(said[result.graph.output].value, term.at(*at))
        for name, order in (("x", (1, 0)), ("y", (0, 1))):
            truth = mpmath.diff(term.at, at, order)
            assert close(said[result.graph.index(name)].gradient, truth), name
            if result.check.ok:
                found = result.gradient[name]
                assert abs(mpf(found) - truth) <= abs(truth) * mpf("1e-6") + mpf("1e-12")


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(TERMS, DECIMAL, DECIMAL)
def test_engine_and_check_agree_where_no_digits_cancel(term: Term, x: str, y: str) -> None:
    result = bpcalc.grad(f"{term.text} + 0*x + 0*y", x=x, y=y)
    lost = [warning for warning in result.warnings if "survived the rounding" in warning]
    assert result.check.ok is True or lost, result.warnings
    assert result.failure is None
