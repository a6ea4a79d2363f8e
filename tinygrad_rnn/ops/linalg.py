"""Products of matrices and vectors, and sums of products in general."""

from __future__ import annotations

import math
from collections import Counter
from string import ascii_letters

import numpy as np

from ..autograd.op import Array, ArrayInt, primitive
from ..autograd.promotion import F32
from ..kernels.quiet import quiet
from .floating import refuse_bool
from .indexing import getitem
from .selection import nothing
from .shape import movedim


def rows(x: Array) -> Array:
    """All leading dimensions made one, so that many small products become one large."""
    return x if x.ndim == 2 else x.reshape((math.prod(x.shape[:-1]), x.shape[-1]))


def column(x: Array) -> Array:
    """One more dimension of length 1 at the end."""
    return x.reshape((*x.shape, 1))


@primitive
@quiet
def matmul(a: ArrayInt, b: ArrayInt) -> Array:
    """Matrix product of the last two dimensions, y = a @ b; the others broadcast.

    A 1-D `a` is a row, a 1-D `b` a column, and the result has no such dimension.

    Raises:
        RuntimeError: the last of `a` and the last but one of `b` (the only one if 1-D) differ; a 0-d input; a and b
            are of different dtypes.
    """
    if a.dtype is not F32 or b.dtype is not F32:
        _expect_numbers_of_one_dtype(a, b)
    if a.ndim > 2 and b.ndim <= 2 and a.shape[-1] == b.shape[0]:
        return (rows(a) @ b).reshape(a.shape[:-1] + b.shape[1:])
    try:
        return a @ b
    except ValueError as error:
        if not a.ndim or not b.ndim:
            raise RuntimeError("both factors need at least 1 dimension, got a 0-d one") from error
        inner = b.shape[-2 if b.ndim > 1 else 0]
        if a.shape[-1] != inner:
            found = f"got {a.shape[-1]} and {inner}"
            raise RuntimeError(f"columns of a and rows of b must be equally many, {found}") from error
        raise


def _expect_numbers_of_one_dtype(a: np.ndarray, b: np.ndarray) -> None:
    if a.dtype != b.dtype:
        raise RuntimeError(f"expected both factors to have the same dtype, got {a.dtype} and {b.dtype}; convert one")
    refuse_bool(a)


def _da(dy: Array, b: Array, a_shape: tuple) -> Array:
    if b.ndim == 1:
        return column(dy) * b
    if len(a_shape) == 1:
        return matmul(b, column(dy)).reshape((*b.shape[:-2], *a_shape)) if b.ndim > 2 else matmul(b, dy)
    return matmul(dy, b.mT)


def _db(dy: Array, a: Array, b_shape: tuple) -> Array:
    if len(b_shape) == 1:
        return matmul(dy.reshape((-1,)), rows(a))
    if a.ndim == 1:
        return column(a) * dy.reshape((*dy.shape[:-1], 1, dy.shape[-1]))
    if len(b_shape) == 2:
        return matmul(rows(a).mT, rows(dy))
    return matmul(a.mT, dy)


matmul.vjp(da=_da, db=_db)


@primitive(promote=False)
@quiet
def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """y = x W^T + b on the last dimension of x.

    Args:
        x: [..., I].
        weight: [O, I], or [I] for a y without last dimension.
        bias: [O] or None.

    Returns:
        [..., O].

    Raises:
        RuntimeError: the last dimension of x is not I, or the dtypes differ.
    """
    if not x.ndim or x.shape[-1] != weight.shape[-1]:
        raise RuntimeError(f"expected x with last dimension {weight.shape[-1]}, as weight has")
    if x.dtype != weight.dtype or (bias is not None and bias.dtype != x.dtype):
        raise RuntimeError("expected x, weight and bias of one dtype; convert one of them, for example with .float()")
    y = product(rows(x), weight.T).reshape(x.shape[:-1] + weight.shape[:-1])
    return y if bias is None else np.add(y, bias, out=y)


linear.vjp(
    dx=lambda dy, weight, x_shape: linear(dy, weight.T) if weight.ndim == 2 else _da(dy, weight, x_shape),
    dweight=lambda dy, x, weight_shape: (
        linear(rows(dy).mT, rows(x).mT) if len(weight_shape) == 2 else matmul(dy.reshape((-1,)), rows(x))
    ),
    dbias=lambda dy: dy,
)

LARGE = 4e6  # multiplications, from which on a product is worth a kernel's overhead


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a b; a large one of matrices by our own kernel."""
    if a.ndim == b.ndim == 2 and a.size * b.shape[1] >= LARGE and a.dtype == b.dtype and a.dtype.kind == "f":
        from ..kernels.matrix import matmul

        return matmul(a, b)
    return a @ b


def bilinear(input1: Array, input2: Array, weight: Array, bias: Array | None = None) -> Array:
    """y[..., o] = sum_ij x1[..., i] weight[o, i, j] x2[..., j] + bias[o].

    Args:
        input1, input2: [..., I] and [..., J], the other dimensions alike.
        weight: [O, I, J].
        bias: [O] or None.

    Raises:
        RuntimeError: shapes do not fit, or the dtypes differ.

    Source: `torch.nn.functional.bilinear`.
    """
    given = [tuple(x.shape) for x in (input1, input2, weight)]
    if weight.ndim != 3 or given[0][:-1] != given[1][:-1] or (*given[0][-1:], *given[1][-1:]) != given[2][1:]:
        raise RuntimeError(f"bilinear: expected [..., I], [..., J] and weight [O, I, J], got shapes {given}")
    if bias is not None and tuple(bias.shape) != given[2][:1]:
        raise RuntimeError(f"bilinear: expected bias of shape {given[2][:1]}, got {tuple(bias.shape)}")
    if len({x.dtype for x in (input1, input2, weight, bias) if x is not None}) > 1:
        raise RuntimeError("bilinear: expected inputs, weight and bias of one dtype; convert them, e.g. with .float()")
    y = einsum("...i,oij,...j->...o", input1, weight, input2)
    return y if bias is None else y + bias


# --- products of stated dimensions ------------------------------------------------------------------------


def _expect(name: str, **dims: tuple[Array, int]) -> None:
    """Refuse operands of other dimensions than stated."""
    for operand, (x, ndim) in dims.items():
        if x.ndim != ndim:
            raise RuntimeError(f"{name}: expected {operand} of {ndim} dimensions, got shape {tuple(x.shape)}")


def mm(input: Array, mat2: Array) -> Array:
    """Matrix product `input` @ `mat2`: [N, K] @ [K, M] -> [N, M]; nothing broadcasts."""
    _expect("mm", input=(input, 2), mat2=(mat2, 2))
    return matmul(input, mat2)


def bmm(input: Array, mat2: Array) -> Array:
    """Matrix products of a batch, `input` @ `mat2`: [B, N, K] @ [B, K, M] -> [B, N, M]; nothing broadcasts."""
    _expect("bmm", input=(input, 3), mat2=(mat2, 3))
    if input.shape[0] != mat2.shape[0]:
        raise RuntimeError(f"bmm: expected batches of equal size, got {tuple(input.shape)} and {tuple(mat2.shape)}")
    return matmul(input, mat2)


def mv(input: Array, vec: Array) -> Array:
    """Matrix times vector, `input` @ `vec`: [N, K] @ [K] -> [N]."""
    _expect("mv", input=(input, 2), vec=(vec, 1))
    return matmul(input, vec)


def dot(input: Array, tensor: Array) -> Array:
    """Inner product of two vectors, `input` @ `tensor`: [K] @ [K] -> []."""
    _expect("dot", input=(input, 1), tensor=(tensor, 1))
    return matmul(input, tensor)


def outer(input: Array, vec2: Array) -> Array:
    """Outer product of two vectors, y[i, j] = x[i] * vec2[j]."""
    _expect("outer", input=(input, 1), vec2=(vec2, 1))
    return column(input) * vec2


def addmm(input: Array, mat1: Array, mat2: Array, *, beta: float = 1, alpha: float = 1) -> Array:
    """y = beta * input + alpha * (mat1 @ mat2)."""
    return _added(input, mm(mat1, mat2), beta, alpha)


def baddbmm(input: Array, batch1: Array, batch2: Array, *, beta: float = 1, alpha: float = 1) -> Array:
    """y = beta * input + alpha * (batch1 @ batch2), for each of a batch."""
    return _added(input, bmm(batch1, batch2), beta, alpha)


def _added(x: Array, product: Array, beta: float, alpha: float) -> Array:
    if x.dtype != product.dtype:
        raise RuntimeError(f"expected summand and factors to have the same dtype, got {x.dtype} and {product.dtype}")
    product = product if alpha == 1 else alpha * product
    if beta == 0:  # then x counts for nothing, even where it is nan
        return nothing(x) + product
    return (x if beta == 1 else beta * x) + product


# --- sums of products -------------------------------------------------------------------------------------


def einsum(equation: str, *operands: Array) -> Array:
    """Sum of products, named by one letter a dimension: "bij,bjk->bik" is a batch of matrix products.

    Args:
        equation: letters of each operand, then of the result; letters not in the result are summed over.
            "..." stands for any further dimensions. Without "->" the result has, in alphabetical order,
            the letters that occur once.
        operands: any number of tensors, or one list of them.

    Raises:
        RuntimeError: letters and operands do not fit.

    Source: `torch.einsum`.
    """
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    terms, result = _parsed(_spelled_out(equation, [x.ndim for x in operands]))
    read = [_diagonals(*pair) for pair in zip(operands, terms, strict=True)]
    return contract(*[x for x, _ in read], equation=f"{','.join([term for _, term in read])}->{result}")


def _diagonals(x: Array, term: str) -> tuple[Array, str]:
    """The operand with only one dimension for each letter: a letter repeated walks along a diagonal."""
    for letter in term:
        while (first := term.index(letter)) != (second := term.rindex(letter)):
            if x.shape[first] != x.shape[second]:
                sizes = f"{x.shape[first]} and {x.shape[second]}"
                raise RuntimeError(f"einsum: '{letter}' stands for {sizes} in one operand")
            along = np.arange(x.shape[first])
            x = getitem(movedim(x, (first, second), (0, 1)), (along, along))
            term = letter + term[:first] + term[first + 1 : second] + term[second + 1 :]
    return x, term


@primitive
@quiet
def contract(*xs: Array, equation: str) -> Array:
    """`einsum` of an equation without ellipsis and with a result."""
    return np.einsum(equation, *xs, optimize=len(xs) > 1)


@contract.vjp
def _contract_vjp(dy: Array, xs: list, equation: str, needs: tuple) -> tuple:
    terms, result = _parsed(equation)
    return tuple([_contract_dx(i, dy, xs, terms, result) if need else None for i, need in enumerate(needs)])


def _contract_dx(i: int, dy: Array, xs: list, terms: list[str], result: str) -> Array:
    """The sum of products of dy and the other operands, with this one's letters as result."""
    others = [result, *terms[:i], *terms[i + 1 :]]
    shared = [letter for letter in terms[i] if letter in "".join(others)]
    dx = contract(dy, *xs[:i], *xs[i + 1 :], equation=f"{','.join(others)}->{''.join(shared)}")
    sizes = dict(zip(shared, dx.shape, strict=True))
    return dx.reshape(tuple([sizes.get(letter, 1) for letter in terms[i]]))  # 1 where summed alone: broadcasts


def _parsed(equation: str) -> tuple[list[str], str]:
    left, _, result = equation.partition("->")
    return left.split(","), result


def _spelled_out(equation: str, ndims: list[int]) -> str:
    """The equation with letters for its ellipses and with a result."""

    def check(holds: bool, problem: str) -> None:
        if not holds:
            raise RuntimeError(f"einsum: {problem} in '{equation}'")

    given = equation.replace(" ", "")
    terms, result = _parsed(given)
    check(len(terms) == len(ndims), f"{len(ndims)} operands, but {len(terms)} terms")
    more = [ndim - len(term.replace("...", "")) for term, ndim in zip(terms, ndims, strict=True)]
    for term, ndim, n in zip(terms, ndims, more, strict=True):
        check(n >= 0 if "..." in term else n == 0, f"an operand of {ndim} dimensions does not fit '{term}'")
    ellipsis = "".join([letter for letter in ascii_letters if letter not in given][: max(more)])
    terms = [term.replace("...", ellipsis[len(ellipsis) - n :]) for term, n in zip(terms, more, strict=True)]
    letters = Counter("".join(terms))
    if "->" in given:
        result = result.replace("...", ellipsis)
    else:
        once = sorted([letter for letter, times in letters.items() if times == 1 and letter not in ellipsis])
        result = (ellipsis if "..." in given else "") + "".join(once)
    for term in terms:
        check(set(term) <= set(ascii_letters), f"'{term}' has other characters than letters")
    check(set(result) <= set(letters), f"the result '{result}' has a letter that no operand has")
    check(len(set(result)) == len(result), f"the result '{result}' repeats a letter")
    return f"{','.join(terms)}->{result}"
