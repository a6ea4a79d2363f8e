"""Order: sorting, the largest few, distinct values. Gradients flow through the values, by their indices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .. import return_types
from ..autograd.graph import Tensor
from ..autograd.op import Array, nondifferentiable
from .floating import refuse_bool
from .indexing import take_along_dim
from .naming import called
from .shape import narrow, squeeze
from .spelling import numpy_names


@nondifferentiable
def argsort(x: Array, dim: int = -1, descending: bool = False, stable: bool = False) -> Array:
    """The indices that sort along `dim`; nan counts as the largest.

    Args:
        descending: the largest first.
        stable: makes no difference: equal values keep their order in any case.
    """
    dim = normalize_axis_index(dim, max(x.ndim, 1))
    if not x.ndim:
        return np.zeros((), np.int64)
    if not descending:
        return np.argsort(x, dim, kind="stable")
    backwards = np.flip(np.argsort(np.flip(x, dim), dim, kind="stable"), dim)
    return x.shape[dim] - 1 - backwards


@nondifferentiable
@called("topk")
def argtop(x: Array, *, k: int, dim: int = -1, largest: bool = True) -> Array:
    """The indices of the k largest (or smallest) values along `dim`; nan counts as the largest."""
    refuse_bool(x)
    dim = normalize_axis_index(dim, max(x.ndim, 1))
    n = x.shape[dim] if x.ndim else 1
    if not 0 <= k <= n:
        raise RuntimeError(f"selected index k out of range: {k} of {n}")
    if not x.ndim:
        return np.zeros((), np.int64)
    rows = np.moveaxis(x, dim, -1)
    found = np.argpartition(rows, n - k if largest else k - 1, -1) if 0 < k < n else np.argsort(rows, -1)
    found = found[..., n - k :] if largest else found[..., :k]
    order = np.argsort(np.take_along_axis(rows, found, -1), -1, kind="stable")
    found = np.take_along_axis(found, order[..., ::-1] if largest else order, -1)
    return np.moveaxis(found, -1, dim)


@numpy_names
def sort(input, dim: int = -1, descending: bool = False, stable: bool = False) -> return_types.sort:
    """(values, indices): the values in order along `dim`, and where they were. Arguments as for `argsort`.

    Source: `torch.sort`.
    """
    indices = argsort(input, dim, descending, stable)
    return return_types.sort(take_along_dim(input, indices, dim) if input.ndim else input, indices)


@numpy_names
def topk(input, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> return_types.topk:
    """(values, indices): the k largest values along `dim`, or the smallest if not `largest`, and where they were.

    They are in order, whatever `sorted` says. Source: `torch.topk`.
    """
    indices = argtop(input, k=k, dim=dim, largest=largest)
    return return_types.topk(take_along_dim(input, indices, dim) if input.ndim else input, indices)


@numpy_names
def kthvalue(input, k: int, dim: int = -1, keepdim: bool = False) -> return_types.kthvalue:
    """The k-th smallest value along `dim` (k counts from 1), and its index."""
    n = input.shape[normalize_axis_index(dim, input.ndim)] if input.ndim else 1
    if not 1 <= k <= n:
        kind = RuntimeError if n else IndexError
        raise kind(f"kthvalue(): selected number k out of range for dimension {dim} of length {n}: {k}")
    if not input.ndim:
        return return_types.kthvalue(*sort(input, dim))
    indices = narrow(argsort(input, dim), dim, k - 1, 1)
    values = take_along_dim(input, indices, dim)
    found = (values, indices) if keepdim else (squeeze(values, dim), squeeze(indices, dim))
    return return_types.kthvalue(*found)


@numpy_names
def unique(input, sorted: bool = True, return_inverse=False, return_counts=False, dim: int | None = None):
    """The distinct values, always in order. No gradient.

    Args:
        sorted: makes no difference.
        return_inverse: also where each entry of the input went.
        return_counts: also how often each value occurs.
        dim: compare the slices along this dimension; None for single numbers.

    Returns:
        The values, or a tuple of them and of what else is wanted, in this order.
    """
    array = input.array if isinstance(input, Tensor) else np.asarray(input)
    found = np.unique(array, return_inverse=return_inverse, return_counts=return_counts, axis=dim)
    if return_inverse or return_counts:
        return tuple([_like(input, part) for part in found])
    return _like(input, found)


@nondifferentiable
def isin(elements: Array, test_elements: Array, *, assume_unique: bool = False, invert: bool = False) -> Array:
    """Where one of `elements` is one of `test_elements`; with `invert` where it is none of them.

    `assume_unique` says that neither holds a number twice, which can be faster.
    """
    return np.isin(elements, test_elements, assume_unique=assume_unique, invert=invert)


@nondifferentiable
def searchsorted(
    sorted_sequence: Array, values: Array, *, out_int32: bool = False, right: bool = False, side: str = "left"
) -> Array:
    """Where each value would enter the ordered vector: before equal ones, or with `right` behind them.

    Args:
        sorted_sequence: the vector; or a tensor of vectors along its last dimension, each with values of its own.
        values: of any shape, which is that of the result; with several vectors they differ in the last dimension alone.
        out_int32: whether the result is int32 instead of int64.
        right: behind equal ones.
        side: "right" is the same as `right`.

    Raises:
        RuntimeError: the shapes do not fit.
    """
    order: Any = "right" if right or side == "right" else "left"
    if sorted_sequence.ndim == 1:
        found = np.asarray(np.searchsorted(sorted_sequence, values, order))
    elif sorted_sequence.shape[:-1] == values.shape[:-1]:
        n, shape = sorted_sequence.shape[-1], values.shape
        rows = zip(sorted_sequence.reshape(-1, n), values.reshape(-1, shape[-1]), strict=True)
        found = np.array([np.searchsorted(row, wanted, order) for row, wanted in rows], np.int64).reshape(shape)
    else:
        raise RuntimeError("boundaries tensor should be 1 dimension or the first N-1 dimensions of both should match")
    return found.astype(np.int32) if out_int32 else found


def bucketize(input, boundaries, *, out_int32: bool = False, right: bool = False) -> Array:
    """`searchsorted` with the one ordered vector, `boundaries`, second. Other arguments as for `searchsorted`.

    Source: `torch.bucketize`.
    """
    if boundaries.ndim != 1:
        raise RuntimeError(f"bucketize: boundaries tensor must be 1 dimension, got {boundaries.ndim}")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def _like(input, array: np.ndarray):
    return Tensor(array) if isinstance(input, Tensor) else array
