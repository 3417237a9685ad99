"""`bpcalc descend`: what is asked for, and what comes back."""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest
from cli.running import Ran, called, started

BOWL = ("descend", "x0² + x1²", "--x0", "-3", "--x1", "4")
LINE = ("descend", "(w*x + b - t)^2", "--w", "0", "--b", "0")
NETWORK = "a = tanh(x @ W1 + b1)\nz = a @ W2 + b2\nsoftmax_cross_entropy(z, t)"
STARTS = "W1=lecun(4, 8), b1=zeros(8), W2=lecun(8, 3), b2=zeros(3)"


def data(*words: str) -> Any:
    ran = called(*words, "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    return ran.data


@pytest.fixture
def points(tmp_path: Path) -> str:
    """t = 3x - 1, on 100 rows, as a table."""
    path = tmp_path / "points.csv"
    x = [k / 50 - 1 for k in range(100)]
    path.write_text("x,name,t\n" + "".join(f"{v},row {v},{3 * v - 1}\n" for v in x))
    return str(path)


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """Three classes of four numbers, as .npz, .csv, .jsonl and .npy; 150 to learn, 60 held out."""
    generator = numpy.random.default_rng(5)
    t = generator.integers(0, 3, 210)
    x = (numpy.eye(3, 4)[t] * 3 + generator.normal(size=(210, 4))).round(3)
    for name, rows in (("train", slice(150)), ("test", slice(150, None))):
        numpy.savez(tmp_path / f"{name}.npz", x=x[rows], t=t[rows])
        numpy.save(tmp_path / f"{name}-x.npy", x[rows].astype("float32"))
        numpy.save(tmp_path / f"{name}-t.npy", t[rows].astype("uint8"))
        listed = [[*row, k] for row, k in zip(x[rows].tolist(), t[rows].tolist())]
        lines = [",".join(map(str, row)) for row in [["p0", "p1", "p2", "p3", "kind"], *listed]]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
        (tmp_path / f"{name}.tsv").write_text("\n".join(lines).replace(",", "\t") + "\n")
        objects = [dict(zip(["p0", "p1", "p2", "p3", "kind"], row)) for row in listed]
        (tmp_path / f"{name}.jsonl").write_text("".join(f"{json.dumps(o)}\n" for o in objects))
    return tmp_path


def trained(*words: str) -> Any:
    usual = {"--lr": "0.1", "--epochs": "3"}
    options = [word for name, value in usual.items() if name not in words for word in (name, value)]
    return data("descend", NETWORK, "--init", STARTS, *options, *words)


# A formula alone


def test_a_step_goes_down_the_gradient() -> None:
    found = data(*BOWL, "--lr", "0.9", "--steps", "1")
    assert found["values"] == {"x0": pytest.approx(2.4), "x1": pytest.approx(-3.2)}
    assert found["loss"] == pytest.approx(16)
    assert found["start"] == {"loss": 25.0, "values": {"x0": -3.0, "x1": 4.0}}
    assert found["gradient_norm"] == pytest.approx(8)
    assert (found["steps"], found["stopped"], found["samples"]) == (1, "steps", None)


def test_no_step_gives_value_and_gradient_at_the_start() -> None:
    found = data(*BOWL, "--steps", "0")
    assert (found["loss"], found["gradient"]) == (25.0, {"x0": -6.0, "x1": 8.0})
    assert found["values"] == found["start"]["values"]


def test_all_variables_step_together() -> None:
    found = data("descend", "x*y", "--x", "1", "--y", "2", "--lr", "0.5", "--steps", "1")
    assert found["values"] == {"x": 0.0, "y": 1.5}  # y from the old x


def test_what_is_learnt_has_a_start_value_unless_it_is_said() -> None:
    words = ("descend", "(w*x + b - t)²", "--w", "1", "--x", "2", "--b", "3", "--t", "4")
    assert list(data(*words)["values"]) == ["w", "x", "b", "t"]
    found = data(*words, "--learn", "b,w", "--steps", "1", "--lr", "0.1")
    assert found["values"] == {"w": pytest.approx(0.6), "b": pytest.approx(2.8)}


def test_values_come_from_a_file_too(tmp_path: Path) -> None:
    file = tmp_path / "values.toml"
    file.write_text("x = 1\ny = 2\n")
    assert list(data("descend", "x²*y", "--vars", str(file))["values"]) == ["x", "y"]


def test_the_rate_may_be_an_expression_and_is_pytorchs_by_default() -> None:
    assert data(*BOWL, "--lr", "1/8")["rate"] == 0.125
    assert data(*BOWL)["rate"] == 0.001
    assert data(*BOWL, "--method", "rmsprop")["rate"] == 0.01


def test_an_array_is_learnt_as_numbers_are() -> None:
    one = data(*BOWL, "--lr", "0.1", "--method", "adam")
    other = data("descend", "sum(x^2)", "--x", "[-3, 4]", "--lr", "0.1", "--method", "adam")
    assert other["values"]["x"] == pytest.approx([*one["values"].values()])
    assert other["loss"] == pytest.approx(one["loss"])


def test_a_matrix_keeps_its_shape() -> None:
    found = data("descend", "sum((A - 1)^2)", "--A", "[[0, 2], [3, 5]]", "--lr", "0.5")
    assert found["values"] == {"A": [[1, 1], [1, 1]]}
    assert found["gradient"] == {"A": [[0, 0], [0, 0]]}


def test_the_tolerance_stops_at_a_short_gradient() -> None:
    found = data(*BOWL, "--lr", "0.1", "--tol", "1e-3", "--steps", "10_000")
    assert found["stopped"] == "tolerance"
    assert found["gradient_norm"] <= 1e-3
    assert found["gradient_norm"] > 0.8 * 1e-3
    assert found["steps"] == math.ceil(math.log(10 / 1e-3) / math.log(1 / 0.8))


def test_differences_instead_of_gradients() -> None:
    exact = data(*BOWL, "--lr", "0.1")
    for words in ((), ("--dtype", "float32")):
        found = data(*BOWL, "--lr", "0.1", "--grad", "central:1e-2", *words)
        assert found["values"] == {
            name: pytest.approx(value, abs=1e-4) for name, value in exact["values"].items()
        }
    found = data("descend", "x^3", "--x", "1", "--grad", "central:0.5", "--steps", "0")
    assert found["gradient"] == {"x": (1.5**3 - 0.5**3) / 1}
    array = data("descend", "sum(x^3)", "--x", "[1]", "--grad", "central:0.5", "--steps", "0")
    assert array["gradient"] == {"x": [3.25]}
    assert data("descend", "x^3", "--x", "1", "--grad", "central", "--steps", "0")["gradient"][
        "x"
    ] == pytest.approx(3, rel=1e-7)


def test_float32_rounds_what_is_learnt() -> None:
    found = data("descend", "(x - 0.1)²", "--x", "0.1", "--dtype", "float32", "--steps", "0")
    assert found["values"] == {"x": float(numpy.float32(0.1))}


def test_a_schedule_changes_the_rate_at_every_step() -> None:
    found = data("descend", "x", "--x", "0", "--lr", "1", "--steps", "3", "--decay", "0.5")
    assert (found["values"]["x"], found["schedule"]) == (-1.75, "exponential:0.5")


def test_an_option_s_name_is_a_variable_by_set() -> None:
    ran = called("descend", "lr^2", "--lr", "0.1")
    assert ran.code == 2
    assert "--set lr=1.5" in ran.err
    assert data("descend", "lr^2", "--set", "lr=1", "--lr", "0.1", "--steps", "1")["values"] == {
        "lr": 0.8
    }


# Data


def test_columns_are_data_and_the_rest_is_learnt(points: str) -> None:
    found = data(*LINE, "--data", points, "--lr", "0.5", "--epochs", "200")
    assert found["values"] == {"w": pytest.approx(3), "b": pytest.approx(-1)}
    assert found["loss"] == pytest.approx(0, abs=1e-12)
    assert found["samples"] == {
        **{"rows": 100, "batch": 100, "batches": 1, "seen": 20_000, "shuffled": False}
    }


def test_a_batch_of_all_rows_steps_along_their_mean(points: str) -> None:
    x = numpy.arange(100) / 50 - 1
    t = 3 * x - 1
    found = data(*LINE, "--data", points, "--lr", "0.5", "--steps", "1")
    slope = {"w": float((2 * -t * x).mean()), "b": float((2 * -t).mean())}
    assert found["values"] == {n: pytest.approx(-0.5 * s) for n, s in slope.items()}
    assert found["start"]["loss"] == pytest.approx(float((t**2).mean()))
    summed = data(*LINE, "--data", points, "--lr", "0.005", "--steps", "1", "--reduce", "sum")
    assert summed["values"] == {n: pytest.approx(v) for n, v in found["values"].items()}
    assert summed["start"]["loss"] == pytest.approx(float((t**2).sum()))


def test_a_formula_may_reduce_the_rows_itself(points: str) -> None:
    ours = data(*LINE, "--data", points, "--lr", "0.5", "--batch", "7")
    theirs = data(
        *("descend", "mse(w*x + b, t)", "--w", "0", "--b", "0"),
        *("--data", points, "--lr", "0.5", "--batch", "7"),
    )
    assert theirs["values"] == {n: pytest.approx(v) for n, v in ours["values"].items()}
    assert theirs["loss"] == pytest.approx(ours["loss"])


def test_batches_are_counted_by_the_ceiling(tmp_path: Path) -> None:
    numpy.savez(tmp_path / "d.npz", x=numpy.arange(2000) / 1000, t=numpy.ones(2000))
    found = data(*LINE, "--data", str(tmp_path / "d.npz"), "--batch", "64", "--epochs", "10")
    assert (found["steps"], found["epochs"]) == (320, 10)
    assert found["samples"] == {
        **{"rows": 2000, "batch": 64, "batches": 32, "seen": 20_000, "shuffled": True}
    }


def test_mini_batches_by_hand_in_the_order_of_the_rows(points: str) -> None:
    x = numpy.arange(100) / 50 - 1
    t = 3 * x - 1
    w = b = 0.0
    for _ in range(2):
        for k in range(0, 100, 30):
            error = w * x[k : k + 30] + b - t[k : k + 30]
            w, b = w - 0.1 * (2 * error * x[k : k + 30]).mean(), b - 0.1 * (2 * error).mean()
    words = ("--data", points, "--lr", "0.1", "--batch", "30", "--no-shuffle", "--epochs", "2")
    found = data(*LINE, *words)
    assert found["values"] == {"w": pytest.approx(w), "b": pytest.approx(b)}
    assert found["loss"] == pytest.approx(((w * x + b - t) ** 2).mean())
    assert found["steps"] == 8


def test_the_seed_fixes_every_number(points: str) -> None:
    words = (*LINE, "--data", points, "--lr", "0.1", "--batch", "8", "--get", "values")
    assert called(*words).out == called(*words).out == called(*words, "--seed", "0").out
    assert called(*words).out != called(*words, "--seed", "1").out


@pytest.mark.parametrize("kind", ["npz", "csv", "tsv", "jsonl", "npy"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_data_of_every_kind_give_the_same(flowers: Path, kind: str, dtype: str) -> None:
    words = ["--data", str(flowers / f"train.{kind}")]
    if kind == "npy":
        words[1] = f"x={flowers / 'train-x.npy'},t={flowers / 'train-t.npy'}"
    elif kind != "npz":
        words += ["--columns", "x=p0..p3,t=kind"]
    found = trained(*words, "--batch", "16", "--dtype", dtype)
    best = trained("--data", str(flowers / "train.npz"), "--batch", "16")
    assert found["loss"] == pytest.approx(best["loss"], rel=1e-4)
    assert numpy.shape(found["values"]["W1"]) == (4, 8)


def test_columns_may_be_listed_and_renamed(flowers: Path) -> None:
    table = str(flowers / "train.csv")
    one = trained("--data", table, "--columns", "x=p0..p3,t=kind")
    other = trained("--data", table, "--columns", "t=kind, x=p0,p1,p2,p3")
    assert one == other


def test_a_table_comes_through_a_pipe_too(flowers: Path) -> None:
    table = (flowers / "train.csv").read_bytes()
    words = ("descend", NETWORK, "--init", STARTS, "--columns", "x=p0..p3,t=kind", "--get", "loss")
    piped = started(*words, "--data", "-", stdin=table)
    assert piped == called(*words, "--data", str(flowers / "train.csv"))


def test_held_out_rows_are_measured_after_every_epoch(flowers: Path) -> None:
    accuracy = "mean(sum((z >= max(z, axis=1, keepdims=1)) * [0, 1, 2], axis=1) == t)"
    words = ("--data", str(flowers / "train.npz"), "--validate", str(flowers / "test.npz"))
    found = trained(*words, "--metric", accuracy, "--batch", "10", "--epochs", "8")
    measured = found["validation"]
    assert [epoch for epoch, _ in measured["values"]] == list(range(9))
    assert measured["value"] == measured["values"][-1][1] > 0.9
    assert (measured["rows"], measured["metric"]) == (60, accuracy)
    by_loss = trained(*words, "--epochs", "8")["validation"]
    assert by_loss["metric"] is None
    assert by_loss["values"][0][1] > by_loss["value"]


def test_patience_ends_a_run_that_gets_no_better(flowers: Path) -> None:
    words = ("--data", str(flowers / "train.npz"), "--validate", str(flowers / "test.npz"))
    found = trained(*words, "--patience", "2", "--epochs", "1000", "--batch", "10", "--lr", "1")
    assert found["stopped"] == "patience"
    values = dict(found["validation"]["values"])
    best = found["validation"]["best_epoch"]
    assert values[best] == min(values.values())
    assert found["epochs"] == best + 2


def test_the_tolerance_of_batches_is_a_change_of_the_loss(flowers: Path) -> None:
    words = ("--data", str(flowers / "train.npz"), "--batch", "10", "--epochs", "1000")
    found = trained(*words, "--tol", "0.05")
    assert found["stopped"] == "tolerance"
    assert 2 <= found["epochs"] < 1000
    assert found["steps"] == found["epochs"] * 15


def test_a_recurrent_network_goes_along_the_columns(tmp_path: Path) -> None:
    x = numpy.random.default_rng(0).normal(size=(50, 5))
    h = numpy.zeros(50)
    for k in range(5):
        h = numpy.tanh(0.8 * h + 0.5 * x[:, k])
    numpy.savez(tmp_path / "steps.npz", x=x, t=h)
    formula = "f(h, v) = tanh(w*h + u*v)\ns = scan(f, 0*x[:, 0], x')\n(s[4] - t)^2"
    words = ("descend", formula, "--data", str(tmp_path / "steps.npz"), "--w", "0.5", "--u", "0.1")
    found = data(*words, "--batch", "8", "--method", "adam", "--lr", "0.02", "--epochs", "100")
    assert found["values"] == {
        n: pytest.approx(v, abs=1e-3) for n, v in {"w": 0.8, "u": 0.5}.items()
    }


# What is told


def test_the_table_is_for_people() -> None:
    ran = called(*BOWL, "--lr", "0.9", "--steps", "200")
    assert ran.code == 0
    for text in ("│ x0       │    -3 │", "loss      25 → ", "steps     200 of sgd, rate 0.9"):
        assert text in ran.out
    assert "after all steps" in ran.out
    assert "▇" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_a_large_variable_is_told_by_its_shape(flowers: Path) -> None:
    words = ("descend", NETWORK, "--init", STARTS, "--data", str(flowers / "train.npz"))
    lines = called(*words, "--batch", "10").out.splitlines()
    assert any("W1" in line and "(4, 8)" in line and "norm" in line for line in lines)
    assert any("10 of 15 batches of 10, 1,500 samples seen" in line for line in lines)


def test_some_numbers_are_told_one_by_one_and_many_can_be_had(flowers: Path) -> None:
    words = ("descend", NETWORK, "--init", STARTS, "--data", str(flowers / "train.npz"))
    out = called(*words).out
    listed = called(*words, "--get", "values.b1").out.strip("[]\n").split(", ")
    assert f"[{', '.join(f'{float(number):.9g}' for number in listed)}]" in out
    assert "\n all numbers: --get values.W1, or --format json\n" in out
    few = called("descend", "sum((w - 1)^2)", "--w", str([0] * 24), "--lr", "0.5", "--steps", "1")
    assert f"│ {[1] * 24} │" in few.out
    assert "all numbers" not in few.out
    many = called("descend", "sum((w - 1)^2)", "--w", str([0] * 25), "--lr", "0.5", "--steps", "1")
    assert "│ norm 5 │" in many.out


def test_get_prints_one_value() -> None:
    ran = called(*BOWL, "--lr", "0.5", "--steps", "1", "--get", "values.x0")
    assert ran == (0, "0.0\n", "")


def test_the_result_goes_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    assert called(*BOWL, "-o", str(file)) == (0, "", "")
    assert json.loads(file.read_text()) == data(*BOWL)
    again = called("grad", "x0² + x1²", "--vars", str(file), "--get", "value", "--no-check")
    assert float(again.out) == data(*BOWL)["loss"]


def rows(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".csv":
        with path.open(newline="") as stream:
            return list(csv.DictReader(stream))
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_history_has_every_point(tmp_path: Path) -> None:
    table, objects = tmp_path / "h.csv", tmp_path / "h.jsonl"
    for path in (table, objects):
        data(*BOWL, "--lr", "0.9", "--steps", "3", "--history", str(path))
    found = [(float(row["x0"]), float(row["x1"])) for row in rows(table)]
    assert found == [
        pytest.approx(point) for point in [(-3, 4), (2.4, -3.2), (-1.92, 2.56), (1.536, -2.048)]
    ]
    assert [row["step"] for row in rows(table)] == ["0", "1", "2", "3"]
    assert [row["values"]["x0"] for row in rows(objects)] == [x for x, _ in found]
    assert rows(objects)[0] == {
        **{"step": 0, "epoch": 0, "value": 25.0, "gradient": 10.0},
        "values": {"x0": -3.0, "x1": 4.0},
    }


def test_the_history_of_batches_and_arrays(flowers: Path) -> None:
    path = flowers / "h.csv"
    words = ("--data", str(flowers / "train.npz"), "--validate", str(flowers / "test.npz"))
    found = trained(*words, "--batch", "50", "--history", str(path))
    table = rows(path)
    assert [row["step"] for row in table] == [str(step) for step in range(10)]
    assert [row["epoch"] for row in table] == [*"000111222", "3"]
    measured = [float(row["metric"]) for row in table if row["metric"]]
    assert measured == [value for _, value in found["validation"]["values"]]
    assert list(table[0])[-3:] == ["b2[0]", "b2[1]", "b2[2]"]
    assert "W1[0,0]" not in table[0]
    assert float(table[-1]["value"]) == found["loss"]


# Where it ends otherwise


def diverged(words: Sequence[str]) -> Ran:
    ran = called(*words, "--format", "json")
    assert ran.code == 1
    assert ran.data["stopped"] == "diverged"
    return ran


def test_a_divergence_names_the_step_and_keeps_the_last_finite_values() -> None:
    ran = diverged(("descend", "x^4", "--x", "4", "--lr", "0.9"))
    step = ran.data["steps"] + 1
    assert f"step {step} left the finite numbers: ^ overflows" in ran.err
    assert "a smaller --lr" in ran.err
    value = ran.data["values"]["x"]
    assert math.isfinite(value**4)
    assert ran.data["loss"] == pytest.approx(value**4)


def test_so_does_one_of_arrays_and_batches(points: str, tmp_path: Path) -> None:
    for words in (("--batch", "10"), (), ("--dtype", "float32")):
        save = tmp_path / "saved.npz"
        run = (*LINE, "--data", points, "--lr", "100", "--epochs", "500", "--save", str(save))
        ran = diverged((*run, *words))
        assert f"step {ran.data['steps'] + 1} left the finite numbers" in ran.err
        assert all(math.isfinite(value) for value in ran.data["values"].values())
        with numpy.load(save) as saved:
            assert float(saved["w"]) == ran.data["values"]["w"]


def test_start_values_outside_a_domain_are_an_error_in_its_place() -> None:
    ran = diverged(("descend", "log(x) + 1", "--x", "-1"))
    assert "at the start values, log needs a number above 0, and got -1.0" in ran.err
    assert "    | ^^^^^^\n" in ran.err
    assert ran.data["loss"] is None


def test_a_larger_loss_than_at_the_start_is_a_warning() -> None:
    ran = called(*BOWL, "--lr", "1.1", "--steps", "3")
    assert ran.code == 0
    assert ran.err == "warning: the loss is larger than at the start: --lr may be too large\n"


def test_ten_thousand_steps_take_no_numpy() -> None:
    words = ["descend", "x^2", "--x", "1", "--steps", "10000", "--get", "loss"]
    script = f"import sys, bpcalc.cli; bpcalc.cli.main({words}); print('numpy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize("named", [None, "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"])
def test_products_take_one_core_unless_the_environment_says_more(
    named: str | None, tmp_path: Path
) -> None:
    (tmp_path / "d.csv").write_text("x\n1\n2\n")
    script = (
        "import os; from bpcalc.cli import main;"
        "main(['descend', '(w*x)^2', '--data', 'd.csv', '--w', '1', '--epochs', '1']);"
        "print(os.environ.get('OPENBLAS_NUM_THREADS'), os.environ.get('OMP_NUM_THREADS'))"
    )
    kept = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    environment = kept if named is None else {**kept, named: "3"}
    command = [sys.executable, "-c", script]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    expected = {None: "1 None", "OMP_NUM_THREADS": "None 3", "OPENBLAS_NUM_THREADS": "3 None"}
    assert ran.stdout.splitlines()[-1] == expected[named]
