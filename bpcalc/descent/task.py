"""Graph + what was asked for -> the problem that is descended on, checked before the first step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from bpcalc.engine.array_shapes import shape, shapes
from bpcalc.errors import RequestError, did_you_mean, printable
from bpcalc.graph import Graph

if TYPE_CHECKING:
    from bpcalc.codegen.loss import Reduction
    from bpcalc.descent.batches import Batches
    from bpcalc.descent.methods import Method
    from bpcalc.descent.training import Problem
    from bpcalc.ops.op import Shape


class Task(NamedTuple):
    """A formula, with values for its variables: to be learnt, fixed, or data."""

    graph: Graph
    start: Mapping[str, Any]
    fixed: Mapping[str, Any]
    batches: Batches | None
    method: Method
    difference: float | None
    """The h of central differences; None where gradients are exact."""
    reduce: str | None
    """mean or sum, where it was asked for."""
    dtype: str
    shown: str = ""
    """What the data are called in messages."""
    learn_is_said: bool = False
    """Whether what is learnt was asked for by name."""

    @property
    def reduction(self) -> Reduction:
        """How the numbers of the rows become one."""
        return "sum" if self.reduce == "sum" else "mean"

    @property
    def is_plain(self) -> bool:
        """Whether formula and values are of numbers alone; data may make them columns."""
        given = [*self.start.values(), *self.fixed.values()]
        return not self.graph.structural and not any(map(shape, given))


def problem(task: Task) -> Problem:
    """The problem.

    Raises:
        RequestError: shapes do not fit, there is no loss, or labels are no classes.
    """
    graph = task.graph
    given = {**task.start, **task.fixed}
    if task.is_plain and task.batches is None and task.dtype == "float64":
        _refuse_reduction(task.reduce)
        from bpcalc.descent.floats import FloatProblem

        return FloatProblem(graph, task.start, task.fixed, task.method, task.difference)
    _refuse_no_loss(task, given)
    from bpcalc.descent.arrays import ArrayProblem

    return ArrayProblem(
        graph,
        task.start,
        task.fixed,
        task.method,
        task.difference,
        task.batches,
        task.reduction,
        task.dtype,
    )


def _refuse_no_loss(task: Task, given: Mapping[str, Any]) -> None:
    """A loss is one number, or one for each row."""
    graph, batches = task.graph, task.batches
    first = batches.in_order(0) if batches is not None else {}
    found = shapes(graph, {**given, **first})
    output = found[graph.output]
    if not output:
        _refuse_reduction(task.reduce)
    elif not _is_loss(task, output):
        rows = f", and a batch has {batches.rows_of(0)} rows" if batches is not None else ""
        raise RequestError(
            f"the output is an array of the shape {output}{rows}: a loss is one number"
            f"{', or one for each row of data' if batches is not None else ''}",
            source=graph.source,
            span=graph.span(graph.output),
            hint="mean(...) of it, or --reduce mean" if batches is None else "mean(...) of it",
        )
    if batches is not None:
        from bpcalc.descent.labels import refuse_other_classes

        refuse_other_classes(graph, found, batches.arrays, task.shown)


def _is_loss(task: Task, output: Shape) -> bool:
    """Whether the mean of an output of this shape is meant: without data only if it is said."""
    if task.batches is None:
        return task.reduce is not None
    return output == (task.batches.rows_of(0),)


def _refuse_reduction(reduce: str | None) -> None:
    if reduce is not None:
        raise RequestError(
            f"--reduce {reduce}: the formula gives one number, and there is nothing to reduce",
            hint="it is for formulas that give a number for each row",
        )


def learnt_names(
    graph: Graph, learn: str | None, given: Mapping[str, Any], data: Mapping[str, Any]
) -> list[str]:
    """What is learnt: the names that were asked for, else all variables with a start value.

    Raises:
        RequestError: one of the names is no variable, or has no start value, or there are none.
    """
    if learn is None:
        names = [name for name in graph.variables if name in given]
        if not names:
            raise RequestError(
                "there is nothing to learn: no variable has a start value",
                hint=f"--{next(iter(graph.variables), 'w')} 0 gives it one, and it is learnt",
            )
        return names
    names = list(dict.fromkeys(name.strip() for name in learn.split(",")))
    for name in names:
        _refuse_unlearnable(graph, name, given, data)
    return [name for name in graph.variables if name in names]


def _refuse_unlearnable(
    graph: Graph, name: str, given: Mapping[str, Any], data: Mapping[str, Any]
) -> None:
    shown = printable(name, 60)
    if name in data:
        raise RequestError(f"--learn: {shown} is data, which stay as they are")
    if name in graph.variables:
        if name not in given:
            raise RequestError(
                f"--learn: {shown} has no value to start from",
                hint=f"--set {shown}=0, or --init for a random array",
            )
        return
    if name in graph.unused:
        raise RequestError(f"--learn: the output does not depend on {shown}")
    if name in graph.by_name:
        raise RequestError(f"--learn: {shown} is no variable: the formula computes it")
    known = list(graph.variables)
    raise RequestError(
        f"--learn: the formula has no variable {shown}" if name else "--learn has an empty name",
        hint=did_you_mean(name, known) or f"its variables: {', '.join(known[:10]) or 'none'}",
    )


METHOD, LEARNT, ORDER = "method", "learnt variables", "order of rows"
SHUFFLED = "shuffled"


def started_at(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as words that are the same where they are: a number, or an array's shape and hash."""
    return {name: _worded(value) for name, value in values.items()}


def _worded(value: Any) -> str:
    if not shape(value):
        return repr(float(value))
    import hashlib

    digest = hashlib.sha256(value.astype("<f8").tobytes()).hexdigest()
    return f"{shape(value)} {digest[:16]}"


def description(task: Task) -> dict[str, str]:
    """What has to be the same when a run is resumed."""
    batches = task.batches
    return {
        "formula": task.graph.source.strip(),
        METHOD: str(task.method),
        LEARNT: shapes_of(task.start),
        "fixed values": ", ".join(
            f"{name} {words}" for name, words in started_at(task.fixed).items()
        ),
        "data": "" if batches is None else shapes_of(batches.arrays),
        "batch size": "" if batches is None else str(batches.size),
        ORDER: SHUFFLED if batches is not None and batches.shuffle else "as given",
        "reduction": task.reduction,
        "gradient": "exact" if task.difference is None else f"central:{task.difference!r}",
        "dtype": task.dtype,
    }


def shapes_of(values: Mapping[str, Any]) -> str:
    """The shape of each value, in words."""
    return ", ".join(f"{name} {shape(value) or 'a number'}" for name, value in values.items())
