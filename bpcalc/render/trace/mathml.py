"""Mathematics as MathML that every browser draws by itself (MathML Core), for pages.

The notation writes elements, and between them signs: `-`, `(`, `)` and `=` stay characters until
`math` turns them into elements, so that what is said about signs and brackets of text
(`ops.terms.bracketed`) holds for MathML too. Every name is escaped where it becomes an element.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from string import Formatter
from typing import TYPE_CHECKING, Any

from bpcalc.errors import RequestError, printable
from bpcalc.formula import parse
from bpcalc.graph.text import option_text, rows_of
from bpcalc.ops.constants import Constant
from bpcalc.ops.terms import (
    ATOM,
    POWER,
    PRODUCT,
    NodeLeaf,
    Term,
    binding,
    bracketed,
    least_binding,
    number_text,
    term,
)
from bpcalc.render.trace.lines import Notation

if TYPE_CHECKING:
    from bpcalc.checks.check import Derivative
    from bpcalc.ops.op import Op, Value

_LONGEST_NAME = 80

_TIMES_TEN = "<mo>×</mo><msup><mn>10</mn>"


class MathML(Notation):
    """Fractions, powers and indices; what it returns is for `math`, but for whole sentences."""

    def plain(self, text: str) -> str:
        return name(text)

    def inline(self, mathematics: str) -> str:
        return f"<math>{mathematics}</math>"

    def label(self, index: int) -> str:
        leaves = self.graph.leaves
        text = super().label(index)
        constant = index < len(leaves) and leaves[index].constant is not None
        return name(_CONSTANTS.get(text, text) if constant else text)

    def number(self, value: Value) -> str:
        return number(super().number(value))

    def formula(self, term: Term, leaf: Callable[[int], str]) -> str:
        return _formula(term, leaf)

    def slope(self, of: str, by: str) -> str:
        return f"<mfrac><mrow><mi>∂</mi>{of}</mrow><mrow><mi>∂</mi>{by}</mrow></mfrac>"

    def product(self, factors: Sequence[str], *, tight: bool = False) -> str:
        return "<mo>·</mo>".join(factors)

    def symbolic(self, derivative: Derivative) -> str:
        """As mathematics where bpcalc can read what SymPy writes, else as SymPy writes it."""
        try:
            return _formula(_read(derivative.text), lambda index: f"n{index + 1}")
        except RequestError:
            return f"<code>{escape(printable(derivative.text))}</code>"

    def summands(self, parts: Sequence[tuple[str, str]]) -> str:
        written = ""
        for value, words in parts:
            sign = ""
            if written:
                sign, value = ("−", value[1:]) if value[0] == "-" else ("+", value)
                sign = f'<mo form="infix">{sign}</mo>'
            written += f"{sign}{value}<span> ({words}) </span>"
        return written


# Names and numbers

_CONSTANTS = {"pi": "π", "tau": "τ"}

_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def name(text: str) -> str:
    """A name with its index lowered: `w_41` and `w41` alike, `net_h1`, `n4`."""
    text = printable(text, _LONGEST_NAME)
    plain = text.rstrip("′")
    found = re.fullmatch(r"([^_]+?)(?:_(.+)|([0-9]*))", plain.translate(_SUBSCRIPTS))
    primes = text[len(plain) :]
    if found is None:
        return f"<mi>{escape(text)}</mi>"
    head, index = found[1] + primes, found[2] or found[3]
    base = f"<mi>{escape(head)}</mi>"
    if not index:
        return base
    kind = "mn" if index.isdecimal() else "mi"
    return f"<msub>{base}<{kind}>{escape(index)}</{kind}></msub>"


def number(text: str) -> str:
    """`-1e-05` as −1×10⁻⁵, its sign still a character; an array as a matrix."""
    if text[0] in "[(":
        return _array(text)
    sign = "-" if text[0] == "-" else ""
    mantissa, e, exponent = text.removeprefix("-").lower().partition("e")
    if e:
        power = number(str(int(exponent)))
        return f"{sign}<mn>{escape(mantissa)}</mn>{_TIMES_TEN}<mrow>{power}</mrow></msup>"
    if mantissa in _NOT_FINITE:
        return f"{sign}<mi>{_NOT_FINITE[mantissa]}</mi>"
    return f"{sign}<mn>{escape(mantissa)}</mn>"


def _array(text: str) -> str:
    """A vector as a column, a matrix as it is; what is larger in words."""
    rows = rows_of(text)
    if rows is None:
        return f"<mtext>{escape(text)}</mtext>"
    cells = ["".join(f"<mtd>{_signed(entry)}</mtd>" for entry in row) for row in rows]
    table = "".join(f"<mtr>{row}</mtr>" for row in cells)
    return f"<mrow><mo>[</mo><mtable>{table}</mtable><mo>]</mo></mrow>"


def _signed(entry: str) -> str:
    """A number whose sign is an element of its own."""
    written = number(entry)
    return f"<mo>−</mo>{written[1:]}" if written[0] == "-" else written


_NOT_FINITE = {"inf": "∞", "nan": "NaN"}


# Formulas

_SIGNS = {"*": "·", "-": "−", "<=": "≤", ">=": "≥", "!=": "≠"}

_DRAWN = {
    "sqrt": "<msqrt>{}</msqrt>",
    "cbrt": "<mroot><mrow>{}</mrow><mn>3</mn></mroot>",
    "abs": "<mrow><mo>|</mo>{}<mo>|</mo></mrow>",
    "floor": "<mrow><mo>⌊</mo>{}<mo>⌋</mo></mrow>",
    "ceil": "<mrow><mo>⌈</mo>{}<mo>⌉</mo></mrow>",
}
"""Functions that are signs around their input."""


def _formula(given: Term, leaf: Callable[[int], str]) -> str:
    op = given.op
    if op is None:
        return _leaf(given, leaf)
    inputs = [_formula(arg, leaf) for arg in given.args]
    options = {key: _option(key, value, leaf) for key, value in op.options.items()}
    if op.name in _DRAWN:
        return _DRAWN[op.name].format(*inputs)
    if not op.text:
        return _call(op, [*inputs, *_said(op, options)])
    if op.text == "{A}'":
        return f"<msup>{_row(_postfixed(given, inputs))}<mi>T</mi></msup>"
    if op.symbol == "/":
        return "<mfrac>{}{}</mfrac>".format(*map(_row, inputs))
    if binding(op) == POWER:
        base = bracketed(inputs[0], _binding(given.args[0], inputs[0]), ATOM, 0)
        (exponent,) = [*inputs[1:], *options.values()]  # raised, it needs no brackets
        return f"<msup>{_row(base)}{_row(exponent)}</msup>"
    prefix = op.arity == 1
    inputs = [
        bracketed(written, _binding(arg, written), least_binding(op, place), place or prefix)
        for place, (arg, written) in enumerate(zip(given.args, inputs))
    ]
    if op.variadic:
        inputs = ["<mo>,</mo>".join(inputs)]
    if op.symbol == "*" and all(arg.shape for arg in given.args):
        return "<mo>⊙</mo>".join(inputs)
    return _infix(op, {**dict(zip(op.parameters, inputs)), **options})


def _option(name: str, value: Any, leaf: Callable[[int], str]) -> str:
    """The value of an option: a number, or the axes, the shape or the index of an array."""
    if value is None or isinstance(value, tuple):
        return f"<mtext>{option_text(name, value) if value is not None else ''}</mtext>"
    return _formula(term(value), leaf)


def _postfixed(given: Term, inputs: Sequence[str]) -> str:
    """What is transposed, in brackets where it is more than a name."""
    return bracketed(inputs[0], _binding(given.args[0], inputs[0]), ATOM, 0)


def _leaf(given: Term, leaf: Callable[[int], str]) -> str:
    stands_for = given.leaf
    if isinstance(stands_for, NodeLeaf):
        return leaf(stands_for.node)
    if isinstance(stands_for, str):
        return name(_CONSTANTS.get(stands_for, stands_for))
    if isinstance(stands_for, Constant) and stands_for.text[0].isalpha():  # log(2)
        return _formula(_read(stands_for.text), leaf)
    return number(number_text(stands_for))


def _row(written: str) -> str:
    return f"<mrow>{written}</mrow>"


def _binding(given: Term, written: str) -> int:
    """Of what is drawn: a fraction needs brackets only under an exponent."""
    if given.op is None and written.startswith("<mfrac>"):  # a gradient
        return POWER
    if given.op is None:
        return PRODUCT if _TIMES_TEN in written else ATOM
    return POWER if given.op.symbol == "/" else given.binding


def _call(op: Op, inputs: Sequence[str]) -> str:
    """A function's name and its inputs, the sign for its application between them."""
    return f"<mi>{escape(op.name)}</mi><mo>&#x2061;</mo>({'<mo>,</mo>'.join(inputs)})"


def _said(op: Op, options: dict[str, str]) -> list[str]:
    """The options that are not what they are by default."""
    return [
        f"<mi>{key}</mi><mo>=</mo>{written}"
        for key, written in options.items()
        if isinstance(op.options[key], Term) or op.options[key] != op.defaults[key]
    ]


def _infix(op: Op, parts: dict[str, str]) -> str:
    """The inputs with the operator between or before them, as its template has it."""
    written = ""
    for sign, parameter, *_ in Formatter().parse(op.text):
        sign = sign.strip()
        if sign == "-" and not written:
            written = sign
        elif sign:
            written += f"<mo>{escape(_SIGNS.get(sign, sign))}</mo>"
        if parameter is not None:  # else it is the bracket behind the last one
            written += parts[parameter]
    return written


def _read(text: str) -> Term:
    """Formula text as a term.

    Raises:
        RequestError: it is no formula of this language.
    """
    graph = parse(text)
    terms = [Term(leaf.name or float(leaf.constant or 0.0)) for leaf in graph.leaves]  # type: ignore[arg-type]
    for _, op, inputs in graph.operations:
        terms.append(Term(op=op, args=tuple(terms[index] for index in inputs)))
    return terms[graph.output]


# From the notation to the page

_SIGNS_BETWEEN = {"-": '<mo form="prefix">−</mo>', "=": '<mo form="infix">=</mo>', " ": ""}

_PIECES = re.compile(r"<(?:m[ino]|mtext)\b[^>]*>[^<]*</(?:m[ino]|mtext)>|<[^>]*>|[-()= ]")


def math(written: str) -> str:
    """What the notation wrote as <math>; the words and the code in it stand between."""
    parts = re.split(r"(<span>.*?</span>|<code>.*?</code>)", written)
    return "".join(
        part if place % 2 else f'<math displaystyle="true">{_elements(part)}</math>'
        for place, part in enumerate(parts)
        if part
    )


def _elements(written: str) -> str:
    """With elements for the signs: a group in brackets is a row of its own.

    Brackets grow only around fractions: fonts put wide gaps at those that can grow.
    """
    pieces: list[str] = _PIECES.findall(written)
    opened: list[int] = []
    for place, piece in enumerate(pieces):
        if piece == "(":
            opened.append(place)
        elif piece == ")":
            start = opened.pop()
            grows = "true" if "<mfrac>" in pieces[start:place] else "false"
            pieces[start] = f'<mrow><mo stretchy="{grows}">(</mo>'
            pieces[place] = f'<mo stretchy="{grows}">)</mo></mrow>'
        else:
            pieces[place] = _SIGNS_BETWEEN.get(piece, piece)
    return "".join(pieces)
