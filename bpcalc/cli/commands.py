"""The group of commands; each is imported when it is called."""

from __future__ import annotations

import importlib

import click

from bpcalc.version import __version__

COMMANDS = {
    "grad": "value and gradient of every node, with a SymPy check of each",
    "trace": "the same calculation told step by step, by the chain rule",
    "graph": "the computation graph as a picture, or as an interactive page",
    "map": "value and gradient for each row of a table, as a stream",
    "export": "source code of a function that returns value and gradient",
    "descend": "gradient descent on a formula, or training over a table",
    "ops": "the functions of the language, their derivatives and conventions",
    "completion": "the completion script for bash, zsh or fish",
}


class LazyGroup(click.Group):
    """Knows the names of its commands, and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"bpcalc.cli.{name}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from bpcalc.errors import RequestError, did_you_mean, printable

        if args[0] not in COMMANDS:
            hint = did_you_mean(args[0], list(COMMANDS))
            raise RequestError(
                f"there is no command {printable(args[0], 60)}",
                hint=hint or f"the commands are {', '.join(COMMANDS)}; bpcalc -h shows examples",
            )
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        width = max(map(len, COMMANDS))
        lines = [f"  {name:{width}}  {what}" for name, what in COMMANDS.items()]
        return HELP.format(version=__version__, commands="\n".join(lines))


HELP = """\
bpcalc {version}: a formula becomes a graph, with a gradient on every edge.

Examples:
  bpcalc grad "x**2*y + y + 2" --x 3 --y 4
  bpcalc grad "sigmoid(w*x + b)" --w 2 --x -1 --b 0.5 --format json
  bpcalc ops sigmoid

Commands:
{commands}

Options:
  --version   the version
  -h, --help  this text; bpcalc COMMAND -h has that of a command"""


@click.group(
    cls=LazyGroup, add_help_option=False, no_args_is_help=False, invoke_without_command=True
)
@click.help_option("-h", "--help")
@click.version_option(__version__, "--version", message="bpcalc %(version)s")
@click.pass_context
def commands(ctx: click.Context) -> int:
    """Differentiate a formula, and show every step of it."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
    return 0
