"""The trace as JSON: strict, complete, streaming; its formulas are text of the language."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy
import pytest
from render.examples import Example, every_example
from stories import A1, AT_A1, HOSTILE, told, told_example

import bpcalc
from bpcalc.ops import TABLE
from bpcalc.render.trace.data import trace_data, trace_json
from bpcalc.render.trace.story import Story


def data_of(story: Story, digits: int = 9) -> dict[str, Any]:
    def refused(text: str) -> None:
        raise AssertionError(f"{text} is not JSON")

    text = "".join(trace_json(story, digits))
    data: dict[str, Any] = json.loads(text, parse_constant=refused)
    return data


def step_of(data: dict[str, Any], kind: str, **fields: object) -> dict[str, Any]:
    """The only step of this kind with these fields."""
    (found,) = [
        step
        for step in data["steps"]
        if step["step"] == kind and all(step.get(k) == v for k, v in fields.items())
    ]
    return dict(found)


def test_its_keys_are_those_of_grad_with_the_steps_for_nodes_and_edges() -> None:
    data = data_of(told(A1, AT_A1))
    keys = ["bpcalc", "formula", "value", "gradient", "output", "steps", "check", "warnings"]
    assert list(data) == keys
    whole = json.loads(json.dumps(bpcalc.grad(A1, AT_A1).to_dict()))
    assert {k: v for k, v in data.items() if k != "steps"} == {
        k: v for k, v in whole.items() if k not in ("nodes", "edges")
    }


def test_the_steps_of_the_worked_example() -> None:
    data = data_of(told(A1, AT_A1))
    assert step_of(data, "value", node="n5") == {
        "step": "value",
        "node": "n5",
        "name": None,
        "op": "mul",
        "formula": "n4*y",
        "numbers": "9*4",
        "value": 36.0,
        "text": "n5 = n4·y = 9·4 = 36",
    }
    assert step_of(data, "start") == {
        "step": "start",
        "node": "n7",
        "gradient": 1.0,
        "text": "∂f/∂n7 = 1  (the backward pass starts here)",
    }
    assert step_of(data, "edge", **{"from": "n5", "to": "n4"}) == {
        "step": "edge",
        "from": "n5",
        "to": "n4",
        "arg": 0,
        "upstream": 1.0,
        "rule": "y",
        "numbers": "4",
        "local": 4.0,
        "gradient": 4.0,
        "text": "∂f/∂n4 = ∂f/∂n5 · ∂n5/∂n4 = 1 · y = 1·4 = 4",
    }
    assert step_of(data, "sum")["text"] == "∂f/∂y = 9 (through n5) + 1 (through n6) = 10"


def test_without_a_check_there_is_none() -> None:
    assert "check" not in data_of(told(A1, AT_A1, check=False))


def test_an_edge_without_a_gradient_says_so() -> None:
    data = data_of(told("x*where(x > 0, x, 2)", {"x": 3}, check=False))
    assert step_of(data, "nothing", node="n1")["from"] == "n4"
    assert all("text" in step for step in data["steps"])


@every_example
def test_the_data_are_the_json(example: Example) -> None:
    shown = told_example(example)
    assert json.loads(json.dumps(trace_data(shown))) == data_of(shown)


@every_example
def test_formulas_and_rules_are_text_of_the_language(example: Example) -> None:
    shown = told_example(example)
    for step in data_of(shown)["steps"]:
        for key in ("formula", "rule", "numbers"):
            if key in step and not uses_what_only_rules_use(step[key]):
                bpcalc.parse(re.sub(r"∂\w+/∂(\w+(\[\d+\])?)", r"gradient_of_\1", step[key]))


ONLY_IN_RULES = [op.name for op in TABLE.values() if op.internal]


def uses_what_only_rules_use(formula: str) -> bool:
    return any(f"{name}(" in formula for name in ONLY_IN_RULES)


@every_example
def test_the_numbers_of_a_step_come_to_what_it_says(example: Example) -> None:
    """Computed again by bpcalc, arrays too; but for the functions that only rules use."""
    for step in data_of(told_example(example))["steps"]:
        formula = step.get("numbers", "")
        if not formula or uses_what_only_rules_use(formula):
            continue
        key = next(key for key in ("local", "value", "gradient") if key in step)
        said = numpy.array(step[key], dtype=float)
        found = computed(formula, said.shape)
        assert numpy.allclose(found, said, rtol=1e-12, atol=0), step


def computed(formula: str, shape: tuple[int, ...]) -> Any:
    """The value of a formula of numbers, perhaps as a number for every element."""
    try:
        return numpy.array(bpcalc.grad(formula, check=False).value)
    except bpcalc.RequestError:  # an array, whose gradient needs another one
        return bpcalc.grad(formula, upstream=numpy.ones(shape), check=False).value


def test_numbers_are_exact_and_the_text_is_rounded() -> None:
    step = step_of(data_of(told("x/7", {"x": 1}, check=False), digits=3), "value", op="div")
    assert (step["numbers"], step["value"]) == ("1/7", 1 / 7)
    assert step["text"] == "f = n3 = x/7 = 1/7 = 0.143"


def test_one_node_s_gradient_has_its_paths() -> None:
    data = data_of(told("sin(2*x)", {"x": 3}, check=False, node="x", upstream=2.5))
    step = step_of(data, "path")
    assert step["nodes"] == ["n4", "n3", "n2"]
    assert step["upstream"] == 2.5
    product = step["upstream"] * step["factors"][0] * step["factors"][1]
    assert step["gradient"] == pytest.approx(product) == data["gradient"]["x"]


def test_numbers_that_are_not_finite_are_strings() -> None:
    data = data_of(told("exp(x) - exp(x)", {"x": 1000}, check=False))
    assert data["value"] == "NaN"
    assert step_of(data, "value", op="sub")["value"] == "NaN"


def test_a_hostile_formula_stays_text() -> None:
    text = "".join(trace_json(told(*HOSTILE)))
    assert text.replace("\n", "").isprintable()
    assert data_of(told(*HOSTILE))["formula"] == HOSTILE[0]


def test_it_streams() -> None:
    shown = told("x" + " + y" * 10_000, {"x": 1, "y": 2}, check=False)
    asked = []
    edges = shown.result.each_edge

    def counted():  # type: ignore[no-untyped-def]
        for edge in edges():
            asked.append(edge)
            yield edge

    shown.result.each_edge = counted  # type: ignore[method-assign]
    pieces = trace_json(shown)
    assert any('"edge"' in piece for piece in pieces)
    assert len(asked) < 100
