"""Ctrl-C while something is written: it waits for the end of the write, the second one does not."""

from __future__ import annotations

import pytest

from bpcalc.cli.interrupts import Interrupts


def test_ctrl_c_within_a_write_waits_for_its_end() -> None:
    interrupted = Interrupts()
    out = []

    def write(data: bytes) -> None:
        out.append(data[:2])
        interrupted()
        out.append(data[2:])

    with pytest.raises(KeyboardInterrupt):
        interrupted.whole(write)(b"a,b\n")
    assert out == [b"a,", b"b\n"]


def test_the_second_ctrl_c_ends_a_write() -> None:
    interrupted = Interrupts()
    out = []

    def write(data: bytes) -> None:
        interrupted()
        interrupted()
        out.append(data)

    with pytest.raises(KeyboardInterrupt):
        interrupted.whole(write)(b"a,b\n")
    assert out == []


def test_ctrl_c_between_two_writes_counts_at_once() -> None:
    interrupted = Interrupts()
    out: list[bytes] = []
    write = interrupted.whole(out.append)
    write(b"a\n")
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert out == [b"a\n"]
