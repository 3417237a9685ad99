"""An operation in words and formulas: its declaration, run on names instead of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from bpcalc.errors import RequestError, did_you_mean, printable
from bpcalc.ops.domain import EVERYWHERE, Kink
from bpcalc.ops.op import FUNCTIONS, OPERATORS, TABLE, Op
from bpcalc.ops.terms import Term, term, text


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
    terms = input_names(op)
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
        {name: text(term(slope)) for name, slope in zip(map(text, terms), slopes)},
        "" if op.domain is EVERYWHERE else op.domain.words,
        op.kinks,
    )


def _meaning(op: Op, terms: list[Term], options: dict[str, Any]) -> str:
    found = meaning(op, terms, options)
    return "" if found is None else text(found)


def meaning(
    op: Op, terms: Sequence[Term] | None = None, options: Mapping[str, Any] | None = None
) -> Term | None:
    """The textbook formula of an operation that is made of others; of others there is none.

    It stands for the inputs given, by default for names, and for the options of the operation.
    """
    terms = input_names(op) if terms is None else terms
    options = op.options if options is None else options
    formula = op.meaning or (op.forward if callable(op.forward) and not op.primitive else None)
    if formula is None or op.sympy:  # a library's function, or one that approximates it
        return None
    found = term(formula(*terms, **options))
    return None if text(found) == op.signature else found


def called(op: Op) -> Term:
    """An operation on names: `sigmoid(x)`."""
    return Term(op=op, args=tuple(input_names(op)))


def input_names(op: Op) -> list[Term]:
    """The names of its inputs; of a variadic operation, two."""
    return [Term(name) for name in (("a", "b") if op.variadic else op.parameters)]


def entries() -> list[Entry]:
    """All operations, in the order of their families."""
    return [entry(op) for op in TABLE.values() if not op.internal]


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
