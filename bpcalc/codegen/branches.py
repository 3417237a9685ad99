"""program -> in which branch of `where` each step is needed, and an order that allows for that.

A step that only one branch needs is computed only there: what was not chosen then cannot fail
(`where(x > 0, log(x), x)`), and costs nothing.
"""

from __future__ import annotations

from typing import TypeAlias

from bpcalc.codegen.program import Program

Branch: TypeAlias = "tuple[tuple[int, bool], ...]"
"""(condition's slot, whether it holds), from the outermost condition inwards."""

_DEEPEST = 20
"""Blocks within blocks that are still made (Python allows 100)."""


def branches(program: Program) -> list[Branch]:
    """For each slot the conditions under which it is needed; none for inputs and constants."""
    count = program.first_step + len(program.steps)
    found: list[Branch | None] = [None] * count
    for slot in program.outputs:
        found[slot] = ()
    for slot in range(count - 1, program.first_step - 1, -1):
        step, here = program.steps[slot - program.first_step], found[slot]
        assert here is not None  # every step is needed by an output
        if step.op == "where" and len(here) < _DEEPEST:
            c, a, b = step.inputs
            uses = ((c, here), (a, _within(here, c, True)), (b, _within(here, c, False)))
        else:
            uses = tuple((used, here) for used in step.inputs)  # type: ignore[assignment]
        for used, branch in uses:
            known = found[used]
            found[used] = branch if known is None else _common(known, branch)
    return [() if slot < program.first_step else found[slot] or () for slot in range(count)]


def _within(branch: Branch, condition: int, holds: bool) -> Branch:
    return branch if (condition, holds) in branch else (*branch, (condition, holds))


def _common(first: Branch, second: Branch) -> Branch:
    """What two branches have in common, from outside inwards."""
    if first == second:
        return first
    length = 0
    for one, other in zip(first, second):
        if one != other:
            break
        length += 1
    return first[:length]


def ordered(program: Program, found: list[Branch]) -> list[int]:
    """The slots of the steps in an order in which each comes after its inputs and conditions."""
    first = program.first_step
    done = [slot < first for slot in range(first + len(program.steps))]
    order: list[int] = []
    for slot in range(first, first + len(program.steps)):
        waiting = [slot]
        while waiting:
            top = waiting[-1]
            before = () if done[top] else _before(program, top, found)
            missing = [used for used in before if not done[used]]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            if not done[top]:
                done[top] = True
                order.append(top)
    return order


def _before(program: Program, slot: int, found: list[Branch]) -> tuple[int, ...]:
    inputs = program.steps[slot - program.first_step].inputs
    return (*inputs, *(condition for condition, _ in found[slot]))
