"""Problems on arrays: a formula, its data from a seed, and how an expert writes it in NumPy.

The Gaussian mixture is the objective GMM of ADBench (Srajer, Kukelova and Fitzgibbon, "A benchmark
of selected algorithmic differentiation tools", 2018): the log-likelihood of n points under K
Gaussians of d dimensions, with a Wishart prior. The network is 784-100-10 with sigmoids, softmax
cross entropy and a batch of 64.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

Array: TypeAlias = Any
Arrays: TypeAlias = "dict[str, Array]"

DIMENSIONS, COMPONENTS = 10, 25
GAMMA, M = 1.0, 0
"""Of the Wishart prior, as in ADBench's data."""
PIXELS, HIDDEN, CLASSES, BATCH = 784, 100, 10, 64


class Problem(NamedTuple):
    """What every tool computes: the value of the formula and its gradient by the parameters."""

    formula: str
    parameters: Arrays
    data: Arrays
    value: Callable[[Arrays, Arrays], float]
    """By hand, as an expert would write it."""
    gradient: Callable[[Arrays, Arrays], tuple[float, Arrays]]
    """By hand, with the value."""


def problem(name: str, seed: int) -> Problem:
    """`mixture-1000`, with the number of points, or `network`."""
    kind, _, size = name.partition("-")
    draws = np.random.default_rng(seed)
    return mixture(int(size), draws) if kind == "mixture" else network(draws)


# The Gaussian mixture


def mixture(n: int, draws: np.random.Generator) -> Problem:
    d, k = DIMENSIONS, COMPONENTS
    parameters = {
        "alphas": draws.normal(size=k),
        "means": draws.uniform(size=(k, d)),
        "icf": draws.normal(size=(k, d + d * (d - 1) // 2)),
    }
    diagonal, lower = placements()
    data = {"D": diagonal, "P": lower, "Xt": draws.normal(size=(d, n))}
    return Problem(mixture_formula(n), parameters, data, mixture_value, mixture_gradient)


def mixture_formula(n: int) -> str:
    d, k = DIMENSIONS, COMPONENTS
    return f"""
        logs = icf[:, 0:{d}]
        lower = icf[:, {d}:{d + d * (d - 1) // 2}]
        diagonal = exp(logs)
        Q = reshape(diagonal @ D + lower @ P, {k}, {d}, {d})
        Qx = Q @ (Xt - reshape(means, {k}, {d}, 1))
        logdets = sum(logs, axis=1)
        inner = reshape(alphas + logdets, {k}, 1) - 0.5*sum(Qx^2, axis=1)
        prior = {GAMMA**2 / 2!r}*(sum(diagonal^2) + sum(lower^2)) - {M}*sum(logdets)
        sum(logsumexp(inner, axis=0)) - {n}*logsumexp(alphas) + prior + ({constant(n)!r})
    """


def placements() -> tuple[Array, Array]:
    """Which element of Q, row by row, a column of icf is: of its diagonal, of what is below it."""
    d = DIMENSIONS
    diagonal, lower = np.zeros((d, d, d)), np.zeros((d * (d - 1) // 2, d, d))
    diagonal[range(d), range(d), range(d)] = 1
    rows, columns = places()
    lower[range(len(rows)), rows, columns] = 1
    return diagonal.reshape(d, d * d), lower.reshape(-1, d * d)


def places() -> tuple[Array, Array]:
    """Rows and columns of the elements below the diagonal, column by column, as in ADBench."""
    columns, rows = np.triu_indices(DIMENSIONS, 1)
    return rows, columns


def constant(n: int) -> float:
    """What does not depend on the parameters."""
    d = DIMENSIONS
    degrees = d + M + 1
    gammas = math.log(math.pi) * d * (d - 1) / 4
    gammas += sum(math.lgamma((degrees - j) / 2) for j in range(d))
    wishart = degrees * d * (math.log(GAMMA) - math.log(2) / 2) - gammas
    return -n * d * math.log(2 * math.pi) / 2 - COMPONENTS * wishart


def mixture_parts(given: Arrays, data: Arrays) -> tuple[Array, Array, Array, Array]:
    """exp(log diagonals), Q, Q (x - mean) as (k, d, n), and the exponents as (k, n).

    The product with the points is one of BLAS, and no difference of points and means is stored.
    """
    d, k = DIMENSIONS, COMPONENTS
    diagonal = np.exp(given["icf"][:, :d])
    Q = np.zeros((k, d, d))
    Q[:, range(d), range(d)] = diagonal
    Q[:, *places()] = given["icf"][:, d:]
    Qx = (Q.reshape(k * d, d) @ data["Xt"]).reshape(k, d, -1)
    Qx -= Q @ given["means"][:, :, None]
    inner = np.einsum("kdn,kdn->kn", Qx, Qx)
    inner *= -0.5
    inner += (given["alphas"] + given["icf"][:, :d].sum(axis=1))[:, None]
    return diagonal, Q, Qx, inner


def weights(inner: Array) -> tuple[float, Array]:
    """The sum of logsumexp over the columns, and the softmax of each; overwrites."""
    largest = inner.max(axis=0)
    inner -= largest
    np.exp(inner, out=inner)
    sums = inner.sum(axis=0)
    value = float(np.log(sums).sum() + largest.sum())
    inner /= sums
    return value, inner


def mixture_value(given: Arrays, data: Arrays) -> float:
    diagonal, _, _, inner = mixture_parts(given, data)
    largest = inner.max(axis=0)
    inner -= largest
    np.exp(inner, out=inner)
    found = float(np.log(inner.sum(axis=0)).sum() + largest.sum())
    return found + rest(given, diagonal, inner.shape[1])[0]


def rest(given: Arrays, diagonal: Array, n: int) -> tuple[float, Array]:
    """The terms in which no point stands, and the softmax of alphas."""
    lower = given["icf"][:, DIMENSIONS:]
    squares = np.vdot(diagonal, diagonal) + np.vdot(lower, lower)
    of_alphas, shares = weights(given["alphas"][:, None].copy())
    prior = GAMMA**2 / 2 * squares - M * given["icf"][:, :DIMENSIONS].sum()
    return float(prior - n * of_alphas + constant(n)), shares[:, 0]


def mixture_gradient(given: Arrays, data: Arrays) -> tuple[float, Arrays]:
    d, k = DIMENSIONS, COMPONENTS
    diagonal, Q, Qx, inner = mixture_parts(given, data)
    value, p = weights(inner)
    n = p.shape[1]
    others, shares = rest(given, diagonal, n)
    sums = p.sum(axis=1)
    Qx *= p[:, None, :]  # less the gradient by Qx
    rows = Qx.sum(axis=2)
    to_q = rows[:, :, None] * given["means"][:, None, :]
    to_q -= (Qx.reshape(k * d, n) @ data["Xt"].T).reshape(k, d, d)
    icf = np.empty_like(given["icf"])
    icf[:, :d] = (to_q[:, range(d), range(d)] + GAMMA**2 * diagonal) * diagonal
    icf[:, :d] += sums[:, None] - M
    icf[:, d:] = to_q[:, *places()] + GAMMA**2 * given["icf"][:, d:]
    means = (rows[:, None, :] @ Q)[:, 0]
    return value + others, {"alphas": sums - n * shares, "means": means, "icf": icf}


# The network


def network(draws: np.random.Generator) -> Problem:
    parameters = {
        "W1": draws.normal(size=(PIXELS, HIDDEN)) / math.sqrt(PIXELS),
        "b1": draws.normal(size=HIDDEN),
        "W2": draws.normal(size=(HIDDEN, CLASSES)) / math.sqrt(HIDDEN),
        "b2": draws.normal(size=CLASSES),
    }
    data = {
        "X": draws.uniform(size=(BATCH, PIXELS)),
        "t": draws.integers(CLASSES, size=BATCH).astype(float),
    }
    return Problem(NETWORK, parameters, data, network_value, network_gradient)


NETWORK = """
    z1 = X @ W1 + b1
    a1 = sigmoid(z1)
    z2 = a1 @ W2 + b2
    softmax_cross_entropy(z2, t)
"""


def layers(given: Arrays, data: Arrays) -> tuple[Array, Array]:
    """The activations of the hidden layer, and the logits."""
    hidden = data["X"] @ given["W1"]
    hidden += given["b1"]
    np.negative(hidden, out=hidden)
    np.exp(hidden, out=hidden)
    hidden += 1
    np.reciprocal(hidden, out=hidden)
    return hidden, hidden @ given["W2"] + given["b2"]


def loss(logits: Array, t: Array) -> tuple[float, Array]:
    """The loss, and the softmax of the logits."""
    logits -= logits.max(axis=1, keepdims=True)
    picked = logits[range(BATCH), t.astype(int)].sum()
    np.exp(logits, out=logits)
    sums = logits.sum(axis=1, keepdims=True)
    logits /= sums
    return float((np.log(sums).sum() - picked) / BATCH), logits


def network_value(given: Arrays, data: Arrays) -> float:
    return loss(layers(given, data)[1], data["t"])[0]


def network_gradient(given: Arrays, data: Arrays) -> tuple[float, Arrays]:
    hidden, logits = layers(given, data)
    value, delta = loss(logits, data["t"])
    delta[range(BATCH), data["t"].astype(int)] -= 1
    delta /= BATCH
    below = delta @ given["W2"].T
    below *= hidden
    W2 = hidden.T @ delta
    np.subtract(1, hidden, out=hidden)
    below *= hidden
    return value, {
        "W1": data["X"].T @ below,
        "b1": below.sum(axis=0),
        "W2": W2,
        "b2": delta.sum(axis=0),
    }
