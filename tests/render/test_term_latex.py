"""Terms as LaTeX mean what they mean as text: the brackets are where they have to be."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ops.array_examples import cases, output_shape

import bpcalc
from bpcalc.ops import TABLE, Op, constants
from bpcalc.ops.describe import called, input_names
from bpcalc.ops.terms import Term, node, term, text
from bpcalc.render.term_latex import latex, latex_factor

AT = {"a": 0.75, "b": 1.5, "c": -0.5}

GROUP = r"\{([^{}]*)\}"
READ = [
    (rf"\\frac{GROUP}{GROUP}", r"((\1)/(\2))"),
    (rf"\\sqrt{GROUP}", r"(sqrt(\1))"),
    (rf"e\^{GROUP}", r"exp(\1)"),
    (rf"\^{GROUP}", r"^(\1)"),
    (r"\\left\|", "abs("),
    (r"\\(left|right)([()])", r"\2"),
    (r"\\right\|", ")"),
    (r"\\cdot", "*"),
    (r"\\ln", "log"),
    (r"\\sin", "sin"),
]


def reread(written: str) -> str:
    """LaTeX as a formula, by the conventions that readers have."""
    before = ""
    while written != before:
        before = written
        for pattern, formula in READ:
            written = re.sub(pattern, formula, written)
    return written


def value_of(formula: str) -> float:
    graph = bpcalc.parse(formula)
    given = {name: AT[name] for name in graph.variables}
    return float(bpcalc.grad(graph, given, check=False).value)


UNARY = ["neg", "exp", "expm1", "log1p", "sqrt", "sin", "abs"]
BINARY = ["add", "sub", "mul", "div", "pow", "hypot"]
leaves = st.sampled_from([Term("a"), Term("b"), Term("c"), Term(-2.0), Term(0.5), Term(2e-05)])
terms = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda op, x: Term(op=TABLE[op], args=(x,)), st.sampled_from(UNARY), inner),
        st.builds(
            lambda op, x, y: Term(op=TABLE[op], args=(x, y)), st.sampled_from(BINARY), inner, inner
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(terms)
def test_it_means_what_the_text_means(found: Term) -> None:
    value = value_of(text(found))
    assume(math.isfinite(value) and 1e-3 < abs(value) < 1e6)  # where rounding hides nothing
    assert value_of(reread(latex(found))) == pytest.approx(value, rel=1e-6), latex(found)


def written(formula: str) -> str:
    """The last operation of a formula on the names in it, as LaTeX."""
    graph = bpcalc.parse(formula)

    def tree(index: int) -> Term:
        if index < len(graph.leaves):
            leaf = graph.leaves[index]
            return Term(leaf.name if leaf.constant is None else leaf.constant)
        return Term(op=graph.op(index), args=tuple(map(tree, graph.inputs(index))))

    return latex(tree(graph.output))


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("(a + b)*c", r"\left(a + b\right) \cdot c"),
        ("a*b*c", r"a \cdot b \cdot c"),
        ("(a/b)^2", r"\left(\frac{a}{b}\right)^{2}"),
        ("a^(b + c)", r"a^{b + c}"),
        ("(a + b)/(b - c)", r"\frac{a + b}{b - c}"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("-(a + b)", r"-\left(a + b\right)"),
        ("(-a)^2", r"\left(-a\right)^{2}"),
        ("2*expm1(a)", r"2 \cdot \left(e^{a} - 1\right)"),
        ("hypot(a + b, -c)", r"\sqrt{\left(a + b\right)^2 + \left(-c\right)^2}"),
        ("sin(a)^2", r"\left(\sin\left(a\right)\right)^{2}"),
        ("abs(a)^2", r"\left|a\right|^{2}"),
        ("max(a + b, b, c)", r"\max(a + b, b, c)"),
        ("elu(a, alpha=2)", r"\operatorname{elu}\left(a, \mathrm{alpha} = 2\right)"),
        ("not (a < b)", r"\lnot \left(a < b\right)"),
    ],
)
def test_brackets_stand_where_they_are_needed(formula: str, expected: str) -> None:
    assert written(formula) == expected


def test_nodes_are_written_as_one_is_told() -> None:
    square = TABLE["power"]
    assert latex(Term(op=square, args=(node(0),)), lambda _: "-3") == r"\left(-3\right)^{2}"
    tiny = latex(Term(op=square, args=(node(0),)), lambda _: r"1 \cdot 10^{-5}")
    assert tiny == r"\left(1 \cdot 10^{-5}\right)^{2}"


def test_a_factor_is_in_brackets_where_it_begins_with_a_minus() -> None:
    a, b = Term("a"), Term("b")
    assert latex_factor(-a, str) == r"\left(-a\right)"
    assert latex_factor(a + b, str) == r"\left(a + b\right)"
    assert latex_factor(a * b, str) == r"a \cdot b"
    assert latex_factor(-a / b, str) == r"\frac{-a}{b}"


EXACT = [value for value in vars(constants).values() if isinstance(value, constants.Constant)]


@pytest.mark.parametrize("constant", EXACT, ids=lambda constant: constant.text)
def test_an_exact_constant_is_its_formula(constant: constants.Constant) -> None:
    assert not re.search(r"\.[0-9]{3}", latex(Term(constant)))


def rules(op: Op) -> Iterator[Term]:
    """What its rule says of inputs, as terms; of arrays in every shape that the tests have."""
    if op.shape is None:
        found = op.rule(Term("y"), *input_names(op))
        yield from map(term, found if isinstance(found, tuple) else (found,))
        return
    for case in cases(op):
        shapes = [numpy.shape(array) for array in case.inputs]
        inputs = [node(place, shape) for place, shape in enumerate(shapes)]
        output = output_shape(case.op, tuple(shapes))
        try:
            found = case.op.rule(node(~9, output), node(9, output), *inputs)
        except ArithmeticError:
            assert op.internal  # the third derivative of what a formula can have
            return
        yield from map(term, found if isinstance(found, tuple) else (found,))


@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_every_operation_and_its_rule_can_be_written(op: Op) -> None:
    for each in [called(op), *rules(op)]:
        shown = latex(each)
        assert shown.count("{") == shown.count("}")
        assert shown.count(r"\left") == shown.count(r"\right")
        assert shown.isascii()
