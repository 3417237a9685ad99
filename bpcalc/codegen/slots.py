"""The slots of a program under construction: each made once, constants folded, units dropped.

What is simplified gives the same float64 in every case (the sign of a zero apart): x * 1,
x / 1, x * -1, -(-x), x + -y, |-x|, a comparison of -x with a number. x * 0 stays: x may be inf.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from bpcalc.codegen.slot import CONDITIONS, MIRRORED, Condition, Made, Slot
from bpcalc.ops import TABLE
from bpcalc.ops.op import MATH_RAISES, OF_ONE, Op, Shape, Value

_SORTED = frozenset({"add", "mul", "equal", "not_equal", "or"})
"""Steps whose two inputs may change places, to the bit. Of `and` the second may be left out."""


class Slots:
    """All slots of a program under construction."""

    def __init__(self) -> None:
        self.made: list[Made] = []
        self.inputs: dict[str, Slot] = {}
        self.in_rule = False
        """Whether a rule is run: then the integer 0 means that nothing flows."""
        self._known: dict[Any, Slot] = {}
        self._partial: set[int] = set()
        """Slots in which the literal 0 of a rule stands behind a condition."""

    def by_formula(self, op: Op, args: tuple[Value, ...]) -> Slot:
        """What an operation's forward formula gives: numbers, also within a rule."""
        assert callable(op.forward)
        was, self.in_rule = self.in_rule, False
        found = self.slot(op.forward(*args, **op.options))
        self.in_rule = was
        return found

    def by_rule(self, op: Op, y: Slot, args: Sequence[Slot]) -> tuple[Slot, ...]:
        """The local derivatives of an operation."""
        self.in_rule = True
        found = op.rule(y, *args)
        locals_ = tuple(map(self._told, found if type(found) is tuple else (found,)))
        self.in_rule = False
        return locals_

    def shape(self, slot: Slot) -> Shape:
        """The shape of what a slot holds: here numbers."""
        return ()

    def item(self, slot: Slot, key: Any) -> Slot:
        """An element or a part of an array."""
        raise TypeError("a number has no elements")

    def structural(self, op: Op, args: tuple[Value, ...]) -> Slot:
        """What an operation for arrays gives for numbers: half_sse(a, b), a sum of one number.

        Raises:
            TypeError: it is not known.
        """
        slots = [self.number(self.slot(arg)) for arg in args]
        if op.key in OF_ONE:
            return slots[0]
        assert callable(op.forward)
        return self.slot(op.forward(*slots, **op.options))  # as far as that is written in others

    def fitted(self, share: Slot, shape: Shape) -> Slot:
        """A gradient in the shape of its node: here it is that of a number."""
        return share

    def filled(self, share: Slot, like: Slot) -> Slot:
        """A number in every place of an array of another's shape: here there is but one."""
        return share

    def fitted_mask(self, mask: Condition, like: Slot, shape: Shape) -> Condition:
        """Where a gradient counts that has been summed to a shape: where one of its parts does."""
        return mask

    def unfilled(self, share: Slot) -> Slot:
        """The number, where it stands in every place of an array."""
        return share

    def input(self, name: str) -> Slot:
        """A new input of the program."""
        self.inputs[name] = self._new(Made("input"))
        return self.inputs[name]

    def constant(self, number: float) -> Slot:
        """The slot of a number; each bit pattern has one."""
        return self._found(("constant", struct.pack("<d", number)), Made("constant", (), number))

    def nothing(self) -> Slot:
        """The literal 0 of a rule: computed with, it is 0; as a gradient, it brings nothing."""
        found = self._found("nothing", Made("constant", (), 0.0))
        self._partial.add(found.index)
        return found

    def slot(self, value: Value) -> Slot:
        """A slot stays what it is; a number becomes one."""
        return value if isinstance(value, Slot) else self.constant(float(value))

    def _told(self, value: Value) -> Slot:
        """A slot, where the integer 0 of a rule means more than the number."""
        if self.in_rule and type(value) is int and value == 0:
            return self.nothing()
        return self.slot(value)

    def _new(self, made: Made) -> Slot:
        self.made.append(made)
        return Slot(self, len(self.made) - 1)

    def _found(self, key: Any, made: Made) -> Slot:
        slot = self._known.get(key)
        if slot is None:
            slot = self._known[key] = self._new(made)
        return slot

    # Numbers

    def step(self, op: str, *args: Value) -> Slot:
        """The result of an arithmetic step or of a function, on numbers."""
        slots = [self.number(self.slot(arg)) for arg in args]
        constants = [slot.made.constant for slot in slots]
        if None not in constants:
            return self.constant(_folded(TABLE[op], constants))
        return self._without_unit(op, slots, constants) or self._step(op, slots)

    def _step(self, op: str, slots: list[Slot]) -> Slot:
        inputs = tuple(slot.index for slot in slots)
        if op in _SORTED and inputs[0] > inputs[1]:
            inputs = inputs[::-1]
        return self._found((op, inputs), Made(op, inputs))

    def _without_unit(
        self, op: str, slots: list[Slot], constants: list[float | None]
    ) -> Slot | None:
        """The result where no step is needed for it, or a simpler one."""
        first, last = slots[0], slots[-1]
        if op == "mul":
            for unit, other in zip(constants, reversed(slots)):
                if unit == 1:
                    return other
                if unit == -1:
                    return -other
        elif op in ("div", "pow") and constants[1] == 1:
            return first
        elif op == "div" and constants[1] == -1:
            return -first
        elif op in ("neg", "abs") and first.made.op == "neg":
            inner = Slot(self, first.made.inputs[0])
            return inner if op == "neg" else self.step("abs", inner)
        elif op == "add" and last.made.op == "neg":
            return first - Slot(self, last.made.inputs[0])
        elif op == "add" and first.made.op == "neg":
            return last - Slot(self, first.made.inputs[0])
        elif op == "sub" and last.made.op == "neg":
            return first + Slot(self, last.made.inputs[0])
        return None

    # Conditions

    def compared(self, op: str, *args: Value) -> Slot:
        """A comparison, as a number: 1 or 0."""
        first, second = (self.number(self.slot(arg)) for arg in args)
        a, b = first.made.constant, second.made.constant
        if a is not None and b is not None:
            return self.constant(float(TABLE[op].scalar(a, b)))
        if a is not None:
            op, first, second, b = MIRRORED[op], second, first, a
        if b is not None and first.made.op == "neg":
            op, first, second = (
                MIRRORED[op],
                Slot(self, first.made.inputs[0]),
                self.constant(0.0 - b),
            )
        return self.number(self._step(op, [first, second]))

    def number(self, slot: Condition) -> Slot:
        """A number as it is; a condition as 1 or 0."""
        if isinstance(slot, bool):
            return self.constant(float(slot))
        if slot.made.op not in CONDITIONS:
            return slot
        return self._step("number", [slot])

    def condition(self, value: Value) -> Condition:
        """Whether a number is not 0."""
        slot = self.slot(value)
        made = slot.made
        if made.constant is not None:
            return made.constant != 0
        if made.op == "number":
            return Slot(self, made.inputs[0])
        if made.op in CONDITIONS:
            return slot
        return self._step("not_equal", [slot, self.constant(0.0)])

    def no(self, condition: Condition) -> Condition:
        """Whether a condition does not hold."""
        if isinstance(condition, bool):
            return not condition
        if condition.made.op == "not":
            return Slot(self, condition.made.inputs[0])
        return self._step("not", [condition])

    def both(self, first: Condition, second: Condition) -> Condition:
        """Whether two conditions hold."""
        if isinstance(first, bool):
            return second if first else False
        if isinstance(second, bool):
            return first if second else False
        if first.index == second.index:
            return first
        return self._step("and", [first, second])

    def either(self, first: Condition, second: Condition) -> Condition:
        """Whether one of two conditions holds."""
        if isinstance(first, bool):
            return True if first else second
        if isinstance(second, bool):
            return True if second else first
        if first.index == second.index:
            return first
        opposite = self.no(first)
        assert isinstance(opposite, Slot)
        if opposite.index in (
            second.index,
            *(second.made.inputs if second.made.op == "or" else ()),
        ):
            return True
        return self._absorbed(first, second) or self._step("or", [first, second])

    def _absorbed(self, first: Slot, second: Slot) -> Slot | None:
        """What is left of (p and q) or p, and of (p and q) or (p and not q): p."""
        for one, other in ((first, second), (second, first)):
            if one.made.op == "and" and other.index in one.made.inputs:
                return other
        if first.made.op == second.made.op == "and":
            (p, q), (r, s) = first.made.inputs, second.made.inputs
            opposite = self.no(Slot(self, q))
            if p == r and isinstance(opposite, Slot) and opposite.index == s:
                return Slot(self, p)
        return None

    def where(self, c: Value, a: Value, b: Value) -> Slot:
        """The one or the other, by a condition."""
        condition = c if isinstance(c, bool) else self.condition(c)
        first, second = self._told(a), self._told(b)
        if isinstance(condition, bool):
            return first if condition else second
        if first.index == second.index:
            return first
        if condition.made.op == "not":
            condition, first, second = Slot(self, condition.made.inputs[0]), second, first
        if first.index in self._partial or second.index in self._partial:
            return self._partly(condition, first, second)
        return self._as_condition(condition, first, second) or self._step(
            "where", [condition, first, second]
        )

    def _partly(self, condition: Slot, first: Slot, second: Slot) -> Slot:
        """A choice between a number and the literal 0 of a rule."""
        made = self._step("where", [condition, first, second])
        self._partial.add(made.index)
        return made

    def _as_condition(self, condition: Slot, first: Slot, second: Slot) -> Slot | None:
        """The choice between 1, 0 and other conditions, as a condition made a number."""
        one, zero = first.made.constant, second.made.constant
        if one == 1 and zero == 0:
            return self.number(condition)
        if one == 0 and zero == 1:
            return self.number(self.no(condition))
        if first.made.op == "number" and zero == 0:
            return self.number(self.both(condition, Slot(self, first.made.inputs[0])))
        if one == 1 and second.made.op == "number":
            return self.number(self.either(condition, Slot(self, second.made.inputs[0])))
        return None

    # Where gradients flow

    def flows(self, local: Slot) -> tuple[Condition, Slot]:
        """The condition under which a local derivative lets something through, and what then."""
        return self._something(local), self._reached(local)

    def _something(self, local: Slot) -> Condition:
        """Whether a local derivative is more than the literal 0 of a rule."""
        if local.index == self.nothing().index:
            return False
        if local.index not in self._partial:
            return True
        c, a, b = (Slot(self, index) for index in local.made.inputs)
        return self.either(
            self.both(c, self._something(a)), self.both(self.no(c), self._something(b))
        )

    def _reached(self, local: Slot) -> Slot:
        """A local derivative where it is more than the literal 0: that branch is left out."""
        if local.index not in self._partial or local.made.op != "where":
            return local
        c, a, b = (Slot(self, index) for index in local.made.inputs)
        if self._something(a) is False:
            return self._reached(b)
        if self._something(b) is False:
            return self._reached(a)
        return self.where(c, self._reached(a), self._reached(b))


def _folded(op: Op, constants: Any) -> float:
    try:
        return float(op.scalar(*constants))
    except MATH_RAISES:
        return op.asked_of_numpy(tuple(constants))
