"""steps -> lines: the equations of each step, written in a notation.

What an equation says is decided here, once; how a name, a number or a formula looks in text, in
LaTeX or in HTML is the notation's (`Notation`). A line is a chain of sides, `a = b = c`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from bpcalc.engine.array_shapes import shape
from bpcalc.ops import OPERATORS, TABLE, load_arrays
from bpcalc.ops.terms import LOOSE, PRODUCT, NodeLeaf, Term, bracketed, node
from bpcalc.render.numbers import is_large, rounded
from bpcalc.steps import EdgeStep, NothingStep, PathStep, StartStep, Step, SumStep, ValueStep

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpcalc.checks.check import Derivative
    from bpcalc.graph import Graph
    from bpcalc.ops.op import Shape, Value
    from bpcalc.render.sentences import Sentences
    from bpcalc.results import Edge, Result


class Line(NamedTuple):
    """One step as a reader sees it."""

    step: Step | None
    """None where it is no step, but a value given or a result."""
    left: str
    """What the equation is about: `∂f/∂n4`, or `n4`."""
    sides: Sequence[str]
    """What it equals, one form after the other; the last one is a number."""
    through: str = ""
    """Along which edge, where that is not the whole of `left`."""
    part: bool = False
    """Whether the sides are a part of `left` only, the share of one edge or path."""
    remark: str = ""


class Notation:
    """How names, numbers and formulas are written. Text; LaTeX and MathML are subclasses.

    What it writes may stand in a product: `times` sees to the brackets.
    """

    times = "×"
    """Between the sizes of an array."""

    def __init__(self, result: Result, words: Sentences, digits: int) -> None:
        self.result = result
        self.graph = result.graph
        self.words = words
        self.digits = digits
        self.output = output_name(self.graph)
        self.objective = objective_name(result)
        """What is differentiated: the output; or L, where a gradient of it was given."""

    # What a subclass writes in its own way

    def plain(self, text: str) -> str:
        """Words, or a name that is no node's."""
        return text

    def inline(self, mathematics: str) -> str:
        """Mathematics within a sentence."""
        return mathematics

    def label(self, index: int) -> str:
        """The name of a node, or its id."""
        return node_name(self.graph, index)

    def number(self, value: Value) -> str:
        """A number, rounded."""
        return rounded(value, self.digits)

    def is_large(self, value: Value) -> bool:
        """Whether it is an array that is told by its shape and what it is like."""
        return is_large(value)

    def formula(self, term: Term, leaf: Callable[[int], str]) -> str:
        """A formula, its nodes written by `leaf`."""
        raise NotImplementedError

    def slope(self, of: str, by: str) -> str:
        """∂of/∂by."""
        raise NotImplementedError

    def product(self, factors: Sequence[str], *, tight: bool = False) -> str:
        """Factors that are written so that they can stand in a product."""
        raise NotImplementedError

    def brackets(self, text: str) -> str:
        """The same in brackets."""
        return f"({text})"

    def symbolic(self, derivative: Derivative) -> str:
        """SymPy's derivative of the whole formula."""
        raise NotImplementedError

    def summands(self, parts: Sequence[tuple[str, str]]) -> str:
        """A sum of numbers, each with the words that say where it comes from."""
        raise NotImplementedError

    # What is built from that

    def input(self, index: int) -> str:
        """A node as it stands in a formula: a constant as its number; ~node: its gradient."""
        if index < 0:
            return self.upstream(~index)
        leaves = self.graph.leaves
        constant = index < len(leaves) and leaves[index].name is None
        return self.number(self.result.values[index]) if constant else self.label(index)

    def upstream(self, index: int) -> str:
        """The gradient of a consumer: ∂f/∂node, or its number where the node is f itself."""
        if self.label(index) == self.plain(self.objective):
            return self.number(self.result.gradients[index])
        return self.gradient(index)

    def numbers(self, index: int) -> str:
        """The value of a node, or with ~node its gradient, in a formula."""
        found = self.result.gradients[~index] if index < 0 else self.result.values[index]
        return self.number(found)

    def gradient(self, index: int) -> str:
        """∂f/∂node."""
        return self.slope(self.plain(self.objective), self.label(index))

    def factor(self, term: Term, leaf: Callable[[int], str]) -> str:
        """A formula as the second factor of a product."""
        written = self.formula(term, leaf)
        return bracketed(written, term.binding, PRODUCT, 1)

    def through(self, edge: Edge) -> str:
        """The words that name an edge to a node at which several meet."""
        return self.through_node(edge, self.inline(self.label(edge.consumer)))

    def through_node(self, edge: Edge, consumer: str) -> str:
        """The same, with the consumer as it is to be written."""
        if self.is_one_of_several(edge):
            return self.words.through_input.format(node=consumer, place=edge.arg + 1)
        return self.words.through.format(node=consumer)

    def summand(self, edge: Edge) -> str:
        """The words that stand at an edge's share in the sum."""
        return self.through(edge)

    def is_one_of_several(self, edge: Edge) -> bool:
        """Whether the consumer uses the node in more than one place, as x*x does."""
        return self.graph.inputs(edge.consumer).count(edge.input) > 1


def node_name(graph: Graph, index: int) -> str:
    """A node's name, else its id; with a prime if that is the name of another node."""
    return graph.name(index) or _free(graph, f"n{index + 1}")


def output_name(graph: Graph) -> str:
    """What the formula's value is called: the statement's name, or `f`."""
    named = graph.names.get(graph.output)
    return named if named is not None else _free(graph, "f")


def objective_name(result: Result) -> str:
    """What is differentiated: the output, or an `L` beyond it that gave the seed."""
    return output_name(result.graph) if result.from_one else _free(result.graph, "L")


def _free(graph: Graph, wanted: str) -> str:
    """The name, with primes as long as the formula has it too."""
    while wanted in graph.by_name:
        wanted += "′"
    return wanted


def line(step: Step, notation: Notation) -> Line:
    """A step, told in a notation."""
    match step:
        case ValueStep():
            return _value(step, notation)
        case StartStep():
            words = notation.words.start
            if notation.objective != notation.output:
                names = {"objective": notation.objective, "output": notation.output}
                inline = {k: notation.inline(notation.plain(name)) for k, name in names.items()}
                words = notation.words.given.format(**inline)
            sides = [notation.number(step.gradient)]
            return Line(step, notation.gradient(step.node), sides, remark=words)
        case EdgeStep():
            return _edge(step, notation)
        case SumStep():
            return _sum(step, notation)
        case NothingStep():
            return _nothing(step, notation)
        case PathStep():
            return _path(step, notation)


def _value(step: ValueStep, notation: Notation) -> Line:
    number = notation.number(step.value)
    sides = [number]
    if step.formula is not None:
        sides = [notation.formula(step.formula, notation.input)]
        if not has_large(step.formula, notation):
            sides.append(notation.formula(step.formula, notation.numbers))
        if step.formula.binding == LOOSE:  # n3 = (x > 0) = (-4 > 0) = 0
            sides = [notation.brackets(side) for side in sides]
        sides.append(number)
    left = notation.label(step.node)
    if step.node == notation.graph.output and step.node not in notation.graph.names:
        left = f"{notation.plain(notation.output)} = {left}"
    return Line(step, left, _distinct(sides), remark=shape_of(step.value, notation))


def shape_of(value: Value, notation: Notation) -> str:
    """The shape of an array that is written in full; empty for a number."""
    if not shape(value) or notation.is_large(value):
        return ""
    sizes = notation.times.join(map(str, value.shape))
    return notation.words.shape.format(shape=sizes)


def has_large(term: Term, notation: Notation) -> bool:
    """Whether a formula has arrays in it that are too large to be put in."""
    if isinstance(term.leaf, NodeLeaf) and term.op is None:
        index, result = term.leaf.node, notation.result
        return notation.is_large(result.gradients[~index] if index < 0 else result.values[index])
    return any(has_large(arg, notation) for arg in term.args)


def _edge(step: EdgeStep, notation: Notation) -> Line:
    edge, rule = step.edge, step.rule
    if edge.local is None or shape(edge.upstream) or shape(edge.gradient):
        return _array_edge(step, notation)
    upstream, local = notation.number(edge.upstream), notation.number(edge.local)
    local = bracketed(local, PRODUCT, PRODUCT, 1)
    sides = []
    if notation.label(edge.consumer) != notation.plain(
        notation.objective
    ):  # ∂C/∂x = ∂C/∂C · ∂C/∂x says nothing
        chain = [
            notation.gradient(edge.consumer),
            notation.slope(notation.label(edge.consumer), notation.label(edge.input)),
        ]
        sides.append(notation.product(chain))
    sides.append(notation.product([upstream, notation.factor(rule, notation.input)]))
    if rule.op is not None:
        with_numbers = notation.factor(rule, notation.numbers)
        sides.append(notation.product([upstream, with_numbers]))
    sides.append(notation.product([upstream, local], tight=True))
    sides.append(notation.number(edge.gradient))
    through = "" if step.alone else notation.through(edge)
    return Line(step, notation.gradient(edge.input), _distinct(sides), through, not step.alone)


def _array_edge(step: EdgeStep, notation: Notation) -> Line:
    """An edge between arrays: a vector-Jacobian product, or a product element by element."""
    edge, rule = step.edge, step.rule
    if edge.local is not None:
        upstream = node(~edge.consumer, shape(edge.upstream))
        one = rule.op is None and rule.leaf == 1
        rule = upstream if one else Term(op=OPERATORS["*"], args=(upstream, rule))
        if rule.shape != shape(edge.gradient):
            rule = _added_up(rule, shape(edge.gradient))
    sides = [notation.formula(rule, notation.input)]
    if not has_large(rule, notation):
        sides.append(notation.formula(rule, notation.numbers))
    sides.append(notation.number(edge.gradient))
    through = "" if step.alone else notation.through(edge)
    remark = shape_of(edge.gradient, notation)
    left = notation.gradient(edge.input)
    return Line(step, left, _distinct(sides), through, not step.alone, remark)


def _added_up(term: Term, wanted: Shape) -> Term:
    """The sum over the axes along which broadcasting repeated something of this shape."""
    extra = len(term.shape) - len(wanted)
    ones = tuple(a + extra for a, n in enumerate(wanted) if n == 1 != term.shape[a + extra])
    axes = (*range(extra), *ones)
    options: dict[str, Value] = {} if not wanted else {"axis": axes[0] if len(axes) == 1 else axes}
    if ones:
        options["keepdims"] = 1
    load_arrays()
    return Term(op=TABLE["sum"].with_options(options), args=(term,))


def _sum(step: SumStep, notation: Notation) -> Line:
    parts = [(notation.number(edge.gradient), notation.summand(edge)) for edge in step.edges]
    sides = [notation.summands(parts), notation.number(step.gradient)]
    return Line(step, notation.gradient(step.node), sides)


def _nothing(step: NothingStep, notation: Notation) -> Line:
    if step.edge is not None:
        left = notation.gradient(step.edge.input)
        words, through = notation.words.nothing_through, notation.through(step.edge)
        return Line(step, left, [], through, True, words)
    zero = [notation.number(notation.result.gradients[step.node])]
    return Line(step, notation.gradient(step.node), zero, remark=notation.words.nothing)


def _path(step: PathStep, notation: Notation) -> Line:
    first, *rest = step.nodes  # the first is the output
    labels = [notation.plain(notation.output), *[notation.label(index) for index in rest]]
    slopes = [notation.slope(of, by) for of, by in pairwise(labels)]
    numbers = [notation.number(factor) for factor in step.factors]
    if not notation.result.from_one:
        slopes.insert(0, notation.gradient(first))
        numbers.insert(0, notation.number(notation.result.seed))
    factors = [bracketed(n, PRODUCT, PRODUCT, place) for place, n in enumerate(numbers)]
    sides = _distinct([notation.product(factors), notation.number(step.product)])
    if len(step.nodes) > 2:  # of a direct way ∂f/∂x would be the whole gradient
        sides.insert(0, notation.product(slopes))
    return Line(step, notation.gradient(step.nodes[-1]), sides)


def _distinct(sides: Sequence[str]) -> list[str]:
    """Without the sides that say the same as the one before."""
    found: list[str] = []
    for side in sides:
        if not found or side.replace(" ", "") != found[-1].replace(" ", ""):
            found.append(side)
    return found
