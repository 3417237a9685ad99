"""Names, calls and functions that a formula defines itself."""

from __future__ import annotations

import pytest

from bpcalc.engine import forward
from bpcalc.errors import RequestError
from bpcalc.formula import builder, parse
from bpcalc.ops import FUNCTIONS


def written(formula: str) -> list[str]:
    return [node.expr for node in parse(formula) if node.inputs]


def test_a_function_is_written_out_where_it_is_called() -> None:
    assert written("f(a) = a^2 + 1\nf(x)*2") == ["x^2", "n4 + 1", "n5*2"]


def test_each_call_has_nodes_of_its_own() -> None:
    assert written("f(a) = sin(a)*a\nf(x) + f(x)") == [
        *["sin(x)", "n2*x", "sin(x)", "n4*x", "n3 + n5"]
    ]


def test_an_argument_is_computed_once_however_often_the_body_uses_it() -> None:
    assert written("f(a) = a*a*a\nf(x + 1)") == ["x + 1", "n3*n3", "n4*n3"]


def test_a_function_may_call_another_that_stands_above_it() -> None:
    assert written("f(a) = a^2\ng(a, b) = f(a) - f(b)\ng(x, y)") == ["x^2", "y^2", "n3 - n4"]


def test_a_call_may_stand_within_its_own_argument() -> None:
    assert written("f(a) = a + 1\nf(f(f(x)))") == ["x + 1", "n3 + 1", "n4 + 1"]


def test_a_body_may_use_variables_and_statements_from_above() -> None:
    assert written("k = m*2\nf(a) = k*a + b\nf(x)") == ["m*2", "k*x", "n6 + b"]


def test_a_parameter_hides_a_variable_of_its_name() -> None:
    graph = parse("f(x) = x*2\nf(y) + x")
    assert list(graph.variables) == ["y", "x"]


def test_a_function_of_the_formula_hides_one_of_the_language() -> None:
    assert written("sin(a) = a + 1\nsin(x)") == ["x + 1"]


def test_a_formula_that_is_one_definition_stands_for_its_body() -> None:
    graph = parse("f(x, y) = x^2*y + y + 2")
    assert list(graph.variables) == ["x", "y"]
    values = forward(graph, {"x": 3, "y": 4})
    assert values[graph.output] == 42


def test_of_one_definition_the_parameters_are_numbered_first_and_in_their_order() -> None:
    assert [node.label for node in parse("f(b, a) = 2*a + b")][:3] == ["b", "a", "2"]


def test_a_parameter_that_the_body_does_not_use_is_no_variable() -> None:
    assert list(parse("f(a, b) = b + 1").variables) == ["b"]


def test_a_function_that_is_not_called_is_left_out_with_a_warning() -> None:
    graph = parse("f(a) = a + 1\nx*2")
    assert len(graph) == 3
    assert graph.warnings == ("f in line 1 is left out: the output does not need it",)


@pytest.mark.parametrize("name", ["gamma", "step", "sin", "max", "e", "exp"])
def test_a_name_is_a_function_only_before_a_bracket(name: str) -> None:
    assert list(parse(f"{name} + 1", bound=[name]).variables) == [name]
    assert parse(f"{name} = x; {name}*2").inputs(2) == (0, 1)


def test_a_variable_may_be_given_to_the_function_of_its_name() -> None:
    assert written("gamma(gamma)") == ["gamma(gamma)"]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_of_the_language_can_be_called_by_each_of_its_names(name: str) -> None:
    op = FUNCTIONS[name]
    graph = parse(f"{name}({', '.join(['x', 'y', 'z'][: op.arity])})")
    assert graph.op(graph.output).name == op.name


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("f(a) = f(a - 1)\nf(x)", "f calls itself"),
        ("f(a) = g(a)\ng(a) = f(a)\ng(x)", "g is used before it gets its value"),
        ("f(a) = a\nf(x, y)", "f takes 1 argument, and got 2"),
        ("f(a, b) = a*b\nf(x)", "f takes 2 arguments, and got 1"),
        ("f(a) = a\nf(x, b=2)", "f has no option b"),
        ("f(a) = a\ng(a) = a", "the formula ends with the definition of g"),
        ("f(a) = a\nf(a) = 2*a\nf(x)", "f gets a value twice"),
        ("f(x)\nf(a) = a\nf(1)", "f is used before it gets its value"),
        ("x = x + 1\nx", "x is used in its own definition"),
        ("y = z\nz = 1\ny", "z is used before it gets its value"),
        ("sigmoid()", "something in its brackets"),
        ("elu(x, alpha=1, y)", "come last"),
        ("elu(x, alpha=1, alpha=2)", "twice"),
        ("elu(x, alpha=z)", "has to be a number"),
        ("x(y + 1)", "x is not a function"),
        ("3(y + 1)", "there is no sign between 3"),
    ],
)
def test_what_cannot_be_called_so_is_refused(formula: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        parse(formula)


def test_functions_that_double_at_every_level_end_with_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(builder, "MAX_NODES", 10_000)  # as it is, that takes seconds
    levels = [f"f{n + 1}(a) = f{n}(a) + f{n}(a)" for n in range(64)]
    formula = "\n".join(["f0(a) = a", *levels, "f64(x)"])
    with pytest.raises(RequestError, match="more than"):
        parse(formula)


def test_an_option_belongs_to_its_call_alone() -> None:
    graph = parse("elu(x, alpha=2) + elu(x)")
    first, second = graph.op(1), graph.op(2)
    assert (first.options["alpha"], second.options["alpha"]) == (2, 1)


def test_a_negative_number_may_be_an_option() -> None:
    assert parse("leaky_relu(x, negative_slope=-0.5)").op(1).options["negative_slope"] == -0.5
