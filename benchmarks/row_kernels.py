"""The formulas and their derivatives, written out in loops for Numba, as an expert does."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, prange
from row_problems import FIXED

_I1, _I2, _T1, _T2 = FIXED.values()
_HALF_ROOT = math.sqrt(0.5)
_DENSITY = 1 / math.sqrt(2 * math.pi)


@njit(inline="always")
def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


@njit(parallel=True)
def neuron_value(w0: Any, x0: Any, w1: Any, x1: Any, w2: Any) -> Any:
    out = np.empty_like(w0)
    for i in prange(len(w0)):
        out[i] = _sigmoid(w0[i] * x0[i] + w1[i] * x1[i] + w2[i])
    return out


@njit(parallel=True)
def neuron(w0: Any, x0: Any, w1: Any, x1: Any, w2: Any) -> Any:
    n = len(w0)
    y, d0, d1, d2 = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    d3, d4 = np.empty(n), np.empty(n)
    for i in prange(n):
        y[i] = _sigmoid(w0[i] * x0[i] + w1[i] * x1[i] + w2[i])
        slope = y[i] * (1 - y[i])
        d0[i] = slope * x0[i]
        d1[i] = slope * w0[i]
        d2[i] = slope * x1[i]
        d3[i] = slope * w1[i]
        d4[i] = slope
    return y, d0, d1, d2, d3, d4


@njit(parallel=True)
def call_value(S: Any, K: Any, r: Any, v: Any, T: Any) -> Any:
    out = np.empty_like(S)
    for i in prange(len(S)):
        deviation = v[i] * math.sqrt(T[i])
        d1 = (math.log(S[i] / K[i]) + (r[i] + 0.5 * v[i] * v[i]) * T[i]) / deviation
        below1 = 0.5 + 0.5 * math.erf(d1 * _HALF_ROOT)
        below2 = 0.5 + 0.5 * math.erf((d1 - deviation) * _HALF_ROOT)
        out[i] = S[i] * below1 - K[i] * math.exp(-r[i] * T[i]) * below2
    return out


@njit(parallel=True)
def call(S: Any, K: Any, r: Any, v: Any, T: Any) -> Any:
    n = len(S)
    y, delta, by_k = np.empty(n), np.empty(n), np.empty(n)
    rho, vega, theta = np.empty(n), np.empty(n), np.empty(n)
    for i in prange(n):
        root = math.sqrt(T[i])
        deviation = v[i] * root
        d1 = (math.log(S[i] / K[i]) + (r[i] + 0.5 * v[i] * v[i]) * T[i]) / deviation
        below1 = 0.5 + 0.5 * math.erf(d1 * _HALF_ROOT)
        below2 = 0.5 + 0.5 * math.erf((d1 - deviation) * _HALF_ROOT)
        discounted = math.exp(-r[i] * T[i]) * below2
        exercised = K[i] * discounted
        y[i] = S[i] * below1 - exercised
        delta[i] = below1
        by_k[i] = -discounted
        rho[i] = T[i] * exercised
        vega[i] = S[i] * math.exp(-0.5 * d1 * d1) * _DENSITY * root
        theta[i] = vega[i] * v[i] / (2 * T[i]) + r[i] * exercised
    return y, delta, by_k, rho, vega, theta


@njit(parallel=True)
def network_value(
    w1: Any, w2: Any, b1: Any, w3: Any, w4: Any, w5: Any, w6: Any, b2: Any, w7: Any, w8: Any
) -> Any:
    out = np.empty_like(w1)
    for i in prange(len(w1)):
        h1 = _sigmoid(w1[i] * _I1 + w2[i] * _I2 + b1[i])
        h2 = _sigmoid(w3[i] * _I1 + w4[i] * _I2 + b1[i])
        e1 = _sigmoid(w5[i] * h1 + w6[i] * h2 + b2[i]) - _T1
        e2 = _sigmoid(w7[i] * h1 + w8[i] * h2 + b2[i]) - _T2
        out[i] = 0.5 * (e1 * e1 + e2 * e2)
    return out


@njit(parallel=True)
def network(
    w1: Any, w2: Any, b1: Any, w3: Any, w4: Any, w5: Any, w6: Any, b2: Any, w7: Any, w8: Any
) -> Any:
    n = len(w1)
    y, g1, g2, gb1, g3, g4 = (
        np.empty(n),
        np.empty(n),
        np.empty(n),
        np.empty(n),
        np.empty(n),
        np.empty(n),
    )
    g5, g6, gb2, g7, g8 = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for i in prange(n):
        h1 = _sigmoid(w1[i] * _I1 + w2[i] * _I2 + b1[i])
        h2 = _sigmoid(w3[i] * _I1 + w4[i] * _I2 + b1[i])
        o1 = _sigmoid(w5[i] * h1 + w6[i] * h2 + b2[i])
        o2 = _sigmoid(w7[i] * h1 + w8[i] * h2 + b2[i])
        e1, e2 = o1 - _T1, o2 - _T2
        y[i] = 0.5 * (e1 * e1 + e2 * e2)
        d1, d2 = e1 * o1 * (1 - o1), e2 * o2 * (1 - o2)
        d3 = (d1 * w5[i] + d2 * w7[i]) * h1 * (1 - h1)
        d4 = (d1 * w6[i] + d2 * w8[i]) * h2 * (1 - h2)
        g1[i] = d3 * _I1
        g2[i] = d3 * _I2
        gb1[i] = d3 + d4
        g3[i] = d4 * _I1
        g4[i] = d4 * _I2
        g5[i] = d1 * h1
        g6[i] = d1 * h2
        gb2[i] = d1 + d2
        g7[i] = d2 * h1
        g8[i] = d2 * h2
    return y, g1, g2, gb1, g3, g4, g5, g6, gb2, g7, g8


KERNELS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "neuron": (neuron_value, neuron),
    "black-scholes": (call_value, call),
    "network": (network_value, network),
}
"""By problem: of the value, and of the value with its derivatives."""
