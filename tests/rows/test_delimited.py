"""CSV and TSV: headers, cells, and what passes through byte for byte."""

from __future__ import annotations

import csv
import io
import math

import pytest
from engine.random_formulas import NAMES, formulas
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rows.mapping_runs import mapped

import bpcalc
from bpcalc.rows import fast, sources, tables
from bpcalc.rows.records import fields, whole_records


def test_a_row_gets_its_value_and_its_gradient() -> None:
    ran = mapped(b"x,y\n3,4\n0.5,-2\n", "x**2*y + y + 2")
    assert ran == (0, b"x,y,value,d_x,d_y\n3,4,42.0,24.0,10.0\n0.5,-2,-0.5,-2.0,1.25\n", "")


def test_columns_are_found_by_name_and_others_pass_through() -> None:
    table = "id;a,y,σ,x\nΩ 1,4,0,3\n".encode()
    assert mapped(table, "x*y").out == "id;a,y,σ,x,value,d_x,d_y\nΩ 1,4,0,3,12.0,4.0,3.0\n".encode()


def test_tabs_separate_a_tsv() -> None:
    assert mapped(b"x\ty\n1\t2,5\n", "x").out == b"x\ty\tvalue\td_x\n1\t2,5\t1.0\t1.0\n"


def test_options_bind_the_other_variables_and_have_gradients_too() -> None:
    assert mapped(b"x\n3\n", "w*x", "--w", "2").out == b"x,value,d_w,d_x\n3,6.0,3.0,2.0\n"


def test_wrt_narrows_and_orders() -> None:
    assert (
        mapped(b"x,y\n3,4\n", "x*y", "--wrt", "y,x").out == b"x,y,value,d_y,d_x\n3,4,12.0,3.0,4.0\n"
    )
    assert mapped(b"x,y\n3,4\n", "x*y", "--wrt", "y").out == b"x,y,value,d_y\n3,4,12.0,3.0\n"


def test_only_leaves_the_input_out() -> None:
    assert mapped(b"x,y\n3,4\n", "x*y", "--only").out == b"value,d_x,d_y\n12.0,4.0,3.0\n"


def test_a_header_comes_even_without_rows() -> None:
    for table in (b"x,y\n", b"x,y", b"x,y\n\n\n"):
        assert mapped(table, "x*y") == (0, b"x,y,value,d_x,d_y\n", "")


def test_a_formula_without_variables_has_the_same_value_in_every_row() -> None:
    assert mapped(b"a,b\n\n1,\n2,\n", "1 + 1").out == b"a,b,value\n1,,2.0\n2,,2.0\n"


# Headers


@pytest.mark.parametrize(
    ("header", "passed"),
    [
        (b"x,y", b"x,y"),
        (b"\xef\xbb\xbfx,y", b"\xef\xbb\xbfx,y"),
        (b'"x","y"', b'"x","y"'),
        (b" x , y ", b" x , y "),
        (b'" x ",y', b'" x ",y'),
    ],
)
def test_names_are_known_through_marks_quotes_and_spaces(header: bytes, passed: bytes) -> None:
    assert mapped(header + b"\n3,4\n", "x*y").out == passed + b",value,d_x,d_y\n3,4,12.0,4.0,3.0\n"


def test_the_byte_order_mark_goes_with_the_columns() -> None:
    assert mapped(b"\xef\xbb\xbfx\n3\n", "x", "--only").out == b"value,d_x\n3.0,1.0\n"


def test_a_name_is_the_same_however_its_accent_is_typed() -> None:
    assert mapped("e\u0301\n3\n".encode(), "\u00e9*2").out.endswith(b"\n3,6.0,2.0\n")


def test_a_quoted_name_may_hold_separators_and_line_ends() -> None:
    ran = mapped(b'"a,b\nc",x\n1,2\n', "x")
    assert ran.out == b'"a,b\nc",x,value,d_x\n1,2,2.0,1.0\n'
    assert "line 4" in mapped(b'"a,b\nc",x\n1,2\n1,\n', "x").err


def test_columns_may_be_called_like_options() -> None:
    assert mapped(b"input,set,only\n2,3,5\n", "input*set*only").out.endswith(
        b"30.0,15.0,10.0,6.0\n"
    )


def test_a_variable_called_like_an_option_is_bound_by_set() -> None:
    ran = mapped(b"x\n2\n", "x*only")
    assert ran.code == 2
    assert "--set only=1.5" in ran.err
    assert mapped(b"x\n2\n", "x*only", "--set", "only=3").out.endswith(b"\n2,6.0,3.0,2.0\n")


def test_a_column_called_like_a_constant_is_a_variable() -> None:
    assert mapped(b"e,x\n2,3\n", "e*x").out == b"e,x,value,d_e,d_x\n2,3,6.0,3.0,2.0\n"


def test_the_same_name_twice_matters_only_where_it_is_used() -> None:
    assert mapped(b"a,a,x\n1,2,3\n", "x").code == 0
    ran = mapped(b"x,a,x\n1,2,3\n", "x")
    assert (ran.code, ran.out) == (2, b"")
    assert "2 columns x: 1, 3" in ran.err


@pytest.mark.parametrize("name", ["value", "d_x"])
def test_a_clash_of_names_is_an_error_that_names_prefix(name: str) -> None:
    table = f"x,{name}\n1,2\n".encode()
    ran = mapped(table, "x")
    assert (ran.code, ran.out) == (2, b"")
    assert f"--prefix bp_ calls the new one bp_{name}" in ran.err
    assert mapped(table, "x", "--prefix", "bp_").out.startswith(
        f"x,{name},bp_value,bp_d_x\n".encode()
    )
    assert mapped(table, "x", "--only").out == b"value,d_x\n1.0,1.0\n"


def test_a_name_bound_twice_is_an_error() -> None:
    ran = mapped(b"x,y\n1,2\n", "x*y", "--y", "3")
    assert (ran.code, ran.out) == (2, b"")
    assert "y has two values: a column of the table, and 3" in ran.err


def test_a_variable_with_neither_lists_the_columns() -> None:
    ran = mapped(b"weight,y\n1,2\n", "wieght*y")
    assert (ran.code, ran.out) == (2, b"")
    assert "wieght has neither a column nor a value" in ran.err
    assert "the columns are weight, y" in ran.err
    assert "did you mean weight?" in ran.err


def test_a_value_without_a_variable_is_an_error() -> None:
    assert "no variable w" in mapped(b"x\n1\n", "x", "--w", "3").err


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (b"", "standard input is empty"),
        (b"\n\nx\n1\n", "the first line of standard input is empty"),
        (b"\xff\xfex\0\n\0", "UTF-16"),
        ("x,数\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + "x,数\n1,2\n".encode("utf-16-be"), "UTF-16"),
        (b"\xff\xfe\x01\x90\x00\x55\x00\xd8\x05\x02", "standard input is no text\n"),
        (b"x\0\n\0", "NUL bytes"),
        (b"x\r1\r2\r", "CR alone"),
        (b"\x1f\x8b\x08\0", "gzip -dc FILE | bpcalc map FORMULA -"),
        (b"PK\x03\x04....", "zip archive"),
        (b"\xfd7zXZ\0...", "packed with xz"),
        (b"PAR1....", "Parquet"),
        (b'[{"x": 1}]', "jq -c '.[]'"),
        (b"x;y\n1;2\n", "tr ';' ','"),
        (b'x,y\n1,"2\n', "line 2: a quotation mark is open"),
        (b'x,"y\n1,2\n', "line 1: a quotation mark is open"),
    ],
)
def test_what_is_no_table_is_refused_with_a_hint(table: bytes, said: str) -> None:
    ran = mapped(table, "x*y")
    assert ran.code == 2
    assert said in ran.err


# Cells


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("3", 3.0),
        (" 3 ", 3.0),
        ("+3", 3.0),
        ("-3.", -3.0),
        (".5", 0.5),
        ("1e-3", 0.001),
        ("1E+2", 100.0),
        ('"3"', 3.0),
        ('" 3"', 3.0),
        ("\t3\v", 3.0),
        ("5e-324", 5e-324),
        ("1e-400", 0.0),
        ("1.7976931348623157e308", 1.7976931348623157e308),
        ("0" * 400 + "7", 7.0),
    ],
)
def test_a_cell_that_is_a_number(cell: str, number: float) -> None:
    for table in (f"x,a\n{cell},1\n", f'x,a\n{cell},"1"\n', f"a,x\r\n1,{cell}\r\n"):
        ran = mapped(table.encode(), "x", "--only")
        assert (ran.code, ran.err) == (0, "")
        assert float(ran.out.split()[1].split(b",")[0]) == number


BAD_CELLS = [
    ("", "x is empty"),
    ("  ", "x is empty"),
    ('""', "x is empty"),
    ("abc", "x is 'abc', not a number"),
    ("nan", "x is 'nan', not a finite number"),
    ("-Infinity", "x is '-Infinity', not a finite number"),
    ("1e400", "x is '1e400', beyond the range of float64"),
    ("0x10", "x is '0x10', not a number"),
    ("1_000", "x is '1_000', not a number"),
    ('"1,000"', "x is '1,000', not a number"),
    ("1 000", "x is '1 000', not a number"),
    ("1 2", "x is '1 2', not a number"),
    ("٣", "x is '٣', not a number"),
    ("３", "x is '３', not a number"),
    ("3\xa0", "x is '3 ', not a number"),
    ("\x1f3", "not a number"),
    ('"3"4', "not a number"),
    ("1;5", "x is '1;5', not a number"),
    ("1\0", "not a number"),
    ("--1", "not a number"),
    ("1e", "not a number"),
    ("true", "not a number"),
]


@pytest.mark.parametrize(("cell", "said"), BAD_CELLS)
def test_a_cell_that_is_no_number_gives_nan_and_is_counted(cell: str, said: str) -> None:
    """Whether other rows are plain or not."""
    for other in ("7", '"7"', "b"):
        table = f"a,x\n{other},2\n{other},{cell}\n{other},3\n".encode()
        ran = mapped(table, "where(x > 0, x^2, 0) + 1")
        assert ran.code == 1
        assert ran.out.split(b"\n")[1:] == [
            f"{other},2,5.0,4.0".encode(),
            f"{other},{cell},NaN,NaN".encode(),
            f"{other},3,10.0,6.0".encode(),
            b"",
        ]
        assert ran.err.startswith(
            "warning: 1 of 3 rows could not be computed (NaN); the first is line 3: "
        )
        assert said in ran.err


def test_a_single_latin_1_byte_is_no_space() -> None:
    for byte in (b"\xa0", b"\x85", b"\xb2"):
        assert mapped(b"x\n3" + byte + b"\n", "x").out.endswith(b",NaN,NaN\n")


@pytest.mark.parametrize(
    ("row", "kept", "said"),
    [
        ("1", "1,,", "it has 1 field, and the header has 3"),
        ('"1",2', '"1",2,', "it has 2 fields, and the header has 3"),
        ("1,2,3,4", "1,2,3,4", "it has 4 fields, and the header has 3: all are kept, so NaN"),
    ],
)
@pytest.mark.parametrize("worth", [1, 1 << 30])
def test_a_ragged_row_gives_nan_and_says_how_many_fields_were_expected(
    row: str, kept: str, said: str, worth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing is added, so that NaN stands under its names; what is there is kept."""
    monkeypatch.setattr(fast, "WORTH", worth)
    monkeypatch.setattr(fast, "SMALL", worth)
    rows = "1,2,0\n" * 20
    ran = mapped(f"x,y,z\n{rows}{row}\n{rows}".encode(), "x*y")
    assert ran.code == 1
    same = "1,2,0,2.0,2.0,1.0\n" * 20
    assert ran.out.decode() == f"x,y,z,value,d_x,d_y\n{same}{kept},NaN,NaN,NaN\n{same}"
    assert f"line 22: {said}" in ran.err
    ran = mapped(f"x,y,z\n{row}\n".encode(), "x*y", "--only")
    assert ran.out == b"value,d_x,d_y\nNaN,NaN,NaN\n"
    assert "kept" not in ran.err


def test_rows_whose_errors_make_up_for_each_other_are_still_ragged() -> None:
    ran = mapped(b"x,y\n1\n1,2,3\n", "x*y")
    assert ran.err.startswith("warning: 2 of 2 rows")


def test_outside_the_domain_what_is_not_finite_is_nan() -> None:
    ran = mapped(b"x\n4\n0\n-1\n", "sqrt(x)")
    assert ran.out == b"x,value,d_x\n4,2.0,0.25\n0,0.0,NaN\n-1,NaN,NaN\n"
    assert "2 of 3 rows" in ran.err
    assert "line 3: the derivative of sqrt is infinite here" in ran.err


def test_a_sum_of_finite_results_may_overflow() -> None:
    ran = mapped(b"x\n1.5e308\n1.6e308\n-3\n", "x")
    assert (ran.code, ran.err) == (0, "")
    assert b"1.6e308,1.6e+308,1.0\n" in ran.out


@pytest.mark.parametrize("name", ["abs(x)", "x - x", "0*x"])
def test_a_bad_cell_is_bad_whatever_the_formula_makes_of_it(name: str) -> None:
    assert mapped(b"x\ninf\n", name).out.endswith(b"inf,NaN,NaN\n")


def test_many_bad_rows_are_counted_with_separators() -> None:
    ran = mapped(b"x\n" + b"a\n" * 1234 + b"1\n" * 6000, "x")
    assert ran.err.startswith("warning: 1,234 of 7,234 rows")


# Strict


def test_strict_stops_at_the_first_and_names_its_line() -> None:
    ran = mapped(b"x,\n1,\n\n4,\nabc,\n9,\n", "sqrt(x)", "--strict")
    assert (ran.code, ran.out) == (1, b"x,,value,d_x\n1,,1.0,0.5\n4,,2.0,0.25\n")
    assert ran.err == "error: standard input, line 5: x is 'abc', not a number\n"


def test_strict_says_of_a_domain_what_grad_says() -> None:
    ran = mapped(b'n,x\n"a\nb",1\nc,-2\n', "log(x) + 1", "--strict")
    assert (ran.code, ran.out) == (1, b'n,x,value,d_x\n"a\nb",1,1.0,1.0\n')
    assert ran.err.splitlines()[:4] == [
        "error: standard input, line 4: log needs a number above 0, and got -2.0",
        "  1 | log(x) + 1",
        "    | ^^^^^^",
        "  x = -2.0",
    ]


# Passing through


def test_line_ends_are_those_of_each_record() -> None:
    for table in (b"x\r\n1\r\n2\r\n", b"x\n1\n2\r\n3\n", b"x\r\n1\n2\r\n"):
        out = mapped(table, "x").out
        assert out.count(b"\r\n") == table.count(b"\r\n")
        assert [line[-1:] == b"\r" for line in out.split(b"\n")] == [
            line[-1:] == b"\r" for line in table.split(b"\n")
        ]


def test_a_last_line_without_an_end_gets_that_of_the_header() -> None:
    assert mapped(b"x\n1", "x").out == b"x,value,d_x\n1,1.0,1.0\n"
    assert mapped(b"x\r\n1", "x").out == b"x,value,d_x\r\n1,1.0,1.0\r\n"


def test_an_empty_line_is_no_row() -> None:
    ran = mapped(b"x,\n\n1,\n\r\n\n2,\n\n", "x")
    assert ran == (0, b"x,,value,d_x\n1,,1.0,1.0\n2,,2.0,1.0\n", "")


@pytest.mark.parametrize("worth", [1, 1 << 30])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_an_empty_line_of_a_single_column_is_an_empty_cell(
    end: bytes, worth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether Polars, where it is installed, has its part in it or not."""
    monkeypatch.setattr(fast, "WORTH", worth)
    monkeypatch.setattr(fast, "SMALL", worth)
    ran = mapped(b"x\n3\n\n5\n".replace(b"\n", end), "x^2")
    assert (ran.code, ran.out) == (
        1,
        b"x,value,d_x\n3,9.0,6.0\n,NaN,NaN\n5,25.0,10.0\n".replace(b"\n", end),
    )
    assert "1 of 3 rows could not be computed (NaN); the first is line 3: x is empty" in ran.err
    table = b"x\n" + b"2\n" * 50 + b"\n" * 2 + b"2\n" * 50
    ran = mapped(table, "x^2", "--only")
    assert ran.out == b"value,d_x\n" + b"4.0,4.0\n" * 50 + b"NaN,NaN\n" * 2 + b"4.0,4.0\n" * 50
    assert mapped(table, "x", "--reduce", "sum").out == b"value,d_x\n200.0,100.0\n"
    assert mapped(b"a\n\n", "1 + 1").out == b"a,value\n,2.0\n"


def test_bytes_that_are_no_text_pass_through() -> None:
    assert mapped(b"\xfe,x\n\xff\xfe\0,1\n", "x").out == b"\xfe,x,value,d_x\n\xff\xfe\0,1,1.0,1.0\n"


def test_a_quotation_mark_within_a_field_is_a_character() -> None:
    ran = mapped(b'size,x\n5" pipe,1\n3" pipe,2\n', "x")
    assert ran.out == b'size,x,value,d_x\n5" pipe,1,1.0,1.0\n3" pipe,2,2.0,1.0\n'


texts = st.text(st.sampled_from('ab,"\n\r\t é数0'), max_size=6)
plain = st.text(st.sampled_from("ab é数0._"), max_size=6)
numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


@st.composite
def a_table(draw: st.DrawFn) -> tuple[list[list[str]], list[bytes], str]:
    """Rows of cells (two of them numbers), their bytes, and the separator."""
    separator = draw(st.sampled_from(",\t"))
    cells = texts if draw(st.booleans()) else plain
    always = draw(st.booleans())
    rows = [["a", "x", "b", "y", "c"]]
    for _ in range(draw(st.integers(0, 6))):
        x, y = repr(draw(numbers)), repr(draw(numbers))
        rows.append([draw(cells), x, draw(cells), y, draw(cells)])
    lines = []
    for row in rows:
        stream = io.StringIO()
        ends = draw(st.sampled_from(["\n", "\r\n"]))
        quoting = csv.QUOTE_ALL if always else csv.QUOTE_MINIMAL
        csv.writer(stream, delimiter=separator, lineterminator=ends, quoting=quoting).writerow(row)
        lines.append(stream.getvalue().encode())
    return rows, lines, separator


@settings(max_examples=200, deadline=None)
@given(a_table())
def test_random_tables_pass_through_byte_for_byte(
    table: tuple[list[list[str]], list[bytes], str],
) -> None:
    rows, lines, separator = table
    kind = "csv" if separator == "," else "tsv"
    ran = mapped(b"".join(lines), "x + y", "--input", kind)
    assert ran.code in (0, 1)
    expected = []
    for row, line in zip(rows, lines):
        end = b"\r\n" if line.endswith(b"\r\n") else b"\n"
        if row is rows[0]:
            new = ["value", "d_x", "d_y"]
        else:
            total = float(row[1]) + float(row[3])
            new = [_spelled(total), "1.0", "1.0"]
        expected.append(line.removesuffix(end) + (separator + separator.join(new)).encode() + end)
    assert ran.out == b"".join(expected)


def _spelled(number: float) -> str:
    from bpcalc.rows.spelling import spelled_or_nan

    return spelled_or_nan([number])[0]


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from('ab,"\n'), max_size=30))
def test_records_and_fields_are_those_of_the_csv_module(text: str) -> None:
    whole = text + '"' * (not _ends_outside_quotes(text + "\n")) + "\n"
    end = whole_records(whole.encode(), ",")
    assert end == len(whole)
    found = list(csv.reader(io.StringIO(whole, newline="")))
    ours = [record.removesuffix("\n") for record in tables.record_pattern(",").findall(whole)]
    assert [len(fields(record, ",")) for record in ours if record] == [len(r) for r in found if r]


def _ends_outside_quotes(text: str) -> bool:
    return whole_records(text.encode(), ",") == len(text)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_the_numbers_are_those_of_grad_to_the_bit(data: st.DataObject) -> None:
    formula = data.draw(formulas())
    points = data.draw(st.lists(st.tuples(*[st.floats(-3, 3)] * 3), min_size=1, max_size=4))
    used = bpcalc.parse(formula, NAMES).variables
    lines = [",".join(NAMES), *[",".join(map(repr, point)) for point in points]]
    ran = mapped("\n".join(lines).encode(), formula, "--only")
    for point, line in zip(points, ran.out.decode().splitlines()[1:]):
        values = {name: x for name, x in zip(NAMES, point) if name in used}
        result = bpcalc.grad(formula, values, check=False)
        expected = [result.value, *result.gradient.values()]
        assert [*map(float, line.split(","))] == pytest.approx(
            [x if math.isfinite(x) else math.nan for x in expected], rel=0, abs=0, nan_ok=True
        )


# Blocks


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_the_result_does_not_depend_on_how_the_input_arrives(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = b'\xef\xbb\xbfn,x\r\n"a\n""b"",",1\n\nc,2\r\n5" d,x\ne,"3"\n"\xff\n\n",4\nf'
    whole = mapped(table, "x^2")
    assert whole.code == 1
    assert "2 of 6 rows" in whole.err
    monkeypatch.setattr(sources, "BLOCK", size)
    assert mapped(table, "x^2") == whole


def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sources, "LONGEST", 1 << 20)
    ran = mapped(b"x\n1\n" + b"2" * (1 << 22), "x")
    assert ran.code == 2
    assert ran.err.startswith("error: standard input, line 3: the line is longer than 1 MB")
    ran = mapped(b'x\n1\n"' + b"2\n" * (1 << 21), "x")
    assert "line 3: the line is longer than 1 MB" in ran.err
    assert "a quotation mark may be open" in ran.err
    assert "line 1" in mapped(b"2" * (1 << 22), "x").err
