"""`bpcalc descend`: gradient descent on a formula, or mini-batch training over a table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from bpcalc.cli.arguments import FormulaCommand, option_names
from bpcalc.cli.calculation import all_values
from bpcalc.cli.descend_files import data_files, is_same, refuse_same_files, value_files
from bpcalc.cli.descend_options import Asked
from bpcalc.cli.descend_plot import Plotting
from bpcalc.cli.descend_request import Request, request
from bpcalc.cli.interrupts import interrupts
from bpcalc.cli.options import format_for, formula_options, output_options
from bpcalc.cli.reading import formula_text
from bpcalc.cli.writing import refuse_unwritable, told, value_at, without_controls, written
from bpcalc.descent.outcome import Outcome, outcome_data
from bpcalc.descent.run import Run
from bpcalc.descent.state import State, ending, packed
from bpcalc.descent.training import Watch
from bpcalc.engine.diagnosis import is_finite
from bpcalc.errors import BpcalcError, RequestError, printable

if TYPE_CHECKING:
    from bpcalc.descent.history import History

FORMATS = ("table", "json")

SAVE_EVERY = 10.0
"""Seconds between two savings."""

EXAMPLES = """\
  bpcalc descend "x0² + x1²" --x0 -3 --x1 4 --lr 0.9 --steps 200
  bpcalc descend "(w*x + b - t)²" --data points.csv --w 0 --b 0 --batch 64"""


def _option(name: str, metavar: str, what: str, **more: Any) -> Callable[..., Any]:
    return click.option(name, metavar=metavar, help=what, **more)


@click.command(cls=FormulaCommand, examples=EXAMPLES, add_help_option=False)
@formula_options
@_option("--init", "N=START,...", "Random start: W=normal(64,30,std=1/8), V=he(9,9).")
@_option("--learn", "w,b", "What is learnt (default: what has a start value).")
@_option("--data", "FILE", "Table, .npz or x=a.npy,t=b.npy; a row per sample.")
@_option("--columns", "x=a,b,...", "Columns as a matrix: x=p0..p63,t=digit.")
@_option("--batch", "N", "Rows per step (all).")
@click.option("--shuffle/--no-shuffle", default=True, help="A new order of the rows each epoch.")
@_option("--seed", "N", "Of the order of rows, and of random starts (0).")
@_option("--steps", "N", "Steps to go, in total (100 without data).")
@_option("--epochs", "N", "Passes over the data, in total (10).")
@_option("--lr", "R", "The rate (PyTorch's: 0.001, for rmsprop 0.01).")
@_option("--method", "M", "sgd, momentum[:0.9], nesterov, rmsprop or adam.", default="sgd")
@_option("--schedule", "S", "exponential:G, step:N:G, inverse:D or cosine.")
@_option("--decay", "G", "Multiply the rate by G after each epoch.")
@_option("--grad", "HOW", "exact, or central:H for central differences.", default="exact")
@_option("--reduce", "HOW", "mean or sum over the rows (mean).")
@_option("--dtype", "T", "float64 or float32.", default="float64")
@_option("--tol", "T", "Stop at a gradient so short, or a change so small.")
@_option("--validate", "FILE", "Held-out data: the mean over them after each epoch.")
@_option("--metric", "FORMULA", "What is measured there; else the loss.")
@_option("--patience", "N[:min|:max]", "Stop after N epochs without a better metric.")
@_option("--history", "FILE", "A line per step, .csv or .jsonl.")
@_option("--save", "FILE", "Save to .npz or .json, on the way and on Ctrl-C.")
@_option("--resume", "FILE", "Go on from what --save wrote.")
@_option("--plot", "FILE", "Draw loss and way to .svg, .png or .html (bpcalc[plot]).")
@_option("--get", "PATH", "One value of the JSON as text: values.w, loss.")
@output_options(FORMATS)
@click.pass_context
def descend(
    ctx: click.Context,
    /,
    formulas: list[str],
    assignments: list[tuple[str, str]],
    file: str | None,
    vars_: str | None,
    set_: None,
    history: str | None,
    save: str | None,
    resume: str | None,
    plot: str | None,
    format_: str | None,
    get: str | None,
    digits: int,
    output: str | None,
    color: str,
    **options: Any,
) -> int:
    """Usage: bpcalc descend FORMULA [--NAME VALUE ...] [--data FILE] [OPTIONS].

    Gradient descent on FORMULA, or over the rows of data, whole or in mini-batches.
    """
    _use_one_thread_for_products()
    form = format_for(format_, output, FORMATS) if get is None else "json"
    outputs = [("--history", history), ("--save", save), ("-o", output), ("--plot", plot)]
    data = (*data_files("--data", options["data"]), *data_files("--validate", options["validate"]))
    others = (("--vars", vars_), ("-f", file), ("--resume", resume))
    refuse_same_files((*data, *others, *value_files(assignments)), outputs)
    plotting = Plotting(plot, digits) if plot is not None else None
    asked = Asked(**options)
    values = all_values(vars_, assignments)
    state = _resumed(resume)
    found = request(
        asked, formula_text(formulas, file), values, option_names(descend, ctx), state, resume or ""
    )
    for note in found.notes:
        told(f"note: {printable(note)}")
    if get is not None:
        _refuse_unknown(get, found.run)
    if plotting is not None:
        plotting.follow(found.run)
    outcome, unsaved = _descended(found, history, save, color)
    if get is not None:
        written(without_controls(value_at(outcome_data(outcome), get), output) + "\n", output)
    else:
        written(_rendered(outcome, form, digits, color, output), output)
    if plotting is not None:
        unsaved = plotting.drawn(outcome) or unsaved
    return _ended(outcome, unsaved)


def _refuse_unknown(path: str, run: Run) -> None:
    """What `--get` names has to be in the result: known before a long run."""
    keys = path.split(".")
    for grows in (["curve"], ["warnings"], ["validation", "values"]):
        if keys[: len(grows)] == grows:  # how many entries they will have is not known
            keys = grows
    value_at(outcome_data(run.outline()), ".".join(keys))


def _use_one_thread_for_products() -> None:
    """Unless the environment says how many.

    The matrices of a mini-batch are small, and the library's threads wait for each other by
    spinning: with two of them on two cores that other programs also use, an epoch of 784-100-10 in
    batches of 64 took 10 s and more instead of 0.3 s. The library looks when NumPy is imported.
    """
    if not any(f"{library}_NUM_THREADS" in os.environ for library in ("OMP", *_LIBRARIES)):
        os.environ.update({f"{library}_NUM_THREADS": "1" for library in _LIBRARIES})


_LIBRARIES = ("OPENBLAS", "MKL")


def _resumed(path: str | None) -> State | None:
    if path is None:
        return None
    from bpcalc.descent.state import unpacked

    return unpacked(path)


def _descended(
    found: Request, history: str | None, save: str | None, color: str
) -> tuple[Outcome, RequestError | None]:
    """What came of the run, and why it could not be saved, if so."""
    run = found.run
    resumed = found.resumed.position.step if found.resumed is not None else None
    saving = Saving(run, save, resumed if is_same(save, found.path) else None)
    with _history(found, history) as lines, interrupts() as interrupted, _shown(run, color) as show:
        interrupted.writing = True  # the first Ctrl-C waits for the end of a step
        saving.before = lines.flush if lines is not None else None
        watch = Watch(lambda: interrupted.waiting, saving.meanwhile, SAVE_EVERY, show)
        try:
            outcome = run.go(watch, lines)
        except BpcalcError:  # the history cannot be written: what was learnt perhaps can
            saving.before = None
            saving.meanwhile()
            raise
        return outcome, saving.at_the_end(outcome)


@contextmanager
def _history(found: Request, path: str | None) -> Iterator[History | None]:
    if path is None:
        yield None
        return
    from bpcalc.descent.history import History

    step = None if found.resumed is None else found.resumed.position.step
    lines = History(path, found.run.start, found.run.validation is not None, step)
    try:
        yield lines
    finally:
        lines.close()


class Saving:
    """Saves a run to a file; where that fails on the way it says so, and the run goes on."""

    def __init__(self, run: Run, path: str | None, step: int | None = None) -> None:
        """`step` is that of the state which the file holds already."""
        self.run = run
        self.path = path
        self._step = step
        self.before: Callable[[], None] | None = None
        """What has to be written first: the history must not lag behind."""
        self._complained = False
        if path is not None:
            self._kind = ending(path, "--save")
            refuse_unwritable(path)

    def meanwhile(self) -> None:
        """Save between two steps, if the values are numbers; else the run is about to end."""
        if not all(map(is_finite, self.run.problem.values().values())):
            return
        error = self._saved()
        if error is not None and not self._complained:
            told(f"warning: {error.message}; the run goes on")
            self._complained = True

    def at_the_end(self, outcome: Outcome) -> RequestError | None:
        """Save; what went wrong, if something did.

        A state that was saved before the run left the finite numbers is worth more than the last
        finite values, which are often of the size of 1e150.
        """
        left = outcome.stopped == "diverged"
        if left and self.path and self._step is not None and self._step <= outcome.steps:
            told(f"note: {printable(self.path, 80)} keeps the state of step {self._step:,}")
            return None
        return self._saved()

    def _saved(self) -> RequestError | None:
        if self.path is None:
            return None
        try:
            if self.before is not None:
                self.before()
            written(packed(self.run.state(), self._kind), self.path)
            self._step = self.run.training.step
        except RequestError as error:
            return error
        return None


@contextmanager
def _shown(run: Run, color: str) -> Iterator[Callable[[int, float], None]]:
    """A bar on standard error, if that is a terminal."""
    import sys

    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda step, loss: None
        return
    from bpcalc.render.progress import descent_progress

    with descent_progress(run.limits.steps, color) as show:
        yield show


def _rendered(
    outcome: Outcome, format_: str, digits: int, color: str, output: str | None
) -> Iterable[str]:
    if format_ == "json":
        from bpcalc.render.json_text import data_as_json

        return data_as_json(outcome_data(outcome))
    from bpcalc.cli.look import look
    from bpcalc.render.descent import descent_table

    return descent_table(outcome, look(color, output), digits)


def _ended(outcome: Outcome, unsaved: BpcalcError | None) -> int:
    """Say the warnings and what failed; the exit code."""
    for warning in outcome.warnings:
        told(f"warning: {printable(warning)}")
    if outcome.failure is not None:
        told(outcome.failure.drawn())
    if unsaved is not None:
        raise unsaved
    if outcome.stopped == "interrupted":
        return 130
    return 1 if outcome.failure is not None else 0
