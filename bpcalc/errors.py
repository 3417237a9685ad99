"""What can go wrong: a message, the place in the formula, the values, a hint, an exit code.

The parts are data; `BpcalcError.drawn` is the one place that lays them out:

    error: log needs a number above 0, and got -2.0
      2 | loss = log(x - w) + b
        |        ^^^^^^^^^^
      x - w = -2.0, where x = 3.0, w = 5.0
      hint: ...
"""

from __future__ import annotations

from collections.abc import Sequence

Span = tuple[int, int]
"""Where something stands in the formula: (start, end) offsets in characters."""

_EXCERPT_CELLS = 72  # fits an 80-column terminal beside the line number
_MESSAGE_CHARACTERS = 400


class BpcalcError(Exception):
    """Base of every error that a user can cause; never raised itself."""

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        source: str = "",
        span: Span | None = None,
        values: Sequence[str] = (),
        hint: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.span = span
        self.values = tuple(values)
        self.hint = hint

    def drawn(self) -> str:
        """The whole error as the terminal shows it, without a newline at the end."""
        lines = [f"error: {printable(self.message, _MESSAGE_CHARACTERS)}"]
        if self.span is not None:
            lines += excerpt(self.source, self.span)
        lines += [f"  {printable(line)}" for line in self.values]
        if self.hint:
            lines.append(f"  hint: {printable(self.hint, _MESSAGE_CHARACTERS)}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.message


class RequestError(BpcalcError):
    """The request is wrong: a formula that does not parse, an unknown name, a missing value."""

    exit_code = 2


class CalculationError(BpcalcError):
    """The calculation failed: outside a function's domain, or a result that is not finite."""

    exit_code = 1


def excerpt(source: str, span: Span) -> list[str]:
    """The line of the formula that holds `span`, and under it a caret as wide as the span."""
    start, end = span
    first = source.rfind("\n", 0, start) + 1
    last = source.find("\n", start)
    last = len(source) if last < 0 else last
    number = str(source.count("\n", 0, start) + 1)
    before, place = source[first:start], source[start : min(end, last)]
    before, place, after = _window(before, place, source[start + len(place) : last])
    margin = " " * len(number)
    indent = " " * cells(before)
    carets = "^" * max(1, cells(place))
    return [f"  {number} | {before}{place}{after}", f"  {margin} | {indent}{carets}"]


def _window(before: str, place: str, after: str) -> tuple[str, str, str]:
    """What of a long line is shown around the place: half the width on either side."""
    if len(place) > _EXCERPT_CELLS:
        place = place[: _EXCERPT_CELLS - 1] + "…"
    room = max(8, _EXCERPT_CELLS - len(place))
    if len(before) + len(after) > room:
        left = max(room // 2, room - len(after))
        right = max(room // 2, room - len(before))
        if len(before) > left:
            before = "…" + before[len(before) - left + 1 :]
        if len(after) > right:
            after = after[: right - 1] + "…"
    return tuple(_visible(part) for part in (before, place, after))  # type: ignore[return-value]


def _visible(text: str) -> str:
    """`text` with every control character as one visible cell, so that it cannot move the caret."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c in "\t\u3000\xa0" else "\ufffd" for c in text)


def printable(text: str, limit: int = 2000) -> str:
    """`text` on one line, without control characters, and cut at `limit` characters."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return _visible(text.replace("\n", " "))


def cells(text: str) -> int:
    """How many terminal cells `text` takes: `σ` is one, `数` two, a combining accent none."""
    if text.isascii():
        return len(text)
    import unicodedata

    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    marks = sum(unicodedata.category(c) in ("Mn", "Me", "Cf") for c in text)
    return len(text) + wide - marks


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name that `name` is most likely a slip of, if any is close."""
    import difflib

    if len(name) > 60:
        return None
    folded = {k.lower(): k for k in reversed(known)}
    close = difflib.get_close_matches(name.lower(), list(folded), n=1, cutoff=0.7)
    return folded[close[0]] if close else None


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A hint that offers the nearest known name, or an empty string."""
    close = nearest(name, known)
    return f"did you mean {close}?" if close else ""
