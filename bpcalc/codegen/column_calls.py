"""program -> NumPy calls, each with the buffer that it writes into.

A buffer is free again after the last call that reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bpcalc.codegen.column_parts import GIVE_CONDITIONS, Operand, Part, parts
from bpcalc.codegen.program import Program


class Call(NamedTuple):
    """A call of a NumPy function, on names of columns, buffers and shared numbers."""

    function: str
    arguments: tuple[str, ...]
    out: str
    """Where its result goes. `copyto` and `putmask` have that as their first argument."""


class Calls(NamedTuple):
    """What one chunk of rows needs."""

    calls: list[Call]
    numbers: list[int]
    """Slots that all rows share, and that calls use."""
    floats: int
    """How many buffers of numbers there are: f0, f1, ..."""
    flags: int
    """How many buffers of conditions there are: c0, c1, ..."""


def calls(program: Program, varies: Sequence[bool], written: Mapping[int, int]) -> Calls:
    """The calls for the steps that vary; `written` are the outputs' slots, with their places.

    Columns that come in are called x0, x1, ... by their slots, numbers that all rows share k2, k3,
    ..., outputs o0, o1, ... by their places.
    """
    return _Assignment(parts(program, varies), varies, written).found()


class _Assignment:
    """Which buffer each result goes into."""

    def __init__(
        self, found: list[Part], varies: Sequence[bool], written: Mapping[int, int]
    ) -> None:
        self.parts = found
        self.varies = varies
        self.written = written
        self.last = {used: place for place, part in enumerate(found) for used in part.inputs}
        self.names: dict[int, str] = {}
        self.numbers: dict[int, None] = {}
        self.free: dict[str, list[str]] = {"f": [], "c": []}
        self.made = {"f": 0, "c": 0}
        self.calls: list[Call] = []

    def found(self) -> Calls:
        for place, part in enumerate(self.parts):
            arguments = tuple(map(self._named, part.inputs))
            dying = self._dying(part, place)
            if part.function == "where":
                self._choose(part, arguments, dying)
            else:
                self._release(dying)  # a call may write over its own inputs
                self.calls.append(Call(part.function, arguments, self._room(part)))
        return Calls(self.calls, list(self.numbers), self.made["f"], self.made["c"])

    def _choose(self, part: Part, arguments: tuple[str, ...], dying: list[str]) -> None:
        """Write the one, then the other over it where the condition holds."""
        condition, first, second = arguments
        if second in dying and part.result not in self.written:
            out = self.names[part.result] = second
            dying.remove(second)
        else:
            out = self._room(part)
            self.calls.append(Call("copyto", (second,), out))
        if isinstance(part.inputs[0], int) and part.inputs[0] in self.numbers:
            self.calls.append(Call("copyto", (first, f"where={condition}"), out))
        else:
            self.calls.append(Call("putmask", (condition, first), out))
        self._release(dying)

    def _room(self, part: Part) -> str:
        """Where a result goes."""
        kind = "c" if part.function in GIVE_CONDITIONS else "f"
        if part.result in self.written:
            name = f"o{self.written[part.result]}"
        elif self.free[kind]:
            name = self.free[kind].pop()
        else:
            name = f"{kind}{self.made[kind]}"
            self.made[kind] += 1
        self.names[part.result] = name
        return name

    def _dying(self, part: Part, place: int) -> list[str]:
        """The buffers that are read for the last time."""
        return [
            self.names[used]
            for used in dict.fromkeys(part.inputs)
            if isinstance(used, int)
            and self.last[used] == place
            and self.names.get(used, "o")[0] in self.free
        ]

    def _release(self, names: list[str]) -> None:
        for name in names:
            self.free[name[0]].append(name)

    def _named(self, used: Operand) -> str:
        if isinstance(used, str):
            return used
        if used in self.names:
            return self.names[used]
        if self.varies[used]:
            return f"x{used}"
        self.numbers[used] = None
        return f"k{used}"
