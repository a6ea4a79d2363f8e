"""Samplers: in which order a data set is read.

A random order is drawn as a whole when it begins. So the state of a generator, stored before an epoch, is all it
takes to repeat it, and stored within an epoch, to continue with the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np

from ...creation import as_tensor, multinomial, randperm
from ...random import Generator, source

__all__ = [
    "BatchSampler", "RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler", "WeightedRandomSampler",
]  # fmt: skip

T = TypeVar("T", covariant=True)


class Sampler(Generic[T]):
    """An order of indices, or of lists of indices: derive from it, write `__iter__` and, for `len`, `__len__`.

    Source: `torch.utils.data.Sampler`.
    """

    def __iter__(self) -> Iterator[T]:
        raise NotImplementedError(f"{type(self).__name__} should implement __iter__()")


def _positive(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{name} should be a positive integer value, but got {name}={value}")


class SequentialSampler(Sampler[int]):
    """0, 1, ... up to the length of `data_source`, in this order. Source: `torch.utils.data.SequentialSampler`."""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Every index once, in random order; or any index, independently.

    Args:
        data_source: N samples.
        replacement: whether each index is drawn from all N, independently of the others.
        num_samples: how many indices, by default N; without replacement, every N of them are a new order of all.
        generator: where the random numbers come from; by default the default generator.

    Raises:
        TypeError: `replacement` is not a bool.
        ValueError: `num_samples` (or N) is not a positive integer.

    Source: `torch.utils.data.RandomSampler`.
    """

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        _positive("num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many indices an epoch has."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        N, count, stream = len(self.data_source), self.num_samples, source(self.generator)
        if self.replacement:
            order = stream.integers(N, size=count)
        else:
            order = np.concatenate([stream.permutation(N) for _ in range(-(-count // N))])[:count]
        yield from order.tolist()

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices, each once, in random order. Source: `torch.utils.data.SubsetRandomSampler`."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Indices with chances in proportion to weights.

    Args:
        weights: one for each sample, finite and not negative; they need not sum to 1.
        num_samples: how many indices.
        replacement: whether one index may be drawn more than once.
        generator: where the random numbers come from; by default the default generator.

    Raises:
        ValueError: `num_samples` is not a positive integer, `replacement` no bool, `weights` not of one dimension.
        RuntimeError: on drawing, weights that `multinomial` refuses, or too few of them without replacement.

    Source: `torch.utils.data.WeightedRandomSampler`.
    """

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        _positive("num_samples", num_samples)
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.weights = as_tensor(weights, np.float64)
        if self.weights.ndim != 1:
            raise ValueError(f"weights should be a 1d sequence but have shape {tuple(self.weights.shape)}")
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        yield from multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The indices of another sampler in lists of `batch_size`.

    Args:
        sampler: any iterable; `len` needs its length.
        batch_size: the length of every list but perhaps the last.
        drop_last: whether a shorter last list is left out.

    Raises:
        ValueError: `batch_size` is not a positive integer, `drop_last` no bool.

    Source: `torch.utils.data.BatchSampler`.

    Example:
        >>> list(BatchSampler(range(5), batch_size=2, drop_last=False))
        [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Sampler[int] | Iterable[int], batch_size: int, drop_last: bool) -> None:
        _positive("batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices, shortest = iter(self.sampler), self.batch_size if self.drop_last else 1
        while len(batch := list(islice(indices, self.batch_size))) >= shortest:
            yield batch

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
