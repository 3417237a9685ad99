"""Parquet and Arrow in and out; and what is done where Polars is not installed."""

from __future__ import annotations

import datetime
import io
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bpcalc.formula import parse
from bpcalc.rows import fast
from bpcalc.rows.plan import planned

pl = pytest.importorskip("polars")

for folder in ("engine", "cli"):
    sys.path.append(str(Path(__file__).parents[1] / folder))

from random_formulas import formulas  # noqa: E402
from running import Ran, called  # noqa: E402

READ = {".parquet": pl.read_parquet, **dict.fromkeys([".arrow", ".ipc", ".feather"], pl.read_ipc)}
"""How files of each extension are read."""


def put(frame: Any, path: Path) -> str:
    frame.write_parquet(path) if path.suffix == ".parquet" else frame.write_ipc(path)
    return str(path)


def mixed() -> Any:
    """A table with columns of many types, some of which a formula uses."""
    return pl.DataFrame(
        {
            "name": ["a", None, "ü", "d"],
            "x": pl.Series([1, 2, None, -1], dtype=pl.Int8),
            "day": [datetime.date(2024, 2, 29)] * 4,
            "y": pl.Series([0.5, 2.5, 3.5, 4.5], dtype=pl.Float32),
            "flag": [True, False, None, True],
            "list": [[1], [], None, [2, 3]],
            "kind": pl.Series(["u", "v", "u", None], dtype=pl.Categorical),
        }
    )


@pytest.mark.parametrize("ending", READ)
def test_other_columns_pass_through_with_their_types(tmp_path: Path, ending: str) -> None:
    source = put(mixed(), tmp_path / f"in{ending}")
    target = tmp_path / f"out{ending}"
    ran = called("map", "log(x)*y + flag", source, "-o", str(target))
    found = READ[ending](target)
    assert found.select(mixed().columns).equals(mixed())
    assert found.schema.names() == [*mixed().columns, "value", "d_x", "d_y", "d_flag"]
    assert set(found.dtypes[-4:]) == {pl.Float64}
    assert found["value"].to_list()[:2] == [1.0, math.log(2) * 2.5]
    bad = found.select(pl.col("value", "d_flag").is_nan()).rows()[2:]
    assert bad == [(True, True), (True, False)]  # log(-1) has no value, and leaves flag alone
    assert ran.code == 1
    said = "warning: 2 of 4 rows could not be computed (NaN); the first is row 3: x is empty\n"
    assert ran.err == said


def test_the_reason_is_that_of_grad(tmp_path: Path) -> None:
    source = put(pl.DataFrame({"x": [1.0, -1.0]}), tmp_path / "in.parquet")
    ran = called("map", "log(x)", source, "-o", str(tmp_path / "out.parquet"))
    assert "row 2: log needs a number above 0, and got -1.0" in ran.err
    for value, said in ((math.nan, "'nan', not a finite number"), (math.inf, "'inf', not a")):
        source = put(pl.DataFrame({"x": [value]}), tmp_path / "in.parquet")
        ran = called("map", "1/x", source, "-o", str(tmp_path / "out.parquet"))
        assert f"row 1: x is {said}" in ran.err


def test_text_is_no_number(tmp_path: Path) -> None:
    source = put(pl.DataFrame({"x": ["1", "2"]}), tmp_path / "in.parquet")
    ran = called("map", "x*x", source, "-o", str(tmp_path / "out.parquet"))
    assert (ran.code, ran.out) == (1, "")
    assert "2 of 2 rows" in ran.err
    assert "row 1: x is of the type String, and no number" in ran.err


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    formulas(),
    st.lists(st.tuples(*[st.none() | st.floats(-9, 9)] * 3), min_size=1, max_size=30),
)
def test_the_numbers_are_those_of_csv(
    tmp_path: Path, formula: str, rows: list[tuple[float | None, ...]]
) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys("xyz", pl.Float64), orient="row")
    source = put(frame, tmp_path / "in.parquet")
    text = "x,y,z\n" + "".join(
        ",".join("" if cell is None else repr(cell) for cell in row) + "\n" for row in rows
    )
    target = tmp_path / "out.parquet"
    by_csv = called("map", formula, "--only", stdin=text.encode())
    ran = called("map", formula, source, "--only", "-o", str(target))
    assert ran.code == by_csv.code
    schema = dict.fromkeys(by_csv.out.partition("\n")[0].split(","), pl.Float64)
    expected = pl.read_csv(by_csv.out.encode(), schema=schema)
    assert pl.read_parquet(target).equals(expected)


def test_options_mean_the_same(tmp_path: Path) -> None:
    source = put(pl.DataFrame({"x": [1, 2], "w": [5, 6]}), tmp_path / "in.arrow")
    target = tmp_path / "out.arrow"
    words = ["map", "k*x**2", source, "--k", "3", "-o", str(target)]
    assert called(*words, "--wrt", "x", "--prefix", "p_").code == 0
    assert pl.read_ipc(target).rows() == [(1, 5, 3.0, 6.0), (2, 6, 12.0, 12.0)]
    assert pl.read_ipc(target).columns == ["x", "w", "p_value", "p_d_x"]
    assert called(*words[:5], "--reduce", "sum", "--get", "gradient.k").out == "5.0\n"
    assert called(*words, "--reduce", "mean").code == 0
    assert pl.read_ipc(target).rows() == [(7.5, 2.5, 9.0)]
    assert called(*words[:5], "--format", "json").data["rows"][1]["line"] == 2


def test_several_files_are_one_table(tmp_path: Path) -> None:
    frames = [pl.DataFrame({"x": [1.0, 2.0]}), pl.DataFrame({"x": [3.0, -4.0]})]
    names = [put(frame, tmp_path / f"{i}.parquet") for i, frame in enumerate(frames)]
    ran = called("map", "log(x)", *names, "-o", str(tmp_path / "out.parquet"))
    assert pl.read_parquet(tmp_path / "out.parquet")["x"].to_list() == [1.0, 2.0, 3.0, -4.0]
    assert "1 of 4 rows" in ran.err
    assert f"{names[1]}, row 2" in ran.err
    other = put(pl.DataFrame({"x": [1]}), tmp_path / "other.parquet")
    assert "has other columns than" in called("map", "log(x)", names[0], other).err


def test_strict_writes_nothing(tmp_path: Path) -> None:
    source = put(pl.DataFrame({"x": [1.0, -1.0]}), tmp_path / "in.parquet")
    for words in ([], ["--reduce", "sum"]):
        ran = called("map", "log(x)", source, "--strict", *words, "-o", str(tmp_path / "o.parquet"))
        assert ran.code == 1
        assert "in.parquet, row 2: log needs a number above 0" in ran.err
        assert not (tmp_path / "o.parquet").exists()


@pytest.mark.parametrize("formula", ["sum([x, y]*2) + x", "1 + 2", "x" + " + sin(x)" * 2000])
def test_what_has_no_expression_is_computed_row_by_row(tmp_path: Path, formula: str) -> None:
    source = put(pl.DataFrame({"x": [1.0, None, 3.0], "y": [1, 2, 3]}), tmp_path / "in.parquet")
    target = tmp_path / "out.parquet"
    called("map", formula, source, "--only", "-o", str(target))
    by_csv = called("map", formula, "--only", stdin=b"x,y\n1,1\n,2\n3,3\n").out
    assert pl.read_parquet(target).write_csv() == by_csv


def test_an_option_may_bind_an_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "WORTH", 1)
    words = ["--W", "[1, 2]", "--wrt", "x", "--only"]
    assert called("map", "sum(x*W)", *words, stdin=b"x\n4\n").out == "value,d_x\n12.0,3.0\n"
    source = put(pl.DataFrame({"x": [4]}), tmp_path / "in.parquet")
    target = tmp_path / "out.parquet"
    assert called("map", "sum(x*W)", source, *words, "-o", str(target)).code == 0
    assert pl.read_parquet(target).rows() == [(12.0, 3.0)]


def test_a_table_without_rows(tmp_path: Path) -> None:
    source = put(pl.DataFrame(schema={"x": pl.Float64}), tmp_path / "in.parquet")
    assert called("map", "x*x", source, "-o", str(tmp_path / "out.parquet")).code == 0
    assert pl.read_parquet(tmp_path / "out.parquet").columns == ["x", "value", "d_x"]


def test_standard_output_gets_the_file(tmp_path: Path, capfdbinary: Any) -> None:
    from bpcalc.cli import main

    source = put(pl.DataFrame({"x": [1.0, 2.0]}), tmp_path / "in.parquet")
    assert main(["map", "x*x", source]) == 0
    found = pl.read_parquet(io.BytesIO(capfdbinary.readouterr().out))
    assert found["d_x"].to_list() == [2.0, 4.0]


def refused(*words: str) -> Ran:
    ran = called(*words)
    assert (ran.code, ran.out) == (2, "")
    return ran


def test_what_cannot_be_read_or_written_is_said(tmp_path: Path) -> None:
    source = put(pl.DataFrame({"x": [1.0]}), tmp_path / "in.parquet")
    (tmp_path / "text.parquet").write_text("x,y\n1,2\n")
    (tmp_path / "empty.arrow").touch()
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "t.csv").write_text("x\n1\n")
    for name in ("text.parquet", "empty.arrow", "folder.parquet", "none.parquet"):
        said = refused("map", "x", str(tmp_path / name)).err
        assert said.startswith("error: ")
        assert "cannot be read: " in said
        assert said.count("\n") == 1
    assert "and not that of *.csv" in refused("map", "x", source, "-o", "out.csv").err
    csv = str(tmp_path / "t.csv")
    assert "and not that of *.parquet" in refused("map", "x", csv, "-o", "out.parquet").err
    assert "one format" in refused("map", "x", source, csv).err
    assert "standard input cannot be read" in refused("map", "x", source, "-").err
    assert "neither a column nor a value" in refused("map", "k*x", source).err


# Without Polars


def test_without_polars_its_files_name_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    for ending in READ:
        assert 'pip install "bpcalc[fast]"' in refused("map", "x", str(tmp_path / f"t{ending}")).err


def test_without_polars_csv_is_computed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    graph = parse("x*x")
    assert fast.fast(graph, planned(graph, ("x",), {}, None), lambda block: 1 / 0) is None
    monkeypatch.setattr(fast, "WORTH", 1000)
    text = b"x\n" + b"3\n" * 5000
    ran = called("map", "x*x", stdin=text)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "x,value,d_x\n" + "3,9.0,6.0\n" * 5000
