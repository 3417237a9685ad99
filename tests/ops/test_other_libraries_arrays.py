"""PyTorch and JAX, where installed, do the same with arrays, and at kinks what is said of them.

The losses are also compared with numbers that PyTorch gave, in losses_by_torch.json.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from array_examples import STRUCTURAL, Array, Case, cases, direction, products
from losses_by_torch import VARIABLES, names_in

from bpcalc.engine import forward, gradients
from bpcalc.engine.array_backward import NOTHING
from bpcalc.formula import parse
from bpcalc.ops import FUNCTIONS, Op

Function = Callable[..., Any]

RECORDED = json.loads(Path(__file__).with_name("losses_by_torch.json").read_text(encoding="utf-8"))

KINKS = [(op, kink) for op in STRUCTURAL for kink in op.kinks]

VISIBLE = [op for op in STRUCTURAL if op.name in FUNCTIONS]


@pytest.mark.parametrize("formula", RECORDED)
def test_losses_are_those_of_torch(formula: str) -> None:
    expected = RECORDED[formula]
    graph = parse(formula)
    given = {name: np.array(VARIABLES[name]) for name in names_in(formula)}
    values = forward(graph, given)
    slopes = dict(zip([leaf.name for leaf in graph.leaves], gradients(graph, values)))
    assert values[-1] == pytest.approx(expected["value"], rel=1e-12)
    for name, gradient in expected["gradient"].items():
        assert slopes[name] == pytest.approx(np.array(gradient), rel=1e-9, abs=1e-12)


class Torch:
    """Values and products by PyTorch."""

    every = 1

    def __init__(self) -> None:
        self.torch = pytest.importorskip("torch", reason="PyTorch is not installed")
        self.functional = self.torch.nn.functional
        self.namespaces = [self.torch, self.functional, self.torch.linalg]
        self.functions: dict[str, Function] = {
            "sum": self.reduced(self.torch.sum),
            "mean": self.reduced(self.torch.mean),
            "prod": self.reduced(self.torch.prod),
            "max": self.reduced(self.torch.amax),
            "min": self.reduced(self.torch.amin),
            "logsumexp": self.reduced(self.torch.logsumexp),
            "norm": self.reduced(self.torch.linalg.vector_norm),
            "var": self.corrected(self.torch.var),
            "std": self.corrected(self.torch.std),
            "softmax": lambda x, *, axis: self.functional.softmax(x, axis),
            "log_softmax": lambda x, *, axis: self.functional.log_softmax(x, axis),
            "mse": lambda a, b: self.functional.mse_loss(*self.torch.broadcast_tensors(a, b)),
            "mae": lambda a, b: self.functional.l1_loss(*self.torch.broadcast_tensors(a, b)),
            "huber": lambda a, b, *, delta: self.functional.huber_loss(
                *self.torch.broadcast_tensors(a, b), delta=delta
            ),
            "bce": lambda p, t: self.functional.binary_cross_entropy(
                *self.torch.broadcast_tensors(p, t)
            ),
            "softmax_cross_entropy": self.cross_entropy,
            "cross_entropy": self.of_probabilities,
            "transpose": lambda x: x.permute(*reversed(range(x.ndim))),
            "concat": lambda *xs, axis: self.torch.cat(xs, dim=axis),
            "outer": lambda a, b: self.torch.outer(a.flatten(), b.flatten()),
            "reshape": lambda x, *, shape: x.reshape(shape),
            "trace": lambda x: self.torch.diagonal(x).sum(),
            "max_pool2d": self.pooled(self.functional.max_pool2d),
            "avg_pool2d": self.pooled(self.functional.avg_pool2d),
        }

    def reduced(self, function: Function) -> Function:
        def applied(x: Any, *, axis: Any, keepdims: Any) -> Any:
            axes = tuple(range(x.ndim)) if axis is None else axis
            if function is self.torch.prod and not isinstance(axes, int):
                if axis is not None:
                    raise TypeError("one axis at a time")
                return function(x).reshape([1] * x.ndim if keepdims else ())
            return function(x, dim=axes, keepdim=bool(keepdims))

        return applied

    def corrected(self, function: Function) -> Function:
        def applied(x: Any, *, axis: Any, ddof: Any, keepdims: Any) -> Any:
            axes = tuple(range(x.ndim)) if axis is None else axis
            return function(x, dim=axes, correction=ddof, keepdim=bool(keepdims))

        return applied

    def cross_entropy(self, z: Any, t: Any) -> Any:
        rows = z.reshape(-1, z.shape[-1])
        if t.shape == z.shape:
            return self.functional.cross_entropy(rows, t.reshape(rows.shape))
        return self.functional.cross_entropy(rows, t.reshape(-1).long())

    def of_probabilities(self, p: Any, t: Any) -> Any:
        rows = p.log().reshape(-1, p.shape[-1])
        if t.shape == p.shape:
            return -(t.reshape(rows.shape) * rows).sum() / len(rows)
        return self.functional.nll_loss(rows, t.reshape(-1).long())

    def pooled(self, function: Function) -> Function:
        def applied(x: Any, *, size: Any, stride: Any, padding: Any) -> Any:
            found = function(x[None] if x.ndim == 2 else x, size, stride, padding)
            return found[0] if x.ndim == 2 else found

        return applied

    def function(self, op: Op) -> Function | None:
        return self.functions.get(op.name) or found_in(self.namespaces, op)

    def value_and_products(
        self, function: Function, case: Case, upstream: Array
    ) -> tuple[Array, list[Array]]:
        leaves = [
            self.torch.tensor(x, dtype=self.torch.float64, requires_grad=True) for x in case.inputs
        ]
        value = function(*leaves, **plain_options(case.op))
        value.backward(self.torch.tensor(upstream, dtype=self.torch.float64))
        found = [NOTHING if leaf.grad is None else leaf.grad.numpy() for leaf in leaves]
        return value.detach().numpy(), found


class Jax:
    """Values and products by JAX."""

    every = 12
    """It compiles each operation anew for each shape: a tenth of a second or more."""

    def __init__(self) -> None:
        self.jax = pytest.importorskip("jax", reason="JAX is not installed")
        self.jax.config.update("jax_enable_x64", True)
        self.numpy = self.jax.numpy
        self.namespaces = [self.numpy, self.jax.nn, self.numpy.linalg]
        self.functions: dict[str, Function] = {
            "mse": lambda a, b: self.numpy.mean((a - b) ** 2),
            "mae": lambda a, b: self.numpy.mean(self.numpy.abs(a - b)),
            "logdet": lambda x: self.numpy.linalg.slogdet(x)[1],
            "concat": lambda *xs, axis: self.numpy.concatenate(xs, axis=axis),
            "max_pool2d": self.max_pooled,
        }

    def max_pooled(self, x: Any, *, size: Any, stride: Any, padding: Any) -> Any:
        pair = [n if isinstance(n, tuple) else (n, n) for n in (size, stride or size, padding)]
        before = [1] * (x.ndim - 2)
        return self.jax.lax.reduce_window(
            x,
            -np.inf,
            self.jax.lax.max,
            (*before, *pair[0]),
            (*before, *pair[1]),
            [*[(0, 0)] * len(before), *[(n, n) for n in pair[2]]],
        )

    def function(self, op: Op) -> Function | None:
        return self.functions.get(op.name) or found_in(self.namespaces, op)

    def value_and_products(
        self, function: Function, case: Case, upstream: Array
    ) -> tuple[Array, list[Array]]:
        options = plain_options(case.op)
        if "keepdims" in options:
            options["keepdims"] = bool(options["keepdims"])
        inputs = [self.numpy.asarray(x, dtype=float) for x in case.inputs]
        value, pull = self.jax.vjp(lambda *xs: function(*xs, **options), *inputs)
        return np.asarray(value), list(map(np.asarray, pull(self.numpy.asarray(upstream))))


def plain_options(op: Op) -> dict[str, Any]:
    """Numbers from a formula as Python's own: the libraries ask for whole ones."""
    return {k: plain(value) for k, value in op.options.items()}


def plain(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return int(value) if value.is_integer() else float(value)


def found_in(namespaces: list[Any], op: Op) -> Function | None:
    """A library's function of the same name."""
    return next((getattr(space, op.name) for space in namespaces if hasattr(space, op.name)), None)


@pytest.fixture(params=[Torch, Jax], ids=["torch", "jax"])
def library(request: pytest.FixtureRequest) -> Torch | Jax:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what their imports warn of is not ours
        return request.param()


REFUSALS = (TypeError, ValueError, RuntimeError, IndexError)
"""What the libraries raise at shapes and options that they do not take."""


def test_a_library_means_the_same_by_the_same_name(library: Torch | Jax) -> None:
    compared: dict[str, int] = {}
    for op in VISIBLE:
        function = library.function(op)
        for case in cases(op)[:: library.every] if function is not None else []:
            value = case.op(*case.inputs)
            upstream = direction(np.shape(value), 4)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    theirs, slopes = library.value_and_products(function, case, upstream)
            except REFUSALS:
                continue
            if np.shape(theirs) != np.shape(value):
                continue  # JAX's norm and PyTorch's dot have their own idea of more axes
            compared[op.name] = compared.get(op.name, 0) + 1
            assert value == pytest.approx(theirs, rel=1e-9, abs=1e-12), case
            for ours, slope in zip(products(case.op, upstream, case.inputs), slopes):
                if ours is not NOTHING and slope is not NOTHING:
                    assert ours == pytest.approx(slope, rel=1e-9, abs=1e-12), case
    assert len(compared) > len(VISIBLE) // 2, compared


def at_the_example(example: str) -> Case:
    """The operation of a kink's example, and its inputs."""
    graph = parse(example)
    values = forward(graph, {})
    inputs = tuple(values[index] for index in graph.inputs(graph.output))
    return Case(graph.op(graph.output), inputs)


def convention(words: str, case: Case, at: Array) -> list[Array]:
    """The product by each input that the words of a kink promise; NaN where they are silent."""
    words = re.split(r";| \(", words)[0]
    first = np.asarray(case.inputs[0])
    silent = np.full(first.shape, np.nan)
    on = np.broadcast_to(at, first.shape) if np.shape(at) == first.shape else np.ones_like(silent)
    if words == "equal shares":
        ties = first == case.op(*case.inputs)
        return [ties / ties.sum()]
    if words == "all to the first, row by row":
        found = np.zeros(first.size)
        found[np.argmax(first)] = 1
        return [found.reshape(first.shape)]
    if words == "1/n to a, -1/n to b, of n elements":
        return [np.where(on, sign / first.size, silent) for sign in (1, -1)]
    return [np.where(on, float(words), silent)] * len(case.inputs)


def agree(found: Array, promised: Array, words: str) -> bool:
    if words == "NaN":
        return bool(np.isnan(found).all())
    return bool(np.all(np.isnan(promised) | (np.abs(found - promised) < 1e-12)))


@pytest.mark.parametrize(("op", "kink"), KINKS, ids=lambda each: getattr(each, "example", each))
def test_the_kink_returns_its_convention(op: Op, kink: Any) -> None:
    case = at_the_example(kink.example)
    assert case.op.key == op.key
    at = kink.at(*case.inputs, **case.op.options)
    assert np.any(at)
    found = products(case.op, 1.0 * np.ones(np.shape(case.op(*case.inputs))), case.inputs)
    for product, promised in zip(found, convention(kink.ours, case, at), strict=True):
        assert agree(product, promised, kink.ours)


def test_a_library_does_at_kinks_what_is_said_of_it(library: Torch | Jax) -> None:
    for op, kink in KINKS:
        words = getattr(kink, type(library).__name__.lower())
        case = at_the_example(kink.example)
        function = library.function(op)
        assert function is not None, op
        upstream = np.ones(np.shape(case.op(*case.inputs)))
        _, found = library.value_and_products(function, case, upstream)
        at = kink.at(*case.inputs, **case.op.options)
        for product, promised in zip(found, convention(words, case, at), strict=True):
            assert agree(np.asarray(product), promised, words), f"{kink.example}: {found}"
