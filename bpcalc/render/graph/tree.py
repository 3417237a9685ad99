"""picture -> text for the terminal: trees, and beside them values, gradients and shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from bpcalc.errors import cells
from bpcalc.render.graph.forest import ASCII, UNICODE, Forest, Line
from bpcalc.render.graph.picture import Arrow, Box, Picture
from bpcalc.render.look import Look

_GAP = "  "


def tree(picture: Picture, look: Look = Look()) -> Iterator[str]:  # noqa: B008
    """The lines, each with its newline.

    Nothing is cut in a pipe, and a number never. A terminal that is too narrow gets shorter
    products, fewer levels and shorter headings, then no products; after that it has to break lines.
    """
    form, forest, room = _fitting(picture, look)
    lines = list(forest.lines(room))
    legend = forest.signs.legend if any("↓" in line.marks for line in lines) else ""
    labels = max(cells(legend), *(_width(line) for line in lines if line.box))
    left = None if look.width is None else look.width - labels - _beside(picture, None)
    rows = [_numbers(line, form, forest, left) for line in lines]
    valued = any(box.value for box in picture.boxes)
    if valued or legend:
        lines.insert(0, Line("", "", legend))
        rows.insert(0, ("value", "gradient", form.title) if valued else ("", "", ""))
    sizes = [max(map(len, column)) for column in zip(*rows)]
    paint = _painter(look)
    margin = any(box.selected for box in picture.boxes)
    for line, row in zip(lines, rows):
        parts = [_margin(line) * margin, _label(line, labels, paint), _columns(row, sizes, paint)]
        text = "".join(parts).rstrip()
        yield f"{text if look.unicode else text.replace('×', '*')}\n"


def _width(line: Line) -> int:
    return cells(line.guides + line.text + line.marks)


# What is said of an edge


class _Form(NamedTuple):
    """How much is said of an edge."""

    title: str
    narrow: bool
    """Whether the guides of the trees are narrow too."""
    shares: Callable[[Arrow, Box, bool], Sequence[str]]
    """Texts for an edge, the fullest first; from its consumer and whether there is no other use."""


def _products(arrow: Arrow, consumer: Box, only: bool) -> Sequence[str]:
    """`1 × 4 = 4`; of several edges that are one arrow, `= 4`."""
    return [arrow.share if "=" in arrow.share else f"= {arrow.share}"]


def _locals(arrow: Arrow, consumer: Box, only: bool) -> Sequence[str]:
    """The same without what stands elsewhere.

    The upstream gradient stands in the consumer's line (unless the consumer is a group: then it
    stands nowhere), and the share is the gradient in its own line if there is only this use.
    """
    product, _, share = arrow.share.rpartition(" = ")
    upstream, _, local = product.partition(" × ")
    if upstream != consumer.gradient:
        return [f"= {share}"]
    return [f"× {local}"] if only else [f"× {local} = {share}", f"= {share}"]


_FORMS = (
    _Form("upstream × local", False, _products),
    _Form("× local", True, _locals),
    _Form("", True, lambda arrow, consumer, only: [""]),
)


def _shares(arrow: Arrow | None, form: _Form, forest: Forest) -> Sequence[str]:
    if arrow is None or not forest.box(arrow.head).value:
        return [""]
    if not arrow.flows:
        return ["nothing flows" if form.title else ""]
    if not arrow.share:  # an array, whose share is the gradient in its own line
        return [""]
    return form.shares(arrow, forest.box(arrow.head), forest.uses[arrow.tail] == 1)


# What fits


def _fitting(picture: Picture, look: Look) -> tuple[_Form, Forest, int | None]:
    """The fullest form that fits, its trees, and the cells for them.

    Room that is left goes to the shares first, then to more levels and longer headings.
    """
    signs = UNICODE if look.unicode else ASCII
    if look.width is None:
        return _FORMS[0], Forest(picture, signs), None
    for form in _FORMS:
        forest = Forest(picture, signs.narrow() if form.narrow else signs)
        shares = [_shares(arrow, form, forest) for arrow in picture.arrows]
        needed = forest.room_needed()
        if needed <= look.width - _beside(picture, [form.title, *(texts[-1] for texts in shares)]):
            break
    left = look.width - _beside(picture, [form.title, *(texts[0] for texts in shares)])
    return form, forest, max(left, needed)


def _beside(picture: Picture, shares: Sequence[str] | None) -> int:
    """Cells that numbers and margin take; without shares up to where they begin."""
    margin = len(_GAP) * any(box.selected for box in picture.boxes)
    if not any(box.value for box in picture.boxes):
        return margin
    columns = [
        ["value", *(box.value for box in picture.boxes)],
        ["gradient", *(box.gradient for box in picture.boxes)],
        [""] if shares is None else shares,
    ]
    return margin + sum(len(_GAP) + max(map(len, column)) for column in columns)


def _numbers(line: Line, form: _Form, forest: Forest, room: int | None) -> tuple[str, str, str]:
    """Value, gradient and share; empty where the line has none."""
    box = line.box
    if box is None or not box.value:
        return "", "", ""
    if line.arrow is None:
        return box.value, box.gradient, "start" if box.output and form.title else ""
    shares = _shares(line.arrow, form, forest)
    fitting = (share for share in shares if room is None or len(share) <= room)
    return box.value, box.gradient, next(fitting, shares[-1])


# How it looks

_Paint = Callable[[str, str], str]


def _painter(look: Look) -> _Paint:
    """(text, style) -> the text in this style, with the escape codes of a terminal."""
    if not look.colour:
        return lambda text, style: text
    from rich.color import ColorSystem
    from rich.style import Style

    def paint(text: str, style: str) -> str:
        return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)

    return paint


def _margin(line: Line) -> str:
    return "* " if line.box is not None and line.box.selected else _GAP


def _label(line: Line, width: int, paint: _Paint) -> str:
    """Guides and text: the name in bold, and all of what is selected."""
    blanks = " " * (width - _width(line))
    ends = paint(line.guides, "dim"), paint(line.marks, "dim") + blanks
    if line.box is None:
        return paint(line.text, "bold red").join(ends)
    name, equals, formula = line.text.partition(" = ")
    rest = paint(equals + formula, "bold" if line.box.selected else "")
    return (paint(name, "bold") + rest).join(ends)


def _columns(row: tuple[str, str, str], sizes: Sequence[int], paint: _Paint) -> str:
    """The numbers to the right, then the share; in the colours of the two passes."""
    value, gradient, share = row
    forward = " " * (sizes[0] - len(value)) + paint(value, "cyan")
    backward = " " * (sizes[1] - len(gradient)) + paint(gradient, "magenta")
    return _GAP + forward + _GAP + backward + _GAP + share
