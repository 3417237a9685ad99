"""Training: an epoch of two networks beside other tools, and `bpcalc descend` as a whole process.

    python benchmarks/training.py [--networks sigmoid relu] [--rows 60000] [--threads 1 2]

Every tool is a process of its own, and they take turns with a pause between them: an epoch each,
from the same start values over the same batches, after one that is not measured. Only tools
that arrive at the same loss are timed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from common import MeasurementError, interleaved, load, machine, not_measured, table
from training_problems import NETWORKS, samples, start
from training_tools import TOOLS
from workers import Worker, after_a_pause

SEED = 20261121
HAND, SHUFFLED = "NumPy by hand", "bpcalc descend"
TOLERANCE = 1e-3
"""Relative; 6,000 steps in float32."""
OTHER_ORDER = 0.1
"""Where the order of the rows is another one."""
EXAMPLES = Path(__file__).parent.parent / "examples"
D9_STEPS, D9_LOSS = 10_000, 3.51018778298e-5


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--tools", nargs="+", default=list(TOOLS), choices=list(TOOLS))
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each tool")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], help="of BLAS, PyTorch")
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    print(f"{machine()}, {given.rounds} turns, interleaved; seed {given.seed}; {load()}")
    for name in given.networks:
        for threads in given.threads:
            network = NETWORKS[name]
            shown = f"784-{network.hidden}-10 {name}, batch {network.batch}, {given.rows:,} samples"
            print(f"\n{shown}, {'two threads' if threads == 2 else f'threads: {threads}'}\n")
            print(report(name, threads, given), flush=True)
    if any("descend" in tool for tool in given.tools):
        print(f"\nWhole processes, median of {given.rounds}\n", flush=True)
        print(processes(given), flush=True)


# Epochs


def report(name: str, threads: int, given: argparse.Namespace) -> str:
    """The table of one network, and a line for each tool that failed."""
    workers = {
        tool: Worker("training_tools.py", tool, name, given.rows, given.seed, threads=threads)
        for tool in given.tools
    }
    found, failures = interleaved(
        {t: after_a_pause(partial(warm, w)) for t, w in workers.items()}, 1
    )
    losses = {tool: found[tool][0] for tool in found if tool not in failures}
    expected = losses.get(HAND, next(iter(losses.values()), 0.0))
    for tool, loss in losses.items():
        if not deviation(loss, expected) <= (OTHER_ORDER if tool == SHUFFLED else TOLERANCE):
            failures[tool] = f"its loss is {loss:.6g} in place of {expected:.6g}"
    jobs = {
        tool: after_a_pause(partial(worker.asked, "epoch"))
        for tool, worker in workers.items()
        if tool not in failures
    }
    turns, stopped = interleaved(jobs, given.rounds)
    failures |= stopped
    for worker in workers.values():
        worker.end()
    times = {tool: turns[tool] for tool in turns if tool not in stopped}
    rows = [row(tool, times, losses[tool], expected) for tool in times]
    header = ["tool", "median s", "/ by hand", "least s", "/ by hand", "loss agrees to"]
    return "\n".join([table(header, rows), *not_measured(failures)])


def warm(worker: Worker) -> float:
    """The loss after an epoch that is not measured."""
    worker.asked("epoch")
    return float(worker.asked("loss"))


def deviation(loss: float, expected: float) -> float:
    return abs(loss - expected) / abs(expected)


def row(tool: str, times: dict[str, list[float]], loss: float, expected: float) -> list[str]:
    cells = [tool]
    for kind in (median, min):
        cells.append(f"{kind(times[tool]):.3f}")
        cells.append(f"{kind(times[tool]) / kind(times[HAND]):.2f}" if HAND in times else "-")
    off = "other order" if tool == SHUFFLED else f"{deviation(loss, expected):.0e}"
    return [*cells, "" if tool == HAND else off]


# The command


def processes(given: argparse.Namespace) -> str:
    with tempfile.TemporaryDirectory() as folder:
        jobs = {
            f"{D9_STEPS:,} steps of D9": partial(d9),
            **{
                f"{shown}, 784-{NETWORKS[name].hidden}-10": after_a_pause(
                    partial(epochs, name, count, Path(folder), given)
                )
                for name in given.networks
                for count, shown in ((1, "an epoch"), (3, "three epochs"))
            },
        }
        found, failures = interleaved(jobs, given.rounds)
    rows = [[name, f"{median(found[name]):.2f}"] for name in jobs if name not in failures]
    return "\n".join([table(["bpcalc descend", "s"], rows), *not_measured(failures)])


def d9() -> float:
    """Mazur's network, its weights learnt; the loss is that of the worked example."""
    learnt = ",".join(f"w{i}" for i in range(1, 9))
    network = ["-f", str(EXAMPLES / "d1-network.bp"), "--vars", str(EXAMPLES / "d1-network.toml")]
    how = ["--learn", learnt, "--lr", "0.5", "--steps", str(D9_STEPS)]
    seconds, loss = descended([*network, *how])
    if not deviation(loss, D9_LOSS) <= 1e-9:
        raise MeasurementError(f"its loss is {loss}")
    return seconds


def epochs(name: str, count: int, folder: Path, given: argparse.Namespace) -> float:
    """With start-up, reading, and the loss of all samples before and after."""
    network = NETWORKS[name]
    values = {**start(network, given.seed)}
    files = {key: folder / f"{name}-{key}.npy" for key in ("x", "t", *values)}
    if not files["x"].exists():
        data = samples(network, given.rows, given.seed)
        for key, array in {"x": data.x, "t": data.t, **values}.items():
            np.save(files[key], array)
    data_option = ["--data", f"x={files['x']},t={files['t']}", "--batch", str(network.batch)]
    starts = [word for key in values for word in (f"--{key}", f"@{files[key]}")]
    how = ["--lr", str(network.rate), "--epochs", str(count), "--dtype", "float32"]
    return descended([network.formula, *starts, *data_option, *how])[0]


def descended(words: Sequence[str]) -> tuple[float, float]:
    """Seconds of the process, and the loss at its end.

    Raises:
        MeasurementError: it fails.
    """
    command = [sys.executable, "-m", "bpcalc", "descend", *words, "--get", "loss"]
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - begin
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["nothing on standard error"])[0]
        raise MeasurementError(f"exit code {done.returncode}: {said[:100]}")
    return seconds, float(json.loads(done.stdout))


if __name__ == "__main__":
    main()
