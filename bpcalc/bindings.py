"""Values for variables: numbers and constant expressions, remembered as they were typed.

`0.1` is computed with as a float64, and checked as the decimal 0.1; `pi/4` as the exact quarter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from bpcalc.array_values import array
from bpcalc.engine import forward
from bpcalc.engine.array_shapes import shape, shapes
from bpcalc.engine.diagnosis import failure_of_values
from bpcalc.errors import BpcalcError, RequestError, did_you_mean, printable
from bpcalc.formula import parse
from bpcalc.formula.builder import MAX_DIGITS
from bpcalc.formula.tokens import normal
from bpcalc.graph import Graph
from bpcalc.ops import FUNCTIONS
from bpcalc.ops.constants import Constant
from bpcalc.ops.op import Value

if TYPE_CHECKING:
    import numpy

_DECIMAL = re.compile(
    r"[+-]?([0-9]+(_[0-9]+)*\.?([0-9]+(_[0-9]+)*)?|\.[0-9]+(_[0-9]+)*)([eE][+-]?[0-9]+)?"
)


Quantity: TypeAlias = "Constant | numpy.ndarray[Any, Any]"
"""The value of a variable: a number that remembers how it was typed, or an array of float64."""


def bound(values: Mapping[str, Any]) -> dict[str, Quantity]:
    """Each value as a `Constant` or an array, under the one spelling of its name.

    Raises:
        RequestError: a value is no finite number.
    """
    return {normal(name): quantity(name, value) for name, value in values.items()}


def quantity(name: str, value: Any) -> Quantity:
    """A number, an array, or the text of a constant expression such as `pi/4` or `[1, 2]`.

    Raises:
        RequestError: it is no finite number, and no array of finite numbers.
    """
    if isinstance(value, Constant):
        return value
    if isinstance(value, str):
        return _from_text(name, value)
    if isinstance(value, (list, tuple)) or getattr(value, "shape", None):
        return array(name, value)
    if type(value).__name__ in ("bool", "bool_") or not hasattr(value, "__float__"):
        raise RequestError(f"the value of {name} is {printable(repr(value), 60)}, not a number")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as why:
        raise RequestError(f"the value of {name} is not a number: {why}") from None
    # An int or a Decimal says exactly what is meant, a float its shortest decimal.
    exact = isinstance(value, int) or type(value).__name__ == "Decimal"
    text = str(value) if exact else repr(number)
    if not _DECIMAL.fullmatch(text) or len(text) > MAX_DIGITS:
        text = repr(number)
    return Constant(_finite(name, number, repr(value)), text)


def _from_text(name: str, text: str) -> Quantity:
    plain = text.strip().translate(_PASTED)
    if _DECIMAL.fullmatch(plain) and len(plain) <= MAX_DIGITS:
        plain = plain.replace("_", "")
        number = _finite(name, float(plain), plain)
        if number == 0 and any(digit in plain.lower().partition("e")[0] for digit in "123456789"):
            raise RequestError(
                f"the value of {name} is too small for float64: {printable(plain, 60)}"
            )
        return Constant(number, plain if number else "0")  # 0e999999999 is no 10**999999999
    if plain.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        raise RequestError(f"the value of {name} is {plain}, and has to be a finite number")
    if plain[:1] == "@":
        raise RequestError(
            f"the value of {name} is a file",
            hint="only the command line reads files; here an array is given as it is",
        )
    if not _is_one_expression(text):
        raise RequestError(f"the value of {name} has to be one number or expression")
    try:
        graph = parse(text)
        if not graph.variables:
            found = _computed(graph)
    except BpcalcError as error:
        raise RequestError(
            f"the value of {name}: {error.message}",
            source=text,
            span=error.span,
            values=error.values,
            hint=error.hint,
        ) from None
    if graph.variables:
        unknown = next(iter(graph.variables))
        raise RequestError(
            f"the value of {name} has the name {unknown} in it, and has to be a number",
            source=text,
            span=graph.span(graph.variables[unknown]),
            hint="a number, or numbers with pi, e, tau and functions: pi/4, sqrt(2)",
        )
    if shape(found):
        return array(name, found)
    return Constant(_finite(name, found, text), text)


def _is_one_expression(text: str) -> bool:
    """Whether nothing outside brackets ends a statement."""
    depth = 0
    for character in text.strip():
        depth += (character in "([") - (character in ")]")
        if character in ";\n" and not depth:
            return False
    return True


def _computed(graph: Graph) -> Value:
    """The value of a formula without variables.

    Raises:
        BpcalcError: shapes in it do not fit, or it leaves the real numbers.
    """
    if not graph.structural:
        return forward(graph, {})[graph.output]
    shapes(graph, {})
    values = forward(graph, {})
    failure = failure_of_values(graph, values, {})
    if failure is not None:
        raise failure
    return values[graph.output]


_PASTED = str.maketrans("−–", "--")


def _finite(name: str, number: float, text: str) -> float:
    if number - number != 0:
        raise RequestError(
            f"the value of {name} is {printable(text, 60)}, and has to be a finite number"
        )
    return number


def matched(graph: Graph, values: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """The values, if they are exactly those that the graph's variables need.

    Raises:
        RequestError: one is missing, or one has no variable in the formula.
    """
    variables = graph.variables
    missing = [name for name in variables if name not in values]
    surplus = [name for name in values if name not in variables and name not in graph.unused]
    if missing:
        raise _missing(graph, missing, surplus)
    if surplus:
        if surplus[0] in graph.by_name:
            raise RequestError(f"{surplus[0]} gets its value in the formula, and has another here")
        known = [*graph.variables, *graph.unused]
        raise RequestError(
            f"the formula has no variable {printable(surplus[0], 60)}",
            hint=did_you_mean(surplus[0], known) or f"its variables: {_listed(known)}",
        )
    return {name: values[name] for name in variables}


def _missing(graph: Graph, missing: list[str], surplus: list[str]) -> RequestError:
    name = missing[0]
    others = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
    option = f"--{name} 1.5" if name.isascii() else f"--set {name}=1.5"
    hint = f"give it one, as in {' '.join([option])}"
    if name in FUNCTIONS:
        hint += f"; the function of that name is written {FUNCTIONS[name].signature}"
    if surplus:
        hint += f"; the formula has no variable {printable(surplus[0], 60)}"
    return RequestError(
        f"{printable(name, 60)} has no value{others}",
        source=graph.source,
        span=graph.span(graph.variables[name]),
        hint=hint,
    )


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    if not listed:
        return "none"
    return ", ".join(listed[:10]) + (", ..." if len(listed) > 10 else "")
