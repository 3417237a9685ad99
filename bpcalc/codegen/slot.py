"""One place of a program under construction, with which rules compute as with a number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from bpcalc.ops.op import Op, Shape, Value, register_kind

if TYPE_CHECKING:
    from bpcalc.codegen.slots import Slots

MIRRORED = {
    "less": "greater",
    "less_equal": "greater_equal",
    "greater": "less",
    "greater_equal": "less_equal",
    "equal": "equal",
    "not_equal": "not_equal",
}
"""Comparisons, and what they are when both sides change their sign, or their places."""

CONDITIONS = frozenset({*MIRRORED, "and", "or", "not"})
"""Steps that give a condition: true or false, and no number."""


class HasInputs(Protocol):
    """What is computed from slots."""

    @property
    def inputs(self) -> tuple[int, ...]: ...


def needed_by(outputs: Iterable[int], steps: Sequence[HasInputs]) -> list[bool]:
    """For each slot whether an output needs it; each stands behind its inputs."""
    needed = [False] * len(steps)
    for index in outputs:
        needed[index] = True
    for index in range(len(steps) - 1, -1, -1):
        if needed[index]:
            for used in steps[index].inputs:
                needed[used] = True
    return needed


class Made(NamedTuple):
    """What a slot holds: the result of a step, a constant, or an input."""

    op: str
    inputs: tuple[int, ...] = ()
    constant: float | None = None


class Slot:
    """A place of a program. Rules compute with it as with a number, which writes the program."""

    __slots__ = ("home", "index")

    def __init__(self, home: Slots, index: int) -> None:
        self.home = home
        self.index = index

    @property
    def made(self) -> Made:
        return self.home.made[self.index]

    @property
    def shape(self) -> Shape:
        return self.home.shape(self)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    __array_ufunc__ = None

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a slot of a program has no numbers")  # so that NumPy makes no array of it

    def __getitem__(self, key: Any) -> Slot:
        return self.home.item(self, key)

    def __add__(self, other: Value) -> Slot:
        return self.home.step("add", self, other)

    def __radd__(self, other: Value) -> Slot:
        # sum() starts from the integer 0
        return self if type(other) is int and other == 0 else self.home.step("add", other, self)

    def __sub__(self, other: Value) -> Slot:
        return self.home.step("sub", self, other)

    def __rsub__(self, other: Value) -> Slot:
        return self.home.step("sub", other, self)

    def __mul__(self, other: Value) -> Slot:
        return self.home.step("mul", self, other)

    def __rmul__(self, other: Value) -> Slot:
        return self.home.step("mul", other, self)

    def __truediv__(self, other: Value) -> Slot:
        return self.home.step("div", self, other)

    def __rtruediv__(self, other: Value) -> Slot:
        return self.home.step("div", other, self)

    def __pow__(self, other: Value) -> Slot:
        return self.home.step("pow", self, other)

    def __rpow__(self, other: Value) -> Slot:
        return self.home.step("pow", other, self)

    def __neg__(self) -> Slot:
        return self.home.step("neg", self)

    def __lt__(self, other: Value) -> Slot:
        return self.home.compared("less", self, other)

    def __le__(self, other: Value) -> Slot:
        return self.home.compared("less_equal", self, other)

    def __gt__(self, other: Value) -> Slot:
        return self.home.compared("greater", self, other)

    def __ge__(self, other: Value) -> Slot:
        return self.home.compared("greater_equal", self, other)


def _applied(op: Op, args: tuple[Value, ...]) -> Value:
    """An operation on slots: one step, or the steps of its forward formula."""
    home = next(arg.home for arg in args if isinstance(arg, Slot))
    if op.shape is not None:
        return home.structural(op, args)
    if op.key == "where":
        return home.where(*args)
    if op.switch and op.primitive:
        return home.compared(op.key, *args)
    if op.primitive:
        return home.step(op.key, *args)
    return home.by_formula(op, args)


register_kind(Slot, _applied)


Condition: TypeAlias = "Slot | bool"
"""The slot of a condition, or its answer where that is known."""
