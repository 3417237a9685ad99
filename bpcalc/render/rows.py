"""result -> what a table shows of each node, for the terminal, Markdown and HTML alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from bpcalc.engine.array_shapes import shape
from bpcalc.graph.text import expression
from bpcalc.render.numbers import is_large, rounded, summary
from bpcalc.render.sentences import ENGLISH, Sentences

if TYPE_CHECKING:
    from bpcalc.checks.check import Check
    from bpcalc.ops.op import Value
    from bpcalc.results import Edge, Result


_BRIEF = 4
"""Elements of the largest array that stands in a line with others."""

_WIDE, _NARROW = 40, 16
"""Characters in a line of an array; in a narrow table as few as one number."""


class Row(NamedTuple):
    """One node of a table, its numbers rounded."""

    id: str
    formula: str
    """Its own operation, with its name before it: `z = n4 + b`."""
    value: str
    gradient: str
    shares: tuple[str, ...]
    """What each edge brings: `n5  1 × 9 = 9`."""
    right_value: str
    """The reference, where the value is wrong; else empty."""
    right_gradient: str
    ok: bool | None


class Slope(NamedTuple):
    """A derivative of the whole formula: the number, and SymPy's expression."""

    name: str
    value: str
    symbolic: str


class Style(NamedTuple):
    """How numbers and products are written."""

    digits: int
    times: str = "×"
    short: bool = False
    """Write an edge's upstream gradient, which stands in the consumer's row, as the consumer."""


def rows(result: Result, style: Style) -> list[Row]:
    """One row per node, in the order of the graph."""
    shares: dict[int, list[Edge]] = defaultdict(list)
    for edge in reversed(result.edges):
        shares[edge.input].append(edge)
    for edges in shares.values():
        edges.sort(key=lambda edge: (edge.consumer, edge.arg))
    return [_row(result, index, shares[index], style) for index in range(len(result.graph))]


def _row(result: Result, index: int, edges: Sequence[Edge], style: Style) -> Row:
    digits = style.digits
    graph = result.graph
    text = expression(graph, index)
    name = graph.names.get(index)
    value, gradient = result.values[index], result.gradients[index]
    right_value = right_gradient = ""
    ok = None
    if result.check is not None:
        said = result.check.nodes[index]
        ok = said.ok
        if ok is False:
            right_value = right_number(value, said.value, digits)
            right_gradient = right_number(gradient, said.gradient, digits)
    told = [_share(edge, style, len(edges) > 1) for edge in edges]
    if index == graph.output:
        told.insert(0, "start")
    return Row(
        f"n{index + 1}",
        f"{name} = {text}" if name is not None else text,
        cell(value, digits, style.short),
        cell(gradient, digits, style.short),
        tuple(told),
        right_value,
        right_gradient,
        ok,
    )


def right_number(found: Value, truth: Value | None, digits: int) -> str:
    """The reference's number or array, if it is another one to some digits."""
    if truth is None:
        return ""
    near = abs(found - truth) <= 1e-6 * abs(truth)
    return "" if (near.all() if shape(near) else near) else cell(truth, digits)


def cell(value: Value, digits: int, short: bool = False) -> str:
    """A number; an array row by row, or in a few words where it is large."""
    if not shape(value):
        return rounded(value, digits)
    if is_large(value):
        head, _, told = summary(value, digits).partition(": ")
        return "\n".join([head, *told.split(", ")])
    return filled(rounded(value, digits), _NARROW if short else _WIDE)


def filled(array: str, width: int = _WIDE) -> str:
    """An array on lines of this width, each row beginning a new one, indented by its brackets."""
    if array[:1] != "[":
        return array
    lines = [""]
    depth = 0
    for number in array.split(", "):
        opens = number.startswith("[")
        if lines[-1] and (opens or len(lines[-1]) + 2 + len(number) > width):
            lines[-1] += ","
            lines.append(" " * depth)
        elif lines[-1]:
            lines[-1] += ", "
        lines[-1] += number
        depth += number.count("[") - number.count("]")
    return "\n".join(lines)


def _share(edge: Edge, style: Style, several: bool) -> str:
    """The edge's product; its result only where it is not the node's whole gradient."""
    consumer = f"n{edge.consumer + 1}"
    if not edge.flows:
        return f"{consumer}: nothing flows"
    if edge.local is None or any(map(shape, (edge.upstream, edge.local, edge.gradient))):
        if not several:
            return consumer  # its share is the whole gradient, which stands in this row
        share = edge.gradient
        brief = getattr(share, "size", 1) > _BRIEF
        return f"{consumer}: {share.shape if brief else rounded(share, style.digits)}"
    numbers: tuple[Value, ...] = (edge.upstream, edge.local, edge.gradient)
    upstream, local, share = (rounded(number, style.digits) for number in numbers)
    product = f"{consumer} {style.times} {local}"
    if not style.short:
        product = f"{consumer}: {upstream} {style.times} {local}"
    return f"{product} = {share}" if several else product


def slopes(result: Result, digits: int) -> list[Slope]:
    """The gradient, and what SymPy's derivative of the whole formula is, where one can read it."""
    derivatives = result.check.derivatives if result.check is not None else {}
    found = []
    for name, value in result.gradient.items():
        derivative = derivatives.get(name)
        readable = derivative is not None and derivative.readable
        text = derivative.text if derivative is not None and readable else ""
        found.append(Slope(name, rounded(value, digits), text))
    return found


def verdict(
    result: Result,
    digits: int = 3,
    words: Sentences = ENGLISH,
    name: Callable[[int], str] = lambda index: f"n{index + 1}",
) -> str:
    """What SymPy says of all nodes, in one sentence; empty without a check."""
    check = result.check
    if check is None:
        return ""
    if check.method in ("directional", "differences"):
        return _along_directions(check, digits, words)
    count = len(check.nodes)
    wrong = [name(i) for i, node in enumerate(check.nodes) if node.ok is False]
    open_ = sum(node.ok is None for node in check.nodes)
    if wrong:
        named = ", ".join(wrong[:8]) + (", ..." if len(wrong) > 8 else "")
        return words.disagrees.format(wrong=len(wrong), count=count, named=named)
    if check.ok is False:
        return words.contradicts
    if open_ == count:
        return words.could_check_none.format(count=count)
    error = _error(check, digits)
    if open_:
        return words.agrees_on_some.format(
            agreed=count - open_, count=count, open=open_, error=error
        )
    return words.agrees.format(count=count, error=error)


def _error(check: Check, digits: int) -> str:
    return "0" if not check.max_error else f"{check.max_error:.{digits}g}"


def _along_directions(check: Check, digits: int, words: Sentences) -> str:
    """What a check of large arrays says: it is one of the whole, not of every node."""
    if check.ok is None:
        return words.not_checked
    if check.method == "differences":
        sentence = words.agrees_roughly if check.ok else words.disagrees_roughly
    else:
        sentence = words.agrees_along if check.ok else words.disagrees_along
    return sentence.format(error=_error(check, digits))
