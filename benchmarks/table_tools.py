"""A table in, a table out, with Python's tools, the derivatives by hand or by JAX.

python benchmarks/table_tools.py TOOL CASE INPUT OUTPUT
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from workers import missing


class Case(NamedTuple):
    """A formula, and how it is written in other languages."""

    formula: str
    columns: tuple[str, ...]
    sql: str
    """A SELECT over {table}."""
    miller: str
    awk: str
    """From the fields $1, $2, ... to what is printed behind them."""

    @property
    def new(self) -> list[str]:
        return ["value", *(f"d_{name}" for name in self.columns)]


CASES = {
    "a": Case(
        "x**2*y+y+2",
        ("x", "y"),
        "SELECT *, x*x*y + y + 2 AS value, 2*x*y AS d_x, x*x + 1 AS d_y FROM {table}",
        "$value = $x*$x*$y + $y + 2; $d_x = 2*$x*$y; $d_y = $x*$x + 1",
        "{ print $0, $1*$1*$2 + $2 + 2, 2*$1*$2, $1*$1 + 1 }",
    ),
    "b": Case(
        "sigmoid(w0*x0+w1*x1+w2)",
        ("w0", "x0", "w1", "x1", "w2"),
        "SELECT w0, x0, w1, x1, w2, p AS value, p*(1 - p)*x0 AS d_w0, p*(1 - p)*w0 AS d_x0,"
        " p*(1 - p)*x1 AS d_w1, p*(1 - p)*w1 AS d_x1, p*(1 - p) AS d_w2"
        " FROM (SELECT *, 1/(1 + exp(-(w0*x0 + w1*x1 + w2))) AS p FROM {table})",
        "p = 1/(1 + exp(-($w0*$x0 + $w1*$x1 + $w2))); s = p*(1 - p); $value = p;"
        " $d_w0 = s*$x0; $d_x0 = s*$w0; $d_w1 = s*$x1; $d_x1 = s*$w1; $d_w2 = s",
        "{ p = 1/(1 + exp(-($1*$2 + $3*$4 + $5))); s = p*(1 - p);"
        " print $0, p, s*$2, s*$1, s*$4, s*$3, s }",
    ),
}


def csv_and_math(case: str, source: str, target: str) -> None:
    """The loop that one writes with the standard library."""
    import csv

    with open(source, newline="") as read, open(target, "w", newline="") as write:  # noqa: PTH123
        rows, out = csv.reader(read), csv.writer(write, lineterminator="\n")
        out.writerow([*next(rows), *CASES[case].new])
        (_polynomials if case == "a" else _neurons)(rows, out)


def _polynomials(rows: Any, out: Any) -> None:
    for row in rows:
        x, y = map(float, row)
        out.writerow([*row, x**2 * y + y + 2, 2 * x * y, x**2 + 1])


def _neurons(rows: Any, out: Any) -> None:
    from math import exp

    for row in rows:
        w0, x0, w1, x1, w2 = map(float, row)
        p = 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))
        slope = p * (1 - p)
        out.writerow([*row, p, slope * x0, slope * w0, slope * x1, slope * w1, slope])


def duckdb(case: str, source: str, target: str) -> None:
    import duckdb

    query = CASES[case].sql.format(table=f"read_csv('{source}')")
    duckdb.sql(f"COPY ({query}) TO '{target}' (HEADER)")


def polars(case: str, source: str, target: str) -> None:
    """Expressions, streamed from file to file."""
    import polars

    c = polars.col
    table = polars.scan_csv(source)
    if case == "a":
        x, y = c("x"), c("y")
        table = table.with_columns(value=x * x * y + y + 2, d_x=2 * x * y, d_y=x * x + 1)
    else:
        z = c("w0") * c("x0") + c("w1") * c("x1") + c("w2")
        table = table.with_columns(value=1 / (1 + (-z).exp()))
        table = table.with_columns(slope=c("value") * (1 - c("value")))
        partners = {"d_w0": "x0", "d_x0": "w0", "d_w1": "x1", "d_x1": "w1"}
        slopes = {name: c("slope") * c(other) for name, other in partners.items()}
        table = table.with_columns(**slopes, d_w2=c("slope")).drop("slope")
    table.sink_csv(target)


def polars_and_jax(case: str, source: str, target: str) -> None:
    import polars

    table = polars.read_csv(source)
    found = _by_jax(case, [table[name].to_numpy() for name in table.columns])
    new = [polars.Series(name, column) for name, column in zip(CASES[case].new, found)]
    table.with_columns(new).write_csv(target)


def pandas_and_jax(case: str, source: str, target: str) -> None:
    import pandas

    table = pandas.read_csv(source)
    found = _by_jax(case, [table[name].to_numpy() for name in table.columns])
    for name, column in zip(CASES[case].new, found):
        table[name] = column
    table.to_csv(target, index=False)


def _by_jax(case: str, columns: list[Any]) -> list[Any]:
    import jax
    import numpy

    jax.config.update("jax_enable_x64", True)

    def polynomial(x: Any, y: Any) -> Any:
        return x**2 * y + y + 2

    def neuron(w0: Any, x0: Any, w1: Any, x1: Any, w2: Any) -> Any:
        return jax.nn.sigmoid(w0 * x0 + w1 * x1 + w2)

    @jax.jit
    def both(*columns: Any) -> Any:
        value, back = jax.vjp(polynomial if case == "a" else neuron, *columns)
        return [value, *back(jax.numpy.ones_like(value))]

    return [numpy.asarray(column) for column in both(*columns)]


TOOLS: dict[str, Callable[[str, str, str], None]] = {
    "DuckDB by hand": duckdb,
    "Polars by hand": polars,
    "Polars + JAX": polars_and_jax,
    "pandas + JAX": pandas_and_jax,
    "csv and math": csv_and_math,
}


def main() -> None:
    tool, *where = sys.argv[1:]
    try:
        TOOLS[tool](*where)
    except ImportError as why:
        missing(why)


if __name__ == "__main__":
    main()
