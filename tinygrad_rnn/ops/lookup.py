"""Lookup by class: rows of a table, and their opposite, one-hot vectors; how many there are of each."""

from __future__ import annotations

import numpy as np

from ..autograd.graph import Tensor
from ..autograd.op import Array, ArrayInt, nondifferentiable, primitive
from .indexing import setitem, spread

INDICES = np.dtype("i8"), np.dtype("i4")


@primitive
def embedding(input: ArrayInt, weight: Array, padding_idx: int | None = None) -> Array:
    """The rows of `weight` that `input` names.

    Args:
        input: integers of any shape, in [0, K).
        weight: a table (K, D).
        padding_idx: a row that gets no gradient.

    Returns:
        The shape of `input` with D behind it.

    Raises:
        IndexError: an index is negative or not below K.
        RuntimeError: the indices are neither int64 nor int32, or the weight is no matrix.
        AssertionError: padding_idx is not a row.
    """
    if input.dtype not in INDICES:
        raise RuntimeError(f"expected int64 or int32 as indices, got {input.dtype}; convert with .long()")
    if weight.ndim != 2:
        raise RuntimeError(f"weight must be a matrix, got {weight.ndim} dimensions")
    check_classes(input, len(weight), "index out of range in self: {} is not in [0, {})")
    if padding_idx is not None and not -len(weight) <= padding_idx < len(weight):
        raise AssertionError(f"padding_idx must be within the {len(weight)} rows of the weight")
    return weight.take(input, axis=0)


@embedding.vjp
def embedding_vjp(dy, input, weight_shape, padding_idx, needs):
    dweight = spread(dy, shape=weight_shape, index=(input,))
    return None, dweight if padding_idx is None else setitem(dweight, 0.0, index=(padding_idx,))


def refuse_options(scale_grad_by_freq, sparse) -> None:
    """Say which of PyTorch's options there is not."""
    for name, value in {"scale_grad_by_freq": scale_grad_by_freq, "sparse": sparse}.items():
        if value:
            raise ValueError(f"embedding: {name}={value!r} is not supported; leave it out")


@nondifferentiable
def one_hot(input: ArrayInt, num_classes: int = -1) -> Array:
    """int64 vectors that are 1 at the class and 0 elsewhere; by default as many classes as the largest needs.

    Raises:
        RuntimeError: a class is negative or not below `num_classes`, or the classes are not int64.
    """
    if input.dtype != INDICES[0]:
        raise RuntimeError(f"one_hot is only applicable to int64, got {input.dtype}; convert with .long()")
    if num_classes < 1 and num_classes != -1:
        raise RuntimeError(f"num_classes should be positive, or -1 for as many as there are, got {num_classes}")
    if num_classes == -1:
        if not input.size:
            raise RuntimeError("can not infer total number of classes from empty tensor")
        num_classes = int(input.max()) + 1
    if input.size and not (input.min() >= 0 and input.max() < num_classes):
        raise RuntimeError(f"class values must be in [0, {num_classes}), got {input.min()} to {input.max()}")
    return (input[..., None] == np.arange(num_classes)).astype(np.int64)


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each integer from 0 to the largest occurs, or the sum of the weights of its places. No gradient.

    Args:
        input: a vector of integers, none of them negative.
        weights: a number for each; float32 stays float32, anything else becomes float64.
        minlength: at least so many counts.

    Raises:
        NotImplementedError: not integers.
        RuntimeError: not a vector, a negative number, other than one weight for each, or a negative `minlength`.

    Source: `torch.bincount`.
    """
    names = input.array
    if names.dtype.kind not in "iu":
        raise NotImplementedError(f"bincount expected integers, got {names.dtype}")
    if names.ndim != 1 or (names.size and names.min() < 0):
        raise RuntimeError(f"bincount only supports vectors of integers from 0, got {names.tolist()!r:.80}")
    if weights is not None and weights.array.shape != names.shape:
        raise RuntimeError(f"weights should have the shape {names.shape} of the input, got {weights.array.shape}")
    if minlength < 0:
        raise RuntimeError(f"minlength should be >= 0, got {minlength}")
    if weights is None or not names.size:
        return Tensor(np.bincount(names, minlength=minlength))
    sums = np.bincount(names, weights.array, minlength)
    return Tensor(sums.astype(np.float32) if weights.array.dtype == np.float32 else sums)


def check_classes(names: np.ndarray, count: int, message: str, kind: type[Exception] = IndexError) -> None:
    """Every class must be in [0, count)."""
    if names.size and not 0 <= names.min() <= names.max() < count:
        bad = names[(names < 0) | (names >= count)].flat[0]
        raise kind(message.format(bad, count))
