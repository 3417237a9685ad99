"""What is descended on, of arrays and over batches."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from bpcalc.descent import arrays
from bpcalc.descent.arrays import ArrayProblem
from bpcalc.descent.batches import Batches
from bpcalc.descent.curve import MOST, Curve
from bpcalc.descent.methods import method
from bpcalc.formula import parse

X = numpy.random.default_rng(1).normal(size=(103, 4))
T = numpy.random.default_rng(2).normal(size=103)


def problem(
    text: str = "(x @ w + b - t)^2",
    batch: int = 10,
    how: str = "sgd",
    difference: float | None = None,
    reduction: Any = "mean",
    dtype: str = "float64",
    size: int = 4,
) -> ArrayProblem:
    data = {"x": X[:, :size].astype(dtype), "t": T.astype(dtype)}
    start = {"w": numpy.linspace(-1, 1, size), "b": 0.5}
    batches = Batches(data, batch, True, 0)
    graph = parse(text, {**data, **start})
    return ArrayProblem(graph, start, {}, method(how), difference, batches, reduction, dtype)


def by_hand(w: Any, b: float) -> tuple[float, Any, float]:
    """The mean loss of all rows, and its gradients."""
    error = X @ w + b - T
    return float((error**2).mean()), 2 * X.T @ error / len(T), float(2 * error.mean())


@pytest.mark.parametrize("text", ["(x @ w + b - t)^2", "mse(x @ w + b, t)"])
@pytest.mark.parametrize("batch", [1, 10, 103, 1000])
def test_the_loss_of_all_rows_is_that_of_no_batches(text: str, batch: int) -> None:
    found = problem(text, batch)
    loss, slope, slope_b = by_hand(numpy.linspace(-1, 1, 4), 0.5)
    value, norm = found.whole()
    assert value == pytest.approx(loss)
    assert found.gradient()["w"] == pytest.approx(slope)
    assert found.gradient()["b"] == pytest.approx(slope_b)
    assert norm == pytest.approx(float(numpy.sqrt((slope**2).sum() + slope_b**2)))
    assert found.value_of_all() == pytest.approx(loss)


def test_a_sum_is_added_up_over_the_batches() -> None:
    loss, slope, _ = by_hand(numpy.linspace(-1, 1, 4), 0.5)
    found = problem(reduction="sum")
    value, _ = found.whole()
    assert value == pytest.approx(103 * loss)
    assert found.gradient()["w"] == pytest.approx(103 * slope)


def test_differences_are_close_to_the_gradient() -> None:
    exact, numeric = problem(), problem(difference=1e-4)
    exact.whole()
    numeric.whole()
    assert numeric.gradient()["w"] == pytest.approx(exact.gradient()["w"], rel=1e-8)
    assert numeric.values()["w"].tolist() == exact.values()["w"].tolist()


@pytest.mark.parametrize("how", ["sgd", "momentum", "nesterov", "rmsprop", "adam"])
def test_a_step_can_be_taken_back(how: str) -> None:
    found = problem(how=how)
    for step in range(5):
        found.evaluated(step)
        if step == 3:
            found.keep(step)
            before = found.values()["w"].tolist(), found.values()["b"]
            memory = [part.tolist() for part in found.memory]
        found.advance(0.1, step + 1)
    found.retreat()
    assert (found.values()["w"].tolist(), found.values()["b"]) == before
    assert [part.tolist() for part in found.memory] == memory


@pytest.mark.parametrize("step", [0, 9, 10, 11, 13])
def test_so_can_the_order_of_the_rows(step: int) -> None:
    """At the beginning of an epoch, and within one, of 11 batches; back from the next."""
    found = problem()
    assert found.batches is not None
    orders = []
    for k in range(step + 3):
        found.evaluated(k % found.count)
        if k == step:
            found.keep(k % found.count)
            orders = []
        orders.append(found.batches.batch(k % found.count)["x"].tolist())
    found.retreat()
    for k, order in zip(range(step, step + 3), orders):
        found.evaluated(k % found.count)
        assert found.batches.batch(k % found.count)["x"].tolist() == order


def test_many_variables_are_kept_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    assert problem().kept_every == 1
    monkeypatch.setattr(arrays, "LARGE", 3)
    assert problem().kept_every == arrays.KEPT_EVERY


def test_a_gradient_whose_square_overflows_has_a_length() -> None:
    found = problem("(x @ w + b - t)^2 * 1e200", batch=103)
    with found.quiet():
        value, norm = found.evaluated()
    assert numpy.isfinite([value, norm]).all()
    small = problem(batch=103).evaluated()[1]
    assert norm == pytest.approx(small * 1e200)


def test_float32_stays_float32() -> None:
    found = problem(dtype="float32")
    found.evaluated()
    found.advance(0.1, 1)
    assert {array.dtype for array in found.arrays} == {numpy.dtype("float32")}
    assert {numpy.asarray(slope).dtype for slope in found.slopes} == {numpy.dtype("float32")}


def test_no_step_makes_new_arrays_for_what_is_learnt() -> None:
    found = problem(how="adam")
    before = [id(array) for array in found.arrays]
    for step in range(5):
        found.evaluated(step)
        found.advance(0.1, step + 1)
    assert [id(array) for array in found.arrays] == before


def test_a_curve_stays_short_and_keeps_its_ends() -> None:
    found = Curve()
    for step in range(100_000):
        found.add(step, float(-step))
    points = found.all()
    assert points[0] == (0, 0.0)
    assert points[-1] == (99_999, -99_999.0)
    assert len(points) <= MOST + 1
    steps = [step for step, _ in points[:-1]]
    assert len({*numpy.diff(steps).tolist()}) == 1
