"""The options that several commands share, and what they mean."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import click

from bpcalc.errors import RequestError, did_you_mean, printable

Decorated = Callable[..., Any]

EXTENSIONS = {
    ".txt": "table",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".md": "markdown",
    ".tex": "latex",
    ".html": "html",
    ".htm": "html",
    ".dot": "dot",
    ".gv": "dot",
    ".mmd": "mermaid",
    ".svg": "svg",
    ".png": "png",
    ".pdf": "pdf",
}
"""Which format a file's name asks for."""


def formula_options(command: Decorated) -> Decorated:
    """Where the formula and the values of its variables come from."""
    for option in (
        click.option("--set", "set_", metavar="NAME=VALUE", help="--NAME VALUE, for every name."),
        click.option("--vars", "vars_", metavar="FILE", help="Values, a JSON or TOML table."),
        click.option(
            "-f", "--file", metavar="FILE", help="Read the formula from FILE (-: standard input)."
        ),
    ):
        command = option(command)
    return command


def calculation_options(command: Decorated) -> Decorated:
    """How the gradient is computed and checked."""
    for option in (
        click.option("--no-check", is_flag=True, help="Leave out SymPy's check (it takes 0.3 s)."),
        click.option(
            "--upstream", metavar="V", default="1", help="Start the backward pass from V, not 1."
        ),
    ):
        command = option(command)
    return command


def language_option(command: Decorated) -> Decorated:
    """In which language the sentences are."""
    return click.option(
        "--lang",
        type=click.Choice(["en", "zh"]),
        metavar="LANG",
        help="The language of what is told: en or zh; else that of the locale.",
    )(command)


def output_options(
    formats: Sequence[str], *, digits: bool = True
) -> Callable[[Decorated], Decorated]:
    """In which form the result is written, and where to."""
    *most, last = formats
    options = [
        click.option(
            "--format",
            "format_",
            type=click.Choice(list(formats)),
            metavar="FORM",
            help=f"{', '.join(most)} or {last}; else as FILE is called, or {formats[0]}.",
        ),
        *([_DIGITS] if digits else []),
        click.option("-o", "--output", metavar="FILE", help="Write to FILE, whole or not at all."),
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            metavar="WHEN",
            help="always, never, or auto: only on a terminal.",
        ),
        click.help_option("-h", "--help", help="Show this text."),
    ]

    def decorate(command: Decorated) -> Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_DIGITS = click.option(
    "--digits",
    type=click.IntRange(1, 17),
    default=9,
    metavar="N",
    help="Significant digits for people (9).",
)


def format_for(given: str | None, output: str | None, formats: Sequence[str]) -> str:
    """The format that was asked for: by --format, or else by what the file is called.

    Raises:
        RequestError: the file's extension is that of no format of the command.
    """
    if given is not None:
        return given
    extension = os.path.splitext(output)[1].lower() if output is not None else ""  # noqa: PTH122
    if not extension:
        return formats[0]
    found = EXTENSIONS.get(extension)
    if found not in formats:
        known = [end for end, name in EXTENSIONS.items() if name in formats]
        raise RequestError(
            f"no format of this command is written to a file *{printable(extension, 20)}",
            hint=did_you_mean(extension, known)
            or f"the endings are {', '.join(known)}; --format FORM writes to any file",
        )
    assert found is not None
    return found
