"""program -> a SELECT of value and gradient for every row of a table, for SQLite and DuckDB.

What is used more than once is a column of a step, a common table expression. Steps are
materialized: SQLite would put a column's expression wherever the column is used, and so write
formulas out that grow exponentially. Numbers are written 2e0, which DuckDB takes for a float64;
2.0 is a decimal there.

A row in which an input is missing has no results: CASE would take its other branch there. SQLite
casts any text to a number, 0 if need be, and DuckDB's TRY_CAST it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bpcalc.codegen.export.language import (
    AND,
    ARITHMETIC,
    ATOM,
    CHOICE,
    NOT,
    OR,
    Form,
    Language,
    call,
    numbers,
)
from bpcalc.codegen.export.names import quoted
from bpcalc.codegen.export.request import Request, Written
from bpcalc.codegen.export.statements import LONGEST, Guard, Statement, negated
from bpcalc.codegen.slot import Slot
from bpcalc.codegen.slots import Slots
from bpcalc.errors import RequestError
from bpcalc.ops import TABLE
from bpcalc.ops.op import Value

_MOST_STEPS = 40
_LONGEST = 20 * LONGEST
"""SQLite takes sums of 1,000 terms at most; these have less than 400."""

_IN_A_LINE = 5

_DEEPEST, _WIDEST = 500, 1900
"""More steps than these take minutes in SQLite and too much depth in DuckDB; more columns than
2,000 SQLite does not take."""


def _float(value: float) -> str:
    text = repr(value).removesuffix(".0")
    return text if "e" in text else f"{text}e0"


_SAME_NAME = (
    *("exp", "log2", "log10", "sqrt", "abs", "floor", "ceil"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
)

SQL = Language(
    "SQL",
    {
        **ARITHMETIC,
        **{name: call(name, TABLE[name].arity) for name in _SAME_NAME},
        "log": call("ln"),
        "pow": call("pow", 2),
        "equal": Form("{} = {}", *ARITHMETIC["equal"][1:]),
        "not_equal": Form("{} <> {}", *ARITHMETIC["not_equal"][1:]),
        "and": Form("{} AND {}", AND, (AND, NOT)),
        "or": Form("{} OR {}", OR, (OR, AND)),
        "not": Form("NOT {}", NOT, (ATOM,)),
        "where": Form("CASE WHEN {} THEN {} ELSE {} END", ATOM, (CHOICE, CHOICE, CHOICE)),
        "number": Form("CASE WHEN {} THEN 1e0 ELSE 0e0 END", ATOM, (CHOICE,)),
    },
    numbers("9e999", "NULL", plain=_float),
    deepest=15,  # SQLite's parser holds a hundred symbols, and five for a CASE
)


# What SQLite or DuckDB lacks, from what both have


def _expm1(x: Value) -> Value:
    near = 2 * TABLE["exp"](x / 2) * TABLE["sinh"](x / 2)
    return TABLE["where"](TABLE["abs"](x) < 1, near, TABLE["exp"](x) - 1)


def _log1p(x: Value) -> Value:
    near = 2 * TABLE["atanh"](x / (2 + x))
    return TABLE["where"](TABLE["abs"](x) < 0.5, near, TABLE["log"](1 + x))


def _hypot(a: Value, b: Value) -> Value:
    a, b = TABLE["abs"](a), TABLE["abs"](b)
    large, small = TABLE["where"](a > b, a, b), TABLE["where"](a > b, b, a)
    ratio = small / large
    return TABLE["where"](large > 0, large * TABLE["sqrt"](1 + ratio * ratio), large)


def _cbrt(x: Value) -> Value:
    near = TABLE["sign"](x) * TABLE["pow"](TABLE["abs"](x), 1 / 3)
    better = near - (near - x / near / near) / 3  # a step of Newton's: 1/3 is no float64
    return TABLE["where"](TABLE["equal"](x, 0), x, better)


_INSTEAD: dict[str, Callable[..., Value]] = {
    "expm1": _expm1,
    "log1p": _log1p,
    "hypot": _hypot,
    "cbrt": _cbrt,
}


class SqlSlots(Slots):
    """Slots that write functions which SQL lacks as formulas of those that it has."""

    def step(self, op: str, *args: Value) -> Slot:
        slots = [self.slot(arg) for arg in args]
        if op not in _INSTEAD or all(slot.made.constant is not None for slot in slots):
            return super().step(op, *slots)
        was, self.in_rule = self.in_rule, False
        found = self.slot(_INSTEAD[op](*slots))
        self.in_rule = was
        return found


# The statement


_ABOUT = [
    "--",
    "-- Runs on SQLite (3.35 or later) and DuckDB. For more columns of the table, a key say, name",
    "-- them in the first and in the last SELECT. 2e0 is 2 as a float64; undefined is NULL or NaN,",
    "-- and before DuckDB 2.0 an error.",
]

_ABOUT_MISSING = [
    "-- Where an input is NULL or NaN, value and gradient are NULL. Text that is no number, such",
    "-- as '', counts as NULL in SQLite; DuckDB stops at it.",
]

_A_NUMBER = """\
CASE
      WHEN typeof(data.{0}) NOT IN ('text', 'blob')
        OR CAST(data.{0} AS STRING) = CAST(data.{0} AS VARCHAR)
      THEN CAST(data.{0} AS DOUBLE)
    END AS {0}"""
"""A column as float64. In SQLite a STRING is a number (datatype3.html, section 3.1), and only text
that is all number is equal to it; in DuckDB both casts give the same text."""


def sql(request: Request) -> str:
    """One SELECT; `request.name` is the table."""
    _refuse_same_columns(request)
    written = _written(request)
    uses = request.program.uses
    outputs = {output.slot for output in written.named.outputs}
    last = [s for s in written.writer.statements if s.slot in outputs and uses[s.slot] == 1]
    steps = [s for s in written.writer.statements if s not in last]
    texts = {s.name: s.text for s in last} | dict(written.others)
    complete = _complete(written)
    columns = [
        *written.parameters,
        *[
            _where_complete(complete, texts.get(name, name), name)
            for name in [written.value, *written.gradient]
        ],
    ]
    tables = _tables(written, steps, complete)
    source = [*written.heading("--"), *_ABOUT, *(_ABOUT_MISSING if complete else [])]
    if tables:
        source += ["WITH", ",\n".join(_expression(table) for table in tables)]
    source.append(_select(columns, tables[-1].name if tables else ""))
    return "\n".join(source) + ";\n"


class _Complete(NamedTuple):
    """The column that says whether a row has all inputs that are used."""

    name: str
    text: str


def _complete(written: Written) -> _Complete | None:
    """NULL is not smaller than infinity, nor is DuckDB's NaN."""
    uses = written.request.program.uses
    used = [f"{name} <= 9e999" for slot, name in enumerate(written.parameters) if uses[slot]]
    if not used:
        return None
    lines = [" AND ".join(used[i : i + _IN_A_LINE]) for i in range(0, len(used), _IN_A_LINE)]
    if len(lines) > 1:  # in brackets, or SQLite finds a long AND too deep
        lines = [f"({line})" for line in lines]
    names = written.named.names
    return _Complete(names.written(names.new("complete")), "\n      AND ".join(lines))


def _where_complete(complete: _Complete | None, text: str, name: str) -> str:
    """An output, which a row without all inputs lacks."""
    if complete is None:
        return text if text == name else f"{text} AS {name}"
    return f"CASE WHEN {complete.name} THEN {text} END AS {name}"


def _written(request: Request) -> Written:
    """With longer expressions where there would be very many steps, since each holds a table."""
    longest = LONGEST
    while True:
        written = request.written("sql", SQL, longest)
        levels = max((s.level for s in written.writer.statements), default=0)
        if levels <= _MOST_STEPS:
            return written
        if longest >= _LONGEST:
            _refuse_endless(request, levels, len(written.writer.statements))
            return written
        longest *= 4


def _refuse_endless(request: Request, levels: int, columns: int) -> None:
    if levels > _DEEPEST or len(request.program.inputs) + columns > _WIDEST:
        raise RequestError(
            f"this is too long for SQL: {columns:,} results on the way, in {levels:,} steps of "
            "which each needs the one before",
            hint="--wrt leaves gradients out; --to c and python have no such bound",
        )


def _refuse_same_columns(request: Request) -> None:
    seen: dict[str, str] = {}
    for name in request.program.inputs:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise RequestError(
                f"SQL takes {other} and {name} for the same column",
                source=request.graph.source,
                span=request.graph.span(request.graph.variables[name]),
                hint=f"call one of them otherwise, or give it a value, as in --{name} 1.5",
            )


class _Table(NamedTuple):
    """A common table expression."""

    name: str
    query: str
    kept: str
    """MATERIALIZED where its columns are computed."""


def _tables(
    written: Written, steps: Sequence[Statement], complete: _Complete | None
) -> list[_Table]:
    """The table as float64, then a table for each level of steps."""
    table = written.request.name
    if not written.parameters:
        return []
    prefix = "bpcalc_" if table.lower().startswith(("given", "step")) else ""
    given = [_A_NUMBER.format(name) for name in written.parameters]
    tables = [_Table(f"{prefix}given", _select(given, f"{quoted(table)} AS data", "  "), "")]
    levels: dict[int, list[str]] = {1: [f"{complete.text} AS {complete.name}"]} if complete else {}
    for step in steps:
        levels.setdefault(step.level, []).append(f"{_guarded(step)} AS {step.name}")
    for number, level in enumerate(sorted(levels), 1):
        query = _select(["*", *levels[level]], tables[-1].name, "  ")
        tables.append(_Table(f"{prefix}step{number}", query, "MATERIALIZED "))
    return tables


def _expression(table: _Table) -> str:
    return f"{table.name} AS {table.kept}(\n{table.query}\n)"


def _select(columns: Sequence[str], table: str, indent: str = "") -> str:
    listed = f",\n{indent}  ".join(columns)
    source = f"\n{indent}FROM {table}" if table else ""
    return f"{indent}SELECT\n{indent}  {listed}{source}"


def _guarded(statement: Statement) -> str:
    """NULL where no chosen branch needs it: there it may be undefined."""
    if not statement.guards:
        return statement.text
    conditions = " AND ".join(f"({_condition(guard)})" for guard in statement.guards)
    return f"CASE WHEN {conditions} THEN {statement.text} END"


def _condition(guard: Guard) -> str:
    return negated(guard, SQL.forms["not"])
