"""program -> in which branch of `where` each step is needed, and an order that allows for that.

A step that only one branch needs is computed only there: what was not chosen then cannot fail
(`where(x > 0, log(x), x)`), and costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from bpcalc.codegen.program import Program, Step

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
        for used, branch in _uses(program, step, here):
            known = found[used]
            found[used] = branch if known is None else _common(known, branch, found)
    return [() if slot < program.first_step else found[slot] or () for slot in range(count)]


def _uses(program: Program, step: Step, here: Branch) -> Iterator[tuple[int, Branch]]:
    """What a step in a branch needs, and in which branch.

    Of `and` and `or` the second input is only asked where the first does not decide.
    """
    if len(here) < _DEEPEST and step.op in ("where", "and", "or"):
        first, *others = step.inputs
        yield first, here
        for used, holds in zip(others, (step.op != "or", False)):
            yield used, _within(program, here, first, holds)
    else:
        yield from ((used, here) for used in step.inputs)


def _within(program: Program, branch: Branch, condition: int, holds: bool) -> Branch:
    """A branch within a branch; where p and q hold, p does and within that q does."""
    step = program.steps[condition - program.first_step]
    if step.op == "not":
        return _within(program, branch, step.inputs[0], not holds)
    if step.op == ("and" if holds else "or"):
        for part in step.inputs:
            branch = _within(program, branch, part, holds)
        return branch
    return branch if (condition, holds) in branch else (*branch, (condition, holds))


def _common(first: Branch, second: Branch, found: list[Branch | None]) -> Branch:
    """What two branches have in common, of that what can be asked there.

    A condition that is itself computed in a branch can only be asked within that. Its branch, as
    far as it is known by now, can only get wider.
    """
    if first == second:
        return first
    kept: list[tuple[int, bool]] = []
    for literal in first:
        needed = found[literal[0]]
        if literal in second and needed is not None and set(needed) <= set(kept):
            kept.append(literal)
    return tuple(kept)


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
