"""Every step of a program gives by Polars what it gives by `math`, to the bit."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Callable
from functools import partial

import pytest

from bpcalc.codegen.floats import compiled
from bpcalc.codegen.program import Program, Step
from bpcalc.codegen.slot import CONDITIONS
from bpcalc.ops import TABLE, Op

pl = pytest.importorskip("polars")

from bpcalc.rows.polars_expressions import computing  # noqa: E402

PRIMITIVES = [
    op for op in TABLE.values() if op.shape is None and op.primitive and op.key != "where"
]
FUNCTIONS = [op.key for op in PRIMITIVES if not op.switch]
COMPARISONS = [op.key for op in PRIMITIVES if op.switch]

EXTREMES = [
    *(0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, 10.0, 1e16, 1e22, 709.78, 709.79, -745.2),
    *(5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -1.7976931348623157e308),
]
CONSTANTS = [0.0, -0.0, 1.0, 2.0, 3.0, 0.1, -2.5, 0.5, 49.0, -1.0, 1e-310, 1e300]


def numbers(count: int, seed: int) -> list[float]:
    """Floats of every size, those that formulas meet, and extremes."""
    draw = random.Random(seed)
    found = EXTREMES * 3
    while len(found) < count:
        bits = struct.unpack("<d", struct.pack("<Q", draw.getrandbits(64)))[0]
        some = [
            bits,
            draw.gauss(0, 3),
            draw.uniform(-1, 1),
            draw.gauss(0, 1) * 10 ** draw.randint(-9, 9),
        ]
        found += [x for x in some if math.isfinite(x)]
    draw.shuffle(found)
    return found


def differing(program: Program, otherwise: Callable[..., float], count: int = 3000) -> list[object]:
    """Rows in which Polars gives another number than Python: the inputs and both."""
    columns = [numbers(count, seed) for seed, _ in enumerate(program.inputs)]
    rows = list(zip(*columns))
    frame = pl.DataFrame({str(i): column[: len(rows)] for i, column in enumerate(columns)})
    found = computing(program)(frame.lazy(), []).collect().to_series().to_list()
    by_math = compiled(program, lambda *row: (otherwise(*row),))
    expected = [by_math(*row)[0] for row in rows]
    return [found for found in zip(rows, found, expected) if not same(*found[1:])][:3]


def same(a: float, b: float) -> bool:
    return struct.pack("<d", a) == struct.pack("<d", b) or (a != a and b != b)


@pytest.mark.parametrize("op", FUNCTIONS)
def test_a_function_of_columns(op: str) -> None:
    arity = TABLE[op].arity
    step = Step(op, tuple(range(arity)))
    program = Program(("x", "y")[:arity], (), (step,), (arity,))
    assert differing(program, TABLE[op], 20_000) == []


@pytest.mark.parametrize("number", CONSTANTS)
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("op", [op for op in FUNCTIONS if TABLE[op].arity == 2])
def test_a_function_of_a_column_and_a_number(op: str, place: int, number: float) -> None:
    """Polars rewrites operations with numbers: x / 3 as x * (1/3), x**2 as x * x, x + 0 as x."""
    program = Program(("x",), (number,), (Step(op, (1, 0) if place == 0 else (0, 1)),), (2,))

    def otherwise(x: float) -> float:
        return float(TABLE[op](number, x) if place == 0 else TABLE[op](x, number))

    assert differing(program, otherwise) == []


def never(*row: float) -> float:
    raise AssertionError("no comparison raises")


@pytest.mark.parametrize("op", COMPARISONS)
@pytest.mark.parametrize("which", [(True, False), (False, True), (True, True), (False, False)])
def test_a_comparison_of_what_may_be_no_number(op: str, which: tuple[bool, bool]) -> None:
    """To Polars NaN is equal to NaN, and above all numbers. x*1e300 - x*1e300 is 0 or NaN."""
    steps: list[Step] = []
    compared = [0, 1]
    for place, may_be_nan in enumerate(which):
        if may_be_nan:
            steps += [Step("mul", (place, 2)), Step("sub", (3 + len(steps),) * 2)]
            compared[place] = 2 + len(steps)
    steps += [Step(op, (compared[0], compared[1])), Step("number", (3 + len(steps),))]
    constants = (1e300,) if any(which) else ()
    if not any(which):
        steps = [Step(op, (0, 1)), Step("number", (2,))]
    program = Program(("x", "y"), constants, tuple(steps), (1 + len(constants) + len(steps),))
    assert differing(program, never) == []


@pytest.mark.parametrize("number", [*CONSTANTS, math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("op", COMPARISONS)
def test_a_comparison_with_a_number(op: str, number: float) -> None:
    steps = (Step(op, (0, 1)), Step("number", (2,)))
    assert differing(Program(("x",), (number,), steps, (3,)), never) == []


@pytest.mark.parametrize("op", sorted(CONDITIONS - set(COMPARISONS)))
def test_what_conditions_are_made_of(op: str) -> None:
    steps = [Step("less", (0, 1)), Step("less", (1, 2)), Step(op, (3, 4)), Step("number", (5,))]
    if op == "not":
        steps[1:] = [Step(op, (3,)), Step("number", (4,))]
    program = Program(("x", "y", "z"), (), tuple(steps), (2 + len(steps),))
    assert differing(program, never) == []


def test_a_choice() -> None:
    steps = (Step("less", (0, 1)), Step("where", (3, 0, 2)))
    assert differing(Program(("x", "y"), (-0.0,), steps, (4,)), never) == []


def test_a_number_that_is_chosen_in_all_rows() -> None:
    """It would be left out of a sum, or be divided by as a number is."""
    for number, op in ((0.0, "add"), (49.0, "div"), (2.0, "pow")):
        steps = (Step("less_equal", (0, 0)), Step("where", (2, 1, 0)), Step(op, (0, 3)))
        program = Program(("x",), (number,), steps, (4,))
        assert differing(program, partial(_with_number, TABLE[op], number)) == []


def _with_number(op: Op, number: float, x: float) -> float:
    return float(op(x, number))


@pytest.mark.parametrize("rounding", ["floor", "ceil"])
def test_rounding_to_zero_in_all_rows(rounding: str) -> None:
    steps = (Step("mul", (0, 1)), Step("tanh", (2,)), Step(rounding, (3,)), Step("sub", (4, 0)))
    program = Program(("x",), (1e-300,), steps, (5,))
    assert differing(program, never) == []


def test_a_number_that_is_an_output_stands_in_every_row() -> None:
    for number in CONSTANTS:
        assert differing(Program(("x",), (number,), (), (1,)), never) == []


def test_expressions_grow_no_faster_than_the_program() -> None:
    """A slot that is used twice is a column: 2**200 terms otherwise."""
    steps = tuple(Step("add", (slot, slot)) for slot in range(200))
    assert differing(Program(("x",), (), steps, (200,)), never, 100) == []


def test_a_long_sum_is_no_deep_expression() -> None:
    steps = tuple(Step("add", (0, slot)) for slot in range(3000))
    assert differing(Program(("x",), (), steps, (3000,)), never, 100) == []
