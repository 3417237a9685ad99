"""The engine's backward pass, on slots of a program in place of numbers.

What `where` did not choose must bring nothing, not even 0 * inf. A gradient that comes from there
carries the condition under which it counts, its mask, up to where it is added to others, mixed with
others, or leaves the program: there it becomes `where(mask, gradient, 0)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bpcalc.codegen.slot import Condition, Slot
from bpcalc.codegen.slots import Slots
from bpcalc.engine.backward import depends_on
from bpcalc.graph import Graph
from bpcalc.ops import Op


class Arrived(NamedTuple):
    """A gradient, and its mask: the condition under which it counts.

    The gradient has the shape of its node, or is one number for all places of an array.
    """

    gradient: Slot
    mask: Condition


def backward(
    graph: Graph, slots: Slots, values: Sequence[Slot], wanted: Sequence[int], seed: Slot
) -> list[Arrived | None]:
    """The gradient of the output by each node between it and those that are wanted."""
    needed = depends_on(graph, wanted)
    arrived: list[Arrived | None] = [None] * len(graph)
    arrived[graph.output] = Arrived(seed, True)
    leaves = len(graph.leaves)
    ops, inputs = graph.columns
    for index in range(graph.output, leaves - 1, -1):
        upstream = arrived[index]
        if upstream is None or not needed[index]:
            continue
        op, indices = ops[index - leaves], inputs[index - leaves]
        arguments = [values[i] for i in indices]
        wants = [needed[i] for i in indices]
        edges = _elementwise if op.shape is None else _structural
        found = edges(slots, op, upstream, values[index], arguments, wants)
        for target, share in zip(indices, found):
            if share is not None:
                arrived[target] = _sum(slots, arrived[target], share)
    return arrived


def counted(slots: Slots, arrived: Arrived | None, like: Slot) -> Slot:
    """The gradient as numbers in the shape of its node: 0 where nothing has come."""
    found = slots.constant(0.0) if arrived is None else _masked(slots, arrived)
    return slots.filled(found, like)


def _masked(slots: Slots, arrived: Arrived) -> Slot:
    return slots.where(arrived.mask, arrived.gradient, slots.constant(0.0))


def _elementwise(
    slots: Slots,
    op: Op,
    upstream: Arrived,
    y: Slot,
    arguments: Sequence[Slot],
    wants: Sequence[bool],
) -> list[Arrived | None]:
    """Upstream times local, for each input that is wanted; None where nothing flows."""
    found: list[Arrived | None] = []
    for local, argument, want in zip(slots.by_rule(op, y, arguments), arguments, wants):
        flowing, local = slots.flows(local)
        mask = slots.both(upstream.mask, flowing)
        if mask is False or not want:
            found.append(None)
            continue
        share = upstream.gradient * local
        if share.shape not in ((), y.shape):
            share = slots.filled(upstream.gradient, y) * local
        found.append(_fitted(slots, Arrived(share, mask), y, argument))
    return found


def _fitted(slots: Slots, share: Arrived, y: Slot, argument: Slot) -> Arrived:
    """In the shape of the input: summed over what broadcasting repeated."""
    if y.shape == argument.shape:
        return share
    whole = _through(slots, share, y)
    mask = slots.fitted_mask(share.mask, y, argument.shape)
    return Arrived(slots.fitted(whole, argument.shape), mask)


def _through(slots: Slots, arrived: Arrived, like: Slot) -> Slot:
    """A gradient before its elements are mixed with each other.

    What does not count is 0 then; where all or none of it counts, that can be said afterwards.
    """
    if isinstance(arrived.mask, bool) or not arrived.mask.shape:
        return slots.filled(arrived.gradient, like)
    return counted(slots, arrived, like)


def _structural(
    slots: Slots,
    op: Op,
    upstream: Arrived,
    y: Slot,
    arguments: Sequence[Slot],
    wants: Sequence[bool],
) -> list[Arrived | None]:
    """The vector-Jacobian product for each input that is wanted."""
    g = _through(slots, upstream, y)
    mask = slots.fitted_mask(upstream.mask, y, ())
    products: Any
    if op.apart:
        rules = zip(op.apart, wants)
        products = [rule(g, y, *arguments) if want else 0 for rule, want in rules]
    else:
        products = op.rule(g, y, *arguments)
        products = products if type(products) is tuple else (products,)
    return [
        None
        if not want or (type(product) is int and product == 0)
        else Arrived(slots.unfilled(slots.fitted(slots.slot(product), a.shape)), mask)
        for product, a, want in zip(products, arguments, wants)
    ]


def _sum(slots: Slots, first: Arrived | None, second: Arrived) -> Arrived:
    if first is None:
        return second
    if _same(first.mask, second.mask):
        return Arrived(first.gradient + second.gradient, first.mask)
    total = _masked(slots, first) + _masked(slots, second)
    return Arrived(total, slots.either(first.mask, second.mask))


def _same(first: Condition, second: Condition) -> bool:
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    return first.index == second.index
