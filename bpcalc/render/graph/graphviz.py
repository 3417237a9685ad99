"""DOT -> PNG or PDF, by Graphviz, which the extra bpcalc[draw] brings along.

Graphviz runs in a process of its own: nothing else can stop it when a layout takes too long, and
its warnings stay there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from bpcalc.errors import RequestError

_SECONDS = 30
"""Until a layout is given up; a network of 5,000 nodes takes half of it (see _FAST in dot.py)."""

_DATE = re.compile(rb"\(D:\d{14}")
"""When a PDF was made; what replaces it has to be as long, since a PDF counts its bytes."""

_INSTEAD = "--format dot, svg and html have no such limit"


def drawn(dot_text: str, form: str) -> bytes:
    """The picture in a format of Graphviz, the same bytes every time.

    Raises:
        RequestError: Graphviz is not installed, or the picture is too large for it.
    """
    if find_spec("pygraphviz") is None:
        raise RequestError(
            f"{form} needs Graphviz, which is not installed",
            hint='pip install "bpcalc[draw]"; --format dot, svg and html work without it',
        )
    try:
        done = _run(dot_text, form)
    except subprocess.TimeoutExpired:
        raise RequestError(
            f"Graphviz found no layout in {_SECONDS} seconds: the picture is too large",
            hint=_INSTEAD,
        ) from None
    if done.returncode or not done.stdout:
        raise RequestError(f"Graphviz could not draw this: {_last_line(done)}", hint=_INSTEAD)
    return _DATE.sub(rb"(D:19700101000000", done.stdout) if form == "pdf" else done.stdout


def _run(dot_text: str, form: str) -> subprocess.CompletedProcess[bytes]:
    script = Path(__file__).with_name("graphviz_process.py")
    return subprocess.run(
        [sys.executable, "-P", str(script), form],  # -P: no module from the folder of the script
        input=dot_text.encode(),
        capture_output=True,
        timeout=_SECONDS,
        env={**os.environ, "TZ": "UTC"},  # the date in a PDF is longer elsewhere
        check=False,
    )


def _last_line(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode(errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), f"exit {done.returncode}")
