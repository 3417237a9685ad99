"""A rule or a value that is wrong by 0.1 % is caught, by each check and for every operation."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath
import pytest

import bpcalc
from bpcalc import Result
from bpcalc.checks import check as check_module
from bpcalc.checks import reference as reference_module
from bpcalc.graph.text import applied
from bpcalc.ops import TABLE, Op

OFF = 1.001
POINTS = [0.75, -1.25, 1.5, 2.25, -0.375, 1.125, 3.5]
"""Numbers apart from one another and from whole ones, where kinks, poles and jumps lie."""

every_op = pytest.mark.parametrize(
    "op", [op for op in TABLE.values() if op.shape is None], ids=lambda op: op.name
)


def names_of(op: Op) -> list[str]:
    return [f"x{k}" for k in range(3 if op.variadic else op.arity)]


def point_of(op: Op) -> dict[str, float]:
    """A point inside its domain and on no kink, where most of its slopes are not 0."""
    names = names_of(op)
    best: tuple[int, dict[str, float]] | None = None
    for args in itertools.permutations(POINTS, len(names)):
        if not op.domain.contains(*args, **op.options):
            continue
        if any(kink.at(*args, **op.options) for kink in op.kinks):
            continue
        point = dict(zip(names, args, strict=True))
        slopes = bpcalc.grad(applied(op, names), point, check=False).gradient.values()
        flat = sum(slope == 0 for slope in slopes)
        if best is None or flat < best[0]:
            best = flat, point
        if flat == 0:
            break
    assert best is not None
    return best[1]


def calculated(op: Op, point: dict[str, float]) -> Result:
    """The operation with others before and behind it, so that its node is one of several."""
    before, behind = ("{} + 0", "y + 3") if op.name == "mul" else ("1*{}", "3*y")
    names = [f"a{k}" for k in range(len(point))]
    lines = [f"{name} = {before.format(x)}" for name, x in zip(names, point, strict=True)]
    return bpcalc.grad("; ".join([*lines, f"y = {applied(op, names)}", behind]), point)


def node(result: Result, name: str) -> Any:
    """What the check says of a named node."""
    return result.check.nodes[result.graph.index(name)]


def scaled(rule: Callable[..., Any], which: int) -> Callable[..., Any]:
    """The rule with one local derivative wrong by 0.1 %, or by 0.001 where it is 0."""

    def wrong(*args: Any, **options: Any) -> Any:
        found = rule(*args, **options)
        found = list(found) if type(found) is tuple else [found]
        found[which] = found[which] * OFF if float(found[which]) else OFF - 1
        return tuple(found) if len(found) > 1 else found[0]

    return wrong


@every_op
def test_the_engine_as_it_is_agrees_with_the_check(op: Op) -> None:
    result = calculated(op, point_of(op))
    assert result.check.ok is True
    assert result.check.max_error < 1e-13
    assert result.warnings == []


@every_op
def test_a_rule_that_is_wrong_by_a_thousandth_is_caught(
    op: Op, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = point_of(op)
    right = op.rule
    for which, name in enumerate(point):
        monkeypatch.setattr(op, "rule", scaled(right, which))
        result = calculated(op, point)
        assert result.check.ok is False
        assert not result.ok
        assert node(result, name).ok is False
        for k in range(len(point)):  # this input feels it, and no other one
            assert node(result, f"a{k}").ok is (k != which)
        assert node(result, "y").ok is True
        assert result.check.nodes[-1].ok is True


@every_op
def test_a_warning_names_the_node_whose_gradient_the_rule_got_wrong(
    op: Op, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(op, "rule", scaled(op.rule, 0))
    result = calculated(op, point_of(op))
    number = result.graph["a0"].id
    assert any(f"gradient of {number} = " in warning for warning in result.warnings)


@every_op
def test_a_value_that_is_wrong_by_a_thousandth_is_caught(
    op: Op, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = point_of(op)
    right = op.scalar
    monkeypatch.setattr(
        op, "scalar", lambda *args, **options: right(*args, **options) * OFF or 1e-3
    )
    result = calculated(op, point)
    assert result.check.ok is False
    assert not result.ok
    assert node(result, "y").ok is False
    number = result.graph["y"].id
    assert any(f"value of {number} = " in warning for warning in result.warnings)


@every_op
def test_the_second_opinion_sees_what_engine_and_reference_have_both_wrong(
    op: Op, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = point_of(op)
    first = next(iter(point))
    right_rule, right_compiled = op.rule, reference_module.compiled

    def wrong_compiled(asked: Op, *more: Any) -> Callable[..., list[Any]]:
        function = right_compiled(asked, *more)
        if asked is not op and asked.name != op.name:
            return function

        def wrong(*args: Any) -> list[Any]:
            value, slope, *others = function(*args)
            off = mpmath.mpf("1.001")
            return [value, slope * off if slope else off - 1, *others]

        return wrong

    monkeypatch.setattr(op, "rule", scaled(right_rule, 0))
    monkeypatch.setattr(reference_module, "compiled", wrong_compiled)
    result = calculated(op, point)
    if op.variadic:  # the reference folds it, and several slopes come out wrong
        assert result.check.ok is False
        return
    assert node(result, "a0").error < 1e-9  # these two agree
    assert result.check.ok is False
    assert node(result, first).ok is False
    assert any(f"the whole formula by {first} gives" in warning for warning in result.warnings)


@pytest.mark.parametrize("formula", ["x^2*y + sin(x)", "z = x*y; z*z + exp(z)", "x/y"])
def test_the_forward_sweep_sees_gradients_that_are_gathered_wrong(
    formula: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = reference_module.gathered

    def wrong(graph: Any, partials: Any, seed: Any) -> list[Any]:
        found = right(graph, partials, seed)
        found[0] = found[0] * mpmath.mpf("1.001")
        return found

    assert bpcalc.grad(formula, x=1.5, y=0.75).check.ok is True
    monkeypatch.setattr(reference_module, "gathered", wrong)
    result = bpcalc.grad(formula, x=1.5, y=0.75)
    assert result.check.ok is False
    assert any("contradicts itself" in warning for warning in result.warnings)


def test_the_second_opinion_sees_a_reference_that_is_wrong_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = check_module.evaluated

    def wrong(*args: Any) -> list[Any]:
        return [value * OFF for value in right(*args)]

    monkeypatch.setattr(check_module, "evaluated", wrong)
    result = bpcalc.grad("x^2*y", x=3, y=4)
    assert result.check.ok is False
    assert node(result, "x").ok is False
    assert sum("the whole formula" in warning for warning in result.warnings) == 2


@pytest.mark.parametrize("wrong_by", [2e-5, 2e-8, 2e-12])
def test_ok_ends_at_a_millionth_and_a_warning_begins_at_a_billionth(
    wrong_by: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    op = TABLE["tanh"]
    right = op.scalar
    monkeypatch.setattr(op, "scalar", lambda x: right(x) * (1 + wrong_by))
    result = bpcalc.grad("tanh(x)", x=0.5)
    assert result.check.ok is (wrong_by < 1e-6)
    assert result.check.max_error == pytest.approx(wrong_by, rel=1e-2)
    digits = [warning for warning in result.warnings if "digits of the value of n2" in warning]
    assert bool(digits) is (wrong_by > 1e-9)
    if digits:
        assert digits[0].startswith("only 4 digits" if wrong_by == 2e-5 else "only 7 digits")


def test_no_rule_and_no_forward_is_read_by_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    formula = "where(x > 1, sigmoid(x*y)^2, gelu(x)) + atan2(x, y)/hypot(x, y)"
    before = bpcalc.grad(formula, x=1.5, y=0.75).check

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("the oracle reads what it judges")

    result = bpcalc.grad(formula, x=1.5, y=0.75, check=False)
    for op in TABLE.values():
        monkeypatch.setattr(op, "rule", never)
    after = check_module.check(
        result.graph,
        {name: bpcalc.bindings.quantity(name, v) for name, v in {"x": 1.5, "y": 0.75}.items()},
        result.values,
        result.gradients,
        bpcalc.bindings.quantity("upstream", 1.0),
    )
    assert after.nodes == before.nodes
