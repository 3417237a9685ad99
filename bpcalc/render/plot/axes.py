"""Numbers along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, isfinite, log10
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DECADES = 2.0
"""From so many on a loss is drawn on a logarithmic axis."""

_MOST_TICKS = 6
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_WORDS = (0.01, 1000.0)
"""Powers of ten that are written in full."""


def power_of_ten(value: float, _: Any = None) -> str:
    """`10⁻⁵`, and `0.1`, `1`, `100` as they are; nothing for what is no power of ten."""
    if value <= 0:
        return ""
    exponent = round(log10(value))
    if abs(log10(value) - exponent) > 1e-6:
        return ""
    if _WORDS[0] <= value <= _WORDS[1] * 1.001:
        return f"{value:g}"
    return f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def short(value: float) -> str:
    """Four digits: `0.25`, `21,000`, `2.1·10⁷`."""
    if value == 0 or 1e-4 <= abs(value) < 1e6:
        text = f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"
        return text.replace("-", "−")
    digits, _, exponent = f"{value:.3e}".partition("e")
    digits = digits.rstrip("0").rstrip(".").replace("-", "−")
    return f"{digits}·10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def spans_decades(values: Sequence[float]) -> bool:
    """Whether they are positive, and differ by orders of magnitude."""
    low, high = min(values), max(values)
    return low > 0 and log10(high) - log10(low) >= DECADES


def set_scale(axes: Axes, values: Sequence[float]) -> None:
    """Logarithmic where the values ask for it."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    if not spans_decades(values):
        return
    low, high = floor(log10(min(values))), -floor(-log10(max(values)))
    step = -(-(high - low) // _MOST_TICKS) or 1
    first = low - low % step
    axes.set_yscale("log")
    ticks = [float(f"1e{power}") for power in range(first, high + 1, step) if -308 < power < 309]
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_major_formatter(FuncFormatter(power_of_ten))
    axes.yaxis.set_minor_locator(NullLocator())


def whole_numbers(axes: Axes) -> None:
    """Steps are counted: 1,000 and no 2.5."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def finite(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Those that can be drawn."""
    return [point for point in points if isfinite(point[1]) and abs(point[1]) < 1e300]
