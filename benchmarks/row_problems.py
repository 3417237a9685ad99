"""Formulas over many rows: their columns from a seed, and how an expert writes them in NumPy.

neuron           a sigmoid neuron of five columns
black-scholes    the price of a call option, by its five columns (Black and Scholes, 1973)
network          Mazur's 2-2-2 network, examples/d1-network.bp, by its ten weights and biases
random           100 nodes, ten of them variables; only for the first call
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from formulas import SYMBOLS, program, text, triples

Array: TypeAlias = Any
Columns: TypeAlias = "dict[str, Array]"

NETWORK = Path(__file__).parent.parent / "examples" / "d1-network.bp"
FIXED = {"i1": 0.05, "i2": 0.10, "t1": 0.01, "t2": 0.99}
RANDOM_NODES, SEED_OF_RANDOM = 100, 1


class Functions(NamedTuple):
    """A library's functions of arrays."""

    exp: Callable[[Array], Array]
    log: Callable[[Array], Array]
    sqrt: Callable[[Array], Array]
    sin: Callable[[Array], Array]
    tanh: Callable[[Array], Array]
    erf: Callable[[Array], Array]
    sigmoid: Callable[[Array], Array]


class Problem(NamedTuple):
    """What every tool computes: in each row the value of the formula and its gradient."""

    formula: str
    columns: Columns
    """The variables, by all of which is differentiated."""
    fixed: dict[str, float]
    value: Callable[[Functions, Columns], Array]
    """The formula, for a library that differentiates it."""
    value_by_hand: Callable[[Columns], Array] | None
    by_hand: Callable[[Columns], list[Array]] | None
    """The value and the derivatives."""


def problem(name: str, rows: int, seed: int) -> Problem:
    """The problem of that name, with so many rows."""
    return PROBLEMS[name](rows, np.random.default_rng(seed))


# The neuron


def neuron(rows: int, draws: np.random.Generator) -> Problem:
    columns = {name: draws.normal(size=rows) for name in ("w0", "x0", "w1", "x1", "w2")}

    def value(f: Functions, c: Columns) -> Array:
        return f.sigmoid(c["w0"] * c["x0"] + c["w1"] * c["x1"] + c["w2"])

    formula = "sigmoid(w0*x0 + w1*x1 + w2)"
    return Problem(formula, columns, {}, value, neuron_value, neuron_by_hand)


def neuron_value(c: Columns) -> Array:
    return sigmoid(c["w0"] * c["x0"] + c["w1"] * c["x1"] + c["w2"])


def neuron_by_hand(c: Columns) -> list[Array]:
    y = neuron_value(c)
    slope = y * (1 - y)
    return [y, slope * c["x0"], slope * c["w0"], slope * c["x1"], slope * c["w1"], slope]


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


# The price of a call

_ROOT_2 = math.sqrt(2)
_DENSITY = 1 / math.sqrt(2 * math.pi)

CALL_COLUMNS = ("S", "K", "r", "v", "T")
CALL = """
    d1 = (log(S/K) + (r + v^2/2)*T)/(v*sqrt(T))
    d2 = d1 - v*sqrt(T)
    S*(1 + erf(d1/sqrt(2)))/2 - K*exp(-r*T)*(1 + erf(d2/sqrt(2)))/2
"""


def black_scholes(rows: int, draws: np.random.Generator) -> Problem:
    bounds = {"S": (80, 120), "K": (80, 120), "r": (0.01, 0.06), "v": (0.1, 0.5), "T": (0.2, 2)}
    columns = {name: draws.uniform(*between, size=rows) for name, between in bounds.items()}
    return Problem(CALL, columns, {}, call, call_value, call_by_hand)


def call(f: Functions, c: Columns) -> Array:
    S, K, r, v, T = (c[name] for name in CALL_COLUMNS)
    d1 = (f.log(S / K) + (r + v**2 / 2) * T) / (v * f.sqrt(T))
    d2 = d1 - v * f.sqrt(T)
    below1, below2 = (1 + f.erf(d1 / _ROOT_2)) / 2, (1 + f.erf(d2 / _ROOT_2)) / 2
    return S * below1 - K * f.exp(-r * T) * below2


def call_parts(c: Columns) -> tuple[Array, Array, Array, Array, Array]:
    """sqrt(T), d1, the normal distribution at d1 and d2, and the discounted strike."""
    from scipy.special import erf

    S, K, r, v, T = (c[name] for name in CALL_COLUMNS)
    root = np.sqrt(T)
    deviation = v * root
    d1 = (np.log(S / K) + (r + 0.5 * v * v) * T) / deviation
    below1 = 0.5 + 0.5 * erf(d1 * (1 / _ROOT_2))
    below2 = 0.5 + 0.5 * erf((d1 - deviation) * (1 / _ROOT_2))
    return root, d1, below1, below2, K * np.exp(-r * T)


def call_value(c: Columns) -> Array:
    _, _, below1, below2, strike = call_parts(c)
    return c["S"] * below1 - strike * below2


def call_by_hand(c: Columns) -> list[Array]:
    """With the formulas for the greeks that every textbook has."""
    S, K, r, v, T = (c[name] for name in CALL_COLUMNS)
    root, d1, below1, below2, strike = call_parts(c)
    exercised = strike * below2
    vega = S * np.exp(-0.5 * d1 * d1) * (_DENSITY * root)
    theta = vega * v / (2 * T) + r * exercised
    return [S * below1 - exercised, below1, -exercised / K, T * exercised, vega, theta]


# The network


def network(rows: int, draws: np.random.Generator) -> Problem:
    names = ("w1", "w2", "b1", "w3", "w4", "w5", "w6", "b2", "w7", "w8")  # as in the formula
    columns = {name: draws.normal(size=rows) for name in names}

    def value(f: Functions, c: Columns) -> Array:
        return errors(c, *hidden(f.sigmoid, c), f.sigmoid)

    by_hand = network_by_hand
    return Problem(NETWORK.read_text(), columns, FIXED, value, network_value, by_hand)


def hidden(sigmoid: Any, c: Columns) -> tuple[Array, Array]:
    i1, i2, _, _ = FIXED.values()
    h1 = sigmoid(c["w1"] * i1 + c["w2"] * i2 + c["b1"])
    return h1, sigmoid(c["w3"] * i1 + c["w4"] * i2 + c["b1"])


def outputs(c: Columns, h1: Array, h2: Array, sigmoid: Any) -> tuple[Array, Array]:
    o1 = sigmoid(c["w5"] * h1 + c["w6"] * h2 + c["b2"])
    return o1, sigmoid(c["w7"] * h1 + c["w8"] * h2 + c["b2"])


def errors(c: Columns, h1: Array, h2: Array, sigmoid: Any) -> Array:
    o1, o2 = outputs(c, h1, h2, sigmoid)
    return (FIXED["t1"] - o1) ** 2 / 2 + (FIXED["t2"] - o2) ** 2 / 2


def network_value(c: Columns) -> Array:
    return errors(c, *hidden(sigmoid, c), sigmoid)


def network_by_hand(c: Columns) -> list[Array]:
    i1, i2, t1, t2 = FIXED.values()
    h1, h2 = hidden(sigmoid, c)
    o1, o2 = outputs(c, h1, h2, sigmoid)
    e1, e2 = o1 - t1, o2 - t2
    d1, d2 = e1 * o1 * (1 - o1), e2 * o2 * (1 - o2)
    d3 = (d1 * c["w5"] + d2 * c["w7"]) * h1 * (1 - h1)
    d4 = (d1 * c["w6"] + d2 * c["w8"]) * h2 * (1 - h2)
    of_hidden = [d3 * i1, d3 * i2, d3 + d4, d4 * i1, d4 * i2]
    return [0.5 * (e1 * e1 + e2 * e2), *of_hidden, d1 * h1, d1 * h2, d1 + d2, d2 * h1, d2 * h2]


# A random formula


def of_100_nodes(rows: int, draws: np.random.Generator) -> Problem:
    steps = program("wide", RANDOM_NODES - 10, SEED_OF_RANDOM)
    written = text(steps)
    names = sorted((f"x{i}" for i in range(10)), key=written.index)
    columns = {name: 0.6 + 0.1 * int(name[1]) + 0.01 * draws.uniform(size=rows) for name in names}

    def value(f: Functions, c: Columns) -> Array:
        found = [c[f"x{i}"] for i in range(10)]
        for code, left, right in triples(steps):
            a, b = found[left], found[right]
            symbol = SYMBOLS[code]
            if symbol in _SIGNS:
                found.append(_SIGNS[symbol](a, b))
            else:
                found.append(getattr(f, symbol)(a))
        return found[-1]

    return Problem(written, columns, {}, value, None, None)


_SIGNS: dict[str, Callable[[Array, Array], Array]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}

PROBLEMS: dict[str, Callable[[int, np.random.Generator], Problem]] = {
    "neuron": neuron,
    "black-scholes": black_scholes,
    "network": network,
    "random": of_100_nodes,
}
