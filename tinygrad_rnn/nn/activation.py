"""Activation functions as modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..creation import full
from ..tensor import Tensor
from . import functional
from .module import Module
from .parameter import Parameter


class Activation(Module):
    """y = function(x, options). A subclass names its function and, in the function's order, its options."""

    function: Callable[..., Tensor]
    options: tuple[str, ...] = ()

    def __init__(self, *values: Any) -> None:
        super().__init__()
        for name, value in zip(self.options, values, strict=True):
            setattr(self, name, value)

    def forward(self, input: Tensor) -> Tensor:
        if not self.options:
            return self.function(input)
        return self.function(input, *[self.__dict__[name] for name in self.options])

    def extra_repr(self) -> str:
        shown = [(name, self.__dict__[name]) for name in self.options]
        return ", ".join([f"{name}={value!r}" for name, value in shown if (name, value) != ("inplace", False)])


class WithoutOptions(Activation):
    """One of which there is nothing to say."""

    def __init__(self) -> None:
        super().__init__()


class OverInput(Activation):
    """One whose only option is whether y is written over x."""

    options = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(inplace)

    def forward(self, input: Tensor) -> Tensor:
        return self.function(input, self.inplace)


class ReLU(OverInput):
    """y = max(x, 0)."""

    function = staticmethod(functional.relu)


class SiLU(OverInput):
    """y = x * sigmoid(x)."""

    function = staticmethod(functional.silu)


class SELU(OverInput):
    """y = scale * elu(x, alpha), whose constants keep mean 0 and variance 1. Source: Klambauer et al. 2017."""

    function = staticmethod(functional.selu)


class Mish(OverInput):
    """y = x * tanh(log(1 + e**x))."""

    function = staticmethod(functional.mish)


class Hardsigmoid(OverInput):
    """y = x / 6 + 1/2, but at least 0 and at most 1."""

    function = staticmethod(functional.hardsigmoid)

    def extra_repr(self) -> str:
        return ""


class Hardswish(OverInput):
    """y = x * hardsigmoid(x)."""

    function = staticmethod(functional.hardswish)

    def extra_repr(self) -> str:
        return ""


class LeakyReLU(Activation):
    """y = x where x > 0, else negative_slope * x."""

    function = staticmethod(functional.leaky_relu)
    options = ("negative_slope", "inplace")

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(negative_slope, inplace)


class ELU(Activation):
    """y = x where x > 0, else alpha * (e**x - 1)."""

    function = staticmethod(functional.elu)
    options = ("alpha", "inplace")

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(alpha, inplace)


class Hardtanh(Activation):
    """y = x, but min_val below that and max_val above."""

    function = staticmethod(functional.hardtanh)
    options = ("min_val", "max_val", "inplace")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        if not min_val < max_val:
            raise AssertionError(f"Hardtanh: min_val must be below max_val, got {min_val} and {max_val}")
        super().__init__(min_val, max_val, inplace)


class ReLU6(Hardtanh):
    """y = min(max(x, 0), 6)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class GELU(Activation):
    """y = x * Phi(x); `approximate` is "none" or "tanh"."""

    function = staticmethod(functional.gelu)
    options = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__(approximate)


class Softplus(Activation):
    """y = log(1 + e**(beta x)) / beta; x itself where beta x > threshold."""

    function = staticmethod(functional.softplus)
    options = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__(beta, threshold)


class Tanh(WithoutOptions):
    """y = tanh(x)."""

    function = staticmethod(functional.tanh)


class Sigmoid(WithoutOptions):
    """y = 1 / (1 + e**-x)."""

    function = staticmethod(functional.sigmoid)


class LogSigmoid(WithoutOptions):
    """y = log(sigmoid(x)), without overflow."""

    function = staticmethod(functional.logsigmoid)


class Softsign(WithoutOptions):
    """y = x / (1 + |x|)."""

    function = staticmethod(functional.softsign)


class Tanhshrink(WithoutOptions):
    """y = x - tanh(x)."""

    function = staticmethod(functional.tanhshrink)


class Shrinkage(Activation):
    """One towards 0 by `lambd`."""

    options = ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__(lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Softshrink(Shrinkage):
    """y = x - lambd where x > lambd, x + lambd where x < -lambd, else 0."""

    function = staticmethod(functional.softshrink)


class Hardshrink(Shrinkage):
    """y = x where |x| > lambd, else 0."""

    function = staticmethod(functional.hardshrink)


class Threshold(Activation):
    """y = x where x > threshold, else value."""

    function = staticmethod(functional.threshold)
    options = ("threshold", "value", "inplace")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(threshold, value, inplace)


class CELU(Activation):
    """y = x where x > 0, else alpha * (e**(x / alpha) - 1). Source: Barron 2017."""

    function = staticmethod(functional.celu)
    options = ("alpha", "inplace")

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(alpha, inplace)


class RReLU(Activation):
    """y = x where x > 0, else a slope times x: while training drawn from U(lower, upper), else the mean of the two.

    Source: Xu et al. 2015; `torch.nn.RReLU`.
    """

    options = ("lower", "upper", "inplace")

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__(lower, upper, inplace)

    def forward(self, input: Tensor) -> Tensor:
        return functional.rrelu(input, self.lower, self.upper, self.training, self.inplace)


class PReLU(Module):
    """y = x where x > 0, else weight * x.

    Args:
        num_parameters: 1, or as many as channels of x (N, C, ...), each with a weight of its own.
        init: what the parameter `weight` [num_parameters] starts with.

    Source: He et al. 2015; `torch.nn.PReLU`.
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device=None, dtype=None) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(full((num_parameters,), float(init), device=device, dtype=dtype))

    def forward(self, input: Tensor) -> Tensor:
        return functional.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


# --- along a dimension --------------------------------------------------------------------------------------


class Along(Activation):
    """y = function(x, dim)."""

    options = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(dim)


class Softmax(Along):
    """y_i = e**x_i / sum_j e**x_j along `dim`."""

    function = staticmethod(functional.softmax)


class Softmin(Along):
    """y_i = e**-x_i / sum_j e**-x_j along `dim`."""

    function = staticmethod(functional.softmin)


class LogSoftmax(Along):
    """y_i = x_i - log sum_j e**x_j along `dim`."""

    function = staticmethod(functional.log_softmax)


class GLU(Along):
    """y = a * sigmoid(b), a and b the halves of x along `dim`. Source: Dauphin et al. 2017."""

    function = staticmethod(functional.glu)

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim)
