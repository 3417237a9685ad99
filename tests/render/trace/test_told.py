"""What a trace says in words and leaves out: rounding, parts, what is wrong, paths, names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape

import pytest
from cli.running import called
from render.examples import Example, every_array_example
from render.markup import complaints
from stories import A1, AT_A1, told, told_example

from bpcalc.render.look import Look
from bpcalc.render.sentences import CHINESE, ENGLISH, Sentences
from bpcalc.render.trace.data import trace_data, trace_json
from bpcalc.render.trace.html import trace_html
from bpcalc.render.trace.latex import trace_latex
from bpcalc.render.trace.markdown import trace_markdown
from bpcalc.render.trace.story import Story
from bpcalc.render.trace.text import trace_text


def text_of(story: Story) -> str:
    return "".join(trace_text(story, Look()))


def rows_of(story: Story) -> list[str]:
    """The rows, without the blanks that align them."""
    return [re.sub(" +", " ", row).strip() for row in text_of(story).splitlines()]


def command(*words: str) -> list[str]:
    """What `bpcalc trace` prints, without the blanks that align it."""
    return [re.sub(" +", " ", row).strip() for row in called("trace", *words).out.splitlines()]


FORMATS: dict[str, Callable[[Story], str]] = {
    "text": text_of,
    "markdown": lambda story: "".join(trace_markdown(story)),
    "latex": lambda story: "".join(trace_latex(story)),
    "html": lambda story: unescape(re.sub("<[^>]*>", "", "".join(trace_html(story)))),
    "json": lambda story: json.dumps(trace_data(story), ensure_ascii=False),
}

every_format = pytest.mark.parametrize("format_", FORMATS)


# Rounding, and which part


def test_the_command_says_how_numbers_are_rounded() -> None:
    x = ("x^2", "--x", "3", "--no-check")
    assert command(*x)[:3] == ["f = x^2", "at x = 3", "Numbers are rounded to 9 digits."]
    assert "Numbers are rounded to 4 digits." in command(*x, "--digits", "4")


def test_a_story_that_python_tells_has_no_note() -> None:
    assert "rounded" not in text_of(told(A1, AT_A1))


@pytest.mark.parametrize("option", ["--node", "--wrt"])
def test_of_a_part_is_said_what_it_leads_to(option: str) -> None:
    found = command("loss = x^2*y", "--x", "3", "--y", "4", "--no-check", option, "x")
    said = "Only what leads to ∂loss/∂x is told; other values are given as numbers."
    assert found[2] == f"Numbers are rounded to 9 digits. {said}"
    assert not any(row.startswith("∂loss/∂y") for row in found)


def test_the_nodes_from_one_to_another_are_counted() -> None:
    found = command("x^2*y", "--x", "3", "--y", "4", "--no-check", "--from", "n3", "--to", "n4")
    assert found[2].endswith(" Nodes n3 to n4 of 4.")


# What is wrong


WRONG_VALUE = told("(x + 1e16) - 1e16", {"x": 1})
WRONG_GRADIENT = told("(exp(x) - 1)/x", {"x": 1e-9})


@every_format
def test_a_wrong_value_is_marked_where_it_stands(format_: str) -> None:
    shown = FORMATS[format_](WRONG_VALUE)
    assert shown.count("WRONG, right is") == 1
    (row,) = (row for row in re.split(r"\n|\}, \{", shown) if "WRONG" in row)
    assert re.search(r"WRONG, right is [$`]?1[$`]?\)", row)


@every_format
def test_a_wrong_gradient_is_marked_at_its_step_and_in_the_result(format_: str) -> None:
    shown = FORMATS[format_](WRONG_GRADIENT)
    marked = [row for row in re.split(r"\n|\}, \{", shown) if "WRONG, right is" in row]
    assert sum(bool(re.search("WRONG, right is [$`]?0.5", row)) for row in marked) >= (
        1 if format_ == "json" else 2  # JSON has the steps alone
    )


def test_what_is_right_is_not_marked() -> None:
    assert all("WRONG" not in write(told(A1, AT_A1)) for write in FORMATS.values())
    assert all("WRONG" not in write(told(A1, AT_A1, check=False)) for write in FORMATS.values())


def test_in_chinese_wrong_is_another_word() -> None:
    shown = text_of(WRONG_VALUE._replace(words=CHINESE))
    assert CHINESE.wrong.format(right="1") in shown
    assert "WRONG" not in shown


def test_a_formula_of_sympy_stands_only_beside_what_it_equals() -> None:
    assert "∂f/∂x = 24 = 2*x*y" in rows_of(told(A1, AT_A1))
    (row,) = (r for r in rows_of(WRONG_GRADIENT)[-6:] if r.startswith("∂f/∂x"))
    assert re.fullmatch(r"∂f/∂x = [-+.e\d]+ \(WRONG, right is 0\.5\)", row)
    (row,) = (r for r in rows_of(told("relu(x)", {"x": 0}))[-6:] if r.startswith("∂f/∂x"))
    assert row == "∂f/∂x = 0"


def test_a_formula_of_sympy_that_nobody_reads_is_left_out() -> None:
    long = "*".join(f"sin(x + {k})" for k in range(1, 9))
    shown = rows_of(told(long, {"x": 0.5}))
    assert any(row.endswith("(SymPy's formula is too long to be read)") for row in shown)
    assert max(map(len, shown[shown.index("Gradient") :])) < 200


# What is told otherwise


def test_a_comparison_stands_in_brackets() -> None:
    rows = rows_of(told("where(x > 0, x, 2*x)", {"x": -4}))
    assert "n4 = (x > 0) = (-4 > 0) = 0" in rows


def test_of_nodes_to_which_nothing_flows_that_is_said() -> None:
    rows = rows_of(told("where(x > 0, x, y)", {"x": -4, "y": 2}))
    assert "∂f/∂n4 = 0 (nothing flows back to it)" in rows  # the comparison
    assert "∂f/∂x = 0 (nothing flows back to it)" in rows


def test_a_formula_that_is_a_leaf_has_no_step() -> None:
    rows = rows_of(told("x", {"x": 3}))
    assert "f = x = 3" in rows
    assert "∂f/∂x = 1 (the backward pass starts here)" in rows


def test_an_id_that_is_also_a_name_has_a_prime() -> None:
    rows = rows_of(told("x*2*n4", {"x": 3, "n4": 5}, check=False))
    assert "n4′ = x·2 = 3·2 = 6" in rows
    assert "f = n5 = n4′·n4 = 6·5 = 30" in rows
    assert "∂f/∂n4 = ∂f/∂n5 · ∂n5/∂n4 = 1 · n4′ = 1·6 = 6" in rows
    assert "∂f/∂n4′ = ∂f/∂n5 · ∂n5/∂n4′ = 1 · n4 = 1·5 = 5" in rows


@pytest.mark.parametrize(("words", "said"), [(ENGLISH, "further on"), (CHINESE, "L")])
def test_an_upstream_gradient_is_given(words: Sentences, said: str) -> None:
    rows = rows_of(told(A1, AT_A1, words, upstream=2.5))
    start = words.given.format(objective="L", output="f")
    assert said in start
    assert f"∂L/∂n7 = 2.5 ({start})" in rows


def test_json_names_the_gradients_of_arrays_as_the_text_does() -> None:
    steps = trace_data(told("X @ W", {"X": [[1, 2]], "W": [[3], [4]]}, upstream=[[2]]))["steps"]
    (rule,) = (step["rule"] for step in steps if step["step"] == "edge" and step["to"] == "n1")
    assert rule == "∂L/∂n3 @ W'"


# Paths


def test_what_branches_and_meets_within_a_statement_is_one_factor() -> None:
    rows = command("z = x*w; z^2 + z", "--x", "3", "--w", "2", "--node", "w", "--no-check")
    assert "∂f/∂w = ∂f/∂z · ∂z/∂w = 13 · 3 = 39" in rows


def test_a_direct_way_beside_another_shows_only_its_number() -> None:
    rows = rows_of(told("z = x*w; z*x", {"x": 3, "w": 2}, node="x", check=False))
    start = rows.index("Along each path")
    assert rows[start + 1 : start + 4] == [
        "∂f/∂x along path 1: ∂f/∂z · ∂z/∂x = 3 · 2 = 6",
        "∂f/∂x along path 2: 6",
        "∂f/∂x = 6 (along path 1) + 6 (along path 2) = 12",
    ]


def test_one_edge_is_no_path() -> None:
    assert "Along each path" not in rows_of(told("x*y", {"x": 3, "y": 2}, node="x"))


# How it is laid out


def test_in_a_pipe_nothing_is_wrapped() -> None:
    values = {f"a_long_name_{k}": k / 7 for k in range(30)}
    rows = text_of(told(" + ".join(values), values, check=False)).splitlines()
    assert rows[1].startswith("  at a_long_name_0 = 0, ")
    assert rows[1].endswith("a_long_name_29 = 4.14285714")
    assert max(map(len, rows)) > 500


def test_sums_do_not_widen_the_columns() -> None:
    shown = text_of(told("x**2*y+y+2", {"x": 3, "y": 4}))
    assert "  ∂f/∂n4 = ∂f/∂n5 · ∂n5/∂n4 = 1 · y   = 1·4     = 4\n" in shown
    assert "   ∂f/∂y = 9 (through n5) + 1 (through n6) = 10\n" in shown


def test_a_line_that_is_no_step_has_its_first_side_in_colour() -> None:
    shown = "".join(trace_text(told("x^2", {"x": 3}), Look(colour=True)))
    assert "∂f/∂x =\x1b[1;35m 6\x1b[0m = 2*x\n" in shown
    shown = "".join(trace_text(told("x^2/2 + 2*x", {"x": 0}), Look(colour=True)))
    assert "∂f/∂x =\x1b[1;35m 2\x1b[0m = x + 2\n" in shown
    assert "=\x1b[1;36m 0\x1b[0m\n" in shown


# Arrays in every format


@every_array_example
@pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=lambda words: words.language)
def test_a_page_of_arrays_is_well_formed(example: Example, words: Sentences) -> None:
    assert complaints("".join(trace_html(told_example(example, words, check=True)))) == []


@every_array_example
def test_json_of_arrays_is_strict_and_complete(example: Example) -> None:
    def refused(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    story = told_example(example, check=True)
    data = json.loads("".join(trace_json(story)), parse_constant=refused)
    values = [step for step in data["steps"] if step["step"] == "value"]
    assert [step["node"] for step in values] == [node.id for node in story.result.nodes]
    assert data["check"]["ok"] is (None if example.name == "e13-relu" else True)  # on a kink
