"""An array program -> NumPy calls that are bound to their arrays once, and then only repeated.

Every slot has its place in memory before the first run: inputs are the caller's arrays, transposes
and reshapes are views, and what is computed goes into buffers that are used again when nothing
needs what they hold. A run then is a list of calls without arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy

from bpcalc.codegen.arrays import ArrayProgram, ArrayStep
from bpcalc.codegen.column_functions import function
from bpcalc.codegen.column_parts import numpy_name
from bpcalc.codegen.slot import CONDITIONS, needed_by
from bpcalc.ops.arrays import numpy_axis

Array: TypeAlias = "numpy.ndarray[Any, Any]"
Run: TypeAlias = "Callable[[], object]"


class Bound:
    """A program on arrays that stay where they are: `run` computes the outputs anew from them."""

    def __init__(
        self,
        program: ArrayProgram,
        inputs: Mapping[str, Array],
        outputs: Sequence[int],
        dtype: Any = numpy.float64,
    ) -> None:
        self.steps = program.steps
        self.dtype = numpy.dtype(dtype)
        self.outputs = list(outputs)
        self.needed = needed_by(self.outputs, self.steps)
        self.root = list(range(len(self.steps)))
        """By slot: whose memory it shows, its own or that of an input further up."""
        self.held: list[Any] = [None] * len(self.steps)
        """By slot: its array, or its number."""
        self.calls: list[Run] = []
        self.free: dict[tuple[int, Any], list[Array]] = {}
        for name, index in program.inputs.items():
            self.held[index] = inputs[name]
        self._place_all()
        self.results = [self._result(index) for index in self.outputs]

    def _result(self, index: int) -> Array:
        """An output in memory of its own, also where it is a number or one of the inputs."""
        held = self.held[index]
        if isinstance(held, numpy.ndarray) and self.steps[self.root[index]].op not in _GIVEN:
            return held
        out = numpy.empty(self.steps[index].shape, self.dtype)
        self.calls.append(partial(numpy.copyto, out, held))
        return out

    def run(self) -> list[Any]:
        """The outputs, in arrays that the next run writes to again."""
        with numpy.errstate(all="ignore"):
            for call in self.calls:
                call()
        return self.results

    def _place_all(self) -> None:
        """Find memory and calls for all steps, in order."""
        views = [self._is_view(step) for step in self.steps]
        for index, step in enumerate(self.steps):
            if views[index]:
                self.root[index] = self.root[step.inputs[0]]
        last = [-1] * len(self.steps)
        for index, step in enumerate(self.steps):
            if self.needed[index]:
                for used in step.inputs:
                    last[self.root[used]] = index
        for index in self.outputs:
            last[self.root[index]] = len(self.steps)
        for index, step in enumerate(self.steps):
            if not self.needed[index] or step.op == "input":
                continue
            if step.op == "constant":
                self.held[index] = numpy.array(step.constant, self.dtype)
            elif views[index]:
                self._view(index, step)
            else:
                self._compute(index, step, last)

    def _is_view(self, step: ArrayStep) -> bool:
        return step.structural is not None and step.structural.key in _VIEWS

    def _view(self, index: int, step: ArrayStep) -> None:
        """Another look at an array that is there already."""
        assert step.structural is not None
        forward: Any = step.structural.forward
        found = forward(*[self._shaped(used) for used in step.inputs], **step.structural.options)
        source = self.held[step.inputs[0]]
        if numpy.may_share_memory(found, source):
            self.held[index] = found
        else:  # to reshape what is transposed takes a copy
            self.root[index] = index
            self.held[index] = self._buffer(index, step)
            self.calls.append(partial(self._opaque, forward, step, index))

    def _shaped(self, slot: int) -> Any:
        """What a slot holds; of an input that only lends its shape nothing is read."""
        return self.held[slot] if self.held[slot] is not None else _Shape(self.steps[slot].shape)

    def _compute(self, index: int, step: ArrayStep, last: Sequence[int]) -> None:
        dying = [
            used
            for used in dict.fromkeys(self.root[used] for used in step.inputs)
            if last[used] == index and self.steps[used].op not in _GIVEN
        ]
        if step.structural is None:
            out = self._in_place(step, dying)
            if out is None:
                out = self._buffer(index, step)
            self.held[index] = out
            self.calls += _elementwise(step, [self.held[used] for used in step.inputs], out)
        else:
            out = self.held[index] = self._buffer(index, step)
            self._structural(index, step, out)
        for used in dying:
            if self.held[used] is not out:
                self._release(self.held[used])

    def _in_place(self, step: ArrayStep, dying: Sequence[int]) -> Array | None:
        """The memory of an input that is read for the last time, where it fits."""
        candidates = step.inputs[2:] if step.op == "where" else step.inputs
        for used in candidates:
            held = self.held[used]
            if used in dying and held.shape == step.shape and held.dtype == self._dtype(step):
                return held  # type: ignore[no-any-return]
        return None

    def _dtype(self, step: ArrayStep) -> Any:
        return numpy.dtype(bool) if step.op in CONDITIONS else self.dtype

    def _buffer(self, index: int, step: ArrayStep) -> Array:
        dtype = self._dtype(step)
        size = int(numpy.prod(step.shape))
        free = self.free.get((size, dtype))
        flat = free.pop() if free else numpy.empty(size, dtype)
        return flat.reshape(step.shape)

    def _release(self, array: Array) -> None:
        self.free.setdefault((array.size, array.dtype), []).append(array.reshape(-1))

    def _structural(self, index: int, step: ArrayStep, out: Array) -> None:
        op = step.structural
        assert op is not None
        arrays = [self._shaped(used) for used in step.inputs]
        made = _DIRECT.get(op.key)
        if made is not None:
            self.calls += made(arrays, op.options, out)
        else:
            self.calls.append(partial(self._opaque, op.forward, step, index))

    def _opaque(self, forward: Any, step: ArrayStep, index: int) -> None:
        """Any operation, by its own formula for arrays."""
        assert step.structural is not None
        arrays = [self.held[used] for used in step.inputs]
        self.held[index][...] = forward(*arrays, **step.structural.options)


class _Shape:
    """A shape in place of an array of which nothing else is read."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.ndim = len(shape)


_GIVEN = ("input", "constant")

_VIEWS = frozenset(
    {"transpose", "swapped", "reshape", "shaped_like", "row", "column", "spread", "getitem"}
)
"""Operations that only look at their first input in another way; the second lends its shape."""


def _elementwise(step: ArrayStep, args: Sequence[Any], out: Array) -> list[Run]:
    """The calls of an elementwise step."""
    if step.op == "number":
        return [partial(numpy.copyto, out, args[0])]
    if step.op == "where":
        return _choice(args[0], args[1], args[2], out)
    if step.op == "pow" and not numpy.shape(args[1]):
        known = _POWERS.get(float(args[1]))
        if known is not None:
            return [partial(known, args[0], out)]
    return [partial(function(numpy_name(step.op)), *args, out=out)]


def _choice(condition: Any, first: Any, second: Any, out: Array) -> list[Run]:
    """Write the one, then the other over it where the condition holds."""
    calls: list[Run] = [] if second is out else [partial(numpy.copyto, out, second)]
    fits = numpy.shape(first) in ((), out.shape)
    if fits and condition.shape == out.shape:
        return [*calls, partial(numpy.putmask, out, condition, first)]
    return [*calls, partial(numpy.copyto, out, first, where=condition)]


_POWERS: dict[float, Any] = {
    2.0: numpy.square,
    0.5: numpy.sqrt,
    -1.0: numpy.reciprocal,
}


def _sum(arrays: Sequence[Any], options: Mapping[str, Any], out: Array) -> list[Run]:
    return [_reduction(numpy.add, arrays[0], options, out)]


def _mean(arrays: Sequence[Any], options: Mapping[str, Any], out: Array) -> list[Run]:
    count = float(arrays[0].size // max(out.size, 1))
    return [*_sum(arrays, options, out), partial(numpy.divide, out, count, out)]


def _reduction(ufunc: Any, array: Any, options: Mapping[str, Any], out: Array) -> Run:
    axis, keep = numpy_axis(options.get("axis")), bool(options.get("keepdims"))
    return partial(ufunc.reduce, array, axis=axis, out=out, keepdims=keep)


_DIRECT: dict[str, Callable[[Sequence[Any], Mapping[str, Any], Array], list[Run]]] = {
    "matmul": lambda arrays, _, out: [partial(numpy.matmul, *arrays, out=out)],
    "sum": _sum,
    "mean": _mean,
}
"""Structural operations that write where they are told to; all others make a new array first."""
