"""Every structural operation of the table with inputs that it takes, found by trying."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bpcalc.bindings import Quantity, quantity
from bpcalc.calculator import calculated
from bpcalc.graph import Graph
from bpcalc.graph.graph import Building
from bpcalc.ops import OPERATORS, TABLE, Op
from bpcalc.results import Result

STRUCTURAL = [op for op in TABLE.values() if op.shape is not None]

SHAPES = [
    (3,),
    (2, 3),
    (3, 2),
    (3, 3),
    (2,),
    (),
    (4, 4),
    (2, 2),
    (1, 4, 4),
    (2, 2, 2),
    (2, 2, 3, 3),
]

OPTIONS: dict[str, Any] = {"key": (1,), "shape": (-1, 1), "size": 2}
"""Options without a usable default."""


class Case(NamedTuple):
    op: Op
    inputs: tuple[Any, ...]


@cache
def case(key: str) -> Case:
    """An operation with inputs in its domain, away from kinks and ties."""
    op = TABLE[key]
    options = {name: OPTIONS[name] for name in op.options if name in OPTIONS}
    op = op.with_options(options) if options else op
    for count in range(2 if op.variadic else op.arity, op.least - 1, -1):
        for inputs in itertools.chain(*map(numbers, itertools.product(SHAPES, repeat=count))):
            if fits(op, inputs):
                return Case(op, inputs)
    raise AssertionError(f"no inputs were found for {key}")


def numbers(shapes: tuple[tuple[int, ...], ...]) -> Iterator[tuple[Any, ...]]:
    """Inputs of these shapes: any numbers, matrices far from singular, probabilities, classes."""
    rng = np.random.default_rng(len(shapes))
    free = [
        np.round(rng.uniform(0.4, 2.5, shape) * rng.choice([-1, 1], shape), 3) for shape in shapes
    ]
    yield tuple(free)
    yield tuple(x + 4 * np.eye(*x.shape[-2:]) if x.ndim > 1 else x for x in free)
    shares = tuple(np.round(rng.uniform(0.1, 0.9, shape), 3) for shape in shapes)
    yield shares
    yield (*shares[:-1], np.ones(shapes[-1]))
    yield (np.ones(shapes[0]), *shares[1:])


def fits(op: Op, inputs: tuple[Any, ...]) -> bool:
    """Whether the operation takes them, and gives finite values and slopes."""
    assert op.shape is not None
    try:
        shape = op.shape(*map(np.shape, inputs), **op.options)
        with np.errstate(all="ignore"):
            y = op(*inputs)
            slopes = op.rule(np.ones(shape) if shape else 1.0, y, *inputs)
    except (ValueError, TypeError, IndexError, ArithmeticError):
        return False
    slopes = slopes if isinstance(slopes, tuple) else (slopes,)
    return (
        np.shape(y) == shape
        and all(np.isfinite(x).all() for x in (y, *slopes))
        and bool(np.all(op.domain.contains(*inputs, **op.options)))
        and not any(np.any(kink.at(*inputs, **op.options)) for kink in op.kinks)
    )


def graph_of(op: Op, count: int) -> Graph:
    """The operation with others before and behind it: -op(-x0, -x1, ...)."""
    building = Building()
    minus = OPERATORS["unary -"]
    leaves = [building.leaf(f"x{k}") for k in range(count)]
    before = [building.apply(minus, (leaf,)) for leaf in leaves]
    node = building.apply(op, tuple(before))
    return building.finished(building.apply(minus, (node,)))


def result_of(found: Case) -> Result:
    """The whole calculation, with a check."""
    graph = graph_of(found.op, len(found.inputs))
    variables: dict[str, Quantity] = {
        f"x{k}": quantity(f"x{k}", -x if np.shape(x) else float(-x))
        for k, x in enumerate(found.inputs)
    }
    shape = np.shape(found.op(*found.inputs))
    seed = np.round(np.random.default_rng(5).uniform(0.5, 2, shape), 3) if shape else 1.5
    return calculated(graph, variables, None, quantity("upstream", seed), True)
