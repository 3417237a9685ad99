"""Operations on arrays at numbers where a careless formula overflows, cancels or divides by 0."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest
import sympy
from array_examples import (
    STRUCTURAL,
    Array,
    Case,
    as_value,
    cases,
    direction,
    is_in_the_domain,
    is_on_a_kink,
    name,
    output_shape,
    products,
)

from bpcalc.engine import forward, gradients
from bpcalc.formula import parse
from bpcalc.ops import TABLE, Op

TINY = math.exp(-40)
NAN = math.nan

EXTREMES: list[tuple[str, Any, Any]] = [
    # Logits: 1000 overflows exp, 1e300 swallows ln 2, and 40 rounds probabilities to 1
    ("logsumexp([1000, 1000])", 1000 + math.log(2), [0.5, 0.5]),
    ("logsumexp([-1000, -1000])", -1000 + math.log(2), [0.5, 0.5]),
    ("logsumexp([1e300, 1e300])", 1e300, [0.5, 0.5]),
    ("logsumexp([-1e300, 1e300])", 1e300, [0, 1]),
    ("logsumexp([7])", 7, [1]),
    ("logsumexp([0, -40])", TINY, [1, TINY]),
    ("softmax([1000, -1000])[0]", 1, [0, 0]),
    ("softmax([1e300, 1e300])[0]", 0.5, [0.25, -0.25]),
    ("softmax([40, 0])[0]", 1, [TINY, -TINY]),
    ("softmax([40, 0])[1]", TINY, [-TINY, TINY]),
    ("log_softmax([1e300, 1e300])[1]", -math.log(2), [-0.5, 0.5]),
    ("log_softmax([1000, 0])[1]", -1000, [-1, 1]),
    ("log_softmax([40, 0])[0]", -TINY, [TINY, -TINY]),
    ("softmax_cross_entropy([40, 0], 0)", TINY, [-TINY, TINY]),
    ("softmax_cross_entropy([40, 0], [1, 0])", TINY, [-TINY, TINY]),
    ("softmax_cross_entropy([1000, -1000], 1)", 2000, [1, -1]),
    ("softmax_cross_entropy([1e300, -1e300], 0)", 0, [0, 0]),
    ("softmax_cross_entropy([[1e300, 1e300]], [0])", math.log(2), [[-0.5, 0.5]]),
    # Lengths: squares leave float64
    ("norm([3e200, 4e200])", 5e200, [0.6, 0.8]),
    ("norm([3e-200, 4e-200])", 5e-200, [0.6, 0.8]),
    ("norm([[3e-200, 4e-200], [0, 0]], axis=1)[0]", 5e-200, [[0.6, 0.8], [0, 0]]),
    ("norm([0, 0])", 0, [0, 0]),
    ("sum(norm([[0, 0], [3, 4]], axis=1))", 5, [[0, 0], [0.6, 0.8]]),
    ("std([3e-200, 5e-200])", 1e-200, [-0.5, 0.5]),
    ("std([3e200, 5e200])", 1e200, [-0.5, 0.5]),
    ("std([2, 2])", 0, [0, 0]),
    ("std([0.1, 0.1, 0.1])", 0, [0, 0, 0]),
    ("sum(std([[0.1, 0.1], [1, 3]], axis=1))", 1, [[0, 0], [-0.5, 0.5]]),
    # Numbers that are nearly equal
    ("var([1000000000.125, 1000000000.375])", 0.015625, [-0.125, 0.125]),
    ("std([1000000000.125, 1000000000.375])", 0.125, [-0.5, 0.5]),
    ("var([0.1, 0.1, 0.1])", 0, [0, 0, 0]),
    # Products with zeros
    ("prod([0, 2, 3])", 0, [6, 0, 0]),
    ("prod([0, 0, 3])", 0, [0, 0, 0]),
    ("prod([1e200, 1e-200, 3])", 3, [3e-200, 3e200, 1]),
    ("sum(prod([[0, 2], [4, 5]], axis=1))", 20, [[2, 0], [5, 4]]),
    # Determinants of singular matrices
    ("det([[1, 2], [2, 4]])", 0, [[4, -2], [-2, 1]]),
    ("det([[0, 0], [0, 0]])", 0, [[0, 0], [0, 0]]),
    ("det([[1, 2, 3], [4, 5, 6], [7, 8, 9]])", 0, [[-3, 6, -3], [6, -12, 6], [-3, 6, -3]]),
    ("det([[0, 0, 0], [0, 2, 0], [0, 0, 3]])", 0, [[6, 0, 0], [0, 0, 0], [0, 0, 0]]),
    ("det([[1e-200, 0], [0, 1e200]])", 1, [[1e200, 0], [0, 1e-200]]),
    # Losses of probabilities that are certain, and right
    ("bce([0, 1], [0.0, 1.0])", 0, [0.5, -0.5]),
    ("bce([1e-18, 0.5], [0, 1])", math.log(2) / 2, [0.5, -1]),
    ("bce([1e-18], [0])", 1e-18, [1]),
    ("cross_entropy([[0, 1], [1, 0]], [1, 0])", 0, [[0, -0.5], [-0.5, 0]]),
    ("cross_entropy([0, 1], [0.0, 1.0])", 0, [0, -1]),
    ("huber([1e300, 0], [0, 0])", 5e299, [0.5, 0]),
    ("mae([1, 2], [1, 3])", 0.5, [0, -0.5]),
    # Ties
    ("max([1, 3, 3])", 3, [0, 0.5, 0.5]),
    ("min([1, 1, 3])", 1, [0.5, 0.5, 0]),
    ("sum(max([[1, 1], [2, 5]], axis=1))", 6, [[0.5, 0.5], [0, 1]]),
    ("max([[4, 4], [4, 4]])", 4, [[0.25, 0.25], [0.25, 0.25]]),
]


@pytest.mark.parametrize(("formula", "value", "slopes"), EXTREMES, ids=lambda each: str(each)[:50])
def test_value_and_gradient_are_right(formula: str, value: float, slopes: Array) -> None:
    graph = parse(formula)
    values = forward(graph, {})
    found = gradients(graph, values)[0]  # the first leaf is the first input
    assert values[-1] == pytest.approx(value, rel=1e-12, abs=1e-14 * (abs(value) > 1e-5))
    size = np.max(np.abs(slopes), initial=1e-300)
    assert found == pytest.approx(np.array(slopes, float), rel=1e-12, abs=size * 1e-14)


FACTORS = [1e-200, 1e-20, 1e-3, 30.0, 1e3, 1e20, 1e200]
MANY_DIGITS = 1000
SMALLEST, LARGEST = sys.float_info.min * 1e20, sys.float_info.max / 1e20


def scaled(case: Case) -> list[Case]:
    """The case with its first input, or all its inputs, larger and smaller."""
    found = []
    for factor in FACTORS:
        first = as_value(np.asarray(case.inputs[0]) * factor)
        everything = tuple(as_value(np.asarray(array) * factor) for array in case.inputs)
        for inputs in [(first, *case.inputs[1:]), everything][: len(case.inputs)]:
            if is_in_the_domain(case.op, inputs) and not is_on_a_kink(case.op, inputs):
                found.append(Case(case.op, inputs))
    return found


def with_many_digits(array: Array) -> Array:
    function = np.frompyfunc(lambda x: sympy.Float(float(x), MANY_DIGITS), 1, 1)
    return np.asarray(function(array), dtype=object)


def sizes_fit(exact: Array) -> bool:
    """Whether float64 can hold these numbers, and their sums with others like them."""
    numbers = [abs(x) for x in np.asarray(exact, dtype=object).flat if x != 0]
    return all(SMALLEST < x < LARGEST for x in numbers)


@pytest.mark.parametrize("op", STRUCTURAL, ids=name)
def test_values_of_all_sizes_keep_nine_digits(op: Op) -> None:
    for case in cases(op)[::8]:
        for at in scaled(case):
            with np.errstate(all="ignore"):
                exact = at.op.of_objects(tuple(map(with_many_digits, at.inputs)))
            if not sizes_fit(exact):
                continue
            got = np.asarray(at.op(*at.inputs), dtype=float)
            expected = np.asarray(exact, dtype=float)
            close = np.abs(got - expected) <= 1e-9 * np.max(np.abs(expected), initial=0)
            assert close.all(), f"{at} at {at.inputs}: {got}, and should be {expected}"


# Where there is no number


@pytest.mark.parametrize("text", ["max", "min"])
def test_an_extreme_of_nan_is_nan_and_pulls_at_nothing_as_the_one_of_numbers(text: str) -> None:
    array, numbers = TABLE[f"{text}_of"], TABLE[text]
    given = np.array([1.0, NAN, 3.0])
    assert math.isnan(array(given))
    assert math.isnan(numbers(*given))
    expected = numbers.rule(NAN, *given)
    assert list(products(array, 1.0, (given,))[0]) == list(expected)


@pytest.mark.parametrize("name", ["inv", "solve", "det", "logdet", "matmul"])
def test_a_stack_of_many_small_matrices_is_its_matrices_one_by_one(name: str) -> None:
    op = TABLE[name]
    rng = np.random.default_rng(1)
    stacks = [rng.normal(size=(5000, 3, 3)) * 0.5 + 3 * np.eye(3) for _ in range(op.arity)]
    if output_shape(op, ((2, 3, 3),) * op.arity) is None:
        pytest.skip(f"{name} takes no stacks")
    upstream = direction(np.shape(op(*stacks)), 2)
    found = products(op, upstream, tuple(stacks))
    for place in (0, 17, 4999):
        one = tuple(stack[place] for stack in stacks)
        assert op(*stacks)[place] == pytest.approx(op(*one), rel=1e-12)
        for many, single in zip(found, products(op, upstream[place], one)):
            assert many[place] == pytest.approx(single, rel=1e-11)


@pytest.mark.parametrize(
    ("name", "shape", "options"),
    [
        ("sum", (2, 3), {"axis": 2}),
        ("sum", (2, 3), {"axis": -3}),
        ("mean", (), {"axis": 0}),
        ("mean", (2, 3), {"axis": (0, 0)}),
        ("var", (3,), {"ddof": 3}),
        ("std", (2, 1), {"axis": 1, "ddof": 1}),
        ("softmax", (), {}),
        ("concat", (2, 3), {"axis": (0, 1)}),
        ("prod", (2, 0), {}),
        ("trace", (2, 2, 2), {}),
        ("det", (2, 3), {}),
        ("matmul", (), {}),
    ],
)
def test_shapes_that_do_not_fit_are_refused_in_words(
    name: str, shape: tuple[int, ...], options: dict[str, Any]
) -> None:
    op = TABLE[name]
    assert op.shape is not None
    with pytest.raises(ValueError, match=r"[a-z ]{10}"):
        op.shape(*[shape] * op.arity, **{**op.options, **options})
