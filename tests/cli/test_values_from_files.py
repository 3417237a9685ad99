"""`--vars FILE`: a JSON or TOML table of values, and everything that is none."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from cli.running import Ran, called

from bpcalc.cli import reading


def read(path: Path, data: bytes | str, *words: str, formula: str = "x") -> Ran:
    """What `grad` says with this file of values."""
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    values = ("--vars", str(path), "--get", "value", "--no-check")
    return called("grad", formula, *words, *values)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("v.json", '{"x": 3}', "3.0"),
        ("v.json", '{"x": 0.1}', "0.1"),
        ("v.json", '{"x": "pi/4"}', "0.7853981633974483"),
        ("v.json", '\ufeff{"x": -1e-3}', "-0.001"),
        ("v.JSON", '{"x": 3}', "3.0"),
        ("v.toml", "x = 3", "3.0"),
        ("v.toml", "# values\nx = -0.1", "-0.1"),
        ("v.toml", "x = 1_000", "1000.0"),
        ("v.toml", "'x' = 'sqrt(2)'", "1.4142135623730951"),
        ("v.toml", "x = 0x10\r\n", "16.0"),
    ],
)
def test_json_and_toml_give_values(tmp_path: Path, name: str, text: str, value: str) -> None:
    assert read(tmp_path / name, text) == (0, f"{value}\n", "")


def test_a_number_of_a_file_is_checked_as_the_decimal_that_stands_there(tmp_path: Path) -> None:
    for name, text in (("v.json", '{"x": 0.1}'), ("v.toml", "x = 0.1")):
        (tmp_path / name).write_text(text)
        words = ("--vars", str(tmp_path / name), "--get", "nodes.4.check.value")
        assert called("grad", "10*x - 1", *words).out == "0.0\n"


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    text = '{"x": 3, "y": 4}'
    assert read(tmp_path / "v.json", text, "--x", "5", formula="x*y").out == "20.0\n"
    assert read(tmp_path / "v.json", text, "--set", "y=5", formula="x*y").out == "15.0\n"


@pytest.mark.parametrize("name", ["digits", "vars", "σ", "lambda"])
def test_any_name_may_stand_in_the_file(tmp_path: Path, name: str) -> None:
    assert read(tmp_path / "v.json", f'{{"{name}": 3}}', formula=f"2*{name}").out == "6.0\n"


def test_names_of_the_file_are_the_same_however_their_accents_are_typed(tmp_path: Path) -> None:
    assert read(tmp_path / "v.json", '{"e\u0301": 3}', formula="2*\xe9").out == "6.0\n"
    ran = read(tmp_path / "v.json", '{"e\u0301": 3, "\xe9": 4}', formula="2*\xe9")
    assert (ran.code, ran.out) == (2, "")
    assert "stands there twice" in ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"x": 3, "x": 4}', "x stands there twice"),
        ('{"x": {"a": 1, "a": 2}}', "a stands there twice"),
        ('{"x": 3, "y": 4}', "the formula has no variable y"),
        ("{}", "x has no value"),
        ('{"x": NaN}', "NaN is not a finite number"),
        ('{"x": Infinity}', "Infinity is not a finite number"),
        ('{"x": -Infinity}', "-Infinity is not a finite number"),
        ('{"x": "nan"}', "nan"),
        ('{"x": 1e999}', "has to be a finite number"),
        ('{"x": 1e-999}', "too small"),
        ('{"x": true}', "the value of x is no number"),
        ('{"x": null}', "the value of x is null"),
        ('{"x": []}', "the array x is empty"),
        ('{"x": [1, true]}', "x[1] is a truth value"),
        ('{"x": [[1, null]]}', "x[0, 1] is null"),
        ('{"x": ["1"]}', "x[0] is a text"),
        ('{"x": [{"a": 1}]}', "x[0] is a table"),
        ('{"x": [[1, 2], [3]]}', "the rows of x differ in length"),
        ('{"x": [1' + "0" * 400 + "]}", "x[0] is inf, and has to be a finite number"),
        ('{"x": "@missing.npy"}', "missing.npy cannot be read"),
        ('{"x": "@-"}', "names no file"),
        ('{"x": {"y": 1}}', "the value of x is a table"),
        ('{"x": ""}', "the value of x"),
        ('{"x": "y + 1"}', "the value of x has the name y in it"),
        ('{"": 3}', "'' is not a name"),
        ('{"x y": 3}', "'x y' is not a name"),
        ('{"2": 3}', "'2' is not a name"),
        ('{"--x": 3}', "'--x' is not a name"),
        ("[1]", "one table"),
        ("3", "one table"),
        ("", "line 1, column 1"),
        ('{"x": 3', "line 1, column 8"),
        ('{\n"x": 3,}', "line 2, column 8"),
        ("x = 3", "line 1, column 1"),
        ('{"x": 3}\0', "line 1, column 9"),
        (b'{"x": "\xff"}', "not UTF-8 text: byte 8 is 0xff"),
        ("[" * 100_000, "nested too deeply"),
        ('{"x":' * 100_000, "nested too deeply"),
        ('{"x": ' + "9" * 400 + "}", "has to be a finite number"),
        ('{"x": ' + "9" * 5000 + "}", "more than 1,000 digits"),
        ('{"x": 0.' + "1" * 1_000_000 + "}", "more than 1,000 digits"),
    ],
)
def test_json_that_is_no_table_of_values_is_an_error(tmp_path: Path, text, said: str) -> None:
    ran = read(tmp_path / "v.json", text)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert said in ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 3\nx = 4", "not a table of values"),
        ("x = nan", "finite"),
        ("x = -inf", "finite"),
        ("x = 1e999", "finite"),
        ("x = true", "the value of x is no number"),
        ("x = 1979-05-27", "the value of x is no number"),
        ("x = [1, true]", "x[1] is a truth value"),
        ("x = [1, 1979-05-27]", "x[1] is something else"),
        ("x = [1" + "0" * 400 + "]", "x[0] is outside the range of float64"),
        ('x = "@missing.npy"', "missing.npy cannot be read"),
        ("[x]\ny = 3", "the value of x is a table"),
        ("x.y = 3", "the value of x is a table"),
        ("x =", "not a table of values"),
        ('{"x": 3}', "not a table of values"),
        ("x = " + "9" * 400, "finite"),
        ("x = " + "9" * 5000, "too many digits"),
        ("x = 0." + "1" * 1_000_000, "more than 1,000 digits"),
        ("x = " + "[" * 100_000, "nested too deeply"),
        ("a." * 100_000 + "a = 1", "nested too deeply"),
        ("['a b'." + '"c\\"d" . ' * 100_000 + "a]\nx = 1", "nested too deeply"),
    ],
)
def test_toml_that_is_no_table_of_values_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    ran = read(tmp_path / "v.toml", text)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert said in ran.err


def test_a_large_file_with_a_name_that_stands_twice_ends_at_once(tmp_path: Path) -> None:
    names = [f'"a{k}": {k}' for k in range(200_000)]
    ran = read(tmp_path / "v.json", "{" + ", ".join([*names, names[-1]]) + "}")
    assert (ran.code, ran.out) == (2, "")
    assert "a199999 stands there twice" in ran.err


@pytest.mark.parametrize("name", ["v.csv", "v", "v.json.txt", "v.yaml", ".json"])
def test_another_extension_is_refused_before_the_file_is_read(name: str) -> None:
    ran = called("grad", "x", "--vars", name)
    assert (ran.code, ran.out) == (2, "")
    assert "reads .json, .toml and .npz" in ran.err


def test_no_error_quotes_the_file_beyond_the_place(tmp_path: Path) -> None:
    for name, text in (("v.json", '{"a": 1, secret: 2}'), ("v.toml", "a = 1\nthe secret = 2")):
        ran = read(tmp_path / name, text)
        assert (ran.code, ran.out) == (2, "")
        assert "secret" not in ran.err


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    for option in ("--vars", "-f"):
        words = [] if option == "-f" else ["x"]
        ran = called("grad", *words, option, str(tmp_path / "missing.json"))
        assert (ran.code, ran.out) == (2, "")
        assert "missing.json cannot be read: No such file or directory" in ran.err


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "v.json").mkdir()
    for words in (["x", "--vars", str(tmp_path / "v.json")], ["-f", str(tmp_path)]):
        ran = called("grad", *words)
        assert (ran.code, ran.out) == (2, "")
        assert "cannot be read: Is a directory" in ran.err


def test_an_endless_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "v.json").symlink_to("/dev/zero")
    for words in (["x", "--vars", str(tmp_path / "v.json")], ["-f", "/dev/zero"]):
        ran = called("grad", *words)
        assert (ran.code, ran.out) == (2, "")
        assert "longer than" in ran.err


def test_a_pipe_with_a_writer_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "v.json"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=['{"x": 3' + " " * 200_000 + "}"])
    writer.start()
    ran = called("grad", "x", "--vars", str(pipe), "--get", "value", "--no-check")
    writer.join()
    assert ran == (0, "3.0\n", "")


def test_a_pipe_without_a_writer_is_given_up_after_some_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 5 <= reading._SECONDS_FOR_A_WRITER <= 15
    monkeypatch.setattr(reading, "_SECONDS_FOR_A_WRITER", 0.2)
    os.mkfifo(tmp_path / "v.json")
    for words in (["x", "--vars", str(tmp_path / "v.json")], ["-f", str(tmp_path / "v.json")]):
        ran = called("grad", *words)
        assert (ran.code, ran.out) == (2, "")
        assert "nobody wrote to the pipe" in ran.err
