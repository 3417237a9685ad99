"""The grammar's tables: how tightly operators bind, and what waits on the parser's stack."""

from __future__ import annotations

from typing import TypeAlias

# Left binding power, right binding power, and the operator's symbol in the tables. An operator
# whose right power is smaller groups to the right.
COMPARISON, POWER = 41, 81
INFIX: dict[str, tuple[int, int, str]] = {
    "or": (10, 10, "or"),
    "and": (20, 20, "and"),
    **{sign: (COMPARISON, 40, sign) for sign in ("<", "<=", ">", ">=", "==", "!=")},
    "≤": (COMPARISON, 40, "<="),
    "≥": (COMPARISON, 40, ">="),
    "≠": (COMPARISON, 40, "!="),
    "+": (50, 50, "+"),
    "-": (50, 50, "-"),
    **dict.fromkeys("*⊙", (60, 60, "*")),
    **dict.fromkeys("·×", (60, 60, "·")),
    "@": (60, 60, "@"),
    "/": (60, 60, "/"),
    "**": (POWER, 80, "**"),
    "^": (POWER, 80, "**"),
}
PREFIX: dict[str, tuple[int, str]] = {
    "not": (30, "not"),
    "-": (70, "unary -"),
    "+": (70, ""),
    "√": (90, "sqrt"),
}
TRANSPOSED = frozenset(("'", ".T", "ᵀ"))
LITERAL, INDEXED = "[", "[]"
"""What a tree node is called that is an array literal, or an element or slice of an array."""
SCAN = "scan"
"""The function whose first argument is the name of a function."""
UNARY = frozenset({"unary -", "not", "sqrt"})
WORDS = frozenset({"or", "and", "not"})
AGAIN, NEXT_OPERAND, DONE = range(3)
DIGITS = tuple("0123456789")

Pending: TypeAlias = "tuple[int, str, int, Frame | None]"
"""An operator or open bracket that waits for its operand: (power, symbol, token, frame).

Prefix operators have `unary` before their symbol; a bracket has the power 0 and a frame.
"""


class Frame:
    """An open bracket, of a group, of a call or of an array literal."""

    __slots__ = ("base", "keyword", "name", "options", "token")

    def __init__(self, token: int, base: int, name: str | None = None) -> None:
        self.token = token
        """Where it begins."""
        self.base = base
        """How many operands there were before it."""
        self.name = name
        """The function that is called; None for a group, LITERAL for an array."""
        self.options: dict[str, tuple[str, int]] = {}
        self.keyword: tuple[str, int] | None = None
        """The keyword whose value is being read, and its token."""
