"""Square matrices: inverse, determinant, systems of equations; and norms of matrices of any shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..autograd.op import Array, Dims, cast, primitive
from ..kernels.quiet import quiet
from .linalg import column, matmul
from .reduction import amax, amin, norm, sum
from .shape import reshape, squeeze


class LinAlgError(RuntimeError):
    """A matrix has no inverse."""


def _check(name: str, x) -> None:
    if x.dtype.kind != "f":
        raise RuntimeError(f"{name}: expected a floating point input, got {x.dtype}")
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise RuntimeError(f"{name}: expected square matrices [..., N, N], got shape {tuple(x.shape)}")


@primitive
@quiet
def inverse(A: Array) -> Array:
    """y with y A = 1, for each matrix of A [..., N, N].

    Raises:
        LinAlgError: there is none: the matrix is singular.
        RuntimeError: not square matrices of floats.
    """
    _check("inverse", A)
    try:
        return np.linalg.inv(A)
    except np.linalg.LinAlgError:
        raise LinAlgError("inverse: the matrix is singular; it has no inverse") from None


inverse.vjp(dA=lambda dy, y: -matmul(y.mT, matmul(dy, y.mT)))


@primitive
@quiet
def det(A: Array) -> Array:
    """The determinant of each matrix of A [..., N, N].

    Raises:
        RuntimeError: not square matrices of floats.
    """
    _check("det", A)
    return np.asarray(np.linalg.det(A))


det.vjp(dA=lambda dy, A: column(column(dy)) * cofactors(A))


@primitive
@quiet
def cofactors(x: Array) -> Array:
    """y_ij: the slope of the determinant along x_ij, also where it is 0; otherwise det(x) times x's inverse, turned.

    By singular values x = u s v: each of them is multiplied by all the others, without a division.
    """
    u, s, v = np.linalg.svd(x)
    others = np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]).prod(-1)
    return (np.linalg.det(u) * np.linalg.det(v))[..., None, None] * (u * others[..., None, :]) @ v


@cofactors.vjp
def _cofactors_vjp(dy, x, y):
    turned = y * column(column(sum(dy * y, (-2, -1)))) - matmul(y, matmul(dy.mT, y))
    return turned / column(column(det(x)))


@primitive
@quiet
def solution(a: Array, b: Array) -> Array:
    """y with a y = b, for matrices a [..., N, N] and b [..., N, K]."""
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        raise LinAlgError("solve: the matrix is singular; there is not one solution") from None


solution.vjp(
    da=lambda dy, a, y: -matmul(solution(a.mT, dy), y.mT),
    db=lambda dy, a: solution(a.mT, dy),
)


def solve(A, B, *, left: bool = True) -> Array:
    """y with A y = B, or with `left=False` y A = B.

    Args:
        A: square matrices [..., N, N].
        B: matrices [..., N, K] (on the right [..., K, N]) that broadcast against A in the other dimensions;
            or vectors: one, [N], or one for each matrix, of the shape of A without its last dimension.

    Raises:
        LinAlgError: a matrix is singular.
        RuntimeError: shapes do not fit, dtypes differ or are not of floats.

    Source: `torch.linalg.solve`.
    """
    _check("solve", A)
    if A.dtype != B.dtype:
        raise RuntimeError(f"solve: expected A and B to have the same dtype, got {A.dtype} and {B.dtype}")
    vectors = B.ndim == 1 or tuple(B.shape) == tuple(A.shape[:-1])
    right = column(B) if vectors else B
    if (right if left else right.mT).shape[-2] != A.shape[-1]:
        equation = "A y = B" if left else "y A = B"
        raise RuntimeError(f"solve: shapes do not fit {equation}: A {tuple(A.shape)}, B {tuple(B.shape)}")
    y = solution(A, right) if left else solution(A.mT, right.mT).mT
    return squeeze(y, -1) if vectors else y


# --- norms -------------------------------------------------------------------------------------------------------


def vector_norm(input, ord: float = 2, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None) -> Array:
    """(sum |x|**ord)**(1/ord) over `dim`, by default all; the extremes of |x| for inf and -inf, a count for 0.

    Source: `torch.linalg.vector_norm`.
    """
    x = input if dtype is None else cast(input, dtype=dtype)
    if x.dtype.kind != "f":
        raise RuntimeError(f"vector_norm: expected a floating point input, got {x.dtype}")
    if dim is None and keepdim:
        dim = tuple(range(x.ndim))
    return norm(x, ord, dim, keepdim)


def matrix_norm(
    input, ord: float | str = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Array:
    """A norm of each matrix that the two dimensions `dim` span.

    Args:
        ord: "fro" for the root of the sum of squares; 1 for the largest sum of |x| over a column, inf over a row,
            -1 and -inf for the smallest.

    Raises:
        RuntimeError: another order, less than two dimensions, or not two of them.

    Source: `torch.linalg.matrix_norm`.
    """
    if input.ndim < 2:
        raise RuntimeError(f"matrix_norm: expected a tensor of at least 2 dimensions, got {input.ndim}")
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise RuntimeError(f"matrix_norm: dim must be a 2-tuple, got {dim}")
    rows, columns = [normalize_axis_index(d, input.ndim) for d in dim]
    if rows == columns:
        raise RuntimeError(f"matrix_norm: dims must be different, got {tuple(dim)}")
    if ord == "fro":
        return vector_norm(input, 2, (rows, columns), keepdim, dtype=dtype)
    if isinstance(ord, str) or math.fabs(ord) not in (1, math.inf):
        raise RuntimeError(f"matrix_norm: order {ord!r} is not supported; expected 'fro', 1, -1, inf or -inf")
    along, over = (rows, columns) if math.fabs(ord) == 1 else (columns, rows)
    y = (amax if ord > 0 else amin)(vector_norm(input, 1, along, True, dtype=dtype), over, True)
    kept = [n for d, n in enumerate(y.shape) if d not in (rows, columns)]
    return y if keepdim else reshape(y, tuple(kept))


def matrix_or_vector_norm(
    input, ord: float | str | None = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Array:
    """`matrix_norm` over two dimensions, `vector_norm` otherwise, and of all elements where no order `ord` is given.

    Source: `torch.linalg.norm`.
    """
    if ord is None:
        return vector_norm(input, 2, dim, keepdim, dtype=dtype)
    if dim is None and input.ndim > 2:
        raise RuntimeError(f"norm: with an order and no dim the input must be 1D or 2D, got {input.ndim}D")
    two = len(dim) == 2 if isinstance(dim, (tuple, list)) else dim is None and input.ndim == 2
    if two or isinstance(ord, str):
        return matrix_norm(input, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(input, ord, dim, keepdim, dtype=dtype)
