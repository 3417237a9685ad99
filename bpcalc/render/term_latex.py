r"""Terms -> LaTeX, from the templates in the operations' declarations, with the brackets they need.

A template says by itself where an input needs brackets: between braces or delimiters it needs
none (`\frac{{{a}}}{{{b}}}`, `\sin\left({x}\right)`), beside a sign as tightly as the sign binds
(`{a} \cdot {b}`, the `{x}` of `1 + {x}`), and before `^` always.

    >>> from bpcalc.ops import TABLE
    >>> latex(TABLE["hypot"].rule(Term("y"), Term("a"), Term("b"))[0])
    '\\frac{a}{\\begin{cases} 1 & \\text{if } y = 0 \\\\ y & \\text{otherwise} \\end{cases}}'
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from string import Formatter
from typing import TYPE_CHECKING, Any, NamedTuple

from bpcalc.formula import parse
from bpcalc.graph.text import latex_label, latex_name, latex_number, latex_template, option_text
from bpcalc.ops.terms import (
    ATOM,
    LOOSE,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    NodeLeaf,
    Term,
    node,
    number_text,
)

if TYPE_CHECKING:
    from bpcalc.graph import Graph
    from bpcalc.ops.op import Op, Value

_SIGNS = {
    **dict.fromkeys(["+", "-"], SUM),
    r"\cdot": PRODUCT,
    r"\odot": PRODUCT,
    **dict.fromkeys([*"<>=", r"\le", r"\ge", r"\ne", r"\land", r"\lor", r"\lnot"], LOOSE),
}
"""How tightly the signs between inputs bind; every other neighbour of an input encloses it."""

_SIGN = re.compile(r"\\[a-z]+|[-+<>=^]")
_SIGN_BEFORE = re.compile(r"(\\[a-z]+|[-+<>=])\s*$")
_SIGN_BEHIND = re.compile(r"\s*(\\[a-z]+|[-+<>=])")
_BRACES = re.compile(r"\{[^{}]*\}")
_DELIMITED = re.compile(r"\\left.*\\right(\\[a-z]+|.)|\([^()]*\)")


def latex(term: Term, leaf: Callable[[int], str] = "n_{{{}}}".format) -> str:
    """A term as LaTeX; `leaf` writes a node, by its name or by its value."""
    return _written(term, leaf).text


def latex_factor(term: Term, leaf: Callable[[int], str]) -> str:
    """A term as the second factor of a product."""
    return _bracketed(_written(term, leaf), _Place(PRODUCT, behind_a_sign=True))


class _Written(NamedTuple):
    text: str
    binding: int
    """How tightly its outermost sign binds."""


class _Place(NamedTuple):
    """Where an input stands in a template."""

    needed: int
    """How tightly it has to bind to stand there without brackets."""
    behind_a_sign: bool
    """Whether a minus at its beginning would be read together with a sign before it."""


class _Template(NamedTuple):
    places: dict[str, _Place]
    binding: int


def _written(term: Term, leaf: Callable[[int], str]) -> _Written:
    op = term.op
    if op is None:
        return _leaf(term, leaf)
    inputs = [_written(arg, leaf) for arg in term.args]
    template = latex_template(op, len(inputs))
    places, binding = _template(template)
    if op.variadic:
        parts = {op.parameters[0]: ", ".join(written.text for written in inputs)}
    else:
        named = zip(op.parameters, inputs)
        parts = {name: _bracketed(written, places[name]) for name, written in named}
    options = {name: _option(name, value, leaf) for name, value in op.options.items()}
    text = _with_options(op, template.format(**parts, **options), options)
    if op.symbol == "*" and all(arg.shape for arg in term.args):
        text = r" \odot ".join(parts.values())
    return _Written(text, min(binding, _binding_of_number(text)))


def _leaf(term: Term, leaf: Callable[[int], str]) -> _Written:
    if isinstance(term.leaf, NodeLeaf):
        text = leaf(term.leaf.node)
    else:
        text = latex_name(term.leaf) if isinstance(term.leaf, str) else _number(term.leaf, leaf)
    if text.startswith(r"\frac"):  # a gradient
        return _Written(text, POWER)
    return _Written(text, PRODUCT if r"\cdot" in text else _binding_of_number(text))


def _binding_of_number(text: str) -> int:
    return SIGN if text[:1] == "-" else ATOM


def _bracketed(written: _Written, place: _Place) -> str:
    """An input in brackets, if it would be read as something else without them."""
    signed = place.behind_a_sign and written.text[:1] == "-"
    if written.binding < place.needed or signed:
        return rf"\left({written.text}\right)"
    return written.text


def _with_options(op: Op, text: str, options: dict[str, str]) -> str:
    """With the options that the template lacks and that are not as they are by default."""
    end = r"\right)"
    if not text.endswith(end):
        return text
    said = [
        f", {latex_name(name)} = {value}"
        for name, value in options.items()
        if f"{{{name}}}" not in op.latex and op.options[name] != op.defaults[name]
    ]
    return text.removesuffix(end) + "".join(said) + end


# Templates


@cache
def _template(template: str) -> _Template:
    pieces = list(Formatter().parse(template))
    texts = [text for text, *_ in pieces] + [""]
    places = {
        name: _place(before, after)
        for (before, name, *_), after in zip(pieces, texts[1:])
        if name is not None
    }
    return _Template(places, _outermost(template.format_map(_Letters())))


class _Letters(dict[str, str]):
    """What stands for the inputs when the template itself is looked at."""

    def __missing__(self, name: str) -> str:
        return "x"


def _place(before: str, after: str) -> _Place:
    """Where an input stands, from what is beside it."""
    left, right = _binding(_SIGN_BEFORE.search(before)), _binding(_SIGN_BEHIND.match(after))
    needed = [LOOSE]
    if left is not None:
        needed.append(left + 1)
    if right is not None:
        needed.append(right + (right == LOOSE))  # (a < b) < c is no chain
    if after[:1] == "^":
        needed.append(ATOM)
    return _Place(max(needed), left is not None)


def _binding(sign: re.Match[str] | None) -> int | None:
    return _SIGNS.get(sign[1]) if sign else None


def _outermost(text: str) -> int:
    """How tightly the loosest sign binds that stands in no braces and no delimiters."""
    if text.startswith(r"\begin"):
        return LOOSE
    while _BRACES.search(text):
        text = _BRACES.sub("", text)
    bare = _DELIMITED.sub("", text)
    if bare[:1] == "-":
        return SIGN
    found = [_SIGNS[sign] for sign in _SIGN.findall(bare) if sign in _SIGNS]
    return min(found, default=POWER if bare else ATOM)  # \sin(x)^2 could be read as sin(x^2)


# Numbers


def _option(name: str, value: Any, leaf: Callable[[int], str]) -> str:
    """The value of an option: a number, or the axes, the shape or the index of an array."""
    if value is None or isinstance(value, tuple):
        return option_text(name, value) if value is not None else ""
    return _number(value, leaf)


def _number(value: Value, leaf: Callable[[int], str]) -> str:
    r"""A number as typed where it was typed; an exact constant as its formula, `\sqrt{\pi}`."""
    if isinstance(value, Term):
        return latex(value, leaf)
    text = number_text(value)
    try:
        float(text)
    except ValueError:
        return _exact(text)
    return latex_number(text)


@cache
def _exact(text: str) -> str:
    graph = parse(text)
    return latex(_tree(graph, graph.output), lambda index: latex_label(graph, index))


def _tree(graph: Graph, index: int) -> Term:
    """All that a node is computed from, as one term."""
    if index < len(graph.leaves):
        return node(index)
    return Term(op=graph.op(index), args=tuple(_tree(graph, i) for i in graph.inputs(index)))
