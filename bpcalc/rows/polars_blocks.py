"""A block of CSV or TSV -> its records with the computed cells, by Polars.

Polars reads the used columns as numbers and the records as they stand, and writes these with the
new cells behind them. What it does not read as the plain transform does goes through that one: the
row where a cell is no finite number, cells are missing or the result is not finite; the whole
block where Polars cannot tell records from lines. So both give the same bytes.
"""

from __future__ import annotations

import io
import re
from typing import NamedTuple

import polars as pl

from bpcalc.codegen.program import Program
from bpcalc.rows.plan import Block, Done, Plan, Transform, Trouble
from bpcalc.rows.polars_expressions import computing
from bpcalc.rows.reducing import Partial, Partially, exact, merged
from bpcalc.rows.spelling import spelled

_MARK = "\x01"
"""Stands in the output where a row is to be computed in the plain way. No input may have it: as
the separator it lets records be read whole."""

_MOST_ODD = 0.1
"""With a larger share of such rows the whole block takes the plain way."""

_PROBE = 100
"""Rows that are computed both ways, to see that Polars computes on this machine as it should."""

_SPELLED = (1 / 3, -0.0, 3.0, 1e15, 1e16, 1.5e22, 1e-4, 1.5e-5, 1e-6, 2.5e-7, 1e-100, 5e-324)

_BOM = b"\xef\xbb\xbf"


class OddBlockError(Exception):
    """A block that only the plain transform understands."""


class _Text(NamedTuple):
    """The text of a block, as Polars gets it."""

    data: bytes
    end: str
    """How each record ends."""
    latin: bool
    """Whether it is not UTF-8: every byte has become a character, and will be one again."""


class PolarsTransform:
    """What is done to every block; `plain` does the same without Polars."""

    def __init__(self, plan: Plan, program: Program, plain: Transform) -> None:
        self.plan = plan
        self.plain = plain
        places = dict(plan.used)
        self.inputs = {f"column_{places[name]}": i for i, name in enumerate(program.inputs)}
        self.schema: dict[str, pl.DataType] = {
            name: pl.Float64() if name in self.inputs else pl.String()
            for name in (f"column_{place}" for place in range(len(plan.columns)))
        }
        self.computing = computing(program)
        self.trusted: bool | None = None
        self.most_odd = _MOST_ODD

    def __call__(self, block: Block) -> Done:
        """The records that come out."""
        if self.trusted is None:
            self.trusted = self._agrees(block)
        return self._fast(block) if self.trusted else self.plain(block)

    def partial(self, block: Block, plain: Partially) -> Partial:
        """What is known of the rows together; the plan leaves out the input's columns."""
        if self.trusted is None:
            self.trusted = self._agrees(block)
        if not self.trusted:
            return plain(block)
        try:
            return self._partial(block, plain)
        except (OddBlockError, pl.exceptions.PolarsError):
            return plain(block)

    def _partial(self, block: Block, plain: Partially) -> Partial:
        found = self._query(_text(block.data)).collect()
        odd = found.to_series().is_null().arg_true().to_list()
        given = block.data.split(b"\n") if odd else []
        if odd and (len(given) != found.height + 1 or len(odd) > self.most_odd * found.height):
            raise OddBlockError
        good = found.filter(found.to_series().is_not_null()) if odd else found
        total = Partial(good.height, 0, tuple(exact(column.to_list()) for column in good), None)
        for row in odd:
            one = plain(Block(given[row] + b"\n", block.line + row, block.file))
            total = merged(total, one)
        return total

    def _agrees(self, block: Block) -> bool:
        """Whether the first rows come out as they should.

        Another version of Polars, or another machine's mathematical library, may round or spell
        otherwise.
        """
        if pl.DataFrame([_SPELLED]).write_csv(include_header=False).split() != spelled(_SPELLED):
            return False
        lines = block.data.split(b"\n", _PROBE)[:_PROBE]
        first = block._replace(data=b"\n".join(lines) + b"\n")
        return self._fast(first) == self.plain(first)

    def _fast(self, block: Block) -> Done:
        try:
            return self._done(block)
        except (OddBlockError, pl.exceptions.PolarsError):
            return self.plain(block)

    def _done(self, block: Block) -> Done:
        text = _text(block.data)
        stream = io.BytesIO()
        self._query(text).sink_csv(
            stream,
            include_header=False,
            separator=self.plan.separator,
            line_terminator=text.end,
            null_value=_MARK,
            quote_style="never",
        )
        written = stream.getvalue()
        if text.latin:
            written = written.decode().encode("latin-1")
        if _MARK.encode() in written:
            return self._mended(block, written)
        return Done(written, block.data.count(b"\n"), 0, None)

    def _query(self, text: _Text) -> pl.LazyFrame:
        """The records and the computed columns; of an odd row, the value is null."""
        quoted = b'"' in text.data
        records = _scan(text.data, _MARK, {"record": pl.String()})
        if quoted:
            _refuse_stray_quotes(records, self.plan.separator)
        cells = _scan(text.data, self.plan.separator, self.schema, '"' if quoted else None)
        inputs = cells.select(pl.col(name).alias(str(i)) for name, i in self.inputs.items())
        rows = pl.concat([records, inputs], how="horizontal")
        rows = rows.with_columns(self._regular(quoted).alias("fine"))
        outputs = self.computing(rows, ["record", "fine"])
        fine = pl.col("fine") & pl.all_horizontal(pl.exclude("record", "fine").is_finite())
        kept = [] if self.plan.only else ["record"]
        return outputs.select(
            *kept, pl.when(fine).then(pl.col("0")), pl.exclude("record", "fine", "0")
        )

    def _regular(self, quoted: bool) -> pl.Expr:
        """Whether a row has all its cells, and numbers where they are used."""
        numbers = pl.all_horizontal(pl.exclude("record").is_finite())
        if len(self.inputs) == len(self.plan.columns):
            return numbers  # a cell too few is no number, one too many is an error of Polars
        record, separator = pl.col("record"), self.plan.separator
        if quoted:
            record = record.str.replace_all(_QUOTED, "")
        count = record.str.count_matches(separator, literal=True)
        return (count == len(self.plan.columns) - 1) & numbers

    def _mended(self, block: Block, written: bytes) -> Done:
        """What was written, with the odd rows computed in the plain way."""
        given, lines = block.data.split(b"\n"), written.split(b"\n")
        mark = _MARK.encode()
        odd = [row for row, line in enumerate(lines) if mark in line]
        if len(given) != len(lines) or len(odd) > self.most_odd * len(lines):
            raise OddBlockError
        rows, bad = len(lines) - 1, 0
        first: Trouble | None = None
        for row in odd:
            done = self.plain(Block(given[row] + b"\n", block.line + row, block.file))
            lines[row] = done.data
            rows -= 1 - done.rows
            bad += done.bad
            first = first or done.first
        return Done(_joined(lines, odd), rows, bad, first)


def _joined(lines: list[bytes], ended: list[int]) -> bytes:
    """The lines with their ends, which some of them have."""
    pieces = []
    start = 0
    for row in [*ended, len(lines)]:
        pieces += [b"\n".join(lines[start:row]), b"\n" * (row > start and row < len(lines))]
        pieces += lines[row : row + 1]
        start = row + 1
    return b"".join(pieces)


def _text(data: bytes) -> _Text:
    """The text of a block.

    Raises:
        OddBlockError: Polars would read records otherwise than they stand.
    """
    if _MARK.encode() in data or data[-1:] != b"\n" or data.startswith(_BOM):
        raise OddBlockError
    end = "\n"
    if b"\r" in data:
        end = "\r\n"
        if not data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r"):
            raise OddBlockError
    if data.isascii() or _is_utf8(data):
        return _Text(data, end, latin=False)
    return _Text(data.decode("latin-1").encode(), end, latin=True)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _scan(
    data: bytes, separator: str, schema: dict[str, pl.DataType], quote: str | None = None
) -> pl.LazyFrame:
    return pl.scan_csv(
        data,
        has_header=False,
        schema=schema,
        separator=separator,
        quote_char=quote,
        ignore_errors=True,
    )


_QUOTED = '"[^"]*"'


def _refuse_stray_quotes(records: pl.LazyFrame, separator: str) -> None:
    """Quotation marks have to enclose whole fields, and no line end.

    Raises:
        OddBlockError: there are others.
    """
    field = f'(?:(?:{_QUOTED})+|[^"{separator}]*)'
    regular = pl.col("record").str.contains(f"^{field}(?:{re.escape(separator)}{field})*$")
    if not records.select(regular.fill_null(True).all()).collect().item():
        raise OddBlockError
