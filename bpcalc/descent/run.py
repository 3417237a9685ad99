"""A run, whole: a task and how far to go -> the loop -> the outcome; and its state on the way."""

from __future__ import annotations

from typing import Any, NamedTuple

from bpcalc.descent.history import History
from bpcalc.descent.outcome import Held, Outcome, Samples
from bpcalc.descent.state import State
from bpcalc.descent.task import Task, description, problem, started_at
from bpcalc.descent.training import Limits, Position, Training, Watch
from bpcalc.engine import forward, gradients
from bpcalc.engine.diagnosis import failure_of_gradients, failure_of_values
from bpcalc.errors import BpcalcError, CalculationError


class Validation(NamedTuple):
    """What is measured on held-out data."""

    held_out: Any
    metric: str | None
    rows: int


def _finite(value: float | None) -> float | None:
    return None if value is None or value - value != 0 else value


def _in_float32(value: Any) -> Any:
    import numpy

    return value.astype("float32") if getattr(value, "shape", ()) else float(numpy.float32(value))


class Run:
    """A run from its start values, or from where an earlier one was saved."""

    def __init__(
        self,
        task: Task,
        limits: Limits,
        seed: int = 0,
        validation: Validation | None = None,
        state: State | None = None,
    ) -> None:
        self.task = task
        self.limits = limits
        self.seed = seed
        self.started = started_at(task.start) if state is None else state.start
        """What the values were before the first step, as words to be compared."""
        self.validation = validation
        self.problem = problem(task)
        position = Position()
        if state is not None:
            position = state.position
            self._restore(state)
        self.start = self.problem.values()
        held_out = validation.held_out if validation is not None else None
        self.training = Training(self.problem, limits, held_out, position)

    def _restore(self, state: State) -> None:
        self.problem.restore(state.values, state.memory)
        batches = self.task.batches
        if batches is not None and state.generator is not None:
            within = state.position.step % batches.count != 0
            batches.restore(state.generator, within)

    def state(self) -> State:
        """Where the run stands, between two steps."""
        position, batches = self.training.position, self.task.batches
        generator = None
        if batches is not None and batches.shuffle:
            generator = batches.state(within=position.step % batches.count != 0)
        memory = dict(zip(self.task.method.recipe.memory, self.problem.memory))
        values = self.problem.values()
        about = description(self.task)
        return State(about, position, values, memory, generator, self.seed, self.started)

    def go(self, watch: Watch, history: History | None = None) -> Outcome:
        """Run to the end, or to what ends it before."""
        training = self.training
        with self.problem.quiet():
            start = None if self.problem.count == 1 else self.problem.value_of_all()
            why = training.run(watch, history)
            start = training.start if start is None else start
            failure = self._failure() if why == "diverged" else None
        gradient = {} if why in ("diverged", "interrupted") else self.problem.gradient()
        if failure is not None:
            left = training.step
            training.retreat()
            self._advise(failure, left)
        return self._outcome(why, start, gradient, failure)

    def outline(self) -> Outcome:
        """An outcome as it would be without a step: what it has, and not what it will be."""
        return self._outcome("steps", None, self.problem.values(), None)

    def _outcome(
        self, why: str, start: float | None, gradient: dict[str, Any], failure: BpcalcError | None
    ) -> Outcome:
        task, training = self.task, self.training
        step = training.step
        count = self.problem.count
        return Outcome(
            formula=task.graph.source,
            method=task.method.name,
            options=task.method.options,
            rate=self.limits.rate,
            schedule=str(self.limits.schedule),
            start=self.start,
            values=self.problem.values(),
            loss=(_finite(start), training.end),
            gradient=gradient,
            norm=training.norm,
            steps=step,
            epochs=step // count if task.batches is not None else 0,
            samples=self._samples(step),
            held=self._held(),
            stopped=why,
            seed=self.seed,
            curve=training.curve.all(),
            warnings=self._warnings(why, start),
            failure=failure,
        )

    def _samples(self, step: int) -> Samples | None:
        batches = self.task.batches
        if batches is None:
            return None
        seen = batches.seen(step)
        return Samples(batches.rows, batches.size, batches.count, seen, batches.shuffle)

    def _held(self) -> Held | None:
        if self.validation is None:
            return None
        held_out, metric, rows = self.validation
        best = self.training.best
        return Held(metric, rows, held_out.values, best, held_out.patience)

    def _warnings(self, why: str, start: float | None) -> list[str]:
        warnings = list(self.task.graph.warnings)
        if self.validation is not None and self.validation.held_out.undefined is not None:
            what = "held-out loss" if self.validation.metric is None else "metric"
            epoch = self.validation.held_out.undefined
            warnings.append(f"the {what} is NaN after epoch {epoch:,}: NaN is never the best")
        end = self.training.end
        if why != "diverged" and start is not None and end is not None and end > start:
            warnings.append("the loss is larger than at the start: --lr may be too large")
        return warnings

    def _failure(self) -> CalculationError:
        """Where in the formula the finite numbers were left, and by which step."""
        step = self.training.step
        graph, values = self.task.graph, self.problem.all_values()
        found = forward(graph, values)
        if self.task.dtype == "float32":
            found = list(map(_in_float32, found))  # the engine goes on in float64 in places
        error = failure_of_values(graph, found, values)
        if error is None:
            wanted = [graph.index(name) for name in self.problem.values()]
            error = failure_of_gradients(graph, found, gradients(graph, found), 1.0, values, wanted)
        if error is None:
            error = CalculationError("the loss or its gradient is not finite")
        if self.task.dtype == "float32":
            error.message = error.message.replace("beyond 1.797e308", "beyond float32's 3.403e38")
        if not step:
            error.message = f"at the start values, {error.message}"
            return error
        error.message = f"step {step:,} left the finite numbers: {error.message}"
        return error

    def _advise(self, error: BpcalcError, left: int) -> None:
        """What to do about a run whose step `left` was its last."""
        step = self.training.step
        if not left:
            return
        whose = "the last finite" if left - step <= 1 else f"those of step {step:,}"
        error.hint = f"a smaller --lr, it was {self.limits.rate:g}; the values are {whose}"
        names = list(self.task.start)
        data = self.task.batches is not None
        if data and not self.task.learn_is_said and len(names) > 1:
            listed = f"{', '.join(names[:-1])} and {names[-1]} were learnt"
            error.hint += f"; {listed}, --learn {names[0]} keeps the rest"
