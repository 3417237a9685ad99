"""Pictures of what is large: boxes that are several nodes, boxes left out; and every example."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from cli.running import called
from pictures import drawn, of
from render.examples import FOLDER, Example, every_array_example, every_example
from render.markup import complaints

from bpcalc.render.graph.dot import dot
from bpcalc.render.graph.mermaid import mermaid
from bpcalc.render.graph.page import page
from bpcalc.render.graph.picture import MOST, Picture
from bpcalc.render.graph.svg import svg
from bpcalc.render.graph.tree import tree
from bpcalc.render.look import Look
from bpcalc.render.sentences import CHINESE, ENGLISH, Sentences
from bpcalc.render.trace.story import story

FORMATS = {"svg": svg, "dot": dot, "mermaid": mermaid}


@pytest.fixture(scope="module")
def cut() -> Picture:
    """Of 5,000 uses of x only some are in the picture."""
    return of(" + ".join(["x"] * 5000), x=1)


@pytest.fixture(scope="module")
def grouped() -> Picture:
    """Forty named statements, of three nodes each."""
    lines = ["a0 = x", *(f"a{i} = sin(a{i - 1})*y + x" for i in range(1, 40))]
    return of("\n".join(lines), x=0.5, y=0.9)


# What was left out


def test_a_cut_picture_counts_the_uses_of_the_whole(cut: Picture) -> None:
    shown = "".join(tree(cut, Look(None)))
    uses = re.findall(r"x \(use (\d+) of (\d+)\)", shown)
    assert {whole for _, whole in uses} == {"5000"}
    assert [int(use) for use, _ in uses] == list(range(1, len(uses) + 1))
    assert 0 < len(uses) < MOST


def test_a_box_whose_inputs_were_left_out_says_so(cut: Picture) -> None:
    assert len(cut.boxes) == MOST
    incomplete = [box for box in cut.boxes if box.cut]
    assert [box.heading for box in incomplete] == ["n4852 = n4851 + x …"]
    drawn_inputs = [arrow.tail for arrow in cut.arrows if arrow.head == incomplete[0].id]
    assert drawn_inputs == ["n1"]  # and not n4851
    complete = [box for box in cut.boxes if box.formula and not box.cut]
    for box in complete:
        assert sum(arrow.head == box.id for arrow in cut.arrows) == 2, box.heading


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_marks_the_incomplete_box(format_: str, cut: Picture) -> None:
    assert re.search(r"n4852 = n4851 \+ x …", FORMATS[format_](cut))


def test_the_tree_marks_the_incomplete_box(cut: Picture) -> None:
    assert re.search(r"n4852 = n4851 \+ x …", "".join(tree(cut, Look(None))))


def test_a_picture_that_is_whole_marks_nothing() -> None:
    whole = of(" + ".join(["x"] * 500), x=1, whole=True)
    assert not any(box.cut or box.uses for box in whole.boxes)
    assert whole.notes == []


# Several nodes as one box


def test_into_a_group_the_share_alone_is_told(grouped: Picture) -> None:
    """What arrives inside of it at its nodes is not to be seen."""
    groups = {box.id for box in grouped.boxes if box.kind == "group"}
    assert len(groups) == 38
    for arrow in grouped.arrows:
        assert ("×" in arrow.share) == (arrow.head not in groups)


def test_shares_of_groups_are_written_without_a_product(grouped: Picture) -> None:
    shown = "".join(tree(grouped, Look(None)))
    heads = {box.id for box in grouped.boxes if box.kind == "group"}
    expected = sorted(f"= {arrow.share}" for arrow in grouped.arrows if arrow.head in heads)
    found = re.findall(r"  (= [^\s=×]+)$", shown, re.MULTILINE)
    assert sorted(found) == expected


def test_the_shares_of_groups_add_up(grouped: Picture) -> None:
    for box in grouped.boxes:
        shares = [a.share.rpartition("= ")[2] for a in grouped.arrows if a.tail == box.id]
        if shares:
            assert sum(map(float, shares)) == pytest.approx(float(box.gradient), rel=1e-7)


# Every example in every format


@every_array_example
@pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=lambda words: words.language)
def test_the_page_of_arrays_is_well_formed(example: Example, words: Sentences) -> None:
    assert complaints("".join(page(story(example.result(check=True), words)))) == []


@every_example
def test_the_box_of_an_array_has_its_shape_or_a_few_numbers(example: Example) -> None:
    pictured = drawn(example, check=True)
    for box in pictured.boxes:
        assert max(len(box.value), len(box.gradient)) <= 40, box
        assert not box.right
    ElementTree.fromstring(svg(pictured))


@pytest.mark.parametrize("form", ["table", "svg", "dot", "mermaid", "html", "json"])
@pytest.mark.parametrize("name", ["d1-matrix.toml", "b1-four-equations.toml", "d14-recurrent.json"])
def test_the_command_draws_arrays(name: str, form: str) -> None:
    file = FOLDER / name
    words = ("-f", str(file.with_suffix(".bp")), "--vars", str(file), "--no-check")
    ran = called("graph", *words, "--format", form)
    assert ran.code == 0
    assert not ran.err
    assert "gradient" in ran.out
