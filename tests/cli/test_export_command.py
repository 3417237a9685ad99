"""`bpcalc export`: what it writes where, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.running import called

from bpcalc.cli.export import EXTENSIONS
from bpcalc.exporting import LANGUAGES


def test_the_json_has_the_source_and_how_it_is_called() -> None:
    ran = called("export", "a*x*y", "--a", "3", "--format", "json", "--to", "js", "--name", "g")
    assert (ran.code, ran.err) == (0, "")
    source = called("export", "a*x*y", "--a", "3", "--to", "js", "--name", "g").out
    assert ran.data == {
        "bpcalc": 1,
        "formula": "a*x*y",
        "to": "js",
        "name": "g",
        "parameters": ["x", "y"],
        "source": source,
    }


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_file_s_extension_chooses_the_language(extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"f{extension}"
    assert called("export", "x*y", "-o", str(path)).code == 0
    assert path.read_text() == called("export", "x*y", "--to", EXTENSIONS[extension]).out


def test_a_json_file_holds_json(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    assert called("export", "x*y", "--to", "c", "-o", str(path)).code == 0
    assert path.read_text().startswith('{\n  "bpcalc": 1')


def test_python_is_written_by_default() -> None:
    assert "def f(x):" in called("export", "x").out


@pytest.mark.parametrize("to", LANGUAGES)
def test_every_language_can_be_asked_for(to: str) -> None:
    ran = called("export", "z = w*x; tanh(z)", "--to", to, "--wrt", "z,w")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("\n")


def test_parameters_may_be_called_like_options_that_are_not_in_use() -> None:
    assert "def f(name, output):" in called("export", "name*output").out
    ran = called("export", "name*output", "--name", "g")
    assert ran.code == 2
    assert "the variable name is named like the option --name" in ran.err
    assert "def g(output):" in called("export", "name*output", "--name", "g", "--set", "name=2").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("x", "-o", "f.rs"), "no language is written to a file *.rs"),
        (("x", "--to", "rust"), "invalid value for '--to'"),
        (("x", "--y", "1"), "the formula has no variable y"),
        (("x", "--wrt", "z"), "there is no variable z to differentiate by"),
        (("x", "--x", "[1, 2]"), "the value of x is an array"),
        (("sum([x, 1])",), "this one has arrays in it"),
        (("erf(x)", "--to", "sql"), "SQL has no function erf"),
        (("x", "--to", "c", "--name", "double"), "double is no name for a function in C"),
    ],
)
def test_a_wrong_request_ends_with_one_message(words: tuple[str, ...], message: str) -> None:
    ran = called("export", *words)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_a_statement_that_is_not_needed_is_warned_of() -> None:
    assert "warning:" in called("export", "y = exp(x); x^2").err


def test_export_imports_no_slow_library() -> None:
    import subprocess
    import sys

    script = "from bpcalc.cli import main; main(['export', 'x**2*y', '--to', 'c']); import sys; "
    script += "sys.exit(bool({'numpy', 'sympy', 'rich'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True).returncode == 0
