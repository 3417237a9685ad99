"""The models of `examples/models/`: value and gradient are what PyTorch says of the same data.

PyTorch's numbers were recorded by `examples/models/record.py`, in NAME.torch.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

import bpcalc
from bpcalc.cli import main

MODELS = Path(__file__).parents[1] / "examples" / "models"
NAMES = sorted(path.stem for path in MODELS.glob("*.bp"))
FILES = {
    "logistic": {name: f"@logistic.csv:{name}" for name in ("x1", "x2", "y")},
    "lenet": {"X": "@digits.csv"},
    "mixture": {"X": "@mixture-points.npy"},
}
"""What of a model's data does not stand in NAME.json."""


@pytest.fixture(autouse=True)
def _in_their_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(MODELS)


def recorded(name: str) -> dict[str, Any]:
    """`value`, and the gradient by each parameter."""
    found: dict[str, Any] = json.loads(Path(f"{name}.torch.json").read_text(encoding="utf-8"))
    del found["torch"]
    return found


def said(name: str, *options: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The JSON of `bpcalc grad`, of a model on its data."""
    files = [f"--{key}={value}" for key, value in FILES.get(name, {}).items()]
    names = [parameter for parameter in recorded(name) if parameter != "value"]
    command = ["grad", "-f", f"{name}.bp", "--vars", f"{name}.json", *files]
    code = main([*command, "--wrt", ",".join(names), "--format", "json", *options])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == 0
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_model_has_the_value_and_the_gradient_that_pytorch_has(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = said(name, "--no-check", capsys=capsys)
    for key, wanted in recorded(name).items():
        given = found["value"] if key == "value" else found["gradient"][key]
        assert numpy.shape(given) == numpy.shape(wanted), key
        nothing = 1e-12 * numpy.max(numpy.abs(wanted))  # where the sum of large terms is small
        numpy.testing.assert_allclose(given, wanted, rtol=1e-9, atol=nothing, err_msg=key)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "mixture"])
def test_a_second_opinion_agrees(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(name, capsys=capsys)["check"]["ok"] is True


def test_a_second_opinion_agrees_on_a_mixture_of_few_points() -> None:
    """With 110 digits a thousand points would take minutes."""
    given = json.loads(Path("mixture.json").read_text(encoding="utf-8"))
    points = numpy.load("mixture-points.npy")[:4]
    formula = Path("mixture.bp").read_text(encoding="utf-8")
    parameters = ["alphas", "means", "icf"]
    result = bpcalc.grad(formula, {**given, "X": points, "n": 4}, wrt=parameters)
    assert result.check is not None
    assert result.check.ok


def test_every_model_is_on_the_page_with_its_files() -> None:
    page = (MODELS.parent / "models.md").read_text(encoding="utf-8")
    files = [path.name for path in MODELS.iterdir() if path.is_file()]
    assert not [name for name in files if f"models/{name}" not in page]


def test_the_data_are_small() -> None:
    assert sum(path.stat().st_size for path in MODELS.iterdir() if path.is_file()) < 200_000
