"""The graph as trees: complete, aligned, within the width of the terminal."""

from __future__ import annotations

import re

import numpy
import pytest
from pictures import a1, drawn, of
from render.examples import Example, every_example

from bpcalc.errors import cells
from bpcalc.render.graph.picture import Arrow, Box, Picture
from bpcalc.render.graph.tree import tree
from bpcalc.render.look import Look

NUMBER = r"-?\d[\d.e+-]*"
ENTRY = rf"({NUMBER}|\[{NUMBER}(, {NUMBER})*\]|shape \d+(×\d+)*)"
"""What a box has of a value: a number, a short vector, or the shape of an array."""


def lines(picture: Picture, width: int | None = 80, **look: bool) -> list[str]:
    return [line.removesuffix("\n") for line in tree(picture, Look(width, **look))]


def label(line: str) -> str:
    """What stands left of the numbers, without guides and marks."""
    return re.sub(r"^[├└│─ ]*|( \(use .*?\))?( ↓)?(  .*)?$", "", line)


def test_the_first_worked_example() -> None:
    assert lines(a1()) == [
        "                         value  gradient  upstream × local",
        "n7 = n6 + 2                 42         1  start",
        "├─ n6 = n5 + y              40         1  1 × 1 = 1",
        "│  ├─ n5 = n4*y             36         1  1 × 1 = 1",
        "│  │  ├─ n4 = x^2            9         4  1 × 4 = 4",
        "│  │  │  └─ x                3        24  4 × 6 = 24",
        "│  │  └─ y (use 1 of 2)      4        10  1 × 9 = 9",
        "│  └─ y (use 2 of 2)         4        10  1 × 1 = 1",
        "└─ 2                         2         1  1 × 1 = 1",
    ]


def test_a_graph_without_values_is_its_structure() -> None:
    assert lines(of("x*x + y")) == [
        "n4 = n3 + y",
        "├─ n3 = x*x",
        "│  ├─ x (use 1 of 2)",
        "│  └─ x (use 2 of 2)",
        "└─ y",
    ]


def test_what_has_a_name_or_several_uses_is_a_tree_of_its_own() -> None:
    found = lines(of("z = x + 1\nw = z*z\nexp(w)", x=1))
    assert [label(line) for line in found[1:]] == [
        *("n5 = exp(w)", "w", ""),
        *("w = z*z", "z", "z", ""),
        *("z = x + 1", "x", "1"),
    ]
    assert sum("z (use " in line and "↓" in line for line in found) == 2
    assert found[0].startswith("↓ further down")


def test_a_statement_without_a_name_that_is_used_twice_is_drawn_once() -> None:
    found = lines(of("f(s) = s*s\nf(x + 1)", x=2))
    assert sum("x + 1" in line for line in found) == 1
    assert sum("n3 (use" in line for line in found) == 2


@every_example
def test_every_example_fits_80_columns_with_all_its_numbers(example: Example) -> None:
    picture = drawn(example)
    found = lines(picture)
    assert max(map(cells, found)) <= 80
    text = "\n".join(found)
    for box in picture.boxes:
        assert re.search(rf"(?<![\d.]){re.escape(box.value)} +{re.escape(box.gradient)}", text)
    edges = [line for line in found if line[:1] in "├└│ " and re.search(r"[├└]", line)]
    assert len(edges) == len(picture.arrows)
    if "local" not in found[0]:  # the arrays leave no room for shares
        assert len(found[0]) > 40
        assert all(re.search(rf"  {ENTRY}$", line) for line in edges)
        return
    shared = [line for line in edges if re.search(rf"(× |= ){ENTRY}$|nothing flows$", line)]
    # Of an array that is used once the share is the gradient, which stands beside its value.
    alone = [arrow for arrow in picture.arrows if arrow.flows and not arrow.share]
    assert len(edges) == len(shared) + len(alone)
    assert all(re.search(rf"  {ENTRY}$", line) for line in edges if line not in shared)


@every_example
def test_in_a_pipe_every_product_stands_in_full(example: Example) -> None:
    picture = drawn(example)
    found = lines(picture, None)
    title = found[0].index("upstream × local")
    shares = sorted(line[title:] for line in found if re.search(r"[├└]", line))
    assert shares == sorted(
        (f"= {arrow.share}" if arrow.share and "=" not in arrow.share else arrow.share)
        if arrow.flows
        else "nothing flows"
        for arrow in picture.arrows
    )
    # Only of an array that is used once there is none: it is the gradient itself.
    result = example.result()
    for arrow in picture.arrows:
        uses = [other for other in picture.arrows if other.tail == arrow.tail and other.flows]
        if arrow.flows and not arrow.share:
            assert uses == [arrow]
            numbers = [result.values[int(end[1:]) - 1] for end in (arrow.tail, arrow.head)]
            assert any(map(numpy.ndim, numbers))
    assert not any("…" in line for line in found if "…" not in str(picture))


def test_a_narrow_terminal_loses_products_before_numbers() -> None:
    picture = of("w*x + exp(-w*x)/3", w=0.123456789, x=1 / 3)
    numbers = [number for box in picture.boxes for number in (box.value, box.gradient)]
    for width in range(1, 100):
        found = lines(picture, width)
        assert all(number in " ".join(found).split() for number in numbers)
        if width >= 60:
            assert max(map(cells, found)) <= width


@pytest.mark.parametrize(("gradient", "said"), [("0.123456789", "× 2"), ("7", "= 0.246913578")])
def test_the_upstream_gradient_is_left_out_only_where_it_stands_above(
    gradient: str, said: str
) -> None:
    """Inside of a group it is the gradient of a node that is not drawn."""
    x = Box("n1", "x", "", "variable", "1.23456789", "0.246913578")
    y = Box("n3", "y", "sin(x)^2", "group", "1.23456789", gradient, output=True)
    picture = Picture("", [x, y], [Arrow("n1", "n3", 0, "0.123456789 × 2 = 0.246913578")])
    assert lines(picture, 80)[2].endswith("  0.123456789 × 2 = 0.246913578")
    assert lines(picture, 60)[2].endswith(f"  {said}")


def test_a_chain_goes_on_further_down() -> None:
    found = lines(of(" + ".join(["x"] * 31), x=1), None)
    tops = [line for line in found[1:] if line and not re.match(r"[├└│ ]", line)]
    assert len(tops) == 3
    assert sum("↓" in line for line in found) == 3  # one of them is the legend


def test_a_chain_of_100_000_additions() -> None:
    found = lines(of(" + ".join(["x"] * 100_001), x=1, whole=True))
    assert sum("(use " in line for line in found) == 100_001
    assert max(map(cells, found)) <= 80


def test_thousands_of_nodes_are_drawn_whole() -> None:
    terms = (f"σ(w{i}*x + b{i})*v{i}" for i in range(700))
    text = " + ".join(terms)
    picture = of(text, x=1, whole=True, **{f"{n}{i}": 0.5 for n in "wbv" for i in range(700)})
    assert len(picture.boxes) > 5000
    assert len(lines(picture, colour=True)) > len(picture.arrows)


def test_without_unicode_there_is_none() -> None:
    text = "\n".join(lines(of("z = x*x\nz + z*y", x=3, y=2), unicode=False))
    assert text.isascii()
    assert "(use 1 of 2) (below)" in text
    assert "1 * 1 = 1" in text


def test_where_nothing_flows_it_says_so() -> None:
    found = lines(of("where(x > 0, x, y)", x=3, y=4))
    nothing = [label(line) for line in found if "nothing flows" in line]
    assert nothing == ["n4 = x > 0", "x", "0", "y"]


def test_what_the_check_says_stands_under_the_node_and_only_once() -> None:
    picture = a1()
    wrong = [box._replace(right="gradient 7") for box in picture.boxes if box.name in ("y", "n5")]
    boxes = [next((w for w in wrong if w.id == box.id), box) for box in picture.boxes]
    found = lines(picture._replace(boxes=boxes))
    assert [line for line in found if "WRONG" in line] == [
        "│  │  │  WRONG, right: gradient 7",
        "│  │     WRONG, right: gradient 7",
    ]
    assert "n5" in found[found.index("│  │  │  WRONG, right: gradient 7") - 1]


def test_the_way_from_a_selected_node_is_marked_in_the_margin() -> None:
    found = lines(of("x^2*y + y + 2", selected="n4", x=3, y=4))
    assert [label(line[2:]) for line in found if line[0] == "*"] == [
        *("n7 = n6 + 2", "n6 = n5 + y", "n5 = n4*y", "n4 = x^2")
    ]
    assert max(map(cells, found)) <= 80


def test_colour_changes_nothing_but_the_colour() -> None:
    plain, coloured = lines(a1()), lines(a1(), colour=True)
    assert [re.sub(r"\x1b\[[\d;]*m", "", line) for line in coloured] == plain
    assert "\x1b[1mn5\x1b[0m" in "".join(coloured)
    assert "\x1b[36m36\x1b[0m" in "".join(coloured)
    assert "\x1b[35m24\x1b[0m" in "".join(coloured)


def test_wide_letters_are_counted_as_two_cells() -> None:
    found = lines(of("数*y", 数=3, y=4))
    assert len({cells(line[: line.rindex(" × ")]) - len("1") for line in found[2:]}) == 1


def test_control_characters_do_not_reach_the_terminal() -> None:
    picture = a1()
    boxes = [box._replace(formula="\x1b[2J\r") for box in picture.boxes if box.formula]
    found = "".join(lines(picture._replace(boxes=[*picture.boxes[:3], *boxes])))
    assert "\x1b" not in found
    assert "\r" not in found


def test_a_formula_that_is_a_leaf() -> None:
    assert lines(of("x", x=3))[1:] == ["x      3         1  start"]
