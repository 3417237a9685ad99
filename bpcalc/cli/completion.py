"""`bpcalc completion`: the script that lets a shell complete commands and options."""

from __future__ import annotations

import click

from bpcalc.cli.arguments import HelpWithExamples
from bpcalc.cli.writing import written

SHELLS = ("bash", "zsh", "fish")

EXAMPLES = """\
  bpcalc completion bash >> ~/.bashrc
  bpcalc completion zsh >> ~/.zshrc
  bpcalc completion fish > ~/.config/fish/completions/bpcalc.fish"""


@click.command(cls=HelpWithExamples, examples=EXAMPLES, add_help_option=False)
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL")
@click.help_option("-h", "--help", help="Show this text.")
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Usage: bpcalc completion SHELL.

    The completion script for bash, zsh or fish, on standard output.
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(ctx.find_root().command, {}, "bpcalc", "_BPCALC_COMPLETE")
    written(script.source_template % script.source_vars() + "\n", None)
    return 0
