"""Mini-batches: every row once an epoch, in an order that the seed fixes."""

from __future__ import annotations

import numpy
import pytest

from bpcalc.descent.batches import Batches


def of(rows: int, size: int, shuffle: bool = True, seed: int = 0) -> Batches:
    x = numpy.arange(float(rows))
    return Batches({"x": x, "t": numpy.stack([x, -x], axis=1)}, size, shuffle, seed)


def epoch(found: Batches) -> list[list[float]]:
    found.begin()
    return [found.batch(k)["x"].tolist() for k in range(found.count)]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(("rows", "size"), [(10, 3), (10, 5), (10, 1), (7, 7), (7, 100), (1, 1)])
def test_every_row_comes_once_an_epoch(rows: int, size: int, shuffle: bool) -> None:
    found = of(rows, size, shuffle)
    for _ in range(3):
        batches = epoch(found)
        assert sorted(x for batch in batches for x in batch) == list(range(rows))
        assert [len(batch) for batch in batches] == [found.rows_of(k) for k in range(found.count)]
        assert {len(batch) for batch in batches[:-1]} <= {size}


def test_the_last_batch_has_what_is_left() -> None:
    found = of(2000, 64)
    assert (found.count, found.rows_of(31)) == (32, 16)
    assert [found.seen(steps) for steps in (0, 1, 31, 32, 33, 320)] == [
        *(0, 64, 1984, 2000, 2064, 20_000)
    ]


def test_every_epoch_has_another_order() -> None:
    found = of(100, 10)
    orders = [epoch(found) for _ in range(5)]
    assert all(a != b for i, a in enumerate(orders) for b in orders[:i])


def test_the_seed_fixes_the_order() -> None:
    assert epoch(of(100, 10, seed=7)) == epoch(of(100, 10, seed=7))
    assert epoch(of(100, 10, seed=7)) != epoch(of(100, 10, seed=8))


def test_the_order_is_that_of_numpys_generator() -> None:
    order = numpy.random.Generator(numpy.random.PCG64(3)).permutation(100)
    found = [row for batch in epoch(of(100, 10, seed=3)) for row in batch]
    assert found == order.tolist()


def test_rows_stay_together() -> None:
    found = of(50, 8)
    found.begin()
    for k in range(found.count):
        batch = found.batch(k)
        assert batch["t"].tolist() == [[x, -x] for x in batch["x"]]


def test_without_shuffling_nothing_is_copied() -> None:
    found = of(50, 8, shuffle=False)
    found.begin()
    assert all(
        numpy.shares_memory(found.batch(k)["x"], found.arrays["x"]) for k in range(found.count)
    )


def test_batches_are_gathered_into_the_same_arrays() -> None:
    found = of(50, 8)
    found.begin()
    assert found.batch(0)["t"] is found.batch(1)["t"]
    last = found.batch(found.count - 1)["t"]
    found.begin()
    assert found.batch(found.count - 1)["t"] is last
    assert numpy.shares_memory(last, found.batch(0)["t"])


@pytest.mark.parametrize("within", [True, False])
def test_a_state_goes_on_with_the_same_rows(within: bool) -> None:
    first, second = of(100, 10), of(100, 10)
    epoch(first)
    if within:
        first.begin()
        rest = first.batch(4)["x"].tolist()
        state = first.state(within=True)
    else:
        state = first.state(within=False)
        first.begin()
        rest = first.batch(4)["x"].tolist()
    second.restore(state, within)
    if not within:
        second.begin()
    assert second.batch(4)["x"].tolist() == rest
    assert epoch(second) == epoch(first)
