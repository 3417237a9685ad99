"""The check of arrays that are too large for many digits."""

from __future__ import annotations

import numpy as np
import pytest

import bpcalc
from bpcalc.ops import TABLE


def network() -> bpcalc.Result:
    """The 784-100-10 network, with class indices for targets."""
    dice = np.random.default_rng(1)
    return bpcalc.grad(
        "a1 = relu(X @ W1 + b1); softmax_cross_entropy(a1 @ W2 + b2, t)",
        X=dice.normal(size=(64, 784)),
        W1=dice.normal(size=(784, 100)) * 0.05,
        b1=np.zeros(100),
        W2=dice.normal(size=(100, 10)) * 0.1,
        b2=np.zeros(10),
        t=dice.integers(0, 10, 64).astype(float),
    )


def test_a_network_of_the_size_of_mnist_is_checked() -> None:
    check = network().check
    assert check is not None
    assert check.method == "differences"
    assert check.ok is True
    assert any("not moved, and so not checked: t" in warning for warning in check.warnings)


@pytest.mark.parametrize("name", ["relu", "softmax_cross_entropy"])
def test_a_rule_that_is_wrong_by_a_thousandth_is_seen(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = TABLE[name].rule

    def wrong(*args: object) -> object:
        found = rule(*args)
        return tuple(f * 1.001 for f in found) if isinstance(found, tuple) else found * 1.001

    monkeypatch.setattr(TABLE[name], "rule", wrong)
    check = network().check
    assert check is not None
    assert check.ok is False


def test_sixty_thousand_elements_are_checked() -> None:
    x = np.linspace(0.1, 3.0, 60_000)
    result = bpcalc.grad("sum(sin(x))", x=x)
    assert result.check is not None
    assert result.check.ok is True
    assert result.check.max_error is not None
    assert result.check.max_error < 1e-9


def test_what_cannot_be_told_is_null() -> None:
    """The steps are as long as the waves."""
    result = bpcalc.grad("sum(sin(x*1e6))", x=np.linspace(0.1, 3.0, 60_000))
    assert result.check is not None
    assert result.check.ok is None
    assert any("too blurred" in warning for warning in result.check.warnings)
