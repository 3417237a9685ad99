"""Write losses_by_torch.json: values and gradients of PyTorch's losses, for the tests without it.

    python tests/ops/losses_by_torch.py

The numbers there are of PyTorch 2.13.0 in float64.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

VARIABLES = {
    "a": [[0.5, -1.25, 3.0], [2.0, 0.125, -4.0]],
    "b": [[0.0, -1.0, 0.25], [2.5, 0.375, 1.0]],
    "p": [[0.2, 0.3, 0.5], [0.7, 0.1, 0.2]],
    "q": [[0.0, 1.0, 0.0], [0.25, 0.5, 0.25]],
    "z": [[2.0, -1.0, 0.5], [40.0, 0.0, -3.0]],
    "k": [2.0, 0.0],
    "far": [[1000.0, -1000.0, 0.0], [0.0, 1000.0, 1000.0]],
}
"""The targets k are classes; `far` are logits whose exponentials overflow."""


def calculations(torch: Any) -> dict[str, Callable[..., Any]]:
    """By formula what PyTorch computes of the variables in it, in the order of their names."""
    functional = torch.nn.functional
    return {
        "mse(a, b)": functional.mse_loss,
        "mae(a, b)": functional.l1_loss,
        "half_sse(a, b)": lambda a, b: functional.mse_loss(a, b, reduction="sum") / 2,
        "huber(a, b)": functional.huber_loss,
        "huber(a, b, delta=0.5)": lambda a, b: functional.huber_loss(a, b, delta=0.5),
        "bce(p, q)": functional.binary_cross_entropy,
        "cross_entropy(p, q)": lambda p, q: -(q * p.log()).sum() / len(q),
        "cross_entropy(p, k)": lambda k, p: functional.nll_loss(p.log(), k.long()),
        "softmax_cross_entropy(z, q)": lambda q, z: functional.cross_entropy(z, q),
        "softmax_cross_entropy(z, k)": lambda k, z: functional.cross_entropy(z, k.long()),
        "softmax_cross_entropy(far, k)": lambda far, k: functional.cross_entropy(far, k.long()),
        "softmax_cross_entropy(far, q)": functional.cross_entropy,
    }


def names_in(formula: str) -> list[str]:
    """The variables of a formula, in the order of the alphabet."""
    inner = formula.partition("(")[2].rstrip(")")
    return sorted(name for name in inner.split(", ") if name in VARIABLES)


def recorded(torch: Any) -> dict[str, dict[str, Any]]:
    """By formula the value, and the gradient by each variable."""
    found = {}
    for formula, function in calculations(torch).items():
        names = names_in(formula)
        leaves = [
            torch.tensor(VARIABLES[n], dtype=torch.float64, requires_grad=True) for n in names
        ]
        value = function(*leaves)
        value.backward()
        gradient = {
            n: leaf.grad.tolist() for n, leaf in zip(names, leaves) if leaf.grad is not None
        }
        found[formula] = {"value": float(value.detach()), "gradient": gradient}
    return found


if __name__ == "__main__":
    import torch

    lines = [f"{json.dumps(f)}: {json.dumps(numbers)}" for f, numbers in recorded(torch).items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    Path(__file__).with_suffix(".json").write_text(text, encoding="utf-8")
