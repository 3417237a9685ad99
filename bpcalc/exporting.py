"""A formula as source code in another language: a function that returns value and gradient.

>>> import bpcalc
>>> print(bpcalc.export("a*x^2", to="js", a=3))
// a*x^2
// a = 3.0
//
// An ES module; for Node the file is called .mjs. The function returns the value, and as
// gradient the array of the derivatives: d_x
export function f(x) {
  const value = 3*x**2;
  const d_x = 3*(2*x);
  return { value, gradient: [d_x] };
}
<BLANKLINE>
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bpcalc.bindings import Quantity, bound, matched
from bpcalc.calculator import wanted_names
from bpcalc.errors import RequestError, did_you_mean, printable
from bpcalc.formula import parse
from bpcalc.graph import Graph
from bpcalc.ops.constants import Constant

_ABOUT_LATEX = (
    r"A fragment, which needs amsmath; \bar{v} is the derivative of the output by v.",
    r"With \allowdisplaybreaks a long one goes on to the next page.",
)

LANGUAGES = ("python", "numpy", "c", "sql", "js", "latex")


class Exported(NamedTuple):
    """Source code, and how it is called."""

    to: str
    name: str
    """Of the function; in SQL of the table; in LaTeX of the value."""
    parameters: tuple[str, ...]
    """The variables that have no value, as the formula calls them."""
    source: str


def export(
    formula: str | Graph,
    values: Mapping[str, Any] | None = None,
    /,
    *,
    to: str = "python",
    name: str | None = None,
    wrt: Sequence[str] | str | None = None,
    **variables: Any,
) -> str:
    """The source of a function that returns the value of a formula and its gradient.

    Args:
        formula: the text of a formula of numbers, or a graph from `parse`.
        values: values of variables by name, for names that are no Python keywords.
        to: the language: python, numpy, c, sql, js or latex.
        name: what the function is called; in SQL the table.
        wrt: the variables (or named statements) by which to differentiate; all by default.
        variables: values of variables, which are no parameters then.

    Raises:
        RequestError: the formula or a value is wrong, has arrays in it, or functions that the
            language lacks.
    """
    given = bound({**(values or {}), **variables})
    graph = formula if isinstance(formula, Graph) else parse(formula, given)
    return exported(graph, given, to, name, wrt).source


def exported(
    graph: Graph,
    values: Mapping[str, Quantity],
    to: str,
    name: str | None = None,
    wrt: Sequence[str] | str | None = None,
) -> Exported:
    """The source, with the values folded in.

    Raises:
        RequestError: as of `export`.
    """
    if to not in LANGUAGES:
        hint = did_you_mean(to, LANGUAGES) or f"the languages are {', '.join(LANGUAGES)}"
        raise RequestError(f"there is no export to {printable(to, 40)}", hint=hint)
    fixed = _numbers(graph, values)
    names = wanted_names(graph, wrt)
    if wrt is None:
        names = [known for known in names if known not in fixed]
    if to == "latex":
        return _derived(graph, names, fixed)
    from bpcalc.codegen.export.targets import request, source

    wanted = request(graph, to, names, fixed, name)
    return Exported(to, wanted.name, wanted.program.inputs, source(wanted, to))


def _numbers(graph: Graph, values: Mapping[str, Quantity]) -> dict[str, float]:
    """The values of those variables that have one."""
    missing = dict.fromkeys(graph.variables, Constant(0.0, "0"))
    found: dict[str, float] = {}
    for name, value in matched(graph, {**missing, **values}).items():
        if not isinstance(value, Constant):
            raise RequestError(
                f"the value of {name} is an array, and code is generated for numbers"
            )
        if name in values:
            found[name] = float(value)
    return found


def _derived(graph: Graph, wrt: Sequence[str], fixed: Mapping[str, float]) -> Exported:
    from bpcalc.codegen.export.comments import comments, formula_lines
    from bpcalc.codegen.export.refusal import refused_operation
    from bpcalc.render.derivation import derivation, untold

    refused = refused_operation(graph, untold(graph))
    if refused is not None:
        raise refused
    heading = comments("%", [*formula_lines(graph.source), *_ABOUT_LATEX])
    source = "\n".join(heading) + "\n" + "".join(derivation(graph, wrt, fixed))
    parameters = tuple(name for name in graph.variables if name not in fixed)
    return Exported("latex", graph.label(graph.output), parameters, source)
