"""The loop: a gradient, a step, the next gradient; and what happens between two of them.

The loss is computed once at every point, before the step that leaves it. Ctrl-C, saving and
showing how far it is take their turn between two steps, where everything fits together.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from time import monotonic
from typing import Any, NamedTuple, Protocol, TypeAlias

from bpcalc.descent.curve import Curve
from bpcalc.descent.held_out import Best, HeldOut
from bpcalc.descent.history import History
from bpcalc.descent.schedules import Schedule
from bpcalc.descent.trail import Trail

BEAT = 0.1
"""Seconds between two looks at the clock's other tasks: the bar, the history, saving."""


class Problem(Protocol):
    """What is descended on: of floats or of arrays."""

    count: int
    """Batches in an epoch."""
    kept_every: int
    """Steps from one `keep` to the next."""
    graph: Any
    method: Any

    @property
    def memory(self) -> list[Any]: ...
    def quiet(self) -> AbstractContextManager[object]: ...
    def evaluated(self, k: int = 0, norm: bool = True) -> tuple[float, float]: ...
    def whole(self) -> tuple[float, float]: ...
    def value_of_all(self) -> float: ...
    def weight(self, k: int) -> float: ...
    def advance(self, rate: float, t: int) -> None: ...
    def keep(self, k: int = 0) -> None: ...
    def retreat(self) -> None: ...
    def values(self) -> dict[str, Any]: ...
    def gradient(self) -> dict[str, Any]: ...
    def all_values(self) -> dict[str, Any]: ...
    def restore(self, values: Any, memory: Any) -> None: ...


class Limits(NamedTuple):
    """How far to go, and how fast."""

    steps: int
    """In total, those of a run that is resumed among them."""
    rate: float
    schedule: Schedule
    tolerance: float | None
    """Stop where the gradient is no longer than this; with mini-batches where the loss changes by
    no more than this part of itself from epoch to epoch."""


class Position(NamedTuple):
    """Where the loop stands beside the values."""

    step: int = 0
    loss: float = 0.0
    """Of the batches of this epoch, added up."""
    last: float | None = None
    """Of the epoch before."""
    best: Best = Best()


Kept: TypeAlias = "tuple[int, float, float | None, Best, float, float]"
"""A point to come back to: the position there, loss and length of the gradient of the next step.

The problem keeps its own part. Made before every step of small problems: a class takes longer.
"""


class Watch(NamedTuple):
    """Who is told of what goes on, between two steps."""

    interrupted: Callable[[], bool]
    save: Callable[[], None]
    """Save where the run stands."""
    save_every: float
    """Seconds between two savings."""
    show: Callable[[int, float], None]
    """(steps done, loss)"""


class Training:
    """A run from its start values, or from where an earlier one was saved."""

    def __init__(
        self,
        problem: Problem,
        limits: Limits,
        held_out: HeldOut | None = None,
        position: Position = Position(),  # noqa: B008
    ) -> None:
        self.problem = problem
        self.limits = limits
        self.history: History | None = None
        self.trail: Trail | None = None
        """The way, if that is wanted."""
        self.held_out = held_out
        self.step, self.loss, self.last, self.best = position
        self.curve = Curve()
        self.start: float | None = None
        """The loss at the start; of the first batch, where there are several."""
        self.end: float | None = None
        """The loss at the end, of all data; None where it was not computed."""
        self.norm: float | None = None
        """The length of the gradient there."""
        self.measured: float | None = None
        """The last value of the metric, until a line of the history has it."""
        self._kept: Kept | None = None
        self._beat = self._saved = 0.0

    @property
    def position(self) -> Position:
        """Where the loop stands."""
        return Position(self.step, self.loss, self.last, self.best)

    def run(self, watch: Watch, history: History | None = None) -> str:
        """Why it ended: steps, tolerance, patience, interrupted or diverged."""
        self.history = history
        why = self._run(watch)
        if self.held_out is not None and not self.held_out.values and why in ("steps", "tolerance"):
            # Resumed, and no epoch ended. Within one nothing is the best, as in a whole run.
            epoch, rest = divmod(self.step, self.problem.count)
            best = self.best
            self._measure(epoch)
            self.best = best if rest else self.best
        return why

    def _run(self, watch: Watch) -> str:
        problem, limits, count = self.problem, self.limits, self.problem.count
        step = self.step
        self._beat = self._saved = monotonic()
        rate = self.rate(step // count)
        measured = count == 1 or self.history is not None
        keep_at = step
        if self.held_out is not None and step == 0:
            self.measured = self.held_out.measured(0, problem.values())
        while step < limits.steps or count == 1:
            value, norm = problem.evaluated(step % count, measured)
            if value - value != 0 or norm - norm != 0:
                return "diverged"
            self._record(step, value, norm)
            if count == 1:
                self.end, self.norm = value, norm
                if limits.tolerance is not None and norm <= limits.tolerance:
                    return "tolerance"
                if step >= limits.steps:
                    return "steps"
            if step >= keep_at:
                problem.keep(step % count)
                self._kept = step, self.loss, self.last, self.best, value, norm
                keep_at = step + problem.kept_every
            problem.advance(rate, step + 1)
            self.loss += value * problem.weight(step % count)
            self.step = step = step + 1
            if step % count == 0:
                why = self._epoch_ended(step // count)
                if why:
                    return self._ended(why)
                rate = self.rate(step // count)
            if watch.interrupted():
                self.end = self.norm = None
                return "interrupted"
            if monotonic() >= self._beat + BEAT:
                self._tick(watch, step, value)
        return self._ended("steps")

    def rate(self, epoch: int) -> float:
        """In this epoch; without data every step is one."""
        limits = self.limits
        if not limits.schedule.changes:
            return limits.rate
        return limits.rate * limits.schedule.factor(epoch, -(-limits.steps // self.problem.count))

    def _record(self, step: int, value: float, norm: float) -> None:
        if self.start is None:
            self.start = value
        self.curve.add(step, value)
        if self.trail is not None:
            self.trail.add(self.problem.values())
        if self.history is not None:
            epoch = step // self.problem.count
            self.history.row(step, epoch, value, norm, self.measured, self.problem.values())
            self.measured = None

    def _epoch_ended(self, epoch: int) -> str | None:
        """Measure, and decide whether that was enough."""
        last, self.last, self.loss = self.last, self.loss, 0.0
        if self.held_out is not None:
            self._measure(epoch)
            if self.held_out.exhausted(epoch, self.best):
                return "patience"
        if self.problem.count > 1 and last is not None and self._stands_still(last, self.last):
            return "tolerance"
        return None

    def _measure(self, epoch: int) -> None:
        assert self.held_out is not None
        self.measured = self.held_out.measured(epoch, self.problem.values())
        self.best = self.best.after(epoch, self.measured, self.held_out.greater)

    def retreat(self) -> None:
        """Go back to where the loss was finite: values, memory, position and curve together.

        Loss and gradient are those of the values, where the loop had them of all data.
        """
        self.end = self.norm = None
        if self._kept is None:
            return
        self.step, self.loss, self.last, self.best, value, norm = self._kept
        self.problem.retreat()
        self.curve.cut(self.step, value)
        if self.held_out is not None:
            self.held_out.cut(self.step // self.problem.count)
        if self.problem.count == 1:
            self.end, self.norm = value, norm

    def _stands_still(self, last: float, loss: float) -> bool:
        tolerance = self.limits.tolerance
        return tolerance is not None and abs(last - loss) <= tolerance * max(abs(last), abs(loss))

    def _ended(self, why: str) -> str:
        """Compute the loss of all data once more, where the loop has not."""
        value, norm = self.problem.whole()
        if value - value != 0 or norm - norm != 0:
            return "diverged"
        self.end, self.norm = value, norm
        self._record(self.step, value, norm)
        return why

    def _tick(self, watch: Watch, step: int, value: float) -> None:
        self._beat = now = monotonic()
        watch.show(step, value)
        if self.history is not None:
            self.history.flush()
        if now >= self._saved + watch.save_every:
            watch.save()
            self._saved = monotonic()
