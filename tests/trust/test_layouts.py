"""Arrays as they lie in memory: what is large enough for a kernel gives the same from any of them.

Small ones, of every operation, are among the generated samples of `test_operations.py`.
"""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn

F = nn.functional
random = np.random.default_rng(0)
CLASSES = tg.tensor(random.integers(0, 64, 400))
WEIGHT = tg.tensor(random.standard_normal((64, 64)).astype("f4"))
LSTM, GRU, RNN = [layer(64, 16) for layer in (nn.LSTM, nn.GRU, nn.RNN)]
INPUTS = {
    "cross_entropy": lambda x: F.cross_entropy(x, CLASSES),
    "softmax": lambda x: F.softmax(x, -1),
    "dropout": lambda x: F.dropout(x, 0.5, generator=tg.Generator().manual_seed(1)),
    "layer_norm": lambda x: F.layer_norm(x, 64),
    "batch_norm": lambda x: F.batch_norm(x, None, None, training=True),
    "linear": lambda x: F.linear(x, WEIGHT),
    "embedding": lambda x: F.embedding(tg.tensor(np.arange(400) // 3), x),
    "scatter": lambda x: x.scatter_add(1, tg.tensor(np.zeros((400, 64), int)), x),
    "masked_fill": lambda x: x.masked_fill(x > 0, 0.0),
    "gelu": F.gelu,
    "lstm": lambda x: LSTM(x.reshape(20, 20, 64))[0],
    "gru": lambda x: GRU(x.reshape(20, 20, 64))[0],
    "rnn": lambda x: RNN(x.reshape(20, 20, 64))[0],
}


def backwards(x):
    """Strides below 0: of another library's array refused, of our own views not."""
    return tg.from_numpy(np.ascontiguousarray(x[::-1, ::-1]))[::-1, ::-1]


def with_gaps(x):
    wide = np.zeros((800, 192), x.dtype)
    wide[::2, 1::3] = x
    return tg.from_numpy(wide)[::2, 1::3]


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return tg.from_numpy(x)


def unaligned(x):
    """At an address that is no multiple of the size of a number."""
    y = np.ndarray(x.shape, x.dtype, np.zeros(x.nbytes + 1, np.uint8)[1:])
    y[...] = x
    return tg.from_numpy(y)


LAYOUTS = {
    "Fortran": lambda x: tg.from_numpy(np.asfortranarray(x)),
    "backwards": backwards,
    "gaps": with_gaps,
    "read-only": read_only,
    "unaligned": unaligned,
}


def value_and_gradient(function, x: tg.Tensor) -> list[np.ndarray]:
    x.requires_grad_()
    y = function(x)
    (dx,) = tg.autograd.grad((y * y.detach()).sum(), x)
    return [y.detach().numpy(), dx.numpy()]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", INPUTS)
def test_the_same_from_any_layout(name, layout):
    x = random.standard_normal((400, 64)).astype("f4")
    laid, plain = LAYOUTS[layout](x), tg.from_numpy(x.copy())
    found, expected = [value_and_gradient(INPUTS[name], x) for x in (laid, plain)]
    for array, same in zip(found, expected, strict=True):
        np.testing.assert_allclose(array, same, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(laid.detach().numpy(), x)
