"""An error about a formula: its parts, and the caret under the place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpcalc.errors import RequestError, cells, did_you_mean, nearest
from bpcalc.formula import parse
from bpcalc.ops import FUNCTIONS


def refused(formula: str) -> RequestError:
    with pytest.raises(RequestError) as raised:
        parse(formula)
    return raised.value


def test_an_error_is_drawn_with_its_line_its_caret_and_its_hint() -> None:
    assert refused("z = w*x + b\nsigmod(z)").drawn().splitlines() == [
        "error: there is no function sigmod",
        "  2 | sigmod(z)",
        "    | ^^^^^^",
        "  hint: did you mean sigmoid?",
    ]


@pytest.mark.parametrize(
    ("formula", "caret"),
    [
        ("1 + sigmod(x)", "    ^^^^^^"),
        ("σ + sigmod(x)", "    ^^^^^^"),
        ("数 + sigmod(x)", "     ^^^^^^"),
        ("e\u0301 + sigmod(x)", "    ^^^^^^"),
        ("（1）＋sigmod(x)", "       ^^^^^^"),
        ("1 + 数数数(x)", "    ^^^^^^"),
        ("\t1 + sigmod(x)", "     ^^^^^^"),
        ("x² + sigmod(x)", "     ^^^^^^"),
    ],
)
def test_the_caret_counts_cells_not_characters(formula: str, caret: str) -> None:
    drawn = refused(formula).drawn().splitlines()
    assert drawn[2] == f"    | {caret}"


@pytest.mark.parametrize(
    ("text", "width"),
    [("abc", 3), ("σ", 1), ("数", 2), ("e\u0301", 1), ("（", 2), ("", 0), ("\u200b", 0)],
)
def test_the_cells_of_a_text(text: str, width: int) -> None:
    assert cells(text) == width


def test_a_long_line_is_cut_around_the_place() -> None:
    formula = "x + " * 5000 + "sigmod(x)" + " + y" * 5000
    error, line, caret, hint = refused(formula).drawn().splitlines()
    assert len(line) <= 80
    start = caret.index("^")
    assert line[start : start + 6] == "sigmod"
    assert (error, hint) == ("error: there is no function sigmod", "  hint: did you mean sigmoid?")


def test_a_long_name_is_cut() -> None:
    drawn = refused("x y" + "z" * 100_000).drawn()
    assert len(drawn) < 600


def test_control_characters_do_not_reach_the_terminal() -> None:
    drawn = refused("x + \x1b[31m + sigmod(\x07y)").drawn()
    assert "\x1b" not in drawn
    assert "\x07" not in drawn


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("sigmod", "sigmoid"),
        ("Sin", "sin"),
        ("tahnh", "tanh"),
        ("arctg", "arctan"),
        ("soft_plus", "softplus"),
        ("lgama", "lgamma"),
    ],
)
def test_the_nearest_function_is_offered(slip: str, meant: str) -> None:
    assert refused(f"{slip}(x)").hint == f"did you mean {meant}?"


def test_nothing_is_offered_where_nothing_is_near() -> None:
    assert nearest("frobnicate", list(FUNCTIONS)) is None
    assert did_you_mean("frobnicate", list(FUNCTIONS)) == ""
    assert nearest("x" * 100_000, list(FUNCTIONS)) is None


anything = st.text(max_size=40)
pieces = [
    *"xyz123()+-*/^=<>,;.'[]@{}\"\\%&|!~?:$#√²⁻·≤_ \n",
    *("**", "==", "sin(", "max(", "elu(", "alpha=", "f(x)=", "x=", "and", "or", "not"),
    *("1e5", "1e999", "2x", ".T", "//", "if", "pi", "e"),
]
nearly_formulas = st.lists(st.sampled_from(pieces), max_size=14).map("".join)


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(anything | nearly_formulas)
def test_any_text_is_a_formula_or_an_error_that_points_into_it(text: str) -> None:
    try:
        graph = parse(text)
    except RequestError as error:
        found = error
    else:
        assert 0 <= graph.output < len(graph)
        spans = [graph.span(node.index) or (0, 1) for node in graph]
        assert all(0 <= start < end <= len(text) for start, end in spans)
        return
    start, end = found.span or (0, 0)
    assert 0 <= start <= end <= len(text)
    drawn = found.drawn()
    assert drawn.startswith("error: ")
    assert all(line.isprintable() for line in drawn.splitlines())
