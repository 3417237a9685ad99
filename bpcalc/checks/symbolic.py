"""What SymPy says: the meaning of an operation, its derivatives, and those of a whole formula.

The meaning of an operation is its textbook formula; SymPy differentiates that, and never sees the
rule. `compiled` turns meaning and derivatives into functions for mpmath's numbers, which the
50-digit reference computes with. No text of a formula reaches SymPy's parser: symbols and numbers
are built one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import mpmath
import sympy
from sympy.core.sympify import converter as sympify_converter

from bpcalc.formula import parse
from bpcalc.graph import Graph
from bpcalc.ops.constants import Constant
from bpcalc.ops.op import Op, Value, register_kind

Expression: TypeAlias = Any
"""A SymPy expression (SymPy has no types)."""

MpNumber: TypeAlias = Any
"""An mpmath number."""

READABLE_NODES = 120
READABLE_SIZE = 150
"""A formula up to this size is differentiated as a whole, and a derivative up to it is printed."""

_AWKWARD = 6
"""So many case distinctions and absolute values are simplified in a fraction of a second."""

_DECIMAL = re.compile(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?")


class TooLarge(Exception):  # noqa: N818  (it is raised to say how a formula is, and always caught)
    """SymPy would compute an exact number of astronomic size."""


def meaning(op: Op) -> tuple[list[Expression], Expression]:
    """An operation's textbook formula, and the symbols for its inputs (two if it is variadic)."""
    symbols = [sympy.Symbol(name, real=True) for name in _input_names(op)]
    return symbols, number(apply(op, tuple(symbols)))


def apply(op: Op, args: tuple[Value, ...]) -> Expression:
    """An operation on SymPy expressions: its meaning."""
    args = tuple(sympy.sympify(arg) for arg in args)
    if op.sympy != "where":  # which takes a condition as it is
        args = tuple(number(arg) for arg in args)
    if op.meaning is not None:
        return op.meaning(*args, **op.options)
    if op.sympy:
        function = _ADAPTED.get(op.sympy) or getattr(sympy, op.sympy)
        return function(*args, **op.options)
    assert callable(op.forward)
    return op.forward(*args, **op.options)


def number(expression: Expression) -> Expression:
    """A condition as 1 or 0; anything else as it is."""
    expression = sympy.sympify(expression)
    if _is_condition(expression):
        return sympy.Piecewise((1, expression), (0, True))
    return expression


def _is_condition(expression: Expression) -> bool:
    return isinstance(expression, sympy.logic.boolalg.Boolean) and not expression.is_Symbol


def _where(c: Expression, a: Expression, b: Expression) -> Expression:
    condition = c if _is_condition(c) else sympy.Ne(c, 0)
    return sympy.Piecewise((number(a), condition), (number(b), True))


def _real_cube_root(x: Expression) -> Expression:
    third = sympy.Rational(1, 3)
    return sympy.Piecewise((x**third, x >= 0), (-((-x) ** third), True))


def _power(a: Expression, b: Expression) -> Expression:
    if a.is_number and b.is_number and abs(sympy.Float(b, 15)) > 1000:
        raise TooLarge
    return a**b


def _gamma(x: Expression) -> Expression:
    if x.is_number and abs(sympy.Float(x, 15)) > 1000:
        raise TooLarge
    return sympy.gamma(x)


_ADAPTED: dict[str, Callable[..., Expression]] = {
    "where": _where,
    "real_cbrt": _real_cube_root,
    "Pow": _power,
    "gamma": _gamma,
    "polygamma": lambda x, *, order: sympy.polygamma(sympy.sympify(order), x),
}
"""Names that declarations use for what SymPy has in another form, or computes without end."""


def exact(constant: Constant) -> Expression:
    """A number as SymPy's exact one: the decimal as typed, or what the formula text means."""
    text = constant.text
    if _DECIMAL.fullmatch(text):
        return sympy.Rational(text)
    if text in _NAMED:
        return _NAMED[text]
    graph = parse(text)
    return formula(graph)


_NAMED = {"pi": sympy.pi, "e": sympy.E, "tau": 2 * sympy.pi}

sympify_converter[Constant] = exact
register_kind(sympy.Basic, apply)


def derivatives(op: Op) -> list[Expression]:
    """SymPy's derivative of an operation's meaning, with respect to each input."""
    symbols, expression = meaning(op)
    return [_derivative(expression, symbol) for symbol in symbols]


def _derivative(expression: Expression, symbol: Expression) -> Expression:
    """The derivative, away from jumps: there SymPy writes Dirac's delta, which is 0 elsewhere."""
    found = sympy.diff(expression, symbol)
    if found.has(sympy.DiracDelta):
        found = found.replace(sympy.DiracDelta, lambda *_: sympy.Integer(0))
    if found.has(sympy.Heaviside):  # of Max and Min
        found = found.replace(sympy.Heaviside, lambda x, *_: number(x > 0))
    if found.has(sympy.Derivative, sympy.Subs):  # of floor and ceiling
        found = found.replace(
            lambda e: isinstance(e, (sympy.Derivative, sympy.Subs)), lambda _: sympy.Integer(0)
        )
    return sympy.sympify(found)


def _polygamma(order: MpNumber, x: MpNumber) -> MpNumber:
    """Mpmath's psi, but not where it takes a step for every whole number down to x."""
    if x < -1000 or not 0 <= order <= 100:
        raise ValueError("too many steps")
    return mpmath.psi(int(order), x)


MODULES = [{"polygamma": _polygamma}, "mpmath"]


@lru_cache(maxsize=512)
def compiled(op: Op) -> Callable[..., list[MpNumber]]:
    """A function (inputs, options) -> [value, derivative by the first input, ...] for mpmath.

    Of a variadic op: the function of two inputs.
    """
    options = {name: sympy.Symbol(f"_{name}_", real=True) for name in op.options}
    symbols, expressions = _value_and_derivatives(op.with_options(options) if options else op)
    return sympy.lambdify(  # type: ignore[no-any-return]
        [*symbols, *options.values()], expressions, MODULES, cse=True
    )


@lru_cache(maxsize=512)
def separately(op: Op) -> list[Callable[..., MpNumber]]:
    """The same as one function each, its options put in, where one of them cannot be computed."""
    symbols, expressions = _value_and_derivatives(op)
    return [sympy.lambdify(symbols, expression, MODULES) for expression in expressions]


@lru_cache(maxsize=512)
def valued(op: Op) -> Callable[..., MpNumber]:
    """A function inputs -> value for mpmath, its options put in.

    Of a variadic op: the function of two inputs.
    """
    symbols, expression = meaning(op)
    slots = [sympy.Symbol(f"_{symbol.name}", real=True) for symbol in symbols]
    found = expression.xreplace(dict(zip(symbols, slots)))
    return sympy.lambdify(slots, found, MODULES)  # type: ignore[no-any-return]


def _value_and_derivatives(op: Op) -> tuple[list[Expression], list[Expression]]:
    symbols = [sympy.Symbol(f"_{name}", real=True) for name in _input_names(op)]
    expression = number(apply(op, tuple(symbols)))
    found = [_derivative(expression, symbol) for symbol in symbols]
    if any(power.exp.free_symbols for power in expression.atoms(sympy.Pow)):
        # a**b * b / a is 0 / 0 at a = 0, a**(b - 1) * b is not
        found = [sympy.powsimp(derivative, combine="exp") for derivative in found]
    return symbols, [expression, *found]


class Shape(NamedTuple):
    """How the size of an operation's SymPy expression depends on that of its inputs."""

    own: int
    uses: tuple[int, ...]
    """How often each input stands in it."""
    awkward: bool
    """Whether SymPy spends exponential time on simplifying it inside others of its kind."""


@lru_cache(maxsize=512)
def shape(op: Op) -> Shape:
    """The shape of an operation's meaning; of a variadic one with two inputs."""
    symbols = [sympy.Symbol(name, real=True) for name in _input_names(op)]
    expression = number(apply(op, tuple(symbols)))
    parts = list(sympy.preorder_traversal(expression))
    uses = tuple(sum(part == symbol for part in parts) for symbol in symbols)
    kinds = (sympy.Piecewise, sympy.Abs, sympy.sign, sympy.floor, sympy.ceiling)
    return Shape(len(parts), uses, expression.has(*kinds))


def _input_names(op: Op) -> tuple[str, ...]:
    return ("a", "b") if op.variadic else op.parameters


def formula(graph: Graph) -> Expression:
    """The whole formula as one SymPy expression.

    Raises:
        TooLarge: a person could not read it, or SymPy would not end.
    """
    if len(graph) > READABLE_NODES:
        raise TooLarge
    known: list[Expression] = []
    for leaf in graph.leaves:
        constant: Any = leaf.constant  # a number: formulas with arrays do not come here
        if constant is not None:
            known.append(exact(constant))
        else:
            known.append(sympy.Symbol(leaf.name, real=True))
    _refuse_large(graph)
    for _, op, inputs in graph.operations:
        known.append(apply(op, tuple(known[i] for i in inputs)))
    return number(known[graph.output])


def _refuse_large(graph: Graph) -> None:
    """Measure the expression before SymPy builds it."""
    sizes = [1] * len(graph.leaves)
    awkward = 0
    for _, op, inputs in graph.operations:
        own, uses, is_awkward = shape(op)
        uses = uses[:1] * len(inputs) if op.variadic else uses
        sizes.append(own + sum(n * sizes[i] for n, i in zip(uses, inputs)))
        awkward += (len(inputs) - 1 if op.variadic else 1) * is_awkward
        if sizes[-1] > 2 * READABLE_SIZE or awkward > _AWKWARD:
            raise TooLarge


_NOT_NUMBERS = (sympy.zoo, sympy.nan, sympy.oo, -sympy.oo)


def formula_derivatives(graph: Graph, wrt: Sequence[str]) -> dict[str, Expression]:
    """SymPy's derivative of the whole formula, by each of these variables.

    Raises:
        TooLarge: a person could not read it, or SymPy would not end.
    """
    whole = formula(graph)
    found = {name: _derivative(whole, sympy.Symbol(name, real=True)) for name in wrt}
    if whole.has(*_NOT_NUMBERS) or any(slope.has(*_NOT_NUMBERS) for slope in found.values()):
        raise TooLarge
    return found


def size(expression: Expression, limit: int) -> int:
    """How many operations, numbers and names are in it, counted up to `limit`."""
    return sum(1 for _ in zip(range(limit), sympy.preorder_traversal(expression)))


__all__ = [
    "TooLarge",
    "apply",
    "compiled",
    "derivatives",
    "exact",
    "formula",
    "formula_derivatives",
    "meaning",
    "separately",
    "size",
    "valued",
]
