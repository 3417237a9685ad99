"""Steps as NumPy takes them: what it does in one call is one step.

The numbers are the same: `where(x <= 0, 0, x)` is the larger of x and 0, also where x is NaN.
"""

from __future__ import annotations

from bpcalc.codegen.slot import Slot
from bpcalc.codegen.slots import Slots
from bpcalc.ops.op import Op, Value

OF_NUMPY = frozenset({"maximum", "minimum", "sign"})
"""Operations that are formulas for us, and functions of NumPy that give the same numbers."""

_BOUNDS = {
    "less": "maximum",
    "less_equal": "maximum",
    "greater": "minimum",
    "greater_equal": "minimum",
}
"""What where(x < k, k, x) is."""


def _are_moderate(*constants: float) -> bool:
    """Whether joining the constants of c1*(c2*x) changes no more than a rounding.

    Large and small ones could overflow on the way in the one form and not in the other.
    """
    return all(1 / 1024 <= abs(constant) <= 1024 for constant in constants)


class NumpySlots(Slots):
    """The slots of a program under construction that NumPy will run."""

    def step(self, op: str, *args: Value) -> Slot:
        """As for numbers; but two factors that are constants become one."""
        if op == "mul":
            factors = [self.slot(arg) for arg in args]
            for one, other in (factors, factors[::-1]):
                inner = self._times_constant(other)
                outer = one.made.constant
                if outer is not None and inner is not None and _are_moderate(outer, inner[0]):
                    return super().step("mul", outer * inner[0], inner[1])
        return super().step(op, *args)

    def _times_constant(self, slot: Slot) -> tuple[float, Slot] | None:
        """The constant and the other factor of a product that has one."""
        if slot.made.op != "mul":
            return None
        first, second = (Slot(self, index) for index in slot.made.inputs)
        if second.made.constant is not None:
            first, second = second, first
        constant = first.made.constant
        return None if constant is None else (constant, second)

    def by_formula(self, op: Op, args: tuple[Value, ...]) -> Slot:
        if op.key not in OF_NUMPY:
            return super().by_formula(op, args)
        slots = [self.number(self.slot(arg)) for arg in args]
        if all(slot.made.constant is not None for slot in slots):
            return super().by_formula(op, args)
        return self._step(op.key, slots)

    def _step(self, op: str, slots: list[Slot]) -> Slot:
        if op == "where":
            condition, first, second = slots
            if first.made.constant == 1 and self._is_at_most_1(condition, second):
                return super()._step("maximum", [self.number(condition), second])
            bound = self._bound(condition, first, second)
            if bound:
                return super()._step(bound, [second, first])
        return super()._step(op, slots)

    def _is_at_most_1(self, condition: Slot, slot: Slot) -> bool:
        """Whether a slot is exp(-|x|), and the condition compares x with a number.

        Then it lies from 0 to 1, and the larger of it and 1 or 0 is what was chosen; where x is
        NaN the condition does not hold.
        """
        if slot.made.op != "exp" or condition.made.op not in _BOUNDS:
            return False
        minus = self.made[slot.made.inputs[0]]
        if minus.op != "neg" or self.made[minus.inputs[0]].op != "abs":
            return False
        x, k = condition.made.inputs
        return self.made[minus.inputs[0]].inputs == (x,) and self.made[k].constant is not None

    def _bound(self, condition: Slot, first: Slot, second: Slot) -> str | None:
        """Which of maximum and minimum a choice between x and a number is."""
        bound = _BOUNDS.get(condition.made.op)
        if bound is None or first.made.constant is None or first.index in self._partial:
            return None
        x, k = (Slot(self, index) for index in condition.made.inputs)
        return bound if x.index == second.index and k.made.constant == first.made.constant else None
