"""Nobody's numbers change because somebody else's do: values, seeds, gradients, reused memory."""

from __future__ import annotations

import gc
import threading
from typing import Any

import numpy as np
import pytest

from bpcalc.engine import forward, gradients
from bpcalc.formula import parse
from bpcalc.ops import memory

LARGE = 2 * memory.LARGE

FORMULAS = [
    "sum(a + b)",
    "sum((a + b) + (a - b))",
    "sum(a*a + a)",
    "c = a + b; d = c + a; sum(c*d + d)",
    "sum(reshape(a, -1) + reshape(b, -1)) + sum(a)",
    "sum(exp(a) + a' @ ones - a)",
    "sum(where(a > 0, a, b) + a + b)",
    "sum(a - b - b - b - b)",
    "sum(logsumexp(a + b, axis=0)) + sum(a^2 + b^3)",
    "sum(sigmoid(a) @ b' + a @ a' + b @ b')",
    "sum(concat(a, b) + concat(b, a)) + sum(a)",
    "mean(a) + sum(a[0] + b[1])",
]


def square(size: int) -> dict[str, Any]:
    draws = np.random.default_rng(1)
    n = int(size**0.5)
    return {name: draws.normal(size=(n, n)) for name in ("a", "b")} | {"ones": np.ones((n, n))}


def computed(formula: str, given: dict[str, Any]) -> tuple[Any, list[Any], list[Any]]:
    graph = parse(formula, given)
    values = forward(graph, given)
    return graph, values, gradients(graph, values)


@pytest.mark.parametrize("size", [9, LARGE])
@pytest.mark.parametrize("formula", FORMULAS)
def test_the_backward_pass_changes_no_value(formula: str, size: int) -> None:
    given = square(size)
    graph = parse(formula, given)
    values = forward(graph, given)
    before = [np.array(value) for value in values]
    gradients(graph, values)
    assert all(map(np.array_equal, before, values))


@pytest.mark.parametrize("size", [9, LARGE])
@pytest.mark.parametrize("formula", FORMULAS)
def test_a_gradient_cannot_be_written_to(formula: str, size: int) -> None:
    for gradient in computed(formula, square(size))[2]:
        if np.ndim(gradient):
            with pytest.raises(ValueError, match="read-only"):
                gradient[...] = 0


@pytest.mark.parametrize("size", [9, LARGE])
@pytest.mark.parametrize("formula", FORMULAS)
def test_each_gradient_is_the_sum_of_its_contributions(formula: str, size: int) -> None:
    """Computed apart, so that an addition in place would show in somebody else's gradient."""
    from bpcalc.engine.backward import NOTHING, backward

    given = square(size)
    graph = parse(formula, given)
    values = forward(graph, given)
    sums: list[Any] = [0.0] * len(graph)
    sums[graph.output] = 1.0
    told = []
    for _, target, _, local, upstream, contribution in backward(graph, values, []):
        if contribution is not NOTHING:
            sums[target] = sums[target] + np.array(contribution)
            told += [(one, np.array(one)) for one in (local, upstream, contribution)]
    for got, expected in zip(gradients(graph, values), sums):
        assert got == pytest.approx(np.broadcast_to(expected, np.shape(got)), rel=1e-11, abs=1e-11)
    for one, before in told:
        assert np.array_equal(one, before)


@pytest.mark.parametrize("size", [9, LARGE])
@pytest.mark.parametrize("formula", FORMULAS)
def test_what_is_wanted_is_the_same_by_itself(formula: str, size: int) -> None:
    graph, values, every = computed(formula, square(size))
    for name in ("a", "b"):
        if name in graph.variables:
            index = graph.variables[name]
            alone = gradients(graph, values, wanted=[index])
            assert np.array_equal(alone[index], every[index])
            others = [i for n, i in graph.variables.items() if n != name]
            assert all(alone[i] is None for i in others)


def test_a_seed_stays_what_it_is() -> None:
    graph = parse("a + b", {"a": np.zeros(3), "b": np.zeros(3)})
    seed = np.array([1.0, 2.0, 3.0])
    values = forward(graph, {"a": np.zeros(3), "b": np.zeros(3)})
    found = gradients(graph, values, seed)
    assert seed.flags.writeable
    assert seed.tolist() == [1.0, 2.0, 3.0]
    assert all(gradient.tolist() == seed.tolist() for gradient in found)


def test_results_that_are_kept_are_not_written_over() -> None:
    given = square(LARGE)
    graph = parse("sum((a*b + exp(a))^2 - a/b)", given)
    kept = []
    for factor in range(1, 6):
        point = {name: given[name] * factor for name in graph.variables}
        values = forward(graph, point)
        kept.append((point, values, gradients(graph, values)))
    for point, values, slopes in kept:
        again = forward(graph, point)
        assert all(map(np.array_equal, values, again))
        assert all(map(np.array_equal, slopes, gradients(graph, again)))


def test_a_view_holds_the_memory_that_it_shows() -> None:
    block = memory.room((LARGE,))
    block[:] = 7.0
    view = block.reshape(2, -1)[:1, ::2]
    del block
    others = [memory.room((LARGE,)) for _ in range(3)]
    for other in others:
        other[:] = 0.0
    assert (view == 7.0).all()


def test_memory_that_nobody_needs_is_used_again() -> None:
    memory.room((LARGE,))
    gc.collect()
    addresses = {memory.room((LARGE,)).ctypes.data for _ in range(5)}
    assert len(addresses) == 1


def test_no_more_is_kept_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST", 8 * LARGE * 3)
    arrays = [memory.room((LARGE + i,)) for i in range(20)]
    kept = sum(len(blocks) * size for size, blocks in memory._blocks.items())
    assert 8 * kept <= memory.MOST
    assert len({array.ctypes.data for array in arrays}) == 20


def test_threads_do_not_share_memory() -> None:
    wrong = []

    def write(number: float) -> None:
        for _ in range(200):
            array = memory.room((LARGE,))
            array[:] = number
            if not (array == number).all():
                wrong.append(number)

    threads = [threading.Thread(target=write, args=(float(i),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
