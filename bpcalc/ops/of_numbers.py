"""An operation for arrays, on numbers -> what it is there, from elementwise operations alone.

>>> from bpcalc.ops.losses import half_sse
>>> from bpcalc.ops.terms import text
>>> a, b = Term("a"), Term("b")
>>> text(meaning(half_sse, [a, b]))
'(a - b)^2/2'
>>> [text(local) for local in locals_of(half_sse, Term("y"), [a, b])]
['a - b', '-(a - b)']
"""

from __future__ import annotations

from collections.abc import Sequence

from bpcalc.ops.op import OF_ONE, Op, Value
from bpcalc.ops.terms import Term, term


class OnlyOfArrays(Exception):  # noqa: N818  (it says what an operation is, and is always caught)
    """An operation cannot be told in elementwise ones."""


def meaning(op: Op, args: Sequence[Term]) -> Term:
    """The textbook formula.

    Raises:
        OnlyOfArrays: it needs more than elementwise operations.
    """
    function = op.meaning or op.forward
    assert callable(function)
    try:
        return _plain(function(*args, **op.options))
    except (TypeError, ValueError, IndexError, ArithmeticError, RecursionError):
        raise OnlyOfArrays(op.name) from None


def locals_of(op: Op, y: Term, args: Sequence[Term]) -> tuple[Value, ...]:
    """The derivative by each input: what the rule gives from an upstream gradient of 1.

    Raises:
        OnlyOfArrays: as of `meaning`.
    """
    if meaning(op, args) is args[0]:  # max, prod or mean of a single number
        return (1,)
    found = op.rule(Term(1), y, *args, **op.options)
    products = found if isinstance(found, tuple) else (found,)
    return tuple(0 if type(each) is int and each == 0 else _plain(each) for each in products)


def _plain(value: Value) -> Term:
    """Without sums over one element, and without factors of 1 and summands of 0."""
    if getattr(value, "dtype", None) is not None:
        value = value.item()
    found = term(value)
    if found.op is None:
        return found
    op, args = found.op, [_plain(arg) for arg in found.args]
    if op.key in OF_ONE:
        return args[0]
    if op.shape is not None:
        raise OnlyOfArrays(op.name)
    return _without_unit(op, args) or Term(op=op, args=tuple(args))


def _without_unit(op: Op, args: list[Term]) -> Term | None:
    if op.key == "mul" and any(_is(arg, 0) for arg in args):
        return Term(0)
    unit = {"mul": 1, "div": 1, "add": 0, "sub": 0}.get(op.key)
    if unit is None:
        return None
    if _is(args[1], unit):
        return args[0]
    return args[1] if op.key in ("mul", "add") and _is(args[0], unit) else None


def _is(found: Term, number: float) -> bool:
    return found.op is None and not isinstance(found.leaf, str) and found.leaf == number
