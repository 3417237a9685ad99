"""The syntax tree, flat: a list of nodes in which operands stand before what is done with them.

A flat tree has no depth, so that a chain of 100,000 nested calls is only a long list, and
nothing that walks it can meet Python's recursion limit.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

from bpcalc.errors import RequestError, Span
from bpcalc.formula.tokens import token_spans

TreeNode: TypeAlias = tuple[str, tuple[int, ...], int, int]
"""(what, operands, first token, last token).

`what` is a name or number as written where there are no operands, else the name of a function or
the symbol of an operator, by which the tables in `bpcalc.ops` know it. A function that is only
named, as f in scan(f, h0, xs), has no operands and an open bracket behind its name: `f(`.
"""

WHAT: Final = 0
OPERANDS: Final = 1
FIRST: Final = 2
LAST: Final = 3


class Statement(NamedTuple):
    """One statement: tree nodes `start` to `end`, of which the last is its root."""

    name: str | None
    """The name it gives; None for a bare expression."""
    name_token: int
    parameters: tuple[str, ...] | None
    """The parameters if it defines a function, else None."""
    start: int
    end: int


class Tree:
    """What the parser returns, and what errors about it need: text, tokens, nodes, statements."""

    def __init__(self, text: str, tokens: list[str]) -> None:
        self.text = text
        self.tokens = tokens
        self.nodes: list[TreeNode] = []
        self.options: dict[int, dict[str, tuple[str, int]]] = {}
        """By tree node: the keyword options of a call, as written, with the keyword's token."""
        self.statements: list[Statement] = []
        self.leaves: dict[str, str] = {}
        """Every name and number by its token: equal ones share one string."""

    @cached_property
    def spans(self) -> list[Span]:
        """Where each token stands; worked out only for an error."""
        return token_spans(self.text)

    def error(
        self, message: str, first: int, last: int | None = None, hint: str = ""
    ) -> RequestError:
        """An error about the tokens from `first` to `last`."""
        last = first if last is None else last
        span = self.spans[first][0], self.spans[last][1]
        return RequestError(message, source=self.text, span=span, hint=hint)
