"""Lengths that do not fit, wherever lengths are taken: refused in words that name who refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.nn.utils import rnn

N, T, H = 3, 5, 4
X, TURNED = tg.ones(T, N, H), tg.ones(N, T, H)
LAYERS = {
    "RNN": nn.RNN(H, H),
    "LSTM": nn.LSTM(H, H, bidirectional=True),
    "GRU": nn.GRU(H, H, batch_first=True),
    "MinGRU": nn.MinGRU(H, H),
    "MinLSTM": nn.MinLSTM(H, H),
    "Recurrent": nn.Recurrent(nn.GRUCell(H, H)),
}
ATTENTION = {
    "AdditiveAttention": nn.AdditiveAttention(H, H, H),
    "DotProductAttention": nn.DotProductAttention(batch_first=True),
}
TAKERS = {
    **{name: lambda lengths, layer=layer: layer(_input(layer), lengths=lengths) for name, layer in LAYERS.items()},
    **{name: lambda lengths, a=a: a.memory(_input(a), lengths=lengths) for name, a in ATTENTION.items()},
    "last_output": lambda lengths: rnn.last_output(X, lengths, bidirectional=True),
}
PACKING = {
    "pack_padded_sequence": lambda lengths: rnn.pack_padded_sequence(X, lengths, enforce_sorted=False),
    "unpad_sequence": lambda lengths: rnn.unpad_sequence(X, lengths),
}
ALL = {**TAKERS, **PACKING}


def _input(module) -> tg.Tensor:
    return TURNED if module.batch_first else X


@pytest.mark.parametrize("who", ALL)
@settings(deadline=None, max_examples=40)
@given(lengths=some.lists(some.integers(-2, T + 3), min_size=N - 1, max_size=N + 1), tensor=some.booleans())
def test_those_from_one_to_the_number_of_steps_are_taken(who, lengths, tensor) -> None:
    """Only these, one for each sequence; and empty sequences where a list of sequences comes out."""
    least = 0 if who == "unpad_sequence" else 1
    fits = len(lengths) == N and all(least <= length <= T for length in lengths)
    asked = tg.tensor(lengths) if tensor else lengths
    if fits:
        ALL[who](asked)
    else:
        with pytest.raises((ValueError, RuntimeError), match=f"^{who}: .*length"):
            ALL[who](asked)


NO_LENGTHS = {
    "halves": [2.5, 2, 1],
    "nan": [np.nan, 2, 1],
    "flags": [True, True, True],
    "a mask": tg.ones(N, dtype=tg.bool),
    "a column": tg.ones(N, 1, dtype=tg.int64),
    "a number": 3,
    "a number in a tensor": tg.tensor(3),
    "words": ["5", "2", "1"],
    "one word": "521",
    "lists": [[5], [2, 1], [1]],
    "a gap": [5, None, 1],
    "a set": {5, 2, 1},
    "more than there can be": [2**70, 2, 1],
}


@pytest.mark.parametrize("what", NO_LENGTHS)
@pytest.mark.parametrize("who", TAKERS)
def test_what_is_no_length_is_refused(who, what) -> None:
    with pytest.raises(ValueError, match=f"^{who}: lengths must be 3 integers .one a sequence., got "):
        TAKERS[who](NO_LENGTHS[what])


@pytest.mark.parametrize("what", [*NO_LENGTHS, "nothing"])
@pytest.mark.parametrize("who", PACKING)
def test_packing_refuses_what_is_no_length(who, what) -> None:
    with pytest.raises((ValueError, RuntimeError, TypeError), match=f"^{who}: .*lengths.*whole number"):
        PACKING[who](NO_LENGTHS.get(what))


REFUSED_BY_TORCH = {
    "too few": [5, 1],
    "too many": [5, 2, 1, 1],
    "an empty one": [5, 0, 1],
    "a negative one": [5, -1, 1],
    **{what: NO_LENGTHS[what] for what in ("a number in a tensor", "words", "one word", "lists", "a gap", "a set")},
    "more than there can be": [2**70, 2, 1],
    "nothing": None,
}


@pytest.mark.parametrize("what", REFUSED_BY_TORCH)
def test_packing_refuses_with_torchs_error(what) -> None:
    torch = pytest.importorskip("torch")
    lengths, found = REFUSED_BY_TORCH[what], []
    for lib, pack in ((tg, rnn.pack_padded_sequence), (torch, torch.nn.utils.rnn.pack_padded_sequence)):
        given = lib.tensor(lengths.numpy()) if isinstance(lengths, tg.Tensor) else lengths
        with pytest.raises(Exception) as error:  # noqa: PT011
            pack(lib.ones(T, N, H), given)
        found.append(error.type)
    assert found[0] is found[1]


@pytest.mark.parametrize("lengths", [[], tg.zeros(0, dtype=tg.int64)])
def test_no_sequences_have_no_lengths(lengths) -> None:
    y, _ = nn.GRU(H, H)(tg.ones(T, 0, H), lengths=lengths)
    assert y.shape == (T, 0, H)
    context, _ = nn.DotProductAttention()(tg.ones(0, H), tg.ones(T, 0, H), lengths=lengths)
    assert context.shape == (0, H)
