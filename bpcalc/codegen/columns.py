"""program -> a function of NumPy columns: value and gradient in every row.

The rows go through in chunks that stay in the processor's caches, each step as one NumPy call that
writes into a buffer; a buffer is used again as soon as nothing needs what it holds. NumPy lets go
of the interpreter's lock, so chunks run on several threads. What depends on no column is computed
once. A few calls differ from the engine's in the last bits: NumPy's functions, and powers with
small exponents, which are products and roots.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy

from bpcalc.codegen.column_calls import Call, calls
from bpcalc.codegen.column_functions import function
from bpcalc.codegen.program import Program
from bpcalc.codegen.slot import CONDITIONS
from bpcalc.ops import TABLE
from bpcalc.ops.memory import room
from bpcalc.ops.op import MATH_RAISES

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Column: TypeAlias = "numpy.ndarray[Any, Any]"

CHUNK = 65_536
"""Rows that are computed at a time. A call on fewer is over before another thread has woken up to
take the interpreter's lock, and two threads are as slow as one (measured: 8,192 rows)."""

ALONE = 2 * CHUNK
"""Up to so many rows one thread does it alone."""


class _Uniform(NamedTuple):
    """A step on numbers that all rows share, computed once per run."""

    slot: int
    op: str
    inputs: tuple[int, ...]


class Columns:
    """The program, to be run on columns of equal length and on numbers that all rows share."""

    def __init__(self, program: Program, threads: int | None = None) -> None:
        self.program = program
        self.threads = threads
        """At most so many; None for as many as there are processors."""
        self._compiled = cache(self._compile)

    def __call__(
        self, arguments: Sequence[float | Column], out: Sequence[Column] | None = None
    ) -> list[Column]:
        """The outputs, one array (rows,) each; in the arrays of `out`, if they are given.

        `arguments` are the program's inputs: one-dimensional contiguous float64 arrays of the
        same length, at least one, and floats.
        """
        shared = tuple(isinstance(argument, float) for argument in arguments)
        rows = next(len(a) for a in arguments if not isinstance(a, float))
        outputs = [room((rows,)) for _ in self.program.outputs] if out is None else list(out)
        work = self._compiled(shared)
        numbers = work.uniform(arguments)
        for place, slot in work.constant_outputs:
            outputs[place].fill(numbers[slot])
        for place, slot in work.copied_inputs:
            numpy.copyto(outputs[place], arguments[slot])
        if work.written:
            self._spread(work, arguments, numbers, outputs, rows)
        for place, other in work.copied_outputs:
            numpy.copyto(outputs[place], outputs[other])
        return outputs

    def _spread(
        self,
        work: _Work,
        arguments: Sequence[Any],
        numbers: dict[int, float],
        outputs: Sequence[Column],
        rows: int,
    ) -> None:
        """Run all chunks, on as many threads as that is worth."""
        columns = [arguments[slot] for slot in work.columns]
        results = [outputs[place] for place in work.written.values()]
        shared = [numbers[slot] for slot in work.numbers]
        lows = iter(range(0, rows, CHUNK))

        def chunks() -> None:
            buffers = work.buffers(min(CHUNK, rows))
            with numpy.errstate(all="ignore"):
                for low in lows:  # each thread takes the next one
                    cut = slice(low, min(low + CHUNK, rows))
                    here = [buffer[: cut.stop - low] for buffer in buffers]
                    work.run(*[c[cut] for c in columns], *shared, *[r[cut] for r in results], *here)

        threads = 1 if rows <= ALONE else min(self.threads or _processors(), _processors())
        others = [_pool().submit(chunks) for _ in range(threads - 1)]
        chunks()
        for other in others:
            other.result()

    def _compile(self, shared: tuple[bool, ...]) -> _Work:
        return _Work(self.program, shared)


class _Work:
    """A program for one pattern of columns and shared numbers."""

    def __init__(self, program: Program, shared: tuple[bool, ...]) -> None:
        self.program = program
        first = program.first_step
        varies = [not same for same in shared] + [False] * len(program.constants)
        self.once: list[_Uniform] = []
        for slot, step in enumerate(program.steps, first):
            varies.append(any(varies[used] for used in step.inputs))
            if not varies[slot]:
                self.once.append(_Uniform(slot, step.op, step.inputs))
        self.columns = [slot for slot in range(len(program.inputs)) if varies[slot]]
        self.constant_outputs = []
        self.copied_inputs = []
        self.copied_outputs = []
        self.written: dict[int, int] = {}
        """By slot: the output that is computed in place."""
        for place, slot in enumerate(program.outputs):
            if not varies[slot]:
                self.constant_outputs.append((place, slot))
            elif slot < first:
                self.copied_inputs.append((place, slot))
            elif slot in self.written:
                self.copied_outputs.append((place, self.written[slot]))
            else:
                self.written[slot] = place
        found = calls(program, varies, self.written)
        self.floats, self.flags = found.floats, found.flags
        self.numbers = found.numbers
        self.run = _compiled(found.calls, self)

    def uniform(self, arguments: Sequence[float | Column]) -> dict[int, float]:
        """The values of the slots that all rows share."""
        program = self.program
        found: dict[int, Any] = dict(enumerate(arguments))
        found.update(enumerate(program.constants, len(program.inputs)))
        for slot, op, inputs in self.once:
            found[slot] = _number(op, tuple(found[used] for used in inputs))
        return found

    def buffers(self, rows: int) -> list[Column]:
        """Room for what is computed on the way."""
        floats = numpy.empty((self.floats, rows))
        flags = numpy.empty((self.flags, rows), dtype=bool)
        return [*floats, *flags]


def _number(op: str, inputs: tuple[float, ...]) -> float | bool:
    """The result of a step on numbers; of one that gives a condition, its answer."""
    if op == "number":
        return float(inputs[0])
    try:
        found: float = TABLE[op].scalar(*inputs)
    except MATH_RAISES:
        found = TABLE[op].asked_of_numpy(inputs)
    return bool(found) if op in CONDITIONS else found


def _compiled(found: Sequence[Call], work: _Work) -> Callable[..., None]:
    """The calls as one function: `run(x0, ..., k4, ..., o0, ..., f0, ..., c0, ...)`."""
    names = [
        *(f"x{slot}" for slot in work.columns),
        *(f"k{slot}" for slot in work.numbers),
        *(f"o{place}" for place in work.written.values()),
        *(f"f{number}" for number in range(work.floats)),
        *(f"c{number}" for number in range(work.flags)),
    ]
    lines = [f"def run({', '.join(names)}):"]
    for call in found:
        arguments = ", ".join(call.arguments)
        if call.function in ("copyto", "putmask"):
            lines.append(f"    {call.function}({call.out}, {arguments})")
        else:
            lines.append(f"    {call.function}({arguments}, out={call.out})")
    namespace: dict[str, Any] = {call.function: function(call.function) for call in found}
    lines.append("    return")
    exec(compile("\n".join(lines) + "\n", "<compiled columns>", "exec"), namespace)
    run: Callable[..., None] = namespace["run"]
    return run


@cache
def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor  # with logging 10 ms, for large tables only

    return ThreadPoolExecutor(max(1, _processors() - 1), thread_name_prefix="bpcalc")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not live on in a child
