"""What float64 gets wrong is shown as wrong, with the truth; a rounding residue is no error."""

from __future__ import annotations

import math

import pytest

import bpcalc
from bpcalc import Result

RUMP = "333.75*b^6 + a^2*(11*a^2*b^2 - b^6 - 121*b^4 - 2) + 5.5*b^8 + a/(2*b)"


def wrong(result: Result) -> list[str]:
    """The formula of each node that is wrong."""
    return [n.expr for n, said in zip(result.nodes, result.check.nodes) if said.ok is False]


def truth(result: Result, name: str = "") -> tuple[float, float]:
    """Reference value and gradient of a node; of the output where no name is given."""
    index = result.graph.index(name) if name else result.graph.output
    said = result.check.nodes[index]
    return said.value, said.gradient


def test_rump_s_polynomial_is_wrong_in_its_first_digit_and_the_truth_is_shown() -> None:
    result = bpcalc.grad(RUMP, a=77617, b=33096)
    assert result.value == -1.1805916207174113e21
    assert truth(result)[0] == -54767 / 66192  # Rump 1988
    assert not result.ok
    assert result.check.ok is False
    assert wrong(result) == ["n22 + n24", "n25 + n27"]
    (warning,) = result.warnings
    assert warning.startswith("no digit of the value of n25 = 333.75*b^6 + ")
    assert warning.endswith("computed -1.1805916207174113e+21, the right one is -2.0")


def test_the_slope_of_a_difference_quotient_is_wrong_where_its_value_is_nearly_right() -> None:
    result = bpcalc.grad("(exp(x) - 1)/x", x=1e-9)
    assert result.gradient["x"] == pytest.approx(-81.74, rel=1e-3)
    value, _ = truth(result)
    assert value == pytest.approx(1 + 0.5e-9, rel=1e-15)
    assert truth(result, "x")[1] == pytest.approx(0.5 + 1e-9 / 3, rel=1e-15)
    assert result.check.ok is False
    assert wrong(result) == ["x"]
    assert any("only 7 digits of the value of n4 = exp(x) - 1" in text for text in result.warnings)


def test_the_accurate_function_has_both_right() -> None:
    result = bpcalc.grad("expm1(x)/x", x=1e-3)
    assert result.check.ok is True
    assert result.warnings == []


def test_a_number_that_drowns_in_a_larger_one_is_missed() -> None:
    result = bpcalc.grad("1e16 + x - 1e16", x=1)
    assert (result.value, truth(result)[0]) == (0.0, 1.0)
    assert result.gradient == {"x": 1.0}
    assert result.check.ok is False
    assert wrong(result) == ["n3 - 1e16"]
    assert "no digit" in result.warnings[0]


def test_a_number_that_drowns_below_200_digits_is_missed_too() -> None:
    result = bpcalc.grad("(x + 1) - x", x=1e200)
    assert (result.value, truth(result)[0]) == (0.0, 1.0)
    assert result.gradient == {"x": 0.0}
    assert wrong(result) == ["n3 - x"]
    again = bpcalc.grad("(1e300 + x) - 1e300", x=1e-300)
    assert (again.value, truth(again)[0]) == (0.0, 1e-300)
    assert again.check.ok is False


@pytest.mark.parametrize(
    ("formula", "values", "residue"),
    [
        ("sin(x)", {"x": "pi"}, 1.2246467991473532e-16),
        ("sin(pi*x)", {"x": 1}, 1.2246467991473532e-16),
        ("cos(x)", {"x": "pi/2"}, 6.123233995736766e-17),
        ("tan(x)", {"x": "pi"}, -1.2246467991473532e-16),
        ("x + y - z", {"x": 0.1, "y": 0.2, "z": 0.3}, 5.551115123125783e-17),
        ("sqrt(x)^2 - x", {"x": 2}, 4.440892098500626e-16),
        ("log(e) - 1 + sin(2*pi)", {}, -2.4492935982947064e-16),
        ("10*x - 1", {"x": 0.1}, 0.0),
        ("3*(x/3) - x", {"x": 0.7}, 0.0),
    ],
)
def test_a_rounding_residue_where_the_truth_is_0_counts_as_no_error(
    formula: str, values: dict[str, float | str], residue: float
) -> None:
    result = bpcalc.grad(formula, values)
    assert result.value == pytest.approx(residue, rel=1e-9)
    assert truth(result)[0] == 0
    assert result.check.ok is True
    assert result.check.max_error < 1e-15
    assert result.warnings == []


def test_a_residue_that_grew_large_is_no_error_either_but_is_said() -> None:
    result = bpcalc.grad("1e20*(x + y - z)", x=0.1, y=0.2, z=0.3)
    assert result.value == pytest.approx(5551.115123125783)
    assert truth(result)[0] == 0
    assert result.check.ok is True
    (said,) = result.warnings
    assert "is left by rounding, the right one is 0" in said


def test_a_gradient_that_is_a_residue_counts_as_no_error() -> None:
    for formula, values in (
        ("sin(x)", {"x": "pi/2"}),
        ("a*x + b*x - c*x", {"a": 0.1, "b": 0.2, "c": 0.3, "x": 7}),
        ("cos(x)", {"x": "3*pi"}),
    ):
        result = bpcalc.grad(formula, values)
        assert abs(result.gradient["x"]) > 0
        assert truth(result, "x")[1] == 0
        assert result.check.ok is True
        assert result.warnings == []


def test_a_small_number_that_is_no_residue_is_compared_in_full() -> None:
    result = bpcalc.grad("x + y - z", x=0.1, y=0.2, z="0.30000000000000000001")
    assert truth(result)[0] == -1e-20
    assert result.check.ok is False


def test_numbers_are_decimals_as_they_were_typed() -> None:
    assert truth(bpcalc.grad("10*0.1 - 1"))[0] == 0
    assert truth(bpcalc.grad("x*10 - 1", x="0.1"))[0] == 0
    assert truth(bpcalc.grad("x*10 - 1", x=0.1))[0] == 0  # repr(0.1) is what was meant
    assert truth(bpcalc.grad("x - 0.1", x=3602879701896397 / 2**55))[0] == 0
    third = bpcalc.grad("3*x - 1", x="1/3")
    assert (third.value, truth(third)[0]) == (0.0, 0.0)
    long = bpcalc.grad("x - 1", x="1.000000000000000000000000000001")
    assert (long.value, truth(long)[0]) == (0.0, 1e-30)
    assert long.check.ok is False


def test_pi_e_and_constant_expressions_are_exact() -> None:
    assert truth(bpcalc.grad("tan(x) - 1", x="pi/4"))[0] == 0
    assert truth(bpcalc.grad("tan(pi/4) - 1"))[0] == 0
    assert truth(bpcalc.grad("log(x) - 1", x="e"))[0] == 0
    assert truth(bpcalc.grad("x^2 - 2", x="sqrt(2)"))[0] == 0
    assert truth(bpcalc.grad("tau - 2*pi"))[0] == 0
    bound = bpcalc.grad("pi", pi=3)
    assert (bound.value, truth(bound)[0]) == (3.0, 3.0)


@pytest.mark.parametrize(
    ("formula", "x", "slope"),
    [
        ("sigmoid(x)", 40, 4.248354255291589e-18),
        ("tanh(x)", 20, 1.6993417021166355e-17),
        ("1e180*tanh(x)", 200, 7660678.386856023),
        ("softplus(x)", -50, 1.9287498479639178e-22),
        ("erfc(x)", 10, -4.197658017689736e-44),
    ],
)
def test_an_accurate_slope_agrees_with_the_check_and_with_the_whole_formula(
    formula: str, x: float, slope: float
) -> None:
    result = bpcalc.grad(formula, x=x)
    assert result.gradient["x"] == pytest.approx(slope, rel=1e-12)
    assert result.check.ok is True
    assert result.warnings == []


def test_the_second_opinion_has_as_many_digits_as_it_takes() -> None:
    result = bpcalc.grad("sin(x)", x=1e300)  # 1e300 is no float64: the engine cannot be right
    assert truth(result, "x")[1] == pytest.approx(-0.16821444437424507, rel=1e-12)
    assert result.check.ok is False
    assert not any("the whole formula" in warning for warning in result.warnings)


def test_numbers_below_float64_are_no_error() -> None:
    for formula, x in (("exp(-x^2)", 30), ("x*1e-200*1e-200", 1), ("x/3", 5e-324)):
        assert bpcalc.grad(formula, x=x).check.ok is True


def test_numbers_beyond_float64_are_not_called_right() -> None:
    result = bpcalc.grad("exp(x)", x=1000)
    assert (result.value, result.ok) == (math.inf, False)
    assert result.check.ok is not True
    assert truth(result)[0] is None


def test_the_first_node_that_lost_digits_is_named_before_those_that_suffer_from_it() -> None:
    result = bpcalc.grad("a = (1 + x) - 1; b = 5*a; b^2", x=1e-13)
    assert wrong(result) != []
    assert result.warnings[0].startswith("only 3 digits of the value of n5 = (1 + x) - 1")
    assert len(result.warnings) == 1
