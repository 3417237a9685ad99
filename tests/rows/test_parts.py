"""Tables in parts: the same rows, counts and errors, wherever the borders of the parts lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bpcalc.errors import BpcalcError, RequestError
from bpcalc.formula import parse
from bpcalc.rows import fast, jobs
from bpcalc.rows.computing import Computing
from bpcalc.rows.distributing import GROUP, grouped, mapped_parts, summed_parts
from bpcalc.rows.formats import way
from bpcalc.rows.jobs import Job, Order
from bpcalc.rows.mapping import mapped, opened_tables, results, strictly, summed
from bpcalc.rows.parts import Part, PartReader, line_end, parts
from bpcalc.rows.plan import planned
from bpcalc.rows.reducing import nothing, reduced
from bpcalc.rows.sources import unseen

FORMULA = "log(x)*y"

many = settings(max_examples=300, deadline=None, derandomize=True, database=None)


class Now(NamedTuple):
    """What has been computed already."""

    value: Any

    def result(self) -> Any:
        return self.value


class Here:
    """A crew that computes everything here and at once."""

    workers = 2

    def __init__(self) -> None:
        self.begun: list[Callable[..., Any]] = []

    def begin(self, function: Callable[..., Any], *arguments: Any) -> Now:
        self.begun.append(function)
        return Now(function(*map(_value, arguments)))


def _value(argument: Any) -> Any:
    if isinstance(argument, Now):
        return argument.value
    if isinstance(argument, list):
        return [_value(each) for each in argument]
    return argument


class Found(NamedTuple):
    """What came of tables."""

    data: bytes
    count: object
    error: str


@pytest.fixture(autouse=True)
def _plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "is_installed", lambda: False)


def at_once(names: list[str], kind: str | None, strict: bool) -> Found:
    """What one process makes of the rows."""
    with opened_tables(names, kind) as tables:
        graph = parse(FORMULA)
        plan = tables.planned(planned(graph, tables.columns or ("x", "y"), {}, None))
        computing = Computing(graph, plan)
        found = way(tables.kind, computing)

        def run(write: Callable[[bytes], object]) -> object:
            rows = results(tables.blocks(), found.transform)
            return mapped(strictly(rows, found, computing, write) if strict else rows, write)

        return _found(run)


def in_parts(names: list[str], kind: str | None, strict: bool, length: int) -> Found:
    """What a crew makes of them."""
    with opened_tables(names, kind) as tables:
        graph = parse(FORMULA)
        plan = tables.planned(planned(graph, tables.columns or ("x", "y"), {}, None))
        order = Order(graph.source, tuple(graph.variables), plan, tables.kind, line_end(tables))
        rows = mapped_parts(Here(), Job(order), parts(tables, length), strict, unseen)
        return _found(lambda write: mapped(rows, write))


def _found(run: Callable[[Callable[[bytes], object]], object]) -> Found:
    pieces: list[bytes] = []
    count, error = None, ""
    try:
        count = run(pieces.append)
    except BpcalcError as why:
        error = why.drawn()
    return Found(b"".join(pieces), count, error)


def sums_at_once(names: list[str], kind: str | None, strict: bool) -> object:
    with opened_tables(names, kind) as tables:
        graph = parse(FORMULA)
        plan = tables.planned(planned(graph, tables.columns or ("x", "y"), {}, None))
        computing = Computing(graph, plan)
        try:
            found = summed(tables.blocks(), way(tables.kind, computing), computing, strict)
        except BpcalcError as why:
            return why.drawn()
        return found._replace(sums=(reduced("sum", found),))


def sums_in_parts(names: list[str], kind: str | None, strict: bool, length: int) -> object:
    with opened_tables(names, kind) as tables:
        graph = parse(FORMULA)
        plan = tables.planned(planned(graph, tables.columns or ("x", "y"), {}, None))
        order = Order(graph.source, tuple(graph.variables), plan, tables.kind, line_end(tables))
        given = parts(tables, length)
        try:
            found = summed_parts(Here(), Job(order), given, nothing(3), strict, unseen)
        except BpcalcError as why:
            return why.drawn()
        return found._replace(sums=(reduced("sum", found),))


def assert_same(
    folder: Path, tables: list[bytes], length: int, strict: bool = False, kind: str = "csv"
) -> None:
    names = []
    for number, data in enumerate(tables):
        path = folder / f"{number}.{kind}"
        path.write_bytes(data)
        names.append(str(path))
    assert in_parts(names, kind, strict, length) == at_once(names, kind, strict)
    assert sums_in_parts(names, kind, strict, length) == sums_at_once(names, kind, strict)


CELLS = st.one_of(
    st.sampled_from(["1", "2.5", "0.1", "3e2", "7"]),
    st.sampled_from(["1", "2.5", "-1", "", "x", '"2"', '" 3"']),
)
NOTES = st.sampled_from(
    ["a", "", '"a"', '"a\nb"', '"\n"', '"a\n1,2,""\n3,4,"', '5"', '"a""\n"', "x" * 50, '"\r\n\n"']
)
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\n\n"])


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A table with records of several lines, lines without cells, and perhaps no last line end."""
    rows = draw(st.lists(st.tuples(CELLS, CELLS, NOTES, ENDS), max_size=30))
    text = "".join(f"{x},{y},{note}{end}" for x, y, note, end in rows)
    bom = draw(st.sampled_from(["", "", "\ufeff"]))
    last = draw(st.sampled_from(["", "", "1,2,3", '1,2,"3', ",,,,"]))
    return f"{bom}x,y,note\n{text}{last}".encode()


@many
@given(st.lists(tables(), min_size=1, max_size=3), st.integers(1, 60), st.booleans())
@example([b'x,y,note\n1,2,"a\n1,2,""\n3,4,"\n5,6,"\n"\n'], 5, False)
@example([b"x,y,note"], 1, False)
@example([b"x,y,note\n"] * 20 + [b"x,y,note\n1,-,2"], 1, True)
def test_any_table_comes_out_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: list[bytes], length: int, strict: bool
) -> None:
    assert_same(tmp_path_factory.getbasetemp(), data, length, strict)


LINES = st.sampled_from(
    ['{"x": 2, "y": 3}', '{"x": 1, "y": 2, "z": "\\n"}', '{"x": -1, "y": 2}', "", "[]", " ", "{"]
)


@many
@given(st.lists(st.lists(LINES, max_size=20), min_size=1, max_size=3), st.integers(1, 60))
def test_json_lines_come_out_the_same(
    tmp_path_factory: pytest.TempPathFactory, lines: list[list[str]], length: int
) -> None:
    data = ["\n".join(['{"x": 2, "y": 3}', *each]).encode() for each in lines]
    for strict in (False, True):
        assert_same(tmp_path_factory.getbasetemp(), data, length, strict, "jsonl")


def test_an_object_that_does_not_fit_is_said_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"x": 2, "y": 3}\n' * 50 + b'{"x": 2, "value": 3}\n' * 50)
    found, wanted = in_parts([str(path)], None, False, 100), at_once([str(path)], None, False)
    assert found.error == wanted.error
    assert "line 51: the object already has a member value" in found.error
    assert found.data.count(b"\n") < 51


def test_a_part_without_quotation_marks_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"x,y\n" + b"2.5,3\n" * 1000)
    with opened_tables([str(path)], None) as tables:
        graph = parse(FORMULA)
        plan = tables.planned(planned(graph, tables.columns or (), {}, None))
        order = Order(graph.source, ("x", "y"), plan, "csv", b"\n")
        crew = Here()
        found = summed_parts(crew, Job(order), parts(tables, 100), nothing(3), False, unseen)
    assert found.rows == 1000
    assert crew.begun.count(jobs.summed_part) == 60


def test_a_part_begins_behind_the_header_whatever_its_records_begin_with(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbfx,y,n\n1,1,a\n" + b"BZh,1,PK\n1,1,PAR1\n\xff\xfe,1,\n" * 9
    assert_same(tmp_path, [data], 11)


def _parts(*lines: int | None) -> list[Part]:
    return [Part("t", "t", 0, 1, line) for line in lines]


def test_a_group_knows_all_its_lines_or_none() -> None:
    given = _parts(1, None, None, 1, 1, *[None] * 10, 1)
    groups = [[part.line for part in group] for group in grouped(given)]
    assert max(map(len, groups)) == GROUP
    assert [line for group in groups for line in group] == [part.line for part in given]
    for group in groups:
        assert group[0] is not None or set(group) == {None}


def test_a_file_that_the_worker_lacks_is_said() -> None:
    reader = PartReader(Part("data/a.csv", "/nowhere/data/a.csv", 9, 20, None), ",", b"\n")
    with pytest.raises(RequestError) as caught:
        list(reader.blocks())
    assert "data/a.csv cannot be read by a worker on " in caught.value.message
    assert "/nowhere/data/a.csv" in caught.value.hint


def test_a_file_that_has_become_shorter_ends_earlier(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"1,2\n3,4\n")
    for start, found in ((0, b"1,2\n3,4\n"), (5, b""), (90, b"")):
        part = Part("a.csv", str(path), start, 100, None if start else 1)
        blocks: Iterator[Any] = PartReader(part, ",", b"\n").blocks()
        assert b"".join(block.data for block in blocks) == found
