"""The numbering of the contract: leaves first, one node per name, nothing merged, nothing added."""

from __future__ import annotations

import pytest

from bpcalc.formula import parse
from bpcalc.graph import Building, Graph, Node
from bpcalc.ops import TABLE


def listed(formula: str) -> list[str]:
    """Each node as `n4 = x^2`, or `n4 z = x*y` where it has a name."""
    nodes = parse(formula).nodes
    leaves = [f"{node.id} = {node.expr}" for node in nodes if not node.inputs]
    named = [f"{n.id}{f' {n.name}' if n.name else ''} = {n.expr}" for n in nodes if n.inputs]
    return leaves + named


def test_the_formula_of_the_contract_has_exactly_the_nodes_n1_to_n7() -> None:
    assert listed("x**2*y + (y + 2)") == [
        "n1 = x",
        "n2 = y",
        "n3 = 2",
        "n4 = x^2",
        "n5 = n4*y",
        "n6 = y + 2",
        "n7 = n5 + n6",
    ]


def test_the_nodes_of_the_contract_know_their_inputs_and_operations() -> None:
    graph = parse("x**2*y + (y + 2)")
    ops = ["variable", "variable", "constant", "power", "mul", "add", "add"]
    assert [node.op for node in graph] == ops
    inputs = [[i.id for i in node.inputs] for node in graph]
    assert inputs == [[], [], [], ["n1"], ["n4", "n2"], ["n2", "n3"], ["n5", "n6"]]
    assert graph.output == 6
    assert graph.op(3).options == {"exponent": 2}


def test_leaves_come_first_in_order_of_appearance() -> None:
    assert [node.label for node in parse("2*b + sin(a)*3 + b").nodes][:4] == ["2", "b", "a", "3"]


def test_operations_come_in_the_order_in_which_they_are_computed() -> None:
    assert listed("sin(a + b)*exp(a)")[2:] == [
        "n3 = a + b",
        "n4 = sin(n3)",
        "n5 = exp(a)",
        "n6 = n4*n5",
    ]


def test_a_variable_is_one_node_however_often_it_is_used() -> None:
    assert listed("x + x*x") == ["n1 = x", "n2 = x*x", "n3 = x + n2"]


def test_a_variable_times_itself_has_two_edges() -> None:
    graph = parse("x*x")
    assert graph.inputs(1) == (0, 0)
    assert graph.consumers() == [[(1, 0), (1, 1)], []]


def test_there_is_one_edge_per_use() -> None:
    graph = parse("x**2*y + (y + 2)")
    assert [len(uses) for uses in graph.consumers()] == [1, 2, 1, 1, 1, 1, 0]


@pytest.mark.parametrize("formula", ["2*x + 2", "2*x + 2.0", "2*x + 0.2e1", "2*x + 2."])
def test_equal_numbers_share_one_leaf(formula: str) -> None:
    assert len(parse(formula).leaves) == 2


def test_a_shared_number_is_shown_as_it_was_first_typed() -> None:
    assert parse("x + 1e0 + 1").leaves[1].constant.text == "1e0"


def test_a_named_constant_is_a_leaf_of_its_own() -> None:
    graph = parse("pi*r + pi + e")
    assert [node.name for node in graph.nodes[:3]] == ["pi", "r", "e"]
    assert [node.op for node in graph.nodes[:3]] == ["constant", "variable", "constant"]
    assert list(graph.variables) == ["r"]


def test_a_named_constant_is_a_variable_where_it_is_bound() -> None:
    assert list(parse("e*x", bound=["e"]).variables) == ["e", "x"]


@pytest.mark.parametrize("formula", ["-3*x", "x*-3", "x + (-3)", "x^2 - -3"])
def test_a_negative_number_is_one_literal(formula: str) -> None:
    graph = parse(formula)
    constants = [leaf.constant for leaf in graph.leaves if leaf.constant is not None]
    assert constants == [-3.0]
    assert "neg" not in [node.op for node in graph]


def test_a_minus_between_operands_subtracts() -> None:
    assert listed("x -3") == ["n1 = x", "n2 = 3", "n3 = x - 3"]


def test_a_power_binds_tighter_than_the_sign_of_a_number() -> None:
    assert listed("-3^2") == ["n1 = 3", "n2 = 3^2", "n3 = -n2"]


@pytest.mark.parametrize("formula", ["x^3", "x**3", "x³", "x^(3)", "x**+3"])
def test_a_constant_exponent_belongs_to_its_power(formula: str) -> None:
    assert listed(formula) == ["n1 = x", "n2 = x^3"]


@pytest.mark.parametrize("formula", ["x^n", "x^(1 + 2)", "x^pi"])
def test_a_computed_exponent_is_an_input(formula: str) -> None:
    graph = parse(formula)
    assert graph.op(graph.output) is TABLE["pow"]


def test_equal_expressions_are_not_merged() -> None:
    assert listed("(x + 1)*(x + 1)")[2:] == ["n3 = x + 1", "n4 = x + 1", "n5 = n3*n4"]


def test_a_named_statement_is_one_node_that_carries_the_name() -> None:
    assert listed("z = w*x\nz*z") == ["n1 = w", "n2 = x", "n3 z = w*x", "n4 = z*z"]


def test_a_statement_that_only_renames_adds_no_node() -> None:
    graph = parse("z = w*x; a = z; b = x; a + b")
    assert [node.label for node in graph] == ["w", "x", "z", "n4"]
    assert graph["a"] == graph["z"]
    assert graph["b"] == graph["x"]


def test_brackets_and_a_plus_sign_add_no_node() -> None:
    assert listed("((+x))") == ["n1 = x"]


def test_a_chain_of_comparisons_shares_its_middle() -> None:
    assert listed("a < b <= c")[3:] == ["n4 = a < b", "n5 = b <= c", "n6 = n4 and n5"]


def test_a_statement_that_is_not_needed_is_left_out_with_a_warning() -> None:
    graph = parse("a = x + 1\nb = y*2\na^2")
    assert [node.label for node in graph] == ["x", "1", "a", "n4"]
    assert graph.warnings == ("b in line 2 is left out: the output does not need it",)
    assert graph.unused == {"y"}


def test_what_only_an_unneeded_statement_needs_is_left_out_too() -> None:
    graph = parse("a = x; b = exp(a); c = sin(b); a*2")
    assert len(graph) == 3
    assert len(graph.warnings) == 2


def test_a_needed_statement_may_stand_behind_an_unneeded_one() -> None:
    assert parse("u = x; v = y; v + 1").unused == {"x"}


def test_a_node_is_found_by_id_by_name_and_by_index() -> None:
    graph = parse("z = w*x + 1; z^2")
    assert graph["n1"] == graph["w"] == graph[0]
    assert graph["z"].id == "n5"
    assert graph[-1].id == "n6"


@pytest.mark.parametrize("key", ["n0", "n7", "n99999999999999999999", "n", "", "y", "n1 ", "n²"])
def test_an_unknown_name_or_id_is_a_key_error(key: str) -> None:
    graph = parse("z = w*x + 1; z^2")
    with pytest.raises(KeyError):
        graph[key]


def test_an_index_beyond_the_last_node_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        parse("x + 1")[3]


def test_a_variable_named_like_an_id_is_found_first() -> None:
    assert parse("a*n1 + 2")["n1"].id == "n2"


def test_nodes_are_equal_within_one_graph_only() -> None:
    graph = parse("x + 1")
    assert graph[0] == Node(graph, 0)
    assert hash(graph[0]) == hash(Node(graph, 0))
    assert graph[0] != parse("x + 1")[0]
    assert graph[0] != "x"


@pytest.mark.parametrize(
    ("node", "text"),
    [("x", "x"), ("n3", "3"), ("n4", "(x * y)"), ("n5", "(x * y) - 3"), ("n6", "sin((x * y) - 3)")],
)
def test_a_node_knows_where_it_stands_in_the_formula(node: str, text: str) -> None:
    graph = parse("# first\nsin((x * y) - 3)")
    start, end = graph.span(graph.index(node))
    assert graph.source[start:end] == text


def test_a_graph_can_be_built_node_by_node() -> None:
    building = Building()
    x, y = building.leaf("x"), building.leaf("y")
    output = building.apply(TABLE["sin"], (building.apply(TABLE["mul"], (x, y)),))
    graph = building.finished(output)
    assert [node.expr for node in graph] == ["x", "y", "x*y", "sin(n3)"]
    assert graph.span(output) is None


def test_a_graph_shows_its_size_and_its_variables() -> None:
    assert repr(parse("x*y + 1")) == "<Graph of 5 nodes, x y>"
    assert repr(parse("1 + 1")) == "<Graph of 2 nodes, no variables>"
    assert repr(parse("x*y").nodes[2]) == "<n3 = x*y>"


def inputs_come_first(graph: Graph) -> bool:
    return all(i < index for index, _, inputs in graph.operations for i in inputs)


@pytest.mark.parametrize(
    "formula",
    ["x**2*y + (y + 2)", "f(a) = a*b; f(f(x))", "u = x; v = u^u; where(v > u, v, max(u, v, 2))"],
)
def test_every_input_has_a_smaller_number_than_its_consumer(formula: str) -> None:
    assert inputs_come_first(parse(formula))
