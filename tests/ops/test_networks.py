"""Convolution and pooling: published numbers, PyTorch's, finite differences, what is refused."""

from __future__ import annotations

import itertools
import json
from typing import Any

import networks_by_torch
import numpy as np
import pytest
from networks_by_torch import CASES, RECORDED, Case, inputs, numbers

import bpcalc
from bpcalc.errors import RequestError
from bpcalc.graph.text import applied_latex
from bpcalc.ops import TABLE

UPSTREAM = [[1, 2], [3, 4]]
ROWS = [[1, 3, 2, 4], [5, 6, 1, 2], [7, 2, 9, 1], [3, 4, 1, 8]]


def gradient(formula: str, upstream: Any, **values: Any) -> tuple[Any, dict[str, Any]]:
    found = bpcalc.grad(formula, values, upstream=upstream, check=False)
    return found.value, found.gradient


# Published numbers


def test_a_kernel_moves_over_an_image_without_being_turned() -> None:
    x = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    value, found = gradient("conv2d(x, K, b)", UPSTREAM, x=x, K=[[1, 0], [0, -1]], b=0.5)
    assert value.tolist() == [[-3.5, -3.5], [-3.5, -3.5]]
    assert found["x"].tolist() == [[1, 2, 0], [3, 3, -2], [0, -3, -4]]
    assert found["K"].tolist() == [[37, 47], [67, 77]]
    assert found["b"] == 10


def test_the_largest_of_each_window_gets_its_gradient() -> None:
    value, found = gradient("max_pool2d(x, 2)", UPSTREAM, x=ROWS)
    assert value.tolist() == [[6, 4], [7, 9]]
    assert found["x"].tolist() == [[0, 0, 0, 2], [0, 1, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]


def test_an_average_is_shared_by_its_window() -> None:
    value, found = gradient("avg_pool2d(x, 2)", UPSTREAM, x=ROWS)
    assert value.tolist() == [[3.75, 2.25], [4, 4.75]]
    assert found["x"].tolist() == (np.kron(UPSTREAM, np.ones((2, 2))) / 4).tolist()


# PyTorch's numbers


def ours(case: Case) -> list[Any]:
    """[value, gradient of sum(upstream * value) by each input]."""
    op = TABLE[case.op].with_options(case.options)
    arrays = inputs(case)
    value = op(*arrays)
    found = op.rule(numbers(value.shape, 5), value, *arrays)
    return [value, *(found if isinstance(found, tuple) else (found,))]


def assert_close(case: Case, expected: list[Any]) -> None:
    found = ours(case)
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected):
        assert mine.tolist() == pytest.approx(np.array(theirs), rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_value_and_gradients_are_those_that_pytorch_gave(case: Case) -> None:
    assert_close(case, json.loads(RECORDED.read_text(encoding="utf-8"))[repr(case)])


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_value_and_gradients_are_those_that_pytorch_gives(case: Case) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    assert_close(case, networks_by_torch.by_torch(case))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"size": 2}, [[0, 1, 0], [0, 0, 0], [0, 0, 0]]),
        ({"size": 3}, [[0, 1, 0], [0, 0, 0], [0, 0, 0]]),
        ({"size": 2, "stride": 1}, [[0, 2, 0], [1, 0, 1], [0, 0, 0]]),
        ({"size": 3, "stride": 2, "padding": 1}, [[0, 2, 0], [1, 0, 1], [0, 0, 0]]),
    ],
)
def test_a_tie_goes_to_the_first_in_row_order_as_in_pytorch_and_jax(
    options: dict[str, Any], expected: list[list[int]]
) -> None:
    x = np.array([[1.0, 3, 3], [3, 2, 3], [3, 3, 1]])
    op = TABLE["max_pool2d"].with_options(options)
    value = op(x)
    assert op.rule(np.ones_like(value), value, x).tolist() == expected
    assert all(np.any(kink.at(x, **op.options)) for kink in op.kinks)


def test_a_tie_is_a_warning() -> None:
    found = bpcalc.grad("sum(max_pool2d(x, 2))", x=[[1, 3], [3, 2]], check=False)
    assert "sits on a kink of max_pool2d" in found.warnings[0]
    assert not bpcalc.grad("sum(max_pool2d(x, 2))", x=ROWS, check=False).warnings


# Finite differences


def assert_slopes(op: Any, arrays: list[Any]) -> None:
    """The rule is what central differences of the value give, for every element of every input."""
    value = op(*arrays)
    upstream = np.random.default_rng(1).normal(size=value.shape)
    found = op.rule(upstream, value, *arrays)
    for k, slopes in enumerate(found if isinstance(found, tuple) else (found,)):
        assert np.shape(slopes) == np.shape(arrays[k])
        for place in np.ndindex(np.shape(arrays[k])):
            sides = []
            for step in (1e-6, -1e-6):
                moved = [np.array(array) for array in arrays]
                moved[k][place] += step
                sides.append(np.sum(upstream * op(*moved)))
            slope = (sides[0] - sides[1]) / 2e-6
            assert np.asarray(slopes)[place] == pytest.approx(slope, rel=1e-6, abs=1e-7)


LAYOUTS = [
    *itertools.product([(4, 5), (1, 4, 5), (2, 1, 4, 5)], [(2, 3), (2, 1, 2, 3)]),
    *itertools.product([(2, 4, 5), (2, 2, 4, 5)], [(3, 2, 2, 3)]),
]


@pytest.mark.parametrize("padding", [0, 1, (2, 0)])
@pytest.mark.parametrize("stride", [1, 2, (1, 3)])
@pytest.mark.parametrize("bias", [None, (), "channels"])
@pytest.mark.parametrize(("x", "w"), LAYOUTS)
def test_a_convolution_has_the_slopes_of_its_value(
    x: tuple[int, ...], w: tuple[int, ...], bias: Any, stride: Any, padding: Any
) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=x), rng.normal(size=w)]
    if bias is not None:
        arrays.append(rng.normal(size=((w[0],) if len(w) > 2 else (1,)) if bias else ()))
    op = TABLE["conv2d"].with_options({"stride": stride, "padding": padding})
    assert np.shape(op(*arrays)) == op.shape(*map(np.shape, arrays), **op.options)  # type: ignore[misc]
    assert_slopes(op, arrays)


@pytest.mark.parametrize("padding", [0, 1, (0, 1)])
@pytest.mark.parametrize("stride", [None, 1, (3, 1)])
@pytest.mark.parametrize("size", [2, (2, 3)])
@pytest.mark.parametrize("x", [(4, 5), (2, 4, 5), (2, 2, 4, 5)])
@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
def test_pooling_has_the_slopes_of_its_value(
    name: str, x: tuple[int, ...], size: Any, stride: Any, padding: Any
) -> None:
    op = TABLE[name].with_options({"size": size, "stride": stride, "padding": padding})
    arrays = [np.random.default_rng(0).permutation(np.prod(x)).reshape(x) / 10]
    assert np.shape(op(*arrays)) == op.shape(x, **op.options)  # type: ignore[misc]
    assert_slopes(op, arrays)


def test_images_that_do_not_fit_into_one_block_are_all_computed() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(30, 4, 20, 20)), rng.normal(size=(3, 4, 5, 5))
    op = TABLE["conv2d"]
    whole = op(x, w)
    upstream = rng.normal(size=whole.shape)
    to_x, to_w = op.rule(upstream, whole, x, w)
    parts = [op.rule(g, None, image, w) for g, image in zip(upstream, x)]
    assert whole == pytest.approx(np.stack([op(image, w) for image in x]), rel=1e-12)
    assert to_x == pytest.approx(np.stack([part for part, _ in parts]), rel=1e-12)
    assert to_w == pytest.approx(sum(part for _, part in parts), rel=1e-12)


# What stands in a formula


@pytest.mark.parametrize(
    ("formula", "shape"),
    [
        ("conv2d(x, [[1, 0], [0, 1]])", (3, 3)),
        ("conv2d(x, [[1, 0], [0, 1]], 0.5, 2)", (2, 2)),
        ("conv2d(x, [[1, 0], [0, 1]], 0.5, 2, 1)", (3, 3)),
        ("conv2d(x, [[1, 0], [0, 1]], stride=(1, 3))", (3, 1)),
        ("max_pool2d(x, 2, 1)", (3, 3)),
        ("max_pool2d(x, [2, 4])", (2, 1)),
        ("max_pool2d(x, size=(2, 4))", (2, 1)),
        ("avg_pool2d(x, 3, 1, 1)", (4, 4)),
    ],
)
def test_options_stand_behind_the_inputs_or_have_their_names(
    formula: str, shape: tuple[int, ...]
) -> None:
    found = bpcalc.grad(formula, x=ROWS, upstream=np.ones(shape), check=False)
    assert found.value.shape == shape


def test_a_bias_that_is_left_out_is_left_out_of_the_text() -> None:
    assert applied_latex(TABLE["conv2d"], ["x", "w"]) == r"\operatorname{conv2d}\left(x, w\right)"
    assert applied_latex(TABLE["conv2d"], ["x", "w", "b"]).endswith(r"\left(x, w, b\right)")


# Meanings


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_the_meaning_on_symbols_is_the_value(case: Case) -> None:
    op = TABLE[case.op].with_options(case.options)
    arrays = inputs(case)
    boxed = [np.frompyfunc(_Number, 1, 1)(array) for array in arrays]
    assert op.meaning is not None
    found = op.meaning(*boxed, **op.options)
    assert np.vectorize(float, otypes=[float])(found) == pytest.approx(op(*arrays), abs=1e-12)


class _Number(float):
    """A number that is no float to NumPy: a symbol, to an operation."""

    def __add__(self, other: float) -> _Number:
        return _Number(float(self) + float(other))

    def __mul__(self, other: float) -> _Number:
        return _Number(float(self) * float(other))

    def __truediv__(self, other: float) -> _Number:
        return _Number(float(self) / float(other))


# What is refused


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("conv2d(1, x)", r"conv2d takes images \(H, W\), .*, and not a number"),
        ("conv2d(x[0], x)", r"conv2d takes images .*, and not an array of the shape \(4,\)"),
        ("conv2d(x, x[0])", r"a kernel has the shape \(kh, kw\) or \(O, C, kh, kw\), and not \(4,"),
        ("conv2d(x, 2)", r"a kernel has the shape .*, and not a number"),
        ("conv2d(x, [x])", r"a kernel has the shape .*, and not \(1, 4, 4\)"),
        (
            "conv2d([x, x], x)",
            r"\(2, 4, 4\) and \(4, 4\) .*: the image has 2 channels, and the ker",
        ),
        ("conv2d(x, [[x, x]])", r"has 1 channel, and the kernel is for 2 channels"),
        ("conv2d(x, x, [1, 2])", r"the bias of 1 channel is a number or \(1,\), not \(2,\)"),
        ("conv2d(x, [[x], [x]], x)", r"the bias of 2 channels is a number or \(2,\), not \(4, 4\)"),
        ("conv2d(x[0:2], x)", r"the kernel of 4 x 4 is larger than the image, which is 2 x 4$"),
        ("conv2d(x[0:1], x, padding=1)", r"larger than the image, which is 3 x 6 with its padding"),
        ("conv2d(x, x, stride=0)", r"stride has to be at least 1, and not 0"),
        ("conv2d(x, x, stride=(1, -1))", r"stride has to be at least 1, and not -1"),
        ("conv2d(x, x, padding=-1)", r"padding has to be at least 0, and not -1"),
        ("conv2d(x, x, stride=1.5)", r"a whole number is needed, and not 1.5"),
        ("conv2d(x, x, stride=(1, 1, 1))", r"stride is one number or two, and not 3"),
        ("max_pool2d(x)", r"the size of the windows is missing"),
        ("max_pool2d(1, 2)", r"pooling takes images .*, and not a number"),
        ("max_pool2d(x[0], 2)", r"pooling takes images .*, and not an array of the shape \(4,\)"),
        ("max_pool2d(x, 5)", r"the window of 5 x 5 is larger than the image, which is 4 x 4$"),
        ("max_pool2d(x, 2, 0)", r"stride has to be at least 1, and not 0"),
        ("max_pool2d(x, 0)", r"size has to be at least 1, and not 0"),
        ("max_pool2d(x, 2, 2, 2)", r"the padding 2 x 2 is more than half the window, 2 x 2"),
        ("avg_pool2d(x, [2, 3], padding=2)", r"the padding 2 x 2 is more than half the window, 2"),
        ("avg_pool2d([[[[[1]]]]], 1)", r"pooling takes images .*\(1, 1, 1, 1, 1\)"),
    ],
)
def test_what_does_not_fit_is_said_with_both_shapes(formula: str, message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        bpcalc.grad(f"sum({formula}) + 0*sum(x)", x=ROWS, check=False)
    assert caught.value.source[slice(*caught.value.span)] == formula  # type: ignore[misc]


@pytest.mark.parametrize("name", ["image_gradient", "kernel_gradient", "to_the_largest"])
def test_what_only_rules_use_is_no_function_of_a_formula(name: str) -> None:
    with pytest.raises(RequestError, match="there is no function"):
        bpcalc.parse(f"{name}(x, y)")


@pytest.mark.parametrize(
    ("key", "shapes"),
    [
        ("image_gradient", ((2, 2), (3, 3), (4, 4))),
        ("kernel_gradient", ((2, 2), (4, 4), (3, 3))),
    ],
)
def test_the_products_have_the_shapes_of_what_they_are_gradients_of(
    key: str, shapes: tuple[tuple[int, ...], ...]
) -> None:
    shape = TABLE[key].shape
    assert shape is not None
    assert shape(*shapes, stride=2, padding=1) == shapes[-1]
    with pytest.raises(ValueError, match="does not fit a result of"):
        shape((3, 3), *shapes[1:], stride=2, padding=1)
