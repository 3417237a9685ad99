"""A trace as one HTML file, without a browser."""

from __future__ import annotations

import re

import pytest
from render.markup import complaints, tags

import bpcalc
from bpcalc.render.sentences import CHINESE, ENGLISH, Sentences
from bpcalc.render.trace.html import trace_html
from bpcalc.render.trace.story import story
from bpcalc.results import Result

A1 = bpcalc.grad("x**2*y + y + 2", x=3, y=4)
NEURON = bpcalc.grad("z = w*x + b; a = σ(z); (a - t)^2/2", w=2, x=-1, b=0.5, t=1)
OVERFLOWING = bpcalc.grad("exp(1000*x)*y", x=1, y=1)
WRONG = bpcalc.grad("(x + 1e16) - 1e16", x=1)
BLOCKED = bpcalc.grad("where(x > 0, x, y) + relu(-x)", x=2, y=3)
HOSTILE = """# <script>window.hacked=1</script> "'&%} </script> <!-- \\u2028 \u2028
x*y"""


def written(result: Result, words: Sentences = ENGLISH) -> str:
    return "".join(trace_html(story(result, words)))


@pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=lambda words: words.language)
@pytest.mark.parametrize(
    "result", [A1, NEURON, OVERFLOWING, WRONG, BLOCKED], ids=lambda r: r.formula
)
def test_it_is_well_formed(result: Result, words: Sentences) -> None:
    assert complaints(written(result, words)) == []


def test_it_needs_neither_script_nor_network() -> None:
    text = written(NEURON)
    assert not {"script", "link", "img", "iframe"} & set(tags(text))
    assert not re.search(r"""url\(|@import|src=|(?<!xmlns=")https?:""", text)
    assert "default-src 'none'" in text


def test_it_holds_every_chapter_under_a_heading() -> None:
    headings = re.findall(r"<h2>(.*?)</h2>", written(NEURON))
    assert headings == [
        ENGLISH.functions,
        ENGLISH.forward,
        ENGLISH.backward,
        ENGLISH.gradient,
        ENGLISH.check,
    ]


def test_the_value_and_the_gradient_of_every_node_have_anchors() -> None:
    text = written(A1)
    for node in A1.nodes:
        assert f'id="{node.id}"' in text
        assert f'id="gradient-{node.id}"' in text


def test_the_sign_of_delta_is_said_once_where_there_is_a_neuron() -> None:
    assert written(NEURON).count("opposite sign") == 1
    assert "opposite sign" not in written(A1)


def test_it_says_its_language() -> None:
    text = written(A1, CHINESE)
    assert '<html lang="zh-Hans">' in text
    assert CHINESE.backward in text


def test_it_ends_with_what_the_check_says_and_with_the_warnings() -> None:
    assert "SymPy agrees on all 7 nodes" in written(A1)
    assert 'class="verdict wrong"' in written(WRONG)
    assert f"<h2>{ENGLISH.warnings}</h2>" in written(OVERFLOWING)


def test_text_of_a_formula_stays_text() -> None:
    text = written(bpcalc.grad(HOSTILE, x=3, y=4))
    assert complaints(text) == []
    assert "script" not in tags(text)
    assert "&lt;script&gt;window.hacked=1&lt;/script&gt; &quot;&#x27;&amp;%}" in text


def test_it_comes_line_by_line() -> None:
    steps = trace_html(story(bpcalc.grad("+".join(["x*y"] * 3000), x=1, y=2, check=False), ENGLISH))
    first = [next(steps) for _ in range(20)]
    assert "</html>" not in "".join(first)
    assert max(len(piece) for piece in steps) < 1_000_000
