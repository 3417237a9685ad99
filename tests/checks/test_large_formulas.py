"""The check of formulas that nobody reads: some thousand nodes, and beyond its limit."""

from __future__ import annotations

import random

import pytest
from cli.running import called

import bpcalc
from bpcalc.checks import check as check_module


def random_formula(nodes: int) -> str:
    """So many operations on w, x and y, whose values stay near 1."""
    dice = random.Random(20)
    terms = []
    for _ in range(nodes // 7):
        a, b, c = dice.choice("wxy"), dice.choice("wxy"), dice.randint(1, 99) / 100
        name = dice.choice(["sin", "tanh", "sigmoid", "atan", "exp"])
        terms.append(f"{name}({c}*{a} - {b})*cos({b}/{a})")
    return " + ".join(terms)


def test_ten_thousand_nodes_are_checked() -> None:
    result = bpcalc.grad(random_formula(10_000), w=0.5, x=1.25, y=-0.75)
    assert len(result.nodes) > 9_000
    assert result.check.ok is True
    assert result.check.max_error < 1e-9
    assert result.check.derivatives == {}


def test_a_chain_of_ten_thousand_nodes_is_checked() -> None:
    result = bpcalc.grad("sin(" * 10_000 + "x" + ")" * 10_000, x=1)
    assert result.check.ok is True


def test_beyond_its_limit_the_check_is_null_with_the_reason() -> None:
    terms = check_module.MAX_NODES + 1
    ran = called("grad", "-", "--x", "1", "--format", "json", stdin=b"+".join([b"x"] * terms))
    assert ran.code == 0
    assert ran.data["check"] == {"method": "sympy", "ok": None, "max_error": None}
    assert ran.data["nodes"][0]["check"] == {
        "value": None,
        "gradient": None,
        "error": None,
        "ok": None,
    }
    (why,) = ran.data["warnings"]
    assert "not checked" in why
    assert "too long" in why
    assert why in ran.err


def test_an_expression_that_explodes_as_one_is_still_checked_node_by_node() -> None:
    lines = ["a0 = x"] + [f"a{k + 1} = sin(a{k}*a{k}) + a{k}" for k in range(20)]
    result = bpcalc.grad("; ".join([*lines, "a20"]), x=0.3)
    assert result.check.ok is True
    assert result.check.derivatives == {}


@pytest.mark.parametrize(
    "formula",
    [
        "max(" + ", ".join(["x"] + ["y"] * 300) + ")",
        "min(" + ", ".join(f"{k}*x" for k in range(1, 300)) + ")",
    ],
)
def test_a_call_with_hundreds_of_arguments_is_checked(formula: str) -> None:
    result = bpcalc.grad(formula, {"x": 2, "y": 1} if "y" in formula else {"x": 2})
    assert result.check.ok is True
