"""The look of a plot: light, for a page as for a slide, and told apart by the colour-blind.

Texts of an SVG stay text, in the fonts of whoever looks at it.
"""

from __future__ import annotations

import logging
import os
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bpcalc.errors import RequestError
from bpcalc.render.colours import BACKWARD, FORWARD

INK = "#1b1b1b"
QUIET = "#5f6670"
GRID = "#e4e6ea"
LINE = FORWARD[0]
FAINT = "#9cc3e4"
WAY = BACKWARD[0]
HELD_OUT = "#007a5a"
BANDS = ("#fbfcfe", "#8fb1d4")
"""From the lowest ground to the highest."""
CONTOUR = "#6c8db3"

TEXT = 10.0
SMALL = 8.5
"""pt."""

_FONT = "DejaVu Sans"
"""Which Matplotlib brings along: Latin, Greek, Cyrillic, mathematics."""

_MORE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Arial Unicode MS",
    "AR PL UMing CN",
    "AR PL SungtiL GB",
    "AR PL KaitiM GB",
    "AR PL KaitiM Big5",
)
"""Those with Chinese, if one of them is installed."""

_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "bpcalc",  # the same ids every time
    "text.parse_math": False,  # a text is what a user has typed
    "font.size": TEXT,
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "legend.handlelength": 1.6,
    "lines.linewidth": 1.6,
    "contour.linewidth": 0.5,
}


def refuse_missing() -> None:
    """Find out before a long run whether it could be drawn.

    Raises:
        RequestError: Matplotlib is not installed.
    """
    os.environ["MPLBACKEND"] = "agg"  # whatever a notebook or a desktop has set
    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)  # which tells of its caches
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import matplotlib  # noqa: F401
    except ImportError:
        raise RequestError(
            "--plot needs Matplotlib, which is not installed",
            hint='pip install "bpcalc[plot]"; --history writes the numbers without it',
        ) from None


@contextmanager
def styled(texts: str) -> Iterator[None]:
    """Within which Matplotlib draws in this style, and says nothing; `texts` are to be readable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of glyphs that no font has
        import matplotlib

        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(_SETTINGS)
            matplotlib.rcParams["font.family"] = [_FONT, *_fonts_for(texts), "sans-serif"]
            yield


def _fonts_for(texts: str) -> list[str]:
    """Fonts for Chinese, if there is any."""
    if not any(unicodedata.east_asian_width(character) in "WF" for character in texts):
        return []
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return [name for name in _MORE_FONTS if name in installed]
