"""Write steps_by_torch.json: the paths of PyTorch's optimizers, for the tests without it.

    python tests/descent/steps_by_torch.py

The function is Rosenbrock's, (1 - x)^2 + 100*(y - x^2)^2, from (-1.2, 1). The numbers there are of
PyTorch 2.13.0 in float64.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

START = {"x": -1.2, "y": 1.0}
STEPS = 25
RATE = 0.0005
CASES = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "momentum:0.5": ("SGD", {"momentum": 0.5}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "rmsprop": ("RMSprop", {}),
    "rmsprop:alpha=0.9": ("RMSprop", {"alpha": 0.9}),
    "adam": ("Adam", {}),
    "adam:0.8,0.99": ("Adam", {"betas": (0.8, 0.99)}),
}
"""What --method is given, and what PyTorch is."""

SCHEDULES = {
    "exponential:0.9": ("ExponentialLR", {"gamma": 0.9}),
    "step:4:0.5": ("StepLR", {"step_size": 4, "gamma": 0.5}),
    "step:10": ("StepLR", {"step_size": 10}),
    "cosine": ("CosineAnnealingLR", {"T_max": STEPS}),
}


def path(torch: Any, name: str, options: dict[str, Any], schedule: Any = None) -> dict[str, Any]:
    """Every point of the way, and every rate."""
    x, y = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in START.values())
    optimizer = getattr(torch.optim, name)([x, y], lr=RATE, **options)
    if schedule is not None:
        schedule = getattr(torch.optim.lr_scheduler, schedule[0])(optimizer, **schedule[1])
    points, rates = [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        ((1 - x) ** 2 + 100 * (y - x**2) ** 2).backward()
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if schedule is not None:
            schedule.step()
        points.append([float(x.detach()), float(y.detach())])
    return {"points": points, "rates": rates}


def recorded(torch: Any) -> dict[str, Any]:
    """By method and by schedule what PyTorch does."""
    found = {case: path(torch, *how) for case, how in CASES.items()}
    for case, schedule in SCHEDULES.items():
        found[case] = path(torch, "SGD", {}, schedule)
    return found


if __name__ == "__main__":
    import torch

    lines = [f"{json.dumps(c)}: {json.dumps(numbers)}" for c, numbers in recorded(torch).items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    Path(__file__).with_suffix(".json").write_text(text, encoding="utf-8")
