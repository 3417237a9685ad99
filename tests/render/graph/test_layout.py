"""Where boxes, arrows and labels stand: nothing on anything else, and arrows lead downward."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from pictures import drawn as picture_of
from render.examples import BY_NAME, Example, every_example

import bpcalc
from bpcalc.render.graph.layout import Layout, Rectangle, layout
from bpcalc.render.graph.layout.layers import Layers, ranks
from bpcalc.render.graph.layout.ordering import crossings, ordered
from bpcalc.render.graph.layout.positions import kept_apart
from bpcalc.render.graph.picture import Arrow, Box, Picture, picture


def of(formula: str, **values: float) -> Picture:
    if not values:
        return picture(bpcalc.parse(formula))
    result = bpcalc.grad(formula, values, check=False)
    return picture(result.graph, result)


def graph_of(count: int, arrows: list[tuple[int, int]]) -> Picture:
    """Boxes n0, n1, ... and the arrows between them."""
    boxes = [Box(f"n{i}", f"n{i}", "a + b", "operation", "1.5", "2.5") for i in range(count)]
    return Picture("", boxes, [Arrow(f"n{t}", f"n{h}", None, "1 × 2 = 2") for t, h in arrows])


def overlap(a: Rectangle, b: Rectangle) -> bool:
    return (
        a.x < b.x + b.width
        and b.x < a.x + a.width
        and a.y < b.y + b.height
        and b.y < a.y + a.height
    )


def overlaps(rectangles: list[Rectangle]) -> int:
    return sum(overlap(a, b) for a, b in combinations(rectangles, 2))


def runs_as_rectangles(drawn: Layout) -> list[Rectangle]:
    """The vertical pieces of the arrows, without their ends, which touch the boxes."""
    return [
        Rectangle(run.x - 0.5, run.top, 1, run.bottom - run.top)
        for route in drawn.routes
        for run in route.runs[1:-1]
    ]


def crossings_of(pictured: Picture) -> int:
    layers = Layers(pictured)
    return crossings(layers.order, layers.below)


# Nothing on anything else


@every_example
def test_in_the_examples_no_box_and_no_label_lies_on_another(example: Example) -> None:
    drawn = layout(picture_of(example))
    labels = [route.label for route in drawn.routes if route.label.width]
    assert overlaps([*drawn.boxes, *labels]) == 0


@every_example
def test_in_the_examples_no_arrow_runs_through_a_box_or_a_label(example: Example) -> None:
    drawn = layout(picture_of(example))
    labels = [route.label for route in drawn.routes if route.label.width]
    runs = runs_as_rectangles(drawn)
    assert [run for run in runs for place in [*drawn.boxes, *labels] if overlap(run, place)] == []


@every_example
def test_in_the_examples_arrows_lead_downward_from_box_to_box(example: Example) -> None:
    pictured = picture_of(example)
    drawn = layout(pictured)
    place = dict(zip([box.id for box in pictured.boxes], drawn.boxes))
    for arrow, (runs, _) in zip(pictured.arrows, drawn.routes):
        tail, head = place[arrow.tail], place[arrow.head]
        assert runs[0].top == pytest.approx(tail.y + tail.height)
        assert runs[-1].bottom == pytest.approx(head.y)
        assert tail.x < runs[0].x < tail.x + tail.width
        assert head.x < runs[-1].x < head.x + head.width
        assert all(run.top <= run.bottom for run in runs)
        assert all(upper.bottom < lower.top for upper, lower in pairwise(runs))


@every_example
def test_everything_of_an_example_is_within_its_size(example: Example) -> None:
    drawn = layout(picture_of(example))
    places = [*drawn.boxes, *(route.label for route in drawn.routes)]
    assert min(place.x for place in places) >= 0
    assert max(place.x + place.width for place in places) <= drawn.width + 1e-6
    assert min(place.y for place in places) == 0
    assert max(place.y + place.height for place in places) == pytest.approx(drawn.height)


# Ranks and order


def test_a_leaf_stands_just_above_its_first_consumer() -> None:
    pictured = of("x**2*y + y + 2")
    rank = {
        box.name: at
        for box, at in zip(pictured.boxes, ranks(pictured.boxes, pictured.arrows).values())
    }
    assert rank == {"x": 0, "n4": 1, "y": 1, "n5": 2, "n6": 3, "2": 3, "n7": 4}


@pytest.mark.parametrize(
    "formula",
    [
        "a*b + c*d",
        "((a + b)*(c + d))/((p - q)*exp(r))",
        "a + (b + (c + (d + (g + h))))",
        "exp(sin(log(x)))",
        "min(max(a, b), c*d) - tanh(p)/q",
        "x*x",
        "x**2*y + y + 2",
    ],
)
def test_a_tree_is_drawn_without_a_crossing(formula: str) -> None:
    assert crossings_of(of(formula)) == 0


def test_inputs_stand_from_left_to_right_as_the_formula_names_them() -> None:
    pictured = of("(a - b)/(c - d)")
    x = {box.name: place.x for box, place in zip(pictured.boxes, layout(pictured).boxes)}
    assert sorted("abcd", key=x.__getitem__) == list("abcd")


def test_crossings_that_can_be_avoided_are() -> None:
    assert crossings_of(of("where(x > 0, sqrt(x), x)")) == 0
    tangled = ordered(
        [[0, 1, 2], [3, 4, 5]], [[], [], [], [2], [0], [1]], [[4], [5], [3], [], [], []]
    )
    assert crossings(tangled, [[4], [5], [3], [], [], []]) == 0


def test_crossings_are_counted() -> None:
    assert crossings([[0, 1], [2, 3]], [[3], [2], [], []]) == 1
    assert crossings([[0, 1], [2, 3]], [[2, 3], [2, 3], [], []]) == 1
    assert crossings([[0, 1], [2, 3]], [[2], [2, 3], [], []]) == 0


# Places from left to right


def test_two_uses_of_a_node_by_one_other_are_two_arrows_apart() -> None:
    first, second = layout(of("x*x", x=5)).routes
    assert [run.x for run in first.runs] != [run.x for run in second.runs]
    assert abs(first.runs[0].x - second.runs[0].x) >= 10
    assert not overlap(first.label, second.label)


def test_a_chain_is_one_straight_line() -> None:
    drawn = layout(of("exp(sin(log(x)))", x=2))
    assert len({round(run.x, 6) for route in drawn.routes for run in route.runs}) == 1


def test_an_arrow_past_other_boxes_runs_straight() -> None:
    pictured = of("exp(sin(cos(x))) + x", x=1)
    long = max(layout(pictured).routes, key=lambda route: len(route.runs))
    assert len(long.runs) == 9
    assert len({round(run.x, 6) for run in long.runs[1:-1]}) == 1


def test_wishes_that_hurt_no_distance_come_true() -> None:
    assert kept_apart([0, 10, 30], [1, 1, 1], [5, 5]) == [0, 10, 30]


def test_wishes_for_the_same_place_are_met_around_it() -> None:
    assert kept_apart([10, 10, 10], [1, 1, 1], [4, 4]) == [6, 10, 14]
    assert kept_apart([10, 10], [3, 1], [4]) == [9, 13]


# Odd and large pictures


def test_an_empty_picture_has_no_size() -> None:
    assert layout(Picture("", [], [])) == Layout(0, 0, [], [])


def test_a_single_box_is_a_picture() -> None:
    drawn = layout(of("x", x=3))
    assert (drawn.width, drawn.height) == drawn.boxes[0][2:]


def test_boxes_without_any_arrow_stand_beside_each_other() -> None:
    assert overlaps(list(layout(graph_of(4, [])).boxes)) == 0


def test_wide_characters_take_two_cells() -> None:
    narrow, wide = layout(of("abcdef")).boxes[0], layout(of("学习率学习率")).boxes[0]
    assert wide.width > 1.5 * narrow.width


def test_a_layout_is_always_the_same() -> None:
    pictured = picture_of(BY_NAME["d1-network"])
    assert layout(pictured) == layout(pictured)


def test_a_chain_of_3000_boxes_that_all_use_one_leaf() -> None:
    arrows = [(i - 1, i) for i in range(1, 3000)] + [(0, i) for i in range(2, 3000)]
    drawn = layout(graph_of(3000, sorted(arrows, key=lambda arrow: arrow[1])))
    assert len(drawn.boxes) == 3000
    assert all(upper.y < lower.y for upper, lower in pairwise(drawn.boxes))


def test_5000_boxes_and_8000_arrows() -> None:
    arrows = [(i // 2, i) for i in range(1, 5000)] + [(i - 7, i) for i in range(10, 3011)]
    drawn = layout(graph_of(5000, arrows))
    assert len(drawn.routes) == 8000
    by_rank: dict[float, list[Rectangle]] = {}
    for box in drawn.boxes:
        by_rank.setdefault(round(box.y, 3), []).append(box)
    for rank in by_rank.values():
        rank.sort()
        assert all(left.x + left.width < right.x for left, right in pairwise(rank))
