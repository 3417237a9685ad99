"""JSON lines: members, what passes through, lines that are no objects."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows.mapping_runs import mapped

from bpcalc.rows import sources


def test_the_new_members_stand_before_the_last_brace() -> None:
    ran = mapped(b'{"id": "a", "x": 3,"y":4}\n{"y": 1, "x": 2 , "z": {"x": 9} }\n', "x*y")
    assert ran.out == (
        b'{"id": "a", "x": 3,"y":4, "value": 12.0, "d_x": 4.0, "d_y": 3.0}\n'
        b'{"y": 1, "x": 2 , "z": {"x": 9}, "value": 2.0, "d_x": 1.0, "d_y": 2.0}\n'
    )


def test_an_object_without_members_gets_no_comma() -> None:
    assert mapped(b"{}\n{ }\n", "1 + 1").out == b'{"value": 2.0}\n{"value": 2.0}\n'


def test_only_prefix_and_wrt() -> None:
    table = b'{"x": 3, "y": 4, "value": 1}\n'
    assert mapped(table, "x*y", "--only", "--wrt", "y").out == b'{"value": 12.0, "d_y": 3.0}\n'
    assert mapped(table, "x*y", "--prefix", 'a"', "--wrt", "y").out == (
        b'{"x": 3, "y": 4, "value": 1, "a\\"value": 12.0, "a\\"d_y": 3.0}\n'
    )


def test_line_ends_and_spaces_stay_and_empty_lines_are_no_rows() -> None:
    ran = mapped(b'\xef\xbb\xbf{"x": 1}\r\n\n  {"x": 2}\t\n{"x": 3}', "x")
    assert ran.out == (
        b'\xef\xbb\xbf{"x": 1, "value": 1.0, "d_x": 1.0}\r\n'
        b'  {"x": 2, "value": 2.0, "d_x": 1.0}\t\n'
        b'{"x": 3, "value": 3.0, "d_x": 1.0}\n'
    )


def test_the_byte_order_mark_goes_with_the_first_object() -> None:
    table = b'\xef\xbb\xbf{"x": 1}\n'
    assert mapped(table, "x", "--only").out == b'{"value": 1.0, "d_x": 1.0}\n'
    assert mapped(table, "x", "--format", "json").out.startswith(b"{")
    assert mapped(table, "x", "--reduce", "sum").out == b'{"value": 1.0, "d_x": 1.0}\n'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"x": null}', "x is null, not a number"),
        ('{"x": true}', "x is true or false, not a number"),
        ('{"x": "3"}', 'x is "3", text and not a number'),
        ('{"x": [1]}', "x is a list, not a number"),
        ('{"x": {}}', "x is an object, not a number"),
        ('{"x": 1e999}', "x is beyond the range of float64"),
        ('{"x": NaN}', "x is beyond the range of float64, or not finite"),
        ('{"y": 1}', "x is missing"),
        ('{"x": 1, "x": 2}', "x is there twice"),
        ("{}", "x is missing"),
    ],
)
def test_an_object_without_its_number_passes_through_with_nan(line: str, said: str) -> None:
    ran = mapped(f'{{"x": 1}}\n{line}\n{{"x": 2}}\n'.encode(), "x")
    assert ran.code == 1
    comma = ", " if len(line) > 2 else ""
    assert ran.out.splitlines()[1].decode() == f'{line[:-1]}{comma}"value": "NaN", "d_x": "NaN"}}'
    assert f"1 of 3 rows could not be computed (NaN); the first is line 2: {said}" in ran.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{nope", "it is not JSON: see column 2"),
        ("[1, 2]", "it is no JSON object"),
        ("3", "it is no JSON object"),
        ("null", "it is no JSON object"),
        ('{"x": 1} {"x": 2}', "it is not JSON"),
        ("[" * 100_000, "it is nested too deeply"),
        ('{"x": 1', "it is not JSON"),
    ],
)
def test_for_a_line_that_is_no_object_only_the_new_members_come_out(line: str, said: str) -> None:
    ran = mapped(f'{{"x": 1}}\n{line}\n{{"x": 2}}\n'.encode(), "x")
    assert ran.code == 1
    assert ran.out.splitlines()[1] == b'{"value": "NaN", "d_x": "NaN"}'
    assert said in ran.err


def test_twice_is_no_matter_where_it_is_not_used() -> None:
    assert mapped(b'{"a": 1, "a": 2, "x": 3}\n', "x").out == (
        b'{"a": 1, "a": 2, "x": 3, "value": 3.0, "d_x": 1.0}\n'
    )


def test_the_first_object_says_which_members_there_are() -> None:
    ran = mapped(b'{"x": 1}\n', "x*y")
    assert (ran.code, ran.out) == (2, b"")
    assert "the columns are x" in ran.err
    assert mapped(b'3\n{"x": 1}\n', "x", "--input", "jsonl").code == 1


def test_no_lines_are_no_rows() -> None:
    assert mapped(b"", "x*y", "--y", "2", "--input", "jsonl") == (0, b"", "")
    assert mapped(b"\n\n", "x", "--input", "jsonl") == (0, b"", "")


@pytest.mark.parametrize(
    ("later", "said"),
    [
        ('{"x": 1, "value": 2}', "line 2: the object already has a member value"),
        ('{"x": 1, "w": 2}', "line 2: w has two values"),
    ],
)
def test_a_later_clash_is_an_error_too(later: str, said: str) -> None:
    ran = mapped(f'{{"x": 1}}\n{later}\n'.encode(), "x*w", "--w", "3")
    assert ran.code == 2
    assert said in ran.err


@pytest.mark.parametrize("size", [1, 12, 1000])
@pytest.mark.parametrize("clash", [b'{"x": 1, "value": 2}\n', b'{"x": 1, "w": 2}\n'])
def test_the_rows_before_a_clash_come_out(
    size: int, clash: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "BLOCK", size)
    rows = b'{"x": 1}\n' * 2
    ran = mapped(rows + clash + rows, "x*w", "--w", "3")
    assert (ran.code, ran.out) == (2, b'{"x": 1, "value": 3.0, "d_x": 3.0, "d_w": 1.0}\n' * 2)
    assert "line 3" in ran.err
    ran = mapped(rows + b'{"x": null}\n' + clash, "x*w", "--w", "3", "--strict")
    assert (ran.code, ran.out.count(b"\n")) == (1, 2)
    if b"w" in clash:
        assert mapped(rows + clash, "x*w", "--w", "3", "--reduce", "sum")[:2] == (2, b"")


def test_strict_stops_and_names_the_line() -> None:
    ran = mapped(b'{"x": 1}\n\n{"x": -1}\n', "sqrt(x)", "--strict")
    assert (ran.code, ran.out) == (1, b'{"x": 1, "value": 1.0, "d_x": 0.5}\n')
    assert "line 3: sqrt needs a number of at least 0, and got -1.0" in ran.err


def test_a_number_of_five_thousand_digits_is_read() -> None:
    ran = mapped(b'{"x": 1, "big": ' + b"7" * 5000 + b"}\n", "x")
    assert ran.code == 0


values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
objects = st.dictionaries(st.text().filter(lambda key: key not in ("x", "value", "d_x")), values)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(objects, st.floats(-9, 9), st.booleans()), min_size=1, max_size=4))
def test_random_objects_pass_through(rows: list[tuple[dict[str, object], float, bool]]) -> None:
    lines = [json.dumps({**found, "x": x}, ensure_ascii=short) for found, x, short in rows]
    ran = mapped("\n".join(lines).encode("utf-8", "surrogatepass"), "x^2")
    assert (ran.code, ran.err) == (0, "")
    for (_, x, _), line, out in zip(rows, lines, ran.out.split(b"\n")):
        assert out.startswith(line[:-1].encode("utf-8", "surrogatepass"))
        assert json.loads(out)["value"] == x**2
        assert json.loads(out)["d_x"] == 2 * x
