"""The engine on NumPy arrays: each element has the value and the gradient it would have alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from random_formulas import NAMES, formulas, points

from bpcalc.engine import forward, gradients
from bpcalc.formula import parse


def test_a_column_of_values_has_a_column_of_gradients() -> None:
    graph = parse("x**2*y + (y + 2)")
    values = forward(graph, {"x": np.array([3.0, 1.0]), "y": np.array([4.0, 0.0])})
    assert values[graph.output].tolist() == [42.0, 2.0]
    found = gradients(graph, values)
    assert found[0].tolist() == [24.0, 0.0]
    assert found[1].tolist() == [10.0, 2.0]


def test_a_number_beside_a_column_holds_for_all_of_it() -> None:
    graph = parse("w*x + b")
    values = forward(graph, {"w": 2.0, "x": np.array([1.0, 5.0]), "b": -1.0})
    assert values[graph.output].tolist() == [1.0, 9.0]


def test_a_comparison_of_columns_gives_numbers_to_compute_with() -> None:
    graph = parse("exp(x > 0)*(x < 5 and x > 0)^-1")
    values = forward(graph, {"x": np.array([1.0, 2.0])})
    assert values[graph.output].tolist() == [math.e, math.e]


@pytest.mark.parametrize("formula", ["sigmoid(x)", "log1p(exp(-abs(x)))", "where(x > 0, x^2, -x)"])
def test_a_column_of_no_values_is_no_error(formula: str) -> None:
    graph = parse(formula)
    values = forward(graph, {"x": np.array([])})
    assert len(values[graph.output]) == 0


def are_close(got: float, expected: float, scale: float) -> bool:
    both_nan = math.isnan(got) and math.isnan(expected)
    return both_nan or got == expected or abs(got - expected) <= 1e-9 * scale


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(formulas(), points, points)
def test_each_element_is_what_it_would_be_alone(
    formula: str, first: dict[str, float], second: dict[str, float]
) -> None:
    graph = parse(formula)
    columns = {name: np.array([first[name], second[name]]) for name in NAMES}
    with np.errstate(all="ignore"):
        values = forward(graph, columns)
        found = gradients(graph, values)
    for row, point in enumerate([first, second]):
        alone = forward(graph, point)
        slopes = gradients(graph, alone)
        assume(all(abs(x) < 1e6 for x in [*alone, *slopes]))
        scale = 1 + max(abs(x) for x in [*alone, *slopes])
        for mine, theirs in [(values, alone), (found, slopes)]:
            for index in range(len(graph)):
                if mine is found and not np.ndim(values[index]):
                    continue  # the gradient of a number beside columns is a sum over them
                got = np.broadcast_to(np.asarray(mine[index], float), 2)[row]
                assert are_close(float(got), float(theirs[index]), scale)
