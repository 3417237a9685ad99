"""program -> in which branch of `where` each step is needed, and an order that allows for that.

A step that only one branch needs is computed only there: what was not chosen then cannot fail
(`where(x > 0, log(x), x)`), and costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from bpcalc.codegen.program import Program, Step
from bpcalc.codegen.slot import CONDITIONS

Branch: TypeAlias = "tuple[tuple[int, bool], ...]"
"""(condition's slot, whether it holds), from the outermost condition inwards."""

_DEEPEST = 20
"""Blocks within blocks that are still made (Python allows 100)."""


def branches(program: Program) -> list[Branch]:
    """For each slot the conditions under which it is needed; none for inputs and constants."""
    count = program.first_step + len(program.steps)
    known = _literals(program)
    found: list[Branch | None] = [None] * count
    for slot in program.outputs:
        found[slot] = ()
    for slot in range(count - 1, program.first_step - 1, -1):
        step, here = program.steps[slot - program.first_step], found[slot]
        assert here is not None  # every step is needed by an output
        for used, branch in _uses(step, here, known):
            before = found[used]
            found[used] = branch if before is None else _common(before, branch, found)
    return [() if slot < program.first_step else found[slot] or () for slot in range(count)]


def _literals(program: Program) -> dict[tuple[int, bool], Branch]:
    """For each condition, and whether it holds, what then holds of its parts.

    Where p and q hold, p does, and within that q does.
    """
    found: dict[tuple[int, bool], Branch] = {}
    for slot, step in enumerate(program.steps, program.first_step):
        if step.op not in CONDITIONS:
            continue
        for holds in (True, False):
            if step.op == "not":
                found[slot, holds] = found[step.inputs[0], not holds]
            elif step.op == ("and" if holds else "or"):
                first, second = (found[part, holds] for part in step.inputs)
                found[slot, holds] = _joined(first, second)
            else:
                found[slot, holds] = ((slot, holds),)
    return found


def _joined(first: Branch, second: Branch) -> Branch:
    """A branch within a branch, as far as that is not too deep."""
    return tuple(dict.fromkeys((*first, *second)))[:_DEEPEST]


def _uses(
    step: Step, here: Branch, known: Mapping[tuple[int, bool], Branch]
) -> Iterator[tuple[int, Branch]]:
    """What a step in a branch needs, and in which branch.

    Of `and` and `or` the second input is only asked where the first does not decide. What only one
    branch needs asks the parts of its condition, before that is put together.
    """
    if step.op in ("where", "and", "or"):
        first, *others = step.inputs
        yield first, here
        for holds in (True, False):
            parts = known[first, holds]
            yield from ((part[0], _joined(here, parts[:i])) for i, part in enumerate(parts))
        for used, holds in zip(others, (step.op != "or", False)):
            yield used, _joined(here, known[first, holds])
    else:
        yield from ((used, here) for used in step.inputs)


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
