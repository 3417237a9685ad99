"""`--init "W1=normal(64, 30, std=1/8), b1=zeros(30)"` -> arrays to start from.

    zeros(n, ...)  ones(n, ...)
    normal(n, ..., std=1)        around 0
    uniform(n, ..., bound=1)     between -bound and bound
    lecun(m, n)                  normal, std 1/sqrt(m)            (LeCun et al. 1998)
    glorot(m, n)                 uniform, bound sqrt(6/(m + n))   (Glorot and Bengio 2010)
    he(m, n)                     normal, std sqrt(2/m)            (He et al. 2015)

m is how many inputs a unit has: the first axis, as in x @ W; with more than two axes, as of a
convolution (O, C, kh, kw), it is the product of all but the first. The numbers depend on the seed
and on the variable's name, and not on what else is started.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

from bpcalc.array_values import refuse_more_than_memory
from bpcalc.bindings import quantity
from bpcalc.errors import RequestError, did_you_mean, printable
from bpcalc.formula.tokens import is_name, normal

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

_SPREADS = {"normal": "std", "uniform": "bound"}
KINDS = ("zeros", "ones", "normal", "uniform", "lecun", "glorot", "he")


class Start(NamedTuple):
    """How a variable starts."""

    kind: str
    shape: tuple[int, ...]
    spread: float | None
    """The standard deviation or the bound, where it was given."""

    def array(self, name: str, seed: int) -> Array:
        """The array."""
        import numpy

        refuse_more_than_memory(name, self.shape, 16)
        if self.kind in ("zeros", "ones"):
            return numpy.full(self.shape, float(self.kind == "ones"))
        stream = numpy.random.PCG64([seed, *name.encode()])
        generator = numpy.random.Generator(stream)
        spread = self._spread()
        if self.kind in ("uniform", "glorot"):
            return generator.uniform(-spread, spread, self.shape)
        return generator.standard_normal(self.shape) * spread

    def _spread(self) -> float:
        if self.spread is not None:
            return self.spread
        if self.kind in _SPREADS:
            return 1.0
        inputs, outputs = _fans(self.shape)
        if self.kind == "glorot":
            return sqrt(6 / (inputs + outputs))
        return sqrt((2 if self.kind == "he" else 1) / inputs)


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs a unit has, and how many units an input goes to."""
    if len(shape) > 2:
        return prod(shape[1:]), shape[0] * prod(shape[2:])
    return shape[0], shape[-1]


def starts(text: str) -> dict[str, Start]:
    """How each variable starts, by its name.

    Raises:
        RequestError: that cannot be understood.
    """
    found: dict[str, Start] = {}
    for part in parts(text):
        name, equals, call = part.partition("=")
        name = name.strip()
        if not equals or not is_name(name):
            raise _unclear(part)
        if normal(name) in found:
            raise RequestError(f"--init: {printable(name, 60)} has two values")
        found[normal(name)] = _start(call.strip(), part)
    return found


def parts(text: str) -> Iterator[str]:
    """What stands between commas outside brackets."""
    begin = depth = 0
    for place, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "," and not depth:
            yield text[begin:place]
            begin = place + 1
    yield text[begin:]


def _start(call: str, part: str) -> Start:
    matched = re.fullmatch(r"(\w+)\s*\((.*)\)", call, re.DOTALL)
    if matched is None:
        raise _unclear(part)
    kind, inner = matched[1], matched[2]
    if kind not in KINDS:
        raise RequestError(
            f"--init: there is no start {printable(kind, 40)}",
            hint=did_you_mean(kind, KINDS) or f"the starts are {', '.join(KINDS)}",
        )
    shape: list[int] = []
    spread = None
    for argument in parts(inner) if inner.strip() else ():
        key, equals, value = argument.partition("=")
        if equals and spread is None and key.strip() == _SPREADS.get(kind):
            spread = _positive(value, part)
        elif argument.strip().isascii() and argument.strip().isdigit() and len(argument) < 12:
            shape.append(int(argument))
        else:
            raise _unclear(part)
    if (kind in ("lecun", "glorot", "he") and len(shape) < 2) or 0 in shape:
        raise _unclear(part)
    return Start(kind, tuple(shape), spread)


def _positive(text: str, part: str) -> float:
    found = quantity("--init", text)
    if getattr(found, "shape", ()) or not float(found) > 0:
        raise _unclear(part)
    return float(found)


def _unclear(part: str) -> RequestError:
    return RequestError(
        f"--init: {printable(part.strip(), 60) or 'nothing'} is not a start",
        hint="as in W=normal(64, 30, std=1/8), b=zeros(30), V=glorot(30, 10)",
    )
