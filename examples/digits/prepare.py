"""Handwritten digits -> train.npz and held-out.npz, which `bpcalc descend` reads.

    python digits/prepare.py --into digits
    python digits/prepare.py --into mnist train-images-idx3-ubyte train-labels-idx1-ubyte \
        t10k-images-idx3-ubyte t10k-labels-idx1-ubyte

Without files: the 1,797 digits of 8 by 8 pixels that scikit-learn ships, a fifth of them held out.
With the four files of MNIST, gzipped or not: 60,000 digits of 28 by 28 pixels, and 10,000 held out.
Both files hold `x`, a row of pixels from 0 to 1 for each digit; `t`, the digit; and `y`, ten
numbers: 1 in the place of the digit, else 0.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import zlib
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy

Array: TypeAlias = "numpy.ndarray[Any, Any]"

KINDS = {2049: ("labels", 1), 2051: ("images", 3)}
"""Magic number of an IDX file -> what it holds, and how many axes that has."""

MOST = 1 << 31
"""Bytes. A damaged header could ask for more memory than there is."""


class UnusableError(Exception):
    """A file that cannot be used, and why."""


class Digits(NamedTuple):
    """Pixels from 0 to 1, a row for each digit; and which digits they are."""

    x: Array
    t: Array

    def write(self, path: Path) -> None:
        """Write an .npz, whole or not at all."""
        unfinished = path.with_suffix(".part")
        try:
            with unfinished.open("wb") as file:
                numpy.savez(file, x=self.x, t=self.t, y=numpy.eye(10, dtype="uint8")[self.t])
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def of_scikit_learn(seed: int) -> tuple[Digits, Digits]:
    """1,437 digits to train with and 360 held out; the seed says which."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise UnusableError("the digits are scikit-learn's: pip install scikit-learn") from None
    pixels, labels = load_digits(return_X_y=True)
    x, t = (pixels / 16).astype("float32"), labels.astype("uint8")
    order = numpy.random.default_rng(seed).permutation(len(x))
    held_out = len(x) // 5 + 1
    train, rest = order[:-held_out], order[-held_out:]
    return Digits(x[train], t[train]), Digits(x[rest], t[rest])


def of_idx(images: Path, labels: Path) -> Digits:
    """The digits of two IDX files."""
    pixels, t = idx(images, "images"), idx(labels, "labels")
    if len(pixels) != len(t):
        raise UnusableError(f"{images} has {len(pixels):,} images, and {labels} {len(t):,} labels")
    if t.max() > 9:
        raise UnusableError(f"{labels}: label {int(t.argmax()) + 1:,} is {t.max()}, and no digit")
    return Digits(pixels.reshape(len(t), -1).astype("float32") / 255, t)


def idx(path: Path, wanted: str) -> Array:
    """The array of an IDX file, gzipped or not.

    A magic number, the length of each axis (all big-endian, of four bytes), then a byte for each
    element.
    """
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if zipped else path.open("rb") as file:
            return _idx(file, path, wanted)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise UnusableError(f"{path} is gzipped, and truncated or damaged") from None
    except OSError as error:
        raise UnusableError(f"{path} cannot be read: {error.strerror}") from None


def _idx(file: Any, path: Path, wanted: str) -> Array:
    head = file.read(4)
    magic = int.from_bytes(head, "big")
    if len(head) < 4 or magic not in KINDS:
        raise UnusableError(f"{path} is no IDX file of images or labels: it begins with {magic}")
    kind, axes = KINDS[magic]
    if kind != wanted:
        raise UnusableError(f"{path} holds {kind}, and {wanted} stand in this place")
    lengths = file.read(4 * axes)
    if len(lengths) < 4 * axes:
        raise UnusableError(f"{path} is truncated: it ends within its header")
    shape = tuple(numpy.frombuffer(lengths, ">u4").tolist())
    size = prod(shape)
    if not 0 < size < MOST:
        raise UnusableError(f"{path} is empty, or damaged: its header says {shape}")
    elements = file.read(size + 1)
    if len(elements) < size:
        raise UnusableError(
            f"{path} is truncated: {len(elements):,} bytes of {size:,}, for the shape {shape}"
        )
    if len(elements) > size:
        raise UnusableError(f"{path} goes on behind its {size:,} bytes, for the shape {shape}")
    return numpy.frombuffer(elements, "uint8").reshape(shape)


def digits(files: Sequence[Path], seed: int) -> tuple[Digits, Digits]:
    """Those to train with, and those held out."""
    if not files:
        return of_scikit_learn(seed)
    if len(files) != 4:
        raise UnusableError(f"it takes no files or four, and not {len(files)}")
    train, held_out = of_idx(*files[:2]), of_idx(*files[2:])
    if len(train.t) < len(held_out.t):
        raise UnusableError(
            f"{files[0]} has fewer digits than {files[2]}: the files to train with come first"
        )
    pixels, others = train.x.shape[1], held_out.x.shape[1]
    if pixels != others:
        raise UnusableError(f"{files[0]} has {pixels:,} pixels an image, and {files[2]} {others:,}")
    return train, held_out


def main(arguments: Sequence[str] | None = None) -> int:
    """Write both files; the exit code."""
    parser = argparse.ArgumentParser(
        description="Handwritten digits -> train.npz and held-out.npz, for bpcalc descend.",
        epilog="Without files: the digits that scikit-learn ships.",
        allow_abbrev=False,
    )
    what = "MNIST's: training images, their labels, test images, their labels"
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help=what)
    parser.add_argument("--into", type=Path, default=Path(), metavar="FOLDER", help="(this one)")
    parser.add_argument("--seed", type=int, default=0, help="of which digits are held out (0)")
    asked = parser.parse_args(arguments)
    if asked.seed < 0:
        parser.error("--seed has to be 0 or more")
    try:
        train, held_out = digits(asked.files, asked.seed)
        asked.into.mkdir(parents=True, exist_ok=True)
        for name, part in (("train.npz", train), ("held-out.npz", held_out)):
            part.write(asked.into / name)
            rows, pixels = part.x.shape
            print(f"{asked.into / name}: {rows:,} digits of {pixels} pixels")
    except UnusableError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {asked.into} cannot be written to: {error.strerror}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
