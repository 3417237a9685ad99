"""The trace as a LaTeX document: it is in order, it can be set, and users' text is only letters."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from render.examples import EXAMPLES, Example, every_example
from render.test_latex import WRITTEN, complaints, formula_of
from stories import A1, AT_A1, HOSTILE, told, told_example

from bpcalc.render.latex_text import is_plain, latex_text
from bpcalc.render.sentences import CHINESE, ENGLISH
from bpcalc.render.trace.latex import trace_latex
from bpcalc.render.trace.latex_layout import PAGE, aligned, width
from bpcalc.render.trace.story import Story, story

EVERYTHING = "".join(chr(c) for c in range(32, 127))

LONG = (
    " + ".join(f"sigmoid(a_long_name_{k}*x*x*x)*b" for k in range(12)),
    {"x": 0.3, "b": -2.5, **{f"a_long_name_{k}": k / 7 for k in range(12)}},
)
MIXED = (
    "relu(x)*where(x > 1, x, 2) + expm1(x) + hypot(x, 2)^2 + (-x)^3/x/x + elu(x, alpha=2) + "
    "selu(-x) + max(x, 3, 2) + atan2(x, 1e-5) + gelu(x) + digamma(x)",
    {"x": 2},
)


def latex_of(story: Story, digits: int = 9) -> str:
    return "".join(trace_latex(story, digits))


def body(document: str) -> str:
    """What is to be set."""
    return document.partition("\\begin{document}\n")[2].removesuffix("\\end{document}\n")


def faults(document: str) -> list[str]:
    """What a LaTeX compiler would refuse, but for the names of commands."""
    found = complaints(body(document).replace(r"\$", "").replace("$", ""))
    return [fault for fault in found if not re.fullmatch(r"\\[A-Za-z]+", fault)]


# In order


def test_the_worked_example_reads_like_this() -> None:
    shown = latex_of(told(A1, AT_A1))
    assert "\nat $x = 3$, $y = 4$\n" in shown
    assert r"f = n_{7} &= n_{5} + n_{6} = 36 + 6 = 42" in shown
    assert r"\frac{\partial f}{\partial y} &= \underbrace{9}_{\text{$n_{5}$}} + \u" in shown
    assert r"\frac{\partial f}{\partial x} &= 24 = 2 x y" in shown
    assert shown.count(r"\section*") == 3


@every_example
def test_a_worked_example_is_in_order(example: Example) -> None:
    shown = latex_of(told_example(example, check=True))
    assert faults(shown) == []
    assert shown.isascii()
    packages = re.findall(r"\\usepackage\S*\{(.*?)\}", shown)
    assert packages == ["amsmath"]


@pytest.mark.parametrize("given", [LONG, MIXED], ids=["long", "mixed"])
def test_no_row_is_wider_than_the_page(given: tuple[str, dict[str, float]]) -> None:
    for block in latex_of(told(*given)).split("\\begin{align*}\n")[1:]:
        rows = block.split("\n\\end{align*}")[0].split("\\\\\n")
        parts = [row.partition("&") for row in rows if "cases" not in row]
        left = max(width(before) for before, _, _ in parts)
        assert all(left + width(after) <= PAGE + 4 for _, _, after in parts)


def test_a_fault_is_seen() -> None:
    assert faults("\\begin{document}\n\\begin{align*}x^{2}\n\\end{document}\n")


# Users' text


def test_a_comment_cannot_break_out() -> None:
    shown = latex_of(told("x*2 # \\end{verbatim}} \\input{/etc/passwd} %$&#_^~{ ^^5c", {"x": 1}))
    assert r"\input" not in shown
    assert "verbatim}" not in shown.replace(r"verbatim\}", "")
    assert "^^" not in shown
    assert faults(shown) == []


def test_every_character_of_ascii_is_a_letter() -> None:
    written = latex_text(EVERYTHING)
    bare = re.sub(r"\\(text[a-z]+\{\}|[{}%&#_$])|\{\}", "", written)
    assert not re.search(r"[\\{}%&#_^~$]", bare)
    assert latex_text("\x00\x1b\t") == "   "


def test_letters_that_pdflatex_has_stay_plain() -> None:
    assert latex_text("größe σ₁ x² é ≤") == (
        r"gr\"{o}\ss{}e \ensuremath{\sigma}\ensuremath{_{1}} x\ensuremath{^{2}} \'{e} "
        r"\ensuremath{\le}"
    )
    assert is_plain("naïve Łódź ∂f/∂x · σ′")
    assert not is_plain("数")
    assert not is_plain("масса")


def test_other_scripts_ask_for_xelatex_in_the_first_line() -> None:
    for other in (told("数*2", {"数": 1}), told(A1, AT_A1, CHINESE), told("x # Масса", {"x": 1})):
        shown = latex_of(other)
        assert shown.startswith("% Set it with xelatex and the package ctex")
        assert r"{ctex}" in shown
    assert latex_of(told("größe*σ", {"größe": 1, "σ": 2})).startswith("% Set it with pdflatex")


def test_a_long_derivative_of_sympy_is_filled_text() -> None:
    shown = latex_of(told(*MIXED))
    assert r"\parbox{0." in shown


# The layout


def test_sides_stand_side_by_side_as_far_as_they_fit() -> None:
    sides = ["1" * 30, "2" * 30, "3" * 30]
    rows = list(aligned([("x", "=", sides)]))
    assert rows[1] == f"x &= {sides[0]} = {sides[1]} \\\\\n"
    assert rows[2] == f" &= {sides[2]}\n"


def test_a_long_side_is_broken_at_its_signs() -> None:
    side = " + ".join(["9" * 20] * 6)
    rows = list(aligned([("x", "=", [side])]))
    assert all(width(row) <= PAGE + 4 for row in rows[1:-1])
    assert rows[2].startswith(r" &\quad {} + 999")


def test_nothing_is_broken_within_brackets() -> None:
    side = r"\left(" + " + ".join(["9" * 20] * 6) + r"\right)"
    assert len(list(aligned([("x", "=", [side])]))) == 3


# Set by TeX


def installed(engine: str, package: str) -> None:
    """Skips the test where TeX lacks something."""
    if shutil.which(engine) is None:
        pytest.skip(f"{engine} is not installed")
    found = subprocess.run(["kpsewhich", package], capture_output=True, timeout=60)
    if found.returncode:
        pytest.skip(f"TeX lacks {package}")


def log_of(engine: str, documents: list[str], folder: Path) -> str:
    """What TeX says of documents that begin alike, set as one."""
    head = documents[0].partition("\\begin{document}")[0]
    assert all(document.startswith(head) for document in documents)
    bodies = "\n\\newpage\n".join(map(body, documents))
    text = f"{head}\\begin{{document}}\n{bodies}\\end{{document}}\n"
    (folder / "all.tex").write_text(text, encoding="utf-8")
    words = [engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "all.tex"]
    done = subprocess.run(words, cwd=folder, capture_output=True, timeout=240)
    log = (folder / "all.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-3000:]
    return log


def test_pdflatex_sets_everything_within_the_margins(tmp_path: Path) -> None:
    installed("pdflatex", "amsmath.sty")
    stories = [told_example(example, check=True) for example in EXAMPLES]
    stories += [told(*LONG), told(*MIXED), told(*MIXED, node="x"), told(*LONG, upstream=2.5)]
    hostile = HOSTILE[0].replace("数", "q").replace("\x9b", "")
    stories += [told(hostile, {name.replace("数", "q"): v for name, v in HOSTILE[1].items()})]
    log = log_of("pdflatex", [latex_of(each) for each in stories], tmp_path)
    assert "Overfull" not in log
    assert "Missing character" not in log


def test_pdflatex_sets_every_operation(tmp_path: Path) -> None:
    installed("pdflatex", "amsmath.sty")
    calls = [formula_of(op) for op in WRITTEN]
    stories = [story(call.result(check=False), ENGLISH) for call in calls]
    log = log_of("pdflatex", [latex_of(each) for each in stories], tmp_path)
    assert "Overfull" not in log


def test_xelatex_sets_chinese(tmp_path: Path) -> None:
    installed("xelatex", "ctex.sty")
    stories = [told(A1, AT_A1, CHINESE), told(*MIXED, CHINESE, node="x"), told(*HOSTILE, CHINESE)]
    log_of("xelatex", [latex_of(each) for each in stories], tmp_path)
