"""`-o FILE`: the result whole, or the file as it was."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from cli.running import called, started

from bpcalc.cli import writing

WORDS = ("grad", "x^2", "--x", "3", "--no-check")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("form", ["table", "json", "csv", "tsv", "markdown", "latex"])
def test_the_file_holds_what_standard_output_would_show(tmp_path: Path, form: str) -> None:
    file = tmp_path / "result"
    shown = called(*WORDS, "--format", form)
    assert called(*WORDS, "--format", form, "-o", str(file)) == (0, "", "")
    assert file.read_text(encoding="utf-8") == shown.out


def test_get_and_ops_write_to_a_file_too(tmp_path: Path) -> None:
    assert called(*WORDS, "--get", "value", "-o", str(tmp_path / "value")) == (0, "", "")
    assert (tmp_path / "value").read_text() == "9.0\n"
    assert called("ops", "exp", "--output", str(tmp_path / "exp")) == (0, "", "")
    assert (tmp_path / "exp").read_text() == called("ops", "exp").out


def test_a_dash_is_standard_output() -> None:
    assert called(*WORDS, "-o", "-") == called(*WORDS)


@pytest.mark.parametrize("words", [WORDS, ("map", "x^2"), ("descend", "x^2", "--x", "1")])
def test_a_file_without_a_name_is_said(words: tuple[str, ...]) -> None:
    ran = called(*words, "-o", "", stdin=b"x\n1\n")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: the file to write to has an empty name: -o - is standard output\n"


def test_a_file_that_was_there_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "result"
    file.write_text("old " * 1000)
    file.chmod(0o604)
    assert called(*WORDS, "--get", "value", "-o", str(file)).code == 0
    assert file.read_text() == "9.0\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o604
    assert names_in(tmp_path) == ["result"]


def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        called(*WORDS, "-o", str(tmp_path / "result"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "result").stat().st_mode) == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "result")
    assert called(*WORDS, "--get", "value", "-o", str(tmp_path / "link")).code == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "result").read_text() == "9.0\n"


def test_a_failed_calculation_is_still_written(tmp_path: Path) -> None:
    file = tmp_path / "result"
    ran = called("grad", "log(x)", "--x", "-1", "--no-check", "--get", "value", "-o", str(file))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: log needs a number above 0")
    assert file.read_text() == "NaN\n"


@pytest.mark.parametrize(
    "words",
    [
        ["x +", "--x", "3"],
        ["x", "--x", "abc"],
        ["x"],
        ["x", "--x", "3", "--wrt", "y"],
        ["x", "--x", "3", "--get", "nothing"],
        ["x", "--x", "3", "--format", "pdf"],
        ["x", "--x", "3", "--vars", "missing.json"],
    ],
)
def test_a_wrong_request_leaves_the_file_as_it_was(tmp_path: Path, words: list[str]) -> None:
    file = tmp_path / "result"
    assert called("grad", *words, "-o", str(file)).code == 2
    assert not file.exists()
    file.write_text("old")
    assert called("grad", *words, "-o", str(file)).code == 2
    assert file.read_text() == "old"
    assert names_in(tmp_path) == ["result"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("why", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_on_the_way_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, why: BaseException
) -> None:
    def fails(*_: object) -> None:
        raise why

    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), fails)
    file = tmp_path / "result"
    file.write_text("old")
    ran = called(*WORDS, "-o", str(file))
    monkeypatch.undo()
    assert ran.code == (130 if isinstance(why, KeyboardInterrupt) else 2)
    assert ran.out == ""
    assert "Traceback" not in ran.err
    if ran.code == 2:
        assert ran.err == f"error: {file} cannot be written: No space left on device\n"
    assert file.read_text() == "old"
    assert names_in(tmp_path) == ["result"]


def test_a_result_that_breaks_off_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    def pieces():
        yield "half of it"
        raise MemoryError

    file = tmp_path / "result"
    file.write_text("old")
    with pytest.raises(MemoryError):
        writing.written(pieces(), str(file))
    assert file.read_text() == "old"
    assert names_in(tmp_path) == ["result"]


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("missing/result", "No such file or directory"),
        ("folder", "it is a directory"),
        ("folder/", "it is a directory"),
        ("file/result", "Not a directory"),
        ("x" * 300, "File name too long"),
        ("loop", "its links go in a circle"),
        ("", ""),
        ("a\0b", "null"),
        ("a\nb/c", "No such file or directory"),
    ],
)
def test_an_impossible_place_is_an_error(tmp_path: Path, place: str, why: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("old")
    (tmp_path / "loop").symlink_to("loop")
    before = names_in(tmp_path)
    ran = called(*WORDS, "-o", f"{tmp_path}/{place}" if place else "")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert why in ran.err
    assert ran.err.count("\n") == 1
    assert names_in(tmp_path) == before
    assert (tmp_path / "file").read_text() == "old"


def test_a_full_device_is_an_error() -> None:
    for form in ("table", "json"):
        ran = called(*WORDS, "--format", form, "-o", "/dev/full")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == "error: /dev/full cannot be written: No space left on device\n"


def test_a_device_is_written_to_and_not_replaced() -> None:
    assert called(*WORDS, "-o", "/dev/null") == (0, "", "")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert started(*WORDS, "--get", "value", "-o", "/dev/stdout") == (0, "9.0\n", "")


def test_a_named_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert called(*WORDS, "--get", "value", "-o", str(pipe)) == (0, "", "")
        assert os.read(reader, 100) == b"9.0\n"
    finally:
        os.close(reader)


def test_a_character_that_utf_8_lacks_is_escaped_as_in_json(tmp_path: Path) -> None:
    file = tmp_path / "result"
    formula = "x # \udcff\n"
    ran = called("grad", formula, "--x", "3", "--no-check", "--format", "json", "-o", str(file))
    assert ran == (0, "", "")
    assert json.loads(file.read_text())["formula"] == formula
