"""Making one batch of what a sampler asks for; the same in this process and in a worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from ...tensor import Tensor
from .collate import default_collate
from .dataset import IterableDataset, Subset, TensorDataset, samples_of

Fetch = Callable[[Any], Any]  # of what a sampler gives: the index of a sample, or a list of them


class EndOfStream:
    """What is fetched when a stream has ended."""


class Recipe(NamedTuple):
    """How batches are made."""

    dataset: Any
    collate_fn: Callable[[Any], Any]
    batched: bool  # whether the sampler gives lists of indices
    drop_last: bool

    def fetch(self) -> Fetch:
        """A function that makes a batch; a stream begins anew with each such function."""
        if isinstance(self.dataset, IterableDataset):
            return self._of_stream(iter(self.dataset))
        return self._batch if self.batched else self._sample

    def _of_stream(self, stream) -> Fetch:
        def batch(indices: list) -> Any:
            samples = list(islice(stream, len(indices)))
            short = len(samples) < (len(indices) if self.drop_last else 1)
            return EndOfStream() if short else self.collate_fn(samples)

        def sample(index: None) -> Any:
            for found in stream:
                return self.collate_fn(found)
            return EndOfStream()

        return batch if self.batched else sample

    def _sample(self, index: Any) -> Any:
        return self.collate_fn(self.dataset[index])

    def _batch(self, indices: Sequence) -> Any:
        if self.collate_fn is default_collate and (batch := _selected(self.dataset, indices)) is not None:
            return batch
        return self.collate_fn(samples_of(self.dataset, indices))


def _selected(dataset: Any, indices: Sequence) -> list[Tensor] | None:
    """The batch as a selection from whole tensors, which is many times as fast; None where that is not possible."""
    if type(dataset) is Subset:
        return _selected(dataset.dataset, [dataset.indices[i] for i in indices])
    if type(dataset) is not TensorDataset:
        return None
    chosen = np.asarray(indices)
    if chosen.dtype.kind != "i" or chosen.ndim != 1:  # a sampler may give slices or masks
        return None
    return [x[chosen] for x in dataset.tensors]
