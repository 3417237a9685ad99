"""words of a command line -> graph and values -> result; and how a command ends with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bpcalc.bindings import matched, quantity
from bpcalc.calculator import calculated
from bpcalc.cli.reading import formula_text, table_of_values
from bpcalc.cli.writing import told
from bpcalc.errors import RequestError, did_you_mean, printable
from bpcalc.formula import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpcalc.bindings import Quantity
    from bpcalc.graph import Graph
    from bpcalc.results import Result


def graph_and_values(
    formulas: list[str],
    file: str | None,
    vars_: str | None,
    assignments: list[tuple[str, str]],
    options: set[str],
) -> tuple[Graph, dict[str, Quantity]]:
    """The graph of the formula, and the values that were given for its variables.

    `options` are the names of the command's options.

    Raises:
        RequestError: the formula or a value cannot be understood.
    """
    text = formula_text(formulas, file)
    values = all_values(vars_, assignments)
    graph = parse(text, values)
    _refuse_option_names(graph, values, options)
    return graph, values


def result_of(
    graph: Graph,
    values: Mapping[str, Quantity],
    wrt: str | None,
    upstream: str,
    check: bool,
) -> Result:
    """The calculation.

    Raises:
        RequestError: a variable has no value, or a value has no variable.
    """
    seed = given("upstream", upstream)
    return calculated(graph, matched(graph, values), wrt, seed, check)


def ended(result: Result) -> int:
    """Say the warnings and what failed; the exit code."""
    for warning in result.warnings:
        told(f"warning: {printable(warning)}")
    if result.failure is not None:
        told(result.failure.drawn())
    return 0 if result.ok else 1


def node_called(graph: Graph, name: str, option: str) -> int:
    """The node with this name or id.

    Raises:
        RequestError: there is none.
    """
    try:
        return graph.index(name)
    except KeyError:
        names = list(graph.by_name)
        hint = did_you_mean(name, names) or (
            f"the nodes are n1 to n{len(graph)}, and by name {', '.join(names[:12]) or 'none'}"
        )
        raise RequestError(f"{option}: there is no node {printable(name, 60)}", hint=hint) from None


def all_values(path: str | None, assignments: list[tuple[str, str]]) -> dict[str, Quantity]:
    """The values of a file and of the command line, which wins."""
    seen: set[str] = set()
    for name, _ in assignments:
        if name in seen:
            raise RequestError(f"{name} has two values")
        seen.add(name)
    table = table_of_values(path) if path is not None else {}
    values = {**table, **dict(assignments)}
    return {name: given(name, value) for name, value in values.items()}


def given(name: str, value: Any) -> Quantity:
    """A value as it was given; for `@FILE` what the file holds.

    Raises:
        RequestError: it is no finite number, and no array of finite numbers.
    """
    if not isinstance(value, str) or value.lstrip()[:1] != "@":
        return quantity(name, value)
    from bpcalc.cli.array_files import from_file

    return from_file(name, value.lstrip())


def _refuse_option_names(graph: Graph, values: dict[str, Quantity], options: set[str]) -> None:
    """A variable named like an option needs --set, so that a new option changes no old command."""
    for name, index in graph.variables.items():
        if name in options and name not in values:
            raise RequestError(
                f"the variable {name} is named like the option --{name}",
                source=graph.source,
                span=graph.span(index),
                hint=f"give it its value with --set {name}=1.5",
            )
