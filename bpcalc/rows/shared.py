"""The rows of a run, shared out to a crew of workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, TypeAlias

from bpcalc.errors import CalculationError, RequestError
from bpcalc.graph import Graph
from bpcalc.rows.cluster import DaskCrew, crew_at, refuse_missing
from bpcalc.rows.distributing import Promise, mapped_parts, summed_parts
from bpcalc.rows.formats import COLUMNAR
from bpcalc.rows.jobs import Job, Order
from bpcalc.rows.mapping import Count, Tables, mapped
from bpcalc.rows.parts import Part, line_end, parts, whole_files
from bpcalc.rows.plan import Plan
from bpcalc.rows.reducing import Partial, nothing
from bpcalc.rows.sources import shown, size, unseen

if TYPE_CHECKING:
    from bpcalc.rows.polars_tables import ColumnarTables

AnyTables: TypeAlias = "Tables | ColumnarTables"

_LONGEST = 1 << 23
"""Bytes of a part: what comes of some of them waits at each worker, and of one here."""

_SHORTEST = 1 << 18
"""Of smaller ones, more time goes into telling than into computing."""

_TURNS = 4
"""Parts for each worker at least: so all end at about the same time."""


def refuse_unsuited(kind: str | None, as_json: bool, reduced: bool) -> None:
    """What workers cannot do.

    Raises:
        RequestError: this is such a thing, or the library is not installed.
    """
    refuse_missing()
    if as_json and not reduced:
        raise RequestError(
            "--format json numbers all rows one by one, and workers do not know their numbers",
            hint="with --cluster, the output has the input's format, or --reduce makes one row",
        )
    if kind in COLUMNAR and not reduced:
        raise RequestError(
            f"--cluster writes no {kind} file: what workers write cannot be put together",
            hint="without --cluster; or --reduce, which reads one",
        )


class Shared:
    """What workers make of the rows."""

    def __init__(self, crew: DaskCrew, job: Promise, tables: AnyTables, plan: Plan) -> None:
        self.crew = crew
        self.job = job
        self.tables = tables
        self.plan = plan
        self.advance: Callable[[int], object] = getattr(tables, "advance", unseen)

    def written(self, strict: bool, write: Callable[[bytes], object]) -> Count:
        """Write what comes of the rows, in order.

        Raises:
            CalculationError: a row cannot be computed, and `strict` refuses that.
        """
        if self.plan.header:
            write(self.plan.header)
        found = mapped_parts(self.crew, self.job, self._parts(), strict, self.advance)
        with closing(found):
            return mapped(found, write)

    def summed(self, strict: bool) -> Partial:
        """What is known of all rows together.

        Raises:
            CalculationError: a row cannot be computed, and `strict` refuses that.
        """
        none = nothing(len(self.plan.names))
        early = strict and isinstance(self.tables, Tables)
        found = summed_parts(self.crew, self.job, self._parts(), none, early, self.advance)
        if strict and found.first is not None:
            file, (row, why) = found.first
            raise CalculationError(f"{shown(file)}, row {row:,}: {why}")
        return found

    def _parts(self) -> Iterator[Part]:
        if not isinstance(self.tables, Tables):
            return whole_files(self.tables.names)
        return parts(self.tables, part_length(self.tables.names, self.crew.workers))


def part_length(names: Sequence[str], workers: int) -> int:
    """How many bytes a part has."""
    sizes = [size(name) for name in names]
    if None in sizes:
        return _LONGEST // 2
    total = sum(found or 0 for found in sizes)
    return min(max(total // (workers * _TURNS) + 1, _SHORTEST), _LONGEST)


@contextmanager
def shared(address: str, graph: Graph, tables: AnyTables, plan: Plan) -> Iterator[Shared]:
    """The rows, shared out to the workers at an address.

    Raises:
        RequestError: nobody is there, or not the same software.
    """
    end = line_end(tables) if isinstance(tables, Tables) else b""
    order = Order(graph.source, tuple(graph.variables), plan, tables.kind, end)
    with crew_at(address) as crew:
        yield Shared(crew, crew.kept(Job(order)), tables, plan)
