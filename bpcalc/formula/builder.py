"""tree -> graph. Names become nodes, user functions are written out, the unneeded is left out.

The numbering needs all leaves first. So one pass over the tree finds the leaves, in order of
appearance, and a second one adds the operations, in evaluation order.
"""

from __future__ import annotations

import gc
from array import array
from collections.abc import Collection
from typing import Any

from bpcalc.errors import RequestError
from bpcalc.formula import mistakes
from bpcalc.formula.grammar import INDEXED, LITERAL, SCAN
from bpcalc.formula.parser import parsed
from bpcalc.formula.scan import MAX_STEPS, NoShape, NoValue, Scan, Shapes, state_names
from bpcalc.formula.statements import is_word, needed, variables_of
from bpcalc.formula.tokens import token_spans
from bpcalc.formula.tree import FIRST, LAST, OPERANDS, Statement, Tree
from bpcalc.graph import Building, Graph
from bpcalc.ops import FUNCTIONS, OPERATORS, TABLE, Op, load_arrays
from bpcalc.ops.arrays import LISTS, array_constant, key, odd_numbers, whole_numbers
from bpcalc.ops.constants import NAMED, Constant

MAX_NODES = 4_000_000
MAX_DIGITS = 1000


def parse(formula: str, bound: Collection[str] = ()) -> Graph:
    """The computation graph of a formula.

    `bound` are the names that have values: `e` is Euler's number unless it is among them. Where it
    maps them to their values, only the shapes are looked at: `scan` has as many steps as there are
    elements along the first axis.

    Raises:
        RequestError: the formula cannot be understood; the error points at the place.
    """
    collects = gc.isenabled()
    gc.disable()  # a million nodes are no garbage; looking through them costs a third of the time
    try:
        return _Builder(parsed(formula), bound).graph()
    finally:
        if collects:
            gc.enable()


def constant(text: str) -> Constant:
    """The constant that a number in a formula is."""
    value = float(text)
    return Constant(value, text.replace("_", "") if value else "0")  # and not 0e999999999


class _Call:
    """A statement, or the body of a function at one place of call, being built."""

    __slots__ = ("arguments", "first", "ids", "position", "scan", "statement")

    def __init__(
        self,
        statement: Statement,
        arguments: dict[str, int],
        first: int,
        scan: Scan | None = None,
    ) -> None:
        self.statement = statement
        self.arguments = arguments
        """The graph nodes that stand for the parameters."""
        self.first = first
        """The graph node that it adds first."""
        self.position = statement.start
        self.ids: list[int] = []
        """The graph node of every tree node so far."""
        self.scan = scan
        """The scan of which it is a step."""


class _Builder:
    def __init__(self, tree: Tree, bound: Collection[str]) -> None:
        self.tree = tree
        self.bound = bound
        self.building = Building(tree.text, token_spans)
        self.first, self.last = array("i"), array("i")
        self.scope: dict[str, int] = {}
        """The graph node of every number, constant, variable and named statement."""
        self.functions: dict[str, Statement] = {}
        """What the formula itself has defined so far."""
        self.sizes: dict[str, int] = {}
        """How many operations each of these functions is, written out."""
        self.ops: dict[str, Op] = {**FUNCTIONS, **OPERATORS}
        self.scans: list[Scan] = []
        self.shapes = Shapes(self.building, bound)
        self.with_options: dict[tuple[str, tuple[tuple[str, str], ...]], Op] = {}

    def graph(self) -> Graph:
        wanted, warnings = needed(self.tree)
        if len(self.tree.statements) == 1 and wanted[0].parameters:
            wanted = [self._as_expression(wanted[0])]
        self._find_leaves(wanted)
        output = -1
        for statement in wanted:
            if statement.parameters is not None:
                assert statement.name is not None
                self.functions[statement.name] = statement
                self.sizes[statement.name] = self._size(statement)
                self.ops.pop(statement.name, None)
                continue
            if self.functions and len(self.building.ops) + self._size(statement) > MAX_NODES:
                raise self._too_large()
            output = self._built(statement)
            if statement.name is not None:
                self._name(statement.name, output)
        for name, node in state_names(self.scans, self.building.names):
            self._name(name, node)
        self.building.first, self.building.last = self.first, self.last
        unused: set[str] = set()
        if warnings:
            used = {leaf.name for leaf in self.building.leaves}
            unused = variables_of(self.tree, self.bound) - used
        return self.building.finished(output, unused=frozenset(unused), warnings=tuple(warnings))

    def _name(self, name: str, node: int) -> None:
        """Let a statement's name stand for a node, which carries it if it has none yet."""
        building = self.building
        self.scope[name] = node
        if node >= len(building.leaves) and node not in building.names:
            building.names[node] = name
        else:
            building.aliases[name] = node

    # Leaves

    def _find_leaves(self, statements: list[Statement]) -> None:
        """Number the variables and constants of these statements, in order of appearance."""
        named = {statement.name for statement in statements if statement.parameters is None}
        scope = self.scope
        numbers: dict[tuple[float, bool], int] = {}
        for statement in statements:
            own = frozenset(statement.parameters or ())
            for what, operands, begin, end in self.tree.nodes[statement.start : statement.end]:
                if operands or what in scope or what in own or what in named:
                    continue
                if is_word(what):
                    self._leaf_named(what, begin, end)
                elif what[-1] == "(":
                    scope[what] = -1  # a function is no node
                elif what[0] == "[":
                    self._leaf_array(what, begin, end)
                else:
                    self._number(what, begin, end, numbers)

    def _as_expression(self, definition: Statement) -> Statement:
        """The body of `f(x, y) = ...`, whose parameters are the variables, in their order."""
        found: dict[str, tuple[int, int]] = {}
        for what, operands, begin, end in self.tree.nodes[definition.start : definition.end]:
            if not operands:
                found.setdefault(what, (begin, end))
        for name in definition.parameters or ():
            if name in found:
                self._leaf(name, None, *found[name])
        return definition._replace(name=None, parameters=None)

    def _leaf_named(self, name: str, begin: int, end: int) -> None:
        self._leaf(name, NAMED.get(name) if name not in self.bound else None, begin, end)

    def _leaf(self, name: str, value: Constant | None, begin: int, end: int) -> None:
        self.scope[name] = self.building.leaf(name, value)
        self.first.append(begin)
        self.last.append(end)

    def _leaf_array(self, text: str, begin: int, end: int) -> None:
        """An array of numbers, which is one constant."""
        try:
            value = array_constant(text)
        except ValueError:
            raise mistakes.ragged(self.tree, begin, end) from None
        for number in odd_numbers(value):
            place = self.tree.tokens.index(number.lstrip("-"), begin)
            self._checked(number, place, place)
        self.scope[text] = self.building.leaf(None, value)
        self.first.append(begin)
        self.last.append(end)

    def _number(
        self, text: str, begin: int, end: int, numbers: dict[tuple[float, bool], int]
    ) -> None:
        value = self._checked(text, begin, end)
        key = float(value), text[0] == "-"  # -0 is another number than 0
        index = numbers.get(key)
        if index is None:
            index = numbers[key] = self.building.leaf(None, value)
            self.first.append(begin)
            self.last.append(end)
        self.scope[text] = index

    def _option(self, keyword: str, text: str, token: int) -> Any:
        """The value of an option: a number, whole numbers, or what stands in W[...]."""
        if keyword == "key":
            return key(text)
        if text[0] != "[":
            return self._checked(text, token, token)
        if keyword not in LISTS:
            raise mistakes.option_is_no_array(self.tree, keyword, token)
        try:
            return whole_numbers(text)
        except ValueError:
            raise mistakes.option_is_no_list(self.tree, keyword, token) from None

    def _checked(self, text: str, begin: int, end: int) -> Constant:
        """A number as typed, if float64 can hold it."""
        if len(text) > MAX_DIGITS:
            raise mistakes.too_many_digits(self.tree, begin, end, MAX_DIGITS)
        value = constant(text)
        mantissa = text.lower().partition("e")[0]
        if value - value != 0 or (not value and any(digit in mantissa for digit in "123456789")):
            raise mistakes.not_finite(self.tree, begin, end)
        return value

    # Operations

    def _built(self, statement: Statement) -> int:
        """Add the operations of a statement, and of every function it calls; its root's node."""
        calls = [_Call(statement, {}, self.building.count)]
        while True:
            inner = self._advance(calls[-1])
            if inner is not None:
                calls.append(inner)
                continue
            done = calls.pop()
            result = done.ids[-1]
            if not calls:
                return result
            assert done.statement.name is not None
            self.building.called(done.statement.name, done.first)
            if done.scan is not None:
                done.scan.states.append(result)
                if len(done.scan.states) < done.scan.steps:
                    calls.append(self._step(done.scan, result))
                    continue
                result = self._stacked(done.scan)
            calls[-1].ids.append(result)

    def _size(self, statement: Statement) -> int:
        """How many operations a statement is, its functions written out."""
        nodes = self.tree.nodes[statement.start : statement.end]
        return sum(1 + self.sizes.get(what, 0) for what, operands, _, _ in nodes if operands)

    def _too_large(self) -> RequestError:
        return RequestError(
            f"with its functions written out, the formula has more than {MAX_NODES:,} operations"
        )

    def _advance(self, call: _Call) -> _Call | None:
        """Go on building until the end, or until a function of the formula is called: that call."""
        nodes, options, scope, known = self.tree.nodes, self.tree.options, self.scope, self.ops
        ops, inputs = self.building.ops, self.building.inputs
        first, last = self.first.append, self.last.append
        offset, ids, arguments = call.statement.start, call.ids, call.arguments
        count = self.building.count
        for position in range(call.position, call.statement.end):
            what, operands, begin, end = nodes[position]
            if not operands:
                ids.append(arguments[what] if what in arguments else scope[what])
                continue
            op = known.get(what)
            if op is None or len(operands) != op.arity or position in options:
                if what in self.functions:
                    call.position = position + 1
                    given = [ids[operand - offset] for operand in operands]
                    return self._called(position, what, given)
                if what == SCAN:
                    call.position = position + 1
                    return self._scan(position, [ids[operand - offset] for operand in operands])
                op = self._special(position, what)
            if len(operands) == 2:
                a, b = operands
                inputs.append((ids[a - offset], ids[b - offset]))
            else:
                inputs.append(tuple([ids[operand - offset] for operand in operands]))
            ops.append(op)
            first(begin)
            last(end)
            ids.append(count)
            count += 1
        return None

    def _called(self, position: int, name: str, given: list[int]) -> _Call:
        """The body of a function of the formula, with nodes for its parameters."""
        function = self.functions[name]
        parameters = function.parameters or ()
        self._refuse_options(position, name)
        if len(given) != len(parameters):
            signature = f"{name}({', '.join(parameters)})"
            raise mistakes.wrong_count(
                self.tree, position, signature, len(parameters), len(parameters)
            )
        return _Call(function, dict(zip(parameters, given)), self.building.count)

    def _refuse_options(self, position: int, name: str) -> None:
        if position in self.tree.options:
            ((keyword, (_, token)), *_) = self.tree.options[position].items()
            raise mistakes.no_such_option(self.tree, name, keyword, token, [])

    # Recurrences

    def _scan(self, position: int, given: list[int]) -> _Call:
        """The first step of scan(f, h0, xs)."""
        operands = self.tree.nodes[position][OPERANDS]
        self._refuse_options(position, SCAN)
        if len(operands) != 3:
            raise mistakes.wrong_count(self.tree, position, "scan(f, h0, xs)", 3, 3)
        function = self._function(operands[0])
        _, h0, xs = given
        steps = self._length(operands[2], xs)
        size = 1 + self.sizes.get(function.name or "", 1)
        most = (MAX_NODES - self.building.count) // size
        if steps > min(most, MAX_STEPS):
            raise mistakes.too_many_steps(self.tree, position, steps, min(most, MAX_STEPS))
        self._load_arrays()
        scan = Scan(function, xs, steps, position)
        self.scans.append(scan)
        self.building.lengths[xs] = steps
        return self._step(scan, h0)

    def _function(self, operand: int) -> Statement:
        """The function whose name is the first argument, as if the formula had defined it."""
        what, _, first, last = self.tree.nodes[operand]
        name = what[:-1]
        known = [*self.functions, *FUNCTIONS]
        function = self.functions.get(name)
        if function is not None:
            count = len(function.parameters or ())
            if count != 2:
                raise mistakes.function_to_scan(self.tree, name, first, count, known)
            return function
        if name not in self.ops:
            its_own = 3 if name == SCAN else None
            raise mistakes.function_to_scan(self.tree, name, first, its_own, known)
        nodes, start = self.tree.nodes, len(self.tree.nodes)
        nodes += [("h", (), first, last), ("x", (), first, last)]
        nodes.append((name, (start, start + 1), first, last))
        return Statement(name, first, ("h", "x"), start, start + 3)

    def _length(self, operand: int, node: int) -> int:
        """How many steps there are: the length of the first axis."""
        _, _, first, last = self.tree.nodes[operand]
        try:
            shape = self.shapes.of(node)
        except NoValue as missing:
            raise mistakes.length_of_scan(self.tree, first, last, missing.name) from None
        except NoShape as why:
            place = self.first[why.node], self.last[why.node]
            raise self.tree.error(str(why), *place) from None
        if not shape:
            raise mistakes.scan_along_number(self.tree, first, last)
        return shape[0]

    def _step(self, scan: Scan, state: int) -> _Call:
        """The next step: the node xs[t], and a call of the function."""
        key: dict[str, Any] = {"key": (len(scan.starts),)}
        x = self._add(OPERATORS[INDEXED].with_options(key), (scan.xs,), scan.tree_node)
        scan.starts.append(x)
        names = scan.function.parameters or ()
        return _Call(scan.function, dict(zip(names, (state, x))), x, scan)

    def _stacked(self, scan: Scan) -> int:
        """The result: an array of all states."""
        scan.node = self._add(OPERATORS[LITERAL], tuple(scan.states), scan.tree_node)
        self.building.called(SCAN, scan.starts[0])
        return scan.node

    def _add(self, op: Op, inputs: tuple[int, ...], tree_node: int) -> int:
        """An operation that stands in no place of its own in the formula."""
        self.first.append(self.tree.nodes[tree_node][FIRST])
        self.last.append(self.tree.nodes[tree_node][LAST])
        return self.building.apply(op, inputs)

    def _load_arrays(self) -> None:
        """Know the operations on arrays, but those whose names the formula gave to its own."""
        load_arrays()
        for name, op in [*FUNCTIONS.items(), *OPERATORS.items()]:
            if name not in self.functions:
                self.ops.setdefault(name, op)

    def _special(self, position: int, what: str) -> Op:
        """An op with options, a variadic one, or an error."""
        _, operands, first, _ = self.tree.nodes[position]
        op = self.ops.get(what)
        if op is None or what in ("max", "min"):
            self._load_arrays()
            op = self.ops.get(what)
        if op is None:
            variables = variables_of(self.tree, self.bound) | set(self.bound) | set(NAMED)
            raise mistakes.name_is_no_function(
                self.tree, what, first, what in variables, [*self.functions, *FUNCTIONS, SCAN]
            )
        if len(operands) == 1 and what in ("max", "min"):
            op = TABLE[f"{what}_of"]
        if not op.least <= len(operands) <= op.arity and not op.variadic:
            raise mistakes.wrong_count(self.tree, position, op.signature, op.least, op.arity)
        written = self.tree.options.get(position)
        if written is None:
            return op
        key = what, tuple((keyword, text) for keyword, (text, _) in written.items())
        if key not in self.with_options:
            for keyword, (_, token) in written.items():
                if op.key in ("max", "min") and keyword in TABLE[f"{op.key}_of"].options:
                    raise mistakes.reduction_of_many(self.tree, op.name, keyword, token)
                if keyword not in op.options:
                    raise mistakes.no_such_option(
                        self.tree, op.name, keyword, token, list(op.options)
                    )
            values = {
                keyword: self._option(keyword, text, token)
                for keyword, (text, token) in written.items()
            }
            self.with_options[key] = op.with_options(values)
        return self.with_options[key]
