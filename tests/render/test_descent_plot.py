"""`bpcalc descend --plot`: the picture of a run, and what it is made from."""

from __future__ import annotations

import re
import signal
import struct
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy
import pytest
from cli.running import Ran, called, command, environment, started

from bpcalc.cli.descend_plot import ENDINGS

EXAMPLE = Path(__file__).parents[2] / "examples" / "descent" / "bowl.svg"
BOWL = ("descend", "x0² + x1²", "--x0", "-3", "--x1", "4")
TEXT = "{http://www.w3.org/2000/svg}text"


def texts(svg: str) -> list[str]:
    return ["".join(found.itertext()) for found in ElementTree.fromstring(svg).iter(TEXT)]


def plotted(folder: Path, *words: str, ending: str = "svg") -> tuple[Ran, bytes]:
    """A run, and the file that it has drawn."""
    path = folder / f"plot.{ending}"
    ran = called("descend", *words, "--plot", str(path))
    return ran, path.read_bytes()


def drawn(folder: Path, *words: str) -> list[str]:
    """The texts of the picture of a run that ends well."""
    ran, data = plotted(folder, *words)
    assert (ran.code, ran.err) == (0, "")
    return texts(data.decode())


@pytest.fixture
def table(tmp_path: Path) -> str:
    """t = 3x - 1, on 100 rows."""
    path = tmp_path / "points.csv"
    rows = [f"{k / 50 - 1},{3 * k / 50 - 4}\n" for k in range(100)]
    path.write_text("x,t\n" + "".join(rows))
    return str(path)


# What is shown


def test_two_numbers_are_shown_over_contours(tmp_path: Path) -> None:
    said = drawn(tmp_path, *BOWL[1:], "--lr", "0.9")
    assert {"x0", "x1", "start", "end", "loss", "step", "x0² + x1²"} <= set(said)
    assert "sgd, rate 0.9, 100 steps, loss 25 → 1.037·10⁻¹⁸" in said
    assert "10⁻¹⁶" in said  # the loss spans decades
    assert "epoch" not in said


def test_an_array_of_two_is_two_numbers(tmp_path: Path) -> None:
    assert {"x[0]", "x[1]"} <= set(drawn(tmp_path, "sum(x²)", "--x", "[3, 1]", "--lr", "0.1"))


def test_one_number_is_shown_on_the_curve_with_the_first_tangent(tmp_path: Path) -> None:
    said = drawn(tmp_path, "0.01*x² + 0.1*x", "--x", "5", "--lr", "10", "--steps", "20")
    assert {"x", "tangent at 5, slope 0.2", "start", "end"} <= set(said)


def test_of_three_numbers_the_loss_alone_is_shown(tmp_path: Path) -> None:
    said = drawn(tmp_path, "x² + y² + z²", "--x", "1", "--y", "2", "--z", "3", "--lr", "0.1")
    assert "loss" in said
    assert not {"x", "start"} & set(said)


def test_batches_have_their_mean_and_epochs(tmp_path: Path, table: str) -> None:
    words = ("(w*x + b - t)²", "--data", table, "--w", "0", "--b", "0", "--lr", "0.1")
    said = drawn(tmp_path, *words, "--batch", "10")
    assert {"w", "b", "of a batch", "mean of them", "epoch", "step"} <= set(said)
    said = drawn(tmp_path, *words)
    assert "epoch" in said
    assert "step" not in said


def test_what_is_measured_has_a_panel(tmp_path: Path, table: str) -> None:
    words = ("(w*x + b - t)²", "--data", table, "--w", "0", "--b", "0", "--lr", "0.1")
    assert "held-out loss" in drawn(tmp_path, *words, "--validate", table)
    said = drawn(
        tmp_path, *words, "--validate", table, "--metric", "abs(w*x + b - t)", "--patience", "3:min"
    )
    assert {"metric", "best"} <= set(said)


def test_a_run_that_leaves_is_shown_where_it_began(tmp_path: Path) -> None:
    ran, data = plotted(tmp_path, *BOWL[1:], "--lr", "1.1", "--steps", "10000")
    assert ran.code == 1
    said = texts(data.decode())
    assert {"goes on outside", "start"} <= set(said)
    assert "end" not in said
    assert "100" in said  # along an axis, whose numbers are no larger


def test_a_loss_up_to_the_largest_number_is_drawn(tmp_path: Path) -> None:
    _, data = plotted(tmp_path, *BOWL[1:], "--lr", "1.1", "--steps", "10000")
    assert {"1", "10¹⁰⁰", "10³⁰⁰"} <= set(texts(data.decode()))


def test_long_names_and_formulas_are_cut(tmp_path: Path) -> None:
    name = "速" * 40
    said = drawn(tmp_path, f"({name} - 1)² + y²", "--set", f"{name}=2", "--y", "1", "--lr", "0.1")
    assert "速" * 14 + "…" in said
    assert max(map(len, said)) < 80


def test_where_contours_take_too_long_the_loss_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bpcalc.descent.landscape._SECONDS", 0.0)
    ran, data = plotted(tmp_path, "sum(x²)", "--x", "[3, 1]")
    assert ran.code == 0
    assert ran.err == "note: the plot shows the loss alone: contours would take too long\n"
    assert "start" not in texts(data.decode())


def test_what_is_too_far_out_is_not_drawn(tmp_path: Path) -> None:
    ran, data = plotted(tmp_path, "1e-200*x", "--x", "1e150")
    assert ran.code == 0
    assert ran.err == "note: the plot shows the loss alone: the numbers are too large\n"
    assert "start" not in texts(data.decode())


def test_a_run_that_is_interrupted_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "plot.svg"
    words = command(*BOWL, "--lr", "1e-9", "--steps", "1000000000", "--plot", str(path))
    history = tmp_path / "steps.jsonl"
    with subprocess.Popen(
        [*words, "--history", str(history)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        end = time.monotonic() + 30
        while time.monotonic() < end and not (history.exists() and history.stat().st_size):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert "start" in texts(path.read_text(encoding="utf-8"))


def test_a_run_without_a_finite_loss_says_so(tmp_path: Path) -> None:
    ran, data = plotted(tmp_path, "x*log(x - 2)", "--x", "1")
    assert ran.code == 1
    assert "no finite loss" in texts(data.decode())


@pytest.mark.parametrize(
    "words",
    [
        ("5 + 0*x + 0*y", "--x", "1", "--y", "2"),
        ("x² + y²", "--x", "0", "--y", "0"),
        ("x²", "--x", "0"),
        ("x² + y²", "--x", "1", "--y", "2", "--steps", "1"),
        ("x² + y²", "--x", "1", "--y", "2", "--steps", "0"),
        ("x² + y²", "--x", "1", "--y", "0", "--lr", "0.1"),
        ("1e200*(x² + y²)", "--x", "1e-5", "--y", "2e-5", "--lr", "1e-201"),
        ("1e-200*(x² + y²)", "--x", "1e5", "--y", "2e5", "--lr", "1e199"),
        ("x² + 1e-12*y²", "--x", "1e-8", "--y", "1e8", "--lr", "0.1"),
        ("1000000 + 1e-6*x", "--x", "1e6", "--lr", "1"),
        ("where(x > 0, log(x), y)", "--x", "1", "--y", "2", "--lr", "0.1"),
        ("exp(x)", "--x", "1", "--lr", "100"),
        ("sum(relu(x))", "--x", "[1e-320, 1]", "--lr", "1e-3"),
    ],
)
def test_odd_runs_are_drawn(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert drawn(tmp_path, *words)


def test_long_runs_are_thinned_out(tmp_path: Path) -> None:
    words = ("(1 - x)² + 100*(y - x²)²", "--x", "-1.2", "--y", "1", "--steps", "20000")
    _, data = plotted(tmp_path, *words)
    assert len(data) < 150_000


def test_names_of_every_script_stay_text(tmp_path: Path) -> None:
    words = ("(权重 - 1)² + σ²", "--set", "权重=2", "--set", "σ=1", "--lr", "0.1")
    assert {"权重", "σ"} <= set(drawn(tmp_path, *words))
    ran, _ = plotted(tmp_path, *words, ending="png")
    assert (ran.code, ran.err) == (0, "")


# The files


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    for ending in ENDINGS:
        files = []
        for name in ("a", "b"):
            path = tmp_path / f"{name}{ending}"
            ran = started(*BOWL, "--lr", "0.9", "--plot", str(path), "--get", "steps")
            assert (ran.code, ran.out, ran.err) == (0, "100\n", "")
            files.append(path.read_bytes())
        assert files[0] == files[1], ending


def test_the_example_is_what_its_command_draws(tmp_path: Path, update: bool) -> None:
    """To the byte, where Matplotlib is the same; else its texts are."""
    _, data = plotted(tmp_path, *BOWL[1:], "--lr", "0.9", "--steps", "200")
    if update:
        EXAMPLE.write_bytes(data)
    known = EXAMPLE.read_bytes()
    assert data == known or texts(data.decode()) == texts(known.decode())


def test_an_svg_needs_no_other_file(tmp_path: Path) -> None:
    _, data = plotted(tmp_path, *BOWL[1:], "--lr", "0.9")
    text = data.decode()
    assert text.startswith('<svg role="img" aria-label="Descent on x0² + x1²: sgd')
    assert set(re.findall(r"https?://[^\s\"']*", text)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "<metadata" not in text


def test_a_png_is_wide_enough_for_a_slide(tmp_path: Path) -> None:
    _, data = plotted(tmp_path, *BOWL[1:], ending="png")
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">II", data[16:24]) == (1920, 880)


class Page(HTMLParser):
    """What a page refers to, and its texts."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.referred: list[str] = []

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        assert tag not in ("script", "link", "img", "iframe")
        self.referred += [value for name, value in attrs if name in ("src", "href")]


def test_a_page_has_picture_and_table_and_asks_for_nothing(tmp_path: Path) -> None:
    words = ("f = (x - 1)²; # <b>\nf*2 + 0*(y < 3)", "--x", "3", "--y", "1", "--lr", "0.1")
    ran, data = plotted(tmp_path, *words, ending="html")
    assert ran.code == 0
    page = Page()
    page.feed(data.decode())
    assert page.referred == []
    assert {"variable", "loss", "stopped", "after all steps", "start"} <= set(page.said)
    assert "<b>" not in data.decode()


def test_a_page_says_what_failed(tmp_path: Path) -> None:
    _, data = plotted(tmp_path, *BOWL[1:], "--lr", "1.1", "--steps", "10000", ending="html")
    assert "left the finite numbers" in data.decode()


# What cannot be drawn


@pytest.mark.parametrize("path", ["plot.pdf", "plot", "-", "plot.svg.gz", "svg"])
def test_another_ending_is_refused_before_anything_runs(tmp_path: Path, path: str) -> None:
    ran = called("descend", "no such formula (", "--plot", str(tmp_path / path))
    assert ran.code == 2
    assert "--plot draws .svg, .png and .html" in ran.err
    assert not (tmp_path / path).exists()


def test_what_cannot_be_written_is_found_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "folder.svg").mkdir()
    for name, why in {"folder.svg": "it is a directory", "no/a.svg": "no such directory"}.items():
        ran = called(*BOWL, "--steps", "1000000000", "--plot", str(tmp_path / name))
        assert (ran.code, ran.out) == (2, "")
        assert why in ran.err


def test_a_full_disk_is_an_error_after_the_result(tmp_path: Path) -> None:
    path = tmp_path / "full.svg"
    path.symlink_to("/dev/full")
    ran = called(*BOWL, "--plot", str(path), "--get", "steps")
    assert (ran.code, ran.out) == (2, "100\n")
    assert ran.err == f"error: {path} cannot be written: No space left on device\n"


def test_without_matplotlib_the_extra_is_named_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    ran = called(*BOWL, "--steps", "1000000000", "--plot", str(tmp_path / "a.svg"))
    assert (ran.code, ran.out) == (2, "")
    assert 'pip install "bpcalc[plot]"' in ran.err
    assert list(tmp_path.iterdir()) == []


def test_matplotlib_is_silent_whatever_is_around_it(tmp_path: Path) -> None:
    nowhere = {"HOME": "/proc/none", "XDG_CONFIG_HOME": "/proc/none", "XDG_CACHE_HOME": "/proc/no"}
    for changes in (nowhere, {"MPLBACKEND": "nonsense"}, {"MPLCONFIGDIR": "/proc/none"}):
        ran = started(
            *BOWL, "--plot", str(tmp_path / "a.png"), "--get", "steps", env=environment(**changes)
        )
        assert (ran.code, ran.out, ran.err) == (0, "100\n", "")


def test_matplotlib_is_imported_for_a_plot_alone() -> None:
    code = f"from bpcalc.cli import main; import sys; main({list(BOWL)!r})"
    script = f"{code}\nassert 'matplotlib' not in sys.modules and 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, timeout=60)


def test_settings_of_the_user_do_not_change_the_picture(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("axes.facecolor: red\nsvg.fonttype: path\n")
    _, data = plotted(tmp_path, *BOWL[1:])
    other = tmp_path / "other.svg"
    env = environment(MATPLOTLIBRC=str(tmp_path / "matplotlibrc"))
    started(*BOWL, "--plot", str(other), env=env)
    assert other.read_bytes() == data


def test_a_plot_of_a_resumed_run_begins_where_that_does(tmp_path: Path) -> None:
    saved = str(tmp_path / "state.json")
    called(*BOWL, "--lr", "0.01", "--steps", "50", "--save", saved)
    said = drawn(tmp_path, BOWL[1], "--lr", "0.01", "--steps", "80", "--resume", saved)
    assert {"50", "80"} <= set(said)
    assert "100" not in said
    assert "−3" not in said


def test_the_picture_leaves_the_result_as_it_is(tmp_path: Path) -> None:
    words = ("descend", "sum((x - [1, 2])²)", "--x", "[4, 5]", "--lr", "0.1", "--format", "json")
    ran = called(*words, "--plot", str(tmp_path / "a.svg"))
    assert ran.out == called(*words).out
    assert numpy.allclose(ran.data["values"]["x"], [1, 2])
