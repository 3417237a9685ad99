"""The look of a drawing, as CSS: light, dark and printed.

Every colour is said twice, as such and as a variable: a viewer that knows no variables (Inkscape,
librsvg, LibreOffice) skips the second, and a page around the drawing can set it. Fonts are those of
the system, and what a colour says is also said by a shape, a place or a slant.
"""

from __future__ import annotations

from bpcalc.render.colours import BACKWARD, FORWARD
from bpcalc.render.graph.layout.sizes import FONT, SMALL

COLOURS = {
    "paper": ("#ffffff", "#14171c"),
    "ink": ("#1b1b1b", "#e8e8e8"),
    "line": ("#555555", "#a8adb5"),
    "fill": ("#f6f7f9", "#20252d"),
    "forward": FORWARD,
    "backward": BACKWARD,
    "wrong": ("#b00020", "#ff8a94"),
}
"""Light and dark, by their names."""

_MONO = 'ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace'
_SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif'

_RULES = """\
.bpcalc-graph{LIGHT;color-scheme:light dark}
.bpcalc-graph text{font:FONTpx MONO;fill:@ink;text-anchor:middle}
.bpcalc-graph .paper{fill:@paper}
.bpcalc-graph .outline,.bpcalc-graph .behind{fill:@fill;stroke:@line;stroke-width:1.2}
.bpcalc-graph .variable .outline{fill:@paper;stroke-width:1.6}
.bpcalc-graph .constant .outline{fill:@paper}
.bpcalc-graph .outside .outline{fill:@paper;stroke-dasharray:2 3}
.bpcalc-graph .inner{fill:none;stroke:@line;stroke-width:1.2}
.bpcalc-graph .rule{stroke:@line;stroke-width:.8}
.bpcalc-graph .name{font-weight:700}
.bpcalc-graph .value{fill:@forward}
.bpcalc-graph .gradient,.bpcalc-graph .label{fill:@backward;font-style:italic}
.bpcalc-graph .label{font-size:SMALLpx;text-anchor:start}
.bpcalc-graph .way{fill:none;stroke:@line;stroke-width:1.2}
.bpcalc-graph .tip{fill:@line}
.bpcalc-graph .blocked .way{stroke-dasharray:5 4}
.bpcalc-graph .right{fill:@wrong}
.bpcalc-graph .cross{fill:none;stroke:@wrong;stroke-width:2.4;stroke-linecap:round}
.bpcalc-graph .wrong .outline{stroke:@wrong}
.bpcalc-graph .selected .outline,.bpcalc-graph .selected .inner{stroke:@ink;stroke-width:2.4}
.bpcalc-graph .selected .way{stroke:@ink;stroke-width:2.4}
.bpcalc-graph .selected .tip{fill:@ink}
.bpcalc-graph .selected .label{font-weight:700}
.bpcalc-graph .faint{opacity:.5}
.bpcalc-graph .legend text{font-size:SMALLpx}
.bpcalc-graph .legend .key,.bpcalc-graph .note{font:SMALLpx SANS;text-anchor:start}
@media (prefers-color-scheme:dark){.bpcalc-graph{DARK}}
@media print{.bpcalc-graph{LIGHT}.bpcalc-graph .outline,.bpcalc-graph .behind{fill:#ffffff}}
"""


def _variables(which: int) -> str:
    return ";".join(f"--{name}:{pair[which]}" for name, pair in COLOURS.items())


def _style() -> str:
    """The rules, with fonts and colours put in."""
    lines = []
    for line in _RULES.splitlines():
        for name, (light, _) in COLOURS.items():
            for what in "fill", "stroke":
                line = line.replace(f"{what}:@{name}", f"{what}:{light};{what}:var(--{name})")
        lines.append(line)
    text = "\n".join(lines).replace("LIGHT", _variables(0)).replace("DARK", _variables(1))
    text = text.replace("MONO", _MONO).replace("SANS", _SANS)
    return text.replace("SMALL", str(SMALL)).replace("FONT", str(FONT))


STYLE = _style()
"""The rules of everything inside an element of the class bpcalc-graph; for a <style>."""
