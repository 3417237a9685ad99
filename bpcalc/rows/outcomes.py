"""What came of parts of tables, and how those of neighbours become one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from bpcalc.errors import BpcalcError
from bpcalc.rows.plan import Done, Trouble
from bpcalc.rows.reducing import Partial, merged

T = TypeVar("T", Done, Partial)


class Outcome(Generic[T]):
    """What came of a part, or of several that follow each other."""

    def __init__(
        self,
        known: bool,
        begin: int,
        end: int,
        stop: int,
        line: int,
        result: T,
        error: BpcalcError | None = None,
    ) -> None:
        self.known = known
        """Whether lines are numbered as in the file; otherwise from 0."""
        self.begin = begin
        self.end = end
        """Where the first record begins and the last one ends."""
        self.stop = stop
        """Where the part's records had to begin before."""
        self.line = line
        """The number of the line at `end`."""
        self.result: T = result
        self.error = error


def joined(outcomes: Sequence[Outcome[Partial]]) -> Outcome[Partial] | None:
    """What came of neighbours, as one; None where they do not fit, or something was wrong."""
    total = outcomes[0]
    for other in outcomes[1:]:
        if total.error or other.error:
            return None
        if other.known:
            line, result = other.line, other.result
        elif total.end >= other.stop:  # no record begins in it
            continue
        elif total.end != other.begin:
            return None
        else:
            line, result = total.line + other.line, moved(other.result, total.line)
        both = merged(total.result, result)
        total = Outcome(total.known, total.begin, other.end, other.stop, line, both)
    return total


def moved(result: T, lines: int) -> T:
    """The same with other numbers of lines, as if so many stood before."""
    first = result.first
    if first is None:
        return result
    if isinstance(first, Trouble):
        return result._replace(first=_moved(first, lines))
    file, trouble = first
    return result._replace(first=(file, _moved(trouble, lines)))


def _moved(trouble: Trouble, lines: int) -> Trouble:
    return trouble._replace(line=trouble.line + lines)
