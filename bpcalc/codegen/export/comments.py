"""The formula's text -> comment lines, in which it cannot end the comment.

Control characters, line separators and marks that change the direction of writing are shown as
the replacement character, a long line is cut, and a formula of very many lines too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bpcalc.errors import printable

_MOST_LINES = 200
_LONGEST = 300

_HARMLESS = {
    "//": [("\\", "∖"), ("??", "? ?"), ("*/", "* /"), ("/*", "/ *"), ("</", "< /"), ("<!", "< !")],
}
"""What else means something in a comment: a backslash at the end of a line of C carries the
comment on, ??/ is a backslash in C99, and </script> ends a script within a page."""


def comments(sign: str, lines: Iterable[str]) -> list[str]:
    """Each line behind the sign of a comment."""
    return [f"{sign} {_harmless(sign, line)}".rstrip() for line in lines]


def _harmless(sign: str, line: str) -> str:
    text = printable(line, _LONGEST)
    for found, instead in _HARMLESS.get(sign, []):
        text = text.replace(found, instead)
    return text


def formula_lines(source: str) -> list[str]:
    """The lines of a formula, without empty ones at its ends."""
    lines = [_without_sign(line) for line in source.strip("\n\r ").splitlines()]
    if len(lines) > _MOST_LINES:
        return [*lines[:_MOST_LINES], "..."]
    return lines


def _without_sign(line: str) -> str:
    """A comment of the formula is one of the source, too."""
    return line.lstrip("# ") if line.startswith("#") else line


def renamed_lines(renamed: Mapping[str, str]) -> list[str]:
    """What names of the formula are called in the source."""
    return [f"{name} is called {found}" for name, found in renamed.items()]


def given_lines(fixed: Mapping[str, float]) -> list[str]:
    """The values that were folded in."""
    return [f"{name} = {value!r}" for name, value in fixed.items()]
