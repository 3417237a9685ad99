"""`--save`, `--resume` and Ctrl-C: an interrupted run goes on to the numbers of a whole one."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy
import pytest
from cli.running import TIMEOUT, called, command, environment

NETWORK = "z = tanh(x @ W1 + b1) @ W2 + b2; softmax_cross_entropy(z, t)"
STARTS = "W1=lecun(4, 8), b1=zeros(8), W2=lecun(8, 3), b2=zeros(3)"


@pytest.fixture
def flowers(tmp_path: Path) -> str:
    generator = numpy.random.default_rng(5)
    t = generator.integers(0, 3, 150)
    x = numpy.eye(3, 4)[t] * 3 + generator.normal(size=(150, 4))
    numpy.savez(tmp_path / "train.npz", x=x, t=t)
    return str(tmp_path / "train.npz")


def words(data: str, *more: str) -> list[str]:
    usual = ("--data", data, "--batch", "16", "--lr", "0.05", "--format", "json")
    return ["descend", NETWORK, "--init", STARTS, *usual, *more]


METHODS = ["sgd", "momentum", "nesterov", "rmsprop", "adam"]


@pytest.mark.parametrize("ending", ["npz", "json"])
@pytest.mark.parametrize("how", METHODS)
@pytest.mark.parametrize("steps", [1, 10, 13])
def test_a_resumed_run_has_the_numbers_of_a_whole_one(
    flowers: str, tmp_path: Path, ending: str, how: str, steps: int
) -> None:
    """Interrupted within an epoch (of 10 batches), and between two."""
    saved, history = str(tmp_path / f"saved.{ending}"), str(tmp_path / "history.csv")
    more = ("--method", how, "--schedule", "cosine", "--tol", "1e-9")
    whole = called(*words(flowers, *more, "--epochs", "3", "--history", history))
    lines = Path(history).read_bytes()
    given = words(flowers, *more, "--epochs", "3", "--history", history)
    if steps == 1:  # a run that was to be shorter; in the first epoch it has the same rate
        part = words(flowers, "--method", how, "--steps", "1", "--history", history)
        assert called(*part, "--save", saved).code == 0
    else:
        _interrupted_after(steps, given, saved)
    resumed = called(*given, "--resume", saved)
    assert resumed.code == 0
    for key in ("values", "loss", "gradient", "steps", "samples"):
        assert resumed.data[key] == whole.data[key]
    assert Path(history).read_bytes() == lines


def _interrupted_after(steps: int, given: list[str], saved: str) -> None:
    """Ctrl-C after so many steps."""
    script = f"""
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored where tests run
from bpcalc.descent.arrays import ArrayProblem
before = ArrayProblem.advance
def advance(self, rate, t):
    before(self, rate, t)
    if t == {steps}:
        os.kill(os.getpid(), signal.SIGINT)
ArrayProblem.advance = advance
from bpcalc.cli import main
sys.exit(main({[*given, "--save", saved]!r}))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=TIMEOUT)
    assert done.returncode == 130
    found = json.loads(done.stdout)
    assert (found["steps"], found["stopped"]) == (steps, "interrupted")


def test_a_formula_of_numbers_is_resumed_too(tmp_path: Path) -> None:
    saved = str(tmp_path / "saved.json")
    bowl = ("descend", "x² + (y - 1)^4", "--x", "3", "--y", "3", "--method", "adam", "--lr", "0.1")
    whole = called(*bowl, "--steps", "50", "--get", "values")
    called(*bowl, "--steps", "7", "--save", saved)
    assert called(*bowl, "--steps", "50", "--get", "values", "--resume", saved) == whole
    without = ("descend", "x² + (y - 1)^4", "--method", "adam", "--lr", "0.1", "--steps", "50")
    assert called(*without, "--get", "values", "--resume", saved) == whole


def test_what_was_learnt_is_learnt_on_and_the_rest_stays(tmp_path: Path) -> None:
    saved = str(tmp_path / "saved.json")
    line = ("descend", "(w*x - t)²", "--x", "2", "--t", "3", "--lr", "0.01", "--get", "values")
    whole = called(*line, "--w", "0", "--learn", "w", "--steps", "20")
    called(*line, "--w", "0", "--learn", "w", "--steps", "5", "--save", saved)
    assert called(*line, "--steps", "20", "--resume", saved) == whole


def test_float32_is_resumed_to_the_bit(flowers: str, tmp_path: Path) -> None:
    whole = called(*words(flowers, "--dtype", "float32", "--steps", "25"))
    for ending in ("npz", "json"):
        saved = str(tmp_path / f"saved.{ending}")
        called(*words(flowers, "--dtype", "float32", "--steps", "13", "--save", saved))
        resumed = called(*words(flowers, "--dtype", "float32", "--steps", "25", "--resume", saved))
        assert resumed.data["values"] == whole.data["values"]


def test_patience_goes_on_where_it_was(flowers: str, tmp_path: Path) -> None:
    saved = str(tmp_path / "saved.npz")
    more = ("--validate", flowers, "--metric", "-mean(z)", "--patience", "4:max", "--lr", "0.5")
    given = ["descend", NETWORK, "--init", STARTS, "--data", flowers, "--batch", "16", *more]
    whole = called(*given, "--epochs", "60", "--format", "json").data
    called(*given, "--steps", "23", "--save", saved)
    resumed = called(*given, "--epochs", "60", "--format", "json", "--resume", saved).data
    for key in ("stopped", "steps", "values", "epochs"):
        assert resumed[key] == whole[key]
    for key in ("best", "best_epoch", "value"):
        assert resumed["validation"][key] == whole["validation"][key]
    told = called(*given, "--epochs", "60", "--resume", saved).out
    assert f"after epoch {whole['validation']['best_epoch']}" in told


def test_what_was_learnt_is_in_the_file_by_name(flowers: str, tmp_path: Path) -> None:
    for ending in ("npz", "json"):
        saved = tmp_path / f"saved.{ending}"
        found = called(*words(flowers, "--steps", "3", "--save", str(saved))).data["values"]
        if ending == "npz":
            with numpy.load(saved, allow_pickle=False) as file:
                values = {name: file[name].tolist() for name in found}
        else:
            values = json.loads(saved.read_text())["values"]
        assert values == found
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] == ".") == []


def test_the_same_run_saves_the_same_bytes(flowers: str, tmp_path: Path) -> None:
    saved = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for path in saved:
        called(*words(flowers, "--steps", "3", "--save", str(path)))
    assert saved[0].read_bytes() == saved[1].read_bytes()


@pytest.mark.parametrize("ending", ["npz", "json"])
def test_a_killed_run_leaves_a_whole_state(flowers: str, tmp_path: Path, ending: str) -> None:
    """It saves all the time, and is killed at moments of the system's choice."""
    saved = tmp_path / f"saved.{ending}"
    given = words(flowers, "--epochs", "100000", "--save", str(saved))
    script = (
        "import bpcalc.cli.descend as d, bpcalc.descent.training as t; d.SAVE_EVERY = t.BEAT = 0\n"
        f"import sys; from bpcalc.cli import main; sys.exit(main({given!r}))"
    )
    for moment in (0.02, 0.11, 0.23):
        with subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL) as process:
            _wait_for(saved, process)
            time.sleep(moment)
            process.send_signal(signal.SIGKILL)
        first = called(*words(flowers, "--steps", "0", "--resume", str(saved)))
        assert first.code == 0
        steps = first.data["steps"]
        assert steps > 0
        resumed = called(*words(flowers, "--steps", str(steps + 5), "--resume", str(saved)))
        whole = called(*words(flowers, "--steps", str(steps + 5)))
        assert resumed.data["values"] == whole.data["values"]
        saved.unlink()


def _wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + TIMEOUT
    while not path.exists():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)


def test_ctrl_c_prints_and_saves_what_there_is(flowers: str, tmp_path: Path) -> None:
    saved = tmp_path / "saved.npz"
    given = words(flowers, "--epochs", "100000", "--save", str(saved), "--history", "h.csv")
    with subprocess.Popen(
        command(*given),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=environment(),
    ) as process:
        _wait_for(tmp_path / "h.csv", process)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, err) == (130, b"")
    found = json.loads(out)
    assert found["stopped"] == "interrupted"
    with numpy.load(saved) as file:
        assert file["W1"].tolist() == found["values"]["W1"]
    lines = (tmp_path / "h.csv").read_text().splitlines(keepends=True)
    assert len(lines) == 1 + found["steps"]
    assert all(line.endswith("\n") for line in lines)


def test_on_a_terminal_there_is_a_bar_with_loss_rate_and_time_left(
    flowers: str, tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    given = words(flowers, "--epochs", "100000")
    with subprocess.Popen(
        command(*given), stdout=subprocess.PIPE, stderr=theirs, env=environment(COLUMNS="100")
    ) as process:
        os.close(theirs)
        shown = b""
        until = time.monotonic() + TIMEOUT
        while shown.count(b"steps/s") < 5 and time.monotonic() < until:
            shown += os.read(ours, 65536)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=TIMEOUT)
    os.close(ours)
    assert b"loss " in shown
    assert b"0:" in shown
    assert json.loads(out)["stopped"] == "interrupted"


SIGNS = "x,t\n1,2\n2,3\n3,5\n"


def test_a_metric_that_is_nan_at_first_is_never_the_best(tmp_path: Path) -> None:
    table, saved = tmp_path / "d.csv", tmp_path / "saved.json"
    table.write_text(SIGNS)
    words = ["descend", "(w-x)^2", "--data", str(table), "--w", "0", "--lr", "0.2"]
    words += ["--validate", str(table), "--metric", "sqrt(w-1)+0*x", "--patience", "3:max"]
    words += ["--save", str(saved), "--history", str(tmp_path / "h.jsonl"), "--format", "json"]
    ran = called(*words, "--epochs", "20")
    assert (ran.code, ran.data["stopped"]) == (0, "steps")
    assert ran.data["validation"]["best_epoch"] == 20
    assert ran.err == "warning: the metric is NaN after epoch 0: NaN is never the best\n"
    for text in (saved.read_text(), *(tmp_path / "h.jsonl").read_text().splitlines()):
        json.loads(text, parse_constant=lambda _: pytest.fail("not strict"))
    called(*words, "--epochs", "5")
    resumed = called(*words, "--epochs", "20", "--resume", str(saved))
    assert resumed.data["validation"]["best"] == ran.data["validation"]["best"]


def test_a_state_without_a_finite_measurement_is_strict_too(tmp_path: Path) -> None:
    table, saved = tmp_path / "d.csv", tmp_path / "saved.json"
    table.write_text(SIGNS)
    words = ["descend", "(w-x)^2", "--data", str(table), "--w", "0", "--lr", "0.2"]
    words += ["--validate", str(table), "--metric", "-1/(0*w)+0*x", "--patience", "9:max"]
    called(*words, "--epochs", "2", "--save", str(saved))
    json.loads(saved.read_text(), parse_constant=lambda _: pytest.fail("not strict"))
    assert called(*words, "--epochs", "4", "--resume", str(saved), "--get", "steps").out == "4\n"


def test_a_finished_run_that_is_resumed_is_measured(flowers: str, tmp_path: Path) -> None:
    saved = str(tmp_path / "saved.npz")
    more = ("--epochs", "2", "--validate", flowers)
    first = called(*words(flowers, *more, "--save", saved)).data["validation"]
    again = called(*words(flowers, *more, "--resume", saved)).data["validation"]
    assert again["value"] == first["value"]
    assert [epoch for epoch, _ in again["values"]] == [2]


def test_what_is_measured_within_an_epoch_is_never_the_best(flowers: str, tmp_path: Path) -> None:
    saved = str(tmp_path / "saved.json")
    more = ("--validate", flowers)
    called(*words(flowers, *more, "--steps", "23", "--save", saved))  # of 10 an epoch
    before = json.loads(Path(saved).read_text())["position"]["best"]
    found = called(*words(flowers, *more, "--steps", "26", "--resume", saved)).data["validation"]
    assert [epoch for epoch, _ in found["values"]] == [2]
    assert [found["best_epoch"], found["best"]] == before
    assert found["value"] != found["best"]


def test_the_seed_is_that_of_the_run_which_goes_on(flowers: str, tmp_path: Path) -> None:
    saved = str(tmp_path / "saved.json")
    more = ("--seed", "3", "--steps", "20")
    whole = called(*words(flowers, *more)).data
    called(*words(flowers, "--seed", "3", "--steps", "7", "--save", saved))
    for given in (more, more[2:]):  # the same --init, and so the same --seed or none
        resumed = called(*words(flowers, *given, "--resume", saved)).data
        assert (resumed["seed"], resumed["values"]) == (3, whole["values"])
    ran = called(*words(flowers, "--seed", "9", "--resume", saved))
    assert (ran.code, ran.out) == (2, "")
    assert "the seed is another than in" in ran.err
    assert "there 3\n  here  9" in ran.err


def test_another_start_is_refused_and_the_same_one_is_not(flowers: str, tmp_path: Path) -> None:
    saved = saved_bowl(tmp_path)
    bowl = ("descend", "x² + y²", "--resume", saved, "--get", "steps")
    for given in ((), ("--x", "3"), ("--x", "3", "--y", "4"), ("--vars", saved)):
        assert called(*bowl, *given) == (0, "100\n", "")
    ran = called(*bowl, "--x", "7")
    assert (ran.code, ran.out) == (2, "")
    assert "x had another start value in" in ran.err
    assert "there 3.0\n  here  7.0" in ran.err
    called(*words(flowers, "--save", saved))
    other = words(flowers, "--resume", saved)
    other[other.index("--init") + 1] = STARTS.replace("zeros", "ones")
    ran = called(*other)
    assert (ran.code, ran.out) == (2, "")
    assert "b1 had another start value in" in ran.err
    called(*words(flowers, "--steps", "40", "--resume", saved, "--save", saved))  # once more
    assert called(*words(flowers, "--steps", "41", "--resume", saved)).code == 0


def test_fixed_arrays_are_compared_number_by_number(tmp_path: Path) -> None:
    saved = str(tmp_path / "saved.json")
    line = ("descend", "sum((w*a - 1)²)", "--learn", "w", "--w", "0")
    called(*line, "--a", "[1, 2]", "--save", saved)
    assert called(*line, "--a", "[1, 2]", "--resume", saved).code == 0
    ran = called(*line, "--a", "[1, 3]", "--resume", saved)
    assert ran.code == 2
    assert "the fixed values is another" in ran.err


# Where a run leaves the finite numbers


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("batch", ["3", "7", "20"])
def test_what_is_saved_of_a_diverged_run_fits_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: str, large: bool
) -> None:
    """Gone on with from there, a run leaves at the same step; a shorter one is there already."""
    if large:
        monkeypatch.setattr("bpcalc.descent.arrays.LARGE", 0)
    table, saved, short = (str(tmp_path / name) for name in ("d.csv", "saved.json", "short.json"))
    rows = "".join(f"{k},{3 * k}\n" for k in range(20))
    Path(table).write_text("x,t\n" + rows)
    run = ["descend", "(w*x + b - t)^2", "--data", table, "--w", "0", "--b", "0", "--lr", "3"]
    run += ["--batch", batch, "--method", "momentum"]
    ran = called(*run, "--epochs", "1000", "--save", saved, "--format", "json")
    assert (ran.code, ran.data["stopped"]) == (1, "diverged")
    steps = ran.data["steps"]
    assert ran.data["curve"][-1][0] == steps
    assert called(*run, "--steps", str(steps), "--save", short).code == 0
    one, other = (json.loads(Path(path).read_text()) for path in (saved, short))
    assert one == other
    if batch == "20":
        assert ran.data["loss"] == ran.data["curve"][-1][1]
    else:
        assert ran.data["loss"] is None
    back = int(ran.err.partition("step ")[2].partition(" ")[0].replace(",", "")) - steps
    assert back == 1 if not large else 1 <= back <= 16
    whose = "the last finite" if back == 1 else f"those of step {steps:,}"
    assert f"the values are {whose}" in ran.err
    again = called(*run, "--epochs", "1000", "--resume", saved, "--format", "json")
    assert again.err == ran.err


def test_so_does_what_is_saved_of_a_formula_of_numbers(tmp_path: Path) -> None:
    saved, short = tmp_path / "saved.json", tmp_path / "short.json"
    run = ["descend", "x^4 + y^2", "--x", "4", "--y", "1", "--lr", "0.1"]
    run += ["--method", "nesterov"]
    ran = called(*run, "--save", str(saved), "--format", "json")
    assert (ran.code, ran.data["stopped"]) == (1, "diverged")
    assert ran.data["loss"] == ran.data["curve"][-1][1]
    assert called(*run, "--steps", str(ran.data["steps"]), "--save", str(short)).code == 0
    assert json.loads(saved.read_text()) == json.loads(short.read_text())


# What is refused


def saved_bowl(tmp_path: Path) -> str:
    saved = str(tmp_path / "saved.json")
    ran = called("descend", "x² + y²", "--x", "3", "--y", "4", "--save", saved)
    assert ran.code == 0
    return saved


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["x² + 2*y²"], "the formula is another than in"),
        (["x² + 2*y²"], "there x² + y²\n  here  x² + 2*y²"),
        (["x² + y²", "--method", "adam"], "the method is another"),
        (["x² + y²", "--x", "1", "--learn", "y"], "the learnt variables is another"),
        (["x² + y²", "--grad", "central"], "the gradient is another"),
        (["x² + y²", "--dtype", "float32"], "the dtype is another"),
    ],
)
def test_another_run_is_not_resumed(tmp_path: Path, given: list[str], said: str) -> None:
    ran = called("descend", *given, "--resume", saved_bowl(tmp_path))
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--batch", "8"], "there 16"),
        (["--no-shuffle"], "the order of rows is another"),
        (["--method", "sgd:"], "--method"),
    ],
)
def test_nor_one_over_other_batches(
    flowers: str, tmp_path: Path, more: list[str], said: str
) -> None:
    saved = str(tmp_path / "saved.npz")
    called(*words(flowers, "--save", saved))
    given = words(flowers, "--resume", saved)
    if more[0] == "--batch":
        given[given.index("--batch") + 1] = more[1]
        more = []
    ran = called(*given, *more)
    assert ran.code == 2
    assert said in ran.err


def test_nor_one_over_other_data(flowers: str, tmp_path: Path) -> None:
    saved = str(tmp_path / "saved.npz")
    called(*words(flowers, "--save", saved))
    with numpy.load(flowers) as file:
        numpy.savez(tmp_path / "less.npz", x=file["x"][:140], t=file["t"][:140])
    ran = called(*words(str(tmp_path / "less.npz"), "--resume", saved))
    assert ran.code == 2
    assert "the data is another than in" in ran.err
    assert "there x (150, 4), t (150,)\n  here  x (140, 4), t (140,)" in ran.err


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b"{}"),
        ("a.json", b'{"bpcalc": 2}'),
        ("a.json", b"\xff"),
        ("a.json", b"[" * 100_000),
        ("a.npz", b""),
        ("a.npz", b"PK\x03\x04"),
        ("a.npz", b"\x80\x04."),
    ],
)
def test_a_file_that_no_run_has_written_is_refused(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    ran = called("descend", "x²", "--x", "1", "--resume", str(tmp_path / name))
    assert ran.code == 2
    assert "holds no run that could be resumed" in ran.err


@pytest.mark.parametrize(
    "change",
    [
        {"memory": {}},
        {"memory": {"v": [0.0, 0.0]}},
        {"memory": {"v": [0.0], "s": [0.0]}},
        {"memory": {"v": 0.0}},
        {"generator": None},
        {"generator": {"bit_generator": "PCG64"}},
        {"generator": {"bit_generator": "MT19937", "state": {}}},
        {"position": {"step": -3, "loss": 0.0, "last": None, "best": [0, None]}},
        {"position": {"step": 1.5, "loss": 0.0, "last": None, "best": [0, None]}},
        {"position": {"step": 3, "loss": "x", "last": None, "best": [0, None]}},
        {"seed": -1},
        {"start": {}},
        {"values": {"w": [1.0, 2.0]}},
        {"values": {"v": 1.0}},
        {"values": {"w": "NaN"}},
        {"about": {}},
    ],
)
def test_a_state_whose_parts_do_not_fit_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    table, saved = tmp_path / "d.csv", tmp_path / "saved.json"
    table.write_text(SIGNS)
    run = ["descend", "(w-x)^2", "--data", str(table), "--w", "0", "--method", "momentum"]
    run += ["--batch", "2", "--steps", "3"]
    assert called(*run, "--save", str(saved)).code == 0
    assert called(*run, "--resume", str(saved)).code == 0
    saved.write_text(json.dumps({**json.loads(saved.read_text()), **change}))
    ran = called(*run, "--resume", str(saved))
    assert (ran.code, ran.out) == (2, "")
    assert "holds no run that could be resumed" in ran.err


@pytest.mark.parametrize("option", ["--save", "--resume"])
def test_other_endings_are_refused(option: str) -> None:
    ran = called("descend", "x²", "--x", "1", option, "values.pkl")
    assert (ran.code, ran.out) == (2, "")
    assert f"{option} takes a .npz or a .json" in ran.err


@pytest.mark.parametrize("name", ["no/such/place.npz", "folder.npz"])
def test_a_place_that_cannot_be_written_is_found_out_before(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.npz").mkdir()
    ran = called("descend", "x²", "--x", "1", "--save", str(tmp_path / name))
    assert (ran.code, ran.out) == (2, "")
    assert "cannot be written" in ran.err


def test_a_disk_that_fills_up_on_the_way_costs_nothing_that_was_learnt(tmp_path: Path) -> None:
    """The history may not become larger than 20 KB; saving the few numbers still works."""
    given = ["descend", "x² + y²", "--x", "3", "--y", "4", "--lr", "1e-6", "--steps", "1000000"]
    given += ["--history", "h.csv", "--save", "saved.json"]
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        f"from bpcalc.cli import main; sys.exit(main({given!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        timeout=TIMEOUT,
        cwd=tmp_path,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: h.csv cannot be written: File too large")
    saved = json.loads((tmp_path / "saved.json").read_text())
    assert saved["position"]["step"] > 100
    assert 2.9 < saved["values"]["x"] < 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_an_error_behind_the_result(tmp_path: Path) -> None:
    for name in ("a.json", "a.npz"):
        (tmp_path / name).symlink_to("/dev/full")
        ran = called("descend", "x²", "--x", "1", "--save", str(tmp_path / name), "--get", "steps")
        assert (ran.code, ran.out) == (2, "100\n")
        assert "cannot be written: No space left on device" in ran.err
    (tmp_path / "h.csv").symlink_to("/dev/full")
    ran = called("descend", "x²", "--x", "1", "--history", str(tmp_path / "h.csv"))
    assert ran.code == 2
    assert "h.csv cannot be written: No space left on device" in ran.err
