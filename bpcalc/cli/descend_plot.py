"""`bpcalc descend --plot FILE`: whether that can be drawn, before the run; after it, the file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bpcalc.cli.writing import refuse_unwritable, told, written
from bpcalc.descent.trail import Trail, size
from bpcalc.errors import RequestError, did_you_mean, printable
from bpcalc.render.plot.style import refuse_missing

if TYPE_CHECKING:
    from bpcalc.cli.writing import Pieces
    from bpcalc.descent.outcome import Outcome
    from bpcalc.descent.run import Run
    from bpcalc.descent.scene import Scene

ENDINGS = (".svg", ".png", ".html")


class Plotting:
    """A plot that is asked for."""

    def __init__(self, path: str, digits: int) -> None:
        """Find out whether it can be drawn.

        Raises:
            RequestError: the ending says no format, the file cannot be written, or Matplotlib is
                not installed.
        """
        self.path = path
        self.digits = digits
        self.form = _form(path)
        refuse_unwritable(path)
        refuse_missing()
        self._run: Run | None = None

    def follow(self, run: Run) -> None:
        """Note the way of a run that is about to begin, if it has one that can be drawn."""
        self._run = run
        if size(run.start) <= 2:
            run.training.trail = Trail()

    def drawn(self, outcome: Outcome) -> RequestError | None:
        """Write the file; what went wrong, if something did."""
        try:
            written(self._picture(outcome), self.path)
        except RequestError as error:
            return error
        return None

    def _picture(self, outcome: Outcome) -> Pieces:
        found = self._scene(outcome)
        if self.form == "html":
            from bpcalc.render.plot.page import page

            return page(outcome, found, self.digits)
        from bpcalc.render.plot.figure import drawn

        return drawn(outcome, found, self.form)

    def _scene(self, outcome: Outcome) -> Scene | None:
        """What there is to see beside the loss."""
        assert self._run is not None
        trail = self._run.training.trail
        if trail is None or trail.last is None:
            return None
        from bpcalc.descent.scene import scene

        start, end = outcome.loss
        rose = start is not None and end is not None and end > start
        found = scene(self._run.task, trail, leaves=rose or outcome.stopped == "diverged")
        if isinstance(found, str):
            told(f"note: the plot shows the loss alone: {found}")
            return None
        return found


def _form(path: str) -> str:
    """The format, which the ending says."""
    ending = os.path.splitext(path)[1].lower()  # noqa: PTH122
    if ending not in ENDINGS:
        raise RequestError(
            f"--plot draws .svg, .png and .html, and not {printable(path, 80)}",
            hint=did_you_mean(ending, ENDINGS) or "the file's ending says which",
        )
    return ending[1:]
