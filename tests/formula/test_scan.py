"""Recurrences: written out when the graph is built, each state with its time step in its name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcalc
from bpcalc.errors import RequestError
from bpcalc.formula import parse
from bpcalc.formula.scan import MAX_STEPS
from bpcalc.graph import Graph

RECURRENT = """
f(h, x) = tanh(u*x + w*h + b)
h = scan(f, 0, xs)
o = v*h + c
half_sse(o, y)
"""
VALUES: dict[str, Any] = {
    **{"u": 0.5, "w": 0.8, "b": 0.1, "v": 1.2, "c": -0.1},
    **{"xs": [1, 0.5, -1], "y": [0.4, 0.3, -0.2]},
}


def states(formula: str, steps: int = 3, **values: Any) -> Any:
    """What a scan of numbers gives."""
    return bpcalc.grad(formula, values, upstream=np.ones(steps), check=False).value.tolist()


def names(graph: Graph) -> list[str]:
    """The names of operations, in order."""
    return [node.name for node in graph if node.inputs and node.name is not None]


# Values and gradients


def test_a_recurrent_network_has_the_published_loss_and_gradients() -> None:
    found = bpcalc.grad(RECURRENT, VALUES, check=False)
    assert f"{found.value:.12g}" == "0.113957481452"
    assert {name: f"{found.gradient[name]:.12g}" for name in "uwvbc"} == {
        **{"u": "0.257768866932", "w": "0.402933888621", "v": "0.357314034029"},
        **{"b": "1.03738706404", "c": "0.773137070256"},
    }


def test_the_loss_and_its_gradients_are_right_to_the_last_digits() -> None:
    """By mpmath to 30 digits, from differences of the formula written out by hand."""
    found = bpcalc.grad(RECURRENT, VALUES, check=False)
    assert found.value == pytest.approx(0.113957481451770483, rel=1e-14)
    expected = {"u": 0.257768866931721775, "w": 0.402933888621074796, "v": 0.357314034028879410}
    expected |= {"b": 1.03738706404381068, "c": 0.773137070255541006}
    for name, slope in expected.items():
        assert found.gradient[name] == pytest.approx(slope, rel=1e-13), name


def test_it_is_what_the_steps_are_by_hand() -> None:
    by_hand = """
    h0 = tanh(u*xs[0] + w*0 + b)
    h1 = tanh(u*xs[1] + w*h0 + b)
    h2 = tanh(u*xs[2] + w*h1 + b)
    o = v*[h0, h1, h2] + c
    half_sse(o, y)
    """
    mine, theirs = (
        bpcalc.grad(RECURRENT, VALUES, check=False),
        bpcalc.grad(by_hand, VALUES, check=False),
    )
    assert mine.value == theirs.value
    for name in VALUES:
        assert np.array_equal(mine.gradient[name], theirs.gradient[name])


def test_the_result_stacks_every_state() -> None:
    assert states("f(h, x) = 2*h + x\nscan(f, 1, xs)", xs=[1, 2, 3]) == [3, 8, 19]


def test_a_function_of_the_language_will_do() -> None:
    assert states("scan(maximum, 0, xs)", 4, xs=[1, -1, 3, 2]) == [1, 1, 3, 3]
    assert states("scan(max, 0, xs)", 4, xs=[1, -1, 3, 2]) == [1, 1, 3, 3]


def test_the_rows_of_a_matrix_are_taken_one_by_one() -> None:
    rng = np.random.default_rng(0)
    values = {"W": rng.normal(size=(2, 2)), "U": rng.normal(size=(2, 3))}
    values |= {"X": rng.normal(size=(4, 3)), "h0": rng.normal(size=2)}
    formula = "f(h, x) = tanh(W@h + U@x)\nscan(f, h0, X)"
    found = bpcalc.grad(formula, values, upstream=np.ones((4, 2)), check=False)
    h = values["h0"]
    for row, state in zip(values["X"], found.value):
        h = np.tanh(values["W"] @ h + values["U"] @ row)
        assert state == pytest.approx(h, rel=1e-14)
    moved = {**values, "W": values["W"] + 1e-6}
    above = bpcalc.grad(f"{formula}", moved, upstream=np.ones((4, 2)), check=False).value.sum()
    slope = (above - found.value.sum()) / 1e-6
    assert found.gradient["W"].sum() == pytest.approx(slope, rel=1e-5)
    assert found.gradient["X"].shape == (4, 3)


def test_a_state_may_have_another_shape_than_the_first() -> None:
    found = bpcalc.grad("f(h, x) = h + x\nsum(scan(f, 0, X))", X=[[1, 2], [3, 4]], check=False)
    assert found.value == 1 + 2 + 4 + 6


def test_two_thousand_steps_are_only_a_long_list() -> None:
    xs = np.linspace(-1, 1, 2000)
    found = bpcalc.grad(
        "f(h, x) = tanh(w*h + x)\nh = scan(f, 0, xs)\nsum(h)", w=0.5, xs=xs, check=False
    )
    h, slope, total, total_slope = 0.0, 0.0, 0.0, 0.0
    for x in xs:
        slope = (1 - np.tanh(0.5 * h + x) ** 2) * (h + 0.5 * slope)
        h = np.tanh(0.5 * h + x)
        total, total_slope = total + h, total_slope + slope
    assert found.value == pytest.approx(total, abs=1e-11)
    assert found.gradient["w"] == pytest.approx(total_slope, rel=1e-11)
    assert found.graph["h[1999]"].inputs


# How long it is


@pytest.mark.parametrize(
    ("xs", "steps"),
    [
        ("[1, 2]", 2),
        ("[[1, 2], [3, 4], [5, 6]]", 3),
        ("[a, b, a]", 3),
        ("v", 4),
        ("v*2 + 1", 4),
        ("v[1:3]", 2),
        ("M", 2),
        ("M'", 3),
        ("M@M'", 2),
        ("sum(M, axis=0)", 3),
        ("s", 2),
    ],
)
def test_its_length_is_that_of_the_first_axis_of_any_expression(xs: str, steps: int) -> None:
    values = {"a": 1.0, "b": 2.0, "v": [1, 2, 3, 4], "M": np.ones((2, 3)), "s": [1, 2]}
    graph = parse(f"scan(maximum, 0, {xs})", values)
    assert len(graph[graph.output].inputs) == steps


def test_other_variables_need_no_value_yet() -> None:
    graph = parse("f(h, x) = w*h + x\nscan(f, h0, [1, 2, 3])")
    assert list(graph.variables) == ["w", "h0"]
    assert names(graph) == ["scan[0]", "scan[1]", "scan[2]"]


def test_no_value_is_in_the_graph() -> None:
    graph = parse("scan(maximum, 0, xs)", {"xs": [1, 2]})
    found = bpcalc.grad(graph, xs=[5, 7], upstream=[1, 1], check=False)
    assert found.value.tolist() == [5, 7]


@pytest.mark.parametrize(("xs", "now"), [([1, 2, 3], "3"), ([1], "1"), (1, "none")])
def test_a_graph_keeps_to_the_length_for_which_it_was_built(xs: Any, now: str) -> None:
    graph = parse("sum(scan(maximum, 0, xs))", {"xs": [1, 2]})
    with pytest.raises(RequestError, match=f"built for 2 steps of scan, and now there are {now}"):
        bpcalc.grad(graph, xs=xs, check=False)


# Names


def test_each_state_carries_its_step_in_its_name() -> None:
    graph = parse(RECURRENT, VALUES)
    assert names(graph) == ["h[0]", "h[1]", "h[2]", "h", "o"]
    assert graph["h"].expr == "[h[0], h[1], h[2]]"
    assert graph["h[1]"].expr.startswith("tanh(")
    assert graph.by_name["h[1]"] == graph.index("h[1]")
    assert any(node.expr == "w*h[1]" for node in graph)
    assert [node.expr for node in graph if node.op == "getitem"] == ["xs[0]", "xs[1]", "xs[2]"]


def test_a_state_is_found_in_the_result() -> None:
    found = bpcalc.grad(RECURRENT, VALUES, wrt="h[2]", check=False)
    assert list(found.gradient) == ["h[2]"]


def test_scans_without_a_name_are_counted() -> None:
    graph = parse("sum(scan(maximum, 0, [1, 2])) + sum(scan(minimum, 0, [1, 2]))")
    assert names(graph) == ["scan[0]", "scan[1]", "scan.2[0]", "scan.2[1]"]


def test_no_two_states_have_the_same_name() -> None:
    graph = parse("scan = scan(maximum, 0, [1, 2])\nsum(scan) + sum(scan(minimum, 0, [1, 2]))")
    assert names(graph) == ["scan[0]", "scan[1]", "scan", "scan.2[0]", "scan.2[1]"]


def test_several_scans_keep_apart() -> None:
    graph = parse(
        "f(h, x) = h + x\ng(h, x) = h*x\na = scan(f, 0, xs)\nb = scan(g, 1, a)\nsum(b)",
        {"xs": [1, 2]},
    )
    assert names(graph) == ["a[0]", "a[1]", "a", "b[0]", "b[1]", "b"]
    assert bpcalc.grad(graph, xs=[1, 2], check=False).value == 1 + 3


def test_a_scan_within_a_function_has_the_name_of_the_statement_that_calls_it() -> None:
    graph = parse(
        "f(h, x) = h + x\nnet(xs) = scan(f, 0, xs)\na = net([1, 2])\nb = net([3, 4])\nsum(a*b)"
    )
    assert names(graph) == ["a[0]", "a[1]", "a", "b[0]", "b[1]", "b"]
    assert bpcalc.grad(graph, check=False).value == 1 * 3 + 3 * 7


def test_a_scan_within_a_step_carries_both_steps() -> None:
    graph = parse(
        "g(h, x) = h*x\nf(h, x) = h + sum(scan(g, 1, x))\ny = scan(f, 0, M)\nsum(y)",
        {"M": [[1, 2], [3, 4]]},
    )
    assert names(graph) == [
        *["y[0].scan[0]", "y[0].scan[1]", "y[0]", "y[1].scan[0]", "y[1].scan[1]", "y[1]", "y"]
    ]
    assert bpcalc.grad(graph, M=[[1, 2], [3, 4]], check=False).value == (1 + 2) * 2 + 3 + 12


def test_a_state_that_is_itself_a_scan_is_indexed_twice() -> None:
    graph = parse(
        "g(h, x) = h*x\nf(h, x) = scan(g, 1, h*x)\ny = scan(f, [1, 2], M)\nsum(y)",
        {"M": [[1, 2], [3, 4]]},
    )
    assert [n for n in names(graph) if n.startswith("y[1]")] == ["y[1][0]", "y[1][1]", "y[1]"]


def test_a_state_that_is_no_new_node_is_found_all_the_same() -> None:
    graph = parse("f(h, x) = h\nh = scan(f, h0, [1, 2])\nsum(h)")
    assert graph.index("h[1]") == graph.index("h0")
    graph = parse("f(h, x) = x\nh = scan(f, h0, [1, 2])\nsum(h)", {"h0": 1})
    assert graph["h[1]"].op == "getitem"


def test_each_step_is_a_call_and_all_of_them_are_one() -> None:
    graph = parse(RECURRENT, VALUES)
    steps = [call for call in graph.calls if call.function == "f"]
    assert [call.last for call in steps] == [graph.index(f"h[{t}]") for t in range(3)]
    assert [graph.nodes[call.first].expr for call in steps] == ["xs[0]", "xs[1]", "xs[2]"]
    (whole,) = [call for call in graph.calls if call.function == "scan"]
    assert (whole.first, whole.last) == (steps[0].first, graph.index("h"))


def test_a_function_that_is_only_named_is_no_variable() -> None:
    graph = parse("scan(maximum, 0, xs)", {"xs": [1]})
    assert list(graph.variables) == ["xs"]
    assert parse("f(h, x) = h\ny = scan(f, a, [1])\nb").unused == {"a"}


def test_a_name_of_a_function_may_also_be_a_variable() -> None:
    graph = parse("scan(maximum, maximum, scan)", {"scan": [1, 2]})
    assert list(graph.variables) == ["maximum", "scan"]


def test_a_formula_may_have_a_scan_of_its_own() -> None:
    assert [node.expr for node in parse("scan(a, b) = a + b\nscan(x, 2)")] == ["x", "2", "x + 2"]


def test_one_definition_alone_stands_for_its_body() -> None:
    graph = parse("net(h0, xs) = scan(maximum, h0, xs)", {"xs": [1, 2], "h0": 0})
    assert list(graph.variables) == ["h0", "xs"]


# Errors


F = "f(h, x) = h + x\n"


@pytest.mark.parametrize(
    ("formula", "message", "place"),
    [
        ("scan(f, 0, [1])", "scan needs a function, and there is no function f", "f"),
        ("scan(maximun, 0, [1])", "there is no function maximun", "maximun"),
        ("f = 3\nscan(f, 0, [1])", "there is no function f", "f"),
        ("f(x) = x\nscan(f, 0, [1])", "of 2 arguments, and f has 1 argument$", "f"),
        ("f(a, b, c) = a\nscan(f, 0, [1])", "of 2 arguments, and f has 3 arguments", "f"),
        ("scan(sin, 0, [1])", "sin takes 1 argument, and got 2", "sin"),
        ("scan(scan, 0, [1])", "of 2 arguments, and scan has 3 arguments", "scan"),
        ("scan(2*h, 0, [1])", "scan takes the name of a function first", "2*h"),
        ("scan(max(1, 2), 0, [1])", "scan takes the name of a function first", "max(1, 2)"),
        ("scan(3, 0, [1])", "scan takes the name of a function first", "3"),
        ("scan([1], 0, [1])", "scan takes the name of a function first", "[1]"),
        ("f(h, x) = scan(f, h, x)\nf(0, [1])", "f calls itself", "f"),
        ("g(h) = scan(f, h, [1])\nf(h, x) = h\ng(1)", "f is used before it gets its value", "f"),
        (F + "scan(f)", "scan takes 3 arguments, and got 1", "scan(f)"),
        (F + "scan(f, 0)", "scan takes 3 arguments, and got 2", "scan(f, 0)"),
        (F + "scan(f, 0, [1], 2)", "scan takes 3 arguments, and got 4", "scan(f, 0, [1], 2)"),
        (F + "scan(f, 0, [1], reverse=1)", "scan has no option reverse", "reverse"),
        (F + "scan(f, 0, 3)", "first axis of an array, and this is a number", "3"),
        (F + "scan(f, 0, xs)", "scan needs the value of xs beforehand", "xs"),
        (F + "scan(f, 0, 2*xs + 1)", "scan needs the value of xs beforehand", "2*xs + 1"),
        (F + "scan(f, 0, n + n)", "first axis of an array, and this is a number", "n + n"),
        (F + "scan(f, 0, [1, 2]*[1, 2, 3])", r"\(2,\) and \(3,\) do not fit", "[1, 2]*[1, 2, 3]"),
        (F + "scan(f, 0, long)", "scan has 10,001 steps here, and 10,000 is", "scan(f, 0, long)"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(formula: str, message: str, place: str) -> None:
    values = {"n": 1.0, "long": np.zeros(MAX_STEPS + 1)}
    with pytest.raises(RequestError, match=message) as caught:
        parse(formula, values)
    start, end = caught.value.span or (0, 0)
    assert formula[start:end] == place


def test_nested_scans_do_not_grow_without_bounds() -> None:
    formula = (
        "a(h, x) = h + x\nb(h, x) = sum(scan(a, h, xs))\nc(h, x) = sum(scan(b, h, xs))\n"
        "sum(scan(c, 0, xs))"
    )
    with pytest.raises(RequestError, match="scan has 1,000 steps here, and"):
        parse(formula, {"xs": np.zeros(1000)})


def test_states_that_differ_in_shape_are_no_array() -> None:
    with pytest.raises(RequestError, match="differ in shape"):
        bpcalc.grad("f(h, x) = [h, x]\nsum(scan(f, 0, [1, 2]))", check=False)
