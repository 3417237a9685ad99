"""PNG and PDF, by the real Graphviz; and what happens without it."""

from __future__ import annotations

import subprocess
from importlib.util import find_spec
from typing import Any

import pytest
from pictures import a1, hostile

from bpcalc.errors import RequestError
from bpcalc.render.graph import graphviz
from bpcalc.render.graph.dot import dot
from bpcalc.render.graph.graphviz import drawn

needs_graphviz = pytest.mark.skipif(
    find_spec("pygraphviz") is None, reason="Graphviz comes with bpcalc[draw]"
)


@needs_graphviz
@pytest.mark.parametrize(("form", "start"), [("png", b"\x89PNG\r\n"), ("pdf", b"%PDF-")])
def test_a_picture_is_the_same_bytes_every_time(
    form: str, start: bytes, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    once = drawn(dot(a1()), form)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert once.startswith(start)
    assert once == drawn(dot(a1()), form)
    assert b"(D:2" not in once
    assert capfd.readouterr() == ("", "")


@needs_graphviz
def test_odd_text_is_drawn() -> None:
    assert drawn(dot(hostile("σ 数 λ′ \\N <b> \ud800")), "png").startswith(b"\x89PNG")


@needs_graphviz
def test_what_is_no_dot_is_an_error() -> None:
    with pytest.raises(RequestError, match="Graphviz could not draw this"):
        drawn("digraph {", "png")


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphviz, "find_spec", lambda name: None)
    with pytest.raises(RequestError, match="png needs Graphviz") as caught:
        drawn(dot(a1()), "png")
    assert 'pip install "bpcalc[draw]"' in caught.value.hint
    assert caught.value.exit_code == 2


def test_a_layout_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_long(*args: Any, **options: Any) -> None:
        raise subprocess.TimeoutExpired("graphviz", options["timeout"])

    monkeypatch.setattr(graphviz, "find_spec", lambda name: object())
    monkeypatch.setattr(subprocess, "run", too_long)
    with pytest.raises(RequestError, match="too large") as caught:
        drawn(dot(a1()), "pdf")
    assert "--format dot, svg and html" in caught.value.hint
