"""program -> NumPy calls, each with the buffer that it writes into."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy

from bpcalc.codegen.program import Program
from bpcalc.codegen.simplified import CONDITIONS
from bpcalc.ops import TABLE

_UFUNCS = {
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
    "number": "positive",
}
"""NumPy's names for steps; functions have their own names there."""

_HIGHEST_POWER = 8


class Call(NamedTuple):
    """A call of a NumPy function: on which names, and under which name its result is known."""

    function: str
    arguments: tuple[str, ...]
    out: str | None
    """The name of the array that it writes to; None if it makes a new one."""
    name: str


class Calls(NamedTuple):
    """What one chunk of rows needs."""

    calls: list[Call]
    numbers: list[int]
    """Slots that all rows share, and that calls use."""
    floats: int
    """How many buffers of numbers there are: f0, f1, ..."""
    flags: int
    """How many buffers of conditions there are: c0, c1, ..."""


class _Part(NamedTuple):
    """A step as NumPy does it; a power may be several."""

    function: str
    inputs: tuple[Any, ...]
    """Slots, or numbers as text."""
    result: int


def calls(program: Program, varies: Sequence[bool], written: Mapping[int, int]) -> Calls:
    """The calls for the steps that vary; `written` are the outputs' slots, with their places.

    A result is known as `o` and the number of the output, or as `f` and `c` and that of a buffer of
    numbers or of conditions; `t` is a new array.
    """
    return _Assignment(program, varies, written).found()


class _Assignment:
    """Which buffer each result goes into."""

    def __init__(
        self, program: Program, varies: Sequence[bool], written: Mapping[int, int]
    ) -> None:
        self.program = program
        self.varies = varies
        self.written = written
        self.parts: list[_Part] = []
        self.extra = program.first_step + len(program.steps)
        for slot, step in enumerate(program.steps, program.first_step):
            if varies[slot]:
                self._add(step.op, step.inputs, slot)
        self.last = {used: place for place, part in enumerate(self.parts) for used in part.inputs}
        self.flagged = {part.result for part in self.parts if _gives_condition(part.function)}

    def _add(self, op: str, inputs: tuple[int, ...], slot: int) -> None:
        exponent = self._constant(inputs[1]) if op == "pow" else None
        if exponent is not None and abs(exponent) <= _HIGHEST_POWER and 2 * exponent % 1 == 0:
            self._power(inputs[0], exponent, slot)
        else:
            self.parts.append(_Part(_UFUNCS.get(op) or str(TABLE[op].forward), inputs, slot))

    def _constant(self, slot: int) -> float | None:
        place = slot - len(self.program.inputs)
        return self.program.constants[place] if 0 <= place < len(self.program.constants) else None

    def _power(self, base: int, exponent: float, slot: int) -> None:
        """Small whole and half powers, as squares, products and a root."""
        factors: list[int] = []
        if exponent < 0:
            base = self._extra("divide", "1.0", base)
        whole, half = divmod(abs(exponent), 1)
        if half:
            factors.append(self._extra("sqrt", base))
        square, bits = base, int(whole)
        while bits:
            if bits & 1:
                factors.append(square)
            bits >>= 1
            if bits:
                square = self._extra("square", square)
        while len(factors) > 1:
            factors[:2] = [self._extra("multiply", *factors[:2])]
        if not factors:
            factors.append(self._extra("ones_like", base))
        self.parts[-1] = self.parts[-1]._replace(result=slot)

    def _extra(self, function: str, *inputs: Any) -> int:
        self.extra += 1
        self.parts.append(_Part(function, inputs, self.extra))
        return self.extra

    def found(self) -> Calls:
        self.names: dict[int, str] = {}
        self.numbers: dict[int, None] = {}
        free: dict[bool, list[str]] = {False: [], True: []}
        made = {False: 0, True: 0}
        found: list[Call] = []
        for place, part in enumerate(self.parts):
            arguments = tuple(self._named(used) for used in part.inputs)
            for used in dict.fromkeys(part.inputs):
                name = self.names.get(used, "") if isinstance(used, int) else ""
                if self.last[used] == place and name[:1] in "fc" and name:
                    free[name[0] == "c"].append(name)
            flag = part.result in self.flagged
            if part.result in self.written:
                name = f"o{self.written[part.result]}"
            elif part.function == "where":
                found.append(Call(part.function, arguments, None, f"t{part.result}"))
                self.names[part.result] = f"t{part.result}"
                continue
            elif free[flag]:
                name = free[flag].pop()
            else:
                name = f"{'c' if flag else 'f'}{made[flag]}"
                made[flag] += 1
            self.names[part.result] = name
            found.append(Call(part.function, arguments, name, name))
        return Calls(found, list(self.numbers), made[False], made[True])

    def _named(self, used: Any) -> str:
        if isinstance(used, str):
            return used
        if used in self.names:
            return self.names[used]
        if used < len(self.varies) and not self.varies[used]:
            self.numbers[used] = None
            return f"k{used}"
        return f"x{used}"


def _gives_condition(function: str) -> bool:
    return function in _CONDITIONS


_CONDITIONS = frozenset(_UFUNCS[op] for op in CONDITIONS)


@cache
def function(name: str) -> Callable[..., Any]:
    """NumPy's function of that name, or one elementwise that takes `out`."""
    if name == "positive":
        return _as_number
    if name == "ones_like":
        return _ones
    found = getattr(numpy, name, None)
    if found is None:
        found = _of_scipy(name) or _by_math(name)
    return found


def _as_number(condition: Any, out: Any) -> None:
    numpy.copyto(out, condition)


def _ones(_: Any, out: Any) -> None:
    out.fill(1.0)


def _of_scipy(name: str) -> Callable[..., Any] | None:
    """The same function of SciPy, where it is installed; lgamma is gammaln there."""
    try:
        import scipy.special
    except ImportError:
        return None
    return getattr(scipy.special, {"lgamma": "gammaln"}.get(name, name))  # type: ignore[no-any-return]


def _by_math(name: str) -> Callable[..., Any]:
    """Python's function, element by element."""
    scalar = TABLE[name].scalar

    def guarded(x: float) -> float:
        try:
            return float(scalar(x))
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    elementwise = numpy.frompyfunc(guarded, 1, 1)

    def applied(column: Any, out: Any) -> None:
        numpy.copyto(out, elementwise(column), casting="unsafe")

    return applied
