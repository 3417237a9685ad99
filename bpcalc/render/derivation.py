r"""graph -> the derivation of its gradient as a fragment of LaTeX; needs amsmath and no more.

Forward a line for every node, backward a line for every gradient, \bar{v} for that of v: as many
lines as the graph has nodes, twice. Rules are told as textbooks print them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple

from bpcalc.engine.backward import depends_on
from bpcalc.graph import Graph
from bpcalc.graph.text import latex_label, latex_number
from bpcalc.ops.op import Value
from bpcalc.ops.terms import Term, node, said, term
from bpcalc.render.term_latex import latex, latex_factor
from bpcalc.render.trace.latex import latex_word
from bpcalc.render.trace.latex_layout import aligned

_BLOCK = 40
"""Equations that are aligned with each other; amsmath holds all of them in memory."""

Equation = tuple[str, str, Sequence[str]]


class Share(NamedTuple):
    """What a consumer brings to the gradient of a node: its own, times the local derivative."""

    consumer: int
    local: Term


def derivation(graph: Graph, wrt: Sequence[str], fixed: Mapping[str, float]) -> Iterator[str]:
    """The equations, in pieces of text."""
    equations = _equations(graph, wrt, fixed)
    while block := list(islice(equations, _BLOCK)):
        yield from aligned(block)


def _equations(graph: Graph, wrt: Sequence[str], fixed: Mapping[str, float]) -> Iterator[Equation]:
    for name, value in fixed.items():
        yield latex_word(name), "=", [latex_number(repr(value).removesuffix(".0"))]
    for index, op, inputs in graph.operations:
        formula = Term(op=op, args=tuple(map(node, inputs)))
        yield _label(graph, index), "=", [latex(formula, partial(_label, graph))]
    wanted = [graph.index(name) for name in wrt]
    yield from _backward(graph, wanted)
    output = _label(graph, graph.output)
    for index in wanted:
        name = _label(graph, index)
        yield rf"\frac{{\partial {output}}}{{\partial {name}}}", "=", [_bar(graph, index)]


def _label(graph: Graph, index: int) -> str:
    if index == graph.output and graph.name(index) is None and "f" not in graph.by_name:
        return "f"
    written = latex_label(graph, index)
    name = graph.name(index)
    return written if written.isascii() or name is None else latex_word(name)


def _backward(graph: Graph, wanted: Sequence[int]) -> Iterator[Equation]:
    """The gradient of every node between the output and what is wanted."""
    needed = depends_on(graph, wanted)
    shares: dict[int, list[Share]] = {graph.output: []}
    for index in range(graph.output, -1, -1):
        arrived = shares.pop(index, None)
        if index == graph.output:
            yield _bar(graph, index), "=", ["1"]
        elif arrived:
            yield _bar(graph, index), "=", [_sum(graph, arrived)]
        elif index in wanted:
            yield _bar(graph, index), "=", ["0"]
        if (arrived or index == graph.output) and index >= len(graph.leaves):
            for target, local in _locals(graph, index):
                if needed[target]:
                    shares.setdefault(target, []).append(Share(index, local))


def _locals(graph: Graph, index: int) -> Iterator[tuple[int, Term]]:
    """The local derivatives of a node by its inputs, without those that are 0 everywhere."""
    op, inputs = graph.op(index), graph.inputs(index)
    rule = op.rule.func if isinstance(op.rule, partial) else op.rule
    found: Value = (op.textbook or rule)(node(index), *map(node, inputs), **op.options)
    for target, local in zip(inputs, found if isinstance(found, tuple) else (found,)):
        if not (type(local) is int and local == 0):
            yield target, said(term(local))


_LETTER = re.compile(r"[A-Za-z]|\\(?!mathrm)[a-zA-Z]+")
_INDEXED = re.compile(r"(.+?)((?:_\{.*\})?'*)")


def _bar(graph: Graph, index: int) -> str:
    """The label with a bar over its letter, or over its word."""
    match = _INDEXED.fullmatch(_label(graph, index))
    assert match is not None
    bar = "bar" if _LETTER.fullmatch(match[1]) else "overline"
    return rf"\{bar}{{{match[1]}}}{match[2]}"


def _sum(graph: Graph, shares: Sequence[Share]) -> str:
    """The shares of a gradient, added up."""
    written = ""
    for share in shares:
        product = _product(graph, share)
        sign = "" if not written else " - " if product[0] == "-" else " + "
        written += sign + (product.removeprefix("-") if written else product)
    return written


def _product(graph: Graph, share: Share) -> str:
    bar, leaf = _bar(graph, share.consumer), partial(_label, graph)
    local = latex_factor(share.local, leaf)
    if local in ("1", r"\left(-1\right)"):
        return f"-{bar}" if local != "1" else bar
    return rf"{bar} \cdot {local}"
