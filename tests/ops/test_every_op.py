"""Each operation gets every test below by standing in the table: there is no list of them here."""

from __future__ import annotations

import itertools
import math
import pickle
from collections.abc import Callable, Sequence
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from every_op import (
    KINKS,
    MAGNITUDES,
    NEAR_WHOLE,
    VARIANTS,
    WHOLE,
    Expression,
    at_the_example,
    convention,
    derivatives,
    extreme_points,
    graph_of,
    inputs,
    is_inside,
    meaning,
    name,
    slope,
    value_and_slopes,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bpcalc.engine import forward, gradients
from bpcalc.formula import parse
from bpcalc.formula.tokens import tokens
from bpcalc.graph.text import applied, applied_latex
from bpcalc.ops import FUNCTIONS, OPERATORS, TABLE, Op
from bpcalc.ops.describe import entry

every_op = pytest.mark.parametrize("op", VARIANTS, ids=name)
every_op_with_a_kink = pytest.mark.parametrize(
    ("op", "kink"),
    KINKS,
    ids=lambda each: each.name if isinstance(each, Op) else each.example,
)
few_examples = settings(max_examples=15, deadline=None, derandomize=True, database=None)


# What is said about it


@every_op
def test_the_docstring_is_one_or_two_sentences(op: Op) -> None:
    assert op.doc.endswith(".")
    assert op.doc == op.doc.strip()
    assert "\n" not in op.doc


@every_op
def test_the_docstring_does_not_begin_with_an_input_made_a_capital(op: Op) -> None:
    first = op.doc.split()[0]  # ruff's D403 makes "X / (1 + |x|)." of it
    assert first not in [parameter.upper() for parameter in op.parameters]


@every_op
def test_its_latex_shows_each_input_once_or_more(op: Op) -> None:
    labels = [f"n_{{{k}}}" for k in range(1, inputs(op) + 1)]
    text = applied_latex(op, labels)
    assert all(label in text for label in labels)
    assert text.count("{") == text.count("}")
    assert text.count(r"\left") == text.count(r"\right")
    assert text.count(r"\begin") == text.count(r"\end")


@every_op
def test_its_signature_shows_its_name_its_inputs_and_its_options(op: Op) -> None:
    shown = tokens(op.signature)
    if op.name in FUNCTIONS:
        assert shown[:2] == [op.name, "("]
    else:  # x^exponent is a power whose exponent is computed, to the parser
        graph = parse(op.signature)
        assert graph.op(graph.output).name in (op.name, "pow")
    assert set(op.options) <= set(shown)
    assert op.variadic or set(op.parameters) <= set(shown)


@every_op
def test_the_parser_reads_what_the_graph_writes(op: Op) -> None:
    names = ["x", "y", "z"][: inputs(op)]
    graph = parse(applied(op, names))
    found = graph.op(graph.output)
    assert (found.name, dict(found.options)) == (op.name, dict(op.options))
    assert [node.name for node in graph[graph.output].inputs] == names


@every_op
def test_it_is_found_under_its_name_its_aliases_or_its_symbol(op: Op) -> None:
    if op.symbol:
        assert TABLE[op.name] in (OPERATORS.get(op.symbol), OPERATORS.get(f"unary {op.symbol}"))
    else:
        assert all(FUNCTIONS[alias] is TABLE[op.name] for alias in (op.name, *op.aliases))


@every_op
def test_it_can_be_sent_to_another_process(op: Op) -> None:
    copy = pickle.loads(pickle.dumps(op))
    assert (copy.name, copy.options) == (op.name, op.options)


@every_op
def test_another_option_belongs_to_a_copy(op: Op) -> None:
    for option, value in op.options.items():
        other = op.with_options({option: value + 1})
        assert other.options[option] == value + 1
        assert op.options[option] == value


@every_op
def test_its_rule_in_words_computes_what_the_rule_computes(op: Op) -> None:
    names = ["a", "b"] if op.variadic else list(op.parameters)
    told = entry(TABLE[op.name]).derivatives
    assert list(told) == names
    for args in [(0.7, -0.3, 2.2), (2.3, 1.7, -0.4), (0.2, 0.6, 0.9)]:
        inside = args[: len(names)]
        if not is_inside(op, inside):
            continue
        known = {**dict(zip(names, inside)), **op.options, "y": op(*inside)}
        locals_ = op.rule(op(*inside), *inside)
        for text, local in zip(told.values(), locals_ if type(locals_) is tuple else (locals_,)):
            if any(f"={option}" in text for option in op.options):
                continue  # `order=order + 1` is for people: a formula's options are numbers
            graph = parse(text, known)
            assert forward(graph, known)[graph.output] == pytest.approx(local, rel=1e-12)


# What SymPy says about its rule


def rule_on_symbols(op: Op) -> tuple[list[Expression], list[Expression]]:
    """The symbols, and what the rule returns for them: a local derivative each."""
    symbols, output = meaning(op)
    found = op.rule(output, *symbols)
    found = found if isinstance(found, tuple) else (found,)
    return symbols, [exact(sympy.sympify(local)) for local in found]


def exact(expression: Expression) -> Expression:
    """The expression with its floats (0.5 in a rule) as fractions."""
    return sympy.nsimplify(expression, rational=True)


FRACTIONS = [
    Fraction(*pair)
    for pair in [(-29, 8), (-7, 5), (-1, 3), (2, 7), (4, 5), (13, 9), (11, 4), (37, 6)]
]


def points_inside(op: Op) -> list[tuple[Fraction, ...]]:
    """Fractions in the domain; no two alike and none whole, for there the kinks are."""
    chosen = itertools.permutations(FRACTIONS, inputs(op))
    return [args for args in chosen if is_inside(op, args)]


def largest_difference(
    op: Op, symbols: Sequence[Expression], first: Expression, second: Expression
) -> mpmath.mpf:
    """How far two expressions are apart, of all points at which both are real."""
    one, other = (sympy.lambdify(symbols, e, "mpmath") for e in (first, second))
    apart = mpmath.mpf(0)
    compared = 0
    for args in points_inside(op):
        exact_args = [mpmath.mpf(x.numerator) / x.denominator for x in args]
        a, b = mpmath.mpmathify(one(*exact_args)), mpmath.mpmathify(other(*exact_args))
        if isinstance(a, mpmath.mpf) and isinstance(b, mpmath.mpf):
            compared += 1
            apart = max(apart, abs(a - b) / max(1, abs(b)))
    assert compared >= 3
    return apart


@every_op
def test_sympy_proves_the_rule(op: Op) -> None:
    symbols, locals_ = rule_on_symbols(op)
    for local, derivative in zip(locals_, map(exact, derivatives(op)), strict=True):
        difference = local - derivative
        if not difference.has(sympy.Piecewise, sympy.Abs) and sympy.simplify(difference) == 0:
            continue
        with mpmath.workdps(60):  # where simplify cannot tell, 45 digits do
            assert largest_difference(op, symbols, local, derivative) < mpmath.mpf(10) ** -45


@every_op
def test_the_forward_means_its_meaning(op: Op) -> None:
    if op.meaning is None or not callable(op.forward):
        return  # `test_accuracy` compares the library's function with SymPy's
    symbols, textbook = meaning(op)
    rewritten = op.forward(*symbols, **op.options)
    with mpmath.workdps(60):
        apart = largest_difference(op, symbols, exact(sympy.sympify(rewritten)), exact(textbook))
    assert apart < mpmath.mpf(10) ** -45


# What finite differences and complex-step say


def moderate_points(op: Op) -> st.SearchStrategy[tuple[float, ...]]:
    """Points of the domain that are a step of a difference away from kinks and from poles."""
    line = st.floats(max(op.domain.low, -6), min(op.domain.high, 6))
    return st.tuples(*[line] * inputs(op)).filter(is_apart).filter(lambda args: is_inside(op, args))


def is_apart(args: tuple[float, ...]) -> bool:
    """Ties lie where two inputs are equal; poles, jumps and bounds at whole numbers."""
    from_whole = all(abs(x - round(x)) > 0.02 for x in args)
    return from_whole and all(abs(a - b) > 0.02 for a, b in itertools.combinations(args, 2))


def central_difference(
    function: Callable[..., float], args: tuple[float, ...], index: int, step: float = 1e-4
) -> float:
    """The slope from four points, wrong by the order of step^4 (Abramowitz & Stegun 25.3.6)."""

    def at(offset: float) -> float:
        return float(function(*args[:index], args[index] + offset, *args[index + 1 :]))

    near, far = at(step) - at(-step), at(2 * step) - at(-2 * step)
    return (8 * near - far) / (12 * step)


@every_op
def test_central_differences_of_the_forward_agree_with_the_rule(op: Op) -> None:
    @few_examples
    @given(moderate_points(op))
    def agrees(args: tuple[float, ...]) -> None:
        value, *slopes = value_and_slopes(op, args)
        assume(all(abs(number) < 1e4 for number in (value, *slopes)))  # not beside a pole
        for index, local in enumerate(slopes):
            assert central_difference(op, args, index) == pytest.approx(local, rel=1e-6, abs=1e-6)

    agrees()


def is_analytic(op: Op) -> bool:
    """Whether the meaning has a value at complex numbers beside the real ones."""
    _, textbook = meaning(op)
    stepwise = (sympy.Piecewise, sympy.Max, sympy.Min, sympy.Abs, sympy.sign)
    return not textbook.has(*stepwise, sympy.floor, sympy.ceiling, sympy.atan2)


@pytest.mark.parametrize("op", [op for op in VARIANTS if is_analytic(op)], ids=name)
def test_a_complex_step_of_the_meaning_agrees_with_the_rule(op: Op) -> None:
    symbols, textbook = meaning(op)
    function = sympy.lambdify(symbols, textbook, "mpmath")

    @few_examples
    @given(moderate_points(op))
    def agrees(args: tuple[float, ...]) -> None:
        value, *slopes = value_and_slopes(op, args)
        assume(all(abs(number) < 1e6 for number in (value, *slopes)))
        with mpmath.workdps(50):
            step = mpmath.mpf(10) ** -25
            for index, local in enumerate(slopes):
                moved = list(map(mpmath.mpf, args))
                moved[index] += 1j * step
                found = float(mpmath.im(function(*moved)) / step)
                assert found == pytest.approx(local, rel=1e-9, abs=1e-12)

    agrees()


@every_op
def test_the_second_derivative_agrees_with_differences_of_the_rule(op: Op) -> None:
    symbols, locals_ = rule_on_symbols(op)
    seconds = [[slope(local, symbol) for symbol in symbols] for local in locals_]
    by_rule = sympy.lambdify(symbols, list(itertools.chain(*seconds)), "mpmath")
    of_meaning = [slope(d, symbol) for d in derivatives(op) for symbol in symbols]
    by_meaning = sympy.lambdify(symbols, of_meaning, "mpmath")

    @few_examples
    @given(moderate_points(op))
    def agrees(args: tuple[float, ...]) -> None:
        value, *slopes = value_and_slopes(op, args)
        assume(all(abs(number) < 1e4 for number in (value, *slopes)))
        exact_args = list(map(mpmath.mpf, args))
        with mpmath.workdps(40):
            of_rule = [float(mpmath.re(second)) for second in by_rule(*exact_args)]
            true = [float(mpmath.re(second)) for second in by_meaning(*exact_args)]
        assume(all(abs(second) < 1e5 for second in true))
        assert of_rule == pytest.approx(true, rel=1e-9, abs=1e-12)
        count = len(args)
        for local, index in itertools.product(range(count), repeat=2):
            found = central_difference(
                lambda *at, local=local: value_and_slopes(op, at)[1 + local], args, index
            )
            assert found == pytest.approx(true[local * count + index], rel=1e-5, abs=1e-5)

    agrees()


# What is returned where the derivative does not exist


def one_sided_slopes(op: Op, args: tuple[float, ...], index: int) -> list[float]:
    """The slopes of the meaning to the left and to the right, from differences of 25 digits."""
    value = sympy.lambdify(*meaning(op), "mpmath")
    with mpmath.workdps(60):
        here = list(map(mpmath.mpf, args))
        found = []
        for step in (-(mpmath.mpf(10) ** -25), mpmath.mpf(10) ** -25):
            moved = [arg + step * (k == index) for k, arg in enumerate(here)]
            found.append(float((value(*moved) - value(*here)) / step))
    return found


@every_op_with_a_kink
def test_the_kink_returns_its_convention(op: Op, kink: object) -> None:
    found, args, slopes = at_the_example(kink.example)
    assert found.name == op.name
    assert kink.at(*args, **found.options)
    for got, promised in zip(slopes, convention(kink.ours, found, args), strict=True):
        assert promised is None or got == pytest.approx(promised, rel=1e-3)


@every_op_with_a_kink
def test_what_the_kink_returns_lies_between_the_one_sided_slopes(op: Op, kink: object) -> None:
    found, args, slopes = at_the_example(kink.example)
    for index, got in enumerate(slopes):
        sides = one_sided_slopes(found, args, index)
        if all(abs(side) < 1e12 for side in sides):  # NaN and the slope of a jump are not
            assert min(sides) - 1e-9 <= got <= max(sides) + 1e-9


@every_op_with_a_kink
def test_a_kink_is_no_kink_a_little_further_on(op: Op, kink: object) -> None:
    found, args, _ = at_the_example(kink.example)
    assert not kink.at(*[arg + 0.01 * k for k, arg in enumerate(args, start=1)], **found.options)


# Where it is defined, and what its results are


@every_op
def test_outside_its_domain_the_value_is_not_finite(op: Op) -> None:
    line = [*WHOLE, *NEAR_WHOLE[::5], *(s * m for m in MAGNITUDES[::3] for s in (1, -1))]
    for args in itertools.product(line if inputs(op) < 3 else WHOLE, repeat=inputs(op)):
        if not op.domain.contains(*args, **op.options):
            value, *slopes = value_and_slopes(op, args)
            assert type(value) is float, args
            assert not math.isfinite(value), args
            assert all(isinstance(local, (float, int)) for local in slopes), args


@every_op
def test_the_words_of_its_domain_can_stand_in_a_message(op: Op) -> None:
    assert op.domain.words[:2] in ("a ", "an")
    assert "{" not in op.domain.hint.format(x="z")


@every_op
def test_floats_give_floats(op: Op) -> None:
    for args in extreme_points(op):
        assert type(op(*args)) is float, args


def are_the_same(got: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Element by element; math and NumPy differ in the last bit, and what is composed in a few."""
    with np.errstate(invalid="ignore", over="ignore"):
        close = np.abs(got - expected) <= 8 * np.spacing(np.abs(expected))
    return close | (got == expected) | (np.isnan(got) & np.isnan(expected))


def columns_of_points(op: Op) -> tuple[list[tuple[float, ...]], list[np.ndarray]]:
    """Points in and outside the domain, also on kinks; and the same as one array per input."""
    points = [*extreme_points(op), *itertools.product(WHOLE, repeat=inputs(op))]
    return points, [np.array(column) for column in zip(*points)]


@every_op
def test_numpy_numbers_and_arrays_give_what_floats_give(op: Op) -> None:
    points, columns = columns_of_points(op)
    expected = np.array([op(*args) for args in points])
    assert are_the_same(op(*columns), expected).all()
    numbers = [float(op(*map(np.float64, args))) for args in points]
    assert are_the_same(np.array(numbers), expected).all()


@every_op
def test_the_slopes_of_arrays_are_those_of_their_elements(op: Op) -> None:
    points, columns = columns_of_points(op)
    graph = graph_of(op)
    with np.errstate(all="ignore"):
        values = forward(graph, {f"x{k}": column for k, column in enumerate(columns)})
        found = gradients(graph, values)
    for index in range(inputs(op)):
        expected = np.array([value_and_slopes(op, args)[1 + index] for args in points], float)
        got = np.broadcast_to(np.asarray(found[index], float), expected.shape)
        wrong = ~are_the_same(got, expected)
        assert not wrong.any(), (np.array(points)[wrong][:3], got[wrong][:3], expected[wrong][:3])
