"""Bags of rows of a table: looked up and reduced to one vector each."""

from __future__ import annotations

import numpy as np

from ..autograd.op import Array
from .indexing import getitem, spread, take_along_dim
from .linalg import column
from .lookup import INDICES, check_classes, embedding
from .selection import where
from .shape import reshape

MODES = ("sum", "mean", "max")


def embedding_bag(
    input,
    weight,
    offsets=None,
    mode: str = "mean",
    per_sample_weights=None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Array:
    """The sum, mean or maximum of the rows of `weight` that each bag names; arguments, shapes and errors as for
    `nn.functional.embedding_bag`, which has PyTorch's further options."""
    _check(input, weight, offsets, mode, per_sample_weights)
    names, rows = input.array.reshape(-1), weight.shape[0]
    check_classes(names, rows, "embedding_bag: index {} is not in the valid range [0, {})", RuntimeError)
    if padding_idx is not None and not -rows <= padding_idx < rows:
        raise RuntimeError(f"embedding_bag: padding_idx must be within the {rows} rows, but got {padding_idx}")
    sizes = _sizes(input.array, None if offsets is None else offsets.array, include_last_offset)
    bags, names = np.repeat(np.arange(len(sizes)), sizes), names[: sizes.sum()]
    kept = np.flatnonzero(names != (-1 if padding_idx is None else padding_idx % rows))
    bags, found = bags[kept], embedding(names[kept], weight)
    if per_sample_weights is not None:
        found = found * column(getitem(reshape(per_sample_weights, (-1,)), (kept,)))
    counts = np.bincount(bags, minlength=len(sizes))[:, None]
    if mode == "max" and len(bags):
        return where(counts > 0, take_along_dim(found, _largest(found.array, counts), 0), 0.0)
    total = spread(found, shape=(len(sizes), weight.shape[1]), index=(bags,))
    return total / np.maximum(counts, 1).astype(weight.dtype) if mode == "mean" else total


def _check(input, weight, offsets, mode: str, per_sample_weights) -> None:
    if mode not in MODES:
        raise ValueError(f"embedding_bag: mode has to be one of {MODES}, got {mode!r}")
    if input.ndim not in (1, 2):
        raise ValueError(f"embedding_bag: input has to be 1D or 2D, but got {input.ndim} dimensions")
    if (input.ndim == 1) != (offsets is not None) or (offsets is not None and offsets.ndim != 1):
        given = "None" if offsets is None else f"{offsets.ndim} dimensions"
        raise ValueError(f"embedding_bag: offsets has to be a vector for 1D input and None for 2D input, got {given}")
    for index in (input, offsets):
        if index is not None and index.dtype not in INDICES:
            raise RuntimeError(f"embedding_bag: expected int64 or int32 as indices, got {index.dtype}")
    if weight.ndim != 2 or weight.dtype.kind != "f":
        raise RuntimeError(f"embedding_bag: expected a matrix of floats, got {weight.dtype} {tuple(weight.shape)}")
    if per_sample_weights is None:
        return
    if mode != "sum":
        raise NotImplementedError(f"embedding_bag: per_sample_weights are supported for mode='sum', got {mode!r}")
    if per_sample_weights.shape != input.shape:
        raise ValueError(f"embedding_bag: per_sample_weights must have the input's shape {tuple(input.shape)}")
    if per_sample_weights.dtype != weight.dtype:
        raise RuntimeError(f"embedding_bag: per_sample_weights must be of {weight.dtype}, as the weight")


def _sizes(names: np.ndarray, offsets: np.ndarray | None, include_last_offset: bool) -> np.ndarray:
    """How many each bag names."""
    if offsets is None:
        return np.full(len(names), names.shape[1])
    if len(offsets) and offsets[0]:
        raise RuntimeError(f"embedding_bag: offsets[0] has to be 0, got {offsets[0]}")
    sizes = np.diff(offsets if include_last_offset else np.append(offsets, len(names)))
    if (sizes < 0).any() or (len(offsets) and offsets[-1] > len(names)):
        raise RuntimeError(f"embedding_bag: offsets must ascend to at most {len(names)}, got {offsets.tolist()!r:.80}")
    return sizes if len(offsets) else sizes[:0]


def _largest(found: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """For each bag and column, which row has the largest number."""
    first, at = 0, np.zeros((len(counts), found.shape[1]), np.int64)
    for bag, (n,) in enumerate(counts):
        if n:
            at[bag] = first + found[first : first + n].argmax(0)
        first += n
    return at
