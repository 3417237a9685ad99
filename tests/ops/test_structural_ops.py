"""Each operation on arrays gets every test below by standing in the table."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from array_examples import (
    STRUCTURAL,
    Array,
    Case,
    cases,
    counts,
    direction,
    is_differentiable,
    meaning,
    moved,
    name,
    output_shape,
    precise,
    products,
)

from bpcalc.engine.array_backward import NOTHING
from bpcalc.formula import parse
from bpcalc.graph.text import applied, applied_latex
from bpcalc.ops import FUNCTIONS, OPERATORS, Op

every_op = pytest.mark.parametrize("op", STRUCTURAL, ids=name)
every_differentiable_op = pytest.mark.parametrize(
    "op", [op for op in STRUCTURAL if is_differentiable(op)], ids=name
)
every_visible_op = pytest.mark.parametrize(
    "op", [op for op in STRUCTURAL if not op.internal], ids=name
)


# What is said about it


@every_op
def test_the_docstring_is_a_sentence(op: Op) -> None:
    assert op.doc.strip().endswith(".")
    assert op.doc.strip().splitlines()[0][-1] in ".:;,"


@every_op
def test_its_latex_shows_each_input_and_has_balanced_braces(op: Op) -> None:
    for count in counts(op):
        labels = [f"n_{{{k}}}" for k in range(1, count + 1)]
        text = applied_latex(op, labels)
        assert all(label in text for label in labels[: op.least])
        assert text.count("{") == text.count("}")
        assert text.count(r"\left") == text.count(r"\right")
        assert text.count(r"\begin") == text.count(r"\end")


def is_written(op: Op) -> bool:
    """Whether formulas can contain it; what only rules use they cannot."""
    return op.name in FUNCTIONS or op in OPERATORS.values()


@every_op
def test_the_parser_reads_what_the_graph_writes(op: Op) -> None:
    if not is_written(op):
        return
    for case in cases(op):
        names = ["x", "y", "z"][: len(case.inputs)]
        graph = parse(applied(case.op, names))
        found = graph.op(graph.output)
        assert (found.key, dict(found.options)) == (case.op.key, dict(case.op.options)), case
        assert [node.name for node in graph[graph.output].inputs] == names


@every_visible_op
def test_it_is_found_under_its_name_or_its_symbol(op: Op) -> None:
    assert FUNCTIONS.get(op.name) is op
    assert not op.symbol or OPERATORS[op.symbol] is op


@every_op
def test_options_are_called_and_preset_as_by_numpy(op: Op) -> None:
    theirs = in_numpy(op)
    if op.name in ("softmax", "log_softmax") or theirs is None or not op.options:
        return
    known = inspect.signature(theirs).parameters
    for option, value in op.options.items():
        assert option in known
        preset = known[option].default
        if preset in (None, 0, 1, -1):  # and not NumPy's own sign for `not given`
            assert preset == value


@every_op
def test_what_only_rules_use_is_no_name_of_the_language(op: Op) -> None:
    assert not op.internal or FUNCTIONS.get(op.name) is not op


# What it computes


def in_numpy(op: Op) -> Callable[..., Any] | None:
    """NumPy's function of the same name, if formulas can contain the operation."""
    if not is_written(op) or not op.name.isidentifier():
        return None
    return getattr(np, op.name, None) or getattr(np.linalg, op.name, None)


@every_op
def test_numpy_means_the_same_by_the_same_name(op: Op) -> None:
    theirs = in_numpy(op)
    if theirs is None:
        return
    for case in cases(op):
        given = [case.inputs] if op.variadic else case.inputs
        try:
            expected = theirs(*given, **case.op.options)
        except (ValueError, TypeError):
            continue  # norm takes two axes at most
        assert case.op(*case.inputs) == pytest.approx(expected, rel=1e-12, abs=1e-14), case


@every_op
def test_the_declared_shape_is_the_shape_of_the_value(op: Op) -> None:
    for case in cases(op):
        declared = output_shape(case.op, tuple(map(np.shape, case.inputs)))
        found = case.op(*case.inputs)
        assert np.shape(found) == declared, case
        assert declared != () or type(found) is float, case


@every_differentiable_op
def test_the_products_have_the_types_and_shapes_of_the_inputs(op: Op) -> None:
    for case in cases(op):
        upstream = direction(np.shape(case.op(*case.inputs)), 3)
        for product, array in zip(products(case.op, upstream, case.inputs), case.inputs):
            if product is not NOTHING:
                assert np.shape(product) == np.shape(array), case
                assert np.shape(array) != () or type(product) is float, case


def value_beside(
    case: Case, upstream: Array, index: int, place: tuple[int, ...], step: float
) -> float:
    """The sum of upstream times value, with one element of one input moved by a step."""
    inputs = list(case.inputs)
    inputs[index] = moved(inputs[index], {place: step})
    return float(np.sum(upstream * case.op(*inputs)))


def central_difference(function: Callable[[float], float], step: float = 1e-4) -> float:
    """The slope at 0 from four points, wrong by the order of step^4."""
    near, far = function(step) - function(-step), function(2 * step) - function(-2 * step)
    return (8 * near - far) / (12 * step)


@every_differentiable_op
def test_central_differences_of_the_value_agree_with_the_products(op: Op) -> None:
    for case in cases(op):
        inputs = case.inputs
        upstream = direction(np.shape(case.op(*inputs)), 3)
        for index, product in enumerate(products(case.op, upstream, inputs)):
            for place in np.ndindex(np.shape(inputs[index])):
                value = partial(value_beside, case, upstream, index, place)
                if product is NOTHING and math.isnan(value(1e-4)):
                    continue  # a class is a whole number, and cannot be moved
                local = 0.0 if product is NOTHING else float(np.asarray(product)[place])
                assert central_difference(value) == pytest.approx(local, rel=1e-6, abs=1e-6), (
                    f"{case}, input {index}, element {place}"
                )


def is_close(got: Array, expected: Array, tolerance: float) -> bool:
    """Whether SymPy's numbers are the same as floats, of the largest of them."""
    expected = np.asarray(expected, dtype=float)
    size = float(np.max(np.abs(expected), initial=1e-30))
    return bool(np.all(np.abs(np.asarray(got, dtype=float) - expected) <= tolerance * size))


@every_op
def test_the_value_is_what_is_meant(op: Op) -> None:
    for case in cases(op):
        expected = meaning(case, tuple(map(precise, case.inputs)))
        assert np.shape(expected) == np.shape(case.op(*case.inputs)), case
        assert is_close(case.op(*case.inputs), expected, 1e-13), case


@every_differentiable_op
def test_differences_of_the_meaning_agree_with_the_products(op: Op) -> None:
    for case in cases(op)[::3]:
        exact = tuple(map(precise, case.inputs))
        upstream = direction(np.shape(case.op(*case.inputs)), 5)
        for index, product in enumerate(products(case.op, upstream, case.inputs)):
            if product is NOTHING:
                continue
            along = direction(np.shape(case.inputs[index]), 11 + index)
            sides = [
                meaning(
                    case,
                    (*exact[:index], exact[index] + precise(along * h), *exact[index + 1 :]),
                )
                for h in (1e-18, -1e-18)
            ]
            slope = float(np.sum(precise(upstream) * (sides[0] - sides[1]))) / 2e-18
            assert slope == pytest.approx(float(np.sum(product * along)), rel=1e-10, abs=1e-11), (
                f"{case}, input {index}"
            )


# Values belong to whom they were given


@every_differentiable_op
def test_inputs_stay_as_they_are(op: Op) -> None:
    for case in cases(op):
        before = [np.array(array) for array in case.inputs]
        upstream = direction(np.shape(case.op(*case.inputs)), 3)
        kept = np.array(upstream)
        products(case.op, upstream, case.inputs)
        assert all(np.array_equal(a, b) for a, b in zip(before, case.inputs)), case
        assert np.array_equal(kept, upstream), case


@every_differentiable_op
def test_what_shares_memory_with_an_input_cannot_be_written_to(op: Op) -> None:
    for case in cases(op):
        value = case.op(*case.inputs)
        upstream = direction(np.shape(value), 3)
        found = [value, *products(case.op, upstream, case.inputs)]
        for result, given in itertools.product(found, [*case.inputs, upstream]):
            if isinstance(result, np.ndarray) and isinstance(given, np.ndarray):
                assert not (np.shares_memory(result, given) and result.flags.writeable), case


@every_op
def test_numbers_give_a_float(op: Op) -> None:
    for case in cases(op):
        if any(np.shape(array) for array in case.inputs):
            continue
        value = case.op(*case.inputs)
        if np.shape(value) == ():
            assert type(value) is float, case
            assert value == float(case.op(*map(np.float64, case.inputs)))
