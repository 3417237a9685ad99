"""`--W @FILE`: arrays from .npy, .csv and .json files, and everything that is none."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli.running import Ran, called
from hypothesis import given, settings
from hypothesis import strategies as st

from bpcalc.cli import array_files
from bpcalc.errors import RequestError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def held(name: str, data: str | bytes) -> None:
    Path(name).write_bytes(data if isinstance(data, bytes) else data.encode())


def value_of(word: str, formula: str = "2*x") -> Any:
    """What `grad` makes of the values of a file."""
    shape = np.shape(array_files.from_file("x", word))
    upstream = json.dumps(np.ones(shape).tolist()) if "sum" not in formula else "1"
    words = ("--x", word, "--upstream", upstream, "--no-check", "--get", "value")
    ran = called("grad", formula, *words)
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)


def refused(word: str) -> Ran:
    ran = called("grad", "sum(x)", "--x", word, "--no-check")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert "bpcalc failed" not in ran.err
    return ran


def saved(array: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asanyarray(array), **options)
    return stream.getvalue()


# .npy


@pytest.mark.parametrize(
    "array",
    [
        np.array([1.5, 2.0]),
        np.asfortranarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        np.array([[1, 2], [3, 4]], dtype=">i4"),
        np.array([1.5, 2.0], dtype=">f8"),
        np.array([1, 2], dtype="u1"),
        np.array([0.5, 2.0], dtype="f2"),
        np.array([0.5, 2.0], dtype="longdouble"),
        np.arange(24.0).reshape(2, 3, 4),
        np.array(3.0),
    ],
)
def test_an_npy_file_is_the_array_that_was_saved(array: Any) -> None:
    np.save("x.npy", array)
    assert value_of("@x.npy") == (2.0 * array.astype(float)).tolist()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_npy_is_read(version: tuple[int, int]) -> None:
    held("x.npy", saved([1.0, 2.0], version=version))
    assert value_of("@x.npy") == [2.0, 4.0]


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.array([1j]), "complex numbers"),
        (np.array([True]), "truth values"),
        (np.array(["x"]), "texts"),
        (np.array(["2020-01-01"], "M8[D]"), "dates"),
        (np.zeros(2, dtype=[("secret", "f8")]), "records"),
        (np.zeros((0, 3)), "empty array: its shape is (0, 3)"),
        (np.array([[1.0, 2.0], [np.nan, 3.0]]), "x[1, 0] is nan"),
        (np.array([1.0, np.inf]), "x[1] is inf"),
    ],
)
def test_an_npy_file_without_numbers_is_refused(array: Any, said: str) -> None:
    np.save("x.npy", array)
    ran = refused("@x.npy")
    assert said in ran.err
    assert "secret" not in ran.err


class Executed:
    """What a pickle of it would do is to make a file."""

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return Path.write_text, (Path("executed"), "")  # type: ignore[return-value]


def test_objects_and_pickles_are_refused_and_nothing_is_executed(folder: Path) -> None:
    np.save("x.npy", np.array([Executed()], dtype=object), allow_pickle=True)
    assert "objects" in refused("@x.npy").err
    held("x.npy", pickle.dumps(Executed()))
    assert "a pickle, which could execute code" in refused("@x.npy").err
    assert not (folder / "executed").exists()


def with_shape(shape: str) -> bytes:
    """The bytes of an .npy file of four numbers whose header tells another shape."""
    data = saved(np.ones(4))
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
    length = int.from_bytes(data[8:10], "little")
    return data[:10] + header.ljust(length - 1).encode() + b"\n" + data[10 + length :]


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("(1000000000000,)", "promises 1,000,000,000,000 elements"),
        ("(1000000, 1000000, 1000000)", "promises 1,000,000,000,000,000,000 elements"),
        ("(5,)", "promises 5 elements"),
        ("(-2, -2)", "damaged .npy header"),
        ("(True, 4)", "damaged .npy header"),
        ("(2.0, 2)", "damaged .npy header"),
        ("4", "damaged .npy header"),
        ("(0, 99999999999999999999999)", "empty array"),
    ],
)
def test_a_header_that_promises_what_the_file_does_not_hold(shape: str, said: str) -> None:
    held("x.npy", with_shape(shape))
    assert said in refused("@x.npy").err


def test_as_many_axes_as_numpy_has_and_no_more() -> None:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({'1, ' * 65})}}"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(8)
    held("x.npy", data)
    assert "damaged .npy header" in refused("@x.npy").err
    np.save("x.npy", np.ones((1,) * 64))
    assert value_of("@x.npy", "sum(x)") == 1.0


@pytest.mark.parametrize("length", [0, 5, 7, 8, 9, 30, 100, 159])
def test_a_truncated_npy_file(length: int) -> None:
    held("x.npy", saved(np.ones(4))[:length])
    refused("@x.npy")


def test_an_npy_file_of_a_version_to_come() -> None:
    data = saved(np.ones(4))
    held("x.npy", data[:6] + b"\x09\x00" + data[8:])
    assert "unknown version 9" in refused("@x.npy").err


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_an_npy_file_with_damaged_bytes_ends_cleanly(data: st.DataObject) -> None:
    content = bytearray(saved(np.ones((2, 2))))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    held("x.npy", bytes(content))
    ran = called("grad", "sum(x)", "--x", "@x.npy", "--no-check", "--get", "value")
    assert ran.code in (0, 2)
    assert "bpcalc failed" not in ran.err


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=60), st.sampled_from(["x.npy", "x.csv", "x.json", "x.csv:a"]))
def test_any_bytes_of_a_file_of_values_end_cleanly(data: bytes, word: str) -> None:
    held(word.removesuffix(":a"), data)
    ran = called("grad", "sum(x)", "--x", f"@{word}", "--no-check", "--get", "value")
    assert ran.code in (0, 1, 2)
    assert "bpcalc failed" not in ran.err


# .csv


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1\n2\n", [1, 2]),
        ("a\n1\n2", [1, 2]),
        ("7", [7]),
        ("1,2,3\n", [[1, 2, 3]]),
        ("a,b\n1,2\n3,4\n", [[1, 2], [3, 4]]),
        ("w_1,w_2\n1,2\n", [[1, 2]]),
        ('\ufeff"a","b"\r\n 1 , "2"\r\n3,4\r\n\r\n\r\n', [[1, 2], [3, 4]]),
        ("1e-3\n-.5\n+2\n", [0.001, -0.5, 2]),
        ("1\r2\r", [1, 2]),
        (",a\n0,1\n", [[0, 1]]),
    ],
)
def test_a_csv_file_is_a_vector_or_a_matrix(text: str, value: list[Any]) -> None:
    held("x.csv", text)
    assert value_of("@x.csv", "x + 0") == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2\n3\n", "x.csv, line 2: the row has 1 cell, and line 1 has 2"),
        ("a,b\n1,2\n3,4,5\n", "x.csv, line 3: the row has 3 cells, and line 1 has 2"),
        ("1,2\n3,\n", "x.csv, line 2, column 2: the cell is empty"),
        ("1,2,\n3,4,\n", "x.csv, line 2, column 3: the cell is empty"),
        ("a\n1\nabc\n", "x.csv, line 3, column 1: abc is not a number"),
        ("a\n1_0\n", "x.csv, line 2, column 1: 1_0 is not a number"),
        ("1,2\n1e400,2\n", "x.csv, line 2, column 1: the number is infinite, or outside"),
        ("1,2\n-inf,2\n", "x.csv, line 2, column 1: the number is infinite, or outside"),
        ("1,2\n3,nan\n", "x.csv, line 2, column 2: NaN is not a finite number"),
        ("nan\n1\n", "x.csv, line 1, column 1: NaN is not a finite number"),
        ("1\n\n2\n", "x.csv, line 2: the line is empty"),
        ("\n1\n", "x.csv, line 1: the line is empty"),
        ("1;2\n3;4\n", "columns are separated by commas"),
        ("1\t2\n3\t4\n", "columns are separated by commas"),
        ("", "x.csv is empty"),
        ("\n \n", "x.csv is empty"),
        ("a,b\n", "x.csv has a header, and no numbers below it"),
        ('1,"2\n3,4\n', "x.csv, line 2: unexpected end of data"),
        ('1,2\n"3"4,2\n', "x.csv, line 2: ',' expected after '\"'"),
        ("a\n1\0\n", "is not a number"),
        (gzip.compress(b"1\n2\n"), "x.csv is packed with gzip"),
        (b"PK\x03\x04", "x.csv is packed with zip"),
        ("1\n".encode("utf-16"), "x.csv is not UTF-8 text: byte 1 is 0xff"),
    ],
)
def test_a_csv_file_that_is_no_table_of_numbers(text: str | bytes, said: str) -> None:
    held("x.csv", text)
    assert said in refused("@x.csv").err


def test_no_error_quotes_a_file_beyond_the_cell() -> None:
    held("x.csv", "name,secret1\nsecret2,hunter2,secret3\n")
    assert "secret" not in refused("@x.csv").err
    held("x.csv", "a,b\n1,secret2\nsecret3,5\n")
    ran = refused("@x.csv")
    assert "secret2" in ran.err
    assert "secret3" not in ran.err
    assert "secret" not in refused("@x.csv:c").err
    held("x.csv", "a\n" + "s" * 1000 + "\n")
    assert "s" * 100 not in refused("@x.csv").err
    held("x.json", '["secret", {"secret": 1}]')
    assert "secret" not in refused("@x.json").err


def test_a_column_is_called_by_its_name_or_without_names_by_its_number() -> None:
    held("x.csv", "w, b:c ,text\n1,2,y\n3,4,z\n")
    assert value_of("@x.csv:w") == [2, 6]
    assert value_of("@x.csv:b:c") == [4, 8]
    held("x.csv", "1,2\n3,4\n")
    assert value_of("@x.csv:0") == [2, 6]
    assert value_of("@x.csv:1") == [4, 8]


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("a,b\n1,x\n", "b", "line 2, column 2: x is not a number"),
        ("a,b\n1,2\n", "c", "x.csv has no column c"),
        ("a,b\n1,2\n", "0", "x.csv has no column 0"),
        ("a,a\n1,2\n", "a", "several columns of the name a"),
        ("a,b\n1,2\n", "", "names no column"),
        ("1,2\n", "2", "its columns are 0 to 1"),
        ("1,2\n", "-1", "its columns are 0 to 1"),
        ("1,2\n", "a", "its columns are 0 to 1"),
        ("1,2\n", "9" * 5000, "its columns are 0 to 1"),
    ],
)
def test_a_column_that_is_not_there(text: str, column: str, said: str) -> None:
    held("x.csv", text)
    assert said in refused(f"@x.csv:{column}").err


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("@data.csv", ("data.csv", None)),
        ("@data.CSV:a", ("data.CSV", "a")),
        ("@a:b.csv", ("a:b.csv", None)),
        ("@a:b.csv:c:d", ("a:b.csv", "c:d")),
        (r"@C:\data.csv", (r"C:\data.csv", None)),
        (r"@C:\data.csv:col", (r"C:\data.csv", "col")),
        ("@x.csv:dir/y.csv", ("x.csv:dir/y.csv", None)),
        ("@W.npy", ("W.npy", None)),
        ("@.npy.json", (".npy.json", None)),
    ],
)
def test_what_of_a_word_is_path_and_what_column(word: str, place: tuple[str, str | None]) -> None:
    assert array_files.place_of(word) == place


# .json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1, 2.5]", [2, 5]),
        ("[[1, 2], [3, 4]]", [[2, 4], [6, 8]]),
        ("\ufeff[[[1]]]", [[[2]]]),
        ("3", 6),
    ],
)
def test_a_json_file_is_nested_lists(text: str, value: Any) -> None:
    held("x.json", text)
    assert value_of("@x.json") == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[1, 2], [3]]", "differ in length: x[0] has 2 elements and x[1] has 1 element"),
        ("[1, [2]]", "differ in length: x[0] is no row and x[1] has 1 element"),
        ("[[1, 2], [3, null]]", "x[1, 1] is null"),
        ("[true]", "x[0] is a truth value"),
        ('["1"]', "x[0] is a text"),
        ("[1, NaN]", "x[1] is nan"),
        ("[-Infinity]", "x[0] is -inf"),
        ("[1e400]", "x[0] is inf"),
        (f"[1{'0' * 400}]", "x[0] is outside the range of float64"),
        (f"[1{'0' * 5000}]", "too many digits"),
        ("[]", "is empty: its shape is (0,)"),
        ("[[], []]", "is empty: its shape is (2, 0)"),
        ('{"x": [1]}', "and not a table"),
        ('[{"a": 1, "a": 2}]', "and not a table"),
        ("null", "has to hold numbers"),
        ('"3"', "has to hold numbers"),
        ("true", "has to hold numbers"),
        ("[1", "not JSON: see line 1, column 3"),
        ("[1, 2] x", "not JSON: see line 1, column 8"),
        ("", "not JSON: see line 1, column 1"),
        ("[" * 100_000, "nested too deeply"),
        ("[" * 65 + "1" + "]" * 65, "more than 64 axes"),
    ],
)
def test_a_json_file_that_is_no_array(text: str, said: str) -> None:
    held("x.json", text)
    assert said in refused("@x.json").err


# Files


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("@", "names no file"),
        ("@-", "names no file"),
        ("@x", "and not from x"),
        ("@x.txt", "and not from x.txt"),
        ("@/dev/zero", "and not from /dev/zero"),
        ("@x.npz", "numpy.save"),
        ("@x.pkl", "a pickle could execute code"),
        ("@x.csv.gz", "unpack it first"),
        ("@x.npy:0", "only of a .csv one column"),
        ("@missing.npy", "missing.npy cannot be read: No such file"),
        ("@missing.csv:a", "missing.csv cannot be read: No such file"),
        ("@\0.csv", "cannot be read"),
    ],
)
def test_a_word_that_names_no_file_of_values(word: str, said: str) -> None:
    ran = refused(word)
    assert said in ran.err
    assert "the value of x" in ran.err


def test_another_ending_is_refused_before_the_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    held("x.txt", "secret")
    monkeypatch.setattr(array_files, "opened", None)
    assert "and not from x.txt" in refused("@x.txt").err


@pytest.mark.parametrize("name", ["d.npy", "d.csv", "d.json"])
def test_odd_files_end_cleanly(name: str) -> None:
    os.mkdir(name)  # noqa: PTH102
    assert "Is a directory" in refused(f"@{name}").err
    Path(f"zero{name}").symlink_to("/dev/zero")
    refused(f"@zero{name}")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_that_may_not_be_read() -> None:
    held("x.csv", "1")
    Path("x.csv").chmod(0)
    assert "Permission denied" in refused("@x.csv").err


def test_a_text_longer_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_files, "MAX_TEXT", 10)
    held("x.csv", "1\n" * 6)
    assert "x.csv is longer than 10 bytes" in refused("@x.csv").err


def test_an_array_larger_than_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpcalc.array_values.memory", lambda: 100.0)
    np.save("x.npy", np.ones(100))
    assert "of memory, and there are" in refused("@x.npy").err
    monkeypatch.setattr("bpcalc.array_values.MAX_LISTED", 99)
    held("x.json", json.dumps([[1] * 10] * 10))
    assert "more than 99 elements" in refused("@x.json").err


def test_pipes_are_read_to_their_end() -> None:
    for name, data in (("x.npy", saved(np.arange(4e5))), ("x.csv", b"1\n" * 200_000)):
        os.mkfifo(name)
        writer = threading.Thread(target=Path(name).write_bytes, args=[data])
        writer.start()
        assert called("grad", "sum(x)", "--x", f"@{name}", "--no-check").code == 0
        writer.join()


def test_a_pipe_that_promises_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_files, "MAX_PIPED", 16)
    os.mkfifo("x.npy")
    writer = threading.Thread(target=Path("x.npy").write_bytes, args=[saved(np.ones(4))])
    writer.start()
    assert "promises more than 16 bytes" in refused("@x.npy").err
    writer.join()


# Where a file may stand


def test_a_file_is_a_value_for_set_vars_and_upstream(folder: Path) -> None:
    np.save("W.npy", np.array([1.0, 2.0]))
    words = ("--no-check", "--get", "gradient.W")
    for given_ in (["--W", "@W.npy"], ["--W=@W.npy"], ["--set", "W=@W.npy"], ["--W", " @W.npy"]):
        assert json.loads(called("grad", "sum(W^2)", *given_, *words).out) == [2.0, 4.0]
    ran = called("grad", "3*W", "--W", "@W.npy", "--upstream", "@W.npy", *words)
    assert json.loads(ran.out) == [3.0, 6.0]


@pytest.mark.parametrize("name", ["v.json", "v.toml"])
def test_a_table_names_files_beside_it(name: str, folder: Path, monkeypatch: Any) -> None:
    (folder / "data").mkdir()
    np.save("data/W.npy", np.array([1.0, 2.0]))
    held(f"data/{name}", '{"W": "@W.npy"}' if name == "v.json" else 'W = "@W.npy"')
    words = ("--vars", f"data/{name}", "--no-check", "--get", "value")
    assert called("grad", "sum(W)", *words).out == "3.0\n"
    absolute = f"@{folder}/data/W.npy"
    held(f"data/{name}", f'{{"W": "{absolute}"}}' if name == "v.json" else f'W = "{absolute}"')
    assert called("grad", "sum(W)", *words).out == "3.0\n"


def test_the_python_api_takes_arrays_and_reads_no_files() -> None:
    import bpcalc

    held("x.csv", "1\n")
    with pytest.raises(RequestError, match="is a file"):
        bpcalc.grad("sum(x)", x="@x.csv", check=False)


# Large files


def test_a_million_numbers_are_read_whole() -> None:
    numbers = np.random.default_rng(0).random((1000, 1000))
    np.save("x.npy", numbers)
    np.savetxt("x.csv", numbers, delimiter=",")
    np.savetxt("column.csv", numbers.ravel(), header="a", comments="")
    held("x.json", json.dumps(numbers.tolist()))
    for word in ("@x.npy", "@x.csv", "@column.csv", "@column.csv:a", "@x.json"):
        found = array_files.from_file("x", word)
        assert np.asarray(found).ravel().tolist() == numbers.ravel().tolist()
