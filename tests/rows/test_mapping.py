"""The run: what is written, counted and told of several blocks."""

from __future__ import annotations

import pytest

from bpcalc.errors import RequestError
from bpcalc.rows.mapping import Count, mapped
from bpcalc.rows.plan import Block, Done, Trouble

BLOCKS = [Block(b"", line, "t.csv") for line in (2, 3, 5)]
DONE = [
    Done(b"1\n", 1, 0, None),
    Done(b"2\n3\n", 2, 1, Trouble(4, "one")),
    Done(b"", 3, 3, Trouble(5, "two")),
]


def test_the_first_row_of_several_blocks_that_could_not_be_computed_is_told() -> None:
    out: list[bytes] = []
    found = mapped(zip(BLOCKS, DONE), out.append)
    assert found == Count(6, 4, ("t.csv", Trouble(4, "one")))
    assert out == [b"1\n", b"2\n3\n"]


def test_what_stands_before_an_error_is_written() -> None:
    out: list[bytes] = []
    done = [DONE[0], DONE[1]._replace(error=RequestError("no")), DONE[2]]
    with pytest.raises(RequestError, match="no"):
        mapped(zip(BLOCKS, done), out.append)
    assert out == [b"1\n", b"2\n3\n"]
