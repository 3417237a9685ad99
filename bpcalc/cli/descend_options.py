"""The options of `bpcalc descend` as they were typed, and the numbers that they are."""

from __future__ import annotations

from typing import NamedTuple

from bpcalc.bindings import quantity
from bpcalc.engine.array_shapes import shape
from bpcalc.errors import RequestError, printable

_MOST = 10**12


class Asked(NamedTuple):
    """The options as they were typed."""

    init: str | None
    learn: str | None
    data: str | None
    columns: str | None
    batch: str | None
    shuffle: bool
    seed: str | None
    steps: str | None
    epochs: str | None
    lr: str | None
    method: str
    schedule: str | None
    decay: str | None
    grad: str
    reduce: str | None
    dtype: str
    tol: str | None
    validate: str | None
    metric: str | None
    patience: str | None


def number(option: str, text: str, *, zero: bool = False) -> float:
    """A positive number, which may be typed as a constant expression."""
    found = quantity(option, text)
    if shape(found):
        raise RequestError(f"{option} is one number, and not an array")
    value = float(found)
    if value < 0 or (value == 0 and not zero):
        wanted = "0 or more" if zero else "above 0"
        raise RequestError(f"{option} has to be {wanted}, and is {printable(text, 40)}")
    return value


def whole(option: str, text: str, *, least: int = 1) -> int:
    """A whole number."""
    plain = text.replace("_", "").strip()
    if not (plain.isascii() and plain.isdigit() and len(plain) < 20):
        raise RequestError(
            f"{option} has to be a whole number, {least} or more, and is {printable(text, 40)}"
        )
    if not least <= int(plain) <= _MOST:
        raise RequestError(f"{option} has to be from {least} to {_MOST:,}, and is {int(plain):,}")
    return int(plain)
