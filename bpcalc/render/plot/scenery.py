"""The way of the descent: over the contours of the loss, or on its curve."""

from __future__ import annotations

from itertools import pairwise
from math import floor, log10
from typing import TYPE_CHECKING, Any

import numpy

from bpcalc.descent.scene import Contours, Profile, Scene, Way
from bpcalc.render.plot.axes import SAME, cut, short, ticks
from bpcalc.render.plot.style import BANDS, CONTOUR, INK, LINE, QUIET, SMALL, WAY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEVELS = 14
_LABELLED = 3
"""Every third contour says its value."""
_LABEL = 30
"""Cells of the longest name along an axis."""
_RIM = 0.03
"""Without labels of contours, a part of the panel; and more for each of their characters."""
_CHARACTER = 0.009
_NEAR = 300
"""Points of the way that labels keep away from."""
_LONG = 0.012
"""Steps of this part of the panel get a dot; shorter ones would run into one."""


def draw_scene(axes: Axes, scene: Scene) -> None:
    """The panel."""
    if isinstance(scene, Contours):
        _draw_contours(axes, scene)
    else:
        _draw_profile(axes, scene)


# Two numbers


def _draw_contours(axes: Axes, scene: Contours) -> None:
    axes.set_xlabel(cut(scene.labels[0], _LABEL))
    axes.set_ylabel(cut(scene.labels[1], _LABEL))
    axes.spines[:].set_visible(True)
    axes.set_xlim(scene.x[0], scene.x[-1])
    axes.set_ylim(scene.y[0], scene.y[-1])
    ticks(axes.xaxis, *axes.get_xlim())
    ticks(axes.yaxis, *axes.get_ylim())
    if scene.equal:
        axes.set_aspect("equal", adjustable="box")
    levels = levels_of(scene.values)
    if len(levels) > 1:
        _draw_bands(axes, scene, levels)
    notes = [_over(scene), "" if len(levels) > 1 else _flat(scene)]
    note = ", ".join(filter(None, notes))
    axes.set_title(note, fontsize=SMALL, color=QUIET, loc="right", pad=4)
    _draw_way(axes, scene.way, scene.way.points[:, 0], scene.way.points[:, 1])


def _over(scene: Scene) -> str:
    """Of which rows, where these are not all."""
    used, rows = scene.rows
    return f"over {used:,} of {rows:,} rows" if used < rows else ""


def _flat(scene: Contours) -> str:
    """Why there are no contours."""
    return "the loss is flat" if numpy.isfinite(scene.values).any() else "no finite loss"


def _draw_bands(axes: Axes, scene: Contours, levels: list[float]) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("bands", BANDS)
    steps = [colours(i / len(levels)) for i in range(len(levels) + 1)]
    values = numpy.ma.masked_invalid(scene.values)
    where: Any = (scene.x, scene.y, values)
    axes.contourf(*where, levels=levels, colors=steps, extend="both")
    labelled = levels[::_LABELLED]
    plain = [level for level in levels if level not in labelled]
    axes.contour(*where, levels=plain, colors=CONTOUR, linestyles="solid")
    lines = axes.contour(*where, levels=labelled, colors=CONTOUR, linestyles="solid")
    places = _free_places(lines, scene)
    if places and len(set(map(short, labelled))) == len(labelled):
        axes.clabel(lines, fontsize=7, colors=INK, fmt=short, manual=places, inline_spacing=3)


def _free_places(lines: Any, scene: Contours) -> list[tuple[float, float]]:
    """On each of these contours the place that is farthest from the way, and within the panel."""
    low, size = (numpy.array([f(scene.x), f(scene.y)]) for f in (numpy.min, numpy.ptp))
    way = _filled((scene.way.points[:_NEAR] - low) / size)
    places = []
    for level, segments in zip(lines.levels, lines.allsegs):
        if not segments:
            continue
        points = numpy.concatenate(segments)
        unit = (points - low) / size
        rim = _RIM + _CHARACTER * len(short(level))
        inside = ((unit > rim) & (unit < 1 - rim)).all(axis=1)
        if inside.any():
            away = [numpy.hypot(*(way - point).T).min() for point in unit[inside]]
            places.append(tuple(points[inside][int(numpy.argmax(away))]))
    return places


def _filled(points: Any) -> Any:
    """The points, and some between each two."""
    shares = numpy.linspace(0, 1, 8, endpoint=False)[:, None]
    steps = [begin + shares * (end - begin) for begin, end in pairwise(points)]
    return numpy.concatenate([*steps, points[-1:]])


def levels_of(values: numpy.ndarray[Any, Any]) -> list[float]:
    """The values at which contours are drawn.

    They are quantiles, the squares of even steps: around the minimum of a bowl the rings have even
    distances, however steep it is.
    """
    known = values[numpy.isfinite(values)]
    if not known.size:
        return []
    found = numpy.quantile(known, numpy.linspace(0, 1, _LEVELS + 1)[1:-1] ** 2).tolist()
    low, high = float(known.min()), float(known.max())
    if not (high - low > 1e-9 * max(abs(low), abs(high)) and high - low < 1e300):
        return []
    levels: list[float] = []
    for level, after in zip(found, [*found[1:], high]):
        rounded = _round(level, after - level)
        if low < rounded < high and (not levels or rounded > levels[-1]):
            levels.append(rounded)
    return levels


def _round(level: float, gap: float) -> float:
    """As few digits as tell it from the next one."""
    if gap <= 0:
        return level
    return round(level, 1 - floor(log10(gap)) if gap < 1e300 else 0)


# One number


def _draw_profile(axes: Axes, scene: Profile) -> None:
    axes.set_xlabel(cut(scene.label, _LABEL))
    axes.set_ylabel(f"loss {_over(scene)}".rstrip())
    axes.grid()
    axes.plot(scene.x, scene.values, color=LINE)
    axes.set_xlim(scene.x[0], scene.x[-1])
    axes.set_ylim(*_heights(scene))
    ticks(axes.xaxis, *axes.get_xlim())
    ticks(axes.yaxis, *axes.get_ylim())
    tangent = scene.tangent
    if tangent is not None:
        text = f"tangent at {short(tangent.x)}, slope {short(tangent.slope)}"
        axes.axline(
            (tangent.x, tangent.value), slope=tangent.slope, color=QUIET, ls="--", lw=1, label=text
        )
    _draw_way(axes, scene.way, scene.way.points[:, 0], scene.heights, width=0.6)


def _heights(scene: Profile) -> tuple[float, float]:
    """From the lowest place to above the way; the curve may be far above it at the edges."""
    x = scene.way.points[:, 0]
    of_way = scene.heights[(x >= scene.x[0]) & (x <= scene.x[-1]) & numpy.isfinite(scene.heights)]
    of_curve = scene.values[numpy.isfinite(scene.values)]
    if not of_way.size or not of_curve.size:
        return 0.0, 1.0
    low = float(min(of_way.min(), of_curve.min()))
    high = float(of_way.max())
    top = min(float(of_curve.max()), high + 0.4 * (high - low)) if high > low else of_curve.max()
    top = max(float(top), high)
    room = 0.07 * (top - low)
    if room <= SAME * max(abs(low), abs(top)):
        room = abs(low) / 2 or 1.0
    return low - room, top + room


# The way


def _draw_way(axes: Axes, way: Way, x: Any, y: Any, width: float = 1.1) -> None:
    """Line, dots, and where it begins and ends; the legend is above the panel."""
    label = "" if way.whole else "goes on outside"
    axes.plot(x, y, color=WAY, linewidth=width, zorder=4, label=label)
    dots = _long_steps(axes, x, y)
    axes.plot(x[dots], y[dots], "o", color=WAY, markersize=2.6, zorder=4)
    start: dict[str, Any] = {"markerfacecolor": "white", "markeredgewidth": 1.6}
    axes.plot(x[:1], y[:1], "o", color=WAY, markersize=8, zorder=5, label="start", **start)
    if way.whole and len(x) > 1:
        end: dict[str, Any] = {"markeredgecolor": "white", "markeredgewidth": 0.8}
        axes.plot(x[-1:], y[-1:], "o", color=WAY, markersize=6.5, zorder=6, label="end", **end)
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderpad=0, borderaxespad=0.3,
        handletextpad=0.4, columnspacing=1.2,
    )  # fmt: skip


def _long_steps(axes: Axes, x: Any, y: Any) -> Any:
    """Which points are so far from the one before that each can be seen."""
    across, along = axes.get_xlim(), axes.get_ylim()
    dx = numpy.diff(x) / (across[1] - across[0])
    dy = numpy.diff(y) / (along[1] - along[0])
    return numpy.flatnonzero(numpy.hypot(dx, dy) > _LONG) + 1
