"""The SVG of a picture: well-formed, alone in the world, readable for eyes and for scripts."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from pictures import drawn as picture_of
from render.examples import Example, every_example

import bpcalc
from bpcalc.render.colours import BACKWARD, FORWARD
from bpcalc.render.graph.picture import Arrow, Box, Picture, picture
from bpcalc.render.graph.svg import drawing, svg

SVG = "{http://www.w3.org/2000/svg}"

HOSTILE = (
    "</text><script>alert('1')</script> \"&amp;\" %s } ]]> <!-- \\ \x00\x1b[31m\u202e\ud800\ufffe"
)


def of(formula: str, *, selected: str = "", check: bool = False, **values: float) -> Picture:
    if not values:
        return picture(bpcalc.parse(formula))
    result = bpcalc.grad(formula, values, check=check)
    chosen = result.graph.index(selected) if selected else None
    return picture(result.graph, result, selected=chosen)


def a1() -> Picture:
    return of("x**2*y + y + 2", x=3, y=4)


def drawn(pictured: Picture, prefix: str = "") -> ElementTree.Element:
    return ElementTree.fromstring(svg(pictured, prefix=prefix))


def group(root: ElementTree.Element, name: str, value: str) -> ElementTree.Element:
    found = root.find(f".//{SVG}g[@{name}='{value}']")
    assert found is not None
    return found


def texts(element: ElementTree.Element, css: str = "") -> list[str]:
    """The lines of text, of one class or all."""
    return [
        "".join(line.itertext())
        for line in element.iter(f"{SVG}text")
        if css in (line.get("class"), "")
    ]


def classes(element: ElementTree.Element) -> list[str]:
    return element.get("class", "").split()


# What stands in it


def test_the_value_stands_above_the_line_and_the_gradient_below_it() -> None:
    box = group(drawn(a1()), "data-node", "n1")
    value, rule, gradient = (
        next(part for part in box if part.get("class") == css)
        for css in ("value", "rule", "gradient")
    )
    assert (value.text, gradient.text) == ("3", "24")
    line = float(re.split("[ H]", rule.get("d", ""))[1])
    assert float(value.get("y", "")) < line < float(gradient.get("y", ""))


def test_a_box_says_what_it_computes() -> None:
    root = drawn(a1())
    assert texts(group(root, "data-node", "n5"), "heading") == ["n5 = n4*y"]
    assert texts(group(root, "data-node", "n2"), "heading") == ["y"]


def test_beside_an_arrow_stands_what_comes_back() -> None:
    root = drawn(a1())
    arrows = [
        (arrow.get("data-tail"), arrow.get("data-head"), arrow.get("data-arg"), texts(arrow))
        for arrow in root.iter(f"{SVG}g")
        if "arrow" in classes(arrow) and arrow.get("data-tail")
    ]
    assert ("n1", "n4", "0", ["4 × 6 = 24"]) in arrows
    assert ("n2", "n5", "1", ["1 × 9 = 9"]) in arrows
    assert len(arrows) == 7


def test_long_products_take_two_lines() -> None:
    root = drawn(of("x*y", x=0.123456789, y=1.98765432))
    assert ["1 × 1.98765432", "= 1.98765432"] in [
        texts(arrow) for arrow in root.iter(f"{SVG}g") if arrow.get("data-tail") == "n1"
    ]


def test_two_uses_of_a_node_are_two_arrows() -> None:
    root = drawn(of("x*x", x=5))
    uses = [arrow for arrow in root.iter(f"{SVG}g") if arrow.get("data-tail") == "n1"]
    assert [arrow.get("data-arg") for arrow in uses] == ["0", "1"]
    assert len({arrow.find(f"{SVG}path").get("d") for arrow in uses}) == 2  # type: ignore[union-attr]


def test_without_values_there_are_headings_only() -> None:
    root = drawn(of("x**2*y + y + 2"))
    assert texts(root, "value") == texts(root, "gradient") == texts(root, "label") == []
    assert "n5 = n4*y" in texts(root, "heading")


def test_kinds_differ_by_their_outline_and_not_by_colour_alone() -> None:
    kinds = ["variable", "constant", "operation", "group", "outside"]
    boxes = [Box(f"n{i}", "a", "", kind) for i, kind in enumerate(kinds)]
    root = drawn(Picture("", boxes, []))
    shapes = []
    for box in boxes:
        outlines = [part for part in group(root, "data-node", box.id) if part.get("class")]
        outline = [(part.tag, part.get("rx")) for part in outlines if part.tag != f"{SVG}text"]
        shapes.append((*outline, box.kind if box.kind == "outside" else ""))
    assert len(set(shapes)) == len(kinds)
    assert re.search(r"\.outside \.outline\{[^}]*stroke-dasharray", svg(Picture("", boxes, [])))


def test_the_output_has_two_outlines() -> None:
    root = drawn(a1())
    assert group(root, "data-node", "n7").find(f"{SVG}rect[@class='inner']") is not None
    assert group(root, "data-node", "n6").find(f"{SVG}rect[@class='inner']") is None


def test_the_ways_from_the_selected_node_are_marked_and_the_rest_is_faint() -> None:
    root = drawn(of("x**2*y + y + 2", selected="x", x=3, y=4))
    marks = {
        box.get("data-node"): [mark for mark in classes(box) if mark in ("selected", "faint")]
        for box in root.iter(f"{SVG}g")
        if box.get("data-node")
    }
    selected, faint = ["selected"], ["faint"]
    assert marks == {
        "n1": selected,
        "n2": faint,
        "n3": faint,
        "n4": selected,
        "n5": selected,
        "n6": selected,
        "n7": selected,
    }
    assert "faint" not in [mark for box in drawn(a1()).iter(f"{SVG}g") for mark in classes(box)]


def test_where_no_gradient_flows_the_arrow_is_dashed_and_bare() -> None:
    pictured = of("where(x > 0, sqrt(x), x)", x=-4)
    assert [arrow[:3] for arrow in pictured.arrows if not arrow.flows] == [
        ("n1", "n3", 0),  # to the comparison, from which nothing comes
        ("n2", "n3", 1),
        ("n1", "n4", 0),  # to the side that is not taken
        ("n3", "n5", 0),
        ("n4", "n5", 1),
    ]
    root = drawn(pictured)
    blocked = [arrow for arrow in root.iter(f"{SVG}g") if "blocked" in classes(arrow)]
    assert [texts(arrow) for arrow in blocked if arrow.get("data-tail")] == [[]] * 5
    assert "no gradient flows" in texts(root, "key")


def test_where_the_check_disagrees_stands_a_cross_and_what_the_check_says() -> None:
    root = drawn(of("(exp(x) - 1)/x", check=True, x=1e-9))
    box = group(root, "data-node", "n1")
    assert "wrong" in classes(box)
    assert box.find(f"{SVG}path[@class='cross']") is not None
    assert "check: gradient 0.5" in texts(box, "right")
    assert "the check disagrees" in texts(root, "key")


def test_the_legend_explains_what_occurs_and_nothing_else() -> None:
    assert texts(drawn(a1()), "key") == ["variable", "constant", "operation", "output"]
    assert texts(drawn(of("x")), "key") == ["variable", "output"]
    assert "upstream × local" in texts(drawn(a1()))


def test_the_notes_stand_below_in_lines_that_fit() -> None:
    note = "many nodes are too many to read " * 5
    root = drawn(a1()._replace(notes=[note]))
    lines = texts(root, "note")
    assert " ".join(lines).split() == note.split()
    assert len(lines) > 1


def test_the_graph_alone_has_neither_frame_nor_legend() -> None:
    alone = drawing(a1(), prefix="p-")
    root = ElementTree.fromstring(f'<svg xmlns="http://www.w3.org/2000/svg">{alone.body}</svg>')
    assert [classes(part)[0] for part in root] == ["arrow"] * 7 + ["box"] * 7
    assert alone.width > 0
    assert alone.height > 0


# For those who cannot see it, and for those who see it elsewhere


def test_a_screen_reader_is_told_the_title_and_the_results() -> None:
    root = drawn(a1(), prefix="p-")
    assert root.get("role") == "img"
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}" == "p-title p-desc"
    assert title.text == "x**2*y + y + 2"
    assert "Output n7 = n6 + 2: value 42, gradient 1." in (desc.text or "")
    assert "Variable x: value 3, gradient 24." in (desc.text or "")


def test_ids_have_the_prefix_and_are_unique() -> None:
    root = drawn(of("x*x + x", x=2), prefix="first-")
    ids = [element.get("id", "") for element in root.iter() if element.get("id")]
    assert all(name.startswith("first-") for name in ids)
    assert len(set(ids)) == len(ids)
    assert "first-n1" in ids


def test_light_dark_and_print_have_their_colours() -> None:
    text = svg(a1())
    for light, dark in (FORWARD, BACKWARD):
        assert light in text
        assert dark in text
    assert "@media (prefers-color-scheme:dark)" in text
    assert text.index("@media print") > text.index("prefers-color-scheme:dark")


def test_a_viewer_without_variables_finds_every_colour_as_such() -> None:
    style = svg(a1()).partition("<style>")[2].partition("</style>")[0]
    for what, name in re.findall(r"(fill|stroke):var\(--(\w+)\)", style):
        assert re.search(rf"{what}:#[0-9a-f]{{6}};{what}:var\(--{name}\)", style)
    assert "@" not in style.replace("@media", "")


def test_a_drawing_refers_to_nothing_outside() -> None:
    text = svg(a1()).replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert re.findall(r"https?:|url\(|href|src=|@import|<script|\son\w+=", text) == []


@every_example
def test_every_example_is_a_well_formed_drawing_of_its_size(example: Example) -> None:
    pictured = picture_of(example)
    root = drawn(pictured)
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    boxes = [box for box in root.iter(f"{SVG}g") if box.get("data-node")]
    assert [box.get("data-node") for box in boxes] == [box.id for box in pictured.boxes]
    arrows = [arrow for arrow in root.iter(f"{SVG}g") if arrow.get("data-tail")]
    assert len(arrows) == len(pictured.arrows)


def test_coordinates_are_rounded_to_a_tenth() -> None:
    body = drawing(of("exp(a*b)/c", a=1, b=2, c=3)).body
    assert re.findall(r' (?:x|y|d|width|height)="[^"]*\.\d\d', body) == []


def test_a_drawing_is_always_the_same() -> None:
    assert svg(a1()) == svg(a1())


# What a formula may say


def hostile() -> Picture:
    boxes = [
        Box("n1", HOSTILE, "", "variable", HOSTILE, HOSTILE, right=HOSTILE),
        Box("n2", HOSTILE, HOSTILE, "operation", HOSTILE, HOSTILE, output=True),
    ]
    return Picture(HOSTILE, boxes, [Arrow("n1", "n2", 0, HOSTILE)], [HOSTILE])


def test_no_text_becomes_markup() -> None:
    text = svg(hostile(), prefix='"><script>')
    root = ElementTree.fromstring(text)
    assert "<script" not in text
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "g", "rect", "path", "text", "tspan"}
    assert {element.get("class") for element in root.iter(f"{SVG}g")} == {
        None,
        "box variable wrong",
        "box operation output",
        "arrow",
        "legend",
        "variable",
        "operation",
    }


def test_text_comes_out_as_it_was_but_for_control_characters() -> None:
    said = drawn(hostile()).find(f"{SVG}title")
    assert said is not None
    assert (said.text or "").startswith(
        "</text><script>alert('1')</script> \"&amp;\" %s } ]]> <!--"
    )
    assert not re.search("[\x00-\x1f\u202e\ufffe]", svg(hostile()).replace("\n", ""))
    svg(hostile()).encode("utf-8")


def test_a_comment_of_the_formula_stays_text() -> None:
    pictured = of('x*y  # <script>alert("&")</script> } %', x=2, y=3)
    title = drawn(pictured).find(f"{SVG}title")
    assert title is not None
    assert '# <script>alert("&")</script> } %' in (title.text or "")


def test_very_long_names_are_cut_in_the_box_and_whole_in_its_tooltip() -> None:
    name = "x" * 300
    box = group(drawn(of(f"{name} + 1")), "data-node", "n1")
    assert texts(box) == ["x" * 39 + "…"]
    title = box.find(f"{SVG}title")
    assert title is not None
    assert title.text == name


def test_a_picture_without_boxes_is_a_drawing() -> None:
    assert drawn(Picture("", [], [])).get("viewBox") == "0 0 28 28"


def test_5000_boxes_are_a_drawing() -> None:
    boxes = [Box(f"n{i}", f"n{i}", "a*b", "operation", "1", "2") for i in range(5000)]
    arrows = [Arrow(f"n{i // 2}", f"n{i}", 0, "1 × 2 = 2") for i in range(1, 5000)]
    root = drawn(Picture("large", boxes, arrows))
    assert len(texts(root, "heading")) == 5000
