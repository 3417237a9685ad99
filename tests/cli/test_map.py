"""`bpcalc map` as a process: pipes that are slow or closed, files, Ctrl-C, memory, the bar."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from cli.running import TIMEOUT, called, command, environment, started

FORMULA = "x**2*y + y + 2"
ROWS = 200_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of some megabytes."""
    path = tmp_path_factory.mktemp("tables") / "large.csv"
    lines = (f"{k},{k / 7!r},{k % 13 - 6}" for k in range(ROWS))
    path.write_text("\n".join(["id,x,y", *lines]) + "\n")
    return path


PLAIN = "import sys; sys.modules['polars'] = None; from bpcalc.cli import main, script; script()"
"""bpcalc where Polars is not installed."""


@pytest.fixture(params=["plain", "fast"])
def engine(request: pytest.FixtureRequest) -> str:
    """Whether Polars, where it is installed, computes the rows."""
    if request.param == "fast" and find_spec("polars") is None:
        pytest.skip("Polars is not installed")
    return str(request.param)


@pytest.fixture
def start(engine: str) -> Callable[..., list[str | bytes]]:
    """The words that start `bpcalc map`."""

    def words(*words: str) -> list[str | bytes]:
        if engine == "plain":
            return [sys.executable, "-c", PLAIN, "map", *words]
        return command("map", *words)

    return words


Running = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def running(start: Callable[..., list[str | bytes]]) -> Running:
    """`bpcalc map` as a process."""

    def run(*words: str, **options: object) -> subprocess.Popen[bytes]:
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(start(*words), env=environment(), **{**streams, **options})

    return run


def line_of(process: subprocess.Popen[bytes]) -> bytes:
    """The next line that a process writes, for which it has a while."""
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], TIMEOUT)[0], "nothing came"
    return process.stdout.readline()


# Streams


@pytest.mark.parametrize(
    ("rows", "results"),
    [
        ((b"x,y\n", b"3,4\n", b"1,2\n"), (b"x,y,value,d_x,d_y\n", b"3,4,42.0,24.0,10.0\n")),
        ((b"x,y\n", b'3,"4"\n', b'"1",2\n'), (b"x,y,value,d_x,d_y\n", b'3,"4",42.0,24.0,10.0\n')),
        (
            (b'{"x":3,"y":4}\n', b'{"x":1,"y":2}\n'),
            (b'{"x":3,"y":4, "value": 42.0, "d_x": 24.0, "d_y": 10.0}\n',),
        ),
    ],
)
def test_a_row_comes_out_before_the_next_goes_in(
    running: Running, rows: tuple[bytes, ...], results: tuple[bytes, ...]
) -> None:
    with running(FORMULA, bufsize=0) as process:
        assert process.stdin is not None
        for row, result in zip(rows, results):
            process.stdin.write(row)
            assert line_of(process) == result
        process.stdin.write(rows[-1][:-3])  # a line that is not whole waits
        process.stdin.write(rows[-1][-3:])
        line_of(process)
        process.stdin.close()
        assert process.wait(TIMEOUT) == 0


def test_a_terminal_gets_each_row_at_once(running: Running) -> None:
    ours, theirs = pty.openpty()
    with running("x*2", stdin=theirs, bufsize=0) as process:
        os.close(theirs)
        os.write(ours, b"x\n")
        assert line_of(process) == b"x,value,d_x\n"
        os.write(ours, b"4\n")
        assert line_of(process) == b"4,8.0,2.0\n"
        os.write(ours, b"\x04")
        assert process.wait(TIMEOUT) == 0
    os.close(ours)


def test_a_reader_that_goes_away_ends_it_quietly(running: Running, large: Path) -> None:
    with running(FORMULA, str(large)) as process:
        assert line_of(process) == b"id,x,y,value,d_x,d_y\n"
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(TIMEOUT) == 0
        assert process.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    "words", [[], ["--reduce", "sum"], ["--format", "json"], ["-o", "/dev/full"]]
)
def test_a_full_disk_is_an_error(
    start: Callable[..., list[str | bytes]], words: list[str], large: Path
) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            start(FORMULA, str(large), *words),
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            timeout=TIMEOUT,
        )
    assert done.returncode == 2
    assert re.fullmatch(rb"error: .* cannot be written: No space left on device\n", done.stderr)


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.1])
def test_ctrl_c_leaves_whole_lines(running: Running, large: Path, moment: float) -> None:
    with running(FORMULA, *[str(large)] * 50, preexec_fn=_with_ctrl_c) as process:
        assert process.stdout is not None
        seen = [line_of(process)]
        time.sleep(moment)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(TIMEOUT) == 130
        assert process.stderr is not None
        assert process.stderr.read().strip() == b""
    assert not rest or rest.endswith(b"\n")
    assert {line.count(b",") for line in [*seen, *rest.splitlines()]} == {5}


def test_ctrl_c_ends_waiting_for_rows(running: Running) -> None:
    with running("x", bufsize=0, preexec_fn=_with_ctrl_c) as process:
        assert process.stdin is not None
        process.stdin.write(b"x\n1\n2")
        line_of(process)
        assert line_of(process) == b"1,1.0,1.0\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT) == 130


def test_ctrl_c_leaves_no_file_behind(running: Running, large: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    with running(
        FORMULA, *[str(large)] * 50, "-o", str(target), preexec_fn=_with_ctrl_c
    ) as process:
        for _ in range(TIMEOUT * 100):
            if any(found.stat().st_size for found in tmp_path.iterdir()):
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT) == 130
    assert list(tmp_path.iterdir()) == []


def _with_ctrl_c() -> None:
    """A shell lets what runs in the background ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_closed_standard_streams_are_said() -> None:
    for redirection, code in (("<&-", 2), (">&-", 2)):
        words = f"echo x | {sys.executable} -m bpcalc map 1 {redirection}"
        done = subprocess.run(
            ["bash", "-c", words], capture_output=True, env=environment(), timeout=TIMEOUT
        )
        assert done.returncode == code
        assert b"closed" in done.stderr


# Files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text("x,y\n3,4\n")
    Path("b.csv").write_text('"x", y\n1,2')
    Path("c.csv").write_text("x,z\n1,2\n")
    Path("d.csv").write_text("x\n1\n")
    Path("empty.csv").touch()
    Path("f.bp").write_text("# a comment\nx*y\n")
    Path("v.json").write_text('{"y": 2}')
    return tmp_path


def test_several_files_have_one_header(folder: Path) -> None:
    assert called("map", "x*y", "a.csv", "b.csv", "a.csv").out == (
        "x,y,value,d_x,d_y\n3,4,12.0,4.0,3.0\n1,2,2.0,2.0,1.0\n3,4,12.0,4.0,3.0\n"
    )


def test_standard_input_may_be_one_of_them(folder: Path) -> None:
    ran = called("map", "x*y", "a.csv", "-", stdin=b"x,y\n5,6\n")
    assert ran.out.endswith("\n3,4,12.0,4.0,3.0\n5,6,30.0,6.0,5.0\n")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("c.csv", "c.csv has other columns than a.csv: column 2 is z, and there y"),
        ("d.csv", "d.csv has other columns than a.csv: 1, and there 2"),
        ("empty.csv", "empty.csv is empty"),
        ("nothing.csv", "nothing.csv cannot be read: No such file or directory"),
        (".", ". cannot be read: Is a directory"),
    ],
)
def test_a_later_file_that_does_not_fit_is_an_error(folder: Path, name: str, said: str) -> None:
    ran = called("map", "x*y", "a.csv", name)
    assert ran.code == 2
    assert said in ran.err


@pytest.mark.parametrize("formula", [["-f", "f.bp"], ["--file=f.bp"], ["x*y"], ["--", "x*y"]])
def test_the_formula_comes_first_or_from_a_file(folder: Path, formula: list[str]) -> None:
    assert called("map", *formula, "a.csv").out == "x,y,value,d_x,d_y\n3,4,12.0,4.0,3.0\n"


def test_a_formula_may_begin_with_a_minus(folder: Path) -> None:
    assert called("map", "-x^2", "d.csv").out == "x,value,d_x\n1,-1.0,-2.0\n"


def test_the_formula_from_standard_input_needs_a_file(folder: Path) -> None:
    assert called("map", "-", "d.csv", stdin=b"x + 1").out == "x,value,d_x\n1,2.0,1.0\n"
    for words in (["-"], ["-", "-"], ["-f", "-"], ["x", "-", "-"]):
        assert "standard input is to be read twice" in called("map", *words).err


def test_a_file_of_values_binds_too(folder: Path) -> None:
    assert called("map", "x*y", "d.csv", "--vars", "v.json").out.endswith("\n1,2.0,2.0,1.0\n")
    assert "y has two values" in called("map", "x*y", "a.csv", "--vars", "v.json").err


def test_a_table_in_the_place_of_the_formula_is_said(folder: Path) -> None:
    ran = called("map", "a.csv", "x*y")
    assert ran.code == 2
    assert "the formula comes first, and a.csv is called like a table" in ran.err


def test_nothing_to_do_is_said() -> None:
    ran = called("map")
    assert ran.code == 2
    assert "a formula is needed" in ran.err
    assert "bpcalc map" in ran.err


def test_the_format_follows_the_extension_the_option_the_first_line(folder: Path) -> None:
    Path("t.tsv").write_text("x,a\ty\n1\t2\n")
    assert called("map", "y", "t.tsv").out == "x,a\ty\tvalue\td_y\n1\t2\t2.0\t1.0\n"
    Path("t.dat").write_text("x\ty\n1\t2\n")
    assert called("map", "y", "t.dat").out == "x\ty\tvalue\td_y\n1\t2\t2.0\t1.0\n"
    Path("t.ndjson").write_text('{"y": 2}\n')
    assert called("map", "y", "t.ndjson").out == '{"y": 2, "value": 2.0, "d_y": 1.0}\n'
    Path("u.csv").write_text('{"y": 2}\n')
    assert called("map", "y", "u.csv", "--input", "jsonl").out.startswith('{"y": 2, "value"')
    assert "one format" in called("map", "y", "t.tsv", "a.csv").err


def test_a_packed_or_columnar_file_gets_a_hint(folder: Path) -> None:
    Path("p.csv").write_bytes(gzip.compress(b"x\n1\n"))
    ran = called("map", "x", "p.csv")
    assert (ran.code, ran.out) == (2, "")
    assert "gzip -dc p.csv | bpcalc map FORMULA -" in ran.err


def test_the_output_replaces_a_file_when_it_is_whole(folder: Path) -> None:
    Path("out.csv").write_text("old")
    assert called("map", "x*y", "a.csv", "-o", "out.csv") == (0, "", "")
    assert Path("out.csv").read_text() == "x,y,value,d_x,d_y\n3,4,12.0,4.0,3.0\n"
    ran = called("map", "x*y", "a.csv", "c.csv", "-o", "out.csv")
    assert ran.code == 2
    assert Path("out.csv").read_text().startswith("x,y,value")
    assert sorted(p.name for p in folder.iterdir() if p.name.startswith(".")) == []


def test_the_output_is_no_input(start: Callable[..., list[str | bytes]], folder: Path) -> None:
    Path("link.csv").symlink_to("a.csv")
    for output in ("a.csv", "./a.csv", "link.csv"):
        ran = called("map", "x*y", "d.csv", "a.csv", "-o", output)
        assert ran.code == 2
        assert "a.csv is the output as well as an input" in ran.err
    with Path("a.csv").open("ab") as same:
        done = subprocess.run(
            start("x*y", "a.csv"),
            stdout=same,
            stderr=subprocess.PIPE,
            env=environment(),
            timeout=TIMEOUT,
        )
    assert done.returncode == 2
    assert Path("a.csv").read_text() == "x,y\n3,4\n"


def test_the_output_is_called_as_what_it_is(folder: Path) -> None:
    ran = called("map", "x*y", "a.csv", "-o", "out.tsv")
    assert ran.code == 2
    assert "the output has the input's format, csv" in ran.err
    assert called("map", "x*y", "a.csv", "-o", "out.json").code == 0
    assert json.loads(Path("out.json").read_text())["rows"][0]["value"] == 12.0


def test_where_there_are_several_files_a_bad_row_is_said_with_its_own(folder: Path) -> None:
    Path("b.csv").write_text("x,y\n1,2\n1,\n")
    ran = called("map", "x*y", "a.csv", "b.csv")
    assert ran.err == (
        "warning: 1 of 3 rows could not be computed (NaN); the first is b.csv, line 3: y is empty\n"
    )
    ran = called("map", "x*y", "a.csv", "b.csv", "--strict")
    assert ran.err == "error: b.csv, line 3: y is empty\n"


def test_a_file_that_grows_or_shrinks_while_it_is_read(running: Running, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x\n" + "1\n" * 500_000)
    for change in (_grow, _shrink):
        with running("x", str(path)) as process:
            line_of(process)
            change(path)
            assert process.stdout is not None
            lines = process.stdout.read().splitlines()
            assert process.wait(TIMEOUT) in (0, 1)
        assert {line.count(b",") for line in lines} == {2}


def _grow(path: Path) -> None:
    with path.open("a") as stream:
        stream.write("2\n" * 1000)


def _shrink(path: Path) -> None:
    os.truncate(path, 300_001)


# JSON


def test_json_is_one_document_of_the_numbers(folder: Path) -> None:
    ran = called("map", "sqrt(x*y)", "a.csv", "-", "--format", "json", stdin=b"x,y\n-1,4\n")
    assert ran.code == 1
    assert ran.data == {
        "bpcalc": 1,
        "formula": "sqrt(x*y)",
        "rows": [
            {
                "file": "a.csv",
                "line": 2,
                "value": 12**0.5,
                "gradient": {"x": 4 * (0.5 / 12**0.5), "y": 3 * (0.5 / 12**0.5)},
            },
            {"file": "-", "line": 2, "value": "NaN", "gradient": {"x": "NaN", "y": "NaN"}},
        ],
        "count": 2,
        "bad": 1,
    }
    ran = called("map", "sqrt(x)", "--format", "json", "--strict", stdin=b"x\n4\n1\n-1\n9\n")
    assert (ran.code, ran.data["count"]) == (1, 2)
    assert "line 4: sqrt needs" in ran.err
    empty = called("map", "x", "--format", "json", stdin=b"x\n").data
    assert empty == {"bpcalc": 1, "formula": "x", "rows": [], "count": 0, "bad": 0}


# Arrays in the formula


def test_options_may_bind_arrays(folder: Path) -> None:
    formula = "sum([x, y]*W)"
    ran = called("map", formula, "a.csv", "--W", "[5, 7]", "--wrt", "x,y")
    assert ran.out == "x,y,value,d_x,d_y\n3,4,43.0,5.0,7.0\n"
    ran = called("map", formula, "a.csv", "--W", "[5, 7]")
    assert ran.code == 2
    assert "W is an array, and a cell holds one number" in ran.err
    assert "--wrt x,y leaves it out" in ran.err
    ran = called("map", "log([x, y])", "a.csv")
    assert ran.code == 2
    assert "the output is an array of the shape (2,)" in ran.err
    assert "shape" in called("map", "sum([x, y] + W)", "a.csv", "--W", "[1,2,3]", "--wrt", "x").err
    ran = called("map", "sum(log([x, y]))", stdin=b"x,y\n1,0\n")
    assert (ran.code, ran.out) == (1, "x,y,value,d_x,d_y\n1,0,NaN,1.0,NaN\n")
    assert "log needs numbers above 0" in ran.err or "log needs a number above 0" in ran.err


# Memory and libraries


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells it so")
def test_memory_does_not_grow_with_the_rows(engine: str, large: Path) -> None:
    script = f"{PLAIN[:-8]} main(sys.argv[1:])" if engine == "plain" else MAIN
    used = []
    for count in (2, 20):
        done = subprocess.run(
            [sys.executable, "-c", f"{script}; {RESIDENT}", "map", FORMULA, *[str(large)] * count],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT,
        )
        peak = re.search(rb"VmHWM:\s+([0-9]+) kB", done.stderr)
        assert peak is not None
        used.append(int(peak[1]) >> 10)
    assert used[1] < (used[0] + 4 if engine == "plain" else 250)
    assert max(used) < (80 if engine == "plain" else 250)


MAIN = "import sys; from bpcalc.cli import main; main(sys.argv[1:])"
RESIDENT = "print(open('/proc/self/status').read(), file=sys.stderr)"


def test_a_gigabyte_without_a_line_end_is_refused_at_once() -> None:
    words = f"head -c 1G /dev/zero | tr '\\0' 1 | {sys.executable} -m bpcalc map x"
    begun = time.monotonic()
    done = subprocess.run(["bash", "-c", words], capture_output=True, timeout=TIMEOUT)
    assert b"line 1: the line is longer than 16 MB" in done.stderr
    assert time.monotonic() - begun < 20


def test_nothing_slow_is_imported_for_plain_tables(folder: Path) -> None:
    script = (
        "import sys; from bpcalc.cli import main; main(['map', 'sigmoid(x*y)', 'a.csv']);"
        "print(sorted({'numpy', 'sympy', 'rich', 'polars', 'dask'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=TIMEOUT)
    assert done.stdout.splitlines()[-1] == b"[]"


# The bar


def bar_of(words: list[str], env: dict[str, str] | None = None) -> str:
    """What a terminal on standard error gets to see."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command("map", *words),
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=environment(**(env or {})),
    ) as process:
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):
            while data := os.read(ours, 65536):
                seen += data
        assert process.wait(TIMEOUT) == 0
    os.close(ours)
    return seen.decode()


def test_a_bar_tells_how_much_of_the_files_is_read(large: Path) -> None:
    seen = bar_of([FORMULA, *[str(large)] * 60])
    assert "%" in seen
    assert re.search(r"[0-9.]+ [kM]?B/s", seen)
    assert "MB" in seen


def test_what_is_done_at_once_shows_no_bar(folder: Path) -> None:
    assert bar_of(["x*y", "a.csv"]) == ""


def test_a_pipe_has_no_bar(large: Path) -> None:
    assert "%" not in started("map", FORMULA, *[str(large)] * 4).err


# Files that are no text


@pytest.fixture
def columnar(tmp_path: Path, ending: str) -> str:
    """A table of some megabytes, of Parquet or Arrow."""
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"x": range(ROWS), "y": [k / 7 for k in range(ROWS)]})
    path = tmp_path / f"large.{ending}"
    frame.write_parquet(path) if ending == "parquet" else frame.write_ipc(path)
    return str(path)


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_a_reader_of_bytes_that_goes_away_ends_it_quietly(columnar: str, ending: str) -> None:
    words = f"set -o pipefail; '{sys.executable}' -m bpcalc map x*y {columnar} | head -c 4"
    done = subprocess.run(["bash", "-c", words], capture_output=True, timeout=TIMEOUT)
    start = {"parquet": b"PAR1", "arrow": b"ARRO"}[ending]
    assert (done.returncode, done.stdout, done.stderr) == (0, start, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_a_full_disk_is_an_error_of_bytes_too(columnar: str, ending: str) -> None:
    for output in ([], ["-o", "/dev/full"]):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                command("map", "x*y", columnar, *output),
                stdout=full,
                stderr=subprocess.PIPE,
                timeout=TIMEOUT,
            )
        assert done.returncode == 2
        assert re.fullmatch(rb"error: .* cannot be written: No space left on device\n", done.stderr)


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize("reduce", [[], ["--reduce", "sum"]])
def test_a_terminal_gets_no_bytes_that_are_no_text(
    columnar: str, ending: str, reduce: list[str]
) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        command("map", "x*y", columnar, *reduce),
        stdout=theirs,
        stderr=subprocess.PIPE,
        env=environment(),
        timeout=TIMEOUT,
    )
    assert select.select([ours], [], [], 0)[0] == []
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2
    named = {"parquet": "a Parquet file", "arrow": "an Arrow file"}[ending]
    assert f"error: {named} is no text for a terminal" in done.stderr.decode()
