"""Formula, variables and options in whatever order they come, and whatever they begin with."""

from __future__ import annotations

import subprocess
import sys

import pytest
from cli.running import called, command, environment, started
from hypothesis import given, settings
from hypothesis import strategies as st

from bpcalc.cli.arguments import sorted_words
from bpcalc.cli.grad import grad

VALUE = ("--get", "value", "--no-check")


def value(*words: str) -> str:
    """What `grad` prints as the value; the error where there is one."""
    ran = called("grad", *words, *VALUE)
    return ran.out.strip() if ran.code == 0 else f"{ran.code} {ran.err.splitlines()[0]}"


@pytest.mark.parametrize(
    "words",
    [
        ["x - y", "--x", "3", "--y", "1"],
        ["--x", "3", "x - y", "--y", "1"],
        ["--x", "3", "--y", "1", "x - y"],
        ["--x=3", "--y=1", "x - y"],
        ["--x=3", "x - y", "--set", "y=1"],
        ["x - y", "--set=x=3", "--set=y=1"],
        ["--x", "+3", "x - y", "--y", "1e0"],
        ["--x", "3", "--y", "1", "--digits", "4", "x - y"],
        ["--digits=4", "x - y", "--x", "3", "--upstream", "-1", "--y", "1"],
    ],
)
def test_variables_and_options_stand_before_or_after_the_formula(words: list[str]) -> None:
    assert value(*words) == "2.0"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-x^2", "--x", "3"], "-9.0"),
        (["--x", "3", "-x^2"], "-9.0"),
        (["-f*x", "--f", "2", "--x", "3"], "-6.0"),
        (["-o*x", "--o", "2", "--x", "3"], "-6.0"),
        (["-h*x", "--h", "2", "--x", "3"], "-6.0"),
        (["-3"], "-3.0"),
        (["-.5"], "-0.5"),
        (["-(x + 1)", "--x", "3"], "-4.0"),
        (["--x*y", "--x", "3", "--y", "2"], "6.0"),
        (["-sin(x)", "--x", "0"], "-0.0"),
        (["−x", "--x", "3"], "-3.0"),
        (["-x==-3", "--x", "3"], "1.0"),
    ],
)
def test_a_formula_may_begin_with_a_minus(words: list[str], expected: str) -> None:
    assert value(*words) == expected


def test_a_formula_that_is_spelled_like_an_option_stands_behind_two_dashes() -> None:
    for letter in "hfo":
        ran = called("grad", f"--{letter}", "2", *VALUE, "--", f"-{letter}")
        assert (ran.code, ran.out) == (0, "-2.0\n")


@pytest.mark.parametrize("number", ["-3", "-.5", "-1e3", "-pi", "−3", "--3", "-(1+2)", "+3"])
def test_a_value_may_begin_with_a_minus(number: str) -> None:
    expected = called("grad", number, *VALUE).out.strip()
    assert value("x", "--x", number) == expected
    assert value("x", f"--x={number}") == expected
    assert value("x", "--set", f"x={number}") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", "3.0"),
        ("3.", "3.0"),
        (".5", "0.5"),
        ("1e-3", "0.001"),
        ("1_000", "1000.0"),
        ("pi/4", "0.7853981633974483"),
        ("sqrt(2)", "1.4142135623730951"),
        ("2^-1", "0.5"),
        (" 7 ", "7.0"),
        ("(1 + 2)*3", "9.0"),
        ("0", "0.0"),
        ("1e308", "1e+308"),
        ("5e-324", "5e-324"),
    ],
)
def test_a_value_is_a_number_or_a_constant_expression(text: str, expected: str) -> None:
    assert value("x", "--x", text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("nan", "inf", "-inf", "NaN", "Infinity", "+infinity", "1e400", "-1e400", "9**9**9**9"),
        *("", " ", "x", "y + 1", "2x", "1,5", "0x10", "1e", "1__0", "abc", "[1;2]", "@data.npy"),
        *("True", "None", "1/0", "log(0)", "sqrt(-1)", "3 4", "'3'", "1e-400", "a = 3; a^q"),
    ],
)
def test_what_is_no_finite_number_is_no_value(text: str) -> None:
    for words in (["--x", text], [f"--x={text}"], ["--set", f"x={text}"]):
        ran = called("grad", "x", *words, *VALUE)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("error: the value of x")


@pytest.mark.parametrize("name", ["σ", "δ", "x₁", "w_41", "数", "é", "x′", "_", "E", "lambda"])
def test_any_name_of_a_variable_can_be_set_in_each_way(name: str) -> None:
    formula = f"2*{name}"
    assert value(formula, "--set", f"{name}=3") == "6.0"
    assert value(formula, f"--set={name}=3") == "6.0"
    assert value(formula, f"--{name}", "3") == "6.0"
    assert value(formula, f"--{name}=3") == "6.0"


def test_a_name_is_the_same_however_its_accent_is_typed() -> None:
    assert value("2*e\u0301", "--set", "\xe9=3") == "6.0"
    assert value("2*\xe9", "--e\u0301", "3") == "6.0"


CLASHING = sorted(spelling[2:] for p in grad.params for spelling in p.opts if spelling[:2] == "--")


@pytest.mark.parametrize("option", [name for name in CLASHING if "-" not in name])
def test_a_variable_named_like_an_option_needs_set(option: str, tmp_path) -> None:
    ran = called("grad", f"2*{option}", "--format", "json")
    assert (ran.code, ran.out) == (2, "")
    assert f"--set {option}=" in ran.err
    assert value(f"2*{option}", "--set", f"{option}=3") == "6.0"
    table = tmp_path / "values.json"
    table.write_text(f'{{"{option}": 3}}')
    assert value(f"2*{option}", "--vars", str(table)) == "6.0"


def test_a_clash_is_refused_even_where_the_option_could_have_been_meant() -> None:
    ran = called("grad", "digits*x", "--digits", "3", "--x", "2")
    assert (ran.code, ran.out) == (2, "")
    assert "the variable digits is named like the option --digits" in ran.err
    assert "^^^^^^" in ran.err
    assert "--set digits=" in ran.err


def test_a_name_that_is_not_in_the_formula_is_no_clash() -> None:
    assert value("x", "--x", "2", "--digits", "3") == "2.0"


@pytest.mark.parametrize("option", ["--form", "--forma", "--dig", "--no", "--upstr", "--out"])
def test_options_have_no_abbreviations(option: str) -> None:
    ran = called("grad", "x", "--x", "1", option, "3")
    assert (ran.code, ran.out) == (2, "")


@pytest.mark.parametrize(
    ("word", "meant"), [("--no-chek", "--no-check"), ("--no-check-", "--no-check")]
)
def test_a_misspelt_option_offers_the_right_one(word: str, meant: str) -> None:
    ran = called("grad", "x", "--x", "1", word)
    assert (ran.code, ran.out) == (2, "")
    assert f"did you mean {meant}?" in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["x"], "x has no value"),
        (["x + y", "--x", "1"], "y has no value"),
        (["x + y + z", "--y", "1"], "x has no value (and 1 more)"),
        (["x", "--x", "1", "--y", "2"], "the formula has no variable y"),
        (["3", "--x", "1"], "the formula has no variable x"),
        (["x", "--X", "1"], "x has no value"),
        (["x", "--x", "1", "--x", "1"], "x has two values"),
        (["x", "--x", "1", "--set", "x=1"], "x has two values"),
        (["x", "--set", "x=1", "--set=x=1"], "x has two values"),
        (["x", "--x"], "--x needs a value"),
        (["x", "--set"], "--set needs a value"),
        (["x", "--set", "x"], "--set needs a name and a value"),
        (["x", "--set", "=3"], "--set needs a name and a value"),
        (["x", "--set", "2x=3"], "--set needs a name and a value"),
        (["x", "--x", "1", "--get"], "--get needs a value"),
        ([], "a formula is needed"),
        (["--x", "1"], "a formula is needed"),
        (["x", "y", "--x", "1"], "one formula is needed, and 2 are given"),
        (["x", "--x", "1", "2"], "one formula is needed, and 2 are given"),
        (["", "--x", "1"], "the formula is empty"),
        (["# nothing"], "the formula is empty"),
        (["x", "--x", "1", "--format", "yaml"], "'yaml' is not one of"),
        (["x", "--x", "1", "--color", "blue"], "'blue' is not one of"),
        (["x", "--x", "1", "--no-check=1"], "--no-check"),
    ],
)
def test_missing_superfluous_and_double_words_are_errors(words: list[str], said: str) -> None:
    ran = called("grad", *words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert said in ran.err.splitlines()[0]


def test_the_error_for_a_missing_value_shows_the_place_and_the_option_to_give() -> None:
    assert called("grad", "w*x + bias", "--w", "1", "--x", "1").err == (
        "error: bias has no value\n"
        "  1 | w*x + bias\n"
        "    |       ^^^^\n"
        "  hint: give it one, as in --bias 1.5\n"
    )
    assert "--set δ=1.5" in called("grad", "δ").err


def test_a_mistyped_variable_offers_the_right_one() -> None:
    assert "did you mean weight?" in called("grad", "weight", "--weight", "1", "--wieght", "2").err


def test_a_value_for_a_variable_that_only_an_unneeded_statement_has_is_accepted() -> None:
    ran = called("grad", "a = y + 1; x", "--x", "1", "--y", "2", *VALUE)
    assert (ran.code, ran.out) == (0, "1.0\n")
    assert "left out" in ran.err


# The formula from a file or from standard input


def test_the_formula_may_come_from_standard_input() -> None:
    assert called("grad", "-", "--x", "3", *VALUE, stdin=b"x^2\n").out == "9.0\n"
    assert called("grad", "-f", "-", "--x", "3", *VALUE, stdin=b"x^2").out == "9.0\n"
    assert called("grad", "--x", "3", *VALUE, "-", stdin="x²\r\n".encode()).out == "9.0\n"


def test_the_formula_may_come_from_a_file(tmp_path) -> None:
    file = tmp_path / "neuron.bp"
    file.write_bytes("\ufeff# a neuron\r\nz = w*x + b\r\n\r\nσ(z)  # its output\r\n".encode())
    values = ("--w", "2", "--x", "-1", "--b", "2")
    for option in (["-f", str(file)], ["--file", str(file)], [f"--file={file}"]):
        assert called("grad", *values, *option, *VALUE).out == "0.5\n"


@pytest.mark.parametrize("words", [["x", "-f", "formula.bp"], ["-f", "a.bp", "-"]])
def test_two_formulas_are_an_error(words: list[str]) -> None:
    ran = called("grad", *words)
    assert (ran.code, ran.out) == (2, "")
    assert "one formula is needed, and 2 are given" in ran.err


# As processes, where Click and the shell could interfere


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--x", "3", "x^2"], "9.0\n"),
        (["-x^2", "--x", "-3"], "-9.0\n"),
        (["-f*x", "--f", "2", "--x", "3"], "-6.0\n"),
        (["x", "--x=-3"], "-3.0\n"),
        (["σ*x", "--set", "σ=2", "--x", "3"], "6.0\n"),
    ],
)
def test_a_process_sorts_its_words_in_the_same_way(words: list[str], expected: str) -> None:
    assert started("grad", *words, *VALUE) == (0, expected, "")


def test_a_shell_passes_what_the_readme_shows() -> None:
    bpcalc = " ".join(command())
    line = f'g=$({bpcalc} grad "-x**2" --x 3 --get gradient.x); echo "w - 0.5*g" | ' + (
        f'{bpcalc} grad - --w 1 --g "$g" --get value --no-check'
    )
    done = subprocess.run(
        ["sh", "-c", line], capture_output=True, timeout=60, env=environment(), text=True
    )
    assert (done.stdout, done.stderr) == ("4.0\n", "")


def test_completion_offers_options_where_formula_and_variables_stand_too() -> None:
    env = environment(
        _BPCALC_COMPLETE="bash_complete", COMP_WORDS="bpcalc grad '-f*x' --x 3 --f", COMP_CWORD="5"
    )
    code = "from bpcalc.cli import main; main([])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=60, env=env, text=True
    )
    assert "plain,--format" in done.stdout.splitlines()


# Whatever the order

GROUPS = [
    ("-x*y + z",),
    ("--x", "-3"),
    ("--y=2",),
    ("--set", "z=-1"),
    ("--digits", "4"),
    ("--no-check",),
    ("-o", "-"),
    ("--get=value",),
    ("--upstream", "-1"),
]


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(st.permutations(GROUPS))
def test_the_order_of_words_means_nothing(groups: list[tuple[str, ...]]) -> None:
    found = sorted_words([word for group in groups for word in group], grad.params)
    assert found.formulas == ["-x*y + z"]
    assert sorted(found.variables) == [("x", "-3"), ("y", "2"), ("z", "-1")]
    assert called("grad", *(word for group in groups for word in group)).out == "5.0\n"
