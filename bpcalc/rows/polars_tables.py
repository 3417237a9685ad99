"""Parquet and Arrow: tables in, tables out, by Polars' streaming engine, in constant memory.

The other columns pass through with their types; the computed ones are Float64. A used column of
integers, floats or booleans is cast; of anything else, no row can be computed. The tables are
read twice, at first to see which rows cannot be computed: the output has no place to say so.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from math import isfinite, nan
from pathlib import Path
from typing import IO, Any, cast

import polars as pl

from bpcalc.codegen.program import program
from bpcalc.errors import RequestError, printable
from bpcalc.graph import Graph
from bpcalc.rows.computing import Computing, has_program
from bpcalc.rows.mapping import Count
from bpcalc.rows.parallel import LARGEST
from bpcalc.rows.plan import Block, Plan, Trouble
from bpcalc.rows.polars_expressions import computing as by_expressions
from bpcalc.rows.reducing import Partial, exact, merged, nothing
from bpcalc.rows.tables import Rows

_ROWS = LARGEST >> 5
"""Rows of a block: as many bytes as those of text, in a table of four columns."""

_PREFETCHED = "1"
"""Parts of a Parquet file that are read ahead: as many as Polars likes take 150 MB more."""

_VERSION = 2
"""Polars' first major version that reads and writes as is done here."""

_MOST_STEPS = 1000
"""Longer programs are computed row by row."""


class ColumnarTables:
    """Several tables of one format, one after the other."""

    header = None

    def __init__(self, names: Sequence[str], kind: str) -> None:
        if int(pl.__version__.partition(".")[0]) < _VERSION:
            raise RequestError(
                f"{kind} files need Polars {_VERSION} or later, and {pl.__version__} is installed",
                hint='pip install "bpcalc[fast]"',
            )
        if "-" in names:
            raise RequestError(f"standard input cannot be read as {kind}", hint="give it as a file")
        os.environ.setdefault("POLARS_ROW_GROUP_PREFETCH_SIZE", _PREFETCHED)
        self.names = names
        self.kind = kind
        self.frames = [_scanned(name, kind) for name in names]
        self.schema = _schema(self.frames[0], names[0])
        self.columns = tuple(self.schema)
        for frame, name in zip(self.frames, names):
            _refuse_other_schema(_schema(frame, name), self.schema, name, names[0])

    def planned(self, plan: Plan) -> Plan:
        """The plan: there is no line of names."""
        return plan

    def blocks(self) -> Iterator[Block]:
        """All rows, in blocks of Arrow's bytes; a row's line is its number, from 1."""
        for frame, name in zip(self.frames, self.names):
            count = frame.select(pl.len()).collect().item()
            for start in range(0, count, _ROWS):
                stream = io.BytesIO()
                frame.slice(start, _ROWS).collect().write_ipc_stream(stream)
                yield Block(stream.getvalue(), start + 1, name)


def rows(plan: Plan, block: Block) -> Rows:
    """The rows of a block."""
    frame = pl.read_ipc_stream(block.data)
    bad: dict[int, str] = {}
    columns = []
    for name, place in plan.used:
        column = frame.to_series(place)
        numbers = _number(column.name, column.dtype)
        found = frame.select(numbers.fill_null(nan)).to_series().to_list()
        for row, number in enumerate(found):
            if not isfinite(number):
                bad.setdefault(row, f"{name} is {_said(column, row)}")
                found[row] = nan
        columns.append(found)
    lines = range(block.line, block.line + frame.height)
    return Rows([""] * frame.height, "\n", lines, columns, bad)


def _said(column: pl.Series, row: int) -> str:
    if column[row] is None:
        return "empty"
    if _is_numeric(column.dtype):
        return f"'{column[row]}', not a finite number"
    return f"of the type {column.dtype}, and no number"


def examined(graph: Graph, tables: ColumnarTables, computing: Computing) -> Count:
    """How many rows there are, and which cannot be computed."""
    rows = bad = 0
    first = None
    for frame, name in zip(tables.frames, tables.names):
        odd = (
            ~_computed(graph, tables, computing, frame)
            .select(pl.all_horizontal(pl.col(f"{_OUT}{i}").is_finite() for i in _places(computing)))
            .collect()
            .to_series()
        )
        if first is None and odd.any():
            at = int(odd.arg_max() or 0)
            first = name, Trouble(at + 1, _why(frame, computing, at, name))
        rows += len(odd)
        bad += int(odd.sum())
    return Count(rows, bad, first)


def summed(graph: Graph, tables: ColumnarTables, computing: Computing) -> Partial:
    """What is known of all rows together."""
    total = nothing(len(computing.plan.names))
    for frame, name in zip(tables.frames, tables.names):
        count = frame.select(pl.len()).collect().item()
        computed = [pl.col(f"{_OUT}{i}") for i in _places(computing)]
        for start in range(0, count, _ROWS):
            rows = frame.slice(start, _ROWS)
            found = _computed(graph, tables, computing, rows).select(computed).collect()
            odd = found.select(~pl.all_horizontal(pl.all().is_finite())).to_series()
            first = None
            if odd.any():
                at = start + int(odd.arg_max() or 0)
                first = name, Trouble(at + 1, _why(frame, computing, at, name))
                found = found.filter(~odd)
            sums = tuple(exact(column.to_list()) for column in found)
            total = merged(total, Partial(len(odd), len(odd) - found.height, sums, first))
    return total


def _why(frame: pl.LazyFrame, computing: Computing, row: int, name: str) -> str:
    stream = io.BytesIO()
    frame.slice(row, 1).collect().write_ipc_stream(stream)
    found = rows(computing.plan, Block(stream.getvalue(), row + 1, name))
    return computing.failure(found, 0).message


def written(
    graph: Graph,
    tables: ColumnarTables,
    computing: Computing,
    write: Callable[[bytes], object],
) -> None:
    """Write the tables with their computed columns as one, in their format.

    Raises:
        Exception: whatever `write` has raised.
    """
    plan = computing.plan
    kept = [] if plan.only else [pl.col(_kept(i)).alias(n) for i, n in enumerate(plan.columns)]
    made = [pl.col(f"{_OUT}{i}").alias(name) for i, name in enumerate(plan.names)]
    frames = [_computed(graph, tables, computing, frame) for frame in tables.frames]
    both = pl.concat(frames).select(*kept, *made)
    sink = _Sink(write)
    into = both.sink_parquet if tables.kind == "parquet" else both.sink_ipc
    try:
        into(cast(IO[bytes], sink))
    except BaseException:  # an error of Polars, an OSError without a number, or a panic
        if sink.error is not None:
            raise sink.error from None
        raise


def one_row(plan: Plan, numbers: Sequence[float], kind: str) -> bytes:
    """A table of the reduced value and gradient."""
    frame = pl.DataFrame([numbers], schema=list(plan.names), orient="row")
    stream = io.BytesIO()
    frame.write_parquet(stream) if kind == "parquet" else frame.write_ipc(stream)
    return stream.getvalue()


class _Sink(io.RawIOBase):
    """A file of Polars', which is written by a function."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self.error: BaseException | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        try:
            self._write(bytes(data))
        except BaseException as error:
            self.error = error
            raise
        return len(data)


# Columns

_OUT = "output_"


def _kept(place: int) -> str:
    return f"column_{place}"


def _places(computing: Computing) -> range:
    return range(len(computing.plan.names))


def _computed(
    graph: Graph, tables: ColumnarTables, computing: Computing, frame: pl.LazyFrame
) -> pl.LazyFrame:
    """The kept columns by their places, and the outputs: NaN where there is no finite number."""
    plan = computing.plan
    types = list(tables.schema.values())
    kept = [_kept(place) for place in range(len(plan.columns))]
    named = [pl.col(name).alias(new) for name, new in zip(plan.columns, kept)]
    inputs = [
        _number(plan.columns[place], types[place]).alias(str(i))
        for i, (_, place) in enumerate(plan.used)
    ]
    start = frame.select(*named, *inputs)
    fine = pl.all_horizontal(
        pl.lit(True), *(pl.col(str(i)).is_finite() for i in range(len(inputs)))
    )
    start = start.with_columns(fine.fill_null(False).alias("fine"))
    outputs = _outputs(graph, computing)(start, [*kept, "fine"])
    return outputs.select(
        *kept,
        *(
            pl.when(pl.col("fine") & pl.col(str(i)).is_finite())
            .then(pl.col(str(i)))
            .otherwise(nan)
            .alias(f"{_OUT}{i}")
            for i in _places(computing)
        ),
    )


def _outputs(
    graph: Graph, computing: Computing
) -> Callable[[pl.LazyFrame, Sequence[str]], pl.LazyFrame]:
    """The computed columns `0`, `1`, ... from the inputs `0`, `1`, ..."""
    plan = computing.plan
    if plan.used and has_program(graph, plan):
        found = program(graph, plan.wrt, plan.fixed)
        if len(found.steps) <= _MOST_STEPS:
            return by_expressions(found)
    return lambda frame, keep: frame.select(*keep, _row_by_row(computing)).unnest("outputs")


def _row_by_row(computing: Computing) -> pl.Expr:
    """The outputs as one column of structs, by the function of single rows."""
    schema = {str(i): pl.Float64() for i in _places(computing)}

    def applied(columns: Sequence[pl.Series]) -> pl.Series:
        numbers = [column.fill_null(nan).to_list() for column in columns[1:]]
        found = [computing.function(*row) for row in zip(*numbers)]
        if not numbers:
            found = [computing.function()] * len(columns[0])
        return pl.DataFrame(found, schema=schema, orient="row").to_struct("outputs")

    names = ["fine", *(str(i) for i in range(len(computing.plan.used)))]
    return pl.map_batches(
        names, applied, return_dtype=pl.Struct(schema), is_elementwise=True
    ).alias("outputs")


def _is_numeric(dtype: pl.DataType) -> bool:
    return dtype.is_numeric() or dtype == pl.Boolean


def _number(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column as numbers; nothing where it holds something else."""
    if _is_numeric(dtype):
        return pl.col(name).cast(pl.Float64)
    return pl.when(pl.col(name).is_null()).then(None).otherwise(None).cast(pl.Float64)


# Files


def _scanned(name: str, kind: str) -> pl.LazyFrame:
    return pl.scan_parquet(name, glob=False) if kind == "parquet" else pl.scan_ipc(name, glob=False)


def _schema(frame: pl.LazyFrame, name: str) -> dict[str, pl.DataType]:
    """The columns and their types.

    Raises:
        RequestError: the file cannot be read.
    """
    if Path(name).is_dir():
        raise RequestError(f"{printable(name, 80)} cannot be read: Is a directory")
    try:
        return dict(frame.collect_schema())
    except (OSError, pl.exceptions.PolarsError) as why:
        said = getattr(why, "strerror", None) or str(why).partition("\n")[0]
        raise RequestError(
            f"{printable(name, 80)} cannot be read: {printable(said, 200)}"
        ) from None


def _refuse_other_schema(
    theirs: dict[str, pl.DataType], ours: dict[str, pl.DataType], name: str, first: str
) -> None:
    if list(theirs.items()) != list(ours.items()):
        raise RequestError(
            f"{printable(name, 80)} has other columns than {printable(first, 80)}",
            hint="the tables of one run have the same columns of the same types",
        )
