"""What is measured on arrays: one tool on one problem, in a process that waits to be asked.

    python benchmarks/array_tools.py TOOL PROBLEM SEED

Each line it reads says what to compute, and how often: `value 3`, `gradient 3`, `result 1`. It
answers with one line of JSON: the seconds of each pass, or what was found.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from array_problems import BATCH, COMPONENTS, DIMENSIONS, GAMMA, M, Problem, constant, problem
from workers import answer, missing, seconds


class Runs(NamedTuple):
    """What a tool does with a problem, ready to be timed."""

    value: Callable[[], Any]
    gradient: Callable[[], tuple[Any, dict[str, Any]]]
    """Value and gradient by the parameters."""


def by_hand(given: Problem) -> Runs:
    return Runs(
        lambda: given.value(given.parameters, given.data),
        lambda: given.gradient(given.parameters, given.data),
    )


def bpcalc(given: Problem) -> Runs:
    """The engine on a parsed graph: forward, and back to the parameters."""
    from bpcalc.engine import forward, gradients

    graph, values = parsed(given)
    wanted = {name: graph.variables[name] for name in given.parameters}

    def gradient() -> tuple[float, dict[str, Any]]:
        found = forward(graph, values)
        slopes = gradients(graph, found, wanted=wanted.values())
        return found[graph.output], {name: slopes[index] for name, index in wanted.items()}

    return Runs(lambda: forward(graph, values)[graph.output], gradient)


def bpcalc_every_node(given: Problem) -> Runs:
    """The engine as the command uses it: the gradient of every node, data among them."""
    from bpcalc.engine import forward, gradients

    graph, values = parsed(given)
    wanted = {name: graph.variables[name] for name in given.parameters}

    def gradient() -> tuple[float, dict[str, Any]]:
        found = forward(graph, values)
        slopes = gradients(graph, found)
        return found[graph.output], {name: slopes[index] for name, index in wanted.items()}

    return Runs(lambda: forward(graph, values)[graph.output], gradient)


def bpcalc_grad(given: Problem) -> Runs:
    """The whole of a calculation but its check: shapes, values, gradients, failures, kinks."""
    import bpcalc

    graph, values = parsed(given)

    def gradient() -> tuple[Any, dict[str, Any]]:
        found = bpcalc.grad(graph, values, wrt=list(given.parameters), check=False)
        return found.value, found.gradient

    return Runs(lambda: gradient()[0], gradient)


def parsed(given: Problem) -> tuple[Any, dict[str, Any]]:
    from bpcalc.formula import parse

    values = {**given.parameters, **given.data}
    return parse(given.formula, values), values


def torch(given: Problem) -> Runs:
    """Eager, as a training loop is written."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    parameters = {k: torch.tensor(v, requires_grad=True) for k, v in given.parameters.items()}
    data = {k: torch.tensor(v) for k, v in given.data.items()}

    def of_mixture() -> Any:
        logs, lower = parameters["icf"].split([DIMENSIONS, data["P"].shape[0]], dim=1)
        diagonal = logs.exp()
        Q = (diagonal @ data["D"] + lower @ data["P"]).view(COMPONENTS, DIMENSIONS, DIMENSIONS)
        Qx = Q @ (data["Xt"] - parameters["means"][:, :, None])
        logdets = logs.sum(1)
        inner = (parameters["alphas"] + logdets)[:, None] - 0.5 * Qx.square().sum(1)
        prior = GAMMA**2 / 2 * (diagonal.square().sum() + lower.square().sum()) - M * logdets.sum()
        n = data["Xt"].shape[1]
        of_alphas = n * parameters["alphas"].logsumexp(0)
        return inner.logsumexp(0).sum() - of_alphas + prior + constant(n)

    def of_network() -> Any:
        a1 = torch.sigmoid(data["X"] @ parameters["W1"] + parameters["b1"])
        return torch.nn.functional.cross_entropy(a1 @ parameters["W2"] + parameters["b2"], classes)

    if "t" in data:
        classes = data["t"].long()
    compute = of_network if "t" in data else of_mixture

    def value() -> Any:
        with torch.no_grad():
            return compute().item()

    def gradient() -> tuple[Any, dict[str, Any]]:
        found = compute()
        slopes = torch.autograd.grad(found, list(parameters.values()))
        return found.item(), dict(zip(parameters, slopes))

    return Runs(value, gradient)


def jax(given: Problem) -> Runs:
    """Compiled; the compilation is not timed."""
    import jax

    jax.config.update("jax_enable_x64", True)
    compute = with_functions(given, jax.numpy, jax.scipy.special.logsumexp, jax.nn.sigmoid)
    value, both = jax.jit(compute), jax.jit(jax.value_and_grad(compute))
    parameters = {k: jax.numpy.asarray(v) for k, v in given.parameters.items()}
    return Runs(
        lambda: value(parameters).block_until_ready(),
        lambda: jax.block_until_ready(both(parameters)),
    )


def autograd(given: Problem) -> Runs:
    import autograd.numpy as numpy
    from autograd import value_and_grad
    from autograd.scipy.special import expit, logsumexp

    compute = with_functions(given, numpy, logsumexp, expit)
    both = value_and_grad(compute)
    return Runs(lambda: compute(given.parameters), lambda: both(given.parameters))


def with_functions(given: Problem, np: Any, logsumexp: Any, sigmoid: Any) -> Callable[[Any], Any]:
    """The problem for libraries that have NumPy's functions."""
    data = {k: np.array(v) for k, v in given.data.items()}

    def of_mixture(parameters: Any) -> Any:
        logs, lower = parameters["icf"][:, :DIMENSIONS], parameters["icf"][:, DIMENSIONS:]
        diagonal = np.exp(logs)
        Q = np.reshape(diagonal @ data["D"] + lower @ data["P"], (-1, DIMENSIONS, DIMENSIONS))
        Qx = np.matmul(Q, data["Xt"] - parameters["means"][:, :, None])
        logdets = np.sum(logs, axis=1)
        inner = (parameters["alphas"] + logdets)[:, None] - 0.5 * np.sum(Qx**2, axis=1)
        prior = GAMMA**2 / 2 * (np.sum(diagonal**2) + np.sum(lower**2)) - M * np.sum(logdets)
        n = data["Xt"].shape[1]
        of_alphas = n * logsumexp(parameters["alphas"])
        return np.sum(logsumexp(inner, axis=0)) - of_alphas + prior + constant(n)

    def of_network(parameters: Any) -> Any:
        a1 = sigmoid(data["X"] @ parameters["W1"] + parameters["b1"])
        z2 = a1 @ parameters["W2"] + parameters["b2"]
        return (np.sum(logsumexp(z2, axis=1)) - np.sum(z2[rows, classes])) / BATCH

    if "t" in data:
        rows, classes = np.arange(BATCH), data["t"].astype(int)
    return of_network if "t" in data else of_mixture


Tool: TypeAlias = Callable[[Problem], Runs]
TOOLS: dict[str, Tool] = {
    "NumPy by hand": by_hand,
    "bpcalc": bpcalc,
    "bpcalc, every node": bpcalc_every_node,
    "bpcalc.grad": bpcalc_grad,
    "PyTorch": torch,
    "JAX jit": jax,
    "autograd": autograd,
}


def result(runs: Runs, parameters: dict[str, Any]) -> list[list[float]]:
    """The value, and the gradient by each parameter."""
    value, slopes = runs.gradient()
    return [[float(value)], *(np.asarray(slopes[name]).ravel().tolist() for name in parameters)]


def main() -> None:
    """Answer each line of standard input; exit code 1 with a reason where the tool is missing."""
    tool, name, seed = sys.argv[1:]
    given = problem(name, int(seed))
    try:
        runs = TOOLS[tool](given)
    except ImportError as why:
        missing(why)
    answer(
        {
            "value": lambda passes: seconds(runs.value, int(passes)),
            "gradient": lambda passes: seconds(runs.gradient, int(passes)),
            "result": lambda _: result(runs, given.parameters),
        }
    )


if __name__ == "__main__":
    main()
