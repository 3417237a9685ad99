"""What `bpcalc descend` refuses, before its first step: one message each, and nothing printed."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy
import pytest
from cli.running import called

LINE = ("(w*x + b - t)^2", "--w", "0", "--b", "0")
NETWORK = ("softmax_cross_entropy(x @ W + b, t)", "--init", "W=lecun(4, 3), b=zeros(3)")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("points.csv").write_text("x,t,name\n" + "".join(f"{k},{3 * k},r{k}\n" for k in range(20)))
    x = numpy.ones((3, 4))
    for name, t in {"good": [0, 1, 2], "large": [0, 1, 3], "half": [0, 1.5, 2]}.items():
        numpy.savez(f"{name}.npz", x=x, t=t)
    numpy.savez("rows.npz", x=numpy.ones(3), t=numpy.ones(4))
    numpy.savez("nan.npz", x=[1, numpy.nan], t=[1, 2])
    numpy.savez("texts.npz", x=["a", "b"], t=[1, 2])
    numpy.savez("objects.npz", x=numpy.array([None, 1]), t=[1, 2])
    numpy.savez("number.npz", x=1.0, t=2.0)
    numpy.save("x.npy", x)
    Path("text.npz").write_text("no archive")
    return tmp_path


def refused(words: Sequence[str], said: str) -> None:
    ran = called("descend", *words)
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert ran.err.startswith("error: ")
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("--learn w,q", "--learn: the formula has no variable q\n  hint: its variables: w, x"),
        ("--learn x", "--learn: x is data, which stay as they are"),
        ("--learn w,", "--learn has an empty name"),
        ("--x 3", "x has two values: in points.csv, and by an option"),
        ("--q 3", "the formula has no variable q"),
        ("--lr 0", "--lr has to be above 0, and is 0"),
        ("--lr nan", "has to be a finite number"),
        ("--lr inf", "has to be a finite number"),
        ("--lr -0.1", "--lr has to be above 0"),
        ("--lr [1,2]", "--lr is one number"),
        ("--batch 0", "--batch has to be from 1"),
        ("--batch 2.5", "--batch has to be a whole number"),
        ("--epochs -1", "--epochs has to be a whole number"),
        ("--epochs 3 --steps 3", "both say how far to go"),
        ("--steps 9999999999999", "--steps has to be from 0 to 1,000,000,000,000"),
        ("--seed -1", "--seed has to be a whole number"),
        ("--method foo", "the methods are sgd"),
        ("--grad numeric", "--grad is exact or central:H"),
        ("--grad central:0", "--grad central has to be above 0"),
        ("--grad central:nan", "has to be a finite number"),
        ("--tol -1", "--tol has to be 0 or more"),
        ("--dtype float16", "--dtype is float64 or float32"),
        ("--reduce max", "--reduce is mean or sum"),
        ("--decay 2", "without end"),
        ("--metric x", "--metric needs held-out data"),
        ("--patience 3", "--patience needs held-out data"),
        ("--validate nope.csv", "nope.csv cannot be read"),
        ("--validate good.npz", "a row of x has the shape (4,), and in --data ()"),
        ("--validate points.csv --metric foo(w)", "--metric: there is no function foo"),
        ("--validate points.csv --metric w", "measures nothing of the held-out data"),
        ("--validate points.csv --metric x*q", "points.csv has no q"),
        ("--validate points.csv --metric x --patience 3", "whether a higher metric is better"),
        ("--validate points.csv --patience 0", "--patience has to be from 1"),
        ("--validate points.csv --patience 3:up", "neither min nor max"),
        ("--history h.txt", "--history writes .csv and .jsonl"),
        ("--history no/h.csv", "no/h.csv cannot be written: No such file"),
        ("--columns x=q", "points.csv has no column q\n  hint: its columns: x, t, name"),
        ("--columns y=x", "the formula has no variable y"),
        ("--columns x=x,t", "points.csv has a column x, and --columns makes another"),
        ("--columns t=x..zz", "points.csv has no column zz"),
        ("--columns q=t..x", "stands before"),
        ("--columns q=x,x", "has a column twice"),
        ("--columns q=x,q=t", "has its columns twice"),
        ("--columns x", "names no columns"),
        ("--columns x=", "names no columns"),
        ("--no-shufle", "did you mean --no-shuffle?"),
        ("--init q=zeros(3)", "the formula has no variable q"),
        ("--init w=zeros(3)", "w has two values"),
        ("--format csv", "'csv' is not one of 'table', 'json'"),
        ("--get nope", "--get: there is no nope"),
    ],
)
def test_options_over_a_table(folder: Path, more: str, said: str) -> None:
    refused([*LINE, "--data", "points.csv", *more.split()], said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["3"], "there is nothing to learn"),
        (["x^2"], "x has no value"),
        (["x^2", "--x", "1", "--epochs", "3"], "--epochs needs --data"),
        (["x^2", "--x", "1", "--batch", "3"], "--batch needs --data"),
        (["x^2", "--x", "1", "--columns", "x=a"], "--columns needs --data"),
        (["x^2", "--x", "1", "--steps", "-3"], "--steps has to be a whole number"),
        (["x^2", "--x", "1", "--reduce", "sum"], "there is nothing to reduce"),
        (
            ["x^2", "--x", "[1, 2]"],
            "the output is an array of the shape (2,): a loss is one number",
        ),
        (["z = w*x; z^2", "--x", "1", "--w", "2", "--learn", "z"], "z is no variable"),
        (["w; x^2", "--x", "1", "--w", "2", "--learn", "w"], "the output does not depend on w"),
        (["x^2", "--learn", "x", "--x", "1", "--x", "2"], "x has two values"),
        (["lr^2", "--lr", "1"], "--set lr=1.5"),
        (["step^2", "--step", "1", "--history", "h.csv"], "the table has a column step of its own"),
    ],
)
def test_formulas_alone(folder: Path, words: list[str], said: str) -> None:
    refused(words, said)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("x.npy", "x.npy is an array without a name\n  hint: --data x=x.npy"),
        ("x=x.npy,q=x.npy", "the formula has no variable q"),
        ("x=x.npy,x=x.npy", "x is bound twice"),
        ("x=nope.npy,t=x.npy", "nope.npy cannot be read"),
        ("x=x.npy,t=data.pkl", "values are read from .npy, .csv and .json"),
        ("x=x.npy", "t is neither among the data nor has a value"),
        ("x=x.npy,t=points.csv", "t"),
        ("nope.npz", "nope.npz cannot be read: No such file"),
        ("text.npz", "text.npz is no .npz file"),
        ("objects.npz", "objects.npz has a damaged array, or one of objects"),
        ("texts.npz", "has to hold numbers, and not texts"),
        ("rows.npz", "the variables differ in their rows: x has 3, t has 4"),
        ("nan.npz", "nan.npz: x[1] is nan, and has to be a finite number"),
        ("", "cannot be read"),
    ],
)
def test_data_of_arrays(folder: Path, data: str, said: str) -> None:
    refused([*LINE, "--data", data], said)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("x,t\n1,2\n3,nan\n", "d.csv, line 3: t is 'nan', not a finite number"),
        ("x,t\n1,2\n3,-inf\n", "d.csv, line 3: t is '-inf', not a finite number"),
        ("x,t\n1,2\n3,abc\n", "d.csv, line 3: t is 'abc', not a number"),
        ("x,t\n1,2\n3,\n", "d.csv, line 3: t is empty"),
        ("x,t\n1,2\n3\n", "d.csv, line 3: it has 1 field, and the header has 2"),
        ("x,t\n", "d.csv has a header, and no rows below it"),
        ("", "d.csv is empty"),
        ("x,x,t\n1,2,3\n", "d.csv has 2 columns x"),
        ("x,t,b\n1,2,3\n", "b has two values: in d.csv, and by an option"),
        ("x,q\n1,2\n", "t is neither among the data nor has a value"),
        ("x,T\n1,2\n", "did you mean T?"),
        ("q,r\n1,2\n", "x is neither among the data nor has a value"),
    ],
)
def test_tables(folder: Path, table: str, said: str) -> None:
    Path("d.csv").write_text(table)
    refused([*LINE, "--data", "d.csv"], said)


def test_a_table_that_holds_nothing_of_the_formula(folder: Path) -> None:
    refused(["w^2", "--w", "0", "--data", "points.csv"], "the formula uses nothing of the data")


def test_json_lines(folder: Path) -> None:
    Path("d.jsonl").write_text('{"x": 1, "t": 2}\n{"x": "a", "t": 2}\n')
    refused([*LINE, "--data", "d.jsonl"], 'd.jsonl, line 2: x is "a", text and not a number')


def test_a_number_beyond_float32(folder: Path) -> None:
    Path("d.csv").write_text("x,t\n1,1e100\n")
    said = "t[0] is inf, and has to be a finite number of float32"
    refused([*LINE, "--data", "d.csv", "--dtype", "float32"], said)
    assert called("descend", *LINE, "--data", "d.csv", "--steps", "0").code == 0


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("large.npz", "large.npz, row 3: t is 3, and the classes are 0 to 2"),
        ("half.npz", "half.npz, row 2: t is 1.5, and the classes are 0 to 2"),
    ],
)
def test_labels_that_are_no_classes(folder: Path, data: str, said: str) -> None:
    refused([*NETWORK, "--data", data], said)
    refused([*NETWORK, "--data", data, "--batch", "1"], said)
    refused([*NETWORK, "--data", "good.npz", "--validate", data], said)


def test_shapes_that_do_not_fit(folder: Path) -> None:
    words = ["softmax_cross_entropy(x @ W, t)", "--data", "good.npz"]
    refused([*words, "--init", "W=zeros(5, 3)"], "x has the shape (3, 4)\n  W has the shape (5, 3)")
    refused(["x @ W", "--data", "good.npz", "--init", "W=zeros(4, 3)"], "(3, 3), and a batch has 3")


def test_a_batch_larger_than_the_data_is_one_batch_and_a_note(folder: Path) -> None:
    words = ("descend", *LINE, "--data", "points.csv", "--lr", "1e-4", "--get", "samples.batches")
    ran = called(*words, "--batch", "21")
    assert (ran.code, ran.out) == (0, "1\n")
    assert ran.err == "note: --batch 21 is more than the 20 rows: there is one batch\n"
    assert called(*words, "--batch", "20") == (0, "1\n", "")


def test_what_the_output_does_not_need_is_a_warning(folder: Path) -> None:
    ran = called("descend", "y = 2*x; x^2", "--x", "1", "--get", "steps")
    assert (ran.code, ran.out) == (0, "100\n")
    assert ran.err.startswith("warning: ")


def test_nothing_in_a_file_is_executed(folder: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (open, ("sprung", "w"))

    Path("trap.npz").write_bytes(pickle.dumps(Trap()))
    Path("trap.npy").write_bytes(pickle.dumps(Trap()))
    numpy.savez("inner.npz", x=numpy.array([Trap()], dtype=object), t=[1])
    refused([*LINE, "--data", "trap.npz"], "is no .npz file")
    refused([*LINE, "--data", "x=trap.npy,t=x.npy"], "a pickle, which could execute code")
    refused([*LINE, "--data", "inner.npz"], "objects")
    refused(["x^2", "--x", "1", "--resume", "trap.npz"], "holds no run")
    assert not Path("sprung").exists()
