"""Arrays that are none, and formulas that do not fit them: one clear error, never a traceback."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli.running import Ran, called
from hypothesis import given, settings
from hypothesis import strategies as st
from test_bad_input import GIGABYTE, SECONDS, is_clean, measured, within

import bpcalc
from bpcalc import array_values
from bpcalc.errors import BpcalcError, CalculationError, RequestError

VALUES: dict[str, Any] = {
    "x": [0.1, 0.2, 0.3],
    "y": [1, 2, 3],
    "v": [1, 2],
    "A": [[1, 2], [3, 4]],
    "B": [[1, 2, 3], [4, 5, 6]],
    "S": [[1, 2], [2, 4]],
    "N": [-1, 1, 0],
    "T": np.arange(1.0, 25).reshape(2, 3, 4),
    "s": 2,
}


def values_for(formula: str) -> dict[str, Any]:
    """A value for each variable that the formula has, if it has any."""
    try:
        return {name: VALUES.get(name, 0.75) for name in bpcalc.parse(formula).variables}
    except RequestError:
        return {}


def tried(formula: str, *words: str) -> Ran:
    values = [
        word
        for name, value in values_for(formula).items()
        for word in ("--set", f"{name}={json.dumps(np.asarray(value).tolist())}")
    ]
    with within(SECONDS):
        return called("grad", *values, *words, "--", formula)


def error_of(formula: str, **values: Any) -> BpcalcError:
    """What is wrong with a calculation; an output that is an array gets ones as its gradient."""
    given_ = values or values_for(formula)
    failure: BpcalcError | None
    try:
        failure = bpcalc.grad(formula, given_, check=False).failure
    except CalculationError as error:
        return error
    except RequestError as error:
        if "a gradient is that of a number" not in error.message:
            return error
        for seed in (np.ones(3), np.ones(2), np.ones((2, 2))):
            try:
                failure = bpcalc.grad(formula, given_, check=False, upstream=seed).failure
                break
            except RequestError as other:
                if "--upstream has the shape" not in other.message:
                    return other
    assert failure is not None, formula
    return failure


# Formulas


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("[1,2", "this bracket is never closed"),
        ("[1;2]", "; ends a statement"),
        ("[1 2]", "there is no comma between 1 and 2"),
        ("[x y]", "there is no comma between x and y"),
        ("[[1,2] [3,4]]", "2 indices are too many"),
        ("[,1]", "something is missing before this comma"),
        ("[1,,2]", "something is missing before this comma"),
        ("[1,]", "something is missing before this bracket"),
        ("[]", "at least one element"),
        ("[[],[]]", "at least one element"),
        ("[1,2)", "a bracket [ is closed by )"),
        ("(1,2]", "a comma cannot stand here"),
        ("[1, x", "this bracket is never closed"),
        ("[[1,2],[3]]", "differ in length"),
        ("[1,[2]]", "differ in length"),
        ("[[1,2],[s]]", "differ in shape: (2,) and (1,)"),
        ("[x, s]", "differ in shape: (3,) and a number"),
        ("[1e400]", "outside the range of float64"),
        ("[0, 1e-400]", "outside the range of float64"),
        (f"[1{'0' * 2000}]", "more than 1,000 digits"),
        ("[" * 65 + "1" + "]" * 65, "more than 64 axes"),
        ("[" * 65 + "s" + "]" * 65, "at most 64 axes"),
        (f"reshape(x, {'1, ' * 70}3)", "at most 64 axes"),
        ("x[", "this bracket is never closed"),
        ("x[1:", "this bracket is never closed"),
        ("x[]", "an index has to be a whole number"),
        ("x[1.5]", "an index has to be a whole number"),
        ("x[i]", "an index has to be a whole number"),
        ("x[s]", "an index has to be a whole number"),
        ("x[y > 1]", "an index has to be a whole number"),
        ("x[[0, 1]]", "an index has to be a whole number"),
        ("x[1 2]", "an index has to be a whole number"),
        ("x[0,]", "an index has to be a whole number"),
        ("x[:::]", "an index has to be a whole number"),
        ("x[" + "9" * 5000 + "]", "an index has to be a whole number"),
        ("x[" + "9" * 100 + "]", "is outside an axis of 3 elements"),
        ("x[1:2:0]", "the step of a slice cannot be 0"),
        ("x[3]", "the index 3 is outside an axis of 3 elements: it goes from 0 to 2"),
        ("x[-4]", "the index -4 is outside"),
        ("x[3:]", "is empty"),
        ("x[1,1]", "2 indices are too many"),
        ("s[0]", "a number has no elements"),
        ("sum(x)[0]", "a number has no elements"),
        ("'", "no texts in quotes"),
        ("'x'", "no texts in quotes"),
        ("A.t", "A.T transposes"),
        ("x.sum()", "a dot means nothing here"),
        ("A.T = 2", "= cannot stand here"),
        ("x[0] = 2", "= cannot stand here"),
        ("sum(axis=0)", "needs something in its brackets beside options"),
        ("sum()", "needs something in its brackets"),
        ("sum(A, 0)", "sum takes 1 argument, and got 2"),
        ("sum(A, axis=x)", "the option axis has to be a number"),
        ("sum(A, axis=1e400)", "outside the range of float64"),
        ("sum(A, axis=1e300)", "a whole number is needed"),
        ("sum(A, axis=0.5)", "a whole number is needed"),
        ("sum(A, axis=[0.5])", "the option axis takes whole numbers"),
        ("sum(A, axis=[1e400])", "the option axis takes whole numbers"),
        ("sum(A, axis=[[0]])", "the option axis takes whole numbers"),
        ("sum(A, axis=(0,0))", "an axis is given twice"),
        ("sum(A, axis=(0, 1", "a comma cannot stand here"),
        ("sum(A, axis=(0,", "a comma cannot stand here"),
        ("sum(A, axis=())", "nothing between these brackets"),
        ("sum(A, axis=2)", "there is no axis 2: the array has 2 axes"),
        ("sum(A, axis=-3)", "there is no axis -3"),
        ("sum(s, axis=0)", "a number has none"),
        ("sum(A, ddof=1)", "sum has no option ddof"),
        ("sum(A, keepdims=[1])", "has to be one number, and is an array"),
        ("var(x, ddof=[1])", "has to be one number, and is an array"),
        ("var(x, ddof=3)", "at least 4 elements are needed"),
        ("leaky_relu(x, negative_slope=[1, 2])", "has to be one number, and is an array"),
        ("reshape(x, y)", "the option shape has to be a number"),
        ("reshape(x, 2.5)", "a whole number is needed, and not 2.5"),
        ("reshape(x, 2, 2)", "has 3 elements, which do not make (2, 2)"),
        ("reshape(x, -1, -1)", "do not make (-1, -1)"),
        ("reshape(x, 0)", "do not make (0)"),
        ("reshape(x, [3, 1], 2)", "the option shape takes whole numbers"),
        ("reshape(x, (3, 1))", "a comma cannot stand here"),
        ("reshape(x, 3, shape=3)", "is given twice"),
        ("conv2d(A, A, 0, 1, 1, 7)", "conv2d takes"),
        ("s @ 2", "@ takes two arrays"),
        ("2 @ 3", "@ takes two arrays"),
        ("A @ x", "the shapes (2, 2) and (3,) do not fit"),
        ("B @ A", "the shapes (2, 3) and (2, 2) do not fit"),
        ("x·y", "· and × between two arrays can be read in two ways"),
        ("A×A", "· and × between two arrays can be read in two ways"),
        ("max(A, B, axis=0)", "max of several arguments is taken element by element"),
        ("max(A, B)", "do not fit each other"),
        ("0 < x < A", "do not fit each other"),
        ("A^B", "do not fit each other"),
        ("where(x > 0, A, B)", "do not fit each other"),
        ("x + A", "the shapes (3,) and (2, 2) do not fit each other: 3 is not 2"),
        ("concat(x, s)", "concat takes arrays"),
        ("concat(A, B)", "differ beside axis 0"),
        ("inv(B)", "a square matrix is needed"),
        ("inv(s)", "a square matrix is needed, and not a number"),
        ("solve(A, x)", "a right side with 2 rows is needed"),
        ("trace(x)", "a matrix is needed"),
        ("dot(T, x)", "for more axes write @"),
        ("softmax(s)", "an array is needed"),
        ("f(a) = a[5]; f(x)", "the index 5 is outside"),
        ("x(0)", "x is not a function"),
    ],
)
def test_a_formula_that_cannot_be_meant(formula: str, said: str) -> None:
    error = error_of(formula)
    assert isinstance(error, RequestError)
    assert said in error.drawn()
    ran = tried(formula, "--no-check", "--format", "json")
    assert is_clean(ran)
    assert ran.code == 2


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("sum(log(N))", ["log needs a number above 0, and got -1.0", "N[0] = -1.0"]),
        ("sum(1/N)", ["a divisor other than 0, and got 0.0", "N[2] = 0.0"]),
        ("sum(log(x - [0, 0, 0.5]))", ["(x - [0, 0, 0.5])[2] = -0.2"]),
        ("sum(N^0.5)", ["N[0] = -1.0"]),
        ("sum(exp(1000*B))", ["exp overflows", "(1000*B)[0, 0] = 1000.0"]),
        ("sum(inv(S))", ["invertible", "S has the determinant 0", "condition number above 1e+15"]),
        ("sum(solve(S, v))", ["solve needs", "S has the determinant 0"]),
        ("logdet(S)", ["S has the determinant 0"]),
        ("logdet(A)", ["A has the determinant -2"]),
        ("sum(inv([A, S]))", ["[A, S][1] has the determinant 0"]),
        ("sum(sqrt(N - [0, 1, 0] + 1))", ["the derivative of sqrt is not finite", "[0] = 0.0"]),
    ],
)
def test_a_calculation_that_leaves_the_real_numbers(formula: str, said: list[str]) -> None:
    error = error_of(formula)
    assert isinstance(error, CalculationError)
    assert [part for part in said if part not in error.drawn()] == []
    ran = tried(formula, "--no-check", "--format", "json")
    assert is_clean(ran)
    assert ran.code == 1


@pytest.mark.parametrize(
    "formula",
    [
        "sum(where(N > 0, log(N), 0))",
        "sum(where(N < 0, 0, where(N > 0, log(N), N)))",
        "sum(where(A > 1.5, log(A - 1), x[0]))",
        "sum(where([1, 0, 0], 1, 1)*where(N == 0, 1, 1/N))",
    ],
)
def test_elements_that_where_left_out_are_no_error(formula: str) -> None:
    result = bpcalc.grad(formula, values_for(formula), check=False)
    assert result.failure is None
    assert all(np.isfinite(slope).all() for slope in result.gradient.values())


# Sizes


@pytest.mark.parametrize("formula", ["outer(x, y)", "x*reshape(y, -1, 1)"])
def test_what_would_not_fit_into_memory_is_refused_before_it_is_computed(formula: str) -> None:
    long = np.ones(1_000_000)
    error = error_of(f"sum({formula})", x=long, y=long)
    assert isinstance(error, CalculationError)
    assert "GiB of memory, and there are" in error.message
    assert "has the shape (1000000, 1000000)" in error.values[0]


MILLION = 1_000_000
LARGE: dict[str, tuple[Callable[[], str], int]] = {
    "a literal of a million numbers": (lambda: f"sum([{'0.5, ' * MILLION}1])", 0),
    "a literal of 100,000 rows": (lambda: f"sum([{'[-1.5, 2e3], ' * 100_000}[1, 2]])", 0),
    "a literal of 100,000 variables": (lambda: f"sum([{'x, ' * 100_000}x])", 0),
    "a million rows without commas": (lambda: "[" + "[1 2] " * MILLION, 2),
    "100,000 brackets": (lambda: "[" * 100_000, 2),
    "100,000 brackets, closed": (lambda: "[" * 100_000 + "1" + "]" * 100_000, 2),
    "100,000 brackets about a name": (lambda: "[" * 100_000 + "x" + "]" * 100_000, 2),
    "100,000 brackets about a sum": (lambda: "[" * 100_000 + "1+1" + "]" * 100_000, 2),
    "100,000 brackets with signs": (lambda: "[-" * 100_000 + "1" + "]" * 100_000, 2),
    "100,000 calls in brackets": (lambda: "[sin(" * 100_000 + "x" + ")]" * 100_000, 2),
    "100,000 transposes": (lambda: "x" + "'" * 100_000, 0),
    "100,000 indices": (lambda: "x[" + "0," * 100_000 + "0]", 2),
    "100,000 slices": (lambda: "[x, x]" + "[:]" * 100_000 + "[0]", 0),
    "an option of 100,000 numbers": (lambda: f"sum([x, x], axis=({'0,' * 100_000}0))", 2),
    "100,000 options in options": (lambda: "sum([1], axis=(" * 100_000, 2),
    "a shape of 100,000 numbers": (lambda: f"reshape([x], {'1,' * 100_000}1)", 2),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_arrays_in_a_formula_end_within_seconds(name: str, tmp_path: Path) -> None:
    text, code = LARGE[name]
    words = ["--get", "value", "--no-check", *(["--x", "1"] if "x" in text() else [])]
    ran, memory = measured(text(), words, tmp_path)
    assert is_clean(ran)
    assert ran.code == code, ran.err[:500]
    assert len(ran.err) < 5000
    assert memory < GIGABYTE


# Values


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "is empty: its shape is (0,)"),
        ([[], []], "is empty: its shape is (2, 0)"),
        ([[1, 2], [3]], "x[0] has 2 elements and x[1] has 1 element"),
        ([[1, 2], 3], "x[0] has 2 elements and x[1] is no row"),
        ([1, [2]], "x[0] is no row and x[1] has 1 element"),
        ([1, True], "x[1] is a truth value"),
        ([[1, 2], [3, None]], "x[1, 1] is null"),
        (["1"], "x[0] is a text"),
        ([1j], "x[0] is a complex number"),
        ([{}], "x[0] is a table"),
        ([object()], "x[0] is something else"),
        ([1, 10**400], "x[1] is outside the range of float64"),
        ([1.0, float("nan")], "x[1] is nan"),
        (np.array([[1, 2], [-np.inf, 3]]), "x[1, 0] is -inf"),
        (np.array([1, None]), "has to hold numbers, and not objects"),
        (np.array(["a"]), "has to hold numbers, and not texts"),
        (np.array([1j]), "has to hold numbers, and not complex numbers"),
        (np.array([True]), "has to hold numbers, and not truth values"),
        (np.ones((0, 3)), "is empty: its shape is (0, 3)"),
        (np.ma.masked_array([1, 2], [False, True]), "x[1] is nan"),
        (np.broadcast_to(1.0, (10**7, 10**7)), "GiB of memory"),
        ("[1, 2", "the value of x: this bracket is never closed"),
        ("[1 2]", "the value of x: there is no comma between 1 and 2"),
        ("[1;2]", "the value of x: ; ends a statement"),
        ("1\n2", "has to be one number or expression"),
        ("[1, 2] + [1, 2, 3]", "the value of x: the shapes (2,) and (3,)"),
        ("inv([[1, 2], [2, 4]])", "the value of x: inv needs an invertible matrix"),
        ("[y, 1]", "has the name y in it"),
        ("log([1, -1])", "the value of x: log needs a number above 0, and got -1.0"),
        ("@x.npy", "the value of x is a file"),
    ],
)
def test_a_value_that_is_no_array(value: Any, said: str) -> None:
    with pytest.raises(RequestError) as raised:
        bpcalc.grad("sum(x)", x=value, check=False)
    assert said in raised.value.drawn()


def test_lists_of_any_depth_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert array_values.MAX_LISTED <= 1 << 25  # which takes five seconds
    monkeypatch.setattr(array_values, "MAX_LISTED", 1 << 20)
    deep: Any = [1]
    for _ in range(100_000):
        deep = [deep]
    wide: Any = [1]
    for _ in range(60):
        wide = [wide, wide]
    endless: Any = []
    endless.append(endless)
    for value in (deep, wide, endless):
        with within(SECONDS), pytest.raises(RequestError, match=r"too deeply|lists of x have more"):
            bpcalc.grad("sum(x)", x=value, check=False)


@pytest.mark.parametrize("text", ["[1, 2]", " [1,2] ", "[1,\n2]", "[\n1 ,\n 2\n]", "[[1, 2]][0]"])
def test_spaces_and_lines_in_a_value_mean_nothing(text: str) -> None:
    ran = called("grad", "sum(x^2)", "--x", text, "--no-check", "--get", "gradient.x")
    assert ran == (0, "[2.0, 4.0]\n", "")


@pytest.mark.parametrize(
    ("formula", "upstream", "said"),
    [
        ("2*x", "1", "the output is an array of the shape (2,)"),
        ("2*x", "[1, 2, 3]", "--upstream has the shape (3,), and the output (2,)"),
        ("2*x", "[[1, 2]]", "--upstream has the shape (1, 2), and the output (2,)"),
        ("sum(x)", "[1, 2]", "--upstream is an array, and the output a number"),
        ("2*x", "[1, 2", "the value of upstream: this bracket is never closed"),
        ("2*x", "@missing.npy", "the value of upstream: missing.npy cannot be read"),
    ],
)
def test_a_gradient_to_start_from_has_the_shape_of_the_output(
    formula: str, upstream: str, said: str
) -> None:
    ran = called("grad", formula, "--x", "[1, 2]", "--upstream", upstream, "--no-check")
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


# Random input

quick = settings(max_examples=300, deadline=None, derandomize=True, database=None)

NUMBERS = ["0", "1", "2", "-1", "0.5", "1e308", "1e400", "x", "A", "B", "v", "N", "s", "T", "pi"]
WORDS = [
    *("[", "[", "[", "]", "]", "]", "(", "(", ")", ")", ",", ",", ",", ":", ":", "=", ";", "\n"),
    *("'", ".T", "ᵀ", "@", "@", "·", "⊙", "*", "+", "-", "/", "^", "²", "**", "<", "==", "and"),
    *("sum(", "mean(", "max(", "min(", "reshape(", "concat(", "where(", "inv(", "det(", "solve("),
    *("softmax(", "norm(", "std(", "var(", "mse(", "dot(", "outer(", "transpose(", "trace("),
    *("axis=", "axis=(", "keepdims=1", "ddof=", "shape=", "f(a) =", "f(", "z =", "log(", "not"),
    *("conv2d(", "max_pool2d(", "scan(f, ", "logsumexp(", "cross_entropy(", "prod(", "exp("),
    *("x[0]", "A[1,:]", "[1, 2]", "[[1, 2], [3, 4]]", "[x, x]", "(0, 1)", "x[0:2]", "√", "#"),
]
FORMS = ["json", "csv", "table", "markdown", "latex"]


@quick
@given(st.lists(st.sampled_from([*WORDS, *NUMBERS, *NUMBERS]), max_size=14).map("".join))
def test_any_words_of_arrays_end_cleanly(formula: str) -> None:
    assert is_clean(tried(formula, "--no-check", "--format", "json"))


VALID = [
    "sum(A @ v)",
    "z = A @ v + [0.5, -1]; sum(relu(z))",
    "sum(where(N > 0, log(N), N))",
    "sum(softmax(A, axis=0)*A)",
    "x[0:2] @ A @ v + trace(A')",
    "mse(A @ [[1], [2]], reshape(v, 2, 1))",
    "logsumexp([x, y, N], axis=(0, 1))",
    "f(a, b) = a @ b'; sum(f(A, A)^2)",
    "max(A, axis=1)[0] + norm(B) - std(x, ddof=1)",
    "det(A)*logdet(A @ A.T + [[1, 0], [0, 1]])",
    "sum(concat(x, y, axis=0)*[1, 2, 3, 4, 5, 6])",
]


@pytest.mark.parametrize("seed", range(6))
def test_a_formula_of_arrays_with_slips_ends_cleanly(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(60):
        formula = dice.choice(VALID)
        for _ in range(dice.randint(1, 3)):
            at, other = sorted(dice.randrange(len(formula) + 1) for _ in range(2))
            kind = dice.randrange(3)
            if kind == 0:
                formula = formula[:at] + formula[at + 1 :]
            elif kind == 1:
                formula = formula[:at] + dice.choice([*WORDS, *NUMBERS]) + formula[at:]
            else:
                formula = formula[:at] + formula[other:]
        assert is_clean(tried(formula, "--no-check", "--format", dice.choice(FORMS))), formula


lists = st.recursive(
    st.one_of(st.integers(), st.floats(), st.none(), st.booleans(), st.text(max_size=2)),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(lists)
def test_any_nested_lists_end_cleanly(value: Any) -> None:
    try:
        bpcalc.grad("sum(x*2)", x=value, check=False)
    except RequestError as error:
        assert error.message  # noqa: PT017
