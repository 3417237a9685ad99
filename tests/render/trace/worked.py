"""The worked examples of the folder `examples`, each with values."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

import bpcalc

FOLDER = Path(__file__).parents[3] / "examples"
FORMULAS = sorted(FOLDER.glob("*.bp"))

every_example = pytest.mark.parametrize("path", FORMULAS, ids=lambda path: path.stem)


def values_for(path: Path) -> dict[str, float]:
    """Those from the file of values that belongs to it; to what that leaves open, 0.75."""
    names = bpcalc.parse(path.read_text(encoding="utf-8")).variables
    known: dict[str, float] = {}
    for file in sorted(FOLDER.glob(f"{path.stem.split('-')[0]}-*")):
        if file.suffix in (".json", ".toml"):
            text = file.read_text(encoding="utf-8")
            known.update(json.loads(text) if file.suffix == ".json" else tomllib.loads(text))
    return {name: known.get(name, 0.75) for name in names}
