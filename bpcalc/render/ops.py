"""The table of operations, and one of them whole, as text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bpcalc.render.markdown import code
from bpcalc.results import SCHEMA

if TYPE_CHECKING:
    from bpcalc.ops.describe import Entry
    from bpcalc.render.look import Look


def entry_text(entry: Entry, width: int = 80) -> str:
    """Everything about one operation, for a person."""
    lines = [entry.signature, *_filled(entry.doc, width, "  ")]
    if entry.aliases:
        lines.append(f"  also written {', '.join(entry.aliases)}")
    if entry.meaning:
        lines += ["", "meaning", *_filled(entry.meaning, width, "  ")]
    if entry.derivatives:
        lines += ["", *_filled(_heading(entry), width, "")]
    for name, slope in entry.derivatives.items():
        lines += _filled(
            f"{name}: {slope}" if entry.shapes else f"d/d{name} = {slope}", width, "  "
        )
    for name, what in entry.helpers.items():
        lines += _filled(f"with {name}: {what}", width, "  ")
    if entry.domain:
        lines += ["", "domain", *_filled(f"needs {entry.domain}", width, "  ")]
    for kink in entry.kinks:
        lines += ["", *_filled(f"kink: where {kink.when}, as in {kink.example}", width, "")]
        lines += [f"  bpcalc   {kink.ours}", f"  PyTorch  {kink.torch}", f"  JAX      {kink.jax}"]
    return "\n".join(lines) + "\n"


def _heading(entry: Entry) -> str:
    """What the derivatives below are."""
    if not entry.shapes:
        return "local derivatives (y is the output)"
    given = ", ".join(f"{name} {shape or 'a number'}" for name, shape in entry.shapes.items())
    return (
        "vector-Jacobian products (g is the gradient that has come to the output y), "
        f"here for the shapes {given}"
    )


def _filled(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def entries_table(entries: Sequence[Entry], look: Look) -> str:
    """All operations in one table, a section per family."""
    from rich.text import Text

    from bpcalc.render.table import drawn, new_table

    table = new_table(look)
    wrap = look.width is not None
    table.add_column("function", overflow="fold", no_wrap=not wrap)
    table.add_column("what it is", no_wrap=not wrap)
    table.add_column("derivative", overflow="fold", no_wrap=not wrap)
    family = ""
    for entry in entries:
        if family and entry.family != family:
            table.add_section()
        family = entry.family
        table.add_row(
            Text(entry.signature, style="bold"),
            Text(entry.doc),
            Text("\n".join(_slopes(entry)), style="magenta"),
        )
    return drawn([table], look)


def _slopes(entry: Entry) -> list[str]:
    """The local derivatives, each with its input where there are several."""
    if entry.shapes:
        given = ", ".join(str(shape or "a number") for shape in entry.shapes.values())
        told = [f"{name}: {slope}" for name, slope in entry.derivatives.items()]
        return [*told, f"for {given}"]
    if len(entry.derivatives) == 1:
        return list(entry.derivatives.values())
    if len(set(entry.derivatives.values())) == 1:
        return [f"{slope} each" for slope in list(entry.derivatives.values())[:1]]
    return [f"{name}: {slope}" for name, slope in entry.derivatives.items()]


def entries_markdown(entries: Sequence[Entry]) -> str:
    """All operations as a Markdown table."""
    lines = ["| function | what it is | derivative |", "| --- | --- | --- |"]
    for entry in entries:
        names = ", ".join(code(name) for name in (entry.signature, *entry.aliases))
        slopes = "<br>".join(code(slope) for slope in _slopes(entry))
        lines.append(f"| {names} | {entry.doc.replace('|', chr(92) + '|')} | {slopes} |")
    return "\n".join(lines) + "\n"


def entries_data(entries: Sequence[Entry]) -> dict[str, Any]:
    """All operations as the JSON has them."""
    return {"bpcalc": SCHEMA, "ops": [_data(entry) for entry in entries]}


def _data(entry: Entry) -> dict[str, Any]:
    data = entry._asdict()
    data["aliases"] = list(entry.aliases)
    fields = ("when", "ours", "torch", "jax", "example")
    data["kinks"] = [{name: getattr(kink, name) for name in fields} for kink in entry.kinks]
    return data
