"""DOT on standard input -> a picture on standard output; run by graphviz.py, in its own process.

It imports nothing of bpcalc, which may not be where a new process looks for it.
"""

from __future__ import annotations

import sys


def main(form: str) -> None:
    """Draw in this format; what Graphviz has to say goes to standard error."""
    import pygraphviz

    text = sys.stdin.buffer.read().decode("utf-8")
    sys.stdout.buffer.write(pygraphviz.AGraph(string=text).draw(format=form, prog="dot"))


if __name__ == "__main__":
    main(sys.argv[1])
