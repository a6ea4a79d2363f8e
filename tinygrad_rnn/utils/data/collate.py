"""Many samples to one batch: the n-th number, array or tensor of each become one tensor, whatever holds them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from ...creation import as_tensor, tensor
from ...ops import stack
from ...tensor import Tensor

__all__ = ["default_collate", "default_convert"]


def default_collate(batch: Sequence) -> Any:
    """One batch of many samples, with a new first dimension N.

    Args:
        batch: N samples of one kind.

    Returns:
        By what a sample is:
        Tensor or array (...): Tensor (N, ...) of the same dtype.
        int, bool: int64 or bool (N,); float: float64 (N,); NumPy's scalars: (N,) of their dtype.
        str, bytes: the batch itself.
        Mapping, named tuple, list or another sequence: the same kind, its items collated; a tuple becomes a list.

    Raises:
        TypeError: a sample is anything else, or an array of text or objects.
        RuntimeError: tensors of different shapes, or sequences of different lengths: give the loader a `collate_fn`
            that pads them.
        KeyError: a dict lacks a key of the first.

    Source: `torch.utils.data.default_collate`.

    Example:
        >>> default_collate([{"x": 1.0, "word": "a"}, {"x": 2.0, "word": "b"}])
        {'x': tensor([1., 2.], dtype=float64), 'word': ['a', 'b']}
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(batch)
    if isinstance(first, np.ndarray):
        if _is_text(first):
            raise TypeError(_unknown(first.dtype))
        return stack([as_tensor(array) for array in batch])
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, (np.number, np.bool_)):
        return as_tensor(batch)
    if isinstance(first, float):
        return tensor(batch, dtype=np.float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, Mapping):
        return _like_mapping(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        lengths = [len(sample) for sample in batch]
        if len(set(lengths)) > 1:
            raise RuntimeError(
                "default_collate: each element in list of batch should be of equal size, got sequences of lengths "
                f"{sorted(set(lengths))}; give the DataLoader a collate_fn that pads them"
            )
        return _like_sequence(first, [default_collate(column) for column in zip(*batch)])
    raise TypeError(_unknown(type(first)))


def default_convert(data: Any) -> Any:
    """`data`, one sample, as it is, but its NumPy arrays and scalars as tensors; what a loader without batches does.

    Source: `torch.utils.data.default_convert`.
    """
    if isinstance(data, (np.ndarray, np.number, np.bool_)):
        return data if _is_text(data) else as_tensor(data)
    if isinstance(data, (str, bytes, Tensor)):
        return data
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, Sequence):
        return _like_sequence(data, [default_convert(value) for value in data])
    return data


def _is_text(array) -> bool:
    """Whether it holds text or objects, which no tensor can."""
    return array.dtype.kind in "SUaO"


def _unknown(kind: object) -> str:
    return (
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        f"{kind}; give the DataLoader a collate_fn for it"
    )


def _like_mapping(original: Mapping, items: dict) -> Mapping:
    """The items in a mapping of the same kind, with what else the original may know; else in a dict."""
    if isinstance(original, MutableMapping):
        return _or(items, lambda: _updated(copy.copy(original), items.items()))
    return _or(items, lambda: type(original)(items))  # type: ignore[call-arg]


def _like_sequence(original: Sequence, items: list) -> Sequence:
    """The items in a sequence of the same kind, with what else the original may know; else in a list."""
    if isinstance(original, tuple):
        return type(original)(*items) if hasattr(original, "_fields") else items
    if isinstance(original, MutableSequence):
        return _or(items, lambda: _updated(copy.copy(original), enumerate(items)))
    return _or(items, lambda: type(original)(items))  # type: ignore[call-arg]


def _updated(held: Any, items: Iterable) -> Any:
    for key, item in items:
        held[key] = item
    return held


def _or(plain: Any, make: Callable[[], Any]) -> Any:
    """What `make` makes, or the plain one where the kind cannot be copied or made so."""
    try:
        return make()
    except TypeError:
        return plain
