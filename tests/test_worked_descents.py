"""The worked examples that take steps, by `bpcalc descend`, against the right numbers.

The numbers were computed elsewhere, to the digits that stand here, as those of
test_worked_examples.py, which has the other rows.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from cli.running import called
from test_worked_examples import EXAMPLES, agree, text_of

ROWS = ["A8", "B3", "C7", "D8", "D9", "E4", "E5", "E8", "E9", "E10", "E11"]
WEIGHTS = "w1,w2,w3,w4,w5,w6,w7,w8"
BOWL = ("e6-bowl.bp", "--x0", "-3", "--x1", "4")


@pytest.fixture(autouse=True)
def _in_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)


def descended(formula: str, *words: str) -> Any:
    ran = called("descend", "-f", formula, *words, "--format", "json")
    assert ran.code == 0
    return ran.data


def learnt(found: Any, names: str) -> list[Any]:
    return [found["values"][name] for name in names.split()]


def mazur(steps: int, *words: str) -> Any:
    given = ("--vars", "d1-network.toml", "--learn", WEIGHTS, "--lr", "0.5")
    return descended("d1-network.bp", *given, "--steps", str(steps), *words)


def test_a8_one_step_of_descent() -> None:
    words = ("--vars", "a6-neuron.toml", "--learn", "w0,w1,w2", "--lr", "0.01", "--steps", "1")
    found = descended("a6-neuron.bp", *words)
    agree(learnt(found, "w2 w0 w1"), "-3.00196611933 2.00196611933 -2.99606776134")
    agree([found["start"]["loss"], found["loss"]], "0.731058578630 0.728732891262")


def test_b3_a_step_moves_whole_matrices() -> None:
    words = ("--vars", "b1-four-equations.toml", "--learn", "W1,W2", "--lr", "0.5", "--steps", "1")
    found = descended("b1-four-equations.bp", *words)
    agree(learnt(found, "W1"), "0.149780716 0.19956143 0.24975114 0.29950229", digits=8)
    agree(learnt(found, "W2"), "0.35891648 0.40866619 0.51130127 0.56137012", digits=8)
    agree([found["loss"]], "0.291027773694")


@pytest.mark.parametrize(
    "batch",
    [
        ("--vars", "a11-batch.json", "--learn", "w,b"),
        (
            "--data",
            "descent/neuron-batch.csv",
            "--columns",
            "X=x1,x2",
            "--w",
            "[2, -3]",
            "--b",
            "-3",
        ),
    ],
)
def test_b3_a_mini_batch_step(batch: tuple[str, ...]) -> None:
    found = descended("a11-batch.bp", *batch, "--lr", "1", "--steps", "1")
    (w0, w1), b = learnt(found, "w b")
    agree([2 - w0, -3 - w1, -3 - b], "0.0528779220424 0.105755844085 -0.0528762635262")
    agree([found["start"]["loss"]], "0.0361651590714")


def test_c7_the_delta_rule() -> None:
    words = ("--learn", "W1,W2", "--lr", "0.5", "--steps", "1")
    found = descended("c2-matrix.bp", "--vars", "c2-matrix.json", *words)
    w1, w2 = learnt(found, "W1 W2")
    agree([w2[0][0], w1[0][0]], "0.122513297555 0.109835931291")


def test_d8_all_weights_step_together() -> None:
    found = mazur(1)
    new = learnt(found, WEIGHTS.replace(",", " "))
    agree(new[:2], "0.149780716 0.19956143", digits=8)
    agree(new[2:5], "0.24975114 0.29950229 0.35891648", digits=8)
    agree(new[5:], "0.408666186 0.511301270 0.561370121", digits=9)
    agree([found["start"]["loss"], found["loss"]], "0.298371108760 0.291027773694")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_d9_ten_thousand_steps(dtype: str) -> None:
    found = mazur(10_000, "--dtype", dtype)
    agree([found["loss"]], "3.51018778298e-5", digits=12 if dtype == "float64" else 4)


def test_d9_the_outputs(tmp_path: Path) -> None:
    saved = str(tmp_path / "learnt.json")
    mazur(10_000, "--save", saved)
    fixed = [
        "--i1",
        "0.05",
        "--i2",
        "0.10",
        "--b1",
        "0.35",
        "--b2",
        "0.60",
        "--t1",
        "0.01",
        "--t2",
        "0.99",
        "--no-check",
    ]
    words = ("-f", "d1-network.bp", "--vars", saved, *fixed, "--format", "json")
    nodes = {node["name"]: node["value"] for node in called("grad", *words).data["nodes"]}
    agree([nodes["out_o1"], nodes["out_o2"]], "0.0159136204436 0.984064273515")


def test_d9_in_matrix_form() -> None:
    words = ("--learn", "W_h,W_o", "--lr", "0.5", "--steps", "10000")
    found = descended("d1-matrix.bp", "--vars", "d1-matrix.toml", *words)
    agree([found["loss"]], "3.51018778298e-5", digits=10)


@pytest.mark.parametrize(
    ("x", "h", "slope"),
    [
        ("5", "1e-4", 0.1999999999990898),
        ("10", "1e-4", 0.2999999999986347),
        ("5", "1e-16", 0.0),
    ],
)
def test_e4_central_differences(x: str, h: str, slope: float) -> None:
    words = ("--x", x, "--steps", "0", "--grad", f"central:{h}")
    assert descended("descent/parabola.bp", *words)["gradient"]["x"] == slope


def test_e5_the_tangent_at_5() -> None:
    found = descended("descent/parabola.bp", "--x", "5", "--steps", "0")
    slope = found["gradient"]["x"]
    agree([slope, found["loss"] - 5 * slope], "0.2 -0.25")


def test_e8_down_the_bowl(tmp_path: Path) -> None:
    history = tmp_path / "path.csv"
    found = descended(*BOWL, "--lr", "0.9", "--steps", "200", "--history", str(history))
    agree(learnt(found, "x0 x1"), "-1.24485467066e-19 1.65980622755e-19")
    with history.open(newline="") as stream:
        path = [(float(row["x0"]), float(row["x1"])) for row in csv.DictReader(stream)]
    agree(path[1:4], "2.4 -3.2 -1.92 2.56 1.536 -2.048")
    assert len(path) == 201


def test_e8_central_differences_go_the_same_way() -> None:
    words = ("--lr", "0.9", "--steps", "20")
    exact, numeric = (
        learnt(descended(*BOWL, *words, "--grad", how), "x0 x1")
        for how in ("exact", "central:1e-4")
    )
    assert numeric != exact
    assert numeric == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize(
    ("rate", "point"),
    [
        ("0.01", "-0.397858667684 0.530478223579"),
        ("0.1", "-6.11110792900e-10 8.14814390534e-10"),
        ("1", "-3 4"),
    ],
)
def test_e9_other_rates(rate: str, point: str) -> None:
    found = descended(*BOWL, "--lr", rate, "--steps", "100")
    agree(learnt(found, "x0 x1"), point)


def test_e9_a_rate_of_1_oscillates_and_1_1_diverges() -> None:
    agree(learnt(descended(*BOWL, "--lr", "1", "--steps", "101"), "x0 x1"), "3 -4")
    ran = called("descend", "-f", *BOWL, "--lr", "1.1", "--steps", "10000")
    assert ran.code == 1
    assert "left the finite numbers" in ran.err


def samples(folder: Path) -> tuple[str, ...]:
    file = folder / "samples.csv"
    rows = (f"{k / 1000},{3 * k / 1000 - 1}\n" for k in range(2000))
    file.write_text("x,t\n" + "".join(rows))
    return ("--data", str(file), "--w", "0", "--b", "0", "--lr", "0.1", "--batch", "64")


def test_e10_epochs_batches_iterations(tmp_path: Path) -> None:
    found = descended("descent/line.bp", *samples(tmp_path), "--epochs", "10")
    told = found["samples"]
    assert (told["batches"], found["steps"], told["seen"]) == (32, 320, 20_000)


def test_e11_mini_batches_are_reproducible_with_a_seed(tmp_path: Path) -> None:
    words = ("descent/line.bp", *samples(tmp_path))
    assert descended(*words, "--seed", "3") == descended(*words, "--seed", "3")
    assert descended(*words)["values"] != descended(*words, "--seed", "3")["values"]
    assert learnt(descended(*words), "w b") == pytest.approx([3, -1], abs=1e-3)


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_test_and_the_index_lists_it(row: str) -> None:
    assert [name for name in globals() if name.startswith(f"test_{row.lower()}_")]
    lines = text_of("README.md").partition("descent.md")[2].splitlines()
    assert any(row in line.split("|")[1] for line in lines if line.startswith("| "))


def test_every_file_of_the_folder_is_used_and_listed() -> None:
    files = (EXAMPLES / "descent").iterdir()
    for file in sorted(file for file in files if file.suffix != ".svg"):
        assert f"descent/{file.name}" in Path(__file__).read_text(encoding="utf-8")
        assert f"(descent/{file.name})" in text_of("README.md")
