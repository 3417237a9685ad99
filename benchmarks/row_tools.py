"""What is measured on rows: one tool on one problem, in a process that waits to be asked.

python benchmarks/row_tools.py TOOL PROBLEM ROWS SEED

first            -> seconds of building the function and of its first call, imports not counted
value 3          -> seconds of three passes of the value alone
gradient 3 [keep]-> the same of value and gradient, all results kept if that is asked for
result FILE      -> value and derivatives are saved there, one row of the array each
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from row_problems import Columns, Functions, Problem, problem
from workers import answer, missing, seconds


class Runs(NamedTuple):
    """What a tool does with a problem, ready to be timed."""

    value: Callable[[], Any]
    gradient: Callable[[], Any]
    """The value, and the derivatives in the order of the columns."""


Build: TypeAlias = Callable[[], Runs]
"""Makes the functions; compilation, which is part of the first call, is in here or in that call."""


def by_hand(name: str, given: Problem) -> Build:
    """Whole columns, one thread."""
    value, both = given.value_by_hand, given.by_hand
    if value is None or both is None:
        raise ImportError("nobody wrote this one by hand")
    return lambda: Runs(lambda: value(given.columns), lambda: both(given.columns))


def bpcalc(name: str, given: Problem) -> Build:
    import bpcalc

    def build() -> Runs:
        f = bpcalc.compile(given.formula, list(given.columns), fixed=given.fixed)
        return Runs(lambda: f(**given.columns), lambda: flat(f.value_and_grad(**given.columns)))

    return build


def bpcalc_out(name: str, given: Problem) -> Build:
    """The caller gives the arrays for the results."""
    import bpcalc

    def build() -> Runs:
        f = bpcalc.compile(given.formula, list(given.columns), fixed=given.fixed)
        rows = len(next(iter(given.columns.values())))
        out = list(np.zeros((1 + len(given.columns), rows)))
        return Runs(
            lambda: f(**given.columns),
            lambda: flat(f.value_and_grad(**given.columns, out=out)),
        )

    return build


def bpcalc_beside_scipy(name: str, given: Problem) -> Build:
    """SciPy, whose erf bpcalc uses where it is installed, has been imported by somebody else."""
    import scipy.special  # noqa: F401

    return bpcalc(name, given)


def flat(found: tuple[Any, Any]) -> list[Any]:
    return [found[0], *found[1]]


def jax(name: str, given: Problem) -> Build:
    import jax

    jax.config.update("jax_enable_x64", True)
    columns = {k: jax.numpy.asarray(v) for k, v in given.columns.items()}
    jax.block_until_ready(columns)
    np_, special = jax.numpy, jax.scipy.special
    functions = Functions(
        np_.exp, np_.log, np_.sqrt, np_.sin, np_.tanh, special.erf, jax.nn.sigmoid
    )

    def value(columns: Columns) -> Any:
        return given.value(functions, columns)

    def both(columns: Columns) -> Any:
        found, back = jax.vjp(value, columns)
        return found, back(np_.ones_like(found))[0]

    def build() -> Runs:
        one, all_ = jax.jit(value), jax.jit(both)

        def gradient() -> list[Any]:
            found, slopes = jax.block_until_ready(all_(columns))
            return [found, *(slopes[name] for name in given.columns)]

        return Runs(lambda: one(columns).block_until_ready(), gradient)

    return build


def torch(name: str, given: Problem) -> Build:
    """Eager."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    columns = {k: torch.tensor(v, requires_grad=True) for k, v in given.columns.items()}
    functions = Functions(
        torch.exp, torch.log, torch.sqrt, torch.sin, torch.tanh, torch.erf, torch.sigmoid
    )

    def value() -> Any:
        with torch.no_grad():
            return given.value(functions, columns)

    def gradient() -> list[Any]:
        found = given.value(functions, columns)
        slopes = torch.autograd.grad(found, list(columns.values()), torch.ones_like(found))
        return [found.detach(), *slopes]

    return lambda: Runs(value, gradient)


def numba(name: str, given: Problem) -> Build:
    """Loops over threads; the derivatives by hand."""
    import numba  # noqa: F401

    columns = list(given.columns.values())

    def build() -> Runs:
        from row_kernels import KERNELS

        if name not in KERNELS:
            raise ImportError("nobody wrote this one by hand")
        value, both = KERNELS[name]
        return Runs(lambda: value(*columns), lambda: both(*columns))

    return build


def autograd(name: str, given: Problem) -> Build:
    import autograd.numpy as np_
    from autograd import make_vjp
    from autograd.scipy.special import erf, expit

    functions = Functions(np_.exp, np_.log, np_.sqrt, np_.sin, np_.tanh, erf, expit)
    ones = np.ones(len(next(iter(given.columns.values()))))

    def value(columns: Columns) -> Any:
        return given.value(functions, columns)

    def gradient() -> list[Any]:
        back, found = make_vjp(value)(given.columns)
        slopes = back(ones)
        return [found, *(slopes[name] for name in given.columns)]

    return lambda: Runs(lambda: value(given.columns), gradient)


Tool: TypeAlias = Callable[[str, Problem], Build]
TOOLS: dict[str, Tool] = {
    "bpcalc": bpcalc,
    "bpcalc, out=": bpcalc_out,
    "JAX jit": jax,
    "PyTorch": torch,
    "Numba by hand": numba,
    "NumPy by hand": by_hand,
    "autograd": autograd,
    "bpcalc, SciPy imported": bpcalc_beside_scipy,
}


def main() -> None:
    """Answer each line of standard input; exit code 1 with a reason where the tool is missing."""
    tool, name, rows, seed = sys.argv[1:]
    given = problem(name, int(rows), int(seed))
    made: list[Runs] = []
    try:
        build = TOOLS[tool](name, given)
    except ImportError as why:
        missing(why)

    def runs() -> Runs:
        if not made:
            made.append(build())
        return made[0]

    def first() -> float:
        start = time.perf_counter()
        runs().gradient()
        return time.perf_counter() - start

    def result(file: str) -> int:
        found = [np.asarray(column) for column in runs().gradient()]
        np.save(file, np.stack(found))
        return len(found)

    def timed(what: str) -> Callable[..., list[float]]:
        def passes(count: str, keep: str = "") -> list[float]:
            return seconds(getattr(runs(), what), int(count), bool(keep))

        return passes

    try:
        answers = {"value": timed("value"), "gradient": timed("gradient")}
        answer({"first": first, "result": result, **answers})
    except ImportError as why:
        missing(why)


if __name__ == "__main__":
    main()
