"""The run: tables -> blocks -> what comes of them, and the rows that could not be computed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

from bpcalc.errors import BpcalcError
from bpcalc.rows.computing import Computed, Computing
from bpcalc.rows.formats import SEPARATORS, Way, kind_by_names, sniffed
from bpcalc.rows.headers import Header, refuse_other_columns, with_header
from bpcalc.rows.json_lines import members
from bpcalc.rows.plan import Block, Done, Plan, Transform, Trouble
from bpcalc.rows.reducing import Partial, Partially, merged, nothing, partial
from bpcalc.rows.sources import BOM, Source, opened, shown, unseen
from bpcalc.rows.tables import Rows


class Tables:
    """Several tables of one format, one after the other; the first is open from the start."""

    def __init__(
        self, names: Sequence[str], first: Source, kind: str, advance: Callable[[int], object]
    ) -> None:
        self.names = names
        self.first = first
        self.kind = kind
        self.advance = advance
        self.header = Header(first, SEPARATORS[kind]) if SEPARATORS[kind] else None
        self.columns: Sequence[str] | None
        """None where no line is there that could tell."""
        if self.header is not None:
            self.columns = self.header.columns
        else:
            first.first_line()
            self.columns = members(first.pending)

    def planned(self, plan: Plan) -> Plan:
        """The plan, with what the tables' header says."""
        if self.header is not None:
            return with_header(plan, self.header)
        return plan._replace(header=BOM) if self.first.bom and not plan.only else plan

    def blocks(self) -> Iterator[Block]:
        """All rows, in order.

        Raises:
            RequestError: a table cannot be read, or has other columns than the first.
        """
        yield from self._blocks_of(self.first)
        for name in self.names[1:]:
            with opened(name, self.advance) as source:
                if self.header is not None:
                    refuse_other_columns(source, self.header, self.first.shown)
                yield from self._blocks_of(source)

    def _blocks_of(self, source: Source) -> Iterator[Block]:
        end = b"\n" if self.header is None else self.header.end
        return source.blocks(SEPARATORS[self.kind], end)


@contextmanager
def opened_tables(
    names: Sequence[str], kind: str | None, advance: Callable[[int], object] = unseen
) -> Iterator[Tables]:
    """Tables to be read, of the kind that is given, or else the one they seem to have."""
    kind = kind or kind_by_names(names)
    with opened(names[0], advance) as first:
        yield Tables(names, first, kind or sniffed(first), advance)


Result: TypeAlias = "tuple[Block, Done]"


class Count(NamedTuple):
    """How many rows there were, and how many of them could not be computed."""

    rows: int
    bad: int
    first: tuple[str, Trouble] | None
    """The file and the line of the first of these."""


def results(blocks: Iterator[Block], transform: Transform) -> Generator[Result]:
    """Every block with what comes of it, one after the other."""
    for block in blocks:
        yield block, transform(block)


def mapped(results: Iterable[Result], write: Callable[[bytes], object]) -> Count:
    """Write what comes of every block, as soon as it has.

    Raises:
        BpcalcError: a block could not be read to its end; what stands before has been written.
    """
    rows = bad = 0
    first = None
    for block, done in results:
        if done.data:
            write(done.data)
        if done.error is not None:
            raise done.error
        rows += done.rows
        bad += done.bad
        if first is None and done.first is not None:
            first = (block.file, done.first)
    return Count(rows, bad, first)


def strictly(
    results: Iterable[Result], way: Way, computing: Computing, write: Callable[[bytes], object]
) -> Iterator[Result]:
    """The results up to the first row that cannot be computed.

    Raises:
        CalculationError: there is such a row; those before it have been written.
    """
    for block, done in results:
        if done.first is not None:
            at = _offset(block, done.first.line)
            write(way.transform(block._replace(data=block.data[:at])).data)
            rest = block._replace(data=block.data[at:], line=done.first.line)
            raise _at_row(way, computing, rest)
        yield block, done


def _offset(block: Block, line: int) -> int:
    """Where in the block a line begins."""
    at = 0
    for _ in range(line - block.line):
        at = block.data.index(b"\n", at) + 1
    return at


def _at_row(way: Way, computing: Computing, block: Block) -> BpcalcError:
    """What is wrong with the first row of the block."""
    found = way.rows(block)
    error = computing.failure(found, 0)
    error.message = f"{shown(block.file)}, line {block.line:,}: {error.message}"
    return error


def summed(blocks: Iterator[Block], way: Way, computing: Computing, strict: bool) -> Partial:
    """What is known of all rows together.

    Raises:
        CalculationError: a row cannot be computed, and `strict` refuses that.
    """
    total = nothing(len(computing.plan.names))
    for block in blocks:
        found = way.rows(block)
        computed = computing(found)
        if strict and computed.first is not None:
            line = computed.first.line
            data = block.data[_offset(block, line) :]
            raise _at_row(way, computing, block._replace(data=data, line=line))
        total = merged(total, _partial(block, found, computed, computing))
    return total


def partially(way: Way, computing: Computing) -> Partially:
    """What tells what is known of the rows of a block together."""

    def known(block: Block) -> Partial:
        found = way.rows(block)
        return _partial(block, found, computing(found), computing)

    return known


def _partial(block: Block, rows: Rows, computed: Computed, computing: Computing) -> Partial:
    if rows.error is not None:
        raise rows.error
    return partial(block.file, len(rows.records), computed, len(computing.plan.names))
