"""Options of `bpcalc descend` -> a run, everything checked before its first step."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from bpcalc.bindings import Quantity, matched, quantity
from bpcalc.descent.methods import method
from bpcalc.descent.run import Run, Validation
from bpcalc.descent.schedules import schedule
from bpcalc.descent.state import State, refuse_other_run
from bpcalc.descent.task import Task, description, learnt_names
from bpcalc.descent.training import Limits
from bpcalc.engine.array_shapes import shape
from bpcalc.errors import RequestError, did_you_mean, printable
from bpcalc.formula import parse
from bpcalc.formula.tokens import normal
from bpcalc.graph import Graph
from bpcalc.ops.constants import Constant

if TYPE_CHECKING:
    from bpcalc.descent.batches import Batches
    from bpcalc.descent.data import Data

_STEPS = 100
_EPOCHS = 10
_MOST = 10**12
_H = 1e-4
"""The h of central differences in the textbooks."""


class Asked(NamedTuple):
    """The options as they were typed."""

    init: str | None
    learn: str | None
    data: str | None
    columns: str | None
    batch: str | None
    shuffle: bool
    seed: str
    steps: str | None
    epochs: str | None
    lr: str | None
    method: str
    schedule: str | None
    decay: str | None
    grad: str
    reduce: str | None
    dtype: str
    tol: str | None
    validate: str | None
    metric: str | None
    patience: str | None


class Request(NamedTuple):
    """A run, and what there is to say before it."""

    run: Run
    notes: list[str]
    resumed: State | None


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
    seed = whole("--seed", asked.seed, least=0)
    given: dict[str, Any] = {**values, **_random(asked.init, values, seed)}
    if state is not None:
        given = {**_known(state), **given}
    source = _source(asked.data, asked.columns)
    graph, data = _graph_and_data(text, given, source, asked.dtype, options)
    if state is not None:
        given = _without_surplus(graph, given, state)
    given = {name: given[name] for name in graph.variables if name in given}
    learnt = learnt_names(graph, asked.learn, given, data)
    batches, notes = _batches(asked, data, seed)
    task = Task(
        graph,
        {name: given[name] for name in learnt},
        {name: value for name, value in given.items() if name not in learnt},
        batches,
        method(asked.method),
        _difference(asked.grad),
        asked.reduce,
        asked.dtype,
        source.shown if source is not None else "",
    )
    if state is not None:
        refuse_other_run(state, description(task), path)
    validation = _validation(asked, text, task, data)
    run = Run(task, _limits(asked, task), seed, validation, state)
    return Request(run, notes, state)


# Numbers


def number(option: str, text: str, *, zero: bool = False) -> float:
    """A positive number, which may be typed as a constant expression."""
    found = quantity(option, text)
    if shape(found):
        raise RequestError(f"{option} is one number, and not an array")
    value = float(found)
    if value < 0 or (value == 0 and not zero):
        wanted = "0 or more" if zero else "above 0"
        raise RequestError(f"{option} has to be {wanted}, and is {printable(text, 40)}")
    return value


def whole(option: str, text: str, *, least: int = 1) -> int:
    """A whole number."""
    plain = text.replace("_", "").strip()
    if not (plain.isascii() and plain.isdigit() and len(plain) < 20):
        raise RequestError(
            f"{option} has to be a whole number, {least} or more, and is {printable(text, 40)}"
        )
    if not least <= int(plain) <= _MOST:
        raise RequestError(f"{option} has to be from {least} to {_MOST:,}, and is {int(plain):,}")
    return int(plain)


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


# Values


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


def _without_surplus(graph: Graph, given: dict[str, Any], state: State) -> dict[str, Any]:
    """Of another formula's state there may be values that this one lacks."""
    return {
        name: v for name, v in given.items() if name in graph.variables or name not in state.values
    }


# Data


def _source(text: str | None, columns: str | None) -> Data | None:
    if text is None:
        return None
    from bpcalc.descent.data import data

    return data(text, columns, _read_array)


def _read_array(name: str, path: str) -> Any:
    """An array of a file, in the type that it has there."""
    from bpcalc.cli.array_files import npy_array
    from bpcalc.cli.calculation import given

    if path.lower().endswith(".npy"):
        return npy_array(path)
    return given(name, f"@{path}")


def _graph_and_data(
    text: str,
    given: Mapping[str, Any],
    source: Data | None,
    dtype: str,
    options: Collection[str],
) -> tuple[Graph, dict[str, Any]]:
    """The graph, and the arrays of the data that its variables need."""
    if source is None:
        graph = parse(text, given)
        _refuse_option_names(graph, given, (), options)
        matched(graph, given)
        return graph, {}
    found = _read_for_scan(text, source, dtype)
    placed = {**dict.fromkeys(source.names, Constant(1.0, "1")), **found}
    graph = parse(text, {**placed, **given})
    _refuse_option_names(graph, given, source.names, options)
    wanted = [name for name in graph.variables if name in source.names]
    _refuse_two_values(graph, given, source)
    _refuse_missing(graph, given, source)
    matched(graph, {**{name: Constant(1.0, "1") for name in wanted}, **given})
    if not wanted:
        raise RequestError(
            f"the formula uses nothing of the data: {source.shown} has "
            f"{', '.join(printable(name, 30) for name in source.names[:10])}",
            hint=f"its variables are {', '.join(list(graph.variables)[:10]) or 'none'}",
        )
    found = {name: found[name] for name in wanted} if found else source.read(wanted, dtype)
    return parse(text, {**found, **given}), found


def _read_for_scan(text: str, source: Data, dtype: str) -> dict[str, Any]:
    """All data that the formula names, where its graph depends on their shapes.

    Elsewhere nothing: what is wrong with a formula is said before long tables are read.
    """
    words = {normal(word) for word in re.findall(r"\w+", text)}
    if "scan" not in words:
        return {}
    return source.read([name for name in source.names if name in words], dtype)


def _refuse_option_names(
    graph: Graph, given: Mapping[str, Any], names: Collection[str], options: Collection[str]
) -> None:
    """A variable named like an option needs --set, so that a new option changes no old command."""
    for name, index in graph.variables.items():
        if name in options and name not in given and name not in names:
            raise RequestError(
                f"the variable {name} is named like the option --{name}",
                source=graph.source,
                span=graph.span(index),
                hint=f"give it its value with --set {name}=1.5",
            )


def _refuse_missing(graph: Graph, given: Mapping[str, Any], source: Data) -> None:
    missing = [name for name in graph.variables if name not in given and name not in source.names]
    if not missing:
        return
    name = printable(missing[0], 60)
    listed = ", ".join(printable(other, 30) for other in source.names[:10])
    raise RequestError(
        f"{name} is neither among the data nor has a value",
        source=graph.source,
        span=graph.span(graph.variables[missing[0]]),
        values=[f"{source.shown} has {listed}"],
        hint=did_you_mean(missing[0], source.names)
        or f"--set {name}=0 to start from, or --init for an array of random numbers",
    )


def _refuse_two_values(graph: Graph, given: Mapping[str, Any], source: Data) -> None:
    for name in source.names:
        if name in given and (name in graph.variables or name in source.demanded):
            raise RequestError(
                f"{printable(name, 60)} has two values: in {source.shown}, and by an option",
                hint="leave the option out, or call the variable of the formula otherwise",
            )
    for name in source.demanded:
        if name not in graph.variables and name not in graph.unused:
            raise RequestError(
                f"the formula has no variable {printable(name, 60)}",
                hint=did_you_mean(name, list(graph.variables)),
            )


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


# Validation


def _validation(asked: Asked, text: str, task: Task, data: Mapping[str, Any]) -> Validation | None:
    """What is measured on held-out data."""
    if asked.validate is None:
        return None
    from bpcalc.descent.data import data as located
    from bpcalc.descent.held_out import HeldOut

    patience, greater = _patience(asked)
    given = {**task.start, **task.fixed}
    graph = task.graph
    source = located(asked.validate, asked.columns, _read_array)
    if asked.metric is not None:
        graph = _metric(asked.metric, text, {**dict.fromkeys(source.names, 1.0), **given})
    wanted = [name for name in graph.variables if name not in given]
    missing = [name for name in wanted if name not in source.names]
    if missing:
        raise RequestError(
            f"{source.shown} has no {printable(missing[0], 60)}, which is measured with",
            hint=did_you_mean(missing[0], source.names),
        )
    if not wanted:
        raise RequestError("--metric measures nothing of the held-out data")
    found = source.read(wanted, task.dtype)
    _refuse_other_shapes(graph, found, data, given, source.shown)
    held_out = HeldOut(graph, found, task.fixed, patience, greater, task.dtype)
    return Validation(held_out, asked.metric, len(found[wanted[0]]))


def _metric(metric: str, text: str, bound: Mapping[str, Any]) -> Graph:
    """A formula that may use the names of the first one."""
    if metric.lstrip()[:1] in ("-", "+", "−"):  # such a line would go on with the one above
        metric = f"({metric}\n)"
    try:
        return parse(f"{text}\n{metric}", bound)
    except RequestError as error:
        error.message = f"--metric: {error.message}"
        raise


def _refuse_other_shapes(
    graph: Graph,
    found: Mapping[str, Any],
    data: Mapping[str, Any],
    given: Mapping[str, Any],
    shown: str,
) -> None:
    from bpcalc.descent.labels import refuse_other_classes
    from bpcalc.engine.array_shapes import shapes

    for name, array in found.items():
        if name in data and array.shape[1:] != data[name].shape[1:]:
            raise RequestError(
                f"{shown}: a row of {printable(name, 60)} has the shape {array.shape[1:]}, and in "
                f"--data {data[name].shape[1:]}"
            )
    of_nodes = shapes(graph, {**given, **found})
    output = of_nodes[graph.output]
    if len(output) > 1:
        raise RequestError(f"what is measured is an array of the shape {output}, and no number")
    refuse_other_classes(graph, of_nodes, found, shown)


def _patience(asked: Asked) -> tuple[int | None, bool]:
    """After how many epochs to stop, and whether more is better."""
    if asked.patience is None:
        return None, False
    count, colon, mode = asked.patience.partition(":")
    if colon and mode not in ("min", "max"):
        raise RequestError(
            f"--patience: {printable(mode, 40)} is neither min nor max",
            hint="as in 5:max, where a higher metric is better",
        )
    if asked.metric is not None and not colon:
        raise RequestError(
            "--patience has to know whether a higher metric is better",
            hint="as in 5:max for an accuracy, 5:min for an error",
        )
    return whole("--patience", count), mode == "max"
