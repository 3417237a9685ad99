"""What a picture of a descent shows: the way, the region around it, the loss in it."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from bpcalc.descent.batches import Batches
from bpcalc.descent.landscape import Landscape
from bpcalc.descent.methods import method
from bpcalc.descent.region import MARGIN, region, visible
from bpcalc.descent.scene import Contours, Profile, scene
from bpcalc.descent.task import Task
from bpcalc.descent.trail import FIRST, MOST, Trail, labels, size
from bpcalc.formula import parse
from bpcalc.render.plot.axes import short, told_apart
from bpcalc.render.plot.scenery import levels_of
from bpcalc.render.plot.thinned import TOLERANCE, fewer, thinned


def task(text: str, start: dict[str, Any], data: dict[str, Any] | None = None) -> Task:
    batches = Batches(data, len(next(iter(data.values()))), False, 0) if data else None
    graph = parse(text, {**start, **(data or {})})
    return Task(graph, start, {}, batches, method("sgd"), None, None, "float64")


def trail(*points: tuple[float, ...]) -> Trail:
    found = Trail()
    for point in points:
        found.add(dict(zip("xyz", point)))
    return found


# The way


def test_a_trail_keeps_the_first_steps_and_the_last() -> None:
    found = trail(*((float(k), 0.0) for k in range(100_001)))
    points = found.all()
    assert points[: FIRST + 1] == [(float(k), 0.0) for k in range(FIRST + 1)]
    assert points[-1] == (100_000.0, 0.0)
    assert len(points) <= MOST + 1
    assert points == sorted(points)


def test_numbers_of_arrays_have_their_places() -> None:
    values = {"w": 1.0, "x": numpy.zeros(2), "A": numpy.zeros((1, 2))}
    assert labels(values) == ["w", "x[0]", "x[1]", "A[0, 0]", "A[0, 1]"]
    assert size(values) == 5
    assert size({"a": numpy.zeros(())}) == 1


# The region


def test_the_region_is_the_way_with_a_margin_and_equal_units() -> None:
    (x, y), equal = region([(-3.0, 4.0), (1.0, 0.0)])
    assert equal
    assert (x.low, x.high) == pytest.approx((-3 - 4 * MARGIN, 1 + 4 * MARGIN))
    assert y.high - y.low == pytest.approx(x.high - x.low)


def test_a_long_way_gets_units_of_its_own() -> None:
    (x, y), equal = region([(0.0, 0.0), (1.0, 1000.0)])
    assert not equal
    assert x.high - x.low < 2
    assert y.high - y.low > 1000


def test_a_way_along_one_axis_has_a_square() -> None:
    (x, y), equal = region([(0.0, 5.0), (1.0, 5.0)])
    assert equal
    assert y.high - y.low == pytest.approx(x.high - x.low)


@pytest.mark.parametrize("point", [(0.0, 0.0), (1.0, 2.0), (1e-300, 0.0), (1e90,)])
def test_a_run_that_stands_still_has_a_region(point: tuple[float, ...]) -> None:
    ranges, _ = region([point, point])
    assert all(found.low < x < found.high for found, x in zip(ranges, point))


def test_a_run_that_leaves_is_cut() -> None:
    points = [(3.0 * (-1.2) ** k,) for k in range(1000)]
    shown = visible(points, leaves=True)
    assert shown == points[: len(shown)]
    assert 5 < len(shown) < 30
    assert len(visible(points, leaves=False)) > 1000 / 2


# The loss


def test_a_formula_of_numbers_is_computed_at_once() -> None:
    found = scene(task("x² + 10*y", {"x": 1.0, "y": 2.0}), trail((1.0, 2.0), (0.0, 1.0)), False)
    assert isinstance(found, Contours)
    expected = found.x[None, :] ** 2 + 10 * found.y[:, None]
    assert numpy.allclose(found.values, expected, rtol=1e-14)


def test_data_count_in_the_loss() -> None:
    data = {"a": numpy.array([1.0, 2.0, 4.0]), "t": numpy.array([1.0, 0.0, 2.0])}
    asked = task("(x*a + y - t)²", {"x": 0.0, "y": 0.0}, data)
    found = scene(asked, trail((0.0, 0.0), (1.0, 1.0)), False)
    assert isinstance(found, Contours)
    assert found.rows == (3, 3)
    grid = found.x[None, :, None] * data["a"] + found.y[:, None, None]
    assert numpy.allclose(found.values, ((grid - data["t"]) ** 2).mean(axis=-1))


def test_much_data_counts_in_part() -> None:
    rows = 3_000_000
    asked = task("(x*a + y)²", {"x": 0.0, "y": 0.0}, {"a": numpy.linspace(0, 1, rows)})
    landscape = Landscape(asked, 10_000)
    assert landscape.used < landscape.rows == rows
    assert landscape.points < 10_000
    values = landscape.values(numpy.array([[1.0], [0.0]]))
    assert values == pytest.approx([1 / 3], rel=1e-3)


def test_the_loss_is_missing_where_it_is_not_defined() -> None:
    found = scene(task("log(x) + y", {"x": 1.0, "y": 0.0}), trail((1.0, 0.0), (0.1, 1.0)), False)
    assert isinstance(found, Contours)
    assert (numpy.isnan(found.values) == (found.x <= 0)[None, :]).all()


def test_a_curve_has_its_tangent() -> None:
    found = scene(task("0.01*x² + 0.1*x", {"x": 5.0}), trail((5.0,), (4.8,)), False)
    assert isinstance(found, Profile)
    assert found.tangent is not None
    assert found.tangent == pytest.approx((5.0, 0.75, 0.2))
    assert found.heights == pytest.approx([0.75, 0.01 * 4.8**2 + 0.48])


# Numbers and lines


def test_contours_of_a_bowl_have_even_distances() -> None:
    x = numpy.linspace(-1, 1, 201)
    levels = levels_of(x[None] ** 2 + x[:, None] ** 2)
    radii = numpy.sqrt([level for level in levels if level < 1])
    assert len(radii) > 8
    assert numpy.ptp(numpy.diff(radii)) < 0.05


@pytest.mark.parametrize("values", [numpy.zeros((3, 3)), numpy.full((3, 3), numpy.nan)])
def test_a_flat_loss_has_no_contours(values: Any) -> None:
    assert len(levels_of(values)) < 2


def test_numbers_are_short() -> None:
    values = [0.0, 0.25, -3.0, 20999.6, 1234567.0, 2e-7, 1e200]
    expected = ["0", "0.25", "−3", "21,000", "1.235·10⁶", "2·10⁻⁷", "1·10²⁰⁰"]
    assert [short(value) for value in values] == expected
    assert told_apart([1e6, 1e6 + 1]) == ["1·10⁶", "1.000001·10⁶"]


def test_fewer_points_make_the_same_line() -> None:
    angles = numpy.linspace(0, 2 * numpy.pi, 1000)
    points = list(zip((100 * numpy.cos(angles)).tolist(), (100 * numpy.sin(angles)).tolist()))
    kept = numpy.array(fewer(points))
    assert len(kept) < 200
    middles = (kept[1:] + kept[:-1]) / 2
    assert (100 - numpy.hypot(*middles.T)).max() < 1.1 * TOLERANCE


def test_paths_are_thinned_and_curves_left() -> None:
    line = '<path d="M 0 0 \nL 1 0.001 \nL 2 0 \nL 2 2.5 \nz\n"/>'
    assert thinned(line) == '<path d="M0 0L2 0L2 2.5z"/>'
    assert (
        thinned('<path d="M 0 0 \nC 1 1 2 2 3.14159 3"/>') == '<path d="M 0 0 C 1 1 2 2 3.14 3"/>'
    )
