"""What a stream can show."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """What the stream can show."""

    width: int | None = None
    """Columns of the terminal; None for a pipe, where nothing is cut or wrapped."""
    colour: bool = False
    unicode: bool = True
