"""The exact text of tables, other formats and errors, as files in tests/snapshots.

`pytest --update` rewrites the files; read the difference before you commit it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cli.running import called

import bpcalc
from bpcalc.render import html
from bpcalc.render.look import Look
from bpcalc.render.table import table

FOLDER = Path(__file__).parents[1] / "snapshots"

TEXTBOOK = ("x**2*y + (y + 2)", {"x": 3, "y": 4})
NAMED = ("u = w*x + b; r = u - t; r^2/2 + x", {"w": 2, "x": "-1/4", "b": 0.5, "t": 1})
RUMP = (
    "333.75*b^6 + a^2*(11*a^2*b^2 - b^6 - 121*b^4 - 2) + 5.5*b^8 + a/(2*b)",
    {"a": 77617, "b": 33096},
)
WRONG = ("(x + 1e16) - 1e16", {"x": 1})
KINK = ("relu(x) - relu(-x)", {"x": 0})
UNDEFINED = ("a = x - 3; log(a)*y", {"x": 1, "y": 0})
UNTAKEN = ("where(x > 0, sqrt(x), x)", {"x": -4})
GREEK = ("σ = x·y; 2σ₀ - σ^-2".replace("2σ₀", "2*σ₀"), {"x": 2, "y": 0.25, "σ₀": -1})
SEVEN = ("x/y", {"x": 1, "y": 7})


WHOLE = Look()


def shown(
    formula: tuple[str, dict[str, float]], look: Look = WHOLE, digits: int = 9, check: bool = True
) -> str:
    text, values = formula
    return table(bpcalc.grad(text, values, check=check), look, digits)


def printed(formula: tuple[str, dict[str, float]], *words: str, by: str = "grad") -> str:
    text, values = formula
    given = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
    return called(by, text, *given, *words).out


TABLES: dict[str, Callable[[], str]] = {
    "table.txt": lambda: shown(TEXTBOOK),
    "table-named.txt": lambda: shown(NAMED),
    "table-without-check.txt": lambda: shown(NAMED, check=False),
    "table-80-columns.txt": lambda: shown(RUMP, Look(width=80), digits=4),
    "table-60-columns.txt": lambda: shown(NAMED, Look(width=60)),
    "table-ascii.txt": lambda: shown(NAMED, Look(unicode=False)),
    "table-wrong.txt": lambda: shown(WRONG),
    "table-wrong-ascii.txt": lambda: shown(WRONG, Look(unicode=False)),
    "table-kink.txt": lambda: shown(KINK),
    "table-undefined.txt": lambda: shown(UNDEFINED),
    "table-untaken.txt": lambda: shown(UNTAKEN),
    "table-greek.txt": lambda: shown(GREEK),
    "table-17-digits.txt": lambda: shown(SEVEN, digits=17),
    "table-3-digits.txt": lambda: shown(SEVEN, digits=3),
    "table-colour.txt": lambda: shown(TEXTBOOK, Look(80, colour=True)).replace("\x1b", "␛"),
}

FORMATS: dict[str, Callable[[], str]] = {
    "textbook.json": lambda: printed(TEXTBOOK, "--format", "json"),
    "named.md": lambda: printed(NAMED, "--format", "markdown"),
    "named.tex": lambda: printed(NAMED, "--format", "latex"),
    "named.csv": lambda: printed(NAMED, "--format", "csv"),
    "named.tsv": lambda: printed(NAMED, "--format", "tsv"),
    "named.html": lambda: html.table(bpcalc.grad(*NAMED)),
    "wrong.md": lambda: printed(WRONG, "--format", "markdown"),
    "wrong.tex": lambda: printed(WRONG, "--format", "latex"),
    "wrong.html": lambda: html.table(bpcalc.grad(*WRONG)),
    "undefined.html": lambda: html.table(bpcalc.grad(*UNDEFINED)),
    "greek.tex": lambda: printed(GREEK, "--format", "latex"),
    "undefined.json": lambda: printed(UNDEFINED, "--format", "json"),
    "undefined.csv": lambda: printed(UNDEFINED, "--format", "csv"),
    "undefined.tex": lambda: printed(UNDEFINED, "--format", "latex"),
    "undefined.md": lambda: printed(UNDEFINED, "--format", "markdown"),
}

STORIES: dict[str, Callable[[], str]] = {
    "trace.txt": lambda: printed(TEXTBOOK, by="trace"),
    "trace-named.txt": lambda: printed(NAMED, by="trace"),
    "trace-node.txt": lambda: printed(NAMED, "--node", "x", by="trace"),
    "trace-upstream.txt": lambda: printed(NAMED, "--upstream", "2.5", by="trace"),
    "trace-chinese.txt": lambda: printed(NAMED, "--lang", "zh", by="trace"),
    "trace-greek.txt": lambda: printed(GREEK, by="trace"),
    "trace-untaken.txt": lambda: printed(UNTAKEN, by="trace"),
    "trace-undefined.txt": lambda: printed(UNDEFINED, by="trace"),
    "trace.md": lambda: printed(NAMED, "--format", "markdown", by="trace"),
    "trace.tex": lambda: printed(NAMED, "--format", "latex", by="trace"),
    "trace.html": lambda: printed(TEXTBOOK, "--format", "html", by="trace"),
    "trace.json": lambda: printed(TEXTBOOK, "--format", "json", by="trace"),
    "graph.txt": lambda: printed(TEXTBOOK, by="graph"),
    "graph-named.txt": lambda: printed(NAMED, "--node", "w", by="graph"),
    "graph-wrong.txt": lambda: printed(WRONG, by="graph"),
    "graph.dot": lambda: printed(NAMED, "--format", "dot", by="graph"),
    "graph-greek.dot": lambda: printed(GREEK, "--format", "dot", by="graph"),
    "graph.mmd": lambda: printed(NAMED, "--format", "mermaid", by="graph"),
    "graph-wrong.mmd": lambda: printed(WRONG, "--format", "mermaid", by="graph"),
    "graph.svg": lambda: printed(NAMED, "--format", "svg", by="graph"),
}

ERRORS: dict[str, tuple[str, ...]] = {
    "implicit-multiplication": ("2x + 1", "--x", "1"),
    "decimal-comma": ("x + 2,5", "--x", "1"),
    "unknown-function": ("sigmod(w*x)", "--w", "1", "--x", "1"),
    "bracket-never-closed": ("(a + b)*(c - sin(d)", "--a", "1"),
    "wrong-number-of-arguments": ("atan2(x)", "--x", "1"),
    "unknown-option": ("leaky_relu(x, slope=2)", "--x", "1"),
    "no-value": ("w*x + bias", "--w", "1", "--x", "2"),
    "no-such-variable": ("weight*x", "--weight", "1", "--x", "2", "--wieght", "3"),
    "named-like-an-option": ("digits*x", "--x", "2"),
    "no-such-format": ("x", "--x", "1", "--format", "pdf"),
    "no-formula": ("--x", "1"),
    "two-formulas": ("x +", "y", "--x", "1"),
    "no-such-file": ("-f", "missing.bp"),
    "in-the-second-line": ("数 = a·b  # wide\nloss = log(数 - w) + b", "--a=1", "--b=2", "--w=7"),
    "in-a-long-line": ("+".join(f"x{k}" for k in range(40)) + "+ sin y +" + "z*" * 40 + "z",),
    "division-by-zero": ("(a + b)/(a - b)", "--a", "2", "--b", "2"),
    "overflow": ("exp(k*x)^2", "--k", "100", "--x", "9"),
    "infinite-slope": ("sqrt(x - y)", "--x", "2", "--y", "2"),
    "power-of-a-negative-number": ("(x - 9)^(1/3)", "--x", "1"),
    "lost-digits": ("(1 + x) - 1", "--x", "1e-13"),
    "kink": ("relu(x)*y", "--x", "0", "--y", "2"),
    "left-out": ("a = x^2; b = 3*x; a + 1", "--x", "2"),
    "value-that-is-no-number": ("x", "--x", "two"),
    "wrt-of-nothing": ("rate*time", "--rate", "1", "--time", "2", "--wrt", "tiem"),
    "get-of-nothing": ("x", "--x", "1", "--get", "gradient.y"),
}


def compare(name: str, text: str, update: bool) -> None:
    file = FOLDER / name
    if update:
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TABLES)
def test_a_table_looks_like_this(name: str, update: bool) -> None:
    compare(name, TABLES[name](), update)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_looks_like_this(name: str, update: bool) -> None:
    compare(name, FORMATS[name](), update)


@pytest.mark.parametrize("name", STORIES)
def test_a_trace_and_a_graph_look_like_this(name: str, update: bool) -> None:
    compare(name, STORIES[name](), update)


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_looks_like_this(name: str, update: bool) -> None:
    words = ERRORS[name]
    ran = called("grad", *words, *(() if name in ("lost-digits", "kink") else ["--no-check"]))
    line = " ".join(f'"{word}"' if " " in word or "*" in word else word for word in words)
    compare(f"error-{name}.txt", f"$ bpcalc grad {line}\n{ran.err}", update)


def test_no_snapshot_is_left_over() -> None:
    known = {*TABLES, *FORMATS, *STORIES, *(f"error-{name}.txt" for name in ERRORS)}
    assert {file.name for file in FOLDER.iterdir()} == known


def test_nothing_in_a_text_stands_behind_the_end_of_a_line() -> None:
    for file in FOLDER.glob("*.txt"):
        if "colour" not in file.name:
            lines = file.read_text(encoding="utf-8").splitlines()
            assert all(line == line.rstrip() for line in lines), file.name
