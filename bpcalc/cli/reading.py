"""Formulas and tables of values from files and standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from bpcalc.array_values import array
from bpcalc.errors import RequestError, printable
from bpcalc.formula.tokens import MAX_CHARACTERS, is_name, normal
from bpcalc.ops.constants import Constant

_SECONDS_FOR_A_WRITER = 10.0


def formula_text(given: list[str], file: str | None) -> str:
    """The formula: the argument, a file's text, or what standard input brings for `-`.

    Raises:
        RequestError: there is none, or more than one, or it cannot be read.
    """
    if file is not None:
        given = [*given, file]
    if not given:
        raise RequestError(
            "a formula is needed",
            hint='bpcalc grad "x**2*y + y + 2" --x 3 --y 4; -f FILE reads one, - standard input',
        )
    if len(given) > 1:
        raise RequestError(
            f"one formula is needed, and {len(given)} are given: "
            f"{', '.join(printable(text, 30) for text in given[:4])}",
            hint="put the formula in quotes; a variable's value is given as --x 3",
        )
    if file is None and given[0] != "-":
        return given[0]
    return read_text(given[0])


def read_text(path: str) -> str:
    """The text of a file, or of standard input for `-`.

    Raises:
        RequestError: it is no readable file of UTF-8 text, or too long.
    """
    shown = "standard input" if path == "-" else printable(path, 80)
    return decoded(_bytes_of(path, shown), shown)


def decoded(data: bytes, shown: str) -> str:
    """The text that bytes are in UTF-8.

    Raises:
        RequestError: they are none.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        raise RequestError(
            f"{shown} is not UTF-8 text: byte {why.start + 1} is 0x{data[why.start]:02x}"
        ) from None


def _bytes_of(path: str, shown: str) -> bytes:
    if path != "-":
        with opened(path, shown) as stream:
            return at_most(stream, 4 * MAX_CHARACTERS, shown)
    if sys.stdin is None:
        raise RequestError("standard input is closed")
    try:
        return at_most(sys.stdin.buffer, 4 * MAX_CHARACTERS, shown)
    except OSError as why:
        raise _unreadable(shown, why) from None


def at_most(stream: BinaryIO, limit: int, shown: str) -> bytes:
    """What a stream holds.

    Raises:
        RequestError: that is longer than the limit.
    """
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise RequestError(f"{shown} is longer than {limit:,} bytes")
    return data


@contextmanager
def opened(path: str, shown: str) -> Iterator[BinaryIO]:
    """A file, or a pipe to which somebody writes, while its bytes are read.

    Raises:
        RequestError: it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError) as why:  # a path with a NUL is a ValueError
        raise _unreadable(shown, why) from None
    try:
        with os.fdopen(descriptor, "rb") as stream:
            _wait_for_a_writer(descriptor, shown)
            yield stream
    except OSError as why:
        raise _unreadable(shown, why) from None


def _unreadable(shown: str, why: Exception) -> RequestError:
    return RequestError(f"{shown} cannot be read: {getattr(why, 'strerror', None) or why}")


def _wait_for_a_writer(descriptor: int, shown: str) -> None:
    """A named pipe must have a writer soon."""
    import select
    import stat

    if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        if not select.select([descriptor], [], [], _SECONDS_FOR_A_WRITER)[0]:
            raise RequestError(f"nobody wrote to the pipe {shown}")
        os.set_blocking(descriptor, True)


def table_of_values(path: str) -> dict[str, Any]:
    """The values of `--vars FILE`, a JSON or TOML table, or what `descend` writes.

    A file that it names, as in "@W.npy", is looked for beside it.

    Raises:
        RequestError: the file is no such table.
    """
    kind = os.path.splitext(path)[1].lower()  # noqa: PTH122  (pathlib costs 8 ms of start-up)
    if kind == ".npz":
        from bpcalc.descent.state import learnt_values

        with opened(path, printable(path, 80)) as stream:
            return learnt_values(stream.read(), printable(path, 80))
    if kind not in (".json", ".toml"):
        raise RequestError(
            f"--vars reads .json, .toml and .npz, and not {printable(path, 80)}",
            hint='a table of values is {"x": 3, "y": 4}',
        )
    text = read_text(path)
    try:
        table = _json(text) if kind == ".json" else _toml(text)
        if not isinstance(table, dict):
            raise RequestError('it has to hold one table, as in {"x": 3}')
        table = _learnt(table)
        folder = os.path.dirname(path)  # noqa: PTH120
        return _once((_name(name), _value(name, value, folder)) for name, value in table.items())
    except RecursionError:
        raise RequestError(f"{printable(path, 80)} is nested too deeply") from None
    except RequestError as error:
        error.message = f"{printable(path, 80)}: {error.message}"
        raise
    except ValueError as why:
        said = complaint(why, "a table of values")
        raise RequestError(f"{printable(path, 80)}: {said}") from None


def complaint(why: ValueError, what: str) -> str:
    """A parser's complaint without what it quotes of the file, which should be `what`."""
    if type(why) is ValueError:  # int() reads up to 4300 digits
        return "a number in it has too many digits"
    line, column = getattr(why, "lineno", None), getattr(why, "colno", None)
    if line is not None:
        return f"not {what}: see line {line}, column {column}"
    return f"not {what}: {printable(str(why), 100)}"


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise RequestError(f"{printable(name, 60)} stands there twice")
        found[name] = value
    return found


def _json(text: str) -> Any:
    import json

    def refused(text: str) -> float:
        raise RequestError(f"{text} is not a finite number")

    return json.loads(
        text,
        object_pairs_hook=_once,
        parse_float=_typed,
        parse_int=_typed,
        parse_constant=refused,
    )


def _toml(text: str) -> Any:
    import re
    import tomllib

    part = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
    if re.search(rf"(?<![\w-])(?:{part}){{100}}", text):  # tomllib copies a.a.a... part by part
        raise RecursionError
    return tomllib.loads(text, parse_float=_typed)


def _learnt(table: dict[str, Any]) -> dict[str, Any]:
    """Of what `descend` has written the values that were learnt."""
    values = table.get("values")
    return values if "bpcalc" in table and isinstance(values, dict) else table


def _name(name: str) -> str:
    if not is_name(name):
        raise RequestError(f"{printable(repr(name), 60)} is not a name of a variable")
    return normal(name)


def _typed(text: str) -> Constant:
    """A number that is still known as it stands there."""
    return Constant(float(text), text)


def _value(name: str, value: Any, folder: str) -> Any:
    """A number or expression as text, or an array."""
    if isinstance(value, Constant):
        return value.text
    if isinstance(value, list):
        return array(name, value)
    if isinstance(value, str):
        file = value.lstrip()
        if file[:1] != "@" or file in ("@", "@-"):
            return value
        return f"@{os.path.join(folder, file[1:])}"  # noqa: PTH118
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**1000 else "1e1000"
    kind = {dict: "a table", type(None): "null"}.get(type(value), "no number")
    raise RequestError(f"the value of {name} is {kind}")
