"""The loop's own decisions: the rate of an epoch, when a loss stands still, which one is best."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy
import pytest

from bpcalc.descent.arrays import ArrayProblem
from bpcalc.descent.batches import Batches
from bpcalc.descent.curve import Curve
from bpcalc.descent.held_out import Best
from bpcalc.descent.methods import method
from bpcalc.descent.schedules import schedule
from bpcalc.descent.training import Limits, Training, Watch
from bpcalc.formula import parse

WATCH = Watch(lambda: False, lambda: None, inf, lambda step, loss: None)


def training(limits: Limits, scale: float = 1.0) -> Training:
    """A line through 30 points, in 10 batches."""
    x = numpy.linspace(-1, 1, 30)
    data: dict[str, Any] = {"x": x, "t": 3 * x + numpy.sin(9 * x)}
    start, fixed = {"w": 0.0}, {"c": scale}
    graph = parse("c*(w*x - t)^2", {**data, **start, **fixed})
    batches = Batches(data, 3, True, 0)
    problem = ArrayProblem(
        graph, start, fixed, method("sgd"), None, batches, "mean", dtype="float64"
    )
    return Training(problem, limits)


def test_an_epoch_that_is_not_finished_counts_for_the_schedule() -> None:
    found = training(Limits(25, 1.0, schedule("cosine", None), None))
    assert [found.rate(epoch) for epoch in range(3)] == pytest.approx([1, 0.75, 0.25])


def test_a_loss_stands_still_by_a_part_of_itself() -> None:
    """A loss that is 2^20 times as large, at a rate as much smaller, makes the same steps."""
    steps = []
    for scale in (1.0, 2.0**20, 2.0**-20):
        found = training(Limits(10_000, 0.1 / scale, schedule(None, None), 1e-3), scale)
        assert found.run(WATCH) == "tolerance"
        steps.append(found.step)
    assert len(set(steps)) == 1
    assert 20 < steps[0] < 10_000


@pytest.mark.parametrize("greater", [False, True])
def test_nan_is_never_the_best(greater: bool) -> None:
    best = Best()
    for epoch, value in enumerate([nan, 3.0, nan, 5.0, 1.0, nan], 1):
        best = best.after(epoch, value, greater)
    assert best == (Best(4, 5.0) if greater else Best(5, 1.0))


def test_a_curve_that_was_cut_goes_on_at_the_same_distances() -> None:
    found, other = Curve(), Curve()
    for step in range(5000):
        found.add(step, float(step))
    found.cut(4321, 4321.0)
    assert found.all()[-1] == (4321, 4321.0)
    for step in range(5000):
        other.add(step, float(step))
    for step in range(4322, 5000):
        found.add(step, float(step))
    assert found.all() == other.all()
