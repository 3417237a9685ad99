"""tokens -> tree. A Pratt parser whose stack is a list, so that no depth is too deep.

    formula    = statement { (newline | ";") statement }
    statement  = name "=" expression
               | name "(" name { "," name } ")" "=" expression
               | expression
    expression = number | name | name "(" arguments ")" | "(" expression ")" | array
               | prefix expression | expression infix expression | expression superscript
               | expression "[" index { "," index } "]" | expression "'"
    arguments  = expression { "," expression } { "," name "=" constant }
    array      = "[" expression { "," expression } "]"
    index      = integer | [ integer ] ":" [ integer ] [ ":" integer ]
    constant   = number | "[" number { "," number } "]" | "(" number { "," number } ")"

Loosest first:  or;  and;  not;  < <= > >= == !=;  + -;  * / @ ⊙ · ×;  unary + -;  ** ^ and ²;
' .T ᵀ, calls and indices
"""

from __future__ import annotations

from bpcalc.errors import RequestError
from bpcalc.formula import mistakes
from bpcalc.formula.grammar import (
    AGAIN,
    COMPARISON,
    DONE,
    INDEXED,
    INFIX,
    LITERAL,
    NEXT_OPERAND,
    POWER,
    PREFIX,
    SCAN,
    TRANSPOSED,
    UNARY,
    WORDS,
    Frame,
    Pending,
)
from bpcalc.formula.literals import (
    index_at,
    is_constant,
    is_literal,
    is_number,
    leaf_of,
    name_function,
    numbers_at,
    text_of_array,
    tuple_as_array,
    without_options,
)
from bpcalc.formula.tokens import END, normal, starts_name, superscript, tokens
from bpcalc.formula.tree import FIRST, LAST, WHAT, Statement, Tree


def parsed(text: str) -> Tree:
    """The tree of a formula.

    Raises:
        RequestError: the text is not a formula; the error points at the place.
    """
    tree = Tree(text, tokens(text))
    position = 0
    while True:
        while tree.tokens[position] in ("\n", ";"):
            position += 1
        if tree.tokens[position] == END:
            break
        position = _statement(tree, position)
    if not tree.statements:
        raise RequestError("the formula is empty", hint='write one, as in "x**2*y + y + 2"')
    return tree


def _statement(tree: Tree, position: int) -> int:
    """Read one statement from `position` on; where the next one begins."""
    found = tree.tokens
    name: str | None = None
    parameters: tuple[str, ...] | None = None
    head = position
    if position and found[position - 1] == "\n" and tree.statements and found[position] in INFIX:
        raise mistakes.line_begins_with_operator(tree, position)
    if starts_name(found[position]) and found[position] not in WORDS:
        if found[position + 1] == "=":
            name = normal(found[position])
            position += 2
        elif found[position + 1] == "(":
            parameters, after = _parameters(found, position + 2)
            if parameters is not None:
                if len(set(parameters)) < len(parameters):
                    raise mistakes.parameter_twice(tree, position, after - 2)
                name = normal(found[position])
                position = after
    start = len(tree.nodes)
    position = _Expression(tree, position).read()
    tree.statements.append(Statement(name, head, parameters, start, len(tree.nodes)))
    return position


def _parameters(found: list[str], position: int) -> tuple[tuple[str, ...] | None, int]:
    """The names of `f(x, y) =`, and where its body begins; None if this is no definition."""
    names = []
    while starts_name(found[position]) and found[position + 1] in (",", ")"):
        names.append(normal(found[position]))
        position += 2
        if found[position - 1] == ")":
            if found[position] == "=":
                return tuple(names), position + 1
            break
    return None, position


class _Expression:
    """Reads one expression into `tree.nodes`, from left to right, with its stacks as lists."""

    def __init__(self, tree: Tree, position: int) -> None:
        self.tree = tree
        self.found = tree.tokens
        self.position = position
        self.operands: list[int] = []
        self.pending: list[Pending] = [(-1, "", position, None)]
        self.depth = 0
        """How many brackets are open."""
        self.scanned = position
        """Up to where arrays of plain numbers have been looked for."""

    def read(self) -> int:
        """Read it; the position of the token that ends it."""
        found, nodes = self.found, self.tree.nodes
        operands, pending = self.operands, self.pending
        known = self.tree.leaves
        infix = INFIX.get
        while True:
            position = self.position
            token = found[position]
            leaf = known.get(token)
            if leaf is None or found[position + 1] == "(":
                if not self._operand():
                    continue
            else:
                operands.append(len(nodes))
                nodes.append((leaf, (), position, position))
                self.position = position + 1
            # An operand has ended. Take what follows it, up to where the next one begins.
            while True:
                position = self.position
                operator = infix(found[position])
                if operator is None:
                    outcome = self._after_operand()
                    if outcome is AGAIN:
                        continue
                    if outcome is NEXT_OPERAND:
                        break
                    return self.position
                left, right, symbol = operator
                if left == POWER and pending[-1][1] == "sqrt":
                    self._refuse_power_of_root()
                while pending[-1][0] >= left:
                    self._reduce()
                pending.append((right, symbol, position, None))
                self.position = position + 1
                break

    def _operand(self) -> bool:
        """Read what begins an operand; whether it has also ended."""
        position, found = self.position, self.found
        token = found[position]
        if token == "(":
            self._open(Frame(position, len(self.operands)))
            self.position += 1
            return False
        if starts_name(token) and token not in WORDS and found[position + 1] == "(":
            self._open_call(normal(token))
            return False
        if token == "[":
            if position >= self.scanned and self._numbers():
                return True
            self._open(Frame(position, len(self.operands), LITERAL))
            self.position += 1
            self._skip_newlines()
            return False
        leaf = leaf_of(token)
        if leaf is not None:
            self.tree.leaves[token] = leaf
            self._push(leaf, position)
            return True
        if token == "-" and is_number(found[position + 1]) and not self._power_at(position + 2):
            self.position += 1
            self._push("-" + found[position + 1], position)  # -3 is one literal
            return True
        if token == "\n" and self.depth:
            self.position += 1
            return False
        if token not in PREFIX:
            raise mistakes.operand_expected(self.tree, position, self.pending[-1][2])
        power, symbol = PREFIX[token]
        if token == "√" and not (leaf_of(found[position + 1]) or found[position + 1] in "(√"):
            raise mistakes.operand_of_root(self.tree, position)
        self.pending.append((power, symbol, position, None))
        self.position += 1
        return False

    def _numbers(self) -> bool:
        """Take an array of plain numbers at once, if it is one."""
        text, end = numbers_at(self.tree, self.position)
        if text is None:
            self.scanned = end
            return False
        first, self.position = self.position, end
        self._push(text, first)
        return True

    def _push(self, leaf: str, first: int) -> None:
        self.operands.append(len(self.tree.nodes))
        self.tree.nodes.append((leaf, (), first, self.position))
        self.position += 1

    def _open(self, frame: Frame) -> None:
        self.pending.append((0, "", frame.token, frame))
        self.depth += 1

    def _open_call(self, name: str) -> None:
        """Step behind the bracket of a call."""
        frame = Frame(self.position, len(self.operands), name)
        self._open(frame)
        self.position += 2
        self._skip_newlines()
        if self.found[self.position] == ")":
            raise mistakes.no_arguments(self.tree, frame.token, self.position)
        self._keyword(frame)

    def _skip_newlines(self) -> None:
        while self.found[self.position] == "\n":
            self.position += 1

    def _keyword(self, frame: Frame) -> None:
        """Step over `delta =` where an argument begins with it."""
        found, position = self.found, self.position
        if starts_name(found[position]) and found[position + 1] == "=":
            frame.keyword = normal(found[position]), position
            self.position += 2
            tuple_as_array(found, self.position)
        elif frame.options:
            raise mistakes.argument_after_keyword(self.tree, position)

    def _after_operand(self) -> int:
        """Take a token that is no infix operator, behind an operand."""
        token = self.found[self.position]
        if token == "\n" and self.depth:
            self.position += 1
            return AGAIN
        if token in (")", "]"):
            self._reduce_to_bracket()
            self._close(token)
            return AGAIN
        if token == "[":
            key, last = index_at(self.tree, self.position)
            self.tree.options[len(self.tree.nodes)] = {"key": key}
            self._wrap(INDEXED, last)
            self.position = last + 1
            return AGAIN
        if token in TRANSPOSED:
            self._wrap("'", self.position)
            self.position += 1
            return AGAIN
        if token == ",":
            self._reduce_to_bracket()
            self._comma()
            return NEXT_OPERAND
        if token in (END, "\n", ";"):
            self._reduce_to_bracket()
            if self.depth:
                raise self._in_array() or mistakes.never_closed(self.tree, self.pending[-1][2])
            return DONE
        exponent = superscript(token)
        if exponent is None:
            raise self._in_array() or mistakes.after_operand(self.tree, self.position)
        if self.pending[-1][1] == "sqrt":
            self._refuse_power_of_root()
        while self.pending[-1][0] >= POWER:
            self._reduce()
        self._raise_to(self.operands[-1], exponent, self.position)
        self.position += 1
        return AGAIN

    def _in_array(self) -> RequestError | None:
        """What is wrong here if the innermost open bracket is that of an array."""
        frame = next((frame for *_, frame in reversed(self.pending) if frame is not None), None)
        if frame is None or frame.name != LITERAL:
            return None
        return mistakes.in_array(self.tree, frame.token, self.position)

    def _close(self, token: str) -> None:
        """Take a closing bracket: the group, the call or the array becomes an operand."""
        frame = self.pending[-1][3]
        position, nodes, operands = self.position, self.tree.nodes, self.operands
        if frame is None:
            raise mistakes.never_opened(self.tree, position)
        if (token == "]") != (frame.name == LITERAL):
            raise mistakes.closed_otherwise(self.tree, frame.token, position)
        self.pending.pop()
        self.depth -= 1
        self.position += 1
        if frame.name is None:
            what, inner, _, _ = nodes[operands[-1]]
            nodes[operands[-1]] = (what, inner, frame.token, position)
            return
        if frame.keyword is not None:
            self._read_option(frame)
        arguments = tuple(operands[frame.base :])
        del operands[frame.base :]
        if not arguments:
            raise mistakes.no_arguments(self.tree, frame.token, position)
        if frame.name == LITERAL and all(is_constant(nodes[operand]) for operand in arguments):
            text = f"[{','.join([nodes[operand][WHAT] for operand in arguments])}]"
            text = text_of_array(self.tree, text.replace(" ", ""), frame.token, position)
            del nodes[len(nodes) - len(arguments) :]
            operands.append(len(nodes))
            nodes.append((text, (), frame.token, position))
            return
        arguments = without_options(self.tree, frame, arguments)
        if frame.name == SCAN and arguments:
            name_function(self.tree, arguments[0])
        if frame.options:
            self.tree.options[len(nodes)] = frame.options
        operands.append(len(nodes))
        nodes.append((frame.name, arguments, frame.token, position))

    def _wrap(self, what: str, last: int) -> None:
        """Put something around the operand that has just ended."""
        nodes, operands = self.tree.nodes, self.operands
        operand = operands[-1]
        operands[-1] = len(nodes)
        nodes.append((what, (operand,), nodes[operand][FIRST], last))

    def _comma(self) -> None:
        """Take a comma: the next argument of a call begins."""
        frame = self.pending[-1][3]
        if frame is None or frame.name is None:
            raise mistakes.comma(self.tree, self.position, in_brackets=frame is not None)
        if frame.keyword is not None:
            self._read_option(frame)
        self.position += 1
        self._skip_newlines()
        if frame.name != LITERAL:
            self._keyword(frame)

    def _read_option(self, frame: Frame) -> None:
        """The operand just read is the value of a keyword: a number, and no node of the tree."""
        assert frame.keyword is not None
        keyword, token = frame.keyword
        what, inner, first, last = self.tree.nodes[self.operands.pop()]
        if inner or not (is_number(what.lstrip("-")) or what[0] == "["):
            raise mistakes.option_is_no_number(self.tree, keyword, first, last)
        if keyword in frame.options:
            raise mistakes.option_twice(self.tree, keyword, token)
        self.tree.nodes.pop()
        frame.options[keyword] = what, token
        frame.keyword = None

    def _reduce_to_bracket(self) -> None:
        while self.pending[-1][0] > 0:
            self._reduce()

    def _reduce(self) -> None:
        """Give the operator on top of the stack its operands."""
        nodes, operands = self.tree.nodes, self.operands
        power, symbol, token, _ = self.pending.pop()
        right = operands[-1]
        if symbol in UNARY:
            nodes.append((symbol, (right,), token, nodes[right][LAST]))
        elif symbol:
            if symbol == "**" and right == len(nodes) - 1 and is_literal(nodes[right]):
                operands.pop()
                exponent, _, _, last = nodes.pop()
                self._raise_to(operands[-1], exponent, last)
                return
            if power == COMPARISON - 1 and self.pending[-1][0] == power:
                self._chain(symbol)
                return
            operands.pop()
            left = operands[-1]
            nodes.append((symbol, (left, right), nodes[left][FIRST], nodes[right][LAST]))
        else:
            return  # a plus sign before an operand adds nothing
        operands[-1] = len(nodes) - 1

    def _raise_to(self, base: int, exponent: str, last: int) -> None:
        """A power whose exponent is a number: it belongs to the node."""
        nodes = self.tree.nodes
        self.tree.options[len(nodes)] = {"exponent": (exponent, last)}
        nodes.append(("^", (base,), nodes[base][FIRST], last))
        self.operands[-1] = len(nodes) - 1

    def _chain(self, symbol: str) -> None:
        """`a < b <= c` means `a < b and b <= c`, with one b."""
        nodes, operands = self.tree.nodes, self.operands
        symbols = [symbol]
        while self.pending[-1][0] == COMPARISON - 1:
            symbols.append(self.pending.pop()[1])
        symbols.reverse()
        terms = operands[-len(symbols) - 1 :]
        del operands[-len(symbols) :]
        whole = -1
        for link, left, right in zip(symbols, terms, terms[1:]):
            first, last = nodes[left][FIRST], nodes[right][LAST]
            nodes.append((link, (left, right), first, last))
            if whole >= 0:
                nodes.append(("and", (whole, len(nodes) - 1), nodes[terms[0]][FIRST], last))
            whole = len(nodes) - 1
        operands[-1] = whole

    def _power_at(self, position: int) -> bool:
        """Whether a power sign stands there."""
        token = self.found[position]
        return token in ("^", "**") or superscript(token) is not None

    def _refuse_power_of_root(self) -> None:
        """`√x²` may mean either; `√(x)²` is plain."""
        if self.found[self.tree.nodes[self.operands[-1]][LAST]] != ")":
            raise mistakes.power_of_root(self.tree, self.pending[-1][2], self.position)
