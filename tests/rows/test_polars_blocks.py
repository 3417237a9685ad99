"""Blocks computed by Polars: the same bytes, counts and reasons as in plain Python."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpcalc.codegen.program import program
from bpcalc.formula import parse
from bpcalc.rows import delimited
from bpcalc.rows.computing import Computing
from bpcalc.rows.plan import Block, Done, Transform, planned
from bpcalc.rows.records import whole_records

pytest.importorskip("polars")

from bpcalc.rows import polars_blocks
from bpcalc.rows.polars_blocks import PolarsTransform

sys.path.append(str(Path(__file__).parents[1] / "engine"))

from random_formulas import formulas

many = settings(max_examples=250, deadline=None, derandomize=True, database=None)


def both_ways(
    formula: str, columns: tuple[str, ...], separator: str = ",", only: bool = False
) -> tuple[Transform, PolarsTransform]:
    graph = parse(formula)
    plan = planned(graph, columns, {}, None, only=only)._replace(separator=separator)
    plain = delimited.transform(Computing(graph, plan))
    fast = PolarsTransform(plan, program(graph, plan.wrt), plain)
    fast.trusted = True
    fast.most_odd = 1.0
    return plain, fast


def assert_same(data: bytes, *ways: object) -> Done:
    plain, fast = both_ways(*ways)  # type: ignore[arg-type]
    block = Block(data, 7, "table.csv")
    found = plain(block)
    assert fast(block) == found
    return found


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-10, 10).map(repr),
    st.integers(-1000, 1000).map(str),
    st.from_regex(
        r"[+-]?([0-9]{1,25}\.?[0-9]{0,25}|\.[0-9]{1,9})([eE][+-]?[0-9]{1,3})?", fullmatch=True
    ),
)
ODD_NUMBERS = st.one_of(
    st.sampled_from(["", " ", "inf", "nan", "-inf", "Infinity", "1e400", "-1e999", "NA", "null"]),
    st.sampled_from(["1_000", "0x10", "1e", "--1", "true", "1.2.3", "1d5", "#1", "\u0661"]),
    st.sampled_from(["\uff11", "1\x1f", "1\xa0", "\xa01", "1\x0b"]),
)
SPACES = st.sampled_from(["", "", "", "", " ", "  ", "\t", "\x0c"])
PADDED = st.builds("{}{}{}".format, SPACES, NUMBERS, SPACES)
QUOTED = st.one_of(NUMBERS, st.text('ab ,;\t\n"é', max_size=6)).map(
    lambda text: '"' + text.replace('"', '""') + '"'
)
TEXTS = st.one_of(
    st.text(st.characters(exclude_characters='\n\r,\t"', exclude_categories=["Cs"]), max_size=6),
    st.sampled_from(["5' 10\"", 'a"b"', '"a"b', "\ufeff", "\x01", "\x02", "\x00", "#", "'"]),
)


@st.composite
def tables(draw: st.DrawFn, width: int, separator: str) -> bytes:
    """Rows that are odd more or less often, in more or less ways."""
    kinds = [NUMBERS]
    kinds += draw(st.lists(st.sampled_from([ODD_NUMBERS, PADDED, QUOTED, TEXTS]), max_size=3))
    cells = st.one_of(NUMBERS, *[NUMBERS] * draw(st.integers(0, 20)), *kinds)
    ragged = draw(st.integers(0, 3)) == 0
    ends = draw(st.sampled_from([["\n"], ["\n"], ["\r\n"], ["\n", "\r\n"]]))
    blank = draw(st.integers(0, 3)) == 0
    lines = []
    for _ in range(draw(st.integers(1, 30))):
        wide = draw(st.sampled_from([width] * 9 + [0, width - 1, width + 1])) if ragged else width
        if blank and draw(st.integers(0, 9)) == 0:
            wide = 0
        row = [draw(cells).replace(separator, ";") for _ in range(wide)]
        lines.append(separator.join(row) + draw(st.sampled_from(ends)))
    data = "".join(lines).encode()
    if draw(st.integers(0, 5)) == 0:
        data = data.replace("é".encode(), b"\xe9").replace(b"7", b"\xff")
    return data[: whole_records(data, separator)]


@many
@given(st.data())
def test_any_table_comes_out_the_same(data: st.DataObject) -> None:
    separator = data.draw(st.sampled_from([",", "\t"]))
    columns = data.draw(
        st.sampled_from([("x",), ("x", "y"), ("a", "y", "x"), ("y", "b", "x", "c")])
    )
    formula = "sqrt(x) + 1/x" if len(columns) == 1 else "x**2*y + log(y) + 2"
    only = data.draw(st.booleans())
    assert_same(data.draw(tables(len(columns), separator)), formula, columns, separator, only)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(formulas(), st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=40))
def test_any_formula_gives_the_same(formula: str, rows: list[tuple[str, ...]]) -> None:
    data = "".join(",".join(row) + "\n" for row in rows).encode()
    if parse(formula).variables:
        assert_same(data, formula, ("x", "y", "z"))


ROWS = b"".join(b"%d.5,%d.25\n" % (k, -k) for k in range(500))


def test_polars_is_trusted_where_it_agrees() -> None:
    plain, fast = both_ways("exp(x)/3 + y**2", ("x", "y"))
    fast.trusted = None
    assert fast(Block(ROWS, 2, "a.csv")) == plain(Block(ROWS, 2, "a.csv"))
    assert fast.trusted


@pytest.mark.parametrize("what", ["rounds", "spells"])
def test_a_polars_that_computes_otherwise_is_not_used(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of it might; the first rows tell."""
    plain, fast = both_ways("x/3", ("x", "y"))
    fast.trusted = None
    if what == "rounds":
        _, other = both_ways("x*(1/3)", ("x", "y"))
        fast.computing = other.computing
    else:
        monkeypatch.setattr(polars_blocks, "spelled", lambda numbers: list(map(repr, numbers)))
    assert fast(Block(ROWS, 2, "a.csv")) == plain(Block(ROWS, 2, "a.csv"))
    assert fast.trusted is False


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("1,2\r\n3,4\r\n", 0),
        ("1,2\n,4\n5,\n", 2),
        ("1,2\n3\n4,5,6\n7,8\n", 2),
        ("\n1,2\n\n", 0),
        ('"1","2"\n" 3 ",4\n', 0),
        ('"1","2\n"\n3,4\n', 0),
        ('"1""",2\n', 1),
        ("1_0,2\n0x1,2\n1e999,2\nnan,2\n 1, 2 \n", 4),
        ("1e-5,1e-7\n1e16,123456789012345678\n5e-324,-0.0\n", 0),
        ("\ufeff1,2\n", 1),
        ("1,2\x00\n", 1),
        ("-1,2\n", 1),
    ],
)
def test_what_polars_reads_otherwise(text: str, bad: int) -> None:
    assert assert_same(text.encode(), "sqrt(x)*y", ("x", "y")).bad == bad


def test_bytes_that_are_no_utf8_pass_through() -> None:
    data = b"1,\xe4\xff\n2,\xc3\n-1,\x80\n"
    assert assert_same(data, "log(x)", ("x", "a")).data.startswith(b"1,\xe4\xff,0.0,1.0\n2,\xc3,")
