"""Inputs for operations on arrays, found by trying: shapes that fit, numbers in the domain.

Nothing here knows an operation by its name. Candidates of several shapes are offered to the `shape`
function of the declaration, candidates of several kinds of numbers to its domain. An operation for
which none is accepted needs another shape in SHAPES, another option in OPTIONS or another kind of
number in KINDS.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import sympy

import bpcalc.checks.symbolic  # noqa: F401  (operations run on SymPy's numbers from here on)
from bpcalc.engine.array_backward import NOTHING, fitted
from bpcalc.ops import TABLE, Op
from bpcalc.ops.op import Shape

Array: TypeAlias = Any
"""A float or an array of numbers, also of SymPy's."""

STRUCTURAL = [op for op in TABLE.values() if op.shape is not None]
"""Every operation that changes shapes or mixes elements, those among them that only rules use."""

SHAPES: list[Shape] = [
    *[(), (1,), (2,), (3,), (1, 3), (2, 1), (2, 3), (3, 2), (2, 2), (3, 3), (4, 4)],
    *[(2, 2, 3), (2, 3, 3), (3, 2, 2), (2, 1, 3), (1, 2, 4, 4), (2, 2, 2, 2)],
]

OPTIONS: dict[str, list[Any]] = {
    "axis": [0, -1, 1, (0, 1), (-1, 0), -2],
    "keepdims": [1],
    "ddof": [1],
    "begin": [1, 2],
    "size": [2, (1, 2)],
    "stride": [2, (1, 2)],
    "padding": [1],
    "delta": [0.4, 2.5],
    "shape": [(3, 2), (2, -1), -1, (1, 1, -1)],
    "key": [
        *[(0,), (-1,), (1, 2), (0, -1), ((0, 1, None),), ((None, None, -1),)],
        *[((None, None, None), 0), ((1, None, None), (None, None, 2))],
    ],
}
"""Values to try for an option, beside its default."""

PER_OPTIONS = 6
"""So many combinations of shapes are tried with each choice of the options."""

KINDS: dict[str, Callable[[np.random.Generator, Shape], Array]] = {
    "any numbers": lambda rng, shape: rng.choice([-1, 1], shape) * rng.uniform(0.1, 2, shape),
    "probabilities": lambda rng, shape: rng.uniform(0.1, 0.9, size=shape),
    "well conditioned": lambda rng, shape: rng.normal(size=shape) * 0.5 + _identity(shape) * 3,
    "classes": lambda rng, shape: rng.integers(0, 2, size=shape).astype(float),
    "the only class": lambda _, shape: np.zeros(shape),
}


def _identity(shape: Shape) -> Array:
    return np.eye(*shape[-2:]) if len(shape) > 1 else np.ones(shape)


class Case(NamedTuple):
    """An operation with its options set, and inputs in its domain, away from kinks."""

    op: Op
    inputs: tuple[Array, ...]

    def __repr__(self) -> str:
        shapes = ", ".join(str(np.shape(array)) for array in self.inputs)
        return f"{self.op.key}({shapes}; {dict(self.op.options)})"


def name(op: Op) -> str:
    return op.key


@cache
def cases(op: Op) -> list[Case]:
    """The operation with all sorts of options and shapes."""
    chance = random.Random(op.key)
    found: list[Case] = []
    for options in _options(op):
        variant = op.with_options(options) if options else op
        accepted = list(_accepted(variant))
        for shapes in sorted(chance.sample(accepted, min(PER_OPTIONS, len(accepted)))):
            inputs = inputs_in_the_domain(variant, shapes)
            if inputs is not None:
                found.append(Case(variant, inputs))
    assert found, (
        f"no inputs were found for {op.key}: its shape function or its domain refuses whatever "
        f"stands in SHAPES, OPTIONS and KINDS of {__name__}; add what it takes there"
    )
    return found


def _options(op: Op) -> Iterator[dict[str, Any]]:
    names = list(op.options)
    presets = [[] if value == () else [value] for value in op.options.values()]
    values = [[*preset, *OPTIONS.get(name, [])] for name, preset in zip(names, presets)]
    return (dict(zip(names, chosen)) for chosen in itertools.product(*values))


def counts(op: Op) -> range:
    """With how many inputs it is tried."""
    return range(1, 4) if op.variadic else range(op.least, op.arity + 1)


def _accepted(op: Op) -> Iterator[tuple[Shape, ...]]:
    """The shapes of inputs that fit, as the declaration says."""
    for count in counts(op):
        for shapes in itertools.product(SHAPES, repeat=count):
            if output_shape(op, shapes) is not None:
                yield shapes


def output_shape(op: Op, shapes: tuple[Shape, ...]) -> Shape | None:
    """What the declaration says; None where the shapes do not fit."""
    assert op.shape is not None
    try:
        return op.shape(*shapes, **op.options)
    except ValueError:
        return None


def inputs_in_the_domain(op: Op, shapes: tuple[Shape, ...]) -> tuple[Array, ...] | None:
    """Numbers of the first kinds that the domain accepts, and where no derivative is a choice."""
    rng = np.random.default_rng(7)
    for kinds in itertools.product(KINDS.values(), repeat=len(shapes)):
        inputs = tuple(as_value(make(rng, shape)) for make, shape in zip(kinds, shapes))
        if op.internal and not can_be_computed(op, inputs):
            return None
        if is_in_the_domain(op, inputs) and not is_on_a_kink(op, inputs):
            return inputs
    return None


def can_be_computed(op: Op, inputs: tuple[Array, ...]) -> bool:
    """Whether the shapes fit: of what only rules use, the declaration need not say it."""
    try:
        op(*inputs)
    except (ValueError, IndexError):
        return False
    return True


def as_value(array: Array) -> Array:
    """An array; or a float, which is what an array without axes is in the engine."""
    return array if np.ndim(array) else float(array)


def is_in_the_domain(op: Op, inputs: tuple[Array, ...]) -> bool:
    return bool(np.all(op.domain.contains(*inputs, **op.options)))


def is_on_a_kink(op: Op, inputs: tuple[Array, ...]) -> bool:
    return any(np.any(kink.at(*inputs, **op.options)) for kink in op.kinks)


def products(op: Op, upstream: Array, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
    """The vector-Jacobian product by each input, in its shape; the literal 0: nothing flows."""
    with np.errstate(all="ignore"):
        found = op.rule(upstream, op(*inputs), *inputs)
    found = found if isinstance(found, tuple) else (found,)
    assert len(found) == len(inputs)
    return tuple(
        NOTHING if product is NOTHING else fitted(product, np.shape(array))
        for product, array in zip(found, inputs)
    )


def is_differentiable(op: Op) -> bool:
    """Whether it has a rule; some operations that only the rules of rules use have none."""
    case = cases(op)[0]
    try:
        products(case.op, case.op(*case.inputs), case.inputs)
    except ArithmeticError as why:
        return not op.internal or "third derivative" not in str(why)
    return True


def direction(shape: Shape, seed: int) -> Array:
    """Random numbers of a shape."""
    return as_value(np.random.default_rng(seed).normal(size=shape))


DIGITS = 60
"""With so many digits the meaning is computed."""


def precise(array: Array) -> Array:
    """The same numbers as SymPy's, on which an operation runs as its meaning."""
    function = np.frompyfunc(lambda x: sympy.Float(float(x), DIGITS), 1, 1)
    return function(array)


def meaning(case: Case, inputs: tuple[Array, ...]) -> Array:
    """What the operation means, of SymPy's numbers."""
    arrays = tuple(np.asarray(array, dtype=object) for array in inputs)
    return case.op.of_objects(arrays)


def moved(array: Array, by: Mapping[tuple[int, ...], float]) -> Array:
    """The array with some of its elements moved."""
    copy = np.array(array, dtype=float)
    for place, step in by.items():
        copy[place] += step
    return as_value(copy)
