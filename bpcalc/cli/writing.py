"""Text to standard output or into a file, whole or not at all; warnings to standard error."""

from __future__ import annotations

import codecs
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO, TypeAlias, cast

from bpcalc.errors import RequestError, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from bpcalc.results import Result


Pieces: TypeAlias = "Iterable[str] | bytes"

ESCAPED = "bpcalc.escaped"
"""The name under which Python knows how characters are written that an encoding lacks."""


def _escaped(why: UnicodeError) -> tuple[str, int]:
    """As JSON spells them, so that JSON stays JSON in every locale."""
    import json

    assert isinstance(why, UnicodeEncodeError)
    return json.dumps(why.object[why.start : why.end])[1:-1], why.end


codecs.register_error(ESCAPED, _escaped)


def written(pieces: Pieces, path: str | None) -> None:
    """Write a result, text in pieces or whole, or bytes, to standard output or to `path`.

    Raises:
        RequestError: the file cannot be written; one that was there is as it was.
    """
    if path is None or path == "-":
        _to_stream(pieces, sys.stdout)
        return
    _refuse_nameless(path)
    from pathlib import Path  # 8 ms of start-up, for files only

    try:
        _to_file(pieces, Path(path))
    except OSError as why:
        raise RequestError(f"{printable(path, 80)} cannot be written: {why.strerror}") from None


def _to_stream(pieces: Pieces, stream: TextIO | BinaryIO | None) -> None:
    if stream is None:
        raise RequestError("standard output is closed")
    try:
        _put(pieces, stream)
    except BrokenPipeError:
        raise
    except OSError as why:
        if stream is not sys.stdout:
            raise
        raise RequestError(f"standard output cannot be written: {why.strerror}") from None


def _put(pieces: Pieces, stream: TextIO | BinaryIO) -> None:
    if isinstance(pieces, bytes):
        binary = cast("BinaryIO", getattr(stream, "buffer", stream))
        binary.write(pieces)
    else:
        cast("TextIO", stream).writelines([pieces] if isinstance(pieces, str) else pieces)
    stream.flush()


def _place(path: Path) -> Path:
    """The path without links, so that a link stays a link."""
    try:
        place = path.resolve()
    except RuntimeError:  # up to Python 3.12; later the path comes back as it was
        place = path
    except ValueError as why:  # a NUL in the name
        raise OSError(0, str(why)) from None
    if place.is_symlink():
        raise OSError(0, "its links go in a circle")
    if place.is_dir():
        raise OSError(0, "it is a directory")
    return place


def _to_file(pieces: Pieces, path: Path) -> None:
    """Write a result to a file."""
    with _instead_of(path, "wb" if isinstance(pieces, bytes) else "w") as stream:
        _to_stream(pieces, stream)


@contextmanager
def _instead_of(path: Path, mode: str) -> Iterator[Any]:
    """A new file beside the old one, which it replaces when it is written."""
    import stat
    import tempfile
    from pathlib import Path

    form: dict[str, Any] = {"mode": mode}
    if mode == "w":
        form |= {"encoding": "utf-8", "errors": ESCAPED}
    if path.exists() and not path.is_dir() and not stat.S_ISREG(path.stat().st_mode):
        with path.open(**form) as stream:  # a device or a pipe
            yield stream
        return
    path = _place(path)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    beside = Path(name)
    try:
        with os.fdopen(descriptor, **form) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        beside.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


@contextmanager
def stream_to(path: str | None) -> Iterator[Callable[[bytes], None]]:
    """What writes bytes at once to standard output, or to a file that is there when all is written.

    Raises:
        RequestError: it cannot be written; a file that was there is as it was.
    """
    if path is None or path == "-":
        yield _at_once(sys.stdout, "standard output")
        return
    _refuse_nameless(path)
    from pathlib import Path

    try:
        with _instead_of(Path(path), "wb") as stream:
            yield _at_once(stream, printable(path, 80))
    except OSError as why:
        raise RequestError(f"{printable(path, 80)} cannot be written: {why.strerror}") from None


def _at_once(stream: Any, shown: str) -> Callable[[bytes], None]:
    if stream is None:
        raise RequestError("standard output is closed")
    binary = getattr(stream, "buffer", stream)
    raw = getattr(binary, "raw", binary)

    def write(data: bytes) -> None:
        try:
            _all_of(data, raw)
        except BrokenPipeError:
            raise
        except OSError as why:
            raise RequestError(f"{shown} cannot be written: {why.strerror}") from None

    return write


def _all_of(data: bytes, raw: Any) -> None:
    """Write until nothing is left: a signal ends a single write early, even a buffered one."""
    if hasattr(raw, "encoding"):  # a stream of text in memory
        raw.write(data.decode("utf-8", "replace"))
        return
    rest = memoryview(data)
    while rest:
        count = raw.write(rest)
        if count is None:  # somebody has made the pipe non-blocking
            import select

            select.select([], [raw], [])
        else:
            rest = rest[count:]


def refuse_unwritable(path: str) -> None:
    """Find out before a long calculation whether its result could be written.

    Raises:
        RequestError: `path` is a directory, or there is none for it, or it is empty.
    """
    _refuse_nameless(path)
    folder = os.path.dirname(path) or "."  # noqa: PTH120
    why = ""
    if os.path.isdir(path):  # noqa: PTH112
        why = "it is a directory"
    elif not os.path.isdir(folder):  # noqa: PTH112
        why = "there is no such directory"
    elif not os.path.exists(path) and not os.access(folder, os.W_OK):  # noqa: PTH110
        why = "the directory is not writable"
    if why:
        raise RequestError(f"{printable(path, 80)} cannot be written: {why}")


def _refuse_nameless(path: str) -> None:
    if not path:
        raise RequestError("the file to write to has an empty name: -o - is standard output")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def told(line: str) -> None:
    """A line to standard error, if there is one."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except OSError:
        pass  # there is nobody left to tell


def without_controls(text: str, path: str | None) -> str:
    """The text as it is, but without control characters where it goes to a terminal."""
    from bpcalc.cli.look import is_terminal

    if not is_terminal(path):
        return text
    return "\n".join(printable(line, len(line)) for line in text.split("\n"))


def value_at(data: Result | Mapping[str, Any], path: str) -> str:
    """The value of the JSON at `gradient.x` or `nodes.n4.value`, as plain text.

    Raises:
        RequestError: there is none.
    """
    found: Any = data
    taken: list[str] = []
    for key in path.split("."):
        entry = _entry(found, key)
        if entry is _NOTHING:
            where = f"{'.'.join(taken)} has" if taken else "there is"
            raise RequestError(
                f"--get: {printable(where, 80)} no {printable(key, 60) or 'empty key'}",
                hint=_keys(found),
            )
        found = entry
        taken.append(key)
    return _plain(found)


_NOTHING = object()


def _entry(found: Any, key: str) -> Any:
    """An entry by key; of a list by position, or by the id or name of what it holds."""
    if hasattr(found, "keys"):
        return found[key] if key in found.keys() else _NOTHING  # noqa: SIM118  (or a Result)
    if isinstance(found, list):
        if key.isascii() and key.isdigit() and len(key) < 10:
            return found[int(key)] if int(key) < len(found) else _NOTHING
        for kind in ("id", "name"):
            for entry in found:
                if isinstance(entry, dict) and entry.get(kind) == key:
                    return entry
    return _NOTHING


def _keys(found: Any) -> str:
    if hasattr(found, "keys"):
        keys = list(found.keys())
        return f"its keys: {', '.join(keys[:12]) or 'none'}{', ...' if len(keys) > 12 else ''}"
    if isinstance(found, list):
        return f"it is a list of {len(found)}, counted from 0"
    return ""


def _plain(value: Any) -> str:
    from bpcalc.results import strict

    value = strict(value)
    if isinstance(value, str):
        return value
    import json

    return json.dumps(value, ensure_ascii=False)
