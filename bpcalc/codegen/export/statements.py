"""program -> statements, as a person would write them: names for what is used again.

What is used once stands where it is used, unless the line gets too long; what a statement of the
formula named keeps its name. So the text is linear in the size of the program, no line is longer
than the limit by more than a few names, and no expression is nested deeper than its length allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from bpcalc.codegen.branches import Branch, branches, ordered
from bpcalc.codegen.export.language import ATOM, SIGN, Form, Language
from bpcalc.codegen.program import Program, Step
from bpcalc.codegen.slot import CONDITIONS

LONGEST = 72
"""Characters of an expression."""

_COMPARISONS = CONDITIONS - {"and", "or", "not"}


_SYMMETRIC = ("add", "equal", "not_equal")


class Guard(NamedTuple):
    """A condition under which alone a statement is needed."""

    slot: int
    holds: bool
    text: str
    binding: int


class Statement(NamedTuple):
    """`name = text`, if all guards let it through."""

    slot: int
    name: str
    text: str
    guards: tuple[Guard, ...]
    level: int
    """1 where only inputs are in it, else one more than that of the latest statement in it."""


class _Written(NamedTuple):
    text: str
    binding: int
    level: int
    depth: int = 0
    """How many brackets stand in each other; the left side of a sum adds none."""


class Writer:
    """Writes the steps of a program one by one; its statements are complete when all are."""

    def __init__(
        self,
        program: Program,
        language: Language,
        names: Mapping[int, str],
        fresh: Callable[[], str],
        longest: int = LONGEST,
    ) -> None:
        self.program = program
        self.language = language
        self.names = names
        """The names of inputs, and of the steps that are to be statements."""
        self.fresh = fresh
        """The next name for a result on the way."""
        self.longest = longest
        self.statements: list[Statement] = []
        self._uses = program.uses
        count = len(self._uses)
        self._branches: list[Branch] = [()] * count
        if language.lazy:
            self._branches = branches(program)
        self._written: list[_Written | None] = [None] * count
        self._waiting: set[int] = set()
        """Steps that are no statements yet, since they are used once."""
        self._leaves()
        for slot in ordered(program, self._branches):
            self._write(slot)

    def text(self, slot: int) -> str:
        """What stands for a slot when all is written: a name, a number or an expression."""
        return self._of(slot).text

    def _leaves(self) -> None:
        inputs = len(self.program.inputs)
        for slot in range(inputs):
            self._written[slot] = _Written(self.names[slot], ATOM, 0)
        for slot, constant in enumerate(self.program.constants, inputs):
            text = self.language.number(constant)
            self._written[slot] = _Written(text, SIGN if text[0] == "-" else ATOM, 0)

    def _of(self, slot: int) -> _Written:
        found = self._written[slot]
        assert found is not None  # steps are written in an order that allows for it
        return found

    def _step(self, slot: int) -> Step:
        return self.program.steps[slot - self.program.first_step]

    def _write(self, slot: int) -> None:
        self._written[slot] = self._composed(self._step(slot))
        if slot in self.names:
            self._state(slot, self.names[slot])
        elif not self._is_short(slot):
            if self._uses[slot] > 1:
                self._state(slot, self.fresh())
            else:
                self._waiting.add(slot)

    def _is_short(self, slot: int) -> bool:
        """Whether a person would rather write it again than give it a name: `x > 0`, `-x`."""
        if slot < self.program.first_step or slot in self.names:
            return False
        step = self._step(slot)
        if step.op == "not":
            return self._is_short(step.inputs[0])
        return step.op in ("neg", *_COMPARISONS) and all(
            self._of(used).binding == ATOM and used not in self._waiting for used in step.inputs
        )

    def _composed(self, step: Step) -> _Written:
        """A step as an expression; the longest of its inputs get names where it is too long."""
        if self._is_product(step) and step.inputs[0] in self._waiting:
            self._state(step.inputs[0], self.fresh())
        form, inputs = self._form(step)
        found = _filled(form, [self._of(slot) for slot in inputs])
        while len(found.text) > self.longest or found.depth > self.language.deepest:
            movable = [slot for slot in inputs if slot in self._waiting]
            if not movable:
                break
            self._state(max(movable, key=self._size), self.fresh())
            found = _filled(form, [self._of(slot) for slot in inputs])
        return found

    def _size(self, slot: int) -> tuple[bool, int]:
        """What counts when an input has to go: above all how deep it is where that is too much."""
        written = self._of(slot)
        return written.depth >= self.language.deepest, len(written.text)

    def _form(self, step: Step) -> tuple[Form, tuple[int, ...]]:
        """The template of a step, and the inputs that it is filled with."""
        forms, inputs = self.language.forms, step.inputs
        constant = self._constant(inputs[-1])
        if self._is_product(step):
            assert self.language.square is not None
            return self.language.square, inputs[:1]
        if step.op == "pow" and constant is not None:
            power = self.language.power(constant)
            if power is not None:
                return power, inputs[:1]
        if step.op == "mul" and constant is not None:
            return forms["mul"], inputs[::-1]  # 2*x
        if step.op in _SYMMETRIC and self._rank(inputs[0]) < self._rank(inputs[1]):
            inputs = inputs[::-1]  # w*x + b
            constant = self._constant(inputs[-1])
        if step.op == "add" and constant is not None and constant < 0:
            text = self.language.number(-constant)
            return Form(f"{{}} - {text}", *forms["sub"][1:]), inputs[:1]
        return forms[step.op], inputs

    def _is_product(self, step: Step) -> bool:
        """Whether it is a square that is written x*x."""
        is_square = step.op == "pow" and self._constant(step.inputs[1]) == 2
        return is_square and self.language.square is not None

    def _rank(self, slot: int) -> int:
        """Constants are written behind variables, and these behind expressions."""
        return 0 if self._constant(slot) is not None else 1 + (slot >= self.program.first_step)

    def _constant(self, slot: int) -> float | None:
        place = slot - len(self.program.inputs)
        constants = self.program.constants
        return constants[place] if 0 <= place < len(constants) else None

    def _state(self, slot: int, name: str) -> None:
        """Make a statement of what is written for a slot; from now on its name stands for it."""
        guards = tuple(self._guard(*condition) for condition in self._branches[slot])
        written = self._of(slot)
        conditions = [self._of(guard.slot).level for guard in guards]
        level = 1 + max([written.level, *conditions])
        self._waiting.discard(slot)
        self._written[slot] = _Written(name, ATOM, level)
        self.statements.append(Statement(slot, name, written.text, guards, level))

    def _guard(self, slot: int, holds: bool) -> Guard:
        if slot in self._waiting:
            self._state(slot, self.fresh())
        written = self._of(slot)
        return Guard(slot, holds, written.text, written.binding)


def _filled(form: Form, inputs: list[_Written]) -> _Written:
    parts, depth = [], 0
    for place, (written, need) in enumerate(zip(inputs, form.needs)):
        bracketed = written.binding < need
        parts.append(f"({written.text})" if bracketed else written.text)
        leads = place == 0 and form.template[0] == "{" and not bracketed
        depth = max(depth, written.depth + (not leads))
    level = max((written.level for written in inputs), default=0)
    return _Written(form.template.format(*parts), form.binding, level, depth)


def is_condition(program: Program, slot: int) -> bool:
    """Whether a slot holds true or false, and no number."""
    return program.steps[slot - program.first_step].op in CONDITIONS


def negated(guard: Guard, form: Form) -> str:
    """The condition of a guard as it has to be, with the language's form of `not`."""
    if guard.holds:
        return guard.text
    written = _Written(guard.text, guard.binding, 0)
    return _filled(form, [written]).text
