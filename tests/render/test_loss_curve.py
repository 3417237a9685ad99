"""The small picture of the loss in a terminal."""

from __future__ import annotations

import math

import pytest

from bpcalc.render.loss_curve import LINES, loss_curve


def curve(losses: list[float], width: int = 80, **more: bool) -> list[str]:
    return loss_curve(list(enumerate(losses)), width, **more)


def test_a_straight_line_down_is_a_staircase() -> None:
    lines = curve([float(48 - k) for k in range(48)])
    assert lines[0] == " loss"
    assert lines[1] == "        48 │█▇▆▅▄▃▂▁"
    assert lines[6] == "         1 │" + "█" * 40 + "█▇▆▅▄▃▂▁"
    assert lines[7] == " " * 12 + "0" + " " * 45 + "47"
    assert len(lines) == LINES + 2


def test_a_wide_range_is_drawn_by_its_logarithm_and_says_so() -> None:
    lines = curve([10.0**-k for k in range(60)])
    assert lines[0] == " loss, logarithmic"
    assert lines[1].startswith("         1 │█▇")
    assert lines[6].startswith("     1e-59 │██")
    assert "logarithmic" not in curve([900.0, 500.0, 1.0])[0]
    assert "logarithmic" not in curve([1e6, 500.0, 0.0])[0]


def test_the_first_and_the_last_loss_are_shown_however_many_there_are() -> None:
    lines = curve([5.0, *[1.0] * 5000, 0.5])
    assert lines[1] == "         5 │█"
    assert lines[6].endswith("▁")


def test_losses_of_batches_are_averaged() -> None:
    lines = curve([2.0, 0.0] * 66 + [0.5, -0.5] * 66, means=True)
    assert lines[1] == "         1 │" + "█" * 33
    assert lines[6] == "         0 │" + "█" * 33 + "▁" * 33


def test_without_unicode_it_is_ascii() -> None:
    lines = curve([float(k) for k in range(9)], unicode=False)
    assert all(line.isascii() for line in lines)


@pytest.mark.parametrize("width", [0, 10, 15, 16, 17, 20, 40, 80, 200])
def test_it_is_as_wide_as_it_may_be(width: int) -> None:
    lines = curve([math.exp(-k / 100) for k in range(1000)], width)
    assert bool(lines) == (width >= 17)
    assert all(len(line) <= width for line in lines[1:])


@pytest.mark.parametrize(
    "losses", [[], [1.0], [2.0, 1.0], [1.0] * 9, [1e308, -1e308, 1e308], [math.inf, 1.0, 2.0]]
)
def test_where_there_is_nothing_to_see_there_is_no_picture(losses: list[float]) -> None:
    assert curve(losses) == []
