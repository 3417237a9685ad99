"""What is to be written: a formula's program, in the words that all languages share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bpcalc.codegen.export.comments import comments, formula_lines, given_lines, renamed_lines
from bpcalc.codegen.export.language import Language
from bpcalc.codegen.export.names import Named, named
from bpcalc.codegen.export.statements import LONGEST, Writer
from bpcalc.codegen.program import Program
from bpcalc.graph import Graph

WIDTH = 88
"""Columns of a list of names."""


class Request(NamedTuple):
    """A formula and the function that is to be made of it."""

    graph: Graph
    program: Program
    wrt: Sequence[str]
    """The names by which to differentiate."""
    fixed: Mapping[str, float]
    """The variables that have a value, and are no parameters."""
    name: str
    """What the function is called."""

    def written(self, to: str, language: Language, longest: int = LONGEST) -> Written:
        """The program in a language, with the names that it gets there."""
        taken = [] if to == "sql" else [self.name]  # a table may be called like its column
        found = named(self.program, self.wrt, to, taken)
        writer = Writer(self.program, language, found.slots, found.names.result, longest)
        return Written(self, found, writer)


class Written(NamedTuple):
    """A program in a language."""

    request: Request
    named: Named
    writer: Writer

    @property
    def parameters(self) -> list[str]:
        """The names of the inputs."""
        return [self.named.slots[slot] for slot in range(len(self.request.program.inputs))]

    @property
    def gradient(self) -> list[str]:
        """The names of the gradient's parts."""
        return [output.name for output in self.named.outputs[1:]]

    @property
    def value(self) -> str:
        """The name of the value."""
        return self.named.outputs[0].name

    @property
    def others(self) -> list[tuple[str, str]]:
        """(name, text) of outputs that are no statements of their own: `d_b` is 1, or `d_z`."""
        slots = self.named.slots
        return [
            (output.name, self.writer.text(output.slot))
            for output in self.named.outputs
            if slots.get(output.slot) != output.name
        ]

    def heading(self, sign: str) -> list[str]:
        """The formula, the values folded in, and what names have become, as comments."""
        request = self.request
        return comments(
            sign,
            [
                *formula_lines(request.graph.source),
                *given_lines(request.fixed),
                *renamed_lines(self.named.renamed),
            ],
        )


def filled(before: str, words: Sequence[str], after: str, indent: str) -> list[str]:
    """`before word, word after` on one line, or if that is too long, the words on lines between."""
    line = f"{before}{', '.join(words)}{after}"
    if len(line) <= WIDTH or not words:
        return [line]
    lines, row = [], indent
    for place, word in enumerate(words):
        piece = f"{word}," if place < len(words) - 1 else word
        if len(row) + len(piece) > WIDTH and row.strip():
            lines.append(row.rstrip())
            row = indent
        row += f"{piece} "
    outside = before[: len(before) - len(before.lstrip())]
    return [before, *lines, row.rstrip(), f"{outside}{after}"]


def listed(names: Sequence[str]) -> str:
    """The first of some names."""
    return ", ".join([*names[:4], "..."] if len(names) > 4 else names)
