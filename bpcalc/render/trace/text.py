"""steps -> text for the terminal: aligned, and broken at the `=` signs where a line is too long."""

from __future__ import annotations

from itertools import islice, zip_longest
from typing import TYPE_CHECKING

from bpcalc.errors import cells
from bpcalc.ops.terms import Term, text
from bpcalc.render.numbers import DIGITS
from bpcalc.render.trace.lines import Line, Notation
from bpcalc.render.trace.story import Story, chapters, ending, source, values
from bpcalc.steps import SumStep, ValueStep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bpcalc.checks.check import Derivative
    from bpcalc.render.look import Look
    from bpcalc.render.sentences import Sentences
    from bpcalc.results import Result

_INDENT = "  "
_BLOCK = 40
"""So many lines are aligned with each other; then they are printed, and a long trace streams."""

_UNLIMITED = 1_000_000
_WIDEST = 100
"""Where there is no terminal, lines are aligned up to this width."""


class Text(Notation):
    """Mathematics as text: `∂f/∂n4`, `n4·y`, `x²`; in ASCII `df/dn4`, `n4*y`, `x^2`."""

    def __init__(self, result: Result, words: Sentences, digits: int, unicode: bool) -> None:
        super().__init__(result, words, digits)
        self.unicode = unicode
        self.times = "×" if unicode else "x"

    def formula(self, term: Term, leaf: Callable[[int], str]) -> str:
        return text(term, leaf, pretty=self.unicode)

    def slope(self, of: str, by: str) -> str:
        d = "∂" if self.unicode else "d"
        return f"{d}{of}/{d}{by}"

    def product(self, factors: Sequence[str], *, tight: bool = False) -> str:
        dot = "·" if self.unicode else "*"
        return (dot if tight else f" {dot} ").join(factors)

    def symbolic(self, derivative: Derivative) -> str:
        return derivative.text

    def summands(self, parts: Sequence[tuple[str, str]]) -> str:
        written = ""
        for number, words in parts:
            sign = ""
            if written:
                sign, number = (" - ", number[1:]) if number[0] == "-" else (" + ", number)
            written += f"{sign}{number} ({words})"
        return written


def trace_text(story: Story, look: Look, digits: int = DIGITS) -> Iterator[str]:
    """The whole trace, a few lines at a time."""
    notation = Text(story.result, story.words, digits, look.unicode)
    paint = _Paint(look.colour)
    width = look.width or _UNLIMITED
    yield from _title(story, notation, width)
    for chapter in chapters(story, notation):
        yield f"\n{paint.heading(chapter.heading)}\n"
        for remark in chapter.remarks:
            yield from _paragraph(remark, width)
        for block in _blocks(chapter.lines):
            yield from _equations(block, look.width, paint)
    yield f"\n{ending(story)}\n"


def _title(story: Story, notation: Text, width: int) -> Iterator[str]:
    yield "".join(f"{row}\n" for row in source(story.result.graph))
    given = ", ".join(f"{left} = {sides[0]}" for _, left, sides, *_ in values(story, notation))
    if given:
        yield from _paragraph(f"{story.words.at} {given}", width)
    if story.note:
        yield from _paragraph(story.note, width)


def _paragraph(words: str, width: int) -> Iterator[str]:
    """Sentences, broken at their blanks where they are wider than the terminal."""
    row = ""
    for word in words.split(" "):
        if row and cells(row) + 1 + cells(word) > width - len(_INDENT):
            yield f"{_INDENT}{row}\n"
            row = word
        else:
            row = f"{row} {word}" if row else word
    yield f"{_INDENT}{row}\n"


def _blocks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    rest = iter(lines)
    while block := list(islice(rest, _BLOCK)):
        yield block


class _Paint:
    """Colours, where there are any."""

    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def heading(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.colour else text

    def result(self, text: str, line: Line) -> str:
        """An equation with its result in the table's colours: the last side of a step.

        Of a line that is no step it is the first one; what may follow is a formula.
        """
        if not self.colour:
            return text
        code = "36" if isinstance(line.step, ValueStep) or "/" not in line.left else "35"
        if line.step is None:
            before, found, after = text.partition(f" {line.sides[0]}")
        else:
            before, found, after = text.rpartition(f" {line.sides[-1]}")
        return f"{before}\x1b[1;{code}m{found}\x1b[0m{after}"


def _equations(block: list[Line], width: int | None, paint: _Paint) -> Iterator[str]:
    """Some lines, their sides below each other if there is room for that, else their left sides."""
    columns = _columns([line for line in block if not _is_ragged(line)])
    room = (width or _WIDEST) - len(_INDENT)
    remarks = max((cells(line.remark) + 2 for line in block if line.remark), default=0)
    if sum(columns) + 3 * (len(columns) - 1) + remarks > room:
        columns = columns[:1] if columns[:1] and columns[0] <= room // 3 else []
    for line in block:
        kept = [] if line.part else columns[:1] if _is_ragged(line) else columns
        yield _equation(line, kept, width, paint)


def _is_ragged(line: Line) -> bool:
    """Whether its sides are other things than those of its neighbours."""
    return line.part or isinstance(line.step, SumStep)


def one_line(line: Line) -> str:
    """A line by itself, whole."""
    return _equation(line, [], None, _Paint(False)).strip()


def _columns(block: list[Line]) -> list[int]:
    """How wide the left sides and each of the other sides are at most."""
    rows = [[cells(text) for text in (line.left, *line.sides)] for line in block]
    return [max(column) for column in zip_longest(*rows, fillvalue=0)]


def _equation(line: Line, columns: list[int], width: int | None, paint: _Paint) -> str:
    """One line; where it is too long for the terminal, broken before the signs of equality."""
    left = f"{line.left} {line.through}:" if line.part and line.through else line.left
    head = _INDENT + " " * (columns[0] - cells(left) if columns else 0) + left
    first = " " if left.endswith(":") else " = "
    remark = [f"  ({line.remark})"] if line.remark else []
    if not line.sides:
        return f"{head} {line.remark}\n"
    *between, result = line.sides
    padded = [
        text + " " * (width - cells(text)) for text, width in zip(between, columns[1:])
    ] or between
    pieces = [f"{' = ' if place else first}{text}" for place, text in enumerate([*padded, result])]
    if width is None or cells(head) + sum(map(cells, [*pieces, *remark])) <= width:
        return paint.result("".join([head, *pieces]), line) + "".join(remark) + "\n"
    return paint.result(_broken(head, [*pieces, *remark], width), line)


def _broken(head: str, pieces: list[str], width: int) -> str:
    """The pieces on as many lines as they need, each line beginning with the `=`.

    A piece that is longer than a line is broken between its words.
    """
    indent = cells(head) if cells(head) <= width // 3 else 2 * len(_INDENT)
    rows = [head]
    for piece in pieces:
        if cells(rows[-1] + piece) > width and rows[-1] is not head:
            rows.append(" " * indent)
        rows[-1] += piece
    return "".join(f"{part}\n" for row in rows for part in _words(row, width, indent + 3))


def _words(row: str, width: int, indent: int) -> Iterator[str]:
    """A row in parts that fit, broken at its last blanks."""
    while cells(row) > width:
        cut = row.rfind(" ", indent + 1, width + 1 - (cells(row[:width]) - width))
        if cut < 0:
            break
        yield row[:cut].rstrip()
        row = " " * indent + row[cut:].lstrip()
    yield row
