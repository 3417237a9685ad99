"""Linear algebra: products, determinants, inverses, systems of equations."""

from __future__ import annotations

from typing import Any

from bpcalc.ops import shapes
from bpcalc.ops.domain import Domain
from bpcalc.ops.exponential import log
from bpcalc.ops.layout import shaped_like, transpose
from bpcalc.ops.op import FUNCTIONS, Value, structural
from bpcalc.ops.reductions import sum_


def _matmul(A: Value, B: Value) -> Value:
    import numpy

    return numpy.matmul(A, B)


def _rank(A: Value) -> int:
    import numpy

    return numpy.ndim(A)


def _swapped(A: Value) -> Value:
    import numpy

    return numpy.swapaxes(A, -1, -2)


@structural(
    _swapped,
    shape=lambda shape: (*shape[:-2], shape[-1], shape[-2]),
    text="{A}'",
    latex=r"{A}^{{\mathsf{{T}}}}",
    internal=True,
)
def swapped(g: Value, y: Value, A: Value) -> Value:
    """Every matrix of a stack transposed: the last two axes exchanged."""
    return swapped(g)


@structural(
    _matmul,
    shape=shapes.matmul,
    symbol="@",
    latex="{A} {B}",
    textbook=lambda g, y, A, B: (matmul(g, transpose(B)), matmul(transpose(A), g)),
)
def matmul(g: Value, y: Value, A: Value, B: Value) -> Value:
    """The matrix product, (..., m, k) @ (..., k, n) -> (..., m, n). Also written matmul(A, B)."""
    if _rank(A) == 1 and _rank(B) == 1:
        return g * B, g * A
    if _rank(A) == 1:
        return _row(g, A, B)
    if _rank(B) == 1:
        return column(g) * B, sum_(column(g) * A, axis=tuple(range(_rank(A) - 1)))
    return matmul(g, swapped(B)), matmul(swapped(A), g)


FUNCTIONS["matmul"] = matmul


def _row(g: Value, A: Value, B: Value) -> Value:
    """The products of (k,) @ (..., k, n) -> (..., n)."""
    to_a = sum_(B * row(g), axis=-1)
    return to_a, column(A) * row(g)


@structural(lambda a: a[..., None, :], shape=lambda shape: (*shape[:-1], 1, shape[-1]), implicit=True)
def row(g: Value, y: Value, a: Value) -> Value:
    """A vector, or each of a stack, as a matrix of one row."""
    return shaped_like(g, a)


@structural(lambda a: a[..., None], shape=lambda shape: (*shape, 1), implicit=True)
def column(g: Value, y: Value, a: Value) -> Value:
    """A vector, or each of a stack, as a matrix of one column."""
    return shaped_like(g, a)


def _dot(a: Value, b: Value) -> Value:
    import numpy

    return numpy.dot(a, b)


@structural(_dot, shape=shapes.dot, latex=r"{a} \cdot {b}")
def dot(g: Value, y: Value, a: Value, b: Value) -> Value:
    """The scalar product of two vectors; of matrices their product."""
    if _rank(a) and _rank(b):
        return matmul.rule(g, y, a, b)
    return g * b, g * a


def _outer(a: Value, b: Value) -> Value:
    import numpy

    return numpy.outer(a, b)


@structural(_outer, shape=shapes.outer, latex=r"{a} \otimes {b}")
def outer(g: Value, y: Value, a: Value, b: Value) -> Value:
    """Every element of a times every element of b: (m,) and (n,) -> (m, n)."""
    to_a = sum_(g * shaped_like(b, g[:1]), axis=1)
    to_b = sum_(g * shaped_like(a, g[:, :1]), axis=0)
    return shaped_like(to_a, a), shaped_like(to_b, b)


def _trace(A: Value) -> Value:
    import numpy

    return numpy.trace(A)


def _diagonal(a: Value, like: Value) -> Value:
    import numpy

    return numpy.eye(*numpy.shape(like)) * a


@structural(_diagonal, shape=shapes.spread, internal=True)
def diagonal(g: Value, y: Value, a: Value, like: Value) -> Value:
    """A number along the diagonal of a matrix in the shape of the second, else zeros."""
    return trace(g), 0


@structural(_trace, shape=shapes.of_matrix, latex=r"\operatorname{{tr}} {A}")
def trace(g: Value, y: Value, A: Value) -> Value:
    """The sum of the diagonal of a matrix."""
    return diagonal(g, A)


def _minor(A: Value, i: int, j: int) -> Value:
    import numpy

    return numpy.delete(numpy.delete(A, i, axis=0), j, axis=1)


def determinant(A: Value) -> Value:
    """Leibniz's sum by minors, for matrices of symbols; the terms grow as the factorial."""
    if len(A) == 1:
        return A[0, 0]
    found: Value = 0
    for j in range(len(A)):
        term = A[0, j] * determinant(_minor(A, 0, j))
        found = found + term if j % 2 == 0 else found - term
    return found


def _each(function: Any) -> Any:
    """A function of one matrix, for a stack of them."""

    def applied(A: Value, *others: Value) -> Value:
        import numpy

        if A.ndim == 2:
            return function(A, *others)
        parts = [applied(part) for part in A]
        return numpy.array(parts, dtype=object)

    return applied


@_each
def inverse_by_minors(A: Value) -> Value:
    """Cramer's rule, for matrices of symbols."""
    import numpy

    n = len(A)
    whole = determinant(A)
    found = numpy.empty((n, n), dtype=object)
    for i in range(n):
        for j in range(n):
            minor = determinant(_minor(A, j, i)) if n > 1 else 1
            found[i, j] = (minor if (i + j) % 2 == 0 else -minor) / whole
    return found


def _by_linalg(name: str) -> Any:
    """A function of numpy.linalg; NaN where the matrix is singular."""

    def found(*args: Value) -> Value:
        import numpy

        with numpy.errstate(all="ignore"):
            try:
                return getattr(numpy.linalg, name)(*args)
            except numpy.linalg.LinAlgError:
                return numpy.full(numpy.shape(args[-1]), numpy.nan)

    return found


def condition_number(A: Value) -> float:
    """The ratio of the largest to the smallest singular value; infinite where that is 0."""
    import numpy

    with numpy.errstate(all="ignore"):
        return float(numpy.max(numpy.linalg.cond(A)))


_MOST_CONDITION = 4.5e15  # 1 / (2 * eps): no digit of the inverse is right from here on

_INVERTIBLE = Domain(
    "an invertible matrix",
    lambda A, *_: condition_number(A) < _MOST_CONDITION,
    of=0,
    hint="a matrix whose rows are not combinations of each other",
)


def _cofactors(A: Value) -> Value:
    """det(A) inv(A)' without a division, so that singular matrices have it too.

    From the singular value decomposition A = U S V', the cofactors are
    det(U) det(V) U diag(products of the other singular values) V'.
    """
    import numpy

    from bpcalc.ops.reductions import product_of_others

    u, s, vh = numpy.linalg.svd(A)
    sign = numpy.linalg.det(u) * numpy.linalg.det(vh)
    others = product_of_others(s, axis=-1)
    return sign[..., None, None] * ((u * others[..., None, :]) @ vh)


@structural(_cofactors, shape=shapes.square, internal=True)
def cofactors(g: Value, y: Value, A: Value) -> Value:
    """The matrix of the cofactors: the derivative of the determinant."""
    raise ArithmeticError("the second derivative of det is not known")


@structural(
    _by_linalg("det"), meaning=_each(determinant), shape=shapes.of_square, latex=r"\det {A}"
)
def det(g: Value, y: Value, A: Value) -> Value:
    """The determinant of a square matrix, or of each of a stack."""
    return column(column(g)) * cofactors(A) if _rank(A) > 2 else g * cofactors(A)


def _logdet(A: Value) -> Value:
    import numpy

    sign, found = numpy.linalg.slogdet(A)
    return numpy.where(sign > 0, found, numpy.nan)


def _positive(A: Value) -> Any:
    import numpy

    return numpy.linalg.slogdet(A)[0] > 0


@structural(
    _logdet,
    meaning=_each(lambda A: log(determinant(A))),
    shape=shapes.of_square,
    latex=r"\ln \det {A}",
    domain=Domain("a matrix with a determinant above 0", _positive, of=0),
)
def logdet(g: Value, y: Value, A: Value) -> Value:
    """The natural logarithm of the determinant, which has to be positive; no overflow."""
    inverse = swapped(inv(A))
    return column(column(g)) * inverse if _rank(A) > 2 else g * inverse


@structural(
    _by_linalg("inv"),
    meaning=inverse_by_minors,
    shape=shapes.square,
    latex="{A}^{{-1}}",
    domain=_INVERTIBLE,
)
def inv(g: Value, y: Value, A: Value) -> Value:
    """The inverse of a square matrix, or of each of a stack."""
    return -matmul(matmul(swapped(y), g), swapped(y))


def _solve(A: Value, b: Value) -> Value:
    return _by_linalg("solve")(A, b)


@structural(
    _solve,
    meaning=lambda A, b: inverse_by_minors(A) @ b,
    shape=shapes.solved,
    latex="{A}^{{-1}} {b}",
    domain=_INVERTIBLE,
)
def solve(g: Value, y: Value, A: Value, b: Value) -> Value:
    """The x for which A @ x is b; b a vector or a matrix."""
    back = solve(transpose(A), g)
    to_a = outer(back, y) if _rank(b) == 1 else matmul(back, transpose(y))
    return -to_a, back
