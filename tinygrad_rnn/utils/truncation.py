"""Truncated backpropagation through time: a long sequence in chunks whose state is carried on, but not its graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..tensor import Tensor
from .nested import mapped


class bptt:
    """Cut sequences into chunks of `length` steps; each chunk comes with the state that the one before left.

        chunks = bptt((x, target), 35)
        for (x_chunk, target_chunk), state in chunks:
            y, chunks.state = lstm(x_chunk, state)
            loss = criterion(y, target_chunk)
            ...

    What is assigned to `state` is detached before it is handed out again, so gradients reach back to the start of a
    chunk and no further, and no more than one chunk is in memory.

    Args:
        sequences: a Tensor, or a tuple or list of several of equal length, e.g. inputs and targets.
        length: steps in a chunk; the last chunk has what is left.
        state: of the first chunk: None, a Tensor, or tuples, lists and dicts of them, as the network takes it.
        dim: along which time runs: 0, or 1 for batch_first.

    Raises:
        TypeError: sequences that are no Tensors.
        ValueError: a length below 1, no steps at all, or sequences of unequal length.
        RuntimeError: a chunk was asked for though nobody assigned `state` after the one before.

    Source: Williams and Peng 1990; Mikolov 2012.
    """

    def __init__(self, sequences: Any, length: int, state: Any = None, *, dim: int = 0) -> None:
        several = sequences if isinstance(sequences, (tuple, list)) else [sequences]
        for x in several:
            if not isinstance(x, Tensor):
                raise TypeError(f"bptt: expected Tensors, got {type(x).__name__}")
        if not isinstance(length, int) or isinstance(length, bool) or length < 1:
            raise ValueError(f"bptt: length must be an integer from 1 on, got {length!r}")
        steps = {x.shape[dim] for x in several}
        if len(steps) != 1 or not min(steps):
            found = ", ".join(str(tuple(x.shape)) for x in several)
            raise ValueError(f"bptt: expected sequences of one length, at least 1, along dim {dim}; got shapes {found}")
        self.sequences, self.length, self.dim = sequences, length, dim
        self.steps = steps.pop()
        self.state = state

    def __len__(self) -> int:
        """How many chunks there are."""
        return -(-self.steps // self.length)

    @property
    def state(self) -> Any:
        """What the next chunk goes on from."""
        return self._state

    @state.setter
    def state(self, state: Any) -> None:
        self._state, self._assigned = state, True

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        for begin in range(0, self.steps, self.length):
            if not self._assigned:
                raise RuntimeError(
                    "bptt: the state was not carried on: assign it in the loop, `y, chunks.state = net(chunk, state)`, "
                    "where `chunks` is this object; for chunks that do not go on from each other use x.split(length)"
                )
            self._state, self._assigned = mapped(Tensor.detach, self._state), False
            yield self._chunk(begin), self._state

    def _chunk(self, begin: int) -> Any:
        count = min(self.length, self.steps - begin)
        if isinstance(self.sequences, Tensor):
            return self.sequences.narrow(self.dim, begin, count)
        return type(self.sequences)([x.narrow(self.dim, begin, count) for x in self.sequences])
