"""The data of the models, and their values and gradients by PyTorch, into this folder.

    pip install torch==2.13.0 scikit-learn && python examples/models/record.py

Random numbers come from one seed for each model, and have three decimals. The digits are ten of the
1797 that scikit-learn brings: "Optical Recognition of Handwritten Digits" of E. Alpaydin and C.
Kaynak (UCI Machine Learning Repository, 1998, CC BY 4.0). The models are written with PyTorch's own
layers and distributions where it has them, so that they share nothing with the formulas.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import torch
from torch.nn import functional

HERE = Path(__file__).parent
Arrays = dict[str, Any]


class Model(NamedTuple):
    """A model of this folder: what it computes, of which data, by which of them it is derived."""

    value: Callable[..., Any]
    parameters: Arrays
    data: Arrays


def draws(seed: int) -> Callable[..., Any]:
    """Normally distributed numbers with three decimals."""
    source = numpy.random.default_rng(seed)
    return lambda *shape, scale=1.0: numpy.round(scale * source.normal(size=shape), 3)


def logistic() -> Model:
    """Forty points, of which those above a line are mostly 1."""
    draw = draws(1)
    x1, x2 = draw(40), draw(40)
    y = (x1 - 0.5 * x2 + draw(40, scale=0.7) > 0.2) * 1.0
    rows = numpy.stack([x1, x2, y], axis=1)
    numpy.savetxt(
        HERE / "logistic.csv", rows, fmt=["%.3f", "%.3f", "%d"], delimiter=",",
        header="x1,x2,y", comments="",
    )  # fmt: skip

    def value(w0: Any, w1: Any, w2: Any, λ: Any, x1: Any, x2: Any, y: Any) -> Any:
        z = w0 + w1 * x1 + w2 * x2
        return functional.binary_cross_entropy_with_logits(z, y) + λ / 2 * (w1**2 + w2**2)

    parameters = {"w0": -0.25, "w1": 1.5, "w2": -0.75, "λ": 0.1}
    return Model(value, parameters, {"x1": x1, "x2": x2, "y": y})


def gaussian() -> Model:
    """Eight points in four dimensions."""
    draw = draws(2)
    root = draw(4, 4)
    S = numpy.round(root @ root.T + numpy.eye(4), 3)

    def value(μ: Any, S: Any, X: Any) -> Any:
        return -torch.distributions.MultivariateNormal(μ, S).log_prob(X).sum()

    return Model(value, {"μ": draw(4), "S": S}, {"X": draw(8, 4)})


def layer_norm() -> Model:
    """Five rows of eight features."""
    draw = draws(3)

    def value(X: Any, g: Any, b: Any, T: Any) -> Any:
        return functional.mse_loss(functional.layer_norm(X, (8,), g, b, 1e-5), T)

    parameters = {"X": draw(5, 8, scale=3) + 1, "g": 1 + draw(8, scale=0.1), "b": draw(8)}
    return Model(value, parameters, {"T": draw(5, 8)})


def attention() -> Model:
    """Six words of five numbers each, one head of four."""
    draw = draws(4)

    def value(X: Any, W_Q: Any, W_K: Any, W_V: Any, Y: Any) -> Any:
        found = functional.scaled_dot_product_attention(X @ W_Q, X @ W_K, X @ W_V)
        return functional.mse_loss(found, Y, reduction="sum") / 2

    parameters = {"X": draw(6, 5), **{f"W_{name}": draw(5, 4) for name in "QKV"}}
    return Model(value, parameters, {"Y": draw(6, 4)})


def recurrent() -> Model:
    """Twelve steps, four numbers in each, six hidden units, three classes."""
    draw = draws(5)

    def value(W: Any, U: Any, b: Any, V: Any, c: Any, h0: Any, X: Any, t: Any) -> Any:
        weights = [W, U, b, torch.zeros_like(b)]
        states, _ = torch.rnn_tanh(X, h0[None], weights, True, 1, 0.0, False, False, False)
        return functional.cross_entropy(states @ V + c, t)

    parameters = {
        **{"W": draw(6, 4, scale=0.5), "U": draw(6, 6, scale=0.5), "b": draw(6, scale=0.5)},
        **{"V": draw(6, 3), "c": draw(3), "h0": draw(6)},
    }
    classes = numpy.random.default_rng(6).integers(3, size=12)
    return Model(value, parameters, {"X": draw(12, 4), "t": classes})


def lenet() -> Model:
    """The first picture of each digit, eight by eight."""
    from sklearn.datasets import load_digits

    draw = draws(7)
    digits = load_digits()
    X = numpy.stack([digits.data[digits.target == digit][0] for digit in range(10)])
    numpy.savetxt(HERE / "digits.csv", X, fmt="%d", delimiter=",")

    def value(
        K1: Any, b1: Any, K2: Any, b2: Any, W3: Any, b3: Any, W4: Any, b4: Any, X: Any, t: Any
    ) -> Any:
        c1 = torch.tanh(functional.conv2d(X.reshape(-1, 1, 8, 8) / 16, K1, b1, padding=1))
        c3 = torch.tanh(functional.conv2d(functional.avg_pool2d(c1, 2), K2, b2))
        s4 = functional.max_pool2d(c3, 2, stride=1)
        f5 = torch.tanh(s4.flatten(1) @ W3 + b3)
        return functional.cross_entropy(f5 @ W4 + b4, t)

    parameters = {
        **{"K1": draw(4, 1, 3, 3, scale=0.5), "b1": draw(4, scale=0.1)},
        **{"K2": draw(6, 4, 3, 3, scale=0.3), "b2": draw(6, scale=0.1)},
        **{"W3": draw(6, 12, scale=0.5), "b3": draw(12, scale=0.1)},
        **{"W4": draw(12, 10, scale=0.5), "b4": draw(10, scale=0.1)},
    }
    return Model(value, parameters, {"X": X, "t": numpy.arange(10)})


def mixture() -> Model:
    """ADBench's size: a thousand points in ten dimensions, twenty-five components.

    `places` are where in Q, row by row, the columns of icf stand.
    """
    d, components, points = 10, 25, 1000
    draw = draws(8)
    columns, rows = numpy.triu_indices(d, 1)  # below the diagonal, column by column
    places = [*range(0, d * d, d + 1), *(rows * d + columns).tolist()]
    X = draw(points, d).astype(numpy.float32)
    numpy.save(HERE / "mixture-points.npy", X)

    def value(alphas: Any, means: Any, icf: Any, γ: Any, m: Any, X: Any, **_: Any) -> Any:
        logs, below = icf[:, :d], icf[:, d:]
        Q = torch.diag_embed(logs.exp())
        Q = Q.index_put(
            (torch.arange(components)[:, None], *map(torch.tensor, (rows, columns))), below
        )
        gaussians = torch.distributions.MultivariateNormal(means, precision_matrix=Q.mT @ Q)
        centred = X[:, None] - means
        squares = torch.einsum("kij,nkj->nki", Q, centred).square().sum(2)
        each = alphas.log_softmax(0) + logs.sum(1) - squares / 2 - d / 2 * math.log(2 * math.pi)
        likelihood = each.logsumexp(1).sum()
        mixed = torch.distributions.MixtureSameFamily(
            torch.distributions.Categorical(logits=alphas), gaussians
        )
        assert torch.isclose(likelihood, mixed.log_prob(X).sum(), rtol=1e-9)
        freedom = d + m + 1
        norm = freedom * d * (γ.log() - math.log(2) / 2) - torch.special.multigammaln(
            freedom / 2, d
        )
        squares = logs.exp().square().sum() + below.square().sum()
        return likelihood + γ**2 / 2 * squares - m * logs.sum() - components * norm

    parameters = {
        **{"alphas": draw(components), "means": draw(components, d)},
        **{"icf": draw(components, d + d * (d - 1) // 2, scale=0.5), "γ": 1.0, "m": 0.0},
    }
    data = {"places": places, "positions": [*range(d * d)], "n": points, "X": X}
    return Model(value, parameters, data)


MODELS = {
    "logistic": logistic,
    "gaussian": gaussian,
    "layer-norm": layer_norm,
    "attention": attention,
    "recurrent": recurrent,
    "lenet": lenet,
    "mixture": mixture,
}
ELSEWHERE = {
    "logistic": ["x1", "x2", "y"],
    "lenet": ["X"],
    "mixture": ["X"],
}
"""Data that have a file of their own."""


def computed(model: Model) -> Arrays:
    """Value and gradient by PyTorch, in float64."""
    parameters = {
        name: torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for name, value in model.parameters.items()
    }
    data = {
        name: torch.tensor(value, dtype=torch.int64 if name == "t" else torch.float64)
        for name, value in model.data.items()
    }
    found = model.value(**parameters, **data)
    slopes = torch.autograd.grad(found, list(parameters.values()))
    gradient = {name: slope.tolist() for name, slope in zip(parameters, slopes)}
    return {"value": found.item(), "gradient": gradient}


def written(table: Arrays) -> str:
    """JSON with a line for each name."""
    lines = [f"  {json.dumps(k, ensure_ascii=False)}: {json.dumps(v)}" for k, v in table.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    """Write the data of every model, and what PyTorch says of it."""
    for name, build in MODELS.items():
        model = build()
        values = {**model.parameters, **model.data}
        for elsewhere in ELSEWHERE.get(name, []):
            del values[elsewhere]
        table = {key: numpy.asarray(value).tolist() for key, value in values.items()}
        (HERE / f"{name}.json").write_text(written(table), encoding="utf-8")
        found = computed(model)
        recorded = {"torch": torch.__version__, "value": found["value"], **found["gradient"]}
        (HERE / f"{name}.torch.json").write_text(written(recorded), encoding="utf-8")
        print(f"{name}: {found['value']!r}")


if __name__ == "__main__":
    main()
