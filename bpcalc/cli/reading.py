"""Formulas and tables of values from files and standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any

from bpcalc.errors import RequestError, printable
from bpcalc.formula.tokens import MAX_CHARACTERS, is_name, normal

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
    try:
        data = _bytes_of(path, shown)
    except (OSError, ValueError) as why:
        reason = getattr(why, "strerror", None) or str(why)
        raise RequestError(f"{shown} cannot be read: {reason}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        raise RequestError(
            f"{shown} is not UTF-8 text: byte {why.start + 1} is 0x{data[why.start]:02x}"
        ) from None


def _bytes_of(path: str, shown: str) -> bytes:
    limit = 4 * MAX_CHARACTERS
    if path == "-":
        if sys.stdin is None:
            raise RequestError("standard input is closed")
        data = sys.stdin.buffer.read(limit + 1)
    else:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as stream:
            _wait_for_a_writer(descriptor, shown)
            data = stream.read(limit + 1)
    if len(data) > limit:
        raise RequestError(f"{shown} is longer than {limit:,} bytes")
    return data


def _wait_for_a_writer(descriptor: int, shown: str) -> None:
    """A named pipe must have a writer soon."""
    import select
    import stat

    if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        if not select.select([descriptor], [], [], _SECONDS_FOR_A_WRITER)[0]:
            raise RequestError(f"nobody wrote to the pipe {shown}")
        os.set_blocking(descriptor, True)


def table_of_values(path: str) -> dict[str, float | str]:
    """The values of `--vars FILE`, a JSON or TOML table.

    Raises:
        RequestError: the file is no such table.
    """
    kind = os.path.splitext(path)[1].lower()  # noqa: PTH122  (pathlib costs 8 ms of start-up)
    if kind not in (".json", ".toml"):
        raise RequestError(
            f"--vars reads .json and .toml, and not {printable(path, 80)}",
            hint='a table of values is {"x": 3, "y": 4}',
        )
    text = read_text(path)
    try:
        table = _json(text) if kind == ".json" else _toml(text)
        if not isinstance(table, dict):
            raise RequestError('it has to hold one table, as in {"x": 3}')
        return _once((_name(name), _value(name, value)) for name, value in table.items())
    except RecursionError:
        raise RequestError(f"{printable(path, 80)} is nested too deeply") from None
    except RequestError as error:
        error.message = f"{printable(path, 80)}: {error.message}"
        raise
    except ValueError as why:
        raise RequestError(f"{printable(path, 80)}: {_complaint(why)}") from None


def _complaint(why: ValueError) -> str:
    """A parser's complaint without what it quotes of the file."""
    if type(why) is ValueError:  # int() reads up to 4300 digits
        return "a number in it has too many digits"
    line, column = getattr(why, "lineno", None), getattr(why, "colno", None)
    if line is not None:
        return f"not a table of values: see line {line}, column {column}"
    return f"not a table of values: {printable(str(why), 100)}"


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
        parse_float=str,
        parse_int=str,
        parse_constant=refused,
    )


def _toml(text: str) -> Any:
    import re
    import tomllib

    part = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
    if re.search(rf"(?<![\w-])(?:{part}){{100}}", text):  # tomllib copies a.a.a... part by part
        raise RecursionError
    return tomllib.loads(text, parse_float=str)


def _name(name: str) -> str:
    if not is_name(name):
        raise RequestError(f"{printable(repr(name), 60)} is not a name of a variable")
    return normal(name)


def _value(name: str, value: Any) -> float | str:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        kind = {dict: "a table", list: "an array", type(None): "null"}.get(type(value), "no number")
        more = (
            ", and this version of bpcalc computes with numbers only" if kind == "an array" else ""
        )
        raise RequestError(f"the value of {name} is {kind}{more}")
    if isinstance(value, int):
        return str(value) if abs(value) < 10**1000 else "1e1000"
    return value
