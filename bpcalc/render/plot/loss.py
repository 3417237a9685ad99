"""The loss over the steps; below it what was measured on held-out data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpcalc.render.plot.axes import SAME, finite, set_scale, whole_numbers
from bpcalc.render.plot.style import FAINT, HELD_OUT, LINE, QUIET, SMALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bpcalc.descent.outcome import Held, Outcome

_MEANS = 60
"""Points of the line through the losses of many batches."""
_MARKED = 30
"""Up to so many points each gets a mark."""


def in_batches(found: Outcome) -> bool:
    """Whether the losses of the curve are those of mini-batches."""
    return found.samples is not None and found.samples.batches > 1


def draw_loss(axes: Axes, found: Outcome) -> None:
    """The loss of every step that the outcome has kept."""
    points = finite(found.curve)
    axes.set_ylabel("loss")
    axes.grid(axis="y")
    whole_numbers(axes)
    if not points:
        axes.text(0.5, 0.5, "no finite loss", transform=axes.transAxes, ha="center", color=QUIET)
        axes.set_yticks([])
        return
    steps, losses = zip(*points)
    set_scale(axes, losses)
    marker = "o" if len(points) <= _MARKED else ""
    if not in_batches(found) or len(points) <= _MARKED:
        axes.plot(steps, losses, color=LINE, marker=marker, markersize=3)
    else:
        axes.plot(steps, losses, color=FAINT, linewidth=0.7, label="of a batch")
        means = _means(points)
        axes.plot(*zip(*means), color=LINE, label="mean of them")
        axes.legend(loc="upper right")
    _widen(axes, losses)
    if len(points) == 1:
        axes.set_xlim(-0.5, 0.5 + points[0][0])


def _means(points: list[tuple[int, float]]) -> list[tuple[float, float]]:
    """The means of neighbouring points."""
    size = max(1, -(-len(points) // _MEANS))
    parts = [points[begin : begin + size] for begin in range(0, len(points), size)]
    return [
        (sum(step for step, _ in part) / len(part), sum(loss / len(part) for _, loss in part))
        for part in parts
    ]


def _widen(axes: Axes, values: tuple[float, ...]) -> None:
    """A constant loss is a line in the middle, and no axis of rounding errors."""
    low, high = min(values), max(values)
    if high - low <= SAME * max(abs(low), abs(high)):
        room = abs(high) / 2 or 1.0
        axes.set_ylim(low - room, high + room)


def name_steps(axes: Axes, found: Outcome, *, above: Axes | None = None) -> None:
    """What is counted along the axis; and the epochs along the upper edge of the panel above."""
    samples = found.samples
    if samples is not None and samples.batches == 1:
        axes.set_xlabel("epoch")
        return
    axes.set_xlabel("step")
    if samples is None or found.epochs < 1:
        return
    from matplotlib.ticker import MaxNLocator

    count = samples.batches
    top = (above or axes).secondary_xaxis(
        "top", functions=(lambda step: step / count, lambda epoch: epoch * count)
    )
    top.set_xlabel("epoch", fontsize=SMALL, color=QUIET)
    top.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    top.tick_params(length=0, labelcolor=QUIET)
    top.spines["top"].set_visible(False)


def draw_metric(axes: Axes, held: Held, batches: int) -> None:
    """The measurements, each at the end of its epoch; the best one is marked."""
    points = finite(held.values)
    axes.set_ylabel("metric" if held.metric is not None else "held-out loss")
    axes.grid(axis="y")
    whole_numbers(axes)
    if not points:
        return
    epochs, values = zip(*points)
    set_scale(axes, values)
    steps = [epoch * batches for epoch in epochs]
    marker = "o" if len(points) <= _MARKED else ""
    axes.plot(steps, values, color=HELD_OUT, marker=marker, markersize=3)
    _widen(axes, values)
    best = held.best.epoch
    if held.patience is not None and best in epochs:
        height = dict(points)[best]
        axes.plot([best * batches], [height], "o", color=HELD_OUT, markersize=7, label="best")
        axes.legend(loc="best")
