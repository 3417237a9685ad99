"""Every page, executed: what README and examples show is what happens.

Each line `$ ...` of a `console` block is run, in a copy of `examples/`, at 80 columns and without
colour. What follows it is its output, to the character: standard output, then standard error (which
is no terminal here: on one, slow machines would show bars that fast ones do not). Lines that begin
with `> ` carry the command on. A command that ends with a code other than 0 is followed by
`$ echo $?`. Between `<!-- $ command -->` and `<!-- end -->` stands output that Markdown shows.
A file of `examples/` that a command writes anew, such as a picture, has to come out the same.
`pytest --update` rewrites the outputs in place.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from bpcalc.cli import main

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [
    page
    for page in sorted([*ROOT.glob("*.md"), *ROOT.glob("*/*.md")])
    if not page.relative_to(ROOT).parts[0].startswith(".")
]
COLUMNS = 80


class Shown(NamedTuple):
    """A command on a page, and the lines that are its output: lines[first:last]."""

    command: str
    first: int
    last: int


def shown(lines: list[str]) -> Iterator[Shown]:
    """Every command of a page, in order."""
    i = 0
    while i < len(lines):
        included = re.fullmatch(r"<!-- \$ (.+) -->", lines[i])
        if included:
            end = lines.index("<!-- end -->", i)
            yield Shown(included[1], i + 1, end)
        elif lines[i] == "```console":
            end = lines.index("```", i)
            yield from _in_block(lines, i + 1, end)
        else:
            i += 1
            continue
        i = end + 1


def _in_block(lines: list[str], i: int, end: int) -> Iterator[Shown]:
    while i < end:
        assert lines[i].startswith("$ "), f"line {i + 1}: a console block begins with a command"
        command = [lines[i][2:]]
        i += 1
        while i < end and lines[i].startswith("> "):
            command.append(lines[i][2:])
            i += 1
        first = i
        while i < end and not lines[i].startswith("$ "):
            i += 1
        yield Shown("\n".join(command), first, i)


class Screen(io.StringIO):
    """What bpcalc takes for a terminal."""

    def isatty(self) -> bool:
        return True


class Terminal:
    """Runs commands as a reader would, one after the other, in a copy of the examples."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        here = self.folder = folder / "examples"
        shutil.copytree(ROOT / "examples", here)
        commands = folder / "bin"
        commands.mkdir()
        for name, words in {"bpcalc": "-m bpcalc ", "python": ""}.items():
            command = commands / name
            command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}"$@"\n')
            command.chmod(0o755)
        monkeypatch.chdir(here)
        monkeypatch.setenv("PATH", f"{commands}{os.pathsep}{os.environ['PATH']}")
        for name, value in {"COLUMNS": str(COLUMNS), "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PYTHONUTF8", "1")
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        self.code = 0
        """With which the last command ended."""

    def output(self, command: str) -> str:
        """What a command prints."""
        if command == "echo $?":
            code, self.code = self.code, 0
            return f"{code}\n"
        run = self._by_bash if _needs_a_shell(command) else self._by_main
        return run(command)

    def pictures(self) -> list[Path]:
        """The pictures that stand in the folder."""
        return sorted(self.folder.glob("*.svg"))

    def _by_main(self, command: str) -> str:
        screen, errors = Screen(), io.StringIO()
        with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(errors):
            self.code = main(shlex.split(command)[1:])
        return screen.getvalue() + errors.getvalue()

    def _by_bash(self, command: str) -> str:
        ours, theirs = pty.openpty()
        with (
            tempfile.TemporaryFile() as errors,
            subprocess.Popen(
                ["bash", "-c", command], stdin=subprocess.DEVNULL, stdout=theirs, stderr=errors
            ) as process,
        ):
            os.close(theirs)
            said = b"".join(iter(lambda: _read(ours), b"")).replace(b"\r\n", b"\n")
            self.code = process.wait()
            errors.seek(0)
            said += errors.read()
        os.close(ours)
        return said.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # so a terminal ends on Linux
        return b""


def _needs_a_shell(command: str) -> bool:
    """Whether it is more than one call of bpcalc: a pipe, a redirection, $( ), another command."""
    outside_quotes = re.sub(r'"[^"]*"|\'[^\']*\'', "", command)
    return (
        not command.startswith("bpcalc ")
        or "$" in command
        or re.search(r"[|<>;&\n]", outside_quotes) is not None
    )


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Terminal:
    return Terminal(monkeypatch, tmp_path)


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_page_shows_what_its_commands_print(page: Path, terminal: Terminal, update: bool) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    rewritten: list[str] = []
    done = 0
    for command, first, last in shown(lines):
        failed = terminal.code and command != "echo $?"
        assert not failed, f"line {first}: follow it with $ echo $?\n" + "\n".join(rewritten[-9:])
        found = terminal.output(command).splitlines()
        if not update:
            assert lines[first:last] == found, f"{_name(page)}, line {first}: $ {command}"
        rewritten += lines[done:first] + found
        done = last
    assert terminal.code == 0, "the last command: follow it with $ echo $?"
    if update:
        page.write_text("\n".join(rewritten + lines[done:]) + "\n", encoding="utf-8")
    for picture in terminal.pictures():
        known = ROOT / "examples" / picture.name
        if update:
            shutil.copy(picture, known)
        assert picture.read_bytes() == known.read_bytes(), f"{picture.name} is drawn otherwise"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_no_table_is_wider_than_the_terminal(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not [line for line in text.splitlines() if line[:1] in "╭│╰" and len(line) > COLUMNS]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert not [link for link in local if not (page.parent / link).exists()]


def test_the_python_of_the_readme_does_what_it_shows() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    text = "\n".join(block for block in blocks if ">>>" in block)
    session = doctest.DocTestParser().get_doctest(text, {}, "README", str(README), 0)
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(session, out=said.append)
    assert session.examples
    assert not result.failed, "".join(said)


def test_two_commands_do_all_the_set_up() -> None:
    """Both are one line each, and `.ci/run` takes the second one from below its heading."""
    text = README.read_text(encoding="utf-8")
    ((install,), (test,)) = (
        re.findall(rf"^## {heading}\n+```sh\n([^\n]+)\n```$", text, re.MULTILINE)
        for heading in ("Install", "Test")
    )
    fresh = "python3 -m venv .venv && .venv/bin/pip install -q"
    assert install == f'{fresh} . && .venv/bin/bpcalc grad "x**2*y+y+2" --x 3 --y 4'
    assert test == f'{fresh} -e ".[test]" && .venv/bin/pytest'


def test_the_readme_shows_the_main_job_first() -> None:
    commands = [found.command for found in shown(README.read_text(encoding="utf-8").splitlines())]
    assert commands[0] == 'bpcalc grad "x**2*y+y+2" --x 3 --y 4'
