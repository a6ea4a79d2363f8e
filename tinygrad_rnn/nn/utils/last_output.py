"""The last output of a recurrent layer, where `out[:, -1]` would be something else."""

from __future__ import annotations

import numpy as np

from ... import ops
from ...ops.rows import take_rows
from ...tensor import Tensor
from ..layers import check_lengths
from .layout import places
from .packed import PackedSequence, layout_of


def last_output(y, lengths=None, *, bidirectional: bool, batch_first: bool = False) -> Tensor:
    """What each direction of a recurrent layer put out last, when it had read the whole sequence.

    `y[-1]`, or `y[:, -1]` with batch_first, is that only for one direction and sequences of full length. Where
    sequences are padded it is padding. And the reverse direction reads from the end: at the last step it has seen
    nothing but the last element; it has read the whole sequence at the first step. So this takes the forward half of
    the features at the last valid step and the reverse half at step 0, the same as
    `cat([h_n[-2], h_n[-1]], -1)` of the last states (of one direction: `h_n[-1]`), also where only y is left.

    Args:
        y: the output of RNN, LSTM or GRU: [T, N, D * H], with batch_first [N, T, D * H], unbatched [T, D * H]; or a
            PackedSequence, which knows its lengths and layout.
        lengths: int [N], the number of valid steps of each sequence; None: all have T.
        bidirectional: whether y has two directions. Its shape does not tell, so it must be said.

    Returns:
        [N, D * H], in the order before packing; unbatched [D * H].

    Raises:
        TypeError: y is neither a Tensor nor a PackedSequence.
        ValueError: y has not 2 or 3 dimensions, or an odd number of features in two directions; lengths that are
            not N integers from 1 to T, or given beside a PackedSequence.

    Example:
        >>> import tinygrad_rnn as tg
        >>> gru = tg.nn.GRU(3, 4, bidirectional=True)
        >>> y, h_n = gru(tg.randn(5, 2, 3), lengths=[5, 2])
        >>> last_output(y, [5, 2], bidirectional=True).equal(tg.cat([h_n[0], h_n[1]], -1))
        True
    """
    if isinstance(y, PackedSequence):
        if lengths is not None:
            raise ValueError("last_output: a PackedSequence knows its lengths; leave `lengths` out")
        rows, last, first = _packed_ends(y)
    elif isinstance(y, Tensor):
        rows, last, first = _padded_ends(y, lengths, batch_first)
    else:
        raise TypeError(f"last_output: expected y to be a Tensor or a PackedSequence, got {type(y).__name__}")
    if bidirectional and rows.shape[-1] % 2:
        raise ValueError(f"last_output: two directions have an even number of features, y has {rows.shape[-1]}")
    ends = take_rows(rows, places=last)
    if bidirectional:
        half = rows.shape[-1] // 2
        ends = ops.cat([ends[:, :half], take_rows(rows, places=first)[:, half:]], -1)
    return ops.squeeze(ends, 0) if isinstance(y, Tensor) and y.ndim == 2 else ends


def _padded_ends(y: Tensor, lengths, batch_first: bool) -> tuple[Tensor, np.ndarray, np.ndarray]:
    """y with a batch, and in it the place of the last valid and of the first step of each sequence."""
    if y.ndim not in (2, 3) or not y.array.size:
        raise ValueError(
            f"last_output: expected y [T, N, D * H] or [T, D * H] with at least one step, got {tuple(y.shape)}"
        )
    if y.ndim == 2:
        y, batch_first = ops.unsqueeze(y, 1), False
    T, N = y.array.shape[1::-1] if batch_first else y.array.shape[:2]
    lengths = check_lengths([T] * N if lengths is None else lengths, T, N, "last_output")
    steps, sequences = np.array([lengths - 1, np.zeros(N, np.int64)]), np.arange(N)
    last, first = places(steps, sequences, T, N, batch_first)[0]
    return y, last, first


def _packed_ends(y: PackedSequence) -> tuple[Tensor, np.ndarray, np.ndarray]:
    """The same for packed data: in step t the sequences follow each other from the longest on."""
    layout = layout_of(y)
    first = np.arange(len(layout.lengths)) if y.unsorted_indices is None else y.unsorted_indices.array
    last = (np.cumsum(layout.sizes) - layout.sizes)[layout.lengths - 1] + first
    return ops.unsqueeze(y.data, 0), last, first
