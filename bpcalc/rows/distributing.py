"""Parts of tables -> what comes of them, in their order, computed by a crew a few parts ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from bpcalc.errors import BpcalcError
from bpcalc.rows.jobs import mapped_part, summed_part
from bpcalc.rows.mapping import Result
from bpcalc.rows.outcomes import Outcome, T, joined, moved
from bpcalc.rows.parts import Part
from bpcalc.rows.plan import Block, Done
from bpcalc.rows.reducing import Partial, merged

GROUP = 8
"""Parts whose sums a worker adds up before they are sent here."""

A = TypeVar("A")
B = TypeVar("B")


class Promise(Protocol):
    """What will have come of something."""

    def result(self) -> Any:
        """It, when it is there."""
        ...


class Crew(Protocol):
    """Those who compute."""

    workers: int

    def begin(self, function: Callable[..., Any], *arguments: Any) -> Promise:
        """Have somebody call a function; promises among its arguments are waited for."""
        ...


def mapped_parts(
    crew: Crew, job: Any, parts: Iterable[Part], strict: bool, advance: Callable[[int], object]
) -> Generator[Result]:
    """Every part with what comes of it.

    Raises:
        CalculationError: a row cannot be computed, and `strict` refuses that; those before it
            have been given.
    """
    chain = _Chain[Done](crew, job, mapped_part, strict)
    begun = ahead(parts, lambda part: crew.begin(mapped_part, job, part), 2 * crew.workers + 1)
    for part, promise in begun:
        outcome = chain.next(part, promise.result())
        if outcome is not None:
            yield Block(b"", outcome.line, part.file), outcome.result
            if outcome.error is not None:
                raise outcome.error
        advance(part.stop - part.start)


def summed_parts(
    crew: Crew,
    job: Any,
    parts: Iterable[Part],
    total: Partial,
    strict: bool,
    advance: Callable[[int], object],
) -> Partial:
    """What is known of all rows together, added to `total`.

    Raises:
        CalculationError: a row cannot be computed, and `strict` refuses that.
    """
    chain = _Chain[Partial](crew, job, summed_part, strict)

    def begin(group: Sequence[Part]) -> _Begun:
        promises = [crew.begin(summed_part, job, part) for part in group]
        return _Begun(promises, crew.begin(joined, promises))

    for group, begun in ahead(grouped(parts), begin, 2 * crew.workers // GROUP + 2):
        for result in _of_group(chain, group, begun):
            total = merged(total, result)
        advance(sum(part.stop - part.start for part in group))
    return total


def grouped(parts: Iterable[Part]) -> Iterator[Sequence[Part]]:
    """Some neighbours each; all lines of a group are known from the file's start, or none is."""
    group: list[Part] = []
    for part in parts:
        turns = bool(group) and part.line is not None and group[0].line is None
        if turns or len(group) == GROUP:
            yield group
            group = []
        group.append(part)
    if group:
        yield group


class _Begun(NamedTuple):
    """What will have come of a group."""

    each: Sequence[Promise]
    together: Promise


def _of_group(chain: _Chain[Partial], group: Sequence[Part], begun: _Begun) -> Iterator[Partial]:
    """What came of all together, where that fits; else of one after the other."""
    together = begun.together.result()
    if together is not None and chain.fits(together):
        yield chain.taken(together).result
        return
    for part, promise in zip(group, begun.each):
        outcome = chain.next(part, promise.result())
        if outcome is not None:
            if outcome.error is not None:
                raise outcome.error
            yield outcome.result


class _Chain(Generic[T]):
    """Follows the records of the parts from one to the next."""

    def __init__(
        self, crew: Crew, job: Any, function: Callable[..., Outcome[T]], strict: bool
    ) -> None:
        self.crew = crew
        self.job = job
        self.function: Callable[..., Outcome[T]] = function
        self.strict = strict
        self.end = 0
        self.line = 0

    def next(self, part: Part, outcome: Outcome[T]) -> Outcome[T] | None:
        """What came of the next part, if need be computed again; None where it has no records.

        An error is to be raised when the result has been written.
        """
        if not outcome.known:
            if self.end >= part.stop:
                return None
            part = part._replace(start=self.end, line=self.line)
        if not self.fits(outcome):
            outcome = self.crew.begin(self.function, self.job, part, self.strict).result()
        return self.taken(outcome)

    def fits(self, outcome: Outcome[T]) -> bool:
        """Whether it begins where the last one ended, and nothing has to be said at once."""
        if outcome.error is not None or (self.strict and outcome.result.first is not None):
            return False
        return outcome.known or outcome.begin == self.end

    def taken(self, outcome: Outcome[T]) -> Outcome[T]:
        """The outcome, with the numbers that lines have in the file; the chain goes on behind."""
        if not outcome.known:
            line, result = self.line + outcome.line, moved(outcome.result, self.line)
            outcome = Outcome(True, outcome.begin, outcome.end, outcome.stop, line, result)
        self.end, self.line = outcome.end, outcome.line
        return outcome


def ahead(items: Iterable[A], begin: Callable[[A], B], count: int) -> Iterator[tuple[A, B]]:
    """Every item with what was begun for it, so many ahead.

    An error in the items is raised behind those before it.
    """
    waiting: deque[tuple[A, B]] = deque()
    error = None
    try:
        for item in items:
            waiting.append((item, begin(item)))
            if len(waiting) >= count:
                yield waiting.popleft()
    except BpcalcError as why:
        error = why
    while waiting:
        yield waiting.popleft()
    if error is not None:
        raise error
