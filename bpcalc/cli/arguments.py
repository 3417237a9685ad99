"""argv -> options of the command, values of variables, and the formula.

Click reads a command's own options. Variables are options whose names only the formula knows, and
a formula or a value may begin with a minus sign: so the words are sorted here, before Click sees
them. A word is an option only if it is spelled exactly like one; `--NAME` sets a variable; the
rest is the formula.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from bpcalc.errors import RequestError, nearest, printable
from bpcalc.formula.tokens import is_name, normal


class Words(NamedTuple):
    """The words of a command line, sorted."""

    options: list[str]
    """What Click reads."""
    formulas: list[str]
    variables: list[tuple[str, str]]
    """(name, value) of every `--NAME VALUE`, `--NAME=VALUE` and `--set NAME=VALUE`."""


def sorted_words(words: Sequence[str], parameters: Sequence[click.Parameter]) -> Words:
    """Sort the words behind the command's name.

    Raises:
        RequestError: an option or a variable has no value.
    """
    takes_value = {
        spelling: not getattr(parameter, "is_flag", False)
        for parameter in parameters
        for spelling in (*parameter.opts, *parameter.secondary_opts)
    }
    found = Words([], [], [])
    rest = iter(words)
    seen: set[str] = set()
    for word in rest:
        head, equals, tail = word.partition("=")
        if word == "--":
            found.formulas.extend(rest)
        elif word == "--set" or head == "--set":
            text = tail if equals else _next(rest, "--set", "--set NAME=VALUE")
            found.variables.append(_assignment(text))
        elif word in takes_value:
            found.options.append(word)
            if takes_value[word]:
                _refuse_repetition(word, seen)
                value = _next(rest, word, f"{word} VALUE")
                found.options[-1:] = [f"{word}={value}"] if word[:2] == "--" else [word, value]
        elif equals and head in takes_value and head[:2] == "--":
            _refuse_repetition(head, seen)
            found.options.append(word)
        elif word[:2] == "--" and is_name(head[2:]):
            value = tail if equals else _next(rest, head, f"{head} 1.5")
            found.variables.append((normal(head[2:]), value))
        else:
            _refuse_misspelt(word, takes_value)
            found.formulas.append(word)
    return found


def _refuse_repetition(option: str, seen: set[str]) -> None:
    if option in seen:
        raise RequestError(f"{option} is given twice")
    seen.add(option)


def _next(rest: Any, option: str, form: str) -> str:
    value = next(rest, None)
    if value is None:
        raise RequestError(f"{printable(option, 60)} needs a value", hint=f"it is written {form}")
    return str(value)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    name = name.strip()
    if not equals or not is_name(name):
        raise RequestError(
            f"--set needs a name and a value, and got {printable(text, 60)}",
            hint="it is written --set NAME=VALUE",
        )
    return normal(name), value


def _refuse_misspelt(word: str, known: dict[str, bool]) -> None:
    """`--no-chek` is no formula, even if it could be read as one."""
    if word[:2] == "--" and word[2:3].isalpha():
        close = nearest(word.partition("=")[0], [option for option in known if option[:2] == "--"])
        if close:
            raise RequestError(
                f"there is no option {printable(word, 60)}", hint=f"did you mean {close}?"
            )


class HelpWithExamples(click.Command):
    """A command whose help begins with examples and fits on one screen."""

    def __init__(self, *args: Any, examples: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.examples = examples

    def get_help(self, ctx: click.Context) -> str:
        usage, _, what = inspect.cleandoc(self.help or "").partition(".\n\n")
        options = click.HelpFormatter(width=79)
        with options.section("Options"):
            options.write_dl([r for p in self.get_params(ctx) if (r := p.get_help_record(ctx))])
        parts = [usage, what.strip(), f"Examples:\n{self.examples}", options.getvalue().strip()]
        return "\n\n".join(parts)


class FormulaCommand(HelpWithExamples):
    """A command that takes a formula and values for its variables.

    Its function gets `formulas` and `assignments` beside its own options.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        words = sorted_words(args, self.get_params(ctx))
        rest = super().parse_args(ctx, words.options)
        ctx.params["formulas"] = words.formulas
        ctx.params["assignments"] = words.variables
        return rest


def option_names(command: click.Command, ctx: click.Context) -> set[str]:
    """The names that a variable shares with an option of the command: `digits` of `--digits`."""
    return {
        spelling[2:]
        for parameter in command.get_params(ctx)
        for spelling in parameter.opts
        if spelling.startswith("--")
    } | {"set"}
