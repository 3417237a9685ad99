"""The trace in the terminal: its width, alphabet, colours and words; and that it streams."""

from __future__ import annotations

import itertools
import re

import pytest
from render.examples import Example, every_example
from stories import A1, AT_A1, told, told_example

import bpcalc
from bpcalc.errors import cells
from bpcalc.render.look import Look
from bpcalc.render.sentences import CHINESE, ENGLISH, Sentences
from bpcalc.render.trace.lines import line
from bpcalc.render.trace.story import Story, source, story
from bpcalc.render.trace.text import Text, one_line, trace_text
from bpcalc.results import Result
from bpcalc.steps import ValueStep, backward_steps, forward_steps

TERMINAL = Look(width=80)
PIPE = Look()
NEURON = ("z = w*x + b; a = sigmoid(z); C = (a - 1)^2/2", {"w": 1, "x": 2, "b": 3})


def text_of(story: Story, look: Look = PIPE, digits: int = 9) -> str:
    return "".join(trace_text(story, look, digits))


@every_example
@pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=lambda words: words.language)
def test_a_worked_example_fits_80_columns(example: Example, words: Sentences) -> None:
    shown = told_example(example, words)
    typed = source(shown.result.graph)
    for row in text_of(shown, TERMINAL).splitlines():
        unbreakable = " " not in row.strip()
        assert cells(row) <= 80 or row in typed or unbreakable, row


@every_example
def test_piped_a_step_is_a_line_however_long(example: Example) -> None:
    shown = told_example(example)
    result, part = shown.result, shown.part
    notation = Text(result, ENGLISH, 9, unicode=True)
    lines = [" ".join(row.split()) for row in text_of(shown).splitlines()]
    for step in itertools.chain(forward_steps(result, part), backward_steps(result, part, 9)):
        whole = " ".join(one_line(line(step, notation)).split())
        assert any(re.sub(r" \(δ\)$|, δ(?=\)$)", "", row) == whole for row in lines), whole


def test_in_ascii_there_is_nothing_else() -> None:
    shown = text_of(told(*NEURON), Look(unicode=False))
    assert shown.replace("δ", "").isascii()
    assert "dC/dw = dC/dn6 * dn6/dw" in shown


def test_colours_come_only_where_they_are_asked_for() -> None:
    assert "\x1b" not in text_of(told(*NEURON))
    assert "\x1b[1;36m" in text_of(told(*NEURON), Look(colour=True))


def test_colours_change_no_letter() -> None:
    coloured = text_of(told(*NEURON), Look(width=80, colour=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == text_of(told(*NEURON), TERMINAL)


def test_digits_are_as_asked() -> None:
    shown = text_of(told("x/7", {"x": 1}, check=False), digits=3)
    assert "0.143" in shown
    assert "0.1428" not in shown


def test_the_sign_convention_is_stated_exactly_once() -> None:
    assert text_of(told(*NEURON)).count("δ = ∂C/∂z is") == 1


def test_without_a_neuron_no_delta_is_told() -> None:
    assert "δ" not in text_of(told(A1, AT_A1))


def test_another_upstream_gradient_is_that_of_an_l_beyond_the_output() -> None:
    shown = text_of(told(A1, AT_A1, upstream=2.5))
    assert "∂L/∂n7 = 2.5  (given" in shown
    assert "∂f" not in shown


def test_a_named_output_goes_by_its_name() -> None:
    shown = text_of(told("loss = x^2", {"x": 3}))
    assert "∂loss/∂x" in shown
    assert "∂f" not in shown


def test_a_variable_called_f_leaves_the_name_to_the_user() -> None:
    shown = text_of(told("f*f", {"f": 3}))
    assert "∂f′/∂f" in shown
    assert "f′ = f*f" in shown


def test_what_flows_nowhere_is_said() -> None:
    shown = text_of(told("where(x > 0, x, y)", {"x": 3, "y": 1}))
    assert re.search(r"∂f/∂y += 0 +\(nothing flows back to it\)|∂f/∂y.*= 0", shown)


class Counting(Result):
    """A result that knows how many of its edges were asked for."""

    asked = 0

    def each_edge(self):  # type: ignore[no-untyped-def]
        for edge in super().each_edge():
            self.asked += 1
            yield edge


def counting(nodes: int) -> Counting:
    """A chain of so many additions."""
    graph = bpcalc.parse("x" + " + y" * nodes)
    found = bpcalc.grad(graph, {"x": 1, "y": 2}, check=False)
    return Counting(graph, found.values, found.gradients, 1.0, found.wrt)


def test_ten_thousand_nodes_stream() -> None:
    result = counting(10_000)
    pieces = trace_text(story(result, ENGLISH), TERMINAL)
    for piece in pieces:
        if "∂f" in piece:
            break
    assert 0 < result.asked < 200
    rest = "".join(pieces)
    assert result.asked == 20_000
    assert rest.count("\n") > 20_000


def test_every_value_is_told_before_the_first_gradient() -> None:
    result = told(A1, AT_A1, check=False)
    first = next(iter(forward_steps(result.result, result.part)))
    assert isinstance(first, ValueStep)
    shown = text_of(result)
    assert shown.index("n7 = ") < shown.index("∂f")
