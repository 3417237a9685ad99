"""`examples/digits/`: the networks learn to read handwriting, and their data are read with care."""

from __future__ import annotations

import gzip
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy
import pytest
from cli.running import called
from sklearn.datasets import load_digits

DIGITS = Path(__file__).parents[1] / "examples" / "digits"
NETWORKS = {
    "sigmoid": (
        *("--init", "W1=lecun(64,30), b1=zeros(30), W2=lecun(30,10), b2=zeros(10)"),
        *("--batch", "10", "--lr", "3", "--epochs", "60"),
    ),
    "relu": (
        *("--init", "W1=he(64,64), b1=zeros(64), W2=he(64,10), b2=zeros(10)"),
        *("--batch", "20", "--lr", "0.3", "--epochs", "30"),
    ),
}
"""As on the page."""
OUTPUTS = {"sigmoid": "a2", "relu": "z"}
MNIST = (
    *("--init", "W1=lecun(784,30), b1=zeros(30), W2=lecun(30,10), b2=zeros(10)"),
    *("--batch", "10", "--lr", "3", "--dtype", "float32"),
)
NAMES = ("train-images", "train-labels", "t10k-images", "t10k-labels")
VARIABLE = "BPCALC_MNIST"


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("prepare_digits", DIGITS / "prepare.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["prepare_digits"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


prepare = _script()


def trained(network: str, folder: Path, *options: str) -> Any:
    """The JSON of a network that was trained with the data of a folder."""
    output = OUTPUTS[network]
    data = ("--data", str(folder / "train.npz"), "--validate", str(folder / "held-out.npz"))
    metric = f"sum({output}*y, axis=1) == max({output}, axis=1)"
    formula = ("descend", "-f", str(DIGITS / f"{network}.bp"))
    ran = called(*formula, *data, "--metric", metric, "--format", "json", *options)
    assert (ran.code, ran.err) == (0, "")
    return ran.data


def accuracy(network: str, weights: dict[str, Any], held_out: Path) -> float:
    """The share of the digits that are read right, by NumPy."""
    W1, b1, W2, b2 = (numpy.array(weights[name]) for name in ("W1", "b1", "W2", "b2"))
    with numpy.load(held_out) as file:
        z1 = file["x"] @ W1 + b1
        a1 = numpy.maximum(z1, 0) if network == "relu" else 1 / (1 + numpy.exp(-z1))
        return float(((a1 @ W2 + b2).argmax(axis=1) == file["t"]).mean())


# The digits of scikit-learn


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("digits")
    assert prepare.main(["--into", str(folder)]) == 0
    return folder


def arrays(path: Path) -> dict[str, Any]:
    with numpy.load(path) as file:
        return dict(file)


def test_every_digit_is_trained_with_or_held_out(digits: Path) -> None:
    train, rest = arrays(digits / "train.npz"), arrays(digits / "held-out.npz")
    assert (train["x"].shape, rest["x"].shape) == ((1437, 64), (360, 64))
    found = [*map(tuple, numpy.concatenate([train["x"], rest["x"]]).tolist())]
    assert sorted(found) == sorted(map(tuple, (load_digits().data / 16).tolist()))


def test_pixels_are_from_0_to_1_and_labels_come_in_two_forms(digits: Path) -> None:
    for name in ("train.npz", "held-out.npz"):
        found = arrays(digits / name)
        assert (found["x"].min(), found["x"].max()) == (0, 1)
        assert {*found["t"].tolist()} == {*range(10)}
        assert (found["y"].argmax(axis=1) == found["t"]).all()
        assert (found["y"].sum(axis=1) == 1).all()


def test_the_seed_says_which_are_held_out(digits: Path, tmp_path: Path) -> None:
    for seed in (0, 1):
        assert prepare.main(["--into", str(tmp_path / str(seed)), "--seed", str(seed)]) == 0
    first, second = (arrays(tmp_path / str(seed) / "held-out.npz")["x"] for seed in (0, 1))
    assert (first == arrays(digits / "held-out.npz")["x"]).all()
    assert (first != second).any()


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_learns_to_read(network: str, digits: Path) -> None:
    found = trained(network, digits, *NETWORKS[network])
    measured = found["validation"]
    assert measured["values"][0][1] < 0.3, "before it has learnt"
    assert measured["value"] >= 0.96
    own = accuracy(network, found["values"], digits / "held-out.npz")
    assert measured["value"] == pytest.approx(own, rel=1e-6)


# IDX files


def idx(array: Any) -> bytes:
    """The bytes of an IDX file."""
    header = [0x800 + array.ndim, *array.shape]
    return b"".join(number.to_bytes(4, "big") for number in header) + array.tobytes()


def handwriting(count: int, side: int = 28) -> tuple[Any, Any]:
    """Images and labels, of random numbers; each label once at least."""
    generator = numpy.random.default_rng(count)
    images = generator.integers(0, 256, (count, side, side), "uint8")
    return images, (numpy.arange(count) % 10).astype("uint8")


Files = Callable[..., list[Path]]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Writes the four files, of 60 and of 20 digits, with some of their bytes replaced."""

    def written(zipped: bool = False, **replaced: bytes) -> list[Path]:
        parts = [idx(array) for count in (60, 20) for array in handwriting(count)]
        paths = [tmp_path / name for name in NAMES]
        for path, part in zip(paths, parts):
            part = replaced.get(path.name.replace("-", "_"), part)
            path.write_bytes(gzip.compress(part) if zipped else part)
        return paths

    return written


@pytest.mark.parametrize("zipped", [False, True])
def test_idx_files_are_read(zipped: bool, files: Files, tmp_path: Path) -> None:
    assert prepare.main(["--into", str(tmp_path), *map(str, files(zipped))]) == 0
    for name, count in (("train.npz", 60), ("held-out.npz", 20)):
        images, labels = handwriting(count)
        found = arrays(tmp_path / name)
        assert (found["t"] == labels).all()
        numpy.testing.assert_allclose(found["x"], images.reshape(count, 784) / 255, rtol=1e-6)


def test_files_of_both_kinds_give_the_same(files: Files, tmp_path: Path) -> None:
    for zipped in (False, True):
        assert prepare.main(["--into", str(tmp_path / str(zipped)), *map(str, files(zipped))]) == 0
    plain, other = (tmp_path / str(zipped) / "train.npz" for zipped in (False, True))
    assert plain.read_bytes() == other.read_bytes()


IMAGES, LABELS = (idx(array) for array in handwriting(60))
BROKEN = {
    "nothing": (b"", "train-images is no IDX file"),
    "text": (b"P5 28 28 255", "train-images is no IDX file of images or labels"),
    "half a header": (IMAGES[:10], "train-images is truncated: it ends within its header"),
    "truncated": (IMAGES[:-1], "is truncated: 47,039 bytes of 47,040, for the shape (60, 28, 28)"),
    "too long": (IMAGES + b"\0", "goes on behind its 47,040 bytes"),
    "no images": (idx(numpy.zeros((0, 28, 28), "uint8")), "is empty, or damaged"),
    "a huge header": (IMAGES[:4] + b"\xff" * 12, "is empty, or damaged"),
    "labels": (LABELS, "train-images holds labels, and images stand in this place"),
    "too few": (idx(handwriting(59)[0]), "has 59 images, and"),
    "half gzipped": (gzip.compress(IMAGES)[:-9], "is gzipped, and truncated or damaged"),
    "gzip's first bytes": (b"\x1f\x8b" + IMAGES, "is gzipped, and truncated or damaged"),
    "gzipped and damaged": (
        gzip.compress(IMAGES)[:200] + b"damaged" + gzip.compress(IMAGES)[207:],
        "is gzipped, and truncated or damaged",
    ),
    "other pixels": (idx(handwriting(60, 8)[0]), "has 64 pixels an image, and"),
}


def refused(words: list[Any], capsys: pytest.CaptureFixture[str]) -> str:
    """What is said of a request that is wrong."""
    assert prepare.main([*map(str, words)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    return said.err


@pytest.mark.parametrize(("data", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused(
    data: bytes, message: str, files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    assert message in refused(["--into", folder, *files(train_images=data)], capsys)
    assert not folder.exists()


def test_a_label_that_is_no_digit_is_refused(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = idx(numpy.array([*range(10), 10, *range(9)], "uint8"))
    assert "t10k-labels: label 11 is 10, and no digit" in refused(files(t10k_labels=labels), capsys)


def test_files_in_another_order_are_refused(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, *others = files()
    assert "the files to train with come first" in refused([*others, first, second], capsys)
    assert "takes no files or four, and not 2" in refused([first, second], capsys)


def test_a_missing_file_is_said(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    *three, last = files()
    last.unlink()
    assert f"{last} cannot be read: No such file or directory" in refused([*three, last], capsys)


# MNIST


def test_the_network_for_mnist_runs(files: Files, tmp_path: Path) -> None:
    assert prepare.main(["--into", str(tmp_path), *map(str, files(zipped=True))]) == 0
    found = trained("sigmoid", tmp_path, *MNIST, "--epochs", "3")
    assert (found["steps"], numpy.shape(found["values"]["W1"])) == (18, (784, 30))
    assert found["loss"] < found["start"]["loss"]


@pytest.mark.skipif(
    not os.environ.get(VARIABLE), reason=f"{VARIABLE} names no folder with the files of MNIST"
)
def test_the_network_learns_to_read_mnist(tmp_path: Path) -> None:
    folder = Path(os.environ[VARIABLE])
    found = [sorted(folder.glob(f"{name}*")) for name in NAMES]
    assert all(found), f"{folder} needs {', '.join(NAMES)}"
    paths = [str(first) for first, *_ in found]
    assert prepare.main(["--into", str(tmp_path), *paths]) == 0
    measured = trained("sigmoid", tmp_path, *MNIST, "--epochs", "10", "--schedule", "cosine")
    assert measured["validation"]["value"] >= 0.95
