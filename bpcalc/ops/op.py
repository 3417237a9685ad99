"""An operation: everything about it under one name, and how to compute it on any kind of value.

How operations are declared stands in declare.py; the declarations are in the families beside it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from functools import partial
from threading import local
from typing import Any, TypeAlias

from bpcalc.ops.constants import Constant
from bpcalc.ops.domain import Domain, Kink
from bpcalc.ops.memory import any_large, into_room

Value: TypeAlias = Any
"""What a rule runs on: a float, a NumPy array, a `Ref` to a graph's node, a SymPy expression."""

Shape: TypeAlias = tuple[int, ...]

Forward: TypeAlias = "str | Callable[..., Value]"

FLOATS = frozenset({float, int, bool, Constant})
MATH_RAISES = (ValueError, OverflowError, ZeroDivisionError)

TABLE: dict[str, Op] = {}
"""Every operation by its name, in the order of declaration."""

FUNCTIONS: dict[str, Op] = {}
"""What can stand before a bracket in a formula: names and aliases."""

OPERATORS: dict[str, Op] = {}
"""Operators by symbol; a prefix one whose symbol is also an infix one is `unary -`."""

OF_ONE = frozenset({"sum", "mean", "prod", "spread"})
"""Keys of operations for arrays that of one number give that number."""

_MOST_VARIANTS = 1000
_variants: dict[tuple[str, tuple[tuple[str, Value], ...]], Op] = {}

_kinds: list[tuple[type, Callable[[Op, tuple[Value, ...]], Value]]] = []
_arrays: set[type] = set()
"""Types of arrays that have been met: looking at all kinds takes longer than a small operation."""


class Op:
    """An entry of the language's table. Calling it computes it, on any kind of value."""

    __slots__ = (
        "aliases",
        "apart",
        "arity",
        "defaults",
        "doc",
        "domain",
        "family",
        "forward",
        "implicit",
        "internal",
        "key",
        "kinks",
        "latex",
        "least",
        "meaning",
        "name",
        "options",
        "parameters",
        "positional",
        "rule",
        "scalar",
        "shape",
        "switch",
        "symbol",
        "sympy",
        "text",
        "textbook",
        "used",
        "variadic",
        "written",
    )

    name: str
    """What it is called in a formula, in JSON and in messages."""
    key: str
    """Under which TABLE has it: the name, but for two operations of the same name."""
    internal: bool
    """Whether only rules use it, and no formula."""
    implicit: bool
    """Whether mathematics leaves it unsaid: broadcasting, a vector seen as a matrix."""
    parameters: tuple[str, ...]
    """The names of the inputs; of a variadic op, the name they share."""
    variadic: bool
    arity: int
    """How many inputs at most; of a variadic op how many it usually has."""
    least: int
    """How many of them there have to be."""
    positional: tuple[str, ...]
    """The options that a call may also give without their names, behind the inputs."""
    shape: Callable[..., Shape] | None
    """(*shapes of the inputs, **options) -> the shape of the output; None for an elementwise op.

    A structural op has one: its rule gets the upstream gradient first, and returns one
    vector-Jacobian product per input instead of one local derivative.
    """
    options: Mapping[str, float]
    """The keyword options with their values."""
    defaults: Mapping[str, float]
    """The keyword options with the values that they have where a formula gives none."""
    rule: Callable[..., Value]
    """(output, *inputs) -> the local derivative of each input."""
    apart: tuple[Callable[..., Value], ...]
    """The rule of each input by itself, where they share no work: one that nobody wants can be
    left out. Empty where that is not told."""
    scalar: Callable[..., Any]
    """The forward value for floats; may raise one of MATH_RAISES."""
    forward: Forward
    """As declared: a name that `math` and NumPy share, an operator, or a function over ops."""
    meaning: Callable[..., Value] | None
    """The textbook formula, where the forward is an accurate rewriting of it."""
    textbook: Callable[..., Value] | None
    """The rule as textbooks print it, y * (1 - y), where the rule itself is an accurate rewriting
    of it. It is only shown, and only where it gives the same number."""
    sympy: str
    """SymPy's name for it, where that differs."""
    symbol: str
    text: str
    """The template of its formula text; empty where that is a call, `name(inputs)`."""
    latex: str
    doc: str
    family: str
    aliases: tuple[str, ...]
    domain: Domain
    kinks: tuple[Kink, ...]
    switch: bool
    """Whether it gives 1 or 0 for true or false."""
    written: str
    """The sign by which a formula wrote it, where that matters: `·` is no sign between arrays."""
    used: Callable[..., tuple[bool, ...]] | None
    """Which inputs the value depends on, where that is decided by the values (`where`)."""

    def __call__(self, *args: Value, **options: Value) -> Value:
        op = self._variant(options) if options else self
        for arg in args:
            if type(arg) not in FLOATS:
                return op._of_other_kind(args)
        try:
            return op.scalar(*args)
        except MATH_RAISES:
            return op.asked_of_numpy(args)

    def _of_other_kind(self, args: tuple[Value, ...]) -> Value:
        for arg in args:
            if type(arg) not in FLOATS and (type(arg) not in _arrays or arg.dtype.hasobject):
                return self._of_rare_kind(args)
        return self.by_numpy(args)

    def _of_rare_kind(self, args: tuple[Value, ...]) -> Value:
        for kind, apply in _kinds:
            if any(isinstance(arg, kind) for arg in args):
                return apply(self, args)
        if any(hasattr(arg, "dtype") and arg.dtype.hasobject for arg in args):
            return self.of_objects(args)
        _arrays.update(type(arg) for arg in args if hasattr(arg, "dtype"))
        return self.by_numpy(args)

    def of_objects(self, args: tuple[Value, ...]) -> Value:
        """What it means on arrays of other kinds: of nodes, of terms, of mpmath's numbers."""
        import numpy

        if self.shape is None:
            found = numpy.frompyfunc(self, len(args), 1)(*args)
        else:
            function = self.meaning or self.forward
            assert callable(function)
            found = function(*args, **self.options)
        return found.item() if getattr(found, "shape", None) == () else found

    def _variant(self, options: Mapping[str, float]) -> Op:
        """`with_options` for rules, which ask for the same options again and again."""
        key = self.key, tuple(options.items())
        if key not in _variants:
            if len(_variants) >= _MOST_VARIANTS:
                _variants.clear()
            _variants[key] = self.with_options(options)
        return _variants[key]

    def with_options(self, options: Mapping[str, Value]) -> Op:
        """The same operation with its options set: `huber` with delta = 2."""
        bound = Op.__new__(Op)
        for slot in Op.__slots__:
            setattr(bound, slot, getattr(self, slot))
        bound.options = {**self.options, **options}
        for function in ("rule", "scalar"):
            inner = getattr(self, function)
            inner = inner.func if isinstance(inner, partial) else inner
            setattr(bound, function, partial(inner, **bound.options))
        return bound

    def spelled(self, sign: str) -> Op:
        """The same operation, written with another sign."""
        same = Op.__new__(Op)
        for slot in Op.__slots__:
            setattr(same, slot, getattr(self, slot))
        same.written = sign
        return same

    def by_numpy(self, args: tuple[Value, ...]) -> Value:
        """The forward value for NumPy's numbers and arrays."""
        return quietly(self._by_numpy, args)

    def _by_numpy(self, args: tuple[Value, ...]) -> Value:
        import numpy

        function, options = self.forward, self.options
        if isinstance(function, str):
            function = getattr(numpy, function, None)  # type: ignore[assignment]
            if function is None:  # of our list NumPy lacks erf, erfc, gamma and lgamma
                function = numpy.vectorize(_nan_where_undefined(self.scalar), otypes=[float])
        if any_large(args):
            value = _of_large(function, args, options)
        else:
            value = function(*args, **options)  # type: ignore[operator]
        if self.switch:
            return value * 1.0  # exp of an array of True is a float16
        return float(value) if self.shape is not None and not getattr(value, "shape", ()) else value

    def asked_of_numpy(self, args: tuple[float, ...]) -> float:
        """The value where `math` raises (exp(1000), log(0)): inf or NaN, as NumPy has it."""
        import numpy

        return float(self.by_numpy(tuple(numpy.float64(arg) for arg in args)))

    @property
    def primitive(self) -> bool:
        """Whether the forward is a library's function or operator, not a formula over ops."""
        return isinstance(self.forward, str) or self.forward.__module__ in ("_operator", "operator")

    @property
    def signature(self) -> str:
        """How a formula writes it: `huber(a, b, delta=1)`, `a + b`."""
        if self.text:
            names = (*self.parameters, *self.options)
            return self.text.format(**dict(zip(names, names)))
        arguments = ["a", "b", "..."] if self.variadic else list(self.parameters)
        arguments += [
            f"{name}=..." if value is None else f"{name}={value:g}"
            for name, value in self.options.items()
        ]
        return f"{self.name}({', '.join(arguments)})"

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> tuple[Callable[..., Op], tuple[str, dict[str, float]]]:
        return _restored, (self.key, dict(self.options))


def _restored(key: str, options: dict[str, float]) -> Op:
    if key not in TABLE:
        from bpcalc.ops import load_arrays

        load_arrays()
    return TABLE[key].with_options(options) if options else TABLE[key]


def register_kind(kind: type, apply: Callable[[Op, tuple[Value, ...]], Value]) -> None:
    """Let ops be called on another kind of value: `apply(op, args)` computes the result."""
    if all(known is not kind for known, _ in _kinds):
        _kinds.append((kind, apply))


class _Thread(local):
    quiet = False


_thread = _Thread()


def quietly(function: Callable[..., Value], *args: Value) -> Value:
    """What a function gives, without NumPy's warnings: an inf or a NaN says it by itself.

    A pass over a graph enters numpy.errstate once, and not in every operation (1 to 3
    microseconds each, as long as an operation on small arrays). Not to be left open: no `yield`
    inside.
    """
    if _thread.quiet:
        return function(*args)
    import numpy

    with numpy.errstate(all="ignore"):
        _thread.quiet = True
        try:
            return function(*args)
        finally:
            _thread.quiet = False


def _of_large(function: Any, args: tuple[Value, ...], options: Mapping[str, float]) -> Value:
    """The forward value for large arrays: by a function of NumPy's that can reuse memory."""
    import numpy

    if function is operator.pow and type(args[1]) in FLOATS and args[1] == 2:
        function, args = numpy.square, args[:1]
    elif function in _UFUNCS:
        function = getattr(numpy, _UFUNCS[function])
    if isinstance(function, numpy.ufunc):
        return into_room(function, *args)
    return function(*args, **options)


_UFUNCS = {
    operator.add: "add",
    operator.sub: "subtract",
    operator.mul: "multiply",
    operator.truediv: "divide",
    operator.neg: "negative",
}


def _nan_where_undefined(function: Callable[..., float]) -> Callable[..., float]:
    def guarded(*args: float) -> float:
        try:
            return function(*args)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return guarded
