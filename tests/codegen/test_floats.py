"""Compiled code on floats gives the engine's numbers, to the bit."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings

from bpcalc.codegen.floats import compiled, row_function, source
from bpcalc.codegen.program import is_of_numbers, program
from bpcalc.engine import forward, gradients
from bpcalc.errors import RequestError
from bpcalc.formula import parse
from bpcalc.graph import Building, Graph
from bpcalc.ops import Op

for folder in ("engine", "ops"):
    sys.path.append(str(Path(__file__).parents[1] / folder))

from every_op import VARIANTS, extreme_points, inputs, name  # noqa: E402
from random_formulas import formulas, points  # noqa: E402

many = settings(max_examples=300, deadline=None, derandomize=True, database=None)


def by_engine(graph: Graph, point: Sequence[float]) -> list[float]:
    values = forward(graph, dict(zip(graph.variables, point)))
    found = gradients(graph, values)
    return [values[graph.output], *(found[index] for index in graph.variables.values())]


def same(ours: Sequence[float], theirs: Sequence[float]) -> bool:
    """Equal to the bit, but for the sign of a zero."""
    return len(ours) == len(theirs) and all(
        type(a) is float and (a == b or (math.isnan(a) and math.isnan(b)))
        for a, b in zip(ours, theirs)
    )


def refused(*numbers: float) -> tuple[float, ...]:
    raise AssertionError("the engine was asked")


@many
@given(formulas(), points)
def test_any_formula_has_the_engines_numbers(text: str, values: dict[str, float]) -> None:
    graph = parse(text)
    point = [values[name] for name in graph.variables]
    found = row_function(graph, list(graph.variables))(*point)
    assert same(found, by_engine(graph, point))


@pytest.mark.parametrize("op", VARIANTS, ids=name)
def test_an_operation_has_the_engines_numbers_at_extreme_points(op: Op) -> None:
    building = Building()
    leaves = [building.leaf(f"x{i}") for i in range(inputs(op))]
    graph = building.finished(building.apply(op, tuple(leaves)))
    row = row_function(graph, list(graph.variables))
    for point in extreme_points(op):
        assert same(row(*point), by_engine(graph, point)), point


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("where(x > 0, sqrt(x), x)", -4.0),
        ("where(x > 0, log(x)*sqrt(x), x)*relu(x)", -4.0),
        ("where(x > 0, where(x > 1, log(x - 1), 1/x), exp(-1000*x))", 0.5),
        ("y = log(x); where(x > 0, y*y, 0) + where(x > 0, y, 1)", -1.0),
        ("where(x > 0, half_sse(log(x), 1), 0)", -1.0),
        ("where(x > 1, bce(1/x, 1), mse(x*x, 2))", 0.0),
    ],
)
def test_what_where_did_not_choose_is_not_computed(text: str, x: float) -> None:
    graph = parse(text)
    row = compiled(program(graph, ["x"]), refused)
    assert same(row(x), by_engine(graph, [x]))


def test_what_python_refuses_to_compute_the_engine_computes() -> None:
    graph = parse("1/x + exp(1000*x)")
    row = row_function(graph, ["x"])
    assert row(0.0)[0] == math.inf
    assert row(1.0) == (math.inf, math.inf)


def test_fixed_variables_are_folded_in_and_differentiated_all_the_same() -> None:
    graph = parse("w*x + b")
    found = program(graph, ["w", "x", "b"], {"w": 2.0, "b": 1.0})
    assert found.inputs == ("x",)
    assert row_function(graph, ["b", "w", "x"], {"w": 2.0, "b": 1.0})(3.0) == (7.0, 1.0, 3.0, 2.0)


def test_a_statement_can_be_differentiated_by() -> None:
    assert row_function(parse("z = w*x; z^2"), ["z", "w"])(2.0, 3.0) == (36.0, 12.0, 36.0)


def test_common_subexpressions_are_one_step_and_constants_none() -> None:
    found = program(parse("sin(x*y)*sin(x*y) + sin(1 + 1)"), [])
    assert [step.op for step in found.steps] == ["mul", "sin", "mul", "add"]


def test_the_source_has_none_of_the_names_of_the_formula() -> None:
    text = source(program(parse("lambda_ = σ1 + import*2; exp(lambda_)"), None))
    assert not any(word in text for word in ("lambda", "σ", "import"))


def test_a_deep_formula_and_one_of_many_branches_compile() -> None:
    branchy = "x"
    for i in range(300):
        branchy = f"where(x > {i}, log(x)*({branchy}), sqrt(x))"
    graph = parse(branchy)
    assert same(row_function(graph, ["x"])(2.5), by_engine(graph, [2.5]))
    chain = parse("+".join(["sin(x)*x"] * 4000))
    assert same(row_function(chain, ["x"])(0.5), by_engine(chain, [0.5]))
    nested = parse("max(" + ",".join(f"x-{i}" for i in range(150)) + ")")
    assert same(row_function(nested, ["x"])(0.5), by_engine(nested, [0.5]))


@pytest.mark.parametrize(
    "text",
    [
        "half_sse(w*x + b, t)",
        "mse(w*x, t) + mae(w, t)",
        "bce(sigmoid(w*x), t) + sum(x^2)*mean(t)",
        "where(x > 0, sum(log(x)), half_sse(x, t))",
    ],
)
def test_operations_for_arrays_are_compiled_where_they_get_numbers(text: str) -> None:
    graph = parse(text)
    values = {"w": 1.5, "x": 0.7, "b": 0.25, "t": 0.5}
    for x in (0.7, -0.7):
        point = [{**values, "x": x}[name] for name in graph.variables]
        found = compiled(program(graph), refused)(*point)
        assert found == pytest.approx(by_engine(graph, point), rel=1e-14)


def test_arrays_are_refused_in_their_place() -> None:
    with pytest.raises(RequestError, match="arrays") as caught:
        program(parse("sum([x, y])"))
    assert caught.value.span is not None


def test_an_operation_whose_rule_is_for_arrays_has_no_program() -> None:
    graph = parse("prod(x)")
    assert not is_of_numbers(graph)
    with pytest.raises(RequestError, match=r"prod|arrays"):
        program(graph)
