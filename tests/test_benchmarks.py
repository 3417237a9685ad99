"""The benchmarks run, on sizes that are over at once, and all results that they compare agree."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"

QUICK = {
    "rows.py": (
        *("--problems", "neuron", "network", "--rows", "500", "--rounds", "1", "--first", "1"),
        *("--tools", "bpcalc", "bpcalc, out=", "NumPy by hand"),
    ),
    "tables.py": (
        *("--cases", "b", "--rows", "2000", "--large", "4000", "--rounds", "1"),
        *("--tools", "bpcalc map, embedded", "csv and math"),
        *(["bpcalc map, bpcalc[fast]"] if find_spec("polars") else []),
    ),
    "training.py": (
        *("--networks", "relu", "--rows", "200", "--rounds", "1", "--threads", "1", "--tools"),
        *(
            "NumPy by hand",
            "bpcalc, compiled loss",
            "bpcalc descend",
            "bpcalc descend --no-shuffle",
        ),
    ),
}


@pytest.mark.parametrize("script", QUICK)
def test_a_benchmark_runs_and_its_tools_agree(script: str) -> None:
    command = [sys.executable, str(BENCHMARKS / script), *QUICK[script]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "| bpcalc" in done.stdout
    assert "not measured" not in done.stdout
    assert "DIFFER" not in done.stdout
