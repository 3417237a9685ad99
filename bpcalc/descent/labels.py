"""Whether targets that are class indices are such classes: before the first step, for all rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy

from bpcalc.errors import RequestError

if TYPE_CHECKING:
    from bpcalc.graph import Graph
    from bpcalc.ops.op import Shape

_LOSSES = ("cross_entropy", "softmax_cross_entropy")


def refuse_other_classes(
    graph: Graph, shapes: Sequence[Shape], data: Mapping[str, Any], shown: str
) -> None:
    """Labels are whole numbers from 0 on, below the number of classes.

    `shapes` are those of the nodes for one batch.

    Raises:
        RequestError: one is not; the error names its row.
    """
    variables = {index: name for name, index in graph.variables.items() if name in data}
    for _, op, inputs in graph.operations:
        if op.name not in _LOSSES or inputs[1] not in variables:
            continue
        of_rows, of_labels = shapes[inputs[0]], shapes[inputs[1]]
        if of_rows != of_labels:
            name = variables[inputs[1]]
            _refuse(name, data[name], of_rows[-1], shown)


def _refuse(name: str, labels: Any, classes: int, shown: str) -> None:
    wrong = (labels != numpy.floor(labels)) | (labels < 0) | (labels >= classes)
    if not wrong.any():
        return
    place = numpy.unravel_index(int(wrong.argmax()), labels.shape)
    label = float(labels[place])
    raise RequestError(
        f"{shown}, row {int(place[0]) + 1:,}: {name} is {label:g}, and the classes are "
        f"0 to {classes - 1}",
        hint=f"the formula gives {classes} logits for each row; rows are counted from 1, "
        "without the header",
    )
