"""An operation in words and formulas: its declaration, run on names instead of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any, NamedTuple

from bpcalc.errors import RequestError, did_you_mean, printable
from bpcalc.ops import load_arrays
from bpcalc.ops.domain import EVERYWHERE, Kink
from bpcalc.ops.op import FUNCTIONS, OPERATORS, TABLE, Op, Shape, Value
from bpcalc.ops.terms import Term, said, term, text


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
    """By input: the local derivative as formula text, with `y` for the output; of an operation
    that mixes elements the vector-Jacobian product, with `g` for the gradient by the output."""
    domain: str
    kinks: tuple[Kink, ...]
    shapes: dict[str, Shape]
    """Of an operation on arrays: the shapes of the inputs for which the derivatives are given."""
    helpers: dict[str, str]
    """What stands in the derivatives and is no function of the language, and what it is."""


def entry(op: Op) -> Entry:
    """An operation as its declaration tells it."""
    signature = op.signature
    op, shapes = _example(op) if op.shape is not None else (op, None)
    names = _names(op)
    terms = [Term(name, shape=shape) for name, shape in zip(names, shapes or [()] * len(names))]
    options = {name: Term(name) for name in op.options} if shapes is None else dict(op.options)
    slopes = _slopes(op, terms, options)
    return Entry(
        op.name,
        signature,
        op.aliases,
        op.family,
        " ".join(op.doc.split()),
        _meaning(op, terms, options),
        dict(zip(names, map(text, slopes))),
        "" if op.domain is EVERYWHERE else op.domain.words,
        op.kinks,
        dict(zip(names, shapes)) if shapes is not None else {},
        {used.name: " ".join(used.doc.split()) for used in _internal(slopes)},
    )


def _internal(terms: Sequence[Term]) -> Iterator[Op]:
    """The operations in some terms that only rules use."""
    for found in terms:
        if found.op is not None:
            if found.op.internal and not found.op.text:
                yield found.op
            yield from _internal(found.args)


def _slopes(op: Op, terms: Sequence[Term], options: Mapping[str, Any]) -> list[Term]:
    """The rule as terms: local derivatives, or of a structural operation its products with g."""
    rule = op.rule.func if isinstance(op.rule, partial) else op.rule
    if op.shape is None:
        found = rule(Term("y"), *terms, **options)
    else:
        shape = op.shape(*[term.shape for term in terms], **options)
        rule = op.textbook or rule
        found = rule(Term("g", shape=shape), Term("y", shape=shape), *terms, **options)
    return [said(term(slope)) for slope in (found if isinstance(found, tuple) else (found,))]


_SHAPES: tuple[Shape, ...] = ((2, 3), (3, 2), (3, 3), (3,), (2,), (4, 4), ())
"""Shapes that operations are shown with."""

_OPTIONS: dict[str, Value] = {"size": 2, "shape": (3, 2)}
"""Options that they are shown with, where they have to be given."""


def _example(op: Op) -> tuple[Op, tuple[Shape, ...]]:
    """The operation, if need be with options, and shapes of inputs that it takes."""
    assert op.shape is not None
    needed = {name: value for name, value in _OPTIONS.items() if name in op.options}
    op = op.with_options(needed) if needed else op
    for shapes in product(_SHAPES, repeat=len(_names(op))):
        try:
            op.shape(*shapes, **op.options)  # type: ignore[misc]
        except ValueError:
            continue
        return op, shapes
    raise AssertionError(f"no example of shapes fits {op.name}")


def _names(op: Op) -> Sequence[str]:
    """The names of its inputs; of a variadic operation, two."""
    return ("a", "b") if op.variadic else op.parameters


def _meaning(op: Op, terms: Sequence[Term], options: Mapping[str, Any]) -> str:
    found = meaning(op, terms, options)
    return "" if found is None else text(said(found))


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
    if op.shape is not None and op.family not in _MADE_OF_OTHERS:
        return None  # NumPy's functions, on arrays of symbols too
    found = term(formula(*terms, **options))
    return None if text(found) == op.signature else found


_MADE_OF_OTHERS = ("losses",)
"""The families of operations on arrays whose meaning is a formula over other operations."""


def called(op: Op) -> Term:
    """An operation on names: `sigmoid(x)`."""
    return Term(op=op, args=tuple(input_names(op)))


def input_names(op: Op) -> list[Term]:
    """The names of its inputs; of a variadic operation, two."""
    return [Term(name) for name in _names(op)]


SCAN = Entry(
    "scan",
    "scan(f, h0, xs)",
    (),
    "networks",
    "A recurrence: f(h, x) gives the next h, from h0 on, for each x along the first axis of xs; "
    "the states, stacked. It is written out step by step, in nodes called h[0], h[1], ...",
    "",
    {},
    "",
    (),
    {},
    {},
)
"""It takes a function, and so is no operation of the table."""


def entries() -> list[Entry]:
    """All operations, in the order of their families."""
    load_arrays()
    return [*[entry(op) for op in TABLE.values() if not op.internal], SCAN]


def described(name: str) -> Entry:
    """What there is to tell of a name, an alias or a symbol.

    Raises:
        RequestError: there is no such operation.
    """
    return SCAN if name == SCAN.name else entry(find(name))


def find(name: str) -> Op:
    """The operation that a formula writes like this: a name, an alias or a symbol.

    Raises:
        RequestError: there is none.
    """
    load_arrays()
    op = FUNCTIONS.get(name) or OPERATORS.get(name) or TABLE.get(name)
    if op is None:
        hint = did_you_mean(name, [*FUNCTIONS, *TABLE])
        raise RequestError(
            f"there is no function {printable(name, 60)}", hint=hint or "bpcalc ops lists them all"
        )
    return op
