"""An operation in words and formulas: its declaration, run on names instead of numbers."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from bpcalc.errors import RequestError, did_you_mean, printable
from bpcalc.ops.domain import EVERYWHERE, Kink
from bpcalc.ops.op import FUNCTIONS, OPERATORS, TABLE, Op, Value, register_kind

_LOOSE, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(6)


class Term:
    """Formula text that can be computed with: `Term("y") * Term("x")` is `y*x`."""

    __slots__ = ("binding", "text")

    def __init__(self, text: str, binding: int = _ATOM) -> None:
        self.text = text
        self.binding = binding
        """How tightly its outermost operator binds."""

    def _within(self, binding: int) -> str:
        return self.text if self.binding >= binding else f"({self.text})"

    def __add__(self, other: Value) -> Term:
        return _infix(self, " + ", other, _SUM)

    def __radd__(self, other: Value) -> Term:
        return self if other == 0 else _infix(other, " + ", self, _SUM)

    def __sub__(self, other: Value) -> Term:
        return _infix(self, " - ", other, _SUM)

    def __rsub__(self, other: Value) -> Term:
        return _infix(other, " - ", self, _SUM)

    def __mul__(self, other: Value) -> Term:
        return _infix(self, "*", other, _PRODUCT)

    def __rmul__(self, other: Value) -> Term:
        return _infix(other, "*", self, _PRODUCT)

    def __truediv__(self, other: Value) -> Term:
        return _infix(self, "/", other, _PRODUCT)

    def __rtruediv__(self, other: Value) -> Term:
        return _infix(other, "/", self, _PRODUCT)

    def __pow__(self, other: Value) -> Term:
        return Term(f"{self._within(_ATOM)}^{term(other)._within(_POWER)}", _POWER)

    def __neg__(self) -> Term:
        return Term(f"-{self._within(_PRODUCT)}", _SIGN)

    def __lt__(self, other: Value) -> Term:
        return _infix(self, " < ", other, _LOOSE)

    def __le__(self, other: Value) -> Term:
        return _infix(self, " <= ", other, _LOOSE)

    def __gt__(self, other: Value) -> Term:
        return _infix(self, " > ", other, _LOOSE)

    def __ge__(self, other: Value) -> Term:
        return _infix(self, " >= ", other, _LOOSE)


def term(value: Value) -> Term:
    """A name stays what it is; a number becomes its text."""
    if isinstance(value, Term):
        return value
    text = getattr(value, "text", None) or f"{value:.17g}"
    return Term(text, _SUM if text[0] == "-" else _ATOM)


def _infix(a: Value, sign: str, b: Value, binding: int) -> Term:
    left, right = term(a), term(b)
    return Term(f"{left._within(binding)}{sign}{right._within(binding + 1)}", binding)


def _apply(op: Op, args: tuple[Value, ...]) -> Term:
    terms = [term(arg) for arg in args]
    options = {name: term(value) for name, value in op.options.items()}
    if op.text:
        parts = dict(zip((*op.parameters, *options), (*terms, *options.values())))
        filled = op.text.format(**{name: part._within(_ATOM) for name, part in parts.items()})
        return Term(filled, _POWER if "^" in op.text else _LOOSE)
    given = [f"{k}={v.text}" for k, v in options.items() if op.options[k] is not op.defaults[k]]
    return Term(f"{op.name}({', '.join([*(t.text for t in terms), *given])})")


register_kind(Term, _apply)


class Entry(NamedTuple):
    """What `bpcalc ops NAME` tells."""

    name: str
    signature: str
    aliases: tuple[str, ...]
    family: str
    doc: str
    meaning: str
    """The textbook formula, where the operation is made of others; else empty."""
    derivatives: dict[str, str]
    """By input: the local derivative as formula text, with `y` for the output."""
    domain: str
    kinks: tuple[Kink, ...]


def entry(op: Op) -> Entry:
    """An operation as its declaration tells it."""
    inputs = ("a", "b") if op.variadic else op.parameters
    terms = [Term(name) for name in inputs]
    options = {name: Term(name) for name in op.options}
    rule = op.rule.func if isinstance(op.rule, partial) else op.rule
    found = rule(Term("y"), *terms, **options)
    slopes = found if isinstance(found, tuple) else (found,)
    return Entry(
        op.name,
        op.signature,
        op.aliases,
        op.family,
        " ".join(op.doc.split()),
        _meaning(op, terms, options),
        {name: term(slope).text for name, slope in zip(inputs, slopes)},
        "" if op.domain is EVERYWHERE else op.domain.words,
        op.kinks,
    )


def _meaning(op: Op, terms: list[Term], options: dict[str, Any]) -> str:
    formula = op.meaning or (op.forward if callable(op.forward) and not op.primitive else None)
    if formula is None or op.sympy:  # a library's function, or one that approximates it
        return ""
    text = term(formula(*terms, **options)).text
    return "" if text == op.signature else text


def entries() -> list[Entry]:
    """All operations, in the order of their families."""
    return [entry(op) for op in TABLE.values()]


def find(name: str) -> Op:
    """The operation that a formula writes like this: a name, an alias or a symbol.

    Raises:
        RequestError: there is none.
    """
    op = FUNCTIONS.get(name) or OPERATORS.get(name) or TABLE.get(name)
    if op is None:
        hint = did_you_mean(name, [*FUNCTIONS, *TABLE])
        raise RequestError(
            f"there is no function {printable(name, 60)}", hint=hint or "bpcalc ops lists them all"
        )
    return op
