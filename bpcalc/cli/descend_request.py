"""Options of `bpcalc descend` -> a run, everything checked before its first step."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from bpcalc.bindings import Quantity
from bpcalc.cli.descend_data import graph_and_data, located
from bpcalc.cli.descend_options import Asked, number, whole
from bpcalc.cli.descend_validation import held_out
from bpcalc.descent.methods import method
from bpcalc.descent.run import Run
from bpcalc.descent.schedules import schedule
from bpcalc.descent.state import (
    State,
    refuse_other_run,
    refuse_other_seed,
    refuse_other_start,
)
from bpcalc.descent.task import Task, description, learnt_names
from bpcalc.descent.training import Limits
from bpcalc.engine.array_shapes import shape
from bpcalc.errors import RequestError, did_you_mean, printable
from bpcalc.graph import Graph
from bpcalc.ops.constants import Constant

if TYPE_CHECKING:
    from bpcalc.descent.batches import Batches

_STEPS = 100
_EPOCHS = 10
_H = 1e-4
"""The h of central differences in the textbooks."""


class Request(NamedTuple):
    """A run, and what there is to say before it."""

    run: Run
    notes: list[str]
    resumed: State | None
    path: str
    """Of the file that holds that state."""


def request(
    asked: Asked,
    text: str,
    values: dict[str, Quantity],
    options: Collection[str],
    state: State | None,
    path: str,
) -> Request:
    """The run that is asked for, from its start or from a `state` that a file holds.

    Raises:
        RequestError: an option, a value or the data cannot be used.
    """
    _refuse_senseless(asked)
    if state is not None:
        refuse_other_run(state, {"formula": text.strip()}, path)
    seed = _seed(asked, state, path)
    given = _start_values(asked, values, state, seed)
    source = located(asked.data, asked.columns) if asked.data is not None else None
    graph, data = graph_and_data(text, given, source, asked.dtype, options)
    batches, notes = _batches(asked, data, seed)
    task = _task(asked, graph, given, batches, state, source.shown if source is not None else "")
    if state is not None:
        refuse_other_run(state, description(task), path)
        asked_for = {**values, **_random(asked.init, values, seed)}
        refuse_other_start(state, asked_for, path)
    validation = held_out(asked, text, task, data)
    run = Run(task, _limits(asked, task), seed, validation, state)
    return Request(run, notes, state, path)


def _seed(asked: Asked, state: State | None, path: str) -> int:
    """The seed that is given, or that of the run which goes on."""
    if asked.seed is None:
        return 0 if state is None else state.seed
    seed = whole("--seed", asked.seed, least=0)
    if state is not None:
        refuse_other_seed(state, seed, path)
    return seed


def _task(
    asked: Asked,
    graph: Graph,
    values: Mapping[str, Any],
    batches: Batches | None,
    state: State | None,
    shown: str,
) -> Task:
    """What is to be done, without how far."""
    given = {name: values[name] for name in graph.variables if name in values}
    learn = ",".join(state.values) if asked.learn is None and state is not None else asked.learn
    learnt = learnt_names(graph, learn, given, batches.arrays if batches is not None else {})
    return Task(
        graph,
        {name: given[name] for name in learnt},
        {name: value for name, value in given.items() if name not in learnt},
        batches,
        method(asked.method),
        _difference(asked.grad),
        asked.reduce,
        asked.dtype,
        shown,
        asked.learn is not None,
    )


def _refuse_senseless(asked: Asked) -> None:
    """Options that do not go together."""
    if asked.data is None:
        for option in ("columns", "batch", "epochs", "validate"):
            if getattr(asked, option) is not None:
                raise RequestError(
                    f"--{option} needs --data",
                    hint="without data the gradient is that of the formula; --steps counts"
                    if option == "epochs"
                    else "",
                )
    if asked.steps is not None and asked.epochs is not None:
        raise RequestError("--steps and --epochs both say how far to go")
    if asked.validate is None:
        for option in ("metric", "patience"):
            if getattr(asked, option) is not None:
                raise RequestError(f"--{option} needs held-out data: --validate FILE")
    for option, choices in (("reduce", ("mean", "sum")), ("dtype", ("float64", "float32"))):
        value = getattr(asked, option)
        if value is not None and value not in choices:
            raise RequestError(
                f"--{option} is {' or '.join(choices)}, and not {printable(value, 40)}",
                hint=did_you_mean(value, choices),
            )


def _difference(text: str) -> float | None:
    """The h of central differences; None for exact gradients."""
    if text == "exact":
        return None
    kind, colon, h = text.partition(":")
    if kind != "central":
        raise RequestError(
            f"--grad is exact or central:H, and not {printable(text, 40)}",
            hint=did_you_mean(kind, ("exact", "central")),
        )
    return number("--grad central", h) if colon else _H


def _limits(asked: Asked, task: Task) -> Limits:
    rate = task.method.recipe.rate if asked.lr is None else number("--lr", asked.lr)
    if task.batches is None:
        steps = _STEPS if asked.steps is None else whole("--steps", asked.steps, least=0)
    elif asked.steps is not None:
        steps = whole("--steps", asked.steps, least=0)
    else:
        epochs = _EPOCHS if asked.epochs is None else whole("--epochs", asked.epochs, least=0)
        steps = epochs * task.batches.count
    tolerance = None if asked.tol is None else number("--tol", asked.tol, zero=True)
    return Limits(steps, rate, schedule(asked.schedule, asked.decay), tolerance)


def _start_values(
    asked: Asked, values: Mapping[str, Quantity], state: State | None, seed: int
) -> dict[str, Any]:
    """Values of variables: those of a state, unless they are given, and random ones."""
    known = _known(state) if state is not None else {}
    return {**known, **values, **_random(asked.init, values, seed)}


def _random(text: str | None, values: Mapping[str, Quantity], seed: int) -> dict[str, Any]:
    """The arrays of --init."""
    if text is None:
        return {}
    from bpcalc.descent.starts import starts

    found = starts(text)
    for name in found:
        if name in values:
            raise RequestError(
                f"{printable(name, 60)} has two values: one of --init, and one of an option"
            )
    return {name: start.array(name, seed) for name, start in found.items()}


def _known(state: State) -> dict[str, Any]:
    """The values of a state, as they could have been given."""
    return {
        name: value if shape(value) else Constant(float(value), repr(float(value)))
        for name, value in state.values.items()
    }


def _batches(asked: Asked, data: Mapping[str, Any], seed: int) -> tuple[Batches | None, list[str]]:
    """The data in batches, and a note where there is only one."""
    if not data:
        return None, []
    from bpcalc.descent.batches import Batches

    rows = len(next(iter(data.values())))
    size = rows if asked.batch is None else whole("--batch", asked.batch)
    notes = []
    if size > rows:
        notes = [f"--batch {size:,} is more than the {rows:,} rows: there is one batch"]
    return Batches(data, size, asked.shuffle, seed), notes
