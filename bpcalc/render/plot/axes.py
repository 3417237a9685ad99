"""Numbers along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING, Any

from bpcalc.errors import cells

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

DECADES = 2.0
"""From so many on a loss is drawn on a logarithmic axis."""

ROUND = (1, 2, 2.5, 5, 10)
"""Steps between ticks."""

SAME = 1e-12
"""Numbers within this part of themselves differ by rounding alone."""

_CLOSE = 1e-4
"""Numbers within this part of themselves have digits in common."""

_MOST_TICKS = 6
_POWERS = (1, 2, 3, 4, 5, 10, 20, 25, 50, 100, 200)
"""Steps between powers of ten."""
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
    return f"10{exponent_text(exponent)}"


def short(value: float, digits: int = 4) -> str:
    """To so many digits: `0.25`, `21,000`, `2.1·10⁷`.

    >>> short(-2.5), short(20999.9, 5), short(2.1e-7)
    ('−2.5', '21,000', '2.1·10⁻⁷')
    """
    head, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    if value == 0 or -4 <= int(exponent) < 6:
        decimals = max(0, digits - 1 - int(exponent))
        text = f"{value:,.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if decimals else text
        return text.replace("-", "−")
    head = head.rstrip("0").rstrip(".") if "." in head else head
    return f"{head}·10{exponent_text(int(exponent))}".replace("-", "−")


def exponent_text(exponent: int) -> str:
    """Raised."""
    return str(exponent).translate(_SUPERSCRIPTS)


def ticks(axis: Axis, low: float, high: float) -> None:
    """Round numbers along an axis that goes from low to high, as few digits as tell them apart.

    What all have in common is taken off, and told with the axis: `x − 1,000`.
    """
    from matplotlib.ticker import Formatter, MaxNLocator

    base, unit = common(low, high)

    class Shortest(Formatter):  # type: ignore[misc]
        def __call__(self, value: float, place: int | None = None) -> str:
            return short(value)

        def format_ticks(self, values: Sequence[float]) -> list[str]:
            return told_apart([round((v - base) / unit, 6) * unit if unit else v for v in values])

    if base:
        sign = "−" if base > 0 else "+"
        axis.set_label_text(f"{axis.get_label_text()} {sign} {short(abs(base), 15)}")
    axis.set_major_locator(MaxNLocator(6, steps=ROUND))
    axis.set_major_formatter(Shortest())


def common(low: float, high: float) -> tuple[float, float]:
    """What numbers that are close to each other have in common, else 0; and a power of ten.

    It is the power beside which a millionth is a rounding error; 0 where they are the same.

    >>> common(1000.00012, 1000.00037), common(0.5, 1000.0)
    ((1000.0, 0.01), (0.0, 10000.0))
    """
    span = high - low
    if not 1e-280 < span < 1e280 or span <= SAME * max(abs(low), abs(high)):
        return 0.0, 0.0
    unit = float(f"1e{ceil(log10(span)) + 1}")
    if span > _CLOSE * max(abs(low), abs(high)):
        return 0.0, unit
    return round((low + span / 2) / unit) * unit, unit


def told_apart(values: Sequence[float]) -> list[str]:
    """The numbers with as few digits as make them different.

    >>> told_apart([0.0, 2.5e-7, 5e-7]), told_apart([1.00001, 1.00002])
    (['0', '2.5·10⁻⁷', '5·10⁻⁷'], ['1.00001', '1.00002'])
    """
    largest = max(map(abs, values), default=0.0)
    exact = [value if abs(value) > 1e-9 * largest else 0.0 for value in values]
    for digits in range(4, 17):
        texts = [short(value, digits) for value in exact]
        if len(set(texts)) == len(texts):
            return texts
    return [repr(value) for value in exact]


def spans_decades(values: Sequence[float]) -> bool:
    """Whether they are positive, and differ by orders of magnitude."""
    low, high = min(values), max(values)
    return low > 0 and log10(high) - log10(low) >= DECADES


def set_scale(axes: Axes, values: Sequence[float]) -> None:
    """Logarithmic where the values ask for it."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    if not spans_decades(values):
        ticks(axes.yaxis, min(values), max(values))
        return
    low_power, high_power = log10(min(values)), log10(max(values))
    low, high = floor(low_power), -floor(-high_power)
    step = next(step for step in _POWERS if step * _MOST_TICKS >= high - low)
    first = low - low % step
    axes.set_yscale("log")
    axes.set_ylim(*_with_room(low_power, high_power))
    powers = [float(f"1e{power}") for power in range(first, high + 1, step) if -308 < power < 309]
    axes.yaxis.set_major_locator(FixedLocator(powers))
    axes.yaxis.set_major_formatter(FuncFormatter(power_of_ten))
    axes.yaxis.set_minor_locator(NullLocator())


def _with_room(low: float, high: float) -> tuple[float, float]:
    """Around powers of ten, within the numbers that there are."""
    room = 0.05 * (high - low)
    return 10 ** max(-307.5, low - room), 10 ** min(307.5, high + room)


def cut(text: str, width: int) -> str:
    """So many cells of a text; of a longer one the beginning."""
    if cells(text) <= width:
        return text
    while cells(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


def whole_numbers(axes: Axes) -> None:
    """Steps are counted: 1,000 and no 2.5."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(6, steps=ROUND, integer=True, min_n_ticks=1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def finite(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Those that can be drawn."""
    return [point for point in points if isfinite(point[1]) and abs(point[1]) < 1e300]
