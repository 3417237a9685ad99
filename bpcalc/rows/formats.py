"""Which format a table has, and how its blocks are computed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from bpcalc.errors import RequestError, printable
from bpcalc.rows import delimited, json_lines, tables
from bpcalc.rows.computing import Computing
from bpcalc.rows.fast import is_installed
from bpcalc.rows.plan import Block, Done, Transform
from bpcalc.rows.sources import STANDARD_INPUT, Source
from bpcalc.rows.tables import Rows

KINDS = ("csv", "tsv", "jsonl")
SEPARATORS = {"csv": ",", "tsv": "\t", "jsonl": ""}
EXTENSIONS = {
    **{".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"},
    **{".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow"},
}
COLUMNAR = ("parquet", "arrow")
"""The formats that only a columnar engine reads."""
ONE = {"parquet": "a Parquet file", "arrow": "an Arrow file"}
"""How messages call a file of these."""


class Way(NamedTuple):
    """How the blocks of a format are computed."""

    rows: Callable[[Block], Rows]
    """What stands in a block."""
    transform: Transform


def way(kind: str, computing: Computing) -> Way:
    """How blocks of this kind are computed by the plan."""
    plan = computing.plan
    if kind in COLUMNAR:
        from bpcalc.rows import polars_tables

        return Way(lambda block: polars_tables.rows(plan, block), _no_transform)
    if kind == "jsonl":
        return Way(lambda block: json_lines.rows(plan, block)[0], json_lines.transform(computing))
    return Way(lambda block: tables.rows(plan, block), delimited.transform(computing))


def _no_transform(block: Block) -> Done:
    raise AssertionError("a columnar table is written as a whole")


def extension(name: str) -> str:
    """`.csv` of `data.CSV`."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122  (pathlib costs 8 ms of start-up)


def kind_by_names(names: Sequence[str]) -> str | None:
    """The format that the files' extensions say; None where they say nothing.

    Raises:
        RequestError: they say different things, or a format that needs the columnar engine.
    """
    found = None
    for name in names:
        kind = EXTENSIONS.get(extension(name)) if name != STANDARD_INPUT else None
        if kind in COLUMNAR and not is_installed():
            raise RequestError(
                f"{printable(name, 80)} is read by the columnar engine, which is not installed",
                hint='pip install "bpcalc[fast]"',
            )
        if kind and found and kind != found[0]:
            raise RequestError(
                f"tables of one run have one format, and {printable(found[1], 60)} is {found[0]}, "
                f"{printable(name, 60)} {kind}",
                hint="--input csv, tsv or jsonl says what they all are",
            )
        if kind:
            found = (kind, name)
    return found[0] if found else None


def sniffed(source: Source) -> str:
    """The format that the first line looks like.

    Raises:
        RequestError: there is none, or it is that of an array.
    """
    line = source.first_line().lstrip()
    if not line and source.empty:
        raise RequestError(
            f"{source.shown} is empty",
            hint="the first line of a table names its columns; --input jsonl may have no lines",
        )
    if line.startswith(b"{"):
        return "jsonl"
    if line.startswith(b"["):
        raise RequestError(
            f"{source.shown} looks like a JSON array, and JSON lines have an object on each line",
            hint="jq -c '.[]' makes lines of it; --input csv reads it as a table all the same",
        )
    return "tsv" if b"\t" in line else "csv"
