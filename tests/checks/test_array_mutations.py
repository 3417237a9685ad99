"""A rule on arrays that is wrong by 0.1 % is caught, for every operation, by either check."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from array_cases import STRUCTURAL, Case, case, result_of

from bpcalc.checks import expansion
from bpcalc.engine.backward import NOTHING
from bpcalc.ops import TABLE, Op
from bpcalc.results import Result

OFF = 1.001
POINTS = [0.75, -1.25, 1.5, 2.25, -0.375, 1.125, 3.5]


def scaled(rule: Callable[..., Any], which: int) -> Callable[..., Any]:
    """The rule with one product wrong by 0.1 %, or by 0.001 where it is 0."""

    def wrong(*args: Any, **options: Any) -> Any:
        found = rule(*args, **options)
        found = list(found) if type(found) is tuple else [found]
        if found[which] is not NOTHING:
            found[which] = found[which] * OFF if np.any(found[which]) else found[which] + OFF - 1
        return tuple(found) if len(found) > 1 else found[0]

    return wrong


def flows(found: Case) -> list[bool]:
    """For each input whether a gradient goes to it."""
    y = found.op(*found.inputs)
    products = found.op.rule(np.ones(np.shape(y)) if np.shape(y) else 1.0, y, *found.inputs)
    products = products if type(products) is tuple else (products,)
    return [product is not NOTHING for product in products]


def cases() -> list[Any]:
    """Every operation that a formula can have; those of rules only where they have a meaning."""
    found = []
    for op in STRUCTURAL:
        try:
            known = case(op.key)
        except AssertionError:
            assert op.internal
            continue
        result = result_of(known)
        if result.check.ok is None:
            assert op.internal
            assert result.check.warnings
            continue
        found.append(pytest.param(known, id=op.key))
    return found


every_op = pytest.mark.parametrize("found", cases())


def before(result: Result, which: int) -> Any:
    """What the check says of the node that an input of the operation is."""
    return result.check.nodes[len(result.graph.leaves) + which]


@every_op
def test_the_engine_as_it_is_agrees_with_the_check_of_every_element(found: Case) -> None:
    result = result_of(found)
    assert result.check.ok is True
    assert result.check.method == "sympy"
    assert result.check.max_error < 1e-12
    assert result.check.warnings == []
    for node, value, gradient in zip(result.check.nodes, result.values, result.gradients):
        assert np.shape(node.value) == np.shape(value)
        assert np.shape(node.gradient) == np.shape(gradient)


@every_op
def test_a_rule_that_is_wrong_by_a_thousandth_is_caught_by_the_expansion(
    found: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = found.op.rule
    for which, flowing in enumerate(flows(found)):
        if not flowing:
            continue
        monkeypatch.setattr(found.op, "rule", scaled(right, which))
        result = result_of(found)
        assert result.check.ok is False
        assert not result.ok
        for k in range(len(found.inputs)):  # this input feels it, and no other one
            assert before(result, k).ok is (k != which)
        number = f"n{len(result.graph.leaves) + which + 1}"
        assert any(f"gradient of {number}" in warning for warning in result.check.warnings)
        monkeypatch.setattr(found.op, "rule", right)


@every_op
def test_a_rule_that_is_wrong_by_a_thousandth_is_caught_along_random_directions(
    found: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expansion, "MAX_NODES", 0)
    result = result_of(found)
    assert result.check.method == "directional"
    assert result.check.ok is True
    assert result.check.max_error < 1e-12
    right = found.op.rule
    for which, flowing in enumerate(flows(found)):
        if flowing:
            monkeypatch.setattr(found.op, "rule", scaled(right, which))
            assert result_of(found).check.ok is False
            monkeypatch.setattr(found.op, "rule", right)


@pytest.mark.parametrize("small", [True, False])
@every_op
def test_a_value_that_is_wrong_by_a_thousandth_is_caught(
    found: Case, small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if found.op.meaning is None:
        return  # the forward is NumPy's function itself, and what it is judged by
    if not small:
        monkeypatch.setattr(expansion, "MAX_NODES", 0)
    right = found.op.forward
    monkeypatch.setattr(found.op, "forward", lambda *args, **options: right(*args, **options) * OFF)
    monkeypatch.setattr(found.op, "scalar", lambda *args, **options: right(*args, **options) * OFF)
    result = result_of(found)
    assert result.check.ok is False
    if small:
        assert result.check.nodes[-2].ok is False


ELEMENTWISE = [op for op in TABLE.values() if op.shape is None]


def elementwise_case(op: Op) -> Case:
    """Two elements for each input, in the domain and on no kink, where most slopes are not 0."""
    count = 3 if op.variadic else op.arity
    best: tuple[int, tuple[Any, ...]] | None = None
    for args in itertools.permutations(POINTS, count):
        if not op.domain.contains(*args, **op.options):
            continue
        if any(kink.at(*args, **op.options) for kink in op.kinks):
            continue
        slopes = op.rule(op(*args), *args)
        flat = sum(s == 0 for s in (slopes if type(slopes) is tuple else (slopes,)))
        if best is None or flat < best[0]:
            best = flat, args
    assert best is not None
    return Case(op, tuple(np.array([x, x]) for x in best[1]))


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("op", ELEMENTWISE, ids=lambda op: op.key)
def test_a_wrong_rule_of_an_elementwise_operation_is_caught_in_arrays(
    op: Op, small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = elementwise_case(op)
    if not small:
        monkeypatch.setattr(expansion, "MAX_NODES", 0)
    result = result_of(found)
    assert result.check.ok is True
    assert result.check.max_error < 1e-12
    right = op.rule
    slopes = right(op(*found.inputs), *found.inputs)
    for which, slope in enumerate(slopes if type(slopes) is tuple else (slopes,)):
        if slope is NOTHING or (op.used is not None and not np.any(slope)):
            continue  # what where did not choose gets nothing, whatever the rule says
        monkeypatch.setattr(op, "rule", scaled(right, which))
        result = result_of(found)
        assert result.check.ok is False
        if small:
            assert [before(result, k).ok for k in range(len(found.inputs))] == [
                k != which for k in range(len(found.inputs))
            ]
        monkeypatch.setattr(op, "rule", right)
