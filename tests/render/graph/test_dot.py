"""DOT: what Graphviz reads is what the picture says, whatever stands in the formula."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from pictures import HOSTILE, a1, collapsed, drawn, hostile, of
from render.examples import Example, every_example

from bpcalc.errors import printable
from bpcalc.render.colours import BACKWARD, FORWARD
from bpcalc.render.graph.dot import dot
from bpcalc.render.graph.picture import Arrow, Box, Picture

SVG = "{http://www.w3.org/2000/svg}"


def read(picture: Picture) -> Any:
    """The graph as Graphviz reads it."""
    pygraphviz = pytest.importorskip("pygraphviz", reason="Graphviz comes with bpcalc[draw]")
    return pygraphviz.AGraph(string=dot(picture))


def shown(label: str) -> list[str]:
    """The lines of an HTML-like label, unescaped as Graphviz does it."""
    root = ElementTree.fromstring(f"<label>{label}</label>")
    for element in root.iter():
        if element.tag in ("BR", "TR"):
            element.tail = "\n" + (element.tail or "")
    text = re.sub(r"\\(.)", r"\1", "".join(root.itertext()))
    return [line.strip("\xa0") for line in text.split("\n") if line]


def expected_box(box: Box) -> list[str]:
    right = [f"WRONG, right: {box.right}"] if box.right else []
    numbers = [box.value, box.gradient] if box.value else []
    return [printable(line) for line in (box.heading, *numbers, *right)]


def expected_arrow(arrow: Arrow) -> tuple[str, str, str]:
    return arrow.tail, arrow.head, arrow.share if arrow.flows else "nothing flows"


def found_arrows(graph: Any) -> list[tuple[str, str, str]]:
    return [
        (str(edge[0]), str(edge[1]), " ".join(shown(edge.attr["label"] or "")))
        for edge in graph.edges()
    ]


@every_example
def test_graphviz_finds_every_box_and_every_arrow(example: Example) -> None:
    picture = drawn(example)
    graph = read(picture)
    assert {node: shown(node.attr["label"]) for node in graph.nodes()} == {
        box.id: expected_box(box) for box in picture.boxes
    }
    assert sorted(found_arrows(graph)) == sorted(map(expected_arrow, picture.arrows))


def test_two_uses_are_two_arrows() -> None:
    assert found_arrows(read(of("x*x", x=3))) == [("n1", "n2", "1 × 3 = 3")] * 2


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_text_stays_text(text: str) -> None:
    picture = hostile(text)
    graph = read(picture)
    assert sorted(graph.nodes()) == ["n1", "n2"]
    for box in picture.boxes:
        assert shown(graph.get_node(box.id).attr["label"]) == expected_box(box)
    note = printable(text)
    assert shown(graph.graph_attr["label"])[-1] == note


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_text_is_drawn_as_it_is(text: str) -> None:
    """Graphviz replaces `\\N` and `\\G` in labels when it draws them."""
    picture = hostile(text)
    root = ElementTree.fromstring(read(picture).draw(format="svg", prog="dot"))
    drawn = ["".join(line.itertext()) for line in root.iter(f"{SVG}text")]
    assert printable(f"y = {text}").split() in [line.split() for line in drawn]
    assert not [*root.iter(f"{SVG}script")]


@pytest.mark.parametrize("text", [text for text in HOSTILE if "\n" not in text and text < "`"])
def test_a_comment_inside_of_a_collapsed_statement_stays_text(text: str) -> None:
    picture = collapsed(text)
    graph = read(picture)
    assert any(box.kind == "group" for box in picture.boxes)
    for box in picture.boxes:
        assert shown(graph.get_node(box.id).attr["label"]) == expected_box(box)


def test_values_and_gradients_have_the_colours_of_the_two_passes() -> None:
    graph = read(a1())
    label = graph.get_node("n1").attr["label"]
    value, gradient = (re.search(rf'COLOR="([^"]*)">(<I>)?{n}<', label) for n in (3, 24))
    assert value is not None
    assert gradient is not None
    assert (value[1], gradient[1]) == (FORWARD[0], BACKWARD[0])
    assert label.index(">3<") < label.index("<HR/>") < label.index(">24<")


def test_what_is_special_looks_special() -> None:
    picture = of("where(x > 0, x*y, -x)", selected="y", x=3, y=4)
    wrong = picture.boxes[0]._replace(right="value 1")
    graph = read(picture._replace(boxes=[wrong, *picture.boxes[1:]]))
    assert graph.get_node(picture.boxes[-1].id).attr["peripheries"] == "2"
    assert graph.get_node("n1").attr["color"] == "#b00020"
    for arrow in picture.arrows:
        edges = [edge.attr for edge in graph.edges() if edge == (arrow.tail, arrow.head)]
        assert any(edge["style"] == "dashed" for edge in edges) >= (not arrow.flows)
        assert any(edge["penwidth"] == "2.5" for edge in edges) >= arrow.selected


def test_a_long_title_is_cut() -> None:
    text = dot(a1()._replace(title="\n".join(["x" * 1000] * 1000)))
    assert len(text) < 10_000
    assert "…" in text


def test_a_picture_without_values_has_no_numbers() -> None:
    graph = read(of("x*y"))
    assert shown(graph.get_node("n1").attr["label"]) == ["x"]
    assert found_arrows(graph) == [("n1", "n3", ""), ("n2", "n3", "")]
    assert "gradient" not in graph.graph_attr["label"]


def test_many_levels_are_laid_out_in_a_hurry() -> None:
    assert "splines=line" not in dot(a1())
    assert "splines=line" in dot(of(" + ".join(["x"] * 100), x=1, whole=True))
