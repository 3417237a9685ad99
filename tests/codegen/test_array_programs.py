"""Programs on arrays give the engine's values and gradients, in buffers that are used again."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpcalc.codegen.array_calls import Bound
from bpcalc.codegen.arrays import array_program
from bpcalc.codegen.loss import Loss
from bpcalc.engine import forward, gradients
from bpcalc.errors import RequestError
from bpcalc.formula import parse
from bpcalc.graph import Building, Graph
from bpcalc.ops import Op, load_arrays

for folder in ("engine", "ops"):
    sys.path.append(str(Path(__file__).parents[1] / folder))

load_arrays()

from array_examples import STRUCTURAL, cases, is_differentiable, name  # noqa: E402
from every_op import VARIANTS  # noqa: E402
from every_op import name as variant_name  # noqa: E402
from random_formulas import formulas  # noqa: E402

Arrays = Mapping[str, Any]


def by_engine(graph: Graph, values: Arrays, share: float) -> list[Any]:
    found = forward(graph, values)
    output = found[graph.output]
    shape = np.shape(output)
    seed = np.full(shape, share) if shape else 1.0
    slopes = gradients(graph, found, seed)
    loss = np.sum(output) * share if shape else output
    return [loss, *(slopes[index] for index in graph.variables.values())]


def assert_close(ours: list[Any], theirs: list[Any]) -> None:
    for a, b in zip(ours, theirs, strict=True):
        assert np.shape(a) == np.shape(b)
        scale = 1e-12 * (1 + np.max(np.abs(b), initial=0, where=np.isfinite(b)))
        assert np.allclose(a, b, rtol=1e-11, atol=scale, equal_nan=True), (a, b)


def assert_same(graph: Graph, values: Arrays, share: float = 0.5) -> None:
    """Twice, since the second run finds what the first has left in the buffers."""
    arrays = {key: np.array(value, dtype=float) for key, value in values.items()}
    shapes = {key: array.shape for key, array in arrays.items()}
    program = array_program(graph, shapes, list(graph.variables), share)
    bound = Bound(program, arrays, [program.value, *program.gradients])
    slopes = Bound(program, arrays, program.gradients)
    for array in arrays.values():
        array += 0.125
    bound.run(), slopes.run()
    for key, array in arrays.items():
        array[...] = values[key]
    truth = by_engine(graph, values, share)
    assert_close(bound.run(), truth)
    assert_close(slopes.run(), truth[1:])


def graph_of(op: Op, count: int) -> Graph:
    building = Building()
    leaves = tuple(building.leaf(f"x{k}") for k in range(count))
    return building.finished(building.apply(op, leaves))


@pytest.mark.parametrize("op", [op for op in STRUCTURAL if is_differentiable(op)], ids=name)
def test_an_operation_on_arrays_gives_the_engines_numbers(op: Op) -> None:
    for case in cases(op):
        graph = graph_of(case.op, len(case.inputs))
        assert_same(graph, {f"x{k}": array for k, array in enumerate(case.inputs)})


@pytest.mark.parametrize("op", VARIANTS, ids=variant_name)
def test_an_elementwise_operation_broadcasts_as_the_engine_does(op: Op) -> None:
    count = 3 if op.variadic else op.arity
    shapes = [(2, 3), (3,), (1, 1)][:count]
    rng = np.random.default_rng(3)
    inputs = {f"x{k}": rng.uniform(0.2, 0.8, shape) for k, shape in enumerate(shapes)}
    assert_same(graph_of(op, count), inputs)


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("h = σ(X @ W + b); sum((h @ V - t)^2)/20", {"X": (5, 4), "W": (4, 3), "b": (3,)}),
        ("where(X > 0, log(X)*W, X)", {"X": (6,), "W": ()}),
        ("sum(where(X > 0, sqrt(X) @ W, X @ W))", {"X": (3, 3), "W": (3, 3)}),
        ("sum(relu(X @ w)*max(w)) + norm(w) + logsumexp(w)", {"X": (5, 3), "w": (3,)}),
        ("mean(X[1:, 0]*W[0]) + sum([W, W*2] @ transpose(X))", {"X": (4, 3), "W": (3,)}),
        ("sum(3*X) + 0*sum(W)", {"X": (2, 2), "W": (2,)}),
        ("sum(inv(A) @ X) + logdet(A)", {"A": (3, 3), "X": (3, 2)}),
        ("sum(where(X > s, s, s))", {"X": (4,), "s": ()}),
        ("sum(where(X > s, W, W)[0:2])", {"X": (4, 3), "s": (), "W": (3,)}),
        ("sum(where(1, s, X)) + sum(where(X > 0, 1, 1))", {"X": (2, 3), "s": ()}),
        ("sum(where(X > 0, W, 0) @ X)", {"X": (3, 3), "W": (1, 3)}),
    ],
)
def test_whole_formulas_give_the_engines_numbers(text: str, shapes: dict[str, Any]) -> None:
    graph = parse(text)
    rng = np.random.default_rng(5)
    shapes = {"V": (3, 2), "t": (5, 2), **shapes}
    values = {key: rng.normal(size=shapes[key]) for key in graph.variables}
    if "A" in values:
        values["A"] = values["A"] @ values["A"].T + np.eye(3)
    assert_same(graph, values)


@pytest.mark.parametrize(
    "text",
    [
        "where(s > 0, sum(log(A)), s^2)",
        "sum(where(s > 0, sqrt(A*s)[0], s))",
        "where(s > 0, sum(sqrt(A*s)), s^2)",
        "where(s > 0, sum(log(A) @ A), s^2)",
    ],
)
def test_a_branch_of_arrays_that_where_did_not_take_brings_nothing(text: str) -> None:
    values = {"s": -1.0, "A": np.array([[1.0, 2], [0, -3]])}
    graph = parse(text)
    found, (to_s, to_a) = Loss(graph, ["s", "A"]).value_and_gradients(values)
    expected = by_engine(graph, {name: values[name] for name in graph.variables}, 0.25)
    assert math.isfinite(found)
    gradient = dict(zip(graph.variables, expected[1:]))
    assert float(to_s) == pytest.approx(gradient["s"])
    assert to_a.tolist() == np.zeros((2, 2)).tolist()


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(formulas(), st.permutations([(2, 3), (3,), (), (2, 1)]))
def test_any_formula_on_arrays_has_the_engines_numbers(text: str, shapes: list[Any]) -> None:
    graph = parse(text)
    rng = np.random.default_rng(len(text))
    values = {n: rng.uniform(0.2, 2, shape) for n, shape in zip(graph.variables, shapes)}
    share = 0.25
    truth = by_engine(graph, values, share)
    if all(np.isfinite(found).all() for found in truth):
        assert_same(graph, values, share)


def test_a_gradient_that_is_an_input_is_a_copy_of_it() -> None:
    """Steps are taken one variable after the other, from gradients of the same point."""
    values = {"x": np.array([1.0, 2]), "y": np.array([3.0, 4])}
    loss = Loss(parse("sum(x*y)"), ["x", "y"])
    _, slopes = loss.value_and_gradients(values)
    for key, slope in zip(values, slopes):
        assert not any(np.shares_memory(slope, array) for array in values.values())
        values[key] -= 0.5 * slope
    assert values["y"].tolist() == [2.5, 3.0]


def test_an_array_that_changes_in_place_after_another_was_given_is_read_anew() -> None:
    loss = Loss(parse("sum(x^2)"), ["x"])
    one, other = np.array([1.0, 2]), np.array([3.0, 4])
    for _ in range(2):
        assert loss.value({"x": one}) == np.sum(one**2)
        assert loss.value({"x": other}) == np.sum(other**2)
        one += 1
        assert loss.value({"x": one}) == np.sum(one**2)


def test_a_loss_of_rows_is_their_mean_or_their_sum() -> None:
    graph = parse("(w*x + b - t)^2")
    values = {"w": 2.0, "b": 1.0, "x": np.array([1.0, 2, 3]), "t": np.array([0.0, 1, 5])}
    errors = 2 * values["x"] + 1 - values["t"]
    value, (to_w, to_b) = Loss(graph, ["w", "b"]).value_and_gradients(values)
    assert value == pytest.approx(np.mean(errors**2))
    assert float(to_w) == pytest.approx(np.mean(2 * errors * values["x"]))
    assert float(to_b) == pytest.approx(np.mean(2 * errors))
    summed = Loss(graph, ["w"], "sum")
    assert summed.value(values) == pytest.approx(np.sum(errors**2))
    assert float(summed.gradients(values)[0]) == pytest.approx(np.sum(2 * errors * values["x"]))


def test_new_arrays_of_new_shapes_may_come_in_every_call() -> None:
    loss = Loss(parse("sum((X @ w)^2)"), ["w"])
    rng = np.random.default_rng(1)
    w = rng.normal(size=3)
    for rows in (4, 4, 2, 4, 2):
        X = rng.normal(size=(rows, 3))
        value, (slope,) = loss.value_and_gradients({"X": X, "w": w})
        assert value == pytest.approx(np.sum((X @ w) ** 2))
        assert np.allclose(slope, 2 * X.T @ (X @ w))
        w -= 0.01 * slope


def test_a_loss_in_float32_computes_in_float32() -> None:
    loss = Loss(parse("mse(tanh(X @ w), t)"), ["w"], dtype="float32")
    rng = np.random.default_rng(1)
    values = {"X": rng.normal(size=(4, 3)), "w": rng.normal(size=3), "t": rng.normal(size=4)}
    value, (slope,) = loss.value_and_gradients(values)
    exact = Loss(parse("mse(tanh(X @ w), t)"), ["w"]).value(values)
    assert slope.dtype == np.float32
    assert value != exact
    assert math.isclose(value, exact, rel_tol=1e-5)


def test_a_formula_of_numbers_needs_no_arrays() -> None:
    loss = Loss(parse("x^2 + y^2"), ["y", "x"])
    assert loss.value_and_gradients({"x": -3.0, "y": 4.0}) == (25.0, [8.0, -6.0])
    assert loss.gradients({"x": 1.0, "y": 1.0}) == [2.0, 2.0]


def test_shapes_that_do_not_fit_are_an_error_in_their_place() -> None:
    with pytest.raises(RequestError) as caught:
        Loss(parse("sum(X @ w)"), ["w"]).value({"X": np.ones((2, 3)), "w": np.ones(2)})
    assert caught.value.span is not None
