"""`--validate`, `--metric`, `--patience` -> what is measured on held-out data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpcalc.cli.descend_data import located
from bpcalc.cli.descend_options import Asked, whole
from bpcalc.descent.run import Validation
from bpcalc.descent.task import Task
from bpcalc.errors import RequestError, did_you_mean, printable
from bpcalc.formula import parse
from bpcalc.graph import Graph


def held_out(asked: Asked, text: str, task: Task, data: Mapping[str, Any]) -> Validation | None:
    """What is measured on held-out data."""
    if asked.validate is None:
        return None
    from bpcalc.descent.held_out import HeldOut

    patience, greater = _patience(asked)
    given = {**task.start, **task.fixed}
    graph = task.graph
    source = located(asked.validate, asked.columns, "--validate")
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
    if not metric.strip():
        raise RequestError("--metric is empty", hint='a formula, as in --metric "mean(y == t)"')
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
            f"--patience: {printable(mode, 40) or 'nothing'} is neither min nor max",
            hint="as in 5:max, where a higher metric is better",
        )
    if asked.metric is not None and not colon:
        raise RequestError(
            "--patience has to know whether a higher metric is better",
            hint="as in 5:max for an accuracy, 5:min for an error",
        )
    return whole("--patience", count), mode == "max"
