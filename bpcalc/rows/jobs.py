"""What somebody else is told to do with parts of tables, once for all, and does.

A job says it by the formula's text and the plan, so that it can be sent; the functions that it
takes are made where they run.
"""

from __future__ import annotations

from functools import cached_property, reduce
from typing import Any, NamedTuple

from bpcalc.errors import BpcalcError
from bpcalc.formula import parse
from bpcalc.rows.computing import Computing
from bpcalc.rows.fast import fast
from bpcalc.rows.formats import COLUMNAR, SEPARATORS, Way, way
from bpcalc.rows.mapping import partially, results, strictly, summed
from bpcalc.rows.outcomes import Outcome
from bpcalc.rows.parallel import LARGEST
from bpcalc.rows.parts import Part, PartReader, larger
from bpcalc.rows.plan import Done, Plan
from bpcalc.rows.reducing import Partial, merged, nothing


class Order(NamedTuple):
    """The text of a job."""

    formula: str
    variables: tuple[str, ...]
    plan: Plan
    kind: str
    line_end: bytes


class Job:
    """What is done to every part."""

    def __init__(self, order: Order) -> None:
        self.order = order

    def __reduce__(self) -> tuple[type[Job], tuple[Order]]:
        return Job, (self.order,)

    @cached_property
    def computing(self) -> Computing:
        """How rows are computed."""
        order = self.order
        graph = parse(order.formula, {n: order.plan.fixed.get(n, 1.0) for n in order.variables})
        return Computing(graph, order.plan)

    @cached_property
    def way(self) -> Way:
        """How blocks are read, and computed in plain Python."""
        return way(self.order.kind, self.computing)

    @cached_property
    def fast(self) -> Any:
        """How blocks are computed by Polars; None where they are not."""
        if self.order.kind not in ("csv", "tsv"):
            return None
        computing = self.computing
        return fast(computing.graph, computing.plan, self.way.transform, LARGEST)


def mapped_part(job: Job, part: Part, strict: bool = False) -> Outcome[Done]:
    """The records of a part with their computed cells."""
    reader = _reader(job, part)
    pieces: list[bytes] = []
    rows = bad = 0
    first = error = None
    blocks = reader.blocks()
    try:
        if job.fast is not None and not strict:
            found = results(larger(blocks, LARGEST), job.fast)
        else:
            found = results(blocks, job.way.transform)
        wanted = strictly(found, job.way, job.computing, pieces.append) if strict else found
        for _, done in wanted:
            pieces.append(done.data)
            rows += done.rows
            bad += done.bad
            first = first or done.first
            if done.error is not None:
                raise done.error
    except BpcalcError as why:
        error = why
    return _outcome(reader, Done(b"".join(pieces), rows, bad, first), error)


def summed_part(job: Job, part: Part, strict: bool = False) -> Outcome[Any]:
    """What is known of the records of a part together."""
    reader = _reader(job, part)
    found, error = nothing(len(job.order.plan.names)), None
    try:
        if job.order.kind in COLUMNAR:
            found = _columnar(job, part)
        elif job.fast is not None and not strict:
            known = job.fast.partially(partially(job.way, job.computing))
            found = reduce(merged, map(known, larger(reader.blocks(), LARGEST)), found)
        else:
            found = summed(reader.blocks(), job.way, job.computing, strict)
    except BpcalcError as why:
        error = why
    return _outcome(reader, found, error)


def _reader(job: Job, part: Part) -> PartReader:
    return PartReader(part, SEPARATORS.get(job.order.kind, ""), job.order.line_end)


def _columnar(job: Job, part: Part) -> Partial:
    from bpcalc.rows import polars_tables

    tables = polars_tables.ColumnarTables([part.path], job.order.kind)
    found = polars_tables.summed(job.computing.graph, tables, job.computing)
    return found._replace(first=found.first and (part.file, found.first[1]))


def _outcome(reader: PartReader, result: Any, error: BpcalcError | None) -> Outcome[Any]:
    part = reader.part
    known = part.line is not None
    return Outcome(known, reader.begin, reader.end, part.stop, reader.line, result, error)
