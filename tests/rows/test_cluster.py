"""`bpcalc map --cluster`: the rows of one process, computed by several, some of which die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

sys.path.append(str(Path(__file__).parents[1]))

from cli.running import TIMEOUT, Ran, called, command, environment, started

from bpcalc.errors import CalculationError, RequestError
from bpcalc.rows import cluster

pytest.importorskip("distributed")

FORMULA = "log(x)*y + sigmoid(y)"
ROWS = 40_000

SCRIPT = """\
import logging
import sys
from distributed import LocalCluster

if __name__ == "__main__":
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        memory_limit=0,
        silence_logs=logging.CRITICAL,
    ) as cluster:
        print(cluster.scheduler_address, flush=True)
        for _ in sys.stdin:
            print(*[nanny.pid for nanny in cluster.workers.values()], flush=True)
"""
"""A cluster of its own: its address, and its workers' processes for each line that it is given."""


class Cluster(NamedTuple):
    """A cluster that runs."""

    process: subprocess.Popen[str]
    address: str

    def workers(self) -> list[int]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return [int(pid) for pid in self.process.stdout.readline().split()]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One for all tests of this file."""
    script = tmp_path_factory.mktemp("cluster") / "script.py"
    script.write_text(SCRIPT)
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it tells of each worker that dies
        text=True,
        env=environment(),
        cwd=script.parent,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Cluster(process, process.stdout.readline().strip())
        process.stdin.close()
        process.wait(TIMEOUT)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of several parts, in which rows cannot be computed."""
    path = tmp_path_factory.mktemp("tables") / "table.csv"
    lines = (f"{k},{k / 7!r},{k % 13 - 6}" for k in range(ROWS))
    text = "\n".join(["id,x,y", *lines]) + "\n"
    path.write_text(text.replace("\n30000,", "\n30000,-"))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small tables, one of them odd."""
    path = tmp_path_factory.mktemp("small")
    for number in range(12):
        (path / f"{number}.csv").write_text(f"x,y,note\n{number + 1},2,a\n3,{number},b\n")
    (path / "5.csv").write_text('x,y,note\n1,2,"a\nb"\n,4,c\n5,6,"d')
    (path / "6.csv").write_text('x,y,note\n1,2,"a\nb"\n,4,c\n')
    (path / "other.csv").write_text("x,z\n1,2\n")
    (path / "a.jsonl").write_text('{"x": 1, "y": 2}\n{"x": 2, "y": "-"}\n')
    return path


def both(running: Cluster, *words: str, stdin: bytes = b"") -> Ran:
    """What comes of a command, which is the same with the cluster."""
    alone = called("map", *words, stdin=stdin)
    ran = called("map", *words, "--cluster", running.address, stdin=stdin)
    assert ran == alone
    return ran


@pytest.mark.parametrize(
    "words", [[], ["--reduce", "mean"], ["--reduce", "sum", "--format", "json"], ["--only"]]
)
def test_a_table_in_parts_comes_out_the_same(
    running: Cluster, table: Path, words: list[str]
) -> None:
    ran = both(running, FORMULA, str(table), *words)
    assert ran.code == 1
    assert f"2 of {ROWS:,} rows could not be computed" in ran.err
    assert "the first is line 2: log needs a number above 0, and got 0.0" in ran.err


@pytest.mark.parametrize("words", [[], ["--strict"], ["--reduce", "sum", "--strict"]])
@pytest.mark.parametrize("last", ["4.csv", "5.csv", "6.csv", "other.csv", "nothing.csv", "9.csv"])
def test_many_files_come_out_the_same(
    running: Cluster, folder: Path, words: list[str], last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    names = [f"{number}.csv" for number in (0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11)]
    if words:
        names.remove("6.csv")
    both(running, "log(x)*y", *names, last, *words)


def test_a_bad_row_is_said_with_its_true_line(running: Cluster, table: Path) -> None:
    ran = both(running, "log(x + 1)*y", str(table), "--strict")
    assert f"{table.name}, line 30,002: x is" not in ran.err
    assert ", line 30,002: log needs a number above 0" in ran.err
    assert ran.out.count("\n") == 30_001
    ran = both(running, "log(x + 1)*y", str(table), "--strict", "--reduce", "sum")
    assert ", line 30,002: log needs a number above 0" in ran.err
    ran = both(running, "log(x + 1)*y", str(table), "--reduce", "sum")
    assert "the first is line 30,002: log needs" in ran.err


def test_standard_input_is_sent_to_the_workers(running: Cluster, table: Path) -> None:
    both(running, FORMULA, stdin=table.read_bytes())
    both(running, FORMULA, str(table), "-", "--reduce", "mean", stdin=table.read_bytes())
    both(running, "x", stdin=b"x\n")
    both(running, "x", stdin=b"")


def test_json_lines_and_arrays_and_columns_called_as_constants(
    running: Cluster, folder: Path
) -> None:
    both(running, "x*y", str(folder / "a.jsonl"))
    both(running, "sum([x, y]*W)", str(folder / "0.csv"), "--W", "[5, 7]", "--wrt", "x")
    both(running, "e*x + pi", stdin=b"e,x\n1,2\n")
    both(running, "e*x + pi", "--e", "3", stdin=b"x\n1\n2\n")


def test_parquet_files_are_reduced(running: Cluster, folder: Path, tmp_path: Path) -> None:
    polars = pytest.importorskip("polars")
    names = []
    for number in range(3):
        names.append(str(tmp_path / f"{number}.parquet"))
        polars.DataFrame({"x": [1.0, 2.5, -number], "y": [1, 2, 3]}).write_parquet(names[-1])
    for words in (["--get", "gradient"], ["--strict"], ["--format", "json"]):
        ran = both(running, "log(x)*y", *names, "--reduce", "sum", *words)
        assert "0.parquet, row 3: log needs a number above 0" in ran.err
    ran = called("map", "x", *names, "--cluster", "local")
    assert (ran.code, ran.out) == (2, "")
    assert "--cluster writes no parquet file" in ran.err


def test_the_output_is_there_whole_or_not_at_all(
    running: Cluster, table: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.csv"
    words = ["-o", str(target), "--cluster", running.address]
    assert called("map", FORMULA, str(table), "--strict", *words).code == 1
    assert list(tmp_path.iterdir()) == []
    assert called("map", FORMULA, str(table), *words).code == 1
    assert target.read_bytes().count(b"\n") == ROWS + 1


# Workers that die


def _wait_for(workers: list[int], running: Cluster) -> None:
    """Until others have taken the place of these."""
    for _ in range(TIMEOUT * 10):
        if len(now := running.workers()) == 2 and not set(now) & set(workers):
            return
        time.sleep(0.1)
    raise AssertionError("no worker was started anew")


@pytest.mark.parametrize("all_die", [False, True])
def test_a_worker_that_is_killed_loses_nothing(
    running: Cluster, table: Path, all_die: bool
) -> None:
    words = ["map", FORMULA, *[str(table)] * 10]
    alone = called(*words)
    with subprocess.Popen(
        command(*words, "--cluster", running.address),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline() + process.stdout.readline()
        workers = running.workers()  # some parts are done and wait for being read, some are not
        killed = workers if all_die else workers[:1]
        for worker in killed:
            os.kill(worker, signal.SIGKILL)
        out, err = first + process.stdout.read(), process.stderr.read()
    assert (process.returncode, out.decode(), err.decode()) == alone
    _wait_for(killed, running)


def test_sums_are_complete_whenever_a_worker_is_killed(running: Cluster, table: Path) -> None:
    words = ["map", FORMULA, *[str(table)] * 20, "--reduce", "sum"]
    alone = called(*words)
    with subprocess.Popen(
        command(*words, "--cluster", running.address),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        time.sleep(1.5)
        worker = running.workers()[0]
        os.kill(worker, signal.SIGKILL)
        out, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, out.decode(), err.decode()) == alone
    _wait_for([worker], running)


# Local workers


def _local(table: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command("map", FORMULA, *words, "--cluster", "local"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        start_new_session=True,
        preexec_fn=_with_ctrl_c,
    )


def _with_ctrl_c() -> None:
    """A shell lets what runs in the background ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _all_end(group: int) -> bool:
    """Whether soon no process of a group is left."""
    for _ in range(TIMEOUT * 10):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_local_workers_come_and_go_quietly(table: Path) -> None:
    alone = called("map", FORMULA, str(table))
    assert started("map", FORMULA, str(table), "--cluster", "local") == alone


def test_a_reader_that_goes_away_ends_local_workers(table: Path) -> None:
    with _local(table, *[str(table)] * 20) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(TIMEOUT) == 0
        assert process.stderr.read() == b""
    assert _all_end(process.pid)


@pytest.mark.parametrize("begun", [False, True])
def test_ctrl_c_ends_local_workers(table: Path, begun: bool) -> None:
    with _local(table, *[str(table)] * 20) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if begun:
            process.stdout.readline()
        else:
            time.sleep(0.9)
        os.killpg(process.pid, signal.SIGINT)  # a terminal tells all processes
        rest = process.stdout.read()
        assert process.wait(TIMEOUT) == 130
        assert process.stderr.read().strip() == b""
    assert not rest or rest.endswith(b"\n")
    assert _all_end(process.pid)


# What is refused


def test_a_scheduler_that_is_not_there_is_said_soon(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 0.3)
    for address in ("tcp://127.0.0.1:9", "nowhere", "http://a.b:1", "tcp://127.0.0.1:99999", ""):
        ran = called("map", FORMULA, str(table), "--cluster", address)
        assert (ran.code, ran.out) == (2, "")
        assert f"error: there is no scheduler at {address or 'an empty address'}: " in ran.err
        assert "--cluster local" in ran.err


def test_without_the_library_the_extra_is_named(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    ran = called("map", FORMULA, str(table), "--cluster", "local")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        'error: --cluster needs Dask, which is not installed\n  hint: pip install "bpcalc[dask]"\n'
    )


def test_rows_as_one_json_document_are_refused(table: Path) -> None:
    ran = called("map", FORMULA, str(table), "--cluster", "local", "--format", "json")
    assert (ran.code, ran.out) == (2, "")
    assert "--format json numbers all rows" in ran.err


OURS = {"bpcalc": "1.0", "distributed": "2024.1.0", "python": "3.11.7.final.0"}


class Machines(SimpleNamespace):
    """A client that knows what is installed where."""

    def wait_for_workers(self, count: int, timeout: float) -> None:
        if not self.workers:
            raise TimeoutError

    def get_versions(self, packages: list[str]) -> dict[str, Any]:
        workers = {f"tcp://w{i}:1": {"packages": found} for i, found in enumerate(self.workers)}
        return {"client": {"packages": OURS}, "workers": workers, "scheduler": {}}


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        ({"bpcalc": None}, "the worker tcp://w1:1 has no bpcalc"),
        ({"bpcalc": "1.1"}, "the worker tcp://w1:1 has bpcalc 1.1, and here is 1.0"),
        ({"python": "3.12.7"}, "the worker tcp://w1:1 has python 3.12, and here is 3.11"),
        ({"distributed": "2025.1.0"}, "has distributed 2025.1.0, and here is 2024.1.0"),
    ],
)
def test_workers_with_other_software_are_refused(theirs: dict[str, Any], said: str) -> None:
    same: Any = Machines(workers=[OURS, {**OURS, "python": "3.11.2"}])
    cluster._refuse_other_versions(same)
    other: Any = Machines(workers=[OURS, {**OURS, **theirs}])
    with pytest.raises(RequestError, match=said):
        cluster._refuse_other_versions(other)


def test_a_scheduler_without_workers_is_said() -> None:
    nobody: Any = Machines(workers=[])
    with pytest.raises(RequestError, match="the scheduler has no workers"):
        cluster._refuse_other_versions(nobody)


def test_a_part_that_kills_every_worker_is_an_error() -> None:
    from distributed.scheduler import KilledWorker

    def result() -> None:
        raise KilledWorker("part", None, 4)  # type: ignore[arg-type]

    future: Any = SimpleNamespace(result=result)
    with pytest.raises(CalculationError, match="every worker that computed one part"):
        cluster._Promise(future).result()


def test_a_scheduler_that_ends_is_an_error() -> None:
    from distributed.client import FutureCancelledError

    def result() -> None:
        raise FutureCancelledError("part", "scheduler-connection-lost")

    future: Any = SimpleNamespace(result=result)
    with pytest.raises(CalculationError, match="the connection to the scheduler was lost"):
        cluster._Promise(future).result()
