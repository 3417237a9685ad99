"""The worked examples of the tutorials, from the files in `examples/`, against the right numbers.

The numbers were computed elsewhere, to the digits that stand here; none comes from bpcalc. Rows of
the tutorials that need tables or training are not here.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy
import pytest

import bpcalc

EXAMPLES = Path(__file__).parents[1] / "examples"
FILES = sorted(
    path for path in EXAMPLES.iterdir() if path.is_file() and path.suffix not in (".md", ".svg")
)
ROWS = [
    *("A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10", "A11"),
    *("B1", "B2", "B3"),
    *("C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8"),
    *("D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "D10", "D11", "D12", "D13", "D14"),
    *("E1", "E2", "E3", "E6", "E7", "E12", "E13", "E14", "E15", "E16", "E17"),
]
DIGITS = 12


def text_of(name: str) -> str:
    return (EXAMPLES / name).read_text(encoding="utf-8")


def values_of(name: str) -> dict[str, Any]:
    table: dict[str, Any] = (
        json.loads(text_of(name)) if name.endswith(".json") else tomllib.loads(text_of(name))
    )
    return table


def result_of(formula: str, values: str | Mapping[str, Any] = "", /, **more: Any) -> bpcalc.Result:
    """The formula of a file at the values of another one; SymPy has to agree with all of it."""
    given = values_of(values) if isinstance(values, str) and values else dict(values or {})
    upstream = more.pop("upstream", 1.0)
    result = bpcalc.grad(text_of(formula), {**given, **more}, upstream=upstream)
    assert result.check is not None
    assert result.check.ok
    return result


def values(result: bpcalc.Result, names: str) -> list[Any]:
    return [result.values[result.graph.index(name)] for name in names.split()]


def gradients(result: bpcalc.Result, names: str) -> list[Any]:
    return [result.gradients[result.graph.index(name)] for name in names.split()]


def edges(result: bpcalc.Result, name: str) -> dict[str, tuple[float, float, float]]:
    """(upstream, local, share) of every edge into a node, by the consumer's id or name."""
    index = result.graph.index(name)
    return {
        result.nodes[edge.consumer].name or result.nodes[edge.consumer].id: (
            edge.upstream,
            edge.local,
            edge.gradient,
        )
        for edge in result.edges
        if edge.input == index
    }


def agree(found: Any, numbers: str, digits: int = DIGITS) -> None:
    """What was found has to be these numbers, to within half a unit of the last of their digits.

    The elements of arrays count row by row. A 0 has to be one.
    """
    elements = [float(number) for part in found for number in numpy.ravel(part)]
    wanted = [float(number) for number in numbers.split()]
    units = [n and 10.0 ** (math.floor(math.log10(abs(n))) + 1 - digits) for n in wanted]
    assert elements == [
        pytest.approx(number, rel=0, abs=0.501 * unit) for number, unit in zip(wanted, units)
    ]


def stepped(result: bpcalc.Result, names: str, rate: float) -> dict[str, Any]:
    """Each of these variables after one step of gradient descent."""
    slopes = gradients(result, names)
    return {
        name: value - rate * slope
        for name, value, slope in zip(names.split(), values(result, names), slopes)
    }


def slope_between(formula: str, given: str, name: str, epsilon: float) -> float:
    """The slope by central differences."""
    here = values_of(given)
    up, down = (
        bpcalc.grad(text_of(formula), {**here, name: here[name] + step}, check=False).value
        for step in (epsilon, -epsilon)
    )
    return float((up - down) / (2 * epsilon))


# A. Computation graphs and the sigmoid neuron


def test_a1_the_nodes_of_the_graph() -> None:
    result = result_of("a1-graph.bp", "a1-graph.json")
    agree(result.values, "3 4 2 9 36 6 42")
    assert [node.expr for node in result.nodes[3:]] == ["x^2", "n4*y", "y + 2", "n5 + n6"]


def test_a1_without_the_brackets_one_node_differs() -> None:
    result = result_of("a1-no-brackets.bp", "a1-graph.json")
    agree(result.values, "3 4 2 9 36 40 42")
    agree(gradients(result, "x y"), "24 10")


def test_a2_the_edges_of_the_graph() -> None:
    result = result_of("a1-graph.bp", "a1-graph.json")
    found = {(edge.consumer + 1, edge.input + 1): edge.gradient for edge in result.edges}
    assert found == {
        (7, 5): 1,
        (7, 6): 1,
        (5, 4): 4,
        (5, 2): 9,
        (4, 1): 24,
        (6, 2): 1,
        (6, 3): 1,
    }
    agree(gradients(result, "x y n3"), "24 10 1")


def test_a3_a_square_written_as_a_product_has_two_edges() -> None:
    result = result_of("a3-product.bp", "a1-graph.json")
    shares = [edge.gradient for edge in result.edges if edge.input == result.graph.index("x")]
    assert shares == [12, 12]
    agree([result.value, *gradients(result, "x y")], "42 24 10")


def test_a4_every_gate_has_its_local_derivative() -> None:
    given = values_of("a4-local-rules.json")
    a, x, b, y, w = (given[name] for name in "axbyw")
    result = result_of("a4-local-rules.bp", given)
    weighted, product, negative = values(result, "weighted product negative")

    def local(name: str) -> float:
        ((_, slope, _),) = edges(result, name).values()
        return slope

    assert [local(name) for name in "axby"] == [x, a, y, b]
    assert local("weighted") == 2 * weighted
    assert (local("squared"), local("w")) == (w, weighted**2)
    assert local("product") == -1 / product**2
    assert local("inverse") == 1
    assert local("shifted") == -1
    assert local("negative") == math.exp(negative)


def test_a5_a_gradient_that_arrives_from_downstream() -> None:
    result = result_of("a6-neuron.bp", "a6-neuron.toml", upstream=2.5)
    agree(gradients(result, "w0"), "-0.491529833104")


def test_a6_a_neuron_gate_by_gate() -> None:
    result = result_of("a6-neuron.bp", "a6-neuron.toml")
    gates = "-2 6 4 1 -1 0.367879441171 1.36787944117 0.731058578630"
    agree(result.values[len(result.graph.leaves) :], gates)


def test_a7_the_way_back_through_the_neuron() -> None:
    result = result_of("a6-neuron.bp", "a6-neuron.toml")
    back = "1 -0.534446645389 -0.534446645389 -0.196611933241 0.196611933241"
    agree(result.gradients[:-6:-1], back)
    inputs = "0.196611933241 -0.196611933241 0.393223866483 -0.393223866483 -0.589835799724"
    agree(gradients(result, "w2 w0 x0 w1 x1"), inputs)


def test_a8_one_step_of_descent() -> None:
    result = result_of("a6-neuron.bp", "a6-neuron.toml")
    new = stepped(result, "w2 w0 w1", rate=0.01)
    agree([*new.values()], "-3.00196611933 2.00196611933 -2.99606776134")
    after = result_of("a6-neuron.bp", {**values_of("a6-neuron.toml"), **new})
    agree([after.value], "0.728732891262")


def test_a9_cross_entropy_behind_the_neuron() -> None:
    result = result_of("a9-cross-entropy.bp", "a6-neuron.toml", y=1)
    agree([result.value, *gradients(result, "z")], "0.313261687518 -0.268941421370")
    weights = "0.268941421370 0.537882842740 -0.268941421370"
    agree(gradients(result, "w0 w1 w2"), weights)


def test_a10_squared_error_behind_the_neuron() -> None:
    result = result_of("a10-squared-error.bp", "a6-neuron.toml", y=1)
    agree([result.value, *gradients(result, "z")], "0.0723294881285 -0.105754185569")
    agree(gradients(result, "w0 w1 w2"), "0.105754185569 0.211508371137 -0.105754185569")
    result = result_of("a10-squared-error.bp", "a6-neuron.toml", y=0)
    agree([result.value, *gradients(result, "z")], "0.534446645389 0.287469680914")


@cache
def batch() -> bpcalc.Result:
    return result_of("a11-batch.bp", "a11-batch.json")


def test_a11_the_mean_over_a_batch() -> None:
    agree([batch().value], "0.0361651590714")
    agree(gradients(batch(), "w b"), "0.0528779220424 0.105755844085 -0.0528762635262")


def test_a11_is_the_mean_of_the_gradients_of_its_samples() -> None:
    given = values_of("a11-batch.json")
    samples = [
        result_of("a11-batch.bp", {**given, "X": [row], "y": [target]})
        for row, target in zip(given["X"], given["y"])
    ]
    of_each = [numpy.hstack(gradients(result, "w b")) for result in samples]
    agree([sum(of_each) / 2], "0.0528779220424 0.105755844085 -0.0528762635262")


# B. The four equations of backpropagation


@cache
def four_equations() -> bpcalc.Result:
    return result_of("b1-four-equations.bp", "b1-four-equations.toml")


def test_b1_delta_is_the_gradient_by_z() -> None:
    result = four_equations()
    (a2, y), (at_a2,) = values(result, "a2 y"), gradients(result, "a2")
    assert at_a2.tolist() == (a2 - y).tolist()
    assert [node.name for node in result.nodes if node.name] == (
        ["W1", "x", "b1", "W2", "b2", "y", "z1", "a1", "z2", "a2", "C"]
    )


def test_b2_the_four_equations() -> None:
    result = four_equations()
    agree(values(result, "z1 a1"), "0.3775 0.3925 0.593269992107 0.596884378260")
    agree(values(result, "z2"), "1.10590596706 1.22492140410")
    agree(values(result, "a2"), "0.751365069552 0.772928465321")
    outputs, hidden = "0.138498561629 -0.0380982365166", "0.00877135468949 0.00995425470522"
    agree(gradients(result, "z2"), outputs)  # BP1
    agree(gradients(result, "z1"), hidden)  # BP2
    agree(gradients(result, "b2 b1"), f"{outputs} {hidden}")  # BP3
    of_w2 = "0.0821670405642 0.0826676278475 -0.0226025404775 -0.0227402422160"
    of_w1 = "0.000438567734474 0.000877135468949 0.000497712735261 0.000995425470522"
    agree(gradients(result, "W2"), of_w2)  # BP4
    agree(gradients(result, "W1"), of_w1)


def test_b3_a_step_of_descent_moves_a_whole_matrix() -> None:
    new = stepped(four_equations(), "W1 W2", rate=0.5)
    agree([new["W1"]], "0.149780716 0.19956143 0.24975114 0.29950229", digits=8)
    agree([new["W2"]], "0.35891648 0.40866619 0.51130127 0.56137012", digits=8)
    after = result_of("b1-four-equations.bp", {**values_of("b1-four-equations.toml"), **new})
    agree([after.value], "0.291027773694")


def test_b3_a_mini_batch_step_takes_the_mean_of_the_products_of_delta_and_a() -> None:
    deltas = 2 * gradients(batch(), "z")[0]  # of the two samples, each with its own loss
    step = stepped(batch(), "w", rate=0.5)["w"]
    given = values_of("a11-batch.json")
    by_hand = given["w"] - 0.5 / 2 * (deltas @ numpy.array(given["X"]))
    agree([step], " ".join(map(repr, by_hand.tolist())))
    agree([2 * (2 - step[0]), 2 * (-3 - step[1])], "0.0528779220424 0.105755844085")


# C. The sigmoid network, delta rules, gradient check


@pytest.mark.parametrize(
    ("z", "slope"), [(0, "0.25"), (1, "0.196611933241"), (40, "4.24835425529e-18")]
)
def test_c1_the_slope_of_the_logistic_function(z: float, slope: str) -> None:
    agree(gradients(result_of("c1-sigmoid.bp", z=z), "z"), slope)


def test_c1_the_logistic_function_at_0_is_a_half() -> None:
    assert result_of("c1-sigmoid.bp", z=0).value == 0.5


def test_c1_as_textbooks_print_it_is_the_same_and_wrong_at_40() -> None:
    agree([result_of("c1-textbook.bp", z=1).value], "0.196611933241")
    result = bpcalc.grad(text_of("c1-textbook.bp"), z=40)
    assert result.value == 0
    assert result.check is not None
    assert result.check.ok is False
    right = result.check.nodes[-1].value
    assert right is not None
    agree([right], "4.24835425529e-18")


@cache
def three_four_two() -> bpcalc.Result:
    return result_of("c2-network.bp", "c2-network.json")


def test_c2_the_network_unit_by_unit() -> None:
    result = three_four_two()
    agree(values(result, "a4 a5 a6 a7"), "0.5 0.413382421083 0.249739894405 0.437823499114")
    agree(values(result, "y8 y9"), "0.618391810109 0.567944665730")


@cache
def three_four_two_in_matrices() -> bpcalc.Result:
    return result_of("c2-matrix.bp", "c2-matrix.json")


def test_c2_in_matrix_form() -> None:
    result = three_four_two_in_matrices()
    agree(values(result, "a"), "0.5 0.413382421083 0.249739894405 0.437823499114")
    agree(values(result, "y"), "0.618391810109 0.567944665730")


def test_c3_a_deeper_network() -> None:
    given = values_of("c3-deep.json")
    result = result_of("c3-deep.bp", given)
    value, slope = given["x"], 1.0
    for weight in ("w1", "w2", "w3", "w4"):
        value = 1 / (1 + math.exp(-given[weight] * value))
        slope *= given[weight] * value * (1 - value)
    agree([result.value, *gradients(result, "x")], f"{value!r} {slope!r}")


def test_c3_a_deeper_network_in_matrix_form() -> None:
    given = {name: numpy.array(value) for name, value in values_of("c3-matrix.json").items()}
    states = [given["x"]]
    for name in ("W1", "W2", "W3", "W4"):
        states.append(1 / (1 + numpy.exp(-given[name] @ states[-1])))
    slope = numpy.ones(())
    for name, state in zip(("W4", "W3", "W2", "W1"), reversed(states)):
        slope = numpy.atleast_1d(slope * state * (1 - state)) @ numpy.atleast_2d(given[name])
    result = result_of("c3-matrix.bp", "c3-matrix.json")
    agree([result.value], repr(float(states[-1])))
    agree(gradients(result, "x"), " ".join(map(repr, slope.tolist())))


def test_c3_any_depth() -> None:
    depth = 2000
    formula = f"f(s) = σ(s)\n{'f(4*' * depth}x{')' * depth}"
    value, slope = 0.3, 1.0
    for _ in range(depth):
        value = 1 / (1 + math.exp(-4 * value))
        slope *= 4 * value * (1 - value)
    result = bpcalc.grad(formula, x=0.3, check=False)
    assert result.value == pytest.approx(value, rel=1e-12)
    assert result.gradient["x"] == pytest.approx(slope, rel=1e-9, abs=1e-300)


def test_c4_the_error_of_the_network() -> None:
    agree([three_four_two().value], "0.234092976962")


def test_c5_the_deltas_of_the_outputs_are_the_negative_gradients() -> None:
    result = three_four_two()
    deltas = [-gradient for gradient in gradients(result, "z8 z9")]
    agree(deltas, "0.0900531902187 -0.139364262604")


def test_c6_the_deltas_of_the_hidden_units() -> None:
    result = three_four_two()
    deltas = [-gradient for gradient in gradients(result, "z4 z5 z6 z7")]
    agree(deltas, "0.0196718625810 -0.0159097495762 0.0233408421894 -0.0185757722052")


def test_c7_the_delta_rule_moves_the_weights() -> None:
    result = three_four_two()
    new = stepped(result, "w84 w41", rate=0.5)
    agree([*new.values()], "0.122513297555 0.109835931291")


def test_c4_c5_c6_in_matrix_form() -> None:
    result = three_four_two_in_matrices()
    agree([result.value], "0.234092976962")
    outputs, hidden = (-gradient for gradient in gradients(result, "z2 z1"))
    agree([outputs], "0.0900531902187 -0.139364262604")
    agree([hidden], "0.0196718625810 -0.0159097495762 0.0233408421894 -0.0185757722052")


def test_c7_in_matrix_form() -> None:
    new = stepped(three_four_two_in_matrices(), "W2 W1", rate=0.5)
    agree([new["W2"][0, 0], new["W1"][0, 0]], "0.122513297555 0.109835931291")


def test_c8_central_differences_agree_with_the_gradient() -> None:
    result = three_four_two()
    agree(gradients(result, "w41"), "-0.0196718625810")
    numeric = slope_between("c2-network.bp", "c2-network.json", "w41", 1e-4)
    agree([numeric], "-0.019671862564", digits=11)


# D. The 2-2-2 network step by step; softmax


@cache
def network() -> bpcalc.Result:
    return result_of("d1-network.bp", "d1-network.toml")


def test_d1_the_forward_pass() -> None:
    result = network()
    agree(values(result, "net_h1 net_h2"), "0.3775 0.3925")
    agree(values(result, "out_h1 out_h2"), "0.593269992107 0.596884378260")
    agree(values(result, "net_o1 net_o2"), "1.10590596706 1.22492140410")
    agree(values(result, "out_o1 out_o2"), "0.751365069552 0.772928465321")


def test_d2_the_losses() -> None:
    losses = values(network(), "E_o1 E_o2 E_total")
    agree(losses, "0.274811083176 0.0235600255838 0.298371108760")


def test_d3_three_factors_of_a_gradient() -> None:
    result = network()
    ((upstream, local, _),) = edges(result, "net_o1").values()
    ((_, last, share),) = edges(result, "w5").values()
    agree([upstream, local, last], "0.741365069552 0.186815601809 0.593269992107")
    agree([share], "0.0821670405642")


def test_d4_the_deltas_of_the_outputs() -> None:
    agree(gradients(network(), "net_o1 net_o2"), "0.138498561629 -0.0380982365166")


def test_d5_two_routes_into_a_hidden_unit() -> None:
    result = network()
    shares = [share for _, _, share in edges(result, "out_h1").values()]
    agree(sorted(shares, reverse=True), "0.0553994246514 -0.0190491182583")
    agree(gradients(result, "out_h1"), "0.0363503063931")


def test_d6_the_gradient_of_a_hidden_weight() -> None:
    agree(gradients(network(), "w1"), "0.000438567734474")


def test_d7_the_other_gradients() -> None:
    result = network()
    agree(gradients(result, "w2 w3 w4"), "0.000877135468949 0.000497712735261 0.000995425470522")
    agree(gradients(result, "w6 w7 w8"), "0.0826676278475 -0.0226025404775 -0.0227402422160")
    agree(gradients(result, "b1 b2"), "0.0187256093947 0.100400325112")


WEIGHTS = "w1 w2 w3 w4 w5 w6 w7 w8"


def test_d8_the_weights_after_one_step() -> None:
    new = [*stepped(network(), WEIGHTS, rate=0.5).values()]
    agree(new[:2], "0.149780716 0.19956143", digits=8)
    agree(new[2:5], "0.24975114 0.29950229 0.35891648", digits=8)
    agree(new[5:], "0.408666186 0.511301270 0.561370121", digits=9)


def test_d8_the_error_after_one_step() -> None:
    given = {**values_of("d1-network.toml"), **stepped(network(), WEIGHTS, rate=0.5)}
    agree([result_of("d1-network.bp", given).value], "0.291027773694")


def hidden_gradients(weights: Mapping[str, float]) -> bpcalc.Result:
    """Of the hidden layer, under the outputs' δ, with these w5 to w8."""
    before = network()
    delta1, delta2 = gradients(before, "net_o1 net_o2")
    given = values_of("d1-network.toml")
    hidden = {name: given[name] for name in ["i1", "i2", "b1", "w1", "w2", "w3", "w4"]}
    output = {name: weights[name] for name in ["w5", "w6", "w7", "w8"]}
    return result_of("d8-slip.bp", {**hidden, **output, "δ1": delta1, "δ2": delta2})


def test_d8_the_published_error_comes_from_weights_already_updated() -> None:
    given = values_of("d1-network.toml")
    new = stepped(network(), WEIGHTS, rate=0.5)
    wrong = stepped(hidden_gradients(new), "w1 w2 w3 w4", rate=0.5)
    agree([result_of("d1-network.bp", {**given, **new, **wrong}).value], "0.291027924", digits=9)


def test_d8_with_the_old_weights_the_same_formula_is_right() -> None:
    right = gradients(hidden_gradients(values_of("d1-network.toml")), "w1 w2")
    agree(right, "0.000438567734474 0.000877135468949")


@cache
def network_in_matrices() -> bpcalc.Result:
    return result_of("d1-matrix.bp", "d1-matrix.toml")


def test_d1_d2_in_matrix_form() -> None:
    result = network_in_matrices()
    agree(values(result, "net_h out_h"), "0.3775 0.3925 0.593269992107 0.596884378260")
    agree(values(result, "net_o"), "1.10590596706 1.22492140410")
    agree(values(result, "out_o"), "0.751365069552 0.772928465321")
    agree(values(result, "E E_total"), "0.274811083176 0.0235600255838 0.298371108760")


def test_d3_d5_in_matrix_form() -> None:
    result = network_in_matrices()
    ((upstream, local, delta),) = edges(result, "net_o").values()
    agree([upstream[0], local[0]], "0.741365069552 0.186815601809")
    routes = values(result, "W_o")[0][:, 0] * delta
    agree([routes], "0.0553994246514 -0.0190491182583")
    agree([gradients(result, "out_h")[0][0]], "0.0363503063931")


def test_d4_d6_d7_in_matrix_form() -> None:
    result = network_in_matrices()
    agree(gradients(result, "net_o"), "0.138498561629 -0.0380982365166")
    of_hidden = "0.000438567734474 0.000877135468949 0.000497712735261 0.000995425470522"
    agree(gradients(result, "W_h"), of_hidden)
    of_outputs = "0.0821670405642 0.0826676278475 -0.0226025404775 -0.0227402422160"
    agree(gradients(result, "W_o"), of_outputs)
    agree(gradients(result, "b1 b2"), "0.0187256093947 0.100400325112")


def test_d8_in_matrix_form() -> None:
    new = stepped(network_in_matrices(), "W_h W_o", rate=0.5)
    agree([new["W_h"]], "0.149780716 0.19956143 0.24975114 0.29950229", digits=8)
    agree([new["W_o"]], "0.35891648 0.40866619 0.51130127 0.56137012", digits=8)
    given = {**values_of("d1-matrix.toml"), **new}
    agree([result_of("d1-matrix.bp", given).value], "0.291027773694")


def test_d8_the_slip_in_matrix_form() -> None:
    result, given = network_in_matrices(), values_of("d1-matrix.toml")
    new = stepped(result, "W_h W_o", rate=0.5)
    (delta,) = gradients(result, "net_o")
    behind = {"δ": delta, "W_o": new["W_o"], "W_h": given["W_h"], "i": given["i"], "b1": 0.35}
    wrong = stepped(result_of("d8-slip-matrix.bp", behind), "W_h", rate=0.5)
    agree([result_of("d1-matrix.bp", {**given, **new, **wrong}).value], "0.291027924", digits=9)
    right = result_of("d8-slip-matrix.bp", {**behind, "W_o": given["W_o"]})
    agree([gradients(right, "W_h")[0][0]], "0.000438567734474 0.000877135468949")


def test_d10_softmax_and_cross_entropy_give_p_minus_q() -> None:
    result = result_of("d10-softmax.bp", "d10-softmax.json")
    agree(values(result, "p1 p2 p3"), "0.0900305731704 0.244728471055 0.665240955775")
    agree([result.value], "0.407605964444")
    agree(gradients(result, "z1 z2 z3"), "0.0900305731704 0.244728471055 -0.334759044225")


def test_d10_on_an_array() -> None:
    result = result_of("d10-softmax-array.bp", "d10-softmax-array.json")
    agree(values(result, "p L"), "0.0900305731704 0.244728471055 0.665240955775 0.407605964444")
    agree(gradients(result, "z"), "0.0900305731704 0.244728471055 -0.334759044225")


def test_d11_any_layer_is_an_outer_product_and_a_delta() -> None:
    a1, delta = values(four_equations(), "a1")[0], gradients(four_equations(), "z2")[0]
    given = values_of("b1-four-equations.toml")
    result = result_of("d11-layer.bp", W=given["W2"], b=given["b2"], a=a1, upstream=delta)
    of_w2 = "0.0821670405642 0.0826676278475 -0.0226025404775 -0.0227402422160"
    agree(gradients(result, "W b"), f"{of_w2} 0.138498561629 -0.0380982365166")


UPSTREAM = [[1, 2], [3, 4]]


def test_d12_convolution() -> None:
    result = result_of("d12-convolution.bp", "d12-convolution.json", upstream=UPSTREAM)
    agree([result.value], "-3.5 -3.5 -3.5 -3.5")
    agree(gradients(result, "x"), "1 2 0 3 3 -2 0 -3 -4")
    agree(gradients(result, "K b"), "37 47 67 77 10")


def test_d13_max_pool_sends_everything_to_the_largest() -> None:
    result = result_of("d13-max-pool.bp", "d13-pooling.json", upstream=UPSTREAM)
    agree([result.value], "6 4 7 9")
    (found,) = gradients(result, "x")
    assert (found[1, 1], found[0, 3], found[2, 0], found[2, 2]) == (1, 2, 3, 4)
    assert numpy.count_nonzero(found) == 4


def test_d13_average_pool_sends_quarters() -> None:
    result = result_of("d13-average-pool.bp", "d13-pooling.json", upstream=UPSTREAM)
    quarters = "0.25 0.25 0.5 0.5 0.25 0.25 0.5 0.5 0.75 0.75 1 1 0.75 0.75 1 1"
    agree(gradients(result, "x"), quarters)


@pytest.mark.parametrize("formula", ["d14-recurrent.bp", "d14-unrolled.bp"])
def test_d14_a_recurrent_network(formula: str) -> None:
    result = result_of(formula, "d14-recurrent.json")
    agree([result.value], "0.113957481452")
    agree(gradients(result, "u w v"), "0.257768866932 0.402933888621 0.357314034029")
    agree(gradients(result, "b c"), "1.03738706404 0.773137070256")


# E. Losses, descent, prices, layers over a batch, vanishing gradients


def test_e1_half_the_sum_of_squared_errors() -> None:
    agree([result_of("e1-half-sse.bp", "e1-digit.json").value], "0.0975")


def test_e2_cross_entropy() -> None:
    agree([result_of("e2-cross-entropy.bp", "e1-digit.json", t=2).value], "0.510825623766")
    agree([result_of("e2-with-epsilon.bp", "e1-digit.json").value], "0.510825623599")


def test_e2_of_a_one_hot_target_the_zeros_count_nothing() -> None:
    """The loss has no derivative by a target beside a 0, and the one by y is the same."""
    given = values_of("e1-digit.json")
    result = bpcalc.grad(text_of("e2-cross-entropy.bp"), given, wrt="y")
    agree([result.value], "0.510825623766")
    agree(gradients(result, "y"), "0 0 -1.66666666667 0 0 0 0 0 0 0")
    assert result.ok


THIRDS = "-0.333333333333 0.333333333333 -0.333333333333"


@pytest.mark.parametrize(
    ("loss", "value", "slopes"),
    [
        ("e3-bce.bp", "0.279776563579", "-0.370370370370 0.416666666667 -0.555555555556"),
        ("e3-mae.bp", "0.233333333333", THIRDS),
        ("e3-mse.bp", "0.07", "-0.0666666666667 0.133333333333 -0.266666666667"),
        ("e3-half-sse.bp", "0.105", "-0.1 0.2 -0.4"),
    ],
)
def test_e3_four_losses(loss: str, value: str, slopes: str) -> None:
    result = result_of(loss, "e3-targets.json")
    agree([result.value, *gradients(result, "p")], f"{value} {slopes}")


@pytest.mark.parametrize(("point", "slopes"), [((3, 4), "6 8"), ((-3, 4), "-6 8")])
def test_e6_the_gradient_of_a_bowl(point: tuple[float, float], slopes: str) -> None:
    x0, x1 = point
    agree(gradients(result_of("e6-bowl.bp", x0=x0, x1=x1), "x0 x1"), slopes)


def test_e7_one_layer_under_softmax_and_cross_entropy() -> None:
    zeros = result_of("e7-layer.bp", "e7-layer.json", W=[[0, 0, 0], [0, 0, 0]])
    agree([zeros.value, *gradients(zeros, "W")], "1.09861228867 0.2 0.2 -0.4 0.3 0.3 -0.6")
    result = result_of("e7-layer.bp", "e7-layer.json")
    agree([result.value], "0.928068538748")
    (found,) = gradients(result, "W")
    agree(found[0], "0.219247626679 0.143562466122 -0.362810092801")
    agree(found[1], "0.328871440018 0.215343699183 -0.544215139201")


def test_e12_what_apples_cost() -> None:
    result = result_of("e12-apples.bp", "e12-apples.json")
    agree([result.value, *gradients(result, "price count tax")], "220 2.2 110 200")


def test_e13_relu_passes_on_where_its_input_is_positive() -> None:
    """At 0 the slope is a choice, so that no check has an opinion there."""
    given, ones = values_of("e13-relu.json"), [[1, 1], [1, 1], [1, 1]]
    result = bpcalc.grad(text_of("e13-relu.bp"), given, upstream=ones)
    agree(gradients(result, "X"), "1 0 0 1 0 0")
    assert result.ok
    result = result_of("e13-relu.bp", X=given["X"][:2], upstream=ones[:2])
    agree(gradients(result, "X"), "1 0 0 1")


def test_e14_a_layer_of_logistic_functions() -> None:
    upstream = [[1, 1], [1, 2]]
    result = result_of("e14-sigmoid-layer.bp", "e14-sigmoid-layer.json", upstream=upstream)
    agree(gradients(result, "X"), "0.25 0.196611933241 4.24835425529e-18 0.5")


def test_e15_an_affine_layer_over_a_batch() -> None:
    upstream = [[1, 2, 3], [4, 5, 6]]
    result = result_of("e15-affine.bp", "e15-affine.json", upstream=upstream)
    agree([result.value], "12.1 13.7 15.3 27.1 31.2 35.3")
    agree(gradients(result, "X"), "0.8 2.6 4.4 6.2 8 1.7 6.2 10.7 15.2 19.7")
    agree(gradients(result, "W"), "25 32 39 30 39 48 35 46 57 40 53 66 45 60 75")
    agree(gradients(result, "b"), "5 7 9")


def test_e16_softmax_with_loss_over_a_batch() -> None:
    result = result_of("e16-softmax-with-loss.bp", "e16-softmax-with-loss.json")
    agree([result.value], "0.885041624460")
    (found,) = gradients(result, "z")
    agree(found[0], "0.00910563664777 0.122595906468 -0.131701543115")
    agree(found[1], "-0.384388051189 0.314265859606 0.0701221915830")


def test_e17_a_gradient_vanishes() -> None:
    agree(gradients(result_of("e17-vanishing.bp", x=0.5), "x"), "3.48311560979e-7")


# The folder


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_test(row: str) -> None:
    assert [name for name in globals() if name.startswith(f"test_{row.lower()}_")]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_is_used_and_listed(file: Path) -> None:
    assert f'"{file.name}"' in Path(__file__).read_text(encoding="utf-8")
    assert f"({file.name})" in text_of("README.md")


@pytest.mark.parametrize("row", ROWS)
def test_the_index_lists_every_row(row: str) -> None:
    assert f"| {row} |" in text_of("README.md")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_formula_says_in_its_first_line_what_it_shows(file: Path) -> None:
    if file.suffix == ".bp":
        first = text_of(file.name).partition("\n")[0]
        assert first.startswith(f"# {file.name.partition('-')[0].upper()}")
        assert first.endswith(".")
