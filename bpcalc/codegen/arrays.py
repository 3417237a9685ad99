"""graph + shapes -> a program of its value and gradient, in operations on whole arrays.

As program.py does it for numbers: the graph is run on slots, which know their shapes. Operations
whose formula is written in other operations are taken apart, so that common parts are computed
once; those that NumPy does as a whole (a product of matrices, a sum) stay what they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bpcalc.codegen.backward import backward, counted
from bpcalc.codegen.numpy_slots import NumpySlots
from bpcalc.codegen.slot import Condition, Made, Slot
from bpcalc.graph import Graph
from bpcalc.ops import OPERATORS, TABLE, Op, load_arrays
from bpcalc.ops.op import Shape, Value
from bpcalc.ops.shapes import broadcast


class ArrayStep(NamedTuple):
    """One slot of the program: how it is computed from slots before it."""

    op: str
    """The key of an operation, or `input`, `constant`, or `number`."""
    inputs: tuple[int, ...]
    shape: Shape
    structural: Op | None
    """The operation with its options, where it is no elementwise one."""
    constant: Any
    """The number or the array of a constant."""


class ArrayProgram(NamedTuple):
    """Slots in an order in which each stands behind its inputs."""

    steps: list[ArrayStep]
    inputs: dict[str, int]
    value: int
    """The slot of the loss: a number."""
    gradients: list[int]
    """The slots of the gradients, each of the shape of its variable."""


class ArraySlots(NumpySlots):
    """The slots of a program on arrays under construction."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[Shape] = []
        self.ops: dict[str, Op] = {}
        self.arrays: dict[int, Any] = {}
        self._next: Shape = ()

    def shape(self, slot: Slot) -> Shape:
        return self.shapes[slot.index]

    def item(self, slot: Slot, key: Any) -> Slot:
        parts = key if isinstance(key, tuple) else (key,)
        if not all(isinstance(part, (int, slice)) for part in parts):
            raise TypeError("a slot of a program has no such part")
        plain = tuple((p.start, p.stop, p.step) if isinstance(p, slice) else p for p in parts)
        return self.structural(OPERATORS["[]"].with_options({"key": plain}), (slot,))

    def array_input(self, name: str, shape: Shape) -> Slot:
        """A new input of the program, of this shape."""
        self._next = shape
        return self.input(name)

    def array_constant(self, array: Any) -> Slot:
        """The slot of an array that is always the same."""
        self._next = array.shape
        slot = super()._new(Made("array"))
        self.shapes.append(array.shape)
        self.arrays[slot.index] = array
        return slot

    def structural(self, op: Op, args: tuple[Value, ...]) -> Slot:
        slots = [self.number(self.slot(arg)) for arg in args]
        options: dict[str, Any] = dict(op.options)
        told = {key: v.made.constant for key, v in options.items() if isinstance(v, Slot)}
        op = op.with_options(told) if told else op  # the length of an array, as of `concat`
        assert op.shape is not None
        shape = op.shape(*[slot.shape for slot in slots], **op.options)
        try:  # by its formula, if that is written in operations
            assert callable(op.forward)
            found = self.slot(op.forward(*slots, **op.options))
            if found.shape == shape:
                return found
        except TypeError:
            pass
        name = f"{op.key} {dict(op.options)}"
        self.ops[name] = op
        return self._step(name, slots)

    def _new(self, made: Made) -> Slot:
        slot = super()._new(made)
        self.shapes.append(self._shape_of(made))
        return slot

    def _shape_of(self, made: Made) -> Shape:
        if made.op == "input":
            return self._next
        shapes = [self.shapes[i] for i in made.inputs]
        if made.op in self.ops:
            op = self.ops[made.op]
            assert op.shape is not None
            return tuple(op.shape(*shapes, **op.options))
        return broadcast(*shapes) if shapes else ()

    # Gradients

    def fitted(self, share: Slot, shape: Shape) -> Slot:
        """A gradient in the shape of its node: summed over what broadcasting repeated."""
        extra = len(share.shape) - len(shape)
        if extra > 0:
            share = self.slot(TABLE["sum"](share, axis=tuple(range(extra))))
        stretched = tuple(
            axis
            for axis, (n, m) in enumerate(zip(share.shape, shape))
            if n == 1 != m or m == 1 != n
        )
        if stretched and len(share.shape) == len(shape):
            share = self.slot(TABLE["sum"](share, axis=stretched, keepdims=1))
        return share

    def filled(self, share: Slot, like: Slot) -> Slot:
        """A number, or a smaller array, repeated in the shape of another."""
        if share.shape == like.shape:
            return share
        if not share.shape:
            return self.slot(TABLE["spread"](share, like))
        extra = len(like.shape) - len(share.shape)
        if extra:
            share = self.slot(TABLE["reshape"](share, shape=(1,) * extra + share.shape))
        both = enumerate(zip(share.shape, like.shape))
        axes = tuple(axis for axis, (n, m) in both if n == 1 != m)
        return self.slot(TABLE["spread"](share, like, axis=axes, keepdims=1)) if axes else share

    def fitted_mask(self, mask: Condition, like: Slot, shape: Shape) -> Condition:
        if isinstance(mask, bool) or not mask.shape:
            return mask
        whole = self.filled(self.number(mask), like)
        parts = self.fitted(whole, shape) if shape else self.slot(TABLE["sum"](whole))
        return self.condition(self.compared("greater", parts, 0.0))

    def by_rule(self, op: Op, y: Slot, args: Sequence[Slot]) -> tuple[Slot, ...]:
        """As the engine does it on arrays: only what `where` did not choose brings nothing.

        The zeros of relu are numbers, and a gradient is multiplied by them.
        """
        if op.used is not None:
            return super().by_rule(op, y, args)
        found = op.rule(y, *args)
        found = found if type(found) is tuple else (found,)
        return tuple(self.nothing() if _is_zero(local) else self.slot(local) for local in found)

    def where(self, c: Value, a: Value, b: Value) -> Slot:
        """As for numbers, in the common shape of all three."""
        found = super().where(c, a, b)
        slots = [self.slot(value) for value in (c, a, b)]
        shape = broadcast(*[slot.shape for slot in slots])
        if found.shape == shape:
            return found
        like = self._step("add", [self._step("add", [self.number(slots[0]), slots[1]]), slots[2]])
        return self.filled(found, like)

    def unfilled(self, share: Slot) -> Slot:
        """The number, where it stands in every place of an array."""
        if share.made.op in self.ops and self.ops[share.made.op].key == "spread":
            inner = Slot(self, share.made.inputs[0])
            return share if inner.shape else inner
        return share


def _is_zero(local: Value) -> bool:
    """Whether it is the literal 0 of a rule."""
    return type(local) is int and local == 0


def array_program(
    graph: Graph, shapes: Mapping[str, Shape], wrt: Sequence[str], share: float | None = None
) -> ArrayProgram:
    """The program for variables of these shapes.

    Where the output is an array the loss is the sum of its elements, or with a `share` that times
    the sum: 1/n for their mean.
    """
    load_arrays()
    slots = ArraySlots()
    inputs = {name: slots.array_input(name, tuple(shapes[name])) for name in graph.variables}
    values: list[Slot] = []
    for leaf in graph.leaves:
        if leaf.constant is None:
            assert leaf.name is not None
            values.append(inputs[leaf.name])
        elif hasattr(leaf.constant, "array"):
            values.append(slots.array_constant(leaf.constant.array))
        else:
            values.append(slots.constant(float(leaf.constant)))
    for _, op, indices in graph.operations:
        values.append(slots.slot(op(*[values[i] for i in indices])))
    output = values[graph.output]
    seed = slots.constant(1.0)
    loss = output
    if output.shape:
        seed = slots.constant(1.0 if share is None else share)
        loss = slots.slot(TABLE["sum"](output)) * seed
    wanted = [graph.index(name) for name in wrt]
    arrived = backward(graph, slots, values, wanted, seed)
    found = [counted(slots, arrived[index], values[index]) for index in wanted]
    return ArrayProgram(
        [_step(slots, index) for index in range(len(slots.made))],
        {name: slot.index for name, slot in inputs.items()},
        slots.number(loss).index,
        [slot.index for slot in found],
    )


def _step(slots: ArraySlots, index: int) -> ArrayStep:
    made = slots.made[index]
    op = slots.ops.get(made.op)
    constant = slots.arrays.get(index, made.constant)
    kind = "constant" if made.op == "array" else made.op if op is None else op.key
    return ArrayStep(kind, made.inputs, slots.shapes[index], op, constant)
