"""Random choices that gradients flow through."""

from __future__ import annotations

import numpy as np

from ..autograd.graph import Tensor
from ..autograd.op import Array
from ..random import Generator, source
from .floating import refuse_integers
from .softmax import softmax


def gumbel_softmax(
    logits, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1, *, generator: Generator | None = None
) -> Array:
    """y = softmax((logits + g) / tau) along `dim`, with g = -log E, E exponentially distributed.

    The largest y is at class c with the probability softmax(logits)[c]; the smaller tau, the nearer y is to one-hot.

    Args:
        logits: unnormalised log-probabilities.
        tau: the temperature, above 0.
        hard: one-hot vectors instead, with the gradient of the soft ones.
        eps: PyTorch's; without effect.

    Raises:
        NotImplementedError: the logits are not of floats.

    Source: Jang, Gu & Poole 2017; Maddison, Mnih & Teh 2017; `torch.nn.functional.gumbel_softmax`.
    """
    refuse_integers(logits)
    noise = -np.log(source(generator).standard_exponential(tuple(logits.shape)))
    y = softmax((logits + Tensor(np.asarray(noise, logits.dtype))) / tau, dim)
    if not hard:
        return y
    soft = y.array
    one_hot = np.zeros_like(soft)
    np.put_along_axis(one_hot, soft.argmax(dim, keepdims=True), 1, dim)
    return y + Tensor(one_hot - soft)
