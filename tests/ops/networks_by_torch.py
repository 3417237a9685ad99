"""Convolutions and poolings by PyTorch, in float64; run as a script it records their numbers.

python tests/ops/networks_by_torch.py    (with torch installed: 2.13.0 made the recorded ones)
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

RECORDED = Path(__file__).with_name("networks_by_torch.json")


class Case(NamedTuple):
    """A call, the shapes of its inputs, and its options."""

    op: str
    shapes: tuple[tuple[int, ...], ...]
    options: dict[str, Any]

    def __repr__(self) -> str:
        options = "".join(f" {name}={value}" for name, value in self.options.items())
        return f"{self.op} {' '.join(map(str, self.shapes))}{options}"


CASES = [
    Case("conv2d", ((2, 2, 5, 4), (3, 2, 3, 2), (3,)), {"stride": (2, 1), "padding": (1, 0)}),
    Case("conv2d", ((1, 6, 6), (2, 1, 3, 3)), {"stride": 2}),
    Case("conv2d", ((2, 3, 4, 4), (2, 3, 1, 1), (2,)), {}),
    Case("conv2d", ((3, 1, 2, 2), (1, 1, 3, 3)), {"padding": 2}),
    Case("max_pool2d", ((2, 4, 4),), {"size": 2}),
    Case("max_pool2d", ((1, 2, 5, 5),), {"size": 3, "stride": 2, "padding": 1}),
    Case("max_pool2d", ((1, 5, 6),), {"size": (2, 3), "stride": (1, 2), "padding": (1, 0)}),
    Case("avg_pool2d", ((2, 4, 4),), {"size": 2}),
    Case("avg_pool2d", ((1, 2, 5, 5),), {"size": 3, "stride": 2, "padding": 1}),
    Case("avg_pool2d", ((1, 5, 6),), {"size": (2, 3), "stride": (1, 2), "padding": (1, 1)}),
]


def numbers(shape: tuple[int, ...], salt: int) -> Any:
    """An array that needs no random generator: quarters from -1.25 to 1.25, with many ties."""
    places = np.arange(np.prod(shape, dtype=int))
    return ((places * (7 + 2 * salt) + salt) % 11 - 5).reshape(shape) / 4


def inputs(case: Case) -> list[Any]:
    return [numbers(shape, salt) for salt, shape in enumerate(case.shapes)]


def by_torch(case: Case) -> list[Any]:
    """[value, gradient of sum(upstream * value) by each input]."""
    import torch

    leaves = [torch.tensor(array, requires_grad=True) for array in inputs(case)]
    options = {{"size": "kernel_size"}.get(name, name): v for name, v in case.options.items()}
    value = getattr(torch.nn.functional, case.op)(*leaves, **options)
    upstream = torch.tensor(numbers(tuple(value.shape), 5))
    found = [value, *torch.autograd.grad((upstream * value).sum(), leaves)]
    return [array.detach().tolist() for array in found]


if __name__ == "__main__":
    lines = [f"{json.dumps(repr(case))}: {json.dumps(by_torch(case))}" for case in CASES]
    RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
