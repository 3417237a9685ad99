"""Data -> mini-batches: every row once an epoch, in a new order each time.

Rows are gathered into one buffer per variable, which the next batch is written into. The last batch
of an epoch has the rows that are left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy

Array: TypeAlias = "numpy.ndarray[Any, Any]"


class Batches:
    """The data of a run, batch by batch."""

    def __init__(self, arrays: Mapping[str, Array], size: int, shuffle: bool, seed: int) -> None:
        self.arrays = dict(arrays)
        self.rows = len(next(iter(self.arrays.values())))
        self.size = min(size, self.rows)
        self.count = -(-self.rows // self.size)
        """How many there are in an epoch."""
        self.shuffle = shuffle and self.count > 1
        self.generator = numpy.random.Generator(numpy.random.PCG64(seed))
        self._before = self.generator.bit_generator.state
        self._order: Array | None = None
        self._rooms: dict[int, dict[str, Array]] = {}
        """By the number of rows: where a batch is gathered, always in the same arrays."""
        if self.shuffle:
            self._rooms[self.size] = {
                name: numpy.empty((self.size, *array.shape[1:]), array.dtype)
                for name, array in self.arrays.items()
            }

    def rows_of(self, k: int) -> int:
        """How many rows batch k of an epoch has."""
        return min(self.size, self.rows - k * self.size)

    def begin(self) -> None:
        """Begin an epoch: put the rows into a new order."""
        if self.shuffle:
            self._before = self.generator.bit_generator.state
            self._order = self.generator.permutation(self.rows)

    def batch(self, k: int) -> dict[str, Array]:
        """Batch k of the epoch; a shuffled one stands there until the next."""
        if self._order is None:
            return self.in_order(k)
        rows = self._order[k * self.size : (k + 1) * self.size]
        found = self._room(len(rows))
        for name, array in self.arrays.items():
            # With mode="raise" NumPy would gather into a buffer of its own first.
            array.take(rows, 0, found[name], "clip")
        return found

    def _room(self, rows: int) -> dict[str, Array]:
        if rows not in self._rooms:
            whole = self._rooms[self.size]
            self._rooms[rows] = {name: array[:rows] for name, array in whole.items()}
        return self._rooms[rows]

    def in_order(self, k: int) -> dict[str, Array]:
        """The rows of batch k as they stand in the data."""
        if self.count == 1:
            return self.arrays
        part = slice(k * self.size, (k + 1) * self.size)
        return {name: array[part] for name, array in self.arrays.items()}

    def seen(self, steps: int) -> int:
        """How many samples have been seen after so many steps."""
        epochs, rest = divmod(steps, self.count)
        return epochs * self.rows + rest * self.size

    def state(self, within: bool) -> Mapping[str, Any]:
        """The generator's, with which the current epoch, or the next one, begins."""
        return self._before if within else self.generator.bit_generator.state

    def restore(self, state: Mapping[str, Any], within: bool) -> None:
        """Go on from a generator's state, `within` an epoch or before the next one."""
        self.generator.bit_generator.state = state
        if within:
            self.begin()
