"""bpcalc run for a test: in this process, which is fast, or as a process of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from bpcalc.cli import main

TIMEOUT = 60
"""Seconds after which a run counts as hanging."""


class Ran(NamedTuple):
    """What came of a command line."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as strict JSON (RFC 8259)."""
        return json.loads(self.out, parse_constant=_refused)


def _refused(text: str) -> None:
    raise AssertionError(f"{text} is not JSON")


def called(*words: str, stdin: bytes = b"") -> Ran:
    """`bpcalc WORDS` in this process."""
    streams = [io.TextIOWrapper(io.BytesIO(data), "utf-8") for data in (stdin, b"", b"")]
    before = sys.stdin
    sys.stdin, out, err = streams
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(list(words))
    finally:
        sys.stdin = before
    return Ran(code, *(_text(stream) for stream in (out, err)))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode()


def environment(**changes: str) -> dict[str, str]:
    """The environment without what would change the output, and with these changes."""
    ours = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "BPCALC_TRACEBACK", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "LANG": "C.UTF-8", "LC_ALL": "", "TERM": "xterm-256color", **changes}


def command(*words: str | bytes) -> list[str | bytes]:
    """The words that start bpcalc as a process."""
    return [sys.executable, "-m", "bpcalc", *words]


def started(
    *words: str | bytes,
    stdin: bytes = b"",
    timeout: float = TIMEOUT,
    env: Mapping[str, str] | None = None,
    cwd: Any = None,
) -> Ran:
    """`bpcalc WORDS` as a process of its own."""
    done = subprocess.run(
        command(*words),
        input=stdin,
        capture_output=True,
        timeout=timeout,
        env=dict(env) if env is not None else environment(),
        cwd=cwd,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
