"""The steps of a trace: those of the worked example, and what holds for every formula."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from typing import Any

import pytest
from engine.random_formulas import formulas, points
from hypothesis import given, settings
from stories import A1, AT_A1, told

import bpcalc
from bpcalc.render.sentences import ENGLISH
from bpcalc.render.trace.data import trace_data
from bpcalc.render.trace.story import story
from bpcalc.steps import paths

random_ones = settings(max_examples=60, deadline=None, derandomize=True, database=None)


def steps(result: bpcalc.Result, digits: int = 9) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = trace_data(story(result, ENGLISH), digits)["steps"]
    return found


def result_of(formula: str, values: dict[str, float]) -> bpcalc.Result:
    graph = bpcalc.parse(formula)
    return bpcalc.grad(graph, {name: values[name] for name in graph.variables}, check=False)


# A1 and A2


def test_a1_every_value_number_for_number() -> None:
    assert [
        (step["node"], step["formula"], step["numbers"], step["value"])
        for step in steps(result_of(A1, AT_A1))
        if step["step"] == "value"
    ] == [
        ("n1", "x", "3", 3),
        ("n2", "y", "4", 4),
        ("n3", "2", "2", 2),
        ("n4", "x^2", "3^2", 9),
        ("n5", "n4*y", "9*4", 36),
        ("n6", "y + 2", "4 + 2", 6),
        ("n7", "n5 + n6", "36 + 6", 42),
    ]


def test_a2_every_edge_number_for_number() -> None:
    names = ("from", "to", "upstream", "rule", "numbers", "local", "gradient")
    assert [
        tuple(step[name] for name in names)
        for step in steps(result_of(A1, AT_A1))
        if step["step"] == "edge"
    ] == [
        ("n7", "n6", 1, "1", "1", 1, 1),
        ("n7", "n5", 1, "1", "1", 1, 1),
        ("n5", "n4", 1, "y", "4", 4, 4),
        ("n6", "n3", 1, "1", "1", 1, 1),
        ("n5", "n2", 1, "n4", "9", 9, 9),
        ("n6", "n2", 1, "1", "1", 1, 1),
        ("n4", "n1", 4, "2*x", "2*3", 6, 24),
    ]


def test_a2_the_sum_where_two_paths_meet() -> None:
    (sum_,) = [step for step in steps(result_of(A1, AT_A1)) if step["step"] == "sum"]
    assert (sum_["node"], sum_["gradient"]) == ("n2", 10)
    assert sum_["terms"] == [
        {"from": "n5", "arg": 1, "gradient": 9},
        {"from": "n6", "arg": 0, "gradient": 1},
    ]


def test_the_gradient_of_one_node_is_told_by_its_paths() -> None:
    data = trace_data(told("x*x*y + sin(x)*y", {"x": 2, "y": 3}, check=False, node="x"))
    found = [step for step in data["steps"] if step["step"] == "path"]
    squared, sine = ["n7", "n4", "n3", "n1"], ["n7", "n6", "n5", "n1"]
    assert [step["nodes"] for step in found] == [squared, sine]
    assert found[0]["factors"] == [1, 3, 4]  # of x*x by x, which it has twice
    assert found[1]["factors"] == [1, 3, pytest.approx(math.cos(2))]
    assert math.fsum(step["gradient"] for step in found) == pytest.approx(data["gradient"]["x"])


# What holds for every formula


@random_ones
@given(formulas(), points)
def test_every_edge_is_told_exactly_once(formula: str, values: dict[str, float]) -> None:
    result = result_of(formula, values)
    told = [
        (step["from"], step["to"], step["arg"]) for step in steps(result) if step["step"] == "edge"
    ]
    flowing = [edge for edge in result.edges if edge.flows]
    assert sorted(told) == sorted((f"n{e.consumer + 1}", f"n{e.input + 1}", e.arg) for e in flowing)


@random_ones
@given(formulas(), points)
def test_a_node_s_gradient_is_the_sum_of_its_edges(formula: str, values: dict[str, float]) -> None:
    result = result_of(formula, values)
    shares: dict[str, list[float]] = defaultdict(list)
    for step in steps(result):
        if step["step"] == "edge":
            shares[step["to"]].append(step["gradient"])
        if step["step"] == "sum":
            assert [term["gradient"] for term in step["terms"]] == shares[step["node"]]
    for node, several in shares.items():
        gradient = result.gradients[int(node[1:]) - 1]
        if all(map(math.isfinite, several)):
            near = 1e-15 * sum(map(abs, several)) * len(several)
            assert gradient == pytest.approx(math.fsum(several), rel=1e-12, abs=near)


def is_finite(*numbers: float) -> bool:
    return all(map(math.isfinite, numbers))


@pytest.mark.parametrize("digits", [9, 17])
def test_the_printed_equations_are_true(digits: int) -> None:
    near = 1e-13 if digits == 17 else 10.0 ** (2 - digits)

    @random_ones
    @given(formulas(), points)
    def are_true(formula: str, values: dict[str, float]) -> None:
        for step in steps(result_of(formula, values), digits):
            said = step.get("value", step.get("local", math.nan))
            numbers = step.get("numbers", "NaN")
            if is_finite(said) and "NaN" not in numbers and "Infinity" not in numbers:
                found = bpcalc.grad(numbers, check=False).value
                assert found == pytest.approx(said, rel=near, abs=0), step

    are_true()


@random_ones
@given(formulas(), points)
def test_the_rounded_numbers_multiply_to_the_rounded_share(
    formula: str, values: dict[str, float]
) -> None:
    for step in steps(result_of(formula, values)):
        if step["step"] == "edge" and is_finite(*map(step.get, ("upstream", "local", "gradient"))):
            upstream, local = (float(f"{step[key]:.9g}") for key in ("upstream", "local"))
            assert upstream * local == pytest.approx(step["gradient"], rel=2e-8, abs=1e-300)


@random_ones
@given(formulas(), points)
def test_the_paths_add_up_to_the_gradient(formula: str, values: dict[str, float]) -> None:
    result = result_of(formula, values)
    for index in result.graph.variables.values():
        found = paths(result, index)
        if not found:
            continue
        products = [step.product for step in found]
        factors = itertools.chain.from_iterable(step.factors for step in found)
        if is_finite(result.gradients[index], *products, *factors):
            near = 1e-12 * sum(map(abs, products))
            assert math.fsum(products) == pytest.approx(result.gradients[index], abs=near)
