"""One forward pass, one backward pass: values, contributions along the edges, their sums."""

from __future__ import annotations

import math
from collections import defaultdict

import mpmath
import pytest
from hypothesis import assume, given, settings
from random_formulas import exact_value, formulas, points

from bpcalc.engine import backward, forward, gradients
from bpcalc.engine.backward import NOTHING
from bpcalc.engine.diagnosis import kinks
from bpcalc.formula import parse
from bpcalc.graph import Graph
from bpcalc.ops.constants import Constant

random_formulas = settings(max_examples=100, deadline=None, derandomize=True, database=None)


def by_label(formula: str, **variables: float) -> dict[str, float]:
    """The gradient of every node under its name, number or id."""
    graph = parse(formula)
    found = gradients(graph, forward(graph, variables))
    return {node.label: found[node.index] for node in graph}


def edges(formula: str, **variables: float) -> list[tuple[str, str, int, float, float, float]]:
    """Every contribution as (consumer, input, arg, local, upstream, upstream * local)."""
    graph = parse(formula)
    told = backward(graph, forward(graph, variables), [])
    return [(graph.label(c), graph.label(i), *numbers) for c, i, *numbers in told]


# By hand


def test_the_formula_of_the_contract_has_its_values_and_gradients() -> None:
    graph = parse("x**2*y + (y + 2)")
    values = forward(graph, {"x": 3, "y": 4})
    assert values == [3, 4, 2, 9, 36, 6, 42]
    assert gradients(graph, values) == [24, 10, 1, 4, 1, 1, 1]


def test_every_edge_tells_its_local_its_upstream_and_their_product() -> None:
    assert edges("x**2*y + (y + 2)", x=3, y=4) == [
        ("n7", "n5", 0, 1, 1.0, 1.0),
        ("n7", "n6", 1, 1, 1.0, 1.0),
        ("n6", "y", 0, 1, 1.0, 1.0),
        ("n6", "2", 1, 1, 1.0, 1.0),
        ("n5", "n4", 0, 4.0, 1.0, 4.0),
        ("n5", "y", 1, 9.0, 1.0, 9.0),
        ("n4", "x", 0, 6.0, 4.0, 24.0),
    ]


def test_a_variable_used_twice_gets_both_contributions() -> None:
    assert edges("x*x", x=3) == [("n2", "x", 0, 3.0, 1.0, 3.0), ("n2", "x", 1, 3.0, 1.0, 3.0)]
    assert by_label("x*x", x=3)["x"] == 6


def test_a_node_used_by_two_others_sums_what_both_bring() -> None:
    assert by_label("z = x*y; z^2 + 3*z", x=2, y=5) == {
        **{"x": 115, "y": 46, "3": 10, "z": 23, "n5": 1, "n6": 1, "n7": 1}
    }


def test_a_constant_has_a_gradient_too() -> None:
    assert by_label("3*x + pi", x=7) == {"3": 7, "x": 3, "pi": 1, "n4": 1, "n5": 1}


def test_the_seed_scales_every_gradient() -> None:
    graph = parse("sin(x)*y + x")
    values = forward(graph, {"x": 0.5, "y": -2})
    tripled = gradients(graph, values, 3.0)
    assert tripled == pytest.approx([3 * g for g in gradients(graph, values)])
    assert tripled[graph.output] == 3.0


def test_a_formula_that_is_one_variable_has_the_gradient_1() -> None:
    assert by_label("x", x=-7) == {"x": 1.0}


def test_a_neuron_that_is_saturated_keeps_its_slope() -> None:
    assert by_label("sigmoid(z)", z=40)["z"] == pytest.approx(4.248354255291589e-18, rel=1e-12)
    assert by_label("tanh(z)", z=20)["z"] == pytest.approx(1.6993417021166355e-17, rel=1e-12)


# Where nothing flows


def test_a_branch_that_where_did_not_take_gets_nothing_and_brings_no_nan() -> None:
    assert by_label("where(x > 0, sqrt(x), x)", x=-4.0) == {
        **{"x": 1, "0": 0, "n3": 0, "n4": 0, "n5": 1}
    }


def test_a_branch_that_where_did_not_take_has_no_edges_told() -> None:
    told = edges("where(x > 0, log(x)*2, x)", x=-4.0)
    assert [edge[:2] for edge in told] == [("n7", "n4"), ("n7", "n6"), ("n7", "x")]
    assert [contribution for *_, contribution in told] == [0, 0, 1]


@pytest.mark.parametrize(("x", "slope"), [(4.0, 0.25), (-4.0, 1.0)])
def test_where_gives_the_slope_of_what_it_chose(x: float, slope: float) -> None:
    assert by_label("where(x > 0, sqrt(x), x)", x=x)["x"] == slope


def test_comparisons_pass_no_gradient_on() -> None:
    assert by_label("(x > 1)*x", x=3)["x"] == 1
    assert by_label("x > 1", x=3)["x"] == 0


def test_a_zero_that_was_computed_is_a_gradient_like_any_other() -> None:
    graph = parse("x^2")
    assert [local for _, _, _, local, _, _ in backward(graph, forward(graph, {"x": 0}), [])] == [
        0.0
    ]
    assert [type(g) for g in gradients(graph, forward(graph, {"x": 0}))] == [float, float]


# Numbers


def test_the_values_are_plain_floats_whatever_number_was_given() -> None:
    graph = parse("x + y + z + 1")
    values = forward(graph, {"x": 1, "y": True, "z": Constant(0.1, "0.1")})
    assert [type(value) for value in values] == [float] * len(values)


def test_a_missing_value_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        forward(parse("x + y"), {"x": 1})


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("1/x", math.inf),
        ("-1/x", -math.inf),
        ("x/x", math.nan),
        ("log(x)", -math.inf),
        ("sqrt(x - 1)", math.nan),
        ("x^-1", math.inf),
        ("(x - 8)**(1/3)", math.nan),
        ("exp(1000 + x)", math.inf),
        ("gamma(x)", math.nan),
        ("acosh(x)", math.nan),
        ("sin(exp(1000 + x))", math.nan),
        ("floor(exp(1000 + x))", math.inf),
    ],
)
def test_outside_the_real_numbers_it_goes_on_with_nan_or_inf(formula: str, value: float) -> None:
    graph = parse(formula)
    values = forward(graph, {"x": 0.0})
    assert values[graph.output] == pytest.approx(value, nan_ok=True)
    assert all(isinstance(gradient, (float, int)) for gradient in gradients(graph, values))


@pytest.mark.parametrize(
    ("formula", "slope"),
    [("sqrt(x)", math.inf), ("cbrt(x)", math.inf), ("-sqrt(x)", -math.inf), ("x**0.5", math.inf)],
)
def test_an_infinite_slope_is_infinite(formula: str, slope: float) -> None:
    assert by_label(formula, x=0.0)["x"] == slope


@pytest.mark.parametrize(
    ("formula", "slope"),
    [("x^0", 0), ("x^1", 1), ("x^2", 0), ("x**(y - y)", 0), ("x**(1 + y - y)", 1)],
)
def test_a_whole_power_has_a_slope_at_0(formula: str, slope: float) -> None:
    assert by_label(formula, x=0.0, y=5.0)["x"] == slope


# Size


def test_a_sum_of_a_hundred_thousand_terms() -> None:
    graph = parse(" + ".join(["x*y"] * 50_000))
    found = gradients(graph, forward(graph, {"x": 2, "y": 3}))
    assert len(graph) == 2 + 50_000 + 49_999
    assert (found[0], found[1]) == (150_000, 100_000)


def test_a_hundred_thousand_nested_calls() -> None:
    graph = parse("sin(" * 100_000 + "x" + ")" * 100_000)
    values = forward(graph, {"x": 0.5})
    assert len(graph) == 100_001
    assert 0 < values[graph.output] < 0.01
    assert 0 < gradients(graph, values)[0] < 1e-3


@pytest.mark.parametrize(
    ("formula", "slope"),
    [
        ("(" * 30_000 + "x" + ")" * 30_000, 1),
        ("-" * 30_000 + "x", 1),
        ("1 + (" * 30_000 + "x" + ")" * 30_000, 1),
        ("; ".join(["a0 = x", *(f"a{n + 1} = a{n} + x" for n in range(20_000))]), 20_001),
        ("f(a) = a + 1\n" + "f(" * 30_000 + "x" + ")" * 30_000, 1),
        ("max(" + ", ".join(["x", *map(str, range(10_000))]) + ")", 0),
    ],
    ids=["brackets", "signs", "bracketed sums", "statements", "calls", "arguments"],
)
def test_no_depth_is_too_deep(formula: str, slope: float) -> None:
    graph = parse(formula)
    assert gradients(graph, forward(graph, {"x": 2}))[graph.variables["x"]] == slope


# On random formulas


def is_smooth(graph: Graph, values: list[float], found: list[float]) -> bool:
    """Whether nothing is huge, NaN or on a kink, where differences say little."""
    return all(abs(x) < 1e4 for x in [*values, *found]) and not kinks(graph, values, found)


@random_formulas
@given(formulas(), points)
def test_the_contributions_sum_to_the_gradients(formula: str, point: dict[str, float]) -> None:
    graph = parse(formula)
    values = forward(graph, point)
    found: list[float] = []
    sums: defaultdict[int, float] = defaultdict(float)
    sums[graph.output] = 1.0
    for consumer, target, arg, local, upstream, contribution in backward(graph, values, found):
        assert graph.inputs(consumer)[arg] == target
        assert upstream is found[consumer]
        if local is NOTHING:
            assert contribution is NOTHING
        else:
            assert contribution == pytest.approx(upstream * local, rel=0, abs=0, nan_ok=True)
        sums[target] += contribution
    assume(all(abs(gradient) < math.inf for gradient in found))
    assert [sums[index] for index in range(len(graph))] == found


@random_formulas
@given(formulas(), points)
def test_gradients_agree_with_central_differences(formula: str, point: dict[str, float]) -> None:
    graph = parse(formula)
    values = forward(graph, point)
    found = gradients(graph, values)
    assume(is_smooth(graph, values, found))
    with mpmath.workdps(60):
        step = mpmath.mpf(10) ** -20
        exact = {name: mpmath.mpf(value) for name, value in point.items()}
        for name, index in graph.variables.items():
            there = exact_value(graph, {**exact, name: exact[name] + step})
            back = exact_value(graph, {**exact, name: exact[name] - step})
            slope = float((there - back) / (2 * step))
            assert found[index] == pytest.approx(slope, rel=1e-7, abs=1e-7)


@random_formulas
@given(formulas())
def test_leaves_come_first_and_inputs_before_their_consumers(formula: str) -> None:
    graph = parse(formula)
    kinds = [bool(node.inputs) for node in graph]
    assert kinds == sorted(kinds)
    assert all(i < index for index, _, inputs in graph.operations for i in inputs)


@random_formulas
@given(formulas(), points)
def test_the_nodes_written_as_statements_are_the_same_calculation(
    formula: str, point: dict[str, float]
) -> None:
    graph = parse(formula)
    named = [f"{node.label} = {node.expr}" for node in graph if node.inputs and node.name]
    unnamed = [f"{node.id} = {node.expr}" for node in graph if node.inputs and not node.name]
    again = parse("; ".join([*named, *unnamed]))
    values, found = forward(graph, point), gradients(graph, forward(graph, point))
    assert forward(again, point)[again.output] == pytest.approx(values[graph.output], nan_ok=True)
    others = gradients(again, forward(again, point))
    for name, index in again.variables.items():
        theirs = found[graph.variables[name]]
        assert others[index] == pytest.approx(theirs, rel=1e-9, abs=1e-9, nan_ok=True)
