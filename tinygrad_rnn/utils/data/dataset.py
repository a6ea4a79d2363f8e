"""Data sets: what has samples that can be asked for by index, or streamed."""

from __future__ import annotations

import math
import operator
import warnings
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, Generic, Iterable, TypeVar  # noqa: UP035  # typing's Iterable is a base that is generic

from ...creation import randperm
from ...random import Generator
from ...tensor import Tensor

__all__ = [
    "ChainDataset", "ConcatDataset", "Dataset", "IterableDataset", "StackDataset", "Subset", "TensorDataset",
    "random_split",
]  # fmt: skip

T = TypeVar("T", covariant=True)


class Dataset(Generic[T]):
    """A map from indices to samples: derive from it, write `__getitem__` and, for most samplers, `__len__`.

    A class may also write `__getitems__(indices)`, which returns the samples of one batch as a list; a loader then
    calls it instead. `a + b` is one after the other.

    Source: `torch.utils.data.Dataset`.
    """

    def __getitem__(self, index) -> T:
        raise NotImplementedError(f"{type(self).__name__} should implement __getitem__(index)")

    def __add__(self, other: Dataset) -> Dataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T], Iterable[T]):
    """A stream of samples: derive from it and write `__iter__`.

    Every worker of a loader streams its own copy; `get_worker_info()` says, within `__iter__`, which share of the
    samples is this worker's.

    Source: `torch.utils.data.IterableDataset`.
    """

    def __add__(self, other: Dataset) -> Dataset:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Sample i is `(tensors[0][i], tensors[1][i], ...)`.

    Args:
        *tensors: of any shapes with the same first dimension.

    Raises:
        TypeError: one is not a Tensor.
        AssertionError: their first dimensions differ.

    Source: `torch.utils.data.TensorDataset`.
    """

    def __init__(self, *tensors: Tensor) -> None:
        for x in tensors:
            if not isinstance(x, Tensor):
                raise TypeError(f"TensorDataset: expected Tensors, got {type(x).__name__}; `tensor` makes one of it")
        if len({x.size(0) for x in tensors}) > 1:
            raise AssertionError(
                f"Size mismatch between tensors: expected as many samples in each, got {[x.size(0) for x in tensors]}"
            )
        self.tensors = tensors

    def __getitem__(self, index) -> tuple[Tensor, ...]:
        return tuple([x[index] for x in self.tensors])

    def __len__(self) -> int:
        return self.tensors[0].size(0)


class StackDataset(Dataset):
    """Its arguments, data sets of one length, side by side: sample i is the tuple, or by keywords the dict, of theirs.

    Raises:
        ValueError: data sets both by position and by keyword, or none, or of different lengths.

    Source: `torch.utils.data.StackDataset`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if bool(args) == bool(kwargs):
            raise ValueError("StackDataset: expected data sets either by position or by keyword")
        self.datasets: tuple | dict = args or kwargs
        lengths = [len(d) for d in args or kwargs.values()]
        if len(set(lengths)) > 1:
            raise ValueError(f"Size mismatch between datasets: expected as many samples in each, got {lengths}")
        self._length = lengths[0]

    def _beside(self, of) -> tuple | dict:
        """What `of` says of each data set, side by side."""
        if isinstance(self.datasets, dict):
            return {key: of(dataset) for key, dataset in self.datasets.items()}
        return tuple([of(dataset) for dataset in self.datasets])

    def __getitem__(self, index):
        return self._beside(lambda dataset: dataset[index])

    def __getitems__(self, indices: list) -> list:
        def column(dataset) -> list:
            samples = samples_of(dataset, indices)
            if len(samples) != len(indices):
                kind = type(dataset).__name__
                raise ValueError(f"{kind}.__getitems__: expected {len(indices)} samples, got {len(samples)}")
            return samples

        columns = self._beside(column)
        if isinstance(columns, dict):
            return [dict(zip(columns, row)) for row in zip(*columns.values())]
        return list(zip(*columns))

    def __len__(self) -> int:
        return self._length


class ConcatDataset(Dataset[T]):
    """The `datasets` one after the other.

    Raises:
        AssertionError: there is none, or one is an IterableDataset (`ChainDataset` joins those).
        ValueError, IndexError: on reading, an index beyond the start or the end.

    Source: `torch.utils.data.ConcatDataset`.
    """

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("ConcatDataset: datasets should not be an empty iterable")
        if any([isinstance(d, IterableDataset) for d in self.datasets]):
            raise AssertionError("ConcatDataset does not support IterableDataset; use ChainDataset")
        self.cumulative_sizes = list(accumulate([len(d) for d in self.datasets]))  # type: ignore[arg-type]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, idx) -> T:
        if not -len(self) <= idx < len(self):
            kind = ValueError if idx < 0 else IndexError
            raise kind(f"ConcatDataset: index {idx} is out of range for {len(self)} samples")
        idx %= len(self)
        which = bisect_right(self.cumulative_sizes, idx)
        return self.datasets[which][idx - (self.cumulative_sizes[which - 1] if which else 0)]


class ChainDataset(IterableDataset[T]):
    """The `datasets`, which are streams, one after the other.

    Raises:
        AssertionError: on reading, where one is not an IterableDataset.

    Source: `torch.utils.data.ChainDataset`.
    """

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        self.datasets = datasets

    def _streams(self) -> Iterator[IterableDataset]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError(f"ChainDataset only supports IterableDataset, got {type(dataset).__name__}")
            yield dataset

    def __iter__(self) -> Iterator[T]:
        for stream in self._streams():
            yield from stream

    def __len__(self) -> int:
        return sum([len(stream) for stream in self._streams()])  # type: ignore[arg-type, misc]


class Subset(Dataset[T]):
    """Some samples of a data set: sample i is `dataset[indices[i]]`.

    Raises:
        NotImplementedError: a subclass writes `__getitem__` but not `__getitems__`, which loaders call.

    Source: `torch.utils.data.Subset`.
    """

    def __init__(self, dataset: Dataset[T], indices: Sequence[int]) -> None:
        kind = type(self)
        if kind.__getitem__ is not Subset.__getitem__ and kind.__getitems__ is Subset.__getitems__:
            raise NotImplementedError(
                f"{kind.__name__} overrides __getitem__ but not __getitems__, which a DataLoader calls: "
                "write `def __getitems__(self, indices): return [self[i] for i in indices]` too"
            )
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, idx):
        if isinstance(idx, list):
            return self.dataset[[self.indices[i] for i in idx]]
        return self.dataset[self.indices[idx]]

    def __getitems__(self, indices: list[int]) -> list:
        return samples_of(self.dataset, [self.indices[i] for i in indices])

    def __len__(self) -> int:
        return len(self.indices)


def samples_of(dataset, indices: Sequence) -> list:
    """The samples of these indices, at once where the data set knows how."""
    getitems = getattr(dataset, "__getitems__", None)
    return getitems(indices) if callable(getitems) else [dataset[i] for i in indices]


def random_split(
    dataset: Dataset[T], lengths: Sequence[int | float], generator: Generator | None = None
) -> list[Subset[T]]:
    """Cut a data set at random into parts that do not overlap.

    Args:
        dataset: N samples.
        lengths: of the parts, N in sum; or fractions, 1 in sum, which are rounded down, what is left over going to
            the first parts, one sample each.
        generator: where the random order comes from; by default the default generator.

    Raises:
        ValueError: the lengths do not add up, one is negative, or a fraction is not between 0 and 1.

    Source: `torch.utils.data.random_split`.

    Example:
        >>> from tinygrad_rnn import Generator
        >>> [len(part) for part in random_split(range(10), [0.75, 0.25], Generator().manual_seed(0))]
        [8, 2]
    """
    N = len(dataset)  # type: ignore[arg-type]
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _counts(N, lengths)
    if sum(lengths) != N or min(lengths, default=0) < 0:
        raise ValueError(
            f"random_split: Sum of input lengths does not equal the length of the input dataset: {list(lengths)} for "
            f"{N} samples; give lengths with this sum, or fractions with the sum 1"
        )
    counts = [operator.index(n) for n in lengths]  # type: ignore[arg-type]
    order = randperm(N, generator=generator).tolist()
    return [Subset(dataset, order[end - n : end]) for n, end in zip(counts, accumulate(counts))]


def _counts(N: int, fractions: Sequence[float]) -> list[int]:
    """How many of N samples are in each part."""
    for i, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(f"random_split: Fraction at index {i} is not between 0 and 1, got {fraction}")
    counts = [math.floor(N * fraction) for fraction in fractions]
    for i in range(N - sum(counts)):
        counts[i % len(counts)] += 1
    for i, n in enumerate(counts):
        if n == 0:
            warnings.warn(f"random_split: Length of split at index {i} is 0: it is an empty dataset", stacklevel=3)
    return counts
