"""graph -> a straight-line program of the formula's value and gradient.

The graph is run on slots of a program in place of numbers, forwards by the operations' own
formulas and backwards by their rules, so that only library functions, arithmetic, comparisons and
`where` are left. What is computed twice is one step, constants are folded, and what no output
needs is left out. Nothing else is changed: every step rounds as the engine's does.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from bpcalc.codegen.backward import backward, counted
from bpcalc.codegen.slot import Made, Slot, needed_by
from bpcalc.codegen.slots import Slots
from bpcalc.errors import RequestError
from bpcalc.graph import Graph


class Step(NamedTuple):
    """One operation of a program; its result is the next slot."""

    op: str
    """The key of an operation whose forward is a library's, or `where`, `and`, `or`, `not`, or
    `number`, which makes a number of a condition."""
    inputs: tuple[int, ...]
    """Slots with smaller numbers."""


class Program(NamedTuple):
    """Slots, numbered: first the inputs, then the constants, then one for each step."""

    inputs: tuple[str, ...]
    constants: tuple[float, ...]
    steps: tuple[Step, ...]
    outputs: tuple[int, ...]
    """The slots of the value and of the gradient by each name that was asked for."""
    values: Mapping[int, str] = MappingProxyType({})
    """The slots of values that a statement named, and these names."""
    gradients: Mapping[int, str] = MappingProxyType({})
    """The slots of gradients by named statements, and these names."""

    @property
    def first_step(self) -> int:
        """The slot of the first step."""
        return len(self.inputs) + len(self.constants)

    @property
    def uses(self) -> list[int]:
        """How often each slot is used, as an input or as an output."""
        counts = [0] * (self.first_step + len(self.steps))
        for step in self.steps:
            for slot in step.inputs:
                counts[slot] += 1
        for slot in self.outputs:
            counts[slot] += 1
        return counts


def program(
    graph: Graph,
    wrt: Sequence[str] | None = None,
    fixed: Mapping[str, float] | None = None,
    *,
    value: bool = True,
    slots: Slots | None = None,
) -> Program:
    """The program of a formula of numbers: outputs are the value and the gradient by `wrt`.

    `wrt` are names of variables or statements, all variables if None; variables that are `fixed`
    have their number folded in, and are no inputs. Without `value` only the gradient is put out.
    `slots`, still without any, write steps in a way of their own.

    Raises:
        RequestError: the formula has arrays in it.
    """
    fixed = fixed or {}
    slots = Slots() if slots is None else slots
    inputs = {name: slots.input(name) for name in graph.variables if name not in fixed}
    values = _values(graph, slots, inputs, fixed)
    names = list(graph.variables) if wrt is None else list(wrt)
    wanted = [graph.index(name) for name in names]
    try:
        arrived = backward(graph, slots, values, wanted, slots.constant(1.0))
    except TypeError:  # the rule of an operation for arrays, prod, computes with arrays
        first = next(index for index, op, _ in graph.operations if op.shape is not None)
        raise _arrays(graph, first) from None
    found = [counted(slots, arrived[index], values[index]) for index in wanted]
    outputs = [values[graph.output], *found] if value else found
    statements = {name: values[index] for index, name in graph.names.items()}
    slopes = {
        name: known.gradient
        for index, name in graph.names.items()
        if (known := arrived[index]) is not None and known.mask is True
    }
    outputs = [slots.number(slot) for slot in outputs]
    return _finished(slots, tuple(inputs), outputs, statements, slopes)


def _values(
    graph: Graph, slots: Slots, inputs: Mapping[str, Slot], fixed: Mapping[str, float]
) -> list[Slot]:
    """The slot of every node's value."""
    values: list[Slot] = []
    for leaf in graph.leaves:
        if leaf.constant is None:
            assert leaf.name is not None
            given = inputs.get(leaf.name)
            values.append(slots.constant(fixed[leaf.name]) if given is None else given)
        elif hasattr(leaf.constant, "array"):
            raise _arrays(graph, len(values))
        else:
            values.append(slots.constant(float(leaf.constant)))
    for index, op, indices in graph.operations:
        try:
            values.append(slots.slot(op(*[values[i] for i in indices])))
        except (TypeError, ValueError, IndexError):
            raise _arrays(graph, index) from None
    return values


def _finished(
    slots: Slots,
    inputs: tuple[str, ...],
    outputs: Sequence[Slot],
    statements: Mapping[str, Slot],
    slopes: Mapping[str, Slot],
) -> Program:
    """The program without what no output needs, its slots numbered anew."""
    needed = needed_by([output.index for output in outputs], slots.made)
    number = {slots.inputs[name].index: place for place, name in enumerate(inputs)}
    constants: dict[bytes, float] = {}
    for index, made in enumerate(slots.made):
        if needed[index] and made.constant is not None:
            constants[struct.pack("<d", made.constant)] = made.constant
    places = {bits: len(inputs) + place for place, bits in enumerate(constants)}
    for index, made in enumerate(slots.made):
        if needed[index] and made.constant is not None:
            number[index] = places[struct.pack("<d", made.constant)]
    steps: list[Step] = []
    for index, made in enumerate(slots.made):
        if needed[index] and index not in number:
            number[index] = len(inputs) + len(constants) + len(steps)
            steps.append(_step(slots, made, number))
    return Program(
        inputs,
        tuple(constants.values()),
        tuple(steps),
        tuple(number[slot.index] for slot in outputs),
        _names_of_steps(slots, statements, number),
        _names_of_steps(slots, slopes, number),
    )


def _names_of_steps(
    slots: Slots, named: Mapping[str, Slot], number: Mapping[int, int]
) -> dict[int, str]:
    """The names by the steps that are left; of several the first."""
    found: dict[int, str] = {}
    for name, slot in named.items():
        if slot.index in number and slots.made[slot.index].inputs:
            found.setdefault(number[slot.index], name)
    return found


def _step(slots: Slots, made: Made, number: Mapping[int, int]) -> Step:
    """A step on the final numbers of its inputs."""
    if made.op == "where" and [slots.made[i].constant for i in made.inputs[1:]] == [1, 0]:
        return Step("number", (number[made.inputs[0]],))
    return Step(made.op, tuple(number[i] for i in made.inputs))


def _arrays(graph: Graph, index: int) -> RequestError:
    return RequestError(
        "code is generated for formulas of numbers, and this one has arrays in it",
        source=graph.source,
        span=graph.span(index),
    )


def is_of_numbers(graph: Graph) -> bool:
    """Whether there is a program for it: no arrays, but maybe a half_sse or a sum of numbers."""
    if not graph.structural:
        return True
    try:
        program(graph)
    except RequestError:
        return False
    return True
