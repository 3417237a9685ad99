"""result -> LaTeX: the nodes as an array, then the gradient; needs amsmath and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpcalc.graph.text import latex, latex_label, latex_name, latex_number
from bpcalc.render.numbers import DIGITS, rounded
from bpcalc.render.rows import Style, rows

if TYPE_CHECKING:
    from bpcalc.results import Result


def latex_table(result: Result, digits: int = DIGITS) -> str:
    """Each node's formula, value and gradient, and the derivatives of the whole formula."""
    graph = result.graph
    lines = [
        r"\[",
        r"\begin{array}{llll}",
        r"\text{node} & \text{formula} & \text{value} & \text{gradient} \\ \hline",
    ]
    for index, row in enumerate(rows(result, Style(digits))):
        name = graph.names.get(index)
        formula = latex(graph, index)
        if name is not None:
            formula = f"{latex_name(name)} = {formula}"
        value = _compared(row.value, row.right_value)
        gradient = _compared(row.gradient, row.right_gradient)
        lines.append(rf"n_{{{index + 1}}} & {formula} & {value} & {gradient} \\")
    lines += [r"\end{array}", r"\]", r"\begin{align*}"]
    output = latex_label(graph, graph.output)
    equations = [rf"{output} &= {_number(result.value, digits)}"]
    derivatives = result.check.derivatives if result.check is not None else {}
    for name, slope in result.gradient.items():
        known = derivatives.get(name)
        middle = f"{known.latex} = " if known is not None and known.readable else ""
        fraction = rf"\frac{{\partial {output}}}{{\partial {latex_name(name)}}}"
        equations.append(rf"{fraction} &= {middle}{_number(slope, digits)}")
    lines += [" \\\\\n".join(equations), r"\end{align*}"]
    return "\n".join(lines) + "\n"


def _compared(found: str, right: str) -> str:
    """A number; behind one that is wrong, the right one."""
    return rf"{latex_number(found)} \ne {latex_number(right)}" if right else latex_number(found)


def _number(value: float, digits: int) -> str:
    return latex_number(rounded(value, digits))
