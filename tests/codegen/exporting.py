"""What the tests of exported source share: how it is compiled and run, many formulas at once."""

from __future__ import annotations

import contextlib
import json
import math
import shutil
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bpcalc.codegen.export.targets import Lacking, Request, request, source
from bpcalc.engine import forward, gradients
from bpcalc.graph import Graph

Point = Sequence[float]
Row = list[float]
"""The value and the gradient at a point."""


class Case(NamedTuple):
    """A formula, and the points at which its source is to be run."""

    graph: Graph
    points: Sequence[Point]


class Source(NamedTuple):
    """A case in a language."""

    case: Case
    request: Request
    text: str


def by_engine(graph: Graph, point: Point) -> Row:
    values = forward(graph, dict(zip(graph.variables, point)))
    found = gradients(graph, values)
    return [values[graph.output], *(found[index] for index in graph.variables.values())]


def sources(cases: Sequence[Case], to: str) -> list[Source]:
    """The cases in a language, each under a name of its own; without what the language lacks."""
    found = []
    for place, case in enumerate(cases):
        with contextlib.suppress(Lacking):
            wanted = request(case.graph, to, name=f"formula{place}")
            found.append(Source(case, wanted, source(wanted, to)))
    return found


def needed(*programs: str) -> None:
    """Skip the test where a program is missing."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def run_python(cases: Sequence[Case], folder: Path) -> list[list[Row | None]]:
    """None where a step raises, as `math` does outside its domain."""
    found = []
    for written in sources(cases, "python"):
        function = _module(written)[written.request.name]
        found.append([_called(function, point) for point in written.case.points])
    return found


def _module(written: Source) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(compile(written.text, "<exported>", "exec"), namespace)
    return namespace


def _called(function: Callable[..., Any], point: Point) -> Row | None:
    try:
        value, gradient = function(*point)
    except (ValueError, OverflowError, ZeroDivisionError):
        return None
    return [value, *gradient]


def run_numpy(cases: Sequence[Case], folder: Path) -> list[list[Row | None]]:
    """All points at once, each variable as a column."""
    import numpy

    found: list[list[Row | None]] = []
    for written in sources(cases, "numpy"):
        function = _module(written)[written.request.name]
        columns = [numpy.array(column) for column in zip(*written.case.points)]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value, gradient = function(*columns)
        shape = (len(written.case.points),)
        rows = zip(*[numpy.broadcast_to(each, shape).tolist() for each in (value, *gradient)])
        found.append([list(row) for row in rows])
    return found


def run_c(cases: Sequence[Case], folder: Path) -> list[list[Row | None]]:
    """One program of all formulas, which may not give a warning; it prints exact numbers."""
    needed("gcc")
    written = sources(cases, "c")
    (folder / "formulas.c").write_text("\n".join(s.text for s in written), encoding="utf-8")
    calls = "".join(_c_calls(each) for each in written)
    declared = "".join(_c_declaration(each) for each in written)
    (folder / "main.c").write_text(
        f"#include <stdio.h>\n{declared}\nint main(void) {{\n{calls}return 0;\n}}\n"
    )
    warned = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-std=c99", "-O1"]
    files = ["formulas.c", "main.c", "-o", "formulas", "-lm"]
    subprocess.run(["gcc", *warned, *files], cwd=folder, check=True, timeout=120)
    ran = subprocess.run(
        [folder / "formulas"], capture_output=True, text=True, check=True, timeout=60
    )
    lines = iter(ran.stdout.splitlines())
    return [
        [[_of_hex(number) for number in next(lines).split()] for _ in each.case.points]
        for each in written
    ]


def _c_declaration(written: Source) -> str:
    inputs = ["double"] * len(written.request.program.inputs)
    return f"double {written.request.name}({', '.join([*inputs, 'double *'])});\n"


def _c_calls(written: Source) -> str:
    name, count = written.request.name, len(written.request.wrt)
    width = len(written.request.program.inputs)
    points = ", ".join("{" + ", ".join(map(float.hex, p)) + "}" for p in written.case.points)
    arguments = ", ".join(f"p[i][{place}]" for place in range(width))
    total = len(written.case.points)
    return f"""{{
    static const double p[{total}][{width}] = {{{points}}};
    for (int i = 0; i < {total}; i++) {{
        double g[{count}];
        printf("%a", {name}({arguments}, g));
        for (int j = 0; j < {count}; j++) printf(" %a", g[j]);
        printf("\\n");
    }}
    }}
"""


def _of_hex(text: str) -> float:
    return float(text) if "n" in text else float.fromhex(text)  # inf, nan


def run_js(cases: Sequence[Case], folder: Path) -> list[list[Row | None]]:
    """A module of all formulas, run by Node."""
    needed("node")
    written = sources(cases, "js")
    (folder / "formulas.mjs").write_text("\n".join(s.text for s in written), encoding="utf-8")
    points = json.dumps([[s.request.name, [list(p) for p in s.case.points]] for s in written])
    (folder / "points.json").write_text(points)
    (folder / "main.mjs").write_text(_NODE)
    ran = subprocess.run(
        ["node", "main.mjs"], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    return [[list(map(float, row)) for row in rows] for rows in json.loads(ran.stdout)]


_NODE = """
import * as formulas from "./formulas.mjs";
import { readFileSync } from "node:fs";
const cases = JSON.parse(readFileSync("points.json", "utf8"));
const text = (x) => Number.isNaN(x) ? "nan" : Object.is(x, -0) ? "-0" : String(x);
console.log(JSON.stringify(cases.map(([name, points]) => points.map((point) => {
  const { value, gradient } = formulas[name](...point);
  return [value, ...gradient].map(text);
}))));
"""


def run_sqlite(cases: Sequence[Case], folder: Path) -> list[list[Row | None]]:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("SELECT exp(1)")
    except sqlite3.OperationalError:
        pytest.skip("this SQLite has no mathematical functions")
    return [_queried(connection, written) for written in sources(cases, "sql")]


def run_duckdb(cases: Sequence[Case], folder: Path) -> list[list[Row | None]]:
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    return [_queried(connection, written) for written in sources(cases, "sql")]


def _queried(connection: Any, written: Source) -> list[Row | None]:
    names = written.request.program.inputs
    columns = ", ".join(f'"{name}" DOUBLE' for name in names)
    marks = ", ".join("?" * len(names))
    connection.execute(f'CREATE TABLE "{written.request.name}" ({columns})')
    connection.executemany(
        f'INSERT INTO "{written.request.name}" VALUES ({marks})',
        [tuple(point) for point in written.case.points],
    )
    rows = connection.execute(written.text).fetchall()
    return [[math.nan if x is None else x for x in row[len(names) :]] for row in rows]


RUNS: dict[str, Callable[[Sequence[Case], Path], list[list[Row | None]]]] = {
    "python": run_python,
    "numpy": run_numpy,
    "c": run_c,
    "js": run_js,
    "sqlite": run_sqlite,
    "duckdb": run_duckdb,
}


def ulps(a: float, b: float) -> float:
    """How far two numbers are from each other, in steps of the larger one's last place."""
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    if not (math.isfinite(a) and math.isfinite(b)):
        return math.inf
    return abs(a - b) / math.ulp(max(abs(a), abs(b), sys.float_info.min))
