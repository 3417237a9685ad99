"""The languages that a formula is exported to, and what is the same for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bpcalc.codegen.export.c import C, c
from bpcalc.codegen.export.javascript import JAVASCRIPT, javascript
from bpcalc.codegen.export.language import Language
from bpcalc.codegen.export.names import RESERVED, SPELLABLE
from bpcalc.codegen.export.numpy import NUMPY, numpy
from bpcalc.codegen.export.python import PYTHON, python
from bpcalc.codegen.export.refusal import refused_operation
from bpcalc.codegen.export.request import Request
from bpcalc.codegen.export.sql import SQL, SqlSlots, sql
from bpcalc.codegen.program import Program, program
from bpcalc.codegen.slots import Slots
from bpcalc.errors import RequestError, printable
from bpcalc.graph import Building, Graph
from bpcalc.ops import Op


class Lacking(RequestError):  # noqa: N818  (as RequestError, it is what is said)
    """A formula has a function that a language lacks."""


class Target(NamedTuple):
    """A language, and how a formula becomes source in it."""

    language: Language
    source: Callable[[Request], str]
    slots: type[Slots] = Slots
    names: tuple[str, ...] = ("f", "formula", "value_and_gradient")
    """What the function is called, unless the formula has that name: then the next."""


TARGETS = {
    "python": Target(PYTHON, python),
    "numpy": Target(NUMPY, numpy),
    "c": Target(C, c),
    "sql": Target(SQL, sql, SqlSlots, ("data",)),
    "js": Target(JAVASCRIPT, javascript),
}
"""By what `--to` calls them."""


def request(
    graph: Graph,
    to: str,
    wrt: Sequence[str] | None = None,
    fixed: Mapping[str, float] | None = None,
    name: str | None = None,
) -> Request:
    """What is to be written for a formula.

    Raises:
        RequestError: the formula has arrays in it, or functions that the language lacks; or the
            name is none in the language.
    """
    target = TARGETS[to]
    wanted = list(graph.variables) if wrt is None else list(wrt)
    if name is not None:
        _refuse_name(name, to)
    found = _program(graph, wanted, fixed, target)
    _refuse_lacking(graph, found, target)
    if name is None:
        free = [known for known in target.names if known not in graph.by_name]
        name = (free or target.names)[0]
    return Request(graph, found, wanted, fixed or {}, name)


def _program(
    graph: Graph, wanted: Sequence[str], fixed: Mapping[str, float] | None, target: Target
) -> Program:
    try:
        return program(graph, wanted, fixed, slots=target.slots())
    except RequestError as error:
        refused = (i for i, op, _ in graph.operations if op.shape and graph.span(i) == error.span)
        raise refused_operation(graph, next(refused, None)) or error from None


def _refuse_name(name: str, to: str) -> None:
    what = "table" if to == "sql" else "function"
    if not name:
        raise RequestError(
            f"--name is empty, and would be the name of the {what}",
            hint=f"leave it out, or write --name {TARGETS[to].names[0]}",
        )
    if not SPELLABLE[to](name) or name in RESERVED[to] or not name.isprintable():
        raise RequestError(
            f"{printable(name, 60)} is no name for a {what} in {TARGETS[to].language.title}"
        )


def source(request: Request, to: str) -> str:
    """The source text."""
    return TARGETS[to].source(request)


def _refuse_lacking(graph: Graph, found: Program, target: Target) -> None:
    for step in found.steps:
        if step.op not in target.language.forms:
            raise _lacking(graph, step.op, target)


def _lacking(graph: Graph, lacking: str, target: Target) -> Lacking:
    able = [to for to, other in TARGETS.items() if lacking in other.language.forms]
    place = next((i for i, op, _ in graph.operations if lacking in _used(op)), None)
    used = graph.op(place).name if place is not None else lacking
    reason = "" if used == lacking else f", which {used} needs"
    return Lacking(
        f"{target.language.title} has no function {lacking}{reason}",
        source=graph.source,
        span=graph.span(place) if place is not None else None,
        hint=f"--to {', '.join(able[:-1])} and {able[-1]} have it",
    )


def _used(op: Op) -> set[str]:
    """The steps by which an operation and its derivative are computed."""
    building = Building()
    count = 2 if op.variadic else op.arity
    leaves = tuple(building.leaf(f"x{place}") for place in range(count))
    return {step.op for step in program(building.finished(building.apply(op, leaves))).steps}
