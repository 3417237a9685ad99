"""program -> a C99 function of doubles, with math.h alone."""

from __future__ import annotations

from bpcalc.codegen.export.blocks import Layout, blocks
from bpcalc.codegen.export.language import (
    CHOICE,
    OR,
    POWER,
    PRODUCT,
    SIGNS_OF_C,
    Form,
    Language,
    call,
    numbers,
)
from bpcalc.codegen.export.request import Request, Written, filled, listed
from bpcalc.codegen.export.statements import Statement, is_condition
from bpcalc.ops import TABLE

_OTHER_NAMES = {"abs": "fabs", "gamma": "tgamma"}

_OF_MATH_H = {
    op.key: call(_OTHER_NAMES.get(op.key, op.forward), op.arity)
    for op in TABLE.values()
    if isinstance(op.forward, str)
}

C = Language(
    "C",
    {
        **_OF_MATH_H,
        **SIGNS_OF_C,
        "pow": call("pow", 2),
        "number": Form("{} ? 1.0 : 0.0", CHOICE, (OR,)),
    },
    numbers("INFINITY", "NAN"),
    square=Form("{0}*{0}", PRODUCT, (POWER,)),  # rounded correctly, which pow need not be
)

_LAYOUT = Layout("if ({}) {{", "} else {", "}", C.forms["not"], "    ")


def c(request: Request) -> str:
    """The source of a file with one function."""
    written = request.written("c", C)
    parameters = [f"double {name}" for name in written.parameters]
    if written.gradient:
        parameters.append(f"double gradient[{len(written.gradient)}]")
    source = [
        *written.heading("//"),
        "//",
        "// Compile: cc -std=c99 -O2 -c FILE.c, and link with -lm. The function returns the",
        f"// value, and stores the derivatives in gradient: {listed(written.gradient) or 'none'}",
        "#include <math.h>",
        "",
        *filled(f"double {request.name}(", parameters or ["void"], ")", "    "),
        "{",
        *_declared(written),
        *blocks(written.writer.statements, _LAYOUT, lambda s: _line(s, written)),
        *_unused(written),
        *_stored(written),
        f"    return {dict(written.others).get(written.value, written.value)};",
        "}",
    ]
    return "\n".join(source) + "\n"


def _kind(statement: Statement, written: Written) -> str:
    return "int" if is_condition(written.request.program, statement.slot) else "double"


def _declared(written: Written) -> list[str]:
    """What blocks compute is declared before them."""
    return [
        f"    {_kind(statement, written)} {statement.name} = 0;"
        for statement in written.writer.statements
        if statement.guards
    ]


def _line(statement: Statement, written: Written) -> str:
    kind = "" if statement.guards else f"const {_kind(statement, written)} "
    return f"{kind}{statement.name} = {statement.text};"


def _stored(written: Written) -> list[str]:
    others = dict(written.others)
    return [
        f"    gradient[{place}] = {others.get(name, name)};"
        for place, name in enumerate(written.gradient)
    ]


def _unused(written: Written) -> list[str]:
    """Parameters on which nothing depends; compilers warn of them."""
    uses = written.request.program.uses
    return [f"    (void){name};" for slot, name in enumerate(written.parameters) if not uses[slot]]
