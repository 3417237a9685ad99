"""Literals, indices, transposes and options of arrays: what they parse to, and their texts."""

from __future__ import annotations

import numpy as np
import pytest

import bpcalc
from bpcalc.formula import parse
from bpcalc.graph import Graph, Node

A, B = [[1.0, 2.0], [3.0, 4.0]], [[0.5, -1.0], [2.0, 0.25]]
x, y = [1.0, 2.0], [-1.0, 0.5]


def value(formula: str) -> object:
    """The value of a formula, for whatever of these variables it has."""
    graph = parse(formula)
    known = {"A": A, "B": B, "x": x, "y": y, "s": 3.0}
    given = {name: known[name] for name in graph.variables}
    shape = np.shape(_forward(graph, given))
    seed = np.ones(shape) if shape else 1.0
    found = bpcalc.grad(graph, given, check=False, upstream=seed).value
    return np.asarray(found).tolist()


def _forward(graph: Graph, given: dict[str, object]) -> object:
    from bpcalc.engine import forward

    return forward(graph, {k: np.asarray(v) if k != "s" else v for k, v in given.items()})[
        graph.output
    ]


# Literals


@pytest.mark.parametrize(
    ("text", "array"),
    [
        ("[1]", [1.0]),
        ("[1, 2.5, -3]", [1.0, 2.5, -3.0]),
        ("[.5, 3., 1_000, 1e-3, - 2]", [0.5, 3.0, 1000.0, 0.001, -2.0]),
        ("[[1, 2], [3, 4]]", A),
        ("[\n1,\n2\n]", [1.0, 2.0]),
        ("[[1],\n # a comment\n [2]]", [[1.0], [2.0]]),
        ("［1，2］", [1.0, 2.0]),
        ("[−1, ２]", [-1.0, 2.0]),
        ("[0, -0, 0e999]", [0.0, 0.0, 0.0]),
        ("[[[1, 2]], [[3, 4]]]", [[[1.0, 2.0]], [[3.0, 4.0]]]),
    ],
)
def test_an_array_of_numbers_is_one_constant(text: str, array: list[object]) -> None:
    graph = parse(text)
    assert len(graph) == 1
    assert graph.nodes[0].op == "constant"
    assert value(text) == array


@pytest.mark.parametrize(
    ("text", "array"),
    [
        ("[s, 2]", [3.0, 2.0]),
        ("[pi - pi, s^2]", [0.0, 9.0]),
        ("[x, y]", [x, y]),
        ("[[1, 2], x]", [[1.0, 2.0], x]),
        ("[[s, 1], [0, s]]", [[3.0, 1.0], [0.0, 3.0]]),
        ("[+1, 2]", [1.0, 2.0]),
        ("[1 - 2]", [-1.0]),
        ("[-x]", [[-1.0, -2.0]]),
    ],
)
def test_an_array_of_expressions_is_an_operation(text: str, array: list[object]) -> None:
    assert value(text) == array


def test_equal_arrays_are_one_leaf_and_others_are_not() -> None:
    assert len(parse("[1, 2] + [1,2]").leaves) == 1
    assert len(parse("[1, 2] + [1, 3]").leaves) == 2
    assert len(parse("[1, 2] + [[1, 2]]").leaves) == 2


def test_leaves_are_numbered_in_order_of_appearance() -> None:
    labels = [node.label for node in parse("A @ [1, 2] + s")]
    assert labels == ["A", "[1, 2]", "s", "n4", "n5"]


# Indices


@pytest.mark.parametrize(
    "index",
    [
        "[0]",
        "[-1]",
        "[1, 0]",
        "[0:1]",
        "[:, 1]",
        "[::-1]",
        "[-2:]",
        "[:, ::2]",
        "[1:0:-1]",
        "[0][1]",
    ],
)
def test_an_index_picks_what_numpy_s_picks(index: str) -> None:
    expected = eval(f"array{index}", {"array": np.asarray(A)})
    assert value(f"A{index}") == expected.tolist()


def test_an_index_may_stand_behind_anything_that_is_a_value() -> None:
    assert value("[5, 6][1]") == 6.0
    assert value("(A @ B)[0, 0]") == 4.5
    assert value("(x + y)[1]") == 2.5
    assert value("A'[0]") == [1.0, 3.0]
    assert value("f(a) = [a, 2*a]; f(s)[1]") == 6.0
    assert value("z = A @ x; z[0]^2") == 25.0


def test_a_name_before_a_bracket_is_no_product() -> None:
    with pytest.raises(bpcalc.RequestError, match="no elements"):
        bpcalc.grad("s[0]", s=3, check=False)


# Transposes, and how tightly operators bind


@pytest.mark.parametrize("text", ["A'", "A.T", "Aᵀ", "transpose(A)", "A'''", "A.T'ᵀ", "(A)'"])
def test_a_transpose_in_every_spelling(text: str) -> None:
    assert value(text) == [[1.0, 3.0], [2.0, 4.0]]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("A @ B @ x", "(A @ B) @ x"),
        ("A @ x * y", "(A @ x) * y"),
        ("y * A @ x", "(y * A) @ x"),
        ("A @ x + y", "(A @ x) + y"),
        ("-A @ x", "(-A) @ x"),
        ("A @ -x", "A @ (-x)"),
        ("A @ x^2", "A @ (x^2)"),
        ("A @ B'", "A @ (B')"),
        ("A'^2", "(A')^2"),
        ("A^2'", "A^(2')"),
        ("A'²", "(A')^2"),
        ("-A'", "-(A')"),
        ("A' @ x'", "(A') @ (x')"),
        ("2*A'", "2*(A')"),
        ("A @ x < y", "(A @ x) < y"),
        ("x ⊙ y @ A", "(x * y) @ A"),
        ("√A[0]", "√(A[0])"),
        ("-x[0]^2", "-((x[0])^2)"),
        ("x[0]'", "(x[0])'"),
        ("A / 2 @ x", "(A / 2) @ x"),
    ],
)
def test_how_tightly_operators_of_arrays_bind(text: str, same: str) -> None:
    assert value(text) == value(same)


def test_a_power_of_a_matrix_is_taken_element_by_element() -> None:
    assert value("A^2") == [[1.0, 4.0], [9.0, 16.0]]
    assert value("A⁻¹") == [[1.0, 0.5], [1 / 3, 0.25]]


# Options


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("sum(A, axis=(0, 1))", "sum(A)"),
        ("sum(A, axis=[0, 1])", "sum(A)"),
        ("sum(A, axis=(-1,))", "sum(A, axis=1)"),
        ("sum(A, axis=(0,\n1))", "sum(A)"),
        ("sum(A, axis=1.)", "sum(A, axis=1)"),
        ("reshape(A, 4)", "reshape(A, shape=4)"),
        ("reshape(A, 1, 4)", "reshape(A, shape=(1, 4))"),
        ("reshape(A, [1, 4])", "reshape(A, 1, -1)"),
        ("max(A)", "max(A, axis=(0, 1))"),
        ("max(A, 0)", "max(0, A)"),
        ("concat(A, B)", "concat(A, B, axis=0)"),
        ("var(x)", "var(x, ddof=0)"),
    ],
)
def test_options_in_every_spelling(text: str, same: str) -> None:
    assert value(text) == value(same)


# Text of nodes


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[1,2]", "[1, 2]"),
        ("[[1,2],[s,4]]", "[[1, 2], n4]"),
        ("A'", "A'"),
        ("A.T", "A'"),
        ("A@x", "A @ x"),
        ("A⊙B", "A*B"),
        ("A[1,0:2]", "A[1, 0:2]"),
        ("A[:,::2]", "A[:, ::2]"),
        ("A[ - 1 ]", "A[-1]"),
        ("sum(A)", "sum(A)"),
        ("sum(A,axis=(0,1),keepdims=1)", "sum(A, axis=(0, 1), keepdims=1)"),
        ("sum(A,axis=(0,))", "sum(A, axis=(0,))"),
        ("softmax(A)", "softmax(A)"),
        ("max(A,axis=0)", "max(A, axis=0)"),
        ("max(A,0)", "max(A, 0)"),
        ("reshape(A,1,4)", "reshape(A, shape=(1, 4))"),
        ("reshape(A,4)", "reshape(A, shape=4)"),
        ("concat(x,y)", "concat(x, y)"),
        ("std(x,ddof=1)", "std(x, ddof=1)"),
    ],
)
def test_a_node_of_arrays_is_written_as_a_formula_would_write_it(text: str, shown: str) -> None:
    graph = parse(text)
    assert graph[graph.output].expr == shown


@pytest.mark.parametrize(
    "text",
    [
        "A @ x + [1, 2]",
        "sum(A.T[0]*x)/norm(A)",
        "[s, 2] @ A' @ [[s], [1]]",
        "softmax(A, axis=0)[1, ::-1] - mean(B, axis=1)",
        "max(A, axis=(0, 1)) + max(x, 0) + min(x)",
        "reshape(A, 1, 4) @ reshape(B, -1, 1)",
        "where(A > 2, A, [[1, 2], [3, 4]])*det(A) + trace(B)",
        "concat(x, y, axis=0)[1:3] + std(x, ddof=1)",
        "-[1, 2] + -(A @ x)^2",
    ],
)
def test_node_texts_parse_back_to_the_same_graph(text: str) -> None:
    graph = parse(text)
    lines = [
        f"n{node.index + 1} = {node.expr}" for node in graph if node.index >= len(graph.leaves)
    ]
    again = parse("\n".join(lines))
    assert len(again) == len(graph)
    assert structure(again[again.output]) == structure(graph[graph.output])
    assert value("\n".join(lines)) == value(text)


def structure(node: Node) -> tuple[object, ...]:
    """A node with all that it is computed from."""
    if not node.inputs:
        return (node.label,)
    return (node.op, node.graph.op(node.index).options, *map(structure, node.inputs))
