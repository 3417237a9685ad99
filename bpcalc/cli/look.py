"""What standard output can show: its width, colour, and characters beyond ASCII."""

from __future__ import annotations

import os
import shutil
import sys

from bpcalc.render.look import Look


def look(color: str, output: str | None) -> Look:
    """How a table for this destination looks: a file and a pipe get no colour and are never cut."""
    terminal = is_terminal(output)
    wanted = color == "always" or (
        color == "auto"
        and terminal
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )
    return Look(
        width=shutil.get_terminal_size().columns if terminal else None,
        colour=wanted,
        unicode=output not in (None, "-") or _shows("╭×∂✓"),
    )


def is_terminal(output: str | None) -> bool:
    """Whether the result goes to a terminal."""
    return output in (None, "-") and sys.stdout is not None and sys.stdout.isatty()


def _shows(characters: str) -> bool:
    """Whether standard output can show these characters."""
    if _plain_locale():
        return False
    try:
        characters.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _plain_locale() -> bool:
    """Whether the locale is C by choice; Python writes UTF-8 there all the same (PEP 538, 540)."""
    given = os.environ.get
    if given("PYTHONIOENCODING") or given("PYTHONUTF8"):
        return False
    characters = given("LC_CTYPE", "")
    if characters in ("C.UTF-8", "C.utf8", "UTF-8"):  # Python itself may have set that
        characters = ""
    return (given("LC_ALL") or characters or given("LANG")) in ("C", "POSIX")


def language(given: str | None, output: str | None) -> str:
    """The language that was asked for, else that of the locale, where the stream can show it."""
    if given is not None:
        return given
    locale = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    chinese = locale.lower().startswith("zh")
    return "zh" if chinese and (output not in (None, "-") or _shows("梯度")) else "en"
