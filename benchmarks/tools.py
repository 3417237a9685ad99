"""What is measured: a function per tool. It imports the tool and reads the formula, untimed.

Each returns a function that computes value and gradients once, and tells a clock its phases:
`parse`, `forward` (for peers with the building of their graph), `backward`.
"""

from __future__ import annotations

import ast
import math
import time
from array import array
from collections.abc import Callable, Sequence
from operator import add, mul, sub, truediv
from pathlib import Path
from typing import Any, TypeAlias

from formulas import POINT, Program, triples

Result: TypeAlias = "list[float]"
"""The value of the formula, then its gradient by each variable; empty if the tool computes none."""


class Clock:
    """Collects the seconds of each phase of one pass."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.last = time.perf_counter()

    def lap(self, phase: str) -> None:
        now = time.perf_counter()
        self.seconds[phase] = now - self.last
        self.last = now


Run: TypeAlias = Callable[[Clock], Result]


def bpcalc(file: str) -> Run:
    from bpcalc.engine import forward, gradients
    from bpcalc.formula import parse

    text = Path(f"{file}.txt").read_text()

    def run(clock: Clock) -> Result:
        graph = parse(text)
        clock.lap("parse")
        values = forward(graph, POINT)
        clock.lap("forward")
        found = gradients(graph, values)
        clock.lap("backward")
        variables = graph.variables
        return [values[graph.output], *(found[variables[name]] for name in POINT)]

    return run


def ast_parse(file: str) -> Run:
    """Only Python's own parser, on the same text."""
    text = Path(f"{file}.txt").read_text()

    def run(clock: Clock) -> Result:
        ast.parse(text, mode="eval")
        clock.lap("parse")
        return []

    return run


def micrograd(file: str) -> Run:
    """With sin, tanh and exp added as its own `relu` is written."""
    from micrograd.engine import Value

    def lifted(
        function: Callable[[float], float], slope: Callable[[float, float], float]
    ) -> Callable[[Value], Value]:
        def apply(x: Value) -> Value:
            out = Value(function(x.data), (x,))

            def _backward() -> None:
                x.grad += slope(x.data, out.data) * out.grad

            out._backward = _backward
            return out

        return apply

    functions = [
        lifted(math.sin, lambda x, y: math.cos(x)),
        lifted(math.tanh, lambda x, y: 1 - y * y),
        lifted(math.exp, lambda x, y: y),
    ]
    program = operations_of(file)

    def run(clock: Clock) -> Result:
        variables = [Value(number) for number in POINT.values()]
        output = built(program, variables, functions)
        clock.lap("forward")
        output.backward()
        clock.lap("backward")
        return [output.data, *(variable.grad for variable in variables)]

    return run


def torch(file: str) -> Run:
    """Eager, with float64 scalars as in a training loop written by hand."""
    import torch

    program = operations_of(file)

    def run(clock: Clock) -> Result:
        variables = [
            torch.tensor(number, dtype=torch.float64, requires_grad=True)
            for number in POINT.values()
        ]
        output = built(program, variables, [torch.sin, torch.tanh, torch.exp])
        clock.lap("forward")
        output.backward()
        clock.lap("backward")
        return [output.item(), *(variable.grad.item() for variable in variables)]

    return run


def autograd(file: str) -> Run:
    import autograd.numpy as numpy
    from autograd.core import make_vjp

    program = operations_of(file)

    def formula(point: Any) -> Any:
        variables = [point[i] for i in range(len(POINT))]
        return built(program, variables, [numpy.sin, numpy.tanh, numpy.exp])

    def run(clock: Clock) -> Result:
        backward, value = make_vjp(formula, numpy.array(list(POINT.values())))
        clock.lap("forward")
        gradient = backward(1.0)
        clock.lap("backward")
        return [float(value), *gradient.tolist()]

    return run


def casadi(file: str) -> Run:
    """SX: a graph of scalars, its gradient as a graph, and both evaluated once."""
    import casadi

    program = operations_of(file)

    def run(clock: Clock) -> Result:
        point = casadi.SX.sym("x", len(POINT))
        output = built(program, casadi.vertsplit(point), [casadi.sin, casadi.tanh, casadi.exp])
        clock.lap("forward")
        gradient = casadi.gradient(output, point)
        function = casadi.Function("f", [point], [output, gradient])
        value, slopes = function(list(POINT.values()))
        clock.lap("backward")
        return [float(value), *slopes.full().ravel().tolist()]

    return run


TOOLS: dict[str, Callable[[str], Run]] = {
    "bpcalc": bpcalc,
    "micrograd": micrograd,
    "PyTorch": torch,
    "CasADi": casadi,
    "autograd": autograd,
    "ast.parse alone": ast_parse,
}


def operations_of(file: str) -> Program:
    program: Program = array("i")
    program.frombytes(Path(f"{file}.ops").read_bytes())
    return program


def built(program: Program, variables: Sequence[Any], functions: Sequence[Any]) -> Any:
    """The last node of the program, computed from a tool's variables by its sin, tanh and exp."""
    nodes = list(variables)
    keep = nodes.append
    known = [add, sub, mul, truediv, *functions]
    for code, left, right in triples(program):
        if code < 4:
            keep(known[code](nodes[left], nodes[right]))
        else:
            keep(known[code](nodes[left]))
    return nodes[-1]
