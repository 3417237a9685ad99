"""Where a run stands, as a file: .npz or .json. A run that is resumed from it makes the same steps.

An .npz has the learnt values by their names, for numpy.load; what the run needs beside them has
names with a dot, which no variable has. A .json has them under `values`. Nothing is pickled.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from bpcalc.descent.held_out import Best
from bpcalc.descent.methods import METHODS
from bpcalc.descent.task import LEARNT, METHOD, ORDER, SHUFFLED, shapes_of, started_at
from bpcalc.descent.training import Position
from bpcalc.engine.diagnosis import is_finite
from bpcalc.errors import RequestError, printable
from bpcalc.results import SCHEMA, strict

ENDINGS = (".npz", ".json")
_ABOUT = "bpcalc.state"
_MEMORY = "bpcalc.memory."


class State(NamedTuple):
    """All that the next step depends on, beside the data."""

    about: Mapping[str, str]
    """What was asked for: formula, method, shapes, as words to be compared."""
    position: Position
    values: Mapping[str, Any]
    memory: Mapping[str, Any]
    """What the method keeps between steps, by name."""
    generator: Mapping[str, Any] | None
    """That of the rows' order; None where it is always the same."""
    seed: int
    start: Mapping[str, str]
    """The learnt variables' values before the first step, as words to be compared."""


def ending(path: str, option: str) -> str:
    """The ending, which says the format.

    Raises:
        RequestError: it says none of ours.
    """
    found = os.path.splitext(path)[1].lower()  # noqa: PTH122
    if found not in ENDINGS:
        raise RequestError(
            f"{option} takes a .npz or a .json, and not {printable(path, 80)}",
            hint="numpy.load reads the first, the second is text; --vars reads both",
        )
    return found


def packed(state: State, kind: str) -> bytes:
    """The content of the file."""
    about = {
        "bpcalc": SCHEMA,
        "about": dict(state.about),
        "seed": state.seed,
        "start": dict(state.start),
        "position": {**state.position._asdict(), "best": list(state.position.best)},
        "generator": state.generator,
    }
    if kind == ".json":
        tables = {"values": _plain(state.values), "memory": _plain(state.memory)}
        return (_text({**about, **tables}) + "\n").encode()
    import numpy

    stream = io.BytesIO()
    memory = {_MEMORY + name: numpy.asarray(value) for name, value in state.memory.items()}
    arrays = {name: numpy.asarray(value) for name, value in state.values.items()}
    about_text = numpy.array(_text(about))
    # Not savez(**arrays): a variable may be called `file`.
    _write_npz(stream, {**arrays, **memory, _ABOUT: about_text})
    return stream.getvalue()


def _text(table: Mapping[str, Any]) -> str:
    return json.dumps(strict(table), ensure_ascii=False, allow_nan=False)


def _write_npz(stream: io.BytesIO, arrays: Mapping[str, Any]) -> None:
    import zipfile

    from numpy.lib import format as npy

    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as file:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # dated 1980: the same run, the same bytes
            with file.open(entry, "w", force_zip64=True) as part:
                npy.write_array(part, array, allow_pickle=False)


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.tolist() if hasattr(value, "tolist") else value for name, value in table.items()
    }


def unpacked(path: str) -> State:
    """The state that a file holds.

    Raises:
        RequestError: it cannot be read, or no run has written it.
    """
    kind = ending(path, "--resume")
    shown = printable(path, 80)
    try:
        with open(path, "rb") as stream:  # noqa: PTH123
            data = stream.read()
    except (OSError, ValueError) as why:
        raise RequestError(
            f"{shown} cannot be read: {getattr(why, 'strerror', None) or why}"
        ) from None
    try:
        return _of_json(data) if kind == ".json" else _of_npz(data)
    except Exception:  # what the parsers say of a damaged file is of many kinds
        raise RequestError(
            f"{shown} holds no run that could be resumed",
            hint="--resume takes a file that --save has written",
        ) from None


def _of_json(data: bytes) -> State:
    found = json.loads(data)
    return _state(found, _arrays(found["values"]), _arrays(found["memory"]))


def _arrays(table: Mapping[str, Any]) -> dict[str, Any]:
    """The lists of a table as arrays."""
    if not any(isinstance(value, list) for value in table.values()):
        return {name: float(value) for name, value in table.items()}
    import numpy

    return {
        name: numpy.array(value, dtype=float) if isinstance(value, list) else float(value)
        for name, value in table.items()
    }


def _of_npz(data: bytes) -> State:
    import numpy

    with numpy.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(str(arrays.pop(_ABOUT)))
    memory = {
        name.removeprefix(_MEMORY): value
        for name, value in arrays.items()
        if name.startswith(_MEMORY)
    }
    values = {name: value for name, value in arrays.items() if not name.startswith(_MEMORY)}
    return _state(about, values, memory)


def learnt_values(data: bytes, shown: str) -> dict[str, Any]:
    """The arrays of an .npz under the names of variables, and not what a run needs beside them.

    Raises:
        RequestError: it is no .npz, or is damaged.
    """
    import numpy

    try:
        with numpy.load(io.BytesIO(data), allow_pickle=False) as file:
            return {name: file[name] for name in file.files if "." not in name}
    except Exception:  # what NumPy and zipfile say of a damaged file is of many kinds
        raise RequestError(f"{shown} is no .npz file of arrays of numbers") from None


def _state(found: Mapping[str, Any], values: Any, memory: Any) -> State:
    if found["bpcalc"] != SCHEMA:
        raise ValueError
    about = {str(key): str(value) for key, value in found["about"].items()}
    start = {str(key): str(value) for key, value in found["start"].items()}
    place = found["position"]
    epoch, value = place["best"]
    best = Best(_count(epoch), _number(value))
    loss, last = _number(place["loss"]), _number(place["last"])
    position = Position(_count(place["step"]), loss or 0.0, last, best)
    seed = _count(found["seed"])
    state = State(about, position, dict(values), dict(memory), found["generator"], seed, start)
    _refuse_misfits(state)
    return state


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _refuse_misfits(state: State) -> None:
    """Raise an error where the parts do not fit each other."""
    about = state.about
    recipe = METHODS[about[METHOD].partition(",")[0]]
    size = sum(getattr(value, "size", 1) for value in state.values.values())
    fits = shapes_of(state.values) == about[LEARNT] and list(state.start) == list(state.values)
    fits = fits and all(map(is_finite, state.values.values()))
    fits = fits and set(state.memory) == set(recipe.memory)
    if not fits or any(_length(part) != size for part in state.memory.values()):
        raise ValueError
    if about[ORDER] == SHUFFLED:
        import numpy

        numpy.random.PCG64().state = state.generator  # type: ignore[assignment]


def _length(part: Any) -> int:
    (length,) = part.shape
    return int(length)


def refuse_other_run(state: State, about: Mapping[str, str], path: str) -> None:
    """A run is resumed as what it was.

    Raises:
        RequestError: something of it is another now.
    """
    differing = [key for key in about if state.about.get(key) != about[key]]
    if not differing:
        return
    key = differing[0]
    others = f" (and the {', the '.join(differing[1:])})" if differing[1:] else ""
    raise RequestError(
        f"--resume: the {key} is another than in {printable(path, 80)}{others}",
        values=[
            f"there {printable(state.about.get(key, 'none'), 200) or 'none'}",
            f"here  {printable(about[key], 200) or 'none'}",
        ],
        hint="the rate, its schedule and the number of steps may change; for the rest begin anew",
    )


def refuse_other_seed(state: State, seed: int, path: str) -> None:
    """The seed of a run stays as it is.

    Raises:
        RequestError: it is another now.
    """
    if seed != state.seed:
        raise RequestError(
            f"--resume: the seed is another than in {printable(path, 80)}",
            values=[f"there {state.seed}", f"here  {seed}"],
            hint="without --seed it is the one that the run began with",
        )


def refuse_other_start(state: State, given: Mapping[str, Any], path: str) -> None:
    """Start values that are given again are those that the run began with, or stands at.

    Raises:
        RequestError: one is another.
    """
    now, here = started_at(state.values), started_at(given)
    for name, words in state.start.items():
        if here.get(name, words) not in (words, now[name]):
            raise RequestError(
                f"--resume: {printable(name, 60)} had another start value in {printable(path, 80)}",
                values=[f"there {words}", f"here  {here[name]}"],
                hint="without a value it goes on from where it was saved",
            )
