"""A message of its own for each common mistake in a formula: what, where, and what to write."""

from __future__ import annotations

from bpcalc.errors import RequestError, did_you_mean
from bpcalc.formula.tokens import END, starts_name
from bpcalc.formula.tree import OPERANDS, WHAT, Tree
from bpcalc.ops import FUNCTIONS

_SIGNS = {
    "%": ("% is not an operator", "the remainder of a / b is a - b*floor(a/b)"),
    "&": ("& is not an operator", "write and"),
    "|": ("| is not an operator", "write or; the absolute value is abs(x)"),
    "!": ("! is not an operator", "n! is gamma(n + 1); different from is !="),
    "~": ("~ is not an operator", "write not"),
    "?": ("? is not an operator", "write where(condition, a, b)"),
    ":": (
        ": is not an operator",
        "a name gets its value with =; a choice is where(condition, a, b)",
    ),
    '"': ("a formula has no texts in quotes", "a name stands without quotes"),
    "'": ("a formula has no texts in quotes", "a name stands without quotes"),
    "$": ("a formula has no $", "a name stands by itself: x"),
    "\\": ("a formula has no backslashes", "write exp(x) for \\exp(x)"),
    "{": ("curly brackets mean nothing here", "write (...)"),
    "}": ("curly brackets mean nothing here", "write (...)"),
}


def line_begins_with_operator(tree: Tree, position: int) -> RequestError:
    """`x` on one line and `+ y` on the next."""
    return tree.error(
        f"a line begins with {tree.tokens[position]}",
        position,
        hint="to go on with the line above, put the whole expression in brackets",
    )


def operand_expected(tree: Tree, position: int, after: int) -> RequestError:
    """Where a name, a number or a bracket had to come, something else stands."""
    token = tree.tokens[position]
    before = tree.tokens[after] if after < position else ""
    if token in _SIGNS:
        message, hint = _SIGNS[token]
        return tree.error(message, position, hint=hint)
    if token == "]":
        if before == "[" and after == position - 1:
            return tree.error("an array needs at least one element", after, position)
        return tree.error("something is missing before this bracket", position)
    if token in (".T", "ᵀ", "@"):
        return tree.error(f"something is missing before {token}", position)
    if token == "/" and before == "/":
        return tree.error("// is not an operator", after, position, hint="write floor(a/b)")
    if token in (END, "\n", ";"):
        if not before or before == "=":
            return tree.error("an expression is missing here", max(position - 1, 0))
        hint = "to go on in the next line, put the whole expression in brackets"
        return tree.error(
            f"something is missing after {before}", after, hint=hint if token == "\n" else ""
        )
    if token == ")":
        if before == "(":
            return tree.error("there is nothing between these brackets", after, position)
        return tree.error("something is missing before this bracket", position)
    if token == "," and before in ("(", "[", ","):
        return tree.error("something is missing before this comma", position)
    if token == ",":
        return comma(tree, position)
    if token == "=":
        return equals(tree, position)
    if token in ("*", "/", "^", "**", "<", "<=", ">", ">=", "==", "!=", "and", "or"):
        left = f"between {before} and {token}" if before not in ("", "(") else f"before {token}"
        return tree.error(f"something is missing {left}", position)
    return strange(tree, position)


def after_operand(tree: Tree, position: int) -> RequestError:
    """Behind a finished operand stands something that cannot follow it."""
    token = tree.tokens[position]
    if token == "=":
        return equals(tree, position)
    if token in _SIGNS:
        message, hint = _SIGNS[token]
        return tree.error(message, position, hint=hint)
    if token == ".":
        return tree.error(
            "a dot means nothing here",
            position,
            hint="numbers are written 3.5; there are no attributes as in x.y, but A.T transposes",
        )
    if starts_name(token) or token[:1].isdigit() or token in ("(", "√") or token[:1] == ".":
        return implicit_multiplication(tree, position)
    return strange(tree, position)


def implicit_multiplication(tree: Tree, position: int) -> RequestError:
    """`2x`, `2(x)`, `(a)(b)`, `x y`: no sign between two operands."""
    left, right = tree.tokens[position - 1], tree.tokens[position]
    if left == "0" and right[:1] in "xXbBoO" and right[1:2].isalnum():
        return tree.error(
            f"{left}{right} is not a number here",
            position - 1,
            position,
            hint="write it as a decimal",
        )
    if right in ("if", "else", "for", "lambda", "in", "is"):
        return tree.error(
            f"{right} means nothing here", position, hint="a choice is where(condition, a, b)"
        )
    if left in FUNCTIONS:
        return tree.error(
            f"{left} is a function, and needs a bracket",
            position - 1,
            position,
            hint=f"write {left}({_short(right)})",
        )
    shown = f"{_short(left)}*{_short(right)}"
    if left == ")" or right == "(":
        first = "(...)" if left == ")" else _short(left)
        shown = f"{first}*{'(...)' if right == '(' else _short(right)}"
    return tree.error(
        f"there is no sign between {_short(left)} and {_short(right)}",
        position - 1,
        position,
        hint=f"for a product write {shown}",
    )


_SPELLINGS = {"pow": "x^y", "fabs": "abs(x)", "square": "x^2", "heaviside": "step(x)"}


def name_is_no_function(
    tree: Tree, name: str, first: int, is_variable: bool, known: list[str]
) -> RequestError:
    """`sigmod(x)` or `x(y + 1)`: a bracket behind a name that is no function."""
    if name in _SPELLINGS and not is_variable:
        return tree.error(f"there is no function {name}", first, hint=f"write {_SPELLINGS[name]}")
    close = did_you_mean(name, known)
    if is_variable or (not close and len(name) == 1):
        return tree.error(
            f"{name} is not a function",
            first,
            hint=f"for a product write {_short(name)}*(...)",
        )
    return tree.error(
        f"there is no function {_short(name)}",
        first,
        hint=close or f"bpcalc ops lists the functions; for a product write {_short(name)}*(...)",
    )


def comma(tree: Tree, position: int, in_brackets: bool = False) -> RequestError:
    """A comma outside the arguments of a call."""
    before, after = tree.tokens[position - 1], tree.tokens[position + 1]
    if before[-1:].isdigit() and after[:1].isdigit():
        return tree.error(
            "a comma cannot stand here",
            position - 1,
            position + 1,
            hint=f"the decimal sign is a point: {_short(before)}.{_short(after)}"
            + (f"; an array is [{_short(before)}, {_short(after)}]" if in_brackets else ""),
        )
    return tree.error(
        "a comma cannot stand here",
        position,
        hint="commas separate the arguments of a function; statements are separated by ;",
    )


def equals(tree: Tree, position: int) -> RequestError:
    """`x^2 = 4`: an equals sign where no name gets a value."""
    return tree.error(
        "= cannot stand here",
        position,
        hint="to compare, write ==; a value is named by one name alone, as in z = w*x + b",
    )


def never_closed(tree: Tree, opened: int) -> RequestError:
    """`(x + 1`."""
    if tree.tokens[opened] not in ("(", "["):
        opened += 1
    return tree.error("this bracket is never closed", opened)


def never_opened(tree: Tree, position: int) -> RequestError:
    """`x + 1)`."""
    return tree.error("this bracket closes nothing", position)


def no_arguments(tree: Tree, first: int, last: int) -> RequestError:
    """`f()`, `sum(axis=0)`."""
    options = "" if last == first + 2 else " beside options"
    return tree.error(
        f"{_short(tree.tokens[first])}() needs something in its brackets{options}", first, last
    )


def argument_after_keyword(tree: Tree, position: int) -> RequestError:
    """`huber(a, delta=1, b)`."""
    return tree.error("options like delta=1 come last", position)


def option_is_no_number(tree: Tree, keyword: str, first: int, last: int) -> RequestError:
    """`huber(a, b, delta=x)`."""
    return tree.error(
        f"the option {keyword} has to be a number",
        first,
        last,
        hint="= sets an option here; to compare, write ==",
    )


def option_is_no_list(tree: Tree, keyword: str, token: int) -> RequestError:
    """`sum(A, axis=[0.5])`."""
    return tree.error(
        f"the option {keyword} takes whole numbers", token, hint=f"{keyword}=0, {keyword}=(0, 1)"
    )


def option_is_no_array(tree: Tree, keyword: str, token: int) -> RequestError:
    """`huber(a, b, delta=[1, 2])`."""
    return tree.error(f"the option {keyword} has to be one number, and is an array", token)


def reduction_of_many(tree: Tree, name: str, keyword: str, token: int) -> RequestError:
    """`max(A, B, axis=0)`."""
    return tree.error(
        f"{name} of several arguments is taken element by element, and has no option {keyword}",
        token,
        hint=f"{name}(A, {keyword}=...) takes one array",
    )


def option_twice(tree: Tree, keyword: str, position: int) -> RequestError:
    """`huber(a, b, delta=1, delta=2)`."""
    return tree.error(f"the option {keyword} is given twice", position)


def parameter_twice(tree: Tree, first: int, last: int) -> RequestError:
    """`f(x, x) = ...`."""
    return tree.error("two parameters of this function have the same name", first, last)


def operand_of_root(tree: Tree, position: int) -> RequestError:
    """`√-x`."""
    return tree.error("√ takes a name, a number or a bracket", position, hint="write √(...)")


def power_of_root(tree: Tree, root: int, position: int) -> RequestError:
    """`√x²`."""
    inner = _short(tree.tokens[root + 1])
    return tree.error(
        "this root can be read in two ways",
        root,
        position,
        hint=f"write √({inner}^2) or (√{inner})^2",
    )


def closed_otherwise(tree: Tree, opened: int, closed: int) -> RequestError:
    """`[1, 2)`."""
    opening = "[" if tree.tokens[closed] == ")" else "("
    return tree.error(f"a bracket {opening} is closed by {tree.tokens[closed]}", opened, closed)


def index_is_no_number(tree: Tree, opened: int, position: int) -> RequestError:
    """`W[i]`, `W[1.5]`, `W[`."""
    if tree.tokens[position] == END:
        return tree.error("this bracket is never closed", opened)
    return tree.error(
        "an index has to be a whole number, or a slice of whole numbers",
        opened,
        position,
        hint="indices count from 0: W[1, 2], x[0:2], x[-1]",
    )


def ragged(tree: Tree, first: int, last: int) -> RequestError:
    """`[[1, 2], [3]]`."""
    return tree.error("the rows of this array differ in length", first, last)


def in_array(tree: Tree, opened: int, position: int) -> RequestError | None:
    """`[1 2]`, `[1; 2]`: elements and rows as other languages separate them."""
    token = tree.tokens[position]
    if token == ";":
        return tree.error(
            "; ends a statement, and this bracket is still open",
            opened,
            position,
            hint="the rows of a matrix are arrays: [[1, 2], [3, 4]]",
        )
    if token[:1].isdigit() or token[:1] == "." or starts_name(token) or token == "[":
        return tree.error(
            f"there is no comma between {_short(tree.tokens[position - 1])} and {_short(token)}",
            position - 1,
            position,
            hint="elements are separated by commas: [1, 2]",
        )
    return None


def too_many_axes(tree: Tree, first: int, last: int, most: int) -> RequestError:
    """`[[[[...`, a hundred deep."""
    return tree.error(f"this array has more than {most} axes", first, last)


def no_function_to_scan(tree: Tree, first: int, last: int) -> RequestError:
    """`scan(2*h, h0, xs)`, `scan(f(h, x), h0, xs)`."""
    return tree.error(
        "scan takes the name of a function first",
        first,
        last,
        hint="define f(h, x) = ..., which gives the next h, and write scan(f, h0, xs)",
    )


def function_to_scan(
    tree: Tree, name: str, first: int, parameters: int | None, known: list[str]
) -> RequestError:
    """`scan(f, h0, xs)`, where f is no function, or not one of two arguments."""
    hint = "the function takes the last state and the next element: f(h, x) = ..."
    if parameters is not None:
        many = f"{parameters} argument{'s' if parameters != 1 else ''}"
        return tree.error(
            f"scan needs a function of 2 arguments, and {name} has {many}", first, hint=hint
        )
    return tree.error(
        f"scan needs a function, and there is no function {_short(name)}",
        first,
        hint=did_you_mean(name, known) or hint,
    )


def length_of_scan(tree: Tree, first: int, last: int, name: str) -> RequestError:
    """`scan(f, h0, xs)` without a value of xs."""
    option = f'--{name} "[1, 2]"' if name.isascii() else f'--set {name}="[1, 2]"'
    return tree.error(
        f"scan needs the value of {_short(name)} beforehand: as many steps are written out as its "
        "first axis has elements",
        first,
        last,
        hint=f"give it one, as in {option}",
    )


def scan_along_number(tree: Tree, first: int, last: int) -> RequestError:
    """`scan(f, h0, 3)`."""
    return tree.error(
        "scan goes along the first axis of an array, and this is a number",
        first,
        last,
        hint="for one step write [x]",
    )


def too_many_steps(tree: Tree, node: int, steps: int, most: int) -> RequestError:
    """A scan over a million elements."""
    _, _, first, last = tree.nodes[node]
    return tree.error(f"scan has {steps:,} steps here, and {most:,} is the most", first, last)


def strange(tree: Tree, position: int) -> RequestError:
    """A character that has no meaning."""
    token = tree.tokens[position]
    shown = token if token.isprintable() else f"the character U+{ord(token[0]):04X}"
    return tree.error(f"{shown} means nothing in a formula", position)


def wrong_count(
    tree: Tree, node: int, signature: str, least: int, most: int | None
) -> RequestError:
    """A function got too few or too many arguments."""
    what, operands, first, last = tree.nodes[node]
    count = str(least) if most == least else f"at least {least}"
    noun = "argument" if count == "1" else "arguments"
    values = [tree.nodes[operand] for operand in operands]
    numbers = all(not v[OPERANDS] and v[WHAT][:1].isdigit() for v in values)
    hint = f"it is written {signature}"
    if numbers and len(operands) == least + 1:
        hint += "; the decimal sign is a point"
    return tree.error(
        f"{what} takes {count} {noun}, and got {len(operands)}", first, last, hint=hint
    )


def no_such_option(
    tree: Tree, function: str, keyword: str, token: int, known: list[str]
) -> RequestError:
    """`huber(a, b, dleta=1)`."""
    hint = did_you_mean(keyword, known)
    if not hint:
        hint = f"its options: {', '.join(known)}" if known else f"{function} has no options"
    return tree.error(f"{function} has no option {_short(keyword)}", token, hint=hint)


def not_finite(tree: Tree, first: int, last: int) -> RequestError:
    """`1e400`."""
    return tree.error(
        "this number is outside the range of float64",
        first,
        last,
        hint="numbers go from 5e-324 to 1.797e308",
    )


def too_many_digits(tree: Tree, first: int, last: int, most: int) -> RequestError:
    """A number of a million digits."""
    return tree.error(f"this number has more than {most:,} digits", first, last)


def _short(token: str) -> str:
    return token if len(token) <= 30 else token[:29] + "…"
