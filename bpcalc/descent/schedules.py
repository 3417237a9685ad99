"""How the rate changes from epoch to epoch, as in PyTorch; without data every step is one.

constant            rate
exponential[:G]     rate * G^epoch, G = 0.95
step:N[:G]          rate * G^(epoch // N), G = 0.1
inverse[:D]         rate / (1 + D*epoch), D = 0.01
cosine              from rate to 0 along half a cosine over all epochs
"""

from __future__ import annotations

from math import cos, pi
from typing import NamedTuple

from bpcalc.errors import RequestError, did_you_mean, printable

_FORMS = {
    "constant": (),
    "exponential": (0.95,),
    "step": (None, 0.1),
    "inverse": (0.01,),
    "cosine": (),
}
"""By name: the numbers behind the colons, None where one has to be given."""


class Schedule(NamedTuple):
    """By what the rate is multiplied."""

    name: str = "constant"
    numbers: tuple[float, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether the rate is not the same throughout."""
        return self.name != "constant"

    def factor(self, epoch: int, epochs: int) -> float:
        """In an epoch, counted from 0, of a run of so many."""
        if self.name == "exponential":
            return self.numbers[0] ** epoch
        if self.name == "step":
            return self.numbers[1] ** (epoch // int(self.numbers[0]))
        if self.name == "inverse":
            return 1 / (1 + self.numbers[0] * epoch)
        if self.name == "cosine":
            return (1 + cos(pi * epoch / max(epochs, 1))) / 2
        return 1.0

    def __str__(self) -> str:
        return ":".join([self.name, *(f"{number:g}" for number in self.numbers)])


def schedule(text: str | None, decay: str | None) -> Schedule:
    """The schedule that `--schedule` names; `--decay G` is short for exponential:G.

    Raises:
        RequestError: there is no such schedule, or its numbers make no sense.
    """
    if text is not None and decay is not None:
        raise RequestError(
            "--schedule and --decay both say how the rate changes",
            hint="--decay 0.95 is short for --schedule exponential:0.95",
        )
    if decay is not None:
        return _checked(Schedule("exponential", (_number(decay, "--decay"),)), "--decay")
    if text is None:
        return Schedule()
    name, *given = text.split(":")
    if name not in _FORMS:
        raise RequestError(
            f"--schedule: there is no schedule {printable(name, 40)}",
            hint=did_you_mean(name, list(_FORMS)) or f"the schedules are {', '.join(_FORMS)}",
        )
    numbers = [_number(part, f"--schedule {name}") for part in given]
    wanted = _FORMS[name]
    if len(numbers) > len(wanted) or (len(numbers) < len(wanted) and wanted[len(numbers)] is None):
        raise RequestError(
            f"--schedule {name} takes {len(wanted)} number{'s' * (len(wanted) != 1)}, "
            f"and got {len(numbers)}",
            hint="as in step:30:0.1, exponential:0.95, inverse:0.01, cosine",
        )
    filled = [*numbers, *wanted[len(numbers) :]]
    return _checked(Schedule(name, tuple(float(number or 0) for number in filled)), "--schedule")


def _number(text: str, option: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 < found < 1e300:
        raise RequestError(f"{option} needs a number above 0, and got {printable(text, 40)}")
    return found


def _checked(found: Schedule, option: str) -> Schedule:
    if found.name in ("exponential", "step") and found.numbers[-1] > 1:
        raise RequestError(f"{option}: a factor above 1 lets the rate grow without end")
    if found.name == "step" and found.numbers[0] != int(found.numbers[0]):
        raise RequestError(f"{option}: step:N counts whole epochs, and N is {found.numbers[0]:g}")
    return found
