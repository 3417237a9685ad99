r"""steps -> a LaTeX document that tells them; needs amsmath and no more.

For names, comments and sentences in scripts that pdfLaTeX has no letters for, it asks for XeLaTeX
and ctex instead. What users wrote stands in it as letters, never as commands.
"""

from __future__ import annotations

import re
from itertools import islice
from string import Formatter
from typing import TYPE_CHECKING

from bpcalc.graph.text import latex_label, latex_name, latex_number, rows_of
from bpcalc.ops.terms import Term
from bpcalc.render.latex_text import is_plain, latex_text
from bpcalc.render.numbers import DIGITS, rounded, summary
from bpcalc.render.sentences import Sentences
from bpcalc.render.term_latex import latex, latex_factor
from bpcalc.render.trace.latex_layout import BOX, PAGE, aligned, width
from bpcalc.render.trace.lines import Line, Notation, node_name
from bpcalc.render.trace.story import Story, chapters, ending, source, values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bpcalc.checks.check import Derivative
    from bpcalc.ops.op import Value
    from bpcalc.results import Edge, Result

_BLOCK = 40
"""So many equations are aligned with each other; amsmath holds all of them in memory, twice."""

_WIDEST_ARRAY = 56
"""Digits of the widest array that is written in full."""

_LONGEST_WORD = 60
"""A longer word of the formula may be broken anywhere."""

_PLAIN = r"""% Set it with pdflatex, or any other LaTeX; amsmath is all it needs.
\documentclass[a4paper,fleqn]{article}
\usepackage{amsmath}
"""
_UNICODE = r"""% Set it with xelatex and the package ctex (Debian: texlive-lang-chinese):
% it has letters that pdflatex with amsmath alone does not know.
\documentclass[a4paper,fleqn]{article}
\usepackage{amsmath}
\usepackage[UTF8,scheme=plain]{ctex}
"""
_LAYOUT = r"""\allowdisplaybreaks
\setlength{\textwidth}{16cm}
\setlength{\oddsidemargin}{-0.04cm}
\setlength{\textheight}{24cm}
\setlength{\topmargin}{-1.5cm}
\setlength{\parindent}{0pt}
\setlength{\mathindent}{10pt}
\setlength{\jot}{6pt}
\raggedright
\begin{document}
"""


class LaTeX(Notation):
    r"""Mathematics as LaTeX: `\frac{\partial f}{\partial n_{4}}`, `n_{4} \cdot y`, `x^{2}`."""

    times = latex_text("×")

    def __init__(self, result: Result, words: Sentences, digits: int) -> None:
        super().__init__(result, latex_words(words), digits)

    def plain(self, text: str) -> str:
        return latex_word(text)

    def inline(self, mathematics: str) -> str:
        return f"${mathematics}$"

    def label(self, index: int) -> str:
        if index < len(self.graph.leaves) and self.graph.name(index) is None:
            return f"n_{{{index + 1}}}"
        written = latex_label(self.graph, index)
        return written if written.isascii() else latex_word(node_name(self.graph, index))

    def number(self, value: Value) -> str:
        large = self.is_large(value)
        return latex_number((summary if large else rounded)(value, self.digits))

    def is_large(self, value: Value) -> bool:
        """Also where a page is too narrow for it."""
        if super().is_large(value) or getattr(value, "ndim", 0) < 2:
            return super().is_large(value)
        text = rounded(value, self.digits)
        rows = rows_of(text)
        columns = zip(*rows) if rows is not None else [[text]]
        return sum(max(map(len, column)) + 2 for column in columns) > _WIDEST_ARRAY

    def formula(self, term: Term, leaf: Callable[[int], str]) -> str:
        return latex(term, leaf)

    def factor(self, term: Term, leaf: Callable[[int], str]) -> str:
        return latex_factor(term, leaf)

    def slope(self, of: str, by: str) -> str:
        return rf"\frac{{\partial {of}}}{{\partial {by}}}"

    def product(self, factors: Sequence[str], *, tight: bool = False) -> str:
        return r" \cdot ".join(factors)

    def symbolic(self, derivative: Derivative) -> str:
        written = _with_names(derivative.latex, self.graph.by_name)
        if width(written) <= PAGE:
            return written
        told = latex_text(derivative.text).replace("*", r"*\allowbreak{}")
        share = BOX / PAGE
        return rf"\parbox{{{share:.2f}\textwidth}}{{\raggedright\ttfamily {told}}}"

    def summand(self, edge: Edge) -> str:
        node = self.inline(self.label(edge.consumer))
        if self.is_one_of_several(edge):
            return self.words.input.format(node=node, place=edge.arg + 1)
        return node

    def summands(self, parts: Sequence[tuple[str, str]]) -> str:
        written = ""
        for number, words in parts:
            sign = "-" if number[0] == "-" else "+" if written else ""
            braced = rf"\underbrace{{{number.removeprefix('-')}}}_{{\text{{{words}}}}}"
            written += f" {sign} {braced}" if written else f"{sign}{braced}"
        return written


_WORD_AND_INDEX = re.compile(r"(.+?)_*([0-9]*)(′*)")


def latex_word(name: str) -> str:
    """A name as LaTeX; with letters that mathematics has no alphabet for, as a word."""
    written = latex_name(name)
    if written.isascii():
        return written
    match = _WORD_AND_INDEX.fullmatch(name)
    assert match is not None
    word, index, primes = match.groups()
    subscript = f"_{{{index}}}" if index else ""
    return rf"\text{{{latex_text(word)}}}{subscript}" + "'" * len(primes)


def _with_names(written: str, names: Iterable[str]) -> str:
    """SymPy's LaTeX with the names as `_name` writes them."""
    other = {latex_name(name): latex_word(name) for name in names if not name.isascii()}
    if written.isascii() or not other:
        return written
    longest_first = sorted(other, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), lambda m: other[m[0]], written)


def latex_words(words: Sentences) -> Sentences:
    """The catalogue as LaTeX; what is to be filled in is LaTeX already."""
    return Sentences(*map(_sentence, words))


def _sentence(words: str) -> str:
    told = ""
    for text, name, *_ in Formatter().parse(words):
        told += latex_text(text).replace("{", "{{").replace("}", "}}")
        told += f"{{{name}}}" if name is not None else ""
    return told


def trace_latex(story: Story, digits: int = DIGITS) -> Iterator[str]:
    """The whole document, a few lines at a time."""
    notation = LaTeX(story.result, story.words, digits)
    yield (_PLAIN if _is_plain(story) else _UNICODE) + _LAYOUT
    told = story._replace(words=notation.words)
    yield from _title(told, notation)
    for chapter in chapters(told, notation):
        yield f"\n\\section*{{{chapter.heading}}}\n"
        yield from (f"{remark}\n" for remark in chapter.remarks)
        lines = iter(chapter.lines)
        while block := list(islice(lines, _BLOCK)):
            yield from aligned([_equation(line) for line in block])
    yield f"\n{ending(told)}\n\\end{{document}}\n"


def _is_plain(story: Story) -> bool:
    texts = (*source(story.result.graph), *story.result.graph.by_name, *story.words, story.note)
    return all(map(is_plain, texts))


def _title(story: Story, notation: LaTeX) -> Iterator[str]:
    yield "{\\ttfamily\n"
    yield from (f"{_typed(row)}\\par\n" for row in source(story.result.graph))
    yield "}\n"
    given = [
        notation.inline(f"{left} = {sides[0]}") for _, left, sides, *_ in values(story, notation)
    ]
    if given:
        yield f"\\medskip\n{story.words.at} {', '.join(given)}\n\n"
    if story.note:
        yield f"{latex_text(story.note)}\n\n"


def _typed(row: str) -> str:
    """A line of the formula; LaTeX would drop the blanks at its beginning, and all but one."""
    words = [_breakable(word) for word in row.split(" ")]
    return r"\mbox{}" + " ".join(word or "~" for word in words)


def _breakable(word: str) -> str:
    if len(word) <= _LONGEST_WORD:
        return latex_text(word)
    return r"\allowbreak{}".join(map(latex_text, word))


def _equation(line: Line) -> tuple[str, str, Sequence[str]]:
    r"""A line as `aligned` takes it; the share of an edge or a path begins with words."""
    remark = rf"\quad \text{{({line.remark})}}" if line.remark else ""
    if line.part:
        left = rf"\text{{{line.through}:}}"
        sides = line.sides or [rf"\text{{{line.remark}}}"]
        return left, r"\phantom{=}", sides
    return line.left, "=", [*line.sides[:-1], line.sides[-1] + remark]
