"""Packing and padding: against loops over sequences and steps, against PyTorch, there and back."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.nn.utils import rnn

SORTED, UNSORTED = [5, 3, 3, 1], [3, 5, 1, 3]
counts = st.lists(st.integers(1, 6), min_size=1, max_size=6)
shapes = st.lists(st.integers(1, 3), max_size=2).map(tuple)


def sequences_of(lengths, shape=(2,), dtype=np.float64) -> list[np.ndarray]:
    """Numbers that occur once each."""
    steps = np.arange(1, sum(lengths) + 1).reshape(-1, *[1] * len(shape))
    steps = steps + np.arange(np.prod(shape)).reshape(shape) / 64
    return [a.astype(dtype) for a in np.split(steps, np.cumsum(lengths)[:-1])]


def padded_by_loop(sequences, T, batch_first=False, value=0.0, left=False) -> np.ndarray:
    y = np.full((len(sequences), T, *sequences[0].shape[1:]), value, sequences[0].dtype)
    for n, sequence in enumerate(sequences):
        for t, element in enumerate(sequence):
            y[n, t + (T - len(sequence) if left else 0)] = element
    return y if batch_first else y.swapaxes(0, 1)


def packed_by_loop(sequences) -> tuple[np.ndarray, list[int]]:
    """Data and batch sizes; Python's sort keeps the order of equals."""
    ordered = sorted(sequences, key=len, reverse=True)
    steps = [[s[t] for s in ordered if len(s) > t] for t in range(len(ordered[0]))]
    return np.array([row for step in steps for row in step]), [len(step) for step in steps]


@settings(max_examples=60, deadline=None)
@given(counts, shapes, st.booleans(), st.integers(0, 2), st.sampled_from([np.float32, np.float64, np.int64]))
def test_every_way_there_and_back(lengths, shape, batch_first, extra, dtype):
    sequences = sequences_of(lengths, shape, dtype)
    tensors, T = [tg.tensor(a) for a in sequences], max(lengths)
    data, sizes = packed_by_loop(sequences)
    right = padded_by_loop(sequences, T + extra, batch_first, 7)

    packed = rnn.pack_sequence(tensors, enforce_sorted=False)
    np.testing.assert_array_equal(packed.data, data)
    assert packed.batch_sizes.tolist() == sizes and packed.batch_sizes.dtype == np.int64
    same = rnn.pack_padded_sequence(tg.tensor(right), tg.tensor(lengths), batch_first, enforce_sorted=False)
    for a, b in zip(packed, same, strict=True):
        assert a.equal(b) and a.dtype == b.dtype

    for a, b in zip(rnn.unpack_sequence(packed), sequences, strict=True):
        np.testing.assert_array_equal(a, b)
    padded, found = rnn.pad_packed_sequence(packed, batch_first, 7, T + extra)
    np.testing.assert_array_equal(padded, right)
    assert found.tolist() == lengths and padded.dtype == dtype

    for side in ("left", "right"):
        padded = rnn.pad_sequence(tensors, batch_first, 7, side)
        np.testing.assert_array_equal(padded, padded_by_loop(sequences, T, batch_first, 7, side == "left"))
    for a, b in zip(rnn.unpad_sequence(padded, tg.tensor(lengths), batch_first), sequences, strict=True):
        np.testing.assert_array_equal(a, b)


WAYS = {
    "pack_padded_sequence": lambda lib, x, xs: lib.pack_padded_sequence(x, UNSORTED, enforce_sorted=False).data,
    "pack_padded_sequence sorted": lambda lib, x, xs: lib.pack_padded_sequence(x, SORTED).data,
    "pad_packed_sequence": lambda lib, x, xs: lib.pad_packed_sequence(
        lib.pack_padded_sequence(x, UNSORTED, enforce_sorted=False), True, 3.0, 7
    )[0],
    "pack_sequence": lambda lib, x, xs: lib.pack_sequence(xs, enforce_sorted=False).data,
    "pad_sequence": lambda lib, x, xs: lib.pad_sequence(xs),
    "pad_sequence left": lambda lib, x, xs: lib.pad_sequence(xs, True, -1.0, "left"),
    "unpack_sequence": lambda lib, x, xs: lib.unpack_sequence(lib.pack_sequence(xs, enforce_sorted=False))[1],
}


def run(lib, utils, way):
    """The value, and the gradients of a function of it with respect to the padded input and the sequences."""
    xs = [lib.tensor(a, requires_grad=True) for a in sequences_of(UNSORTED)]
    x = lib.tensor(padded_by_loop(sequences_of(UNSORTED), 5), requires_grad=True)
    y = way(utils, x, xs)
    (y * y * y).sum().backward()
    return [y.detach().numpy(), *[None if leaf.grad is None else leaf.grad.numpy() for leaf in (x, *xs)]]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_values_and_gradients_are_torchs(way):
    torch = pytest.importorskip("torch")
    for a, b in zip(run(tg, rnn, way), run(torch, torch.nn.utils.rnn, way), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_gradients_are_exact(way):
    """Every element of the result is one of the sequences', so the gradient of y^3 is 3 x^2 there and 0 elsewhere."""
    y, dx, *dxs = run(tg, rnn, way)
    x = padded_by_loop(sequences_of(UNSORTED), 5)
    for a, da in zip([x, *sequences_of(UNSORTED)], [dx, *dxs], strict=True):
        if da is not None:
            np.testing.assert_array_equal(da, np.where(np.isin(a, y) & (a != 0), 3 * a * a, 0))


def test_unpad_takes_what_torch_takes():
    torch = pytest.importorskip("torch")
    x = padded_by_loop(sequences_of([4, 4, 4]), 4, batch_first=True)
    lengths = [4, 0, 2]
    ours = rnn.unpad_sequence(tg.tensor(x), tg.tensor(lengths), batch_first=True)
    theirs = torch.nn.utils.rnn.unpad_sequence(torch.tensor(x), torch.tensor(lengths), batch_first=True)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_dtype_is_the_firsts():
    single, double = tg.ones(2, 1), tg.ones(1, 1, dtype=tg.float64)
    assert rnn.pad_sequence([single, double]).dtype == tg.float32
    assert rnn.pack_sequence([double, single], enforce_sorted=False).data.dtype == tg.float64


def test_sorted_sequences_have_no_indices():
    packed = rnn.pack_padded_sequence(tg.zeros(5, 4, 2), SORTED)
    assert packed.sorted_indices is None and packed.unsorted_indices is None
    packed = rnn.pack_padded_sequence(tg.zeros(5, 4, 2), UNSORTED, enforce_sorted=False)
    assert packed.sorted_indices.tolist() == [1, 0, 3, 2]
    assert packed.unsorted_indices.tolist() == [1, 0, 3, 2]
    assert rnn.invert_permutation(tg.tensor([2, 0, 1])).tolist() == [1, 2, 0]
    assert rnn.invert_permutation(None) is None


def test_lengths_come_as_torch_takes_them():
    x = tg.zeros(5, 3, 2)
    for lengths in ([5, 3, 2], (5, 3, 2), tg.tensor([5, 3, 2]), tg.tensor([5.0, 3.0, 2.0]), np.array([5, 3, 2], "i4"),
                    [tg.tensor(5), tg.tensor(3), tg.tensor(2)]):  # fmt: skip
        assert rnn.pack_padded_sequence(x, lengths).batch_sizes.tolist() == [3, 3, 2, 1, 1]


# --- PackedSequence -------------------------------------------------------------------------------------------


def test_it_is_a_named_tuple():
    packed = rnn.pack_sequence([tg.ones(3, 2), tg.ones(1, 2)])
    data, batch_sizes, *indices = packed
    assert isinstance(packed, tuple) and packed._fields == (
        "data", "batch_sizes", "sorted_indices", "unsorted_indices",
    )  # fmt: skip
    assert data is packed.data and batch_sizes is packed.batch_sizes and indices == [None, None]
    assert repr(packed).startswith("PackedSequence(data=tensor(")
    for again in (copy.deepcopy(packed), pickle.loads(pickle.dumps(packed))):
        assert isinstance(again, rnn.PackedSequence) and again.data.equal(data)


def test_it_can_be_made_from_its_parts():
    data, sizes = tg.ones(3, 2), tg.tensor([2, 1])
    for packed in (rnn.PackedSequence(data, sizes), rnn.PackedSequence((data, sizes))):
        assert packed.data is data and packed.unsorted_indices is None
    packed = rnn.PackedSequence(data, sizes, tg.tensor([1, 0]))
    assert packed.unsorted_indices.tolist() == [1, 0]
    with pytest.raises(AssertionError, match="pair"):
        rnn.PackedSequence(data)
    with pytest.raises(AttributeError, match="batch_sizes"):
        rnn.PackedSequence(data, [2, 1])


def test_conversions_keep_the_layout():
    packed = rnn.pack_sequence([tg.ones(1, 2), tg.ones(3, 2)], enforce_sorted=False)
    for converted, dtype in [
        (packed.double(), tg.float64), (packed.long(), tg.int64), (packed.int(), tg.int32), (packed.byte(), tg.uint8),
        (packed.to(tg.float64), tg.float64), (packed.to("cpu", tg.float64), tg.float64),
    ]:  # fmt: skip
        assert isinstance(converted, rnn.PackedSequence) and converted.data.dtype == dtype
        assert converted.sorted_indices is packed.sorted_indices
    for same in (packed.to("cpu"), packed.cpu(), packed.float(), packed.to(tg.float32)):
        assert same is packed
    assert not packed.is_cuda and not packed.is_pinned() and str(packed.device) == "cpu"
    for refused in (packed.cuda, lambda: packed.to("cuda")):
        with pytest.raises((RuntimeError, AssertionError), match="CPU|CUDA"):
            refused()


# --- bad input ------------------------------------------------------------------------------------------------


def pack(lib, shape, lengths, *options):
    utils = rnn if lib is tg else lib.nn.utils.rnn
    return utils.pack_padded_sequence(lib.ones(*shape), lengths, *options)


# What goes wrong -> the call, with tg and our functions or torch and its own; the type of the error; our words.
REFUSED = {
    "not a tensor": (lambda lib, u: u.pack_padded_sequence([1, 2], [2]), TypeError, "must be Tensor, not list"),
    "one dimension": (lambda lib, u: pack(lib, (5,), [5]), IndexError, r"\[T, N, ...\], got 1 dimensions"),
    "one length for all": (lambda lib, u: pack(lib, (5, 3), 5), RuntimeError, "1D .* got 0D"),
    "lengths in rows": (lambda lib, u: pack(lib, (5, 2), lib.tensor([[5, 1]])), RuntimeError, "1D .* got 2D"),
    "zero": (lambda lib, u: pack(lib, (5, 2), [5, 0]), RuntimeError, "greater than 0"),
    "zero, unsorted": (lambda lib, u: pack(lib, (5, 2), [0, 5], False, False), RuntimeError, "greater than 0"),
    "negative": (lambda lib, u: pack(lib, (5, 2), [5, -1]), RuntimeError, "greater than 0"),
    "too few": (lambda lib, u: pack(lib, (5, 3), [5, 2]), RuntimeError, r"got 2 \(batch_size=3\)"),
    "too many": (lambda lib, u: pack(lib, (5, 3), [5, 2, 2, 1]), RuntimeError, r"got 4 \(batch_size=3\)"),
    "too many, unsorted": (lambda lib, u: pack(lib, (5, 1), [2, 5], False, False), RuntimeError, r"batch_size=1"),
    "not sorted": (lambda lib, u: pack(lib, (5, 2), [2, 5]), RuntimeError, "sorted in decreasing order"),
    "no batch": (lambda lib, u: pack(lib, (5, 0, 2), []), RuntimeError, "Cannot pack empty tensors"),
    "no steps": (lambda lib, u: pack(lib, (0, 2, 2), [1, 1]), RuntimeError, "Cannot pack empty tensors"),
    "a list not sorted": (lambda lib, u: u.pack_sequence([lib.ones(1), lib.ones(2)]), RuntimeError, "enforce_sorted"),
    "an empty sequence": (lambda lib, u: u.pack_sequence([lib.ones(1), lib.ones(0)]), RuntimeError, "greater than 0"),
    "nothing to pack": (lambda lib, u: u.pack_sequence([]), RuntimeError, "empty list"),
    "other features": (lambda lib, u: u.pack_sequence([lib.ones(2, 2), lib.ones(1, 3)]), RuntimeError, "length alone"),
    "nothing to pad": (lambda lib, u: u.pad_sequence([]), RuntimeError, "empty list"),
    "None": (lambda lib, u: u.pad_sequence(None), RuntimeError, "Expected iterable"),
    "lists": (lambda lib, u: u.pad_sequence([[1], [2]]), TypeError, "expected Tensor as element 0 .*, but got list"),
    "numbers": (lambda lib, u: u.pad_sequence([lib.tensor(1.0)]), RuntimeError, r"sequences \[L_n, ...\]"),
    "the middle": (lambda lib, u: u.pad_sequence([lib.ones(2)], padding_side="middle"), RuntimeError, "left or right"),
    "too short": (
        lambda lib, u: u.pad_packed_sequence(u.pack_sequence([lib.ones(4)]), total_length=3),
        ValueError, "total_length=3 and max sequence length being 4"),
    "pad a tensor": (lambda lib, u: u.pad_packed_sequence(lib.ones(2, 2)), AttributeError, "got Tensor"),
    "unpack a tensor": (lambda lib, u: u.unpack_sequence(lib.ones(2, 2)), AttributeError, "got Tensor"),
    "unpad too few": (
        lambda lib, u: u.unpad_sequence(lib.ones(3, 4, 2), lib.tensor([1, 2]), True), ValueError, "3 lengths"),
    "unpad too many": (
        lambda lib, u: u.unpad_sequence(lib.ones(3, 4, 2), lib.tensor([1, 2, 1, 1]), True), ValueError, "3 lengths"),
    "batch sizes beyond the data": (
        lambda lib, u: u.pad_packed_sequence(u.PackedSequence(lib.ones(3, 4), lib.tensor([2, 2]))),
        RuntimeError, "add up to 4, but data has 3 rows"),
    "batch sizes that rise": (
        lambda lib, u: u.pad_packed_sequence(u.PackedSequence(lib.ones(3, 4), lib.tensor([1, 2]))),
        RuntimeError, "never rise"),
    "no batch sizes": (
        lambda lib, u: u.pad_packed_sequence(u.PackedSequence(lib.ones(0, 4), lib.zeros(0, dtype=lib.int64))),
        RuntimeError, "can not be empty"),
    "no permutation": (lambda lib, u: u.invert_permutation(lib.tensor([0, 2])), RuntimeError, "permutation of its 2"),
    "no pair": (lambda lib, u: u.PackedSequence(lib.ones(3)), AssertionError, "pair"),
    "batch sizes as a list": (lambda lib, u: u.PackedSequence(lib.ones(3), [2, 1]), AttributeError, "must be a Tensor"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "words"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call(tg, rnn)


@pytest.mark.parametrize(("call", "kind", "words"), REFUSED.values(), ids=REFUSED)
def test_errors_are_of_torchs_type(call, kind, words):
    torch = pytest.importorskip("torch")
    with pytest.raises(Exception) as theirs:  # noqa: PT011
        call(torch, torch.nn.utils.rnn)
    assert theirs.type is kind


STRICTER = {
    "longer than the input": (lambda: rnn.pack_padded_sequence(tg.ones(5, 2), [6, 5]), RuntimeError, "5 time steps"),
    "longer, batch first": (
        lambda: rnn.pack_padded_sequence(tg.ones(2, 5), [3, 6], True, False), RuntimeError, "batch_first=True"),
    "too few, unsorted": (
        lambda: rnn.pack_padded_sequence(tg.ones(5, 3), [3, 5], enforce_sorted=False), RuntimeError, "batch_size=3"),
    "half a step": (lambda: rnn.pack_padded_sequence(tg.ones(5, 2), [5, 2.5]), RuntimeError, "whole number"),
    "flags": (lambda: rnn.pack_padded_sequence(tg.ones(5, 2), [True, True]), RuntimeError, "whole number"),
    "unpad beyond the end": (lambda: rnn.unpad_sequence(tg.ones(5, 2), [6, 1]), ValueError, "2 lengths from 0 to 5"),
    "other dimensions": (lambda: rnn.pad_sequence([tg.ones(3, 2), tg.ones(2)]), RuntimeError, "element 1"),
    "no permutation": (
        lambda: rnn.pad_packed_sequence(rnn.PackedSequence(tg.ones(3, 2), tg.tensor([2, 1]), None, tg.tensor([1, 1]))),
        RuntimeError, "permutation"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "words"), STRICTER.values(), ids=STRICTER)
def test_what_torch_lets_pass_is_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
