"""program -> a Python function of floats, with `math` alone; the engine's numbers to the bit."""

from __future__ import annotations

import math

from bpcalc.codegen.export.blocks import Layout, blocks
from bpcalc.codegen.export.language import (
    AND,
    ARITHMETIC,
    CHOICE,
    NOT,
    OR,
    Form,
    Language,
    call,
    numbers,
    raised,
)
from bpcalc.codegen.export.request import Request, filled, listed
from bpcalc.ops import TABLE

_OF_MATH = {
    op.key: call(f"math.{op.forward}", op.arity)
    for op in TABLE.values()
    if isinstance(op.forward, str) and hasattr(math, op.forward)
}

PYTHON = Language(
    "Python",
    {
        **ARITHMETIC,
        **_OF_MATH,
        "abs": call("abs"),
        "floor": call("float(math.floor", 1)._replace(template="float(math.floor({}))"),
        "ceil": call("float(math.ceil", 1)._replace(template="float(math.ceil({}))"),
        "pow": call("math.pow", 2),
        "and": Form("{} and {}", AND, (AND, NOT)),
        "or": Form("{} or {}", OR, (OR, AND)),
        "not": Form("not {}", NOT, (NOT,)),
        "where": Form("{1} if {0} else {2}", CHOICE, (OR, OR, CHOICE)),
        "number": Form("1.0 if {} else 0.0", CHOICE, (OR,)),
    },
    numbers("math.inf", "math.nan", {"math.pi": math.pi, "math.e": math.e, "math.tau": math.tau}),
    raised,
)

_LAYOUT = Layout("if {}:", "else:", "", PYTHON.forms["not"], "    ")


def python(request: Request) -> str:
    """The source of a module with one function."""
    written = request.written("python", PYTHON)
    lines = list(blocks(written.writer.statements, _LAYOUT, lambda s: f"{s.name} = {s.text}"))
    lines += [f"    {name} = {text}" for name, text in written.others]
    needed = ["import math"] if any("math." in line for line in lines) else []
    source = [
        *written.heading("#"),
        *needed,
        "",
        "",
        *filled(f"def {request.name}(", written.parameters, "):", "    "),
        *docstring(written.value, written.gradient),
        *lines,
        *returned(written.value, written.gradient),
    ]
    return "\n".join(source) + "\n"


_RAISES = """\
    Raises ValueError, OverflowError or ZeroDivisionError where a step is undefined or too large."""


def docstring(value: str, gradient: list[str], more: str = _RAISES) -> list[str]:
    """What the function returns."""
    comma = "," if len(gradient) == 1 else ""
    return [
        f'    """Return {value}, and its derivatives as a tuple: ({listed(gradient)}{comma}).',
        "",
        *more.splitlines(),
        '    """',
    ]


def returned(value: str, gradient: list[str]) -> list[str]:
    """`return value, (d_x, d_y)`."""
    comma = "," if len(gradient) == 1 else ""
    return filled(f"    return {value}, (", gradient, f"{comma})", " " * 8)
