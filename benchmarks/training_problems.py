"""Networks to be trained: formulas, samples and start values from a seed, and steps by hand.

    sigmoid    784-30-10, quadratic cost, batches of 10 (Nielsen, "Neural Networks and Deep
               Learning", chapter 1)
    relu       784-100-10, rectifiers, softmax and cross entropy, batches of 64

All in float32. The samples are random, their classes those of a random linear map, and their order
is the same for all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

Array: TypeAlias = Any
Parameters: TypeAlias = "dict[str, Array]"

PIXELS, CLASSES = 784, 10
NAMES = ("W1", "b1", "W2", "b2")


class Network(NamedTuple):
    """What is trained."""

    name: str
    formula: str
    hidden: int
    batch: int
    rate: float


class Samples(NamedTuple):
    """What it is trained with."""

    x: Array
    """(n, 784)"""
    t: Array
    """The targets: classes, or (n, 10) with a 1 in the place of the class."""


NETWORKS = {
    "sigmoid": Network(
        "sigmoid",
        """
        a1 = sigmoid(x @ W1 + b1)
        a2 = sigmoid(a1 @ W2 + b2)
        sum((t - a2)^2, axis=1)/2
        """,
        hidden=30,
        batch=10,
        rate=0.3,
    ),
    "relu": Network(
        "relu",
        """
        a1 = relu(x @ W1 + b1)
        softmax_cross_entropy(a1 @ W2 + b2, t)
        """,
        hidden=100,
        batch=64,
        rate=0.03,
    ),
}


def samples(network: Network, rows: int, seed: int) -> Samples:
    draws = np.random.default_rng(seed)
    x = draws.random((rows, PIXELS), np.float32)
    classes = ((x - 0.5) @ draws.standard_normal((PIXELS, CLASSES), np.float32)).argmax(axis=1)
    if network.name == "relu":
        return Samples(x, classes.astype(np.float32))
    return Samples(x, np.eye(CLASSES, dtype=np.float32)[classes])


def start(network: Network, seed: int) -> Parameters:
    draws = np.random.default_rng(seed + 1)
    found = {
        "W1": draws.normal(size=(PIXELS, network.hidden)) / math.sqrt(PIXELS),
        "b1": np.zeros(network.hidden),
        "W2": draws.normal(size=(network.hidden, CLASSES)) / math.sqrt(network.hidden),
        "b2": np.zeros(CLASSES),
    }
    return {name: array.astype(np.float32) for name, array in found.items()}


def loss(network: Network, given: Parameters, data: Samples) -> float:
    """Of all samples, in float64."""
    W1, b1, W2, b2 = (given[name].astype(float) for name in NAMES)
    total = 0.0
    for low in range(0, len(data.x), 5000):
        x, t = data.x[low : low + 5000].astype(float), data.t[low : low + 5000]
        z = x @ W1 + b1
        if network.name == "sigmoid":
            a2 = 1 / (1 + np.exp(-(1 / (1 + np.exp(-z)) @ W2 + b2)))
            total += ((t - a2) ** 2).sum() / 2
        else:
            z2 = np.maximum(z, 0) @ W2 + b2
            z2 -= z2.max(axis=1, keepdims=True)
            total += np.log(np.exp(z2).sum(axis=1)).sum()
            total -= z2[np.arange(len(t)), t.astype(int)].sum()
    return float(total / len(data.x))


# Steps by hand: every result goes into an array that was there before, and the rate is multiplied
# into the small error of the output, from which all gradients follow.

Step: TypeAlias = "Callable[[Array, Array], None]"
"""(x, t) of a batch: moves the parameters."""


def steps_by_hand(network: Network, given: Parameters) -> Callable[[int], Step]:
    """By the number of rows of a batch: the step, which writes to the parameters."""
    return lambda rows: (_sigmoid_step if network.name == "sigmoid" else _relu_step)(
        given, rows, network.rate
    )


def _sigmoid_step(given: Parameters, rows: int, rate: float) -> Step:
    W1, b1, W2, b2 = (given[name] for name in NAMES)
    a1, d1, s1 = (np.empty((rows, len(b1)), np.float32) for _ in range(3))
    a2, d2, s2 = (np.empty((rows, len(b2)), np.float32) for _ in range(3))
    g1, h1, g2, h2 = (np.empty_like(array) for array in (W1, b1, W2, b2))
    W2T, a1T, share = W2.T, a1.T, np.float32(rate / rows)
    one = np.float32(1)

    def step(x: Array, t: Array) -> None:
        np.dot(x, W1, a1)
        np.add(a1, b1, a1)
        np.negative(a1, a1)
        np.exp(a1, a1)
        np.add(a1, one, a1)
        np.reciprocal(a1, a1)
        np.dot(a1, W2, a2)
        np.add(a2, b2, a2)
        np.negative(a2, a2)
        np.exp(a2, a2)
        np.add(a2, one, a2)
        np.reciprocal(a2, a2)

        np.subtract(a2, t, d2)
        np.subtract(one, a2, s2)
        np.multiply(s2, a2, s2)
        np.multiply(d2, s2, d2)
        np.multiply(d2, share, d2)
        np.dot(d2, W2T, d1)
        np.subtract(one, a1, s1)
        np.multiply(s1, a1, s1)
        np.multiply(d1, s1, d1)

        np.dot(a1T, d2, g2)
        np.dot(x.T, d1, g1)
        np.add.reduce(d2, 0, None, h2)
        np.add.reduce(d1, 0, None, h1)
        np.subtract(W1, g1, W1)
        np.subtract(b1, h1, b1)
        np.subtract(W2, g2, W2)
        np.subtract(b2, h2, b2)

    return step


def _relu_step(given: Parameters, rows: int, rate: float) -> Step:
    W1, b1, W2, b2 = (given[name] for name in NAMES)
    a1, d1 = (np.empty((rows, len(b1)), np.float32) for _ in range(2))
    active = np.empty(a1.shape, bool)
    z2 = np.empty((rows, len(b2)), np.float32)
    column = np.empty((rows, 1), np.float32)
    g1, h1, g2, h2 = (np.empty_like(array) for array in (W1, b1, W2, b2))
    W2T, a1T, share = W2.T, a1.T, np.float32(rate / rows)
    flat, first = z2.reshape(-1), np.arange(0, z2.size, len(b2))
    zero, one = np.float32(0), np.float32(1)

    def step(x: Array, t: Array) -> None:
        np.dot(x, W1, a1)
        np.add(a1, b1, a1)
        np.maximum(a1, zero, a1)
        np.dot(a1, W2, z2)
        np.add(z2, b2, z2)

        np.maximum.reduce(z2, 1, None, column, True)
        np.subtract(z2, column, z2)
        np.exp(z2, z2)
        np.add.reduce(z2, 1, None, column, True)
        np.divide(z2, column, z2)
        flat[first + t] -= one
        np.multiply(z2, share, z2)
        np.dot(z2, W2T, d1)
        np.greater(a1, zero, active)
        np.multiply(d1, active, d1)

        np.dot(a1T, z2, g2)
        np.dot(x.T, d1, g1)
        np.add.reduce(z2, 0, None, h2)
        np.add.reduce(d1, 0, None, h1)
        np.subtract(W1, g1, W1)
        np.subtract(b1, h1, b1)
        np.subtract(W2, g2, W2)
        np.subtract(b2, h2, b2)

    return step
