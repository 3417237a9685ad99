"""Terminals, pipes, locales, a reader that goes away, and Ctrl-C, each with a real process."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from cli.running import TIMEOUT, called, command, environment, started
from rich.cells import cell_len

NEURON = ("grad", "z = w*x + b; sigmoid(z)", "--w", "2", "--x", "-1", "--b", "0.5")
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


# A terminal


def on_a_terminal(words: Sequence[str], columns: int = 80, **env: str) -> str:
    """What a terminal of so many columns gets to see of standard output."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        command(*words), stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=environment(**env)
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        seen += data
    process.communicate(timeout=TIMEOUT)
    os.close(ours)
    return seen.decode().replace("\r\n", "\n")


def widest(text: str) -> int:
    return max(cell_len(line) for line in COLOUR.sub("", text).splitlines())


LONG = "a_rather_long_name_of_a_variable"
FITTING = [
    NEURON,
    ("grad", "x**2*y + (y + 2)", "--x", "3.14159265358979", "--y", "-2.71828182845905e-30"),
    ("grad", "数*数字 + 数", "--set", "数=123456.789", "--set", "数字=-0.000123456789"),
    ("grad", "+".join(["x"] * 40), "--x", "1.23456789e-100"),
    ("grad", "x", "--x", "-1.2345678901234567e-300", "--digits", "17"),
    ("grad", "x^100 - exp(x)/(1 + x^3) + sin(x)*cos(x)*tanh(x)^3/sqrt(1 + x)", "--x", "1.01"),
    ("grad", "max(a1, a2, a3, a4, a5, a6, a7, a8, a9)", *(f"--a{k}={k}e99" for k in range(1, 10))),
    ("ops",),
    ("ops", "sigmoid"),
]
TOO_WIDE = [
    ("grad", f"{LONG}1*{LONG}2 + sin({LONG}1)", f"--{LONG}1", "1e-7", f"--{LONG}2=-1e99"),
    ("grad", "x" * 90, "--" + "x" * 90, "1"),
]
"""No table of 80 columns can hold these names unbroken."""


def begin(words: Sequence[str]) -> str:
    return " ".join(words)[:30]


@pytest.mark.parametrize("words", FITTING, ids=begin)
def test_a_table_fits_a_terminal_of_80_columns(words: Sequence[str]) -> None:
    check = () if words[0] == "ops" else ("--no-check",)
    assert widest(on_a_terminal([*words, *check])) <= 80


@pytest.mark.parametrize("words", TOO_WIDE, ids=begin)
def test_a_table_that_fits_no_terminal_is_shown_whole(words: Sequence[str]) -> None:
    seen = COLOUR.sub("", on_a_terminal([*words, "--no-check"]))
    assert "…" not in seen
    if widest(seen) > 80:
        rows = [line.rstrip() for line in seen.splitlines()]
        assert rows == started(*words, "--no-check").out.splitlines()


def test_a_checked_table_fits_too_and_is_in_colour() -> None:
    rump = "333.75*b^6 + a^2*(11*a^2*b^2 - b^6 - 121*b^4 - 2) + 5.5*b^8 + a/(2*b)"
    seen = on_a_terminal(["grad", rump, "--a", "77617", "--b", "33096"])
    assert widest(seen) <= 80
    assert COLOUR.search(seen)
    assert not CONTROL.search(COLOUR.sub("", seen))
    assert "SymPy disagrees" in seen
    assert "-0.82739606" in seen


@pytest.mark.parametrize("columns", [90, 100, 200])
def test_a_table_fits_other_terminals(columns: int) -> None:
    assert widest(on_a_terminal([*NEURON, "--no-check"], columns)) <= columns


def test_a_terminal_too_narrow_for_any_table_is_no_failure() -> None:
    for columns in (1, 10, 20):
        assert on_a_terminal([*NEURON, "--no-check"], columns)


@pytest.mark.parametrize(
    ("env", "option", "coloured"),
    [
        ({}, [], True),
        ({}, ["--color", "auto"], True),
        ({}, ["--color", "never"], False),
        ({"NO_COLOR": "1"}, [], False),
        ({"NO_COLOR": ""}, [], True),
        ({"NO_COLOR": "1"}, ["--color", "always"], True),
        ({"TERM": "dumb"}, [], False),
        ({"TERM": "dumb"}, ["--color=always"], True),
        ({"NO_COLOR": "1"}, ["--color=auto"], False),
    ],
)
def test_colour_on_a_terminal(env: dict[str, str], option: list[str], coloured: bool) -> None:
    seen = on_a_terminal([*NEURON, "--no-check", *option], **env)
    assert bool(COLOUR.search(seen)) is coloured
    assert not CONTROL.search(COLOUR.sub("", seen))


@pytest.mark.parametrize("form", ["json", "csv", "tsv", "markdown", "latex"])
def test_other_formats_have_no_colour_even_on_a_terminal(form: str) -> None:
    seen = on_a_terminal([*NEURON, "--no-check", "--format", form])
    assert not CONTROL.search(seen.replace("\t", " "))
    assert seen.split() == called(*NEURON, "--no-check", "--format", form).out.split()


def test_a_file_gets_no_colour_even_from_a_terminal(tmp_path: Path) -> None:
    on_a_terminal([*NEURON, "--no-check", "-o", str(tmp_path / "table")], 40)
    assert (tmp_path / "table").read_text() == started(*NEURON, "--no-check").out


# A pipe


@pytest.mark.parametrize("words", [*FITTING, *TOO_WIDE], ids=begin)
def test_a_pipe_gets_no_control_codes_and_nothing_cut_or_wrapped(words: Sequence[str]) -> None:
    check = () if words[0] == "ops" else ("--no-check",)
    ran = started(*words, *check, env=environment(COLUMNS="20", LINES="5"))
    assert (ran.code, ran.err) == (0, "")
    assert not CONTROL.search(ran.out)
    assert "…" not in ran.out
    if words[0] == "grad":
        nodes = called(*words, "--format", "json", "--no-check").data["nodes"]
        rows = [line for line in ran.out.splitlines() if re.match(r"│ n\d+ ", line)]
        assert len(rows) == len(nodes)
        for entry, row in zip(nodes, rows, strict=True):
            assert entry["expr"] in row


def test_colour_in_a_pipe_only_where_it_is_asked_for() -> None:
    assert not COLOUR.search(started(*NEURON, "--no-check", env=environment(FORCE_COLOR="1")).out)
    shown = started(*NEURON, "--no-check", "--color", "always", env=environment(NO_COLOR="1")).out
    assert COLOUR.search(shown)
    plain = COLOUR.sub("", shown).splitlines()
    assert [line.rstrip() for line in plain] == started(*NEURON, "--no-check").out.splitlines()


def test_results_go_to_standard_output_and_everything_else_to_standard_error() -> None:
    ran = started("grad", "a = y; log(x) + abs(z)", "--x", "-1", "--y", "1", "--z", "0")
    assert ran.code == 1
    assert "warning" not in ran.out
    assert "error" not in ran.out
    assert ran.err.count("error: ") == 1
    assert ran.err.count("warning: ") >= 2


# A reader that goes away


def lines_until_closed(words: Sequence[str], stdin: bytes, count: int) -> tuple[int, bytes]:
    """Exit code and standard error where the reader goes away after so many lines."""
    with subprocess.Popen(
        command(*words),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        process.stdin.write(stdin)
        process.stdin.close()
        for _ in range(count):
            process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        return process.wait(TIMEOUT), err


@pytest.mark.parametrize("form", ["json", "csv", "table"])
@pytest.mark.parametrize("lines", [0, 1])
def test_a_closed_pipe_ends_quietly(form: str, lines: int) -> None:
    terms = {"table": 300}.get(form, 5000)
    words = ["grad", "-", "--x", "1", "--no-check", "--format", form]
    assert lines_until_closed(words, b"+".join([b"x"] * terms), lines) == (0, b"")


@pytest.mark.parametrize("words", [["-h"], ["grad", "-h"], ["ops"], ["--version"]])
def test_a_pipe_that_is_closed_from_the_start_ends_quietly(words: list[str]) -> None:
    assert lines_until_closed(words, b"", 0) == (0, b"")


def test_a_shell_s_head_sees_the_first_line_and_no_complaint() -> None:
    line = " ".join(command("ops", "--format", "json"))
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{line} | head -n 1"],
        capture_output=True,
        timeout=TIMEOUT,
        env=environment(),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"{\n", b"")


@pytest.mark.parametrize(
    ("redirection", "words", "code", "said"),
    [
        (">/dev/full", "grad 1 --no-check", 2, "standard output cannot be written: No space"),
        (">/dev/full", "grad 1 --no-check --format json", 2, "standard output cannot be written"),
        (">/dev/full", "grad -h", 2, "standard output cannot be written"),
        (">/dev/full", "--version", 2, "standard output cannot be written"),
        (">/dev/full", "ops", 2, "standard output cannot be written"),
        (">&-", "grad 1 --no-check", 2, "standard output is closed"),
        (">&-", "-h", 0, ""),
        ("<&-", "grad - --no-check", 2, "standard input is closed"),
        ("2>&-", "grad x --no-check", 2, ""),
        ("2>/dev/full", "grad x --no-check", 2, ""),
        ("2>&-", "grad log(-1) --no-check", 1, ""),
        ("<&- 2>&-", "grad 1 --no-check", 0, ""),
    ],
)
def test_a_stream_is_full_or_closed(redirection: str, words: str, code: int, said: str) -> None:
    line = " ".join([*command(), *(f"'{word}'" for word in words.split()), redirection])
    done = subprocess.run(
        ["sh", "-c", line], capture_output=True, timeout=TIMEOUT, env=environment(), text=True
    )
    assert done.returncode == code
    assert said in done.stderr
    assert done.stderr.count("\n") <= 1


# Ctrl-C


def interrupted(words: Sequence[str], stdin: bytes | None, wait: float) -> tuple[int, bytes, bytes]:
    """What is left of a process that gets an interrupt after a while."""
    with subprocess.Popen(
        command(*words),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        if stdin is not None:
            process.stdin.write(stdin)
            process.stdin.close()
        time.sleep(wait)
        process.send_signal(signal.SIGINT)
        out = process.stdout.read()
        err = process.stderr.read()
        return process.wait(TIMEOUT), out, err


def test_ctrl_c_while_it_waits_for_the_formula() -> None:
    assert interrupted(["grad", "-"], None, 1.0) == (130, b"", b"\n")


def test_ctrl_c_while_it_computes() -> None:
    formula = b"*".join([b"sin(x)"] * 300_000)
    words = ["grad", "-", "--x", "1", "--format", "json", "--no-check"]
    assert interrupted(words, formula, 1.0) == (130, b"", b"\n")


def test_ctrl_c_while_sympy_checks() -> None:
    formula = b"*".join([b"sin(x)"] * 9_000)
    words = ["grad", "-", "--x", "1", "--get", "value"]
    assert interrupted(words, formula, 1.5) == (130, b"", b"\n")


def test_ctrl_c_leaves_a_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "result").write_text("old")
    formula = b"*".join([b"sin(x)"] * 300_000)
    words = ["grad", "-", "--x", "1", "--no-check", "--format", "json"]
    ran = interrupted([*words, "-o", str(tmp_path / "result")], formula, 1.5)
    assert ran == (130, b"", b"\n")
    assert [path.name for path in tmp_path.iterdir()] == ["result"]
    assert (tmp_path / "result").read_text() == "old"


# Other encodings


GREEK = ("grad", "σ^2 + é*𝑥", "--set", "σ=3", "--set", "é=1", "--set", "𝑥=2", "--no-check")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_an_encoding_without_boxes_gets_plain_ones(encoding: str) -> None:
    env = environment(PYTHONIOENCODING=encoding)
    done = subprocess.run(command(*GREEK), capture_output=True, timeout=TIMEOUT, env=env)
    out = done.stdout.decode(encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert out.startswith("+--")
    assert "\\u03c3" in out
    assert not any(character in out for character in "│╭×∂✓")


@pytest.mark.parametrize("locale", [{"LANG": "C"}, {"LC_ALL": "C"}, {"LC_ALL": "POSIX"}])
def test_the_plain_locale_gets_plain_boxes(locale: dict[str, str]) -> None:
    ran = started("grad", "x^2", "--x", "3", env=environment(**locale))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.isascii()
    assert ran.out.startswith("+--")
    assert "| ok" in ran.out
    assert started(*GREEK, env=environment(**locale)).code == 0


def test_boxes_stay_where_utf_8_is_asked_for() -> None:
    for env in ({}, {"LANG": "C", "PYTHONIOENCODING": "utf-8"}, {"LC_ALL": "C", "PYTHONUTF8": "1"}):
        ran = started("grad", "x", "--x", "3", "--no-check", env=environment(**env))
        assert ran.out.startswith("╭")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_json_in_every_encoding(encoding: str) -> None:
    env = environment(PYTHONIOENCODING=encoding)
    words = command(*GREEK, "--format", "json")
    done = subprocess.run(words, capture_output=True, timeout=TIMEOUT, env=env)
    data = json.loads(done.stdout.decode(encoding))
    assert data["gradient"] == {"σ": 6.0, "é": 2.0, "𝑥": 1.0}


def test_errors_can_be_shown_in_ascii() -> None:
    env = environment(PYTHONIOENCODING="ascii")
    done = subprocess.run(
        command("grad", "δ + 数"), capture_output=True, timeout=TIMEOUT, env=env, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: \\u03b4 has no value")


# What a formula brings along

ESCAPES = "abs(x # \x1b[31mred\x07\x9b2J\u202e\n) # \x1b]0;title\x07"


def test_control_characters_of_a_formula_never_reach_a_terminal() -> None:
    for words in ([], ["--get", "formula"], ["--get", "warnings"], ["--format", "json"]):
        plain = ["--x", "0", "--no-check", "--color", "never", *words]
        seen = on_a_terminal(["grad", ESCAPES, *plain])
        assert not CONTROL.search(seen)
        assert "\u202e" not in seen


def test_control_characters_of_a_formula_never_stand_in_a_message() -> None:
    for formula in (ESCAPES, ESCAPES + " +", "log(x # \x1b[31m\n)", "\x1b[31mx", "x + \x9b2J"):
        ran = called("grad", formula, "--x", "0")
        assert ran.err
        assert not CONTROL.search(ran.err)


def test_get_passes_the_formula_on_as_it_is_to_a_pipe() -> None:
    ran = called("grad", ESCAPES, "--x", "0", "--no-check", "--get", "formula")
    assert ran.out == ESCAPES + "\n"
