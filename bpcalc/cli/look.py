"""What standard output can show: its width, colour, and characters beyond ASCII."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bpcalc.render.table import Look


def look(color: str, output: str | None) -> Look:
    """How a table for this destination looks: a file and a pipe get no colour and are never cut."""
    from bpcalc.render.table import Look

    terminal = output in (None, "-") and sys.stdout is not None and sys.stdout.isatty()
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


def _shows(characters: str) -> bool:
    try:
        characters.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
