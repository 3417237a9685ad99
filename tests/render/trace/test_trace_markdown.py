"""The trace as Markdown: what users wrote is code, and nothing outside of code is theirs."""

from __future__ import annotations

import re

from render.examples import Example, every_example
from stories import A1, AT_A1, HOSTILE, told, told_example

from bpcalc.render.sentences import CHINESE
from bpcalc.render.trace.markdown import code_block, code_span, escaped, trace_markdown
from bpcalc.render.trace.story import Story

CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)")


def markdown_of(story: Story, digits: int = 9) -> str:
    return "".join(trace_markdown(story, digits))


def outside_of_code(text: str) -> str:
    """What a reader of CommonMark does not show as it is."""
    lines, fence = [], ""
    for line in text.splitlines():
        opening = re.match("`{3,}", line)
        if fence:
            fence = "" if line == fence else fence
        elif opening:
            fence = opening[0]
        else:
            lines.append(CODE_SPAN.sub("CODE", line))
    assert not fence
    return "\n".join(lines)


def test_the_worked_example_reads_like_this() -> None:
    shown = markdown_of(told(A1, AT_A1))
    assert shown.startswith("```\nf = x**2*y + (y + 2)\n```\n\nat `x = 3`, `y = 4`\n\n## Forward")
    assert "- `n5 = n4·y = 9·4 = 36`\n" in shown
    assert "- `∂f/∂n7 = 1` (the backward pass starts here)\n" in shown
    assert "- `∂f/∂y` through `n5`: `∂f/∂n5 · ∂n5/∂y = 1 · n4 = 1·9 = 9`\n" in shown
    assert "- `∂f/∂y = 9 (through n5) + 1 (through n6) = 10`\n" in shown
    assert "- `∂f/∂x = 24 = 2*x*y`\n" in shown


@every_example
def test_every_equation_is_an_item_of_a_list(example: Example) -> None:
    shown = markdown_of(told_example(example))
    bare = outside_of_code(shown)
    _, *chapters = bare.split("\n## ")
    equations = [row for chapter in chapters for row in chapter.splitlines() if "CODE" in row]
    assert all(row.startswith(("- CODE", "δ = CODE is")) for row in equations)
    assert "`" not in bare


def test_a_hostile_formula_injects_no_markup() -> None:
    bare = outside_of_code(markdown_of(told(*HOSTILE)))
    assert not re.search(r"[<>`\\$|&\[\]*_~]", bare)
    assert re.findall("^#+ .*", bare, re.MULTILINE) == re.findall("^## [A-Z].*", bare, re.MULTILINE)


def test_a_name_in_a_sentence_is_code() -> None:
    many = " + ".join(f"_x_*{k}" for k in range(2, 12))
    bare = outside_of_code(markdown_of(told(many, {"_x_": 2}, node="_x_")))
    assert "More than 8 paths lead from CODE to CODE" in bare


def test_a_note_is_escaped() -> None:
    shown = markdown_of(told(A1, AT_A1, check=False)._replace(note="Nodes <b> to *c*."))
    assert r"Nodes \<b\> to \*c\*." in shown


def test_a_fence_is_longer_than_what_it_holds() -> None:
    assert code_block(["a ```` b"]) == "`````\na ```` b\n`````\n"
    assert code_span("a`b") == "``a`b``"
    assert code_span("`b") == "`` `b ``"
    assert escaped("a_b|<c>") == r"a\_b\|\<c\>"


def test_in_chinese_the_mathematics_is_the_same() -> None:
    shown = markdown_of(told(A1, AT_A1, CHINESE))
    assert "## 反向传播" in shown
    assert "- `n5 = n4·y = 9·4 = 36`\n" in shown
