"""bpcalc, a gradient calculator: a formula, its computation graph, a gradient on every edge.

    >>> import bpcalc
    >>> bpcalc.grad("x**2*y + y + 2", x=3, y=4).gradient
    {'x': 24.0, 'y': 10.0}

The code, in reading order of a calculation:

    formula/         text -> tokens -> tree -> graph
    graph/           the graph: nodes and edges, no values
    ops/             what the language can compute, each operation declared once
    engine/          graph + values -> values of all nodes -> gradients, edge by edge
    checks/          second opinions: SymPy's derivatives, 50 digits
    codegen/         the gradient as a program, and code made from it: floats, columns, export
    bindings.py      the values of the variables; array_values.py those that are arrays
    results.py       what a calculation found, and the JSON of it
    calculator.py    one calculation, whole
    exporting.py     the source of a function in another language
    steps.py         the calculation as a person tells it, step by step
    rows/            tables in, tables out: each row with its value and gradient
    descent/         gradient descent: methods, mini-batches, the loop, runs saved and resumed
    render/          results as text, traces (render/trace/) and pictures (render/graph/)
    cli/             the command line, one file per command
    errors.py        what can go wrong, and how it is shown
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bpcalc.version import __version__

if TYPE_CHECKING:
    from bpcalc.calculator import grad
    from bpcalc.codegen.function import Function, compile
    from bpcalc.errors import BpcalcError, CalculationError, RequestError
    from bpcalc.exporting import export
    from bpcalc.formula import parse
    from bpcalc.graph import Graph, Node
    from bpcalc.results import Edge, Result

__all__ = [
    "BpcalcError",
    "CalculationError",
    "Edge",
    "Function",
    "Graph",
    "Node",
    "RequestError",
    "Result",
    "__version__",
    "compile",
    "export",
    "grad",
    "parse",
]

_HOMES = {
    "BpcalcError": "bpcalc.errors",
    "CalculationError": "bpcalc.errors",
    "Edge": "bpcalc.results",
    "Function": "bpcalc.codegen.function",
    "Graph": "bpcalc.graph",
    "Node": "bpcalc.graph",
    "RequestError": "bpcalc.errors",
    "Result": "bpcalc.results",
    "compile": "bpcalc.codegen.function",
    "export": "bpcalc.exporting",
    "grad": "bpcalc.calculator",
    "parse": "bpcalc.formula",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `import bpcalc` alone costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'bpcalc' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
