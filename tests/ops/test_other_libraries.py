"""PyTorch and JAX, where installed, do at kinks what is said of them, and else what bpcalc does."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from every_op import (
    KINKS,
    VARIANTS,
    at_the_example,
    convention,
    inputs,
    is_inside,
    value_and_slopes,
)

from bpcalc.ops import Op

Function = Callable[..., Any]


def found_in(namespaces: list[Any], op: Op, words: str = "") -> Function | None:
    """A library's function for this: an operator, or one of its name or of that in brackets."""
    if getattr(operator, getattr(op.forward, "__name__", ""), None) is op.forward:
        return op.forward
    in_brackets = [words[words.find("(") + 1 : -1]] if words.endswith(")") else []
    for name in [f"a{op.name}"] if op.variadic else [op.name, *op.aliases, *in_brackets]:
        for namespace in namespaces:
            if hasattr(namespace, name):
                return getattr(namespace, name)
    return None


class Torch:
    """Values and gradients by PyTorch."""

    def __init__(self) -> None:
        self.torch = pytest.importorskip("torch", reason="PyTorch is not installed")
        self.namespaces = [self.torch, self.torch.special, self.torch.nn.functional]

    def value_and_slopes(self, function: Function, op: Op, args: tuple[float, ...]) -> list[Any]:
        """[value, slope by each input]; the slopes are None where PyTorch has none."""
        leaves = [self.torch.tensor(x, dtype=self.torch.float64, requires_grad=True) for x in args]
        given = leaves
        if op.variadic:
            given = [self.torch.stack(leaves)]
        elif function is self.torch.where:
            given = [leaves[0] != 0, *leaves[1:]]
        elif function is self.torch.heaviside:
            given = [*leaves, self.torch.tensor(0.0, dtype=self.torch.float64)]
        result = function(*given, **op.options)
        if not result.requires_grad:
            return [float(result.detach()), *[None] * len(args)]
        try:
            result.backward()
        except RuntimeError:  # of heaviside "the derivative is not implemented"
            return [float(result.detach()), *[None] * len(args)]
        return [float(result.detach()), *[0.0 if x.grad is None else float(x.grad) for x in leaves]]


class Jax:
    """Values and gradients by JAX."""

    def __init__(self) -> None:
        self.jax = pytest.importorskip("jax", reason="JAX is not installed")
        self.jax.config.update("jax_enable_x64", True)
        import jax.scipy.special

        self.namespaces = [self.jax.numpy, self.jax.nn, jax.scipy.special]

    def value_and_slopes(self, function: Function, op: Op, args: tuple[float, ...]) -> list[Any]:
        """[value, slope by each input]."""
        options: dict[str, Any] = dict(op.options)
        if function is self.jax.nn.gelu:
            options["approximate"] = False

        def scalar(*inputs: Any) -> Any:
            given = list(inputs)
            if op.variadic:
                given = [self.jax.numpy.stack(inputs)]
            elif function is self.jax.numpy.heaviside:
                given = [*inputs, 0.0]
            return function(*given, **options).astype(float)

        value, slopes = self.jax.value_and_grad(scalar, argnums=tuple(range(len(args))))(*args)
        return [float(value), *map(float, slopes)]


@pytest.fixture(params=[Torch, Jax], ids=["torch", "jax"])
def library(request: pytest.FixtureRequest) -> Torch | Jax:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what their imports warn of is not ours
        return request.param()


def test_a_library_does_at_kinks_what_is_said_of_it(library: Torch | Jax) -> None:
    compared = []
    for declared, kink in KINKS:
        words = getattr(kink, type(library).__name__.lower())
        op, args, _ = at_the_example(kink.example)
        function = found_in(library.namespaces, declared, words)
        if function is None:
            continue
        _, *slopes = library.value_and_slopes(function, op, args)
        compared.append(kink.example)
        if words.startswith("no gradient"):
            assert slopes == [None] * len(args), kink.example
            continue
        for slope, promised in zip(slopes, convention(words, op, args), strict=True):
            if promised is not None:
                same = pytest.approx(promised, rel=1e-3, nan_ok=True)
                assert slope == same, f"{kink.example}: {slopes}, and {words} is said"
    assert len(compared) > len(KINKS) // 2


POINTS = [(0.7, -0.3, 2.2), (2.3, 1.7, -0.4), (-1.3, 0.8, 0.2), (-0.4, -2.6, 1.1)]


def test_a_library_means_the_same_by_the_same_name(library: Torch | Jax) -> None:
    compared = []
    for op in VARIANTS:
        function = found_in(library.namespaces, op)
        for args in [point[: inputs(op)] for point in POINTS]:
            if function is None or not is_inside(op, args):
                continue
            try:
                theirs = library.value_and_slopes(function, op, args)
            except TypeError:
                continue  # its options are spelt otherwise: polygamma(order, x)
            compared.append(op.name)
            for got, expected in zip(value_and_slopes(op, args), theirs):
                close = expected is None or math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-12)
                assert close, f"{op} at {args}: {got}, and by {type(library).__name__} {expected}"
    assert len(set(compared)) > len(VARIANTS) // 2
