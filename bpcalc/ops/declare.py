"""How an operation is declared, once.

A declaration is the derivative rule, an ordinary function under `@elementwise`. Its name, its
parameters (the arity), its keyword-only options, its docstring and its body (the derivative) are
read off it; parser, table, checks, export, tests and docs derive from the resulting `Op`.

    @elementwise("exp", latex=r"e^{{{x}}}")
    def exp(y, x):
        "The exponential function, e to the power x."
        return y

A rule gets the output `y` and the inputs, and returns one local derivative per input. It is
written with operators and other ops only, so that the same lines run on floats, on arrays, on
the nodes of a graph and on SymPy's symbols. A literal `0` means: nothing flows here.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable
from typing import Any

from bpcalc.ops.domain import EVERYWHERE, Domain, Kink
from bpcalc.ops.op import FUNCTIONS, OPERATORS, TABLE, Forward, Op, Shape, Value


def elementwise(
    forward: Forward,
    *,
    meaning: Callable[..., Value] | None = None,
    textbook: Callable[..., Value] | None = None,
    symbol: str = "",
    text: str = "",
    sympy: str = "",
    latex: str = "",
    aliases: str = "",
    domain: Domain = EVERYWHERE,
    kink: Kink | tuple[Kink, ...] = (),
    switch: bool = False,
    used: Callable[..., tuple[bool, ...]] | None = None,
) -> Callable[[Callable[..., Value]], Op]:
    """Declare an operation that acts on each element by itself, by its derivative rule.

    `forward` is a name that `math` and NumPy 2 share, an operator, or a function over other ops.
    `text` and `latex` are templates over the parameters' names. The rest is described at `Op`.
    """

    def declare(rule: Callable[..., Value]) -> Op:
        op = _read_off(rule, 1, symbol, text, latex, aliases, domain, kink)
        op.forward = forward
        op.scalar = _scalar(forward)
        op.meaning = meaning
        op.textbook = textbook
        op.sympy = sympy or (forward if isinstance(forward, str) else "")
        op.switch = switch
        op.used = used
        return _entered(op)

    return declare


def structural(
    forward: Callable[..., Value],
    *,
    shape: Callable[..., Shape],
    meaning: Callable[..., Value] | None = None,
    symbol: str = "",
    text: str = "",
    latex: str = "",
    aliases: str = "",
    domain: Domain = EVERYWHERE,
    kink: Kink | tuple[Kink, ...] = (),
    positional: str = "",
    textbook: Callable[..., Value] | None = None,
    name: str = "",
    internal: bool = False,
    implicit: bool = False,
    apart: tuple[Callable[..., Value], ...] = (),
) -> Callable[[Callable[..., Value]], Op]:
    """Declare an operation that changes shapes or mixes elements, by its rule.

    The rule gets the upstream gradient, the output and the inputs, and returns one vector-Jacobian
    product per input. `forward` and `meaning` are functions of arrays; the meaning also of arrays
    of symbols. An input whose default is None may be left out. `apart` are the same products one
    by one, for operations without options.
    """

    def declare(rule: Callable[..., Value]) -> Op:
        op = _read_off(rule, 2, symbol, text, latex, aliases, domain, kink)
        op.least -= len(rule.__defaults__ or ())
        op.name = name or op.key
        op.internal = internal or implicit
        op.implicit = implicit
        op.apart = apart
        op.forward = forward
        op.scalar = _of_numbers(forward)
        op.meaning = meaning
        op.textbook = textbook
        op.positional = tuple(positional.split())
        op.shape = shape
        return _entered(op)

    return declare


def _read_off(
    rule: Callable[..., Value],
    before: int,
    symbol: str,
    text: str,
    latex: str,
    aliases: str,
    domain: Domain,
    kink: Kink | tuple[Kink, ...],
) -> Op:
    """What both kinds of declaration have in common, most of it read off the rule.

    `before` are the parameters of the rule that come before the inputs.
    """
    op = Op.__new__(Op)
    code = rule.__code__
    op.variadic = bool(code.co_flags & 0x04)  # the rule has *args
    star = code.co_argcount + code.co_kwonlyargcount
    op.parameters = code.co_varnames[before : code.co_argcount]
    if op.variadic:
        op.parameters = (code.co_varnames[star],)
    op.arity, op.least = (2, 1) if op.variadic else (len(op.parameters), len(op.parameters))
    op.options = op.defaults = dict(rule.__kwdefaults__ or {})
    op.positional = op.apart = ()
    op.shape = op.used = None
    op.name = op.key = rule.__name__.rstrip("_")
    op.internal = op.implicit = op.switch = False
    op.sympy = ""
    op.rule = rule
    op.symbol = op.written = symbol
    op.text = text or _operator_text(symbol, op.parameters)
    op.latex = latex or _plain_latex(op.name, op.parameters)
    op.doc = rule.__doc__ or ""
    op.family = rule.__module__.rpartition(".")[2]
    op.aliases = tuple(aliases.split())
    op.domain = domain
    op.kinks = kink if type(kink) is tuple else (kink,)  # type: ignore[assignment]
    return op


def _of_numbers(forward: Callable[..., Value]) -> Callable[..., Value]:
    """An array function for floats, which gives a float if it can."""

    def applied(*args: float, **options: Value) -> Value:
        found = forward(*args, **options)
        return found if getattr(found, "shape", ()) else float(found)

    return applied


def _operator_text(symbol: str, parameters: tuple[str, ...]) -> str:
    """`{a} + {b}`, `{a}*{b}`, `-{x}`, `not {x}`; empty for a function."""
    if not symbol:
        return ""
    if len(parameters) == 1:
        return (
            f"{symbol} {{{parameters[0]}}}" if symbol.isalpha() else f"{symbol}{{{parameters[0]}}}"
        )
    space = "" if symbol in ("*", "/") else " "
    return f"{{{parameters[0]}}}{space}{symbol}{space}{{{parameters[1]}}}"


def _plain_latex(name: str, parameters: tuple[str, ...]) -> str:
    """The template of a function without a notation of its own."""
    inputs = ", ".join(f"{{{parameter}}}" for parameter in parameters)
    escaped = name.replace("_", r"\_")
    return rf"\operatorname{{{{{escaped}}}}}\left({inputs}\right)"


def _entered(op: Op) -> Op:
    """The operation, in the tables by which formulas find it."""
    if op.options:
        op = op.with_options({})
    if op.key in TABLE:
        raise AssertionError(f"{op.key} is declared twice")
    TABLE[op.key] = op
    if op.internal:
        return op
    if op.symbol:
        OPERATORS[f"unary {op.symbol}" if op.symbol in OPERATORS else op.symbol] = op
        return op
    for name in (op.key, *op.aliases):
        FUNCTIONS[name] = op
    return op


def _scalar(forward: Forward) -> Callable[..., Any]:
    """The function for floats that belongs to a declared forward."""
    if isinstance(forward, str):
        return _MATH.get(forward) or getattr(math, forward)
    if forward.__module__ in ("_operator", "operator"):
        return _OPERATOR.get(forward, forward)

    def composed(*args: float, **options: float) -> float:
        return float(forward(*args, **options))

    return composed


_MATH: dict[str, Callable[..., float]] = {
    "abs": builtins.abs,
    "floor": lambda x: float(math.floor(x)),
    "ceil": lambda x: float(math.ceil(x)),
    "where": lambda c, a, b: a if c else b,
}
_OPERATOR: dict[Callable[..., Any], Callable[..., float]] = {
    operator.pow: math.pow,  # (-8.0) ** 0.5 would be complex
    operator.lt: lambda a, b: float(a < b),
    operator.le: lambda a, b: float(a <= b),
    operator.gt: lambda a, b: float(a > b),
    operator.ge: lambda a, b: float(a >= b),
    operator.eq: lambda a, b: float(a == b),
    operator.ne: lambda a, b: float(a != b),
}
