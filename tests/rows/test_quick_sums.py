"""`--reduce` where Polars computes the rows: the same sums to the bit, counts and reasons."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows.mapping_runs import mapped
from rows.test_polars_blocks import both_ways, tables

from bpcalc.formula import parse
from bpcalc.rows import delimited, fast, formats, mapping, parallel
from bpcalc.rows import tables as text_tables
from bpcalc.rows.computing import Computing
from bpcalc.rows.plan import Block
from bpcalc.rows.reducing import Partial

pl = pytest.importorskip("polars")


def both_sums(formula: str, columns: tuple[str, ...], separator: str, data: bytes) -> list[Partial]:
    """What is known of a block, in plain Python and by Polars."""
    _, quick = both_ways(formula, columns, separator, True)
    computing = Computing(parse(formula), quick.plan)
    way = formats.Way(
        lambda block: text_tables.rows(quick.plan, block), delimited.transform(computing)
    )
    plain = mapping.partially(way, computing)
    block = Block(data, 7, "table.csv")
    return [plain(block), quick.partial(block, plain)]


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_any_table_has_the_same_sums(data: st.DataObject) -> None:
    separator = data.draw(st.sampled_from([",", "\t"]))
    columns = data.draw(st.sampled_from([("x",), ("x", "y"), ("y", "b", "x", "c")]))
    formula = "sqrt(x) + 1/x" if len(columns) == 1 else "x**2*y + log(y) + 2"
    plain, quick = both_sums(
        formula, columns, separator, data.draw(tables(len(columns), separator))
    )
    assert quick == plain


def rows(count: int) -> list[tuple[float, float | None]]:
    draw = random.Random(3)
    found: list[tuple[float, float | None]] = [
        (draw.gauss(0, 1) * 10.0 ** draw.randrange(-9, 9), draw.random() - 0.01)
        for _ in range(count)
    ]
    found[count // 2] = (1.0, None)
    return found


@pytest.mark.parametrize("words", [["--reduce", "sum"], ["--reduce", "mean", "--format", "json"]])
def test_polars_sums_as_plain_python_does(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = rows(9000)
    text = "x,y\n" + "".join(f"{x!r},{'' if y is None else repr(y)}\n" for x, y in table)
    words = ["x*sqrt(y) + x", *words]
    plain = mapped(text.encode(), *words)
    assert plain.code == 1
    monkeypatch.setattr(fast, "WORTH", 1 << 14)
    monkeypatch.setattr(fast, "SMALL", 1 << 12)
    monkeypatch.setattr(parallel, "LARGEST", 1 << 16)
    begun: list[bool] = []
    monkeypatch.setattr(fast.FastTransform, "begun", _noting(begun))
    assert mapped(text.encode(), *words) == plain
    assert begun
    path = tmp_path / "t.parquet"
    pl.DataFrame(table, schema=dict.fromkeys("xy", pl.Float64), orient="row").write_parquet(path)
    monkeypatch.setattr("bpcalc.rows.polars_tables._ROWS", 1000)
    words = [words[0], *words[1:3], "--format", "json"]
    ran = mapped(b"", *words, str(path))
    assert ran.out == mapped(text.encode(), *words).out != b""
    said = plain.err.partition(";")[0]
    bad = next(k for k, (_, y) in enumerate(table, 1) if y is None or y < 0)
    assert ran.err.startswith(f"{said}; the first is row {bad:,}: ")


def _noting(begun: list[bool]) -> object:
    before = fast.FastTransform.begun

    def noted(self: fast.FastTransform) -> object:
        begun.append(True)
        return before(self)

    return noted
