"""tree -> graph. Names become nodes, user functions are written out, the unneeded is left out.

The numbering needs all leaves first. So one pass over the tree finds the leaves, in order of
appearance, and a second one adds the operations, in evaluation order.
"""

from __future__ import annotations

import gc
from array import array
from collections.abc import Collection

from bpcalc.errors import RequestError
from bpcalc.formula import mistakes
from bpcalc.formula.parser import parsed
from bpcalc.formula.tokens import token_spans
from bpcalc.formula.tree import Statement, Tree
from bpcalc.graph import Building, Graph
from bpcalc.ops import FUNCTIONS, OPERATORS, Op
from bpcalc.ops.constants import NAMED, Constant

MAX_NODES = 4_000_000
MAX_DIGITS = 1000


def parse(formula: str, bound: Collection[str] = ()) -> Graph:
    """The computation graph of a formula.

    `bound` are the names that have values: `e` is Euler's number unless it is among them.

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
    return Constant(float(text), text.replace("_", ""))


class _Call:
    """A statement, or the body of a function at one place of call, being built."""

    __slots__ = ("arguments", "ids", "position", "statement")

    def __init__(self, statement: Statement, arguments: dict[str, int]) -> None:
        self.statement = statement
        self.arguments = arguments
        """The graph nodes that stand for the parameters."""
        self.position = statement.start
        self.ids: list[int] = []
        """The graph node of every tree node so far."""


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
        self.ops: dict[str, Op] = {**FUNCTIONS, **OPERATORS}
        self.with_options: dict[tuple[str, tuple[tuple[str, str], ...]], Op] = {}
        self.warnings: list[str] = []

    def graph(self) -> Graph:
        statements = _output_last(self.tree)
        needed = self._needed(statements)
        if len(statements) == 1 and statements[0].parameters:
            body = statements[0]
            self._find_leaves([body._replace(parameters=None)], body.parameters or ())
            statements = needed = [body._replace(parameters=None, name=None)]
        else:
            self._find_leaves(needed)
        output = -1
        for statement in needed:
            if statement.parameters is not None:
                assert statement.name is not None
                self.functions[statement.name] = statement
                self.ops.pop(statement.name, None)
                continue
            output = self._built(statement)
            if statement.name is not None:
                self._name(statement.name, output)
        self.building.first, self.building.last = self.first, self.last
        used = {leaf.name for leaf in self.building.leaves}
        unused = self._variables_of(statements) - used if len(needed) < len(statements) else set()
        return self.building.finished(
            output, unused=frozenset(unused), warnings=tuple(self.warnings)
        )

    def _name(self, name: str, node: int) -> None:
        """Let a statement's name stand for a node, which carries it if it has none yet."""
        building = self.building
        self.scope[name] = node
        if node >= len(building.leaves) and node not in building.names:
            building.names[node] = name
        else:
            building.aliases[name] = node

    # What is needed

    def _needed(self, statements: list[Statement]) -> list[Statement]:
        """The statements that the output needs; a warning for each of the others."""
        if len(statements) == 1:
            self._refuse_use_before(statements[0], 0, {statements[0].name: 0})
            return statements
        defined = {s.name: i for i, s in enumerate(statements) if s.name is not None}
        for index, statement in enumerate(statements):
            self._refuse_use_before(statement, index, defined)
        wanted = {len(statements) - 1}
        for index in range(len(statements) - 1, -1, -1):
            if index in wanted:
                words = self._words_of(statements[index])
                wanted |= {defined[word] for word in words if word in defined}
        for index, statement in enumerate(statements):
            if index not in wanted:
                what = statement.name or "an expression"
                line = self.tree.text.count("\n", 0, self._start(statement)) + 1
                self.warnings.append(
                    f"{what} in line {line} is left out: the output does not need it"
                )
        return [statement for index, statement in enumerate(statements) if index in wanted]

    def _start(self, statement: Statement) -> int:
        return self.tree.spans[statement.name_token][0]

    def _words_of(self, statement: Statement) -> set[str]:
        """Every name, of a variable or function, that the statement uses and does not bind."""
        own = statement.parameters or ()
        nodes = self.tree.nodes[statement.start : statement.end]
        return {what for what, operands, _, _ in nodes if operands or what not in own}

    def _variables_of(self, statements: list[Statement]) -> set[str]:
        """The variables that stand in these statements."""
        named = {statement.name for statement in statements}
        found: set[str] = set()
        for statement in statements:
            own = statement.parameters or ()
            for what, operands, _, _ in self.tree.nodes[statement.start : statement.end]:
                if operands or what in own or what in named or not _is_word(what):
                    continue
                if what not in NAMED or what in self.bound:
                    found.add(what)
        return found

    def _refuse_use_before(
        self, statement: Statement, index: int, defined: dict[str | None, int] | dict[str, int]
    ) -> None:
        """A statement may use only names that stand above it, and never its own."""
        if len(defined) == 1 and statement.name is None:
            return
        own = statement.parameters or ()
        for what, operands, first, last in self.tree.nodes[statement.start : statement.end]:
            if defined.get(what, -1) < index or (not operands and what in own):
                continue
            if operands and statement.parameters is None and what == statement.name:
                continue  # sin = sin(x): a name is a function only before a bracket
            if what == statement.name:
                word = "calls itself" if operands else "is used in its own definition"
                raise self.tree.error(
                    f"{what} {word}", first, last, hint="give the new value another name"
                )
            raise self.tree.error(
                f"{what} is used before it gets its value",
                first,
                last,
                hint="statements are computed from top to bottom",
            )

    # Leaves

    def _find_leaves(self, statements: list[Statement], first: Collection[str] = ()) -> None:
        """Number the variables and constants of these statements, those in `first` first."""
        named = {statement.name for statement in statements if statement.parameters is None}
        scope = self.scope
        numbers: dict[float, int] = {}
        position: dict[str, tuple[int, int]] = {}
        waiting = dict.fromkeys(first)
        for statement in statements:
            own = statement.parameters or ()
            for what, operands, begin, end in self.tree.nodes[statement.start : statement.end]:
                if operands or what in scope or what in own or what in named:
                    continue
                if what in waiting:
                    position[what] = begin, end
                elif _is_word(what):
                    self._leaf_named(what, begin, end)
                else:
                    self._number(what, begin, end, numbers)
            if waiting:  # the formula is one definition: its parameters are the variables
                self._put_parameters_first(waiting, position)

    def _put_parameters_first(
        self, parameters: Collection[str], position: dict[str, tuple[int, int]]
    ) -> None:
        found = self.building.leaves, self.first, self.last, dict(self.scope)
        self.building.leaves, self.first, self.last = [], array("i"), array("i")
        for name in parameters:
            if name in position:
                self.scope[name] = self.building.leaf(name)
                self.first.append(position[name][0])
                self.last.append(position[name][1])
        shift = len(self.building.leaves)
        self.building.leaves += found[0]
        self.first += found[1]
        self.last += found[2]
        for text, index in found[3].items():
            self.scope[text] = index + shift

    def _leaf_named(self, name: str, begin: int, end: int) -> None:
        value = NAMED.get(name) if name not in self.bound else None
        self.scope[name] = self.building.leaf(name, value)
        self.first.append(begin)
        self.last.append(end)

    def _number(self, text: str, begin: int, end: int, numbers: dict[float, int]) -> None:
        value = self._checked(text, begin, end)
        index = numbers.get(value)
        if index is None:
            index = numbers[value] = self.building.leaf(None, value)
            self.first.append(begin)
            self.last.append(end)
        self.scope[text] = index

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
        calls = [_Call(statement, {})]
        while True:
            inner = self._advance(calls[-1])
            if inner is not None:
                calls.append(inner)
                continue
            result = calls.pop().ids[-1]
            if not calls:
                return result
            calls[-1].ids.append(result)

    def _advance(self, call: _Call) -> _Call | None:
        """Go on building until the end, or until a function of the formula is called: that call."""
        nodes, options, scope, known = self.tree.nodes, self.tree.options, self.scope, self.ops
        ops, inputs = self.building.ops, self.building.inputs
        first, last = self.first.append, self.last.append
        offset, ids, arguments = call.statement.start, call.ids, call.arguments
        count = len(self.building.leaves) + len(ops)
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
        if count > MAX_NODES:
            raise RequestError(
                f"the formula has more than {MAX_NODES:,} operations with its functions written out"
            )
        return None

    def _called(self, position: int, name: str, given: list[int]) -> _Call:
        """The body of a function of the formula, with nodes for its parameters."""
        function = self.functions[name]
        parameters = function.parameters or ()
        if position in self.tree.options:
            ((keyword, (_, token)), *_) = self.tree.options[position].items()
            raise mistakes.no_such_option(self.tree, name, keyword, token, [])
        if len(given) != len(parameters):
            signature = f"{name}({', '.join(parameters)})"
            raise mistakes.wrong_count(
                self.tree, position, signature, len(parameters), len(parameters)
            )
        if len(self.building.ops) > MAX_NODES:
            raise RequestError(
                f"the formula has more than {MAX_NODES:,} operations with its functions written out"
            )
        return _Call(function, dict(zip(parameters, given)))

    def _special(self, position: int, what: str) -> Op:
        """An op with options, a variadic one, or an error."""
        _, operands, first, _ = self.tree.nodes[position]
        op = self.ops.get(what)
        if op is None:
            variables = self._variables_of(self.tree.statements) | set(self.bound) | set(NAMED)
            raise mistakes.name_is_no_function(
                self.tree, what, first, what in variables, [*self.functions, *FUNCTIONS]
            )
        if len(operands) != op.arity and not op.variadic:
            raise mistakes.wrong_count(self.tree, position, op.signature, op.arity, op.arity)
        written = self.tree.options.get(position)
        if written is None:
            return op
        key = what, tuple((keyword, text) for keyword, (text, _) in written.items())
        if key not in self.with_options:
            for keyword, (_, token) in written.items():
                if keyword not in op.options:
                    raise mistakes.no_such_option(
                        self.tree, op.name, keyword, token, list(op.options)
                    )
            values = {
                keyword: self._checked(text, token, token)
                for keyword, (text, token) in written.items()
            }
            self.with_options[key] = op.with_options(values)
        return self.with_options[key]


def _output_last(tree: Tree) -> list[Statement]:
    """The statements, of which the last has to be the output, and no name is given twice."""
    seen: dict[str, Statement] = {}
    for statement in tree.statements:
        if statement.name is None:
            continue
        if statement.name in seen:
            raise tree.error(
                f"{statement.name} gets a value twice",
                statement.name_token,
                hint="give the second value a name of its own",
            )
        seen[statement.name] = statement
    last = tree.statements[-1]
    if last.parameters is not None and len(tree.statements) > 1:
        raise tree.error(
            f"the formula ends with the definition of {last.name}, and so has no value",
            last.name_token,
            hint=f"call it in a last line: {last.name}({', '.join(last.parameters)})",
        )
    return tree.statements


def _is_word(what: str) -> bool:
    return what[0] not in "0123456789.-"
