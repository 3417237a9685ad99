"""`--reduce`: sums that do not depend on how rows are divided, and what is left out."""

from __future__ import annotations

import json
from math import fsum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows.mapping_runs import mapped

from bpcalc.rows import sources
from bpcalc.rows.computing import Computed
from bpcalc.rows.reducing import Partial, merged, nothing, partial, reduced

TABLE = b"n,x\na,1\nb,4\nc,\nd,9\n"


def test_a_row_of_sums_or_means_over_all_rows_that_could_be_computed() -> None:
    ran = mapped(TABLE, "sqrt(x)", "--reduce", "sum")
    assert (ran.code, ran.out) == (1, b"value,d_x\n6.0,0.9166666666666666\n")
    assert ran.err == (
        "warning: 1 of 4 rows could not be computed (left out); the first is line 4: x is empty\n"
    )
    assert (
        mapped(TABLE, "sqrt(x)", "--reduce", "mean").out == b"value,d_x\n2.0,0.3055555555555555\n"
    )


def test_the_format_is_that_of_the_input_or_json() -> None:
    assert (
        mapped(b"x\ty\n1\t2\n", "x*y", "--reduce", "sum").out == b"value\td_x\td_y\n2.0\t2.0\t1.0\n"
    )
    lines = b'{"x": 1}\n{"x": 2}\n'
    assert mapped(lines, "x*w", "--w", "3", "--wrt", "w", "--reduce", "sum").out == (
        b'{"value": 9.0, "d_w": 3.0}\n'
    )
    data = json.loads(mapped(TABLE, "sqrt(x)", "--reduce", "mean", "--format", "json").out)
    assert data == {
        "bpcalc": 1,
        "formula": "sqrt(x)",
        "reduce": "mean",
        "count": 4,
        "bad": 1,
        "value": 2.0,
        "gradient": {"x": fsum([0.5, 0.25, 1 / 6]) / 3},
    }


def test_get_prints_one_value() -> None:
    assert mapped(b"x\n1\n2\n", "x^2", "--reduce", "sum", "--get", "gradient.x").out == b"6.0\n"
    assert mapped(b"x\n1\n", "x", "--get", "value").code == 2


def test_no_rows_sum_up_to_nothing_and_have_no_mean() -> None:
    assert mapped(b"x\n", "x", "--reduce", "sum") == (0, b"value,d_x\n0.0,0.0\n", "")
    ran = mapped(b"x\n", "x", "--reduce", "mean")
    assert (ran.code, ran.out) == (1, b"value,d_x\nNaN,NaN\n")
    assert "no row to take the mean of" in ran.err


def test_a_sum_beyond_the_range_is_an_error() -> None:
    ran = mapped(b"x\n1.7e308\n1.7e308\n", "x", "--reduce", "sum")
    assert (ran.code, ran.out) == (1, b"value,d_x\nNaN,2.0\n")
    assert "overflows" in ran.err


def test_strict_stops_a_reduction() -> None:
    ran = mapped(TABLE, "sqrt(x)", "--reduce", "sum", "--strict")
    assert (ran.code, ran.out) == (1, b"")
    assert ran.err == "error: standard input, line 4: x is empty\n"


@pytest.mark.parametrize("size", [1, 5, 100])
def test_blocks_make_no_difference(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    table = b"x\n" + b"".join(b"%r\n" % (1 / k) for k in range(1, 200))
    whole = mapped(table, "sin(x)*1e10", "--reduce", "mean")
    monkeypatch.setattr(sources, "BLOCK", size)
    assert mapped(table, "sin(x)*1e10", "--reduce", "mean") == whole


finite = st.floats(-1e300, 1e300)


def of(numbers: list[float]) -> Partial:
    return partial("t", len(numbers), Computed([(x,) for x in numbers], [], None), 1)


@settings(deadline=None)
@given(st.lists(st.lists(finite, max_size=5), max_size=5))
def test_merged_parts_have_the_sum_of_the_whole(parts: list[list[float]]) -> None:
    numbers = [x for part in parts for x in part]
    total = nothing(1)
    for part in parts:
        total = merged(total, of(part))
    backwards = nothing(1)
    for part in reversed(parts):
        backwards = merged(of(part), backwards)
    for found in (total, backwards):
        assert found.rows == len(numbers)
        assert reduced("sum", found) == (fsum(numbers),)


def test_what_is_kept_stays_small() -> None:
    total = nothing(1)
    for k in range(2000):
        total = merged(total, of([10.0 ** (k % 600 - 300), 1 / (k + 1)]))
    assert len(total.sums[0]) <= 40
