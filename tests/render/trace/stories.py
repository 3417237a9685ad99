"""What the tests of this folder tell: the worked examples, and formulas that want to be markup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from render.examples import Example

import bpcalc
from bpcalc.render.sentences import ENGLISH, Sentences
from bpcalc.render.trace.story import Story, story
from bpcalc.steps import towards

A1 = "x**2*y + (y + 2)"
AT_A1 = {"x": 3, "y": 4}

HOSTILE = (
    "a = größe_1*数*δ_0 # <script>alert(1)</script> \"'`x` ``` "
    "\\end{verbatim}\\input{x} % & } { $1$\n"
    "a*_b_*x′ # ](http://x) **bold** | ~~~ ^^41 #1 ?` -- \x1b[31m \x9b \x00 <!-- --> ]]>",
    {"größe_1": 2, "数": 3, "δ_0": 0.5, "_b_": -1, "x′": 4},
)
"""A formula whose comments and names try to be markup of every kind."""


def told(
    formula: str,
    values: Mapping[str, Any] | None = None,
    words: Sentences = ENGLISH,
    *,
    node: str = "",
    check: bool = True,
    upstream: Any = 1,
) -> Story:
    """A calculation to be told; of one node, how its gradient comes about."""
    result = bpcalc.grad(formula, values or {}, check=check, upstream=upstream)
    whole = story(result, words)
    if not node:
        return whole
    index = result.graph.index(node)
    return whole._replace(part=towards(result.graph, [index]), node=index)


def told_example(example: Example, words: Sentences = ENGLISH, *, check: bool = False) -> Story:
    """A worked example, whole."""
    return story(example.result(check=check), words)
