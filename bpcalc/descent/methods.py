"""Gradient + memory -> step: the methods of descent, as PyTorch defines them, and its defaults.

Each stands here twice: on lists of floats, and on arrays in place. `p` is where we are, `g` the
gradient there, `t` counts the steps from 1; `memory` is what the method keeps between steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from bpcalc.errors import RequestError, did_you_mean, printable

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

Floats: TypeAlias = list[float]
Options: TypeAlias = Mapping[str, float]
OnFloats: TypeAlias = "Callable[[Options, float, int, list[Floats], Floats, Floats], Floats]"
"""(options, rate, t, memory, p, g) -> the new p."""
OnArrays: TypeAlias = "Callable[[Options, float, int, list[Array], Array, Array, Array], None]"
"""(options, rate, t, memory, p, g, scratch): writes the new p into p; g stays as it is."""


class Recipe(NamedTuple):
    """A method by its name."""

    rate: float
    """The rate that PyTorch takes if none is given."""
    options: Options
    """Its other numbers, and PyTorch's choice of them."""
    memory: tuple[str, ...]
    """What it keeps between steps: as many numbers as p has, which begin with zeros."""
    floats: OnFloats
    arrays: OnArrays


class Method(NamedTuple):
    """A method with its numbers."""

    name: str
    options: Options

    @property
    def recipe(self) -> Recipe:
        return METHODS[self.name]

    def __str__(self) -> str:
        return ", ".join(
            [self.name, *(f"{name} {value:g}" for name, value in self.options.items())]
        )


# w <- w - rate*g


def _sgd(o: Options, rate: float, t: int, memory: list[Floats], p: Floats, g: Floats) -> Floats:
    return [x - rate * slope for x, slope in zip(p, g)]


def _sgd_in_place(
    o: Options, rate: float, t: int, memory: list[Array], p: Array, g: Array, scratch: Array
) -> None:
    import numpy

    numpy.multiply(g, rate, out=scratch)
    p -= scratch


# v <- momentum*v + g, w <- w - rate*v


def _momentum(
    o: Options, rate: float, t: int, memory: list[Floats], p: Floats, g: Floats
) -> Floats:
    keep = o["momentum"]
    memory[0] = [keep * v + slope for v, slope in zip(memory[0], g)]
    return [x - rate * v for x, v in zip(p, memory[0])]


def _momentum_in_place(
    o: Options, rate: float, t: int, memory: list[Array], p: Array, g: Array, scratch: Array
) -> None:
    import numpy

    (v,) = memory
    v *= o["momentum"]
    v += g
    numpy.multiply(v, rate, out=scratch)
    p -= scratch


# v <- momentum*v + g, w <- w - rate*(g + momentum*v)


def _nesterov(
    o: Options, rate: float, t: int, memory: list[Floats], p: Floats, g: Floats
) -> Floats:
    keep = o["momentum"]
    memory[0] = [keep * v + slope for v, slope in zip(memory[0], g)]
    return [x - rate * (slope + keep * v) for x, slope, v in zip(p, g, memory[0])]


def _nesterov_in_place(
    o: Options, rate: float, t: int, memory: list[Array], p: Array, g: Array, scratch: Array
) -> None:
    import numpy

    (v,) = memory
    v *= o["momentum"]
    v += g
    numpy.multiply(v, o["momentum"], out=scratch)
    scratch += g
    scratch *= rate
    p -= scratch


# s <- alpha*s + (1 - alpha)*g^2, w <- w - rate*g/(sqrt(s) + eps)


def _rmsprop(o: Options, rate: float, t: int, memory: list[Floats], p: Floats, g: Floats) -> Floats:
    alpha, eps = o["alpha"], o["eps"]
    memory[0] = [alpha * s + (1 - alpha) * (slope * slope) for s, slope in zip(memory[0], g)]
    return [x - rate * (slope / (sqrt(s) + eps)) for x, slope, s in zip(p, g, memory[0])]


def _rmsprop_in_place(
    o: Options, rate: float, t: int, memory: list[Array], p: Array, g: Array, scratch: Array
) -> None:
    import numpy

    (s,) = memory
    s *= o["alpha"]
    numpy.multiply(g, g, out=scratch)
    scratch *= 1 - o["alpha"]
    s += scratch
    numpy.sqrt(s, out=scratch)
    scratch += o["eps"]
    numpy.divide(g, scratch, out=scratch)
    scratch *= rate
    p -= scratch


# m <- m + (1 - beta1)*(g - m), v <- beta2*v + (1 - beta2)*g^2, both divided by 1 - beta^t;
# w <- w - rate*m/(sqrt(v) + eps)


def _adam(o: Options, rate: float, t: int, memory: list[Floats], p: Floats, g: Floats) -> Floats:
    beta1, beta2, eps = o["beta1"], o["beta2"], o["eps"]
    memory[0] = [m + (slope - m) * (1 - beta1) for m, slope in zip(memory[0], g)]
    memory[1] = [beta2 * v + (1 - beta2) * (slope * slope) for v, slope in zip(memory[1], g)]
    step, root = rate / (1 - beta1**t), sqrt(1 - beta2**t)
    return [x - step * (m / (sqrt(v) / root + eps)) for x, m, v in zip(p, *memory)]


def _adam_in_place(
    o: Options, rate: float, t: int, memory: list[Array], p: Array, g: Array, scratch: Array
) -> None:
    import numpy

    m, v = memory
    numpy.subtract(g, m, out=scratch)
    scratch *= 1 - o["beta1"]
    m += scratch
    v *= o["beta2"]
    numpy.multiply(g, g, out=scratch)
    scratch *= 1 - o["beta2"]
    v += scratch
    numpy.sqrt(v, out=scratch)
    scratch /= sqrt(1 - o["beta2"] ** t)
    scratch += o["eps"]
    numpy.divide(m, scratch, out=scratch)
    scratch *= rate / (1 - o["beta1"] ** t)
    p -= scratch


_HEAVY = {"momentum": 0.9}  # PyTorch's own default is 0, which would be sgd
METHODS = {
    "sgd": Recipe(1e-3, {}, (), _sgd, _sgd_in_place),
    "momentum": Recipe(1e-3, _HEAVY, ("v",), _momentum, _momentum_in_place),
    "nesterov": Recipe(1e-3, _HEAVY, ("v",), _nesterov, _nesterov_in_place),
    "rmsprop": Recipe(1e-2, {"alpha": 0.99, "eps": 1e-8}, ("s",), _rmsprop, _rmsprop_in_place),
    "adam": Recipe(
        1e-3,
        {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
        ("m", "v"),
        _adam,
        _adam_in_place,
    ),
}


def method(text: str) -> Method:
    """`adam`, `momentum:0.8`, `adam:beta1=0.8,eps=1e-6`: numbers by name, or in their order.

    Raises:
        RequestError: there is no such method, or it has no such number.
    """
    name, colon, rest = text.partition(":")
    if name not in METHODS:
        raise RequestError(
            f"--method: there is no method {printable(name, 40)}",
            hint=did_you_mean(name, list(METHODS)) or f"the methods are {', '.join(METHODS)}",
        )
    options = dict(METHODS[name].options)
    for position, part in enumerate(rest.split(",") if colon else []):
        key, value = _option(name, list(options), position, part)
        options[key] = value
    return Method(name, options)


def _option(method: str, known: list[str], position: int, text: str) -> tuple[str, float]:
    key, equals, number = text.partition("=")
    if not equals:
        key, number = "".join(known[position : position + 1]), text
    key = key.strip()
    if key not in known:
        raise RequestError(
            f"--method: {method} has no number {printable(text, 40)}",
            hint=f"its numbers are {', '.join(known)}, as in {method}:{known[0]}=0.5"
            if known
            else f"it has none: {method} alone",
        )
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not (0 <= value < 1):
        raise RequestError(
            f"--method: {key} has to be at least 0 and less than 1, and "
            f"is {printable(number.strip(), 40) or 'missing'}"
        )
    return key, value
