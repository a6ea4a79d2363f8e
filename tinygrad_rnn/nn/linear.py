"""Linear, Bilinear, Identity, Flatten and Unflatten."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..creation import empty
from ..tensor import Tensor
from . import functional, init
from .module import Module
from .parameter import Parameter


class Linear(Module):
    """y = x W^T + b, on the last dimension of x.

    Args:
        in_features, out_features: lengths of the last dimension of x and y (I, O).
        bias: whether there is a b.

    Parameters `weight` [O, I] and `bias` [O], drawn from U(-k, k) with k = 1 / sqrt(I).

    Source: `torch.nn.Linear`.
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device=None, dtype=None
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        options = {"device": device, "dtype": dtype}
        self.weight = Parameter(empty(out_features, in_features, **options))
        self.register_parameter("bias", Parameter(empty(out_features, **options)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        bound = 1 / math.sqrt(max(self.in_features, 1))
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        return functional.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        sizes = f"in_features={self.in_features}, out_features={self.out_features}"
        return f"{sizes}, bias={self.bias is not None}"


class NonDynamicallyQuantizableLinear(Linear):
    """Linear, called as PyTorch calls the last map of `MultiheadAttention`."""


class Bilinear(Module):
    """y[o] = x1 A[o] x2 + b[o], on the last dimensions of x1 and x2.

    Args:
        in1_features, in2_features, out_features: lengths of the last dimension of x1, x2 and y (I, J, O).
        bias: whether there is a b.

    Parameters `weight` [O, I, J] and `bias` [O], drawn from U(-k, k) with k = 1 / sqrt(I).

    Raises:
        ValueError: in1_features is not above 0.

    Source: `torch.nn.Bilinear`.
    """

    def __init__(
        self, in1_features: int, in2_features: int, out_features: int, bias: bool = True, device=None, dtype=None
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got (in1_features={in1_features})")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        options = {"device": device, "dtype": dtype}
        self.weight = Parameter(empty(out_features, in1_features, in2_features, **options))
        self.register_parameter("bias", Parameter(empty(out_features, **options)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        bound = 1 / math.sqrt(self.in1_features)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return functional.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        sizes = f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}"
        return f"{sizes}, bias={self.bias is not None}"


class Identity(Module):
    """y = x; takes any arguments and ignores them, so that it can stand in for another module.

    Source: `torch.nn.Identity`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input


class Flatten(Module):
    """One dimension made of those from start_dim to end_dim. Source: `torch.nn.Flatten`."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        return ops.flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Several dimensions made of one, of the lengths `unflattened_size` (-1 for the one that is left over).

    Raises:
        TypeError: the sizes are no tuple of ints.

    Source: `torch.nn.Unflatten`.
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        sizes = unflattened_size
        if not isinstance(sizes, (tuple, list)) or not all([isinstance(n, int) for n in sizes]):
            raise TypeError(f"unflattened_size must be a tuple of ints, but found {sizes!r}")
        self.dim, self.unflattened_size = dim, sizes

    def forward(self, input: Tensor) -> Tensor:
        return ops.unflatten(input, self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
