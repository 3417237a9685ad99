"""The statements of a formula: which the output needs, and whether their names are in order.

Statements are computed from top to bottom, so a name stands for what is above it.
"""

from __future__ import annotations

from collections.abc import Collection

from bpcalc.formula.tree import Statement, Tree
from bpcalc.ops.constants import NAMED

_TOLD = 5
"""So many statements that are left out are named one by one."""


def needed(tree: Tree) -> tuple[list[Statement], list[str]]:
    """The statements that the output needs, and a warning for the others.

    Raises:
        RequestError: a name has two values, or is used before it has one.
    """
    statements = tree.statements
    _refuse_two_values(tree)
    _refuse_definition_as_output(tree)
    defined = {s.name: index for index, s in enumerate(statements) if s.name is not None}
    functions = [s.name for s in statements if s.parameters is not None]
    defined.update({f"{name}(": defined[name] for name in functions if name is not None})
    if defined:
        for index, statement in enumerate(statements):
            _refuse_use_before(tree, statement, index, defined)
    wanted = {len(statements) - 1}
    for index in range(len(statements) - 1, -1, -1):
        if index in wanted and defined:
            words = _words_of(tree, statements[index])
            wanted |= {defined[word] for word in words if word in defined}
    left_out = [statement for index, statement in enumerate(statements) if index not in wanted]
    return [statements[index] for index in sorted(wanted)], _left_out(tree, left_out)


def _refuse_two_values(tree: Tree) -> None:
    seen: set[str] = set()
    for statement in tree.statements:
        if statement.name in seen:
            raise tree.error(
                f"{statement.name} gets a value twice",
                statement.name_token,
                hint="give the second value a name of its own",
            )
        if statement.name is not None:
            seen.add(statement.name)


def _refuse_definition_as_output(tree: Tree) -> None:
    """One definition alone stands for its body; after other statements it has no value."""
    last = tree.statements[-1]
    if last.parameters is not None and len(tree.statements) > 1:
        raise tree.error(
            f"the formula ends with the definition of {last.name}, and so has no value",
            last.name_token,
            hint=f"call it in a last line: {last.name}({', '.join(last.parameters)})",
        )


def _refuse_use_before(
    tree: Tree, statement: Statement, index: int, defined: dict[str, int]
) -> None:
    """A statement may use only names that stand above it, and never its own."""
    own = frozenset(statement.parameters or ())
    for what, operands, first, last in tree.nodes[statement.start : statement.end]:
        if defined.get(what, -1) < index or (not operands and what in own):
            continue
        if operands and statement.parameters is None and what == statement.name:
            continue  # sin = sin(x): a name is a function only before a bracket
        name = what.rstrip("(")
        if name == statement.name:
            called = operands or what != name
            word = "calls itself" if called else "is used in its own definition"
            hint = "a function cannot be recursive" if called else "give the new value another name"
            raise tree.error(f"{name} {word}", first, last, hint=hint)
        raise tree.error(
            f"{name} is used before it gets its value",
            first,
            last,
            hint="statements are computed from top to bottom",
        )


def _words_of(tree: Tree, statement: Statement) -> set[str]:
    """Every name, of a variable or function, that the statement uses and does not bind."""
    own = frozenset(statement.parameters or ())
    nodes = tree.nodes[statement.start : statement.end]
    return {what for what, operands, _, _ in nodes if operands or what not in own}


def _left_out(tree: Tree, statements: list[Statement]) -> list[str]:
    warnings = []
    for statement in statements[:_TOLD]:
        start = tree.spans[statement.name_token][0]
        line = tree.text.count("\n", 0, start) + 1
        what = statement.name or "an expression"
        warnings.append(f"{what} in line {line} is left out: the output does not need it")
    if len(statements) > _TOLD:
        warnings.append(f"{len(statements) - _TOLD} more statements are left out")
    return warnings


def variables_of(tree: Tree, bound: Collection[str]) -> set[str]:
    """The variables that stand anywhere in the formula."""
    named = {statement.name for statement in tree.statements}
    found: set[str] = set()
    for statement in tree.statements:
        own = frozenset(statement.parameters or ())
        for what, operands, _, _ in tree.nodes[statement.start : statement.end]:
            if operands or what in own or what in named or not is_word(what):
                continue
            if what not in NAMED or what in bound:
                found.add(what)
    return found


def is_word(what: str) -> bool:
    """Whether a leaf of the tree is the name of a value, and no number and no function."""
    return what[0] not in "0123456789.-[" and what[-1] != "("
