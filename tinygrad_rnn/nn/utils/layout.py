"""Where the elements of sequences of different length lie: step by step, side by side with padding, or in a row."""

from __future__ import annotations

import numpy as np


class Layout:
    """Where the rows of packed data lie elsewhere. R rows in all; the sequences are numbered as the caller does.

    Args:
        lengths: int64 [N], the longest first.
        order: int64 [N], which sequence comes n-th; None: they are in order.

    Attributes:
        sizes: int64 [T], the batch sizes.
        steps, sequences: int64 [R], which step of which sequence a row is.
        lengths: int64 [N], in the caller's order.
    """

    def __init__(self, lengths: np.ndarray, order: np.ndarray | None) -> None:
        present = np.arange(lengths[0])[:, None] < lengths
        self.sizes = present.sum(1)
        self.steps, ranks = present.nonzero()
        self.sequences = ranks if order is None else order[ranks]
        self.lengths = lengths if order is None else lengths[inverse(order)]

    def padded(self, T: int, batch_first: bool) -> tuple[np.ndarray, tuple[int, int]]:
        """Each row's place in [T, N] (or [N, T]), counted through, and that shape."""
        return places(self.steps, self.sequences, T, len(self.lengths), batch_first)

    def in_a_row(self) -> np.ndarray:
        """Each row's place where the sequences follow one another."""
        return (np.cumsum(self.lengths) - self.lengths)[self.sequences] + self.steps


def places(steps, sequences, T: int, N: int, batch_first: bool) -> tuple[np.ndarray, tuple[int, int]]:
    """The places of (step, sequence) in [T, N], or with `batch_first` in [N, T], counted through; and that shape."""
    return (sequences * T + steps, (N, T)) if batch_first else (steps * N + sequences, (T, N))


def one_after_another(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which sequence and which of its steps each row is, where the sequences follow one another."""
    which = np.repeat(np.arange(len(lengths)), lengths)
    return which, np.arange(len(which)) - (np.cumsum(lengths) - lengths)[which]


def inverse(order: np.ndarray) -> np.ndarray:
    """The permutation that undoes this one."""
    found = np.empty_like(order)
    found[order] = np.arange(len(order))
    return found
