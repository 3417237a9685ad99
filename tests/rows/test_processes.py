"""Blocks computed by other processes: in order, whatever becomes of these."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bpcalc.errors import RequestError
from bpcalc.rows import processes
from bpcalc.rows.plan import Block, Done, Trouble
from bpcalc.rows.processes import on_processes

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")

HERE = os.getpid()


def blocks(count: int) -> Iterator[Block]:
    for number in range(count):
        yield Block(b"%d," % number * 30_000, number + 1, "t\udcff.csv")


def upper(block: Block) -> Done:
    """Tells by whom it was computed."""
    who = b"here" if os.getpid() == HERE else b"there"
    first = Trouble(block.line, "why ∂") if block.line % 3 == 0 else None
    return Done(who + block.data, block.line, 1 if first else 0, first)


def test_results_come_in_order_from_other_processes() -> None:
    found = list(on_processes(blocks(20), upper, 3))
    assert [block for block, _ in found] == list(blocks(20))
    for block, done in found:
        assert done == upper(block)._replace(data=b"there" + block.data)


def test_no_blocks_are_no_results() -> None:
    assert list(on_processes(blocks(0), upper, 2)) == []


def killing(block: Block) -> Done:
    if block.line % 4 == 2 and os.getpid() != HERE:
        os.kill(os.getpid(), signal.SIGKILL)
    return upper(block)


def test_what_a_killed_process_had_is_computed_here() -> None:
    found = list(on_processes(blocks(12), killing, 2))
    assert [block.line for block, _ in found] == list(range(1, 13))
    assert {done.data.partition(b"0")[0][:5] for _, done in found} >= {b"there"}
    assert all(done.data.endswith(block.data) for block, done in found)


def refusing(block: Block) -> Done:
    if block.line == 5:
        raise RequestError("no")
    return upper(block)


def test_an_error_is_raised_here_when_its_block_is_due() -> None:
    lines = []
    with pytest.raises(RequestError, match="no"):  # noqa: PT012
        for block, _ in on_processes(blocks(9), refusing, 2):
            lines.append(block.line)
    assert lines == [1, 2, 3, 4]


def test_who_has_enough_closes_it_and_nobody_is_left() -> None:
    with closing(on_processes(blocks(1000), upper, 2)) as found:
        next(found)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_one_core_needs_no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    assert processes.workers() == 0


@pytest.mark.skipif(not Path("/proc").exists(), reason="there is no /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_first(number: int, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("x\n" + "0.123456789\n" * 500_000)
    script = (
        "import os, sys; sys.modules['polars'] = None; from bpcalc.rows import processes;"
        "processes.workers = lambda: 2; from bpcalc.cli import script; script()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, "map", "x", *[str(table)] * 20],
        stdout=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.readline()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 2
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    rest = process.stdout.read()
    process.stdout.close()
    assert process.wait(60) == (130 if number == signal.SIGINT else -signal.SIGKILL)
    if number == signal.SIGINT:
        assert rest.endswith(b"\n")
    for _ in range(500):
        if not any(Path(f"/proc/{child}").exists() for child in children):
            break
        time.sleep(0.02)
    else:
        pytest.fail("a process is left")
