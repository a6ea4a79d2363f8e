"""PackedSequence: sequences of different length without their padding, step by step.

The sequences are sorted, longest first. `data` holds the first element of each, then the second of each that has one,
and so on; `batch_sizes` says how many there are of each. What a recurrent layer computes at step t are then the rows
that follow those of step t - 1, and nothing is computed for padding. The recurrent kernels work in this layout.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...tensor import Tensor
from .layout import Layout, inverse


class Fields(NamedTuple):
    """What a PackedSequence is a tuple of."""

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(Fields):
    """Sequences of different length in one tensor. Made by `pack_padded_sequence` and `pack_sequence`.

    Attributes:
        data: [R, ...], the elements of all sequences, step by step.
        batch_sizes: int64 [T], how many sequences have an element at step t; never rising.
        sorted_indices: int64 [N], which sequence of the caller's comes n-th here; None if their order is the same.
        unsorted_indices: int64 [N], the inverse permutation: where the caller's n-th sequence is here.

    Source: `torch.nn.utils.rnn.PackedSequence`.
    """

    __slots__ = ()

    def __new__(cls, data, batch_sizes=None, sorted_indices=None, unsorted_indices=None) -> PackedSequence:
        if batch_sizes is None:  # both in one argument, as older scripts pass them
            if not isinstance(data, (list, tuple)) or len(data) != 2:
                raise AssertionError(
                    f"PackedSequence: expected data and batch_sizes, or a pair of them, got {type(data).__name__} alone"
                )
            data, batch_sizes = data
        if not isinstance(batch_sizes, Tensor):
            raise AttributeError(
                f"PackedSequence: batch_sizes must be a Tensor (int64 [T]), got {type(batch_sizes).__name__}; "
                f"pack_padded_sequence and pack_sequence compute it"
            )
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    @property
    def is_cuda(self) -> bool:
        """False: tensors are on the CPU alone."""
        return self.data.is_cuda

    @property
    def device(self):
        """Where the data is (in PyTorch one asks `packed.data.device`)."""
        return self.data.device

    def is_pinned(self) -> bool:
        """Whether the data lies in page-locked memory, which only a GPU has use for."""
        return False

    def to(self, *args: Any, **options: Any) -> PackedSequence:
        """With the data as another dtype: the arguments of `Tensor.to`. Itself if nothing changes."""
        return self._with(self.data.to(*args, **options))

    def _with(self, data: Tensor) -> PackedSequence:
        """The same layout with other data."""
        return self if data is self.data else self._replace(data=data)


def _delegated(name: str) -> Any:
    def method(self: PackedSequence, *args: Any, **options: Any) -> PackedSequence:
        return self._with(getattr(self.data, name)(*args, **options))

    method.__name__, method.__doc__ = name, f"With the data after `Tensor.{name}`."
    return method


for _name in "byte char cpu cuda double float half int long pin_memory short".split():
    setattr(PackedSequence, _name, _delegated(_name))


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes this one: int64 [N]; None stays None."""
    if permutation is None:
        return None
    return Tensor(inverse(permutation_of(permutation, permutation.numel(), "sorted_indices")))


def packed_lengths(packed: PackedSequence) -> np.ndarray:
    """The lengths of the sequences, int64 [N], the longest first.

    Raises:
        RuntimeError: batch_sizes are not what they must be.
    """
    sizes = packed.batch_sizes.array
    if sizes.ndim != 1 or not sizes.size or sizes.dtype.kind not in "iu":
        raise RuntimeError(
            f"PackedSequence: batch_sizes can not be empty and must be int64 [T], got {sizes.dtype} {sizes.shape}"
        )
    if sizes[-1] < 1 or (sizes[1:] > sizes[:-1]).any():
        raise RuntimeError(
            f"PackedSequence: batch_sizes must be positive and never rise (the longest sequence comes first), "
            f"got {sizes.tolist()!s:.80}"
        )
    if sizes.sum() != len(packed.data):
        raise RuntimeError(f"PackedSequence: batch_sizes add up to {sizes.sum()}, but data has {len(packed.data)} rows")
    return len(sizes) - np.searchsorted(sizes[::-1], np.arange(sizes[0]), side="right")


def layout_of(packed: PackedSequence) -> Layout:
    """The layout of packed data, in the caller's order.

    Raises:
        AttributeError: it is not a PackedSequence.
        RuntimeError: its parts do not fit each other.
    """
    if not isinstance(packed, PackedSequence):
        raise AttributeError(
            f"expected a PackedSequence, got {type(packed).__name__}; pack_padded_sequence and pack_sequence make one"
        )
    lengths = packed_lengths(packed)
    _, back = orders_of(packed, len(lengths))
    return Layout(lengths, None if back is None else inverse(back))


def orders_of(packed: PackedSequence, N: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """sorted_indices and unsorted_indices, int64 [N] each or None."""
    names = "sorted_indices", "unsorted_indices"
    there, back = (None if each is None else permutation_of(each, N, name) for each, name in zip(packed[2:], names))
    return there, back


def permutation_of(indices: Tensor, N: int, name: str) -> np.ndarray:
    """The indices as int64 [N], each number below N once."""
    found = indices.array
    if found.shape != (N,) or found.dtype.kind not in "iu" or (np.sort(found) != np.arange(N)).any():
        raise RuntimeError(
            f"PackedSequence: {name} must be a permutation of its {N} sequences, got {found.tolist()!s:.80}"
        )
    return found
