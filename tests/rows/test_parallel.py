"""Blocks that threads compute: in order, at once, and no further than somebody wants them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from queue import SimpleQueue

import pytest

from bpcalc.codegen.program import program
from bpcalc.formula import parse
from bpcalc.rows import delimited, fast, parallel
from bpcalc.rows.computing import Computing
from bpcalc.rows.parallel import in_order
from bpcalc.rows.plan import Block, Done, planned


def blocks(number: int, size: int = 100, file: str = "a") -> Iterator[Block]:
    for line in range(number):
        yield Block(b"x" * (size - 1) + b"\n", line + 2, file)


def echoed(block: Block) -> Done:
    return Done(block.data, block.data.count(b"\n"), 0, None)


def slower_at_first(block: Block) -> Done:
    time.sleep(0.05 if block.line < 4 else 0)
    return echoed(block)


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    before = threading.active_count()
    yield
    for _ in range(1000):
        if threading.active_count() <= before:
            return
        time.sleep(0.01)
    raise AssertionError("a thread is still there")


@pytest.mark.parametrize("patient", [False, True])
def test_results_come_in_order_and_whole(patient: bool) -> None:
    found = list(in_order(blocks(200), slower_at_first, patient))
    assert sum(done.rows for _, done in found) == 200
    lines = [block.line for block, _ in found]
    assert lines == sorted(lines)
    assert all(done.data == block.data for block, done in found)


def test_what_is_waiting_is_computed_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "LARGEST", 1000)
    found = list(in_order(blocks(100), slower_at_first, patient=True))
    assert {len(block.data) for block, _ in found} == {1000}


def test_blocks_of_different_files_stay_apart() -> None:
    several = [*blocks(3, file="a"), *blocks(3, file="b")]
    found = list(in_order(iter(several), echoed, patient=True))
    assert [(block.file, done.rows) for block, done in found] == [("a", 3), ("b", 3)]


def test_a_slow_source_gets_each_row_at_once() -> None:
    given: SimpleQueue[Block | None] = SimpleQueue()
    results = in_order(iter(given.get, None), echoed)
    for block in blocks(5):
        given.put(block)
        assert next(results) == (block, echoed(block))
    given.put(None)
    assert list(results) == []


def read_into(seen: list[int], results: Iterator[tuple[Block, Done]]) -> None:
    for block, done in results:
        seen.extend(range(block.line, block.line + done.rows))


def test_an_error_comes_after_what_was_before_it() -> None:
    def transform(block: Block) -> Done:
        done = slower_at_first(block)
        if block.line + done.rows > 6:
            raise ValueError("too many")
        return done

    seen: list[int] = []
    with pytest.raises(ValueError, match="too many"):
        read_into(seen, in_order(blocks(9), transform))
    assert seen == list(range(2, 2 + len(seen)))
    assert len(seen) <= 4


def test_an_error_of_reading_comes_after_what_was_read() -> None:
    def broken() -> Iterator[Block]:
        yield from blocks(7)
        raise OSError("gone")

    seen: list[int] = []
    with pytest.raises(OSError, match="gone"):
        read_into(seen, in_order(broken(), slower_at_first))
    assert seen == list(range(2, 9))


def test_no_more_is_read_than_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "LARGEST", 1000)
    taken = count()

    def endless() -> Iterator[Block]:
        while True:
            next(taken)
            yield next(blocks(1))

    with closing(in_order(endless(), echoed)) as found:
        next(found)
    assert next(taken) < 100


# What is given to Polars


def test_a_large_block_is_computed_in_pieces_where_polars_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fast, "_PIECE", 64)
    graph = parse("log(x)*y")
    plan = planned(graph, ("x", "a", "y"), {}, None)._replace(separator=",")
    plain = delimited.transform(Computing(graph, plan))
    transform = fast.FastTransform(plan, program(graph, plan.wrt), plain)
    rows = [f'{k}.5,"a\nb, {k}",{k}\n' for k in range(40)]
    rows[20] = f'-1,"{"long" * 40}",3\n'
    block = Block("".join(rows).encode(), 2, "a.csv")
    found = transform.in_pieces(block)
    assert found == plain(block)
    assert (found.rows, found.bad) == (40, 1)


def test_small_blocks_do_not_wait_for_polars() -> None:
    graph = parse("x*x")
    plan = planned(graph, ("x",), {}, None)._replace(separator=",")
    plain = delimited.transform(Computing(graph, plan))
    transform = fast.fast(graph, plan, plain)
    if transform is None:
        pytest.skip("Polars is not installed")
    assert transform(Block(b"3\n", 2, "-")).data == b"3,9.0,6.0\n"
    assert transform._by_polars is None
    large = b"3\n" * (fast.WORTH // 2)
    assert transform(Block(large, 2, "-")).data == b"3,9.0,6.0\n" * (fast.WORTH // 2)
    assert transform._by_polars is not None
    assert transform._by_polars.trusted
