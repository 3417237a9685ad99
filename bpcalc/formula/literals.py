"""What the parser reads in one go: numbers, arrays of numbers, indices, and options of calls."""

from __future__ import annotations

import re
from typing import TypeAlias

from bpcalc.formula import mistakes
from bpcalc.formula.grammar import DIGITS, SCAN, WORDS, Frame
from bpcalc.formula.tokens import normal, starts_name
from bpcalc.formula.tree import FIRST, LAST, OPERANDS, WHAT, Tree, TreeNode
from bpcalc.ops import FUNCTIONS, load_arrays
from bpcalc.ops.arrays import MAX_DIMENSIONS

Option: TypeAlias = tuple[str, int]
"""The value of an option as written, and the token where it stands."""


def leaf_of(token: str) -> str | None:
    """The token in the form under which it is known, if it is a name or a number."""
    if starts_name(token):
        return None if token in WORDS else normal(token)
    return token if is_number(token) else None


def is_number(token: str) -> bool:
    """Whether a token is a number, without a sign."""
    return token[:1] in DIGITS or (token[:1] == "." and token[1:2] in DIGITS)


def is_literal(node: TreeNode) -> bool:
    """Whether a node of the tree is a number."""
    return not node[OPERANDS] and is_number(node[WHAT].lstrip("-"))


def is_constant(node: TreeNode) -> bool:
    """Whether a node of the tree is a number, or an array of numbers."""
    return is_literal(node) or (not node[OPERANDS] and node[WHAT][0] == "[")


# Arrays of numbers

_NUMBERS = re.compile(r"(?:\[ )*(?:- )?[\d.]\S*(?: \])*+(?: , (?:\[ )*(?:- )?[\d.]\S*(?: \])*+)*+")


def numbers_at(tree: Tree, first: int) -> tuple[str | None, int]:
    """The array of plain numbers that begins at a token, as text, and its last token.

    It is read at once: data may have a million numbers. None where it is something else; then the
    token is the one up to which it has been looked at.
    """
    found, end, depth = tree.tokens, first, 0
    while True:
        token = found[end]
        if token == "[":
            depth += 1
        elif token == "]":
            depth -= 1
            if not depth:
                break
        elif token not in (",", "-", "\n") and not is_number(token):
            break
        end += 1
    inside = found[first : end + 1]
    if depth or not _NUMBERS.fullmatch(" ".join(inside).replace(" \n", "")):
        return None, end
    return text_of_array(tree, "".join(inside).replace("\n", ""), first, end), end


def text_of_array(tree: Tree, text: str, first: int, last: int) -> str:
    """An array of numbers in the form under which it is known."""
    if text.startswith("[" * (MAX_DIMENSIONS + 1)):
        raise mistakes.too_many_axes(tree, first, last, MAX_DIMENSIONS)
    return text.replace(",", ", ")


# Indices

_INDEX = re.compile(r"-?\d{1,1000}|(-?\d{1,1000})?:(-?\d{1,1000})?(:(-?\d{1,1000})?)?")


def index_at(tree: Tree, opened: int) -> tuple[Option, int]:
    """Read `[1, 0:2]`, whole numbers and slices of them; and its last token."""
    found = tree.tokens
    position, texts = opened + 1, [""]
    while found[position] != "]":
        token = found[position]
        whole = token.isascii() and token.isdigit()
        if token == ",":
            texts.append("")
        elif token in ("-", ":") or (whole and not texts[-1][-1:].isdigit()):
            texts[-1] += token
        elif token != "\n":
            raise mistakes.index_is_no_number(tree, opened, position)
        position += 1
    if not all(_INDEX.fullmatch(text) for text in texts):
        raise mistakes.index_is_no_number(tree, opened, position)
    return (", ".join(texts), opened), position


# Options of calls

_TUPLE = re.compile(r"-?\d+(,-?\d+)*,?")


def tuple_as_array(found: list[str], position: int) -> None:
    """Let `(0, 1)`, the value of an option, be read as the array `[0, 1]`."""
    if found[position] != "(":
        return
    end = position + 1
    while found[end] in (",", "-", "\n") or found[end].isdigit():
        end += 1
    text = "".join(found[position + 1 : end]).replace("\n", "")
    if found[end] == ")" and "," in text and _TUPLE.fullmatch(text):
        found[position], found[end] = "[", "]"
        if found[end - 1] == ",":
            found[end - 1] = "\n"  # (0,)


def without_options(tree: Tree, frame: Frame, arguments: tuple[int, ...]) -> tuple[int, ...]:
    """The arguments of a call without the numbers that are options: reshape(x, 2, 3)."""
    if len(arguments) < 2:
        return arguments
    if frame.name not in FUNCTIONS and all(s.name != frame.name for s in tree.statements):
        load_arrays()
    op = FUNCTIONS.get(frame.name or "")
    if op is None or not op.positional or len(arguments) <= op.arity:
        return arguments
    nodes = tree.nodes
    given = arguments[op.arity :]
    if 1 < len(op.positional) < len(given):
        return arguments
    for operand in given:
        if not is_constant(nodes[operand]):
            first, last = nodes[operand][FIRST], nodes[operand][LAST]
            raise mistakes.option_is_no_number(tree, op.positional[0], first, last)
    texts = [(nodes[operand][WHAT], nodes[operand][FIRST]) for operand in given]
    del nodes[len(nodes) - len(given) :]
    if len(op.positional) == 1 and len(texts) > 1:
        texts = [(f"[{', '.join(text for text, _ in texts)}]", texts[0][1])]
    for name, value in zip(op.positional, texts):
        if name in frame.options:
            raise mistakes.option_twice(tree, name, frame.options[name][1])
        frame.options[name] = value
    return arguments[: op.arity]


def name_function(tree: Tree, operand: int) -> None:
    """Take the first argument of scan for the name of a function, and not for a variable."""
    if any(s.name == SCAN and s.parameters is not None for s in tree.statements):
        return  # the formula has a scan of its own
    name, inner, first, last = tree.nodes[operand]
    if inner or not starts_name(name):
        raise mistakes.no_function_to_scan(tree, first, last)
    tree.nodes[operand] = (f"{name}(", (), first, last)
