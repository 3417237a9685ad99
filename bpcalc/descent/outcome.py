"""What came of a run, and the JSON of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from bpcalc.results import SCHEMA

if TYPE_CHECKING:
    from bpcalc.descent.held_out import Best
    from bpcalc.errors import BpcalcError

STOPPED = {
    "steps": "after all steps",
    "tolerance": "the tolerance is reached",
    "patience": "the metric has not become better for {} epochs",
    "interrupted": "interrupted",
    "diverged": "the loss or its gradient left the finite numbers",
}
"""Why a run ended, in words."""


class Samples(NamedTuple):
    """The data of a run, in numbers."""

    rows: int
    batch: int
    batches: int
    """In an epoch."""
    seen: int
    shuffled: bool


class Held(NamedTuple):
    """What was measured on held-out data."""

    metric: str | None
    """The formula; None where it is that of the loss."""
    rows: int
    values: Sequence[tuple[int, float]]
    """(epoch, value)"""
    best: Best
    """The best one after the start, perhaps of an earlier run that is resumed."""
    patience: int | None


class Outcome(NamedTuple):
    """All that is told of a run."""

    formula: str
    method: str
    options: Mapping[str, float]
    rate: float
    schedule: str
    start: Mapping[str, Any]
    values: Mapping[str, Any]
    """What was learnt, by name; where the run left the finite numbers the last ones within."""
    loss: tuple[float | None, float | None]
    """At the start and at the end, of all data; None where it was not computed or not finite."""
    gradient: Mapping[str, Any]
    """The gradient at the end."""
    norm: float | None
    steps: int
    epochs: int
    """Whole ones; without data a step is no epoch, and this 0."""
    samples: Samples | None
    held: Held | None
    stopped: str
    """Why it ended: a key of `STOPPED`."""
    seed: int
    curve: Sequence[tuple[int, float]]
    """(step, loss), thinned out; of mini-batches the loss of each."""
    warnings: Sequence[str] = ()
    failure: BpcalcError | None = None

    @property
    def why(self) -> str:
        """Why it ended, in words."""
        patience = self.held.patience if self.held is not None else None
        return STOPPED[self.stopped].format(patience)


def outcome_data(found: Outcome) -> dict[str, Any]:
    """The outcome as the JSON has it."""
    samples, held = found.samples, found.held
    return {
        "bpcalc": SCHEMA,
        "formula": found.formula,
        "values": _plain(found.values),
        "loss": found.loss[1],
        "gradient": _plain(found.gradient),
        "gradient_norm": found.norm,
        "stopped": found.stopped,
        "steps": found.steps,
        "epochs": found.epochs,
        "samples": samples._asdict() if samples is not None else None,
        "method": {"name": found.method, **found.options},
        "rate": found.rate,
        "schedule": found.schedule,
        "seed": found.seed,
        "start": {"loss": found.loss[0], "values": _plain(found.start)},
        "validation": _held_data(held) if held is not None else None,
        "curve": [list(point) for point in found.curve],
        "warnings": list(found.warnings),
    }


def _held_data(held: Held) -> dict[str, Any]:
    last = held.values[-1][1] if held.values else None
    return {
        "metric": held.metric,
        "rows": held.rows,
        "value": last,
        "best": held.best.value,
        "best_epoch": held.best.epoch,
        "values": [list(entry) for entry in held.values],
    }


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.tolist() if hasattr(value, "tolist") else value for name, value in table.items()
    }
