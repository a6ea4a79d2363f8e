"""The last output of a layer is its last state, in every layout."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.nn.utils import rnn

from .test_packed_layers import LENGTHS, assert_close
from .test_recurrent import H, I, N, T, data, flat, loss_of, make


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("lengths", [None, *LENGTHS])
@pytest.mark.parametrize(("kind", "options"), [
    ("RNN", {}), ("GRU", {"bidirectional": True}), ("LSTM", {"bidirectional": True, "num_layers": 2, "proj_size": 3}),
])  # fmt: skip
def test_the_last_output_is_the_last_state(kind, options, lengths, batch_first) -> None:
    module = make(kind, batch_first=batch_first, **options)
    both = module.bidirectional
    x = data(N, T, I, requires_grad=True) if batch_first else data(T, N, I, requires_grad=True)
    y, final = module(x, lengths=lengths)
    expected = tg.cat(list(flat(final)[0][-2:]) if both else [flat(final)[0][-1]], -1)
    found = rnn.last_output(y, lengths, bidirectional=both, batch_first=batch_first)
    wanted = tg.autograd.grad(loss_of(expected), x, retain_graph=True)
    assert_close([found.detach(), *tg.autograd.grad(loss_of(found), x)], [expected.detach(), *wanted])
    for sizes, enforce_sorted in ((lengths or [T] * N, False), (sorted(lengths or [T] * N, reverse=True), True)):
        packed, final = module(rnn.pack_padded_sequence(x, sizes, batch_first, enforce_sorted))
        expected = tg.cat(list(flat(final)[0][-2:]) if both else [flat(final)[0][-1]], -1)
        assert_close([rnn.last_output(packed, bidirectional=both).detach()], [expected.detach()])


def test_the_last_output_of_one_sequence() -> None:
    y, h = make("GRU", bidirectional=True)(data(T, I))
    assert rnn.last_output(y, bidirectional=True).equal(h.reshape(-1))


def test_the_last_output_must_be_told_the_directions() -> None:
    with pytest.raises(TypeError, match="bidirectional"):
        rnn.last_output(tg.ones(T, N, H))


@pytest.mark.parametrize(("arguments", "options", "kind", "words"), [
    ((np.ones((T, N, H)),), {"bidirectional": False}, TypeError, "got ndarray"),
    ((tg.ones(H),), {"bidirectional": False}, ValueError, r"\[T, N, D \* H\]"),
    ((tg.ones(0, N, H),), {"bidirectional": False}, ValueError, "at least one step"),
    ((tg.ones(T, N, 3),), {"bidirectional": True}, ValueError, "even number of features"),
    ((tg.ones(T, N, H), [1, 2]), {"bidirectional": True}, ValueError, "3 integers"),
    ((tg.ones(T, N, H), [1, 2, 6]), {"bidirectional": True}, ValueError, "from 1 to 5"),
    ((rnn.pack_sequence([tg.ones(T, H)]), [T]), {"bidirectional": True}, ValueError, "knows its lengths"),
])  # fmt: skip
def test_wrong_outputs_are_refused(arguments, options, kind, words) -> None:
    with pytest.raises(kind, match=words):
        rnn.last_output(*arguments, **options)
