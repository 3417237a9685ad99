"""Memory for large arrays: what former results have left is used again.

The C library gives large blocks back to the system as soon as they are freed, and the next result
is written to fresh pages. A page that is touched for the first time costs more than what is
computed on it: 2.5 to 5 microseconds in a virtual machine, measured, for 512 numbers of which a
sum takes 0.1. So the blocks of large results are kept, and a block is used again once no array
stands in it any more, as its reference count says.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import prod
from threading import Lock
from typing import Any

LARGE = 2**15
"""Elements, 256 KiB. What is smaller comes from memory that the C library keeps by itself."""

MOST = 2**28
"""Bytes that are kept at most, in use or not."""

_MOST_OF_A_SIZE = 64

_blocks: dict[int, list[Any]] = {}
_lock = Lock()


def room(shape: tuple[int, ...]) -> Any:
    """An array of float64 to be written to, whatever it holds."""
    import numpy

    size = prod(shape)
    if size < LARGE or not hasattr(sys, "getrefcount"):
        return numpy.empty(shape)
    with _lock:
        return _block(size).reshape(shape)


def _block(size: int) -> Any:
    """A block in which no array stands; the lock is held until one does."""
    import numpy

    if not _blocks:
        _keep_small_ones()
    known = _blocks.setdefault(size, [])
    for place in range(len(known)):
        if sys.getrefcount(known[place]) == _FREE:
            return known[place]
    found = numpy.empty(size)
    if len(known) < _MOST_OF_A_SIZE:
        known.append(found)
    if 8 * sum(size * len(blocks) for size, blocks in _blocks.items()) > MOST:
        _blocks.clear()
    return found


def _keep_small_ones() -> None:
    """Let the C library keep what rules leave on their way, in blocks of less than 32 MiB.

    glibc gives back what exceeds twice the largest block that was freed, if that had no more than
    32 MiB (mallopt(3), "dynamic mmap threshold"). This one is freed untouched.
    """
    import numpy

    numpy.empty(2**22 - 2**12)


_OWN = [object()]
_FREE = sys.getrefcount(_OWN[0]) if hasattr(sys, "getrefcount") else 0
"""What `getrefcount` says of something that stands in one list, and nowhere else."""


def into_room(ufunc: Any, *args: Any, shape: tuple[int, ...] | None = None) -> Any:
    """What a function of NumPy's gives, in memory that former results have left.

    It has the shape of the arguments, broadcast, if no other is given.
    """
    import numpy

    if shape is None:
        shape = numpy.broadcast_shapes(*(getattr(arg, "shape", ()) for arg in args))
    if prod(shape) < LARGE or any(
        getattr(arg, "dtype", numpy.float64) != numpy.float64 for arg in args
    ):
        return ufunc(*args)
    return ufunc(*args, out=room(shape))


def any_large(values: Sequence[Any]) -> bool:
    """Whether there is an array among them for which memory matters."""
    for value in values:  # noqa: SIM110 - half the time of any(...)
        if getattr(value, "size", 0) >= LARGE:
            return True
    return False
