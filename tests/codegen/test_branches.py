"""Choices within choices: what one branch alone needs is computed there, and known where asked."""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path

import pytest

from bpcalc.codegen.export.targets import request, source
from bpcalc.codegen.floats import row_function
from bpcalc.formula import parse

sys.path.append(str(Path(__file__).parent))

from exporting import by_engine, ulps

POINTS = [-2.0, -0.5, 0.0, 0.3, 1.0, 1.7]


class Formulas:
    """Makes up formulas of many choices, with conditions that choices feed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def formula(self) -> str:
        count = self.random.randint(2, 8)
        statements = [f"t{k} = {self.expression(k)}" for k in range(count)]
        return "; ".join([*statements, f"t{count - 1}*t{count - 2} + x*y*z"])

    def name(self, known: int) -> str:
        return self.random.choice(["x", "y", "z", *[f"t{k}" for k in range(known)][-5:]])

    def condition(self, known: int, depth: int = 0) -> str:
        kind = self.random.random()
        if depth < 2 and kind < 0.45:
            inner = [self.condition(known, depth + 1) for _ in range(2)]
            return f"({(' and ' if kind < 0.25 else ' or ').join(inner)})"
        if depth < 2 and kind < 0.55:
            return f"(not {self.condition(known, depth + 1)})"
        sign = self.random.choice(["<", ">", "<=", "!="])
        return f"{self.name(known)} {sign} {self.random.choice(['0', '1', self.name(known)])}"

    def expression(self, known: int, depth: int = 0) -> str:
        kind = self.random.random()
        if depth < 3 and kind < 0.4:
            branches = [self.expression(known, depth + 1) for _ in range(2)]
            return f"where({self.condition(known)}, {branches[0]}, {branches[1]})"
        if kind < 0.6:
            function = self.random.choice(["log", "sqrt", "exp", "sin", "relu", "asin"])
            return f"{function}({self.name(known)})"
        if kind < 0.75:
            return f"({self.name(known)}/{self.name(known)})"
        return f"{self.name(known)}*{self.name(known)}"


@pytest.mark.parametrize("seed", range(2))
def test_choices_within_choices_have_the_engines_numbers(seed: int) -> None:
    formulas = Formulas(seed)
    for _ in range(40):
        graph = parse(formulas.formula())
        row = row_function(graph, list(graph.variables))
        namespace: dict[str, object] = {}
        text = source(request(graph, "python"), "python")
        exec(compile(text, "<exported>", "exec"), namespace)
        for _ in range(5):
            point = [formulas.random.choice(POINTS) for _ in graph.variables]
            theirs = by_engine(graph, point)
            assert all(ulps(a, b) == 0 for a, b in zip(row(*point), theirs)), graph.source
            try:
                value, gradient = namespace["f"](*point)  # type: ignore[operator]
            except (ValueError, OverflowError, ZeroDivisionError):
                continue
            assert all(ulps(a, b) == 0 for a, b in zip([value, *gradient], theirs)), graph.source


@pytest.mark.parametrize(
    "text",
    [
        "where(x > 1, log(x - 1)/sqrt(x - 1), where(x > 0, sqrt(x)*log(x), 2*x))*x",
        "y = log(x); where(x > 0, where(y > 1, y*y, sqrt(1 - y)), exp(x))",
        "where(x > 0 and log(x) < 1, sqrt(x), x)",
        "where(x <= 0 or log(x) < 1, x, sqrt(x))",
    ],
)
def test_a_step_that_nested_branches_need_is_left_out_elsewhere(text: str) -> None:
    namespace: dict[str, object] = {}
    graph = parse(text)
    exec(compile(source(request(graph, "python"), "python"), "<exported>", "exec"), namespace)
    for x in (-4.0, 0.0, 0.5, 1.0, 3.0):
        value, (slope,) = namespace["f"](x)  # type: ignore[operator]
        assert [value, slope] == by_engine(graph, [x])
        assert math.isfinite(slope)


@pytest.mark.parametrize("loss", ["where(y > 0, log(x), sqrt(y))", "where(y > 0, y, 1/(x - 0.5))"])
def test_what_one_branch_needs_is_not_computed_for_the_narrower_ones_in_it(loss: str) -> None:
    graph = parse(f"z = exp(y); z*where(x > 1, mse({loss}, where(y < 2, x, 1/y)), z)")
    values = {"x": 0.5, "y": -1.0}
    point = [values[name] for name in graph.variables]
    namespace: dict[str, object] = {}
    exec(source(request(graph, "python"), "python"), namespace)
    value, gradient = namespace["f"](*point)  # type: ignore[operator]
    assert [value, *gradient] == by_engine(graph, point)
