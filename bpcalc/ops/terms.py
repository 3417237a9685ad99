"""Expressions that rules can be run on, as trees: names, nodes and numbers, and ops on them.

A rule is written with operators and other ops. Run on terms instead of numbers it gives its own
formula, which `text` writes here, and LaTeX and MathML elsewhere:

    >>> from bpcalc.ops import TABLE
    >>> text(TABLE["silu"].rule(Term("y"), Term("x")))
    'sigmoid(x)*(1 + x*sigmoid(-x))'
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from bpcalc.graph.text import option_text
from bpcalc.ops.op import OPERATORS, Op, Shape, Value, register_kind
from bpcalc.ops.shapes import broadcast

LOOSE, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)
"""How tightly the outermost operator of a text binds."""


class NodeLeaf(NamedTuple):
    """A node of a graph; what stands for it, its name or its value, the writer is told.

    ~node stands for the gradient that has arrived at the node.
    """

    node: int


Leaf: TypeAlias = "str | NodeLeaf | float"


class Term:
    """A name, a node or a number; or an op on other terms."""

    __slots__ = ("args", "leaf", "op", "shape")

    def __init__(
        self,
        leaf: Leaf = "",
        op: Op | None = None,
        args: tuple[Term, ...] = (),
        shape: Shape = (),
    ) -> None:
        self.leaf = leaf
        self.op = op
        """None for a leaf."""
        self.args = args
        self.shape = shape if op is None else _shape(op, args)
        """For rules that look at shapes, and for what is written otherwise between arrays."""

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __getitem__(self, key: Any) -> Term:
        parts = key if isinstance(key, tuple) else (key,)
        plain = tuple((p.start, p.stop, p.step) if isinstance(p, slice) else p for p in parts)
        return OPERATORS["[]"](self, key=plain)  # type: ignore[no-any-return]

    def __add__(self, other: Value) -> Term:
        return _infix("+", self, other)

    def __radd__(self, other: Value) -> Term:
        return self if other == 0 else _infix("+", other, self)  # sum() starts from 0

    def __sub__(self, other: Value) -> Term:
        return _infix("-", self, other)

    def __rsub__(self, other: Value) -> Term:
        return _infix("-", other, self)

    def __mul__(self, other: Value) -> Term:
        return _infix("*", self, other)

    def __rmul__(self, other: Value) -> Term:
        return _infix("*", other, self)

    def __truediv__(self, other: Value) -> Term:
        return _infix("/", self, other)

    def __rtruediv__(self, other: Value) -> Term:
        return _infix("/", other, self)

    def __pow__(self, other: Value) -> Term:
        return _infix("**", self, other)

    def __rpow__(self, other: Value) -> Term:
        return _infix("**", other, self)

    def __neg__(self) -> Term:
        return Term(op=OPERATORS["unary -"], args=(self,))

    def __lt__(self, other: Value) -> Term:
        return _infix("<", self, other)

    def __le__(self, other: Value) -> Term:
        return _infix("<=", self, other)

    def __gt__(self, other: Value) -> Term:
        return _infix(">", self, other)

    def __ge__(self, other: Value) -> Term:
        return _infix(">=", self, other)

    @property
    def binding(self) -> int:
        """How tightly its outermost operator binds; of a number that is for the writer to see."""
        return ATOM if self.op is None else binding(self.op)


def _shape(op: Op, args: tuple[Term, ...]) -> Shape:
    """The shape of the result, as far as it is known."""
    shapes = [arg.shape for arg in args]
    try:
        return op.shape(*shapes, **op.options) if op.shape is not None else broadcast(*shapes)
    except (ValueError, TypeError, IndexError):
        return ()


def node(index: int, shape: Shape = ()) -> Term:
    """The term of a graph's node; with ~index that of its gradient."""
    return Term(NodeLeaf(index), shape=shape)


def term(value: Value) -> Term:
    """A term stays what it is; a number becomes one."""
    return value if isinstance(value, Term) else Term(value)


def _infix(symbol: str, a: Value, b: Value) -> Term:
    return Term(op=OPERATORS[symbol], args=(term(a), term(b)))


def _applied(op: Op, args: tuple[Value, ...]) -> Term:
    exponent = op.options.get("exponent")
    if op.name == "power" and not isinstance(exponent, Term) and exponent == 1:
        return term(args[0])  # 2*x^(2 - 1) is read as 2*x
    return Term(op=op, args=tuple(term(arg) for arg in args))


register_kind(Term, _applied)


def said(term: Term) -> Term:
    """A term without what mathematics leaves unsaid, such as broadcasting."""
    if term.op is None:
        return term
    if term.op.implicit:
        return said(term.args[0])
    return Term(op=term.op, args=tuple(said(arg) for arg in term.args))


def binding(op: Op) -> int:
    """How tightly an op binds that is written between or before its inputs; functions: ATOM."""
    if "^" in op.text:
        return POWER
    if op.symbol in ("+", "-", "*", "/", "@"):
        if op.arity == 1:
            return SIGN
        return SUM if op.symbol in "+-" else PRODUCT
    return LOOSE if op.symbol else ATOM


def least_binding(op: Op, arg: int) -> int:
    """How tightly an input has to bind to stand there without brackets."""
    bound = binding(op)
    if bound == ATOM:
        return ATOM if op.text[:1] == "{" else LOOSE  # A', A[0]; but f(a + b), [a + b]
    if bound == POWER:
        return POWER if arg else ATOM
    if bound == SIGN:
        return PRODUCT
    return bound if arg == 0 and bound != LOOSE else bound + 1


def number_text(value: float) -> str:
    """A number as typed where it was typed, else its shortest form."""
    if value is None or isinstance(value, tuple):  # an option: all axes, or these
        return option_text("axis", value) if value is not None else "None"
    return getattr(value, "text", None) or repr(value).removesuffix(".0")


def _no_node(index: int) -> str:
    return f"n{index + 1}"


def text(term: Term, leaf: Callable[[int], str] = _no_node, pretty: bool = False) -> str:
    """A term as formula text; `leaf` writes a node, by its name or by its value.

    `pretty` is for reading only: `·` for `*`, and whole exponents raised.
    """
    if term.op is None:
        if isinstance(term.leaf, NodeLeaf):
            return leaf(term.leaf.node)
        if isinstance(term.leaf, str):
            return term.leaf
        return number_text(term.leaf) if not pretty else f"{term.leaf:.9g}"
    op = term.op
    inputs = [text(arg, leaf, pretty) for arg in term.args]
    if not op.text:
        return f"{op.name}({', '.join([*inputs, *_options(op, leaf, pretty)])})"
    inputs = [
        bracketed(written, arg.binding, least_binding(op, place), place)
        for place, (arg, written) in enumerate(zip(term.args, inputs))
    ]
    inputs = _signs_apart(op, inputs)
    numbers = {name: _option(name, value, leaf, pretty) for name, value in op.options.items()}
    if op.variadic:
        inputs = [", ".join(inputs)]
    parts = {**dict(zip(op.parameters, inputs)), **numbers}
    if not pretty:
        return op.text.format(**parts)
    if op.symbol == "*" and all(arg.shape for arg in term.args):
        return " ⊙ ".join(inputs)
    return _prettily(op, parts)


def bracketed(written: str, found: int, needed: int, place: int) -> str:
    """An input in brackets, if it would be read as something else without them."""
    if written[:1] == "-":
        found = min(found, SIGN)
    if found < needed or (written[:1] == "-" and (place or needed == ATOM)):
        return f"({written})"
    return written


def _signs_apart(op: Op, inputs: list[str]) -> list[str]:
    """-(-3), since --3 is no number."""
    if binding(op) == SIGN and inputs[0][:1] == "-":
        return [f"({inputs[0]})"]
    return inputs


def _options(op: Op, leaf: Callable[[int], str], pretty: bool) -> list[str]:
    """The options that differ from what they are by default."""
    return [
        f"{name}={text(value, leaf, pretty)}"
        if isinstance(value, Term)
        else f"{name}={option_text(name, value)}"
        for name, value in op.options.items()
        if isinstance(value, Term) or op.defaults[name] != value
    ]


def _option(name: str, value: Any, leaf: Callable[[int], str], pretty: bool) -> str:
    """An exponent, an axis: in brackets where it is not a name or a number."""
    if isinstance(value, tuple):
        return option_text(name, value)
    given = term(value)
    written = text(given, leaf, pretty)
    return f"({written})" if given.binding < POWER else written


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _prettily(op: Op, parts: dict[str, str]) -> str:
    if binding(op) == POWER:
        base, exponent = parts.values()
        digits = exponent.strip("()")
        if digits.removeprefix("-").isdecimal() and digits.isascii() and len(digits) < 5:
            return base + digits.translate(_RAISED)
    if op.symbol == "*":
        return "·".join(parts.values())
    if op.text == "{A}'":
        return f"{parts['A']}ᵀ"
    return op.text.format(**parts)
