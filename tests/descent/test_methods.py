"""The methods and schedules against PyTorch's, on floats and on arrays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from descent.steps_by_torch import CASES, RATE, SCHEDULES, START, STEPS

from bpcalc.descent.methods import METHODS, method
from bpcalc.descent.run import Run
from bpcalc.descent.schedules import Schedule, schedule
from bpcalc.descent.task import Task
from bpcalc.descent.training import Limits, Watch
from bpcalc.errors import RequestError
from bpcalc.formula import parse

RECORDED = json.loads(Path(__file__).with_name("steps_by_torch.json").read_text(encoding="utf-8"))
ROSENBROCK = "(1 - x)^2 + 100*(y - x^2)^2"
AS_ARRAY = "(1 - p[0])^2 + 100*(p[1] - p[0]^2)^2"
UNWATCHED = Watch(lambda: False, lambda: None, 1e9, lambda step, loss: None)


def run(how: str, limits: Limits, dtype: str = "float64") -> Run:
    """A run on floats; on arrays if `how` begins with `arrays `."""
    import numpy

    arrays, _, name = how.rpartition(" ")
    start = {"p": numpy.array([*START.values()])} if arrays else dict(START)
    graph = parse(AS_ARRAY if arrays else ROSENBROCK, start)
    found = Run(Task(graph, start, {}, None, method(name), None, None, dtype), limits)
    found.go(UNWATCHED)
    return found


def point(found: Run) -> list[float]:
    values = found.problem.values()
    return values["p"].tolist() if "p" in values else [values["x"], values["y"]]


@pytest.mark.parametrize("arrays", ["", "arrays "])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("steps", [1, 2, STEPS])
def test_a_method_goes_where_pytorch_goes(case: str, steps: int, arrays: str) -> None:
    found = run(arrays + case, Limits(steps, RATE, Schedule(), None))
    assert point(found) == pytest.approx(RECORDED[case]["points"][steps - 1], rel=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_float32_goes_there_too_as_far_as_it_can(case: str) -> None:
    found = run("arrays " + case, Limits(STEPS, RATE, Schedule(), None), "float32")
    assert point(found) == pytest.approx(RECORDED[case]["points"][STEPS - 1], rel=1e-4)


@pytest.mark.parametrize("case", SCHEDULES)
def test_a_schedule_goes_as_pytorchs(case: str) -> None:
    found = schedule(case, None)
    rates = [RATE * found.factor(epoch, STEPS) for epoch in range(STEPS)]
    assert rates == pytest.approx(RECORDED[case]["rates"], rel=1e-12)
    run_ = run("sgd", Limits(STEPS, RATE, found, None))
    assert point(run_) == pytest.approx(RECORDED[case]["points"][-1], rel=1e-12)


def test_a_step_by_hand() -> None:
    recipe = METHODS["momentum"]
    memory = [[0.0]]
    options = {"momentum": 0.5}
    p = recipe.floats(options, 0.1, 1, memory, [1.0], [2.0])
    assert (p, memory) == ([0.8], [[2.0]])
    p = recipe.floats(options, 0.1, 2, memory, p, [1.0])  # v = 0.5*2 + 1
    assert (p, memory) == ([pytest.approx(0.6)], [[2.0]])


def test_inverse_is_one_over_the_epochs() -> None:
    found = schedule("inverse:0.5", None)
    assert [found.factor(epoch, 9) for epoch in (0, 1, 2)] == [1, 1 / 1.5, 1 / 2]


def test_decay_is_short_for_exponential() -> None:
    assert schedule(None, "0.9") == schedule("exponential:0.9", None)


def test_numbers_of_a_method_come_by_name_or_in_order() -> None:
    assert method("adam:0.8,eps=1e-6").options == {"beta1": 0.8, "beta2": 0.999, "eps": 1e-6}
    assert str(method("momentum")) == "momentum, momentum 0.9"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("adamm", "did you mean adam?"),
        ("", "the methods are sgd"),
        ("sgd:0.9", "it has none: sgd alone"),
        ("adam:0.9,0.9,0.9,0.9", "its numbers are beta1, beta2, eps"),
        ("adam:gamma=1", "its numbers are beta1, beta2, eps"),
        ("momentum:1", "less than 1"),
        ("momentum:-0.1", "less than 1"),
        ("momentum:nan", "less than 1"),
        ("momentum:", "less than 1"),
    ],
)
def test_a_method_that_makes_no_sense_is_refused(text: str, said: str) -> None:
    with pytest.raises(RequestError) as raised:
        method(text)
    assert said in raised.value.drawn()


@pytest.mark.parametrize(
    ("text", "decay", "said"),
    [
        ("cosin", None, "did you mean cosine?"),
        ("step", None, "takes 2 numbers"),
        ("step:0", None, "above 0"),
        ("step:1.5", None, "whole epochs"),
        ("step:3:0.1:4", None, "takes 2 numbers"),
        ("cosine:3", None, "takes 0 numbers"),
        ("exponential:1.1", None, "without end"),
        ("exponential:x", None, "needs a number above 0"),
        (None, "0", "above 0"),
        (None, "nan", "above 0"),
        ("cosine", "0.9", "both say"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(
    text: str | None, decay: str | None, said: str
) -> None:
    with pytest.raises(RequestError) as raised:
        schedule(text, decay)
    assert said in raised.value.drawn()
