"""Mermaid: every box and arrow, and no text that Mermaid would read as anything but text."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pictures import HOSTILE, a1, collapsed, drawn, hostile, of
from render.examples import EXAMPLES, Example, every_example

from bpcalc.errors import printable
from bpcalc.render.graph.mermaid import mermaid
from bpcalc.render.graph.picture import Picture

FOLDER = os.environ.get("BPCALC_MERMAID", "")
"""A folder with node_modules, in which mermaid and jsdom are installed."""

BOX = re.compile(r'  (n\d+)(?:\(\["|\[\["|\[")([^"]*)"[\])]+:::(\w+)')
ARROW = re.compile(r'  (n\d+) (?:-->|==>|-\.->)(?:\|"([^"]*)"\|)? (n\d+)')
REST = re.compile(r"---|title: \".*\"|flowchart TB|  (classDef|class|linkStyle) [\w,:#; -]+")

SCRIPT = """
import { JSDOM } from "jsdom";
import fs from "fs";
globalThis.window = new JSDOM("").window;
globalThis.document = window.document;
const mermaid = (await import("mermaid")).default;
const found = [];
for (const text of JSON.parse(fs.readFileSync(0, "utf8"))) {
  await mermaid.parse(text);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  found.push({
    boxes: [...db.getVertices().values()].map((box) => [box.id, box.text]),
    arrows: db.getEdges().map((arrow) => [arrow.start, arrow.end, arrow.text]),
  });
}
console.log(JSON.stringify(found));
"""


def unescaped(label: str) -> list[str]:
    """The lines of a label; entity codes as Mermaid decodes them."""
    codes = re.sub(r"(?:#|ﬂ°°)(\d+)(?:;|¶ß)", r"&#\1;", label)
    return [html.unescape(line) for line in re.split("<br/?>", codes)]


def expected_boxes(picture: Picture) -> dict[str, list[str]]:
    found = {}
    for box in picture.boxes:
        numbers = [f"value {box.value}", f"gradient {box.gradient}"] if box.value else []
        right = [f"WRONG, right: {box.right}"] if box.right else []
        found[box.id] = [printable(line) for line in (box.heading, *numbers, *right)]
    return found


def expected_arrows(picture: Picture) -> list[tuple[str, str, str]]:
    return [
        (arrow.tail, arrow.head, arrow.share if arrow.flows else "nothing flows")
        for arrow in picture.arrows
    ]


def check_structure(picture: Picture) -> None:
    """Every line is of a known form, and boxes and arrows say what the picture says."""
    boxes, arrows = {}, []
    for line in mermaid(picture).splitlines():
        if box := BOX.fullmatch(line):
            boxes[box[1]] = unescaped(box[2])
        elif arrow := ARROW.fullmatch(line):
            arrows.append((arrow[1], arrow[3], "".join(unescaped(arrow[2] or ""))))
        else:
            assert REST.fullmatch(line), line
    assert boxes == expected_boxes(picture)
    assert arrows == expected_arrows(picture)


def parsed(pictures: list[Picture]) -> list[dict[str, Any]]:
    """What Mermaid itself reads."""
    if not FOLDER or shutil.which("node") is None:
        pytest.skip("BPCALC_MERMAID names no folder with mermaid and jsdom, or there is no node")
    script = Path(FOLDER) / "bpcalc-parse.mjs"  # node looks for modules beside the script
    script.write_text(SCRIPT, encoding="utf-8")
    texts = json.dumps([mermaid(picture) for picture in pictures])
    done = subprocess.run(
        ["node", str(script)], input=texts, capture_output=True, text=True, encoding="utf-8"
    )
    script.unlink()
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@every_example
def test_every_box_and_every_arrow_is_there(example: Example) -> None:
    check_structure(drawn(example))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_text_stays_text(text: str) -> None:
    check_structure(hostile(text))
    check_structure(collapsed(printable(text)))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_text_becomes_a_directive_or_markup(text: str) -> None:
    title, body = mermaid(hostile(text)).split("flowchart TB")
    assert "%%" not in title + body
    assert not re.search(r"<(?!br/>)", body)
    assert json.loads(title.splitlines()[1].removeprefix("title: ")) is not None


def test_mermaid_reads_what_the_picture_says() -> None:
    names = of("end + style*subgraph - classDef/graph + click", end=1, style=2, subgraph=3,
               classDef=4, graph=5, click=6)  # fmt: skip
    pictures = [names, of("x*y"), *map(drawn, EXAMPLES)]
    pictures += [make(text) for text in HOSTILE for make in (hostile, _collapsed)]
    for picture, found in zip(pictures, parsed(pictures)):
        boxes = {id: unescaped(text) for id, text in found["boxes"]}
        arrows = [(tail, head, "".join(unescaped(text))) for tail, head, text in found["arrows"]]
        assert boxes == expected_boxes(picture)
        assert arrows == expected_arrows(picture)


def _collapsed(text: str) -> Picture:
    return collapsed(printable(text))


def test_what_is_special_looks_special() -> None:
    picture = of("where(x > 0, x*y, -x)", selected="y", x=3, y=4)
    wrong = picture.boxes[0]._replace(right="value 1")
    text = mermaid(picture._replace(boxes=[wrong, *picture.boxes[1:]]))
    selected = ",".join(box.id for box in picture.boxes if box.selected)
    assert "  class n7 output\n" in text
    assert "  class n1 wrong\n" in text
    assert f"  class {selected} selected\n" in text
    assert '-.->|"nothing flows"|' in text
    assert '==>|"1 × 1 = 1"|' in text


def test_the_title_is_the_formula_without_its_comments() -> None:
    picture = a1()._replace(title="# what it is\nz = x*y\n\nz + 1", notes=["a note"])
    assert 'title: "z = x*y ⏎ z + 1 - a note"\n' in mermaid(picture)
