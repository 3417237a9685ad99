"""argv -> exit code. Every error ends here, as one message and never as a traceback.

Exit codes: 0 done, 1 the calculation failed, 2 the request is wrong, 130 interrupted.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; its exit code."""
    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has gone: `| head`
        _silence()
        return 0
    except OSError as why:  # Click's help; reading and writing have messages of their own
        return _said(f"error: standard output cannot be written: {why.strerror}", 2)
    except (MemoryError, RecursionError):
        return _said("error: this needs more memory than there is", 1)
    except Exception as why:  # a bug of ours: still one message
        if os.environ.get("BPCALC_TRACEBACK"):
            raise
        return _said(f"error: bpcalc failed: {type(why).__name__}: {str(why)[:200]}", 1)


def _run(argv: list[str]) -> int:
    import click

    from bpcalc.cli.commands import commands
    from bpcalc.cli.writing import ESCAPED
    from bpcalc.errors import BpcalcError

    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ESCAPED)
    try:
        code = commands.main(argv, prog_name="bpcalc", standalone_mode=False)
    except BpcalcError as error:
        return _said(error.drawn(), error.exit_code)
    except SystemExit as left:  # Click's: a completion is done, or the reader of a pipe has gone
        if left.code:
            raise BrokenPipeError from None
        return 0
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        return _said(_click_said(error), 2)
    return code if isinstance(code, int) else 0


def _click_said(error: object) -> str:
    """Click's message in the form of ours."""
    from bpcalc.errors import RequestError

    text = " ".join(error.format_message().split()).rstrip(".")  # type: ignore[attr-defined]
    return RequestError(text[:1].lower() + text[1:]).drawn()


def _said(message: str, code: int) -> int:
    from bpcalc.cli.writing import told

    told(message)
    return code


def _silence() -> None:
    """Let what is still to be flushed go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def script() -> None:
    """The console script: run, then leave at once, without taking a large graph apart first."""
    gc.disable()  # nothing that one calculation makes is worth collecting before it ends
    code = main()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:
        pass
    os._exit(code)
