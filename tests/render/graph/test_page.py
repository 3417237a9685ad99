"""The interactive page: as a file, and in headless Chromium, driven as a reader would."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from render.graph import browser as chromium
from render.graph.browser import Browser
from render.markup import complaints, tags

import bpcalc
from bpcalc.render.graph.page import MOST_STEPS, page, structure_page
from bpcalc.render.sentences import CHINESE, ENGLISH, Sentences
from bpcalc.render.trace.story import story
from bpcalc.results import Result
from bpcalc.steps import towards

EXAMPLES = Path(__file__).parents[3] / "examples"

A1 = bpcalc.grad("x**2*y+y+2", x=3, y=4)
HOSTILE = """# <script>window.hacked=1</script> "'&%}` </script> <!-- \u2028
x*y"""


def written(result: Result, words: Sentences = ENGLISH) -> str:
    return "".join(page(story(result, words)))


def network() -> Result:
    """C2, which is large enough for boxes that are several nodes."""
    values = json.loads((EXAMPLES / "c2-network.json").read_text())
    return bpcalc.grad((EXAMPLES / "c2-network.bp").read_text(), values, check=False)


def large(nodes: int) -> Result:
    """A chain of named statements, of three nodes each."""
    lines = [f"a{i} = sin(a{i - 1})*y + x" for i in range(1, nodes // 3)]
    return bpcalc.grad("\n".join(["a0 = x", *lines]), x=0.5, y=0.9, check=False)


# As a file


@pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=lambda words: words.language)
def test_it_is_well_formed(words: Sentences) -> None:
    for result in A1, network(), bpcalc.grad("3", {}), bpcalc.grad("exp(1000*x)", x=1):
        assert complaints(written(result, words)) == []


def test_it_asks_for_nothing_else() -> None:
    text = written(A1)
    assert not {"link", "img", "iframe", "object"} & set(tags(text))
    assert not re.search(r"url\(|@import|src=|https?:", text)
    assert "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'" in text


def test_text_of_a_formula_stays_text() -> None:
    text = written(bpcalc.grad(HOSTILE, x=3, y=4))
    assert complaints(text) == []
    assert tags(text).count("script") == 2  # data and page.js
    assert "&lt;script&gt;window.hacked=1&lt;/script&gt; &quot;&#x27;&amp;%}`" in text


def test_data_cannot_end_their_script() -> None:
    text = written(bpcalc.grad(HOSTILE, x=3, y=4))
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text)
    assert found is not None
    assert found[1].isascii()
    assert not set(found[1]) & set("<>&")
    title = json.loads(found[1])["pictures"]["whole"]["title"]
    assert title.startswith("# <script>window.hacked=1</script>")


def test_picture_and_steps_are_there_without_a_script() -> None:
    text = written(A1)
    assert text.count('<g class="box') == 7
    assert re.findall(r'<li class="step" id="step-(\d+)"', text) == [str(n) for n in range(1, 17)]
    assert re.search(r'<section class="player"[^>]* hidden>', text)


def test_the_paths_to_one_node_are_told_too() -> None:
    node = A1.graph.index("y")
    part = towards(A1.graph, [node])
    told = story(A1, ENGLISH)._replace(node=node, part=part)
    text = "".join(page(told, selected=node))
    assert complaints(text) == []
    assert f"<h2>{ENGLISH.along_paths}</h2>" in text
    assert re.search(r'class="box [^"]*\bselected\b', text)


def test_a_large_graph_tells_the_steps_nearest_to_the_output() -> None:
    text = written(large(5000))
    assert 0.9 * MOST_STEPS < text.count('<li class="step"') <= MOST_STEPS
    assert "bpcalc trace</code> tells all of them" in text
    assert "nodes are not in the picture" in text
    assert len(text) < 12_000_000


def test_a_graph_without_values_has_a_picture_and_no_steps() -> None:
    text = "".join(structure_page(bpcalc.parse("x**2*y+y+2"), ENGLISH))
    assert complaints(text) == []
    assert text.count('<g class="box') == 7
    assert '<li class="step"' not in text


# In the browser


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if chromium.CHROMIUM is None or chromium.CHROMEDRIVER is None:
        pytest.skip("chromium and chromedriver are not installed")
    with chromium.browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def show(window: Browser, tmp_path: Path) -> Iterator[Callable[[str], Browser]]:
    """Open a page; in the end it has asked for no other file, and has not complained."""
    path = tmp_path / "page.html"

    def shown(text: str) -> Browser:
        path.write_text(text, encoding="utf-8")
        window.complaints()
        window.requests()
        window.open(path)
        return window

    yield shown
    assert window.complaints() == []
    assert window.requests() == [path.as_uri()]


Show = Callable[[str], Browser]


def seen(window: Browser, node: str, what: str) -> str:
    """The value or gradient in a box; empty while it is hidden."""
    css = f'.holder .box[data-node="{node}"] .{what}'
    script = """const text = document.querySelector(arguments[0]);
        return getComputedStyle(text).visibility === "visible" ? text.textContent : "";"""
    return str(window.run(script, css))


def lit(window: Browser) -> list[str]:
    """The boxes and arrows that a step is about."""
    script = """return [...document.querySelectorAll(".holder .lit")].map((part) =>
        part.dataset.node ?? `${part.dataset.tail}>${part.dataset.head}`).sort();"""
    found: list[str] = window.run(script)
    return found


def progress(window: Browser) -> str:
    return window.text(".now .progress")


def said(window: Browser) -> str:
    """The equation of the step, without the line breaks of fractions."""
    script = "return document.querySelector('.now .equation').textContent"
    return "".join(str(window.run(script)).split())


def test_the_next_button_leads_through_a1_to_24_and_10(show: Show) -> None:
    window = show(written(A1))
    assert (seen(window, "n1", "gradient"), seen(window, "n2", "gradient")) == ("24", "10")
    window.click("#next")
    assert progress(window) == "Step 1 of 16"
    assert seen(window, "n1", "value") == "3"
    assert seen(window, "n2", "value") == ""
    assert seen(window, "n1", "gradient") == ""
    for _ in range(15):
        window.click("#next")
    assert progress(window) == "Step 16 of 16"
    assert said(window) == "∂f∂x=∂f∂n4·∂n4∂x=4·2·x=4·2·3=4·6=24"
    assert (seen(window, "n1", "gradient"), seen(window, "n2", "gradient")) == ("24", "10")


def test_arrow_keys_home_and_end_step(show: Show) -> None:
    window = show(written(A1))
    window.press("ArrowRight", "ArrowRight", "ArrowLeft")
    assert progress(window) == "Step 1 of 16"
    window.press("End")
    assert progress(window) == "Step 16 of 16"
    window.press("ArrowRight")
    assert progress(window) == "Step 16 of 16"
    window.press("Home")
    assert "16 steps" in window.text(".now")


def test_a_step_lights_its_node_and_edges(show: Show) -> None:
    window = show(written(A1))
    window.click("#step-5 .number")
    assert lit(window) == ["n2>n5", "n4>n5", "n5"]
    window.click("#step-11 .number")
    assert said(window) == "∂f∂n4=∂f∂n5·∂n5∂n4=1·y=1·4=4"
    assert lit(window) == ["n4", "n4>n5"]
    window.click("#step-15 .number")
    assert lit(window) == ["n2", "n2>n5", "n2>n6"]
    current = "return document.querySelector('[aria-current=step]').id"
    assert window.run(current) == "step-15"


def test_focus_and_mouse_show_the_details_of_a_box(show: Show) -> None:
    window = show(written(A1))
    window.run("document.querySelector('.box[data-node=n1]').focus()")
    window.press("Tab")
    told = window.text(".details")
    assert window.text(".details .name") == "y"
    assert "n5: 1 × 9 = 9" in told
    assert "n6: 1 × 1 = 1" in told
    label = "return document.activeElement.getAttribute('aria-label')"
    assert window.run(label) == "y, Value 4, Gradient 10"
    window.point_at(".box[data-node=n5] .outline")
    assert "n4*y" in window.text(".details")


def test_what_is_not_yet_known_is_not_told(show: Show) -> None:
    window = show(written(A1))
    window.press("ArrowRight")
    window.run("document.querySelector('.box[data-node=n5]').focus()")
    assert window.text(".details").count(ENGLISH.not_yet) == 2
    label = "return document.activeElement.getAttribute('aria-label')"
    assert window.run(label) == "n5 = n4*y"
    assert window.run("return document.querySelectorAll('.holder .box title').length") == 0


def test_a_box_of_several_nodes_opens_and_closes_by_keyboard(show: Show) -> None:
    window = show(written(network()))
    assert not window.run("return [...document.querySelectorAll('.holder .box')]"
                          ".some((box) => box.dataset.node === 'n37')")  # fmt: skip
    window.run("document.querySelector('.box[data-node=n38]').focus()")
    window.press("Enter")
    assert seen(window, "n37", "value")
    assert "z4" in window.text(".trail [aria-current]")
    assert window.run("return document.activeElement.dataset.node") == "n38"
    window.press("Escape")
    assert window.run("return document.querySelectorAll('.holder .box[data-node=n37]').length") == 0
    assert window.run("return document.activeElement.dataset.node") == "n38"


def test_a_step_inside_a_closed_box_lights_the_box_and_leaves_an_open_one(show: Show) -> None:
    window = show(written(network()))
    step = "return document.querySelector('[data-says=computed_value][data-node=n37]').id"
    window.click(f"#{window.run(step)} .number")
    assert lit(window) == ["n38"]
    window.click(".details button")
    assert lit(window) == ["n35>n37", "n36>n37", "n37"]
    window.click(f"#{window.run(step.replace('n37', 'n70'))} .number")
    assert window.run("return document.querySelector('.trail').hidden")
    assert lit(window) == ["n77"]


def test_text_of_a_formula_is_not_executed(show: Show) -> None:
    window = show(written(bpcalc.grad(HOSTILE, x=3, y=4)))
    window.press("End")
    assert window.run("return window.hacked") is None
    assert "<script>window.hacked=1</script>" in window.text(".formula")


def test_a_chinese_page_speaks_chinese(show: Show) -> None:
    window = show(written(A1, CHINESE))
    assert window.run("return document.documentElement.lang") == "zh-Hans"
    assert window.text("#next").strip(" ›\n") == "下一步"
    window.press("ArrowRight")
    assert progress(window) == "第 1 步，共 16 步"
    words = window.text("main")
    assert not re.search(r"\b(Step|Value|Gradient|Next|upstream|Used by)\b", words)


def test_a_link_leads_to_a_step(show: Show) -> None:
    window = show(written(A1))
    window.run("location.hash = 'step-5'")
    window.requests()
    window.reload()
    assert progress(window) == "Step 5 of 16"


def test_light_and_dark_are_a_button_away(show: Show) -> None:
    window = show(written(A1))
    colour = "return getComputedStyle(document.body).backgroundColor"
    light = window.run(colour)
    window.click("#theme")
    assert window.run(colour) != light
    window.click("#theme")
    assert window.run(colour) == light


def test_the_picture_grows_and_scrolls(show: Show) -> None:
    window = show(written(A1))
    wide = "const holder = document.querySelector('.holder'); return holder.scrollWidth > {}"
    assert not window.run(wide.format("holder.clientWidth"))
    for _ in range(6):
        window.click("#larger")
    assert window.run(wide.format("holder.clientWidth"))
    window.click("#fit")
    assert not window.run(wide.format("holder.clientWidth"))


def test_on_paper_everything_is_known_and_there_are_no_buttons(show: Show) -> None:
    window = show(written(A1))
    window.press("ArrowRight")
    window.devtools("Emulation.setEmulatedMedia", media="print")
    assert seen(window, "n1", "gradient") == "24"
    assert window.run("return document.querySelector('.player').offsetHeight") == 0
    window.devtools("Emulation.setEmulatedMedia", media="")


def test_a_phone_needs_no_sideways_scrolling(show: Show) -> None:
    window = show(written(network()))
    phone = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    window.devtools("Emulation.setDeviceMetricsOverride", **phone)
    window.press("End")
    assert window.run("return document.documentElement.scrollWidth") <= 360
    window.devtools("Emulation.clearDeviceMetricsOverride")


def test_a_large_page_opens_and_steps_in_seconds(show: Show) -> None:
    window = show(written(large(5000)))
    window.press("End", *["ArrowLeft"] * 5)
    at, of = re.findall(r"\d+", progress(window))
    assert int(at) == int(of) - 5
    took = "return performance.getEntriesByType('navigation')[0].loadEventEnd"
    assert window.run(took) < 20_000


def test_a_page_of_a_structure_has_details_and_no_player(show: Show) -> None:
    window = show("".join(structure_page(bpcalc.parse("x**2*y+y+2"), ENGLISH)))
    window.run("document.querySelector('.box[data-node=n5]').focus()")
    assert "n4*y" in window.text(".details")
    assert window.run("return document.querySelector('.player')") is None
