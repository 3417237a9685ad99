"""program -> the same in NumPy's functions, as one thinks of them before there are buffers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from bpcalc.codegen.numpy_slots import OF_NUMPY
from bpcalc.codegen.program import Program
from bpcalc.codegen.slot import CONDITIONS
from bpcalc.ops import TABLE

Operand: TypeAlias = "int | str"
"""A slot, or a number as text."""

NAMES = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "neg": "negative",
    "pow": "power",
    "less": "less",
    "less_equal": "less_equal",
    "greater": "greater",
    "greater_equal": "greater_equal",
    "equal": "equal",
    "not_equal": "not_equal",
    "and": "logical_and",
    "or": "logical_or",
    "not": "logical_not",
    "where": "where",
    "number": "copyto",
}
"""NumPy's names for steps; functions have their own names there."""

GIVE_CONDITIONS = frozenset(NAMES[op] for op in CONDITIONS)

_HIGHEST_POWER = 8


def numpy_name(op: str) -> str:
    """The name of a step's function in NumPy."""
    if op in OF_NUMPY:
        return op
    return NAMES.get(op) or str(TABLE[op].forward)


class Part(NamedTuple):
    """One call of a function."""

    function: str
    inputs: tuple[Operand, ...]
    result: int
    """A slot of the program, or a new one behind them."""


def parts(program: Program, varies: Sequence[bool]) -> list[Part]:
    """The steps that vary from row to row, in order."""
    return _Parts(program, varies).made


class _Parts:
    def __init__(self, program: Program, varies: Sequence[bool]) -> None:
        self.program = program
        self.made: list[Part] = []
        self.extra = program.first_step + len(program.steps)
        for slot, step in enumerate(program.steps, program.first_step):
            if varies[slot]:
                exponent = self._exponent(step.inputs[1]) if step.op == "pow" else None
                if exponent is None:
                    name = numpy_name(step.op)
                    self.made.append(Part(name, step.inputs, slot))
                else:
                    self._power(step.inputs[0], exponent, slot)

    def _exponent(self, slot: int) -> float | None:
        """A whole or half number that is small: NumPy's general power takes as long as 200 sums."""
        place = slot - len(self.program.inputs)
        if not 0 <= place < len(self.program.constants):
            return None
        exponent = self.program.constants[place]
        small = 0 < abs(exponent) <= _HIGHEST_POWER and 2 * exponent % 1 == 0
        return exponent if small else None

    def _power(self, base: Operand, exponent: float, slot: int) -> None:
        """Squares, products and a root; of a negative exponent those of 1/base.

        As pow has it, but for NaN in place of inf at -inf where there is a root.
        """
        factors: list[Operand] = []
        whole, half = divmod(abs(exponent), 1)
        if half:
            base = self._made("add", base, "0.0")  # of -0.0 the root would be -0.0
            root = self._made("sqrt", base)
            factors.append(self._made("divide", "1.0", root) if exponent < 0 else root)
        square, bits = base, int(whole)
        if bits and exponent < 0:
            square = self._made("divide", "1.0", base)
        while bits:
            if bits & 1:
                factors.append(square)
            bits >>= 1
            if bits:
                square = self._made("square", square)
        while len(factors) > 1:
            factors[:2] = [self._made("multiply", *factors[:2])]
        self.made[-1] = self.made[-1]._replace(result=slot)

    def _made(self, function: str, *inputs: Operand) -> int:
        self.extra += 1
        self.made.append(Part(function, inputs, self.extra))
        return self.extra
