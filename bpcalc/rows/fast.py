"""Whether blocks can be computed by Polars, and the transform that does so where it is worth it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING

from bpcalc.codegen.program import Program, program
from bpcalc.graph import Graph
from bpcalc.rows.computing import has_program
from bpcalc.rows.plan import Block, Done, Plan, Transform
from bpcalc.rows.records import whole_records
from bpcalc.rows.reducing import Partial, Partially, merged

if TYPE_CHECKING:
    from bpcalc.rows.polars_blocks import PolarsTransform

WORTH = 1 << 21
"""Bytes of a table for which Polars is imported: plain Python computes them in the same time."""

SMALL = 1 << 17
"""Bytes that plain Python computes in the time in which Polars starts."""

_PIECE = 1 << 18
"""Bytes that plain Python computes at a time: a block of Polars' size would take 300 MB."""

_MOST_STEPS = 1000
"""Steps of a program that is computed in columns: more of them take longer than row by row."""


def is_installed() -> bool:
    """Whether there is Polars."""
    return find_spec("polars") is not None


def fast(graph: Graph, plan: Plan, plain: Transform, expected: int = 0) -> FastTransform | None:
    """The transform of blocks of CSV or TSV by Polars; None where that cannot do it.

    `expected` are the bytes of the table as far as they are known.
    """
    if not plan.used or not is_installed() or not has_program(graph, plan):
        return None
    found = program(graph, plan.wrt, plan.fixed)
    if len(found.steps) > _MOST_STEPS:
        return None
    transform = FastTransform(plan, found, plain)
    if expected >= WORTH:
        transform.begun()
    return transform


class FastTransform:
    """Computes blocks by Polars, which is imported for the first large one."""

    def __init__(self, plan: Plan, program: Program, plain: Transform) -> None:
        self.plan = plan
        self.program = program
        self.plain = plain
        self._by_polars: PolarsTransform | None = None
        self._lock = Lock()

    def __call__(self, block: Block) -> Done:
        """The same as `plain`, sooner."""
        if len(block.data) < (WORTH if self._by_polars is None else SMALL):
            return self.in_pieces(block)
        return self.begun()(block)

    def partially(self, plain: Partially) -> Partially:
        """The same as `plain`, sooner: what is known of the rows of a block together."""

        def in_pieces(block: Block) -> Partial:
            return reduce(merged, map(plain, pieces(block, self.plan.separator)))

        def known(block: Block) -> Partial:
            if len(block.data) < (WORTH if self._by_polars is None else SMALL):
                return in_pieces(block)
            return self.begun().partial(block, in_pieces)

        return known

    def begun(self) -> PolarsTransform:
        """The transform by Polars; imported once."""
        with self._lock:
            if self._by_polars is None:
                from bpcalc.rows.polars_blocks import PolarsTransform

                self._by_polars = PolarsTransform(self.plan, self.program, self.in_pieces)
            return self._by_polars

    def in_pieces(self, block: Block) -> Done:
        """What `plain` makes of a block, a piece at a time."""
        if len(block.data) <= _PIECE:
            return self.plain(block)
        found = [self.plain(piece) for piece in pieces(block, self.plan.separator)]
        return Done(
            b"".join(done.data for done in found),
            sum(done.rows for done in found),
            sum(done.bad for done in found),
            next((done.first for done in found if done.first is not None), None),
        )


def pieces(block: Block, separator: str) -> Iterator[Block]:
    """The block in smaller ones of whole records."""
    start, line = 0, block.line
    while start < len(block.data):
        end = start + _PIECE
        if end < len(block.data):
            end = start + whole_records(block.data[start:end], separator)
        if end == start:  # a long record
            end = len(block.data)
        piece = block._replace(data=block.data[start:end], line=line)
        yield piece
        start, line = end, line + piece.data.count(b"\n")
