"""Formula + data -> the graph, and the arrays of the variables that the data bind."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from bpcalc.bindings import matched
from bpcalc.errors import RequestError, did_you_mean, printable
from bpcalc.formula import parse
from bpcalc.formula.tokens import normal
from bpcalc.graph import Graph
from bpcalc.ops.constants import Constant

if TYPE_CHECKING:
    from bpcalc.descent.data import Data


def located(text: str, columns: str | None, option: str = "--data") -> Data:
    """The data that are named; they are read when it is known what is needed."""
    from bpcalc.descent.data import data

    return data(text, columns, _read_array, option)


def _read_array(name: str, path: str) -> Any:
    """An array of a file, in the type that it has there."""
    from bpcalc.cli.array_files import npy_array
    from bpcalc.cli.calculation import given

    if path.lower().endswith(".npy"):
        return npy_array(path)
    return given(name, f"@{path}")


def graph_and_data(
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
                hint=did_you_mean(name, list(graph.variables))
                or f"its variables: {', '.join(list(graph.variables)[:10]) or 'none'}",
            )
