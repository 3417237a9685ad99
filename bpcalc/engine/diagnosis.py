"""Where a calculation left the real numbers, and where it sits on a kink.

A forward pass never stops: outside a domain it goes on with NaN or inf, as NumPy does. Afterwards
this finds the first node where that arose, in its place in the formula and with its values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bpcalc.engine.backward import backward, depends_on
from bpcalc.errors import CalculationError
from bpcalc.graph import Graph
from bpcalc.graph.text import expression
from bpcalc.ops.domain import Kink
from bpcalc.ops.op import Op, Value, quietly


def is_finite(value: Value) -> bool:
    """Whether it is neither NaN nor infinite."""
    if hasattr(value, "shape"):
        import numpy

        if numpy.isfinite(quietly(numpy.sum, value)):  # a third of the time of the next line
            return True
        return bool(numpy.isfinite(value).all())
    return bool(value - value == 0)


def counting(graph: Graph, values: Sequence[Value]) -> list[bool]:
    """For each node whether the output's value depends on it: not where `where` chose otherwise."""
    counts = [False] * len(graph)
    counts[graph.output] = True
    leaves = len(graph.leaves)
    ops, inputs = graph.columns
    for index in range(graph.output, leaves - 1, -1):
        if not counts[index]:
            continue
        op, indices = ops[index - leaves], inputs[index - leaves]
        if op.used is None:
            for i in indices:
                counts[i] = True
            continue
        for i, used in zip(indices, op.used(*[values[i] for i in indices])):
            counts[i] = counts[i] or _any(used)
    return counts


def failure_of_values(
    graph: Graph, values: Sequence[Value], variables: Mapping[str, Value]
) -> CalculationError | None:
    """An error about the first node whose value is not finite, unless it counts in no way."""
    if any(getattr(value, "shape", ()) for value in values):
        from bpcalc.engine.array_diagnosis import failure_of_arrays

        return failure_of_arrays(graph, values, variables)
    if all(map(is_finite, values)):
        return None
    counts = counting(graph, values)
    for index, op, indices in graph.operations:
        if counts[index] and not is_finite(values[index]):
            return failure_of_numbers(graph, values, variables, index, op, indices)
    return None


def failure_of_numbers(
    graph: Graph,
    values: Sequence[Value],
    variables: Mapping[str, Value],
    index: int,
    op: Op,
    indices: tuple[int, ...],
) -> CalculationError:
    """An error about a node that is not finite, though its inputs are."""
    arguments = [values[i] for i in indices]
    hint = ""
    shown = op.symbol or op.name
    if not _all(op.domain.contains(*arguments, **op.options)):
        concerned = arguments if op.domain.of is None else [arguments[op.domain.of]]
        got = " and ".join(str(argument) for argument in concerned)
        message = f"{shown} needs {op.domain.words}, and got {got}"
        hint = op.domain.hint.format(x=expression_text(graph, indices[0]))
    elif _any(values[index] != values[index]):
        message = f"{shown} gives NaN"
    else:
        message = f"{shown} overflows: the result is beyond 1.797e308"
    lines = [computed(graph, values, variables, i) for i in indices]
    return CalculationError(
        message,
        source=graph.source,
        span=graph.span(index),
        values=[line for line in dict.fromkeys(lines) if line],
        hint=hint,
    )


def failure_of_gradients(
    graph: Graph,
    values: Sequence[Value],
    gradients: Sequence[Value],
    seed: Value,
    variables: Mapping[str, Value],
    wrt: Sequence[int],
) -> CalculationError | None:
    """An error about the first edge, on the way back to `wrt`, that made a gradient not finite."""
    if all(is_finite(gradients[index]) for index in wrt):
        return None
    depends = depends_on(graph, wrt)
    for consumer, target, _, local, upstream, contribution in backward(graph, values, [], seed):
        if is_finite(contribution) or not depends[target]:
            continue
        label = graph.label(target)
        op = graph.op(consumer)
        if local is None or not is_finite(local):
            message = f"the derivative of {op.symbol or op.name} is {_said(local)} here"
        elif is_finite(upstream):
            message = f"the gradient of {label} overflows: {upstream} * {local}"
        else:
            continue
        if getattr(contribution, "shape", ()):
            from bpcalc.engine.array_diagnosis import array_gradient_failure

            return array_gradient_failure(graph, values, consumer, target, contribution)
        lines = [computed(graph, values, variables, i) for i in graph.inputs(consumer)]
        return CalculationError(
            message,
            source=graph.source,
            span=graph.span(consumer),
            values=[line for line in dict.fromkeys(lines) if line],
            hint="the value is defined, and has no finite slope at this point",
        )
    return None


def _said(value: Value) -> str:
    if value is None:
        return "not finite"
    return "NaN" if _any(value != value) else "infinite"


def computed(
    graph: Graph, values: Sequence[Value], variables: Mapping[str, Value], index: int
) -> str:
    """`x - w = -2.0, where x = 3.0, w = 5.0`; empty for a constant."""
    if index < len(graph.leaves):
        leaf = graph.leaves[index]
        return "" if leaf.constant is not None else f"{leaf.name} = {_valued(values[index])}"
    below = _variables_below(graph, index)
    shown = ", ".join(f"{name} = {_valued(variables[name])}" for name in below[:6])
    more = ", ..." if len(below) > 6 else ""
    where = f", where {shown}{more}" if shown else ""
    return f"{expression_text(graph, index)} = {_valued(values[index])}{where}"


def _valued(value: Value) -> str:
    """A number; of an array its shape."""
    shape = getattr(value, "shape", ())
    return f"an array of the shape {shape}" if shape else str(float(value))


def expression_text(graph: Graph, index: int) -> str:
    """What stands in the formula for this node, on one line; its own operation if that is long."""
    span = graph.span(index) if index >= len(graph.leaves) else None
    text = graph.source[span[0] : span[1]] if span else ""
    text = " ".join(re.sub("#[^\n]*", "", text).split())
    while text.startswith("(") and _closes_at(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text if 0 < len(text) <= 60 else expression(graph, index)


def _closes_at(text: str) -> int:
    """The position of the bracket that closes the one at the beginning."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position
    return -1


def _variables_below(graph: Graph, index: int) -> list[str]:
    """The names of the variables that a node is computed from, in order of appearance."""
    seen = {index}
    waiting = [index]
    while waiting:
        for i in graph.inputs(waiting.pop()):
            if i not in seen:
                seen.add(i)
                waiting.append(i)
    return [name for name, i in graph.variables.items() if i in seen]


def kinks(
    graph: Graph, values: Sequence[Value], gradients: Sequence[Value]
) -> list[tuple[int, Kink]]:
    """The nodes whose kinks matter here: a gradient came to them, or they jump."""
    found = [
        (index, kink)
        for index, op, indices in graph.operations
        if op.kinks
        for kink in sitting(graph, index, [values[i] for i in indices])
    ]
    if not found:
        return []
    depends = depends_on(graph, graph.variables.values())
    counts = counting(graph, values)
    return [
        (index, kink)
        for index, kink in found
        if depends[index] and counts[index] and (kink.jump or _any(gradients[index] != 0))
    ]


def sitting(graph: Graph, index: int, arguments: Sequence[Value]) -> list[Kink]:
    """The kinks of a node on which it sits if its inputs have these values."""
    op, indices = graph.op(index), graph.inputs(index)
    deciding = indices[:1] if op.used is not None else indices
    if (op.switch or op.used is not None) and not _can_move(graph, deciding):
        return []
    return [kink for kink in op.kinks if _any(kink.at(*arguments, **op.options))]


def _can_move(graph: Graph, indices: Sequence[int]) -> bool:
    """Whether one of these nodes varies gradually: it is no constant, and no 1 or 0 of a switch."""
    leaves = len(graph.leaves)
    return any(
        graph.leaves[i].constant is None if i < leaves else not graph.op(i).switch for i in indices
    )


def _any(condition: Value) -> bool:
    """Whether a condition holds, for any element of an array."""
    return bool(condition.any() if hasattr(condition, "any") else condition)


def _all(condition: Value) -> bool:
    """Whether a condition holds, for every element of an array."""
    return bool(condition.all() if hasattr(condition, "all") else condition)
