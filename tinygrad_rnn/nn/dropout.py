"""Dropout, of single numbers and of whole channels."""

from __future__ import annotations

from collections.abc import Callable

from ..tensor import Tensor
from . import functional
from .module import Module


class Dropout(Module):
    """While training, zero each element with probability p and scale the others by 1 / (1 - p).

    Raises:
        ValueError: p is not in [0, 1].

    Source: Srivastava et al. 2014; `torch.nn.Dropout`.
    """

    drop: Callable[..., Tensor] = staticmethod(functional.dropout)

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        return self.drop(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout1d(Dropout):
    """While training, zero each channel of (N, C, L) or (C, L) with probability p. Source: `torch.nn.Dropout1d`."""

    drop = staticmethod(functional.dropout1d)


class Dropout2d(Dropout):
    """While training, zero each channel of (N, C, H, W) with probability p. Source: `torch.nn.Dropout2d`."""

    drop = staticmethod(functional.dropout2d)


class Dropout3d(Dropout):
    """While training, zero each channel of (N, C, D, H, W) with probability p. Source: `torch.nn.Dropout3d`."""

    drop = staticmethod(functional.dropout3d)


class AlphaDropout(Dropout):
    """While training, set each element to SELU's lowest value with probability p, keeping mean 0 and variance 1.

    Source: Klambauer et al. 2017; `torch.nn.AlphaDropout`.
    """

    drop = staticmethod(functional.alpha_dropout)


class FeatureAlphaDropout(Dropout):
    """`AlphaDropout` of whole channels of (N, C, ...), each with probability p.

    Source: `torch.nn.FeatureAlphaDropout`.
    """

    drop = staticmethod(functional.feature_alpha_dropout)
