"""A node's own operation as formula text and as LaTeX, its inputs by name or id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpcalc.graph.graph import Graph
    from bpcalc.ops.op import Op


def expression(graph: Graph, index: int) -> str:
    """The node as a reader would write it: `x`, `2`, `x^2`, `n4*y`, `sigmoid(z)`."""
    if index < len(graph.leaves):
        return graph.label(index)
    return applied(graph.op(index), [graph.label(i) for i in graph.inputs(index)])


def applied(op: Op, inputs: Sequence[str]) -> str:
    """Formula text of an operation on inputs that are names, numbers or bracketed."""
    if not op.text:
        return f"{op.name}({', '.join([*inputs, *options(op)])})"
    first, *others = inputs
    if _sign_matters(op) and (first[0] == "-" or (op.text[0] == "-" and first[0].isdigit())):
        first = f"({first})"  # -3 would be one literal
    return op.text.format(**_named(op, [first, *others]))


def _sign_matters(op: Op) -> bool:
    """Whether a sign of the first input would be read as something else: in (-3)^2, in -(-3)."""
    return "^" in op.text or op.text[:1] == "-"


def _named(op: Op, inputs: Sequence[str]) -> dict[str, str]:
    """What the templates of an operation are filled with."""
    if op.variadic:
        inputs = [", ".join(inputs)]
    return {**dict(zip(op.parameters, inputs)), **option_texts(op)}


def option_texts(op: Op) -> dict[str, str]:
    """The values of the options as a formula writes them."""
    return {name: option_text(name, value) for name, value in op.options.items()}


def options(op: Op) -> list[str]:
    """The options that differ from what they are by default, as a formula writes them."""
    return [f"{k}={option_text(k, v)}" for k, v in op.options.items() if op.defaults[k] != v]


def latex(graph: Graph, index: int) -> str:
    """The node's own operation as LaTeX, its inputs by name or id."""
    if index < len(graph.leaves):
        return latex_label(graph, index)
    return applied_latex(graph.op(index), [latex_label(graph, i) for i in graph.inputs(index)])


def applied_latex(op: Op, inputs: Sequence[str]) -> str:
    """LaTeX of an operation, from the template in its declaration."""
    if op.variadic:
        return op.latex.format(**{op.parameters[0]: ", ".join(inputs)})
    if _sign_matters(op) and (inputs[0][0] == "-" or r"\cdot" in inputs[0]):
        inputs = [rf"\left({inputs[0]}\right)", *inputs[1:]]
    return latex_template(op, len(inputs)).format(**_named(op, inputs))


def latex_template(op: Op, count: int) -> str:
    """The template in the declaration; a plain call where inputs are left out: conv2d(x, w)."""
    if op.variadic or count == op.arity:
        return op.latex
    inputs = ", ".join(f"{{{name}}}" for name in op.parameters[:count])
    return rf"\operatorname{{{{{op.name}}}}}\left({inputs}\right)"


def latex_label(graph: Graph, index: int) -> str:
    r"""A node's name, number or id as LaTeX: `w_{41}`, `\sigma`, `n_{4}`."""
    name = graph.name(index)
    if index < len(graph.leaves) and graph.leaves[index].constant is not None:
        if name is None:
            return latex_number(graph.label(index))
        return _LATEX_CONSTANTS.get(name) or latex_name(name)
    return latex_name(name) if name is not None else f"n_{{{index + 1}}}"


_LATEX_NOT_FINITE = {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{NaN}"}
_LATEX_CONSTANTS = {"pi": r"\pi", "e": "e", "tau": r"\tau"}

_GREEK_LETTERS = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ"
_GREEK_COMMANDS = (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
)
_GREEK = dict(zip(_GREEK_LETTERS, _GREEK_COMMANDS.split(" ")))
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def latex_name(name: str) -> str:
    r"""A variable's name as LaTeX: `w_41` and `w41` as `w_{41}`, `σ1` as `\sigma_{1}`."""
    primes = len(name) - len(name.rstrip("′"))
    plain = name.rstrip("′").translate(_SUBSCRIPTS)
    stem = plain.rstrip("0123456789")
    index = plain[len(stem) :]
    head, underscore, tail = stem.partition("_")
    if not head:
        head = stem
    elif underscore:
        index = f"{tail}{index}" if tail.strip("_") or index else f"_{tail}"  # x_ is not x
    if head in _GREEK:
        base = "\\" + _GREEK[head]
    elif len(head) == 1 and head != "_":
        base = head
    else:
        base = rf"\mathrm{{{_escaped(head)}}}"
    subscript = f"_{{{_escaped(index)}}}" if index else ""
    return base + subscript + "'" * primes


def _escaped(text: str) -> str:
    text = "".join(f"\\{_GREEK[c]} " if c in _GREEK else c for c in text)
    return text.replace("_", r"\_")


def latex_number(text: str) -> str:
    r"""`1e-05` as `1 \cdot 10^{-5}`, `[[1, 2], [3, 4]]` as a matrix."""
    if text[0] in "[(":
        return _latex_array(text)
    mantissa, e, exponent = text.lower().partition("e")
    if not e:
        return _LATEX_NOT_FINITE.get(mantissa, mantissa)
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"


def rows_of(text: str) -> list[list[str]] | None:
    """The numbers of a vector (as a column) or a matrix in text; None of anything else."""
    inner = text.strip()[1:-1]
    if text[:1] != "[" or text[:3] == "[[[":
        return None
    if inner[:1] != "[":
        return [[number] for number in inner.split(", ")]
    return [row.strip("[], \n").split(", ") for row in inner.split("],")]


def _latex_array(text: str) -> str:
    rows = rows_of(" ".join(text.split()))
    if rows is None:
        return rf"\text{{{text}}}"
    lines = [" & ".join(map(latex_number, row)) for row in rows]
    inner = r" \\ ".join(lines)
    return rf"\begin{{pmatrix}} {inner} \end{{pmatrix}}"


def option_text(name: str, value: Any) -> str:
    """The value of an option: a number, `(0, 1)` for axes and shapes, `1, 0:2` for an index."""
    if isinstance(value, tuple):
        inner = ", ".join(_part(part) for part in value)
        return inner if name == "key" else f"({inner}{',' if len(value) == 1 else ''})"
    return _number(value)


def _part(part: Any) -> str:
    if not isinstance(part, tuple):
        return str(part)
    start, stop, step = ("" if end is None else str(end) for end in part)
    return f"{start}:{stop}" + (f":{step}" if step else "")


def _number(value: float) -> str:
    """A number as typed where it was typed, else its shortest form."""
    text = getattr(value, "text", None)
    if text is not None:
        return str(text)
    return repr(value).removesuffix(".0")
