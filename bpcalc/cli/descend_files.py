"""The files of `bpcalc descend`: none that is written may be one that is read, or another one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from bpcalc.descent.data import pairs
from bpcalc.errors import RequestError, printable

Named: TypeAlias = "tuple[str, str | None]"
"""(option, path)"""


def refuse_same_files(inputs: Iterable[Named], outputs: Sequence[Named]) -> None:
    """Every file that is written stands apart; but a run may be saved where it came from.

    Raises:
        RequestError: one would overwrite another.
    """
    known = [(option, path) for option, path in inputs if path not in (None, "-")]
    for option, path in outputs:
        if path is None or path == "-" or _is_device(path):
            continue
        for other, its_path in known:
            if (option, other) != ("--save", "--resume") and is_same(path, its_path):
                raise RequestError(
                    f"{option} would overwrite {printable(path, 80)}, which {other} names too",
                    hint="every file that is written needs a name of its own",
                )
        known.append((option, path))


def data_files(option: str, text: str | None) -> Iterator[Named]:
    """The files of `--data FILE` or `--data x=a.npy,t=b.npy`."""
    if text is not None:
        yield from ((option, path) for path in [p for _, p in pairs(text)] or [text])


def value_files(assignments: Iterable[tuple[str, str]]) -> Iterator[Named]:
    """The files of `--x @FILE` and `--x @FILE.csv:column`."""
    for name, text in assignments:
        if text.lstrip()[:1] == "@":
            path = text.lstrip()[1:]
            yield f"--{name}", path
            yield f"--{name}", path.rpartition(":")[0] or None


def is_same(one: str | None, other: str | None) -> bool:
    """Whether two paths name the same file."""
    if not one or not other:
        return False
    try:
        if os.path.exists(one) and os.path.exists(other):  # noqa: PTH110
            return os.path.samefile(one, other)  # noqa: PTH121
        return os.path.realpath(one) == os.path.realpath(other)
    except (OSError, ValueError):  # a NUL in the name
        return False


def _is_device(path: str) -> bool:
    return os.path.exists(path) and not os.path.isfile(path)  # noqa: PTH110, PTH113
