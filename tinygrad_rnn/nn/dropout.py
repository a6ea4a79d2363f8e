"""Dropout."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional
from .module import Module


class Dropout(Module):
    """While training, zero each element with probability p and scale the others by 1 / (1 - p).

    Raises:
        ValueError: p is not in [0, 1].

    Source: Srivastava et al. 2014; `torch.nn.Dropout`.
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        return functional.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
