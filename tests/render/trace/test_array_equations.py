"""The equations of arrays in a trace are true as printed: NumPy computes them from the text."""

from __future__ import annotations

import re
from typing import Any

import numpy
import pytest
from render.examples import ARRAYS, BY_NAME, Example
from stories import told, told_example

from bpcalc.ops import TABLE
from bpcalc.render.look import Look
from bpcalc.render.trace.text import trace_text

PYTHON = {"⊙": "*", "·": "*", "ᵀ": ".T", "²": "**2", "^": "**", "³": "**3"}

NAMES: dict[str, Any] = {
    **{name: getattr(numpy, name) for name in ("exp", "log", "log1p", "tanh", "where", "sign")},
    "sum": lambda a, axis=None: numpy.sum(a, axis, keepdims=axis is not None),
    "mean": numpy.mean,
    "outer": lambda a, b: numpy.outer(a, b),
    "sigmoid": lambda x: 1 / (1 + numpy.exp(-x)),
    "relu": lambda x: numpy.maximum(x, 0),
    "softmax": lambda x: numpy.exp(x) / numpy.exp(x).sum(),
    "half_sse": lambda a, b: ((a - b) ** 2).sum() / 2,
    "mse": lambda a, b: ((a - b) ** 2).mean(),
    "mae": lambda a, b: abs(a - b).mean(),
    "dot": lambda a, b: (a * b).sum(),
}
"""What a reader would compute; none of it is bpcalc's."""


def number(side: str, *, columns: bool) -> Any:
    """A side of an equation that has only numbers; vectors as NumPy has them, or as columns."""
    for sign, python in PYTHON.items():
        side = side.replace(sign, python)
    written, depth, start = "", 0, 0
    for place, sign in enumerate(side):
        if sign == "[" and depth == 0:
            start = place
        depth += {"[": 1, "]": -1}.get(sign, 0)
        if depth == 0:
            kind = "column" if columns and side[start : start + 2] != "[[" else "array"
            literal = side[start : place + 1]
            index = start and side[start - 1] == "]"
            made = literal if index else f"{kind}({literal})"
            written += made if sign == "]" else sign
    known = {"__builtins__": {}, "array": numpy.array, "column": _column, **NAMES}
    return eval(written, known)


def _column(elements: list[float]) -> Any:
    return numpy.array(elements)[:, None]


def is_of_numbers(side: str) -> bool:
    """Whether nothing in it stands for something else: every word is a function."""
    words = re.findall(r"(?<![\d.])[^\W\d]\w*", side.replace("ᵀ", "").replace("axis=", ""))
    return "∂" not in side and set(words) <= {*NAMES}


def equations(example: Example) -> list[str]:
    """The lines of its passes, in full and without remarks."""
    shown = "".join(trace_text(told_example(example), Look()))
    passes = shown.split("\nForward")[1].split("\n\nGradient")[0]
    rows = [re.sub(r"  \([^()=]*\)$", "", row.strip()) for row in passes.splitlines()]
    return [re.sub(" +", " ", row) for row in rows]


def sides_of(equation: str) -> list[str]:
    """Every side that can be computed from what stands there."""
    equation = re.sub(r"^(.*? through .*?): ", r"\1 = ", equation)
    sides = [re.sub(" +", " ", side).strip() for side in re.split(r" =(?!=) ", equation)[1:]]
    return [side for side in sides if is_of_numbers(side)]


def is_true(equation: str, *, columns: bool) -> bool:
    """Whether all sides are the same to the digits that are printed."""
    try:
        found = [number(side, columns=columns) for side in sides_of(equation)]
        small = 1e-7 * max((numpy.abs(side).max() for side in found), default=0)
        return all(numpy.allclose(side, found[-1], rtol=2e-7, atol=small) for side in found)
    except ValueError:  # the shapes do not fit
        return False


@pytest.mark.parametrize("name", ["d1-matrix", "b1-four-equations", "c2-matrix"])
def test_every_equation_of_a_network_is_true(name: str) -> None:
    """As on paper, where vectors are columns."""
    told = equations(BY_NAME[name])
    assert [equation for equation in told if not is_true(equation, columns=True)] == []
    graph = BY_NAME[name].result().graph
    compared = sum(len(sides_of(equation)) > 1 for equation in told)
    assert compared >= 1.5 * (len(graph) - len(graph.leaves))  # forward each, and most backward


@pytest.mark.parametrize("example", ARRAYS, ids=lambda example: example.name)
def test_every_equation_of_an_example_that_numpy_knows_is_true(example: Example) -> None:
    for equation in equations(example):
        assert is_true(equation, columns=False) or is_true(equation, columns=True), equation


def test_a_wrong_equation_would_be_seen() -> None:
    product = "x = [[1, 2], [3, 4]] @ [1, 1] = [3, 7]"
    assert is_true(product, columns=True)
    assert is_true(product, columns=False)
    assert not is_true(product.replace("7", "8"), columns=True)
    assert not is_true(product.replace("7", "7.00001"), columns=False)
    outer = "x = δ @ aᵀ = [3, 4] @ [1, 2]ᵀ = [[3, 6], [4, 8]]"
    assert is_true(outer, columns=True)
    assert not is_true(outer.replace("8", "9"), columns=True)


def test_an_edge_between_arrays_is_an_equation_of_matrices() -> None:
    rows = equations(BY_NAME["b1-four-equations"])
    assert any(row.startswith("∂C/∂W1 = ∂C/∂n7 @ xᵀ = [0.00877135469, ") for row in rows)
    assert any(
        row.startswith("∂C/∂a1 = W2ᵀ @ ∂C/∂n10 = [[0.4, 0.45], [0.5, 0.55]]ᵀ @ ") for row in rows
    )
    assert any(row.startswith("∂C/∂z2 = ∂C/∂a2 ⊙ (a2 ⊙ (1 - a2)) = ") for row in rows)


def test_the_shape_stands_behind_an_array() -> None:
    shown = "".join(trace_text(told_example(BY_NAME["d1-matrix"]), Look()))
    assert "  W_h = [[0.15, 0.2], [0.25, 0.3]]  (shape 2×2)\n" in shown
    assert "0.000995425471]]  (shape 2×2)\n" in shown
    assert "(shape 2x2)\n" in "".join(
        trace_text(told_example(BY_NAME["d1-matrix"]), Look(unicode=False))
    )


def test_vectors_multiply_as_numbers_do_and_not_as_matrices() -> None:
    """On paper it would take a row for one of them."""
    shown = "".join(trace_text(told("a @ b", {"a": [1, 2], "b": [3, 4]}), Look()))
    assert "∂f/∂a = ∂f/∂n3·b = 1·[3, 4] = [3, 4]" in shown
    shown = "".join(trace_text(told("sum(a @ B)", {"a": [1, 2], "B": [[3, 4], [5, 6]]}), Look()))
    assert "∂f/∂B = outer(a, ∂f/∂n3) = outer([1, 2], [1, 1]) = [[1, 1], [2, 2]]" in shown


def test_what_rounding_would_make_0_is_told_by_another_formula() -> None:
    shown = "".join(trace_text(told_example(BY_NAME["e14-sigmoid-layer"]), Look()))
    assert "⊙ (exp(-abs(X))" in shown
    assert "(1 - n2)" not in shown


def test_class_indices_make_no_difference_to_what_a_loss_means() -> None:
    shown = "".join(trace_text(told_example(BY_NAME["e2-cross-entropy"]), Look()))
    assert "  cross_entropy(p, t) = -sum(targets(t, p) ⊙ log(p))" in shown


def test_nothing_flows_to_an_array_as_an_array_of_zeros() -> None:
    shown = "".join(trace_text(told_example(BY_NAME["e16-softmax-with-loss"]), Look()))
    assert "∂f/∂t = [0, 0]  (nothing flows back to it)" in shown


def test_every_function_that_numpy_computes_here_is_one_of_bpcalc() -> None:
    assert set(NAMES) <= {*TABLE, "sum", "dot"}
