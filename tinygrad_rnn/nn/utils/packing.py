"""Between padded tensors, lists of sequences and packed sequences: every way one gather, also of the gradient."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ... import ops
from ...creation import as_tensor
from ...ops.rows import place_rows, take_rows
from ...tensor import Tensor
from .layout import Layout, inverse, one_after_another, places
from .packed import PackedSequence, layout_of


def pack_padded_sequence(input, lengths, batch_first: bool = False, enforce_sorted: bool = True) -> PackedSequence:
    """Padded sequences without their padding. What stands at the padding is not read; it gets gradient 0.

    Args:
        input: [T, N, ...], or with batch_first [N, T, ...]; of any dtype.
        lengths: N integers from 1 to T, a tensor or a list.
        enforce_sorted: refuse lengths that rise. With False the sequences are sorted, and what is made of them
            (`pad_packed_sequence`, the last states of a layer) comes in the order given here.

    Raises:
        TypeError: `input` is not a Tensor, or `lengths` are no numbers.
        RuntimeError: lengths that are not N whole numbers from 1 to T, or not sorted; an empty input.
        ValueError: lists of different length as lengths.

    Source: `torch.nn.utils.rnn.pack_padded_sequence`; there some lengths that do not fit go unnoticed.

    Example:
        >>> import tinygrad_rnn as tg
        >>> x = tg.tensor([[1, 2, 3], [4, 0, 0]])
        >>> pack_padded_sequence(x, [3, 1], batch_first=True)[:2]
        (tensor([1, 4, 2, 3]), tensor([2, 1, 1]))
    """
    who = "pack_padded_sequence"
    check_tensor(input, who)
    if input.ndim < 2:
        raise IndexError(f"{who}: expected input [T, N, ...], got {input.ndim} dimensions")
    lengths = whole_numbers(lengths, who)
    T, N = input.array.shape[1::-1] if batch_first else input.array.shape[:2]
    if not input.array.size:
        raise RuntimeError(f"{who}: Cannot pack empty tensors, got input {tuple(input.array.shape)}")
    if len(lengths) != N:
        raise RuntimeError(
            f"{who}: Expected `len(lengths)` to be equal to batch_size, but got {len(lengths)} (batch_size={N}); input "
            f"is {tuple(input.array.shape)} with batch_first={batch_first}"
        )
    if lengths.max() > T:
        raise RuntimeError(
            f"{who}: lengths go up to {lengths.max()}, but the input has {T} time steps; input is "
            f"{tuple(input.array.shape)} with batch_first={batch_first}"
        )
    layout, order = _sorted(lengths, enforce_sorted, who)
    return _packed(take_rows(input, places=layout.padded(T, batch_first)[0]), layout, order)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The opposite of `pack_padded_sequence`: (padded sequences, their lengths), in the order before packing.

    Args:
        padding_value: what stands behind the end of a sequence.
        total_length: how many steps to pad to; by default as many as the longest sequence has.

    Returns:
        ([T, N, ...], or with batch_first [N, T, ...]; int64 [N]).

    Raises:
        AttributeError: `sequence` is not a PackedSequence.
        RuntimeError: its parts do not fit each other.
        ValueError: `total_length` is less than the longest sequence.

    Source: `torch.nn.utils.rnn.pad_packed_sequence`.
    """
    layout = layout_of(sequence)
    T = len(layout.sizes)
    if total_length is not None:
        if total_length < T:
            raise ValueError(
                f"pad_packed_sequence: Expected total_length to be at least the length of the longest sequence in "
                f"input, but got total_length={total_length} and max sequence length being {T}"
            )
        T = total_length
    where, shape = layout.padded(T, batch_first)
    padded = place_rows(sequence.data, places=where, shape=shape, fill=padding_value)
    return padded, Tensor(layout.lengths)


def pack_sequence(sequences, enforce_sorted: bool = True) -> PackedSequence:
    """A list of sequences [L_n, ...] as one PackedSequence.

    Args:
        sequences: tensors that differ in nothing but their length.
        enforce_sorted: make it an error that a longer one follows a shorter one; False sorts them, and remembers how.

    Raises:
        RuntimeError, TypeError: as `pad_sequence` and `pack_padded_sequence`; a sequence of length 0.

    Source: `torch.nn.utils.rnn.pack_sequence`.

    Example:
        >>> import tinygrad_rnn as tg
        >>> pack_sequence([tg.tensor([1, 2, 3]), tg.tensor([4])]).data
        tensor([1, 4, 2, 3])
    """
    rows, lengths = _joined(sequences, "pack_sequence")
    layout, order = _sorted(lengths, enforce_sorted, "pack_sequence")
    return _packed(take_rows(ops.unsqueeze(rows, 0), places=layout.in_a_row()), layout, order)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences [L_n, ...] of `packed_sequences`, a PackedSequence, one by one in the order before packing.

    Source: `torch.nn.utils.rnn.unpack_sequence`.
    """
    layout = layout_of(packed_sequences)
    where = layout.in_a_row()
    rows = place_rows(packed_sequences.data, places=where, shape=(1, len(where)))
    return list(ops.split(ops.squeeze(rows, 0), layout.lengths.tolist()))


def pad_sequence(
    sequences, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """The `sequences` [L_n, ...] side by side, padded to the longest: [T, N, ...], or with batch_first [N, T, ...].

    The result has the dtype of the first.

    Args:
        padding_value: what stands at the padding.
        padding_side: "right", behind the end, or "left", before the start.

    Raises:
        TypeError: one of them is not a Tensor.
        RuntimeError: there is none, one is a number, or they differ in more than their length; an unknown side.

    Source: `torch.nn.utils.rnn.pad_sequence`.

    Example:
        >>> import tinygrad_rnn as tg
        >>> pad_sequence([tg.tensor([1, 2, 3]), tg.tensor([4])], batch_first=True)
        tensor([[1, 2, 3],
                [4, 0, 0]])
    """
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"pad_sequence: Expected padding_side to be one of left or right, but got {padding_side}.")
    rows, lengths = _joined(sequences, "pad_sequence")
    T, (which, steps) = int(lengths.max()), one_after_another(lengths)
    if padding_side == "left":
        steps += (T - lengths)[which]
    where, shape = places(steps, which, T, len(lengths), batch_first)
    return place_rows(rows, places=where, shape=shape, fill=padding_value)


def unpad_sequence(padded_sequences, lengths, batch_first: bool = False) -> list[Tensor]:
    """The opposite of `pad_sequence`: the first lengths[n] elements of every sequence.

    Args:
        padded_sequences: [T, N, ...], or with batch_first [N, T, ...].
        lengths: N integers from 0 to T, a tensor or a list.

    Raises:
        TypeError: `padded_sequences` is not a Tensor.
        ValueError: there are not N lengths, or one is more than T (PyTorch returns T elements then).
        RuntimeError: lengths that are not whole numbers.

    Source: `torch.nn.utils.rnn.unpad_sequence`.
    """
    check_tensor(padded_sequences, "unpad_sequence")
    lengths = whole_numbers(lengths, "unpad_sequence")
    shape = padded_sequences.array.shape
    T, N = shape[1::-1] if batch_first else shape[:2]
    if len(lengths) != N or lengths.min(initial=0) < 0 or lengths.max(initial=0) > T:
        raise ValueError(
            f"unpad_sequence: expected {N} lengths from 0 to {T}, got {lengths.tolist()!s:.80}; padded_sequences is "
            f"{tuple(shape)} with batch_first={batch_first}"
        )
    which, steps = one_after_another(lengths)
    rows = take_rows(padded_sequences, places=places(steps, which, T, N, batch_first)[0])
    return list(ops.split(rows, lengths.tolist()))


# --- what they share ------------------------------------------------------------------------------------------


def check_tensor(x, who: str) -> None:
    """Refuse what is no Tensor."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{who}(): argument must be Tensor, not {type(x).__name__}")


def whole_numbers(lengths, who: str) -> np.ndarray:
    """Lengths as int64 [N], from a tensor or a list."""
    try:
        found = as_tensor(lengths).array
    except (RuntimeError, TypeError, ValueError) as error:
        kind = ValueError if isinstance(error, ValueError) else TypeError
        wanted = f"{who}: expected lengths as a tensor or a list, one whole number for each sequence"
        raise kind(f"{wanted}, got {lengths!s:.80}") from error
    whole = found.dtype.kind in "iu"
    if found.dtype.kind == "f":
        whole = bool((abs(found) < 2**53).all() and (found == np.trunc(found)).all())
    if found.ndim != 1 or not whole:
        raise RuntimeError(
            f"{who}: 'lengths' should be a 1D CPU int64 tensor, but got {found.ndim}D {found.dtype}; give one whole "
            f"number for each sequence"
        )
    return found.astype(np.int64)


def _sorted(lengths: np.ndarray, enforce: bool, who: str) -> tuple[Layout, np.ndarray | None]:
    """The layout of sequences of these lengths, and the order in which they are packed."""
    if lengths.min() < 1:
        raise RuntimeError(
            f"{who}: Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0 "
            f"({lengths.tolist()!s:.80}); leave empty sequences out"
        )
    if not enforce:
        order = np.argsort(-lengths, kind="stable")
        return Layout(lengths[order], order), order
    if (lengths[1:] > lengths[:-1]).any():
        raise RuntimeError(
            f"{who}: `lengths` array must be sorted in decreasing order when `enforce_sorted` is True, got "
            f"{lengths.tolist()!s:.80}. Pass enforce_sorted=False to have the sequences sorted; results come back "
            f"in your order."
        )
    return Layout(lengths, None), None


def _packed(data: Tensor, layout: Layout, order: np.ndarray | None) -> PackedSequence:
    indices = (None, None) if order is None else (Tensor(order), Tensor(inverse(order)))
    return PackedSequence(data, Tensor(layout.sizes), *indices)


def _joined(sequences, who: str) -> tuple[Tensor, np.ndarray]:
    """All sequences one after the other [sum of L_n, ...], in the dtype of the first, and their lengths."""
    if not isinstance(sequences, Iterable):
        raise RuntimeError(f"{who}: Expected iterable for input sequences, but got arg of type: {type(sequences)}")
    found = list(sequences)
    if not found:
        raise RuntimeError(f"{who}: received an empty list of sequences")
    for i, x in enumerate(found):
        if not isinstance(x, Tensor):
            raise TypeError(f"{who}: expected Tensor as element {i} in argument 0, but got {type(x).__name__}")
        if x.ndim == 0 or x.array.shape[1:] != found[0].array.shape[1:]:
            raise RuntimeError(
                f"{who}: expected sequences [L_n, ...] that differ in their length alone, got "
                f"{tuple(found[0].array.shape)} first and {tuple(x.array.shape)} as element {i}"
            )
    lengths = np.array([len(x) for x in found])
    return ops.cat([x.to(found[0].array.dtype) for x in found]), lengths
