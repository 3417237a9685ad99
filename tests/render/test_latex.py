"""The LaTeX of every operation and of odd names can be set: by pdflatex, where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import pytest
from ops.array_examples import cases, output_shape
from render.examples import EXAMPLES, Example, every_example

import bpcalc
from bpcalc.graph.text import applied
from bpcalc.ops import TABLE, Op
from bpcalc.render.latex import latex_table

MACROS = """
begin end text hline frac partial cdot cdots left right infty mathrm operatorname sqrt quad ln log
exp sin cos tan arcsin arccos arctan sinh cosh tanh coth max min ne neq le ge leq geq land lor lnot
wedge vee neg lfloor rfloor lceil rceil hat bar dot tilde vec prime to pi tau sigma psi alpha beta
delta epsilon varepsilon theta lambda Gamma Delta Psi Omega
mathsf odot otimes sum prod det
"""
"""Of LaTeX itself and of amsmath."""


def latex_of(formula: str, **values: float) -> str:
    return latex_table(bpcalc.grad(formula, values))


def complaints(text: str) -> list[str]:
    """What a LaTeX compiler would refuse."""
    found = []
    if not text.isascii():
        found.append(f"characters {sorted(c for c in set(text) if not c.isascii())}")
    macros = re.findall(r"\\([A-Za-z]+)", text.replace(r"\\", " "))
    found += [rf"\{name}" for name in macros if name not in MACROS.split()]
    plain = re.sub(r"\\[{}]", "", text)
    if plain.count("{") != plain.count("}"):
        found.append("braces")
    if len(re.findall(r"\\left\b", text)) != len(re.findall(r"\\right\b", text)):
        found.append(r"\left without \right")
    opened: list[str] = []
    for which, name in re.findall(r"\\(begin|end)\{([a-z*]+)\}", text):
        if which == "begin":
            opened.append(name)
        elif not opened or opened.pop() != name:
            found.append(f"\\end{{{name}}}")
    found += [f"{name} is never ended" for name in opened]
    if re.search(r"(?<!\\)[#%$]|(?<!\\)(?<!\\\\)_(?=_)", text):
        found.append("a character that means something else")
    return found + doubled_scripts(text)


def doubled_scripts(text: str) -> list[str]:
    """`x^{2}^{3}` and `x_{1}_{2}`."""
    found: list[str] = []
    stack: list[set[str]] = []
    scripts: set[str] = set()
    script = False
    for token in re.findall(r"\\[A-Za-z]+|\\.|[{}^_]|\s+|[^\\{}^_\s]", text):
        if token.isspace():
            continue
        if token in "^_":
            if token in scripts:
                found.append(f"double {token}")
            scripts.add(token)
            script = True
        elif token == "{":
            stack.append(scripts if script else set())
            scripts, script = set(), False
        elif token == "}":
            scripts = stack.pop() if stack else set()
        elif script:
            script = False  # a single character as script
        else:
            scripts = set()
    return found


def test_the_checker_sees_what_is_wrong() -> None:
    assert complaints(r"x^{2}") == []
    assert complaints(r"x_{1}^{2} + \frac{a}{b}^{2}") == []
    for wrong in (r"x^{2}^{3}", r"10^{16}^{x}", "x_1_2", r"\nonsense", "{", "σ", r"\begin{cases}"):
        assert complaints(wrong), wrong


class Call(NamedTuple):
    """An operation on variables, where it is defined."""

    formula: str
    values: dict[str, Any]
    upstream: Any = 1.0

    def result(self, *, check: bool = True) -> bpcalc.Result:
        return bpcalc.grad(self.formula, self.values, upstream=self.upstream, check=check)


WRITTEN = [op for op in TABLE.values() if not op.internal or "[" in op.text]
"""The operations that a formula can have, `X[0]` and `[x, y]` too."""


def formula_of(op: Op) -> Call:
    """A call of the operation with variables, at a point where it is defined."""
    if op.shape is not None:
        return formula_of_arrays(op)
    count = 3 if op.variadic else op.arity
    names = ["x", "w_41", "σ₁"][:count]
    for point in ([0.5, 0.25, 0.75], [1.5, 2.5, 3.5], [2.0, 1.0, 3.0]):
        if op.domain.contains(*point[:count], **op.options):
            return Call(applied(op, names), dict(zip(names, point[:count], strict=True)))
    raise AssertionError(f"no point for {op.name}")


def formula_of_arrays(op: Op) -> Call:
    """The same with arrays, the largest that the tests of the operations have for it."""
    case = max(cases(op), key=lambda case: max(map(numpy.ndim, case.inputs)))
    names = ["X", "w_41", "σ₁", "b"][: len(case.inputs)]
    formula = applied(case.op, names)
    values = dict(zip(names, case.inputs, strict=True))
    shape = output_shape(case.op, tuple(numpy.shape(array) for array in case.inputs))
    return Call(formula, values, numpy.ones(shape) if shape else 1.0)


@pytest.mark.parametrize("op", WRITTEN, ids=lambda op: op.name)
def test_the_latex_of_every_operation_can_be_set(op: Op) -> None:
    assert complaints(latex_table(formula_of(op).result())) == []


@every_example
def test_the_latex_of_every_example_can_be_set(example: Example) -> None:
    assert complaints(latex_table(example.result(check=True))) == []


ODD_NAMES = "w_41 w41 σ1 σ_max x₁ a_b_c _x x_ lambda alpha xhat dot E pi x′ beta_1 Ω __ loss"
"""Letters beyond ASCII and Greek are left out: those need XeLaTeX."""


@pytest.mark.parametrize("name", ODD_NAMES.split())
def test_the_latex_of_every_name_can_be_set(name: str) -> None:
    text = latex_of(
        f"named_{name.strip('_')} = {name}*x; named_{name.strip('_')}^2", **{name: 2, "x": 3}
    )
    assert complaints(text) == []


@pytest.mark.parametrize("name", ODD_NAMES.split())
def test_a_name_looks_the_same_in_the_graph_and_in_sympy_s_derivative(name: str) -> None:
    text = latex_of(f"{name}*x", **{name: 2, "x": 3})
    shown = re.search(r"n_\{1\} & (.*?) &", text)[1]
    derivative = re.search(r"\{\\partial x\} &= (.*) = 2", text)[1]
    assert derivative == shown


@pytest.mark.parametrize(
    "formula",
    ["1e16^x", "(-2)^2 + x", "x^-1e-20", "-(-x)", "1e300*x", "(x^2)^x", "2^x^2", "x**(1/2)"],
)
def test_numbers_and_powers_can_be_set(formula: str) -> None:
    assert complaints(latex_of(formula, x=1.5)) == []


def test_numbers_that_are_not_finite_can_be_set() -> None:
    for formula in ("log(-x)", "exp(1000*x)", "-exp(1000*x)", "1/(x - 1)"):
        assert complaints(latex_of(formula, x=1.0)) == []


def test_pdflatex_agrees(tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    calls = [formula_of(op) for op in WRITTEN]
    calls += [Call(f"{name}*x", {name: 2, "x": 3}) for name in ODD_NAMES.split() if name.isascii()]
    results = [*(call.result() for call in calls), *(e.result(check=True) for e in EXAMPLES)]
    body = "\n".join(map(latex_table, results))
    (tmp_path / "all.tex").write_text(
        f"\\documentclass{{article}}\\usepackage{{amsmath}}\\begin{{document}}{body}\\end{{document}}"
    )
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"],
        cwd=tmp_path,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-2000:].decode(errors="replace")
