"""program -> a function of NumPy arrays of any shapes that broadcast, with NumPy alone."""

from __future__ import annotations

import math

from bpcalc.codegen.export.language import (
    ARITHMETIC,
    ATOM,
    POWER,
    SIGN,
    Form,
    Language,
    call,
    numbers,
    raised,
)
from bpcalc.codegen.export.python import docstring
from bpcalc.codegen.export.request import WIDTH, Request, filled
from bpcalc.ops import TABLE

LACKING = ("erf", "erfc", "gamma", "lgamma")
"""Functions that NumPy lacks: `math`'s, element by element."""

_OF_NUMPY = {
    op.key: call(op.forward if op.forward in LACKING else f"np.{op.forward}", op.arity)
    for op in TABLE.values()
    if isinstance(op.forward, str)
}

NUMPY = Language(
    "NumPy",
    {
        **ARITHMETIC,
        **_OF_NUMPY,
        "pow": Form("{}**{}", POWER, (ATOM, SIGN)),
        "and": call("np.logical_and", 2),
        "or": call("np.logical_or", 2),
        "not": call("np.logical_not"),
        "where": call("np.where", 3),
        "number": call("np.where")._replace(template="np.where({}, 1.0, 0.0)"),
    },
    numbers("np.inf", "np.nan", {"np.pi": math.pi, "np.e": math.e}),
    raised,
    lazy=False,
)

_ELEMENTWISE = '''
def elementwise(function):
    """Apply a function of `math` to every element."""

    def applied(x):
        try:
            return function(x)
        except OverflowError:
            return np.inf
        except ValueError:
            return np.nan

    return np.vectorize(applied, otypes=[float])


'''

_ABOUT = """\
    Arguments are numbers or arrays whose shapes broadcast; every result has the common shape.
    What is undefined is NaN, without a warning."""


def numpy(request: Request) -> str:
    """The source of a module with one function."""
    written = request.written("numpy", NUMPY)
    lines = [f"        {s.name} = {s.text}" for s in written.writer.statements]
    lines += [f"        {name} = {text}" for name, text in written.others]
    used = {step.op for step in request.program.steps}
    lacking = [name for name in LACKING if name in used]
    source = [
        *written.heading("#"),
        *(["import math", ""] if lacking else []),
        "import numpy as np",
        "",
        *(_ELEMENTWISE.splitlines() if lacking else []),
        *[f"{name} = elementwise(math.{name})" for name in lacking],
        *(["", ""] if lacking else [""]),
        *filled(f"def {request.name}(", written.parameters, "):", "    "),
        *docstring(written.value, written.gradient, _ABOUT),
        *_as_arrays(written.parameters),
        '    with np.errstate(all="ignore"):',
        *lines,
        *_returned(written.value, written.gradient),
    ]
    return "\n".join(source) + "\n"


def _as_arrays(parameters: list[str]) -> list[str]:
    """Arrays of float64, also from integers and lists."""
    listed = ", ".join(parameters)
    line = f"    {listed} = (np.asarray(given, dtype=float) for given in ({listed}))"
    if len(parameters) > 1 and len(line) <= WIDTH:
        return [line]
    return [f"    {name} = np.asarray({name}, dtype=float)" for name in parameters]


def _returned(value: str, gradient: list[str]) -> list[str]:
    """Value and gradient, all in the common shape."""
    if not gradient:
        return [f"    return {value}, ()"]
    before = f"    {value}, *gradient = np.broadcast_arrays("
    return [
        *filled(before, [value, *gradient], ")", " " * 8),
        f"    return {value}, tuple(gradient)",
    ]
