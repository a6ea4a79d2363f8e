"""Dropout that keeps mean 0 and variance 1, for networks of SELU."""

from __future__ import annotations

import numpy as np

from ..autograd.graph import Tensor
from ..autograd.inplace import in_place
from ..autograd.op import Array
from ..random import Generator, source

LOWEST = -1.7580993408473766  # what SELU comes to far below 0: -scale * alpha


def alpha_dropout(
    input, p: float = 0.5, training: bool = False, inplace: bool = False, *, generator: Generator | None = None
) -> Array:
    """Set each element to the lowest value of SELU with probability p; scale and shift to mean 0 and variance 1.

    Raises:
        ValueError: p is not in [0, 1].

    Source: Klambauer et al. 2017; semantics of `torch.nn.functional.alpha_dropout`.
    """
    return _dropped(input, tuple(input.shape), p, training, inplace, generator)


def feature_alpha_dropout(
    input, p: float = 0.5, training: bool = False, inplace: bool = False, *, generator: Generator | None = None
) -> Array:
    """`alpha_dropout` of whole channels of x (N, C, ...).

    Raises:
        ValueError: p is not in [0, 1].
        RuntimeError: the input has less than two dimensions.

    Source: semantics of `torch.nn.functional.feature_alpha_dropout`.
    """
    if training and input.ndim < 2:
        raise RuntimeError(f"feature_alpha_dropout: expected an input (N, C, ...), got shape {tuple(input.shape)}")
    return _dropped(input, (*input.shape[:2], *[1] * (input.ndim - 2)), p, training, inplace, generator)


def _dropped(input, shape: tuple, p: float, training: bool, inplace: bool, generator: Generator | None) -> Array:
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return input
    kept = np.asarray(source(generator).random(shape) >= p)
    scale = 0.0 if p == 1 else 1 / ((1 + LOWEST * LOWEST * p) * (1 - p)) ** 0.5
    shift = np.where(kept, 0, scale * LOWEST) - scale * LOWEST * p
    return (in_place(_affine, "dropout_") if inplace else _affine)(
        input, Tensor(np.asarray(scale * kept, input.dtype)), Tensor(np.asarray(shift, input.dtype))
    )


def _affine(x, scale, shift) -> Array:
    return x * scale + shift
