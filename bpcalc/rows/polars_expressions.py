"""program -> stages of Polars expressions, which lead from input columns to output columns.

A slot that is used twice becomes a column: nothing is computed twice, and the expressions stay as
small as the program. All columns whose inputs are there are computed in one stage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple, TypeAlias

import polars as pl

from bpcalc.codegen.program import Program
from bpcalc.rows.polars_operations import Operand, expression, needs_column

_DEEPEST = 16
"""Expressions nested deeper than this end in a column."""

Computing: TypeAlias = Callable[[pl.LazyFrame, Sequence[str]], pl.LazyFrame]
"""(input columns `0`, `1`, ..., names of columns to keep) -> those kept, and output columns."""


class _Order(NamedTuple):
    """When each slot is computed."""

    is_column: list[bool]
    """Whether a slot is a column of its own; otherwise it is a part of one expression."""
    stages: list[int]
    """After how many stages it is there; a part of an expression: when that may be computed."""
    kept: list[int]
    """For how many stages it has to be kept as a column; 0 where none needs it."""


def computing(program: Program) -> Computing:
    """A program as a function of columns.

    The program has inputs. Rows in which one of them is not finite give anything.
    """
    order = _order(program)
    stages = _stages(program, order)
    constants = [
        _column_of(number).alias(str(slot))
        for slot, number in enumerate(program.constants, start=len(program.inputs))
        if order.kept[slot]
    ]

    def computed(inputs: pl.LazyFrame, keep: Sequence[str]) -> pl.LazyFrame:
        start = inputs.with_columns(constants)
        return reduce(lambda frame, stage: frame.select(*keep, *stage), stages, start)

    return computed


def _column_of(number: float) -> pl.Expr:
    """A number in every row, which Polars does not know to be one."""
    zero = pl.col("0").abs() * 0.0
    return zero * number if number == 0 else zero + number


def _order(program: Program) -> _Order:
    uses, outputs, first = program.uses, set(program.outputs), program.first_step
    is_column, stages, depths = [True] * first, [0] * first, [0] * first
    for slot, step in enumerate(program.steps, start=first):
        depth = 1 + max(depths[used] for used in step.inputs)
        own = uses[slot] > 1 or slot in outputs or depth > _DEEPEST
        is_column.append(own)
        depths.append(0 if own else depth)
        stages.append(max(stages[used] for used in step.inputs) + own)
    return _Order(is_column, stages, _kept(program, is_column, stages))


def _kept(program: Program, is_column: list[bool], stages: list[int]) -> list[int]:
    computed = list(stages)  # of a part of an expression: when its column is
    kept = [0] * len(stages)
    for slot in program.outputs:
        kept[slot] = max(stages) + 1
    for slot in range(len(stages) - 1, program.first_step - 1, -1):
        step = program.steps[slot - program.first_step]
        for place, used in enumerate(step.inputs):
            if not is_column[used]:
                computed[used] = computed[slot]
            elif not _is_literal(program, step.op, place, used):
                kept[used] = max(kept[used], computed[slot])
    return kept


def _number(program: Program, slot: int) -> float | None:
    """The number of a constant's slot; None for another one."""
    place = slot - len(program.inputs)
    return program.constants[place] if 0 <= place < len(program.constants) else None


def _is_literal(program: Program, op: str, place: int, slot: int) -> bool:
    number = _number(program, slot)
    return number is not None and not needs_column(op, place, number)


def _stages(program: Program, order: _Order) -> list[list[pl.Expr]]:
    """What each stage selects from the columns of the one before it; at last the outputs."""
    expressions = _expressions(program, order)
    stages: list[list[pl.Expr]] = [[] for _ in range(max(order.stages, default=0))]
    for slot, (is_column, born, kept) in enumerate(zip(*order)):
        if is_column and born:
            stages[born - 1].append(expressions[slot].alias(str(slot)))
        if is_column:
            for stage in range(born + 1, kept):
                stages[stage - 1].append(pl.col(str(slot)))
    outputs = [pl.col(str(slot)).alias(str(i)) for i, slot in enumerate(program.outputs)]
    return [*stages, outputs]


def _expressions(program: Program, order: _Order) -> dict[int, pl.Expr]:
    """The expression of each step, over the columns that are there before its stage."""
    found: dict[int, pl.Expr] = {}
    for slot, step in enumerate(program.steps, start=program.first_step):
        operands = []
        for place, used in enumerate(step.inputs):
            number = _number(program, used)
            if number is not None and _is_literal(program, step.op, place, used):
                operand = pl.lit(number)
            else:
                operand = pl.col(str(used)) if order.is_column[used] else found[used]
            known = used < len(program.inputs) or (number is not None and number == number)
            operands.append(Operand(operand, never_nan=known))
        found[slot] = expression(step.op, operands)
    return found
