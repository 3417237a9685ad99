"""Compiled columns give the engine's numbers in every row, to a few units in the last place."""

from __future__ import annotations

import math
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcalc
from bpcalc.codegen import column_functions, columns
from bpcalc.codegen.columns import Columns
from bpcalc.codegen.floats import row_function
from bpcalc.codegen.numpy_slots import NumpySlots
from bpcalc.codegen.program import program
from bpcalc.errors import RequestError
from bpcalc.formula import parse
from bpcalc.graph import Building
from bpcalc.ops import Op

for folder in ("engine", "ops"):
    sys.path.append(str(Path(__file__).parents[1] / folder))

from every_op import VARIANTS, extreme_points, inputs, name  # noqa: E402
from random_formulas import NAMES, formulas, points  # noqa: E402

few = settings(max_examples=150, deadline=None, derandomize=True, database=None)
ULP = 2.0**-52


def steps_apart(a: float, b: float, scale: float = 0.0) -> float:
    """How many units in the last place, of the larger one or of `scale`, two numbers differ."""
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    largest = max(abs(a), abs(b), scale)
    return abs(a - b) / (largest * ULP) if largest < math.inf else math.inf


@few
@given(formulas(), points)
def test_any_formula_has_the_rows_numbers(text: str, values: dict[str, float]) -> None:
    """Where rounding is magnified, that is by as much as moving the inputs by a rounding does."""
    graph = parse(text)
    names = list(graph.variables)
    row = row_function(graph, names)
    shifts = [0.0, 1e-3, -1e-3, 0.25]
    here = [np.array([values[n] + shift for shift in shifts]) for n in names]
    if not names:
        return
    found = Columns(program(graph, slots=NumpySlots()))(here)
    for place in range(len(shifts)):
        point = [float(column[place]) for column in here]
        exact = row(*point)
        beside = [row(*(x * (1 + s * ULP) for x in point)) for s in (-8, -2, 2, 8)]
        for k, (a, b) in enumerate(zip(exact, (float(column[place]) for column in found))):
            if not math.isfinite(a):
                continue
            spread = max((abs(a - other[k]) for other in beside), default=0.0)
            if not math.isfinite(spread):
                continue
            assert abs(a - b) <= 1e-11 * abs(a) + 16 * spread + 1e-290, (text, point, a, b)


@pytest.mark.parametrize("op", VARIANTS, ids=name)
def test_an_operation_has_the_rows_numbers_at_extreme_points(op: Op) -> None:
    building = Building()
    leaves = [building.leaf(f"x{i}") for i in range(inputs(op))]
    graph = building.finished(building.apply(op, tuple(leaves)))
    row = row_function(graph, list(graph.variables))
    table = np.array(list(extreme_points(op)))
    found = Columns(program(graph, slots=NumpySlots()))(list(np.ascontiguousarray(table.T)))
    for place, point in enumerate(table.tolist()):
        exact = row(*point)
        # lgamma near 1 and 2, where it is 0: by how much rounding x moves it
        moved = sum(abs(slope * x) for slope, x in zip(exact[1:], point))
        for k, (a, column) in enumerate(zip(exact, found)):
            b = float(column[place])
            if math.isfinite(a) and abs(a) > 1e-280:
                assert steps_apart(a, b, 0.0 if k else moved) <= 64, (point, a, b)


@few
@given(formulas(), points, st.sets(st.sampled_from(NAMES), max_size=2))
def test_numbers_that_all_rows_share_change_nothing(
    text: str, values: dict[str, float], shared: set[str]
) -> None:
    graph = parse(text)
    names = [name for name in graph.variables if name not in shared]
    if not names:
        return
    compiled = bpcalc.compile(graph)
    columns_of = {name: np.full(3, values[name]) for name in graph.variables}
    mixed = {name: columns_of[name] if name in names else values[name] for name in columns_of}
    value, slopes = compiled.value_and_grad(**columns_of)
    again, others = compiled.value_and_grad(**mixed)
    slopes, others = np.atleast_2d(slopes), np.atleast_2d(others)
    for a, b in zip([value, *slopes], [again, *others], strict=True):
        # what all rows share is computed by `math`, whose last bits may differ from NumPy's
        assert np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True) or not np.isfinite(a).all()


@pytest.mark.parametrize("text", ["where(c > 0, x, 0)", "relu(c)*x", "max(c, 0)*x", "min(c, x)"])
@pytest.mark.parametrize("c", [-1.5, 0.0, 2.0])
def test_a_condition_may_be_one_that_all_rows_share(text: str, c: float) -> None:
    f = bpcalc.compile(text)
    x = np.array([1.0, -2.0, 3.0])
    value, (to_c, to_x) = f.value_and_grad(c=c, x=x)
    for place, number in enumerate(x.tolist()):
        expected = f.value_and_grad(c=c, x=number)
        assert (value[place], (to_c[place], to_x[place])) == expected


def test_small_powers_are_products_and_roots() -> None:
    x = np.array([0.0, 1e-3, 0.7, 3.0, 1e30])
    for exponent in (2, 3, 5, 8, 0.5, 2.5, -1, -2, -3.5, 7.25):
        f = bpcalc.compile(f"x^({exponent})")
        expected = [row_function(f.graph, ["x"])(value)[0] for value in x]
        assert all(steps_apart(a, b) <= 4 for a, b in zip(expected, f(x)))


@pytest.mark.parametrize("exponent", [0.5, -0.5, 1.5, -1.5, 3, -3])
def test_powers_hold_at_the_edges(exponent: float) -> None:
    x = np.array([-0.0, 0.0, 1e-309, -1.0, 1e308, math.inf])
    f = bpcalc.compile(f"x^({exponent})")
    with np.errstate(all="ignore"):
        expected = np.power(x, exponent)
    assert all(steps_apart(a, b) <= 4 for a, b in zip(expected.tolist(), f(x).tolist()))


def test_factors_are_joined_only_where_nothing_overflows() -> None:
    x = np.array([3.0, 1e-300])
    assert bpcalc.compile("1e200*(1e200*x)")(x).tolist() == [math.inf, 1e100]
    assert bpcalc.compile("2*(0.5*x)")(x).tolist() == x.tolist()


def test_a_choice_by_another_condition_is_no_maximum() -> None:
    f = bpcalc.compile("where(y > 0, 1, exp(-abs(log(x))))")
    assert f(x=np.array([-1.0, 2.0]), y=np.array([1.0, 1.0])).tolist() == [1, 1]


def test_gamma_has_no_value_at_its_poles() -> None:
    poles = np.array([0.0, -1.0, -2.0])
    for function in ("gamma", "lgamma"):
        assert np.isnan(bpcalc.compile(f"{function}(x)")(poles)).all()


@pytest.mark.parametrize("rows", [1, 7, columns.CHUNK, columns.CHUNK + 1, 5 * columns.CHUNK + 3])
def test_every_row_is_computed_however_many_there_are(rows: int) -> None:
    x, y = np.linspace(-3, 3, rows), np.linspace(0, 1, rows)
    value, (to_x, to_y) = bpcalc.compile("x**2*y + y + 2").value_and_grad(x, y)
    assert np.allclose(value, x * x * y + y + 2, rtol=1e-15)
    assert np.array_equal(to_x, y * (2 * x))
    assert np.array_equal(to_y, x * x + 1)


def test_threads_and_chunks_change_no_bit() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=300_000)
    formula = "where(x > 0, sqrt(x), tanh(x))*exp(x) + erf(x)"
    whole = bpcalc.compile(formula).value_and_grad(x)
    alone = bpcalc.compile(formula, threads=1)
    parts = [alone.value_and_grad(part) for part in np.array_split(x, 77)]
    assert np.array_equal(whole[0], np.concatenate([value for value, _ in parts]))
    assert np.array_equal(whole[1], np.concatenate([slope for _, slope in parts]))


def test_results_stay_when_the_function_is_called_again() -> None:
    f = bpcalc.compile("x*y")
    x = np.arange(100_000.0)
    value, (to_x, to_y) = f.value_and_grad(x, x)
    f.value_and_grad(x + 1, x + 2)
    assert np.array_equal(value, x * x)
    assert np.array_equal(to_x, x)
    to_y += 1  # a result is its caller's own
    assert np.array_equal(x, np.arange(100_000.0))


def test_what_where_did_not_choose_counts_neither_in_value_nor_in_gradient() -> None:
    x = np.array([-4.0, 4.0])
    value, slope = bpcalc.compile("where(x > 0, sqrt(x), x)").value_and_grad(x)
    assert value.tolist() == [-4, 2]
    assert slope.tolist() == [1, 0.25]


def test_floats_and_arrays_mix_and_broadcast() -> None:
    f = bpcalc.compile("w*x + b")
    value, (to_w, to_x, to_b) = f.value_and_grad(2.0, np.ones((2, 1)), b=np.arange(3))
    assert value.tolist() == [[2, 3, 4], [2, 3, 4]]
    assert to_x.tolist() == [[2, 2, 2], [2, 2, 2]]
    assert to_w.shape == to_b.shape == (2, 3)
    assert f.value_and_grad(2, 3, 1) == (7.0, (3.0, 2.0, 1.0))


def test_outputs_can_be_given() -> None:
    f = bpcalc.compile("x*y")
    x, y = np.arange(5.0), np.ones(5)
    out = [np.empty(5) for _ in range(3)]
    value, (to_x, to_y) = f.value_and_grad(x, y, out=out)
    assert value.tolist() == x.tolist() == out[0].tolist()
    assert np.shares_memory(to_x, out[1])
    assert np.shares_memory(to_y, out[2])
    with pytest.raises(RequestError, match="out has to have"):
        f.value_and_grad(x, y, out=[np.empty(4)] * 3)
    for bad in ([x, out[1], out[2]], [out[0]] * 3, out[:2], [[0.0] * 5] * 3):
        with pytest.raises(RequestError, match="out"):
            f.value_and_grad(x, y, out=bad)
    with pytest.raises(RequestError, match="place by place"):
        f.value_and_grad(1.0, 2.0, out=out)


def test_python_computes_what_numpy_and_scipy_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(column_functions, "_of_scipy", lambda name: None)
    column_functions.function.cache_clear()
    try:
        f = bpcalc.compile("erf(x) + lgamma(x)")
        assert f(np.array([0.5, 171.0])).tolist() == [f(0.5), f(171.0)]
        assert math.isnan(bpcalc.compile("gamma(x)")(np.array([-1.0]))[0])
    finally:
        column_functions.function.cache_clear()


def test_it_fits_an_optimizer() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    rosenbrock = bpcalc.compile("(1 - x)^2 + 100*(y - x^2)^2")
    found = optimize.minimize(rosenbrock.value_and_grad, [-1.2, 1.0], jac=True)
    assert found.success
    assert np.allclose(found.x, [1, 1], atol=1e-4)
    one = optimize.minimize(bpcalc.compile("cosh(x - 1)").value_and_grad, [3.0], jac=True)
    assert one.x == pytest.approx([1.0], abs=1e-4)
    vector = bpcalc.compile("sum((x - [1, 2, 3])^2)")
    assert np.allclose(optimize.minimize(vector.value_and_grad, np.zeros(3), jac=True).x, [1, 2, 3])


def test_one_array_stands_for_all_variables() -> None:
    f = bpcalc.compile("x**2*y + y + 2")
    value, slopes = f.value_and_grad(np.array([3.0, 4.0]))
    assert value == 42
    assert slopes.tolist() == [24, 10]
    assert f([3, 4]) == 42
    with pytest.raises(RequestError, match="has to have 2 entries"):
        f(np.ones(3))


def test_arrays_within_the_formula_work_too() -> None:
    f = bpcalc.compile("sum(W @ x)", wrt="W")
    value, slope = f.value_and_grad([[1, 2], [3, 4]], [5, 6])
    assert value == 56
    assert slope.tolist() == [[5, 6], [5, 6]]
    with pytest.raises(RequestError, match="array of the shape"):
        bpcalc.compile("W @ x").value_and_grad([[1, 2], [3, 4]], [5, 6])


def test_variables_can_be_fixed_and_names_chosen() -> None:
    f = bpcalc.compile("z = w*x + b; sigmoid(z)", wrt="z, w", fixed={"w": 2.0, "b": 0.5})
    assert f.variables == ("x",)
    value, (to_z, to_w) = f.value_and_grad(-1)
    assert value == pytest.approx(1 / (1 + math.exp(1.5)))
    assert to_w == -to_z


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bpcalc.compile("x +"), "missing after"),
        (lambda: bpcalc.compile("x", wrt="y"), "no variable y"),
        (lambda: bpcalc.compile("x", fixed={"y": 1.0}), "no variable y"),
        (lambda: bpcalc.compile("x*y")(1), "y has no value"),
        (lambda: bpcalc.compile("x*y")(1, 2, 3), "2 variables"),
        (lambda: bpcalc.compile("x*y")(1, x=2, y=3), "given twice"),
        (lambda: bpcalc.compile("x*y")(1, 2, z=3), "no variable z"),
        (lambda: bpcalc.compile("x*y", fixed={"x": 1.0})(1, x=2), "fixed"),
        (lambda: bpcalc.compile("x*y")(np.ones(2), np.ones(3)), "do not fit"),
    ],
)
def test_mistakes_are_told(call: object, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        call()  # type: ignore[operator]


def test_a_name_of_a_constant_can_be_fixed() -> None:
    assert bpcalc.compile("e*x", fixed={"e": 2.0}).value_and_grad(3) == (6.0, 2.0)


@pytest.mark.parametrize("value", [None, "3", 1j, 10**400, np.array(["a"]), np.array([1j])])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(RequestError, match="the value of x"):
        bpcalc.compile("x*y").value_and_grad(value, 2)


def test_results_on_arrays_are_their_callers_own() -> None:
    x = np.arange(3.0)
    found = bpcalc.compile("x[0:2]*1 + reshape(x[1:3], 2)")(x)
    found += 1
    _, (to_x, to_y) = bpcalc.compile("sum(x + y)").value_and_grad(x, x)
    to_x += 1
    assert to_y.tolist() == [1, 1, 1]
    assert x.tolist() == [0, 1, 2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_has_threads_of_its_own() -> None:
    script = (
        "import os, numpy, bpcalc; f = bpcalc.compile('sin(x)*x'); x = numpy.ones(400_000);"
        "f(x); child = os.fork(); f(x);"
        "os._exit(0) if child == 0 else print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, timeout=60
    )
    assert ran.stdout == b"0\n"


def test_a_compiled_formula_can_be_sent_to_another_process() -> None:
    f = pickle.loads(pickle.dumps(bpcalc.compile("w*x", wrt=["x"], fixed={"w": 3.0})))
    assert f.value_and_grad(2) == (6.0, 3.0)
