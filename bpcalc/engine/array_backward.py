"""The backward pass on arrays: broadcasting undone, vector-Jacobian products, masks of `where`.

What `where` did not choose must bring nothing, not even 0 * inf. For numbers a whole branch gets
nothing then; for arrays some elements do, so a mask goes back with the gradient: True where it
counts. It lives from a `where` up to the next operation that mixes elements.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy

from bpcalc.graph import Graph
from bpcalc.ops.op import MATH_RAISES, Op, Value

if TYPE_CHECKING:
    from bpcalc.engine.backward import Contribution

NOTHING = 0


def array_backward(
    graph: Graph, values: Sequence[Value], gradients: list[Value]
) -> Iterator[Contribution]:
    """Yield every edge's contribution; `gradients` holds the seed, and is filled on the way.

    Each gradient has the shape of its node's value.
    """
    leaves = len(graph.leaves)
    ops, inputs = graph.columns
    masks: dict[int, Value] = {}
    for index in range(graph.output, leaves - 1, -1):
        upstream = gradients[index]
        if upstream is NOTHING:
            continue
        op, indices = ops[index - leaves], inputs[index - leaves]
        arguments = [values[i] for i in indices]
        mask = masks.pop(index, None)
        if op.shape is None:
            locals_ = _locals(op, values[index], arguments)
            flowing = _flowing(op, arguments, mask)
            parts = [
                (local, _share(upstream, local, mask)) for local, mask in zip(locals_, flowing)
            ]
        else:
            flowing = [None] * len(indices)
            arriving = upstream if mask is None else numpy.where(mask, upstream, 0.0)
            parts = [
                (NOTHING, NOTHING) if vjp is NOTHING else (None, vjp)
                for vjp in _products(op, arriving, values[index], arguments)
            ]
        for arg, ((local, share), keep) in enumerate(zip(parts, flowing)):
            target = indices[arg]
            if share is NOTHING:
                yield index, target, arg, NOTHING, upstream, NOTHING
                continue
            shape = numpy.shape(values[target])
            share = fitted(share, shape)
            arrived = gradients[target]
            _let_through(masks, target, keep, shape, arrived is NOTHING)
            gradients[target] = share if arrived is NOTHING else arrived + share
            yield index, target, arg, local, upstream, share


def _locals(op: Op, y: Value, arguments: Sequence[Value]) -> tuple[Value, ...]:
    """The local derivative by each input."""
    with numpy.errstate(all="ignore"):
        try:
            found = op.rule(y, *arguments)
        except MATH_RAISES:
            found = op.rule(numpy.float64(y), *map(numpy.float64, arguments))
    return found if type(found) is tuple else (found,)


def _products(op: Op, g: Value, y: Value, arguments: Sequence[Value]) -> tuple[Value, ...]:
    """The vector-Jacobian product for each input."""
    with numpy.errstate(all="ignore"):
        found = op.rule(g, y, *arguments)
    return found if type(found) is tuple else (found,)


def _flowing(op: Op, arguments: Sequence[Value], mask: Value) -> list[Value]:
    """For each input where the gradient counts; None where it does everywhere."""
    if op.used is None:
        return [mask] * len(arguments)
    chosen = op.used(*arguments)
    return [_both(mask, used) for used in chosen]


def _both(mask: Value, used: Value) -> Value:
    if used is True:
        return mask
    return numpy.asarray(used) if mask is None else mask & used


def _share(upstream: Value, local: Value, mask: Value) -> Value:
    """Upstream times local, and exactly 0 where the mask lets nothing through."""
    if local is NOTHING or (mask is not None and not numpy.any(mask)):
        return NOTHING
    with numpy.errstate(all="ignore"):
        share = upstream * local
    return share if mask is None else numpy.where(mask, share, 0.0)


def _let_through(
    masks: dict[int, Value], target: int, keep: Value, shape: tuple[int, ...], first: bool
) -> None:
    """Remember where a gradient has arrived: along any edge."""
    if keep is None:
        masks.pop(target, None)
        return
    keep = numpy.broadcast_to(keep, numpy.broadcast_shapes(keep.shape, shape))
    extra = tuple(range(keep.ndim - len(shape)))
    keep = keep.any(axis=extra) if extra else keep
    axes = tuple(a for a, n in enumerate(shape) if n == 1 and keep.shape[a] != 1)
    keep = keep.any(axis=axes, keepdims=True) if axes else keep
    if first:
        masks[target] = keep
    elif target in masks:
        masks[target] = masks[target] | keep


def fitted(share: Value, shape: tuple[int, ...]) -> Value:
    """A gradient in the shape of its node: summed over what broadcasting repeated, or repeated."""
    found = numpy.shape(share)
    if found == shape:
        return share
    extra = tuple(range(len(found) - len(shape)))
    if extra:
        share = share.sum(axis=extra)
    axes = tuple(a for a, n in enumerate(shape) if n == 1 and numpy.shape(share)[a : a + 1] != (1,))
    axes = tuple(a for a in axes if a < numpy.ndim(share))
    if axes and numpy.ndim(share) == len(shape):
        share = share.sum(axis=axes, keepdims=True)
    if not shape:
        return float(share)
    return share if numpy.shape(share) == shape else numpy.broadcast_to(share, shape)
