"""program -> a JavaScript module with one function, for browsers and Node, with Math alone."""

from __future__ import annotations

import math

from bpcalc.codegen.export.blocks import Layout, blocks
from bpcalc.codegen.export.language import (
    ATOM,
    CHOICE,
    OR,
    POWER,
    SIGN,
    SIGNS_OF_C,
    Form,
    Language,
    call,
    numbers,
    raised,
    without_point,
)
from bpcalc.codegen.export.request import Request, filled, listed
from bpcalc.ops import TABLE

_LACKING = ("erf", "erfc", "gamma", "lgamma")

_OF_MATH = {
    op.key: call(f"Math.{op.forward}", op.arity)
    for op in TABLE.values()
    if isinstance(op.forward, str) and op.forward not in _LACKING
}

JAVASCRIPT = Language(
    "JavaScript",
    {
        **_OF_MATH,
        **SIGNS_OF_C,
        "neg": Form("-{}", SIGN, (ATOM,)),  # -x**2 is an error
        "equal": SIGNS_OF_C["equal"]._replace(template="{} === {}"),
        "not_equal": SIGNS_OF_C["not_equal"]._replace(template="{} !== {}"),
        "pow": Form("{}**{}", POWER, (ATOM, SIGN)),
        "number": Form("{} ? 1 : 0", CHOICE, (OR,)),
    },
    numbers("Infinity", "NaN", {"Math.PI": math.pi, "Math.E": math.e}, without_point),
    raised,
)

_LAYOUT = Layout("if ({}) {{", "} else {", "}", JAVASCRIPT.forms["not"], "  ")


def javascript(request: Request) -> str:
    """The source of an ES module with one function."""
    written = request.written("js", JAVASCRIPT)
    statements = written.writer.statements
    later = [statement.name for statement in statements if statement.guards]
    source = [
        *written.heading("//"),
        "//",
        "// An ES module; for Node the file is called .mjs. The function returns the value, and as",
        f"// gradient the array of the derivatives: {listed(written.gradient) or 'none'}",
        *filled(f"export function {request.name}(", written.parameters, ") {", "  "),
        *(filled("  let ", later, ";", "    ") if later else []),
        *blocks(
            statements,
            _LAYOUT,
            lambda s: f"{'' if s.guards else 'const '}{s.name} = {s.text};",
        ),
        *[f"  const {name} = {text};" for name, text in written.others],
        *_returned(written.value, written.gradient),
        "}",
    ]
    return "\n".join(source) + "\n"


def _returned(value: str, gradient: list[str]) -> list[str]:
    shown = "value" if value == "value" else f"value: {value}"
    return filled(f"  return {{ {shown}, gradient: [", gradient, "] };", "    ")
