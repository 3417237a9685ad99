"""What is measured of training: one tool on one network, in a process that waits to be asked.

python benchmarks/training_tools.py TOOL NETWORK ROWS SEED

epoch    -> seconds of an epoch from the start values
loss     -> the loss over all samples after it
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from training_problems import (
    NAMES,
    NETWORKS,
    Network,
    Parameters,
    Samples,
    loss,
    samples,
    start,
    steps_by_hand,
)
from workers import answer, missing


class Trained(NamedTuple):
    """One epoch."""

    seconds: float
    parameters: Parameters


Trainer: TypeAlias = Callable[[Parameters], Trained]
"""Start values, which are its own -> an epoch."""
Tool: TypeAlias = Callable[[Network, Samples], Trainer]


def timed(epoch: Callable[[], Any]) -> float:
    start = time.perf_counter()
    epoch()
    return time.perf_counter() - start


def batches(network: Network, data: Samples) -> list[slice]:
    """The last one may be shorter."""
    rows = len(data.x)
    return [slice(k, min(k + network.batch, rows)) for k in range(0, rows, network.batch)]


def by_hand(network: Network, data: Samples) -> Trainer:
    """NumPy, in place."""
    x, t = data.x, data.t if network.name == "sigmoid" else data.t.astype(np.intp)

    def train(given: Parameters) -> Trained:
        made = steps_by_hand(network, given)
        parts = batches(network, data)
        steps = {rows: made(rows) for rows in {part.stop - part.start for part in parts}}

        def epoch() -> None:
            for part in parts:
                steps[part.stop - part.start](x[part], t[part])

        return Trained(timed(epoch), given)

    return train


def bpcalc(network: Network, data: Samples) -> Trainer:
    """The compiled gradients, and steps in place; each batch is copied to where it was compiled."""
    from bpcalc.codegen.loss import Loss
    from bpcalc.formula import parse

    def train(given: Parameters) -> Trained:
        graph = parse(network.formula, {**given, "x": data.x, "t": data.t})
        compiled = Loss(graph, NAMES, "mean", "float32")
        scratch = [np.empty_like(given[name]) for name in NAMES]
        arrays = [given[name] for name in NAMES]
        rate = np.float32(network.rate)
        parts = batches(network, data)
        rooms = {
            rows: {
                "x": np.empty((rows, data.x.shape[1]), np.float32),
                "t": np.empty((rows, *data.t.shape[1:]), np.float32),
                **given,
            }
            for rows in {part.stop - part.start for part in parts}
        }
        for room in rooms.values():  # lay out
            room["x"][...], room["t"][...] = 0, 0
            compiled.gradients(room)

        def epoch() -> None:
            for part in parts:
                room = rooms[part.stop - part.start]
                np.copyto(room["x"], data.x[part])
                np.copyto(room["t"], data.t[part])
                for array, slope, product in zip(arrays, compiled.gradients(room), scratch):
                    np.multiply(slope, rate, product)
                    np.subtract(array, product, array)

        return Trained(timed(epoch), given)

    return train


def descend(network: Network, data: Samples, shuffle: bool = False) -> Trainer:
    """The loop of `bpcalc descend`: with the loss of each batch, and everything it looks after.

    From the end of the first step to the end of the last. The losses of all samples before and
    after are not in it.
    """
    from bpcalc.descent.batches import Batches
    from bpcalc.descent.methods import method
    from bpcalc.descent.run import Run
    from bpcalc.descent.schedules import schedule
    from bpcalc.descent.task import Task
    from bpcalc.descent.training import Limits, Watch
    from bpcalc.formula import parse

    def train(given: Parameters) -> Trained:
        graph = parse(network.formula, {**given, "x": data.x, "t": data.t})
        rows = Batches({"x": data.x, "t": data.t}, network.batch, shuffle, 0)
        task = Task(graph, given, {}, rows, method("sgd"), None, None, "float32")
        run = Run(task, Limits(rows.count, network.rate, schedule(None, None), None))
        ends: list[float] = []

        def interrupted() -> bool:
            ends.append(time.perf_counter())
            return False

        outcome = run.go(Watch(interrupted, lambda: None, 1e9, lambda step, loss: None))
        steps = max(1, rows.count - 1)
        return Trained((ends[-1] - ends[0]) * rows.count / steps, outcome.values)

    return train


def descend_shuffled(network: Network, data: Samples) -> Trainer:
    """Its default: a new order of the rows, gathered batch by batch."""
    return descend(network, data, shuffle=True)


def torch(network: Network, data: Samples) -> Trainer:
    """Eager, and steps in place."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    x, t = torch.from_numpy(data.x), torch.from_numpy(data.t)
    if network.name == "relu":
        t = t.long()

    def value(parameters: list[Any], x: Any, t: Any) -> Any:
        W1, b1, W2, b2 = parameters
        if network.name == "relu":
            a1 = torch.relu(torch.addmm(b1, x, W1))
            return torch.nn.functional.cross_entropy(torch.addmm(b2, a1, W2), t)
        a1 = torch.sigmoid(torch.addmm(b1, x, W1))
        a2 = torch.sigmoid(torch.addmm(b2, a1, W2))
        return (t - a2).square().sum() / (2 * len(x))

    def train(given: Parameters) -> Trained:
        parameters = [torch.tensor(given[name], requires_grad=True) for name in NAMES]

        def epoch() -> None:
            for part in batches(network, data):
                found = value(parameters, x[part], t[part])
                slopes = torch.autograd.grad(found, parameters)
                with torch.no_grad():
                    for parameter, slope in zip(parameters, slopes):
                        parameter.sub_(slope, alpha=network.rate)

        seconds = timed(epoch)
        return Trained(seconds, {n: p.detach().numpy() for n, p in zip(NAMES, parameters)})

    return train


def jax_step(network: Network) -> Callable[[Any, Any, Any], Any]:
    """(parameters, x, t) -> parameters after the step."""
    import jax

    def value(given: Any, x: Any, t: Any) -> Any:
        z = x @ given["W1"] + given["b1"]
        if network.name == "relu":
            z2 = jax.nn.relu(z) @ given["W2"] + given["b2"]
            logs = jax.nn.log_softmax(z2)
            return -jax.numpy.take_along_axis(logs, t.astype(int)[:, None], 1).mean()
        a2 = jax.nn.sigmoid(jax.nn.sigmoid(z) @ given["W2"] + given["b2"])
        return ((t - a2) ** 2).sum() / (2 * len(x))

    slopes = jax.grad(value)

    def step(given: Any, x: Any, t: Any) -> Any:
        return jax.tree.map(lambda p, g: p - network.rate * g, given, slopes(given, x, t))

    return step


def jax(network: Network, data: Samples) -> Trainer:
    """A compiled step, called for each batch."""
    import jax

    step = jax.jit(jax_step(network), donate_argnums=0)

    def train(given: Parameters) -> Trained:
        def epoch() -> None:
            for part in parts:
                held[0] = step(held[0], data.x[part], data.t[part])
            jax.block_until_ready(held[0])

        parts = batches(network, data)
        for part in (parts[0], parts[-1]):  # compile
            held = [step(jax.tree.map(jax.numpy.array, given), data.x[part], data.t[part])]
        held = [jax.tree.map(jax.numpy.array, given)]
        seconds = timed(epoch)
        return Trained(seconds, {name: np.asarray(held[0][name]) for name in NAMES})

    return train


def jax_scan(network: Network, data: Samples) -> Trainer:
    """The whole epoch compiled, as one loop."""
    import jax

    step = jax_step(network)
    whole = len(data.x) // network.batch
    size = whole * network.batch
    x = jax.numpy.asarray(data.x[:size]).reshape(whole, network.batch, -1)
    t = jax.numpy.asarray(data.t[:size]).reshape(whole, network.batch, *data.t.shape[1:])
    last = (jax.numpy.asarray(data.x[size:]), jax.numpy.asarray(data.t[size:]))

    @jax.jit
    def all_steps(given: Any, x: Any, t: Any, last: Any) -> Any:
        given, _ = jax.lax.scan(lambda p, batch: (step(p, *batch), None), given, (x, t))
        return step(given, *last) if len(last[0]) else given

    compiled: list[Any] = []

    def train(given: Parameters) -> Trained:
        parameters = jax.tree.map(jax.numpy.array, given)
        if not compiled:
            compiled.append(all_steps.lower(parameters, x, t, last).compile())
        found: list[Any] = []

        def epoch() -> None:
            found.append(jax.block_until_ready(compiled[0](parameters, x, t, last)))

        seconds = timed(epoch)
        return Trained(seconds, {name: np.asarray(found[0][name]) for name in NAMES})

    return train


TOOLS: dict[str, Tool] = {
    "NumPy by hand": by_hand,
    "bpcalc, compiled loss": bpcalc,
    "bpcalc descend --no-shuffle": descend,
    "bpcalc descend": descend_shuffled,
    "JAX jit": jax,
    "JAX jit, scan": jax_scan,
    "PyTorch": torch,
}


def main() -> None:
    """Answer each line of standard input; exit code 1 with a reason where the tool is missing."""
    tool, name, rows, seed = sys.argv[1:]
    network = NETWORKS[name]
    data = samples(network, int(rows), int(seed))
    try:
        train = TOOLS[tool](network, data)
    except ImportError as why:
        missing(why)
    last: list[Trained] = []

    def epoch() -> float:
        last[:] = [train(start(network, int(seed)))]
        return last[0].seconds

    answer({"epoch": epoch, "loss": lambda: loss(network, last[0].parameters, data)})


if __name__ == "__main__":
    main()
