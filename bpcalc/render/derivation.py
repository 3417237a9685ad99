r"""graph -> the derivation of its gradient as a fragment of LaTeX; needs amsmath and no more.

Forward a line for every node, backward a line for every gradient, \bar{v} for that of v: as many
lines as the graph has nodes, twice. Rules are told as textbooks print them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple

from bpcalc.engine.backward import depends_on
from bpcalc.graph import Graph
from bpcalc.graph.text import latex_label, latex_number
from bpcalc.ops.of_numbers import OnlyOfArrays, locals_of, meaning
from bpcalc.ops.op import Op, Value
from bpcalc.ops.terms import Term, node, said, term
from bpcalc.render.latex_text import latex_text
from bpcalc.render.term_latex import latex, latex_factor
from bpcalc.render.trace.latex import latex_word
from bpcalc.render.trace.latex_layout import aligned

_BLOCK = 40
"""Equations that are aligned with each other; amsmath holds all of them in memory."""

_LETTERS = ("n", *"vuabcdghklmpqrs")
"""For nodes without a name; the first that no name has with an index."""

Equation = tuple[str, str, Sequence[str]]

Label = Callable[[int], str]
"""What a node is called, as LaTeX."""


class Share(NamedTuple):
    """What a consumer brings to the gradient of a node: its own, times the local derivative."""

    consumer: int
    local: Term


def derivation(graph: Graph, wrt: Sequence[str], fixed: Mapping[str, float]) -> Iterator[str]:
    """The equations, in pieces of text."""
    equations = _equations(graph, wrt, fixed)
    while block := list(islice(equations, _BLOCK)):
        yield from aligned(block)


def untold(graph: Graph) -> int | None:
    """The first operation for arrays of which it is not known what it is of numbers."""
    for index, op, inputs in graph.operations:
        try:
            _formula(op, inputs)
        except OnlyOfArrays:
            return index
    return None


def _formula(op: Op, inputs: Sequence[int]) -> Term:
    args = list(map(node, inputs))
    return Term(op=op, args=tuple(args)) if op.shape is None else meaning(op, args)


def _labels(graph: Graph) -> Label:
    """What the nodes are called: by their names, or by a letter with their numbers.

    No two are called the same: of w41 and w_41, both a w with an index, one is set as a word.
    """
    known: dict[str, int] = {}
    for name, index in graph.by_name.items():
        if graph.name(index) == name:
            spellings = [_named(graph, index), _word(name), _word(f"{name} (n{index + 1})")]
            known[next(label for label in spellings if label not in known)] = index
    letter = next(c for c in _LETTERS if not any(label.startswith(f"{c}_") for label in known))
    labels = {index: label for label, index in known.items()}
    if graph.output not in labels and "f" not in known:
        labels[graph.output] = "f"

    def label(index: int) -> str:
        if index in labels:
            return labels[index]
        is_leaf = index < len(graph.leaves)
        return latex_label(graph, index) if is_leaf else f"{letter}_{{{index + 1}}}"

    return label


def _named(graph: Graph, index: int) -> str:
    written = latex_label(graph, index)
    return written if written.isascii() else latex_word(graph.label(index))


def _word(name: str) -> str:
    return rf"\text{{{latex_text(name)}}}"


def _equations(graph: Graph, wrt: Sequence[str], fixed: Mapping[str, float]) -> Iterator[Equation]:
    label = _labels(graph)
    for name, value in fixed.items():
        yield label(graph.index(name)), "=", [latex_number(repr(value).removesuffix(".0"))]
    for index, op, inputs in graph.operations:
        yield label(index), "=", [latex(_formula(op, inputs), label)]
    wanted = [graph.index(name) for name in wrt]
    yield from _backward(graph, wanted, label)
    output = label(graph.output)
    for index in wanted:
        slope = rf"\frac{{\partial {output}}}{{\partial {label(index)}}}"
        yield slope, "=", [_bar(label(index))]


def _backward(graph: Graph, wanted: Sequence[int], label: Label) -> Iterator[Equation]:
    """The gradient of every node between the output and what is wanted."""
    needed = depends_on(graph, wanted)
    shares: dict[int, list[Share]] = {graph.output: []}
    for index in range(graph.output, -1, -1):
        arrived = shares.pop(index, None)
        if index == graph.output:
            yield _bar(label(index)), "=", ["1"]
        elif arrived:
            yield _bar(label(index)), "=", [_sum(arrived, label)]
        elif index in wanted:
            yield _bar(label(index)), "=", ["0"]
        if (arrived or index == graph.output) and index >= len(graph.leaves):
            for target, local in _locals(graph, index):
                if needed[target]:
                    shares.setdefault(target, []).append(Share(index, local))


def _locals(graph: Graph, index: int) -> Iterator[tuple[int, Term]]:
    """The local derivatives of a node by its inputs, without those that are 0 everywhere."""
    op, inputs = graph.op(index), graph.inputs(index)
    args = [node(i) for i in inputs]
    rule = op.rule.func if isinstance(op.rule, partial) else op.rule
    found: Value
    if op.shape is None:
        found = (op.textbook or rule)(node(index), *args, **op.options)
    else:
        found = locals_of(op, node(index), args)
    for target, local in zip(inputs, found if isinstance(found, tuple) else (found,)):
        if not (type(local) is int and local == 0):
            yield target, said(term(local))


_LETTER = re.compile(r"[A-Za-z]|\\(?!mathrm)[a-zA-Z]+")
_INDEXED = re.compile(r"(.+?)((?:_\{[^{}]*\})?'*)")


def _bar(label: str) -> str:
    """The label with a bar over its letter, or over its word."""
    match = _INDEXED.fullmatch(label)
    assert match is not None
    bar = "bar" if _LETTER.fullmatch(match[1]) else "overline"
    return rf"\{bar}{{{match[1]}}}{match[2]}"


def _sum(shares: Sequence[Share], label: Label) -> str:
    """The shares of a gradient, added up."""
    written = ""
    for share in shares:
        product = _product(share, label)
        sign = "" if not written else " - " if product[0] == "-" else " + "
        written += sign + (product.removeprefix("-") if written else product)
    return written


def _product(share: Share, label: Label) -> str:
    bar = _bar(label(share.consumer))
    local = latex_factor(share.local, label)
    if local in ("1", r"\left(-1\right)"):
        return f"-{bar}" if local != "1" else bar
    return rf"{bar} \cdot {local}"
