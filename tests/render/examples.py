"""The worked examples of the folder `examples`, each with its values, for tests of every format."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import pytest

import bpcalc

FOLDER = Path(__file__).parents[2] / "examples"

FILES = {
    "a1-no-brackets": "a1-graph.json",
    "a3-product": "a1-graph.json",
    "a9-cross-entropy": "a6-neuron.toml",
    "a10-squared-error": "a6-neuron.toml",
    "d13-average-pool": "d13-pooling.json",
    "d13-max-pool": "d13-pooling.json",
    "d14-unrolled": "d14-recurrent.json",
    "d8-slip": "d1-network.toml",
    "d8-slip-matrix": "d1-matrix.toml",
    "e1-half-sse": "e1-digit.json",
    "e2-cross-entropy": "e1-digit.json",
    "e2-with-epsilon": "e1-digit.json",
    "e3-bce": "e3-targets.json",
    "e3-half-sse": "e3-targets.json",
    "e3-mae": "e3-targets.json",
    "e3-mse": "e3-targets.json",
}
"""Where the values are, if it is not the file of the same name."""

FURTHER: dict[str, dict[str, Any]] = {
    "a9-cross-entropy": {"y": 1},
    "a10-squared-error": {"y": 1},
    "c1-sigmoid": {"z": 1},
    "c1-textbook": {"z": 1},
    "d11-layer": {"W": [[0.4, 0.45], [0.5, 0.55]], "b": [0.6, 0.6], "a": [0.593, 0.597]},
    "d8-slip": {"δ1": 0.138498561629, "δ2": -0.0380982365166},
    "d8-slip-matrix": {"δ": [0.138498561629, -0.0380982365166]},
    "e2-cross-entropy": {"t": 2},
    "e6-bowl": {"x0": 3, "x1": 4},
    "e17-vanishing": {"x": 0.5},
}
"""Values beside those of a file, as the pages of the examples have them on the command line."""

UPSTREAM = {
    "d11-layer": [0.138498561629, -0.0380982365166],
    "d12-convolution": [[1, 2], [3, 4]],
    "d13-average-pool": [[1, 2], [3, 4]],
    "d13-max-pool": [[1, 2], [3, 4]],
    "e13-relu": [[1, 1], [1, 1], [1, 1]],
    "e14-sigmoid-layer": [[1, 1], [1, 2]],
    "e15-affine": [[1, 2, 3], [4, 5, 6]],
}
"""The gradient from further on, where the output is an array."""


class Example(NamedTuple):
    """A formula that can be computed."""

    name: str
    text: str
    values: dict[str, Any]
    upstream: Any = 1.0

    def result(self, *, check: bool = False) -> bpcalc.Result:
        """Its value and its gradient; the same object every time."""
        return _result(self.name, check)


def _values(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    return found


def _example(path: Path) -> Example:
    name, text = path.stem, path.read_text(encoding="utf-8")
    beside = [path.with_suffix(end) for end in (".json", ".toml")]
    files = [FOLDER / FILES[name]] if name in FILES else [file for file in beside if file.exists()]
    given = {k: v for file in files for k, v in _values(file).items()} | FURTHER.get(name, {})
    needed = bpcalc.parse(text, {n: numpy.asarray(value) for n, value in given.items()}).variables
    return Example(name, text, {n: given[n] for n in needed}, UPSTREAM.get(name, 1.0))


EXAMPLES = [_example(path) for path in sorted(FOLDER.glob("*.bp"))]
BY_NAME = {example.name: example for example in EXAMPLES}

every_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


@cache
def _result(name: str, check: bool) -> bpcalc.Result:
    example = BY_NAME[name]
    return bpcalc.grad(example.text, example.values, upstream=example.upstream, check=check)


def has_arrays(example: Example) -> bool:
    """Whether any node of it is an array."""
    return any(numpy.ndim(value) for value in example.result().values)


ARRAYS = [example for example in EXAMPLES if has_arrays(example)]

every_array_example = pytest.mark.parametrize("example", ARRAYS, ids=lambda example: example.name)
