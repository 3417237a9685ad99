"""`--reduce`: sums that do not depend on how rows are divided, and what is left out."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import permutations
from math import fsum, inf

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
        mapped(TABLE, "sqrt(x)", "--reduce", "mean").out == b"value,d_x\n2.0,0.3055555555555556\n"
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
        "gradient": {"x": 0.3055555555555556},
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
    assert (ran.code, ran.out) == (1, b"value,d_x\nInfinity,2.0\n")
    assert "overflows" in ran.err
    words = ["-x", "--reduce", "sum"]
    lines = b'{"x": 1.7e308}\n' * 2
    assert mapped(lines, *words).out == b'{"value": "-Infinity", "d_x": -2.0}\n'
    assert json.loads(mapped(lines, *words, "--format", "json").out)["value"] == "-Infinity"
    assert mapped(lines, *words, "--get", "value").out == b"-Infinity\n"


LARGE = ["1e308", "1e308", "-1e308", "-1e308", "5", "1e-300"]


@pytest.mark.parametrize("size", [1, 9, 1000])
def test_an_overflow_on_the_way_to_a_sum_is_none(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "BLOCK", size)
    for order in permutations(LARGE):
        table = "\n".join(["x", *order]).encode()
        assert mapped(table, "x", "--reduce", "sum") == (0, b"value,d_x\n5.0,6.0\n", "")


def test_a_mean_is_within_the_numbers_and_rounded_once() -> None:
    for cell, said in ((b"1e308", b"1e+308"), (b"-1.7e308", b"-1.7e+308"), (b"5e-324", b"5e-324")):
        ran = mapped(b"x\n" + 3 * (cell + b"\n"), "x", "--reduce", "mean")
        assert ran == (0, b"value,d_x\n" + said + b",1.0\n", "")
    ran = mapped(b"x\n0.1\n0.2\n0.9\n", "x", "--reduce", "mean")
    expected = float(sum(map(Fraction, [0.1, 0.2, 0.9])) / 3)
    assert expected != fsum([0.1, 0.2, 0.9]) / 3
    assert float(ran.out.split()[1].partition(b",")[0]) == expected


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


finite = st.floats(-1e300, 1e300) | st.floats(allow_nan=False, allow_infinity=False)


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
        assert reduced("sum", found) == (_rounded(sum(map(Fraction, numbers))),)


def _rounded(number: Fraction | int) -> float:
    try:
        return float(number)
    except OverflowError:
        return inf if number > 0 else -inf


def test_what_is_kept_stays_small() -> None:
    total = nothing(1)
    for k in range(2000):
        total = merged(total, of([10.0 ** (k % 608 - 300), 1 / (k + 1)]))
    assert total.sums[0].bit_length() < 2200
