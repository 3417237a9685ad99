"""`bpcalc.compile`: a formula as a Python function of numbers and arrays, with its gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from bpcalc.bindings import matched
from bpcalc.codegen.floats import RowFunction, row_function
from bpcalc.codegen.program import is_of_numbers, program
from bpcalc.errors import RequestError, printable
from bpcalc.formula import parse
from bpcalc.formula.tokens import normal
from bpcalc.graph import Graph
from bpcalc.ops.op import Value

if TYPE_CHECKING:
    from bpcalc.codegen.columns import Columns

Gradient: TypeAlias = "Value | tuple[Value, ...]"


def compile(
    formula: str | Graph,
    wrt: Sequence[str] | str | None = None,
    *,
    fixed: Mapping[str, float] | None = None,
    threads: int | None = None,
) -> Function:
    """The formula as a function of its variables.

    `wrt` are the names to differentiate by, as a list or "x,y"; all variables where it is left
    out. Variables that are `fixed` have these values, and are no arguments any more. `threads`
    bounds how many threads large arrays are spread over.

        >>> f = compile("x**2*y + y + 2")
        >>> f(3, 4)
        42.0
        >>> f.value_and_grad(3, 4)
        (42.0, (24.0, 10.0))

    Raises:
        RequestError: the formula cannot be understood, or a name is not in it.
    """
    graph = parse(formula, fixed or {}) if isinstance(formula, str) else formula
    return Function(graph, wrt, fixed, threads)


class Function:
    """A compiled formula: call it for the value, `value_and_grad` gives the gradient, too.

    Arguments are given in the order of `variables`, or by name. Floats give floats. Arrays of any
    shapes that broadcast give arrays: the value and the derivatives in each place (in each row of
    a table, say). A formula that itself works on arrays (`sum(x**2)`, `mse(w*x, t)`) gives what it
    says, one number for all of an array. One array in place of several variables holds their
    values along its first axis, and then the gradient is one array, too: so the function fits
    `scipy.optimize.minimize(f.value_and_grad, x0, jac=True)`.

    Where the formula is not defined the result is NaN or inf, without a warning.
    """

    def __init__(
        self,
        graph: Graph,
        wrt: Sequence[str] | str | None = None,
        fixed: Mapping[str, float] | None = None,
        threads: int | None = None,
    ) -> None:
        self.graph = graph
        self.fixed = {normal(name): _number(name, value) for name, value in (fixed or {}).items()}
        self.threads = threads
        for name in self.fixed:
            _known(graph, name, graph.variables)
        self.variables = tuple(name for name in graph.variables if name not in self.fixed)
        self.wrt = self.variables if wrt is None else tuple(_names(graph, wrt))

    def __call__(self, *arguments: Value, **named: Value) -> Value:
        """The formula's value."""
        given, _ = self._given(arguments, named)
        if self._are_numbers(given):
            return self._value(*given)[0]
        if self.graph.structural:
            return _own(self._of_arrays(given)[self.graph.output])
        return _on_columns(self._value_columns, given)[0]

    def value_and_grad(
        self, *arguments: Value, out: Sequence[Value] | None = None, **named: Value
    ) -> tuple[Value, Gradient]:
        """The value, and the gradient by each of `wrt`, in their order.

        The gradient is a tuple; of a single name it is that derivative itself, and of one array
        in place of several variables one array. `out` are arrays of float64 for the value and
        each derivative, of the shape of the results, to be used in place of new ones; they have
        nothing in common with each other or with the arguments.

        Raises:
            RequestError: an argument is missing or too many or no number, or shapes do not fit.
        """
        given, packed = self._given(arguments, named)
        numbers = self._are_numbers(given)
        if out is not None and (numbers or self.graph.structural):
            raise RequestError("out is for formulas that are computed place by place, on arrays")
        if numbers:
            found = list(self._row(*given))
        elif self.graph.structural:
            found = self._gradients_of_arrays(given)
        else:
            found = _on_columns(self._columns, given, out)
        value, *slopes = found
        if packed:
            import numpy

            return value, numpy.stack(slopes) if slopes else numpy.empty(0)
        return value, slopes[0] if len(self.wrt) == 1 else tuple(slopes)

    def _given(
        self, arguments: tuple[Value, ...], named: Mapping[str, Value]
    ) -> tuple[list[Value], bool]:
        """The values in the order of `variables`, and whether they came as one array."""
        count = len(self.variables)
        if len(arguments) == 1 and count != 1 and not named and hasattr(arguments[0], "__len__"):
            if len(arguments[0]) != count:
                raise RequestError(
                    f"one array for the {count} variables {', '.join(self.variables)} has to have "
                    f"{count} entries, and has {len(arguments[0])}"
                )
            each = zip(self.variables, arguments[0])
            return [_number_or_array(name, value) for name, value in each], True
        if len(arguments) > count:
            raise RequestError(
                f"the formula has {count} variables, and {len(arguments)} arguments are given",
                hint=f"they are {', '.join(self.variables) or 'none'}",
            )
        values = dict(zip(self.variables, arguments))
        for name, value in named.items():
            if normal(name) in values:
                raise RequestError(f"{name} is given twice")
            values[normal(name)] = value
        surplus = [name for name in values if name in self.fixed]
        if surplus:
            raise RequestError(f"{surplus[0]} is fixed to {self.fixed[surplus[0]]:g}")
        found = matched(self.graph, {**cast("Mapping[str, Any]", self.fixed), **values})
        return [_number_or_array(name, found[name]) for name in self.variables], False

    def _are_numbers(self, given: Sequence[Value]) -> bool:
        """Whether the formula is computed by plain Python."""
        return self._of_numbers and all(type(value) is float for value in given)

    @cached_property
    def _of_numbers(self) -> bool:
        return is_of_numbers(self.graph)

    @cached_property
    def _row(self) -> RowFunction:
        return row_function(self.graph, self.wrt, self.fixed)

    @cached_property
    def _value(self) -> RowFunction:
        return row_function(self.graph, [], self.fixed)

    @cached_property
    def _columns(self) -> Columns:
        return self._columns_of(self.wrt)

    @cached_property
    def _value_columns(self) -> Columns:
        return self._columns_of([])

    def _columns_of(self, wrt: Sequence[str]) -> Columns:
        from bpcalc.codegen.columns import Columns
        from bpcalc.codegen.numpy_slots import NumpySlots

        return Columns(program(self.graph, wrt, self.fixed, slots=NumpySlots()), self.threads)

    def _of_arrays(self, given: Sequence[Value]) -> list[Value]:
        """The values of all nodes of a formula that works on arrays."""
        from bpcalc.engine import forward
        from bpcalc.engine.array_shapes import shapes

        values = {**self.fixed, **dict(zip(self.variables, given))}
        shapes(self.graph, values)
        return forward(self.graph, values)

    def _gradients_of_arrays(self, given: Sequence[Value]) -> list[Value]:
        from bpcalc.engine import gradients

        values = self._of_arrays(given)
        output = values[self.graph.output]
        if getattr(output, "shape", ()):
            raise RequestError(
                f"the output is an array of the shape {output.shape}, and a gradient is that of "
                "a number",
                source=self.graph.source,
                span=self.graph.span(self.graph.output),
                hint="sum(...) of it",
            )
        wanted = [self.graph.index(name) for name in self.wrt]
        found = gradients(self.graph, values, 1.0, wanted)
        return [_own(output), *(_own(found[index]) for index in wanted)]

    def __repr__(self) -> str:
        return f"<compiled formula of {', '.join(self.variables) or 'no variables'}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.graph.source, self.wrt, self.fixed, self.threads)


def _restored(
    source: str, wrt: Sequence[str], fixed: Mapping[str, float], threads: int | None
) -> Function:
    return Function(parse(source, fixed), wrt, fixed, threads)


def _names(graph: Graph, wrt: Sequence[str] | str) -> list[str]:
    names = [part.strip() for part in wrt.split(",")] if isinstance(wrt, str) else list(wrt)
    known = [*graph.variables, *graph.names.values()]
    for name in names:
        _known(graph, name, known)
    return list(dict.fromkeys(names))


def _known(graph: Graph, name: str, known: Sequence[str] | Mapping[str, int]) -> None:
    if name not in known:
        raise RequestError(
            f"the formula has no variable {name}",
            hint=f"its variables: {', '.join(graph.variables) or 'none'}",
        )


def _number_or_array(name: str, value: Value) -> Value:
    """A float, or an array of float64.

    Raises:
        RequestError: it is neither.
    """
    if type(value) is float:
        return value
    try:
        if not hasattr(value, "__len__") and not getattr(value, "shape", ()):
            return float(value)
        import numpy

        array = numpy.asarray(value)
        if array.dtype.kind in "biuf":
            return array.astype(numpy.float64, copy=False)
    except (TypeError, ValueError, OverflowError):
        pass
    shown = printable(repr(value), 60)
    raise RequestError(f"the value of {name} is {shown}, and has to be a number or an array")


def _number(name: str, value: Value) -> float:
    found = _number_or_array(name, value)
    if not isinstance(found, float):
        raise RequestError(f"{name} is fixed to an array, and has to be a number")
    return found


def _own(result: Value) -> Value:
    """A result that shows nobody else's memory."""
    return result.copy() if getattr(result, "shape", ()) else result


def _on_columns(
    columns: Columns, given: Sequence[Value], out: Sequence[Value] | None = None
) -> list[Value]:
    """The outputs of a program in the common shape of its arguments."""
    arrays = [value for value in given if not isinstance(value, float)]
    shape = arrays[0].shape
    if any(array.shape != shape for array in arrays):
        shape = _broadcast(arrays)
    flat = [value if isinstance(value, float) else _row_of(value, shape) for value in given]
    room = None if out is None else _flat(out, len(columns.program.outputs), shape, arrays)
    return [found.reshape(shape) for found in columns(flat, room)]


def _broadcast(arrays: Sequence[Value]) -> tuple[int, ...]:
    import numpy

    try:
        return numpy.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise RequestError(f"the shapes of the arguments do not fit each other: {shapes}") from None


def _row_of(array: Value, shape: tuple[int, ...]) -> Value:
    """An array in a shape, its elements one behind the other."""
    import numpy

    if array.shape != shape:
        array = numpy.broadcast_to(array, shape)
    if not array.flags.c_contiguous:
        array = numpy.ascontiguousarray(array)
    return array if array.ndim == 1 else array.reshape(-1)


def _flat(
    out: Sequence[Value], count: int, shape: tuple[int, ...], arguments: Sequence[Value]
) -> list[Value]:
    """The arrays that are written to, as one row each.

    Raises:
        RequestError: they are not as many as there are results, or cannot take them.
    """
    import numpy

    if len(out) != count:
        raise RequestError(f"out has to have {count} arrays, and has {len(out)}")
    for place, array in enumerate(out):
        if not isinstance(array, numpy.ndarray) or array.shape != shape or array.dtype != float:
            raise RequestError(f"out has to have arrays of float64 of the shape {shape}")
        if not array.flags.c_contiguous or not array.flags.writeable:
            raise RequestError("out has to have contiguous arrays that can be written to")
        others = (*arguments, *out[:place])
        if any(numpy.may_share_memory(array, other) for other in others):
            raise RequestError("an array of out shares memory with an argument or another of out")
    return [array.reshape(-1) for array in out]
