"""The backward pass on arrays: broadcasting undone, vector-Jacobian products, masks of `where`.

What `where` did not choose must bring nothing, not even 0 * inf. For numbers a whole branch gets
nothing then; for arrays some elements do, so a mask goes back with the gradient: True where it
counts. It lives from a `where` up to the next operation that mixes elements.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy

from bpcalc.graph import Graph
from bpcalc.ops.memory import any_large, into_room
from bpcalc.ops.op import MATH_RAISES, Op, Shape, Value, quietly

if TYPE_CHECKING:
    from bpcalc.engine.backward import Contribution

NOTHING = 0

_Edge: TypeAlias = "tuple[Value, Value, Value]"
"""The local derivative, the contribution, and where it counts; None where it does everywhere."""


def array_backward(
    graph: Graph,
    values: Sequence[Value],
    gradients: list[Value],
    needed: Sequence[bool] | None = None,
    told: bool = True,
) -> Iterator[Contribution]:
    """Yield every edge's contribution; `gradients` holds the seed, and is filled on the way.

    Each gradient has the shape of its node's value. Edges to nodes that are not needed are left
    out, with what would be computed for them alone. Where nobody looks at local derivatives, a
    contribution may be written over its own.
    """
    leaves = len(graph.leaves)
    ops, inputs = graph.columns
    masks: dict[int, Value] = {}
    sums: set[int] = set()
    for index in range(graph.output, leaves - 1, -1):
        upstream = gradients[index]
        if upstream is NOTHING:
            continue
        op, indices = ops[index - leaves], inputs[index - leaves]
        wanted = [needed is None or needed[i] for i in indices]
        if True not in wanted:
            continue
        arguments = [values[i] for i in indices]
        edges = _elementwise if op.shape is None else _structural
        mask = masks.pop(index, None)
        found = quietly(edges, op, upstream, values[index], arguments, mask, wanted, told)
        for arg, (local, share, keep) in enumerate(found):
            if not wanted[arg]:
                continue
            target = indices[arg]
            if share is not NOTHING:
                arrived = gradients[target]
                first = arrived is NOTHING
                if keep is not None or masks:
                    _let_through(masks, target, keep, _shape(arguments[arg]), first)
                gradients[target] = share if first else _sum(arrived, share, target, sums)
            yield index, target, arg, local, upstream, share


def _elementwise(
    op: Op,
    upstream: Value,
    y: Value,
    arguments: Sequence[Value],
    mask: Value,
    wanted: Sequence[bool],
    told: bool,
) -> list[_Edge]:
    """The edges of an operation on each element by itself."""
    try:
        locals_ = op.rule(y, *arguments)
    except MATH_RAISES:
        locals_ = op.rule(numpy.float64(y), *map(numpy.float64, arguments))
    ours = not told and type(locals_) is not tuple and _is_ours(locals_, [y, *arguments])
    locals_ = locals_ if type(locals_) is tuple else (locals_,)
    found = []
    for local, keep, need, argument in zip(
        locals_, _flowing(op, arguments, mask), wanted, arguments
    ):
        share = _share(upstream, local, keep, _shape(argument), ours) if need else NOTHING
        found.append((NOTHING if share is NOTHING else local, share, keep))
    return found


def _structural(
    op: Op,
    upstream: Value,
    y: Value,
    arguments: Sequence[Value],
    mask: Value,
    wanted: Sequence[bool],
    told: bool,
) -> list[_Edge]:
    """The edges of an operation that changes shapes or mixes elements."""
    keeps: Sequence[Value] = [None] * len(arguments)
    if mask is not None:
        upstream = numpy.where(mask, upstream, 0.0)
        if op.family == "layout":  # elements are moved, and the mask with them
            keeps = moved(op, mask, y, arguments)
    try:
        products = _products(op, upstream, y, arguments, wanted)
    except MATH_RAISES:  # 1/0 between plain numbers: inf or NaN, as NumPy has it
        upstream, y, *numbers = map(_for_numpy, (upstream, y, *arguments))
        products = _products(op, upstream, y, numbers, wanted)
    return [
        (NOTHING, NOTHING, None)
        if vjp is NOTHING or not need or (keep is not None and not numpy.any(keep))
        else (None, fitted(vjp, _shape(argument)), keep)
        for vjp, need, argument, keep in zip(products, wanted, arguments, keeps)
    ]


def _products(
    op: Op, upstream: Value, y: Value, arguments: Sequence[Value], wanted: Sequence[bool]
) -> tuple[Value, ...]:
    """The vector-Jacobian product by each input that is wanted."""
    if op.apart and False in wanted:
        each = zip(op.apart, wanted)
        return tuple(rule(upstream, y, *arguments) if need else NOTHING for rule, need in each)
    products = op.rule(upstream, y, *arguments)
    return products if type(products) is tuple else (products,)


def _for_numpy(value: Value) -> Value:
    return numpy.float64(value) if isinstance(value, float) else value


def moved(op: Op, mask: Value, y: Value, arguments: Sequence[Value]) -> list[Value]:
    """A mask of the output as masks of the inputs, for an operation that only moves elements.

    None stands for all of them. Its products take each number to the element that it came from,
    and so each 1 of the mask.
    """
    ones = numpy.broadcast_to(mask, numpy.shape(y)) * 1.0
    products = op.rule(ones, y, *arguments)
    products = products if type(products) is tuple else (products,)
    found = [numpy.asarray(product) != 0 for product in products]
    return [None if keep.all() else keep for keep in found]


def _sum(arrived: Value, share: Value, target: int, sums: set[int]) -> Value:
    """Two gradients of a node; the first is written to if it is a sum from here.

    Nobody else has such a sum before all of the node's gradients have come, whereas a single one
    may be a consumer's gradient too, or a view of it.
    """
    if target in sums and getattr(share, "dtype", None) == arrived.dtype:
        return numpy.add(arrived, share, out=arrived)
    found = into_room(numpy.add, arrived, share) if any_large((arrived,)) else arrived + share
    if type(found) is numpy.ndarray:
        sums.add(target)
    return found


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


def _is_ours(local: Value, others: Sequence[Value]) -> bool:
    """Whether it is a large array that has just been made, and shows in no other one."""
    if not any_large((local,)) or local.base is not None or local.dtype != numpy.float64:
        return False
    return all(local is not other for other in others)


def _share(upstream: Value, local: Value, mask: Value, shape: Shape, ours: bool) -> Value:
    """Upstream times local in the shape of the input, and 0 where the mask lets nothing through."""
    if local is NOTHING or (mask is not None and not numpy.any(mask)):
        return NOTHING
    if mask is None and type(local) is int and local in (1, -1):  # of + and -: summed, then negated
        share = fitted(upstream, shape)
        return share if local == 1 else -share
    if ours and _shape(upstream) == local.shape:
        share = numpy.multiply(upstream, local, out=local)
    else:
        share = _product(upstream, local)
    return fitted(share if mask is None else numpy.where(mask, share, 0.0), shape)


def _product(a: Value, b: Value) -> Value:
    return into_room(numpy.multiply, a, b) if any_large((a, b)) else a * b


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


def _shape(value: Value) -> Shape:
    return getattr(value, "shape", ())  # numpy.shape makes an array of a number


def fitted(share: Value, shape: tuple[int, ...]) -> Value:
    """A gradient in the shape of its node: summed over what broadcasting repeated, or repeated."""
    found = _shape(share)
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
