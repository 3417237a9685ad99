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
    here: tuple[Guard, ...] = ()
    for statement in statements:
        yield from _way(here, statement.guards, layout, depth)
        here = statement.guards
        yield layout.indent * (depth + len(here)) + line(statement)
    yield from _way(here, (), layout, depth)


def _way(
    here: tuple[Guard, ...], there: tuple[Guard, ...], layout: Layout, depth: int
) -> Iterator[str]:
    """The lines that lead from one block into another."""
    common = 0
    for one, other in zip(here, there):
        if one[:2] != other[:2]:
            break
        common += 1
    ahead = there[common:]
    turned = common < min(len(here), len(there)) and here[common].slot == there[common].slot
    for level in range(len(here) - 1, common - 1 + turned, -1):
        if layout.closing:
            yield layout.indent * (depth + level) + layout.closing
    if turned:
        yield layout.indent * (depth + common) + layout.otherwise
        common, ahead = common + 1, ahead[1:]
    for level, guard in enumerate(ahead, common):
        yield layout.indent * (depth + level) + layout.opening.format(negated(guard, layout.no))
