"""statements -> lines: what only one branch of `where` needs stands in a block of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from bpcalc.codegen.export.language import Form
from bpcalc.codegen.export.statements import Guard, Statement, negated


class Layout(NamedTuple):
    """How a language writes a block."""

    opening: str
    """`if {}:`, filled with a condition."""
    otherwise: str
    """Between a block and that of the opposite condition."""
    closing: str
    """Behind a block; empty where the indentation tells."""
    no: Form
    """The language's `not`."""
    indent: str


def blocks(
    statements: Sequence[Statement],
    layout: Layout,
    line: Callable[[Statement], str],
    depth: int = 1,
) -> Iterator[str]:
    """The lines of all statements, in blocks."""
    here = _Blocks(layout, depth)
    for statement in statements:
        yield from here.way(statement.guards)
        yield layout.indent * (depth + len(statement.guards)) + line(statement)
    yield from here.way(())


class _Blocks:
    """The blocks that are open."""

    def __init__(self, layout: Layout, depth: int) -> None:
        self.layout = layout
        self.depth = depth
        self.open: list[Guard] = []
        self.turned: list[bool] = []
        """Whether a block is behind an `else`, which has no other `else`."""

    def way(self, there: Sequence[Guard]) -> Iterator[str]:
        """The lines that lead from here into another block."""
        common = 0
        while common < min(len(self.open), len(there)):
            if self.open[common][:2] != there[common][:2]:
                break
            common += 1
        turns = self._turns(there, common)
        for level in range(len(self.open) - 1, common - 1 + turns, -1):
            if self.layout.closing:
                yield self._indented(level, self.layout.closing)
        if turns:
            yield self._indented(common, self.layout.otherwise)
        for level, guard in enumerate(there[common + turns :], common + turns):
            yield self._indented(level, self.layout.opening.format(negated(guard, self.layout.no)))
        new = len(there) - common
        self.turned[common:] = [turns and not level for level in range(new)]
        self.open = list(there)

    def _turns(self, there: Sequence[Guard], common: int) -> bool:
        """Whether the opposite of an open block comes now."""
        if common >= min(len(self.open), len(there)) or self.turned[common]:
            return False
        return self.open[common].slot == there[common].slot

    def _indented(self, level: int, text: str) -> str:
        return self.layout.indent * (self.depth + level) + text
