"""bpcalc from Python: grad, parse, the result, the graph and its nodes."""

from __future__ import annotations

import copy
import decimal
import json
import math
import pickle
import re
from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
import pytest
from cli.running import called

import bpcalc
from bpcalc import CalculationError, Graph, Node, RequestError, Result

FORMULA = "x**2*y + (y + 2)"


# grad


def test_grad_gives_value_and_gradient() -> None:
    result = bpcalc.grad("x**2*y + y + 2", x=3, y=4)
    assert isinstance(result, Result)
    assert (result.value, result.gradient) == (42.0, {"x": 24.0, "y": 10.0})
    assert result.check.ok is True
    assert result.ok
    assert result.failure is None
    assert result.warnings == []


def test_values_come_by_keyword_or_as_a_mapping_or_both() -> None:
    expected = {"lambda": 4.0, "x": 3.0}
    assert bpcalc.grad("lambda*x", {"lambda": 3, "x": 4}).gradient == expected
    assert bpcalc.grad("lambda*x", {"lambda": 3}, x=4).gradient == expected
    assert bpcalc.grad("values*formula", {"values": 3, "formula": 4}).value == 12.0


def test_a_name_that_is_a_parameter_of_grad_goes_into_the_mapping() -> None:
    assert bpcalc.grad("wrt*check*upstream", {"wrt": 2, "check": 3, "upstream": 4}).value == 24.0


def test_a_name_given_in_both_ways_is_an_error() -> None:
    with pytest.raises(RequestError, match="x has two values"):
        bpcalc.grad("x", {"x": 1}, x=1)


@pytest.mark.parametrize(
    "value",
    [
        3,
        3.0,
        "3",
        "6/2",
        np.float64(3),
        np.float32(3),
        np.int64(3),
        np.uint8(3),
        np.array(3.0),
        Fraction(3),
        decimal.Decimal("3.000"),
    ],
)
def test_a_value_may_be_any_number(value: object) -> None:
    result = bpcalc.grad("x^2 - 2", x=value)
    assert (result.value, result.gradient) == (7.0, {"x": 6.0})
    assert type(result.value) is float
    assert type(result.gradient["x"]) is float
    assert result.check.ok is True


@pytest.mark.parametrize(
    "value", [decimal.Decimal("0.1"), np.float64(0.1), np.float32(0.1), 10**20]
)
def test_a_number_that_a_float_rounds_agrees_with_the_check(value: object) -> None:
    result = bpcalc.grad("10*x", x=value)
    assert result.value == 10 * float(value)
    assert result.check.ok is True
    assert result.warnings == []


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        None,
        3j,
        {"a": 3},
        b"3",
        object(),
        float("nan"),
        float("inf"),
        -math.inf,
        np.float64("nan"),
        np.bool_(True),
        decimal.Decimal("NaN"),
        decimal.Decimal("1e400"),
        10**400,
        Fraction(10**400),
        "nan",
        "y",
        "",
    ],
)
def test_what_is_no_finite_number_is_no_value(value: object) -> None:
    for words in ({"x": value}, {"x": 1, "upstream": value}):
        with pytest.raises(RequestError, match="the value of"):
            bpcalc.grad("x", **words)


def test_a_number_that_fails_to_become_a_float_is_no_value() -> None:
    class Odd:
        def __float__(self) -> float:
            raise TypeError("not today")

    with pytest.raises(RequestError, match="the value of x is not a number: not today"):
        bpcalc.grad("x", x=Odd())


def test_numbers_are_checked_as_they_were_given() -> None:
    assert bpcalc.grad("10*x - 1", x=0.1).check.nodes[-1].value == 0
    assert bpcalc.grad("3*x - 1", x="1/3").check.nodes[-1].value == 0


@pytest.mark.parametrize("wrt", ["y", ["y"], ("y",), " y "])
def test_wrt_narrows_the_gradient(wrt: object) -> None:
    assert bpcalc.grad(FORMULA, x=3, y=4, wrt=wrt).gradient == {"y": 10.0}


def test_wrt_orders_the_gradient_and_may_name_statements() -> None:
    assert list(bpcalc.grad(FORMULA, x=3, y=4, wrt="y, x").gradient) == ["y", "x"]
    assert bpcalc.grad("z = x*y; z^2", x=1, y=3, wrt=["z"]).gradient == {"z": 6.0}
    assert bpcalc.grad(FORMULA, x=3, y=4, wrt=[]).gradient == {}


def test_upstream_scales_the_gradient() -> None:
    assert bpcalc.grad(FORMULA, x=3, y=4, upstream="1/2").gradient == {"x": 12.0, "y": 5.0}


def test_without_the_check_there_is_none() -> None:
    result = bpcalc.grad(FORMULA, x=3, y=4, check=False)
    assert result.check is None
    assert result.ok
    assert "check" not in result.to_dict()


# Errors


@pytest.mark.parametrize(
    ("formula", "values"),
    [
        ("x +", {"x": 1}),
        ("x", {}),
        ("x", {"x": 1, "y": 2}),
        ("sigmod(x)", {"x": 1}),
        ("", {}),
        ("x", {"x": "abc"}),
    ],
)
def test_a_wrong_request_raises(formula: str, values: dict[str, object]) -> None:
    with pytest.raises(RequestError) as caught:
        bpcalc.grad(formula, values)
    assert isinstance(caught.value, bpcalc.BpcalcError)
    assert caught.value.exit_code == 2
    assert str(caught.value) == caught.value.message


def test_an_error_has_parts() -> None:
    with pytest.raises(RequestError) as caught:
        bpcalc.grad("w*x + bias", w=1, x=2)
    error = caught.value
    assert error.message == "bias has no value"
    assert error.source[slice(*error.span)] == "bias"
    assert error.hint
    assert error.drawn().startswith("error: bias has no value\n  1 | w*x + bias\n")


def test_a_failed_calculation_is_a_result_that_says_why() -> None:
    result = bpcalc.grad("log(x - w) + b", x=3, w=5, b=1)
    assert math.isnan(result.value)
    assert not result.ok
    assert isinstance(result.failure, CalculationError)
    assert result.failure.exit_code == 1
    assert result.failure.message == "log needs a number above 0, and got -2.0"
    assert result.failure.source[slice(*result.failure.span)] == "log(x - w)"
    assert result.failure.values == ("x - w = -2.0, where x = 3.0, w = 5.0",)
    assert result.to_dict()["warnings"][0] == result.failure.message


# The result as the JSON


def test_the_result_is_what_the_json_holds() -> None:
    result = bpcalc.grad(FORMULA, x=3, y=4)
    shown = called("grad", FORMULA, "--x", "3", "--y", "4", "--format", "json").data
    assert json.loads(json.dumps(result.to_dict())) == shown
    assert dict(result) == result.to_dict()
    assert list(result.keys()) == list(shown) == list(result)
    for key, value in result.to_dict().items():
        assert result[key] == value
    assert result["gradient"]["x"] == 24.0
    assert {**result}["value"] == 42.0


def test_a_key_that_the_json_lacks_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="nope"):
        bpcalc.grad("x", x=1, check=False)["nope"]
    with pytest.raises(KeyError, match="check"):
        bpcalc.grad("x", x=1, check=False)["check"]
    assert "gradient" in bpcalc.grad("x", x=1, check=False)


def test_edges_tell_each_contribution() -> None:
    result = bpcalc.grad(FORMULA, x=3, y=4)
    edge = result.edges[-1]
    assert (edge.consumer, edge.input, edge.arg) == (3, 0, 0)
    assert (edge.local, edge.upstream, edge.gradient) == (6.0, 4.0, 24.0)
    assert isinstance(edge, bpcalc.Edge)
    for index, gradient in enumerate(result.gradients[:-1]):
        assert gradient == sum(edge.gradient for edge in result.edges if edge.input == index)


def test_its_repr_is_short_and_says_the_gradient() -> None:
    text = repr(bpcalc.grad(FORMULA, x=3, y=4))
    assert "42.0" in text
    assert "x: 24.0, y: 10.0" in text
    assert "\n" not in text


# In a notebook


class Tags(HTMLParser):
    """Which tags stand open, and what text stands between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_notebook_shows_a_table() -> None:
    tags = Tags(bpcalc.grad(FORMULA, x=3, y=4)._repr_html_())
    assert tags.open == []
    assert tags.seen >= {"table", "tr", "td", "th"}
    for shown in ("n4*y", "42", "24", "n5: 1 × 9 = 9", "2*x*y", "SymPy agrees on all 7 nodes"):
        assert shown in tags.text


def test_what_a_notebook_shows_is_escaped() -> None:
    tags = Tags(bpcalc.grad("x < 3 and 2 > 1 # <script>alert(1)</script>", x=3)._repr_html_())
    assert tags.open == []
    assert "script" not in tags.seen
    assert "x < 3" in tags.text
    kink = Tags(bpcalc.grad("abs(x # <script>\n)", x=0)._repr_html_())
    assert "script" not in kink.seen
    failed = Tags(bpcalc.grad("log(x < 0 # <b>\n)", x=1)._repr_html_())
    assert "b" not in failed.seen


def test_a_notebook_shows_what_went_wrong() -> None:
    failed = Tags(bpcalc.grad("log(x)", x=-1)._repr_html_()).text
    assert "error: log needs a number above 0, and got -1.0" in failed
    wrong = Tags(bpcalc.grad("(x + 1e16) - 1e16", x=1)._repr_html_()).text
    assert "wrong" in wrong
    assert "no digit" in wrong


def test_a_notebook_shows_a_result_without_a_check() -> None:
    assert "SymPy" not in Tags(bpcalc.grad(FORMULA, x=3, y=4, check=False)._repr_html_()).text


# parse, graphs and nodes


def test_parse_gives_a_graph_that_grad_takes_again_and_again() -> None:
    graph = bpcalc.parse("w*x + b")
    assert isinstance(graph, Graph)
    assert [bpcalc.grad(graph, w=2, x=x, b=1).value for x in (1, 2, 3)] == [3.0, 5.0, 7.0]
    assert list(graph.variables) == ["w", "x", "b"]


def test_a_constant_s_name_is_a_variable_where_it_is_bound() -> None:
    assert list(bpcalc.parse("e*x").variables) == ["x"]
    assert list(bpcalc.parse("e*x", ["e"]).variables) == ["e", "x"]
    assert bpcalc.grad("e*x", e=2, x=3).value == 6.0


def test_nodes_are_found_by_index_id_and_name() -> None:
    graph = bpcalc.parse("z = w*x; t = z; t + 2")
    assert len(graph) == 5
    assert [node.id for node in graph] == ["n1", "n2", "n3", "n4", "n5"]
    assert graph[3].id == graph["n4"].id == graph["z"].id == graph["t"].id == "n4"
    assert graph[-1].id == "n5"
    assert graph["w"].op == "variable"
    assert graph["n3"].op == "constant"
    with pytest.raises(IndexError):
        graph[5]
    for missing in ("n6", "n0", "q", "", "n", "n01x"):
        with pytest.raises(KeyError):
            graph[missing]


def test_a_node_tells_what_it_is() -> None:
    node = bpcalc.parse("z = w*x; z + 2")["z"]
    assert isinstance(node, Node)
    assert (node.id, node.name, node.op, node.expr, node.index) == ("n4", "z", "mul", "w*x", 3)
    assert [i.name for i in node.inputs] == ["w", "x"]
    assert node.label == "z"
    assert repr(node) == "<n4 = w*x>"


def test_nodes_of_one_graph_are_equal_by_index() -> None:
    graph, other = bpcalc.parse("x + 1"), bpcalc.parse("x + 1")
    assert graph[0] == graph["x"]
    assert hash(graph[0]) == hash(graph["x"])
    assert graph[0] != graph[1]
    assert graph[0] != other[0]
    assert graph[0] != "n1"
    assert len({graph[0], graph["n1"], other[0]}) == 2


def test_a_graph_holds_no_values() -> None:
    graph = bpcalc.parse("x^2")
    first, second = bpcalc.grad(graph, x=3), bpcalc.grad(graph, x=4)
    assert (first.value, first.gradient, second.value) == (9.0, {"x": 6.0}, 16.0)


def test_a_graph_knows_where_each_node_stands() -> None:
    graph = bpcalc.parse("x + sin(y)*2")
    spans = {node.expr: graph.source[slice(*graph.span(node.index))] for node in graph}
    assert spans["sin(y)"] == "sin(y)"
    assert spans["n4*2"] == "sin(y)*2"


def test_a_statement_left_out_is_said_in_a_warning() -> None:
    graph = bpcalc.parse("a = x^2\nb = 3*x\na + 1")
    assert [node.expr for node in graph] == ["x", "1", "x^2", "a + 1"]
    assert graph.warnings == ("b in line 2 is left out: the output does not need it",)
    assert bpcalc.grad(graph, x=1).warnings == list(graph.warnings)


def test_reprs_are_one_line() -> None:
    assert re.fullmatch(r"<Graph of 7 nodes.*x.*y.*>", repr(bpcalc.parse(FORMULA)))


@pytest.mark.parametrize("how", ["pickle", "copy", "deepcopy"])
def test_a_graph_can_be_sent_and_copied(how: str) -> None:
    graph = bpcalc.parse("z = leaky_relu(w*x, negative_slope=0.2); max(z, 1, 2)^2 + pi")
    if how == "pickle":
        again = pickle.loads(pickle.dumps(graph))
    else:
        again = getattr(copy, how)(graph)
    values = {"w": 2, "x": -3}
    assert [node.expr for node in again] == [node.expr for node in graph]
    assert bpcalc.grad(again, values).to_dict() == bpcalc.grad(graph, values).to_dict()


def test_a_node_can_be_sent() -> None:
    node = pickle.loads(pickle.dumps(bpcalc.parse("x + 1")["n3"]))
    assert (node.id, node.expr) == ("n3", "x + 1")


def test_an_error_can_be_sent_from_another_process() -> None:
    with pytest.raises(RequestError) as caught:
        bpcalc.parse("x + (")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.message, again.span, again.hint) == (
        caught.value.message,
        caught.value.span,
        caught.value.hint,
    )


# The module


def test_public_names_are_there() -> None:
    for name in bpcalc.__all__:
        assert getattr(bpcalc, name) is not None
    assert set(dir(bpcalc)) >= set(bpcalc.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        bpcalc.nothing  # noqa: B018


def test_public_names_have_docstrings() -> None:
    for name in bpcalc.__all__:
        if name != "__version__":
            assert getattr(bpcalc, name).__doc__, name
