"""Initial values of parameters: each function writes into the tensor that it is given, and returns it.

Everything is drawn in float64 and rounded: the same seed gives the same parameters in every dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..absent import name_the_nearest
from ..autograd.inplace import writable
from ..autograd.scope import no_grad
from ..autograd.writes import Writes
from ..random import Generator, source
from ..tensor import Tensor
from .legacy import older

name_the_nearest(__name__)

_GAINS = {"linear": 1, "sigmoid": 1, "tanh": 5 / 3, "relu": math.sqrt(2.0), "selu": 3 / 4}


def _fill(tensor: Tensor, name: str, values: Callable[[tuple[int, ...]], Any]) -> Tensor:
    """Write `values(shape)` into the tensor, unrecorded."""
    shape = _shape_of(tensor, name)
    with no_grad():
        writable(tensor, f"init.{name}")
    tensor.array[...] = values(shape)
    Writes.note(tensor.array, f"init.{name}")
    return tensor


def _shape_of(tensor: Tensor, name: str, least: int = 0) -> tuple[int, ...]:
    """The shape of a tensor that must have at least so many dimensions."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"init.{name}: expected a Tensor, got {type(tensor).__name__}")
    shape = tensor.array.shape
    if len(shape) < least:
        raise ValueError(f"init.{name}: expected at least {least} dimensions, got shape {shape}")
    return shape


# --- numbers ------------------------------------------------------------------------------------------------


def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill `tensor` from U(a, b)."""
    if not a <= b:
        raise RuntimeError(f"init.uniform_: expected a range [a, b), got a={a} and b={b}")
    return _fill(tensor, "uniform_", lambda shape: source(generator).uniform(a, b, shape))


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill `tensor` from N(mean, std^2)."""
    if std < 0:
        raise RuntimeError(f"init.normal_: expected std to be at least 0, got {std}")
    return _fill(tensor, "normal_", lambda shape: source(generator).normal(mean, std, shape))


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Fill `tensor` from N(mean, std^2), of which only numbers in [a, b] are taken."""
    if not (std > 0 and a <= b):
        raise RuntimeError(f"init.trunc_normal_: expected std above 0 and a range [a, b], got {std}, a={a} and b={b}")
    low, high = (a - mean) / std, (b - mean) / std
    values = lambda shape: np.clip(mean + std * _truncated(source(generator), low, high, shape), a, b)
    return _fill(tensor, "trunc_normal_", values)


def _truncated(random: np.random.Generator, low: float, high: float, shape: tuple[int, ...]) -> np.ndarray:
    """N(0, 1) within [low, high]: of even numbers z each is kept with its density, over the greatest that there is."""
    mode, wanted = min(max(low, 0.0), high), math.prod(shape)
    low, high = max(low, mode - 9), min(high, mode + 9)  # farther away are fewer than one in 1e17
    found = np.empty(0)
    while found.size < wanted:
        z = random.uniform(low, high, 2 * (wanted - found.size))
        found = np.append(found, z[random.random(z.size) < np.exp((mode * mode - z * z) / 2)])
    return found[:wanted].reshape(shape)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill `tensor` with `val`."""
    return _fill(tensor, "constant_", lambda shape: val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill `tensor` with ones."""
    return _fill(tensor, "ones_", lambda shape: 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill `tensor` with zeros."""
    return _fill(tensor, "zeros_", lambda shape: 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """Make `tensor`, a matrix, the identity, or as much of it as the shape has room for."""
    if len(shape := _shape_of(tensor, "eye_")) != 2:
        raise ValueError(f"init.eye_: only tensors with 2 dimensions are supported, got shape {shape}")
    return _fill(tensor, "eye_", lambda shape: np.eye(shape[0], shape[1]))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Fill `tensor`, a matrix, from N(0, std^2), but in each column set the part `sparsity` to zero.

    Source: Martens 2010.
    """
    if len(shape := _shape_of(tensor, "sparse_")) != 2:
        raise ValueError(f"init.sparse_: only tensors with 2 dimensions are supported, got shape {shape}")

    def values(shape):
        random = source(generator)
        order = random.permuted(np.tile(np.arange(shape[0]), (shape[1], 1)), axis=1).T
        return np.where(order < math.ceil(sparsity * shape[0]), 0.0, random.normal(0.0, std, shape))

    return _fill(tensor, "sparse_", values)


def forget_bias_(lstm: Any, value: float = 1.0) -> Any:
    """Let every forget gate of an LSTM, LSTMCell or of what contains them begin at sigmoid(value), hence remembering.

    The forget part of each `bias_ih` becomes `value`, that of `bias_hh` 0. `lstm` is the module, and is returned.

    Raises:
        ValueError: there is no LSTM with biases in the module.

    Source: Gers et al. 2000; Jozefowicz et al. 2015.
    """
    found = [member for member in lstm.modules() if getattr(member, "gates", 0) == 4 and member.bias]
    if not found:
        raise ValueError(f"init.forget_bias_: expected an LSTM or LSTMCell with biases, got {type(lstm).__name__}")
    for member in found:
        for name, parameter in member.named_parameters(recurse=False):
            if name.startswith("bias"):
                constant_(parameter[member.hidden_size : 2 * member.hidden_size], value if "_ih" in name else 0.0)
    return lstm


identity_ = eye_  # what the literature calls it (Le, Jaitly & Hinton 2015)


# --- numbers that keep the variance of signals --------------------------------------------------------------


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor that makes up for what a nonlinearity takes from the standard deviation.

    Args:
        nonlinearity: "linear", "conv1d" and its like, "sigmoid", "tanh", "relu", "leaky_relu" or "selu".
        param: the negative slope of leaky_relu, 0.01 by default.
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {param!r} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    gain = _GAINS.get("linear" if nonlinearity.startswith("conv") else nonlinearity)
    if gain is None:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity!r}")
    return gain


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many inputs an output is made of, and the other way round; a weight is [out, in, ...]."""
    shape = _shape_of(tensor, "fan_in_and_fan_out", least=2)
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def _spread(tensor: Tensor, std: float, distribution: str, generator: Generator | None) -> Tensor:
    """Mean 0 and standard deviation `std`, uniform or normal."""
    if distribution == "normal":
        return normal_(tensor, 0.0, std, generator)
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def _xavier(tensor: Tensor, gain: float, distribution: str, generator: Generator | None) -> Tensor:
    fans = sum(_calculate_fan_in_and_fan_out(tensor))
    return _spread(tensor, gain * math.sqrt(2.0 / max(fans, 1)), distribution, generator)


def _kaiming(tensor: Tensor, a: float, mode: str, nonlinearity: str, distribution: str, generator) -> Tensor:
    if mode.lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode!r} not supported, please use one of ['fan_in', 'fan_out']")
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    fan = fan_in if mode.lower() == "fan_in" else fan_out
    return _spread(tensor, calculate_gain(nonlinearity, a) / math.sqrt(max(fan, 1)), distribution, generator)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill `tensor` from U(-b, b) with b = gain * sqrt(6 / (fan_in + fan_out)).

    `tensor` is a weight [out, in, ...]; what gain makes up for says `calculate_gain`. Source: Glorot & Bengio 2010.
    """
    return _xavier(tensor, gain, "uniform", generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill `tensor` from N(0, gain^2 * 2 / (fan_in + fan_out)).

    `tensor` is a weight [out, in, ...]; what gain makes up for says `calculate_gain`. Source: Glorot & Bengio 2010.
    """
    return _xavier(tensor, gain, "normal", generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill `tensor` from U(-b, b) with b = gain * sqrt(3 / fan). Source: He et al. 2015.

    Args:
        tensor: weight [out, in, ...].
        a: negative slope of the leaky_relu that follows (0 is a relu).
        mode: "fan_in" keeps the variance of signals, "fan_out" that of gradients.
        nonlinearity: which gain, see `calculate_gain`.
        generator: where the numbers come from.
    """
    return _kaiming(tensor, a, mode, nonlinearity, "uniform", generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill `tensor` from N(0, gain^2 / fan). Arguments as for `kaiming_uniform_`. Source: He et al. 2015."""
    return _kaiming(tensor, a, mode, nonlinearity, "normal", generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Fill `tensor` with orthonormal rows or columns (whichever are fewer), times gain.

    Dimensions behind the second count as columns.

    Source: Saxe et al. 2014. The triangular factor's signs make the distribution uniform.
    """
    rows, *rest = _shape_of(tensor, "orthogonal_", least=2)
    columns = math.prod(rest)

    def values(shape):
        q, r = np.linalg.qr(source(generator).standard_normal((max(rows, columns), min(rows, columns))))
        q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
        return gain * (q if rows >= columns else q.T).reshape(shape)

    return _fill(tensor, "orthogonal_", values)


uniform, normal, orthogonal = older(uniform_), older(normal_), older(orthogonal_)
constant, eye, sparse = older(constant_), older(eye_), older(sparse_)
xavier_uniform, xavier_normal = older(xavier_uniform_), older(xavier_normal_)
kaiming_uniform, kaiming_normal = older(kaiming_uniform_), older(kaiming_normal_)
