"""`bpcalc descend`: files that are read stay as they are; what cannot be had is said before."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pytest
from cli.running import called, started

LINE = ("descend", "(w*x + b - t)^2", "--data", "d.csv")
BEGUN = (*LINE, "--w", "0", "--b", "0")
TABLE = "x,t\n1,2\n2,3\n3,5\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("d.csv").write_text(TABLE)
    Path("test.csv").write_text(TABLE)
    Path("v.json").write_text('{"w": 0, "b": 0}')
    numpy.save("w.npy", [1.0, 2.0])
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--history d.csv", "--history would overwrite d.csv, which --data names too"),
        ("--history ./d.csv", "--history would overwrite ./d.csv, which --data names too"),
        ("-o d.csv", "-o would overwrite d.csv, which --data names too"),
        ("-o v.json --vars v.json", "-o would overwrite v.json, which --vars names too"),
        ("--save v.json --vars v.json", "--save would overwrite v.json, which --vars names too"),
        ("--validate test.csv --history test.csv", "test.csv, which --validate names too"),
        ("--save s.json -o s.json", "-o would overwrite s.json, which --save names too"),
        ("--history s.csv -o s.csv", "-o would overwrite s.csv, which --history names too"),
        ("-o link.csv", "-o would overwrite link.csv, which --data names too"),
        ("-o w.npy --c @w.npy", "-o would overwrite w.npy, which --c names too"),
    ],
)
def test_a_file_that_is_read_is_not_written(words: str, said: str) -> None:
    Path("link.csv").symlink_to("d.csv")
    before = {path: path.read_bytes() for path in Path().iterdir()}
    ran = called(*LINE, *words.split(), "--format", "json")
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert {path: path.read_bytes() for path in Path().iterdir()} == before


def test_arrays_and_states_are_files_that_are_read_too() -> None:
    words = ("descend", "(w*x - 1)^2", "--w", "0", "--data", "x=w.npy")
    ran = called(*words, "-o", "w.npy", "--format", "json")
    assert (ran.code, "which --data names too" in ran.err) == (2, True)
    assert called(*words, "--save", "s.json").code == 0
    ran = called(*words, "--resume", "s.json", "-o", "s.json")
    assert (ran.code, "which --resume names too" in ran.err) == (2, True)


def test_a_run_is_saved_where_it_came_from() -> None:
    called(*BEGUN, "--steps", "3", "--save", "s.json")
    assert called(*BEGUN, "--steps", "5", "--resume", "s.json", "--save", "s.json").code == 0
    assert json.loads(Path("s.json").read_text())["position"]["step"] == 5


def test_a_good_state_stays_where_a_run_leaves_the_finite_numbers() -> None:
    words = (*BEGUN, "--save", "s.json", "--lr", "9")
    assert called(*words, "--steps", "3").code == 0
    before = Path("s.json").read_bytes()
    ran = called(*words, "--steps", "3000", "--resume", "s.json")
    assert ran.code == 1
    assert "note: s.json keeps the state of step 3\n" in ran.err
    assert Path("s.json").read_bytes() == before
    assert called(*words, "--steps", "3000").code == 1  # a new run has no other state to keep
    assert json.loads(Path("s.json").read_text())["position"]["step"] > 3


def test_a_state_of_the_last_step_before_the_end_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Saved after every step, the file holds values of which the loss is not finite."""
    monkeypatch.setattr("bpcalc.cli.descend.SAVE_EVERY", 0)
    monkeypatch.setattr("bpcalc.descent.training.BEAT", 0)
    ran = called("descend", "x^4", "--x", "4", "--lr", "0.9", "--save", "s.json", "--get", "steps")
    assert ran.code == 1
    assert json.loads(Path("s.json").read_text())["position"]["step"] == int(ran.out)


@pytest.mark.parametrize("name", ["formula.bp", "d.txt", "d.xlsx", "d.csv.gz", "d.parquet"])
def test_another_extension_is_refused_before_the_file_is_read(name: str) -> None:
    Path(name).write_text("secret = 3\n")
    for words in (("--data", name), ("--data", "d.csv", "--validate", name)):
        ran = called(*LINE[:2], "--w", "0", "--b", "0", *words)
        assert (ran.code, ran.out) == (2, "")
        assert f"{words[-2]} reads .csv, .tsv, .jsonl and .npz, and not {name}" in ran.err
        assert "secret" not in ran.err


def test_columns_for_arrays_name_the_option() -> None:
    numpy.savez("test.npz", x=[1.0], t=[2.0])
    ran = called(*LINE, "--columns", "x=x,t=t", "--validate", "test.npz", "--w", "0", "--b", "0")
    assert ran.code == 2
    assert "--columns is for tables, and --validate test.npz holds arrays" in ran.err


def test_saved_arrays_are_values_for_other_commands() -> None:
    saved = called(*BEGUN, "--steps", "3", "--save", "s.npz", "--get", "values")
    values = json.loads(saved.out)
    ran = called("grad", "w + b", "--vars", "s.npz", "--get", "value", "--no-check")
    assert (ran.code, float(ran.out)) == (0, values["w"] + values["b"])
    Path("t.npz").write_text("no archive")
    ran = called("grad", "w + b", "--vars", "t.npz")
    assert (ran.code, ran.out) == (2, "")
    assert "t.npz is no .npz file of arrays of numbers" in ran.err


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("values.q", "--get: values has no q"),
        ("gradient.q", "--get: gradient has no q"),
        ("lost", "there is no lost"),
        ("samples.count", "samples has no count"),
        ("loss.x", "--get: loss has no x"),
    ],
)
def test_a_path_that_is_mistyped_is_found_before_the_run(path: str, said: str) -> None:
    words = (*BEGUN, "--steps", "1000000000", "--lr", "0.1", "--get", path, "--save", "s.json")
    ran = called(*words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert not Path("s.json").exists()


@pytest.mark.parametrize("path", ["curve.1.1", "validation.values.1.1", "loss", "gradient.w"])
def test_a_path_into_what_grows_is_none_of_them(path: str) -> None:
    ran = called(*BEGUN, "--validate", "test.csv", "--get", path)
    assert (ran.code, ran.err) == (0, "")
    assert float(ran.out) > 0 or path == "gradient.w"


# float32


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("x^2", "--x", "1e300"), "x is 1e+300, beyond float32's 3.4e+38"),
        (("sum(x^2)", "--x", "[1, 1e300]"), "x[1] is 1e+300, beyond float32's 3.4e+38"),
        (("c*x^2", "--x", "1", "--c", "1e39", "--learn", "x"), "c is 1e+39, beyond float32's"),
    ],
)
def test_values_beyond_float32_are_refused(words: tuple[str, ...], said: str) -> None:
    ran = started("descend", *words, "--dtype", "float32")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {said}")


def test_an_overflow_of_float32_names_its_limit() -> None:
    ran = called("descend", "sum(x^4)", "--x", "[4, 5]", "--lr", "0.9", "--dtype", "float32")
    assert ran.code == 1
    assert "beyond float32's 3.403e38" in ran.err
    assert "1.797e308" not in ran.err


# What is told


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("metric", ["mean(x < w)", "x < w"])
@pytest.mark.parametrize("right", [356, 352])
def test_a_share_of_the_rows_is_a_quotient(dtype: str, metric: str, right: int) -> None:
    numpy.savez("many.npz", x=numpy.arange(360.0), t=numpy.ones(360))
    words = ("descend", "(0*w*x)^2", "--data", "many.npz", "--w", str(right), "--dtype", dtype)
    ran = called(*words, "--validate", "many.npz", "--metric", metric, "--get", "validation.value")
    assert (ran.code, ran.out) == (0, f"{right / 360!r}\n")


def test_what_was_learnt_without_being_asked_for_is_told_where_a_run_leaves() -> None:
    words = ("descend", "(w*x - t)^2 + lam*w^2", "--data", "d.csv", "--w", "0", "--lam", "0.1")
    ran = called(*words, "--lr", "9", "--epochs", "999")
    assert ran.code == 1
    assert "w and lam were learnt, --learn w keeps the rest" in ran.err
    ran = called(*words, "--learn", "w", "--lr", "9", "--epochs", "999")
    assert (ran.code, "were learnt" in ran.err) == (1, False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--metric", "", "--validate", "test.csv"), "--metric is empty"),
        (("--columns", "q=x,t"), "no variable q\n  hint: its variables: w, x, b, t"),
        (("--method", "momentum:"), "less than 1, and is missing"),
        (("--method", "sgd:0.9"), "it has none: sgd alone"),
        (("--method", "adam:x=1"), "its numbers are beta1, beta2, eps, as in adam:beta1=0.5"),
    ],
)
def test_messages_say_what_to_do(words: tuple[str, ...], said: str) -> None:
    ran = called(*BEGUN, *words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
