"""What treats the numbers of a channel alike, in x (N, C, ...): batch and group normalization, dropout of channels."""

from __future__ import annotations

import math
import warnings

import numpy as np

from ..autograd.graph import Tensor
from ..autograd.inplace import in_place
from ..autograd.op import Array, fused
from ..autograd.writes import Writes
from ..random import Generator
from .arithmetic import mul
from .naming import called
from .normalization import dropout, layer_norm
from .power import rsqrt
from .reduction import mean
from .shape import reshape, squeeze, unsqueeze

# --- batch normalization ---------------------------------------------------------------------------------------


def _others(x) -> tuple[int, ...]:
    """The dimensions that are not the channels'."""
    return (0, *range(2, x.ndim))


def _count(x) -> int:
    """How many numbers a channel has; of none the mean is 0."""
    return max(1, x.size // max(1, x.shape[1]))


def _column(x, ndim: int):
    """One number a channel, to stand beside (N, C, ...)."""
    return reshape(x, (-1, *[1] * (ndim - 2)))


def _statistics(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and biased variance of each channel, of sums in float64."""
    over, n = _others(x), _count(x)
    center = (x.sum(over, np.float64) / n).astype(x.dtype)
    return center, (np.square(x - _column(center, x.ndim)).sum(over, np.float64) / n).astype(x.dtype)


def _normalize(x, weight, bias, *, eps: float) -> tuple:
    center, spread = _statistics(x)
    scale = 1 / np.sqrt(spread + x.dtype.type(eps))
    y = x - _column(center, x.ndim)
    y *= _column(scale if weight is None else scale * weight, x.ndim)
    if bias is not None:
        y += _column(bias, x.ndim)
    return y, center, scale


def _normalize_vjp(dy, x, weight, center, scale, needs) -> tuple:
    """With u = (x - center) * scale: dx = scale * weight * (dy - mean(dy) - u * mean(dy * u)) over each channel."""
    over, n = _others(x), _count(x)
    u = (x - _column(center, x.ndim)) * _column(scale, x.ndim)
    dbias = dy.sum(over, np.float64).astype(x.dtype)
    dweight = (dy * u).sum(over, np.float64).astype(x.dtype)
    dx = None
    if needs[0]:
        dx = u * _column(-dweight / n, x.ndim)
        dx += dy
        dx -= _column(dbias / n, x.ndim)
        dx *= _column(scale if weight is None else scale * weight, x.ndim)
    return dx, dweight if needs[1] else None, dbias if needs[2] else None


@fused(forward=_normalize, vjp=_normalize_vjp, hidden="center scale")
@called("batch_norm")
def normalized(x: Array, weight: Array | None, bias: Array | None, *, eps) -> Array:
    """y = (x - mean(x)) / sqrt(var(x) + eps) * weight + bias, mean and variance over all but the channels."""
    over = _others(x)
    centered = x - mean(x, over, True)
    return _affine(centered * rsqrt(mean(centered * centered, over, True) + eps), weight, bias)


def _affine(u, weight, bias):
    y = u if weight is None else u * _column(weight, u.ndim)
    return y if bias is None else y + _column(bias, u.ndim)


def batch_norm(
    input, running_mean, running_var, weight=None, bias=None, training: bool = False, momentum: float = 0.1,
    eps: float = 1e-5,
):  # fmt: skip
    """Each channel normalized to mean 0 and variance 1, then an affine map.

        y = (x - mean) / sqrt(var + eps) * weight + bias

    Args:
        input: (N, C) or (N, C, ...).
        running_mean, running_var: (C,); while training they move towards those of the batch by the part `momentum`
            (the variance towards the unbiased one), otherwise they are what x is normalized with.
        weight, bias: (C,), or None.

    Raises:
        ValueError: one number a channel while training: it has no variance.
        RuntimeError: shapes or dtypes do not fit, or without training there are no running statistics.
        NotImplementedError: the input is not of floats.

    Source: Ioffe & Szegedy 2015; semantics of `torch.nn.functional.batch_norm`.
    """
    _check(input, {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}, training)
    if not training:
        spread = _column(running_var, input.ndim)
        return _affine((input - _column(running_mean, input.ndim)) * rsqrt(spread + eps), weight, bias)
    n = _count(input.array)
    if n == 1 and input.array.size:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {tuple(input.shape)}")
    if n > 1 and running_mean is not None:
        center, spread = _statistics(input.array)
        for running, new in ((running_mean, center), (running_var, spread * (n / (n - 1)))):
            if running is not None:
                running.array[...] += momentum * (new - running.array)
                Writes.note(running.array, "batch_norm")
    return normalized(input, weight, bias, eps=eps)


def _check(x: Tensor, others: dict, training: bool) -> None:
    if x.array.dtype.kind != "f":
        raise NotImplementedError(f"normalization: expected an input of floats, got {x.array.dtype}")
    channels = x.shape[1] if x.ndim > 1 else 0
    for name, other in others.items():
        if other is None:
            if name.startswith("running") and not training:
                raise RuntimeError(f"{name} must be defined in evaluation mode, got None")
        elif tuple(other.shape) != (channels,):
            raise RuntimeError(f"{name} should contain {channels} elements, got shape {tuple(other.shape)}")
        elif other.array.dtype != x.array.dtype:
            raise RuntimeError(f"input is {x.array.dtype} and {name} {other.array.dtype}, not one dtype")


# --- dropout ---------------------------------------------------------------------------------------------------


def _drop_channels(x, p: float, training: bool, inplace: bool, generator: Generator | None):
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return x
    if x.ndim < 2:
        raise RuntimeError(f"dropout of channels: expected an input (N, C, ...), got shape {tuple(x.shape)}")
    ones = Tensor(np.ones((*x.shape[:2], *[1] * (x.ndim - 2)), x.array.dtype))
    return (in_place(mul, "dropout_") if inplace else mul)(x, dropout(ones, p, generator=generator))


def _drop_alone(input, batched: bool, *options):
    """`_drop_channels` of x (N, C, ...), or of one example (C, ...)."""
    if batched:
        return _drop_channels(input, *options)
    dropped = _drop_channels(unsqueeze(input, 0), *options)
    _, _, inplace, _ = options
    return input if inplace else squeeze(dropped, 0)


def dropout1d(
    input, p: float = 0.5, training: bool = True, inplace: bool = False, *, generator: Generator | None = None
):
    """Zero whole channels of x (N, C, L) or (C, L), each with probability p, and scale the others by 1 / (1 - p).

    Raises:
        ValueError: p is not in [0, 1].
        RuntimeError: the input has neither 2 nor 3 dimensions.

    Source: Tompson et al. 2015; semantics of `torch.nn.functional.dropout1d`.
    """
    if input.ndim not in (2, 3):
        raise RuntimeError(f"dropout1d: expected an input (N, C, L) or (C, L), got {input.ndim} dimensions")
    return _drop_alone(input, input.ndim == 3, p, training, inplace, generator)


def dropout2d(
    input, p: float = 0.5, training: bool = True, inplace: bool = False, *, generator: Generator | None = None
):
    """Zero whole channels of x (N, C, H, W), each with probability p, and scale the others by 1 / (1 - p).

    As in PyTorch, the second dimension is that of the channels whatever their number; a warning says so.

    Raises:
        ValueError: p is not in [0, 1].
        RuntimeError: the input has less than two dimensions.

    Source: Tompson et al. 2015; semantics of `torch.nn.functional.dropout2d`.
    """
    if input.ndim != 4:
        better = "dropout1d" if input.ndim == 3 else "dropout"
        warnings.warn(
            f"dropout2d: expected an input (N, C, H, W), got {input.ndim} dimensions; it is read as (N, C, ...): use "
            f"{better}",
            UserWarning,
            stacklevel=3,
        )
    return _drop_channels(input, p, training, inplace, generator)


def dropout3d(
    input, p: float = 0.5, training: bool = True, inplace: bool = False, *, generator: Generator | None = None
):
    """Zero whole channels of x (N, C, D, H, W) or (C, D, H, W), each with probability p, and scale the others.

    As in PyTorch, an input of other dimensions is read as one example (C, ...); a warning says so.

    Raises:
        ValueError: p is not in [0, 1].

    Source: Tompson et al. 2015; semantics of `torch.nn.functional.dropout3d`.
    """
    if input.ndim not in (4, 5):
        warnings.warn(
            f"dropout3d: expected an input (N, C, D, H, W) or (C, D, H, W), got {input.ndim} dimensions; it is read "
            f"as (C, ...)",
            UserWarning,
            stacklevel=3,
        )
    return _drop_alone(input, input.ndim == 5, p, training, inplace, generator)


# --- group normalization ---------------------------------------------------------------------------------------


def group_norm(input, num_groups: int, weight=None, bias=None, eps: float = 1e-5) -> Array:
    """The channels of each example normalized in groups to mean 0 and variance 1, then an affine map by channel.

    Args:
        input: (N, C, ...).
        num_groups: divides C.
        weight, bias: (C,), or None.
        eps: added to the variance.

    Raises:
        ValueError: one number a group, in all: it has no variance.
        RuntimeError: shapes or dtypes do not fit.
        NotImplementedError: the input is not of floats.

    Source: Wu & He 2018; semantics of `torch.nn.functional.group_norm`.
    """
    if input.ndim < 2:
        raise RuntimeError(f"group_norm: expected at least 2 dimensions, got {input.ndim}")
    N, C = input.shape[:2]
    if num_groups < 1 or C % num_groups:
        raise RuntimeError(f"group_norm: expected channels divisible by num_groups, got {C} and {num_groups}")
    if input.array.size and input.array.size == N * num_groups == num_groups:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {tuple(input.shape)}")
    _check(input, {"weight": weight, "bias": bias}, True)
    width = math.prod(input.shape[1:]) // num_groups
    rows = layer_norm(reshape(input, (N, num_groups, width)), (width,), None, None, eps)
    return _affine(reshape(rows, tuple(input.shape)), weight, bias)
