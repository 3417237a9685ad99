"""Names, schemas and exit codes as the command-line contract words them: scripts need these."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from cli.running import called, command, environment, started

from bpcalc.cli.commands import COMMANDS, commands
from bpcalc.cli.grad import FORMATS, grad
from bpcalc.version import __version__

FORMULA = "x**2*y + (y + 2)"
VALUES = ("--x", "3", "--y", "4")


# The JSON of grad


def node(id_: str, name: str | None, op: str, expr: str, inputs: str, value: float, slope: float):
    check = {"value": value, "gradient": slope, "error": 0.0, "ok": True}
    return {
        "id": id_,
        "name": name,
        "op": op,
        "expr": expr,
        "inputs": inputs.split(),
        "value": value,
        "gradient": slope,
        "check": check,
    }


def edge(from_: str, to: str, arg: int, local: float, upstream: float):
    return {
        "from": from_,
        "to": to,
        "arg": arg,
        "local": local,
        "upstream": upstream,
        "gradient": upstream * local,
    }


WHOLE = {
    "bpcalc": 1,
    "formula": FORMULA,
    "value": 42.0,
    "gradient": {"x": 24.0, "y": 10.0},
    "output": "n7",
    "nodes": [
        node("n1", "x", "variable", "x", "", 3.0, 24.0),
        node("n2", "y", "variable", "y", "", 4.0, 10.0),
        node("n3", None, "constant", "2", "", 2.0, 1.0),
        node("n4", None, "power", "x^2", "n1", 9.0, 4.0),
        node("n5", None, "mul", "n4*y", "n4 n2", 36.0, 1.0),
        node("n6", None, "add", "y + 2", "n2 n3", 6.0, 1.0),
        node("n7", None, "add", "n5 + n6", "n5 n6", 42.0, 1.0),
    ],
    "edges": [
        edge("n7", "n5", 0, 1.0, 1.0),
        edge("n7", "n6", 1, 1.0, 1.0),
        edge("n6", "n2", 0, 1.0, 1.0),
        edge("n6", "n3", 1, 1.0, 1.0),
        edge("n5", "n4", 0, 4.0, 1.0),
        edge("n5", "n2", 1, 9.0, 1.0),
        edge("n4", "n1", 0, 6.0, 4.0),
    ],
    "check": {"method": "sympy", "ok": True, "max_error": 0.0},
    "warnings": [],
}


def test_the_json_of_the_contract_s_formula_is_exactly_this() -> None:
    ran = called("grad", FORMULA, *VALUES, "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    assert json.dumps(ran.data) == json.dumps(WHOLE)  # as text: the order of keys counts too


def test_no_check_drops_every_check_and_nothing_else() -> None:
    data = called("grad", FORMULA, *VALUES, "--format", "json", "--no-check").data
    expected = {key: value for key, value in WHOLE.items() if key != "check"}
    expected["nodes"] = [
        {key: value for key, value in entry.items() if key != "check"} for entry in WHOLE["nodes"]
    ]
    assert json.dumps(data) == json.dumps(expected)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_json_begins_with_the_version_of_the_schema(name: str) -> None:
    words = [name, "1", "--no-check"] if name in ("grad", "trace", "graph") else [name]
    words = ["map", "1", "--input", "jsonl"] if name == "map" else words
    words = ["export", "x"] if name == "export" else words
    words = ["descend", "x^2", "--x", "1"] if name == "descend" else words
    options = {o for parameter in commands.get_command(None, name).params for o in parameter.opts}
    if "--format" in options:
        data = called(*words, "--format", "json").data
        assert next(iter(data.items())) == ("bpcalc", 1)


LONELY = pytest.mark.parametrize(
    ("formula", "value", "spelled"),
    [
        ("exp(x)", "1000", "Infinity"),
        ("-exp(x)", "1000", "-Infinity"),
        ("log(x)", "-1", "NaN"),
        ("1/x", "0", "Infinity"),
    ],
)


@LONELY
@pytest.mark.parametrize("check", [[], ["--no-check"]])
def test_numbers_that_json_lacks_are_strings(
    formula: str, value: str, spelled: str, check: list[str]
) -> None:
    ran = called("grad", formula, "--x", value, "--format", "json", *check)
    assert ran.code == 1
    assert ran.data["value"] == spelled
    assert ran.data["nodes"][-1]["value"] == spelled


@LONELY
def test_get_prints_them_without_quotes(formula: str, value: str, spelled: str) -> None:
    ran = called("grad", formula, "--x", value, "--get", "value", "--no-check")
    assert (ran.code, ran.out) == (1, spelled + "\n")


def test_minus_zero_and_the_smallest_number_survive_json() -> None:
    data = called("grad", "x*y", "--x", "-0.0", "--y", "5e-324", "--format", "json").data
    assert math.copysign(1, data["value"]) == -1
    assert data["gradient"] == {"x": 5e-324, "y": -0.0}


def test_numbers_in_json_read_back_to_the_same_float() -> None:
    data = called("grad", "x/y", "--x", "1", "--y", "3", "--format", "json", "--no-check").data
    assert data["value"] == 1 / 3
    assert data["gradient"] == {"x": 1 / 3, "y": -1 / 3 / 3}


# Numbering


def ids(formula: str, *values: str) -> list[str]:
    """`n1 = x` for every node of a formula."""
    nodes = called("grad", formula, *values, "--format", "json", "--no-check").data["nodes"]
    return [f"{n['id']} {n['name'] + ' = ' if n['name'] else ''}{n['expr']}" for n in nodes]


def test_leaves_come_first_in_order_of_appearance_and_then_operations_in_evaluation_order() -> None:
    assert ids("3*b + sin(a)", "--a", "1", "--b", "2") == [
        "n1 3",
        "n2 b = b",
        "n3 a = a",
        "n4 3*b",
        "n5 sin(a)",
        "n6 n4 + n5",
    ]


def test_a_constant_exponent_belongs_to_its_node() -> None:
    assert ids("x^2 + x**-1 + x³", "--x", "1")[1:4] == ["n2 x^2", "n3 x^-1", "n4 n2 + n3"]


def test_a_computed_exponent_is_a_node() -> None:
    assert ids("x^(1/3)", "--x", "8") == ["n1 x = x", "n2 1", "n3 3", "n4 1/3", "n5 x^n4"]


def test_equal_literals_share_a_leaf_and_equal_operations_do_not() -> None:
    assert ids("sin(2*x) + sin(2*x) + 2.0", "--x", "1") == [
        "n1 2",
        "n2 x = x",
        "n3 2*x",
        "n4 sin(n3)",
        "n5 2*x",
        "n6 sin(n5)",
        "n7 n4 + n6",
        "n8 n7 + 2",
    ]


def test_a_negative_literal_is_one_leaf() -> None:
    assert ids("-3*x", "--x", "1") == ["n1 -3", "n2 x = x", "n3 -3*x"]


def test_a_power_binds_tighter_than_the_minus_before_it() -> None:
    assert ids("-3^2") == ["n1 3", "n2 3^2", "n3 -n2"]


def test_a_named_statement_is_one_node_however_often_it_is_used() -> None:
    assert ids("z = w*x; z*z + z", "--w", "1", "--x", "1") == [
        "n1 w = w",
        "n2 x = x",
        "n3 z = w*x",
        "n4 z*z",
        "n5 n4 + z",
    ]


def test_a_statement_that_only_renames_adds_no_node() -> None:
    assert ids("t = x; u = t; u + 1", "--x", "1") == ["n1 x = x", "n2 1", "n3 x + 1"]


def test_a_named_constant_is_a_leaf_unless_the_name_has_a_value() -> None:
    assert ids("e*pi") == ["n1 e = e", "n2 pi = pi", "n3 e*pi"]
    nodes = called("grad", "e*pi", "--e", "2", "--format", "json", "--no-check").data["nodes"]
    assert [n["op"] for n in nodes] == ["variable", "constant", "mul"]


def test_each_use_is_an_edge() -> None:
    edges = called("grad", "x*x", "--x", "3", "--format", "json", "--no-check").data["edges"]
    assert [(e["from"], e["to"], e["arg"], e["gradient"]) for e in edges] == [
        ("n2", "n1", 0, 3.0),
        ("n2", "n1", 1, 3.0),
    ]


def test_the_gradient_of_each_node_is_the_sum_over_its_edges() -> None:
    formula = "z = tanh(w*x + b); loss = (z - t)^2 + 0.1*w^2; loss + z*x"
    values = ("--w", "0.5", "--x", "-1.25", "--b", "0.3", "--t", "1")
    data = called("grad", formula, *values, "--format", "json", "--no-check").data
    for entry in data["nodes"]:
        arrived = [e["gradient"] for e in data["edges"] if e["to"] == entry["id"]]
        if entry["id"] == data["output"]:
            arrived.append(1.0)
        assert math.isclose(entry["gradient"], math.fsum(arrived), rel_tol=1e-15), entry
    for e in data["edges"]:
        assert e["gradient"] == e["upstream"] * e["local"]
        consumer = next(n for n in data["nodes"] if n["id"] == e["from"])
        assert consumer["inputs"][e["arg"]] == e["to"]
        assert consumer["gradient"] == e["upstream"]


def test_a_branch_that_where_did_not_take_counts_in_no_way() -> None:
    ran = called("grad", "where(x>0, sqrt(x), x)", "--x", "-4", "--format", "json")
    assert ran.code == 0
    assert ran.data["gradient"] == {"x": 1.0}
    assert ran.data["check"]["ok"] is True


def test_derivatives_are_accurate_where_the_function_saturates() -> None:
    assert called("grad", "sigmoid(x)", "--x", "40", "--get", "gradient.x").out[:5] == "4.248"


# What SymPy is imported for


HEAVY = ("sympy", "mpmath", "numpy", "rich")


@pytest.mark.parametrize("form", ["json", "csv", "tsv", "markdown", "latex"])
def test_without_the_check_neither_sympy_nor_numpy_nor_rich_is_imported(form: str) -> None:
    code = (
        "import sys; from bpcalc.cli import main; "
        f"main(['grad', {FORMULA!r}, '--x', '3', '--y', '4', '--no-check', '--format', {form!r}]); "
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, text=True)
    assert (done.returncode, done.stderr) == (0, "[]\n")


def test_the_table_without_the_check_imports_rich_but_neither_sympy_nor_numpy() -> None:
    options = ["-X", "importtime"]
    words = [command()[0], *options, *command("grad", FORMULA, *VALUES, "--no-check")[1:]]
    done = subprocess.run(words, capture_output=True, timeout=60, env=environment(), text=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert {name for name in HEAVY if name in imported} == {"rich"}


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = f"import bpcalc, sys; print([n for n in {(*HEAVY, 'click')!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, text=True)
    assert done.stdout == "[]\n"


# Formats, --get, --digits


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_shows_value_and_gradient(form: str) -> None:
    ran = called("grad", FORMULA, *VALUES, "--format", form, "--no-check")
    assert (ran.code, ran.err) == (0, "")
    assert all(number in ran.out for number in ("42", "24", "10"))
    assert ran.out.endswith("\n")


def test_the_table_is_the_default() -> None:
    ran = called("grad", FORMULA, *VALUES)
    assert ran.code == 0
    assert ran == called("grad", FORMULA, *VALUES, "--format", "table")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("value", "42.0"),
        ("gradient.x", "24.0"),
        ("gradient.y", "10.0"),
        ("gradient", '{"x": 24.0, "y": 10.0}'),
        ("formula", FORMULA),
        ("output", "n7"),
        ("bpcalc", "1"),
        ("nodes.n4.value", "9.0"),
        ("nodes.3.value", "9.0"),
        ("nodes.x.gradient", "24.0"),
        ("nodes.n3.name", "null"),
        ("nodes.n5.inputs", '["n4", "n2"]'),
        ("edges.6.local", "6.0"),
        ("warnings", "[]"),
        ("check.ok", "true"),
        ("nodes.n1.check.error", "0.0"),
    ],
)
def test_get_prints_one_value_as_plain_text(path: str, text: str) -> None:
    ran = called("grad", FORMULA, *VALUES, "--get", path)
    assert (ran.code, ran.out, ran.err) == (0, text + "\n", "")


@pytest.mark.parametrize(
    "path", ["", ".", "nope", "gradient.z", "gradient.", "nodes.n8", "nodes.7", "value.x", "check"]
)
def test_get_of_what_is_not_there_is_an_error_and_prints_nothing(path: str) -> None:
    ran = called("grad", FORMULA, *VALUES, "--get", path, "--no-check")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: --get: ")


def test_what_get_prints_can_be_the_value_of_another_command() -> None:
    slope = called("grad", "x/3", "--x", "1", "--get", "gradient.x", "--no-check").out.strip()
    assert called("grad", "s", "--s", slope, "--get", "value", "--no-check").out == f"{slope}\n"


def test_digits_sets_the_significant_digits_for_people_and_nine_is_the_default() -> None:
    def shown(form: str, *digits: str) -> str:
        third = ("x/y", "--x", "1", "--y", "3", "--no-check")
        return called("grad", *third, "--format", form, *digits).out

    for form in ("table", "markdown", "latex"):
        first = re.compile(r"0\.3\d*")
        assert first.findall(shown(form))[0] == "0.333333333"
        assert first.findall(shown(form, "--digits", "3"))[0] == "0.333"
        assert first.findall(shown(form, "--digits=17"))[0] == "0.33333333333333331"
    for form in ("json", "csv", "tsv"):
        assert shown(form, "--digits", "3") == shown(form)
        assert "0.3333333333333333" in shown(form)


@pytest.mark.parametrize("digits", ["0", "18", "-1", "x", "2.5", ""])
def test_other_numbers_of_digits_are_refused(digits: str) -> None:
    ran = called("grad", "1", "--digits", digits)
    assert (ran.code, ran.out) == (2, "")
    assert "--digits" in ran.err


def test_csv_and_tsv_print_what_reads_back_to_the_same_float() -> None:
    comma, tab = (
        called("grad", "x/y", "--x", "1", "--y", "3", "--no-check", "--format", form).out
        for form in ("csv", "tsv")
    )
    assert comma.splitlines()[0] == "id,name,op,expr,inputs,value,gradient"
    assert comma.splitlines()[-1] == "n3,,div,x/y,n1 n2,0.3333333333333333,1.0"
    assert tab.replace("\t", ",") == comma


# --wrt and --upstream


def test_wrt_narrows_and_orders_the_gradient() -> None:
    assert called("grad", FORMULA, *VALUES, "--wrt", "y,x", "--get", "gradient").out == (
        '{"y": 10.0, "x": 24.0}\n'
    )
    assert called("grad", FORMULA, *VALUES, "--wrt", " y ", "--get", "gradient").out == (
        '{"y": 10.0}\n'
    )


def test_wrt_may_name_a_statement() -> None:
    words = ("grad", "z = x*y; z^2", "--x", "1", "--y", "3", "--wrt", "z", "--get", "gradient")
    assert called(*words).out == '{"z": 6.0}\n'


@pytest.mark.parametrize("wrt", ["z", "", "x,", "x,,y", "n4", "x y", "X"])
def test_wrt_of_what_the_formula_lacks_is_an_error(wrt: str) -> None:
    ran = called("grad", FORMULA, *VALUES, "--wrt", wrt, "--no-check")
    assert (ran.code, ran.out) == (2, "")


def test_upstream_starts_the_backward_pass() -> None:
    ran = called("grad", FORMULA, *VALUES, "--upstream", "-0.5", "--format", "json")
    assert ran.data["gradient"] == {"x": -12.0, "y": -5.0}
    assert ran.data["nodes"][-1]["gradient"] == -0.5
    assert ran.data["check"]["ok"] is True


@pytest.mark.parametrize("upstream", ["nan", "inf", "x", "", "1e400", "[1]"])
def test_upstream_has_to_be_a_finite_number(upstream: str) -> None:
    ran = called("grad", FORMULA, *VALUES, "--upstream", upstream, "--no-check")
    assert (ran.code, ran.out) == (2, "")


# Exit codes


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["x"], 2),
        (["x", "--x", "1", "--y", "2"], 2),
        (["x", "--x", "1", "--x", "2"], 2),
        (["2x", "--x", "1"], 2),
        (["sigmod(x)", "--x", "1"], 2),
        (["x", "--x", "abc"], 2),
        (["x", "--vars", "missing.json"], 2),
        (["-f", "missing.txt"], 2),
        (["x", "--x", "1", "--format", "xml"], 2),
        ([], 2),
        (["log(x)", "--x", "-1"], 1),
        (["exp(x)", "--x", "1000"], 1),
        (["sqrt(x)", "--x", "0"], 1),
        (["(exp(x)-1)/x", "--x", "1e-9"], 1),
        (["x", "--x", "1"], 0),
        (["abs(x)", "--x", "0"], 0),
    ],
)
def test_the_exit_code_says_whose_fault_it_is(words: list[str], code: int) -> None:
    ran = started("grad", *words)
    assert ran.code == code
    assert "Traceback" not in ran.err
    if code == 2:
        assert ran.out == ""
        assert ran.err.startswith("error: ")
        assert ran.err.count("error: ") == 1
    else:
        assert " value " in ran.out  # what could be computed is still printed
    if code == 0:
        assert "error" not in ran.err


def test_what_could_be_computed_is_printed_with_the_error_behind_it() -> None:
    ran = called("grad", "a = x*y; log(a) + x", "--x", "2", "--y", "-1", "--format", "json")
    assert ran.code == 1
    assert ran.data["nodes"][2]["value"] == -2.0
    assert ran.data["value"] == "NaN"
    assert "log needs a number above 0, and got -2.0" in ran.err
    assert "log(a) + x" in ran.err
    assert "^^^^^^" in ran.err
    assert "a = -2.0" in ran.err or "x*y = -2.0" in ran.err
    assert "x = 2.0, y = -1.0" in ran.err
    assert any("log needs" in warning for warning in ran.data["warnings"])


# The other commands


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_shows_usage_and_examples_on_one_screen(name: str, option: str) -> None:
    ran = called(name, option)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].startswith(f"Usage: bpcalc {name}")
    assert lines.index("Examples:") < lines.index("Options:")
    examples = lines[lines.index("Examples:") + 1 : lines.index("Options:")]
    assert examples[0].startswith(f"  bpcalc {name}")
    assert all(line.startswith("  ") for line in examples if line)
    assert len(lines) <= 44  # of `descend`, with the most options; 30 elsewhere
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_help_tells_every_option(name: str) -> None:
    shown = called(name, "-h").out
    command = commands.get_command(click.Context(commands), name)
    for parameter in command.params:
        assert all(spelling in shown for spelling in parameter.opts if spelling.startswith("-"))


@pytest.mark.parametrize("words", [[], ["-h"], ["--help"]])
def test_bpcalc_by_itself_shows_its_commands(words: list[str]) -> None:
    ran = called(*words)
    assert (ran.code, ran.err) == (0, "")
    assert all(f"  {name} " in ran.out for name in COMMANDS)
    assert "Examples:" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_help_wins_wherever_it_stands() -> None:
    assert called("grad", "x +", "--x", "1", "-h").out == called("grad", "-h").out


def test_version_is_printed() -> None:
    assert called("--version") == (0, f"bpcalc {__version__}\n", "")
    assert started("--version") == (0, f"bpcalc {__version__}\n", "")


def test_the_console_script_is_there() -> None:
    script = Path(sys.executable).with_name("bpcalc")
    done = subprocess.run(
        [script, "grad", FORMULA, *VALUES, "--get", "value", "--no-check"],
        capture_output=True,
        timeout=60,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "42.0\n", "")


@pytest.mark.parametrize(
    ("word", "hint"),
    [("gard", "did you mean grad?"), ("frobnicate", "the commands are"), ("", "the commands are")],
)
def test_a_command_that_is_not_there_offers_one_that_is(word: str, hint: str) -> None:
    ran = called(word)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: there is no command")
    assert hint in ran.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str) -> None:
    ran = called("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert "_BPCALC_COMPLETE" in ran.out


@pytest.mark.parametrize("words", [[], ["tcsh"], ["bash", "zsh"]])
def test_completion_knows_no_other_shell(words: list[str]) -> None:
    ran = called("completion", *words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1


def test_the_options_of_grad_are_those_of_the_contract() -> None:
    spelled = {spelling for parameter in grad.params for spelling in parameter.opts}
    assert spelled >= {
        *("--wrt", "--upstream", "--set", "--vars", "-f", "-o", "--format", "--get", "--digits"),
        *("--no-check", "--color"),
    }
