"""text -> tokens. A token is a plain string; where it stood is worked out only when someone asks.

Finding tokens is one pass of one regular expression. Whitespace and comments belong to no token;
a line break is a token, and the text ends with the empty token. Mathematics pasted from
elsewhere (`−`, `（`, `÷`) is first replaced by what it looks like, one character for one, so that
positions hold.
"""

from __future__ import annotations

import re

from bpcalc.errors import RequestError, Span

END = ""

MAX_CHARACTERS = 32_000_000
MAX_TOKENS = 3_650_000

_PASTED: dict[str, str | int | None] = {
    **dict(zip("−–‒―﹣－", "------")),
    **dict(zip("（）［］，；：＝＋＊／＜＞！．＾＿", "()[],;:=+*/<>!.^_")),
    **dict(zip("∗⋅∙÷∕⁄", "*··///")),
    **dict(zip("０１２３４５６７８９", "0123456789")),
    "\u2028": "\n",
    "\u2029": "\n",
    "\ufeff": " ",
}
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_SUPERSCRIPT_VALUES = str.maketrans(_SUPERSCRIPTS + "⁺⁻", "0123456789+-")
_DIGITS = "[0-9]+(?:_[0-9]+)*"
_NUMBER = rf"(?:{_DIGITS}(?:\.(?![A-Za-z]\b)(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?[0-9]+)?"
_OPERATOR = r"\*\*|[<>=!]=|\.T\b|\n|.|\Z"
_SKIPPED = r"[^\S\n]*+(?:#[^\n]*+)?+"
_ASCII = re.compile(rf"{_SKIPPED}([A-Za-z_][A-Za-z0-9_]*|{_NUMBER}|{_OPERATOR})", re.ASCII)


def tokens(text: str) -> list[str]:
    """The tokens of `text`; the last one is END.

    Raises:
        RequestError: the text is too long.
    """
    if len(text) > MAX_CHARACTERS:
        raise RequestError(
            f"the formula has {len(text):,} characters, and {MAX_CHARACTERS:,} is the most",
            hint="a long sum over data is a row per term in a table",
        )
    found: list[str] = _pattern(text).findall(_plain(text))
    if len(found) > MAX_TOKENS:
        raise RequestError(
            f"the formula has {len(found):,} names, numbers and signs, "
            f"and {MAX_TOKENS:,} is the most"
        )
    return found


def token_spans(text: str) -> list[Span]:
    """Where each token stands in `text`."""
    return [match.span(1) for match in _pattern(text).finditer(_plain(text))]


def normal(name: str) -> str:
    """A name in the one form under which it is known: `é` is one character, however typed."""
    if name.isascii():
        return name
    import unicodedata

    return unicodedata.normalize("NFC", name)


def is_name(text: str) -> bool:
    """Whether `text` is one name of the language, whole."""
    found = _pattern(text).findall(text)
    return len(found) > 1 and found[0] == text and starts_name(text)


def starts_name(token: str) -> bool:
    """Whether a token is a name, from its first character."""
    return token[:1] == "_" or (token[:1].isalpha() and token[0] != "ᵀ")


def superscript(token: str) -> str | None:
    """`²` as `2`, `⁻¹` as `-1`; None for every other token."""
    if not token or token[-1] not in _SUPERSCRIPTS:
        return None
    return token.translate(_SUPERSCRIPT_VALUES)


def _plain(text: str) -> str:
    return text if text.isascii() else text.translate(str.maketrans(_PASTED))


def _pattern(text: str) -> re.Pattern[str]:
    """The expression that finds the tokens of this text."""
    if text.isascii():
        return _ASCII
    import unicodedata

    # Scripts that write vowels as marks, and accents typed apart: \w alone leaves those out.
    marks = "".join(sorted(c for c in set(text) if unicodedata.category(c) in ("Mn", "Mc")))
    digits = f"[⁺⁻]?[{_SUPERSCRIPTS}]+"
    letter = rf"(?![{_SUPERSCRIPTS}ᵀ])[\w′{marks}]"
    return re.compile(rf"{_SKIPPED}({digits}|(?!\d){letter}(?:{letter})*|{_NUMBER}|{_OPERATOR})")
