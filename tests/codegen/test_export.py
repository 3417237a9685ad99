"""Exported source runs in its language, and gives the engine's numbers there."""

from __future__ import annotations

import itertools
import math
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcalc
from bpcalc.codegen.export.names import RESERVED
from bpcalc.codegen.export.targets import TARGETS, Lacking, request, source
from bpcalc.engine import backward, forward
from bpcalc.engine.diagnosis import counting, is_finite
from bpcalc.errors import RequestError
from bpcalc.formula import parse
from bpcalc.formula.tokens import is_name
from bpcalc.graph import Building, Graph
from bpcalc.ops import TABLE

for folder in ("codegen", "engine", "ops"):
    sys.path.append(str(Path(__file__).parents[1] / folder))

from every_op import VARIANTS, extreme_points, graph_of  # noqa: E402
from exporting import RUNS, Case, Point, by_engine, needed, sources, ulps  # noqa: E402
from random_formulas import formulas, points  # noqa: E402

LANGUAGE = {"sqlite": "sql", "duckdb": "sql"}
"""Of the ways to run source those that are not called like their language."""

every_run = pytest.mark.parametrize("run", RUNS)
every_language = pytest.mark.parametrize("to", TARGETS)

_POINTS = 40
"""So many of an operation's extreme points."""


def export(text: str, to: str, **options: str) -> str:
    graph = parse(text)
    return source(request(graph, to, **options), to)


def compared(
    run: str, cases: Sequence[Case], folder: Path, agree: Callable[[float, float, Case], bool]
) -> None:
    """Run the cases, and compare every number that the engine finds finite."""
    written = sources(cases, LANGUAGE.get(run, run))
    for (case, *_), rows in zip(written, RUNS[run](cases, folder), strict=True):
        for point, row in zip(case.points, rows, strict=True):
            theirs = by_engine(case.graph, point)
            if row is None:
                smooth = is_smooth(case.graph, point) and not squares_too_much(case.graph, point)
                assert not smooth, (case.graph.source, point, theirs)
                continue
            if run == "sqlite" and not is_smooth(case.graph, point):
                continue  # of log(0) SQLite says NULL, and log(0) < 1 does not hold
            for a, b in zip(row, theirs, strict=True):
                fits = not math.isfinite(b) or agree(a, b, case)
                assert fits, (case.graph.source or case.graph.nodes[-1], point, row, theirs)


def is_smooth(graph: Graph, point: Point) -> bool:
    """Whether the engine finds all values and derivatives finite that count at the point.

    What `where` did not choose does not count: no exported source may stop there.
    """
    values = forward(graph, dict(zip(graph.variables, point)))
    counts = counting(graph, values)
    if not all(is_finite(value) for value, count in zip(values, counts) if count):
        return False
    return all(
        is_finite(share) and is_finite(0.0 if local is None else local)
        for *_, local, _, share in backward(graph, values, [])
    )


def squares_too_much(graph: Graph, point: Point) -> bool:
    """Whether `math` raises within a series: digamma's has 1/x^2."""
    return graph.nodes[-1].op in ("lgamma", "digamma", "polygamma") and point[0] > 1e153


@cache
def cases_of_operations() -> list[Case]:
    found = []
    for op in VARIANTS:
        every = list(extreme_points(op))
        found.append(Case(graph_of(op), every[:: max(1, len(every) // _POINTS)]))
    return found


@every_run
def test_an_operation_is_the_engines_at_extreme_points(run: str, tmp_path: Path) -> None:
    def agree(a: float, b: float, case: Case) -> bool:
        if run == "python":
            return ulps(a, b) == 0
        # of lgamma near 2 Python's own has no correct digit, and C's has all of them
        slack = 1e-15 if case.graph.nodes[-1].op == "lgamma" else 0.0
        return ulps(a, b) <= 8 or abs(a - b) <= slack

    compared(run, cases_of_operations(), tmp_path, agree)


@cache
def random_cases() -> list[Case]:
    found = []

    @settings(max_examples=80, deadline=None, derandomize=True, database=None)
    @given(formulas(), st.lists(points, min_size=3, max_size=3))
    def gather(text: str, values: list[dict[str, float]]) -> None:
        graph = parse(text)
        if graph.variables:
            at = [[value[name] for name in graph.variables] for value in values]
            found.append(Case(graph, at))

    gather()
    return found


@every_run
def test_any_formula_has_the_engines_numbers(run: str, tmp_path: Path) -> None:
    def agree(a: float, b: float, case: Case) -> bool:
        if run == "python":
            return ulps(a, b) == 0
        return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-14)

    compared(run, random_cases(), tmp_path, agree)


@st.composite
def choices(draw: st.DrawFn, depth: int = 3) -> str:
    """A formula with `where` around what is undefined elsewhere, and around losses of numbers.

    For every # there is to be another number: what two branches share, Python computes before both.
    """
    if not depth or not draw(st.integers(0, 3)):
        forms = ["log(#*{})", "sqrt(#*{})", "1/(#*{})", "{}", "0.5", "exp({})"]
        return draw(st.sampled_from(forms)).format(draw(st.sampled_from("xy")))
    a, b = draw(choices(depth - 1)), draw(choices(depth - 1))
    condition = draw(st.sampled_from(["x > 0", "y < 1", "x*y >= 0.5", "log(x) < y"]))
    forms = [
        *(f"{loss}({a}, {b})" for loss in ("half_sse", "mse", "mae", "bce")),
        *(f"sum({a}) + {b}", f"({a})*mean({b})", f"-({a} - {b})", f"({a})*({b})"),
        *[f"where({condition}, {a}, {b})"] * 6,
    ]
    return draw(st.sampled_from(forms))


@cache
def cases_of_choices() -> list[Case]:
    found = []

    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(choices(), choices())
    def gather(one: str, other: str) -> None:
        text = f"z = {one}; z*where(x > y, {other}, z) + x*y"
        numbers = itertools.count(2)
        graph = parse(re.sub("#", lambda _: str(next(numbers)), text))
        found.append(
            Case(graph, [[a, b] for a in (-2.0, 0.0, 0.25, 1.5) for b in (-1.0, 0.0, 0.75)])
        )

    gather()
    return [case for case in found if list(case.graph.variables) == ["x", "y"]]


@every_run
def test_losses_that_where_did_not_choose_bring_nothing(run: str, tmp_path: Path) -> None:
    def agree(a: float, b: float, case: Case) -> bool:
        if run == "python":
            return ulps(a, b) == 0
        return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-14)

    compared(run, cases_of_choices(), tmp_path, agree)


@every_run
def test_what_where_did_not_choose_brings_nothing(run: str, tmp_path: Path) -> None:
    texts = [
        "where(x > 0, sqrt(x), x)",
        "where(x > 0, log(x)*sqrt(x), x)*relu(x)",
        "where(x > 0, where(x > 1, log(x - 1), 1/x), exp(-1000*x/x))",
        "y = log(x); where(x > 0, y*y, 0) + where(x > 0, y, 1)",
        "y = log(x); where(x > 0, where(y > 1, y*y, sqrt(1 - y)), exp(x))",
        "where(x > 0 and log(x) < 1 or x < -5, sqrt(x), x)*x",
        "where(x > 1, log(x - 1)/sqrt(x - 1), where(x > 0, sqrt(x)*log(x), 2*x))*x",
    ]
    cases = [Case(parse(text), [[-4.0], [0.5], [3.0]]) for text in texts]
    compared(run, cases, tmp_path, lambda a, b, _: math.isclose(a, b, rel_tol=1e-14))
    if run == "python":
        assert None not in [row for rows in RUNS[run](cases, tmp_path) for row in rows]


# Names and comments


@every_run
def test_names_that_a_language_reserves_are_mapped(run: str, tmp_path: Path) -> None:
    words = [word for word in sorted(RESERVED[LANGUAGE.get(run, run)]) if is_name(word)]
    words = [word for word in words if word not in ("pi", "e", "tau", "and", "or", "not")]
    words += ["value", "gradient", "f", "t1", "d_x", "data", "given", "step1", "x"]
    words = list(dict.fromkeys(words))
    product = " + ".join(f"{word}*{place}" for place, word in enumerate(words, 2))
    graph = parse(f"sum_ = {product}; table = sin(sum_)*x; table*sum_ + table*d_x")
    case = Case(graph, [[1 / (place + 3) for place in range(len(words))]])
    compared(run, [case], tmp_path, lambda a, b, _: math.isclose(a, b, rel_tol=1e-12))


HOSTILE_NAMES = (
    "d_x = x1*x₁; t1 = λ′*σ; lambda = 数*_; x′ = t1 + d_x; class = exp(x′ + lambda);"
    "value = class*x1 + x_prime; value*class + x1_2 + ſ*ς*é"
)


@every_run
def test_names_that_a_language_cannot_spell_are_mapped(run: str, tmp_path: Path) -> None:
    graph = parse(HOSTILE_NAMES)
    case = Case(graph, [[0.3 + place / 10 for place in range(len(graph.variables))]])
    compared(run, [case], tmp_path, lambda a, b, _: math.isclose(a, b, rel_tol=1e-12))


def test_a_name_that_fits_keeps_itself_and_another_gets_a_number() -> None:
    text = export("x₁ + x1 + lambda", "python")
    assert "def f(x1_2, x1, lambda_):" in text
    assert "# x₁ is called x1_2" in text
    assert "# lambda is called lambda_" in text
    assert "double f(double lambda, double sigma, double u6570" in export("lambda+σ+数", "c")


COMMENTS = [
    '"""; import os; os.abort() #',
    "''' \\",
    "*/ #error out /*",
    "??/",
    "??/ ",
    "\\",
    "</script><script>alert(1)</script>",
    "<!-- -->",
    "; DROP TABLE data; --",
    "\u202egnp.exe \u2066 \u200f",
    "a\rimport os\x0bb\x0cc\x1cd\x85e\u2028f\u2029g\0h",
    "\x1b[31m %s :name ? $1 {{ }} #{x}",
    "数 σ é \ud800",
    "#" * 1000,
]


def commented(text: str) -> Graph:
    """x*y, with any text as the formula's."""
    building = Building(f"# {text}\nx*y  # {text}")
    x, y = building.leaf("x"), building.leaf("y")
    return building.finished(building.apply(TABLE["mul"], (x, y)))


@every_run
def test_a_comment_of_the_formula_ends_no_comment_of_the_source(run: str, tmp_path: Path) -> None:
    cases = [Case(commented(text), [[2.0, 3.0]]) for text in COMMENTS]
    expected = [[[6.0, 3.0, 2.0]]] * len(cases)
    assert RUNS[run](cases, tmp_path) == expected


@every_language
def test_the_source_has_no_control_characters(to: str) -> None:
    graph = commented("\n".join(COMMENTS))
    text = source(request(graph, to), to)
    assert all(line.isprintable() for line in text.split("\n"))


@every_language
def test_the_formula_stands_above_the_source(to: str) -> None:
    first, second, *_ = export("# a neuron\nz = w*x; tanh(z)", to).splitlines()
    assert first.endswith(" a neuron")
    assert second.endswith(" z = w*x; tanh(z)")


# Size


LARGE = {
    "a long sum": "+".join(["sin(x)*y"] * 1700),
    "a dense sum": "+".join(f"x{i % 10}*x{i * 7 % 10}" for i in range(2500)),
    "a deep chain": "tanh(" * 120 + "x*y" + ")" * 120,
    "a deep division": "1/(1+" * 100 + "x*y" + ")" * 100,
    "a nested choice": "where(x > 1, log(x), " * 60 + "x*y" + ")" * 60,
    "a large maximum": "max(" + ", ".join(f"x - {i}*y" for i in range(100)) + ")",
}


@cache
def large(name: str) -> Graph:
    return parse(LARGE[name])


@every_run
@pytest.mark.parametrize("name", [name for name in LARGE if name != "a dense sum"])
def test_large_and_deep_formulas_run(run: str, name: str, tmp_path: Path) -> None:
    case = Case(large(name), [[0.5, 0.25]])
    compared(run, [case], tmp_path, lambda a, b, _: math.isclose(a, b, rel_tol=1e-9))


@every_language
@pytest.mark.parametrize("name", LARGE)
def test_the_source_is_linear_in_the_size_of_the_graph(to: str, name: str) -> None:
    graph = large(name)
    assert len(source(request(graph, to), to)) < 2000 + 600 * len(graph)


@every_language
def test_common_subexpressions_are_written_once(to: str) -> None:
    lines = ["t0 = x*y"] + [f"t{i + 1} = t{i}*t{i} + t{i}" for i in range(60)]
    text = export("\n".join([*lines, "t60"]), to, wrt=["x"])
    assert len(text) < 40_000


@pytest.mark.parametrize("to", ["python", "c", "js"])
def test_lines_are_as_short_as_a_person_writes_them(to: str) -> None:
    for name in list(LARGE)[2:]:
        lines = source(request(large(name), to), to).splitlines()
        code = [line.strip() for line in lines if line.strip() and line.strip()[0] not in "#/"]
        assert max(map(len, code)) <= 100


# Numbers


NUMBERS = [0.1, 1e300, 5e-324, 1 / 3, 2**53 + 1.0, 1e22, 123456789.125, 1.7976931348623157e308]


@every_run
def test_constants_are_exact(run: str, tmp_path: Path) -> None:
    cases = [Case(parse(f"({number!r})*x"), [[1.0]]) for number in NUMBERS]
    cases += [Case(parse(f"pi*x + e*x + tau*x - {number!r}"), [[1.0]]) for number in NUMBERS]
    compared(run, cases, tmp_path, lambda a, b, _: a == b)


@pytest.mark.parametrize("run", ["python", "numpy", "c", "js", "duckdb"])
def test_constants_that_are_not_finite_are_written(run: str, tmp_path: Path) -> None:
    cases = [Case(parse(text), [[1.0]]) for text in ("x + exp(1000)", "x - exp(1000)")]
    values = [rows[0][0] for rows in RUNS[run](cases, tmp_path)]
    assert values == [math.inf, -math.inf]
    undefined = [Case(parse("x*log(-1)"), [[1.0]])]
    assert math.isnan(RUNS[run](undefined, tmp_path)[0][0][0])


def test_values_that_are_given_are_folded_in() -> None:
    text = bpcalc.export("a*x^2 + sin(b)", a=3, b="pi/2", to="js")
    assert "3*x**2 + 1" in text
    assert "export function f(x) {" in text
    assert "// a = 3.0" in text
    assert "d_a" not in text
    assert "d_a" in bpcalc.export("a*x^2", to="js", a=3, wrt="a,x")


def test_the_gradient_by_a_statement_can_be_asked_for(tmp_path: Path) -> None:
    namespace: dict[str, Callable[..., object]] = {}
    exec(bpcalc.export("z = w*x; a = z; z^2 + b", wrt=["z", "w", "b"], name="g"), namespace)
    assert namespace["g"](2.0, 3.0, 1.0) == (37.0, (12.0, 36.0, 1.0))


OUTPUTS = [
    *("x", "y = x; y", "-x", "x + y", "x - y", "a + b + c", "x > y", "x + 0*y"),
    *("where(1 > 0, x, y)", "y = 2; x + 0*y", "(x > 0) + (y < 9)", "x + (y != 0 and x != 0)"),
]


@every_run
def test_outputs_may_be_inputs_constants_and_each_other(run: str, tmp_path: Path) -> None:
    cases = [Case(parse(text), [[2.0, 3.0, 5.0][: len(parse(text).variables)]]) for text in OUTPUTS]
    compared(run, cases, tmp_path, lambda a, b, _: a == b)


@every_language
def test_a_formula_of_constants_alone_has_no_parameters(to: str) -> None:
    assert "42" in export("6*7", to)


# NumPy


def test_numpy_takes_arrays_that_broadcast_integers_and_lists() -> None:
    import numpy

    namespace: dict[str, Callable[..., tuple[object, tuple[object, ...]]]] = {}
    exec(bpcalc.export("erf(x)*y^-1 + b", to="numpy"), namespace)
    value, gradient = namespace["f"]([[1], [2], [3]], numpy.array([1, 2, 0]), 2)
    assert [numpy.shape(each) for each in (value, *gradient)] == [(3, 3)] * 4
    assert float(value[2][1]) == math.erf(3.0) / 2 + 2  # type: ignore[index]
    assert numpy.shape(namespace["f"](1.0, 2.0, 3.0)[0]) == ()


# What is refused


def test_arrays_are_refused_in_their_place() -> None:
    for to in (*TARGETS, "latex"):
        with pytest.raises(RequestError, match="has arrays in it") as caught:
            bpcalc.export("x*sum([x, y])", to=to)
        assert caught.value.span is not None
    with pytest.raises(RequestError, match="the value of y is an array"):
        bpcalc.export("x*y", y=[1, 2])


@pytest.mark.parametrize("to", ["js", "sql"])
def test_a_function_that_a_language_lacks_is_named_in_its_place(to: str) -> None:
    with pytest.raises(Lacking, match="has no function erfc, which gelu needs") as caught:
        export("x*gelu(y)", to)
    assert caught.value.span == (2, 9)
    assert caught.value.hint == "--to python, numpy and c have it"


def test_names_that_sql_takes_for_each_other_are_refused() -> None:
    with pytest.raises(RequestError, match="SQL takes W and w for the same column"):
        export("W*w", "sql")
    text = export("X = x^2; X*x*exp(X)", "sql")
    assert '"X_2"' in text


def test_a_chain_that_is_too_long_for_sql_is_refused() -> None:
    with pytest.raises(RequestError, match="too long for SQL"):
        export("sin(" * 600 + "x" + ")" * 600, "sql")


@pytest.mark.parametrize(
    ("name", "to"), [("exp", "c"), ("class", "python"), ("f(x)", "js"), ("a b", "c")]
)
def test_a_name_that_no_function_can_have_is_refused(name: str, to: str) -> None:
    with pytest.raises(RequestError, match="is no name for a function"):
        export("x", to, name=name)


def test_an_empty_name_is_refused_with_what_to_write() -> None:
    for to, what in (("c", "function"), ("sql", "table")):
        with pytest.raises(RequestError, match=f"--name is empty, .* the {what}") as caught:
            export("x", to, name="")
        assert "--name" in caught.value.hint


def test_an_operation_that_is_known_of_arrays_alone_is_named() -> None:
    with pytest.raises(RequestError, match="on numbers, and huber is one on arrays") as caught:
        export("x*huber(x, y)", "c")
    assert caught.value.span == (2, 13)
    form = "where(abs(a - b) <= 1, (a - b)^2/2, abs(a - b) - 0.5)"
    assert caught.value.hint == f"huber(a, b) of numbers is {form}"
    for a, b in ((1, 1.5), (1, 4)):
        assert bpcalc.grad(form, a=a, b=b).value == bpcalc.grad("huber(a, b)", a=a, b=b).value


# SQL


def selected(run: str, source: str, table: str) -> list[tuple[object, ...]]:
    """The rows of a SELECT; `table` makes the table."""
    connection = sqlite3.connect(":memory:")
    if run == "duckdb":
        connection = pytest.importorskip("duckdb").connect()
    for statement in table.split(";"):
        connection.execute(statement)
    return list(connection.execute(source).fetchall())


every_database = pytest.mark.parametrize("run", ["sqlite", "duckdb"])


@every_database
@pytest.mark.parametrize("name", ["data", "given", "step1", "complete", "value", "x"])
def test_a_table_may_be_called_like_its_column(run: str, name: str) -> None:
    text = export(f"{name}*sin({name})*sin({name})", "sql", name=name)
    table = f'CREATE TABLE "{name}" ("{name}" DOUBLE); INSERT INTO "{name}" VALUES (0)'
    assert selected(run, text, table) == [(0, 0, 0)]


MISSING = [
    *("x + y", "where(y > 0, 1, 2) + 0*x", "(y > 0) + x", "relu(y)*x", "max(x, y)", "x*sign(y)"),
    *("clip(y, 0, 1)*x", "where(x > 0, log(x), y)", "(x > 0 or y > 0) + x"),
]


@every_database
@pytest.mark.parametrize("text", MISSING)
def test_a_row_without_all_inputs_has_no_results(run: str, text: str) -> None:
    table = "CREATE TABLE data (x DOUBLE, y DOUBLE); INSERT INTO data VALUES (2, NULL), (2, 3)"
    missing, whole = selected(run, export(text, "sql", wrt=["x", "y"]), table)
    order = dict(zip(parse(text).variables, range(2)))
    assert [missing[order["x"]], missing[order["y"]], *missing[2:]] == [2, None, None, None, None]
    assert None not in whole


@pytest.mark.parametrize(
    "text",
    [
        "where(x > 0, log(x)*log(x), x)",
        "y = log(x); where(x > 0, where(y > 1, y*y, sqrt(1 - y)*y), exp(x))",
        "where(x > 1, log(x - 1)/sqrt(x - 1), where(x > 0, sqrt(x)*log(x), 2*x))*x",
    ],
)
def test_what_where_did_not_choose_stops_no_database(text: str) -> None:
    connection = sqlite3.connect(":memory:")  # that raises, as DuckDB did before 2.0
    for name, function in (("ln", math.log), ("sqrt", math.sqrt)):
        connection.create_function(name, 1, function)
    connection.execute("CREATE TABLE data (x DOUBLE)")
    points = [-4.0, 0.0, 0.5, 1.5, 4.0]
    connection.executemany("INSERT INTO data VALUES (?)", [(x,) for x in points])
    graph = parse(text)
    for x, row in zip(points, connection.execute(export(text, "sql")), strict=True):
        assert row[1:] == pytest.approx(by_engine(graph, [x]), rel=1e-12)


@every_database
def test_an_input_that_nothing_depends_on_may_be_missing(run: str) -> None:
    table = "CREATE TABLE data (x DOUBLE, y DOUBLE); INSERT INTO data VALUES (2, NULL)"
    assert selected(run, export("where(1 > 0, x, y)", "sql"), table) == [(2, None, 2, 1, 0)]


TEXTS = {
    **{"''": None, "'abc'": None, "'12abc'": None, "'2020-01-01'": None, "'nan'": None},
    **{"'0x10'": None, "'1,5'": None, "NULL": None, "x'616263'": None, "'.'": None},
    **{"'3.5'": 3.5, "' 2 '": 2, "'1e5'": 1e5, "'-.5'": -0.5, "0.30000000000000004": 0.1 + 0.2},
    **{"9007199254740993": 2.0**53, "'9007199254740993'": 2.0**53, "'0.1'": 0.1},
}


@pytest.mark.parametrize("kind", ["", "TEXT", "REAL", "INTEGER"])
def test_text_that_is_no_number_counts_as_missing_in_sqlite(kind: str) -> None:
    for text, number in TEXTS.items():
        if kind == "TEXT" and "'" not in text:
            continue  # the column keeps 15 digits of it
        table = f"CREATE TABLE data (x {kind}); INSERT INTO data VALUES ({text})"
        (row,) = selected("sqlite", export("where(x > 0, x, x)*1", "sql"), table)
        slope = None if number is None else 1
        assert row == (number, number, slope), text


def test_text_that_is_no_number_stops_duckdb_and_other_text_does_not() -> None:
    table = "CREATE TABLE data (x VARCHAR, y BOOLEAN); INSERT INTO data VALUES ('3.5', true)"
    text = export("x*y", "sql")
    assert selected("duckdb", text, table) == [(3.5, 1, 3.5, 1, 3.5)]
    with pytest.raises(Exception, match="Could not convert string 'abc'"):
        selected("duckdb", text, table.replace("3.5", "abc"))


@every_database
def test_sql_takes_as_many_inputs_as_a_table_has(run: str) -> None:
    graph = parse("+".join(f"x{i}" for i in range(900)))
    text = source(request(graph, "sql", wrt=[]), "sql")
    columns = ", ".join(f"x{i} DOUBLE" for i in range(900))
    table = f"CREATE TABLE data ({columns}); INSERT INTO data VALUES ({', '.join(['1'] * 900)})"
    assert selected(run, text, table)[0][900:] == (900,)


def test_a_table_may_have_any_name() -> None:
    assert 'FROM "my ""table""" AS data' in export("x*x", "sql", name='my "table"')


# LaTeX


def test_latex_tells_the_derivation_node_by_node() -> None:
    text = bpcalc.export("z = w*x + b; L = (tanh(z) - t)^2", to="latex", wrt="w", x=2)
    lines = [line.removesuffix(r" \\") for line in text.splitlines()]
    for expected in (
        "x &= 2",
        r"n_{5} &= w \cdot x",
        r"z &= n_{5} + b",
        r"\bar{L} &= 1",
        r"\bar{w} &= \bar{n}_{5} \cdot x",
        r"\frac{\partial L}{\partial w} &= \bar{w}",
    ):
        assert expected in lines
    assert not any(line.startswith(r"\bar{b}") for line in lines)


@pytest.mark.parametrize("op", VARIANTS, ids=lambda op: op.name)
def test_latex_of_every_operation_has_its_braces(op: bpcalc.Graph) -> None:
    text = bpcalc.export(graph_of(op), to="latex")  # type: ignore[arg-type]
    depth = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    assert text.count(r"\left") == text.count(r"\right")


@pytest.mark.parametrize(
    ("formula", "lines"),
    [
        ("L = half_sse(x, y)", [r"L &= \frac{\left(x - y\right)^{2}}{2}"]),
        ("L = half_sse(x, y)", [r"\bar{x} &= \bar{L} \cdot \left(x - y\right)"]),
        ("L = mean(x)*y", ["n_{3} &= x", r"\bar{x} &= \bar{n}_{3}"]),
        ("L = mse(x, y)", [r"\bar{x} &= \bar{L} \cdot 2 \cdot \left(x - y\right)"]),
        ("L = mae(x, huber(x, y))", [r"L &= \left|x - n_{3}\right|"]),
    ],
)
def test_latex_tells_what_a_loss_is_of_numbers(formula: str, lines: list[str]) -> None:
    text = bpcalc.export(formula, to="latex")
    assert set(lines) <= {line.removesuffix(r" \\") for line in text.splitlines()}


def test_no_two_variables_are_the_same_symbol_in_latex() -> None:
    text = bpcalc.export("x*x_*math*math_*x1*x_1*x₁*n7*f*数*数_", to="latex")
    slopes = [line for line in text.splitlines() if r"\frac{\partial" in line]
    symbols = {line.partition(r"{\partial ")[2].partition("&=")[0] for line in slopes}
    assert len(slopes) == len(symbols) == 11
    assert "v_{13} &=" in text  # n_{13} could be a name's, as n_{7} is


def test_pdflatex_sets_the_derivations(tmp_path: Path) -> None:
    needed("pdflatex")
    formulas = [
        "z = w*x + b; L = (tanh(z) - t)^2 + x_*x*math_*math*x1*x_1*x₁*_*__*n5",
        "bce(sigmoid(z), t) + huber(x, σ′, delta=2)*half_sse(λ_1, mean(δ))",
        *(graph_of(op) for op in VARIANTS),  # type: ignore[attr-defined]
    ]
    pieces = [bpcalc.export(formula, to="latex") for formula in formulas]
    pieces = [re.sub("(?m)^%.*$", "%", piece) for piece in pieces]
    document = [r"\documentclass{article}", r"\usepackage{amsmath}", r"\allowdisplaybreaks"]
    document += [r"\begin{document}", *pieces, r"\end{document}"]
    (tmp_path / "derivations.tex").write_text("\n".join(document), encoding="utf-8")
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "derivations.tex"]
    ran = subprocess.run(words, cwd=tmp_path, capture_output=True, timeout=120)
    log = ran.stdout.decode(errors="replace")
    if "amsmath.sty' not found" in log:
        pytest.skip("amsmath is not installed")
    assert ran.returncode == 0, log[-2000:]


def test_latex_of_a_large_formula_is_linear() -> None:
    graph = large("a dense sum")
    assert len(bpcalc.export(graph, to="latex")) < 2000 + 200 * len(graph)


# C


def test_c_writes_a_square_as_a_product_of_names() -> None:
    text = export("(a + b)^2*sin(x)^2 + (-x)^2 + 3^x", "c")
    for form in ("t1*t1", "t3*t3", "(-x)*(-x)", "pow(3.0, x)"):
        assert form in text
    assert ", 2.0)" not in text


def test_c_can_be_compiled_as_cpp(tmp_path: Path) -> None:
    needed("g++")
    (tmp_path / "f.cpp").write_text(export(HOSTILE_NAMES, "c"), encoding="utf-8")
    words = ["g++", "-Wall", "-Wextra", "-Werror", "-c", "f.cpp"]
    subprocess.run(words, cwd=tmp_path, check=True, timeout=60)
