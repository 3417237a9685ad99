"""Where a derivative does not exist: a convention and a warning, unless both sides agree."""

from __future__ import annotations

import pytest

import bpcalc
from bpcalc import Result


def of(result: Result, name: str) -> object:
    """Whether the gradient by a variable is right; None where it is a convention."""
    return result.check.nodes[result.graph.index(name)].ok


@pytest.mark.parametrize(
    ("formula", "slope"),
    [
        ("abs(x)", 0.0),
        ("relu(x)", 0.0),
        ("leaky_relu(x)", 0.01),
        ("max(x, -x)", 0.0),
        ("max(x, 0)", 0.5),
        ("min(x, 2*x)", 1.5),
        ("clip(x, 0, 1)", 1.0),
        ("where(x > 0, 2*x, -x)", -1.0),
        ("3*abs(x) + x", 1.0),
    ],
)
def test_at_a_kink_the_gradient_is_a_convention_and_says_so(formula: str, slope: float) -> None:
    result = bpcalc.grad(formula, x=0)
    assert result.gradient == {"x": slope}
    assert of(result, "x") is None
    assert result.check.ok is None
    assert result.ok
    assert any("kink" in warning for warning in result.warnings)
    assert any("from the left and" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    "formula",
    ["abs(x - y)", "max(x, y)", "relu(x - 2)*y", "where(x > y, x, 2*x - y)", "abs(x^2 - 4)"],
)
def test_a_kink_away_from_0_is_one_as_well(formula: str) -> None:
    result = bpcalc.grad(formula, {"x": 2, "y": 2} if "y" in formula else {"x": 2})
    assert of(result, "x") is None
    assert result.ok
    assert any("slope by x is" in warning for warning in result.warnings)


@pytest.mark.parametrize(("formula", "x"), [("floor(x)", 1e300), ("ceil(x)", -1e35)])
def test_a_jump_among_large_numbers_is_one_as_well(formula: str, x: float) -> None:
    result = bpcalc.grad(formula, x=x)
    assert of(result, "x") is None
    assert result.ok


@pytest.mark.parametrize("formula", ["step(x)", "floor(x)", "sign(x)", "x > 0", "x*0 + ceil(x)"])
def test_at_a_jump_there_is_no_slope_at_all(formula: str) -> None:
    result = bpcalc.grad(formula, x=0)
    assert result.check.ok is None
    assert result.ok
    assert any("kink" in warning for warning in result.warnings)


def test_where_both_sides_agree_the_conventions_are_judged() -> None:
    result = bpcalc.grad("relu(x) - relu(-x)", x=0)
    assert result.gradient == {"x": 0.0}
    assert of(result, "x") is False
    assert result.check.nodes[0].gradient == 1.0
    assert not result.ok
    (said,) = [warning for warning in result.warnings if "both sides" in warning]
    assert "the slope by x is 1 from both sides" in said
    assert "gave 0, which is wrong" in said


@pytest.mark.parametrize(
    ("formula", "slope"),
    [
        ("abs(x)^2", 0.0),
        ("relu(x)^2", 0.0),
        ("max(x, x)", 1.0),
        ("x*abs(x)", 0.0),
        ("relu(x) - relu(-x)*0", None),
        ("where(x == 0, 1, sin(x)/x)", 0.0),
        ("abs(x) - abs(-x)", 0.0),
        ("cos(abs(x))", 0.0),
    ],
)
def test_a_kink_that_the_formula_smooths_is_none(formula: str, slope: float | None) -> None:
    result = bpcalc.grad(formula, x=0)
    if slope is None:
        assert of(result, "x") is None
        return
    assert result.gradient == {"x": pytest.approx(slope, abs=1e-15)}
    assert of(result, "x") is True
    assert result.ok


def test_a_kink_that_only_the_exact_calculation_sits_on_is_seen() -> None:
    result = bpcalc.grad("relu(x + y - z)", x=0.1, y=0.2, z=0.3)
    assert result.value > 0  # a residue
    assert of(result, "x") is None
    assert any("0 from the left and 1 from the right" in warning for warning in result.warnings)
    assert bpcalc.grad("abs(sin(x))", x="pi").check.ok is None


@pytest.mark.parametrize("x", [1e-300, -1e-300, 1e-60, -1e-60, 1e-20])
@pytest.mark.parametrize(
    "formula",
    ["relu(x)", "abs(x)", "max(x, 2*x)", "where(x > 0, x, 3*x)", "x*step(x)", "sign(x)*x"],
)
def test_beside_a_kink_there_is_none_however_near(formula: str, x: float) -> None:
    result = bpcalc.grad(formula, x=x)
    assert result.check.ok is True
    assert result.warnings == []


def test_at_a_kink_of_a_branch_that_was_not_taken_there_is_none() -> None:
    result = bpcalc.grad("where(x > -1, 2*x, abs(x))", x=0)
    assert result.gradient == {"x": 2.0}
    assert of(result, "x") is True


def test_what_where_did_not_take_is_not_checked_and_does_no_harm() -> None:
    result = bpcalc.grad("where(x > 0, sqrt(x), x)", x=-4)
    assert (result.value, result.gradient) == (-4.0, {"x": 1.0})
    assert result.check.ok is True
    assert result.ok
    untaken = [node.expr for node, said in zip(result.nodes, result.check.nodes) if said.ok is None]
    assert untaken == ["sqrt(x)"]
    assert result.warnings == ["not checked, since where chose otherwise: n4"]


@pytest.mark.parametrize("formula", ["sqrt(x^2)", "sqrt(x*x)", "(x^2)^0.5", "hypot(x, 0)"])
def test_a_slope_that_does_not_exist_is_not_given_a_right_value(formula: str) -> None:
    said = bpcalc.grad(formula, x=0).check.nodes[0]
    assert (said.gradient, said.ok is True) == (None, False)


def test_a_slope_of_0_times_an_infinite_one_is_not_0() -> None:
    said = bpcalc.grad("cbrt(x^3)", x=0).check.nodes[0]  # the formula is x, and its slope 1
    assert said.gradient in (None, 1.0)


def test_only_the_variables_that_feel_the_kink_are_undecided() -> None:
    result = bpcalc.grad("abs(x) + 3*y", x=0, y=1)
    assert (of(result, "x"), of(result, "y")) == (None, True)


def test_upstream_scales_the_slopes_of_both_sides() -> None:
    result = bpcalc.grad("relu(x) - relu(-x)", x=0, upstream=-2)
    assert result.check.nodes[0].gradient == -2.0
    assert any("-2 from both sides" in warning for warning in result.warnings)
