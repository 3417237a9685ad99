r"""Any text -> LaTeX for running text, in ASCII: nothing in it is a command, comment or maths sign.

What pdfLaTeX has no letter for stays as it is; then `is_plain` is false, and the document needs
XeLaTeX and a font that has it.
"""

from __future__ import annotations

import unicodedata

from bpcalc.graph.text import latex_name

_SIGNS = {
    **{c: f"\\{c}" for c in "{}%&#_$"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": "{}`{}",  # ?` and !` are ligatures
    "–": "--",
    "—": "---",
    "‘": "{}`{}",
    "’": "'",
    "“": "{}``{}",
    "”": "{}''{}",
    "…": r"\dots{}",
    "\ufffd": "?",
    **{"ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ø": r"\o{}", "Ø": r"\O{}"},
    **{"œ": r"\oe{}", "Œ": r"\OE{}", "ł": r"\l{}", "Ł": r"\L{}"},
}

_MATHEMATICS = {
    **{"·": r"\cdot", "⋅": r"\cdot", "×": r"\times", "÷": r"\div", "−": "-", "∗": "*"},
    **{"√": r"\surd", "∂": r"\partial", "∇": r"\nabla", "∞": r"\infty", "±": r"\pm", "⊙": r"\odot"},
    **{"≤": r"\le", "≥": r"\ge", "≠": r"\ne", "≈": r"\approx", "→": r"\to", "∈": r"\in"},
    **{"′": "'", "°": r"^{\circ}", "½": r"\frac{1}{2}", "ᵀ": "^{T}", "⁺": "^{+}", "⁻": "^{-}"},
    **{c: f"^{{{digit}}}" for digit, c in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{c: f"_{{{digit}}}" for digit, c in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}

_MARKS = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327"
_ACCENTS = dict(zip(_MARKS, "`'^~=u.\"rHvc"))
"""Unicode's accents, and what LaTeX calls them."""


def latex_text(text: str) -> str:
    """Text as LaTeX that shows it as it is."""
    return "".join(map(_character, text))


def is_plain(text: str) -> bool:
    """Whether pdfLaTeX has a letter for every character."""
    return latex_text(text).isascii()


def _character(c: str) -> str:
    if c in _SIGNS:
        return _SIGNS[c]
    if c.isascii():
        return c if c.isprintable() else " "
    if c in _MATHEMATICS:
        return rf"\ensuremath{{{_MATHEMATICS[c]}}}"
    named = latex_name(c)
    if named.isascii():
        return rf"\ensuremath{{{named}}}"
    parts = unicodedata.normalize("NFD", c)
    if len(parts) == 2 and parts[0].isascii() and parts[1] in _ACCENTS:
        return rf"\{_ACCENTS[parts[1]]}{{{parts[0]}}}"
    return c
