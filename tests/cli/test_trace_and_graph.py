"""`bpcalc trace` and `bpcalc graph` as commands: options, formats by name, files, exit codes."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from cli.running import called, command, environment, started

A1 = ("x**2*y+y+2", "--x", "3", "--y", "4")
NETWORK = ("z = w*x + b; a = sigmoid(z); a^2", "--w", "2", "--x", "-1", "--b", "1")


def test_the_trace_tells_the_derivation_of_the_issue() -> None:
    told = called("trace", *A1).out.splitlines()
    assert "  ∂f/∂n4 = ∂f/∂n5 · ∂n5/∂n4 = 1 · y   = 1·4     = 4" in told  # the sides in columns
    assert told[:3] == ["f = x**2*y+y+2", "  at x = 3, y = 4", "  Numbers are rounded to 9 digits."]
    assert "   ∂f/∂y = 9 (through n5) + 1 (through n6) = 10" in told
    assert "      n5 = n4·y   = 9·4    = 36" in told


def test_a_trace_of_one_node_tells_only_what_leads_to_it() -> None:
    told = called("trace", *NETWORK, "--node", "w", "--no-check").out
    assert "∂f/∂w = ∂f/∂a · ∂a/∂z · ∂z/∂w" in told
    assert "∂f/∂x" not in told


def test_from_and_to_tell_a_part() -> None:
    told = called("trace", *A1, "--from", "n4", "--to", "n5", "--no-check").out
    assert "∂f/∂n4 =" in told
    assert "∂f/∂n6 =" not in told
    assert "Nodes n4 to n5 of 7." in told


def test_wrt_tells_only_the_ways_to_these_variables() -> None:
    told = called("trace", *A1, "--wrt", "x", "--no-check").out
    assert "∂f/∂x = " in told
    assert "∂f/∂y = " not in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--node", "q"), "--node: there is no node q"),
        (("--from", "n9"), "--from: there is no node n9"),
        (("--from", "n5", "--to", "n4"), "--from n5 comes after --to n4"),
        (("--node", "x", "--from", "n4"), "--node, --wrt, and --from with --to exclude each other"),
        (("--wrt", "x", "--to", "n4"), "--node, --wrt, and --from with --to exclude each other"),
        (("--wrt", "x", "--node", "y"), "--node, --wrt, and --from with --to exclude each other"),
        (("--lang", "fr"), "--lang"),
        (("-o", "a.docx"), "no format of this command is written to a file *.docx"),
        (("--get", "steps.99"), "--get: steps has no 99"),
    ],
)
def test_a_wrong_option_of_trace_is_an_error(words: tuple[str, ...], message: str) -> None:
    ran = called("trace", *A1, *words, "--no-check")
    assert ran.code == 2
    assert message in ran.err
    assert not ran.out


def test_get_reads_one_value_of_the_steps() -> None:
    assert called("trace", *A1, "--get", "steps.4.text").out == "n5 = n4·y = 9·4 = 36\n"
    assert called("trace", *A1, "--get", "gradient.y").out == "10.0\n"


def test_the_language_follows_the_locale_and_the_option() -> None:
    english = called("trace", *A1, "--lang", "en", "--no-check").out
    chinese = called("trace", *A1, "--lang", "zh", "--no-check").out
    assert "Forward" in english
    assert "前向传播" in chinese
    by_locale = environment(LC_ALL="zh_CN.UTF-8", PYTHONUTF8="1")
    assert started("trace", *A1, "--no-check", env=by_locale).out == chinese
    plain = environment(LC_ALL="zh_CN", PYTHONIOENCODING="ascii")
    assert "Forward" in started("trace", *A1, "--no-check", env=plain).out


@pytest.mark.parametrize("end", ["txt", "json", "md", "tex", "html"])
def test_the_name_of_the_file_says_the_format_of_a_trace(end: str, tmp_path: Path) -> None:
    file = tmp_path / f"told.{end}"
    assert called("trace", *A1, "-o", str(file)).code == 0
    form = {"txt": "table", "md": "markdown", "tex": "latex"}.get(end, end)
    assert file.read_text(encoding="utf-8") == called("trace", *A1, "--format", form).out


@pytest.mark.parametrize("end", ["txt", "json", "dot", "gv", "mmd", "svg", "html"])
def test_the_name_of_the_file_says_the_format_of_a_graph(end: str, tmp_path: Path) -> None:
    file = tmp_path / f"drawn.{end}"
    assert called("graph", *A1, "-o", str(file)).code == 0
    form = {"txt": "table", "gv": "dot", "mmd": "mermaid"}.get(end, end)
    assert file.read_text(encoding="utf-8") == called("graph", *A1, "--format", form).out


@pytest.mark.parametrize(("end", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_graphviz_draws_png_and_pdf(end: str, magic: bytes, tmp_path: Path) -> None:
    pytest.importorskip("pygraphviz", reason="bpcalc[draw] is not installed")
    file = tmp_path / f"drawn.{end}"
    assert called("graph", *A1, "-o", str(file)).code == 0
    assert file.read_bytes().startswith(magic)


def test_without_graphviz_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpcalc.render.graph.graphviz.find_spec", lambda _: None)
    ran = called("graph", *A1, "--format", "png", "--no-check")
    assert ran.code == 2
    assert 'pip install "bpcalc[draw]"' in ran.err


def test_an_unknown_ending_says_which_there_are(tmp_path: Path) -> None:
    ran = called("graph", *A1, "-o", str(tmp_path / "a.jpeg"), "--no-check")
    assert ran.code == 2
    assert ".svg, .png, .pdf" in ran.err
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "drawn.svg"
    folder.mkdir()
    ran = called("graph", *A1, "-o", str(folder), "--no-check")
    assert ran.code == 2
    assert "cannot be written" in ran.err
    old = tmp_path / "old.html"
    old.write_text("old")
    assert called("graph", "x*", "-o", str(old)).code == 2
    assert old.read_text() == "old"


def test_without_values_the_structure_alone_is_drawn() -> None:
    ran = called("graph", "x**2*y+y+2")
    assert ran.code == 0
    assert "gradient" not in ran.out
    assert "n7 = n6 + 2" in ran.out
    data = called("graph", "x**2*y+y+2", "--format", "json").data
    assert "value" not in data["nodes"][0]
    assert data["edges"][0] == {"from": "n4", "to": "n1", "arg": 0}


def test_one_value_of_two_is_an_error() -> None:
    ran = called("graph", "x*y", "--x", "3")
    assert ran.code == 2
    assert "y has no value" in ran.err


def test_the_json_of_a_graph_is_that_of_grad_with_the_parts_of_the_formula() -> None:
    words = ("f(u) = u^2 + 1; a = f(x)*2; a + f(y)", "--x", "1", "--y", "2")
    graph = called("graph", *words, "--format", "json").data
    grad = called("grad", *words, "--format", "json").data
    groups = graph.pop("groups")
    assert graph == grad
    assert [group["name"] for group in groups] == ["a", "f", "f"]


def test_a_wrong_gradient_is_marked_and_ends_with_1() -> None:
    words = ("(exp(x)-1)/x", "--x", "1e-9")
    for form in ("table", "svg", "dot", "mermaid", "html"):
        ran = called("graph", *words, "--format", form)
        assert ran.code == 1
        assert "0.5" in ran.out
    assert called("trace", *words).code == 1


def test_a_png_is_nothing_for_a_terminal() -> None:
    pytest.importorskip("pygraphviz", reason="bpcalc[draw] is not installed")
    script = (
        "import sys, io\nfrom bpcalc.cli import main\n"
        "class Screen(io.StringIO):\n    isatty = lambda self: True\n"
        "sys.stdout = Screen()\n"
        f"sys.exit(main(['graph', *{A1!r}, '--format', 'png', '--no-check']))"
    )
    import subprocess

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 2
    assert "a png is nothing for a terminal" in ran.stderr


def test_open_writes_the_page_and_opens_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    page = tmp_path / "page.html"
    assert called("graph", *A1, "--open", "-o", str(page), "--no-check").code == 0
    assert opened == [page.as_uri()]
    assert "<svg" in page.read_text(encoding="utf-8")
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    ran = called("graph", *A1, "--open", "--no-check")
    assert ran.code == 0
    assert "no browser could be opened; the page is " in ran.err
    assert called("graph", *A1, "--open", "--format", "svg").code == 2


def test_a_large_graph_says_what_it_left_out() -> None:
    formula = "f(u, v) = u*v + sin(u); " + "; ".join(
        f"a{k} = f({f'a{k - 1}' if k > 1 else 'x'}, y) + f(x, 2)" for k in range(1, 700)
    )
    ran = called("graph", formula, "--x", "0.5", "--y", "0.5", "--no-check", "--format", "svg")
    assert ran.code == 0
    ET.fromstring(ran.out)
    assert "are too many to read" in ran.err
    assert "boxes left out" in ran.err


def test_a_closed_pipe_ends_quietly() -> None:
    import subprocess

    formula = "+".join(f"x*{k}" for k in range(3000))
    line = " ".join(f"'{word}'" for word in map(str, command("trace", formula, "--x", "2")))
    ran = subprocess.run(
        ["bash", "-c", f"{line} --no-check | head -n 2"],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(),
    )
    assert ran.stderr == ""
    assert len(ran.stdout.splitlines()) == 2


def test_variables_named_like_an_option_are_refused() -> None:
    for name in ("node", "lang", "whole", "open", "from", "to"):
        command_name = "graph" if name in ("whole", "open") else "trace"
        ran = called(command_name, f"{name}*2", "--no-check")
        assert ran.code == 2
        assert f"--set {name}=" in ran.err


def test_notebooks_get_the_picture_and_the_table() -> None:
    import bpcalc

    result = bpcalc.grad("x*y", x=2, y=3)
    assert "data:image/svg+xml;base64," in result._repr_html_()
    assert "<table>" in result._repr_html_()
    ET.fromstring(result._repr_svg_())
    ET.fromstring(bpcalc.parse("x*y")._repr_svg_())
    large = bpcalc.grad("+".join(f"x*{k}" for k in range(200)), x=1, check=False)
    assert "<svg" not in large._repr_html_()
    assert json.dumps(large._repr_html_())
