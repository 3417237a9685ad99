"""Gradients of arrays against central differences: every pair of shapes, masks, numbers between."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcalc
from bpcalc.engine import backward, forward
from bpcalc.formula import parse

Values = dict[str, Any]

quick = settings(max_examples=150, deadline=None, derandomize=True, database=None)


def differences(formula: str, values: Values, name: str, seed: Any) -> Any:
    """The gradient by one variable from two values beside each element."""
    graph = parse(formula)
    found = np.zeros(np.shape(values[name]))
    step = 1e-6
    for place in np.ndindex(found.shape):
        ends = []
        for sign in (1, -1):
            moved = np.array(values[name], dtype=float)
            moved[place] += sign * step
            ends.append(np.sum(seed * forward(graph, {**values, name: moved})[graph.output]))
        found[place] = (ends[0] - ends[1]) / (2 * step)
    return found


def agree(formula: str, values: Values) -> None:
    """The engine's gradients are those of central differences, and have their variables' shapes."""
    arrays = {name: np.asarray(value, dtype=float) for name, value in values.items()}
    plain = {name: float(v) if v.ndim == 0 else v for name, v in arrays.items()}
    graph = parse(formula)
    shape = np.shape(forward(graph, plain)[graph.output])
    seed = np.random.default_rng(1).uniform(0.5, 1.5, shape)
    result = bpcalc.grad(formula, plain, check=False, upstream=seed if shape else float(seed))
    assert result.failure is None
    for name in graph.variables:
        gradient = result.gradient[name]
        assert np.shape(gradient) == np.shape(plain[name])
        expected = differences(formula, plain, name, seed)
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-7)


def filled(shape: Iterable[int], seed: int) -> Any:
    return np.random.default_rng(seed).uniform(0.5, 2.0, tuple(shape))


# Broadcasting

SHAPES = [(), (1,), (3,), (1, 1), (1, 3), (2, 1), (2, 3), (2, 2, 3), (2, 1, 1), (1, 2, 3)]
OPERATIONS = [
    *("x + y", "x - y", "x*y", "x/y", "x**y", "atan2(x, y)", "hypot(x, y)"),
    *("max(x, y)", "where(x > y, x, 2*y)", "min(x, y, 1)", "huber(x, y)", "mse(x, y)"),
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_broadcasting_both_ways_sums_what_it_repeated(operation: str) -> None:
    for a, b in product(SHAPES, SHAPES):
        try:
            np.broadcast_shapes(a, b)
        except ValueError:
            continue
        agree(operation, {"x": filled(a, 2), "y": filled(b, 3)})


shapes = st.lists(st.integers(1, 3), max_size=3)


@quick
@given(shapes, shapes, st.sampled_from(OPERATIONS))
def test_any_pair_of_shapes_fits_as_in_numpy_or_is_refused(
    a: list[int], b: list[int], operation: str
) -> None:
    values = {"x": filled(a, 4), "y": filled(b, 5)}
    try:
        np.broadcast_shapes(tuple(a), tuple(b))
    except ValueError:
        values = {name: v if v.ndim else float(v) for name, v in values.items()}
        with pytest.raises(bpcalc.RequestError, match="do not fit each other"):
            bpcalc.grad(operation, values, check=False)
    else:
        agree(operation, values)


@quick
@given(shapes, shapes)
def test_any_pair_of_shapes_multiplies_as_in_numpy_or_is_refused(
    a: list[int], b: list[int]
) -> None:
    values = {"x": filled(a, 6), "y": filled(b, 7)}
    try:
        np.matmul(values["x"], values["y"])
    except ValueError:
        values = {name: v if v.ndim else float(v) for name, v in values.items()}
        with pytest.raises(bpcalc.RequestError):
            bpcalc.grad("x @ y", values, check=False)
    else:
        agree("x @ y", values)


@quick
@given(shapes.filter(bool), st.data())
def test_reductions_along_any_axes(shape: list[int], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["sum", "mean", "prod", "var", "logsumexp", "max", "norm"]))
    axes = data.draw(st.lists(st.integers(0, len(shape) - 1), unique=True, max_size=len(shape)))
    options = f", axis=({', '.join(map(str, axes))},)" if axes else ""
    options += data.draw(st.sampled_from(["", ", keepdims=1"]))
    agree(f"{name}(x{options})", {"x": filled(shape, 8)})


@quick
@given(shapes.filter(bool), st.data())
def test_any_index_and_slice(shape: list[int], data: st.DataObject) -> None:
    parts = []
    for length in shape[: data.draw(st.integers(1, len(shape)))]:
        start = data.draw(st.integers(-length, length - 1))
        form = data.draw(st.sampled_from(["{}", "{}:", ":", "::-1"]))
        parts.append(form.format(start))
    agree(f"x[{', '.join(parts)}]^2", {"x": filled(shape, 9)})


# Numbers among arrays


@pytest.mark.parametrize(
    "formula",
    [
        "sum(s*A @ v + t)",
        "z = A @ v; s*sum(z) + z[0]*t",
        "[s, t] @ A @ v",
        "sum([[s, 1], [t, s*t]] @ A)",
        "sum(where(A > s, t*A, s))",
        "sum(max(A, s))*trace(A)",
        "f(a, b) = a*b + s; sum(f(A, v)) + f(t, t)",
        "sum(concat(v, v*s)*[1, 2, 3, 4])",
        "sum(sigmoid(A*s)) + t*sum(outer(v, v))",
        "sum(reshape(A', 4)[1:3]^t)",
    ],
)
def test_numbers_beside_arrays_get_sums(formula: str) -> None:
    known = {"A": filled((2, 2), 10), "v": filled((2,), 11), "s": 0.75, "t": 1.25}
    agree(formula, {name: known[name] for name in parse(formula).variables})


def test_a_gradient_has_the_shape_of_its_value_at_every_node() -> None:
    graph = parse("z = A @ v + s; sum(relu(z)*[1, 2]) + s*sum(A[0], axis=0)")
    values = {"A": filled((2, 2), 10), "v": filled((2,), 11), "s": 0.75}
    result = bpcalc.grad(graph, values, check=False)
    for value, gradient in zip(result.values, result.gradients, strict=True):
        assert np.shape(value) == np.shape(gradient)


def test_contributions_sum_to_the_gradients() -> None:
    graph = parse("z = A @ v; sum(z*z + z*[3, 4]) + z[0]")
    values = forward(graph, {"A": filled((2, 2), 10), "v": filled((2,), 11)})
    found: list[Any] = []
    told = list(backward(graph, values, found))
    for index in range(len(graph)):
        brought = [contribution for _, target, *_, contribution in told if target == index]
        if brought:
            np.testing.assert_allclose(found[index], sum(brought), rtol=1e-15)


# Masks


@pytest.mark.parametrize(
    ("formula", "gradient"),
    [
        ("sum(where(x > 0, sqrt(x), x))", [1.0, 1.0, 0.25]),
        ("sum(where(x > 0, log(x), 0))", [0.0, 0.0, 0.25]),
        ("sum(where(x < 0, 0, where(x > 0, 1/x, 2*x)))", [0.0, 2.0, -0.0625]),
        ("sum(where(x != 0, 1/x, 1))", [-1.0, 0.0, -0.0625]),
        ("sum(where(x > 0, x*log(x), 0)) + sum(x)", [1.0, 1.0, 2 + np.log(4)]),
        ("z = log(x); sum(where(x > 0, z, 0) + where(x > 1, 2*z, 0))", [0.0, 0.0, 0.75]),
    ],
)
def test_what_where_left_out_brings_nothing(formula: str, gradient: list[float]) -> None:
    result = bpcalc.grad(formula, x=[-1.0, 0.0, 4.0], check=False)
    assert result.failure is None
    np.testing.assert_allclose(result.gradient["x"], gradient, rtol=1e-14)


@quick
@given(st.lists(st.integers(-2, 2), min_size=1, max_size=4))
def test_each_element_of_where_is_what_it_would_be_alone(points: list[int]) -> None:
    formula = "where(x > 0, sqrt(x)*log(x), where(x < 0, x^3, 5*x))"
    result = bpcalc.grad(f"sum({formula})", x=points, check=False)
    alone = [bpcalc.grad(formula, x=point, check=False) for point in points]
    assert result.failure is None
    np.testing.assert_allclose(result.value, sum(one.value for one in alone), rtol=1e-14)
    np.testing.assert_allclose(result.gradient["x"], [one.gradient["x"] for one in alone])


def test_a_rule_that_divides_plain_numbers_by_0_gives_what_numpy_has() -> None:
    result = bpcalc.grad("bce(p, t)", p=0, t=0.5, check=False)
    assert result.gradient == {"p": -math.inf, "t": math.inf}
    assert result.failure is not None
