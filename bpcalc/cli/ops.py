"""`bpcalc ops`: every function of the language, its derivative rule, its conventions."""

from __future__ import annotations

import click

from bpcalc.cli.arguments import HelpWithExamples
from bpcalc.cli.look import look
from bpcalc.cli.options import format_for, output_options
from bpcalc.cli.writing import written
from bpcalc.ops.describe import described, entries

FORMATS = ("table", "json", "markdown")

EXAMPLES = """\
  bpcalc ops
  bpcalc ops sigmoid
  bpcalc ops '**'
  bpcalc ops --format markdown"""


@click.command(cls=HelpWithExamples, examples=EXAMPLES, add_help_option=False)
@click.argument("name", required=False)
@output_options(FORMATS, digits=False)
def ops(name: str | None, format_: str | None, output: str | None, color: str) -> int:
    """Usage: bpcalc ops [NAME] [OPTIONS].

    Every function and operator of the language, or all about the one called NAME:
    what it means, its derivatives, its domain, and what it does at kinks beside
    PyTorch and JAX.
    """
    form = format_for(format_, output, FORMATS)
    found = [described(name)] if name is not None else entries()
    if form == "json":
        from bpcalc.render.json_text import data_as_json
        from bpcalc.render.ops import entries_data

        written(data_as_json(entries_data(found)), output)
    elif form == "markdown":
        from bpcalc.render.ops import entries_markdown

        written(entries_markdown(found), output)
    elif name is not None:
        from bpcalc.render.ops import entry_text

        written(entry_text(found[0]), output)
    else:
        from bpcalc.render.ops import entries_table

        written(entries_table(found, look(color, output)), output)
    return 0
