"""Linear algebra: products, determinants, inverses, systems of equations."""

from __future__ import annotations

from typing import Any

from bpcalc.ops import shapes
from bpcalc.ops.declare import structural
from bpcalc.ops.domain import Domain
from bpcalc.ops.exponential import log
from bpcalc.ops.layout import fixed, reshape, shaped_like, transpose
from bpcalc.ops.memory import any_large, into_room
from bpcalc.ops.op import FUNCTIONS, Shape, Value
from bpcalc.ops.reductions import sum_


def _matmul(A: Value, B: Value) -> Value:
    import numpy

    if not any_large((A, B)):
        return numpy.matmul(A, B)
    return into_room(numpy.matmul, A, B, shape=shapes.matmul(numpy.shape(A), numpy.shape(B)))


def _rank(A: Value) -> int:
    import numpy

    return numpy.ndim(A)


def _swapped(A: Value) -> Value:
    import numpy

    return fixed(numpy.swapaxes(A, -1, -2))


def _swapped_shape(shape: Shape) -> Shape:
    if len(shape) < 2:
        raise ValueError(f"a matrix is needed, and not {shapes.shown(shape)}")
    return (*shape[:-2], shape[-1], shape[-2])


@structural(
    _swapped,
    shape=_swapped_shape,
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
    textbook=lambda g, y, A, B: _on_paper(g, A, B),
    apart=(lambda g, y, A, B: _to_left(g, A, B), lambda g, y, A, B: _to_right(g, A, B)),
)
def matmul(g: Value, y: Value, A: Value, B: Value) -> Value:
    """The matrix product, (..., m, k) @ (..., k, n) -> (..., m, n). Its name is matmul."""
    if _rank(A) == 2 and _rank(B) == 2:
        return _of_matrices(g, A, B)
    return _to_left(g, A, B), _to_right(g, A, B)


def _to_left(g: Value, A: Value, B: Value) -> Value:
    if _rank(A) < 2 or _rank(B) < 2:
        return _of_vector(g, A, B)[0]
    return matmul(g, transpose(B) if _rank(B) == 2 else swapped(B))


def _to_right(g: Value, A: Value, B: Value) -> Value:
    if _rank(A) < 2 or _rank(B) < 2:
        return _of_vector(g, A, B)[1]
    if _rank(B) == 2:  # one product of all rows, and not a stack of products to be added up
        return matmul(transpose(_rows(A)), _rows(g))
    return matmul(swapped(A), g)


FUNCTIONS["matmul"] = matmul


def _on_paper(g: Value, A: Value, B: Value) -> tuple[Value, Value]:
    """As if vectors were columns: δ @ xᵀ; of a vector before a matrix that would not be true."""
    if _rank(A) == 2 and _rank(B) < 3:
        return _of_matrices(g, A, B)
    return _to_left(g, A, B), _to_right(g, A, B)


def _of_matrices(g: Value, A: Value, B: Value) -> tuple[Value, Value]:
    return matmul(g, transpose(B)), matmul(transpose(A), g)


def _rows(A: Value) -> Value:
    """(..., k) -> (m, k)."""
    return reshape(A, shape=(-1, A.shape[-1]))


def _of_vector(g: Value, A: Value, B: Value) -> tuple[Value, Value]:
    """The products where a vector stands on one side, or on both."""
    if _rank(A) == 1 and _rank(B) == 1:
        return g * B, g * A
    if _rank(A) == 1:
        if _rank(B) == 2:
            return matmul(g, transpose(B)), outer(A, g)
        return sum_(matmul(B, column(g)), axis=-1), column(A) * row(g)
    if _rank(A) == 2:
        return outer(g, B), matmul(transpose(A), g)
    return column(g) * B, matmul(transpose(_rows(A)), reshape(g, shape=-1))


def _row_shape(shape: Shape) -> Shape:
    return *_column_shape(shape)[:-2], 1, shape[-1]


def _column_shape(shape: Shape) -> Shape:
    if not shape:
        raise ValueError("a vector is needed, and not a number")
    return (*shape, 1)


@structural(lambda a: fixed(a[..., None, :]), shape=_row_shape, implicit=True)
def row(g: Value, y: Value, a: Value) -> Value:
    """A vector, or each of a stack, as a matrix of one row."""
    return shaped_like(g, a)


@structural(lambda a: fixed(a[..., None]), shape=_column_shape, implicit=True)
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
    to_a, to_b = matmul(g, _flat(b)), matmul(_flat(a), g)
    return shaped_like(to_a, a), shaped_like(to_b, b)


def _flat(a: Value) -> Value:
    return a if _rank(a) == 1 else reshape(a, shape=-1)


def _trace(A: Value) -> Value:
    import numpy

    return numpy.trace(A)


def _diagonal(a: Value, like: Value) -> Value:
    import numpy

    return numpy.eye(*numpy.shape(like)) * a


def _diagonal_shape(shape: Shape, like: Shape) -> Shape:
    if shape or len(like) != 2:
        raise ValueError("a number and a matrix are needed")
    return like


@structural(_diagonal, shape=_diagonal_shape, internal=True)
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
        parts = [applied(*matrices) for matrices in zip(A, *others)]
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
    """det(A) inv(A)'; without a division, where that would cost digits.

    From the singular value decomposition A = U S V', the cofactors are
    det(U) det(V) U diag(products of the other singular values) V'. So singular matrices have them
    too; but it takes five times as long.
    """
    import numpy

    from bpcalc.ops.reductions import product_of_others

    inverse = _accurate_inverse(A)
    if inverse is not None:
        return numpy.linalg.det(A)[..., None, None] * _swapped(inverse)
    u, s, vh, sign = _signed_svd(A)
    others = product_of_others(s, axis=-1)
    return sign * ((u * others[..., None, :]) @ vh)


_WELL_CONDITIONED = 1e5


def _accurate_inverse(A: Value) -> Value | None:
    """The inverse, unless that has lost many digits, by the product of the Frobenius norms."""
    import numpy

    try:
        found = numpy.linalg.inv(A)
    except numpy.linalg.LinAlgError:
        return None
    sizes = [numpy.sum(M * M, axis=(-2, -1)) for M in (A, found)]
    return found if numpy.all(sizes[0] * sizes[1] < _WELL_CONDITIONED**2) else None


def _signed_svd(A: Value) -> tuple[Value, Value, Value, Value]:
    """U, S, V' and det(U) det(V), which is 1 or -1."""
    import numpy

    u, s, vh = numpy.linalg.svd(A)
    return u, s, vh, numpy.rint(numpy.linalg.det(u) * numpy.linalg.det(vh))[..., None, None]


def _cofactors_by_minors(A: Value) -> Value:
    """For matrices of symbols."""
    import numpy

    n = len(A)
    found = numpy.empty((n, n), dtype=object)
    for i, j in numpy.ndindex(n, n):
        minor = determinant(_minor(A, i, j)) if n > 1 else A[0, 0] * 0 + 1
        found[i, j] = minor if (i + j) % 2 == 0 else -minor
    return found


def _cofactors_along(A: Value, G: Value) -> Value:
    """Of a diagonal matrix they are products of all but one; these change by those of all but two.

    With F = U' G V the change is det(U) det(V) U D V', where D has the products P of all singular
    values but two: in its diagonal the sums of P_ij F_jj, and elsewhere -P_ij F_ji.
    """
    import numpy

    u, s, vh, sign = _signed_svd(A)
    n = s.shape[-1]
    F = _swapped(u) @ G @ _swapped(vh)
    i, j = numpy.indices((n, n))
    left_out = numpy.eye(n, dtype=bool)[i] | numpy.eye(n, dtype=bool)[j]
    pairs = numpy.prod(numpy.where(left_out, 1.0, s[..., None, None, :]), axis=-1)
    pairs = numpy.where(i == j, 0.0, pairs)
    changes = -pairs * _swapped(F)
    diagonal = numpy.sum(pairs * numpy.diagonal(F, axis1=-2, axis2=-1)[..., None, :], axis=-1)
    changes = numpy.where(i == j, diagonal[..., None], changes)
    return sign * (u @ changes @ vh)


def _cofactors_along_by_minors(A: Value, G: Value) -> Value:
    """They are linear in each element, so that its change from 0 to 1 is its slope."""
    import numpy

    found: Value = 0
    for place in numpy.ndindex(A.shape):
        without = A.copy()
        without[place] = A[place] * 0
        moving = A.copy()
        moving[place] = without[place] + 1
        found = found + G[place] * (_cofactors_by_minors(moving) - _cofactors_by_minors(without))
    return found


def _two_squares(A: Shape, G: Shape) -> Shape:
    if A != G:
        raise ValueError(f"the shapes {A} and {G} differ")
    return shapes.square(A)


@structural(
    _cofactors_along,
    meaning=_each(_cofactors_along_by_minors),
    shape=_two_squares,
    internal=True,
)
def cofactors_along(g: Value, y: Value, A: Value, G: Value) -> Value:
    """How the cofactors of A change as A moves along G."""
    raise ArithmeticError("the third derivative of det is not known")


@structural(_cofactors, meaning=_each(_cofactors_by_minors), shape=shapes.square, internal=True)
def cofactors(g: Value, y: Value, A: Value) -> Value:
    """The matrix of the cofactors: the derivative of the determinant."""
    return cofactors_along(A, g)


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
