"""Seeded random formulas: the text for bpcalc, and the same operations as a list for its peers.

A formula is a tree over ten variables. Its operations stand in evaluation order in one flat array,
three entries each: the code of the symbol, the left input, the right input (of a function, the
left one again). Variables are numbered 0 to 9, operations from 10 on.

    wide    chains of seven operations, added up pairwise: as deep as log2 of their number
    deep    one chain, each operation upon the result of the one before

    python benchmarks/formulas.py SHAPE OPERATIONS SEED FILE    writes FILE.txt and FILE.ops
"""

from __future__ import annotations

import math
import random
import sys
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

Program: TypeAlias = "array[int]"

SHAPES = ("wide", "deep")
SYMBOLS = ("+", "-", "*", "/", "sin", "tanh", "exp")
POINT = {f"x{i}": 0.6 + 0.1 * i for i in range(10)}
TERM = 7
"""Operations of a term of the wide shape."""

_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2}
_TIGHTEST = 3

_STEPS: tuple[tuple[str, bool, Callable[[float, float], tuple[float, float]]], ...] = (
    # symbol, whether v is on the right, and (v, x) -> value and slope by v
    ("+", False, lambda v, x: (v + x, 1)),
    ("-", False, lambda v, x: (v - x, 1)),
    ("-", True, lambda v, x: (x - v, -1)),
    ("*", False, lambda v, x: (v * x, x)),
    ("/", False, lambda v, x: (v / x, 1 / x)),
    ("/", True, lambda v, x: (x / v, -x / v**2)),
    ("sin", False, lambda v, x: (math.sin(v), math.cos(v))),
    ("tanh", False, lambda v, x: (math.tanh(v), 1 - math.tanh(v) ** 2)),
    ("exp", False, lambda v, x: (math.exp(v), math.exp(v))),
)


def program(shape: str, operations: int, seed: int) -> Program:
    """A random formula of exactly so many operations."""
    return (_wide if shape == "wide" else _deep)(operations, random.Random(seed))


def triples(program: Program) -> Iterator[tuple[int, int, int]]:
    """(code, left input, right input) of every operation."""
    entries = iter(program)
    return zip(entries, entries, entries)


def text(program: Program) -> str:
    """The formula as it is typed, with no more brackets than it needs."""
    pieces: list[str] = []
    waiting: list[int | str] = [len(POINT) + len(program) // 3 - 1]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            pieces.append(item)
        elif item < len(POINT):
            pieces.append(f"x{item}")
        else:
            waiting.extend(reversed(_written(program, item)))
    return "".join(pieces)


def _deep(operations: int, rng: random.Random) -> Program:
    program: Program = array("i")
    _chain(program, operations, rng)
    return program


def _wide(operations: int, rng: random.Random) -> Program:
    """Terms of TERM operations, each joined to the sum by one more; what is over is a last term."""
    terms, over = divmod(operations + 1, TERM + 1)
    lengths = [TERM] * terms + [over - 1] * (over > 0)
    program: Program = array("i")
    sums: list[tuple[int, int]] = []
    for length in lengths:
        sums.append((1, _chain(program, length, rng)))
        while len(sums) > 1 and sums[-2][0] == sums[-1][0]:  # two of one size: add them
            _join(program, sums)
    while len(sums) > 1:
        _join(program, sums)
    return program


def _join(program: Program, sums: list[tuple[int, int]]) -> None:
    (more, right), (some, left) = sums.pop(), sums.pop()
    sums.append((some + more, _added(program, "+", left, right)))


def _added(program: Program, symbol: str, left: int, right: int) -> int:
    program.extend((SYMBOLS.index(symbol), left, right))
    return len(POINT) + len(program) // 3 - 1


def _chain(program: Program, length: int, rng: random.Random) -> int:
    """Add a chain, in which values and slopes stay within bounds at any length; its last node."""
    node = rng.randrange(len(POINT))
    value, slope = POINT[f"x{node}"], 1.0
    for _ in range(length):
        symbol, swapped, other, value, slope = _step(value, slope, rng)
        other = node if other < 0 else other
        left, right = (other, node) if swapped else (node, other)
        node = _added(program, symbol, left, right)
    return node


def _step(value: float, slope: float, rng: random.Random) -> tuple[str, bool, int, float, float]:
    """A random next operation: (symbol, swapped, variable or -1, new value, new slope)."""
    while True:
        symbol, swapped, outcome = rng.choice(_STEPS)
        variable = rng.randrange(len(POINT))
        after, local = outcome(value, POINT[f"x{variable}"])
        if 0.1 < abs(after) < 5 and 0.2 < abs(slope * local) < 5:
            return symbol, swapped, variable if symbol in _BINDING else -1, after, slope * local


def _written(program: Program, node: int) -> list[int | str]:
    """The pieces of an operation: text, and the numbers of its inputs."""
    symbol, left, right = _operation(program, node)
    if symbol not in _BINDING:
        return [f"{symbol}(", left, ")"]
    power = _BINDING[symbol]
    return [*_bracketed(program, left, power), symbol, *_bracketed(program, right, power + 1)]


def _bracketed(program: Program, node: int, power: int) -> list[int | str]:
    symbol = "" if node < len(POINT) else _operation(program, node)[0]
    return [node] if _BINDING.get(symbol, _TIGHTEST) >= power else ["(", node, ")"]


def _operation(program: Program, node: int) -> tuple[str, int, int]:
    start = 3 * (node - len(POINT))
    code, left, right = program[start : start + 3]
    return SYMBOLS[code], left, right


def main() -> None:
    shape, operations, seed, file = sys.argv[1:]
    made = program(shape, int(operations), int(seed))
    Path(f"{file}.ops").write_bytes(made.tobytes())
    Path(f"{file}.txt").write_text(text(made))


if __name__ == "__main__":
    main()
